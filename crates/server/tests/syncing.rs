//! The embedded store behind the wire, where its files matter.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod harness;

use std::sync::Arc;

use faltkarta_formats::Mapping;
use faltkarta_model::BlobId;
use faltkarta_server::{GeodataStore as _, ImportOptions, Serving, SqliteStore, import};
use harness::{Bench, Laptop, VALVE_MAPPING, kinds, valve_id, valves};
use sha2::{Digest as _, Sha256};

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

fn patch(laptop: &Laptop, blob: &BlobId, at: usize, total: usize, chunk: &[u8]) -> harness::Answer {
    use base64::Engine as _;
    let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(chunk));
    let (at, total) = (at.to_string(), total.to_string());
    let digest = format!("sha-256=:{digest}:");
    let headers = [
        ("Upload-Offset", at.as_str()),
        ("Upload-Length", total.as_str()),
        ("Content-Digest", digest.as_str()),
    ];
    laptop.send("PATCH", &format!("/blobs/{blob}"), &headers, chunk)
}

#[test]
fn an_attachment_is_taken_up_again_at_any_byte() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let laptop = Laptop::join(serving.address(), 1);
    for cut in 1..24 {
        let bytes: Vec<u8> = (0..24).map(|it| it + cut).collect();
        let blob = BlobId::from_digest(Sha256::digest(&bytes).into());
        let (cut, path) = (usize::from(cut), format!("/blobs/{blob}"));
        assert_eq!(laptop.send("HEAD", &path, &[], &[]).status, 404);
        let first = patch(&laptop, &blob, 0, 24, &bytes[..cut]);
        assert_eq!((first.status, &first.headers["upload-complete"][..]), (204, "?0"));
        // The answer was lost: the laptop asks where to go on.
        let head = laptop.send("HEAD", &path, &[], &[]);
        assert_eq!((head.status, head.headers["upload-offset"].clone()), (204, cut.to_string()));
        let wrong = patch(&laptop, &blob, cut - 1, 24, &bytes[cut - 1..]);
        assert_eq!((wrong.status, wrong.code().as_str()), (409, "wrong_offset"));
        assert_eq!(wrong.headers["upload-offset"], cut.to_string());
        let last = patch(&laptop, &blob, cut, 24, &bytes[cut..]);
        assert_eq!((last.status, &last.headers["upload-complete"][..]), (204, "?1"));
        assert_eq!(laptop.send("GET", &path, &[], &[]).body, bytes);
        let whole = laptop.send("HEAD", &path, &[], &[]);
        assert_eq!((whole.status, &whole.headers["content-length"][..]), (200, "24"));
        // Once more does no harm.
        assert_eq!(patch(&laptop, &blob, 0, 24, &bytes).status, 204);
    }
    let part = store.folder().join("blobs/part");
    assert_eq!(std::fs::read_dir(part).unwrap().count(), 0);
}

#[test]
fn an_attachment_that_is_not_what_it_says_is_begun_again() {
    let bench = Bench::new();
    let (_store, serving) = with_valves(&bench);
    let laptop = Laptop::join(serving.address(), 1);
    let blob = BlobId::from_digest(Sha256::digest(b"the right bytes").into());
    let answer = patch(&laptop, &blob, 0, 15, b"the wrong bytes");
    assert_eq!((answer.status, answer.code().as_str()), (422, "digest_mismatch"));
    assert_eq!(answer.headers["upload-offset"], "0");
    assert_eq!(patch(&laptop, &blob, 0, 15, b"the right bytes").status, 204);
    let huge = patch(&laptop, &BlobId::from_digest([1; 32]), 0, 65 * 1024 * 1024, b"x");
    assert_eq!((huge.status, huge.code().as_str()), (413, "too_large"));
    let path = laptop.send("HEAD", "/blobs/..%2F..%2Fstore.sqlite", &[], &[]);
    assert_eq!(path.status, 400);
}

#[test]
fn an_attachment_that_arrives_after_its_inspection_is_told_to_everyone() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let photo = b"a photo".to_vec();
    let blob = BlobId::from_digest(Sha256::digest(&photo).into());
    let mut inspection = a.hand.inspection(92, valve_id("v1"));
    inspection.blobs = vec![blob.clone()];
    a.push(&[inspection]);
    let is_there = |reply: &faltkarta_protocol::PullReply| {
        let last = reply.entries.last().unwrap().row.clone().unwrap();
        last.blobs[0].complete
    };
    assert!(!is_there(&b.pull(500)));
    assert_eq!(patch(&a, &blob, 0, photo.len(), &photo).status, 204);
    let told = b.pull(500);
    assert_eq!(told.entries.len(), 1);
    assert!(is_there(&told));
    store.verify_feed().unwrap();
}

#[test]
fn a_full_disk_is_told_and_the_store_is_unharmed() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    store.limit_pages(90).unwrap();
    let head = store.head().unwrap();
    let long = "x".repeat(200_000);
    let ops = [laptop.hand.create_valve(93, "AV-93"), laptop.hand.create_valve(94, &long)];
    let answer = laptop.try_push(&ops);
    assert_eq!((answer.status, answer.code().as_str()), (507, "disk_full"));
    assert_eq!(store.verify_feed().unwrap(), head);
    assert!(store.feature(ops[0].feature).unwrap().is_none());
    store.limit_pages(1_000_000).unwrap();
    assert_eq!(kinds(&laptop.push(&ops)), ["applied", "applied"]);
}
