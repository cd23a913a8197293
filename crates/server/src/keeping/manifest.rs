use std::fs;
use std::path::Path;

use faltkarta_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::StoreError;

/// The format of [`BackupManifest`].
pub const BACKUP_FORMAT: &str = "faltkarta.backup/1";

/// The file in a backup's folder that says what it is.
const NAME: &str = "backup.json";

/// `backup.json`: what a backup holds. A folder without it is no backup, however much lies there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupManifest {
    /// [`BACKUP_FORMAT`].
    pub format: String,
    /// Name of the backup, which is that of its folder when it was made.
    pub name: String,
    /// When it was made.
    pub at: Timestamp,
    /// The history that the store followed.
    pub epoch: String,
    /// Number of the last entry.
    pub seq: u64,
    /// Chain hash there, 32 hexadecimal digits.
    pub chain: String,
    /// How many attachments it holds.
    pub n_blobs: u64,
}

impl BackupManifest {
    pub(super) fn read(folder: &Path) -> Result<Self, StoreError> {
        let none = || StoreError::NoBackup { folder: folder.to_owned() };
        let text = fs::read(folder.join(NAME)).map_err(|_| none())?;
        let manifest: Self = serde_json::from_slice(&text).map_err(|_| none())?;
        if manifest.format == BACKUP_FORMAT { Ok(manifest) } else { Err(none()) }
    }

    /// Writes it durably; the last thing that a backup gets.
    pub(super) fn write(&self, folder: &Path) -> Result<(), StoreError> {
        let path = folder.join(NAME);
        let failed = StoreError::io("writing", &path);
        let text = serde_json::to_vec_pretty(self).map_err(StoreError::damaged)?;
        fs::write(&path, text).map_err(&failed)?;
        super::files::sync(&path)
    }
}
