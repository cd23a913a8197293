//! The most memory that a process with the whole town open has taken, after work like a morning's.

use std::path::Path;
use std::process::Command;

use faltkarta_machine::now;

use crate::rounds::{Outcome, figure, skipped};
use crate::town::{self, Town};
use crate::town_tiles::tiles_of;

/// The word that makes this program the process that is measured.
pub(crate) const CHILD: &str = "--memory-of";

pub(crate) fn run(town: &Town) -> Outcome<()> {
    let what = "memory with scale 1 open, most ever";
    let output = Command::new(std::env::current_exe()?).arg(CHILD).arg(&town.laptop).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    match String::from_utf8_lossy(&output.stdout).trim().parse::<f64>() {
        Ok(kilobytes) => figure(
            what,
            &format!("{:.0} MB", kilobytes * 1.024e-3),
            "100 tiles, searches and points; without a window; QGIS is not installed",
        ),
        Err(_) => skipped(what, "this system tells it in another way"),
    }
    Ok(())
}

/// Works with a laptop and prints the peak in kB, or nothing where the system keeps no such figure.
pub(crate) fn work_in(laptop: &Path) -> Outcome<()> {
    let field = town::open(laptop)?;
    for (point, tile) in
        town::points(&field, 100)?.into_iter().zip(tiles_of(&field, 14)?.iter().cycle())
    {
        field.identify(town::position(point)?, 10.0, None, now())?;
        field.live_tile(tile.z, tile.x, tile.y, now())?;
        field.search("kungsg 12", Some(point));
    }
    if let Ok(status) = std::fs::read_to_string("/proc/self/status")
        && let Some(peak) = status.lines().find_map(|it| it.strip_prefix("VmHWM:"))
    {
        println!("{}", peak.trim().trim_end_matches("kB").trim());
    }
    Ok(())
}
