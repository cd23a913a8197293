use crate::approach::for_each_approach;
use crate::graph::Graph;
use crate::hash::PipeHash;
use crate::input::{Fitting, Pipe, Reach};
use crate::joins::{Finder, Joins};
use crate::pipes::Pipes;
use crate::problem::{self, Problem};
use crate::spot::Spot;
use crate::supply::Supply;

/// A network of pipes with what stands on them, put together from their geometry.
///
/// What touches what:
/// - ends of pipes no farther apart than the tolerance meet, also through a third one between them;
/// - an end on the middle of another pipe, or of its own after it has left, is a branch there;
/// - lines that cross, also a line that crosses itself, do not touch;
/// - a pipe no longer than the tolerance joins what it touches; a pipe out of use is not there;
/// - a fitting stands on the pipe that it is registered on, when that one is within the tolerance; else where ends meet;
///   else on the nearest pipe. A valve on a middle divides the pipe there. Where more than two arms meet, and on two
///   middles at once, nothing says what an unregistered valve closes: it counts as not there, and is told.
///
/// The order of input changes nothing; between things that lie equally near, the lower handle decides.
#[derive(Debug)]
pub struct Network {
    pub(crate) reach: Reach,
    pub(crate) pipes: Pipes,
    pub(crate) fittings: Vec<Option<Fitting>>,
    /// Slots in use by handle.
    pipe_slots: Vec<u32>,
    fitting_slots: Vec<u32>,
    hash: PipeHash,
    joins: Joins,
    pub(crate) graph: Graph,
    pub(crate) supply: Supply,
    problems: Vec<Problem>,
}

/// One edit of a network.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A new pipe, or another state of one with the same handle.
    PutPipe(Pipe),
    /// No such pipe any more.
    RemovePipe(u32),
    /// A new fitting, or another state of one with the same handle.
    PutFitting(Fitting),
    /// No such fitting any more.
    RemoveFitting(u32),
}

/// Where something is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// All of a pipe, by its handle.
    Pipe(u32),
    /// The part of a pipe, by its handle, that is nearest to a spot.
    On {
        /// The pipe.
        pipe: u32,
        /// The spot.
        at: Spot,
    },
    /// What a fitting stands on, by its handle; of a valve both sides.
    Fitting(u32),
}

/// So many pipes may be later than the table of squares before it is made anew.
const N_LATER: usize = 1_000;

impl Network {
    /// Puts a network together. Of pipes, and of fittings, with the same handle the last one counts.
    pub fn build(
        pipes: impl IntoIterator<Item = Pipe>,
        fittings: impl IntoIterator<Item = Fitting>,
        reach: Reach,
    ) -> Self {
        let pipes_in = pipes.into_iter();
        let mut pipes = Pipes::with_capacity(pipes_in.size_hint().0);
        for pipe in pipes_in {
            pipes.push(&pipe);
        }
        pipes.shrink();
        let mut fittings: Vec<Option<Fitting>> = fittings.into_iter().map(Some).collect();
        fittings.shrink_to_fit();
        let pipe_slots = last_of_each(pipes.len(), |it| pipes.handles[it as usize]);
        let handle_of = |it: u32| fittings[it as usize].map_or(0, |it| it.handle);
        let fitting_slots = last_of_each(fittings.len(), handle_of);
        for slot in not_in(pipes.len(), &pipe_slots) {
            pipes.retire(slot);
        }
        for slot in not_in(fittings.len(), &fitting_slots) {
            fittings[slot as usize] = None;
        }
        let hash = PipeHash::build(&pipes);
        let joins = Joins::find(&mut Finder::new(&pipes, &hash, reach), &fittings);
        let mut network = Self {
            reach,
            pipes,
            fittings,
            pipe_slots,
            fitting_slots,
            hash,
            joins,
            graph: Graph::default(),
            supply: Supply::default(),
            problems: vec![],
        };
        network.settle();
        network
    }

    /// Makes segments, supply and problems anew from the pairs that are known: linear in the size of the network.
    pub fn settle(&mut self) {
        let tolerance_mm = self.reach.tolerance_m * 1_000.0;
        self.graph = Graph::make(&self.pipes, &self.fittings, &self.joins, tolerance_mm);
        self.supply = Supply::find(&self.graph, &self.fittings);
        self.problems = problem::find(
            &self.pipes,
            &self.fittings,
            &self.joins,
            &self.graph,
            &self.supply,
            tolerance_mm,
        );
    }

