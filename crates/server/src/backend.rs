use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use faltkarta_changes::{Conflict, Operation, RowValues};
use faltkarta_geo::{Bounds, GridSystem};
use faltkarta_model::{
    BlobId, Dataset, DatasetId, Feature, FeatureId, FieldId, OpId, ReplicaId, Timestamp,
};
use faltkarta_protocol::{
    Base, DatasetDigest, Declaration, DeviceReport, FeedBlob, FeedConflict, FeedEntry, JoinReply,
    JoinRequest, NumberBlock, NumberRequest, OpOutcome, PushReply, Subscription, SubscriptionPart,
    Witness,
};
use uuid::Uuid;

use crate::areas::Reader;
use crate::blobs::{Depot, IdleBlob};
use crate::error::StoreError;
use crate::rim::Rim;
use crate::role::Role;

/// A geodata store: one feed, one set of datasets, one place of truth. SQLite in a folder and
/// PostgreSQL with PostGIS implement it.
///
/// Every function is one transaction, and returns only after a durable commit. All of them block.
///
/// # Errors
///
/// [`StoreError`] names each refusal; beside those that a function tells of, every one can fail with
/// [`StoreError::DiskFull`], [`StoreError::Damaged`], [`StoreError::Database`] and [`StoreError::Io`]. What was
/// stored before stays as it was.
#[expect(clippy::missing_errors_doc, reason = "told once for all functions")]
pub trait GeodataStore: Send + Sync {
    /// The store's grid; all geometry in it lies there.
    fn grid(&self) -> GridSystem;

    /// The declared datasets, in the order of their ids.
    fn datasets(&self) -> Vec<DatasetRow>;

    /// The forms that laptops fill.
    fn forms(&self) -> Vec<StoredForm>;

    /// Name of the feed, as paths of the wire carry it.
    fn workspace(&self) -> &str;

    /// Where the feed ends.
    fn head(&self) -> Result<StoreHead, StoreError>;

    /// Enrols a laptop. `is_local` says that it runs on the store's own machine, which needs no code.
    fn join(
        &self,
        request: &JoinRequest,
        is_local: bool,
        rim: &dyn Rim,
    ) -> Result<JoinReply, StoreError>;

    /// Makes a one-time code with which a laptop joins, good until `until`.
    fn create_enrol_code(
        &self,
        role: Role,
        until: Timestamp,
        rim: &dyn Rim,
    ) -> Result<String, StoreError>;

    /// Who a token belongs to.
    fn device_of_token(&self, token: &str, now: Timestamp) -> Result<DeviceRow, StoreError>;

    /// All laptops, newest last.
    fn devices(&self) -> Result<Vec<DeviceRow>, StoreError>;

