use std::collections::BTreeSet;

use faltkarta_geo::{
    Bounds, EastNorthM, Geometry, GeometryKind, Grid, Position, area_on_grid_m2, length_on_grid_m,
};
use faltkarta_model::{DatasetId, Feature, FeatureId, FieldType, Role, Timestamp, Title};
use faltkarta_store::{EditState, Relation};

use crate::catalog::LocalDataset;
use crate::error::AppError;
use crate::field::Field;
use crate::identify::Hit;
use crate::shape::point_on;

/// Metres around a point within which something lies at the same place.
const ALSO_HERE_M: f64 = 3.0;
const N_ALSO_HERE: usize = 8;

/// What a card shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// The feature as it looks here.
    pub feature: Feature,
    /// What it is.
    pub kind: Title,
    /// Role of its dataset.
    pub role: Role,
    /// Name of the municipality or empty.
    pub municipality: String,
    /// How it is called.
    pub title: String,
    /// Forms that may be filled on it, by id.
    pub forms: Vec<String>,
    /// Facts in the order of the declaration; fields with no value are left out.
    pub facts: Vec<Fact>,
    /// Area in square metres measured on the grid, for polygons.
    pub area_m2: Option<f64>,
    /// Length in metres measured on the grid, for lines.
    pub length_m: Option<f64>,
    /// Addresses that belong to it.
    pub addresses: Vec<String>,
    /// Earlier visits by both bodies, newest first.
    pub visits: Vec<Visit>,
    /// What else lies at its place.
    pub also_here: Vec<Hit>,
    /// Who publishes it.
    pub publisher: String,
    /// Date of the data.
    pub data_date: Option<String>,
    /// Older than its limit.
    pub is_old: bool,
    /// Age in days.
    pub age_days: Option<u32>,
    /// Accuracy in words.
    pub accuracy: String,
    /// Rectangle around it on the grid.
    pub bounds: Option<Bounds>,
    /// Easting and northing of a point on it, metres on the grid.
    pub position_m: Option<(f64, f64)>,
}

/// One row of facts.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Field id.
    pub field: String,
    /// What it is called.
    pub title: Title,
    /// The value in words.
    pub value: Title,
    /// The value as stored, as text.
    pub raw: String,
    /// What kind of value it is.
    pub field_type: FieldType,
    /// Unit or empty.
    pub unit: String,
    /// Where an own edit of this field stands, when there is one.
    pub own_edit: Option<EditState>,
}

/// An earlier visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The inspection.
    pub id: FeatureId,
    /// Date, `2026-04-28`.
    pub date: String,
    /// Title of the form.
    pub title: String,
    /// One line of result.
    pub detail: String,
    /// BKT or BMB.
    pub body: String,
    /// Where the record stands.
    pub state: EditState,
}

impl Field {
    /// The card of one feature.
    ///
    /// # Errors
    ///
    /// [`AppError::FeatureNotFound`], also when it belongs to another dataset than asked.
    pub fn card(
        &self,
        dataset: &DatasetId,
        id: FeatureId,
        now: Timestamp,
    ) -> Result<Card, AppError> {
        let feature = self.feature(id, now)?;
        if feature.dataset != *dataset {
            return Err(AppError::FeatureNotFound { id });
        }
        let local = self.catalog.dataset(dataset)?;
        let declared = &local.dataset;
        let geometry = feature.geometry.as_ref();
        let of_kind = |kind: GeometryKind| geometry.filter(|it| it.kind() == kind);
        let position_m = geometry.and_then(point_on);
        Ok(Card {
            kind: declared.singular.clone(),
            role: declared.role,
            municipality: local.municipality(&feature),
            title: declared.label(&feature),
            forms: self.catalog.forms_on(declared.role),
            facts: self.facts(local, &feature)?,
            area_m2: of_kind(GeometryKind::Polygon).map(area_on_grid_m2),
            length_m: of_kind(GeometryKind::Line).map(length_on_grid_m),
            addresses: self.addresses(declared.role, &feature)?,
            visits: self.visits(declared.role, &feature, now)?,
            also_here: self.also_here(position_m, id, now)?,
            publisher: declared.publisher.clone(),
            data_date: local.data_date.clone(),
            is_old: local.is_old(now),
            age_days: local.age_days(now),
            accuracy: declared.accuracy.clone(),
            bounds: geometry.and_then(Geometry::bounds),
            position_m,
            feature,
        })
    }

