use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use faltkarta_model::BlobId;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, watch};

/// Who writes which attachment: one at a time, and the newest one wins.
#[derive(Debug, Default)]
pub(super) struct Seats {
    of: Mutex<HashMap<BlobId, Weak<Chair>>>,
}

#[derive(Debug)]
struct Chair {
    /// Counts those who have asked for it.
    turn: watch::Sender<u64>,
    taken: Arc<AsyncMutex<()>>,
}

/// The right to write one attachment, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    turn: u64,
    newest: watch::Receiver<u64>,
    // Keeps the chair in the map as long as somebody sits on it.
    _chair: Arc<Chair>,
    _taken: OwnedMutexGuard<()>,
}

impl Seats {
    fn chair(&self, blob: &BlobId) -> Arc<Chair> {
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(chair) = of.get(blob).and_then(Weak::upgrade) {
            return chair;
        }
        of.retain(|_, it| it.strong_count() > 0);
        let chair =
            Arc::new(Chair { turn: watch::Sender::new(0), taken: Arc::new(AsyncMutex::new(())) });
        of.insert(blob.clone(), Arc::downgrade(&chair));
        chair
    }

    /// Takes the seat over from whoever has it: he is told, ends after his last piece, and only then does this return.
    /// `None` when somebody newer came meanwhile.
    pub(super) async fn take(&self, blob: &BlobId) -> Option<Seat> {
        let chair = self.chair(blob);
        let mut turn = 0;
        chair.turn.send_modify(|it| {
            *it += 1;
            turn = *it;
        });
        let newest = chair.turn.subscribe();
        let taken = Arc::clone(&chair.taken).lock_owned().await;
        let seat = Seat { turn, newest, _chair: chair, _taken: taken };
        if seat.is_overtaken() { None } else { Some(seat) }
    }

    /// Waits for the seat without taking it over: for work on the machine itself.
    pub(super) fn wait(&self, blob: &BlobId) -> Seat {
        let chair = self.chair(blob);
        let newest = chair.turn.subscribe();
        let turn = *newest.borrow();
        let taken = Arc::clone(&chair.taken).blocking_lock_owned();
        Seat { turn, newest, _chair: chair, _taken: taken }
    }
}

impl Seat {
    pub(crate) fn is_overtaken(&self) -> bool {
        *self.newest.borrow() != self.turn
    }

    /// Ends when somebody newer wants the seat.
    pub(crate) async fn overtaken(&mut self) {
        let turn = self.turn;
        if self.newest.wait_for(|it| *it != turn).await.is_err() {
            // The sender lives as long as the seat; were it gone, nobody could overtake.
            std::future::pending::<()>().await;
        }
    }
}
