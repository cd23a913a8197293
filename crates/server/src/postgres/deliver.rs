use std::collections::{HashMap, HashSet};

use faltkarta_changes::{Effect, FieldOutcome, Merge, Operation, OperationKind, RowValues};
use faltkarta_model::{DatasetId, Feature, FeatureId, Timestamp};
use faltkarta_protocol::Author;
use uuid::Uuid;

use crate::areas::{Moved, cover_of};
use crate::backend::{Delivered, DeliveryCounts};
use crate::error::StoreError;
use crate::judging::{
    Catalogue, Circumstances, ConflictRow, ConflictState, Content, Declared, Entry, FeatureRow,
    Hash16, Place, Rows as _, delivered_cause, delivered_content, delivered_op, merge_row,
    moves_along, set_by,
};
use crate::postgres::rows::{OpenRows, feature_row};
use crate::postgres::settle::{self, write_conflict};
use crate::postgres::told;
use crate::postgres::tx::{Tx, later_params};

/// Takes one file's features in, inside a transaction of the caller.
///
/// A delivered row is compared with what was delivered for it last time, not with what the field has made of it
/// since: an unchanged delivery never undoes an edit, and a changed one is merged with it like an operation. Features
/// are taken in by the hundreds, and the feed's numbers at the very end.
pub(super) struct Taking<'a, 't, 's> {
    tx: &'t mut Tx<'s>,
    catalogue: &'a Catalogue,
    edition: Uuid,
    now: Timestamp,
    set: Option<Set<'a>>,
    entries: Vec<Entry>,
}

struct Set<'a> {
    declared: &'a Declared,
    key: String,
    no: i32,
    /// Taken, and not looked up yet.
    waiting: Vec<Taken>,
    seen: HashSet<Uuid>,
    counts: DeliveryCounts,
    n_problems: usize,
}

struct Taken {
    feature: FeatureId,
    content: Content,
    hash: Hash16,
}

/// A stored row with the version that holds what was delivered.
struct Stored {
    row: FeatureRow,
    delivered_version: u32,
}

/// The most problems that are kept of one set; the report counts them all.
const MAX_KEPT_PROBLEMS: usize = 10_000;

/// So many features are looked up and written at once.
const TAKEN_AT_ONCE: usize = 500;

const LOAD_STORED: &str = "
SELECT f.id, f.dataset, f.version, f.seq, f.is_deleted, bytes(f.geom, f.wkb), f.properties, f.blobs, f.hash, f.replica,
       f.op, f.delivered_version
FROM feature f WHERE f.id = $1 FOR UPDATE";

const INSERT_DELIVERED: &str = "
INSERT INTO feature(id, dataset, version, seq, is_deleted, geom, wkb, canonical, properties, blobs, hash, replica, op,
    source, delivered_hash, delivered_version)
SELECT r.id, $6, 1, 0, false, s.geom, beside(s.geom, r.wkb), r.canonical, r.properties, '[]', r.hash, $7, r.op, $8,
    r.hash, 1
FROM unnest($1::uuid[], $2::bytea[], $3::text[], $4::bytea[], $5::uuid[], $9::bytea[])
     AS r(id, wkb, properties, hash, op, canonical)
     CROSS JOIN LATERAL (SELECT shape(r.wkb) AS geom OFFSET 0) AS s";

const MARK: &str =
    "UPDATE feature SET source = $2, delivered_hash = $3, delivered_version = $4 WHERE id = $1";

const KEEP_DELIVERED: &str = "
INSERT INTO delivered(feature, geom, wkb, properties)
SELECT $1, s.geom, beside(s.geom, $2::bytea), $3 FROM (SELECT shape($2::bytea) AS geom OFFSET 0) AS s
ON CONFLICT (feature) DO UPDATE SET geom = excluded.geom, wkb = excluded.wkb, properties = excluded.properties";

impl<'a, 't, 's> Taking<'a, 't, 's> {
    pub(super) fn new(
        tx: &'t mut Tx<'s>,
        catalogue: &'a Catalogue,
        edition: Uuid,
        now: Timestamp,
    ) -> Self {
        Self { tx, catalogue, edition, now, set: None, entries: vec![] }
    }

