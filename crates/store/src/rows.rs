//! How entries of the feed become rows of the base, whether they come in order or by dataset.

use std::collections::BTreeSet;

use faltkarta_faults::{Bug, is_seeded, point};
use faltkarta_model::{DatasetId, FeatureId, Timestamp, Value};
use faltkarta_protocol::{FeedEntry, FeedKind, FeedRow, Outcome, RowsReply};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use crate::conflict;
use crate::error::{StoreError, bad_column};
use crate::feature::{base_of, overlay_of};
use crate::feed::{PageEffect, change_of, raise_witness};
use crate::history;
use crate::journal::{cursor_seq, record};
use crate::overlay;
use crate::store::Store;

/// A dataset that is fetched row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backfill {
    /// The dataset.
    pub dataset: DatasetId,
    /// The last row that is in place, as the store named it; empty at the beginning.
    pub after: String,
    /// Only what came after this entry; `None` for everything.
    pub since: Option<u64>,
}

impl Store {
    /// Datasets that are to be fetched row by row, with how far each is.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn backfills(&self) -> Result<Vec<Backfill>, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT dataset, after, since FROM backfill ORDER BY dataset")?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))?;
        rows.map(|row| {
            let (dataset, after, since) = row?;
            let dataset =
                DatasetId::parse(&dataset).map_err(|error| bad_column("backfill", error))?;
            Ok(Backfill { dataset, after, since })
        })
        .collect()
    }

    /// Plans to fetch datasets row by row, from the beginning.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn plan_backfill(
        &mut self,
        datasets: &[DatasetId],
        since: Option<u64>,
    ) -> Result<(), StoreError> {
        self.write(|tx| datasets.iter().try_for_each(|dataset| plan(tx, dataset, since)))
    }

    /// Gives up fetching a dataset: the store does not hand it out.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn drop_backfill(&mut self, dataset: &DatasetId) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute("DELETE FROM backfill WHERE dataset = ?1", [dataset.as_str()])?;
            Ok(())
        })
    }

    /// Takes a piece of a dataset's rows, and how far it came, in one transaction. Rows that are newer here stay. When
    /// everything is fetched, rows between two that came are no longer the laptop's and leave.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then nothing of the piece was taken.
    pub fn apply_rows(
        &mut self,
        reply: &RowsReply,
        dataset: &DatasetId,
        now: Timestamp,
    ) -> Result<PageEffect, StoreError> {
        point("store.rows.before_piece")?;
        let effect = self.apply(|tx| take_rows(tx, reply, dataset, now))?;
        point("store.rows.after_piece")?;
        Ok(effect)
    }

    /// Features that left the laptop's area and stay while something here hangs on them.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn moved_out(&self) -> Result<BTreeSet<FeatureId>, StoreError> {
        Ok(moved_out(&self.conn)?.into_iter().map(|it| it.0).collect())
    }

    /// Lets go of rows that left the area and that nothing hangs on any more.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn release_moved_out(&mut self) -> Result<PageEffect, StoreError> {
        if moved_out(&self.conn)?.is_empty() {
            return Ok(PageEffect::default());
        }
        self.apply(|tx| {
            let cursor = cursor_seq(tx)?;
            let mut effect = PageEffect::default();
            for id in release_moved_out(tx, cursor)? {
                effect.changes.extend(change_of(tx, id, cursor)?);
            }
            Ok(effect)
        })
    }

    /// Lets rows go that the laptop's own subscription no longer takes; those that something hangs on stay.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn let_go(&mut self, ids: &[FeatureId]) -> Result<PageEffect, StoreError> {
        self.apply(|tx| {
            let cursor = cursor_seq(tx)?;
            let mut effect = PageEffect::default();
            for id in ids {
                if let Some(base) = base_of(tx, *id)? {
                    leave(tx, *id, base.seq, cursor)?;
                    effect.changes.extend(change_of(tx, *id, cursor)?);
                }
            }
            Ok(effect)
        })
    }
}

