//! `search complete`: all of a large world. `search histories FIRST LAST`: random histories for `oracle.py`, on
//! standard output. `search show
//! FIRST LAST`: those that break an invariant. `search bugs N`: in how many of N random histories each bug is found.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::process::ExitCode;

use faltkarta_protocol_model::{Bounds, Bug, play, play_words, search};

/// The world of the long campaign: everything that the project's test plan names, once.
const LARGE: Bounds = Bounds {
    n_edits: 3,
    n_lost: 1,
    n_repeated: 1,
    n_cuts: 0,
    n_backups: 1,
    n_restores: 1,
    n_copies: 1,
    has_areas: false,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |at: usize, or: u64| arguments.get(at).and_then(|it| it.parse().ok()).unwrap_or(or);
    match arguments.first().map(String::as_str) {
        Some("complete") => {
            let least = |at: usize, or: u8| number(at, or.into()) as u8;
            let bounds = Bounds {
                n_edits: least(1, LARGE.n_edits),
                n_lost: least(2, LARGE.n_lost),
                n_repeated: least(3, LARGE.n_repeated),
                n_backups: least(4, LARGE.n_backups),
                n_restores: least(5, LARGE.n_restores),
                n_copies: least(6, LARGE.n_copies),
                has_areas: number(7, 0) == 1,
                ..LARGE
            };
            let found = search(bounds, None);
            println!("{} states", found.n_states);
            if let Some((why, steps)) = found.violation {
                println!("{why}\n{}", steps.join("\n"));
                return ExitCode::FAILURE;
            }
        }
        Some("show") => {
            for seed in number(1, 0)..number(2, 300) {
                let history = play(seed, None);
                if let Some(why) = history.violation {
                    println!("seed {seed}: {why}\n{}\n", history.steps.join("\n"));
                }
            }
        }
        Some("histories") => print!("{}", play_words(number(1, 0)..number(2, 1_000))),
        Some("bugs") => {
            let n = number(1, 1_000);
            let clean = (0..n).filter(|seed| play(*seed, None).violation.is_some()).count();
            println!("{:14} {clean} of {n}", "none");
            for bug in Bug::ALL {
                let found =
                    (0..n).filter(|seed| play(*seed, Some(bug)).violation.is_some()).count();
                println!("{:14} {found} of {n}", bug.word());
            }
        }
        _ => {
            println!(
                "search complete [EDITS LOST REPEATED BACKUPS RESTORES COPIES AREAS] | show FIRST LAST | histories FIRST LAST | bugs N"
            );
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
