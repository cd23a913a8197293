//! What a person has to decide.

use faltkarta_changes::OperationKind;
use faltkarta_model::GroupId;
use faltkarta_protocol::{FeedKind, Outcome};
use uuid::Uuid;

use crate::ground::{Ground, close, delete_seen, with_valves};
use crate::harness::{Laptop, field, kinds, text, valve_id};

pub(crate) fn two_edits_of_one_field_become_a_conflict_that_a_person_closes(ground: &Ground) {
    let (store, serving) = with_valves(ground);
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

pub(crate) fn a_deleted_parent_keeps_its_child_and_asks(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let delete = delete_seen(&mut a.hand, store.as_ref(), "v1");
    assert_eq!(kinds(&a.push(&[delete])), ["applied"]);
    let inspection = b.hand.inspection(90, valve_id("v1"));
    assert_eq!(kinds(&b.push(std::slice::from_ref(&inspection))), ["conflict"]);
    assert!(store.feature(inspection.feature).unwrap().is_some());
    // The other way round: a valve with an inspection that the deleter has not seen stays.
    let inspection = b.hand.inspection(91, valve_id("v2"));
    b.push(&[inspection]);
    let delete = delete_seen(&mut a.hand, store.as_ref(), "v2");
    assert_eq!(kinds(&a.push(&[delete])), ["conflict"]);
    assert!(store.feature(valve_id("v2")).unwrap().is_some());
    let gone = a.pull(500).entries.into_iter().find(|it| it.kind == FeedKind::Delete).unwrap();
    assert_eq!((gone.feature, gone.row), (valve_id("v1"), None));
}

pub(crate) fn one_clash_in_an_atomic_group_holds_all_of_it_back(ground: &Ground) {
    let (store, serving) = with_valves(ground);
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
