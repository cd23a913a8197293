//! Shore protection, protected areas and ancient remains.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use faltkarta_geo::GridSystem;
use geo::{BooleanOps, Buffer};
use shapefile::dbase::{FieldName, FieldValue, Record, TableWriterBuilder};
use shapefile::{Point as ShapePoint, Polygon, PolygonRing, ShapeWriter, Writer};

use crate::chance::Chance;
use crate::cover::blob;
use crate::error::DemoError;
use crate::files::{Files, TextFile, UNFINISHED, maybe, text, whole};
use crate::geopackage::{Shape, placed};
use crate::plane::{Point, add, from_multi, signed_area, to_polygon};
use crate::region::{Home, LINDESBERG, MUNICIPALITIES, NORA, country_rank, home_at};
use crate::world::World;

const STEM: &str = "strandskydd_18";

/// Names of the parts of the Shapefile.
pub(crate) fn shore_names() -> Vec<String> {
    ["shp", "shx", "dbf", "prj", "cpg"].iter().map(|it| format!("{STEM}.{it}")).collect()
}

/// ESRI's spelling of the system. Source: the vendor's projection list.
const PRJ: &str = "PROJCS[\"SWEREF99_TM\",GEOGCS[\"GCS_SWEREF99\",DATUM[\"D_SWEREF99\",SPHEROID[\"GRS_1980\",6378137.0,298.257222101]],PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]],PROJECTION[\"Transverse_Mercator\"],PARAMETER[\"False_Easting\",500000.0],PARAMETER[\"False_Northing\",0.0],PARAMETER[\"Central_Meridian\",15.0],PARAMETER[\"Scale_Factor\",0.9996],PARAMETER[\"Latitude_Of_Origin\",0.0],UNIT[\"Meter\",1.0]]";

/// Writes the shore protection of every lake and larger stream. Answers the number of rows.
pub(crate) fn shores(world: &World, dir: &Path) -> Result<u64, DemoError> {
    let path = |end: &str| dir.join(format!("{STEM}.{end}{UNFINISHED}"));
    let create = |end: &str| -> Result<BufWriter<File>, DemoError> {
        let path: PathBuf = path(end);
        let file =
            File::create(&path).map_err(|source| DemoError::Io { path: path.clone(), source })?;
        Ok(BufWriter::new(file))
    };
    let mut table = TableWriterBuilder::new();
    for (name, width) in
        [("namn", 80), ("dnr", 30), ("kommunkod", 4), ("kommunnamn", 30), ("utvidgat", 1)]
    {
        // Every name is short enough for a dBase field.
        if let Ok(name) = FieldName::try_from(name) {
            table = table.add_character_field(name, width);
        }
    }
    let table = table.build_with_dest(create("dbf")?);
    let shapes = ShapeWriter::with_shx(create("shp")?, create("shx")?);
    let mut writer = Writer::new(shapes, table);
    let fail = |source| DemoError::Shapefile { path: path("shp"), source };
    let mut n_rows = 0;
    for lake in &world.terrain.lakes {
        // Since July 2025 the least waters have no general protection.
        let is_small = lake.radius_m() < 75.0;
        let Some(home) = home_at(lake.center) else { continue };
        if is_small || country_rank(lake.center) > world.country_reach {
            continue;
        }
        let mut chance = Chance::keyed(world.seed, &[160, lake.key]);
        let is_wide = chance.hits(0.06);
        let water = to_polygon(&[lake.outline()]);
        let reach = if is_wide { 300.0 } else { 100.0 };
        // From 100 m inside the shore line to 100 m (or 300 m) beyond it.
        let zone = water.buffer(reach).difference(&water.buffer(-100.0));
        let mut rings = vec![];
        for area in from_multi(&zone) {
            for (i, ring) in area.iter().enumerate() {
                let mut points: Vec<ShapePoint> = ring
                    .iter()
                    .chain(ring.first())
                    .map(|at| placed(*at, GridSystem::TM))
                    .map(|[x, y]| ShapePoint::new(x, y))
                    .collect();
                // Outer rings run with the clock in a Shapefile.
                if (signed_area(ring) > 0.0) == (i == 0) {
                    points.reverse();
                }
                rings.push(if i == 0 {
                    PolygonRing::Outer(points)
                } else {
                    PolygonRing::Inner(points)
                });
            }
        }
        if rings.is_empty() {
            continue;
        }
        let number = format!("511-{}-{}", 1000 + lake.key, chance.whole(1999, 2025));
        let mut record = Record::default();
        for (name, value) in [
            ("namn", lake.name.as_str()),
            ("dnr", number.as_str()),
            ("kommunkod", MUNICIPALITIES[home].code),
            ("kommunnamn", MUNICIPALITIES[home].name),
            ("utvidgat", if is_wide { "J" } else { "N" }),
        ] {
            record.insert(name.to_owned(), FieldValue::Character(Some(value.to_owned())));
        }
        writer.write_shape_and_record(&Polygon::with_rings(rings), &record).map_err(fail)?;
        n_rows += 1;
    }
    drop(writer);
    for (end, content) in [("prj", PRJ), ("cpg", "UTF-8")] {
        let mut file = TextFile::create(dir, &format!("{STEM}.{end}"))?;
        file.write(content)?;
        file.finish()?;
    }
    Ok(n_rows)
}

