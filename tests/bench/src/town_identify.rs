//! What lies at a point, over all datasets of a laptop at scale 1, against OGR's spatial filter with an exact distance on
//! the same layers of the delivery's `GeoPackage` files.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use faltkarta_app::Field;
use faltkarta_geo::GridSystem;
use faltkarta_machine::now;
use rusqlite::{Connection, OpenFlags};

use crate::import::tables;
use crate::rounds::{Outcome, beside, lone_row, quantile, time};
use crate::town::{Town, points, position};

const N_POINTS: usize = 2_000;
const N_PEER_POINTS: usize = 200;
const RADIUS_M: f64 = 10.0;
/// Pythons that may carry GDAL's own module: the one in the path, and the system's.
const PYTHONS: [&str; 2] = ["python3", "/usr/bin/python3"];

/// Reads lines `file table epsg` and `e n e n` (in the two systems) and prints seconds for each point.
const PEER: &str = r#"
import sys, time
from osgeo import ogr
ogr.UseExceptions()
layers, points, held = [], [], []
for line in sys.stdin:
    part = line.rstrip("\n").split("\t")
    if part[0] == "layer":
        source = ogr.Open(part[1])
        held.append(source)
        layers.append((source.GetLayerByName(part[2]), int(part[3])))
    else:
        points.append([float(it) for it in part[1:]])
radius = 10.0
for e0, n0, e1, n1 in points[:20] + points:
    start, n_hits = time.perf_counter(), 0
    for layer, epsg in layers:
        e, n = (e0, n0) if epsg == 3006 else (e1, n1)
        point = ogr.Geometry(ogr.wkbPoint)
        point.AddPoint_2D(e, n)
        layer.SetSpatialFilterRect(e - radius, n - radius, e + radius, n + radius)
        for feature in layer:
            shape = feature.GetGeometryRef()
            if shape is not None and shape.Distance(point) <= radius:
                n_hits += 1
    print(time.perf_counter() - start, n_hits)
"#;

pub(crate) fn run(town: &Town) -> Outcome<()> {
    let field = town.open()?;
    let points = points(&field, N_POINTS)?;
    let mut ours = vec![];
    let mut n_hits = 0;
    for point in &points {
        let at = position(*point)?;
        let (took, answer) = time(|| Ok(black_box(field.identify(at, RADIUS_M, None, now())?)))?;
        n_hits += answer.hits.len();
        ours.push(took);
    }
    let mut again = vec![];
    for point in &points {
        let at = position(*point)?;
        again.push(time(|| Ok(black_box(field.identify(at, RADIUS_M, None, now())?)))?.0);
    }
    let note = format!("{:.1} hits each; to reach: p99 5 ms", n_hits as f64 / points.len() as f64);
    let mut peer = ask_peer(&field, &town.delivery, &points[..N_PEER_POINTS])?;
    for q in [0.5, 0.99, 1.0] {
        let what = format!("identify within 10 m, scale 1, p{:.0}", q * 100.0);
        let took = quantile(&mut ours, q);
        if let Some((theirs, name)) = &mut peer {
            beside(&what, &format!("{name}; {note}"), took, quantile(theirs, q));
        } else {
            lone_row(&what, took, &format!("{note}; no Python with osgeo here for OGR"));
        }
    }
    let note = "the same points once more, pages of the file in memory";
    lone_row("identify within 10 m, asked again, p99", quantile(&mut again, 0.99), note);
    Ok(())
}

type Peer = (Vec<Duration>, String);

fn ask_peer(field: &Field, delivery: &Path, points: &[(f64, f64)]) -> Outcome<Option<Peer>> {
    let has_osgeo = |it: &&str| {
        Command::new(it)
            .args(["-c", "import osgeo.ogr"])
            .output()
            .is_ok_and(|it| it.status.success())
    };
    let Some(python) = PYTHONS.into_iter().find(has_osgeo) else { return Ok(None) };
    let mut question = String::new();
    let mut n_layers = 0;
    let wanted: BTreeSet<String> = field
        .datasets()
        .iter()
        .filter(|it| it.n_features > 0)
        .flat_map(|it| it.dataset.sources.iter().map(|it| it.table.to_lowercase()))
        .collect();
    for entry in std::fs::read_dir(delivery)? {
        let path = entry?.path();
        if path.extension().is_none_or(|it| it != "gpkg") {
            continue;
        }
        let db = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        for table in tables(&db)?.into_iter().filter(|it| wanted.contains(&it.to_lowercase())) {
            let epsg: u32 = db.query_row(
                "SELECT srs_id FROM gpkg_geometry_columns WHERE table_name = ?1",
                [&table],
                |row| row.get(0),
            )?;
            writeln!(question, "layer\t{}\t{table}\t{epsg}", path.display())?;
            n_layers += 1;
        }
    }
    for (e, n) in points {
        let (e_tm, n_tm) = field.grid().to_grid(GridSystem::TM, *e, *n);
        writeln!(question, "point\t{e_tm}\t{n_tm}\t{e}\t{n}")?;
    }
    let folder = tempfile::tempdir()?;
    let (script, input) = (folder.path().join("peer.py"), folder.path().join("question"));
    std::fs::write(&script, PEER)?;
    std::fs::write(&input, question)?;
    let output = Command::new(python).arg(script).stdin(std::fs::File::open(input)?).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let told = String::from_utf8_lossy(&output.stdout);
    let times = told
        .lines()
        .skip(20)
        .filter_map(|it| it.split(' ').next()?.parse().ok().map(Duration::from_secs_f64))
        .collect();
    Ok(Some((times, format!("OGR filter, {n_layers} GeoPackage layers"))))
}
