use faltkarta_faults::point;
use faltkarta_model::BlobId;
use faltkarta_store::{StoreError, Upload};

use crate::error::AppError;
use crate::sync::engine::{FieldAccess, Round};
use crate::sync::link::{BlobState, Link, LinkError};
use crate::sync::preview::preview_of;

/// Bytes of one piece of a photo. It grows while pieces go quickly and shrinks when they do not.
const PIECE_MIN: usize = 256 << 10;
const PIECE_MAX: usize = 4 << 20;
/// A piece that took less is followed by a larger one, in milliseconds.
const QUICK_MS: i64 = 3_000;
/// A piece that took more is followed by a smaller one.
const SLOW_MS: i64 = 10_000;
/// How often a photo may begin anew or stand still in one round.
const CORRECTIONS_MAX: u32 = 3;
/// Previews of other people's photos that one round fetches: about a megabyte.
const PREVIEWS_PER_ROUND: usize = 20;
/// Photos of older programs that one round seals.
const SEALED_PER_ROUND: usize = 8;
/// Most bytes of a photo that is fetched. Source: the wire's document.
const PHOTO_BYTES_MAX: usize = 64 << 20;

/// Whether the way is gone for all photos, not for this one only.
fn is_way_gone(error: &AppError) -> bool {
    matches!(error, AppError::Link(error) if error.is_way_gone())
}

