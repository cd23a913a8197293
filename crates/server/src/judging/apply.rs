use std::collections::{BTreeMap, BTreeSet};

use faltkarta_changes::{
    Change, Conflict, ConflictKind, Current, CurrentRow, Effect, FieldOutcome, Merge, OpenConflict,
    Operation, OperationKind, Verdict, claimed_keys, conflict_id, duplicate_key, merge,
    merge_among,
};
use faltkarta_faults::{Bug, is_seeded};
use faltkarta_model::{DatasetId, FeatureId, FieldId, Role as DatasetRole, Value};
use faltkarta_protocol::{Author, Outcome};
use uuid::Uuid;

use crate::error::StoreError;
use crate::judging::batch::LogRow;
use crate::judging::catalogue::Declared;
use crate::judging::content::Content;
use crate::judging::derive::derive;
use crate::judging::dispute::{ConflictRow, ConflictState, refresh};
use crate::judging::hold::{Arrived, Hold};
use crate::judging::judge::Judge;
use crate::judging::rows::{ChildRow, FeatureRow, Place, Rows};
use crate::judging::sheet::{Cause, Sheet};
use crate::judging::translate::translated;

/// An operation that was merged.
pub(super) struct Applied {
    pub(super) outcome: Outcome,
    pub(super) place: Option<Place>,
    /// The conflicts that it has, new ones and those of which it took the candidates over.
    pub(super) clashes: Vec<Conflict>,
}

