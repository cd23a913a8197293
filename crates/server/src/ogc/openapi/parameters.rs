use faltkarta_model::{Dataset, FieldType};
use serde_json::{Map, Value as Json, json};

use crate::ogc::query::{LIMIT_DEFAULT, LIMIT_MAX, asked_field};

/// Every day there is, and every moment of RFC 3339.
const DAY: &str = "(\\d{4}-((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|\
                   02-(0[1-9]|1\\d|2[0-8]))|(\\d{2}(0[48]|[2468][048]|[13579][26])|\
                   ([02468][048]|[13579][26])00)-02-29)";
const TIME: &str =
    "T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)";

/// The parameters that several operations share, by name.
pub(super) fn all(crs: &[String]) -> Map<String, Json> {
    let mut all = Map::new();
    let mut add = |name: &str, place: &str, schema: Json, text: &str| {
        let mut json = json!({"name": name, "in": place, "description": text, "schema": schema});
        json["required"] = json!(place == "path" || name == "If-Match");
        if place == "query" {
            json["style"] = json!("form");
            json["explode"] = json!(false);
        }
        all.insert(name.to_owned(), json);
    };
    let string = || json!({"type": "string"});
    let system = || json!({"type": "string", "enum": crs, "default": crs.first()});
    add(
        "f",
        "query",
        json!({"type": "string", "enum": ["json", "html"]}),
        "JSON, or a page for people",
    );
    add(
        "limit",
        "query",
        json!({"type": "integer", "minimum": 1, "default": LIMIT_DEFAULT}),
        &format!("The most features of a page. More than {LIMIT_MAX} means {LIMIT_MAX}."),
    );
    add(
        "cursor",
        "query",
        json!({"type": "string", "pattern": "^p(0|[1-9a-f][0-9a-f]{0,14})$"}),
        "Where the page begins; taken from the link to it.",
    );
    let count = |n: u8| json!({"minItems": n, "maxItems": n});
    let corners =
        json!({"type": "array", "items": {"type": "number"}, "oneOf": [count(4), count(6)]});
    add(
        "bbox",
        "query",
        corners,
        "Only features that meet this rectangle: its lower and its upper corner, in the order of ordinates of \
         bbox-crs. Heights are passed over.",
    );
    add("bbox-crs", "query", system(), "The reference system of bbox.");
    add("crs", "query", system(), "The reference system of the answer.");
    let moment = format!("{DAY}({TIME})?");
    add(
        "datetime",
        "query",
        json!({
            "type": "string",
            "pattern": format!("^({moment}(/({moment}|\\.\\.)?)?|(\\.\\.)?/({moment}|\\.\\.)?)$"),
        }),
        "Only features of a moment, a day or a span of them. Datasets without a date have all of theirs at all times.",
    );
    add(
        "filter",
        "query",
        json!({"type": "string", "format": "cql2-text"}),
        "A condition in CQL2 text: comparisons, AND, OR, NOT, LIKE, BETWEEN, IN, IS NULL, CASEI, S_INTERSECTS. \
         No more than 16 000 bytes, 2 000 parts and 32 levels.",
    );
    add(
        "filter-lang",
        "query",
        json!({"type": "string", "enum": ["cql2-text"], "default": "cql2-text"}),
        "The language of the filter.",
    );
    add("filter-crs", "query", system(), "The reference system of shapes in the filter.");
    add("featureId", "path", json!({"type": "string", "format": "uuid"}), "The id of a feature.");
    add(
        "If-Match",
        "header",
        string(),
        "The ETag of the feature as it was seen. Without it 428, with another than it has now 412.",
    );
    add(
        "If-None-Match",
        "header",
        string(),
        "An ETag that is known: 304 when the feature still has it.",
    );
    let bracketed: Vec<String> = crs.iter().map(|it| format!("<{it}>")).collect();
    add(
        "Content-Crs",
        "header",
        json!({"type": "string", "enum": bracketed, "default": bracketed.first()}),
        "The reference system of the coordinates in the body.",
    );
    all
}

/// A parameter for each property that can be asked by.
pub(super) fn of_fields(dataset: &Dataset) -> Vec<Json> {
    let fields = dataset.fields.iter().filter(|it| asked_field(dataset, it.id.as_str()).is_some());
    fields
        .map(|field| {
            let schema = match field.field_type {
                FieldType::Text | FieldType::List => json!({"type": "string"}),
                FieldType::Int => json!({"type": "integer"}),
                FieldType::Real => json!({"type": "number"}),
                FieldType::Bool => json!({"type": "boolean"}),
                FieldType::Date => json!({"type": "string", "format": "date"}),
                FieldType::DateTime => json!({"type": "string", "format": "date-time"}),
            };
            json!({
                "name": field.id.as_str(), "in": "query", "required": false, "schema": schema,
                "style": "form", "explode": false, "description": field.title.en,
            })
        })
        .collect()
}
