use std::path::PathBuf;

use faltkarta_model::{DatasetId, FeatureId};
use faltkarta_store::StoreError;

use crate::sync::LinkError;

/// Why a use case was not done. In every case all that was saved before is still saved.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The laptop's store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The geodata store could not be reached, or refused.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// There is no such feature on this laptop.
    #[error("feature {id} is not on this laptop")]
    FeatureNotFound {
        /// Its id.
        id: FeatureId,
    },
    /// There is no such dataset on this laptop.
    #[error("dataset {dataset} is not on this laptop")]
    DatasetNotFound {
        /// Its id.
        dataset: DatasetId,
    },
    /// There is no such form on this laptop.
    #[error("form {form} is not on this laptop")]
    FormNotFound {
        /// Its id.
        form: String,
    },
    /// No dataset on this laptop is part of such a network.
    #[error("there is no network {network} on this laptop")]
    NetworkNotFound {
        /// Its name.
        network: String,
    },
    /// The pipes of a network are not here, or their lease has ended.
    #[error("dataset {dataset} cannot answer: {reason}")]
    NetworkSilent {
        /// The dataset.
        dataset: DatasetId,
        /// `missing` or `locked`.
        reason: &'static str,
    },
    /// A point has no pipe in use near it.
    #[error("no pipe in use within {reach_m} m{}", .distance_m.map(|it| format!("; the nearest is {it:.0} m away")).unwrap_or_default())]
    NoPipeNear {
        /// How far was looked, in metres.
        reach_m: f64,
        /// Metres to the nearest one, when there is one at all.
        distance_m: Option<f64>,
    },
    /// A feature that is not part of the network, or is out of use.
    #[error("feature {id} is not on the network")]
    NotOnNetwork {
        /// Its id.
        id: FeatureId,
    },
    /// The input cannot be used.
    #[error("{field} cannot be used: {text}")]
    InvalidInput {
        /// Which part of the input.
        field: &'static str,
        /// Why.
        text: String,
    },
    /// Answers that do not hold.
    #[error("{} answers do not hold", questions.len())]
    AnswersInvalid {
        /// Names of the questions.
        questions: Vec<String>,
    },
    /// A polygon or a corridor that is too large to select by.
    #[error("the selection is too large: {what}")]
    SelectionTooLarge {
        /// What is too much: `vertices`, `length`, `width` or `features`.
        what: &'static str,
    },
    /// A dataset that is not edited in the field.
    #[error("dataset {dataset} is not edited in the field")]
    ReadOnly {
        /// Its id.
        dataset: DatasetId,
    },
    /// Nothing of a feature waits for a decision.
    #[error("nothing of feature {id} waits for a decision")]
    ConflictNotFound {
        /// The feature.
        id: FeatureId,
    },
    /// The store's values are not those that the person saw, or the conflict is closed.
    #[error("the conflict on feature {id} is not what was shown any more")]
    ConflictMoved {
        /// The feature.
        id: FeatureId,
    },
    /// This laptop is not enrolled with a geodata store.
    #[error("the laptop is not enrolled")]
    NotEnrolled,
    /// What came with a package cannot be used.
    #[error("the package is damaged: {text}")]
    PackageDamaged {
        /// What was found.
        text: String,
    },
    /// A tile could not be made.
    #[error("tile: {text}")]
    Tile {
        /// Why.
        text: String,
    },
    /// A file could not be written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl From<faltkarta_faults::Stopped> for AppError {
    fn from(stopped: faltkarta_faults::Stopped) -> Self {
        Self::Store(stopped.into())
    }
}

impl AppError {
    /// How many seconds the store asks to wait before the next try, when it says so.
    pub fn wait_s(&self) -> Option<u32> {
        match self {
            Self::Link(LinkError::Busy { wait_s }) => *wait_s,
            _ => None,
        }
    }

    /// The stable code for people's messages and `--json`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Link(error) => error.code(),
            Self::FeatureNotFound { .. } => "feature_not_found",
            Self::DatasetNotFound { .. } => "dataset_not_found",
            Self::FormNotFound { .. } => "form_not_found",
            Self::NetworkNotFound { .. } => "network_not_found",
            Self::NetworkSilent { .. } => "network_silent",
            Self::NoPipeNear { .. } => "no_pipe_near",
            Self::NotOnNetwork { .. } => "not_on_network",
            Self::InvalidInput { .. } => "invalid_input",
            Self::AnswersInvalid { .. } => "answers_invalid",
            Self::SelectionTooLarge { .. } => "selection_too_large",
            Self::ReadOnly { .. } => "read_only",
            Self::ConflictNotFound { .. } => "conflict_not_found",
            Self::ConflictMoved { .. } => "conflict_moved",
            Self::NotEnrolled => "not_enrolled",
            Self::PackageDamaged { .. } => "package_damaged",
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                "disk_full"
            }
            Self::Tile { .. } | Self::File { .. } => "internal",
        }
    }

    pub(crate) fn damaged(why: impl std::fmt::Display) -> Self {
        Self::PackageDamaged { text: why.to_string() }
    }

    pub(crate) fn invalid(field: &'static str, why: impl std::fmt::Display) -> Self {
        Self::InvalidInput { field, text: why.to_string() }
    }
}
