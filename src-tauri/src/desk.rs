//! Stands where `faltkarta_ipc`'s desk will stand, until it is there.

use std::path::PathBuf;

use faltkarta_ipc::ApiError;
use faltkarta_model::Timestamp;
use serde_json::Value;

#[derive(Debug)]
pub(crate) struct DeskOptions {
    pub(crate) dir: PathBuf,
    pub(crate) bundle: Option<PathBuf>,
    pub(crate) now: fn() -> Timestamp,
}

#[derive(Debug)]
pub(crate) struct Desk {
    options: DeskOptions,
}

pub(crate) struct TileAnswer {
    pub(crate) media_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl Desk {
    pub(crate) fn open(options: DeskOptions) -> Result<Self, ApiError> {
        tracing::info!(at = %(options.now)(), has_bundle = options.bundle.is_some(), "opened");
        Ok(Self { options })
    }

    pub(crate) fn call(&self, _name: &str, _input: Value) -> Result<Value, ApiError> {
        let _ = &self.options.dir;
        Err(ApiError::Internal)
    }

    pub(crate) fn tile(&self, _path: &str) -> Option<TileAnswer> {
        Some(TileAnswer { media_type: "application/vnd.mapbox-vector-tile", bytes: Vec::new() })
    }
}
