//! The real programs as processes: a whole day, every fault of a network, and `kill -9` at random moments.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says where")]

#[path = "../../../server/tests/cluster/mod.rs"]
mod cluster;
mod database;
mod deciding;
mod journey;
mod kills;
mod network;
mod restore;
mod selecting;
mod support;
mod water;
