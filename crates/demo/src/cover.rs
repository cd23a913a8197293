//! Land cover: water, fields, built-up land and forest, without overlaps and cut on the 10 km grid.

use std::f64::consts::TAU;

use faltkarta_geo::GridSystem;
use geo::{BooleanOps, Buffer, MultiPolygon, unary_union};

use crate::chance::Chance;
use crate::error::DemoError;
use crate::files::{Files, id, maybe, text, topo, whole};
use crate::geopackage::Shape;
use crate::plane::{Point, Ring, extent, from_multi, signed_area, to_multi, to_polygon};
use crate::world::{RIVER_HALF_M, World};

/// A roundish, irregular ring.
pub(crate) fn blob(chance: &mut Chance, center: Point, radius_m: f64, n: usize) -> Ring {
    let waves: Vec<(f64, f64)> =
        (2..7).map(|k| (chance.range(0.05, 0.42) / f64::from(k), chance.range(0.0, TAU))).collect();
    let (draw, turn) = (chance.range(1.0, 1.7), chance.range(0.0, TAU));
    let (sin, cos) = turn.sin_cos();
    (0..n)
        .map(|i| {
            let angle = i as f64 / n as f64 * TAU;
            let wave: f64 = waves
                .iter()
                .enumerate()
                .map(|(k, (size, phase))| size * ((k as f64 + 2.0) * angle + phase).cos())
                .sum();
            let r = radius_m * (1.0 + wave).max(0.3);
            let (x, y) = (r * angle.cos() * draw, r * angle.sin() / draw);
            [center[0] + x * cos - y * sin, center[1] + x * sin + y * cos]
        })
        .collect()
}

struct Patch {
    low: Point,
    high: Point,
    shape: MultiPolygon<f64>,
}

impl Patch {
    fn new(shape: MultiPolygon<f64>) -> Self {
        let areas = from_multi(&shape);
        let (low, high) = extent(areas.iter().flatten().flatten());
        Self { low, high, shape }
    }

    fn meets(&self, low: Point, high: Point) -> bool {
        self.low[0] < high[0]
            && self.high[0] > low[0]
            && self.low[1] < high[1]
            && self.high[1] > low[1]
    }
}

/// Writes land cover and shores.
pub(crate) fn write(world: &World, files: &mut Files) -> Result<(), DemoError> {
    let ground = crate::cells::written_ground(world);
    let one = |ring: Ring| Patch::new(MultiPolygon(vec![to_polygon(&[ring])]));
    let lakes: Vec<Patch> = world.terrain.lakes.iter().map(|lake| one(lake.outline())).collect();
    let river = (world.river.len() > 1).then(|| {
        let line: geo_types::LineString<f64> =
            world.river.iter().map(|p| (p[0], p[1])).collect::<Vec<_>>().into();
        Patch::new(line.buffer(RIVER_HALF_M))
    });
    let built: Vec<Patch> = world
        .footprints
        .iter()
        .filter(|areas| !areas.is_empty())
        .map(|areas| Patch::new(to_multi(areas).buffer(7.0)))
        .collect();
    let mut fields = vec![];
    let mut meadows = vec![];
    for (i, village) in world.roads.villages.iter().enumerate() {
        let mut chance = Chance::keyed(world.seed, &[110, i as u64]);
        // Fewer fields up in the forest.
        let plain = ((6_625_000.0 - village.at[1]) / 30_000.0).clamp(0.0, 1.0);
        for _ in 0..=chance.below(2 + (plain * 6.0) as usize) {
            let away = [chance.range(-420.0, 420.0), chance.range(-420.0, 420.0)];
            let at = crate::plane::add(village.at, away);
            let radius = chance.range(70.0, 200.0 + 230.0 * plain);
            fields.push(one(blob(&mut chance, at, radius, 22)));
        }
        let radius = chance.range(90.0, 230.0);
        meadows.push(one(blob(&mut chance, village.at, radius, 26)));
    }
    for site in &world.sites {
        let mut chance = Chance::keyed(world.seed, &[111, site.key]);
        for _ in 0..3 + site.houses / 180 {
            let angle = chance.range(0.0, TAU);
            let r = site.reach_m * chance.range(0.8, 1.5);
            let at = [site.center[0] + r * angle.cos(), site.center[1] + r * angle.sin()];
            let radius = chance.range(110.0, 330.0);
            let patch = one(blob(&mut chance, at, radius, 30));
            if chance.hits(0.6) { fields.push(patch) } else { meadows.push(patch) }
        }
    }
    let mut leafy = vec![];
    let mut chance = Chance::keyed(world.seed, &[112]);
    for _ in 0..(2_600.0 * world.scale.clamp(0.3, 2.0)) as usize {
        let at = [chance.range(113e3, 190e3), chance.range(6_584e3, 6_667e3)];
        let radius = chance.range(60.0, 260.0);
        leafy.push(one(blob(&mut chance, at, radius, 24)));
    }
    for x in 45..56 {
        for y in 657..668 {
            let sheet = Sheet { world, ground: &ground, x, y };
            sheet.write(&lakes, river.as_ref(), [&built, &fields, &meadows, &leafy], files)?;
        }
    }
    shores(world, files)
}

