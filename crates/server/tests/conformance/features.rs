//! OGC API Features: what everybody may read, what is found, and pages while somebody writes.

use faltkarta_changes::OperationKind;
use faltkarta_formats::Mapping;
use faltkarta_model::FeatureId;
use faltkarta_server::{GeodataStore, ImportOptions, Serving, import};
use serde_json::{Value as Json, json};

use crate::ground::{Ground, with_valves};
use crate::harness::{Answer, Laptop, addresses, send, text, valve_id};

pub(crate) const GEO_JSON: (&str, &str) = ("Content-Type", "application/geo+json");
pub(crate) const EPSG: &str = "http://www.opengis.net/def/crs/EPSG/0/";

pub(crate) fn get(serving: &Serving, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(serving.address(), "GET", &format!("/ogc{path}"), headers, &[])
}

pub(crate) fn ask(
    laptop: &Laptop,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &Json,
) -> Answer {
    let bearer = laptop.bearer();
    let mut all = vec![("Authorization", bearer.as_str())];
    all.extend_from_slice(headers);
    let body = if body.is_null() { vec![] } else { body.to_string().into_bytes() };
    send(laptop.address, method, &format!("/ogc{path}"), &all, &body)
}

pub(crate) fn item(valve: FeatureId) -> String {
    format!("/collections/valve/items/{valve}")
}

pub(crate) fn read(laptop: &Laptop, path: &str) -> Answer {
    ask(laptop, "GET", path, &[], &Json::Null)
}

pub(crate) fn new_valve(number: &str) -> Json {
    json!({
        "type": "Feature", "geometry": {"type": "Point", "coordinates": [15.2286448, 59.5945162]},
        "properties": {"nummer": number, "ventil_id": number, "lage": "öppen"},
    })
}

/// The last part of a link to the next page.
fn next(page: &Json) -> Option<String> {
    let links = page["links"].as_array().unwrap();
    let next = links.iter().find(|it| it["rel"] == "next")?;
    let href = next["href"].as_str().unwrap();
    Some(href.split_once("/ogc").unwrap().1.to_owned())
}

fn numbers(page: &Json) -> Vec<String> {
    let features = page["features"].as_array().unwrap();
    features.iter().map(|it| it["properties"]["nummer"].as_str().unwrap().to_owned()).collect()
}

/// Many valves, one metre apart to the east.
fn with_many(ground: &Ground, n: usize) -> (std::sync::Arc<dyn GeodataStore>, Serving) {
    let store = ground.open();
    let names: Vec<(String, String)> =
        (0..n).map(|it| (format!("v{it}"), format!("AV-{it}"))).collect();
    let rows: Vec<_> = names
        .iter()
        .enumerate()
        .map(|(n, (id, number))| (id.as_str(), number.as_str(), "öppen", n as i64))
        .collect();
    let file = ground.bench.write("ventiler.csv", &crate::harness::valves(&rows));
    let mapping = Some(Mapping::parse(crate::harness::VALVE_MAPPING).unwrap());
    let options = ImportOptions { mapping, ..ImportOptions::default() };
    import(store.as_ref(), &[file], &options, ground.rim()).unwrap();
    let serving = ground.bench.serve(store.clone());
    (store, serving)
}

