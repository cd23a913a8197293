use crate::spot::Spot;

/// More than this many are not walked in one go; they come by their distance.
const N_WALKED: usize = 100;

/// The order to visit spots in, from a first place and not back: always the nearest, then turned around wherever that is
/// shorter (2-opt: Croes 1958). Answers places in `spots`. Straight distances.
pub(crate) fn walking_order(from: Spot, spots: &[Spot]) -> Vec<usize> {
    let mut left: Vec<usize> = (0..spots.len()).collect();
    if left.len() > N_WALKED {
        left.sort_by(|a, b| from.apart_mm(spots[*a]).total_cmp(&from.apart_mm(spots[*b])));
        return left;
    }
    let mut order = vec![];
    let mut at = from;
    while !left.is_empty() {
        let nearest = (0..left.len())
            .min_by(|a, b| {
                let distance = |it: &usize| at.apart_mm(spots[left[*it]]);
                distance(a).total_cmp(&distance(b)).then(left[*a].cmp(&left[*b]))
            })
            .unwrap_or(0);
        let next = left.remove(nearest);
        at = spots[next];
        order.push(next);
    }
    while let Some((i, j)) = crossing(from, spots, &order) {
        order[i..=j].reverse();
    }
    order
}

/// A stretch of a way that is shorter walked backwards, by more than rounding.
fn crossing(from: Spot, spots: &[Spot], order: &[usize]) -> Option<(usize, usize)> {
    let spot = |place: usize| spots[order[place]];
    let before = |place: usize| if place == 0 { from } else { spot(place - 1) };
    for i in 0..order.len() {
        for j in i + 1..order.len() {
            let mut gain_mm = before(i).apart_mm(spot(i)) - before(i).apart_mm(spot(j));
            if j + 1 < order.len() {
                gain_mm += spot(j).apart_mm(spot(j + 1)) - spot(i).apart_mm(spot(j + 1));
            }
            if gain_mm > 1.0 {
                return Some((i, j));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_does_not_cross_itself() {
        let at = |e: i32, n: i32| Spot { e_mm: e * 1_000, n_mm: n * 1_000 };
        // The nearest first would go to the right, over to the far left, and back.
        let spots = [at(10, 0), at(-11, 0), at(-30, 0), at(31, 0)];
        let order = walking_order(at(0, 0), &spots);
        let way = [at(0, 0)].into_iter().chain(order.iter().map(|it| spots[*it]));
        let way: Vec<Spot> = way.collect();
        let length_m: f64 = way.windows(2).map(|it| it[0].distance_on_grid_m(it[1])).sum();
        assert_eq!((length_m, order.len()), (91.0, 4));
        assert_eq!(walking_order(at(0, 0), &[]), [] as [usize; 0]);
    }
}
