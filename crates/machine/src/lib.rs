//! The machine's clock, ids and chance, for the rim only.
//!
//! The command line, the desktop shell and the bridge read the world here and pass it inwards as arguments; no room
//! below them may name this crate.

use std::time::{SystemTime, UNIX_EPOCH};

use faltkarta_model::{IdSource, Timestamp};
use uuid::Uuid;

/// The wall clock. A clock before 1970 reads as 1970.
#[expect(clippy::disallowed_methods, reason = "the one place where the clock is read")]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// New ids: UUID version 7, whose time part only keeps indexes local.
#[derive(Debug, Clone, Copy, Default)]
pub struct MachineIds;

impl IdSource for MachineIds {
    #[expect(clippy::disallowed_methods, reason = "the one place where ids are made")]
    fn next_id(&mut self) -> Uuid {
        Uuid::now_v7()
    }
}

/// A number from 0 up to but not 1, for spreading retries; not for secrets.
pub fn chance() -> f64 {
    let mut ids = MachineIds;
    let bits = ids.next_id().as_u128() as u32;
    f64::from(bits) / 4_294_967_296.0
}
