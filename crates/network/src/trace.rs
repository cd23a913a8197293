//! Where sewage comes from and where it goes.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::extent::Extent;
use crate::graph::Piece;
use crate::input::FittingKind;
use crate::isolate::NoIsolation;
use crate::joins::Hold;
use crate::network::{Network, Place};
use crate::problem::{Concerns, Problem, ProblemKind};
use crate::spot::Spot;

/// Which way a trace goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Against the flow: what drains here.
    Upstream,
    /// With the flow: where a spill goes.
    Downstream,
}

/// The answer to a trace.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Pipes in the order in which they are met, nearest along the pipes first.
    pub pipes: Vec<TracedPipe>,
    /// Fittings on them with the metres along the pipes, nearest first.
    pub fittings: Vec<(u32, f64)>,
    /// What lies on the way, all in all.
    pub extent: Extent,
    /// Where it ends: no pipe goes on from there.
    pub ends: Vec<Spot>,
    /// Faults of the data on the way: gaps, and pipes drawn uphill.
    pub warnings: Vec<Problem>,
}

/// A pipe on the way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TracedPipe {
    /// The pipe.
    pub pipe: u32,
    /// Metres along the pipes from where the trace began to where it meets this one.
    pub distance_m: f64,
    /// Metres of it that lie on the way.
    pub length_m: f64,
}

/// What is known while a trace goes on.
struct Walk {
    direction: Direction,
    /// Least way to a piece, in millimetres, by piece.
    reached: BTreeMap<u32, u64>,
    open: BinaryHeap<Reverse<(u64, u32)>>,
    /// Where it began on a piece, in millimetres from the piece's upper end.
    first: BTreeMap<u32, u32>,
}

impl Network {
    /// Follows the flow from a place, or against it: by gravity the way that lines were drawn, under pressure the way
    /// that is told, or both ways. A service pipe drains from its loose end, however it was drawn.
    ///
    /// # Errors
    ///
    /// [`NoIsolation`] for a place that is not on the network.
    pub fn trace(&self, place: Place, direction: Direction) -> Result<Trace, NoIsolation> {
        let mut walk = Walk {
            direction,
            reached: BTreeMap::new(),
            open: BinaryHeap::new(),
            first: BTreeMap::new(),
        };
        self.begin(place, &mut walk)?;
        let mut ends: BTreeSet<Spot> = BTreeSet::new();
        while let Some(Reverse((so_far_mm, piece))) = walk.open.pop() {
            if walk.reached.get(&piece).is_some_and(|it| *it < so_far_mm) {
                continue;
            }
            let whole_mm = self.graph.length_mm(&self.pipes, piece);
            let from_upper_mm = walk.first.get(&piece).copied();
            let way_mm = match (from_upper_mm, direction) {
                (None, _) => whole_mm,
                (Some(upper_mm), Direction::Upstream) => upper_mm,
                (Some(upper_mm), Direction::Downstream) => whole_mm.saturating_sub(upper_mm),
            };
            for node in self.far_nodes(piece, direction) {
                let next_mm = so_far_mm + u64::from(way_mm);
                if !self.go_on(node, piece, next_mm, &mut walk) {
                    ends.extend(self.graph.spot_of_node(&self.pipes, node));
                }
            }
        }
        Ok(self.told(&walk, ends))
    }

    fn begin(&self, place: Place, walk: &mut Walk) -> Result<(), NoIsolation> {
        match place {
            Place::Pipe(pipe) => {
                let slot = self.pipe_slot(pipe).filter(|it| self.pipes.is_in_use(*it));
                let slot = slot.ok_or(NoIsolation::NoPipe { pipe })?;
                for piece in self.graph.pieces_of(slot) {
                    walk.reach(piece, 0);
                }
            }
            Place::On { pipe, at } => {
                let slot = self.pipe_slot(pipe).filter(|it| self.pipes.is_in_use(*it));
                let slot = slot.ok_or(NoIsolation::NoPipe { pipe })?;
                self.begin_on(slot, self.nearest_along_mm(slot, at), walk);
            }
            Place::Fitting(fitting) => {
                let missing = NoIsolation::NoFitting { fitting };
                let slot = self.fitting_slot(fitting).ok_or(missing)?;
                match self.hold(slot) {
                    Hold::Nothing { .. } => return Err(missing),
                    Hold::End(end) | Hold::Node(end) => {
                        let node = self.graph.node_of_end(end);
                        self.go_on(node, u32::MAX, 0, walk);
                    }
                    Hold::Middle { pipe, along_mm } | Hold::Several { pipe, along_mm } => {
                        self.begin_on(pipe, along_mm, walk);
                    }
                }
            }
        }
        Ok(())
    }

