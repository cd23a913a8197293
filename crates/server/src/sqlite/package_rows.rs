use faltkarta_model::{BlobId, DatasetId, FeatureId};
use faltkarta_protocol::FeedBlob;
use rusqlite::Connection;

use crate::backend::{LookedAt, PackageInputs, PackageRow, StoreHead};
use crate::cursor::Cursor;
use crate::error::StoreError;
use crate::judging::Catalogue;
use crate::sqlite::feed;
use crate::sqlite::row::load;

/// A read transaction of its own that stays open as long as the value lives.
pub(super) struct Snapshot<'a> {
    conn: Connection,
    catalogue: &'a Catalogue,
    head: StoreHead,
}

impl<'a> Snapshot<'a> {
    pub(super) fn take(conn: Connection, catalogue: &'a Catalogue) -> Result<Self, StoreError> {
        conn.execute_batch("BEGIN").map_err(StoreError::database("taking a snapshot"))?;
        // The snapshot begins with the first reading.
        let head = feed::head(&conn)?;
        Ok(Self { conn, catalogue, head })
    }
}

impl PackageInputs for Snapshot<'_> {
    fn head(&self) -> &StoreHead {
        &self.head
    }

    fn cursor(&self) -> String {
        Cursor::write(&self.head.epoch, self.head.seq, &self.head.chain, 1)
    }

    fn last_seq(&self, dataset: &DatasetId) -> Result<u64, StoreError> {
        let no = self.catalogue.get(dataset)?.no;
        self.conn
            .query_row(
                "SELECT coalesce(max(seq), 0) FROM feature WHERE dataset = ?1",
                [no],
                |row| row.get::<_, i64>(0),
            )
            .map(|it| it as u64)
            .map_err(StoreError::database("reading the feed"))
    }

    fn look(&self, feature: FeatureId) -> Result<Option<LookedAt>, StoreError> {
        Ok(load(&self.conn, feature)?.map(|row| LookedAt {
            dataset_no: row.it.dataset_no,
            wkb: row.it.content.wkb,
            properties: row.it.content.properties,
        }))
    }

    fn for_each_row(
        &self,
        dataset: &DatasetId,
        see: &mut dyn FnMut(PackageRow<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let failed = StoreError::database("reading features");
        let no = self.catalogue.get(dataset)?.no;
        let mut statement = self
            .conn
            .prepare_cached(
                "SELECT id, version, seq, geometry, properties FROM feature
                 WHERE dataset = ?1 AND NOT is_deleted ORDER BY row",
            )
            .map_err(failed)?;
        let mut rows = statement.query([no]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let wkb = row.get_ref(3).map_err(failed)?;
            let properties = row.get_ref(4).map_err(failed)?;
            see(PackageRow {
                id: FeatureId::from_uuid(uuid::Uuid::from_bytes(row.get(0).map_err(failed)?)),
                version: row.get(1).map_err(failed)?,
                seq: row.get::<_, i64>(2).map_err(failed)? as u64,
                wkb: wkb.as_blob_or_null().map_err(StoreError::damaged)?,
                properties: properties.as_str().map_err(StoreError::damaged)?,
            })?;
        }
        Ok(())
    }

    fn for_each_blob(
        &self,
        dataset: &DatasetId,
        see: &mut dyn FnMut(FeatureId, &FeedBlob) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let failed = StoreError::database("reading attachments");
        let no = self.catalogue.get(dataset)?.no;
        let mut statement = self
            .conn
            .prepare_cached(
                "SELECT f.id, r.blob, EXISTS(SELECT 1 FROM blob b WHERE b.id = r.blob),
                        EXISTS(SELECT 1 FROM blob_preview p WHERE p.blob = r.blob)
                 FROM blob_ref r JOIN feature f ON f.id = r.feature
                 WHERE f.dataset = ?1 AND NOT f.is_deleted AND instr(f.blobs, r.blob)",
            )
            .map_err(failed)?;
        let mut rows = statement.query([no]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let blob: String = row.get(1).map_err(failed)?;
            let blob = FeedBlob {
                id: BlobId::parse(&blob).map_err(StoreError::damaged)?,
                complete: row.get(2).map_err(failed)?,
                has_preview: row.get(3).map_err(failed)?,
            };
            let feature = uuid::Uuid::from_bytes(row.get(0).map_err(failed)?);
            see(FeatureId::from_uuid(feature), &blob)?;
        }
        Ok(())
    }
}
