//! A day through the command line: a delivery becomes a store, a laptop joins, an inspector works while the store
//! goes away in the middle of a push, a second laptop and the coordinator see the work, once.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::road::{Fault, Road};
use crate::support::{Place, Server, answer, refusal, text};

/// A smallest JPEG: one grey pixel, written by hand from the standard's tables.
const PICTURE: &[u8] = include_bytes!("fixtures/pixel.jpg");

/// A delivery of the smallest size, imported.
fn store_of_a_small_delivery() -> (Place, PathBuf) {
    let place = Place::new();
    let (delivery, store) = (place.path("delivery"), place.path("store"));
    answer(&["demo", text(&delivery), "--scale", "0.03"]);
    let report = answer(&["import", text(&store), text(&delivery)]);
    assert_eq!(report["format"], "faltkarta.import/1");
    for dataset in report["datasets"].as_array().unwrap() {
        let count = |key: &str| dataset[key].as_u64().unwrap();
        assert_eq!(
            count("read"),
            count("new") + count("changed") + count("unchanged") + count("refused"),
            "nothing is dropped silently: {dataset}"
        );
    }
    (place, store)
}

fn first_hit(laptop: &Path, typed: &str, kind: &str) -> Value {
    let found = answer(&["field", text(laptop), "search", typed]);
    assert_eq!(found["format"], "faltkarta.search/1");
    let hit = found["hits"].as_array().unwrap().iter().find(|it| it["kind"] == kind).cloned();
    hit.unwrap_or_else(|| panic!("{typed} finds a {kind}: {found}"))
}

