//! The one place of the shell where the clock is read and ids are made.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use faltkarta_model::{IdSource, Timestamp};
use uuid::Uuid;

/// Now, by the computer's clock.
#[expect(clippy::disallowed_methods, reason = "the shell is the rim that reads the clock")]
pub(crate) fn read_clock() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_ms(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}

/// How long the program has run; goes on evenly when the computer's clock is set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts at zero.
    #[expect(clippy::disallowed_methods, reason = "the shell is the rim that reads the clock")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Ids that sort by when they were made (UUID version 7).
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct FreshIds;

impl IdSource for FreshIds {
    #[expect(clippy::disallowed_methods, reason = "the shell is the rim that makes ids")]
    fn next_id(&mut self) -> Uuid {
        Uuid::now_v7()
    }
}
