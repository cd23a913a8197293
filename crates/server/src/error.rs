use std::path::PathBuf;

use faltkarta_formats::FormatError;
use faltkarta_model::{DatasetId, FieldId};

/// Why a store refused or failed. What was saved before is still saved in every case.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no store in the folder.
    #[error("there is no geodata store in {}", folder.display())]
    NoStore {
        /// The folder.
        folder: PathBuf,
    },
    /// Another process has the store open.
    #[error("another process has the geodata store in {} open", folder.display())]
    StoreInUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The store was written by a newer program.
    #[error("the store has version {found}, this program knows {known}")]
    NewerStore {
        /// Its version.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// SQLite is one of the versions that can lose acknowledged writes.
    #[error("SQLite {version} can lose acknowledged writes; 3.51.3 or newer is needed, not 3.52.0")]
    UnsafeSqlite {
        /// The version that was found.
        version: String,
    },
    /// A safety setting did not hold, because of the file system perhaps.
    #[error("the database does not keep {setting}: it says {found}")]
    SettingRefused {
        /// Which setting.
        setting: &'static str,
        /// What it is instead.
        found: String,
    },
    /// The file is damaged or foreign.
    #[error("the store is damaged: {text}")]
    Damaged {
        /// What was found.
        text: String,
    },
    /// No room is left.
    #[error("the disk is full")]
    DiskFull,
    /// The database gave an error that is none of the others.
    #[error("{doing}: {source}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// PostgreSQL gave an error that is none of the others.
    #[error("{doing}: {source}")]
    Postgres {
        /// What was being done.
        doing: &'static str,
        /// What PostgreSQL said.
        source: tokio_postgres::Error,
    },
    /// The database server does not answer, or the connection broke. Whether a transaction that was under way was
    /// committed is unknown.
    #[error("the database server is not reached: {text}")]
    Unreachable {
        /// What was seen.
        text: String,
    },
    /// Another transaction was in the way; the same may succeed when it is tried again.
    #[error("{doing}: another transaction was in the way")]
    Contended {
        /// What was being done.
        doing: &'static str,
    },
    /// Reading or writing a file failed.
    #[error("{doing} {}: {source}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A declaration in the store's folder cannot be used.
    #[error("{}: {text}", path.display())]
    BadDeclaration {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        text: String,
    },
    /// A dataset that is not declared.
    #[error("there is no dataset {dataset}")]
    UnknownDataset {
        /// The name.
        dataset: DatasetId,
    },
    /// The delivery was not read; the store is as it was.
    #[error("{file}: {source}")]
    Delivery {
        /// The file's name.
        file: String,
        /// What is wrong with it.
        source: FormatError,
    },
    /// A folder without any file of a known kind.
    #[error("there is no delivery in {}", path.display())]
    NoDelivery {
        /// What was given.
        path: PathBuf,
    },
    /// There is no backup in the folder.
    #[error("there is no backup in {}", folder.display())]
    NoBackup {
        /// The folder.
        folder: PathBuf,
    },
    /// The backup is older than what laptops were told to be safe.
    #[error(
        "the backup ends at {seq}, and laptops were told that everything up to {safe_seq} is safe"
    )]
    BackupTooOld {
        /// Number of its last entry.
        seq: u64,
        /// What is safe.
        safe_seq: u64,
    },
    /// The token is unknown or revoked.
    #[error("signed out")]
    SignedOut,
    /// A join from another machine needs a code.
    #[error("a code from the coordinator is needed")]
    EnrolCodeNeeded,
    /// The code is unknown, used or too old.
    #[error("the code is unknown, used or too old")]
    EnrolCodeUnknown,
    /// The role may not do this.
    #[error("not permitted")]
    Unpermitted,
    /// The laptop follows another history.
    #[error("the store follows another history")]
    WrongEpoch,
    /// The laptop has seen entries that the store does not have; it has taken a new epoch.
    #[error("the store was rolled back and has taken a new epoch")]
    WitnessMismatch,
    /// The laptop's database was copied or rolled back.
    #[error("the lineage is stale")]
    StaleLineage,
    /// The cursor cannot be followed any more.
    #[error("the cursor is of another history")]
    Resync,
    /// The feed has a hole, or its chain does not fit. Nothing is sent.
    #[error("the feed is broken at {seq}")]
    FeedBroken {
        /// Where.
        seq: u64,
    },
    /// A request that is not of its shape.
    #[error("{text}")]
    Malformed {
        /// What is wrong.
        text: String,
    },
    /// A body in gzip that is torn or no gzip at all.
    #[error("the body is not the gzip that it says to be: {text}")]
    BadEncoding {
        /// What was found.
        text: String,
    },
    /// More than is taken.
    #[error("more than the limit of {most} {unit}")]
    TooLarge {
        /// The limit.
        most: u64,
        /// Of what.
        unit: &'static str,
    },
    /// The request speaks another version of the wire.
    #[error("protocol {found} is not known")]
    VersionMismatch {
        /// What was sent.
        found: u32,
    },
    /// Bytes came for another place of the attachment.
    #[error("the attachment goes on at {expected}")]
    WrongOffset {
        /// Where it goes on.
        expected: u64,
    },
    /// What a coordinator decides about is not what was shown any more.
    #[error("the conflict is not as it was shown")]
    ConflictMoved,
    /// A push in columns cannot be read, or names an entry that is not there any more. The laptop sends JSON.
    #[error("the columns cannot be read: {text}")]
    ColumnsUnread {
        /// Why.
        text: String,
    },
    /// Bytes do not hash to what was said.
    #[error("bytes and digest differ")]
    DigestMismatch,
    /// A preview does not hash to what was said of it; it is sent again, or not at all.
    #[error("the preview and its digest differ")]
    PreviewDamaged,
    /// The service that keeps attachments does not answer as it should.
    #[error("the place of the attachments does not answer: {text}")]
    BlobsUnreachable {
        /// What it said.
        text: String,
    },
    /// Attachments lie at another place than the one that was asked for; they do not move by themselves.
    #[error("the attachments lie at {place}")]
    BlobsElsewhere {
        /// Where.
        place: String,
    },
    /// A waiting operation that nobody can let in: it waits for something else, or cannot be read.
    #[error("an operation that waits because of {why} cannot be let in")]
    NotAcceptable {
        /// Why it waits.
        why: String,
    },
    /// A feature is not what somebody saw who edits it.
    #[error("the feature is not as it was seen")]
    NotAsSeen,
    /// An edit that others' values stand against; it was not made.
    #[error("the edit conflicts with what the store holds")]
    WouldConflict {
        /// In which fields; none when it is about the feature as a whole.
        fields: Vec<FieldId>,
    },
    /// An edit that could not be made at once; it was not made.
    #[error("the edit cannot be made now: {why}")]
    WouldWait {
        /// What it would have to wait for, as outcomes say it.
        why: String,
    },
    /// There is no such thing.
    #[error("there is no such thing")]
    NotFound,
    /// There is no such workspace.
    #[error("there is no such workspace")]
    UnknownWorkspace,
    /// The package is no longer kept.
    #[error("the package has changed")]
    PackageChanged,
    /// Making tiles or an index for a package failed.
    #[error("{doing}: {text}")]
    Packaging {
        /// What was being made.
        doing: &'static str,
        /// What went wrong.
        text: String,
    },
}

