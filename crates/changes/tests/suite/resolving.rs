//! What closes a conflict, and what does not.

use std::collections::BTreeSet;

use faltkarta_changes::Current::{Deleted, Live};
use faltkarta_changes::{
    Conflict, ConflictKind, Effect, Operation, OperationKind, Verdict, conflict_id, merge,
};
use faltkarta_model::{ReplicaId, Value};
use uuid::Uuid;

use crate::sheet::{Sheet, State};
use crate::support::{SCHEMA, field, having_seen, numbered, op, op_id, row, text};

use OperationKind::{Create, Delete, Resolve, Restore, Update};

/// Laptop 2, a coordinator's say.
fn by_another(op: Operation) -> Operation {
    Operation { replica: ReplicaId::from_uuid(Uuid::from_u128(2)), ..op }
}

fn update(id: u128, changes: &[(&str, Value, Value)]) -> Operation {
    numbered(id, op(Update, changes))
}

fn resolve(seen: &[u128], changes: &[(&str, Value, Value)]) -> Operation {
    by_another(numbered(90, having_seen(seen, op(Resolve, changes))))
}

/// The store holds `theirs` in `f`; operation 1 wanted `mine`.
fn in_conflict() -> Sheet {
    let mut sheet = Sheet::new(State::Live, row(4, &[("f", text("theirs")), ("h", Value::Int(1))]));
    sheet.take(&update(1, &[("f", text("a"), text("mine"))]), &*SCHEMA);
    sheet.only_conflict();
    sheet
}

#[test]
fn choosing_the_candidate_a_third_value_or_the_stores_own_closes_the_conflict() {
    for choice in ["mine", "third", "theirs"] {
        let mut sheet = in_conflict();
        let op = resolve(&[1], &[("f", text("theirs"), text(choice))]);
        let merge = sheet.take(&op, &*SCHEMA);
        assert!(merge.closes.contains(&conflict_id(op_id(1), "f")));
        assert!(matches!(merge.verdict, Verdict::Merged | Verdict::Applied), "{choice}");
        assert!(sheet.open.is_empty());
        assert_eq!(sheet.row.values[&field("f")], text(choice));
    }
}

#[test]
fn a_choice_that_meets_another_value_conflicts_itself_and_closes_nothing() {
    let mut sheet = in_conflict();
    sheet.row.values.insert(field("f"), text("moved"));
    let merge = sheet.take(&resolve(&[1], &[("f", text("theirs"), text("mine"))]), &*SCHEMA);
    assert_eq!((merge.verdict, merge.closes), (Verdict::Conflict, BTreeSet::new()));
    let keys: Vec<_> = sheet.open.keys().copied().collect();
    let mut both = vec![conflict_id(op_id(1), "f"), conflict_id(op_id(90), "f")];
    both.sort();
    assert_eq!(keys, both);
}

#[test]
fn a_choice_closes_the_fields_that_hold_beside_one_that_moved() {
    let mut sheet = Sheet::new(State::Live, row(4, &[("f", text("x")), ("h", Value::Int(9))]));
    let both = [("f", text("a"), text("b")), ("h", Value::Int(1), Value::Int(2))];
    sheet.take(&update(1, &both), &*SCHEMA);
    assert_eq!(sheet.open.len(), 2);
    let choice = [("f", text("x"), text("b")), ("h", Value::Int(7), Value::Int(2))];
    let merge = sheet.take(&resolve(&[1], &choice), &*SCHEMA);
    assert_eq!(merge.verdict, Verdict::Conflict);
    assert_eq!(sheet.resolved, BTreeSet::from([conflict_id(op_id(1), "f")]));
    assert!(sheet.open.contains_key(&conflict_id(op_id(1), "h")));
}

#[test]
fn a_choice_says_nothing_of_conflicts_whose_candidates_were_not_seen() {
    let mut sheet = in_conflict();
    let third = by_another(update(2, &[("f", text("a"), text("yours"))]));
    sheet.take(&third, &*SCHEMA);
    sheet.take(&resolve(&[1], &[("f", text("theirs"), text("mine"))]), &*SCHEMA);
    assert_eq!(sheet.only_conflict().op, op_id(2));
}

