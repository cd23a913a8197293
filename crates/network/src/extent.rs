use std::collections::BTreeMap;

use crate::input::FittingKind;
use crate::network::Network;

/// A part of the network: what is dry, what hangs on it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Extent {
    /// Its pipes by handle, each with the metres that lie in it.
    pub pipes: Vec<PartOfPipe>,
    /// Metres of mains.
    pub mains_m: f64,
    /// Metres of service pipes.
    pub services_m: f64,
    /// Cubic metres in pipes of known diameter.
    pub volume_m3: f64,
    /// Metres of pipe of unknown diameter.
    pub bore_unknown_m: f64,
    /// Handles of connections.
    pub connections: Vec<u32>,
    /// Handles of hydrants.
    pub hydrants: Vec<u32>,
    /// Handles of sources.
    pub sources: Vec<u32>,
    /// Handles of what else stands on it: pumps, meters, manholes.
    pub others: Vec<u32>,
}

/// A pipe, and how much of it lies in something.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PartOfPipe {
    /// The pipe.
    pub pipe: u32,
    /// Metres of it.
    pub length_m: f64,
}

impl Extent {
    /// Metres of pipe.
    pub fn length_m(&self) -> f64 {
        self.mains_m + self.services_m
    }
}

impl Network {
    /// What some cells hold; lists by handle.
    pub(crate) fn extent(&self, cells: impl Iterator<Item = u32>) -> Extent {
        let mut extent = Extent::default();
        let mut by_pipe: BTreeMap<u32, u64> = BTreeMap::new();
        for cell in cells {
            for piece in self.graph.pieces_of_cell.of(cell) {
                let slot = self.graph.pieces[*piece as usize].pipe;
                let length_mm = self.graph.length_mm(&self.pipes, *piece);
                *by_pipe.entry(self.pipes.handles[slot as usize]).or_default() +=
                    u64::from(length_mm);
                self.measure(slot, f64::from(length_mm) / 1_000.0, &mut extent);
            }
            for fitting in self.graph.fittings_of_cell.of(cell) {
                let Some(fitting) = self.fittings[*fitting as usize] else { continue };
                match fitting.kind {
                    FittingKind::Connection => extent.connections.push(fitting.handle),
                    FittingKind::Hydrant => extent.hydrants.push(fitting.handle),
                    FittingKind::Source => extent.sources.push(fitting.handle),
                    FittingKind::Valve(_) => {}
                    FittingKind::Pump | FittingKind::Meter | FittingKind::Manhole => {
                        extent.others.push(fitting.handle);
                    }
                }
            }
        }
        extent.pipes = by_pipe
            .into_iter()
            .map(|(pipe, mm)| PartOfPipe { pipe, length_m: mm as f64 / 1_000.0 })
            .collect();
        for list in
            [&mut extent.connections, &mut extent.hydrants, &mut extent.sources, &mut extent.others]
        {
            list.sort_unstable();
        }
        extent
    }

    pub(crate) fn measure(&self, slot: u32, length_m: f64, extent: &mut Extent) {
        if self.pipes.is_service(slot) {
            extent.services_m += length_m;
        } else {
            extent.mains_m += length_m;
        }
        match self.pipes.bore_mm(slot) {
            Some(bore_mm) => {
                let radius_m = f64::from(bore_mm) / 2_000.0;
                extent.volume_m3 += std::f64::consts::PI * radius_m * radius_m * length_m;
            }
            None => extent.bore_unknown_m += length_m,
        }
    }
}
