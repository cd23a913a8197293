use std::collections::BTreeSet;

use faltkarta_geo::{Bounds, GeometryKind, Grid, Position};
use faltkarta_model::{DatasetId, Feature, FeatureId, Role, Timestamp, Title};
use faltkarta_spatial::identify;

use crate::error::AppError;
use crate::field::Field;

/// Most features of one answer; more under one finger help nobody.
const N_FEATURES: usize = 60;

/// One feature at a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The feature.
    pub feature: Feature,
    /// How it is called.
    pub label: String,
    /// What it is: "Fastighet".
    pub kind: Title,
    /// Role of its dataset.
    pub role: Role,
    /// Distance in metres on the grid; 0 inside a polygon.
    pub distance_m: f64,
    /// Who publishes it.
    pub publisher: String,
    /// Date of the data.
    pub data_date: Option<String>,
}

/// What lies at a point.
#[derive(Debug, Clone, PartialEq)]
pub struct IdentifyAnswer {
    /// Topmost first: points, lines, small areas, large areas.
    pub hits: Vec<Hit>,
    /// Datasets that could not answer (their lease has ended, or nothing was ever delivered) or are older than
    /// their limit.
    pub missing_or_old: Vec<DatasetId>,
}

impl Field {
    /// What lies within a radius in metres of a point. `shown` names the datasets that the map shows; others answer only
    /// with polygons that the point lies in. `None` asks all alike.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the reads.
    pub fn identify(
        &self,
        at: Position<Grid>,
        radius_m: f64,
        shown: Option<&BTreeSet<DatasetId>>,
        now: Timestamp,
    ) -> Result<IdentifyAnswer, AppError> {
        if !(0.0..=100_000.0).contains(&radius_m) {
            return Err(AppError::invalid("radius", "not within 0–100 000 m"));
        }
        let point = Bounds::at(at.e_m(), at.n_m());
        let mut candidates = vec![];
        for (local, layer) in self.open_layers(now) {
            let is_shown = shown.is_none_or(|it| it.contains(&local.dataset.id));
            let reach = if is_shown { point.grown(radius_m) } else { point };
            self.for_each_shape(layer, reach, &mut |row, geometry| {
                if is_shown || geometry.kind() == GeometryKind::Polygon {
                    candidates.push(((row, is_shown), geometry));
                }
            })?;
        }
        let found = identify(at, radius_m, candidates).into_iter();
        let near = found.filter(|it| it.item.1 || it.distance_m == 0.0).take(N_FEATURES);
        let mut hits = vec![];
        for it in near {
            let stored = self.fetch(it.item.0)?;
            hits.extend(stored.and_then(|stored| self.hit(stored.feature, it.distance_m)));
        }
        Ok(IdentifyAnswer { hits, missing_or_old: self.missing_or_old(now) })
    }

    /// Datasets with no answer, or with an old one.
    pub fn missing_or_old(&self, now: Timestamp) -> Vec<DatasetId> {
        self.catalog
            .datasets
            .iter()
            .filter(|it| it.is_locked(now) || it.is_old(now))
            .map(|it| it.dataset.id.clone())
            .collect()
    }

    pub(crate) fn hit(&self, feature: Feature, distance_m: f64) -> Option<Hit> {
        let local = self.catalog.find(&feature.dataset)?;
        Some(Hit {
            label: local.dataset.label(&feature),
            kind: local.dataset.singular.clone(),
            role: local.dataset.role,
            distance_m,
            publisher: local.dataset.publisher.clone(),
            data_date: local.data_date.clone(),
            feature,
        })
    }

    /// A feature of a dataset, when the dataset may answer at the moment.
    ///
    /// # Errors
    ///
    /// [`AppError::FeatureNotFound`] also for one whose lease has ended.
    pub fn feature(&self, id: FeatureId, now: Timestamp) -> Result<Feature, AppError> {
        let stored = self.store.feature(id)?.ok_or(AppError::FeatureNotFound { id })?;
        let local = self.catalog.find(&stored.feature.dataset);
        if local.is_some_and(|it| it.is_locked(now)) {
            return Err(AppError::FeatureNotFound { id });
        }
        Ok(stored.feature)
    }
}
