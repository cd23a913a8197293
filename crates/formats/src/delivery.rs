use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use faltkarta_geo::{Geometry, GeometryError};
use faltkarta_model::Value;

use crate::crs::DeclaredCrs;
use crate::csv_read::CsvReader;
use crate::curves::{CURVE_TOLERANCE_M, Linearise};
use crate::error::FormatError;
use crate::fgb_read::FgbReader;
use crate::geojson_read::GeoJsonReader;
use crate::gml_read::GmlReader;
use crate::gpkg_read::GpkgReader;
use crate::shp_read::ShpReader;

/// What kind of file a delivery is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// OGC GeoPackage.
    GeoPackage,
    /// `GeoJSON`, the plans of NGP among it, also one feature per line.
    GeoJson,
    /// ESRI Shapefile with its `.dbf`.
    Shapefile,
    /// Separated values.
    Csv,
    /// FlatGeobuf.
    FlatGeobuf,
    /// GML 3.2, also 3.1 and 2 of simple features.
    Gml,
}

impl FileKind {
    /// The name that sources of datasets use: `gpkg`, `geojson`, `shp`, `csv`, `fgb`, `gml`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GeoPackage => "gpkg",
            Self::GeoJson => "geojson",
            Self::Shapefile => "shp",
            Self::Csv => "csv",
            Self::FlatGeobuf => "fgb",
            Self::Gml => "gml",
        }
    }

    /// Whether a schema that is declared for a kind of file is met by files of this kind. FlatGeobuf and GML carry a
    /// supplier's tables under the names that its GeoPackage has.
    pub(crate) fn is_read_as(self, format: &str) -> bool {
        let is_table = matches!(self, Self::FlatGeobuf | Self::Gml);
        self.as_str() == format || (is_table && format == "gpkg")
    }
}

/// One table or layer of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Its name as the file has it; the file's stem where a file holds one layer.
    pub name: String,
    /// The columns beside the geometry, as the file names them.
    pub columns: Vec<String>,
    /// Whether rows can have a geometry of their own.
    pub has_geometry: bool,
    /// What the layer says of its reference system.
    pub crs: DeclaredCrs,
    /// How many rows there are, where that is cheap to know.
    pub n_rows: Option<u64>,
}

impl Layer {
    /// Where a column stands, its name compared without case.
    pub fn column_idx(&self, name: &str) -> Option<usize> {
        let folded = name.to_lowercase();
        self.columns.iter().position(|it| it == name || it.to_lowercase() == folded)
    }
}

/// One row as the file has it: nothing mapped, nothing moved.
#[derive(Debug)]
pub struct RawRow {
    /// Counted from 1 in the order of the file.
    pub row: u64,
    /// The geometry in the file's own system; `None` when it has none, an error when the bytes are no geometry.
    pub geometry: Result<Option<Geometry>, GeometryError>,
    /// The values of the columns that were asked for, in that order.
    pub values: Vec<Value>,
    /// A fault of the row itself, such as a line with too few values; such a row is refused.
    pub fault: Option<&'static str>,
    /// Whether the file has a curve that was drawn as a line.
    pub is_linearised: bool,
    /// Whether some text is not in the encoding that the file should have; its bad bytes are `\u{fffd}`.
    pub has_bad_text: bool,
}

impl Default for RawRow {
    fn default() -> Self {
        Self {
            row: 0,
            geometry: Ok(None),
            values: vec![],
            fault: None,
            is_linearised: false,
            has_bad_text: false,
        }
    }
}

impl RawRow {
    /// Looks for letters that stand for bad bytes.
    pub(crate) fn find_bad_text(&mut self) {
        let is_bad = |it: &Value| matches!(it, Value::Text(text) if text.contains('\u{fffd}'));
        self.has_bad_text = self.values.iter().any(is_bad);
    }
}

/// How files are read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadOptions {
    /// How far a line that stands for a curve may lie from it, in metres.
    pub curve_tolerance_m: f64,
    /// How many million steps of SQLite the next row of a GeoPackage may take. A view can be anything.
    pub max_row_million_steps: u32,
}

impl Default for ReadOptions {
    fn default() -> Self {
        Self { curve_tolerance_m: CURVE_TOLERANCE_M, max_row_million_steps: 2_000 }
    }
}

