use std::collections::BTreeMap;

use faltkarta_geo::GeometryKind;
use serde::{Deserialize, Serialize};

use crate::asking::{AppliesRule, DutyRule};
use crate::checking::CheckRule;
use crate::feature::Feature;
use crate::filter::FilterRule;
use crate::id::{DatasetId, FieldId};
use crate::network::{NetworkRule, SensitiveRule};
use crate::value::Value;

/// A text in the two languages of the interface.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    /// Swedish.
    pub sv: String,
    /// English.
    pub en: String,
}

/// A delivery schema that a supplier has replaced.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutgoingSchema {
    /// Its edition: "2021.10".
    pub edition: String,
    /// The edition to ask for.
    pub instead: String,
    /// Tables that only it has.
    pub tables: Vec<String>,
}

/// One dataset as `data/datasets/ID.toml` declares it. Import, store, tiles, card, search and export follow from it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dataset {
    /// Names the dataset for ever.
    pub id: DatasetId,
    /// What it is called, in plural: "Fastigheter".
    pub title: Title,
    /// What one feature is called: "Fastighet".
    pub singular: Title,
    /// Who answers for it.
    pub owner: Owner,
    /// The publisher, as the source line names it: "Lantmäteriet".
    pub publisher: String,
    /// Terms of use: "CC0", "CC BY 4.0", "intern".
    pub licence: String,
    /// Who may have it.
    pub class: Class,
    /// What it is for in the app.
    pub role: Role,
    /// The shapes that are expected.
    pub geometry: GeometryType,
    /// Accuracy of positions in words, for the source line: "gräns ± 0,1 m".
    #[serde(default)]
    pub accuracy: String,
    /// The figure in those words, in metres: how many decimals a measure to it may show. `None` when they name none.
    #[serde(default)]
    pub accuracy_m: Option<f64>,
    /// The field with the height of each line in metres, RH 2000: contours. None for datasets that tell no heights.
    #[serde(default)]
    pub elevation: Option<FieldId>,
    /// Data older than this are shown as old.
    #[serde(default)]
    pub max_age_days: Option<u32>,
    /// How edits are taken.
    pub policy: Policy,
    /// Two shapes whose ordinates differ by no more than this many metres are the same for a merge.
    #[serde(default)]
    pub tolerance_m: f64,
    /// Where laptops get it from.
    #[serde(default)]
    pub packaging: Packaging,
    /// The fields, in the order of the card.
    #[serde(default, rename = "field")]
    pub fields: Vec<Field>,
    /// Template of the label, with `{field}` in braces: "{trakt} {etikett}". Parts with only nulls fall away.
    pub label: String,
    /// How features are found by the search box; none when they are not.
    #[serde(default)]
    pub search: Option<SearchRule>,
    /// What it says when somebody asks what applies at a place; none when it says nothing.
    #[serde(default)]
    pub applies: Option<AppliesRule>,
    /// What it says when somebody asks who is responsible at a place.
    #[serde(default, rename = "duty")]
    pub duties: Vec<DutyRule>,
    /// What is looked at between the rows of a delivery.
    #[serde(default, rename = "check")]
    pub checks: Vec<CheckRule>,
    /// What its rows are in networks of pipes.
    #[serde(default, rename = "network")]
    pub networks: Vec<NetworkRule>,
    /// Which of its rows stand for customers who must be told first.
    #[serde(default)]
    pub sensitive: Vec<SensitiveRule>,
    /// How it is drawn.
    #[serde(default)]
    pub map: MapStyle,
    /// Schemas of its supplier that are not read any more, so that whoever has an old file is told what to ask for.
    #[serde(default)]
    pub outgoing: Vec<OutgoingSchema>,
    /// Choices of rows that a person may make on the map.
    #[serde(default, rename = "filter")]
    pub filters: Vec<FilterRule>,
    /// The delivery schemas it is known to come in.
    #[serde(default, rename = "source")]
    pub sources: Vec<Source>,
}

