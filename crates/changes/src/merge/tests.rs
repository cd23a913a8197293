use std::collections::BTreeSet;

use faltkarta_geo::Geometry;
use faltkarta_model::{
    BlobId, DatasetId, FeatureId, FieldId, GEOMETRY_FIELD, OpId, ReplicaId, Timestamp, Value,
};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::equal::is_same_value;
use crate::operation::Change;

/// Fields `g1` and `g2` are judged together; every other stands alone.
struct Schema;

impl MergeSchema for Schema {
    fn group(&self, field: &FieldId) -> Option<&str> {
        matches!(field.as_str(), "g1" | "g2").then_some("g")
    }

    fn members(&self, group: &str) -> Vec<FieldId> {
        if group == "g" { vec![field("g1"), field("g2")] } else { vec![] }
    }

    fn is_derived(&self, field: &FieldId) -> bool {
        field.as_str() == "derived"
    }

    fn is_set(&self, field: &FieldId) -> bool {
        field.as_str() == "set"
    }

    fn is_unique(&self, field: &FieldId) -> bool {
        field.as_str() == "unique"
    }

    fn tolerance_m(&self) -> f64 {
        0.001
    }
}

fn field(id: &str) -> FieldId {
    FieldId::parse(id).unwrap()
}

fn values(pairs: &[(&str, Value)]) -> RowValues {
    pairs
        .iter()
        .filter(|(_, it)| !it.is_null())
        .map(|(id, value)| (field(id), value.clone()))
        .collect()
}

