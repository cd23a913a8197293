/// Why a tile or a base map could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum TileError {
    /// The address is not a tile of zoom 0–22.
    #[error("tile {z}/{x}/{y} does not exist")]
    NoSuchTile {
        /// Zoom.
        z: u8,
        /// Column.
        x: u32,
        /// Row.
        y: u32,
    },
    /// The encoder refused a layer or a feature.
    #[error("tile could not be encoded")]
    Encode(#[from] fast_mvt::MvtError),
    /// The package could not be written.
    #[error("base map could not be written")]
    Write(#[from] pmtiles::PmtError),
    /// A file failed.
    #[error("base map file failed")]
    Io(#[from] std::io::Error),
    /// The file is not a base map that this program reads.
    #[error("base map is damaged or of another kind: {what}")]
    Damaged {
        /// What was found wrong.
        what: &'static str,
    },
}
