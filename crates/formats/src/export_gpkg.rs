use std::path::Path;

use faltkarta_geo::{Bounds, Geometry, GridSystem};
use faltkarta_model::{Dataset, Feature, FieldType, GeometryType, Timestamp, Value};
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params, params_from_iter};

use crate::crs::grid_wkt;
use crate::error::FormatError;
use crate::export::{Features, begin, finish};
use crate::gpkg_blob::write_blob;
use crate::gpkg_read::quoted;
use crate::spool::Sight;

/// Writes a GeoPackage 1.3 with one feature table: `fid`, `geom`, `id` and one column for each field, an R-tree with
/// its triggers, the store's grid as reference system (easting first). Returns how many were written.
///
/// A moment without a zone is written as UTC, for the format knows no other.
///
/// # Errors
///
/// [`FormatError`] when the file cannot be written; an old one is left as it was.
pub fn write_gpkg(
    path: &Path,
    dataset: &Dataset,
    grid: GridSystem,
    now: Timestamp,
    features: Features<'_>,
) -> Result<u64, FormatError> {
    let doing = FormatError::database("writing the GeoPackage");
    let temporary = begin(path)?;
    let connection = Connection::open(temporary.path()).map_err(&doing)?;
    // The file is not the goal yet: no journal is needed, what fails is thrown away.
    connection
        .execute_batch(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA application_id=1196444487; \
             PRAGMA user_version=10300; BEGIN;",
        )
        .map_err(&doing)?;
    let table = Table::new(dataset, grid);
    table.create(&connection).map_err(&doing)?;
    let written = table.fill(&connection, features).map_err(&doing)?;
    table.register(&connection, dataset, &written, now).map_err(&doing)?;
    connection.execute_batch("COMMIT;").map_err(&doing)?;
    connection.close().map_err(|(_, error)| doing(error))?;
    finish(temporary, path)?;
    Ok(written.sight.n_rows)
}

struct Table<'d> {
    name: String,
    dataset: &'d Dataset,
    columns: Vec<String>,
    grid: GridSystem,
    has_geometry: bool,
}

/// What the rows turned out to be; the tables of contents are written after them.
#[derive(Default)]
struct Written {
    sight: Sight,
    bounds: Option<Bounds>,
}

impl<'d> Table<'d> {
    fn new(dataset: &'d Dataset, grid: GridSystem) -> Self {
        let columns = dataset
            .fields
            .iter()
            .map(|field| match field.id.as_str() {
                taken @ ("fid" | "geom" | "id") => format!("{taken}_"),
                free => free.to_owned(),
            })
            .collect();
        let has_geometry = dataset.geometry != GeometryType::None;
        Self { name: dataset.id.as_str().to_owned(), dataset, columns, grid, has_geometry }
    }

    fn create(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute_batch(CONTENTS_SQL)?;
        let epsg = self.grid.epsg();
        connection.execute(
            "INSERT INTO gpkg_spatial_ref_sys VALUES (?1, ?2, 'EPSG', ?2, ?3, NULL)",
            params![self.grid.name(), epsg, grid_wkt(self.grid)],
        )?;
        let mut sql = format!(
            "CREATE TABLE {} (\"fid\" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL",
            quoted(&self.name)
        );
        if self.has_geometry {
            sql.push_str(", \"geom\" GEOMETRY");
        }
        sql.push_str(", \"id\" TEXT NOT NULL");
        for (column, field) in self.columns.iter().zip(&self.dataset.fields) {
            sql.push_str(", ");
            sql.push_str(&quoted(column));
            sql.push_str(match field.field_type {
                FieldType::Text | FieldType::List => " TEXT",
                FieldType::Int => " INTEGER",
                FieldType::Real => " REAL",
                FieldType::Bool => " BOOLEAN",
                FieldType::Date => " DATE",
                FieldType::DateTime => " DATETIME",
            });
        }
        sql.push(')');
        connection.execute(&sql, [])?;
        if self.has_geometry {
            connection.execute(
                &format!(
                    "CREATE VIRTUAL TABLE {} USING rtree(id, minx, maxx, miny, maxy)",
                    quoted(&self.tree())
                ),
                [],
            )?;
        }
        Ok(())
    }

    fn tree(&self) -> String {
        format!("rtree_{}_geom", self.name)
    }