pub(crate) fn plan(
    tx: &Transaction<'_>,
    dataset: &DatasetId,
    since: Option<u64>,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO backfill(dataset, since) VALUES (?1, ?2)
         ON CONFLICT(dataset) DO UPDATE SET after = '', since = ?2",
    )?
    .execute((dataset.as_str(), since))?;
    Ok(())
}

fn take_rows(
    tx: &Transaction<'_>,
    reply: &RowsReply,
    dataset: &DatasetId,
    now: Timestamp,
) -> Result<PageEffect, StoreError> {
    let cursor = cursor_seq(tx)?;
    raise_witness(tx, &reply.at)?;
    let mut touched = BTreeSet::new();
    for entry in &reply.entries {
        take_entry(tx, entry, cursor, now)?;
        touched.insert(entry.feature);
    }
    let planned: Option<(String, Option<u64>)> = tx
        .prepare_cached("SELECT after, since FROM backfill WHERE dataset = ?1")?
        .query_row([dataset.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((after, None)) = planned {
        let told: BTreeSet<FeatureId> = reply.entries.iter().map(|it| it.feature).collect();
        for (id, seq) in between(tx, dataset, &after, reply.next.as_deref())? {
            if seq <= reply.at.seq && !told.contains(&id) {
                // By its own number: when the area comes back, so may the row.
                leave(tx, id, seq, cursor)?;
                touched.insert(id);
            }
        }
    }
    match &reply.next {
        Some(next) => tx
            .prepare_cached("UPDATE backfill SET after = ?2 WHERE dataset = ?1")?
            .execute([dataset.as_str(), next])?,
        None => tx
            .prepare_cached("DELETE FROM backfill WHERE dataset = ?1")?
            .execute([dataset.as_str()])?,
    };
    let mut effect = PageEffect { n_entries: reply.entries.len() as u32, ..PageEffect::default() };
    for id in touched {
        effect.changes.extend(change_of(tx, id, cursor)?);
    }
    Ok(effect)
}

/// The rows of a dataset whose ids lie behind `after` and not behind `to`, with the entries they come from.
fn between(
    tx: &Transaction<'_>,
    dataset: &DatasetId,
    after: &str,
    to: Option<&str>,
) -> Result<Vec<(FeatureId, u64)>, StoreError> {
    let bytes = |text: &str| text.parse::<FeatureId>().ok().map(|it| it.as_bytes().to_vec());
    let from = bytes(after).unwrap_or_default();
    let to = match to.map(bytes) {
        // A store that names its pieces by something else says nothing about what lies between.
        Some(None) => return Ok(vec![]),
        Some(Some(to)) => to,
        None => vec![0xff; 17],
    };
    let mut statement = tx.prepare_cached(
        "SELECT b.id, b.seq FROM base b JOIN dataset d ON d.no = b.dataset
         WHERE d.id = ?1 AND b.id > ?2 AND b.id <= ?3",
    )?;
    let rows = statement.query_map((dataset.as_str(), from, to), |row| {
        Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?))
    })?;
    rows.map(|row| {
        let (id, seq) = row?;
        Ok((FeatureId::from_slice(&id).map_err(|error| bad_column("base.id", error))?, seq))
    })
    .collect()
}

