//! Pushes and pulls between laptops and a store.

use std::io::Write as _;
use std::net::TcpStream;

use faltkarta_model::{GroupId, OpId, Value};
use faltkarta_protocol::FeedKind;
use faltkarta_server::{ExportSource, Rim as _};
use uuid::Uuid;

use crate::ground::{Ground, close, let_go, with_valves};
use crate::harness::{Laptop, dataset, field, kinds, request_bytes, text, valve_id};

pub(crate) fn an_edit_travels_from_one_laptop_to_another(ground: &Ground) {
    let (store, serving) = with_valves(ground);
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

pub(crate) fn the_same_push_twice_has_one_effect_and_the_same_answer(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let laptop = &mut Laptop::join(serving.address(), 1);
    let ops = [close(&mut laptop.hand, "v1"), laptop.hand.create_valve(77, "AV-77")];
    let first = laptop.try_push(&ops).json::<faltkarta_protocol::PushReply>();
    let head = store.head().unwrap();
    let again = laptop.try_push(&ops).json::<faltkarta_protocol::PushReply>();
    assert_eq!(first.outcomes, again.outcomes);
    assert_eq!(store.head().unwrap(), head);
}

pub(crate) fn a_push_whose_answer_is_lost_and_that_is_repeated_has_one_effect(ground: &Ground) {
    let (store, serving) = with_valves(ground);
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

pub(crate) fn a_server_that_is_killed_loses_nothing_that_it_acknowledged(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    let op = close(&mut laptop.hand, "v1");
    laptop.push(std::slice::from_ref(&op));
    serving.kill();
    let head = store.head().unwrap();
    let_go(store);
    let store = ground.open();
    assert_eq!(store.verify_feed().unwrap(), head);
    let serving = ground.bench.serve(store.clone());
    laptop.address = serving.address();
    assert_eq!(kinds(&laptop.push(&[op])), ["applied"]);
    assert_eq!(store.head().unwrap(), head);
}

pub(crate) fn pages_follow_each_other_without_a_hole_and_do_not_cut_a_group(ground: &Ground) {
    let (_store, serving) = with_valves(ground);
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

pub(crate) fn an_operation_from_the_wire_is_kept_under_its_own_id(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    let op = close(&mut laptop.hand, "v1");
    let id = op.id;
    laptop.push(&[op]);
    let pulled = laptop.pull(500);
    assert_eq!(pulled.entries.iter().filter(|it| it.op == id).count(), 1);
    assert_ne!(id, OpId::from_uuid(Uuid::nil()));
    assert_eq!(pulled.at.seq, store.head().unwrap().seq);
}

pub(crate) fn the_inspections_of_a_form_are_given_out_with_a_column_for_each_answer(
    ground: &Ground,
) {
    let (store, serving) = with_valves(ground);
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

pub(crate) fn the_coordinator_sees_how_things_stand_on_a_laptop_as_it_last_said(ground: &Ground) {
    let (store, serving) = with_valves(ground);
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
    ground.rim().wait(1_000);
    assert_eq!(put(&report).status, 204);
    let device = &store.devices().unwrap()[0];
    let row = device.report.as_ref().unwrap();
    assert_eq!((row.report.saved_here, row.at, device.pulled_seq), (4, ground.rim().now(), 2));
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
