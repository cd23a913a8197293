//! Points, rings and paths in metres on SWEREF 99 15 00, easting first.

use geo_types::{Coord, LineString, MultiPolygon, Polygon};

/// Easting and northing in metres on EPSG:3009.
pub(crate) type Point = [f64; 2];
/// A closed ring, written without its repeated last point.
pub(crate) type Ring = Vec<Point>;
/// Outer ring first, then holes.
pub(crate) type Area = Vec<Ring>;

pub(crate) fn add(a: Point, b: Point) -> Point {
    [a[0] + b[0], a[1] + b[1]]
}

pub(crate) fn sub(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1]]
}

pub(crate) fn scaled(a: Point, k: f64) -> Point {
    [a[0] * k, a[1] * k]
}

pub(crate) fn length(a: Point) -> f64 {
    a[0].hypot(a[1])
}

pub(crate) fn distance(a: Point, b: Point) -> f64 {
    length(sub(a, b))
}

pub(crate) fn between(a: Point, b: Point, t: f64) -> Point {
    [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t]
}

/// Length one; zero stays zero.
pub(crate) fn unit(a: Point) -> Point {
    let l = length(a);
    if l > 0.0 { scaled(a, 1.0 / l) } else { a }
}

/// Turned a quarter to the left.
pub(crate) fn left(a: Point) -> Point {
    [-a[1], a[0]]
}

/// To the millimetre, as deliveries carry it.
pub(crate) fn to_mm(at: Point) -> Point {
    [(at[0] * 1000.0).round() / 1000.0, (at[1] * 1000.0).round() / 1000.0]
}

pub(crate) fn signed_area(ring: &[Point]) -> f64 {
    let n = ring.len();
    let mut twice = 0.0;
    for i in 0..n {
        let (a, b) = (ring[i], ring[(i + 1) % n]);
        twice +=
            (a[0] - ring[0][0]) * (b[1] - ring[0][1]) - (b[0] - ring[0][0]) * (a[1] - ring[0][1]);
    }
    twice / 2.0
}

pub(crate) fn middle(ring: &[Point]) -> Point {
    let n = ring.len().max(1) as f64;
    let sum = ring.iter().fold([0.0, 0.0], |s, p| add(s, *p));
    scaled(sum, 1.0 / n)
}

pub(crate) fn inside(at: Point, ring: &[Point]) -> bool {
    let mut odd = false;
    let mut j = ring.len().wrapping_sub(1);
    for i in 0..ring.len() {
        let (a, b) = (ring[i], ring[j]);
        if (a[1] > at[1]) != (b[1] > at[1])
            && at[0] < (b[0] - a[0]) * (at[1] - a[1]) / (b[1] - a[1]) + a[0]
        {
            odd = !odd;
        }
        j = i;
    }
    odd
}

/// Distance from a point to a segment, and where along the segment (0..1) the nearest point is.
pub(crate) fn to_segment(at: Point, a: Point, b: Point) -> (f64, f64) {
    let d = sub(b, a);
    let l2 = d[0] * d[0] + d[1] * d[1];
    let t = if l2 > 0.0 {
        (((at[0] - a[0]) * d[0] + (at[1] - a[1]) * d[1]) / l2).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (distance(at, between(a, b, t)), t)
}

pub(crate) fn to_path(at: Point, path: &[Point]) -> f64 {
    path.windows(2).map(|w| to_segment(at, w[0], w[1]).0).fold(f64::INFINITY, f64::min)
}

pub(crate) fn path_length(path: &[Point]) -> f64 {
    path.windows(2).map(|w| distance(w[0], w[1])).sum()
}

/// The point and the direction at a distance from the start.
pub(crate) fn along(path: &[Point], at_m: f64) -> (Point, Point) {
    let mut left_m = at_m;
    for w in path.windows(2) {
        let l = distance(w[0], w[1]);
        if left_m <= l && l > 0.0 {
            return (between(w[0], w[1], left_m / l), unit(sub(w[1], w[0])));
        }
        left_m -= l;
    }
    let n = path.len();
    let direction = if n >= 2 { unit(sub(path[n - 1], path[n - 2])) } else { [1.0, 0.0] };
    (path.last().copied().unwrap_or([0.0, 0.0]), direction)
}

/// Rounds corners; the ends stay. Source: Chaikin 1974.
pub(crate) fn rounded(path: &[Point], times: usize) -> Vec<Point> {
    let mut path = path.to_vec();
    for _ in 0..times {
        if path.len() < 3 {
            break;
        }
        let last = path.len() - 2;
        let mut out = vec![path[0]];
        for (i, w) in path.windows(2).enumerate() {
            if i > 0 {
                out.push(between(w[0], w[1], 0.25));
            }
            if i < last {
                out.push(between(w[0], w[1], 0.75));
            }
        }
        out.push(path[path.len() - 1]);
        path = out;
    }
    path
}

/// Moved sideways, left of the direction of travel, mitred at the bends.
pub(crate) fn beside(path: &[Point], offset_m: f64) -> Vec<Point> {
    let n = path.len();
    (0..n)
        .map(|i| {
            let before = unit(sub(path[i], path[i.saturating_sub(1)]));
            let after = unit(sub(path[(i + 1).min(n - 1)], path[i]));
            let side = left(unit(add(before, after)));
            add(path[i], scaled(side, offset_m))
        })
        .collect()
}

pub(crate) fn rectangle(
    center: Point,
    along: Point,
    across: Point,
    width: f64,
    depth: f64,
) -> Ring {
    [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]
        .iter()
        .map(|(i, j)| add(center, add(scaled(along, i * width), scaled(across, j * depth))))
        .collect()
}

/// Least and greatest corner.
pub(crate) fn extent<'a>(points: impl IntoIterator<Item = &'a Point>) -> (Point, Point) {
    points.into_iter().fold(([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]), |(low, high), p| {
        ([low[0].min(p[0]), low[1].min(p[1])], [high[0].max(p[0]), high[1].max(p[1])])
    })
}

pub(crate) fn to_polygon(area: &[Ring]) -> Polygon<f64> {
    // Outer rings against the clock and holes with it: overlays add up what they are given.
    let line = |ring: &Ring, is_outer: bool| {
        let mut line: Vec<Coord<f64>> = ring.iter().map(|p| Coord { x: p[0], y: p[1] }).collect();
        if (signed_area(ring) > 0.0) != is_outer {
            line.reverse();
        }
        LineString(line)
    };
    let outer = area.first().map_or(LineString(vec![]), |ring| line(ring, true));
    Polygon::new(outer, area.iter().skip(1).map(|ring| line(ring, false)).collect())
}

pub(crate) fn from_polygon(polygon: &Polygon<f64>) -> Area {
    let ring = |line: &LineString<f64>| {
        line.0[..line.0.len().saturating_sub(1)].iter().map(|c| [c.x, c.y]).collect::<Ring>()
    };
    std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(ring).collect()
}

pub(crate) fn to_multi(areas: &[Area]) -> MultiPolygon<f64> {
    MultiPolygon(areas.iter().map(|area| to_polygon(area)).collect())
}

pub(crate) fn from_multi(shape: &MultiPolygon<f64>) -> Vec<Area> {
    shape.0.iter().map(from_polygon).filter(|area| area[0].len() >= 3).collect()
}
