//! A declared dataset and builders of operations and rows.

use std::sync::LazyLock;

use faltkarta_changes::{Change, CurrentRow, Operation, OperationKind, RowValues};
use faltkarta_geo::Geometry;
use faltkarta_model::{
    BlobId, Dataset, DatasetId, FeatureId, FieldId, OpId, ReplicaId, Timestamp, Value,
};
use uuid::Uuid;

const DECLARATION: &str = r#"
id = "valve"
title = { sv = "Ventiler", en = "Valves" }
singular = { sv = "Ventil", en = "Valve" }
owner = { body = "BKT", contact = "va" }
publisher = "BKT"
licence = "intern"
class = "protected"
role = "valve"
geometry = "any"
policy = "direct"
label = "{nummer}"
tolerance_m = 0.001
field = [
    { id = "f", title = { sv = "F", en = "F" }, type = "text" },
    { id = "h", title = { sv = "H", en = "H" }, type = "int" },
    { id = "status", title = { sv = "S", en = "S" }, type = "text", group = "state" },
    { id = "status_date", title = { sv = "D", en = "D" }, type = "date", group = "state" },
    { id = "accuracy", title = { sv = "N", en = "N" }, type = "real", group = "geometry" },
    { id = "length", title = { sv = "L", en = "L" }, type = "real", derived = true, group = "state" },
    { id = "tags", title = { sv = "T", en = "T" }, type = "list", merge_as_set = true },
    { id = "codes", title = { sv = "K", en = "K" }, type = "list" },
    { id = "nummer", title = { sv = "Nr", en = "No" }, type = "text", unique = true },
]
"#;

/// Fields `status` and `status_date` are one group, `geometry` and `accuracy` another; `length` is derived, `tags` a
/// set, `nummer` unique.
pub(crate) static SCHEMA: LazyLock<Dataset> =
    LazyLock::new(|| Dataset::parse(DECLARATION).unwrap());

/// The same, with fields that no group joins with the geometry and with no tolerance.
pub(crate) static PLAIN: LazyLock<Dataset> = LazyLock::new(|| {
    let loose =
        DECLARATION.replace(", group = \"geometry\"", "").replace("tolerance_m = 0.001", "");
    Dataset::parse(&loose).unwrap()
});

pub(crate) fn field(id: &str) -> FieldId {
    FieldId::parse(id).unwrap()
}

pub(crate) fn text(it: &str) -> Value {
    Value::Text(it.into())
}

pub(crate) fn list(codes: &[&str]) -> Value {
    Value::List(codes.iter().map(|it| (*it).to_owned()).collect())
}

pub(crate) fn point(x: f64, y: f64) -> Value {
    Value::Geometry(Geometry::point(x, y))
}

pub(crate) fn blob(it: u8) -> BlobId {
    BlobId::from_digest([it; 32])
}

pub(crate) fn op_id(it: u128) -> OpId {
    OpId::from_uuid(Uuid::from_u128(it))
}

pub(crate) fn values(pairs: &[(&str, Value)]) -> RowValues {
    let held = pairs.iter().filter(|(_, it)| !it.is_null());
    held.map(|(id, value)| (field(id), value.clone())).collect()
}

/// A row that others have changed after version 3, on which the operations of [`op`] are based.
pub(crate) fn row(version: u32, pairs: &[(&str, Value)]) -> CurrentRow {
    CurrentRow {
        version,
        values: values(pairs),
        is_changed_by_others: version != 3,
        ..CurrentRow::default()
    }
}

/// Operation 7 of laptop 1.
pub(crate) fn op(kind: OperationKind, changes: &[(&str, Value, Value)]) -> Operation {
    Operation {
        id: op_id(7),
        replica: ReplicaId::from_uuid(Uuid::from_u128(1)),
        op_no: 1,
        user: "Inspektör A".into(),
        device_time: Timestamp::from_unix_ms(0),
        clock_offset_ms: None,
        dataset: DatasetId::parse("valve").unwrap(),
        schema_rev: 1,
        feature: FeatureId::from_uuid(Uuid::from_u128(2)),
        kind,
        base_version: 3,
        changes: changes
            .iter()
            .map(|(id, old, new)| (field(id), Change { old: old.clone(), new: new.clone() }))
            .collect(),
        depends_on: vec![],
        group: None,
        atomic: false,
        blobs: vec![],
        note: None,
    }
}

/// The same as another operation.
pub(crate) fn numbered(id: u128, op: Operation) -> Operation {
    Operation { id: op_id(id), ..op }
}

/// The same with operations whose candidates its author has seen.
pub(crate) fn having_seen(seen: &[u128], op: Operation) -> Operation {
    Operation { depends_on: seen.iter().map(|it| op_id(*it)).collect(), ..op }
}
