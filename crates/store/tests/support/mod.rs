//! A laptop in a temporary folder, small packages, pages and answers.

use std::path::Path;

use faltkarta_changes::{Change, Clash, ConflictKind, Operation, OperationKind, conflict_id};
use faltkarta_geo::Geometry;
use faltkarta_model::{Class, DatasetId, FeatureId, FieldId, IdSource, OpId, Timestamp, Value};
use faltkarta_protocol::{
    Author, FeedConflict, FeedEntry, FeedKind, FeedRow, Head, OpOutcome, Outcome, PACKAGE_FORMAT,
    PackageFile, PackageFileKind, PackageManifest, PackageScope, PackagedDataset, PullReply,
    PushReply, RowsReply,
};
use faltkarta_store::{
    Draft, EditState, FileKeyStore, LocalEdit, LocalOperation, OpenOptions, Store, StoreError,
};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

#[derive(Default)]
pub(crate) struct Counting(pub(crate) u128);

impl IdSource for Counting {
    fn next_id(&mut self) -> uuid::Uuid {
        self.0 += 1;
        uuid::Uuid::from_u128(self.0 << 64)
    }
}

pub(crate) fn feature(n: u128) -> FeatureId {
    FeatureId::from_uuid(uuid::Uuid::from_u128(0xf000 + n))
}

pub(crate) fn dataset(name: &str) -> DatasetId {
    DatasetId::parse(name).unwrap()
}

pub(crate) fn field(name: &str) -> FieldId {
    FieldId::parse(name).unwrap()
}

fn moment() -> Timestamp {
    Timestamp::parse("2026-05-19T08:40:00Z").unwrap()
}

pub(crate) struct Laptop {
    pub(crate) store: Store,
    pub(crate) dir: TempDir,
    ids: Counting,
}

impl Laptop {
    pub(crate) fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap()).unwrap()
    }

    pub(crate) fn open(dir: TempDir) -> Result<Self, StoreError> {
        let mut ids = Counting(1000);
        let store = open_store(dir.path(), &mut ids)?;
        Ok(Self { store, dir, ids })
    }

    pub(crate) fn open_again(&self) -> Result<Store, StoreError> {
        open_store(self.dir.path(), &mut Counting::default())
    }

    pub(crate) fn close(self) -> TempDir {
        self.dir
    }

    /// What a killed process leaves: the file and its write-ahead log as they lie on the disk now, copied while the
    /// store is still open, so that no closing step runs on them.
    pub(crate) fn kill(self) -> Self {
        let dir = tempfile::tempdir().unwrap();
        copy(self.dir.path(), dir.path());
        let laptop = Self::open(dir).unwrap();
        drop(self.store);
        laptop
    }

    pub(crate) fn install(&mut self, source: &Package) -> Result<(), StoreError> {
        self.store.install_package(source.path(), source.manifest(), false, &mut |_| {})
    }

    pub(crate) fn lage(&self, n: u128) -> Option<String> {
        let stored = self.store.feature(feature(n)).unwrap()?;
        stored.feature.value("lage").as_text().map(str::to_owned)
    }

    pub(crate) fn state(&self, n: u128) -> EditState {
        self.store.journal_of(feature(n)).unwrap()[0].state
    }

    pub(crate) fn operation(
        &mut self,
        n: u128,
        kind: OperationKind,
        name: &str,
        new: Value,
    ) -> LocalOperation {
        let op = Operation {
            id: OpId::new(&mut self.ids),
            replica: self.store.replica(),
            op_no: self.store.next_op_no().unwrap(),
            user: "Klara Ekdal".to_owned(),
            device_time: moment(),
            clock_offset_ms: None,
            dataset: dataset("valve"),
            schema_rev: 1,
            feature: feature(n),
            kind,
            base_version: 1,
            changes: [(field(name), Change { old: Value::Text("öppen".into()), new })].into(),
            depends_on: vec![],
            group: None,
            atomic: false,
            blobs: vec![],
            note: None,
        };
        LocalOperation { op, kind: "edit", title: String::new(), detail: String::new() }
    }

    pub(crate) fn edit(&mut self, n: u128, name: &str, old: &str, new: &str) -> Operation {
        let mut local = self.operation(n, OperationKind::Update, name, Value::Text(new.into()));
        let change = Change { old: Value::Text(old.into()), new: Value::Text(new.into()) };
        local.op.changes = [(field(name), change)].into();
        let op = local.op.clone();
        self.store
            .apply_local(&LocalEdit { ops: vec![local], completes_draft: None, attached: vec![] })
            .unwrap();
        op
    }

    pub(crate) fn start_draft(&mut self) -> FeatureId {
        let id = FeatureId::new(&mut self.ids);
        let draft = Draft {
            id,
            form: "ventilmotionering".into(),
            form_version: "1".into(),
            subject: Some((dataset("valve"), feature(1))),
            subject_label: "Ventil AV-118".into(),
            local_number: "A1-001".into(),
            user: "Klara Ekdal".into(),
            prefill: vec![("objekt".into(), "AV-118".into())],
            position_m: Some((150_000.0, 6_600_000.0)),
            started_at: moment().to_string(),
            saved_at: moment().to_string(),
            instance_xml: None,
            hidden_json: String::new(),
            n_answered: 0,
            n_questions: 0,
            is_open: true,
        };
        self.store.insert_draft(&draft).unwrap();
        id
    }

    /// The file as format 1 left it.
    pub(crate) fn make_old(self) -> TempDir {
        let dir = self.kill().close();
        let store = Self::open(dir).unwrap();
        for sql in [
            "DROP TABLE conflict",
            "DROP TABLE deferred",
            "DROP TABLE history",
            "DROP TABLE moved_out",
            "DROP TABLE backfill",
            "DROP TABLE number_block",
            "DROP TABLE number_request",
            "DROP TABLE preview_sent",
            "DROP TABLE freed_photo",
            "ALTER TABLE feature_blob DROP COLUMN has_preview",
            "ALTER TABLE gone DROP COLUMN has_left",
            "ALTER TABLE journal DROP COLUMN former_seq",
            "CREATE TABLE conflict(id BLOB PRIMARY KEY, op BLOB NOT NULL REFERENCES journal(id),
                                   is_open INTEGER NOT NULL DEFAULT 1) STRICT",
            "PRAGMA user_version = 1",
        ] {
            store.raw(sql).unwrap();
        }
        store.close()
    }

    /// Runs SQL as a foreign program with the key would.
    pub(crate) fn raw(&self, sql: &str) -> rusqlite::Result<usize> {
        self.foreign().execute(sql, [])
    }

    pub(crate) fn number(&self, sql: &str) -> u32 {
        self.foreign().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn foreign(&self) -> rusqlite::Connection {
        let key = std::fs::read_to_string(self.dir.path().join("key")).unwrap();
        let conn = rusqlite::Connection::open(self.dir.path().join("laptop.sqlite")).unwrap();
        conn.execute_batch(&format!("PRAGMA key = \"x'{key}'\"")).unwrap();
        conn
    }
}

