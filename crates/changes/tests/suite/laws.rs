//! Laws that hold for every operation on every row, and for every history of two authors.

use std::collections::{BTreeMap, BTreeSet};

use faltkarta_changes::{
    Change, ConflictKind, CurrentRow, Effect, FieldOutcome, Merge, MergeSchema as _, Operation,
    OperationKind, Verdict, is_same_in, with_group_members,
};
use faltkarta_model::{FieldId, GEOMETRY_FIELD, ReplicaId, Value};
use proptest::prelude::*;
use uuid::Uuid;

use crate::sheet::{Sheet, State};
use crate::support::{SCHEMA, blob, field, list, op, op_id, point, text};

const FIELDS: [&str; 8] =
    ["f", "h", "status", "status_date", "accuracy", "length", "tags", GEOMETRY_FIELD];

/// `PROPTEST_CASES` says how many; `make soak` asks for a million.
fn config() -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|it| it.parse().ok());
    ProptestConfig {
        cases: asked.unwrap_or(2_000),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Few values, so that they meet; among them pairs that are the same in other words.
fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => Just(Value::Null),
        2 => (0i64..3).prop_map(Value::Int),
        2 => (0u8..3).prop_map(|it| Value::Real(f64::from(it))),
        2 => "[ab]".prop_map(Value::Text),
        1 => prop_oneof![Just(list(&[])), Just(list(&["a"])), Just(list(&["b", "a"])), Just(list(&["a", "b"]))],
        2 => (0u8..3, prop_oneof![Just(0.0), Just(0.000_5), Just(0.000_9)])
            .prop_map(|(x, off)| point(f64::from(x) + off, 0.0)),
    ]
}

fn any_row() -> impl Strategy<Value = CurrentRow> {
    let held = proptest::collection::vec(any_value(), FIELDS.len());
    (held, any::<bool>(), any::<bool>(), 0u8..3).prop_map(|(held, others, unseen, n_blobs)| {
        CurrentRow {
            version: 3,
            values: FIELDS
                .iter()
                .zip(held)
                .filter(|(_, it)| !it.is_null())
                .map(|(id, value)| (field(id), value))
                .collect(),
            blobs: (0..n_blobs).map(blob).collect(),
            is_changed_by_others: others,
            has_unseen_child: unseen,
        }
    })
}

fn any_kind() -> impl Strategy<Value = OperationKind> {
    use OperationKind::{Attach, Create, Delete, Detach, Resolve, Restore, Update};
    prop_oneof![
        1 => Just(Create),
        4 => Just(Update),
        2 => Just(Delete),
        2 => Just(Restore),
        2 => Just(Resolve),
        1 => Just(Attach),
        1 => Just(Detach)
    ]
}

fn any_state() -> impl Strategy<Value = State> {
    prop_oneof![1 => Just(State::Absent), 4 => Just(State::Live), 2 => Just(State::Deleted)]
}

fn any_changes() -> impl Strategy<Value = BTreeMap<FieldId, Change>> {
    let one = (0..FIELDS.len(), (any_value(), any_value()));
    proptest::collection::vec(one, 0..5).prop_map(|changes| {
        changes
            .into_iter()
            .map(|(at, (old, new))| (field(FIELDS[at]), Change { old, new }))
            .collect()
    })
}

fn any_op() -> impl Strategy<Value = Operation> {
    (any_kind(), any_changes(), proptest::collection::vec(0u8..4, 0..2)).prop_map(
        |(kind, changes, blobs)| {
            let mut op = op(kind, &[]);
            op.changes = changes;
            op.blobs = blobs.into_iter().map(blob).collect();
            op
        },
    )
}

fn any_sheet() -> impl Strategy<Value = Sheet> {
    (any_state(), any_row()).prop_map(|(state, row)| Sheet::new(state, row))
}

/// A step of a history: what an author does to what he sees.
#[derive(Debug, Clone)]
struct Step {
    is_other: bool,
    kind: OperationKind,
    new: BTreeMap<FieldId, Value>,
    /// Whether he has seen what the store holds before he does it; else he goes on from what he last saw.
    looks: bool,
}

