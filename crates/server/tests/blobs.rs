//! Attachments over the wire: cut anywhere, sent twice, taken over, seen by colleagues, refused with a word.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on stops, and one that waits looks at the clock"
)]

mod harness;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use faltkarta_model::{BlobId, FeatureId};
use faltkarta_server::{GeodataStore as _, Serving, SqliteStore, add_to_blob};
use harness::{Answer, Bench, Laptop, request_bytes};
use sha2::{Digest as _, Sha256};

struct Town {
    bench: Bench,
    store: Arc<SqliteStore>,
    serving: Serving,
}

impl Town {
    fn new() -> Self {
        let bench = Bench::new();
        let store = Arc::new(bench.open());
        let serving = bench.serve(store.clone());
        Self { bench, store, serving }
    }

    fn laptop(&self, no: u128) -> Laptop {
        Laptop::join(self.serving.address(), no)
    }

    fn staged(&self) -> Vec<u64> {
        let part = self.store.folder().join("blobs/part");
        std::fs::read_dir(part).unwrap().map(|it| it.unwrap().metadata().unwrap().len()).collect()
    }
}

fn id_of(bytes: &[u8]) -> BlobId {
    BlobId::from_digest(Sha256::digest(bytes).into())
}

/// Bytes that repeat nowhere, so that a piece in the wrong place is seen.
fn photo(n: usize, seed: u8) -> Vec<u8> {
    let mut block = Sha256::digest([seed]);
    let mut bytes = Vec::with_capacity(n + 32);
    while bytes.len() < n {
        bytes.extend_from_slice(&block);
        block = Sha256::digest(block);
    }
    bytes.truncate(n);
    bytes
}

fn digest_of(bytes: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(bytes)))
}

fn chunk_headers(at: usize, total: usize, chunk: &[u8]) -> Vec<(&'static str, String)> {
    vec![
        ("Upload-Offset", at.to_string()),
        ("Upload-Length", total.to_string()),
        ("Content-Digest", digest_of(chunk)),
    ]
}

fn patch(laptop: &Laptop, blob: &BlobId, at: usize, total: usize, chunk: &[u8]) -> Answer {
    let headers = chunk_headers(at, total, chunk);
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    laptop.send("PATCH", &format!("/blobs/{blob}"), &headers, chunk)
}

/// The request of a chunk as it goes over the wire.
fn raw_patch(laptop: &Laptop, blob: &BlobId, at: usize, total: usize, chunk: &[u8]) -> Vec<u8> {
    let bearer = laptop.bearer();
    let headers = chunk_headers(at, total, chunk);
    let mut all: Vec<(&str, &str)> = vec![("Authorization", bearer.as_str())];
    all.extend(headers.iter().map(|(n, v)| (*n, v.as_str())));
    request_bytes("PATCH", &format!("/sync/v1/main/blobs/{blob}"), &all, chunk)
}

/// What the store says it has.
fn offset(laptop: &Laptop, blob: &BlobId) -> usize {
    let head = laptop.send("HEAD", &format!("/blobs/{blob}"), &[], &[]);
    match head.status {
        404 => 0,
        204 => head.headers["upload-offset"].parse().unwrap(),
        other => panic!("HEAD says {other}"),
    }
}

/// Waits until something holds that another thread brings about; the store is never slower than that.
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what} never came");
        std::thread::yield_now();
    }
}

/// An inspection of a valve that names an attachment, so that it may be seen.
fn inspect(laptop: &mut Laptop, no: u128, blob: &BlobId) -> FeatureId {
    if no == 92 {
        let valve = laptop.hand.create_valve(0xaa, "AV-1");
        laptop.push(&[valve]);
    }
    let subject = FeatureId::from_uuid(uuid::Uuid::from_u128(0xaa));
    let mut inspection = laptop.hand.inspection(no, subject);
    inspection.blobs = vec![blob.clone()];
    let id = inspection.feature;
    let outcomes = laptop.push(&[inspection]);
    assert_eq!(harness::kinds(&outcomes), ["applied"]);
    id
}

