use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use faltkarta_protocol::ErrorBody;

use crate::error::StoreError;

/// Where an attachment goes on.
pub(super) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
/// How long an attachment is.
pub(super) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
/// Whether an attachment is there whole.
pub(super) const UPLOAD_COMPLETE: HeaderName = HeaderName::from_static("upload-complete");

/// An error as it goes over the wire.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) StoreError);

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = self.0;
        let status = status_of(&error);
        // What failed inside stays inside: paths and SQL are for the log.
        let is_inside = status == StatusCode::INTERNAL_SERVER_ERROR
            || matches!(error, StoreError::BlobsUnreachable { .. });
        let text = if is_inside {
            tracing::error!(code = error.code(), error = %error, "request failed");
            "the store failed; nothing was acknowledged".to_owned()
        } else {
            error.to_string()
        };
        let mut response = coded(status, error.code(), &text);
        let offset = match &error {
            StoreError::WrongOffset { expected } => Some(*expected),
            StoreError::DigestMismatch => Some(0),
            _ => None,
        };
        if let Some(offset) = offset {
            response.headers_mut().insert(UPLOAD_OFFSET, HeaderValue::from(offset));
        }
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

/// An answer with an [`ErrorBody`].
pub(super) fn coded(status: StatusCode, code: &str, text: &str) -> Response {
    (status, Json(ErrorBody::new(code, text))).into_response()
}

fn status_of(error: &StoreError) -> StatusCode {
    match error {
        StoreError::Malformed { .. }
        | StoreError::BadEncoding { .. }
        | StoreError::Delivery { .. }
        | StoreError::NoDelivery { .. } => StatusCode::BAD_REQUEST,
        StoreError::SignedOut => StatusCode::UNAUTHORIZED,
        StoreError::EnrolCodeNeeded | StoreError::EnrolCodeUnknown | StoreError::Unpermitted => {
            StatusCode::FORBIDDEN
        }
        StoreError::NotFound | StoreError::UnknownWorkspace | StoreError::UnknownDataset { .. } => {
            StatusCode::NOT_FOUND
        }
        StoreError::WrongEpoch
        | StoreError::WitnessMismatch
        | StoreError::StaleLineage
        | StoreError::WrongOffset { .. }
        | StoreError::NotAcceptable { .. }
        | StoreError::ConflictMoved
        | StoreError::NotAsSeen
        | StoreError::WouldConflict { .. }
        | StoreError::WouldWait { .. }
        | StoreError::PackageChanged => StatusCode::CONFLICT,
        StoreError::Resync => StatusCode::GONE,
        StoreError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        StoreError::DigestMismatch
        | StoreError::PreviewDamaged
        | StoreError::ColumnsUnread { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        StoreError::VersionMismatch { .. } => StatusCode::UPGRADE_REQUIRED,
        StoreError::Contended { .. }
        | StoreError::Unreachable { .. }
        | StoreError::BlobsUnreachable { .. } => StatusCode::SERVICE_UNAVAILABLE,
        StoreError::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