impl<A: FieldAccess> Round<'_, A> {
    /// Sends what the store lacks of the photos: small pictures of all of them first, so that colleagues see something
    /// soon, then each from where an earlier try ended.
    pub(super) fn send_photos(&mut self) -> Result<(), AppError> {
        let uploads = self.field.with(|it| {
            it.store.reconsider_photos()?;
            it.store.uploads()
        })?;
        let mut failure = None;
        for upload in &uploads {
            match self.send_preview(&upload.blob) {
                Err(error) if is_way_gone(&error) => return Err(error),
                Err(error) => failure = failure.or(Some(error)),
                Ok(()) => {}
            }
        }
        for upload in &uploads {
            match self.send_photo(upload) {
                Ok(()) => self.report.n_photos += 1,
                Err(error) if is_way_gone(&error) => return Err(error),
                // One photo that cannot be read or is refused must not hold up the others.
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(()), Err)
    }

    fn send_preview(&mut self, blob: &BlobId) -> Result<(), AppError> {
        let photo = self.field.with(|it| {
            Ok::<_, AppError>(if it.store.is_preview_sent(blob)? {
                None
            } else {
                Some(it.store.photo_bytes(blob)?.1)
            })
        })?;
        let Some(photo) = photo else { return Ok(()) };
        if let Some(preview) = preview_of(&photo) {
            match self.link.preview_put(&self.workspace, blob, &preview) {
                // A store that wants no previews still takes the photo.
                Ok(()) | Err(LinkError::Refused { status: 400..=499, .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        point("app.photo.after_preview")?;
        self.field.with(|it| Ok(it.store.set_preview_sent(blob)?))
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
            // At its very end the store may want only to be told that there is no more.
            if piece.is_empty() && offset != upload.n_bytes {
                let text = format!("photo ends at byte {offset} of {}", upload.n_bytes);
                return Err(StoreError::Damaged { text }.into());
            }
            let before = (self.now)();
            point("app.photo.before_piece")?;
            let sent =
                self.link.blob_patch(&self.workspace, &upload.blob, offset, upload.n_bytes, &piece);
            point("app.photo.after_piece")?;
            let took_ms = (self.now)().unix_ms().saturating_sub(before.unix_ms());
            state = match sent {
                Ok(BlobState::Partial(next)) if next <= offset => {
                    let text = "the store takes no bytes".to_owned();
                    return Err(LinkError::Damaged { text }.into());
                }
                Ok(state) => {
                    piece_bytes = next_piece(piece_bytes, took_ms);
                    state
                }
                Err(LinkError::WrongOffset { n_bytes }) if n_corrections < CORRECTIONS_MAX => {
                    // Going on from further ahead is what resuming means; anything else must not go on for ever.
                    if n_bytes <= offset {
                        n_corrections += 1;
                    }
                    if n_bytes == 0 && offset > 0 {
                        self.check_photo(&upload.blob)?;
                    }
                    piece_bytes = PIECE_MIN;
                    BlobState::Partial(n_bytes)
                }
                Err(error) => return Err(error.into()),
            };
        }
    }

    /// The store found other bytes than the name says and begins anew: is it ours that have changed?
    fn check_photo(&mut self, blob: &BlobId) -> Result<(), AppError> {
        tracing::warn!(%blob, "the store begins a photo anew");
        self.field.with(|it| Ok(it.store.check_photo(blob)?))
    }

    /// Fetches small pictures of what colleagues have taken, the newest first, and seals what older programs left.
    pub(super) fn tend_photos(&mut self) -> Result<(), AppError> {
        let wanted = self.field.with(|it| it.store.missing_previews(PREVIEWS_PER_ROUND))?;
        for blob in wanted {
            match fetch_preview(self.field, self.link, &blob) {
                Ok(()) => self.report.n_previews += 1,
                // It is gone, or not ours to see: the others may still come.
                Err(AppError::Link(LinkError::Refused { .. } | LinkError::Unpermitted)) => {}
                Err(error) => return Err(error),
            }
        }
        self.field.with(|it| it.store.seal_plain_photos(SEALED_PER_ROUND))?;
        Ok(())
    }
}

fn next_piece(piece_bytes: usize, took_ms: i64) -> usize {
    match took_ms {
        // A clock that was set back says nothing.
        ..0 => piece_bytes,
        0..QUICK_MS => (piece_bytes * 2).min(PIECE_MAX),
        QUICK_MS..=SLOW_MS => piece_bytes,
        _ => (piece_bytes / 2).max(PIECE_MIN),
    }
}

fn workspace_of(field: &impl FieldAccess) -> Result<String, AppError> {
    field.with(|it| it.store.meta("store_workspace"))?.ok_or(AppError::NotEnrolled)
}

/// Fetches a photo that the store holds: one of a colleague, or an own one that was freed. When it is here already,
/// nothing is asked.
///
/// # Errors
///
/// [`AppError::NotEnrolled`], that of the link, or code `photo_damaged` when something else came.
pub fn fetch_photo(
    field: &impl FieldAccess,
    link: &mut dyn Link,
    blob: &BlobId,
) -> Result<(), AppError> {
    let workspace = workspace_of(field)?;
    if field.with(|it| it.store.is_photo_here(blob)) {
        return Ok(());
    }
    let mut bytes: Vec<u8> = vec![];
    loop {
        let offset = bytes.len();
        let fetched = link.blob_get(&workspace, blob, offset as u64, &mut |piece| {
            if bytes.len() + piece.len() > PHOTO_BYTES_MAX {
                return Err(LinkError::Damaged { text: "too long a photo".into() });
            }
            bytes.extend_from_slice(piece);
            Ok(())
        });
        match fetched {
            Ok(()) => break,
            // It was cut and brought something: on from there.
            Err(LinkError::Unreachable { .. }) if bytes.len() > offset => {}
            Err(error) => return Err(error.into()),
        }
    }
    field.with(|it| {
        it.store.put_photo_copy(blob, &bytes)?;
        it.touch();
        Ok(())
    })
}

/// Fetches the preview of a photo, unless it is here.
///
/// # Errors
///
/// [`AppError::NotEnrolled`], or that of the link.
pub fn fetch_preview(
    field: &impl FieldAccess,
    link: &mut dyn Link,
    blob: &BlobId,
) -> Result<(), AppError> {
    let workspace = workspace_of(field)?;
    if field.with(|it| it.store.is_preview_here(blob)) {
        return Ok(());
    }
    let jpeg = link.preview_get(&workspace, blob)?;
    field.with(|it| {
        it.store.put_preview(blob, &jpeg)?;
        it.touch();
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_grow_while_the_way_is_good_and_shrink_when_it_is_not() {
        let mut piece = PIECE_MIN;
        for _ in 0..9 {
            piece = next_piece(piece, 500);
        }
        assert_eq!(piece, PIECE_MAX);
        assert_eq!(next_piece(piece, 5_000), PIECE_MAX);
        for _ in 0..9 {
            piece = next_piece(piece, 60_000);
        }
        assert_eq!(piece, PIECE_MIN);
        assert_eq!(next_piece(PIECE_MIN, -5_000), PIECE_MIN);
    }
}
