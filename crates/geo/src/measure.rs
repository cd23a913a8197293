//! Plane measures on the municipal grid. Web Mercator has none: it would be wrong by a factor of two.

use geo_types::{Coord, Geometry as Types, LineString, Polygon};

use crate::geometry::Geometry;
use crate::position::{Grid, Position, computed};

/// Straight distance on the grid in metres. Within 4 parts in a million of the ground near 15° E in zone 15 00.
pub fn distance_on_grid_m(a: Position<Grid>, b: Position<Grid>) -> f64 {
    (a.e_m() - b.e_m()).hypot(a.n_m() - b.n_m())
}

/// Length of all lines in metres; polygons count their outline, points nothing.
pub fn length_on_grid_m(geometry: &Geometry) -> f64 {
    let mut length_m = 0.0;
    for_each_path(&geometry.to_types(), &mut |path, _| {
        length_m += path.lines().map(|it| it.dx().hypot(it.dy())).sum::<f64>();
    });
    length_m
}

/// Area of all polygons in square metres, holes taken away. Not the registered area of a property.
pub fn area_on_grid_m2(geometry: &Geometry) -> f64 {
    let mut area_m2 = 0.0;
    for_each_polygon(&geometry.to_types(), &mut |polygon| {
        let holes: f64 = polygon.interiors().iter().map(ring_area_m2).sum();
        area_m2 += ring_area_m2(polygon.exterior()) - holes;
    });
    area_m2
}

/// Least distance in metres from a point to a geometry; 0 inside a polygon; infinite for an empty one.
pub fn distance_to_geometry_m(at: Position<Grid>, geometry: &Geometry) -> f64 {
    let point = Coord { x: at.e_m(), y: at.n_m() };
    let shape = geometry.to_types();
    let mut is_inside = false;
    for_each_polygon(&shape, &mut |polygon| {
        is_inside |= ring_holds(polygon.exterior(), point)
            && !polygon.interiors().iter().any(|hole| ring_holds(hole, point));
    });
    if is_inside {
        return 0.0;
    }
    let mut least_m = f64::INFINITY;
    for_each_path(&shape, &mut |path, single| {
        if single {
            for vertex in &path.0 {
                least_m = least_m.min((vertex.x - point.x).hypot(vertex.y - point.y));
            }
        }
        for line in path.lines() {
            least_m = least_m.min(to_segment_m(point, line.start, line.end));
        }
    });
    least_m
}

/// How far two geometries differ at most, in metres: the greatest distance from a vertex of either to the other. A
/// vertex inside the other's polygon counts nothing; 0 when one of them is empty.
pub fn greatest_deviation_m(a: &Geometry, b: &Geometry) -> f64 {
    let directed = |from: &Geometry, to: &Geometry| {
        let mut greatest_m = 0.0_f64;
        for_each_path(&from.to_types(), &mut |path, _| {
            for vertex in &path.0 {
                let at = computed::<Grid>(vertex.x, vertex.y);
                let off_m = distance_to_geometry_m(at, to);
                if off_m.is_finite() {
                    greatest_m = greatest_m.max(off_m);
                }
            }
        });
        greatest_m
    };
    directed(a, b).max(directed(b, a))
}

fn to_segment_m(p: Coord<f64>, a: Coord<f64>, b: Coord<f64>) -> f64 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let length2 = dx * dx + dy * dy;
    let t = if length2 > 0.0 {
        (((p.x - a.x) * dx + (p.y - a.y) * dy) / length2).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (p.x - (a.x + t * dx)).hypot(p.y - (a.y + t * dy))
}

/// Even-odd rule; a point on the border may fall on either side.
fn ring_holds(ring: &LineString<f64>, p: Coord<f64>) -> bool {
    let mut is_inside = false;
    for line in ring.lines() {
        let (a, b) = (line.start, line.end);
        if (a.y > p.y) != (b.y > p.y) && p.x < (b.x - a.x) * (p.y - a.y) / (b.y - a.y) + a.x {
            is_inside = !is_inside;
        }
    }
    is_inside
}

