//! One photo's whole way: two real laptops, the real link, the real store.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::cell::RefCell;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use faltkarta_app::{
    Enrolment, Field, FieldAccess as _, Submission, SyncReport, enrol, fetch_photo, sync_round,
};
use faltkarta_formats::Mapping;
use faltkarta_model::{BlobId, DatasetId, FeatureId, IdSource, Timestamp};
use faltkarta_server::{
    GeodataStore as _, ImportOptions, OpenMode, Rim, Serving, SqliteStore, back_up, collect_blobs,
    import, open_store,
};
use faltkarta_store::{FixedKeyStore, Key, OpenOptions, PhotoRoom};
use faltkarta_sync_http::HttpLink;
use tempfile::TempDir;
use uuid::Uuid;

const DAY_MS: i64 = 86_400_000;

struct Counting {
    next: AtomicU64,
    now_ms: AtomicI64,
}

impl Counting {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.now_ms.load(Ordering::SeqCst))
    }
}

impl Rim for Counting {
    fn now(&self) -> Timestamp {
        self.now()
    }

    fn new_id(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.next.fetch_add(1, Ordering::SeqCst)) | 0xffff << 112)
    }

    fn secret(&self) -> [u8; 32] {
        let n = self.next.fetch_add(1, Ordering::SeqCst);
        let mut secret = [7; 32];
        secret[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
        secret
    }
}

struct Ids(u128);

impl IdSource for Ids {
    fn next_id(&mut self) -> Uuid {
        self.0 += 1;
        Uuid::from_u128(self.0)
    }
}

struct Laptop {
    field: RefCell<Field>,
    link: HttpLink,
    ids: Ids,
    rim: Arc<Counting>,
    dir: TempDir,
}

struct Town {
    dir: TempDir,
    rim: Arc<Counting>,
    store: Arc<SqliteStore>,
    serving: Serving,
}

impl Town {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let rim = Arc::new(Counting {
            next: AtomicU64::new(1),
            now_ms: AtomicI64::new(1_779_180_000_000),
        });
        let mode = OpenMode::CreateIfMissing { grid_epsg: 3009 };
        let store = open_store(&dir.path().join("store"), mode, rim.as_ref()).unwrap();
        let file = dir.path().join("ventiler.csv");
        let rows = "id;nummer;lage;varv;e;n\nv1;AV-118;öppen;12;162914;6608920\n";
        std::fs::write(&file, rows).unwrap();
        let mapping = "dataset = \"valve\"\nidentity = [\"id\"]\ngeometry = \"e,n\"\ncrs = 3009\n[fields]\n\
                       ventil_id = \"id\"\nnummer = \"nummer\"\nlage = \"lage\"\nantal_varv = \"varv\"\n";
        let options = ImportOptions {
            mapping: Some(Mapping::parse(mapping).unwrap()),
            ..ImportOptions::default()
        };
        import(&store, &[file], &options, rim.as_ref()).unwrap();
        let store = Arc::new(store);
        let serving =
            Serving::start(store.clone(), rim.clone(), "127.0.0.1:0".parse().unwrap()).unwrap();
        Self { dir, rim, store, serving }
    }

    fn laptop(&self, no: u8) -> Laptop {
        let dir = tempfile::tempdir().unwrap();
        let mut ids = Ids(u128::from(no) << 64);
        let keys = FixedKeyStore(Key::from_bytes([no; 32]));
        let options = OpenOptions { reserve_bytes: 0, ..OpenOptions::default() };
        let field = RefCell::new(Field::open(dir.path(), &keys, &mut ids, &options).unwrap());
        let url = format!("http://{}", self.serving.address());
        let mut link = HttpLink::new(&url, None).unwrap();
        let wanted = Enrolment {
            url,
            code: None,
            device_name: format!("Bil {no}"),
            user_name: format!("Tekniker {no}"),
        };
        enrol(&field, &mut link, &wanted, &mut || self.rim.now(), &mut |_| {}).unwrap();
        Laptop { field, link, ids, rim: Arc::clone(&self.rim), dir }
    }
}

impl Laptop {
    fn round(&mut self) -> SyncReport {
        let rim = Arc::clone(&self.rim);
        let report =
            sync_round(&self.field, &mut self.link, &mut || rim.now(), &mut self.ids).unwrap();
        assert!(report.failure.is_none(), "{:?}", report.failure);
        report
    }

    fn inspect(&mut self, photo: &[u8]) -> (FeatureId, BlobId) {
        let now = self.rim.now();
        let valve = DatasetId::parse("valve").unwrap();
        let subject = Some((valve.clone(), FeatureId::of_delivered(&valve, "v1")));
        let mut field = self.field.borrow_mut();
        let opened =
            field.start_draft("ventilmotionering", subject, None, now, &mut self.ids).unwrap();
        let id = opened.draft.id;
        let blob = field.add_photo(id, "a.jpg", photo, now).unwrap().blob;
        let submission = Submission {
            instance_xml: "<data><resultat>fungerar</resultat></data>".into(),
            answers_json: r#"{"resultat":"fungerar","funktion":"fungerar"}"#.into(),
            blobs: vec![blob.clone()],
        };
        field.complete_draft(id, &submission, now, &mut self.ids).unwrap();
        (id, blob)
    }

