//! Declarations that change while edits are under way.

use std::sync::Arc;

use faltkarta_changes::OperationKind;
use faltkarta_model::Value;
use faltkarta_protocol::{Declaration, Outcome, SchemaRevision};
use faltkarta_server::GeodataStore;

use crate::ground::{Ground, close, let_go, with_valves};
use crate::harness::{Laptop, dataset, field, kinds, text, valve_id};

/// The declaration of valves, changed.
fn redeclare(ground: &Ground, change: impl Fn(&str) -> String) {
    let path = ground.declarations().join("valve.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, change(&text)).unwrap();
}

/// Fabrikat was free text and becomes a whole number of its own name; nothing of sense, but a change of type.
fn with_number(toml: &str) -> String {
    let (fields, sources) = toml.split_once("[[source]]").unwrap();
    format!(
        "{fields}[[field]]\nid = \"fabrikat_nr\"\ntitle = {{ sv = \"Nr\", en = \"No\" }}\ntype = \"int\"\n\
         replaces = \"fabrikat\"\n\n[[source]]{sources}"
    )
}

fn reopened(
    ground: &Ground,
    store: Arc<dyn GeodataStore>,
    serving: faltkarta_server::Serving,
) -> (Arc<dyn GeodataStore>, faltkarta_server::Serving) {
    drop(serving);
    let_go(store);
    let store = ground.open();
    let serving = ground.bench.serve(store.clone());
    (store, serving)
}

pub(crate) fn every_revision_is_kept_and_each_page_names_the_one_in_force(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    let valve = |revision| SchemaRevision { dataset: dataset("valve"), revision };
    assert!(laptop.pull(500).schema.contains(&valve(1)));
    redeclare(ground, with_number);
    let (_store, serving) = reopened(ground, store, serving);
    laptop.address = serving.address();
    assert!(laptop.pull(500).schema.contains(&valve(2)));
    let get = |revision: u32| laptop.send("GET", &format!("/schema/valve/{revision}"), &[], &[]);
    let first: Declaration = get(1).json();
    let second: Declaration = get(2).json();
    assert!(!first.toml.contains("fabrikat_nr") && second.toml.contains("fabrikat_nr"));
    assert_eq!((first.revision, second.dataset), (1, dataset("valve")));
    for path in ["/schema/valve/3", "/schema/nowhere/1", "/schema/valve/x"] {
        let answer = laptop.send("GET", path, &[], &[]);
        assert_eq!((answer.status, answer.code().len() > 3), (404, true), "{path}");
    }
}

fn number_of(store: &dyn GeodataStore, valve: &str) -> Option<Value> {
    let row = store.feature(valve_id(valve)).unwrap().unwrap();
    row.properties.get(&field("fabrikat_nr")).cloned()
}

pub(crate) fn an_edit_of_an_older_revision_is_translated(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    let known = [("fabrikat", Value::Null, text("12"))];
    let before = laptop.hand.op(OperationKind::Update, valve_id("v1"), &known);
    laptop.push(&[before]);
    redeclare(ground, with_number);
    let (store, serving) = reopened(ground, store, serving);
    laptop.address = serving.address();
    // What was there is converted, once, and told.
    let number = |valve: &str| number_of(store.as_ref(), valve);
    assert_eq!((number("v1"), number("v2")), (Some(Value::Int(12)), None));
    let head = store.head().unwrap().seq;
    // Edits that were made before the laptop heard of it.
    let edit = [("fabrikat", text("12"), text("14"))];
    let edit = laptop.hand.op(OperationKind::Update, valve_id("v1"), &edit);
    let impossible = [("fabrikat", Value::Null, text("Hawle"))];
    let impossible = laptop.hand.op(OperationKind::Update, valve_id("v2"), &impossible);
    let outcomes = laptop.push(&[edit, impossible]);
    assert_eq!(kinds(&outcomes), ["merged", "parked"]);
    assert_eq!(outcomes[1].outcome, Outcome::Parked { why: "schema".into() });
    assert_eq!((number("v1"), number("v2")), (Some(Value::Int(14)), None));
    let row = store.feature(valve_id("v1")).unwrap().unwrap();
    assert_eq!(row.properties[&field("fabrikat")], text("14"));
    assert_eq!(store.head().unwrap().seq, head + 1);
    // Opened once more, nothing is converted again.
    let (store, serving) = reopened(ground, store, serving);
    assert_eq!(store.head().unwrap().seq, head + 1);
    store.verify_feed().unwrap();
    drop(serving);
}

pub(crate) fn an_edit_of_a_newer_revision_waits_until_the_store_knows_it(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    let mut op = close(&mut laptop.hand, "v1");
    op.schema_rev = 2;
    assert_eq!(kinds(&laptop.push(std::slice::from_ref(&op))), ["parked"]);
    redeclare(ground, with_number);
    let (store, serving) = reopened(ground, store, serving);
    assert!(store.held_ops().unwrap().is_empty());
    let valve = store.feature(valve_id("v1")).unwrap().unwrap();
    assert_eq!(valve.properties[&field("lage")], text("stängd"));
    laptop.address = serving.address();
    assert_eq!(laptop.pull(500).entries.last().unwrap().op, op.id);
}

pub(crate) fn a_push_of_another_version_is_kept_and_taken_in_by_a_program_that_knows_it(
    ground: &Ground,
) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    let op = close(&mut laptop.hand, "v1");
    let mut body: serde_json::Value =
        serde_json::from_slice(&laptop.push_body(std::slice::from_ref(&op))).unwrap();
    for protocol in [0, 2, 3, 4] {
        body["protocol"] = protocol.into();
        // Twice, as a laptop does with every round.
        for _ in 0..2 {
            let answer = laptop.send("POST", "/push", &[], body.to_string().as_bytes());
            assert_eq!((answer.status, answer.code().as_str()), (426, "version_mismatch"));
        }
    }
    assert_eq!(store.raw_pushes().unwrap().len(), 4);
    // The program that is installed next knows the words: the same body under the version of this one.
    body["protocol"] = 1.into();
    let device = store.devices().unwrap().remove(0);
    store.keep_raw_push(&device, body.to_string().as_bytes(), device.joined_at).unwrap();
    let (store, serving) = reopened(ground, store, serving);
    assert_eq!(store.raw_pushes().unwrap().len(), 4);
    let valve = store.feature(valve_id("v1")).unwrap().unwrap();
    assert_eq!(valve.properties[&field("lage")], text("stängd"));
    laptop.address = serving.address();
    let last = laptop.pull(500).entries.pop().unwrap();
    assert_eq!((last.op, last.by.unwrap().device.as_str()), (op.id, "Bil 3"));
    assert_eq!(kinds(&laptop.push(&[op])), ["applied"]);
}
