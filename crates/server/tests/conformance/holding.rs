//! What waits, and is never lost.

use faltkarta_changes::OperationKind;
use faltkarta_model::FeatureId;
use faltkarta_protocol::Outcome;
use uuid::Uuid;

use crate::ground::{Ground, close, with_valves};
use crate::harness::{Hand, Laptop, dataset, field, kinds, text};

pub(crate) fn what_comes_before_its_parent_is_parked_and_applied_when_the_parent_comes(
    ground: &Ground,
) {
    let (store, serving) = with_valves(ground);
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

pub(crate) fn an_operation_that_may_not_be_merged_is_kept_whole(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let mut laptop = Laptop::join(serving.address(), 1);
    let valve = laptop.hand.create_valve(81, "AV-81");
    let mut changed = valve.clone();
    "somebody else".clone_into(&mut changed.user);
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

pub(crate) fn a_malformed_operation_does_not_spoil_its_neighbours(ground: &Ground) {
    let (store, serving) = with_valves(ground);
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
