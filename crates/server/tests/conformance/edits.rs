//! OGC API Features: edits of what was seen.

use std::sync::Barrier;

use faltkarta_changes::OperationKind;
use faltkarta_model::Value;
use faltkarta_server::{ImportOptions, import};
use serde_json::{Value as Json, json};

use crate::features::{EPSG, GEO_JSON, ask, get, item, new_valve, read};
use crate::ground::{Ground, with_valves};
use crate::harness::{Laptop, addresses, field, send, text, valve_id};

pub(crate) fn a_feature_is_made_replaced_patched_and_taken_away_over_http(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    laptop.pull(500);
    let made = ask(&laptop, "POST", "/collections/valve/items", &[GEO_JSON], &new_valve("AV-9"));
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    let path = made.headers["location"].split_once("/ogc").unwrap().1.to_owned();
    let feature: Json = made.json();
    assert_eq!(path, format!("/collections/valve/items/{}", feature["id"].as_str().unwrap()));
    let first = made.headers["etag"].clone();
    // A laptop hears of it, and of who did it.
    let entry = laptop.pull(500).entries.remove(0);
    assert_eq!(entry.feature.to_string(), feature["id"]);
    let by = entry.by.unwrap();
    assert_eq!((by.user.as_str(), by.device.as_str()), ("Tekniker A", "Bil 3"));
    // Known already, until it changes.
    let known = ask(&laptop, "GET", &path, &[("If-None-Match", &first)], &Json::Null);
    assert_eq!((known.status, known.body.len()), (304, 0));
    // Without If-Match nothing, with a wrong one nothing.
    let mut whole = feature.clone();
    whole["properties"]["antal_varv"] = json!(14);
    let put = |tag: Option<&str>, body: &Json| {
        let mut headers = vec![GEO_JSON];
        headers.extend(tag.map(|it| ("If-Match", it)));
        ask(&laptop, "PUT", &path, &headers, body)
    };
    assert_eq!(
        (put(None, &whole).status, put(None, &whole).code().as_str()),
        (428, "if_match_needed")
    );
    for wrong in ["\"1.1.0000000000000000.CRS84\"", "W/\"x\"", &format!("W/{first}"), "x", ""] {
        assert_eq!(put(Some(wrong), &whole).status, 412, "{wrong}");
    }
    let replaced = put(Some(&first), &whole);
    assert_eq!(replaced.status, 200);
    let second = replaced.headers["etag"].clone();
    assert_ne!(first, second);
    assert_eq!(put(Some(&first), &whole).code(), "not_as_seen");
    // The same once more changes nothing and makes no entry; a tag of another reference system is good too.
    let head = store.head().unwrap();
    let other = read(&laptop, &format!("{path}?crs={EPSG}3006")).headers["etag"].clone();
    assert_ne!(other, second);
    assert_eq!(put(Some(&other), &whole).headers["etag"], second);
    assert_eq!(put(Some("*"), &whole).headers["etag"], second);
    assert_eq!(store.head().unwrap(), head);
    // A patch names what it changes.
    let patch = json!({"properties": {"lage": null}, "geometry":
        {"type": "Point", "coordinates": [6608930.5, 162920.25]}});
    let content_crs = format!("<{EPSG}3009>");
    let headers = [
        ("If-Match", second.as_str()),
        ("Content-Type", "application/merge-patch+json"),
        ("Content-Crs", content_crs.as_str()),
    ];
    let patched = ask(&laptop, "PATCH", &path, &headers, &patch);
    assert_eq!(patched.status, 200, "{}", String::from_utf8_lossy(&patched.body));
    let now: Json = patched.json();
    assert_eq!(now["geometry"]["coordinates"], json!([6608930.5, 162920.25]));
    assert_eq!(
        (&now["properties"]["lage"], &now["properties"]["antal_varv"]),
        (&Json::Null, &json!(14))
    );
    let third = patched.headers["etag"].clone();
    let gone = ask(&laptop, "DELETE", &path, &[("If-Match", &third)], &Json::Null);
    assert_eq!((gone.status, gone.body.len()), (204, 0));
    assert_eq!(read(&laptop, &path).status, 404);
    assert_eq!(put(Some(&third), &whole).status, 404);
    store.verify_feed().unwrap();
    assert!(store.open_conflicts().unwrap().is_empty() && store.held_ops().unwrap().is_empty());
}

