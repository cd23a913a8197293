//! What a laptop holds of the store stays right: areas, declarations, a feed that was cut off, comparisons, numbers.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use faltkarta_app::{Edit, LinkError};
use faltkarta_changes::OperationKind;
use faltkarta_model::Timestamp;
use faltkarta_protocol::{Subscription, SubscriptionPart};
use faltkarta_store::EditState;
use support::fake_store::{Cut, FakeStore, gone};
use support::laptop::Laptop;
use support::{DATASETS, dataset, field, id_of, jpeg, now, package, text, town};

fn valve() -> faltkarta_model::FeatureId {
    id_of("valve", "AV-118")
}

fn is_here(laptop: &Laptop, valve: &str) -> bool {
    laptop.field.borrow().feature(id_of("valve", valve), now()).is_ok()
}

fn part(datasets: &[&str], ring: &[[f64; 2]]) -> SubscriptionPart {
    SubscriptionPart {
        datasets: datasets.iter().map(|it| dataset(it)).collect(),
        area_m: ring.to_vec(),
        filter: None,
    }
}

/// The week in which nothing is compared.
fn calm(laptop: &Laptop, store: &mut FakeStore) {
    laptop.field.borrow().store().meta("digest_at").unwrap().unwrap();
    store.asked.clear();
}

#[test]
fn a_row_that_moves_out_of_the_area_goes_unless_work_hangs_on_it() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    store.move_out(id_of("valve", "AV-121"));
    let subject = Some((dataset("valve"), valve()));
    let draft = laptop
        .field
        .borrow_mut()
        .start_draft("ventilmotionering", subject, None, now(), &mut laptop.ids)
        .unwrap()
        .draft
        .id;
    store.move_out(valve());
    laptop.round(&mut store);
    assert!(!is_here(&laptop, "AV-121"));
    let mut laptop = laptop.kill();
    assert!(is_here(&laptop, "AV-118"), "a draft hangs on it");
    assert!(laptop.field.borrow().is_moved_out(valve()).unwrap());
    laptop.field.borrow_mut().discard_draft(draft).unwrap();
    laptop.round(&mut store);
    assert!(!is_here(&laptop, "AV-118"));
    assert!(!laptop.field.borrow().is_moved_out(valve()).unwrap());
}

#[test]
fn an_unsent_edit_keeps_its_row_and_says_that_it_moved_out() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.edit("AV-118", "lage", "stängd");
    store.move_out(valve());
    store.refusal.replace(Some(("push", LinkError::SignedOut)));
    laptop.round(&mut store);
    let rows = laptop.field.borrow().changes().unwrap().rows;
    assert!(rows[0].is_moved_out);
    assert_eq!(laptop.lage("AV-118"), "stängd");
}

#[test]
fn a_smaller_area_lets_rows_go_and_a_larger_one_brings_them_back_through_every_cut() {
    // The first valve is in the first square kilometre, the second in the next.
    let west =
        part(&[], &[[161_900.0, 6_607_900.0], [162_100.0, 6_607_900.0], [162_100.0, 6_608_100.0]]);
    for cut in 0..12 {
        let mut store = FakeStore::new();
        let far = id_of("valve", "AV-121");
        let place = faltkarta_geo::Geometry::point(180_000.0, 6_608_050.0);
        let row = store.rows.get_mut(&far).unwrap();
        row.current.values.insert(field("geometry"), faltkarta_model::Value::Geometry(place));
        store.edit(far, "fabrikat", "AVK");
        let mut laptop = Laptop::enrolled(&mut store);
        laptop.round(&mut store);
        laptop.field.borrow_mut().set_subscription(vec![west.clone()]).unwrap();
        store.outside.insert(far);
        laptop.round(&mut store);
        assert!(is_here(&laptop, "AV-118"), "{cut}");
        assert!(!is_here(&laptop, "AV-121"), "{cut}");
        laptop.field.borrow_mut().set_subscription(vec![]).unwrap();
        store.outside.clear();
        store.page_entries = 1;
        store.cut_at = Some((store.n_calls + cut, Cut::Answer));
        laptop.round(&mut store);
        let mut laptop = laptop.kill();
        store.cut_at = None;
        let report = laptop.round(&mut store);
        assert!(report.failure.is_none(), "{cut}: {:?}", report.failure);
        assert!(is_here(&laptop, "AV-121"), "{cut}");
        assert!(laptop.field.borrow().store().backfills().unwrap().is_empty());
        assert!(report.differing.is_empty(), "{cut}: {:?}", report.differing);
    }
}

