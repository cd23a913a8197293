use faltkarta_geo::{Bounds, GridSystem};

use crate::tile_id::TileId;

/// From this zoom on a polynomial stands for the projections.
const POLYNOMIAL_FROM_ZOOM: u8 = 9;

/// How grid metres become the units of one tile.
#[derive(Debug, Clone)]
pub(crate) enum TilePlane {
    Smooth(Polynomial),
    Exact { tile: TileId, grid: GridSystem },
}

impl TilePlane {
    pub(crate) fn new(tile: TileId, grid: GridSystem) -> Self {
        if tile.z() < POLYNOMIAL_FROM_ZOOM {
            return Self::Exact { tile, grid };
        }
        let bounds = tile.bounds(grid);
        Self::Smooth(Polynomial::fit(bounds, |e_m, n_m| exact(tile, grid, e_m, n_m)))
    }

    /// Metres on the grid to units of the tile, x east and y south.
    pub(crate) fn place(&self, e_m: f64, n_m: f64) -> (f64, f64) {
        match self {
            Self::Smooth(polynomial) => polynomial.at(e_m, n_m),
            Self::Exact { tile, grid } => exact(*tile, *grid, e_m, n_m),
        }
    }
}

/// A map of the plane to the plane by polynomials of second degree in each axis, through nine points.
///
/// Over a few kilometres the way from one projection by way of longitude and latitude to another is so smooth that this
/// is exact to a thousandth of a tile's unit at zoom 12, and costs a hundredth of the way itself.
#[derive(Debug, Clone)]
pub(crate) struct Polynomial {
    /// Middle of the nine points, metres.
    middle: (f64, f64),
    /// One over half their distance, 1/metres.
    inverse_half: (f64, f64),
    /// Coefficients of 1, x, y, xy, x², y², x²y, xy², x²y², for both axes.
    coefficients: [(f64, f64); 9],
}

impl Polynomial {
    pub(crate) fn fit(bounds: Bounds, exact: impl Fn(f64, f64) -> (f64, f64)) -> Self {
        let middle = bounds.middle();
        let half = (bounds.max_e_m - middle.0, bounds.max_n_m - middle.1);
        let at = |i: f64, j: f64| exact(middle.0 + i * half.0, middle.1 + j * half.1);
        // Values at -1, 0 and 1 give c, b and a of a·x² + b·x + c; first along x, then the same along y.
        let quadratic = |low: f64, mid: f64, high: f64| {
            (mid, (high - low) / 2.0, f64::midpoint(low, high) - mid)
        };
        let rows = [-1.0, 0.0, 1.0].map(|j| {
            let (low, mid, high) = (at(-1.0, j), at(0.0, j), at(1.0, j));
            (quadratic(low.0, mid.0, high.0), quadratic(low.1, mid.1, high.1))
        });
        let along = |of: &dyn Fn(usize) -> f64| quadratic(of(0), of(1), of(2));
        let u = [along(&|it| rows[it].0.0), along(&|it| rows[it].0.1), along(&|it| rows[it].0.2)];
        let v = [along(&|it| rows[it].1.0), along(&|it| rows[it].1.1), along(&|it| rows[it].1.2)];
        let coefficients = [
            (u[0].0, v[0].0),
            (u[1].0, v[1].0),
            (u[0].1, v[0].1),
            (u[1].1, v[1].1),
            (u[2].0, v[2].0),
            (u[0].2, v[0].2),
            (u[2].1, v[2].1),
            (u[1].2, v[1].2),
            (u[2].2, v[2].2),
        ];
        Self { middle, inverse_half: (1.0 / half.0, 1.0 / half.1), coefficients }
    }

    pub(crate) fn at(&self, e_m: f64, n_m: f64) -> (f64, f64) {
        let x = (e_m - self.middle.0) * self.inverse_half.0;
        let y = (n_m - self.middle.1) * self.inverse_half.1;
        let (x2, y2, xy) = (x * x, y * y, x * y);
        let powers = [1.0, x, y, xy, x2, y2, x2 * y, x * y2, x2 * y2];
        let mut at = (0.0, 0.0);
        for (power, k) in powers.iter().zip(&self.coefficients) {
            at.0 += power * k.0;
            at.1 += power * k.1;
        }
        at
    }
}

fn exact(tile: TileId, grid: GridSystem, e_m: f64, n_m: f64) -> (f64, f64) {
    let (lon_deg, lat_deg) = grid.inverse_deg(e_m, n_m);
    tile.units(lon_deg, lat_deg)
}

#[cfg(test)]
mod tests {
    use super::*;
    use faltkarta_geo::{LonLatDeg, Position, Wgs84};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_polynomial_agrees_with_the_projections(
            e in 113_000.0..190_000.0f64, n in 6_584_000.0..6_667_000.0f64, z in 9u8..=18,
            u in -1.0..1.0f64, v in -1.0..1.0f64, epsg in prop_oneof![Just(3006u32), Just(3009)],
        ) {
            let grid = GridSystem::from_epsg(epsg).unwrap();
            let (e, n) = GridSystem::ZONE_15_00.to_grid(grid, e, n);
            let (lon, lat) = grid.inverse_deg(e, n);
            let at = Position::<Wgs84>::parse(LonLatDeg { lon_deg: lon, lat_deg: lat }).unwrap();
            let tile = TileId::at(z, at);
            let bounds = tile.bounds(grid);
            let middle = bounds.middle();
            let at = (
                middle.0 + u * (bounds.max_e_m - middle.0),
                middle.1 + v * (bounds.max_n_m - middle.1),
            );
            let fast = TilePlane::new(tile, grid).place(at.0, at.1);
            let slow = exact(tile, grid, at.0, at.1);
            let off = (fast.0 - slow.0).hypot(fast.1 - slow.1);
            // A tenth of a pixel is 0.8 units.
            prop_assert!(off < if z >= 12 { 0.01 } else { 0.1 }, "{off} at zoom {z}");
        }
    }
}
