//! What the store will say of unsent edits, as far as it can be known here: the same merge, on the base as last
//! received.

use std::collections::{BTreeMap, BTreeSet};

use faltkarta_changes::{
    Conflict, Current, CurrentRow, Effect, Merge, MergeSchema, Operation, OperationKind, RowValues,
    merge,
};
use faltkarta_model::{Feature, FeatureId, FieldId};
use faltkarta_protocol::{Author, FeedConflict};
use faltkarta_store::LiveOperation;

use crate::conflicts::Known;
use crate::editing::geometry_field;
use crate::error::AppError;
use crate::field::Field;

impl Field {
    /// The conflicts that unsent edits will meet, by feature.
    pub(crate) fn foreseen(
        &self,
        only: Option<FeatureId>,
    ) -> Result<BTreeMap<FeatureId, Vec<Known>>, AppError> {
        let mut by_feature: BTreeMap<FeatureId, Vec<LiveOperation>> = BTreeMap::new();
        for live in self.store.live_operations(only)? {
            by_feature.entry(live.op.feature).or_default().push(live);
        }
        let mut all = BTreeMap::new();
        for (feature, live) in by_feature {
            if live.iter().any(|it| it.is_pending) {
                let known = self.foreseen_of(feature, &live)?;
                if !known.is_empty() {
                    all.insert(feature, known);
                }
            }
        }
        Ok(all)
    }

    fn foreseen_of(
        &self,
        feature: FeatureId,
        live: &[LiveOperation],
    ) -> Result<Vec<Known>, AppError> {
        let is_deleted = self.store.is_deleted_there(feature)?;
        let Some(mut there) = self.there(feature, is_deleted)? else { return Ok(vec![]) };
        let mut known = vec![];
        for LiveOperation { op, is_pending } in live {
            let Some(local) = self.catalog.find(&op.dataset) else { continue };
            if is_deleted && op.kind == OperationKind::Restore {
                // What it comes back with is known at the store only.
                break;
            }
            let judged = there.judge(op, &local.dataset);
            if *is_pending {
                let author = self.author(op)?;
                for conflict in &judged.conflicts {
                    known.push(Known {
                        dataset: op.dataset.clone(),
                        conflict: as_told(conflict, op, &judged, author.clone()),
                        fetched_at: None,
                        is_deferred: false,
                        is_expected: true,
                        is_mine: true,
                    });
                }
            }
            there.take(judged);
        }
        Ok(known)
    }

    /// The row as the store is known to have it; `None` when it has never told of it.
    fn there(&self, id: FeatureId, is_deleted: bool) -> Result<Option<There>, AppError> {
        if is_deleted {
            // Its last values went with it.
            return Ok(Some(There { row: CurrentRow::default(), is_deleted }));
        }
        let Some(base) = self.store.base_feature(id)? else { return Ok(None) };
        let version = base.feature.version;
        let row = CurrentRow {
            version,
            values: values_of(base.feature)?,
            blobs: BTreeSet::new(),
            is_changed_by_others: true,
            has_unseen_child: false,
        };
        Ok(Some(There { row, is_deleted }))
    }

    fn author(&self, op: &Operation) -> Result<Author, AppError> {
        let device = self.store.meta("device_name")?.unwrap_or_default();
        Ok(Author { user: op.user.clone(), device, at: op.device_time })
    }
}

struct There {
    row: CurrentRow,
    is_deleted: bool,
}

impl There {
    fn judge(&self, op: &Operation, schema: &impl MergeSchema) -> Merge {
        let current =
            if self.is_deleted { Current::Deleted(&self.row) } else { Current::Live(&self.row) };
        merge(current, op, schema)
    }

    fn take(&mut self, judged: Merge) {
        match judged.effect {
            Effect::Nothing => {}
            Effect::Put { values, blobs } => {
                self.row = CurrentRow { values, blobs, ..std::mem::take(&mut self.row) };
                self.row.version += 1;
                self.is_deleted = false;
            }
            Effect::Remove => self.is_deleted = true,
        }
    }
}

fn as_told(conflict: &Conflict, op: &Operation, judged: &Merge, author: Author) -> FeedConflict {
    let is_merged = |field: &&FieldId| !conflict.fields.contains_key(*field);
    let fitted =
        judged.fields.iter().filter(|it| *it.1 == faltkarta_changes::FieldOutcome::Applied);
    FeedConflict {
        id: conflict.id,
        key: conflict.key.clone(),
        kind: conflict.kind,
        op: op.id,
        replica: op.replica,
        fields: conflict.fields.clone(),
        candidate_by: author,
        store_by: None,
        merged: fitted.map(|it| it.0).filter(is_merged).cloned().collect(),
        other: None,
    }
}

/// All values of a feature by field, the geometry among them.
pub(crate) fn values_of(feature: Feature) -> Result<RowValues, AppError> {
    let mut values: RowValues =
        feature.properties.into_iter().filter(|it| !it.1.is_null()).collect();
    if let Some(geometry) = feature.geometry {
        values.insert(geometry_field()?, faltkarta_model::Value::Geometry(geometry));
    }
    Ok(values)
}
