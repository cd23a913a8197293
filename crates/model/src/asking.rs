use std::collections::BTreeMap;

use serde::Deserialize;

use crate::dataset::Title;
use crate::feature::Feature;
use crate::id::{DatasetId, FieldId};

/// What a dataset says when somebody asks what applies at a place.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppliesRule {
    /// What it is about: "Strandskydd". Datasets with one subject answer it together.
    pub subject: Title,
    /// The field whose values are subjects of their own, each by its title; the others fall under `subject`.
    #[serde(default)]
    pub subject_by: Option<FieldId>,
    /// Only rows where each of these fields has one of the values; a plan that was repealed applies no more.
    #[serde(default)]
    pub only: BTreeMap<FieldId, Vec<String>>,
    /// Zones that lie no farther away than this many metres are told as near; 0 for only what touches.
    #[serde(default)]
    pub near_m: f64,
    /// Lines under the name, as templates with `{field}`; one that stays empty is left out.
    #[serde(default)]
    pub lines: Vec<Title>,
    /// Which rules the data follow: "reglerna från 1 juli 2025".
    #[serde(default)]
    pub legal_version: Title,
    /// Since when those rules are in force, `2025-07-01`: what is older cannot say that nothing applies.
    #[serde(default)]
    pub legal_from: Option<String>,
    /// Whose parts its rows are: provisions of a plan.
    #[serde(default)]
    pub part_of: Option<PartOf>,
    /// Distances that somebody has to keep.
    #[serde(default, rename = "distance")]
    pub distances: Vec<DistanceRule>,
}

/// How rows name the rows of another dataset that they are parts of: a field of the same name in both.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartOf {
    /// The other dataset.
    pub dataset: DatasetId,
    /// The field.
    pub field: FieldId,
}

/// A distance that something has to keep from the things of a dataset.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistanceRule {
    /// The rule in words: "Energibrunn: minst 30 m".
    pub text: Title,
    /// Metres.
    pub within_m: f64,
    /// Who set the rule, and whom to ask.
    pub source: String,
    /// Only in these municipalities; everywhere when empty.
    #[serde(default)]
    pub municipalities: Vec<String>,
}

/// What a dataset says when somebody asks who is responsible at a place.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DutyRule {
    /// The duty: `road`, `light`, `water`. Rules of several datasets may answer one.
    pub id: String,
    /// What it is called: "Väghållare".
    pub title: Title,
    /// Place among the duties, low first.
    pub order: i32,
    /// Metres within which a row speaks for a place; 0 for areas that the place lies in.
    #[serde(default)]
    pub within_m: f64,
    /// Only rows where each of these fields has one of the values.
    #[serde(default)]
    pub only: BTreeMap<FieldId, Vec<String>>,
    /// Template of what names the one who is responsible: `{keeper}`. An empty one is unknown, and never guessed.
    pub key: String,
}

impl AppliesRule {
    /// The fields that it names outside templates.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &FieldId> {
        let part_of = self.part_of.iter().map(|it| &it.field);
        self.only.keys().chain(&self.subject_by).chain(part_of)
    }

    /// Whether a row is one that the rule speaks of.
    pub fn takes(&self, feature: &Feature) -> bool {
        has_all(&self.only, feature)
    }

    /// How far away a zone may lie to be told.
    pub fn reach_m(&self) -> f64 {
        self.distances.iter().map(|it| it.within_m).fold(self.near_m, f64::max)
    }
}

impl DutyRule {
    /// The fields that it names outside templates.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &FieldId> {
        self.only.keys()
    }

    /// Whether a row is one that the rule speaks of.
    pub fn takes(&self, feature: &Feature) -> bool {
        has_all(&self.only, feature)
    }
}

pub(crate) fn has_all(only: &BTreeMap<FieldId, Vec<String>>, feature: &Feature) -> bool {
    only.iter().all(|(field, values)| {
        let value = feature.value(field.as_str()).to_string();
        values.contains(&value)
    })
}
