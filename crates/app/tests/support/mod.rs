//! A small town as a package, a laptop that has it, and a geodata store in memory that may be cut off at any point.
#![allow(dead_code, reason = "each test program uses its part")]

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use faltkarta_app::{BlobState, Field, Link, LinkError};
use faltkarta_changes::{Operation, OperationKind};
use faltkarta_geo::{Bounds, EastNorthM, Geometry, Grid, Position};
use faltkarta_model::{
    BlobId, Class, Dataset, DatasetId, Feature, FeatureId, FieldId, IdSource, OpId, Properties,
    Timestamp, Value,
};
use faltkarta_protocol::{
    FeedEntry, FeedKind, FeedRow, Head, JoinReply, JoinRequest, OpOutcome, Outcome, PACKAGE_FORMAT,
    PackageFile, PackageFileKind, PackageManifest, PackageScope, PackagedDataset, PullReply,
    PushReply, PushRequest,
};
use faltkarta_search::{PlaceEntry, PlaceIndexBuilder, PlaceKind};
use faltkarta_spatial::LayerIndex;
use faltkarta_store::{FixedKeyStore, Key, OpenOptions};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

pub(crate) const TOKEN: &str = "secret";

#[derive(Default)]
pub(crate) struct Counting(pub(crate) u128);

impl IdSource for Counting {
    fn next_id(&mut self) -> uuid::Uuid {
        self.0 += 1;
        uuid::Uuid::from_u128(0xabcd << 96 | self.0)
    }
}

pub(crate) fn now() -> Timestamp {
    Timestamp::parse("2026-05-19T08:40:00Z").unwrap()
}

pub(crate) fn dataset(name: &str) -> DatasetId {
    DatasetId::parse(name).unwrap()
}

pub(crate) fn field(name: &str) -> FieldId {
    FieldId::parse(name).unwrap()
}

pub(crate) fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

pub(crate) fn at(e_m: f64, n_m: f64) -> Position<Grid> {
    Position::<Grid>::parse(EastNorthM { e_m, n_m }).unwrap()
}

/// A picture of 600 kB, so that it is sent in pieces.
pub(crate) fn jpeg(n: u8) -> Vec<u8> {
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe0];
    bytes.resize(600_000, n);
    bytes
}

const DATASETS: [(&str, &str); 4] = [
    ("address", include_str!("../../../../data/datasets/address.toml")),
    ("inspection", include_str!("../../../../data/datasets/inspection.toml")),
    ("parcel", include_str!("../../../../data/datasets/parcel.toml")),
    ("valve", include_str!("../../../../data/datasets/valve.toml")),
];
const FORM: &str = include_str!("../../../../data/forms/ventilmotionering.toml");
const FORM_XML: &str = include_str!("../../../../data/forms/ventilmotionering.xml");

pub(crate) fn id_of(name: &str, identity: &str) -> FeatureId {
    FeatureId::of_delivered(&dataset(name), identity)
}

/// The town: one property of two areas, its address, and two valves in the street.
pub(crate) fn town() -> Vec<Feature> {
    let square = |e: f64| {
        let ring = vec![(e, 0.0), (e + 100.0, 0.0), (e + 100.0, 100.0), (e, 100.0), (e, 0.0)]
            .into_iter()
            .map(|(x, y)| (162_000.0 + x, 6_608_000.0 + y))
            .collect::<Vec<_>>();
        Geometry::from_types(&geo_types::Polygon::new(ring.into(), vec![]).into())
    };
    let feature =
        |name: &str, identity: &str, geometry: Geometry, values: &[(&str, Value)]| Feature {
            id: id_of(name, identity),
            dataset: dataset(name),
            version: 1,
            geometry: Some(geometry),
            properties: values.iter().map(|(it, value)| (field(it), value.clone())).collect(),
        };
    let parcel = |identity: &str, e: f64| {
        feature(
            "parcel",
            identity,
            square(e),
            &[
                ("designation", text("RYA 1:5")),
                ("municipality", text("Lindesberg")),
                ("kommunkod", text("1885")),
                ("property_ref", text("ref-rya-1-5")),
                ("trakt", text("SMEDEN")),
                ("etikett", text("7>2")),
                ("kind", text("fastighet")),
            ],
        )
    };
    let valve = |number: &str, e: f64| {
        feature(
            "valve",
            number,
            Geometry::point(162_000.0 + e, 6_608_050.0),
            &[
                ("nummer", text(number)),
                ("ventil_id", text(number)),
                ("lage", text("öppen")),
                ("funktion", text("okänd")),
                ("kommunkod", text("1885")),
            ],
        )
    };
    vec![
        feature(
            "address",
            "a1",
            Geometry::point(162_010.0, 6_608_010.0),
            &[
                ("street", text("Kungsgatan")),
                ("house_number", text("12")),
                ("property_ref", text("ref-rya-1-5")),
            ],
        ),
        parcel("p1", 0.0),
        parcel("p2", 200.0),
        valve("AV-118", 50.0),
        valve("AV-121", 250.0),
    ]
}

