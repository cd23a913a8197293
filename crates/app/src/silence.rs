//! Datasets that cannot say that there is nothing.

use faltkarta_model::{DatasetId, Timestamp, Title};

use crate::applies::NoAnswer;
use crate::catalog::LocalDataset;

/// A dataset that an answer needed, and that cannot answer or is old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SilentDataset {
    /// The dataset.
    pub dataset: DatasetId,
    /// What it is called.
    pub title: Title,
    /// Why.
    pub reason: NoAnswer,
    /// Date of its data.
    pub data_date: Option<String>,
    /// Their age in days.
    pub age_days: Option<u32>,
}

impl SilentDataset {
    pub(crate) fn of(local: &LocalDataset, reason: NoAnswer, now: Timestamp) -> Self {
        Self {
            dataset: local.dataset.id.clone(),
            title: local.dataset.title.clone(),
            reason,
            data_date: local.data_date.clone(),
            age_days: local.age_days(now),
        }
    }
}

/// Why a dataset cannot answer, or that it is old.
pub(crate) fn silence_of(local: &LocalDataset, now: Timestamp) -> Option<NoAnswer> {
    if local.is_locked(now) {
        Some(NoAnswer::Locked)
    } else if local.n_features == 0 && local.data_date.is_none() && !local.is_made_here() {
        Some(NoAnswer::Missing)
    } else if local.is_old(now) {
        Some(NoAnswer::Old)
    } else {
        None
    }
}
