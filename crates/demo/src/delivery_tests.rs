//! A small delivery, looked at from outside.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use faltkarta_geo::Geometry;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::{DemoError, DemoOptions, DemoReport, write_delivery};

const CODES: [&str; 4] = ["1863", "1864", "1884", "1885"];

fn written(scale: f64, seed: u64) -> (TempDir, DemoReport) {
    let dir = TempDir::new().unwrap();
    let report = write_delivery(dir.path(), &DemoOptions { scale, seed }, &mut |_| {}).unwrap();
    (dir, report)
}

/// The delivery that most tests read.
fn small() -> &'static (TempDir, DemoReport) {
    static SMALL: OnceLock<(TempDir, DemoReport)> = OnceLock::new();
    SMALL.get_or_init(|| written(0.05, 1))
}

fn open(name: &str) -> Connection {
    Connection::open(small().0.path().join(name)).unwrap()
}

/// Whether a file of the delivery is a GeoPackage.
fn is_package(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|it| it == "gpkg")
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// How often a condition holds over the same table of all four municipalities.
fn over_all(stem: &str, table: &str, condition: &str) -> i64 {
    CODES
        .iter()
        .map(|code| {
            let file = open(&format!("{stem}_kn{code}.gpkg"));
            number(&file, &format!("SELECT count(*) FROM {table} WHERE {condition}"))
        })
        .sum()
}

fn parcels(condition: &str) -> i64 {
    over_all("fastighetsindelning", "registerenhetsomradesyta", condition)
}

fn addresses(condition: &str) -> i64 {
    over_all("belagenhetsadresser", "belagenhetsadress", condition)
}

/// The geometry inside a GeoPackage blob.
fn shape(blob: &[u8]) -> Geometry {
    assert_eq!(&blob[..2], b"GP");
    let envelope = [0, 32, 48, 48, 64][usize::from(blob[3] >> 1 & 7)];
    Geometry::from_wkb(blob[8 + envelope..].to_vec()).unwrap()
}

/// Rings of the polygons of a shape.
fn rings(blob: &[u8]) -> Vec<Vec<[f64; 2]>> {
    match shape(blob).to_types() {
        geo_types::Geometry::MultiPolygon(many) => many
            .0
            .iter()
            .flat_map(|it| std::iter::once(it.exterior()).chain(it.interiors()))
            .map(|ring| ring.0.iter().map(|c| [c.x, c.y]).collect())
            .collect(),
        other => panic!("not a multipolygon: {other:?}"),
    }
}

fn path(blob: &[u8]) -> Vec<[f64; 2]> {
    let mut path = vec![];
    shape(blob).for_each_xy(|e_m, n_m| path.push([e_m, n_m]));
    path
}

fn mm(at: [f64; 2]) -> (i64, i64) {
    ((at[0] * 1000.0).round() as i64, (at[1] * 1000.0).round() as i64)
}

