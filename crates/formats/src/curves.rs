//! Arcs drawn as lines that leave them by no more than a stated distance.

use faltkarta_geo::GeometryError;

use crate::shape::{Form, Vertex};

/// How far a drawn line may lie from its arc, in metres, unless the caller says otherwise.
pub const CURVE_TOLERANCE_M: f64 = 0.001;

/// Degrees on the ground, along a meridian. Source: `domain.md` 1.6, 1° of latitude = 111 405 m.
const DEGREE_M: f64 = 111_405.0;

/// The most vertices that the arcs of one geometry may become.
const MAX_DRAWN: usize = 1_000_000;

/// Draws curves as lines.
///
/// All three points that define an arc stay vertices, and the vertices between two of them do not depend on the
/// direction in which the arc runs: neighbours that share an arc share its vertices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Linearise {
    pub(crate) tolerance_m: f64,
}

impl Default for Linearise {
    fn default() -> Self {
        Self { tolerance_m: CURVE_TOLERANCE_M }
    }
}

impl Linearise {
    /// The form without curves.
    pub(crate) fn form(self, form: Form) -> Result<Form, GeometryError> {
        let mut n_drawn = 0;
        self.part(form, &mut n_drawn)
    }

    fn part(self, form: Form, n_drawn: &mut usize) -> Result<Form, GeometryError> {
        Ok(match form {
            Form::Point(_) | Form::Line(_) | Form::Polygon(_) => form,
            Form::Circular(_) | Form::Compound(_) => Form::Line(self.path(form, n_drawn)?),
            Form::CurvePolygon(rings) => {
                let rings = rings.into_iter().map(|it| self.path(it, n_drawn));
                Form::Polygon(rings.collect::<Result<_, _>>()?)
            }
            Form::Many(base, parts) => {
                let parts = parts.into_iter().map(|it| self.part(it, n_drawn));
                let base = match base {
                    11 => 5,
                    12 => 6,
                    other => other,
                };
                Form::Many(base, parts.collect::<Result<_, _>>()?)
            }
        })
    }

    fn path(self, form: Form, n_drawn: &mut usize) -> Result<Vec<Vertex>, GeometryError> {
        match form {
            Form::Line(path) => Ok(path),
            Form::Circular(path) => self.arcs(&path, n_drawn),
            Form::Compound(parts) => {
                let mut whole: Vec<Vertex> = vec![];
                for part in parts {
                    let path = self.path(part, n_drawn)?;
                    let meets = whole.last().zip(path.first()).is_some_and(|(a, b)| a.is_at(*b));
                    whole.extend(path.into_iter().skip(usize::from(meets)));
                }
                Ok(whole)
            }
            _ => Err(GeometryError::BadCurve),
        }
    }

    fn arcs(self, path: &[Vertex], n_drawn: &mut usize) -> Result<Vec<Vertex>, GeometryError> {
        let is_whole = path.is_empty() || (path.len() >= 3 && path.len() % 2 == 1);
        if !is_whole {
            return Err(GeometryError::BadCurve);
        }
        let mut drawn: Vec<Vertex> = path.first().copied().into_iter().collect();
        for three in path.windows(3).step_by(2) {
            let [a, b, c] = [three[0], three[1], three[2]];
            if [a, b, c].iter().any(|it| !(it.x.is_finite() && it.y.is_finite())) {
                return Err(GeometryError::NotFinite);
            }
            match Circle::through(a, b, c) {
                Some(circle) => {
                    self.arc(circle, a, b, &mut drawn);
                    self.arc(circle, b, c, &mut drawn);
                }
                None => drawn.extend([b, c]),
            }
            if *n_drawn + drawn.len() > MAX_DRAWN {
                return Err(GeometryError::TooLarge);
            }
        }
        *n_drawn += drawn.len();
        Ok(drawn)
    }

