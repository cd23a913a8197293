//! A person's decision on conflicts: operations like any other, journalled in one act.

use std::collections::BTreeMap;

use faltkarta_changes::{Change, Clash, ConflictKind, OperationKind};
use faltkarta_model::{
    DatasetId, Feature, FeatureId, FieldId, GEOMETRY_FIELD, GroupId, IdSource, OpId, Timestamp,
    Value,
};
use faltkarta_store::LocalEdit;
use uuid::Uuid;

use crate::conflicts::{Known, store_values};
use crate::editing::Draughted;
use crate::error::AppError;
use crate::field::Field;
use crate::foreseeing::values_of;

/// Most characters of a reason.
const NOTE_CHARS_MAX: usize = 2_000;

/// What a person chooses in one conflict.
#[derive(Debug, Clone, PartialEq)]
pub enum Choice {
    /// As the store has it.
    Theirs,
    /// The candidate. For a whole row: the edit that the store could not take holds.
    Mine,
    /// Other values, by field; fields that are not named stay as the store has them.
    Values(BTreeMap<FieldId, Value>),
}

/// What a decision wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The operations, in their order.
    pub ops: Vec<OpId>,
}

impl Field {
    /// Journals a person's decision on some of a feature's conflicts, in one transaction. The conflicts vanish from
    /// the list at once; the store closes them when it has judged the operations.
    ///
    /// # Errors
    ///
    /// [`AppError::ConflictMoved`] when the store's values are not those that the card showed, or a conflict is no
    /// longer open; [`AppError::InvalidInput`] for a value that does not fit, or a reason beyond 2 000 characters.
    pub fn resolve(
        &mut self,
        feature: FeatureId,
        choices: &[(Uuid, Choice)],
        note: Option<&str>,
        now: Timestamp,
        ids: &mut dyn IdSource,
    ) -> Result<Decision, AppError> {
        let note = note.map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned);
        if note.as_ref().is_some_and(|it| it.chars().count() > NOTE_CHARS_MAX) {
            return Err(AppError::invalid("note", "too long"));
        }
        let known = self.conflicts_on(feature)?;
        self.check_unmoved(feature, &known, choices)?;
        let mut desk = Desk {
            feature,
            values: self.seen_values(feature)?,
            acts: vec![],
            atomic_group: GroupId::from_uuid(ids.next_id()),
        };
        let group = GroupId::from_uuid(ids.next_id());
        for (id, choice) in choices {
            let conflict = known.iter().find(|it| it.conflict.id == *id);
            let known = conflict.ok_or(AppError::ConflictMoved { id: feature })?;
            self.decide(&mut desk, known, choice)?;
        }
        let acts = desk.acts.into_iter().map(|it| Draughted {
            group: it.group.or(Some(group)),
            note: note.clone(),
            ..it
        });
        let ops = self.operations(acts.collect(), now, ids)?;
        let written = ops.iter().map(|it| it.op.id).collect();
        self.journal(&LocalEdit { ops, completes_draft: None, attached: vec![] })?;
        self.shown.borrow_mut().remove(&feature);
        Ok(Decision { ops: written })
    }

    fn check_unmoved(
        &self,
        feature: FeatureId,
        known: &[Known],
        choices: &[(Uuid, Choice)],
    ) -> Result<(), AppError> {
        let shown = self.shown.borrow();
        let Some(shown) = shown.get(&feature) else { return Ok(()) };
        for (id, _) in choices {
            let now = known.iter().find(|it| it.conflict.id == *id);
            let is_same = match (now, shown.get(id)) {
                (Some(now), Some(seen)) => store_values(&now.conflict) == *seen,
                _ => false,
            };
            if !is_same {
                return Err(AppError::ConflictMoved { id: feature });
            }
        }
        Ok(())
    }

    /// Values that an own unsent edit has set since: the store will have them when the decision arrives.
    fn seen_values(&self, feature: FeatureId) -> Result<BTreeMap<FieldId, Value>, AppError> {
        let foreseen: Vec<OpId> =
            self.conflicts_on(feature)?.iter().map(|it| it.conflict.op).collect();
        let mut values = BTreeMap::new();
        for live in self.store.live_operations(Some(feature))? {
            if live.is_pending && !foreseen.contains(&live.op.id) {
                let new = live.op.changes.into_iter().map(|(field, change)| (field, change.new));
                values.extend(new);
            }
        }
        Ok(values)
    }

    fn decide(&self, desk: &mut Desk, known: &Known, choice: &Choice) -> Result<(), AppError> {
        let is_theirs = *choice == Choice::Theirs;
        match known.conflict.kind {
            ConflictKind::Field | ConflictKind::DuplicateKey | ConflictKind::IdClash => {
                let changes = self.chosen(desk, known, choice)?;
                let changes = if is_theirs && known.conflict.kind == ConflictKind::IdClash {
                    BTreeMap::new()
                } else {
                    changes
                };
                let changes = match self.store.feature(desk.feature)? {
                    Some(stored) if !changes.is_empty() => {
                        self.with_groups(changes, stored.feature)?
                    }
                    _ => changes,
                };
                self.act(desk, known, OperationKind::Resolve, changes)
            }
            _ if is_theirs => self.act(desk, known, OperationKind::Resolve, BTreeMap::new()),
            ConflictKind::EditedVsDeleted => {
                let changes = self.chosen(desk, known, choice)?;
                self.act(desk, known, OperationKind::Restore, changes)
            }
            ConflictKind::DeletedVsEdited => {
                let changes = self.all_values(desk.feature)?;
                self.act(desk, known, OperationKind::Delete, changes)?;
                if let Some(act) = desk.acts.last_mut() {
                    act.blobs = self.store.blobs_of(desk.feature)?;
                }
                Ok(())
            }
            ConflictKind::ParentDeleted => self.restore_parent(desk, known),
            ConflictKind::Group => self.offer_group_anew(desk, known),
        }
    }

    /// The values of a choice as changes from what the person saw in the store.
    fn chosen(
        &self,
        desk: &mut Desk,
        known: &Known,
        choice: &Choice,
    ) -> Result<BTreeMap<FieldId, Change>, AppError> {
        let named = match choice {
            Choice::Values(values) => self.checked_choice(known, values)?,
            Choice::Theirs | Choice::Mine => BTreeMap::new(),
        };
        let mut fields: BTreeMap<FieldId, Clash> = known.conflict.fields.clone();
        for field in named.keys() {
            // For a whole row any field may be set beside those in conflict.
            fields.entry(field.clone()).or_insert_with(|| Clash {
                base: Value::Null,
                store: Value::Null,
                candidate: Value::Null,
            });
        }
        let mut changes = BTreeMap::new();
        for (field, clash) in fields {
            let old = desk.values.get(&field).unwrap_or(&clash.store).clone();
            let new = match choice {
                Choice::Theirs => old.clone(),
                Choice::Mine => clash.candidate,
                Choice::Values(_) => named.get(&field).unwrap_or(&old).clone(),
            };
            desk.values.insert(field.clone(), new.clone());
            changes.insert(field, Change { old, new });
        }
        Ok(changes)
    }

    fn checked_choice(
        &self,
        known: &Known,
        values: &BTreeMap<FieldId, Value>,
    ) -> Result<BTreeMap<FieldId, Value>, AppError> {
        let is_row = known.conflict.kind != ConflictKind::Field;
        let mut plain = values.clone();
        if let Some(stranger) =
            values.keys().find(|it| !is_row && !known.conflict.fields.contains_key(*it))
        {
            return Err(AppError::invalid("choice", format!("{stranger} is not in conflict")));
        }
        let place = plain.iter().find(|it| it.0.as_str() == GEOMETRY_FIELD);
        let place = place.map(|(field, value)| (field.clone(), value.clone()));
        if let Some((field, value)) = &place {
            plain.remove(field);
            match value {
                Value::Geometry(geometry) => {
                    self.checked_geometry(&known.dataset, Some(geometry.clone()))?;
                }
                Value::Null => {}
                _ => return Err(AppError::invalid("choice", "not a shape")),
            }
        }
        let mut checked = self.checked(&known.dataset, plain)?;
        checked.extend(place);
        Ok(checked)
    }

    fn all_values(&self, feature: FeatureId) -> Result<BTreeMap<FieldId, Change>, AppError> {
        let stored = self.store.feature(feature)?;
        let stored = stored.ok_or(AppError::FeatureNotFound { id: feature })?;
        let values = values_of(stored.feature)?;
        let old = |(field, old)| (field, Change { old, new: Value::Null });
        Ok(values.into_iter().map(old).collect())
    }

    fn act(
        &self,
        desk: &mut Desk,
        known: &Known,
        kind: OperationKind,
        changes: BTreeMap<FieldId, Change>,
    ) -> Result<(), AppError> {
        let detail = self.in_words(&known.dataset, &changes);
        let act =
            Draughted { changes, detail, ..self.draught(&known.dataset, desk.feature, kind)? };
        desk.acts.push(Draughted { depends_on: Some(vec![known.conflict.op]), ..act });
        Ok(())
    }

    /// The child's parent comes back; then nothing is left to decide about the child.
    fn restore_parent(&self, desk: &mut Desk, known: &Known) -> Result<(), AppError> {
        let parent = self.parent_of(desk.feature)?;
        let (dataset, id) = parent.ok_or(AppError::ConflictMoved { id: desk.feature })?;
        let restore = self.draught(&dataset, id, OperationKind::Restore)?;
        desk.acts.push(Draughted { depends_on: Some(vec![known.conflict.op]), ..restore });
        self.act(desk, known, OperationKind::Resolve, BTreeMap::new())
    }

    fn parent_of(&self, child: FeatureId) -> Result<Option<(DatasetId, FeatureId)>, AppError> {
        let Some(stored) = self.store.feature(child)? else { return Ok(None) };
        let text = |field: &str| stored.feature.value(field).as_text().map(str::to_owned);
        let dataset = text("subject_dataset").and_then(|it| DatasetId::parse(&it).ok());
        let id = text("subject_id").and_then(|it| it.parse().ok());
        Ok(dataset.zip(id))
    }

    /// The operations of a group that did not fit, once more with the values that the person sees now.
    fn offer_group_anew(&self, desk: &mut Desk, known: &Known) -> Result<(), AppError> {
        let own = self.store.journal_row(known.conflict.op)?;
        let group = own.and_then(|it| it.op.group);
        let group =
            group.ok_or_else(|| AppError::invalid("choice", "not an edit of this laptop"))?;
        for op in self.store.group_operations(group)? {
            let base = self.store.base_feature(op.feature)?.map(|it| it.feature);
            let mut changes = op.changes.clone();
            for (field, change) in &mut changes {
                change.old = base.as_ref().map_or(Value::Null, |it| value_in(it, field));
            }
            let detail = self.in_words(&op.dataset, &changes);
            let act = self.draught(&op.dataset, op.feature, op.kind)?;
            desk.acts.push(Draughted {
                changes,
                detail,
                base_version: base.map_or(0, |it| it.version),
                blobs: op.blobs,
                group: Some(desk.atomic_group),
                is_atomic: true,
                depends_on: Some(vec![]),
                ..act
            });
        }
        self.act(desk, known, OperationKind::Resolve, BTreeMap::new())
    }

    fn draught(
        &self,
        dataset: &DatasetId,
        feature: FeatureId,
        kind: OperationKind,
    ) -> Result<Draughted, AppError> {
        let stored = self.store.feature(feature)?;
        let title = match &stored {
            Some(stored) => self.catalog.label(&stored.feature),
            None => self
                .store
                .journal_of(feature)?
                .pop()
                .map_or_else(|| dataset.to_string(), |it| it.title),
        };
        let version = stored.map_or(0, |it| it.feature.version);
        Ok(Draughted { title, ..Draughted::new(dataset.clone(), feature, kind, version) })
    }
}

struct Desk {
    feature: FeatureId,
    /// What the store will hold in a field when the next operation of this act arrives.
    values: BTreeMap<FieldId, Value>,
    acts: Vec<Draughted>,
    /// For a group that is offered anew.
    atomic_group: GroupId,
}

pub(crate) fn value_in(feature: &Feature, field: &FieldId) -> Value {
    if field.as_str() == GEOMETRY_FIELD {
        feature.geometry.clone().map_or(Value::Null, Value::Geometry)
    } else {
        feature.value(field.as_str()).clone()
    }
}
