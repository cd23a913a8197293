use std::collections::{BTreeSet, HashSet};

use faltkarta_changes::{Effect, FieldOutcome, Merge, Operation, OperationKind, RowValues};
use faltkarta_model::{DatasetId, Feature, FeatureId, Timestamp};
use faltkarta_protocol::Author;
use rusqlite::{OptionalExtension as _, params};
use uuid::Uuid;

use crate::areas::{Moved, cover_of};
use crate::backend::{Delivered, DeliveryCounts};
use crate::error::StoreError;
use crate::judging::{
    Catalogue, Circumstances, ConflictRow, ConflictState, Content, Declared, Hash16, Rows as _,
    delivered_cause, delivered_content, delivered_op, merge_row, moves_along, set_by,
};
use crate::sqlite::feed_writer::{Cause, DeliveryMark, FeedWriter};
use crate::sqlite::row::{StoredRow, load};
use crate::sqlite::rows::OpenRows;
use crate::sqlite::settle::write_conflict;
use crate::sqlite::told;

/// Takes one file's features in, inside a transaction of the caller.
///
/// A delivered row is compared with what was delivered for it last time, not with what the field has made of it
/// since: an unchanged delivery never undoes an edit, and a changed one is merged with it like an operation.
pub(super) struct Taking<'a, 'c> {
    pub(super) writer: FeedWriter<'c>,
    catalogue: &'a Catalogue,
    edition: Uuid,
    now: Timestamp,
    set: Option<Set<'a>>,
}

struct Set<'a> {
    declared: &'a Declared,
    key: String,
    no: i64,
    seen: HashSet<i64>,
    counts: DeliveryCounts,
    n_problems: usize,
}

/// The most problems that are kept of one set; the report counts them all.
const MAX_KEPT_PROBLEMS: usize = 10_000;

const TAKING: &str = "taking a delivery in";

/// What the quick look at a feature tells.
struct Glance {
    row: i64,
    dataset_no: u16,
    source: Option<i64>,
    delivered_hash: Option<Hash16>,
}

impl<'a, 'c> Taking<'a, 'c> {
    pub(super) fn new(
        writer: FeedWriter<'c>,
        catalogue: &'a Catalogue,
        edition: Uuid,
        now: Timestamp,
    ) -> Self {
        Self { writer, catalogue, edition, now, set: None }
    }

    fn cause(&self, feature: FeatureId) -> Cause {
        let (op, replica) = delivered_cause(self.edition, feature);
        Cause { op, replica, group: None }
    }

    fn glance(&self, feature: FeatureId) -> Result<Option<Glance>, StoreError> {
        self.writer
            .conn
            .prepare_cached(
                "SELECT row, dataset, source, delivered_hash FROM feature WHERE id = ?1",
            )
            .and_then(|mut it| {
                it.query_row([feature.as_bytes()], |row| {
                    Ok(Glance {
                        row: row.get(0)?,
                        dataset_no: row.get(1)?,
                        source: row.get(2)?,
                        delivered_hash: row.get(3)?,
                    })
                })
                .optional()
            })
            .map_err(StoreError::database(TAKING))
    }