fn op(kind: OperationKind, changes: &[(&str, Value, Value)]) -> Operation {
    Operation {
        id: OpId::from_uuid(Uuid::from_u128(7)),
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

fn row(version: u32, pairs: &[(&str, Value)]) -> CurrentRow {
    CurrentRow {
        version,
        values: values(pairs),
        is_changed_by_others: version != 3,
        ..CurrentRow::default()
    }
}

fn text(it: &str) -> Value {
    Value::Text(it.into())
}

/// One value of each kind, with another one beside it.
fn kinds_of_value() -> Vec<(Value, Value, Value)> {
    let list = |it: &str| Value::List(vec![it.to_owned()]);
    vec![
        (Value::Bool(true), Value::Bool(false), Value::Null),
        (Value::Int(1), Value::Int(2), Value::Int(3)),
        (Value::Real(0.5), Value::Real(1.5), Value::Real(2.5)),
        (text("a"), text("b"), text("c")),
        (list("a"), list("b"), list("c")),
        (
            Value::Geometry(Geometry::point(1.0, 1.0)),
            Value::Geometry(Geometry::point(2.0, 2.0)),
            Value::Geometry(Geometry::point(3.0, 3.0)),
        ),
        (Value::Null, text("b"), text("c")),
        (text("a"), Value::Null, text("c")),
    ]
}

#[test]
fn the_field_rule_holds_for_every_kind_of_value() {
    for (old, new, other) in kinds_of_value() {
        for kind in [OperationKind::Update, OperationKind::Restore, OperationKind::Resolve] {
            let op = op(kind, &[("f", old.clone(), new.clone())]);
            for (stored, outcome) in [
                (&old, FieldOutcome::Applied),
                (&new, FieldOutcome::Same),
                (&other, FieldOutcome::Conflict),
            ] {
                let row = row(4, &[("f", stored.clone())]);
                let merge = merge(Current::Live(&row), &op, &Schema);
                assert_eq!(
                    merge.fields[&field("f")],
                    outcome,
                    "{kind:?} {old:?} {new:?} {stored:?}"
                );
                match outcome {
                    FieldOutcome::Applied => {
                        assert_eq!(
                            merge.effect,
                            Effect::Put {
                                values: values(&[("f", new.clone())]),
                                blobs: BTreeSet::new()
                            }
                        );
                    }
                    FieldOutcome::Same => assert_eq!(merge.effect, Effect::Nothing),
                    _ => {
                        assert_eq!(merge.effect, Effect::Nothing);
                        let clash = &merge.conflicts[0].fields[&field("f")];
                        assert_eq!(
                            (&clash.base, &clash.store, &clash.candidate),
                            (&old, stored, &new)
                        );
                    }
                }
            }
        }
    }
}

/// What the table of the sync document says, row by row: kind, state of the store, verdict, effect, conflict.
#[test]
fn the_truth_table_holds_cell_by_cell() {
    use OperationKind as K;
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum State {
        Unchanged,
        Changed,
        Deleted,
        Absent,
    }
    #[derive(Debug, PartialEq)]
    enum Does {
        Nothing,
        Put,
        Remove,
    }
    use State::{Absent, Changed, Deleted, Unchanged};
    let table = [
        (K::Update, Unchanged, Verdict::Applied, Does::Put, None),
        (K::Update, Changed, Verdict::Conflict, Does::Nothing, Some(ConflictKind::Field)),
        (K::Update, Deleted, Verdict::Conflict, Does::Nothing, Some(ConflictKind::EditedVsDeleted)),
        (K::Update, Absent, Verdict::MissingParent, Does::Nothing, None),
        (K::Delete, Unchanged, Verdict::Applied, Does::Remove, None),
        (K::Delete, Changed, Verdict::Conflict, Does::Nothing, Some(ConflictKind::DeletedVsEdited)),
        (K::Delete, Deleted, Verdict::Same, Does::Nothing, None),
        (K::Delete, Absent, Verdict::MissingParent, Does::Nothing, None),
        (K::Create, Absent, Verdict::Applied, Does::Put, None),
        (K::Create, Changed, Verdict::Conflict, Does::Nothing, Some(ConflictKind::IdClash)),
        (K::Create, Deleted, Verdict::Conflict, Does::Nothing, Some(ConflictKind::EditedVsDeleted)),
        (K::Restore, Unchanged, Verdict::Applied, Does::Put, None),
        (K::Restore, Changed, Verdict::Conflict, Does::Nothing, Some(ConflictKind::Field)),
        (K::Restore, Deleted, Verdict::Applied, Does::Put, None),
        (K::Restore, Absent, Verdict::MissingParent, Does::Nothing, None),
        (K::Resolve, Unchanged, Verdict::Applied, Does::Put, None),
        (K::Resolve, Changed, Verdict::Conflict, Does::Nothing, Some(ConflictKind::Field)),
        (
            K::Resolve,
            Deleted,
            Verdict::Conflict,
            Does::Nothing,
            Some(ConflictKind::EditedVsDeleted),
        ),
        (K::Resolve, Absent, Verdict::MissingParent, Does::Nothing, None),
        (K::Attach, Unchanged, Verdict::Applied, Does::Put, None),
        (K::Attach, Changed, Verdict::Conflict, Does::Put, Some(ConflictKind::Field)),
        (K::Attach, Deleted, Verdict::Conflict, Does::Nothing, Some(ConflictKind::ParentDeleted)),
        (K::Attach, Absent, Verdict::MissingParent, Does::Nothing, None),
        (K::Detach, Unchanged, Verdict::Applied, Does::Put, None),
        (K::Detach, Changed, Verdict::Conflict, Does::Nothing, Some(ConflictKind::Field)),
        (K::Detach, Deleted, Verdict::Same, Does::Nothing, None),
        (K::Detach, Absent, Verdict::MissingParent, Does::Nothing, None),
    ];
    for (kind, state, verdict, does, conflict) in table {
        let mut op = op(kind, &[("f", text("a"), text("b"))]);
        op.blobs = if matches!(kind, K::Attach | K::Detach) {
            vec![BlobId::from_digest([1; 32])]
        } else {
            vec![]
        };
        let unchanged = row(3, &[("f", text("a"))]);
        let changed = row(4, &[("f", text("c"))]);
        let current = match state {
            Unchanged => Current::Live(&unchanged),
            Changed => Current::Live(&changed),
            Deleted => Current::Deleted(&unchanged),
            Absent => Current::Absent,
        };
        let merge = merge(current, &op, &Schema);
        assert_eq!(merge.verdict, verdict, "{kind:?} {state:?}");
        let done = match merge.effect {
            Effect::Nothing => Does::Nothing,
            Effect::Put { .. } => Does::Put,
            Effect::Remove => Does::Remove,
        };
        assert_eq!(done, does, "{kind:?} {state:?}");
        assert_eq!(merge.conflicts.first().map(|it| it.kind), conflict, "{kind:?} {state:?}");
    }
}

#[test]
fn the_same_create_twice_is_the_same() {
    let create = op(OperationKind::Create, &[("f", Value::Null, text("b"))]);
    let row = row(1, &[("f", text("b"))]);
    assert_eq!(merge(Current::Live(&row), &create, &Schema).verdict, Verdict::Same);
    let richer = CurrentRow { values: values(&[("f", text("b")), ("x", text("y"))]), ..row };
    assert_eq!(merge(Current::Live(&richer), &create, &Schema).verdict, Verdict::Conflict);
}

#[test]
fn an_edit_beside_anothers_edit_is_merged_and_both_hold() {
    let op = op(OperationKind::Update, &[("f", text("a"), text("b"))]);
    let row = row(4, &[("f", text("a")), ("x", text("theirs"))]);
    let merge = merge(Current::Live(&row), &op, &Schema);
    assert_eq!(merge.verdict, Verdict::Merged);
    let both = values(&[("f", text("b")), ("x", text("theirs"))]);
    assert_eq!(merge.effect, Effect::Put { values: both, blobs: BTreeSet::new() });
}

#[test]
fn one_clash_makes_a_field_group_one_conflict_and_spares_the_rest() {
    let op = op(
        OperationKind::Update,
        &[
            ("g1", text("a"), text("b")),
            ("g2", text("2025"), text("2026")),
            ("f", text("a"), text("b")),
        ],
    );
    let row = row(4, &[("g1", text("a")), ("g2", text("1999")), ("f", text("a"))]);
    let merge = merge(Current::Live(&row), &op, &Schema);
    assert_eq!(merge.conflicts.len(), 1);
    assert_eq!(merge.conflicts[0].fields.len(), 2);
    assert_eq!(merge.conflicts[0].id, conflict_id(op.id, "group:g"));
    let kept = values(&[("g1", text("a")), ("g2", text("1999")), ("f", text("b"))]);
    assert_eq!(merge.effect, Effect::Put { values: kept, blobs: BTreeSet::new() });
}

#[test]
fn a_delete_stands_back_for_a_child_that_was_not_seen() {
    let op = op(OperationKind::Delete, &[("f", text("a"), Value::Null)]);
    let mut row = row(3, &[("f", text("a"))]);
    assert_eq!(merge(Current::Live(&row), &op, &Schema).effect, Effect::Remove);
    row.has_unseen_child = true;
    let merge = merge(Current::Live(&row), &op, &Schema);
    assert_eq!(merge.conflicts[0].kind, ConflictKind::DeletedVsEdited);
    assert_eq!(merge.effect, Effect::Nothing);
}

#[test]
fn a_delete_stands_back_for_a_value_that_was_not_there_when_it_was_seen() {
    let op = op(OperationKind::Delete, &[("f", text("a"), Value::Null)]);
    let grown = row(4, &[("f", text("a")), ("x", text("new"))]);
    assert_eq!(merge(Current::Live(&grown), &op, &Schema).verdict, Verdict::Conflict);
    let back_again = row(5, &[("f", text("a"))]);
    assert_eq!(merge(Current::Live(&back_again), &op, &Schema).effect, Effect::Remove);
}

#[test]
fn a_resolution_closes_what_was_seen_and_conflicts_itself_when_the_value_moved() {
    let seen = OpId::from_uuid(Uuid::from_u128(99));
    let mut resolve = op(OperationKind::Resolve, &[("f", text("theirs"), text("mine"))]);
    resolve.depends_on = vec![seen];
    let row_as_seen = row(4, &[("f", text("theirs"))]);
    let decided = merge(Current::Live(&row_as_seen), &resolve, &Schema);
    assert!(decided.closes.contains(&conflict_id(seen, "f")));
    assert_eq!(decided.verdict, Verdict::Merged);
    let moved = row(5, &[("f", text("third"))]);
    let again = merge(Current::Live(&moved), &resolve, &Schema);
    assert!(again.closes.is_empty());
    assert_eq!(again.verdict, Verdict::Conflict);
}

#[test]
fn keeping_the_stores_value_closes_the_conflict_without_a_change() {
    let seen = OpId::from_uuid(Uuid::from_u128(99));
    let mut resolve = op(OperationKind::Resolve, &[("f", text("theirs"), text("theirs"))]);
    resolve.depends_on = vec![seen];
    let row = row(4, &[("f", text("theirs"))]);
    let merge = merge(Current::Live(&row), &resolve, &Schema);
    assert!(merge.closes.contains(&conflict_id(seen, "f")));
    assert_eq!((merge.verdict, merge.effect), (Verdict::Applied, Effect::Nothing));
}

#[test]
fn a_deleted_feature_that_stays_deleted_closes_the_conflict_of_the_row() {
    let seen = OpId::from_uuid(Uuid::from_u128(99));
    let mut resolve = op(OperationKind::Resolve, &[]);
    resolve.depends_on = vec![seen];
    let row = row(4, &[]);
    let merge = merge(Current::Deleted(&row), &resolve, &Schema);
    assert_eq!(merge.closes, BTreeSet::from([conflict_id(seen, WHOLE_ROW)]));
}

#[test]
fn attachments_are_a_set() {
    let blob = |it: u8| BlobId::from_digest([it; 32]);
    let mut attach = op(OperationKind::Attach, &[]);
    attach.blobs = vec![blob(1), blob(2)];
    let mut row = row(4, &[]);
    row.blobs = BTreeSet::from([blob(2)]);
    let merged = merge(Current::Live(&row), &attach, &Schema);
    let both = BTreeSet::from([blob(1), blob(2)]);
    assert_eq!(merged.effect, Effect::Put { values: values(&[]), blobs: both.clone() });
    row.blobs = both;
    assert_eq!(merge(Current::Live(&row), &attach, &Schema).verdict, Verdict::Same);
    attach.kind = OperationKind::Detach;
    assert_eq!(
        merge(Current::Live(&row), &attach, &Schema).effect,
        Effect::Put { values: values(&[]), blobs: BTreeSet::new() }
    );
}

const FIELDS: [&str; 5] = ["a", "b", "g1", "g2", GEOMETRY_FIELD];

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        (0i64..3).prop_map(Value::Int),
        (0u8..3).prop_map(|it| Value::Real(f64::from(it))),
        "[ab]".prop_map(Value::Text),
        (0u8..3).prop_map(|it| Value::Geometry(Geometry::point(f64::from(it), 0.0))),
    ]
}

