//! A Shapefile in five parts. Source: ESRI, "Shapefile Technical Description", July 1998.

use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use faltkarta_geo::{Geometry, GeometryKind, GridSystem};
use faltkarta_model::{Dataset, Timestamp};

use crate::crs::grid_wkt_esri;
use crate::dbf_write::DbfColumns;
use crate::error::FormatError;
use crate::export::{Exported, Features, begin, finish};
use crate::shape::{Form, Shape, Vertex};
use crate::spool::{Sight, Spool};

/// What stands for no measure: anything below -10^38.
const NO_MEASURE: f64 = -1e39;

/// Writes a Shapefile: `.shp` and `.shx`, `.dbf` in UTF-8 with `.cpg`, `.prj` in the words of ESRI; the store's grid,
/// easting first. A row without geometry is a null shape. Names of columns are cut to ten bytes and texts to 254; both
/// are told in [`Exported::notes`].
///
/// # Errors
///
/// [`FormatError::MixedGeometry`] when there are points, lines and polygons in one dataset, for a Shapefile holds one
/// kind; [`FormatError::OverLimit`] past what dBASE holds; others when a part cannot be written. Old parts are left as
/// they were, unless the very last step fails: the parts are put in their places one by one, `.shp` last.
pub fn write_shp(
    path: &Path,
    dataset: &Dataset,
    grid: GridSystem,
    now: Timestamp,
    features: Features<'_>,
) -> Result<Exported, FormatError> {
    let doing = FormatError::io("writing the Shapefile");
    let mut parts = vec![];
    let mut part = |ending: &str| -> Result<std::fs::File, FormatError> {
        let temporary = begin(path)?;
        let file = temporary.as_file().try_clone().map_err(&doing)?;
        parts.push((temporary, beside(path, ending)));
        Ok(file)
    };
    let (dbf, shx) = (part("dbf")?, part("shx")?);
    let (prj, cpg, shp) = (part("prj")?, part("cpg")?, part("shp")?);
    let mut columns = DbfColumns::new(dataset);
    let mut spool = Spool::fill(dataset, features, &mut |it| columns.meet(&it.id, &it.values))?;
    let sight = spool.sight.clone();
    let shape_type = ShapeType::of(&sight)?;
    let mut table = BufWriter::new(dbf);
    columns.write_header(sight.n_rows, now, &mut table)?;
    let mut shapes = Shapes::new(shape_type, BufWriter::new(shp), BufWriter::new(shx))?;
    spool.for_each(&mut |feature| {
        columns.write_row(&feature.id, &feature.values, &mut table)?;
        shapes.add(feature.geometry.as_ref())
    })?;
    shapes.finish()?;
    table.write_all(&[0x1a]).map_err(&doing)?;
    table.flush().map_err(&doing)?;
    write_small(prj, &grid_wkt_esri(grid))?;
    write_small(cpg, "UTF-8")?;
    for (temporary, goal) in parts {
        finish(temporary, &goal)?;
    }
    let mut notes = columns.notes();
    notes.extend(sight.notes());
    Ok(Exported { n_features: sight.n_rows, notes })
}

fn write_small(mut file: std::fs::File, text: &str) -> Result<(), FormatError> {
    file.write_all(text.as_bytes()).map_err(FormatError::io("writing the Shapefile"))
}

/// The part of a Shapefile with another ending, in capitals when the name's own ending is.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let is_capital = path.extension().is_some_and(|it| it == "SHP");
    path.with_extension(if is_capital { ending.to_uppercase() } else { ending.to_owned() })
}

/// The one type of all shapes of a file.
#[derive(Debug, Clone, Copy)]
struct ShapeType {
    geometry: Option<GeometryKind>,
    is_multi: bool,
    has_z: bool,
    has_m: bool,
}

impl ShapeType {
    fn of(sight: &Sight) -> Result<Self, FormatError> {
        let geometry = match sight.kinds.as_slice() {
            [] => None,
            [GeometryKind::Collection] | [_, _, ..] => {
                return Err(FormatError::MixedGeometry { format: "a Shapefile" });
            }
            [one] => Some(*one),
        };
        let (has_z, has_m) = (sight.n_with_z > 0, sight.n_with_m > 0);
        Ok(Self { geometry, is_multi: sight.has_type(4), has_z, has_m })
    }

