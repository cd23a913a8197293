//! Data that cannot be right: what the network makes of them, and what it says.

mod support;

use faltkarta_network::{Fitting, Flow, Pipe, Place, ProblemKind, Reach};
use support::*;

/// A source to the left, a pipe of 100 m, a valve, a pipe of 100 m.
fn two(left_end: f64) -> [Pipe; 2] {
    [pipe(1, &[(0.0, 0.0), (left_end, 0.0)]), pipe(2, &[(100.0, 0.0), (200.0, 0.0)])]
}

#[test]
fn ends_within_the_tolerance_meet_also_by_way_of_a_third() {
    let joined = build(&two(99.95), &[source(9, (0.0, 0.0))]);
    assert_eq!(dry(&isolate(&joined, Place::Pipe(2))), [1, 2]);
    let mut chain = two(99.92).to_vec();
    let apart = build(&chain, &[source(9, (0.0, 0.0))]);
    assert_eq!(dry(&isolate(&apart, Place::Pipe(2))), [2]);
    chain.push(pipe(3, &[(99.96, 0.0), (99.96, 50.0)]));
    let chained = build(&chain, &[source(9, (0.0, 0.0))]);
    assert_eq!(dry(&isolate(&chained, Place::Pipe(2))), [1, 2, 3]);
}

#[test]
fn a_gap_is_told_once_with_its_width_and_makes_counts_the_least() {
    let network = build(&two(99.6), &[source(9, (0.0, 0.0)), valve(7, OPEN, (100.0, 0.0))]);
    let gaps: Vec<f64> = network
        .problems()
        .iter()
        .filter_map(|it| match it.kind {
            ProblemKind::Gap { width_m } => Some(width_m),
            _ => None,
        })
        .collect();
    assert_eq!(gaps, [0.4]);
    let answer = isolate(&network, Place::Pipe(1));
    assert_eq!(warnings(&answer), ["gap"]);
    assert_eq!(answer.warnings[0].at, Some(at(99.6, 0.0)));
    assert!(answer.is_at_least);
    // The valve at the far side of the gap is closed too: perhaps the pipes are one.
    let behind = isolate(&network, Place::Pipe(2));
    assert_eq!(
        behind.valves.iter().map(|it| (it.valve, it.is_needed)).collect::<Vec<_>>(),
        [(7, true)]
    );
    assert_eq!(warnings(&behind), ["gap", "part_without_source"]);
}

#[test]
fn an_end_that_something_ends_is_no_gap() {
    let pipes = [
        pipe(1, &[(0.0, 0.0), (100.0, 0.0)]),
        service(2, &[(50.0, 30.0), (50.0, 0.3)]),
        pipe(3, &[(50.0, 30.0), (0.0, 30.0)]),
    ];
    let loose = build(&pipes, &[source(9, (0.0, 0.0)), source(8, (0.0, 30.0))]);
    assert_eq!(problems(&loose), ["gap"]);
    let ended = [source(9, (0.0, 0.0)), source(8, (0.0, 30.0)), connection(7, (50.0, 0.3))];
    assert_eq!(problems(&build(&pipes, &ended)), [] as [&str; 0]);
}

#[test]
fn a_branch_ends_on_the_middle_of_a_pipe_and_a_crossing_does_not_touch() {
    let pipes = [
        pipe(1, &[(0.0, 0.0), (100.0, 0.0)]),
        pipe(2, &[(50.0, 0.04), (50.0, 80.0)]),
        pipe(3, &[(70.0, -50.0), (70.0, 50.0)]),
    ];
    let network = build(&pipes, &[source(9, (0.0, 0.0)), source(8, (70.0, -50.0))]);
    assert_eq!(dry(&isolate(&network, Place::Pipe(1))), [1, 2]);
    assert_eq!(dry(&isolate(&network, Place::Pipe(3))), [3]);
    assert_eq!(problems(&network), [] as [&str; 0]);
}

#[test]
fn a_line_that_crosses_itself_is_one_pipe_and_one_that_ends_on_itself_a_loop() {
    let crossing = [(0.0, 0.0), (100.0, 0.0), (100.0, 50.0), (50.0, 50.0), (50.0, -50.0)];
    let valves = [valve(7, OPEN, (30.0, 0.0)), source(9, (0.0, 0.0))];
    let network = build(&[pipe(1, &crossing)], &valves);
    let far = isolate(&network, Place::On { pipe: 1, at: at(50.0, -50.0) });
    assert_eq!((closes(&far), far.dry.length_m()), (vec![7], 270.0));
    // It ends on itself at 60 m: closing 7 leaves no other way, closing 8 does.
    let looping = [(0.0, 0.0), (100.0, 0.0), (100.0, 50.0), (60.0, 50.0), (60.0, 0.0)];
    let valves = [valve(8, OPEN, (80.0, 0.0)), source(9, (0.0, 0.0))];
    let network = build(&[pipe(1, &looping)], &valves);
    let beyond = isolate(&network, Place::On { pipe: 1, at: at(95.0, 0.0) });
    assert_eq!((closes(&beyond), beyond.dry.sources), (vec![], vec![9]));
}

