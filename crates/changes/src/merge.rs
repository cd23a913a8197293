use std::collections::{BTreeMap, BTreeSet};

use faltkarta_model::{BlobId, FieldId, Value};
use uuid::Uuid;

use crate::conflict::{Conflict, ConflictKind, WHOLE_ROW, conflict_id};
use crate::equal::is_same_in;
use crate::open::{OpenConflict, closed, follow};
use crate::operation::{Operation, OperationKind};
use crate::rule::{Fate, clash, judge, units, value_of};
use crate::schema::MergeSchema;

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
    /// The new value holds; a list that is merged as a set holds what was added and lacks what was taken away.
    Applied,
    /// The store's value stands, the new one is a candidate.
    Conflict,
    /// The store computes the field itself and does not ask.
    Derived,
    /// Nobody can tell before the feature is there.
    Waiting,
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
    /// What a person has to decide, to be opened.
    pub conflicts: Vec<Conflict>,
    /// Open conflicts of the same author whose candidates this operation takes the place of: to be kept open under
    /// their id, with this content.
    pub replaces: Vec<Conflict>,
    /// Open conflicts of the same author in which nothing is left to decide, because he now wants what the store
    /// holds or says it in another conflict. To be closed as superseded.
    pub supersedes: BTreeSet<Uuid>,
    /// Conflicts that the person decided, to be closed when the store has them open.
    pub closes: BTreeSet<Uuid>,
}

/// Judges an operation by itself: like [`merge_among`] where nothing is known of open conflicts.
pub fn merge(current: Current<'_>, op: &Operation, schema: &impl MergeSchema) -> Merge {
    merge_among(current, op, schema, &[])
}