    fn code(self) -> i32 {
        let plane = match self.geometry {
            None => return 0,
            Some(GeometryKind::Point) if self.is_multi => 8,
            Some(GeometryKind::Point) => 1,
            Some(GeometryKind::Line) => 3,
            Some(GeometryKind::Polygon | GeometryKind::Collection) => 5,
        };
        plane
            + match (self.has_z, self.has_m) {
                (true, _) => 10,
                (false, true) => 20,
                (false, false) => 0,
            }
    }

    fn has_measure_block(self) -> bool {
        self.has_z || self.has_m
    }
}

/// Shapes and their index.
struct Shapes<W: Write + Seek> {
    kind: ShapeType,
    shp: W,
    shx: W,
    n_written: i32,
    // In words of two bytes.
    end: u64,
    extent: Extent,
}

impl<W: Write + Seek> Shapes<W> {
    fn new(kind: ShapeType, mut shp: W, mut shx: W) -> Result<Self, FormatError> {
        let doing = FormatError::io("writing the Shapefile");
        shp.write_all(&[0; 100]).map_err(&doing)?;
        shx.write_all(&[0; 100]).map_err(&doing)?;
        Ok(Self { kind, shp, shx, n_written: 0, end: 50, extent: Extent::default() })
    }

    fn add(&mut self, geometry: Option<&Geometry>) -> Result<(), FormatError> {
        let doing = FormatError::io("writing the Shapefile");
        let shape = geometry.and_then(|it| Shape::parse(it.wkb()).ok());
        let content = self.content(shape.map(|it| it.form));
        self.n_written += 1;
        let n_words = content.len() as u64 / 2;
        if self.end + 4 + n_words > i32::MAX as u64 {
            let most = i32::MAX as u64 * 2;
            return Err(FormatError::OverLimit { limit: "bytes of a Shapefile", most });
        }
        let index = [self.end as i32, n_words as i32].map(i32::to_be_bytes).concat();
        self.shx.write_all(&index).map_err(&doing)?;
        let header = [self.n_written, n_words as i32].map(i32::to_be_bytes).concat();
        self.shp.write_all(&header).map_err(&doing)?;
        self.shp.write_all(&content).map_err(&doing)?;
        self.end += 4 + n_words;
        Ok(())
    }

    fn content(&mut self, form: Option<Form>) -> Vec<u8> {
        let paths = form.map(paths).unwrap_or_default();
        let vertices: Vec<Vertex> = paths.iter().flatten().copied().collect();
        if vertices.is_empty() {
            return 0i32.to_le_bytes().to_vec();
        }
        let own = Extent::of(&vertices);
        self.extent.include(&own);
        let code = self.kind.code();
        let mut content = code.to_le_bytes().to_vec();
        let mut number = |it: f64| content.extend_from_slice(&it.to_le_bytes());
        if code % 10 == 1 {
            let at = vertices[0];
            number(at.x);
            number(at.y);
            if self.kind.has_z {
                number(height(at));
            }
            if self.kind.has_measure_block() {
                number(measure(at));
            }
            return content;
        }
        own.x_y().into_iter().for_each(&mut number);
        if code % 10 != 8 {
            content.extend_from_slice(&(paths.len() as i32).to_le_bytes());
        }
        content.extend_from_slice(&(vertices.len() as i32).to_le_bytes());
        if code % 10 != 8 {
            let mut first = 0i32;
            for path in &paths {
                content.extend_from_slice(&first.to_le_bytes());
                first += path.len() as i32;
            }
        }
        let mut number = |it: f64| content.extend_from_slice(&it.to_le_bytes());
        for at in &vertices {
            number(at.x);
            number(at.y);
        }
        if self.kind.has_z {
            own.z.into_iter().for_each(&mut number);
            for at in &vertices {
                number(height(*at));
            }
        }
        if self.kind.has_measure_block() {
            own.measures().into_iter().for_each(&mut number);
            for at in &vertices {
                number(measure(*at));
            }
        }
        content
    }