    fn begin_on(&self, slot: u32, along_mm: u32, walk: &mut Walk) {
        let piece = self.graph.piece_at(slot, along_mm);
        let Piece { from_mm, .. } = self.graph.pieces[piece as usize];
        let into_mm = along_mm.saturating_sub(from_mm);
        let whole_mm = self.graph.length_mm(&self.pipes, piece);
        let upper_mm = if self.upper_side(piece) == Some(1) {
            whole_mm.saturating_sub(into_mm)
        } else {
            into_mm
        };
        walk.first.insert(piece, upper_mm.min(whole_mm));
        walk.reach(piece, 0);
    }

    /// Reaches every piece that goes on from a node; whether there is one.
    fn go_on(&self, node: u32, from: u32, so_far_mm: u64, walk: &mut Walk) -> bool {
        let mut goes_on = false;
        for arm in self.graph.arms.of(node) {
            let (piece, side) = (arm / 2, arm % 2);
            let enters = match (self.upper_side(piece), walk.direction) {
                (None, _) => true,
                (Some(upper), Direction::Downstream) => side == upper,
                (Some(upper), Direction::Upstream) => side != upper,
            };
            if enters && piece != from {
                goes_on = true;
                walk.reach(piece, so_far_mm);
            }
        }
        goes_on
    }

    /// Which side of a piece lies upstream; `None` where it runs both ways.
    fn upper_side(&self, piece: u32) -> Option<u32> {
        let Piece { pipe, .. } = self.graph.pieces[piece as usize];
        if !self.pipes.is_gravity(pipe) {
            return self.pipes.is_one_way(pipe).then_some(0);
        }
        if self.pipes.is_service(pipe) {
            let is_loose = [pipe * 2, pipe * 2 + 1]
                .map(|end| self.graph.arms.of(self.graph.node_of_end(end)).len() == 1);
            if is_loose[0] != is_loose[1] {
                return Some(u32::from(is_loose[1]));
            }
        }
        Some(0)
    }

    fn far_nodes(&self, piece: u32, direction: Direction) -> Vec<u32> {
        let nodes = self.graph.pieces[piece as usize].nodes;
        match (self.upper_side(piece), direction) {
            (None, _) => nodes.to_vec(),
            (Some(upper), Direction::Upstream) => vec![nodes[upper as usize]],
            (Some(upper), Direction::Downstream) => vec![nodes[1 - upper as usize]],
        }
    }

    fn told(&self, walk: &Walk, ends: BTreeSet<Spot>) -> Trace {
        let mut pipes: BTreeMap<u32, TracedPipe> = BTreeMap::new();
        let mut extent = Extent::default();
        for (piece, so_far_mm) in &walk.reached {
            let slot = self.graph.pieces[*piece as usize].pipe;
            let whole_mm = self.graph.length_mm(&self.pipes, *piece);
            let length_mm = match (walk.first.get(piece), walk.direction) {
                (None, _) => whole_mm,
                (Some(upper_mm), Direction::Upstream) => *upper_mm,
                (Some(upper_mm), Direction::Downstream) => whole_mm - upper_mm,
            };
            let (distance_m, length_m) =
                (*so_far_mm as f64 / 1_000.0, f64::from(length_mm) / 1_000.0);
            self.measure(slot, length_m, &mut extent);
            let pipe = self.pipes.handles[slot as usize];
            let entry = pipes.entry(pipe).or_insert(TracedPipe { pipe, distance_m, length_m: 0.0 });
            entry.distance_m = entry.distance_m.min(distance_m);
            entry.length_m += length_m;
        }
        let mut pipes: Vec<TracedPipe> = pipes.into_values().collect();
        pipes.sort_by(|a, b| a.distance_m.total_cmp(&b.distance_m).then(a.pipe.cmp(&b.pipe)));
        let fittings = self.met(walk, &mut extent);
        Trace {
            pipes,
            fittings,
            extent,
            ends: ends.into_iter().collect(),
            warnings: self.faults(walk),
        }
    }

