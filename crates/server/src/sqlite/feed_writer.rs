use faltkarta_model::{FeatureId, GroupId, OpId, ReplicaId};
use rusqlite::{Connection, params};

use crate::areas::Moved;
use crate::error::StoreError;
use crate::judging::{Content, Hash16, next_chain};
use crate::sqlite::row::StoredRow;

/// Writes rows and their entries as they come, for deliveries, which are too large to be collected, and the new head
/// as the last statement.
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

/// Marks on a row that an import makes.
#[derive(Debug, Clone, Copy)]
pub(super) struct DeliveryMark {
    pub(super) source: i64,
    pub(super) delivered_hash: Hash16,
    /// Whether the row holds exactly what was delivered.
    pub(super) is_as_delivered: bool,
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

    /// Adds an entry for a row whose hash after it is given, and returns its number.
    pub(super) fn entry(
        &mut self,
        cause: Cause,
        dataset_no: u16,
        (feature, version): (FeatureId, u32),
        (is_deleted, row_hash): (bool, Hash16),
        moved: Option<&Moved>,
    ) -> Result<u64, StoreError> {
        self.seq += 1;
        self.chain = next_chain(self.chain, cause.op.as_bytes(), feature.as_bytes(), row_hash);
        self.is_changed = true;
        let failed = StoreError::database("writing the feed");
        self.conn
            .prepare_cached(
                "INSERT INTO feed(seq, op, dataset, feature, version, kind, grp, chain, area_before, area_after)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
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
                    moved.map(|it| it.before.to_string()),
                    moved.map(|it| it.after.to_string()),
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
        (content, hash): (&Content, Hash16),
        mark: DeliveryMark,
    ) -> Result<u64, StoreError> {
        let seq = self.entry(cause, dataset_no, (feature, 1), (false, hash), None)?;
        self.conn
            .prepare_cached(
                "INSERT INTO feature(id, dataset, version, seq, is_deleted, geometry, properties, blobs, hash,
                     replica, source, delivered_hash, delivered_version, op)
                 VALUES (?1, ?2, 1, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
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
                    mark.source,
                    mark.delivered_hash,
                    i64::from(mark.is_as_delivered),
                    cause.op.as_bytes(),
                ])
            })
            .map_err(StoreError::database(WRITING))?;
        Ok(seq)
    }

    /// The next version of a feature; the row as it was goes to history.
    pub(super) fn replace(
        &mut self,
        cause: Cause,
        before: &StoredRow,
        (content, is_deleted): (&Content, bool),
        delivery: Option<DeliveryMark>,
    ) -> Result<u64, StoreError> {
        let failed = StoreError::database(WRITING);
        let hash = content.hash(is_deleted);
        let old = &before.it;
        let version = old.version + 1;
        let seq =
            self.entry(cause, old.dataset_no, (old.feature, version), (is_deleted, hash), None)?;
        self.conn
            .prepare_cached(
                "INSERT INTO history(feature, version, is_deleted, geometry, properties, blobs, hash, replica, op)
                 SELECT id, version, is_deleted, geometry, properties, blobs, hash, replica, op
                 FROM feature WHERE row = ?1",
            )
            .and_then(|mut it| it.execute([before.row]))
            .map_err(failed)?;
        self.conn
            .prepare_cached(
                "UPDATE feature SET version = ?2, seq = ?3, is_deleted = ?4, geometry = ?5, properties = ?6,
                     blobs = ?7, hash = ?8, replica = ?9, op = ?10 WHERE row = ?1",
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
                    cause.op.as_bytes(),
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

    /// An entry that tells a row once more, because what hangs on it has changed.
    pub(super) fn tell_again(&mut self, cause: Cause, row: &StoredRow) -> Result<u64, StoreError> {
        self.tell_moved(cause, row, None)
    }

    /// The same for a row that may have moved with its parent.
    pub(super) fn tell_moved(
        &mut self,
        cause: Cause,
        row: &StoredRow,
        moved: Option<&Moved>,
    ) -> Result<u64, StoreError> {
        let it = &row.it;
        let state = (it.is_deleted, it.hash);
        let seq = self.entry(cause, it.dataset_no, (it.feature, it.version), state, moved)?;
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
