use std::collections::BTreeMap;

use faltkarta_changes::{Clash, ConflictKind, Operation};
use faltkarta_model::{
    BlobId, DatasetId, FeatureId, FieldId, OpId, Properties, ReplicaId, Timestamp, Value,
};
use serde::{Deserialize, Serialize};

use crate::schema::SchemaRevision;

/// The version of this wire; a server answers 426 to one it does not know.
pub const PROTOCOL_VERSION: u32 = 1;

/// The oldest version that the store still answers.
pub const PROTOCOL_OLDEST: u32 = 1;

/// `POST /sync/v1/join`: enrols a laptop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JoinRequest {
    /// [`PROTOCOL_VERSION`] of the laptop.
    pub protocol: u32,
    /// One-time code from the coordinator; may be missing when both are on one machine (loopback).
    pub code: Option<String>,
    /// What the laptop is called.
    pub device_name: String,
    /// Who works on it.
    pub user_name: String,
    /// The laptop's database file.
    pub replica: ReplicaId,
}

/// The answer to a join.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JoinReply {
    /// Version of the store's wire.
    pub protocol: u32,
    /// Opaque secret; sent as `Authorization: Bearer …` from now on. The store keeps only its hash.
    pub token: String,
    /// The feed and permission scope that the laptop belongs to.
    pub workspace: String,
    /// One unbroken history of the store.
    pub epoch: String,
    /// Token that is rotated with every acknowledged push.
    pub lineage: String,
    /// Name as the store keeps it.
    pub device_name: String,
    /// `technician`, `inspector`, `coordinator` or `reader`.
    pub role: String,
    /// The store's clock.
    pub server_time: Timestamp,
}

/// The highest entry that a laptop has seen; the store proves with it that its history was not rolled back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// Number of the entry; 0 for none.
    pub seq: u64,
    /// Chain hash at that entry, 32 hexadecimal digits.
    pub chain: String,
}

/// `POST /sync/v1/{workspace}/push`: at most 200 operations or 1 MiB.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PushRequest {
    /// [`PROTOCOL_VERSION`] of the laptop.
    pub protocol: u32,
    /// The history that the laptop follows.
    pub epoch: String,
    /// The laptop's database file.
    pub replica: ReplicaId,
    /// As last received.
    pub lineage: String,
    /// What the laptop has seen.
    pub witness: Witness,
    /// In the order of their numbers.
    pub ops: Vec<Operation>,
    /// The numbers that operations had in a history that the store has lost, so that it can sort what several laptops
    /// give back. Those that never had one are not here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub former_seqs: BTreeMap<OpId, u64>,
}

/// The answer to a push: one outcome for each operation, in the order they were sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PushReply {
    /// Lineage to send next time.
    pub lineage: String,
    /// What became of each operation.
    pub outcomes: Vec<OpOutcome>,
    /// Where the feed ends now.
    pub head: Head,
    /// Highest number that is in every usable backup.
    pub safe_seq: u64,
    /// The store's clock.
    pub server_time: Timestamp,
}

/// What became of one operation. No outcome drops the payload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpOutcome {
    /// The operation.
    pub op: OpId,
    /// What became of it.
    pub outcome: Outcome,
    /// Number of its last feed entry. One that made none tells the entry that carries the row as it stands, so that
    /// the laptop knows when it has it; `None` while it waits.
    pub seq: Option<u64>,
}

/// The kinds of outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// All of it holds.
    Applied,
    /// It holds beside changes of others.
    Merged,
    /// There was nothing to do.
    Same,
    /// Some of it waits for a person.
    Conflict {
        /// The conflicts, each UUID version 5 of operation and field.
        conflicts: Vec<uuid::Uuid>,
    },
    /// It waits for something else.
    Parked {
        /// `missing_parent`, `schema`, `group`.
        why: String,
    },
    /// It waits for the coordinator.
    Quarantined {
        /// `unpermitted`, `hash_mismatch`, `unknown_dataset`, `malformed`.
        why: String,
    },
}

/// Where a feed ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Number of the last entry.
    pub seq: u64,
    /// Its chain hash, 32 hexadecimal digits.
    pub chain: String,
}

