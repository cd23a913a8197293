//! `sim seeds FROM..TO` runs histories; `sim replay SEED [BUG]` runs one and prints what happened; `sim bugs FROM..TO`
//! looks for each seeded bug.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people who test")]

use std::process::ExitCode;

use faltkarta_sim::plan::Plan;
use faltkarta_sim::runner::{histories, history};
use faltkarta_sim::season::{DAY_BYTES_MAX, Season, season};
use faltkarta_sim::template::Template;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["season", "short"] => {
            play(Season { n_laptops: 6, n_days: 22, n_features: 300, n_deeds: 2, photos: 1_000 })
        }
        ["season", "whole"] => play(Season {
            n_laptops: 40,
            n_days: 30,
            n_features: 100_000,
            n_deeds: 120,
            photos: 1_000,
        }),
        ["seeds", range] => run(range),
        ["replay", seed] => replay(seed, None),
        ["replay", seed, bug] => replay(seed, Some(bug)),
        ["bugs", range] => bugs(range, None),
        ["bugs", range, name] => bugs(range, Some(name)),
        _ => {
            eprintln!(
                "sim seeds FROM..TO | sim replay SEED [BUG] | sim bugs FROM..TO [BUG] | sim season short|whole"
            );
            ExitCode::from(2)
        }
    }
}

fn n_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn seeds(range: &str) -> Option<std::ops::Range<u64>> {
    let (from, to) = range.split_once("..")?;
    Some(from.parse().ok()?..to.parse().ok()?)
}

/// Makes a mistake on this thread, or none.
#[cfg(feature = "armed")]
fn make(bug: Option<faltkarta_faults::Bug>) {
    faltkarta_faults::armed::clear();
    if let Some(bug) = bug {
        faltkarta_faults::armed::seed(bug);
    }
}

#[cfg(not(feature = "armed"))]
fn make(bug: Option<faltkarta_faults::Bug>) {
    assert!(bug.is_none(), "build with the feature armed to seed bugs");
}

/// Looks for each seeded bug until it is found, and says after how many histories.
fn bugs(range: &str, name: Option<&str>) -> ExitCode {
    let Some(range) = seeds(range) else { return ExitCode::from(2) };
    let mut n_missed = 0;
    let wanted = faltkarta_faults::Bug::ALL;
    for bug in wanted.into_iter().filter(|it| name.is_none_or(|name| it.name() == name)) {
        let most = if name.is_some() { usize::MAX } else { 1 };
        match histories(range.clone(), n_threads(), most, &|| make(Some(bug))) {
            Ok(summary) => {
                n_missed += u32::from(summary.found.is_empty());
                let first = summary.found.first().map_or_else(
                    || "NOT FOUND".to_owned(),
                    |(seed, violation)| format!("seed {seed}: {violation}"),
                );
                let (n_found, n_run) = (summary.found.len(), summary.n_run);
                println!("{:<24} {n_found:>4} of {n_run:>5}  {first:.200}", bug.name());
            }
            Err(violation) => {
                eprintln!("the simulation itself failed: {violation}");
                return ExitCode::FAILURE;
            }
        }
    }
    if n_missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn play(size: Season) -> ExitCode {
    make(None);
    match season(1, size) {
        Ok(report) => {
            println!(
                "season: {} laptops, {} days, {} deeds, {} photos, {} rounds; the largest day of a laptop {} kB of {} kB",
                size.n_laptops,
                size.n_days,
                report.n_deeds,
                report.n_photos,
                report.n_rounds,
                report.max_day_bytes / 1_000,
                DAY_BYTES_MAX / 1_000
            );
            println!("1 passed");
            ExitCode::SUCCESS
        }
        Err(violation) => {
            println!("FOUND {violation}");
            ExitCode::FAILURE
        }
    }
}

fn run(range: &str) -> ExitCode {
    let Some(range) = seeds(range) else { return ExitCode::from(2) };
    match histories(range, n_threads(), 5, &|| make(None)) {
        Ok(summary) => {
            for (seed, violation) in &summary.found {
                println!("seed {seed}: {violation}\n  replay: make sim SEED={seed}");
            }
            println!(
                "{} histories, {} deeds, {} found",
                summary.n_run,
                summary.n_deeds,
                summary.found.len()
            );
            println!("{} passed", summary.n_run - summary.found.len() as u64);
            if summary.found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(violation) => {
            eprintln!("the simulation itself failed: {violation}");
            ExitCode::FAILURE
        }
    }
}

fn replay(seed: &str, bug: Option<&str>) -> ExitCode {
    let bug = bug.and_then(faltkarta_faults::Bug::of_name);
    let Ok(seed) = seed.parse() else { return ExitCode::from(2) };
    let ended = Template::new("replay").and_then(|template| {
        make(bug);
        history(seed, Plan { is_traced: true, ..Plan::of_seed(seed) }, &template)
    });
    match ended {
        Ok(ended) => {
            for line in &ended.lines {
                println!("{line}");
            }
            println!("seed {seed}: {} deeds, digest {:016x}", ended.n_deeds, ended.digest);
            match ended.violation {
                Some(violation) => {
                    println!("FOUND {violation}");
                    ExitCode::FAILURE
                }
                None => ExitCode::SUCCESS,
            }
        }
        Err(violation) => {
            eprintln!("the simulation itself failed: {violation}");
            ExitCode::FAILURE
        }
    }
}
