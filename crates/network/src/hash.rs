use crate::pipes::Pipes;
use crate::spot::Spot;

/// Which pipes pass which square of the plane. Squares share buckets; what is asked of it measures exactly anyhow.
///
/// Made once for all pipes in use; those that came later are few and are asked one by one.
#[derive(Debug, Default)]
pub(crate) struct PipeHash {
    /// Side of a square in millimetres, as a power of two.
    shift: u32,
    mask: u32,
    firsts: Vec<u32>,
    slots: Vec<u32>,
    /// Slots from here on are not in it.
    n_slots: u32,
}

/// Least side of a square: 2^15 mm are 33 m.
const LEAST_SHIFT: u32 = 15;

impl PipeHash {
    pub(crate) fn build(pipes: &Pipes) -> Self {
        let shift = shift_for(pipes);
        let mut n = 0_usize;
        for slot in pipes.in_use() {
            for_each_square(pipes.path(slot), shift, &mut |_| n += 1);
        }
        let mask = (n.max(8).next_power_of_two() / 4 - 1) as u32;
        let mut made = Self { shift, mask, n_slots: pipes.len() as u32, ..Self::default() };
        let mut counts = vec![0_u32; mask as usize + 2];
        for slot in pipes.in_use() {
            for_each_square(pipes.path(slot), shift, &mut |square| {
                counts[made.bucket(square) + 1] += 1;
            });
        }
        for i in 1..counts.len() {
            counts[i] += counts[i - 1];
        }
        made.firsts.clone_from(&counts);
        made.slots = vec![0; n];
        for slot in pipes.in_use() {
            for_each_square(pipes.path(slot), shift, &mut |square| {
                let next = &mut counts[made.bucket(square)];
                made.slots[*next as usize] = slot;
                *next += 1;
            });
        }
        made
    }

    /// The plane rolled up: squares side by side lie side by side in memory, and only far ones share a bucket.
    fn bucket(&self, (e, n): (i32, i32)) -> usize {
        let half = self.mask.count_ones().div_ceil(2);
        let across = (1_u32 << half) - 1;
        ((((n as u32) << half) | (e as u32 & across)) & self.mask) as usize
    }

    /// Collects the slots of pipes in use that may pass within a distance of a spot, each once, in rising order.
    pub(crate) fn near(&self, pipes: &Pipes, at: Spot, reach_mm: f64, found: &mut Vec<u32>) {
        found.clear();
        let mut n_squares = 0;
        if !self.slots.is_empty() {
            let reach = reach_mm.ceil() as i32;
            let square = |mm: i32, by: i32| mm.saturating_add(by) >> self.shift;
            for e in square(at.e_mm, -reach)..=square(at.e_mm, reach) {
                for n in square(at.n_mm, -reach)..=square(at.n_mm, reach) {
                    let bucket = self.bucket((e, n));
                    let range = self.firsts[bucket] as usize..self.firsts[bucket + 1] as usize;
                    found.extend_from_slice(&self.slots[range]);
                    n_squares += 1;
                }
            }
        }
        // Of one square they are in order already.
        if n_squares > 1 {
            found.sort_unstable();
        }
        found.extend(self.n_slots..pipes.len() as u32);
        found.retain(|it| pipes.is_in_use(*it));
        found.dedup();
    }

    /// How many pipes came after it was made.
    pub(crate) fn n_later(&self, pipes: &Pipes) -> usize {
        pipes.len() - self.n_slots as usize
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        (self.firsts.capacity() + self.slots.capacity()) * 4
    }
}

/// Squares about as wide as legs are long, so that a leg lies in few and a square holds few.
fn shift_for(pipes: &Pipes) -> u32 {
    let (mut n_legs, mut length_mm) = (0_u64, 0.0);
    for slot in pipes.in_use() {
        n_legs += pipes.path(slot).len() as u64 - 1;
        length_mm += f64::from(pipes.lengths_mm[slot as usize]);
    }
    let mean_mm = length_mm / n_legs.max(1) as f64;
    (mean_mm.max(1.0).log2().round() as u32).clamp(LEAST_SHIFT, 30)
}

/// Shows the squares that a line passes; one after another never the same.
fn for_each_square(path: &[Spot], shift: u32, see: &mut impl FnMut((i32, i32))) {
    let mut last = None;
    let mut show = |square: (i32, i32)| {
        if last != Some(square) {
            last = Some(square);
            see(square);
        }
    };
    for leg in path.windows(2) {
        let square = |it: Spot| (it.e_mm >> shift, it.n_mm >> shift);
        let (from, to) = (square(leg[0]), square(leg[1]));
        if from == to {
            show(from);
            continue;
        }
        let (west, east) = (from.0.min(to.0), from.0.max(to.0));
        let (dir_e, dir_n) = leg[0].to(leg[1]);
        for column in west..=east {
            // Where the leg is within the column, a millimetre to either side for rounding.
            let edge = |it: i64| ((it << shift) as f64 - f64::from(leg[0].e_mm)) / dir_e;
            let (a, b) = if dir_e == 0.0 {
                (0.0, 1.0)
            } else {
                let (a, b) = (edge(i64::from(column)), edge(i64::from(column) + 1));
                (a.min(b).clamp(0.0, 1.0), a.max(b).clamp(0.0, 1.0))
            };
            let at = |share: f64| f64::from(leg[0].n_mm) + dir_n * share;
            let (south, north) = (at(a).min(at(b)) - 1.0, at(a).max(at(b)) + 1.0);
            for row in (south as i32) >> shift..=(north as i32) >> shift {
                show((column, row));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Flow, Pipe, PipeKind};

    #[test]
    fn every_point_of_a_slanting_line_finds_it() {
        let path = [(-40_000, -31_000), (90_000, 55_000), (90_000, 200_000), (-70_500, 30_250)];
        let path: Vec<Spot> = path.iter().map(|it| Spot { e_mm: it.0, n_mm: it.1 }).collect();
        let mut pipes = Pipes::default();
        pipes.push(&Pipe {
            handle: 1,
            path: path.clone(),
            kind: PipeKind::Main,
            is_in_use: true,
            flow: Flow::Both,
            bore_mm: None,
            levels_mm: [None, None],
        });
        let hash = PipeHash::build(&pipes);
        let mut found = vec![];
        for leg in path.windows(2) {
            for share in 0..=1_000 {
                let at = leg[0].towards(leg[1], f64::from(share) / 1_000.0);
                hash.near(&pipes, at, 50.0, &mut found);
                assert_eq!(found, [0], "{at:?}");
            }
        }
    }
}
