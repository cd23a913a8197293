use faltkarta_model::{Field, FieldType, GeometryType};
use serde_json::{Map, Value as Json, json};

use crate::backend::DatasetRow;
use crate::ogc::answer::{Answer, SCHEMA_JSON};
use crate::ogc::collections::format_of;
use crate::ogc::html;
use crate::ogc::matching::GEOMETRY;
use crate::ogc::negotiate::Format;
use crate::ogc::problem::Problem;
use crate::ogc::request::Request;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// `GET …/queryables`
pub(crate) fn queryables(request: &Request, row: &DatasetRow) -> Result<Answer, Problem> {
    document(request, row, "queryables")
}

/// `GET …/schema`
pub(crate) fn schema(request: &Request, row: &DatasetRow) -> Result<Answer, Problem> {
    document(request, row, "schema")
}

fn document(request: &Request, row: &DatasetRow, name: &str) -> Result<Answer, Problem> {
    if format_of(request)? == Format::Html {
        return Ok(html::fields(&request.base, row));
    }
    let dataset = &row.dataset;
    let is_schema = name == "schema";
    let mut properties = Map::new();
    for (n, field) in dataset.fields.iter().enumerate() {
        let mut json = property(field);
        if is_schema {
            json["x-ogc-propertySeq"] = json!(n + 1);
            if field.derived {
                json["readOnly"] = json!(true);
            }
        }
        properties.insert(field.id.to_string(), json);
    }
    if let Some(format) = geometry_format(dataset.geometry) {
        let mut json = json!({"title": "Läge", "format": format});
        if is_schema {
            json["x-ogc-role"] = json!("primary-geometry");
        }
        properties.insert(GEOMETRY.to_owned(), json);
    }
    let mut document = json!({
        "$schema": DIALECT,
        "$id": format!("{}/collections/{}/{name}", request.base, dataset.id),
        "type": "object", "title": dataset.title.sv, "properties": properties,
        "additionalProperties": false,
    });
    if is_schema {
        let required = dataset.fields.iter().filter(|it| it.required).map(|it| it.id.as_str());
        document["required"] = json!(required.collect::<Vec<_>>());
    }
    Ok(Answer::of(SCHEMA_JSON, document.to_string()))
}

/// What a geometry is called in a schema of part 5.
fn geometry_format(geometry: GeometryType) -> Option<&'static str> {
    match geometry {
        GeometryType::Point => Some("geometry-point-or-multipoint"),
        GeometryType::Line => Some("geometry-linestring-or-multilinestring"),
        GeometryType::Polygon => Some("geometry-polygon-or-multipolygon"),
        GeometryType::Any => Some("geometry-any"),
        GeometryType::None => None,
    }
}

/// A field in a JSON schema.
fn property(field: &Field) -> Json {
    let mut json = json!({"title": field.title.sv});
    let (name, format) = match field.field_type {
        FieldType::Text => ("string", ""),
        FieldType::Int => ("integer", ""),
        FieldType::Real => ("number", ""),
        FieldType::Bool => ("boolean", ""),
        FieldType::Date => ("string", "date"),
        FieldType::DateTime => ("string", "date-time"),
        FieldType::List => ("array", ""),
    };
    json["type"] = json!(name);
    if !format.is_empty() {
        json["format"] = json!(format);
    }
    if field.field_type == FieldType::List {
        json["items"] = json!({"type": "string"});
    }
    if !field.unit.is_empty() {
        json["x-ogc-unit"] = json!(field.unit);
    }
    if !field.values.is_empty() {
        // Not an enumeration: a code that is not listed is kept and shown as it is.
        let titles = field.values.iter().map(|(code, it)| (code.clone(), json!(it.sv)));
        json["x-faltkarta-codes"] = Json::Object(titles.collect());
    }
    json
}
