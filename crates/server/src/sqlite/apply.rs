use std::collections::BTreeSet;

use faltkarta_changes::{
    Clash, Conflict, ConflictKind, Current, CurrentRow, Effect, Merge, Operation, OperationKind,
    Verdict, conflict_id, merge,
};
use faltkarta_model::{DatasetId, FeatureId, FieldId, OpId, Role as DatasetRole, Timestamp};
use faltkarta_protocol::{OpOutcome, Outcome};
use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::backend::Malformed;
use crate::error::StoreError;
use crate::role::Role;
use crate::sqlite::catalogue::{Catalogue, Declared};
use crate::sqlite::feed::{Cause, FeedWriter};
use crate::sqlite::hold::{Arrived, Hold, hold, hold_unread, take_waiting};
use crate::sqlite::row::{Content, StoredRow, load};

/// Judges arriving operations inside one transaction.
pub(super) struct Judge<'a, 'c> {
    pub(super) writer: FeedWriter<'c>,
    pub(super) catalogue: &'a Catalogue,
    pub(super) role: Role,
}

impl Judge<'_, '_> {
    /// Judges a batch; one outcome for each, in its order.
    pub(super) fn judge_all(
        &mut self,
        ops: &[Result<Operation, Malformed>],
        at: Timestamp,
    ) -> Result<Vec<OpOutcome>, StoreError> {
        let mut outcomes = vec![];
        let mut rest = ops;
        while let [first, ..] = rest {
            let n = match first {
                Err(malformed) => {
                    outcomes.push(self.keep_malformed(malformed, at)?);
                    1
                }
                Ok(op) => {
                    let n = unit_len(op, rest);
                    let unit: Vec<Arrived> =
                        rest[..n].iter().flatten().map(|it| Arrived::new(it.clone(), at)).collect();
                    outcomes.extend(self.judge_unit(&unit)?);
                    n
                }
            };
            rest = &rest[n..];
        }
        // What waited may have been decided by what came later in the batch.
        outcomes.iter_mut().try_for_each(|it| {
            if let Some(now) = self.stored_outcome(it.op)? {
                let is_second_content = matches!(
                    &it.outcome,
                    Outcome::Quarantined { why } if why == "hash_mismatch" || why == "malformed"
                );
                if !is_second_content {
                    *it = now.1;
                }
            }
            Ok(())
        })?;
        Ok(outcomes)
    }

    fn conn(&self) -> &Connection {
        self.writer.conn
    }

    fn keep_malformed(
        &mut self,
        malformed: &Malformed,
        at: Timestamp,
    ) -> Result<OpOutcome, StoreError> {
        let hash = Sha256::digest(malformed.payload.as_bytes()).into();
        hold_unread(self.conn(), malformed.op, hash, &malformed.payload, at)?;
        Ok(quarantined(malformed.op, "malformed"))
    }

    /// One operation, or an atomic group: it stands or falls by itself.
    fn judge_unit(&mut self, unit: &[Arrived]) -> Result<Vec<OpOutcome>, StoreError> {
        let mut known = vec![];
        for arrived in unit {
            if let Some((hash, outcome)) = self.stored_outcome(arrived.op.id)? {
                known.push(if hash == arrived.hash {
                    outcome
                } else {
                    let why = "hash_mismatch";
                    hold(self.conn(), arrived, &Hold::Quarantined { why })?;
                    quarantined(arrived.op.id, why)
                });
            }
        }
        if known.len() == unit.len() {
            return Ok(known);
        }
        if !known.is_empty() {
            return self.park_torn_group(unit);
        }
        let mark = self.writer.mark();
        let failed = StoreError::database("setting a savepoint");
        self.conn().execute_batch("SAVEPOINT unit").map_err(failed)?;
        let is_group = unit.len() > 1;
        let mut outcomes = vec![];
        let mut stumble = None;
        for arrived in unit {
            let outcome = match self.refusal(&arrived.op)? {
                Some(reason) => Err(reason),
                None => self.apply(arrived)?,
            };
            match outcome {
                Ok((outcome, conflicts)) => {
                    if is_group && !conflicts.is_empty() {
                        stumble = Some(Hold::Parked { why: "group", needs: None });
                        let group = Self::group_conflict(unit, &conflicts);
                        self.go_back(mark)?;
                        self.open_conflict(arrived, &group)?;
                        break;
                    }
                    outcomes.push(outcome);
                }
                Err(reason) => {
                    stumble = Some(reason);
                    self.go_back(mark)?;
                    break;
                }
            }
        }
        if let Some(reason) = stumble {
            outcomes.clear();
            for arrived in unit {
                outcomes.push(self.hold_op(arrived, &reason)?);
            }
        }
        self.conn().execute_batch("RELEASE unit").map_err(failed)?;
        for arrived in unit {
            self.judge_waiting(&arrived.op, &outcomes)?;
        }
        Ok(outcomes)
    }

