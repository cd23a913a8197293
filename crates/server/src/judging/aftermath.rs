use std::collections::{BTreeMap, BTreeSet};

use faltkarta_changes::{Clash, Conflict, ConflictKind, conflict_id};
use faltkarta_model::{FeatureId, Timestamp, Value};

use crate::areas::Moved;
use crate::error::StoreError;
use crate::judging::catalogue::Catalogue;
use crate::judging::dispute::{ConflictRow, ConflictState, refresh};
use crate::judging::judge::Judge;
use crate::judging::rows::{FeatureRow, Rows};
use crate::judging::sheet::Cause;

/// Does for rows that somebody changed without an operation what the judge does beside a merge: open conflicts tell
/// what the store holds now, doubled numbers become conflicts, and what hangs on a feature that moved is told again.
/// Each row is given with the version that the change made.
pub(crate) fn look_again(
    rows: &mut dyn Rows,
    catalogue: &Catalogue,
    changed: &[(FeatureId, u32)],
) -> Result<(), StoreError> {
    // Nothing arrives here, so neither a device nor an hour is asked for.
    let nobody = (None, "");
    let mut judge = Judge::new(rows, catalogue, nobody, Timestamp::from_unix_ms(0));
    let features = changed.iter().map(|it| it.0).collect();
    judge.sheet.prepare(&BTreeMap::new(), &features)?;
    for (feature, version) in changed {
        judge.look_again_at(*feature, *version)?;
    }
    let batch = &judge.sheet.batch;
    if batch.entries.is_empty() && batch.conflicts.is_empty() {
        return Ok(());
    }
    judge.sheet.rows.settle(&judge.sheet.batch).map(drop)
}

impl Judge<'_> {
    fn look_again_at(&mut self, feature: FeatureId, version: u32) -> Result<(), StoreError> {
        let Some(now) = self.sheet.row(feature)? else { return Ok(()) };
        let before = match version {
            0 | 1 => None,
            _ => self.sheet.rows.history(feature, version, 1)?.pop(),
        };
        let after = if now.version == version {
            Some(now.clone())
        } else {
            self.sheet.rows.history(feature, version + 1, 1)?.pop()
        };
        let mut is_told = false;
        let values = now.content.values()?;
        for mut conflict in self.sheet.open_conflicts(feature)? {
            let by = self.sheet.author(now.op)?;
            let stored = |field: &_| values.get(field).unwrap_or(&Value::Null);
            if refresh(&mut conflict, stored, by.as_ref()) {
                self.sheet.batch.conflicts.insert(conflict.conflict.id, conflict);
                is_told = true;
            }
        }
        is_told |= self.find_twins(&now, before.as_ref())?;
        let cause = Cause { op: now.op, replica: now.replica, group: None };
        if is_told {
            self.sheet.retell(cause, feature)?;
        }
        if let (Some(before), Some(after)) = (before, after)
            && before.content.wkb != after.content.wkb
        {
            let places = Moved { before: self.cover(&before)?, after: self.cover(&after)? };
            if places.before != places.after {
                self.take_along(cause, feature, &places)?;
            }
        }
        Ok(())
    }

    /// Opens a conflict for each value that should be unique, is new here, and stands elsewhere too.
    fn find_twins(
        &mut self,
        now: &FeatureRow,
        before: Option<&FeatureRow>,
    ) -> Result<bool, StoreError> {
        let Some(declared) = self.catalogue.by_no(now.dataset_no) else { return Ok(false) };
        if now.is_deleted {
            return Ok(false);
        }
        let values = now.content.properties()?;
        let earlier = before.filter(|it| !it.is_deleted).map(|it| it.content.properties());
        let earlier = earlier.transpose()?.unwrap_or_default();
        let mut is_found = false;
        for field in declared.dataset.fields.iter().filter(|it| it.unique) {
            let Some(value) = values.get(&field.id) else { continue };
            if earlier.get(&field.id) == Some(value) {
                continue;
            }
            let Some(other) = self.sheet.twin(now, (&field.id, value))? else { continue };
            let Some(by) = self.sheet.author(now.op)? else { continue };
            let base = earlier.get(&field.id).cloned().unwrap_or(Value::Null);
            let clash = Clash { base, store: value.clone(), candidate: value.clone() };
            let conflict = Conflict {
                id: conflict_id(now.op, field.id.as_str()),
                key: field.id.as_str().to_owned(),
                kind: ConflictKind::DuplicateKey,
                op: now.op,
                fields: BTreeMap::from([(field.id.clone(), clash)]),
                blobs: BTreeSet::new(),
                other: Some(other),
            };
            let row = ConflictRow {
                conflict,
                feature: now.feature,
                dataset_no: now.dataset_no,
                replica: now.replica,
                at: by.at,
                candidate_by: by,
                store_by: None,
                merged: vec![],
                state: ConflictState::Open,
                closed_by: None,
            };
            self.sheet.batch.conflicts.insert(row.conflict.id, row);
            is_found = true;
        }
        Ok(is_found)
    }
}
