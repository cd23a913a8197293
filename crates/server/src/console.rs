//! What the coordinator's console is told: stores' rows in words that a page can show.

mod dto;
mod facts;
mod typescript;
mod views;

pub(crate) use dto::{
    ConsoleCaseDto, ConsoleDecisionDto, ConsoleDeviceDto, ConsoleHeldDto, ConsoleOverviewDto,
    ConsoleSignInDto,
};
pub use typescript::typescript;
pub(crate) use views::{cases, decide_case, devices, held, overview};
