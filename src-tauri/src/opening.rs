//! The desk while it is being opened, and after.

use std::sync::Arc;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use faltkarta_ipc::{ApiError, Desk};

/// A desk that another thread opens; who asks for it waits until it is open or has been refused.
#[derive(Debug, Default)]
pub(crate) struct Opening {
    outcome: Mutex<Option<Result<Arc<Desk>, ApiError>>>,
    told: Condvar,
}

impl Opening {
    /// Tells all who wait, and all who will ask, how it went.
    pub(crate) fn tell(&self, outcome: Result<Desk, ApiError>) {
        *self.lock() = Some(outcome.map(Arc::new));
        self.told.notify_all();
    }

    /// The desk, as soon as it is open.
    ///
    /// # Errors
    ///
    /// Why it could not be opened.
    pub(crate) fn desk(&self) -> Result<Arc<Desk>, ApiError> {
        let mut outcome = self.lock();
        loop {
            if let Some(outcome) = &*outcome {
                return outcome.clone();
            }
            outcome = self.told.wait(outcome).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Result<Arc<Desk>, ApiError>>> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_before_the_desk_is_open_gets_the_answer_when_it_is_told() {
        let opening = Arc::new(Opening::default());
        let early = std::thread::spawn({
            let opening = Arc::clone(&opening);
            move || opening.desk().map(|_| ())
        });
        opening.tell(Err(ApiError::FolderInUse));
        assert_eq!(early.join().expect("an answer"), Err(ApiError::FolderInUse));
        assert_eq!(opening.desk().map(|_| ()), Err(ApiError::FolderInUse));
    }
}
