//! Parcels, addresses and buildings on the lots of a town.

use geo::{BooleanOps, unary_union};

use crate::chance::Chance;
use crate::error::DemoError;
use crate::files::Files;
use crate::plane::{
    Area, Point, Ring, add, from_multi, inside, left, rectangle, scaled, sub, to_polygon, unit,
};
use crate::register::{Address, Building, Part, Standing, Unit};
use crate::town::{Lot, STREET_M, Side, Town, Use};

/// The property unit of a lot; the key makes it the same wherever it is asked for.
pub(crate) fn unit_of(seed: u64, town: &Town, lot: &Lot) -> Unit {
    let key =
        [40, town.site.key, lot.row as u64, lot.column as u64, lot.side as u64, lot.from.to_bits()];
    Unit {
        home: town.site.home,
        property: Chance::keyed(seed, &key).uuid(),
        kind: "fastighet",
        trakt: lot.trakt.clone(),
        block: lot.block.clone(),
        unit: lot.unit,
    }
}

/// Writes everything that stands on lots.
pub(crate) fn write(seed: u64, town: &Town, files: &mut Files) -> Result<(), DemoError> {
    let mut row_identity = None;
    for (i, lot) in town.lots.iter().enumerate() {
        let mut chance = Chance::keyed(seed, &[41, town.site.key, i as u64]);
        let unit = unit_of(seed, town, lot);
        let part = Part {
            number: 1,
            n_parts: 1,
            is_uncertain: chance.hits(0.004),
            is_outside: lot.to - lot.from < 12.0 && chance.hits(0.4),
        };
        unit.area(files, &mut chance, part, &[vec![lot.ring.clone()]])?;
        let plot = Plot::new(town, lot);
        let house = match lot.purpose {
            Use::Park => None,
            Use::Row => {
                // A row shares one identity; its houses differ in number.
                let is_new = i % 6 == 0 || row_identity.is_none();
                if is_new {
                    row_identity = Some((chance.uuid(), 0));
                }
                let house = plot.place(0.0, 7.0, plot.width - 0.1, 9.0, 0.0, 0.02);
                if let (Some(house), Some((identity, number))) = (&house, &mut row_identity) {
                    *number += 1;
                    let standing = Standing {
                        identity: Some(*identity),
                        is_main: *number == 1,
                        number: *number,
                        name: None,
                    };
                    Building::RowHouse.write(files, &mut chance, unit.home, standing, house)?;
                }
                house
            }
            _ => plot.build(files, &mut chance, &unit, lot)?,
        };
        if lot.purpose != Use::Row {
            row_identity = None;
        }
        addresses(town, lot, &unit, house.as_ref(), files, &mut chance)?;
    }
    streets_land(seed, town, files)
}

struct Plot<'a> {
    ring: &'a Ring,
    origin: Point,
    along: Point,
    inward: Point,
    width: f64,
    depth: f64,
}

impl<'a> Plot<'a> {
    fn new(town: &Town, lot: &'a Lot) -> Self {
        let origin = town.warp.at(lot.mid(), lot.front);
        let along = unit(sub(town.warp.at(lot.to, lot.front), town.warp.at(lot.from, lot.front)));
        let inward = scaled(left(along), lot.sign());
        let width = crate::plane::distance(
            town.warp.at(lot.to, lot.front),
            town.warp.at(lot.from, lot.front),
        );
        Self { ring: &lot.ring, origin, along, inward, width, depth: (lot.back - lot.front).abs() }
    }

    /// A rectangle whose front is so far from the street; made smaller until it fits the lot.
    fn place(
        &self,
        across: f64,
        setback: f64,
        width: f64,
        depth: f64,
        turn: f64,
        margin: f64,
    ) -> Option<Ring> {
        let (sin, cos) = turn.sin_cos();
        let x = add(scaled(self.along, cos), scaled(self.inward, sin));
        let y = left(x);
        let mut size = 1.0;
        for _ in 0..9 {
            let center = add(
                self.origin,
                add(scaled(self.along, across), scaled(self.inward, setback + depth * size / 2.0)),
            );
            let room = rectangle(center, x, y, width * size + margin, depth * size + margin);
            if room.iter().all(|at| inside(*at, self.ring)) {
                return Some(rectangle(center, x, y, width * size, depth * size));
            }
            size *= 0.86;
        }
        None
    }

