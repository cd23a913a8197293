//! The wire, end to end over a loopback connection.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

mod harness;

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;

use faltkarta_changes::OperationKind;
use faltkarta_formats::Mapping;
use faltkarta_model::{BlobId, FeatureId, GroupId, OpId, Value};
use faltkarta_protocol::{FeedKind, Outcome};
use faltkarta_server::{
    ExportSource, GeodataStore, ImportOptions, Rim as _, Role, Serving, SqliteStore, import,
};
use harness::{
    Bench, Hand, Laptop, VALVE_MAPPING, dataset, field, join_body, kinds, request_bytes, send,
    text, valve_id, valves,
};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

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

fn close(hand: &mut Hand, valve: &str) -> faltkarta_changes::Operation {
    let change = [("lage", text("öppen"), text("stängd"))];
    hand.op(OperationKind::Update, valve_id(valve), &change)
}

/// A delete by somebody who sees the valve as it stands in the store now.
fn delete_seen(hand: &mut Hand, store: &SqliteStore, valve: &str) -> faltkarta_changes::Operation {
    let feature = store.feature(valve_id(valve)).unwrap().unwrap();
    let seen: Vec<(&str, Value, Value)> = feature
        .properties
        .iter()
        .map(|(id, it)| (id.as_str(), it.clone(), Value::Null))
        .chain(feature.geometry.clone().map(|it| ("geometry", Value::Geometry(it), Value::Null)))
        .collect();
    hand.op(OperationKind::Delete, feature.id, &seen)
}

#[test]
fn an_edit_travels_from_one_laptop_to_another() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let op = close(&mut a.hand, "v1");
    let outcomes = a.push(std::slice::from_ref(&op));
    assert_eq!((kinds(&outcomes), outcomes[0].seq), (vec!["applied"], Some(3)));
    let pulled = b.pull(500);
    assert!(pulled.up_to_date);
    let last = pulled.entries.last().unwrap();
    assert_eq!((last.seq, last.op, last.version, last.kind), (3, op.id, 2, FeedKind::Upsert));
    assert_eq!(last.row.as_ref().unwrap().properties[&field("lage")], text("stängd"));
    assert_eq!(store.verify_feed().unwrap().seq, 3);
}

#[test]
fn the_same_push_twice_has_one_effect_and_the_same_answer() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let laptop = &mut Laptop::join(serving.address(), 1);
    let ops = [close(&mut laptop.hand, "v1"), laptop.hand.create_valve(77, "AV-77")];
    let first = laptop.try_push(&ops).json::<faltkarta_protocol::PushReply>();
    let head = store.head().unwrap();
    let again = laptop.try_push(&ops).json::<faltkarta_protocol::PushReply>();
    assert_eq!(first.outcomes, again.outcomes);
    assert_eq!(store.head().unwrap(), head);
}

#[test]
fn a_push_whose_answer_is_lost_and_that_is_repeated_has_one_effect() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    let op = close(&mut laptop.hand, "v1");
    let bearer = laptop.bearer();
    let body = laptop.push_body(std::slice::from_ref(&op));
    let headers = [("Authorization", bearer.as_str())];
    let bytes = request_bytes("POST", "/sync/v1/main/push", &headers, &body);
    // Cut in the middle of the request: nothing arrives as a whole, so nothing happens.
    for n in [bytes.len() / 3, bytes.len() - 1] {
        let mut stream = TcpStream::connect(serving.address()).unwrap();
        stream.write_all(&bytes[..n]).unwrap();
        drop(stream);
    }
    // Sent whole, and the connection is gone before the answer.
    let mut stream = TcpStream::connect(serving.address()).unwrap();
    stream.write_all(&bytes).unwrap();
    while store.head().unwrap().seq < 3 {
        std::thread::yield_now();
    }
    drop(stream);
    let more = laptop.hand.create_valve(77, "AV-77");
    assert_eq!(kinds(&laptop.push(&[op, more])), ["applied", "applied"]);
    assert_eq!(store.verify_feed().unwrap().seq, 4);
}

