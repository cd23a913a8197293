use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use faltkarta_formats::{Exported, export};
use faltkarta_model::{
    Dataset, DatasetId, Feature, Field, FieldId, FieldType, Role, Timestamp, Value,
};

use crate::backend::{FeatureFilter, GeodataStore};
use crate::error::StoreError;

/// The features of a dataset for a writer of files: all of them, or the inspections of one form with a column for
/// each answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportSource {
    /// The declaration that the columns follow; of one form's inspections it has the answers as fields.
    pub dataset: Dataset,
    /// The features.
    pub features: Vec<Feature>,
}

impl ExportSource {
    /// Reads a dataset. `form` chooses the inspections of one form and spreads their answers.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownDataset`], and those of reading.
    pub fn read(
        store: &dyn GeodataStore,
        dataset: &DatasetId,
        form: Option<&str>,
    ) -> Result<Self, StoreError> {
        let declared = store.datasets().into_iter().find(|it| it.dataset.id == *dataset);
        let declared =
            declared.ok_or_else(|| StoreError::UnknownDataset { dataset: dataset.clone() })?;
        let filter = FeatureFilter { dataset: dataset.clone(), bounds: None };
        let is_spread = declared.dataset.role == Role::Inspection && form.is_some();
        let mut features = vec![];
        store.for_each_feature(&filter, &mut |feature| {
            let is_chosen = !is_spread || feature.value("form").as_text() == form;
            if is_chosen {
                features.push(feature);
            }
            Ok(())
        })?;
        let mut source = Self { dataset: declared.dataset, features };
        if is_spread {
            source.spread_answers();
        }
        Ok(source)
    }

    /// Turns the JSON of answers into fields of their own, named after the questions.
    fn spread_answers(&mut self) {
        let mut types: BTreeMap<FieldId, FieldType> = BTreeMap::new();
        let taken: BTreeSet<FieldId> = self.dataset.fields.iter().map(|it| it.id.clone()).collect();
        for feature in &mut self.features {
            let answers = feature.value("answers").as_text().unwrap_or("{}").to_owned();
            let answers: BTreeMap<String, serde_json::Value> =
                serde_json::from_str(&answers).unwrap_or_default();
            for (question, answer) in answers {
                let Some(field) = field_of(&question, &taken) else { continue };
                let (value, kind) = value_of(&answer);
                let known = types.entry(field.clone()).or_insert(kind);
                if *known != kind && !value.is_null() {
                    *known = FieldType::Text;
                }
                feature.properties.insert(field, value);
            }
        }
        for feature in &mut self.features {
            for (field, kind) in &types {
                let Some(value) = feature.properties.get_mut(field) else { continue };
                let is_text = matches!(value, Value::Text(_) | Value::Null);
                if *kind == FieldType::Text && !is_text {
                    *value = Value::Text(value.to_string());
                }
            }
        }
        let plain = types.into_iter().map(|(id, field_type)| Field::plain(id, field_type));
        self.dataset.fields.extend(plain);
    }
}

/// The field of a question: its name, made a slug, with `svar_` before it where a core field has that name.
fn field_of(question: &str, taken: &BTreeSet<FieldId>) -> Option<FieldId> {
    let slug: String = question
        .chars()
        .map(|it| match it.to_ascii_lowercase() {
            it if it.is_ascii_alphanumeric() || it == '_' || it == '-' => it,
            _ => '_',
        })
        .take(56)
        .collect();
    let plain = FieldId::parse(&slug).ok().filter(|it| !taken.contains(it));
    plain.or_else(|| FieldId::parse(&format!("svar_{slug}")).ok())
}

fn value_of(answer: &serde_json::Value) -> (Value, FieldType) {
    use serde_json::Value as Json;
    match answer {
        Json::Null => (Value::Null, FieldType::Text),
        Json::Bool(flag) => (Value::Bool(*flag), FieldType::Bool),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => (Value::Int(whole), FieldType::Int),
            None => (Value::Real(number.as_f64().unwrap_or_default()), FieldType::Real),
        },
        Json::String(text) => (Value::Text(text.clone()), FieldType::Text),
        // Repeats and several choices stay the JSON they are.
        other => (Value::Text(other.to_string()), FieldType::Text),
    }
}

/// Writes a dataset to a file, as its ending says; how many features were written, and what the format had no
/// room for.
///
/// # Errors
///
/// [`StoreError::UnknownDataset`]; [`StoreError::Delivery`] with what the writer said.
pub fn export_features(
    store: &dyn GeodataStore,
    dataset: &DatasetId,
    form: Option<&str>,
    to: &Path,
    now: Timestamp,
) -> Result<Exported, StoreError> {
    let source = ExportSource::read(store, dataset, form)?;
    let ExportSource { dataset, features } = source;
    export(to, &dataset, store.grid(), now, &mut features.into_iter()).map_err(|error| {
        let file = to.file_name().unwrap_or_default().to_string_lossy().into_owned();
        StoreError::Delivery { file, source: error }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_named_like_a_core_field_gets_a_name_of_its_own() {
        let taken = BTreeSet::from([FieldId::parse("title").unwrap()]);
        assert_eq!(field_of("title", &taken).unwrap().as_str(), "svar_title");
        assert_eq!(field_of("Antal varv", &taken).unwrap().as_str(), "antal_varv");
        assert_eq!(field_of("2a", &taken).unwrap().as_str(), "svar_2a");
    }
}
