use faltkarta_geo::{Geometry, GeometryKind, GeometryPart, Grid, Position};

/// How a geometry lies to a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measured {
    /// Least distance in metres on the grid; 0 inside a polygon, infinite for an empty geometry.
    pub distance_m: f64,
    /// Area in square metres on the grid, holes taken away; 0 for points and lines.
    pub area_m2: f64,
}

/// A candidate that lies near enough.
#[derive(Debug, Clone, PartialEq)]
pub struct Identified<T> {
    /// The candidate.
    pub item: T,
    /// Distance in metres on the grid; 0 inside a polygon.
    pub distance_m: f64,
    /// Its shape.
    pub kind: GeometryKind,
    /// Area in square metres; 0 for points and lines.
    pub area_m2: f64,
}

/// Which of the candidates lie within `radius_m` metres of the point, topmost first: points, then lines, then areas.
///
/// Points and lines come by distance, areas by size: the small one lies on top of the large one. An area counts only
/// when the point lies inside it, or when the radius reaches its border.
pub fn identify<T>(
    at: Position<Grid>,
    radius_m: f64,
    candidates: impl IntoIterator<Item = (T, Geometry)>,
) -> Vec<Identified<T>> {
    let mut found: Vec<Identified<T>> = candidates
        .into_iter()
        .filter_map(|(item, geometry)| {
            let Measured { distance_m, area_m2 } = measure(at, &geometry);
            let kind = geometry.kind();
            (distance_m <= radius_m).then_some(Identified { item, distance_m, kind, area_m2 })
        })
        .collect();
    found.sort_by(|a, b| {
        rank(a)
            .cmp(&rank(b))
            .then_with(|| {
                (a.distance_m > 0.0 && a.area_m2 > 0.0)
                    .cmp(&(b.distance_m > 0.0 && b.area_m2 > 0.0))
            })
            .then_with(|| a.area_m2.total_cmp(&b.area_m2))
            .then_with(|| a.distance_m.total_cmp(&b.distance_m))
    });
    found
}

fn rank<T>(it: &Identified<T>) -> u8 {
    match it.kind {
        GeometryKind::Point => 0,
        GeometryKind::Line => 1,
        GeometryKind::Collection if it.area_m2 == 0.0 => 1,
        GeometryKind::Polygon | GeometryKind::Collection => 2,
    }
}

/// Distance and area in one walk over the bytes, without allocation.
pub fn measure(at: Position<Grid>, geometry: &Geometry) -> Measured {
    let mut walk = Walk::new(at);
    geometry.visit(|part| walk.see(part));
    let distance_m = if walk.is_inside { 0.0 } else { walk.least2.sqrt() };
    Measured { distance_m, area_m2: walk.area_m2 }
}

/// Everything relative to the point: northings of 6.6 million would cost seven digits.
struct Walk {
    e_m: f64,
    n_m: f64,
    is_polygon: bool,
    /// The vertex before, and its path's number within the polygon (0 = outer ring).
    previous: Option<(f64, f64)>,
    n_paths: usize,
    /// Even-odd over all rings of the polygon, so that holes fall out by themselves.
    is_odd: bool,
    ring_twice_area: f64,
    polygon_area_m2: f64,
    is_inside: bool,
    least2: f64,
    area_m2: f64,
}

impl Walk {
    fn new(at: Position<Grid>) -> Self {
        Self {
            e_m: at.e_m(),
            n_m: at.n_m(),
            is_polygon: false,
            previous: None,
            n_paths: 0,
            is_odd: false,
            ring_twice_area: 0.0,
            polygon_area_m2: 0.0,
            is_inside: false,
            least2: f64::INFINITY,
            area_m2: 0.0,
        }
    }

    fn see(&mut self, part: GeometryPart) {
        match part {
            GeometryPart::Begin { base } => {
                self.is_polygon = base == 3;
                self.previous = None;
                self.n_paths = 0;
                self.is_odd = false;
                self.polygon_area_m2 = 0.0;
                self.ring_twice_area = 0.0;
            }
            GeometryPart::Path { .. } => {
                self.close_ring();
                self.n_paths += 1;
                self.previous = None;
            }
            GeometryPart::Vertex { e_m, n_m } => self.vertex(e_m - self.e_m, n_m - self.n_m),
            GeometryPart::End => {
                if self.is_polygon {
                    self.close_ring();
                    self.area_m2 += self.polygon_area_m2.max(0.0);
                    self.is_inside |= self.is_odd;
                }
                self.is_polygon = false;
            }
        }
    }