#[test]
fn a_server_that_is_killed_loses_nothing_that_it_acknowledged() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    let op = close(&mut laptop.hand, "v1");
    laptop.push(std::slice::from_ref(&op));
    serving.kill();
    let head = store.head().unwrap();
    while Arc::strong_count(&store) > 1 {
        std::thread::yield_now();
    }
    drop(store);
    let store = Arc::new(bench.open());
    assert_eq!(store.verify_feed().unwrap(), head);
    let serving = bench.serve(store.clone());
    laptop.address = serving.address();
    assert_eq!(kinds(&laptop.push(&[op])), ["applied"]);
    assert_eq!(store.head().unwrap(), head);
}

#[test]
fn pages_follow_each_other_without_a_hole_and_do_not_cut_a_group() {
    let bench = Bench::new();
    let (_store, serving) = with_valves(&bench);
    let mut a = Laptop::join(serving.address(), 1);
    let mut ops: Vec<_> = (0..6).map(|it| a.hand.create_valve(100 + it, "AV")).collect();
    let group = Some(GroupId::from_uuid(Uuid::from_u128(5)));
    for op in &mut ops[2..5] {
        op.group = group;
    }
    a.push(&ops);
    let mut b = Laptop::join(serving.address(), 2);
    let mut seqs = vec![];
    let mut sizes = vec![];
    loop {
        let page = b.pull(3);
        sizes.push(page.entries.len());
        seqs.extend(page.entries.iter().map(|it| it.seq));
        if page.up_to_date {
            break;
        }
    }
    assert_eq!(seqs, (1..=8).collect::<Vec<u64>>());
    // Two delivered valves and the first two of the push; the group of three is not cut.
    assert_eq!(sizes, [3, 4, 1]);
}

#[test]
fn two_edits_of_one_field_become_a_conflict_that_a_person_closes() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let mine = close(&mut a.hand, "v1");
    a.push(&[mine]);
    let change = [("lage", text("öppen"), text("okänd"))];
    let theirs = b.hand.op(OperationKind::Update, valve_id("v1"), &change);
    let outcome = b.push(std::slice::from_ref(&theirs)).remove(0).outcome;
    let Outcome::Conflict { conflicts } = outcome else { panic!("{outcome:?}") };
    let open = store.open_conflicts().unwrap();
    assert_eq!(open.iter().map(|it| it.conflict.id).collect::<Vec<_>>(), conflicts);
    // A later edit on top of the own candidate is the same disagreement.
    let change = [("lage", text("okänd"), text("halvöppen"))];
    let later = b.hand.op(OperationKind::Update, valve_id("v1"), &change);
    b.push(std::slice::from_ref(&later));
    let open = store.open_conflicts().unwrap();
    assert_eq!(open.len(), 1);
    let clash = &open[0].conflict.fields[&field("lage")];
    assert_eq!((&clash.base, &clash.candidate), (&text("öppen"), &text("halvöppen")));
    let change = [("lage", text("stängd"), text("halvöppen"))];
    let mut resolve = b.hand.op(OperationKind::Resolve, valve_id("v1"), &change);
    resolve.depends_on = vec![theirs.id, later.id];
    b.push(&[resolve]);
    assert!(store.open_conflicts().unwrap().is_empty());
    let valve = store.feature(valve_id("v1")).unwrap().unwrap();
    assert_eq!(valve.properties[&field("lage")], text("halvöppen"));
}

#[test]
fn what_comes_before_its_parent_is_parked_and_applied_when_the_parent_comes() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    let create = laptop.hand.create_valve(77, "AV-77");
    let inspection = laptop.hand.inspection(78, create.feature);
    let change = [("nummer", text("AV-77"), text("AV-78"))];
    let mut update = laptop.hand.op(OperationKind::Update, create.feature, &change);
    update.depends_on = vec![create.id];
    assert_eq!(kinds(&laptop.push(&[inspection.clone(), update])), ["parked", "parked"]);
    assert_eq!(store.held_ops().unwrap().len(), 2);
    assert_eq!(store.head().unwrap().seq, 2);
    assert_eq!(kinds(&laptop.push(&[create])), ["applied"]);
    assert!(store.held_ops().unwrap().is_empty());
    assert_eq!(store.verify_feed().unwrap().seq, 5);
    let valve = store.feature(FeatureId::from_uuid(Uuid::from_u128(77))).unwrap().unwrap();
    assert_eq!(valve.properties[&field("nummer")], text("AV-78"));
    assert_eq!(kinds(&laptop.push(&[inspection])), ["applied"]);
}