/// A hash over every value of every table, and over every other file.
fn content(dir: &Path) -> String {
    let mut hash = Sha256::new();
    let mut names: Vec<_> =
        std::fs::read_dir(dir).unwrap().map(|it| it.unwrap().file_name()).collect();
    names.sort();
    for name in names {
        let name = name.to_string_lossy().into_owned();
        hash.update(name.as_bytes());
        let file = dir.join(&name);
        if !is_package(&name) {
            hash.update(std::fs::read(file).unwrap());
            continue;
        }
        let connection = Connection::open(file).unwrap();
        let mut tables = connection
            .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            .unwrap();
        let tables: Vec<String> =
            tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        for table in tables {
            hash.update(table.as_bytes());
            let mut rows =
                connection.prepare(&format!("SELECT * FROM \"{table}\" ORDER BY 1")).unwrap();
            let n = rows.column_count();
            let mut rows = rows.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                for i in 0..n {
                    match row.get_ref(i).unwrap() {
                        ValueRef::Null => hash.update(b"-"),
                        ValueRef::Integer(whole) => hash.update(whole.to_le_bytes()),
                        ValueRef::Real(real) => hash.update(real.to_le_bytes()),
                        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => hash.update(bytes),
                    }
                }
            }
        }
    }
    hex(&hash.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[test]
fn the_same_seed_and_scale_give_the_same_content_and_another_seed_does_not() {
    let (first, _) = written(0.03, 7);
    let (second, _) = written(0.03, 7);
    let (other, _) = written(0.03, 8);
    assert_eq!(content(first.path()), content(second.path()));
    assert_ne!(content(first.path()), content(other.path()));
}

#[test]
fn a_twentieth_of_the_region_has_about_a_twentieth_of_its_things() {
    let report = &small().1;
    assert!((1_200..2_600).contains(&report.n_parcel_areas), "{report:?}");
    assert!((600..1_500).contains(&report.n_addresses), "{report:?}");
    assert!((1_800..4_000).contains(&report.n_buildings), "{report:?}");
    assert!((25..90).contains(&report.n_plans), "{report:?}");
    assert!((150..1_000).contains(&report.n_valves), "{report:?}");
    assert!((40..250).contains(&report.n_hydrants), "{report:?}");
    assert!((9_000.0..50_000.0).contains(&report.water_m), "{report:?}");
    assert!(report.n_topography > 1_500, "{report:?}");
}

#[test]
fn every_geopackage_says_what_it_is_and_every_geometry_is_whole() {
    for entry in std::fs::read_dir(small().0.path()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(!name.ends_with("ofardig"), "{name}");
        if !is_package(&name) {
            continue;
        }
        let file = open(&name);
        assert_eq!(number(&file, "PRAGMA application_id"), 0x4750_4b47);
        assert_eq!(number(&file, "PRAGMA user_version"), 10_300);
        let mut tables = file.prepare("SELECT table_name FROM gpkg_contents").unwrap();
        let tables: Vec<String> =
            tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        for table in tables {
            let mut rows = file
                .prepare(&format!("SELECT geom FROM \"{table}\" WHERE geom IS NOT NULL"))
                .unwrap();
            let mut rows = rows.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                assert!(shape(row.get_ref(0).unwrap().as_blob().unwrap()).bounds().is_some());
            }
        }
    }
}

#[test]
fn the_cadastre_holds_every_edge_case() {
    let several = "registerenhetsreferens IN (SELECT registerenhetsreferens
        FROM registerenhetsomradesyta GROUP BY 1 HAVING count(*) > 1) AND etikett LIKE '%>2%'";
    assert!(parcels(several) > 3);
    assert!(parcels("osakertlage = 1") > 2);
    assert!(parcels("block = '' AND etikett NOT LIKE '%:%'") > 20);
    let line = "registerenhetsomradeslinje";
    assert!(over_all("fastighetsindelning", line, "block = 'S' AND enhet = 1") >= 4);
    let point = "registerenhetsomradespunkt";
    assert!(over_all("fastighetsindelning", point, "block = 'GA' AND enhet = 6") >= 4);
    assert!(over_all("fastighetsindelning", point, "geom IS NULL") >= 3);
    assert!(parcels("trakt = 'SKEVBYN'") == 3);
    for (code, trakt, block, unit) in [
        ("1885", "RYA", "1", 5),
        ("1885", "ROSEN", "", 1),
        ("1885", "ROSEN", "", 2),
        ("1884", "ROSEN", "", 11),
        ("1884", "SKÅPSMEDEN", "", 4),
        ("1884", "ÄLVESTORP", "4", 1),
        ("1884", "NORA", "1", 1),
    ] {
        let file = open(&format!("fastighetsindelning_kn{code}.gpkg"));
        let sql = format!(
            "SELECT count(*) FROM registerenhetsomradesyta
             WHERE trakt = '{trakt}' AND block = '{block}' AND enhet = {unit}"
        );
        assert!(number(&file, &sql) >= 1, "{code} {trakt} {block}:{unit}");
    }
    let most: i64 = CODES
        .iter()
        .map(|code| {
            let file = open(&format!("fastighetsindelning_kn{code}.gpkg"));
            number(&file, "SELECT max(length(geom)) FROM registerenhetsomradesyta")
        })
        .max()
        .unwrap();
    assert!(most > 16 * 400, "the largest parcel has {} vertices", most / 16);
}

