//! A burst main in the demo town, from the command line: the answers agree with each other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Place, answer, faltkarta, refusal, text};

fn laptop() -> (Place, PathBuf) {
    let place = Place::new();
    let (delivery, store) = (place.path("delivery"), place.path("store"));
    let (package, laptop) = (place.path("package"), place.path("laptop"));
    answer(&["demo", text(&delivery), "--scale", "0.03"]);
    answer(&["import", text(&store), text(&delivery)]);
    answer(&["package", text(&store), "--to", text(&package), "--all"]);
    answer(&["field", text(&laptop), "install", text(&package)]);
    (place, laptop)
}

fn said(arguments: &[&str]) -> String {
    let done = faltkarta(arguments).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

fn ids(of: &Value) -> BTreeSet<String> {
    let id = |it: &Value| it["id"].as_str().or_else(|| it.as_str()).unwrap().to_owned();
    of.as_array().unwrap().iter().map(id).collect()
}

fn isolate(laptop: &Path, more: &[&str]) -> Value {
    let plan = answer(&[&["field", text(laptop), "isolate"], more].concat());
    assert_eq!(plan["format"], "faltkarta.isolate/1");
    plan
}

#[test]
fn a_shut_off_takes_the_segment_of_its_pipe_and_grows_by_a_valve_that_does_not_work() {
    let (_place, laptop) = laptop();
    let segments: Vec<Value> = said(&["field", text(&laptop), "segments"])
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert!(segments.len() > 10, "{} segments", segments.len());
    let of_pipe = |pipe: &str| -> Vec<&Value> {
        segments.iter().filter(|it| ids(&it["pipes"]).contains(pipe)).collect()
    };
    let mut n_checked = 0;
    for segment in segments.iter().filter(|it| it["connections"].as_u64() > Some(2)) {
        let pipe = ids(&segment["pipes"]).into_iter().next().unwrap();
        if of_pipe(&pipe).len() > 1 {
            continue;
        }
        n_checked += 1;
        let plan = isolate(&laptop, &["--feature", &pipe]);
        let mut around = ids(&plan["valves_to_close"]);
        around.extend(ids(&plan["already_closed"]));
        assert_eq!(around, ids(&segment["valves"]));
        assert_eq!(plan["between_valves"]["connections"], segment["connections"]);
        assert!(ids(&plan["pipes_without_water"]).is_superset(&ids(&segment["pipes"])));
        if n_checked == 12 {
            break;
        }
    }
    assert_eq!(n_checked, 12);
    let pipe = segments
        .iter()
        .filter(|it| ids(&it["valves"]).len() > 1)
        .find_map(|it| ids(&it["pipes"]).into_iter().find(|it| of_pipe(it).len() == 1))
        .unwrap();
    let plan = isolate(&laptop, &["--feature", &pipe]);
    let stuck = &plan["valves_to_close"][0];
    let number = stuck["label"].as_str().unwrap().rsplit(' ').next().unwrap();
    let wider = isolate(&laptop, &["--feature", &pipe, "--inoperable", number]);
    assert!(!ids(&wider["valves_to_close"]).contains(stuck["id"].as_str().unwrap()));
    assert!(wider["length_without_water_m"].as_f64() >= plan["length_without_water_m"].as_f64());
    assert_eq!(
        wider["passed_over"].as_array().unwrap().iter().find(|it| it["id"] == stuck["id"]).unwrap()
            ["reason"],
        "told"
    );
    let words = said(&["field", text(&laptop), "isolate", "--feature", &pipe]);
    assert!(words.contains("Stäng i den här ordningen:") && words.contains("1. Ventil"), "{words}");
}

#[test]
fn what_cannot_be_asked_is_refused_with_a_code_and_the_rest_of_the_network_answers() {
    let (_place, laptop) = laptop();
    let ask = |more: &[&str]| refusal(&[&["field", text(&laptop)], more].concat());
    assert_eq!(ask(&["isolate", "162914,6708920"]), "no_pipe_near");
    let parcel = answer(&["field", text(&laptop), "search", "rya 1:5"]);
    let parcel = parcel["hits"][0]["id"].as_str().unwrap();
    assert_eq!(ask(&["isolate", "--feature", parcel]), "not_on_network");
    assert_eq!(ask(&["isolate", "--feature", "AV-101"]), "invalid_input");
    let at_parcel = answer(&["field", text(&laptop), "search", "kungsg 12"]);
    let position = &at_parcel["hits"][0]["position"];
    let at = format!("{},{}", position["e_m"], position["n_m"]);
    assert_eq!(ask(&["isolate", &at, "--inoperable", "AV-999999"]), "invalid_input");

    let up = answer(&["field", text(&laptop), "trace", "upstream", &at]);
    let down = answer(&["field", text(&laptop), "trace", "downstream", &at]);
    assert_eq!(up["format"], "faltkarta.trace/1");
    assert_eq!(down["pipes"][0]["distance_m"], 0.0);
    assert!(down["ends"].as_array().unwrap().len() <= 1 + up["ends"].as_array().unwrap().len());
    let round = answer(&["field", text(&laptop), "valves", "--by", "critical", "--most", "5"]);
    let lost: Vec<u64> = round["valves"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["connections_lost"].as_u64().unwrap())
        .collect();
    assert!(lost.len() == 5 && lost.is_sorted_by(|a, b| a >= b), "{lost:?}");
    let by_days = answer(&["field", text(&laptop), "valves", "--by", "days"]);
    assert!(by_days["valves"][0]["exercised"].is_null(), "never exercised comes first");
}
