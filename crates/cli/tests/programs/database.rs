//! A coordinator with a geodata store in PostgreSQL. GDAL's driver stands in for QGIS: it reads the same catalogue,
//! finds the key and the shapes of a view in the same way, and writes row by row as an edit session does.

use std::process::Command;

use serde_json::json;

use crate::cluster::Cluster;
use crate::support::{Place, Server, answer, refusal, text};

/// A program of GDAL on the views of a database.
fn gdal(program: &str, arguments: &[&str]) -> String {
    let output =
        Command::new(program).args(arguments).env("PGSQL_OGR_FID", "fid").output().unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success() && !said.contains("ERROR"), "{arguments:?}: {said}");
    said
}

/// A valve as somebody drew it.
const DRAWN: &str = r#"{"type": "FeatureCollection",
    "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3009"}},
    "features": [{"type": "Feature", "properties": {"nummer": "AV-QGIS", "dimension": 150},
        "geometry": {"type": "Point", "coordinates": [162914.5, 6608920.25]}}]}"#;

#[test]
fn what_a_coordinator_edits_in_the_views_reaches_a_laptop_and_the_other_way_round() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    let (place, url) = (Place::new(), cluster.url("postgres", &database));
    let folder = place.path("store");
    let at = |rest: &[&str]| -> Vec<String> {
        ["--folder", text(&folder)].iter().chain(rest).map(|it| (*it).to_owned()).collect()
    };
    let run = |rest: &[&str]| {
        let all = at(rest);
        answer(&all.iter().map(String::as_str).collect::<Vec<_>>())
    };
    assert_eq!(refusal(&["device", "list", &url]), "invalid_input");
    assert_eq!(refusal(&["--folder", text(&folder), "device", "list", &url]), "no_store");

    let delivery = place.path("delivery");
    answer(&["demo", text(&delivery), "--scale", "0.03"]);
    let report = run(&["import", &url, text(&delivery.join("va_ledningsnat.gpkg"))]);
    let n_valves = report["datasets"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["dataset"] == "valve")
        .map(|it| it["new"].as_u64().unwrap())
        .unwrap();
    assert!(n_valves > 10, "{report}");
    let again = run(&["import", &url, text(&delivery.join("va_ledningsnat.gpkg"))]);
    for set in again["datasets"].as_array().unwrap() {
        assert_eq!(
            (&set["new"], &set["changed"], &set["gone"]),
            (&json!(0), &json!(0), &json!(0)),
            "{set}"
        );
    }

    let serve = at(&["serve", &url, "--listen", "127.0.0.1:0"]);
    let server = Server::begin(&serve.iter().map(String::as_str).collect::<Vec<_>>());
    let laptop = place.path("laptop");
    answer(&["field", text(&laptop), "join", &server.url(), "--user", "Tekniker A"]);
    let devices = run(&["device", "list", &url]);
    assert_eq!(devices["devices"][0]["user"], "Tekniker A");

    // As a layer: key, columns in their types, reference system, shapes.
    let source = format!(
        "PG:host=127.0.0.1 port={} user=postgres dbname={database} active_schema=karta",
        cluster.port
    );
    let layer = gdal("ogrinfo", &["-ro", "-al", "-so", &source, "valve"]);
    for expected in [
        format!("Feature Count: {n_valves}"),
        "FID Column = fid".to_owned(),
        "nummer: String".to_owned(),
        "dimension: Integer64".to_owned(),
        "senast_motionerad: Date".to_owned(),
        "Extent: (1".to_owned(),
        "SWEREF99 15 00".to_owned(),
    ] {
        assert!(layer.contains(&expected), "{expected} in {layer}");
    }

    // An edit session: one row changes, one comes, one goes.
    let sql = |words: &str| gdal("ogrinfo", &[&source, "-dialect", "SQLite", "-sql", words]);
    let valves = cluster
        .sql(&database)
        .rows("SELECT id, nummer FROM karta.valve ORDER BY nummer LIMIT 2", &[]);
    let number = |at: usize| valves[at].get::<_, String>(1);
    let id = |at: usize| valves[at].get::<_, uuid::Uuid>(0).to_string();
    sql(&format!("UPDATE valve SET fabrikat = 'Qgisverken' WHERE nummer = '{}'", number(0)));
    sql(&format!("DELETE FROM valve WHERE nummer = '{}'", number(1)));
    let drawn = place.path("drawn.geojson");
    std::fs::write(&drawn, DRAWN).unwrap();
    gdal("ogr2ogr", &["-append", "-f", "PostgreSQL", &source, text(&drawn), "-nln", "valve"]);
    answer(&["field", text(&laptop), "sync"]);
    let hit = |typed: &str| {
        let found = answer(&["field", text(&laptop), "search", typed]);
        found["hits"].as_array().unwrap().iter().find(|it| it["kind"] == "asset").cloned()
    };
    let new = hit("AV-QGIS").expect("the new valve is found on the laptop");
    assert_eq!(new["position"]["e_m"].as_f64().unwrap().round(), 162_915.0, "{new}");
    let here = answer(&["field", text(&laptop), "identify", "162914.5,6608920.25"]);
    assert!(here["features"].to_string().contains("AV-QGIS"), "{here}");
    assert!(hit(&number(1)).is_none_or(|it| it["id"] != id(1)), "the deleted valve is gone");

    // And the laptop's edit shows in the view.
    answer(&["field", text(&laptop), "edit", "update", "--id", &id(0), "--set", "antal_varv=77"]);
    answer(&["field", text(&laptop), "sync"]);
    let shown = cluster
        .sql(&database)
        .rows("SELECT antal_varv, fabrikat FROM karta.valve WHERE nummer = $1", &[&number(0)]);
    assert_eq!((shown[0].get::<_, i64>(0), shown[0].get::<_, &str>(1)), (77, "Qgisverken"));

    let exported = place.path("valve.csv");
    let report = run(&["export", &url, "--dataset", "valve", "--to", text(&exported)]);
    assert_eq!(report["features"], n_valves);
}
