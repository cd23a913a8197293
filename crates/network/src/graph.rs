//! Nodes, pieces of pipe between them, and the cells that they form between gates.
//!
//! A node is where ends meet; a piece is a pipe between two of its nodes. A **gate** stands on an arm, which is one side
//! of a piece at its node: a valve, or the beginning of a pipe that lets water run one way only. Nodes and pieces that are
//! joined without passing a gate are a **cell**. Cells are made with every gate in place, also those that cannot be
//! closed: a question walks over such gates, and the cells stay as they are.

use crate::groups::Groups;
use crate::input::{Fitting, FittingKind};
use crate::joins::{Hold, Joins};
use crate::pipes::Pipes;
use crate::spot::Spot;
use crate::union_find::UnionFind;

/// In the place of a valve for the gate of a one-way pipe.
pub(crate) const ONE_WAY: u32 = u32::MAX;

/// A part of a pipe between two nodes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece {
    pub(crate) pipe: u32,
    pub(crate) from_mm: u32,
    pub(crate) nodes: [u32; 2],
}

/// Something on an arm that divides cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Gate {
    /// Twice the piece, and one for its far side.
    pub(crate) arm: u32,
    /// Slot of the valve, or [`ONE_WAY`].
    pub(crate) valve: u32,
    pub(crate) is_closed: bool,
}

/// Why a valve divides nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undivided {
    /// So many arms meet where it stands, and nothing says on which it is.
    WhichArm { valve: u32, n_arms: u32 },
    /// Another valve stands on the same spot.
    Twice { valve: u32, other: u32 },
}

/// Topology and cells of one state of a network.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) pieces: Vec<Piece>,
    /// First piece of each slot, and the end of the last.
    pub(crate) first_pieces: Vec<u32>,
    /// Arms by node.
    pub(crate) arms: Groups,
    /// By arm.
    pub(crate) gates: Vec<Gate>,
    pub(crate) cell_of_piece: Vec<u32>,
    pub(crate) cell_of_node: Vec<u32>,
    pub(crate) n_cells: u32,
    pub(crate) gates_of_cell: Groups,
    pub(crate) pieces_of_cell: Groups,
    pub(crate) fittings_of_cell: Groups,
    pub(crate) undivided: Vec<Undivided>,
}

/// A place on a pipe where another one ends or a valve stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Station {
    pipe: u32,
    along_mm: u32,
    what: Stop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stop {
    End(u32),
    Valve(u32),
}

impl Graph {
    /// Puts the network together from its pairs: linear but for sorting the branches.
    pub(crate) fn make(
        pipes: &Pipes,
        fittings: &[Option<Fitting>],
        joins: &Joins,
        tolerance_mm: f64,
    ) -> Self {
        let mut graph = Self::default();
        let stations = stations(fittings, joins);
        let groups = grouped(&stations, tolerance_mm);
        let n_ends = pipes.len() * 2;
        let n_groups = groups.last().map_or(0, |it| it + 1) as usize;
        let mut nodes = UnionFind::new(n_ends + n_groups);
        for (a, b) in &joins.pairs {
            nodes.join(*a, *b);
        }
        for (station, group) in stations.iter().zip(&groups) {
            if let Stop::End(end) = station.what {
                nodes.join(end, n_ends as u32 + group);
            }
        }
        let (mut node_of, n_nodes) = nodes.numbered();
        let node_of_group = node_of.split_off(n_ends);
        graph.split(pipes, &stations, &groups, (&node_of, &node_of_group));
        let pieces = &graph.pieces;
        let sides = || pieces.iter().zip(0_u32..);
        graph.arms = Groups::build(n_nodes, || {
            sides().flat_map(|(it, i)| [(it.nodes[0], i * 2), (it.nodes[1], i * 2 + 1)])
        });
        let mut node_of_valve = vec![u32::MAX; fittings.len()];
        for (station, group) in stations.iter().zip(&groups) {
            if let Stop::Valve(valve) = station.what {
                node_of_valve[valve as usize] = node_of_group[*group as usize];
            }
        }
        graph.set_gates(pipes, fittings, joins, &node_of_valve);
        graph.set_cells(n_nodes);
        graph.set_contents(fittings, joins);
        graph
    }

