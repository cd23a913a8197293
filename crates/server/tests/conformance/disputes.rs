//! What a person has to decide.

use faltkarta_changes::{ConflictKind, OperationKind};
use faltkarta_model::{FeatureId, GroupId, Value};
use faltkarta_protocol::{FeedConflict, FeedKind, Outcome};
use uuid::Uuid;

use crate::ground::{Ground, close, delete_seen, set, with_valves};
use crate::harness::{Laptop, field, kind, kinds, text, valve_id};

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

/// The conflicts that a laptop is told with the newest entry of a feature.
fn told(laptop: &mut Laptop, feature: FeatureId) -> Vec<FeedConflict> {
    let page = laptop.pull(500);
    let newest = page.entries.into_iter().rfind(|it| it.feature == feature).unwrap();
    newest.conflicts
}

pub(crate) fn an_open_conflict_travels_with_its_feature_and_tells_who_wants_what(ground: &Ground) {
    let (_store, serving) = with_valves(ground);
    let at = serving.address();
    let (mut a, mut b, mut c) = (Laptop::join(at, 1), Laptop::join(at, 2), Laptop::join(at, 3));
    let op = close(&mut a.hand, "v1");
    a.push(&[op]);
    let changes =
        [("lage", text("öppen"), text("okänd")), ("fabrikat", Value::Null, text("Hawle"))];
    let op = b.hand.op(OperationKind::Update, valve_id("v1"), &changes);
    assert_eq!(kinds(&b.push(std::slice::from_ref(&op))), ["conflict"]);
    let page = c.pull(500);
    let entry = page.entries.last().unwrap();
    assert_eq!((entry.op, entry.by.as_ref().unwrap().user.as_str()), (op.id, "Tekniker 2"));
    let [conflict] = &entry.conflicts[..] else { panic!("{:?}", entry.conflicts) };
    assert_eq!((conflict.kind, conflict.key.as_str()), (ConflictKind::Field, "group:state"));
    let clash = &conflict.fields[&field("lage")];
    assert_eq!(
        (&clash.base, &clash.store, &clash.candidate),
        (&text("öppen"), &text("stängd"), &text("okänd"))
    );
    assert_eq!(conflict.candidate_by.user, "Tekniker 2");
    assert_eq!((conflict.candidate_by.device.as_str(), conflict.op), ("Bil 3", op.id));
    assert_eq!(conflict.store_by.as_ref().unwrap().user, "Tekniker 1");
    assert_eq!(conflict.merged, [field("fabrikat")]);
    // What came with a delivery has no author, and no conflict.
    assert!(page.entries[0].by.is_none() && page.entries[1].conflicts.is_empty());
    // Decided, it is gone from the next entry.
    let change = [("lage", text("stängd"), text("okänd"))];
    let mut resolve = c.hand.op(OperationKind::Resolve, valve_id("v1"), &change);
    resolve.depends_on = vec![op.id];
    // The row it was made on has been changed by two others since.
    assert_eq!(kinds(&c.push(&[resolve])), ["merged"]);
    assert_eq!(told(&mut c, valve_id("v1")), []);
}

pub(crate) fn a_conflict_without_a_changed_row_makes_an_entry_too(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let op = close(&mut a.hand, "v1");
    a.push(&[op]);
    b.pull(500);
    let op = set(&mut b.hand, "v1", "öppen", "okänd");
    let outcome = b.push(&[op]).remove(0);
    assert_eq!((kind(&outcome), outcome.seq), ("conflict", Some(4)));
    let page = b.pull(500);
    let entry = &page.entries[0];
    assert_eq!((page.entries.len(), entry.seq, entry.version), (1, 4, 2));
    assert_eq!((entry.kind, entry.conflicts.len()), (FeedKind::Upsert, 1));
    store.verify_feed().unwrap();
}

pub(crate) fn a_conflict_shows_what_the_store_holds_after_a_third_hand(ground: &Ground) {
    let (_store, serving) = with_valves(ground);
    let at = serving.address();
    let (mut a, mut b, mut c) = (Laptop::join(at, 1), Laptop::join(at, 2), Laptop::join(at, 3));
    let first = close(&mut a.hand, "v1");
    let second = set(&mut b.hand, "v1", "öppen", "okänd");
    let third = set(&mut c.hand, "v1", "stängd", "halvöppen");
    a.push(&[first]);
    b.push(&[second]);
    assert_eq!(kinds(&c.push(&[third])), ["merged"]);
    let conflict = told(&mut b, valve_id("v1")).remove(0);
    assert_eq!(conflict.fields[&field("lage")].store, text("halvöppen"));
    assert_eq!(conflict.store_by.unwrap().user, "Tekniker 3");
    assert_eq!(conflict.candidate_by.user, "Tekniker 2");
}

pub(crate) fn a_candidate_that_its_author_takes_back_is_no_conflict_any_more(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let mine = close(&mut a.hand, "v1");
    a.push(&[mine]);
    let theirs = set(&mut b.hand, "v1", "öppen", "okänd");
    b.push(&[theirs]);
    assert_eq!(told(&mut a, valve_id("v1")).len(), 1);
    let back = set(&mut b.hand, "v1", "okänd", "stängd");
    assert_eq!(kinds(&b.push(&[back])), ["applied"]);
    assert!(store.open_conflicts().unwrap().is_empty());
    assert_eq!(told(&mut a, valve_id("v1")), []);
}

