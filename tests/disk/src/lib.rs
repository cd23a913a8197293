//! A disk in memory under SQLite that forgets what was not synced.
//!
//! [`register`] makes it the default file system of the process's one SQLite. A [`Machine`] owns a folder: every
//! database file that lies directly in it lives in memory, on the thread that made the machine; files elsewhere, also
//! in its subfolders, are the real disk's. A machine can stop at any
//! call ([`Machine::stop_at`]), and [`Machine::power_cut`] throws away what was not synced, wholly, in part, or with
//! torn sectors. Empty files are kept at the same places of the real disk, for code that asks whether a file exists.

mod file;
mod machine;
mod shared;
mod vfs;

pub use machine::{Image, Loss, Machine, Trouble};
pub use vfs::register;
