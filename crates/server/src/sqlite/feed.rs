use std::collections::BTreeSet;

use faltkarta_changes::Operation;
use faltkarta_model::{BlobId, DatasetId, FeatureId, GroupId, OpId, ReplicaId, Value};
use faltkarta_protocol::{FeedBlob, FeedKind, FeedRow};
use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

use crate::backend::{FeedPage, PulledEntry, StoreHead};
use crate::error::StoreError;
use crate::role::Role;
use crate::sqlite::catalogue::Catalogue;
use crate::sqlite::open::meta;
use crate::sqlite::row::{Content, Hash16, StoredRow, first_half};

/// The chain before the first entry, from the epoch in which the store began.
pub(super) fn first_chain(epoch: &str) -> Hash16 {
    first_half(&Sha256::digest(epoch.as_bytes()).into())
}

fn next_chain(chain: Hash16, op: &[u8; 16], feature: &[u8; 16], row_hash: Hash16) -> Hash16 {
    let mut hasher = Sha256::new();
    hasher.update(chain);
    hasher.update(op);
    hasher.update(feature);
    hasher.update(row_hash);
    first_half(&hasher.finalize().into())
}

/// Where the feed ends, as this connection's snapshot has it.
pub(super) fn head(conn: &Connection) -> Result<StoreHead, StoreError> {
    let (seq, chain, safe_seq) = conn
        .query_row("SELECT seq, chain, safe_seq FROM feed_head", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Hash16>(1)?, row.get::<_, i64>(2)?))
        })
        .map_err(StoreError::database("reading the head of the feed"))?;
    Ok(StoreHead {
        seq: seq as u64,
        chain: hex::encode(chain),
        epoch: meta(conn, "epoch")?,
        safe_seq: safe_seq as u64,
    })
}

/// Whether an entry with this chain hash is in the feed. Number 0 is always known.
pub(super) fn knows(conn: &Connection, seq: u64, chain: &str) -> Result<bool, StoreError> {
    if seq == 0 {
        return Ok(true);
    }
    let found: Option<Hash16> = conn
        .query_row("SELECT chain FROM feed WHERE seq = ?1", [seq as i64], |row| row.get(0))
        .optional()
        .map_err(StoreError::database("looking for a witness"))?;
    Ok(found.is_some_and(|it| hex::encode(it) == chain))
}

/// Writes rows and their entries inside one transaction, and the new head as its last statement.
///
/// The numbers are those that the head held when the transaction began, which is safe because SQLite has one writer.
#[derive(Debug)]
pub(super) struct FeedWriter<'c> {
    pub(super) conn: &'c Connection,
    seq: u64,
    chain: Hash16,
    is_changed: bool,
}

/// Who caused an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cause {
    pub(super) op: OpId,
    pub(super) replica: ReplicaId,
    pub(super) group: Option<GroupId>,
}

impl Cause {
    pub(super) fn of(op: &Operation) -> Self {
        Self { op: op.id, replica: op.replica, group: op.group }
    }
}

/// Marks on a row that an import makes.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeliveryMark {
    pub(super) source: i64,
    pub(super) delivered_hash: Hash16,
    /// Whether the row holds exactly what was delivered.
    pub(super) is_as_delivered: bool,
}

/// Where a writer stood, so that it can go back with a savepoint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    seq: u64,
    chain: Hash16,
    is_changed: bool,
}

const WRITING: &str = "writing a feature";

impl<'c> FeedWriter<'c> {
    pub(super) fn new(conn: &'c Connection) -> Result<Self, StoreError> {
        let (seq, chain) = conn
            .query_row("SELECT seq, chain FROM feed_head", [], |row| {
                Ok((row.get::<_, i64>(0)? as u64, row.get(1)?))
            })
            .map_err(StoreError::database("reading the head of the feed"))?;
        Ok(Self { conn, seq, chain, is_changed: false })
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { seq: self.seq, chain: self.chain, is_changed: self.is_changed }
    }

    pub(super) fn go_back(&mut self, mark: Mark) {
        Mark { seq: self.seq, chain: self.chain, is_changed: self.is_changed } = mark;
    }