#[test]
fn one_clash_in_an_atomic_group_holds_all_of_it_back() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let mine = close(&mut a.hand, "v2");
    a.push(&[mine]);
    let change = [("lage", text("öppen"), text("okänd"))];
    let mut group = [
        b.hand.create_valve(80, "AV-80"),
        b.hand.op(OperationKind::Update, valve_id("v2"), &change),
        close(&mut b.hand, "v1"),
    ];
    for op in &mut group {
        op.group = Some(GroupId::from_uuid(Uuid::from_u128(9)));
        op.atomic = true;
    }
    let head = store.head().unwrap();
    assert_eq!(kinds(&b.push(&group)), ["parked", "parked", "parked"]);
    // One entry tells the conflict; no row has changed.
    assert_eq!(store.head().unwrap().seq, head.seq + 1);
    assert_eq!(store.feature(valve_id("v1")).unwrap().unwrap().version, 1);
    assert!(store.feature(group[0].feature).unwrap().is_none());
    assert_eq!((store.held_ops().unwrap().len(), store.open_conflicts().unwrap().len()), (3, 1));
    let after = close(&mut b.hand, "v1");
    assert_eq!(kinds(&b.push(&[after])), ["applied"]);
    store.verify_feed().unwrap();
}

#[test]
fn an_operation_that_may_not_be_merged_is_kept_whole() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    let valve = laptop.hand.create_valve(81, "AV-81");
    let mut changed = valve.clone();
    changed.user = "somebody else".to_owned();
    let mut read_only = laptop.hand.create_valve(82, "x");
    read_only.dataset = dataset("parcel");
    let mut proposal = laptop.hand.create_valve(83, "x");
    proposal.dataset = dataset("address");
    let mut unknown = laptop.hand.create_valve(84, "x");
    unknown.dataset = dataset("nowhere");
    let mut newer = laptop.hand.create_valve(85, "x");
    newer.schema_rev = 99;
    laptop.push(&[valve]);
    let outcomes = laptop.push(&[changed, read_only, proposal, unknown, newer]);
    let whys: Vec<_> = outcomes
        .iter()
        .map(|it| match &it.outcome {
            Outcome::Quarantined { why } | Outcome::Parked { why } => why.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(whys, ["hash_mismatch", "unpermitted", "proposal", "unknown_dataset", "schema"]);
    let held = store.held_ops().unwrap();
    assert_eq!(held.len(), 5);
    assert!(held.iter().all(|it| it.payload.contains("\"changes\"")));
}

#[test]
fn a_malformed_operation_does_not_spoil_its_neighbours() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let laptop = Laptop::join(serving.address(), 1);
    let mut hand = Hand::new(1);
    let good = serde_json::to_value(close(&mut hand, "v1")).unwrap();
    let bad = serde_json::json!({"id": Uuid::from_u128(4), "kind": "explode"});
    let mut body: serde_json::Value = serde_json::from_slice(&laptop.push_body(&[])).unwrap();
    body["ops"] = serde_json::json!([bad, good]);
    let answer = laptop.send("POST", "/push", &[], body.to_string().as_bytes());
    let reply: faltkarta_protocol::PushReply = answer.json();
    assert_eq!(kinds(&reply.outcomes), ["quarantined", "applied"]);
    assert!(store.held_ops().unwrap()[0].payload.contains("explode"));
}

#[test]
fn a_deleted_parent_keeps_its_child_and_asks() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let delete = delete_seen(&mut a.hand, &store, "v1");
    assert_eq!(kinds(&a.push(&[delete])), ["applied"]);
    let inspection = b.hand.inspection(90, valve_id("v1"));
    assert_eq!(kinds(&b.push(std::slice::from_ref(&inspection))), ["conflict"]);
    assert!(store.feature(inspection.feature).unwrap().is_some());
    // The other way round: a valve with an inspection that the deleter has not seen stays.
    let inspection = b.hand.inspection(91, valve_id("v2"));
    b.push(&[inspection]);
    let delete = delete_seen(&mut a.hand, &store, "v2");
    assert_eq!(kinds(&a.push(&[delete])), ["conflict"]);
    assert!(store.feature(valve_id("v2")).unwrap().is_some());
    let gone = a.pull(500).entries.into_iter().find(|it| it.kind == FeedKind::Delete).unwrap();
    assert_eq!((gone.feature, gone.row), (valve_id("v1"), None));
}

