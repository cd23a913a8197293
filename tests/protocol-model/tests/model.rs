//! The bounded world is searched completely, random histories hold, every seeded bug is found, and a second model in
//! another language ends in the same states.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use faltkarta_protocol_model::{Bounds, Bug, play, play_words, search};

/// Nothing goes wrong.
const CALM: Bounds = Bounds {
    n_edits: 2,
    n_lost: 0,
    n_repeated: 0,
    n_cuts: 0,
    n_backups: 0,
    n_restores: 0,
    n_copies: 0,
    has_areas: false,
};

#[track_caller]
fn holds(bounds: Bounds, least_states: usize) {
    let found = search(bounds, None);
    assert_eq!(found.violation, None);
    assert!(found.n_states >= least_states, "only {} states", found.n_states);
}

#[test]
fn every_invariant_holds_in_all_of_a_world_with_lost_and_repeated_messages() {
    holds(Bounds { n_edits: 3, n_lost: 1, n_repeated: 1, ..CALM }, 100_000);
}

#[test]
fn every_invariant_holds_in_all_of_a_world_whose_store_is_put_back() {
    holds(Bounds { n_lost: 1, n_backups: 1, n_restores: 1, ..CALM }, 40_000);
}

#[test]
fn every_invariant_holds_in_all_of_a_world_with_a_copied_laptop() {
    holds(Bounds { n_lost: 1, n_copies: 1, ..CALM }, 5_000);
}

#[test]
fn every_invariant_holds_in_all_of_a_world_with_areas() {
    holds(Bounds { n_lost: 1, n_repeated: 1, has_areas: true, ..CALM }, 20_000);
}

/// The least that a bug needs to show.
fn bounds_for(bug: Bug) -> Bounds {
    match bug {
        Bug::DroppedAtAck => Bounds { n_edits: 1, ..CALM },
        Bug::NoDedupe => Bounds { n_repeated: 1, ..CALM },
        Bug::NewIdOnRetry => Bounds { n_lost: 1, ..CALM },
        Bug::SplitTransaction => Bounds { n_edits: 1, n_cuts: 1, ..CALM },
        Bug::CursorFirst => Bounds { n_edits: 1, n_cuts: 1, ..CALM },
        Bug::PrunedAtOnce => Bounds { n_backups: 1, n_restores: 1, ..CALM },
        Bug::SameEpoch => Bounds { n_edits: 1, n_backups: 1, n_restores: 1, ..CALM },
        Bug::NotParked => Bounds { n_backups: 1, n_restores: 1, ..CALM },
        Bug::DedupeByNumber => Bounds { n_copies: 1, ..CALM },
        Bug::NoLeave => Bounds { n_edits: 1, has_areas: true, ..CALM },
        Bug::NoRowGuard => Bounds { n_edits: 2, has_areas: true, ..CALM },
        _ => CALM,
    }
}

#[test]
fn the_search_finds_every_seeded_bug() {
    for bug in Bug::ALL {
        let found = search(bounds_for(bug), Some(bug));
        let (why, steps) = found.violation.unwrap_or_else(|| panic!("{bug:?} is not found"));
        println!("{:14} {} steps, {} states: {why}", bug.word(), steps.len(), found.n_states);
    }
}

#[test]
fn the_bounds_in_which_a_bug_shows_are_clean_without_it() {
    for bug in Bug::ALL {
        assert_eq!(search(bounds_for(bug), None).violation, None, "{bug:?}");
    }
}

#[test]
fn random_histories_hold() {
    for seed in 0..5_000 {
        let history = play(seed, None);
        assert_eq!(history.violation, None, "seed {seed}:\n{}", history.steps.join("\n"));
    }
}

#[test]
fn random_histories_find_every_seeded_bug() {
    for bug in Bug::ALL {
        let is_found = (0..1_000).any(|seed| play(seed, Some(bug)).violation.is_some());
        assert!(is_found, "{bug:?}");
    }
}

#[test]
fn a_second_model_ends_every_history_in_the_same_state() {
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle.py");
    let mut python = Command::new("python3")
        .arg(oracle)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    let histories = play_words(0..500);
    python.stdin.take().expect("a pipe").write_all(histories.as_bytes()).expect("it reads");
    let output = python.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(told.trim(), "500 histories, 0 differ");
}
