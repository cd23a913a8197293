//! GeoPackage files, written once from start to end. Source: OGC 12-128r18 (GeoPackage 1.3).

use std::path::PathBuf;

use faltkarta_geo::GridSystem;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::error::DemoError;
use crate::plane::{Area, Point, signed_area};

/// One feature table to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TableSpec {
    pub(crate) name: &'static str,
    /// `POINT`, `MULTIPOLYGON`, … as `gpkg_geometry_columns` spells it.
    pub(crate) geometry: &'static str,
    pub(crate) has_z: bool,
    /// Name and SQL type.
    pub(crate) columns: &'static [(&'static str, &'static str)],
}

/// A shape in metres on EPSG:3009, easting first; rings are not closed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape<'a> {
    Point(Point),
    Line(&'a [Point]),
    LineZ(&'a [[f64; 3]]),
    Polygon(&'a [Vec<Point>]),
    Multi(&'a [Area]),
}

/// A GeoPackage being written, in one system.
#[derive(Debug)]
pub(crate) struct GeoPackage {
    connection: Connection,
    path: PathBuf,
    system: GridSystem,
    tables: Vec<Table>,
}

#[derive(Debug)]
struct Table {
    name: &'static str,
    insert: String,
    extent: Option<[f64; 4]>,
    n_rows: u64,
}

impl GeoPackage {
    pub(crate) fn create(
        path: PathBuf,
        system: GridSystem,
        specs: &[TableSpec],
    ) -> Result<Self, DemoError> {
        let fail = |source| DemoError::Database { path: path.clone(), source };
        let connection = Connection::open(&path).map_err(fail)?;
        connection.execute_batch(SCHEMA).map_err(fail)?;
        connection
            .execute(
                "INSERT INTO gpkg_spatial_ref_sys VALUES (?1, ?2, 'EPSG', ?2, ?3, NULL)",
                (system.name(), system.epsg(), definition(system)),
            )
            .map_err(fail)?;
        let mut tables = vec![];
        for spec in specs {
            let mut columns = String::new();
            let mut names = String::new();
            for &(name, kind) in spec.columns {
                columns.extend([", \"", name, "\" ", kind]);
                names.extend([", \"", name, "\""]);
            }
            connection
                .execute_batch(&format!(
                    "CREATE TABLE \"{0}\" (fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, geom {1}{columns});
                     INSERT INTO gpkg_contents VALUES
                       ('{0}', 'features', '{0}', '', '2026-05-12T00:00:00.000Z', NULL, NULL, NULL, NULL, {2});
                     INSERT INTO gpkg_geometry_columns VALUES ('{0}', 'geom', '{1}', {2}, {3}, 0);",
                    spec.name,
                    spec.geometry,
                    system.epsg(),
                    i32::from(spec.has_z),
                ))
                .map_err(fail)?;
            let marks = ", ?".repeat(spec.columns.len());
            let insert = format!("INSERT INTO \"{}\" (geom{names}) VALUES (?{marks})", spec.name);
            tables.push(Table { name: spec.name, insert, extent: None, n_rows: 0 });
        }
        Ok(Self { connection, path, system, tables })
    }

    /// Adds a row; the values stand in the order of the table's columns.
    pub(crate) fn insert(
        &mut self,
        table: usize,
        shape: Option<Shape<'_>>,
        values: Vec<Value>,
    ) -> Result<(), DemoError> {
        let table = &mut self.tables[table];
        let geometry = match shape {
            None => Value::Null,
            Some(shape) => {
                let (blob, extent) = encode(shape, self.system);
                let all = table.extent.get_or_insert(extent);
                all[0] = all[0].min(extent[0]);
                all[1] = all[1].min(extent[1]);
                all[2] = all[2].max(extent[2]);
                all[3] = all[3].max(extent[3]);
                Value::Blob(blob)
            }
        };
        table.n_rows += 1;
        self.connection
            .prepare_cached(&table.insert)
            .and_then(|mut statement| {
                statement.execute(params_from_iter(std::iter::once(geometry).chain(values)))
            })
            .map_err(|source| DemoError::Database { path: self.path.clone(), source })?;
        Ok(())
    }

    pub(crate) fn n_rows(&self) -> u64 {
        self.tables.iter().map(|table| table.n_rows).sum()
    }

    pub(crate) fn n_rows_of(&self, table: usize) -> u64 {
        self.tables[table].n_rows
    }

    /// Writes the extents and closes the file.
    pub(crate) fn finish(self) -> Result<(), DemoError> {
        let fail = |source| DemoError::Database { path: self.path.clone(), source };
        for table in &self.tables {
            if let Some([min_x, min_y, max_x, max_y]) = table.extent {
                self.connection
                    .execute(
                        "UPDATE gpkg_contents SET min_x = ?2, min_y = ?3, max_x = ?4, max_y = ?5
                         WHERE table_name = ?1",
                        (table.name, min_x, min_y, max_x, max_y),
                    )
                    .map_err(fail)?;
            }
        }
        self.connection.execute_batch("COMMIT").map_err(fail)?;
        let path = self.path;
        self.connection.close().map_err(|(_, source)| DemoError::Database { path, source })
    }
}

const SCHEMA: &str = "
PRAGMA application_id = 1196444487;
PRAGMA user_version = 10300;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
BEGIN;
CREATE TABLE gpkg_spatial_ref_sys (
  srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (
  table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
  CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
  table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL,
  srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
  CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name),
  CONSTRAINT uk_gc_table_name UNIQUE (table_name),
  CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
  CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
INSERT INTO gpkg_spatial_ref_sys VALUES
  ('Undefined cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined cartesian coordinate reference system'),
  ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system'),
  ('WGS 84 geodetic', 4326, 'EPSG', 4326,
   'GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563,AUTHORITY[\"EPSG\",\"7030\"]],AUTHORITY[\"EPSG\",\"6326\"]],PRIMEM[\"Greenwich\",0,AUTHORITY[\"EPSG\",\"8901\"]],UNIT[\"degree\",0.0174532925199433,AUTHORITY[\"EPSG\",\"9122\"]],AXIS[\"Latitude\",NORTH],AXIS[\"Longitude\",EAST],AUTHORITY[\"EPSG\",\"4326\"]]',
   NULL);
";

/// OGC well-known text of one SWEREF 99 projection. Source: EPSG registry.
fn definition(system: GridSystem) -> String {
    let (scale, east) = if system == GridSystem::TM { ("0.9996", 500_000) } else { ("1", 150_000) };
    format!(
        "PROJCS[\"{}\",GEOGCS[\"SWEREF99\",DATUM[\"SWEREF99\",SPHEROID[\"GRS 1980\",6378137,298.257222101,\
         AUTHORITY[\"EPSG\",\"7019\"]],AUTHORITY[\"EPSG\",\"6619\"]],PRIMEM[\"Greenwich\",0,AUTHORITY[\"EPSG\",\"8901\"]],\
         UNIT[\"degree\",0.0174532925199433,AUTHORITY[\"EPSG\",\"9122\"]],AUTHORITY[\"EPSG\",\"4619\"]],\
         PROJECTION[\"Transverse_Mercator\"],PARAMETER[\"latitude_of_origin\",0],PARAMETER[\"central_meridian\",15],\
         PARAMETER[\"scale_factor\",{scale}],PARAMETER[\"false_easting\",{east}],PARAMETER[\"false_northing\",0],\
         UNIT[\"metre\",1,AUTHORITY[\"EPSG\",\"9001\"]],AUTHORITY[\"EPSG\",\"{}\"]]",
        system.name().replace("SWEREF 99", "SWEREF99"),
        system.epsg(),
    )
}

/// A point of the working plane in a delivery's system, to the millimetre.
pub(crate) fn placed(at: Point, system: GridSystem) -> Point {
    let (e_m, n_m) = GridSystem::ZONE_15_00.to_grid(system, at[0], at[1]);
    crate::plane::to_mm([e_m, n_m])
}

struct Writer {
    wkb: Vec<u8>,
    extent: [f64; 4],
    system: GridSystem,
}

impl Writer {
    fn begin(&mut self, code: u32) {
        self.wkb.push(1);
        self.wkb.extend_from_slice(&code.to_le_bytes());
    }

    fn count(&mut self, n: usize) {
        self.wkb.extend_from_slice(&(n as u32).to_le_bytes());
    }

    fn point(&mut self, at: Point) {
        let [x, y] = placed(at, self.system);
        self.extent[0] = self.extent[0].min(x);
        self.extent[1] = self.extent[1].min(y);
        self.extent[2] = self.extent[2].max(x);
        self.extent[3] = self.extent[3].max(y);
        self.wkb.extend_from_slice(&x.to_le_bytes());
        self.wkb.extend_from_slice(&y.to_le_bytes());
    }

    fn area(&mut self, area: &[Vec<Point>]) {
        self.begin(3);
        self.count(area.len());
        for (i, ring) in area.iter().enumerate() {
            self.count(ring.len() + 1);
            // Outer rings run against the clock, holes with it.
            let is_left = signed_area(ring) > 0.0;
            if is_left == (i == 0) {
                ring.iter().chain(ring.first()).for_each(|at| self.point(*at));
            } else {
                ring.iter().rev().chain(ring.last()).for_each(|at| self.point(*at));
            }
        }
    }
}

/// The binary with its header and envelope, and the envelope (min x, min y, max x, max y).
fn encode(shape: Shape<'_>, system: GridSystem) -> (Vec<u8>, [f64; 4]) {
    let mut out = Writer {
        wkb: vec![],
        extent: [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY],
        system,
    };
    match shape {
        Shape::Point(at) => {
            out.begin(1);
            out.point(at);
        }
        Shape::Line(path) => {
            out.begin(2);
            out.count(path.len());
            for at in path {
                out.point(*at);
            }
        }
        Shape::LineZ(path) => {
            out.begin(1002);
            out.count(path.len());
            for at in path {
                out.point([at[0], at[1]]);
                let level = (at[2] * 1000.0).round() / 1000.0;
                out.wkb.extend_from_slice(&level.to_le_bytes());
            }
        }
        Shape::Polygon(area) => out.area(area),
        Shape::Multi(areas) => {
            out.begin(6);
            out.count(areas.len());
            for area in areas {
                out.area(area);
            }
        }
    }
    let is_point = matches!(shape, Shape::Point(_));
    let mut blob = vec![b'G', b'P', 0, if is_point { 1 } else { 3 }];
    blob.extend_from_slice(&(system.epsg() as i32).to_le_bytes());
    if !is_point {
        for ordinate in [out.extent[0], out.extent[2], out.extent[1], out.extent[3]] {
            blob.extend_from_slice(&ordinate.to_le_bytes());
        }
    }
    blob.extend_from_slice(&out.wkb);
    (blob, out.extent)
}
