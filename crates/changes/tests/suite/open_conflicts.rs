//! A later operation of the author whose candidate is open.

use std::collections::BTreeSet;

use faltkarta_changes::{ConflictKind, Operation, OperationKind, Verdict, conflict_id};
use faltkarta_model::{ReplicaId, Value};
use uuid::Uuid;

use crate::sheet::{Sheet, State};
use crate::support::{SCHEMA, blob, field, list, numbered, op, op_id, row, text};

use OperationKind::{Attach, Create, Delete, Resolve, Restore, Update};

fn update(id: u128, changes: &[(&str, Value, Value)]) -> Operation {
    numbered(id, op(Update, changes))
}

fn by_another(op: Operation) -> Operation {
    Operation { replica: ReplicaId::from_uuid(Uuid::from_u128(2)), ..op }
}

/// The store holds `theirs` in `f` and 1 in `h`; operation 1 wanted `mine` in `f`.
fn in_conflict() -> Sheet {
    let mut sheet = Sheet::new(State::Live, row(4, &[("f", text("theirs")), ("h", Value::Int(1))]));
    sheet.take(&update(1, &[("f", text("a"), text("mine"))]), &*SCHEMA);
    sheet
}

/// The only open conflict: its id's operation and key, whose candidates it holds, and the candidate of a field.
#[track_caller]
fn check_open(
    sheet: &Sheet,
    (opened_by, key): (u128, &str),
    op: u128,
    id: &str,
    candidate: &Value,
) {
    let conflict = sheet.only_conflict();
    assert_eq!(conflict.id, conflict_id(op_id(opened_by), key));
    assert_eq!((&*conflict.key, conflict.op), (key, op_id(op)));
    assert_eq!(&conflict.fields[&field(id)].candidate, candidate);
}

#[test]
fn a_later_own_edit_takes_its_candidates_place() {
    let mut sheet = in_conflict();
    let both = [("f", text("mine"), text("newer")), ("h", Value::Int(1), Value::Int(2))];
    let merge = sheet.take(&update(2, &both), &*SCHEMA);
    assert_eq!((merge.verdict, merge.conflicts.len()), (Verdict::Conflict, 0));
    check_open(&sheet, (1, "f"), 2, "f", &text("newer"));
    let clash = &sheet.only_conflict().fields[&field("f")];
    assert_eq!((&clash.base, &clash.store), (&text("a"), &text("theirs")));
    assert_eq!(sheet.row.values[&field("h")], Value::Int(2), "the rest holds");
    assert_eq!((sheet.opened.len(), sheet.superseded.len()), (1, 0));
}

#[test]
fn an_edit_that_does_not_go_on_from_the_candidate_opens_its_own_conflict() {
    let mut sheet = in_conflict();
    sheet.take(&update(2, &[("f", text("else"), text("newer"))]), &*SCHEMA);
    assert_eq!(sheet.open.len(), 2);
    let mut sheet = in_conflict();
    sheet.take(&by_another(update(2, &[("f", text("mine"), text("newer"))])), &*SCHEMA);
    assert_eq!(sheet.open.len(), 2, "somebody else's edit");
    let mut sheet = in_conflict();
    sheet.take(&update(2, &[("h", Value::Int(7), Value::Int(8))]), &*SCHEMA);
    assert_eq!(sheet.open.len(), 2, "another field");
    let mut sheet = in_conflict();
    sheet.take(&numbered(2, op(Resolve, &[("f", text("mine"), text("newer"))])), &*SCHEMA);
    assert_eq!(sheet.open.len(), 2, "a decision is not an edit");
}

#[test]
fn the_same_operation_again_does_not_follow_itself() {
    let mut sheet = in_conflict();
    let again = sheet.take(&update(1, &[("f", text("mine"), text("mine"))]), &*SCHEMA);
    assert!(again.replaces.is_empty() && again.supersedes.is_empty());
}

