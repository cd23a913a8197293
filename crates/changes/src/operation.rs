use std::collections::BTreeMap;

use faltkarta_model::{
    BlobId, DatasetId, FeatureId, FieldId, GroupId, OpId, ReplicaId, Timestamp, Value,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// One journalled edit of one feature.
///
/// Unknown keys are ignored when it is read: older and newer programs meet in a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// Names it; the key of idempotency on every machine.
    pub id: OpId,
    /// The database file it was made in.
    pub replica: ReplicaId,
    /// Counts operations of that file from 1, without holes.
    pub op_no: u32,
    /// Who made it.
    pub user: String,
    /// The device's clock; shown, never used to order or decide.
    pub device_time: Timestamp,
    /// Device clock minus store clock in milliseconds, as last seen; `None` before the first contact.
    pub clock_offset_ms: Option<i32>,
    /// The dataset.
    pub dataset: DatasetId,
    /// Revision of the dataset's declaration that the person saw.
    pub schema_rev: u32,
    /// The feature.
    pub feature: FeatureId,
    /// What is done to it.
    pub kind: OperationKind,
    /// Version of the base row when the person saw it; 0 for a new one.
    pub base_version: u32,
    /// Old and new value of each changed field; the geometry is the field `geometry`.
    pub changes: BTreeMap<FieldId, Change>,
    /// Operations that must be there first: the parent's create, the previous one on the same feature.
    pub depends_on: Vec<OpId>,
    /// Operations that were made in one act share a group.
    pub group: Option<GroupId>,
    /// Whether the group makes sense only as a whole.
    pub atomic: bool,
    /// Attachments that it names.
    pub blobs: Vec<BlobId>,
    /// Why, in the person's words; shown to the other side of a conflict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Old and new value of one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What the person saw.
    pub old: Value,
    /// What the person wants.
    pub new: Value,
}

/// What an operation does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// A new feature.
    Create,
    /// New values.
    Update,
    /// The feature is taken away; its old values are in `changes`.
    Delete,
    /// A deleted feature comes back.
    Restore,
    /// A person decides a conflict.
    Resolve,
    /// Attachments are added.
    Attach,
    /// Attachments are taken away.
    Detach,
}

impl Operation {
    /// SHA-256 over the canonical encoding: the JSON of this type, keys in the order of declaration, fields sorted.
    pub fn hash(&self) -> [u8; 32] {
        // Every part of an operation serializes: finite numbers, text keys, no foreign types.
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        Sha256::digest(&bytes).into()
    }
}
