use faltkarta_model::DatasetId;
use serde::{Deserialize, Serialize};

/// Which revision of a dataset's declaration is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaRevision {
    /// The dataset.
    pub dataset: DatasetId,
    /// Counts declarations from 1.
    pub revision: u32,
}

/// `GET /sync/v1/{workspace}/schema/{dataset}/{revision}`: one declaration; every revision is kept for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declaration {
    /// The dataset.
    pub dataset: DatasetId,
    /// Counts declarations from 1.
    pub revision: u32,
    /// The declaration as TOML.
    pub toml: String,
}