    /// An atomic group of which only a part is new cannot stand as a whole any more; a person looks at it.
    fn park_torn_group(&mut self, unit: &[Arrived]) -> Result<Vec<OpOutcome>, StoreError> {
        let mut outcomes = vec![];
        for arrived in unit {
            outcomes.push(match self.stored_outcome(arrived.op.id)? {
                Some((hash, outcome)) if hash == arrived.hash => outcome,
                Some(_) => quarantined(arrived.op.id, "hash_mismatch"),
                None => self.hold_op(arrived, &Hold::Parked { why: "group", needs: None })?,
            });
        }
        Ok(outcomes)
    }

    fn go_back(&mut self, mark: crate::sqlite::feed::Mark) -> Result<(), StoreError> {
        self.conn()
            .execute_batch("ROLLBACK TO unit")
            .map_err(StoreError::database("going back to a savepoint"))?;
        self.writer.go_back(mark);
        Ok(())
    }

    fn group_conflict(unit: &[Arrived], conflicts: &[Conflict]) -> Conflict {
        let first = unit[0].op.id;
        Conflict {
            id: conflict_id(first, "group"),
            key: "group".to_owned(),
            kind: ConflictKind::Group,
            op: first,
            fields: conflicts.iter().flat_map(|it| it.fields.clone()).collect(),
            blobs: conflicts.iter().flat_map(|it| it.blobs.clone()).collect(),
            other: None,
        }
    }

    /// Operations that waited for what this one brought.
    fn judge_waiting(&mut self, op: &Operation, outcomes: &[OpOutcome]) -> Result<(), StoreError> {
        let is_held = outcomes.iter().any(|it| {
            it.op == op.id
                && matches!(it.outcome, Outcome::Parked { .. } | Outcome::Quarantined { .. })
        });
        if is_held {
            return Ok(());
        }
        for unit in take_waiting(self.conn(), op.feature, op.id)? {
            self.judge_unit(&unit)?;
        }
        Ok(())
    }

