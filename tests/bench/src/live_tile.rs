//! One live tile at zoom 14 of 2 000 polygons with 79 000 vertices, one in twenty of 400 vertices, three attributes each,
//! against geojson-vt and PostGIS. Ours projects from the grid, geojson-vt from degrees, PostGIS by PROJ.

use std::fmt::Write as _;
use std::hint::black_box;
use std::process::Command;
use std::time::Duration;

use faltkarta_geo::{Geometry, GeometryPart, GridSystem};
use faltkarta_tiles::{TagValue, TileId, TileWriter};
use geo_types::{Geometry as Types, LineString, Polygon};

use crate::chance::Chance;
use crate::peer::{Cluster, node_modules, script, told};
use crate::rounds::{Outcome, beside, lone_row, quantile, skipped, time};

const N_POLYGONS: usize = 2_000;
const N_TIMES: usize = 200;

pub(crate) fn run() -> Outcome<()> {
    let grid = GridSystem::ZONE_15_00;
    let tile = TileId::new(14, 8885, 4794)?;
    let bounds = tile.bounds(grid);
    let mut chance = Chance::new(3);
    let polygons: Vec<Geometry> = (0..N_POLYGONS)
        .map(|nth| {
            let n = if nth % 20 == 0 { 400 } else { 20 };
            let (e, n_m) = (
                chance.between(bounds.min_e_m, bounds.max_e_m),
                chance.between(bounds.min_n_m, bounds.max_n_m),
            );
            let radius_m = chance.between(5.0, 60.0);
            let mut ring: Vec<(f64, f64)> = (0..n)
                .map(|at| {
                    let turn = f64::from(at) / f64::from(n) * std::f64::consts::TAU;
                    let r = radius_m * chance.between(0.8, 1.2);
                    (e + r * turn.cos(), n_m + r * turn.sin())
                })
                .collect();
            ring.push(ring[0]);
            Geometry::from_types(&Types::Polygon(Polygon::new(LineString::from(ring), vec![])))
        })
        .collect();
    let mut times = Vec::with_capacity(N_TIMES);
    let mut n_bytes = 0;
    for _ in 0..N_TIMES {
        let (took, bytes) = time(|| {
            let mut writer = TileWriter::new(tile, grid);
            writer.begin_layer("parcel")?;
            for (geometry, id) in polygons.iter().zip(1u64..) {
                let tags = [
                    ("kind", TagValue::Text("fastighet")),
                    ("unit", TagValue::Int((id % 97) as i64)),
                    ("uncertain", TagValue::Bool(id % 7 == 0)),
                ];
                writer.add(id, geometry, tags)?;
            }
            Ok(black_box(writer.finish()))
        })?;
        n_bytes = bytes.len();
        times.push(took);
    }
    let mut peers = vec![];
    match ask_geojson_vt(&polygons, grid, tile) {
        Ok(it) => peers.push(("geojson-vt and vt-pbf, one tile", it)),
        Err(why) => skipped("  geojson-vt", &why.to_string()),
    }
    match ask_postgis(&polygons, tile)? {
        Some(it) => peers.push(("PostGIS ST_AsMVT, indexed table", it)),
        None => skipped("  ST_AsMVT", "PostgreSQL with PostGIS is not installed"),
    }
    for q in [0.5, 0.95] {
        let what = format!("live tile z14, 2 000 polygons, p{:.0}", q * 100.0);
        let took = quantile(&mut times, q);
        lone_row(&what, took, &format!("{} kB; to reach: p95 8 ms", n_bytes / 1_000));
        for (peer, theirs) in &mut peers {
            beside("  beside", &format!("{peer}; to reach: 3×"), took, quantile(theirs, q));
        }
    }
    Ok(())
}

fn ask_geojson_vt(polygons: &[Geometry], grid: GridSystem, tile: TileId) -> Outcome<Vec<Duration>> {
    let features: Vec<serde_json::Value> = polygons
        .iter()
        .zip(1u64..)
        .map(|(it, id)| {
            let mut ring = vec![];
            it.visit(|part| {
                if let GeometryPart::Vertex { e_m, n_m } = part {
                    let (lon_deg, lat_deg) = grid.inverse_deg(e_m, n_m);
                    ring.push([lon_deg, lat_deg]);
                }
            });
            serde_json::json!({
                "type": "Feature", "id": id,
                "properties": { "kind": "fastighet", "unit": id % 97, "uncertain": id % 7 == 0 },
                "geometry": { "type": "Polygon", "coordinates": [ring] },
            })
        })
        .collect();
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("polygons.json");
    let all = serde_json::json!({ "type": "FeatureCollection", "features": features });
    std::fs::write(&file, all.to_string())?;
    let mut command = Command::new("node");
    command
        .arg(script("geojson_vt.mjs"))
        .arg(node_modules())
        .arg(file)
        .args([u32::from(tile.z()), tile.x(), tile.y(), N_TIMES as u32].map(|it| it.to_string()));
    seconds(&told(command)?, |it| it.first().map(String::as_str), 1.0)
}

fn ask_postgis(polygons: &[Geometry], tile: TileId) -> Outcome<Option<Vec<Duration>>> {
    let Some(cluster) = Cluster::start()? else { return Ok(None) };
    let mut sql =
        "CREATE TABLE parcel(id bigint PRIMARY KEY, kind text, unit int, uncertain bool, \
                   geom geometry(Polygon, 3009));\nCOPY parcel FROM STDIN;\n"
            .to_owned();
    for (it, id) in polygons.iter().zip(1u64..) {
        write!(sql, "{id}\tfastighet\t{}\t{}\tSRID=3009;POLYGON((", id % 97, id % 7 == 0)?;
        let mut comma = "";
        it.visit(|part| {
            if let GeometryPart::Vertex { e_m, n_m } = part {
                let _ = write!(sql, "{comma}{e_m} {n_m}");
                comma = ",";
            }
        });
        sql.push_str("))\n");
    }
    sql.push_str("\\.\nCREATE INDEX ON parcel USING gist(geom);\nANALYZE parcel;\n\\timing on\n");
    let (z, x, y) = (tile.z(), tile.x(), tile.y());
    let ask = format!(
        "SELECT length(ST_AsMVT(t, 'parcel', 4096, 'shape', 'id')) FROM (SELECT id, kind, unit, uncertain, \
         ST_AsMVTGeom(ST_Transform(geom, 3857), ST_TileEnvelope({z}, {x}, {y}), 4096, 64) AS shape FROM parcel \
         WHERE geom && ST_Transform(ST_TileEnvelope({z}, {x}, {y}, margin => 64.0 / 4096), 3009)) t;\n"
    );
    sql.push_str(&ask.repeat(N_TIMES));
    let lines = cluster.psql("faltkarta", &sql)?;
    let times: Vec<Vec<String>> =
        lines.into_iter().filter(|it| it.first().is_some_and(|it| it == "Time:")).collect();
    Ok(Some(seconds(&times, |it| it.get(1).map(String::as_str), 1e-3)?))
}

/// The figures that lines hold, in units of so many seconds.
fn seconds<'a>(
    lines: &'a [Vec<String>],
    figure: impl Fn(&'a [String]) -> Option<&'a str>,
    unit_s: f64,
) -> Outcome<Vec<Duration>> {
    let them = lines.iter().filter_map(|it| figure(it));
    let them: Result<Vec<f64>, _> = them.map(str::parse).collect();
    Ok(them?.into_iter().map(|it| Duration::from_secs_f64(it * unit_s)).collect())
}
