//! Deliveries taken into a store.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod harness;

use faltkarta_changes::OperationKind;
use faltkarta_formats::Mapping;
use faltkarta_model::Value;
use faltkarta_server::{
    DatasetImport, FeatureFilter, GeodataStore, ImportOptions, OpenMode, Rim as _, SqliteStore,
    import, open_store,
};
use harness::{
    Bench, Laptop, VALVE_MAPPING, addresses, dataset, field, kinds, text, valve_id, valves,
};
use std::sync::Arc;

const NORA: &[(&str, &str, &str, f64, f64)] = &[
    ("a1", "Prästgatan", "1", 6_597_000.0, 508_000.0),
    ("a2", "Prästgatan", "3", 6_597_040.5, 508_010.25),
    ("a3", "Rådstugugatan", "7", 6_597_100.0, 508_100.0),
];

fn take(bench: &Bench, store: &SqliteStore, name: &str, csv: &str) -> DatasetImport {
    let file = bench.write(name, csv);
    let options = ImportOptions::default();
    let report = import(store, &[file], &options, bench.rim.as_ref()).unwrap();
    assert_eq!(report.datasets.len(), 1);
    report.datasets.into_iter().next().unwrap()
}

fn take_valves(bench: &Bench, store: &dyn GeodataStore, csv: &str) -> DatasetImport {
    let file = bench.write("ventiler.csv", csv);
    let mapping = Some(Mapping::parse(VALVE_MAPPING).unwrap());
    let options = ImportOptions { mapping, ..ImportOptions::default() };
    let report = import(store, &[file], &options, bench.rim.as_ref()).unwrap();
    report.datasets.into_iter().next().unwrap()
}

fn n_features(store: &SqliteStore, id: &str) -> usize {
    let mut n = 0;
    let filter = FeatureFilter { dataset: dataset(id), bounds: None };
    store
        .for_each_feature(&filter, &mut |_| {
            n += 1;
            Ok(())
        })
        .unwrap();
    n
}

