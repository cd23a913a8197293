use std::path::Path;

use faltkarta_model::Timestamp;
use faltkarta_store::OutboxFile;

use crate::error::AppError;
use crate::field::Field;

impl Field {
    /// Writes every operation that is not secured, every draft, and their photos to one file, as
    /// `docs/formats/outbox-1.md` describes it. It can be taken in at the geodata store any number of times.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the file; the file at `path` is whole or not there.
    pub fn export_outbox(&self, path: &Path, now: Timestamp) -> Result<OutboxFile, AppError> {
        Ok(self.store.export_outbox(path, now)?)
    }
}
