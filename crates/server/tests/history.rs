//! What becomes of a history that was cut, rolled back, given back by laptops, or handed over in a file.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod harness;

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use faltkarta_changes::{Operation, OperationKind};
use faltkarta_formats::Mapping;
use faltkarta_model::{BlobId, GroupId, Timestamp};
use faltkarta_protocol::{OpOutcome, PushReply};
use faltkarta_server::{
    GeodataStore, ImportOptions, RestoreOptions, Rim as _, Serving, SqliteStore, back_up, import,
    restore, take_outbox, verify,
};
use harness::{Bench, Laptop, VALVE_MAPPING, field, kinds, text, valve_id, valves};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

const DAY_MS: i64 = 86_400_000;
const WINDOW_MS: i64 = 600_000;

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

fn turn(laptop: &mut Laptop, valve: &str, from: &str, to: &str) -> Operation {
    let change = [("lage", text(from), text(to))];
    laptop.hand.op(OperationKind::Update, valve_id(valve), &change)
}

fn position(store: &SqliteStore, valve: &str) -> String {
    let feature = store.feature(valve_id(valve)).unwrap().unwrap();
    feature.properties[&field("lage")].as_text().unwrap().to_owned()
}

fn days_ago(bench: &Bench, days: i64) -> Timestamp {
    Timestamp::from_unix_ms(bench.rim.now().unix_ms() - days * DAY_MS)
}

#[test]
fn a_feed_that_is_cut_holds_what_is_young_and_sends_those_who_come_from_before_to_fetch_anew() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let (mut a, mut late) =
        (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    late.pull(1);
    let first = turn(&mut a, "v1", "öppen", "stängd");
    let old = a.push(std::slice::from_ref(&first));
    a.pull(500);
    let edge = (a.cursor.clone(), a.witness.clone());
    // The store knows of this moment because it is asked to cut, and of the next because it is backed up.
    assert_eq!(store.cut_feed(days_ago(&bench, 180), bench.rim.now()).unwrap().n_cut, 0);
    bench.rim.wait(170 * DAY_MS);
    let young = turn(&mut a, "v1", "stängd", "öppen");
    a.push(&[young]);
    back_up(&store, &bench.folder.path().join("backups"), 7, bench.rim.as_ref()).unwrap();
    let cut = |days| store.cut_feed(days_ago(&bench, days), bench.rim.now()).unwrap();
    assert_eq!((cut(180).n_cut, cut(180).min_seq), (0, 1));
    bench.rim.wait(11 * DAY_MS);
    let report = cut(180);
    assert_eq!((report.n_cut, report.min_seq), (3, 4));
    assert_eq!((cut(180).n_cut, cut(180).min_seq), (0, 4), "the same once more");

    // Whoever stands at the edge goes on; whoever stands before it, or has nothing, fetches anew.
    let page = a.pull(500);
    assert_eq!((page.min_seq, page.entries.len(), page.entries[0].seq), (4, 1, 4));
    let resync = |laptop: &Laptop, cursor: &str| {
        let answer = laptop.send("GET", &format!("/changes?cursor={cursor}"), &[], &[]);
        (answer.status, answer.code())
    };
    assert_eq!(resync(&late, &late.cursor), (410, "resync".to_owned()));
    assert_eq!(resync(&late, ""), (410, "resync".to_owned()));
    let op = turn(&mut late, "v2", "öppen", "stängd");
    assert_eq!(late.try_push(std::slice::from_ref(&op)).code(), "resync", "nobody can check it");
    // A witness at the edge can be checked, and one that lies is found out.
    late.witness = json!({"seq": 3, "chain": edge.1["chain"]});
    assert_eq!(kinds(&late.push(&[op])), ["applied"]);
    let (epoch, chain) = (store.head().unwrap().epoch, "00".repeat(16));
    late.witness = json!({"seq": 3, "chain": chain});
    let op = turn(&mut late, "v2", "stängd", "öppen");
    assert_eq!(late.try_push(&[op]).code(), "witness_mismatch");
    assert_ne!(store.head().unwrap().epoch, epoch);

    // What was cut is still proved, still known by its id, and still in the backup that was made of it.
    assert_eq!(store.verify_feed().unwrap().min_seq, 4);
    assert_eq!(verify(&bench.store_path()).unwrap().min_seq, 4);
    a.joined.epoch = store.head().unwrap().epoch;
    a.lineage = String::new();
    let again: Vec<OpOutcome> = a.push(&[first]);
    assert_eq!(again, old);
    assert_eq!(position(&store, "v1"), "öppen");
    let made = back_up(&store, &bench.folder.path().join("backups"), 7, bench.rim.as_ref());
    assert_eq!(verify(&made.unwrap().folder).unwrap().min_seq, 4);
}

