//! Reaches the server over HTTP.
//!
//! [`HttpLink`] speaks the wire of `docs/formats/sync-1.md`. It trusts nothing that comes back: lengths are limited,
//! a web page is told from a geodata store, and whatever answers becomes a value of [`faltkarta_app::LinkError`].

mod address;
mod answer;
mod blobs;
mod encoding;
mod link;
mod map_link;
mod row_link;

pub use link::HttpLink;
