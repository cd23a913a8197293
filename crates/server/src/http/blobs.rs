use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use faltkarta_model::BlobId;
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};

use crate::backend::StoredBlob;
use crate::blobs::{BlobPiece, MAX_BLOB_BYTES, MAX_PREVIEW_BYTES, Staged};
use crate::error::StoreError;
use crate::http::answer::{Refusal, UPLOAD_COMPLETE, UPLOAD_LENGTH, UPLOAD_OFFSET};
use crate::http::context::{Asker, Context};
use crate::http::files::{self, Served};
use crate::http::sync::body;
use crate::role::Role;

/// The most bytes in one chunk.
const MAX_CHUNK_BYTES: u64 = 4 * 1024 * 1024;
/// How much of a chunk is gathered before it is written.
const GATHER_BYTES: usize = 64 * 1024;
/// How long a chunk may bring nothing before its writer gives up. What it brought is kept.
const STALL: Duration = Duration::from_mins(1);

type InPath = Path<(String, String)>;

fn blob_id(text: &str) -> Result<BlobId, StoreError> {
    BlobId::parse(text).map_err(|error| StoreError::Malformed { text: error.to_string() })
}

fn progress(piece: BlobPiece) -> Response {
    let complete = HeaderValue::from_static(if piece.is_complete { "?1" } else { "?0" });
    let headers = [(UPLOAD_COMPLETE, complete), (UPLOAD_OFFSET, HeaderValue::from(piece.n_bytes))];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// What the store has of an attachment.
fn look(context: &Context, blob: &BlobId) -> Result<BlobPiece, StoreError> {
    Ok(match context.store.blob(blob)?.n_bytes {
        Some(n_bytes) => BlobPiece { n_bytes, is_complete: true },
        None => BlobPiece { n_bytes: context.store.depot().n_arrived(blob)?, is_complete: false },
    })
}

/// `HEAD /sync/v1/{workspace}/blobs/{blob}`
pub(super) async fn head(
    State(context): State<Context>,
    _: Asker,
    Path((_, blob)): InPath,
) -> Result<Response, Refusal> {
    let id = blob_id(&blob)?;
    let piece = context.run(move |it| look(it, &id)).await?;
    if piece.n_bytes == 0 {
        return Err(StoreError::NotFound.into());
    }
    let mut response = progress(piece);
    if piece.is_complete {
        *response.status_mut() = StatusCode::OK;
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(piece.n_bytes));
        *response.body_mut() = Body::empty();
    }
    Ok(response)
}

/// Whether somebody may see an attachment: a feature that names it is of a dataset that he is sent. The hash alone
/// opens nothing.
fn check_sight(context: &Context, blob: &StoredBlob, role: Role) -> Result<(), StoreError> {
    if blob.datasets.is_empty() {
        return Err(StoreError::NotFound);
    }
    let declared = context.store.datasets();
    let may = declared
        .iter()
        .any(|it| blob.datasets.contains(&it.dataset.id) && role.may_fetch(&it.dataset));
    if may { Ok(()) } else { Err(StoreError::Unpermitted) }
}

/// `GET /sync/v1/{workspace}/blobs/{blob}`
pub(super) async fn get(
    State(context): State<Context>,
    Asker(device): Asker,
    Path((_, blob)): InPath,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let id = blob_id(&blob)?;
    let asked = id.clone();
    let n_bytes = context.run(move |it| {
        let found = it.store.blob(&asked)?;
        check_sight(it, &found, device.role)?;
        found.n_bytes.ok_or(StoreError::NotFound)
    });
    let n_bytes = n_bytes.await?;
    let etag = id.digits().to_owned();
    let store = Arc::clone(&context.store);
    let read =
        move |range: Range<u64>| store.depot().read(&id, range).map_err(std::io::Error::other);
    let served =
        Served { etag, media_type: "application/octet-stream", n_bytes, read: Box::new(read) };
    Ok(files::serve(&headers, served))
}

