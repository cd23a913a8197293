//! Time since a start, for the log and for telling a row of faults from single ones.

use std::time::{Duration, Instant};

/// Goes on evenly when the computer's clock is set.
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
