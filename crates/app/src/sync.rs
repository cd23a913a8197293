//! The exchange with a geodata store: what is asked of a link, one round, and when the next one is due.

mod areas;
mod assembly;
mod base_map;
mod engine;
mod enrol;
mod fetch;
mod link;
mod map_link;
mod photos;
mod preview;
mod pull;
mod row_link;
mod scheduler;
mod tending;

pub use engine::{FieldAccess, SyncReport, sync_round};
pub use enrol::{EnrolStep, Enrolment, enrol, install_next_package};
pub use link::{BlobState, Link, LinkError};
pub use map_link::MapLink;
pub use photos::{fetch_photo, fetch_preview};
pub use row_link::RowLink;
pub use scheduler::Scheduler;
