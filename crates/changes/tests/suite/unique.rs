//! Values that should be unique.

use std::collections::BTreeSet;

use faltkarta_changes::{
    ConflictKind, Effect, OperationKind, claimed_keys, conflict_id, duplicate_key,
};
use faltkarta_model::{FeatureId, Value};
use uuid::Uuid;

use crate::support::{SCHEMA, field, op, text, values};

fn put(nummer: Value) -> Effect {
    Effect::Put { values: values(&[("nummer", nummer), ("f", text("a"))]), blobs: BTreeSet::new() }
}

#[test]
fn a_unique_value_is_claimed_when_it_is_taken_and_when_its_feature_comes_back() {
    let effect = put(text("AV-1"));
    let (before, other) =
        (values(&[("nummer", text("AV-1"))]), values(&[("nummer", text("AV-2"))]));
    let claim = [(field("nummer"), text("AV-1"))];
    let claimed = |before| {
        claimed_keys(before, &effect, &*SCHEMA)
            .into_iter()
            .map(|(id, value)| (id.clone(), value.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(claimed(Some(&before)), []);
    assert_eq!(claimed(Some(&other)), claim);
    assert_eq!(claimed(None), claim);
    assert_eq!(claimed_keys(None, &put(Value::Null), &*SCHEMA), []);
    assert_eq!(claimed_keys(None, &Effect::Remove, &*SCHEMA), []);
}

#[test]
fn a_doubled_key_names_the_other_feature_and_both_stand() {
    let other = FeatureId::from_uuid(Uuid::from_u128(9));
    let op = op(OperationKind::Update, &[("nummer", text("AV-1"), text("AV-2"))]);
    let conflict = duplicate_key(&op, &field("nummer"), &text("AV-2"), other);
    assert_eq!((conflict.kind, conflict.other), (ConflictKind::DuplicateKey, Some(other)));
    assert_eq!((conflict.id, &*conflict.key), (conflict_id(op.id, "nummer"), "nummer"));
    let clash = &conflict.fields[&field("nummer")];
    assert_eq!((&clash.base, &clash.store), (&text("AV-1"), &text("AV-2")));
    assert_eq!((&clash.candidate, conflict.op), (&text("AV-2"), op.id));
    let written = serde_json::to_string(&conflict).unwrap();
    assert_eq!(serde_json::from_str::<faltkarta_changes::Conflict>(&written).unwrap(), conflict);
}
