use faltkarta_protocol::{Subscription, SubscriptionPart};
use uuid::Uuid;

use crate::error::StoreError;
use crate::postgres::tx::{Tx, later_params};

/// What a laptop wants; one that never said gets everything, as revision 1.
pub(super) fn of(tx: &mut Tx<'_>, device: Uuid) -> Result<Subscription, StoreError> {
    let row = tx.row("SELECT revision, parts FROM subscription WHERE device = $1", &[&device])?;
    let Some(row) = row else { return Ok(Subscription { revision: 1, parts: vec![] }) };
    let parts = serde_json::from_str(row.get(1)).map_err(StoreError::damaged)?;
    Ok(Subscription { revision: row.get::<_, i32>(0) as u32, parts })
}

/// Keeps what a laptop wants from now on. The same once more changes nothing, since an answer may have been lost.
pub(super) fn set(
    tx: &mut Tx<'_>,
    device: Uuid,
    parts: &[SubscriptionPart],
) -> Result<Subscription, StoreError> {
    // Two requests of one laptop come one after the other.
    tx.later("SELECT 1 FROM device WHERE id = $1 FOR UPDATE", later_params![device]);
    let now = of(tx, device)?;
    if now.parts == parts {
        return Ok(now);
    }
    let revision = now.revision + 1;
    let json = serde_json::to_string(parts).map_err(StoreError::damaged)?;
    tx.later(
        "INSERT INTO subscription(device, revision, parts) VALUES ($1, $2, $3)
         ON CONFLICT (device) DO UPDATE SET revision = excluded.revision, parts = excluded.parts",
        later_params![device, revision as i32, json],
    );
    Ok(Subscription { revision, parts: parts.to_vec() })
}
