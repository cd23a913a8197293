//! What the bodies and authorities deliver beside plans and zones: service areas, operating areas, who answers for what,
//! contaminated land, flood zones and wells. There is no delivery of landslides: a real store lacks layers too.

use std::path::Path;

use faltkarta_geo::GridSystem;
use geo::{BooleanOps as _, Buffer as _};

use crate::chance::Chance;
use crate::cover::blob;
use crate::error::DemoError;
use crate::files::{TextFile, UNFINISHED, code, maybe, text, whole};
use crate::geopackage::{GeoPackage, Shape, TableSpec};
use crate::plane::{Point, add, from_multi, to_polygon};
use crate::region::{MUNICIPALITIES, country_rank, home_at};
use crate::world::World;

/// Stems of the files, for telling a delivery from other files.
pub(crate) const STEMS: [&str; 6] = [
    "verksamhetsomrade_va.",
    "driftomraden.",
    "ebh_18.",
    "oversvamning_18.",
    "brunnar_18.",
    "ansvariga.",
];

const SERVICE: [TableSpec; 1] = [TableSpec {
    name: "verksamhetsomrade_va",
    geometry: "MULTIPOLYGON",
    has_z: false,
    columns: &[
        ("omrade_id", "TEXT"),
        ("namn", "TEXT"),
        ("tjanster", "TEXT"),
        ("beslutsdatum", "DATE"),
        ("kommunkod", "TEXT"),
    ],
}];
const OPERATING: [TableSpec; 1] = [TableSpec {
    name: "driftomraden",
    geometry: "MULTIPOLYGON",
    has_z: false,
    columns: &[
        ("omrade_id", "TEXT"),
        ("namn", "TEXT"),
        ("ansvar", "TEXT"),
        ("utforare", "TEXT"),
        ("kommunkod", "TEXT"),
    ],
}];
const CONTAMINATED: [TableSpec; 1] = [TableSpec {
    name: "ebh_objekt",
    geometry: "POINT",
    has_z: false,
    columns: &[
        ("ebh_id", "TEXT"),
        ("objektnamn", "TEXT"),
        ("riskklass", "TEXT"),
        ("status", "TEXT"),
    ],
}];
const FLOOD: [TableSpec; 1] = [TableSpec {
    name: "oversvamningszoner",
    geometry: "MULTIPOLYGON",
    has_z: false,
    columns: &[
        ("zon_id", "TEXT"),
        ("kommun_namn", "TEXT"),
        ("zon_typ", "TEXT"),
        ("vattendrag", "TEXT"),
    ],
}];
const WELLS: [TableSpec; 1] = [TableSpec {
    name: "brunnar",
    geometry: "POINT",
    has_z: false,
    columns: &[
        ("brunnsid", "TEXT"),
        ("n", "INTEGER"),
        ("e", "INTEGER"),
        ("anvandning", "TEXT"),
        ("totaldjup", "REAL"),
        ("borrdatum", "DATE"),
    ],
}];

/// Writes them under their temporary names. Answers names and rows.
pub(crate) fn write(world: &World, dir: &Path) -> Result<Vec<(String, u64)>, DemoError> {
    let mut written = vec![];
    let mut package =
        |name: &str,
         system: GridSystem,
         specs: &[TableSpec],
         fill: &mut dyn FnMut(&mut GeoPackage) -> Result<(), DemoError>| {
            let path = dir.join(format!("{name}{UNFINISHED}"));
            if path.exists() {
                std::fs::remove_file(&path)
                    .map_err(|source| DemoError::Io { path: path.clone(), source })?;
            }
            let mut package = GeoPackage::create(path, system, specs)?;
            fill(&mut package)?;
            written.push((name.to_owned(), package.n_rows()));
            package.finish()
        };
    let (zone, tm) = (GridSystem::ZONE_15_00, GridSystem::TM);
    package("verksamhetsomrade_va.gpkg", zone, &SERVICE, &mut |it| service_areas(world, it))?;
    package("driftomraden.gpkg", zone, &OPERATING, &mut |it| operating_areas(world, it))?;
    package("ebh_18.gpkg", tm, &CONTAMINATED, &mut |it| contaminated(world, it))?;
    package("oversvamning_18.gpkg", tm, &FLOOD, &mut |it| floods(world, it))?;
    package("brunnar_18.gpkg", tm, &WELLS, &mut |it| wells(world, it))?;
    written.push(("ansvariga.csv".to_owned(), contacts(dir)?));
    Ok(written)
}