#[test]
fn no_designation_names_two_properties() {
    for code in CODES {
        let file = open(&format!("fastighetsindelning_kn{code}.gpkg"));
        let sql = "SELECT count(*) FROM (SELECT 1 FROM registerenhetsomradesyta
            GROUP BY trakt, block, enhet HAVING count(DISTINCT registerenhetsreferens) > 1)";
        assert_eq!(number(&file, sql), 0, "{code}");
    }
}

#[test]
fn the_addresses_hold_every_edge_case_and_repeat_nothing() {
    assert!(addresses("bokstavstillagg IS NOT NULL") > 5);
    assert!(addresses("lagestillagg = 'UH'") >= 4);
    assert!(addresses("avvikerfranstandarden = 1") >= 4);
    assert!(addresses("postnummer = 0") >= 1);
    assert!(addresses("postnummer IS NULL") >= 1);
    assert!(addresses("geom IS NULL") >= 3);
    assert!(addresses("avvikandeadressplatsbeteckning LIKE '%É%'") >= 1);
    let lindesberg = open("belagenhetsadresser_kn1885.gpkg");
    let sql = "SELECT count(*) FROM belagenhetsadress WHERE adressplatsnummer = '12'
        AND adressomrade_faststalltnamn = 'Kungsgatan' AND kommundel_faststalltnamn = 'Lindesberg'
        AND bokstavstillagg IS NULL AND lagestillagg IS NULL AND avvikerfranstandarden = 0";
    let lettered = sql.replace("bokstavstillagg IS NULL", "bokstavstillagg = 'A'");
    assert_eq!(number(&lindesberg, sql) + number(&lindesberg, &lettered), 1);
    for code in CODES {
        let file = open(&format!("belagenhetsadresser_kn{code}.gpkg"));
        let sql = "SELECT count(*) FROM (SELECT 1 FROM belagenhetsadress GROUP BY
            adressomrade_faststalltnamn, gardsadressomrade_faststalltnamn, adressplatsnummer,
            bokstavstillagg, lagestillagg, lagestillaggsnummer, avvikandeadressplatsbeteckning,
            kommundel_faststalltnamn HAVING count(*) > 1)";
        assert_eq!(number(&file, sql), 0, "{code}");
    }
}

#[test]
fn noras_csv_carries_the_rows_of_its_geopackage_in_windows_1252() {
    let bytes = std::fs::read(small().0.path().join("belagenhetsadresser_kn1884.csv")).unwrap();
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let n_rows = text.lines().count() - 1;
    let file = open("belagenhetsadresser_kn1884.gpkg");
    assert_eq!(n_rows as i64, number(&file, "SELECT count(*) FROM belagenhetsadress"));
    assert!(text.contains("Café Élan"));
    let line = text.lines().nth(1).unwrap();
    let last: Vec<&str> = line.rsplit(';').take(2).collect();
    assert!(last[1].starts_with("65") || last[1].starts_with("66"), "{line}");
    assert!(last[0].contains(','), "{line}");
}

#[test]
fn a_building_of_several_parts_shares_its_identity_and_counts_its_houses() {
    let table = "byggnad";
    let shared = "objektidentitet IN (SELECT objektidentitet FROM byggnad GROUP BY 1
        HAVING count(*) > 1 AND count(DISTINCT husnummer) = count(*))";
    assert!(over_all("byggnad", table, shared) > 3);
    assert!(over_all("byggnad", table, "geom IS NULL") >= 3);
}

fn inside(at: [f64; 2], rings: &[Vec<[f64; 2]>]) -> bool {
    let mut odd = false;
    for ring in rings {
        for pair in ring.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            if (a[1] > at[1]) != (b[1] > at[1])
                && at[0] < (b[0] - a[0]) * (at[1] - a[1]) / (b[1] - a[1]) + a[0]
            {
                odd = !odd;
            }
        }
    }
    odd
}

