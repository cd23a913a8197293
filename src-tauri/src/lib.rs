//! The desktop shell: window, permissions, clock, `tile:` scheme, one thin function per command.
//!
//! This is the only room that knows Tauri. It hands the machine's clock, ids and key store to a [`faltkarta_ipc::Desk`]
//! and answers the window from it. The desk is opened on a thread of its own, so that the window is on the screen
//! while the laptop's file is being opened; what is asked in the meantime waits.

mod arguments;
mod command;
mod log;
mod opening;
mod run;
mod stopwatch;
mod tile_scheme;
mod web_process;

pub use run::run;
