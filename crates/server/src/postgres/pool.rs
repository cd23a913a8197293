use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use tokio_postgres::Config;

use crate::error::StoreError;
use crate::postgres::session::Session;
use crate::postgres::settings::{self, Lineage};
use crate::postgres::tx::Tx;

/// So many connections are open at once at most. More writers than this would only wait for the counter row.
const MOST_SESSIONS: usize = 16;

/// So many times a transaction is tried that ran into another one.
const MOST_TRIES: u32 = 10;

/// The connections of a store.
pub(super) struct Pool {
    config: Config,
    /// The cluster that the epoch of the store belongs to.
    lineage: Mutex<Option<Lineage>>,
    state: Mutex<State>,
    is_free: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Session>,
    n_out: usize,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

impl Pool {
    pub(super) fn new(config: Config) -> Self {
        Self { config, lineage: Mutex::default(), state: Mutex::default(), is_free: Condvar::new() }
    }

    /// A connection with the store's settings that is not one of the pool's, for what takes long.
    ///
    /// # Errors
    ///
    /// [`StoreError::WitnessMismatch`] when it leads to another cluster or timeline than the earlier ones: a standby
    /// was promoted meanwhile, and what was acknowledged last may be missing.
    pub(super) fn own_session(&self) -> Result<Session, StoreError> {
        let (session, now) = self.connect()?;
        let mut known = self.lineage.lock().unwrap_or_else(PoisonError::into_inner);
        if known.get_or_insert_with(|| now.clone()) == &now {
            Ok(session)
        } else {
            Err(StoreError::WitnessMismatch)
        }
    }

    /// Takes the cluster that answers now for the right one, and forgets connections to another.
    pub(super) fn follow(&self) -> Result<Lineage, StoreError> {
        let (_, now) = self.connect()?;
        let mut known = self.lineage.lock().unwrap_or_else(PoisonError::into_inner);
        if known.replace(now.clone()).as_ref() != Some(&now) {
            self.state().idle.clear();
        }
        Ok(now)
    }

    fn connect(&self) -> Result<(Session, Lineage), StoreError> {
        let mut session = Session::connect(&self.config)?;
        settings::arrange(&mut session)?;
        let lineage = settings::lineage(&mut session)?;
        Ok((session, lineage))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lend(&self) -> Result<Lent<'_>, StoreError> {
        let mut state = self.state();
        while state.n_out >= MOST_SESSIONS {
            state = self.is_free.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.n_out += 1;
        let idle = state.idle.pop();
        drop(state);
        // From here on the place is given back however this ends.
        let mut lent = Lent { pool: self, session: None };
        lent.session = Some(match idle.filter(|it| !it.is_closed()) {
            Some(session) => session,
            None => self.own_session()?,
        });
        Ok(lent)
    }

    /// Runs a transaction that commits when `run` succeeds, and tries it again when it ran into another one.
    ///
    /// A connection that was cut while it lay idle is replaced. One that is cut later ends the transaction: whether
    /// it was committed is unknown then, which the caller's operation ids make harmless.
    pub(super) fn write<T>(
        &self,
        doing: &'static str,
        mut run: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut n_tries = 0;
        loop {
            n_tries += 1;
            let outcome = self.once(doing, "BEGIN", &mut run);
            match outcome {
                Err(StoreError::Contended { .. }) if n_tries < MOST_TRIES => {
                    tracing::debug!(doing, n_tries, "trying a transaction again");
                }
                other => return other,
            }
        }
    }

    /// Runs a reading in one snapshot.
    pub(super) fn read<T>(
        &self,
        doing: &'static str,
        mut run: impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.once(doing, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", &mut run)
    }

    fn once<T>(
        &self,
        doing: &'static str,
        begin: &'static str,
        run: &mut impl FnMut(&mut Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut lent = self.lend()?;
        let Some(session) = lent.session.as_mut() else { return Err(no_session()) };
        let mut tx = Tx::begin(session, doing, begin);
        match run(&mut tx).and_then(|value| tx.commit().map(|()| value)) {
            Ok(value) => Ok(value),
            Err(error) => {
                // What cannot be rolled back is closed, which rolls it back.
                if lent.session.as_mut().is_some_and(|it| it.batch(doing, "ROLLBACK").is_err()) {
                    lent.session = None;
                }
                Err(error)
            }
        }
    }
}

fn no_session() -> StoreError {
    StoreError::Unreachable { text: "no connection".to_owned() }
}

/// A connection that is in use; it goes back to the pool by itself.
struct Lent<'p> {
    pool: &'p Pool,
    session: Option<Session>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        state.n_out -= 1;
        // After a panic in the middle of a transaction nobody knows its state.
        if !std::thread::panicking() {
            state.idle.extend(self.session.take().filter(|it| !it.is_closed()));
        }
        self.pool.is_free.notify_one();
    }
}
