use std::f64::consts::TAU;

use faltkarta_geo::Geometry;
use geo_types::{LineString, MultiPolygon, Polygon};
use i_overlay::core::fill_rule::FillRule;
use i_overlay::float::simplify::SimplifyShape as _;

use crate::outline::{Outline, Xy};

/// A round end is drawn with so many edges that it is nowhere farther inside than this, in metres.
const ROUNDNESS_M: f64 = 0.001;
/// Most edges of a round end.
const N_EDGES_MAX: f64 = 1_000.0;

/// All that lies within a distance in metres of a shape, as an area with round ends: a corridor along a line, a disc
/// around a point, a polygon with a margin. `None` for a shape without vertices, or a distance that is not above 0.
///
/// Accuracy: round ends lie at most [`ROUNDNESS_M`] inside the true ones up to a distance of 200 m, and 5 mm at 1 km.
pub fn around(shape: &Geometry, reach_m: f64) -> Option<Geometry> {
    let origin = shape.bounds()?.middle();
    let outline = Outline::of([shape], origin);
    if outline.is_empty() || reach_m <= 0.0 || !reach_m.is_finite() {
        return None;
    }
    let mut pieces: Vec<Vec<Xy>> = vec![];
    for polygon in &outline.polygons {
        let clean = polygon.simplify_shape(FillRule::EvenOdd);
        pieces.extend(clean.into_iter().flatten());
    }
    let mut last: Option<Xy> = None;
    outline.edges(&mut |a, b| {
        if last.replace(b) != Some(a) {
            pieces.push(disc(a, reach_m));
        }
        if a != b {
            pieces.push(disc(b, reach_m));
            pieces.push(strip(a, b, reach_m));
        }
        true
    });
    let placed = |ring: Vec<Xy>| {
        let path = ring.into_iter().map(|[x, y]| (x + origin.0, y + origin.1));
        let mut path: LineString<f64> = path.collect();
        path.close();
        path
    };
    let polygons = pieces.simplify_shape(FillRule::NonZero).into_iter().map(|rings| {
        let mut rings = rings.into_iter().map(placed);
        let outer = rings.next().unwrap_or_else(|| LineString(vec![]));
        Polygon::new(outer, rings.collect())
    });
    Some(Geometry::from_types(&MultiPolygon(polygons.collect()).into()))
}

/// A disc, against the clock.
fn disc([x, y]: Xy, radius_m: f64) -> Vec<Xy> {
    // The sagitta of an edge that spans an angle: radius · (1 − cos(angle / 2)).
    let angle = 2.0 * (1.0 - (ROUNDNESS_M / radius_m).min(1.0)).acos();
    let n = (TAU / angle).ceil().clamp(16.0, N_EDGES_MAX) as u32;
    (0..n)
        .map(|at| f64::from(at) / f64::from(n) * TAU)
        .map(|turn| [x + radius_m * turn.cos(), y + radius_m * turn.sin()])
        .collect()
}

/// The rectangle along an edge, against the clock.
fn strip(a: Xy, b: Xy, half_m: f64) -> Vec<Xy> {
    let length_m = (b[0] - a[0]).hypot(b[1] - a[1]);
    let (x, y) = ((b[0] - a[0]) / length_m * half_m, (b[1] - a[1]) / length_m * half_m);
    vec![[a[0] + y, a[1] - x], [b[0] + y, b[1] - x], [b[0] - y, b[1] + x], [a[0] - y, a[1] + x]]
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::relate::{Relation, Subject};
    use faltkarta_geo::area_on_grid_m2;

    const E: f64 = 162_900.0;
    const N: f64 = 6_608_900.0;

    fn line(path: &[(f64, f64)]) -> Geometry {
        let path: LineString<f64> = path.iter().map(|(e, n)| (E + e, N + n)).collect();
        Geometry::from_types(&path.into())
    }

    #[test]
    fn a_corridor_has_its_length_times_its_width_and_two_half_discs() {
        for reach_m in [0.5, 10.0, 200.0] {
            let area =
                area_on_grid_m2(&around(&line(&[(0.0, 0.0), (300.0, 400.0)]), reach_m).unwrap());
            let expected = 500.0 * 2.0 * reach_m + PI * reach_m * reach_m;
            // A millimetre along the round ends.
            assert!(
                (area - expected).abs() < 0.001 * TAU * reach_m,
                "{reach_m}: {area} {expected}"
            );
        }
    }

    #[test]
    fn a_corridor_that_comes_back_has_a_hole_and_counts_no_place_twice() {
        let path = [(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0), (0.0, 0.0)];
        let ring = around(&line(&path), 10.0).unwrap();
        let expected = 100.0 * 100.0 + 4.0 * 100.0 * 10.0 + PI * 100.0 - 80.0 * 80.0;
        assert!((area_on_grid_m2(&ring) - expected).abs() < 0.2);
        let middle = Geometry::point(E + 50.0, N + 50.0);
        let subject = Subject::of([&middle]).unwrap();
        assert_eq!(subject.relate(&ring).unwrap().relation, Relation::Within);
    }

    #[test]
    fn a_polygon_keeps_its_inside() {
        let ring: LineString<f64> =
            vec![(E, N), (E + 100.0, N), (E + 100.0, N + 100.0), (E, N + 100.0), (E, N)].into();
        let grown =
            around(&Geometry::from_types(&Polygon::new(ring, vec![]).into()), 10.0).unwrap();
        let expected = 10_000.0 + 4_000.0 + PI * 100.0;
        assert!((area_on_grid_m2(&grown) - expected).abs() < 0.2);
    }

    #[test]
    fn no_distance_and_no_shape_give_nothing() {
        let path = line(&[(0.0, 0.0), (1.0, 0.0)]);
        for reach_m in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(around(&path, reach_m), None);
        }
    }
}