impl Judge<'_> {
    /// Merges one operation into the batch; or says what it waits for.
    pub(super) fn apply(&mut self, arrived: &Arrived) -> Result<Result<Applied, Hold>, StoreError> {
        let declared = self.catalogue.get(&arrived.op.dataset)?;
        let Some(op) = translated(&arrived.op, declared) else {
            return Ok(Err(Hold::Parked { why: "schema", needs: None }));
        };
        let op = &op;
        let stored = self.sheet.row(op.feature)?;
        if stored.as_ref().is_some_and(|it| it.dataset_no != declared.no) {
            return Ok(Err(Hold::Quarantined { why: "malformed" }));
        }
        let open = self.sheet.open_conflicts(op.feature)?;
        let merge = self.merge(stored.as_ref(), op, declared, &open)?;
        if merge.verdict == Verdict::MissingParent {
            let needs = Some(*op.feature.as_bytes());
            return Ok(Err(Hold::Parked { why: "missing_parent", needs }));
        }
        let mut place = self.write_effect(op, declared, stored.as_ref(), &merge.effect);
        let is_told = place.is_some();
        let is_disputed = self.settle_disputes(arrived, &merge, open)?;
        let mut opened = merge.conflicts.clone();
        opened.extend(self.parent_deleted(declared, op)?);
        opened.extend(self.duplicate_keys(declared, op, stored.as_ref(), &merge.effect)?);
        let mut conflicts: Vec<Uuid> = merge.replaces.iter().map(|it| it.id).collect();
        for conflict in &opened {
            self.open_conflict(arrived, declared.no, conflict, &merge)?;
            conflicts.push(conflict.id);
        }
        // The entry of a changed row is read together with its conflicts; without one they need one of their own.
        if !is_told && (is_disputed || !opened.is_empty()) {
            place = self.sheet.retell(Cause::of(op), op.feature)?;
        }
        let outcome = match merge.verdict {
            _ if !conflicts.is_empty() => Outcome::Conflict { conflicts },
            Verdict::Same => Outcome::Same,
            Verdict::Merged => Outcome::Merged,
            _ => Outcome::Applied,
        };
        // Without an entry of its own, the entry that carries the row as it stands tells when the laptop has it.
        let place = place.or(stored.map(|it| it.place));
        self.log(arrived, outcome.clone(), place, false);
        Ok(Ok(Applied {
            outcome,
            place,
            clashes: opened.into_iter().chain(merge.replaces).collect(),
        }))
    }

    /// Notes what became of an operation.
    pub(super) fn log(
        &mut self,
        arrived: &Arrived,
        outcome: Outcome,
        place: Option<Place>,
        is_held: bool,
    ) {
        let op = &arrived.op;
        let row = LogRow {
            hash: arrived.hash,
            replica: op.replica,
            op_no: op.op_no,
            by: arrived.by(),
            at: arrived.at,
            accepted_by: self.accepted_by.clone(),
            is_held,
            outcome,
            place,
        };
        self.sheet.batch.log.insert(op.id, row);
    }

    fn merge(
        &mut self,
        stored: Option<&FeatureRow>,
        op: &Operation,
        declared: &Declared,
        open: &[ConflictRow],
    ) -> Result<Merge, StoreError> {
        let Some(row) = stored else {
            return merge_row(None, op, declared, &Circumstances::default());
        };
        let is_blind = is_seeded(Bug::LastWriteWins)
            || (is_seeded(Bug::DeleteWinsUnseen) && op.kind == OperationKind::Delete);
        if is_blind {
            let blind = as_if_seen(op, row)?;
            return merge_row(Some(row), &blind, declared, &Circumstances::default());
        }
        let circumstances = Circumstances {
            is_changed_by_others: self.sheet.is_changed_by_others(
                row,
                op.base_version,
                op.replica,
            )?,
            has_unseen_child: op.kind == OperationKind::Delete && self.has_unseen_child(op)?,
            open,
        };
        merge_row(Some(row), op, declared, &circumstances)
    }

    /// A child counts as seen when the same laptop made it or the operation names the child's own; anything else is
    /// doubtful, and a doubt is for a person.
    fn has_unseen_child(&mut self, op: &Operation) -> Result<bool, StoreError> {
        let children = self.sheet.children(op.feature)?;
        let mut others = children.iter().filter(|it| it.replica != op.replica);
        Ok(others.any(|child| !op.depends_on.contains(&child.op)))
    }

    /// Writes what a merge decided; the entry, when it made one.
    fn write_effect(
        &mut self,
        op: &Operation,
        declared: &Declared,
        stored: Option<&FeatureRow>,
        effect: &Effect,
    ) -> Option<Place> {
        let after = match (effect, stored) {
            (Effect::Nothing, _) | (Effect::Remove, None) => return None,
            (Effect::Put { values, blobs }, _) => {
                let mut values = values.clone();
                derive(&declared.dataset, &mut values);
                (Content::of(&values, blobs), false)
            }
            (Effect::Remove, Some(row)) => (row.content.clone(), true),
        };
        let whose = (op.feature, declared.no);
        let place = self.sheet.put(Cause::of(op), whose, stored.cloned(), after);
        let refs = op.blobs.iter().map(|blob| (blob.clone(), op.feature));
        self.sheet.batch.blob_refs.extend(refs);
        Some(place)
    }

    /// A child of a deleted parent is kept, and somebody is told.
    fn parent_deleted(
        &mut self,
        declared: &Declared,
        op: &Operation,
    ) -> Result<Option<Conflict>, StoreError> {
        let Some((_, parent)) = parent_of(declared, op) else { return Ok(None) };
        let child = ChildRow { parent, child: op.feature, op: op.id, replica: op.replica };
        self.sheet.batch.children.push(child);
        let is_deleted = self.sheet.row(parent)?.is_some_and(|it| it.is_deleted);
        Ok(is_deleted.then(|| Conflict {
            id: conflict_id(op.id, "parent"),
            key: "parent".to_owned(),
            kind: ConflictKind::ParentDeleted,
            op: op.id,
            fields: BTreeMap::new(),
            blobs: BTreeSet::new(),
            other: None,
        }))
    }

    /// Another feature has a value that should be unique: both stand, and somebody is told.
    fn duplicate_keys(
        &mut self,
        declared: &Declared,
        op: &Operation,
        before: Option<&FeatureRow>,
        effect: &Effect,
    ) -> Result<Vec<Conflict>, StoreError> {
        let before =
            before.filter(|it| !it.is_deleted).map(|it| it.content.values()).transpose()?;
        let claimed = claimed_keys(before.as_ref(), effect, &declared.dataset);
        let Some(row) = self.sheet.row(op.feature)? else { return Ok(vec![]) };
        let mut conflicts = vec![];
        for (field, value) in claimed {
            if let Some(other) = self.sheet.twin(&row, (field, value))? {
                conflicts.push(duplicate_key(op, field, value, other));
            }
        }
        Ok(conflicts)
    }

    /// Writes what an operation means for the conflicts that were open about its feature: decided, without matter, or
    /// with newer candidates; and notes in all of them what the store holds now. Whether any is different from before.
    fn settle_disputes(
        &mut self,
        arrived: &Arrived,
        merge: &Merge,
        open: Vec<ConflictRow>,
    ) -> Result<bool, StoreError> {
        if open.is_empty() {
            return Ok(false);
        }
        let op = &arrived.op;
        let values = match self.sheet.row(op.feature)? {
            Some(row) => row.content.values()?,
            None => return Ok(false),
        };
        let by = arrived.by();
        let mut is_changed = false;
        for mut row in open {
            let before = row.clone();
            if let Some(newer) = merge.replaces.iter().find(|it| it.id == row.conflict.id) {
                row.conflict = newer.clone();
                row.at = arrived.at;
                row.candidate_by = arrived.by();
                row.merged.extend(merged_fields(merge));
            }
            refresh(&mut row, |field| values.get(field).unwrap_or(&Value::Null), Some(&by));
            if merge.closes.contains(&row.conflict.id) {
                row.state = ConflictState::Resolved;
                row.closed_by = Some(op.id);
            } else if merge.supersedes.contains(&row.conflict.id) {
                row.state = ConflictState::Superseded;
                row.closed_by = Some(op.id);
            }
            if row != before {
                is_changed = true;
                self.sheet.batch.conflicts.insert(row.conflict.id, row);
            }
        }
        Ok(is_changed)
    }

    /// Keeps a new conflict.
    pub(super) fn open_conflict(
        &mut self,
        arrived: &Arrived,
        dataset_no: u16,
        conflict: &Conflict,
        merge: &Merge,
    ) -> Result<(), StoreError> {
        if is_seeded(Bug::ConflictNotStored) {
            return Ok(());
        }
        let feature = arrived.op.feature;
        let row = ConflictRow {
            store_by: self.store_by(feature, conflict)?,
            conflict: conflict.clone(),
            feature,
            dataset_no,
            replica: arrived.op.replica,
            at: arrived.at,
            candidate_by: arrived.by(),
            merged: merged_fields(merge),
            state: ConflictState::Open,
            closed_by: None,
        };
        self.sheet.batch.conflicts.insert(row.conflict.id, row);
        Ok(())
    }

    fn store_by(
        &mut self,
        feature: FeatureId,
        conflict: &Conflict,
    ) -> Result<Option<Author>, StoreError> {
        match self.sheet.row(feature)? {
            Some(row) => store_by(&mut self.sheet, &row, conflict),
            None => Ok(None),
        }
    }
}