#[test]
fn parallel_pipes_stay_apart_and_a_valve_stands_on_the_one_it_is_registered_on() {
    let pipes = [
        pipe(1, &[(0.0, 0.0), (100.0, 0.0)]),
        pipe(2, &[(0.0, 0.04), (100.0, 0.04)]),
        pipe(3, &[(0.0, 0.2), (100.0, 0.2)]),
    ];
    let on_two = Fitting { pipe: Some(2), ..valve(7, OPEN, (50.0, 0.02)) };
    let network = build(&pipes, &[source(9, (0.0, 0.0)), on_two]);
    let two = isolate(&network, Place::On { pipe: 2, at: at(80.0, 0.04) });
    assert_eq!(dry(&two), [1, 2], "the ends of 1 and 2 meet");
    let registered =
        build(&pipes[1..], &[source(9, (0.0, 0.04)), Fitting { pipe: Some(3), ..on_two }]);
    assert_eq!(closes(&isolate(&registered, Place::On { pipe: 2, at: at(80.0, 0.04) })), [7]);
    let unclear = build(&pipes, &[source(9, (0.0, 0.0)), Fitting { pipe: None, ..on_two }]);
    assert_eq!(problems(&unclear)[0], "gap");
    assert!(problems(&unclear).contains(&"valve_unclear"), "{:?}", problems(&unclear));
}

#[test]
fn a_valve_where_three_pipes_meet_closes_the_one_that_it_is_registered_on_or_nothing() {
    let pipes = [
        pipe(1, &[(0.0, 0.0), (100.0, 0.0)]),
        pipe(2, &[(100.0, 0.0), (200.0, 0.0)]),
        pipe(3, &[(100.0, 0.0), (100.0, 90.0)]),
    ];
    let plain = valve(7, OPEN, (100.0, 0.0));
    let unclear = build(&pipes, &[source(9, (0.0, 0.0)), plain]);
    assert_eq!(problems(&unclear), ["valve_unclear"]);
    let answer = isolate(&unclear, Place::Pipe(3));
    assert_eq!((closes(&answer), warnings(&answer)), (vec![], vec!["valve_unclear"]));
    let clear = build(&pipes, &[source(9, (0.0, 0.0)), Fitting { pipe: Some(3), ..plain }]);
    let answer = isolate(&clear, Place::Pipe(3));
    assert_eq!((closes(&answer), dry(&answer)), (vec![7], vec![3]));
    let other = Fitting { handle: 8, pipe: Some(2), ..plain };
    let cross = build(&pipes, &[source(9, (0.0, 0.0)), Fitting { pipe: Some(3), ..plain }, other]);
    assert_eq!(problems(&cross), [] as [&str; 0], "each arm may have its valve");
    assert_eq!(closes(&isolate(&cross, Place::Pipe(1))), [7, 8]);
}

#[test]
fn a_valve_on_no_pipe_closes_nothing_and_is_told_beside_its_pipe() {
    let network = build(&two(100.0), &[source(9, (0.0, 0.0)), valve(7, OPEN, (150.0, 0.3))]);
    let answer = isolate(&network, Place::Pipe(2));
    assert_eq!((closes(&answer), warnings(&answer)), (vec![], vec!["valve_off_pipe"]));
    assert_eq!(answer.warnings[0].kind, ProblemKind::ValveOffPipe { away_m: Some(0.3) });
    assert_eq!(answer.warnings[0].fitting, Some(7));
    let far = build(&two(100.0), &[source(9, (0.0, 0.0)), valve(7, OPEN, (150.0, 9.0))]);
    assert_eq!(far.problems()[0].kind, ProblemKind::ValveOffPipe { away_m: None });
}

#[test]
fn two_valves_on_one_spot_both_count_and_are_told() {
    let valves =
        [source(9, (0.0, 0.0)), valve(7, STUCK, (100.0, 0.0)), valve(8, OPEN, (100.0, 0.0))];
    let network = build(&two(100.0), &valves);
    assert_eq!(problems(&network), ["two_valves"]);
    let answer = isolate(&network, Place::Pipe(2));
    assert_eq!((closes(&answer), dry(&answer)), (vec![8], vec![2]));
}

