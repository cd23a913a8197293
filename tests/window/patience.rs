//! How long a journey waits for something to come.

use std::time::{Duration, Instant};

/// At most this long; generous, because the screen is drawn without a graphics card, and
/// because a laptop that finds no network tries again ever more seldom.
pub(crate) const LONGEST: Duration = Duration::from_mins(2);
/// Between two looks.
const GLANCE: Duration = Duration::from_millis(150);

/// One wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience(Instant);

impl Patience {
    /// Begins to wait.
    #[expect(clippy::disallowed_methods, reason = "a real window takes real time")]
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }

    /// Lets a moment pass; `false` when it has been too long.
    pub(crate) fn is_left(self) -> bool {
        std::thread::sleep(GLANCE);
        self.0.elapsed() < LONGEST
    }
}