    /// Keeps how things stand on a laptop, in the place of what it said before.
    fn take_report(
        &self,
        device: Uuid,
        report: &DeviceReport,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Takes a laptop's rights away; its token is unknown from then on.
    fn revoke_device(&self, device: Uuid) -> Result<(), StoreError>;

    /// Judges operations in their order. Whole-batch refusals are errors, everything else is an outcome.
    fn apply_ops(
        &self,
        pusher: &Pusher<'_>,
        ops: &[Result<Operation, Malformed>],
        rim: &dyn Rim,
    ) -> Result<PushReply, StoreError>;

    /// Keeps the bytes of a push that this program cannot read, for the coordinator.
    fn keep_raw_push(
        &self,
        device: &DeviceRow,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// The pushes of other versions of the wire that are kept, oldest first.
    fn raw_pushes(&self) -> Result<Vec<RawPush>, StoreError>;

    /// Forgets a kept push, because its operations were taken in.
    fn drop_raw_push(&self, no: u64) -> Result<(), StoreError>;

    /// Does what is asked beside pushes; one outcome for each operation.
    ///
    /// Refuses with [`StoreError::NotFound`] and [`StoreError::NotAcceptable`] what cannot be accepted.
    fn judge(&self, task: &Task<'_>, rim: &dyn Rim) -> Result<Vec<OpOutcome>, StoreError>;

    /// One revision of a dataset's declaration; every one is kept.
    fn declaration(&self, dataset: &DatasetId, revision: u32) -> Result<Declaration, StoreError>;

    /// Leases numbers of a series to a laptop; the same request gets the same block. `least` is the least number that
    /// is free by what the store holds.
    fn lease_numbers(
        &self,
        device: Uuid,
        request: &NumberRequest,
        least: u64,
        now: Timestamp,
    ) -> Result<NumberBlock, StoreError>;

    /// One feature with what a decision about it needs, deleted or not.
    fn stored_feature(&self, id: FeatureId) -> Result<Option<StoredFeature>, StoreError>;

    /// The open conflicts of a feature as they are told to laptops.
    fn conflicts_of(&self, feature: FeatureId) -> Result<Vec<FeedConflict>, StoreError>;

    /// A page of the feed after a cursor; an empty cursor is the beginning. Asserts that the numbers have no hole.
    fn pull(
        &self,
        cursor: &str,
        limit: usize,
        reader: &Reader,
        rim: &dyn Rim,
    ) -> Result<FeedPage, StoreError>;

    /// What a laptop wants; one that never said wants everything, as revision 1.
    fn subscription(&self, device: Uuid) -> Result<Subscription, StoreError>;

    /// Keeps what a laptop wants from now on, as the next revision; the same once more changes nothing. The parts have
    /// been checked with [`Wanted::parse`](crate::Wanted::parse).
    fn set_subscription(
        &self,
        device: Uuid,
        parts: &[SubscriptionPart],
    ) -> Result<Subscription, StoreError>;

    /// A piece of a dataset's rows as they stand, of those that a laptop wants. [`StoreError::Resync`] when what the
    /// laptop has seen is of another history.
    fn rows(&self, ask: &RowsAsk, reader: &Reader, rim: &dyn Rim) -> Result<RowsPage, StoreError>;

    /// What a laptop must hold that has pulled up to the head, and the head.
    fn digest(&self, reader: &Reader) -> Result<(StoreHead, Vec<DatasetDigest>), StoreError>;

    /// The rows of entries, for operations that name them instead of repeating their values. An entry that the store
    /// does not hold any more, or that the role may not fetch, is left out; the laptop then writes its values out.
    fn bases(&self, seqs: &[u64], role: Role) -> Result<Vec<Base>, StoreError> {
        let _ = (seqs, role);
        Ok(vec![])
    }

    /// Proves the feed from its first entry: no hole, every chain hash right. Returns the head.
    fn verify_feed(&self) -> Result<StoreHead, StoreError>;

    /// One feature, unless it is deleted.
    fn feature(&self, id: FeatureId) -> Result<Option<Feature>, StoreError>;

    /// Shows the features of a dataset that are not deleted, in the order they came.
    fn for_each_feature(
        &self,
        filter: &FeatureFilter,
        see: &mut dyn FnMut(Feature) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Shows features of a dataset that are not deleted, in the order in which they came to the store, each with its
    /// place in that order. A place is kept through every change of its feature, so reading goes on behind one without
    /// leaving out or repeating what was there before. `see` says whether to go on.
    fn features_after(
        &self,
        ask: &FeaturesAsk,
        see: &mut dyn FnMut(u64, Feature) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError>;

    /// How many features of a dataset are not deleted.
    fn count_features(&self, dataset: &DatasetId) -> Result<u64, StoreError>;

    /// The least rectangle around a dataset's features; `None` when none has a place.
    fn extent(&self, dataset: &DatasetId) -> Result<Option<Bounds>, StoreError>;

    /// Takes one delivered file in as one transaction: everything, or nothing when `fill` fails or `dry_run` is set.
    fn import_file(
        &self,
        edition: Uuid,
        now: Timestamp,
        dry_run: bool,
        fill: &mut dyn FnMut(&mut dyn Delivered) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Judges operations that came another way than over the wire; one outcome for each, in their order. They keep
    /// author and id, so that they may come any number of times.
    fn take_ops(
        &self,
        whose: (Role, &str),
        ops: &[Result<Operation, Malformed>],
        now: Timestamp,
    ) -> Result<Vec<OpOutcome>, StoreError>;

    /// Merges what laptops gave back after a restore, in the order that it had before, and closes the window; how many
    /// operations these were. A push after the window's end does the same.
    fn finish_recovery(&self, now: Timestamp) -> Result<usize, StoreError>;

    /// Cuts off what the feed had reached at a moment or earlier; history, tombstones and the log of operations stay.
    /// The store knows where the feed ended when it was backed up or cut.
    fn cut_feed(&self, until: Timestamp, now: Timestamp) -> Result<CutReport, StoreError>;

    /// The backups that the store counts on, oldest first.
    fn backups(&self) -> Result<Vec<BackupRow>, StoreError>;

    /// Notes which backups count from now on, and publishes as safe what the oldest of them holds; returns that number.
    fn count_on_backups(&self, backups: &[BackupRow]) -> Result<u64, StoreError>;

    /// Conflicts that nobody has decided.
    fn open_conflicts(&self) -> Result<Vec<OpenConflict>, StoreError>;

    /// Operations that wait: parked and quarantined ones.
    fn held_ops(&self) -> Result<Vec<HeldRow>, StoreError>;

    /// What the store knows of an attachment; nothing is known of one that never came.
    fn blob(&self, blob: &BlobId) -> Result<StoredBlob, StoreError>;

    /// Keeps that all bytes of an attachment are in their place, with an entry for each feature that names it. Once is
    /// enough: a further call changes nothing.
    fn keep_blob(&self, blob: &BlobId, n_bytes: u64, now: Timestamp) -> Result<(), StoreError>;

    /// The same for its preview.
    fn keep_preview(&self, blob: &BlobId, now: Timestamp) -> Result<(), StoreError>;

    /// Notes which attachments nothing names, neither a feature, deleted ones included, nor what waits; returns them with
    /// the moment since which that is so without a pause. A store that cannot tell names none.
    fn idle_blobs(&self, now: Timestamp) -> Result<Vec<IdleBlob>, StoreError> {
        let _ = now;
        Ok(vec![])
    }

    /// Forgets an attachment that nothing has named since before a moment; `false` when something does.
    fn forget_blob(&self, blob: &BlobId, before: Timestamp) -> Result<bool, StoreError> {
        let _ = (blob, before);
        Ok(false)
    }

    /// How many attachments are there, and how many features wait for.
    fn blob_counts(&self) -> Result<BlobCounts, StoreError>;

    /// Where the bytes of attachments lie.
    fn depot(&self) -> &Depot;

    /// Everything that a package is made of, read in one snapshot.
    fn package_inputs(&self) -> Result<Box<dyn PackageInputs + '_>, StoreError>;

    /// The folder for prepared packages.
    fn packages_folder(&self) -> &Path;
}

/// What a store is asked to judge beside the pushes of laptops.
#[derive(Debug, Clone, Copy)]
pub enum Task<'a> {
    /// Operations that came another way than by a push: out of an emergency file, out of a push of another version of
    /// the wire, or the coordinator's own. They keep authors and ids.
    Relay {
        /// Where they come from, as people are told.
        device: &'a str,
        /// Whose rights are asked for; `None` asks for none.
        role: Option<Role>,
        /// In the order of their numbers.
        ops: &'a [Result<Operation, Malformed>],
    },
    /// The coordinator lets an operation in that is quarantined, or the operations of a parked group one by one.
    Accept {
        /// The operation.
        op: OpId,
        /// Who decides.
        by: &'a str,
    },
    /// Operations are judged again that are parked for a reason, as their outcome says it.
    Retry {
        /// `schema`, `missing_parent`.
        why: &'a str,
    },
    /// One edit of a feature as somebody saw it: all of it holds or waits for the coordinator, or nothing is changed.
    Edit {
        /// Where it comes from, as people are told.
        device: &'a str,
        /// Whose rights are asked for.
        role: Role,
        /// The edit.
        op: &'a Operation,
        /// What the feature was when it was seen; `None` for a new one.
        seen: Option<&'a SeenFeature>,
    },
}

/// A feature as somebody saw it before an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenFeature {
    /// Its version.
    pub version: u32,
    /// The beginning of the hash of its values: numbers of versions come again after a restore.
    pub fingerprint: [u8; 8],
}

/// A push in another version of the wire, as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawPush {
    /// Counts them.
    pub no: u64,
    /// The laptop.
    pub device: Uuid,
    /// When it came.
    pub at: Timestamp,
    /// The body.
    pub body: Vec<u8>,
}

/// An operation that is not judged, with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// `malformed` when it cannot be read, `foreign_workspace` when it names another workspace.
    pub why: &'static str,
    /// Its id, which is the least that must be readable.
    pub op: OpId,
    /// Its JSON as it came.
    pub payload: String,
}

/// A dataset as the store has it.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetRow {
    /// Its number in the tables of this store.
    pub no: u16,
    /// The declaration.
    pub dataset: Dataset,
    /// Counts declarations from 1.
    pub revision: u32,
    /// The TOML that was read.
    pub declaration: String,
    /// Date of the data, `2026-05-19`; `None` before the first import.
    pub data_date: Option<String>,
}

/// A form as the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredForm {
    /// Its id.
    pub id: String,
    /// The TOML of its declaration.
    pub declaration: String,
    /// The XForm.
    pub xml: String,
}

