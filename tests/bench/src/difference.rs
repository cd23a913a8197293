//! First fetch of a prepared package, and what 1 % of a new base map and of changed rows moves over the wire, beside
//! rsync on the same two files.

use std::cell::RefCell;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use faltkarta_app::{Field, Link as _, MapLink as _, sync_round};
use faltkarta_machine::{MachineIds, now};
use faltkarta_model::Timestamp;
use faltkarta_protocol::PackageFileKind;
use faltkarta_server::{GeodataStore as _, ImportOptions, OpenMode, Serving, import, open_store};
use faltkarta_sync_http::HttpLink;
use rusqlite::Connection;

use crate::rounds::{Outcome, beside_figure, figure, lone_row, skipped, time};
use crate::town::{MachineRim, Town, join, open};

const DAY_MS: i64 = 86_400_000;

/// A road to a store on which every byte of both ways is counted.
struct Road {
    address: SocketAddr,
    n_bytes: Arc<AtomicU64>,
}

impl Road {
    fn to(store: SocketAddr) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, n_bytes) = (listener.local_addr()?, Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&n_bytes);
        thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                let Ok(far) = TcpStream::connect(store) else { return };
                let (Ok(near_in), Ok(far_out)) = (near.try_clone(), far.try_clone()) else {
                    return;
                };
                for (from, to) in [(near_in, far_out), (far, near)] {
                    let counted = Arc::clone(&counted);
                    thread::spawn(move || carry(from, to, &counted));
                }
            }
        });
        Ok(Self { address, n_bytes })
    }

    fn n_bytes_since_last(&self) -> u64 {
        self.n_bytes.swap(0, Ordering::SeqCst)
    }
}

