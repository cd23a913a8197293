//! What touches what, pair by pair. Each pair depends on its two things alone, so that neither the order of input nor an
//! edit somewhere else changes it.

use crate::approach::{Approach, for_each_approach};
use crate::hash::PipeHash;
use crate::input::{Fitting, Reach};
use crate::pipes::Pipes;
use crate::spot::Spot;

/// An end of a pipe on the middle of a pipe: a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Touch {
    pub(crate) pipe: u32,
    pub(crate) along_mm: u32,
    pub(crate) end: u32,
}

/// A loose end, and the pipe that it nearly reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Gap {
    pub(crate) end: u32,
    pub(crate) pipe: u32,
    pub(crate) along_mm: u32,
    pub(crate) width_mm: u32,
}

/// What a fitting stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// On no pipe; the nearest within the reach of gaps.
    Nothing { pipe: Option<u32>, away_mm: u32 },
    /// On this end of the pipe that it is registered on.
    End(u32),
    /// Where this end meets others.
    Node(u32),
    /// On the middle of a pipe.
    Middle { pipe: u32, along_mm: u32 },
    /// On the middle of this pipe and of another one just as well.
    Several { pipe: u32, along_mm: u32 },
}

impl Hold {
    /// The pipe that it is on or beside.
    pub(crate) fn pipe(self) -> Option<u32> {
        match self {
            Self::Nothing { pipe, .. } => pipe,
            Self::End(end) | Self::Node(end) => Some(end / 2),
            Self::Middle { pipe, .. } | Self::Several { pipe, .. } => Some(pipe),
        }
    }
}

/// All pairs.
#[derive(Debug, Default)]
pub(crate) struct Joins {
    /// Two ends at one place, the lesser first.
    pub(crate) pairs: Vec<(u32, u32)>,
    /// Branches by pipe and place on it.
    pub(crate) touches: Vec<Touch>,
    /// Loose ends beside a pipe.
    pub(crate) gaps: Vec<Gap>,
    /// One for each fitting.
    pub(crate) holds: Vec<Hold>,
}

/// What looks for pairs.
pub(crate) struct Finder<'a> {
    pub(crate) pipes: &'a Pipes,
    pub(crate) hash: &'a PipeHash,
    pub(crate) tolerance_mm: f64,
    pub(crate) gap_mm: f64,
    near: Vec<u32>,
}

impl<'a> Finder<'a> {
    pub(crate) fn new(pipes: &'a Pipes, hash: &'a PipeHash, reach: Reach) -> Self {
        let tolerance_mm = reach.tolerance_m.max(0.0) * 1_000.0;
        let gap_mm = (reach.gap_m * 1_000.0).max(tolerance_mm);
        Self { pipes, hash, tolerance_mm, gap_mm, near: vec![] }
    }

    /// Shows every run of a pipe in use within a distance of a spot.
    pub(crate) fn approaches(
        &mut self,
        at: Spot,
        reach_mm: f64,
        mut see: impl FnMut(u32, Approach),
    ) {
        self.hash.near(self.pipes, at, reach_mm, &mut self.near);
        for slot in &self.near {
            for_each_approach(self.pipes.path(*slot), at, reach_mm, |it| see(*slot, it));
        }
    }

    /// What an end touches. A pair is found from both its ends; `all` keeps it also from the greater.
    pub(crate) fn join_end(&mut self, end: u32, all: bool, joins: &mut Joins) {
        let at = self.pipes.end(end);
        let mut is_loose = true;
        self.approaches(at, self.tolerance_mm, |pipe, it| {
            for (is_near, other) in [(it.has_start, pipe * 2), (it.has_end, pipe * 2 + 1)] {
                is_loose &= !is_near || other == end;
                if is_near && (end < other || (all && end != other)) {
                    joins.pairs.push((end.min(other), end.max(other)));
                }
            }
            if !it.has_start && !it.has_end {
                is_loose = false;
                joins.touches.push(Touch { pipe, along_mm: it.along_mm.round() as u32, end });
            }
        });
        if is_loose {
            self.find_gap(end, at, joins);
        }
    }