    /// Takes edits. Only what lies near them is measured again; the answer is that of a network built anew.
    pub fn apply(&mut self, changes: impl IntoIterator<Item = Change>) {
        let mut touched = Touched::default();
        for change in changes {
            match change {
                Change::PutPipe(pipe) => {
                    self.take_pipe(pipe.handle, &mut touched);
                    let slot = self.pipes.len() as u32;
                    self.pipes.push(&pipe);
                    let at = self
                        .pipe_slots
                        .partition_point(|it| self.pipes.handles[*it as usize] < pipe.handle);
                    self.pipe_slots.insert(at, slot);
                    touched.paths.push(pipe.path);
                }
                Change::RemovePipe(handle) => self.take_pipe(handle, &mut touched),
                Change::PutFitting(fitting) => {
                    match self.fitting_slot(fitting.handle) {
                        Some(slot) => self.fittings[slot as usize] = Some(fitting),
                        None => self.add_fitting(fitting),
                    }
                    touched.fittings.extend(self.fitting_slot(fitting.handle));
                }
                Change::RemoveFitting(handle) => {
                    if let Some(slot) = self.fitting_slot(handle) {
                        self.fittings[slot as usize] = None;
                        self.fitting_slots.retain(|it| *it != slot);
                        touched.fittings.push(slot);
                    }
                }
            }
        }
        self.rejoin(&touched);
        self.settle();
    }

    fn add_fitting(&mut self, fitting: Fitting) {
        let slot = self.fittings.len() as u32;
        let at = self.fitting_slots.partition_point(|it| {
            self.fittings[*it as usize].is_some_and(|it| it.handle < fitting.handle)
        });
        self.fitting_slots.insert(at, slot);
        self.fittings.push(Some(fitting));
    }

    fn take_pipe(&mut self, handle: u32, touched: &mut Touched) {
        let Some(slot) = self.pipe_slot(handle) else { return };
        self.pipe_slots.retain(|it| *it != slot);
        touched.paths.push(self.pipes.path(slot).to_vec());
        self.pipes.retire(slot);
    }

    /// Measures again what lies near edits.
    fn rejoin(&mut self, touched: &Touched) {
        if self.hash.n_later(&self.pipes) > N_LATER {
            self.hash = PipeHash::build(&self.pipes);
        }
        let mut finder = Finder::new(&self.pipes, &self.hash, self.reach);
        let near = Near::of(&touched.paths, finder.gap_mm.max(1.0));
        let mut is_end_touched = vec![false; self.pipes.len() * 2];
        for slot in self.pipes.in_use() {
            for end in [slot * 2, slot * 2 + 1] {
                is_end_touched[end as usize] = near.has(self.pipes.end(end));
            }
        }
        let pipes = &self.pipes;
        let is_stale = |end: u32| is_end_touched[end as usize] || !pipes.is_in_use(end / 2);
        let joins = &mut self.joins;
        joins.pairs.retain(|it| !is_stale(it.0) && !is_stale(it.1));
        joins.touches.retain(|it| !is_stale(it.end) && pipes.is_in_use(it.pipe));
        joins.gaps.retain(|it| !is_stale(it.end) && pipes.is_in_use(it.pipe));
        let mut fresh = Joins::default();
        for end in (0..is_end_touched.len() as u32).filter(|it| is_end_touched[*it as usize]) {
            finder.join_end(end, true, &mut fresh);
        }
        fresh.pairs.sort_unstable();
        fresh.pairs.dedup();
        joins.pairs.extend(fresh.pairs);
        joins.touches.extend(fresh.touches);
        joins.touches.sort_unstable();
        joins.gaps.extend(fresh.gaps);
        for (i, fitting) in self.fittings.iter().enumerate() {
            let is_new = i >= joins.holds.len();
            let is_near = fitting.is_some_and(|it| near.has(it.at));
            if is_new || is_near || touched.fittings.contains(&(i as u32)) {
                let hold = finder.hold_of(fitting.as_ref());
                if is_new {
                    joins.holds.push(hold);
                } else {
                    joins.holds[i] = hold;
                }
            }
        }
    }

    /// What the data say that cannot be right.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How many pipes are in use.
    pub fn n_pipes(&self) -> usize {
        self.pipes.in_use().count()
    }

    /// Whether a source stands on it.
    pub fn has_source(&self) -> bool {
        self.supply.has_source()
    }

