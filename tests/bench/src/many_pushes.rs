//! Durable pushes in a second with 200 laptops, over HTTP, while a reader follows the feed and misses nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use faltkarta_app::Link as _;
use faltkarta_changes::{Change, Operation, OperationKind};
use faltkarta_geo::{Geometry, GridSystem};
use faltkarta_machine::{MachineIds, now};
use faltkarta_model::{DatasetId, FeatureId, FieldId, OpId, ReplicaId, Value};
use faltkarta_protocol::{JoinRequest, PROTOCOL_VERSION, PushRequest, Witness};
use faltkarta_server::{GeodataStore, OpenMode, PostgresPlace, Serving, open_postgres, open_store};
use faltkarta_sync_http::HttpLink;

use crate::peer::Cluster;
use crate::rounds::{Outcome, figure, instant, skipped};
use crate::town::MachineRim;

const N_LAPTOPS: usize = 200;
const N_THREADS: usize = 16;
const LASTS: Duration = Duration::from_secs(10);

pub(crate) fn run() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let mode = OpenMode::CreateIfMissing { grid_epsg: GridSystem::ZONE_15_00.epsg() };
    let store = open_store(&folder.path().join("store"), mode, &MachineRim)?;
    let embedded: Arc<dyn GeodataStore> = Arc::new(store);
    measure("SQLite", &embedded)?;
    let Some(cluster) = Cluster::start()? else {
        skipped("durable pushes a second, PostgreSQL", "PostgreSQL with PostGIS is not installed");
        return Ok(());
    };
    let postgres = folder.path().join("postgres");
    let place = PostgresPlace { url: cluster.url(), password: None, folder: postgres };
    let store: Arc<dyn GeodataStore> = Arc::new(open_postgres(&place, mode, &MachineRim)?);
    measure("PostgreSQL", &store)
}

struct Laptop {
    link: HttpLink,
    request: PushRequest,
}

fn measure(backend: &str, store: &Arc<dyn GeodataStore>) -> Outcome<()> {
    let serving = Serving::start(Arc::clone(store), Arc::new(MachineRim), "127.0.0.1:0".parse()?)?;
    let url = format!("http://{}", serving.address());
    let mut laptops: Vec<Laptop> =
        (0..N_LAPTOPS).map(|n| enrolled(&url, n)).collect::<Outcome<_>>()?;
    let workspace = store.workspace().to_owned();
    let is_over = Arc::new(AtomicBool::new(false));
    let reader = {
        let (mut link, workspace) = (enrolled(&url, N_LAPTOPS)?.link, workspace.clone());
        let is_over = Arc::clone(&is_over);
        thread::spawn(move || follow(&mut link, &workspace, &is_over))
    };
    let n_before = store.head()?.seq;
    let began = instant();
    let share = N_LAPTOPS.div_ceil(N_THREADS);
    let n_pushed: u64 = thread::scope(|scope| {
        let work = laptops.chunks_mut(share).map(|some| {
            let workspace = workspace.as_str();
            scope.spawn(move || push_in_turn(some, workspace, began))
        });
        let work: Vec<_> = work.collect();
        work.into_iter().map(|it| it.join().unwrap_or(0)).sum()
    });
    let took = began.elapsed();
    is_over.store(true, Ordering::SeqCst);
    let n_read = reader.join().map_err(|_| "the reader stopped")??;
    let n_in_feed = store.verify_feed()?.seq - n_before;
    let rate = n_pushed as f64 / took.as_secs_f64();
    let missed = n_in_feed.abs_diff(n_pushed) + (n_before + n_in_feed).abs_diff(n_read);
    let note =
        format!("{n_pushed} pushes of {N_LAPTOPS} laptops, {missed} missed; to reach: 500/s");
    figure(&format!("durable pushes a second, {backend}"), &format!("{rate:.0}/s"), &note);
    Ok(())
}

fn push_in_turn(laptops: &mut [Laptop], workspace: &str, began: Instant) -> u64 {
    let mut n_pushed = 0;
    while began.elapsed() < LASTS {
        for laptop in laptops.iter_mut() {
            laptop.request.ops = vec![operation(&laptop.request)];
            if let Ok(reply) = laptop.link.push(workspace, &laptop.request) {
                laptop.request.lineage = reply.lineage;
                n_pushed += 1;
            }
        }
    }
    n_pushed
}

fn enrolled(url: &str, n: usize) -> Outcome<Laptop> {
    let mut link = HttpLink::new(url, None)?;
    let replica = ReplicaId::new(&mut MachineIds);
    let joined = link.join(&JoinRequest {
        protocol: PROTOCOL_VERSION,
        code: None,
        device_name: format!("laptop {n}"),
        user_name: "bench".to_owned(),
        replica,
    })?;
    let request = PushRequest {
        protocol: PROTOCOL_VERSION,
        epoch: joined.epoch,
        replica,
        lineage: joined.lineage,
        witness: Witness { seq: 0, chain: String::new() },
        ops: vec![],
        former_seqs: BTreeMap::new(),
    };
    Ok(Laptop { link, request })
}

/// A new manhole.
fn operation(of: &PushRequest) -> Operation {
    let field = |id: &str| FieldId::parse(id).unwrap_or_else(|_| unreachable!());
    let id = OpId::new(&mut MachineIds);
    let new = |value: Value| Change { old: Value::Null, new: value };
    Operation {
        id,
        replica: of.replica,
        op_no: of.ops.first().map_or(1, |it| it.op_no + 1),
        user: "bench".to_owned(),
        device_time: now(),
        clock_offset_ms: None,
        dataset: DatasetId::parse("manhole").unwrap_or_else(|_| unreachable!()),
        schema_rev: 1,
        feature: FeatureId::new(&mut MachineIds),
        kind: OperationKind::Create,
        base_version: 0,
        changes: [
            (field("nummer"), new(Value::Text(id.to_string()))),
            (field("geometry"), new(Value::Geometry(Geometry::point(150_000.0, 6_600_000.0)))),
        ]
        .into(),
        depends_on: vec![],
        group: None,
        atomic: false,
        blobs: vec![],
        note: None,
    }
}

/// Pulls until the pushes are over and the head is reached; the number of the last entry, each of them seen.
fn follow(link: &mut HttpLink, workspace: &str, is_over: &AtomicBool) -> Result<u64, String> {
    let (mut cursor, mut last) = (String::new(), 0);
    loop {
        let was_over = is_over.load(Ordering::SeqCst);
        let page = link.pull(workspace, &cursor, "").map_err(|error| error.to_string())?;
        for entry in &page.entries {
            if entry.seq != last + 1 {
                return Err(format!("entry {} came after {last}", entry.seq));
            }
            last = entry.seq;
        }
        cursor = page.cursor;
        if was_over && page.up_to_date {
            return Ok(last);
        }
    }
}
