//! The store in a folder: `store.sqlite`, `blobs/`, `packages/`, `datasets/*.toml`, `forms/`, and a lock.

mod apply;
mod blobs;
mod catalogue;
mod deliver;
mod devices;
mod feed;
mod hold;
mod open;
mod package_rows;
mod report;
mod row;
mod schema;
mod store;

pub use open::{OpenMode, open_store};
pub use store::SqliteStore;