/// Where the feed ends, in which history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreHead {
    /// Number of the last entry, 0 for none.
    pub seq: u64,
    /// Chain hash there, 32 hexadecimal digits.
    pub chain: String,
    /// The history.
    pub epoch: String,
    /// Highest number that is in every usable backup.
    pub safe_seq: u64,
    /// The first number that the feed still holds; one more than `seq` when it holds none.
    pub min_seq: u64,
}

/// An enrolled laptop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRow {
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// Who enrolled it.
    pub user: String,
    /// What it may do.
    pub role: Role,
    /// When it joined.
    pub joined_at: Timestamp,
    /// When it was heard of last.
    pub last_seen_at: Timestamp,
    /// Number up to which it has pulled.
    pub pulled_seq: u64,
    /// Whether its rights were taken away.
    pub is_revoked: bool,
    /// How things stand there, by its own word; only where laptops are listed.
    pub report: Option<ReportRow>,
}

/// Name of the devices that are browsers with the console open.
pub(crate) const CONSOLE_DEVICE: &str = "console";

impl DeviceRow {
    /// Whether it is a browser with the console open, or one that tried with a code that is not a coordinator's, and no
    /// laptop.
    pub fn is_console(&self) -> bool {
        self.name == CONSOLE_DEVICE && (self.role.may_coordinate() || self.is_revoked)
    }
}

