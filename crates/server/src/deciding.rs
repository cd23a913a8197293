use std::collections::{BTreeMap, BTreeSet};

use faltkarta_changes::{Change, ConflictKind, Operation, OperationKind, RowValues};
use faltkarta_model::{BlobId, DatasetId, FeatureId, FieldId, OpId, ReplicaId, Value};
use faltkarta_protocol::{FeedConflict, OpOutcome};
use uuid::Uuid;

use crate::backend::{GeodataStore, StoredFeature, Task};
use crate::error::StoreError;
use crate::rim::Rim;

/// What a coordinator decides about a conflict.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// What the store holds stays: the row as it is, the feature deleted or there as it is.
    Store,
    /// What the other author wanted: the candidates, the feature restored with them or deleted, the deleted parent
    /// back, the operations of the group one by one.
    Candidate,
    /// A third thing, field by field.
    Values(BTreeMap<FieldId, Value>),
}

/// Decides an open conflict at the store, as an operation of the coordinator that is judged like any other: laptops
/// receive it, and where the row moves in between, the decision conflicts itself.
///
/// # Errors
///
/// [`StoreError::NotFound`] when no such conflict is open, [`StoreError::Malformed`] for a decision that the kind of
/// conflict does not know.
pub fn decide(
    store: &dyn GeodataStore,
    conflict: Uuid,
    decision: &Decision,
    (by, note): (&str, Option<&str>),
    rim: &dyn Rim,
) -> Result<Vec<OpOutcome>, StoreError> {
    let open = store.open_conflicts()?;
    let found = open.into_iter().find(|it| it.conflict.id == conflict);
    let (dataset, feature) =
        found.map(|it| (it.dataset, it.feature)).ok_or(StoreError::NotFound)?;
    let told = store.conflicts_of(feature)?.into_iter().find(|it| it.id == conflict);
    let told = told.ok_or(StoreError::NotFound)?;
    let row = store.stored_feature(feature)?.ok_or(StoreError::NotFound)?;
    let desk = Desk { store, by, note, rim };
    let mut op = desk.operation(OperationKind::Resolve, &dataset, feature, &row);
    op.depends_on = vec![told.op];
    let ops = match (told.kind, decision) {
        (ConflictKind::Group, Decision::Candidate) => {
            return store.judge(&Task::Accept { op: told.op, by }, rim);
        }
        (ConflictKind::EditedVsDeleted, Decision::Candidate | Decision::Values(_))
            if row.is_deleted =>
        {
            op.kind = OperationKind::Restore;
            op.changes = chosen(&told, decision, &row.values);
            op.blobs = told_blobs(store, &told)?;
            vec![op]
        }
        (ConflictKind::DeletedVsEdited, Decision::Candidate) => {
            op.kind = OperationKind::Delete;
            op.changes = row.values.iter().map(|it| (it.0.clone(), gone(it.1))).collect();
            op.blobs = row.blobs.iter().cloned().collect();
            op.depends_on.extend(&row.children);
            vec![op]
        }
        (ConflictKind::ParentDeleted, Decision::Candidate) => {
            let mut ops = desk.restored_parent(&row)?;
            ops.push(op);
            ops
        }
        (
            ConflictKind::ParentDeleted
            | ConflictKind::Group
            | ConflictKind::DeletedVsEdited
            | ConflictKind::EditedVsDeleted,
            Decision::Store,
        ) => vec![op],
        (ConflictKind::Field | ConflictKind::IdClash | ConflictKind::DuplicateKey, decision) => {
            op.changes = chosen(&told, decision, &row.values);
            vec![op]
        }
        (_, Decision::Candidate | Decision::Values(_)) => {
            let text = "this conflict cannot be decided in this way".to_owned();
            return Err(StoreError::Malformed { text });
        }
    };
    let ops: Vec<_> = ops.into_iter().map(Ok).collect();
    store.judge(&Task::Relay { device: STORE_DEVICE, role: None, ops: &ops }, rim)
}

/// What laptops are told as the device of the coordinator's operations.
const STORE_DEVICE: &str = "store";

/// The replica of operations that are made at the store.
fn store_replica() -> ReplicaId {
    ReplicaId::from_uuid(Uuid::new_v5(&Uuid::NAMESPACE_OID, b"faltkarta.store"))
}

struct Desk<'a> {
    store: &'a dyn GeodataStore,
    by: &'a str,
    note: Option<&'a str>,
    rim: &'a dyn Rim,
}

impl Desk<'_> {
    fn operation(
        &self,
        kind: OperationKind,
        dataset: &DatasetId,
        feature: FeatureId,
        row: &StoredFeature,
    ) -> Operation {
        let declared = self.store.datasets().into_iter().find(|it| it.dataset.id == *dataset);
        Operation {
            id: OpId::from_uuid(self.rim.new_id()),
            replica: store_replica(),
            op_no: 0,
            user: self.by.to_owned(),
            device_time: self.rim.now(),
            clock_offset_ms: Some(0),
            dataset: dataset.clone(),
            schema_rev: declared.map_or(1, |it| it.revision),
            feature,
            kind,
            base_version: row.version,
            changes: BTreeMap::new(),
            depends_on: vec![],
            group: None,
            atomic: false,
            blobs: vec![],
            note: self.note.map(str::to_owned),
        }
    }

    /// The operation that brings the deleted parent of a child back; none when it is back already.
    fn restored_parent(&self, child: &StoredFeature) -> Result<Vec<Operation>, StoreError> {
        let Some(parent) = child.parent else { return Ok(vec![]) };
        let Some(row) = self.store.stored_feature(parent)? else { return Ok(vec![]) };
        if !row.is_deleted {
            return Ok(vec![]);
        }
        Ok(vec![self.operation(OperationKind::Restore, &row.dataset, parent, &row)])
    }
}

/// The changes of a decision: from what the store holds to what is chosen.
fn chosen(
    told: &FeedConflict,
    decision: &Decision,
    stored: &RowValues,
) -> BTreeMap<FieldId, Change> {
    let fields: BTreeSet<&FieldId> = match decision {
        Decision::Values(values) => told.fields.keys().chain(values.keys()).collect(),
        Decision::Store | Decision::Candidate => told.fields.keys().collect(),
    };
    let value = |field: &FieldId| {
        let old = stored.get(field).cloned().unwrap_or(Value::Null);
        let candidate = || told.fields.get(field).map(|it| it.candidate.clone());
        let new = match decision {
            Decision::Store => None,
            Decision::Candidate => candidate(),
            Decision::Values(values) => values.get(field).cloned(),
        };
        Change { new: new.unwrap_or_else(|| old.clone()), old }
    };
    fields.into_iter().map(|field| (field.clone(), value(field))).collect()
}

fn gone(value: &Value) -> Change {
    Change { old: value.clone(), new: Value::Null }
}

/// The attachments that could not be tied to the row.
fn told_blobs(store: &dyn GeodataStore, told: &FeedConflict) -> Result<Vec<BlobId>, StoreError> {
    let open = store.open_conflicts()?;
    let found = open.into_iter().find(|it| it.conflict.id == told.id);
    Ok(found.map_or_else(Vec::new, |it| it.conflict.blobs.into_iter().collect()))
}