#[test]
fn another_history_a_copied_laptop_and_a_rolled_back_store_are_told_apart() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    let first = close(&mut laptop.hand, "v1");
    let stale = laptop.lineage.clone();
    laptop.push(&[first]);
    let next = close(&mut laptop.hand, "v2");
    let current = std::mem::replace(&mut laptop.lineage, stale);
    assert_eq!(laptop.try_push(std::slice::from_ref(&next)).code(), "stale_lineage");
    laptop.lineage = current;
    let epoch = std::mem::replace(&mut laptop.joined.epoch, "elsewhere".to_owned());
    assert_eq!(laptop.try_push(std::slice::from_ref(&next)).code(), "wrong_epoch");
    laptop.joined.epoch.clone_from(&epoch);
    laptop.witness = serde_json::json!({"seq": 900, "chain": "00"});
    assert_eq!(laptop.try_push(std::slice::from_ref(&next)).code(), "witness_mismatch");
    assert_ne!(store.head().unwrap().epoch, epoch);
    laptop.pull_from_old_epoch(&epoch);
    // The operation comes again on the new history, under its own id.
    laptop.joined.epoch = store.head().unwrap().epoch;
    laptop.witness = serde_json::json!({"seq": 0, "chain": ""});
    assert_eq!(kinds(&laptop.push(&[next])), ["applied"]);
    store.verify_feed().unwrap();
}

trait PullFrom {
    fn pull_from_old_epoch(&self, epoch: &str);
}

impl PullFrom for Laptop {
    fn pull_from_old_epoch(&self, epoch: &str) {
        let answer = self.send("GET", &format!("/changes?cursor={epoch}.1.00.1"), &[], &[]);
        assert_eq!((answer.status, answer.code().as_str()), (410, "resync"));
    }
}

#[test]
fn requests_that_may_not_be_are_refused_with_stable_codes() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let laptop = Laptop::join(serving.address(), 1);
    let at = serving.address();
    let refusal = |status: u16, code: &str, answer: harness::Answer| {
        assert_eq!((answer.status, answer.code()), (status, code.to_owned()));
        assert!(answer.json::<serde_json::Value>()["data_safe"].as_bool().unwrap());
    };
    refusal(401, "signed_out", send(at, "GET", "/sync/v1/main/changes", &[], &[]));
    let wrong = [("Authorization", "Bearer 00")];
    refusal(401, "signed_out", send(at, "GET", "/sync/v1/main/changes", &wrong, &[]));
    let bearer = laptop.bearer();
    let mine = [("Authorization", bearer.as_str())];
    refusal(404, "unknown_workspace", send(at, "GET", "/sync/v1/other/changes", &mine, &[]));
    refusal(404, "not_found", send(at, "GET", "/nowhere", &[], &[]));
    refusal(400, "malformed", laptop.send("POST", "/push", &[], b"{"));
    refusal(400, "malformed", laptop.send("GET", "/changes?cursor=x", &[], &[]));
    refusal(413, "too_large", laptop.send("POST", "/push", &[], &vec![b' '; 9 * 1024 * 1024]));
    let mut hand = Hand::new(1);
    let many: Vec<_> = (0..201).map(|it| hand.create_valve(1_000 + it, "x")).collect();
    refusal(413, "too_large", laptop.try_push(&many));
    let newer = br#"{"protocol": 2, "words": ["of", "tomorrow"]}"#;
    refusal(426, "version_mismatch", laptop.send("POST", "/push", &[], newer));
    let proxied = [("X-Forwarded-For", "203.0.113.9")];
    let body = join_body(None, Hand::new(9).replica);
    refusal(403, "enrol_code_needed", send(at, "POST", "/sync/v1/join", &proxied, &body));
    store.revoke_device(store.devices().unwrap()[0].id).unwrap();
    refusal(401, "signed_out", laptop.send("GET", "/changes", &[], &[]));
    let health = send(at, "GET", "/health", &[], &[]);
    assert_eq!(health.json::<serde_json::Value>()["status"], "ok");
    let page = send(at, "GET", "/", &[], &[]);
    assert!(String::from_utf8(page.body).unwrap().contains("geodatalager"));
}

