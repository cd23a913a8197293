use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::error::StoreError;

/// Wraps what PostgreSQL said: a transaction to try again, a full disk, damage and a lost connection are told apart.
pub(super) fn failed(doing: &'static str) -> impl Fn(Error) -> StoreError + Copy {
    move |source| {
        let Some(code) = source.code() else {
            return if source.is_closed() || std::error::Error::source(&source).is_some() {
                unreachable(&source)
            } else {
                StoreError::Postgres { doing, source }
            };
        };
        let again = [
            &SqlState::T_R_SERIALIZATION_FAILURE,
            &SqlState::T_R_DEADLOCK_DETECTED,
            &SqlState::LOCK_NOT_AVAILABLE,
        ];
        let gone = [
            &SqlState::ADMIN_SHUTDOWN,
            &SqlState::CRASH_SHUTDOWN,
            &SqlState::CANNOT_CONNECT_NOW,
            &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
            &SqlState::TOO_MANY_CONNECTIONS,
        ];
        if again.contains(&code) {
            StoreError::Contended { doing }
        } else if gone.contains(&code) || code.code().starts_with("08") {
            unreachable(&source)
        } else if *code == SqlState::DISK_FULL {
            StoreError::DiskFull
        } else if [&SqlState::DATA_CORRUPTED, &SqlState::INDEX_CORRUPTED].contains(&code) {
            StoreError::Damaged { text: format!("{doing}: {}", told(&source)) }
        } else {
            StoreError::Postgres { doing, source }
        }
    }
}

/// No connection, or one that broke.
pub(super) fn unreachable(error: &Error) -> StoreError {
    StoreError::Unreachable { text: told(error) }
}

/// What the database said, without statement and values.
fn told(error: &Error) -> String {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(said), _) => said.message().to_owned(),
        (None, Some(source)) => format!("{error}: {source}"),
        (None, None) => error.to_string(),
    }
}