pub(crate) struct Package {
    pub(crate) dir: TempDir,
    pub(crate) manifest: PackageManifest,
}

pub(crate) fn package(seq: u64, features: &[Feature]) -> Package {
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
         INSERT INTO meta VALUES ('format', 'faltkarta.package/1');",
    )
    .unwrap();
    conn.execute("INSERT INTO form VALUES ('ventilmotionering', ?1, ?2)", [FORM, FORM_XML])
        .unwrap();
    let mut places = PlaceIndexBuilder::new();
    let mut row = 0_u32;
    let mut datasets = vec![];
    for (no, (name, declaration)) in (1_u16..).zip(DATASETS) {
        let declared = Dataset::parse(declaration).unwrap();
        let own: Vec<&Feature> = features.iter().filter(|it| it.dataset == declared.id).collect();
        // The lease of protected data ends on a day that the tests know.
        let lease = (declared.class == Class::Protected).then_some("2026-06-01T00:00:00Z");
        conn.execute(
            "INSERT INTO dataset VALUES (?1, ?2, 1, ?3, '2026-05-12', ?4, ?5)",
            (no, name, declaration, lease, own.len() as u32),
        )
        .unwrap();
        let mut boxes: Vec<(u32, Bounds)> = vec![];
        for feature in &own {
            row += 1;
            conn.execute(
                "INSERT INTO feature VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                (
                    row,
                    no,
                    &feature.id.as_bytes()[..],
                    feature.version,
                    seq,
                    feature.geometry.as_ref().map(Geometry::wkb),
                    serde_json::to_string(&feature.properties).unwrap(),
                ),
            )
            .unwrap();
            let bounds = feature.geometry.as_ref().and_then(Geometry::bounds).unwrap();
            boxes.push((row, bounds));
            let rule = declared.search.as_ref().unwrap();
            let label = declared.fill(&rule.texts[0], feature);
            places.add(&PlaceEntry {
                kind: PlaceKind::parse(&rule.kind).unwrap(),
                dataset_no: no,
                feature: feature.id,
                texts: vec![label.clone()],
                label,
                detail: String::new(),
                municipality: "Lindesberg".into(),
                position: Some(bounds.middle()),
            });
        }
        let (rows, tree) = LayerIndex::build(&boxes).to_parts();
        conn.execute("INSERT INTO spatial_index VALUES (?1, ?2, ?3)", (no, rows, tree)).unwrap();
        datasets.push(PackagedDataset {
            id: declared.id,
            class: declared.class,
            n_features: own.len() as u32,
            data_date: None,
            lease_until: None,
        });
    }
    conn.execute("INSERT INTO search_index VALUES ('places', ?1)", [places.build().to_bytes()])
        .unwrap();
    conn.close().unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let manifest = PackageManifest {
        format: PACKAGE_FORMAT.to_owned(),
        id: format!("package-{seq}"),
        workspace: "main".to_owned(),
        epoch: "one".to_owned(),
        seq,
        chain: format!("{seq:032x}"),
        cursor: seq.to_string(),
        grid_epsg: 3009,
        created_at: now(),
        scope: PackageScope::Enrolled,
        area_m: [100_000.0, 6_500_000.0, 200_000.0, 6_700_000.0],
        home_m: [162_000.0, 6_608_000.0, 12.0],
        files: vec![PackageFile {
            name: "features.sqlite".to_owned(),
            kind: PackageFileKind::Features,
            n_bytes: bytes.len() as u64,
            sha256: hex::encode(Sha256::digest(&bytes)),
        }],
        datasets,
    };
    Package { dir, manifest }
}

pub(crate) fn open(dir: &Path) -> Field {
    let options = OpenOptions { reserve_bytes: 0, ..OpenOptions::default() };
    let keys = FixedKeyStore(Key::from_bytes([7; 32]));
    Field::open(dir, &keys, &mut Counting(1 << 40), &options).unwrap()
}

/// A laptop with the town, not enrolled.
pub(crate) fn bundled() -> (Field, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let mut laptop = open(dir.path());
    let source = package(1, &town());
    laptop.install_package(source.dir.path(), source.manifest, &mut |_| {}).unwrap();
    laptop.set_user_name("Klara Ekdal").unwrap();
    (laptop, dir)
}

