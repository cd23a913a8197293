//! Versioned messages between laptop and server, with golden samples.
//!
//! HTTP below `/sync/v1`. Messages ignore unknown keys, because older and newer programs meet here.
//! The document of this wire is `docs/formats/sync-1.md`; the file that a first fetch installs is
//! `docs/formats/package-1.md`.

mod base_map;
mod columns;
mod digest;
mod message;
mod package;
mod report;
mod schema;
mod subscription;

pub use base_map::{BASE_MAP_FORMAT, BaseMapOffer, BaseMapPieces, Piece, PieceHash, read_pieces};
pub use columns::{Base, COLUMNS_TYPE, Columned, ColumnsError, pack};
pub use digest::{RowSum, row_hash};
pub use message::{
    Author, ErrorBody, FeedBlob, FeedConflict, FeedEntry, FeedKind, FeedRow, Head, JoinReply,
    JoinRequest, OpOutcome, Outcome, PROTOCOL_OLDEST, PROTOCOL_VERSION, PullReply, PushReply,
    PushRequest, Witness,
};
pub use package::{
    PACKAGE_FORMAT, PackageFile, PackageFileKind, PackageManifest, PackageScope, PackagedDataset,
};
pub use report::DeviceReport;
pub use schema::{Declaration, SchemaRevision};
pub use subscription::{
    AttributeFilter, DatasetDigest, DigestReply, NumberBlock, NumberRequest, RowsReply,
    Subscription, SubscriptionPart,
};