#[test]
fn what_was_filtered_out_while_somebody_else_changed_the_area_and_changed_it_back_is_fetched() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.field.borrow_mut().set_subscription(vec![part(&["valve"], &[])]).unwrap();
    for _ in 0..2 {
        laptop.round(&mut store);
    }
    calm(&laptop, &mut store);
    // Somebody else leaves the valve out, and the laptop takes a page before it hears of that.
    let before = store.subscription.clone();
    store.subscription = Subscription { revision: before.revision + 1, parts: vec![] };
    store.outside.insert(valve());
    store.edit(valve(), "lage", "stängd");
    store.refusal.replace(Some(("subscription", gone())));
    laptop.round(&mut store);
    store.refusal.replace(None);
    store.subscription = Subscription { revision: before.revision + 2, ..before };
    store.outside.clear();
    for _ in 0..2 {
        laptop.round(&mut store);
    }
    assert_eq!(laptop.lage("AV-118"), "stängd");
}

#[test]
fn a_wish_that_is_no_area_is_refused() {
    let mut store = FakeStore::new();
    let laptop = Laptop::enrolled(&mut store);
    for parts in [
        vec![part(&[], &[[1.0, 2.0], [3.0, 4.0]])],
        vec![part(&[], &[[1.0, 2.0], [3.0, f64::NAN], [5.0, 6.0]])],
        vec![part(&[], &[]); 51],
    ] {
        let refused = laptop.field.borrow_mut().set_subscription(parts).unwrap_err();
        assert_eq!(refused.code(), "invalid_input");
    }
}

#[test]
fn a_new_declaration_is_fetched_before_its_rows_and_leaves_work_in_flight_as_it_was() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.edit("AV-118", "fabrikat", "AVK");
    let declared = DATASETS.iter().find(|it| it.0 == "valve").unwrap().1;
    let renamed = declared.replace("sv = \"Läge\"", "sv = \"Ventilläge\"");
    assert_ne!(declared, renamed);
    store.declarations.insert((dataset("valve"), 2), renamed);
    store.refusal.replace(Some(("push", LinkError::SignedOut)));
    laptop.round(&mut store);
    let mut laptop = laptop.kill();
    {
        let field_now = laptop.field.borrow();
        let local = field_now.dataset(&dataset("valve")).unwrap();
        assert_eq!(local.revision, 2);
        assert_eq!(local.dataset.field("lage").unwrap().title.sv, "Ventilläge");
        let op = &field_now.changes().unwrap().rows[0].row.op;
        assert_eq!(op.schema_rev, 1, "an operation says by which declaration it was made");
    }
    laptop.edit("AV-121", "lage", "stängd");
    store.refusal.replace(None);
    calm(&laptop, &mut store);
    laptop.round(&mut store);
    assert!(!store.asked.iter().any(|it| it.starts_with("declaration")), "not asked for twice");
    assert_eq!(store.log.values().map(|it| it.0.schema_rev).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(store.value(valve(), "fabrikat"), text("AVK"));
}

#[test]
fn a_field_that_a_declaration_drops_keeps_its_values() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.edit("AV-118", "fabrikat", "AVK");
    let declared = DATASETS.iter().find(|it| it.0 == "valve").unwrap().1;
    let at = declared.find("id = \"fabrikat\"").unwrap();
    let from = declared[..at].rfind("[[field]]").unwrap();
    let to = declared[at..].find("[[field]]").map_or(declared.len(), |it| at + it);
    let without = format!("{}{}", &declared[..from], &declared[to..]);
    store.declarations.insert((dataset("valve"), 2), without);
    let report = laptop.round(&mut store);
    assert!(report.failure.is_none(), "{:?}", report.failure);
    let feature = laptop.field.borrow().feature(valve(), now()).unwrap();
    assert_eq!(feature.value("fabrikat"), &text("AVK"));
}

#[test]
fn a_declaration_that_cannot_be_read_never_shuts_the_laptop() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    store.declarations.insert((dataset("valve"), 9), "added_later = true".into());
    store.edit(valve(), "lage", "stängd");
    let report = laptop.round(&mut store);
    assert!(report.failure.is_none());
    let laptop = laptop.kill();
    assert_eq!(laptop.lage("AV-118"), "stängd");
    assert_eq!(laptop.field.borrow().dataset(&dataset("valve")).unwrap().revision, 1);
}

