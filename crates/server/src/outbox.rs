//! A laptop's emergency file, taken in at the store.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use faltkarta_changes::Operation;
use faltkarta_model::{BlobId, OpId};
use faltkarta_protocol::Outcome;
use serde::Deserialize;
use serde_json::Value;

use crate::backend::{GeodataStore, Malformed};
use crate::blobs::add_to_blob;
use crate::error::StoreError;
use crate::rim::Rim;
use crate::role::Role;

/// The format of the file, see `docs/formats/sync-1.md`.
const FORMAT: &str = "faltkarta.outbox/1";

/// So many operations are one transaction; a group that would be torn goes whole into the next.
const OPS_AT_ONCE: usize = 200;

/// What was taken in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OutboxReport {
    /// Operations in the file.
    pub n_ops: usize,
    /// Of these, how many hold at the store now, whole.
    pub n_merged: usize,
    /// How many have something that waits for a person.
    pub n_conflicts: usize,
    /// How many wait, parked or quarantined; all are kept whole.
    pub n_held: usize,
    /// Attachments in the file.
    pub n_blobs: usize,
    /// Of these, how many the store lacked.
    pub n_blobs_new: usize,
    /// Forms that are not complete; they stay in the file.
    pub n_drafts: usize,
}

#[derive(Debug, Deserialize)]
struct File {
    format: String,
    #[serde(default)]
    ops: Vec<Value>,
    #[serde(default)]
    blobs: Vec<Blob>,
    #[serde(default)]
    drafts: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct Blob {
    id: BlobId,
    base64: String,
}

/// Takes in a file that a laptop wrote when it could not reach the store. Operations keep their ids and authors and have
/// the rights of field work; the same file may come any number of times, before or after the laptop itself.
///
/// # Errors
///
/// [`StoreError::Malformed`] for what is no such file, [`StoreError::DigestMismatch`] for an attachment that does not
/// hash to its id; what stood before it in the file is taken in, and the file may come again.
pub fn take_outbox(
    store: &dyn GeodataStore,
    path: &Path,
    rim: &dyn Rim,
) -> Result<OutboxReport, StoreError> {
    let text = fs::read(path).map_err(StoreError::io("reading", path))?;
    let malformed = |text: String| StoreError::Malformed { text };
    let file: File = serde_json::from_slice(&text).map_err(|it| malformed(it.to_string()))?;
    if file.format != FORMAT {
        return Err(malformed(format!("the file is no {FORMAT}")));
    }
    let ops: Vec<_> = file.ops.into_iter().map(read_op).collect::<Result<_, _>>()?;
    let mut report = OutboxReport {
        n_ops: ops.len(),
        n_blobs: file.blobs.len(),
        n_drafts: file.drafts.len(),
        ..OutboxReport::default()
    };
    let mut rest = &ops[..];
    while !rest.is_empty() {
        let piece = &rest[..piece_len(rest)];
        rest = &rest[piece.len()..];
        for outcome in store.take_ops((Role::FIELD, "outbox"), piece, rim.now())? {
            match outcome.outcome {
                Outcome::Applied | Outcome::Merged | Outcome::Same => report.n_merged += 1,
                Outcome::Conflict { .. } => report.n_conflicts += 1,
                Outcome::Parked { .. } | Outcome::Quarantined { .. } => report.n_held += 1,
            }
        }
    }
    for blob in &file.blobs {
        let bytes = STANDARD
            .decode(&blob.base64)
            .map_err(|_| malformed(format!("{} is not base 64", blob.id)))?;
        report.n_blobs_new += usize::from(take_blob(store, &blob.id, &bytes, rim)?);
    }
    tracing::info!(?report, "emergency file taken in");
    Ok(report)
}

/// Whether the store lacked it.
fn take_blob(
    store: &dyn GeodataStore,
    blob: &BlobId,
    bytes: &[u8],
    rim: &dyn Rim,
) -> Result<bool, StoreError> {
    if store.blob(blob)?.n_bytes.is_some() {
        return Ok(false);
    }
    // A part that came over the wire is the beginning of the same bytes.
    let at = store.depot().n_arrived(blob)?.min(bytes.len() as u64);
    let rest = bytes.get(at as usize..).unwrap_or_default();
    add_to_blob(store, blob, (at, bytes.len() as u64), rest, rim.now())?;
    Ok(true)
}

/// An operation that cannot be read is kept when at least its id can.
fn read_op(json: Value) -> Result<Result<Operation, Malformed>, StoreError> {
    let op = json.get("id").and_then(Value::as_str).and_then(|it| it.parse::<OpId>().ok());
    let payload = json.to_string();
    match serde_json::from_value(json) {
        Ok(op) => Ok(Ok(op)),
        Err(error) => match op {
            Some(op) => Ok(Err(Malformed { why: "malformed", op, payload })),
            None => Err(StoreError::Malformed { text: format!("operation: {error}") }),
        },
    }
}

fn piece_len(ops: &[Result<Operation, Malformed>]) -> usize {
    let group = |at: usize| {
        let op = ops.get(at)?.as_ref().ok()?;
        op.group.filter(|_| op.atomic)
    };
    let mut n = ops.len().min(OPS_AT_ONCE);
    while n < ops.len() && group(n).is_some() && group(n) == group(n - 1) {
        n += 1;
    }
    n
}
