//! One laptop from the outside: what survives, what is refused, what is seen after each step of an exchange.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use faltkarta_changes::{OperationKind, conflict_id};
use faltkarta_model::{Timestamp, Value};
use faltkarta_protocol::{FeedEntry, FeedKind, Outcome, PackageScope};
use faltkarta_store::{
    AnswerChange, DraftSave, EditState, FileKeyStore, Install, KeyStore, LocalEdit, OpenOptions,
    PHOTO_BYTES_MAX, Relation, Store, StoreError,
};
use support::{Counting, Laptop, clash, dataset, entry, feature, jpeg, package, page, reply, rows};

fn now() -> Timestamp {
    Timestamp::parse("2026-05-19T08:40:00Z").unwrap()
}

#[test]
fn a_second_opener_of_a_folder_is_told_so() {
    let laptop = Laptop::new();
    let second = laptop.open_again();
    assert!(matches!(second, Err(StoreError::FolderInUse { .. })));
    let dir = laptop.close();
    assert!(Laptop::open(dir).is_ok());
}

#[test]
fn a_file_without_its_key_is_not_given_a_new_key() {
    let dir = Laptop::new().close();
    std::fs::remove_file(dir.path().join("key")).unwrap();
    assert!(matches!(Laptop::open(dir), Err(StoreError::KeyMissing)));
}

#[test]
fn a_stolen_file_shows_nothing_without_the_key() {
    let mut laptop = Laptop::new();
    laptop.store.set_meta("user_name", "Klara Ekdal").unwrap();
    let dir = laptop.close();
    let bytes = std::fs::read(dir.path().join("laptop.sqlite")).unwrap();
    assert!(!bytes.starts_with(b"SQLite format 3"));
    assert!(!bytes.windows(11).any(|it| it == b"Klara Ekdal"));
    std::fs::write(dir.path().join("key"), "11".repeat(32)).unwrap();
    assert!(matches!(Laptop::open(dir), Err(StoreError::Damaged { .. })));
}

