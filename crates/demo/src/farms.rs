//! House plots along the country roads.

use std::collections::BTreeMap;

use crate::chance::Chance;
use crate::error::DemoError;
use crate::files::Files;
use crate::plane::{
    Point, Ring, add, along, distance, left, middle, path_length, rectangle, scaled, sub,
    to_segment, unit,
};
use crate::region::{MUNICIPALITIES, country_rank, home_at};
use crate::register::{Address, Building, Standing, Unit};
use crate::roads::Rank;
use crate::world::World;

/// A plot in the country.
#[derive(Debug, Clone)]
pub(crate) struct Farm {
    pub(crate) ring: Ring,
    pub(crate) home: usize,
    pub(crate) village: usize,
    /// Its number in the village's addresses.
    pub(crate) number: i64,
    pub(crate) key: u64,
    inward: Point,
}

const BIN_M: f64 = 200.0;

fn bin(at: Point) -> (i64, i64) {
    ((at[0] / BIN_M).floor() as i64, (at[1] / BIN_M).floor() as i64)
}

/// Lays plots along every road outside the towns until there are enough.
pub(crate) fn lay(world: &World) -> Vec<Farm> {
    let mut segments: BTreeMap<(i64, i64), Vec<(Point, Point)>> = BTreeMap::new();
    let lines = world.roads.stretches.iter().map(|road| &road.path).chain(&world.railway);
    for path in lines {
        for w in path.windows(2) {
            let n = (distance(w[0], w[1]) / BIN_M).ceil().max(1.0) as usize;
            for i in 0..=n {
                let at = crate::plane::between(w[0], w[1], i as f64 / n as f64);
                let list = segments.entry(bin(at)).or_default();
                if list.last() != Some(&(w[0], w[1])) {
                    list.push((w[0], w[1]));
                }
            }
        }
    }
    let mut villages: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
    let coarse = |at: Point| ((at[0] / 2500.0).floor() as i64, (at[1] / 2500.0).floor() as i64);
    for (i, village) in world.roads.villages.iter().enumerate() {
        villages.entry(coarse(village.at)).or_default().push(i);
    }
    let nearest = |at: Point| {
        let (x, y) = coarse(at);
        let ring = |reach: i64| {
            (-reach..=reach)
                .flat_map(move |dx| (-reach..=reach).map(move |dy| (x + dx, y + dy)))
                .filter_map(|key| villages.get(&key))
                .flatten()
                .copied()
                .min_by(|a, b| {
                    let to = |i: usize| distance(world.roads.villages[i].at, at);
                    to(*a).total_cmp(&to(*b))
                })
        };
        ring(1).or_else(|| ring(4))
    };
    let total_m: f64 = world
        .roads
        .stretches
        .iter()
        .filter(|road| road.rank != Rank::Main)
        .map(|road| path_length(&road.path))
        .sum();
    let wanted = 6_900.0 * world.scale;
    let mean_gap = (total_m * 0.72 / wanted.max(1.0)).clamp(52.0, 900.0);
    let towns: Vec<(Point, f64, &Ring)> = world
        .footprints
        .iter()
        .zip(&world.sites)
        .flat_map(|(areas, site)| {
            areas.iter().map(|area| (site.center, site.reach_m * 1.7, &area[0]))
        })
        .collect();
    let mut taken: BTreeMap<(i64, i64), Vec<Point>> = BTreeMap::new();
    let mut numbers: BTreeMap<usize, i64> = BTreeMap::new();
    let mut farms: Vec<Farm> = vec![];
    for (r, road) in world.roads.stretches.iter().enumerate() {
        let mut chance = Chance::keyed(world.seed, &[80, r as u64]);
        let length_m = path_length(&road.path);
        let factor = match road.rank {
            Rank::Main => 3.0,
            Rank::Lesser => 1.25,
            Rank::Small => 0.8,
        };
        let mut at_m = 30.0 + chance.range(0.0, mean_gap * factor);
        while at_m < length_m - 25.0 {
            let (at, direction) = along(&road.path, at_m);
            let is_village =
                nearest(at).is_some_and(|i| distance(world.roads.villages[i].at, at) < 260.0);
            let gap = mean_gap * factor * if is_village { 0.35 } else { 1.25 };
            at_m += 48.0 + chance.range(0.0, 2.0) * (gap - 48.0).max(4.0);
            let side = if chance.hits(0.5) { 1.0 } else { -1.0 };
            let (width, depth) = (chance.range(36.0, 62.0), chance.range(40.0, 72.0));
            let inward = scaled(left(direction), side);
            let center = add(at, scaled(inward, depth / 2.0 + 7.0));
            let turn = chance.range(-0.08, 0.08f64);
            let x = unit(add(direction, scaled(left(direction), turn)));
            let mut ring = rectangle(center, x, left(x), width, depth);
            for corner in &mut ring {
                *corner = add(*corner, [chance.range(-3.0, 3.0), chance.range(-3.0, 3.0)]);
            }
            let Some(home) = home_at(center) else { continue };
            if country_rank(center) > world.country_reach
                || ring.iter().any(|at| world.terrain.is_wet(*at, 1.06))
            {
                continue;
            }
            let (bx, by) = bin(center);
            let mut is_free = true;
            for key in (-1..=1).flat_map(|dx| (-1..=1).map(move |dy| (bx + dx, by + dy))) {
                is_free &= taken
                    .get(&key)
                    .is_none_or(|list| list.iter().all(|other| distance(*other, center) > 88.0));
                is_free &= segments.get(&key).is_none_or(|list| {
                    list.iter().all(|(a, b)| {
                        to_segment(center, *a, *b).0 > 22.0
                            && ring.iter().all(|at| to_segment(*at, *a, *b).0 > 3.5)
                    })
                });
            }
            is_free &= towns.iter().all(|(town, reach, outline)| {
                distance(*town, center) > *reach
                    || (!crate::plane::inside(center, outline)
                        && ring.iter().all(|at| !crate::plane::inside(*at, outline))
                        && outline.iter().all(|at| distance(*at, center) > 46.0))
            });
            let Some(village) = nearest(center).filter(|_| is_free) else { continue };
            taken.entry((bx, by)).or_default().push(center);
            let number = numbers.entry(village).or_insert(100);
            *number += 1;
            let key = farms.len() as u64;
            farms.push(Farm { ring, home, village, number: *number, key, inward });
        }
    }
    farms
}