/// Who answers for a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// BKT, BMB, or an authority.
    pub body: String,
    /// Unit or address to write to.
    pub contact: String,
}

/// Who may have a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Anybody; may lie in the installer.
    Open,
    /// Staff of both bodies.
    Internal,
    /// By role and area, with a lease.
    Protected,
}

/// What a dataset is for in the app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Areas of properties.
    Parcel,
    /// Address points.
    Address,
    /// Buildings.
    Building,
    /// Place names.
    Place,
    /// Roads and streets.
    Road,
    /// Land cover polygons, lakes among them.
    LandCover,
    /// Streams and shore lines.
    Watercourse,
    /// Railways.
    Railway,
    /// Water mains, raw water, service pipes for water.
    WaterPipe,
    /// Sewers: foul, combined, pressure.
    SewerPipe,
    /// Storm water pipes.
    StormPipe,
    /// Valves.
    Valve,
    /// Hydrants.
    Hydrant,
    /// Manholes and chambers.
    Manhole,
    /// Water sources of the network: reservoirs, works, pumping stations.
    WaterSource,
    /// Points where a property is connected.
    ServiceConnection,
    /// Detail plans.
    Plan,
    /// Provisions of detail plans.
    PlanProvision,
    /// Zones that restrict: shore, water protection, reserves, remains.
    RestrictionZone,
    /// Completed inspections.
    Inspection,
    /// Areas of municipalities.
    Municipality,
    /// Who answers for what, with telephone and service time; without a place.
    Contact,
    /// Areas in which somebody answers for something: lights, parks, streets.
    OperatingArea,
    /// Anything else.
    Other,
}

/// The shapes a dataset holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeometryType {
    /// Points only.
    Point,
    /// Lines only.
    Line,
    /// Polygons only.
    Polygon,
    /// Any shape.
    Any,
    /// No place at all.
    None,
}

impl GeometryType {
    /// Whether a shape is one of those expected.
    pub fn takes(self, kind: GeometryKind) -> bool {
        match self {
            Self::Point => kind == GeometryKind::Point,
            Self::Line => kind == GeometryKind::Line,
            Self::Polygon => kind == GeometryKind::Polygon,
            Self::Any => true,
            Self::None => false,
        }
    }
}

/// How edits from the field are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Merged at once.
    Direct,
    /// The coordinator decides.
    Proposal,
    /// Not edited in the field.
    ReadOnly,
}

/// Where laptops get a dataset from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Packaging {
    /// As features: identify, search, live tiles.
    #[default]
    Features,
    /// Drawn into the base map package only.
    BaseMap,
    /// Both.
    Both,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a line of its own in a declaration, and any of them goes with any other"
)]
pub struct Field {
    /// Names the field for ever.
    pub id: FieldId,
    /// What it is called on the card.
    pub title: Title,
    /// What its values are.
    #[serde(rename = "type")]
    pub field_type: FieldType,
    /// Unit shown behind the value: "mm".
    #[serde(default)]
    pub unit: String,
    /// Shown on the card.
    #[serde(default = "yes")]
    pub card: bool,
    /// Carried as an attribute in live tiles, because the style asks for it.
    #[serde(default)]
    pub tile: bool,
    /// Must have a value; a missing one is flagged, never refused.
    #[serde(default)]
    pub required: bool,
    /// Fields with the same group are judged together in a merge.
    /// Those of the group `geometry` are judged together with the geometry (its accuracy, say).
    #[serde(default)]
    pub group: Option<String>,
    /// The store computes it (a length, an area); what an operation says of it is not taken and never conflicts.
    #[serde(default)]
    pub derived: bool,
    /// No two features of the dataset should have the same value; two that do are shown as a conflict, both stand.
    #[serde(default)]
    pub unique: bool,
    /// For lists: codes that different people add and take away are merged code by code.
    #[serde(default)]
    pub merge_as_set: bool,
    /// The earlier field whose place this one takes, when its values are of another type: what an older program says
    /// of that one is converted.
    #[serde(default)]
    pub replaces: Option<FieldId>,
    /// Titles of codes; a code that is not listed is shown as it is and flagged at import.
    #[serde(default)]
    pub values: BTreeMap<String, Title>,
}