struct Sheet<'a> {
    world: &'a World,
    ground: &'a MultiPolygon<f64>,
    x: i32,
    y: i32,
}

impl Sheet<'_> {
    /// The 10 km square of SWEREF 99 TM, drawn on the working plane.
    fn ring(&self) -> Ring {
        let (x, y) = (f64::from(self.x) * 1e4, f64::from(self.y) * 1e4);
        let n = 10;
        let mut ring = vec![];
        for (from, to) in [
            ([0.0, 0.0], [1e4, 0.0]),
            ([1e4, 0.0], [1e4, 1e4]),
            ([1e4, 1e4], [0.0, 1e4]),
            ([0.0, 1e4], [0.0, 0.0]),
        ] {
            for i in 0..n {
                let p = crate::plane::between(from, to, f64::from(i) / f64::from(n));
                let (e, n) = GridSystem::TM.to_grid(GridSystem::ZONE_15_00, x + p[0], y + p[1]);
                ring.push([e, n]);
            }
        }
        ring
    }

    fn write(
        &self,
        lakes: &[Patch],
        river: Option<&Patch>,
        [built, fields, meadows, leafy]: [&[Patch]; 4],
        files: &mut Files,
    ) -> Result<(), DemoError> {
        let ring = self.ring();
        let (low, high) = extent(&ring);
        let square = MultiPolygon(vec![to_polygon(&[ring])]);
        let land = square.intersection(self.ground);
        if land.0.is_empty() {
            return Ok(());
        }
        let gather = |patches: &[Patch]| {
            let near: Vec<_> = patches
                .iter()
                .filter(|patch| patch.meets(low, high))
                .flat_map(|patch| patch.shape.0.iter().cloned())
                .collect();
            unary_union(&near)
        };
        let mut chance = Chance::keyed(self.world.seed, &[113, self.x as u64, self.y as u64]);
        for (lake, patch) in self.world.terrain.lakes.iter().zip(lakes) {
            if patch.meets(low, high) {
                let shape = patch.shape.intersection(&land);
                let water = Chance::keyed(self.world.seed, &[114, lake.key]).uuid().to_string();
                let row =
                    Row { kind: "Sjö", number: 2632, water: Some(&water), name: Some(&lake.name) };
                row.write(files, &mut chance, &shape)?;
            }
        }
        let lake_ground = gather(lakes);
        let mut left = land.difference(&lake_ground);
        if let Some(river) = river.filter(|river| river.meets(low, high)) {
            let shape = river.shape.intersection(&left);
            let row = Row {
                kind: "Vattendragsyta",
                number: 2633,
                water: None,
                name: Some("Lindesbergsån"),
            };
            row.write(files, &mut chance, &shape)?;
            left = left.difference(&river.shape);
        }
        for patch in built {
            if patch.meets(low, high) {
                let shape = patch.shape.intersection(&left);
                Row { kind: "Låg bebyggelse", number: 2638, water: None, name: None }.write(
                    files,
                    &mut chance,
                    &shape,
                )?;
            }
        }
        left = left.difference(&gather(built));
        for (patches, kind, number) in
            [(fields, "Åker", 2642), (meadows, "Öppen mark", 2640), (leafy, "Lövskog", 2646)]
        {
            let all = gather(patches);
            let shape = all.intersection(&left);
            Row { kind, number, water: None, name: None }.write(files, &mut chance, &shape)?;
            left = left.difference(&all);
        }
        Row { kind: "Barr- och blandskog", number: 2645, water: None, name: None }.write(
            files,
            &mut chance,
            &left,
        )
    }
}

struct Row<'a> {
    kind: &'a str,
    number: i64,
    water: Option<&'a str>,
    name: Option<&'a str>,
}

impl Row<'_> {
    fn write(
        &self,
        files: &mut Files,
        chance: &mut Chance,
        shape: &MultiPolygon<f64>,
    ) -> Result<(), DemoError> {
        for area in from_multi(shape) {
            if signed_area(&area[0]).abs() < 30.0 {
                continue;
            }
            let values = vec![
                id(chance.uuid()),
                text(self.kind),
                whole(self.number),
                maybe(self.water),
                maybe(self.name),
            ];
            files.topography.insert(topo::LAND, Some(Shape::Polygon(&area)), values)?;
        }
        Ok(())
    }
}

fn shores(world: &World, files: &mut Files) -> Result<(), DemoError> {
    for lake in &world.terrain.lakes {
        if crate::region::country_rank(lake.center) > world.country_reach {
            continue;
        }
        let mut chance = Chance::keyed(world.seed, &[115, lake.key]);
        let mut path = lake.outline();
        path.extend(path.first().copied());
        let values = vec![
            id(chance.uuid()),
            text("Strandlinje"),
            rusqlite::types::Value::Null,
            text(&*lake.name),
        ];
        files.topography.insert(topo::HYDRO, Some(Shape::Line(&path)), values)?;
    }
    Ok(())
}
