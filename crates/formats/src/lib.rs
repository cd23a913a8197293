//! Deliveries read and written, with a list of problems.
