//! Map tiles: live layers as MVT, base map packages as PMTiles.
//!
//! [`TileWriter`] makes one tile out of geometry on the store's grid; the laptop uses it on demand for live layers,
//! [`BaseMapBuilder`] for every tile of a base map. [`BaseMap`] reads a package back. Coordinates are projected to
//! Web Mercator for drawing only.

mod base_map;
mod base_map_rules;
mod clip;
mod error;
mod pmtiles_read;
mod projector;
mod shape;
mod tile_id;
mod writer;

pub use base_map::{BaseMapBuilder, BaseMapReport};
pub use error::TileError;
pub use pmtiles_read::BaseMap;
pub use tile_id::TileId;
pub use writer::{TagValue, TileWriter};
