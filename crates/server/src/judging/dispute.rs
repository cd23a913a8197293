use faltkarta_changes::Conflict;
use faltkarta_model::{FeatureId, FieldId, OpId, ReplicaId, Timestamp, Value};
use faltkarta_protocol::{Author, FeedConflict};

use crate::error::StoreError;

/// A conflict as the store keeps it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ConflictRow {
    /// The disagreement; `op` in it is the operation with the latest candidates.
    pub(crate) conflict: Conflict,
    /// The feature.
    pub(crate) feature: FeatureId,
    /// Number of its dataset.
    pub(crate) dataset_no: u16,
    /// Where the operation was made.
    pub(crate) replica: ReplicaId,
    /// When it arrived.
    pub(crate) at: Timestamp,
    /// Who wants the candidates.
    pub(crate) candidate_by: Author,
    /// Who set what the store holds; `None` when it came with a delivery.
    pub(crate) store_by: Option<Author>,
    /// Fields of the same operation that fitted by themselves.
    pub(crate) merged: Vec<FieldId>,
    /// Whether somebody has decided.
    pub(crate) state: ConflictState,
    /// The operation that decided.
    pub(crate) closed_by: Option<OpId>,
}

impl ConflictRow {
    /// As it travels with its feature.
    pub(crate) fn told(self) -> FeedConflict {
        let Conflict { id, key, kind, op, fields, other, .. } = self.conflict;
        FeedConflict {
            id,
            key,
            kind,
            op,
            replica: self.replica,
            fields,
            candidate_by: self.candidate_by,
            store_by: self.store_by,
            merged: self.merged,
            other,
        }
    }
}

/// The states of a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConflictState {
    /// Nobody has decided.
    Open,
    /// A person has.
    Resolved,
    /// The author of the candidate came round to the store's value, or took the candidate back.
    Superseded,
}

impl ConflictState {
    /// The word in the tables.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::Superseded => "superseded",
        }
    }

    /// Reads the word of the tables.
    pub(crate) fn read(word: &str) -> Result<Self, StoreError> {
        match word {
            "open" => Ok(Self::Open),
            "resolved" => Ok(Self::Resolved),
            "superseded" => Ok(Self::Superseded),
            other => Err(StoreError::damaged(format!("a conflict cannot be {other}"))),
        }
    }
}

/// Notes what the store holds after a change of the row. Whether anything was different.
pub(super) fn refresh<'v>(
    row: &mut ConflictRow,
    value: impl Fn(&FieldId) -> &'v Value,
    by: Option<&Author>,
) -> bool {
    let mut is_moved = false;
    for (field, clash) in &mut row.conflict.fields {
        let stored = value(field);
        if clash.store != *stored {
            clash.store = stored.clone();
            is_moved = true;
        }
    }
    if is_moved {
        row.store_by = by.cloned();
    }
    is_moved
}
