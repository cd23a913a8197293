use faltkarta_model::{BlobId, Timestamp};

use crate::backend::GeodataStore;
use crate::error::StoreError;

/// How long nothing must have named an attachment before it may go.
const IDLE_DAYS: i64 = 90;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// An attachment that nothing names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdleBlob {
    /// Its id.
    pub blob: BlobId,
    /// Its size in bytes.
    pub n_bytes: u64,
    /// Since when it is known that nothing names it; without a pause.
    pub since: Timestamp,
}

/// What a collection found and took away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CollectReport {
    /// Attachments that nothing names, those that were taken away included.
    pub n_idle: u64,
    /// Those that stay because a kept backup is older than their idleness, and may name them.
    pub n_in_backups: u64,
    /// Those that were taken away.
    pub n_removed: u64,
    /// Their bytes.
    pub n_bytes_removed: u64,
}

/// Notes which attachments nothing names, and takes those away that nothing has named for 90 days and that no kept
/// backup can name: every backup was made while they were idle already. Operations that wait count as naming.
///
/// # Errors
///
/// As for [`GeodataStore`]. What was not taken away stays for the next time.
pub fn collect_blobs(
    store: &dyn GeodataStore,
    now: Timestamp,
) -> Result<CollectReport, StoreError> {
    let mut report = CollectReport::default();
    let oldest_backup = store.backups()?.iter().map(|it| it.at).min();
    let before = Timestamp::from_unix_ms(now.unix_ms() - IDLE_DAYS * DAY_MS);
    for idle in store.idle_blobs(now)? {
        report.n_idle += 1;
        if idle.since > before {
            continue;
        }
        if oldest_backup.is_some_and(|it| it <= idle.since) {
            report.n_in_backups += 1;
            continue;
        }
        // The store forgets it first: a row without bytes would promise what is not there.
        if store.forget_blob(&idle.blob, before)? {
            store.depot().remove(&idle.blob)?;
            report.n_removed += 1;
            report.n_bytes_removed += idle.n_bytes;
        }
    }
    Ok(report)
}
