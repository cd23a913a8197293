//! The problems of an import as a map layer, which any GIS program opens.

use std::path::Path;

use faltkarta_formats::{Exported, export};
use faltkarta_geo::{Geometry, GridSystem};
use faltkarta_model::{
    Dataset, DatasetId, Feature, FeatureId, Field, FieldId, FieldType, Properties, Timestamp, Value,
};

use crate::error::StoreError;
use crate::importing::ImportReport;

const DECLARATION: &str = r#"
id = "import_problem"
title = { sv = "Problem i leverans", en = "Problems of a delivery" }
singular = { sv = "Problem", en = "Problem" }
owner = { body = "BMB", contact = "" }
publisher = ""
licence = "intern"
class = "internal"
role = "other"
geometry = "any"
policy = "read_only"
label = "{code}"
"#;

/// Writes every told problem to a file, each with the shape of its feature, or with its middle; the format as the
/// file's ending says. Problems without a place are rows without geometry.
///
/// # Errors
///
/// [`StoreError::Delivery`] with the reason when the file cannot be written.
pub fn write_problem_map(
    report: &ImportReport,
    grid: GridSystem,
    now: Timestamp,
    to: &Path,
) -> Result<Exported, StoreError> {
    let file = to.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut dataset = Dataset::parse(DECLARATION).map_err(|error| StoreError::BadDeclaration {
        path: "import_problem".into(),
        text: error.to_string(),
    })?;
    dataset.fields = ["file", "dataset", "row", "code", "text", "label"]
        .into_iter()
        .filter_map(|name| {
            let field_type = if name == "row" { FieldType::Int } else { FieldType::Text };
            Some(Field::plain(FieldId::parse(name).ok()?, field_type))
        })
        .collect();
    let id = DatasetId::clone(&dataset.id);
    let mut features = report.datasets.iter().flat_map(|set| {
        let id = id.clone();
        set.problems.iter().zip(0_u32..).map(move |(problem, at)| {
            let text = |it: &str| Value::Text(it.to_owned());
            let row = i64::try_from(problem.row).unwrap_or(i64::MAX);
            let values = [
                ("file", text(&set.file)),
                ("dataset", text(set.dataset.as_str())),
                ("row", Value::Int(row)),
                ("code", text(&problem.code)),
                ("text", text(&problem.text)),
                ("label", text(&problem.label)),
            ];
            let named = values
                .into_iter()
                .filter_map(|(name, value)| FieldId::parse(name).ok().map(|it| (it, value)));
            let middle = problem.position_m.map(|[e_m, n_m]| Geometry::point(e_m, n_m));
            let identity = format!("{}|{}|{at}", set.file, set.dataset);
            Feature {
                id: FeatureId::of_delivered(&id, &identity),
                dataset: id.clone(),
                version: 1,
                geometry: problem.shape.clone().or(middle),
                properties: named.collect::<Properties>(),
            }
        })
    });
    export(to, &dataset, grid, now, &mut features)
        .map_err(|source| StoreError::Delivery { file, source })
}
