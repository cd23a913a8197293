use std::fs::File;
use std::io::{BufReader, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use faltkarta_geo::GeometryError;
use shapefile::ShapeReader;

use crate::crs::DeclaredCrs;
use crate::dbf::Dbf;
use crate::delivery::{Layer, RawRow, stem};
use crate::error::FormatError;
use crate::limits::MAX_ROW_BYTES;
use crate::shp_shape;

/// Reads a Shapefile: shapes from `.shp`, values from `.dbf`, its code page from `.cpg` or the table, the system
/// from `.prj`. The index `.shx` is not needed.
#[derive(Debug)]
pub(crate) struct ShpReader {
    path: PathBuf,
    dbf: PathBuf,
    cpg: Option<String>,
}

impl ShpReader {
    pub(crate) fn open(path: &Path) -> Result<(Self, Layer), FormatError> {
        let n_bytes = path.metadata().map_err(FormatError::io("opening the Shapefile"))?.len();
        let shapes = open_shapes(path)?;
        // The header counts words of two bytes.
        if n_bytes < u64::from(shapes.header().file_length.unsigned_abs()) * 2 {
            return Err(FormatError::TruncatedFile);
        }
        look_over(path, n_bytes)?;
        let dbf = beside(path, "dbf").ok_or(FormatError::MissingPart { ending: "dbf" })?;
        let cpg = beside(path, "cpg").and_then(|it| std::fs::read_to_string(it).ok());
        let table = Dbf::open(&dbf, cpg.as_deref())?;
        let crs = match beside(path, "prj") {
            Some(prj) => {
                let wkt = std::fs::read(prj).map_err(FormatError::io("reading the .prj"))?;
                DeclaredCrs::from_wkt(&String::from_utf8_lossy(&wkt))
            }
            None => DeclaredCrs::None,
        };
        let layer = Layer {
            name: stem(path),
            columns: table.names(),
            has_geometry: true,
            crs,
            n_rows: Some(table.n_rows),
        };
        Ok((Self { path: path.to_owned(), dbf, cpg }, layer))
    }

    pub(crate) fn for_each_row(
        &self,
        columns: &[usize],
        see: &mut dyn FnMut(&mut RawRow) -> ControlFlow<()>,
    ) -> Result<(), FormatError> {
        let mut shapes = open_shapes(&self.path)?;
        let mut table = Dbf::open(&self.dbf, self.cpg.as_deref())?;
        let mut raw = RawRow::default();
        for shape in shapes.iter_shapes() {
            raw.row += 1;
            if raw.row > table.n_rows {
                return Err(FormatError::MalformedFile {
                    place: format!("shape {}", raw.row),
                    text: "there are more shapes than rows".to_owned(),
                });
            }
            raw.geometry = match shape {
                Ok(shape) => shp_shape::geometry(&shape),
                // A type that is not known is a fault of the one shape only when its size is; it is not.
                Err(error) => return Err(shape_error(error, raw.row)),
            };
            if !table.next()? {
                continue;
            }
            raw.values.clear();
            raw.values.extend(columns.iter().map(|idx| table.value(*idx)));
            raw.find_bad_text();
            if see(&mut raw).is_break() {
                return Ok(());
            }
        }
        // Rows without a shape are rows all the same.
        while raw.row < table.n_rows {
            raw.row += 1;
            raw.geometry = Err(GeometryError::Truncated);
            if table.next()? {
                raw.values.clear();
                raw.values.extend(columns.iter().map(|idx| table.value(*idx)));
                raw.find_bad_text();
                if see(&mut raw).is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// Steps from shape to shape: one that is larger than a row may be, or than the file, is found before it is read.
fn look_over(path: &Path, n_bytes: u64) -> Result<(), FormatError> {
    let doing = FormatError::io("reading the Shapefile");
    let mut file = BufReader::new(File::open(path).map_err(&doing)?);
    file.seek(SeekFrom::Start(100)).map_err(&doing)?;
    let (mut at, mut row) = (100, 0);
    while at + 8 <= n_bytes {
        row += 1;
        let mut header = [0; 8];
        file.read_exact(&mut header).map_err(&doing)?;
        // In words of two bytes.
        let size = i32::from_be_bytes([header[4], header[5], header[6], header[7]]);
        let size = u64::try_from(size).map_err(|_| FormatError::MalformedFile {
            place: format!("shape {row}"),
            text: "its size is negative".to_owned(),
        })? * 2;
        if size > MAX_ROW_BYTES {
            return Err(FormatError::OverLimit { limit: "row bytes", most: MAX_ROW_BYTES });
        }
        at += 8 + size;
        if at > n_bytes {
            return Err(FormatError::MalformedFile {
                place: format!("shape {row}"),
                text: "it is larger than what is left of the file".to_owned(),
            });
        }
        file.seek_relative(size.cast_signed()).map_err(&doing)?;
    }
    Ok(())
}

fn open_shapes(path: &Path) -> Result<ShapeReader<BufReader<File>>, FormatError> {
    let file = File::open(path).map_err(FormatError::io("opening the Shapefile"))?;
    ShapeReader::new(BufReader::with_capacity(128 * 1024, file)).map_err(|it| shape_error(it, 0))
}

fn shape_error(error: shapefile::Error, row: u64) -> FormatError {
    match error {
        shapefile::Error::IoError(source) if source.kind() == ErrorKind::UnexpectedEof => {
            FormatError::TruncatedFile
        }
        shapefile::Error::IoError(source) => FormatError::io("reading the Shapefile")(source),
        shapefile::Error::InvalidFileCode(_) => {
            FormatError::ForeignFile { expected: "a Shapefile" }
        }
        other => {
            FormatError::MalformedFile { place: format!("shape {row}"), text: other.to_string() }
        }
    }
}

/// The part of a Shapefile with another ending, in small or capital letters.
fn beside(path: &Path, ending: &str) -> Option<PathBuf> {
    [ending.to_owned(), ending.to_uppercase()]
        .iter()
        .map(|it| path.with_extension(it))
        .find(|it| it.is_file())
}
