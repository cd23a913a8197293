use std::collections::{BTreeMap, BTreeSet};

use faltkarta_model::{FeatureId, FieldId, GroupId, OpId, ReplicaId, Timestamp, Value};
use faltkarta_protocol::{Author, Outcome, Witness};
use uuid::Uuid;

use crate::backend::StoreHead;
use crate::error::StoreError;
use crate::judging::batch::Batch;
use crate::judging::content::{Content, Hash16};
use crate::judging::dispute::ConflictRow;
use crate::judging::hold::HeldOp;

/// One open transaction of a store, as the judge needs it. All calls block.
///
/// The judge asks for many things at once where it knows them beforehand, so that a store behind a network needs a
/// few round trips for a whole push: [`Rows::opening`], [`Rows::claim`], [`Rows::lock`], [`Rows::open_conflicts`],
/// then single questions for what is rare, and [`Rows::settle`]. It writes with `settle` alone, and once; the backend
/// commits afterwards, or rolls back when anything failed.
///
/// # Errors
///
/// [`StoreError::Contended`] where the same transaction may succeed when it is tried again (deadlock, serialization
/// failure, lock timeout), else what the database said. The judge passes errors on and writes nothing more.
pub(crate) trait Rows {
    /// What a push begins with. Locks the lineage of the laptop's file when there is one, so that the pushes of one
    /// file come one after the other.
    fn opening(
        &mut self,
        device: Uuid,
        replica: ReplicaId,
        witness: &Witness,
    ) -> Result<Opening, StoreError>;

    /// Until when what laptops give back after a restore is gathered; `None` when the window is closed.
    fn recovery_until(&mut self) -> Result<Option<Timestamp>, StoreError>;

    /// Claims operations, given in the order of their ids, by inserting a row that does nothing when there is one,
    /// and returns those that were there before, held ones too. Waits for another transaction that claims the same.
    /// Every claimed operation gets its row with [`Batch::log`].
    fn claim(&mut self, ops: &[(OpId, [u8; 32])]) -> Result<BTreeMap<OpId, Logged>, StoreError>;

    /// Which of these operations have been merged (not only held), or are the candidate of a conflict that a
    /// delivery opened.
    fn judged(&mut self, ops: &[OpId]) -> Result<BTreeSet<OpId>, StoreError>;

    /// Locks features, given in the order of their ids, also those that do not exist yet, and returns the rows of
    /// those that do, deleted ones too.
    fn lock(&mut self, features: &[FeatureId]) -> Result<Vec<FeatureRow>, StoreError>;

    /// Which replicas wrote the superseded versions of a feature above a version.
    fn writers_since(
        &mut self,
        feature: FeatureId,
        version: u32,
    ) -> Result<BTreeSet<ReplicaId>, StoreError>;

    /// Superseded rows of a feature below a version, newest first, at most so many.
    fn history(
        &mut self,
        feature: FeatureId,
        below: u32,
        most: usize,
    ) -> Result<Vec<FeatureRow>, StoreError>;

    /// Who made these operations, as far as they came from a laptop.
    fn authors(&mut self, ops: &[OpId]) -> Result<BTreeMap<OpId, Author>, StoreError>;

    /// The children of a feature.
    fn children(&mut self, parent: FeatureId) -> Result<Vec<ChildRow>, StoreError>;

    /// The open conflicts of features.
    fn open_conflicts(&mut self, features: &[FeatureId]) -> Result<Vec<ConflictRow>, StoreError>;

    /// Operations that wait, in the order of replica and number.
    fn held(&mut self, which: Held<'_>) -> Result<Vec<HeldOp>, StoreError>;

    /// Live features of a dataset but one that have a value in a field that should be unique, in the order of their
    /// ids, at most two.
    fn twins(
        &mut self,
        dataset_no: u16,
        claim: (&FieldId, &Value),
        but: FeatureId,
    ) -> Result<Vec<FeatureId>, StoreError>;

    /// Writes everything: first what needs no number, then `feed_head` is raised by the number of entries, then the
    /// entries and the numbers of rows and log. Nothing that could wait for another comes after the counter.
    fn settle(&mut self, batch: &Batch) -> Result<Settled, StoreError>;
}

/// Which operations that wait are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Held<'a> {
    /// Parked ones that need one of these ids.
    Needs(&'a [[u8; 16]]),
    /// Parked ones of an atomic group.
    Group(GroupId),
    /// All contents under one id.
    Op(OpId),
    /// Parked ones for a reason, as the outcome says it.
    Parked(&'a str),
}

/// What a push begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    /// The history that the store follows.
    pub(crate) epoch: String,
    /// What the store says to the laptop's witness.
    pub(crate) witness: WitnessIs,
    /// What is kept of the laptop's file; `None` for one that never pushed.
    pub(crate) lineage: Option<Lineage>,
}

/// What a witness turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WitnessIs {
    /// The entry is there with this chain hash, or it is number 0.
    Known,
    /// It is not there, or with another hash: the store was rolled back.
    Foreign,
    /// It lies before what the feed still holds, so that nobody can tell.
    Forgotten,
}

/// What is kept of the lineage of a laptop's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lineage {
    /// The token that is good.
    pub(crate) current: String,
    /// The one before.
    pub(crate) before: String,
    /// The first operation of the push that rotated it.
    pub(crate) first_op: Option<OpId>,
}

/// The log row of an operation that was there before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Logged {
    /// Hash of its content.
    pub(crate) hash: [u8; 32],
    /// What became of it.
    pub(crate) outcome: Outcome,
    /// Number of its entry.
    pub(crate) seq: Option<u64>,
}

/// A row with its values as they are stored: of a feature, or a superseded one of its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FeatureRow {
    /// The feature.
    pub(crate) feature: FeatureId,
    /// Number of its dataset.
    pub(crate) dataset_no: u16,
    /// Counts accepted changes from 1.
    pub(crate) version: u32,
    /// The entry that carries it; for superseded rows of no meaning.
    pub(crate) place: Place,
    /// Whether it is a tombstone; the values are those before.
    pub(crate) is_deleted: bool,
    /// Its values.
    pub(crate) content: Content,
    /// Hash of the row.
    pub(crate) hash: Hash16,
    /// Who wrote this version.
    pub(crate) replica: ReplicaId,
    /// With which operation; nil for rows older than this column.
    pub(crate) op: OpId,
}

/// Number of a feed entry: one that is stored, or the n-th that a batch makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// An entry that was there before.
    Stored(u64),
    /// An entry of the batch, counted from 0.
    New(usize),
}

impl Place {
    /// The number, when the feed ended at `last_seq` before the batch.
    pub(crate) fn number(self, last_seq: u64) -> u64 {
        match self {
            Self::Stored(seq) => seq,
            Self::New(at) => last_seq + 1 + at as u64,
        }
    }
}

/// An inspection and the like hangs on its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChildRow {
    /// The parent.
    pub(crate) parent: FeatureId,
    /// The child.
    pub(crate) child: FeatureId,
    /// The operation that made the child.
    pub(crate) op: OpId,
    /// Where it was made.
    pub(crate) replica: ReplicaId,
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settled {
    /// Where the feed ended before it.
    pub(crate) last_seq: u64,
    /// Where the feed ends with it.
    pub(crate) head: StoreHead,
}
