use faltkarta_model::BlobId;
use faltkarta_protocol::{
    JoinReply, JoinRequest, PackageManifest, PullReply, PushReply, PushRequest,
};

use crate::sync::map_link::MapLink;
use crate::sync::row_link::RowLink;

/// What a store is known to have of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlobState {
    /// All of it, with its digest checked.
    Complete,
    /// The first so many bytes.
    Partial(u64),
}

/// The way to one geodata store. Calls wait for the network; nothing of the laptop is held meanwhile.
pub trait Link: RowLink + MapLink {
    /// Enrols this laptop; the token of the answer is used from then on.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    fn join(&mut self, request: &JoinRequest) -> Result<JoinReply, LinkError>;

    /// What the newest package holds.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    fn package_manifest(&mut self, workspace: &str) -> Result<PackageManifest, LinkError>;

    /// Fetches a file of a package from an offset to its end, piece by piece; `sink` may stop it with an error.
    ///
    /// # Errors
    ///
    /// [`LinkError`]; the pieces seen so far are good to go on from.
    fn fetch(
        &mut self,
        workspace: &str,
        package: &str,
        file: &str,
        offset: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), LinkError>,
    ) -> Result<(), LinkError>;

    /// Sends operations.
    ///
    /// # Errors
    ///
    /// [`LinkError`]; after any of them it is not known whether the store has taken the operations.
    fn push(&mut self, workspace: &str, request: &PushRequest) -> Result<PushReply, LinkError>;

    /// Sends operations that were packed in columns (`faltkarta_protocol::pack`).
    ///
    /// # Errors
    ///
    /// [`LinkError::NotOffered`] when the store cannot read them so; the same operations then go with [`Link::push`].
    fn push_columns(&mut self, workspace: &str, body: &[u8]) -> Result<PushReply, LinkError> {
        let _ = (workspace, body);
        Err(LinkError::NotOffered)
    }

    /// Asks for the next page of the feed.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    fn pull(&mut self, workspace: &str, cursor: &str, seen: &str) -> Result<PullReply, LinkError>;

    /// What the store has of a blob.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    fn blob_head(&mut self, workspace: &str, blob: &BlobId) -> Result<BlobState, LinkError>;

    /// Sends the next bytes of a blob.
    ///
    /// # Errors
    ///
    /// [`LinkError::WrongOffset`] says where to go on.
    fn blob_patch(
        &mut self,
        workspace: &str,
        blob: &BlobId,
        offset: u64,
        n_bytes_total: u64,
        bytes: &[u8],
    ) -> Result<BlobState, LinkError>;

    /// Sends the preview of a blob, a JPEG of at most 64 KiB. It may come before the blob.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    fn preview_put(&mut self, workspace: &str, blob: &BlobId, jpeg: &[u8])
    -> Result<(), LinkError>;

    /// Asks for the preview of a blob.
    ///
    /// # Errors
    ///
    /// [`LinkError`].
    fn preview_get(&mut self, workspace: &str, blob: &BlobId) -> Result<Vec<u8>, LinkError>;

    /// Fetches a blob from an offset to its end, piece by piece; `sink` may stop it with an error.
    ///
    /// # Errors
    ///
    /// [`LinkError`]; the pieces seen so far are good to go on from.
    fn blob_get(
        &mut self,
        workspace: &str,
        blob: &BlobId,
        offset: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), LinkError>,
    ) -> Result<(), LinkError>;
}

/// Why a link did not answer as asked. Nothing of the laptop is lost in any of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The store does not answer.
    #[error("the geodata store does not answer: {text}")]
    Unreachable {
        /// What the network said.
        text: String,
    },
    /// Something answered that is not a geodata store: a captive portal, a web page.
    #[error("what answers there is not a geodata store")]
    NotAGeodataStore,
    /// Nothing is at this address, and nothing says that a geodata store is near.
    #[error("nothing is at this address")]
    NoSuchAddress,
    /// The store does not offer this: it is older than the laptop.
    #[error("the geodata store does not offer this")]
    NotOffered,
    /// The one-time code is missing, unknown, used or too old.
    #[error("the one-time code does not hold")]
    CodeInvalid,
    /// The token does not hold any more.
    #[error("signed out")]
    SignedOut,
    /// The role may not fetch this.
    #[error("not permitted")]
    Unpermitted,
    /// The cursor is of another history, or too old: a package must be fetched.
    #[error("a new package must be fetched")]
    Resync,
    /// The store has seen a newer state of this laptop: it was copied or rolled back.
    #[error("the store has seen a newer state of this laptop")]
    StaleLineage,
    /// The package that was asked for is no longer kept.
    #[error("the package is no longer kept")]
    PackageChanged,
    /// Another offset is next.
    #[error("the store has {n_bytes} bytes of the blob")]
    WrongOffset {
        /// Bytes that the store has.
        n_bytes: u64,
    },
    /// The bytes do not hash to their name.
    #[error("the bytes do not hash to their name")]
    DigestMismatch,
    /// Store and program speak different versions.
    #[error("the geodata store speaks another version")]
    VersionMismatch,
    /// An answer that does not read as what was asked for.
    #[error("the answer is damaged: {text}")]
    Damaged {
        /// What was found.
        text: String,
    },
    /// The store is in trouble, or asks for patience.
    #[error("the geodata store refused ({status} {code})")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The store's code.
        code: String,
    },
    /// The store has too much to do and asks for patience.
    #[error("the geodata store asks to wait")]
    Busy {
        /// For how long, when it says so.
        wait_s: Option<u32>,
    },
    /// The laptop could not keep what came.
    #[error("what came could not be kept: {text}")]
    NotKept {
        /// Stable code of the fault.
        code: &'static str,
        /// What was said.
        text: String,
    },
}

impl From<faltkarta_faults::Stopped> for LinkError {
    fn from(stopped: faltkarta_faults::Stopped) -> Self {
        Self::Unreachable { text: stopped.to_string() }
    }
}

impl LinkError {
    /// Whether the way is gone for everything, not for this question only: no answer of the store's own came.
    pub(crate) fn is_way_gone(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. } | Self::SignedOut | Self::NotAGeodataStore | Self::Busy { .. }
        )
    }

    /// The stable code for people's messages and `--json`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } | Self::Refused { .. } | Self::Busy { .. } => {
                "server_unreachable"
            }
            Self::NotAGeodataStore | Self::NoSuchAddress => "not_a_geodata_store",
            Self::NotOffered => "not_offered",
            Self::CodeInvalid => "code_invalid",
            Self::SignedOut => "signed_out",
            Self::Unpermitted => "unpermitted",
            Self::Resync => "resync",
            Self::StaleLineage => "stale_lineage",
            Self::VersionMismatch => "version_mismatch",
            Self::Damaged { .. } => "answer_damaged",
            Self::PackageChanged | Self::DigestMismatch => "package_damaged",
            Self::WrongOffset { .. } => "wrong_offset",
            Self::NotKept { code, .. } => code,
        }
    }

    /// Whether the device must be enrolled anew before a further try makes sense.
    pub fn needs_person(&self) -> bool {
        matches!(self, Self::SignedOut | Self::VersionMismatch)
    }
}
