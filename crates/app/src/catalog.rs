use std::collections::HashMap;

use faltkarta_model::{
    Dataset, DatasetId, Feature, FormDeclaration, Packaging, Role, Timestamp, Title,
};
use faltkarta_search::{PlaceEntry, PlaceKind};
use faltkarta_store::{DatasetRow, FormRow};

use crate::error::AppError;

/// A dataset on this laptop: its declaration, and what came with the package.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalDataset {
    /// Number in the package.
    pub no: u16,
    /// Revision of the declaration.
    pub revision: u32,
    /// The declaration.
    pub dataset: Dataset,
    /// Date of the data, `2026-05-12`.
    pub data_date: Option<String>,
    /// When the laptop must have renewed it.
    pub lease_until: Option<Timestamp>,
    /// How many features the base holds.
    pub n_features: u32,
}

impl LocalDataset {
    /// Age of the data in days at a moment.
    pub fn age_days(&self, now: Timestamp) -> Option<u32> {
        let date = self.data_date.as_deref()?.get(..10)?;
        let since = Timestamp::parse(&format!("{date}T00:00:00Z")).ok()?;
        u32::try_from((now.unix_ms() - since.unix_ms()) / 86_400_000).ok()
    }

    /// Whether the data are older than their limit, or of unknown age where there is a limit.
    pub fn is_old(&self, now: Timestamp) -> bool {
        match (self.dataset.max_age_days, self.age_days(now)) {
            (Some(limit), Some(age)) => age > limit,
            (Some(_), None) => self.n_features > 0,
            (None, _) => false,
        }
    }

    /// Whether its lease has ended, so that it does not answer.
    pub fn is_locked(&self, now: Timestamp) -> bool {
        self.lease_until.is_some_and(|until| until < now)
    }

    /// Whether its features are made in the field, so that none of them yet is no sign of a missing delivery.
    pub fn is_made_here(&self) -> bool {
        self.dataset.sources.is_empty()
    }

    /// How a feature is found by the search box; `None` when its dataset is not searched.
    pub fn place_entry(&self, feature: &Feature) -> Option<PlaceEntry> {
        let rule = self.dataset.search.as_ref()?;
        let texts: Vec<String> = rule
            .texts
            .iter()
            .map(|it| self.dataset.fill(it, feature))
            .filter(|it| !it.is_empty())
            .collect();
        let middle = feature.geometry.as_ref().and_then(faltkarta_geo::Geometry::bounds);
        Some(PlaceEntry {
            kind: PlaceKind::parse(&rule.kind)?,
            dataset_no: self.no,
            feature: feature.id,
            label: texts.first()?.clone(),
            texts,
            detail: self.dataset.fill(&rule.detail, feature),
            municipality: self.municipality(feature),
            position: middle.map(faltkarta_geo::Bounds::middle),
        })
    }

    /// Name of the municipality that a feature says it lies in, or empty.
    pub fn municipality(&self, feature: &Feature) -> String {
        let field = self.dataset.search.as_ref().and_then(|it| it.municipality.as_ref());
        field.map(|it| self.dataset.fill(&format!("{{{it}}}"), feature)).unwrap_or_default()
    }
}

/// A form on this laptop.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalForm {
    /// The declaration.
    pub declaration: FormDeclaration,
    /// The XForm.
    pub xml: String,
}

/// The datasets and forms of one generation.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) datasets: Vec<LocalDataset>,
    pub(crate) forms: Vec<LocalForm>,
    by_id: HashMap<DatasetId, usize>,
}

impl Catalog {
    pub(crate) fn parse(datasets: Vec<DatasetRow>, forms: Vec<FormRow>) -> Result<Self, AppError> {
        let mut catalog = Self::default();
        for row in datasets {
            let dataset = Dataset::parse(&row.declaration).map_err(AppError::damaged)?;
            let at = catalog.datasets.len();
            catalog.by_id.insert(row.id, at);
            let lease_until = row.lease_until.as_deref().map(Timestamp::parse).transpose();
            catalog.datasets.push(LocalDataset {
                no: row.no,
                revision: row.revision,
                dataset,
                data_date: row.data_date,
                lease_until: lease_until.map_err(AppError::damaged)?,
                n_features: row.n_features,
            });
        }
        for row in forms {
            let declaration =
                FormDeclaration::parse(&row.declaration).map_err(AppError::damaged)?;
            catalog.forms.push(LocalForm { declaration, xml: row.xml });
        }
        Ok(catalog)
    }

    /// Datasets that come as features, and not in the base map only.
    pub(crate) fn fetched(&self) -> Vec<DatasetId> {
        let is_fetched = |it: &&LocalDataset| it.dataset.packaging != Packaging::BaseMap;
        self.datasets.iter().filter(is_fetched).map(|it| it.dataset.id.clone()).collect()
    }

    pub(crate) fn place_of(&self, id: &DatasetId) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn find(&self, id: &DatasetId) -> Option<&LocalDataset> {
        self.place_of(id).map(|at| &self.datasets[at])
    }

    pub(crate) fn dataset(&self, id: &DatasetId) -> Result<&LocalDataset, AppError> {
        self.find(id).ok_or_else(|| AppError::DatasetNotFound { dataset: id.clone() })
    }

    pub(crate) fn form(&self, id: &str) -> Result<&LocalForm, AppError> {
        self.forms
            .iter()
            .find(|it| it.declaration.id == id)
            .ok_or_else(|| AppError::FormNotFound { form: id.to_owned() })
    }

    /// Ids of the forms that may be filled on things of a role.
    pub(crate) fn forms_on(&self, role: Role) -> Vec<String> {
        let fits = |it: &&LocalForm| it.declaration.subject_roles.contains(&role);
        self.forms.iter().filter(fits).map(|it| it.declaration.id.clone()).collect()
    }

    /// How a feature is called, also one whose dataset is not here.
    pub(crate) fn label(&self, feature: &Feature) -> String {
        self.find(&feature.dataset)
            .map_or_else(|| feature.dataset.to_string(), |it| it.dataset.label(feature))
    }
}

/// A title for a dataset that is not here.
pub(crate) fn plain_title(text: &str) -> Title {
    Title { sv: text.to_owned(), en: text.to_owned() }
}
