//! What the coordinator decides at the store.

use faltkarta_changes::{ConflictKind, OperationKind};
use faltkarta_model::{GroupId, Value};
use faltkarta_protocol::{FeedKind, Outcome};
use faltkarta_server::{Decision, GeodataStore, Task, decide};
use uuid::Uuid;

use crate::ground::{Ground, close, delete_seen, set, with_valves};
use crate::harness::{Hand, Laptop, dataset, field, kinds, text, valve_id};

fn the_open(store: &dyn GeodataStore) -> (Uuid, ConflictKind) {
    let open = store.open_conflicts().unwrap();
    assert_eq!(open.len(), 1, "{open:?}");
    (open[0].conflict.id, open[0].conflict.kind)
}

fn decided(ground: &Ground, store: &dyn GeodataStore, decision: &Decision) -> Vec<&'static str> {
    let (id, _) = the_open(store);
    let by = ("Samordnare C", Some("enligt foto"));
    kinds(&decide(store, id, decision, by, ground.rim()).unwrap())
}

pub(crate) fn the_coordinator_decides_between_two_values_and_laptops_hear_of_it(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let store = store.as_ref();
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    for (decision, wanted) in [
        (Decision::Store, "a"),
        (Decision::Candidate, "b"),
        (Decision::Values([(field("lage"), text("c"))].into()), "c"),
    ] {
        let valve = store.feature(valve_id("v1")).unwrap().unwrap();
        let Value::Text(now) = valve.properties[&field("lage")].clone() else { panic!() };
        let base = format!("{now} nu");
        let back = set(&mut a.hand, "v1", &now, &base);
        let mine = set(&mut a.hand, "v1", &base, "a");
        let theirs = set(&mut b.hand, "v1", &base, "b");
        a.push(&[back, mine]);
        assert_eq!(kinds(&b.push(&[theirs])), ["conflict"]);
        assert_eq!(decided(ground, store, &decision), ["applied"]);
        assert!(store.open_conflicts().unwrap().is_empty());
        let page = a.pull(500);
        let last = page.entries.last().unwrap();
        let by = last.by.as_ref().unwrap();
        assert_eq!((by.user.as_str(), by.device.as_str()), ("Samordnare C", "store"));
        assert_eq!(last.row.as_ref().unwrap().properties[&field("lage")], text(wanted));
        assert!(last.conflicts.is_empty());
    }
    let nothing = decide(store, Uuid::nil(), &Decision::Store, ("C", None), ground.rim());
    assert_eq!(nothing.unwrap_err().code(), "not_found");
}

pub(crate) fn the_coordinator_decides_whether_a_valve_is_there(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let store = store.as_ref();
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    // Edited and deleted: the edit wins and the valve is back; the second time the deletion wins.
    for (decision, is_there) in [(Decision::Candidate, true), (Decision::Store, false)] {
        let valve = store.feature(valve_id("v1")).unwrap().unwrap();
        let delete = delete_seen(&mut a.hand, store, "v1");
        assert_eq!(kinds(&a.push(&[delete])), ["applied"]);
        let old = valve.properties[&field("antal_varv")].clone();
        let change = [("antal_varv", old, Value::Int(99))];
        let edit = b.hand.op(OperationKind::Update, valve_id("v1"), &change);
        assert_eq!(kinds(&b.push(&[edit])), ["conflict"]);
        assert_eq!(the_open(store).1, ConflictKind::EditedVsDeleted);
        let kinds = decided(ground, store, &decision);
        assert!(kinds == ["applied"] || kinds == ["merged"], "{kinds:?}");
        assert!(store.open_conflicts().unwrap().is_empty());
        let valve = store.feature(valve_id("v1")).unwrap();
        assert_eq!(valve.is_some(), is_there);
        if let Some(valve) = valve {
            assert_eq!(valve.properties[&field("antal_varv")], Value::Int(99));
        }
    }
    // Deleted without having seen an inspection: the deletion holds, the inspection stays.
    let inspection = b.hand.inspection(90, valve_id("v2"));
    b.push(std::slice::from_ref(&inspection));
    let delete = delete_seen(&mut a.hand, store, "v2");
    assert_eq!(kinds(&a.push(&[delete])), ["conflict"]);
    assert_eq!(the_open(store).1, ConflictKind::DeletedVsEdited);
    assert_eq!(decided(ground, store, &Decision::Candidate), ["applied"]);
    assert!(store.feature(valve_id("v2")).unwrap().is_none());
    assert!(store.feature(inspection.feature).unwrap().is_some());
    assert!(store.open_conflicts().unwrap().is_empty());
    store.verify_feed().unwrap();
}

pub(crate) fn the_coordinator_brings_the_deleted_parent_of_an_inspection_back(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let store = store.as_ref();
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let delete = delete_seen(&mut a.hand, store, "v1");
    a.push(&[delete]);
    let inspection = b.hand.inspection(90, valve_id("v1"));
    assert_eq!(kinds(&b.push(&[inspection])), ["conflict"]);
    assert_eq!(the_open(store).1, ConflictKind::ParentDeleted);
    assert_eq!(decided(ground, store, &Decision::Candidate), ["applied", "applied"]);
    assert!(store.feature(valve_id("v1")).unwrap().is_some());
    assert!(store.open_conflicts().unwrap().is_empty());
}

