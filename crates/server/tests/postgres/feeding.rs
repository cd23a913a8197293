//! L5: many writers at once, with SQL beside them. A reader that follows the numbers misses nothing, nothing is applied
//! twice, nobody overwrites what he has not seen; and the same harness catches numbers that are taken the naive way.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use faltkarta_changes::{Operation, OperationKind};
use faltkarta_model::{FeatureId, OpId, Value};
use faltkarta_protocol::{Outcome, Witness};
use faltkarta_server::{
    DeviceRow, GeodataStore as _, PostgresStore, Pusher, Reader, Rim as _, Role, StoreError,
};
use uuid::Uuid;

use crate::harness::{Hand, join_body, text};
use crate::town::Town;

/// Entries that a run makes at least. A soak asks for more with `FEED_ROWS`.
fn n_rows() -> u64 {
    std::env::var("FEED_ROWS").ok().and_then(|it| it.parse().ok()).unwrap_or(100_000)
}

/// Features that everybody changes.
const N_SHARED: u128 = 20;

/// What the other threads have to know.
struct Stage {
    store: PostgresStore,
    town: Town,
    target: u64,
    is_over: AtomicBool,
    /// Old and new value of the shared field by operation.
    wishes: Mutex<HashMap<OpId, (Value, Value)>>,
    acknowledged: Mutex<Vec<(OpId, Outcome)>>,
    n_undone: AtomicU64,
}

/// What came of a run.
#[derive(Debug)]
struct Findings {
    n_entries: u64,
    missed: u64,
    applied_twice: i64,
    overwritten_unseen: usize,
    acknowledged_and_gone: usize,
}

impl Stage {
    fn is_done(&self) -> bool {
        if self.is_over.load(Ordering::Relaxed) {
            return true;
        }
        let is_done = self.store.head().unwrap().seq >= self.target;
        self.is_over.fetch_or(is_done, Ordering::Relaxed);
        is_done
    }

    /// A laptop that has joined, with the lineage that its file begins with.
    fn device(&self, no: u128) -> (DeviceRow, String) {
        let body = join_body(None, Hand::new(no).replica);
        let request = serde_json::from_slice(&body).unwrap();
        let joined = self.store.join(&request, true, self.town.bench.rim.as_ref()).unwrap();
        let now = self.town.bench.rim.now();
        (self.store.device_of_token(&joined.token, now).unwrap(), joined.lineage)
    }

