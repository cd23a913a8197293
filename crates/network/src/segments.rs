use std::collections::HashSet;

use crate::graph::{Gate, ONE_WAY};
use crate::input::{FittingKind, Function, Valve};
use crate::network::Network;
use crate::union_find::UnionFind;

/// What a valve of unknown function counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unknown {
    /// As not there: an answer that holds whatever it turns out to be.
    #[default]
    Absent,
    /// As one that can be turned.
    Works,
}

/// A part of the network that valves divide from the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Handles of its pipes. A pipe with a valve on its middle lies in two segments.
    pub pipes: Vec<u32>,
    /// Handles of the valves around it.
    pub valves: Vec<u32>,
    /// Handles of its connections.
    pub connections: Vec<u32>,
    /// Handles of everything else that stands in it.
    pub others: Vec<u32>,
}

/// How much hangs on one valve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Criticality {
    /// The valve.
    pub valve: u32,
    /// Connections without water, when a burst beside it has to be shut off and it cannot be closed.
    pub connections_lost: u32,
    /// Of those, how many lose it only because of this valve: the connections of the lesser of its two sides.
    pub connections_more: u32,
}

/// Which valves can be closed, for one question.
pub(crate) struct Usable<'a> {
    network: &'a Network,
    unknown: Unknown,
    told: HashSet<u32>,
}

impl<'a> Usable<'a> {
    pub(crate) fn new(
        network: &'a Network,
        unknown: Unknown,
        inoperable: impl IntoIterator<Item = u32>,
    ) -> Self {
        let told = inoperable.into_iter().filter_map(|it| network.fitting_slot(it)).collect();
        Self { network, unknown, told }
    }

    pub(crate) fn valve(&self, slot: u32) -> Option<Valve> {
        match self.network.fittings.get(slot as usize)?.as_ref()?.kind {
            FittingKind::Valve(valve) => Some(valve),
            _ => None,
        }
    }

    pub(crate) fn is_told(&self, slot: u32) -> bool {
        self.told.contains(&slot)
    }

    pub(crate) fn is_closed(&self, slot: u32) -> bool {
        self.valve(slot).is_some_and(|it| it.is_closed)
    }

    /// Whether it can be turned.
    pub(crate) fn works(&self, slot: u32) -> bool {
        let works = self.valve(slot).is_some_and(|it| match it.function {
            Function::Works => true,
            Function::Stuck => false,
            Function::Unknown => self.unknown == Unknown::Works,
        });
        works && !self.is_told(slot)
    }

    /// Whether one of an arm's gates divides it: closed already, or able to.
    pub(crate) fn divides(&self, gates: &[Gate]) -> bool {
        gates
            .iter()
            .any(|it| it.valve != ONE_WAY && (self.is_closed(it.valve) || self.works(it.valve)))
    }
}

impl Network {
    /// For each cell the number of its segment, and how many there are.
    fn segment_of_cell(&self, usable: &Usable<'_>) -> (Vec<u32>, u32) {
        let mut segments = UnionFind::new(self.graph.n_cells as usize);
        for gates in self.graph.gates.chunk_by(|a, b| a.arm == b.arm) {
            if !usable.divides(gates) {
                let (piece, node) = self.graph.cells_of_arm(gates[0].arm);
                segments.join(piece, node);
            }
        }
        segments.numbered()
    }

    /// Every segment that holds a pipe or a fitting. Valves that are stuck, of unknown function or told to be inoperable
    /// divide nothing, unless they are closed already.
    pub fn segments(&self, inoperable: &[u32], unknown: Unknown) -> Vec<Segment> {
        let usable = Usable::new(self, unknown, inoperable.iter().copied());
        let (segment_of, n) = self.segment_of_cell(&usable);
        let empty = Segment { pipes: vec![], valves: vec![], connections: vec![], others: vec![] };
        let mut segments = vec![empty; n as usize];
        for (piece, cell) in self.graph.pieces.iter().zip(&self.graph.cell_of_piece) {
            let segment = &mut segments[segment_of[*cell as usize] as usize];
            segment.pipes.push(self.pipes.handles[piece.pipe as usize]);
        }
        for cell in 0..self.graph.n_cells {
            let segment = &mut segments[segment_of[cell as usize] as usize];
            for slot in self.graph.fittings_of_cell.of(cell) {
                let Some(fitting) = self.fittings[*slot as usize] else { continue };
                if fitting.kind == FittingKind::Connection {
                    segment.connections.push(fitting.handle);
                } else {
                    segment.others.push(fitting.handle);
                }
            }
        }
        for gates in self.graph.gates.chunk_by(|a, b| a.arm == b.arm) {
            let (piece, node) = self.graph.cells_of_arm(gates[0].arm);
            let sides = [piece, node].map(|it| segment_of[it as usize]);
            if sides[0] == sides[1] {
                continue;
            }
            for gate in gates.iter().filter(|it| usable.divides(std::slice::from_ref(it))) {
                let Some(valve) = self.fittings[gate.valve as usize] else { continue };
                for side in sides {
                    segments[side as usize].valves.push(valve.handle);
                }
            }
        }
        segments.retain(|it| {
            !(it.pipes.is_empty() && it.connections.is_empty() && it.others.is_empty())
        });
        for segment in &mut segments {
            let lists = [
                &mut segment.pipes,
                &mut segment.valves,
                &mut segment.connections,
                &mut segment.others,
            ];
            for list in lists {
                list.sort_unstable();
                list.dedup();
            }
        }
        segments
    }

    /// How much hangs on each valve that divides two segments; the heaviest first.
    pub fn criticality(&self, unknown: Unknown) -> Vec<Criticality> {
        let usable = Usable::new(self, unknown, []);
        let (segment_of, n) = self.segment_of_cell(&usable);
        let mut n_connections = vec![0_u32; n as usize];
        for cell in 0..self.graph.n_cells {
            let is_connection = |it: &&u32| {
                let kind = self.fittings[**it as usize].map(|it| it.kind);
                kind == Some(FittingKind::Connection)
            };
            let here = self.graph.fittings_of_cell.of(cell).iter().filter(is_connection).count();
            n_connections[segment_of[cell as usize] as usize] += here as u32;
        }
        let mut found: Vec<Criticality> = vec![];
        for gate in self.graph.gates.iter().filter(|it| it.valve != ONE_WAY) {
            let Some(valve) = self.fittings[gate.valve as usize] else { continue };
            let (piece, node) = self.graph.cells_of_arm(gate.arm);
            let (a, b) = (segment_of[piece as usize], segment_of[node as usize]);
            let lost = [a, b].map(|it| n_connections[it as usize]);
            let (sum, more) =
                if a == b { (lost[0], 0) } else { (lost[0] + lost[1], lost[0].min(lost[1])) };
            found.push(Criticality {
                valve: valve.handle,
                connections_lost: sum,
                connections_more: more,
            });
        }
        found.sort_by_key(|it| (std::cmp::Reverse(it.connections_lost), it.valve));
        found
    }
}