    /// Fittings on the way, by how far along the pipes they are met.
    fn met(&self, walk: &Walk, extent: &mut Extent) -> Vec<(u32, f64)> {
        let mut met: Vec<(u32, f64)> = vec![];
        for (slot, fitting) in self.fittings.iter().enumerate() {
            let Some(fitting) = fitting else { continue };
            let Some(mm) = self.way_to(self.hold(slot as u32), walk) else { continue };
            met.push((fitting.handle, mm as f64 / 1_000.0));
            match fitting.kind {
                FittingKind::Connection => extent.connections.push(fitting.handle),
                FittingKind::Hydrant => extent.hydrants.push(fitting.handle),
                FittingKind::Source => extent.sources.push(fitting.handle),
                _ => extent.others.push(fitting.handle),
            }
        }
        met.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        met
    }

    /// How far along the pipes something stands; `None` when it is not on the way.
    fn way_to(&self, hold: Hold, walk: &Walk) -> Option<u64> {
        match hold {
            Hold::Nothing { .. } => None,
            Hold::Middle { pipe, along_mm } | Hold::Several { pipe, along_mm } => {
                let piece = self.graph.piece_at(pipe, along_mm);
                let so_far_mm = *walk.reached.get(&piece)?;
                let whole_mm = self.graph.length_mm(&self.pipes, piece);
                let into_mm = along_mm
                    .saturating_sub(self.graph.pieces[piece as usize].from_mm)
                    .min(whole_mm);
                let upper_mm =
                    if self.upper_side(piece) == Some(1) { whole_mm - into_mm } else { into_mm };
                let first_mm = walk.first.get(&piece).copied();
                let way_mm = match walk.direction {
                    Direction::Upstream => first_mm.unwrap_or(whole_mm).checked_sub(upper_mm)?,
                    Direction::Downstream => upper_mm.checked_sub(first_mm.unwrap_or(0))?,
                };
                Some(so_far_mm + u64::from(way_mm))
            }
            Hold::End(end) | Hold::Node(end) => {
                let node = self.graph.node_of_end(end);
                let behind = self.graph.arms.of(node).iter().filter_map(|arm| {
                    let (piece, side) = (arm / 2, arm % 2);
                    let so_far_mm = *walk.reached.get(&piece)?;
                    let leaves = self.far_nodes(piece, walk.direction).contains(&node);
                    let is_far =
                        leaves && self.graph.pieces[piece as usize].nodes[side as usize] == node;
                    let whole_mm = u64::from(self.graph.length_mm(&self.pipes, piece));
                    match (is_far, walk.first.get(&piece)) {
                        (true, None) => Some(so_far_mm + whole_mm),
                        (true, Some(upper_mm)) => Some(match walk.direction {
                            Direction::Upstream => u64::from(*upper_mm),
                            Direction::Downstream => whole_mm - u64::from(*upper_mm),
                        }),
                        // Where the trace enters a piece at the node, unless it began within.
                        (false, None) => Some(so_far_mm),
                        (false, Some(_)) => None,
                    }
                });
                behind.min()
            }
        }
    }

    fn faults(&self, walk: &Walk) -> Vec<Problem> {
        let cells: BTreeSet<u32> =
            walk.reached.keys().map(|it| self.graph.cell_of_piece[*it as usize]).collect();
        let pipes: BTreeSet<u32> = walk
            .reached
            .keys()
            .map(|it| self.pipes.handles[self.graph.pieces[*it as usize].pipe as usize])
            .collect();
        let on_the_way = |it: &&Problem| match it.kind {
            ProblemKind::AgainstFall { .. } | ProblemKind::ZeroLength => {
                it.pipe.is_some_and(|it| pipes.contains(&it))
            }
            ProblemKind::Gap { .. } => match it.concerns {
                Concerns::Cells(near) => {
                    let is_beside = it.pipe.is_some_and(|it| pipes.contains(&it))
                        || self.nearest_to(it).is_some_and(|it| pipes.contains(&it));
                    is_beside && near.iter().any(|it| cells.contains(it))
                }
                _ => false,
            },
            _ => false,
        };
        self.problems().iter().filter(on_the_way).cloned().collect()
    }

    /// The other pipe of a gap.
    fn nearest_to(&self, problem: &Problem) -> Option<u32> {
        let slot = self.pipe_slot(problem.pipe?)?;
        self.gap_of(slot).map(|it| self.pipes.handles[it as usize])
    }
}

impl Walk {
    fn reach(&mut self, piece: u32, so_far_mm: u64) {
        let known = self.reached.entry(piece).or_insert(u64::MAX);
        if so_far_mm < *known {
            *known = so_far_mm;
            self.open.push(Reverse((so_far_mm, piece)));
        }
    }
}
