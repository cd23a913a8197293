use std::collections::BTreeMap;

use serde::Deserialize;

use crate::checking::is_among;
use crate::dataset::Title;
use crate::feature::Feature;
use crate::id::FieldId;
use crate::value::Value;

/// Values of fields that rows are told by: each field has one of its values.
pub type OneOf = BTreeMap<FieldId, Vec<String>>;

/// What rows of a dataset are in a network of pipes. A dataset has a rule for each network and kind.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkRule {
    /// Which network: `water`, `sewer`, `storm`. Rules of several datasets make up one.
    pub net: String,
    /// What the rows are in it.
    pub kind: NetworkKind,
    /// Only rows where each of these fields has one of the values.
    #[serde(default)]
    pub only: OneOf,
    /// Rows with one of these values are out of use, and not there.
    #[serde(default)]
    pub out_of_use: OneOf,
    /// Ends and fittings no farther apart than this are joined, in metres; the widest of a network's rules counts.
    #[serde(default = "tolerance_m")]
    pub tolerance_m: f64,
    /// A loose end no farther from a pipe than this is told as a gap, in metres.
    #[serde(default = "gap_m")]
    pub gap_m: f64,
    /// Of pipes: the field with their name. Of fittings: the field with the name of the pipe that they stand on.
    #[serde(default)]
    pub pipe_name: Option<FieldId>,
    /// Of pipes: the field with the diameter in millimetres.
    #[serde(default)]
    pub bore_mm: Option<FieldId>,
    /// Of pipes: which way their content runs.
    #[serde(default)]
    pub flow: PipeFlow,
    /// Of gravity pipes: the fields with the height of the invert in metres at the first and the last point.
    #[serde(default)]
    pub levels: Option<[FieldId; 2]>,
    /// Of valves: closed now.
    #[serde(default)]
    pub closed: OneOf,
    /// Of valves: closed in normal operation.
    #[serde(default)]
    pub normally_closed: OneOf,
    /// Of valves: known to work.
    #[serde(default)]
    pub works: OneOf,
    /// Of valves: known not to work. One that is neither is of unknown function.
    #[serde(default)]
    pub stuck: OneOf,
    /// Of valves: the field with the day of the last exercise.
    #[serde(default)]
    pub exercised: Option<FieldId>,
    /// Of valves: what to know when closing it, as a template.
    #[serde(default)]
    pub how: String,
    /// Of connections: an address no farther away than this is taken where the property has none, in metres; 0 takes none.
    #[serde(default)]
    pub address_within_m: f64,
}

/// What a row is in a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkKind {
    /// A pipe of a street.
    Main,
    /// A pipe to one property.
    Service,
    /// A valve.
    Valve,
    /// A hydrant.
    Hydrant,
    /// From here comes water.
    Source,
    /// A pump or pressure booster.
    Pump,
    /// Where a property is connected.
    Connection,
    /// A meter.
    Meter,
    /// A manhole or chamber.
    Manhole,
}

/// Which way the content of pipes runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PipeFlow {
    /// Under pressure, both ways.
    #[default]
    Both,
    /// Under pressure, the way that the line was drawn.
    AsDrawn,
    /// By its own fall, the way that the line was drawn.
    Gravity,
}

/// Customers who must be told before others when the water goes: a class of buildings, never a name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SensitiveRule {
    /// The class: `care`, `school`, `food`.
    pub class: String,
    /// What it is called.
    pub title: Title,
    /// Place among the classes, low first.
    pub order: i32,
    /// Only rows where each of these fields has one of the values.
    pub only: OneOf,
}

fn tolerance_m() -> f64 {
    0.05
}

fn gap_m() -> f64 {
    0.5
}

impl NetworkRule {
    /// The fields that it names outside templates.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &FieldId> {
        let told = [
            &self.only,
            &self.out_of_use,
            &self.closed,
            &self.normally_closed,
            &self.works,
            &self.stuck,
        ];
        told.into_iter()
            .flat_map(BTreeMap::keys)
            .chain(&self.pipe_name)
            .chain(&self.bore_mm)
            .chain(&self.exercised)
            .chain(self.levels.iter().flatten())
    }

    /// Whether a row is one that the rule speaks of.
    pub fn takes(&self, feature: &Feature) -> bool {
        is_among(&self.only, feature)
    }

    /// Whether a row has one of some values; never when none are named.
    pub fn says(told: &OneOf, feature: &Feature) -> bool {
        !told.is_empty() && is_among(told, feature)
    }

    /// A row's value of a field that the rule may name.
    pub fn value<'a>(field: Option<&FieldId>, feature: &'a Feature) -> &'a Value {
        static NULL: Value = Value::Null;
        field.and_then(|it| feature.properties.get(it)).unwrap_or(&NULL)
    }
}

impl SensitiveRule {
    /// Whether a row is one that the rule speaks of.
    pub fn takes(&self, feature: &Feature) -> bool {
        is_among(&self.only, feature)
    }
}