    /// Adds an entry for a row whose hash after it is given, and returns its number.
    pub(super) fn entry(
        &mut self,
        cause: Cause,
        dataset_no: u16,
        feature: FeatureId,
        version: u32,
        (is_deleted, row_hash): (bool, Hash16),
    ) -> Result<u64, StoreError> {
        self.seq += 1;
        self.chain = next_chain(self.chain, cause.op.as_bytes(), feature.as_bytes(), row_hash);
        self.is_changed = true;
        let failed = StoreError::database("writing the feed");
        self.conn
            .prepare_cached(
                "INSERT INTO feed(seq, op, dataset, feature, version, kind, grp, chain)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )
            .and_then(|mut it| {
                it.execute(params![
                    self.seq as i64,
                    cause.op.as_bytes(),
                    dataset_no,
                    feature.as_bytes(),
                    version,
                    is_deleted,
                    cause.group.map(|it| *it.as_bytes()),
                    self.chain,
                ])
            })
            .map_err(failed)?;
        Ok(self.seq)
    }

    /// A feature that the store has never had.
    pub(super) fn insert(
        &mut self,
        cause: Cause,
        dataset_no: u16,
        feature: FeatureId,
        content: &Content,
        delivery: Option<DeliveryMark>,
    ) -> Result<u64, StoreError> {
        let hash = content.hash(false);
        self.insert_hashed(cause, dataset_no, feature, (content, hash), delivery)
    }

    /// The same, when the caller has the row's hash already.
    pub(super) fn insert_hashed(
        &mut self,
        cause: Cause,
        dataset_no: u16,
        feature: FeatureId,
        (content, hash): (&Content, Hash16),
        delivery: Option<DeliveryMark>,
    ) -> Result<u64, StoreError> {
        let seq = self.entry(cause, dataset_no, feature, 1, (false, hash))?;
        self.conn
            .prepare_cached(
                "INSERT INTO feature(id, dataset, version, seq, is_deleted, geometry, properties, blobs, hash,
                     replica, source, delivered_hash, delivered_version)
                 VALUES (?1, ?2, 1, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )
            .and_then(|mut it| {
                it.execute(params![
                    feature.as_bytes(),
                    dataset_no,
                    seq as i64,
                    content.wkb,
                    content.properties,
                    content.blobs,
                    hash,
                    cause.replica.as_bytes(),
                    delivery.map(|it| it.source),
                    delivery.map(|it| it.delivered_hash),
                    i64::from(delivery.is_some_and(|it| it.is_as_delivered)),
                ])
            })
            .map_err(StoreError::database(WRITING))?;
        Ok(seq)
    }

    /// The next version of a feature; the row as it was goes to history.
    pub(super) fn replace(
        &mut self,
        cause: Cause,
        feature: FeatureId,
        before: &StoredRow,
        (content, is_deleted): (&Content, bool),
        delivery: Option<DeliveryMark>,
    ) -> Result<u64, StoreError> {
        let failed = StoreError::database(WRITING);
        let hash = content.hash(is_deleted);
        let version = before.version + 1;
        let seq = self.entry(cause, before.dataset_no, feature, version, (is_deleted, hash))?;
        self.conn
            .prepare_cached(
                "INSERT INTO history(feature, version, is_deleted, geometry, properties, blobs, hash, replica)
                 SELECT id, version, is_deleted, geometry, properties, blobs, hash, replica
                 FROM feature WHERE row = ?1",
            )
            .and_then(|mut it| it.execute([before.row]))
            .map_err(failed)?;
        self.conn
            .prepare_cached(
                "UPDATE feature SET version = ?2, seq = ?3, is_deleted = ?4, geometry = ?5, properties = ?6,
                     blobs = ?7, hash = ?8, replica = ?9 WHERE row = ?1",
            )
            .and_then(|mut it| {
                it.execute(params![
                    before.row,
                    version,
                    seq as i64,
                    is_deleted,
                    content.wkb,
                    content.properties,
                    content.blobs,
                    hash,
                    cause.replica.as_bytes(),
                ])
            })
            .map_err(failed)?;
        if let Some(mark) = delivery {
            let delivered_version = if mark.is_as_delivered { version } else { 0 };
            self.mark_delivered(before.row, mark, delivered_version)?;
        }
        Ok(seq)
    }

    /// Notes on a row what was delivered for it; the values stay.
    pub(super) fn mark_delivered(
        &self,
        row: i64,
        mark: DeliveryMark,
        delivered_version: u32,
    ) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "UPDATE feature SET source = ?2, delivered_hash = ?3, delivered_version = ?4 WHERE row = ?1",
            )
            .and_then(|mut it| {
                it.execute(params![row, mark.source, mark.delivered_hash, delivered_version])
            })
            .map_err(StoreError::database(WRITING))?;
        Ok(())
    }

    /// An entry that tells a row once more, because its attachments have arrived.
    pub(super) fn tell_again(
        &mut self,
        cause: Cause,
        feature: FeatureId,
        row: &StoredRow,
    ) -> Result<u64, StoreError> {
        let seq =
            self.entry(cause, row.dataset_no, feature, row.version, (row.is_deleted, row.hash))?;
        self.conn
            .execute("UPDATE feature SET seq = ?2 WHERE row = ?1", (row.row, seq as i64))
            .map_err(StoreError::database(WRITING))?;
        Ok(seq)
    }

    /// Writes the head; the last statement before the commit.
    pub(super) fn finish(self) -> Result<(), StoreError> {
        if self.is_changed {
            self.conn
                .execute(
                    "UPDATE feed_head SET seq = ?1, chain = ?2",
                    params![self.seq as i64, self.chain],
                )
                .map_err(StoreError::database("writing the head of the feed"))?;
        }
        Ok(())
    }
}

