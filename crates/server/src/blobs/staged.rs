use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::blobs::Seat;
use crate::error::StoreError;

/// The bytes of an attachment that is on its way, in a local file, with the right to write them.
#[derive(Debug)]
pub(crate) struct Staged {
    file: File,
    path: PathBuf,
    n_bytes: u64,
    pub(crate) seat: Seat,
}

/// How many bytes are staged.
pub(super) fn n_staged(path: &Path) -> Result<u64, StoreError> {
    match fs::metadata(path) {
        Ok(it) => Ok(it.len()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(StoreError::io("looking at", path)(error)),
    }
}

impl Staged {
    pub(super) fn open(path: PathBuf, seat: Seat) -> Result<Self, StoreError> {
        let failed = StoreError::io("writing", &path);
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .read(true)
            .open(&path)
            .map_err(&failed)?;
        let n_bytes = file.metadata().map_err(&failed)?.len();
        Ok(Self { file, path, n_bytes, seat })
    }

    pub(crate) fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds bytes at the end; all of them, or none.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let written =
            self.file.seek(SeekFrom::Start(self.n_bytes)).and_then(|_| self.file.write_all(bytes));
        if let Err(error) = written {
            // What was written in part would be taken for whole by the next look.
            let _ = self.file.set_len(self.n_bytes);
            return Err(StoreError::io("writing", &self.path)(error));
        }
        self.n_bytes += bytes.len() as u64;
        Ok(())
    }

    /// Takes bytes back to a length.
    pub(crate) fn cut(&mut self, n_bytes: u64) -> Result<(), StoreError> {
        self.file.set_len(n_bytes).map_err(StoreError::io("writing", &self.path))?;
        self.n_bytes = n_bytes;
        Ok(())
    }

    /// Makes what there is durable.
    pub(crate) fn sync(&mut self) -> Result<(), StoreError> {
        self.file.sync_all().map_err(StoreError::io("writing", &self.path))
    }

    /// SHA-256 of all bytes, in hexadecimal.
    pub(super) fn digest(&mut self) -> Result<String, StoreError> {
        digest(&mut self.file).map_err(StoreError::io("reading", &self.path))
    }

    /// All bytes.
    pub(super) fn read(&mut self) -> Result<Vec<u8>, StoreError> {
        let failed = StoreError::io("reading", &self.path);
        let mut bytes = vec![];
        self.file.seek(SeekFrom::Start(0)).map_err(&failed)?;
        self.file.read_to_end(&mut bytes).map_err(&failed)?;
        Ok(bytes)
    }
}

fn digest(file: &mut File) -> io::Result<String> {
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
