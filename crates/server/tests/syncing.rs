//! The embedded store behind the wire, where its files matter.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod harness;

use std::sync::Arc;

use faltkarta_formats::Mapping;
use faltkarta_server::{GeodataStore as _, ImportOptions, Serving, SqliteStore, import};
use harness::{Bench, Laptop, VALVE_MAPPING, kinds, valves};

fn with_valves(bench: &Bench) -> (Arc<SqliteStore>, Serving) {
    let store = bench.open();
    let file = bench
        .write("ventiler.csv", &valves(&[("v1", "AV-1", "öppen", 12), ("v2", "AV-2", "öppen", 9)]));
    let mapping = Some(Mapping::parse(VALVE_MAPPING).unwrap());
    let options = ImportOptions { mapping, ..ImportOptions::default() };
    import(&store, &[file], &options, bench.rim.as_ref()).unwrap();
    let store = Arc::new(store);
    let serving = bench.serve(store.clone());
    (store, serving)
}

#[test]
fn a_full_disk_is_told_and_the_store_is_unharmed() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    store.limit_pages(90).unwrap();
    let head = store.head().unwrap();
    let long = "x".repeat(200_000);
    let ops = [laptop.hand.create_valve(93, "AV-93"), laptop.hand.create_valve(94, &long)];
    let answer = laptop.try_push(&ops);
    assert_eq!((answer.status, answer.code().as_str()), (507, "disk_full"));
    assert_eq!(store.verify_feed().unwrap(), head);
    assert!(store.feature(ops[0].feature).unwrap().is_none());
    store.limit_pages(1_000_000).unwrap();
    assert_eq!(kinds(&laptop.push(&ops)), ["applied", "applied"]);
}
