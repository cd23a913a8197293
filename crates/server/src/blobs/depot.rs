use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use axum::body::Bytes;
use faltkarta_faults::point;
use faltkarta_model::{BlobId, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::backend::GeodataStore;
use crate::blobs::seat::Seats;
use crate::blobs::shelf::Shelf;
use crate::blobs::staged::n_staged;
use crate::blobs::{BlobPlace, BucketKeys, MAX_BLOB_BYTES, Seat, Staged};
use crate::error::StoreError;

/// Keeps the bytes of attachments. What is under way lies in a local folder, also when whole ones go to a bucket: a
/// bucket takes parts of 5 MiB and more only, and would have to be asked for every byte that a bad network brings.
#[derive(Debug)]
pub struct Depot {
    staging: PathBuf,
    shelf: Shelf,
    place: BlobPlace,
    /// Whether staged bytes lie on the shelf's own file system, so that a name is all that has to change.
    is_near: bool,
    seats: Seats,
}

/// How far an attachment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlobPiece {
    /// Bytes that have arrived.
    pub n_bytes: u64,
    /// Whether these are all of them, and hash to the id.
    pub is_complete: bool,
}

fn name_of(blob: &BlobId) -> String {
    let digits = blob.digits();
    format!("{}/{digits}", &digits[..2])
}

fn preview_of(blob: &BlobId) -> String {
    format!("previews/{}", name_of(blob))
}

impl Depot {
    /// The depot of a store's folder, at the place that is marked there.
    ///
    /// # Errors
    ///
    /// [`StoreError::BadDeclaration`], [`StoreError::Io`], [`StoreError::BlobsUnreachable`].
    pub fn of_store(folder: &Path) -> Result<Self, StoreError> {
        Self::open(folder, BlobPlace::of_store(folder)?, None)
    }

    /// A depot that stages in a store's folder and keeps whole attachments at a place. Without `keys` a bucket's come
    /// from the environment.
    ///
    /// # Errors
    ///
    /// As for [`Depot::of_store`].
    pub fn open(
        folder: &Path,
        place: BlobPlace,
        keys: Option<&BucketKeys>,
    ) -> Result<Self, StoreError> {
        let shelf = folder.join("blobs");
        let staging = shelf.join("part");
        fs::create_dir_all(&staging).map_err(StoreError::io("making", &staging))?;
        let is_near = place == BlobPlace::Folder(shelf);
        Ok(Self {
            staging,
            shelf: Shelf::open(&place, keys)?,
            place,
            is_near,
            seats: Seats::default(),
        })
    }

    /// Where whole attachments lie.
    pub fn place(&self) -> &BlobPlace {
        &self.place
    }

    fn part(&self, blob: &BlobId) -> PathBuf {
        self.staging.join(blob.digits())
    }

    /// Bytes that have arrived of an attachment that the store does not know to be whole.
    pub(crate) fn n_arrived(&self, blob: &BlobId) -> Result<u64, StoreError> {
        match n_staged(&self.part(blob))? {
            // It may have been put in place by a process that died before it could say so.
            0 => Ok(self.shelf.size(&name_of(blob))?.unwrap_or(0)),
            n_bytes => Ok(n_bytes),
        }
    }

    /// Takes over the writing of an attachment; `None` when somebody newer came meanwhile.
    pub(crate) async fn take_seat(&self, blob: &BlobId) -> Option<Seat> {
        self.seats.take(blob).await
    }

    /// The staged bytes, for adding to them.
    pub(crate) fn stage(&self, blob: &BlobId, seat: Seat) -> Result<Staged, StoreError> {
        Staged::open(self.part(blob), seat)
    }

