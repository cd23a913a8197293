//! Why a delivery was not written.

use std::path::PathBuf;

/// Why a delivery was not written.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The scale is outside 0.02..=20 or not a number.
    #[error("scale {scale} is outside 0.02 to 20")]
    ScaleOutOfRange {
        /// The scale that was asked for.
        scale: f64,
    },
    /// The folder holds files that no demo delivery wrote.
    #[error("{} is not empty and not a demo delivery: it holds {found}", path.display())]
    FolderNotEmpty {
        /// The folder.
        path: PathBuf,
        /// One of the foreign files.
        found: String,
    },
    /// The file system refused.
    #[error("cannot write {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// SQLite refused while a GeoPackage was written.
    #[error("cannot write {}", path.display())]
    Database {
        /// The GeoPackage.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The Shapefile writer refused.
    #[error("cannot write {}", path.display())]
    Shapefile {
        /// The `.shp` file.
        path: PathBuf,
        /// What the writer said.
        source: shapefile::Error,
    },
    /// The CSV writer refused.
    #[error("cannot write {}", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// What the writer said.
        source: csv::Error,
    },
    /// A plan could not be written as JSON.
    #[error("cannot write {}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What the writer said.
        source: serde_json::Error,
    },
}