#[test]
fn a_laptop_whose_feed_was_cut_off_catches_up_by_the_difference_through_every_cut() {
    for cut in 1..20 {
        let mut store = FakeStore::new();
        let mut laptop = Laptop::enrolled(&mut store);
        laptop.round(&mut store);
        laptop.edit("AV-118", "fabrikat", "AVK");
        store.edit(valve(), "lage", "trasig");
        store.delete(id_of("valve", "AV-121"));
        for n in 0..5 {
            store.edit(id_of("address", "a1"), "house_number", &n.to_string());
        }
        store.min_seq = 5;
        store.page_entries = 1;
        let n_fetched = store.n_fetched;
        store.cut_at = Some((store.n_calls + cut, Cut::Answer));
        laptop.round(&mut store);
        let mut laptop = laptop.kill();
        store.cut_at = None;
        let report = laptop.round(&mut store);
        assert!(report.failure.is_none(), "{cut}: {:?}", report.failure);
        assert_eq!(store.n_fetched, n_fetched, "{cut}: no package was fetched");
        assert_eq!(laptop.lage("AV-118"), "trasig");
        assert!(!is_here(&laptop, "AV-121"), "{cut}: what was deleted meanwhile is gone");
        assert_eq!(store.value(valve(), "fabrikat"), text("AVK"));
        assert_eq!(laptop.state("AV-118"), EditState::Received);
        assert!(!laptop.field.borrow().status(now()).unwrap().needs_resync);
        assert!(report.differing.is_empty(), "{cut}: {:?}", report.differing);
    }
}

#[test]
fn a_portal_in_the_way_of_the_difference_brings_no_package() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.round(&mut store);
    store.edit(valve(), "lage", "trasig");
    store.edit(valve(), "lage", "stängd");
    store.min_seq = 2;
    let n_fetched = store.n_fetched;
    for refusal in [LinkError::NotAGeodataStore, LinkError::Busy { wait_s: None }] {
        store.refusal.replace(Some(("rows", refusal.clone())));
        let report = laptop.round(&mut store);
        assert_eq!(report.failure.unwrap().code(), refusal.code());
    }
    store.refusal.replace(None);
    assert!(laptop.round(&mut store).failure.is_none());
    assert_eq!(store.n_fetched, n_fetched, "no package was fetched");
    assert_eq!(laptop.lage("AV-118"), "stängd");
}

#[test]
fn a_store_without_a_difference_gives_a_package_and_the_old_base_stays_until_all_is_sent() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.edit("AV-118", "fabrikat", "AVK");
    store.edit(valve(), "lage", "trasig");
    store.offers_rows = false;
    store.min_seq = 2;
    let mut rows = town();
    rows.iter_mut()
        .find(|it| it.id == valve())
        .unwrap()
        .properties
        .insert(field("lage"), text("trasig"));
    store.package = package(2, &rows);
    store.refusal.replace(Some(("push", LinkError::SignedOut)));
    let report = laptop.round(&mut store);
    assert_eq!(report.failure.unwrap().code(), "signed_out");
    let mut laptop = laptop.kill();
    assert_eq!(laptop.lage("AV-118"), "trasig");
    let before = laptop.field.borrow().store().previous_feature(valve()).unwrap().unwrap();
    assert_eq!(before.value("lage"), &text("öppen"), "as it was when the edit was made");
    store.refusal.replace(None);
    laptop.round(&mut store);
    assert_eq!(laptop.field.borrow().store().previous_feature(valve()).unwrap(), None);
    assert_eq!(store.value(valve(), "fabrikat"), text("AVK"));
}

#[test]
fn a_store_of_another_history_is_told_the_numbers_that_edits_had_there() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.edit("AV-118", "lage", "stängd");
    laptop.round(&mut store);
    let op = laptop.field.borrow().changes().unwrap().rows[0].row.op.id;
    let mut store = FakeStore::new();
    store.epoch = "two".into();
    store.package.manifest.id = "package-restored".into();
    store.package.manifest.epoch = "two".into();
    let report = laptop.round(&mut store);
    assert!(report.failure.is_none(), "{:?}", report.failure);
    assert_eq!(store.former_seqs.get(&op), Some(&2));
}

#[test]
fn rows_that_differ_from_the_stores_are_found_within_a_week_and_fetched_again() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    assert!(laptop.round(&mut store).differing.is_empty());
    // A fault that no protocol can explain.
    store.rows.get_mut(&valve()).unwrap().current.values.insert(field("lage"), text("trasig"));
    store.rows.get_mut(&valve()).unwrap().current.version += 1;
    store.base_seq += 1;
    store.edit(id_of("address", "a1"), "house_number", "14");
    store.edit(id_of("address", "a1"), "house_number", "16");
    laptop.round(&mut store);
    assert_eq!(laptop.lage("AV-118"), "öppen", "nothing has told");
    let later = Timestamp::from_unix_ms(now().unix_ms() + 8 * 86_400_000);
    let report = laptop.round_at(&mut store, later);
    assert!(report.failure.is_none());
    assert_eq!(report.differing, [dataset("valve")]);
    assert_eq!(laptop.lage("AV-118"), "trasig");
}