pub(crate) fn a_resolution_that_meets_a_moved_value_conflicts_itself(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let at = serving.address();
    let (mut a, mut b, mut c) = (Laptop::join(at, 1), Laptop::join(at, 2), Laptop::join(at, 3));
    let mine = close(&mut a.hand, "v1");
    a.push(&[mine]);
    let theirs = set(&mut b.hand, "v1", "öppen", "okänd");
    b.push(std::slice::from_ref(&theirs));
    let moved = set(&mut a.hand, "v1", "stängd", "halvöppen");
    assert_eq!(kinds(&a.push(&[moved])), ["applied"]);
    let change = [("lage", text("stängd"), text("okänd"))];
    let mut resolve = c.hand.op(OperationKind::Resolve, valve_id("v1"), &change);
    resolve.depends_on = vec![theirs.id];
    assert_eq!(kinds(&c.push(&[resolve])), ["conflict"]);
    assert_eq!(store.open_conflicts().unwrap().len(), 2);
    let valve = store.feature(valve_id("v1")).unwrap().unwrap();
    assert_eq!(valve.properties[&field("lage")], text("halvöppen"));
}

pub(crate) fn nobody_decides_about_candidates_that_he_has_not_seen(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let mine = close(&mut a.hand, "v1");
    a.push(&[mine]);
    let theirs = set(&mut b.hand, "v1", "öppen", "okänd");
    b.push(std::slice::from_ref(&theirs));
    let first = store.open_conflicts().unwrap()[0].conflict.id;
    let later = set(&mut b.hand, "v1", "okänd", "halvöppen");
    b.push(std::slice::from_ref(&later));
    // A saw the first candidate only.
    let change = [("lage", text("stängd"), text("stängd"))];
    let mut resolve = a.hand.op(OperationKind::Resolve, valve_id("v1"), &change);
    resolve.depends_on = vec![theirs.id];
    a.push(&[resolve]);
    let open = store.open_conflicts().unwrap();
    assert_eq!((open.len(), open[0].conflict.id, open[0].conflict.op), (1, first, later.id));
    let mut resolve = a.hand.op(OperationKind::Resolve, valve_id("v1"), &change);
    resolve.depends_on = vec![later.id];
    a.push(&[resolve]);
    assert!(store.open_conflicts().unwrap().is_empty());
}

pub(crate) fn an_edit_of_a_deleted_valve_waits_and_a_restore_brings_both_back(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let delete = delete_seen(&mut a.hand, store.as_ref(), "v1");
    a.push(&[delete]);
    let edit = close(&mut b.hand, "v1");
    assert_eq!(kinds(&b.push(std::slice::from_ref(&edit))), ["conflict"]);
    assert!(store.feature(valve_id("v1")).unwrap().is_none());
    let conflict = told(&mut a, valve_id("v1")).remove(0);
    assert_eq!(conflict.kind, ConflictKind::EditedVsDeleted);
    assert_eq!(conflict.store_by.unwrap().user, "Tekniker 1");
    let change = [("lage", text("öppen"), text("stängd"))];
    let mut restore = b.hand.op(OperationKind::Restore, valve_id("v1"), &change);
    restore.depends_on = vec![edit.id];
    assert_eq!(kinds(&b.push(&[restore])), ["merged"]);
    let valve = store.feature(valve_id("v1")).unwrap().unwrap();
    assert_eq!(valve.properties[&field("lage")], text("stängd"));
    assert!(store.open_conflicts().unwrap().is_empty());
}

pub(crate) fn a_second_valve_with_a_number_stands_and_both_are_named(ground: &Ground) {
    let (store, serving) = with_valves(ground);
    let (mut a, mut b) = (Laptop::join(serving.address(), 1), Laptop::join(serving.address(), 2));
    let ops = [a.hand.create_valve(70, "AV-70"), a.hand.create_valve(71, "AV-71")];
    assert_eq!(kinds(&a.push(&ops)), ["applied", "applied"]);
    let twin = b.hand.create_valve(72, "AV-70");
    assert_eq!(kinds(&b.push(std::slice::from_ref(&twin))), ["conflict"]);
    let conflict = told(&mut a, twin.feature).remove(0);
    assert_eq!((conflict.kind, conflict.key.as_str()), (ConflictKind::DuplicateKey, "nummer"));
    assert_eq!(conflict.other, Some(ops[0].feature));
    for feature in [twin.feature, ops[0].feature] {
        let valve = store.feature(feature).unwrap().unwrap();
        assert_eq!(valve.properties[&field("nummer")], text("AV-70"));
    }
    // In one push too; and another number by the same author is the end of it.
    let pair = [b.hand.create_valve(73, "AV-73"), b.hand.create_valve(74, "AV-73")];
    assert_eq!(kinds(&b.push(&pair)), ["applied", "conflict"]);
    let change = [("nummer", text("AV-73"), text("AV-75"))];
    let renamed = b.hand.op(OperationKind::Update, pair[1].feature, &change);
    assert_eq!(kinds(&b.push(&[renamed])), ["applied"]);
    // The number of a deleted valve is free.
    let delete = a.hand.op(
        OperationKind::Delete,
        ops[1].feature,
        &ops[1]
            .changes
            .iter()
            .map(|(id, it)| (id.as_str(), it.new.clone(), Value::Null))
            .collect::<Vec<_>>(),
    );
    assert_eq!(kinds(&a.push(&[delete])), ["applied"]);
    let next = b.hand.create_valve(76, "AV-71");
    assert_eq!(kinds(&b.push(&[next])), ["applied"]);
    assert_eq!(store.open_conflicts().unwrap().len(), 1);
    // Who gives the second one another number decides.
    let change = [("nummer", text("AV-70"), text("AV-700"))];
    let mut resolve = a.hand.op(OperationKind::Resolve, twin.feature, &change);
    resolve.depends_on = vec![twin.id];
    assert_eq!(kinds(&a.push(&[resolve])), ["applied"]);
    assert!(store.open_conflicts().unwrap().is_empty());
}