#[test]
fn a_code_enrols_once_with_its_role_and_not_after_its_hour() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let until = faltkarta_model::Timestamp::from_unix_ms(bench.rim.now().unix_ms() + 60_000);
    let rim = bench.rim.as_ref();
    let code = store.create_enrol_code("reader".parse::<Role>().unwrap(), until, rim).unwrap();
    let join = |code: &str| {
        let body = join_body(Some(code), Hand::new(9).replica);
        send(serving.address(), "POST", "/sync/v1/join", &[], &body)
    };
    assert_eq!(join("AAAAA-AAAAA").code(), "enrol_code_unknown");
    let joined: faltkarta_protocol::JoinReply = join(&code.to_lowercase()).json();
    assert_eq!(joined.role, "reader");
    assert_eq!(join(&code).code(), "enrol_code_unknown");
    // A reader is sent nothing protected.
    let bearer = format!("Bearer {}", joined.token);
    let headers = [("Authorization", bearer.as_str())];
    let answer = send(serving.address(), "GET", "/sync/v1/main/changes", &headers, &[]);
    let page: faltkarta_protocol::PullReply = answer.json();
    assert!(page.entries.is_empty() && page.up_to_date && page.at.seq == 2);
    let late = store.create_enrol_code(Role::COORDINATOR, until, rim).unwrap();
    bench.rim.wait(61_000);
    assert_eq!(join(&late).code(), "enrol_code_unknown");
}

fn patch(laptop: &Laptop, blob: &BlobId, at: usize, total: usize, chunk: &[u8]) -> harness::Answer {
    use base64::Engine as _;
    let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(chunk));
    let (at, total) = (at.to_string(), total.to_string());
    let digest = format!("sha-256=:{digest}:");
    let headers = [
        ("Upload-Offset", at.as_str()),
        ("Upload-Length", total.as_str()),
        ("Content-Digest", digest.as_str()),
    ];
    laptop.send("PATCH", &format!("/blobs/{blob}"), &headers, chunk)
}

#[test]
fn an_attachment_is_taken_up_again_at_any_byte() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let laptop = Laptop::join(serving.address(), 1);
    for cut in 1..24 {
        let bytes: Vec<u8> = (0..24).map(|it| it + cut).collect();
        let blob = BlobId::from_digest(Sha256::digest(&bytes).into());
        let (cut, path) = (usize::from(cut), format!("/blobs/{blob}"));
        assert_eq!(laptop.send("HEAD", &path, &[], &[]).status, 404);
        let first = patch(&laptop, &blob, 0, 24, &bytes[..cut]);
        assert_eq!((first.status, &first.headers["upload-complete"][..]), (204, "?0"));
        // The answer was lost: the laptop asks where to go on.
        let head = laptop.send("HEAD", &path, &[], &[]);
        assert_eq!((head.status, head.headers["upload-offset"].clone()), (204, cut.to_string()));
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
    let part = store.folder().join("blobs/part");
    assert_eq!(std::fs::read_dir(part).unwrap().count(), 0);
}

#[test]
fn an_attachment_that_is_not_what_it_says_is_begun_again() {
    let bench = Bench::new();
    let (_store, serving) = with_valves(&bench);
    let laptop = Laptop::join(serving.address(), 1);
    let blob = BlobId::from_digest(Sha256::digest(b"the right bytes").into());
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
fn an_attachment_that_arrives_after_its_inspection_is_told_to_everyone() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let photo = b"a photo".to_vec();
    let blob = BlobId::from_digest(Sha256::digest(&photo).into());
    let mut inspection = a.hand.inspection(92, valve_id("v1"));
    inspection.blobs = vec![blob.clone()];
    a.push(&[inspection]);
    let is_there = |reply: &faltkarta_protocol::PullReply| {
        let last = reply.entries.last().unwrap().row.clone().unwrap();
        last.blobs[0].complete
    };
    assert!(!is_there(&b.pull(500)));
    assert_eq!(patch(&a, &blob, 0, photo.len(), &photo).status, 204);
    let told = b.pull(500);
    assert_eq!(told.entries.len(), 1);
    assert!(is_there(&told));
    store.verify_feed().unwrap();
}

