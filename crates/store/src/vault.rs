use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use hkdf::Hkdf;
use sha2::{Digest as _, Sha256};

use crate::error::StoreError;
use crate::folder::sync_folder_of;
use crate::key::Key;

/// What a sealed file begins with. No picture begins so.
const MAGIC: &[u8; 4] = b"FKP1";
/// Mark, four bytes of nothing, length of the content, salt.
const HEADER_BYTES: usize = 32;
/// Bytes of one piece of the content: small, so that a part of a photo costs little more than its own bytes.
const PIECE_BYTES: u64 = 64 * 1024;
/// What sealing adds to each piece.
const TAG_BYTES: u64 = 16;

/// Files at rest, sealed with a key that comes from that of the laptop's file.
///
/// Each file has a key of its own, made from the vault's key and the content's digest, so that no two contents ever
/// share one and no chance is needed. Pieces are numbered by their nonce and bound to the header, which holds the
/// length: none can be moved, left out or taken from another file. Format in `docs/formats/photo-1.md`.
pub(crate) struct Vault {
    kdf: Hkdf<Sha256>,
}

/// Never shows the key.
impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    pub(crate) fn new(key: &Key) -> Self {
        Self { kdf: Hkdf::new(Some(b"faltkarta photos 1"), key.bytes()) }
    }

    fn derive(&self, label: &[u8], of: &[u8]) -> [u8; 32] {
        let mut out = [0; 32];
        // 32 bytes are far below the most that the construction gives.
        let _ = self.kdf.expand_multi_info(&[label, of], &mut out);
        out
    }

    /// Keeps content under a path: durable, with its name, when this returns.
    pub(crate) fn put(&self, path: &Path, content: &[u8]) -> Result<(), StoreError> {
        let shelf = path.parent().map(PathBuf::from).unwrap_or_default();
        fs::create_dir_all(&shelf).map_err(|error| StoreError::io(&shelf, error))?;
        let temporary = path.with_extension("part");
        let failed = |error| StoreError::io(&temporary, error);
        let sealed = self.seal(content);
        let written = File::create(&temporary)
            .and_then(|mut file| file.write_all(&sealed).and_then(|()| file.sync_all()));
        if let Err(error) = written {
            // A torn part helps nobody, and the disk may be full because of it.
            let _ = fs::remove_file(&temporary);
            return Err(failed(error));
        }
        fs::rename(&temporary, path).map_err(|error| StoreError::io(path, error))?;
        sync_folder_of(path)?;
        sync_folder_of(&shelf)
    }

    fn seal(&self, content: &[u8]) -> Vec<u8> {
        let salt = self.derive(b"salt", &Sha256::digest(content));
        let mut out = Vec::with_capacity(sealed_len(content.len() as u64) as usize);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&(content.len() as u64).to_le_bytes());
        out.extend_from_slice(&salt[..16]);
        let cipher = self.cipher(&salt[..16]);
        let header: [u8; HEADER_BYTES] = std::array::from_fn(|at| out[at]);
        for (no, piece) in (0_u64..).zip(content.chunks(PIECE_BYTES as usize)) {
            let payload = Payload { msg: piece, aad: &header };
            // Sealing fails for pieces beyond 256 GiB only.
            let sealed = cipher.encrypt(&nonce(no), payload).unwrap_or_default();
            out.extend_from_slice(&sealed);
        }
        out
    }

    fn cipher(&self, salt: &[u8]) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&self.derive(b"file", salt).into())
    }

    /// Length of the content under a path; `None` when there is no file.
    pub(crate) fn len(path: &Path) -> Result<Option<u64>, StoreError> {
        match Opened::at(path) {
            Ok(opened) => Ok(Some(opened.n_bytes)),
            Err(StoreError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// All of the content under a path.
    pub(crate) fn read(&self, path: &Path) -> Result<Vec<u8>, StoreError> {
        self.part(path, 0, usize::MAX)
    }

    /// A part of the content, at most `n_bytes_max` from `offset`; only the pieces that hold it are read.
    pub(crate) fn part(
        &self,
        path: &Path,
        offset: u64,
        n_bytes_max: usize,
    ) -> Result<Vec<u8>, StoreError> {
        let mut opened = Opened::at(path)?;
        let end = opened.n_bytes.min(offset.saturating_add(n_bytes_max as u64));
        if offset >= end {
            return Ok(vec![]);
        }
        let Some(header) = opened.header else {
            return opened.raw(offset, end - offset);
        };
        let cipher = self.cipher(&header[16..]);
        let (first, last) = (offset / PIECE_BYTES, (end - 1) / PIECE_BYTES);
        let mut part = Vec::with_capacity((end - offset) as usize);
        for no in first..=last {
            let begin = no * PIECE_BYTES;
            let n_plain = PIECE_BYTES.min(opened.n_bytes - begin);
            let at = HEADER_BYTES as u64 + no * (PIECE_BYTES + TAG_BYTES);
            let sealed = opened.raw(at, n_plain + TAG_BYTES)?;
            let payload = Payload { msg: &sealed, aad: &header };
            let piece = cipher.decrypt(&nonce(no), payload).map_err(|_| StoreError::Damaged {
                text: format!("piece {no} of {} does not hold", path.display()),
            })?;
            let from = offset.saturating_sub(begin) as usize;
            let to = (end - begin).min(n_plain) as usize;
            part.extend_from_slice(&piece[from..to]);
        }
        Ok(part)
    }

    /// Whether the file under a path is plain, as older programs left it.
    pub(crate) fn is_plain(path: &Path) -> bool {
        Opened::at(path).is_ok_and(|it| it.header.is_none())
    }
}

fn nonce(no: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&no.to_le_bytes());
    nonce.into()
}

fn sealed_len(n_bytes: u64) -> u64 {
    HEADER_BYTES as u64 + n_bytes + n_bytes.div_ceil(PIECE_BYTES) * TAG_BYTES
}

/// An open file; plain ones have no header.
struct Opened {
    file: File,
    path: PathBuf,
    header: Option<[u8; HEADER_BYTES]>,
    n_bytes: u64,
}

impl Opened {
    fn at(path: &Path) -> Result<Self, StoreError> {
        let failed = |error| StoreError::io(path, error);
        let file = File::open(path).map_err(failed)?;
        let n_on_disk = file.metadata().map_err(failed)?.len();
        let mut opened = Self { file, path: path.to_owned(), header: None, n_bytes: n_on_disk };
        if n_on_disk < HEADER_BYTES as u64 {
            return Ok(opened);
        }
        let header = opened.raw(0, HEADER_BYTES as u64)?;
        if !header.starts_with(MAGIC) {
            return Ok(opened);
        }
        let header: [u8; HEADER_BYTES] = std::array::from_fn(|at| header[at]);
        let n_bytes = u64::from_le_bytes(std::array::from_fn(|at| header[8 + at]));
        if n_bytes > n_on_disk || sealed_len(n_bytes) != n_on_disk {
            let text = format!("{} is cut", path.display());
            return Err(StoreError::Damaged { text });
        }
        (opened.header, opened.n_bytes) = (Some(header), n_bytes);
        Ok(opened)
    }

    /// Bytes as they lie on the disk.
    fn raw(&mut self, at: u64, n_bytes: u64) -> Result<Vec<u8>, StoreError> {
        let mut bytes = vec![0; n_bytes as usize];
        self.file
            .seek(SeekFrom::Start(at))
            .and_then(|_| self.file.read_exact(&mut bytes))
            .map_err(|error| StoreError::io(&self.path, error))?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(key: u8) -> Vault {
        Vault::new(&Key::from_bytes([key; 32]))
    }

    fn content(n: usize) -> Vec<u8> {
        (0..n).map(|it| (it % 251) as u8).collect()
    }

    #[test]
    fn every_part_of_a_sealed_file_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("aa/x");
        let piece = PIECE_BYTES as usize;
        for n in [1, piece - 1, piece, piece + 1, 3 * piece + 17] {
            let whole = content(n);
            vault(7).put(&path, &whole).unwrap();
            assert_eq!(vault(7).read(&path).unwrap(), whole, "{n}");
            assert_eq!(Vault::len(&path).unwrap(), Some(n as u64));
            for (at, most) in [(0, 1), (n / 2, 70_000), (n - 1, 5), (n, 5), (piece - 1, 2)] {
                let wanted = whole.get(at..(at + most).min(n)).unwrap_or_default();
                assert_eq!(vault(7).part(&path, at as u64, most).unwrap(), wanted, "{n} {at}");
            }
        }
    }

    #[test]
    fn a_sealed_file_shows_nothing_of_its_content() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let whole = vec![b'A'; 200_000];
        vault(7).put(&path, &whole).unwrap();
        let on_disk = fs::read(&path).unwrap();
        assert!(!on_disk.windows(8).any(|it| it == b"AAAAAAAA"));
        let digest = Sha256::digest(&whole);
        assert!(!on_disk.windows(8).any(|it| *it == digest[..8]));
        assert_eq!(vault(8).read(&path).unwrap_err().code(), "store_damaged");
    }

    #[test]
    fn a_file_that_was_changed_cut_or_spliced_is_never_taken_for_whole() {
        let dir = tempfile::tempdir().unwrap();
        let (path, other) = (dir.path().join("x"), dir.path().join("y"));
        let piece = PIECE_BYTES as usize;
        vault(7).put(&path, &content(3 * piece)).unwrap();
        let good = fs::read(&path).unwrap();
        let sealed = piece + TAG_BYTES as usize;
        let mut flipped = good.clone();
        flipped[HEADER_BYTES + sealed + 3] ^= 1;
        let cut = good[..good.len() - sealed].to_vec();
        let mut swapped = good.clone();
        swapped[HEADER_BYTES..HEADER_BYTES + 2 * sealed].rotate_left(sealed);
        let mut shorter = cut.clone();
        shorter[8..16].copy_from_slice(&(2 * piece as u64).to_le_bytes());
        vault(7).put(&other, &vec![9; 3 * piece]).unwrap();
        let mut spliced = good.clone();
        spliced[HEADER_BYTES..HEADER_BYTES + sealed]
            .copy_from_slice(&fs::read(&other).unwrap()[HEADER_BYTES..HEADER_BYTES + sealed]);
        for (name, bytes) in [
            ("flipped", flipped),
            ("cut", cut),
            ("swapped", swapped),
            ("shorter", shorter),
            ("spliced", spliced),
        ] {
            fs::write(&path, bytes).unwrap();
            assert_eq!(vault(7).read(&path).unwrap_err().code(), "store_damaged", "{name}");
        }
    }

    #[test]
    fn a_plain_file_of_an_older_program_is_read_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        fs::write(&path, content(100_000)).unwrap();
        assert!(Vault::is_plain(&path));
        assert_eq!(vault(7).part(&path, 99_990, 50).unwrap(), content(100_000)[99_990..]);
        vault(7).put(&path, &content(100_000)).unwrap();
        assert!(!Vault::is_plain(&path));
    }
}
