//! One box: addresses, designations, places, assets, cases, coordinates.
//!
//! A [`PlaceIndexBuilder`] makes the index of a package once; [`PlaceIndex::find`] answers one keystroke.
//! Edits that are newer than the index live in an [`Overlay`].

mod build;
mod coordinate;
mod designation;
mod error;
mod find;
mod index;
mod overlay;
mod place;
mod query;
#[cfg(test)]
mod tests;
mod text;
mod typo;

pub use build::PlaceIndexBuilder;
pub use designation::{Block, Designation, Municipality, parse_designation};
pub use error::SearchError;
pub use index::PlaceIndex;
pub use overlay::Overlay;
pub use place::{Answer, Hit, HitNote, PlaceEntry, PlaceKind, Query};
