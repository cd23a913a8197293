use std::collections::BTreeSet;

use faltkarta_faults::{Bug, is_seeded, point};
use faltkarta_model::{FeatureId, Timestamp};
use faltkarta_protocol::{FeedEntry, Head, PullReply, Witness};
use rusqlite::{Connection, OptionalExtension as _, Transaction};

use crate::error::{StoreError, bad_column};
use crate::feature::RowChange;
use crate::journal::{cursor_seq, number, raise_safe_seq};
use crate::overlay;
use crate::rows::{release_moved_out, take_entry};
use crate::store::{Store, read_meta, write_meta};

/// What a page of the feed did here.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PageEffect {
    /// Rows that look different now.
    pub changes: Vec<RowChange>,
    /// Entries that were taken.
    pub n_entries: u32,
    /// Entries of others that touch a feature with own edits under way.
    pub n_merged: u32,
}

impl Store {
    /// The cursor to pull from; `None` before a package is installed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn cursor(&self) -> Result<Option<String>, StoreError> {
        self.meta("cursor")
    }

    /// Number of the last feed entry that is in the base.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn cursor_seq(&self) -> Result<u64, StoreError> {
        cursor_seq(&self.conn)
    }

    /// The newest that the laptop has heard of the store's history, be it by a page, a receipt or rows. A store that
    /// lacks it was put back.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn witness(&self) -> Result<Witness, StoreError> {
        witness(&self.conn)
    }

    /// The witness with the history that it is of, in the form of a cursor; empty before a package is installed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn seen(&self) -> Result<String, StoreError> {
        let Some(epoch) = self.meta("epoch")? else { return Ok(String::new()) };
        let Witness { seq, chain } = self.witness()?;
        Ok(format!("{epoch}.{seq}.{chain}"))
    }

    /// Takes a page of the feed: rows, own edits that are now shown by them, and the cursor, in one transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError::FeedBroken`] when the page does not follow on the cursor; then nothing of it was taken.
    pub fn apply_page(
        &mut self,
        page: &PullReply,
        now: Timestamp,
    ) -> Result<PageEffect, StoreError> {
        point("store.feed.before_page")?;
        if is_seeded(Bug::CursorFirst) {
            self.write(|tx| write_cursor(tx, page))?;
        }
        let effect = self.apply(|tx| take_page(tx, page, now))?;
        point("store.feed.after_page")?;
        Ok(effect)
    }
}

fn take_page(
    tx: &Transaction<'_>,
    page: &PullReply,
    now: Timestamp,
) -> Result<PageEffect, StoreError> {
    let cursor = if is_seeded(Bug::CursorFirst) { 0 } else { cursor_seq(tx)? };
    check_order(page, cursor)?;
    let mut touched = BTreeSet::new();
    let mut effect = PageEffect::default();
    for entry in &page.entries {
        if is_under_way(tx, entry)? {
            effect.n_merged += 1;
        }
        take_entry(tx, entry, page.at.seq, now)?;
        touched.insert(entry.feature);
        effect.n_entries += 1;
    }
    touched.extend(own_features_passed(tx, page.at.seq)?);
    touched.extend(release_moved_out(tx, page.at.seq)?);
    for id in touched {
        effect.changes.extend(change_of(tx, id, page.at.seq)?);
    }
    if is_seeded(Bug::PullOverwritesPending) {
        for entry in &page.entries {
            tx.execute("DELETE FROM overlay WHERE id = ?1", [&entry.feature.as_bytes()[..]])?;
        }
    }
    write_cursor(tx, page)?;
    raise_safe_seq(tx, page.safe_seq)?;
    Ok(effect)
}

fn witness(conn: &Connection) -> Result<Witness, StoreError> {
    let cursor = (cursor_seq(conn)?, read_meta(conn, "cursor_chain")?.unwrap_or_default());
    let heard = (number(conn, "heard_seq")?, read_meta(conn, "heard_chain")?.unwrap_or_default());
    let (seq, chain) = if heard.0 > cursor.0 { heard } else { cursor };
    Ok(Witness { seq, chain })
}

/// Keeps where the store's history was said to stand, when that is newer than what was heard before.
pub(crate) fn raise_witness(tx: &Transaction<'_>, head: &Head) -> Result<(), StoreError> {
    if head.seq > witness(tx)?.seq {
        write_meta(tx, "heard_seq", &head.seq.to_string())?;
        write_meta(tx, "heard_chain", &head.chain)?;
    }
    Ok(())
}

fn write_cursor(tx: &Transaction<'_>, page: &PullReply) -> Result<(), StoreError> {
    for (key, value) in [
        ("cursor", page.cursor.as_str()),
        ("cursor_seq", &page.at.seq.to_string()),
        ("cursor_chain", &page.at.chain),
    ] {
        write_meta(tx, key, value)?;
    }
    Ok(())
}

fn check_order(page: &PullReply, cursor: u64) -> Result<(), StoreError> {
    let broken = |text: String| StoreError::FeedBroken { cursor, text };
    let mut last = cursor;
    for entry in &page.entries {
        if entry.seq <= last {
            return Err(broken(format!("entry {} after {last}", entry.seq)));
        }
        last = entry.seq;
    }
    if page.at.seq < last {
        return Err(broken(format!("the page ends at {} before entry {last}", page.at.seq)));
    }
    Ok(())
}

/// Whether somebody else's entry meets own edits that the base does not show yet.
fn is_under_way(tx: &Transaction<'_>, entry: &FeedEntry) -> Result<bool, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM journal WHERE feature = ?1 AND state = 'pending')
            AND NOT EXISTS (SELECT 1 FROM journal WHERE id = ?2)",
    )?;
    Ok(statement
        .query_row((&entry.feature.as_bytes()[..], &entry.op.as_bytes()[..]), |row| row.get(0))?)
}

/// Features whose own edits are shown by the base from now on.
pub(crate) fn own_features_passed(
    tx: &Transaction<'_>,
    to_seq: u64,
) -> Result<Vec<FeatureId>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT DISTINCT j.feature FROM journal j JOIN overlay o ON o.id = j.feature
         WHERE j.until_seq <= ?1",
    )?;
    let rows = statement.query_map([to_seq], |row| row.get::<_, Vec<u8>>(0))?;
    rows.map(|id| FeatureId::from_slice(&id?).map_err(|error| bad_column("journal.feature", error)))
        .collect()
}

pub(crate) fn change_of(
    tx: &Transaction<'_>,
    id: FeatureId,
    cursor_seq: u64,
) -> Result<Option<RowChange>, StoreError> {
    if let Some(change) = overlay::rebuild(tx, id, cursor_seq)? {
        return Ok(Some(change));
    }
    let mut statement = tx.prepare_cached(
        "SELECT g.row, d.id FROM gone g JOIN dataset d ON d.no = g.dataset WHERE g.id = ?1",
    )?;
    let gone: Option<(u32, String)> = statement
        .query_row([&id.as_bytes()[..]], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    gone.map(|(row, dataset)| {
        let dataset = faltkarta_model::DatasetId::parse(&dataset)
            .map_err(|error| bad_column("dataset.id", error))?;
        Ok(RowChange { row, id, dataset, now: None })
    })
    .transpose()
}
