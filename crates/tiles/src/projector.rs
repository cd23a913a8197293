use faltkarta_geo::{Bounds, GridSystem};

use crate::tile_id::{BUFFER, EXTENT, TileId};

/// Takes metres on the grid to units of one tile.
///
/// From zoom 10 on, both axes are quadratic surfaces through nine exact points of the tile; between them the two
/// projections differ from such a surface by less than a hundredth of a unit at zoom 12. Vertices far outside the
/// tile, and all of lower zooms, go the exact way.
#[derive(Debug)]
pub(crate) struct Projector {
    tile: TileId,
    grid: GridSystem,
    near: Option<Surface>,
}

#[derive(Debug)]
struct Surface {
    trusted: Bounds,
    middle_e_m: f64,
    middle_n_m: f64,
    per_half_width: f64,
    x: [f64; 9],
    y: [f64; 9],
}

/// The least zoom at which the surface is exact enough.
const SURFACE_ZOOM_MIN: u8 = 10;

impl Projector {
    pub(crate) fn new(tile: TileId, grid: GridSystem) -> Self {
        let near = (tile.z >= SURFACE_ZOOM_MIN).then(|| Surface::of(tile, grid));
        Self { tile, grid, near }
    }

    pub(crate) fn units(&self, e_m: f64, n_m: f64) -> (f64, f64) {
        match &self.near {
            Some(surface) if surface.trusted.holds(Bounds::at(e_m, n_m)) => surface.units(e_m, n_m),
            _ => self.exact(e_m, n_m),
        }
    }

    fn exact(&self, e_m: f64, n_m: f64) -> (f64, f64) {
        let (lon_deg, lat_deg) = self.grid.inverse_deg(e_m, n_m);
        self.tile.units(lon_deg, lat_deg)
    }
}

impl Surface {
    fn of(tile: TileId, grid: GridSystem) -> Self {
        let bounds = tile.bounds(grid);
        let (middle_e_m, middle_n_m) = bounds.middle();
        let half_m = (bounds.max_e_m - bounds.min_e_m).max(bounds.max_n_m - bounds.min_n_m) / 2.0;
        let exact = |u: f64, v: f64| {
            let (lon, lat) = grid.inverse_deg(middle_e_m + u * half_m, middle_n_m + v * half_m);
            tile.units(lon, lat)
        };
        // Values at -1, 0, 1 along each axis become coefficients of 1, u, u² times 1, v, v².
        let mut at = [[(0.0, 0.0); 3]; 3];
        for (i, row) in at.iter_mut().enumerate() {
            for (j, value) in row.iter_mut().enumerate() {
                *value = exact(i as f64 - 1.0, j as f64 - 1.0);
            }
        }
        let pick = |axis: fn((f64, f64)) -> f64| {
            let along_v: Vec<[f64; 3]> = at
                .iter()
                .map(|row| quadratic([axis(row[0]), axis(row[1]), axis(row[2])]))
                .collect();
            let mut coefficients = [0.0; 9];
            for j in 0..3 {
                let along_u = quadratic([along_v[0][j], along_v[1][j], along_v[2][j]]);
                for i in 0..3 {
                    coefficients[i * 3 + j] = along_u[i];
                }
            }
            coefficients
        };
        Self {
            trusted: bounds.grown(half_m * BUFFER / EXTENT),
            middle_e_m,
            middle_n_m,
            per_half_width: 1.0 / half_m,
            x: pick(|it| it.0),
            y: pick(|it| it.1),
        }
    }

    fn units(&self, e_m: f64, n_m: f64) -> (f64, f64) {
        let u = (e_m - self.middle_e_m) * self.per_half_width;
        let v = (n_m - self.middle_n_m) * self.per_half_width;
        (value(&self.x, u, v), value(&self.y, u, v))
    }
}

/// Coefficients of the parabola through values at -1, 0 and 1.
fn quadratic([before, middle, after]: [f64; 3]) -> [f64; 3] {
    [middle, (after - before) / 2.0, f64::midpoint(after, before) - middle]
}

fn value(c: &[f64; 9], u: f64, v: f64) -> f64 {
    let row = |i: usize| c[i * 3] + v * (c[i * 3 + 1] + v * c[i * 3 + 2]);
    row(0) + u * (row(1) + u * row(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tenth of a unit is an eightieth of a pixel.
    const TOLERANCE: f64 = 0.1;

    #[test]
    fn the_surface_agrees_with_both_projections_at_every_zoom_that_uses_it() {
        for (z, x, y) in [(10, 555, 299), (12, 2221, 1198), (14, 8885, 4794), (16, 35540, 19176)] {
            let tile = TileId::new(z, x, y).unwrap();
            let projector = Projector::new(tile, GridSystem::ZONE_15_00);
            let bounds = tile.bounds(GridSystem::ZONE_15_00);
            for i in 0..=20 {
                for j in 0..=20 {
                    let e =
                        bounds.min_e_m + (bounds.max_e_m - bounds.min_e_m) * f64::from(i) / 20.0;
                    let n =
                        bounds.min_n_m + (bounds.max_n_m - bounds.min_n_m) * f64::from(j) / 20.0;
                    let (a, b) = (projector.units(e, n), projector.exact(e, n));
                    assert!((a.0 - b.0).hypot(a.1 - b.1) < TOLERANCE, "z{z}: {a:?} {b:?}");
                }
            }
        }
    }
}
