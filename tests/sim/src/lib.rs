//! Histories of real laptops and a real store under one seed.
//!
//! The laptops' engine, their SQLCipher files, their HTTP client, the store's router and its SQLite file are the real
//! ones. Disk, wire, clock, ids and chance are the history's, and all of it runs on one thread: a seed says
//! everything that happens. What people did is written down beside ([`truth::Truth`]); the checks in [`check`]
//! compare it with what laptops and store say, by their files and by what is heard on the wire.

pub mod every_call;
pub mod plan;
pub mod runner;
pub mod season;
pub mod sim;
pub mod template;

mod acts;
mod chance;
mod check;
mod files;
mod host;
mod laptop;
mod tap;
mod trace;
mod truth;
mod wire;
