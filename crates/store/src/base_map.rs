//! The base map's file in the laptop's folder. It is named by its content, and which one is in use stands in `meta`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::StoreError;
use crate::folder::sync_folder_of;
use crate::store::{Store, write_meta};

/// What a laptop remembers of a newer base map: when it asked last, and what it is fetching.
pub(crate) const RENEWAL: [&str; 2] = ["base_map_asked_at", "base_map_wanted"];

/// Name of a base map in the laptop's folder, by the SHA-256 of its content in hexadecimal.
pub(crate) fn file_name(sha256: &str) -> String {
    format!("basemap-{}.pmtiles", sha256.get(..16).unwrap_or("map"))
}

impl Store {
    /// The base map package, when there is one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn base_map(&self) -> Result<Option<PathBuf>, StoreError> {
        let name = self.meta("base_map")?;
        Ok(name.map(|it| self.folder().join(it)).filter(|it| it.exists()))
    }

    /// Whether the base map in use is the one of this SHA-256.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn has_base_map(&self, sha256: &str) -> Result<bool, StoreError> {
        let name = file_name(sha256);
        Ok(self.base_map()?.is_some_and(|it| it.file_name().is_some_and(|it| it == name.as_str())))
    }

    /// Puts a whole and proven base map into use. The file is moved; the one before goes when the new one is in use.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the one before is in use then.
    pub fn take_base_map(&mut self, file: &Path, sha256: &str) -> Result<(), StoreError> {
        let name = file_name(sha256);
        let to = self.folder().join(&name);
        fs::rename(file, &to).map_err(|error| StoreError::io(&to, error))?;
        sync_folder_of(&to)?;
        self.write(|tx| {
            for key in RENEWAL {
                tx.execute("DELETE FROM meta WHERE key = ?1", [key])?;
            }
            write_meta(tx, "base_map", &name)
        })?;
        remove_others(self, Some(&name));
        Ok(())
    }
}

/// Base maps of earlier packages can be fetched again; one that is still open goes at a later time.
pub(crate) fn remove_others(store: &Store, keep: Option<&str>) {
    let Ok(entries) = fs::read_dir(store.folder()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if name.starts_with("basemap-") && Some(name) != keep {
            let _ = fs::remove_file(entry.path());
        }
    }
}
