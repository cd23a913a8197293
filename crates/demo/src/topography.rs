//! Roads, railway, streams, wetlands and facilities of the base map.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Value;

use crate::chance::Chance;
use crate::cover::blob;
use crate::error::DemoError;
use crate::files::{Files, id, maybe, text, topo, whole};
use crate::geopackage::Shape;
use crate::names;
use crate::plane::{Point, add, along, distance, left, path_length, rounded, scaled};
use crate::region::{country_rank, home_at};
use crate::roads::Rank;
use crate::routes::{Grid, Square};
use crate::town::{Town, Use};
use crate::world::World;

struct RoadRow<'a> {
    kind: &'a str,
    number: i64,
    street: Option<&'a str>,
    road: Option<String>,
    is_bridge: bool,
    keeper: &'a str,
}

impl RoadRow<'_> {
    fn write(
        self,
        files: &mut Files,
        chance: &mut Chance,
        path: &[Point],
    ) -> Result<(), DemoError> {
        let values = vec![
            id(chance.uuid()),
            text(self.kind),
            whole(self.number),
            maybe(self.street),
            maybe(self.road),
            maybe(self.is_bridge.then_some("Bro")),
            text(if self.kind == "Traktorväg" { "Nej" } else { "Ja" }),
            text(self.keeper),
        ];
        files.topography.insert(topo::ROAD, Some(Shape::Line(path)), values)
    }
}

/// Writes the streets, walkways and facilities of a town.
pub(crate) fn town(world: &World, town: &Town, files: &mut Files) -> Result<(), DemoError> {
    let mut chance = Chance::keyed(world.seed, &[120, town.site.key]);
    let pieces = town
        .row_pieces
        .iter()
        .map(|(node, street)| (true, *node, *street))
        .chain(town.column_pieces.iter().map(|(node, street)| (false, *node, *street)));
    for (is_row, (row, column), street) in pieces {
        let (fixed, from, to) = if is_row {
            (town.rows[row], town.columns[column], town.columns[column + 1])
        } else {
            (town.columns[column], town.rows[row], town.rows[row + 1])
        };
        let n = ((to - from) / 18.0).ceil() as usize;
        let path: Vec<Point> = (0..=n)
            .map(|i| {
                let t = from + (to - from) * i as f64 / n as f64;
                if is_row { town.warp.at(t, fixed) } else { town.warp.at(fixed, t) }
            })
            .collect();
        let is_heart = if is_row { row == town.heart.0 } else { column == town.heart.1 };
        let (kind, number) = if is_heart && town.site.houses >= 100 {
            ("Huvudgata", 1809)
        } else if street < 8 && town.site.houses >= 250 {
            ("Lokalgata stor", 1810)
        } else {
            ("Lokalgata liten", 1811)
        };
        let is_bridge = path.iter().any(|at| {
            world.river.windows(2).any(|w| crate::plane::to_segment(*at, w[0], w[1]).0 < 8.0)
        });
        RoadRow {
            kind,
            number,
            street: Some(&town.streets[street]),
            road: None,
            is_bridge,
            keeper: "kommun",
        }
        .write(files, &mut chance, &path)?;
    }
    for &(row, column) in &town.walks {
        let path: Vec<Point> = (0..=4)
            .map(|i| {
                let v = town.rows[row] + (town.rows[row + 1] - town.rows[row]) * f64::from(i) / 4.0;
                town.warp.at(town.columns[column] + if i == 2 { 0.6 } else { 0.0 }, v)
            })
            .collect();
        RoadRow {
            kind: "Gångstig",
            number: 1817,
            street: None,
            road: None,
            is_bridge: false,
            keeper: "kommun",
        }
        .write(files, &mut chance, &path)?;
    }
    // Paths that wander from dead ends into the country.
    for node in town.nodes() {
        if town.degree(node) != 1 || !chance.hits(0.45) {
            continue;
        }
        let start = town.node_at(node);
        let mut angle = {
            let away = crate::plane::sub(start, town.site.center);
            away[1].atan2(away[0])
        };
        let mut path = vec![start];
        for _ in 0..chance.whole(3, 8) {
            angle += chance.range(-0.6, 0.6);
            let last = path[path.len() - 1];
            let next = add(last, [45.0 * angle.cos(), 45.0 * angle.sin()]);
            let is_lot = town.lots.iter().any(|lot| crate::plane::inside(next, &lot.ring));
            if is_lot || world.terrain.is_wet(next, 1.03) || home_at(next).is_none() {
                break;
            }
            path.push(next);
        }
        if path.len() > 2 {
            let path = rounded(&path, 2);
            RoadRow {
                kind: "Gångstig",
                number: 1817,
                street: None,
                road: None,
                is_bridge: false,
                keeper: "kommun",
            }
            .write(files, &mut chance, &path)?;
        }
    }
    for lot in &town.lots {
        let (kind, purpose) = match lot.purpose {
            Use::Park => ("Rekreation", "Park"),
            Use::Sports => ("Idrottsplan", "Idrottsplats"),
            Use::School => ("Samhällsfunktion", "Skolområde"),
            Use::Church => ("Samhällsfunktion", "Begravningsplats"),
            Use::Industry => ("Industriområde", "Industri"),
            _ => continue,
        };
        let mut put = |files: &mut Files, kind: &str, purpose: &str, ring: Vec<Point>| {
            let values = vec![id(chance.uuid()), text(kind), text(purpose)];
            files.topography.insert(topo::FACILITY, Some(Shape::Polygon(&[ring])), values)
        };
        if lot.purpose == Use::Sports {
            put(files, "Rekreation", purpose, lot.ring.clone())?;
            let x = town.warp.along(lot.mid(), lot.front);
            let mid = town.warp.at(lot.mid(), f64::midpoint(lot.front, lot.back) + 3.0);
            let width = ((lot.to - lot.from) * 0.72).min(105.0);
            put(
                files,
                kind,
                purpose,
                crate::plane::rectangle(mid, x, left(x), width, width * 0.58),
            )?;
        } else {
            put(files, kind, purpose, lot.ring.clone())?;
        }
    }
    Ok(())
}

