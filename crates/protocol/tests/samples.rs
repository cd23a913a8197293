//! Golden samples of every message: what is written today must be what laptops and stores of this version read.
//!
//! A change here is a change of the wire. `FALTKARTA_WRITE_SAMPLES=1 cargo test -p faltkarta-protocol` writes the
//! files anew, and the difference belongs in `docs/formats/sync-1.md`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;

use faltkarta_changes::{Change, Clash, ConflictKind, Operation, OperationKind, conflict_id};
use faltkarta_geo::Geometry;
use faltkarta_model::{
    BlobId, Class, DatasetId, FeatureId, FieldId, GroupId, OpId, ReplicaId, Timestamp, Value,
};
use faltkarta_protocol::{
    AttributeFilter, Author, BASE_MAP_FORMAT, BaseMapOffer, BaseMapPieces, DatasetDigest,
    Declaration, DeviceReport, DigestReply, ErrorBody, FeedBlob, FeedConflict, FeedEntry, FeedKind,
    FeedRow, Head, JoinReply, JoinRequest, NumberBlock, NumberRequest, OpOutcome, Outcome,
    PACKAGE_FORMAT, PROTOCOL_VERSION, PackageFile, PackageFileKind, PackageManifest, PackageScope,
    PackagedDataset, PullReply, PushReply, PushRequest, RowsReply, SchemaRevision, Subscription,
    SubscriptionPart, Witness,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

const CHAIN: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f0";
const EPOCH: &str = "5a2f8f0e-53c1-4b1e-9f0a-0d8f3c1b2a49";

fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, value: &T) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name);
    let text = serde_json::to_string_pretty(value).unwrap() + "\n";
    if std::env::var_os("FALTKARTA_WRITE_SAMPLES").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let stored = std::fs::read_to_string(&path).unwrap();
    assert_eq!(stored, text, "{name} is not what is written today");
    assert_eq!(
        serde_json::from_str::<T>(&stored).unwrap(),
        *value,
        "{name} is read as something else"
    );
    // Both ends ignore what a newer program adds.
    let mut newer: serde_json::Value = serde_json::from_str(&stored).unwrap();
    newer["added_later"] = serde_json::json!({"a": [1]});
    assert_eq!(serde_json::from_value::<T>(newer).unwrap(), *value, "{name} with a new key");
}

fn uuid(no: u128) -> Uuid {
    Uuid::from_u128(0x0190_a5c0_0000_7000_8000_0000_0000_0000 | no)
}

fn at() -> Timestamp {
    Timestamp::parse("2026-05-19T08:40:00.123Z").unwrap()
}

fn field(id: &str) -> FieldId {
    FieldId::parse(id).unwrap()
}

fn text(it: &str) -> Value {
    Value::Text(it.to_owned())
}

fn photo() -> BlobId {
    BlobId::from_digest([0xab; 32])
}

fn create() -> Operation {
    let new = |value: Value| Change { old: Value::Null, new: value };
    Operation {
        id: OpId::from_uuid(uuid(1)),
        replica: ReplicaId::from_uuid(uuid(2)),
        op_no: 1,
        user: "Tekniker A".into(),
        device_time: at(),
        clock_offset_ms: None,
        dataset: DatasetId::parse("valve").unwrap(),
        schema_rev: 1,
        feature: FeatureId::from_uuid(uuid(3)),
        kind: OperationKind::Create,
        base_version: 0,
        changes: BTreeMap::from([
            (field("antal_varv"), new(Value::Int(14))),
            (field("djup"), new(Value::Real(1.85))),
            (field("geometry"), new(Value::Geometry(Geometry::point(162_914.167, 6_608_920.569)))),
            (field("lock_ok"), new(Value::Bool(true))),
            (field("nummer"), new(text("AV-118"))),
            (field("skador"), new(Value::List(vec!["rost".into(), "läckage".into()]))),
        ]),
        depends_on: vec![],
        group: None,
        atomic: false,
        blobs: vec![],
        note: None,
    }
}

fn update() -> Operation {
    Operation {
        id: OpId::from_uuid(uuid(4)),
        op_no: 2,
        clock_offset_ms: Some(-1_500),
        kind: OperationKind::Update,
        base_version: 3,
        changes: BTreeMap::from([(
            field("lage"),
            Change { old: text("öppen"), new: text("stängd") },
        )]),
        depends_on: vec![OpId::from_uuid(uuid(1))],
        group: Some(GroupId::from_uuid(uuid(5))),
        atomic: true,
        blobs: vec![photo()],
        note: None,
        ..create()
    }
}

