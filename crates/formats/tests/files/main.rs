//! Whole files through the front door of the crate.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test stops where it fails"
)]

mod bad_cases;
mod bad_folder;
mod bad_text_files;
mod damage;
mod deliveries;
mod exports;
mod exports_other;
mod odd_geometry;
mod other_readers;
mod projections;
mod support;