    /// Pushes until it is acknowledged, as a laptop does.
    fn push(&self, device: &DeviceRow, file: &mut (Hand, String), ops: &[Operation]) {
        let ops: Vec<_> = ops.iter().cloned().map(Ok).collect();
        let epoch = self.store.head().unwrap().epoch;
        let witness = Witness { seq: 0, chain: String::new() };
        loop {
            let pusher = Pusher {
                device,
                replica: file.0.replica,
                epoch: &epoch,
                lineage: &file.1,
                witness: &witness,
                former_seqs: &BTreeMap::new(),
            };
            match self.store.apply_ops(&pusher, &ops, self.town.bench.rim.as_ref()) {
                Ok(reply) => {
                    file.1 = reply.lineage;
                    let outcomes = reply.outcomes.into_iter().map(|it| (it.op, it.outcome));
                    self.acknowledged.lock().unwrap().extend(outcomes);
                    return;
                }
                Err(StoreError::Contended { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// A laptop that makes features; two of them push the very same operations over two connections at once.
fn make(stage: &Stage, no: u128) {
    let (device, lineage) = stage.device(no);
    let mut file = (Hand::new(no), lineage);
    // The pair shares one hand, so that ids and contents are the same.
    let mut pair = Hand::new(1000 + no / 2);
    let mut n = 0;
    while !stage.is_done() {
        let ops: Vec<_> = (0..100)
            .map(|_| {
                n += 1;
                let id = Uuid::from_u128((1000 + no / 2) << 64 | n);
                let change = [("fabrikat", Value::Null, text("AVK"))];
                pair.op(OperationKind::Create, FeatureId::from_uuid(id), &change)
            })
            .collect();
        stage.push(&device, &mut file, &ops);
    }
}

fn shared(at: u128) -> FeatureId {
    FeatureId::from_uuid(Uuid::from_u128(0xabc << 64 | at))
}

/// A laptop that changes what everybody changes, by what it saw a moment ago.
fn change(stage: &Stage, no: u128) {
    let (device, lineage) = stage.device(no);
    let mut file = (Hand::new(no), lineage);
    let mut n = 0u128;
    // Each clash is an open conflict for good, and every later change of its feature looks at all of them.
    while !stage.is_done() && n < 400 {
        let mut ops = vec![];
        for step in 0..5 {
            n += 1;
            let feature = shared((no * 7 + n * 3 + step) % N_SHARED);
            let seen = stage.store.feature(feature).unwrap().unwrap();
            let field = crate::harness::field("fabrikat");
            let old = seen.properties.get(&field).cloned().unwrap_or(Value::Null);
            let new = text(&format!("{no}-{n}"));
            let change = [("fabrikat", old.clone(), new.clone())];
            let mut op = file.0.op(OperationKind::Update, feature, &change);
            op.base_version = seen.version;
            stage.wishes.lock().unwrap().insert(op.id, (old, new));
            ops.push(op);
        }
        stage.push(&device, &mut file, &ops);
    }
}

/// A person with SQL: many rows at once, now and then undone, now and then so slowly that others overtake.
fn work_with_sql(stage: &Stage, no: u64) {
    let (sql, aside) = (stage.town.sql(), stage.town.sql());
    let mut turn = no;
    while !stage.is_done() {
        turn += 1;
        sql.run("BEGIN");
        sql.run(&format!(
            "INSERT INTO karta.valve(nummer, antal_varv) SELECT 'SQL-{no}-{turn}-' || i, i FROM generate_series(1, 150) AS i"
        ));
        if turn.is_multiple_of(5) {
            let before: i64 = aside.one("SELECT seq FROM faltkarta.feed_head");
            while !stage.is_done()
                && aside.one::<i64>("SELECT seq FROM faltkarta.feed_head") < before + 200
            {
                thread::yield_now();
            }
        }
        if turn.is_multiple_of(7) {
            sql.run("ROLLBACK");
            stage.n_undone.fetch_add(150, Ordering::Relaxed);
        } else {
            sql.run("COMMIT");
        }
    }
}

/// A person whose program overtakes nobody: rows of the shared features, one statement each.
fn change_with_sql(stage: &Stage, no: u64) {
    let sql = stage.town.sql();
    let mut n = 0;
    while !stage.is_done() {
        n += 1;
        let id = shared(u128::from(n * 5 + no) % N_SHARED).uuid();
        // A row that changed between reading and writing is refused, and tried again.
        let _ =
            sql.try_rows("UPDATE karta.valve SET typ = $2 WHERE id = $1", &[&id, &format!("{n}")]);
    }
}

/// A program that commits in two phases.
fn prepare(stage: &Stage, no: u64) {
    let sql = stage.town.sql();
    // A name belongs to the whole cluster, which tests share.
    let name = format!("p{no}-{}", stage.town.database);
    let mut n = 0;
    while !stage.is_done() {
        n += 1;
        sql.run(&format!(
            "BEGIN; INSERT INTO karta.valve(nummer) SELECT '2P-{n}-' || i FROM generate_series(1, 20) AS i;
             PREPARE TRANSACTION '{name}'"
        ));
        thread::yield_now();
        let end = if n % 3 == 0 { "ROLLBACK" } else { "COMMIT" };
        sql.run(&format!("{end} PREPARED '{name}'"));
    }
}

/// Follows the numbers as laptops do: asks for what is above the highest that it has.
fn read(stage: &Stage, is_written: &AtomicBool) -> HashSet<i64> {
    let sql = stage.town.sql();
    let mut seen = HashSet::new();
    let mut cursor = 0i64;
    loop {
        let is_last = is_written.load(Ordering::SeqCst);
        let rows = sql.rows(
            "SELECT seq FROM faltkarta.feed WHERE seq > $1 ORDER BY seq LIMIT 2000",
            &[&cursor],
        );
        seen.extend(rows.iter().map(|it| it.get::<_, i64>(0)));
        match rows.last() {
            Some(last) => cursor = last.get(0),
            None if is_last => return seen,
            None => thread::yield_now(),
        }
    }
}

/// Pulls as laptops do; every page asserts that it has no hole.
fn pull(stage: &Stage, is_written: &AtomicBool) {
    let mut cursor = String::new();
    loop {
        let is_last = is_written.load(Ordering::SeqCst);
        let page = stage
            .store
            .pull(&cursor, 500, &Reader::of_role(Role::FIELD), stage.town.bench.rim.as_ref())
            .unwrap();
        cursor = page.cursor;
        if page.is_up_to_date && is_last {
            return;
        }
    }
}

fn run(town: Town, target: u64, numbering: Option<&str>) -> Findings {
    let store = town.open();
    let sql = town.sql();
    for at in 0..N_SHARED {
        let id = shared(at).uuid();
        sql.rows("INSERT INTO karta.valve(id, nummer) VALUES ($1, $2)", &[&id, &format!("S-{at}")]);
    }
    if let Some(numbering) = numbering {
        sql.run(numbering);
    }
    let is_naive = numbering.is_some();
    let stage = Arc::new(Stage {
        store,
        town,
        target,
        is_over: AtomicBool::new(false),
        wishes: Mutex::default(),
        acknowledged: Mutex::default(),
        n_undone: AtomicU64::new(0),
    });
    let is_written = Arc::new(AtomicBool::new(false));
    let reader = {
        let (stage, is_written) = (stage.clone(), is_written.clone());
        thread::spawn(move || read(&stage, &is_written))
    };
    // With naive numbers every pull would find a hole and say so.
    let puller = (!is_naive).then(|| {
        let (stage, is_written) = (stage.clone(), is_written.clone());
        thread::spawn(move || pull(&stage, &is_written))
    });
    let mut writers = vec![];
    let mut start = |work: Box<dyn FnOnce(&Stage) + Send>| {
        let stage = stage.clone();
        writers.push(thread::spawn(move || work(&stage)));
    };
    for no in 0..6 {
        start(Box::new(move |stage| make(stage, 2 + no)));
    }
    for no in 0..4 {
        start(Box::new(move |stage| change(stage, 100 + no)));
    }
    for no in 0..3 {
        start(Box::new(move |stage| work_with_sql(stage, no)));
    }
    for no in 0..2 {
        start(Box::new(move |stage| change_with_sql(stage, no)));
    }
    start(Box::new(|stage| prepare(stage, 0)));
    assert_eq!(writers.len(), 16);
    for it in writers {
        it.join().unwrap();
    }
    is_written.store(true, Ordering::SeqCst);
    let seen = reader.join().unwrap();
    if let Some(puller) = puller {
        puller.join().unwrap();
    }
    find(&stage, &seen)
}

fn find(stage: &Stage, seen: &HashSet<i64>) -> Findings {
    let sql = stage.town.sql();
    let all = sql.rows("SELECT seq FROM faltkarta.feed", &[]);
    let missed = all.iter().filter(|it| !seen.contains(&it.get::<_, i64>(0))).count() as u64;
    let applied_twice = sql.one(
        "SELECT count(*) FROM (SELECT 1 FROM (SELECT op, id FROM faltkarta.feature
             UNION ALL SELECT op, feature FROM faltkarta.history) AS v GROUP BY op, id HAVING count(*) > 1) AS twice",
    );
    let wishes = stage.wishes.lock().unwrap();
    let mut overwritten_unseen = 0;
    for at in 0..N_SHARED {
        let versions = sql.rows(
            "SELECT op, properties::json ->> 'fabrikat' FROM (
                 SELECT version, op, properties FROM faltkarta.history WHERE feature = $1
                 UNION ALL SELECT version, op, properties FROM faltkarta.feature WHERE id = $1) AS v ORDER BY version",
            &[&shared(at).uuid()],
        );
        for pair in versions.windows(2) {
            let value =
                |at: usize| pair[at].get::<_, Option<String>>(1).map_or(Value::Null, Value::Text);
            let wish = wishes.get(&OpId::from_uuid(pair[1].get(0)));
            let is_wanted = match wish {
                Some((old, new)) => value(0) == *old && value(1) == *new,
                // Who works with SQL changed another field.
                None => value(0) == value(1),
            };
            overwritten_unseen += usize::from(!is_wanted);
        }
    }
    let acknowledged = stage.acknowledged.lock().unwrap();
    let ops: Vec<Uuid> = acknowledged.iter().map(|it| it.0.uuid()).collect();
    let kept =
        sql.rows("SELECT op, outcome FROM faltkarta.op_log WHERE op = ANY($1::uuid[])", &[&ops]);
    let kept: HashMap<Uuid, Outcome> =
        kept.iter().map(|it| (it.get(0), serde_json::from_str(it.get(1)).unwrap())).collect();
    let acknowledged_and_gone =
        acknowledged.iter().filter(|it| kept.get(&it.0.uuid()) != Some(&it.1)).count();
    Findings {
        n_entries: all.len() as u64,
        missed,
        applied_twice,
        overwritten_unseen,
        acknowledged_and_gone,
    }
}

#[test]
fn sixteen_writers_and_sql_beside_them_lose_nothing_and_apply_nothing_twice() {
    let Some(town) = Town::new() else { return };
    let place = town.place();
    let found = run(town, n_rows(), None);
    println!("L5: {found:?}");
    assert!(found.n_entries >= n_rows());
    let ill =
        (found.missed, found.applied_twice, found.overwritten_unseen, found.acknowledged_and_gone);
    assert_eq!(ill, (0, 0, 0, 0), "{found:?} in {place:?}");
}

/// Numbers from a sequence: unique, rising, and taken before the commit, which takes a few milliseconds on a busy disk.
const NAIVE: &str = "
CREATE SEQUENCE faltkarta.naive START 1000 INCREMENT 1000;
CREATE OR REPLACE FUNCTION faltkarta.take_numbers(n integer, OUT before bigint, OUT chain bytea) LANGUAGE plpgsql AS $$
BEGIN
    before := nextval('faltkarta.naive');
    chain := '\\x00000000000000000000000000000000'::bytea;
    PERFORM pg_sleep(0.005 * random());
END $$;
-- The writers stop by the head.
CREATE OR REPLACE FUNCTION faltkarta.count_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE faltkarta.feed_head SET seq = seq + (SELECT count(*) FROM made);
    RETURN NULL;
END $$;
CREATE TRIGGER count_entries AFTER INSERT ON faltkarta.feed REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION faltkarta.count_entries();";

#[test]
fn numbers_that_are_taken_before_the_commit_are_caught_by_the_same_harness() {
    let Some(town) = Town::new() else { return };
    let found = run(town, 10_000, Some(NAIVE));
    println!("L5, naive: {found:?}");
    assert!(found.missed > 0, "{found:?}");
}

#[test]
fn two_hundred_laptops_push_side_by_side() {
    const N_LAPTOPS: u128 = 200;
    const N_PUSHES: u128 = 10;
    let Some(town) = Town::new() else { return };
    let stage = Arc::new(Stage {
        store: town.open(),
        town,
        target: u64::MAX,
        is_over: AtomicBool::new(false),
        wishes: Mutex::default(),
        acknowledged: Mutex::default(),
        n_undone: AtomicU64::new(0),
    });
    let devices: Vec<(DeviceRow, String)> =
        (0..N_LAPTOPS).map(|no| stage.device(5000 + no)).collect();
    let began = std::time::Instant::now();
    let laptops: Vec<_> = devices
        .into_iter()
        .enumerate()
        .map(|(no, (device, lineage))| {
            let stage = stage.clone();
            thread::spawn(move || {
                let mut file = (Hand::new(5000 + no as u128), lineage);
                let mut hand = Hand::new(5000 + no as u128);
                for n in 0..N_PUSHES {
                    let feature = FeatureId::from_uuid(Uuid::from_u128((no as u128) << 64 | n));
                    let change = [("fabrikat", Value::Null, text("AVK"))];
                    let op = hand.op(OperationKind::Create, feature, &change);
                    stage.push(&device, &mut file, &[op]);
                }
            })
        })
        .collect();
    for it in laptops {
        it.join().unwrap();
    }
    let rate = (N_LAPTOPS * N_PUSHES) as f64 / began.elapsed().as_secs_f64();
    println!("{rate:.0} durable pushes a second from {N_LAPTOPS} laptops");
    assert_eq!(stage.store.verify_feed().unwrap().seq, (N_LAPTOPS * N_PUSHES) as u64);
}
