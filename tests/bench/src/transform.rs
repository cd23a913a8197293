//! One million points of the county from degrees to the grid, against PROJ, and how far the two lie apart.

use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use faltkarta_geo::GridSystem;

use crate::chance::Chance;
use crate::peer::{python, script, told, write_doubles};
use crate::rounds::{Outcome, ROUNDS, beside, figure, lone_row, quantile, skipped, time};

const N_POINTS: usize = 1_000_000;

pub(crate) fn run() -> Outcome<()> {
    let mut chance = Chance::new(13);
    let points: Vec<(f64, f64)> =
        (0..N_POINTS).map(|_| (chance.between(14.0, 16.0), chance.between(58.9, 60.3))).collect();
    let folder = tempfile::tempdir()?;
    let (input, output) = (folder.path().join("points"), folder.path().join("answers"));
    write_doubles(&input, points.iter().flat_map(|it| [it.0, it.1]))?;
    let what = "EPSG:4326 to EPSG:3009, 1 M points, one core";
    let grid = GridSystem::ZONE_15_00;
    let (mut ours, mut theirs, mut version) = (vec![], vec![], String::new());
    let mut answers: Vec<(f64, f64)> = vec![];
    for _ in 0..ROUNDS {
        let (took, it) = time(|| {
            Ok(black_box(points.iter().map(|it| grid.forward_deg(it.0, it.1)).collect::<Vec<_>>()))
        })?;
        ours.push(took);
        answers = it;
        let mut command = Command::new(python());
        command.arg(script("proj_points.py")).args([&input, &output]);
        match told(command) {
            Ok(lines) => {
                let line = lines.first().ok_or("PROJ said nothing")?;
                theirs.push(Duration::from_secs_f64(line[0].parse()?));
                line[1].clone_into(&mut version);
            }
            Err(why) => {
                lone_row(what, took, "");
                skipped(what, &why);
                return Ok(());
            }
        }
    }
    let peer = format!("PROJ {version}, by arrays; to reach: 3×");
    beside(what, &peer, quantile(&mut ours, 0.5), quantile(&mut theirs, 0.5));
    let bytes = std::fs::read(output)?;
    let theirs =
        bytes.chunks_exact(8).map(|it| f64::from_le_bytes(it.try_into().unwrap_or([0; 8])));
    let ours = answers.iter().flat_map(|it| [it.0, it.1]);
    let apart = ours.zip(theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    figure("  farthest apart", &format!("{:.6} mm", apart * 1e3), "to reach: 0.01 mm");
    Ok(())
}