pub(crate) fn what_is_open_is_read_by_everybody_and_the_rest_by_those_who_may(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let file = ground
        .bench
        .write("adresser.csv", &addresses(&[("a1", "Storgatan", "1", 6606277.0, 512909.0)]));
    import(store.as_ref(), &[file], &ImportOptions::default(), ground.rim()).unwrap();
    let reader = Laptop::join_as(serving.address(), 1, store.as_ref(), ground.rim(), "reader");
    let technician = Laptop::join(serving.address(), 2);
    let ids = |answer: &Answer| -> Vec<String> {
        let document: Json = answer.json();
        let all = document["collections"].as_array().unwrap();
        all.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    let open = ids(&get(&serving, "/collections", &[]));
    assert!(open.contains(&"address".to_owned()) && !open.contains(&"valve".to_owned()));
    assert!(!open.contains(&"inspection".to_owned()));
    assert!(ids(&read(&technician, "/collections")).contains(&"valve".to_owned()));
    let of_reader = ids(&read(&reader, "/collections"));
    assert!(
        of_reader.contains(&"inspection".to_owned()) && !of_reader.contains(&"valve".to_owned())
    );
    let page: Json = get(&serving, "/collections/address/items", &[]).json();
    assert_eq!(page["numberReturned"], 1);
    for path in ["", "/items", "/queryables", "/schema"] {
        let path = format!("/collections/valve{path}");
        let refused = get(&serving, &path, &[]);
        assert_eq!((refused.status, refused.code().as_str()), (401, "signed_out"));
        assert!(refused.headers["www-authenticate"].contains("Basic"));
        let refused = read(&reader, &path);
        assert_eq!((refused.status, refused.code().as_str()), (403, "unpermitted"));
        assert_eq!(read(&technician, &path).status, 200);
    }
    // A token that is not good is told of, also where none is needed.
    let wrong = get(&serving, "/collections/address", &[("Authorization", "Bearer nobody")]);
    assert_eq!(wrong.status, 401);
    // Programs for maps send it as a password.
    let pair = base64_of(&format!("anybody:{}", technician.joined.token));
    let basic = [("Authorization", pair.as_str())];
    assert_eq!(get(&serving, "/collections/valve/items", &basic).status, 200);
    // Who edits needs a token and a role; what is read only is edited by nobody.
    let post = |laptop: Option<&Laptop>, id: &str| {
        let path = format!("/collections/{id}/items");
        let answer = match laptop {
            Some(laptop) => ask(laptop, "POST", &path, &[GEO_JSON], &new_valve("AV-9")),
            None => send(serving.address(), "POST", &format!("/ogc{path}"), &[GEO_JSON], b"{}"),
        };
        (answer.status, answer.code())
    };
    assert_eq!(post(None, "address"), (401, "signed_out".into()));
    assert_eq!(post(Some(&reader), "address"), (403, "unpermitted".into()));
    assert_eq!(post(Some(&technician), "parcel"), (403, "read_only".into()));
    assert!(store.held_ops().unwrap().is_empty());
}

fn base64_of(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::from("Basic ");
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0_u32, |all, it| all << 8 | u32::from(*it))
            << (8 * (3 - chunk.len()));
        for n in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * n) & 63) as usize];
            out.push(if n > chunk.len() { '=' } else { char::from(letter) });
        }
    }
    out
}

pub(crate) fn pages_neither_skip_nor_repeat_while_somebody_writes(ground: &Ground) {
    let (store, serving) = with_many(ground, 25);
    let laptop = Laptop::join(serving.address(), 1);
    let mut path = "/collections/valve/items?limit=4".to_owned();
    let mut seen = vec![];
    for n in 0.. {
        let page: Json = read(&laptop, &path).json();
        assert_eq!(
            page["features"].as_array().unwrap().len(),
            page["numberReturned"].as_u64().unwrap() as usize
        );
        seen.extend(numbers(&page));
        // Between two pages one that was shown is deleted, one is changed, and a new one comes.
        if n < 3 {
            let gone = valve_id(&format!("v{n}"));
            let tag = read(&laptop, &item(gone)).headers["etag"].clone();
            let answer = ask(&laptop, "DELETE", &item(gone), &[("If-Match", &tag)], &Json::Null);
            assert_eq!(answer.status, 204);
            let changed = valve_id(&format!("v{}", 20 + n));
            let tag = read(&laptop, &item(changed)).headers["etag"].clone();
            let patch = json!({"properties": {"lage": "stängd"}});
            let answer =
                ask(&laptop, "PATCH", &item(changed), &[("If-Match", &tag), GEO_JSON], &patch);
            assert_eq!(answer.status, 200);
            let new = new_valve(&format!("NY-{n}"));
            let answer = ask(&laptop, "POST", "/collections/valve/items", &[GEO_JSON], &new);
            assert_eq!(answer.status, 201);
        }
        match next(&page) {
            Some(link) => path = link,
            None => break,
        }
    }
    let mut wanted: Vec<String> = (0..25).map(|it| format!("AV-{it}")).collect();
    wanted.extend((0..3).map(|it| format!("NY-{it}")));
    // The first page showed v0 to v3 before v1 and v2 were deleted.
    assert_eq!(seen, wanted);
    assert_eq!(store.count_features(&crate::harness::dataset("valve")).unwrap(), 25);
    store.verify_feed().unwrap();
}

