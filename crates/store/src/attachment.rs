use faltkarta_changes::{Operation, OperationKind};
use faltkarta_model::{BlobId, FeatureId, Timestamp};
use rusqlite::Transaction;
use sha2::{Digest as _, Sha256};

use crate::error::{StoreError, bad_column};
use crate::picture::picture_kind;
use crate::store::Store;
use crate::vault::Vault;

/// Most bytes of one photo. Source: the limit that staff were promised, twice the largest picture of their phones.
pub const PHOTO_BYTES_MAX: u64 = 40_000_000;

/// A photo of a draft or an inspection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its content.
    pub blob: BlobId,
    /// Name of the file in the form instance, unique by content.
    pub name: String,
    /// Name of the file as it was picked.
    pub picked_name: String,
    /// Media type by its first bytes.
    pub media_type: String,
    /// Size.
    pub n_bytes: u64,
    /// When it was added, RFC 3339.
    pub added_at: String,
    /// Whether the store holds all of it.
    pub is_received: bool,
}

/// A blob that the store does not hold yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its content.
    pub blob: BlobId,
    /// Size.
    pub n_bytes: u64,
    /// Bytes that the store is known to have.
    pub offset: u64,
}

/// How many photos were taken and how many the store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PhotoCounts {
    /// Taken, in drafts and inspections.
    pub taken: u32,
    /// Held by the store.
    pub received: u32,
    /// Of completed inspections, waiting to be sent.
    pub waiting: u32,
}

impl Store {
    /// Keeps a photo by its content and ties it to a draft. The file is durable before its row is.
    ///
    /// # Errors
    ///
    /// [`StoreError::PhotoEmpty`], [`StoreError::PhotoTooLarge`], [`StoreError::PhotoUnreadable`],
    /// [`StoreError::DraftNotFound`], [`StoreError::DiskFull`].
    pub fn add_photo(
        &mut self,
        draft: FeatureId,
        picked_name: &str,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<Attachment, StoreError> {
        self.draft(draft)?;
        let attachment = self.keep_photo(picked_name, bytes, now)?;
        faltkarta_faults::point("store.photo.before_tie")?;
        self.write(|tx| tie(tx, draft, &attachment))?;
        Ok(attachment)
    }

    /// Keeps a photo by its content, tied to nothing yet; [`Store::apply_local`] ties it to a feature with the edit
    /// that attaches it. The file is durable before its row is.
    ///
    /// # Errors
    ///
    /// As [`Store::add_photo`].
    pub fn keep_photo(
        &mut self,
        picked_name: &str,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<Attachment, StoreError> {
        let n_bytes = bytes.len() as u64;
        if n_bytes == 0 {
            return Err(StoreError::PhotoEmpty);
        }
        if n_bytes > PHOTO_BYTES_MAX {
            return Err(StoreError::PhotoTooLarge { n_bytes, n_bytes_max: PHOTO_BYTES_MAX });
        }
        let kind = picture_kind(bytes).ok_or(StoreError::PhotoUnreadable)?;
        let blob = BlobId::from_digest(Sha256::digest(bytes).into());
        self.put_file(&blob, bytes)?;
        faltkarta_faults::point("store.photo.after_file")?;
        let attachment = Attachment {
            name: format!("{}.{}", &blob.digits()[..16], kind.ending),
            blob,
            picked_name: picked_name.chars().take(200).collect(),
            media_type: kind.media_type.to_owned(),
            n_bytes,
            added_at: now.to_string(),
            is_received: false,
        };
        self.write(|tx| {
            tx.execute(
                "INSERT INTO blob(id, n_bytes, media_type, state) VALUES (?1, ?2, ?3, 'taken') ON CONFLICT DO NOTHING",
                (attachment.blob.as_str(), n_bytes, &attachment.media_type),
            )?;
            Ok(())
        })?;
        Ok(attachment)
    }

    pub(crate) fn put_file(&self, blob: &BlobId, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.folder.photo(blob.digits());
        // Content under its digest: what is there whole is the same.
        match Vault::len(&path) {
            Ok(Some(n_bytes)) if n_bytes == bytes.len() as u64 && !Vault::is_plain(&path) => Ok(()),
            _ => self.vault.put(&path, bytes),
        }
    }

    /// Takes a photo out of a draft; adding the same picture again brings it back. The file stays.
    ///
    /// # Errors
    ///
    /// [`StoreError::BlobNotFound`] when it is not in the draft.
    pub fn remove_photo(&mut self, draft: FeatureId, blob: &BlobId) -> Result<(), StoreError> {
        self.draft(draft)?;
        self.write(|tx| {
            let n_changed = tx.execute(
                "UPDATE attachment SET is_removed = 1 WHERE owner = ?1 AND blob = ?2",
                (&draft.as_bytes()[..], blob.as_str()),
            )?;
            if n_changed == 0 {
                return Err(StoreError::BlobNotFound { blob: blob.to_string() });
            }
            Ok(())
        })
    }

    /// The photos of a draft or an own inspection, in the order they were added.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn photos(&self, owner: FeatureId) -> Result<Vec<Attachment>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT a.blob, a.name, a.picked_name, b.media_type, b.n_bytes, a.added_at, b.state = 'received'
             FROM attachment a JOIN blob b ON b.id = a.blob
             WHERE a.owner = ?1 AND NOT a.is_removed ORDER BY a.added_at, a.blob",
        )?;
        let rows = statement.query_map([&owner.as_bytes()[..]], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get(1)?,
                row.get(2)?,
                row.get(3)?,
                row.get(4)?,
                row.get(5)?,
                row.get(6)?,
            ))
        })?;
        rows.map(|row| {
            let (blob, name, picked_name, media_type, n_bytes, added_at, is_received) = row?;
            let blob =
                BlobId::parse(&blob).map_err(|error| bad_column("attachment.blob", error))?;
            Ok(Attachment { blob, name, picked_name, media_type, n_bytes, added_at, is_received })
        })
        .collect()
    }

    /// The bytes of a photo on this laptop, with its media type: an own one, or a copy of what the store holds.
    ///
    /// # Errors
    ///
    /// [`StoreError::BlobNotFound`] when it is not here, be it that it was freed; or that of the file.
    pub fn photo_bytes(&self, blob: &BlobId) -> Result<(String, Vec<u8>), StoreError> {
        let not_found = || StoreError::BlobNotFound { blob: blob.to_string() };
        let path = self.folder.photo(blob.digits());
        Vault::len(&path)?.ok_or_else(not_found)?;
        let bytes = self.vault.read(&path)?;
        let media_type =
            picture_kind(&bytes).map_or("application/octet-stream", |it| it.media_type);
        Ok((media_type.to_owned(), bytes))
    }

    /// A part of a photo, at most `n_bytes_max` from `offset`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the file.
    pub fn photo_part(
        &self,
        blob: &BlobId,
        offset: u64,
        n_bytes_max: usize,
    ) -> Result<Vec<u8>, StoreError> {
        self.vault.part(&self.folder.photo(blob.digits()), offset, n_bytes_max)
    }

    /// The attachments of a feature: those that the geodata store told of, and own ones.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn blobs_of(&self, feature: FeatureId) -> Result<Vec<BlobId>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT blob FROM feature_blob WHERE feature = ?1
             UNION SELECT blob FROM attachment WHERE owner = ?1 AND NOT is_removed",
        )?;
        let rows = statement.query_map([&feature.as_bytes()[..]], |row| row.get::<_, String>(0))?;
        rows.map(|blob| BlobId::parse(&blob?).map_err(|error| bad_column("attachment.blob", error)))
            .collect()
    }

    /// Photos of completed inspections that the store does not hold, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn uploads(&self) -> Result<Vec<Upload>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id, n_bytes, upload_offset FROM blob WHERE state = 'saved' ORDER BY rowid",
        )?;
        let rows = statement
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)))?;
        rows.map(|row| {
            let (blob, n_bytes, offset) = row?;
            let blob = BlobId::parse(&blob).map_err(|error| bad_column("blob.id", error))?;
            Ok(Upload { blob, n_bytes, offset })
        })
        .collect()
    }

    /// Keeps how much of a blob the store has.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn set_upload_offset(&mut self, blob: &BlobId, offset: u64) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.prepare_cached("UPDATE blob SET upload_offset = ?2 WHERE id = ?1")?
                .execute((blob.as_str(), offset))?;
            Ok(())
        })
    }

    /// Keeps that the store holds all of a blob and has checked its digest. The file stays.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn set_blob_received(&mut self, blob: &BlobId, now: Timestamp) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.prepare_cached(
                "UPDATE blob SET state = 'received', upload_offset = n_bytes, received_at = ?2 WHERE id = ?1",
            )?
            .execute((blob.as_str(), now.to_string()))?;
            Ok(())
        })?;
        faltkarta_faults::point("store.photo.after_received")?;
        Ok(())
    }

    /// Photos taken and received.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn photo_counts(&self) -> Result<PhotoCounts, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT count(*), count(*) FILTER (WHERE state = 'received'), count(*) FILTER (WHERE state = 'saved')
             FROM blob WHERE state <> 'taken'
                OR id IN (SELECT a.blob FROM attachment a JOIN draft d ON d.id = a.owner
                          WHERE d.state = 'active' AND NOT a.is_removed)",
        )?;
        Ok(statement.query_row([], |row| {
            Ok(PhotoCounts { taken: row.get(0)?, received: row.get(1)?, waiting: row.get(2)? })
        })?)
    }
}

