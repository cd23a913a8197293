//! The geodata store over HTTP: embedded SQLite or PostgreSQL with PostGIS behind one trait.
//!
//! [`GeodataStore`] says what a store does; [`open_store`] gives the one that lives in a folder,
//! [`open_postgres`] the one in a database. Around it stand the
//! use cases of the coordinator, each of them free of clock and chance: [`import`] takes deliveries in,
//! [`build_package`] cuts the snapshot that laptops install, [`export_features`] gives datasets back. [`serve`] puts
//! a store on the network with the wire of `docs/formats/sync-1.md`.
//!
//! Every accepted change has a number in the feed, without holes; see [`GeodataStore::pull`].

mod areas;
mod backend;
mod blobs;
mod catching_up;
mod console;
mod cursor;
mod deciding;
mod defaults;
mod deliveries;
mod enrol;
mod error;
mod exporting;
mod finding;
mod folder;
mod http;
mod importing;
mod judging;
mod keeping;
mod numbering;
mod ogc;
mod outbox;
mod packaging;
mod postgres;
mod problem_map;
mod quality;
mod rim;
mod role;
mod sqlite;
mod stop_facts;

pub use areas::{Reader, Wanted};
pub use backend::{
    BackupRow, BlobCounts, CutReport, DatasetRow, Delivered, DeliveryCounts, DeviceRow,
    FeatureFilter, FeaturesAsk, FeedPage, GeodataStore, HeldRow, LookedAt, Malformed, OpenConflict,
    PackageInputs, PackageRow, Pusher, RawPush, ReportRow, RowsAsk, RowsPage, SeenFeature,
    StoreHead, StoredBlob, StoredFeature, StoredForm, Task,
};
pub use blobs::{
    BlobPiece, BlobPlace, BucketKeys, CollectReport, Depot, IdleBlob, add_to_blob, collect_blobs,
};
pub use catching_up::read_operation;
pub use console::typescript as console_typescript;
pub use deciding::{Decision, decide};
pub use error::StoreError;
pub use exporting::{ExportSource, export_features};
pub use finding::find_deliveries;
pub use http::{ServeOptions, Serving, inline_router, serve};
pub use importing::{
    DatasetImport, IMPORT_FORMAT, ImportOptions, ImportProblem, ImportReport, UnknownLayerRow,
    import,
};
pub use keeping::{
    BACKUP_FORMAT, BackupManifest, BackupReport, RestoreOptions, RestoreReport, VerifyReport,
    back_up, restore, verify,
};
pub use numbering::lease_numbers;
pub use outbox::{OutboxReport, take_outbox};
pub use packaging::{BuiltPackage, build_package};
pub use postgres::{PostgresPlace, PostgresStore, open_postgres};
pub use problem_map::write_problem_map;
pub use rim::Rim;
pub use role::{Role, RoleError};
pub use sqlite::{OpenMode, SqliteStore, open_store};
