use std::fs;
use std::path::{Path, PathBuf};

use faltkarta_model::Timestamp;

use crate::blobs::Depot;
use crate::error::StoreError;
use crate::keeping::files::{
    blob_place, copy_files, make_folder, preview_place, rename, stamp, sync, sync_tree,
};
use crate::keeping::manifest::BackupManifest;
use crate::rim::Rim;
use crate::sqlite::{DATABASE, Proof, Reborn, hold_folder, prepare_restored};

/// How a backup is put in the place of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoreOptions {
    /// How long, in milliseconds, what laptops give back is gathered before it is merged in the order of its former
    /// numbers; 0 merges at once.
    pub window_ms: i64,
    /// Take a backup that is older than what the store has told laptops to be safe.
    pub force: bool,
}

/// A store that was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreReport {
    /// The history that begins now.
    pub epoch: String,
    /// Number of the last entry that the backup holds.
    pub seq: u64,
    /// Number of the last entry that the store had before, when it could still be read.
    pub seq_before: Option<u64>,
    /// When what laptops gave back is merged.
    pub recovery_until: Option<Timestamp>,
    /// Where the database that was replaced lies; `None` when there was none.
    pub set_aside: Option<PathBuf>,
    /// How many attachments the store had lost.
    pub n_blobs: u64,
    /// Laptops that joined after the backup and that are kept, because the replaced database could still be read.
    pub n_devices_kept: u64,
}

/// Puts a backup in the place of a store, in a new history: laptops find that out with their next request, fetch a
/// package, and give back all operations that they keep.
///
/// The replaced database is set aside, never removed. The new one is made whole beside it and takes its place with
/// one renaming, so that a cut leaves one or the other.
///
/// # Errors
///
/// [`StoreError::NoBackup`], [`StoreError::BackupTooOld`], [`StoreError::StoreInUse`] while the store is served, and
/// [`StoreError::Damaged`] or [`StoreError::FeedBroken`] when the backup does not hold what it should. The store is
/// then as it was.
pub fn restore(
    folder: &Path,
    from: &Path,
    options: RestoreOptions,
    rim: &dyn Rim,
) -> Result<RestoreReport, StoreError> {
    let manifest = BackupManifest::read(from)?;
    make_folder(folder)?;
    let _lock = hold_folder(folder)?;
    let replaced = Proof::open(folder).and_then(|it| it.head()).ok();
    if let Some(head) = &replaced
        && manifest.seq < head.safe_seq
        && !options.force
    {
        return Err(StoreError::BackupTooOld { seq: manifest.seq, safe_seq: head.safe_seq });
    }
    let part = folder.join("restored.part");
    if part.exists() {
        fs::remove_dir_all(&part).map_err(StoreError::io("removing", &part))?;
    }
    make_folder(&part)?;
    let database = part.join(DATABASE);
    let source = from.join(DATABASE);
    fs::copy(&source, &database).map_err(StoreError::io("copying", &source))?;
    sync(&database)?;
    let (blobs, previews) = {
        let proof = Proof::open(&part)?;
        let head = proof.prove()?;
        if (head.seq, &head.chain, &head.epoch) != (manifest.seq, &manifest.chain, &manifest.epoch)
        {
            return Err(StoreError::damaged(
                "the backup's database is not the one it was made with",
            ));
        }
        (proof.blobs()?, proof.previews()?)
    };
    let mut n_blobs = 0;
    let depot = Depot::of_store(folder)?;
    for (blob, n_bytes) in blobs {
        if depot.size(&blob)? != Some(n_bytes) {
            depot.take_in(&blob, &blob_place(from, &blob))?;
            n_blobs += 1;
        }
    }
    for blob in previews {
        let kept = preview_place(from, &blob);
        // A picture of a photo is no loss: the photo is there.
        if depot.preview(&blob).is_err() && kept.is_file() {
            let bytes = fs::read(&kept).map_err(StoreError::io("reading", &kept))?;
            depot.put_preview(&blob, &bytes)?;
        }
    }
    drop(depot);
    sync_tree(&folder.join("blobs"))?;
    for place in ["datasets", "forms"] {
        if !folder.join(place).is_dir() {
            copy_files(&from.join(place), &folder.join(place))?;
        }
    }
    let now = rim.now();
    let from = fs::canonicalize(from).map_err(StoreError::io("looking at", from))?;
    let live = replaced.is_some().then(|| folder.join(DATABASE));
    let window_ms = options.window_ms.max(0);
    let until = Timestamp::from_unix_ms(now.unix_ms().saturating_add(window_ms));
    let reborn = Reborn {
        backup: &from,
        manifest_at: manifest.at,
        seq: manifest.seq,
        recovery_until: (window_ms > 0).then_some(until),
    };
    let (epoch, n_devices_kept) = prepare_restored(&database, live.as_deref(), &reborn, rim)?;
    let set_aside = take_place(folder, &part, now)?;
    tracing::warn!(seq = manifest.seq, %epoch, "the store was restored from a backup");
    Ok(RestoreReport {
        epoch,
        seq: manifest.seq,
        seq_before: replaced.map(|it| it.seq),
        recovery_until: reborn.recovery_until,
        set_aside,
        n_blobs,
        n_devices_kept,
    })
}

/// Sets the old database aside and gives the new one its name.
fn take_place(folder: &Path, part: &Path, now: Timestamp) -> Result<Option<PathBuf>, StoreError> {
    let database = folder.join(DATABASE);
    let aside = folder.join(format!("replaced-{}", stamp(now)));
    let is_replacing = database.exists();
    if is_replacing {
        make_folder(&aside)?;
        let kept = aside.join(DATABASE);
        // A second name for the same file leaves the store whole until the last step.
        if fs::hard_link(&database, &kept).is_err() {
            fs::copy(&database, &kept).map_err(StoreError::io("copying", &database))?;
            sync(&kept)?;
        }
        for ending in ["-wal", "-shm"] {
            let beside = folder.join(format!("{DATABASE}{ending}"));
            if beside.exists() {
                rename(&beside, &aside.join(format!("{DATABASE}{ending}")))?;
            }
        }
        sync(&aside)?;
    }
    rename(&part.join(DATABASE), &database)?;
    sync(folder)?;
    // Nothing is left in it that counts.
    let _ = fs::remove_dir_all(part);
    Ok(is_replacing.then_some(aside))
}