/// What a laptop said of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    /// When.
    pub at: Timestamp,
    /// What.
    pub report: DeviceReport,
}

/// What is left of a feed that was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutReport {
    /// The first number that it holds.
    pub min_seq: u64,
    /// How many entries were cut off.
    pub n_cut: u64,
}

/// A backup that was proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupRow {
    /// Its folder.
    pub folder: PathBuf,
    /// When it was made.
    pub at: Timestamp,
    /// Number of the last entry that it holds.
    pub seq: u64,
}

/// Who pushes, and what he says of himself.
#[derive(Debug, Clone)]
pub struct Pusher<'a> {
    /// The laptop.
    pub device: &'a DeviceRow,
    /// Its database file.
    pub replica: ReplicaId,
    /// The history it follows.
    pub epoch: &'a str,
    /// As it last received it.
    pub lineage: &'a str,
    /// What it has seen.
    pub witness: &'a Witness,
    /// Numbers that its operations had in a history that the store has lost.
    pub former_seqs: &'a BTreeMap<OpId, u64>,
}

/// A page of the feed.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedPage {
    /// The entries that the role may see.
    pub entries: Vec<FeedEntry>,
    /// Where to go on.
    pub cursor: String,
    /// Number and chain hash at the cursor.
    pub at: StoreHead,
    /// Whether the head was reached.
    pub is_up_to_date: bool,
}

/// Which rows are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowsAsk {
    /// The dataset.
    pub dataset: DatasetId,
    /// Where the piece before ended, in the backend's own words; empty for the first.
    pub after: String,
    /// Only rows whose last entry has a higher number, tombstones among them, and those that the laptop does not want
    /// as rows that leave.
    pub since: Option<u64>,
    /// The most rows.
    pub limit: usize,
}

/// A piece of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct RowsPage {
    /// The rows, each with the number of its last entry.
    pub entries: Vec<FeedEntry>,
    /// Where it goes on; `None` at the end. A piece may be empty and go on.
    pub next: Option<String>,
    /// Where the feed ended when it was read.
    pub at: StoreHead,
    /// The cursor there.
    pub cursor: String,
}

/// Which features are asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureFilter {
    /// The dataset.
    pub dataset: DatasetId,
    /// Only those whose rectangle meets this one, in metres on the store's grid.
    pub bounds: Option<Bounds>,
}

/// Which features are shown from a place on.
#[derive(Debug, Clone, PartialEq)]
pub struct FeaturesAsk {
    /// The dataset.
    pub dataset: DatasetId,
    /// Only those behind this place; 0 for all.
    pub after: u64,
    /// Only those whose rectangle meets this one, in metres on the store's grid.
    pub bounds: Option<Bounds>,
    /// A field that is declared unique, and the text that it has; others may be shown too.
    pub unique: Option<(FieldId, String)>,
}

/// The side of a store that takes delivered features in, inside one transaction.
///
/// # Errors
///
/// As for [`GeodataStore`]; the whole transaction is undone.
#[expect(clippy::missing_errors_doc, reason = "told once for all functions")]
pub trait Delivered {
    /// Begins the set of one supplier's file for a dataset. `key` names the set: rows of the same set that the new
    /// delivery does not hold are gone.
    fn begin(&mut self, dataset: &DatasetId, key: &str) -> Result<(), StoreError>;

