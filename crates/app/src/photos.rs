use faltkarta_model::{BlobId, FeatureId, Timestamp};
use faltkarta_store::{FeaturePhoto, PhotoRoom};

use crate::error::AppError;
use crate::field::Field;

/// The photos of a feature, own ones and those of colleagues.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeaturePhotos {
    /// As the store knows them.
    pub photos: Vec<FeaturePhoto>,
    /// How many of them the store awaits.
    pub n_awaited: u32,
}

impl Field {
    /// The photos of a feature, and how many of them have not arrived at the store.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the read.
    pub fn photos_of(&self, feature: FeatureId) -> Result<FeaturePhotos, AppError> {
        let photos = self.store.feature_photos(feature)?;
        let n_awaited = photos.iter().filter(|it| !it.is_received).count() as u32;
        Ok(FeaturePhotos { photos, n_awaited })
    }

    /// The preview of a photo, a JPEG of at most 64 KiB, when it is on this laptop.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the read.
    pub fn preview(&self, blob: &BlobId) -> Result<Option<Vec<u8>>, AppError> {
        Ok(self.store.preview_bytes(blob)?)
    }

    /// What [`Field::free_photos`] would give back.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the read.
    pub fn photos_to_free(&self) -> Result<PhotoRoom, AppError> {
        Ok(self.store.photos_to_free()?)
    }

    /// Gives up the files of photos that are secured at the store, because the person allowed it. Nothing else ever
    /// removes one. They are fetched again by [`crate::fetch_photo`].
    ///
    /// # Errors
    ///
    /// [`AppError`] of the write; what was freed before is freed.
    pub fn free_photos(&mut self, now: Timestamp) -> Result<PhotoRoom, AppError> {
        let room = self.store.free_photos(now)?;
        self.touch();
        Ok(room)
    }
}