    fn set(&mut self) -> Result<&mut Set<'a>, StoreError> {
        self.set.as_mut().ok_or_else(|| StoreError::damaged("a delivery without a set"))
    }

    /// A delivered row that differs from what was delivered last.
    fn change(
        &mut self,
        feature: FeatureId,
        new: &Content,
        mark: DeliveryMark,
        declared: &Declared,
    ) -> Result<(), StoreError> {
        let Some(stored) = load(self.writer.conn, feature)? else { return Ok(()) };
        let cause = self.cause(feature);
        if stored.it.version == stored.delivered_version {
            // Nobody in the field touched it.
            let content = Content { blobs: stored.it.content.blobs.clone(), ..new.clone() };
            self.writer.replace(cause, &stored, (&content, false), Some(mark))?;
            return self.take_along(&stored, &content);
        }
        let old = self.last_delivered(feature, stored.delivered_version)?;
        let op = self.operation(feature, declared, &old.values()?, &new.values()?, &stored);
        let merge = self.merge(&stored, &op, declared)?;
        let mark = DeliveryMark { is_as_delivered: false, ..mark };
        match &merge.effect {
            Effect::Put { values, blobs } => {
                let content = Content::of(values, blobs);
                self.writer.replace(cause, &stored, (&content, false), Some(mark))?;
                self.take_along(&stored, &content)?;
            }
            Effect::Nothing | Effect::Remove => self.writer.mark_delivered(stored.row, mark, 0)?,
        }
        self.writer
            .conn
            .execute(
                "INSERT OR REPLACE INTO delivered(feature, geometry, properties) VALUES (?1, ?2, ?3)",
                params![feature.as_bytes(), new.wkb, new.properties],
            )
            .map_err(StoreError::database(TAKING))?;
        self.open_conflicts(&op, declared, &merge)
    }

    /// Tells the children of a delivered row that has moved, see [`crate::judging`].
    fn take_along(&mut self, stored: &StoredRow, after: &Content) -> Result<(), StoreError> {
        let before = &stored.it;
        if before.content.wkb == after.wkb {
            return Ok(());
        }
        let conn = self.writer.conn;
        let cover = |content: &Content| {
            cover_of(self.catalogue, before.dataset_no, content, &mut |it| told::look(conn, it))
        };
        let moved = Moved { before: cover(&before.content)?, after: cover(after)? };
        if moved.before == moved.after {
            return Ok(());
        }
        let mut seen = BTreeSet::from([before.feature]);
        let mut parents = vec![before.feature];
        while let Some(parent) = parents.pop() {
            for child in OpenRows::new(conn).children(parent)? {
                let Some(row) = load(conn, child.child)? else { continue };
                if moves_along(self.catalogue, &row.it, parent)? && seen.insert(child.child) {
                    self.writer.tell_moved(self.cause(child.child), &row, Some(&moved))?;
                    parents.push(child.child);
                }
            }
        }
        Ok(())
    }

    /// The delivery stands beside everybody else: what the field changed since the last one is others' change.
    fn merge(
        &self,
        stored: &StoredRow,
        op: &Operation,
        declared: &Declared,
    ) -> Result<Merge, StoreError> {
        let circumstances = Circumstances {
            is_changed_by_others: stored.it.version > op.base_version,
            has_unseen_child: op.kind == OperationKind::Delete
                && !OpenRows::new(self.writer.conn).children(op.feature)?.is_empty(),
            open: &[],
        };
        merge_row(Some(&stored.it), op, declared, &circumstances)
    }

    /// Keeps the conflicts of a delivered row, with an entry that tells them when the row made none.
    fn open_conflicts(
        &mut self,
        op: &Operation,
        declared: &Declared,
        merge: &Merge,
    ) -> Result<(), StoreError> {
        if merge.conflicts.is_empty() {
            return Ok(());
        }
        let Some(stored) = load(self.writer.conn, op.feature)? else { return Ok(()) };
        let merged = merge.fields.iter().filter(|(_, it)| **it == FieldOutcome::Applied);
        let merged: Vec<_> = merged.map(|(field, _)| field.clone()).collect();
        for conflict in &merge.conflicts {
            let row = ConflictRow {
                store_by: set_by(&mut OpenRows::new(self.writer.conn), &stored.it, conflict)?,
                conflict: conflict.clone(),
                feature: op.feature,
                dataset_no: declared.no,
                replica: op.replica,
                at: self.now,
                candidate_by: Author {
                    user: op.user.clone(),
                    device: "import".to_owned(),
                    at: self.now,
                },
                merged: merged.clone(),
                state: ConflictState::Open,
                closed_by: None,
            };
            write_conflict(self.writer.conn, &row)?;
        }
        if merge.effect == Effect::Nothing {
            self.writer.tell_again(self.cause(op.feature), &stored)?;
        }
        self.set()?.counts.conflicts += merge.conflicts.len() as u64;
        Ok(())
    }

    fn last_delivered(&self, feature: FeatureId, version: u32) -> Result<Content, StoreError> {
        let sql = if version == 0 {
            "SELECT geometry, properties FROM delivered WHERE feature = ?1 AND ?2 = 0"
        } else {
            "SELECT geometry, properties FROM history WHERE feature = ?1 AND version = ?2"
        };
        let found = self
            .writer
            .conn
            .prepare_cached(sql)
            .and_then(|mut it| {
                it.query_row(params![feature.as_bytes(), version], |row| {
                    Ok(Content {
                        wkb: row.get(0)?,
                        properties: row.get(1)?,
                        blobs: "[]".to_owned(),
                    })
                })
                .optional()
            })
            .map_err(StoreError::database(TAKING))?;
        // A feature that was made in the field and is delivered for the first time has no earlier delivery.
        Ok(found.unwrap_or_else(|| Content {
            properties: "{}".to_owned(),
            blobs: "[]".to_owned(),
            wkb: None,
        }))
    }

    fn operation(
        &self,
        feature: FeatureId,
        declared: &Declared,
        old: &RowValues,
        new: &RowValues,
        stored: &StoredRow,
    ) -> Operation {
        let whose = (feature, stored.delivered_version);
        delivered_op((self.edition, self.now), declared, whose, old, new)
    }

    /// Takes away what the set held before and holds no more.
    fn take_away(&mut self) -> Result<(), StoreError> {
        let conn = self.writer.conn;
        let set = self.set()?;
        let declared = set.declared;
        let ids: Vec<(i64, [u8; 16])> = conn
            .prepare_cached(
                "SELECT row, id FROM feature WHERE dataset = ?1 AND source = ?2 AND NOT is_deleted",
            )
            .and_then(|mut it| {
                it.query_map(params![declared.no, set.no], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect()
            })
            .map_err(StoreError::database(TAKING))?;
        let gone: Vec<_> = ids.into_iter().filter(|(row, _)| !set.seen.contains(row)).collect();
        for (row, id) in gone {
            let feature = FeatureId::from_uuid(Uuid::from_bytes(id));
            let Some(stored) = load(conn, feature)? else { continue };
            let old = if stored.it.version == stored.delivered_version {
                stored.it.content.values()?
            } else {
                self.last_delivered(feature, stored.delivered_version)?.values()?
            };
            let mut op = self.operation(feature, declared, &old, &RowValues::new(), &stored);
            op.kind = OperationKind::Delete;
            let merge = self.merge(&stored, &op, declared)?;
            if merge.effect == Effect::Remove {
                let cause = self.cause(feature);
                self.writer.replace(cause, &stored, (&stored.it.content, true), None)?;
            }
            self.open_conflicts(&op, declared, &merge)?;
            // It is no longer of this set, so that the next delivery does not ask again.
            conn.execute(
                "UPDATE feature SET source = NULL, delivered_hash = NULL, delivered_version =
                     CASE WHEN is_deleted THEN version ELSE 0 END WHERE row = ?1",
                [row],
            )
            .map_err(StoreError::database(TAKING))?;
            self.set()?.counts.gone += 1;
        }
        Ok(())
    }
}

