//! Field groups, the geometry's own group, derived fields, sets, attachments.

use std::collections::{BTreeMap, BTreeSet};

use faltkarta_changes::Current::{Absent, Live};
use faltkarta_changes::{
    Change, ConflictKind, Effect, FieldOutcome, MergeSchema as _, OperationKind, Verdict,
    conflict_id, merge, with_group_members,
};
use faltkarta_model::{GEOMETRY_FIELD, Value};

use crate::support::{PLAIN, SCHEMA, blob, field, list, op, point, row, text, values};

use OperationKind::{Attach, Create, Delete, Detach, Resolve, Update};

#[test]
fn one_clash_makes_a_field_group_one_conflict_and_spares_the_rest() {
    let changes = [
        ("status", text("a"), text("b")),
        ("status_date", text("2025"), text("2026")),
        ("f", text("a"), text("b")),
    ];
    let op = op(Update, &changes);
    let row = row(4, &[("status", text("a")), ("status_date", text("1999")), ("f", text("a"))]);
    let merge = merge(Live(&row), &op, &*SCHEMA);
    let [conflict] = &merge.conflicts[..] else { panic!("{:?}", merge.conflicts) };
    assert_eq!(
        conflict.fields.keys().collect::<Vec<_>>(),
        [&field("status"), &field("status_date")]
    );
    assert_eq!((conflict.id, &*conflict.key), (conflict_id(op.id, "group:state"), "group:state"));
    let kept = [("status", text("a")), ("status_date", text("1999")), ("f", text("b"))];
    assert_eq!(merge.effect, Effect::Put { values: values(&kept), blobs: BTreeSet::new() });
}

#[test]
fn a_geometry_and_its_accuracy_are_judged_together_where_they_are_declared_so() {
    let changes = [
        (GEOMETRY_FIELD, point(1.0, 1.0), point(2.0, 2.0)),
        ("accuracy", Value::Real(0.1), Value::Real(2.0)),
    ];
    let row = row(4, &[(GEOMETRY_FIELD, point(1.0, 1.0)), ("accuracy", Value::Real(0.5))]);
    let op = op(Update, &changes);
    let together = merge(Live(&row), &op, &*SCHEMA);
    assert_eq!(together.conflicts[0].key, "group:geometry");
    assert_eq!(together.conflicts[0].fields.len(), 2);
    assert_eq!(together.effect, Effect::Nothing);
    let apart = merge(Live(&row), &op, &*PLAIN);
    assert_eq!(apart.conflicts[0].key, "accuracy");
    assert_eq!(apart.fields[&field(GEOMETRY_FIELD)], FieldOutcome::Applied);
}

#[test]
fn two_who_moved_a_feature_get_one_conflict_with_all_three_places() {
    let op = op(Update, &[(GEOMETRY_FIELD, point(1.0, 1.0), point(2.0, 2.0))]);
    let row = row(4, &[(GEOMETRY_FIELD, point(3.0, 3.0))]);
    let merge = merge(Live(&row), &op, &*PLAIN);
    assert_eq!(merge.conflicts[0].key, GEOMETRY_FIELD);
    let clash = &merge.conflicts[0].fields[&field(GEOMETRY_FIELD)];
    assert_eq!((&clash.base, &clash.store), (&point(1.0, 1.0), &point(3.0, 3.0)));
    assert_eq!((&clash.candidate, merge.effect), (&point(2.0, 2.0), Effect::Nothing));
}

#[test]
fn a_tolerance_says_who_moved_a_feature_and_never_what_it_is_moved_to() {
    let op = |new| op(Update, &[(GEOMETRY_FIELD, point(1.0, 1.0), new)]);
    let nearly = row(4, &[(GEOMETRY_FIELD, point(1.000_5, 1.0))]);
    // Somebody wrote the old place a hair beside: nobody moved it, so the move holds.
    let moved = merge(Live(&nearly), &op(point(2.0, 2.0)), &*SCHEMA);
    assert_eq!(moved.fields[&field(GEOMETRY_FIELD)], FieldOutcome::Applied);
    let Effect::Put { values, .. } = moved.effect else { panic!("{:?}", moved.effect) };
    assert_eq!(values[&field(GEOMETRY_FIELD)], point(2.0, 2.0));
    // Two moved it to the same place: the store's bytes stay.
    let there = row(4, &[(GEOMETRY_FIELD, point(2.000_5, 2.0))]);
    let same = merge(Live(&there), &op(point(2.0, 2.0)), &*SCHEMA);
    assert_eq!((same.verdict, same.effect), (Verdict::Same, Effect::Nothing));
    // One person's small correction is a change all the same.
    let at = row(3, &[(GEOMETRY_FIELD, point(1.0, 1.0))]);
    let small = merge(Live(&at), &op(point(1.000_5, 1.0)), &*SCHEMA);
    assert_eq!(small.fields[&field(GEOMETRY_FIELD)], FieldOutcome::Applied);
}

