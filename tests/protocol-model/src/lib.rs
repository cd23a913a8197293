//! An abstract model of the exchange around the real merge, searched completely and by random histories.
//!
//! The model has a store, laptops, a network that loses and repeats, backups, restores, copied laptops and areas, all
//! as small values; only the merge is the product's own. The protocol is that of `docs/formats/sync-1.md`, the list of
//! bugs is that of the project's sync design (an executable model in Python stood beside it and is compared with in
//! `docs/sync-tests.md`). `oracle.py` beside this crate is a second model, written apart in another language, that
//! replays the same random histories and must end in the same states.

mod act;
mod bug;
mod check;
mod client;
mod history;
mod op;
mod schema;
mod search;
mod store;
mod world;

pub use bug::Bug;
pub use history::{History, play, play_words};
pub use search::{Bounds, Found, search};
