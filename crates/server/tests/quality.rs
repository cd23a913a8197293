//! What is found between the rows of a delivery: they are taken, flagged, listed and put on a map.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod harness;

use faltkarta_formats::Mapping;
use faltkarta_server::{
    DatasetImport, FeatureFilter, GeodataStore, ImportOptions, ImportReport, Rim as _, SqliteStore,
    import, write_problem_map,
};
use harness::{Bench, VALVE_MAPPING, addresses, dataset};
use serde_json::json;

const PARCELS: &str = r#"
dataset = "parcel"
identity = ["id"]
[fields]
designation = "id"
property_ref = "id"
"#;

const PIPES: &str = r#"
dataset = "water_pipe"
identity = ["id"]
[fields]
ledning_id = "id"
klass = "klass"
"#;

fn take(bench: &Bench, store: &SqliteStore, name: &str, text: &str, mapping: &str) -> ImportReport {
    let file = bench.write(name, text);
    let mapping = (!mapping.is_empty()).then(|| Mapping::parse(mapping).unwrap());
    let options = ImportOptions { mapping, ..ImportOptions::default() };
    import(store, &[file], &options, bench.rim.as_ref()).unwrap()
}

fn only(report: &ImportReport) -> &DatasetImport {
    assert_eq!(report.datasets.len(), 1);
    &report.datasets[0]
}

/// Code, label and facts of what was found.
fn told(of: &DatasetImport) -> Vec<(&str, &str, &str)> {
    of.problems.iter().map(|it| (it.code.as_str(), it.label.as_str(), it.text.as_str())).collect()
}

fn collection(features: &[serde_json::Value]) -> String {
    json!({
        "type": "FeatureCollection",
        "crs": { "type": "name", "properties": { "name": "urn:ogc:def:crs:EPSG::3009" } },
        "features": features,
    })
    .to_string()
}

/// A parcel of the demo town's corner, from west to east in metres and 40 m deep.
fn parcel(id: &str, west: f64, east: f64) -> serde_json::Value {
    let (w, e, s, n) = (162_000.0 + west, 162_000.0 + east, 6_608_000.0, 6_608_040.0);
    json!({
        "type": "Feature",
        "properties": { "id": format!("RYA {id}") },
        "geometry": { "type": "Polygon", "coordinates": [[[w, s], [e, s], [e, n], [w, n], [w, s]]] },
    })
}

fn pipe(id: &str, corners: &[[f64; 2]]) -> serde_json::Value {
    let at: Vec<_> = corners.iter().map(|it| [162_000.0 + it[0], 6_608_000.0 + it[1]]).collect();
    json!({
        "type": "Feature",
        "properties": { "id": id, "klass": "V" },
        "geometry": { "type": "LineString", "coordinates": at },
    })
}

#[test]
fn parcels_that_overlap_or_leave_a_gap_are_taken_flagged_and_on_the_map() {
    let bench = Bench::new();
    let store = bench.open();
    let text = collection(&[
        parcel("1:1", 0.0, 50.0),
        parcel("1:2", 49.0, 100.0),
        parcel("1:3", 100.2, 150.0),
        parcel("1:4", 150.0, 200.0),
    ]);
    let report = take(&bench, &store, "fastigheter.geojson", &text, PARCELS);
    let of = only(&report);
    assert_eq!((of.read, of.new, of.flagged, of.refused), (4, 4, 2, 0));
    let facts = told(of);
    assert_eq!(facts.len(), 2, "{facts:?}");
    assert_eq!(facts[0].0, "overlap");
    assert!(facts[0].1.contains("1:1") && facts[0].2.contains("1:2"), "{facts:?}");
    assert!(facts[0].2.ends_with(", 40.00 m²"), "{facts:?}");
    assert_eq!(facts[1].0, "gap");
    assert!(facts[1].2.ends_with(", 0.200 m"), "{facts:?}");
    assert_eq!((of.problems[0].row, of.problems[1].row), (1, 2));
    let at = of.problems[0].position_m.unwrap();
    assert!((162_049.0..162_050.0).contains(&at[0]), "{at:?}");

    let map = bench.store_path().with_extension("gpkg");
    write_problem_map(&report, store.grid(), bench.rim.now(), &map).unwrap();
    assert!(map.metadata().unwrap().len() > 10_000);

    let again = take(&bench, &store, "fastigheter.geojson", &text, PARCELS);
    assert_eq!((only(&again).unchanged, only(&again).flagged), (4, 2));
    assert_eq!(store.verify_feed().unwrap().seq, 4);
}

