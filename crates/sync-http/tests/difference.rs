//! What a laptop that is behind moves over the wire, counted byte by byte with heads and answers of every kind: real
//! store, real link, real laptop, and the demo town at a tenth of its size.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::thread;

use faltkarta_app::{Enrolment, Field, Link as _, MapLink as _, SyncReport, enrol, sync_round};
use faltkarta_demo::{DemoOptions, write_delivery};
use faltkarta_model::{IdSource, Timestamp};
use faltkarta_protocol::{PackageFileKind, PackageManifest, Piece, read_pieces};
use faltkarta_server::{
    GeodataStore as _, ImportOptions, OpenMode, Rim, Serving, SqliteStore, import, open_store,
};
use faltkarta_store::{FixedKeyStore, Key, OpenOptions};
use faltkarta_sync_http::HttpLink;
use faltkarta_tiles::BaseMap;
use flate2::Compression;
use flate2::write::GzEncoder;
use rusqlite::Connection;
use tempfile::TempDir;
use uuid::Uuid;

const DAY_MS: i64 = 86_400_000;

struct Counting {
    next: AtomicU64,
    now_ms: AtomicI64,
}

impl Rim for Counting {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.now_ms.load(Ordering::SeqCst))
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

/// A road to a store on which every byte of both ways is counted.
struct Road {
    address: SocketAddr,
    n_bytes: Arc<AtomicU64>,
}

