//! Small nets in metres around a corner of the grid.
#![allow(dead_code, reason = "each test program uses its part")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use faltkarta_geo::EastNorthM;
use faltkarta_network::{
    Fitting, FittingKind, Flow, Function, Isolation, Network, Pipe, PipeKind, Place, Reach,
    Shutoff, Spot, Valve,
};

pub(crate) fn at(e_m: f64, n_m: f64) -> Spot {
    Spot::parse(EastNorthM { e_m: 160_000.0 + e_m, n_m: 6_600_000.0 + n_m }).unwrap()
}

pub(crate) fn pipe(handle: u32, path: &[(f64, f64)]) -> Pipe {
    Pipe {
        handle,
        path: path.iter().map(|it| at(it.0, it.1)).collect(),
        kind: PipeKind::Main,
        is_in_use: true,
        flow: Flow::Both,
        bore_mm: Some(100),
        levels_mm: [None, None],
    }
}

pub(crate) fn service(handle: u32, path: &[(f64, f64)]) -> Pipe {
    Pipe { kind: PipeKind::Service, bore_mm: Some(32), ..pipe(handle, path) }
}

pub(crate) fn fitting(handle: u32, kind: FittingKind, (e_m, n_m): (f64, f64)) -> Fitting {
    Fitting { handle, at: at(e_m, n_m), kind, pipe: None }
}

pub(crate) const OPEN: Valve =
    Valve { is_closed: false, is_normally_closed: false, function: Function::Works };
pub(crate) const CLOSED: Valve = Valve { is_closed: true, is_normally_closed: true, ..OPEN };
pub(crate) const STUCK: Valve = Valve { function: Function::Stuck, ..OPEN };
pub(crate) const UNKNOWN: Valve = Valve { function: Function::Unknown, ..OPEN };

pub(crate) fn valve(handle: u32, state: Valve, place: (f64, f64)) -> Fitting {
    fitting(handle, FittingKind::Valve(state), place)
}

pub(crate) fn source(handle: u32, place: (f64, f64)) -> Fitting {
    fitting(handle, FittingKind::Source, place)
}

pub(crate) fn connection(handle: u32, place: (f64, f64)) -> Fitting {
    fitting(handle, FittingKind::Connection, place)
}

pub(crate) fn build(pipes: &[Pipe], fittings: &[Fitting]) -> Network {
    Network::build(pipes.iter().cloned(), fittings.iter().copied(), Reach::default())
}

pub(crate) fn isolate(network: &Network, place: Place) -> Isolation {
    network.isolate(&Shutoff { places: vec![place], ..Shutoff::default() }).unwrap()
}

/// Handles of the valves to close, in rising order.
pub(crate) fn closes(isolation: &Isolation) -> Vec<u32> {
    let mut valves: Vec<u32> = isolation.valves.iter().map(|it| it.valve).collect();
    valves.sort_unstable();
    valves
}

/// Handles of the pipes that lie dry.
pub(crate) fn dry(isolation: &Isolation) -> Vec<u32> {
    isolation.dry.pipes.iter().map(|it| it.pipe).collect()
}

/// Handles of the pipes that lose their supply.
pub(crate) fn cut_off(isolation: &Isolation) -> Vec<u32> {
    isolation.cut_off.pipes.iter().map(|it| it.pipe).collect()
}

/// The words of the problems of a network.
pub(crate) fn problems(network: &Network) -> Vec<&'static str> {
    network.problems().iter().map(|it| it.kind.as_str()).collect()
}

/// The words of the warnings of an answer.
pub(crate) fn warnings(isolation: &Isolation) -> Vec<&'static str> {
    isolation.warnings.iter().map(|it| it.kind.as_str()).collect()
}