/// Writes reserves, water protection areas and remains.
pub(crate) fn write(world: &World, files: &mut Files) -> Result<(), DemoError> {
    protected(world, files)?;
    remains(world, files)
}

fn protected(world: &World, files: &mut Files) -> Result<(), DemoError> {
    let mut chance = Chance::keyed(world.seed, &[161]);
    let mut number = 2_000_100;
    let mut put = |files: &mut Files,
                   name: &str,
                   kind: &str,
                   zone: Option<&str>,
                   area: Vec<Vec<Point>>,
                   keeper: &str| {
        number += 1;
        let values = vec![
            text(number.to_string()),
            text(name),
            text(kind),
            maybe(zone),
            text("Gällande"),
            text(keeper),
        ];
        files.protected.insert(0, Some(Shape::Multi(&[area])), values)
    };
    // Water is taken near Rya south of Lindesberg, and beside the other seats.
    for (name, home, at) in [
        ("Rya vattenskyddsområde", LINDESBERG, [163_004.0, 6_605_076.0]),
        ("Norasjöns vattenskyddsområde", NORA, [151_300.0, 6_601_900.0]),
        ("Hällefors vattenskyddsområde", 0, [124_300.0, 6_628_000.0]),
        ("Kopparbergs vattenskyddsområde", 1, [150_900.0, 6_639_400.0]),
    ] {
        let keeper = MUNICIPALITIES[home].full_name();
        let outer = blob(&mut chance, at, 900.0, 60);
        let inner: Vec<Point> = outer.iter().map(|p| crate::plane::between(at, *p, 0.45)).collect();
        put(files, name, "Vattenskyddsområde", Some("primär"), vec![inner.clone()], &keeper)?;
        put(files, name, "Vattenskyddsområde", Some("sekundär"), vec![outer, inner], &keeper)?;
    }
    for i in 0..90usize {
        let at = [chance.range(115e3, 188e3), chance.range(6_588e3, 6_664e3)];
        let radius = chance.range(120.0, 900.0);
        let ring = blob(&mut chance, at, radius, 40);
        let is_in = ring.iter().all(|p| home_at(*p).is_some());
        if !is_in || country_rank(at) > world.country_reach {
            continue;
        }
        let name = crate::names::nature(700 + i);
        put(files, &name, "Naturreservat", None, vec![ring.clone()], "Länsstyrelsen i Örebro län")?;
        if i % 4 == 0 {
            put(files, &name, "Natura 2000", None, vec![ring], "Länsstyrelsen i Örebro län")?;
        }
    }
    // The seats have one near, whatever the scale.
    for site in world.sites.iter().take(4) {
        let at = add(site.center, [site.reach_m * 0.75, -site.reach_m * 0.75]);
        let ring = blob(&mut chance, at, 260.0, 36);
        let name = format!("{} naturreservat", site.name);
        let keeper = MUNICIPALITIES[site.home].full_name();
        put(files, &name, "Naturreservat", None, vec![ring], &keeper)?;
    }
    Ok(())
}

fn remains(world: &World, files: &mut Files) -> Result<(), DemoError> {
    let mut chance = Chance::keyed(world.seed, &[162]);
    let mut number = 0;
    let seats: Vec<Point> = world.sites.iter().take(4).map(|site| site.center).collect();
    for i in 0..2_400usize {
        let mut at = [chance.range(114e3, 189e3), chance.range(6_585e3, 6_666e3)];
        let (aside, n, kind, mark, error) = (
            [chance.range(-1500.0, 1500.0), chance.range(-1500.0, 1500.0)],
            10 + chance.below(14),
            chance.pick(&[
                "Kolningsanläggning",
                "Gruvhål",
                "Hytta",
                "Husgrund, historisk tid",
                "Stensättning",
                "Färdväg",
                "Gränsmärke",
            ]),
            chance.pick(&["Fornlämning", "Möjlig fornlämning", "Övrig kulturhistorisk lämning"]),
            chance.pick(&[1, 5, 10, 20, 20]),
        );
        // Some lie near the seats at any scale.
        if i < 40 {
            at = add(seats[i % seats.len()], aside);
        }
        let radius = chance.range(6.0, 60.0);
        let ring = blob(&mut chance, at, radius, n);
        let home: Option<Home> = home_at(at);
        if home.is_none() || (i >= 40 && country_rank(at) > world.country_reach) {
            continue;
        }
        number += 1;
        let values = vec![
            text(format!("L{}:{}", 2019 + number % 8, 1000 + number)),
            text(kind),
            text(mark),
            whole(error),
        ];
        let line: Vec<Point> = ring.iter().take(6).copied().collect();
        let area = [ring];
        let shape = match (kind, i % 4) {
            ("Färdväg", _) => Shape::Line(&line),
            (_, 0) => Shape::Polygon(&area),
            _ => Shape::Point(at),
        };
        files.remains.insert(0, Some(shape), values)?;
    }
    Ok(())
}
