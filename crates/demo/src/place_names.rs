//! Names on the map: towns, villages, farms, waters and nature.

use rusqlite::types::Value;

use crate::chance::Chance;
use crate::error::DemoError;
use crate::files::{Files, code, text, whole};
use crate::geopackage::{Shape, placed};
use crate::names;
use crate::plane::Point;
use crate::region::{Home, MUNICIPALITIES, country_rank, home_at};
use crate::world::World;

struct Names<'a> {
    files: &'a mut Files,
    next: i64,
}

impl Names<'_> {
    fn write(&mut self, name: &str, kind: &str, home: Home, at: Point) -> Result<(), DemoError> {
        let [e, n] = placed(at, faltkarta_geo::GridSystem::TM);
        let values: Vec<Value> = vec![
            text(name),
            text(format!("{:.0}{:.0}", (n / 5000.0).floor() % 1000.0, (e / 5000.0).floor())),
            whole(n.round() as i64),
            whole(e.round() as i64),
            text("18"),
            code(home),
            text(kind),
            text("SV"),
            whole(self.next),
            text(MUNICIPALITIES[home].name),
        ];
        self.next += 1;
        self.files.places.insert(0, Some(Shape::Point(at)), values)
    }
}

/// Writes every name.
pub(crate) fn write(world: &World, files: &mut Files) -> Result<(), DemoError> {
    let mut out = Names { files, next: 1_000_001 };
    for site in &world.sites {
        let kind = if site.houses >= 60 { "TATTX" } else { "BYTX" };
        out.write(&site.name, kind, site.home, site.center)?;
    }
    for village in &world.roads.villages {
        out.write(&village.name, "BYTX", village.home, village.at)?;
    }
    for lake in &world.terrain.lakes {
        if let Some(home) =
            home_at(lake.center).filter(|_| country_rank(lake.center) <= world.country_reach)
        {
            out.write(&lake.name, "VATTTX", home, lake.center)?;
        }
    }
    let mut chance = Chance::keyed(world.seed, &[130]);
    let mut n = 0;
    for _ in 0..(10_600.0 * world.scale.max(1.0)) as usize {
        let at = [chance.range(113e3, 190e3), chance.range(6_584e3, 6_667e3)];
        let kind = chance.pick(&["NATTX", "NATTX", "GARDTX", "GARDTX", "BEBTX"]);
        let Some(home) = home_at(at) else { continue };
        if country_rank(at) > world.country_reach || world.terrain.is_wet(at, 1.05) {
            continue;
        }
        n += 1;
        let name = match kind {
            "NATTX" => names::nature(n),
            _ => names::place(world.seed.wrapping_add(902), n),
        };
        out.write(&name, kind, home, at)?;
    }
    // Letters that a reader must not lose.
    for (name, home, at) in [
        ("Élvstorp", 3, [163_400.0, 6_609_900.0]),
        ("Åsbo övre", 2, [152_900.0, 6_601_400.0]),
        ("Ängsö-Åby", 0, [123_500.0, 6_630_100.0]),
    ] {
        out.write(name, "BEBTX", home, at)?;
    }
    Ok(())
}