#[test]
fn every_building_stands_inside_one_parcel() {
    for code in CODES {
        let file = open(&format!("fastighetsindelning_kn{code}.gpkg"));
        let mut bins: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
        let mut all = vec![];
        let sql = "SELECT geom FROM registerenhetsomradesyta WHERE trakt <> 'SKEVBYN'";
        let mut rows = file.prepare(sql).unwrap();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let blob = row.get_ref(0).unwrap().as_blob().unwrap();
            let bounds = shape(blob).bounds().unwrap();
            for x in (bounds.min_e_m / 100.0) as i64..=(bounds.max_e_m / 100.0) as i64 {
                for y in (bounds.min_n_m / 100.0) as i64..=(bounds.max_n_m / 100.0) as i64 {
                    bins.entry((x, y)).or_default().push(all.len());
                }
            }
            all.push(rings(blob));
        }
        let file = open(&format!("byggnad_kn{code}.gpkg"));
        let mut rows = file.prepare("SELECT geom FROM byggnad WHERE geom IS NOT NULL").unwrap();
        let mut rows = rows.query([]).unwrap();
        let (mut n, mut n_astray) = (0, 0);
        while let Some(row) = rows.next().unwrap() {
            let ring = rings(row.get_ref(0).unwrap().as_blob().unwrap()).remove(0);
            let first = ring[0];
            let near = &bins[&((first[0] / 100.0) as i64, (first[1] / 100.0) as i64)];
            n += 1;
            if !near.iter().any(|i| ring.iter().all(|at| inside(*at, &all[*i]))) {
                n_astray += 1;
            }
        }
        // A parcel drawn crosswise holds no house, and there are few of those.
        assert!(n_astray <= 3, "{code}: {n_astray} of {n}");
    }
}

struct Pipe {
    class: String,
    status: String,
    from: String,
    to: String,
    path: Vec<[f64; 2]>,
}

fn pipes() -> Vec<Pipe> {
    let file = open("va_ledningsnat.gpkg");
    let mut rows =
        file.prepare("SELECT klass, status, fran_nod, till_nod, geom FROM va_ledning").unwrap();
    rows.query_map([], |row| {
        Ok(Pipe {
            class: row.get(0)?,
            status: row.get(1)?,
            from: row.get(2)?,
            to: row.get(3)?,
            path: path(row.get_ref(4)?.as_blob()?),
        })
    })
    .unwrap()
    .map(Result::unwrap)
    .collect()
}

#[test]
fn pipe_ends_meet_at_their_nodes_except_the_counted_ones() {
    let mut ends: BTreeMap<String, Vec<[f64; 2]>> = BTreeMap::new();
    for pipe in pipes() {
        ends.entry(pipe.from).or_default().push(pipe.path[0]);
        ends.entry(pipe.to).or_default().push(pipe.path[pipe.path.len() - 1]);
    }
    let mut n_missing = 0;
    for (node, ends) in &ends {
        let mut counts: BTreeMap<(i64, i64), usize> = BTreeMap::new();
        for end in ends {
            *counts.entry(mm(*end)).or_default() += 1;
        }
        let (at, _) = counts.iter().max_by_key(|(_, n)| **n).unwrap();
        for end in ends {
            let away = (end[0] - at.0 as f64 / 1000.0).hypot(end[1] - at.1 as f64 / 1000.0);
            if away > 0.0015 {
                assert!((0.03..0.42).contains(&away), "{node} misses by {away} m");
                n_missing += 1;
            }
        }
    }
    let told = small().1.n_unsnapped_ends;
    assert!(told >= 2, "{told}");
    // An end at a node of its own misses nothing that can be seen.
    assert!(n_missing <= told && n_missing + 2 >= told, "{n_missing} of {told}");
}

#[test]
fn every_water_pipe_in_service_hangs_together_with_a_reservoir() {
    let mut next: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let pipes = pipes();
    let mains: Vec<&Pipe> =
        pipes.iter().filter(|it| it.class == "V" && it.status == "i drift").collect();
    for pipe in &mains {
        next.entry(&pipe.from).or_default().push(&pipe.to);
        next.entry(&pipe.to).or_default().push(&pipe.from);
    }
    let file = open("va_ledningsnat.gpkg");
    let mut rows =
        file.prepare("SELECT anlaggning_id FROM va_anlaggning WHERE typ = 'Reservoar'").unwrap();
    let sources: Vec<String> =
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut open: Vec<&str> = sources.iter().map(String::as_str).collect();
    let mut wet = BTreeSet::new();
    while let Some(node) = open.pop() {
        if wet.insert(node) {
            open.extend(next.get(node).into_iter().flatten());
        }
    }
    let n_dry = mains.iter().filter(|it| !wet.contains(it.from.as_str())).count();
    assert_eq!(n_dry, 0, "of {}", mains.len());
    assert!(mains.len() > 200);
}