/// A place in the feed as laptops hold it: epoch, number, chain hash, revision of the subscription.
pub(super) fn cursor(epoch: &str, seq: u64, chain: &str) -> String {
    format!("{epoch}.{seq}.{chain}.1")
}

/// What a cursor turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CursorIs {
    At(u64),
    OfAnotherEpoch,
    /// The entry is not there, or it is another one: the store was rolled back.
    Unknown,
}

pub(super) fn read_cursor(conn: &Connection, cursor: &str) -> Result<CursorIs, StoreError> {
    if cursor.is_empty() {
        return Ok(CursorIs::At(0));
    }
    let parts: Vec<&str> = cursor.split('.').collect();
    let [epoch, seq, chain, _] = parts[..] else {
        return Err(StoreError::Malformed { text: "not a cursor".to_owned() });
    };
    let seq: u64 =
        seq.parse().map_err(|_| StoreError::Malformed { text: "not a cursor".to_owned() })?;
    if epoch != meta(conn, "epoch")? {
        return Ok(CursorIs::OfAnotherEpoch);
    }
    Ok(if knows(conn, seq, chain)? { CursorIs::At(seq) } else { CursorIs::Unknown })
}

struct RawEntry {
    seq: u64,
    op: [u8; 16],
    dataset_no: u16,
    feature: [u8; 16],
    version: u32,
    is_deleted: bool,
    group: Option<[u8; 16]>,
    chain: Hash16,
    content: Option<(Content, Hash16)>,
}

// The row after an entry is the current one while its version stands, else the one in history.
const ENTRIES: &str = "
SELECT f.seq, f.op, f.dataset, f.feature, f.version, f.kind, f.grp, f.chain,
       CASE WHEN c.version = f.version THEN c.geometry ELSE h.geometry END,
       CASE WHEN c.version = f.version THEN c.properties ELSE h.properties END,
       CASE WHEN c.version = f.version THEN c.blobs ELSE h.blobs END,
       CASE WHEN c.version = f.version THEN c.hash ELSE h.hash END
FROM feed f
LEFT JOIN feature c ON c.id = f.feature
LEFT JOIN history h ON h.feature = f.feature AND h.version = f.version
WHERE f.seq > ?1 ORDER BY f.seq";

fn raw_entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<RawEntry> {
    let properties: Option<String> = row.get(9)?;
    let content = match properties {
        Some(properties) => {
            Some((Content { wkb: row.get(8)?, properties, blobs: row.get(10)? }, row.get(11)?))
        }
        None => None,
    };
    Ok(RawEntry {
        seq: row.get::<_, i64>(0)? as u64,
        op: row.get(1)?,
        dataset_no: row.get(2)?,
        feature: row.get(3)?,
        version: row.get(4)?,
        is_deleted: row.get(5)?,
        group: row.get(6)?,
        chain: row.get(7)?,
        content,
    })
}

