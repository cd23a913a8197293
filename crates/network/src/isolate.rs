//! A shut-off: which valves to close, what lies dry between them, and what loses its supply behind them.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::extent::Extent;
use crate::graph::ONE_WAY;
use crate::input::{FittingKind, Function};
use crate::joins::Hold;
use crate::network::{Network, Place};
use crate::problem::{Concerns, Problem, ProblemKind};
use crate::reopen::Reopen;
use crate::segments::{Unknown, Usable};
use crate::spot::Spot;
use crate::supply::passes;
use crate::walk::walking_order;

/// What is to be shut off.
#[derive(Debug, Clone, Default)]
pub struct Shutoff {
    /// Where.
    pub places: Vec<Place>,
    /// Handles of valves that are known not to work, beside what their function says.
    pub inoperable: Vec<u32>,
    /// What a valve of unknown function counts as.
    pub unknown: Unknown,
}

/// The answer to a shut-off.
#[derive(Debug, Clone, PartialEq)]
pub struct Isolation {
    /// Valves to close, in the order to walk them; those that need not be closed stand last.
    pub valves: Vec<ToClose>,
    /// Handles of valves around it that are closed already.
    pub already_closed: Vec<u32>,
    /// Valves on the way that cannot be closed.
    pub passed_over: Vec<PassedOver>,
    /// What lies between the valves.
    pub dry: Extent,
    /// What lies outside and has no way to a source any more.
    pub cut_off: Extent,
    /// Closed valves that would feed what is cut off from another side; those that feed most first.
    pub reopen: Vec<Reopen>,
    /// Faults of the data that the answer touches.
    pub warnings: Vec<Problem>,
    /// Counts and lengths are the least that it can be.
    pub is_at_least: bool,
}

/// A valve to close.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToClose {
    /// The valve.
    pub valve: u32,
    /// Where it stands.
    pub at: Spot,
    /// Straight distance on the grid from what is shut off, in metres.
    pub distance_m: f64,
    /// Whether water could come through it. Behind the others nothing but what is cut off anyhow.
    pub is_needed: bool,
}

/// A valve that a shut-off goes past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassedOver {
    /// The valve.
    pub valve: u32,
    /// Why.
    pub why: WhyNot,
}

/// Why a valve cannot be closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyNot {
    /// Its function says so.
    Stuck,
    /// Its function is not known.
    Unknown,
    /// The question said so.
    Told,
}

/// Why a shut-off has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoIsolation {
    /// There is no such pipe in use.
    NoPipe {
        /// The handle.
        pipe: u32,
    },
    /// There is no such fitting, or it stands on no pipe.
    NoFitting {
        /// The handle.
        fitting: u32,
    },
}

/// What a shut-off begins with.
struct Start {
    cells: Vec<u32>,
    spots: Vec<Spot>,
    /// Valves that are shut off themselves.
    valves: Vec<u32>,
}

/// The cells between the valves, and the gates on which they stand.
struct Inside {
    has: Vec<bool>,
    cells: Vec<u32>,
    gates: BTreeSet<u32>,
    closed_gates: BTreeSet<u32>,
    passed: BTreeSet<u32>,
}

/// Cells that lose their supply, in parts that hang together.
pub(crate) struct CutOff {
    /// By cell: the number of its part, or [`NOT_CUT_OFF`].
    part_of: Vec<u32>,
    pub(crate) cells: Vec<u32>,
}

const NOT_CUT_OFF: u32 = u32::MAX;

impl CutOff {
    pub(crate) fn part(&self, cell: u32) -> Option<u32> {
        self.part_of.get(cell as usize).copied().filter(|it| *it != NOT_CUT_OFF)
    }
}

