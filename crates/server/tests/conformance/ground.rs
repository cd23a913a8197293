//! Where a case stands: a folder, a rim that counts, and a backend that opens the store.

use std::path::PathBuf;
use std::sync::Arc;

use faltkarta_changes::{Operation, OperationKind};
use faltkarta_formats::Mapping;
use faltkarta_model::Value;
use faltkarta_server::{
    GeodataStore, ImportOptions, OpenMode, PostgresPlace, Serving, import, open_postgres,
};

use crate::cluster::Cluster;
use crate::harness::{Bench, CountingRim, Hand, VALVE_MAPPING, text, valve_id, valves};

/// A kind of store. The first opening on a bench makes an empty one on grid 3009, later ones find it again; a store
/// that was opened earlier is dropped before.
pub(crate) trait Backend {
    fn open(&self, bench: &Bench) -> Arc<dyn GeodataStore>;

    /// Where the declarations of datasets lie that an opening reads.
    fn declarations(&self, bench: &Bench) -> PathBuf {
        bench.store_path().join("datasets")
    }
}

/// The embedded store.
pub(crate) struct InAFolder;

impl Backend for InAFolder {
    fn open(&self, bench: &Bench) -> Arc<dyn GeodataStore> {
        Arc::new(bench.open())
    }
}

/// A database of a cluster that the tests start.
pub(crate) struct InPostgres {
    url: String,
}

impl InPostgres {
    pub(crate) fn new() -> Option<Self> {
        let cluster = Cluster::shared()?;
        Some(Self { url: cluster.url("postgres", &cluster.database()) })
    }
}

impl Backend for InPostgres {
    fn open(&self, bench: &Bench) -> Arc<dyn GeodataStore> {
        let place =
            PostgresPlace { url: self.url.clone(), password: None, folder: bench.store_path() };
        let mode = OpenMode::CreateIfMissing { grid_epsg: 3009 };
        Arc::new(open_postgres(&place, mode, bench.rim.as_ref()).unwrap())
    }
}

/// What a case gets.
pub(crate) struct Ground {
    pub(crate) bench: Bench,
    backend: Box<dyn Backend>,
}

impl Ground {
    pub(crate) fn new(backend: impl Backend + 'static) -> Self {
        Self { bench: Bench::new(), backend: Box::new(backend) }
    }

    pub(crate) fn open(&self) -> Arc<dyn GeodataStore> {
        self.backend.open(&self.bench)
    }

    pub(crate) fn declarations(&self) -> PathBuf {
        self.backend.declarations(&self.bench)
    }

    pub(crate) fn rim(&self) -> &CountingRim {
        &self.bench.rim
    }
}

/// Drops a store for good, when the requests that still run on it have ended. A handle that a test kept itself would
/// be waited for in vain, and is told.
pub(crate) fn let_go(store: Arc<dyn GeodataStore>) {
    let mut n_tries = 0;
    while Arc::strong_count(&store) > 1 {
        assert!(n_tries < 50_000_000, "somebody keeps the store");
        n_tries += 1;
        std::thread::yield_now();
    }
    drop(store);
}

/// A served store with the valves v1 (AV-1) and v2 (AV-2), both open.
pub(crate) fn with_valves(ground: &Ground) -> (Arc<dyn GeodataStore>, Serving) {
    let store = ground.open();
    let rows = valves(&[("v1", "AV-1", "öppen", 12), ("v2", "AV-2", "öppen", 9)]);
    let file = ground.bench.write("ventiler.csv", &rows);
    let mapping = Some(Mapping::parse(VALVE_MAPPING).unwrap());
    let options = ImportOptions { mapping, ..ImportOptions::default() };
    import(store.as_ref(), &[file], &options, ground.rim()).unwrap();
    let serving = ground.bench.serve(store.clone());
    (store, serving)
}

/// Somebody closes an open valve.
pub(crate) fn close(hand: &mut Hand, valve: &str) -> Operation {
    set(hand, valve, "öppen", "stängd")
}

/// Somebody says how a valve stands.
pub(crate) fn set(hand: &mut Hand, valve: &str, old: &str, new: &str) -> Operation {
    hand.op(OperationKind::Update, valve_id(valve), &[("lage", text(old), text(new))])
}

/// A delete by somebody who sees the valve as it stands in the store now.
pub(crate) fn delete_seen(hand: &mut Hand, store: &dyn GeodataStore, valve: &str) -> Operation {
    let feature = store.feature(valve_id(valve)).unwrap().unwrap();
    let seen: Vec<(&str, Value, Value)> = feature
        .properties
        .iter()
        .map(|(id, it)| (id.as_str(), it.clone(), Value::Null))
        .chain(feature.geometry.clone().map(|it| ("geometry", Value::Geometry(it), Value::Null)))
        .collect();
    hand.op(OperationKind::Delete, feature.id, &seen)
}