    /// An L: a rectangle with a wing towards the back.
    fn with_wing(&self, house: Ring, chance: &mut Chance) -> Ring {
        let (a, b) = (unit(sub(house[1], house[0])), unit(sub(house[3], house[0])));
        let width = crate::plane::distance(house[0], house[1]);
        let depth = crate::plane::distance(house[0], house[3]);
        let wing = width * chance.range(0.35, 0.5);
        let reach = depth * chance.range(0.3, 0.6);
        // The third corner is the far one; the wing grows on the side that looks away from the street.
        let away = crate::plane::sub(house[3], self.origin);
        let is_back = away[0] * b[0] + away[1] * b[1] > 0.0;
        let ring: Ring = if is_back {
            vec![
                house[0],
                house[1],
                add(house[2], scaled(b, reach)),
                add(add(house[2], scaled(a, -wing)), scaled(b, reach)),
                add(house[2], scaled(a, -wing)),
                house[3],
            ]
        } else {
            vec![
                add(house[0], scaled(b, -reach)),
                add(add(house[0], scaled(a, wing)), scaled(b, -reach)),
                add(house[0], scaled(a, wing)),
                house[1],
                house[2],
                house[3],
            ]
        };
        if ring.iter().all(|at| inside(add(*at, scaled(self.inward, 0.5)), self.ring)) {
            ring
        } else {
            house
        }
    }

    /// The buildings of one lot; answers the main one.
    fn build(
        &self,
        files: &mut Files,
        chance: &mut Chance,
        unit: &Unit,
        lot: &Lot,
    ) -> Result<Option<Ring>, DemoError> {
        let mut number = 0;
        let mut main = None;
        let home = unit.home;
        let mut put =
            |files: &mut Files, chance: &mut Chance, kind: Building, ring: &Ring, name| {
                number += 1;
                let standing = Standing { identity: None, is_main: number == 1, number, name };
                kind.write(files, chance, home, standing, ring)
            };
        match lot.purpose {
            Use::Villa | Use::Center => {
                if lot.purpose == Use::Villa && chance.hits(0.035) {
                    return Ok(None);
                }
                let is_center = lot.purpose == Use::Center;
                let width = if is_center {
                    (self.width * chance.range(0.62, 0.86)).min(24.0)
                } else {
                    chance.range(10.0, 14.5).min(self.width - 5.0)
                };
                let depth =
                    if is_center { chance.range(10.5, 13.0) } else { chance.range(7.6, 10.2) };
                let setback =
                    if is_center { chance.range(1.5, 4.0) } else { chance.range(5.5, 9.5) };
                let slack = ((self.width - width) / 2.0 - 2.0).max(0.0);
                let across = chance.range(-slack, slack) * 0.7;
                let turn = chance.range(-0.03, 0.03);
                if let Some(house) = self.place(across, setback, width, depth, turn, 1.0) {
                    let house =
                        if chance.hits(0.22) { self.with_wing(house, chance) } else { house };
                    let kind = if is_center && chance.hits(0.25) {
                        Building::Business
                    } else if is_center && chance.hits(0.35) {
                        Building::Flats
                    } else {
                        Building::House
                    };
                    put(files, chance, kind, &house, None)?;
                    main = Some(house);
                }
                for turn in 0..2 {
                    if chance.hits(if turn == 0 { 0.86 } else { 0.2 }) {
                        let (w, d) = (chance.range(4.8, 7.2), chance.range(3.8, 5.8));
                        let side = if turn == 0 { 1.0 } else { -1.0 };
                        let side = if lot.number % 4 < 2 { side } else { -side };
                        let across = side * (self.width / 2.0 - w / 2.0 - chance.range(1.0, 2.6));
                        let setback = setback + depth * 1.65 + chance.range(1.5, 5.5);
                        let shed = self.place(across, setback, w, d, 0.0, 0.8);
                        if let Some(shed) = shed.filter(|_| setback + d < self.depth - 0.5) {
                            put(files, chance, Building::Outbuilding, &shed, None)?;
                        }
                    }
                }
            }
            Use::Flats => {
                let width = (self.width * 0.78).min(46.0);
                if let Some(house) = self.place(0.0, chance.range(7.0, 10.0), width, 12.0, 0.0, 1.0)
                {
                    put(files, chance, Building::Flats, &house, None)?;
                    main = Some(house);
                }
                let across = self.width * chance.range(-0.2, 0.2);
                if let Some(shed) = self.place(across, self.depth - 9.0, 12.0, 5.0, 0.0, 1.0) {
                    put(files, chance, Building::Outbuilding, &shed, None)?;
                }
            }
            Use::Industry => {
                for (across, setback) in [(-0.26, 10.0), (0.24, 14.0)] {
                    let (w, d) = (self.width * chance.range(0.26, 0.4), chance.range(22.0, 38.0));
                    if let Some(hall) = self.place(across * self.width, setback, w, d, 0.0, 2.0) {
                        put(files, chance, Building::Industry, &hall, None)?;
                        main = main.or(Some(hall));
                    }
                }
                if let Some(shed) = self.place(0.0, self.depth - 16.0, 14.0, 8.0, 0.0, 2.0) {
                    put(files, chance, Building::Other, &shed, None)?;
                }
            }
            Use::Church => {
                if let Some(nave) = self.place(0.0, self.depth / 2.0 - 7.0, 34.0, 14.0, 0.2, 4.0) {
                    put(files, chance, Building::Church, &nave, Some("Sankt Örjans kyrka"))?;
                    main = Some(nave);
                }
            }
            Use::School => {
                if let Some(wing) = self.place(0.0, 14.0, self.width * 0.6, 15.0, 0.0, 4.0) {
                    put(files, chance, Building::School, &wing, Some("Granåsskolan"))?;
                    main = Some(wing);
                }
                if let Some(gym) =
                    self.place(-self.width * 0.18, self.depth - 34.0, 26.0, 17.0, 0.0, 4.0)
                {
                    put(files, chance, Building::School, &gym, Some("Idrottshall"))?;
                }
            }
            Use::Sports => {
                if let Some(hut) = self.place(-self.width * 0.42, 4.0, 12.0, 6.0, 0.0, 1.0) {
                    put(files, chance, Building::Public, &hut, Some("Klubbstuga"))?;
                    main = Some(hut);
                }
            }
            Use::Park | Use::Row => {}
        }
        Ok(main)
    }
}

