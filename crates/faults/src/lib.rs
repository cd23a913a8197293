//! Named crash points and seeded bugs.
//!
//! A room marks its durable boundaries with [`point`] and the places where a known mistake could live with
//! [`is_seeded`]. Without the feature `armed` both are constants that the compiler removes, so a shipped program
//! cannot be stopped or spoilt. With it, a test on the same thread decides what happens ([`armed`]), and a whole
//! program reads its orders from the environment (`FALTKARTA_FAULTS`).
//!
//! A point is named `room.thing.moment`: `store.journal.after_commit`.

mod bug;
mod points;

pub use bug::Bug;
pub use points::POINTS;

#[cfg(feature = "armed")]
pub mod armed;
#[cfg(feature = "armed")]
pub use armed::{is_seeded, note, noted, point};

/// A crash point was told to fail. Callers treat it as the machine's own fault at that place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped at {point}")]
pub struct Stopped {
    /// Name of the point.
    pub point: &'static str,
}

impl From<Stopped> for std::io::Error {
    fn from(stopped: Stopped) -> Self {
        Self::other(stopped)
    }
}

/// A place where a machine may stop.
///
/// # Errors
///
/// [`Stopped`] when a test asked for it; never without the feature `armed`.
#[cfg(not(feature = "armed"))]
#[inline(always)]
#[expect(clippy::inline_always, reason = "nothing of it may remain in a shipped program")]
pub const fn point(_name: &'static str) -> Result<(), Stopped> {
    Ok(())
}

/// Whether a known mistake is to be made here; never without the feature `armed`.
#[cfg(not(feature = "armed"))]
#[inline(always)]
#[expect(clippy::inline_always, reason = "nothing of it may remain in a shipped program")]
pub const fn is_seeded(_bug: Bug) -> bool {
    false
}

/// Keeps something that a seeded bug needs to know later; nothing without the feature `armed`.
#[cfg(not(feature = "armed"))]
#[inline(always)]
pub const fn note(_key: &str, _value: &str) {}

/// What a seeded bug kept; nothing without the feature `armed`.
#[cfg(not(feature = "armed"))]
#[inline(always)]
#[expect(clippy::inline_always, reason = "nothing of it may remain in a shipped program")]
pub const fn noted(_key: &str) -> Option<String> {
    None
}

#[cfg(all(test, not(feature = "armed")))]
mod tests {
    use super::*;

    #[test]
    fn a_program_without_the_feature_passes_every_point_at_compile_time() {
        const PASSED: Result<(), Stopped> = point("faults.test.any");
        const SEEDED: bool = is_seeded(Bug::NoDedupe);
        assert_eq!((PASSED, SEEDED), (Ok(()), false));
    }
}
