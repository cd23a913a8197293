use faltkarta_model::{BlobId, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use crate::blobs::IdleBlob;
use crate::error::StoreError;

/// What keeps an attachment: a row of a feature, also a deleted one, that names it; an operation that waits, readable
/// or not; an open conflict.
const IS_IDLE: &str = "
    NOT EXISTS (SELECT 1 FROM blob_ref r JOIN feature f ON f.id = r.feature
                WHERE r.blob = b.id AND instr(f.blobs, b.id))
    AND NOT EXISTS (SELECT 1 FROM held h WHERE instr(h.payload, b.id))
    AND NOT EXISTS (SELECT 1 FROM raw_push p WHERE instr(p.body, CAST(b.id AS BLOB)))
    AND NOT EXISTS (SELECT 1 FROM conflict c WHERE c.state = 'open' AND instr(c.body, b.id))";

/// Notes which attachments nothing names, from now on or since an earlier look.
pub(super) fn note(tx: &Transaction<'_>, now: Timestamp) -> Result<Vec<IdleBlob>, StoreError> {
    let failed = StoreError::database("looking for attachments that nothing names");
    tx.execute(
        &format!(
            "DELETE FROM idle_blob WHERE blob NOT IN (SELECT b.id FROM blob b WHERE {IS_IDLE})"
        ),
        [],
    )
    .map_err(failed)?;
    tx.execute(
        &format!(
            "INSERT OR IGNORE INTO idle_blob(blob, since) SELECT b.id, ?1 FROM blob b WHERE {IS_IDLE}"
        ),
        [now.to_string()],
    )
    .map_err(failed)?;
    let rows: Vec<(String, i64, String)> = tx
        .prepare_cached(
            "SELECT b.id, b.n_bytes, i.since FROM idle_blob i JOIN blob b ON b.id = i.blob ORDER BY b.id",
        )
        .and_then(|mut it| {
            it.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
        })
        .map_err(failed)?;
    rows.into_iter()
        .map(|(blob, n_bytes, since)| {
            Ok(IdleBlob {
                blob: BlobId::parse(&blob).map_err(StoreError::damaged)?,
                n_bytes: n_bytes as u64,
                since: Timestamp::parse(&since).map_err(StoreError::damaged)?,
            })
        })
        .collect()
}

/// Forgets an attachment, if it is idle still and was before a moment.
pub(super) fn forget(
    tx: &Transaction<'_>,
    blob: &BlobId,
    before: Timestamp,
) -> Result<bool, StoreError> {
    let failed = StoreError::database("forgetting an attachment");
    let id = blob.as_str();
    if !is_idle(tx, id)? {
        return Ok(false);
    }
    let since: Option<String> = tx
        .query_row("SELECT since FROM idle_blob WHERE blob = ?1", [id], |row| row.get(0))
        .optional()
        .map_err(failed)?;
    let since = since.map(|it| Timestamp::parse(&it)).transpose().map_err(StoreError::damaged)?;
    if since.is_none_or(|it| it > before) {
        return Ok(false);
    }
    for sql in [
        "DELETE FROM blob WHERE id = ?1",
        "DELETE FROM blob_preview WHERE blob = ?1",
        "DELETE FROM idle_blob WHERE blob = ?1",
    ] {
        tx.execute(sql, params![id]).map_err(failed)?;
    }
    Ok(true)
}

fn is_idle(conn: &Connection, id: &str) -> Result<bool, StoreError> {
    conn.query_row(
        &format!("SELECT EXISTS(SELECT 1 FROM blob b WHERE b.id = ?1 AND {IS_IDLE})"),
        [id],
        |row| row.get(0),
    )
    .map_err(StoreError::database("looking at an attachment"))
}
