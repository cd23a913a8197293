//! What is looked at between the rows of a delivery, as its dataset declares it: see [`CheckRule`].

use std::collections::{BTreeMap, HashMap, HashSet};

use faltkarta_geo::{Bounds, Geometry};
use faltkarta_model::{CheckRule, Dataset, DatasetId, Feature, FeatureId, FieldId, Value};
use faltkarta_spatial::{CoverageFault, CoverageRules, coverage_problems, loose_ends};

use crate::backend::{FeatureFilter, GeodataStore};
use crate::error::StoreError;

/// Shapes of one dataset of one file that are held for comparison; beyond it nothing is compared, and that is told.
const MAX_SHAPE_BYTES: usize = 256 << 20;

/// Faults that keep their shapes for the map; the others keep their place.
const MAX_KEPT_SHAPES: usize = 1_000;

/// A fault between rows.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Stable code.
    pub(crate) code: &'static str,
    /// The facts: what the other row is called, and how much.
    pub(crate) text: String,
    /// The row that has it.
    pub(crate) row: SeenRow,
    /// A place of it, easting and northing in metres on the store's grid.
    pub(crate) at_m: Option<(f64, f64)>,
    /// The row's shape.
    pub(crate) shape: Option<Geometry>,
}

/// A row as far as it is told.
#[derive(Debug, Clone)]
pub(crate) struct SeenRow {
    pub(crate) no: u64,
    pub(crate) feature: FeatureId,
    pub(crate) label: String,
    /// Its middle, easting and northing in metres on the store's grid.
    at_m: Option<(f64, f64)>,
}

/// The values of fields that rows of other datasets name, by dataset and field.
pub(crate) type Named = BTreeMap<(DatasetId, FieldId), HashSet<String>>;

/// The datasets whose values the rules of others name.
pub(crate) fn named_by<'a>(
    datasets: impl IntoIterator<Item = &'a Dataset>,
) -> impl Iterator<Item = (DatasetId, FieldId)> {
    datasets.into_iter().flat_map(|it| &it.checks).filter_map(|rule| match rule {
        CheckRule::Reference { dataset, to, .. } => Some((dataset.clone(), to.clone())),
        _ => None,
    })
}

/// The values that the store holds of a field, as other rows name them.
pub(crate) fn held_values(
    store: &dyn GeodataStore,
    dataset: &DatasetId,
    field: &FieldId,
) -> Result<HashSet<String>, StoreError> {
    let mut values = HashSet::new();
    store.for_each_feature(
        &FeatureFilter { dataset: dataset.clone(), bounds: None },
        &mut |feature| {
            let value = feature.value(field.as_str());
            if !value.is_null() {
                values.insert(value.to_string());
            }
            Ok(())
        },
    )?;
    Ok(values)
}

/// Gathers the rows of one dataset of one file, and looks between them at the end.
pub(crate) struct Checker<'a> {
    dataset: &'a Dataset,
    /// Rows with a shape that some rule compares.
    rows: Vec<SeenRow>,
    shapes: Vec<Geometry>,
    /// For each rule the positions of the rows that it speaks of.
    of_rule: Vec<Vec<usize>>,
    n_bytes: usize,
    /// For each rule, by the values of its fields, the first row and whether it was told already.
    keys: Vec<HashMap<String, (SeenRow, bool)>>,
    found: Vec<Found>,
}

impl<'a> Checker<'a> {
    pub(crate) fn new(dataset: &'a Dataset) -> Self {
        let n = dataset.checks.len();
        Self {
            dataset,
            rows: vec![],
            shapes: vec![],
            of_rule: vec![vec![]; n],
            n_bytes: 0,
            keys: vec![HashMap::new(); n],
            found: vec![],
        }
    }

    /// Looks at a row. `named` has the values of other datasets, as far as any are held.
    pub(crate) fn see(&mut self, no: u64, feature: &Feature, named: &Named) {
        if self.dataset.checks.is_empty() {
            return;
        }
        let middle = feature.geometry.as_ref().and_then(Geometry::bounds).map(Bounds::middle);
        let label = self.dataset.label(feature);
        let row = SeenRow { no, feature: feature.id, label, at_m: middle };
        let mut is_compared = false;
        for (nth, rule) in self.dataset.checks.iter().enumerate() {
            if !rule.takes(feature) {
                continue;
            }
            match rule {
                CheckRule::Coverage { .. } | CheckRule::Ends { .. } => {
                    if self.holds_shape(feature, &row, &mut is_compared) {
                        self.of_rule[nth].push(self.rows.len() - 1);
                    }
                }
                CheckRule::Duplicate { fields, .. } => self.see_key(nth, fields, feature, &row),
                CheckRule::Reference { field, dataset, to, .. } => {
                    let value = feature.value(field.as_str());
                    let held = named.get(&(dataset.clone(), to.clone()));
                    // Without a single row of the other dataset nothing can be said.
                    let is_orphan = !value.is_null()
                        && held
                            .is_some_and(|it| !it.is_empty() && !it.contains(&value.to_string()));
                    if is_orphan {
                        let text = format!("{field} {value}");
                        self.tell(
                            "orphan_reference",
                            text,
                            row.clone(),
                            None,
                            feature.geometry.clone(),
                        );
                    }
                }
            }
        }
    }