    fn find_gap(&mut self, end: u32, at: Spot, joins: &mut Joins) {
        let pipes = self.pipes;
        let mut nearest: Option<(f64, u32, Gap)> = None;
        self.approaches(at, self.gap_mm, |pipe, it| {
            let is_own_end = pipe == end / 2
                && ((it.has_start && end.is_multiple_of(2))
                    || (it.has_end && !end.is_multiple_of(2)));
            let key = (it.distance_mm, pipes.handles[pipe as usize]);
            if is_own_end || nearest.is_some_and(|best| (best.0, best.1) <= key) {
                return;
            }
            let gap = Gap {
                end,
                pipe,
                along_mm: it.along_mm.round() as u32,
                width_mm: it.distance_mm.round() as u32,
            };
            nearest = Some((key.0, key.1, gap));
        });
        joins.gaps.extend(nearest.map(|it| it.2));
    }

    /// What a fitting stands on: the pipe it is registered on before others, an end before a middle, then the nearest.
    fn hold(&mut self, fitting: &Fitting) -> Hold {
        let pipes = self.pipes;
        let mut best: Option<(bool, bool, f64, u32, Hold)> = None;
        let mut n_middles = 0;
        self.approaches(fitting.at, self.tolerance_mm, |pipe, it| {
            let handle = pipes.handles[pipe as usize];
            let is_own = fitting.pipe == Some(handle);
            let is_end = it.has_start || it.has_end;
            n_middles += u32::from(!is_end);
            let hold = match (is_own, is_end) {
                (true, true) => Hold::End(pipe * 2 + u32::from(!it.has_start)),
                (false, true) => Hold::Node(pipe * 2 + u32::from(!it.has_start)),
                (_, false) => Hold::Middle { pipe, along_mm: it.along_mm.round() as u32 },
            };
            let key = (!is_own, !is_end, it.distance_mm, handle);
            if best.is_none_or(|best| key < (best.0, best.1, best.2, best.3)) {
                best = Some((key.0, key.1, key.2, key.3, hold));
            }
        });
        match best {
            Some((true, _, _, _, Hold::Middle { pipe, along_mm })) if n_middles > 1 => {
                Hold::Several { pipe, along_mm }
            }
            Some((.., hold)) => hold,
            None => self.beside(fitting.at),
        }
    }

    pub(crate) fn hold_of(&mut self, fitting: Option<&Fitting>) -> Hold {
        fitting.map_or(Hold::Nothing { pipe: None, away_mm: 0 }, |it| self.hold(it))
    }

    fn beside(&mut self, at: Spot) -> Hold {
        let pipes = self.pipes;
        let mut nearest: Option<(f64, u32, u32)> = None;
        self.approaches(at, self.gap_mm, |pipe, it| {
            let key = (it.distance_mm, pipes.handles[pipe as usize], pipe);
            if nearest.is_none_or(|best| key < best) {
                nearest = Some(key);
            }
        });
        Hold::Nothing {
            pipe: nearest.map(|it| it.2),
            away_mm: nearest.map_or(0, |it| it.0.round() as u32),
        }
    }
}

impl Joins {
    /// Finds every pair of a whole network.
    pub(crate) fn find(finder: &mut Finder<'_>, fittings: &[Option<Fitting>]) -> Self {
        let mut joins = Self::default();
        for slot in finder.pipes.in_use() {
            finder.join_end(slot * 2, false, &mut joins);
            finder.join_end(slot * 2 + 1, false, &mut joins);
        }
        joins.holds = fittings.iter().map(|it| finder.hold_of(it.as_ref())).collect();
        joins.touches.sort_unstable();
        joins.pairs.shrink_to_fit();
        joins.touches.shrink_to_fit();
        joins.gaps.shrink_to_fit();
        joins
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.pairs.capacity() * 8
            + self.touches.capacity() * size_of::<Touch>()
            + self.gaps.capacity() * size_of::<Gap>()
            + self.holds.capacity() * size_of::<Hold>()
    }
}
