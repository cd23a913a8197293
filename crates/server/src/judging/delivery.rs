use std::collections::{BTreeMap, BTreeSet};

use faltkarta_changes::{Change, Operation, OperationKind, RowValues};
use faltkarta_model::{
    Dataset, Feature, FeatureId, FieldId, GEOMETRY_FIELD, OpId, ReplicaId, Timestamp, Value,
};
use uuid::Uuid;

use crate::judging::catalogue::Declared;
use crate::judging::content::{Content, properties_json};
use crate::judging::derive::derive;

/// The operation and the file that a change by a delivery counts as: the same on every try.
pub(crate) fn delivered_cause(edition: Uuid, feature: FeatureId) -> (OpId, ReplicaId) {
    let op = Uuid::new_v5(&edition, feature.as_bytes());
    (OpId::from_uuid(op), ReplicaId::from_uuid(edition))
}

/// A delivered feature as it is stored: what the store computes is computed.
pub(crate) fn delivered_content(dataset: &Dataset, feature: &Feature) -> Content {
    let mut values = None;
    if let (true, Some(geometry), Ok(field)) = (
        dataset.fields.iter().any(|it| it.derived),
        &feature.geometry,
        FieldId::parse(GEOMETRY_FIELD),
    ) {
        let mut derived = feature.properties.clone();
        derived.insert(field.clone(), Value::Geometry(geometry.clone()));
        derive(dataset, &mut derived);
        derived.remove(&field);
        values = Some(derived);
    }
    Content {
        wkb: feature.geometry.as_ref().map(|it| it.wkb().to_vec()),
        properties: properties_json(values.as_ref().unwrap_or(&feature.properties)),
        blobs: "[]".to_owned(),
    }
}

/// What a delivery wants of a feature, from the values as delivered last and as delivered now. `whose` is the feature
/// and the version that holds what was delivered last.
pub(crate) fn delivered_op(
    (edition, now): (Uuid, Timestamp),
    declared: &Declared,
    (feature, base_version): (FeatureId, u32),
    old: &RowValues,
    new: &RowValues,
) -> Operation {
    let fields: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let value = |values: &RowValues, field| values.get(field).cloned().unwrap_or(Value::Null);
    let changes: BTreeMap<_, _> = fields
        .into_iter()
        .map(|field| (field.clone(), Change { old: value(old, field), new: value(new, field) }))
        .filter(|(_, change)| change.old != change.new)
        .collect();
    let (id, replica) = delivered_cause(edition, feature);
    Operation {
        id,
        replica,
        op_no: 0,
        user: format!("import:{edition}"),
        device_time: now,
        clock_offset_ms: None,
        dataset: declared.dataset.id.clone(),
        schema_rev: declared.revision,
        feature,
        kind: OperationKind::Update,
        base_version,
        changes,
        depends_on: vec![],
        group: None,
        atomic: false,
        blobs: vec![],
        note: None,
    }
}
