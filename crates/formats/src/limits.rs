/// The most columns that a layer may have.
pub const MAX_COLUMNS: usize = 1_000;

/// The most bytes that one row of a delivery may take, its geometry included.
pub const MAX_ROW_BYTES: u64 = 256 * 1024 * 1024;

/// The most layers that one file may have.
pub(crate) const MAX_LAYERS: usize = 1_000;

/// The longest value, in characters, that the text of a problem quotes.
pub(crate) const MAX_QUOTED_CHARS: usize = 60;