#[test]
fn an_author_who_comes_round_to_what_the_store_holds_takes_his_candidate_back() {
    let mut sheet = in_conflict();
    let merge = sheet.take(&update(2, &[("f", text("mine"), text("theirs"))]), &*SCHEMA);
    assert_eq!(
        (merge.verdict, merge.effect),
        (Verdict::Applied, faltkarta_changes::Effect::Nothing)
    );
    assert_eq!((sheet.open.len(), sheet.superseded.len()), (0, 1));
}

#[test]
fn a_candidate_that_the_store_came_to_hold_is_followed_to_where_its_author_goes() {
    let mut sheet = in_conflict();
    sheet.row.values.insert(field("f"), text("mine"));
    sheet.take(&update(2, &[("f", text("mine"), text("newer"))]), &*SCHEMA);
    assert_eq!((sheet.open.len(), sheet.superseded.len()), (0, 1));
    assert_eq!(sheet.row.values[&field("f")], text("newer"));
}

/// A group in which the store holds x and 2001, and operation 1 wanted b and 2002.
fn in_group_conflict() -> Sheet {
    let held = [("status", text("x")), ("status_date", text("2001"))];
    let mut sheet = Sheet::new(State::Live, row(4, &held));
    let edit = [("status", text("a"), text("b")), ("status_date", text("2000"), text("2002"))];
    sheet.take(&update(1, &edit), &*SCHEMA);
    sheet
}

#[test]
fn half_of_a_group_goes_on_and_the_other_half_stays_a_candidate() {
    let mut sheet = in_group_conflict();
    sheet.take(&update(2, &[("status", text("b"), text("c"))]), &*SCHEMA);
    check_open(&sheet, (1, "group:state"), 2, "status", &text("c"));
    check_open(&sheet, (1, "group:state"), 2, "status_date", &text("2002"));
    // Back to the store's value in one half is not yet agreement about the group.
    let back = sheet.take(&update(3, &[("status", text("c"), text("x"))]), &*SCHEMA);
    assert_eq!(back.verdict, Verdict::Conflict);
    check_open(&sheet, (1, "group:state"), 3, "status_date", &text("2002"));
    sheet.take(&update(4, &[("status_date", text("2002"), text("2001"))]), &*SCHEMA);
    assert_eq!((sheet.open.len(), sheet.superseded.len()), (0, 1));
}

#[test]
fn a_group_that_goes_on_from_one_half_only_is_another_disagreement() {
    let mut sheet = in_group_conflict();
    let edit = [("status", text("b"), text("c")), ("status_date", text("1990"), text("1991"))];
    sheet.take(&update(2, &edit), &*SCHEMA);
    assert_eq!(sheet.open.len(), 2);
}

#[test]
fn a_field_of_the_group_that_joins_later_stands_in_the_same_conflict() {
    let mut sheet =
        Sheet::new(State::Live, row(4, &[("status", text("x")), ("status_date", text("2001"))]));
    sheet.take(&update(1, &[("status", text("a"), text("b"))]), &*SCHEMA);
    let edit = [("status", text("b"), text("c")), ("status_date", text("2000"), text("2002"))];
    sheet.take(&update(2, &edit), &*SCHEMA);
    check_open(&sheet, (1, "group:state"), 2, "status", &text("c"));
    let clash = &sheet.only_conflict().fields[&field("status_date")];
    assert_eq!((&clash.base, &clash.store), (&text("2000"), &text("2001")));
    assert_eq!(&clash.candidate, &text("2002"));
}

#[test]
fn a_delete_that_goes_on_from_a_candidate_is_one_conflict_about_the_whole_row() {
    let mut sheet = in_conflict();
    let seen = [("f", text("mine"), Value::Null), ("h", Value::Int(1), Value::Null)];
    sheet.take(&numbered(2, op(Delete, &seen)), &*SCHEMA);
    assert_eq!(sheet.only_conflict().kind, ConflictKind::DeletedVsEdited);
    assert_eq!(sheet.superseded, BTreeSet::from([conflict_id(op_id(1), "f")]));
    // What the delete does not name keeps its own conflict.
    let mut sheet = in_group_conflict();
    sheet.take(&numbered(2, op(Delete, &[("status", text("b"), Value::Null)])), &*SCHEMA);
    assert_eq!((sheet.open.len(), sheet.superseded.len()), (2, 0));
}

