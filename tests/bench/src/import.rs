//! The largest municipality's buildings and parcels from GeoPackage, and its buildings from GeoJSON, whole programs: ours
//! reprojects, gives stable ids, checks, keeps a history and an index; ogr2ogr copies tables and builds R*Trees.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::rounds::{Outcome, beside, figure, lone_row, quantile, skipped, time};

const FILES: [&str; 2] = ["byggnad_kn1885.gpkg", "fastighetsindelning_kn1885.gpkg"];
const N_ROUNDS: usize = 3;

/// The program that was built beside this one.
pub(crate) fn program() -> Outcome<Option<PathBuf>> {
    let path = std::env::current_exe()?.with_file_name("faltkarta");
    Ok(path.exists().then_some(path))
}

pub(crate) const NO_PROGRAM: &str = "faltkarta is not built beside this program";

/// Ties the columns of the buildings, as GDAL writes them to GeoJSON, to the declared dataset.
const BUILDINGS: &str = r#"
dataset = "building"
identity = ["objektidentitet", "husnummer"]

[fields]
kind = "objekttyp"
purpose = "andamal1"
name = "byggnadsnamn1"
house_number = "husnummer"
main = "huvudbyggnad"
position_kind = "insamlingslage"
origin = "ursprunglig_organisation"
version = "objektversion"
valid_from = "versiongiltigfran"
kommunkod = "kommunkod"
"#;

pub(crate) fn run(delivery: &Path) -> Outcome<()> {
    let Some(program) = program()? else {
        skipped("import, whole program", NO_PROGRAM);
        return Ok(());
    };
    let version = Command::new("ogr2ogr").arg("--version").output().ok();
    let version = version.map(|it| String::from_utf8_lossy(&it.stdout).trim().to_owned());
    let files = FILES.map(|it| delivery.join(it));
    let mut n_rows = 0;
    for it in &files {
        n_rows += count_rows(it)?;
    }
    let peer = version.as_deref().map(|it| format!("ogr2ogr GPKG to GPKG, {it}; to reach: 2×"));
    let what = "import of GeoPackage, whole program";
    beside_ogr(what, &program, &[], &files, n_rows, peer)?;
    let Some(version) = version else {
        skipped("import of GeoJSON", "ogr2ogr is not installed, which makes the file");
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let (file, mapping) = (folder.path().join("byggnad.geojson"), folder.path().join("map.toml"));
    let mut command = Command::new("ogr2ogr");
    command.args(["-f", "GeoJSON"]).arg(&file).arg(&files[0]);
    finish(command)?;
    std::fs::write(&mapping, BUILDINGS)?;
    let peer = format!("ogr2ogr GeoJSON to GPKG, {version}; to reach: 5×");
    let more = ["--mapping".as_ref(), mapping.as_os_str()];
    let what = "import of GeoJSON, whole program";
    beside_ogr(what, &program, &more, &[file], count_rows(&files[0])?, Some(peer))
}

fn beside_ogr(
    what: &str,
    program: &Path,
    more: &[&OsStr],
    files: &[PathBuf],
    n_rows: u32,
    peer: Option<String>,
) -> Outcome<()> {
    let (mut ours, mut theirs) = (vec![], vec![]);
    for _ in 0..N_ROUNDS {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(program);
        command.arg("import").arg(folder.path().join("store")).args(files).args(more);
        ours.push(finish(command)?);
        if peer.is_some() {
            let folder = tempfile::tempdir()?;
            let mut took = Duration::ZERO;
            for it in files {
                let mut command = Command::new("ogr2ogr");
                let name = it.file_stem().ok_or("a delivery without a name")?;
                let to = folder.path().join(name).with_extension("gpkg");
                command.args(["-f", "GPKG"]).arg(to).arg(it);
                took += finish(command)?;
            }
            theirs.push(took);
        }
    }
    let ours = quantile(&mut ours, 0.5);
    let rate = |it: Duration| format!("{:.0}/s", f64::from(n_rows) / it.as_secs_f64());
    let Some(peer) = peer else {
        lone_row(what, ours, "ogr2ogr is not installed");
        return Ok(());
    };
    let theirs = quantile(&mut theirs, 0.5);
    beside(what, &peer, ours, theirs);
    let note = format!("{n_rows} rows; ogr2ogr {}", rate(theirs));
    figure("  features per second", &rate(ours), &note);
    Ok(())
}

/// How long a program takes to come to a good end.
pub(crate) fn finish(mut command: Command) -> Outcome<Duration> {
    let (took, output) = time(|| Ok(command.output()?))?;
    if output.status.success() {
        return Ok(took);
    }
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

fn count_rows(path: &Path) -> Outcome<u32> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut n_rows = 0;
    for table in tables(&db)? {
        n_rows += db.query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| {
            row.get::<_, u32>(0)
        })?;
    }
    Ok(n_rows)
}

/// The feature tables of a GeoPackage.
pub(crate) fn tables(db: &Connection) -> Outcome<Vec<String>> {
    let mut select =
        db.prepare("SELECT table_name FROM gpkg_contents WHERE data_type = 'features'")?;
    let rows = select.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
