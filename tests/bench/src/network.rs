//! The water network: put together, cut into segments and shut off, beside WNTR's segments of the same network.

use std::process::Command;
use std::time::Duration;

use faltkarta_geo::EastNorthM;
use faltkarta_network::{
    Fitting, FittingKind, Flow, Function, Network, Pipe, PipeKind, Place, Reach, Shutoff, Spot,
    Unknown, Valve,
};
use serde_json::Value;

use crate::chance::Chance;
use crate::peer::{python, script};
use crate::rounds::{Outcome, ROUNDS, beside, figure, lone_row, quantile, skipped, time};

#[path = "../../../crates/network/examples/graph/mod.rs"]
mod graph;

/// Side of a block in metres.
const BLOCK_M: f64 = 80.0;
/// Shut-offs times pipes: a large network is asked less often.
const N_ASKED: u32 = 200_000_000;
/// One round takes WNTR seconds.
const N_PEER_ROUNDS: &str = "2";

pub(crate) fn run() -> Outcome<()> {
    for n in [100_000, 1_000_000] {
        town(n)?;
    }
    beside_wntr()
}

/// Streets in a grid, divided as the demo town's are: three mains for each side of a block with valves on the joints
/// between them, and a service on the middle one.
fn streets(n_pipes: usize) -> (Vec<Pipe>, Vec<Fitting>) {
    let side = (n_pipes as f64 / 8.0).sqrt().round() as usize;
    let mut chance = Chance::new(1885);
    let (mut pipes, mut fittings) = (vec![], vec![]);
    for (row, column) in (0..side).flat_map(|row| (0..side).map(move |column| (row, column))) {
        let corner = (column as f64 * BLOCK_M, row as f64 * BLOCK_M);
        for way in [(1.0, 0.0), (0.0, 1.0)] {
            street(corner, way, &mut chance, (&mut pipes, &mut fittings));
        }
        if (row * side + column) % 5_000 == 7 {
            fittings.push(fitting(fittings.len(), spot(corner), FittingKind::Source, None));
        }
    }
    (pipes, fittings)
}

fn street(
    corner: (f64, f64),
    (e, n): (f64, f64),
    chance: &mut Chance,
    (pipes, fittings): (&mut Vec<Pipe>, &mut Vec<Fitting>),
) {
    let along =
        |m: f64, aside: f64| spot((corner.0 + e * m + n * aside, corner.1 + n * m + e * aside));
    let first = pipes.len() as u32;
    for (i, path) in
        [&[0.0, 7.0][..], &[7.0, 30.0, 50.0, 73.0], &[73.0, BLOCK_M]].iter().enumerate()
    {
        let path = path.iter().map(|it| along(*it, 0.0)).collect();
        pipes.push(pipe(first + i as u32, path, PipeKind::Main));
    }
    for (on, m) in [(first, 7.0), (first + 2, 73.0)] {
        if chance.below(100) < 90 {
            let function = match chance.below(100) {
                0..82 => Function::Works,
                82..86 => Function::Stuck,
                _ => Function::Unknown,
            };
            let is_closed = chance.below(100) == 0;
            let valve = Valve { is_closed, is_normally_closed: is_closed, function };
            let handle = fittings.len();
            fittings.push(fitting(handle, along(m, 0.0), FittingKind::Valve(valve), Some(on)));
        }
    }
    let service = first + 3;
    pipes.push(pipe(service, vec![along(40.0, 0.0), along(40.0, 9.0)], PipeKind::Service));
    let handle = fittings.len();
    fittings.push(fitting(handle, along(40.0, 9.0), FittingKind::Connection, Some(service)));
}

fn pipe(handle: u32, path: Vec<Spot>, kind: PipeKind) -> Pipe {
    let levels_mm = [None, None];
    Pipe { handle, path, kind, is_in_use: true, flow: Flow::Both, bore_mm: Some(110), levels_mm }
}

fn fitting(handle: usize, at: Spot, kind: FittingKind, pipe: Option<u32>) -> Fitting {
    Fitting { handle: handle as u32, at, kind, pipe }
}

fn spot((e_m, n_m): (f64, f64)) -> Spot {
    let at = EastNorthM { e_m: 100_000.0 + e_m, n_m: 6_600_000.0 + n_m };
    Spot::parse(at).unwrap_or_default()
}