    fn finish(mut self) -> Result<(), FormatError> {
        let doing = FormatError::io("writing the Shapefile");
        let n_index_words = 50 + 4 * self.n_written;
        for (out, n_words) in [(&mut self.shp, self.end as i32), (&mut self.shx, n_index_words)] {
            let mut header = 9994i32.to_be_bytes().to_vec();
            header.resize(24, 0);
            header.extend(n_words.to_be_bytes());
            header.extend(1000i32.to_le_bytes());
            header.extend(self.kind.code().to_le_bytes());
            let (z, m) = (self.kind.has_z, self.kind.has_measure_block());
            let extent = if self.extent.is_met { self.extent } else { Extent::default() };
            let x_y = if extent.is_met { extent.x_y() } else { [0.0; 4] };
            let z = if z && extent.is_met { extent.z } else { [0.0; 2] };
            let m = if m && extent.m[0] <= extent.m[1] { extent.m } else { [0.0; 2] };
            x_y.into_iter().chain(z).chain(m).for_each(|it| header.extend(it.to_le_bytes()));
            out.seek(SeekFrom::Start(0)).map_err(&doing)?;
            out.write_all(&header).map_err(&doing)?;
            out.flush().map_err(&doing)?;
        }
        Ok(())
    }
}

fn height(at: Vertex) -> f64 {
    if at.z.is_finite() { at.z } else { 0.0 }
}

fn measure(at: Vertex) -> f64 {
    if at.m.is_finite() { at.m } else { NO_MEASURE }
}

/// The paths of a geometry: one for points, rings with outlines along the clock and holes against it.
fn paths(form: Form) -> Vec<Vec<Vertex>> {
    match form {
        Form::Point(at) => vec![at.into_iter().collect()],
        Form::Line(path) => vec![path],
        Form::Polygon(rings) => {
            rings.into_iter().enumerate().map(|(idx, it)| turned(it, idx == 0)).collect()
        }
        Form::Many(4, points) => vec![points.into_iter().flat_map(paths).flatten().collect()],
        Form::Many(_, parts) => parts.into_iter().flat_map(paths).collect(),
        // The store keeps no curves.
        Form::Circular(_) | Form::Compound(_) | Form::CurvePolygon(_) => vec![],
    }
    .into_iter()
    .filter(|it| !it.is_empty())
    .collect()
}

fn turned(mut ring: Vec<Vertex>, along_clock: bool) -> Vec<Vertex> {
    let Some(origin) = ring.first().copied() else { return ring };
    let twice_area: f64 = ring
        .windows(2)
        .map(|it| {
            let (a, b) = (it[0], it[1]);
            (a.x - origin.x) * (b.y - origin.y) - (b.x - origin.x) * (a.y - origin.y)
        })
        .sum();
    if (twice_area < 0.0) != along_clock {
        ring.reverse();
    }
    ring
}

#[derive(Debug, Clone, Copy)]
struct Extent {
    is_met: bool,
    x: [f64; 2],
    y: [f64; 2],
    z: [f64; 2],
    m: [f64; 2],
}

impl Default for Extent {
    fn default() -> Self {
        let none = [f64::INFINITY, f64::NEG_INFINITY];
        Self { is_met: false, x: none, y: none, z: none, m: none }
    }
}

impl Extent {
    fn of(vertices: &[Vertex]) -> Self {
        let mut extent = Self { is_met: true, ..Self::default() };
        for at in vertices {
            grow(&mut extent.x, [at.x; 2]);
            grow(&mut extent.y, [at.y; 2]);
            grow(&mut extent.z, [height(*at); 2]);
            if at.m.is_finite() {
                grow(&mut extent.m, [at.m; 2]);
            }
        }
        extent
    }

    fn include(&mut self, other: &Self) {
        self.is_met = true;
        grow(&mut self.x, other.x);
        grow(&mut self.y, other.y);
        grow(&mut self.z, other.z);
        grow(&mut self.m, other.m);
    }

    fn x_y(&self) -> [f64; 4] {
        [self.x[0], self.y[0], self.x[1], self.y[1]]
    }

    fn measures(&self) -> [f64; 2] {
        if self.m[0] <= self.m[1] { self.m } else { [NO_MEASURE; 2] }
    }
}

fn grow(range: &mut [f64; 2], by: [f64; 2]) {
    range[0] = range[0].min(by[0]);
    range[1] = range[1].max(by[1]);
}
