//! Deliveries through the console: sent in, checked without a trace, published, put back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod harness;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use faltkarta_server::{GeodataStore as _, ImportOptions, Rim as _, Serving, SqliteStore, import};
use harness::{Answer, Bench, addresses};
use serde_json::{Value, json};

const NORA: &[(&str, &str, &str, f64, f64)] = &[
    ("a1", "Prästgatan", "1", 6_597_000.0, 508_000.0),
    ("a2", "Prästgatan", "3", 6_597_040.5, 508_010.25),
    ("a3", "Rådstugugatan", "7", 6_597_100.0, 508_100.0),
];

struct Console {
    bench: Bench,
    store: Arc<SqliteStore>,
    serving: Serving,
    cookie: String,
}

impl Console {
    fn new() -> Self {
        let bench = Bench::new();
        let store = Arc::new(bench.open());
        let code = store
            .create_enrol_code("coordinator".parse().unwrap(), bench.rim.now(), bench.rim.as_ref())
            .unwrap();
        let serving = bench.serve(store.clone());
        let mut console = Self { bench, store, serving, cookie: String::new() };
        let wish = json!({ "code": code, "user": "Gun" }).to_string();
        let answer = console.ask("POST", "session", wish.as_bytes());
        assert_eq!(answer.status, 204);
        let set = &answer.headers["set-cookie"];
        set.split(';').next().unwrap().clone_into(&mut console.cookie);
        console
    }

    fn ask(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let path = format!("/console/api/{path}");
        let headers = [("Cookie", self.cookie.as_str()), ("X-Faltkarta-Console", "1")];
        harness::send(self.serving.address(), method, &path, &headers, body)
    }

    fn send(&self, name: &str, bytes: &[u8]) -> Answer {
        self.ask("POST", &format!("deliveries?name={name}"), bytes)
    }