/// Writes country roads, tracks, railway, streams and wetlands.
pub(crate) fn country(world: &World, files: &mut Files) -> Result<(), DemoError> {
    roads(world, files)?;
    let mut chance = Chance::keyed(world.seed, &[121]);
    for path in &world.railway {
        for start in (0..path.len().saturating_sub(1)).step_by(60) {
            let stretch = &path[start..(start + 61).min(path.len())];
            let values = vec![id(chance.uuid()), text("Järnväg")];
            files.topography.insert(topo::RAILWAY, Some(Shape::Line(stretch)), values)?;
        }
    }
    streams(world, files)?;
    wetlands(world, files)
}

fn roads(world: &World, files: &mut Files) -> Result<(), DemoError> {
    const NUMBERS: [&str; 10] = ["50", "60", "63", "68", "233", "243", "244", "249", "833", "848"];
    for (i, road) in world.roads.stretches.iter().enumerate() {
        let mut chance = Chance::keyed(world.seed, &[122, i as u64]);
        let (kind, number, keeper) = match road.rank {
            Rank::Main => ("Landsväg", 1804, "stat"),
            Rank::Lesser => ("Landsväg liten", 1805, "stat"),
            Rank::Small => ("Småväg", 1806, "enskild"),
        };
        let road_number = match road.rank {
            Rank::Main => {
                let at = road.path[road.path.len() / 2];
                Some(
                    NUMBERS[((at[0] / 14_000.0) as usize + (at[1] / 21_000.0) as usize) % 10]
                        .to_owned(),
                )
            }
            Rank::Lesser => Some((700 + i % 180).to_string()),
            Rank::Small => None,
        };
        let is_bridge = path_length(&road.path) > 60.0 && chance.hits(0.04);
        if is_bridge {
            // The bridge is a piece of its own.
            let (a, b) = cut(&road.path, path_length(&road.path) / 2.0, 24.0);
            for (path, is_bridge) in [(a.0, false), (a.1, true), (b, false)] {
                if path.len() >= 2 {
                    RoadRow {
                        kind,
                        number,
                        street: None,
                        road: road_number.clone(),
                        is_bridge,
                        keeper,
                    }
                    .write(files, &mut chance, &path)?;
                }
            }
        } else {
            RoadRow { kind, number, street: None, road: road_number, is_bridge, keeper }.write(
                files,
                &mut chance,
                &road.path,
            )?;
        }
        // Forest tracks leave the small roads.
        if road.rank != Rank::Main {
            let mut at_m = chance.range(150.0, 900.0);
            while at_m < path_length(&road.path) {
                let (at, direction) = along(&road.path, at_m);
                at_m += chance.range(350.0, 1300.0);
                let side = scaled(left(direction), if chance.hits(0.5) { 1.0 } else { -1.0 });
                let mut angle = side[1].atan2(side[0]);
                let mut path = vec![at];
                for _ in 0..chance.whole(3, 12) {
                    angle += chance.range(-0.45, 0.45);
                    let next = add(path[path.len() - 1], [70.0 * angle.cos(), 70.0 * angle.sin()]);
                    if world.terrain.is_wet(next, 1.04) || home_at(next).is_none() {
                        break;
                    }
                    path.push(next);
                }
                if path.len() > 2 {
                    RoadRow {
                        kind: "Traktorväg",
                        number: 1815,
                        street: None,
                        road: None,
                        is_bridge: false,
                        keeper: "enskild",
                    }
                    .write(files, &mut chance, &rounded(&path, 2))?;
                }
            }
        }
    }
    Ok(())
}