#[test]
fn a_delete_that_is_obeyed_takes_the_authors_candidate_back() {
    let mut sheet = in_conflict();
    sheet.row.values.insert(field("f"), text("mine"));
    let seen = [("f", text("mine"), Value::Null), ("h", Value::Int(1), Value::Null)];
    sheet.take(&numbered(2, op(Delete, &seen)), &*SCHEMA);
    assert_eq!((sheet.state, sheet.open.len(), sheet.superseded.len()), (State::Deleted, 0, 1));
    let mut sheet = in_conflict();
    sheet.state = State::Deleted;
    sheet.take(&numbered(2, op(Delete, &seen)), &*SCHEMA);
    assert_eq!((sheet.open.len(), sheet.superseded.len()), (0, 1));
}

#[test]
fn an_edit_of_a_row_that_was_deleted_meanwhile_says_all_in_one_conflict() {
    let mut sheet = in_conflict();
    sheet.state = State::Deleted;
    sheet.take(&update(2, &[("f", text("mine"), text("newer"))]), &*SCHEMA);
    check_open(&sheet, (2, "*"), 2, "f", &text("newer"));
    assert_eq!(sheet.superseded.len(), 1);
}

/// The store's feature is deleted; operation 1 wanted `mine` in `f` and an attachment.
fn edited_vs_deleted() -> Sheet {
    let mut sheet = Sheet::new(State::Deleted, row(4, &[("f", text("a")), ("h", Value::Int(1))]));
    let mut edit = update(1, &[("f", text("a"), text("mine"))]);
    edit.blobs = vec![blob(1)];
    sheet.take(&edit, &*SCHEMA);
    sheet
}

#[test]
fn later_own_edits_of_a_deleted_row_gather_in_its_conflict() {
    let mut sheet = edited_vs_deleted();
    let mut edit =
        update(2, &[("f", text("mine"), text("newer")), ("h", Value::Int(1), Value::Int(2))]);
    edit.blobs = vec![blob(2)];
    sheet.take(&edit, &*SCHEMA);
    check_open(&sheet, (1, "*"), 2, "f", &text("newer"));
    check_open(&sheet, (1, "*"), 2, "h", &Value::Int(2));
    let conflict = sheet.only_conflict();
    assert_eq!(conflict.fields[&field("f")].base, text("a"));
    assert_eq!(conflict.fields[&field("h")].base, Value::Int(1));
    assert_eq!(conflict.blobs, BTreeSet::from([blob(1), blob(2)]));
    // One that names other fields only belongs to it as well.
    sheet.take(&update(3, &[("nummer", Value::Null, text("AV-1"))]), &*SCHEMA);
    check_open(&sheet, (1, "*"), 3, "f", &text("newer"));
    // One that does not go on from the candidate does not.
    sheet.take(&update(4, &[("f", text("else"), text("odd"))]), &*SCHEMA);
    assert_eq!(sheet.open.len(), 2);
}

#[test]
fn photos_of_a_deleted_feature_gather_in_one_conflict() {
    let mut sheet = Sheet::new(State::Deleted, row(4, &[("f", text("a"))]));
    for n in 1..3 {
        let mut attach = numbered(u128::from(n), op(Attach, &[]));
        attach.blobs = vec![blob(n)];
        assert_eq!(sheet.take(&attach, &*SCHEMA).verdict, Verdict::Conflict);
    }
    let conflict = sheet.only_conflict();
    assert_eq!((conflict.kind, conflict.blobs.len()), (ConflictKind::ParentDeleted, 2));
    // An edit is another disagreement than a photo.
    sheet.take(&update(3, &[("f", text("a"), text("b"))]), &*SCHEMA);
    assert_eq!(sheet.open.len(), 2);
}

