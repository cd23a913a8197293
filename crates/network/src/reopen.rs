use std::collections::{BTreeMap, BTreeSet};

use crate::graph::ONE_WAY;
use crate::isolate::CutOff;
use crate::network::Network;
use crate::segments::Usable;
use crate::supply::passes;

/// A closed valve that could be opened.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reopen {
    /// The valve.
    pub valve: u32,
    /// How many connections it would feed.
    pub n_connections: u32,
    /// Metres of pipe that it would feed.
    pub length_m: f64,
}

impl Network {
    /// Closed valves between what is cut off and what is still fed.
    pub(crate) fn reopen(
        &self,
        usable: &Usable<'_>,
        cut_off: &CutOff,
        is_fed: &[bool],
    ) -> Vec<Reopen> {
        let mut found: BTreeMap<u32, Reopen> = BTreeMap::new();
        for cell in &cut_off.cells {
            for gate in self.graph.gates_of_cell.of(*cell) {
                let (piece, node) = self.cells_at(*gate);
                let other = if piece == *cell { node } else { piece };
                let gates = self.graph.gates_beside(*gate);
                let opens = gates.iter().all(|it| match it.valve {
                    ONE_WAY => other == node,
                    valve => !usable.is_closed(valve) || usable.works(valve),
                });
                let closed = gates
                    .iter()
                    .find(|it| it.valve != ONE_WAY && usable.is_closed(it.valve))
                    .and_then(|it| self.fittings[it.valve as usize]);
                let Some(valve) = closed.filter(|_| opens && is_fed[other as usize]) else {
                    continue;
                };
                let fed = self.fed_from(*cell, cut_off);
                let extent = self.extent(fed.into_iter());
                found.insert(
                    valve.handle,
                    Reopen {
                        valve: valve.handle,
                        n_connections: extent.connections.len() as u32,
                        length_m: extent.length_m(),
                    },
                );
            }
        }
        let mut found: Vec<Reopen> = found.into_values().collect();
        found.sort_by(|a, b| {
            b.n_connections
                .cmp(&a.n_connections)
                .then(b.length_m.total_cmp(&a.length_m))
                .then(a.valve.cmp(&b.valve))
        });
        found
    }

    /// What is cut off and would be reached from one of its cells.
    fn fed_from(&self, cell: u32, cut_off: &CutOff) -> BTreeSet<u32> {
        let mut fed = BTreeSet::from([cell]);
        let mut open = vec![cell];
        while let Some(cell) = open.pop() {
            for gate in self.graph.gates_of_cell.of(cell) {
                let Some(next) = passes(&self.graph, *gate, cell) else { continue };
                if cut_off.part(next).is_some() && fed.insert(next) {
                    open.push(next);
                }
            }
        }
        fed
    }
}
