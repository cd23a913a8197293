use std::fs;

use faltkarta_model::{BlobId, FeatureId};
use sha2::{Digest as _, Sha256};

use crate::error::{StoreError, bad_column};
use crate::store::Store;
use crate::vault::Vault;

/// A photo of a feature, as the newest entry of the feed tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "two files at two places, each there or not")]
pub struct FeaturePhoto {
    /// Its content.
    pub blob: BlobId,
    /// Whether the store holds all of it; else it is awaited.
    pub is_received: bool,
    /// Whether the store has a preview.
    pub has_preview: bool,
    /// Whether its bytes are on this laptop.
    pub is_here: bool,
    /// Whether its preview is on this laptop.
    pub is_preview_here: bool,
}

impl Store {
    /// The photos of a feature as the store knows them; own ones that it has not heard of yet are not among them.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn feature_photos(&self, feature: FeatureId) -> Result<Vec<FeaturePhoto>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT blob, complete, has_preview FROM feature_blob WHERE feature = ?1 ORDER BY blob",
        )?;
        let rows = statement.query_map([&feature.as_bytes()[..]], |row| {
            Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?))
        })?;
        rows.map(|row| {
            let (blob, is_received, has_preview) = row?;
            let blob =
                BlobId::parse(&blob).map_err(|error| bad_column("feature_blob.blob", error))?;
            Ok(FeaturePhoto {
                is_here: self.is_photo_here(&blob),
                is_preview_here: self.is_preview_here(&blob),
                blob,
                is_received,
                has_preview,
            })
        })
        .collect()
    }

    /// Whether a photo's bytes are on this laptop.
    pub fn is_photo_here(&self, blob: &BlobId) -> bool {
        self.folder.photo(blob.digits()).exists()
    }

    /// Whether a photo's preview is on this laptop.
    pub fn is_preview_here(&self, blob: &BlobId) -> bool {
        self.folder.preview(blob.digits()).exists()
    }

    /// Reads an own photo whole and compares it with its name.
    ///
    /// # Errors
    ///
    /// [`StoreError::PhotoDamaged`] when it has changed on the disk.
    pub fn check_photo(&self, blob: &BlobId) -> Result<(), StoreError> {
        let bytes = self.vault.read(&self.folder.photo(blob.digits()))?;
        if BlobId::from_digest(Sha256::digest(bytes).into()) == *blob {
            Ok(())
        } else {
            Err(StoreError::PhotoDamaged { blob: blob.to_string() })
        }
    }

    /// Offers own photos again that the store was said to hold and whose newest row says that it awaits them: its
    /// bytes were lost there, and are here. Returns how many.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn reconsider_photos(&mut self) -> Result<usize, StoreError> {
        self.write(|tx| {
            Ok(tx
                .prepare_cached(
                    "UPDATE blob SET state = 'saved', upload_offset = 0
                     WHERE state = 'received' AND id NOT IN (SELECT blob FROM freed_photo)
                       AND EXISTS (SELECT 1 FROM feature_blob f WHERE f.blob = blob.id AND NOT f.complete)
                       AND NOT EXISTS (SELECT 1 FROM feature_blob f WHERE f.blob = blob.id AND f.complete)",
                )?
                .execute([])?)
        })
    }

    /// Photos of others whose preview the store has and this laptop has not, newest entries first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn missing_previews(&self, n_max: usize) -> Result<Vec<BlobId>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT f.blob FROM feature_blob f JOIN base ON base.id = f.feature
             WHERE f.has_preview AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.id = f.blob)
             GROUP BY f.blob ORDER BY max(base.seq) DESC, f.blob",
        )?;
        let mut rows = statement.query([])?;
        let mut missing = vec![];
        while missing.len() < n_max
            && let Some(row) = rows.next()?
        {
            let blob = BlobId::parse(&row.get::<_, String>(0)?)
                .map_err(|error| bad_column("feature_blob.blob", error))?;
            if !self.is_preview_here(&blob) {
                missing.push(blob);
            }
        }
        Ok(missing)
    }

    /// Keeps a copy of what the store holds, after its digest was checked. An own photo that was freed is here again.
    ///
    /// # Errors
    ///
    /// [`StoreError::PhotoDamaged`] when the bytes do not hash to their name; [`StoreError::DiskFull`].
    pub fn put_photo_copy(&mut self, blob: &BlobId, bytes: &[u8]) -> Result<(), StoreError> {
        if BlobId::from_digest(Sha256::digest(bytes).into()) != *blob {
            return Err(StoreError::PhotoDamaged { blob: blob.to_string() });
        }
        self.vault.put(&self.folder.photo(blob.digits()), bytes)?;
        self.write(|tx| {
            tx.prepare_cached("DELETE FROM freed_photo WHERE blob = ?1")?
                .execute([blob.as_str()])?;
            Ok(())
        })
    }

    /// The preview of a photo, when it is on this laptop: a JPEG picture of at most 64 KiB.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the file.
    pub fn preview_bytes(&self, blob: &BlobId) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.folder.preview(blob.digits());
        Vault::len(&path)?.map(|_| self.vault.read(&path)).transpose()
    }

    /// Keeps a preview.
    ///
    /// # Errors
    ///
    /// [`StoreError::DiskFull`], or that of the file.
    pub fn put_preview(&mut self, blob: &BlobId, jpeg: &[u8]) -> Result<(), StoreError> {
        self.vault.put(&self.folder.preview(blob.digits()), jpeg)
    }

    /// Whether the store has taken the preview of an own photo.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn is_preview_sent(&self, blob: &BlobId) -> Result<bool, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT EXISTS(SELECT 1 FROM preview_sent WHERE blob = ?1)")?;
        Ok(statement.query_row([blob.as_str()], |row| row.get(0))?)
    }

    /// Keeps that the store has taken a preview, or that there is none to send.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn set_preview_sent(&mut self, blob: &BlobId) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.prepare_cached("INSERT OR IGNORE INTO preview_sent VALUES (?1)")?
                .execute([blob.as_str()])?;
            Ok(())
        })
    }

    /// Seals photos that an older program left plain, a few at a time; says how many it was. None is left when that
    /// is less than was asked for.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of a file; it is still there as it was.
    pub fn seal_plain_photos(&mut self, n_max: usize) -> Result<usize, StoreError> {
        const MARK: &str = "photos_sealed";
        if self.meta(MARK)?.is_some() {
            return Ok(0);
        }
        let mut n_sealed = 0;
        for shelf in fs::read_dir(self.folder.path().join("photos")).into_iter().flatten().flatten()
        {
            for file in fs::read_dir(shelf.path()).into_iter().flatten().flatten() {
                let path = file.path();
                let is_photo = path.extension().is_none() && Vault::is_plain(&path);
                if !is_photo {
                    continue;
                }
                if n_sealed == n_max {
                    return Ok(n_sealed);
                }
                self.vault.put(&path, &self.vault.read(&path)?)?;
                n_sealed += 1;
            }
        }
        self.set_meta(MARK, "1")?;
        Ok(n_sealed)
    }
}
