use std::collections::HashMap;

use faltkarta_geo::Bounds;
use faltkarta_model::{Feature, SearchRule, Value};
use faltkarta_search::{PlaceEntry, PlaceIndexBuilder, PlaceKind};

use crate::backend::DatasetRow;

/// The entries of the search index that a dataset's search rule asks for.
pub(super) struct Places<'a> {
    row: &'a DatasetRow,
    rule: Option<(&'a SearchRule, PlaceKind)>,
    entries: Vec<PlaceEntry>,
    // A property of several areas is found once, at its largest: label and municipality to entry and size.
    parcels: HashMap<(String, String), (usize, f64)>,
}

impl<'a> Places<'a> {
    pub(super) fn new(row: &'a DatasetRow) -> Self {
        let rule = row.dataset.search.as_ref();
        let rule = rule.and_then(|it| Some((it, PlaceKind::parse(&it.kind)?)));
        Self { row, rule, entries: vec![], parcels: HashMap::new() }
    }

    pub(super) fn are_wanted(&self) -> bool {
        self.rule.is_some()
    }

    pub(super) fn see(&mut self, feature: &Feature, bounds: Option<Bounds>) {
        let Some((rule, kind)) = self.rule else { return };
        let dataset = &self.row.dataset;
        let mut texts: Vec<String> =
            rule.texts.iter().map(|it| dataset.fill(it, feature)).collect();
        texts.retain(|it| !it.is_empty());
        if texts.is_empty() {
            return;
        }
        let municipality =
            rule.municipality.as_ref().map_or_else(String::new, |field| {
                match feature.value(field.as_str()) {
                    Value::Text(code) => dataset
                        .field(field.as_str())
                        .and_then(|it| it.values.get(code))
                        .map_or_else(|| code.clone(), |it| it.sv.clone()),
                    other => other.to_string(),
                }
            });
        let entry = PlaceEntry {
            kind,
            dataset_no: self.row.no,
            feature: feature.id,
            texts,
            label: dataset.label(feature),
            detail: dataset.fill(&rule.detail, feature),
            municipality,
            position: bounds.map(Bounds::middle),
        };
        if kind == PlaceKind::Parcel {
            let size =
                bounds.map_or(0.0, |it| (it.max_e_m - it.min_e_m) * (it.max_n_m - it.min_n_m));
            let key = (entry.label.clone(), entry.municipality.clone());
            if let Some((at, largest)) = self.parcels.get_mut(&key) {
                if size > *largest {
                    *largest = size;
                    self.entries[*at] = entry;
                }
                return;
            }
            self.parcels.insert(key, (self.entries.len(), size));
        }
        self.entries.push(entry);
    }

    pub(super) fn add_to(self, builder: &mut PlaceIndexBuilder) {
        for entry in &self.entries {
            builder.add(entry);
        }
    }
}