#[test]
fn an_address_twice_is_told_on_both_rows() {
    let bench = Bench::new();
    let store = bench.open();
    let rows = [
        ("a1", "Prästgatan", "1", 6_606_000.0, 512_000.0),
        ("a2", "Prästgatan", "3", 6_606_040.5, 512_010.25),
        ("a3", "Prästgatan", "1", 6_606_100.0, 512_100.0),
    ];
    let text = with_status(&addresses(&rows));
    let report = take(&bench, &store, "belagenhetsadresser_kn1885.csv", &text, "");
    let of = only(&report);
    assert_eq!((of.new, of.flagged), (3, 2), "{of:?}");
    let rows = of.problems.iter().filter(|it| it.code == "duplicate").map(|it| it.row);
    assert_eq!(rows.collect::<Vec<_>>(), [1, 3]);
    assert!(of.problems.iter().filter(|it| it.row > 0).all(|it| it.position_m.is_some()));
}

/// Addresses that are in force; a reserved one may stand twice.
fn with_status(csv: &str) -> String {
    let ends = std::iter::once("statusforbelagenhetsadress").chain(std::iter::repeat("Gällande"));
    let lines: Vec<_> = csv.lines().zip(ends).map(|(line, end)| format!("{line};{end}")).collect();
    lines.join("\n")
}

#[test]
fn a_valve_on_a_pipe_that_nobody_knows_is_told_when_there_are_pipes() {
    let bench = Bench::new();
    let store = bench.open();
    let mapping = format!("{VALVE_MAPPING}ledning = \"ledning\"\ntyp = \"typ\"\n");
    let valves = "id;nummer;lage;varv;e;n;ledning;typ\n\
                  v1;AV-1;öppen;12;162914;6608920;V1;avstängning\n\
                  v2;AV-2;öppen;12;162915;6608920;V9;avstängning\n\
                  v3;AV-3;öppen;12;162916;6608920;V9;servis\n";
    let before = take(&bench, &store, "ventiler.csv", valves, &mapping);
    assert_eq!(told(only(&before)), [], "without pipes nothing can be said");

    let pipes = collection(&[pipe("V1", &[[0.0, 0.0], [100.0, 0.0]])]);
    take(&bench, &store, "ledningar.geojson", &pipes, PIPES);
    let after = take(&bench, &store, "ventiler.csv", valves, &mapping);
    assert_eq!(told(only(&after)), [("orphan_reference", "Ventil AV-2", "ledning V9")]);
}

#[test]
fn a_pipe_that_stops_short_of_another_is_told_with_its_gap() {
    let bench = Bench::new();
    let store = bench.open();
    let text = collection(&[
        pipe("V1", &[[0.0, 0.0], [100.0, 0.0]]),
        pipe("V2", &[[50.0, 0.02], [50.0, 30.0]]),
        pipe("V3", &[[70.0, 0.31], [70.0, 30.0]]),
    ]);
    let report = take(&bench, &store, "ledningar.geojson", &text, PIPES);
    let of = only(&report);
    assert_eq!(of.flagged, 1);
    assert_eq!((of.problems[0].code.as_str(), of.problems[0].row), ("loose_end", 3));
    assert!(of.problems[0].text.ends_with(", 0.31 m"), "{}", of.problems[0].text);
    let mut n = 0;
    let filter = FeatureFilter { dataset: dataset("water_pipe"), bounds: None };
    store
        .for_each_feature(&filter, &mut |_| {
            n += 1;
            Ok(())
        })
        .unwrap();
    assert_eq!(n, 3, "all of them are taken");
}