/// Who set what a stored row holds in the fields of a conflict; `None` when it came with a delivery.
pub(crate) fn set_by(
    rows: &mut dyn Rows,
    row: &FeatureRow,
    conflict: &Conflict,
) -> Result<Option<Author>, StoreError> {
    store_by(&mut Sheet::new(rows), row, conflict)
}

fn store_by(
    sheet: &mut Sheet<'_>,
    row: &FeatureRow,
    conflict: &Conflict,
) -> Result<Option<Author>, StoreError> {
    if row.is_deleted {
        return sheet.setter(row, |_| Ok(false));
    }
    let now = row.content.values()?;
    sheet.setter(row, |earlier| {
        let then = earlier.values()?;
        Ok(conflict.fields.keys().all(|field| then.get(field) == now.get(field)))
    })
}

/// The fields of an operation that fitted.
fn merged_fields(merge: &Merge) -> Vec<FieldId> {
    let fitted = merge.fields.iter().filter(|(_, it)| **it == FieldOutcome::Applied);
    fitted.map(|(field, _)| field.clone()).collect()
}

/// What a merge asks beside row and operation.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Circumstances<'a> {
    /// Whether anybody but the operation's own replica changed the row after its base version.
    pub(crate) is_changed_by_others: bool,
    /// Whether the row has a child that the author had not seen.
    pub(crate) has_unseen_child: bool,
    /// The conflicts that are open about the feature.
    pub(crate) open: &'a [ConflictRow],
}

/// The merge of an operation with the row as stored.
pub(crate) fn merge_row(
    stored: Option<&FeatureRow>,
    op: &Operation,
    declared: &Declared,
    circumstances: &Circumstances<'_>,
) -> Result<Merge, StoreError> {
    let Some(stored) = stored else {
        return Ok(merge(Current::Absent, op, &declared.dataset));
    };
    let row = CurrentRow {
        version: stored.version,
        values: stored.content.values()?,
        blobs: stored.content.blobs()?,
        is_changed_by_others: circumstances.is_changed_by_others,
        has_unseen_child: circumstances.has_unseen_child,
    };
    let current = if stored.is_deleted { Current::Deleted(&row) } else { Current::Live(&row) };
    let open: Vec<OpenConflict<'_>> = circumstances
        .open
        .iter()
        .map(|it| OpenConflict { conflict: &it.conflict, is_own: it.replica == op.replica })
        .collect();
    Ok(merge_among(current, op, &declared.dataset, &open))
}

/// The subject of an inspection that an operation creates.
pub(crate) fn parent_of(declared: &Declared, op: &Operation) -> Option<(DatasetId, FeatureId)> {
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

/// The seeded mistake of not asking what the author had seen.
fn as_if_seen(op: &Operation, row: &FeatureRow) -> Result<Operation, StoreError> {
    let values = row.content.values()?;
    let mut blind = op.clone();
    for (field, change) in &mut blind.changes {
        change.old = values.get(field).cloned().unwrap_or(Value::Null);
    }
    if op.kind == OperationKind::Delete {
        for (field, old) in &values {
            let seen = Change { old: old.clone(), new: Value::Null };
            blind.changes.insert(field.clone(), seen);
        }
    }
    Ok(blind)
}
