use std::path::Path;

use faltkarta_faults::{Bug, is_seeded};
use faltkarta_model::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use uuid::Uuid;

use crate::backend::BackupRow;
use crate::error::StoreError;
use crate::rim::Rim;
use crate::sqlite::{backups, open};

/// What a restored database is told before it takes the store's place.
#[derive(Debug)]
pub(crate) struct Reborn<'a> {
    /// The backup's folder.
    pub(crate) backup: &'a Path,
    /// When it was made.
    pub(crate) manifest_at: Timestamp,
    /// Number of its last entry.
    pub(crate) seq: u64,
    /// Until when what laptops give back is gathered.
    pub(crate) recovery_until: Option<Timestamp>,
}

const RESTORING: &str = "restoring the store";

/// Begins a new history in a restored database. `live` is the database that it replaces, where that can be read:
/// laptops that joined since the backup stay joined, and those that were signed out since stay signed out.
pub(crate) fn prepare_restored(
    database: &Path,
    live: Option<&Path>,
    reborn: &Reborn<'_>,
    rim: &dyn Rim,
) -> Result<(String, u64), StoreError> {
    let failed = StoreError::database(RESTORING);
    let mut conn = open::connect(database, true)?;
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let epoch = begin_history(&tx, reborn.recovery_until, rim)?;
    let mut rows = backups::all(&tx)?;
    rows.retain(|it| it.folder != reborn.backup);
    rows.push(BackupRow {
        folder: reborn.backup.to_owned(),
        at: reborn.manifest_at,
        seq: reborn.seq,
    });
    backups::count_on(&tx, &rows)?;
    tx.commit().map_err(failed)?;
    let n_kept = match live {
        // A database that broke on the way has nothing to give; the restored one stands without it.
        Some(live) => keep_devices(&mut conn, live).unwrap_or_else(|error| {
            tracing::warn!(%error, "laptops that joined after the backup have to join again");
            0
        }),
        None => 0,
    };
    conn.pragma_update(None, "journal_mode", "DELETE").map_err(failed)?;
    conn.close().map_err(|(_, error)| failed(error))?;
    if let Some(live) = live {
        fold_in_log(live);
    }
    Ok((epoch, n_kept))
}

/// Takes a new epoch inside a transaction. Lineages of the lost history mean nothing any more: each laptop's file
/// begins a new one with its next push.
pub(super) fn begin_history(
    tx: &Transaction<'_>,
    recovery_until: Option<Timestamp>,
    rim: &dyn Rim,
) -> Result<String, StoreError> {
    let failed = StoreError::database("taking a new epoch");
    let epoch = Uuid::from_slice(&rim.secret()[..16]).unwrap_or_default().to_string();
    if is_seeded(Bug::EpochKept) {
        return Ok(epoch);
    }
    tx.execute("UPDATE meta SET value = ?1 WHERE key = 'epoch'", [&epoch]).map_err(failed)?;
    tx.execute("DELETE FROM lineage", []).map_err(failed)?;
    tx.execute("DELETE FROM meta WHERE key = 'recovery_until'", []).map_err(failed)?;
    if let Some(until) = recovery_until {
        tx.execute(
            "INSERT INTO meta(key, value) VALUES ('recovery_until', ?1)",
            [until.to_string()],
        )
        .map_err(failed)?;
    }
    Ok(epoch)
}

fn keep_devices(conn: &mut Connection, live: &Path) -> Result<u64, StoreError> {
    let failed = StoreError::database("keeping laptops that joined after the backup");
    conn.execute("ATTACH DATABASE ?1 AS live", [live.to_string_lossy()]).map_err(failed)?;
    let tx = conn.transaction().map_err(failed)?;
    let n_kept = tx
        .execute(
            "INSERT OR IGNORE INTO device(id, name, user, role, token_hash, joined_at, last_seen_at, pulled_seq,
                 is_revoked)
             SELECT id, name, user, role, token_hash, joined_at, last_seen_at, 0, is_revoked FROM live.device",
            [],
        )
        .map_err(failed)?;
    tx.execute_batch(
        "UPDATE device SET is_revoked = 1 WHERE id IN (SELECT id FROM live.device WHERE is_revoked);
         INSERT OR IGNORE INTO enrol_code(hash, role, until, used_by)
             SELECT hash, role, until, used_by FROM live.enrol_code;
         UPDATE enrol_code SET used_by = (SELECT used_by FROM live.enrol_code l WHERE l.hash = enrol_code.hash)
             WHERE used_by IS NULL;",
    )
    .map_err(failed)?;
    tx.commit().map_err(failed)?;
    conn.execute("DETACH DATABASE live", []).map_err(failed)?;
    Ok(n_kept as u64)
}

/// Brings what the log of the replaced database holds into its file, so that the file can be set aside by itself.
/// One that refuses is set aside with its log.
fn fold_in_log(live: &Path) {
    if let Ok(conn) = open::connect(live, true) {
        let _ = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    }
}
