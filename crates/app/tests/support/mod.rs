//! A small town as a package, a laptop that has it, and a geodata store in memory that may be cut off at any point.
#![allow(dead_code, reason = "each test program uses its part")]

pub(crate) mod fake_maps;
pub(crate) mod fake_store;
pub(crate) mod laptop;

use std::path::Path;

use faltkarta_app::Field;
use faltkarta_geo::{Bounds, EastNorthM, Geometry, Grid, Position};
use faltkarta_model::{
    Class, Dataset, DatasetId, Feature, FeatureId, FieldId, IdSource, Timestamp, Value,
};
use faltkarta_protocol::{
    PACKAGE_FORMAT, PackageFile, PackageFileKind, PackageManifest, PackageScope, PackagedDataset,
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

pub(crate) const DATASETS: [(&str, &str); 4] = [
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
    package_of(seq, &DATASETS.map(|(name, text)| (name, text, Some("2026-05-12"))), features)
}

/// A package of any declared datasets, each with the date of its data.
pub(crate) fn package_of(
    seq: u64,
    declared: &[(&str, &str, Option<&str>)],
    features: &[Feature],
) -> Package {
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
    for (no, (name, declaration, data_date)) in (1_u16..).zip(declared) {
        let declared = Dataset::parse(declaration).unwrap();
        let own: Vec<&Feature> = features.iter().filter(|it| it.dataset == declared.id).collect();
        // The lease of protected data ends on a day that the tests know.
        let lease = (declared.class == Class::Protected).then_some("2026-06-01T00:00:00Z");
        conn.execute(
            "INSERT INTO dataset VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6)",
            (no, name, declaration, data_date, lease, own.len() as u32),
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
            let bounds = feature.geometry.as_ref().and_then(Geometry::bounds);
            boxes.extend(bounds.map(|it| (row, it)));
            let Some(rule) = declared.search.as_ref() else { continue };
            let label = declared.fill(&rule.texts[0], feature);
            places.add(&PlaceEntry {
                kind: PlaceKind::parse(&rule.kind).unwrap(),
                dataset_no: no,
                feature: feature.id,
                texts: vec![label.clone()],
                label,
                detail: String::new(),
                municipality: "Lindesberg".into(),
                position: bounds.map(Bounds::middle),
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
    open_as(dir, &mut Counting(1 << 40))
}

pub(crate) fn open_as(dir: &Path, ids: &mut Counting) -> Field {
    let options = OpenOptions { reserve_bytes: 0, ..OpenOptions::default() };
    let keys = FixedKeyStore(Key::from_bytes([7; 32]));
    Field::open(dir, &keys, ids, &options).unwrap()
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

/// As if the store had brought what the laptop wants.
pub(crate) fn hold_what_is_wanted(laptop: Field, dir: &TempDir) -> Field {
    drop(laptop);
    let keys = FixedKeyStore(Key::from_bytes([7; 32]));
    let options = OpenOptions { reserve_bytes: 0, ..OpenOptions::default() };
    let mut store =
        faltkarta_store::Store::open(dir.path(), &keys, &mut Counting(1 << 50), &options).unwrap();
    let wanted = store.meta("subscription_wanted").unwrap().unwrap();
    store.set_meta("subscription", &wanted).unwrap();
    drop(store);
    open(dir.path())
}
