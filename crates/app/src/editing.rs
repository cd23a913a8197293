use std::collections::BTreeMap;

use faltkarta_changes::{Change, Operation, OperationKind, with_group_members};
use faltkarta_geo::Geometry;
use faltkarta_model::{
    BlobId, DatasetId, Feature, FeatureId, FieldId, FieldType, GEOMETRY_FIELD, GroupId, IdSource,
    OpId, Policy, Timestamp, Value,
};
use faltkarta_store::{Attachment, LocalEdit, LocalOperation};

use crate::error::AppError;
use crate::field::Field;
use crate::foreseeing::values_of;

/// One edit of one feature.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// A new feature.
    Create {
        /// Where, on the store's grid.
        geometry: Option<Geometry>,
        /// Its values.
        values: BTreeMap<FieldId, Value>,
    },
    /// New values; null takes a value away.
    Update {
        /// The feature.
        id: FeatureId,
        /// A new place, on the store's grid.
        geometry: Option<Geometry>,
        /// Its new values.
        values: BTreeMap<FieldId, Value>,
    },
    /// The feature is taken away.
    Delete {
        /// The feature.
        id: FeatureId,
    },
    /// A deleted feature comes back, with new values where some are given.
    Restore {
        /// The feature.
        id: FeatureId,
        /// Values that it is to have beside those that it had.
        values: BTreeMap<FieldId, Value>,
    },
    /// Photos are added to a feature; [`Field::keep_photo`] gave them.
    Attach {
        /// The feature.
        id: FeatureId,
        /// The photos.
        photos: Vec<Attachment>,
    },
    /// Attachments are taken away from a feature. The files stay.
    Detach {
        /// The feature.
        id: FeatureId,
        /// The attachments.
        blobs: Vec<BlobId>,
    },
}

/// What an operation is made of, beside the journal's own counters.
pub(crate) struct Draughted {
    pub(crate) dataset: DatasetId,
    pub(crate) feature: FeatureId,
    pub(crate) kind: OperationKind,
    pub(crate) base_version: u32,
    pub(crate) changes: BTreeMap<FieldId, Change>,
    pub(crate) group: Option<GroupId>,
    pub(crate) blobs: Vec<faltkarta_model::BlobId>,
    pub(crate) list_kind: &'static str,
    pub(crate) title: String,
    pub(crate) detail: String,
    /// What it rests on; `None` for the previous own operation on the same feature.
    pub(crate) depends_on: Option<Vec<OpId>>,
    /// Whether its group makes sense only as a whole.
    pub(crate) is_atomic: bool,
    /// Why, in the person's words.
    pub(crate) note: Option<String>,
}

impl Draughted {
    /// An edit without values and words yet.
    pub(crate) fn new(
        dataset: DatasetId,
        feature: FeatureId,
        kind: OperationKind,
        base_version: u32,
    ) -> Self {
        Self {
            dataset,
            feature,
            kind,
            base_version,
            changes: BTreeMap::new(),
            group: None,
            blobs: vec![],
            list_kind: "edit",
            title: String::new(),
            detail: String::new(),
            depends_on: None,
            is_atomic: false,
            note: None,
        }
    }
}

impl Field {
    /// Journals one edit. When this returns it is saved here: it survives a power cut and is seen everywhere.
    ///
    /// # Errors
    ///
    /// [`AppError::ReadOnly`], [`AppError::InvalidInput`] for an unknown field or a value of another kind,
    /// [`AppError::FeatureNotFound`], or code `disk_full`.
    pub fn edit(
        &mut self,
        dataset: &DatasetId,
        edit: Edit,
        now: Timestamp,
        ids: &mut dyn IdSource,
    ) -> Result<FeatureId, AppError> {
        let local = self.catalog.dataset(dataset)?;
        if local.dataset.policy == Policy::ReadOnly {
            return Err(AppError::ReadOnly { dataset: dataset.clone() });
        }
        let mut attached = vec![];
        let draughted = match edit {
            Edit::Create { geometry, values } => {
                let id = FeatureId::new(ids);
                self.creating(dataset, id, geometry, values)?
            }
            Edit::Update { id, geometry, values } => {
                self.updating(dataset, id, geometry, values, now)?
            }
            Edit::Delete { id } => self.deleting(dataset, id, now)?,
            Edit::Restore { id, values } => self.restoring(dataset, id, values)?,
            Edit::Attach { id, photos } => {
                let blobs = photos.iter().map(|it| it.blob.clone()).collect();
                attached = photos;
                self.tying(dataset, id, OperationKind::Attach, blobs, now)?
            }
            Edit::Detach { id, blobs } => {
                self.tying(dataset, id, OperationKind::Detach, blobs, now)?
            }
        };
        let id = draughted.feature;
        let is_nothing = match draughted.kind {
            OperationKind::Update => draughted.changes.is_empty(),
            OperationKind::Attach | OperationKind::Detach => draughted.blobs.is_empty(),
            _ => false,
        };
        if is_nothing {
            return Ok(id);
        }
        let ops = self.operations(vec![draughted], now, ids)?;
        self.journal(&LocalEdit { ops, completes_draft: None, attached })?;
        Ok(id)
    }

