//! What the feed tells of a feature is kept: who changed what, what was disputed, and who decided.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

#[expect(dead_code, reason = "the other test uses the rest")]
mod support;

use faltkarta_changes::OperationKind;
use faltkarta_model::{Timestamp, Value};
use faltkarta_protocol::{Author, FeedEntry, FeedKind, Outcome};
use faltkarta_store::{EventKind, LocalEdit};
use support::{Laptop, clash, dataset, entry, feature, field, package, page, reply, rows};

fn now() -> Timestamp {
    Timestamp::parse("2026-05-19T08:40:00Z").unwrap()
}

fn by(user: &str, entry: FeedEntry) -> FeedEntry {
    let by = Author { user: user.to_owned(), device: "Bil 1".to_owned(), at: now() };
    FeedEntry { by: Some(by), ..entry }
}

/// Who, what, and the value of `lage`, newest first.
fn told(laptop: &Laptop) -> Vec<(String, EventKind, Option<String>)> {
    let events = laptop.store.history_of(feature(1)).unwrap().into_iter();
    events
        .map(|it| {
            let lage = it.changes.get(&field("lage")).map(ToString::to_string);
            (it.by.map(|it| it.user).unwrap_or_default(), it.kind, lage)
        })
        .collect()
}

fn with_valve() -> Laptop {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    laptop
}

#[test]
fn each_change_is_told_with_its_author_and_survives_a_kill() {
    let mut laptop = with_valve();
    let first = by("Per Lund", entry(2, 0xa2, 1, "stängd"));
    let second = entry(3, 0xa3, 1, "öppen");
    laptop.store.apply_page(&page(vec![first, second], 3, 0), now()).unwrap();
    let laptop = laptop.kill();
    assert_eq!(
        told(&laptop),
        [
            // A delivery has no author.
            (String::new(), EventKind::Changed, Some("öppen".to_owned())),
            ("Per Lund".to_owned(), EventKind::Changed, Some("stängd".to_owned())),
        ]
    );
}

#[test]
fn an_entry_that_comes_again_is_told_once_and_one_that_changes_nothing_not_at_all() {
    let mut laptop = with_valve();
    let first = by("Per Lund", entry(2, 0xa2, 1, "stängd"));
    laptop.store.apply_page(&page(vec![first.clone()], 2, 0), now()).unwrap();
    laptop.store.apply_rows(&rows(vec![first]), &dataset("valve"), now()).unwrap();
    let same = by("Per Lund", entry(3, 0xa3, 1, "stängd"));
    laptop.store.apply_page(&page(vec![same], 3, 0), now()).unwrap();
    assert_eq!(told(&laptop).len(), 1);
}

#[test]
fn a_dispute_and_its_end_are_told_with_who_decided() {
    let mut laptop = with_valve();
    let op = laptop.operation(1, OperationKind::Update, "lage", Value::Text("trasig".into())).op;
    let conflict = clash(&op, "lage", "öppen", "stängd", "trasig");
    let theirs = by("Per Lund", entry(2, 0xa2, 1, "stängd"));
    let disputed =
        FeedEntry { conflicts: vec![conflict], ..by("Klara Ekdal", entry(3, 0xa3, 1, "stängd")) };
    let decided = by("Klara Ekdal", entry(4, 0xa4, 1, "trasig"));
    laptop.store.apply_page(&page(vec![theirs, disputed, decided], 4, 0), now()).unwrap();
    let told: Vec<_> = told(&laptop).into_iter().map(|it| (it.0, it.1)).collect();
    assert_eq!(
        told,
        [
            ("Klara Ekdal".to_owned(), EventKind::Decided),
            ("Klara Ekdal".to_owned(), EventKind::Disputed),
            ("Per Lund".to_owned(), EventKind::Changed),
        ]
    );
}

#[test]
fn rows_that_only_left_the_area_have_not_happened_and_a_deletion_has() {
    let mut laptop = with_valve();
    let gone =
        |seq, op, kind| FeedEntry { kind, row: None, ..by("Per Lund", entry(seq, op, 1, "")) };
    laptop.store.apply_page(&page(vec![gone(2, 0xa2, FeedKind::Leave)], 2, 0), now()).unwrap();
    assert!(told(&laptop).is_empty());
    laptop.store.apply_page(&page(vec![gone(3, 0xa3, FeedKind::Delete)], 3, 0), now()).unwrap();
    assert_eq!(told(&laptop), [("Per Lund".to_owned(), EventKind::Deleted, None)]);
}

#[test]
fn an_own_edit_that_fitted_beside_others_says_so() {
    let mut laptop = with_valve();
    let local = laptop.operation(1, OperationKind::Update, "lage", Value::Text("stängd".into()));
    let id = local.op.id;
    laptop
        .store
        .apply_local(&LocalEdit { ops: vec![local], completes_draft: None, attached: vec![] })
        .unwrap();
    laptop.store.record_outcomes(&reply(&[(id, Outcome::Merged, Some(2))], 2, 0), now()).unwrap();
    assert_eq!(laptop.store.journal_of(feature(1)).unwrap()[0].why, "merged");
}
