use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use faltkarta_model::{BlobId, FeatureId, OpId, ReplicaId, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::backend::StoredBlob;
use crate::error::StoreError;
use crate::sqlite::feed_writer::{Cause, FeedWriter};
use crate::sqlite::row::load;

/// The largest attachment that is taken, in bytes.
pub(super) const MAX_BLOB_BYTES: u64 = 64 * 1024 * 1024;

fn place(folder: &Path, blob: &BlobId) -> PathBuf {
    let digits = blob.digits();
    folder.join("blobs").join(&digits[..2]).join(digits)
}

fn part(folder: &Path, blob: &BlobId) -> PathBuf {
    folder.join("blobs/part").join(blob.digits())
}

/// What is there of an attachment.
pub(super) fn look(
    conn: &Connection,
    folder: &Path,
    blob: &BlobId,
) -> Result<Option<StoredBlob>, StoreError> {
    let complete: Option<i64> = conn
        .query_row("SELECT n_bytes FROM blob WHERE id = ?1", [blob.as_str()], |row| row.get(0))
        .optional()
        .map_err(StoreError::database("looking for an attachment"))?;
    if let Some(n_bytes) = complete {
        let file = Some(place(folder, blob));
        return Ok(Some(StoredBlob { n_bytes: n_bytes as u64, file }));
    }
    let path = part(folder, blob);
    match fs::metadata(&path) {
        Ok(it) => Ok(Some(StoredBlob { n_bytes: it.len(), file: None })),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("looking at", &path)(error)),
    }
}

/// Adds bytes. The file is verified, made durable and named before its row says that it is complete.
pub(super) fn add(
    conn: &mut Connection,
    folder: &Path,
    blob: &BlobId,
    (at, total): (u64, u64),
    bytes: &[u8],
    now: Timestamp,
) -> Result<StoredBlob, StoreError> {
    if total > MAX_BLOB_BYTES {
        return Err(StoreError::TooLarge { most: MAX_BLOB_BYTES, unit: "bytes" });
    }
    let held = look(conn, folder, blob)?;
    if let Some(complete) = held.as_ref().filter(|it| it.file.is_some()) {
        return Ok(complete.clone());
    }
    let n_held = held.map_or(0, |it| it.n_bytes);
    if at != n_held {
        return Err(StoreError::WrongOffset { expected: n_held });
    }
    let n_bytes = at + bytes.len() as u64;
    if n_bytes > total {
        return Err(StoreError::Malformed {
            text: "more bytes than Upload-Length says".to_owned(),
        });
    }
    let path = part(folder, blob);
    let failed = StoreError::io("writing", &path);
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .read(true)
        .open(&path)
        .map_err(&failed)?;
    file.seek(SeekFrom::Start(at)).map_err(&failed)?;
    file.write_all(bytes).and_then(|()| file.set_len(n_bytes)).map_err(|error| {
        // A chunk that was written in part would be taken for whole by the next look.
        let _ = file.set_len(at);
        failed(error)
    })?;
    if n_bytes < total {
        file.sync_data().map_err(&failed)?;
        return Ok(StoredBlob { n_bytes, file: None });
    }
    if digest(&mut file).map_err(&failed)? != blob.digits() {
        file.set_len(0).map_err(&failed)?;
        return Err(StoreError::DigestMismatch);
    }
    file.sync_all().map_err(&failed)?;
    let file = settle(folder, blob, &path)?;
    complete(conn, blob, n_bytes, now)?;
    Ok(StoredBlob { n_bytes, file: Some(file) })
}

fn digest(file: &mut File) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    file.seek(SeekFrom::Start(0))?;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(hex::encode(hasher.finalize()));
        }
        hasher.update(&buffer[..n]);
    }
}

/// Gives the verified file its name, and makes the name durable.
fn settle(folder: &Path, blob: &BlobId, path: &Path) -> Result<PathBuf, StoreError> {
    let target = place(folder, blob);
    let failed = StoreError::io("keeping", &target);
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent).map_err(&failed)?;
        fs::rename(path, &target).map_err(&failed)?;
        // Windows has no way to sync a folder, and does not need one.
        #[cfg(unix)]
        File::open(parent).and_then(|it| it.sync_all()).map_err(&failed)?;
    }
    Ok(target)
}

/// The row, and an entry for each feature that names the attachment, in one transaction.
fn complete(
    conn: &mut Connection,
    blob: &BlobId,
    n_bytes: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let failed = StoreError::database("keeping an attachment");
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    tx.execute(
        "INSERT OR IGNORE INTO blob(id, n_bytes, at) VALUES (?1, ?2, ?3)",
        params![blob.as_str(), n_bytes as i64, now.to_string()],
    )
    .map_err(failed)?;
    let features: Vec<[u8; 16]> = tx
        .prepare_cached("SELECT feature FROM blob_ref WHERE blob = ?1")
        .and_then(|mut it| it.query_map([blob.as_str()], |row| row.get(0))?.collect())
        .map_err(failed)?;
    let mut writer = FeedWriter::new(&tx)?;
    for id in features {
        let feature = FeatureId::from_uuid(Uuid::from_bytes(id));
        if let Some(row) = load(&tx, feature)?.filter(|it| !it.it.is_deleted) {
            // Nobody's operation: the arrival of the bytes, the same id on every try.
            let op = Uuid::new_v5(&feature.uuid(), blob.as_str().as_bytes());
            let cause = Cause {
                op: OpId::from_uuid(op),
                replica: ReplicaId::from_uuid(Uuid::nil()),
                group: None,
            };
            writer.tell_again(cause, &row)?;
        }
    }
    writer.finish()?;
    tx.commit().map_err(failed)
}
