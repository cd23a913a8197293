//! Faults of polygons that are accepted and told, never mended: the supplier's shape stays the truth.

use faltkarta_geo::{Geometry, GeometryKind};
use geo_types::{Coord, Geometry as Types, LineString, Polygon};

/// Pairs of segments looked at before a polygon counts as too large to be judged.
const MAX_PAIRS: usize = 20_000_000;

/// The code of the worst fault of a geometry's polygons, when there is one.
pub(crate) fn fault(geometry: &Geometry) -> Option<&'static str> {
    if !matches!(geometry.kind(), GeometryKind::Polygon | GeometryKind::Collection) {
        return None;
    }
    fault_of(&geometry.to_types())
}

fn fault_of(shape: &Types<f64>) -> Option<&'static str> {
    match shape {
        Types::Polygon(polygon) => fault_of_polygon(polygon),
        Types::MultiPolygon(polygons) => polygons.0.iter().find_map(fault_of_polygon),
        Types::GeometryCollection(parts) => parts.0.iter().find_map(fault_of),
        _ => None,
    }
}

fn fault_of_polygon(polygon: &Polygon<f64>) -> Option<&'static str> {
    let rings = || std::iter::once(polygon.exterior()).chain(polygon.interiors());
    if rings().any(|ring| ring.0.len() < 4 || ring.0.first() != ring.0.last()) {
        return Some("invalid_geometry");
    }
    crosses(rings()).then_some("self_intersection")
}

#[derive(Clone, Copy)]
struct Segment {
    a: Coord<f64>,
    b: Coord<f64>,
    min_x: f64,
    max_x: f64,
}

/// Whether two segments cross inside both; a touch at a vertex is no crossing. A sweep from west to east.
fn crosses<'p>(rings: impl Iterator<Item = &'p LineString<f64>>) -> bool {
    let mut segments: Vec<Segment> = rings
        .flat_map(LineString::lines)
        .map(|it| Segment {
            a: it.start,
            b: it.end,
            min_x: it.start.x.min(it.end.x),
            max_x: it.start.x.max(it.end.x),
        })
        .collect();
    segments.sort_unstable_by(|one, other| one.min_x.total_cmp(&other.min_x));
    let mut n_pairs = 0;
    for (idx, one) in segments.iter().enumerate() {
        for other in &segments[idx + 1..] {
            if other.min_x > one.max_x {
                break;
            }
            n_pairs += 1;
            if n_pairs > MAX_PAIRS {
                return false;
            }
            if cross(one, other) {
                return true;
            }
        }
    }
    false
}

fn cross(one: &Segment, other: &Segment) -> bool {
    let (a, b, c, d) = (one.a, one.b, other.a, other.b);
    if a.y.min(b.y) > c.y.max(d.y) || c.y.min(d.y) > a.y.max(b.y) {
        return false;
    }
    let is_split = |from: Coord<f64>, to: Coord<f64>, p: Coord<f64>, q: Coord<f64>| {
        let side =
            |it: Coord<f64>| (to.x - from.x) * (it.y - from.y) - (to.y - from.y) * (it.x - from.x);
        let (left, right) = (side(p), side(q));
        (left > 0.0 && right < 0.0) || (left < 0.0 && right > 0.0)
    };
    is_split(a, b, c, d) && is_split(c, d, a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polygon(ring: &[(f64, f64)]) -> Geometry {
        let ring = LineString::from(ring.to_vec());
        Geometry::from_types(&Types::Polygon(Polygon::new(ring, vec![])))
    }

    #[test]
    fn a_bow_tie_crosses_itself_and_a_square_does_not() {
        let tie = polygon(&[(0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.0), (0.0, 0.0)]);
        assert_eq!(fault(&tie), Some("self_intersection"));
        let square = polygon(&[(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0), (0.0, 0.0)]);
        assert_eq!(fault(&square), None);
    }

    #[test]
    fn a_ring_that_touches_itself_at_a_vertex_is_no_crossing() {
        let pinched = polygon(&[
            (0.0, 0.0),
            (2.0, 0.0),
            (1.0, 1.0),
            (2.0, 2.0),
            (0.0, 2.0),
            (1.0, 1.0),
            (0.0, 0.0),
        ]);
        assert_eq!(fault(&pinched), None);
    }

    #[test]
    fn a_ring_of_two_corners_is_invalid() {
        let flat = polygon(&[(0.0, 0.0), (2.0, 0.0), (0.0, 0.0)]);
        assert_eq!(fault(&flat), Some("invalid_geometry"));
    }
}
