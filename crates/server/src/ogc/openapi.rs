//! The description of everything that can be asked, as `OpenAPI` 3.0: made from the datasets that the asker may read, so
//! that it says no more and no less than what is served to him.

mod parameters;
mod schemas;

use faltkarta_model::{Class, Policy};
use serde_json::{Map, Value as Json, json};

use crate::backend::DatasetRow;
use crate::ogc::answer::{Answer, GEO_JSON, JSON, OPENAPI_JSON, PROBLEM_JSON, SCHEMA_JSON};
use crate::ogc::collections::format_of;
use crate::ogc::crs::PublicCrs;
use crate::ogc::html;
use crate::ogc::negotiate::Format;
use crate::ogc::problem::{KINDS, Problem};
use crate::ogc::request::Request;
use crate::ogc::route::{Service, readable};

/// `GET /api`
pub(crate) fn document(service: &Service<'_>, request: &Request) -> Result<Answer, Problem> {
    if format_of(request)? == Format::Html {
        return Ok(html::api(&request.base));
    }
    let rows = readable(service, request);
    let mut paths = Map::new();
    for (path, name, schema, title) in [
        ("/", "landing", "landing", "The start page"),
        ("/conformance", "conformance", "conformance", "The conformance classes"),
        ("/collections", "collections", "collections", "The datasets that you may read"),
    ] {
        let operation = reading(name, title, JSON, &reference("schemas", schema), &[], true);
        paths.insert(path.to_owned(), json!({"get": operation}));
    }
    let object = json!({"type": "object"});
    let api =
        reading("api", "This document", "application/vnd.oai.openapi+json", &object, &[], true);
    paths.insert("/api".to_owned(), json!({"get": api}));
    let mut schemas = schemas::common();
    for row in &rows {
        of_dataset(&mut paths, row);
        schemas.extend(schemas::of_dataset(row));
    }
    let crs: Vec<String> =
        PublicCrs::all(service.store.grid()).into_iter().map(PublicCrs::uri).collect();
    let document = json!({
        "openapi": "3.0.3",
        "info": {
            "title": "Fältkarta", "version": env!("CARGO_PKG_VERSION"),
            "description": "Geodata of the municipalities by OGC API Features. Errors are problems of RFC 9457; their \
                            codes are stable.",
        },
        "servers": [{"url": request.base}],
        "paths": paths,
        "components": {
            "parameters": parameters::all(&crs),
            "schemas": schemas,
            "responses": responses(),
            "headers": {
                "ETag": {"description": "The strong tag of this version", "schema": {"type": "string"}},
                "Content-Crs": {
                    "description": "The reference system of the coordinates, in angle brackets",
                    "schema": {"type": "string"},
                },
                "Location": {"description": "The address of the new feature", "schema": {"type": "string"}},
            },
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {
                    "type": "http", "scheme": "basic",
                    "description": "Any name, and the token as password: for programs that know no bearer tokens",
                },
            },
        },
    });
    Ok(Answer::of(OPENAPI_JSON, document.to_string()))
}

