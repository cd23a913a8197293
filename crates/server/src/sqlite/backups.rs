use std::path::{Path, PathBuf};

use faltkarta_model::Timestamp;
use rusqlite::{Connection, params};

use crate::backend::BackupRow;
use crate::error::StoreError;
use crate::sqlite::{open, retention};

/// The backups that the store counts on, oldest first.
pub(super) fn all(conn: &Connection) -> Result<Vec<BackupRow>, StoreError> {
    let failed = StoreError::database("reading what backups there are");
    let rows: Vec<(String, String, i64)> = conn
        .prepare_cached("SELECT folder, at, seq FROM backup ORDER BY at, folder")
        .and_then(|mut it| {
            it.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
        })
        .map_err(failed)?;
    rows.into_iter()
        .map(|(folder, at, seq)| {
            let at = Timestamp::parse(&at).map_err(StoreError::damaged)?;
            Ok(BackupRow { folder: PathBuf::from(folder), at, seq: seq as u64 })
        })
        .collect()
}

/// Notes which backups count, and publishes what the oldest of them holds.
pub(super) fn count_on(conn: &Connection, rows: &[BackupRow]) -> Result<u64, StoreError> {
    let failed = StoreError::database("noting the backups");
    conn.execute("DELETE FROM backup", []).map_err(failed)?;
    for row in rows {
        conn.execute(
            "INSERT INTO backup(folder, at, seq) VALUES (?1, ?2, ?3)",
            params![row.folder.to_string_lossy(), row.at.to_string(), row.seq as i64],
        )
        .map_err(failed)?;
    }
    if let Some(newest) = rows.iter().max_by_key(|it| it.at) {
        retention::mark(conn, newest.seq, newest.at)?;
    }
    let safe_seq = rows.iter().map(|it| it.seq).min().unwrap_or(0);
    conn.execute("UPDATE feed_head SET safe_seq = ?1", [safe_seq as i64]).map_err(failed)?;
    Ok(safe_seq)
}

/// Copies the database as it is at one moment into a file that stands by itself. Writers go on meanwhile.
pub(super) fn copy(database: &Path, target: &Path) -> Result<(), StoreError> {
    let failed = StoreError::database("copying the store");
    let source = open::connect(database, false)?;
    let mut copy = Connection::open(target).map_err(failed)?;
    {
        let backup = rusqlite::backup::Backup::new(&source, &mut copy).map_err(failed)?;
        // All pages in one step are one snapshot; in several steps each write of another would begin it anew.
        let step = backup.step(-1).map_err(failed)?;
        if step != rusqlite::backup::StepResult::Done {
            return Err(StoreError::damaged("the copy of the database did not come to its end"));
        }
    }
    // One file, nothing beside it.
    copy.pragma_update(None, "journal_mode", "DELETE").map_err(failed)?;
    copy.close().map_err(|(_, error)| failed(error))
}
