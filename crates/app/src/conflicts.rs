//! What waits for a decision: the store's open conflicts, and those that own edits will meet when they are sent.

use std::collections::{BTreeMap, BTreeSet};

use faltkarta_changes::{Clash, ConflictKind, Operation, OperationKind, WHOLE_ROW};
use faltkarta_model::{
    DatasetId, Feature, FeatureId, FieldId, GEOMETRY_FIELD, Properties, Timestamp, Value,
};
use faltkarta_protocol::{Author, FeedConflict};
use uuid::Uuid;

use crate::error::AppError;
use crate::field::Field;

/// All conflicts of one feature in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ConflictSummary {
    /// The feature.
    pub feature: FeatureId,
    /// Its dataset.
    pub dataset: DatasetId,
    /// How it is called.
    pub title: String,
    /// What kind of disagreement it is; that of the first when there are several.
    pub kind: ConflictKind,
    /// The fields that are concerned.
    pub fields: Vec<FieldId>,
    /// When the candidate was made, on its author's clock.
    pub at: Timestamp,
    /// Whether an own edit is the candidate.
    pub is_mine: bool,
    /// Whether the person left all of it to the coordinator.
    pub is_deferred: bool,
    /// Whether the store has not judged it yet: it shows what an unsent edit will meet.
    pub is_expected: bool,
}

/// What a person decides on: one feature's conflicts with all values.
#[derive(Debug, Clone, PartialEq)]
pub struct ConflictCard {
    /// The feature.
    pub feature: FeatureId,
    /// Its dataset.
    pub dataset: DatasetId,
    /// How it is called.
    pub title: String,
    /// What kind of disagreement it is; that of the first when there are several.
    pub kind: ConflictKind,
    /// When the laptop learnt of it; `None` when it came with a package or is expected.
    pub fetched_at: Option<Timestamp>,
    /// Each conflict.
    pub rows: Vec<ConflictRow>,
    /// Fields of the same edits that fitted by themselves.
    pub merged: Vec<FieldId>,
    /// Who set what the store holds; `None` when it came with a delivery or is not known here.
    pub store_by: Option<Author>,
    /// Who wants the candidates.
    pub candidate_by: Author,
    /// Whether an own edit is the candidate.
    pub is_mine: bool,
    /// The other feature of a duplicate number.
    pub other: Option<FeatureId>,
    /// Whether the store has not judged it yet.
    pub is_expected: bool,
    /// Why, in the candidate's author's words, when that edit was made here.
    pub note: Option<String>,
}

/// One conflict of a card.
#[derive(Debug, Clone, PartialEq)]
pub struct ConflictRow {
    /// Names it for [`Field::resolve`].
    pub conflict: Uuid,
    /// A field, `group:NAME`, or `*` for the whole row.
    pub key: String,
    /// What kind of disagreement it is.
    pub kind: ConflictKind,
    /// Each field with base, store's value and candidate.
    pub fields: Vec<(FieldId, Clash)>,
    /// Who wants the candidates.
    pub candidate_by: Author,
    /// Whether an own edit is the candidate.
    pub is_mine: bool,
}

/// A conflict as this laptop knows it, from the store or foreseen.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) dataset: DatasetId,
    pub(crate) conflict: FeedConflict,
    pub(crate) fetched_at: Option<Timestamp>,
    pub(crate) is_deferred: bool,
    pub(crate) is_expected: bool,
    pub(crate) is_mine: bool,
}

impl Field {
    /// All features with something to decide: own and not deferred ones first, then the newest.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the reads.
    pub fn conflicts(&self) -> Result<Vec<ConflictSummary>, AppError> {
        let mut all: Vec<ConflictSummary> = vec![];
        for (feature, known) in self.known_conflicts(None)? {
            let Some(first) = known.first() else { continue };
            let fields: BTreeSet<&FieldId> =
                known.iter().flat_map(|it| it.conflict.fields.keys()).collect();
            all.push(ConflictSummary {
                feature,
                dataset: first.dataset.clone(),
                title: self.conflict_title(feature, first)?,
                kind: first.conflict.kind,
                fields: fields.into_iter().cloned().collect(),
                at: first.conflict.candidate_by.at,
                is_mine: known.iter().any(|it| it.is_mine),
                is_deferred: known.iter().all(|it| it.is_deferred),
                is_expected: known.iter().all(|it| it.is_expected),
            });
        }
        all.sort_by_key(|it| (it.is_deferred, !it.is_mine, std::cmp::Reverse(it.at.unix_ms())));
        Ok(all)
    }