impl Network {
    /// Which valves to close around some places, and what that takes along.
    ///
    /// # Errors
    ///
    /// [`NoIsolation`] for a place that is not on the network.
    pub fn isolate(&self, shutoff: &Shutoff) -> Result<Isolation, NoIsolation> {
        let start = self.start(&shutoff.places)?;
        let told = shutoff.inoperable.iter().chain(&start.valves).copied();
        let usable = Usable::new(self, shutoff.unknown, told);
        let inside = self.inside(&start.cells, &usable);
        let is_fed = if self.has_source() {
            self.supply.reach(&self.graph, |it| inside.has[it as usize])
        } else {
            vec![]
        };
        let cut_off = self.cut_off(&inside, &is_fed);
        let warnings = self.warnings(&inside, &cut_off);
        let unsure = self.unsure(&cut_off);
        let is_needed = |cell: u32| {
            let is_dead_end = || {
                self.graph.pieces_of_cell.of(cell).is_empty()
                    && self.graph.gates_of_cell.of(cell).len() < 2
            };
            let part = cut_off.part(cell);
            part.map_or_else(
                || !is_dead_end() || self.is_beside_gap(cell),
                |it| unsure.contains(&it),
            )
        };
        Ok(Isolation {
            valves: self.to_close(&inside, &usable, &start.spots, is_needed),
            already_closed: self.closed(&inside, &usable),
            passed_over: self.passed_over(&inside, &usable, &start.valves),
            reopen: self.reopen(&usable, &cut_off, &is_fed),
            is_at_least: warnings.iter().any(|it| it.kind.hides_more()),
            dry: self.extent(inside.cells.iter().copied()),
            cut_off: self.extent(cut_off.cells.into_iter()),
            warnings,
        })
    }

    fn start(&self, places: &[Place]) -> Result<Start, NoIsolation> {
        let mut start = Start { cells: vec![], spots: vec![], valves: vec![] };
        for place in places {
            match *place {
                Place::Pipe(pipe) => {
                    let slot = self.pipe_slot(pipe).filter(|it| self.pipes.is_in_use(*it));
                    let slot = slot.ok_or(NoIsolation::NoPipe { pipe })?;
                    for piece in self.graph.pieces_of(slot) {
                        start.cells.push(self.graph.cell_of_piece[piece as usize]);
                    }
                    let middle_mm = f64::from(self.pipes.lengths_mm[slot as usize]) / 2.0;
                    start.spots.push(self.pipes.along(slot, middle_mm));
                }
                Place::On { pipe, at } => {
                    let slot = self.pipe_slot(pipe).filter(|it| self.pipes.is_in_use(*it));
                    let slot = slot.ok_or(NoIsolation::NoPipe { pipe })?;
                    let along_mm = self.nearest_along_mm(slot, at);
                    let piece = self.graph.piece_at(slot, along_mm);
                    start.cells.push(self.graph.cell_of_piece[piece as usize]);
                    start.spots.push(self.pipes.along(slot, f64::from(along_mm)));
                }
                Place::Fitting(handle) => {
                    let missing = NoIsolation::NoFitting { fitting: handle };
                    let slot = self.fitting_slot(handle).ok_or(missing)?;
                    let fitting = self.fittings[slot as usize].ok_or(missing)?;
                    let hold = self.hold(slot);
                    start.cells.push(self.graph.cell_of_hold(hold).ok_or(missing)?);
                    start.spots.push(fitting.at);
                    if let FittingKind::Valve(_) = fitting.kind {
                        self.add_both_sides(slot, hold, &mut start);
                    }
                }
            }
        }
        Ok(start)
    }

    fn add_both_sides(&self, valve: u32, hold: Hold, start: &mut Start) {
        start.valves.extend(self.fittings[valve as usize].map(|it| it.handle));
        if let Some(gate) = self.graph.gates.iter().find(|it| it.valve == valve) {
            let (piece, node) = self.graph.cells_of_arm(gate.arm);
            start.cells.extend([piece, node]);
        } else if let Some(cell) = self.graph.cell_of_hold(hold) {
            start.cells.push(cell);
        }
    }

