//! The laws of the merge, its truth table cell by cell, and what operations mean for open conflicts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod chains;
mod groups;
mod laws;
mod open_conflicts;
mod resolving;
mod sheet;
mod support;
mod truth_table;
mod unique;
mod values;
