//! Photos on a laptop: sealed on the disk, kept until they are safe, given up only when the person says so.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]
#![allow(dead_code, reason = "the support is shared")]

mod support;

use std::path::PathBuf;

use faltkarta_changes::OperationKind;
use faltkarta_model::{BlobId, Timestamp, Value};
use faltkarta_protocol::{FeedBlob, FeedEntry, Outcome};
use faltkarta_store::{Attachment, LocalEdit, PhotoRoom};
use support::{Laptop, entry, feature, jpeg, package, page, reply};

fn now() -> Timestamp {
    Timestamp::parse("2026-05-19T08:40:00Z").unwrap()
}

fn file_of(laptop: &Laptop, blob: &BlobId) -> PathBuf {
    let digits = blob.digits();
    laptop.dir.path().join("photos").join(&digits[..2]).join(digits)
}

/// A laptop with one photo of a completed inspection, with its operation.
fn with_photo() -> (Laptop, Attachment, faltkarta_changes::Operation) {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    let draft = laptop.start_draft();
    let photo = laptop.store.add_photo(draft, "a.jpg", &jpeg(1), now()).unwrap();
    let mut local =
        laptop.operation(1, OperationKind::Update, "lage", Value::Text("stängd".into()));
    local.op.feature = draft;
    local.op.blobs = vec![photo.blob.clone()];
    let op = local.op.clone();
    laptop
        .store
        .apply_local(&LocalEdit {
            ops: vec![local],
            completes_draft: Some(draft),
            attached: vec![],
        })
        .unwrap();
    (laptop, photo, op)
}

fn told(seq: u64, op: &faltkarta_changes::Operation, blob: &BlobId, complete: bool) -> FeedEntry {
    let mut told = entry(seq, 0, 1, "stängd");
    told.op = op.id;
    told.feature = op.feature;
    let blob = FeedBlob { id: blob.clone(), complete, has_preview: true };
    told.row.as_mut().unwrap().blobs = vec![blob];
    told
}

#[test]
fn a_photo_on_the_disk_shows_nothing() {
    let (laptop, photo, _) = with_photo();
    let on_disk = std::fs::read(file_of(&laptop, &photo.blob)).unwrap();
    assert!(!on_disk.windows(3).any(|it| it == [0xff, 0xd8, 0xff]));
    assert_eq!(laptop.store.photo_bytes(&photo.blob).unwrap(), ("image/jpeg".into(), jpeg(1)));
}

#[test]
fn photos_of_an_older_program_are_read_at_once_and_sealed_a_few_at_a_time() {
    let mut laptop = Laptop::new();
    let draft = laptop.start_draft();
    let photos: Vec<Attachment> =
        (1..=5).map(|n| laptop.store.add_photo(draft, "a.jpg", &jpeg(n), now()).unwrap()).collect();
    for (photo, n) in photos.iter().zip(1..) {
        std::fs::write(file_of(&laptop, &photo.blob), jpeg(n)).unwrap();
    }
    assert_eq!(laptop.store.photo_bytes(&photos[4].blob).unwrap().1, jpeg(5));
    assert_eq!(laptop.store.seal_plain_photos(3).unwrap(), 3);
    let mut laptop = laptop.kill();
    assert_eq!(laptop.store.seal_plain_photos(3).unwrap(), 2);
    assert_eq!(laptop.store.seal_plain_photos(3).unwrap(), 0);
    for (photo, n) in photos.iter().zip(1..) {
        assert_ne!(std::fs::read(file_of(&laptop, &photo.blob)).unwrap(), jpeg(n));
        assert_eq!(laptop.store.photo_bytes(&photo.blob).unwrap().1, jpeg(n));
    }
}

#[test]
fn a_laptop_that_died_between_file_and_row_takes_the_photo_again() {
    let mut laptop = Laptop::new();
    let draft = laptop.start_draft();
    let photo = laptop.store.add_photo(draft, "a.jpg", &jpeg(1), now()).unwrap();
    // The file was durable, and its rows were not: what is seen is a laptop that never took the photo.
    laptop.raw("DELETE FROM attachment").unwrap();
    laptop.raw("DELETE FROM blob").unwrap();
    let mut laptop = laptop.kill();
    assert!(laptop.store.photos(draft).unwrap().is_empty());
    assert!(file_of(&laptop, &photo.blob).exists());
    assert_eq!(laptop.store.free_photos(now()).unwrap(), PhotoRoom::default());
    let again = laptop.store.add_photo(draft, "a.jpg", &jpeg(1), now()).unwrap();
    assert_eq!(again.blob, photo.blob);
    assert_eq!(laptop.store.photos(draft).unwrap().len(), 1);
    // A file that was cut is never taken for the photo.
    let path = file_of(&laptop, &photo.blob);
    let sealed = std::fs::read(&path).unwrap();
    std::fs::write(&path, &sealed[..sealed.len() - 1]).unwrap();
    assert_eq!(laptop.store.photo_bytes(&photo.blob).unwrap_err().code(), "store_damaged");
    laptop.store.add_photo(draft, "a.jpg", &jpeg(1), now()).unwrap();
    assert_eq!(laptop.store.photo_bytes(&photo.blob).unwrap().1, jpeg(1));
}

