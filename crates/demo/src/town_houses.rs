//! Parcels, addresses and buildings on the lots of a town.

use std::collections::BTreeMap;

use geo::{BooleanOps, unary_union};

use crate::chance::Chance;
use crate::error::DemoError;
use crate::files::Files;
use crate::plane::{Area, Point, Ring, add, from_multi, scaled, sub, to_polygon, unit};
use crate::plot::Plot;
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
        number: lot.unit,
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
                let house = plot.place(0.0, 7.0, [plot.width - 0.1, 9.0], 0.0, 0.02);
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
            _ => plot.build(files, &mut chance, unit.home, lot)?,
        };
        if lot.purpose != Use::Row {
            row_identity = None;
        }
        addresses(town, lot, &unit, house.as_ref(), files, &mut chance)?;
    }
    streets_land(seed, town, files)
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
        Use::Villa if chance.hits(0.04) => 2,
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
    let mut cuts: BTreeMap<(usize, usize, Side), Vec<f64>> = BTreeMap::new();
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
            // Green inside the town stays outside it; slivers between lots do not.
            let mut rings = area.drain(..);
            let outer = rings.next().unwrap_or_default();
            let holes = rings.filter(|ring| crate::plane::signed_area(ring).abs() > 2_500.0);
            std::iter::once(outer).chain(holes).collect::<Area>()
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
        number: 1,
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