fn any_step() -> impl Strategy<Value = Step> {
    let new = proptest::collection::vec((0..FIELDS.len(), any_value()), 1..3);
    (any::<bool>(), any_kind(), new, any::<bool>()).prop_map(|(is_other, kind, new, looks)| Step {
        is_other,
        kind,
        new: new.into_iter().map(|(at, value)| (field(FIELDS[at]), value)).collect(),
        looks,
    })
}

fn any_history() -> impl Strategy<Value = (Sheet, Vec<Step>)> {
    (any_sheet(), proptest::collection::vec(any_step(), 1..9))
}

/// What one author has before his eyes.
#[derive(Debug, Clone)]
struct Eyes {
    values: BTreeMap<FieldId, Value>,
    blobs: BTreeSet<faltkarta_model::BlobId>,
    /// The operations whose candidates he has seen.
    candidates: Vec<faltkarta_model::OpId>,
}

impl Eyes {
    fn on(sheet: &Sheet) -> Self {
        Self {
            values: sheet.row.values.clone(),
            blobs: sheet.row.blobs.clone(),
            candidates: sheet.open.values().map(|(conflict, _)| conflict.op).collect(),
        }
    }

    fn value(&self, field: &FieldId) -> Value {
        self.values.get(field).unwrap_or(&Value::Null).clone()
    }
}