    /// Cuts each pipe at its stations.
    fn split(
        &mut self,
        pipes: &Pipes,
        stations: &[Station],
        groups: &[u32],
        (node_of_end, node_of_group): (&[u32], &[u32]),
    ) {
        self.pieces.reserve_exact(pipes.len() + node_of_group.len());
        self.first_pieces.reserve_exact(pipes.len() + 1);
        let mut at = 0;
        for slot in 0..pipes.len() as u32 {
            self.first_pieces.push(self.pieces.len() as u32);
            if !pipes.is_in_use(slot) {
                continue;
            }
            let ends = [slot * 2, slot * 2 + 1].map(|it| node_of_end[it as usize]);
            let mut open = Piece { pipe: slot, from_mm: 0, nodes: [ends[0], ends[0]] };
            while let Some(station) = stations.get(at).filter(|it| it.pipe <= slot) {
                let is_first = at == 0 || groups[at - 1] != groups[at];
                if station.pipe == slot && is_first {
                    let node = node_of_group[groups[at] as usize];
                    self.pieces.push(Piece { nodes: [open.nodes[0], node], ..open });
                    open = Piece { pipe: slot, from_mm: station.along_mm, nodes: [node, node] };
                }
                at += 1;
            }
            self.pieces.push(Piece { nodes: [open.nodes[0], ends[1]], ..open });
        }
        self.first_pieces.push(self.pieces.len() as u32);
        self.pieces.shrink_to_fit();
    }

    /// Puts each valve on an arm, and notes those that no arm can be told of.
    fn set_gates(
        &mut self,
        pipes: &Pipes,
        fittings: &[Option<Fitting>],
        joins: &Joins,
        node_of_valve: &[u32],
    ) {
        let mut at_nodes: Vec<(u32, u32)> = vec![];
        for (valve, hold) in valves(fittings, joins) {
            let node = match hold {
                Hold::Nothing { .. } => continue,
                Hold::Several { .. } => {
                    self.undivided.push(Undivided::WhichArm { valve, n_arms: 4 });
                    continue;
                }
                Hold::End(end) | Hold::Node(end) => self.node_of_end(end),
                Hold::Middle { .. } => node_of_valve[valve as usize],
            };
            let arms = self.arms.of(node);
            let arm = match hold {
                Hold::End(end) => Some(self.arm_of_end(end)),
                _ if arms.len() <= 2 => {
                    let key = |arm: &u32| {
                        let piece = &self.pieces[*arm as usize / 2];
                        (pipes.handles[piece.pipe as usize], piece.from_mm, *arm)
                    };
                    arms.iter().copied().min_by_key(key)
                }
                _ => None,
            };
            if let Some(arm) = arm {
                let kind = fittings[valve as usize].map(|it| it.kind);
                let is_closed = matches!(kind, Some(FittingKind::Valve(it)) if it.is_closed);
                self.gates.push(Gate { arm, valve, is_closed });
                // Where more arms meet, each may have its valve.
                let place = if arms.len() <= 2 { node } else { u32::MAX - arm };
                at_nodes.push((place, valve));
            } else {
                let n_arms = arms.len() as u32;
                self.undivided.push(Undivided::WhichArm { valve, n_arms });
            }
        }
        for slot in pipes.in_use().filter(|it| pipes.is_one_way(*it)) {
            let arm = self.arm_of_end(slot * 2);
            self.gates.push(Gate { arm, valve: ONE_WAY, is_closed: false });
        }
        self.gates.sort_unstable();
        self.gates.shrink_to_fit();
        at_nodes.sort_unstable();
        for pair in at_nodes.windows(2).filter(|it| it[0].0 == it[1].0) {
            self.undivided.push(Undivided::Twice { valve: pair[0].1, other: pair[1].1 });
        }
    }