    fn all(&self) -> Vec<Value> {
        let answer = self.ask("GET", "deliveries", b"");
        assert_eq!(answer.status, 200);
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Sends a file in and waits until it was read.
    fn checked(&self, name: &str, text: &str) -> Value {
        let answer = self.send(name, text.as_bytes());
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        let sent: Value = serde_json::from_slice(&answer.body).unwrap();
        self.settled(sent["id"].as_str().unwrap())
    }

    fn settled(&self, id: &str) -> Value {
        for _ in 0..600 {
            let all = self.all();
            let it = all.iter().find(|it| it["id"] == id).unwrap();
            if it["state"] != "checking" {
                return it.clone();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        unreachable!("it is still being read");
    }

    fn act(&self, it: &Value, act: &str) -> Answer {
        self.ask("POST", &format!("deliveries/{}/{act}", it["id"].as_str().unwrap()), b"")
    }

    fn state(&self, it: &Value) -> String {
        let all = self.all();
        let now = all.iter().find(|now| now["id"] == it["id"]).unwrap();
        now["state"].as_str().unwrap().to_owned()
    }

    fn head(&self) -> u64 {
        self.store.head().unwrap().seq
    }
}

fn moved() -> Vec<(&'static str, &'static str, &'static str, f64, f64)> {
    let mut rows = NORA.to_vec();
    rows[1].2 = "3B";
    rows.pop();
    rows
}

#[test]
fn nothing_changes_before_the_coordinator_publishes() {
    let console = Console::new();
    let sent = console.checked("belagenhetsadresser_kn1884.csv", &addresses(NORA));
    assert_eq!((&sent["state"], &sent["number"]), (&json!("review"), &json!(1)), "columns lack");
    let set = &sent["datasets"][0];
    assert_eq!((&set["dataset"], &set["nNew"]), (&json!("address"), &json!(3)));
    assert_eq!(sent["foundCrs"], "SWEREF 99 TM");
    assert_eq!((console.head(), console.state(&sent).as_str()), (0, "review"));
    assert_eq!(console.act(&sent, "publish").status, 204);
    assert_eq!((console.head(), console.state(&sent).as_str()), (3, "published"));
    // A second press does nothing.
    let again = console.act(&sent, "publish");
    assert_eq!((again.status, again.code().as_str()), (409, "not_acceptable"));
    assert_eq!(console.head(), 3);
}

#[test]
fn the_next_edition_replaces_the_one_before_and_can_be_taken_back() {
    let console = Console::new();
    let first = console.checked("belagenhetsadresser_kn1884_20260401.csv", &addresses(NORA));
    assert_eq!(console.act(&first, "publish").status, 204);
    let second = console.checked("belagenhetsadresser_kn1884_20260501.csv", &addresses(&moved()));
    let set = &second["datasets"][0];
    assert_eq!(
        (&set["nNew"], &set["nChanged"], &set["nGone"], &set["nUnchanged"]),
        (&json!(0), &json!(1), &json!(1), &json!(1))
    );
    assert_eq!(console.act(&second, "publish").status, 204);
    assert_eq!(console.head(), 5, "two differences are two entries");
    let states = (console.state(&first), console.state(&second));
    assert_eq!((states.0.as_str(), states.1.as_str()), ("replaced", "published"));
    let all = console.all();
    assert_eq!((&all[0]["canUndo"], &all[1]["canUndo"]), (&json!(true), &json!(false)));
    assert_eq!(console.act(&second, "undo").status, 204);
    assert_eq!(console.head(), 7, "the same two differences back");
    let states = (console.state(&first), console.state(&second));
    assert_eq!((states.0.as_str(), states.1.as_str()), ("published", "undone"));
}

#[test]
fn a_file_in_the_wrong_zone_is_stopped_with_the_remedy_and_can_be_read_as_what_it_is() {
    let console = Console::new();
    // It says the municipality's zone, and its numbers are the nation's.
    let ring =
        [[508_000, 6_597_000], [508_100, 6_597_000], [508_100, 6_597_100], [508_000, 6_597_000]];
    let plan = json!({
        "type": "FeatureCollection",
        "crs": { "type": "name", "properties": { "name": "urn:ogc:def:crs:EPSG::3009" } },
        "features": [{
            "type": "Feature", "geometry": null,
            "properties": {
                "feature:typ": "detaljplan", "objektidentitet": "p1", "beteckning": "D1",
                "status": "laga kraft", "typ": "detaljplan", "namn": "Hyttan", "kommun": "Nora",
                "plangeometri": [{ "geometri": {
                    "typ": "yta", "position": { "type": "Polygon", "coordinates": [ring] },
                } }],
            },
        }],
    });
    let sent = console.checked("planer.geojson", &plan.to_string());
    assert_eq!(
        (&sent["state"], &sent["code"]),
        (&json!("stopped"), &json!("wrong_zone")),
        "{sent}"
    );
    assert_eq!(sent["facts"]["declared"], "SWEREF 99 15 00");
    assert_eq!(sent["facts"]["fits_epsg"], "3006");
    let refused = console.act(&sent, "publish");
    assert_eq!((refused.status, refused.code().as_str()), (409, "not_acceptable"));
    assert_eq!(console.act(&sent, "read-as?epsg=3006").status, 204);
    let read = console.settled(sent["id"].as_str().unwrap());
    assert_eq!(
        (&read["state"], &read["datasets"][0]["nNew"]),
        (&json!("ready"), &json!(1)),
        "{read}"
    );
    assert_eq!(console.head(), 0);
}

#[test]
fn problems_are_counted_by_code_placed_and_drawn_on_a_map_file() {
    let console = Console::new();
    let mut rows = NORA.to_vec();
    rows.push(("a1", "Prästgatan", "1", 6_597_000.0, 508_000.0));
    rows.push(("a9", "", "5", 6_597_300.0, 508_300.0));
    let sent = console.checked("belagenhetsadresser_kn1884.csv", &addresses(&rows));
    assert_eq!(sent["state"], "review");
    let problems = sent["datasets"][0]["problems"].as_array().unwrap();
    let of = |code: &str| problems.iter().find(|it| it["code"] == code).unwrap();
    assert_eq!(of("duplicate_identity")["count"], 1);
    let missing = of("missing_required");
    assert_eq!((&missing["count"], &missing["examples"][0]["row"]), (&json!(1), &json!(5)));
    let place = &missing["examples"][0];
    assert!((place["northingM"].as_f64().unwrap() - 6_599_940.0).abs() < 1.0, "{place}");
    let map = console.ask(
        "GET",
        &format!("deliveries/{}/report.gpkg", sent["id"].as_str().unwrap()),
        b"",
    );
    assert_eq!(map.status, 200);
    let path = console.bench.folder.path().join("problem.gpkg");
    std::fs::write(&path, &map.body).unwrap();
    let conn = rusqlite::Connection::open(&path).unwrap();
    let (rows, placed): (i64, i64) = conn
        .query_row("SELECT count(*), count(geom) FROM import_problem WHERE row > 0", [], |it| {
            Ok((it.get(0)?, it.get(1)?))
        })
        .unwrap();
    assert_eq!((rows, placed), (2, 1), "a refused row has no place");
}

#[test]
fn a_server_that_was_stopped_in_the_middle_of_a_check_checks_again() {
    let console = Console::new();
    let sent = console.checked("belagenhetsadresser_kn1884.csv", &addresses(NORA));
    let id = sent["id"].as_str().unwrap();
    let record = console.bench.store_path().join("deliveries").join(id).join("delivery.json");
    let text = std::fs::read_to_string(&record).unwrap();
    let torn = text.replace("\"state\": \"review\"", "\"state\": \"checking\"");
    assert_ne!(torn, text);
    let Console { bench, store, serving, cookie } = console;
    drop(serving);
    std::fs::write(&record, torn).unwrap();
    // Beside it one that had not arrived whole.
    let half = bench.store_path().join("deliveries").join("half");
    std::fs::create_dir(&half).unwrap();
    std::fs::write(half.join("a.gpkg"), "SQLite").unwrap();
    let serving = bench.serve(store.clone());
    let console = Console { bench, store, serving, cookie };
    assert_eq!(console.settled(id)["state"], "review");
    assert!(!half.exists(), "nobody would ever find it");
}

#[test]
fn what_is_no_delivery_is_refused_with_a_code_and_leaves_nothing() {
    let console = Console::new();
    let folder = console.bench.store_path().join("deliveries");
    for (name, status, code) in [
        ("..%2Fstore.gpkg", 400, "malformed"),
        (".hidden.csv", 400, "malformed"),
        ("program.exe", 400, "unknown_file_kind"),
    ] {
        let answer = console.send(name, b"x");
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{name}");
    }
    assert!(!folder.exists() || std::fs::read_dir(&folder).unwrap().next().is_none());
    let sent = console.checked("skrap.gpkg", "not a package");
    assert_eq!((&sent["state"], &sent["code"]), (&json!("stopped"), &json!("foreign_file")));
    assert_eq!(console.act(&sent, "reject").status, 204);
    assert_eq!(console.state(&sent), "rejected");
    // Without the coordinator's cookie nothing is told or taken.
    let stranger = Console { cookie: String::new(), ..console };
    assert_eq!(stranger.send("a.csv", b"x").status, 401);
    assert_eq!(stranger.ask("GET", "deliveries", b"").status, 401);
}

#[test]
fn the_list_of_datasets_says_who_owns_them_and_how_old_they_are() {
    let console = Console::new();
    let sent = console.checked("belagenhetsadresser_kn1884.csv", &addresses(NORA));
    assert_eq!(console.act(&sent, "publish").status, 204);
    let answer = console.ask("GET", "datasets", b"");
    let all: Vec<Value> = serde_json::from_slice(&answer.body).unwrap();
    let of = |id: &str| all.iter().find(|it| it["id"] == id).unwrap();
    assert_eq!(
        (&of("address")["nFeatures"], &of("address")["dataDate"]),
        (&json!(3), &json!("2026-03-01"))
    );
    assert_eq!(of("address")["ownerBody"], "BMB");
    assert_eq!((&of("valve")["nFeatures"], &of("valve")["dataDate"]), (&json!(0), &Value::Null));
    assert_eq!(of("valve")["class"], "protected");
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
    for (name, bytes) in entries {
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated);
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_zip_is_read_as_the_files_in_it() {
    let bench = Bench::new();
    let store = bench.open();
    let text = addresses(NORA);
    let packed = zip(&[
        ("leverans/belagenhetsadresser_kn1884.csv", text.as_bytes()),
        ("leverans/lasmig.pdf", b"%PDF"),
    ]);
    let path = bench.folder.path().join("nora.zip");
    std::fs::write(&path, &packed).unwrap();
    let options = ImportOptions::default();
    let report = import(&store, std::slice::from_ref(&path), &options, bench.rim.as_ref()).unwrap();
    assert_eq!(report.datasets[0].file, "belagenhetsadresser_kn1884.csv");
    assert_eq!(report.datasets[0].new, 3);
    let left: Vec<_> = std::fs::read_dir(store.packages_folder()).unwrap().collect();
    assert!(left.is_empty(), "what was unpacked is gone: {left:?}");

    let refused = |name: &str, bytes: &[u8]| {
        let path = bench.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let error = import(&store, &[path], &options, bench.rim.as_ref()).unwrap_err();
        assert_eq!(store.head().unwrap().seq, 3);
        error.code().to_owned()
    };
    assert_eq!(refused("cut.zip", &packed[..packed.len() / 2]), "malformed_file");
    assert_eq!(refused("none.zip", &zip(&[("lasmig.pdf", b"%PDF")])), "no_delivery");
    assert_eq!(refused("strange.zip", &zip(&[("a.csv", b"x;y\n1;2\n")])), "no_delivery");
    let climbing = zip(&[("../../belagenhetsadresser_kn1884.csv", text.as_bytes())]);
    assert_eq!(refused("climbing.zip", &climbing), "no_delivery");
    assert!(!bench.folder.path().join("belagenhetsadresser_kn1884.csv").exists());
    // A third of a megabyte that would become 300.
    let bomb = zip(&[("a.csv", &vec![b'0'; 300_000_000])]);
    assert!(bomb.len() < 400_000);
    assert_eq!(refused("bomb.zip", &bomb), "over_limit");
}
