//! What was acknowledged is there, whatever happens to the database server.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use faltkarta_changes::OperationKind;
use faltkarta_model::{FeatureId, OpId, Value};
use faltkarta_protocol::Witness;
use faltkarta_server::{
    DeviceRow, GeodataStore as _, OpenMode, PostgresStore, Pusher, Rim as _, StoreError,
    open_postgres,
};
use uuid::Uuid;

use crate::cluster::{Cluster, programs};
use crate::harness::{Hand, Laptop, join_body, kinds, text, valve_id};
use crate::town::Town;

/// A cluster that these tests may hurt; they take turns.
fn own_cluster() -> Option<(&'static Cluster, std::sync::MutexGuard<'static, ()>)> {
    static OWN: std::sync::OnceLock<Option<Cluster>> = std::sync::OnceLock::new();
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let cluster = OWN.get_or_init(Cluster::start).as_ref()?;
    Some((cluster, TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)))
}

#[test]
fn a_server_that_may_lose_what_it_acknowledged_is_refused() {
    let Some((cluster, _turn)) = own_cluster() else { return };
    let town = Town::in_cluster(cluster);
    drop(town.open());
    let admin = cluster.sql("postgres");
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        admin.run(&format!("ALTER SYSTEM SET {setting} = off"));
        admin.run("SELECT pg_reload_conf()");
        // The new settings reach a new connection a moment later.
        while cluster.sql("postgres").one::<String>(&format!("SHOW {setting}")) != "off" {
            thread::yield_now();
        }
        let error = town.try_open().unwrap_err();
        assert_eq!(error.code(), "setting_refused", "{error}");
        assert!(error.to_string().contains(setting), "{error}");
        admin.run(&format!("ALTER SYSTEM RESET {setting}"));
        admin.run("SELECT pg_reload_conf()");
        while cluster.sql("postgres").one::<String>(&format!("SHOW {setting}")) != "on" {
            thread::yield_now();
        }
    }
    town.open();
}

#[test]
fn there_is_no_store_where_none_was_made_and_no_answer_where_no_server_is() {
    let Some(town) = Town::new() else { return };
    let error =
        open_postgres(&town.place(), OpenMode::Existing, town.bench.rim.as_ref()).unwrap_err();
    assert_eq!(error.code(), "no_store");
    let mut nowhere = town.place();
    nowhere.url = "postgres://postgres@127.0.0.1:1/x".to_owned();
    let error = open_postgres(&nowhere, OpenMode::Existing, town.bench.rim.as_ref()).unwrap_err();
    assert_eq!(error.code(), "database_unreachable");
    nowhere.url = "postgres://[".to_owned();
    let error = open_postgres(&nowhere, OpenMode::Existing, town.bench.rim.as_ref()).unwrap_err();
    assert_eq!(error.code(), "malformed");
    drop(town.open());
    town.sql().run("INSERT INTO faltkarta.migration VALUES (99)");
    assert_eq!(town.try_open().unwrap_err().code(), "newer_store");
}

fn device(store: &PostgresStore, town: &Town, no: u128) -> (DeviceRow, String) {
    let request = serde_json::from_slice(&join_body(None, Hand::new(no).replica)).unwrap();
    let joined = store.join(&request, true, town.bench.rim.as_ref()).unwrap();
    let now = town.bench.rim.now();
    (store.device_of_token(&joined.token, now).unwrap(), joined.lineage)
}

/// Several laptops push one operation after the other, each again and again until it is acknowledged, while `disturb`
/// does harm. Everything that was acknowledged must be there, once.
fn nothing_is_lost_while(
    cluster: &'static Cluster,
    n_laptops: u128,
    disturb: impl Fn(&dyn Fn() -> usize),
) {
    let town = Arc::new(Town::in_cluster(cluster));
    let store = Arc::new(town.open());
    let epoch = store.head().unwrap().epoch;
    let is_over = Arc::new(AtomicBool::new(false));
    let n_acknowledged = Arc::new(AtomicUsize::new(0));
    let laptops: Vec<_> = (0..n_laptops)
        .map(|no| {
            let (town, store, epoch) = (town.clone(), store.clone(), epoch.clone());
            let (is_over, n_acknowledged) = (is_over.clone(), n_acknowledged.clone());
            let (device, mut lineage) = device(&store, &town, 10 + no);
            thread::spawn(move || {
                let mut hand = Hand::new(10 + no);
                let mut acknowledged: Vec<OpId> = vec![];
                while !is_over.load(Ordering::SeqCst) {
                    let feature = FeatureId::from_uuid(Uuid::from_u128(
                        no << 64 | acknowledged.len() as u128,
                    ));
                    let op =
                        hand.op(OperationKind::Create, feature, &[("typ", Value::Null, text("x"))]);
                    loop {
                        let pusher = Pusher {
                            device: &device,
                            replica: hand.replica,
                            epoch: &epoch,
                            lineage: &lineage,
                            witness: &Witness { seq: 0, chain: String::new() },
                            former_seqs: &BTreeMap::new(),
                        };
                        match store.apply_ops(&pusher, &[Ok(op.clone())], town.bench.rim.as_ref()) {
                            Ok(reply) => {
                                lineage = reply.lineage;
                                break;
                            }
                            Err(StoreError::Unreachable { .. } | StoreError::Contended { .. }) => {
                                thread::yield_now();
                            }
                            Err(error) => panic!("{error} ({})", error.code()),
                        }
                    }
                    acknowledged.push(op.id);
                    n_acknowledged.fetch_add(1, Ordering::SeqCst);
                }
                acknowledged
            })
        })
        .collect();
    disturb(&|| {
        assert!(laptops.iter().all(|it| !it.is_finished()), "a laptop gave up");
        n_acknowledged.load(Ordering::SeqCst)
    });
    is_over.store(true, Ordering::SeqCst);
    let acknowledged: Vec<OpId> = laptops.into_iter().flat_map(|it| it.join().unwrap()).collect();
    let head = store.verify_feed().unwrap();
    assert_eq!(head.seq, acknowledged.len() as u64);
    let ids: Vec<Uuid> = acknowledged.iter().map(|it| it.uuid()).collect();
    let kept = town.sql().rows("SELECT op FROM faltkarta.feed WHERE op = ANY($1::uuid[])", &[&ids]);
    assert_eq!(kept.len(), ids.len());
}

