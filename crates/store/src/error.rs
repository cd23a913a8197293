use std::io;
use std::path::{Path, PathBuf};

use faltkarta_model::FeatureId;

/// Why the laptop's store refused or failed. In every case all that was saved before is still saved.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another program of ours has the folder open.
    #[error("{} is in use by another program", folder.display())]
    FolderInUse {
        /// The laptop's folder.
        folder: PathBuf,
    },
    /// The folder holds no laptop, and the caller did not ask to make one.
    #[error("{} holds no laptop file", folder.display())]
    NotALaptop {
        /// The folder.
        folder: PathBuf,
    },
    /// The laptop's file is there but its key is not.
    #[error("the key of the laptop file is missing")]
    KeyMissing,
    /// The key store runs but did not answer as it should.
    #[error("key store: {text}")]
    KeyStoreFailed {
        /// What it said.
        text: String,
    },
    /// The file cannot be read with its key, or its pages do not hold.
    #[error("the laptop file is damaged: {text}")]
    Damaged {
        /// What was found.
        text: String,
    },
    /// A newer program wrote the file.
    #[error("the laptop file has format {found}, this program knows {known}")]
    NewerFormat {
        /// Format of the file.
        found: i64,
        /// Format of this program.
        known: i64,
    },
    /// The SQLite of this program may lose acknowledged writes.
    #[error("SQLite {version} may lose acknowledged writes")]
    SqliteUnfit {
        /// `sqlite3_libversion_number()`.
        version: i32,
    },
    /// A setting that durability rests on did not take.
    #[error("SQLite keeps {name} = {value}")]
    PragmaRefused {
        /// The setting.
        name: &'static str,
        /// What it stands at.
        value: String,
    },
    /// There is no room for the write; nothing of it was done.
    #[error("the disk is full")]
    DiskFull,
    /// The disk did not take a write, or did not give what it holds; nothing of the act was done.
    #[error("the disk failed: {text}")]
    DiskFailed {
        /// What was said.
        text: String,
    },
    /// The folder or the file may not be written: by its rights, by its disk, or because another program holds it.
    #[error("the laptop folder cannot be written: {text}")]
    FolderReadOnly {
        /// What was said.
        text: String,
    },
    /// Another program holds the laptop's file: a virus scanner, a copy that is being made.
    #[error("the laptop file is held by another program: {text}")]
    FileLocked {
        /// What was said.
        text: String,
    },
    /// A photo of no bytes.
    #[error("the photo is empty")]
    PhotoEmpty,
    /// A photo beyond the limit.
    #[error("the photo has {n_bytes} bytes, at most {n_bytes_max}")]
    PhotoTooLarge {
        /// Its size.
        n_bytes: u64,
        /// The limit.
        n_bytes_max: u64,
    },
    /// Bytes that are no JPEG, PNG, WebP or HEIC picture.
    #[error("the photo is not a picture that can be read")]
    PhotoUnreadable,
    /// There is no such draft any more.
    #[error("there is no draft {id}")]
    DraftNotFound {
        /// Its id.
        id: FeatureId,
    },
    /// There is no such attachment here.
    #[error("there is no attachment {blob} here")]
    BlobNotFound {
        /// Its id.
        blob: String,
    },
    /// Bytes that came for an attachment and do not hash to its name.
    #[error("what came for {blob} is something else")]
    PhotoDamaged {
        /// Its id.
        blob: String,
    },
    /// A package that is not what its manifest says.
    #[error("the package is damaged: {text}")]
    PackageDamaged {
        /// What was found.
        text: String,
    },
    /// A page of the feed that does not follow on the cursor.
    #[error("the feed does not follow on entry {cursor}: {text}")]
    FeedBroken {
        /// Number at the laptop's cursor.
        cursor: u64,
        /// What was found.
        text: String,
    },
    /// An operation whose number is not the next one.
    #[error("operation has number {given}, {expected} is next")]
    OperationOutOfOrder {
        /// What it has.
        given: u32,
        /// What it should have.
        expected: u32,
    },
    /// A value in the file is not what this program writes there.
    #[error("column {column} does not hold: {text}")]
    BadColumn {
        /// Which.
        column: &'static str,
        /// Why.
        text: String,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite refused.
    #[error("laptop file: {source}")]
    Sqlite {
        /// What it said.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// The stable code for people's messages and `--json`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::FolderInUse { .. } => "folder_in_use",
            Self::NotALaptop { .. } => "not_enrolled",
            Self::KeyMissing | Self::KeyStoreFailed { .. } => "key_missing",
            Self::Damaged { .. } | Self::BadColumn { .. } => "store_damaged",
            Self::NewerFormat { .. } => "version_mismatch",
            Self::DiskFull => "disk_full",
            Self::DiskFailed { .. } => "disk_failed",
            Self::FolderReadOnly { .. } => "folder_read_only",
            Self::FileLocked { .. } => "folder_in_use",
            Self::PhotoEmpty => "photo_empty",
            Self::PhotoTooLarge { .. } => "photo_too_large",
            Self::PhotoUnreadable => "photo_unreadable",
            Self::DraftNotFound { .. } => "draft_not_found",
            Self::BlobNotFound { .. } => "photo_not_found",
            Self::PhotoDamaged { .. } => "photo_damaged",
            Self::PackageDamaged { .. } | Self::FeedBroken { .. } => "package_damaged",
            Self::SqliteUnfit { .. }
            | Self::PragmaRefused { .. }
            | Self::OperationOutOfOrder { .. }
            | Self::Io { .. }
            | Self::Sqlite { .. } => "internal",
        }
    }

    /// An error of the file system, with a full disk told apart.
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            return Self::DiskFull;
        }
        if matches!(
            source.kind(),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
        ) {
            return Self::FolderReadOnly { text: format!("{}: {source}", path.display()) };
        }
        Self::Io { path: path.to_owned(), source }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::Damaged { text: source.to_string() }
            }
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::FolderReadOnly { text: source.to_string() }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::FileLocked { text: source.to_string() }
            }
            Some(ErrorCode::SystemIoFailure) => Self::DiskFailed { text: source.to_string() },
            _ => Self::Sqlite { source },
        }
    }
}

impl From<faltkarta_faults::Stopped> for StoreError {
    fn from(stopped: faltkarta_faults::Stopped) -> Self {
        Self::Io { path: PathBuf::from(stopped.point), source: stopped.into() }
    }
}

/// Text of a column that should parse.
pub(crate) fn bad_column(column: &'static str, why: impl std::fmt::Display) -> StoreError {
    StoreError::BadColumn { column, text: why.to_string() }
}
