//! The machine's clock, ids, chance and key store, for the rim only.
//!
//! The command line, the desktop shell and the bridge read the world here and pass it inwards as arguments; no room
//! below them may name this crate.

mod clock;
mod key_store;

pub use clock::{MachineIds, chance, now, secret};
pub use key_store::{OsKeyStore, key_store};
