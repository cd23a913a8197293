//! What a file gives back when it does not open any more.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]
#![allow(dead_code, reason = "the support is shared")]

mod support;

use std::path::Path;

use faltkarta_changes::Operation;
use faltkarta_model::Timestamp;
use faltkarta_store::{FileKeyStore, OutboxFile, StoreError, rescue_outbox};
use serde_json::Value;
use support::{Laptop, jpeg, package};

fn now() -> Timestamp {
    Timestamp::parse("2026-05-19T08:40:00Z").unwrap()
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn ops(document: &Value) -> Vec<Operation> {
    let all = document["ops"].as_array().unwrap();
    all.iter().map(|it| serde_json::from_value(it.clone()).unwrap()).collect()
}

/// A laptop with 200 edits, a draft with two saves and a photo.
fn worked() -> (Laptop, Vec<Operation>) {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    let made: Vec<Operation> = (0..200)
        .map(|n| laptop.edit(1, "fabrikat", &format!("{n}"), &format!("{}", n + 1)))
        .collect();
    let draft = laptop.start_draft();
    laptop.store.add_photo(draft, "a.jpg", &jpeg(1), now()).unwrap();
    let save = faltkarta_store::DraftSave {
        instance_xml: "<data><a>1</a></data>".into(),
        changes: vec![faltkarta_store::AnswerChange {
            question: "a".into(),
            old: String::new(),
            new: "1".into(),
        }],
        ..faltkarta_store::DraftSave::default()
    };
    laptop.store.save_draft(draft, &save, "Klara Ekdal", now()).unwrap();
    (laptop, made)
}

fn rescue(folder: &Path, database: &Path) -> (Result<OutboxFile, StoreError>, Option<Value>) {
    let file = folder.join("nod.json");
    let written = rescue_outbox(database, &FileKeyStore::new(folder), &file, now());
    let document = file.exists().then(|| read(&file));
    (written, document)
}

#[test]
fn a_working_store_and_a_rescue_write_the_same() {
    let (laptop, made) = worked();
    let file = laptop.dir.path().join("ut.json");
    let written = laptop.store.export_outbox(&file, now()).unwrap();
    let expected = OutboxFile { n_edits: 200, n_drafts: 1, n_photos: 1, n_unreadable: 0 };
    assert_eq!(written, expected);
    let by_store = read(&file);
    assert_eq!(ops(&by_store), made);
    let draft = &by_store["drafts"][0];
    assert_eq!(draft["instance_xml"], "<data><a>1</a></data>");
    assert_eq!(draft["log"][0]["new"], "1");
    assert_eq!(draft["photos"][0]["picked_name"], "a.jpg");
    assert_eq!(by_store["blobs"][0]["id"], draft["photos"][0]["id"]);
    let dir = laptop.close();
    let (written, document) = rescue(dir.path(), dir.path());
    assert_eq!(written.unwrap(), expected);
    let mut document = document.unwrap();
    assert_eq!(document["is_whole"], false);
    document["is_whole"] = true.into();
    assert_eq!(document, by_store);
    // The file alone, under whatever name: only the key is needed beside it.
    let alone = dir.path().join("kopia.sqlite");
    std::fs::rename(dir.path().join("laptop.sqlite"), &alone).unwrap();
    assert_eq!(rescue(dir.path(), &alone).0.unwrap().n_edits, 200);
}

#[test]
fn torn_pages_cost_their_own_rows_only() {
    let (laptop, made) = worked();
    let dir = laptop.close();
    let path = dir.path().join("laptop.sqlite");
    let whole = std::fs::read(&path).unwrap();
    let n_pages = whole.len() / 4096;
    let mut least = 200;
    // Every fourth page behind the first: the first names the tables.
    for page in (1..n_pages).step_by(4) {
        let mut torn = whole.clone();
        torn[page * 4096..(page + 1) * 4096].fill(0x5a);
        std::fs::write(&path, &torn).unwrap();
        let (written, document) = rescue(dir.path(), dir.path());
        let written = written.unwrap();
        let document = document.unwrap();
        let saved = ops(&document);
        assert!(saved.iter().all(|op| made.contains(op)), "page {page}");
        assert_eq!(saved.len() as u32, written.n_edits);
        assert_eq!(written.n_photos, 1, "page {page}");
        if written.n_edits < 200 {
            assert!(written.n_unreadable > 0, "page {page}: what is missing is told");
        }
        least = least.min(written.n_edits);
    }
    assert!(least < 200, "some page held edits");
    // The root of the journal's tree may be lost; then rows are found no more. One leaf costs a few.
    std::fs::write(&path, &whole).unwrap();
    assert_eq!(rescue(dir.path(), dir.path()).0.unwrap().n_edits, 200);
}

#[test]
fn a_file_of_rubbish_still_gives_its_photos() {
    let (laptop, _) = worked();
    let dir = laptop.close();
    for name in ["laptop.sqlite", "laptop.sqlite-wal"] {
        std::fs::write(dir.path().join(name), vec![7; 100_000]).unwrap();
    }
    let (written, document) = rescue(dir.path(), dir.path());
    let written = written.unwrap();
    assert_eq!((written.n_edits, written.n_photos), (0, 1));
    assert!(written.n_unreadable > 0);
    assert_eq!(document.unwrap()["ops"].as_array().unwrap().len(), 0);
}

#[test]
fn a_file_that_a_program_holds_is_left_alone() {
    let (laptop, _) = worked();
    let (refused, document) = rescue(laptop.dir.path(), laptop.dir.path());
    assert!(matches!(refused, Err(StoreError::FolderInUse { .. })));
    assert_eq!(document, None);
}

#[test]
fn a_file_that_cannot_be_written_leaves_no_half() {
    let (laptop, _) = worked();
    let nowhere = laptop.dir.path().join("saknas").join("nod.json");
    assert!(laptop.store.export_outbox(&nowhere, now()).is_err());
    let folder = laptop.dir.path().join("nod.json");
    std::fs::create_dir(&folder).unwrap();
    assert!(laptop.store.export_outbox(&folder, now()).is_err());
    assert!(!laptop.dir.path().join("nod.json.part").exists());
}