fn addresses(
    town: &Town,
    lot: &Lot,
    unit: &Unit,
    house: Option<&Ring>,
    files: &mut Files,
    chance: &mut Chance,
) -> Result<(), DemoError> {
    let Some(house) = house else { return Ok(()) };
    let postcode = match chance.below(400) {
        0 => None,
        1 => Some(0),
        _ => Some(town.site.postcode),
    };
    let base = Address {
        kind: "Gatuadressplats",
        street: town.streets[lot.street].clone(),
        farm: None,
        number: lot.number.to_string(),
        letter: None,
        addition: None,
        deviation: None,
        district: town.site.name.clone(),
        home: unit.home,
        known_as: match lot.purpose {
            Use::School => Some("Granåsskolan".to_owned()),
            Use::Church => Some("Sankt Örjans kyrka".to_owned()),
            Use::Sports => Some("Idrottsplatsen".to_owned()),
            _ => None,
        },
        postcode,
        post_town: town.site.name.to_uppercase(),
        property: unit.property,
    };
    let mid = crate::plane::middle(house);
    let face = crate::plane::between(house[0], house[1], 0.5);
    // The entrance looks to the street: the side nearer to it.
    let front = town.warp.at(lot.mid(), lot.front);
    let other = crate::plane::between(house[house.len() - 1], house[house.len() - 2], 0.5);
    let door = if crate::plane::distance(face, front) < crate::plane::distance(other, front) {
        face
    } else {
        other
    };
    let at = crate::plane::between(mid, door, 0.55);
    let lettered = match lot.purpose {
        Use::Flats => 4,
        Use::Center if chance.hits(0.18) => 3,
        Use::Villa if chance.hits(0.012) => 2,
        _ => 0,
    };
    if lettered == 0 {
        base.clone().write(files, chance, Some(at))?;
    } else {
        for (i, letter) in ["A", "B", "C", "D"].into_iter().take(lettered).enumerate() {
            let t = (i as f64 + 0.5) / lettered as f64 - 0.5;
            let reach = crate::plane::distance(house[0], house[1]) * 0.8;
            let step = scaled(unit_along(house), t * reach);
            let one = Address { letter: Some(letter), ..base.clone() };
            one.write(files, chance, Some(add(at, step)))?;
        }
    }
    if chance.hits(0.006) {
        let aside = add(mid, scaled(unit_along(house), 2.0));
        let one = Address { addition: Some(("UH", 1)), ..base.clone() };
        one.write(files, chance, Some(aside))?;
    }
    if chance.hits(0.004) {
        let words = format!("{}:{} Övre", lot.number, 1 + lot.unit % 3);
        let one = Address { deviation: Some(words), ..base };
        one.write(files, chance, Some(add(mid, [0.5, -0.5])))?;
    }
    Ok(())
}

