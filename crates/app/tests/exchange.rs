//! Rounds of exchange with a store that breaks at every point: nothing is lost, nothing is done twice, own edits are
//! seen at every moment.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::cell::RefCell;

use faltkarta_app::{
    AppError, EnrolStep, Enrolment, FieldAccess, LinkError, Phase, enrol, sync_round,
};
use faltkarta_model::ReplicaId;
use faltkarta_store::EditState;
use support::fake_store::{Cut, FakeStore, gone};
use support::laptop::{Laptop, join};
use support::{Counting, field, id_of, jpeg, kill, now, open, package, text, town};

fn store_lage(store: &FakeStore, valve: &str) -> String {
    store.value(id_of("valve", valve), "lage").to_string()
}

#[test]
fn a_join_brings_the_package_and_the_laptop_is_enrolled() {
    let mut store = FakeStore::new();
    let laptop = Laptop::enrolled(&mut store).kill();
    let session = laptop.field.borrow().session().unwrap();
    assert_eq!((session.phase, session.role.as_str()), (Phase::Enrolled, "technician"));
    assert_eq!(laptop.lage("AV-118"), "öppen");
    assert!(!laptop.dir.path().join("incoming").exists());
}

#[test]
fn a_laptop_that_is_not_enrolled_has_no_round() {
    let dir = tempfile::tempdir().unwrap();
    let laptop = RefCell::new(open(dir.path()));
    let refused = sync_round(&laptop, &mut FakeStore::new(), &mut now, &mut Counting::default());
    assert!(matches!(refused, Err(AppError::NotEnrolled)));
}

#[test]
fn a_fetch_that_was_cut_goes_on_from_its_byte_after_a_kill() {
    for cut in [0, 1, 9_999, 10_000, 33_333] {
        let mut store = FakeStore::new();
        let n_bytes = store.package.manifest.files[0].n_bytes;
        let dir = tempfile::tempdir().unwrap();
        let laptop = RefCell::new(open(dir.path()));
        // The way breaks in the fetch and stays broken: calls 1–3 are join, manifest, fetch.
        store.fetch_cut = Some(cut);
        store.cut_at = Some((4, Cut::Request));
        let failed = join(&laptop, &mut store).unwrap_err();
        assert_eq!(failed.code(), "server_unreachable", "{cut}");
        let (field, dir) = kill(laptop.into_inner(), &dir);
        store.cut_at = None;
        let mut laptop = Laptop { field: RefCell::new(field), dir, ids: Counting::default() };
        let report = laptop.round(&mut store);
        assert!(report.failure.is_none(), "{cut}: {:?}", report.failure);
        assert_eq!(store.n_fetched, n_bytes, "no byte comes twice");
        assert_eq!(laptop.lage("AV-118"), "öppen");
    }
}

#[test]
fn a_package_that_came_damaged_is_thrown_away_and_fetched_anew() {
    let mut store = FakeStore::new();
    let sha256 = std::mem::replace(&mut store.package.manifest.files[0].sha256, "0".repeat(64));
    let dir = tempfile::tempdir().unwrap();
    let laptop = RefCell::new(open(dir.path()));
    assert_eq!(join(&laptop, &mut store).unwrap_err().code(), "package_damaged");
    store.package.manifest.files[0].sha256 = sha256;
    let mut laptop = Laptop { field: laptop, dir, ids: Counting::default() };
    assert!(laptop.round(&mut store).failure.is_none());
    assert_eq!(laptop.lage("AV-118"), "öppen");
}

