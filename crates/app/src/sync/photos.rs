use faltkarta_store::{StoreError, Upload};

use crate::error::AppError;
use crate::sync::engine::{FieldAccess, Round};
use crate::sync::link::{BlobState, LinkError};

/// Bytes of one piece of a photo: small after a cut, larger while all goes well.
const PIECE_MIN: usize = 256 << 10;
const PIECE_MAX: usize = 4 << 20;

impl<A: FieldAccess> Round<'_, A> {
    /// Sends what the store lacks of the photos, each from where an earlier try ended.
    pub(super) fn send_photos(&mut self) -> Result<(), AppError> {
        let uploads = self.field.with(|it| it.store.uploads())?;
        let mut failure = None;
        for upload in uploads {
            match self.send_photo(&upload) {
                Ok(()) => self.report.n_photos += 1,
                // The way is gone for all of them.
                Err(AppError::Link(
                    error @ (LinkError::Unreachable { .. } | LinkError::SignedOut),
                )) => {
                    return Err(error.into());
                }
                // One photo that cannot be read or is refused must not hold up the others.
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(()), Err)
    }

    fn send_photo(&mut self, upload: &Upload) -> Result<(), AppError> {
        let mut state = self.link.blob_head(&self.workspace, &upload.blob)?;
        let mut piece_bytes = PIECE_MIN;
        let mut n_corrections = 0;
        loop {
            let offset = match state {
                BlobState::Complete => {
                    let at = (self.now)();
                    return self.field.with(|it| {
                        it.store.set_blob_received(&upload.blob, at)?;
                        it.touch();
                        Ok(())
                    });
                }
                BlobState::Partial(offset) => offset,
            };
            let piece = self.field.with(|it| {
                it.store.set_upload_offset(&upload.blob, offset)?;
                it.store.photo_part(&upload.blob, offset, piece_bytes)
            })?;
            if piece.is_empty() {
                // The file is shorter than its row says, or the store wants more than there is.
                let text = format!("photo ends at byte {offset} of {}", upload.n_bytes);
                return Err(StoreError::Damaged { text }.into());
            }
            let sent =
                self.link.blob_patch(&self.workspace, &upload.blob, offset, upload.n_bytes, &piece);
            state = match sent {
                Ok(BlobState::Partial(next)) if next <= offset => {
                    let text = "the store takes no bytes".to_owned();
                    return Err(LinkError::Damaged { text }.into());
                }
                Ok(state) => {
                    piece_bytes = (piece_bytes * 2).min(PIECE_MAX);
                    state
                }
                Err(LinkError::WrongOffset { n_bytes }) if n_corrections < 3 => {
                    n_corrections += 1;
                    piece_bytes = PIECE_MIN;
                    BlobState::Partial(n_bytes)
                }
                Err(error) => return Err(error.into()),
            };
        }
    }
}
