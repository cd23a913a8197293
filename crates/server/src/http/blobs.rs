use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use faltkarta_model::BlobId;
use sha2::{Digest as _, Sha256};

use crate::backend::StoredBlob;
use crate::error::StoreError;
use crate::http::answer::{Refusal, UPLOAD_COMPLETE, UPLOAD_LENGTH, UPLOAD_OFFSET};
use crate::http::context::{Asker, Context};
use crate::http::files::{self, Served};
use crate::http::sync::body;

/// The most bytes in one chunk.
const MAX_CHUNK_BYTES: usize = 4 * 1024 * 1024;

type InPath = Path<(String, String)>;

fn blob_id(text: &str) -> Result<BlobId, StoreError> {
    BlobId::parse(text).map_err(|error| StoreError::Malformed { text: error.to_string() })
}

fn progress(blob: &StoredBlob) -> Response {
    let is_complete = blob.file.is_some();
    let complete = HeaderValue::from_static(if is_complete { "?1" } else { "?0" });
    let headers = [(UPLOAD_COMPLETE, complete), (UPLOAD_OFFSET, HeaderValue::from(blob.n_bytes))];
    (StatusCode::NO_CONTENT, headers).into_response()
}

/// `HEAD /sync/v1/{workspace}/blobs/{blob}`
pub(super) async fn head(
    State(context): State<Context>,
    _: Asker,
    Path((_, blob)): InPath,
) -> Result<Response, Refusal> {
    let id = blob_id(&blob)?;
    let found = context.run(move |it| it.store.blob(&id)).await?.ok_or(StoreError::NotFound)?;
    if found.file.is_none() {
        return Ok(progress(&found));
    }
    let mut response = progress(&found);
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(found.n_bytes));
    *response.body_mut() = Body::empty();
    Ok(response)
}

/// `GET /sync/v1/{workspace}/blobs/{blob}`
pub(super) async fn get(
    State(context): State<Context>,
    _: Asker,
    Path((_, blob)): InPath,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let id = blob_id(&blob)?;
    let etag = id.digits().to_owned();
    let found = context.run(move |it| it.store.blob(&id)).await?;
    let file = found.and_then(|it| it.file).ok_or(StoreError::NotFound)?;
    files::serve(&headers, Served { file, etag, media_type: "application/octet-stream" }).await
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Result<u64, StoreError> {
    let value = headers.get(name).and_then(|it| it.to_str().ok()).and_then(|it| it.parse().ok());
    value.ok_or_else(|| StoreError::Malformed { text: format!("{name} is missing or no number") })
}

/// `Content-Digest: sha-256=:BASE64:` against the bytes.
fn check_digest(headers: &HeaderMap, bytes: &[u8]) -> Result<(), StoreError> {
    let said = headers
        .get("content-digest")
        .and_then(|it| it.to_str().ok())
        .and_then(|it| it.trim().strip_prefix("sha-256=:")?.strip_suffix(':'))
        .and_then(|it| STANDARD.decode(it).ok())
        .ok_or_else(|| StoreError::Malformed { text: "Content-Digest is missing".to_owned() })?;
    if said == Sha256::digest(bytes)[..] { Ok(()) } else { Err(StoreError::DigestMismatch) }
}

/// `PATCH /sync/v1/{workspace}/blobs/{blob}`
pub(super) async fn patch(
    State(context): State<Context>,
    _: Asker,
    Path((_, blob)): InPath,
    headers: HeaderMap,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let id = blob_id(&blob)?;
    let bytes = body(bytes)?;
    if bytes.len() > MAX_CHUNK_BYTES {
        return Err(StoreError::TooLarge { most: MAX_CHUNK_BYTES as u64, unit: "bytes" }.into());
    }
    let (at, total) = (number(&headers, &UPLOAD_OFFSET)?, number(&headers, &UPLOAD_LENGTH)?);
    let added = context.run(move |it| {
        if let Err(error) = check_digest(&headers, &bytes) {
            // The chunk was spoilt on its way; the store still has what it had.
            let expected = it.store.blob(&id)?.map_or(0, |it| it.n_bytes);
            return match error {
                StoreError::DigestMismatch => Err(StoreError::WrongOffset { expected }),
                other => Err(other),
            };
        }
        it.store.add_to_blob(&id, at, total, &bytes, it.rim.now())
    });
    Ok(progress(&added.await?))
}