/// Before, at and after a place: the middle piece is so long.
fn cut(path: &[Point], at_m: f64, length_m: f64) -> ((Vec<Point>, Vec<Point>), Vec<Point>) {
    let (a, b) = (along(path, at_m - length_m / 2.0).0, along(path, at_m + length_m / 2.0).0);
    let (mut first, mut middle, mut last) = (vec![], vec![a], vec![b]);
    let mut run = 0.0;
    for (i, p) in path.iter().enumerate() {
        if i > 0 {
            run += distance(path[i - 1], *p);
        }
        if run < at_m - length_m / 2.0 {
            first.push(*p);
        } else if run <= at_m + length_m / 2.0 {
            middle.push(*p);
        } else {
            last.push(*p);
        }
    }
    first.push(a);
    middle.push(b);
    ((first, middle), last)
}

/// Water runs from every square to the lake or border that drains it.
fn streams(world: &World, files: &mut Files) -> Result<(), DemoError> {
    let grid = &world.grid;
    let mut outlets: BTreeSet<Square> = BTreeSet::new();
    let mut towns: BTreeSet<Square> = BTreeSet::new();
    for (areas, site) in world.footprints.iter().zip(&world.sites) {
        let _ = site;
        for ring in areas.iter().flatten() {
            for at in ring {
                // Its surroundings too, for a stream keeps away from houses.
                let near = [[0.0, 0.0], [130.0, 0.0], [-130.0, 0.0], [0.0, 130.0], [0.0, -130.0]];
                towns.extend(near.iter().filter_map(|d| Grid::at(add(*at, *d))));
            }
        }
    }
    let mut lake_at: BTreeMap<Square, usize> = BTreeMap::new();
    for (i, lake) in world.terrain.lakes.iter().enumerate() {
        for at in lake.outline() {
            if let Some(square) = Grid::at(at) {
                outlets.insert(square);
                lake_at.entry(square).or_insert(i);
            }
        }
    }
    let is_land = |square: Square| home_at(Grid::center(square)).is_some();
    // Lowest first, so that every way leads down as far as it can.
    let mut heap: BTreeSet<(i64, Square)> = BTreeSet::new();
    let level = |square: Square| (grid.height_m[square] * 100.0) as i64;
    let mut below: BTreeMap<Square, Option<Square>> = BTreeMap::new();
    for outlet in &outlets {
        heap.insert((level(*outlet), *outlet));
        below.insert(*outlet, None);
    }
    let mut order = vec![];
    while let Some((spilled, square)) = heap.pop_first() {
        order.push(square);
        for (next, _) in Grid::neighbors(square) {
            if below.contains_key(&next)
                || !is_land(next)
                || !grid.is_open(next)
                || towns.contains(&next)
            {
                continue;
            }
            below.insert(next, Some(square));
            heap.insert((level(next).max(spilled + 1), next));
        }
    }
    let mut gathers: BTreeMap<Square, u32> = BTreeMap::new();
    for square in order.iter().rev() {
        let mine = gathers.get(square).copied().unwrap_or(0) + 1;
        gathers.insert(*square, mine);
        if let Some(Some(next)) = below.get(square) {
            *gathers.entry(*next).or_default() += mine;
        }
    }
    let least = 9;
    let is_stream = |square: &Square| gathers.get(square).copied().unwrap_or(0) >= least;
    let mut feeders: BTreeMap<Square, u32> = BTreeMap::new();
    for square in order.iter().filter(|square| is_stream(square)) {
        if let Some(Some(next)) = below.get(square) {
            *feeders.entry(*next).or_default() += 1;
        }
    }
    let mut chance = Chance::keyed(world.seed, &[123]);
    let mut n_named = 0;
    for square in &order {
        let is_start = is_stream(square) && feeders.get(square).copied().unwrap_or(0) != 1;
        if !is_start || !below.get(square).is_some_and(Option::is_some) {
            continue;
        }
        let mut path = vec![grid.knot(*square)];
        let mut at = *square;
        let most = gathers[square];
        while let Some(Some(next)) = below.get(&at) {
            if let Some(lake) = lake_at.get(next) {
                // Into the water, not only to its square.
                let lake = &world.terrain.lakes[*lake];
                let last = path[path.len() - 1];
                path.push(into(last, lake.center, |at| lake.ratio(at) < 0.985));
                break;
            }
            path.push(grid.knot(*next));
            at = *next;
            if feeders.get(&at).copied().unwrap_or(0) > 1 {
                break;
            }
        }
        if path.len() < 2 || country_rank(path[0]) > world.country_reach {
            continue;
        }
        let (class, is_named) = match most {
            ..60 => ("Klass 1", false),
            70..260 => ("Klass 2", true),
            _ => ("Klass 3", true),
        };
        n_named += usize::from(is_named);
        let name = is_named.then(|| {
            names::lake(n_named * 7)
                .replace("sjön", "bäcken")
                .replace("tjärnen", "ån")
                .replace("vattnet", "bäcken")
                .replace("gölen", "ån")
        });
        let values = vec![id(chance.uuid()), text("Vattendrag"), text(class), maybe(name)];
        let path = rounded(&path, 3);
        files.topography.insert(topo::HYDRO, Some(Shape::Line(&path)), values)?;
    }
    Ok(())
}