impl StoreError {
    /// A crash point that a test told to fail.
    pub fn stopped(stopped: faltkarta_faults::Stopped) -> Self {
        let path = PathBuf::from(stopped.point);
        Self::Io { doing: "passing", path, source: stopped.into() }
    }

    /// The stable code on wires, in `--json` errors and in tests.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoStore { .. } => "no_store",
            Self::StoreInUse { .. } => "store_in_use",
            Self::NewerStore { .. } => "newer_store",
            Self::UnsafeSqlite { .. } => "unsafe_sqlite",
            Self::SettingRefused { .. } => "setting_refused",
            Self::Damaged { .. } => "store_damaged",
            Self::DiskFull => "disk_full",
            Self::Contended { .. } => "busy",
            Self::Unreachable { .. } => "database_unreachable",
            Self::Database { .. } | Self::Postgres { .. } | Self::Packaging { .. } => "internal",
            Self::Io { .. } => "io",
            Self::BadDeclaration { .. } => "bad_declaration",
            Self::UnknownDataset { .. } => "unknown_dataset",
            Self::Delivery { source, .. } => source.code(),
            Self::NoDelivery { .. } => "no_delivery",
            Self::NoBackup { .. } => "no_backup",
            Self::BackupTooOld { .. } => "backup_too_old",
            Self::SignedOut => "signed_out",
            Self::EnrolCodeNeeded => "enrol_code_needed",
            Self::EnrolCodeUnknown => "enrol_code_unknown",
            Self::Unpermitted => "unpermitted",
            Self::WrongEpoch => "wrong_epoch",
            Self::WitnessMismatch => "witness_mismatch",
            Self::StaleLineage => "stale_lineage",
            Self::Resync => "resync",
            Self::FeedBroken { .. } => "feed_broken",
            Self::Malformed { .. } => "malformed",
            Self::BadEncoding { .. } => "bad_encoding",
            Self::TooLarge { .. } => "too_large",
            Self::VersionMismatch { .. } => "version_mismatch",
            Self::WrongOffset { .. } => "wrong_offset",
            Self::DigestMismatch => "digest_mismatch",
            Self::PreviewDamaged => "preview_damaged",
            Self::BlobsUnreachable { .. } => "blobs_unreachable",
            Self::BlobsElsewhere { .. } => "blobs_elsewhere",
            Self::NotAcceptable { .. } => "not_acceptable",
            Self::ColumnsUnread { .. } => "columns_unread",
            Self::ConflictMoved => "conflict_moved",
            Self::NotAsSeen => "not_as_seen",
            Self::WouldConflict { .. } => "conflict",
            Self::WouldWait { .. } => "would_wait",
            Self::NotFound => "not_found",
            Self::UnknownWorkspace => "unknown_workspace",
            Self::PackageChanged => "package_changed",
        }
    }

    /// Wraps what SQLite said, telling full disks and damage apart.
    pub(crate) fn database(doing: &'static str) -> impl Fn(rusqlite::Error) -> Self + Copy {
        use rusqlite::ErrorCode as Code;
        move |source| match source.sqlite_error_code() {
            Some(Code::DiskFull) => Self::DiskFull,
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => Self::Contended { doing },
            Some(Code::DatabaseCorrupt | Code::NotADatabase) => {
                Self::Damaged { text: format!("{doing}: {source}") }
            }
            _ => Self::Database { doing, source },
        }
    }

    /// Wraps what the file system said.
    pub(crate) fn io(
        doing: &'static str,
        path: &std::path::Path,
    ) -> impl Fn(std::io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io { doing, path: path.clone(), source },
        }
    }

    /// A value in the database that cannot be one.
    pub(crate) fn damaged(text: impl std::fmt::Display) -> Self {
        Self::Damaged { text: text.to_string() }
    }
}