pub(crate) fn of_two_replacements_at_once_exactly_one_wins(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let laptops = [Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2)];
    let path = item(valve_id("v1"));
    for round in 0..10 {
        let seen = read(&laptops[0], &path);
        let (tag, feature) = (seen.headers["etag"].clone(), seen.json::<Json>());
        let barrier = Barrier::new(2);
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let runs: Vec<_> = laptops
                .iter()
                .enumerate()
                .map(|(n, laptop)| {
                    let (barrier, tag, path) = (&barrier, &tag, &path);
                    let mut body = feature.clone();
                    // Different fields: a merge would take both, and each would have overwritten what it never saw.
                    body["properties"][["antal_varv", "dimension"][n]] =
                        json!(1_000 + round * 2 + n);
                    scope.spawn(move || {
                        barrier.wait();
                        ask(laptop, "PUT", path, &[("If-Match", tag), GEO_JSON], &body).status
                    })
                })
                .collect();
            runs.into_iter().map(|it| it.join().unwrap()).collect()
        });
        let mut sorted = statuses.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [200, 412], "round {round}");
    }
    store.verify_feed().unwrap();
    assert!(store.open_conflicts().unwrap().is_empty());
}

pub(crate) fn what_cannot_be_taken_is_named_and_changes_nothing(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let laptop = Laptop::join(serving.address(), 1);
    let head = store.head().unwrap();
    let with = |change: &dyn Fn(&mut Json)| {
        let mut body = new_valve("AV-9");
        change(&mut body);
        let answer = ask(&laptop, "POST", "/collections/valve/items", &[GEO_JSON], &body);
        let problem: Json = answer.json();
        assert_eq!(problem["type"], format!("urn:faltkarta:problem:{}", answer.code()));
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        (answer.status, answer.code(), problem["field"].as_str().unwrap_or_default().to_owned())
    };
    let refused =
        |status: u16, code: &str, field: &str| (status, code.to_owned(), field.to_owned());
    let set = |name: &'static str, value: Json| {
        move |it: &mut Json| it["properties"][name] = value.clone()
    };
    assert_eq!(with(&set("farg", json!("röd"))), refused(422, "unknown_property", "farg"));
    assert_eq!(with(&set("antal_varv", json!("tolv"))), refused(422, "wrong_type", "antal_varv"));
    assert_eq!(with(&set("antal_varv", json!(1.5))), refused(422, "wrong_type", "antal_varv"));
    assert_eq!(with(&set("antal_varv", json!(9_007_199_254_740_992_i64))).1, "wrong_type");
    assert_eq!(with(&set("antal_varv", json!(1e300))).1, "wrong_type");
    assert_eq!(with(&set("senast_motionerad", json!("2026-02-31"))).1, "wrong_type");
    assert_eq!(with(&set("nummer", Json::Null)), refused(422, "required_missing", "nummer"));
    let shape = |json: Json| move |it: &mut Json| it["geometry"] = json.clone();
    let line = json!({"type": "LineString", "coordinates": [[15.2, 59.5], [15.3, 59.5]]});
    assert_eq!(with(&shape(line)), refused(422, "wrong_geometry", "geometry"));
    let turned = json!({"type": "Point", "coordinates": [59.59, 15.22]});
    assert_eq!(with(&shape(turned)), refused(422, "bad_coordinates", "geometry"));
    assert_eq!(with(&|it: &mut Json| it["type"] = json!("Thing")).1, "not_a_feature");
    assert_eq!(with(&|it: &mut Json| *it = json!([])).1, "not_a_feature");
    assert_eq!(with(&|it: &mut Json| it["properties"] = json!(7)).1, "not_a_feature");
    // Another valve has the number: refused, where a laptop's edit would stand beside it.
    assert_eq!(with(&set("nummer", json!("AV-1"))), refused(409, "conflict", "nummer"));
    let bytes = |content_type: &str, body: &[u8]| {
        let bearer = laptop.bearer();
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", content_type)];
        let answer = send(laptop.address, "POST", "/ogc/collections/valve/items", &headers, body);
        (answer.status, answer.code())
    };
    assert_eq!(bytes("text/plain", b"{}"), (415, "unknown_media_type".into()));
    assert_eq!(bytes("application/json", b"{"), (400, "malformed".into()));
    assert_eq!(bytes("application/json", &vec![b'['; 100_000]), (400, "malformed".into()));
    assert_eq!(bytes("application/json", &vec![b' '; 5 * 1024 * 1024]), (413, "too_large".into()));
    assert_eq!(store.head().unwrap(), head);
    assert!(store.open_conflicts().unwrap().is_empty() && store.held_ops().unwrap().is_empty());
}