#[test]
fn own_edits_are_visible_from_save_through_answer_to_pull() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.edit("AV-118", "lage", "stängd");
    assert_eq!(laptop.state("AV-118"), EditState::SavedHere);
    // The pull fails: the edit is received and not in the base.
    store.refusal.replace(Some(("pull", gone())));
    let report = laptop.round(&mut store);
    assert_eq!(report.n_sent, 1);
    assert_eq!(report.failure.unwrap().code(), "server_unreachable");
    let mut laptop = laptop.kill();
    assert_eq!(
        (laptop.lage("AV-118").as_str(), laptop.state("AV-118")),
        ("stängd", EditState::Received)
    );
    store.refusal.replace(None);
    store.safe_seq = 2;
    laptop.round(&mut store);
    assert_eq!(
        (laptop.lage("AV-118").as_str(), laptop.state("AV-118")),
        ("stängd", EditState::Secured)
    );
}

#[test]
fn every_call_of_a_round_may_be_lost_on_either_way_and_each_edit_counts_once() {
    // A full round without faults, to know how many calls there are.
    let calm = {
        let mut store = FakeStore::new();
        let mut laptop = Laptop::enrolled(&mut store);
        let before = store.n_calls;
        laptop.complete_with_photo();
        laptop.edit("AV-121", "lage", "stängd");
        laptop.round(&mut store);
        before..store.n_calls
    };
    assert!(calm.len() >= 5, "push, pull, head, patches: {calm:?}");
    for n in calm {
        for cut in [Cut::Request, Cut::Answer] {
            let mut store = FakeStore::new();
            let mut laptop = Laptop::enrolled(&mut store);
            let id = laptop.complete_with_photo();
            laptop.edit("AV-121", "lage", "stängd");
            store.cut_at = Some((n + 1, cut));
            let report = laptop.round(&mut store);
            let lost = store.calls[n as usize].as_str();
            // What can wait for another day is no failure of a round.
            let can_wait = ["numbers", "digest", "report"].contains(&lost);
            assert_eq!(report.failure.is_some(), !can_wait, "call {n} {lost} {cut:?}");
            assert_eq!(laptop.lage("AV-121"), "stängd");
            let mut laptop = laptop.kill();
            store.cut_at = None;
            let report = laptop.round(&mut store);
            assert!(report.failure.is_none(), "call {n} {cut:?}: {:?}", report.failure);
            assert_eq!(store.log.len(), 3, "call {n} {cut:?}");
            assert_eq!(store.feed.len(), 3, "one effect each");
            assert_eq!(store_lage(&store, "AV-121"), "stängd");
            assert_eq!(store.blobs.values().next().unwrap().1, jpeg(3));
            let changes = laptop.field.borrow().changes().unwrap();
            assert_eq!((changes.counts.saved_here, changes.counts.received), (0, 3));
            assert_eq!((changes.photos.taken, changes.photos.received), (1, 1));
            assert!(laptop.field.borrow().feature(id, now()).is_ok());
        }
    }
}

#[test]
fn edits_of_others_arrive_page_by_page() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    for n in 0..8 {
        store.edit(id_of("valve", "AV-121"), "fabrikat", &format!("make {n}"));
    }
    store.edit(id_of("valve", "AV-118"), "nummer", "AV-777");
    let report = laptop.round(&mut store);
    assert_eq!((report.n_received, report.cursor_seq), (9, 10));
    let laptop = laptop.kill();
    let hits = laptop.field.borrow().search("av-777", None).hits;
    assert_eq!(hits[0].label, "AV-777");
}

#[test]
fn a_refused_push_never_stops_the_pull() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.edit("AV-118", "lage", "stängd");
    store.edit(id_of("valve", "AV-121"), "lage", "stängd");
    store.refusal.replace(Some(("push", LinkError::SignedOut)));
    let report = laptop.round(&mut store);
    assert_eq!(report.failure.unwrap().code(), "signed_out");
    assert_eq!(laptop.lage("AV-121"), "stängd");
    assert_eq!(laptop.state("AV-118"), EditState::SavedHere);
    let status = laptop.field.borrow().status(now()).unwrap();
    assert_eq!(status.error_code, "signed_out");
    store.refusal.replace(None);
    laptop.round(&mut store);
    assert_eq!(laptop.field.borrow().status(now()).unwrap().error_code, "");
}

