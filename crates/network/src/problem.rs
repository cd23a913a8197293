//! What the data say that cannot be right, with the place. An answer that touches one says so.

use std::collections::BTreeSet;

use crate::graph::{Graph, Undivided};
use crate::input::{Fitting, FittingKind};
use crate::joins::{Hold, Joins};
use crate::pipes::Pipes;
use crate::spot::Spot;
use crate::supply::Supply;

/// One fault of the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    /// What it is.
    pub kind: ProblemKind,
    /// Where; `None` for what concerns all of the network.
    pub at: Option<Spot>,
    /// Handle of the pipe, when it is about one.
    pub pipe: Option<u32>,
    /// Handle of the fitting, when it is about one.
    pub fitting: Option<u32>,
    pub(crate) concerns: Concerns,
}

/// What a problem is about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ProblemKind {
    /// A pipe ends so close to another one that it should perhaps be joined to it.
    Gap {
        /// Width in metres.
        width_m: f64,
    },
    /// A pipe no longer than the tolerance. It joins what it touches.
    ZeroLength,
    /// A valve that stands on no pipe; it closes nothing.
    ValveOffPipe {
        /// Metres to the nearest pipe, when one is near.
        away_m: Option<f64>,
    },
    /// Another fitting that stands on no pipe; it is in no answer.
    FittingOffPipe {
        /// Metres to the nearest pipe, when one is near.
        away_m: Option<f64>,
    },
    /// A valve where several pipes meet, and nothing says on which it stands. It counts as not there.
    ValveUnclear {
        /// How many meet.
        n_arms: u32,
    },
    /// Two valves on one spot. Each counts.
    TwoValves {
        /// Handle of the other one.
        other: u32,
    },
    /// No reservoir and no works anywhere: what loses its supply cannot be told.
    NoSource,
    /// A part that no pipe joins to a source.
    PartWithoutSource {
        /// Metres of pipe in it.
        length_m: f64,
    },
    /// A part that is joined to a source, and that no water reaches as valves and one-way pipes stand.
    PartUnfed {
        /// Metres of pipe in it.
        length_m: f64,
    },
    /// A gravity pipe that was drawn uphill.
    AgainstFall {
        /// How much higher its last point is, in metres.
        rise_m: f64,
    },
}

impl ProblemKind {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gap { .. } => "gap",
            Self::ZeroLength => "zero_length",
            Self::ValveOffPipe { .. } => "valve_off_pipe",
            Self::FittingOffPipe { .. } => "fitting_off_pipe",
            Self::ValveUnclear { .. } => "valve_unclear",
            Self::TwoValves { .. } => "two_valves",
            Self::NoSource => "no_source",
            Self::PartWithoutSource { .. } => "part_without_source",
            Self::PartUnfed { .. } => "part_unfed",
            Self::AgainstFall { .. } => "against_fall",
        }
    }

    /// Whether more may be without water than an answer that touches it says.
    pub fn hides_more(self) -> bool {
        matches!(self, Self::Gap { .. } | Self::FittingOffPipe { .. } | Self::NoSource)
    }
}

/// Which answers a problem is told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Concerns {
    Cells([u32; 3]),
    /// All cells that pipes join, by the part's number.
    Part(u32),
    Everything,
    Nothing,
}

/// Lists every problem; by kind, then by place.
pub(crate) fn find(
    pipes: &Pipes,
    fittings: &[Option<Fitting>],
    joins: &Joins,
    graph: &Graph,
    supply: &Supply,
    tolerance_mm: f64,
) -> Vec<Problem> {
    let mut problems = vec![];
    let seek = Seek { pipes, fittings, joins, graph };
    seek.gaps(&mut problems);
    seek.short_pipes(tolerance_mm, &mut problems);
    seek.off_pipes(&mut problems);
    seek.undivided(&mut problems);
    supply.problems(pipes, graph, &mut problems);
    seek.uphill(&mut problems);
    problems
}

struct Seek<'a> {
    pipes: &'a Pipes,
    fittings: &'a [Option<Fitting>],
    joins: &'a Joins,
    graph: &'a Graph,
}

