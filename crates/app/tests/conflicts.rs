//! What two people did to one thing, and what a person decides about it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use faltkarta_app::{AppError, Choice, ConflictCard, ConflictSummary, Decision, LinkError};
use faltkarta_changes::{ConflictKind, OperationKind};
use faltkarta_model::{FeatureId, OpId, Value};
use faltkarta_store::EditState;
use support::fake_store::FakeStore;
use support::laptop::Laptop;
use support::{field, id_of, now, text};

fn valve() -> FeatureId {
    id_of("valve", "AV-118")
}

fn list(laptop: &Laptop) -> Vec<ConflictSummary> {
    laptop.field.borrow().conflicts().unwrap()
}

fn card(laptop: &Laptop) -> ConflictCard {
    laptop.field.borrow().conflict_card(valve()).unwrap()
}

fn resolve(laptop: &mut Laptop, choice: &Choice) -> Result<Decision, AppError> {
    let known = laptop.field.borrow().conflict_card(valve());
    let rows = known.map(|it| it.rows).unwrap_or_default();
    let choices: Vec<_> = rows.iter().map(|it| (it.conflict, choice.clone())).collect();
    decide(laptop, &choices)
}

fn decide(laptop: &mut Laptop, choices: &[(uuid::Uuid, Choice)]) -> Result<Decision, AppError> {
    let note = Some("  Såg den på plats. ");
    laptop.field.borrow_mut().resolve(valve(), choices, note, now(), &mut laptop.ids)
}

/// Klara closes the valve that Per, meanwhile, reported as broken.
fn disagreement() -> (FakeStore, Laptop) {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.edit("AV-118", "lage", "stängd");
    store.edit(valve(), "lage", "trasig");
    laptop.round(&mut store);
    (store, laptop)
}

#[test]
fn a_conflict_comes_whole_with_the_feed_and_survives_a_kill() {
    let (_, laptop) = disagreement();
    let laptop = laptop.kill();
    let summary = list(&laptop).remove(0);
    assert_eq!(
        (summary.feature, summary.kind, summary.fields.len()),
        (valve(), ConflictKind::Field, 1)
    );
    assert_eq!(summary.title, "Ventil AV-118");
    assert!(summary.is_mine && !summary.is_deferred && !summary.is_expected);
    let card = card(&laptop);
    assert_eq!(card.candidate_by.user, "Klara Ekdal");
    assert_eq!(card.store_by.unwrap().user, "Per Lund");
    assert_eq!(card.fetched_at, Some(now()));
    let (name, clash) = &card.rows[0].fields[0];
    assert_eq!(name, &field("lage"));
    assert_eq!(
        (&clash.base, &clash.store, &clash.candidate),
        (&text("öppen"), &text("trasig"), &text("stängd"))
    );
}

#[test]
fn what_a_person_chooses_is_an_operation_like_any_other_and_closes_the_conflict_on_every_laptop() {
    let third = Choice::Values([(field("lage"), text("okänd"))].into());
    for (choice, chosen) in [(Choice::Mine, "stängd"), (Choice::Theirs, "trasig"), (third, "okänd")]
    {
        let (mut store, mut laptop) = disagreement();
        let mut other = Laptop::second(&mut store);
        other.round(&mut store);
        assert!(!list(&other)[0].is_mine);
        let candidate = card(&laptop).rows[0].conflict;
        resolve(&mut laptop, &choice).unwrap();
        // Decided here, not yet sent: out of the list, visible, and safe.
        let mut laptop = laptop.kill();
        assert_eq!(list(&laptop), vec![]);
        assert_eq!(laptop.lage("AV-118"), chosen);
        let op = laptop.field.borrow().changes().unwrap().rows.remove(0).row.op;
        assert_eq!(op.kind, OperationKind::Resolve);
        assert_eq!(op.changes[&field("lage")].old, text("trasig"));
        assert_eq!(op.changes[&field("lage")].new, text(chosen));
        assert_eq!(op.note.as_deref(), Some("Såg den på plats."));
        assert!(store.conflicts.contains_key(&candidate));
        laptop.round(&mut store);
        other.round(&mut store);
        assert!(store.conflicts.is_empty(), "{choice:?}");
        assert_eq!(list(&other), vec![]);
        assert_eq!(
            (laptop.lage("AV-118").as_str(), other.lage("AV-118").as_str()),
            (chosen, chosen)
        );
        assert_eq!(laptop.field.borrow().changes().unwrap().counts.needs_attention, 0);
    }
}

