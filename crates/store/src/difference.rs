//! Catching up by the difference when the feed no longer reaches back to the cursor, and other accounts of the base.

use faltkarta_faults::point;
use faltkarta_model::{DatasetId, Feature, Timestamp};
use faltkarta_protocol::{RowSum, RowsReply, Subscription, row_hash};
use rusqlite::OptionalExtension as _;

use crate::error::{StoreError, bad_column};
use crate::feature::read_base;
use crate::feed::{PageEffect, change_of, own_features_passed};
use crate::journal::{cursor_seq, offer_all_to_the_same};
use crate::rows;
use crate::store::{Store, read_meta, write_meta};

/// Set when a store refused what this laptop has seen; every kept operation is offered again with the new beginning,
/// whatever history the store follows by then.
pub(crate) const REFUSED: &str = "offer_again";

const NOTED: [&str; 3] = ["difference_cursor", "difference_seq", "difference_chain"];

impl Store {
    /// Notes that the store refused what this laptop has seen: a new beginning is needed, and all is offered again.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn note_refusal(&mut self) -> Result<(), StoreError> {
        self.set_metas(&[("needs_resync", "store"), (REFUSED, "1")])?;
        point("store.refusal.after_commit")?;
        Ok(())
    }

    /// Plans to fetch, for each dataset, what came after the cursor. What is planned already stays planned.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn plan_difference(&mut self, datasets: &[DatasetId]) -> Result<(), StoreError> {
        self.write(|tx| {
            let since = cursor_seq(tx)?;
            for dataset in datasets {
                tx.prepare_cached(
                    "INSERT INTO backfill(dataset, since) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                )?
                .execute((dataset.as_str(), since))?;
            }
            Ok(())
        })
    }

    /// Keeps where the feed ended when the first piece was read; later pieces change nothing of it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn note_difference(&mut self, piece: &RowsReply) -> Result<(), StoreError> {
        self.write(|tx| {
            if read_meta(tx, NOTED[0])?.is_some() {
                return Ok(());
            }
            let seq = piece.at.seq.to_string();
            for (key, value) in NOTED.iter().zip([&piece.cursor, &seq, &piece.at.chain]) {
                write_meta(tx, key, value)?;
            }
            Ok(())
        })
    }

    /// Every dataset is fetched: the feed goes on from where it ended when the first piece was read. One transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn end_difference(&mut self) -> Result<PageEffect, StoreError> {
        point("store.difference.before_end")?;
        let effect = self.apply(|tx| {
            let mut noted = vec![];
            for key in NOTED {
                noted.extend(read_meta(tx, key)?);
            }
            let [cursor, seq, chain] = &noted[..] else {
                return Err(bad_column("meta.difference_cursor", "missing"));
            };
            for (key, value) in [("cursor", cursor), ("cursor_seq", seq), ("cursor_chain", chain)] {
                write_meta(tx, key, value)?;
            }
            for key in NOTED.into_iter().chain(["needs_resync"]) {
                tx.execute("DELETE FROM meta WHERE key = ?1", [key])?;
            }
            if read_meta(tx, REFUSED)?.is_some() {
                offer_all_to_the_same(tx)?;
                tx.execute("DELETE FROM meta WHERE key = ?1", [REFUSED])?;
            }
            let seq = cursor_seq(tx)?;
            let mut effect = PageEffect::default();
            for id in own_features_passed(tx, seq)? {
                effect.changes.extend(change_of(tx, id, seq)?);
            }
            Ok(effect)
        })?;
        point("store.difference.after_end")?;
        Ok(effect)
    }

    /// Gives the difference up: a package brings everything.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn drop_difference(&mut self) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute("DELETE FROM backfill WHERE since IS NOT NULL", [])?;
            for key in NOTED {
                tx.execute("DELETE FROM meta WHERE key = ?1", [key])?;
            }
            Ok(())
        })
    }

    /// Keeps what the store sends this laptop and plans to fetch datasets, in one transaction. `sent` is the wish that
    /// was answered; one that was made since stays.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn take_subscription(
        &mut self,
        now: &Subscription,
        sent: Option<&str>,
        datasets: &[DatasetId],
    ) -> Result<(), StoreError> {
        let text =
            serde_json::to_string(now).map_err(|error| bad_column("meta.subscription", error))?;
        point("store.areas.before_write")?;
        self.write(|tx| {
            write_meta(tx, "subscription", &text)?;
            write_meta(tx, "subscription_revision", &now.revision.to_string())?;
            tx.execute("DELETE FROM meta WHERE key = 'subscription_stale'", [])?;
            tx.execute(
                "DELETE FROM meta WHERE key = 'subscription_wanted' AND value = ?1",
                [sent],
            )?;
            datasets.iter().try_for_each(|dataset| rows::plan(tx, dataset, None))
        })?;
        point("store.areas.after_commit")?;
        Ok(())
    }

    /// Adds the rows of a dataset, as last received, to a sum: at most `n_max` behind row number `after`. The answer
    /// is where to go on. Rows that left the area and stay are not counted.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn add_to_sum(
        &self,
        dataset: &DatasetId,
        after: u32,
        n_max: u32,
        sum: &mut RowSum,
    ) -> Result<Option<u32>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT b.id, b.row, d.id, b.version, b.seq, b.geometry, b.properties
             FROM base b JOIN dataset d ON d.no = b.dataset
             WHERE d.id = ?1 AND b.row > ?2 AND NOT EXISTS (SELECT 1 FROM moved_out m WHERE m.id = b.id)
             ORDER BY b.row LIMIT ?3",
        )?;
        let mut last = None;
        let mut n = 0;
        for row in statement.query_map((dataset.as_str(), after, n_max), read_base)? {
            let stored = row??;
            let Feature { id, version, geometry, properties, .. } = &stored.feature;
            sum.add(row_hash(*id, *version, geometry.as_ref(), properties));
            last = Some(stored.row);
            n += 1;
        }
        Ok(last.filter(|_| n == n_max))
    }

    /// Shows every feature of a dataset as last received, in row order.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn for_each_base_feature(
        &self,
        dataset: &DatasetId,
        see: &mut dyn FnMut(Feature),
    ) -> Result<(), StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT b.id, b.row, d.id, b.version, b.seq, b.geometry, b.properties
             FROM base b JOIN dataset d ON d.no = b.dataset WHERE d.id = ?1",
        )?;
        for row in statement.query_map([dataset.as_str()], read_base)? {
            see(row??.feature);
        }
        Ok(())
    }

    /// Device time of the oldest operation that no store has answered for.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn oldest_unsent(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT made_at FROM journal WHERE state = 'pending' ORDER BY op_no LIMIT 1",
        )?;
        let text: Option<String> = statement.query_row([], |row| row.get(0)).optional()?;
        text.map(|it| Timestamp::parse(&it))
            .transpose()
            .map_err(|error| bad_column("journal.made_at", error))
    }

    /// A feature as the base before the last new beginning had it; kept until nothing waits to be sent.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn previous_feature(
        &self,
        id: faltkarta_model::FeatureId,
    ) -> Result<Option<Feature>, StoreError> {
        previous_of(&self.conn, id)
    }

    /// Lets the base before the last new beginning go, once nothing waits to be sent.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn drop_previous_base(&mut self) -> Result<(), StoreError> {
        let waits = "SELECT EXISTS (SELECT 1 FROM journal WHERE state IN ('pending', 'parked', 'quarantined'))";
        let has_waiting: bool = self.conn.query_row(waits, [], |row| row.get(0))?;
        if has_waiting || !has_previous(&self.conn)? {
            return Ok(());
        }
        point("store.previous.before_drop")?;
        self.write(|tx| {
            Ok(tx.execute_batch("DROP TABLE base_previous; DROP TABLE dataset_previous;")?)
        })
    }
}

pub(crate) fn previous_of(
    conn: &rusqlite::Connection,
    id: faltkarta_model::FeatureId,
) -> Result<Option<Feature>, StoreError> {
    if !has_previous(conn)? {
        return Ok(None);
    }
    let mut statement = conn.prepare_cached(
        "SELECT b.id, b.row, d.id, b.version, b.seq, b.geometry, b.properties
         FROM base_previous b JOIN dataset_previous d ON d.no = b.dataset WHERE b.id = ?1",
    )?;
    let found = statement.query_row([&id.as_bytes()[..]], read_base).optional()?.transpose()?;
    Ok(found.map(|it| it.feature))
}

pub(crate) fn has_previous(conn: &rusqlite::Connection) -> Result<bool, StoreError> {
    Ok(conn.table_exists(None, "base_previous")?)
}
