use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use faltkarta_changes::Operation;
use faltkarta_model::{DatasetId, OpId};
use faltkarta_protocol::{
    Declaration, Head, JoinReply, JoinRequest, NumberBlock, NumberRequest, PROTOCOL_OLDEST,
    PROTOCOL_VERSION, PullReply, PushReply, PushRequest, SchemaRevision, Witness,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json_;

use crate::areas::Reader;
use crate::backend::{DeviceRow, GeodataStore, Malformed, Pusher};
use crate::catching_up::{is_name, read_operation};
use crate::error::StoreError;
use crate::http::answer::Refusal;
use crate::http::columns;
use crate::http::context::{Asker, Context, Peer};
use crate::http::encoding::Message;
use crate::http::subscription::reader;
use crate::numbering::lease_numbers;
use crate::role::Role;

/// The most operations in one push.
const MAX_OPS: usize = 200;
/// The most bytes in the body of a request.
pub(super) const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// The body, or why it was not taken.
pub(super) fn body(bytes: Result<Bytes, BytesRejection>) -> Result<Bytes, StoreError> {
    bytes.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            StoreError::TooLarge { most: MAX_BODY_BYTES as u64, unit: "bytes" }
        } else {
            StoreError::Malformed { text: rejection.body_text() }
        }
    })
}

pub(super) fn parse<T: DeserializeOwned>(json: Json_) -> Result<T, StoreError> {
    serde_json::from_value(json).map_err(|error| StoreError::Malformed { text: error.to_string() })
}

/// The body as JSON, and the version of the wire that it says it speaks.
pub(super) fn read(bytes: &[u8]) -> Result<(Json_, u32), StoreError> {
    let json: Json_ = serde_json::from_slice(bytes)
        .map_err(|error| StoreError::Malformed { text: error.to_string() })?;
    let protocol = json.get("protocol").and_then(Json_::as_u64);
    let protocol = protocol
        .and_then(|it| u32::try_from(it).ok())
        .ok_or_else(|| StoreError::Malformed { text: "protocol is missing".to_owned() })?;
    Ok((json, protocol))
}

fn is_spoken(protocol: u32) -> bool {
    (PROTOCOL_OLDEST..=PROTOCOL_VERSION).contains(&protocol)
}

/// `POST /sync/v1/join`
pub(super) async fn join(
    State(context): State<Context>,
    peer: Peer,
    headers: HeaderMap,
    Message(bytes): Message,
) -> Result<Json<JoinReply>, Refusal> {
    let (json, protocol) = read(&bytes)?;
    if !is_spoken(protocol) {
        return Err(StoreError::VersionMismatch { found: protocol }.into());
    }
    let request: JoinRequest = parse(json)?;
    for name in [&request.device_name, &request.user_name] {
        if name.trim().is_empty() || !is_name(name) {
            let text = "a name must have 1–200 characters".to_owned();
            return Err(StoreError::Malformed { text }.into());
        }
    }
    let is_local = context.is_local(peer.0, &headers);
    let reply = context.run(move |it| it.store.join(&request, is_local, it.rim.as_ref())).await?;
    Ok(Json(reply))
}

/// A push with its operations still unread, so that one that cannot be read does not spoil the others.
#[derive(Debug, Deserialize)]
struct OpenPush {
    epoch: String,
    replica: faltkarta_model::ReplicaId,
    lineage: String,
    witness: Witness,
    ops: Vec<Json_>,
    #[serde(default)]
    former_seqs: BTreeMap<OpId, u64>,
}

/// `POST /sync/v1/{workspace}/push`
pub(super) async fn push(
    State(context): State<Context>,
    Asker(device): Asker,
    headers: HeaderMap,
    Message(bytes): Message,
) -> Result<Json<PushReply>, Refusal> {
    let reply = context.run(move |it| {
        if columns::is_columns(&headers) {
            let request = columns::read(it, &device, &bytes)?;
            let ops: Vec<_> = request.ops.into_iter().map(Ok).collect();
            let PushRequest { epoch, replica, lineage, witness, former_seqs, .. } = request;
            let push = OpenPush { epoch, replica, lineage, witness, ops: vec![], former_seqs };
            return apply(it, &device, &push, &ops);
        }
        let (json, protocol) = read(&bytes)?;
        if !is_spoken(protocol) {
            // The bytes leave the laptop before its program is replaced.
            it.store.keep_raw_push(&device, &bytes, it.rim.now())?;
            return Err(StoreError::VersionMismatch { found: protocol });
        }
        let request: OpenPush = parse(json)?;
        if request.ops.len() > MAX_OPS {
            return Err(StoreError::TooLarge { most: MAX_OPS as u64, unit: "operations" });
        }
        let mut request = request;
        let read = |json| read_operation(json, it.store.workspace());
        let ops = std::mem::take(&mut request.ops).into_iter().map(read);
        let ops = ops.collect::<Result<Vec<_>, _>>()?;
        apply(it, &device, &request, &ops)
    });
    Ok(Json(reply.await?))
}