/// Each condition by itself keeps the file; all of them together let it go.
#[test]
fn a_photo_goes_only_when_everything_about_it_is_safe() {
    let (mut laptop, photo, op) = with_photo();
    let blob = &photo.blob;
    let stays = |laptop: &mut Laptop, why: &str| {
        assert_eq!(laptop.store.photos_to_free().unwrap(), PhotoRoom::default(), "{why}");
        assert_eq!(laptop.store.free_photos(now()).unwrap(), PhotoRoom::default(), "{why}");
        assert!(file_of(laptop, &photo.blob).exists(), "{why}");
    };
    stays(&mut laptop, "nothing was sent");
    laptop.store.set_blob_received(blob, now()).unwrap();
    stays(&mut laptop, "the operation waits here");
    laptop
        .store
        .record_outcomes(&reply(&[(op.id, Outcome::Applied, Some(2))], 2, 1), now())
        .unwrap();
    stays(&mut laptop, "the operation is in no backup");
    laptop.store.apply_page(&page(vec![told(2, &op, blob, false)], 2, 2), now()).unwrap();
    stays(&mut laptop, "the store's row says that it is awaited");
    laptop.store.apply_page(&page(vec![told(3, &op, blob, true)], 3, 2), now()).unwrap();
    stays(&mut laptop, "the arrival is in no backup");
    laptop.store.apply_page(&page(vec![], 3, 3), now()).unwrap();
    laptop.raw("UPDATE blob SET state = 'saved'").unwrap();
    stays(&mut laptop, "the store has not verified the bytes");
    laptop.raw("UPDATE blob SET state = 'received'").unwrap();
    let draft = laptop.start_draft();
    laptop.store.add_photo(draft, "a.jpg", &jpeg(1), now()).unwrap();
    stays(&mut laptop, "an open draft uses it");
    laptop.store.remove_photo(draft, blob).unwrap();
    let n_bytes = std::fs::metadata(file_of(&laptop, blob)).unwrap().len();
    let room = PhotoRoom { n_photos: 1, n_bytes };
    assert_eq!(laptop.store.photos_to_free().unwrap(), room);
    assert!(file_of(&laptop, blob).exists(), "asking frees nothing");
    assert_eq!(laptop.store.free_photos(now()).unwrap(), room);
    assert!(!file_of(&laptop, blob).exists());
    assert_eq!(laptop.store.photo_bytes(blob).unwrap_err().code(), "photo_not_found");
    assert_eq!(laptop.store.photo_counts().unwrap().received, 1, "it is counted as before");
    // Somebody looks at it again: fetched, and what is not the photo is refused.
    assert_eq!(laptop.store.put_photo_copy(blob, &jpeg(2)).unwrap_err().code(), "photo_damaged");
    assert!(!laptop.store.is_photo_here(blob));
    laptop.store.put_photo_copy(blob, &jpeg(1)).unwrap();
    let laptop = laptop.kill();
    assert_eq!(laptop.store.photo_bytes(blob).unwrap().1, jpeg(1));
}

#[test]
fn a_photo_that_the_store_lost_is_offered_again() {
    let (mut laptop, photo, op) = with_photo();
    laptop.store.set_blob_received(&photo.blob, now()).unwrap();
    assert!(laptop.store.uploads().unwrap().is_empty());
    laptop.store.apply_page(&page(vec![told(2, &op, &photo.blob, true)], 2, 0), now()).unwrap();
    assert_eq!(laptop.store.reconsider_photos().unwrap(), 0);
    laptop.store.apply_page(&page(vec![told(3, &op, &photo.blob, false)], 3, 0), now()).unwrap();
    assert_eq!(laptop.store.reconsider_photos().unwrap(), 1);
    assert_eq!(laptop.store.uploads().unwrap()[0].blob, photo.blob);
}

#[test]
fn a_colleague_s_photos_are_known_by_what_the_feed_says() {
    let mut laptop = Laptop::new();
    laptop.install(&package(1, &[("valve", 1, "öppen")])).unwrap();
    let blob = BlobId::from_digest([7; 32]);
    let mut told = entry(2, 9, 1, "stängd");
    told.row.as_mut().unwrap().blobs =
        vec![FeedBlob { id: blob.clone(), complete: false, has_preview: true }];
    laptop.store.apply_page(&page(vec![told], 2, 0), now()).unwrap();
    let photos = laptop.store.feature_photos(feature(1)).unwrap();
    assert_eq!(photos.len(), 1);
    assert!(!photos[0].is_received && photos[0].has_preview && !photos[0].is_preview_here);
    assert_eq!(laptop.store.missing_previews(9).unwrap(), std::slice::from_ref(&blob));
    laptop.store.put_preview(&blob, &jpeg(9)).unwrap();
    assert!(laptop.store.missing_previews(9).unwrap().is_empty());
    let laptop = laptop.kill();
    assert_eq!(laptop.store.preview_bytes(&blob).unwrap(), Some(jpeg(9)));
    assert!(laptop.store.feature_photos(feature(1)).unwrap()[0].is_preview_here);
}
