use faltkarta_model::{BlobId, FeatureId, OpId, Timestamp};
use uuid::Uuid;

use crate::backend::{BlobCounts, StoredBlob};
use crate::error::StoreError;
use crate::judging::{Catalogue, Entry, Rows as _};
use crate::postgres::rows::OpenRows;
use crate::postgres::settle::append_entries;
use crate::postgres::tx::{Tx, later_params};

/// What is known of an attachment.
pub(super) fn look(
    tx: &mut Tx<'_>,
    catalogue: &Catalogue,
    blob: &BlobId,
) -> Result<StoredBlob, StoreError> {
    let id = blob.as_str();
    let row = tx.row(
        "SELECT (SELECT n_bytes FROM blob WHERE id = $1), EXISTS (SELECT FROM blob_preview WHERE blob = $1),
             ARRAY (SELECT DISTINCT f.dataset FROM blob_ref r JOIN feature f ON f.id = r.feature WHERE r.blob = $1)",
        &[&id],
    )?;
    let row = row.ok_or_else(|| StoreError::damaged("no answer about an attachment"))?;
    let numbers: Vec<i32> = row.get(2);
    let named = numbers.into_iter().filter_map(|it| catalogue.by_no(it as u16));
    Ok(StoredBlob {
        n_bytes: row.get::<_, Option<i64>>(0).map(|it| it as u64),
        has_preview: row.get(1),
        datasets: named.map(|it| it.dataset.id.clone()).collect(),
    })
}

/// How many have arrived, and how many have not.
pub(super) fn counts(tx: &mut Tx<'_>) -> Result<BlobCounts, StoreError> {
    let row = tx.row(
        "SELECT (SELECT count(*) FROM blob), (SELECT coalesce(sum(n_bytes), 0)::bigint FROM blob),
             (SELECT count(DISTINCT r.blob) FROM blob_ref r JOIN feature f ON f.id = r.feature
              WHERE NOT f.is_deleted AND strpos(f.blobs, r.blob) > 0
                AND NOT EXISTS (SELECT FROM blob b WHERE b.id = r.blob))",
        &[],
    )?;
    let row = row.ok_or_else(|| StoreError::damaged("no answer about attachments"))?;
    let number = |at: usize| row.get::<_, i64>(at) as u64;
    Ok(BlobCounts { n_whole: number(0), n_bytes: number(1), n_awaited: number(2) })
}

/// The row, and an entry for each feature that names the attachment.
pub(super) fn keep(
    tx: &mut Tx<'_>,
    blob: &BlobId,
    n_bytes: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    lock(tx, blob);
    let made = tx.row(
        "INSERT INTO blob(id, n_bytes, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1",
        &[&blob.as_str(), &(n_bytes as i64), &now.to_string()],
    )?;
    if made.is_none() { Ok(()) } else { tell(tx, blob, blob.as_str()) }
}

/// The same for a preview.
pub(super) fn keep_preview(
    tx: &mut Tx<'_>,
    blob: &BlobId,
    now: Timestamp,
) -> Result<(), StoreError> {
    lock(tx, blob);
    let made = tx.row(
        "INSERT INTO blob_preview(blob, at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1",
        &[&blob.as_str(), &now.to_string()],
    )?;
    if made.is_none() { Ok(()) } else { tell(tx, blob, &format!("preview of {blob}")) }
}

/// A push that names the attachment comes before or after this transaction, not beside it: so one of the two tells.
fn lock(tx: &mut Tx<'_>, blob: &BlobId) {
    tx.later("SELECT pg_advisory_xact_lock(blob_key($1))", later_params![blob.as_str().to_owned()]);
}

/// Everyone who has a feature with this attachment hears of it.
fn tell(tx: &mut Tx<'_>, blob: &BlobId, what: &str) -> Result<(), StoreError> {
    let rows = tx
        .rows("SELECT feature FROM blob_ref WHERE blob = $1 ORDER BY feature", &[&blob.as_str()])?;
    let features: Vec<FeatureId> = rows.iter().map(|it| FeatureId::from_uuid(it.get(0))).collect();
    let rows = OpenRows::new(tx).lock(&features)?;
    let entries: Vec<Entry> = rows
        .iter()
        .filter(|it| !it.is_deleted)
        .map(|row| Entry {
            // Nobody's operation: the arrival of the bytes, the same id on every try.
            op: OpId::from_uuid(Uuid::new_v5(&row.feature.uuid(), what.as_bytes())),
            dataset_no: row.dataset_no,
            feature: row.feature,
            version: row.version,
            is_deleted: false,
            row_hash: row.hash,
            group: None,
            moved: None,
        })
        .collect();
    append_entries(tx, &entries);
    Ok(())
}
