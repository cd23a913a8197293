//! Positions, lengths and measures that carry their CRS and unit.
//!
//! Three systems exist inside the core: [`Grid`] (the municipal grid of one store, one of the SWEREF 99
//! family), [`Wgs84`] and [`WebMercator`]. Every other system lives in `formats` only.
//! Geometry travels as well-known binary and is never re-encoded on its way through: see [`Geometry`].

mod bounds;
mod cell_cover;
mod compass;
mod gauss_kruger;
mod geometry;
mod measure;
mod position;
mod ring;
mod sweref;
mod wkb;

pub use bounds::Bounds;
pub use cell_cover::{CellCover, CellCoverError};
pub use compass::{Compass, direction_on_grid};
pub use gauss_kruger::GaussKruger;
pub use geometry::{Geometry, GeometryKind, GeometryPart};
pub use measure::{
    area_on_grid_m2, distance_on_grid_m, distance_to_geometry_m, greatest_deviation_m,
    length_on_grid_m,
};
pub use position::{Crs, EastNorthM, Grid, LonLatDeg, Position, PositionError, WebMercator, Wgs84};
pub use ring::crosses_itself;
pub use sweref::{GridSystem, GridSystemError};
pub use wkb::GeometryError;
