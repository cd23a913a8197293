use std::collections::BTreeMap;

use faltkarta_changes::{Change, Operation, OperationKind};
use faltkarta_geo::Geometry;
use faltkarta_model::{
    Dataset, Feature, FeatureId, Field, FieldId, FieldType, GEOMETRY_FIELD, OpId, Policy,
    Properties, ReplicaId, Timestamp, Value,
};
use faltkarta_protocol::Outcome;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::backend::{DatasetRow, DeviceRow, SeenFeature, Task};
use crate::ogc::answer::{Answer, JSON};
use crate::ogc::crs::PublicCrs;
use crate::ogc::geojson::{Frame, read_geometry, shown, write_geometry};
use crate::ogc::item::{address, find, written};
use crate::ogc::problem::Problem;
use crate::ogc::request::{Request, Verb};
use crate::ogc::route::Service;
use crate::ogc::tag;

/// The most bytes of a body.
pub(crate) const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The greatest whole number that is taken, up or down: every program can hold it.
pub(crate) const INT_MAX: i64 = 9_007_199_254_740_991;

/// What a body may be of.
const WHOLE_TYPES: [&str; 2] = ["application/geo+json", "application/json"];
const PATCH_TYPES: [&str; 3] =
    ["application/merge-patch+json", "application/geo+json", "application/json"];

/// `POST …/items`
pub(crate) fn create(
    service: &Service<'_>,
    request: &Request,
    row: &DatasetRow,
) -> Result<Answer, Problem> {
    let editor = editor(request, row)?;
    request.parameters(|_| false)?;
    let (frame, body) = body(service, request, &WHOLE_TYPES)?;
    let wanted = Wanted::whole(&body, &row.dataset, frame)?;
    let id = FeatureId::from_uuid(service.rim.new_id());
    let mut op = operation(service, row, editor, (OperationKind::Create, id, 0));
    op.changes = wanted.values.into_iter().map(|(field, it)| (field, from_nothing(it))).collect();
    if let Place::At(geometry) = wanted.place {
        op.changes.insert(geometry_field()?, from_nothing(Value::Geometry(geometry)));
    }
    op.changes.retain(|_, it| !it.new.is_null());
    if let Some(proposed) = judge(service, editor, &op, None)? {
        return Ok(proposed);
    }
    let feature = find(service, row, &id.to_string())?;
    let location = address(request, &feature);
    Ok(written(service, request, row, &feature, frame.crs).status(201).with("location", location))
}

/// `PUT`, `PATCH` and `DELETE …/items/{id}`
pub(crate) fn change(
    service: &Service<'_>,
    request: &Request,
    row: &DatasetRow,
    id: &str,
) -> Result<Answer, Problem> {
    let editor = editor(request, row)?;
    request.parameters(|_| false)?;
    let feature = find(service, row, id)?;
    let Some(if_match) = &request.if_match else {
        let detail = "send the ETag of the feature as you have seen it in If-Match";
        return Err(Problem::about("if_match_needed", "If-Match", detail));
    };
    if !tag::is_matched(if_match, &feature, row) {
        return Err(crate::error::StoreError::NotAsSeen.into());
    }
    let seen = tag::seen(&feature);
    if request.verb == Verb::Delete {
        return delete(service, row, (editor, &feature, &seen));
    }
    let is_whole = request.verb == Verb::Put;
    let types: &[&str] = if is_whole { &WHOLE_TYPES } else { &PATCH_TYPES };
    let (frame, body) = body(service, request, types)?;
    let wanted = if is_whole {
        Wanted::whole(&body, &row.dataset, frame)?
    } else {
        Wanted::part(&body, &row.dataset, frame)?
    };
    let mut op =
        operation(service, row, editor, (OperationKind::Update, feature.id, feature.version));
    op.changes = changes(wanted, &body, (&feature, &row.dataset), frame)?;
    if !op.changes.is_empty()
        && let Some(proposed) = judge(service, editor, &op, Some(&seen))?
    {
        return Ok(proposed);
    }
    let feature = find(service, row, id)?;
    Ok(written(service, request, row, &feature, frame.crs))
}

fn delete(
    service: &Service<'_>,
    row: &DatasetRow,
    (editor, feature, seen): (&DeviceRow, &Feature, &SeenFeature),
) -> Result<Answer, Problem> {
    let stored = service.store.stored_feature(feature.id)?.ok_or_else(Problem::not_found)?;
    let mut op =
        operation(service, row, editor, (OperationKind::Delete, feature.id, stored.version));
    op.changes = stored
        .values
        .iter()
        .map(|(field, it)| (field.clone(), Change { old: it.clone(), new: Value::Null }))
        .collect();
    op.blobs = stored.blobs.iter().cloned().collect();
    op.depends_on = stored.children;
    let proposed = judge(service, editor, &op, Some(seen))?;
    Ok(proposed.unwrap_or_else(|| Answer::empty(204)))
}