#[test]
fn a_choice_of_one_field_leaves_the_conflict_about_another() {
    let mut sheet = Sheet::new(State::Live, row(4, &[("f", text("x")), ("h", Value::Int(9))]));
    let both = [("f", text("a"), text("b")), ("h", Value::Int(1), Value::Int(2))];
    sheet.take(&update(1, &both), &*SCHEMA);
    sheet.take(&resolve(&[1], &[("h", Value::Int(9), Value::Int(2))]), &*SCHEMA);
    assert_eq!(sheet.only_conflict().key, "f");
}

#[test]
fn a_whole_group_is_chosen_or_its_conflict_stays() {
    let held = [("status", text("x")), ("status_date", text("2001"))];
    let mut sheet = Sheet::new(State::Live, row(4, &held));
    let edit = [("status", text("a"), text("b")), ("status_date", text("2000"), text("2002"))];
    sheet.take(&update(1, &edit), &*SCHEMA);
    let mut half = sheet.clone();
    half.take(&resolve(&[1], &[("status", text("x"), text("b"))]), &*SCHEMA);
    assert_eq!(half.only_conflict().key, "group:state");
    let choice = [("status", text("x"), text("b")), ("status_date", text("2001"), text("2001"))];
    sheet.take(&resolve(&[1], &choice), &*SCHEMA);
    assert!(sheet.open.is_empty());
}

#[test]
fn a_choice_without_open_conflicts_at_hand_names_them_all_the_same() {
    let held = [("status", text("x")), ("f", text("x"))];
    let row = row(4, &held);
    let choice = [("status", text("x"), text("b")), ("f", text("x"), text("b"))];
    let alone = merge(Live(&row), &resolve(&[1, 2], &choice), &*SCHEMA);
    let ids = |it: u128| ["f", "group:state", "*"].map(|key| conflict_id(op_id(it), key));
    assert_eq!(alone.closes, ids(1).into_iter().chain(ids(2)).collect());
    let moved = crate::support::row(5, &[("status", text("y")), ("f", text("x"))]);
    let partly = merge(Live(&moved), &resolve(&[1], &choice), &*SCHEMA);
    assert_eq!(partly.closes, BTreeSet::from([conflict_id(op_id(1), "f")]));
}

#[test]
fn a_choice_whose_candidate_was_replaced_meanwhile_leaves_the_conflict_open() {
    let mut sheet = in_conflict();
    sheet.take(&update(2, &[("f", text("mine"), text("newer"))]), &*SCHEMA);
    let unseen = resolve(&[1], &[("f", text("theirs"), text("mine"))]);
    let merge = sheet.take(&unseen, &*SCHEMA);
    assert_eq!((merge.verdict, sheet.resolved.len()), (Verdict::Merged, 0));
    assert_eq!(sheet.only_conflict().fields[&field("f")].candidate, text("newer"));
    // Who names the operation whose candidate it is now decides.
    sheet.take(&numbered(91, resolve(&[2], &[("f", text("mine"), text("newer"))])), &*SCHEMA);
    assert!(sheet.open.is_empty());
    assert_eq!(sheet.resolved, BTreeSet::from([conflict_id(op_id(1), "f")]));
}

/// The store's feature is deleted; operation 1 wanted to edit it.
fn edited_vs_deleted() -> Sheet {
    let mut sheet = Sheet::new(State::Deleted, row(4, &[("f", text("a"))]));
    sheet.take(&update(1, &[("f", text("a"), text("mine"))]), &*SCHEMA);
    assert_eq!(sheet.only_conflict().kind, ConflictKind::EditedVsDeleted);
    sheet
}

/// The store's feature has a value that operation 1 had not seen when it wanted to delete it.
fn deleted_vs_edited() -> Sheet {
    let mut sheet = Sheet::new(State::Live, row(4, &[("f", text("theirs"))]));
    sheet.take(&numbered(1, op(Delete, &[("f", text("a"), Value::Null)])), &*SCHEMA);
    assert_eq!(sheet.only_conflict().kind, ConflictKind::DeletedVsEdited);
    sheet
}

#[test]
fn leaving_a_row_as_the_store_has_it_closes_its_conflict() {
    for mut sheet in [edited_vs_deleted(), deleted_vs_edited()] {
        let before = (sheet.state, sheet.row.values.clone());
        let merge = sheet.take(&resolve(&[1], &[]), &*SCHEMA);
        assert_eq!((merge.verdict, merge.effect), (Verdict::Applied, Effect::Nothing));
        assert!(sheet.open.is_empty());
        assert_eq!((sheet.state, sheet.row.values), before);
    }
}