fn town(n_pipes: usize) -> Outcome<()> {
    let (pipes, fittings) = streets(n_pipes);
    let what = format!("{} pipes, {} fittings", pipes.len(), fittings.len());
    let (mut builds, mut cuts) = (vec![], vec![]);
    let mut network = Network::build([], [], Reach::default());
    for _ in 0..ROUNDS {
        let given = (pipes.clone(), fittings.clone());
        let (took, made) = time(|| Ok(Network::build(given.0, given.1, Reach::default())))?;
        network = made;
        builds.push(took);
        cuts.push(
            time(|| {
                network.settle();
                Ok(())
            })?
            .0,
        );
    }
    lone_row(&format!("network: build, {n_pipes} pipes"), quantile(&mut builds, 0.5), &what);
    lone_row(
        &format!("network: segments made anew, {n_pipes} pipes"),
        quantile(&mut cuts, 0.5),
        "with supply and faults",
    );
    let mut times = shutoffs(&network, pipes.len() as u32)?;
    let shown = [0.5, 0.99].map(|q| quantile(&mut times, q));
    lone_row(&format!("network: shut-off p50, {n_pipes} pipes"), shown[0], "");
    lone_row(&format!("network: shut-off p99, {n_pipes} pipes"), shown[1], "");
    let moved =
        Pipe { path: vec![spot((0.0, 0.0)), spot((3.0, 40.0))], ..pipes[pipes.len() / 2].clone() };
    let (took, ()) = time(|| {
        network.apply([faltkarta_network::Change::PutPipe(moved)]);
        Ok(())
    })?;
    lone_row(&format!("network: one pipe moved, {n_pipes} pipes"), took, "");
    let bytes = network.heap_bytes() as f64 / pipes.len() as f64;
    figure(
        &format!("network: bytes a pipe, {n_pipes} pipes"),
        &format!("{bytes:.0} B"),
        "all that it keeps",
    );
    Ok(())
}

fn shutoffs(network: &Network, n_pipes: u32) -> Outcome<Vec<Duration>> {
    let one = |i: u32| {
        let places = vec![Place::Pipe(i.wrapping_mul(2_654_435_761) % n_pipes)];
        let shutoff = Shutoff { places, ..Shutoff::default() };
        let (took, answer) = time(|| Ok(network.isolate(&shutoff)))?;
        answer.map_err(|why| format!("{why:?}"))?;
        Ok(took)
    };
    (0..(N_ASKED / n_pipes).clamp(100, 5_000)).map(one).collect()
}

/// WNTR's largest network with valves at 30 % of the ends: the segments, and what an answer about one pipe costs. WNTR
/// has to cut the network into segments for it each time.
fn beside_wntr() -> Outcome<()> {
    let what = "network: segments of Net6";
    let mut peer = Command::new(python());
    let done = peer.arg(script("wntr_segments.py")).arg(N_PEER_ROUNDS).output()?;
    if !done.status.success() {
        skipped(what, "WNTR is not installed");
        return Ok(());
    }
    let told: Value = serde_json::from_slice(&done.stdout)?;
    let seconds = told["seconds"].as_array().ok_or("WNTR's times")?.iter();
    let mut theirs: Vec<Duration> =
        seconds.filter_map(Value::as_f64).map(Duration::from_secs_f64).collect();
    let mut network = graph::network(&told["net"]).ok_or("the net is not of this shape")?;
    let (mut ours, mut n_segments) = (vec![], 0);
    for _ in 0..ROUNDS {
        let (took, segments) = time(|| {
            network.settle();
            Ok(network.segments(&[], Unknown::Absent))
        })?;
        ours.push(took);
        n_segments = segments.len();
    }
    let theirs = quantile(&mut theirs, 0.5);
    let note = format!("WNTR valve_segments; {n_segments} segments, WNTR {}", told["segments"]);
    beside(what, &note, quantile(&mut ours, 0.5), theirs);
    let n_pipes = told["net"]["links"].as_array().map_or(1, Vec::len) as u32;
    let answer = quantile(&mut shutoffs(&network, n_pipes)?, 0.99);
    beside("network: one shut-off p99 on Net6", "WNTR valve_segments", answer, theirs);
    Ok(())
}
