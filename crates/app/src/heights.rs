//! The height of a place, reckoned from the contours that the base map carries.

use std::collections::BTreeSet;

use faltkarta_geo::{Bounds, EastNorthM, Geometry, Grid, Position};
use faltkarta_model::{FieldId, Timestamp};
use faltkarta_spatial::{Snap, nearest_on_outline};
use faltkarta_tiles::{HeightLine, TileId};
use geo_types::LineString;

use crate::error::AppError;
use crate::field::Field;
use crate::map_tile::of_tile;
use crate::measuring::{Measure, NoMeasure, source_of};

/// A contour farther away than this says nothing about a place.
const REACH_M: f64 = 300.0;
/// A place so near a contour lies on it: what a tile rounds its lines to.
const ON_LINE_M: f64 = 0.5;

/// A contour on the grid.
struct Contour {
    height_m: f64,
    path: Geometry,
    nearest: Snap,
}

impl Field {
    /// The height of a place between the two nearest contours of different height, in proportion to how near they are.
    pub(crate) fn height(&self, at: Position<Grid>, now: Timestamp) -> Result<Measure, AppError> {
        let local = self.catalog.datasets.iter().find(|it| it.dataset.elevation.is_some());
        let (Some(local), Some(base_map)) = (local, &self.base_map) else {
            return Ok(Measure::Nothing(NoMeasure::NoHeights));
        };
        let field = local.dataset.elevation.as_ref().map(FieldId::as_str).unwrap_or_default();
        let mut contours = vec![];
        for tile in self.tiles_around(at, *base_map.zooms().end()) {
            let lines = base_map
                .height_lines(tile, local.dataset.id.as_str(), field)
                .map_err(|it| of_tile(&it))?;
            contours.extend(lines.iter().filter_map(|it| self.contour(it, at)));
        }
        let source = source_of(local, now);
        Ok(match between(at, &contours) {
            Some((height_m, between_m)) => Measure::Height { height_m, between_m, source },
            None => Measure::Nothing(NoMeasure::HeightsTooFar),
        })
    }

    /// The tiles that hold what lies within reach of a place.
    fn tiles_around(&self, at: Position<Grid>, zoom: u8) -> BTreeSet<TileId> {
        let steps = [-REACH_M, 0.0, REACH_M];
        let places = steps.iter().flat_map(|e| steps.iter().map(move |n| (e, n)));
        places
            .filter_map(|(e, n)| {
                let shifted = EastNorthM { e_m: at.e_m() + e, n_m: at.n_m() + n };
                let shifted = Position::<Grid>::parse(shifted).ok()?;
                Some(TileId::at(zoom, self.grid.to_wgs84(shifted)))
            })
            .collect()
    }

    /// A line of a tile on the grid, when it comes within reach.
    fn contour(&self, line: &HeightLine, at: Position<Grid>) -> Option<Contour> {
        let path: LineString<f64> =
            line.path_deg.iter().map(|it| self.grid.forward_deg(it.0, it.1)).collect();
        let path = Geometry::from_types(&path.into());
        let reach = Bounds::at(at.e_m(), at.n_m()).grown(REACH_M);
        path.bounds().filter(|it| it.meets(reach))?;
        let nearest = nearest_on_outline(at, &path).filter(|it| it.distance_m <= REACH_M)?;
        Some(Contour { height_m: line.height_m, path, nearest })
    }
}

/// A height between contours, and the two that it lies between. `None` when the ground is not known on both sides: a
/// hilltop inside the last contour, or a plain.
fn between(at: Position<Grid>, contours: &[Contour]) -> Option<(f64, (f64, f64))> {
    let by_distance =
        |a: &&Contour, b: &&Contour| a.nearest.distance_m.total_cmp(&b.nearest.distance_m);
    let first = contours.iter().min_by(by_distance)?;
    if first.nearest.distance_m <= ON_LINE_M {
        return Some((first.height_m, (first.height_m, first.height_m)));
    }
    // Behind the nearest contour lies ground that says nothing of this side of it.
    let is_in_sight = |it: &&Contour| {
        let way = LineString::from(vec![(at.e_m(), at.n_m()), it.nearest.at_m]);
        let way = faltkarta_spatial::Subject::of([&Geometry::from_types(&way.into())]);
        let first_height =
            contours.iter().filter(|other| other.height_m.total_cmp(&first.height_m).is_eq());
        way.is_some_and(|way| {
            first_height
                .clone()
                .all(|line| way.relate(&line.path).is_some_and(|related| related.distance_m > 0.0))
        })
    };
    let second = contours
        .iter()
        .filter(|it| (it.height_m - first.height_m).abs() > 0.01)
        .filter(is_in_sight)
        .min_by(by_distance)?;
    let (near_m, far_m) = (first.nearest.distance_m, second.nearest.distance_m);
    let height_m = (first.height_m * far_m + second.height_m * near_m) / (near_m + far_m);
    let (low, high) = (first.height_m.min(second.height_m), first.height_m.max(second.height_m));
    Some((height_m, (low, high)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const E: f64 = 162_000.0;
    const N: f64 = 6_608_000.0;

    fn at(e: f64, n: f64) -> Position<Grid> {
        Position::<Grid>::parse(EastNorthM { e_m: E + e, n_m: N + n }).unwrap()
    }

    fn height(place: (f64, f64), contours: &[(f64, &[(f64, f64)])]) -> Option<(f64, (f64, f64))> {
        let place = at(place.0, place.1);
        let contours: Vec<Contour> = contours
            .iter()
            .map(|(height_m, path)| {
                let path: LineString<f64> = path.iter().map(|it| (E + it.0, N + it.1)).collect();
                let path = Geometry::from_types(&path.into());
                let nearest = nearest_on_outline(place, &path).unwrap();
                Contour { height_m: *height_m, path, nearest }
            })
            .collect();
        between(place, &contours)
    }

    const SLOPE: [(f64, &[(f64, f64)]); 3] = [
        (90.0, &[(0.0, 0.0), (200.0, 0.0)]),
        (95.0, &[(0.0, 50.0), (200.0, 50.0)]),
        (100.0, &[(0.0, 100.0), (200.0, 100.0)]),
    ];

    #[test]
    fn on_a_slope_the_height_is_in_proportion_to_the_contours_on_both_sides() {
        let (height_m, between_m) = height((100.0, 70.0), &SLOPE).unwrap();
        assert!((height_m - 97.0).abs() < 1e-9, "{height_m}");
        assert_eq!(between_m, (95.0, 100.0));
    }

    #[test]
    fn on_a_contour_it_is_the_contours() {
        assert_eq!(height((100.0, 50.2), &SLOPE), Some((95.0, (95.0, 95.0))));
    }

    #[test]
    fn a_hilltop_inside_the_last_contour_has_no_height() {
        let ring: &[(f64, f64)] =
            &[(50.0, 50.0), (150.0, 50.0), (150.0, 150.0), (50.0, 150.0), (50.0, 50.0)];
        let foot: &[(f64, f64)] = &[(0.0, 20.0), (200.0, 20.0)];
        assert_eq!(height((100.0, 80.0), &[(100.0, ring), (95.0, foot)]), None);
    }

    #[test]
    fn without_a_second_height_there_is_none() {
        assert_eq!(height((100.0, 30.0), &SLOPE[..1]), None);
        assert_eq!(height((100.0, 30.0), &[]), None);
    }
}