#[test]
fn an_attachment_is_taken_up_again_at_any_byte() {
    let town = Town::new();
    let mut laptop = town.laptop(1);
    for cut in 1..24 {
        let bytes: Vec<u8> = (0..24).map(|it| it + cut).collect();
        let blob = id_of(&bytes);
        inspect(&mut laptop, 91 + u128::from(cut), &blob);
        let (cut, path) = (usize::from(cut), format!("/blobs/{blob}"));
        assert_eq!(laptop.send("HEAD", &path, &[], &[]).status, 404);
        let first = patch(&laptop, &blob, 0, 24, &bytes[..cut]);
        assert_eq!((first.status, &first.headers["upload-complete"][..]), (204, "?0"));
        // The answer was lost: the laptop asks where to go on.
        assert_eq!(offset(&laptop, &blob), cut);
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
    assert_eq!(town.staged(), [0; 0]);
}

/// The connection breaks after every byte of the head, and around every border of what follows: the first byte, the
/// borders of what is gathered before it is written, the last byte, and after all of it without waiting for the answer.
#[test]
fn a_connection_that_breaks_at_any_byte_loses_none_that_arrived() {
    const GATHERED: usize = 64 * 1024;
    let town = Town::new();
    let laptop = town.laptop(1);
    let bytes = photo(3 * GATHERED + 1234, 1);
    let head = raw_patch(&laptop, &id_of(&bytes), 0, bytes.len(), &bytes).len() - bytes.len();
    let mut cuts: Vec<usize> = (0..=head).step_by(7).collect();
    for border in [0, 1, 4096, GATHERED, 2 * GATHERED, 3 * GATHERED, bytes.len()] {
        cuts.extend((border.saturating_sub(1)..=border + 1).map(|it| head + it.min(bytes.len())));
    }
    cuts.sort_unstable();
    cuts.dedup();
    for (seed, cut) in (2_u8..).zip(cuts) {
        let bytes = photo(bytes.len(), seed);
        let blob = id_of(&bytes);
        let request = raw_patch(&laptop, &blob, 0, bytes.len(), &bytes);
        let mut stream = TcpStream::connect(town.serving.address()).unwrap();
        stream.write_all(&request[..cut]).unwrap();
        let arrived = cut.saturating_sub(head);
        if arrived == bytes.len() {
            drop(stream);
        } else {
            stream.shutdown(Shutdown::Write).unwrap();
            // The store hangs up when it has kept what came.
            let _ = stream.read_to_end(&mut vec![]);
        }
        let path = format!("/blobs/{blob}");
        let is_whole = || laptop.send("HEAD", &path, &[], &[]).status == 200;
        until("what arrived", || is_whole() || offset(&laptop, &blob) == arrived);
        if !is_whole() {
            let rest = patch(&laptop, &blob, arrived, bytes.len(), &bytes[arrived..]);
            assert_eq!((rest.status, &rest.headers["upload-complete"][..]), (204, "?1"), "{cut}");
        }
        let kept = town.store.depot().read(&blob, 0..bytes.len() as u64).unwrap();
        assert!(kept == bytes, "{cut}");
    }
    assert_eq!(town.staged(), [0; 0]);
}

#[test]
fn the_newest_request_takes_over_and_the_stale_one_writes_no_more() {
    let town = Town::new();
    let laptop = town.laptop(1);
    let bytes = photo(300_000, 1);
    let blob = id_of(&bytes);
    // A network changed under an upload: this connection is dead, and the store does not know it.
    let mut stale = TcpStream::connect(town.serving.address()).unwrap();
    let request = raw_patch(&laptop, &blob, 0, bytes.len(), &bytes);
    let head = request.len() - bytes.len();
    stale.write_all(&request[..head + 100_000]).unwrap();
    until("the first piece", || offset(&laptop, &blob) >= 65_536);
    let at = offset(&laptop, &blob);
    let mut answer = patch(&laptop, &blob, at, bytes.len(), &bytes[at..]);
    if answer.status == 409 {
        // What the stale one had at hand is kept.
        let at: usize = answer.headers["upload-offset"].parse().unwrap();
        assert!(at > 65_536 && at <= 100_000);
        answer = patch(&laptop, &blob, at, bytes.len(), &bytes[at..]);
    }
    assert_eq!((answer.status, &answer.headers["upload-complete"][..]), (204, "?1"));
    // It was told, and what it sends from now on goes nowhere.
    let mut told = vec![];
    let _ = stale.write_all(&request[head + 100_000..]);
    let _ = stale.read_to_end(&mut told);
    let told = String::from_utf8_lossy(&told).to_lowercase();
    assert!(told.starts_with("http/1.1 409") && told.contains("wrong_offset"), "{told}");
    assert!(town.store.depot().read(&blob, 0..300_000).unwrap() == bytes);
}

#[test]
fn many_who_send_the_same_photo_at_once_make_one_attachment() {
    let town = Town::new();
    let laptops: Vec<Laptop> = (1..=6).map(|no| town.laptop(no)).collect();
    let bytes = photo(900_000, 1);
    let blob = id_of(&bytes);
    std::thread::scope(|scope| {
        for laptop in &laptops {
            scope.spawn(|| {
                let path = format!("/blobs/{blob}");
                for _ in 0..200 {
                    if laptop.send("HEAD", &path, &[], &[]).status == 200 {
                        return;
                    }
                    let at = offset(laptop, &blob).min(bytes.len());
                    let to = (at + 150_000).min(bytes.len());
                    let answer = patch(laptop, &blob, at, bytes.len(), &bytes[at..to]);
                    assert!(matches!(answer.status, 204 | 409), "{answer:?}");
                }
                panic!("it never became whole");
            });
        }
    });
    assert!(town.store.depot().read(&blob, 0..900_000).unwrap() == bytes);
    assert_eq!(town.staged(), [0; 0]);
}

#[test]
fn an_attachment_that_is_not_what_it_says_is_begun_again() {
    let town = Town::new();
    let laptop = town.laptop(1);
    let blob = id_of(b"the right bytes");
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
fn a_chunk_that_was_spoilt_or_too_long_leaves_what_was_there() {
    let town = Town::new();
    let laptop = town.laptop(1);
    let bytes = photo(1000, 1);
    let blob = id_of(&bytes);
    assert_eq!(patch(&laptop, &blob, 0, 1000, &bytes[..400]).status, 204);
    let path = format!("/blobs/{blob}");
    let digest = digest_of(&bytes[400..500]);
    let send = |chunk: &[u8], digest: Option<&str>, total: &str| {
        let mut headers = vec![("Upload-Offset", "400"), ("Upload-Length", total)];
        headers.extend(digest.map(|it| ("Content-Digest", it)));
        laptop.send("PATCH", &path, &headers, chunk)
    };
    let spoilt = send(&[0; 100], Some(&digest), "1000");
    assert_eq!((spoilt.status, &spoilt.headers["upload-offset"][..]), (409, "400"));
    let undigested = send(&bytes[400..500], None, "1000");
    assert_eq!((undigested.status, undigested.code().as_str()), (400, "malformed"));
    let long = send(&bytes[400..500], Some(&digest), "450");
    assert_eq!((long.status, long.code().as_str()), (400, "malformed"));
    let much = vec![7; 4 * 1024 * 1024 + 1];
    let big = send(&much, Some(&digest_of(&much)), "9000000");
    assert_eq!((big.status, big.code().as_str()), (413, "too_large"));
    assert_eq!(offset(&laptop, &blob), 400);
    assert_eq!(patch(&laptop, &blob, 400, 1000, &bytes[400..]).headers["upload-complete"], "?1");
}

#[test]
fn an_attachment_that_arrives_after_its_inspection_is_told_to_everyone() {
    let town = Town::new();
    let (mut a, mut b) = (town.laptop(1), town.laptop(2));
    let photo = b"a photo".to_vec();
    let blob = id_of(&photo);
    inspect(&mut a, 92, &blob);
    let told = |laptop: &mut Laptop| {
        let reply = laptop.pull(500);
        reply.entries.last().map(|it| it.row.clone().unwrap().blobs[0].clone())
    };
    let first = told(&mut b).unwrap();
    assert!(!first.complete && !first.has_preview);
    let preview = [&[0xff, 0xd8, 0xff, 0xe0][..], b"small"].concat();
    let headers = [("Content-Digest", digest_of(&preview))];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let path = format!("/blobs/{blob}/preview");
    assert_eq!(a.send("PUT", &path, &headers, &preview).status, 204);
    let second = told(&mut b).unwrap();
    assert!(!second.complete && second.has_preview);
    // The same once more is nothing new.
    assert_eq!(a.send("PUT", &path, &headers, &preview).status, 204);
    assert_eq!(told(&mut b), None);
    let seen = b.send("GET", &path, &[], &[]);
    assert_eq!((seen.status, &seen.headers["content-type"][..]), (200, "image/jpeg"));
    assert_eq!(seen.body, preview);
    assert_eq!(patch(&a, &blob, 0, photo.len(), &photo).status, 204);
    let third = told(&mut b).unwrap();
    assert!(third.complete && third.has_preview);
    let part = b.send("GET", &format!("/blobs/{blob}"), &[("Range", "bytes=2-")], &[]);
    assert_eq!((part.status, part.body.as_slice()), (206, &photo[2..]));
    town.store.verify_feed().unwrap();
}

#[test]
fn a_preview_is_small_a_picture_and_what_it_says() {
    let town = Town::new();
    let laptop = town.laptop(1);
    let path = format!("/blobs/{}/preview", id_of(b"photo"));
    let put = |bytes: &[u8], digest: &str| {
        let answer = laptop.send("PUT", &path, &[("Content-Digest", digest)], bytes);
        (answer.status, answer.code())
    };
    let picture = [&[0xff, 0xd8, 0xff][..], &[0; 100]].concat();
    assert_eq!(put(&picture, &digest_of(b"other")), (422, "preview_damaged".into()));
    assert_eq!(put(&picture, "md5=:AAAA:"), (400, "malformed".into()));
    let text = b"<html>".to_vec();
    assert_eq!(put(&text, &digest_of(&text)), (400, "malformed".into()));
    let large = [&picture[..], &vec![0; 64 * 1024]].concat();
    assert_eq!(put(&large, &digest_of(&large)), (413, "too_large".into()));
    assert_eq!(laptop.send("GET", &path, &[], &[]).status, 404);
}

#[test]
fn a_hash_is_no_key_to_what_the_role_may_not_see() {
    let town = Town::new();
    let laptop = town.laptop(1);
    let bytes = b"nobody's photo".to_vec();
    let blob = id_of(&bytes);
    assert_eq!(patch(&laptop, &blob, 0, bytes.len(), &bytes).status, 204);
    // It is there, and no feature that the laptop is sent names it.
    for path in [format!("/blobs/{blob}"), format!("/blobs/{blob}/preview")] {
        let answer = laptop.send("GET", &path, &[], &[]);
        assert_eq!((answer.status, answer.code().as_str()), (404, "not_found"));
    }
    let foreign = harness::send(
        town.serving.address(),
        "GET",
        &format!("/sync/v1/other/blobs/{blob}"),
        &[("Authorization", &laptop.bearer())],
        &[],
    );
    assert_eq!((foreign.status, foreign.code().as_str()), (404, "unknown_workspace"));
    let stranger = harness::send(
        town.serving.address(),
        "PATCH",
        &format!("/sync/v1/main/blobs/{blob}"),
        &[],
        &bytes,
    );
    assert_eq!(stranger.status, 401);
}

/// What a store leaves that was killed between the file and the row that tells of it.
#[test]
fn a_store_that_died_between_file_and_row_tells_of_it_at_the_next_word() {
    let town = Town::new();
    let laptop = town.laptop(1);
    let bytes = photo(5_000, 1);
    let blob = id_of(&bytes);
    let folder = town.store.folder().join("blobs").join(&blob.digits()[..2]);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(blob.digits()), &bytes).unwrap();
    assert_eq!(offset(&laptop, &blob), 5_000);
    let last = patch(&laptop, &blob, 5_000, 5_000, &[]);
    assert_eq!((last.status, &last.headers["upload-complete"][..]), (204, "?1"));
    assert_eq!(laptop.send("HEAD", &format!("/blobs/{blob}"), &[], &[]).status, 200);
    // Killed before the file had its name: all bytes are staged, and were never verified.
    let (right, wrong) = (photo(700, 2), photo(700, 3));
    for (name, bytes) in [(id_of(&right), &right), (id_of(&wrong), &right)] {
        let staged = town.store.folder().join("blobs/part").join(name.digits());
        std::fs::write(staged, bytes).unwrap();
        let last = patch(&laptop, &name, 700, 700, &[]);
        let is_right = name == id_of(&right);
        assert_eq!(last.status, if is_right { 204 } else { 422 });
    }
    assert_eq!(offset(&laptop, &id_of(&wrong)), 0);
}

#[test]
fn a_file_on_the_store_s_own_machine_is_taken_in_pieces_too() {
    let town = Town::new();
    let bytes = photo(10_000, 1);
    let blob = id_of(&bytes);
    let now = faltkarta_server::Rim::now(town.bench.rim.as_ref());
    let add =
        |at: u64, piece: &[u8]| add_to_blob(town.store.as_ref(), &blob, (at, 10_000), piece, now);
    assert!(!add(0, &bytes[..6_000]).unwrap().is_complete);
    assert_eq!(add(0, &bytes).unwrap_err().code(), "wrong_offset");
    assert!(add(6_000, &bytes[6_000..]).unwrap().is_complete);
    assert!(add(0, &bytes).unwrap().is_complete, "any number of times");
}