fn service_areas(world: &World, package: &mut GeoPackage) -> Result<(), DemoError> {
    for (at, site) in world.sites.iter().enumerate() {
        let mut chance = Chance::keyed(world.seed, &[170, at as u64]);
        let ring = blob(&mut chance, site.center, site.reach_m * 1.05, 48);
        let services = if site.reach_m > 600.0 { "VSD" } else { "VS" };
        let values = vec![
            text(format!("VO-{}-{:03}", MUNICIPALITIES[site.home].code, at + 1)),
            text(site.name.as_str()),
            text(services),
            text(chance.day(1975, 2022)),
            code(site.home),
        ];
        package.insert(0, Some(Shape::Multi(&[vec![ring]])), values)?;
    }
    Ok(())
}

fn operating_areas(world: &World, package: &mut GeoPackage) -> Result<(), DemoError> {
    for (at, site) in world.sites.iter().enumerate() {
        let mut chance = Chance::keyed(world.seed, &[171, at as u64]);
        for (duty, operator, share) in
            [("belysning", if at % 5 == 4 { "elbolag" } else { "bkt" }, 1.1), ("park", "bkt", 0.9)]
        {
            let ring = blob(&mut chance, site.center, site.reach_m * share, 40);
            let number = format!("{duty}-{}-{:03}", MUNICIPALITIES[site.home].code, at + 1);
            let values = vec![
                text(number),
                text(site.name.as_str()),
                text(duty),
                text(operator),
                code(site.home),
            ];
            package.insert(0, Some(Shape::Multi(&[vec![ring]])), values)?;
        }
    }
    Ok(())
}

fn contaminated(world: &World, package: &mut GeoPackage) -> Result<(), DemoError> {
    let mut chance = Chance::keyed(world.seed, &[172]);
    let mut number = 171_000;
    for site in &world.sites {
        for _ in 0..4 {
            let reach_m = site.reach_m;
            let aside = [chance.range(-reach_m, reach_m), chance.range(-reach_m, reach_m)];
            let name = chance.pick(&[
                "Kemtvätt",
                "Sågverk med doppning",
                "Drivmedelsstation",
                "Gruva och upplag",
                "Verkstadsindustri",
            ]);
            number += 1;
            let values = vec![
                text(number.to_string()),
                text(name),
                text(chance.pick(&["1", "2", "3", "4"])),
                text(chance.pick(&[
                    "Identifiering",
                    "Förstudie",
                    "Huvudstudie",
                    "Åtgärd avslutad",
                ])),
            ];
            package.insert(0, Some(Shape::Point(add(site.center, aside))), values)?;
        }
    }
    Ok(())
}

fn floods(world: &World, package: &mut GeoPackage) -> Result<(), DemoError> {
    for lake in &world.terrain.lakes {
        let Some(home) = home_at(lake.center) else { continue };
        if lake.radius_m() < 150.0 || country_rank(lake.center) > world.country_reach {
            continue;
        }
        let water = to_polygon(&[lake.outline()]);
        for (kind, reach_m) in [("100-årsflöde", 8.0), ("Beräknat högsta flöde", 22.0)] {
            let zone = water.buffer(reach_m).difference(&water);
            let areas = from_multi(&zone);
            let values = vec![
                text(format!("{}-{kind}", lake.key)),
                text(MUNICIPALITIES[home].name),
                text(kind),
                maybe(Some(lake.name.as_str())),
            ];
            package.insert(0, Some(Shape::Multi(&areas)), values)?;
        }
    }
    Ok(())
}

