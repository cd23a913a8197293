use std::collections::{BTreeMap, BTreeSet};

use faltkarta_model::{BlobId, Dataset, FieldId, Value};
use uuid::Uuid;

use crate::conflict::{Clash, Conflict, ConflictKind, WHOLE_ROW, conflict_id};
use crate::equal::is_same_value;
use crate::operation::{Change, Operation, OperationKind};

/// What a merge must know of a dataset's declaration.
pub trait MergeSchema {
    /// The group of fields that are judged together with this one; `None` when it stands alone.
    fn group(&self, field: &FieldId) -> Option<&str>;
}

impl MergeSchema for Dataset {
    fn group(&self, field: &FieldId) -> Option<&str> {
        self.field(field.as_str()).and_then(|it| it.group.as_deref())
    }
}

/// The values of a row by field, the geometry among them as [`faltkarta_model::GEOMETRY_FIELD`]; nulls left out.
pub type RowValues = BTreeMap<FieldId, Value>;

/// The feature as the store holds it when an operation arrives.
#[derive(Debug, Clone, Copy)]
pub enum Current<'a> {
    /// The store has never heard of it.
    Absent,
    /// It is there.
    Live(&'a CurrentRow),
    /// It was deleted; the row is what it was before.
    Deleted(&'a CurrentRow),
}

/// A row with what the merge asks about it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CurrentRow {
    /// Counts accepted changes, from 1.
    pub version: u32,
    /// Its values.
    pub values: RowValues,
    /// Its attachments.
    pub blobs: BTreeSet<BlobId>,
    /// Whether anybody but the operation's own replica changed it after the operation's base version.
    pub is_changed_by_others: bool,
    /// Whether it has a child (an inspection, say) that the operation's author had not seen.
    pub has_unseen_child: bool,
}

/// What the store is to do with the row.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Leave it.
    Nothing,
    /// Make it live with exactly these values and attachments.
    Put {
        /// All values after the operation.
        values: RowValues,
        /// All attachments after the operation.
        blobs: BTreeSet<BlobId>,
    },
    /// Make it a tombstone.
    Remove,
}

/// What became of one field of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldOutcome {
    /// The store had the new value already.
    Same,
    /// The new value holds.
    Applied,
    /// The store's value stands, the new one is a candidate.
    Conflict,
}

/// The verdict in one word, before the store adds numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All of it holds.
    Applied,
    /// It holds beside changes of others.
    Merged,
    /// There was nothing to do.
    Same,
    /// Some of it waits for a person.
    Conflict,
    /// The feature is not there yet.
    MissingParent,
}

/// The result of judging one operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// The verdict.
    pub verdict: Verdict,
    /// What to do with the row.
    pub effect: Effect,
    /// What became of each field that the operation names.
    pub fields: BTreeMap<FieldId, FieldOutcome>,
    /// What a person has to decide.
    pub conflicts: Vec<Conflict>,
    /// For [`OperationKind::Resolve`]: the conflicts that are decided, when the store has them open.
    pub closes: BTreeSet<Uuid>,
}

/// Judges an operation against the row that the store holds. Pure: the same arguments give the same answer on every
/// machine, so that a laptop can show beforehand what the store will say.
///
/// Values decide, not versions: a field whose store value equals the old value takes the new one, one that equals
/// the new value is left, anything else is a conflict in which the store's value stands. Fields of one group share
/// their fate, and the geometry is one field.
pub fn merge(current: Current<'_>, op: &Operation, schema: &impl MergeSchema) -> Merge {
    match (op.kind, current) {
        (OperationKind::Create, Current::Absent) => create(op),
        (_, Current::Absent) => all_fields(op, FieldOutcome::Conflict, Verdict::MissingParent),
        (OperationKind::Create, Current::Live(row)) => create_again(row, op),
        (OperationKind::Create | OperationKind::Update, Current::Deleted(row)) => {
            whole_row(row, op, ConflictKind::EditedVsDeleted)
        }
        (OperationKind::Delete, Current::Live(row)) => delete(row, op),
        (OperationKind::Delete, Current::Deleted(_)) => {
            all_fields(op, FieldOutcome::Same, Verdict::Same)
        }
        (OperationKind::Restore, Current::Deleted(row)) => {
            let mut merge = by_field(row, op, schema);
            if merge.effect == Effect::Nothing {
                merge.effect = Effect::Put { values: row.values.clone(), blobs: row.blobs.clone() };
            }
            if merge.verdict == Verdict::Same {
                merge.verdict = Verdict::Applied;
            }
            merge
        }
        (OperationKind::Resolve, Current::Live(row)) => {
            resolve(by_field(row, op, schema), op, schema)
        }
        (OperationKind::Resolve, Current::Deleted(row)) => resolve_deleted(row, op),
        (OperationKind::Detach, Current::Deleted(_)) => {
            all_fields(op, FieldOutcome::Same, Verdict::Same)
        }
        (OperationKind::Attach, Current::Deleted(row)) => {
            whole_row(row, op, ConflictKind::ParentDeleted)
        }
        (
            OperationKind::Update
            | OperationKind::Restore
            | OperationKind::Attach
            | OperationKind::Detach,
            Current::Live(row),
        ) => by_field(row, op, schema),
    }
}

