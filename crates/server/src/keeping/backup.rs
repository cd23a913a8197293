use std::fs;
use std::path::{Path, PathBuf};

use faltkarta_model::Timestamp;

use crate::backend::{BackupRow, GeodataStore as _};
use crate::error::StoreError;
use crate::keeping::files::{
    blob_place, copy_files, copy_out, is_there, make_folder, preview_place, rename, stamp, sync,
    sync_tree, write,
};
use crate::keeping::manifest::{BACKUP_FORMAT, BackupManifest};
use crate::rim::Rim;
use crate::sqlite::{DATABASE, Proof, SqliteStore};

/// A backup that was made and proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupReport {
    /// Its folder.
    pub folder: PathBuf,
    /// What it holds.
    pub manifest: BackupManifest,
    /// How many attachments were copied; the others are shared with the backup before.
    pub n_blobs_copied: u64,
    /// Highest number that is in every usable backup now; laptops are told.
    pub safe_seq: u64,
    /// Older backups that were removed.
    pub removed: Vec<PathBuf>,
    /// Older backups that the store counts on and that are not where they were made.
    pub missing: Vec<PathBuf>,
}

/// Makes a backup of a store in a new folder below `into`, proves it, and only then counts on it: the store publishes
/// as safe what its oldest kept backup holds. The newest `keep` backups of this folder are kept, at least one.
///
/// The store may be served meanwhile; what is backed up is one moment of it. Attachments are shared (hard links) with
/// the backup before where the file system can, never with the store itself, so that no mishap reaches both.
///
/// # Errors
///
/// [`StoreError::Damaged`] and [`StoreError::FeedBroken`] when the copy does not hold what it should: no older backup
/// is removed then, and what is safe stays as it was. Beside these those of the file system.
pub fn back_up(
    store: &SqliteStore,
    into: &Path,
    keep: usize,
    rim: &dyn Rim,
) -> Result<BackupReport, StoreError> {
    make_folder(into)?;
    let into = fs::canonicalize(into).map_err(StoreError::io("looking at", into))?;
    let at = rim.now();
    let name = format!("{}-{}", stamp(at), &rim.new_id().simple().to_string()[24..]);
    let part = into.join(format!("{name}.part"));
    let made = make(store, &into, &part, &name, at);
    if made.is_err() {
        // What was copied so far is no backup; where it cannot be removed it only takes room.
        let _ = fs::remove_dir_all(&part);
    }
    let (manifest, n_blobs_copied) = made?;
    let folder = into.join(&name);
    rename(&part, &folder)?;
    sync(&into)?;
    let mut rows = store.backups()?;
    rows.push(BackupRow { folder: folder.clone(), at, seq: manifest.seq });
    let here: Vec<PathBuf> = rows
        .iter()
        .filter(|it| it.folder.parent() == Some(into.as_path()))
        .map(|it| it.folder.clone())
        .collect();
    let n_out = here.len().saturating_sub(keep.max(1));
    let out = &here[..n_out];
    rows.retain(|it| !out.contains(&it.folder));
    let safe_seq = store.count_on_backups(&rows)?;
    let mut removed = vec![];
    for old in out {
        if old.is_dir() {
            fs::remove_dir_all(old).map_err(StoreError::io("removing", old))?;
            removed.push(old.clone());
        }
    }
    let missing = rows.into_iter().map(|it| it.folder).filter(|it| !it.is_dir()).collect();
    tracing::info!(seq = manifest.seq, safe_seq, n_blobs_copied, "backup made and proved");
    Ok(BackupReport { folder, manifest, n_blobs_copied, safe_seq, removed, missing })
}

/// Copies everything and proves the copy.
fn make(
    store: &SqliteStore,
    into: &Path,
    part: &Path,
    name: &str,
    at: Timestamp,
) -> Result<(BackupManifest, u64), StoreError> {
    fs::create_dir(part).map_err(StoreError::io("making the folder", part))?;
    store.copy_database(part)?;
    for place in ["datasets", "forms"] {
        copy_files(&store.folder().join(place), &part.join(place))?;
    }
    let proof = Proof::open(part)?;
    let head = proof.prove()?;
    let before = store
        .backups()?
        .into_iter()
        .rev()
        .map(|it| it.folder)
        .find(|it| it.parent() == Some(into) && it.is_dir());
    let (mut n_blobs, mut n_copied) = (0, 0);
    for (blob, n_bytes) in proof.blobs()? {
        let target = blob_place(part, &blob);
        let proved = before.as_deref().map(|it| blob_place(it, &blob));
        let is_shared = match proved.filter(|it| is_there(it, n_bytes)) {
            Some(proved) => share(&proved, &target)?,
            None => false,
        };
        if !is_shared {
            let n_found = copy_out(store.depot(), &blob, &target)?;
            if n_found != n_bytes {
                return Err(StoreError::damaged(format!(
                    "{blob} has another length than is noted"
                )));
            }
            n_copied += 1;
        }
        n_blobs += 1;
    }
    for blob in proof.previews()? {
        let target = preview_place(part, &blob);
        let earlier = before.as_deref().map(|it| preview_place(it, &blob));
        let is_shared = match earlier.filter(|it| it.is_file()) {
            Some(earlier) => share(&earlier, &target)?,
            None => false,
        };
        if !is_shared {
            match store.depot().preview(&blob) {
                Ok(bytes) => write(&target, &bytes)?,
                // A picture of a photo is no loss: the photo is there.
                Err(error) => tracing::warn!(%blob, %error, "a preview is not backed up"),
            }
        }
    }
    drop(proof);
    let manifest = BackupManifest {
        format: BACKUP_FORMAT.to_owned(),
        name: name.to_owned(),
        at,
        epoch: head.epoch,
        seq: head.seq,
        chain: head.chain,
        n_blobs,
    };
    sync(&part.join(DATABASE))?;
    sync_tree(&part.join("blobs"))?;
    manifest.write(part)?;
    sync(part)?;
    Ok((manifest, n_copied))
}

/// Gives a file of the backup before a second name here.
fn share(proved: &Path, target: &Path) -> Result<bool, StoreError> {
    if let Some(parent) = target.parent() {
        make_folder(parent)?;
    }
    // A file system without links gets a copy.
    Ok(fs::hard_link(proved, target).is_ok())
}
