//! Who changed what of one feature: what the feed has told since its package, and own edits that it has not told yet.

use faltkarta_changes::OperationKind;
use faltkarta_model::{FeatureId, FieldId, Value};
use faltkarta_protocol::Author;
use faltkarta_store::{EditState, EventKind, JournalRow};

use crate::error::AppError;
use crate::field::Field;

/// One thing that happened to a feature.
#[derive(Debug, Clone, PartialEq)]
pub struct HistoryRow {
    /// Who did it; `None` for what came with a delivery.
    pub by: Option<Author>,
    /// What happened: `created`, `changed`, `deleted`, `disputed` or `decided`.
    pub kind: EventKind,
    /// The values that were set, by field; the geometry is the field `geometry`.
    pub fields: Vec<(FieldId, Value)>,
    /// Where the edit stands, when it was made on this laptop.
    pub own_state: Option<EditState>,
    /// Whether an own edit fitted beside changes of others that it had not seen.
    pub is_merged: bool,
    /// Why, in the author's words, when it was made on this laptop.
    pub note: Option<String>,
}

impl Field {
    /// What has happened to a feature, newest first.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the reads.
    pub fn history(&self, feature: FeatureId) -> Result<Vec<HistoryRow>, AppError> {
        let own = self.store.journal_of(feature)?;
        let events = self.store.history_of(feature)?;
        let device = self.store.meta("device_name")?.unwrap_or_default();
        let mut rows: Vec<HistoryRow> = vec![];
        for row in own.iter().rev().filter(|row| !events.iter().any(|it| it.op == row.op.id)) {
            rows.push(of_own(row, &device));
        }
        for event in events {
            let own = own.iter().find(|it| it.op.id == event.op);
            rows.push(HistoryRow {
                by: event.by,
                kind: event.kind,
                fields: event.changes.into_iter().collect(),
                own_state: own.map(|it| it.state),
                is_merged: own.is_some_and(|it| it.why == "merged"),
                note: own.and_then(|it| it.op.note.clone()),
            });
        }
        Ok(rows)
    }
}

/// An own edit that the feed has not told yet.
fn of_own(row: &JournalRow, device: &str) -> HistoryRow {
    let op = &row.op;
    let kind = match op.kind {
        OperationKind::Create => EventKind::Created,
        OperationKind::Delete => EventKind::Deleted,
        OperationKind::Resolve => EventKind::Decided,
        OperationKind::Update
        | OperationKind::Restore
        | OperationKind::Attach
        | OperationKind::Detach => EventKind::Changed,
    };
    let is_whole = matches!(op.kind, OperationKind::Create | OperationKind::Delete);
    let changed = op.changes.iter().map(|(field, change)| (field.clone(), change.new.clone()));
    HistoryRow {
        by: Some(Author { user: op.user.clone(), device: device.to_owned(), at: op.device_time }),
        kind,
        fields: if is_whole { vec![] } else { changed.collect() },
        own_state: Some(row.state),
        is_merged: row.why == "merged",
        note: op.note.clone(),
    }
}
