use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Why a request was not done. A code exists only if the interface says or does something different for it.
///
/// In every case all that was saved before is still saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum ApiError {
    /// There is no such feature on this laptop.
    #[error("feature is not on this laptop")]
    FeatureNotFound,
    /// There is no such draft any more.
    #[error("draft is not on this laptop")]
    DraftNotFound,
    /// There is no such form on this laptop.
    #[error("form is not on this laptop")]
    FormNotFound,
    /// The input cannot be used.
    #[error("field {field} of the request cannot be used")]
    InvalidInput {
        /// Which field of the request.
        field: String,
    },
    /// An answer is outside its constraint or a required one is missing.
    #[error("{} answers do not hold", questions.len())]
    AnswersInvalid {
        /// Names of the questions.
        questions: Vec<String>,
    },
    /// A polygon or a corridor that is too large to select by.
    #[error("the selection is too large: {what}")]
    SelectionTooLarge {
        /// What is too much: `vertices`, `length`, `width` or `features`.
        what: String,
    },
    /// A photo of no bytes.
    #[error("photo is empty")]
    PhotoEmpty,
    /// A photo larger than the limit.
    #[error("photo has {n_bytes} bytes, at most {n_bytes_max}")]
    PhotoTooLarge {
        /// Its size.
        n_bytes: u32,
        /// The limit.
        n_bytes_max: u32,
    },
    /// Not a picture that can be read.
    #[error("not a picture")]
    PhotoUnreadable,
    /// The value in the store is not the one that the person saw: the card has to be read again.
    #[error("the value has changed since it was shown")]
    ConflictMoved,
    /// There is nothing left to decide there.
    #[error("there is no open conflict")]
    ConflictNotFound,
    /// The disk is full.
    #[error("disk is full")]
    DiskFull,
    /// Another program of ours has this laptop's folder.
    #[error("laptop folder is in use")]
    FolderInUse,
    /// The laptop's file cannot be read.
    #[error("laptop file is damaged")]
    StoreDamaged,
    /// The key of the laptop's file is gone from the key store.
    #[error("key of the laptop file is missing")]
    KeyMissing,
    /// The store does not answer.
    #[error("geodata store does not answer")]
    ServerUnreachable,
    /// Something answered that is not a geodata store (a captive portal, a web page).
    #[error("the address does not belong to a geodata store")]
    NotAGeodataStore,
    /// The one-time code is unknown or used.
    #[error("one-time code does not hold")]
    CodeInvalid,
    /// The device's token does not hold any more.
    #[error("signed out")]
    SignedOut,
    /// This laptop is not enrolled.
    #[error("laptop is not enrolled")]
    NotEnrolled,
    /// A package is damaged.
    #[error("package is damaged")]
    PackageDamaged,
    /// An answer of the store arrived damaged.
    #[error("answer of the geodata store is damaged")]
    AnswerDamaged,
    /// Store and program speak different versions.
    #[error("geodata store speaks another version")]
    VersionMismatch,
    /// A fault of ours; the log has it.
    #[error("internal fault")]
    Internal,
}