/// `GET /sync/v1/{workspace}/changes?cursor=…&limit=…`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PullReply {
    /// Entries after the cursor, in order, without holes before filtering; a page ends at a group's border.
    pub entries: Vec<FeedEntry>,
    /// Opaque; to be stored in one transaction with the entries.
    pub cursor: String,
    /// Number and chain at the cursor, for the witness.
    pub at: Head,
    /// Whether the head was reached.
    pub up_to_date: bool,
    /// Highest number that is in every usable backup.
    pub safe_seq: u64,
    /// The first number that the feed still holds; a cursor below it leads to 410.
    #[serde(default)]
    pub min_seq: u64,
    /// Revision of the laptop's subscription that this page was filtered by.
    #[serde(default)]
    pub subscription: u32,
    /// The revision of each dataset's declaration that is in force; the laptop fetches what it lacks before it applies
    /// the page.
    #[serde(default)]
    pub schema: Vec<SchemaRevision>,
    /// The store's clock.
    pub server_time: Timestamp,
}

/// One accepted change with its number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeedEntry {
    /// Consecutive over the workspace.
    pub seq: u64,
    /// The operation that caused it.
    pub op: OpId,
    /// The dataset.
    pub dataset: DatasetId,
    /// The feature.
    pub feature: FeatureId,
    /// Version of the feature after it.
    pub version: u32,
    /// What the laptop is to do.
    pub kind: FeedKind,
    /// The row after it, for [`FeedKind::Upsert`].
    pub row: Option<FeedRow>,
    /// Who caused it; `None` for what came with a delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Author>,
    /// All conflicts of the feature that are open when the page is read. Those that the laptop knows and that are not
    /// here are closed. They travel with every kind of entry, since a deleted feature can have some too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<FeedConflict>,
}

/// Who did something, as people are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The person.
    pub user: String,
    /// The laptop or the program: a device's name, `sql:ROLE`, `import`.
    pub device: String,
    /// The device's clock, for showing only.
    pub at: Timestamp,
}

/// An open conflict as it travels with its feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeedConflict {
    /// UUID version 5 of operation and key.
    pub id: uuid::Uuid,
    /// A field, `group:NAME`, or `*` for the whole row.
    pub key: String,
    /// What kind of disagreement it is.
    pub kind: ConflictKind,
    /// The operation whose values are the candidates.
    pub op: OpId,
    /// The laptop that the operation came from.
    pub replica: ReplicaId,
    /// What its author saw, what the store holds now, what the author wants.
    pub fields: BTreeMap<FieldId, Clash>,
    /// Who wants the candidates.
    pub candidate_by: Author,
    /// Who set what the store holds; `None` when it came with a delivery.
    pub store_by: Option<Author>,
    /// Fields of the same operation that fitted by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<FieldId>,
    /// The other feature of a [`ConflictKind::DuplicateKey`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<FeatureId>,
}

/// What a laptop does with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeedKind {
    /// Put the row.
    Upsert,
    /// Take the row away: it was deleted.
    Delete,
    /// Take the row away: it left the laptop's area.
    Leave,
}

/// A row as the feed carries it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeedRow {
    /// A geometry value on the store's grid, or null.
    pub geometry: Value,
    /// The other values.
    pub properties: Properties,
    /// Attachments with whether the store holds their bytes.
    pub blobs: Vec<FeedBlob>,
}

/// An attachment of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedBlob {
    /// Its content.
    pub id: BlobId,
    /// Whether the store holds all its bytes.
    pub complete: bool,
    /// Whether the store holds a preview of it.
    #[serde(default)]
    pub has_preview: bool,
}

/// The body of every answer that is not 2xx, and of errors of the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// `faltkarta.error/1`.
    pub format: String,
    /// Stable, `snake_case`.
    pub code: String,
    /// For people who read logs.
    pub text: String,
    /// Whether all that was saved is still saved.
    pub data_safe: bool,
}

impl ErrorBody {
    /// An error whose data are safe, as they are in every refusal.
    pub fn new(code: &str, text: impl Into<String>) -> Self {
        Self {
            format: "faltkarta.error/1".to_owned(),
            code: code.to_owned(),
            text: text.into(),
            data_safe: true,
        }
    }
}