fn unit_along(house: &Ring) -> Point {
    unit(sub(house[1], house[0]))
}

/// The street land between the lots, as pieces of area.
pub(crate) fn street_areas(town: &Town) -> Vec<Area> {
    let half = STREET_M / 2.0;
    let mut cuts: std::collections::BTreeMap<(usize, usize, Side), Vec<f64>> = Default::default();
    for lot in &town.lots {
        cuts.entry((lot.row, lot.column, lot.side)).or_default().extend([lot.from, lot.to]);
        let steps = ((lot.to - lot.from) / 40.0).ceil() as usize;
        let inner = (1..steps).map(|i| lot.from + (lot.to - lot.from) * i as f64 / steps as f64);
        cuts.entry((lot.row, lot.column, lot.side)).or_default().extend(inner);
    }
    let mut pieces = vec![];
    for &(row, column) in town.row_pieces.keys() {
        let (from, to) = (town.columns[column] - half, town.columns[column + 1] + half);
        let v = town.rows[row];
        let edge = |side: Side| {
            let mut us = vec![from, from + STREET_M, to - STREET_M, to];
            us.extend(cuts.get(&(row, column, side)).into_iter().flatten());
            us.sort_by(f64::total_cmp);
            us.dedup();
            us
        };
        let mut ring = town.warp.row_path(v - half, &edge(Side::Down));
        ring.extend(town.warp.row_path(v + half, &edge(Side::Up)).into_iter().rev());
        pieces.push(vec![ring]);
    }
    for &(row, column) in town.column_pieces.keys().chain(&town.walks) {
        let u = town.columns[column];
        let (from, to) = (town.rows[row] + half, town.rows[row + 1] - half);
        let mid = f64::midpoint(from, to);
        let mut ring: Ring = [from, mid, to].iter().map(|v| town.warp.at(u - half, *v)).collect();
        ring.extend([to, mid, from].iter().map(|v| town.warp.at(u + half, *v)));
        pieces.push(vec![ring]);
    }
    let polygons: Vec<_> = pieces.iter().map(|area| to_polygon(area)).collect();
    from_multi(&unary_union(&polygons))
}

/// All ground of the town: lots and streets, without the holes.
pub(crate) fn footprint(town: &Town) -> Vec<Area> {
    let mut polygons: Vec<_> =
        town.lots.iter().map(|lot| to_polygon(std::slice::from_ref(&lot.ring))).collect();
    polygons.extend(street_areas(town).iter().map(|area| to_polygon(area)));
    let union = unary_union(&polygons);
    from_multi(&union)
        .into_iter()
        .map(|mut area| {
            area.truncate(1);
            area
        })
        .filter(|area| crate::plane::signed_area(&area[0]).abs() > 300.0)
        .collect()
}

/// The street land belongs to one unit of many areas, named after the town: `NORA 1:1`.
fn streets_land(seed: u64, town: &Town, files: &mut Files) -> Result<(), DemoError> {
    let mut chance = Chance::keyed(seed, &[42, town.site.key]);
    let unit = Unit {
        home: town.site.home,
        property: chance.uuid(),
        kind: "fastighet",
        trakt: town.site.name.to_uppercase(),
        block: "1".to_owned(),
        unit: 1,
    };
    let areas = street_areas(town);
    let lots: Vec<_> =
        town.lots.iter().map(|lot| to_polygon(std::slice::from_ref(&lot.ring))).collect();
    let lots = unary_union(&lots);
    let mut clear: Vec<Area> = vec![];
    for area in areas {
        let rest = to_polygon(&area).difference(&lots);
        clear.extend(from_multi(&rest));
    }
    clear.retain(|area| crate::plane::signed_area(&area[0]).abs() > 25.0);
    let n_parts = clear.len() as i64;
    for (i, area) in clear.into_iter().enumerate() {
        let part = Part { number: i as i64 + 1, n_parts, is_uncertain: false, is_outside: false };
        unit.area(files, &mut chance, part, &[area])?;
    }
    Ok(())
}
