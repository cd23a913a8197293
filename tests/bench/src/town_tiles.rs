//! Live tiles of a laptop at scale 1: those with at least 500 features at zoom 14, and what they are made of one zoom out
//! and one in.

use std::collections::BTreeMap;
use std::hint::black_box;

use faltkarta_app::Field;
use faltkarta_geo::{Geometry, LonLatDeg, Position, Wgs84};
use faltkarta_machine::now;
use faltkarta_tiles::TileId;

use crate::rounds::{Outcome, lone_row, quantile, time};
use crate::town::Town;

const N_FEATURES_LEAST: usize = 500;

/// A tile by its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct At {
    pub(crate) z: u8,
    pub(crate) x: u32,
    pub(crate) y: u32,
}

/// All tiles of a zoom where so many features of layers that are drawn there have their middle.
pub(crate) fn tiles_of(field: &Field, z: u8) -> Outcome<Vec<At>> {
    let mut counts: BTreeMap<At, usize> = BTreeMap::new();
    for local in field.datasets() {
        if local.dataset.map.min_zoom >= f32::from(z) + 1.0 {
            continue;
        }
        field.store().for_each_base_geometry(local.no, &mut |_, wkb| {
            let bounds = Geometry::from_wkb(wkb.to_vec()).ok().and_then(|it| it.bounds());
            let Some((e_m, n_m)) = bounds.map(faltkarta_geo::Bounds::middle) else { return };
            let (lon_deg, lat_deg) = field.grid().inverse_deg(e_m, n_m);
            if let Ok(at) = Position::<Wgs84>::parse(LonLatDeg { lon_deg, lat_deg }) {
                let tile = TileId::at(z, at);
                *counts.entry(At { z, x: tile.x(), y: tile.y() }).or_default() += 1;
            }
        })?;
    }
    Ok(counts.into_iter().filter(|it| it.1 >= N_FEATURES_LEAST).map(|it| it.0).collect())
}

pub(crate) fn run(town: &Town) -> Outcome<()> {
    let field = town.open()?;
    for z in [13, 14, 15] {
        let tiles = tiles_of(&field, z)?;
        let (mut first, mut again, mut n_bytes) = (vec![], vec![], 0);
        for at in &tiles {
            let (took, bytes) = time(|| Ok(field.live_tile(at.z, at.x, at.y, now())?))?;
            first.push(took);
            n_bytes += bytes.len();
        }
        for at in tiles.iter().rev().take(20) {
            again.push(time(|| Ok(black_box(field.live_tile(at.z, at.x, at.y, now())?)))?.0);
        }
        let n_tiles = tiles.len();
        if n_tiles == 0 {
            continue;
        }
        let note =
            format!("{n_tiles} tiles, {} kB each; to reach: p95 15 ms", n_bytes / n_tiles / 1_000);
        for q in [0.5, 0.95, 1.0] {
            let what = format!("live tile z{z}, scale 1, p{:.0}", q * 100.0);
            lone_row(&what, quantile(&mut first, q), &note);
        }
        lone_row(&format!("live tile z{z}, asked for again"), quantile(&mut again, 0.5), "kept");
    }
    Ok(())
}