    /// Journals new values of several features of a dataset as one act: all of them are saved here when this returns, or
    /// none. They share a group; each is still judged by itself.
    ///
    /// # Errors
    ///
    /// As [`Field::edit`].
    pub fn update_all(
        &mut self,
        dataset: &DatasetId,
        updates: Vec<(FeatureId, BTreeMap<FieldId, Value>)>,
        now: Timestamp,
        ids: &mut dyn IdSource,
    ) -> Result<(), AppError> {
        let local = self.catalog.dataset(dataset)?;
        if local.dataset.policy == Policy::ReadOnly {
            return Err(AppError::ReadOnly { dataset: dataset.clone() });
        }
        let group = GroupId::new(ids);
        let mut all = vec![];
        for (id, values) in updates {
            let draughted = self.updating(dataset, id, None, values, now)?;
            if !draughted.changes.is_empty() {
                all.push(Draughted { group: Some(group), ..draughted });
            }
        }
        if all.is_empty() {
            return Ok(());
        }
        let ops = self.operations(all, now, ids)?;
        self.journal(&LocalEdit { ops, completes_draft: None, attached: vec![] })
    }

    /// Keeps a photo that an edit is to attach. Durable when this returns.
    ///
    /// # Errors
    ///
    /// Code `photo_empty`, `photo_too_large`, `photo_unreadable` or `disk_full`.
    pub fn keep_photo(
        &mut self,
        picked_name: &str,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<Attachment, AppError> {
        Ok(self.store.keep_photo(picked_name, bytes, now)?)
    }

    fn restoring(
        &self,
        dataset: &DatasetId,
        id: FeatureId,
        values: BTreeMap<FieldId, Value>,
    ) -> Result<Draughted, AppError> {
        if self.store.feature(id)?.is_some() {
            return Err(AppError::invalid("id", "the feature is not deleted"));
        }
        let last = self.store.last_look(id)?.map(|it| it.feature);
        if last.is_none() && !self.store.is_deleted_there(id)? {
            return Err(AppError::FeatureNotFound { id });
        }
        let known = last.filter(|it| it.dataset == *dataset);
        let blank = Feature {
            id,
            dataset: dataset.clone(),
            version: 0,
            geometry: None,
            properties: BTreeMap::new(),
        };
        let feature = known.unwrap_or(blank);
        let changes = changes_of(&feature, self.checked(dataset, values)?);
        Ok(Draughted {
            title: self.catalog.label(&feature),
            detail: self.in_words(dataset, &changes),
            changes,
            ..Draughted::new(dataset.clone(), id, OperationKind::Restore, feature.version)
        })
    }

    fn tying(
        &self,
        dataset: &DatasetId,
        id: FeatureId,
        kind: OperationKind,
        mut blobs: Vec<BlobId>,
        now: Timestamp,
    ) -> Result<Draughted, AppError> {
        let feature = self.of_dataset(dataset, id, now)?;
        let present = self.store.blobs_of(id)?;
        // What is there cannot be added, what is not there cannot be taken away.
        blobs.retain(|it| present.contains(it) == (kind == OperationKind::Detach));
        let version = feature.version;
        Ok(Draughted {
            blobs,
            title: self.catalog.label(&feature),
            ..Draughted::new(dataset.clone(), id, kind, version)
        })
    }

    fn creating(
        &self,
        dataset: &DatasetId,
        id: FeatureId,
        geometry: Option<Geometry>,
        values: BTreeMap<FieldId, Value>,
    ) -> Result<Draughted, AppError> {
        let mut changes = self.checked(dataset, values)?;
        changes.extend(self.checked_geometry(dataset, geometry)?);
        let changes: BTreeMap<_, _> = changes
            .into_iter()
            .filter(|it| !it.1.is_null())
            .map(|(field, new)| (field, Change { old: Value::Null, new }))
            .collect();
        let mut feature = Feature {
            id,
            dataset: dataset.clone(),
            version: 0,
            geometry: None,
            properties: BTreeMap::new(),
        };
        feature.properties =
            changes.iter().map(|(field, it)| (field.clone(), it.new.clone())).collect();
        Ok(Draughted {
            title: self.catalog.label(&feature),
            detail: self.in_words(dataset, &changes),
            changes,
            ..Draughted::new(dataset.clone(), id, OperationKind::Create, 0)
        })
    }

    fn updating(
        &self,
        dataset: &DatasetId,
        id: FeatureId,
        geometry: Option<Geometry>,
        values: BTreeMap<FieldId, Value>,
        now: Timestamp,
    ) -> Result<Draughted, AppError> {
        let feature = self.of_dataset(dataset, id, now)?;
        let mut wanted = self.checked(dataset, values)?;
        wanted.extend(self.checked_geometry(dataset, geometry)?);
        let changes = changes_of(&feature, wanted);
        let (title, version) = (self.catalog.label(&feature), feature.version);
        Ok(Draughted {
            title,
            detail: self.in_words(dataset, &changes),
            changes: self.with_groups(changes, feature)?,
            ..Draughted::new(dataset.clone(), id, OperationKind::Update, version)
        })
    }

    fn deleting(
        &self,
        dataset: &DatasetId,
        id: FeatureId,
        now: Timestamp,
    ) -> Result<Draughted, AppError> {
        let feature = self.of_dataset(dataset, id, now)?;
        let title = self.catalog.label(&feature);
        let old = |old: Value| Change { old, new: Value::Null };
        let mut changes: BTreeMap<FieldId, Change> =
            feature.properties.into_iter().map(|(field, it)| (field, old(it))).collect();
        if let Some(geometry) = feature.geometry {
            changes.insert(geometry_field()?, old(Value::Geometry(geometry)));
        }
        let version = feature.version;
        Ok(Draughted {
            changes,
            title,
            blobs: self.store.blobs_of(id)?,
            ..Draughted::new(dataset.clone(), id, OperationKind::Delete, version)
        })
    }

    /// With what the person saw in the other fields of the groups that are changed: a group is judged as one.
    pub(crate) fn with_groups(
        &self,
        changes: BTreeMap<FieldId, Change>,
        feature: Feature,
    ) -> Result<BTreeMap<FieldId, Change>, AppError> {
        let declared = &self.catalog.dataset(&feature.dataset)?.dataset;
        Ok(with_group_members(changes, &values_of(feature)?, declared))
    }

    fn of_dataset(
        &self,
        dataset: &DatasetId,
        id: FeatureId,
        now: Timestamp,
    ) -> Result<Feature, AppError> {
        let feature = self.feature(id, now)?;
        if feature.dataset == *dataset {
            Ok(feature)
        } else {
            Err(AppError::FeatureNotFound { id })
        }
    }

    pub(crate) fn checked(
        &self,
        dataset: &DatasetId,
        values: BTreeMap<FieldId, Value>,
    ) -> Result<BTreeMap<FieldId, Value>, AppError> {
        let declared = &self.catalog.dataset(dataset)?.dataset;
        for (id, value) in &values {
            let field = declared
                .field(id.as_str())
                .ok_or_else(|| AppError::invalid("field", format!("{dataset} has no {id}")))?;
            if !fits(field.field_type, value) {
                return Err(AppError::invalid("value", format!("{id} is of another kind")));
            }
        }
        Ok(values)
    }

    pub(crate) fn checked_geometry(
        &self,
        dataset: &DatasetId,
        geometry: Option<Geometry>,
    ) -> Result<Option<(FieldId, Value)>, AppError> {
        let Some(geometry) = geometry else { return Ok(None) };
        let declared = &self.catalog.dataset(dataset)?.dataset;
        if !declared.geometry.takes(geometry.kind()) {
            return Err(AppError::invalid("geometry", format!("not a shape of {dataset}")));
        }
        Ok(Some((geometry_field()?, Value::Geometry(geometry))))
    }

    /// Fields and values in Swedish words: "Läge: Stängd".
    pub(crate) fn in_words(
        &self,
        dataset: &DatasetId,
        changes: &BTreeMap<FieldId, Change>,
    ) -> String {
        let Some(local) = self.catalog.find(dataset) else { return String::new() };
        let words: Vec<String> = local
            .dataset
            .fields
            .iter()
            .filter_map(|field| {
                let new = &changes.get(&field.id)?.new;
                let text = new.to_string();
                let shown = field.values.get(&text).map_or(text.as_str(), |it| it.sv.as_str());
                let unit =
                    if field.unit.is_empty() { String::new() } else { format!(" {}", field.unit) };
                let shown = if new.is_null() { "–".to_owned() } else { format!("{shown}{unit}") };
                Some(format!("{}: {shown}", field.title.sv))
            })
            .collect();
        words.join(", ")
    }

    /// Numbers operations and says what they rest on.
    pub(crate) fn operations(
        &self,
        all: Vec<Draughted>,
        now: Timestamp,
        ids: &mut dyn IdSource,
    ) -> Result<Vec<LocalOperation>, AppError> {
        let first_no = self.store.next_op_no()?;
        let user = self.store.meta("user_name")?.unwrap_or_default();
        let clock_offset_ms = self.store.meta("clock_offset_ms")?.and_then(|it| it.parse().ok());
        let mut ops: Vec<LocalOperation> = vec![];
        let run = ids.next_run(all.len());
        for ((op_no, id), it) in (first_no..).zip(run).zip(all) {
            let in_act = ops.iter().rev().find(|op| op.op.feature == it.feature).map(|op| op.op.id);
            let depends_on = match (it.depends_on, in_act) {
                (Some(given), _) => given,
                (None, Some(previous)) => vec![previous],
                (None, None) => self.store.last_operation_of(it.feature)?.into_iter().collect(),
            };
            let op = Operation {
                id: OpId::from_uuid(id),
                replica: self.store.replica(),
                op_no,
                user: user.clone(),
                device_time: now,
                clock_offset_ms,
                schema_rev: self.catalog.find(&it.dataset).map_or(1, |local| local.revision),
                dataset: it.dataset,
                feature: it.feature,
                kind: it.kind,
                base_version: it.base_version,
                changes: it.changes,
                depends_on,
                group: it.group,
                atomic: it.is_atomic,
                blobs: it.blobs,
                note: it.note,
            };
            ops.push(LocalOperation { op, kind: it.list_kind, title: it.title, detail: it.detail });
        }
        Ok(ops)
    }

    pub(crate) fn journal(&mut self, edit: &LocalEdit) -> Result<(), AppError> {
        let changes = self.store.apply_local(edit)?;
        self.take(&changes);
        self.touch();
        Ok(())
    }
}

/// The wanted values that differ from those of a feature, with the old ones.
pub(crate) fn changes_of(
    feature: &Feature,
    wanted: BTreeMap<FieldId, Value>,
) -> BTreeMap<FieldId, Change> {
    wanted
        .into_iter()
        .filter_map(|(field, new)| {
            let old = if field.as_str() == GEOMETRY_FIELD {
                feature.geometry.clone().map_or(Value::Null, Value::Geometry)
            } else {
                feature.value(field.as_str()).clone()
            };
            (old != new).then_some((field, Change { old, new }))
        })
        .collect()
}

pub(crate) fn geometry_field() -> Result<FieldId, AppError> {
    FieldId::parse(GEOMETRY_FIELD).map_err(|error| AppError::invalid("geometry", error))
}

fn fits(field_type: FieldType, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) => field_type == FieldType::Bool,
        Value::Int(_) => matches!(field_type, FieldType::Int | FieldType::Real),
        Value::Real(_) => field_type == FieldType::Real,
        Value::Text(_) => {
            matches!(field_type, FieldType::Text | FieldType::Date | FieldType::DateTime)
        }
        Value::List(_) => field_type == FieldType::List,
        Value::Geometry(_) => false,
    }
}
