//! What the coordinator's console is told: stores' rows in words that a page can show.

mod deliveries;
mod dto;
mod facts;
mod typescript;
mod views;

pub(crate) use deliveries::{dataset_list, delivery_list};
pub(crate) use dto::{
    ConsoleCaseDto, ConsoleDatasetDto, ConsoleDecisionDto, ConsoleDeliveryDto, ConsoleDeviceDto,
    ConsoleHeldDto, ConsoleOverviewDto, ConsoleSignInDto,
};
pub use typescript::typescript;
pub(crate) use views::{cases, decide_case, devices, held, overview};