#[test]
fn a_full_disk_is_told_and_the_store_is_unharmed() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    store.limit_pages(90).unwrap();
    let head = store.head().unwrap();
    let long = "x".repeat(200_000);
    let ops = [laptop.hand.create_valve(93, "AV-93"), laptop.hand.create_valve(94, &long)];
    let answer = laptop.try_push(&ops);
    assert_eq!((answer.status, answer.code().as_str()), (507, "disk_full"));
    assert_eq!(store.verify_feed().unwrap(), head);
    assert!(store.feature(ops[0].feature).unwrap().is_none());
    store.limit_pages(1_000_000).unwrap();
    assert_eq!(kinds(&laptop.push(&ops)), ["applied", "applied"]);
}

#[test]
fn the_inspections_of_a_form_are_given_out_with_a_column_for_each_answer() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    let inspection = laptop.hand.inspection(95, valve_id("v1"));
    laptop.push(&[inspection]);
    let id = dataset("inspection");
    let source = ExportSource::read(store.as_ref(), &id, Some("ventilmotionering")).unwrap();
    assert_eq!(source.features.len(), 1);
    let row = &source.features[0].properties;
    assert_eq!(row[&field("antal_varv")], Value::Int(14));
    assert_eq!(row[&field("funktion")], text("fungerar"));
    assert!(source.dataset.field("antal_varv").is_some());
    let other = ExportSource::read(store.as_ref(), &id, Some("arbetsplatsbesok")).unwrap();
    assert!(other.features.is_empty());
    let plain = ExportSource::read(store.as_ref(), &id, None).unwrap();
    assert!(plain.dataset.field("antal_varv").is_none());
}

#[test]
fn an_operation_from_the_wire_is_kept_under_its_own_id() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let mut laptop = Laptop::join(serving.address(), 1);
    let op = close(&mut laptop.hand, "v1");
    let id = op.id;
    laptop.push(&[op]);
    let pulled = laptop.pull(500);
    assert_eq!(pulled.entries.iter().filter(|it| it.op == id).count(), 1);
    assert_ne!(id, OpId::from_uuid(Uuid::nil()));
    assert_eq!(pulled.at.seq, store.head().unwrap().seq);
}

#[test]
fn the_coordinator_sees_how_things_stand_on_a_laptop_as_it_last_said() {
    let bench = Bench::new();
    let (store, serving) = with_valves(&bench);
    let laptop = Laptop::join(serving.address(), 1);
    assert_eq!(store.devices().unwrap()[0].report, None);
    let mut report = serde_json::json!({
        "protocol": 1, "app_version": "0.1.0", "saved_here": 3, "received": 0, "secured": 0,
        "needs_attention": 1, "drafts": 2, "photos_taken": 5, "photos_received": 4,
        "cursor_seq": 2, "oldest_unsent_at": null,
    });
    let put = |report: &serde_json::Value| {
        laptop.send("PUT", "/report", &[], report.to_string().as_bytes())
    };
    assert_eq!(put(&report).status, 204);
    report["saved_here"] = 4.into();
    bench.rim.wait(1_000);
    assert_eq!(put(&report).status, 204);
    let device = &store.devices().unwrap()[0];
    let row = device.report.as_ref().unwrap();
    assert_eq!((row.report.saved_here, row.at, device.pulled_seq), (4, bench.rim.now(), 2));
    // What cannot be a report is refused, and the last one stays.
    for (key, bad, status, code) in [
        ("saved_here", serde_json::json!(-1), 400, "malformed"),
        ("app_version", serde_json::json!("x".repeat(101)), 400, "malformed"),
        ("cursor_seq", serde_json::json!(u64::MAX), 400, "malformed"),
        ("protocol", serde_json::json!(9), 426, "version_mismatch"),
    ] {
        let mut bent = report.clone();
        bent[key] = bad;
        let answer = put(&bent);
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{key}");
    }
    assert_eq!(store.devices().unwrap()[0].report.as_ref().unwrap().report.saved_here, 4);
}