impl Seek<'_> {
    fn handle(&self, pipe: u32) -> u32 {
        self.pipes.handles[pipe as usize]
    }

    fn cell_at(&self, pipe: u32, along_mm: u32) -> u32 {
        self.graph.cell_of_piece[self.graph.piece_at(pipe, along_mm) as usize]
    }

    fn cell_of_end(&self, end: u32) -> u32 {
        self.graph.cell_of_node[self.graph.node_of_end(end) as usize]
    }

    /// Loose ends on which nothing stands that ends a pipe.
    fn gaps(&self, problems: &mut Vec<Problem>) {
        let mut is_ended = vec![false; self.graph.cell_of_node.len()];
        for (fitting, hold) in self.fittings.iter().zip(&self.joins.holds) {
            let ends = fitting
                .is_some_and(|it| !matches!(it.kind, FittingKind::Valve(_) | FittingKind::Manhole));
            if let (true, Hold::End(end) | Hold::Node(end)) = (ends, *hold) {
                is_ended[self.graph.node_of_end(end) as usize] = true;
            }
        }
        let mut told: BTreeSet<(u32, u32)> = BTreeSet::new();
        for gap in &self.joins.gaps {
            let node = self.graph.node_of_end(gap.end);
            if is_ended[node as usize] {
                continue;
            }
            // Two ends that face each other are one gap.
            let ends = [gap.pipe * 2, gap.pipe * 2 + 1];
            let at = self.pipes.end(gap.end);
            let beside = self.cell_at(gap.pipe, gap.along_mm);
            let facing = ends
                .into_iter()
                .find(|it| f64::from(gap.width_mm) + 1.0 >= self.pipes.end(*it).apart_mm(at));
            if facing.is_some_and(|it| !told.insert((gap.end.min(it), gap.end.max(it)))) {
                continue;
            }
            problems.push(Problem {
                kind: ProblemKind::Gap { width_m: f64::from(gap.width_mm) / 1_000.0 },
                at: Some(at),
                pipe: Some(self.handle(gap.end / 2)),
                fitting: None,
                // Between an end and its pipe may stand a valve: both are concerned.
                concerns: Concerns::Cells([
                    self.graph.cell_of_node[node as usize],
                    facing.map_or(beside, |it| self.cell_of_end(it)),
                    beside,
                ]),
            });
        }
    }

    fn short_pipes(&self, tolerance_mm: f64, problems: &mut Vec<Problem>) {
        for pipe in self.pipes.in_use() {
            if f64::from(self.pipes.lengths_mm[pipe as usize]) <= tolerance_mm {
                let cell = self.cell_at(pipe, 0);
                problems.push(Problem {
                    kind: ProblemKind::ZeroLength,
                    at: Some(self.pipes.end(pipe * 2)),
                    pipe: Some(self.handle(pipe)),
                    fitting: None,
                    concerns: Concerns::Cells([cell; 3]),
                });
            }
        }
    }

    fn off_pipes(&self, problems: &mut Vec<Problem>) {
        for (fitting, hold) in self.fittings.iter().zip(&self.joins.holds) {
            let (Some(fitting), Hold::Nothing { pipe, away_mm }) = (fitting, *hold) else {
                continue;
            };
            let away_m = pipe.map(|_| f64::from(away_mm) / 1_000.0);
            let kind = match fitting.kind {
                FittingKind::Valve(_) => ProblemKind::ValveOffPipe { away_m },
                FittingKind::Meter | FittingKind::Manhole => continue,
                _ => ProblemKind::FittingOffPipe { away_m },
            };
            problems.push(Problem {
                kind,
                at: Some(fitting.at),
                pipe: pipe.map(|it| self.handle(it)),
                fitting: Some(fitting.handle),
                concerns: pipe.map_or(Concerns::Nothing, |it| self.beside(it, fitting.at)),
            });
        }
    }

    /// The cell of the piece of a pipe that comes nearest to a spot.
    fn beside(&self, pipe: u32, at: Spot) -> Concerns {
        let mut nearest = (f64::INFINITY, 0.0);
        crate::approach::for_each_approach(self.pipes.path(pipe), at, f64::INFINITY, |it| {
            if it.distance_mm < nearest.0 {
                nearest = (it.distance_mm, it.along_mm);
            }
        });
        let cell = self.cell_at(pipe, nearest.1.round() as u32);
        Concerns::Cells([cell; 3])
    }

    fn undivided(&self, problems: &mut Vec<Problem>) {
        for it in &self.graph.undivided {
            let (valve, kind) = match *it {
                Undivided::WhichArm { valve, n_arms } => {
                    (valve, ProblemKind::ValveUnclear { n_arms })
                }
                Undivided::Twice { valve, other } => {
                    let other = self.fittings[other as usize].map_or(0, |it| it.handle);
                    (valve, ProblemKind::TwoValves { other })
                }
            };
            let Some(fitting) = self.fittings[valve as usize] else { continue };
            let hold = self.joins.holds[valve as usize];
            let cell = self.graph.cell_of_hold(hold);
            problems.push(Problem {
                kind,
                at: Some(fitting.at),
                pipe: hold.pipe().map(|it| self.handle(it)),
                fitting: Some(fitting.handle),
                concerns: cell.map_or(Concerns::Nothing, |it| Concerns::Cells([it; 3])),
            });
        }
    }

    fn uphill(&self, problems: &mut Vec<Problem>) {
        for pipe in self.pipes.in_use().filter(|it| self.pipes.is_gravity(*it)) {
            let Some([from_mm, to_mm]) = self.pipes.levels_mm(pipe) else { continue };
            if to_mm > from_mm {
                let cell = self.cell_at(pipe, 0);
                problems.push(Problem {
                    kind: ProblemKind::AgainstFall { rise_m: f64::from(to_mm - from_mm) / 1_000.0 },
                    at: Some(self.pipes.end(pipe * 2)),
                    pipe: Some(self.handle(pipe)),
                    fitting: None,
                    concerns: Concerns::Cells([cell; 3]),
                });
            }
        }
    }
}
