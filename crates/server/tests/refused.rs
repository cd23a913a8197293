//! Broken and odd deliveries taken into a store: what is refused leaves it as it was, to the byte that it tells.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod harness;

#[path = "../../formats/tests/files/bad_cases.rs"]
#[allow(dead_code, reason = "which code is told is for the readers' tests")]
mod bad_cases;
#[path = "../../formats/tests/files/bad_text_files.rs"]
mod bad_text_files;
#[path = "../../formats/tests/files/support.rs"]
#[allow(dead_code, clippy::panic, clippy::print_stdout, reason = "the readers' tests use the rest")]
mod support;

use faltkarta_formats::Mapping;
use faltkarta_server::{
    FeatureFilter, GeodataStore, ImportOptions, SqliteStore, StoreHead, import,
};
use harness::{Bench, VALVE_MAPPING, dataset, valves};

use bad_cases::Must::{Refuse, Tell};
use bad_cases::write_all;

/// All that a store tells of its valves, with its head.
fn seen(store: &SqliteStore) -> (StoreHead, Vec<String>) {
    let mut rows = vec![];
    let filter = FeatureFilter { dataset: dataset("valve"), bounds: None };
    store
        .for_each_feature(&filter, &mut |feature| {
            rows.push(format!("{feature:?}"));
            Ok(())
        })
        .unwrap();
    (store.verify_feed().unwrap(), rows)
}

#[test]
fn a_refused_delivery_leaves_the_store_as_it_was() {
    let bench = Bench::new();
    let store = bench.open();
    let mapping = Some(Mapping::parse(VALVE_MAPPING).unwrap());
    let file = bench.write("ventiler.csv", &valves(&[("v1", "AV-1", "öppen", 12)]));
    let options = ImportOptions { mapping, ..ImportOptions::default() };
    import(&store, &[file], &options, bench.rim.as_ref()).unwrap();

    let home = tempfile::tempdir().unwrap();
    let (mut n_refused, mut n_taken) = (0, 0);
    for case in write_all(home.path()) {
        let name = case.path.file_name().unwrap().to_string_lossy().into_owned();
        // A view that never ends is given up after minutes here; the readers' own tests have a shorter patience.
        if name.starts_with("vy_utan_slut") || name.starts_with("vy_som_multiplicerar") {
            continue;
        }
        let before = seen(&store);
        let mapping = Some(Mapping::parse(case.mapping).unwrap());
        let options = ImportOptions { mapping, ..ImportOptions::default() };
        let came = import(&store, std::slice::from_ref(&case.path), &options, bench.rim.as_ref());
        match (case.must, came) {
            (Refuse(_), Err(_)) => {
                assert_eq!(seen(&store), before, "{name}");
                n_refused += 1;
            }
            (Tell(n_rows, _), Ok(report)) => {
                let of = &report.datasets[0];
                assert_eq!(of.read, n_rows, "{name}");
                assert_eq!(of.read, of.new + of.changed + of.unchanged + of.refused, "{name}");
                n_taken += 1;
            }
            (must, came) => unreachable!("{name}: must {must:?}, came {:?}", came.map(|_| ())),
        }
    }
    assert!(n_refused > 60 && n_taken > 20, "{n_refused} refused, {n_taken} taken");
}

#[test]
fn a_delivery_that_is_found_torn_halfway_leaves_nothing_of_its_first_half() {
    let bench = Bench::new();
    let store = bench.open();
    let before = seen(&store);
    let home = tempfile::tempdir().unwrap();
    let torn = support::Gpkg::new(home.path(), "ventiler", 3009, &["id TEXT"]);
    torn.connection.execute_batch("BEGIN").unwrap();
    for n in 0..5_000 {
        let at = faltkarta_geo::Geometry::point(162_914.0 + f64::from(n) / 10.0, 6_608_920.0);
        torn.row(Some(&at), &format!("'v{n}'"));
    }
    torn.connection.execute_batch("COMMIT").unwrap();
    let path = torn.close();
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() / 4096 * 3 / 4 * 4096;
    bytes[at..at + 4096].fill(0xee);
    std::fs::write(&path, bytes).unwrap();
    let mapping = "dataset = \"valve\"\nidentity = [\"id\"]\n[fields]\nnummer = \"id\"\n";
    let mapping = Some(Mapping::parse(mapping).unwrap());
    let options = ImportOptions { mapping, ..ImportOptions::default() };
    let refused = import(&store, &[path], &options, bench.rim.as_ref()).unwrap_err();
    assert_eq!(refused.code(), "malformed_file", "{refused}");
    assert_eq!(seen(&store), before);
}
