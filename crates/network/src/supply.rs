//! Which cells water reaches from the sources.

use crate::graph::{Graph, ONE_WAY};
use crate::groups::Groups;
use crate::input::{Fitting, FittingKind};
use crate::pipes::Pipes;
use crate::problem::{Concerns, Problem, ProblemKind};
use crate::union_find::UnionFind;

/// How the network is fed as its valves stand.
#[derive(Debug, Default)]
pub(crate) struct Supply {
    /// Cells with a source.
    sources: Vec<u32>,
    /// By cell: whether water reaches it.
    pub(crate) is_fed: Vec<bool>,
    /// By cell: the number of the part that pipes join, whatever stands on them.
    pub(crate) part_of_cell: Vec<u32>,
    n_parts: u32,
    /// Cells in the order in which water reaches them, each with the place in this list of the one that it comes from.
    order: Vec<(u32, u32)>,
}

impl Supply {
    pub(crate) fn find(graph: &Graph, fittings: &[Option<Fitting>]) -> Self {
        let mut sources = vec![];
        let mut parts = UnionFind::new(graph.n_cells as usize);
        for cell in 0..graph.n_cells {
            let is_source =
                |it: &u32| fittings[*it as usize].is_some_and(|it| it.kind == FittingKind::Source);
            if graph.fittings_of_cell.of(cell).iter().any(is_source) {
                sources.push(cell);
            }
        }
        for gate in &graph.gates {
            let (piece, node) = graph.cells_of_arm(gate.arm);
            parts.join(piece, node);
        }
        let (part_of_cell, n_parts) = parts.numbered();
        let mut supply = Self { sources, is_fed: vec![], part_of_cell, n_parts, order: vec![] };
        supply.flow(graph);
        supply
    }

    pub(crate) fn has_source(&self) -> bool {
        !self.sources.is_empty()
    }

    /// Lets water run from the sources.
    fn flow(&mut self, graph: &Graph) {
        self.is_fed = vec![false; graph.n_cells as usize];
        for (cell, place) in self.sources.iter().zip(0..) {
            self.is_fed[*cell as usize] = true;
            self.order.push((*cell, place));
        }
        let mut place = 0;
        while let Some((cell, _)) = self.order.get(place as usize).copied() {
            for gate in graph.gates_of_cell.of(cell) {
                let Some(next) = passes(graph, *gate, cell) else { continue };
                if !std::mem::replace(&mut self.is_fed[next as usize], true) {
                    self.order.push((next, place));
                }
            }
            place += 1;
        }
        self.order.shrink_to_fit();
    }

    /// The cells that water still reaches while others are shut off.
    ///
    /// Only what water reached by way of those can lose it; of that, what has another way in keeps it.
    pub(crate) fn reach(&self, graph: &Graph, is_shut: impl Fn(u32) -> bool) -> Vec<bool> {
        let mut is_fed = self.is_fed.clone();
        let mut is_behind = vec![false; self.order.len()];
        let mut behind = vec![];
        for (place, (cell, from)) in self.order.iter().enumerate() {
            let is_out = is_shut(*cell);
            if is_out || is_behind[*from as usize] {
                is_behind[place] = true;
                is_fed[*cell as usize] = false;
                if !is_out {
                    behind.push(*cell);
                }
            }
        }
        let enters = |cell: u32, is_fed: &[bool]| {
            graph.gates_of_cell.of(cell).iter().any(|gate| {
                let (piece, node) = graph.cells_of_arm(graph.gates[*gate as usize].arm);
                let other = if piece == cell { node } else { piece };
                is_fed[other as usize] && passes(graph, *gate, other) == Some(cell)
            })
        };
        let mut open: Vec<u32> = behind.into_iter().filter(|it| enters(*it, &is_fed)).collect();
        for cell in &open {
            is_fed[*cell as usize] = true;
        }
        while let Some(cell) = open.pop() {
            for gate in graph.gates_of_cell.of(cell) {
                let Some(next) = passes(graph, *gate, cell) else { continue };
                // What was not fed before is not reached now either: nothing was opened.
                if !is_shut(next) && !std::mem::replace(&mut is_fed[next as usize], true) {
                    open.push(next);
                }
            }
        }
        is_fed
    }

    /// Parts that no water reaches, each once.
    pub(crate) fn problems(&self, pipes: &Pipes, graph: &Graph, problems: &mut Vec<Problem>) {
        let problem = |kind, piece: Option<u32>, concerns| Problem {
            kind,
            at: piece.map(|it| graph.spot_of_arm(pipes, it * 2)),
            pipe: piece.map(|it| pipes.handles[graph.pieces[it as usize].pipe as usize]),
            fitting: None,
            concerns,
        };
        if !self.has_source() {
            if !graph.pieces.is_empty() {
                problems.push(problem(ProblemKind::NoSource, None, Concerns::Everything));
            }
            return;
        }
        let mut has_source = vec![false; self.n_parts as usize];
        for cell in &self.sources {
            has_source[self.part_of_cell[*cell as usize] as usize] = true;
        }
        let cells = Groups::build(self.n_parts, || self.part_of_cell.iter().copied().zip(0..));
        for part in 0..self.n_parts {
            let dry: Vec<u32> = cells
                .of(part)
                .iter()
                .filter(|it| !self.is_fed[**it as usize])
                .flat_map(|it| graph.pieces_of_cell.of(*it))
                .copied()
                .collect();
            if dry.is_empty() {
                continue;
            }
            let length_mm: u64 = dry.iter().map(|it| u64::from(graph.length_mm(pipes, *it))).sum();
            let length_m = length_mm as f64 / 1_000.0;
            let kind = if has_source[part as usize] {
                ProblemKind::PartUnfed { length_m }
            } else {
                ProblemKind::PartWithoutSource { length_m }
            };
            let least = |it: &u32| graph.spot_of_arm(pipes, *it * 2);
            let piece = dry.iter().copied().min_by_key(least);
            problems.push(problem(kind, piece, Concerns::Part(part)));
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.is_fed.capacity()
            + self.order.capacity() * 8
            + (self.part_of_cell.capacity() + self.sources.capacity()) * 4
    }
}

/// The cell behind a gate, when water passes it as its valves stand.
pub(crate) fn passes(graph: &Graph, gate: u32, from: u32) -> Option<u32> {
    let arm = graph.gates[gate as usize].arm;
    let (piece, node) = graph.cells_of_arm(arm);
    let next = if from == piece { node } else { piece };
    let stands_open = graph
        .gates_beside(gate)
        .iter()
        .all(|it| !it.is_closed && (it.valve != ONE_WAY || from == node));
    stands_open.then_some(next)
}
