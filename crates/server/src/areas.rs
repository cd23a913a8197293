//! What a laptop wants to have: which rows it is sent, and which it is told to take away.
//!
//! A row lies in the cells that its geometry touches; one without a geometry lies where its parent lies, one without
//! either everywhere. A backend reads rows and entries, and asks here what becomes of each.

mod cover;
mod digest;
mod telling;
mod wanted;

pub(crate) use cover::{Looked, Moved, cover_of, parent_in};
pub(crate) use digest::digest;
pub(crate) use telling::{Past, Telling, is_wanted, moved, telling_kind};
pub use wanted::{Reader, Wanted};
