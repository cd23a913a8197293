//! What entries are judged by beside their rows.

use faltkarta_model::FeatureId;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::areas::{Looked, Past};
use crate::error::StoreError;
use crate::judging::Content;
use crate::sqlite::row::load;

/// A parent as it stands.
pub(super) fn look(conn: &Connection, parent: FeatureId) -> Result<Looked, StoreError> {
    Ok(load(conn, parent)?.map(|row| (row.it.dataset_no, row.it.content)))
}

/// What is asked of a connection's snapshot.
pub(super) struct PastOf<'c>(pub(super) &'c Connection);

impl Past for PastOf<'_> {
    fn look(&mut self, parent: FeatureId) -> Result<Looked, StoreError> {
        look(self.0, parent)
    }

    fn superseded(
        &mut self,
        feature: FeatureId,
        version: u32,
    ) -> Result<Option<Content>, StoreError> {
        self.0
            .prepare_cached(
                "SELECT geometry, properties, blobs FROM history WHERE feature = ?1 AND version = ?2",
            )
            .and_then(|mut it| {
                it.query_row(params![feature.as_bytes(), version], |row| {
                    Ok(Content { wkb: row.get(0)?, properties: row.get(1)?, blobs: row.get(2)? })
                })
                .optional()
            })
            .map_err(StoreError::database("reading the history of a feature"))
    }
}
