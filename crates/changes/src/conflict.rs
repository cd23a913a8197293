use std::collections::{BTreeMap, BTreeSet};

use faltkarta_model::{BlobId, FeatureId, FieldId, OpId, Value};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Something that a person has to decide. The store's value stands until then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// UUID version 5 of the operation that opened it and of [`Conflict::key`], so that a repeated operation cannot
    /// double it. It stays when a later edit of the same author takes the candidates' place.
    pub id: Uuid,
    /// What `id` is made of beside the operation: a field, a field group, or `*` for the whole row.
    pub key: String,
    /// What kind of disagreement it is.
    pub kind: ConflictKind,
    /// The operation whose values are the candidates now.
    pub op: OpId,
    /// The fields it is about; for a whole row all those that the operation names.
    pub fields: BTreeMap<FieldId, Clash>,
    /// Attachments that the operation names and that could not be tied to the row.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub blobs: BTreeSet<BlobId>,
    /// The other feature of a [`ConflictKind::DuplicateKey`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<FeatureId>,
}

/// The three values of one field in a conflict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Clash {
    /// What the author saw.
    pub base: Value,
    /// What the store holds.
    pub store: Value,
    /// What the author wants.
    pub candidate: Value,
}

/// The kinds of disagreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictKind {
    /// Both changed a field or a field group.
    Field,
    /// The feature is deleted in the store, and somebody edited it.
    EditedVsDeleted,
    /// Somebody deleted a feature that has values or children which he had not seen.
    DeletedVsEdited,
    /// Two features were made with one id.
    IdClash,
    /// A child came to a feature that is deleted; the child is kept.
    ParentDeleted,
    /// Another feature has the same value in a field that must be unique; both stand.
    DuplicateKey,
    /// An atomic group does not fit as a whole; nothing of it was applied.
    Group,
}

/// The key of a conflict about a whole row.
pub const WHOLE_ROW: &str = "*";

/// The id of the conflict that an operation has about a field, a field group or a whole row ([`WHOLE_ROW`]).
pub fn conflict_id(op: OpId, key: &str) -> Uuid {
    Uuid::new_v5(&op.uuid(), key.as_bytes())
}