pub(crate) fn the_coordinator_lets_a_group_in_operation_by_operation(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let store = store.as_ref();
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let mine = close(&mut a.hand, "v2");
    a.push(&[mine]);
    let mut group = [b.hand.create_valve(80, "AV-80"), set(&mut b.hand, "v2", "öppen", "okänd")];
    for op in &mut group {
        op.group = Some(GroupId::from_uuid(Uuid::from_u128(9)));
        op.atomic = true;
    }
    assert_eq!(kinds(&b.push(&group)), ["parked", "parked"]);
    assert_eq!(the_open(store).1, ConflictKind::Group);
    assert_eq!(decided(ground, store, &Decision::Candidate), ["applied", "conflict"]);
    assert_eq!(the_open(store).1, ConflictKind::Field);
    assert!(store.held_ops().unwrap().is_empty());
    assert!(store.feature(group[0].feature).unwrap().is_some());
    // The laptop that repeats itself hears what became of each.
    assert_eq!(kinds(&b.push(&group)), ["applied", "conflict"]);
}

fn accept(ground: &Ground, store: &dyn GeodataStore, op: faltkarta_model::OpId) -> String {
    match store.judge(&Task::Accept { op, by: "Samordnare C" }, ground.rim()) {
        Ok(outcomes) => kinds(&outcomes).join(" "),
        Err(error) => error.code().to_owned(),
    }
}

pub(crate) fn the_coordinator_lets_quarantined_operations_in(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let store = store.as_ref();
    let mut laptop = Laptop::join(serving.address(), 1);
    let valve = laptop.hand.create_valve(81, "AV-81");
    let mut proposal = laptop.hand.create_valve(83, "x");
    proposal.dataset = dataset("water_pipe");
    let mut read_only = laptop.hand.create_valve(84, "x");
    read_only.dataset = dataset("parcel");
    let mut other_content = valve.clone();
    other_content.feature = laptop.hand.create_valve(85, "x").feature;
    let mut unknown = laptop.hand.create_valve(86, "x");
    unknown.dataset = dataset("nowhere");
    let mut waiting = laptop.hand.inspection(87, Hand::new(5).create_valve(99, "x").feature);
    waiting.base_version = 0;
    let ops =
        [valve.clone(), proposal.clone(), read_only.clone(), unknown.clone(), waiting.clone()];
    laptop.push(&ops);
    laptop.push(std::slice::from_ref(&other_content));
    assert_eq!(store.held_ops().unwrap().len(), 5);
    laptop.pull(500);
    assert_eq!(accept(ground, store, proposal.id), "applied");
    let told = laptop.pull(500).entries;
    assert_eq!((told.len(), told[0].op, told[0].kind), (1, proposal.id, FeedKind::Upsert));
    assert_eq!(accept(ground, store, read_only.id), "applied");
    // Other content under a known id: an operation by itself.
    assert_eq!(accept(ground, store, valve.id), "conflict");
    assert!(store.feature(other_content.feature).unwrap().is_some());
    // Nobody can let in what nothing is known of, or what waits for something else.
    assert_eq!(accept(ground, store, unknown.id), "quarantined");
    assert_eq!(accept(ground, store, waiting.id), "not_acceptable");
    assert_eq!(accept(ground, store, proposal.id), "not_found");
    let held = store.held_ops().unwrap();
    assert_eq!(held.len(), 2);
    // The laptop that repeats itself hears the new outcome.
    assert_eq!(kinds(&laptop.push(&[proposal])), ["applied"]);
    store.verify_feed().unwrap();
}

pub(crate) fn what_cannot_be_read_cannot_be_let_in_and_stays(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let laptop = Laptop::join(serving.address(), 1);
    let id = Uuid::from_u128(4);
    let mut body: serde_json::Value = serde_json::from_slice(&laptop.push_body(&[])).unwrap();
    body["ops"] = serde_json::json!([{"id": id, "kind": "explode"}]);
    laptop.send("POST", "/push", &[], body.to_string().as_bytes());
    let op = faltkarta_model::OpId::from_uuid(id);
    assert_eq!(accept(ground, store.as_ref(), op), "not_acceptable");
    assert_eq!(
        store.held_ops().unwrap()[0].outcome.outcome,
        Outcome::Quarantined { why: "malformed".into() }
    );
}

pub(crate) fn rights_are_asked_for_at_arrival_and_not_when_the_wait_is_over(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let at = serving.address();
    let mut c = Laptop::join_as(at, 1, store.as_ref(), ground.rim(), "coordinator");
    let mut a = Laptop::join(at, 2);
    let valve = a.hand.create_valve(77, "AV-77");
    // The coordinator may change mains; the change waits for a valve that a technician brings, who may not.
    let mut main = c.hand.create_valve(78, "x");
    main.dataset = dataset("water_pipe");
    main.depends_on = vec![valve.id];
    assert_eq!(kinds(&c.push(std::slice::from_ref(&main))), ["parked"]);
    assert_eq!(kinds(&a.push(&[valve])), ["applied"]);
    assert!(store.held_ops().unwrap().is_empty());
    assert!(store.feature(main.feature).unwrap().is_some());
}
