//! A newer base map reaches a laptop by what is new of it, whatever breaks on the way, and the one in use answers until
//! the new one is proven.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;

use faltkarta_app::{SyncReport, sync_round};
use faltkarta_model::Timestamp;
use faltkarta_protocol::BaseMapPieces;
use support::fake_maps::{forest, packaged, sha256};
use support::fake_store::{FakeStore, gone};
use support::laptop::Laptop;
use support::{id_of, kill, now, package, town};

const DAY_MS: i64 = 86_400_000;

fn day(n: i64) -> Timestamp {
    Timestamp::from_unix_ms(now().unix_ms() + n * DAY_MS)
}

/// The base map in use, by its content.
fn in_use(laptop: &Laptop) -> String {
    let path = laptop.field.borrow().store().base_map().unwrap().unwrap();
    assert!(laptop.field.borrow().session().unwrap().has_base_map);
    sha256(&fs::read(path).unwrap())
}

/// What lies in the laptop's folder of base maps.
fn map_files(laptop: &Laptop) -> Vec<String> {
    let entries = fs::read_dir(laptop.dir.path()).unwrap();
    let mut names: Vec<String> =
        entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|it| it.starts_with("basemap-") || it == "incoming-map");
    names
}

fn growing(laptop: &Laptop) -> PathBuf {
    laptop.dir.path().join("incoming-map")
}

/// A store with a base map, and a laptop that has fetched it.
fn with_forest() -> (FakeStore, Laptop) {
    let mut store = FakeStore::new();
    store.maps.kept = vec![forest(None)];
    let mut laptop = Laptop::enrolled(&mut store);
    laptop.round(&mut store);
    assert_eq!(in_use(&laptop), sha256(&store.maps.kept[0]));
    (store.maps.n_fetched, store.maps.n_requests) = (0, 0);
    (store, laptop)
}

fn fine(report: &SyncReport) {
    assert!(report.failure.is_none(), "{:?}", report.failure);
}

#[test]
fn a_newer_base_map_costs_what_is_new_of_it_and_is_asked_for_once_a_day() {
    let (mut store, mut laptop) = with_forest();
    laptop.edit("AV-118", "lage", "stängd");
    store.maps.kept.push(forest(Some(450)));
    let n_bytes = store.maps.kept[1].len() as u64;
    let n_asked = store.maps.n_asked;
    laptop.round(&mut store);
    assert_eq!(store.maps.n_asked, n_asked, "not twice on one day");
    let version = laptop.field.borrow().tile_version();
    fine(&laptop.round_at(&mut store, day(1)));
    assert_eq!(in_use(&laptop), sha256(&store.maps.kept[1]));
    let n_fetched = store.maps.n_fetched;
    // Directories are a large part of so small a map.
    assert!(n_fetched > 0 && n_fetched * 10 < n_bytes, "{n_fetched} of {n_bytes}");
    assert!(laptop.field.borrow().tile_version() > version, "the map is drawn anew");
    assert_eq!(map_files(&laptop).len(), 1, "nothing else is left");
    let laptop = laptop.kill();
    assert_eq!(in_use(&laptop), sha256(&store.maps.kept[1]));
    assert_eq!(laptop.lage("AV-118"), "stängd");
}

#[test]
fn after_any_cut_and_a_kill_it_goes_on_from_its_byte_and_the_one_in_use_answers_until_then() {
    let newer = forest(Some(450));
    let calm = {
        let (mut store, mut laptop) = with_forest();
        store.maps.kept.push(newer.clone());
        laptop.round_at(&mut store, day(1));
        store.maps.n_fetched
    };
    assert!(calm > 2_000, "{calm}");
    for cut in (0..calm as usize).step_by(calm as usize / 23) {
        let (mut store, mut laptop) = with_forest();
        let before = in_use(&laptop);
        store.maps.kept.push(newer.clone());
        store.maps.cut = Some(cut);
        fine(&laptop.round_at(&mut store, day(1)));
        assert_eq!(in_use(&laptop), before, "{cut}");
        let mut laptop = laptop.kill();
        assert_eq!(in_use(&laptop), before, "{cut}");
        store.maps.cut = None;
        fine(&laptop.round_at(&mut store, day(1)));
        assert_eq!(in_use(&laptop), sha256(&newer), "{cut}");
        assert_eq!(store.maps.n_fetched, calm, "{cut}: no byte comes twice");
    }
}

