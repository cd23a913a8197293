use std::path::Path;

use faltkarta_model::BlobId;
use rusqlite::Connection;

use crate::backend::StoreHead;
use crate::error::StoreError;
use crate::sqlite::feed;
use crate::sqlite::open::{self, DATABASE};

/// A store's database that is looked at and not used: a live one from beside, or a copy.
pub(crate) struct Proof {
    conn: Connection,
}

const PROVING: &str = "proving the store";

impl Proof {
    /// Opens the database in a folder for reading.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let database = folder.join(DATABASE);
        if !database.exists() {
            return Err(StoreError::NoStore { folder: folder.to_owned() });
        }
        let conn = open::connect(&database, false)?;
        open::check(&conn)?;
        Ok(Self { conn })
    }

    /// Where the feed ends and begins, as the database says without proof.
    pub(crate) fn head(&self) -> Result<StoreHead, StoreError> {
        feed::head(&self.conn)
    }

    /// The database's own check, and the feed from its first number on, in one snapshot.
    pub(crate) fn prove(&self) -> Result<StoreHead, StoreError> {
        let failed = StoreError::database(PROVING);
        let tx = self.conn.unchecked_transaction().map_err(failed)?;
        let mut statement = tx.prepare("PRAGMA integrity_check(10)").map_err(failed)?;
        let found: Vec<String> = statement
            .query_map([], |row| row.get(0))
            .and_then(Iterator::collect)
            .map_err(failed)?;
        if found != ["ok"] {
            return Err(StoreError::damaged(found.join("; ")));
        }
        feed::verify(&tx)
    }

    /// The attachments that the database says have a preview.
    pub(crate) fn previews(&self) -> Result<Vec<BlobId>, StoreError> {
        let failed = StoreError::database(PROVING);
        let mut statement =
            self.conn.prepare("SELECT blob FROM blob_preview ORDER BY blob").map_err(failed)?;
        let ids: Vec<String> = statement
            .query_map([], |row| row.get(0))
            .and_then(Iterator::collect)
            .map_err(failed)?;
        ids.iter().map(|it| BlobId::parse(it).map_err(StoreError::damaged)).collect()
    }

    /// The attachments that the database says are whole, with their lengths in bytes.
    pub(crate) fn blobs(&self) -> Result<Vec<(BlobId, u64)>, StoreError> {
        let failed = StoreError::database(PROVING);
        let mut statement =
            self.conn.prepare("SELECT id, n_bytes FROM blob ORDER BY id").map_err(failed)?;
        let rows: Vec<(String, i64)> = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .and_then(Iterator::collect)
            .map_err(failed)?;
        rows.into_iter()
            .map(|(id, n_bytes)| {
                Ok((BlobId::parse(&id).map_err(StoreError::damaged)?, n_bytes as u64))
            })
            .collect()
    }
}
