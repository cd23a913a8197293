//! Backups that are proved, the way back from one, and what laptops are told of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod harness;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use faltkarta_changes::OperationKind;
use faltkarta_formats::Mapping;
use faltkarta_model::BlobId;
use faltkarta_server::{
    GeodataStore, ImportOptions, OpenMode, RestoreOptions, Serving, SqliteStore, back_up, import,
    open_store, restore, verify,
};
use harness::{Bench, Laptop, VALVE_MAPPING, kinds, text, valve_id, valves};
use sha2::{Digest as _, Sha256};

const AT_ONCE: RestoreOptions = RestoreOptions { window_ms: 0, force: false };

fn with_valves(bench: &Bench) -> (Arc<SqliteStore>, Serving) {
    let store = bench.open();
    let file = bench
        .write("ventiler.csv", &valves(&[("v1", "AV-1", "öppen", 12), ("v2", "AV-2", "öppen", 9)]));
    let mapping = Some(Mapping::parse(VALVE_MAPPING).unwrap());
    let options = ImportOptions { mapping, ..ImportOptions::default() };
    import(&store, &[file], &options, bench.rim.as_ref()).unwrap();
    let store = Arc::new(store);
    let serving = bench.serve(store.clone());
    (store, serving)
}

/// Sets the position of the first valve and returns the number of the entry.
fn turn(laptop: &mut Laptop, from: &str, to: &str) -> u64 {
    let change = [("lage", text(from), text(to))];
    let op = laptop.hand.op(OperationKind::Update, valve_id("v1"), &change);
    let outcomes = laptop.push(&[op]);
    assert_eq!(kinds(&outcomes), ["applied"]);
    outcomes[0].seq.unwrap()
}

/// Sends a whole attachment.
fn photo(laptop: &Laptop, bytes: &[u8]) -> BlobId {
    let blob = BlobId::from_digest(Sha256::digest(bytes).into());
    let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(bytes));
    let (digest, total) = (format!("sha-256=:{digest}:"), bytes.len().to_string());
    let headers = [
        ("Upload-Offset", "0"),
        ("Upload-Length", total.as_str()),
        ("Content-Digest", digest.as_str()),
    ];
    let answer = laptop.send("PATCH", &format!("/blobs/{blob}"), &headers, bytes);
    assert_eq!(answer.status, 204);
    blob
}

fn blob_file(folder: &Path, blob: &BlobId) -> PathBuf {
    folder.join("blobs").join(&blob.digits()[..2]).join(blob.digits())
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_backup_of_a_served_store_stands_by_itself_and_holds_the_rows_and_the_photos() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    let seq = turn(&mut laptop, "öppen", "stängd");
    let blob = photo(&laptop, b"a valve");
    let into = bench.folder.path().join("backups");
    let made = back_up(&store, &into, 7, bench.rim.as_ref()).unwrap();
    assert_eq!((made.manifest.seq, made.manifest.n_blobs, made.n_blobs_copied), (seq, 1, 1));
    assert_eq!(names(&made.folder), ["backup.json", "blobs", "datasets", "forms", "store.sqlite"]);
    assert_eq!(fs::read(blob_file(&made.folder, &blob)).unwrap(), b"a valve");
    let proved = verify(&made.folder).unwrap();
    assert_eq!((proved.seq, proved.chain), (seq, store.head().unwrap().chain));
    // What comes later is not in it.
    turn(&mut laptop, "stängd", "öppen");
    assert_eq!(verify(&made.folder).unwrap().seq, seq);
    assert_eq!(verify(&bench.store_path()).unwrap().seq, seq + 1);
}

#[test]
fn what_the_oldest_kept_backup_holds_is_safe_and_laptops_are_told() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    let into = bench.folder.path().join("backups");
    let mut made = vec![];
    let mut positions = ["öppen", "stängd"].into_iter().cycle();
    let mut from = positions.next().unwrap();
    for expected_safe in [2, 2, 3, 4] {
        bench.rim.wait(86_400_000);
        let backup = back_up(&store, &into, 2, bench.rim.as_ref()).unwrap();
        assert_eq!(backup.safe_seq, expected_safe);
        assert_eq!(laptop.pull(500).safe_seq, expected_safe);
        made.push(backup);
        let to = positions.next().unwrap();
        turn(&mut laptop, from, to);
        from = to;
    }
    assert_eq!(names(&into).len(), 2);
    assert_eq!(made[3].removed, [made[1].folder.clone()]);
    assert_eq!(made[3].n_blobs_copied, 0);
    // A backup elsewhere is counted too, and does not push those here out.
    let other = bench.folder.path().join("elsewhere");
    assert_eq!(back_up(&store, &other, 1, bench.rim.as_ref()).unwrap().safe_seq, 4);
    assert_eq!(names(&into).len(), 2);
    // One that somebody took away is told of, and still holds down what is safe.
    fs::remove_dir_all(&made[3].folder).unwrap();
    let next = back_up(&store, &other, 1, bench.rim.as_ref()).unwrap();
    assert_eq!((next.safe_seq, next.missing), (4, vec![made[3].folder.clone()]));
}

