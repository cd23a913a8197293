//! What lies inside a polygon or along a corridor, asked on the command line.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Place, Server, answer, refusal, text};

fn ids(found: &Value) -> BTreeSet<String> {
    let features = found["features"].as_array().unwrap();
    features.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_polygon_in_a_file_or_typed_selects_the_same_and_too_large_figures_are_refused_with_a_code() {
    let place = Place::new();
    let (delivery, store) = (place.path("delivery"), place.path("store"));
    answer(&["demo", text(&delivery), "--scale", "0.03"]);
    answer(&["import", text(&store), text(&delivery)]);
    let server = Server::start(&store, "127.0.0.1:0");
    let laptop = place.path("laptop");
    let laptop = text(&laptop);
    answer(&["field", laptop, "join", &format!("http://{}", server.at)]);
    let hit = &answer(&["field", laptop, "search", "kungsg 12"])["hits"][0];
    let (e, n) =
        (hit["position"]["e_m"].as_f64().unwrap(), hit["position"]["n_m"].as_f64().unwrap());
    let corners = [(-60.0, -60.0), (60.0, -60.0), (60.0, 60.0), (-60.0, 60.0)]
        .map(|(x, y): (f64, f64)| [e + x, n + y]);
    let typed = corners.map(|it| format!("{},{}", it[0], it[1])).join(" ");

    let select = |rest: &[&str]| answer(&[&["field", laptop, "select"], rest].concat());
    let found = select(&["--polygon", &typed]);
    assert_eq!(found["format"], "faltkarta.select/1");
    let relations: BTreeSet<&str> = found["features"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["relation"].as_str().unwrap())
        .collect();
    assert_eq!(relations, ["inside", "partly"].into(), "{found}");
    assert!(found["features"][0]["source"].is_string() && found["missing_or_old"].is_array());

    let ring: Vec<[f64; 2]> = corners.iter().chain(&corners[..1]).copied().collect();
    let file = place.path("area.geojson");
    let crs = json!({ "type": "name", "properties": { "name": "urn:ogc:def:crs:EPSG::3009" } });
    let area = json!({ "type": "FeatureCollection", "crs": crs, "features": [{
        "type": "Feature", "properties": {},
        "geometry": { "type": "Polygon", "coordinates": [ring] },
    }] });
    std::fs::write(&file, area.to_string()).unwrap();
    assert_eq!(ids(&select(&["--polygon", text(&file)])), ids(&found));
    let parcels = select(&["--polygon", text(&file), "--dataset", "parcel"]);
    assert!(parcels["features"].as_array().unwrap().iter().all(|it| it["dataset"] == "parcel"));

    let along = format!("{},{n} {},{n}", e - 50.0, e + 50.0);
    let narrow = ids(&select(&["--corridor", &along, "--width", "10"]));
    let wide = ids(&select(&["--corridor", &along, "--width", "60"]));
    assert!(!narrow.is_empty() && narrow.is_subset(&wide) && narrow.len() < wide.len());

    let refused = |rest: &[&str]| refusal(&[&["field", laptop, "select"], rest].concat());
    let far = format!("{e},{n} {e},{}", n + 200_000.0);
    assert_eq!(refused(&["--corridor", &far, "--width", "10"]), "selection_too_large");
    let round: Vec<String> = (0..1_000_000)
        .map(|it| f64::from(it) / 1_000_000.0 * std::f64::consts::TAU)
        .map(|turn| format!("[{:.6},{:.6}]", 15.2 + 0.01 * turn.cos(), 59.6 + 0.01 * turn.sin()))
        .collect();
    let million = format!(r#"{{"type":"Polygon","coordinates":[[{}]]}}"#, round.join(","));
    std::fs::write(&file, million).unwrap();
    assert_eq!(refused(&["--polygon", text(&file)]), "selection_too_large");
    assert_eq!(refused(&["--polygon", "1,2 NaN,3 4,5"]), "invalid_input");
    assert_eq!(refused(&["--polygon", text(&place.path("none.geojson"))]), "file_not_found");
    assert_eq!(refused(&["--corridor", &along, "--width", "0"]), "invalid_input");
}
