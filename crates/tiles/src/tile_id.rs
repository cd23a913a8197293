use faltkarta_geo::{Bounds, GridSystem, Position, Wgs84};

use crate::error::TileError;

/// Units along the side of a tile. Source: Mapbox Vector Tile Specification 2.1, 4.1 (the usual extent).
pub(crate) const EXTENT: f64 = 4096.0;

/// Units to a pixel, with tiles drawn 512 pixels wide.
pub(crate) const UNITS_PER_PIXEL: f64 = 8.0;

/// How far geometry reaches over the side of its tile, in the same units.
pub(crate) const BUFFER: f64 = 64.0;

/// One tile of the Web Mercator pyramid: zoom, column from the west, row from the north.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId {
    pub(crate) z: u8,
    pub(crate) x: u32,
    pub(crate) y: u32,
}

impl TileId {
    /// The deepest zoom that has tiles.
    pub const ZOOM_MAX: u8 = 22;

    /// Checks an address.
    ///
    /// # Errors
    ///
    /// [`TileError::NoSuchTile`] when zoom, column or row are out of range.
    pub fn new(z: u8, x: u32, y: u32) -> Result<Self, TileError> {
        if z <= Self::ZOOM_MAX && x < 1 << z && y < 1 << z {
            Ok(Self { z, x, y })
        } else {
            Err(TileError::NoSuchTile { z, x, y })
        }
    }

    /// The tile that holds a place.
    pub fn at(z: u8, at: Position<Wgs84>) -> Self {
        let n = f64::from(1u32 << z);
        let x = ((at.lon_deg() + 180.0) / 360.0 * n).floor();
        let y = (mercator_row(at.lat_deg()) * n).floor();
        let last = n - 1.0;
        Self { z, x: x.clamp(0.0, last) as u32, y: y.clamp(0.0, last) as u32 }
    }

    /// Zoom.
    pub fn z(self) -> u8 {
        self.z
    }

    /// Column, from the west.
    pub fn x(self) -> u32 {
        self.x
    }

    /// Row, from the north.
    pub fn y(self) -> u32 {
        self.y
    }

    /// Longitude and latitude of a place in the tile, in units of its extent from the north-west corner.
    pub(crate) fn lon_lat_deg(self, x: f64, y: f64) -> (f64, f64) {
        let n = f64::from(1u32 << self.z);
        let lon_deg = (f64::from(self.x) + x / EXTENT) / n * 360.0 - 180.0;
        let turn = std::f64::consts::PI * (1.0 - 2.0 * (f64::from(self.y) + y / EXTENT) / n);
        (lon_deg, turn.sinh().atan().to_degrees())
    }

    /// Units of the tile's extent from its north-west corner.
    pub(crate) fn units(self, lon_deg: f64, lat_deg: f64) -> (f64, f64) {
        let n = f64::from(1u32 << self.z);
        let x = (lon_deg + 180.0) / 360.0 * n - f64::from(self.x);
        let y = mercator_row(lat_deg) * n - f64::from(self.y);
        (x * EXTENT, y * EXTENT)
    }

    /// A rectangle in metres on the grid that holds all that the tile draws, its buffer included.
    pub fn bounds(self, grid: GridSystem) -> Bounds {
        let steps = [-BUFFER, EXTENT / 2.0, EXTENT + BUFFER];
        let mut bounds: Option<Bounds> = None;
        for x in steps {
            for y in steps {
                let (lon_deg, lat_deg) = self.lon_lat_deg(x, y);
                let (e_m, n_m) = grid.forward_deg(lon_deg, lat_deg);
                match &mut bounds {
                    Some(bounds) => bounds.include(e_m, n_m),
                    None => bounds = Some(Bounds::at(e_m, n_m)),
                }
            }
        }
        let bounds = bounds.unwrap_or_else(|| Bounds::at(0.0, 0.0));
        // The sides bend between the nine points; a hundredth of the width covers it.
        bounds.grown((bounds.max_e_m - bounds.min_e_m) * 0.01)
    }
}

/// 0 at the north edge of the Mercator square, 1 at the south edge.
pub(crate) fn mercator_row(lat_deg: f64) -> f64 {
    let lat_rad = lat_deg.clamp(-85.051_129, 85.051_129).to_radians();
    (1.0 - lat_rad.tan().asinh() / std::f64::consts::PI) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use faltkarta_geo::LonLatDeg;

    #[test]
    fn lindesberg_station_lies_in_the_published_tile() {
        let at =
            Position::<Wgs84>::parse(LonLatDeg { lon_deg: 15.228644834, lat_deg: 59.594516220 });
        let tile = TileId::at(14, at.unwrap());
        assert_eq!((tile.x(), tile.y()), (8885, 4794));
    }

    #[test]
    fn an_address_outside_the_pyramid_is_refused() {
        assert!(TileId::new(23, 0, 0).is_err());
        assert!(TileId::new(3, 8, 0).is_err());
    }

    #[test]
    fn the_bounds_hold_every_corner_of_the_tile() {
        let tile = TileId::new(12, 2221, 1198).unwrap();
        let bounds = tile.bounds(GridSystem::ZONE_15_00);
        for (x, y) in
            [(-64.0, -64.0), (4160.0, -64.0), (4160.0, 4160.0), (-64.0, 4160.0), (17.0, 4160.0)]
        {
            let (lon, lat) = tile.lon_lat_deg(x, y);
            let (e, n) = GridSystem::ZONE_15_00.forward_deg(lon, lat);
            assert!(bounds.holds(Bounds::at(e, n)), "{x} {y}");
        }
    }
}