fn all_fields(op: &Operation, outcome: FieldOutcome, verdict: Verdict) -> Merge {
    Merge {
        verdict,
        effect: Effect::Nothing,
        fields: op.changes.keys().map(|field| (field.clone(), outcome)).collect(),
        conflicts: vec![],
        closes: BTreeSet::new(),
    }
}

fn create(op: &Operation) -> Merge {
    let mut merge = all_fields(op, FieldOutcome::Applied, Verdict::Applied);
    merge.effect =
        Effect::Put { values: new_values(op), blobs: op.blobs.iter().cloned().collect() };
    merge
}

fn create_again(row: &CurrentRow, op: &Operation) -> Merge {
    let wanted = new_values(op);
    let is_same = wanted.len() == row.values.len()
        && wanted.iter().all(|(field, value)| is_same_value(value, value_of(&row.values, field)))
        && op.blobs.iter().all(|blob| row.blobs.contains(blob));
    if is_same {
        all_fields(op, FieldOutcome::Same, Verdict::Same)
    } else {
        whole_row(row, op, ConflictKind::IdClash)
    }
}

fn delete(row: &CurrentRow, op: &Operation) -> Merge {
    // The version is a shortcut here: nobody changed the row that the author saw. Without it every value that is
    // there must be among those that he saw.
    let is_as_seen = !row.has_unseen_child
        && (row.version == op.base_version
            || row
                .values
                .keys()
                .chain(op.changes.keys())
                .all(|field| is_same_value(seen(op, field), value_of(&row.values, field))));
    if !is_as_seen {
        return whole_row(row, op, ConflictKind::DeletedVsEdited);
    }
    let mut merge = all_fields(op, FieldOutcome::Applied, Verdict::Applied);
    merge.effect = Effect::Remove;
    merge
}

fn by_field(row: &CurrentRow, op: &Operation, schema: &impl MergeSchema) -> Merge {
    let mut merge = all_fields(op, FieldOutcome::Same, Verdict::Same);
    let mut values = row.values.clone();
    for (key, members) in units(op, schema) {
        let is_clash = members.iter().any(|(field, change)| {
            let stored = value_of(&row.values, field);
            !is_same_value(stored, &change.new) && !is_same_value(stored, &change.old)
        });
        if is_clash {
            let fields = members.iter().map(|(field, change)| {
                ((*field).clone(), clash(change, value_of(&row.values, field)))
            });
            merge.conflicts.push(Conflict {
                id: conflict_id(op.id, &key),
                key,
                kind: ConflictKind::Field,
                op: op.id,
                fields: fields.collect(),
                blobs: BTreeSet::new(),
                other: None,
            });
        }
        for (field, change) in members {
            let outcome = if is_clash {
                FieldOutcome::Conflict
            } else if is_same_value(value_of(&row.values, field), &change.new) {
                FieldOutcome::Same
            } else {
                set(&mut values, field, &change.new);
                FieldOutcome::Applied
            };
            merge.fields.insert(field.clone(), outcome);
        }
    }
    let mut blobs = row.blobs.clone();
    if op.kind == OperationKind::Detach {
        blobs.retain(|blob| !op.blobs.contains(blob));
    } else {
        blobs.extend(op.blobs.iter().cloned());
    }
    let is_changed =
        blobs != row.blobs || merge.fields.values().any(|it| *it == FieldOutcome::Applied);
    if is_changed {
        merge.effect = Effect::Put { values, blobs };
    }
    merge.verdict = if !merge.conflicts.is_empty() {
        Verdict::Conflict
    } else if !is_changed {
        Verdict::Same
    } else if row.is_changed_by_others {
        Verdict::Merged
    } else {
        Verdict::Applied
    };
    merge
}