    fn stored_outcome(&self, op: OpId) -> Result<Option<([u8; 32], OpOutcome)>, StoreError> {
        let stored: Option<([u8; 32], String, Option<i64>)> = self
            .conn()
            .prepare_cached("SELECT hash, outcome, seq FROM op_log WHERE op = ?1")
            .and_then(|mut it| {
                it.query_row([op.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                    .optional()
            })
            .map_err(StoreError::database("looking for an operation"))?;
        let Some((hash, outcome, seq)) = stored else { return Ok(None) };
        let outcome = serde_json::from_str(&outcome).map_err(StoreError::damaged)?;
        Ok(Some((hash, OpOutcome { op, outcome, seq: seq.map(|it| it as u64) })))
    }

    /// Why an operation cannot be judged now; `None` when it can.
    fn refusal(&self, op: &Operation) -> Result<Option<Hold>, StoreError> {
        let Some(declared) = self.catalogue.by_id(&op.dataset) else {
            return Ok(Some(Hold::Quarantined { why: "unknown_dataset" }));
        };
        if let Some(why) = self.role.refusal(&declared.dataset) {
            return Ok(Some(Hold::Quarantined { why }));
        }
        if op.schema_rev > declared.revision {
            return Ok(Some(Hold::Parked { why: "schema", needs: None }));
        }
        for needed in &op.depends_on {
            if !self.is_judged(*needed)? {
                let needs = Some(*needed.as_bytes());
                return Ok(Some(Hold::Parked { why: "missing_parent", needs }));
            }
        }
        if let Some((dataset, parent)) = parent_of(declared, op) {
            let is_known =
                self.catalogue.by_id(&dataset).is_none() || load(self.conn(), parent)?.is_some();
            if !is_known {
                let needs = Some(*parent.as_bytes());
                return Ok(Some(Hold::Parked { why: "missing_parent", needs }));
            }
        }
        Ok(None)
    }

    /// Whether an operation has been merged, or is the candidate of a conflict that an import opened.
    fn is_judged(&self, op: OpId) -> Result<bool, StoreError> {
        self.conn()
            .prepare_cached(
                "SELECT EXISTS(SELECT 1 FROM op_log WHERE op = ?1 AND NOT is_held)
                     OR EXISTS(SELECT 1 FROM conflict WHERE op = ?1)",
            )
            .and_then(|mut it| it.query_row([op.as_bytes()], |row| row.get(0)))
            .map_err(StoreError::database("looking for an operation"))
    }

    fn hold_op(&mut self, arrived: &Arrived, reason: &Hold) -> Result<OpOutcome, StoreError> {
        hold(self.conn(), arrived, reason)?;
        let outcome = match reason {
            Hold::Parked { why, .. } => Outcome::Parked { why: (*why).to_owned() },
            Hold::Quarantined { why } => Outcome::Quarantined { why: (*why).to_owned() },
        };
        self.log(arrived, OpOutcome { op: arrived.op.id, outcome, seq: None }, true)
    }

    fn log(
        &self,
        arrived: &Arrived,
        outcome: OpOutcome,
        is_held: bool,
    ) -> Result<OpOutcome, StoreError> {
        let text = serde_json::to_string(&outcome.outcome).map_err(StoreError::damaged)?;
        self.conn()
            .prepare_cached(
                "INSERT INTO op_log(op, hash, replica, op_no, user, at, is_held, outcome, seq)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )
            .and_then(|mut it| {
                it.execute(params![
                    arrived.op.id.as_bytes(),
                    arrived.hash,
                    arrived.op.replica.as_bytes(),
                    arrived.op.op_no,
                    arrived.op.user,
                    arrived.at.to_string(),
                    is_held,
                    text,
                    outcome.seq.map(|it| it as i64),
                ])
            })
            .map_err(StoreError::database("writing the log of operations"))?;
        Ok(outcome)
    }

    /// Merges one operation and writes what follows; or says what it waits for.
    fn apply(
        &mut self,
        arrived: &Arrived,
    ) -> Result<Result<(OpOutcome, Vec<Conflict>), Hold>, StoreError> {
        let op = &arrived.op;
        let stored = load(self.conn(), op.feature)?;
        let declared = self.catalogue.get(&op.dataset)?;
        if stored.as_ref().is_some_and(|it| it.dataset_no != declared.no) {
            return Ok(Err(Hold::Quarantined { why: "malformed" }));
        }
        let merge = judge(self.conn(), stored.as_ref(), op, declared)?;
        if merge.verdict == Verdict::MissingParent {
            let needs = Some(*op.feature.as_bytes());
            return Ok(Err(Hold::Parked { why: "missing_parent", needs }));
        }
        let seq = write_effect(&mut self.writer, op, declared.no, stored.as_ref(), &merge.effect)?;
        let mut conflicts = merge.conflicts;
        conflicts.extend(self.parent_deleted(declared, op)?);
        for conflict in &mut conflicts {
            self.take_over(op, conflict)?;
            self.open_conflict(arrived, conflict)?;
        }
        for closed in &merge.closes {
            close_conflict(self.conn(), *closed, op.id)?;
        }
        let outcome = match merge.verdict {
            _ if !conflicts.is_empty() => {
                Outcome::Conflict { conflicts: conflicts.iter().map(|it| it.id).collect() }
            }
            Verdict::Same => Outcome::Same,
            Verdict::Merged => Outcome::Merged,
            _ => Outcome::Applied,
        };
        // Without an entry of its own, the entry that carries the row as it stands tells when the laptop has it.
        let seq = seq.or(stored.map(|it| it.seq));
        let outcome = OpOutcome { op: op.id, outcome, seq };
        Ok(Ok((self.log(arrived, outcome, false)?, conflicts)))
    }

    /// A child of a deleted parent is kept, and somebody is told.
    fn parent_deleted(
        &self,
        declared: &Declared,
        op: &Operation,
    ) -> Result<Option<Conflict>, StoreError> {
        let Some((_, parent)) = parent_of(declared, op) else { return Ok(None) };
        self.conn()
            .execute(
                "INSERT OR IGNORE INTO child(parent, child, op, replica) VALUES (?1, ?2, ?3, ?4)",
                params![
                    parent.as_bytes(),
                    op.feature.as_bytes(),
                    op.id.as_bytes(),
                    op.replica.as_bytes()
                ],
            )
            .map_err(StoreError::database("tying an inspection to its subject"))?;
        let is_deleted = load(self.conn(), parent)?.is_some_and(|it| it.is_deleted);
        Ok(is_deleted.then(|| Conflict {
            id: conflict_id(op.id, "parent"),
            key: "parent".to_owned(),
            kind: ConflictKind::ParentDeleted,
            op: op.id,
            fields: std::collections::BTreeMap::new(),
            blobs: BTreeSet::new(),
            other: None,
        }))
    }

    /// A later edit of the same author whose old value is an open candidate takes that candidate's place: he saw
    /// his own value all the time, so it is one disagreement, not two.
    fn take_over(&self, op: &Operation, conflict: &mut Conflict) -> Result<(), StoreError> {
        if conflict.kind != ConflictKind::Field {
            return Ok(());
        }
        let failed = StoreError::database("reading conflicts");
        let bodies: Vec<String> = self
            .conn()
            .prepare_cached(
                "SELECT body FROM conflict WHERE feature = ?1 AND key = ?2 AND replica = ?3
                     AND state = 'open' AND op <> ?4",
            )
            .and_then(|mut it| {
                it.query_map(
                    params![
                        op.feature.as_bytes(),
                        conflict.key,
                        op.replica.as_bytes(),
                        op.id.as_bytes()
                    ],
                    |row| row.get(0),
                )?
                .collect()
            })
            .map_err(failed)?;
        for body in bodies {
            let earlier: Conflict = serde_json::from_str(&body).map_err(StoreError::damaged)?;
            let follows = conflict.fields.iter().all(|(field, clash)| {
                earlier.fields.get(field).is_none_or(|it| it.candidate == clash.base)
            });
            if follows {
                for (field, clash) in &earlier.fields {
                    let latest = conflict.fields.get(field);
                    let candidate = latest.map_or(&clash.candidate, |it| &it.candidate).clone();
                    let store = latest.map_or(&clash.store, |it| &it.store).clone();
                    let merged = Clash { base: clash.base.clone(), store, candidate };
                    conflict.fields.insert(field.clone(), merged);
                }
                self.conn()
                    .execute(
                        "UPDATE conflict SET state = 'superseded', closed_by = ?2 WHERE id = ?1",
                        params![earlier.id.as_bytes(), op.id.as_bytes()],
                    )
                    .map_err(failed)?;
            }
        }
        Ok(())
    }

    fn open_conflict(&self, arrived: &Arrived, conflict: &Conflict) -> Result<(), StoreError> {
        let declared = self.catalogue.get(&arrived.op.dataset)?;
        open_conflict(self.conn(), &arrived.op, declared.no, conflict, arrived.at)
    }
}

/// How many operations from the first on belong to its atomic group.
fn unit_len(first: &Operation, ops: &[Result<Operation, Malformed>]) -> usize {
    let Some(group) = first.group.filter(|_| first.atomic) else { return 1 };
    let same = ops
        .iter()
        .take_while(|it| it.as_ref().is_ok_and(|op| op.atomic && op.group == Some(group)));
    same.count()
}

fn quarantined(op: OpId, why: &str) -> OpOutcome {
    OpOutcome { op, outcome: Outcome::Quarantined { why: why.to_owned() }, seq: None }
}

/// The subject of an inspection that an operation creates.
fn parent_of(declared: &Declared, op: &Operation) -> Option<(DatasetId, FeatureId)> {
    if declared.dataset.role != DatasetRole::Inspection || op.kind != OperationKind::Create {
        return None;
    }
    let text = |id: &str| {
        let change = op.changes.get(&FieldId::parse(id).ok()?)?;
        change.new.as_text().map(str::to_owned)
    };
    let dataset = DatasetId::parse(&text("subject_dataset")?).ok()?;
    Some((dataset, text("subject_id")?.parse().ok()?))
}

/// The merge of an operation with the row as stored.
pub(super) fn judge(
    conn: &Connection,
    stored: Option<&StoredRow>,
    op: &Operation,
    declared: &Declared,
) -> Result<Merge, StoreError> {
    let Some(stored) = stored else {
        return Ok(merge(Current::Absent, op, &declared.dataset));
    };
    let row = CurrentRow {
        version: stored.version,
        values: stored.content.values()?,
        blobs: stored.content.blobs()?,
        is_changed_by_others: is_changed_by_others(conn, stored, op)?,
        has_unseen_child: op.kind == OperationKind::Delete && has_unseen_child(conn, op)?,
    };
    let current = if stored.is_deleted { Current::Deleted(&row) } else { Current::Live(&row) };
    Ok(merge(current, op, &declared.dataset))
}

fn is_changed_by_others(
    conn: &Connection,
    stored: &StoredRow,
    op: &Operation,
) -> Result<bool, StoreError> {
    if stored.version <= op.base_version {
        return Ok(false);
    }
    if stored.replica != *op.replica.as_bytes() {
        return Ok(true);
    }
    conn.prepare_cached(
        "SELECT EXISTS(SELECT 1 FROM history WHERE feature = ?1 AND version > ?2 AND replica <> ?3)",
    )
    .and_then(|mut it| {
        it.query_row(
            params![op.feature.as_bytes(), op.base_version, op.replica.as_bytes()],
            |row| row.get(0),
        )
    })
    .map_err(StoreError::database("reading the history of a feature"))
}

/// A child counts as seen when the same laptop made it or the operation names the child's own; anything else is
/// doubtful, and a doubt is for a person.
fn has_unseen_child(conn: &Connection, op: &Operation) -> Result<bool, StoreError> {
    let failed = StoreError::database("looking for children");
    let others: BTreeSet<[u8; 16]> = conn
        .prepare_cached("SELECT op FROM child WHERE parent = ?1 AND replica <> ?2")
        .and_then(|mut it| {
            it.query_map(params![op.feature.as_bytes(), op.replica.as_bytes()], |row| row.get(0))?
                .collect()
        })
        .map_err(failed)?;
    Ok(others.iter().any(|child| op.depends_on.iter().all(|seen| seen.as_bytes() != child)))
}

/// Writes what a merge decided; the number of the entry, when it made one.
pub(super) fn write_effect(
    writer: &mut FeedWriter<'_>,
    op: &Operation,
    dataset_no: u16,
    stored: Option<&StoredRow>,
    effect: &Effect,
) -> Result<Option<u64>, StoreError> {
    let cause = Cause::of(op);
    let seq = match (effect, stored) {
        (Effect::Nothing, _) | (Effect::Remove, None) => return Ok(None),
        (Effect::Put { values, blobs }, None) => {
            let content = Content::of(values, blobs);
            writer.insert(cause, dataset_no, op.feature, &content, None)?
        }
        (Effect::Put { values, blobs }, Some(row)) => {
            let content = Content::of(values, blobs);
            writer.replace(cause, op.feature, row, (&content, false), None)?
        }
        (Effect::Remove, Some(row)) => {
            writer.replace(cause, op.feature, row, (&row.content, true), None)?
        }
    };
    for blob in &op.blobs {
        writer
            .conn
            .execute(
                "INSERT OR IGNORE INTO blob_ref(blob, feature) VALUES (?1, ?2)",
                params![blob.as_str(), op.feature.as_bytes()],
            )
            .map_err(StoreError::database("tying an attachment to its feature"))?;
    }
    Ok(Some(seq))
}

/// Keeps a conflict; a repeated operation finds its own there and leaves it as it is.
pub(super) fn open_conflict(
    conn: &Connection,
    op: &Operation,
    dataset_no: u16,
    conflict: &Conflict,
    at: Timestamp,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(conflict).map_err(StoreError::damaged)?;
    conn.execute(
        "INSERT OR IGNORE INTO conflict(id, feature, dataset, key, op, replica, user, at, state, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'open', ?9)",
        params![
            conflict.id.as_bytes(),
            op.feature.as_bytes(),
            dataset_no,
            conflict.key,
            op.id.as_bytes(),
            op.replica.as_bytes(),
            op.user,
            at.to_string(),
            body,
        ],
    )
    .map_err(StoreError::database("keeping a conflict"))?;
    Ok(())
}

fn close_conflict(conn: &Connection, id: Uuid, by: OpId) -> Result<(), StoreError> {
    conn.execute(
        "UPDATE conflict SET state = 'resolved', closed_by = ?2 WHERE id = ?1 AND state = 'open'",
        params![id.as_bytes(), by.as_bytes()],
    )
    .map_err(StoreError::database("closing a conflict"))?;
    Ok(())
}
