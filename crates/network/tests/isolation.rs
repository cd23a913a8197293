//! What a shut-off closes, empties and cuts off.

mod support;

use faltkarta_network::{
    FittingKind, Flow, Network, NoIsolation, Pipe, Place, Shutoff, Unknown, WhyNot,
};
use support::*;

/// A source, five mains of 100 m in a row with a valve at each joint, and a service on every one.
fn row() -> (Vec<Pipe>, Vec<faltkarta_network::Fitting>) {
    let mut pipes = vec![];
    let mut fittings = vec![source(900, (0.0, 0.0))];
    for i in 0..5_u32 {
        let e = f64::from(i) * 100.0;
        pipes.push(pipe(i + 1, &[(e, 0.0), (e + 100.0, 0.0)]));
        pipes.push(service(i + 11, &[(e + 50.0, 0.0), (e + 50.0, 12.0)]));
        fittings.push(connection(i + 51, (e + 50.0, 12.0)));
        if i > 0 {
            fittings.push(valve(i + 100, OPEN, (e, 0.0)));
        }
    }
    (pipes, fittings)
}

fn row_with(change: impl Fn(&mut faltkarta_network::Fitting)) -> Network {
    let (pipes, mut fittings) = row();
    fittings.iter_mut().for_each(change);
    build(&pipes, &fittings)
}

fn set(handle: u32, state: faltkarta_network::Valve) -> impl Fn(&mut faltkarta_network::Fitting) {
    move |it| {
        if it.handle == handle {
            it.kind = FittingKind::Valve(state);
        }
    }
}

#[test]
fn the_valves_around_a_pipe_are_closed_and_what_lies_behind_is_cut_off() {
    let answer = isolate(&row_with(|_| {}), Place::Pipe(2));
    assert_eq!(closes(&answer), [101, 102]);
    assert_eq!(dry(&answer), [2, 12]);
    assert_eq!(answer.dry.connections, [52]);
    assert_eq!(cut_off(&answer), [3, 4, 5, 13, 14, 15]);
    assert_eq!(answer.cut_off.connections, [53, 54, 55]);
    assert_eq!((answer.dry.mains_m, answer.dry.services_m), (100.0, 12.0));
    assert!(answer.warnings.is_empty() && !answer.is_at_least);
    // 100 m of 100 mm and 12 m of 32 mm.
    assert!((answer.dry.volume_m3 - 0.795_049).abs() < 1e-5, "{}", answer.dry.volume_m3);
    // Water comes from the left only; the valve to the right may stay open.
    let needed: Vec<(u32, bool)> =
        answer.valves.iter().map(|it| (it.valve, it.is_needed)).collect();
    assert_eq!(needed, [(101, true), (102, false)]);
    assert_eq!(answer.valves[0].distance_m, 50.0);
}

#[test]
fn a_point_takes_the_part_of_the_pipe_that_it_is_nearest_to() {
    let pipes = [pipe(1, &[(0.0, 0.0), (100.0, 0.0)])];
    let network = build(&pipes, &[source(9, (0.0, 0.0)), valve(7, OPEN, (60.0, 0.0))]);
    let right = isolate(&network, Place::On { pipe: 1, at: at(90.0, 3.0) });
    assert_eq!(right.dry.length_m(), 40.0);
    assert_eq!((closes(&right), right.valves[0].distance_m), (vec![7], 30.0));
    let left = isolate(&network, Place::On { pipe: 1, at: at(10.0, -3.0) });
    assert_eq!(left.dry.length_m(), 60.0);
    assert_eq!(left.dry.sources, [9]);
    let whole = isolate(&network, Place::Pipe(1));
    assert_eq!((closes(&whole), whole.dry.length_m()), (vec![], 100.0));
}