/// What a killed process leaves, opened again: the files as they lie now, copied before any closing step.
pub(crate) fn kill(laptop: Field, dir: &TempDir) -> (Field, TempDir) {
    let copy = tempfile::tempdir().unwrap();
    copy_folder(dir.path(), copy.path());
    let again = open(copy.path());
    drop(laptop);
    (again, copy)
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_folder(&entry.path(), &target);
        } else if !entry.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// When the way to the store breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Cut {
    /// Never.
    #[default]
    None,
    /// Before the request arrives.
    Request,
    /// After the store has done it.
    Answer,
}

/// A geodata store in memory: rows, an operation log by id, a feed. It merges by old values, as the real one does.
pub(crate) struct FakeStore {
    pub(crate) rows: HashMap<FeatureId, (u32, Properties)>,
    pub(crate) log: BTreeMap<OpId, (Operation, OpOutcome)>,
    pub(crate) feed: Vec<FeedEntry>,
    pub(crate) base_seq: u64,
    pub(crate) blobs: HashMap<BlobId, (u64, Vec<u8>)>,
    pub(crate) package: Package,
    pub(crate) safe_seq: u64,
    pub(crate) epoch: String,
    pub(crate) lineage: u32,
    pub(crate) known_replicas: Vec<String>,
    /// Which call breaks how: counts down over all calls.
    pub(crate) cut_at: Option<(u32, Cut)>,
    pub(crate) n_calls: u32,
    /// Bytes of a package file after which the fetch breaks, once.
    pub(crate) fetch_cut: Option<usize>,
    pub(crate) n_fetched: u64,
    /// Refusal of every push or pull.
    pub(crate) refusal: RefCell<Option<(&'static str, LinkError)>>,
    pub(crate) page_entries: usize,
}

impl FakeStore {
    pub(crate) fn new() -> Self {
        let rows = town().into_iter().map(|it| (it.id, (1, it.properties))).collect();
        Self {
            rows,
            log: BTreeMap::new(),
            feed: vec![],
            base_seq: 1,
            blobs: HashMap::new(),
            package: package(1, &town()),
            safe_seq: 0,
            epoch: "one".into(),
            lineage: 0,
            known_replicas: vec![],
            cut_at: None,
            n_calls: 0,
            fetch_cut: None,
            n_fetched: 0,
            refusal: RefCell::new(None),
            page_entries: 3,
        }
    }

    fn head(&self) -> u64 {
        self.base_seq + self.feed.len() as u64
    }

    /// Asks the plan of faults; `true` when the answer of this call is lost.
    fn call(&mut self, name: &str) -> Result<bool, LinkError> {
        self.n_calls += 1;
        if let Some((which, refusal)) = &*self.refusal.borrow()
            && *which == name
        {
            return Err(refusal.clone());
        }
        match self.cut_at {
            Some((n, Cut::Request)) if n == self.n_calls => Err(gone()),
            Some((n, Cut::Answer)) if n == self.n_calls => Ok(true),
            _ => Ok(false),
        }
    }

    /// An edit by somebody else.
    pub(crate) fn edit(&mut self, id: FeatureId, name: &str, value: &str) {
        let op = OpId::from_uuid(uuid::Uuid::from_u128(0x0bed << 96 | u128::from(self.head())));
        let (version, row) = self.rows.get_mut(&id).unwrap();
        *version += 1;
        row.insert(field(name), text(value));
        self.enter(op, dataset("valve"), id);
    }

    fn enter(&mut self, op: OpId, dataset: DatasetId, feature: FeatureId) -> u64 {
        let seq = self.head() + 1;
        let (version, properties) = self.rows[&feature].clone();
        let geometry = town()
            .into_iter()
            .find(|it| it.id == feature)
            .and_then(|it| it.geometry)
            .map_or(Value::Null, Value::Geometry);
        let row = FeedRow { geometry, properties, blobs: vec![] };
        let kind = FeedKind::Upsert;
        self.feed.push(FeedEntry { seq, op, dataset, feature, version, kind, row: Some(row), by: None, conflicts: vec![] });
        seq
    }

