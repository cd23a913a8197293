use std::collections::BTreeSet;

use faltkarta_changes::ConflictKind;
use faltkarta_model::{DatasetId, FeatureId, OpId, Timestamp};
use faltkarta_protocol::{FeedConflict, FeedEntry};
use rusqlite::{Connection, Row, Transaction};
use uuid::Uuid;

use crate::error::{StoreError, bad_column};
use crate::store::Store;

/// An open conflict of the geodata store, as its feature's newest entry told it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredConflict {
    /// The feature.
    pub feature: FeatureId,
    /// Its dataset.
    pub dataset: DatasetId,
    /// The conflict.
    pub conflict: FeedConflict,
    /// When it came, on the laptop's clock; `None` when it came with a package.
    pub fetched_at: Option<Timestamp>,
    /// Whether the person left it to the coordinator.
    pub is_deferred: bool,
}

const SELECT: &str = "SELECT c.feature, c.dataset, c.body, c.fetched_at, \
     EXISTS (SELECT 1 FROM deferred d WHERE d.conflict = c.id) FROM conflict c";

impl Store {
    /// All conflicts that the store has open, by feature.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn conflicts(&self) -> Result<Vec<StoredConflict>, StoreError> {
        let mut statement =
            self.conn.prepare_cached(&format!("{SELECT} ORDER BY c.feature, c.id"))?;
        let rows = statement.query_map([], |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }

    /// The conflicts of one feature that the store has open.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn conflicts_of(&self, feature: FeatureId) -> Result<Vec<StoredConflict>, StoreError> {
        let mut statement =
            self.conn.prepare_cached(&format!("{SELECT} WHERE c.feature = ?1 ORDER BY c.id"))?;
        let rows = statement.query_map([&feature.as_bytes()[..]], |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }

    /// Remembers that a person left conflicts to the coordinator.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn defer_conflicts(&mut self, conflicts: &[Uuid]) -> Result<(), StoreError> {
        self.write(|tx| {
            for id in conflicts {
                tx.prepare_cached("INSERT INTO deferred VALUES (?1) ON CONFLICT DO NOTHING")?
                    .execute([&id.as_bytes()[..]])?;
            }
            Ok(())
        })
    }
}

/// Replaces what is known of a feature's conflicts by what its newest entry says. Own operations whose conflicts are
/// closed by it have found their end.
pub(crate) fn replace(
    tx: &Transaction<'_>,
    entry: &FeedEntry,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = &entry.feature.as_bytes()[..];
    let known: Vec<StoredConflict> = {
        let mut statement = tx.prepare_cached(&format!("{SELECT} WHERE c.feature = ?1"))?;
        let rows = statement.query_map([id], |row| Ok(read(row)))?;
        rows.map(|row| row?).collect::<Result<_, StoreError>>()?
    };
    tx.prepare_cached("DELETE FROM conflict WHERE feature = ?1")?.execute([id])?;
    for conflict in &entry.conflicts {
        let earlier = known.iter().find(|it| it.conflict.id == conflict.id);
        let fetched_at = earlier.map_or(Some(now), |it| it.fetched_at);
        put(tx, entry.feature, &entry.dataset, conflict, fetched_at)?;
    }
    for closed in &known {
        if entry.conflicts.iter().any(|it| it.id == closed.conflict.id) {
            continue;
        }
        tx.prepare_cached("DELETE FROM deferred WHERE conflict = ?1")?
            .execute([&closed.conflict.id.as_bytes()[..]])?;
        if closed.conflict.kind == ConflictKind::Group {
            settle_group(tx, closed.conflict.op, entry.seq)?;
        }
    }
    tx.prepare_cached(
        "UPDATE journal SET state = 'received', why = 'resolved'
         WHERE feature = ?1 AND state = 'conflict' AND until_seq <= ?2
           AND NOT EXISTS (SELECT 1 FROM conflict c WHERE c.op = journal.id)",
    )?
    .execute((id, entry.seq))?;
    Ok(())
}

fn put(
    tx: &Transaction<'_>,
    feature: FeatureId,
    dataset: &DatasetId,
    conflict: &FeedConflict,
    fetched_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    let body =
        serde_json::to_string(conflict).map_err(|error| bad_column("conflict.body", error))?;
    tx.prepare_cached(
        "INSERT INTO conflict(id, feature, dataset, op, body, fetched_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT(id) DO UPDATE SET feature = ?2, dataset = ?3, op = ?4, body = ?5",
    )?
    .execute((
        &conflict.id.as_bytes()[..],
        &feature.as_bytes()[..],
        dataset.as_str(),
        &conflict.op.as_bytes()[..],
        body,
        fetched_at.map(|it| it.to_string()),
    ))?;
    Ok(())
}

/// The ids of a feature's open conflicts.
pub(crate) fn open_ids(
    conn: &Connection,
    feature: FeatureId,
) -> Result<BTreeSet<Vec<u8>>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT id FROM conflict WHERE feature = ?1")?;
    let rows = statement.query_map([&feature.as_bytes()[..]], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether the store has a conflict of this operation open, as far as is known here.
pub(crate) fn has_open(conn: &Connection, op: OpId) -> Result<bool, StoreError> {
    let mut statement =
        conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM conflict WHERE op = ?1)")?;
    Ok(statement.query_row([&op.as_bytes()[..]], |row| row.get(0))?)
}

/// A group that waited as one conflict has been decided: none of its operations shows any more.
fn settle_group(tx: &Transaction<'_>, member: OpId, seq: u64) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE journal SET state = 'received', why = 'resolved', until_seq = ?2
         WHERE state IN ('parked', 'conflict') AND json_extract(operation, '$.group') =
               (SELECT json_extract(operation, '$.group') FROM journal WHERE id = ?1)",
    )?
    .execute((&member.as_bytes()[..], seq))?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<StoredConflict, StoreError> {
    let feature: Vec<u8> = row.get(0)?;
    let dataset: String = row.get(1)?;
    let body = row.get_ref(2)?.as_str().map_err(rusqlite::Error::from)?;
    let fetched_at: Option<String> = row.get(3)?;
    Ok(StoredConflict {
        feature: FeatureId::from_slice(&feature)
            .map_err(|error| bad_column("conflict.feature", error))?,
        dataset: DatasetId::parse(&dataset)
            .map_err(|error| bad_column("conflict.dataset", error))?,
        conflict: serde_json::from_str(body).map_err(|error| bad_column("conflict.body", error))?,
        fetched_at: fetched_at
            .map(|it| Timestamp::parse(&it))
            .transpose()
            .map_err(|error| bad_column("conflict.fetched_at", error))?,
        is_deferred: row.get(4)?,
    })
}