    fn vertex(&mut self, x: f64, y: f64) {
        let Some((px, py)) = self.previous.replace((x, y)) else {
            self.least2 = self.least2.min(x * x + y * y);
            return;
        };
        let (dx, dy) = (x - px, y - py);
        let length2 = dx * dx + dy * dy;
        let t = if length2 > 0.0 { (-(px * dx + py * dy) / length2).clamp(0.0, 1.0) } else { 0.0 };
        let (nx, ny) = (px + t * dx, py + t * dy);
        self.least2 = self.least2.min(nx * nx + ny * ny);
        if self.is_polygon {
            self.ring_twice_area += px * y - x * py;
            if (py > 0.0) != (y > 0.0) && 0.0 < dx * -py / dy + px {
                self.is_odd = !self.is_odd;
            }
        }
    }

    fn close_ring(&mut self) {
        let area_m2 = (self.ring_twice_area / 2.0).abs();
        match self.n_paths {
            0 => {}
            1 => self.polygon_area_m2 += area_m2,
            _ => self.polygon_area_m2 -= area_m2,
        }
        self.ring_twice_area = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use faltkarta_geo::{EastNorthM, area_on_grid_m2, distance_to_geometry_m};
    use geo_types::{
        Geometry as Types, GeometryCollection, LineString, MultiPolygon, Point, Polygon,
    };
    use proptest::prelude::*;

    const E: f64 = 150_000.0;
    const N: f64 = 6_600_000.0;

    fn at(e: f64, n: f64) -> Position<Grid> {
        Position::<Grid>::parse(EastNorthM { e_m: E + e, n_m: N + n }).unwrap()
    }

    fn ring(e: f64, n: f64, side: f64) -> LineString<f64> {
        LineString::from(vec![
            (E + e, N + n),
            (E + e + side, N + n),
            (E + e + side, N + n + side),
            (E + e, N + n + side),
            (E + e, N + n),
        ])
    }

    fn square(e: f64, n: f64, side: f64) -> Geometry {
        Geometry::from_types(&Types::Polygon(Polygon::new(ring(e, n, side), vec![])))
    }

    #[test]
    fn points_lie_over_lines_and_small_areas_over_large_ones() {
        let line = LineString::from(vec![(E, N + 51.0), (E + 100.0, N + 51.0)]);
        let found = identify(
            at(50.0, 50.0),
            2.0,
            [
                ("parcel", square(0.0, 0.0, 100.0)),
                ("zone", square(-1_000.0, -1_000.0, 3_000.0)),
                ("pipe", Geometry::from_types(&Types::LineString(line))),
                ("house", square(45.0, 45.0, 10.0)),
                ("neighbour", square(51.0, 49.0, 9.0)),
                ("valve", Geometry::point(E + 51.5, N + 50.0)),
                ("far", Geometry::point(E + 53.0, N + 50.0)),
            ],
        );
        let order: Vec<&str> = found.iter().map(|it| it.item).collect();
        assert_eq!(order, ["valve", "pipe", "house", "parcel", "zone", "neighbour"]);
        assert_eq!(found[2].distance_m, 0.0);
        assert!((found[1].distance_m - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_hole_is_outside_and_its_border_is_measured() {
        let pond = Polygon::new(ring(0.0, 0.0, 100.0), vec![ring(40.0, 40.0, 20.0)]);
        let measured = measure(at(50.0, 52.0), &Geometry::from_types(&Types::Polygon(pond)));
        assert!((measured.distance_m - 8.0).abs() < 1e-9, "{measured:?}");
        assert!((measured.area_m2 - 9_600.0).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn one_walk_agrees_with_the_measures_of_geo(
            e in -20.0..120.0f64, n in -20.0..120.0f64, side in 1.0..60.0f64, shift in 1.0..30.0f64,
        ) {
            let shape = Types::GeometryCollection(GeometryCollection(vec![
                Types::MultiPolygon(MultiPolygon(vec![
                    Polygon::new(ring(0.0, 0.0, 100.0), vec![ring(shift, shift, side)]),
                    Polygon::new(ring(200.0, 0.0, side), vec![]),
                ])),
                Types::LineString(ring(110.0, 110.0, 5.0)),
                Types::Point(Point::new(E - 5.0, N - 5.0)),
            ]));
            let geometry = Geometry::from_types(&shape);
            let measured = measure(at(e, n), &geometry);
            prop_assert!(
                (measured.distance_m - distance_to_geometry_m(at(e, n), &geometry)).abs() < 1e-6
            );
            prop_assert!((measured.area_m2 - area_on_grid_m2(&geometry)).abs() < 1e-4);
        }
    }
}
