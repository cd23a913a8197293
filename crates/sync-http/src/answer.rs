use faltkarta_app::LinkError;
use faltkarta_protocol::ErrorBody;
use serde::de::DeserializeOwned;
use ureq::Body;
use ureq::http::Response;

use crate::encoding::unpack;

/// Most bytes of a message. A page of 5 000 rows with long outlines has a quarter of it.
const MESSAGE_BYTES_MAX: u64 = 64 << 20;
/// Most bytes of a refusal.
const REFUSAL_BYTES_MAX: u64 = 64 << 10;

/// What a failed call means.
pub(crate) fn of_call(error: &ureq::Error) -> LinkError {
    match error {
        ureq::Error::BodyExceedsLimit(_) => {
            LinkError::Damaged { text: "too long an answer".into() }
        }
        ureq::Error::Protocol(_) | ureq::Error::Http(_) => {
            LinkError::Damaged { text: error.to_string() }
        }
        // A portal that answers for a secure address cannot prove to be it; neither can a broken network.
        _ => LinkError::Unreachable { text: error.to_string() },
    }
}

/// A message of a type, out of an answer.
pub(crate) fn message<T: DeserializeOwned>(response: Response<Body>) -> Result<T, LinkError> {
    let response = accepted(response)?;
    let is_json =
        media_type(&response).is_some_and(|it| it.eq_ignore_ascii_case("application/json"));
    if !is_json {
        return Err(LinkError::NotAGeodataStore);
    }
    let encoding = encoding_of(&response);
    let bytes = response
        .into_body()
        .into_with_config()
        .limit(MESSAGE_BYTES_MAX)
        .read_to_vec()
        .map_err(|error| of_call(&error))?;
    let bytes = unpack(bytes, encoding.as_deref(), MESSAGE_BYTES_MAX)?;
    serde_json::from_slice(&bytes).map_err(|error| LinkError::Damaged { text: error.to_string() })
}

/// An answer with a status of success; all others by what they mean.
pub(crate) fn accepted(response: Response<Body>) -> Result<Response<Body>, LinkError> {
    let status = response.status().as_u16();
    match status {
        200..=299 => Ok(response),
        // A store never sends us elsewhere; a portal does.
        300..=399 | 511 => Err(LinkError::NotAGeodataStore),
        _ => Err(refusal(status, response)),
    }
}

fn refusal(status: u16, response: Response<Body>) -> LinkError {
    let is_page = media_type(&response).is_some_and(|it| it.eq_ignore_ascii_case("text/html"));
    let next_offset = offset(&response, "upload-offset");
    let wait_s = retry_after(&response);
    let encoding = encoding_of(&response);
    let body = response
        .into_body()
        .into_with_config()
        .limit(REFUSAL_BYTES_MAX)
        .read_to_vec()
        .ok()
        .and_then(|bytes| unpack(bytes, encoding.as_deref(), REFUSAL_BYTES_MAX).ok())
        .and_then(|bytes| serde_json::from_slice::<ErrorBody>(&bytes).ok());
    let Some(body) = body else {
        return match status {
            // Too much to do: said by whatever stands before the store, whose words we cannot know.
            429 | 503 => LinkError::Busy { wait_s },
            // A gateway that finds no store behind it.
            500..=599 => LinkError::Unreachable { text: format!("status {status}") },
            404 | 405 if !is_page => LinkError::NoSuchAddress,
            _ => LinkError::NotAGeodataStore,
        };
    };
    match (status, body.code.as_str()) {
        (401, _) => LinkError::SignedOut,
        (403, "enrol_code_needed" | "enrol_code_unknown") => LinkError::CodeInvalid,
        (403, _) => LinkError::Unpermitted,
        (409, "wrong_epoch" | "witness_mismatch") | (410, _) => LinkError::Resync,
        (409, "stale_lineage") => LinkError::StaleLineage,
        (409, "wrong_offset") => LinkError::WrongOffset { n_bytes: next_offset.unwrap_or(0) },
        (409, "package_changed") => LinkError::PackageChanged,
        (422, "digest_mismatch") => match next_offset {
            Some(n_bytes) => LinkError::WrongOffset { n_bytes },
            None => LinkError::DigestMismatch,
        },
        (426, _) => LinkError::VersionMismatch,
        (429, _) | (503, "busy" | "timeout") => LinkError::Busy { wait_s },
        _ => LinkError::Refused { status, code: body.code.chars().take(60).collect() },
    }
}

/// `Retry-After` in seconds; a date is passed over, as the laptop's clock may be wrong by years.
fn retry_after(response: &Response<Body>) -> Option<u32> {
    response.headers().get("retry-after")?.to_str().ok()?.trim().parse().ok()
}

fn encoding_of(response: &Response<Body>) -> Option<String> {
    let text = response.headers().get("content-encoding")?.to_str().ok()?;
    Some(text.trim().to_owned())
}

/// The media type without its parameters.
pub(crate) fn media_type(response: &Response<Body>) -> Option<&str> {
    let text = response.headers().get("content-type")?.to_str().ok()?;
    text.split(';').next().map(str::trim)
}

/// A number in a header.
pub(crate) fn offset(response: &Response<Body>, name: &str) -> Option<u64> {
    response.headers().get(name)?.to_str().ok()?.trim().parse().ok()
}
