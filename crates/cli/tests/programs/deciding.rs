//! A coordinator decides what two people disagree on, from the command line beside a store that is being served.

use serde_json::{Value, json};

use crate::support::{Laptop, Place, Server, answer, refusal, store_of_a_small_network, text};

fn set(laptop: &Laptop, feature: &str, value: &str) {
    let given = format!("material={value}");
    answer(&["field", text(&laptop.dir), "edit", "update", "--id", feature, "--set", &given]);
}

/// The value as a laptop shows it.
fn shown(laptop: &Laptop, feature: &str) -> Value {
    let here = answer(&["field", text(&laptop.dir), "identify", "150000,6600000"]);
    let features = here["features"].as_array().unwrap();
    features.iter().find(|it| it["id"] == feature).unwrap()["properties"]["material"].clone()
}

/// Two laptops that have both written in the same field: the store holds A's, B's is the candidate of a conflict.
fn quarrel(place: &Place, server: &Server) -> (Laptop, Laptop, String) {
    let a = Laptop::join(place.path("a"), &server.url());
    let b = Laptop::join(place.path("b"), &server.url());
    let manhole = a.mark("M-1");
    a.sync();
    b.sync();
    set(&a, &manhole, "torr");
    set(&b, &manhole, "full");
    a.sync();
    b.sync();
    (a, b, manhole)
}

#[test]
fn what_a_coordinator_decides_reaches_both_laptops_and_closes_the_conflict() {
    let (place, store) = store_of_a_small_network();
    let server = Server::start(&store, "127.0.0.1:0");
    let (a, b, manhole) = quarrel(&place, &server);
    let list = answer(&["conflict", "list", text(&store)]);
    let conflicts = list["conflicts"].as_array().unwrap();
    assert_eq!(conflicts.len(), 1, "{list}");
    let clash = &conflicts[0]["fields"]["material"];
    assert_eq!((&clash["store"], &clash["candidate"]), (&json!("torr"), &json!("full")), "{list}");
    let id = conflicts[0]["conflict"].as_str().unwrap();
    let nobody = "00000000-0000-0000-0000-000000000001";
    let side = ["--choose", "candidate", "--by", "Karin Ek", "--note", "Såg efter på plats"];
    let resolve = |id| [&["conflict", "resolve", text(&store), id], &side[..]].concat();
    assert_eq!(refusal(&resolve(nobody)), "not_found");
    answer(&resolve(id));
    assert_eq!(answer(&["conflict", "list", text(&store)])["conflicts"], json!([]));
    for laptop in [&a, &b] {
        laptop.sync();
        assert_eq!(shown(laptop, &manhole), "full");
        let left = answer(&["field", text(&laptop.dir), "conflicts"]);
        assert_eq!(left["conflicts"], json!([]));
    }
}

#[test]
fn a_third_value_holds_too() {
    let (place, store) = store_of_a_small_network();
    let server = Server::start(&store, "127.0.0.1:0");
    let (a, b, manhole) = quarrel(&place, &server);
    let list = answer(&["conflict", "list", text(&store)]);
    let id = list["conflicts"][0]["conflict"].as_str().unwrap().to_owned();
    let arguments = ["conflict", "resolve", text(&store), &id, "--set", "material=halvfull"];
    answer(&[&arguments[..], &["--by", "Karin Ek"]].concat());
    for laptop in [&a, &b] {
        laptop.sync();
        assert_eq!(shown(laptop, &manhole), "halvfull");
    }
}