#[test]
fn a_decision_on_values_that_moved_meanwhile_is_refused_and_writes_nothing() {
    let (mut store, mut laptop) = disagreement();
    let shown = card(&laptop);
    store.edit(valve(), "lage", "ur drift");
    laptop.round(&mut store);
    let choices = [(shown.rows[0].conflict, Choice::Mine)];
    let refused = decide(&mut laptop, &choices).unwrap_err();
    assert_eq!(refused.code(), "conflict_moved");
    assert_eq!(laptop.field.borrow().changes().unwrap().counts.saved_here, 0);
    assert_eq!(card(&laptop).rows[0].fields[0].1.store, text("ur drift"));
    decide(&mut laptop, &choices).unwrap();
}

#[test]
fn a_decision_that_meets_a_newer_value_at_the_store_comes_back_as_a_conflict() {
    let (mut store, mut laptop) = disagreement();
    resolve(&mut laptop, &Choice::Mine).unwrap();
    store.edit(valve(), "lage", "ur drift");
    laptop.round(&mut store);
    assert_eq!(laptop.lage("AV-118"), "ur drift");
    let card = card(&laptop);
    assert!(card.rows.iter().all(|it| it.fields[0].1.store == text("ur drift")));
    assert_eq!(store.value(valve(), "lage"), text("ur drift"));
}

#[test]
fn an_unsent_edit_shows_what_it_will_meet_and_can_be_decided_before_it_is_sent() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.edit("AV-118", "lage", "stängd");
    laptop.edit("AV-118", "fabrikat", "AVK");
    store.edit(valve(), "lage", "trasig");
    store.refusal.replace(Some(("push", LinkError::SignedOut)));
    laptop.round(&mut store);
    let mut laptop = laptop.kill();
    let summary = list(&laptop).remove(0);
    assert!(summary.is_expected && summary.is_mine);
    let rows = laptop.field.borrow().changes().unwrap().rows;
    let marked: Vec<bool> = rows.iter().map(|it| it.is_conflict_expected).collect();
    assert_eq!(marked, [false, true], "newest first: the make fits, the position does not");
    let before = card(&laptop).rows[0].conflict;
    resolve(&mut laptop, &Choice::Mine).unwrap();
    assert_eq!(list(&laptop), vec![]);
    store.refusal.replace(None);
    let report = laptop.round(&mut store);
    assert!(report.failure.is_none());
    assert!(store.log.values().any(|(_, it)| format!("{it:?}").contains(&format!("{before}"))));
    assert!(store.conflicts.is_empty());
    assert_eq!(store.value(valve(), "lage"), text("stängd"));
    assert_eq!(list(&laptop), vec![]);
}

#[test]
fn an_own_edit_whose_answer_was_lost_is_no_conflict_with_itself() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.edit("AV-118", "lage", "stängd");
    store.cut_at = Some((store.n_calls + 1, support::fake_store::Cut::Answer));
    laptop.round(&mut store);
    store.edit(valve(), "lage", "trasig");
    store.refusal.replace(Some(("push", LinkError::SignedOut)));
    laptop.round(&mut store);
    assert_eq!(list(&laptop), vec![]);
    assert_eq!(laptop.lage("AV-118"), "trasig");
}