    /// Walks from the first cells as far as no valve divides.
    fn inside(&self, first: &[u32], usable: &Usable<'_>) -> Inside {
        let mut inside = Inside {
            has: vec![false; self.graph.n_cells as usize],
            cells: vec![],
            gates: BTreeSet::new(),
            closed_gates: BTreeSet::new(),
            passed: BTreeSet::new(),
        };
        let mut open: Vec<u32> = vec![];
        for cell in first {
            inside.enter(*cell, &mut open);
        }
        while let Some(cell) = open.pop() {
            for gate in self.graph.gates_of_cell.of(cell) {
                let gates = self.graph.gates_beside(*gate);
                let valves = || gates.iter().map(|it| it.valve).filter(|it| *it != ONE_WAY);
                if valves().any(|it| usable.is_closed(it)) {
                    inside.closed_gates.insert(*gate);
                } else if valves().any(|it| usable.works(it)) {
                    inside.gates.insert(*gate);
                } else {
                    inside.passed.extend(valves());
                    let (piece, node) = self.cells_at(*gate);
                    inside.enter(piece, &mut open);
                    inside.enter(node, &mut open);
                }
            }
        }
        let has = &inside.has;
        let is_around = |gate: &u32| {
            let (piece, node) = self.cells_at(*gate);
            has[piece as usize] != has[node as usize]
        };
        inside.gates.retain(is_around);
        inside.closed_gates.retain(is_around);
        inside
    }

    pub(crate) fn cells_at(&self, gate: u32) -> (u32, u32) {
        self.graph.cells_of_arm(self.graph.gates[gate as usize].arm)
    }

    /// Cells outside that were fed and are not any more.
    fn cut_off(&self, inside: &Inside, is_fed: &[bool]) -> CutOff {
        let mut cut_off = CutOff { part_of: vec![NOT_CUT_OFF; is_fed.len()], cells: vec![] };
        let is_lost = |it: u32| {
            let it = it as usize;
            self.supply.is_fed[it] && !is_fed[it] && !inside.has[it]
        };
        for first in (0..is_fed.len() as u32).filter(|it| is_lost(*it)) {
            let mut open = vec![first];
            while let Some(cell) = open.pop() {
                let part = &mut cut_off.part_of[cell as usize];
                if *part != NOT_CUT_OFF {
                    continue;
                }
                *part = first;
                cut_off.cells.push(cell);
                for gate in self.graph.gates_of_cell.of(cell) {
                    let next = passes(&self.graph, *gate, cell);
                    open.extend(next.filter(|it| is_lost(*it)));
                }
            }
        }
        cut_off
    }

    fn warnings(&self, inside: &Inside, cut_off: &CutOff) -> Vec<Problem> {
        let dry = |it: &&u32| !self.supply.is_fed[**it as usize];
        let part_of = |it: &u32| self.supply.part_of_cell[*it as usize];
        let parts: HashSet<u32> = inside.cells.iter().filter(dry).map(part_of).collect();
        let has_cell = |it: u32| inside.has[it as usize] || cut_off.part(it).is_some();
        let told = self.problems().iter().filter(|it| {
            !matches!(it.kind, ProblemKind::AgainstFall { .. })
                && touches(it.concerns, has_cell, &parts)
        });
        told.cloned().collect()
    }

    /// Parts that are cut off where the data leave open whether they are.
    fn unsure(&self, cut_off: &CutOff) -> HashSet<u32> {
        let mut parts = HashSet::new();
        for problem in self.problems() {
            let is_open =
                matches!(problem.kind, ProblemKind::Gap { .. } | ProblemKind::ValveUnclear { .. });
            if let (true, Concerns::Cells(cells)) = (is_open, problem.concerns) {
                parts.extend(cells.iter().filter_map(|it| cut_off.part(*it)));
            }
        }
        parts
    }

    fn is_beside_gap(&self, cell: u32) -> bool {
        self.problems().iter().any(|it| {
            matches!(it.kind, ProblemKind::Gap { .. })
                && matches!(it.concerns, Concerns::Cells(cells) if cells.contains(&cell))
        })
    }