fn wells(world: &World, package: &mut GeoPackage) -> Result<(), DemoError> {
    let mut chance = Chance::keyed(world.seed, &[173]);
    let seats: Vec<Point> = world.sites.iter().take(4).map(|site| site.center).collect();
    for at in 0..1_500usize {
        let mut place = [chance.range(115e3, 188e3), chance.range(6_586e3, 6_665e3)];
        let aside = [chance.range(-1800.0, 1800.0), chance.range(-1800.0, 1800.0)];
        let is_near_seat = at < 60;
        if is_near_seat {
            place = add(seats[at % seats.len()], aside);
        }
        let (kind, depth) = (
            chance.pick(&["Hushåll", "Hushåll", "Energi", "Energi", "Bevattning"]),
            chance.range(18.0, 220.0).round(),
        );
        let day = chance.day(1968, 2025);
        let is_here = home_at(place).is_some()
            && (is_near_seat || country_rank(place) <= world.country_reach);
        if !is_here {
            continue;
        }
        let [e_m, n_m] = crate::geopackage::placed(place, GridSystem::TM);
        let values = vec![
            text(format!("9{:05}", 11_000 + at)),
            whole(n_m.round() as i64),
            whole(e_m.round() as i64),
            text(kind),
            rusqlite::types::Value::Real(depth),
            text(day),
        ];
        package.insert(0, Some(Shape::Point(place)), values)?;
    }
    Ok(())
}

/// Telephone numbers are of the series that the authority keeps free for films and books: 0980-319 200–299.
fn contacts(dir: &Path) -> Result<u64, DemoError> {
    let mut file = TextFile::create(dir, "ansvariga.csv")?;
    file.write("ansvar;nyckel;kommunkod;namn;telefon;tid;epost;upplysning\n")?;
    let mut n_rows = 0;
    let mut put = |file: &mut TextFile, row: [&str; 8]| {
        n_rows += 1;
        file.write(&format!("{}\n", row.join(";")))
    };
    let always = "dygnet runt";
    let office = "vardagar 8–16";
    for (at, it) in MUNICIPALITIES.iter().enumerate() {
        let phone = |last: usize| format!("0980-319 2{at}{last}");
        let name = |unit: &str| format!("{}, {unit}", it.full_name());
        let park = format!("gata.{}@bkt.example", it.code);
        for duty in ["road", "snow"] {
            put(&mut file, [duty, "kommun", it.code, &name("gata"), &phone(1), always, &park, ""])?;
        }
        // In one of the four the pavement is the neighbour's.
        if it.code == "1884" {
            let note = "En remsa på 1,25 m längs fastigheten";
            put(&mut file, ["snow", "*", it.code, "Fastighetsägaren", "", "", "", note])?;
        }
        for duty in ["water", "storm"] {
            put(
                &mut file,
                [
                    duty,
                    "kommunal",
                    it.code,
                    "BKT, vatten och avlopp",
                    &phone(2),
                    always,
                    "va@bkt.example",
                    "",
                ],
            )?;
        }
        for duty in ["light", "park"] {
            put(
                &mut file,
                [duty, "bkt", it.code, &name("gata och park"), &phone(3), office, &park, ""],
            )?;
        }
        put(
            &mut file,
            ["waste", "*", it.code, "BKT, avfall", &phone(4), office, "avfall@bkt.example", ""],
        )?;
        put(
            &mut file,
            [
                "permit",
                "*",
                it.code,
                "BMB, bygglov",
                &phone(5),
                "vardagar 9–12",
                "bygg@bmb.example",
                "",
            ],
        )?;
        put(
            &mut file,
            [
                "environment",
                "*",
                it.code,
                "BMB, miljö",
                &phone(6),
                "vardagar 9–12",
                "miljo@bmb.example",
                "",
            ],
        )?;
    }
    for duty in ["road", "snow"] {
        put(&mut file, [duty, "stat", "", "Trafikverket", "0980-319 290", always, "", ""])?;
        let note = "Vägföreningens styrelse finns hos servicecenter";
        put(&mut file, [duty, "enskild", "", "Enskild väghållare", "", "", "", note])?;
    }
    for duty in ["water", "storm"] {
        let note = "Ledningen är privat";
        put(&mut file, [duty, "privat", "", "Fastighetsägaren", "", "", "", note])?;
    }
    put(
        &mut file,
        ["light", "elbolag", "", "Elnätsbolaget, felanmälan", "0980-319 291", always, "", ""],
    )?;
    file.finish()?;
    Ok(n_rows)
}