fn yes() -> bool {
    true
}

impl Field {
    /// A field with nothing declared but its kind of values, called by its own id: for tables that are made up.
    pub fn plain(id: FieldId, field_type: FieldType) -> Self {
        Self {
            title: Title { sv: id.to_string(), en: id.to_string() },
            id,
            field_type,
            unit: String::new(),
            card: true,
            tile: false,
            required: false,
            group: None,
            derived: false,
            unique: false,
            merge_as_set: false,
            replaces: None,
            values: BTreeMap::new(),
        }
    }

    /// A value in words: codes by their titles, lists joined by commas, all else as it is written. Empty for null.
    pub fn in_words(&self, value: &Value) -> Title {
        let code_title = |code: &str| {
            let plain = || Title { sv: code.to_owned(), en: code.to_owned() };
            self.values.get(code).cloned().unwrap_or_else(plain)
        };
        let Value::List(codes) = value else { return code_title(&value.to_string()) };
        let titles: Vec<Title> = codes.iter().map(|it| code_title(it)).collect();
        let joined =
            |part: fn(&Title) -> &str| titles.iter().map(part).collect::<Vec<_>>().join(", ");
        Title { sv: joined(|it| &it.sv), en: joined(|it| &it.en) }
    }
}

/// The kind of values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Free text or a code.
    Text,
    /// A whole number.
    Int,
    /// A decimal number.
    Real,
    /// Yes or no.
    Bool,
    /// `2026-05-19`.
    Date,
    /// RFC 3339.
    DateTime,
    /// Several codes.
    List,
}

/// How features are found by the search box.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchRule {
    /// The kind of hit: parcel, address, place, asset, case.
    pub kind: String,
    /// Templates of what a person types; the first is also the main text of the hit.
    pub texts: Vec<String>,
    /// Field with the municipality code or name, when there is one.
    #[serde(default)]
    pub municipality: Option<FieldId>,
    /// Template of the hit's second line.
    #[serde(default)]
    pub detail: String,
}

/// How a dataset is drawn; the palettes live in the interface.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapStyle {
    /// Group in the layer list: `work`, `va`, `plans`, `property`, `background`; empty when not listed.
    #[serde(default)]
    pub group: String,
    /// Least zoom (MapLibre's, 512 px tiles) at which live tiles hold it.
    #[serde(default)]
    pub min_zoom: f32,
    /// Whether it is shown before anybody chose.
    #[serde(default)]
    pub visible: bool,
    /// Place in drawing order, low first.
    #[serde(default)]
    pub order: i32,
}

/// One delivery schema that a dataset is known to come in.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Names the schema: `lm-fastighetsindelning-2025.02`.
    pub id: String,
    /// File kinds it comes in: `gpkg`, `geojson`, `shp`, `csv`.
    pub formats: Vec<String>,
    /// Table or layer name; `*` for any (files that hold one layer). Compared without case.
    pub table: String,
    /// Columns that must all be there for the schema to be recognised. Compared without case.
    pub columns: Vec<String>,
    /// Only rows where each of these columns has one of the values; others belong to another dataset.
    #[serde(default, rename = "where")]
    pub only: BTreeMap<String, Vec<String>>,
    /// Columns that together are the supplier's identity of a row.
    pub identity: Vec<String>,
    /// EPSG code that files of this schema use when they do not say.
    #[serde(default)]
    pub crs: Option<u32>,
    /// Where the geometry is: the geometry column (empty), `x,y` columns as `E,N`, or `plangeometri` for NGP.
    #[serde(default)]
    pub geometry: String,
    /// Fields of the dataset by the column they come from.
    #[serde(rename = "map")]
    pub fields: BTreeMap<FieldId, SourceField>,
}

