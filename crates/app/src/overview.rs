use std::collections::BTreeSet;

use faltkarta_changes::OperationKind;
use faltkarta_model::{FeatureId, OpId, Timestamp};
use faltkarta_store::{
    EditCounts, EditState, JournalRow, PhotoCounts, PlaceWarning, place_warning,
};

use crate::error::AppError;
use crate::field::Field;
use crate::shape::point_on;

/// Secured edits that the list still shows.
const N_SECURED: u32 = 200;

/// One row of the list of own changes.
#[derive(Debug, Clone, PartialEq)]
pub struct ChangeRow {
    /// The operation.
    pub row: JournalRow,
    /// How many photos belong to it.
    pub n_photos: u32,
    /// Where it lies: easting and northing in metres on the grid.
    pub position_m: Option<(f64, f64)>,
    /// Whether it is not sent and meets what others have done since: [`Field::conflicts`] shows it.
    pub is_conflict_expected: bool,
    /// What it waits for at the store, when it waits for a feature.
    pub waits_for: Option<FeatureId>,
    /// Whether its feature left the laptop's area and is kept because of this edit or other unfinished work.
    pub is_moved_out: bool,
}

/// All own changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Changes {
    /// How many stand where.
    pub counts: EditCounts,
    /// Photos taken and received.
    pub photos: PhotoCounts,
    /// Newest first; secured ones at most 200.
    pub rows: Vec<ChangeRow>,
}

/// The states of all edits, and the age of each dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// How many edits stand where.
    pub edits: EditCounts,
    /// How many drafts there are.
    pub n_drafts: u32,
    /// Photos taken and received.
    pub photos: PhotoCounts,
    /// Each dataset.
    pub datasets: Vec<DatasetStatus>,
    /// Where the key of the laptop's file lies: `os` or `file`.
    pub key_place: &'static str,
    /// When the last complete round ended, RFC 3339.
    pub last_received_at: Option<String>,
    /// First failure since then, RFC 3339.
    pub offline_since: Option<String>,
    /// Code of the last failure, or empty.
    pub error_code: String,
    /// Whether a new package must be fetched before anything can be pulled.
    pub needs_resync: bool,
    /// What the person should know of the laptop's place, as codes: `cloud_folder`, `network_drive`,
    /// `disk_nearly_full`.
    pub warnings: Vec<&'static str>,
}

/// One dataset's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatasetStatus {
    /// Its id.
    pub dataset: String,
    /// How many features the base holds.
    pub n_features: u32,
    /// Date of the data.
    pub data_date: Option<String>,
    /// When the lease ends, RFC 3339.
    pub lease_until: Option<String>,
    /// Older than its limit.
    pub is_old: bool,
}

/// The feature that a parked operation waits for: its own for an edit, its subject for an inspection.
fn waits_for(row: &JournalRow) -> Option<FeatureId> {
    if row.state != EditState::Parked || row.why != "missing_parent" {
        return None;
    }
    if row.op.kind != OperationKind::Create {
        return Some(row.op.feature);
    }
    let subject = row.op.changes.iter().find(|it| it.0.as_str() == "subject_id")?;
    subject.1.new.as_text()?.parse().ok()
}

impl Field {
    /// The list of own changes with their states.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the reads.
    pub fn changes(&self) -> Result<Changes, AppError> {
        let foreseen: BTreeSet<OpId> =
            self.foreseen(None)?.into_values().flatten().map(|it| it.conflict.op).collect();
        let moved_out = self.store.moved_out()?;
        let rows = self
            .store
            .journal(N_SECURED)?
            .into_iter()
            .map(|row| {
                let place = self.store.feature(row.op.feature)?.and_then(|it| it.feature.geometry);
                Ok(ChangeRow {
                    n_photos: row.op.blobs.len() as u32,
                    position_m: place.as_ref().and_then(point_on),
                    is_conflict_expected: foreseen.contains(&row.op.id),
                    waits_for: waits_for(&row),
                    is_moved_out: moved_out.contains(&row.op.feature),
                    row,
                })
            })
            .collect::<Result<_, AppError>>()?;
        Ok(Changes { counts: self.store.edit_counts()?, photos: self.store.photo_counts()?, rows })
    }

    /// How many own edits and photos stand where: cheap, may be asked every second.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the reads.
    pub fn counts(&self) -> Result<(EditCounts, PhotoCounts), AppError> {
        Ok((self.store.edit_counts()?, self.store.photo_counts()?))
    }

    /// The worst state of an own feature's edits; `None` when there are none.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the read.
    pub fn own_state(&self, id: FeatureId) -> Result<Option<EditState>, AppError> {
        let rows = self.store.journal_of(id)?;
        Ok(rows.iter().map(|it| it.state).max_by_key(|it| match it {
            EditState::Secured => 0,
            EditState::Received => 1,
            EditState::SavedHere => 2,
            EditState::Parked | EditState::Quarantined => 3,
            EditState::Conflict => 4,
        }))
    }

    /// The state of everything on this laptop.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the reads.
    pub fn status(&self, now: Timestamp) -> Result<Status, AppError> {
        let datasets = self.catalog.datasets.iter().map(|it| DatasetStatus {
            dataset: it.dataset.id.to_string(),
            n_features: it.n_features,
            data_date: it.data_date.clone(),
            lease_until: it.lease_until.map(|until| until.to_string()),
            is_old: it.is_old(now),
        });
        Ok(Status {
            edits: self.store.edit_counts()?,
            n_drafts: self.store.drafts()?.len() as u32,
            photos: self.store.photo_counts()?,
            datasets: datasets.collect(),
            key_place: self.store.key_place().as_str(),
            last_received_at: self.store.meta("last_received_at")?,
            offline_since: self.store.meta("offline_since")?,
            error_code: self.store.meta("error_code")?.unwrap_or_default(),
            needs_resync: self.store.meta("needs_resync")?.is_some(),
            warnings: place_warning(self.store.folder())
                .map(PlaceWarning::code)
                .into_iter()
                .chain(self.store.is_disk_nearly_full().then_some("disk_nearly_full"))
                .collect(),
        })
    }
}