    fn set(&mut self) -> Result<&mut Set<'a>, StoreError> {
        self.set.as_mut().ok_or_else(|| StoreError::damaged("a delivery without a set"))
    }

    /// Numbers everything; the last thing before the commit.
    pub(super) fn finish(self) {
        settle::append_entries(self.tx, &self.entries);
    }

    /// Looks the features up that were taken, and writes what is new or different.
    fn write_waiting(&mut self) -> Result<(), StoreError> {
        let set = self.set()?;
        let (declared, source) = (set.declared, set.no);
        let taken = std::mem::take(&mut set.waiting);
        let ids: Vec<Uuid> = taken.iter().map(|it| it.feature.uuid()).collect();
        let rows = self.tx.rows(
            "SELECT id, dataset, source, delivered_hash FROM feature WHERE id = ANY($1::uuid[])",
            &[&ids],
        )?;
        let stored: HashMap<Uuid, _> =
            rows.iter().map(|row| (row.get::<_, Uuid>(0), row)).collect();
        let mut fresh = vec![];
        for taken in taken {
            let Some(row) = stored.get(&taken.feature.uuid()) else {
                self.set()?.counts.new += 1;
                fresh.push(taken);
                continue;
            };
            if row.get::<_, i32>(1) != i32::from(declared.no) {
                return Err(StoreError::damaged("one id in two datasets"));
            }
            let delivered: Option<&[u8]> = row.get(3);
            if delivered == Some(taken.hash.as_slice()) {
                if row.get::<_, Option<i32>>(2) != Some(source) {
                    self.tx.later(
                        "UPDATE feature SET source = $2 WHERE id = $1",
                        later_params![taken.feature.uuid(), source],
                    );
                }
                self.set()?.counts.unchanged += 1;
                continue;
            }
            let counts = &mut self.set()?.counts;
            if delivered.is_none() {
                counts.new += 1;
            } else {
                counts.changed += 1;
            }
            self.change(&taken, declared, source)?;
        }
        self.insert(fresh, declared, source);
        Ok(())
    }

    /// Features that the store has never had.
    fn insert(&mut self, fresh: Vec<Taken>, declared: &Declared, source: i32) {
        if fresh.is_empty() {
            return;
        }
        let causes: Vec<_> =
            fresh.iter().map(|it| delivered_cause(self.edition, it.feature)).collect();
        for (taken, (op, _)) in fresh.iter().zip(&causes) {
            self.entries.push(Entry {
                op: *op,
                dataset_no: declared.no,
                feature: taken.feature,
                version: 1,
                is_deleted: false,
                row_hash: taken.hash,
                group: None,
                moved: None,
            });
        }
        let ids: Vec<Uuid> = fresh.iter().map(|it| it.feature.uuid()).collect();
        let ops: Vec<Uuid> = causes.iter().map(|it| it.0.uuid()).collect();
        let hashes: Vec<Vec<u8>> = fresh.iter().map(|it| it.hash.to_vec()).collect();
        let canonical: Vec<Option<Vec<u8>>> =
            fresh.iter().map(|it| it.content.canonical()).collect();
        let (shapes, texts): (Vec<Option<Vec<u8>>>, Vec<String>) =
            fresh.into_iter().map(|it| (it.content.wkb, it.content.properties)).unzip();
        self.tx.later(
            INSERT_DELIVERED,
            later_params![
                ids,
                shapes,
                texts,
                hashes,
                ops,
                i32::from(declared.no),
                self.edition,
                source,
                canonical
            ],
        );
    }

    /// A delivered row that differs from what was delivered last.
    fn change(
        &mut self,
        taken: &Taken,
        declared: &Declared,
        source: i32,
    ) -> Result<(), StoreError> {
        let Some(stored) = self.load(taken.feature)? else { return Ok(()) };
        let mark = |taking: &mut Self, version: u32| {
            taking.tx.later(
                MARK,
                later_params![taken.feature.uuid(), source, taken.hash.to_vec(), version as i32],
            );
        };
        if stored.row.version == stored.delivered_version {
            // Nobody in the field touched it.
            let blobs = stored.row.content.blobs.clone();
            let content = Content { blobs, ..taken.content.clone() };
            let version = self.replace(&stored.row, content.clone(), false);
            mark(self, version);
            return self.take_along(&stored.row, &content);
        }
        let old = self.last_delivered(taken.feature, stored.delivered_version)?;
        let op = self.operation(&stored, declared, &old.values()?, &taken.content.values()?);
        let merge = self.merge(&stored, &op, declared)?;
        if let Effect::Put { values, blobs } = &merge.effect {
            let content = Content::of(values, blobs);
            self.replace(&stored.row, content.clone(), false);
            self.take_along(&stored.row, &content)?;
        }
        mark(self, 0);
        self.tx.later(
            KEEP_DELIVERED,
            later_params![
                taken.feature.uuid(),
                taken.content.wkb.clone(),
                taken.content.properties.clone()
            ],
        );
        self.open_conflicts(&op, declared, &merge)
    }

    /// Tells the children of a delivered row that has moved, see [`crate::judging`].
    fn take_along(&mut self, before: &FeatureRow, after: &Content) -> Result<(), StoreError> {
        if before.content.wkb == after.wkb {
            return Ok(());
        }
        let (catalogue, tx) = (self.catalogue, &mut *self.tx);
        let mut cover = |content: &Content| {
            cover_of(catalogue, before.dataset_no, content, &mut |it| told::look(tx, it))
        };
        let moved = Moved { before: cover(&before.content)?, after: cover(after)? };
        if moved.before == moved.after {
            return Ok(());
        }
        let mut seen = HashSet::from([before.feature]);
        let mut parents = vec![before.feature];
        while let Some(parent) = parents.pop() {
            for child in OpenRows::new(self.tx).children(parent)? {
                let Some(stored) = self.load(child.child)? else { continue };
                if moves_along(self.catalogue, &stored.row, parent)? && seen.insert(child.child) {
                    self.entry(&stored.row);
                    if let Some(entry) = self.entries.last_mut() {
                        entry.moved = Some(moved.clone());
                    }
                    parents.push(child.child);
                }
            }
        }
        Ok(())
    }

    fn load(&mut self, feature: FeatureId) -> Result<Option<Stored>, StoreError> {
        let Some(row) = self.tx.row(LOAD_STORED, &[&feature.uuid()])? else { return Ok(None) };
        let delivered_version = row.get::<_, i32>(11) as u32;
        Ok(Some(Stored { row: feature_row(&row)?, delivered_version }))
    }

    /// The next version of a feature, which it returns; the row as it was goes to history.
    fn replace(&mut self, before: &FeatureRow, content: Content, is_deleted: bool) -> u32 {
        let (op, replica) = delivered_cause(self.edition, before.feature);
        let after = FeatureRow {
            version: before.version + 1,
            place: Place::New(self.entries.len()),
            is_deleted,
            hash: content.hash(is_deleted),
            content,
            replica,
            op,
            ..before.clone()
        };
        settle::replace_row(self.tx, before, &after);
        self.entry(&after);
        after.version
    }

    fn entry(&mut self, row: &FeatureRow) {
        self.entries.push(Entry {
            op: delivered_cause(self.edition, row.feature).0,
            dataset_no: row.dataset_no,
            feature: row.feature,
            version: row.version,
            is_deleted: row.is_deleted,
            row_hash: row.hash,
            group: None,
            moved: None,
        });
    }

    /// The delivery stands beside everybody else: what the field changed since the last one is others' change.
    fn merge(
        &mut self,
        stored: &Stored,
        op: &Operation,
        declared: &Declared,
    ) -> Result<Merge, StoreError> {
        let circumstances = Circumstances {
            is_changed_by_others: stored.row.version > op.base_version,
            has_unseen_child: op.kind == OperationKind::Delete
                && !OpenRows::new(self.tx).children(op.feature)?.is_empty(),
            open: &[],
        };
        merge_row(Some(&stored.row), op, declared, &circumstances)
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
        let Some(stored) = self.load(op.feature)? else { return Ok(()) };
        let merged = merge.fields.iter().filter(|(_, it)| **it == FieldOutcome::Applied);
        let merged: Vec<_> = merged.map(|(field, _)| field.clone()).collect();
        for conflict in &merge.conflicts {
            let row = ConflictRow {
                store_by: set_by(&mut OpenRows::new(self.tx), &stored.row, conflict)?,
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
            write_conflict(self.tx, &row)?;
        }
        if merge.effect == Effect::Nothing {
            self.entry(&stored.row);
        }
        self.set()?.counts.conflicts += merge.conflicts.len() as u64;
        Ok(())
    }

    fn last_delivered(&mut self, feature: FeatureId, version: u32) -> Result<Content, StoreError> {
        let row = if version == 0 {
            self.tx.row(
                "SELECT bytes(geom, wkb), properties FROM delivered WHERE feature = $1",
                &[&feature.uuid()],
            )?
        } else {
            self.tx.row(
                "SELECT bytes(geom, wkb), properties FROM history WHERE feature = $1 AND version = $2",
                &[&feature.uuid(), &(version as i32)],
            )?
        };
        let (wkb, properties) = match row {
            Some(row) => (row.get(0), row.get(1)),
            // A feature that was made in the field and is delivered for the first time has no earlier delivery.
            None => (None, "{}".to_owned()),
        };
        Ok(Content { wkb, properties, blobs: "[]".to_owned() })
    }

    fn operation(
        &self,
        stored: &Stored,
        declared: &Declared,
        old: &RowValues,
        new: &RowValues,
    ) -> Operation {
        let whose = (stored.row.feature, stored.delivered_version);
        delivered_op((self.edition, self.now), declared, whose, old, new)
    }

    /// Takes away what the set held before and holds no more.
    fn take_away(&mut self) -> Result<(), StoreError> {
        let set = self.set()?;
        let (declared, no) = (set.declared, set.no);
        let rows = self.tx.rows(
            "SELECT id FROM feature WHERE dataset = $1 AND source = $2 AND NOT is_deleted ORDER BY id",
            &[&i32::from(declared.no), &no],
        )?;
        let set = self.set()?;
        let ids = rows.iter().map(|it| it.get::<_, Uuid>(0));
        let gone: Vec<Uuid> = ids.filter(|it| !set.seen.contains(it)).collect();
        for id in gone {
            let feature = FeatureId::from_uuid(id);
            let Some(stored) = self.load(feature)? else { continue };
            let old = if stored.row.version == stored.delivered_version {
                stored.row.content.values()?
            } else {
                self.last_delivered(feature, stored.delivered_version)?.values()?
            };
            let mut op = self.operation(&stored, declared, &old, &RowValues::new());
            op.kind = OperationKind::Delete;
            let merge = self.merge(&stored, &op, declared)?;
            if merge.effect == Effect::Remove {
                self.replace(&stored.row, stored.row.content.clone(), true);
            }
            self.open_conflicts(&op, declared, &merge)?;
            // It is no longer of this set, so that the next delivery does not ask again.
            self.tx.later(
                "UPDATE feature SET source = NULL, delivered_hash = NULL,
                     delivered_version = CASE WHEN is_deleted THEN version ELSE 0 END WHERE id = $1",
                later_params![id],
            );
            self.set()?.counts.gone += 1;
        }
        Ok(())
    }
}