/// Where the value of a field comes from.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum SourceField {
    /// A column as it is.
    Column(String),
    /// A column with replacements, or a template of several.
    Rule {
        /// The column.
        #[serde(default)]
        column: String,
        /// Template of columns in braces, when the value is put together.
        #[serde(default)]
        template: String,
        /// Replacements of values as delivered.
        #[serde(default)]
        replace: BTreeMap<String, String>,
        /// Values that mean "no value": `["0", ""]`.
        #[serde(default)]
        null: Vec<String>,
        /// Exceptions: the first that holds for a row takes the place of column and template.
        #[serde(default)]
        instead: Vec<Instead>,
        /// How the text is written.
        #[serde(default)]
        text: TextRule,
    },
}

/// How the text of a delivered value is written in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextRule {
    /// As delivered.
    #[default]
    AsIs,
    /// A name in capitals becomes words: `LINDESBERG` is `Lindesberg`. Names that are not all capitals stay.
    Words,
    /// Five digits become a Swedish postal code: `71130` is `711 30`.
    PostalCode,
}

/// An exception to a rule of a source: other columns count where the supplier says that the row deviates.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instead {
    /// Holds when each of these columns has one of the values. Yes and no are `true` and `false` here.
    pub when: BTreeMap<String, Vec<String>>,
    /// Template of columns in braces.
    pub template: String,
}

/// A declaration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatasetError {
    /// Not TOML of this shape.
    #[error("dataset declaration: {text}")]
    Unreadable {
        /// What the reader said, with line and column.
        text: String,
    },
    /// Two fields have the same id.
    #[error("dataset {dataset} declares field {field} twice")]
    FieldTwice {
        /// The dataset.
        dataset: DatasetId,
        /// The field.
        field: FieldId,
    },
    /// A source or a rule names a field that is not declared.
    #[error("dataset {dataset} names field {field}, which it does not declare")]
    UnknownField {
        /// The dataset.
        dataset: DatasetId,
        /// The field.
        field: FieldId,
    },
    /// A filter looks at a field that tiles do not carry, so that the map cannot apply it.
    #[error("dataset {dataset} filters by field {field}, which its tiles do not carry")]
    FilterNotInTile {
        /// The dataset.
        dataset: DatasetId,
        /// The field.
        field: FieldId,
    },
}

impl Dataset {
    /// Parses the TOML of a declaration.
    ///
    /// # Errors
    ///
    /// [`DatasetError`] names the place.
    pub fn parse(toml_text: &str) -> Result<Self, DatasetError> {
        let dataset: Self = toml::from_str(toml_text)
            .map_err(|error| DatasetError::Unreadable { text: error.to_string() })?;
        for (idx, field) in dataset.fields.iter().enumerate() {
            if dataset.fields[..idx].iter().any(|earlier| earlier.id == field.id) {
                return Err(DatasetError::FieldTwice {
                    dataset: dataset.id,
                    field: field.id.clone(),
                });
            }
        }
        let named = dataset.sources.iter().flat_map(|source| source.fields.keys());
        let unknown = named
            .chain(dataset.search.iter().filter_map(|rule| rule.municipality.as_ref()))
            .chain(dataset.applies.iter().flat_map(AppliesRule::fields))
            .chain(dataset.duties.iter().flat_map(DutyRule::fields))
            .chain(dataset.checks.iter().flat_map(CheckRule::fields))
            .chain(dataset.networks.iter().flat_map(NetworkRule::fields))
            .chain(dataset.sensitive.iter().flat_map(|it| it.only.keys()))
            .chain(dataset.filters.iter().flat_map(FilterRule::fields))
            .chain(&dataset.elevation)
            .find(|named| dataset.field(named.as_str()).is_none());
        if let Some(field) = unknown {
            return Err(DatasetError::UnknownField { field: field.clone(), dataset: dataset.id });
        }
        let is_hidden = |field: &&FieldId| dataset.field(field.as_str()).is_none_or(|it| !it.tile);
        if let Some(field) =
            dataset.filters.iter().flat_map(FilterRule::fields).find(is_hidden).cloned()
        {
            return Err(DatasetError::FilterNotInTile { dataset: dataset.id, field });
        }
        Ok(dataset)
    }

