//! Kind of operation × state of the feature × what the store holds in the field, for every kind of value.

use std::collections::BTreeSet;

use faltkarta_changes::{
    ConflictKind, CurrentRow, Effect, FieldOutcome, Operation, OperationKind, Verdict, conflict_id,
};
use faltkarta_model::{GEOMETRY_FIELD, Value};

use crate::sheet::{Sheet, State};
use crate::support::{PLAIN, blob, field, op, point, row, text, values};

/// What the store holds, seen from an operation that changes `old` to `new`.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Holds {
    Old,
    New,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Does {
    Nothing,
    Put,
    Remove,
}

type Cell = (OperationKind, State, Holds, Verdict, Does, FieldOutcome, Option<ConflictKind>);

/// The whole table. An operation names one field; attachments are added and taken away by kind. A delete names the new
/// value null. What is judged by field says `Merged` instead of `Applied` when others changed the row.
#[rustfmt::skip]
fn table() -> Vec<Cell> {
    use ConflictKind::{DeletedVsEdited, EditedVsDeleted, Field, IdClash, ParentDeleted};
    use FieldOutcome as F;
    use Holds::{New, Old, Other};
    use OperationKind::{Attach, Create, Delete, Detach, Resolve, Restore, Update};
    use State::{Absent, Deleted, Live};
    use Verdict as V;
    let mut table = vec![
        // kind    state    holds  verdict      does           field        conflict
        (Create,  Live,    Old,   V::Conflict, Does::Nothing, F::Conflict, Some(IdClash)),
        (Create,  Live,    New,   V::Same,     Does::Nothing, F::Same,     None),
        (Create,  Live,    Other, V::Conflict, Does::Nothing, F::Conflict, Some(IdClash)),
        (Create,  Deleted, Old,   V::Conflict, Does::Nothing, F::Conflict, Some(EditedVsDeleted)),
        (Create,  Deleted, New,   V::Conflict, Does::Nothing, F::Conflict, Some(EditedVsDeleted)),
        (Create,  Deleted, Other, V::Conflict, Does::Nothing, F::Conflict, Some(EditedVsDeleted)),

        (Update,  Live,    Old,   V::Applied,  Does::Put,     F::Applied,  None),
        (Update,  Live,    New,   V::Same,     Does::Nothing, F::Same,     None),
        (Update,  Live,    Other, V::Conflict, Does::Nothing, F::Conflict, Some(Field)),
        (Update,  Deleted, Old,   V::Conflict, Does::Nothing, F::Conflict, Some(EditedVsDeleted)),
        (Update,  Deleted, New,   V::Conflict, Does::Nothing, F::Conflict, Some(EditedVsDeleted)),
        (Update,  Deleted, Other, V::Conflict, Does::Nothing, F::Conflict, Some(EditedVsDeleted)),

        (Delete,  Live,    Old,   V::Applied,  Does::Remove,  F::Applied,  None),
        (Delete,  Live,    New,   V::Conflict, Does::Nothing, F::Conflict, Some(DeletedVsEdited)),
        (Delete,  Live,    Other, V::Conflict, Does::Nothing, F::Conflict, Some(DeletedVsEdited)),
        (Delete,  Deleted, Old,   V::Same,     Does::Nothing, F::Same,     None),
        (Delete,  Deleted, New,   V::Same,     Does::Nothing, F::Same,     None),
        (Delete,  Deleted, Other, V::Same,     Does::Nothing, F::Same,     None),

        (Restore, Live,    Old,   V::Applied,  Does::Put,     F::Applied,  None),
        (Restore, Live,    New,   V::Same,     Does::Nothing, F::Same,     None),
        (Restore, Live,    Other, V::Conflict, Does::Nothing, F::Conflict, Some(Field)),
        (Restore, Deleted, Old,   V::Applied,  Does::Put,     F::Applied,  None),
        (Restore, Deleted, New,   V::Applied,  Does::Put,     F::Same,     None),
        (Restore, Deleted, Other, V::Conflict, Does::Put,     F::Conflict, Some(Field)),

        (Resolve, Live,    Old,   V::Applied,  Does::Put,     F::Applied,  None),
        (Resolve, Live,    New,   V::Same,     Does::Nothing, F::Same,     None),
        (Resolve, Live,    Other, V::Conflict, Does::Nothing, F::Conflict, Some(Field)),
        (Resolve, Deleted, Old,   V::Conflict, Does::Nothing, F::Conflict, Some(EditedVsDeleted)),
        (Resolve, Deleted, New,   V::Same,     Does::Nothing, F::Same,     None),
        (Resolve, Deleted, Other, V::Conflict, Does::Nothing, F::Conflict, Some(EditedVsDeleted)),

        (Attach,  Live,    Old,   V::Applied,  Does::Put,     F::Applied,  None),
        (Attach,  Live,    New,   V::Applied,  Does::Put,     F::Same,     None),
        (Attach,  Live,    Other, V::Conflict, Does::Put,     F::Conflict, Some(Field)),
        (Attach,  Deleted, Old,   V::Conflict, Does::Nothing, F::Conflict, Some(ParentDeleted)),
        (Attach,  Deleted, New,   V::Conflict, Does::Nothing, F::Conflict, Some(ParentDeleted)),
        (Attach,  Deleted, Other, V::Conflict, Does::Nothing, F::Conflict, Some(ParentDeleted)),

        (Detach,  Live,    Old,   V::Applied,  Does::Put,     F::Applied,  None),
        (Detach,  Live,    New,   V::Applied,  Does::Put,     F::Same,     None),
        (Detach,  Live,    Other, V::Conflict, Does::Put,     F::Conflict, Some(Field)),
        (Detach,  Deleted, Old,   V::Same,     Does::Nothing, F::Same,     None),
        (Detach,  Deleted, New,   V::Same,     Does::Nothing, F::Same,     None),
        (Detach,  Deleted, Other, V::Same,     Does::Nothing, F::Same,     None),

        (Create,  Absent,  Old,   V::Applied,  Does::Put,     F::Applied,  None),
    ];
    // Everything but a create waits for the feature.
    for kind in [Update, Delete, Restore, Resolve, Attach, Detach] {
        table.push((kind, Absent, Old, V::MissingParent, Does::Nothing, F::Waiting, None));
    }
    table
}

