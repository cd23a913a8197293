use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// One laptop's folder, held by this process until the value is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    // Dropping the file gives the lock back, also when the process dies.
    _lock: File,
}

impl Folder {
    /// Takes the folder for this process; makes it when `create` is set.
    pub(crate) fn open(path: &Path, create: bool) -> Result<Self, StoreError> {
        if create {
            fs::create_dir_all(path).map_err(|error| StoreError::io(path, error))?;
        } else if !path.join(DATABASE).exists() {
            return Err(StoreError::NotALaptop { folder: path.to_owned() });
        }
        let lock_path = path.join("lock");
        let failed = |error| StoreError::io(&lock_path, error);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(StoreError::FolderInUse { folder: path.to_owned() })
            }
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path.join(DATABASE)
    }

    pub(crate) fn photo(&self, digits: &str) -> PathBuf {
        let shelf = digits.get(..2).unwrap_or("00");
        self.path.join("photos").join(shelf).join(digits)
    }

    /// The preview of a photo: a copy of what the store holds, or on its way there.
    pub(crate) fn preview(&self, digits: &str) -> PathBuf {
        let shelf = digits.get(..2).unwrap_or("00");
        self.path.join("previews").join(shelf).join(digits)
    }

    /// Room that is given back when the disk is full, so that the journal and the export still work. At most a
    /// sixteenth of what is free: a small disk is not filled by it. A disk without that room keeps none.
    pub(crate) fn fill_reserve(&self, n_bytes: u64) -> Result<(), StoreError> {
        let n_bytes = free_bytes(&self.path).map_or(n_bytes, |free| n_bytes.min(free / 16));
        let path = self.path.join(RESERVE);
        if n_bytes == 0 || self.has_reserve() {
            return Ok(());
        }
        match allocate(&path, n_bytes) {
            Err(error) if is_full(&error) => {
                // A torn reserve would be in the way of the next save.
                let _ = fs::remove_file(&path);
                Ok(())
            }
            other => other.map_err(|error| StoreError::io(&path, error)),
        }
    }

    pub(crate) fn has_reserve(&self) -> bool {
        fs::metadata(self.path.join(RESERVE)).is_ok_and(|it| it.len() > 0)
    }

    /// Gives the reserve back; `false` when there was none.
    pub(crate) fn free_reserve(&self) -> bool {
        let path = self.path.join(RESERVE);
        fs::metadata(&path).is_ok_and(|it| it.len() > 0) && fs::remove_file(&path).is_ok()
    }
}

const DATABASE: &str = "laptop.sqlite";
const RESERVE: &str = "reserve";

fn is_full(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

/// Makes a file of so many real bytes: a sparse one reserves nothing.
fn allocate(path: &Path, n_bytes: u64) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    #[cfg(target_os = "linux")]
    {
        let flags = rustix::fs::FallocateFlags::empty();
        match rustix::fs::fallocate(&file, flags, 0, n_bytes) {
            Ok(()) => return file.sync_all(),
            // Some file systems cannot; there the bytes are written.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let block = vec![0xa5_u8; 1 << 16];
    let mut n_left = n_bytes;
    while n_left > 0 {
        let n = n_left.min(block.len() as u64);
        file.write_all(&block[..n as usize])?;
        n_left -= n;
    }
    file.sync_all()
}

/// Makes names in the folder of a path durable.
pub(crate) fn sync_folder_of(path: &Path) -> Result<(), StoreError> {
    // Windows has no handle to a folder that can be flushed; NTFS journals names by itself.
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let failed = |error| StoreError::io(folder, error);
        File::open(folder).and_then(|it| it.sync_all()).map_err(failed)?;
    }
    let _ = path;
    Ok(())
}