fn any_row() -> impl Strategy<Value = CurrentRow> {
    (proptest::collection::vec(any_value(), 5), 1u32..5, any::<bool>()).prop_map(
        |(held, version, unseen)| CurrentRow {
            version,
            values: FIELDS
                .iter()
                .zip(held)
                .filter(|(_, it)| !it.is_null())
                .map(|(id, value)| (field(id), value))
                .collect(),
            is_changed_by_others: version != 3,
            has_unseen_child: unseen,
            ..CurrentRow::default()
        },
    )
}

fn any_kind() -> impl Strategy<Value = OperationKind> {
    prop_oneof![
        Just(OperationKind::Create),
        Just(OperationKind::Update),
        Just(OperationKind::Delete),
        Just(OperationKind::Restore),
        Just(OperationKind::Resolve),
        Just(OperationKind::Attach),
        Just(OperationKind::Detach),
    ]
}

fn any_op(kind: impl Strategy<Value = OperationKind>) -> impl Strategy<Value = Operation> {
    let changes = proptest::collection::btree_map(0usize..5, (any_value(), any_value()), 0..5);
    (kind, changes, 0u32..5).prop_map(|(kind, changes, base_version)| {
        let mut op = op(kind, &[]);
        op.base_version = base_version;
        op.changes = changes
            .into_iter()
            .map(|(at, (old, new))| (field(FIELDS[at]), Change { old, new }))
            .collect();
        op
    })
}

