use faltkarta_geo::{Geometry, Grid, Position};

use crate::outline::{Outline, Xy};
use crate::relate::foot;

/// What of a shape a place is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapKind {
    /// A corner, or a point.
    Vertex,
    /// A place along an edge.
    Edge,
}

/// A place on a shape's outline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Snap {
    /// What it is.
    pub kind: SnapKind,
    /// Easting and northing in metres on the grid. A vertex to the last bit as it is stored.
    pub at_m: (f64, f64),
    /// How far it lies from what was asked about, in metres.
    pub distance_m: f64,
}

/// The nearest vertex of a shape within a radius in metres; when there is none, the nearest place on its edges within
/// it. Edges of polygons are their outlines, holes too.
pub fn snap(at: Position<Grid>, radius_m: f64, shape: &Geometry) -> Option<Snap> {
    let is_near = |it: &Snap| it.distance_m <= radius_m;
    nearest_vertex(at, shape)
        .filter(is_near)
        .or_else(|| nearest_on_outline(at, shape).filter(is_near))
}

/// The place of a shape's outline that is nearest, however far away; also from inside a polygon.
pub fn nearest_on_outline(at: Position<Grid>, shape: &Geometry) -> Option<Snap> {
    let origin = (at.e_m(), at.n_m());
    let mut best: Option<(f64, Xy)> = None;
    Outline::of([shape], origin).edges(&mut |a, b| {
        let on = foot([0.0, 0.0], a, b);
        let distance_m = on[0].hypot(on[1]);
        if best.is_none_or(|it| distance_m < it.0) {
            best = Some((distance_m, on));
        }
        true
    });
    let (distance_m, [x, y]) = best?;
    Some(Snap { kind: SnapKind::Edge, at_m: (origin.0 + x, origin.1 + y), distance_m })
}

fn nearest_vertex(at: Position<Grid>, shape: &Geometry) -> Option<Snap> {
    let mut best: Option<Snap> = None;
    shape.for_each_xy(|e_m, n_m| {
        let distance_m = (e_m - at.e_m()).hypot(n_m - at.n_m());
        if best.is_none_or(|it| distance_m < it.distance_m) {
            best = Some(Snap { kind: SnapKind::Vertex, at_m: (e_m, n_m), distance_m });
        }
    });
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use faltkarta_geo::EastNorthM;
    use geo_types::{LineString, Polygon};

    const E: f64 = 162_900.0;
    const N: f64 = 6_608_900.0;

    fn square() -> Geometry {
        let ring: LineString<f64> =
            vec![(E, N), (E + 100.0, N), (E + 100.0, N + 100.0), (E, N + 100.0), (E, N)].into();
        Geometry::from_types(&Polygon::new(ring, vec![]).into())
    }

    fn at(e: f64, n: f64) -> Position<Grid> {
        Position::<Grid>::parse(EastNorthM { e_m: E + e, n_m: N + n }).unwrap()
    }

    #[test]
    fn a_corner_goes_before_an_edge_that_is_nearer() {
        let found = snap(at(3.0, 1.0), 5.0, &square()).unwrap();
        assert_eq!((found.kind, found.at_m), (SnapKind::Vertex, (E, N)));
    }

    #[test]
    fn away_from_corners_the_edge_holds_from_either_side() {
        for n in [-2.0, 2.0] {
            let found = snap(at(40.0, n), 5.0, &square()).unwrap();
            assert_eq!(found.kind, SnapKind::Edge);
            assert!((found.at_m.0 - E - 40.0).abs() < 1e-6 && (found.at_m.1 - N).abs() < 1e-6);
            assert!((found.distance_m - 2.0).abs() < 1e-9);
        }
    }

    #[test]
    fn nothing_beyond_the_radius_holds() {
        assert_eq!(snap(at(50.0, 50.0), 5.0, &square()), None);
        assert_eq!(snap(at(50.0, -5.1), 5.0, &square()), None);
    }

    #[test]
    fn from_inside_the_outline_is_as_far_as_it_is() {
        let found = nearest_on_outline(at(50.0, 30.0), &square()).unwrap();
        assert!((found.distance_m - 30.0).abs() < 1e-9);
    }
}