#[test]
fn an_operation_has_the_hash_that_it_always_had() {
    check("operation.json", &update());
    assert_eq!(BlobId::from_digest(update().hash()).digits(), OPERATION_HASH);
}

/// Hash of the operation in `operation.json`. Stores compare it with what they kept years ago.
const OPERATION_HASH: &str = "1b014e142885cb03ad73ac9e98f3c7fc2bfcb79d1a167fa200d7ff820db7ae4b";

#[test]
fn joining() {
    check(
        "join_request.json",
        &JoinRequest {
            protocol: PROTOCOL_VERSION,
            code: Some("ABCDE-FGH23".into()),
            device_name: "Bil 3".into(),
            user_name: "Tekniker A".into(),
            replica: ReplicaId::from_uuid(uuid(2)),
        },
    );
    check(
        "join_reply.json",
        &JoinReply {
            protocol: PROTOCOL_VERSION,
            token: "00".repeat(32),
            workspace: "main".into(),
            epoch: EPOCH.into(),
            lineage: uuid(6).to_string(),
            device_name: "Bil 3".into(),
            role: "inspector+technician".into(),
            server_time: at(),
        },
    );
}

#[test]
fn pushing() {
    check(
        "push_request.json",
        &PushRequest {
            protocol: PROTOCOL_VERSION,
            epoch: EPOCH.into(),
            replica: ReplicaId::from_uuid(uuid(2)),
            lineage: uuid(6).to_string(),
            witness: Witness { seq: 261_076, chain: CHAIN.into() },
            ops: vec![create(), update()],
            former_seqs: BTreeMap::from([(OpId::from_uuid(uuid(1)), 261_070)]),
        },
    );
    let outcomes = [
        (Outcome::Applied, Some(261_077)),
        (Outcome::Merged, Some(261_078)),
        (Outcome::Same, Some(261_050)),
        (
            Outcome::Conflict { conflicts: vec![conflict_id(OpId::from_uuid(uuid(13)), "lage")] },
            Some(261_060),
        ),
        (Outcome::Parked { why: "missing_parent".into() }, None),
        (Outcome::Quarantined { why: "unpermitted".into() }, None),
    ];
    check(
        "push_reply.json",
        &PushReply {
            lineage: uuid(7).to_string(),
            outcomes: outcomes
                .into_iter()
                .enumerate()
                .map(|(no, (outcome, seq))| OpOutcome {
                    op: OpId::from_uuid(uuid(10 + no as u128)),
                    outcome,
                    seq,
                })
                .collect(),
            head: Head { seq: 261_078, chain: CHAIN.into() },
            safe_seq: 261_000,
            server_time: at(),
        },
    );
}

fn author(user: &str) -> Author {
    Author { user: user.into(), device: "VA-bil 2".into(), at: at() }
}

fn conflict() -> FeedConflict {
    let clash = Clash { base: text("öppen"), store: text("stängd"), candidate: text("strypt") };
    FeedConflict {
        id: conflict_id(OpId::from_uuid(uuid(1)), "lage"),
        key: "lage".into(),
        kind: ConflictKind::Field,
        op: OpId::from_uuid(uuid(1)),
        replica: ReplicaId::from_uuid(uuid(2)),
        fields: BTreeMap::from([(field("lage"), clash)]),
        candidate_by: author("Eva Lind"),
        store_by: Some(author("Bo Ek")),
        merged: vec![field("nummer")],
        other: None,
    }
}

#[test]
fn pulling() {
    let entry = |seq, kind, row| FeedEntry {
        seq,
        op: OpId::from_uuid(uuid(1)),
        dataset: DatasetId::parse("valve").unwrap(),
        feature: FeatureId::from_uuid(uuid(3)),
        version: 4,
        kind,
        row,
        by: None,
        conflicts: vec![],
    };
    let row = FeedRow {
        geometry: Value::Geometry(Geometry::point(162_914.167, 6_608_920.569)),
        properties: BTreeMap::from([
            (field("lage"), text("stängd")),
            (field("nummer"), text("AV-118")),
        ]),
        blobs: vec![FeedBlob { id: photo(), complete: false, has_preview: true }],
    };
    let placeless = FeedRow { geometry: Value::Null, properties: BTreeMap::new(), blobs: vec![] };
    check(
        "pull_reply.json",
        &PullReply {
            entries: vec![
                FeedEntry {
                    by: Some(author("Bo Ek")),
                    conflicts: vec![conflict()],
                    ..entry(261_077, FeedKind::Upsert, Some(row))
                },
                entry(261_078, FeedKind::Upsert, Some(placeless)),
                entry(261_079, FeedKind::Delete, None),
                entry(261_080, FeedKind::Leave, None),
            ],
            cursor: format!("{EPOCH}.261080.{CHAIN}.1"),
            at: Head { seq: 261_080, chain: CHAIN.into() },
            up_to_date: true,
            safe_seq: 261_000,
            min_seq: 12_001,
            subscription: 1,
            schema: vec![SchemaRevision {
                dataset: DatasetId::parse("valve").unwrap(),
                revision: 2,
            }],
            server_time: at(),
        },
    );
}

