//! The store in a folder: `store.sqlite`, `blobs/`, `packages/`, `datasets/*.toml`, `forms/`, and a lock.

mod backups;
mod bases;
mod blobs;
mod catalogue;
mod deliver;
mod devices;
mod features;
mod feed;
mod feed_writer;
mod idle;
mod keeping;
mod open;
mod package_rows;
mod proof;
mod rebirth;
mod report;
mod retention;
mod row;
mod rows;
mod rows_page;
mod schema;
mod settle;
mod store;
mod subscriptions;
mod told;

pub(crate) use open::{DATABASE, hold_folder};
pub use open::{OpenMode, open_store};
pub(crate) use proof::Proof;
pub(crate) use rebirth::{Reborn, prepare_restored};
pub use store::SqliteStore;