#[test]
fn what_was_seen_in_the_rest_of_a_group_travels_along() {
    let changes = BTreeMap::from([
        (field("status"), Change { old: text("a"), new: text("b") }),
        (field("f"), Change { old: text("a"), new: text("b") }),
    ]);
    let seen =
        values(&[("status", text("a")), ("status_date", text("2025")), ("length", Value::Int(3))]);
    let whole = with_group_members(changes.clone(), &seen, &*SCHEMA);
    let kept = Change { old: text("2025"), new: text("2025") };
    assert_eq!(whole[&field("status_date")], kept);
    assert_eq!(whole[&field("status")], changes[&field("status")]);
    assert_eq!(
        whole.keys().collect::<Vec<_>>(),
        [&field("f"), &field("status"), &field("status_date")]
    );
    assert_eq!(with_group_members(whole.clone(), &seen, &*SCHEMA), whole);
    // A value that was missing is what was seen as well.
    let moved = Change { old: Value::Null, new: Value::Real(0.1) };
    let moved = BTreeMap::from([(field("accuracy"), moved)]);
    let moved = with_group_members(moved, &values(&[]), &*SCHEMA);
    assert_eq!(moved[&field(GEOMETRY_FIELD)], Change { old: Value::Null, new: Value::Null });
}

#[test]
fn a_half_of_a_group_that_others_changed_makes_the_other_half_a_conflict() {
    let seen = values(&[("status", text("a")), ("status_date", text("2025"))]);
    let change = BTreeMap::from([(field("status"), Change { old: text("a"), new: text("b") })]);
    let mut op = op(Update, &[]);
    op.changes = with_group_members(change, &seen, &*SCHEMA);
    let row = row(4, &[("status", text("a")), ("status_date", text("2026"))]);
    let merge = merge(Live(&row), &op, &*SCHEMA);
    assert_eq!(merge.conflicts[0].fields[&field("status")].candidate, text("b"));
    assert_eq!((merge.verdict, merge.effect), (Verdict::Conflict, Effect::Nothing));
}

#[test]
fn the_declaration_tells_groups_derived_fields_sets_and_unique_ones() {
    let geometry = field(GEOMETRY_FIELD);
    assert_eq!((SCHEMA.group(&geometry), PLAIN.group(&geometry)), (Some("geometry"), None));
    assert_eq!(
        (SCHEMA.group(&field("accuracy")), SCHEMA.group(&field("f"))),
        (Some("geometry"), None)
    );
    assert_eq!(SCHEMA.members("geometry"), [field("accuracy"), geometry]);
    let state = [field("status"), field("status_date"), field("length")];
    assert_eq!((SCHEMA.members("state"), SCHEMA.members("none")), (state.to_vec(), vec![]));
    assert!(SCHEMA.is_derived(&field("length")) && !SCHEMA.is_derived(&field("f")));
    assert!(SCHEMA.is_set(&field("tags")) && !SCHEMA.is_set(&field("codes")));
    assert!(SCHEMA.is_unique(&field("nummer")) && !SCHEMA.is_unique(&field("f")));
    assert_eq!((SCHEMA.tolerance_m(), PLAIN.tolerance_m()), (0.001, 0.0));
    assert!(!SCHEMA.is_unique(&field("unknown")) && !SCHEMA.is_set(&field("unknown")));
    // Only a list can be a set of codes.
    let mut odd = SCHEMA.clone();
    odd.fields[0].merge_as_set = true;
    assert!(!odd.is_set(&field("f")));
}

