//! Operations and conflicts as small values, and as the product's own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use faltkarta_changes::{
    Change, Clash, Conflict, ConflictKind, Operation, OperationKind, WHOLE_ROW, conflict_id,
};
use faltkarta_model::{DatasetId, FeatureId, FieldId, OpId, ReplicaId, Timestamp, Value};
use uuid::Uuid;

/// A value; 0 is none.
pub(crate) type Val = u16;
/// Two attributes and the area that the feature lies in, numbered from 1.
pub(crate) const N_FIELDS: usize = 3;
pub(crate) const AREA: usize = 2;
pub(crate) type Values = [Val; N_FIELDS];

#[expect(clippy::expect_used, reason = "constants of this file")]
static FIELDS: LazyLock<[FieldId; N_FIELDS]> =
    LazyLock::new(|| ["a", "b", "area"].map(|it| FieldId::parse(it).expect("a field")));
#[expect(clippy::expect_used, reason = "constants of this file")]
static DATASET: LazyLock<DatasetId> =
    LazyLock::new(|| DatasetId::parse("model").expect("a dataset"));

/// One edit as it is journalled and sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Op {
    pub(crate) id: u16,
    /// The edit that a person made; what a bug does to ids does not change it.
    pub(crate) edit: u16,
    pub(crate) replica: u8,
    /// Counts the operations of its laptop.
    pub(crate) no: u16,
    pub(crate) kind: OperationKind,
    pub(crate) feature: u8,
    /// Field, old, new.
    pub(crate) changes: Vec<(u8, Val, Val)>,
    pub(crate) needs: Vec<u16>,
}

pub(crate) fn field_id(field: usize) -> &'static FieldId {
    &FIELDS[field]
}

fn field_no(id: &FieldId) -> u8 {
    FIELDS.iter().position(|it| it == id).unwrap_or(N_FIELDS) as u8
}

pub(crate) fn op_id(id: u16) -> OpId {
    OpId::from_uuid(Uuid::from_u128(u128::from(id)))
}

fn small_id(id: OpId) -> u16 {
    id.uuid().as_u128() as u16
}

pub(crate) fn real_value(value: Val) -> Value {
    if value == 0 { Value::Null } else { Value::Int(value.into()) }
}

pub(crate) fn small_value(value: Option<&Value>) -> Val {
    match value {
        Some(Value::Int(number)) => *number as Val,
        _ => 0,
    }
}

pub(crate) fn real_values(values: Values) -> BTreeMap<FieldId, Value> {
    let held = values.into_iter().enumerate().filter(|(_, it)| *it != 0);
    held.map(|(field, it)| (field_id(field).clone(), real_value(it))).collect()
}

impl Op {
    pub(crate) fn to_real(&self) -> Operation {
        let changes = self.changes.iter().map(|(field, old, new)| {
            let change = Change { old: real_value(*old), new: real_value(*new) };
            (field_id(usize::from(*field)).clone(), change)
        });
        Operation {
            id: op_id(self.id),
            replica: ReplicaId::from_uuid(Uuid::from_u128(self.replica.into())),
            op_no: self.no.into(),
            user: String::new(),
            device_time: Timestamp::from_unix_ms(0),
            clock_offset_ms: None,
            dataset: DATASET.clone(),
            schema_rev: 1,
            feature: FeatureId::from_uuid(Uuid::from_u128(self.feature.into())),
            kind: self.kind,
            base_version: 0,
            changes: changes.collect(),
            depends_on: self.needs.iter().map(|it| op_id(*it)).collect(),
            group: None,
            atomic: false,
            blobs: vec![],
            note: None,
        }
    }
}

/// An open conflict.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Dispute {
    /// The operation that opened it; with the key it is the conflict's id.
    pub(crate) opened_by: u16,
    /// A field, or `None` for the whole row.
    pub(crate) key: Option<u8>,
    pub(crate) kind: ConflictKind,
    /// Whose values are the candidates now.
    pub(crate) op: u16,
    pub(crate) replica: u8,
    pub(crate) feature: u8,
    /// Field, base, store, candidate.
    pub(crate) fields: Vec<(u8, Val, Val, Val)>,
}

impl Dispute {
    fn key_text(&self) -> &str {
        self.key.map_or(WHOLE_ROW, |field| field_id(usize::from(field)).as_str())
    }

    pub(crate) fn id(&self) -> Uuid {
        conflict_id(op_id(self.opened_by), self.key_text())
    }

    pub(crate) fn to_real(&self) -> Conflict {
        let fields = self.fields.iter().map(|(field, base, store, candidate)| {
            let clash = Clash {
                base: real_value(*base),
                store: real_value(*store),
                candidate: real_value(*candidate),
            };
            (field_id(usize::from(*field)).clone(), clash)
        });
        Conflict {
            id: self.id(),
            key: self.key_text().to_owned(),
            kind: self.kind,
            op: op_id(self.op),
            fields: fields.collect(),
            blobs: BTreeSet::new(),
            other: None,
        }
    }

    /// `opened_by` is the one of the conflict that is replaced, or of the operation itself.
    pub(crate) fn from_real(conflict: &Conflict, opened_by: u16, op: &Op) -> Self {
        let fields = conflict.fields.iter().map(|(field, it)| {
            let small = |value| small_value(Some(value));
            (field_no(field), small(&it.base), small(&it.store), small(&it.candidate))
        });
        let mut fields: Vec<_> = fields.collect();
        fields.sort_unstable();
        let key = (conflict.key != WHOLE_ROW)
            .then(|| FIELDS.iter().position(|it| it.as_str() == conflict.key).unwrap_or(0) as u8);
        Self {
            opened_by,
            key,
            kind: conflict.kind,
            op: small_id(conflict.op),
            replica: op.replica,
            feature: op.feature,
            fields,
        }
    }
}
