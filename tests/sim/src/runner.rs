//! Runs histories, one or many.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::plan::Plan;
use crate::sim::{Checked, Sim, Violation};
use crate::template::Template;

/// How one history ended.
#[derive(Debug)]
pub struct Ended {
    /// Its seed.
    pub seed: u64,
    /// What must not be, if it was found.
    pub violation: Option<Violation>,
    /// Digest of everything that happened.
    pub digest: u64,
    /// What happened, when the plan keeps it.
    pub lines: Vec<String>,
    /// Deeds that were done.
    pub n_deeds: usize,
    /// How often each named point was passed.
    pub reached: Reached,
}

/// How often named points were passed; nothing in programs that have none.
pub type Reached = std::collections::BTreeMap<&'static str, u64>;

#[cfg(feature = "armed")]
fn reached() -> Reached {
    faltkarta_faults::armed::reached()
}

#[cfg(not(feature = "armed"))]
fn reached() -> Reached {
    Reached::new()
}

/// Runs one history. The same seed and plan give the same history, digest and all.
///
/// # Errors
/// The harness itself failed; what the history found is in its end.
pub fn history(seed: u64, plan: Plan, template: &Template) -> Checked<Ended> {
    let root = template.scratch.join("history");
    let sim = Sim::new(seed, plan, template, &root)?;
    let violation = sim.run().err();
    if let (Some(_), Some(folder)) = (&violation, std::env::var_os("FALTKARTA_SIM_DUMP")) {
        sim.dump(Path::new(&folder))?;
    }
    let ended = Ended {
        seed,
        violation,
        digest: sim.trace.digest(),
        lines: sim.trace.lines(),
        n_deeds: sim.truth.borrow().deeds.len(),
        reached: reached(),
    };
    sim.end();
    Ok(ended)
}

/// What many histories came to.
#[derive(Debug, Default)]
pub struct Summary {
    /// Histories that ran.
    pub n_run: u64,
    /// Deeds in all of them.
    pub n_deeds: u64,
    /// Those that found something.
    pub found: Vec<(u64, Violation)>,
    /// How often each named point was passed, in all of them.
    pub reached: Reached,
}

/// Runs the histories of some seeds on several threads; stops after `n_found_max` findings. `prepare` is called on
/// the thread of each history before it begins, `tell` as soon as one has found something.
///
/// # Errors
/// The harness itself failed; what the histories found is in the summary.
pub fn histories(
    seeds: std::ops::Range<u64>,
    n_threads: usize,
    n_found_max: usize,
    prepare: &(dyn Fn() + Sync),
    tell: &(dyn Fn(u64, &Violation) + Sync),
) -> Checked<Summary> {
    let next = AtomicU64::new(seeds.start);
    let summary = Mutex::new(Summary::default());
    let failed = Mutex::new(None);
    std::thread::scope(|scope| {
        for thread in 0..n_threads.max(1) {
            let (next, summary, failed, seeds) = (&next, &summary, &failed, &seeds);
            scope.spawn(move || {
                let done = (|| -> Checked {
                    let template = Template::new(&format!("t{thread}"))?;
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        let is_enough =
                            summary.lock().unwrap_or_else(PoisonError::into_inner).found.len()
                                >= n_found_max;
                        if seed >= seeds.end || is_enough {
                            return Ok(());
                        }
                        prepare();
                        let ended = history(seed, Plan::of_seed(seed), &template)?;
                        let mut summary = summary.lock().unwrap_or_else(PoisonError::into_inner);
                        summary.n_run += 1;
                        summary.n_deeds += ended.n_deeds as u64;
                        for (point, n) in ended.reached {
                            *summary.reached.entry(point).or_default() += n;
                        }
                        if let Some(violation) = &ended.violation {
                            tell(seed, violation);
                        }
                        summary.found.extend(ended.violation.map(|it| (seed, it)));
                    }
                })();
                if let Err(violation) = done {
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(violation);
                }
            });
        }
    });
    if let Some(violation) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(violation);
    }
    let mut summary = summary.into_inner().unwrap_or_else(PoisonError::into_inner);
    summary.found.sort_by_key(|it| it.0);
    Ok(summary)
}
