//! `sim seeds FROM..TO` runs histories; `sim replay SEED [BUG]` runs one and prints what happened; `sim bugs FROM..TO`
//! looks for each seeded bug; `sim calls [VARIANTS]` stops each script at its calls; `sim season SIZE` plays a season.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for people who test")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use faltkarta_sim::every_call::{self, SCRIPTS};
use faltkarta_sim::plan::Plan;
use faltkarta_sim::runner::{Summary, histories, history};
use faltkarta_sim::season::{DAY_BYTES_MAX, Season, season};
use faltkarta_sim::sim::Violation;
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
            n_deeds: 26,
            photos: 1_000,
        }),
        ["seeds", range] => run(range),
        ["replay", seed] => replay(seed, None),
        ["replay", seed, bug] => replay(seed, Some(bug)),
        ["calls"] => calls(1),
        ["calls", variants] => variants.parse().map_or(ExitCode::from(2), calls),
        ["bugs", range] => bugs(range, None),
        ["bugs", range, name] => bugs(range, Some(name)),
        _ => {
            eprintln!(
                "sim seeds FROM..TO | sim replay SEED [BUG] | sim bugs FROM..TO [BUG] | sim calls [STEP] | sim season short|whole"
            );
            ExitCode::from(2)
        }
    }
}

/// From so many histories on, a point that none of them passed is a fault of theirs.
const POINTS_FROM: u64 = 500;

fn n_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// After so many findings a run ends; `FALTKARTA_SIM_FOUND` asks for more.
fn n_found_max() -> usize {
    std::env::var("FALTKARTA_SIM_FOUND").ok().and_then(|it| it.parse().ok()).unwrap_or(5)
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

/// Looks for each seeded bug until it is found, and says after how many histories; with a name, or with
/// `FALTKARTA_SIM_FOUND`, goes on and counts them.
fn bugs(range: &str, name: Option<&str>) -> ExitCode {
    let Some(range) = seeds(range) else { return ExitCode::from(2) };
    let mut n_missed = 0;
    let wanted = faltkarta_faults::Bug::ALL;
    for bug in wanted.into_iter().filter(|it| name.is_none_or(|name| it.name() == name)) {
        let is_counted = name.is_some() || std::env::var_os("FALTKARTA_SIM_FOUND").is_some();
        let most = if is_counted { usize::MAX } else { 1 };
        let run = histories(range.clone(), n_threads(), most, &|| make(Some(bug)), &|_, _| {});
        match run {
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

/// Stops every script at every call, with so many draws of what a power cut takes, the scripts shared out among
/// threads.
fn calls(n_variants: u64) -> ExitCode {
    let next = AtomicUsize::new(0);
    let (n_calls, n_played) = (AtomicU64::new(0), AtomicU64::new(0));
    let is_sound = AtomicBool::new(true);
    std::thread::scope(|scope| {
        for thread in 0..n_threads() {
            let (next, n_calls, n_played, is_sound) = (&next, &n_calls, &n_played, &is_sound);
            scope.spawn(move || {
                make(None);
                let template = match Template::new(&format!("calls{thread}")) {
                    Ok(template) => template,
                    Err(violation) => {
                        println!("the simulation itself failed: {violation}");
                        is_sound.store(false, Ordering::Relaxed);
                        return;
                    }
                };
                while let Some(script) = SCRIPTS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match every_call::play(script, &template, 1, n_variants) {
                        Ok(stops) => {
                            n_calls.fetch_add(stops.n_calls, Ordering::Relaxed);
                            n_played.fetch_add(stops.n_played, Ordering::Relaxed);
                            println!("{:<36} {stops}", script.name);
                        }
                        Err(violation) => {
                            println!("FOUND {violation}");
                            is_sound.store(false, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    println!("{} calls, {} stops", n_calls.into_inner(), n_played.into_inner());
    if is_sound.into_inner() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
    let tell = |seed, violation: &Violation| {
        println!("seed {seed}: {violation}\n  replay: make sim SEED={seed}");
    };
    match histories(range, n_threads(), n_found_max(), &|| make(None), &tell) {
        Ok(summary) => {
            println!(
                "{} histories, {} deeds, {} found",
                summary.n_run,
                summary.n_deeds,
                summary.found.len()
            );
            println!("{} passed", summary.n_run - summary.found.len() as u64);
            let is_all_reached = tell_points(&summary);
            if summary.found.is_empty() && is_all_reached {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(violation) => {
            eprintln!("the simulation itself failed: {violation}");
            ExitCode::FAILURE
        }
    }
}

/// Says how many of the declared points were passed; false when many histories left one out.
fn tell_points(summary: &Summary) -> bool {
    if summary.reached.is_empty() {
        return true;
    }
    let declared = faltkarta_faults::POINTS;
    let missed: Vec<&str> =
        declared.into_iter().filter(|it| !summary.reached.contains_key(it)).collect();
    let rarest = summary.reached.iter().min_by_key(|it| it.1);
    println!(
        "{} of {} named points reached{}{}",
        declared.len() - missed.len(),
        declared.len(),
        rarest.map(|(point, n)| format!("; the rarest, {point}, {n} times")).unwrap_or_default(),
        if missed.is_empty() { String::new() } else { format!("; never: {}", missed.join(", ")) }
    );
    missed.is_empty() || summary.n_run < POINTS_FROM
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