    /// One feature's conflicts with all values. [`Field::resolve`] holds a decision against what this showed last.
    ///
    /// # Errors
    ///
    /// [`AppError::ConflictNotFound`] when nothing of the feature is open any more.
    pub fn conflict_card(&self, feature: FeatureId) -> Result<ConflictCard, AppError> {
        let known = self.conflicts_on(feature)?;
        let first = known.first().ok_or(AppError::ConflictNotFound { id: feature })?;
        let rows = known.iter().map(|it| ConflictRow {
            conflict: it.conflict.id,
            key: it.conflict.key.clone(),
            kind: it.conflict.kind,
            fields: it.conflict.fields.clone().into_iter().collect(),
            candidate_by: it.conflict.candidate_by.clone(),
            is_mine: it.is_mine,
        });
        let merged: BTreeSet<&FieldId> = known.iter().flat_map(|it| &it.conflict.merged).collect();
        let own = self.store.journal_row(first.conflict.op)?;
        let shown = known.iter().map(|it| (it.conflict.id, store_values(&it.conflict))).collect();
        self.shown.borrow_mut().insert(feature, shown);
        Ok(ConflictCard {
            feature,
            dataset: first.dataset.clone(),
            title: self.conflict_title(feature, first)?,
            kind: first.conflict.kind,
            fetched_at: first.fetched_at,
            rows: rows.collect(),
            merged: merged.into_iter().cloned().collect(),
            store_by: first.conflict.store_by.clone(),
            candidate_by: first.conflict.candidate_by.clone(),
            is_mine: known.iter().any(|it| it.is_mine),
            other: known.iter().find_map(|it| it.conflict.other),
            is_expected: known.iter().all(|it| it.is_expected),
            note: own.and_then(|it| it.op.note),
        })
    }

    /// Leaves a feature's conflicts to the coordinator: they stay open, and the list puts them last.
    ///
    /// # Errors
    ///
    /// [`AppError::ConflictNotFound`], or that of the write.
    pub fn defer_conflict(&mut self, feature: FeatureId) -> Result<(), AppError> {
        let ids: Vec<Uuid> = self.conflicts_on(feature)?.iter().map(|it| it.conflict.id).collect();
        if ids.is_empty() {
            return Err(AppError::ConflictNotFound { id: feature });
        }
        self.store.defer_conflicts(&ids)?;
        self.touch();
        Ok(())
    }

    /// The conflicts of a feature that no own decision under way covers.
    pub(crate) fn conflicts_on(&self, feature: FeatureId) -> Result<Vec<Known>, AppError> {
        Ok(self.known_conflicts(Some(feature))?.remove(&feature).unwrap_or_default())
    }

    fn known_conflicts(
        &self,
        only: Option<FeatureId>,
    ) -> Result<BTreeMap<FeatureId, Vec<Known>>, AppError> {
        let stored = match only {
            Some(feature) => self.store.conflicts_of(feature)?,
            None => self.store.conflicts()?,
        };
        let live: Vec<Operation> =
            self.store.live_operations(None)?.into_iter().map(|it| it.op).collect();
        let mut all: BTreeMap<FeatureId, Vec<Known>> = BTreeMap::new();
        for it in stored {
            if is_decided(&live, &it.conflict) {
                continue;
            }
            let is_mine = self.store.journal_row(it.conflict.op)?.is_some();
            all.entry(it.feature).or_default().push(Known {
                dataset: it.dataset,
                conflict: it.conflict,
                fetched_at: it.fetched_at,
                is_deferred: it.is_deferred,
                is_expected: false,
                is_mine,
            });
        }
        for (feature, known) in self.foreseen(only)? {
            let entry = all.entry(feature).or_default();
            for it in known {
                let is_told = entry.iter().any(|told| told.conflict.id == it.conflict.id);
                if !is_told && !is_decided(&live, &it.conflict) {
                    entry.push(it);
                }
            }
        }
        all.retain(|_, known| !known.is_empty());
        for known in all.values_mut() {
            // What concerns the whole row is decided before single fields.
            known.sort_by_key(|it| (it.conflict.kind == ConflictKind::Field, !it.is_mine));
        }
        Ok(all)
    }

    fn conflict_title(&self, feature: FeatureId, known: &Known) -> Result<String, AppError> {
        if let Some(stored) = self.store.feature(feature)? {
            return Ok(self.catalog.label(&stored.feature));
        }
        if let Some(own) = self.store.journal_row(known.conflict.op)? {
            return Ok(own.title);
        }
        // A deleted feature that somebody else edited: called as in that edit.
        Ok(self.catalog.label(&as_clashed(feature, known)))
    }
}

/// A feature made of what a conflict tells of it.
fn as_clashed(id: FeatureId, known: &Known) -> Feature {
    let mut properties = Properties::new();
    for (field, clash) in &known.conflict.fields {
        let value = [&clash.candidate, &clash.store, &clash.base];
        if let Some(value) = value.into_iter().find(|it| !it.is_null())
            && field.as_str() != GEOMETRY_FIELD
        {
            properties.insert(field.clone(), value.clone());
        }
    }
    Feature { id, dataset: known.dataset.clone(), version: 0, geometry: None, properties }
}

/// Whether an own decision that is under way covers a conflict.
fn is_decided(live: &[Operation], conflict: &FeedConflict) -> bool {
    live.iter().any(|op| {
        if op.id == conflict.op || !op.depends_on.contains(&conflict.op) {
            return false;
        }
        match op.kind {
            OperationKind::Resolve => {
                let is_named = conflict.fields.keys().all(|it| op.changes.contains_key(it));
                is_named || conflict.kind != ConflictKind::Field
            }
            OperationKind::Restore | OperationKind::Delete => conflict.key == WHOLE_ROW,
            OperationKind::Create
            | OperationKind::Update
            | OperationKind::Attach
            | OperationKind::Detach => false,
        }
    })
}

/// What the store holds in the fields of a conflict.
pub(crate) fn store_values(conflict: &FeedConflict) -> BTreeMap<FieldId, Value> {
    conflict.fields.iter().map(|(field, it)| (field.clone(), it.store.clone())).collect()
}