    /// The vertices after `a` up to and with `b`.
    fn arc(self, circle: Circle, a: Vertex, b: Vertex, drawn: &mut Vec<Vertex>) {
        let is_turned = (b.x, b.y) < (a.x, a.y);
        let (first, last, is_left) =
            if is_turned { (b, a, !circle.is_left) } else { (a, b, circle.is_left) };
        let from = circle.angle(first);
        let mut sweep = circle.angle(last) - from;
        if is_left && sweep <= 0.0 {
            sweep += std::f64::consts::TAU;
        }
        if !is_left && sweep >= 0.0 {
            sweep -= std::f64::consts::TAU;
        }
        let is_degrees = [a, b].iter().all(|it| it.x.abs() <= 360.0 && it.y.abs() <= 90.0);
        let tolerance = if is_degrees { self.tolerance_m / DEGREE_M } else { self.tolerance_m };
        // The height of a circular segment is r (1 - cos(step / 2)), and 1 - cos(a) <= a²/2.
        let step = (8.0 * tolerance / circle.radius).sqrt().min(std::f64::consts::FRAC_PI_4);
        let n_steps = ((sweep.abs() / step).ceil()).clamp(1.0, MAX_DRAWN as f64) as usize;
        let begin = drawn.len();
        for idx in 1..n_steps {
            let share = idx as f64 / n_steps as f64;
            let (sin, cos) = (from + sweep * share).sin_cos();
            let between = |one: f64, other: f64| one + (other - one) * share;
            drawn.push(Vertex {
                x: circle.x + circle.radius * cos,
                y: circle.y + circle.radius * sin,
                z: between(first.z, last.z),
                m: between(first.m, last.m),
            });
        }
        if is_turned {
            drawn[begin..].reverse();
        }
        drawn.push(b);
    }
}

#[derive(Debug, Clone, Copy)]
struct Circle {
    x: f64,
    y: f64,
    radius: f64,
    // Against the clock.
    is_left: bool,
}

impl Circle {
    /// The circle of an arc; none when the three lie on one line. A first point equal to the last means the whole
    /// circle, with the second point opposite. Source: ISO 13249-3, circular strings.
    fn through(a: Vertex, b: Vertex, c: Vertex) -> Option<Self> {
        if a.is_at(c) {
            let radius = (a.x - b.x).hypot(a.y - b.y) / 2.0;
            let (x, y) = (f64::midpoint(a.x, b.x), f64::midpoint(a.y, b.y));
            return (radius > 0.0).then_some(Self { x, y, radius, is_left: true });
        }
        // The same circle whichever end comes first.
        let is_turned = (c.x, c.y) < (a.x, a.y);
        let (first, last) = if is_turned { (c, a) } else { (a, c) };
        let (bx, by) = (b.x - first.x, b.y - first.y);
        let (cx, cy) = (last.x - first.x, last.y - first.y);
        let cross = bx * cy - by * cx;
        let (b2, c2) = (bx * bx + by * by, cx * cx + cy * cy);
        let ux = (cy * b2 - by * c2) / (2.0 * cross);
        let uy = (bx * c2 - cx * b2) / (2.0 * cross);
        let radius = ux.hypot(uy);
        // Points on one line, or as good as: the sagitta is lost in the last digits of the ordinates.
        if cross == 0.0 || !radius.is_finite() || radius > 1e9 {
            return None;
        }
        let is_left = (cross > 0.0) != is_turned;
        Some(Self { x: first.x + ux, y: first.y + uy, radius, is_left })
    }

