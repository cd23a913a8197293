//! One million boxes in 50 × 50 km: build, and windows of 200 m and 5 km, against SQLite's R*Tree and GEOS' `STRtree`.

use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use faltkarta_geo::Bounds;
use faltkarta_spatial::PackedIndex;
use rusqlite::{Connection, params};

use crate::chance::Chance;
use crate::peer::{python, script, told, write_doubles};
use crate::rounds::{Outcome, ROUNDS, beside, quantile, row, skipped, time};

const N_BOXES: usize = 1_000_000;
const SIDE_M: f64 = 50_000.0;

fn a_box(chance: &mut Chance, least_m: f64, most_m: f64) -> Bounds {
    let (e, n) = (chance.unit() * SIDE_M, chance.unit() * SIDE_M);
    let (w, h) = (chance.between(least_m, most_m), chance.between(least_m, most_m));
    Bounds { min_e_m: e, min_n_m: n, max_e_m: e + w, max_n_m: n + h }
}

pub(crate) fn run() -> Outcome<()> {
    let mut chance = Chance::new(1);
    let boxes: Vec<Bounds> = (0..N_BOXES).map(|_| a_box(&mut chance, 1.0, 30.0)).collect();
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("rtree.sqlite");
    row(
        "index build, 1 M boxes",
        "SQLite R*Tree, one transaction; to reach: 40×",
        || Ok(time(|| Ok(black_box(PackedIndex::build(&boxes))))?.0),
        || Ok(time(|| build_rtree(&path, &boxes))?.0),
    )?;
    let index = PackedIndex::build(&boxes);
    let rtree = Connection::open(&path)?;
    rtree.pragma_update(None, "mmap_size", 1i64 << 30)?;
    for (side_m, n, reach) in [(200.0, 10_000, 4), (5_000.0, 100, 20)] {
        let windows: Vec<Bounds> =
            (0..n).map(|_| a_box(&mut chance, side_m, side_m + 1e-9)).collect();
        row(
            &format!("bbox, 1 M boxes, {n} windows of {side_m} m"),
            &format!("SQLite R*Tree, prepared, mapped; to reach: {reach}×"),
            || search_packed(&index, &windows),
            || search_rtree(&rtree, &windows),
        )?;
        beside_geos(&boxes, &index, &windows, folder.path())?;
    }
    Ok(())
}

/// Building, with the windows of the row before, and those windows. Making GEOS' boxes is not counted.
fn beside_geos(
    boxes: &[Bounds],
    index: &PackedIndex,
    windows: &[Bounds],
    folder: &Path,
) -> Outcome<()> {
    let write = |name: &str, them: &[Bounds]| {
        let path = folder.join(name);
        let sides = them.iter().flat_map(|it| [it.min_e_m, it.min_n_m, it.max_e_m, it.max_n_m]);
        write_doubles(&path, sides).map(|()| path)
    };
    let (stored, asked) = (write("boxes", boxes)?, write("windows", windows)?);
    let (mut built, mut found, mut geos_built, mut geos_found) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        built.push(time(|| Ok(black_box(PackedIndex::build(boxes))))?.0);
        found.push(search_packed(index, windows)?);
        let mut command = Command::new(python());
        command.arg(script("geos_tree.py")).args([&stored, &asked]);
        let line = match told(command) {
            Ok(lines) => lines.into_iter().next().ok_or("GEOS said nothing")?,
            Err(why) => {
                skipped("  the same with GEOS", &why);
                return Ok(());
            }
        };
        geos_built.push(Duration::from_secs_f64(line[0].parse()?));
        geos_found.push(Duration::from_secs_f64(line[1].parse()?));
    }
    let peer = "GEOS STRtree, shapely; to reach: 2×";
    beside("  build", peer, quantile(&mut built, 0.5), quantile(&mut geos_built, 0.5));
    let peer = "GEOS STRtree, shapely, all at once";
    beside("  the windows", peer, quantile(&mut found, 0.5), quantile(&mut geos_found, 0.5));
    Ok(())
}

fn build_rtree(path: &std::path::Path, boxes: &[Bounds]) -> Outcome<()> {
    if path.exists() {
        std::fs::remove_file(path)?;
    }
    let mut db = Connection::open(path)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.execute_batch("CREATE VIRTUAL TABLE box USING rtree(id, e0, e1, n0, n1)")?;
    let transaction = db.transaction()?;
    {
        let mut insert = transaction.prepare("INSERT INTO box VALUES (?, ?, ?, ?, ?)")?;
        for (it, id) in boxes.iter().zip(0i64..) {
            insert.execute(params![id, it.min_e_m, it.max_e_m, it.min_n_m, it.max_n_m])?;
        }
    }
    Ok(transaction.commit()?)
}

fn search_packed(index: &PackedIndex, windows: &[Bounds]) -> Outcome<Duration> {
    let (took, n_hits) = time(|| {
        let mut n_hits = 0u64;
        for window in windows {
            index.search(*window, &mut |it| n_hits += u64::from(black_box(it) > 0));
        }
        Ok(n_hits)
    })?;
    black_box(n_hits);
    Ok(took)
}

fn search_rtree(db: &Connection, windows: &[Bounds]) -> Outcome<Duration> {
    let mut select =
        db.prepare("SELECT id FROM box WHERE e0 <= ? AND e1 >= ? AND n0 <= ? AND n1 >= ?")?;
    let (took, n_hits) = time(|| {
        let mut n_hits = 0u64;
        for it in windows {
            let mut rows = select.query(params![it.max_e_m, it.min_e_m, it.max_n_m, it.min_n_m])?;
            while let Some(row) = rows.next()? {
                n_hits += u64::from(black_box(row.get::<_, i64>(0)?) > 0);
            }
        }
        Ok(n_hits)
    })?;
    black_box(n_hits);
    Ok(took)
}