#[test]
fn a_restore_brings_the_row_back_and_closes_the_conflict_that_it_names() {
    let mut sheet = edited_vs_deleted();
    let mut unnamed = sheet.clone();
    let restore = by_another(numbered(90, op(Restore, &[("f", text("a"), text("mine"))])));
    unnamed.take(&restore, &*SCHEMA);
    assert_eq!((unnamed.state, unnamed.open.len()), (State::Live, 1));
    sheet.take(&having_seen(&[1], restore), &*SCHEMA);
    assert_eq!((sheet.state, sheet.open.len()), (State::Live, 0));
    assert_eq!(sheet.row.values[&field("f")], text("mine"));
}

#[test]
fn a_restore_that_meets_another_value_brings_the_row_back_and_asks_about_the_field() {
    let mut sheet = edited_vs_deleted();
    sheet.row.values.insert(field("f"), text("moved"));
    let restore = having_seen(&[1], numbered(90, op(Restore, &[("f", text("a"), text("mine"))])));
    let merge = sheet.take(&by_another(restore), &*SCHEMA);
    assert_eq!((merge.verdict, sheet.state), (Verdict::Conflict, State::Live));
    assert_eq!(sheet.only_conflict().kind, ConflictKind::Field);
    assert_eq!(sheet.resolved.len(), 1);
}

#[test]
fn a_restore_of_a_row_that_somebody_brought_back_meanwhile_is_the_field_rule() {
    let mut sheet = edited_vs_deleted();
    sheet.state = State::Live;
    let restore = |old: &str| {
        let restore = op(Restore, &[("f", text(old), text("mine"))]);
        by_another(numbered(90, having_seen(&[1], restore)))
    };
    let mut moved = sheet.clone();
    moved.take(&restore("other"), &*SCHEMA);
    assert_eq!(moved.open.len(), 2, "an unseen value keeps the old conflict open as well");
    sheet.take(&restore("a"), &*SCHEMA);
    assert!(sheet.open.is_empty());
}

#[test]
fn a_delete_that_has_seen_the_edit_closes_the_conflict_that_it_names() {
    let mut sheet = deleted_vs_edited();
    let delete = |old: &str, seen: &[u128]| {
        let delete = op(Delete, &[("f", text(old), Value::Null)]);
        by_another(numbered(90, having_seen(seen, delete)))
    };
    let mut blind = sheet.clone();
    blind.take(&delete("a", &[1]), &*SCHEMA);
    assert_eq!((blind.state, blind.open.len()), (State::Live, 2));
    let mut unnamed = sheet.clone();
    unnamed.take(&delete("theirs", &[]), &*SCHEMA);
    assert_eq!((unnamed.state, unnamed.open.len()), (State::Deleted, 1));
    sheet.take(&delete("theirs", &[1]), &*SCHEMA);
    assert_eq!((sheet.state, sheet.open.len()), (State::Deleted, 0));
}

#[test]
fn a_delete_of_what_is_deleted_does_nothing_and_still_decides_what_it_names() {
    let mut sheet = deleted_vs_edited();
    sheet.state = State::Deleted;
    let delete = by_another(numbered(90, op(Delete, &[("f", text("theirs"), Value::Null)])));
    assert_eq!(sheet.clone().take(&delete, &*SCHEMA).verdict, Verdict::Same);
    assert_eq!(sheet.take(&having_seen(&[1], delete.clone()), &*SCHEMA).verdict, Verdict::Applied);
    assert!(sheet.open.is_empty());
    // Operations that it merely follows are no decision.
    let follows = having_seen(&[3], delete);
    assert_eq!(sheet.take(&follows, &*SCHEMA).verdict, Verdict::Same);
}

#[test]
fn a_restore_or_a_delete_says_nothing_of_conflicts_about_fields() {
    let restore =
        having_seen(&[1], numbered(90, op(Restore, &[("f", text("theirs"), text("mine"))])));
    let mut sheet = in_conflict();
    sheet.take(&by_another(restore), &*SCHEMA);
    assert_eq!(sheet.only_conflict().key, "f");
}

#[test]
fn an_ordinary_edit_closes_nothing() {
    for mut sheet in [in_conflict(), deleted_vs_edited()] {
        let edit = having_seen(&[1], update(2, &[("f", text("theirs"), text("mine"))]));
        let merge = sheet.take(&by_another(edit), &*SCHEMA);
        assert_eq!((merge.closes, sheet.open.len()), (BTreeSet::new(), 1));
    }
}

