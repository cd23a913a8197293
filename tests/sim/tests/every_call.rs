//! Twenty scripts, each stopped at its calls, under three models of what a power cut takes. Every seventh call here;
//! `FALTKARTA_CALL_STEP=1` takes each of them, and `make sim-calls` does so on every core.

use faltkarta_sim::every_call::{SCRIPTS, play};
use faltkarta_sim::template::Template;

#[test]
fn whatever_call_a_machine_stops_at_nothing_saved_is_lost_and_nothing_is_half_done() {
    let step = std::env::var("FALTKARTA_CALL_STEP").ok().and_then(|it| it.parse().ok());
    let template = Template::new("every-call").expect("a town to begin in");
    let (mut n_calls, mut n_played) = (0, 0);
    for script in &SCRIPTS {
        let stops = play(script, &template, step.unwrap_or(7), 1).expect("nothing lost");
        println!("{:<36} {stops}", script.name);
        assert!(stops.n_calls > 0, "{} writes", script.name);
        n_calls += stops.n_calls;
        n_played += stops.n_played;
    }
    println!("{n_calls} calls, {n_played} stops");
    assert!(n_played >= 200);
}