    /// Keeps the shape of a row once, for all rules that compare shapes.
    fn holds_shape(&mut self, feature: &Feature, row: &SeenRow, is_held: &mut bool) -> bool {
        let Some(shape) = &feature.geometry else { return false };
        if !*is_held {
            self.n_bytes += shape.wkb().len();
            if self.n_bytes > MAX_SHAPE_BYTES {
                return false;
            }
            self.rows.push(row.clone());
            self.shapes.push(shape.clone());
            *is_held = true;
        }
        true
    }

    fn see_key(&mut self, nth: usize, fields: &[FieldId], feature: &Feature, row: &SeenRow) {
        let values: Vec<&Value> = fields.iter().map(|it| feature.value(it.as_str())).collect();
        if values.iter().all(|it| it.is_null()) {
            return;
        }
        let key = values.iter().map(ToString::to_string).collect::<Vec<_>>().join("\u{1f}");
        match self.keys[nth].get_mut(&key) {
            None => {
                self.keys[nth].insert(key, (row.clone(), false));
            }
            Some((first, is_told)) => {
                let first = first.clone();
                if !std::mem::replace(is_told, true) {
                    self.tell("duplicate", row.label.clone(), first.clone(), None, None);
                }
                self.tell("duplicate", first.label, row.clone(), None, feature.geometry.clone());
            }
        }
    }

    fn tell(
        &mut self,
        code: &'static str,
        text: String,
        row: SeenRow,
        at_m: Option<(f64, f64)>,
        shape: Option<Geometry>,
    ) {
        let shape = shape.filter(|_| self.found.len() < MAX_KEPT_SHAPES);
        self.found.push(Found { code, text, at_m: at_m.or(row.at_m), row, shape });
    }

    /// Everything that was found, in the order of the rows, and whether there was too much to compare.
    pub(crate) fn finish(mut self) -> (Vec<Found>, bool) {
        let is_too_much = self.n_bytes > MAX_SHAPE_BYTES;
        for (nth, rule) in self.dataset.checks.iter().enumerate() {
            let of_rule = std::mem::take(&mut self.of_rule[nth]);
            if is_too_much || of_rule.is_empty() {
                continue;
            }
            let shapes: Vec<&Geometry> = of_rule.iter().map(|it| &self.shapes[*it]).collect();
            let mut between = vec![];
            match rule {
                CheckRule::Coverage { overlap_wider_than_m, gap_up_to_m, .. } => {
                    let rules = CoverageRules {
                        overlap_wider_than_m: *overlap_wider_than_m,
                        gap_up_to_m: *gap_up_to_m,
                    };
                    for it in coverage_problems(&shapes, rules) {
                        let (code, much) = match it.fault {
                            CoverageFault::Overlap { area_m2 } => {
                                ("overlap", format!("{area_m2:.2} m²"))
                            }
                            CoverageFault::Gap { width_m } => ("gap", format!("{width_m:.3} m")),
                        };
                        let pair = (of_rule[it.between.0], of_rule[it.between.1]);
                        between.push((code, much, pair, it.at_m));
                    }
                }
                CheckRule::Ends { joined_within_m, near_m } => {
                    for it in loose_ends(&shapes, *joined_within_m, *near_m) {
                        let much = format!("{:.2} m", it.gap_m);
                        let pair = (of_rule[it.line], of_rule[it.near]);
                        between.push(("loose_end", much, pair, it.at_m));
                    }
                }
                CheckRule::Duplicate { .. } | CheckRule::Reference { .. } => {}
            }
            for (code, much, pair, at_m) in between {
                self.tell_between(code, &much, pair, at_m);
            }
        }
        self.found.sort_by_key(|it| it.row.no);
        (self.found, is_too_much)
    }

    /// Tells a fault of two rows on the first of them.
    fn tell_between(
        &mut self,
        code: &'static str,
        much: &str,
        (one, other): (usize, usize),
        at_m: (f64, f64),
    ) {
        let text = format!("{}, {much}", self.rows[other].label);
        let (row, shape) = (self.rows[one].clone(), self.shapes[one].clone());
        self.tell(code, text, row, Some(at_m), Some(shape));
    }
}
