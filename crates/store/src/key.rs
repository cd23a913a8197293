use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::error::StoreError;

/// The raw key of a laptop's file: 32 bytes.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// Takes 32 bytes as a key.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn at_random() -> Result<Self, StoreError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)
            .map_err(|error| StoreError::KeyStoreFailed { text: error.to_string() })?;
        Ok(Self(bytes))
    }

    /// A key written as 64 hexadecimal digits.
    ///
    /// # Errors
    ///
    /// [`StoreError::KeyStoreFailed`] when it is anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, StoreError> {
        let text = std::str::from_utf8(bytes).unwrap_or_default().trim();
        let raw = hex::decode(text).unwrap_or_default();
        raw.try_into().map(Self).map_err(|_| StoreError::KeyStoreFailed {
            text: "the key is not 64 hexadecimal digits".to_owned(),
        })
    }
}

/// Never shows the key.
impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Where the key of a laptop's file lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace {
    /// In the operating system's key store.
    Os,
    /// In a file beside the data, readable by its owner only: no protection on a stolen disk.
    File,
}

impl KeyPlace {
    /// `os` or `file`, as `status` says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Os => "os",
            Self::File => "file",
        }
    }
}

/// Keeps the key of one laptop's file.
pub trait KeyStore {
    /// The key, if it was ever made.
    ///
    /// # Errors
    ///
    /// [`StoreError::KeyStoreFailed`] when the place cannot be asked.
    fn find(&self) -> Result<Option<Key>, StoreError>;

    /// Makes a key at random and keeps it. Only called when there is no file that an older key could open.
    ///
    /// # Errors
    ///
    /// [`StoreError::KeyStoreFailed`] when the place does not take it.
    fn create(&self) -> Result<Key, StoreError>;

    /// Where the key lies.
    fn place(&self) -> KeyPlace;
}

/// A file `key` in the laptop's folder, mode 0600: for machines where no key store runs.
#[derive(Debug, Clone)]
pub struct FileKeyStore {
    path: PathBuf,
}

impl FileKeyStore {
    /// The key file of a laptop's folder.
    pub fn new(folder: &Path) -> Self {
        Self { path: folder.join("key") }
    }
}

impl KeyStore for FileKeyStore {
    fn find(&self) -> Result<Option<Key>, StoreError> {
        match fs::read(&self.path) {
            Ok(bytes) => Key::parse(&bytes).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::io(&self.path, error)),
        }
    }

    fn create(&self) -> Result<Key, StoreError> {
        let key = Key::at_random()?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let failed = |error| StoreError::io(&self.path, error);
        let mut file = options.open(&self.path).map_err(failed)?;
        file.write_all(hex::encode(key.bytes()).as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        crate::folder::sync_folder_of(&self.path)?;
        Ok(key)
    }

    fn place(&self) -> KeyPlace {
        KeyPlace::File
    }
}

/// A key held in memory only: for the bench and for tests.
#[derive(Debug, Clone)]
pub struct FixedKeyStore(pub Key);

impl KeyStore for FixedKeyStore {
    fn find(&self) -> Result<Option<Key>, StoreError> {
        Ok(Some(self.0.clone()))
    }

    fn create(&self) -> Result<Key, StoreError> {
        Ok(self.0.clone())
    }

    fn place(&self) -> KeyPlace {
        KeyPlace::File
    }
}