/// Closes what the choice covers: conflicts of the named operations whose fields did not move meanwhile.
fn resolve(mut merge: Merge, op: &Operation, schema: &impl MergeSchema) -> Merge {
    for (key, members) in units(op, schema) {
        let holds = members
            .iter()
            .all(|(field, _)| merge.fields.get(*field) != Some(&FieldOutcome::Conflict));
        if holds {
            merge.closes.extend(op.depends_on.iter().map(|seen| conflict_id(*seen, &key)));
        }
    }
    if merge.conflicts.is_empty() {
        merge.closes.extend(op.depends_on.iter().map(|seen| conflict_id(*seen, WHOLE_ROW)));
        if merge.verdict == Verdict::Same && !merge.closes.is_empty() {
            merge.verdict = Verdict::Applied;
        }
    }
    merge
}

/// Without values it is "leave it deleted", which decides; with values it is an edit of something deleted.
fn resolve_deleted(row: &CurrentRow, op: &Operation) -> Merge {
    if !op.changes.is_empty() {
        return whole_row(row, op, ConflictKind::EditedVsDeleted);
    }
    let mut merge = all_fields(op, FieldOutcome::Applied, Verdict::Applied);
    merge.closes = op.depends_on.iter().map(|seen| conflict_id(*seen, WHOLE_ROW)).collect();
    merge
}

fn whole_row(row: &CurrentRow, op: &Operation, kind: ConflictKind) -> Merge {
    let mut merge = all_fields(op, FieldOutcome::Conflict, Verdict::Conflict);
    let fields = op
        .changes
        .iter()
        .map(|(field, change)| (field.clone(), clash(change, value_of(&row.values, field))));
    merge.conflicts.push(Conflict {
        id: conflict_id(op.id, WHOLE_ROW),
        key: WHOLE_ROW.to_owned(),
        kind,
        op: op.id,
        fields: fields.collect(),
        blobs: op.blobs.iter().cloned().collect(),
        other: None,
    });
    merge
}

/// The changes of an operation by what is judged together: a field group, or one field by itself.
fn units<'a>(
    op: &'a Operation,
    schema: &impl MergeSchema,
) -> BTreeMap<String, Vec<(&'a FieldId, &'a Change)>> {
    let mut units: BTreeMap<String, Vec<_>> = BTreeMap::new();
    for (field, change) in &op.changes {
        // A group is marked, so that one called like a field cannot be mixed up with it.
        let key = schema
            .group(field)
            .map_or_else(|| field.as_str().to_owned(), |group| format!("group:{group}"));
        units.entry(key).or_default().push((field, change));
    }
    units
}

fn clash(change: &Change, stored: &Value) -> Clash {
    Clash { base: change.old.clone(), store: stored.clone(), candidate: change.new.clone() }
}

fn new_values(op: &Operation) -> RowValues {
    let named = op.changes.iter().filter(|(_, change)| !change.new.is_null());
    named.map(|(field, change)| (field.clone(), change.new.clone())).collect()
}

fn seen<'a>(op: &'a Operation, field: &FieldId) -> &'a Value {
    op.changes.get(field).map_or(&Value::Null, |change| &change.old)
}

fn value_of<'a>(values: &'a RowValues, field: &FieldId) -> &'a Value {
    values.get(field).unwrap_or(&Value::Null)
}

fn set(values: &mut RowValues, field: &FieldId, value: &Value) {
    if value.is_null() {
        values.remove(field);
    } else {
        values.insert(field.clone(), value.clone());
    }
}

#[cfg(test)]
mod tests;