#[test]
fn edited_here_and_deleted_there_is_decided_either_way() {
    for (choice, is_there) in [(Choice::Mine, true), (Choice::Theirs, false)] {
        let mut store = FakeStore::new();
        let mut laptop = Laptop::enrolled(&mut store);
        laptop.edit("AV-118", "lage", "stängd");
        store.delete(valve());
        laptop.round(&mut store);
        assert_eq!(list(&laptop)[0].kind, ConflictKind::EditedVsDeleted);
        assert_eq!(list(&laptop)[0].title, "Ventil AV-118");
        assert!(laptop.field.borrow().feature(valve(), now()).is_err());
        resolve(&mut laptop, &choice).unwrap();
        assert_eq!(list(&laptop), vec![]);
        laptop.round(&mut store);
        assert!(store.conflicts.is_empty(), "{choice:?}");
        assert_eq!(!store.rows[&valve()].is_deleted, is_there);
        assert_eq!(laptop.field.borrow().feature(valve(), now()).is_ok(), is_there);
        if is_there {
            assert_eq!(laptop.lage("AV-118"), "stängd");
        }
    }
}

#[test]
fn deleted_here_and_edited_there_is_decided_either_way() {
    for (choice, is_there) in [(Choice::Mine, false), (Choice::Theirs, true)] {
        let mut store = FakeStore::new();
        let mut laptop = Laptop::enrolled(&mut store);
        laptop.delete("AV-118");
        store.edit(valve(), "lage", "trasig");
        laptop.round(&mut store);
        assert_eq!(list(&laptop)[0].kind, ConflictKind::DeletedVsEdited);
        assert_eq!(laptop.lage("AV-118"), "trasig", "the row stays until a person decides");
        resolve(&mut laptop, &choice).unwrap();
        laptop.round(&mut store);
        assert!(store.conflicts.is_empty(), "{choice:?}");
        assert_eq!(!store.rows[&valve()].is_deleted, is_there);
        assert_eq!(laptop.field.borrow().feature(valve(), now()).is_ok(), is_there);
    }
}

#[test]
fn what_was_left_to_the_coordinator_stays_open_and_stands_last() {
    let (mut store, mut laptop) = disagreement();
    laptop.edit("AV-121", "lage", "stängd");
    store.edit(id_of("valve", "AV-121"), "lage", "trasig");
    laptop.round(&mut store);
    laptop.field.borrow_mut().defer_conflict(valve()).unwrap();
    let laptop = laptop.kill();
    let all = list(&laptop);
    assert_eq!(all.iter().map(|it| it.is_deferred).collect::<Vec<_>>(), [false, true]);
    assert_eq!(all[1].feature, valve());
    assert_eq!(store.conflicts.len(), 2);
}

#[test]
fn a_conflict_of_others_is_seen_and_one_of_a_kind_without_fields_is_decided_too() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    let op = OpId::from_uuid(uuid::Uuid::from_u128(77));
    store.open_other(valve(), ConflictKind::DuplicateKey, "nummer", op);
    laptop.round(&mut store);
    assert!(!list(&laptop)[0].is_mine);
    resolve(&mut laptop, &Choice::Theirs).unwrap();
    laptop.round(&mut store);
    assert!(store.conflicts.is_empty());
}

#[test]
fn what_does_not_fit_a_field_is_refused_and_leaves_the_conflict() {
    let (_, mut laptop) = disagreement();
    for values in [
        [(field("fabrikat"), text("AVK"))],
        [(field("lage"), Value::Int(3))],
        [(field("finns_inte"), text("x"))],
    ] {
        let refused = resolve(&mut laptop, &Choice::Values(values.into())).unwrap_err();
        assert_eq!(refused.code(), "invalid_input");
    }
    let id = card(&laptop).rows[0].conflict;
    let long = "å".repeat(2_001);
    let choices = [(id, Choice::Mine)];
    let refused =
        laptop.field.borrow_mut().resolve(valve(), &choices, Some(&long), now(), &mut laptop.ids);
    assert_eq!(refused.unwrap_err().code(), "invalid_input");
    assert_eq!(list(&laptop).len(), 1);
    assert_eq!(laptop.state("AV-118"), EditState::Conflict);
    let stranger = id_of("valve", "AV-121");
    let none = laptop.field.borrow().conflict_card(stranger).unwrap_err();
    assert_eq!(none.code(), "conflict_not_found");
}
