use std::collections::BTreeMap;

use serde::Deserialize;

use crate::feature::Feature;
use crate::id::{DatasetId, FieldId};

/// What is looked at between the rows of a delivery when it comes in. A row that fails is taken and flagged.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CheckRule {
    /// Polygons tile the ground: `overlap` and `gap`.
    Coverage {
        /// Only rows where each of these fields has one of the values.
        #[serde(default)]
        only: BTreeMap<FieldId, Vec<String>>,
        /// Overlaps wider than this many metres are told; none when left out.
        #[serde(default)]
        overlap_wider_than_m: Option<f64>,
        /// Gaps up to this many metres are told; none when left out.
        #[serde(default)]
        gap_up_to_m: Option<f64>,
    },
    /// Rows with the same values in these fields: `duplicate`. Rows where all are empty are passed over.
    Duplicate {
        /// The fields.
        fields: Vec<FieldId>,
        /// Only rows where each of these fields has one of the values.
        #[serde(default)]
        only: BTreeMap<FieldId, Vec<String>>,
    },
    /// A field that names a row of another dataset: `orphan_reference`.
    Reference {
        /// The field.
        field: FieldId,
        /// The other dataset.
        dataset: DatasetId,
        /// The other dataset's field that is named.
        to: FieldId,
        /// Only rows where each of these fields has one of the values.
        #[serde(default)]
        only: BTreeMap<FieldId, Vec<String>>,
    },
    /// Ends of lines that stop short of another line of the dataset: `loose_end`.
    Ends {
        /// Up to this many metres two lines are joined.
        joined_within_m: f64,
        /// Up to this many metres an end was meant to be joined.
        near_m: f64,
    },
}

impl CheckRule {
    /// Whether a row is one that the rule speaks of.
    pub fn takes(&self, feature: &Feature) -> bool {
        match self {
            Self::Coverage { only, .. }
            | Self::Duplicate { only, .. }
            | Self::Reference { only, .. } => is_among(only, feature),
            Self::Ends { .. } => true,
        }
    }

    /// The dataset's own fields that the rule names.
    pub(crate) fn fields(&self) -> Vec<&FieldId> {
        match self {
            Self::Coverage { only, .. } => only.keys().collect(),
            Self::Duplicate { fields, only } => fields.iter().chain(only.keys()).collect(),
            Self::Reference { field, only, .. } => only.keys().chain([field]).collect(),
            Self::Ends { .. } => vec![],
        }
    }
}

/// Whether each of the fields has one of its values in a feature.
pub(crate) fn is_among(only: &BTreeMap<FieldId, Vec<String>>, feature: &Feature) -> bool {
    only.iter().all(|(field, values)| {
        let value = feature.value(field.as_str()).to_string();
        values.contains(&value)
    })
}
