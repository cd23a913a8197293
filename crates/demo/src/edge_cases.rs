//! Rows that every delivery holds because real ones do, whatever the scale.

use rusqlite::types::Value;

use crate::chance::Chance;
use crate::error::DemoError;
use crate::files::{Files, code, id, moment, text, whole};
use crate::plane::{Point, add};
use crate::region::{HALLEFORS, LINDESBERG, LJUSNARSBERG, MUNICIPALITIES, NORA, home_at};
use crate::register::{Address, Part, Unit};
use crate::world::World;

/// Writes units without areas, rows without geometry, and addresses that break the rule.
pub(crate) fn write(world: &World, files: &mut Files) -> Result<(), DemoError> {
    let mut chance = Chance::keyed(world.seed, &[170]);
    let seat = |home: usize| {
        world.sites.iter().find(|site| site.home == home).map_or([150e3, 6.6e6], |site| site.center)
    };
    let common = |chance: &mut Chance, home: usize, trakt: &str, block: &str, unit: i64| Unit {
        home,
        property: chance.uuid(),
        kind: "samfällighet",
        trakt: trakt.to_owned(),
        block: block.to_owned(),
        number: unit,
    };
    for (home, trakt) in
        [(LINDESBERG, "RYA"), (NORA, "ÄLVESTORP"), (HALLEFORS, "ÉKEBY"), (LJUSNARSBERG, "ÅNGBYN")]
    {
        let at = seat(home);
        let unit = common(&mut chance, home, trakt, "S", 1);
        let path: Vec<Point> =
            [[60.0, 35.0], [110.0, 52.0], [170.0, 49.0]].iter().map(|d| add(at, *d)).collect();
        unit.line(files, &mut chance, &path)?;
        let unit = common(&mut chance, home, trakt, "GA", 6);
        unit.point(files, &mut chance, Some(add(at, [-55.0, 80.0])))?;
        // Known to the register, drawn nowhere.
        let unit = common(&mut chance, home, trakt, "S", 7);
        unit.point(files, &mut chance, None)?;
    }
    // Fishing waters: whole lakes, one of them surveyed to the last stone.
    for lake in world.terrain.lakes.iter().take(4) {
        let Some(home) = home_at(lake.center) else { continue };
        let unit = common(&mut chance, home, &lake.name.to_uppercase(), "FS", 1);
        let n_vertices = if lake.key == 0 { 6_000 } else { 700 };
        let area = vec![lake.outline_of(n_vertices)];
        unit.area(files, &mut chance, Part::ONLY, &[area])?;
    }
    // A boundary drawn crosswise, with a spike, and with a doubled corner, away from everything.
    for (i, home) in [LINDESBERG, NORA, HALLEFORS].into_iter().enumerate() {
        let mut unit = common(&mut chance, home, "SKEVBYN", "1", 1 + i as i64);
        unit.kind = "fastighet";
        let at = add(seat(home), [30.0, -20.0]);
        let ring: Vec<Point> = match i {
            0 => vec![[0.0, 0.0], [8.0, 8.0], [8.0, 0.0], [0.0, 8.0]],
            1 => vec![[0.0, 0.0], [8.0, 0.0], [8.0, 8.0], [20.0, 8.0], [8.0, 8.0], [0.0, 8.0]],
            _ => vec![[0.0, 0.0], [8.0, 0.0], [8.0, 0.0], [8.0, 8.0], [0.0, 8.0]],
        };
        let ring = ring.into_iter().map(|d| add(at, d)).collect();
        unit.area(files, &mut chance, Part::ONLY, &[vec![ring]])?;
    }
    for (home, street, deviation, postcode) in [
        (LINDESBERG, "Kungsgatan", "12 gårdshuset", Some(71130)),
        (NORA, "Storgatan", "Café Élan", Some(0)),
        (HALLEFORS, "Prästgatan", "Övre 3½", None),
        (LJUSNARSBERG, "Kyrkogatan", "vid ån", Some(71480)),
    ] {
        let site = world.sites.iter().find(|site| site.home == home);
        let name = site.map_or_else(|| MUNICIPALITIES[home].name.to_owned(), |it| it.name.clone());
        let base = Address {
            kind: "Gatuadressplats",
            street: street.to_owned(),
            farm: None,
            number: String::new(),
            letter: None,
            addition: None,
            deviation: Some(deviation.to_owned()),
            district: name.clone(),
            home,
            known_as: Some("Åängens förskola Éva".to_owned()),
            postcode,
            post_town: name.to_uppercase(),
            property: chance.uuid(),
        };
        base.clone().write(files, &mut chance, Some(add(seat(home), [18.0, 12.0])))?;
        // A place of delivery with no position yet.
        let unplaced = Address {
            deviation: None,
            number: "9001".to_owned(),
            addition: Some(("UH", 2)),
            postcode: None,
            known_as: None,
            ..base
        };
        unplaced.write(files, &mut chance, None)?;
        let values: Vec<Value> = vec![
            id(chance.uuid()),
            moment("2024-05-02"),
            whole(1),
            text("Övrig byggnad"),
            whole(2067),
            text("Övrig byggnad;Ospecificerad"),
            Value::Null,
            Value::Null,
            Value::Null,
            text("Illustrativt läge"),
            text("Kommun"),
            code(home),
        ];
        files.buildings[home].insert(0, None, values)?;
    }
    Ok(())
}