/// 0 absent, 1 live, 2 deleted.
fn current(state: u8, row: &CurrentRow) -> Current<'_> {
    match state {
        0 => Current::Absent,
        1 => Current::Live(row),
        _ => Current::Deleted(row),
    }
}

/// The store's state after a merge.
fn after(state: u8, row: &CurrentRow, merge: &Merge) -> (u8, CurrentRow) {
    let mut row = row.clone();
    match &merge.effect {
        Effect::Nothing => (state, row),
        Effect::Remove => (2, row),
        Effect::Put { values, blobs } => {
            row.values.clone_from(values);
            row.blobs.clone_from(blobs);
            row.version += 1;
            (1, row)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn applied_twice_is_applied_once(state in 0u8..3, row in any_row(), op in any_op(any_kind())) {
        let first = merge(current(state, &row), &op, &Schema);
        let (state_1, row_1) = after(state, &row, &first);
        let second = merge(current(state_1, &row_1), &op, &Schema);
        let (state_2, row_2) = after(state_1, &row_1, &second);
        prop_assert_eq!(state_1, state_2);
        prop_assert_eq!(&row_1.values, &row_2.values);
        prop_assert!(second.conflicts.iter().all(|it| it.op == op.id));
    }

    #[test]
    fn every_field_of_every_operation_has_exactly_one_outcome(
        state in 0u8..3, row in any_row(), op in any_op(any_kind()),
    ) {
        let merge = merge(current(state, &row), &op, &Schema);
        prop_assert_eq!(merge.fields.len(), op.changes.len());
        if merge.verdict != Verdict::MissingParent {
            let in_conflicts: BTreeSet<_> =
                merge.conflicts.iter().flat_map(|it| it.fields.keys()).collect();
            for (field, outcome) in &merge.fields {
                prop_assert_eq!(*outcome == FieldOutcome::Conflict, in_conflicts.contains(field));
            }
        }
    }

    #[test]
    fn disjoint_edits_commute(row in any_row(), op in any_op(Just(OperationKind::Update))) {
        let (mut mine, mut theirs) = (op.clone(), op);
        theirs.id = OpId::from_uuid(Uuid::from_u128(8));
        let is_mine = |field: &FieldId| matches!(field.as_str(), "a" | "g1" | "g2");
        mine.changes.retain(|field, _| is_mine(field));
        theirs.changes.retain(|field, _| !is_mine(field));
        let run = |first: &Operation, second: &Operation| {
            let (state, row) = after(1, &row, &merge(Current::Live(&row), first, &Schema));
            let merge = merge(current(state, &row), second, &Schema);
            after(state, &row, &merge).1.values
        };
        prop_assert_eq!(run(&mine, &theirs), run(&theirs, &mine));
    }

    #[test]
    fn no_value_is_overwritten_that_the_author_had_not_seen(
        row in any_row(), op in any_op(Just(OperationKind::Update)),
    ) {
        let merge = merge(Current::Live(&row), &op, &Schema);
        let (_, after) = after(1, &row, &merge);
        for id in FIELDS {
            let (before, now) = (value_of(&row.values, &field(id)), value_of(&after.values, &field(id)));
            if !is_same_value(before, now) {
                let change = &op.changes[&field(id)];
                prop_assert!(is_same_value(before, &change.old));
                prop_assert!(is_same_value(now, &change.new));
            }
        }
    }
}
