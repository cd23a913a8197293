use axum::http::{HeaderMap, header};
use faltkarta_protocol::{COLUMNS_TYPE, Columned, ColumnsError, PROTOCOL_VERSION, PushRequest};

use crate::backend::DeviceRow;
use crate::error::StoreError;
use crate::http::context::Context;

/// The most operations in one push in columns.
const MAX_OPS: usize = 1_000;

/// Whether the body of a push says that it is in columns.
pub(super) fn is_columns(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|it| it.as_bytes() == COLUMNS_TYPE.as_bytes())
}

/// Reads a push in columns with the help of the store's own rows.
pub(super) fn read(
    context: &Context,
    device: &DeviceRow,
    body: &[u8],
) -> Result<PushRequest, StoreError> {
    let unread = |error: ColumnsError| StoreError::ColumnsUnread { text: error.to_string() };
    let columned = Columned::read(body).map_err(unread)?;
    if columned.protocol() != PROTOCOL_VERSION {
        // As JSON its bytes can be kept for the coordinator.
        return Err(StoreError::ColumnsUnread { text: "another version of the wire".to_owned() });
    }
    let bases = context.store.bases(&columned.base_seqs(), device.role)?;
    let known = bases.into_iter().map(|it| (it.seq, it)).collect();
    let request = columned.fill(&known).map_err(unread)?;
    if request.ops.len() > MAX_OPS {
        return Err(StoreError::TooLarge { most: MAX_OPS as u64, unit: "operations" });
    }
    Ok(request)
}