    fn take(&mut self, op: &Operation) -> OpOutcome {
        if let Some((known, outcome)) = self.log.get(&op.id) {
            assert_eq!(known.hash(), op.hash(), "an operation was changed after it was sent");
            return outcome.clone();
        }
        let is_new = op.kind == OperationKind::Create;
        let (version, row) = self.rows.entry(op.feature).or_default();
        let mut is_conflict = false;
        for (name, change) in &op.changes {
            let current = row.get(name).cloned().unwrap_or(Value::Null);
            if current == change.old || is_new {
                row.insert(name.clone(), change.new.clone());
            } else if current != change.new {
                is_conflict = true;
            }
        }
        *version += 1;
        let seq = self.enter(op.id, op.dataset.clone(), op.feature);
        let conflict = uuid::Uuid::new_v5(&op.id.uuid(), b"field");
        let outcome = if is_conflict {
            Outcome::Conflict { conflicts: vec![conflict] }
        } else {
            Outcome::Applied
        };
        let outcome = OpOutcome { op: op.id, outcome, seq: Some(seq) };
        self.log.insert(op.id, (op.clone(), outcome.clone()));
        outcome
    }
}

pub(crate) fn gone() -> LinkError {
    LinkError::Unreachable { text: "cut".into() }
}

impl Link for FakeStore {
    fn join(&mut self, request: &JoinRequest) -> Result<JoinReply, LinkError> {
        let is_lost = self.call("join")?;
        self.known_replicas.push(request.replica.to_string());
        let reply = JoinReply {
            protocol: 1,
            token: TOKEN.into(),
            workspace: "main".into(),
            epoch: self.epoch.clone(),
            lineage: self.lineage.to_string(),
            device_name: request.device_name.clone(),
            role: "technician".into(),
            server_time: now(),
        };
        if is_lost { Err(gone()) } else { Ok(reply) }
    }

    fn package_manifest(&mut self, _: &str) -> Result<PackageManifest, LinkError> {
        if self.call("manifest")? {
            return Err(gone());
        }
        Ok(self.package.manifest.clone())
    }

    fn fetch(
        &mut self,
        _: &str,
        package: &str,
        file: &str,
        offset: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), LinkError>,
    ) -> Result<(), LinkError> {
        if self.call("fetch")? {
            return Err(gone());
        }
        assert_eq!(package, self.package.manifest.id);
        let bytes = std::fs::read(self.package.dir.path().join(file)).unwrap();
        let rest = &bytes[offset as usize..];
        let n = self.fetch_cut.take().unwrap_or(rest.len()).min(rest.len());
        for piece in rest[..n].chunks(10_000) {
            self.n_fetched += piece.len() as u64;
            sink(piece)?;
        }
        if n < rest.len() { Err(gone()) } else { Ok(()) }
    }

    fn push(&mut self, _: &str, request: &PushRequest) -> Result<PushReply, LinkError> {
        let is_lost = self.call("push")?;
        if request.epoch != self.epoch {
            return Err(LinkError::Resync);
        }
        let outcomes = request.ops.iter().map(|op| self.take(op)).collect();
        self.lineage += 1;
        let reply = PushReply {
            lineage: self.lineage.to_string(),
            outcomes,
            head: Head { seq: self.head(), chain: format!("{:032x}", self.head()) },
            safe_seq: self.safe_seq,
            server_time: now(),
        };
        if is_lost { Err(gone()) } else { Ok(reply) }
    }

    fn pull(&mut self, _: &str, cursor: &str) -> Result<PullReply, LinkError> {
        if self.call("pull")? {
            return Err(gone());
        }
        let from: u64 = cursor.parse().unwrap();
        let rest = self.feed.iter().filter(|it| it.seq > from);
        let entries: Vec<FeedEntry> = rest.take(self.page_entries).cloned().collect();
        let seq = entries.last().map_or(from, |it| it.seq);
        Ok(PullReply {
            entries,
            cursor: seq.to_string(),
            at: Head { seq, chain: format!("{seq:032x}") },
            up_to_date: seq == self.head(),
            safe_seq: self.safe_seq,
            min_seq: 0,
            subscription: 0,
            schema: vec![],
            server_time: now(),
        })
    }

    fn blob_head(&mut self, _: &str, blob: &BlobId) -> Result<BlobState, LinkError> {
        if self.call("head")? {
            return Err(gone());
        }
        Ok(match self.blobs.get(blob) {
            Some((total, bytes)) if bytes.len() as u64 == *total => BlobState::Complete,
            Some((_, bytes)) => BlobState::Partial(bytes.len() as u64),
            None => BlobState::Partial(0),
        })
    }

    fn blob_patch(
        &mut self,
        _: &str,
        blob: &BlobId,
        offset: u64,
        n_bytes_total: u64,
        piece: &[u8],
    ) -> Result<BlobState, LinkError> {
        let is_lost = self.call("patch")?;
        let (_, bytes) = self.blobs.entry(blob.clone()).or_insert((n_bytes_total, vec![]));
        if offset != bytes.len() as u64 {
            return Err(LinkError::WrongOffset { n_bytes: bytes.len() as u64 });
        }
        bytes.extend_from_slice(piece);
        let n_bytes = bytes.len() as u64;
        if is_lost {
            return Err(gone());
        }
        Ok(if n_bytes == n_bytes_total { BlobState::Complete } else { BlobState::Partial(n_bytes) })
    }
}