#[test]
fn valves_and_hydrants_stand_on_nodes_and_their_numbers_are_their_own() {
    let nodes: BTreeSet<(i64, i64)> =
        pipes().iter().flat_map(|it| [mm(it.path[0]), mm(it.path[it.path.len() - 1])]).collect();
    let file = open("va_ledningsnat.gpkg");
    for (table, condition) in [("va_ventil", "typ = 'avstängning'"), ("va_brandpost", "1")] {
        let mut rows =
            file.prepare(&format!("SELECT geom FROM {table} WHERE {condition}")).unwrap();
        let mut rows = rows.query([]).unwrap();
        let (mut n, mut n_off) = (0, 0);
        while let Some(row) = rows.next().unwrap() {
            n += 1;
            let at = path(row.get_ref(0).unwrap().as_blob().unwrap())[0];
            n_off += usize::from(!nodes.contains(&mm(at)));
        }
        assert_eq!(n_off, 0, "{table}: of {n}");
        let repeated = format!("SELECT count(*) - count(DISTINCT nummer) FROM {table}");
        assert_eq!(number(&file, &repeated), 0, "{table}");
    }
    for (table, number_) in [("va_ventil", "AV-118"), ("va_brandpost", "BP 114")] {
        let sql = format!(
            "SELECT count(*) FROM {table} WHERE nummer = '{number_}' AND kommunkod = '1885'"
        );
        assert_eq!(number(&file, &sql), 1, "{number_}");
    }
    assert!(number(&file, "SELECT count(*) FROM va_ledning WHERE lagesklass = 'osäker'") > 0);
}

#[test]
fn services_leave_a_main_at_one_of_its_vertices_and_end_at_their_connection() {
    let mains: BTreeSet<(i64, i64)> = pipes()
        .iter()
        .flat_map(|it| it.path.iter().map(|at| mm(*at)).collect::<Vec<_>>())
        .collect();
    let file = open("va_ledningsnat.gpkg");
    let sql = "SELECT s.geom, c.geom FROM va_servis s
        JOIN va_forbindelsepunkt c ON c.fp_id = s.forbindelsepunkt";
    let mut rows = file.prepare(sql).unwrap();
    let mut rows = rows.query([]).unwrap();
    let (mut n, mut n_off) = (0, 0);
    while let Some(row) = rows.next().unwrap() {
        let service = path(row.get_ref(0).unwrap().as_blob().unwrap());
        let connection = path(row.get_ref(1).unwrap().as_blob().unwrap())[0];
        n += 1;
        n_off += usize::from(!mains.contains(&mm(service[0])));
        assert_eq!(mm(service[1]), mm(connection));
    }
    assert_eq!(n_off, 0, "of {n}");
    assert!(n > 400, "{n}");
}

#[test]
fn everything_lies_within_five_kilometres_of_its_municipality() {
    // Bounding boxes on EPSG:3006 (E, then N), after SCB's generalised boundaries.
    let boxes = [
        [463_313.0, 496_770.0, 6_593_936.0, 6_654_407.0],
        [484_277.0, 512_102.0, 6_626_591.0, 6_665_077.0],
        [478_446.0, 509_080.0, 6_581_203.0, 6_622_228.0],
        [494_859.0, 540_146.0, 6_587_528.0, 6_650_452.0],
    ];
    let union = [463_313.0, 540_146.0, 6_581_203.0, 6_665_077.0];
    let check = |name: &str, [e0, e1, n0, n1]: [f64; 4]| {
        let file = open(name);
        let mut rows = file
            .prepare("SELECT table_name, min_x, max_x, min_y, max_y FROM gpkg_contents")
            .unwrap();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let table: String = row.get(0).unwrap();
            let [x0, x1, y0, y1] = [1, 2, 3, 4].map(|i| row.get::<_, f64>(i).unwrap());
            let margin = 5_000.0;
            assert!(
                x0 > e0 - margin && x1 < e1 + margin && y0 > n0 - margin && y1 < n1 + margin,
                "{name} {table}: {x0} {x1} {y0} {y1}"
            );
        }
    };
    for (code, bounds) in CODES.iter().zip(boxes) {
        for stem in ["fastighetsindelning", "belagenhetsadresser", "byggnad"] {
            check(&format!("{stem}_kn{code}.gpkg"), bounds);
        }
    }
    for name in
        ["topografi10_18", "ortnamn_18", "kommun_18", "skyddade_omraden_18", "fornlamningar_18"]
    {
        check(&format!("{name}.gpkg"), union);
    }
    check("va_ledningsnat.gpkg", [113_299.0, 190_162.0, 6_583_836.0, 6_667_744.0]);
}