#[test]
fn an_author_who_deletes_what_he_edited_takes_the_edit_back() {
    let mut sheet = edited_vs_deleted();
    let delete = [("f", text("mine"), Value::Null)];
    let merge = sheet.take(&numbered(2, op(Delete, &delete)), &*SCHEMA);
    assert_eq!((merge.verdict, sheet.open.len(), sheet.superseded.len()), (Verdict::Applied, 0, 1));
    // On a row that somebody restored, only when the delete is obeyed.
    let mut refused = edited_vs_deleted();
    refused.state = State::Live;
    let mut obeyed = refused.clone();
    refused.take(&numbered(2, op(Delete, &delete)), &*SCHEMA);
    assert_eq!((refused.open.len(), refused.superseded.len()), (2, 0));
    let seen = [("f", text("a"), Value::Null), ("h", Value::Int(1), Value::Null)];
    obeyed.take(&numbered(2, op(Delete, &seen)), &*SCHEMA);
    assert_eq!((obeyed.open.len(), obeyed.superseded.len()), (0, 1));
}

#[test]
fn an_edit_of_a_row_that_somebody_restored_goes_on_from_the_candidate() {
    let mut sheet = edited_vs_deleted();
    sheet.state = State::Live;
    sheet.row.values.insert(field("f"), text("theirs"));
    let mut back = sheet.clone();
    sheet.take(&update(2, &[("f", text("mine"), text("newer"))]), &*SCHEMA);
    check_open(&sheet, (1, "*"), 2, "f", &text("newer"));
    // The attachment still waits when the values agree.
    back.take(&update(2, &[("f", text("mine"), text("theirs"))]), &*SCHEMA);
    assert_eq!(back.only_conflict().blobs, BTreeSet::from([blob(1)]));
    assert!(back.only_conflict().fields.is_empty());
    // One that does not go on from it stands by itself.
    let mut other = edited_vs_deleted();
    other.state = State::Live;
    other.take(&update(2, &[("f", text("else"), text("newer"))]), &*SCHEMA);
    assert_eq!(other.open.len(), 2);
}

#[test]
fn a_conflict_of_another_kind_is_not_swallowed_by_the_one_that_is_followed() {
    let mut sheet = Sheet::new(State::Deleted, row(4, &[("f", text("a")), ("h", Value::Int(1))]));
    sheet.take(&update(1, &[("f", text("a"), Value::Null)]), &*SCHEMA);
    sheet.state = State::Live;
    let create = [("f", Value::Null, text("x")), ("h", Value::Null, Value::Int(5))];
    sheet.take(&numbered(2, op(Create, &create)), &*SCHEMA);
    let kinds: Vec<_> = sheet.open.values().map(|(conflict, _)| conflict.kind).collect();
    assert!(kinds.contains(&ConflictKind::IdClash), "{kinds:?}");
    assert!(kinds.contains(&ConflictKind::EditedVsDeleted), "{kinds:?}");
}

#[test]
fn an_id_clash_is_followed_field_by_field() {
    let mut sheet = Sheet::new(State::Live, row(1, &[("f", text("theirs")), ("h", Value::Int(1))]));
    let create = [("f", Value::Null, text("mine")), ("h", Value::Null, Value::Int(1))];
    sheet.take(&numbered(1, op(Create, &create)), &*SCHEMA);
    sheet.take(&update(2, &[("f", text("mine"), text("newer"))]), &*SCHEMA);
    check_open(&sheet, (1, "*"), 2, "f", &text("newer"));
    sheet.take(&update(3, &[("f", text("newer"), text("theirs"))]), &*SCHEMA);
    assert_eq!((sheet.open.len(), sheet.superseded.len()), (0, 1));
}

/// The store's feature holds `theirs`, which operation 1 had not seen when it wanted to delete it.
fn deleted_vs_edited() -> Sheet {
    let mut sheet = Sheet::new(State::Live, row(4, &[("f", text("theirs"))]));
    sheet.take(&numbered(1, op(Delete, &[("f", text("a"), Value::Null)])), &*SCHEMA);
    sheet
}