impl Road {
    fn to(store: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let n_bytes = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&n_bytes);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(store) else { return };
                let both = [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)];
                for (from, to) in both {
                    let counted = Arc::clone(&counted);
                    thread::spawn(move || carry(from, to, &counted));
                }
            }
        });
        Self { address, n_bytes }
    }

    fn n_bytes_since_last(&self) -> u64 {
        self.n_bytes.swap(0, Ordering::SeqCst)
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, counted: &AtomicU64) {
    let mut block = vec![0; 1 << 16];
    while let Ok(n @ 1..) = from.read(&mut block) {
        counted.fetch_add(n as u64, Ordering::SeqCst);
        if to.write_all(&block[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

struct Town {
    dir: TempDir,
    rim: Arc<Counting>,
    store: Arc<SqliteStore>,
    road: Road,
    _serving: Serving,
}

impl Town {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (next, now_ms) = (AtomicU64::new(1), AtomicI64::new(1_779_180_000_000));
        let rim = Arc::new(Counting { next, now_ms });
        let options = DemoOptions { scale: 0.1, ..DemoOptions::default() };
        write_delivery(&dir.path().join("delivery"), &options, &mut |_| {}).unwrap();
        let mode = OpenMode::CreateIfMissing { grid_epsg: 3009 };
        let store = open_store(&dir.path().join("store"), mode, rim.as_ref()).unwrap();
        let store = Arc::new(store);
        let serving =
            Serving::start(store.clone(), rim.clone(), "127.0.0.1:0".parse().unwrap()).unwrap();
        let road = Road::to(serving.address());
        let town = Self { dir, rim, store, road, _serving: serving };
        town.deliver();
        town
    }

    /// The suppliers' files as they are now go into the store.
    fn deliver(&self) {
        let delivery = self.dir.path().join("delivery");
        let options = ImportOptions::default();
        import(self.store.as_ref(), &[delivery], &options, self.rim.as_ref()).unwrap();
    }

    /// Runs SQL in every file of the delivery whose name begins so.
    fn change(&self, begins: &str, sql: &str) {
        let mut n_changed = 0;
        for entry in std::fs::read_dir(self.dir.path().join("delivery")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if name.starts_with(begins) && path.extension().is_some_and(|it| it == "gpkg") {
                n_changed += Connection::open(&path).unwrap().execute(sql, []).unwrap();
            }
        }
        assert!(n_changed > 0, "{sql}");
    }

    fn wait_days(&self, n: i64) {
        self.rim.now_ms.fetch_add(n * DAY_MS, Ordering::SeqCst);
    }

    /// The feed forgets all that it holds now.
    fn forget_feed(&self) {
        let cut = || {
            let now = self.rim.now();
            let until = Timestamp::from_unix_ms(now.unix_ms() - 180 * DAY_MS);
            self.store.cut_feed(until, now).unwrap()
        };
        cut();
        self.wait_days(181);
        assert!(cut().n_cut > 0);
    }
}

struct Laptop {
    field: RefCell<Field>,
    link: HttpLink,
    rim: Arc<Counting>,
    ids: Ids,
    _dir: TempDir,
}

impl Laptop {
    fn join(town: &Town) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut ids = Ids(1 << 64);
        let keys = FixedKeyStore(Key::from_bytes([7; 32]));
        let options = OpenOptions { reserve_bytes: 0, ..OpenOptions::default() };
        let field = RefCell::new(Field::open(dir.path(), &keys, &mut ids, &options).unwrap());
        let url = format!("http://{}", town.road.address);
        let mut link = HttpLink::new(&url, None).unwrap();
        let wanted = Enrolment {
            url,
            code: None,
            device_name: "Bil 1".into(),
            user_name: "Tekniker".into(),
        };
        let rim = Arc::clone(&town.rim);
        enrol(&field, &mut link, &wanted, &mut || rim.now(), &mut |_| {}).unwrap();
        Self { field, link, rim, ids, _dir: dir }
    }

    fn round(&mut self) -> SyncReport {
        let rim = Arc::clone(&self.rim);
        let report =
            sync_round(&self.field, &mut self.link, &mut || rim.now(), &mut self.ids).unwrap();
        assert!(report.failure.is_none(), "{:?}", report.failure);
        assert!(report.differing.is_empty(), "{:?}", report.differing);
        report
    }

    fn base_map(&self) -> PathBuf {
        self.field.borrow().store().base_map().unwrap().unwrap()
    }

    fn package(&self) -> String {
        self.field.borrow().store().meta("package").unwrap().unwrap()
    }
}

fn n_bytes_of(manifest: &PackageManifest, kind: PackageFileKind) -> u64 {
    manifest.files.iter().find(|it| it.kind == kind).unwrap().n_bytes
}

/// How large a file is in gzip.
fn packed(path: &Path) -> u64 {
    let mut encoder = GzEncoder::new(vec![], Compression::default());
    std::io::copy(&mut File::open(path).unwrap(), &mut encoder).unwrap();
    encoder.finish().unwrap().len() as u64
}

fn pieces(path: &Path) -> Vec<Piece> {
    let lengths = BaseMap::open(path).unwrap().piece_lengths().unwrap();
    read_pieces(&mut File::open(path).unwrap(), &lengths).unwrap()
}

fn percent(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64 * 100.0
}

#[test]
fn one_percent_of_the_rows_or_of_the_map_moves_less_than_three_percent_of_the_bytes() {
    let town = Town::new();
    let mut laptop = Laptop::join(&town);
    let n_first = town.road.n_bytes_since_last();
    laptop.round();
    let manifest = laptop.link.package_manifest("main").unwrap();
    let n_whole: u64 = manifest.files.iter().map(|it| it.n_bytes).sum();
    assert!((n_whole..n_whole + 20_000).contains(&n_first), "{n_first} for {n_whole}");
    println!("first fetch: {n_first} bytes on the wire for {n_whole}");

    // Every seventieth row of the large datasets is another one.
    for (begins, table, set) in [
        ("belagenhetsadresser_", "belagenhetsadress", "adressplatsnummer = adressplatsnummer + 1"),
        ("byggnad_", "byggnad", "byggnadsnamn1 = 'Hus ' || fid"),
        ("fastighetsindelning_", "registerenhetsomradesyta", "etikett = etikett || 'x'"),
        ("va_", "va_ledning", "djup = coalesce(djup, 1) + 0.5"),
        ("va_", "va_servis", "anlaggningsar = coalesce(anlaggningsar, 1960) + 1"),
        ("va_", "va_ventil", "antal_varv = coalesce(antal_varv, 9) + 1"),
        ("va_", "va_brunn", "djup = coalesce(djup, 1) + 0.5"),
        ("va_", "va_forbindelsepunkt", "djup = coalesce(djup, 1) + 0.5"),
        ("va_", "va_brandpost", "flode_lmin = coalesce(flode_lmin, 600) + 60"),
    ] {
        town.change(begins, &format!("UPDATE {table} SET {set} WHERE fid % 70 = 0"));
    }
    let before = town.store.head().unwrap().seq;
    town.deliver();
    let n_changed = town.store.head().unwrap().seq - before;
    let n_rows: u64 = manifest.datasets.iter().map(|it| u64::from(it.n_features)).sum();
    assert!((100..200).contains(&(n_changed * 10_000 / n_rows)), "{n_changed} of {n_rows}");
    // The feed reaches back no more to where the laptop stands.
    town.forget_feed();
    let package = laptop.package();
    town.road.n_bytes_since_last();
    let report = laptop.round();
    let n_moved = town.road.n_bytes_since_last();
    assert_eq!(u64::from(report.n_received), n_changed);
    assert_eq!(laptop.package(), package, "no package was fetched");
    let n_features = n_bytes_of(&manifest, PackageFileKind::Features);
    let features = town.dir.path().join("features.sqlite");
    std::fs::write(&features, {
        let mut bytes = vec![];
        laptop
            .link
            .fetch("main", &manifest.id, "features.sqlite", 0, &mut |it| {
                bytes.extend_from_slice(it);
                Ok(())
            })
            .unwrap();
        bytes
    })
    .unwrap();
    let n_packed = packed(&features);
    println!(
        "rows: {n_changed} of {n_rows} changed, {n_moved} bytes moved: {:.2} % of {n_features}, {:.2} % of it in gzip",
        percent(n_moved, n_features),
        percent(n_moved, n_packed)
    );
    assert!(n_moved * 100 < n_features * 3, "{n_moved} of {n_features}");
    assert!(n_moved * 100 < n_packed * 3, "{n_moved} of {n_packed} in gzip");

    // Contours of one place are surveyed anew; the base map is drawn again.
    laptop.round();
    let old = town.dir.path().join("old.pmtiles");
    std::fs::copy(laptop.base_map(), &old).unwrap();
    let old: HashSet<Piece> = pieces(&old).into_iter().collect();
    town.change(
        "topografi10_",
        "DELETE FROM hojdlinje WHERE fid BETWEEN 2000 AND 2015 AND hojdvarde % 25 <> 0",
    );
    town.deliver();
    town.wait_days(1);
    town.road.n_bytes_since_last();
    laptop.round();
    let n_moved = town.road.n_bytes_since_last();
    let offer = laptop.link.base_map("main").unwrap();
    assert!(laptop.field.borrow().store().has_base_map(&offer.sha256).unwrap());
    assert_eq!(laptop.package(), package, "no package was fetched");
    let new = pieces(&laptop.base_map());
    let changed: Vec<&Piece> = new.iter().filter(|it| !old.contains(it)).collect();
    let n_changed: u64 = changed.iter().map(|it| u64::from(it.n_bytes)).sum();
    println!(
        "base map: {} of {} pieces changed, {:.2} % of the bytes; {n_moved} bytes moved: {:.2} % of {}",
        changed.len(),
        new.len(),
        percent(n_changed, offer.n_bytes),
        percent(n_moved, offer.n_bytes),
        offer.n_bytes
    );
    assert!(n_changed * 100 >= offer.n_bytes, "{n_changed} of {}", offer.n_bytes);
    assert!(n_moved * 100 < offer.n_bytes * 3, "{n_moved} of {}", offer.n_bytes);
}