#[test]
fn a_valve_that_does_not_work_moves_the_shut_off_to_the_next_ones() {
    let stuck = isolate(&row_with(set(102, STUCK)), Place::Pipe(2));
    assert_eq!((closes(&stuck), dry(&stuck)), (vec![101, 103], vec![2, 3, 12, 13]));
    assert_eq!((stuck.passed_over[0].valve, stuck.passed_over[0].why), (102, WhyNot::Stuck));
    let network = row_with(set(102, UNKNOWN));
    let unknown = isolate(&network, Place::Pipe(2));
    assert_eq!((closes(&unknown), unknown.passed_over[0].why), (vec![101, 103], WhyNot::Unknown));
    let places = vec![Place::Pipe(2)];
    let trusted = Shutoff { places: places.clone(), unknown: Unknown::Works, ..Shutoff::default() };
    assert_eq!(closes(&network.isolate(&trusted).unwrap()), [101, 102]);
    let told = Shutoff { places, inoperable: vec![101], ..Shutoff::default() };
    let told = row_with(|_| {}).isolate(&told).unwrap();
    assert_eq!((closes(&told), told.passed_over[0].why), (vec![102], WhyNot::Told));
    assert_eq!(told.dry.sources, [900]);
}

#[test]
fn a_closed_valve_is_a_boundary_also_when_it_is_stuck() {
    let closed = faltkarta_network::Valve { is_closed: true, ..STUCK };
    let answer = isolate(&row_with(set(102, closed)), Place::Pipe(2));
    assert_eq!((closes(&answer), answer.already_closed), (vec![101], vec![102]));
    assert_eq!(answer.passed_over, []);
}

#[test]
fn several_places_are_shut_off_together() {
    let network = row_with(|_| {});
    let places = vec![Place::Pipe(2), Place::Pipe(3)];
    let both = network.isolate(&Shutoff { places, ..Shutoff::default() }).unwrap();
    assert_eq!((closes(&both), dry(&both)), (vec![101, 103], vec![2, 3, 12, 13]));
    let apart = vec![Place::Pipe(1), Place::Pipe(4)];
    let apart = network.isolate(&Shutoff { places: apart, ..Shutoff::default() }).unwrap();
    assert_eq!(closes(&apart), [101, 103, 104]);
    assert_eq!(cut_off(&apart), [2, 3, 5, 12, 13, 15]);
}

#[test]
fn a_valve_itself_is_shut_off_on_both_sides() {
    let answer = isolate(&row_with(|_| {}), Place::Fitting(102));
    assert_eq!((closes(&answer), dry(&answer)), (vec![101, 103], vec![2, 3, 12, 13]));
    assert_eq!(answer.passed_over, []);
    let hydrant = isolate(&row_with(|_| {}), Place::Fitting(53));
    assert_eq!(closes(&hydrant), [102, 103]);
}

#[test]
fn what_could_feed_from_another_side_is_told() {
    // The far end of the row is joined to a second source by a valve that is normally closed.
    let (mut pipes, mut fittings) = row();
    pipes.push(pipe(6, &[(500.0, 0.0), (600.0, 0.0)]));
    fittings.extend([valve(200, CLOSED, (500.0, 0.0)), source(901, (600.0, 0.0))]);
    let answer = isolate(&build(&pipes, &fittings), Place::Pipe(3));
    assert_eq!((closes(&answer), cut_off(&answer)), (vec![102, 103], vec![4, 5, 14, 15]));
    let reopen = answer.reopen[0];
    assert_eq!((reopen.valve, reopen.n_connections, reopen.length_m), (200, 2, 224.0));
    let stuck = faltkarta_network::Valve { is_closed: true, ..STUCK };
    fittings.retain(|it| it.handle != 200);
    fittings.push(valve(200, stuck, (500.0, 0.0)));
    assert_eq!(isolate(&build(&pipes, &fittings), Place::Pipe(3)).reopen, []);
}

