use crate::spot::Spot;

/// One run of a line through the neighbourhood of a spot, by the place where it comes nearest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Approach {
    /// How far along the line that is.
    pub(crate) along_mm: f64,
    /// How far from the spot.
    pub(crate) distance_mm: f64,
    /// Whether the line begins within the neighbourhood, on this run.
    pub(crate) has_start: bool,
    /// Whether it ends there.
    pub(crate) has_end: bool,
}

/// Shows every run of a line within a distance of a spot. A line that leaves and comes back has two.
pub(crate) fn for_each_approach(
    path: &[Spot],
    at: Spot,
    reach_mm: f64,
    mut see: impl FnMut(Approach),
) {
    // Most lines that share a square with a spot are nowhere near it.
    let margin = reach_mm.min(f64::from(i32::MAX)).ceil() as i64;
    let is_beside = |a: i32, b: i32, at: i32| {
        i64::from(at) >= i64::from(a.min(b)) - margin
            && i64::from(at) <= i64::from(a.max(b)) + margin
    };
    let is_near = path.windows(2).any(|leg| {
        is_beside(leg[0].e_mm, leg[1].e_mm, at.e_mm) && is_beside(leg[0].n_mm, leg[1].n_mm, at.n_mm)
    });
    if !is_near {
        return;
    }
    let reach2 = reach_mm * reach_mm;
    let mut before_mm = 0.0;
    let mut run: Option<Approach> = None;
    for (i, leg) in path.windows(2).enumerate() {
        let (e, n) = leg[0].to(leg[1]);
        let (to_e, to_n) = leg[0].to(at);
        let length2 = e * e + n * n;
        let share =
            if length2 > 0.0 { ((to_e * e + to_n * n) / length2).clamp(0.0, 1.0) } else { 0.0 };
        let (off_e, off_n) = (to_e - e * share, to_n - n * share);
        let off2 = off_e * off_e + off_n * off_n;
        let length_mm = length2.sqrt();
        if off2 <= reach2 {
            let here = Approach {
                along_mm: before_mm + length_mm * share,
                distance_mm: off2.sqrt(),
                has_start: i == 0 && to_e * to_e + to_n * to_n <= reach2,
                has_end: false,
            };
            let nearest = match run.take() {
                Some(so_far) if so_far.distance_mm <= here.distance_mm => so_far,
                Some(so_far) => Approach { has_start: so_far.has_start, ..here },
                None => here,
            };
            let (end_e, end_n) = leg[1].to(at);
            if end_e * end_e + end_n * end_n <= reach2 {
                run = Some(nearest);
            } else {
                see(nearest);
            }
        }
        before_mm += length_mm;
    }
    if let Some(last) = run {
        see(Approach { has_end: true, ..last });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[(i32, i32)]) -> Vec<Spot> {
        points.iter().map(|it| Spot { e_mm: it.0, n_mm: it.1 }).collect()
    }

    fn approaches(path: &[(i32, i32)], at: (i32, i32)) -> Vec<(f64, f64, bool, bool)> {
        let mut found = vec![];
        for_each_approach(&line(path), Spot { e_mm: at.0, n_mm: at.1 }, 50.0, |it| {
            found.push((it.along_mm, it.distance_mm, it.has_start, it.has_end));
        });
        found
    }

    #[test]
    fn a_line_that_passes_is_met_once_where_it_is_nearest() {
        let passing = [(0, 0), (1_000, 0), (1_020, 0), (2_000, 0)];
        assert_eq!(approaches(&passing, (1_010, 30)), [(1_010.0, 30.0, false, false)]);
        assert_eq!(approaches(&passing, (1_010, 51)), []);
    }

    #[test]
    fn a_line_that_comes_back_is_met_twice() {
        let loop_line = [(0, 0), (1_000, 0), (1_000, 1_000), (500, 1_000), (500, -1_000)];
        assert_eq!(
            approaches(&loop_line, (500, 0)),
            [(500.0, 0.0, false, false), (3_500.0, 0.0, false, false)]
        );
    }

    #[test]
    fn ends_are_told_apart_from_the_middle() {
        let ring = [(0, 0), (1_000, 0), (1_000, 1_000), (0, 30)];
        let found = approaches(&ring, (0, 0));
        assert_eq!(
            found.iter().map(|it| (it.2, it.3)).collect::<Vec<_>>(),
            [(true, false), (false, true)]
        );
        assert_eq!(approaches(&[(0, 0), (40, 0)], (10, 0)), [(10.0, 0.0, true, true)]);
        assert_eq!(approaches(&[(7, 0), (7, 0)], (10, 0)), [(0.0, 3.0, true, true)]);
    }
}
