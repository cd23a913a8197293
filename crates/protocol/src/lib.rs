//! Versioned messages between laptop and server, with golden samples.
