//! 1 000 edits on 100 000 rows, from the laptop's journal into the store: bytes of the request and time,
//! beside a changeset of geodiff (the library under Mergin Maps), compressed with zlib and applied.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{Read, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use faltkarta_app::{Field, sync_round};
use faltkarta_demo::{DemoOptions, write_delivery};
use faltkarta_geo::GridSystem;
use faltkarta_machine::{MachineIds, now};
use faltkarta_model::{DatasetId, FeatureId, FieldId, Value};
use faltkarta_server::{ImportOptions, OpenMode, Serving, import, open_store};
use faltkarta_sync_http::HttpLink;
use rusqlite::Connection;

use crate::chance::Chance;
use crate::peer::{python, script};
use crate::rounds::{Outcome, beside, figure, instant, lone_row, quantile, skipped, time};
use crate::town::{MachineRim, join, open};

const N_ROWS: usize = 100_000;
const N_EDITS: usize = 1_000;
const N_ROUNDS: usize = 5;

pub(crate) fn run() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let store = folder.path().join("store");
    let mode = OpenMode::CreateIfMissing { grid_epsg: GridSystem::ZONE_15_00.epsg() };
    let opened = open_store(&store, mode, &MachineRim)?;
    let delivery = manholes(folder.path())?;
    import(&opened, &[delivery], &ImportOptions::default(), &MachineRim)?;
    let serving = Serving::start(Arc::new(opened), Arc::new(MachineRim), "127.0.0.1:0".parse()?)?;
    let meter = Meter::to(serving.address())?;
    let laptop = folder.path().join("laptop");
    join(&laptop, &format!("http://{}", meter.at))?;
    let field = RefCell::new(open(&laptop)?);
    let mut link = signed_in(&field)?;
    round(&field, &mut link)?;

    let features = some_manholes(&field.borrow())?;
    for (kind, field_id) in [("code", "material"), ("number", "djup")] {
        let mut chance = Chance::new(7);
        let mut times = vec![];
        let mut bytes = 0;
        for n in 0..N_ROUNDS {
            let value = |chance: &mut Chance| match kind {
                // Another word in each round, or nothing would be changed.
                "code" => Value::Text(["plast", "betong", "gjutjärn"][n % 3].to_owned()),
                _ => Value::Real(f64::from(100 + chance.below(300) as u32) / 100.0),
            };
            let field_id = FieldId::parse(field_id)?;
            let updates =
                features.iter().map(|id| (*id, [(field_id.clone(), value(&mut chance))].into()));
            let updates: Vec<(FeatureId, BTreeMap<FieldId, Value>)> = updates.collect();
            let dataset = DatasetId::parse("manhole")?;
            let (took, ()) = time(|| {
                Ok(field.borrow_mut().update_all(&dataset, updates, now(), &mut MachineIds)?)
            })?;
            if n == 0 {
                lone_row(
                    &format!("1 000 edits of one {kind}, journalled"),
                    took,
                    "one act, durable",
                );
            }
            meter.reset();
            let began = instant();
            round(&field, &mut link)?;
            times.push(meter.answered(began).ok_or("no push was answered")?);
            bytes = meter.pushed();
        }
        let ours = quantile(&mut times, 0.5);
        beside_geodiff(kind, bytes, ours)?;
    }
    Ok(())
}

fn beside_geodiff(kind: &str, bytes: u64, ours: Duration) -> Outcome<()> {
    let what = format!("push of 1 000 edits of one {kind} on 100 000 rows");
    let (mut times, mut their_bytes) = (vec![], 0);
    for _ in 0..N_ROUNDS {
        let mut command = Command::new(python());
        command.arg(script("geodiff_push.py")).args([
            &N_ROWS.to_string(),
            &N_EDITS.to_string(),
            kind,
        ]);
        let output = command.output()?;
        let Ok(said) = serde_json::from_slice::<serde_json::Value>(&output.stdout) else {
            figure(&what, &format!("{bytes} B"), "the body of the request");
            lone_row("  time", ours, "");
            skipped(&what, "pygeodiff is not installed");
            return Ok(());
        };
        let part = |key: &str| said[key].as_f64().unwrap_or_default();
        their_bytes = said["bytes"].as_u64().unwrap_or_default();
        times.push(Duration::from_secs_f64(part("make_s") + part("apply_s")));
    }
    let ratio = bytes as f64 / their_bytes as f64;
    let note = format!("geodiff with zlib {their_bytes} B: {ratio:.2}×; to reach: 0.6×");
    figure(&what, &format!("{bytes} B"), &note);
    let peer = "geodiff: changeset made and applied; to reach: 20×";
    beside("  time, from the journal to the durable answer", peer, ours, quantile(&mut times, 0.5));
    Ok(())
}

fn signed_in(field: &RefCell<Field>) -> Outcome<HttpLink> {
    let field = field.borrow();
    let url = field.store().meta("store_url")?.ok_or("the laptop has no address")?;
    Ok(HttpLink::new(&url, field.store().meta("token")?)?)
}