fn reference(kind: &str, name: &str) -> Json {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

/// A GET that gives JSON of a schema or a page.
fn reading(
    id: &str,
    title: &str,
    media_type: &str,
    schema: &Json,
    parameters: &[Json],
    is_open: bool,
) -> Json {
    let mut all = vec![reference("parameters", "f")];
    all.extend_from_slice(parameters);
    let mut operation = json!({
        "operationId": id, "summary": title, "parameters": all,
        "responses": {"200": {
            "description": title,
            "content": {media_type: {"schema": schema}, "text/html": {"schema": {"type": "string"}}},
        }},
        "security": security(is_open),
    });
    let denied: &[u16] = if is_open { &[] } else { &[403] };
    refuse(&mut operation, &[400, 401, 406, 500, 503]);
    refuse(&mut operation, denied);
    operation
}

fn security(is_open: bool) -> Json {
    if is_open {
        json!([{}, {"bearer": []}, {"basic": []}])
    } else {
        json!([{"bearer": []}, {"basic": []}])
    }
}

/// Adds the problems that an operation may have.
fn refuse(operation: &mut Json, statuses: &[u16]) {
    for status in statuses {
        operation["responses"][status.to_string()] =
            reference("responses", &format!("Problem{status}"));
    }
}

/// One answer for each status of a problem.
fn responses() -> Map<String, Json> {
    let mut responses = Map::new();
    for (_, status, _) in KINDS {
        let of_status = KINDS.iter().filter(|it| it.1 == status);
        let codes: Vec<String> = of_status.map(|it| format!("{}: {}", it.0, it.2)).collect();
        let response = json!({
            "description": codes.join("; "),
            "content": {
                PROBLEM_JSON: {"schema": reference("schemas", "problem")},
                "text/html": {"schema": {"type": "string"}},
            },
        });
        responses.insert(format!("Problem{status}"), response);
    }
    responses
}

fn of_dataset(paths: &mut Map<String, Json>, row: &DatasetRow) {
    let id = row.dataset.id.as_str();
    let is_open = row.dataset.class == Class::Open;
    let parameter = |name: &str| reference("parameters", name);
    let schema = |name: &str| reference("schemas", name);
    let title = |text: &str| format!("{}: {text}", row.dataset.title.en);
    let path = format!("/collections/{id}");
    let of = |name: &str, text: &str, media_type: &str, schema: &Json, parameters: &[Json]| {
        let operation = format!("{id}.{name}");
        let mut get = reading(&operation, &title(text), media_type, schema, parameters, is_open);
        refuse(&mut get, &[404]);
        get
    };
    let get = of("collection", "what it is", JSON, &schema("collection"), &[]);
    paths.insert(path.clone(), json!({"get": get}));
    for (name, text) in
        [("queryables", "what features can be asked by"), ("schema", "what a feature holds")]
    {
        let get = of(name, text, SCHEMA_JSON, &schema("schema"), &[]);
        paths.insert(format!("{path}/{name}"), json!({"get": get}));
    }
    let content_crs = json!({"Content-Crs": reference("headers", "Content-Crs")});
    let mut many: Vec<Json> = [
        "limit",
        "cursor",
        "bbox",
        "bbox-crs",
        "crs",
        "datetime",
        "filter",
        "filter-lang",
        "filter-crs",
    ]
    .map(parameter)
    .into();
    many.extend(parameters::of_fields(&row.dataset));
    let mut get =
        of("items", "a page of features", GEO_JSON, &schema(&format!("{id}.collection")), &many);
    get["responses"]["200"]["headers"] = content_crs;
    let items = json!({"get": get, "post": writing(row, "post")});
    paths.insert(format!("{path}/items"), items);
    let one = [parameter("crs"), parameter("If-None-Match")];
    let mut get = of("item", "one feature", GEO_JSON, &schema(&format!("{id}.feature")), &one);
    get["responses"]["200"]["headers"] = tagged(false);
    get["responses"]["304"] =
        json!({"description": "The feature is as it was", "headers": tagged(false)});
    let item = json!({
        "parameters": [parameter("featureId")],
        "get": get, "put": writing(row, "put"), "patch": writing(row, "patch"),
        "delete": writing(row, "delete"),
    });
    paths.insert(format!("{path}/items/{{featureId}}"), item);
}

fn tagged(is_new: bool) -> Json {
    let mut headers = json!({
        "ETag": reference("headers", "ETag"), "Content-Crs": reference("headers", "Content-Crs"),
    });
    if is_new {
        headers["Location"] = reference("headers", "Location");
    }
    headers
}

/// An edit. In a dataset that is not edited here it is told that it is always refused.
fn writing(row: &DatasetRow, method: &str) -> Json {
    let id = row.dataset.id.as_str();
    let is_edited = row.dataset.policy != Policy::ReadOnly;
    let (title, schema, types): (&str, &str, &[&str]) = match method {
        "post" => ("a new feature", "new", &[GEO_JSON, JSON]),
        "put" => ("other values for a feature", "new", &[GEO_JSON, JSON]),
        "patch" => (
            "some other values for a feature",
            "patch",
            &["application/merge-patch+json", GEO_JSON, JSON],
        ),
        _ => ("a feature is taken away", "", &[]),
    };
    let mut operation = json!({
        "operationId": format!("{id}.{method}"),
        "summary": format!("{}: {title}", row.dataset.title.en),
        "security": security(false), "responses": {},
    });
    if !is_edited {
        operation["description"] =
            json!("This dataset is not edited here, so it is always refused.");
        refuse(&mut operation, &[400, 401, 403, 413, 500, 503]);
        return operation;
    }
    let mut parameters = vec![];
    if method != "delete" {
        let content: Map<String, Json> = types
            .iter()
            .map(|it| {
                let schema = reference("schemas", &format!("{id}.{schema}"));
                ((*it).to_owned(), json!({"schema": schema}))
            })
            .collect();
        operation["requestBody"] = json!({"required": true, "content": content});
        parameters.push(reference("parameters", "Content-Crs"));
        refuse(&mut operation, &[415, 422]);
    }
    if method != "post" {
        parameters.push(reference("parameters", "If-Match"));
        refuse(&mut operation, &[404, 412, 428]);
    }
    operation["parameters"] = json!(parameters);
    let feature = json!({GEO_JSON: {"schema": reference("schemas", &format!("{id}.feature"))}});
    let (status, done) = match method {
        "post" => (
            "201",
            json!({"description": "It is there", "headers": tagged(true), "content": feature}),
        ),
        "delete" => ("204", json!({"description": "It is taken away"})),
        _ => (
            "200",
            json!({"description": "As it is now", "headers": tagged(false), "content": feature}),
        ),
    };
    operation["responses"][status] = done;
    if row.dataset.policy == Policy::Proposal {
        operation["responses"]["202"] = json!({
            "description": "It waits for the coordinator, who decides about this dataset",
            "content": {JSON: {"schema": reference("schemas", "proposed")}},
        });
    }
    refuse(&mut operation, &[400, 401, 403, 409, 413, 500, 503, 507]);
    operation
}