#[test]
fn photos_are_shared_with_the_backup_before_and_never_with_the_store() {
    use std::os::unix::fs::MetadataExt as _;
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let laptop = Laptop::join(serving.address(), 1);
    let blob = photo(&laptop, b"first");
    let into = bench.folder.path().join("backups");
    let first = back_up(&store, &into, 7, bench.rim.as_ref()).unwrap();
    photo(&laptop, b"second");
    bench.rim.wait(1);
    let second = back_up(&store, &into, 7, bench.rim.as_ref()).unwrap();
    assert_eq!((second.manifest.n_blobs, second.n_blobs_copied), (2, 1));
    let inode = |folder: &Path| fs::metadata(blob_file(folder, &blob)).unwrap().ino();
    assert_eq!(inode(&first.folder), inode(&second.folder));
    assert_ne!(inode(&first.folder), inode(&bench.store_path()));
}

#[test]
fn a_backup_that_cannot_be_proved_counts_for_nothing_and_pushes_no_older_one_out() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    let into = bench.folder.path().join("backups");
    back_up(&store, &into, 1, bench.rim.as_ref()).unwrap();
    turn(&mut laptop, "öppen", "stängd");
    let blob = photo(&laptop, b"a valve");
    let before = (names(&into), store.head().unwrap());
    let file = blob_file(&bench.store_path(), &blob);
    for bytes in [&b"A valve"[..], b"a va"] {
        fs::write(&file, bytes).unwrap();
        let refused = back_up(&store, &into, 1, bench.rim.as_ref()).unwrap_err();
        assert_eq!(refused.code(), "store_damaged");
        assert_eq!((names(&into), store.head().unwrap()), before);
    }
    fs::remove_file(&file).unwrap();
    assert_eq!(back_up(&store, &into, 1, bench.rim.as_ref()).unwrap_err().code(), "store_damaged");
    assert_eq!(verify(&bench.store_path()).unwrap_err().code(), "store_damaged");
    assert_eq!((names(&into), store.head().unwrap()), before);
    fs::write(&file, b"a valve").unwrap();
    assert_eq!(back_up(&store, &into, 1, bench.rim.as_ref()).unwrap().safe_seq, 3);
}

#[test]
fn a_restored_store_begins_a_new_history_and_sets_the_old_database_aside() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    let blob = photo(&laptop, b"a valve");
    let into = bench.folder.path().join("backups");
    let made = back_up(&store, &into, 7, bench.rim.as_ref()).unwrap();
    turn(&mut laptop, "öppen", "stängd");
    laptop.pull(500);
    let gone = Laptop::join(serving.address(), 2);
    store.revoke_device(store.devices().unwrap()[1].id).unwrap();
    let mut late = Laptop::join(serving.address(), 3);
    let before = store.head().unwrap();
    let refused = restore(&bench.store_path(), &made.folder, AT_ONCE, bench.rim.as_ref());
    assert_eq!(refused.unwrap_err().code(), "store_in_use");
    drop((serving, store));
    fs::remove_file(blob_file(&bench.store_path(), &blob)).unwrap();

    let report = restore(&bench.store_path(), &made.folder, AT_ONCE, bench.rim.as_ref()).unwrap();
    assert_eq!((report.seq, report.seq_before), (2, Some(3)));
    assert_eq!((report.n_blobs, report.n_devices_kept), (1, 2));
    assert_ne!(report.epoch, before.epoch);
    let aside = report.set_aside.unwrap();
    assert_eq!(names(&aside), ["store.sqlite"]);
    assert_eq!(verify(&aside).map(|it| (it.seq, it.n_blobs)).unwrap_err().code(), "store_damaged");
    assert_eq!(fs::read(blob_file(&bench.store_path(), &blob)).unwrap(), b"a valve");

    let store = Arc::new(bench.open());
    let head = store.head().unwrap();
    assert_eq!((head.seq, head.epoch, head.safe_seq), (2, report.epoch, 2));
    let serving = bench.serve(store.clone());
    // Those that are enrolled now find out and go on, the one that was signed out since stays out.
    for laptop in [&mut laptop, &mut late] {
        laptop.address = serving.address();
        let op = laptop.hand.create_valve(9, "AV-9");
        assert_eq!(laptop.try_push(&[op]).code(), "wrong_epoch");
        let cursor = format!("/changes?cursor={}.2.{}.1", before.epoch, head.chain);
        assert_eq!(laptop.send("GET", &cursor, &[], &[]).code(), "resync");
    }
    let gone = Laptop { address: serving.address(), ..gone };
    assert_eq!(gone.send("GET", "/changes?cursor=", &[], &[]).code(), "signed_out");
    // Lineages of the lost history do not make a clone out of a laptop.
    laptop.joined.epoch.clone_from(&store.head().unwrap().epoch);
    laptop.witness = serde_json::json!({"seq": 0, "chain": ""});
    assert_eq!(turn(&mut laptop, "öppen", "stängd"), 3);
}

