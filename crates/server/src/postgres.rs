//! The geodata store in PostgreSQL with PostGIS: the same tables, the same judge, geometry in real columns, and views
//! that a person edits with SQL or QGIS.

mod aftermath;
mod blobs;
mod catalogue;
mod deliver;
mod devices;
mod failed;
mod features;
mod feed;
mod keeping;
mod open;
mod package_rows;
mod pool;
mod retention;
mod rows;
mod rows_page;
mod session;
mod settings;
mod settle;
mod store;
mod subscriptions;
mod told;
mod tx;
mod views;

pub use open::{PostgresPlace, open_postgres};
pub use store::PostgresStore;
