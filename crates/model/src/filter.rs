use serde::{Deserialize, Serialize};

use crate::dataset::Title;
use crate::feature::Feature;
use crate::id::FieldId;

/// A choice of rows that a person may make on the map, declared with the dataset.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterRule {
    /// Names the filter within its dataset: `exercised_before`.
    pub id: String,
    /// What it is called: "Motionerad före".
    pub title: Title,
    /// How it chooses.
    pub kind: FilterKind,
    /// The field that it looks at.
    pub field: FieldId,
    /// The field with the person's name, for [`FilterKind::MineToday`].
    #[serde(default)]
    pub by: Option<FieldId>,
    /// What is chosen before the person changes it: "2020".
    #[serde(default)]
    pub preset: String,
    /// Rows without a value are shown, too: a valve that was never exercised.
    #[serde(default)]
    pub takes_missing: bool,
}

/// How a filter chooses rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterKind {
    /// A date before the first day of a year.
    BeforeYear,
    /// One of the field's declared values.
    OneOf,
    /// A moment today, by the person who works here.
    MineToday,
}

/// A filter that a person has put on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenFilter {
    /// The filter.
    pub rule: FilterRule,
    /// The year, the code, or the moment that today began, RFC 3339 in UTC.
    pub value: String,
    /// Who works here.
    pub user: String,
}

impl FilterRule {
    /// The fields that it looks at.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &FieldId> {
        std::iter::once(&self.field).chain(&self.by)
    }
}

impl ChosenFilter {
    /// Whether a row is shown.
    pub fn takes(&self, feature: &Feature) -> bool {
        let text = |field: &FieldId| feature.value(field.as_str()).to_string();
        let value = text(&self.rule.field);
        if value.is_empty() {
            return self.rule.takes_missing;
        }
        match self.rule.kind {
            // Dates and moments are written so that their order is that of their texts.
            FilterKind::BeforeYear => value < self.value,
            FilterKind::OneOf => value == self.value,
            FilterKind::MineToday => {
                let by = self.rule.by.as_ref().map(text);
                value >= self.value && by.is_none_or(|it| it == self.user)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Dataset;
    use crate::id::FeatureId;
    use crate::value::Value;

    fn chosen(dataset: &str, filter: &str, value: &str) -> ChosenFilter {
        let dataset = Dataset::parse(dataset).unwrap();
        let rule = dataset.filters.into_iter().find(|it| it.id == filter).unwrap();
        ChosenFilter { rule, value: value.to_owned(), user: "Klara".to_owned() }
    }

    fn row(values: &[(&str, &str)]) -> Feature {
        let dataset = crate::id::DatasetId::parse("valve").unwrap();
        Feature {
            id: FeatureId::of_delivered(&dataset, "1"),
            dataset,
            version: 1,
            geometry: None,
            properties: values
                .iter()
                .map(|(field, it)| (FieldId::parse(field).unwrap(), Value::Text((*it).into())))
                .collect(),
        }
    }

    #[test]
    fn valves_exercised_before_a_year_are_shown_and_those_that_never_were() {
        let filter =
            chosen(include_str!("../../../data/datasets/valve.toml"), "exercised_before", "2020");
        assert!(filter.takes(&row(&[("senast_motionerad", "2019-12-31")])));
        assert!(!filter.takes(&row(&[("senast_motionerad", "2020-01-01")])));
        assert!(filter.takes(&row(&[])));
    }

    #[test]
    fn a_hydrant_without_a_state_is_not_out_of_order() {
        let filter =
            chosen(include_str!("../../../data/datasets/hydrant.toml"), "status", "ur funktion");
        assert!(filter.takes(&row(&[("status", "ur funktion")])));
        assert!(!filter.takes(&row(&[("status", "i drift")])));
        assert!(!filter.takes(&row(&[])));
    }

    #[test]
    fn of_todays_inspections_only_ones_own_are_shown() {
        let filter = chosen(
            include_str!("../../../data/datasets/inspection.toml"),
            "mine_today",
            "2026-05-18T22:00:00.000Z",
        );
        let done = |at, by| row(&[("completed_at", at), ("performed_by", by)]);
        assert!(filter.takes(&done("2026-05-19T06:00:00.000Z", "Klara")));
        assert!(!filter.takes(&done("2026-05-18T21:59:59.000Z", "Klara")));
        assert!(!filter.takes(&done("2026-05-19T06:00:00.000Z", "Nils")));
    }

    #[test]
    fn a_filter_on_a_field_that_tiles_do_not_carry_is_refused() {
        let text = include_str!("../../../data/datasets/valve.toml");
        let text = text.replace("field = \"senast_motionerad\"", "field = \"fabrikat\"");
        let error = Dataset::parse(&text).unwrap_err();
        assert!(error.to_string().contains("fabrikat"), "{error}");
    }
}
