use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use faltkarta_model::{BlobId, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::blobs::Depot;
use crate::error::StoreError;

/// Makes a file or a folder's list of names durable.
pub(super) fn sync(path: &Path) -> Result<(), StoreError> {
    // Windows has no way to sync a folder, and does not need one.
    if cfg!(windows) && path.is_dir() {
        return Ok(());
    }
    File::open(path).and_then(|it| it.sync_all()).map_err(StoreError::io("writing", path))
}

pub(super) fn make_folder(path: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(path).map_err(StoreError::io("making the folder", path))
}

pub(super) fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(StoreError::io("renaming", from))
}

/// Copies an attachment out of its place and proves on the way that its bytes hash to its id. The copy is durable but
/// for its name.
pub(super) fn copy_out(depot: &Depot, blob: &BlobId, to: &Path) -> Result<u64, StoreError> {
    const PIECE_BYTES: u64 = 4 * 1024 * 1024;
    if let Some(parent) = to.parent() {
        make_folder(parent)?;
    }
    let missing = || StoreError::damaged(format!("{blob} is not there"));
    let n_bytes = depot.size(blob)?.ok_or_else(missing)?;
    let writing = StoreError::io("writing", to);
    let part = to.with_extension("copy");
    let mut target = File::create(&part).map_err(&writing)?;
    let mut hasher = Sha256::new();
    let mut at = 0;
    while at < n_bytes {
        let piece = depot.read(blob, at..(at + PIECE_BYTES).min(n_bytes))?;
        hasher.update(&piece);
        target.write_all(&piece).map_err(&writing)?;
        at += piece.len() as u64;
    }
    if hex::encode(hasher.finalize()) != blob.digits() {
        // The copy is worth nothing; where it lies on is no loss either.
        let _ = fs::remove_file(&part);
        return Err(StoreError::damaged(format!("{blob} does not hash to its id")));
    }
    target.sync_all().map_err(&writing)?;
    rename(&part, to)?;
    Ok(n_bytes)
}

/// Writes a file in a folder that may be new. The bytes are durable, the name is with the folder.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    if let Some(parent) = path.parent() {
        make_folder(parent)?;
    }
    let failed = StoreError::io("writing", path);
    let mut file = File::create(path).map_err(&failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(&failed)
}

/// Whether a file of this length is there. The bytes are not looked at.
pub(super) fn is_there(path: &Path, n_bytes: u64) -> bool {
    fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() == n_bytes)
}

/// Copies the files of a folder, none of its folders; a source that is not there is an empty one.
pub(super) fn copy_files(from: &Path, to: &Path) -> Result<(), StoreError> {
    make_folder(to)?;
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        other => other.map_err(StoreError::io("reading", from))?,
    };
    for entry in entries {
        let path = entry.map_err(StoreError::io("reading", from))?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            let target = to.join(name);
            fs::copy(&path, &target).map_err(StoreError::io("copying", &path))?;
            sync(&target)?;
        }
    }
    sync(to)
}

/// A moment as a part of a file's name: `20260519T084000123Z`.
pub(super) fn stamp(at: Timestamp) -> String {
    at.to_string().chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Where an attachment lies below a backup's folder.
pub(super) fn blob_place(folder: &Path, blob: &BlobId) -> std::path::PathBuf {
    let digits = blob.digits();
    folder.join("blobs").join(&digits[..2]).join(digits)
}

/// Makes the names of a folder's folders and of what lies in them durable.
pub(super) fn sync_tree(folder: &Path) -> Result<(), StoreError> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        other => other.map_err(StoreError::io("reading", folder))?,
    };
    for entry in entries {
        let path = entry.map_err(StoreError::io("reading", folder))?.path();
        if path.is_dir() {
            sync_tree(&path)?;
        }
    }
    sync(folder)
}

/// Where the preview of an attachment lies below a backup's folder.
pub(super) fn preview_place(folder: &Path, blob: &BlobId) -> std::path::PathBuf {
    let digits = blob.digits();
    folder.join("blobs/previews").join(&digits[..2]).join(digits)
}
