use std::collections::{BTreeMap, BTreeSet};

use faltkarta_model::{BlobId, FeatureId, GroupId, OpId, ReplicaId, Timestamp};
use faltkarta_protocol::{Author, Outcome};
use uuid::Uuid;

use crate::areas::Moved;
use crate::judging::chain::next_chain;
use crate::judging::content::Hash16;
use crate::judging::dispute::ConflictRow;
use crate::judging::hold::HeldOp;
use crate::judging::rows::{ChildRow, FeatureRow, Place};

/// Everything that one transaction writes, collected in memory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Batch {
    /// The rows as they shall stand, to be inserted or put in the place of the row with this id. Marks of deliveries
    /// on the row stay.
    pub(crate) rows: BTreeMap<FeatureId, FeatureRow>,
    /// Superseded rows, to be inserted.
    pub(crate) history: Vec<FeatureRow>,
    /// To be inserted unless they are there.
    pub(crate) children: Vec<ChildRow>,
    /// To be inserted unless they are there.
    pub(crate) blob_refs: BTreeSet<(BlobId, FeatureId)>,
    /// To be inserted or put in the place of the one with this id.
    pub(crate) conflicts: BTreeMap<Uuid, ConflictRow>,
    /// Operations that wait no more, by id and hash; to be removed before `held` is written.
    pub(crate) released: BTreeSet<(OpId, [u8; 32])>,
    /// Operations that wait, by id and hash; to be inserted or put in the place of the same.
    pub(crate) held: BTreeMap<(OpId, [u8; 32]), HeldOp>,
    /// What became of operations; to be put in the place of the claim, or of the row of one that was held.
    pub(crate) log: BTreeMap<OpId, LogRow>,
    /// The feed's entries in their order.
    pub(crate) entries: Vec<Entry>,
    /// The laptop's lineage.
    pub(crate) lineage: Option<LineageRow>,
    /// Whether the window after a restore closes, because what was gathered is merged.
    pub(crate) ends_recovery: bool,
    /// A laptop that was heard of.
    pub(crate) seen: Option<(Uuid, Timestamp)>,
}

/// What became of an operation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LogRow {
    /// Hash of its content.
    pub(crate) hash: [u8; 32],
    /// Where it was made.
    pub(crate) replica: ReplicaId,
    /// Its number there.
    pub(crate) op_no: u32,
    /// Who made it.
    pub(crate) by: Author,
    /// When it arrived.
    pub(crate) at: Timestamp,
    /// Who let it in, when the coordinator did.
    pub(crate) accepted_by: Option<String>,
    /// Whether it waits.
    pub(crate) is_held: bool,
    /// What became of it.
    pub(crate) outcome: Outcome,
    /// The entry that tells when a laptop has it.
    pub(crate) place: Option<Place>,
}

/// An entry of the feed without its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The operation that caused it.
    pub(crate) op: OpId,
    /// Number of the dataset.
    pub(crate) dataset_no: u16,
    /// The feature.
    pub(crate) feature: FeatureId,
    /// Its version after it.
    pub(crate) version: u32,
    /// Whether the row after it is a tombstone.
    pub(crate) is_deleted: bool,
    /// Hash of the row after it.
    pub(crate) row_hash: Hash16,
    /// What belongs together on a page.
    pub(crate) group: Option<GroupId>,
    /// For a row that lies where its parent lies, told because that has moved; `None` for all others, whose place is
    /// read off the row.
    pub(crate) moved: Option<Moved>,
}

impl Entry {
    /// The chain after this entry.
    pub(crate) fn chain(&self, before: Hash16) -> Hash16 {
        next_chain(before, self.op.as_bytes(), self.feature.as_bytes(), self.row_hash)
    }
}

/// The lineage of a laptop's file after a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineageRow {
    /// The laptop.
    pub(crate) device: Uuid,
    /// Its file.
    pub(crate) replica: ReplicaId,
    /// The token that is good from now on.
    pub(crate) current: String,
    /// The one that was sent.
    pub(crate) before: String,
    /// The first operation of the push.
    pub(crate) first_op: OpId,
}