impl Delivered for Taking<'_, '_, '_> {
    fn begin(&mut self, dataset: &DatasetId, key: &str) -> Result<(), StoreError> {
        let declared = self.catalogue.get(dataset)?;
        let row = self.tx.row(
            "INSERT INTO source_set(dataset, key, edition, at, data_date) VALUES ($1, $2, $3, $4, '')
             ON CONFLICT (dataset, key) DO UPDATE SET edition = excluded.edition, at = excluded.at RETURNING no",
            &[&i32::from(declared.no), &key, &self.edition, &self.now.to_string()],
        )?;
        let no: i32 = row.ok_or_else(|| StoreError::damaged("a set without a number"))?.get(0);
        self.tx.later("DELETE FROM problem WHERE source = $1", later_params![no]);
        self.set = Some(Set {
            declared,
            key: key.to_owned(),
            no,
            waiting: vec![],
            seen: HashSet::new(),
            counts: DeliveryCounts::default(),
            n_problems: 0,
        });
        Ok(())
    }

    fn take(&mut self, feature: &Feature) -> Result<(), StoreError> {
        let content = delivered_content(&self.set()?.declared.dataset, feature);
        let hash = content.hash(false);
        // The same feature a second time is compared with the first.
        let is_repeated = !self.set()?.seen.insert(feature.id.uuid());
        if is_repeated || self.set()?.waiting.len() >= TAKEN_AT_ONCE {
            self.write_waiting()?;
        }
        self.set()?.waiting.push(Taken { feature: feature.id, content, hash });
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
        self.tx.later(
            "INSERT INTO problem(source, \"row\", code, text, feature) VALUES ($1, $2, $3, $4, $5)",
            later_params![
                no,
                row as i64,
                code.to_owned(),
                text.to_owned(),
                feature.map(faltkarta_model::FeatureId::uuid)
            ],
        );
        Ok(())
    }

    fn end(&mut self, data_date: &str) -> Result<DeliveryCounts, StoreError> {
        self.write_waiting()?;
        self.take_away()?;
        let set = self.set.take().ok_or_else(|| StoreError::damaged("a delivery without a set"))?;
        self.tx.later(
            "UPDATE source_set SET data_date = $2 WHERE no = $1",
            later_params![set.no, data_date.to_owned()],
        );
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