fn round(field: &RefCell<Field>, link: &mut HttpLink) -> Outcome<()> {
    let report = sync_round(field, link, &mut now, &mut MachineIds)?;
    report.failure.map_or(Ok(()), |error| Err(error.into()))
}

/// Every hundredth manhole, in the order of the laptop's rows.
fn some_manholes(field: &Field) -> Outcome<Vec<FeatureId>> {
    let dataset = DatasetId::parse("manhole")?;
    let mut ids = vec![];
    field.store().for_each_feature(&dataset, &mut |it| {
        ids.push((it.seq, it.feature.id));
        true
    })?;
    ids.sort_unstable();
    Ok(ids.into_iter().step_by(N_ROWS / N_EDITS).take(N_EDITS).map(|it| it.1).collect())
}

/// A delivery of the water company's with 100 000 manholes: those of the demo, again and again.
fn manholes(folder: &Path) -> Outcome<PathBuf> {
    let demo = folder.join("demo");
    write_delivery(&demo, &DemoOptions { scale: 0.03, seed: 1 }, &mut |_| {})?;
    let delivery = demo.join("va_ledningsnat.gpkg");
    let db = Connection::open(&delivery)?;
    let columns: Vec<String> = db
        .prepare("SELECT name FROM pragma_table_info('va_brunn') WHERE pk = 0")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let names = columns.iter().map(|it| format!("\"{it}\"")).collect::<Vec<_>>().join(",");
    let values = columns.iter().map(|it| match it.as_str() {
        "brunn_id" | "nummer" => format!("\"{it}\" || '-' || k.n"),
        _ => format!("\"{it}\""),
    });
    let values = values.collect::<Vec<_>>().join(",");
    db.execute_batch(&format!(
        "DELETE FROM va_ledning; DELETE FROM va_ventil;
         CREATE TEMP TABLE one AS SELECT * FROM va_brunn;
         INSERT INTO va_brunn({names})
         WITH RECURSIVE k(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM k WHERE n < {N_ROWS})
         SELECT {values} FROM k, one LIMIT {};",
        N_ROWS - db.query_row("SELECT count(*) FROM va_brunn", [], |row| row.get::<_, usize>(0))?,
    ))?;
    Ok(delivery)
}

/// A road that counts the bytes of the bodies of pushes.
struct Meter {
    at: SocketAddr,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    n_pushed: AtomicU64,
    /// A push went by and its answer did not yet.
    is_waiting: AtomicBool,
    answered: Mutex<Option<Instant>>,
}

impl Meter {
    fn to(server: SocketAddr) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let at = listener.local_addr()?;
        let seen = Arc::new(Seen::default());
        let ours = Arc::clone(&seen);
        thread::spawn(move || {
            for from in listener.incoming().flatten() {
                let seen = Arc::clone(&ours);
                thread::spawn(move || relay(from, server, &seen));
            }
        });
        Ok(Self { at, seen })
    }

    fn reset(&self) {
        self.seen.n_pushed.store(0, Ordering::SeqCst);
    }

    fn pushed(&self) -> u64 {
        self.seen.n_pushed.load(Ordering::SeqCst)
    }

    /// How long after `began` the answer to the last push went by.
    fn answered(&self, began: Instant) -> Option<Duration> {
        let answered = self.seen.answered.lock().ok()?.take()?;
        answered.checked_duration_since(began)
    }
}

fn relay(mut from: TcpStream, server: SocketAddr, seen: &Arc<Seen>) {
    let Ok(mut to) = TcpStream::connect(server) else { return };
    let (Ok(mut back), Ok(mut answers)) = (from.try_clone(), to.try_clone()) else { return };
    let _ = (from.set_nodelay(true), to.set_nodelay(true));
    let of_answers = Arc::clone(seen);
    let down = thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(n) = answers.read(&mut buffer) {
            if of_answers.is_waiting.swap(false, Ordering::SeqCst)
                && let Ok(mut answered) = of_answers.answered.lock()
            {
                *answered = Some(instant());
            }
            if n == 0 || back.write_all(&buffer[..n]).is_err() {
                break;
            }
        }
        let _ = back.shutdown(Shutdown::Both);
    });
    let mut buffer = vec![0; 1 << 16];
    while let Ok(n) = from.read(&mut buffer) {
        if n == 0 {
            break;
        }
        let n_bytes = body_of_push(&buffer[..n]);
        if n_bytes > 0 {
            seen.n_pushed.fetch_add(n_bytes, Ordering::SeqCst);
            seen.is_waiting.store(true, Ordering::SeqCst);
        }
        if to.write_all(&buffer[..n]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    let _ = down.join();
}

/// The length that the head of a push tells, when a head begins here.
fn body_of_push(bytes: &[u8]) -> u64 {
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let is_push =
        head.starts_with("post ") && head.lines().next().is_some_and(|it| it.contains("/push"));
    let length = head.lines().find_map(|it| it.strip_prefix("content-length:"));
    length.filter(|_| is_push).and_then(|it| it.trim().parse().ok()).unwrap_or(0)
}