/// `GET /sync/v1/{workspace}/blobs/{blob}/preview`
pub(super) async fn get_preview(
    State(context): State<Context>,
    Asker(device): Asker,
    Path((_, blob)): InPath,
) -> Result<Response, Refusal> {
    let id = blob_id(&blob)?;
    let bytes = context.run(move |it| {
        let found = it.store.blob(&id)?;
        check_sight(it, &found, device.role)?;
        if found.has_preview { it.store.depot().preview(&id) } else { Err(StoreError::NotFound) }
    });
    let bytes = bytes.await?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("image/jpeg"))], bytes).into_response())
}

/// `PUT /sync/v1/{workspace}/blobs/{blob}/preview`
pub(super) async fn put_preview(
    State(context): State<Context>,
    _: Asker,
    Path((_, blob)): InPath,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let id = blob_id(&blob)?;
    let bytes = body(bytes)?;
    if bytes.len() > MAX_PREVIEW_BYTES {
        return Err(StoreError::TooLarge { most: MAX_PREVIEW_BYTES as u64, unit: "bytes" }.into());
    }
    if Sha256::digest(&bytes)[..] != said_digest(&headers)? {
        return Err(StoreError::PreviewDamaged.into());
    }
    if !bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        let text = "a preview is a JPEG picture".to_owned();
        return Err(StoreError::Malformed { text }.into());
    }
    context
        .run(move |it| {
            // The first one stands: whoever has the photo makes the same picture of it.
            if !it.store.blob(&id)?.has_preview {
                it.store.depot().put_preview(&id, &bytes)?;
                it.store.keep_preview(&id, it.rim.now())?;
            }
            Ok(())
        })
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64, StoreError> {
    let value = headers.get(name).and_then(|it| it.to_str().ok()).and_then(|it| it.parse().ok());
    value.ok_or_else(|| StoreError::Malformed { text: format!("{name} is missing or no number") })
}

/// `Content-Digest: sha-256=:BASE64:` (RFC 9530).
fn said_digest(headers: &HeaderMap) -> Result<Vec<u8>, StoreError> {
    headers
        .get("content-digest")
        .and_then(|it| it.to_str().ok())
        .and_then(|it| it.trim().strip_prefix("sha-256=:")?.strip_suffix(':'))
        .and_then(|it| STANDARD.decode(it).ok())
        .ok_or_else(|| StoreError::Malformed { text: "Content-Digest is missing".to_owned() })
}

/// A chunk as its headers announce it.
struct Chunk {
    blob: BlobId,
    at: u64,
    total: u64,
    digest: Vec<u8>,
}

