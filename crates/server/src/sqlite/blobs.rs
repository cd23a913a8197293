use faltkarta_model::{BlobId, FeatureId, OpId, ReplicaId, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use uuid::Uuid;

use crate::backend::{BlobCounts, StoredBlob};
use crate::error::StoreError;
use crate::judging::Catalogue;
use crate::sqlite::feed_writer::{Cause, FeedWriter};
use crate::sqlite::row::load;

/// What is known of an attachment.
pub(super) fn look(
    conn: &Connection,
    catalogue: &Catalogue,
    blob: &BlobId,
) -> Result<StoredBlob, StoreError> {
    let failed = StoreError::database("looking for an attachment");
    let n_bytes: Option<i64> = conn
        .query_row("SELECT n_bytes FROM blob WHERE id = ?1", [blob.as_str()], |row| row.get(0))
        .optional()
        .map_err(failed)?;
    let has_preview = conn
        .query_row(
            "SELECT EXISTS(SELECT 1 FROM blob_preview WHERE blob = ?1)",
            [blob.as_str()],
            |row| row.get(0),
        )
        .map_err(failed)?;
    let numbers: Vec<u16> = conn
        .prepare_cached(
            "SELECT DISTINCT f.dataset FROM blob_ref r JOIN feature f ON f.id = r.feature WHERE r.blob = ?1",
        )
        .and_then(|mut it| it.query_map([blob.as_str()], |row| row.get(0))?.collect())
        .map_err(failed)?;
    let named = numbers.into_iter().filter_map(|it| catalogue.by_no(it));
    let datasets = named.map(|it| it.dataset.id.clone()).collect();
    Ok(StoredBlob { n_bytes: n_bytes.map(|it| it as u64), has_preview, datasets })
}

/// How many have arrived, and how many have not.
pub(super) fn counts(conn: &Connection) -> Result<BlobCounts, StoreError> {
    conn.query_row(
        "SELECT (SELECT count(*) FROM blob), (SELECT coalesce(sum(n_bytes), 0) FROM blob),
                (SELECT count(DISTINCT r.blob) FROM blob_ref r JOIN feature f ON f.id = r.feature
                 WHERE NOT f.is_deleted AND instr(f.blobs, r.blob)
                   AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.id = r.blob))",
        [],
        |row| {
            let [n_whole, n_bytes, n_awaited]: [i64; 3] = [row.get(0)?, row.get(1)?, row.get(2)?];
            Ok(BlobCounts {
                n_whole: n_whole as u64,
                n_bytes: n_bytes as u64,
                n_awaited: n_awaited as u64,
            })
        },
    )
    .map_err(StoreError::database("counting attachments"))
}

/// The row, and an entry for each feature that names the attachment.
pub(super) fn keep(
    tx: &Transaction<'_>,
    blob: &BlobId,
    n_bytes: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let failed = StoreError::database("keeping an attachment");
    let n_new = tx
        .execute(
            "INSERT OR IGNORE INTO blob(id, n_bytes, at) VALUES (?1, ?2, ?3)",
            params![blob.as_str(), n_bytes as i64, now.to_string()],
        )
        .map_err(failed)?;
    if n_new == 0 { Ok(()) } else { tell(tx, blob, blob.as_str()) }
}

/// The same for a preview.
pub(super) fn keep_preview(
    tx: &Transaction<'_>,
    blob: &BlobId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let failed = StoreError::database("keeping a preview");
    let n_new = tx
        .execute(
            "INSERT OR IGNORE INTO blob_preview(blob, at) VALUES (?1, ?2)",
            params![blob.as_str(), now.to_string()],
        )
        .map_err(failed)?;
    if n_new == 0 { Ok(()) } else { tell(tx, blob, &format!("preview of {blob}")) }
}

/// Everyone who has a feature with this attachment hears of it.
fn tell(tx: &Transaction<'_>, blob: &BlobId, what: &str) -> Result<(), StoreError> {
    let failed = StoreError::database("telling of an attachment");
    let features: Vec<[u8; 16]> = tx
        .prepare_cached("SELECT feature FROM blob_ref WHERE blob = ?1 ORDER BY feature")
        .and_then(|mut it| it.query_map([blob.as_str()], |row| row.get(0))?.collect())
        .map_err(failed)?;
    let mut writer = FeedWriter::new(tx)?;
    for id in features {
        let feature = FeatureId::from_uuid(Uuid::from_bytes(id));
        if let Some(row) = load(tx, feature)?.filter(|it| !it.it.is_deleted) {
            // Nobody's operation: the arrival of the bytes, the same id on every try.
            let op = Uuid::new_v5(&feature.uuid(), what.as_bytes());
            let cause = Cause {
                op: OpId::from_uuid(op),
                replica: ReplicaId::from_uuid(Uuid::nil()),
                group: None,
            };
            writer.tell_again(cause, &row)?;
        }
    }
    writer.finish()
}
