//! Where sewage comes from and goes to.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use faltkarta_network::{
    Direction, FittingKind, Flow, Network, NoIsolation, Pipe, Place, ProblemKind, Trace,
};
use support::*;

fn sewer(handle: u32, path: &[(f64, f64)]) -> Pipe {
    Pipe { flow: Flow::Gravity, ..pipe(handle, path) }
}

fn drain(handle: u32, path: &[(f64, f64)]) -> Pipe {
    Pipe { flow: Flow::Gravity, ..service(handle, path) }
}

/// Two branches of 100 m meet and run on to a pump, from where a pressure pipe goes on. Services were drawn from the
/// main and to it.
fn town() -> Network {
    let pumped = Pipe { flow: Flow::AsDrawn, ..pipe(4, &[(100.0, -80.0), (300.0, -80.0)]) };
    let pipes = [
        sewer(1, &[(0.0, 0.0), (100.0, 0.0)]),
        sewer(2, &[(200.0, 0.0), (100.0, 0.0)]),
        sewer(3, &[(100.0, 0.0), (100.0, -80.0)]),
        pumped,
        drain(11, &[(40.0, 0.0), (40.0, 10.0)]),
        drain(12, &[(160.0, 9.0), (160.0, 0.0)]),
        drain(13, &[(100.0, -50.0), (110.0, -50.0)]),
    ];
    let manhole = |handle, place| fitting(handle, FittingKind::Manhole, place);
    let fittings = [
        connection(21, (40.0, 10.0)),
        connection(22, (160.0, 9.0)),
        connection(23, (110.0, -50.0)),
        manhole(31, (0.0, 0.0)),
        manhole(32, (100.0, 0.0)),
        manhole(33, (100.0, -30.0)),
        fitting(34, FittingKind::Pump, (100.0, -80.0)),
    ];
    build(&pipes, &fittings)
}

fn trace(network: &Network, place: Place, direction: Direction) -> Trace {
    network.trace(place, direction).unwrap()
}

fn pipes(trace: &Trace) -> Vec<u32> {
    trace.pipes.iter().map(|it| it.pipe).collect()
}

#[test]
fn upstream_is_everything_that_drains_here() {
    let network = town();
    let here = trace(&network, Place::Fitting(33), Direction::Upstream);
    assert_eq!(pipes(&here), [3, 1, 2, 11, 12]);
    assert_eq!(here.extent.connections, [21, 22]);
    assert_eq!(here.extent.length_m(), 30.0 + 200.0 + 19.0);
    let way = |fitting: u32| here.fittings.iter().find(|it| it.0 == fitting).unwrap().1;
    assert_eq!((way(33), way(32), way(21), way(31)), (0.0, 30.0, 100.0, 130.0));
    assert_eq!(here.ends, [at(0.0, 0.0), at(40.0, 10.0), at(160.0, 9.0), at(200.0, 0.0)]);
    let pump = trace(&network, Place::Fitting(34), Direction::Upstream);
    assert_eq!(pump.extent.connections, [21, 22, 23]);
}

#[test]
fn downstream_is_the_way_of_a_spill() {
    let network = town();
    let spill = trace(&network, Place::Fitting(21), Direction::Downstream);
    assert_eq!(pipes(&spill), [11, 1, 3, 4]);
    assert_eq!(spill.extent.length_m(), 10.0 + 60.0 + 80.0 + 200.0);
    assert_eq!(spill.ends, [at(300.0, -80.0)]);
    let met: Vec<u32> = spill.fittings.iter().map(|it| it.0).collect();
    assert_eq!(met, [21, 32, 33, 34]);
    let on = trace(&network, Place::On { pipe: 3, at: at(100.0, -60.0) }, Direction::Downstream);
    assert_eq!((pipes(&on), on.extent.length_m()), (vec![3, 4], 220.0));
}

#[test]
fn nothing_runs_upwards_through_a_pressure_pipe_that_says_its_way() {
    let up = trace(&town(), Place::Pipe(4), Direction::Upstream);
    assert_eq!(up.extent.connections, [21, 22, 23]);
    let both = Pipe { flow: Flow::Both, ..pipe(2, &[(0.0, 0.0), (0.0, 50.0)]) };
    let network = build(&[sewer(1, &[(0.0, 0.0), (90.0, 0.0)]), both], &[]);
    assert_eq!(pipes(&trace(&network, Place::Pipe(1), Direction::Upstream)), [1, 2]);
}

#[test]
fn a_pipe_drawn_uphill_is_told_where_it_lies_on_the_way() {
    let level = |pipe: Pipe, from: i32, to: i32| Pipe { levels_mm: [Some(from), Some(to)], ..pipe };
    let pipes = [
        level(sewer(1, &[(0.0, 0.0), (100.0, 0.0)]), 51_000, 50_000),
        level(sewer(2, &[(100.0, 0.0), (200.0, 0.0)]), 50_000, 50_300),
        sewer(3, &[(200.0, 0.0), (300.0, 0.0)]),
    ];
    let network = build(&pipes, &[]);
    let down = trace(&network, Place::Pipe(1), Direction::Downstream);
    assert_eq!(down.warnings.len(), 1);
    assert_eq!(down.warnings[0].kind, ProblemKind::AgainstFall { rise_m: 0.3 });
    assert_eq!(down.warnings[0].pipe, Some(2));
    assert!(trace(&network, Place::Pipe(3), Direction::Downstream).warnings.is_empty());
}

#[test]
fn a_ring_ends_and_a_gap_is_told() {
    let ring = [
        sewer(1, &[(0.0, 0.0), (50.0, 0.0)]),
        sewer(2, &[(50.0, 0.0), (25.0, 40.0)]),
        sewer(3, &[(25.0, 40.0), (0.0, 0.0)]),
        sewer(4, &[(50.3, 0.0), (90.0, 0.0)]),
    ];
    let network = build(&ring, &[]);
    let round = trace(&network, Place::Pipe(1), Direction::Downstream);
    assert_eq!((pipes(&round), round.extent.length_m() as u32), (vec![1, 2, 3], 144));
    let told: Vec<&str> = round.warnings.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(told, ["gap"]);
    let missing = network.trace(Place::Pipe(9), Direction::Upstream).unwrap_err();
    assert_eq!(missing, NoIsolation::NoPipe { pipe: 9 });
}
