//! The desktop shell: window, permissions, clock, `tile:` scheme, one thin function per command.
//!
//! This is the only room that knows Tauri. It reads the clock and makes ids, hands them to [`faltkarta_ipc`]'s desk,
//! and answers the window from it. The desk is opened on a thread of its own, so that the window is on the screen
//! while the laptop's file is being opened; what is asked in the meantime waits.

mod arguments;
mod clock;
mod command;
mod desk;
mod log;
mod opening;
mod run;
mod tile_scheme;
mod web_process;

pub use run::run;