#[test]
fn water_runs_through_a_one_way_pipe_only_as_it_was_drawn() {
    // Two ways to the far side; the lower one lets water run only away from the source, or only towards it.
    let net = |path: &[(f64, f64)]| {
        let one_way = Pipe { flow: Flow::AsDrawn, ..pipe(3, path) };
        let pipes = [
            pipe(1, &[(0.0, 0.0), (0.0, 50.0)]),
            pipe(2, &[(0.0, 50.0), (100.0, 50.0), (100.0, 0.0)]),
            one_way,
            pipe(4, &[(100.0, 0.0), (200.0, 0.0)]),
        ];
        let valves = [valve(11, OPEN, (0.0, 50.0)), valve(12, OPEN, (100.0, 0.5))];
        let mut fittings = vec![source(9, (0.0, 0.0)), connection(8, (200.0, 0.0))];
        fittings.extend(valves);
        build(&pipes, &fittings)
    };
    let away =
        isolate(&net(&[(0.0, 0.0), (100.0, 0.0)]), Place::On { pipe: 2, at: at(50.0, 50.0) });
    assert_eq!((closes(&away), cut_off(&away)), (vec![11, 12], vec![]));
    let towards =
        isolate(&net(&[(100.0, 0.0), (0.0, 0.0)]), Place::On { pipe: 2, at: at(50.0, 50.0) });
    assert_eq!((closes(&towards), cut_off(&towards)), (vec![11, 12], vec![2, 4]));
    assert_eq!(towards.cut_off.connections, [8]);
}

#[test]
fn a_place_that_is_not_on_the_network_is_refused() {
    let network = row_with(|_| {});
    let ask = |place| network.isolate(&Shutoff { places: vec![place], ..Shutoff::default() });
    assert_eq!(ask(Place::Pipe(77)).unwrap_err(), NoIsolation::NoPipe { pipe: 77 });
    assert_eq!(ask(Place::Fitting(77)).unwrap_err(), NoIsolation::NoFitting { fitting: 77 });
    assert_eq!(network.nearest_pipe(at(250.0, 30.0), 25.0), Some((13, 18.0)));
    assert_eq!(network.nearest_pipe(at(250.0, 600.0), 100.0), None);
}

#[test]
fn length_without_a_diameter_is_told_apart() {
    let bare = Pipe { bore_mm: None, ..pipe(1, &[(0.0, 0.0), (70.0, 0.0)]) };
    let network = build(&[bare, pipe(2, &[(70.0, 0.0), (100.0, 0.0)])], &[source(9, (0.0, 0.0))]);
    let answer = isolate(&network, Place::Pipe(1));
    assert_eq!((answer.dry.bore_unknown_m, answer.dry.mains_m), (70.0, 100.0));
    assert!((answer.dry.volume_m3 - 0.235_619).abs() < 1e-5);
}

#[test]
fn a_valve_matters_by_the_connections_of_both_its_sides() {
    let network = row_with(set(104, STUCK));
    let found = network.criticality(Unknown::Absent);
    let of = |valve: u32| found.iter().find(|it| it.valve == valve).unwrap();
    // 103 divides one connection from two that the stuck valve leaves together.
    assert_eq!((of(103).connections_lost, of(103).connections_more), (3, 1));
    assert_eq!((of(102).connections_lost, of(102).connections_more), (2, 1));
    assert_eq!((of(104).connections_lost, of(104).connections_more), (2, 0));
    assert_eq!(found[0].valve, 103);
}

#[test]
fn segments_name_their_pipes_valves_and_connections() {
    let segments = row_with(set(102, STUCK)).segments(&[103], Unknown::Absent);
    let told: Vec<(&[u32], &[u32], usize)> = segments
        .iter()
        .map(|it| (it.pipes.as_slice(), it.valves.as_slice(), it.connections.len()))
        .collect();
    assert_eq!(
        told,
        [
            (&[1, 11][..], &[101][..], 1),
            (&[2, 3, 4, 12, 13, 14][..], &[101, 104][..], 3),
            (&[5, 15][..], &[104][..], 1),
        ]
    );
}
