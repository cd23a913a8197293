use faltkarta_geo::Geometry;

use crate::id::{DatasetId, FeatureId, FieldId};
use crate::value::{Properties, Value};

/// One thing in the world as the store knows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Names it for ever.
    pub id: FeatureId,
    /// The dataset it belongs to.
    pub dataset: DatasetId,
    /// Counts accepted changes of this feature, from 1; 0 for one that no store has accepted yet.
    pub version: u32,
    /// Where it lies, on the store's grid; `None` when the supplier gave no place.
    pub geometry: Option<Geometry>,
    /// Its values by field.
    pub properties: Properties,
}

impl Feature {
    /// The value of a field; null when there is none.
    pub fn value(&self, field: &str) -> &Value {
        static NULL: Value = Value::Null;
        FieldId::parse(field).ok().and_then(|id| self.properties.get(&id)).unwrap_or(&NULL)
    }
}

/// The id of the dataset that holds completed inspections of every form.
pub const INSPECTION_DATASET: &str = "inspection";

/// The fields of the common protocol core of an inspection, as a feature of [`INSPECTION_DATASET`].
///
/// A completed inspection is never edited: a correction is a new one that names the old in `corrects`.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// Which form was filled.
    pub form: String,
    /// Its version, kept because the template may change.
    pub form_version: String,
    /// The form's title at that time.
    pub title: String,
    /// Body that the form belongs to: BKT or BMB.
    pub body: String,
    /// Dataset and id of the thing that was inspected, when it was one.
    pub subject: Option<(DatasetId, FeatureId)>,
    /// How the subject was called at that time.
    pub subject_label: String,
    /// Short number shown offline, such as `A3-017`.
    pub local_number: String,
    /// Who did it.
    pub performed_by: String,
    /// First keystroke, RFC 3339.
    pub started_at: String,
    /// When it was completed, RFC 3339.
    pub completed_at: String,
    /// The answers as flat JSON.
    pub answers_json: String,
    /// The answers as the XForm instance.
    pub instance_xml: String,
    /// One line for lists: the form's summary of the answers.
    pub summary: String,
    /// How many photos belong to it.
    pub n_photos: u32,
}

impl Inspection {
    /// The values as stored. The keys are the field ids of `data/datasets/inspection.toml`.
    pub fn properties(&self) -> Properties {
        let text = |it: &str| Value::Text(it.to_owned());
        let (subject_dataset, subject_id) = match &self.subject {
            Some((dataset, id)) => (text(dataset.as_str()), text(&id.to_string())),
            None => (Value::Null, Value::Null),
        };
        [
            ("form", text(&self.form)),
            ("form_version", text(&self.form_version)),
            ("title", text(&self.title)),
            ("body", text(&self.body)),
            ("subject_dataset", subject_dataset),
            ("subject_id", subject_id),
            ("subject_label", text(&self.subject_label)),
            ("local_number", text(&self.local_number)),
            ("performed_by", text(&self.performed_by)),
            ("started_at", text(&self.started_at)),
            ("completed_at", text(&self.completed_at)),
            ("state", text("klar")),
            ("summary", text(&self.summary)),
            ("answers", text(&self.answers_json)),
            ("instance", text(&self.instance_xml)),
            ("n_photos", Value::Int(i64::from(self.n_photos))),
        ]
        .into_iter()
        .filter_map(|(field, value)| Some((FieldId::parse(field).ok()?, value)))
        .collect()
    }
}