impl Delivered for Taking<'_, '_> {
    fn begin(&mut self, dataset: &DatasetId, key: &str) -> Result<(), StoreError> {
        let declared = self.catalogue.get(dataset)?;
        let failed = StoreError::database(TAKING);
        let conn = self.writer.conn;
        conn.execute(
            "INSERT INTO source_set(dataset, key, edition, at, data_date) VALUES (?1, ?2, ?3, ?4, '')
             ON CONFLICT(dataset, key) DO UPDATE SET edition = ?3, at = ?4",
            params![declared.no, key, self.edition.as_bytes(), self.now.to_string()],
        )
        .map_err(failed)?;
        let no = conn
            .query_row(
                "SELECT no FROM source_set WHERE dataset = ?1 AND key = ?2",
                params![declared.no, key],
                |row| row.get(0),
            )
            .map_err(failed)?;
        conn.execute("DELETE FROM problem WHERE source = ?1", [no]).map_err(failed)?;
        self.set = Some(Set {
            declared,
            key: key.to_owned(),
            no,
            seen: HashSet::new(),
            counts: DeliveryCounts::default(),
            n_problems: 0,
        });
        Ok(())
    }

    fn take(&mut self, feature: &Feature) -> Result<(), StoreError> {
        let (declared, source) = {
            let set = self.set()?;
            (set.declared, set.no)
        };
        let content = delivered_content(&self.set()?.declared.dataset, feature);
        let hash = content.hash(false);
        let mark = DeliveryMark { source, delivered_hash: hash, is_as_delivered: true };
        let Some(glance) = self.glance(feature.id)? else {
            let cause = self.cause(feature.id);
            self.writer.insert(cause, declared.no, feature.id, (&content, hash), mark)?;
            let row = self.writer.conn.last_insert_rowid();
            let set = self.set()?;
            set.seen.insert(row);
            set.counts.new += 1;
            return Ok(());
        };
        if glance.dataset_no != declared.no {
            return Err(StoreError::damaged("one id in two datasets"));
        }
        self.set()?.seen.insert(glance.row);
        if glance.delivered_hash == Some(hash) {
            if glance.source != Some(source) {
                self.writer
                    .conn
                    .execute("UPDATE feature SET source = ?2 WHERE row = ?1", (glance.row, source))
                    .map_err(StoreError::database(TAKING))?;
            }
            self.set()?.counts.unchanged += 1;
            return Ok(());
        }
        self.change(feature.id, &content, mark, declared)?;
        let counts = &mut self.set()?.counts;
        if glance.delivered_hash.is_none() {
            counts.new += 1;
        } else {
            counts.changed += 1;
        }
        Ok(())
    }

    fn note(
        &mut self,
        row: u64,
        code: &str,
        text: &str,
        feature: Option<FeatureId>,
    ) -> Result<(), StoreError> {
        let set = self.set()?;
        set.n_problems += 1;
        if set.n_problems > MAX_KEPT_PROBLEMS {
            return Ok(());
        }
        let no = set.no;
        self.writer
            .conn
            .prepare_cached(
                "INSERT INTO problem(source, row, code, text, feature) VALUES (?1, ?2, ?3, ?4, ?5)",
            )
            .and_then(|mut it| {
                it.execute(params![no, row as i64, code, text, feature.map(|it| *it.as_bytes())])
            })
            .map_err(StoreError::database(TAKING))?;
        Ok(())
    }

    fn end(&mut self, data_date: &str) -> Result<DeliveryCounts, StoreError> {
        self.take_away()?;
        let set = self.set.take().ok_or_else(|| StoreError::damaged("a delivery without a set"))?;
        self.writer
            .conn
            .execute("UPDATE source_set SET data_date = ?2 WHERE no = ?1", (set.no, data_date))
            .map_err(StoreError::database(TAKING))?;
        tracing::info!(
            dataset = %set.declared.dataset.id,
            set = %set.key,
            new = set.counts.new,
            changed = set.counts.changed,
            gone = set.counts.gone,
            "delivery taken in"
        );
        Ok(set.counts)
    }
}