#[test]
fn plans_of_every_status_occur_and_one_has_no_provisions() {
    let text = std::fs::read_to_string(small().0.path().join("detaljplaner_1885.geojson")).unwrap();
    let collection: serde_json::Value = serde_json::from_str(&text).unwrap();
    let features = collection["features"].as_array().unwrap();
    let of = |kind: &str| -> Vec<&serde_json::Value> {
        features.iter().map(|it| &it["properties"]).filter(|it| it["feature:typ"] == kind).collect()
    };
    let plans = of("detaljplan");
    let statuses: BTreeSet<&str> = plans.iter().filter_map(|it| it["status"].as_str()).collect();
    assert_eq!(statuses.len(), 9, "{statuses:?}");
    let used: BTreeSet<&str> =
        of("användningsbestämmelse").iter().filter_map(|it| it["planreferens"].as_str()).collect();
    assert!(plans.iter().any(|it| !used.contains(it["objektidentitet"].as_str().unwrap())));
    let letters: BTreeSet<&str> =
        of("användningsbestämmelse").iter().filter_map(|it| it["beteckning"].as_str()).collect();
    assert!(letters.contains("B") && letters.contains("GATA"), "{letters:?}");
    let at = &plans[0]["plangeometri"][0]["geometri"]["position"]["coordinates"][0][0];
    assert!(at[0].as_f64().unwrap() < 1e6 && at[1].as_f64().unwrap() > 6e6, "{at}");
}

#[test]
fn land_cover_is_cut_on_the_ten_kilometre_grid() {
    let file = open("topografi10_18.gpkg");
    let mut rows = file.prepare("SELECT geom FROM mark").unwrap();
    let mut rows = rows.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let bounds = shape(row.get_ref(0).unwrap().as_blob().unwrap()).bounds().unwrap();
        let square = |metres: f64, nudge: f64| ((metres + nudge) / 10_000.0).floor();
        assert_eq!(square(bounds.min_e_m, 0.2), square(bounds.max_e_m, -0.2), "{bounds:?}");
        assert_eq!(square(bounds.min_n_m, 0.2), square(bounds.max_n_m, -0.2), "{bounds:?}");
    }
}

#[test]
fn a_folder_with_other_files_is_refused_and_a_demo_delivery_is_replaced() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("anteckningar.txt"), "kvar").unwrap();
    let options = DemoOptions { scale: 0.02, seed: 1 };
    let refused = write_delivery(dir.path(), &options, &mut |_| {});
    assert!(matches!(refused, Err(DemoError::FolderNotEmpty { .. })), "{refused:?}");
    std::fs::remove_file(dir.path().join("anteckningar.txt")).unwrap();
    write_delivery(dir.path(), &options, &mut |_| {}).unwrap();
    let first = content(dir.path());
    write_delivery(dir.path(), &options, &mut |_| {}).unwrap();
    assert_eq!(content(dir.path()), first);
}

#[test]
fn a_scale_out_of_range_is_refused_and_progress_counts_up_to_its_end() {
    let dir = TempDir::new().unwrap();
    for scale in [0.0, 0.019, 20.1, f64::NAN] {
        let refused = write_delivery(dir.path(), &DemoOptions { scale, seed: 1 }, &mut |_| {});
        assert!(matches!(refused, Err(DemoError::ScaleOutOfRange { .. })), "{scale}");
    }
    let mut steps = vec![];
    write_delivery(dir.path(), &DemoOptions { scale: 0.02, seed: 3 }, &mut |step| steps.push(step))
        .unwrap();
    let last = steps.last().unwrap();
    assert_eq!(last.n_done + 1, last.n_steps);
    assert!(steps.windows(2).all(|pair| pair[0].n_done + 1 == pair[1].n_done));
}