    /// Verifies what is staged, puts it in its place durably, and has the store say so.
    pub(crate) fn finish(
        &self,
        store: &dyn GeodataStore,
        blob: &BlobId,
        mut staged: Staged,
        now: Timestamp,
    ) -> Result<BlobPiece, StoreError> {
        let name = name_of(blob);
        let n_bytes = staged.n_bytes();
        if n_bytes > 0 {
            if staged.digest()? != blob.digits() {
                staged.cut(0)?;
                tracing::warn!(%blob, n_bytes, "an attachment was not what its name says; it begins anew");
                return Err(StoreError::DigestMismatch);
            }
            staged.sync()?;
            point("server.blob.before_place").map_err(StoreError::stopped)?;
            if self.is_near {
                self.shelf.rename(&format!("part/{}", blob.digits()), &name)?;
            } else {
                self.shelf.put(&name, staged.read()?)?;
            }
        }
        let whole = self.shelf.size(&name)?.ok_or(StoreError::DigestMismatch)?;
        point("server.blob.after_place").map_err(StoreError::stopped)?;
        store.keep_blob(blob, whole, now)?;
        // In the near folder it is gone by its new name; elsewhere, or empty, it has done its service.
        match fs::remove_file(staged.path()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(%error, "staged bytes stay on the disk");
            }
            _ => {}
        }
        Ok(BlobPiece { n_bytes: whole, is_complete: true })
    }

    /// A part of a whole attachment.
    ///
    /// # Errors
    ///
    /// [`StoreError::BlobsUnreachable`].
    pub fn read(&self, blob: &BlobId, range: Range<u64>) -> Result<Bytes, StoreError> {
        self.shelf.get(&name_of(blob), range)
    }

    /// Size of a whole attachment, as its place knows it; `None` when it is not there.
    ///
    /// # Errors
    ///
    /// [`StoreError::BlobsUnreachable`].
    pub fn size(&self, blob: &BlobId) -> Result<Option<u64>, StoreError> {
        self.shelf.size(&name_of(blob))
    }

    /// Takes a file in whose bytes hash to the id; durable when this returns. The store is told by the caller.
    pub(crate) fn take_in(&self, blob: &BlobId, file: &Path) -> Result<(), StoreError> {
        let bytes = fs::read(file).map_err(StoreError::io("reading", file))?;
        if BlobId::from_digest(Sha256::digest(&bytes).into()) != *blob {
            return Err(StoreError::damaged(format!("{blob} does not hash to its id")));
        }
        self.shelf.put(&name_of(blob), bytes)
    }

    /// Keeps a preview; durable when this returns. The store is told by the caller.
    pub(crate) fn put_preview(&self, blob: &BlobId, bytes: &[u8]) -> Result<(), StoreError> {
        self.shelf.put(&preview_of(blob), bytes.to_vec())
    }

    /// A preview as it was sent.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`], [`StoreError::BlobsUnreachable`].
    pub fn preview(&self, blob: &BlobId) -> Result<Bytes, StoreError> {
        let name = preview_of(blob);
        let n_bytes = self.shelf.size(&name)?.ok_or(StoreError::NotFound)?;
        self.shelf.get(&name, 0..n_bytes)
    }

    /// Takes an attachment's bytes and its preview away. The store has forgotten it before.
    pub(crate) fn remove(&self, blob: &BlobId) -> Result<(), StoreError> {
        self.shelf.remove(&preview_of(blob))?;
        self.shelf.remove(&name_of(blob))
    }
}

/// Adds bytes that are already on this machine to an attachment, for imports. The last of them are checked against the
/// id.
///
/// # Errors
///
/// [`StoreError::WrongOffset`] says where it goes on; [`StoreError::DigestMismatch`], [`StoreError::TooLarge`],
/// [`StoreError::Malformed`], [`StoreError::BlobsUnreachable`].
pub fn add_to_blob(
    store: &dyn GeodataStore,
    blob: &BlobId,
    (at, total): (u64, u64),
    bytes: &[u8],
    now: Timestamp,
) -> Result<BlobPiece, StoreError> {
    if total > MAX_BLOB_BYTES {
        return Err(StoreError::TooLarge { most: MAX_BLOB_BYTES, unit: "bytes" });
    }
    let depot = store.depot();
    let seat = depot.seats.wait(blob);
    if let Some(n_bytes) = store.blob(blob)?.n_bytes {
        return Ok(BlobPiece { n_bytes, is_complete: true });
    }
    let expected = depot.n_arrived(blob)?;
    if at != expected {
        return Err(StoreError::WrongOffset { expected });
    }
    if at + bytes.len() as u64 > total {
        let text = "more bytes than the attachment has".to_owned();
        return Err(StoreError::Malformed { text });
    }
    let mut staged = depot.stage(blob, seat)?;
    if staged.n_bytes() == at {
        staged.add(bytes)?;
    } else if at != total {
        let text = "the attachment has another length".to_owned();
        return Err(StoreError::Malformed { text });
    }
    if at + (bytes.len() as u64) < total {
        staged.sync()?;
        return Ok(BlobPiece { n_bytes: staged.n_bytes(), is_complete: false });
    }
    depot.finish(store, blob, staged, now)
}