/// Old, new and another value, one line for each kind of value and for coming and going.
fn kinds_of_value() -> Vec<(&'static str, [Value; 3])> {
    let list = |it: &str| Value::List(vec![it.to_owned()]);
    let line = |to: f64| {
        let mut wkb = vec![1, 2, 0, 0, 0, 2, 0, 0, 0];
        for ordinate in [0.0, 0.0, to, to] {
            wkb.extend_from_slice(&f64::to_le_bytes(ordinate));
        }
        Value::Geometry(faltkarta_geo::Geometry::from_wkb(wkb).unwrap())
    };
    let geometry = GEOMETRY_FIELD;
    vec![
        ("f", [Value::Bool(true), Value::Bool(false), Value::Null]),
        ("f", [Value::Int(1), Value::Int(2), Value::Int(3)]),
        ("f", [Value::Int(i64::MAX), Value::Int(i64::MAX - 1), Value::Int(i64::MAX - 2)]),
        ("f", [Value::Real(0.5), Value::Real(1.5), Value::Real(2.5)]),
        ("f", [Value::Int(1), Value::Real(1.5), Value::Text("1".into())]),
        ("f", [text("a"), text("b"), text("c")]),
        ("f", [text("a"), text("A"), text("a ")]),
        ("f", [text("2026-05-19"), text("2026-05-20"), text("2026-05-21")]),
        ("codes", [list("a"), list("b"), list("c")]),
        ("codes", [list("a"), Value::List(vec![]), Value::Null]),
        (geometry, [point(1.0, 1.0), point(2.0, 2.0), point(3.0, 3.0)]),
        (geometry, [point(1.0, 1.0), line(1.0), line(2.0)]),
        (geometry, [point(1.0, 1.0), point(1.0, 1.000_000_1), point(1.0, 1.000_000_2)]),
        ("f", [Value::Null, text("b"), text("c")]),
        ("f", [text("a"), Value::Null, text("c")]),
        ("f", [text("a"), text("b"), Value::Null]),
        (geometry, [Value::Null, point(1.0, 1.0), point(2.0, 2.0)]),
        (geometry, [point(1.0, 1.0), Value::Null, point(2.0, 2.0)]),
        (geometry, [point(1.0, 1.0), point(2.0, 2.0), Value::Null]),
    ]
}

