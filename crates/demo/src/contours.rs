//! Contour lines of the ground, 5 m apart.

use std::collections::BTreeMap;

use crate::chance::Chance;
use crate::error::DemoError;
use crate::files::{Files, id, text, topo, whole};
use crate::geopackage::Shape;
use crate::plane::Point;
use crate::region::{country_rank, home_at};
use crate::world::World;

/// Side of a square of heights, metres.
const STEP_M: f64 = 40.0;
/// Squares in a sheet, along each side; lines end at the sheet's edge.
const SHEET: usize = 25;
const INTERVAL_M: f64 = 5.0;

/// An edge of the height grid: column, row, and whether it runs upwards.
type Edge = (usize, usize, bool);

/// Writes the contours of the whole region, sheet by sheet.
pub(crate) fn write(world: &World, files: &mut Files) -> Result<(), DemoError> {
    let side = STEP_M * SHEET as f64;
    for x in 0..80u32 {
        for y in 0..88u32 {
            let origin = [112_500.0 + f64::from(x) * side, 6_582_500.0 + f64::from(y) * side];
            sheet(world, origin, [u64::from(x), u64::from(y)], files)?;
        }
    }
    Ok(())
}

fn sheet(world: &World, origin: Point, key: [u64; 2], files: &mut Files) -> Result<(), DemoError> {
    let corner =
        |i: usize, j: usize| [origin[0] + i as f64 * STEP_M, origin[1] + j as f64 * STEP_M];
    // Whole groups of squares are asked at once whether they are written.
    let group = 5;
    let is_written: Vec<bool> = (0..SHEET / group * (SHEET / group))
        .map(|at| {
            let (i, j) = (at % (SHEET / group), at / (SHEET / group));
            let mid = corner(i * group + group / 2, j * group + group / 2);
            home_at(mid).is_some() && country_rank(mid) <= world.country_reach
        })
        .collect();
    if !is_written.contains(&true) {
        return Ok(());
    }
    let n = SHEET + 1;
    let heights: Vec<f64> =
        (0..n * n).map(|at| world.terrain.height_m(corner(at % n, at / n)) + 1e-7).collect();
    let mut lines: BTreeMap<i64, BTreeMap<Edge, Vec<Edge>>> = BTreeMap::new();
    for j in 0..SHEET {
        for i in 0..SHEET {
            if !is_written[j / group * (SHEET / group) + i / group] {
                continue;
            }
            let h = [
                heights[j * n + i],
                heights[j * n + i + 1],
                heights[(j + 1) * n + i + 1],
                heights[(j + 1) * n + i],
            ];
            let edges = [(i, j, false), (i + 1, j, true), (i, j + 1, false), (i, j, true)];
            let low = h.iter().copied().fold(f64::INFINITY, f64::min);
            let high = h.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let mut level = (low / INTERVAL_M).ceil() as i64;
            while level as f64 * INTERVAL_M <= high {
                let at = level as f64 * INTERVAL_M;
                let cut: Vec<Edge> = (0..4)
                    .filter(|k| (h[*k] >= at) != (h[(k + 1) % 4] >= at))
                    .map(|k| edges[k])
                    .collect();
                let net = lines.entry(level).or_default();
                for pair in cut.chunks_exact(2) {
                    net.entry(pair[0]).or_default().push(pair[1]);
                    net.entry(pair[1]).or_default().push(pair[0]);
                }
                level += 1;
            }
        }
    }
    let mut chance = Chance::keyed(world.seed, &[100, key[0], key[1]]);
    for (level, mut net) in lines {
        let at = level as f64 * INTERVAL_M;
        let place = |(i, j, is_up): Edge| {
            let (a, b) = (corner(i, j), if is_up { corner(i, j + 1) } else { corner(i + 1, j) });
            let (ha, hb) = (
                heights[j * n + i],
                if is_up { heights[(j + 1) * n + i] } else { heights[j * n + i + 1] },
            );
            crate::plane::between(a, b, ((at - ha) / (hb - ha)).clamp(0.0, 1.0))
        };
        // Open lines first, from their ends; what remains is closed.
        let mut starts: Vec<Edge> =
            net.iter().filter(|(_, to)| to.len() == 1).map(|(edge, _)| *edge).collect();
        starts.extend(net.keys().copied().collect::<Vec<_>>());
        for start in starts {
            while net.get(&start).is_some_and(|to| !to.is_empty()) {
                let mut path = vec![place(start)];
                let mut edge = start;
                while let Some(next) = net.get_mut(&edge).and_then(Vec::pop) {
                    if let Some(back) = net.get_mut(&next)
                        && let Some(i) = back.iter().position(|it| *it == edge)
                    {
                        back.swap_remove(i);
                    }
                    path.push(place(next));
                    edge = next;
                }
                if path.len() < 3 {
                    continue;
                }
                let values = vec![id(chance.uuid()), text("Höjdkurva"), whole(at.round() as i64)];
                files.topography.insert(topo::CONTOUR, Some(Shape::Line(&path)), values)?;
            }
        }
    }
    Ok(())
}