#[test]
fn a_connection_that_is_killed_in_the_middle_loses_nothing() {
    let Some((cluster, _turn)) = own_cluster() else { return };
    nothing_is_lost_while(cluster, 4, |n_acknowledged| {
        let admin = cluster.sql("postgres");
        let mut n_killed = 0;
        while n_killed < 40 {
            // A few come through between two kills, so that laptops get as far as a transaction to be killed in.
            while n_acknowledged() < 7 * n_killed {
                thread::yield_now();
            }
            let killed = admin.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE application_name = 'faltkarta' AND state <> 'idle' ORDER BY random() LIMIT 1",
                &[],
            );
            n_killed += killed.len();
        }
        let before = n_acknowledged();
        while n_acknowledged() < before + 20 {
            thread::yield_now();
        }
    });
}

#[test]
fn a_server_that_stops_without_warning_loses_nothing_that_it_acknowledged() {
    let Some((cluster, _turn)) = own_cluster() else { return };
    nothing_is_lost_while(cluster, 4, |n_acknowledged| {
        for round in 1..=5 {
            while n_acknowledged() < round * 60 {
                thread::yield_now();
            }
            cluster.kill();
            cluster.start_again();
        }
        let before = n_acknowledged();
        while n_acknowledged() < before + 20 {
            thread::yield_now();
        }
    });
}

#[test]
fn a_dump_that_is_restored_in_another_cluster_is_another_history_with_the_same_rows() {
    let Some((elsewhere, _turn)) = own_cluster() else { return };
    let Some(town) = Town::new() else { return };
    let (store, serving) = town.with_valves();
    let mut laptop = Laptop::join(serving.address(), 1);
    laptop.pull(100);
    let change = [("lage", text("öppen"), text("stängd"))];
    let op = laptop.hand.op(OperationKind::Update, valve_id("v1"), &change);
    assert_eq!(kinds(&laptop.push(std::slice::from_ref(&op))), ["applied"]);
    let epoch = store.head().unwrap().epoch;
    drop(serving);
    drop(store);
    // The same cluster again is the same history.
    assert_eq!(town.open().head().unwrap().epoch, epoch);

    let programs = programs().unwrap();
    let dump = town.bench.folder.path().join("dump.sql");
    let url = town.cluster.url("postgres", &town.database);
    let status = Command::new(programs.join("pg_dump")).args(["-f"]).arg(&dump).arg(url).status();
    assert!(status.unwrap().success());
    elsewhere.sql("postgres").run(&format!("CREATE DATABASE restored_{}", town.database));
    let mut place = town.place();
    place.url = elsewhere.url("postgres", &format!("restored_{}", town.database));
    let status = Command::new(programs.join("psql"))
        .args(["-q", "-v", "ON_ERROR_STOP=1", "-f"])
        .arg(&dump)
        .arg(&place.url)
        .stdout(std::process::Stdio::null())
        .status();
    assert!(status.unwrap().success());
    let store = open_postgres(&place, OpenMode::Existing, town.bench.rim.as_ref()).unwrap();
    assert_ne!(store.head().unwrap().epoch, epoch);
    assert_eq!(store.verify_feed().unwrap().seq, 3);
    let restored = elsewhere.sql(&format!("restored_{}", town.database));
    restored.run("UPDATE karta.valve SET antal_varv = 5 WHERE nummer = 'AV-2'");
    assert_eq!(store.verify_feed().unwrap().seq, 4);
    // The laptop is told to follow the other history, and what it gives back is known.
    let serving = town.serve(Arc::new(store));
    laptop.address = serving.address();
    assert_eq!(laptop.try_push(&[op]).code(), "wrong_epoch");
}