    /// The node of an end of a pipe in use.
    pub(crate) fn node_of_end(&self, end: u32) -> u32 {
        let arm = self.arm_of_end(end);
        self.pieces[arm as usize / 2].nodes[arm as usize % 2]
    }

    pub(crate) fn arm_of_end(&self, end: u32) -> u32 {
        let slot = end as usize / 2;
        if end.is_multiple_of(2) {
            self.first_pieces[slot] * 2
        } else {
            (self.first_pieces[slot + 1] - 1) * 2 + 1
        }
    }

    fn set_cells(&mut self, n_nodes: u32) {
        let mut is_gated = vec![false; self.pieces.len() * 2];
        for gate in &self.gates {
            is_gated[gate.arm as usize] = true;
        }
        let mut cells = UnionFind::new(n_nodes as usize + self.pieces.len());
        for (piece, i) in self.pieces.iter().zip(0_u32..) {
            for side in 0..2 {
                if !is_gated[(i * 2 + side) as usize] {
                    cells.join(piece.nodes[side as usize], n_nodes + i);
                }
            }
        }
        let (mut cell_of, n_cells) = cells.numbered();
        self.cell_of_piece = cell_of.split_off(n_nodes as usize);
        cell_of.shrink_to_fit();
        self.cell_of_node = cell_of;
        self.n_cells = n_cells;
    }

    fn set_contents(&mut self, fittings: &[Option<Fitting>], joins: &Joins) {
        let cells = &self.cell_of_piece;
        self.pieces_of_cell = Groups::build(self.n_cells, || cells.iter().copied().zip(0..));
        self.gates_of_cell = Groups::build(self.n_cells, || {
            self.gates.iter().zip(0_u32..).flat_map(|(gate, i)| {
                let (near, far) = self.cells_of_arm(gate.arm);
                // A ring through one gate has the same cell on both sides.
                std::iter::once((near, i)).chain((near != far).then_some((far, i)))
            })
        });
        self.fittings_of_cell = Groups::build(self.n_cells, || {
            fittings.iter().zip(0_u32..).filter_map(|(it, i)| {
                let is_valve = matches!(it.as_ref()?.kind, FittingKind::Valve(_));
                let cell = self.cell_of_hold(joins.holds[i as usize])?;
                (!is_valve).then_some((cell, i))
            })
        });
    }

    /// The cell of an arm's piece, and that of its node.
    pub(crate) fn cells_of_arm(&self, arm: u32) -> (u32, u32) {
        let piece = arm as usize / 2;
        let node = self.pieces[piece].nodes[arm as usize % 2];
        (self.cell_of_piece[piece], self.cell_of_node[node as usize])
    }

    /// The cell of what stands on something.
    pub(crate) fn cell_of_hold(&self, hold: Hold) -> Option<u32> {
        match hold {
            Hold::Nothing { .. } => None,
            Hold::End(end) | Hold::Node(end) => {
                Some(self.cell_of_node[self.node_of_end(end) as usize])
            }
            Hold::Middle { pipe, along_mm } | Hold::Several { pipe, along_mm } => {
                Some(self.cell_of_piece[self.piece_at(pipe, along_mm) as usize])
            }
        }
    }

    /// The pieces of a pipe, in order.
    pub(crate) fn pieces_of(&self, pipe: u32) -> std::ops::Range<u32> {
        self.first_pieces[pipe as usize]..self.first_pieces[pipe as usize + 1]
    }

    /// The piece that lies so far along a pipe.
    pub(crate) fn piece_at(&self, pipe: u32, along_mm: u32) -> u32 {
        let range = self.pieces_of(pipe);
        let pieces = &self.pieces[range.start as usize..range.end as usize];
        let after = pieces.partition_point(|it| it.from_mm <= along_mm);
        range.start + after.max(1) as u32 - 1
    }

