use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::StatusCode;
use faltkarta_protocol::{DeviceReport, PROTOCOL_VERSION};

use crate::error::StoreError;
use crate::http::answer::Refusal;
use crate::http::context::{Asker, Context};
use crate::http::sync::{body, parse, read};

/// `PUT /sync/v1/{workspace}/report`
pub(super) async fn put(
    State(context): State<Context>,
    Asker(device): Asker,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refusal> {
    let (json, protocol) = read(&body(bytes)?)?;
    if protocol != PROTOCOL_VERSION {
        return Err(StoreError::VersionMismatch { found: protocol }.into());
    }
    let report: DeviceReport = parse(json)?;
    if report.app_version.chars().count() > DeviceReport::MAX_VERSION_CHARS {
        let text = "app_version is too long".to_owned();
        return Err(StoreError::Malformed { text }.into());
    }
    if i64::try_from(report.cursor_seq).is_err() {
        let text = "cursor_seq is no number of a feed".to_owned();
        return Err(StoreError::Malformed { text }.into());
    }
    context.run(move |it| it.store.take_report(device.id, &report, it.rim.now())).await?;
    Ok(StatusCode::NO_CONTENT)
}