pub(crate) fn features_are_found_by_place_by_value_and_by_filter(ground: &Ground) {
    let (_store, serving) = with_many(ground, 30);
    let laptop = Laptop::join(serving.address(), 1);
    let found = |query: &str| -> Vec<String> {
        let answer = read(&laptop, &format!("/collections/valve/items?limit=50&{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", String::from_utf8_lossy(&answer.body));
        numbers(&answer.json())
    };
    let three = ["AV-3", "AV-4", "AV-5"];
    let grid = format!("bbox-crs={EPSG}3009");
    // Northing before easting, as the definition of the grid has it.
    assert_eq!(found(&format!("bbox=6608919,162916.5,6608921,162919.5&{grid}")), three);
    assert!(found(&format!("bbox=162916.5,6608919,162919.5,6608921&{grid}")).is_empty());
    assert_eq!(found(&format!("bbox=6608919,162916.5,0,6608921,162919.5,9&{grid}")), three);
    assert_eq!(found("bbox=15.2,59.5,15.3,59.6").len(), 30);
    assert_eq!(found(&format!("bbox=59.5,15.2,59.6,15.3&bbox-crs={EPSG}4326")).len(), 30);
    assert!(found("bbox=59.5,15.2,59.6,15.3").is_empty());
    assert_eq!(found("bbox=-180,-90,180,90").len(), 30);
    assert_eq!(found("nummer=AV-7"), ["AV-7"]);
    assert_eq!(found("nummer=AV-7&antal_varv=8"), Vec::<String>::new());
    assert_eq!(found("antal_varv=7&lage=%C3%B6ppen"), ["AV-7"]);
    assert_eq!(found("filter=antal_varv%20BETWEEN%203%20AND%205"), three);
    assert_eq!(
        found("filter=nummer%20LIKE%20'AV-1_'%20AND%20NOT%20antal_varv%20%3C%2018"),
        ["AV-18", "AV-19"]
    );
    assert_eq!(found("filter=nummer%20IN%20('AV-1','%C3%A5','AV-2')"), ["AV-1", "AV-2"]);
    assert_eq!(found("filter=nummer%3D'AV-7'&filter-lang=cql2-text"), ["AV-7"]);
    let shape = "S_INTERSECTS(geometry,POLYGON((6608919%20162916.5,6608921%20162916.5,6608921%20162919.5,\
                 6608919%20162916.5)))";
    let crs = format!("filter-crs={EPSG}3009");
    assert_eq!(found(&format!("filter={shape}&{crs}")), ["AV-3", "AV-4"]);
    // A dataset with a date shows those that have one then.
    assert!(found("datetime=2026-01-01/..").is_empty());
    // In the midst of a filter a page goes on where it was.
    let page: Json =
        read(&laptop, "/collections/valve/items?limit=2&filter=antal_varv%20%3E%2025").json();
    assert_eq!(numbers(&page), ["AV-26", "AV-27"]);
    assert!(page.get("numberMatched").is_none());
    let page: Json = read(&laptop, &next(&page).unwrap()).json();
    assert_eq!(numbers(&page), ["AV-28", "AV-29"]);
    assert_eq!(next(&page), None);
    let whole: Json = read(&laptop, "/collections/valve/items?limit=1").json();
    assert_eq!(whole["numberMatched"], 30);
}

pub(crate) fn each_reference_system_has_its_own_order_of_ordinates(ground: &Ground) {
    let (_store, serving) = with_valves(ground);
    let laptop = Laptop::join(serving.address(), 1);
    let at = |crs: &str| -> (f64, f64) {
        let query = if crs.is_empty() { String::new() } else { format!("?crs={crs}") };
        let wanted = if crs.is_empty() {
            "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>".to_owned()
        } else {
            format!("<{crs}>")
        };
        let one = read(&laptop, &format!("{}{query}", item(valve_id("v1"))));
        let many = read(&laptop, &format!("/collections/valve/items{query}"));
        assert_eq!((&one.headers["content-crs"], &many.headers["content-crs"]), (&wanted, &wanted));
        let (one, many): (Json, Json) = (one.json(), many.json());
        let coordinates = &one["geometry"]["coordinates"];
        assert_eq!(*coordinates, many["features"][0]["geometry"]["coordinates"]);
        (coordinates[0].as_f64().unwrap(), coordinates[1].as_f64().unwrap())
    };
    let near = |crs: &str, first: f64, second: f64, by: f64| {
        let (a, b) = at(crs);
        assert!((a - first).abs() < by && (b - second).abs() < by, "{crs}: {a} {b}");
    };
    near("", 15.228_642, 59.594_511, 2e-6);
    near(&format!("{EPSG}4326"), 59.594_511, 15.228_642, 2e-6);
    assert_eq!(at(&format!("{EPSG}3009")), (6_608_920.0, 162_914.0));
    near(&format!("{EPSG}3006"), 6_606_276.43, 512_908.83, 0.01);
    near(&format!("{EPSG}3857"), 1_695_245.0, 8_310_009.5, 2.0);
    let collection: Json = read(&laptop, "/collections/valve").json();
    assert_eq!(collection["storageCrs"], format!("{EPSG}3009"));
    assert_eq!(collection["crs"].as_array().unwrap().len(), 5);
    let unknown = read(&laptop, &format!("/collections/valve/items?crs={EPSG}3021"));
    assert_eq!((unknown.status, unknown.code().as_str()), (400, "bad_parameter"));
}

pub(crate) fn addresses_that_mean_nothing_are_refused_with_stable_codes(ground: &Ground) {
    let (_store, serving) = with_valves(ground);
    let laptop = Laptop::join(serving.address(), 1);
    for (path, status, code) in [
        ("/nowhere", 404, "not_found"),
        ("/collections/nowhere", 404, "not_found"),
        ("/collections/valve/items/7", 404, "not_found"),
        ("/collections/hydrant/items/VALVE", 404, "not_found"),
        ("/?x=1", 400, "unknown_parameter"),
        ("/collections/valve/items?farg=1", 400, "unknown_parameter"),
        ("/collections/valve/items?limit=5&limit=6", 400, "bad_parameter"),
        ("/collections/valve/items?limit=0", 400, "bad_parameter"),
        ("/collections/valve/items?bbox=1,2,3", 400, "bad_parameter"),
        ("/collections/valve/items?bbox=1,2,3,x", 400, "bad_parameter"),
        ("/collections/valve/items?datetime=yesterday", 400, "bad_parameter"),
        ("/collections/valve/items?cursor=41", 400, "bad_parameter"),
        ("/collections/valve/items?antal_varv=x", 400, "bad_parameter"),
        ("/collections/valve/items?filter=farg%3D1", 400, "bad_filter"),
        ("/collections/valve/items?filter=%22", 400, "bad_filter"),
        ("/collections/valve/items?filter-lang=cql-text", 400, "bad_parameter"),
        ("/collections/valve/items?f=gml", 400, "bad_parameter"),
        ("/collections/%ff", 400, "malformed"),
    ] {
        let path = path.replace("VALVE", &valve_id("v1").to_string());
        let answer = read(&laptop, &path);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{path}");
    }
    let csv = get(&serving, "/", &[("Accept", "text/csv")]);
    assert_eq!((csv.status, csv.code().as_str()), (406, "not_acceptable"));
    let answer = ask(&laptop, "POST", "/collections", &[], &Json::Null);
    assert_eq!((answer.status, answer.headers["allow"].as_str()), (405, "GET, HEAD, OPTIONS"));
    let options = ask(&laptop, "OPTIONS", "/collections/valve/items", &[], &Json::Null);
    assert_eq!(
        (options.status, options.headers["allow"].as_str()),
        (204, "GET, HEAD, OPTIONS, POST")
    );
    let options = ask(&laptop, "OPTIONS", "/collections/parcel/items", &[], &Json::Null);
    assert_eq!(options.headers["allow"], "GET, HEAD, OPTIONS");
}

pub(crate) fn people_get_pages_in_swedish_that_run_nothing(ground: &Ground) {
    let (_store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    let wild = "<script>alert(1)</script>";
    let change = [("lage", text("öppen"), text(wild))];
    let op = laptop.hand.op(OperationKind::Update, valve_id("v1"), &change);
    laptop.push(&[op]);
    for path in [
        "/".to_owned(),
        "/conformance".into(),
        "/api".into(),
        "/collections".into(),
        "/collections/valve".into(),
        "/collections/valve/queryables".into(),
        "/collections/valve/items?limit=1".into(),
        item(valve_id("v1")),
        "/nowhere".into(),
    ] {
        let answer = ask(&laptop, "GET", &path, &[("Accept", "text/html, */*;q=0.1")], &Json::Null);
        let page = String::from_utf8(answer.body).unwrap();
        assert!(answer.headers["content-type"].starts_with("text/html"), "{path}");
        let policy = &answer.headers["content-security-policy"];
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}");
        assert!(page.contains("<html lang=\"sv\">") && page.contains("<main>"), "{path}");
        assert!(!page.contains("<script"), "{path}");
    }
    let shown = ask(&laptop, "GET", &item(valve_id("v1")), &[("Accept", "text/html")], &Json::Null);
    let shown = String::from_utf8(shown.body).unwrap();
    assert!(shown.contains("&lt;script&gt;") && shown.contains("<svg") && shown.contains("BKT VA"));
    assert!(shown.contains("Läge"));
}
