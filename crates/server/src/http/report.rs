use axum::extract::State;
use axum::http::StatusCode;
use faltkarta_protocol::{DeviceReport, PROTOCOL_VERSION};

use crate::error::StoreError;
use crate::http::answer::Refusal;
use crate::http::context::{Asker, Context};
use crate::http::encoding::Message;
use crate::http::sync::{parse, read};

/// `PUT /sync/v1/{workspace}/report`
pub(super) async fn put(
    State(context): State<Context>,
    Asker(device): Asker,
    Message(bytes): Message,
) -> Result<StatusCode, Refusal> {
    let (json, protocol) = read(&bytes)?;
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