    fn to_close(
        &self,
        inside: &Inside,
        usable: &Usable<'_>,
        from: &[Spot],
        is_needed: impl Fn(u32) -> bool,
    ) -> Vec<ToClose> {
        let distance_m = |at: Spot| {
            from.iter().map(|it| it.distance_on_grid_m(at)).fold(f64::INFINITY, f64::min)
        };
        let mut found: BTreeMap<u32, ToClose> = BTreeMap::new();
        for gate in &inside.gates {
            let valves = self.graph.gates_beside(*gate).iter().map(|it| it.valve);
            let fittings = valves
                .filter(|it| *it != ONE_WAY && usable.works(*it))
                .filter_map(|it| self.fittings[it as usize]);
            let nearest = fittings.min_by(|a, b| {
                let key = |at: Spot| distance_m(at);
                key(a.at).total_cmp(&key(b.at)).then(a.handle.cmp(&b.handle))
            });
            let Some(valve) = nearest else { continue };
            let (piece, node) = self.cells_at(*gate);
            let outer = if inside.has[piece as usize] { node } else { piece };
            found.insert(
                valve.handle,
                ToClose {
                    valve: valve.handle,
                    at: valve.at,
                    distance_m: distance_m(valve.at),
                    is_needed: is_needed(outer),
                },
            );
        }
        let (needed, mut rest): (Vec<ToClose>, Vec<ToClose>) =
            found.into_values().partition(|it| it.is_needed);
        rest.sort_by(|a, b| a.distance_m.total_cmp(&b.distance_m).then(a.valve.cmp(&b.valve)));
        let spots: Vec<Spot> = needed.iter().map(|it| it.at).collect();
        let order = walking_order(from.first().copied().unwrap_or_default(), &spots);
        order.into_iter().map(|it| needed[it]).chain(rest).collect()
    }

    fn closed(&self, inside: &Inside, usable: &Usable<'_>) -> Vec<u32> {
        let gates = inside.closed_gates.iter().flat_map(|it| self.graph.gates_beside(*it));
        let closed = gates.map(|it| it.valve).filter(|it| usable.is_closed(*it));
        let mut handles: Vec<u32> = closed
            .filter_map(|it| Some(self.fittings.get(it as usize)?.as_ref()?.handle))
            .collect();
        handles.sort_unstable();
        handles.dedup();
        handles
    }

    fn passed_over(
        &self,
        inside: &Inside,
        usable: &Usable<'_>,
        shut_off_themselves: &[u32],
    ) -> Vec<PassedOver> {
        let mut passed: Vec<PassedOver> = inside
            .passed
            .iter()
            .filter_map(|slot| {
                let valve = usable.valve(*slot)?;
                let why = match valve.function {
                    _ if usable.is_told(*slot) => WhyNot::Told,
                    Function::Stuck => WhyNot::Stuck,
                    Function::Unknown => WhyNot::Unknown,
                    Function::Works => return None,
                };
                Some(PassedOver { valve: self.fittings[*slot as usize]?.handle, why })
            })
            .filter(|it| !shut_off_themselves.contains(&it.valve))
            .collect();
        passed.sort_by_key(|it| it.valve);
        passed
    }
}

impl Inside {
    fn enter(&mut self, cell: u32, open: &mut Vec<u32>) {
        if !std::mem::replace(&mut self.has[cell as usize], true) {
            self.cells.push(cell);
            open.push(cell);
        }
    }
}

/// Whether an answer about some cells and parts meets a problem.
fn touches(concerns: Concerns, has_cell: impl Fn(u32) -> bool, parts: &HashSet<u32>) -> bool {
    match concerns {
        Concerns::Cells(cells) => cells.into_iter().any(has_cell),
        Concerns::Part(part) => parts.contains(&part),
        Concerns::Everything => true,
        Concerns::Nothing => false,
    }
}