    /// The pipe in use that is nearest to a spot, and its distance in metres; `None` when none is within reach.
    pub fn nearest_pipe(&self, at: Spot, within_m: f64) -> Option<(u32, f64)> {
        let mut finder = Finder::new(&self.pipes, &self.hash, self.reach);
        let mut nearest: Option<(f64, u32)> = None;
        finder.approaches(at, within_m * 1_000.0, |pipe, it| {
            let key = (it.distance_mm, self.pipes.handles[pipe as usize]);
            if nearest.is_none_or(|best| key < best) {
                nearest = Some(key);
            }
        });
        nearest.map(|(distance_mm, handle)| (handle, distance_mm / 1_000.0))
    }

    /// Bytes on the heap that the network keeps.
    pub fn heap_bytes(&self) -> usize {
        self.pipes.heap_bytes()
            + self.fittings.capacity() * size_of::<Option<Fitting>>()
            + (self.pipe_slots.capacity() + self.fitting_slots.capacity()) * 4
            + self.hash.heap_bytes()
            + self.joins.heap_bytes()
            + self.graph.heap_bytes()
            + self.supply.heap_bytes()
            + self.problems.capacity() * size_of::<Problem>()
    }

    pub(crate) fn pipe_slot(&self, handle: u32) -> Option<u32> {
        let key = |it: &u32| self.pipes.handles[*it as usize];
        self.pipe_slots.binary_search_by_key(&handle, key).ok().map(|it| self.pipe_slots[it])
    }

    pub(crate) fn fitting_slot(&self, handle: u32) -> Option<u32> {
        let key = |it: &u32| self.fittings[*it as usize].map_or(0, |it| it.handle);
        let found = self.fitting_slots.binary_search_by_key(&handle, key);
        found.ok().map(|it| self.fitting_slots[it])
    }

    pub(crate) fn hold(&self, fitting: u32) -> crate::joins::Hold {
        self.joins.holds[fitting as usize]
    }

    /// The pipe that a loose end of another one nearly reaches.
    pub(crate) fn gap_of(&self, pipe: u32) -> Option<u32> {
        self.joins.gaps.iter().find(|it| it.end / 2 == pipe).map(|it| it.pipe)
    }

    /// How far along a pipe it comes nearest to a spot, in millimetres.
    pub(crate) fn nearest_along_mm(&self, pipe: u32, at: Spot) -> u32 {
        let mut nearest = (f64::INFINITY, 0.0);
        for_each_approach(self.pipes.path(pipe), at, f64::INFINITY, |it| {
            if it.distance_mm < nearest.0 {
                nearest = (it.distance_mm, it.along_mm);
            }
        });
        nearest.1.round() as u32
    }
}

/// What edits changed.
#[derive(Default)]
struct Touched {
    /// Lines that are new or gone.
    paths: Vec<Vec<Spot>>,
    fittings: Vec<u32>,
}

/// The neighbourhood of some lines.
struct Near<'a> {
    paths: Vec<(Spot, Spot, &'a [Spot])>,
    reach_mm: f64,
}

impl<'a> Near<'a> {
    fn of(paths: &'a [Vec<Spot>], reach_mm: f64) -> Self {
        let margin = reach_mm.ceil() as i32;
        let boxed = |path: &'a Vec<Spot>| {
            let e = || path.iter().map(|it| it.e_mm);
            let n = || path.iter().map(|it| it.n_mm);
            Some((
                Spot { e_mm: e().min()? - margin, n_mm: n().min()? - margin },
                Spot { e_mm: e().max()? + margin, n_mm: n().max()? + margin },
                path.as_slice(),
            ))
        };
        Self { paths: paths.iter().filter_map(boxed).collect(), reach_mm }
    }

    fn has(&self, at: Spot) -> bool {
        self.paths.iter().any(|(least, most, path)| {
            let is_boxed = least.e_mm <= at.e_mm
                && at.e_mm <= most.e_mm
                && least.n_mm <= at.n_mm
                && at.n_mm <= most.n_mm;
            let mut is_near = false;
            if is_boxed {
                for_each_approach(path, at, self.reach_mm, |_| is_near = true);
            }
            is_near
        })
    }
}

/// Slots by handle; of several with one handle the last.
fn last_of_each(n: usize, handle: impl Fn(u32) -> u32) -> Vec<u32> {
    let mut slots: Vec<u32> = (0..n as u32).rev().collect();
    slots.sort_by_key(|it| handle(*it));
    slots.dedup_by_key(|it| handle(*it));
    slots.shrink_to_fit();
    slots
}

fn not_in(n: usize, slots: &[u32]) -> Vec<u32> {
    let mut is_in = vec![false; n];
    for slot in slots {
        is_in[*slot as usize] = true;
    }
    (0..n as u32).filter(|it| !is_in[*it as usize]).collect()
}