    fn facts(&self, local: &LocalDataset, feature: &Feature) -> Result<Vec<Fact>, AppError> {
        let edits = self.store.journal_of(feature.id)?;
        let shown = local.dataset.fields.iter().filter(|it| it.card);
        Ok(shown
            .filter_map(|field| {
                let value = feature.value(field.id.as_str());
                if value.is_null() {
                    return None;
                }
                let raw = value.to_string();
                let value = field.in_words(value);
                let own_edit = edits
                    .iter()
                    .rev()
                    .find(|it| it.op.changes.contains_key(&field.id))
                    .map(|it| it.state);
                Some(Fact {
                    field: field.id.to_string(),
                    title: field.title.clone(),
                    value,
                    raw,
                    field_type: field.field_type,
                    unit: field.unit.clone(),
                    own_edit,
                })
            })
            .collect())
    }

    fn addresses(&self, role: Role, feature: &Feature) -> Result<Vec<String>, AppError> {
        let property = feature.value("property_ref").as_text();
        let Some(property) = property.filter(|_| role == Role::Parcel) else { return Ok(vec![]) };
        let mut labels = BTreeSet::new();
        for stored in self.store.related(Relation::PropertyRef, property)? {
            let Some(local) = self.catalog.find(&stored.feature.dataset) else { continue };
            if local.dataset.role == Role::Address {
                let short = local.place_entry(&stored.feature).map(|it| it.label);
                labels.insert(short.unwrap_or_else(|| local.dataset.label(&stored.feature)));
            }
        }
        Ok(labels.into_iter().collect())
    }

    /// A property is all its areas: a visit to one of them was a visit to it.
    fn visits(
        &self,
        role: Role,
        feature: &Feature,
        now: Timestamp,
    ) -> Result<Vec<Visit>, AppError> {
        let mut subjects = BTreeSet::from([feature.id]);
        if let (Role::Parcel, Some(property)) = (role, feature.value("property_ref").as_text()) {
            for stored in self.store.related(Relation::PropertyRef, property)? {
                if stored.feature.dataset == feature.dataset {
                    subjects.insert(stored.feature.id);
                }
            }
        }
        let safe_seq = self.store.meta("safe_seq")?.and_then(|it| it.parse().ok()).unwrap_or(0);
        let mut visits = vec![];
        for subject in subjects {
            for stored in self.store.related(Relation::SubjectId, &subject.to_string())? {
                let is_locked =
                    self.catalog.find(&stored.feature.dataset).is_some_and(|it| it.is_locked(now));
                if is_locked {
                    continue;
                }
                let text = |name: &str| {
                    stored.feature.value(name).as_text().unwrap_or_default().to_owned()
                };
                let own = self.store.journal_of(stored.feature.id)?;
                let state = match own.first() {
                    Some(row) => row.state,
                    None if stored.seq <= safe_seq => EditState::Secured,
                    None => EditState::Received,
                };
                visits.push((
                    text("completed_at"),
                    Visit {
                        id: stored.feature.id,
                        date: text("completed_at").chars().take(10).collect(),
                        title: text("title"),
                        detail: text("summary"),
                        body: text("body"),
                        state,
                    },
                ));
            }
        }
        visits.sort_by(|a, b| b.0.cmp(&a.0));
        Ok(visits.into_iter().map(|it| it.1).collect())
    }

    fn also_here(
        &self,
        position_m: Option<(f64, f64)>,
        id: FeatureId,
        now: Timestamp,
    ) -> Result<Vec<Hit>, AppError> {
        let at =
            position_m.and_then(|(e_m, n_m)| Position::<Grid>::parse(EastNorthM { e_m, n_m }).ok());
        let Some(at) = at else { return Ok(vec![]) };
        let mut hits = self.identify(at, ALSO_HERE_M, None, now)?.hits;
        hits.retain(|it| it.feature.id != id);
        hits.truncate(N_ALSO_HERE);
        Ok(hits)
    }
}