    /// How far along its pipe a piece ends.
    pub(crate) fn end_mm(&self, pipes: &Pipes, piece: u32) -> u32 {
        let pipe = self.pieces[piece as usize].pipe;
        let next = self.pieces.get(piece as usize + 1).filter(|it| it.pipe == pipe);
        next.map_or(pipes.lengths_mm[pipe as usize], |it| it.from_mm)
    }

    pub(crate) fn length_mm(&self, pipes: &Pipes, piece: u32) -> u32 {
        self.end_mm(pipes, piece).saturating_sub(self.pieces[piece as usize].from_mm)
    }

    /// Where an arm meets its node.
    pub(crate) fn spot_of_arm(&self, pipes: &Pipes, arm: u32) -> Spot {
        let piece = self.pieces[arm as usize / 2];
        let along_mm =
            if arm.is_multiple_of(2) { piece.from_mm } else { self.end_mm(pipes, arm / 2) };
        pipes.along(piece.pipe, f64::from(along_mm))
    }

    /// Where a node lies: of its arms' ends the most south-western.
    pub(crate) fn spot_of_node(&self, pipes: &Pipes, node: u32) -> Option<Spot> {
        self.arms.of(node).iter().map(|it| self.spot_of_arm(pipes, *it)).min()
    }

    /// All gates of the arm that one stands on.
    pub(crate) fn gates_beside(&self, gate: u32) -> &[Gate] {
        let arm = self.gates[gate as usize].arm;
        let (before, after) = self.gates.split_at(gate as usize);
        let n_before = before.iter().rev().take_while(|it| it.arm == arm).count();
        let n_after = after.iter().take_while(|it| it.arm == arm).count();
        &self.gates[gate as usize - n_before..gate as usize + n_after]
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        let words = self.first_pieces.capacity()
            + self.cell_of_piece.capacity()
            + self.cell_of_node.capacity();
        words * 4
            + self.pieces.capacity() * size_of::<Piece>()
            + self.gates.capacity() * size_of::<Gate>()
            + self.undivided.capacity() * size_of::<Undivided>()
            + [&self.arms, &self.gates_of_cell, &self.pieces_of_cell, &self.fittings_of_cell]
                .map(Groups::heap_bytes)
                .iter()
                .sum::<usize>()
    }
}

fn valves<'a>(
    fittings: &'a [Option<Fitting>],
    joins: &'a Joins,
) -> impl Iterator<Item = (u32, Hold)> + 'a {
    fittings.iter().zip(&joins.holds).zip(0_u32..).filter_map(|((fitting, hold), slot)| {
        let is_valve = matches!(fitting.as_ref()?.kind, FittingKind::Valve(_));
        is_valve.then_some((slot, *hold))
    })
}

fn stations(fittings: &[Option<Fitting>], joins: &Joins) -> Vec<Station> {
    let branches = joins.touches.iter().map(|it| Station {
        pipe: it.pipe,
        along_mm: it.along_mm,
        what: Stop::End(it.end),
    });
    let cuts = valves(fittings, joins).filter_map(|(valve, hold)| match hold {
        Hold::Middle { pipe, along_mm } => {
            Some(Station { pipe, along_mm, what: Stop::Valve(valve) })
        }
        _ => None,
    });
    let mut stations: Vec<Station> = branches.chain(cuts).collect();
    stations.sort_unstable();
    stations
}

/// Numbers stations so that those no farther from the one before than the tolerance share a number.
fn grouped(stations: &[Station], tolerance_mm: f64) -> Vec<u32> {
    let mut n = 0;
    let mut groups = Vec::with_capacity(stations.len());
    for (i, station) in stations.iter().enumerate() {
        if let Some(before) = i.checked_sub(1).map(|it| &stations[it]) {
            let apart_mm = f64::from(station.along_mm) - f64::from(before.along_mm);
            let is_same = before.pipe == station.pipe && apart_mm <= tolerance_mm;
            n += u32::from(!is_same);
        }
        groups.push(n);
    }
    groups
}
