//! Cutting rings and lines at the sides of a tile, in units of its extent.

use crate::tile_id::{BUFFER, EXTENT};

pub(crate) type Vertex = (f64, f64);

const LOW: f64 = -BUFFER;
const HIGH: f64 = EXTENT + BUFFER;

/// Where a run of vertices lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lies {
    Inside,
    Outside,
    Across,
}

pub(crate) fn lies(path: &[Vertex]) -> Lies {
    let Some(first) = path.first() else { return Lies::Outside };
    let (mut least, mut most) = (*first, *first);
    for (x, y) in path {
        least = (least.0.min(*x), least.1.min(*y));
        most = (most.0.max(*x), most.1.max(*y));
    }
    if most.0 < LOW || most.1 < LOW || least.0 > HIGH || least.1 > HIGH {
        Lies::Outside
    } else if least.0 >= LOW && least.1 >= LOW && most.0 <= HIGH && most.1 <= HIGH {
        Lies::Inside
    } else {
        Lies::Across
    }
}

pub(crate) fn holds((x, y): Vertex) -> bool {
    (LOW..=HIGH).contains(&x) && (LOW..=HIGH).contains(&y)
}

/// Cuts a ring (not closed: the last vertex is not the first again) by Sutherland and Hodgman.
///
/// Parts that were joined only outside stay joined along the side, which a fill does not show.
/// Source: Sutherland and Hodgman (1974), Reentrant polygon clipping, doi:10.1145/360767.360802.
pub(crate) fn clip_ring(ring: &mut Vec<Vertex>, scratch: &mut Vec<Vertex>) {
    for side in 0..4 {
        scratch.clear();
        let Some(mut before) = ring.last().copied() else { return };
        for &now in ring.iter() {
            match (is_within(before, side), is_within(now, side)) {
                (true, true) => scratch.push(now),
                (true, false) => scratch.push(crossing(before, now, side)),
                (false, true) => {
                    scratch.push(crossing(before, now, side));
                    scratch.push(now);
                }
                (false, false) => {}
            }
            before = now;
        }
        std::mem::swap(ring, scratch);
    }
}

/// Cuts a line into the parts that lie inside.
pub(crate) fn clip_line(line: &[Vertex], see: &mut impl FnMut(&[Vertex])) {
    let mut part: Vec<Vertex> = Vec::new();
    for pair in line.windows(2) {
        if let Some((from, to)) = clip_segment(pair[0], pair[1]) {
            if part.last() != Some(&from) {
                if part.len() > 1 {
                    see(&part);
                }
                part.clear();
                part.push(from);
            }
            part.push(to);
        } else {
            if part.len() > 1 {
                see(&part);
            }
            part.clear();
        }
    }
    if part.len() > 1 {
        see(&part);
    }
}

fn is_within((x, y): Vertex, side: usize) -> bool {
    match side {
        0 => x >= LOW,
        1 => x <= HIGH,
        2 => y >= LOW,
        _ => y <= HIGH,
    }
}

fn crossing(a: Vertex, b: Vertex, side: usize) -> Vertex {
    let limit = if side.is_multiple_of(2) { LOW } else { HIGH };
    if side < 2 {
        (limit, a.1 + (b.1 - a.1) * (limit - a.0) / (b.0 - a.0))
    } else {
        (a.0 + (b.0 - a.0) * (limit - a.1) / (b.1 - a.1), limit)
    }
}

/// Liang and Barsky's parametric cut. Source: Liang and Barsky (1984), doi:10.1145/357332.357333.
fn clip_segment(a: Vertex, b: Vertex) -> Option<(Vertex, Vertex)> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (p, q) in [(-dx, a.0 - LOW), (dx, HIGH - a.0), (-dy, a.1 - LOW), (dy, HIGH - a.1)] {
        if p == 0.0 {
            if q < 0.0 {
                return None;
            }
        } else if p < 0.0 {
            enter = enter.max(q / p);
        } else {
            leave = leave.min(q / p);
        }
    }
    if enter > leave {
        return None;
    }
    let along = |t: f64| (a.0 + dx * t, a.1 + dy * t);
    let from = if enter > 0.0 { along(enter) } else { a };
    let to = if leave < 1.0 { along(leave) } else { b };
    Some((from, to))
}

/// Thins a path by Douglas and Peucker with a tolerance in units; first and last vertex stay.
///
/// Source: Douglas and Peucker (1973), doi:10.3138/FM57-6770-U75U-7727. An own loop without recursion, because a
/// shore line of 100 000 vertices would be too deep for a stack.
pub(crate) fn simplify(path: &mut Vec<Vertex>, tolerance: f64, scratch: &mut Vec<bool>) {
    if path.len() < 3 || tolerance <= 0.0 {
        return;
    }
    scratch.clear();
    scratch.resize(path.len(), false);
    let last = path.len() - 1;
    (scratch[0], scratch[last]) = (true, true);
    let mut todo = vec![(0, last)];
    while let Some((from, to)) = todo.pop() {
        let mut farthest = (tolerance, 0);
        for idx in from + 1..to {
            let off = distance_to_segment(path[idx], path[from], path[to]);
            if off > farthest.0 {
                farthest = (off, idx);
            }
        }
        if farthest.1 != 0 {
            scratch[farthest.1] = true;
            todo.push((from, farthest.1));
            todo.push((farthest.1, to));
        }
    }
    let mut keep = scratch.iter();
    path.retain(|_| keep.next().copied().unwrap_or(true));
}

fn distance_to_segment(p: Vertex, a: Vertex, b: Vertex) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length2 = dx * dx + dy * dy;
    let t = if length2 > 0.0 {
        (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length2).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (p.0 - a.0 - t * dx).hypot(p.1 - a.1 - t * dy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn area(ring: &[Vertex]) -> f64 {
        let next = ring.iter().cycle().skip(1);
        ring.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f64>().abs() / 2.0
    }

    #[test]
    fn a_ring_that_covers_the_tile_becomes_the_tile_with_its_buffer() {
        let mut ring = vec![(-9e4, -9e4), (9e4, -9e4), (9e4, 9e4), (-9e4, 9e4)];
        clip_ring(&mut ring, &mut vec![]);
        assert!((area(&ring) - 4224.0 * 4224.0).abs() < 1e-3, "{ring:?}");
    }

    #[test]
    fn a_ring_outside_vanishes() {
        let mut ring = vec![(5000.0, 0.0), (6000.0, 0.0), (6000.0, 100.0)];
        assert_eq!(lies(&ring), Lies::Outside);
        clip_ring(&mut ring, &mut vec![]);
        assert!(ring.is_empty());
    }

    #[test]
    fn a_line_that_leaves_and_comes_back_becomes_two() {
        let line = [(100.0, 100.0), (5000.0, 100.0), (5000.0, 200.0), (100.0, 200.0)];
        let mut parts = vec![];
        clip_line(&line, &mut |part| parts.push(part.to_vec()));
        assert_eq!(
            parts,
            vec![vec![(100.0, 100.0), (4160.0, 100.0)], vec![(4160.0, 200.0), (100.0, 200.0)]]
        );
    }

    #[test]
    fn thinning_keeps_what_stands_out() {
        let mut path = vec![(0.0, 0.0), (1.0, 0.1), (2.0, 0.0), (3.0, 5.0), (4.0, 0.0)];
        simplify(&mut path, 1.0, &mut vec![]);
        assert_eq!(path, vec![(0.0, 0.0), (2.0, 0.0), (3.0, 5.0), (4.0, 0.0)]);
    }
}
