//! Messages that are bent, out of order or from another world.

use faltkarta_changes::OperationKind;
use faltkarta_model::{FeatureId, Timestamp, Value};
use faltkarta_protocol::{Outcome, PushReply};
use serde_json::json;
use uuid::Uuid;

use crate::ground::{Ground, close, set, with_valves};
use crate::harness::{Laptop, dataset, field, kinds, text, valve_id};

/// A push body with its operations replaced.
fn body_with(laptop: &Laptop, ops: &serde_json::Value) -> Vec<u8> {
    let mut body: serde_json::Value = serde_json::from_slice(&laptop.push_body(&[])).unwrap();
    body["ops"] = ops.clone();
    body.to_string().into_bytes()
}

pub(crate) fn a_bent_operation_is_kept_and_its_neighbours_are_judged(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    let good = serde_json::to_value(close(&mut laptop.hand, "v1")).unwrap();
    let mut bent = vec![];
    for (n, (key, value)) in [
        ("op_no", json!(-1)),
        ("op_no", json!(1_u64 << 40)),
        ("dataset", json!("Not A Slug")),
        ("feature", json!("not an id")),
        ("kind", json!("explode")),
        ("device_time", json!("yesterday")),
        ("changes", json!([])),
        ("changes", json!({"lage": {"old": null}})),
        ("changes", json!({"geometry": {"old": null, "new": {"wkb": "0101"}}})),
        ("changes", json!({"geometry": {"old": null, "new": {"wkb": "zz"}}})),
        ("blobs", json!(["sha256:short"])),
        ("depends_on", json!("x")),
        ("replica", json!(7)),
        ("user", json!("a\u{0}b")),
        ("user", json!("å".repeat(201))),
        ("workspace", json!("another")),
    ]
    .into_iter()
    .enumerate()
    {
        let mut op = good.clone();
        op["id"] = json!(Uuid::from_u128(1_000 + n as u128));
        op[key] = value;
        bent.push(op);
    }
    let n_bent = bent.len();
    bent.push(good);
    let answer = laptop.send("POST", "/push", &[], &body_with(&laptop, &json!(bent)));
    let reply: PushReply = answer.json();
    let kinds = kinds(&reply.outcomes);
    assert!(kinds[..n_bent].iter().all(|it| *it == "quarantined"), "{kinds:?}");
    assert_eq!(kinds[n_bent], "applied");
    let foreign = Outcome::Quarantined { why: "foreign_workspace".into() };
    assert_eq!(reply.outcomes[n_bent - 1].outcome, foreign);
    let held = store.held_ops().unwrap();
    assert_eq!(held.len(), n_bent);
    assert!(held.iter().all(|it| it.payload.contains("changes")));
    store.verify_feed().unwrap();
}

pub(crate) fn an_operation_on_the_feature_of_another_dataset_is_kept(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    let mut op = close(&mut laptop.hand, "v1");
    op.dataset = dataset("hydrant");
    let outcome = laptop.push(&[op]).remove(0).outcome;
    assert_eq!(outcome, Outcome::Quarantined { why: "malformed".into() });
    let valve = store.feature(valve_id("v1")).unwrap().unwrap();
    assert_eq!(valve.properties[&field("lage")], text("öppen"));
}

pub(crate) fn a_push_that_is_no_push_is_refused_and_changes_nothing(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    let op = close(&mut laptop.hand, "v1");
    let body = laptop.push_body(&[op]);
    let head = store.head().unwrap();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let bodies: Vec<Vec<u8>> = vec![
        vec![],
        b"null".to_vec(),
        b"[]".to_vec(),
        b"{\"protocol\": 1}".to_vec(),
        b"{\"protocol\": -1}".to_vec(),
        b"{\"protocol\": 1e99}".to_vec(),
        vec![0xff; 1_000],
        b"\x1f\x8b\x08\x00garbage that is no gzip".to_vec(),
        deep.into_bytes(),
        body_with(&laptop, &json!({"not": "a list"})),
        body_with(&laptop, &json!([{"no": "id"}])),
        body_with(&laptop, &json!([7])),
    ];
    for bytes in &bodies {
        let answer = laptop.send("POST", "/push", &[], bytes);
        assert_eq!((answer.status, answer.code().as_str()), (400, "malformed"));
        let answer = laptop.send("POST", "/push", &[("Content-Encoding", "gzip")], bytes);
        assert_eq!(answer.status, 400);
        assert!(["malformed", "bad_encoding"].contains(&answer.code().as_str()));
    }
    // Cut after any byte it is not JSON any more.
    for n in (1..body.len()).step_by(37) {
        let answer = laptop.send("POST", "/push", &[], &body[..n]);
        assert_eq!((answer.status, answer.code().as_str()), (400, "malformed"), "{n}");
    }
    assert_eq!(store.head().unwrap(), head);
    assert!(store.held_ops().unwrap().is_empty());
    // None of it spoiled the laptop's lineage.
    let answer = laptop.send("POST", "/push", &[], &body);
    assert_eq!(kinds(&answer.json::<PushReply>().outcomes), ["applied"]);
}