#[test]
fn a_pipe_of_no_length_joins_what_it_touches_and_is_told() {
    let mut pipes = two(100.0).to_vec();
    pipes.push(pipe(3, &[(100.0, 0.0), (100.0, 0.0)]));
    pipes.push(pipe(4, &[(100.0, 0.0), (100.0, 40.0)]));
    let network = build(&pipes, &[source(9, (0.0, 0.0))]);
    assert_eq!(problems(&network), ["zero_length"]);
    assert_eq!(dry(&isolate(&network, Place::Pipe(4))), [1, 2, 3, 4]);
    let pointless = [pipe(1, &[(0.0, 0.0)]), pipe(2, &[])];
    assert_eq!(build(&pointless, &[]).n_pipes(), 0);
}

#[test]
fn without_a_source_nothing_is_said_about_supply() {
    let network = build(&two(100.0), &[valve(7, OPEN, (100.0, 0.0)), connection(5, (200.0, 0.0))]);
    let answer = isolate(&network, Place::Pipe(1));
    assert_eq!(warnings(&answer), ["no_source"]);
    assert!(answer.is_at_least && answer.valves[0].is_needed);
    assert_eq!(cut_off(&answer), [] as [u32; 0]);
    assert!(build(&[], &[]).problems().is_empty());
}

#[test]
fn a_part_that_hangs_on_no_source_is_told_with_its_length() {
    let mut pipes = two(100.0).to_vec();
    pipes.push(pipe(3, &[(0.0, 500.0), (80.0, 500.0)]));
    let network = build(&pipes, &[source(9, (0.0, 0.0))]);
    assert_eq!(network.problems()[0].kind, ProblemKind::PartWithoutSource { length_m: 80.0 });
    assert_eq!(network.problems()[0].at, Some(at(0.0, 500.0)));
    assert_eq!(warnings(&isolate(&network, Place::Pipe(3))), ["part_without_source"]);
    assert!(warnings(&isolate(&network, Place::Pipe(1))).is_empty());
    let behind = build(&two(100.0), &[source(9, (0.0, 0.0)), valve(7, CLOSED, (100.0, 0.0))]);
    assert_eq!(behind.problems()[0].kind, ProblemKind::PartUnfed { length_m: 100.0 });
}

#[test]
fn a_loop_of_one_way_pipes_neither_hangs_nor_feeds_itself() {
    let one_way = |handle, path: &[(f64, f64)]| Pipe { flow: Flow::AsDrawn, ..pipe(handle, path) };
    let ring = [
        one_way(1, &[(0.0, 0.0), (50.0, 0.0)]),
        one_way(2, &[(50.0, 0.0), (25.0, 40.0)]),
        one_way(3, &[(25.0, 40.0), (0.0, 0.0)]),
        one_way(4, &[(0.0, 0.0), (-50.0, 0.0)]),
    ];
    // The source stands at the end of a pipe that lets water only out of the ring.
    let network = build(&ring, &[source(9, (-50.0, 0.0)), connection(5, (25.0, 40.0))]);
    assert_eq!(problems(&network), ["part_unfed"]);
    let fed = build(&ring, &[source(9, (0.0, 0.0)), connection(5, (25.0, 40.0))]);
    assert_eq!(problems(&fed), [] as [&str; 0]);
    assert_eq!(dry(&isolate(&fed, Place::Pipe(2))), [1, 2, 3, 4]);
}

#[test]
fn a_pipe_out_of_use_is_not_there() {
    let mut pipes = two(100.0).to_vec();
    pipes[1].is_in_use = false;
    let network = build(&pipes, &[source(9, (0.0, 0.0)), valve(7, OPEN, (150.0, 0.0))]);
    assert_eq!(network.n_pipes(), 1);
    assert_eq!(problems(&network), ["valve_off_pipe"]);
}

#[test]
fn the_tolerance_is_the_datasets_own() {
    let reach = Reach { tolerance_m: 0.5, gap_m: 0.5 };
    let network = faltkarta_network::Network::build(two(99.6), [source(9, (0.0, 0.0))], reach);
    assert_eq!(dry(&isolate(&network, Place::Pipe(2))), [1, 2]);
    assert!(network.problems().is_empty());
}

#[test]
fn of_two_pipes_with_one_handle_the_last_counts() {
    let twice = [pipe(1, &[(0.0, 0.0), (50.0, 0.0)]), pipe(1, &[(0.0, 9.0), (80.0, 9.0)])];
    let network = build(&twice, &[source(9, (0.0, 9.0))]);
    assert_eq!((network.n_pipes(), isolate(&network, Place::Pipe(1)).dry.length_m()), (1, 80.0));
}