/// The first place on the way to a middle that lies inside.
fn into(from: Point, center: Point, is_in: impl Fn(Point) -> bool) -> Point {
    (1..=60)
        .map(|i| crate::plane::between(from, center, f64::from(i) / 60.0))
        .find(|at| is_in(*at))
        .unwrap_or(center)
}

fn wetlands(world: &World, files: &mut Files) -> Result<(), DemoError> {
    let mut chance = Chance::keyed(world.seed, &[124]);
    for _ in 0..(18_000.0 * world.scale.clamp(1.0, 2.0)) as usize {
        let at = [chance.range(113e3, 190e3), chance.range(6_584e3, 6_667e3)];
        let radius = chance.range(35.0, 190.0);
        let is_wet = chance.hits(0.35);
        let n = 16 + (radius / 12.0) as usize;
        let mut own = Chance::keyed(world.seed, &[125, chance.next()]);
        if home_at(at).is_none() || country_rank(at) > world.country_reach {
            continue;
        }
        let ring = blob(&mut own, at, radius, n);
        let is_low = ring.iter().step_by(3).all(|p| {
            (world.terrain.height_m(*p) - world.terrain.height_m(at)).abs() < 6.0
                && !world.terrain.is_wet(*p, 1.02)
        });
        let is_near_town =
            world.sites.iter().any(|site| distance(site.center, at) < site.reach_m + 200.0);
        if !is_low || is_near_town {
            continue;
        }
        let kind = if is_wet { "Sankmark, våt" } else { "Sankmark, fast" };
        let values: Vec<Value> = vec![id(own.uuid()), text(kind)];
        files.topography.insert(topo::WETLAND, Some(Shape::Polygon(&[ring])), values)?;
    }
    Ok(())
}