/// A page after a number, inside the snapshot of the connection's read transaction.
pub(super) fn page(
    conn: &Connection,
    after: u64,
    limit: usize,
    role: Role,
    catalogue: &Catalogue,
) -> Result<FeedPage, StoreError> {
    let failed = StoreError::database("reading the feed");
    let head = head(conn)?;
    let mut at = (after, None::<Hash16>);
    let mut entries = vec![];
    let mut group = None;
    let mut n_read = 0;
    let mut statement = conn.prepare_cached(ENTRIES).map_err(failed)?;
    let mut rows = statement.query([after as i64]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let raw = raw_entry(row).map_err(failed)?;
        // A page is a consistent state, so it does not end in the middle of a group.
        if n_read >= limit && (raw.group.is_none() || raw.group != group) {
            break;
        }
        if raw.seq != at.0 + 1 {
            return Err(StoreError::FeedBroken { seq: at.0 + 1 });
        }
        n_read += 1;
        at = (raw.seq, Some(raw.chain));
        group = raw.group;
        if let Some(entry) = pulled(conn, raw, role, catalogue)? {
            entries.push(entry);
        }
    }
    if n_read == 0 && head.seq != after {
        return Err(StoreError::FeedBroken { seq: after + 1 });
    }
    let chain = match at.1 {
        Some(chain) => hex::encode(chain),
        None => chain_at(conn, after)?,
    };
    Ok(FeedPage {
        entries,
        cursor: cursor(&head.epoch, at.0, &chain),
        is_up_to_date: at.0 == head.seq,
        at: StoreHead { seq: at.0, chain, ..head },
    })
}

fn chain_at(conn: &Connection, seq: u64) -> Result<String, StoreError> {
    if seq == 0 {
        return Ok(hex::encode(first_chain(&meta(conn, "first_epoch")?)));
    }
    let chain: Hash16 = conn
        .query_row("SELECT chain FROM feed WHERE seq = ?1", [seq as i64], |row| row.get(0))
        .map_err(StoreError::database("reading the chain"))?;
    Ok(hex::encode(chain))
}

/// The entry as a role may see it; `None` when it may not.
fn pulled(
    conn: &Connection,
    raw: RawEntry,
    role: Role,
    catalogue: &Catalogue,
) -> Result<Option<PulledEntry>, StoreError> {
    let Some(declared) = catalogue.by_no(raw.dataset_no) else { return Ok(None) };
    if !role.may_fetch(&declared.dataset) {
        return Ok(None);
    }
    let (content, _) = raw.content.ok_or(StoreError::FeedBroken { seq: raw.seq })?;
    let row = if raw.is_deleted { None } else { Some(feed_row(conn, &content)?) };
    Ok(Some(PulledEntry {
        seq: raw.seq,
        op: OpId::from_uuid(uuid::Uuid::from_bytes(raw.op)),
        dataset: DatasetId::clone(&declared.dataset.id),
        feature: FeatureId::from_uuid(uuid::Uuid::from_bytes(raw.feature)),
        version: raw.version,
        kind: if raw.is_deleted { FeedKind::Delete } else { FeedKind::Upsert },
        row,
    }))
}

fn feed_row(conn: &Connection, content: &Content) -> Result<FeedRow, StoreError> {
    let geometry = content.geometry()?.map_or(Value::Null, Value::Geometry);
    let blobs: BTreeSet<BlobId> =
        if content.blobs == "[]" { BTreeSet::new() } else { content.blobs()? };
    let blobs: Result<Vec<FeedBlob>, StoreError> = blobs
        .into_iter()
        .map(|id| {
            let complete = conn
                .prepare_cached("SELECT EXISTS(SELECT 1 FROM blob WHERE id = ?1)")
                .and_then(|mut it| it.query_row([id.as_str()], |row| row.get(0)))
                .map_err(StoreError::database("looking for an attachment"))?;
            Ok(FeedBlob { id, complete, has_preview: false })
        })
        .collect();
    Ok(FeedRow { geometry, properties: content.properties()?, blobs: blobs? })
}

/// Walks the feed from its first entry and proves it; the head is the proof's end.
pub(super) fn verify(conn: &Connection) -> Result<StoreHead, StoreError> {
    let failed = StoreError::database("reading the feed");
    let mut chain = first_chain(&meta(conn, "first_epoch")?);
    let mut seq = 0;
    let mut statement = conn.prepare_cached(ENTRIES).map_err(failed)?;
    let mut rows = statement.query([0]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let raw = raw_entry(row).map_err(failed)?;
        let broken = StoreError::FeedBroken { seq: seq + 1 };
        let Some((content, hash)) = &raw.content else { return Err(broken) };
        chain = next_chain(chain, &raw.op, &raw.feature, *hash);
        if raw.seq != seq + 1 || chain != raw.chain || content.hash(raw.is_deleted) != *hash {
            return Err(broken);
        }
        seq = raw.seq;
    }
    let head = head(conn)?;
    if head.seq != seq || head.chain != hex::encode(chain) {
        return Err(StoreError::FeedBroken { seq });
    }
    Ok(head)
}