#[test]
fn a_delivery_lands_on_the_stores_grid_with_one_entry_for_each_row() {
    let bench = Bench::new();
    let store = bench.open();
    let told = take(&bench, &store, "belagenhetsadresser_kn1884.csv", &addresses(NORA));
    assert_eq!((told.read, told.new, told.refused), (3, 3, 0));
    assert_eq!(told.data_date, "2026-03-01");
    assert_eq!(store.verify_feed().unwrap().seq, 3);
    let filter = FeatureFilter { dataset: dataset("address"), bounds: None };
    store
        .for_each_feature(&filter, &mut |feature| {
            let bounds = feature.geometry.unwrap().bounds().unwrap();
            // On EPSG:3009 the false easting is 150 000 m at 15° E, as 3006 has 500 000 m there.
            assert!((150_000.0..170_000.0).contains(&bounds.min_e_m), "{bounds:?}");
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_same_file_twice_makes_no_entry() {
    let bench = Bench::new();
    let store = bench.open();
    take(&bench, &store, "belagenhetsadresser_kn1884.csv", &addresses(NORA));
    let head = store.head().unwrap();
    let told = take(&bench, &store, "belagenhetsadresser_kn1884.csv", &addresses(NORA));
    assert_eq!((told.new, told.changed, told.unchanged, told.gone), (0, 0, 3, 0));
    assert_eq!(store.head().unwrap(), head);
}

#[test]
fn changed_and_gone_rows_are_told_and_make_one_entry_each() {
    let bench = Bench::new();
    let store = bench.open();
    take(&bench, &store, "belagenhetsadresser_kn1884.csv", &addresses(NORA));
    let next = [NORA[0], ("a2", "Prästgatan", "3", 6_597_041.0, 508_010.25)];
    let told = take(&bench, &store, "belagenhetsadresser_kn1884_20260601.csv", &addresses(&next));
    assert_eq!((told.new, told.changed, told.unchanged, told.gone), (0, 1, 1, 1));
    assert_eq!(store.verify_feed().unwrap().seq, 5);
    assert_eq!(n_features(&store, "address"), 2);
    let back = take(&bench, &store, "belagenhetsadresser_kn1884.csv", &addresses(NORA));
    assert_eq!((back.new, back.changed), (1, 1));
    assert_eq!(n_features(&store, "address"), 3);
}

#[test]
fn one_municipalitys_file_does_not_take_anothers_rows_away() {
    let bench = Bench::new();
    let store = bench.open();
    take(&bench, &store, "belagenhetsadresser_kn1884.csv", &addresses(NORA));
    let lindesberg = [("b1", "Kungsgatan", "12", 6_606_000.0, 512_000.0)];
    let told = take(&bench, &store, "belagenhetsadresser_kn1885.csv", &addresses(&lindesberg));
    assert_eq!((told.new, told.gone), (1, 0));
    assert_eq!(n_features(&store, "address"), 4);
}

#[test]
fn a_dry_run_tells_all_and_changes_nothing() {
    let bench = Bench::new();
    let store = bench.open();
    let file = bench.write("belagenhetsadresser_kn1884.csv", &addresses(NORA));
    let options = ImportOptions { dry_run: true, ..ImportOptions::default() };
    let report = import(&store, &[file], &options, bench.rim.as_ref()).unwrap();
    assert_eq!(report.datasets[0].new, 3);
    assert_eq!(store.head().unwrap().seq, 0);
    assert_eq!(n_features(&store, "address"), 0);
}

#[test]
fn a_file_of_another_kind_is_refused_by_name_before_anything_changes() {
    let bench = Bench::new();
    let store = bench.open();
    let good = bench.write("belagenhetsadresser_kn1884.csv", &addresses(NORA));
    for (name, content, code) in [
        ("plan.gpkg", "this is no GeoPackage at all, whatever it is called", "foreign_file"),
        ("strangers.csv", "a;b\n1;2\n", "unknown_delivery"),
        ("notes.docx", "", "unknown_file_kind"),
    ] {
        let bad = bench.write(name, content);
        let options = ImportOptions::default();
        let error = import(&store, &[good.clone(), bad], &options, bench.rim.as_ref()).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(name), "{error}");
        assert_eq!(store.head().unwrap().seq, 0);
    }
}

#[test]
fn a_stranger_in_a_folder_is_passed_over_and_named() {
    let bench = Bench::new();
    let store = bench.open();
    bench.write("delivery/belagenhetsadresser_kn1884.csv", &addresses(NORA));
    bench.write("delivery/strangers.csv", "a;b\n1;2\n");
    let folder = bench.folder.path().join("delivery");
    let report = import(&store, &[folder], &ImportOptions::default(), bench.rim.as_ref()).unwrap();
    assert_eq!(report.passed_over, ["strangers.csv"]);
    assert_eq!(report.datasets[0].new, 3);
}

#[test]
fn refused_rows_are_counted_and_told() {
    let bench = Bench::new();
    let store = bench.open();
    let rows = [NORA[0], NORA[0], NORA[1]];
    let told = take(&bench, &store, "belagenhetsadresser_kn1884.csv", &addresses(&rows));
    assert_eq!((told.read, told.new, told.refused), (3, 2, 1));
    let told = told.problems.iter().filter(|it| it.code == "duplicate_identity");
    assert_eq!(told.map(|it| it.row).collect::<Vec<_>>(), [2]);
}

#[test]
fn a_full_disk_leaves_the_store_as_it_was() {
    let bench = Bench::new();
    let store = bench.open();
    take(&bench, &store, "belagenhetsadresser_kn1884.csv", &addresses(NORA));
    store.limit_pages(80).unwrap();
    let names: Vec<String> = (0..4_000).map(|it| format!("x{it}")).collect();
    let many: Vec<_> =
        names.iter().map(|it| (it.as_str(), "Storgatan", "1", 6_606_000.0, 512_000.0)).collect();
    let file = bench.write("belagenhetsadresser_kn1885.csv", &addresses(&many));
    let error = import(&store, &[file], &ImportOptions::default(), bench.rim.as_ref()).unwrap_err();
    assert_eq!(error.code(), "disk_full");
    assert_eq!(store.verify_feed().unwrap().seq, 3);
    drop(store);
    assert_eq!(n_features(&bench.open(), "address"), 3);
}

#[test]
fn a_second_process_is_told_that_the_store_is_in_use() {
    let bench = Bench::new();
    let store = bench.open();
    let again = open_store(&bench.store_path(), OpenMode::Existing, bench.rim.as_ref());
    assert_eq!(again.unwrap_err().code(), "store_in_use");
    drop(store);
    assert!(open_store(&bench.store_path(), OpenMode::Existing, bench.rim.as_ref()).is_ok());
    let nowhere = bench.folder.path().join("nowhere");
    let error = open_store(&nowhere, OpenMode::Existing, bench.rim.as_ref()).unwrap_err();
    assert_eq!(error.code(), "no_store");
}

#[test]
fn an_unchanged_delivery_never_undoes_an_edit_from_the_field() {
    let bench = Bench::new();
    let store = Arc::new(bench.open());
    let csv = valves(&[("v1", "AV-1", "öppen", 12), ("v2", "AV-2", "öppen", 10)]);
    take_valves(&bench, store.as_ref(), &csv);
    let serving = bench.serve(store.clone());
    let mut laptop = Laptop::join(serving.address(), 1);
    let change = [("lage", text("öppen"), text("stängd"))];
    let op = laptop.hand.op(OperationKind::Update, valve_id("v1"), &change);
    assert_eq!(kinds(&laptop.push(&[op])), ["applied"]);
    let head = store.head().unwrap();
    let told = take_valves(&bench, store.as_ref(), &csv);
    assert_eq!((told.changed, told.unchanged), (0, 2));
    assert_eq!(store.head().unwrap(), head);
}

#[test]
fn a_changed_delivery_is_merged_with_an_edit_and_clashes_wait_for_a_person() {
    let bench = Bench::new();
    let store = Arc::new(bench.open());
    take_valves(&bench, store.as_ref(), &valves(&[("v1", "AV-1", "öppen", 12)]));
    let serving = bench.serve(store.clone());
    let mut laptop = Laptop::join(serving.address(), 1);
    let change = [("lage", text("öppen"), text("stängd"))];
    let op = laptop.hand.op(OperationKind::Update, valve_id("v1"), &change);
    laptop.push(&[op]);
    // Another field: both hold.
    let told = take_valves(&bench, store.as_ref(), &valves(&[("v1", "AV-1", "öppen", 14)]));
    assert_eq!((told.changed, told.conflicts), (1, 0));
    let valve = store.feature(valve_id("v1")).unwrap().unwrap();
    assert_eq!(valve.properties[&field("lage")], text("stängd"));
    assert_eq!(valve.properties[&field("antal_varv")], Value::Int(14));
    // The same field: the store's value stands.
    let told = take_valves(&bench, store.as_ref(), &valves(&[("v1", "AV-1", "okänd", 14)]));
    assert_eq!(told.conflicts, 1);
    let valve = store.feature(valve_id("v1")).unwrap().unwrap();
    assert_eq!(valve.properties[&field("lage")], text("stängd"));
    assert_eq!(store.open_conflicts().unwrap().len(), 1);
    store.verify_feed().unwrap();
}

#[test]
fn a_row_that_is_gone_but_was_edited_stays_and_waits_for_a_person() {
    let bench = Bench::new();
    let store = Arc::new(bench.open());
    let both = valves(&[("v1", "AV-1", "öppen", 12), ("v2", "AV-2", "öppen", 10)]);
    take_valves(&bench, store.as_ref(), &both);
    let serving = bench.serve(store.clone());
    let mut laptop = Laptop::join(serving.address(), 1);
    let change = [("lage", text("öppen"), text("stängd"))];
    let op = laptop.hand.op(OperationKind::Update, valve_id("v2"), &change);
    laptop.push(&[op]);
    let one = valves(&[("v1", "AV-1", "öppen", 12)]);
    let told = take_valves(&bench, store.as_ref(), &one);
    assert_eq!((told.gone, told.conflicts), (1, 1));
    assert!(store.feature(valve_id("v2")).unwrap().is_some());
    let again = take_valves(&bench, store.as_ref(), &one);
    assert_eq!((again.gone, again.conflicts), (0, 0));
    assert!(bench.rim.now().unix_ms() > 0);
}
