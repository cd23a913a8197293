//! Map tiles: live layers as MVT, base map packages as PMTiles.
//!
//! [`TileWriter`] draws what an index answers for one tile, now. [`BaseMapBuilder`] draws the background once, at
//! import, and [`BaseMap`] hands out its tiles. Tiles are those of Web Mercator (XYZ), 4096 units wide with 64 units of
//! margin, drawn as 512 pixels: eight units to the pixel.

mod base_map;
mod base_map_rules;
mod bucket;
mod clip;
mod draw;
mod error;
mod line_heights;
mod paint;
mod pieces;
mod plane;
mod pmtiles_read;
mod projector;
mod simplify;
mod tile_id;
mod writer;

pub use base_map::{BaseMapBuilder, BaseMapReport};
pub use error::TileError;
pub use line_heights::HeightLine;
pub use pmtiles_read::BaseMap;
pub use tile_id::TileId;
pub use writer::{TagValue, TileWriter};