fn open_store(dir: &Path, ids: &mut Counting) -> Result<Store, StoreError> {
    let options = OpenOptions { reserve_bytes: 4096, ..OpenOptions::default() };
    Store::open(dir, &FileKeyStore::new(dir), ids, &options)
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else if !entry.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A picture of 64 bytes that differs by its last one.
pub(crate) fn jpeg(n: u8) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0];
    bytes.resize(63, 0);
    bytes.push(n);
    bytes
}

pub(crate) struct Package {
    dir: TempDir,
    manifest: PackageManifest,
}

impl Package {
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn manifest(&self) -> PackageManifest {
        self.manifest.clone()
    }

    pub(crate) fn change(&mut self, act: impl FnOnce(&mut PackageManifest)) {
        act(&mut self.manifest);
    }
}

/// A package at an entry of the feed, as the document of the format describes it.
pub(crate) fn package(seq: u64, rows: &[(&str, u128, &str)]) -> Package {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("features.sqlite");
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch(
        "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
         CREATE TABLE dataset(no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL,
                              declaration TEXT NOT NULL, data_date TEXT, lease_until TEXT, n_features INTEGER NOT NULL) STRICT;
         CREATE TABLE feature(row INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, id BLOB NOT NULL, version INTEGER NOT NULL,
                              seq INTEGER NOT NULL, geometry BLOB, properties TEXT NOT NULL) STRICT;
         CREATE UNIQUE INDEX feature_id ON feature(id);
         CREATE TABLE spatial_index(dataset INTEGER PRIMARY KEY, rows BLOB NOT NULL, tree BLOB NOT NULL) STRICT;
         CREATE TABLE search_index(part TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
         CREATE TABLE form(id TEXT PRIMARY KEY, declaration TEXT NOT NULL, xml TEXT NOT NULL) STRICT;
         INSERT INTO meta VALUES ('format', 'faltkarta.package/1');
         INSERT INTO dataset VALUES (1, 'valve', 1, '', '2026-05-12', NULL, 1);",
    )
    .unwrap();
    for (row, (name, n, lage)) in rows.iter().enumerate() {
        assert_eq!(*name, "valve");
        let properties = format!("{{\"lage\":\"{lage}\",\"property_ref\":\"P\"}}");
        let point = Geometry::point(150_000.0 + *n as f64, 6_600_000.0);
        conn.execute(
            "INSERT INTO feature VALUES (?1, 1, ?2, 1, ?3, ?4, ?5)",
            (row as u32 + 1, &feature(*n).as_bytes()[..], seq, point.wkb(), properties),
        )
        .unwrap();
    }
    conn.close().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let manifest = PackageManifest {
        format: PACKAGE_FORMAT.to_owned(),
        id: format!("package-{seq}"),
        workspace: "main".to_owned(),
        epoch: "one".to_owned(),
        seq,
        chain: "00".repeat(16),
        cursor: format!("cursor-{seq}"),
        grid_epsg: 3009,
        created_at: moment(),
        scope: PackageScope::Enrolled,
        area_m: [100_000.0, 6_500_000.0, 200_000.0, 6_700_000.0],
        home_m: [150_000.0, 6_600_000.0, 12.0],
        files: vec![PackageFile {
            name: "features.sqlite".to_owned(),
            kind: PackageFileKind::Features,
            n_bytes: bytes.len() as u64,
            sha256: hex::encode(Sha256::digest(&bytes)),
        }],
        datasets: vec![PackagedDataset {
            id: dataset("valve"),
            class: Class::Protected,
            n_features: rows.len() as u32,
            data_date: None,
            lease_until: None,
        }],
    };
    Package { dir, manifest }
}

pub(crate) fn entry(seq: u64, op: u128, n: u128, lage: &str) -> FeedEntry {
    FeedEntry {
        seq,
        op: OpId::from_uuid(uuid::Uuid::from_u128(op)),
        dataset: dataset("valve"),
        feature: feature(n),
        version: 2,
        kind: FeedKind::Upsert,
        row: Some(FeedRow {
            geometry: Value::Geometry(Geometry::point(150_000.0, 6_600_000.0)),
            properties: [(field("lage"), Value::Text(lage.into()))].into(),
            blobs: vec![],
        }),
        by: None,
        conflicts: vec![],
    }
}

pub(crate) fn page(entries: Vec<FeedEntry>, seq: u64, safe_seq: u64) -> PullReply {
    PullReply {
        entries,
        cursor: format!("cursor-{seq}"),
        at: Head { seq, chain: "11".repeat(16) },
        up_to_date: true,
        safe_seq,
        min_seq: 0,
        subscription: 0,
        schema: vec![],
        server_time: moment(),
    }
}

pub(crate) fn reply(
    outcomes: &[(OpId, Outcome, Option<u64>)],
    head: u64,
    safe_seq: u64,
) -> PushReply {
    PushReply {
        lineage: "next".to_owned(),
        outcomes: outcomes
            .iter()
            .map(|(op, outcome, seq)| OpOutcome { op: *op, outcome: outcome.clone(), seq: *seq })
            .collect(),
        head: Head { seq: head, chain: "22".repeat(16) },
        safe_seq,
        server_time: moment(),
    }
}

/// A conflict of one text field as the feed tells it.
pub(crate) fn clash(
    op: &Operation,
    name: &str,
    base: &str,
    store: &str,
    mine: &str,
) -> FeedConflict {
    let text = |it: &str| Value::Text(it.into());
    let clash = Clash { base: text(base), store: text(store), candidate: text(mine) };
    FeedConflict {
        id: conflict_id(op.id, name),
        key: name.into(),
        kind: ConflictKind::Field,
        op: op.id,
        replica: op.replica,
        fields: [(field(name), clash)].into(),
        candidate_by: Author { user: op.user.clone(), device: "Bil 3".into(), at: op.device_time },
        store_by: None,
        merged: vec![],
        other: None,
    }
}

/// The last piece of a dataset's rows, read when the feed ended at entry 20.
pub(crate) fn rows(entries: Vec<FeedEntry>) -> RowsReply {
    RowsReply {
        entries,
        next: None,
        at: Head { seq: 20, chain: "33".repeat(16) },
        epoch: "one".into(),
        cursor: "cursor-20".into(),
    }
}