#[test]
fn an_author_who_deletes_again_says_the_same_with_fresher_eyes() {
    let delete = |old: &str| numbered(2, op(Delete, &[("f", text(old), Value::Null)]));
    let mut refused = deleted_vs_edited();
    refused.take(&delete("b"), &*SCHEMA);
    check_open(&refused, (1, "*"), 2, "f", &Value::Null);
    assert_eq!(refused.only_conflict().fields[&field("f")].base, text("b"));
    let mut obeyed = deleted_vs_edited();
    obeyed.take(&delete("theirs"), &*SCHEMA);
    assert_eq!((obeyed.open.len(), obeyed.superseded.len()), (0, 1));
}

#[test]
fn an_author_who_restores_what_he_wanted_to_delete_takes_that_back() {
    let mut sheet = deleted_vs_edited();
    let merge = sheet.take(&numbered(2, op(Restore, &[])), &*SCHEMA);
    assert_eq!((merge.verdict, sheet.superseded.len()), (Verdict::Applied, 1));
    let mut moved = deleted_vs_edited();
    moved.take(&numbered(2, op(Restore, &[("f", text("a"), text("b"))])), &*SCHEMA);
    assert_eq!((moved.open.len(), moved.superseded.len()), (2, 0));
    let mut edited = deleted_vs_edited();
    edited.take(&update(2, &[("f", text("theirs"), text("b"))]), &*SCHEMA);
    assert_eq!((edited.open.len(), edited.superseded.len()), (1, 0), "an edit is no restore");
}

#[test]
fn a_doubled_key_is_settled_when_its_author_gives_another_value() {
    let doubled = |sheet: &mut Sheet| {
        let edit = update(1, &[("nummer", text("AV-1"), text("AV-2"))]);
        sheet.take(&edit, &*SCHEMA);
        let other = faltkarta_model::FeatureId::from_uuid(Uuid::from_u128(9));
        let conflict =
            faltkarta_changes::duplicate_key(&edit, &field("nummer"), &text("AV-2"), other);
        sheet.open.insert(conflict.id, (conflict, edit.replica));
    };
    let mut sheet = Sheet::new(State::Live, row(3, &[("nummer", text("AV-1"))]));
    doubled(&mut sheet);
    let mut same = sheet.clone();
    sheet.take(&update(2, &[("nummer", text("AV-2"), text("AV-3"))]), &*SCHEMA);
    assert_eq!((sheet.open.len(), sheet.superseded.len()), (0, 1));
    same.take(&update(2, &[("nummer", text("AV-2"), text("AV-2"))]), &*SCHEMA);
    assert_eq!((same.open.len(), same.superseded.len()), (1, 0));
}

#[test]
fn a_conflict_about_no_field_is_not_followed() {
    let mut sheet = in_conflict();
    let (mut conflict, replica) = sheet.open.pop_first().unwrap().1;
    for kind in [ConflictKind::Group, ConflictKind::ParentDeleted] {
        conflict.kind = kind;
        conflict.key = "group".into();
        let mut sheet = sheet.clone();
        sheet.open.insert(conflict.id, (conflict.clone(), replica));
        let merge = sheet.take(&update(2, &[("f", text("mine"), text("theirs"))]), &*SCHEMA);
        assert!(merge.supersedes.is_empty() && merge.replaces.is_empty());
    }
}

#[test]
fn a_set_inside_a_conflict_is_compared_as_a_set() {
    let mut sheet = Sheet::new(State::Live, row(4, &[("tags", text("odd"))]));
    sheet.take(&update(1, &[("tags", list(&["a"]), list(&["b"]))]), &*SCHEMA);
    sheet.row.values.insert(field("tags"), list(&["c", "d"]));
    sheet.take(&update(2, &[("tags", list(&["b"]), list(&["d", "c"]))]), &*SCHEMA);
    assert_eq!((sheet.open.len(), sheet.superseded.len()), (0, 1));
}
