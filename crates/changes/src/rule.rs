//! The field rule: what becomes of each field that an operation names.

use std::collections::BTreeMap;

use faltkarta_model::{FieldId, Value};

use crate::conflict::Clash;
use crate::equal::{as_codes, is_same_in, is_same_value};
use crate::merge::RowValues;
use crate::operation::{Change, Operation, OperationKind};
use crate::schema::MergeSchema;

/// What is judged together: a field group, or one field by itself.
pub(crate) struct Unit<'a> {
    pub(crate) key: String,
    pub(crate) members: Vec<(&'a FieldId, &'a Change)>,
}

/// The verdict on one field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fate {
    /// The store has it already.
    Same,
    /// The field takes this value.
    Take(Value),
    /// Neither what the author saw nor what he wants.
    Clash,
}

/// The changes of an operation by what is judged together; derived fields are not judged at all.
pub(crate) fn units<'a>(op: &'a Operation, schema: &impl MergeSchema) -> Vec<Unit<'a>> {
    let mut units: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for (field, change) in &op.changes {
        if schema.is_derived(field) {
            continue;
        }
        // A group is marked, so that one called like a field cannot be mixed up with it.
        let key = schema
            .group(field)
            .map_or_else(|| field.as_str().to_owned(), |group| format!("group:{group}"));
        units.entry(key).or_default().push((field, change));
    }
    units.into_iter().map(|(key, members)| Unit { key, members }).collect()
}

/// Judges one field.
///
/// What is exactly the old or the new value is settled first, so that somebody's small correction of a shape holds
/// although the dataset's tolerance would call it the same. A choice between values is taken as it is, hence a
/// resolution is never merged code by code.
pub(crate) fn judge(
    stored: &Value,
    (field, change): (&FieldId, &Change),
    kind: OperationKind,
    schema: &impl MergeSchema,
) -> Fate {
    let take = || Fate::Take(change.new.clone());
    if is_same_value(stored, &change.new) {
        return Fate::Same;
    }
    if is_same_value(stored, &change.old) {
        return take();
    }
    if is_same_in(schema, field, stored, &change.new) {
        return Fate::Same;
    }
    if is_same_in(schema, field, stored, &change.old) {
        return take();
    }
    if kind != OperationKind::Resolve && schema.is_set(field) {
        return merged_codes(stored, change).unwrap_or(Fate::Clash);
    }
    Fate::Clash
}

/// The stored codes with those that the author added and without those that he took away; `None` when one of the
/// three is not a list.
fn merged_codes(stored: &Value, change: &Change) -> Option<Fate> {
    let (codes, old, new) = (as_codes(stored)?, as_codes(&change.old)?, as_codes(&change.new)?);
    let is_removed = |code: &&String| old.contains(code) && !new.contains(code);
    let is_added = |code: &&String| !old.contains(code) && !codes.contains(code);
    let kept = codes.iter().filter(|code| !is_removed(code));
    let merged: Vec<String> = kept.chain(new.iter().filter(is_added)).cloned().collect();
    Some(if merged == codes {
        Fate::Same
    } else if merged.is_empty() {
        Fate::Take(Value::Null)
    } else {
        Fate::Take(Value::List(merged))
    })
}

/// Adds to the changes of an edit what its author saw in the other fields of their groups, as fields that keep their
/// value. Without them two people could each change one half of a group, and both halves would hold.
pub fn with_group_members(
    mut changes: BTreeMap<FieldId, Change>,
    seen: &RowValues,
    schema: &impl MergeSchema,
) -> BTreeMap<FieldId, Change> {
    let groups: Vec<String> =
        changes.keys().filter_map(|field| schema.group(field)).map(str::to_owned).collect();
    let members = groups.iter().flat_map(|group| schema.members(group));
    for member in members.filter(|it| !schema.is_derived(it)) {
        let value = value_of(seen, &member).clone();
        changes.entry(member).or_insert_with(|| Change { old: value.clone(), new: value });
    }
    changes
}

pub(crate) fn clash(change: &Change, stored: &Value) -> Clash {
    Clash { base: change.old.clone(), store: stored.clone(), candidate: change.new.clone() }
}

pub(crate) fn value_of<'a>(values: &'a RowValues, field: &FieldId) -> &'a Value {
    values.get(field).unwrap_or(&Value::Null)
}
