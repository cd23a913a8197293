//! From nothing to the first answer: the whole program with its indexes loaded, and the loading alone.

use std::process::Command;

use crate::import::{NO_PROGRAM, finish, program};
use crate::rounds::{Outcome, lone_row, quantile, skipped, time};
use crate::town::Town;

const N_TIMES: usize = 15;

pub(crate) fn run(town: &Town) -> Outcome<()> {
    let mut times = vec![];
    for _ in 0..N_TIMES {
        times.push(time(|| town.open())?.0);
    }
    let note = "file cached by the system; to reach: 150 ms";
    lone_row("laptop opened, scale 1, p50", quantile(&mut times, 0.5), note);
    lone_row("laptop opened, scale 1, slowest", quantile(&mut times, 1.0), note);
    let what = "cold start: program, laptop, search, scale 1, p50";
    let Some(program) = program()? else {
        skipped(what, NO_PROGRAM);
        return Ok(());
    };
    let mut times = vec![];
    for _ in 0..N_TIMES {
        let mut command = Command::new(&program);
        command.arg("field").arg(&town.laptop).args(["search", "kungsg 12"]);
        times.push(finish(command)?);
    }
    lone_row(what, quantile(&mut times, 0.5), "QGIS is not installed; the window is not in it");
    Ok(())
}
