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

    fn next_run(&mut self, n: usize) -> Vec<Uuid> {
        // RFC 9562, 6.2, method 2: within one moment the random part counts on. It has 62 bits below the variant, the
        // highest of which is cleared first, so that counting never reaches the variant.
        let first = self.next_id().as_u128() & !(1 << 61);
        (0..n as u128).map(|it| Uuid::from_u128(first + it)).collect()
    }
}

/// A number from 0 up to but not 1, for spreading retries; not for secrets.
pub fn chance() -> f64 {
    let [a, b, c, d, ..] = secret();
    f64::from(u32::from_le_bytes([a, b, c, d])) / 4_294_967_296.0
}

/// 32 bytes that nobody can guess.
///
/// # Panics
///
/// When the operating system has no source of randomness: nothing that needs a secret may go on then.
pub fn secret() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