/// Who edits: somebody signed in, whose role may, in a dataset that is edited here.
fn editor<'a>(request: &'a Request, row: &DatasetRow) -> Result<&'a DeviceRow, Problem> {
    let Some(editor) = &request.asker else {
        return Err(Problem::new("signed_out", "features are edited with a token"));
    };
    if row.dataset.policy == Policy::ReadOnly {
        let detail = format!("{} is edited by {} alone", row.dataset.id, row.dataset.publisher);
        return Err(Problem::new("read_only", detail));
    }
    match editor.role.refusal(&row.dataset) {
        None | Some("proposal") => Ok(editor),
        Some(_) => Err(Problem::new("unpermitted", "your role may not edit this dataset")),
    }
}

/// Lets the store judge an edit. `None` when it holds; the answer when it waits for the coordinator.
fn judge(
    service: &Service<'_>,
    editor: &DeviceRow,
    op: &Operation,
    seen: Option<&SeenFeature>,
) -> Result<Option<Answer>, Problem> {
    let task = Task::Edit { device: &editor.name, role: editor.role, op, seen };
    let outcomes = service.store.judge(&task, service.rim)?;
    let is_held = outcomes.iter().any(|it| matches!(it.outcome, Outcome::Quarantined { .. }));
    if !is_held {
        return Ok(None);
    }
    let told = json!({
        "code": "proposed", "operation": op.id.to_string(),
        "detail": "the edit waits for the coordinator, who decides about this dataset",
    });
    Ok(Some(Answer::of(JSON, told.to_string()).status(202)))
}

fn operation(
    service: &Service<'_>,
    row: &DatasetRow,
    editor: &DeviceRow,
    (kind, feature, base_version): (OperationKind, FeatureId, u32),
) -> Operation {
    Operation {
        id: OpId::from_uuid(service.rim.new_id()),
        // One for each device; what it sends here does not count among the operations of its own file.
        replica: ReplicaId::from_uuid(Uuid::new_v5(&editor.id, b"faltkarta.ogc")),
        op_no: 0,
        user: editor.user.clone(),
        device_time: service.rim.now(),
        clock_offset_ms: Some(0),
        dataset: row.dataset.id.clone(),
        schema_rev: row.revision,
        feature,
        kind,
        base_version,
        changes: BTreeMap::new(),
        depends_on: vec![],
        group: None,
        atomic: false,
        blobs: vec![],
        note: None,
    }
}

fn from_nothing(new: Value) -> Change {
    Change { old: Value::Null, new }
}

fn geometry_field() -> Result<FieldId, Problem> {
    FieldId::parse(GEOMETRY_FIELD).map_err(|_| Problem::new("internal", "no name for geometry"))
}

/// The body as JSON, and the reference system of its coordinates.
fn body(
    service: &Service<'_>,
    request: &Request,
    types: &[&str],
) -> Result<(Frame, Json), Problem> {
    let content_type = request.content_type.as_deref().unwrap_or_default();
    if !types.contains(&content_type) {
        let detail = format!("the body may be of {}", types.join(", "));
        return Err(Problem::about("unknown_media_type", "Content-Type", detail));
    }
    let store = service.store.grid();
    let crs = match &request.content_crs {
        None => PublicCrs::Crs84,
        Some(text) => {
            let uri = text.trim();
            let uri = uri.strip_prefix('<').and_then(|it| it.strip_suffix('>')).unwrap_or(uri);
            PublicCrs::parse(uri, "Content-Crs", store)?
        }
    };
    let body = serde_json::from_slice(&request.body)
        .map_err(|error| Problem::new("malformed", format!("the body is no JSON: {error}")))?;
    Ok((Frame { store, crs }, body))
}

/// What a body asks for.
#[derive(Debug, Default)]
struct Wanted {
    values: Properties,
    place: Place,
}

/// What a body says of the geometry.
#[derive(Debug, Default)]
enum Place {
    #[default]
    AsItIs,
    Nowhere,
    At(Geometry),
}

impl Wanted {
    /// A whole feature: what it does not name has no value.
    fn whole(body: &Json, dataset: &Dataset, frame: Frame) -> Result<Self, Problem> {
        let not_a_feature = |detail: &str| Problem::new("not_a_feature", detail);
        if body.get("type").and_then(Json::as_str) != Some("Feature") {
            return Err(not_a_feature("the type of the body is Feature"));
        }
        if body.get("geometry").is_none() || body.get("properties").is_none() {
            return Err(not_a_feature("a Feature has geometry and properties, null among them"));
        }
        let mut wanted = Self::part(body, dataset, frame)?;
        for field in dataset.fields.iter().filter(|it| !it.derived) {
            let value = wanted.values.entry(field.id.clone()).or_insert(Value::Null);
            if field.required && value.is_null() {
                return Err(required(field));
            }
        }
        Ok(wanted)
    }