fn operation(kind: OperationKind, id: &str, old: &Value, new: &Value) -> Operation {
    use OperationKind::{Attach, Create, Delete, Detach};
    let change = match kind {
        Create => (id, Value::Null, new.clone()),
        Delete => (id, old.clone(), Value::Null),
        _ => (id, old.clone(), new.clone()),
    };
    let mut op = op(kind, &[change]);
    if matches!(kind, Attach | Detach) {
        op.blobs = vec![blob(1)];
    }
    op
}

/// A row that holds a value, another one that no operation names, and an attachment that a detach takes away.
fn row_of(kind: OperationKind, id: &str, stored: &Value, is_changed_by_others: bool) -> CurrentRow {
    let mut row = row(3, &[(id, stored.clone())]);
    row.is_changed_by_others = is_changed_by_others;
    if kind == OperationKind::Detach {
        row.blobs.insert(blob(1));
    }
    row
}

#[test]
fn every_cell_holds_for_every_kind_of_value() {
    let mut n_cells = 0;
    for (kind, state, holds, verdict, does, outcome, conflict) in table() {
        for (id, [old, new, other]) in kinds_of_value() {
            for others in [false, true] {
                if kind == OperationKind::Create && new.is_null() {
                    continue; // Creates name what is there.
                }
                let stored = match holds {
                    Holds::Old => &old,
                    Holds::New => &new,
                    Holds::Other => &other,
                };
                if kind == OperationKind::Create
                    && state == State::Live
                    && new == *stored
                    && holds != Holds::New
                {
                    continue;
                }
                let op = operation(kind, id, &old, &new);
                let row = row_of(kind, id, stored, others);
                let merge = Sheet::new(state, row.clone()).judge(&op, &*PLAIN);
                let cell = format!(
                    "{kind:?} on {state:?} that holds {holds:?}: {old:?} → {new:?}, {stored:?}"
                );
                let expected = match verdict {
                    Verdict::Applied
                        if others
                            && state != State::Absent
                            && kind != OperationKind::Delete
                            && !(kind == OperationKind::Restore && holds == Holds::New) =>
                    {
                        Verdict::Merged
                    }
                    it => it,
                };
                assert_eq!(merge.verdict, expected, "{cell}");
                assert_eq!(merge.fields[&field(id)], outcome, "{cell}");
                assert_eq!(merge.conflicts.first().map(|it| it.kind), conflict, "{cell}");
                check_conflict(&merge.conflicts, &op, id, stored, &cell);
                let after = match does {
                    Does::Nothing => Effect::Nothing,
                    Does::Remove => Effect::Remove,
                    Does::Put => put(kind, id, &new, (outcome, stored), state),
                };
                assert_eq!(merge.effect, after, "{cell}");
                assert!(merge.replaces.is_empty() && merge.supersedes.is_empty(), "{cell}");
                n_cells += 1;
            }
        }
    }
    assert!(n_cells > 1_700, "{n_cells}");
}

fn put(
    kind: OperationKind,
    id: &str,
    new: &Value,
    (outcome, stored): (FieldOutcome, &Value),
    state: State,
) -> Effect {
    let holds = if outcome == FieldOutcome::Applied { new } else { stored };
    let blobs = if kind == OperationKind::Attach && state == State::Live {
        BTreeSet::from([blob(1)])
    } else {
        BTreeSet::new()
    };
    Effect::Put { values: values(&[(id, holds.clone())]), blobs }
}

/// A conflict tells base, store and candidate, and its id follows from operation and key.
fn check_conflict(
    conflicts: &[faltkarta_changes::Conflict],
    op: &Operation,
    id: &str,
    stored: &Value,
    cell: &str,
) {
    let Some(conflict) = conflicts.first() else { return };
    assert_eq!(conflicts.len(), 1, "{cell}");
    assert_eq!((conflict.id, conflict.op), (conflict_id(op.id, &conflict.key), op.id), "{cell}");
    let key = if conflict.kind == ConflictKind::Field { id } else { "*" };
    assert_eq!((conflict.key.as_str(), conflict.other), (key, None), "{cell}");
    let kept = if key == "*" { op.blobs.iter().cloned().collect() } else { BTreeSet::new() };
    assert_eq!(conflict.blobs, kept, "{cell}");
    let (clash, change) = (&conflict.fields[&field(id)], &op.changes[&field(id)]);
    assert_eq!(conflict.fields.len(), 1, "{cell}");
    assert_eq!((&clash.base, &clash.candidate), (&change.old, &change.new), "{cell}");
    assert_eq!(&clash.store, stored, "{cell}");
}
