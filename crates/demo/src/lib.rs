//! Writes the synthetic delivery of the four municipalities.
//!
//! Towns lie where the real ones do; streets, parcels, houses, pipes, plans and names are invented.
//! Everything is planned on SWEREF 99 15 00 in metres and written in the system that each supplier
//! uses. `docs/formats/delivery.md` lists files, tables and columns.

mod bodies;
mod cells;
mod chance;
mod contours;
mod cover;
#[cfg(test)]
mod delivery_tests;
mod edge_cases;
mod error;
mod farms;
mod files;
mod geopackage;
mod link_pipes;
mod names;
mod network;
mod place_names;
mod plane;
mod plans;
mod plot;
mod region;
mod register;
mod roads;
mod routes;
mod terrain;
mod topography;
mod town;
mod town_houses;
mod town_pipes;
mod town_units;
mod town_uses;
mod world;
mod write;
mod zones;

pub use error::DemoError;
pub use write::{DemoOptions, DemoReport, DemoStep, write_delivery};