#[test]
fn two_laptops_never_give_out_the_same_number() {
    let mut store = FakeStore::new();
    let mut laptops = [Laptop::enrolled(&mut store), Laptop::second(&mut store)];
    let mut all = std::collections::BTreeSet::new();
    let mut n = 0;
    for _ in 0..3 {
        for laptop in &mut laptops {
            laptop.round(&mut store);
            for _ in 0..15 {
                let number = laptop
                    .field
                    .borrow_mut()
                    .take_number(&dataset("valve"), &field("nummer"))
                    .unwrap();
                all.insert(format!("nummer {number}"));
                let opened = laptop
                    .field
                    .borrow_mut()
                    .start_draft("ventilmotionering", None, None, now(), &mut laptop.ids)
                    .unwrap();
                all.insert(opened.draft.local_number);
                n += 2;
            }
        }
    }
    assert_eq!(all.len(), n, "{all:?}");
    assert!(all.contains("A1-001") && all.contains("B1-001"), "{all:?}");
}

#[test]
fn a_lost_answer_costs_no_numbers_and_running_out_offline_falls_back_to_the_laptops_own_code() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    let lost = {
        let mut calm_store = FakeStore::new();
        let mut other = Laptop::enrolled(&mut calm_store);
        other.round(&mut calm_store);
        calm_store.calls.iter().rposition(|it| it == "numbers").unwrap() as u32 + 1
    };
    store.cut_at = Some((lost, Cut::Answer));
    laptop.round(&mut store);
    let mut laptop = laptop.kill();
    store.cut_at = None;
    laptop.round(&mut store);
    assert!(store.numbers.values().all(|it| *it <= 21), "{:?}", store.numbers);
    let take =
        || laptop.field.borrow_mut().take_number(&dataset("valve"), &field("nummer")).unwrap();
    let numbers: Vec<String> = (0..22).map(|_| take()).collect();
    assert_eq!(numbers[19..], ["20", "A1-001", "A1-002"]);
}

#[test]
fn a_copied_laptop_uses_none_of_the_numbers_that_its_twin_may_use() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.round(&mut store);
    laptop.edit("AV-118", "lage", "stängd");
    store.refusal.replace(Some(("push", LinkError::StaleLineage)));
    laptop.round(&mut store);
    let number =
        laptop.field.borrow_mut().take_number(&dataset("valve"), &field("nummer")).unwrap();
    // The first twenty were leased before the copy was made.
    assert_eq!(number, "21");
    let opened = laptop
        .field
        .borrow_mut()
        .start_draft("ventilmotionering", None, None, now(), &mut laptop.ids)
        .unwrap();
    assert_eq!(opened.draft.local_number, "B1-001");
}

#[test]
fn the_store_is_told_how_things_stand_and_a_lost_word_is_no_failure() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.edit("AV-118", "lage", "stängd");
    laptop.round(&mut store);
    let told = store.reports.last().unwrap();
    assert_eq!((told.received, told.saved_here, told.cursor_seq), (1, 0, 2));
    assert_eq!(told.oldest_unsent_at, None);
    store.offers_rows = false;
    laptop.edit("AV-121", "lage", "stängd");
    assert!(laptop.round(&mut store).failure.is_none(), "an older store is worked with as before");
    assert_eq!(laptop.state("AV-121"), EditState::Received);
}

#[test]
fn a_deleted_feature_comes_back_and_photos_are_tied_to_any_feature() {
    use OperationKind::{Attach, Delete, Detach, Restore};

    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.delete("AV-118");
    let act = |laptop: &mut Laptop, edit: Edit| {
        laptop.field.borrow_mut().edit(&dataset("valve"), edit, now(), &mut laptop.ids)
    };
    let restore =
        || Edit::Restore { id: valve(), values: [(field("lage"), text("stängd"))].into() };
    act(&mut laptop, restore()).unwrap();
    assert_eq!(laptop.lage("AV-118"), "stängd");
    assert_eq!(act(&mut laptop, restore()).unwrap_err().code(), "invalid_input");
    let photo = laptop.field.borrow_mut().keep_photo("a.jpg", &jpeg(3), now()).unwrap();
    let blob = photo.blob.clone();
    act(&mut laptop, Edit::Attach { id: valve(), photos: vec![photo] }).unwrap();
    laptop.round(&mut store);
    assert_eq!(store.value(valve(), "lage"), text("stängd"));
    assert!(store.rows[&valve()].current.blobs.contains(&blob));
    assert_eq!(store.blobs[&blob].1.len(), 600_000);
    let mut laptop = laptop.kill();
    act(&mut laptop, Edit::Detach { id: valve(), blobs: vec![blob.clone(), blob.clone()] })
        .unwrap();
    laptop.round(&mut store);
    assert!(store.rows[&valve()].current.blobs.is_empty());
    let kinds: Vec<OperationKind> = {
        let mut all: Vec<_> = store.log.values().map(|it| &it.0).collect();
        all.sort_by_key(|it| it.op_no);
        all.iter().map(|it| it.kind).collect()
    };
    assert_eq!(kinds, [Delete, Restore, Attach, Detach]);
    assert!(laptop.field.borrow().photo_bytes(&blob).is_ok(), "the file stays");
}
