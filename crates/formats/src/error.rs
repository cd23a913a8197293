use std::path::PathBuf;

use faltkarta_model::DatasetId;

use crate::placement::CrsProblem;

/// Why a delivery was not read, or a file not written. Nothing of the store has changed then.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// There is no such file.
    #[error("there is no file {}", path.display())]
    FileNotFound {
        /// What was asked for.
        path: PathBuf,
    },
    /// Reading or writing failed.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// No room is left where the file is written.
    #[error("the disk is full")]
    DiskFull,
    /// The ending is none that is read.
    #[error("files ending in .{ending} are not read")]
    UnknownFileKind {
        /// The ending, without the dot.
        ending: String,
    },
    /// The content is not what the ending says.
    #[error("the file is not {expected}")]
    ForeignFile {
        /// What it should be.
        expected: &'static str,
    },
    /// The file ends too early.
    #[error("the file is cut off")]
    TruncatedFile,
    /// A part that belongs to the file is not beside it.
    #[error("the file has no .{ending} beside it")]
    MissingPart {
        /// The ending of the part.
        ending: &'static str,
    },
    /// The content breaks the rules of its format.
    #[error("the file is damaged at {place}: {text}")]
    MalformedFile {
        /// Line, byte or table.
        place: String,
        /// What is wrong.
        text: String,
    },
    /// Another program holds the file.
    #[error("the file is locked by another program")]
    FileLocked,
    /// A GeoPackage gave an error that is none of the others.
    #[error("{doing}: {source}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// More than the reader takes.
    #[error("the file goes past the limit {limit} of {most}")]
    OverLimit {
        /// Which limit.
        limit: &'static str,
        /// Its value.
        most: u64,
    },
    /// Positions cannot be placed; nothing was read.
    #[error(transparent)]
    Crs(#[from] CrsProblem),
    /// No layer of the file belongs to a declared dataset.
    #[error("no layer of the file is known: {layers}")]
    UnknownDelivery {
        /// The names of the layers.
        layers: String,
    },
    /// The file is of a schema that its supplier has replaced.
    #[error(
        "layer {layer} is of edition {edition}, which is not read; order edition {instead}, or give a mapping"
    )]
    OutgoingSchema {
        /// The layer by which it was recognised.
        layer: String,
        /// Its edition.
        edition: String,
        /// The edition to ask for.
        instead: String,
    },
    /// A mapping cannot be read.
    #[error("mapping: {text}")]
    BadMapping {
        /// What the reader said, with line and column.
        text: String,
    },
    /// A mapping or the caller names a dataset that is not declared.
    #[error("there is no dataset {dataset}")]
    UnknownDataset {
        /// The name.
        dataset: DatasetId,
    },
    /// A mapping names a layer that the file does not have.
    #[error("the file has no layer {layer}")]
    MissingLayer {
        /// The name.
        layer: String,
    },
    /// A mapping names a column that the layer does not have.
    #[error("layer {layer} has no column {column}")]
    MissingColumn {
        /// The layer.
        layer: String,
        /// The column.
        column: String,
    },
    /// The format holds one kind of geometry, and the features have several.
    #[error(
        "{format} holds points, lines or polygons, not several of them; choose .gpkg, .fgb or .geojson"
    )]
    MixedGeometry {
        /// The format, with its article.
        format: &'static str,
    },
    /// The ending is none that is written.
    #[error("files ending in .{ending} are not written; .gpkg, .fgb, .geojson, .shp and .csv are")]
    UnsupportedExport {
        /// The ending, without the dot.
        ending: String,
    },
}

impl FormatError {
    /// The stable code on wires and in tests.
    pub fn code(&self) -> &'static str {
        match self {
            Self::FileNotFound { .. } => "file_not_found",
            Self::Io { .. } => "io",
            Self::DiskFull => "disk_full",
            Self::UnknownFileKind { .. } => "unknown_file_kind",
            Self::ForeignFile { .. } => "foreign_file",
            Self::TruncatedFile => "truncated_file",
            Self::MissingPart { .. } => "missing_part",
            Self::MalformedFile { .. } => "malformed_file",
            Self::FileLocked => "file_locked",
            Self::Database { .. } => "database",
            Self::OverLimit { .. } => "over_limit",
            Self::Crs(problem) => problem.code(),
            Self::UnknownDelivery { .. } => "unknown_delivery",
            Self::OutgoingSchema { .. } => "outgoing_schema",
            Self::BadMapping { .. } => "bad_mapping",
            Self::UnknownDataset { .. } => "unknown_dataset",
            Self::MissingLayer { .. } => "missing_layer",
            Self::MissingColumn { .. } => "missing_column",
            Self::MixedGeometry { .. } => "mixed_geometry",
            Self::UnsupportedExport { .. } => "unsupported_export",
        }
    }

    /// Wraps what the system said while reading or writing.
    pub(crate) fn io(doing: &'static str) -> impl Fn(std::io::Error) -> Self {
        move |source| match source.kind() {
            std::io::ErrorKind::UnexpectedEof => Self::TruncatedFile,
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io { doing, source },
        }
    }

    /// Wraps what SQLite said while reading or writing a GeoPackage.
    pub(crate) fn database(doing: &'static str) -> impl Fn(rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        move |source| match source.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked | Code::FileLockingProtocolFailed) => {
                Self::FileLocked
            }
            Some(Code::NotADatabase) => Self::ForeignFile { expected: "a GeoPackage" },
            Some(Code::DatabaseCorrupt) => {
                Self::MalformedFile { place: doing.to_owned(), text: source.to_string() }
            }
            Some(Code::DiskFull) => Self::DiskFull,
            // Views that call each other, name tables that are not there, and the like.
            Some(Code::Unknown) if doing.starts_with("reading") || doing.starts_with("listing") => {
                Self::MalformedFile { place: doing.to_owned(), text: source.to_string() }
            }
            Some(Code::TooBig) => {
                Self::OverLimit { limit: "row bytes", most: crate::limits::MAX_ROW_BYTES }
            }
            _ => Self::Database { doing, source },
        }
    }
}