pub(crate) fn an_edit_of_a_dataset_that_is_decided_about_waits_for_the_coordinator(
    ground: &Ground,
) {
    let (store, serving) = with_valves(ground);
    let file = ground
        .bench
        .write("adresser.csv", &addresses(&[("a1", "Storgatan", "1", 6606277.0, 512909.0)]));
    import(store.as_ref(), &[file], &ImportOptions::default(), ground.rim()).unwrap();
    let technician = Laptop::join(serving.address(), 1);
    let coordinator =
        Laptop::join_as(serving.address(), 2, store.as_ref(), ground.rim(), "coordinator");
    let page: Json = get(&serving, "/collections/address/items", &[]).json();
    let path =
        format!("/collections/address/items/{}", page["features"][0]["id"].as_str().unwrap());
    let tag = get(&serving, &path, &[]).headers["etag"].clone();
    let patch = json!({"properties": {"number": "2"}});
    let headers = [("If-Match", tag.as_str()), GEO_JSON];
    let proposed = ask(&technician, "PATCH", &path, &headers, &patch);
    assert_eq!((proposed.status, proposed.code().as_str()), (202, "proposed"));
    let held = store.held_ops().unwrap();
    assert_eq!(
        (held.len(), held[0].op.to_string()),
        (1, proposed.json::<Json>()["operation"].as_str().unwrap().to_owned())
    );
    assert_eq!(get(&serving, &path, &[]).headers["etag"], tag);
    assert_eq!(ask(&coordinator, "PATCH", &path, &headers, &patch).status, 200);
    assert_ne!(get(&serving, &path, &[]).headers["etag"], tag);
}

pub(crate) fn a_valve_is_taken_away_and_its_inspections_stay(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    let tag = read(&laptop, &item(valve_id("v1"))).headers["etag"].clone();
    let inspection = laptop.hand.inspection(90, valve_id("v1"));
    laptop.push(std::slice::from_ref(&inspection));
    // Whoever takes a valve away is shown its inspections by the store; they are known then, and stay.
    let gone = ask(&laptop, "DELETE", &item(valve_id("v1")), &[("If-Match", &tag)], &Json::Null);
    assert_eq!(gone.status, 204);
    assert!(store.feature(inspection.feature).unwrap().is_some());
    assert!(store.open_conflicts().unwrap().is_empty());
}

pub(crate) fn a_value_of_another_type_is_shown_as_null_and_stays_stored(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    let change = [("antal_varv", Value::Int(12), text("många")), ("okand", Value::Null, text("x"))];
    let op = laptop.hand.op(OperationKind::Update, valve_id("v1"), &change);
    laptop.push(&[op]);
    let seen = read(&laptop, &item(valve_id("v1")));
    let mut feature: Json = seen.json();
    assert_eq!(feature["properties"]["antal_varv"], Json::Null);
    assert!(feature["properties"].get("okand").is_none());
    feature["properties"]["lage"] = json!("stängd");
    let headers = [("If-Match", seen.headers["etag"].as_str()), GEO_JSON];
    assert_eq!(ask(&laptop, "PUT", &item(valve_id("v1")), &headers, &feature).status, 200);
    let stored = store.feature(valve_id("v1")).unwrap().unwrap();
    assert_eq!(stored.properties[&field("antal_varv")], text("många"));
    assert_eq!(stored.properties[&field("okand")], text("x"));
    assert_eq!(stored.properties[&field("lage")], text("stängd"));
}