/// A store that lost two edits of one field: the first by laptop A, the second on top of it by laptop B.
struct Lost {
    bench: Bench,
    store: Arc<SqliteStore>,
    _serving: Serving,
    a: (Laptop, Operation),
    b: (Laptop, Operation),
}

fn lose(window_ms: i64) -> Lost {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let made =
        back_up(&store, &bench.folder.path().join("backups"), 7, bench.rim.as_ref()).unwrap();
    let first = turn(&mut a, "v1", "öppen", "stängd");
    a.push(std::slice::from_ref(&first));
    b.pull(500);
    let second = turn(&mut b, "v1", "stängd", "strypt");
    b.push(std::slice::from_ref(&second));
    drop((serving, store));
    let options = RestoreOptions { window_ms, force: false };
    restore(&bench.store_path(), &made.folder, options, bench.rim.as_ref()).unwrap();
    let store = Arc::new(bench.open());
    let serving = bench.serve(store.clone());
    for laptop in [&mut a, &mut b] {
        laptop.address = serving.address();
        laptop.joined.epoch = store.head().unwrap().epoch;
        (laptop.cursor, laptop.lineage) = (String::new(), String::new());
        laptop.witness = json!({"seq": 0, "chain": ""});
    }
    Lost { bench, store, _serving: serving, a: (a, first), b: (b, second) }
}

/// Gives an operation back with the number that it had.
fn give_back(laptop: &mut Laptop, op: &Operation, seq: u64) -> Vec<&'static str> {
    let mut body: serde_json::Value =
        serde_json::from_slice(&laptop.push_body(std::slice::from_ref(op))).unwrap();
    body["former_seqs"] = json!({ op.id.to_string(): seq });
    let answer = laptop.send("POST", "/push", &[], body.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let reply: PushReply = answer.json();
    laptop.lineage = reply.lineage;
    kinds(&reply.outcomes)
}

#[test]
fn what_laptops_give_back_after_a_restore_is_merged_in_the_order_that_it_had() {
    let Lost { bench, store, mut a, mut b, _serving } = lose(WINDOW_MS);
    // The one who edited later comes back first, and somebody edits on in between.
    assert_eq!(give_back(&mut b.0, &b.1, 4), ["parked"]);
    let on_top = turn(&mut b.0, "v1", "strypt", "öppen");
    assert_eq!(kinds(&b.0.push(std::slice::from_ref(&on_top))), ["parked"]);
    assert_eq!(give_back(&mut a.0, &a.1, 3), ["parked"]);
    assert_eq!(give_back(&mut a.0, &a.1, 3), ["parked"], "the same once more");
    assert_eq!(store.held_ops().unwrap().len(), 3);
    bench.rim.wait(WINDOW_MS - 1);
    assert_eq!(a.0.pull(500).entries.len(), 2);
    bench.rim.wait(1);
    // The next round finds everything in its place.
    let page = a.0.pull(500);
    let ops: Vec<_> = page.entries.iter().map(|it| it.op).collect();
    assert_eq!(ops, [a.1.id, b.1.id, on_top.id]);
    assert_eq!(position(&store, "v1"), "öppen");
    assert!(store.open_conflicts().unwrap().is_empty());
    assert!(store.held_ops().unwrap().is_empty());
    assert_eq!(give_back(&mut b.0, &b.1, 4), ["merged"], "as it was judged");
    assert_eq!(store.verify_feed().unwrap().seq, 5);
    // The window is closed: what comes now is merged at once.
    let next = turn(&mut a.0, "v1", "öppen", "stängd");
    assert_eq!(kinds(&a.0.push(&[next])), ["merged"]);
}

#[test]
fn without_a_window_the_order_in_which_laptops_come_back_decides() {
    // Why there is a window: the later edit meets a value that its author never saw.
    let Lost { store, mut a, mut b, _serving, .. } = lose(0);
    assert_eq!(give_back(&mut b.0, &b.1, 4), ["conflict"]);
    assert_eq!(give_back(&mut a.0, &a.1, 3), ["applied"]);
    assert_eq!(store.open_conflicts().unwrap().len(), 1);
}

#[test]
fn a_push_after_the_window_merges_what_was_gathered_first_and_a_coordinator_may_end_it_at_once() {
    let Lost { bench, store, mut a, mut b, _serving } = lose(WINDOW_MS);
    assert_eq!(give_back(&mut b.0, &b.1, 4), ["parked"]);
    bench.rim.wait(WINDOW_MS);
    assert_eq!(give_back(&mut a.0, &a.1, 3), ["applied"]);
    assert_eq!(store.open_conflicts().unwrap().len(), 1, "A came too late to be sorted");

    let Lost { store, mut a, mut b, _serving, .. } = lose(WINDOW_MS);
    assert_eq!(give_back(&mut b.0, &b.1, 4), ["parked"]);
    assert_eq!(give_back(&mut a.0, &a.1, 3), ["parked"]);
    assert_eq!(store.finish_recovery(a.0.joined.server_time).unwrap(), 2);
    assert_eq!(position(&store, "v1"), "strypt");
    assert_eq!(store.finish_recovery(a.0.joined.server_time).unwrap(), 0);
}

