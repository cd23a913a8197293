//! A season: forty laptops, thirty days, a schema change and a store that is put back.

use std::rc::Rc;

use crate::plan::Plan;
use crate::sim::{Checked, Sim, broken};
use crate::template::Template;

/// How large a season is.
#[derive(Debug, Clone, Copy)]
pub struct Season {
    /// Laptops.
    pub n_laptops: usize,
    /// Days.
    pub n_days: u32,
    /// Valves at the beginning.
    pub n_features: usize,
    /// Deeds of one laptop on one day.
    pub n_deeds: u32,
    /// Inspections with a photo among 1 000.
    pub photos: u32,
}

/// What a season came to.
#[derive(Debug, Clone, Copy)]
pub struct SeasonReport {
    /// Deeds in all.
    pub n_deeds: usize,
    /// Photos in all.
    pub n_photos: usize,
    /// Most bytes that one laptop pulled and pushed on one day.
    pub max_day_bytes: u64,
    /// Rounds in all.
    pub n_rounds: u64,
}

/// A network of 64 kbit/s for five minutes, in bytes.
pub const DAY_BYTES_MAX: u64 = 64_000 / 8 * 300;
/// When the declaration of valves gets a field, as the part of the season before it.
const SCHEMA_DAY: u32 = 10;
/// When the store is backed up, and when it is put back to that.
const BACKUP_DAY: u32 = 19;
const RESTORE_DAY: u32 = 20;
const DAY_MS: i64 = 86_400_000;

/// Plays a season.
///
/// # Errors
///
/// The first invariant that did not hold; a day that does not fit through the network.
pub fn season(seed: u64, size: Season) -> Checked<SeasonReport> {
    let template = Template::with("season", size.n_laptops, size.n_features)?;
    let plan = Plan {
        n_laptops: size.n_laptops,
        n_steps: 0,
        network: 30,
        crashes: 4,
        meanwhile: 0,
        restores: 0,
        clones: 0,
        areas: 0,
        cuts: 0,
        fields: 0,
        page_entries: 0,
        decisions: 1,
        inspections: 600,
        photos: size.photos,
        n_healing_rounds: 12,
        is_watched: false,
        is_traced: false,
    };
    let sim = Sim::new(seed, plan, &template, &template.scratch.join("history"))?;
    let played = play(&sim, size);
    sim.end();
    played
}

fn play(sim: &Rc<Sim>, size: Season) -> Checked<SeasonReport> {
    sim.is_faulty.set(true);
    let mut report = SeasonReport { n_deeds: 0, n_photos: 0, max_day_bytes: 0, n_rounds: 0 };
    for day in 1..=size.n_days {
        if day == SCHEMA_DAY {
            sim.add_field()?;
        }
        if day == BACKUP_DAY {
            sim.back_up();
        }
        if day == RESTORE_DAY {
            sim.restore();
        }
        for laptop in sim.living() {
            for _ in 0..size.n_deeds {
                sim.act(&laptop);
            }
            let before = sim.n_wire_bytes.get();
            // In the morning, and at the depot in the evening.
            for _ in 0..2 {
                sim.round(&laptop);
                report.n_rounds += 1;
            }
            let bytes = sim.n_wire_bytes.get() - before;
            // After the restore everybody gets a new beginning once.
            if !(RESTORE_DAY..=RESTORE_DAY + 2).contains(&day) {
                report.max_day_bytes = report.max_day_bytes.max(bytes);
            }
            sim.first_violation()?;
        }
        sim.rim.pass(DAY_MS);
    }
    sim.heal();
    sim.first_violation()?;
    let truth = sim.truth.borrow();
    report.n_deeds = truth.deeds.len();
    report.n_photos = truth.deeds.iter().map(|it| it.blobs.len()).sum();
    if report.max_day_bytes > DAY_BYTES_MAX {
        return broken("L6", format!("a day took {} bytes on the wire", report.max_day_bytes));
    }
    Ok(report)
}