#[test]
fn an_inspection_arrives_once_although_the_answer_is_lost_and_the_store_is_killed() {
    let (place, store) = store_of_a_small_delivery();
    let server = Server::start(&store, "127.0.0.1:0");
    let road = Road::to(server.at);
    let (first, second) = (place.path("first"), place.path("second"));
    answer(&["field", text(&first), "join", &format!("http://{}", road.at), "--user", "Inspektör"]);
    answer(&["field", text(&second), "join", &format!("http://{}", server.at)]);

    // What a technician types at the first start.
    let address = first_hit(&first, "kungsg 12", "address");
    assert!(address["label"].as_str().unwrap().starts_with("Kungsgatan 12"), "{address}");
    let parcel = first_hit(&first, "rya 1:5", "parcel");
    let hydrant = first_hit(&first, "BP 114", "asset");
    assert_eq!(hydrant["dataset"], "hydrant");
    let (e, n) = (&parcel["position"]["e_m"], &parcel["position"]["n_m"]);
    let at = format!("{e},{n}");
    let coordinate = first_hit(&first, &format!("{e} {n}"), "coordinate");
    assert_eq!(coordinate["position"]["epsg"], 3009);
    let here = answer(&["field", text(&first), "identify", &at]);
    let datasets: Vec<&str> = here["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["dataset"].as_str().unwrap())
        .collect();
    assert!(datasets.contains(&"parcel"), "{datasets:?}");
    for feature in here["features"].as_array().unwrap() {
        assert!(!feature["source"].as_str().unwrap().is_empty(), "{feature}");
        assert!(feature.get("data_date").is_some(), "{feature}");
    }

    let answers = place.path("answers.json");
    std::fs::write(
        &answers,
        json!({ "bedomning": "utan_anmarkning", "laget": "utan_avvikelse" }).to_string(),
    )
    .unwrap();
    let photo = place.path("foto.jpg");
    std::fs::write(&photo, PICTURE).unwrap();
    let subject = parcel["id"].as_str().unwrap();
    answer(&[
        "field",
        text(&first),
        "inspect",
        "arbetsplatsbesok",
        "--subject",
        subject,
        "--answers",
        text(&answers),
        "--photo",
        text(&photo),
        "--complete",
    ]);
    let status = answer(&["field", text(&first), "status"]);
    assert!(status["edits"]["saved_here"].as_u64().unwrap() >= 1, "{status}");
    assert_eq!(status["photos"], json!({ "taken": 1, "received": 0 }), "{status}");

    // The answer to the push is lost on the road, then the store is killed where it stands.
    road.strike("/push", Fault::LoseAnswer);
    refusal(&["field", text(&first), "sync"]);
    let at_address = server.at.to_string();
    drop(server);
    assert_eq!(refusal(&["field", text(&first), "sync"]), "server_unreachable");
    let status = answer(&["field", text(&first), "status"]);
    assert!(status["edits"]["saved_here"].as_u64().unwrap() >= 1, "nothing is lost: {status}");

    // The store is back: the same operations go again and take effect once.
    let _server = Server::start(&store, &at_address);
    let round = answer(&["field", text(&first), "sync"]);
    assert_eq!(round["format"], "faltkarta.sync/1");
    assert_eq!(round["conflicts"], 0, "{round}");
    let status = answer(&["field", text(&first), "status"]);
    assert_eq!(status["edits"]["saved_here"], 0, "{status}");
    assert_eq!(status["photos"], json!({ "taken": 1, "received": 1 }), "{status}");

    answer(&["field", text(&second), "sync"]);
    let here = answer(&["field", text(&second), "identify", &at, "--radius", "50"]);
    let n_seen = here["features"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| it["dataset"] == "inspection")
        .count();
    assert_eq!(n_seen, 1, "the second laptop shows it on its map: {here}");

    // A second server on the same store is told so; the coordinator's tools work beside the one that runs.
    assert_eq!(refusal(&["serve", text(&store), "--listen", "127.0.0.1:0"]), "store_in_use");
    let export = place.path("kontroller.gpkg");
    answer(&["export", text(&store), "--dataset", "inspection", "--to", text(&export)]);
    let file = rusqlite::Connection::open(&export).unwrap();
    let n_rows: i64 =
        file.query_row("SELECT count(*) FROM inspection", [], |row| row.get(0)).unwrap();
    assert_eq!(n_rows, 1, "once, and only once");
}

#[test]
fn the_same_delivery_read_twice_changes_nothing() {
    let (place, store) = store_of_a_small_delivery();
    let again = answer(&["import", text(&store), text(&place.path("delivery"))]);
    for dataset in again["datasets"].as_array().unwrap() {
        assert_eq!(dataset["new"], 0, "{dataset}");
        assert_eq!(dataset["changed"], 0, "{dataset}");
        assert_eq!(dataset["gone"], 0, "{dataset}");
    }
}

#[test]
fn broken_input_is_refused_with_a_code_and_nothing_is_read() {
    let place = Place::new();
    let (delivery, store) = (place.path("delivery"), place.path("store"));
    answer(&["demo", text(&delivery), "--scale", "0.03"]);

    let whole = std::fs::read(delivery.join("ortnamn_18.gpkg")).unwrap();
    let truncated = place.path("ortnamn_18.gpkg");
    std::fs::write(&truncated, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(refusal(&["import", text(&store), text(&truncated)]), "truncated_file");

    let foreign = place.path("bild.gpkg");
    std::fs::write(&foreign, PICTURE).unwrap();
    assert_eq!(refusal(&["import", text(&store), text(&foreign)]), "foreign_file");

    let plans = std::fs::read_to_string(delivery.join("detaljplaner_1885.geojson")).unwrap();
    let unknown = place.path("detaljplaner_1885.geojson");
    std::fs::write(&unknown, plans.replacen("EPSG::3006", "EPSG::2154", 1)).unwrap();
    assert_eq!(refusal(&["import", text(&store), text(&unknown)]), "unknown_crs");

    std::fs::write(&unknown, plans.replacen("EPSG::3006", "EPSG::3009", 1)).unwrap();
    assert_eq!(refusal(&["import", text(&store), text(&unknown)]), "wrong_zone");

    let answers = place.path("answers.json");
    let laptop = place.path("laptop");
    std::fs::write(&answers, json!({ "antal_varv": 501 }).to_string()).unwrap();
    let package = place.path("package");
    answer(&["import", text(&store), text(&delivery)]);
    answer(&["package", text(&store), "--to", text(&package), "--all"]);
    answer(&["field", text(&laptop), "install", text(&package)]);
    let inspect =
        ["field", text(&laptop), "inspect", "ventilmotionering", "--answers", text(&answers)];
    assert_eq!(refusal(&inspect), "answers_invalid");
    assert_eq!(answer(&["field", text(&laptop), "status"])["drafts"], 0, "nothing was begun");

    let locked = rusqlite::Connection::open(delivery.join("ortnamn_18.gpkg")).unwrap();
    locked.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let open_elsewhere = delivery.join("ortnamn_18.gpkg");
    assert_eq!(refusal(&["import", text(&store), text(&open_elsewhere)]), "file_locked");
}

#[test]
fn a_page_of_a_captive_portal_is_not_taken_for_a_store() {
    let place = Place::new();
    let portal = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", portal.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut guest in portal.incoming().flatten() {
            let mut buffer = [0; 4096];
            let _ = guest.read(&mut buffer);
            let page = "<html><body>Logga in</body></html>";
            let _ = write!(
                guest,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
                page.len()
            );
        }
    });
    let laptop = place.path("laptop");
    assert_eq!(refusal(&["field", text(&laptop), "join", &url]), "not_a_geodata_store");
}