/// Takes one entry, unless the row is from a newer one already. `cursor` is where the feed stands after the act.
pub(crate) fn take_entry(
    tx: &Transaction<'_>,
    entry: &FeedEntry,
    cursor: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    settle_own(tx, entry, now)?;
    let mut statement = tx.prepare_cached("SELECT no FROM dataset WHERE id = ?1")?;
    let dataset: Option<u16> =
        statement.query_row([entry.dataset.as_str()], |row| row.get(0)).optional()?;
    // A dataset that is not on this laptop: it comes whole when its declaration has come.
    let Some(dataset) = dataset else { return Ok(()) };
    let id = &entry.feature.as_bytes()[..];
    let base = base_of(tx, entry.feature)?;
    let mut statement = tx.prepare_cached("SELECT seq, has_left FROM gone WHERE id = ?1")?;
    let gone: Option<(u64, bool)> =
        statement.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    let (gone_seq, has_left) = gone.unwrap_or_default();
    let seen_seq = base.as_ref().map_or(0, |it| it.seq).max(gone_seq);
    if entry.seq > seen_seq {
        let open = conflict::open_ids(tx, entry.feature)?;
        history::note(tx, entry, base.as_ref(), &open)?;
    }
    if entry.seq >= seen_seq {
        conflict::replace(tx, entry, now)?;
    }
    // A row that left with an area comes back with it, and is the same one then.
    let comes_back = base.is_none() && has_left && entry.seq == gone_seq;
    if entry.seq <= seen_seq && !comes_back && !is_seeded(Bug::NoRowGuard) {
        return Ok(());
    }
    match (entry.kind, &entry.row) {
        (FeedKind::Upsert, Some(row)) => {
            let number = match &base {
                Some(base) => base.row,
                None => own_row(tx, entry.feature)?,
            };
            upsert(tx, entry, dataset, number, row)?;
            tx.prepare_cached("DELETE FROM gone WHERE id = ?1")?.execute([id])?;
            tx.prepare_cached("DELETE FROM moved_out WHERE id = ?1")?.execute([id])?;
        }
        (FeedKind::Upsert, None) => {
            return Err(StoreError::FeedBroken {
                cursor: cursor_seq(tx)?,
                text: format!("entry {} has no row", entry.seq),
            });
        }
        (FeedKind::Delete, _) => {
            tx.prepare_cached("DELETE FROM moved_out WHERE id = ?1")?.execute([id])?;
            let own = overlay_of(tx, entry.feature)?.map(|it| it.stored.row);
            // One that was never seen here leaves nothing behind.
            let Some(row) = base.map(|it| it.row).or(own) else { return Ok(()) };
            take_away(tx, entry.feature, &Gone { row, dataset, seq: entry.seq, has_left: false })?;
        }
        (FeedKind::Leave, _) => leave(tx, entry.feature, entry.seq, cursor)?,
    }
    Ok(())
}

struct Gone {
    row: u32,
    dataset: u16,
    seq: u64,
    has_left: bool,
}

fn take_away(tx: &Transaction<'_>, id: FeatureId, gone: &Gone) -> Result<(), StoreError> {
    let id = &id.as_bytes()[..];
    tx.prepare_cached("DELETE FROM base WHERE id = ?1")?.execute([id])?;
    tx.prepare_cached(
        "INSERT INTO gone(id, row, dataset, seq, has_left) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT(id) DO UPDATE SET row = ?2, seq = ?4, has_left = ?5",
    )?
    .execute((id, gone.row, gone.dataset, gone.seq, gone.has_left))?;
    Ok(())
}

/// A row is no longer the laptop's. It stays, marked, while something here hangs on it.
fn leave(tx: &Transaction<'_>, id: FeatureId, seq: u64, cursor: u64) -> Result<(), StoreError> {
    let Some(base) = base_of(tx, id)? else { return Ok(()) };
    let bytes = &id.as_bytes()[..];
    if is_pinned(tx, id, cursor)? {
        tx.prepare_cached(
            "INSERT INTO moved_out VALUES (?1, ?2) ON CONFLICT(id) DO UPDATE SET seq = ?2",
        )?
        .execute((bytes, seq))?;
        // An older entry must not bring it back as if it had never left.
        tx.prepare_cached("UPDATE base SET seq = max(seq, ?2) WHERE id = ?1")?
            .execute((bytes, seq))?;
        return Ok(());
    }
    tx.prepare_cached("DELETE FROM moved_out WHERE id = ?1")?.execute([bytes])?;
    let mut statement = tx.prepare_cached("SELECT dataset FROM base WHERE id = ?1")?;
    let dataset = statement.query_row([bytes], |row| row.get(0))?;
    take_away(tx, id, &Gone { row: base.row, dataset, seq: seq.max(base.seq), has_left: true })
}