/// `PATCH /sync/v1/{workspace}/blobs/{blob}`
pub(super) async fn patch(
    State(context): State<Context>,
    _: Asker,
    Path((_, blob)): InPath,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Refusal> {
    let chunk = Chunk {
        blob: blob_id(&blob)?,
        at: number(&headers, &UPLOAD_OFFSET)?,
        total: number(&headers, &UPLOAD_LENGTH)?,
        digest: said_digest(&headers)?,
    };
    if chunk.total > MAX_BLOB_BYTES {
        return Err(StoreError::TooLarge { most: MAX_BLOB_BYTES, unit: "bytes" }.into());
    }
    if number(&headers, &header::CONTENT_LENGTH).is_ok_and(|it| it > MAX_CHUNK_BYTES) {
        return Err(StoreError::TooLarge { most: MAX_CHUNK_BYTES, unit: "bytes" }.into());
    }
    if context.runs_inline {
        return Ok(progress(receive(context, chunk, body).await?));
    }
    // A task of its own: when the connection breaks, this answer is dropped, and what has come must still be kept.
    let received = tokio::spawn(receive(context, chunk, body)).await;
    let stopped = |_| StoreError::Packaging {
        doing: "taking an attachment",
        text: "the work stopped".to_owned(),
    };
    Ok(progress(received.map_err(stopped)??))
}

/// How the body of a chunk ended.
enum End {
    Whole,
    /// It broke off, stalled, or somebody newer came. What has arrived is good to go on from.
    Cut,
    /// It brought more than it may.
    TooMuch(StoreError),
}

async fn receive(context: Context, chunk: Chunk, body: Body) -> Result<BlobPiece, Refusal> {
    let Some(seat) = context.store.depot().take_seat(&chunk.blob).await else {
        return Err(overtaken(context, chunk.blob).await);
    };
    let (blob, at, total) = (chunk.blob.clone(), chunk.at, chunk.total);
    let opened = context.run(move |it| {
        let held = look(it, &blob)?;
        if held.is_complete {
            return Ok(Err(held));
        }
        if held.n_bytes != at {
            return Err(StoreError::WrongOffset { expected: held.n_bytes });
        }
        if at > total {
            let text = "Upload-Length is less than what there is".to_owned();
            return Err(StoreError::Malformed { text });
        }
        let staged = it.store.depot().stage(&blob, seat)?;
        if staged.n_bytes() == at {
            return Ok(Ok(staged));
        }
        // All of it is in its place already, and only the row that says so is missing.
        if at != total {
            let text = "Upload-Length is not the length of what there is".to_owned();
            return Err(StoreError::Malformed { text });
        }
        it.store.depot().finish(it.store.as_ref(), &blob, staged, it.rim.now()).map(Err)
    });
    let staged = match opened.await? {
        Ok(staged) => staged,
        Err(whole) => return Ok(whole),
    };
    let mut hasher = Sha256::new();
    let (mut staged, end) = take_body(&context, staged, &chunk, body, &mut hasher).await?;
    let is_same = hasher.finalize()[..] == chunk.digest[..];
    let Chunk { blob, at, total, .. } = chunk;
    context
        .run(move |it| match end {
            End::Cut => Err(StoreError::WrongOffset { expected: staged.n_bytes() }),
            End::TooMuch(error) => {
                staged.cut(at)?;
                Err(error)
            }
            // The chunk was spoilt on its way; the store still has what it had.
            End::Whole if !is_same => {
                staged.cut(at)?;
                Err(StoreError::WrongOffset { expected: at })
            }
            End::Whole if staged.n_bytes() < total => {
                staged.sync()?;
                Ok(BlobPiece { n_bytes: staged.n_bytes(), is_complete: false })
            }
            End::Whole => it.store.depot().finish(it.store.as_ref(), &blob, staged, it.rim.now()),
        })
        .await
}

async fn overtaken(context: Context, blob: BlobId) -> Refusal {
    let held = context.run(move |it| look(it, &blob)).await;
    held.map_or_else(|it| it, |it| StoreError::WrongOffset { expected: it.n_bytes }.into())
}

/// Writes the body as it comes. All that has come is staged when this returns, however the body ended.
async fn take_body(
    context: &Context,
    mut staged: Staged,
    chunk: &Chunk,
    mut body: Body,
    hasher: &mut Sha256,
) -> Result<(Staged, End), Refusal> {
    let most = (chunk.total - chunk.at).min(MAX_CHUNK_BYTES);
    let mut gathered: Vec<u8> = Vec::with_capacity(GATHER_BYTES);
    let mut n_taken = 0;
    let end = loop {
        let frame = tokio::select! {
            // Who is overtaken must not write one byte more than he has.
            biased;
            () = staged.seat.overtaken() => break End::Cut,
            frame = tokio::time::timeout(STALL, body.frame()) => frame,
        };
        let data = match frame {
            Err(_) | Ok(Some(Err(_))) => break End::Cut,
            Ok(None) => break End::Whole,
            Ok(Some(Ok(frame))) => match frame.into_data() {
                Ok(data) => data,
                Err(_) => continue,
            },
        };
        n_taken += data.len() as u64;
        if n_taken > most {
            break End::TooMuch(if n_taken > MAX_CHUNK_BYTES {
                StoreError::TooLarge { most: MAX_CHUNK_BYTES, unit: "bytes" }
            } else {
                let text = "more bytes than Upload-Length says".to_owned();
                StoreError::Malformed { text }
            });
        }
        hasher.update(&data);
        gathered.extend_from_slice(&data);
        if gathered.len() >= GATHER_BYTES {
            staged = write(context, staged, std::mem::take(&mut gathered)).await?;
        }
    };
    if !gathered.is_empty() && !matches!(end, End::TooMuch(_)) {
        staged = write(context, staged, gathered).await?;
    }
    Ok((staged, end))
}

async fn write(context: &Context, mut staged: Staged, bytes: Vec<u8>) -> Result<Staged, Refusal> {
    // The seat travels with the bytes: nobody else writes before these are down.
    context
        .run(move |_| {
            staged.add(&bytes)?;
            Ok(staged)
        })
        .await
}