/// Writes buildings and address of a plot.
pub(crate) fn write(
    world: &World,
    farm: &Farm,
    unit: &Unit,
    files: &mut Files,
) -> Result<(), DemoError> {
    let mut chance = Chance::keyed(world.seed, &[81, farm.key]);
    let village = &world.roads.villages[farm.village];
    let center = middle(&farm.ring);
    let outward = scaled(farm.inward, -1.0);
    let across = left(farm.inward);
    let mut number = 0;
    let mut main = None;
    let mut put = |files: &mut Files,
                   chance: &mut Chance,
                   kind: Building,
                   mid: Point,
                   size: [f64; 2],
                   turn: f64| {
        let (sin, cos) = turn.sin_cos();
        let x = add(scaled(across, cos), scaled(farm.inward, sin));
        let mut scale = 1.0;
        for _ in 0..6 {
            let room = rectangle(mid, x, left(x), size[0] * scale + 0.8, size[1] * scale + 0.8);
            if room.iter().all(|at| crate::plane::inside(*at, &farm.ring)) {
                number += 1;
                let ring = rectangle(mid, x, left(x), size[0] * scale, size[1] * scale);
                let standing =
                    Standing { identity: None, is_main: number == 1, number, name: None };
                kind.write(files, chance, farm.home, standing, &ring)?;
                if number == 1 {
                    main = Some(mid);
                }
                return Ok(());
            }
            scale *= 0.8;
        }
        Ok::<(), DemoError>(())
    };
    let house_at = add(center, scaled(outward, chance.range(4.0, 10.0)));
    let size = [chance.range(9.5, 15.0), chance.range(7.5, 9.8)];
    let turn = chance.range(-0.25, 0.25);
    put(files, &mut chance, Building::House, house_at, size, turn)?;
    let is_farm = chance.hits(0.42);
    if is_farm {
        let at =
            add(center, add(scaled(farm.inward, 15.0), scaled(across, chance.range(-6.0, 6.0))));
        let size = [chance.range(16.0, 28.0), chance.range(8.0, 12.0)];
        put(files, &mut chance, Building::Farm, at, size, turn)?;
    }
    for (x, y, share) in [
        (13.0, 2.0, 0.95),
        (-14.0, 4.0, 0.75),
        (13.0, -11.0, 0.5),
        (-12.0, -12.0, 0.3),
        (0.0, 22.0, 0.3),
    ] {
        if chance.hits(share) && !(is_farm && y > 20.0) {
            let at = add(center, add(scaled(across, x), scaled(farm.inward, y)));
            let size = [chance.range(3.8, 8.0), chance.range(3.2, 6.0)];
            let kind = if chance.hits(0.06) { Building::Other } else { Building::Outbuilding };
            let own_turn = turn + chance.range(-0.1, 0.1);
            put(files, &mut chance, kind, at, size, own_turn)?;
        }
    }
    let Some(at) = main else { return Ok(()) };
    let site = world
        .sites
        .iter()
        .filter(|site| site.home == farm.home)
        .min_by(|a, b| distance(a.center, center).total_cmp(&distance(b.center, center)));
    let post_town =
        site.map_or(MUNICIPALITIES[farm.home].capitals.to_owned(), |site| site.name.to_uppercase());
    let is_yard = chance.hits(0.12);
    let address = Address {
        kind: if is_yard { "Gårdsadressplats" } else { "Byadressplats" },
        street: village.name.clone(),
        farm: is_yard.then(|| {
            format!(
                "{}gården",
                ["Norr", "Söder", "Öster", "Mellan", "Ny", "Gammel"][chance.below(6)]
            )
        }),
        number: farm.number.to_string(),
        letter: None,
        addition: None,
        deviation: None,
        district: village.name.clone(),
        home: farm.home,
        known_as: None,
        postcode: match chance.below(260) {
            0 => None,
            1 => Some(0),
            _ => site.map(|site| site.postcode + 1),
        },
        post_town,
        property: unit.property,
    };
    if chance.hits(0.01) {
        let one = Address { addition: Some(("UH", 1)), ..address.clone() };
        one.write(files, &mut chance, Some(add(at, sub([6.0, 4.0], [0.0, 0.0]))))?;
    }
    address.write(files, &mut chance, Some(at))
}