#[test]
fn what_a_power_cut_left_of_the_new_file_is_found_out_and_fetched_again() {
    let (mut store, mut laptop) = with_forest();
    store.maps.kept.push(forest(Some(450)));
    store.maps.cut = Some(1_500);
    laptop.round_at(&mut store, day(1));
    // The length was durable and the bytes were not.
    let part = growing(&laptop).join(format!("{}.part", sha256(&store.maps.kept[1])));
    let n_bytes = fs::metadata(&part).unwrap().len() as usize;
    fs::write(&part, vec![0; n_bytes]).unwrap();
    store.maps.cut = None;
    fine(&laptop.round_at(&mut store, day(1)));
    assert_eq!(in_use(&laptop), sha256(&store.maps.kept[1]));
    // The same before the note of what is in use, and after the file has its name.
    store.maps.kept.push(forest(Some(9)));
    let bytes = &store.maps.kept[2];
    let name = format!("basemap-{}.pmtiles", &sha256(bytes)[..16]);
    fs::write(laptop.dir.path().join(name), bytes).unwrap();
    let mut laptop = laptop.kill();
    assert_eq!(in_use(&laptop), sha256(&store.maps.kept[1]));
    fine(&laptop.round_at(&mut store, day(2)));
    assert_eq!(in_use(&laptop), sha256(&store.maps.kept[2]));
}

#[test]
fn tiles_that_are_damaged_in_the_old_file_are_fetched_with_the_new_ones() {
    let (mut store, mut laptop) = with_forest();
    let newer = forest(Some(450));
    store.maps.kept.push(newer.clone());
    let path = laptop.field.borrow().store().base_map().unwrap().unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let from = bytes.len() / 2;
    bytes[from..from + 3_000].fill(7);
    fs::write(&path, &bytes).unwrap();
    fine(&laptop.round_at(&mut store, day(1)));
    assert_eq!(in_use(&laptop), sha256(&newer));
    let n_fetched = store.maps.n_fetched;
    assert!((3_000..newer.len() as u64 / 10).contains(&n_fetched), "{n_fetched}");
}

#[test]
fn an_old_file_that_cannot_be_read_costs_the_whole_new_one_and_never_the_laptop() {
    for damage in [0, 20_000] {
        let (mut store, laptop) = with_forest();
        let path = laptop.field.borrow().store().base_map().unwrap().unwrap();
        let Laptop { field, dir, ids } = laptop;
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..damage.min(bytes.len() / 2)]).unwrap();
        let (field, dir) = kill(field.into_inner(), &dir);
        let mut laptop = Laptop { field: RefCell::new(field), dir, ids };
        assert_eq!(laptop.lage("AV-118"), "öppen");
        assert!(!laptop.field.borrow().session().unwrap().has_base_map);
        // It is the newest by its name, and asked for on the same day all the same.
        fine(&laptop.round(&mut store));
        assert_eq!(in_use(&laptop), sha256(&store.maps.kept[0]), "{damage}");
        assert_eq!(store.maps.n_fetched, store.maps.kept[0].len() as u64);
    }
}

#[test]
fn pieces_that_only_seem_the_same_lead_to_the_whole_file() {
    let (mut store, mut laptop) = with_forest();
    let newer = forest(Some(450));
    store.maps.kept.push(newer.clone());
    // Two pieces of one length under each other's hash, as if hashes had met.
    store.maps.bend = Some(|told| {
        let same = |(a, b): &(usize, usize)| told.lengths[*a] == told.lengths[*b];
        let pairs = (200..told.lengths.len()).flat_map(|a| (a + 1..a + 50).map(move |b| (a, b)));
        let hash = |it: &BaseMapPieces, n: usize| it.hashes[n * 8..n * 8 + 8].to_owned();
        let (a, b) = pairs
            .filter(|(_, b)| *b < told.lengths.len())
            .filter(same)
            .find(|(a, b)| hash(told, *a) != hash(told, *b))
            .unwrap();
        let (of_a, of_b) = (hash(told, a), hash(told, b));
        told.hashes.replace_range(a * 8..a * 8 + 8, &of_b);
        told.hashes.replace_range(b * 8..b * 8 + 8, &of_a);
    });
    fine(&laptop.round_at(&mut store, day(1)));
    assert_eq!(in_use(&laptop), sha256(&newer));
    assert!(store.maps.n_fetched > newer.len() as u64);
}