#[cfg(unix)]
#[test]
fn the_key_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let keys = FileKeyStore::new(dir.path());
    keys.create().unwrap();
    let mode = std::fs::metadata(dir.path().join("key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn an_installed_package_answers_after_the_program_was_killed() {
    let mut laptop = Laptop::new();
    let source = package(1, &[("valve", 1, "öppen"), ("valve", 2, "öppen")]);
    laptop.install(&source).unwrap();
    let laptop = laptop.kill();
    assert_eq!(laptop.lage(1).as_deref(), Some("öppen"));
    assert_eq!(laptop.store.datasets().unwrap()[0].n_features, 2);
    assert_eq!(laptop.store.cursor().unwrap().as_deref(), Some("cursor-1"));
}

#[test]
fn a_package_killed_at_any_step_leaves_the_old_base_whole() {
    let old = package(1, &[("valve", 1, "öppen")]);
    let new = package(2, &[("valve", 1, "stängd"), ("valve", 2, "stängd")]);
    for n_steps in 0..3 {
        let mut laptop = Laptop::new();
        laptop.install(&old).unwrap();
        let mut install =
            Install::begin(&mut laptop.store, new.path(), new.manifest(), false).unwrap();
        let mut is_done = false;
        for _ in 0..n_steps {
            is_done = install.step(&mut laptop.store).unwrap().is_done;
        }
        let mut laptop = laptop.kill();
        let expected = if is_done { "stängd" } else { "öppen" };
        assert_eq!(laptop.lage(1).as_deref(), Some(expected), "after {n_steps} steps");
        laptop.install(&new).unwrap();
        assert_eq!(laptop.lage(2).as_deref(), Some("stängd"));
    }
}

#[test]
fn a_package_with_one_wrong_byte_is_refused() {
    let source = package(1, &[("valve", 1, "öppen")]);
    let path = source.path().join("features.sqlite");
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let mut laptop = Laptop::new();
    let refused = laptop.install(&source);
    assert!(matches!(refused, Err(StoreError::PackageDamaged { .. })));
    assert!(laptop.store.datasets().unwrap().is_empty());
}

#[test]
fn a_package_file_outside_its_folder_is_refused() {
    let source = package(1, &[("valve", 1, "öppen")]);
    let mut manifest = source.manifest();
    manifest.files[0].name = "../features.sqlite".to_owned();
    let refused = Install::begin(&mut Laptop::new().store, source.path(), manifest, false);
    assert!(matches!(refused, Err(StoreError::PackageDamaged { .. })));
}

#[test]
fn an_own_edit_is_seen_from_save_to_pull_and_after_every_crash() {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    let op = laptop.edit(1, "lage", "öppen", "stängd");
    assert_eq!(laptop.lage(1).as_deref(), Some("stängd"), "saved");
    let mut laptop = laptop.kill();
    assert_eq!(laptop.lage(1).as_deref(), Some("stängd"), "saved, killed");
    assert_eq!(laptop.store.pending(200, 1 << 20).unwrap(), vec![op.clone()]);

    let answer = reply(&[(op.id, Outcome::Applied, Some(7))], 7, 0);
    laptop.store.record_outcomes(&answer, now()).unwrap();
    assert_eq!(laptop.lage(1).as_deref(), Some("stängd"), "received, not pulled");
    let mut laptop = laptop.kill();
    assert_eq!(laptop.lage(1).as_deref(), Some("stängd"), "received, killed");
    assert_eq!(laptop.state(1), EditState::Received);

    let other = page(vec![entry(6, 99, 2, "öppen")], 6, 0);
    laptop.store.apply_page(&other, now()).unwrap();
    assert_eq!(laptop.lage(1).as_deref(), Some("stängd"), "cursor before the own entry");
    let mut own = entry(7, 0, 1, "stängd");
    own.op = op.id;
    laptop.store.apply_page(&page(vec![own], 7, 7), now()).unwrap();
    assert_eq!(laptop.lage(1).as_deref(), Some("stängd"), "in the base");
    let stored = laptop.store.feature(support::feature(1)).unwrap().unwrap();
    assert!(!stored.is_edited);
    assert_eq!(laptop.state(1), EditState::Secured);
}

#[test]
fn an_edit_of_others_never_hides_an_own_one_that_waits() {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    laptop.edit(1, "lage", "öppen", "stängd");
    let effect =
        laptop.store.apply_page(&page(vec![entry(6, 99, 1, "trasig")], 6, 0), now()).unwrap();
    assert_eq!(effect.n_merged, 1);
    assert_eq!(laptop.lage(1).as_deref(), Some("stängd"));
    laptop.install(&package(8, &[("valve", 1, "trasig")])).unwrap();
    assert_eq!(laptop.lage(1).as_deref(), Some("stängd"), "after a new package");
    assert_eq!(laptop.store.n_pending().unwrap(), 1);
}

#[test]
fn a_conflict_shows_the_store_value_once_pulled_and_keeps_the_candidate() {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    let op = laptop.edit(1, "lage", "öppen", "stängd");
    let told = clash(&op, "lage", "öppen", "trasig", "stängd");
    let outcome = Outcome::Conflict { conflicts: vec![told.id] };
    laptop.store.record_outcomes(&reply(&[(op.id, outcome, None)], 6, 0), now()).unwrap();
    assert_eq!(laptop.lage(1).as_deref(), Some("stängd"));
    let with_conflict = FeedEntry { conflicts: vec![told.clone()], ..entry(6, 99, 1, "trasig") };
    laptop.store.apply_page(&page(vec![with_conflict], 6, 0), now()).unwrap();
    let mut laptop = laptop.kill();
    assert_eq!(laptop.lage(1).as_deref(), Some("trasig"));
    assert_eq!(laptop.store.edit_counts().unwrap().needs_attention, 1);
    assert_eq!(laptop.store.journal(0).unwrap()[0].op, op);
    assert_eq!(laptop.store.conflicts_of(feature(1)).unwrap()[0].conflict, told);
    // Whoever closed it: the newest entry says that nothing is open.
    laptop.store.apply_page(&page(vec![entry(7, 100, 1, "stängd")], 7, 0), now()).unwrap();
    assert_eq!(laptop.store.conflicts().unwrap(), vec![]);
    let row = laptop.store.journal(0).unwrap().remove(0);
    assert_eq!((row.state, row.why.as_str()), (EditState::Received, "resolved"));
}

#[test]
fn whatever_tells_of_a_newer_entry_is_the_witness() {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    let seen = |laptop: &Laptop| {
        let witness = laptop.store.witness().unwrap();
        assert!(
            laptop.store.seen().unwrap().ends_with(&format!(".{}.{}", witness.seq, witness.chain))
        );
        witness.seq
    };
    laptop.store.record_outcomes(&reply(&[], 7, 0), now()).unwrap();
    assert_eq!(seen(&laptop), 7, "a receipt");
    laptop.store.apply_rows(&rows(vec![]), &dataset("valve"), now()).unwrap();
    assert_eq!(seen(&laptop), 20, "rows");
    laptop.store.apply_page(&page(vec![entry(9, 99, 1, "stängd")], 9, 0), now()).unwrap();
    laptop.store.record_outcomes(&reply(&[], 8, 0), now()).unwrap();
    assert_eq!((seen(&laptop), laptop.store.cursor_seq().unwrap()), (20, 9), "never lower");
    laptop.store.apply_page(&page(vec![], 25, 0), now()).unwrap();
    assert_eq!(seen(&laptop), 25, "a page");
}

#[test]
fn an_older_entry_never_brings_back_a_closed_conflict() {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    let op = laptop.edit(1, "lage", "öppen", "stängd");
    laptop.store.apply_page(&page(vec![entry(9, 99, 1, "trasig")], 9, 0), now()).unwrap();
    let told = clash(&op, "lage", "öppen", "trasig", "stängd");
    let old = FeedEntry { conflicts: vec![told], ..entry(6, 98, 1, "trasig") };
    // A row of an area that was added is older than what the feed has brought.
    laptop.store.apply_rows(&rows(vec![old]), &dataset("valve"), now()).unwrap();
    assert_eq!(laptop.store.conflicts().unwrap(), vec![]);
}

#[test]
fn a_file_of_the_first_format_is_brought_to_this_one_with_its_journal() {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    laptop.edit(1, "lage", "öppen", "stängd");
    let dir = laptop.make_old();
    let laptop = Laptop::open(dir).unwrap();
    assert_eq!(laptop.lage(1).as_deref(), Some("stängd"));
    assert_eq!(laptop.store.n_pending().unwrap(), 1);
    assert_eq!(laptop.number("SELECT user_version FROM pragma_user_version"), 2);
    assert_eq!(laptop.store.conflicts().unwrap(), vec![]);
}

#[test]
fn an_older_entry_never_takes_a_row_back_in_time() {
    let mut laptop = Laptop::new();
    laptop.install(&package(10, &[("valve", 1, "öppen")])).unwrap();
    laptop.store.apply_page(&page(vec![entry(12, 99, 1, "stängd")], 12, 0), now()).unwrap();
    let mut again = page(vec![entry(11, 98, 1, "öppen")], 11, 0);
    let refused = laptop.store.apply_page(&again, now());
    assert!(matches!(refused, Err(StoreError::FeedBroken { cursor: 12, .. })));
    again.entries[0].seq = 13;
    again.entries[0].kind = FeedKind::Delete;
    again.at.seq = 13;
    laptop.store.apply_page(&again, now()).unwrap();
    assert_eq!(laptop.lage(1), None);
}

#[test]
fn a_page_that_does_not_hold_changes_nothing() {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    let mut bad = entry(8, 98, 2, "öppen");
    bad.row = None;
    let refused = laptop.store.apply_page(&page(vec![entry(7, 99, 1, "stängd"), bad], 8, 0), now());
    assert!(matches!(refused, Err(StoreError::FeedBroken { .. })));
    assert_eq!(laptop.lage(1).as_deref(), Some("öppen"));
    assert_eq!(laptop.store.cursor_seq().unwrap(), 1);
}

#[test]
fn a_new_epoch_offers_every_kept_operation_again_under_its_old_id() {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    let op = laptop.edit(1, "lage", "öppen", "stängd");
    laptop
        .store
        .record_outcomes(&reply(&[(op.id, Outcome::Applied, Some(7))], 7, 7), now())
        .unwrap();
    assert_eq!(laptop.store.n_pending().unwrap(), 0);
    let mut source = package(3, &[("valve", 1, "öppen")]);
    source.change(|manifest| manifest.epoch = "another".to_owned());
    laptop.install(&source).unwrap();
    assert_eq!(laptop.store.pending(200, 1 << 20).unwrap(), vec![op]);
    assert_eq!(laptop.lage(1).as_deref(), Some("stängd"));
}

#[test]
fn journal_and_base_cannot_be_written_around() {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    laptop.edit(1, "lage", "öppen", "stängd");
    for sql in [
        "UPDATE journal SET operation = '{}'",
        "DELETE FROM journal",
        "UPDATE base SET properties = '{}'",
        "DELETE FROM base",
        "DELETE FROM overlay",
        "INSERT INTO overlay SELECT x'00', 99, 'valve', 1, 1, 0, NULL, '{}'",
    ] {
        assert!(laptop.raw(sql).is_err(), "{sql}");
    }
}

#[test]
fn an_operation_out_of_order_is_refused_and_nothing_of_its_act_is_done() {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    let first = laptop.operation(1, OperationKind::Update, "lage", Value::Text("stängd".into()));
    let mut second = first.clone();
    second.op.id = faltkarta_model::OpId::from_uuid(uuid::Uuid::from_u128(77));
    second.op.op_no = 3;
    let edit = LocalEdit { ops: vec![first, second], completes_draft: None, attached: vec![] };
    let refused = laptop.store.apply_local(&edit);
    assert!(matches!(refused, Err(StoreError::OperationOutOfOrder { given: 3, expected: 2 })));
    assert_eq!(laptop.lage(1).as_deref(), Some("öppen"));
    assert_eq!(laptop.store.next_op_no().unwrap(), 1);
}

#[test]
fn a_saved_draft_survives_a_kill_with_its_log_and_is_known_as_interrupted() {
    let mut laptop = Laptop::new();
    let id = laptop.start_draft();
    let save = DraftSave {
        instance_xml: "<data><varv>12</varv></data>".to_owned(),
        n_answered: 1,
        n_questions: 9,
        changes: vec![AnswerChange {
            question: "varv".into(),
            old: String::new(),
            new: "12".into(),
        }],
        ..DraftSave::default()
    };
    laptop.store.save_draft(id, &save, "Klara Ekdal", now()).unwrap();
    let mut laptop = laptop.kill();
    let draft = laptop.store.draft(id).unwrap();
    assert_eq!(draft.instance_xml.as_deref(), Some("<data><varv>12</varv></data>"));
    assert!(draft.is_open);
    assert_eq!(laptop.store.answer_log(id).unwrap()[0].change, save.changes[0]);
    laptop.store.set_draft_open(id, false).unwrap();
    let laptop = laptop.kill();
    assert!(!laptop.store.draft(id).unwrap().is_open);
}

#[test]
fn a_discarded_draft_comes_back_with_all_it_held() {
    let mut laptop = Laptop::new();
    let id = laptop.start_draft();
    laptop.store.add_photo(id, "a.jpg", &jpeg(1), now()).unwrap();
    laptop.store.set_draft_discarded(id, true).unwrap();
    assert!(laptop.store.drafts().unwrap().is_empty());
    assert!(matches!(laptop.store.draft(id), Err(StoreError::DraftNotFound { .. })));
    laptop.store.set_draft_discarded(id, false).unwrap();
    assert_eq!(laptop.store.photos(id).unwrap().len(), 1);
}

#[test]
fn photos_that_cannot_be_right_are_refused() {
    let mut laptop = Laptop::new();
    let id = laptop.start_draft();
    let mut add = |bytes: &[u8]| laptop.store.add_photo(id, "a.jpg", bytes, now());
    assert!(matches!(add(b""), Err(StoreError::PhotoEmpty)));
    let mut huge = jpeg(1);
    huge.resize(80_000_000, 0);
    let refused = add(&huge);
    assert!(matches!(
        refused,
        Err(StoreError::PhotoTooLarge { n_bytes: 80_000_000, n_bytes_max: PHOTO_BYTES_MAX })
    ));
    assert!(matches!(add(&[b'x'; 100]), Err(StoreError::PhotoUnreadable)));
    assert!(laptop.store.photos(id).unwrap().is_empty());
}

#[test]
fn a_photo_is_kept_by_its_content_and_read_back_in_parts() {
    let mut laptop = Laptop::new();
    let id = laptop.start_draft();
    let photo = laptop.store.add_photo(id, "IMG 1.JPG", &jpeg(1), now()).unwrap();
    let again = laptop.store.add_photo(id, "IMG 2.JPG", &jpeg(1), now()).unwrap();
    assert_eq!(photo.blob, again.blob);
    let laptop = laptop.kill();
    let (media_type, bytes) = laptop.store.photo_bytes(&photo.blob).unwrap();
    assert_eq!((media_type.as_str(), bytes), ("image/jpeg", jpeg(1)));
    assert_eq!(laptop.store.photo_part(&photo.blob, 10, 5).unwrap(), jpeg(1)[10..15]);
    assert_eq!(laptop.store.photos(id).unwrap().len(), 1);
}

#[test]
fn completing_a_draft_and_its_operations_are_one_step() {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    let id = laptop.start_draft();
    let photo = laptop.store.add_photo(id, "a.jpg", &jpeg(1), now()).unwrap();
    assert!(laptop.store.uploads().unwrap().is_empty());
    let op = laptop.operation(1, OperationKind::Update, "lage", Value::Text("stängd".into()));
    let unknown = faltkarta_model::FeatureId::from_uuid(uuid::Uuid::from_u128(404));
    let refused = laptop.store.apply_local(&LocalEdit {
        ops: vec![op.clone()],
        completes_draft: Some(unknown),
        attached: vec![],
    });
    assert!(matches!(refused, Err(StoreError::DraftNotFound { .. })));
    assert_eq!(laptop.store.n_pending().unwrap(), 0);
    laptop
        .store
        .apply_local(&LocalEdit { ops: vec![op], completes_draft: Some(id), attached: vec![] })
        .unwrap();
    let laptop = laptop.kill();
    assert!(laptop.store.drafts().unwrap().is_empty());
    assert_eq!(laptop.store.uploads().unwrap()[0].blob, photo.blob);
    assert_eq!(laptop.store.n_pending().unwrap(), 1);
}

#[test]
fn a_full_disk_refuses_the_save_and_spares_what_is_there() {
    let mut laptop = Laptop::new();
    let id = laptop.start_draft();
    let save = |xml: String| DraftSave { instance_xml: xml, ..DraftSave::default() };
    laptop.store.save_draft(id, &save("<data>first</data>".into()), "k", now()).unwrap();
    let n_pages: u32 = laptop.number("PRAGMA page_count");
    let dir = laptop.close();
    let options = OpenOptions { max_pages: Some(n_pages), reserve_bytes: 0, create: false };
    let keys = FileKeyStore::new(dir.path());
    let mut store = Store::open(dir.path(), &keys, &mut Counting::default(), &options).unwrap();
    let refused = store.save_draft(id, &save("x".repeat(1_000_000)), "k", now());
    assert!(matches!(refused, Err(StoreError::DiskFull)), "{refused:?}");
    let kept = store.draft(id).unwrap().instance_xml;
    assert_eq!(kept.as_deref(), Some("<data>first</data>"));
    drop(store);
    let laptop = Laptop::open(dir).unwrap();
    assert_eq!(laptop.store.draft(id).unwrap().instance_xml, kept);
}

#[test]
fn related_features_are_found_in_base_and_own_edits() {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen"), ("valve", 2, "öppen")])).unwrap();
    laptop.edit(1, "property_ref", "P", "Q");
    let found = |value: &str| -> Vec<_> {
        let rows = laptop.store.related(Relation::PropertyRef, value).unwrap();
        rows.into_iter().map(|it| it.feature.id).collect()
    };
    assert_eq!(found("P"), vec![support::feature(2)]);
    assert_eq!(found("Q"), vec![support::feature(1)]);
}

#[test]
fn recent_places_are_the_last_eight_without_doubles() {
    let mut laptop = Laptop::new();
    for n in 0..10 {
        laptop.store.remember_place(&n.to_string(), &format!("hit {n}")).unwrap();
    }
    laptop.store.remember_place("5", "hit 5").unwrap();
    let recent = laptop.store.recent_places().unwrap();
    assert_eq!(recent.len(), 8);
    assert_eq!(&recent[..2], ["hit 5", "hit 9"]);
}

#[test]
fn the_scope_of_a_package_is_kept() {
    let mut laptop = Laptop::new();
    let mut source = package(1, &[("valve", 1, "öppen")]);
    source.change(|manifest| manifest.scope = PackageScope::Open);
    laptop.install(&source).unwrap();
    assert_eq!(laptop.store.meta("package_scope").unwrap().as_deref(), Some("open"));
}

#[test]
fn wanted_rows_are_shown_in_order_however_far_apart_they_lie() {
    let mut laptop = Laptop::new();
    let rows: Vec<(&str, u128, &str)> = (1..=60).map(|n| ("valve", n, "öppen")).collect();
    laptop.install(&package(1, &rows)).unwrap();
    let mut seen = vec![];
    // Two neighbours, a gap that one statement passes over, one that it does not, and rows that are not there.
    laptop
        .store
        .for_each_base_row(&[2, 3, 9, 40, 60, 61, 900], &mut |it| {
            assert_eq!(it.wkb.len(), 21);
            assert!(it.properties.contains("öppen"));
            seen.push(it.row);
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert_eq!(seen, [2, 3, 9, 40, 60]);
    let mut n_seen = 0;
    let stopped = laptop.store.for_each_base_row(&[2, 3, 40], &mut |_| {
        n_seen += 1;
        Err(StoreError::DiskFull)
    });
    assert!(matches!(stopped, Err(StoreError::DiskFull)));
    assert_eq!(n_seen, 1);
}

#[test]
fn a_full_disk_gives_its_reserve_for_the_save_and_says_so_until_there_is_room() {
    let mut laptop = Laptop::new();
    assert!(!laptop.store.is_disk_nearly_full());
    let id = laptop.start_draft();
    let n_pages: u32 = laptop.number("PRAGMA page_count");
    let dir = laptop.close();
    let options = OpenOptions { max_pages: Some(n_pages), reserve_bytes: 4096, create: false };
    let keys = FileKeyStore::new(dir.path());
    let mut store = Store::open(dir.path(), &keys, &mut Counting::default(), &options).unwrap();
    let save = DraftSave { instance_xml: "x".repeat(1_000_000), ..DraftSave::default() };
    assert!(matches!(store.save_draft(id, &save, "k", now()), Err(StoreError::DiskFull)));
    assert!(store.is_disk_nearly_full(), "the reserve was tried");
    let file = dir.path().join("nod.json");
    assert_eq!(store.export_outbox(&file, now()).unwrap().n_drafts, 1, "the export still works");
    store.refill_reserve().unwrap();
    assert!(!store.is_disk_nearly_full());
}

#[test]
fn a_folder_that_may_not_be_written_has_its_own_code() {
    let error = StoreError::from(rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY),
        None,
    ));
    assert_eq!(error.code(), "folder_read_only");
    for (code, expected) in [
        (rusqlite::ffi::SQLITE_CANTOPEN, "folder_read_only"),
        (rusqlite::ffi::SQLITE_IOERR, "disk_failed"),
        (rusqlite::ffi::SQLITE_IOERR_FSYNC, "disk_failed"),
        (rusqlite::ffi::SQLITE_BUSY, "folder_in_use"),
        (rusqlite::ffi::SQLITE_FULL, "disk_full"),
        (rusqlite::ffi::SQLITE_CORRUPT, "store_damaged"),
    ] {
        let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        assert_eq!(StoreError::from(error).code(), expected);
    }
}

#[test]
fn a_row_that_left_comes_back_with_its_area_and_an_older_entry_does_not_bring_it() {
    let mut laptop = Laptop::new();
    laptop.install(&package(10, &[("valve", 1, "öppen")])).unwrap();
    let mut left = entry(12, 99, 1, "öppen");
    (left.kind, left.row) = (FeedKind::Leave, None);
    laptop.store.apply_page(&page(vec![left], 12, 0), now()).unwrap();
    assert_eq!(laptop.lage(1), None);
    assert!(!laptop.store.is_deleted_there(feature(1)).unwrap());
    laptop
        .store
        .apply_rows(&rows(vec![entry(11, 98, 1, "öppen")]), &dataset("valve"), now())
        .unwrap();
    assert_eq!(laptop.lage(1), None, "as it was before it left");
    laptop
        .store
        .apply_rows(&rows(vec![entry(12, 99, 1, "stängd")]), &dataset("valve"), now())
        .unwrap();
    assert_eq!(laptop.lage(1).as_deref(), Some("stängd"));
}

#[test]
fn a_dataset_that_was_fetched_whole_holds_nothing_else() {
    let mut laptop = Laptop::new();
    let all = [("valve", 1, "öppen"), ("valve", 2, "öppen"), ("valve", 3, "öppen")];
    laptop.install(&package(10, &all)).unwrap();
    laptop.edit(2, "lage", "öppen", "stängd");
    laptop.store.plan_backfill(&[dataset("valve")], None).unwrap();
    let mut first = rows(vec![]);
    first.next = Some(feature(1).to_string());
    laptop.store.apply_rows(&first, &dataset("valve"), now()).unwrap();
    let mut laptop = laptop.kill();
    assert_eq!(laptop.store.backfills().unwrap()[0].after, feature(1).to_string());
    laptop.store.apply_rows(&rows(vec![entry(15, 9, 3, "x")]), &dataset("valve"), now()).unwrap();
    assert_eq!((laptop.lage(1), laptop.lage(3).as_deref()), (None, Some("x")));
    assert_eq!(laptop.lage(2).as_deref(), Some("stängd"), "an own edit hangs on it");
    assert!(laptop.store.moved_out().unwrap().contains(&feature(2)));
    assert!(laptop.store.backfills().unwrap().is_empty());
}

#[test]
fn own_numbers_of_a_lost_history_are_kept_for_the_next_one() {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    let op = laptop.edit(1, "lage", "öppen", "stängd");
    let outcome = (op.id, Outcome::Applied, Some(7));
    laptop.store.record_outcomes(&reply(&[outcome], 7, 0), now()).unwrap();
    let mut other = package(3, &[("valve", 1, "öppen")]);
    other.change(|it| it.epoch = "two".into());
    laptop.install(&other).unwrap();
    let mut laptop = laptop.kill();
    let pending = laptop.store.pending(10, 10_000).unwrap();
    assert_eq!(laptop.store.former_seqs(&pending).unwrap(), [(op.id, 7)].into());
    assert_eq!(laptop.lage(1).as_deref(), Some("stängd"));
    assert_eq!(
        laptop.store.renew_replica(&mut Counting(9)).map(|()| pending[0].id).unwrap(),
        op.id
    );
}

#[test]
fn a_refusal_offers_everything_again_even_when_the_package_is_of_the_same_history() {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    let op = laptop.edit(1, "lage", "öppen", "stängd");
    let outcome = (op.id, Outcome::Applied, Some(7));
    laptop.store.record_outcomes(&reply(&[outcome], 7, 0), now()).unwrap();
    laptop.store.apply_page(&page(vec![entry(7, 1, 1, "stängd")], 7, 7), now()).unwrap();
    assert_eq!(laptop.store.n_pending().unwrap(), 0);
    laptop.store.note_refusal().unwrap();
    let mut laptop = laptop.kill();
    laptop.install(&package(9, &[("valve", 1, "öppen")])).unwrap();
    assert_eq!(laptop.store.n_pending().unwrap(), 1);
    assert_eq!(laptop.lage(1).as_deref(), Some("stängd"));
    // Once is enough.
    laptop
        .store
        .record_outcomes(&reply(&[(op.id, Outcome::Applied, Some(7))], 9, 0), now())
        .unwrap();
    laptop.install(&package(9, &[("valve", 1, "stängd")])).unwrap();
    assert_eq!(laptop.store.n_pending().unwrap(), 0);
    // A store that hands out less than was seen was put back, whatever it calls its history.
    laptop.install(&package(8, &[("valve", 1, "öppen")])).unwrap();
    assert_eq!(laptop.store.n_pending().unwrap(), 1);
}

#[test]
fn what_a_parked_operation_rests_on_is_offered_again() {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    let first = laptop.edit(1, "lage", "öppen", "stängd");
    laptop
        .store
        .record_outcomes(&reply(&[(first.id, Outcome::Same, Some(1))], 1, 0), now())
        .unwrap();
    let mut local = laptop.operation(1, OperationKind::Update, "lage", Value::Text("x".into()));
    local.op.depends_on = vec![first.id];
    let second = local.op.id;
    laptop
        .store
        .apply_local(&LocalEdit { ops: vec![local], completes_draft: None, attached: vec![] })
        .unwrap();
    let parked = Outcome::Parked { why: "missing_parent".into() };
    laptop.store.record_outcomes(&reply(&[(second, parked, None)], 1, 0), now()).unwrap();
    let again: Vec<_> = laptop.store.pending(9, 9_999).unwrap().iter().map(|it| it.id).collect();
    assert_eq!(again, [first.id]);
    assert_eq!(laptop.lage(1).as_deref(), Some("x"));
}

#[test]
fn an_own_edit_shows_on_what_was_seen_while_the_new_base_lacks_the_row() {
    let mut laptop = Laptop::new();
    laptop.install(&package(5, &[("valve", 1, "öppen"), ("valve", 2, "öppen")])).unwrap();
    laptop.edit(2, "fabrikat", "", "AVK");
    let mut other = package(3, &[("valve", 1, "öppen")]);
    other.change(|it| it.epoch = "two".into());
    laptop.install(&other).unwrap();
    let laptop = laptop.kill();
    assert_eq!(laptop.lage(2).as_deref(), Some("öppen"));
    let shown = laptop.store.feature(feature(2)).unwrap().unwrap();
    assert_eq!(shown.feature.value("fabrikat").as_text(), Some("AVK"));
}

#[test]
fn an_edit_of_a_feature_that_came_back_is_shown_though_the_own_deletion_waits_again() {
    let mut laptop = Laptop::new();
    laptop.install(&package(5, &[("valve", 1, "öppen")])).unwrap();
    let mut local = laptop.operation(1, OperationKind::Delete, "lage", Value::Null);
    local.op.changes = [].into();
    let deletion = local.op.id;
    laptop
        .store
        .apply_local(&LocalEdit { ops: vec![local], completes_draft: None, attached: vec![] })
        .unwrap();
    assert_eq!(laptop.lage(1), None);
    // The store kept it, because somebody else had changed it.
    let kept = Outcome::Conflict { conflicts: vec![conflict_id(deletion, "delete")] };
    laptop.store.record_outcomes(&reply(&[(deletion, kept, Some(6))], 6, 0), now()).unwrap();
    laptop.store.apply_page(&page(vec![entry(6, 1, 1, "stängd")], 6, 0), now()).unwrap();
    assert_eq!(laptop.lage(1).as_deref(), Some("stängd"));
    laptop.edit(1, "lage", "stängd", "halv");
    let mut other = package(3, &[("valve", 1, "öppen")]);
    other.change(|it| it.epoch = "two".into());
    laptop.install(&other).unwrap();
    assert_eq!(laptop.store.n_pending().unwrap(), 2);
    assert_eq!(laptop.lage(1).as_deref(), Some("halv"));
}