    fn photo_file(&self, blob: &BlobId) -> std::path::PathBuf {
        let digits = blob.digits();
        self.dir.path().join("photos").join(&digits[..2]).join(digits)
    }
}

/// A picture of a megabyte: noise, which no encoder makes small.
fn photo() -> Vec<u8> {
    let mut state = 7_u32;
    let pixels = image::RgbImage::from_fn(900, 700, |_, _| {
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        image::Rgb([next(), next(), next()])
    });
    let mut bytes = vec![];
    pixels.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Jpeg).unwrap();
    bytes
}

fn same_file(path: &Path, bytes: &[u8]) -> bool {
    std::fs::read(path).is_ok_and(|it| it == bytes)
}

#[test]
fn a_photo_is_sent_seen_by_a_colleague_secured_freed_and_fetched_again() {
    let town = Town::new();
    let (mut a, mut b) = (town.laptop(1), town.laptop(2));
    let photo = photo();
    assert!(photo.len() > 600_000, "it goes in several pieces: {}", photo.len());
    let (inspection, blob) = a.inspect(&photo);
    assert_eq!(a.round().n_photos, 1);
    assert_eq!(town.store.blob_counts().unwrap().n_awaited, 0);
    assert!(town.store.depot().read(&blob, 0..photo.len() as u64).unwrap() == photo);

    // The colleague's round brings the small picture by itself, and the large one when he looks at it.
    assert_eq!(b.round().n_previews, 1);
    let seen = b.field.borrow().photos_of(inspection).unwrap();
    assert_eq!((seen.photos.len(), seen.n_awaited), (1, 0));
    assert!(seen.photos[0].is_preview_here && !seen.photos[0].is_here);
    let preview = b.field.borrow().preview(&blob).unwrap().unwrap();
    assert!(preview.len() <= 64 * 1024 && image::load_from_memory(&preview).is_ok());
    assert_eq!(b.field.borrow().photo_bytes(&blob).unwrap_err().code(), "photo_not_found");
    fetch_photo(&b.field, &mut b.link, &blob).unwrap();
    assert_eq!(b.field.borrow().photo_bytes(&blob).unwrap(), ("image/jpeg".into(), photo.clone()));
    assert!(!same_file(&b.photo_file(&blob), &photo), "sealed on the disk");

    // Received is not secured: nothing may go.
    a.round();
    let nothing = PhotoRoom::default();
    assert_eq!(a.field.borrow_mut().free_photos(town.rim.now()).unwrap(), nothing);
    back_up(&town.store, &town.dir.path().join("backups"), 7, town.rim.as_ref()).unwrap();
    a.round();
    let room = a.field.borrow().photos_to_free().unwrap();
    assert!(room.n_photos == 1 && room.n_bytes > photo.len() as u64);
    assert!(a.photo_file(&blob).exists());
    assert_eq!(a.field.borrow_mut().free_photos(town.rim.now()).unwrap(), room);
    assert!(!a.photo_file(&blob).exists());
    assert_eq!(a.round().n_photos, 0, "a freed photo is not offered again");
    fetch_photo(&a.field, &mut a.link, &blob).unwrap();
    assert_eq!(a.field.with(|it| it.photo_bytes(&blob)).unwrap().1, photo);
}

#[test]
fn what_nothing_names_is_collected_after_ninety_days_and_not_while_a_backup_may_name_it() {
    let town = Town::new();
    let mut a = town.laptop(1);
    let (_, named) = a.inspect(&photo());
    a.round();
    let loose = BlobId::from_digest(
        sha2::Digest::finalize(sha2::Digest::chain_update(
            <sha2::Sha256 as sha2::Digest>::new(),
            b"loose",
        ))
        .into(),
    );
    let now = town.rim.now();
    faltkarta_server::add_to_blob(town.store.as_ref(), &loose, (0, 5), b"loose", now).unwrap();
    let collect = || collect_blobs(town.store.as_ref(), town.rim.now()).unwrap();
    let backups = town.dir.path().join("backups");
    back_up(&town.store, &backups, 1, town.rim.as_ref()).unwrap();
    let first = collect();
    assert_eq!((first.n_idle, first.n_removed), (1, 0));
    town.rim.now_ms.fetch_add(91 * DAY_MS, Ordering::SeqCst);
    let kept = collect();
    assert_eq!((kept.n_in_backups, kept.n_removed), (1, 0), "the backup is as old as that");
    back_up(&town.store, &backups, 1, town.rim.as_ref()).unwrap();
    let gone = collect();
    assert_eq!((gone.n_removed, gone.n_bytes_removed), (1, 5));
    assert_eq!(town.store.blob(&loose).unwrap().n_bytes, None);
    assert_eq!(town.store.depot().size(&loose).unwrap(), None);
    assert!(town.store.depot().size(&named).unwrap().is_some());
    assert_eq!(collect().n_idle, 0);
}