#[test]
fn a_choice_about_a_row_that_was_deleted_meanwhile_decides_only_when_it_keeps_what_is_stored() {
    let mut sheet = in_conflict();
    sheet.state = State::Deleted;
    let mut other = sheet.clone();
    let merge = other.take(&resolve(&[1], &[("f", text("theirs"), text("mine"))]), &*SCHEMA);
    assert_eq!(merge.conflicts[0].kind, ConflictKind::EditedVsDeleted);
    assert_eq!((merge.closes, other.open.len()), (BTreeSet::new(), 2));
    sheet.take(&resolve(&[1], &[("f", text("theirs"), text("theirs"))]), &*SCHEMA);
    assert_eq!((sheet.state, sheet.open.len()), (State::Deleted, 0));
}

#[test]
fn two_features_of_one_id_are_told_apart_by_a_choice_of_values() {
    let mut sheet = Sheet::new(State::Live, row(1, &[("f", text("theirs"))]));
    sheet.take(&numbered(1, op(Create, &[("f", Value::Null, text("mine"))])), &*SCHEMA);
    assert_eq!(sheet.only_conflict().kind, ConflictKind::IdClash);
    sheet.take(&resolve(&[1], &[("f", text("theirs"), text("mine"))]), &*SCHEMA);
    assert!(sheet.open.is_empty());
}

/// A conflict that the store opened itself about no field: a child whose parent is deleted.
fn of_the_store(kind: ConflictKind, key: &str, fields: &[&str]) -> Sheet {
    let mut sheet = in_conflict();
    let (conflict, replica) = sheet.open.values().next().unwrap().clone();
    let clash = conflict.fields[&field("f")].clone();
    let conflict = Conflict {
        id: conflict_id(op_id(1), key),
        key: key.to_owned(),
        kind,
        fields: fields.iter().map(|it| (field(it), clash.clone())).collect(),
        ..conflict
    };
    sheet.open.clear();
    sheet.open.insert(conflict.id, (conflict, replica));
    sheet
}

#[test]
fn what_is_about_no_field_is_left_as_it_is_by_a_choice_of_none() {
    for (kind, key, fields) in
        [(ConflictKind::ParentDeleted, "parent", &[][..]), (ConflictKind::Group, "group", &["f"])]
    {
        let mut sheet = of_the_store(kind, key, fields);
        sheet.take(&resolve(&[1], &[("f", text("theirs"), text("mine"))]), &*SCHEMA);
        sheet.take(&resolve(&[2], &[]), &*SCHEMA);
        assert_eq!(sheet.open.len(), 1, "{kind:?}");
        let mut restored = sheet.clone();
        restored.state = State::Deleted;
        restored.take(&by_another(having_seen(&[1], op(Restore, &[]))), &*SCHEMA);
        assert_eq!(restored.open.len(), 1, "{kind:?}");
        sheet.take(&resolve(&[1], &[]), &*SCHEMA);
        assert!(sheet.open.is_empty(), "{kind:?}");
    }
}

#[test]
fn a_doubled_key_is_decided_by_a_choice_of_its_field() {
    let mut sheet = of_the_store(ConflictKind::DuplicateKey, "f", &["f"]);
    sheet.take(&resolve(&[1], &[("f", text("theirs"), text("AV-3"))]), &*SCHEMA);
    assert!(sheet.open.is_empty());
    assert_eq!(sheet.row.values[&field("f")], text("AV-3"));
}

#[test]
fn a_conflict_that_was_opened_under_another_grouping_is_closed_by_its_fields() {
    let mut sheet = of_the_store(ConflictKind::Field, "group:older", &["f"]);
    sheet.take(&resolve(&[1], &[("f", text("theirs"), text("mine"))]), &*SCHEMA);
    assert!(sheet.open.is_empty());
}

#[test]
fn nothing_is_closed_by_what_waits_for_its_feature() {
    let waiting = merge(faltkarta_changes::Current::Absent, &resolve(&[1], &[]), &*SCHEMA);
    assert_eq!((waiting.verdict, waiting.closes), (Verdict::MissingParent, BTreeSet::new()));
    let gone = row(4, &[]);
    let kept = merge(Deleted(&gone), &resolve(&[1], &[]), &*SCHEMA);
    assert_eq!(kept.closes, BTreeSet::from([conflict_id(op_id(1), "*")]));
}