pub(crate) fn bytes_that_were_changed_on_the_way_never_break_the_store(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    let ops = [close(&mut laptop.hand, "v1"), laptop.hand.create_valve(70, "AV-70")];
    let body = laptop.push_body(&ops);
    // A fixed series of numbers, so that a failure can be seen again.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    for _ in 0..300 {
        let mut bytes = body.clone();
        for _ in 0..=next(4) {
            let at = next(bytes.len());
            match next(3) {
                0 => bytes[at] = next(256) as u8,
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, b"0123456789{}[]\",:-"[next(18)]),
            }
        }
        let answer = laptop.send("POST", "/push", &[], &bytes);
        assert!([200, 400, 409, 426].contains(&answer.status), "{}", answer.status);
    }
    store.verify_feed().unwrap();
    for held in store.held_ops().unwrap() {
        assert!(!held.payload.is_empty());
    }
}

pub(crate) fn operations_out_of_order_come_to_the_same(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    let create = laptop.hand.create_valve(70, "AV-70");
    let mut chain = vec![create];
    for n in 0..4 {
        let change =
            [("antal_varv", if n == 0 { Value::Null } else { Value::Int(n) }, Value::Int(n + 1))];
        let mut op = laptop.hand.op(OperationKind::Update, chain[0].feature, &change);
        op.depends_on = vec![chain.last().unwrap().id];
        chain.push(op);
    }
    let mut backwards = chain.clone();
    backwards.reverse();
    let outcomes = laptop.push(&backwards);
    assert_eq!(kinds(&outcomes), ["applied"; 5]);
    assert!(store.held_ops().unwrap().is_empty());
    let valve = store.feature(chain[0].feature).unwrap().unwrap();
    assert_eq!((valve.properties[&field("antal_varv")].clone(), valve.version), (Value::Int(4), 5));
    // Each again, one by one and in pairs: nothing happens twice.
    let head = store.head().unwrap();
    for op in &chain {
        assert_eq!(kinds(&laptop.push(std::slice::from_ref(op))), ["applied"]);
        assert_eq!(kinds(&laptop.push(&[op.clone(), op.clone()])), ["applied", "applied"]);
    }
    assert_eq!(store.head().unwrap(), head);
}

pub(crate) fn a_clock_that_is_years_off_decides_nothing(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let mut early = set(&mut a.hand, "v1", "öppen", "stängd");
    early.device_time = Timestamp::parse("1970-01-01T00:00:00Z").unwrap();
    early.clock_offset_ms = Some(i32::MIN);
    let mut late = set(&mut b.hand, "v1", "öppen", "okänd");
    late.device_time = Timestamp::parse("2099-12-31T23:59:59Z").unwrap();
    assert_eq!(kinds(&a.push(&[early.clone()])), ["applied"]);
    assert_eq!(kinds(&b.push(&[late.clone()])), ["conflict"]);
    let mut follows = set(&mut a.hand, "v1", "stängd", "halvöppen");
    follows.device_time = Timestamp::parse("1970-01-01T00:00:00Z").unwrap();
    follows.depends_on = vec![early.id];
    assert_eq!(kinds(&a.push(&[follows])), ["applied"]);
    let valve = store.feature(valve_id("v1")).unwrap().unwrap();
    assert_eq!(valve.properties[&field("lage")], text("halvöppen"));
    // It is shown as it was.
    let page = b.pull(500);
    let conflict = &page.entries.last().unwrap().conflicts[0];
    assert_eq!(conflict.candidate_by.at, late.device_time);
}

pub(crate) fn a_laptop_of_another_time_is_answered_with_a_code(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    for protocol in [json!(0), json!(4), json!(u32::MAX)] {
        let body = json!({
            "protocol": protocol, "code": null, "device_name": "Bil", "user_name": "A",
            "replica": laptop.hand.replica, "future": {"of": ["many", "words"]},
        });
        let answer = crate::harness::send(
            serving.address(),
            "POST",
            "/sync/v1/join",
            &[],
            body.to_string().as_bytes(),
        );
        assert_eq!((answer.status, answer.code().as_str()), (426, "version_mismatch"));
    }
    // Words that are not known are passed over, in the body and in the operation.
    let op = close(&mut laptop.hand, "v1");
    let mut json = serde_json::to_value(&op).unwrap();
    json["future"] = json!([1, 2, 3]);
    let answer = laptop.send("POST", "/push", &[], &body_with(&laptop, &json!([json])));
    assert_eq!(kinds(&answer.json::<PushReply>().outcomes), ["applied"]);
    assert_eq!(store.head().unwrap().seq, 3);
}

pub(crate) fn values_that_no_rule_knows_are_taken(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    let feature = FeatureId::from_uuid(Uuid::from_u128(70));
    // A field that is not declared, a text where a number is, a code that no list has, half a megabyte.
    let long = "å".repeat(250_000);
    let op = laptop.hand.op(
        OperationKind::Create,
        feature,
        &[
            ("nummer", Value::Null, text("AV-70\u{0}'); DROP TABLE feature; --")),
            ("antal_varv", Value::Null, text("many")),
            ("not_declared", Value::Null, text(&long)),
            ("lage", Value::Null, Value::List(vec!["x".into()])),
        ],
    );
    assert_eq!(kinds(&laptop.push(std::slice::from_ref(&op))), ["applied"]);
    let row = store.feature(feature).unwrap().unwrap();
    for (id, change) in &op.changes {
        assert_eq!(row.properties[id], change.new);
    }
    assert_eq!(laptop.pull(500).entries.len(), 3);
}