#[test]
fn pieces_that_are_nonsense_or_not_told_lead_to_the_whole_file() {
    let bends: [fn(&mut BaseMapPieces); 4] = [
        |told| told.lengths[3] += 1,
        |told| told.hashes.truncate(16),
        |told| told.sha256 = "0".repeat(64),
        |told| told.lengths.clear(),
    ];
    for bend in bends.map(Some).into_iter().chain([None]) {
        let (mut store, mut laptop) = with_forest();
        let newer = forest(Some(450));
        store.maps.kept.push(newer.clone());
        store.maps.hides_pieces = bend.is_none();
        store.maps.bend = bend;
        fine(&laptop.round_at(&mut store, day(1)));
        assert_eq!(in_use(&laptop), sha256(&newer));
        assert_eq!(store.maps.n_fetched, newer.len() as u64);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_gives_its_room_back_and_it_is_tried_on_the_next_day() {
    let (mut store, mut laptop) = with_forest();
    let before = in_use(&laptop);
    let newer = forest(Some(450));
    store.maps.kept.push(newer.clone());
    // A file that takes no byte.
    fs::create_dir(growing(&laptop)).unwrap();
    let part = growing(&laptop).join(format!("{}.part", sha256(&newer)));
    std::os::unix::fs::symlink("/dev/full", &part).unwrap();
    laptop.edit("AV-118", "lage", "stängd");
    let report = laptop.round_at(&mut store, day(1));
    fine(&report);
    assert_eq!(report.n_sent, 1, "the work goes on");
    assert_eq!(in_use(&laptop), before);
    assert_eq!(map_files(&laptop).len(), 1, "what came is given back");
    laptop.round_at(&mut store, day(1));
    assert_eq!(in_use(&laptop), before);
    fine(&laptop.round_at(&mut store, day(2)));
    assert_eq!(in_use(&laptop), sha256(&newer));
}

#[test]
fn a_slow_network_is_not_held_up_by_a_map_and_rounds_go_on_with_it() {
    let (mut store, mut laptop) = with_forest();
    let newer = forest(Some(450));
    store.maps.hides_pieces = true;
    store.maps.kept.push(newer.clone());
    let mut at_ms = day(1).unix_ms();
    for n in 0.. {
        assert!(n < 1_000, "it never comes");
        laptop.edit("AV-118", "lage", if n % 2 == 0 { "stängd" } else { "öppen" });
        // Half a second passes whenever somebody looks.
        let mut now = || {
            at_ms += 500;
            Timestamp::from_unix_ms(at_ms)
        };
        let report = sync_round(&laptop.field, &mut store, &mut now, &mut laptop.ids).unwrap();
        fine(&report);
        assert_eq!(report.n_sent, 1);
        if in_use(&laptop) == sha256(&newer) {
            assert!(n > 1, "in one round");
            break;
        }
    }
    assert_eq!(store.maps.n_fetched, newer.len() as u64, "no byte comes twice");
}

#[test]
fn a_map_that_the_store_replaces_meanwhile_gives_way_to_the_newest() {
    let (mut store, mut laptop) = with_forest();
    store.maps.kept.push(forest(Some(450)));
    store.maps.cut = Some(1_000);
    laptop.round_at(&mut store, day(1));
    store.maps.cut = None;
    store.maps.kept = vec![forest(Some(9))];
    fine(&laptop.round_at(&mut store, day(1)));
    fine(&laptop.round_at(&mut store, day(1)));
    assert_eq!(in_use(&laptop), sha256(&store.maps.kept[0]));
    assert_eq!(map_files(&laptop).len(), 1);
}

#[test]
fn a_store_that_knows_nothing_of_it_is_worked_with_as_before() {
    let mut store = FakeStore::new();
    let mut laptop = Laptop::enrolled(&mut store);
    for _ in 0..3 {
        fine(&laptop.round(&mut store));
    }
    assert_eq!(store.maps.n_asked, 1);
    fine(&laptop.round_at(&mut store, day(1)));
    assert_eq!(store.maps.n_asked, 2, "tomorrow it may be newer");
    // A clock that was set back by years is no reason to wait for years.
    fine(&laptop.round_at(&mut store, day(-900)));
    assert_eq!(store.maps.n_asked, 3);
}

#[test]
fn a_new_package_with_another_base_map_brings_the_difference_of_it_too() {
    for knows_maps in [true, false] {
        let (mut store, mut laptop) = with_forest();
        let newer = forest(Some(450));
        let mut next = package(2, &town());
        next.manifest.files.push(packaged(next.dir.path(), &newer));
        let n_bytes_rows = next.manifest.files[0].n_bytes;
        store.package = next;
        store.offers_rows = false;
        store.edit(id_of("valve", "AV-121"), "fabrikat", "AVK");
        store.min_seq = 2;
        store.maps.kept = if knows_maps { vec![newer.clone()] } else { vec![] };
        let before = store.n_fetched;
        // The way breaks once in the middle.
        store.maps.cut = knows_maps.then_some(800);
        let report = laptop.round_at(&mut store, day(1));
        if knows_maps {
            assert_eq!(report.failure.unwrap().code(), gone().code());
            store.maps.cut = None;
            fine(&laptop.round_at(&mut store, day(1)));
        }
        assert_eq!(in_use(&laptop), sha256(&newer));
        let n_whole = if knows_maps { 0 } else { newer.len() as u64 };
        assert_eq!(store.n_fetched - before, n_bytes_rows + n_whole);
        assert!(store.maps.n_fetched * 10 < newer.len() as u64, "{}", store.maps.n_fetched);
        assert_eq!(map_files(&laptop).len(), 1);
        assert!(!laptop.dir.path().join("incoming").exists());
    }
}