    fn fill(&self, connection: &Connection, features: Features<'_>) -> rusqlite::Result<Written> {
        let n_columns = 1 + usize::from(self.has_geometry) + self.columns.len();
        let holes = vec!["?"; n_columns].join(",");
        let mut names: Vec<String> =
            self.has_geometry.then(|| "geom".to_owned()).into_iter().collect();
        names.push("id".to_owned());
        names.extend(self.columns.iter().cloned());
        let names: Vec<_> = names.iter().map(|it| quoted(it)).collect();
        let mut insert = connection.prepare(&format!(
            "INSERT INTO {} ({}) VALUES ({holes})",
            quoted(&self.name),
            names.join(",")
        ))?;
        let mut index = self
            .has_geometry
            .then(|| {
                let sql =
                    format!("INSERT INTO {} VALUES (?1, ?2, ?3, ?4, ?5)", quoted(&self.tree()));
                connection.prepare(&sql)
            })
            .transpose()?;
        let mut written = Written::default();
        for feature in features {
            let bounds = feature.geometry.as_ref().and_then(Geometry::bounds);
            insert.execute(params_from_iter(self.row(&feature, bounds)))?;
            written.sight.meet(feature.geometry.as_ref());
            if let (Some(bounds), Some(index)) = (bounds, &mut index) {
                written.bounds = Some(written.bounds.map_or(bounds, |it| it.union(bounds)));
                index.execute(params![
                    connection.last_insert_rowid(),
                    bounds.min_e_m,
                    bounds.max_e_m,
                    bounds.min_n_m,
                    bounds.max_n_m
                ])?;
            }
        }
        Ok(written)
    }

    fn row(&self, feature: &Feature, bounds: Option<Bounds>) -> Vec<Cell> {
        let mut row = Vec::with_capacity(self.columns.len() + 2);
        if self.has_geometry {
            row.push(feature.geometry.as_ref().map_or(Cell::Null, |it| {
                Cell::Blob(write_blob(it, bounds, self.grid.epsg() as i32))
            }));
        }
        row.push(Cell::Text(feature.id.to_string()));
        for field in &self.dataset.fields {
            row.push(match feature.value(field.id.as_str()) {
                Value::Null | Value::Geometry(_) => Cell::Null,
                Value::Bool(flag) => Cell::Integer(i64::from(*flag)),
                Value::Int(number) => Cell::Integer(*number),
                Value::Real(number) => Cell::Real(*number),
                Value::Text(text) if field.field_type == FieldType::DateTime => {
                    Cell::Text(moment(text))
                }
                Value::Text(text) => Cell::Text(text.clone()),
                Value::List(items) => Cell::Text(items.join(", ")),
            });
        }
        row
    }

    fn register(
        &self,
        connection: &Connection,
        dataset: &Dataset,
        written: &Written,
        now: Timestamp,
    ) -> rusqlite::Result<()> {
        let bounds = written.bounds;
        let epsg = self.grid.epsg();
        connection.execute(
            "INSERT INTO gpkg_contents VALUES (?1, ?2, ?1, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                self.name,
                if self.has_geometry { "features" } else { "attributes" },
                format!("{}, {}", dataset.title.sv, dataset.publisher),
                now.to_string(),
                bounds.map(|it| it.min_e_m),
                bounds.map(|it| it.min_n_m),
                bounds.map(|it| it.max_e_m),
                bounds.map(|it| it.max_n_m),
                self.has_geometry.then_some(epsg),
            ],
        )?;
        if !self.has_geometry {
            return Ok(());
        }
        let type_name = type_name(&written.sight);
        connection.execute(
            "INSERT INTO gpkg_geometry_columns VALUES (?1, 'geom', ?2, ?3, ?4, ?5)",
            params![
                self.name,
                type_name,
                epsg,
                presence(written.sight.n_with_z),
                presence(written.sight.n_with_m)
            ],
        )?;
        // Only now is it known that all rows are of one type; the column is declared as that.
        connection.execute_batch("PRAGMA writable_schema=ON;")?;
        connection.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, '\"geom\" GEOMETRY', '\"geom\" ' || ?2) \
             WHERE type = 'table' AND name = ?1",
            params![self.name, type_name],
        )?;
        connection.execute_batch("PRAGMA writable_schema=RESET;")?;
        connection.execute(
            "INSERT INTO gpkg_extensions VALUES (?1, 'geom', 'gpkg_rtree_index', \
             'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
            [&self.name],
        )?;
        connection.execute_batch(&self.triggers())
    }

    /// The triggers of the R-tree extension, word for word. Source: OGC 12-128r15, annex F.3.
    fn triggers(&self) -> String {
        TRIGGERS_SQL.replace("<t>", &self.name).replace("<c>", "geom").replace("<i>", "fid")
    }
}

/// Whether geometries may have an ordinate: 0 prohibited, 2 optional.
fn presence(n_with: u64) -> i32 {
    if n_with > 0 { 2 } else { 0 }
}

fn type_name(sight: &Sight) -> &'static str {
    match sight.only_type() {
        Some(1) => "POINT",
        Some(2) => "LINESTRING",
        Some(3) => "POLYGON",
        Some(4) => "MULTIPOINT",
        Some(5) => "MULTILINESTRING",
        Some(6) => "MULTIPOLYGON",
        Some(7) => "GEOMETRYCOLLECTION",
        _ => "GEOMETRY",
    }
}