/// Judges an operation against the row that the store holds and the conflicts that are open about it. Pure: the same
/// arguments give the same answer on every machine, so that a laptop can show beforehand what the store will say.
///
/// Values decide, not versions: a field whose store value equals the old value takes the new one, one that equals
/// the new value is left, anything else is a conflict in which the store's value stands. Fields of one group share
/// their fate, and the geometry is one field, which may have a group of its own. Fields that the store computes are
/// not judged.
///
/// | | absent | live, as seen | live, otherwise | deleted |
/// |---|---|---|---|---|
/// | create | put | same when the content is, else id clash | the same | edited vs deleted |
/// | update | waits | put | by field | edited vs deleted |
/// | delete | waits | remove | deleted vs edited | same |
/// | restore | waits | by field: same when it names nothing new | by field | put, then by field |
/// | resolve | waits | by field | by field | decides when it keeps what is stored, else edited vs deleted |
/// | attach | waits | put | attachments are put, the rest by field | parent deleted |
/// | detach | waits | put | attachments are taken away, the rest by field | same |
///
/// *As seen* for a delete: every value and attachment that is there is named in it, and no child came that its author
/// had not seen. A version number is not asked, because numbers come again after a restore of the store.
///
/// What closes conflicts: a resolve, those of the operations in `depends_on` whose fields it names and which hold; a
/// resolve without changes, besides, what those operations have open about the whole row or about no field at all; a
/// restore or a delete that is obeyed, those about the whole row. A conflict whose candidate has been replaced since
/// the person looked stays open, because nobody has seen what is in it.
pub fn merge_among(
    current: Current<'_>,
    op: &Operation,
    schema: &impl MergeSchema,
    open: &[OpenConflict<'_>],
) -> Merge {
    let mut merge = merge_alone(current, op, schema);
    if merge.verdict == Verdict::MissingParent {
        return merge;
    }
    follow(&mut merge, current, op, schema, open);
    merge.closes = closed(&merge, current, op, schema, open);
    let is_undecided = !merge.conflicts.is_empty() || !merge.replaces.is_empty();
    // Choosing what is stored is an act; that an operation names others which it follows is none by itself.
    let is_decision = !merge.supersedes.is_empty()
        || op.kind == OperationKind::Resolve && !merge.closes.is_empty()
        || open.iter().any(|it| merge.closes.contains(&it.conflict.id));
    if is_undecided {
        merge.verdict = Verdict::Conflict;
    } else if merge.verdict == Verdict::Same && is_decision {
        merge.verdict = Verdict::Applied;
    }
    merge
}

fn merge_alone(current: Current<'_>, op: &Operation, schema: &impl MergeSchema) -> Merge {
    use OperationKind as Kind;
    let same = || all_fields(op, schema, FieldOutcome::Same, Verdict::Same);
    match (op.kind, current) {
        (Kind::Create, Current::Absent) => create(op, schema),
        (_, Current::Absent) => {
            all_fields(op, schema, FieldOutcome::Waiting, Verdict::MissingParent)
        }
        (Kind::Create, Current::Live(row)) => create_again(row, op, schema),
        (Kind::Create | Kind::Update, Current::Deleted(row)) => {
            whole_row(row, op, schema, ConflictKind::EditedVsDeleted)
        }
        (Kind::Delete, Current::Live(row)) => delete(row, op, schema),
        (Kind::Delete | Kind::Detach, Current::Deleted(_)) => same(),
        (Kind::Restore, Current::Deleted(row)) => restore(row, op, schema),
        (Kind::Resolve, Current::Deleted(row)) => resolve_deleted(row, op, schema),
        (Kind::Attach, Current::Deleted(row)) => {
            whole_row(row, op, schema, ConflictKind::ParentDeleted)
        }
        (
            Kind::Update | Kind::Restore | Kind::Resolve | Kind::Attach | Kind::Detach,
            Current::Live(row),
        ) => by_field(row, op, schema),
    }
}

fn all_fields(
    op: &Operation,
    schema: &impl MergeSchema,
    outcome: FieldOutcome,
    verdict: Verdict,
) -> Merge {
    let of =
        |field: &FieldId| if schema.is_derived(field) { FieldOutcome::Derived } else { outcome };
    Merge {
        verdict,
        effect: Effect::Nothing,
        fields: op.changes.keys().map(|field| (field.clone(), of(field))).collect(),
        conflicts: vec![],
        replaces: vec![],
        supersedes: BTreeSet::new(),
        closes: BTreeSet::new(),
    }
}

fn create(op: &Operation, schema: &impl MergeSchema) -> Merge {
    let mut merge = all_fields(op, schema, FieldOutcome::Applied, Verdict::Applied);
    merge.effect =
        Effect::Put { values: new_values(op, schema), blobs: op.blobs.iter().cloned().collect() };
    merge
}

fn create_again(row: &CurrentRow, op: &Operation, schema: &impl MergeSchema) -> Merge {
    let wanted = new_values(op, schema);
    let is_same = judged_fields(&row.values, op, schema)
        .all(|it| is_same_in(schema, it, value_of(&wanted, it), value_of(&row.values, it)))
        && op.blobs.iter().all(|blob| row.blobs.contains(blob));
    if is_same {
        all_fields(op, schema, FieldOutcome::Same, Verdict::Same)
    } else {
        whole_row(row, op, schema, ConflictKind::IdClash)
    }
}

fn delete(row: &CurrentRow, op: &Operation, schema: &impl MergeSchema) -> Merge {
    let seen = |field: &FieldId| op.changes.get(field).map_or(&Value::Null, |change| &change.old);
    let are_values_seen = judged_fields(&row.values, op, schema)
        .all(|it| is_same_in(schema, it, seen(it), value_of(&row.values, it)));
    // Laptops name attachments in a delete since they can; for others the row must be nobody else's.
    let are_blobs_seen =
        !row.is_changed_by_others || row.blobs.iter().all(|blob| op.blobs.contains(blob));
    if row.has_unseen_child || !are_values_seen || !are_blobs_seen {
        return whole_row(row, op, schema, ConflictKind::DeletedVsEdited);
    }
    let mut merge = all_fields(op, schema, FieldOutcome::Applied, Verdict::Applied);
    merge.effect = Effect::Remove;
    merge
}

fn restore(row: &CurrentRow, op: &Operation, schema: &impl MergeSchema) -> Merge {
    let mut merge = by_field(row, op, schema);
    if merge.effect == Effect::Nothing {
        merge.effect = Effect::Put { values: row.values.clone(), blobs: row.blobs.clone() };
    }
    if merge.verdict == Verdict::Same {
        merge.verdict = Verdict::Applied;
    }
    merge
}

/// A choice that keeps what is stored decides; any other is an edit of something deleted.
fn resolve_deleted(row: &CurrentRow, op: &Operation, schema: &impl MergeSchema) -> Merge {
    let is_kept = units(op, schema)
        .iter()
        .flat_map(|unit| &unit.members)
        .all(|(field, it)| is_same_in(schema, field, &it.new, value_of(&row.values, field)));
    if is_kept {
        all_fields(op, schema, FieldOutcome::Same, Verdict::Same)
    } else {
        whole_row(row, op, schema, ConflictKind::EditedVsDeleted)
    }
}

fn by_field(row: &CurrentRow, op: &Operation, schema: &impl MergeSchema) -> Merge {
    let mut merge = all_fields(op, schema, FieldOutcome::Same, Verdict::Same);
    let mut values = row.values.clone();
    for unit in units(op, schema) {
        let fates: Vec<Fate> = unit
            .members
            .iter()
            .map(|it| judge(value_of(&row.values, it.0), *it, op.kind, schema))
            .collect();
        if fates.contains(&Fate::Clash) {
            let fields = unit.members.iter().map(|(field, change)| {
                merge.fields.insert((*field).clone(), FieldOutcome::Conflict);
                ((*field).clone(), clash(change, value_of(&row.values, field)))
            });
            let fields = fields.collect();
            merge.conflicts.push(Conflict {
                id: conflict_id(op.id, &unit.key),
                key: unit.key,
                kind: ConflictKind::Field,
                op: op.id,
                fields,
                blobs: BTreeSet::new(),
                other: None,
            });
            continue;
        }
        for ((field, _), fate) in unit.members.into_iter().zip(fates) {
            if let Fate::Take(value) = fate {
                set(&mut values, field, value);
                merge.fields.insert(field.clone(), FieldOutcome::Applied);
            }
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

fn whole_row(
    row: &CurrentRow,
    op: &Operation,
    schema: &impl MergeSchema,
    kind: ConflictKind,
) -> Merge {
    let mut merge = all_fields(op, schema, FieldOutcome::Conflict, Verdict::Conflict);
    let judged = op.changes.iter().filter(|(field, _)| !schema.is_derived(field));
    let fields = judged
        .map(|(field, it)| (field.clone(), clash(it, value_of(&row.values, field))))
        .collect();
    merge.conflicts.push(Conflict {
        id: conflict_id(op.id, WHOLE_ROW),
        key: WHOLE_ROW.to_owned(),
        kind,
        op: op.id,
        fields,
        blobs: op.blobs.iter().cloned().collect(),
        other: None,
    });
    merge
}

/// The fields that a row holds or an operation names, without those that the store computes.
fn judged_fields<'a>(
    values: &'a RowValues,
    op: &'a Operation,
    schema: &impl MergeSchema,
) -> impl Iterator<Item = &'a FieldId> {
    values.keys().chain(op.changes.keys()).filter(|it| !schema.is_derived(it))
}

fn new_values(op: &Operation, schema: &impl MergeSchema) -> RowValues {
    let named = op.changes.iter();
    let held = named.filter(|(field, it)| !it.new.is_null() && !schema.is_derived(field));
    held.map(|(field, it)| (field.clone(), it.new.clone())).collect()
}

fn set(values: &mut RowValues, field: &FieldId, value: Value) {
    if value.is_null() {
        values.remove(field);
    } else {
        values.insert(field.clone(), value);
    }
}
