use std::collections::{BTreeMap, BTreeSet};

use faltkarta_model::{FeatureId, FieldId, Value};

use crate::conflict::{Clash, Conflict, ConflictKind, conflict_id};
use crate::equal::is_same_value;
use crate::merge::{Effect, RowValues};
use crate::operation::Operation;
use crate::schema::MergeSchema;

/// The values that a feature takes with an effect in fields whose values should be unique. The store looks for other
/// live features that have one of them, and opens [`duplicate_key`] for each. A feature that comes back claims all.
pub fn claimed_keys<'a>(
    before: Option<&RowValues>,
    effect: &'a Effect,
    schema: &impl MergeSchema,
) -> Vec<(&'a FieldId, &'a Value)> {
    let Effect::Put { values, .. } = effect else { return vec![] };
    let is_new = |field: &FieldId, value: &Value| {
        let had = before.and_then(|row| row.get(field));
        had.is_none_or(|it| !is_same_value(it, value))
    };
    let unique = values.iter().filter(|(field, _)| schema.is_unique(field));
    unique.filter(|(field, value)| is_new(field, value)).collect()
}

/// The conflict about a value that another feature has too. Both rows stand as they are.
pub fn duplicate_key(op: &Operation, field: &FieldId, value: &Value, other: FeatureId) -> Conflict {
    let base = op.changes.get(field).map_or(&Value::Null, |it| &it.old).clone();
    let clash = Clash { base, store: value.clone(), candidate: value.clone() };
    Conflict {
        id: conflict_id(op.id, field.as_str()),
        key: field.as_str().to_owned(),
        kind: ConflictKind::DuplicateKey,
        op: op.id,
        fields: BTreeMap::from([(field.clone(), clash)]),
        blobs: BTreeSet::new(),
        other: Some(other),
    }
}