/// The endings of files that are read, richest format first.
pub const IMPORT_ENDINGS: [&str; 14] = [
    "gpkg",
    "fgb",
    "gml",
    "geojson",
    "json",
    "geojsonl",
    "geojsons",
    "geojsonseq",
    "ndjson",
    "jsonl",
    "shp",
    "csv",
    "tsv",
    "txt",
];

/// A file that was opened and looked over.
#[derive(Debug)]
pub struct Delivery {
    path: PathBuf,
    kind: FileKind,
    layers: Vec<Layer>,
    reader: Reader,
}

#[derive(Debug)]
enum Reader {
    Gpkg(GpkgReader),
    GeoJson(GeoJsonReader),
    Shp(ShpReader),
    Csv(CsvReader),
    Fgb(FgbReader),
    Gml(GmlReader),
}

/// Opens a delivery and lists its layers. The kind follows from the ending, and the content must agree.
///
/// The file is never written to, nor is anything put beside it.
///
/// # Errors
///
/// [`FormatError`]: no such file, foreign, cut off, locked by another program, over a limit.
pub fn open(path: &Path) -> Result<Delivery, FormatError> {
    open_with(path, ReadOptions::default())
}

/// The same, told how to read.
///
/// # Errors
///
/// Those of [`open`].
pub fn open_with(path: &Path, options: ReadOptions) -> Result<Delivery, FormatError> {
    let linearise = Linearise { tolerance_m: options.curve_tolerance_m };
    if !path.is_file() {
        return Err(FormatError::FileNotFound { path: path.to_owned() });
    }
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let (kind, layers, reader) = match ending.as_str() {
        "gpkg" => {
            let (reader, layers) = GpkgReader::open(path, options)?;
            (FileKind::GeoPackage, layers, Reader::Gpkg(reader))
        }
        "geojson" | "json" | "geojsonl" | "geojsons" | "geojsonseq" | "ndjson" | "jsonl" => {
            let (reader, layer) = GeoJsonReader::open(path)?;
            (FileKind::GeoJson, vec![layer], Reader::GeoJson(reader))
        }
        "shp" => {
            let (reader, layer) = ShpReader::open(path)?;
            (FileKind::Shapefile, vec![layer], Reader::Shp(reader))
        }
        "csv" | "tsv" | "txt" => {
            let (reader, layer) = CsvReader::open(path)?;
            (FileKind::Csv, vec![layer], Reader::Csv(reader))
        }
        "fgb" => {
            let (reader, layer) = FgbReader::open(path, linearise)?;
            (FileKind::FlatGeobuf, vec![layer], Reader::Fgb(reader))
        }
        "gml" => {
            let (reader, layers) = GmlReader::open(path, linearise)?;
            (FileKind::Gml, layers, Reader::Gml(reader))
        }
        _ => return Err(FormatError::UnknownFileKind { ending }),
    };
    Ok(Delivery { path: path.to_owned(), kind, layers, reader })
}

impl Delivery {
    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What kind of file it is.
    pub fn kind(&self) -> FileKind {
        self.kind
    }

    /// Its layers in the order of the file.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Shows the rows of a layer one by one with the values of some columns (by their places in
    /// [`Layer::columns`]), until the callback breaks off. The row is made once and filled again each time.
    ///
    /// # Errors
    ///
    /// [`FormatError`] when the file cannot be read to its end; rows before that were shown.
    pub fn for_each_row(
        &self,
        layer_idx: usize,
        columns: &[usize],
        see: &mut dyn FnMut(&mut RawRow) -> ControlFlow<()>,
    ) -> Result<(), FormatError> {
        let Some(layer) = self.layers.get(layer_idx) else { return Ok(()) };
        match &self.reader {
            Reader::Gpkg(reader) => reader.for_each_row(layer_idx, layer, columns, see),
            Reader::GeoJson(reader) => reader.for_each_row(layer, columns, see),
            Reader::Shp(reader) => reader.for_each_row(columns, see),
            Reader::Csv(reader) => reader.for_each_row(columns, see),
            Reader::Fgb(reader) => reader.for_each_row(columns, see),
            Reader::Gml(reader) => reader.for_each_row(layer, columns, see),
        }
    }
}

/// The stem of a file's name: the layer's name where a file holds one layer.
pub(crate) fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}