#[test]
fn a_backup_that_is_none_or_that_was_tampered_with_is_refused_and_the_store_is_as_it_was() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    photo(&laptop, b"a valve");
    let into = bench.folder.path().join("backups");
    let old = back_up(&store, &into, 1, bench.rim.as_ref()).unwrap();
    let kept = bench.folder.path().join("kept");
    copy_tree(&old.folder, &kept);
    turn(&mut laptop, "öppen", "stängd");
    bench.rim.wait(1);
    let made = back_up(&store, &into, 1, bench.rim.as_ref()).unwrap();
    drop((serving, store));
    let before = fs::read(bench.store_path().join("store.sqlite")).unwrap();
    let refused = |from: &Path| {
        let code =
            restore(&bench.store_path(), from, AT_ONCE, bench.rim.as_ref()).unwrap_err().code();
        assert_eq!(fs::read(bench.store_path().join("store.sqlite")).unwrap(), before);
        code
    };
    assert_eq!(refused(&bench.folder.path().join("nowhere")), "no_backup");
    assert_eq!(refused(&into), "no_backup");
    assert_eq!(refused(&kept), "backup_too_old");
    let manifest = fs::read_to_string(made.folder.join("backup.json")).unwrap();
    for (what, into) in [("faltkarta.backup/1", "faltkarta.backup/9"), ("{", "")] {
        fs::write(made.folder.join("backup.json"), manifest.replacen(what, into, 1)).unwrap();
        assert_eq!(refused(&made.folder), "no_backup", "{into}");
    }
    let other_seq = manifest.replace("\"seq\": 3", "\"seq\": 4");
    assert_ne!(other_seq, manifest);
    fs::write(made.folder.join("backup.json"), other_seq).unwrap();
    assert_eq!(refused(&made.folder), "store_damaged");
    fs::write(made.folder.join("backup.json"), &manifest).unwrap();
    // A value that was changed behind the feed's back, then bytes that are no database any more.
    let database = made.folder.join("store.sqlite");
    let conn = rusqlite::Connection::open(&database).unwrap();
    conn.execute("UPDATE feature SET properties = '{}' WHERE row = 1", []).unwrap();
    drop(conn);
    assert_eq!(refused(&made.folder), "feed_broken");
    let bytes = fs::read(&database).unwrap();
    fs::write(&database, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(refused(&made.folder), "store_damaged");
    fs::remove_file(&database).unwrap();
    assert_eq!(refused(&made.folder), "io");
    // Whoever insists gets the old one.
    let force = RestoreOptions { force: true, ..AT_ONCE };
    let report = restore(&bench.store_path(), &kept, force, bench.rim.as_ref()).unwrap();
    assert_eq!((report.seq, report.seq_before), (2, Some(3)));
    assert!(verify(&bench.store_path()).is_ok());
}

#[test]
fn a_store_whose_disk_is_gone_comes_back_from_its_backup_alone() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let laptop = Laptop::join(serving.address(), 1);
    let blob = photo(&laptop, b"a valve");
    let into = bench.folder.path().join("backups");
    let made = back_up(&store, &into, 7, bench.rim.as_ref()).unwrap();
    let n_datasets = store.datasets().len();
    drop((serving, store));
    for is_garbage in [false, true] {
        fs::remove_dir_all(bench.store_path()).unwrap();
        if is_garbage {
            // What is left cannot be read; it is set aside as it is.
            fs::create_dir_all(bench.store_path()).unwrap();
            fs::write(bench.store_path().join("store.sqlite"), b"not a database").unwrap();
        }
        let report =
            restore(&bench.store_path(), &made.folder, AT_ONCE, bench.rim.as_ref()).unwrap();
        assert_eq!((report.seq_before, report.n_blobs), (None, 1));
        let aside = report.set_aside.map(|it| fs::read(it.join("store.sqlite")).unwrap());
        assert_eq!(aside, is_garbage.then(|| b"not a database".to_vec()));
        let mode = OpenMode::Existing;
        let store = open_store(&bench.store_path(), mode, bench.rim.as_ref()).unwrap();
        assert!(store.feature(valve_id("v1")).unwrap().is_some());
        assert_eq!(store.datasets().len(), n_datasets);
        assert!(blob_file(&bench.store_path(), &blob).exists());
    }
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_tree(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}