#[test]
fn a_derived_field_is_neither_taken_nor_asked_about() {
    let named = [("length", Value::Real(1.0), Value::Real(2.0)), ("f", text("a"), text("b"))];
    let moved = row(4, &[("length", Value::Real(9.0)), ("f", text("a"))]);
    let update = merge(Live(&moved), &op(Update, &named), &*SCHEMA);
    assert_eq!(update.fields[&field("length")], FieldOutcome::Derived);
    let after = values(&[("length", Value::Real(9.0)), ("f", text("b"))]);
    assert_eq!(update.effect, Effect::Put { values: after, blobs: BTreeSet::new() });
    // Alone it is nothing to do.
    let alone = merge(Live(&moved), &op(Update, &named[..1]), &*SCHEMA);
    assert_eq!((alone.verdict, alone.effect), (Verdict::Same, Effect::Nothing));
    // A new feature does not bring it, and the one that is there is the same without it.
    let create =
        op(Create, &[("length", Value::Null, Value::Real(2.0)), ("f", Value::Null, text("a"))]);
    let created = merge(Absent, &create, &*SCHEMA);
    let bare = values(&[("f", text("a"))]);
    assert_eq!(created.effect, Effect::Put { values: bare, blobs: BTreeSet::new() });
    assert_eq!(merge(Live(&moved), &create, &*SCHEMA).verdict, Verdict::Same);
    // A delete need not have seen what the store computed meanwhile.
    let delete =
        op(Delete, &[("length", Value::Real(1.0), Value::Null), ("f", text("a"), Value::Null)]);
    assert_eq!(merge(Live(&moved), &delete, &*SCHEMA).effect, Effect::Remove);
    // And no conflict of a whole row offers it.
    let gone = merge(faltkarta_changes::Current::Deleted(&moved), &op(Update, &named), &*SCHEMA);
    assert_eq!(gone.conflicts[0].fields.keys().collect::<Vec<_>>(), [&field("f")]);
}

#[track_caller]
fn check_set(stored: Value, old: Value, new: Value, expected: &Value) {
    let held = row(4, &[("tags", stored.clone())]);
    let op = op(Update, &[("tags", old, new)]);
    let merge = merge(Live(&held), &op, &*SCHEMA);
    assert_eq!(merge.conflicts, []);
    let after = match merge.effect {
        Effect::Put { values, .. } => values.get(&field("tags")).cloned().unwrap_or(Value::Null),
        _ => stored,
    };
    assert_eq!(after, *expected);
}

#[test]
fn codes_that_two_people_add_and_take_away_are_merged_where_the_dataset_says_so() {
    check_set(list(&["a", "c"]), list(&["a"]), list(&["a", "b"]), &list(&["a", "c", "b"]));
    check_set(list(&["a", "b", "c"]), list(&["a", "b"]), list(&["b"]), &list(&["b", "c"]));
    check_set(list(&["c"]), Value::Null, list(&["a"]), &list(&["c", "a"]));
    check_set(Value::Null, list(&["a"]), list(&["a", "b"]), &list(&["b"]));
    check_set(list(&["b"]), list(&["a", "b"]), list(&["a"]), &Value::Null);
    check_set(list(&["c"]), list(&["a", "b"]), list(&["a"]), &list(&["c"]));
    // What both added is there once, and the order of the store stays.
    check_set(list(&["z", "b"]), list(&["a"]), list(&["a", "b"]), &list(&["z", "b"]));
    check_set(list(&["b", "a"]), list(&["a", "b"]), list(&["c"]), &list(&["c"]));
}

#[test]
fn a_list_that_is_no_set_and_a_set_that_is_no_list_are_for_a_person() {
    let row = row(4, &[("codes", list(&["a", "c"])), ("tags", text("odd"))]);
    let op =
        op(Update, &[("codes", list(&["a"]), list(&["b"])), ("tags", list(&["a"]), list(&["b"]))]);
    let merge = merge(Live(&row), &op, &*SCHEMA);
    let kinds: Vec<_> = merge.conflicts.iter().map(|it| (&*it.key, it.kind)).collect();
    assert_eq!(kinds, [("codes", ConflictKind::Field), ("tags", ConflictKind::Field)]);
}

