use faltkarta_model::{Dataset, Field, FieldType, GeometryType};
use serde_json::{Map, Value as Json, json};

use crate::backend::DatasetRow;
use crate::ogc::edit::INT_MAX;

/// The schemas that do not depend on a dataset.
pub(super) fn common() -> Map<String, Json> {
    let text = || json!({"type": "string"});
    let links = json!({"type": "array", "items": {"$ref": "#/components/schemas/link"}});
    let mut schemas = Map::new();
    let mut add = |name: &str, required: &[&str], properties: Json| {
        let schema = json!({"type": "object", "required": required, "properties": properties});
        schemas.insert(name.to_owned(), schema);
    };
    add(
        "link",
        &["href", "rel"],
        json!({"href": text(), "rel": text(), "type": text(), "title": text()}),
    );
    add("landing", &["links"], json!({"title": text(), "description": text(), "links": links}));
    add("conformance", &["conformsTo"], json!({"conformsTo": {"type": "array", "items": text()}}));
    let numbers =
        json!({"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6});
    let spatial = json!({
        "type": "object",
        "properties": {"bbox": {"type": "array", "minItems": 1, "items": numbers}, "crs": text()},
    });
    add(
        "collection",
        &["id", "title", "links", "crs"],
        json!({
            "id": text(), "title": text(), "description": text(), "attribution": text(), "license": text(),
            "itemType": text(), "crs": {"type": "array", "items": text()}, "storageCrs": text(), "links": links,
            "extent": {"type": "object", "properties": {"spatial": spatial}},
        }),
    );
    add(
        "collections",
        &["links", "collections"],
        json!({
            "links": links, "crs": {"type": "array", "items": text()},
            "collections": {"type": "array", "items": {"$ref": "#/components/schemas/collection"}},
        }),
    );
    add(
        "schema",
        &["$schema", "$id", "type", "properties"],
        json!({
            "$schema": text(), "$id": text(), "type": text(), "title": text(), "properties": {"type": "object"},
        }),
    );
    add(
        "problem",
        &["type", "title", "status", "detail", "code"],
        json!({
            "type": text(), "title": text(), "status": {"type": "integer"}, "detail": text(), "code": text(),
            "field": text(),
        }),
    );
    add(
        "proposed",
        &["code", "operation", "detail"],
        json!({"code": {"type": "string", "enum": ["proposed"]}, "operation": text(), "detail": text()}),
    );
    shapes(&mut schemas);
    schemas
}

/// The geometries of GeoJSON.
fn shapes(schemas: &mut Map<String, Json>) {
    let array =
        |items: Json, least: u8| json!({"type": "array", "items": items, "minItems": least});
    let position =
        json!({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 4});
    let line = array(position.clone(), 2);
    let area = array(array(position.clone(), 4), 0);
    for (name, coordinates) in [
        ("Point", position.clone()),
        ("LineString", line.clone()),
        ("Polygon", area.clone()),
        ("MultiPoint", array(position, 0)),
        ("MultiLineString", array(line, 0)),
        ("MultiPolygon", array(area, 0)),
    ] {
        let schema = json!({
            "type": "object", "required": ["type", "coordinates"],
            "properties": {"type": {"type": "string", "enum": [name]}, "coordinates": coordinates},
        });
        schemas.insert(name.to_owned(), schema);
    }
    let simple: Vec<Json> = SIMPLE.iter().map(|it| of_shape(it)).collect();
    let collection = json!({
        "type": "object", "required": ["type", "geometries"],
        "properties": {
            "type": {"type": "string", "enum": ["GeometryCollection"]},
            "geometries": {"type": "array", "items": {"oneOf": simple}},
        },
    });
    schemas.insert("GeometryCollection".to_owned(), collection);
}

const SIMPLE: [&str; 6] =
    ["Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"];

fn of_shape(name: &str) -> Json {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// The schemas of a dataset's features: as they are given, as they are taken whole and in part, and many of them.
pub(super) fn of_dataset(row: &DatasetRow) -> Vec<(String, Json)> {
    let dataset = &row.dataset;
    let id = dataset.id.as_str();
    let links = json!({"type": "array", "items": {"$ref": "#/components/schemas/link"}});
    let kind = |name: &str| json!({"type": "string", "enum": [name]});
    let feature = json!({
        "type": "object", "required": ["type", "id", "geometry", "properties"],
        "properties": {
            "type": kind("Feature"), "id": {"type": "string", "format": "uuid"},
            // What was delivered may be of another shape than what is taken.
            "geometry": geometry(GeometryType::Any), "properties": properties(dataset, false), "links": links,
        },
    });
    let new = json!({
        "type": "object", "required": ["type", "geometry", "properties"],
        "properties": {
            "type": kind("Feature"), "geometry": geometry(dataset.geometry), "properties": properties(dataset, true),
        },
    });
    let mut part = properties(dataset, true);
    part.as_object_mut().map(|it| it.remove("required"));
    let patch = json!({
        "type": "object",
        "properties": {"geometry": geometry(dataset.geometry), "properties": part},
    });
    let count = json!({"type": "integer", "minimum": 0});
    let many = json!({
        "type": "object", "required": ["type", "features", "numberReturned", "links"],
        "properties": {
            "type": kind("FeatureCollection"),
            "features": {"type": "array", "items": {"$ref": format!("#/components/schemas/{id}.feature")}},
            "numberReturned": count, "numberMatched": count,
            "timeStamp": {"type": "string", "format": "date-time"}, "links": links,
        },
    });
    [("feature", feature), ("new", new), ("patch", patch), ("collection", many)]
        .into_iter()
        .map(|(name, schema)| (format!("{id}.{name}"), schema))
        .collect()
}

fn geometry(of: GeometryType) -> Json {
    let names: &[&str] = match of {
        GeometryType::Point => &["Point", "MultiPoint"],
        GeometryType::Line => &["LineString", "MultiLineString"],
        GeometryType::Polygon => &["Polygon", "MultiPolygon"],
        GeometryType::Any => &[
            "Point",
            "LineString",
            "Polygon",
            "MultiPoint",
            "MultiLineString",
            "MultiPolygon",
            "GeometryCollection",
        ],
        GeometryType::None => return json!({"type": "object", "nullable": true, "enum": [null]}),
    };
    let shapes: Vec<Json> = names.iter().map(|it| of_shape(it)).collect();
    json!({"nullable": true, "oneOf": shapes})
}

fn properties(dataset: &Dataset, is_taken: bool) -> Json {
    let fields: Map<String, Json> =
        dataset.fields.iter().map(|it| (it.id.to_string(), property(it, is_taken))).collect();
    let mut schema = json!({"type": "object", "additionalProperties": false, "properties": fields});
    let required: Vec<&str> = dataset
        .fields
        .iter()
        .filter(|it| it.required && !it.derived)
        .map(|it| it.id.as_str())
        .collect();
    if is_taken && !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn property(field: &Field, is_taken: bool) -> Json {
    let mut schema = match field.field_type {
        // Greater ones may be stored by other ways.
        FieldType::Int if !is_taken => json!({"type": "integer"}),
        FieldType::Text => json!({"type": "string"}),
        FieldType::Int => json!({"type": "integer", "minimum": -INT_MAX, "maximum": INT_MAX}),
        FieldType::Real => json!({"type": "number"}),
        FieldType::Bool => json!({"type": "boolean"}),
        FieldType::Date => json!({"type": "string", "format": "date"}),
        FieldType::DateTime => json!({"type": "string", "format": "date-time"}),
        FieldType::List => json!({"type": "array", "items": {"type": "string"}}),
    };
    schema["description"] = json!(field.title.en);
    if !is_taken || !field.required || field.derived {
        schema["nullable"] = json!(true);
    }
    if field.derived {
        schema["description"] = json!(format!("{}; the store computes it", field.title.en));
    }
    schema
}
