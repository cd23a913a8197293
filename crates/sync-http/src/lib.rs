//! Reaches the server over HTTP.
