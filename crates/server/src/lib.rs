//! The geodata store over HTTP: embedded SQLite behind a trait that PostGIS will also implement.
