//! The only room that knows HTTP: requests in, use cases of the store, answers out.

mod answer;
mod base_map;
mod blobs;
mod columns;
mod console;
mod context;
mod deliveries;
mod encoding;
mod files;
mod listen;
mod ogc;
mod package;
mod report;
mod serve;
mod subscription;
mod sync;

pub use serve::{ServeOptions, Serving, inline_router, serve};