/// A moment as the format asks for it: UTC with milliseconds.
fn moment(text: &str) -> String {
    let whole = if text.len() == 10 { format!("{text}T00:00:00") } else { text.to_owned() };
    Timestamp::parse(&whole)
        .or_else(|_| Timestamp::parse(&format!("{whole}Z")))
        .map_or_else(|_| text.to_owned(), |it| it.to_string())
}

const CONTENTS_SQL: &str = r#"
CREATE TABLE gpkg_spatial_ref_sys (
    srs_name TEXT NOT NULL, srs_id INTEGER NOT NULL PRIMARY KEY, organization TEXT NOT NULL,
    organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
INSERT INTO gpkg_spatial_ref_sys VALUES
    ('Undefined Cartesian SRS', -1, 'NONE', -1, 'undefined', 'undefined Cartesian coordinate reference system'),
    ('Undefined geographic SRS', 0, 'NONE', 0, 'undefined', 'undefined geographic coordinate reference system'),
    ('WGS 84 geodetic', 4326, 'EPSG', 4326, 'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]', 'longitude/latitude coordinates in decimal degrees on the WGS 84 spheroid');
CREATE TABLE gpkg_contents (
    table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE, description TEXT DEFAULT '',
    last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
    CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id));
CREATE TABLE gpkg_geometry_columns (
    table_name TEXT NOT NULL, column_name TEXT NOT NULL, geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL,
    z TINYINT NOT NULL, m TINYINT NOT NULL,
    CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
    CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
    CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id));
CREATE TABLE gpkg_extensions (
    table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL, definition TEXT NOT NULL, scope TEXT NOT NULL,
    CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name));
"#;

const TRIGGERS_SQL: &str = r#"
CREATE TRIGGER "rtree_<t>_<c>_insert" AFTER INSERT ON "<t>"
    WHEN (new."<c>" NOT NULL AND NOT ST_IsEmpty(NEW."<c>"))
BEGIN
    INSERT OR REPLACE INTO "rtree_<t>_<c>" VALUES (
        NEW."<i>", ST_MinX(NEW."<c>"), ST_MaxX(NEW."<c>"), ST_MinY(NEW."<c>"), ST_MaxY(NEW."<c>"));
END;
CREATE TRIGGER "rtree_<t>_<c>_update1" AFTER UPDATE OF "<c>" ON "<t>"
    WHEN OLD."<i>" = NEW."<i>" AND (NEW."<c>" NOTNULL AND NOT ST_IsEmpty(NEW."<c>"))
BEGIN
    INSERT OR REPLACE INTO "rtree_<t>_<c>" VALUES (
        NEW."<i>", ST_MinX(NEW."<c>"), ST_MaxX(NEW."<c>"), ST_MinY(NEW."<c>"), ST_MaxY(NEW."<c>"));
END;
CREATE TRIGGER "rtree_<t>_<c>_update2" AFTER UPDATE OF "<c>" ON "<t>"
    WHEN OLD."<i>" = NEW."<i>" AND (NEW."<c>" ISNULL OR ST_IsEmpty(NEW."<c>"))
BEGIN
    DELETE FROM "rtree_<t>_<c>" WHERE id = OLD."<i>";
END;
CREATE TRIGGER "rtree_<t>_<c>_update3" AFTER UPDATE ON "<t>"
    WHEN OLD."<i>" != NEW."<i>" AND (NEW."<c>" NOTNULL AND NOT ST_IsEmpty(NEW."<c>"))
BEGIN
    DELETE FROM "rtree_<t>_<c>" WHERE id = OLD."<i>";
    INSERT OR REPLACE INTO "rtree_<t>_<c>" VALUES (
        NEW."<i>", ST_MinX(NEW."<c>"), ST_MaxX(NEW."<c>"), ST_MinY(NEW."<c>"), ST_MaxY(NEW."<c>"));
END;
CREATE TRIGGER "rtree_<t>_<c>_update4" AFTER UPDATE ON "<t>"
    WHEN OLD."<i>" != NEW."<i>" AND (NEW."<c>" ISNULL OR ST_IsEmpty(NEW."<c>"))
BEGIN
    DELETE FROM "rtree_<t>_<c>" WHERE id IN (OLD."<i>", NEW."<i>");
END;
CREATE TRIGGER "rtree_<t>_<c>_delete" AFTER DELETE ON "<t>"
    WHEN old."<c>" NOT NULL
BEGIN
    DELETE FROM "rtree_<t>_<c>" WHERE id = OLD."<i>";
END;
"#;