#[test]
fn a_choice_between_sets_is_taken_as_it_is() {
    let row = row(4, &[("tags", list(&["a", "c"]))]);
    let op = op(Resolve, &[("tags", list(&["a"]), list(&["a", "b"]))]);
    assert_eq!(merge(Live(&row), &op, &*SCHEMA).verdict, Verdict::Conflict);
}

#[test]
fn attachments_are_a_set() {
    let mut attach = op(Attach, &[]);
    attach.blobs = vec![blob(1), blob(2)];
    let mut row = row(3, &[]);
    row.blobs = BTreeSet::from([blob(2), blob(3)]);
    let all = BTreeSet::from([blob(1), blob(2), blob(3)]);
    let merged = merge(Live(&row), &attach, &*SCHEMA);
    assert_eq!(merged.effect, Effect::Put { values: values(&[]), blobs: all.clone() });
    row.blobs = all;
    assert_eq!(merge(Live(&row), &attach, &*SCHEMA).verdict, Verdict::Same);
    attach.kind = Detach;
    let rest = Effect::Put { values: values(&[]), blobs: BTreeSet::from([blob(3)]) };
    assert_eq!(merge(Live(&row), &attach, &*SCHEMA).effect, rest);
}

#[test]
fn a_delete_stands_back_for_a_child_a_value_or_an_attachment_that_was_not_seen() {
    let mut delete = op(Delete, &[("f", text("a"), Value::Null)]);
    let seen = row(3, &[("f", text("a"))]);
    let child = faltkarta_changes::CurrentRow { has_unseen_child: true, ..seen.clone() };
    let grown = row(4, &[("f", text("a")), ("h", Value::Int(1))]);
    // The same version number can name another row after a restore of the store.
    let other = row(3, &[("f", text("b"))]);
    for row in [child, grown, other] {
        let merge = merge(Live(&row), &delete, &*SCHEMA);
        assert_eq!(merge.conflicts[0].kind, ConflictKind::DeletedVsEdited, "{row:?}");
        assert_eq!(merge.effect, Effect::Nothing);
    }
    let back_again = row(5, &[("f", text("a"))]);
    assert_eq!(merge(Live(&back_again), &delete, &*SCHEMA).effect, Effect::Remove);
    let mut with_photo = row(4, &[("f", text("a"))]);
    with_photo.blobs = BTreeSet::from([blob(1), blob(2)]);
    delete.blobs = vec![blob(1)];
    assert_eq!(merge(Live(&with_photo), &delete, &*SCHEMA).verdict, Verdict::Conflict);
    delete.blobs = vec![blob(1), blob(2), blob(3)];
    assert_eq!(merge(Live(&with_photo), &delete, &*SCHEMA).effect, Effect::Remove);
    // A laptop that does not name attachments has seen those of a row that only it changed.
    delete.blobs = vec![];
    with_photo.is_changed_by_others = false;
    assert_eq!(merge(Live(&with_photo), &delete, &*SCHEMA).effect, Effect::Remove);
}

#[test]
fn the_same_create_twice_is_the_same_and_a_poorer_or_richer_one_is_not() {
    let mut create = op(Create, &[("f", Value::Null, text("b")), ("h", Value::Null, Value::Null)]);
    create.blobs = vec![blob(1)];
    let mut row = row(1, &[("f", text("b"))]);
    assert_eq!(merge(Live(&row), &create, &*SCHEMA).conflicts[0].kind, ConflictKind::IdClash);
    row.blobs = BTreeSet::from([blob(1), blob(2)]);
    assert_eq!(merge(Live(&row), &create, &*SCHEMA).verdict, Verdict::Same);
    row.values = values(&[("f", text("b")), ("h", Value::Int(1))]);
    let richer = merge(Live(&row), &create, &*SCHEMA);
    assert_eq!(richer.verdict, Verdict::Conflict);
    assert_eq!(richer.conflicts[0].blobs, BTreeSet::from([blob(1)]));
}

#[test]
fn a_new_feature_brings_its_attachments() {
    let mut create = op(Create, &[("f", Value::Null, text("b"))]);
    create.blobs = vec![blob(1)];
    let put = Effect::Put { values: values(&[("f", text("b"))]), blobs: BTreeSet::from([blob(1)]) };
    assert_eq!(merge(Absent, &create, &*SCHEMA).effect, put);
}
