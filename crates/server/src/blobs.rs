//! The bytes of attachments: what has arrived of each, and the place where whole ones lie.

mod collect;
mod depot;
mod place;
mod seat;
mod shelf;
mod staged;

pub use collect::{CollectReport, IdleBlob, collect_blobs};
pub use depot::{BlobPiece, Depot, add_to_blob};
pub use place::{BlobPlace, BucketKeys};
pub(crate) use seat::Seat;
pub(crate) use staged::Staged;

/// The largest attachment that is taken, in bytes.
pub(crate) const MAX_BLOB_BYTES: u64 = 64 * 1024 * 1024;
/// The largest preview that is taken, in bytes.
pub(crate) const MAX_PREVIEW_BYTES: usize = 64 * 1024;