fn ring_area_m2(ring: &LineString<f64>) -> f64 {
    // Relative to the first vertex: northings of 6.6 million would cost seven digits.
    let Some(origin) = ring.0.first() else { return 0.0 };
    let twice: f64 = ring
        .lines()
        .map(|it| {
            (it.start.x - origin.x) * (it.end.y - origin.y)
                - (it.end.x - origin.x) * (it.start.y - origin.y)
        })
        .sum();
    (twice / 2.0).abs()
}

fn for_each_polygon(shape: &Types<f64>, see: &mut impl FnMut(&Polygon<f64>)) {
    match shape {
        Types::Polygon(polygon) => see(polygon),
        Types::MultiPolygon(polygons) => polygons.0.iter().for_each(see),
        Types::GeometryCollection(parts) => {
            for part in &parts.0 {
                for_each_polygon(part, see);
            }
        }
        _ => {}
    }
}

/// Shows each line or ring; `single` is true for a lone vertex.
fn for_each_path(shape: &Types<f64>, see: &mut impl FnMut(&LineString<f64>, bool)) {
    match shape {
        Types::Point(at) => see(&LineString(vec![at.0]), true),
        Types::MultiPoint(points) => {
            points.0.iter().for_each(|at| see(&LineString(vec![at.0]), true));
        }
        Types::LineString(line) => see(line, false),
        Types::MultiLineString(lines) => lines.0.iter().for_each(|line| see(line, false)),
        Types::GeometryCollection(parts) => {
            for part in &parts.0 {
                for_each_path(part, see);
            }
        }
        polygonal => for_each_polygon(polygonal, &mut |polygon| {
            see(polygon.exterior(), false);
            polygon.interiors().iter().for_each(|hole| see(hole, false));
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::EastNorthM;

    /// The square of 100 m at Lindesberg that the control figures are printed for.
    fn square() -> Geometry {
        let (e, n) = (162900.0, 6608900.0);
        Geometry::from_types(&Types::Polygon(Polygon::new(
            LineString::from(vec![
                (e, n),
                (e + 100.0, n),
                (e + 100.0, n + 100.0),
                (e, n + 100.0),
                (e, n),
            ]),
            vec![],
        )))
    }

    fn at(e_m: f64, n_m: f64) -> Position<Grid> {
        Position::<Grid>::parse(EastNorthM { e_m, n_m }).unwrap()
    }

    #[test]
    fn a_square_of_a_hundred_metres_measures_as_one() {
        assert!((area_on_grid_m2(&square()) - 10_000.0).abs() < 1e-6);
        assert!((length_on_grid_m(&square()) - 400.0).abs() < 1e-9);
    }

    #[test]
    fn distance_is_zero_inside_and_to_the_border_outside() {
        assert_eq!(distance_to_geometry_m(at(162950.0, 6608950.0), &square()), 0.0);
        assert!((distance_to_geometry_m(at(163010.0, 6608950.0), &square()) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn two_courses_differ_by_their_farthest_bend_either_way_round() {
        let line = |bend_n: f64| {
            Geometry::from_types(&Types::LineString(LineString::from(vec![
                (162_900.0, 6_608_900.0),
                (162_950.0, bend_n),
                (163_000.0, 6_608_900.0),
            ])))
        };
        let (straight, bent) = (line(6_608_900.0), line(6_608_908.0));
        assert!((greatest_deviation_m(&straight, &bent) - 8.0).abs() < 1e-9);
        assert!((greatest_deviation_m(&bent, &straight) - 8.0).abs() < 1e-9);
        assert_eq!(greatest_deviation_m(&bent, &bent), 0.0);
    }

    #[test]
    fn stations_lie_as_far_apart_as_computed() {
        let d = distance_on_grid_m(at(162914.167, 6608920.569), at(170619.249, 6594817.928));
        assert!((d - 16_070.245).abs() < 0.001, "{d}");
    }
}