#[test]
fn a_package() {
    let file = |name: &str, kind, n_bytes| PackageFile {
        name: name.into(),
        kind,
        n_bytes,
        sha256: "cd".repeat(32),
    };
    let dataset = |id: &str, class, lease_until| PackagedDataset {
        id: DatasetId::parse(id).unwrap(),
        class,
        n_features: 6_531,
        data_date: Some("2026-05-01".into()),
        lease_until,
    };
    check(
        "package.json",
        &PackageManifest {
            format: PACKAGE_FORMAT.into(),
            id: "p0123456789abcdef".into(),
            workspace: "main".into(),
            epoch: EPOCH.into(),
            seq: 261_076,
            chain: CHAIN.into(),
            cursor: format!("{EPOCH}.261076.{CHAIN}.1"),
            grid_epsg: 3009,
            created_at: at(),
            scope: PackageScope::Enrolled,
            area_m: [113_338.5, 6_583_769.0, 189_879.0, 6_667_693.25],
            home_m: [162_500.0, 6_608_500.0, 14.0],
            files: vec![
                file("features.sqlite", PackageFileKind::Features, 104_529_920),
                file("basemap.pmtiles", PackageFileKind::BaseMap, 13_057_905),
            ],
            datasets: vec![
                dataset("address", Class::Open, None),
                dataset("inspection", Class::Internal, None),
                dataset("valve", Class::Protected, Some(at())),
            ],
        },
    );
}

#[test]
fn a_base_map_and_its_pieces() {
    let sha256 = "c3".repeat(32);
    let offer = BaseMapOffer {
        format: BASE_MAP_FORMAT.into(),
        sha256: sha256.clone(),
        n_bytes: 13_714_920,
    };
    check("base_map_offer.json", &offer);
    check(
        "base_map_pieces.json",
        &BaseMapPieces {
            sha256,
            lengths: vec![127, 7_935, 8_322, 367, 13_698_169],
            hashes: "00112233445566778899aabbccddeeff0a1b2c3d".into(),
        },
    );
}

#[test]
fn an_error() {
    check("error.json", &ErrorBody::new("stale_lineage", "the lineage is stale"));
}

#[test]
fn what_a_laptop_wants() {
    let head = || Head { seq: 261_080, chain: CHAIN.into() };
    let valve = || DatasetId::parse("valve").unwrap();
    check(
        "subscription.json",
        &Subscription {
            revision: 2,
            parts: vec![SubscriptionPart {
                datasets: vec![valve()],
                area_m: vec![
                    [150_000.0, 6_600_000.0],
                    [152_000.0, 6_600_000.0],
                    [151_000.0, 6_601_500.0],
                ],
                filter: Some(AttributeFilter {
                    field: field("lage"), values: vec![text("öppen")]
                }),
            }],
        },
    );
    check(
        "rows_reply.json",
        &RowsReply {
            entries: vec![],
            next: Some("01".into()),
            at: head(),
            epoch: EPOCH.into(),
            cursor: "opaque".into(),
        },
    );
    check(
        "digest_reply.json",
        &DigestReply {
            at: head(),
            datasets: vec![DatasetDigest { dataset: valve(), n_rows: 8_012, xor: CHAIN.into() }],
        },
    );
    check(
        "declaration.json",
        &Declaration { dataset: valve(), revision: 2, toml: "id = \"valve\"\n".into() },
    );
}

#[test]
fn how_things_stand_on_a_laptop() {
    check(
        "device_report.json",
        &DeviceReport {
            protocol: PROTOCOL_VERSION,
            app_version: "0.1.0".into(),
            saved_here: 3,
            received: 12,
            secured: 240,
            needs_attention: 1,
            drafts: 2,
            photos_taken: 31,
            photos_received: 28,
            cursor_seq: 261_080,
            oldest_unsent_at: Some(at()),
        },
    );
}

#[test]
fn leased_numbers() {
    let series = || "manhole.nummer".to_owned();
    check(
        "number_request.json",
        &NumberRequest { protocol: PROTOCOL_VERSION, request: uuid(7), series: series(), n: 50 },
    );
    check("number_block.json", &NumberBlock { series: series(), first: 1_201, n: 50 });
}