    /// The declaration of a field.
    pub fn field(&self, id: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.id.as_str() == id)
    }

    /// How a feature is called: the label template filled in.
    pub fn label(&self, feature: &Feature) -> String {
        fill(&self.label, &|name| self.shown(feature, name))
    }

    /// A template filled with a feature's values, codes by their Swedish titles.
    pub fn fill(&self, template: &str, feature: &Feature) -> String {
        fill(template, &|name| self.shown(feature, name))
    }

    fn shown(&self, feature: &Feature, field: &str) -> String {
        let value = feature.value(field);
        match value {
            Value::Text(code) => self
                .field(field)
                .and_then(|it| it.values.get(code))
                .map_or_else(|| code.clone(), |title| title.sv.clone()),
            other => other.to_string(),
        }
    }
}

/// Fills `{name}` in a template; a part between `[` and `]` falls away when a name in it is empty. White space is
/// collapsed at the end, so that missing values leave no holes.
///
/// Templates of labels name fields, templates of sources name columns.
pub fn fill_template(template: &str, value: impl Fn(&str) -> String) -> String {
    fill(template, &value)
}

/// The names in braces of a template, in order.
pub fn template_names(template: &str) -> Vec<&str> {
    template.split('{').skip(1).filter_map(|it| Some(it.split_once('}')?.0)).collect()
}

fn fill(template: &str, value: &impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    let mut optional: Option<(String, bool)> = None;
    let mut rest = template;
    while let Some(at) = rest.find(['{', '[', ']']) {
        let (before, after) = rest.split_at(at);
        push(&mut text, &mut optional, before);
        let mut chars = after.chars();
        let mark = chars.next();
        rest = chars.as_str();
        match mark {
            Some('{') => {
                let (name, behind) = rest.split_once('}').unwrap_or((rest, ""));
                rest = behind;
                let shown = value(name);
                if let (true, Some((_, is_whole))) = (shown.is_empty(), &mut optional) {
                    *is_whole = false;
                }
                push(&mut text, &mut optional, &shown);
            }
            Some('[') => optional = Some((String::new(), true)),
            _ => {
                if let Some((part, true)) = optional.take() {
                    text.push_str(&part);
                }
            }
        }
    }
    push(&mut text, &mut optional, rest);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn push(text: &mut String, optional: &mut Option<(String, bool)>, piece: &str) {
    match optional {
        Some((part, _)) => part.push_str(piece),
        None => text.push_str(piece),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_optional_part_falls_away_when_its_value_is_missing() {
        let value = |name: &str| match name {
            "street" => "Storgatan".to_owned(),
            "number" => "12".to_owned(),
            _ => String::new(),
        };
        assert_eq!(fill("{street} {number}[ {letter}][, {place}]", &value), "Storgatan 12");
        assert_eq!(fill("{street}[ no {number}]", &value), "Storgatan no 12");
    }

    #[test]
    fn the_names_of_a_template_are_listed_in_order() {
        assert_eq!(template_names("{trakt} [{block}:]{enhet}"), ["trakt", "block", "enhet"]);
        assert_eq!(
            fill_template("{a}[:{b}]", |it| if it == "a" { "1".into() } else { String::new() }),
            "1"
        );
    }

    #[test]
    fn a_source_that_fills_an_undeclared_field_is_refused() {
        let text = r#"
            id = "valve"
            title = { sv = "Ventiler", en = "Valves" }
            singular = { sv = "Ventil", en = "Valve" }
            owner = { body = "BKT", contact = "va" }
            publisher = "BKT"
            licence = "intern"
            class = "protected"
            role = "valve"
            geometry = "point"
            policy = "direct"
            label = "{nummer}"
            [[source]]
            id = "x"
            formats = ["gpkg"]
            table = "ventil"
            columns = ["id"]
            identity = ["id"]
            map = { nummer = "nr" }
        "#;
        let error = Dataset::parse(text).unwrap_err();
        assert!(matches!(error, DatasetError::UnknownField { .. }), "{error}");
    }
}
