use crate::position::{Grid, Position};

/// Whether an area's boundary crosses or touches itself, so that it has no area that could be told honestly.
///
/// The last place is joined to the first. Places that are the same as the one before them count once. Every pair of
/// edges is looked at: callers limit the number of places.
pub fn crosses_itself(ring: &[Position<Grid>]) -> bool {
    let mut at: Vec<[f64; 2]> = ring.iter().map(|it| [it.e_m(), it.n_m()]).collect();
    at.dedup();
    if at.len() > 1 && at.first() == at.last() {
        at.pop();
    }
    let n = at.len();
    if n < 3 {
        return false;
    }
    for first in 0..n {
        let (a, b) = (at[first], at[(first + 1) % n]);
        for second in first + 1..n {
            let (c, d) = (at[second], at[(second + 1) % n]);
            let is_met = if second == first + 1 {
                folds_back(a, b, d)
            } else if first == 0 && second == n - 1 {
                folds_back(c, d, b)
            } else {
                meet(a, b, c, d)
            };
            if is_met {
                return true;
            }
        }
    }
    false
}

/// Whether the edge after `b` runs back over the one that led to it.
fn folds_back(a: [f64; 2], b: [f64; 2], next: [f64; 2]) -> bool {
    let (into, out) = ([b[0] - a[0], b[1] - a[1]], [next[0] - b[0], next[1] - b[1]]);
    side(a, b, next) == 0.0 && into[0] * out[0] + into[1] * out[1] < 0.0
}

/// Whether two edges share a place.
fn meet(a: [f64; 2], b: [f64; 2], c: [f64; 2], d: [f64; 2]) -> bool {
    let (ac, ad) = (side(a, b, c), side(a, b, d));
    let (ca, cb) = (side(c, d, a), side(c, d, b));
    if ac * ad < 0.0 && ca * cb < 0.0 {
        return true;
    }
    (ac == 0.0 && is_between(a, b, c))
        || (ad == 0.0 && is_between(a, b, d))
        || (ca == 0.0 && is_between(c, d, a))
        || (cb == 0.0 && is_between(c, d, b))
}

/// Above 0 when `p` lies to the left of the way from `a` to `b`, 0 on it.
fn side(a: [f64; 2], b: [f64; 2], p: [f64; 2]) -> f64 {
    (b[0] - a[0]) * (p[1] - a[1]) - (p[0] - a[0]) * (b[1] - a[1])
}

fn is_between(a: [f64; 2], b: [f64; 2], p: [f64; 2]) -> bool {
    (0..2).all(|axis| p[axis] >= a[axis].min(b[axis]) && p[axis] <= a[axis].max(b[axis]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::EastNorthM;

    fn crosses(places: &[(f64, f64)]) -> bool {
        let ring: Vec<Position<Grid>> = places
            .iter()
            .map(|(e, n)| EastNorthM { e_m: 162_900.0 + e, n_m: 6_608_900.0 + n })
            .map(|it| Position::<Grid>::parse(it).unwrap())
            .collect();
        crosses_itself(&ring)
    }

    #[test]
    fn a_square_does_not_cross_itself_closed_or_not() {
        assert!(!crosses(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]));
        assert!(!crosses(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0), (0.0, 0.0)]));
        assert!(!crosses(&[(0.0, 0.0), (10.0, 0.0), (10.0, 0.0), (5.0, 8.0)]));
    }

    #[test]
    fn an_hourglass_crosses_itself() {
        assert!(crosses(&[(0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0)]));
    }

    #[test]
    fn a_boundary_that_touches_itself_or_runs_back_is_told() {
        assert!(crosses(&[(0.0, 0.0), (10.0, 0.0), (5.0, 5.0), (5.0, 0.0), (0.0, 5.0)]));
        assert!(crosses(&[(0.0, 0.0), (10.0, 0.0), (4.0, 0.0), (0.0, 5.0)]));
        assert!(crosses(&[(4.0, 0.0), (0.0, 5.0), (0.0, 0.0), (10.0, 0.0)]));
    }

    #[test]
    fn fewer_than_three_places_have_nothing_to_cross() {
        assert!(!crosses(&[]));
        assert!(!crosses(&[(0.0, 0.0), (1.0, 0.0), (0.0, 0.0)]));
    }
}