#[test]
fn a_conflict_keeps_both_values_and_asks_for_a_person() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.edit("AV-118", "lage", "stängd");
    store.edit(id_of("valve", "AV-118"), "lage", "trasig");
    let report = laptop.round(&mut store);
    assert_eq!(report.n_conflicts, 1);
    assert_eq!(laptop.lage("AV-118"), "trasig");
    let changes = laptop.field.borrow().changes().unwrap();
    assert_eq!(changes.counts.needs_attention, 1);
    assert_eq!(changes.rows[0].row.op.changes[&field("lage")].new, text("stängd"));
}

#[test]
fn a_store_with_another_history_gets_every_kept_edit_again_under_its_id() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.edit("AV-118", "lage", "stängd");
    laptop.round(&mut store);
    // The store was restored from a backup that is older than the edit.
    let mut store = FakeStore::new();
    store.epoch = "two".into();
    store.package = package(1, &town());
    store.package.manifest.id = "package-restored".into();
    store.package.manifest.epoch = "two".into();
    laptop.edit("AV-121", "lage", "stängd");
    let report = laptop.round(&mut store);
    assert!(report.failure.is_none(), "{:?}", report.failure);
    assert_eq!(store_lage(&store, "AV-118"), "stängd");
    assert_eq!(store_lage(&store, "AV-121"), "stängd");
    assert_eq!(
        (laptop.lage("AV-118").as_str(), laptop.lage("AV-121").as_str()),
        ("stängd", "stängd")
    );
}

#[test]
fn a_copied_laptop_takes_a_new_name_and_keeps_the_ids_of_its_edits() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    let replica = |laptop: &Laptop| -> ReplicaId { laptop.field.borrow().store().replica() };
    let before = replica(&laptop);
    laptop.edit("AV-118", "lage", "stängd");
    let op = laptop.field.borrow().changes().unwrap().rows[0].row.op.id;
    store.refusal.replace(Some(("push", LinkError::StaleLineage)));
    let report = laptop.round(&mut store);
    assert_eq!(report.failure.unwrap().code(), "stale_lineage");
    assert_ne!(replica(&laptop), before);
    store.refusal.replace(None);
    let mut laptop = laptop.kill();
    laptop.round(&mut store);
    assert!(store.log.contains_key(&op));
}

#[test]
fn an_edit_made_during_a_round_goes_with_the_next_push() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    for n in 0..250 {
        laptop.edit("AV-118", "fabrikat", &format!("make {n}"));
    }
    let report = laptop.round(&mut store);
    assert_eq!(report.n_sent, 250);
    assert_eq!(store.log.len(), 250);
    assert_eq!(laptop.field.borrow().changes().unwrap().counts.saved_here, 0);
}

#[test]
fn progress_of_an_enrolment_is_told_step_by_step() {
    let mut store = FakeStore::new();
    let dir = tempfile::tempdir().unwrap();
    let laptop = RefCell::new(open(dir.path()));
    let wanted = Enrolment {
        url: "http://127.0.0.1:1".into(),
        code: None,
        device_name: "Bil 3".into(),
        user_name: "Klara Ekdal".into(),
    };
    let mut steps = vec![];
    enrol(&laptop, &mut store, &wanted, &mut now, &mut |step| {
        // The laptop is free between two steps: it could be worked on here.
        assert!(laptop.with(|it| it.status(now())).is_ok());
        steps.push(step);
    })
    .unwrap();
    let n_bytes = store.package.manifest.files[0].n_bytes;
    assert_eq!(steps.first(), Some(&EnrolStep::Connecting));
    assert!(steps.contains(&EnrolStep::Fetching {
        file: "features.sqlite".into(),
        n_bytes_done: n_bytes,
        n_bytes_total: n_bytes
    }));
    assert!(steps.contains(&EnrolStep::Installing { n_rows_done: 5, n_rows_total: 5 }));
    assert_eq!(steps.last(), Some(&EnrolStep::Done));
}