/// Plays a history, showing each operation with the sheet before and after it.
fn play(
    (sheet, steps): &(Sheet, Vec<Step>),
    mut see: impl FnMut(&Operation, &Sheet, &Merge, &Sheet) -> Result<(), TestCaseError>,
) -> Result<Sheet, TestCaseError> {
    let mut sheet = sheet.clone();
    let mut eyes = [Eyes::on(&sheet), Eyes::on(&sheet)];
    for (n, step) in steps.iter().enumerate() {
        let author = usize::from(step.is_other);
        if step.looks {
            eyes[author] = Eyes::on(&sheet);
        }
        let seen = &mut eyes[author];
        let mut op = op(step.kind, &[]);
        op.id = op_id(100 + n as u128);
        op.replica = ReplicaId::from_uuid(Uuid::from_u128(author as u128));
        let edits = |(field, new): (&FieldId, &Value)| {
            (field.clone(), Change { old: seen.value(field), new: new.clone() })
        };
        op.changes = match step.kind {
            OperationKind::Delete => {
                op.blobs = seen.blobs.iter().cloned().collect();
                let named = seen.values.iter();
                named
                    .map(|(field, old)| {
                        (field.clone(), Change { old: old.clone(), new: Value::Null })
                    })
                    .collect()
            }
            _ => step.new.iter().map(edits).collect(),
        };
        if matches!(step.kind, OperationKind::Attach | OperationKind::Detach) {
            op.blobs = vec![blob(n as u8 % 4)];
        }
        if matches!(
            step.kind,
            OperationKind::Resolve | OperationKind::Restore | OperationKind::Delete
        ) {
            op.depends_on.clone_from(&seen.candidates);
        }
        for (field, new) in &step.new {
            if step.kind != OperationKind::Delete {
                seen.values.insert(field.clone(), new.clone());
            }
        }
        let before = sheet.clone();
        let merge = sheet.take(&op, &*SCHEMA);
        // The store computes the numbers anew; here a version is enough to tell who came between.
        sheet.row.is_changed_by_others = !step.looks;
        see(&op, &before, &merge, &sheet)?;
    }
    Ok(sheet)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn judged_twice_has_one_effect((sheet, op) in (any_sheet(), any_op())) {
        let mut once = sheet;
        once.take(&op, &*SCHEMA);
        let mut twice = once.clone();
        twice.take(&op, &*SCHEMA);
        prop_assert_eq!(once.state, twice.state);
        prop_assert_eq!(&once.row.values, &twice.row.values);
        prop_assert_eq!(&once.row.blobs, &twice.row.blobs);
        prop_assert_eq!(&once.open, &twice.open);
    }

    #[test]
    fn a_repeated_operation_of_any_history_leaves_its_conflicts_as_they_are(history in any_history()) {
        play(&history, |op, _, _, after| {
            let mut again = after.clone();
            again.take(op, &*SCHEMA);
            prop_assert_eq!(&again.row.values, &after.row.values, "{:?}", op);
            prop_assert_eq!(again.state, after.state);
            prop_assert!(after.open.keys().all(|id| again.open.contains_key(id)));
            prop_assert_eq!(&again.opened, &after.opened);
            Ok(())
        })?;
    }

    #[test]
    fn the_same_history_ends_the_same(history in any_history()) {
        let first = play(&history, |_, _, _, _| Ok(()))?;
        prop_assert_eq!(first, play(&history, |_, _, _, _| Ok(()))?);
    }

    #[test]
    fn every_field_has_exactly_one_outcome_and_it_is_true((sheet, op) in (any_sheet(), any_op())) {
        let merge = sheet.judge(&op, &*SCHEMA);
        prop_assert_eq!(
            merge.fields.keys().collect::<Vec<_>>(), op.changes.keys().collect::<Vec<_>>()
        );
        let in_conflicts: BTreeSet<_> =
            merge.conflicts.iter().flat_map(|it| it.fields.keys()).collect();
        for (field, outcome) in &merge.fields {
            let change = &op.changes[field];
            let after = match &merge.effect {
                Effect::Put { values, .. } => values.get(field),
                _ => sheet.row.values.get(field),
            }.unwrap_or(&Value::Null);
            let is_candidate = in_conflicts.contains(field);
            match outcome {
                FieldOutcome::Conflict => prop_assert!(is_candidate),
                FieldOutcome::Derived => prop_assert!(SCHEMA.is_derived(field) && !is_candidate),
                FieldOutcome::Waiting => prop_assert_eq!(sheet.state, State::Absent),
                FieldOutcome::Same => prop_assert!(!is_candidate),
                FieldOutcome::Applied if merge.effect == Effect::Remove => {}
                FieldOutcome::Applied if SCHEMA.is_set(field) => prop_assert!(!is_candidate),
                FieldOutcome::Applied => {
                    prop_assert!(!is_candidate);
                    prop_assert!(is_same_in(&*SCHEMA, field, after, &change.new), "{:?}", after);
                }
            }
        }
    }

    #[test]
    fn the_verdict_says_what_was_done((sheet, op) in (any_sheet(), any_op())) {
        let merge = sheet.judge(&op, &*SCHEMA);
        let is_conflict = !merge.conflicts.is_empty();
        match merge.verdict {
            Verdict::Conflict => prop_assert!(is_conflict),
            Verdict::MissingParent => prop_assert_eq!(sheet.state, State::Absent),
            Verdict::Same => prop_assert!(!is_conflict && merge.effect == Effect::Nothing),
            Verdict::Merged => prop_assert!(
                !is_conflict && merge.effect != Effect::Nothing && sheet.row.is_changed_by_others
            ),
            Verdict::Applied => prop_assert!(!is_conflict && merge.effect != Effect::Nothing),
        }
    }

    #[test]
    fn no_value_is_overwritten_that_the_author_had_not_seen((sheet, op) in (any_sheet(), any_op())) {
        let merge = sheet.judge(&op, &*SCHEMA);
        let Effect::Put { values, .. } = &merge.effect else { return Ok(()) };
        if sheet.state == State::Absent {
            return Ok(());
        }
        for id in FIELDS {
            let field = field(id);
            let (before, now) = (
                sheet.row.values.get(&field).unwrap_or(&Value::Null),
                values.get(&field).unwrap_or(&Value::Null),
            );
            if before == now {
                continue;
            }
            let change = &op.changes[&field];
            let codes = |it: &Value| match it { Value::List(codes) => codes.clone(), _ => vec![] };
            if SCHEMA.is_set(&field) && !is_same_in(&*SCHEMA, &field, before, &change.old) {
                let (old, new, now) = (codes(&change.old), codes(&change.new), codes(now));
                for code in codes(before) {
                    prop_assert!(now.contains(&code) || old.contains(&code) && !new.contains(&code));
                }
            } else {
                prop_assert!(is_same_in(&*SCHEMA, &field, before, &change.old), "{:?}", before);
            }
        }
    }

    #[test]
    fn no_row_is_deleted_that_holds_what_the_author_had_not_seen((sheet, op) in (any_sheet(), any_op())) {
        let merge = sheet.judge(&op, &*SCHEMA);
        if merge.effect != Effect::Remove {
            return Ok(());
        }
        prop_assert_eq!(op.kind, OperationKind::Delete);
        prop_assert!(!sheet.row.has_unseen_child);
        for (field, held) in &sheet.row.values {
            if !SCHEMA.is_derived(field) {
                let old = op.changes.get(field).map_or(&Value::Null, |it| &it.old);
                prop_assert!(is_same_in(&*SCHEMA, field, held, old));
            }
        }
        let others = sheet.row.is_changed_by_others;
        prop_assert!(!others || sheet.row.blobs.iter().all(|it| op.blobs.contains(it)));
    }

    #[test]
    fn fields_of_one_group_share_their_fate((sheet, op) in (any_sheet(), any_op())) {
        let merge = sheet.judge(&op, &*SCHEMA);
        for group in ["state", "geometry"] {
            let fates: BTreeSet<bool> = merge.fields.iter()
                .filter(|(field, _)| SCHEMA.group(field) == Some(group) && !SCHEMA.is_derived(field))
                .map(|(_, outcome)| *outcome == FieldOutcome::Conflict)
                .collect();
            prop_assert!(fates.len() < 2);
        }
        let keys: BTreeSet<_> = merge.conflicts.iter().map(|it| (it.id, &it.key)).collect();
        prop_assert_eq!(keys.len(), merge.conflicts.len());
    }

    #[test]
    fn edits_of_different_groups_commute((sheet, mine, theirs) in (any_sheet(), any_op(), any_op())) {
        let (mut mine, mut theirs) = (mine, theirs);
        theirs.id = op_id(8);
        theirs.replica = ReplicaId::from_uuid(Uuid::from_u128(8));
        let is_mine = |field: &FieldId| matches!(field.as_str(), "f" | "status" | "status_date" | "tags");
        mine.changes.retain(|field, _| is_mine(field));
        theirs.changes.retain(|field, _| !is_mine(field));
        (mine.kind, theirs.kind) = (OperationKind::Update, OperationKind::Update);
        let run = |first: &Operation, second: &Operation| {
            let mut sheet = sheet.clone();
            sheet.take_all(&[first.clone(), second.clone()], &*SCHEMA);
            (sheet.state, sheet.row.values, sheet.row.blobs, sheet.opened)
        };
        prop_assert_eq!(run(&mine, &theirs), run(&theirs, &mine));
    }

    #[test]
    fn codes_that_different_people_add_and_take_away_commute(
        sheet in any_sheet(), mine in any_set_change(), theirs in any_set_change(),
    ) {
        let run = |first: &Change, second: &Change| {
            let mut sheet = sheet.clone();
            sheet.state = State::Live;
            sheet.row.values.insert(field("tags"), list(&["a", "b"]));
            for (n, it) in [first, second].into_iter().enumerate() {
                let change = [("tags", list(&["a", "b"]), it.new.clone())];
                let op = crate::support::numbered(n as u128, op(OperationKind::Update, &change));
                assert_eq!(sheet.take(&op, &*SCHEMA).conflicts, []);
            }
            sheet.row.values.get(&field("tags")).cloned().unwrap_or(Value::Null)
        };
        let (one, two) = (run(&mine, &theirs), run(&theirs, &mine));
        prop_assert!(is_same_in(&*SCHEMA, &field("tags"), &one, &two), "{:?} {:?}", one, two);
    }

    #[test]
    fn what_is_wanted_and_does_not_hold_is_the_candidate_of_an_open_conflict(history in any_history()) {
        play(&history, |op, _, merge, after| {
            for (field, outcome) in &merge.fields {
                if *outcome == FieldOutcome::Conflict {
                    let wanted = &op.changes[field].new;
                    let is_kept = after.open.values().any(|(conflict, _)| {
                        conflict.op == op.id
                            && conflict.fields.get(field).is_some_and(|it| it.candidate == *wanted)
                    });
                    prop_assert!(is_kept, "{:?} {:?}", field, op);
                }
            }
            prop_assert_eq!(
                merge.verdict == Verdict::Conflict,
                !merge.conflicts.is_empty() || !merge.replaces.is_empty()
            );
            Ok(())
        })?;
    }

    #[test]
    fn a_conflict_closes_only_by_a_decision_or_by_its_own_author(history in any_history()) {
        play(&history, |op, before, merge, after| {
            for (id, (conflict, author)) in &before.open {
                if after.open.contains_key(id) {
                    continue;
                }
                let is_decided = op.depends_on.contains(&conflict.op);
                let is_decision = match op.kind {
                    OperationKind::Resolve => is_decided,
                    OperationKind::Delete | OperationKind::Restore => {
                        is_decided && conflict.key == "*"
                    }
                    _ => false,
                };
                let is_withdrawn = merge.supersedes.contains(id) && *author == op.replica;
                prop_assert!(is_decision || is_withdrawn, "{:?} by {:?}", conflict, op);
            }
            let told: BTreeSet<Uuid> =
                after.open.keys().chain(&after.resolved).chain(&after.superseded).copied().collect();
            prop_assert_eq!(&after.opened, &told);
            Ok(())
        })?;
    }

    #[test]
    fn a_superseded_candidate_is_what_the_store_holds_or_stands_in_another_conflict(
        history in any_history(),
    ) {
        play(&history, |op, before, merge, after| {
            for id in &merge.supersedes {
                let (conflict, _) = &before.open[id];
                if conflict.kind != ConflictKind::Field {
                    continue;
                }
                if op.kind == OperationKind::Delete {
                    continue; // He wants the row away, which holds or is a conflict of its own.
                }
                for (field, clash) in &conflict.fields {
                    let wanted = op.changes.get(field).map_or(&clash.candidate, |it| &it.new);
                    let held = after.row.values.get(field).unwrap_or(&Value::Null);
                    let is_kept = after.open.values().any(|(it, _)| {
                        it.op == op.id && it.fields.contains_key(field)
                    });
                    prop_assert!(is_same_in(&*SCHEMA, field, held, wanted) || is_kept);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn two_halves_of_a_group_never_both_hold(
        sheet in any_sheet(), mine in any_value(), theirs in any_value(),
    ) {
        let mut sheet = sheet;
        sheet.state = State::Live;
        let seen = sheet.row.values.clone();
        let edit = |n: u128, id: &str, new: &Value| {
            let old = seen.get(&field(id)).unwrap_or(&Value::Null).clone();
            let mut op = crate::support::numbered(n, op(OperationKind::Update, &[]));
            op.replica = ReplicaId::from_uuid(Uuid::from_u128(n));
            let change = BTreeMap::from([(field(id), Change { old, new: new.clone() })]);
            op.changes = with_group_members(change, &seen, &*SCHEMA);
            op
        };
        let (one, two) = (edit(1, "status", &mine), edit(2, "status_date", &theirs));
        sheet.take_all(&[one, two], &*SCHEMA);
        let is_changed = |id: &str| {
            let value = |row: &BTreeMap<FieldId, Value>| {
                row.get(&field(id)).unwrap_or(&Value::Null).clone()
            };
            !is_same_in(&*SCHEMA, &field(id), &value(&sheet.row.values), &value(&seen))
        };
        prop_assert!(!is_changed("status") || !is_changed("status_date"));
    }

    #[test]
    fn an_author_who_goes_on_from_his_own_edits_has_one_disagreement(
        sheet in any_sheet(), line in proptest::collection::vec("[a-d]", 1..6),
    ) {
        let mut sheet = sheet;
        sheet.state = State::Live;
        sheet.row.values.insert(field("f"), text("theirs"));
        let mut saw = text("seen");
        for (n, new) in line.iter().enumerate() {
            let change = [("f", saw, text(new))];
            let op = crate::support::numbered(n as u128 + 1, op(OperationKind::Update, &change));
            sheet.take(&op, &*SCHEMA);
            saw = text(new);
        }
        let conflict = sheet.only_conflict();
        let clash = &conflict.fields[&field("f")];
        prop_assert_eq!(&clash.candidate, &saw);
        prop_assert_eq!(&clash.base, &text("seen"));
        prop_assert_eq!(sheet.opened.len(), 1);
        prop_assert_eq!(&sheet.row.values[&field("f")], &text("theirs"));
    }
}

fn any_set_change() -> impl Strategy<Value = Change> {
    let codes = proptest::collection::btree_set("[a-d]", 0..4);
    codes.prop_map(|codes| Change {
        old: Value::Null,
        new: Value::List(codes.into_iter().collect()),
    })
}
