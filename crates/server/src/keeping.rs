//! What keeps a store's history safe from the loss of its disk: backups that were proved, and the way back from one.

mod backup;
mod files;
mod manifest;
mod restore;
mod verify;

pub use backup::{BackupReport, back_up};
pub use manifest::{BACKUP_FORMAT, BackupManifest};
pub use restore::{RestoreOptions, RestoreReport, restore};
pub use verify::{VerifyReport, verify};
