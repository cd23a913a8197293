//! One live tile at zoom 14 of 2 000 polygons with 79 000 vertices, one in twenty of 400 vertices, three attributes each.

use std::hint::black_box;

use faltkarta_geo::{Geometry, GridSystem};
use faltkarta_tiles::{TagValue, TileId, TileWriter};
use geo_types::{Geometry as Types, LineString, Polygon};

use crate::chance::Chance;
use crate::rounds::{Outcome, lone_row, quantile, time};

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
    let note = format!("{} kB", n_bytes / 1_000);
    lone_row("live tile z14, 2 000 polygons, p50", quantile(&mut times, 0.5), &note);
    lone_row("live tile z14, 2 000 polygons, p95", quantile(&mut times, 0.95), &note);
    Ok(())
}