/// Whether unfinished work hangs on a feature: an own edit under way, an open conflict, a draft, a photo to be sent.
fn is_pinned(conn: &Connection, id: FeatureId, cursor: u64) -> Result<bool, StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT EXISTS (SELECT 1 FROM journal WHERE feature = ?1 AND (state = 'conflict' OR {}))
             OR EXISTS (SELECT 1 FROM conflict WHERE feature = ?1)
             OR EXISTS (SELECT 1 FROM draft WHERE subject_id = ?1 AND state = 'active')
             OR EXISTS (SELECT 1 FROM attachment a JOIN blob b ON b.id = a.blob
                        WHERE a.owner = ?1 AND NOT a.is_removed AND b.state IN ('taken', 'saved'))",
        overlay::LIVE
    ))?;
    Ok(statement.query_row((&id.as_bytes()[..], cursor), |row| row.get(0))?)
}

fn moved_out(conn: &Connection) -> Result<Vec<(FeatureId, u64)>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT id, seq FROM moved_out")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?)))?;
    rows.map(|row| {
        let (id, seq) = row?;
        Ok((FeatureId::from_slice(&id).map_err(|error| bad_column("moved_out.id", error))?, seq))
    })
    .collect()
}

/// Rows that left the area earlier and that nothing hangs on any more; they are gone when this returns.
pub(crate) fn release_moved_out(
    tx: &Transaction<'_>,
    cursor: u64,
) -> Result<Vec<FeatureId>, StoreError> {
    let mut released = vec![];
    for (id, seq) in moved_out(tx)? {
        if !is_pinned(tx, id, cursor)? {
            leave(tx, id, seq, cursor)?;
            released.push(id);
        }
    }
    Ok(released)
}

/// An own operation that comes back in the feed has been taken, whatever became of the answer to its push.
fn settle_own(tx: &Transaction<'_>, entry: &FeedEntry, now: Timestamp) -> Result<(), StoreError> {
    let mut statement = tx.prepare_cached("SELECT state FROM journal WHERE id = ?1")?;
    let state: Option<String> =
        statement.query_row([&entry.op.as_bytes()[..]], |row| row.get(0)).optional()?;
    match state.as_deref() {
        None | Some("received" | "conflict") => Ok(()),
        Some("pending") => {
            // It is pushed again all the same: only the answer says what became of all of it. But the base shows it
            // from now on.
            tx.prepare_cached("UPDATE journal SET seq = ?2 WHERE id = ?1")?
                .execute((&entry.op.as_bytes()[..], entry.seq))?;
            Ok(())
        }
        Some(_) => {
            let conflicts: Vec<_> =
                entry.conflicts.iter().filter(|it| it.op == entry.op).map(|it| it.id).collect();
            let outcome = if conflicts.is_empty() {
                Outcome::Applied
            } else {
                Outcome::Conflict { conflicts }
            };
            record(tx, entry.op, &outcome, Some(entry.seq), entry.seq, now)
        }
    }
}

fn own_row(tx: &Transaction<'_>, id: FeatureId) -> Result<u32, StoreError> {
    match overlay_of(tx, id)? {
        Some(own) => Ok(own.stored.row),
        None => overlay::next_row(tx),
    }
}

fn upsert(
    tx: &Transaction<'_>,
    entry: &FeedEntry,
    dataset: u16,
    number: u32,
    row: &FeedRow,
) -> Result<(), StoreError> {
    let wkb = match &row.geometry {
        Value::Geometry(geometry) => Some(geometry.wkb()),
        _ => None,
    };
    let properties =
        serde_json::to_string(&row.properties).map_err(|error| bad_column("properties", error))?;
    let id = &entry.feature.as_bytes()[..];
    tx.prepare_cached(
        "INSERT INTO base(row, dataset, id, version, seq, geometry, properties) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT(row) DO UPDATE SET dataset = ?2, version = ?4, seq = ?5, geometry = ?6, properties = ?7",
    )?
    .execute((number, dataset, id, entry.version, entry.seq, wkb, properties))?;
    tx.prepare_cached("DELETE FROM feature_blob WHERE feature = ?1")?.execute([id])?;
    for blob in &row.blobs {
        tx.prepare_cached(
            "INSERT INTO feature_blob VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        )?
        .execute((id, blob.id.as_str(), blob.complete, blob.has_preview))?;
    }
    Ok(())
}