fn apply(
    context: &Context,
    device: &DeviceRow,
    push: &OpenPush,
    ops: &[Result<Operation, Malformed>],
) -> Result<PushReply, StoreError> {
    let pusher = Pusher {
        device,
        replica: push.replica,
        epoch: &push.epoch,
        lineage: &push.lineage,
        witness: &push.witness,
        former_seqs: &push.former_seqs,
    };
    context.store.apply_ops(&pusher, ops, context.rim.as_ref())
}

/// Where to go on, and how far.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    #[serde(default)]
    cursor: String,
    /// The newest entry that the laptop has heard of, as a cursor.
    #[serde(default)]
    seen: String,
    limit: Option<usize>,
}

/// `GET /sync/v1/{workspace}/changes`
pub(super) async fn changes(
    State(context): State<Context>,
    Asker(device): Asker,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<PullReply>, Refusal> {
    let Ok(Query(page)) = page else {
        let text = "cursor, seen and limit cannot be read".to_owned();
        return Err(StoreError::Malformed { text }.into());
    };
    let limit = page.limit.unwrap_or(500).clamp(1, 5_000);
    let reply = context.run(move |it| {
        let reader = Reader { seen: page.seen, ..reader(it.store.as_ref(), &device)? };
        let page = it.store.pull(&page.cursor, limit, &reader, it.rim.as_ref())?;
        Ok(PullReply {
            entries: page.entries,
            cursor: page.cursor,
            at: Head { seq: page.at.seq, chain: page.at.chain },
            up_to_date: page.is_up_to_date,
            safe_seq: page.at.safe_seq,
            min_seq: page.at.min_seq,
            subscription: reader.revision,
            schema: schema_of(it.store.as_ref(), device.role),
            server_time: it.rim.now(),
        })
    });
    Ok(Json(reply.await?))
}

/// The revisions in force of the datasets that a role may have.
fn schema_of(store: &dyn GeodataStore, role: Role) -> Vec<SchemaRevision> {
    let datasets = store.datasets().into_iter().filter(|it| role.may_fetch(&it.dataset));
    datasets.map(|it| SchemaRevision { dataset: it.dataset.id, revision: it.revision }).collect()
}

/// `GET /sync/v1/{workspace}/schema/{dataset}/{revision}`
pub(super) async fn declaration(
    State(context): State<Context>,
    Asker(device): Asker,
    path: Result<Path<(String, String, u32)>, PathRejection>,
) -> Result<Json<Declaration>, Refusal> {
    let Ok(Path((_, dataset, revision))) = path else { return Err(StoreError::NotFound.into()) };
    let dataset = DatasetId::parse(&dataset).map_err(|_| StoreError::NotFound)?;
    let reply = context.run(move |it| {
        let rows = it.store.datasets();
        let row = rows.iter().find(|it| it.dataset.id == dataset).ok_or(StoreError::NotFound)?;
        if !device.role.may_fetch(&row.dataset) {
            return Err(StoreError::Unpermitted);
        }
        it.store.declaration(&dataset, revision)
    });
    Ok(Json(reply.await?))
}

/// `POST /sync/v1/{workspace}/numbers`
pub(super) async fn numbers(
    State(context): State<Context>,
    Asker(device): Asker,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<NumberBlock>, Refusal> {
    let (json, protocol) = read(&body(bytes)?)?;
    if !is_spoken(protocol) {
        return Err(StoreError::VersionMismatch { found: protocol }.into());
    }
    let request: NumberRequest = parse(json)?;
    let reply = context
        .run(move |it| lease_numbers(it.store.as_ref(), &device, &request, it.rim.now()))
        .await?;
    Ok(Json(reply))
}

/// Keeps the type of the wire and the one that is read in step: every key of a push is read here.
#[cfg(test)]
mod tests {
    use super::*;
    use faltkarta_protocol::PushRequest;

    #[test]
    fn every_key_of_a_push_is_read() {
        let request = PushRequest {
            protocol: PROTOCOL_VERSION,
            epoch: "e".into(),
            replica: faltkarta_model::ReplicaId::from_uuid(uuid::Uuid::nil()),
            lineage: "l".into(),
            witness: Witness { seq: 1, chain: "c".into() },
            ops: vec![],
            former_seqs: BTreeMap::from([(OpId::from_uuid(uuid::Uuid::nil()), 3)]),
        };
        let json = serde_json::to_value(&request).unwrap();
        assert_eq!(json.as_object().unwrap().len(), 7);
        let open: OpenPush = serde_json::from_value(json).unwrap();
        assert_eq!(
            (open.epoch, open.lineage, open.witness, open.former_seqs),
            ("e".into(), "l".into(), request.witness, request.former_seqs)
        );
    }
}
