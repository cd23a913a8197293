//! The store in PostgreSQL, in a cluster that these tests start themselves.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot go on stops"
)]

mod cluster;
#[path = "postgres/direct.rs"]
mod direct;
#[path = "postgres/durable.rs"]
mod durable;
#[path = "postgres/feeding.rs"]
mod feeding;
#[path = "postgres/fidelity.rs"]
mod fidelity;
mod harness;
#[path = "postgres/town.rs"]
mod town;
