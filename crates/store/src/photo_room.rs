use std::fs;

use faltkarta_model::{BlobId, Timestamp};
use rusqlite::Connection;

use crate::error::{StoreError, bad_column};
use crate::journal::number;
use crate::store::Store;

/// Room on the disk that photos take, or gave back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PhotoRoom {
    /// Photos.
    pub n_photos: u32,
    /// Their bytes.
    pub n_bytes: u64,
}

/// Photos whose file may go. Every condition must hold: the store has verified the bytes; each own edit of what the
/// photo belongs to is answered for and in every usable backup; the store's own row names the photo as there, in an
/// entry that is in every usable backup; no open draft uses it.
const MAY_GO: &str = "
SELECT b.id FROM blob b
WHERE b.state = 'received'
  AND NOT EXISTS (SELECT 1 FROM attachment a JOIN draft d ON d.id = a.owner
                  WHERE a.blob = b.id AND NOT a.is_removed AND d.state = 'active')
  AND NOT EXISTS (SELECT 1 FROM attachment a JOIN journal j ON j.feature = a.owner
                  WHERE a.blob = b.id
                    AND NOT (j.state = 'received' AND coalesce(j.seq, j.until_seq) <= ?1))
  AND EXISTS (SELECT 1 FROM feature_blob f JOIN base ON base.id = f.feature
              WHERE f.blob = b.id AND f.complete AND base.seq <= ?1)";

/// Copies of other people's photos: the store holds them, and nothing here was made with them.
const COPIES: &str = "
SELECT DISTINCT f.blob FROM feature_blob f
WHERE f.complete AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.id = f.blob)";

impl Store {
    /// What [`Store::free_photos`] would give back now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn photos_to_free(&self) -> Result<PhotoRoom, StoreError> {
        let mut room = PhotoRoom::default();
        for blob in may_go(&self.conn)? {
            room.add(self.n_on_disk(&blob));
        }
        Ok(room)
    }

    /// Gives up the files of photos that are safe at the store, because the person asked for it; they are fetched
    /// again when somebody looks at them. This is the only place that removes a photo's file.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write or of a file; what was freed before is freed.
    pub fn free_photos(&mut self, now: Timestamp) -> Result<PhotoRoom, StoreError> {
        let blobs = may_go(&self.conn)?;
        let mut room = PhotoRoom::default();
        for blob in blobs {
            let n_bytes = self.n_on_disk(&blob);
            if n_bytes == 0 {
                continue;
            }
            // The row first: a file without need is harmless, a row that promises a file is not.
            self.write(|tx| {
                tx.prepare_cached(
                    "INSERT OR IGNORE INTO freed_photo SELECT id, ?2 FROM blob WHERE id = ?1",
                )?
                .execute((blob.as_str(), now.to_string()))?;
                Ok(())
            })?;
            faltkarta_faults::point("store.photo.before_free")?;
            let path = self.folder.photo(blob.digits());
            fs::remove_file(&path).map_err(|error| StoreError::io(&path, error))?;
            room.add(n_bytes);
        }
        Ok(room)
    }

    fn n_on_disk(&self, blob: &BlobId) -> u64 {
        fs::metadata(self.folder.photo(blob.digits())).map_or(0, |it| it.len())
    }
}

impl PhotoRoom {
    fn add(&mut self, n_bytes: u64) {
        if n_bytes > 0 {
            self.n_photos += 1;
            self.n_bytes += n_bytes;
        }
    }
}

fn may_go(conn: &Connection) -> Result<Vec<BlobId>, StoreError> {
    let safe_seq = number(conn, "safe_seq")?;
    let mut own = conn.prepare_cached(MAY_GO)?;
    let mut copies = conn.prepare_cached(COPIES)?;
    let own = own.query_map([safe_seq], |row| row.get::<_, String>(0))?;
    let copies = copies.query_map([], |row| row.get::<_, String>(0))?;
    own.chain(copies)
        .map(|blob| BlobId::parse(&blob?).map_err(|error| bad_column("feature_blob.blob", error)))
        .collect()
}
