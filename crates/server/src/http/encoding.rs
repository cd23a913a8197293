use std::io::{Read as _, Write as _};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use faltkarta_protocol::COLUMNS_TYPE;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use http_body_util::BodyExt as _;

use crate::error::StoreError;
use crate::http::answer::{Refusal, coded};
use crate::http::context::Context;
use crate::http::sync::MAX_BODY_BYTES;

/// The most bytes of a join, which strangers may send.
const JOIN_BYTES_MAX: usize = 64 * 1024;
/// How long a body may bring nothing.
const STALL: Duration = Duration::from_secs(30);
/// An answer that is shorter goes as it is: there is nothing to win.
const WORTH_BYTES: usize = 1_000;
/// The most bytes of an answer that are packed in one piece; messages are all below it.
const PACKED_BYTES_MAX: usize = 256 * 1024 * 1024;

/// The body of a message: JSON, as it is or in gzip. It is read after everything else of the request has been judged,
/// so that a stranger cannot make the store hold or unfold anything.
#[derive(Debug)]
pub(super) struct Message(pub(super) Bytes);

impl FromRequest<Context> for Message {
    type Rejection = Response;

    async fn from_request(request: Request, context: &Context) -> Result<Self, Response> {
        let is_packed = is_packed(request.headers())?;
        let most =
            if request.uri().path().ends_with("/join") { JOIN_BYTES_MAX } else { MAX_BODY_BYTES };
        let bytes = collect(request, most).await?;
        if !is_packed {
            return Ok(Self(bytes));
        }
        let whole = context.run(move |_| inflate(&bytes, most)).await;
        Ok(Self(whole.map_err(axum::response::IntoResponse::into_response)?.into()))
    }
}

/// Whether the body is in gzip, once its head says that it can be read.
#[expect(clippy::result_large_err, reason = "an answer on its way out")]
fn is_packed(headers: &HeaderMap) -> Result<bool, Response> {
    let said = |name: HeaderName| headers.get(name).map(words);
    if said(header::CONTENT_TYPE).is_some_and(|it| it != "application/json" && it != COLUMNS_TYPE) {
        let text = "only application/json is taken";
        return Err(coded(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unknown_media_type", text));
    }
    match said(header::CONTENT_ENCODING).as_deref() {
        None | Some("identity") => Ok(false),
        Some("gzip" | "x-gzip") => Ok(true),
        Some(_) => Err(unknown_encoding()),
    }
}

/// What a header says before its parameters.
fn words(value: &HeaderValue) -> String {
    let text = value.to_str().unwrap_or("?");
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

async fn collect(request: Request, most: usize) -> Result<Bytes, Response> {
    let said = request.headers().get(header::CONTENT_LENGTH).and_then(|it| it.to_str().ok());
    if said.and_then(|it| it.parse::<u64>().ok()).is_some_and(|it| it > most as u64) {
        return Err(too_large(most).into_response());
    }
    let mut body = request.into_body();
    let mut bytes = vec![];
    loop {
        match tokio::time::timeout(STALL, body.frame()).await {
            Err(_) => {
                return Err(coded(StatusCode::REQUEST_TIMEOUT, "timeout", "the body stalled"));
            }
            Ok(None) => return Ok(bytes.into()),
            Ok(Some(Err(error))) => {
                let text = format!("the body broke off: {error}");
                return Err(Refusal(StoreError::Malformed { text }).into_response());
            }
            Ok(Some(Ok(frame))) => {
                let Some(data) = frame.data_ref() else { continue };
                if bytes.len() + data.len() > most {
                    return Err(too_large(most).into_response());
                }
                bytes.extend_from_slice(data);
            }
        }
    }
}

/// Answers in gzip those who take it. Attachments and package files pass as they are: they are packed already, and
/// their ranges count plain bytes.
pub(super) async fn pack(State(context): State<Context>, request: Request, next: Next) -> Response {
    let takes_gzip = takes_gzip(request.headers());
    let response = next.run(request).await;
    if takes_gzip { packed(&context, response).await } else { response }
}

/// Whether the asker takes gzip: named, and not with the weight 0 (RFC 9110, 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let named = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|it| it.to_str().ok());
    named.flat_map(|it| it.split(',')).any(|it| {
        let mut parts = it.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|it| it.eq_ignore_ascii_case("gzip"));
        is_gzip && !parts.any(|it| matches!(it, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

/// The right encodings are told, so that the next request may use one (RFC 7694).
fn unknown_encoding() -> Response {
    let text = "only gzip is taken";
    let mut response = coded(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unknown_encoding", text);
    let gzip = HeaderValue::from_static("gzip");
    response.headers_mut().insert(header::ACCEPT_ENCODING, gzip);
    response
}

fn too_large(most: usize) -> Refusal {
    StoreError::TooLarge { most: most as u64, unit: "bytes" }.into()
}

fn inflate(bytes: &[u8], most: usize) -> Result<Vec<u8>, StoreError> {
    let mut whole = vec![];
    MultiGzDecoder::new(bytes)
        .take(most as u64 + 1)
        .read_to_end(&mut whole)
        .map_err(|error| StoreError::BadEncoding { text: error.to_string() })?;
    // A few kilobytes can be made to unfold without end; no more than this is ever unfolded.
    if whole.len() > most {
        return Err(too_large(most).0);
    }
    Ok(whole)
}

fn is_packable(response: &Response) -> bool {
    let headers = response.headers();
    let is_of = |media_type: &[u8]| {
        headers.get(header::CONTENT_TYPE).is_some_and(|it| it.as_bytes().starts_with(media_type))
    };
    // The strong tag of a feature speaks of the bytes as they are.
    let is_features = is_of(b"application/geo+json") && !headers.contains_key(header::ETAG);
    let is_json = is_of(b"application/json") || is_features;
    is_json && !headers.contains_key(header::CONTENT_ENCODING)
}

async fn packed(context: &Context, response: Response) -> Response {
    if !is_packable(&response) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(plain) = to_bytes(body, PACKED_BYTES_MAX).await else {
        let text = "the answer is too long";
        return coded(StatusCode::INTERNAL_SERVER_ERROR, "internal", text);
    };
    parts.headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    if plain.len() < WORTH_BYTES {
        return Response::from_parts(parts, Body::from(plain));
    }
    let kept = plain.clone();
    match context.run(move |_| deflate(&kept)).await {
        Ok(bytes) if bytes.len() < plain.len() => {
            parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            Response::from_parts(parts, Body::from(bytes))
        }
        _ => Response::from_parts(parts, Body::from(plain)),
    }
}

fn deflate(plain: &Bytes) -> Result<Vec<u8>, StoreError> {
    let failed = |error| StoreError::io("packing an answer", std::path::Path::new(""))(error);
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::fast());
    encoder.write_all(plain).map_err(failed)?;
    encoder.finish().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_taken_when_it_is_named_and_wanted() {
        let takes = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, text.parse().unwrap());
            takes_gzip(&headers)
        };
        assert!(takes("gzip") && takes("br, GZIP;q=0.5") && takes("deflate,gzip ; q=1"));
        assert!(!takes("br") && !takes("gzip;q=0") && !takes("identity, gzip; q=0.0"));
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
