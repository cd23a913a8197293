use faltkarta_changes::{Change, Operation, OperationKind};
use faltkarta_model::{Field, OpId, ReplicaId, Value};
use faltkarta_protocol::{PROTOCOL_OLDEST, PROTOCOL_VERSION};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::backend::{DatasetRow, FeatureFilter, GeodataStore, Malformed, RawPush, Task};
use crate::error::StoreError;
use crate::judging::convert;
use crate::rim::Rim;

/// So many operations are judged in one transaction.
const CHUNK: usize = 200;

/// Does what a newer program or newer declarations make possible: rows get the values of fields that took another's
/// place, pushes of another version of the wire are read and judged, operations that waited for a declaration are
/// judged again. A backend calls it when it has opened a store for itself.
///
/// # Errors
///
/// As for [`GeodataStore`]; what was done before stays done, and the rest is done the next time.
pub(crate) fn catch_up(store: &dyn GeodataStore, rim: &dyn Rim) -> Result<(), StoreError> {
    for row in store.datasets() {
        for field in row.dataset.fields.iter().filter(|it| it.replaces.is_some()) {
            convert_rows(store, &row, field, rim)?;
        }
    }
    for raw in store.raw_pushes()? {
        take_raw(store, &raw, rim)?;
    }
    let judged = store.judge(&Task::Retry { why: "schema" }, rim)?;
    if !judged.is_empty() {
        tracing::info!(
            n = judged.len(),
            "operations that waited for a declaration were judged again"
        );
    }
    Ok(())
}

/// Gives a field that took another's place its values, each by an operation of its own that names feature, field and
/// nothing of chance: done twice it has one effect, and what people write into the field later stays.
fn convert_rows(
    store: &dyn GeodataStore,
    row: &DatasetRow,
    field: &Field,
    rim: &dyn Rim,
) -> Result<(), StoreError> {
    let Some(earlier) = &field.replaces else { return Ok(()) };
    let dataset = &row.dataset.id;
    let mut ops: Vec<Result<Operation, Malformed>> = vec![];
    let filter = FeatureFilter { dataset: dataset.clone(), bounds: None };
    store.for_each_feature(&filter, &mut |feature| {
        let value =
            feature.properties.get(earlier).filter(|_| !feature.properties.contains_key(&field.id));
        let Some(new) = value.and_then(|it| convert(it, field.field_type)) else { return Ok(()) };
        let name = format!("{dataset}.{} replaces {earlier}", field.id);
        ops.push(Ok(Operation {
            id: OpId::from_uuid(Uuid::new_v5(&feature.id.uuid(), name.as_bytes())),
            replica: ReplicaId::from_uuid(Uuid::new_v5(&Uuid::NAMESPACE_OID, b"faltkarta.schema")),
            op_no: 0,
            user: "schema".to_owned(),
            device_time: rim.now(),
            clock_offset_ms: Some(0),
            dataset: dataset.clone(),
            schema_rev: row.revision,
            feature: feature.id,
            kind: OperationKind::Update,
            base_version: feature.version,
            changes: [(field.id.clone(), Change { old: Value::Null, new })].into(),
            depends_on: vec![],
            group: None,
            atomic: false,
            blobs: vec![],
            note: None,
        }));
        Ok(())
    })?;
    for chunk in ops.chunks(CHUNK) {
        store.judge(&Task::Relay { device: "store", role: None, ops: chunk }, rim)?;
    }
    Ok(())
}

/// Judges the operations of a push that came in another version of the wire, when this program knows that one now.
fn take_raw(store: &dyn GeodataStore, raw: &RawPush, rim: &dyn Rim) -> Result<(), StoreError> {
    let Some(ops) = raw_ops(store, raw) else { return Ok(()) };
    let device = store.devices()?.into_iter().find(|it| it.id == raw.device);
    let Some(device) = device else { return Ok(()) };
    for chunk in ops.chunks(CHUNK) {
        let task = Task::Relay { device: &device.name, role: Some(device.role), ops: chunk };
        store.judge(&task, rim)?;
    }
    tracing::info!(n = ops.len(), device = device.name, "a push of another version was taken in");
    store.drop_raw_push(raw.no)
}

/// `None` when the push is still of another world.
fn raw_ops(store: &dyn GeodataStore, raw: &RawPush) -> Option<Vec<Result<Operation, Malformed>>> {
    let mut json: Json = serde_json::from_slice(&raw.body).ok()?;
    let protocol = json.get("protocol").and_then(Json::as_u64)?;
    if !(u64::from(PROTOCOL_OLDEST)..=u64::from(PROTOCOL_VERSION)).contains(&protocol) {
        return None;
    }
    let Json::Array(ops) = json.get_mut("ops")?.take() else { return None };
    ops.into_iter().map(|it| read_operation(it, store.workspace()).ok()).collect()
}

/// Reads one operation as far as it can be read. One that names another workspace came here by mistake; it and one
/// that cannot be read are kept whole for the coordinator.
///
/// # Errors
///
/// [`StoreError::Malformed`] when not even its id can be read.
pub fn read_operation(
    json: Json,
    workspace: &str,
) -> Result<Result<Operation, Malformed>, StoreError> {
    let id = json.get("id").and_then(Json::as_str).and_then(|it| it.parse::<OpId>().ok());
    let payload = json.to_string();
    let named = json.get("workspace").and_then(Json::as_str);
    if let (Some(op), true) = (id, named.is_some_and(|it| it != workspace)) {
        return Ok(Err(Malformed { op, why: "foreign_workspace", payload }));
    }
    let read = serde_json::from_value::<Operation>(json).map_err(|error| error.to_string());
    let named = read.and_then(|op| {
        // A name is text that every store can keep.
        if is_name(&op.user) { Ok(op) } else { Err("user is not a name".to_owned()) }
    });
    match (named, id) {
        (Ok(op), _) => Ok(Ok(op)),
        (Err(_), Some(op)) => Ok(Err(Malformed { op, why: "malformed", payload })),
        (Err(text), None) => Err(StoreError::Malformed { text: format!("operation: {text}") }),
    }
}

/// Whether a text can name a person or a laptop: up to 200 characters, none of control.
pub(crate) fn is_name(text: &str) -> bool {
    text.chars().count() <= 200 && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_without_a_readable_id_spoils_the_push_and_one_with_an_id_does_not() {
        assert!(read_operation(serde_json::json!({"id": 7}), "main").is_err());
        let id = Uuid::from_u128(5).to_string();
        let bad = serde_json::json!({"id": id, "kind": "explode"});
        let malformed = read_operation(bad, "main").unwrap().unwrap_err();
        assert!(malformed.payload.contains("explode") && malformed.why == "malformed");
        let foreign = serde_json::json!({"id": id, "workspace": "other"});
        assert_eq!(read_operation(foreign, "main").unwrap().unwrap_err().why, "foreign_workspace");
    }
}