/// Says whose a photo is; one that was taken away is there again.
pub(crate) fn tie(
    tx: &Transaction<'_>,
    owner: FeatureId,
    photo: &Attachment,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO attachment(owner, blob, name, picked_name, added_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT(owner, blob) DO UPDATE SET is_removed = 0",
        (
            &owner.as_bytes()[..],
            photo.blob.as_str(),
            &photo.name,
            &photo.picked_name,
            &photo.added_at,
        ),
    )?;
    Ok(())
}

/// Brings the rows of photos in line with an own operation that attaches or takes away.
pub(crate) fn follow(
    tx: &Transaction<'_>,
    op: &Operation,
    attached: &[Attachment],
) -> Result<(), StoreError> {
    let owner = &op.feature.as_bytes()[..];
    for blob in &op.blobs {
        match op.kind {
            OperationKind::Attach => {
                let photo = attached.iter().find(|it| it.blob == *blob);
                let photo =
                    photo.ok_or_else(|| StoreError::BlobNotFound { blob: blob.to_string() })?;
                tie(tx, op.feature, photo)?;
                tx.execute(
                    "UPDATE blob SET state = 'saved' WHERE id = ?1 AND state = 'taken'",
                    [blob.as_str()],
                )?;
            }
            OperationKind::Detach => {
                tx.execute(
                    "UPDATE attachment SET is_removed = 1 WHERE owner = ?1 AND blob = ?2",
                    (owner, blob.as_str()),
                )?;
            }
            _ => {}
        }
    }
    Ok(())
}
