//! One laptop in one SQLite file: base, overlay, journal, drafts, attachments, index generations.
//!
//! *base* is the rows as last received from the geodata store; *journal* is every own operation, written once and
//! never changed; *overlay* is how features look with the own operations that the base does not show yet. One writer,
//! every function one transaction, `synchronous=FULL`: what a function has returned for survives a power cut.
//! The file is encrypted with SQLCipher; photos lie beside it in `photos/`, named by their content and sealed with a
//! key that comes from the file's.

mod attachment;
mod base_map;
mod conflict;
mod declaration;
mod difference;
mod draft;
mod error;
mod feature;
mod feed;
mod folder;
mod history;
mod index;
mod install;
mod journal;
mod key;
mod number;
mod outbox;
mod overlay;
mod photo_copy;
mod photo_room;
mod picture;
mod place;
mod recent;
mod rows;
mod schema;
mod store;
mod vault;
#[cfg(test)]
mod witness;

pub use attachment::{Attachment, PHOTO_BYTES_MAX, PhotoCounts, Upload};
pub use conflict::StoredConflict;
pub use draft::{AnswerChange, AnswerLogRow, Draft, DraftSave};
pub use error::StoreError;
pub use feature::{BaseRow, DatasetRow, FormRow, Relation, RowChange, StoredFeature};
pub use feed::PageEffect;
pub use history::{Event, EventKind};
pub use index::TreeRow;
pub use install::{Install, InstallProgress, check_package_file};
pub use journal::{EditCounts, EditState, JournalRow, LiveOperation, LocalEdit, LocalOperation};
pub use key::{FileKeyStore, FixedKeyStore, Key, KeyPlace, KeyStore};
pub use outbox::{OUTBOX_FORMAT, OutboxFile, rescue_outbox};
pub use photo_copy::FeaturePhoto;
pub use photo_room::PhotoRoom;
pub use place::{PlaceWarning, place_warning};
pub use rows::Backfill;
pub use store::{OpenOptions, Store};