    /// What a patch names (RFC 7396).
    fn part(body: &Json, dataset: &Dataset, frame: Frame) -> Result<Self, Problem> {
        let Some(body) = body.as_object() else {
            return Err(Problem::new("not_a_feature", "the body is a JSON object"));
        };
        let none = Map::new();
        let given = match body.get("properties") {
            None | Some(Json::Null) => &none,
            Some(Json::Object(given)) => given,
            Some(_) => return Err(Problem::new("not_a_feature", "properties is an object")),
        };
        let mut values = Properties::new();
        for (name, json) in given {
            let Some(field) = dataset.field(name) else {
                let name: String = name.chars().take(80).collect();
                let detail = format!("{} has no property {name}", dataset.id);
                return Err(Problem::about("unknown_property", &name, detail));
            };
            let value = value(field, json)?;
            if field.required && value.is_null() {
                return Err(required(field));
            }
            // What the store computes comes back with what was read; nobody sets it.
            if !field.derived {
                values.insert(field.id.clone(), value);
            }
        }
        let place = match body.get("geometry") {
            None => Place::AsItIs,
            Some(Json::Null) => Place::Nowhere,
            Some(json) => Place::At(geometry(json, dataset, frame)?),
        };
        Ok(Self { values, place })
    }
}

fn required(field: &Field) -> Problem {
    let detail = format!("{} must have a value", field.id);
    Problem::about("required_missing", field.id.as_str(), detail)
}

fn geometry(json: &Json, dataset: &Dataset, frame: Frame) -> Result<Geometry, Problem> {
    let geometry = read_geometry(json, frame)?;
    if !dataset.geometry.takes(geometry.kind()) {
        let detail = format!("{} takes another kind of geometry", dataset.id);
        return Err(Problem::about("wrong_geometry", "geometry", detail));
    }
    Ok(geometry)
}

/// A value of a field's type.
fn value(field: &Field, json: &Json) -> Result<Value, Problem> {
    let wrong = || {
        let wanted = match field.field_type {
            FieldType::Text => "a text",
            FieldType::Int => "a whole number",
            FieldType::Real => "a number",
            FieldType::Bool => "true or false",
            FieldType::Date => "a day, 2026-05-19",
            FieldType::DateTime => "a moment, 2026-05-19T08:00:00Z",
            FieldType::List => "a list of texts",
        };
        let detail = format!("{} is {wanted}, or null", field.id);
        Problem::about("wrong_type", field.id.as_str(), detail)
    };
    let text = || json.as_str().map(str::to_owned);
    let value = match field.field_type {
        _ if json.is_null() => Some(Value::Null),
        FieldType::Text => text().map(Value::Text),
        FieldType::Int => json
            .as_i64()
            .or_else(|| json.as_f64().filter(|it| it.fract() == 0.0).map(|it| it as i64))
            .filter(|it| it.unsigned_abs() <= INT_MAX as u64)
            .map(Value::Int),
        FieldType::Real => json.as_f64().map(Value::Real),
        FieldType::Bool => json.as_bool().map(Value::Bool),
        FieldType::Date => text()
            .filter(|it| it.len() == 10 && Timestamp::parse(&format!("{it}T00:00:00Z")).is_ok())
            .map(Value::Text),
        FieldType::DateTime => text().filter(|it| Timestamp::parse(it).is_ok()).map(Value::Text),
        FieldType::List => json
            .as_array()
            .and_then(|it| it.iter().map(|it| it.as_str().map(str::to_owned)).collect())
            .map(Value::List),
    };
    value.ok_or_else(wrong)
}

/// From what is stored to what is wanted. What comes back as it was shown is not changed, however it is stored: a
/// value of another type, or a place that was rounded when it was written.
fn changes(
    wanted: Wanted,
    body: &Json,
    (feature, dataset): (&Feature, &Dataset),
    frame: Frame,
) -> Result<BTreeMap<FieldId, Change>, Problem> {
    let mut changes = BTreeMap::new();
    for (id, new) in wanted.values {
        let Some(field) = dataset.field(id.as_str()) else { continue };
        if shown(field, &feature.properties) != new {
            let old = feature.properties.get(&id).cloned().unwrap_or(Value::Null);
            changes.insert(id, Change { old, new });
        }
    }
    let old = feature.geometry.clone();
    match wanted.place {
        Place::AsItIs => {}
        Place::Nowhere => {
            if let Some(old) = old {
                let change = Change { old: Value::Geometry(old), new: Value::Null };
                changes.insert(geometry_field()?, change);
            }
        }
        Place::At(new) => {
            let is_as_shown = old.as_ref().is_some_and(|old| {
                let mut text = String::new();
                write_geometry(&mut text, &old.to_types(), frame);
                let shown: Option<Json> = serde_json::from_str(&text).ok();
                shown.is_some_and(|it| is_same_shape(&it, &body["geometry"]))
            });
            if !is_as_shown {
                let old = old.map_or(Value::Null, Value::Geometry);
                changes.insert(geometry_field()?, Change { old, new: Value::Geometry(new) });
            }
        }
    }
    Ok(changes)
}

/// Whether two shapes have the same type and the same numbers, however these are written.
fn is_same_shape(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same_shape(a, b))
        }
        (Json::Object(a), Json::Object(b)) => {
            a.get("type") == b.get("type")
                && ["coordinates", "geometries"].into_iter().all(|key| {
                    match (a.get(key), b.get(key)) {
                        (Some(a), Some(b)) => is_same_shape(a, b),
                        (None, None) => true,
                        _ => false,
                    }
                })
        }
        _ => false,
    }
}
