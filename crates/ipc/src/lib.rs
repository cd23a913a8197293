//! The words between interface and core, and their TypeScript.
//!
//! Every request is a type that implements [`Command`]; [`COMMANDS`] lists their names once, for Tauri's permission
//! manifest, for `ui/src/lib/core/bindings.ts` and for the test that the two agree. What goes over this wire has no
//! 64-bit integers, no floats that can be NaN and no missing keys.

mod answers;
mod asking;
mod command;
mod conflict;
mod convert;
mod desk;
mod dto;
mod error;
mod exchange;
mod measuring;
mod typescript;

pub use command::*;
pub use desk::{Desk, DeskOptions, LinkFactory, TileAnswer};
pub use dto::*;
pub use error::ApiError;
pub use typescript::typescript;
