use faltkarta_protocol::{Subscription, SubscriptionPart};
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use crate::error::StoreError;

const DOING: &str = "keeping a subscription";

/// What a laptop wants; one that never said gets everything, as revision 1.
pub(super) fn of(conn: &Connection, device: Uuid) -> Result<Subscription, StoreError> {
    let found: Option<(u32, String)> = conn
        .prepare_cached("SELECT revision, parts FROM subscription WHERE device = ?1")
        .and_then(|mut it| {
            it.query_row([device.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(StoreError::database("reading a subscription"))?;
    let Some((revision, parts)) = found else {
        return Ok(Subscription { revision: 1, parts: vec![] });
    };
    let parts = serde_json::from_str(&parts).map_err(StoreError::damaged)?;
    Ok(Subscription { revision, parts })
}

/// Keeps what a laptop wants from now on. The same once more changes nothing, since an answer may have been lost.
pub(super) fn set(
    conn: &Connection,
    device: Uuid,
    parts: &[SubscriptionPart],
) -> Result<Subscription, StoreError> {
    let now = of(conn, device)?;
    if now.parts == parts {
        return Ok(now);
    }
    let revision = now.revision + 1;
    let json = serde_json::to_string(parts).map_err(StoreError::damaged)?;
    conn.execute(
        "INSERT INTO subscription(device, revision, parts) VALUES (?1, ?2, ?3)
         ON CONFLICT(device) DO UPDATE SET revision = ?2, parts = ?3",
        params![device.as_bytes(), revision, json],
    )
    .map_err(StoreError::database(DOING))?;
    Ok(Subscription { revision, parts: parts.to_vec() })
}