#[test]
fn an_atomic_group_that_is_given_back_stands_as_a_whole() {
    let Lost { store, mut a, _serving, .. } = lose(WINDOW_MS);
    let group = Some(GroupId::from_uuid(Uuid::from_u128(9)));
    let fits = Operation { group, atomic: true, ..turn(&mut a.0, "v2", "öppen", "stängd") };
    let clashes = Operation { group, atomic: true, ..turn(&mut a.0, "v1", "strypt", "stängd") };
    assert_eq!(kinds(&a.0.push(&[fits, clashes])), ["parked", "parked"]);
    assert_eq!(store.finish_recovery(a.0.joined.server_time).unwrap(), 2);
    assert_eq!(position(&store, "v2"), "öppen", "nothing of it holds");
    assert_eq!(store.open_conflicts().unwrap().len(), 1);
}

fn outbox(bench: &Bench, document: &serde_json::Value) -> std::path::PathBuf {
    bench.write("outbox.json", &document.to_string())
}

#[test]
fn an_emergency_file_may_come_any_number_of_times_before_and_after_the_laptop_itself() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    let mut edit = turn(&mut laptop, "v1", "öppen", "stängd");
    let bytes = b"a valve";
    let blob = BlobId::from_digest(Sha256::digest(bytes).into());
    edit.blobs = vec![blob.clone()];
    let mut proposal = laptop.hand.create_valve(77, "P-1");
    proposal.dataset = harness::dataset("parcel");
    let unread = json!({ "id": Uuid::from_u128(5), "kind": "explode" });
    let base64 = base64::engine::general_purpose::STANDARD.encode(bytes);
    let file = outbox(
        &bench,
        &json!({
            "format": "faltkarta.outbox/1", "replica": laptop.hand.replica, "made_at": "x",
            "ops": [edit, proposal, unread], "drafts": [{"id": 1}],
            "blobs": [{ "id": blob, "base64": base64 }],
        }),
    );
    let take = |path: &Path| take_outbox(store.as_ref(), path, bench.rim.as_ref());
    let first = take(&file).unwrap();
    assert_eq!((first.n_ops, first.n_merged, first.n_held), (3, 1, 2));
    assert_eq!((first.n_blobs, first.n_blobs_new, first.n_drafts), (1, 1, 1));
    assert_eq!(position(&store, "v1"), "stängd");
    let head = store.head().unwrap();
    let second = take(&file).unwrap();
    assert_eq!((second.n_merged, second.n_held, second.n_blobs_new), (1, 2, 0));
    assert_eq!(kinds(&laptop.push(&[edit.clone()])), ["applied"]);
    assert_eq!(store.head().unwrap(), head, "nothing twice");
    let page = laptop.pull(500);
    let entry = page.entries.iter().find(|it| it.op == edit.id).unwrap();
    assert_eq!(entry.by.as_ref().unwrap().user, edit.user);
    assert!(page.entries.iter().any(|it| {
        it.row.as_ref().is_some_and(|row| row.blobs.iter().any(|it| it.id == blob && it.complete))
    }));
}

#[test]
fn what_is_no_emergency_file_is_refused_and_takes_nothing_with_it() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    let edit = turn(&mut laptop, "v1", "öppen", "stängd");
    let head = store.head().unwrap();
    let code =
        |path: &Path| take_outbox(store.as_ref(), path, bench.rim.as_ref()).map_err(|it| it.code());
    let write = |document: serde_json::Value| outbox(&bench, &document);
    assert_eq!(code(&bench.folder.path().join("nowhere")), Err("io"));
    assert_eq!(code(&bench.write("a.json", "{\"format\"")), Err("malformed"));
    assert_eq!(
        code(&write(json!({"format": "faltkarta.outbox/9", "ops": [edit]}))),
        Err("malformed")
    );
    assert_eq!(
        code(&write(json!({"format": "faltkarta.outbox/1", "ops": [{"id": 7}]}))),
        Err("malformed")
    );
    assert_eq!(store.head().unwrap(), head);
    let blob = BlobId::from_digest([7; 32]);
    let with_blob = |base64: &str| json!({"format": "faltkarta.outbox/1", "blobs": [{"id": blob, "base64": base64}]});
    assert_eq!(code(&write(with_blob("%"))), Err("malformed"));
    assert_eq!(code(&write(with_blob("AAAA"))), Err("digest_mismatch"));
    assert_eq!(store.head().unwrap(), head);
}