    fn angle(self, at: Vertex) -> f64 {
        (at.y - self.y).atan2(at.x - self.x)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shape;
    use geo_types::Geometry as Types;
    use proptest::prelude::*;

    /// A kilometre east of the origin, where numbers are metres; with 0 where there is no height or measure, so that
    /// vertices can be compared.
    fn at(x: f64, y: f64) -> Vertex {
        Vertex { x: 1000.0 + x, y, z: 0.0, m: 0.0 }
    }

    fn drawn(path: &[Vertex], tolerance_m: f64) -> Vec<Vertex> {
        let line = Linearise { tolerance_m }.form(Form::Circular(path.to_vec())).unwrap();
        let Form::Line(path) = line else { panic!("not a line") };
        path
    }

    fn farthest(path: &[Vertex], x: f64, y: f64, radius: f64) -> f64 {
        let middle = path.windows(2).map(|it| {
            let (mx, my) = (f64::midpoint(it[0].x, it[1].x), f64::midpoint(it[0].y, it[1].y));
            (radius - (mx - x).hypot(my - y)).abs()
        });
        middle.fold(0.0, f64::max)
    }

    #[test]
    fn a_half_circle_goes_through_its_middle_and_keeps_the_tolerance() {
        let path = drawn(&[at(0.0, 0.0), at(10.0, 10.0), at(20.0, 0.0)], 0.001);
        assert!(path.contains(&at(10.0, 10.0)));
        let off = farthest(&path, 1010.0, 0.0, 10.0);
        assert!(off <= 0.001 && off > 0.0005, "{off} with {} vertices", path.len());
        assert!(path.iter().all(|it| it.y >= 0.0), "over the middle and not under it");
    }

    #[test]
    fn a_whole_circle_is_closed_and_has_its_full_area() {
        let ring = drawn(&[at(20.0, 5.0), at(0.0, 5.0), at(20.0, 5.0)], 0.001);
        assert_eq!(ring.first(), ring.last());
        let twice: f64 =
            ring.windows(2).map(|it| it[0].x * it[1].y - it[1].x * it[0].y).sum::<f64>();
        assert!((twice.abs() / 2.0 - std::f64::consts::PI * 100.0).abs() < 0.07, "{twice}");
    }

    #[test]
    fn degrees_are_drawn_to_the_same_length_on_the_ground() {
        let n_vertices = |scale: f64| {
            let at = |x: f64, y: f64| Vertex::plane(15.0 + x * scale, 59.0 + y * scale);
            drawn(&[at(0.0, 0.0), at(10.0, 10.0), at(20.0, 0.0)], 0.001).len()
        };
        let in_metres = drawn(&[at(0.0, 0.0), at(10.0, 10.0), at(20.0, 0.0)], 0.001).len();
        assert!(n_vertices(1.0 / DEGREE_M).abs_diff(in_metres) <= 2);
    }

    #[test]
    fn three_points_on_a_line_stay_three_points() {
        let path = [at(0.0, 0.0), at(1.0, 1.0), at(2.0, 2.0)];
        assert_eq!(drawn(&path, 0.001), path);
    }

    #[test]
    fn heights_are_shared_out_along_the_arc() {
        let with = |x: f64, y: f64, z: f64| Vertex { z, ..at(x, y) };
        let path =
            drawn(&[with(0.0, 0.0, 0.0), with(10.0, 10.0, 10.0), with(20.0, 0.0, 20.0)], 0.5);
        assert!(path.windows(2).all(|it| it[0].z < it[1].z), "{path:?}");
    }

    #[test]
    fn an_even_number_of_points_is_no_circular_string() {
        for n in [1, 2, 4] {
            let path = (0..n).map(|it| at(f64::from(it), 0.0)).collect();
            let refused = Linearise::default().form(Form::Circular(path));
            assert_eq!(refused, Err(GeometryError::BadCurve), "{n}");
        }
    }

    #[test]
    fn a_ring_of_lines_and_arcs_becomes_a_closed_polygon() {
        let ring = Form::Compound(vec![
            Form::Circular(vec![at(0.0, 0.0), at(10.0, 10.0), at(20.0, 0.0)]),
            Form::Line(vec![at(20.0, 0.0), at(0.0, 0.0)]),
        ]);
        let shape = Shape { has_z: false, has_m: false, form: Form::CurvePolygon(vec![ring]) };
        let (geometry, is_curved) = shape.into_geometry(Linearise::default()).unwrap();
        let Types::Polygon(polygon) = geometry.to_types() else { panic!("not a polygon") };
        assert!(is_curved && polygon.exterior().is_closed());
        let at_corner = polygon.exterior().0.iter().filter(|it| it.x == 1020.0).count();
        assert_eq!(at_corner, 1, "the corner is not doubled");
    }

    proptest! {
        #[test]
        fn an_arc_backwards_has_the_same_vertices_backwards(
            ax in 0.0f64..1e3, ay in 0.0f64..1e3, bx in 0.0f64..1e3, by in 0.0f64..1e3,
            cx in 0.0f64..1e3, cy in 0.0f64..1e3,
        ) {
            let (e, n) = (162_914.0, 6_608_920.0);
            let path = [at(e + ax, n + ay), at(e + bx, n + by), at(e + cx, n + cy)];
            let there: Vec<_> = drawn(&path, 0.01).iter().map(|it| (it.x, it.y)).collect();
            let back = drawn(&[path[2], path[1], path[0]], 0.01);
            let mut back: Vec<_> = back.iter().map(|it| (it.x, it.y)).collect();
            back.reverse();
            prop_assert_eq!(there, back);
        }
    }
}