fn carry(mut from: TcpStream, mut to: TcpStream, counted: &AtomicU64) {
    let mut block = vec![0; 1 << 18];
    while let Ok(n @ 1..) = from.read(&mut block) {
        counted.fetch_add(n as u64, Ordering::SeqCst);
        if to.write_all(&block[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

pub(crate) fn run(town: &Town) -> Outcome<()> {
    let mode = OpenMode::Existing;
    let store = Arc::new(open_store(&town.store, mode, &MachineRim)?);
    let at = "127.0.0.1:0".parse()?;
    let serving = Serving::start(store.clone(), Arc::new(MachineRim), at)?;
    let road = Road::to(serving.address())?;
    let url = format!("http://{}", road.address);
    let scratch = tempfile::tempdir()?;
    let laptop = scratch.path().join("laptop");
    let (took, ()) = time(|| join(&laptop, &url))?;
    let n_first = road.n_bytes_since_last();
    let note =
        format!("{:.1} MB on the wire, with installing; to reach: 30 s", n_first as f64 / 1e6);
    lone_row("first fetch of a prepared package, scale 1", took, &note);

    let field = RefCell::new(open(&laptop)?);
    let token = field.borrow().store().meta("token")?;
    let mut link = HttpLink::new(&url, token)?;
    let manifest = link.package_manifest(store.workspace())?;
    round(&field, &mut link, 0)?;

    let altered = scratch.path().join("delivery");
    fs::create_dir(&altered)?;
    change_rows(&town.delivery, &altered)?;
    let before = store.head()?.seq;
    import(store.as_ref(), &[altered], &ImportOptions::default(), &MachineRim)?;
    let n_changed = store.head()?.seq - before;
    road.n_bytes_since_last();
    let (took, ()) = time(|| round(&field, &mut link, 0))?;
    let n_moved = road.n_bytes_since_last();
    let n_rows: u64 = manifest.datasets.iter().map(|it| u64::from(it.n_features)).sum();
    let features = manifest.files.iter().find(|it| it.kind == PackageFileKind::Features);
    let n_features = features.ok_or("no features")?.n_bytes;
    let note = format!(
        "{:.2} % of {n_rows} rows: {n_moved} of {n_features} bytes in {:.2} s",
        percent(n_changed, n_rows),
        took.as_secs_f64()
    );
    figure("changed rows: bytes moved / package", &share(n_moved, n_features), &note);

    let old = base_map(&field)?;
    let kept = scratch.path().join("old.pmtiles");
    fs::copy(&old, &kept)?;
    let altered = scratch.path().join("topography");
    fs::create_dir(&altered)?;
    let topography = change_contours(&town.delivery, &altered)?;
    import(store.as_ref(), &[topography], &ImportOptions::default(), &MachineRim)?;
    // The store draws it when it is asked; that is not the laptop's time.
    link.base_map(store.workspace())?;
    road.n_bytes_since_last();
    let (took, ()) = time(|| round(&field, &mut link, DAY_MS + 1_000))?;
    let n_moved = road.n_bytes_since_last();
    let new = base_map(&field)?;
    if new == old {
        return Err("the base map is the same as before".into());
    }
    let n_bytes = fs::metadata(&new)?.len();
    let n_changed = changed_tiles(&kept, &new)?;
    let what = "base map, 1 % of its tiles changed: bytes moved";
    let note = format!(
        "{n_changed} tiles changed; {n_moved} of {n_bytes} bytes in {:.2} s; to reach: 3 %",
        took.as_secs_f64()
    );
    match rsync(&kept, &new, scratch.path()) {
        Ok(theirs) => {
            let note = format!("rsync at its best block of some; {note}");
            beside_figure(what, &share(n_moved, n_bytes), &share(theirs, n_bytes), &note);
        }
        Err(why) => {
            figure(what, &share(n_moved, n_bytes), &note);
            skipped("rsync on the same two files", &why);
        }
    }
    Ok(())
}

fn percent(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64 * 100.0
}

fn share(part: u64, whole: u64) -> String {
    format!("{:.2} %", percent(part, whole))
}

/// One round that must go well, so many milliseconds from now.
fn round(field: &RefCell<Field>, link: &mut HttpLink, later_ms: i64) -> Outcome<()> {
    let mut at = || Timestamp::from_unix_ms(now().unix_ms() + later_ms);
    let report = sync_round(field, link, &mut at, &mut MachineIds)?;
    report.failure.map_or(Ok(()), |it| Err(it.into()))
}

fn base_map(field: &RefCell<Field>) -> Outcome<PathBuf> {
    Ok(field.borrow().store().base_map()?.ok_or("the laptop has no base map")?)
}

/// Copies of the large files of the delivery with every hundredth row another one.
fn change_rows(delivery: &Path, altered: &Path) -> Outcome<()> {
    for (begins, tables) in [
        ("byggnad_", &[("byggnad", "byggnadsnamn1 = 'Hus ' || fid")][..]),
        ("fastighetsindelning_", &[("registerenhetsomradesyta", "etikett = etikett || 'x'")]),
        (
            "belagenhetsadresser_",
            &[("belagenhetsadress", "adressplatsnummer = adressplatsnummer + 1")],
        ),
        (
            "va_",
            &[
                ("va_ledning", "djup = coalesce(djup, 1) + 0.5"),
                ("va_servis", "anlaggningsar = coalesce(anlaggningsar, 1960) + 1"),
                ("va_ventil", "antal_varv = coalesce(antal_varv, 9) + 1"),
                ("va_brunn", "djup = coalesce(djup, 1) + 0.5"),
                ("va_forbindelsepunkt", "djup = coalesce(djup, 1) + 0.5"),
            ],
        ),
    ] {
        for entry in fs::read_dir(delivery)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_gpkg = entry.path().extension().is_some_and(|it| it == "gpkg");
            if !name.starts_with(begins) || !is_gpkg {
                continue;
            }
            fs::copy(entry.path(), altered.join(&name))?;
            let conn = Connection::open(altered.join(&name))?;
            for (table, set) in tables {
                conn.execute(&format!("UPDATE {table} SET {set} WHERE fid % 95 = 0"), [])?;
            }
        }
    }
    Ok(())
}

/// A copy of the topography without the contours of a hundredth of the region, in one place.
fn change_contours(delivery: &Path, altered: &Path) -> Outcome<PathBuf> {
    let name = "topografi10_18.gpkg";
    let path = altered.join(name);
    fs::copy(delivery.join(name), &path)?;
    let conn = Connection::open(&path)?;
    let n: i64 = conn.query_row("SELECT max(fid) FROM hojdlinje", [], |row| row.get(0))?;
    let sql = "DELETE FROM hojdlinje WHERE fid BETWEEN ?1 AND ?2";
    conn.execute(sql, [n / 2, n / 2 + n / 100])?;
    Ok(path)
}

/// How many pieces of a base map are not in another, of how many.
fn changed_tiles(old: &Path, new: &Path) -> Outcome<String> {
    let pieces = |path: &Path| -> Outcome<Vec<faltkarta_protocol::Piece>> {
        let lengths = faltkarta_tiles::BaseMap::open(path)?.piece_lengths()?;
        Ok(faltkarta_protocol::read_pieces(&mut fs::File::open(path)?, &lengths)?)
    };
    let (old, new) = (pieces(old)?, pieces(new)?);
    let old: std::collections::HashSet<_> = old.into_iter().collect();
    let n_changed = new.iter().filter(|it| !old.contains(it)).count();
    Ok(format!("{n_changed} of {}", new.len()))
}

/// What rsync moves for the same, at the best of some block lengths.
fn rsync(old: &Path, new: &Path, scratch: &Path) -> Result<u64, String> {
    let mut least = None::<u64>;
    for block in ["512", "1024", "2048", "4096"] {
        let target = scratch.join("rsync.pmtiles");
        fs::copy(old, &target).map_err(|it| it.to_string())?;
        let output = Command::new("rsync")
            .args(["--no-whole-file", "--ignore-times", "--compress", "--stats", "-B", block])
            .args([new, &target])
            .env("LC_ALL", "C")
            .output()
            .map_err(|error| format!("rsync: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let total = |name: &str| -> Option<u64> {
            let line = text.lines().find(|it| it.starts_with(name))?;
            line.rsplit(' ').next()?.replace(',', "").parse().ok()
        };
        let both = total("Total bytes sent").zip(total("Total bytes received"));
        let (sent, received) = both.ok_or("rsync says no figures")?;
        least = Some(least.map_or(sent + received, |it| it.min(sent + received)));
    }
    least.ok_or_else(|| "rsync was not run".to_owned())
}
