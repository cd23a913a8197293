//! Fewer vertices where nobody sees them. All in whole units of a tile.

pub(crate) type Unit = fast_mvt::MvtCoord;

/// Room that is used again from shape to shape.
#[derive(Debug, Default)]
pub(crate) struct Room {
    keep: Vec<bool>,
    open: Vec<(usize, usize)>,
}

/// Rounds to whole units and drops vertices that fall on the one before.
pub(crate) fn round(path: &[(f64, f64)], out: &mut Vec<Unit>) {
    out.clear();
    for (x, y) in path {
        let at = Unit { x: x.round() as i32, y: y.round() as i32 };
        if out.last() != Some(&at) {
            out.push(at);
        }
    }
}

/// Drops vertices that lie within `tolerance` units of the line between those that stay (Douglas and Peucker).
pub(crate) fn line(path: &mut Vec<Unit>, tolerance: f64, room: &mut Room) {
    if path.len() < 3 {
        return;
    }
    let last = path.len() - 1;
    mark(path, &[(0, last)], tolerance, room);
    let mut nth = 0;
    path.retain(|_| {
        nth += 1;
        room.keep[nth - 1]
    });
}

/// The same for an open list of a ring's vertices: the first and the one farthest from it stay.
pub(crate) fn ring(path: &mut Vec<Unit>, tolerance: f64, room: &mut Room) {
    if path.len() > 1 && path.first() == path.last() {
        path.pop();
    }
    if path.len() < 4 {
        return;
    }
    let first = path[0];
    let far = (1..path.len()).max_by_key(|it| length2(first, path[*it])).unwrap_or(1);
    path.push(first);
    let last = path.len() - 1;
    mark(path, &[(0, far), (far, last)], tolerance, room);
    let mut nth = 0;
    path.retain(|_| {
        nth += 1;
        room.keep[nth - 1]
    });
    path.pop();
}

fn mark(path: &[Unit], spans: &[(usize, usize)], tolerance: f64, room: &mut Room) {
    room.keep.clear();
    room.keep.resize(path.len(), false);
    room.open.clear();
    for (from, to) in spans {
        room.keep[*from] = true;
        room.keep[*to] = true;
        room.open.push((*from, *to));
    }
    let limit2 = tolerance * tolerance;
    while let Some((from, to)) = room.open.pop() {
        if to - from < 2 {
            continue;
        }
        let (a, b) = (path[from], path[to]);
        let (dx, dy) = (f64::from(b.x - a.x), f64::from(b.y - a.y));
        let inverse = 1.0 / (dx * dx + dy * dy).max(1e-9);
        let (mut worst2, mut at) = (limit2, 0);
        for (nth, it) in path[from + 1..to].iter().enumerate() {
            let (px, py) = (f64::from(it.x - a.x), f64::from(it.y - a.y));
            let t = ((px * dx + py * dy) * inverse).clamp(0.0, 1.0);
            let (ox, oy) = (px - t * dx, py - t * dy);
            let off2 = ox * ox + oy * oy;
            if off2 > worst2 {
                (worst2, at) = (off2, from + 1 + nth);
            }
        }
        if at != 0 {
            room.keep[at] = true;
            room.open.push((from, at));
            room.open.push((at, to));
        }
    }
}

fn length2(a: Unit, b: Unit) -> i64 {
    let (dx, dy) = (i64::from(b.x - a.x), i64::from(b.y - a.y));
    dx * dx + dy * dy
}

/// Twice the area of an open list of a ring's vertices.
pub(crate) fn twice_area(path: &[Unit]) -> i64 {
    let next = path.iter().cycle().skip(1);
    let twice: i64 = path
        .iter()
        .zip(next)
        .map(|(a, b)| i64::from(a.x) * i64::from(b.y) - i64::from(b.x) * i64::from(a.y))
        .sum();
    twice.abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(x: i32, y: i32) -> Unit {
        Unit { x, y }
    }

    fn off(p: Unit, a: Unit, b: Unit) -> f64 {
        let (dx, dy) = (f64::from(b.x - a.x), f64::from(b.y - a.y));
        let (px, py) = (f64::from(p.x - a.x), f64::from(p.y - a.y));
        let t = ((px * dx + py * dy) / (dx * dx + dy * dy).max(1e-9)).clamp(0.0, 1.0);
        (px - t * dx).hypot(py - t * dy)
    }

    proptest! {
        #[test]
        fn no_vertex_that_fell_away_lies_farther_off_than_allowed(
            raw in prop::collection::vec((0..500i32, 0..500i32), 2..60), tolerance in 0.5..40.0f64,
        ) {
            let path: Vec<Unit> = raw.into_iter().map(|(x, y)| at(x, y)).collect();
            let mut thin = path.clone();
            line(&mut thin, tolerance, &mut Room::default());
            prop_assert_eq!(thin.first(), path.first());
            prop_assert_eq!(thin.last(), path.last());
            for p in &path {
                let nearest = thin.windows(2).map(|it| off(*p, it[0], it[1])).fold(f64::MAX, f64::min);
                prop_assert!(nearest <= tolerance + 1e-9);
            }
        }
    }

    #[test]
    fn a_square_with_vertices_along_its_sides_becomes_four_corners() {
        let mut path: Vec<Unit> = (0..100).map(|it| at(it, 0)).collect();
        path.extend((0..100).map(|it| at(100, it)));
        path.extend((0..100).map(|it| at(100 - it, 100)));
        path.extend((0..100).map(|it| at(0, 100 - it)));
        ring(&mut path, 0.5, &mut Room::default());
        assert_eq!(path, [at(0, 0), at(100, 0), at(100, 100), at(0, 100)]);
        assert_eq!(twice_area(&path), 20_000);
    }
}
