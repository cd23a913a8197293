//! What one author does after another of his own operations.

use faltkarta_changes::{OperationKind, Verdict};

use crate::sheet::{Sheet, State};
use crate::support::{PLAIN, field, numbered, op, row, text};

fn edit(id: u128, old: &str, new: &str) -> faltkarta_changes::Operation {
    numbered(id, op(OperationKind::Update, &[("f", text(old), text(new))]))
}

#[test]
fn a_line_of_own_edits_holds_where_nobody_else_was() {
    let mut sheet = Sheet::new(State::Live, row(3, &[("f", text("a"))]));
    let verdicts =
        sheet.take_all(&[edit(1, "a", "b"), edit(2, "b", "c"), edit(3, "c", "a")], &*PLAIN);
    assert_eq!(verdicts, [Verdict::Applied; 3]);
    assert_eq!(sheet.row.values[&field("f")], text("a"));
    assert!(sheet.opened.is_empty());
}

#[test]
fn a_line_of_own_edits_out_of_order_is_for_a_person_and_loses_nothing() {
    let mut sheet = Sheet::new(State::Live, row(3, &[("f", text("a"))]));
    let verdicts = sheet.take_all(&[edit(2, "b", "c"), edit(1, "a", "b")], &*PLAIN);
    assert_eq!(verdicts, [Verdict::Conflict, Verdict::Applied]);
    let clash = &sheet.only_conflict().fields[&field("f")];
    assert_eq!((&clash.base, &clash.store, &clash.candidate), (&text("b"), &text("a"), &text("c")));
}

#[test]
fn what_others_changed_and_changed_back_is_no_change() {
    let row = row(5, &[("f", text("a"))]);
    let mut sheet = Sheet::new(State::Live, row);
    assert_eq!(sheet.take(&edit(1, "a", "b"), &*PLAIN).verdict, Verdict::Merged);
}

#[test]
fn a_feature_that_is_made_edited_and_deleted_offline_arrives_as_a_tombstone() {
    let mut sheet = Sheet::new(State::Absent, row(3, &[]));
    let create =
        numbered(1, op(OperationKind::Create, &[("f", faltkarta_model::Value::Null, text("a"))]));
    let delete =
        numbered(3, op(OperationKind::Delete, &[("f", text("b"), faltkarta_model::Value::Null)]));
    let verdicts = sheet.take_all(&[create, edit(2, "a", "b"), delete], &*PLAIN);
    assert_eq!(verdicts, [Verdict::Applied; 3]);
    assert_eq!((sheet.state, sheet.row.values[&field("f")].clone()), (State::Deleted, text("b")));
}
