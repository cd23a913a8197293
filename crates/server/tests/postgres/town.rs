//! A new store in a database of its own.

use std::sync::Arc;

use faltkarta_formats::Mapping;
use faltkarta_server::{
    ImportOptions, ImportReport, OpenMode, PostgresPlace, PostgresStore, Serving, StoreError,
    import, open_postgres,
};

use crate::cluster::{Cluster, Sql};
use crate::harness::{Bench, VALVE_MAPPING, valves};

pub(crate) struct Town {
    pub(crate) cluster: &'static Cluster,
    pub(crate) database: String,
    pub(crate) bench: Bench,
}

impl Town {
    /// `None` when PostgreSQL is not installed.
    pub(crate) fn new() -> Option<Self> {
        Some(Self::in_cluster(Cluster::shared()?))
    }

    pub(crate) fn in_cluster(cluster: &'static Cluster) -> Self {
        Self { cluster, database: cluster.database(), bench: Bench::new() }
    }

    pub(crate) fn place(&self) -> PostgresPlace {
        PostgresPlace {
            url: self.cluster.url("postgres", &self.database),
            password: None,
            folder: self.bench.store_path(),
        }
    }

    pub(crate) fn try_open(&self) -> Result<PostgresStore, StoreError> {
        let mode = OpenMode::CreateIfMissing { grid_epsg: 3009 };
        open_postgres(&self.place(), mode, self.bench.rim.as_ref())
    }

    pub(crate) fn open(&self) -> PostgresStore {
        self.try_open().unwrap()
    }

    pub(crate) fn sql(&self) -> Sql {
        self.cluster.sql(&self.database)
    }

    pub(crate) fn deliver(
        &self,
        store: &PostgresStore,
        rows: &[(&str, &str, &str, i64)],
    ) -> ImportReport {
        let file = self.bench.write("ventiler.csv", &valves(rows));
        let mapping = Some(Mapping::parse(VALVE_MAPPING).unwrap());
        let options = ImportOptions { mapping, ..ImportOptions::default() };
        import(store, &[file], &options, self.bench.rim.as_ref()).unwrap()
    }

    /// A served store with two delivered valves, open and closed by the network.
    pub(crate) fn with_valves(&self) -> (Arc<PostgresStore>, Serving) {
        let store = self.open();
        self.deliver(&store, &[("v1", "AV-1", "öppen", 12), ("v2", "AV-2", "öppen", 9)]);
        let store = Arc::new(store);
        let serving = self.serve(store.clone());
        (store, serving)
    }

    pub(crate) fn serve(&self, store: Arc<PostgresStore>) -> Serving {
        Serving::start(store, self.bench.rim.clone(), "127.0.0.1:0".parse().unwrap()).unwrap()
    }
}
