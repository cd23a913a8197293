//! What an operation means for the conflicts that are open about its feature.

use std::collections::{BTreeMap, BTreeSet};

use faltkarta_model::FieldId;
use uuid::Uuid;

use crate::conflict::{Clash, Conflict, ConflictKind, WHOLE_ROW, conflict_id};
use crate::equal::{is_same_in, is_same_value};
use crate::merge::{Current, Effect, FieldOutcome, Merge, RowValues};
use crate::operation::{Operation, OperationKind};
use crate::rule::{units, value_of};
use crate::schema::MergeSchema;

/// A conflict that is open about the feature of an operation.
#[derive(Debug, Clone, Copy)]
pub struct OpenConflict<'a> {
    /// The conflict as kept.
    pub conflict: &'a Conflict,
    /// Whether its candidates came from the replica that the operation comes from.
    pub is_own: bool,
}

/// What a later operation of the same author makes of his open conflict.
enum Followed {
    /// His newest values are the candidates now.
    Replaced(Conflict),
    /// Nothing is left to decide in it.
    Superseded,
}

/// An author goes on from what he last wrote, also where that is only a candidate. Then it is still one disagreement:
/// the open conflict takes his newest values, and no second one is opened.
pub(crate) fn follow(
    merge: &mut Merge,
    current: Current<'_>,
    op: &Operation,
    schema: &impl MergeSchema,
    open: &[OpenConflict<'_>],
) {
    if op.kind == OperationKind::Resolve {
        return;
    }
    for it in
        open.iter().filter(|it| it.is_own && it.conflict.id != conflict_id(op.id, &it.conflict.key))
    {
        let followed = if it.conflict.op == op.id {
            // A repeated operation finds its values where it put them the first time.
            Some(Followed::Replaced(it.conflict.clone()))
        } else if it.conflict.key == WHOLE_ROW {
            follow_row(merge, current, op, schema, it.conflict)
        } else {
            follow_fields(merge, current, op, schema, it.conflict)
        };
        match followed {
            None => {}
            Some(Followed::Superseded) => {
                merge.supersedes.insert(it.conflict.id);
            }
            Some(Followed::Replaced(conflict)) => {
                // What the operation disagrees about is said in the conflict that it takes over.
                merge.conflicts.retain(|new| {
                    let is_joined = new.key == conflict.key && new.kind == conflict.kind;
                    !is_joined && !is_within(new, &conflict)
                });
                merge.replaces.push(conflict);
            }
        }
    }
}

fn is_within(inner: &Conflict, outer: &Conflict) -> bool {
    !inner.fields.is_empty()
        && inner.fields.keys().all(|field| outer.fields.contains_key(field))
        && inner.blobs.is_subset(&outer.blobs)
}

/// Whether an operation goes on from the candidates of a conflict; `None` when it names none of its fields.
fn goes_on(op: &Operation, conflict: &Conflict) -> Option<bool> {
    let shared = |(field, change)| Some((change, conflict.fields.get(field)?));
    let mut shared = op.changes.iter().filter_map(shared).peekable();
    shared.peek()?;
    Some(shared.all(|(change, clash)| is_same_value(&change.old, &clash.candidate)))
}

/// The fields of a conflict with the candidates that an operation gives them, beside what the store holds after it.
/// `None` when the candidates are what it holds.
fn renewed(
    conflict: &Conflict,
    op: &Operation,
    after: &RowValues,
    schema: &impl MergeSchema,
) -> Option<BTreeMap<FieldId, Clash>> {
    let renew = |(field, it): (&FieldId, &Clash)| {
        let candidate = op.changes.get(field).map_or(&it.candidate, |change| &change.new).clone();
        let store = value_of(after, field).clone();
        (field.clone(), Clash { base: it.base.clone(), store, candidate })
    };
    let fields: BTreeMap<FieldId, Clash> = conflict.fields.iter().map(renew).collect();
    let is_held =
        fields.iter().all(|(field, it)| is_same_in(schema, field, &it.store, &it.candidate));
    (!is_held).then_some(fields)
}

/// A conflict about a field or a field group.
fn follow_fields(
    merge: &Merge,
    current: Current<'_>,
    op: &Operation,
    schema: &impl MergeSchema,
    conflict: &Conflict,
) -> Option<Followed> {
    let is_about_fields = matches!(conflict.kind, ConflictKind::Field | ConflictKind::DuplicateKey);
    if !is_about_fields || goes_on(op, conflict) != Some(true) {
        return None;
    }
    if op.kind == OperationKind::Delete && merge.conflicts.is_empty() {
        return Some(Followed::Superseded);
    }
    if let Some(row) = merge.conflicts.iter().find(|it| it.key == WHOLE_ROW) {
        return is_within(conflict, row).then_some(Followed::Superseded);
    }
    let after = values_after(merge, current)?;
    if conflict.kind == ConflictKind::DuplicateKey {
        let is_left =
            |(field, it): (&FieldId, &Clash)| !is_same_value(value_of(after, field), &it.store);
        return conflict.fields.iter().any(is_left).then_some(Followed::Superseded);
    }
    let Some(mut fields) = renewed(conflict, op, after, schema) else {
        return Some(Followed::Superseded);
    };
    if let Some(new) = merge.conflicts.iter().find(|it| it.key == conflict.key) {
        for (field, clash) in &new.fields {
            fields.entry(field.clone()).or_insert_with(|| clash.clone());
        }
    }
    Some(Followed::Replaced(Conflict { op: op.id, fields, ..conflict.clone() }))
}

/// A conflict about a whole row.
fn follow_row(
    merge: &Merge,
    current: Current<'_>,
    op: &Operation,
    schema: &impl MergeSchema,
    conflict: &Conflict,
) -> Option<Followed> {
    let again = merge.conflicts.iter().find(|it| it.key == WHOLE_ROW && it.kind == conflict.kind);
    let is_obeyed = merge.conflicts.is_empty();
    if conflict.kind == ConflictKind::DeletedVsEdited {
        return match (op.kind, again) {
            (OperationKind::Delete | OperationKind::Restore, _) if is_obeyed => {
                Some(Followed::Superseded)
            }
            (_, Some(again)) => {
                Some(Followed::Replaced(Conflict { id: conflict.id, ..again.clone() }))
            }
            _ => None,
        };
    }
    if op.kind == OperationKind::Delete {
        let is_gone = matches!(current, Current::Deleted(_)) || merge.effect == Effect::Remove;
        return is_gone.then_some(Followed::Superseded);
    }
    let goes_on = goes_on(op, conflict);
    if let Some(again) = again.filter(|_| goes_on != Some(false)) {
        let mut taken = conflict.clone();
        taken.op = op.id;
        taken.blobs.extend(again.blobs.iter().cloned());
        for (field, new) in &again.fields {
            let base = conflict.fields.get(field).map_or(&new.base, |it| &it.base).clone();
            taken.fields.insert(field.clone(), Clash { base, ..new.clone() });
        }
        return Some(Followed::Replaced(taken));
    }
    if goes_on != Some(true) {
        return None;
    }
    // The row is there: as the other feature of an id clash, or because somebody restored it meanwhile.
    let after = values_after(merge, current)?;
    Some(match renewed(conflict, op, after, schema) {
        None if conflict.blobs.is_empty() => Followed::Superseded,
        fields => {
            let fields = fields.unwrap_or_default();
            Followed::Replaced(Conflict { op: op.id, fields, ..conflict.clone() })
        }
    })
}

/// What a row that is there holds after a merge.
fn values_after<'a>(merge: &'a Merge, current: Current<'a>) -> Option<&'a RowValues> {
    match (&merge.effect, current) {
        (Effect::Put { values, .. }, _) => Some(values),
        (Effect::Nothing, Current::Live(row)) => Some(&row.values),
        (Effect::Nothing | Effect::Remove, _) => None,
    }
}

/// The conflicts that an operation decides: those of the operations in `depends_on`, as the candidates that its author
/// has seen.
pub(crate) fn closed(
    merge: &Merge,
    current: Current<'_>,
    op: &Operation,
    schema: &impl MergeSchema,
    open: &[OpenConflict<'_>],
) -> BTreeSet<Uuid> {
    let is_unanimous = merge.conflicts.is_empty() && merge.replaces.is_empty();
    let decides_row = match op.kind {
        OperationKind::Resolve | OperationKind::Delete => is_unanimous,
        // A feature that came back has come back, whatever became of its fields.
        OperationKind::Restore => is_unanimous || matches!(current, Current::Deleted(_)),
        _ => false,
    };
    let is_held = |field: &FieldId| {
        matches!(
            merge.fields.get(field),
            Some(FieldOutcome::Same | FieldOutcome::Applied | FieldOutcome::Derived)
        )
    };
    let mut keys: Vec<String> = if decides_row { vec![WHOLE_ROW.to_owned()] } else { vec![] };
    if op.kind == OperationKind::Resolve {
        let held = units(op, schema).into_iter();
        keys.extend(
            held.filter(|it| it.members.iter().all(|member| is_held(member.0))).map(|it| it.key),
        );
    }
    let ids = |dep| keys.iter().map(move |key| conflict_id(dep, key));
    let mut closed: BTreeSet<Uuid> = op.depends_on.iter().copied().flat_map(ids).collect();
    for it in open.iter().map(|it| it.conflict) {
        // An id tells the operation that opened the conflict, not the one whose candidates are in it now.
        closed.remove(&it.id);
        let is_about_fields = matches!(it.kind, ConflictKind::Field | ConflictKind::DuplicateKey);
        let is_decided = if it.key == WHOLE_ROW {
            decides_row
        } else if op.kind != OperationKind::Resolve {
            false
        } else if is_about_fields {
            it.fields.keys().all(is_held)
        } else {
            op.changes.is_empty() && decides_row
        };
        if is_decided && op.depends_on.contains(&it.op) {
            closed.insert(it.id);
        }
    }
    closed
}