    /// Takes a feature of the set that was begun.
    fn take(&mut self, feature: &Feature) -> Result<(), StoreError>;

    /// Notes a problem so that it can be listed later.
    fn note(
        &mut self,
        row: u64,
        code: &str,
        text: &str,
        feature: Option<FeatureId>,
    ) -> Result<(), StoreError>;

    /// Ends the set: marks what is gone, remembers the date of the data.
    fn end(&mut self, data_date: &str) -> Result<DeliveryCounts, StoreError>;
}

/// What a delivered set changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// Features that were not there.
    pub new: u64,
    /// Features with other values than last delivered.
    pub changed: u64,
    /// Features as last delivered.
    pub unchanged: u64,
    /// Features that the set held before and holds no more.
    pub gone: u64,
    /// Features whose change or end waits for a person, because of edits from the field.
    pub conflicts: u64,
}

/// A conflict that nobody has decided, with where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenConflict {
    /// The conflict.
    pub conflict: Conflict,
    /// The dataset.
    pub dataset: DatasetId,
    /// The feature.
    pub feature: FeatureId,
    /// Who made the operation.
    pub user: String,
    /// When it arrived.
    pub at: Timestamp,
}

/// A feature with what a decision about it needs.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredFeature {
    /// The dataset.
    pub dataset: DatasetId,
    /// Counts accepted changes from 1.
    pub version: u32,
    /// Whether it was deleted; the values are those before.
    pub is_deleted: bool,
    /// Its values, the geometry among them.
    pub values: RowValues,
    /// Its attachments.
    pub blobs: BTreeSet<BlobId>,
    /// The operations that made its children.
    pub children: Vec<OpId>,
    /// What it hangs on.
    pub parent: Option<FeatureId>,
}

/// An operation that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldRow {
    /// The operation.
    pub op: OpId,
    /// What became of it.
    pub outcome: OpOutcome,
    /// Its JSON, whole.
    pub payload: String,
    /// When it arrived.
    pub at: Timestamp,
}

/// Attachments by whether they have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BlobCounts {
    /// Those that are whole.
    pub n_whole: u64,
    /// Their bytes.
    pub n_bytes: u64,
    /// Those that a feature names and that have not arrived.
    pub n_awaited: u64,
}

/// What the store knows of an attachment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredBlob {
    /// Its size, once all bytes are there and hash to the id.
    pub n_bytes: Option<u64>,
    /// Whether there is a preview.
    pub has_preview: bool,
    /// Datasets of the features that name it or have named it: who may see one of these may see it.
    pub datasets: Vec<DatasetId>,
}

/// One snapshot of everything that a package needs.
///
/// # Errors
///
/// As for [`GeodataStore`].
#[expect(clippy::missing_errors_doc, reason = "told once for all functions")]
pub trait PackageInputs {
    /// Where the feed ended when the snapshot was taken.
    fn head(&self) -> &StoreHead;

    /// The cursor to pull from afterwards.
    fn cursor(&self) -> String;

    /// The highest number that concerns a dataset; 0 for none. Tells whether a prepared map is still right.
    fn last_seq(&self, dataset: &DatasetId) -> Result<u64, StoreError>;

    /// One row, deleted or not, as far as it tells where something lies.
    fn look(&self, feature: FeatureId) -> Result<Option<LookedAt>, StoreError>;

    /// Shows the rows of a dataset that are not deleted.
    fn for_each_row(
        &self,
        dataset: &DatasetId,
        see: &mut dyn FnMut(PackageRow<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError>;

    /// Shows the attachments of a dataset's rows that are not deleted. A store that cannot tell shows none; laptops
    /// then hear of them with the feed.
    fn for_each_blob(
        &self,
        dataset: &DatasetId,
        see: &mut dyn FnMut(FeatureId, &FeedBlob) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let _ = (dataset, see);
        Ok(())
    }
}

/// A row as far as it tells where something lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedAt {
    /// Number of its dataset.
    pub dataset_no: u16,
    /// Its geometry as well-known binary on the store's grid.
    pub wkb: Option<Vec<u8>>,
    /// Its values as a JSON object, nulls left out.
    pub properties: String,
}

/// A stored row, its values still as JSON text.
#[derive(Debug, Clone, Copy)]
pub struct PackageRow<'a> {
    /// The feature.
    pub id: FeatureId,
    /// Its version.
    pub version: u32,
    /// The number of its last entry.
    pub seq: u64,
    /// Its geometry as well-known binary on the store's grid.
    pub wkb: Option<&'a [u8]>,
    /// Its values as a JSON object, nulls left out.
    pub properties: &'a str,
}
