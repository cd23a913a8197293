//! The technician.
