//! Cutting shapes at the border of a tile. All in the tile's units.

use crate::tile_id::{BUFFER, EXTENT};

pub(crate) type Xy = (f64, f64);

const LOW: f64 = -BUFFER;
const HIGH: f64 = EXTENT + BUFFER;

/// How a path lies to the tile with its margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lies {
    Inside,
    Across,
    Outside,
}

/// Judges by the rectangle around the path only.
pub(crate) fn lies(path: &[Xy]) -> Lies {
    let (mut min, mut max) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
    for (x, y) in path {
        min = (min.0.min(*x), min.1.min(*y));
        max = (max.0.max(*x), max.1.max(*y));
    }
    if min.0 >= LOW && min.1 >= LOW && max.0 <= HIGH && max.1 <= HIGH {
        Lies::Inside
    } else if max.0 < LOW || max.1 < LOW || min.0 > HIGH || min.1 > HIGH {
        Lies::Outside
    } else {
        Lies::Across
    }
}

pub(crate) fn holds_point(at: Xy) -> bool {
    (LOW..=HIGH).contains(&at.0) && (LOW..=HIGH).contains(&at.1)
}

/// One side of the tile: the ordinate that decides, where the side lies, and in which direction the inside.
type Side = (fn(Xy) -> f64, f64, f64);

/// Cuts a ring (closed or not) by Sutherland and Hodgman's method; `spare` is room to work in.
///
/// Parts that lie apart stay joined along the border of the margin, where nobody sees it.
pub(crate) fn ring(path: &mut Vec<Xy>, spare: &mut Vec<Xy>) {
    if path.len() > 1 && path.first() == path.last() {
        path.pop();
    }
    let sides: [Side; 4] = [
        (|it| it.0, LOW, 1.0),
        (|it| it.0, HIGH, -1.0),
        (|it| it.1, LOW, 1.0),
        (|it| it.1, HIGH, -1.0),
    ];
    for (of, border, sign) in sides {
        spare.clear();
        let Some(mut before) = path.last().copied() else { return };
        let mut was_in = (of(before) - border) * sign >= 0.0;
        for at in path.iter().copied() {
            let is_in = (of(at) - border) * sign >= 0.0;
            if is_in != was_in {
                let t = (border - of(before)) / (of(at) - of(before));
                spare.push((before.0 + t * (at.0 - before.0), before.1 + t * (at.1 - before.1)));
            }
            if is_in {
                spare.push(at);
            }
            (before, was_in) = (at, is_in);
        }
        std::mem::swap(path, spare);
    }
}

/// Cuts a line into the pieces inside, each shown to `see`; `spare` is room to work in.
pub(crate) fn line(path: &[Xy], spare: &mut Vec<Xy>, see: &mut impl FnMut(&[Xy])) {
    spare.clear();
    for pair in path.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let Some((from, to)) = segment(a, b) else {
            continue;
        };
        let at = |t: f64| (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1));
        if from > 0.0 && !spare.is_empty() {
            see(spare);
            spare.clear();
        }
        if spare.is_empty() {
            spare.push(at(from));
        }
        spare.push(if to < 1.0 { at(to) } else { b });
        if to < 1.0 {
            see(spare);
            spare.clear();
        }
    }
    if spare.len() > 1 {
        see(spare);
    }
}

/// The part of a segment inside, as two parameters from 0 to 1 (Liang and Barsky).
fn segment(a: Xy, b: Xy) -> Option<(f64, f64)> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut from, mut to) = (0.0f64, 1.0f64);
    for (p, q) in [(-dx, a.0 - LOW), (dx, HIGH - a.0), (-dy, a.1 - LOW), (dy, HIGH - a.1)] {
        if p == 0.0 {
            if q < 0.0 {
                return None;
            }
        } else if p < 0.0 {
            from = from.max(q / p);
        } else {
            to = to.min(q / p);
        }
    }
    (from <= to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn area(path: &[Xy]) -> f64 {
        let next = path.iter().cycle().skip(1);
        path.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f64>() / 2.0
    }

    #[test]
    fn a_square_over_the_corner_keeps_its_quarter() {
        let mut path = vec![
            (-1_000.0, -1_000.0),
            (1_000.0, -1_000.0),
            (1_000.0, 1_000.0),
            (-1_000.0, 1_000.0),
            (-1_000.0, -1_000.0),
        ];
        ring(&mut path, &mut vec![]);
        assert!((area(&path) - 1_064.0 * 1_064.0).abs() < 1e-6, "{path:?}");
    }

    #[test]
    fn a_ring_around_the_tile_becomes_the_tile() {
        let mut path = vec![(-9e5, -9e5), (9e5, -9e5), (9e5, 9e5), (-9e5, 9e5)];
        ring(&mut path, &mut vec![]);
        assert!((area(&path) - 4_224.0 * 4_224.0).abs() < 1e-3);
    }

    #[test]
    fn a_line_that_leaves_and_returns_is_two_pieces() {
        let mut pieces = vec![];
        let path = [(100.0, 100.0), (5_000.0, 100.0), (5_000.0, 200.0), (100.0, 200.0)];
        line(&path, &mut vec![], &mut |it| pieces.push(it.to_vec()));
        assert_eq!(
            pieces,
            [vec![(100.0, 100.0), (HIGH, 100.0)], vec![(HIGH, 200.0), (100.0, 200.0)]]
        );
    }

    proptest! {
        #[test]
        fn a_line_keeps_exactly_its_length_inside(
            path in prop::collection::vec((-6_000.0..10_000.0f64, -6_000.0..10_000.0f64), 2..12),
        ) {
            let mut length = 0.0;
            line(&path, &mut vec![], &mut |piece| {
                assert!(piece.len() > 1 && piece.iter().all(|it| holds_point((it.0.round(), it.1.round()))));
                length += piece.windows(2).map(|it| (it[1].0 - it[0].0).hypot(it[1].1 - it[0].1)).sum::<f64>();
            });
            let mut sampled = 0.0;
            for pair in path.windows(2) {
                let whole = (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1);
                let n_inside = (0..4_000).filter(|it| {
                    let t = (f64::from(*it) + 0.5) / 4_000.0;
                    holds_point((pair[0].0 + t * (pair[1].0 - pair[0].0), pair[0].1 + t * (pair[1].1 - pair[0].1)))
                });
                sampled += whole * n_inside.count() as f64 / 4_000.0;
            }
            prop_assert!((length - sampled).abs() < 10.0 * path.len() as f64, "{length} {sampled}");
        }
    }
}
