use faltkarta_model::{FeatureId, OpId, ReplicaId};
use rusqlite::{Connection, OptionalExtension as _, Row};
use uuid::Uuid;

use crate::error::StoreError;
use crate::judging::{Content, FeatureRow, Place};

/// A row of `feature` with the marks of its delivery.
#[derive(Debug, Clone)]
pub(super) struct StoredRow {
    pub(super) row: i64,
    pub(super) delivered_version: u32,
    pub(super) it: FeatureRow,
}

/// What [`feature_row`] reads, from `feature` or, with a number of the dataset and 0 for `seq`, from `history`.
const LOAD: &str = "SELECT id, dataset, version, seq, is_deleted, geometry, properties, blobs, hash, replica, op, \
                    row, delivered_version FROM feature WHERE id = ?1";

pub(super) fn feature_row(row: &Row<'_>) -> rusqlite::Result<FeatureRow> {
    let uuid = |at: usize| -> rusqlite::Result<Uuid> { Ok(Uuid::from_bytes(row.get(at)?)) };
    // Rows from before the column have none.
    let op = row.get::<_, Option<[u8; 16]>>(10)?.unwrap_or_default();
    Ok(FeatureRow {
        feature: FeatureId::from_uuid(uuid(0)?),
        dataset_no: row.get(1)?,
        version: row.get(2)?,
        place: Place::Stored(row.get::<_, i64>(3)? as u64),
        is_deleted: row.get(4)?,
        content: Content { wkb: row.get(5)?, properties: row.get(6)?, blobs: row.get(7)? },
        hash: row.get(8)?,
        replica: ReplicaId::from_uuid(uuid(9)?),
        op: OpId::from_uuid(Uuid::from_bytes(op)),
    })
}

/// The row of a feature, deleted or not.
pub(super) fn load(conn: &Connection, id: FeatureId) -> Result<Option<StoredRow>, StoreError> {
    conn.prepare_cached(LOAD)
        .and_then(|mut it| {
            it.query_row([id.as_bytes()], |row| {
                let it = feature_row(row)?;
                Ok(StoredRow { row: row.get(11)?, delivered_version: row.get(12)?, it })
            })
            .optional()
        })
        .map_err(StoreError::database("reading a feature"))
}
