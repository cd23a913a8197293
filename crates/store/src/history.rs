use std::collections::BTreeSet;

use faltkarta_geo::Geometry;
use faltkarta_model::{FeatureId, FieldId, GEOMETRY_FIELD, OpId, Properties, Value};
use faltkarta_protocol::{Author, FeedEntry, FeedKind};
use rusqlite::Transaction;

use crate::error::{StoreError, bad_column};
use crate::feature::StoredFeature;
use crate::store::Store;

/// How many events of one feature are kept.
const N_KEPT: u32 = 50;

/// Something that happened to a feature, as the feed told it.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Number of the entry.
    pub seq: u64,
    /// The operation that caused it.
    pub op: OpId,
    /// Who caused it; `None` for what came with a delivery.
    pub by: Option<Author>,
    /// What happened.
    pub kind: EventKind,
    /// The values that are new, by field; the geometry is the field `geometry`.
    pub changes: Properties,
}

/// The kinds of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// The feature was made.
    Created,
    /// Values were changed.
    Changed,
    /// The feature was taken away.
    Deleted,
    /// A disagreement was found.
    Disputed,
    /// A disagreement was decided.
    Decided,
}

impl EventKind {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Changed => "changed",
            Self::Deleted => "deleted",
            Self::Disputed => "disputed",
            Self::Decided => "decided",
        }
    }

    fn parse(word: &str) -> Result<Self, StoreError> {
        match word {
            "created" => Ok(Self::Created),
            "changed" => Ok(Self::Changed),
            "deleted" => Ok(Self::Deleted),
            "disputed" => Ok(Self::Disputed),
            "decided" => Ok(Self::Decided),
            _ => Err(bad_column("history.kind", word)),
        }
    }
}

impl Store {
    /// What the feed has told of a feature since its package, newest first; at most 50.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn history_of(&self, feature: FeatureId) -> Result<Vec<Event>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT seq, op, author, kind, changes FROM history WHERE feature = ?1 ORDER BY seq DESC",
        )?;
        let rows = statement.query_map([&feature.as_bytes()[..]], |row| {
            let columns: (u64, Vec<u8>, Option<String>, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            Ok(columns)
        })?;
        rows.map(|row| {
            let (seq, op, author, kind, changes) = row?;
            let by = author.map(|it| serde_json::from_str(&it)).transpose();
            Ok(Event {
                seq,
                op: OpId::from_slice(&op).map_err(|error| bad_column("history.op", error))?,
                by: by.map_err(|error| bad_column("history.author", error))?,
                kind: EventKind::parse(&kind)?,
                changes: serde_json::from_str(&changes)
                    .map_err(|error| bad_column("history.changes", error))?,
            })
        })
        .collect()
    }
}

/// Writes down what an entry says that happened. `base` and `open` are as they were before it.
pub(crate) fn note(
    tx: &Transaction<'_>,
    entry: &FeedEntry,
    base: Option<&StoredFeature>,
    open: &BTreeSet<Vec<u8>>,
) -> Result<(), StoreError> {
    let told: BTreeSet<Vec<u8>> =
        entry.conflicts.iter().map(|it| it.id.as_bytes().to_vec()).collect();
    let changes = changes(entry, base);
    let kind = if entry.kind == FeedKind::Leave {
        return Ok(());
    } else if open.difference(&told).next().is_some() {
        EventKind::Decided
    } else if told.difference(open).next().is_some() {
        EventKind::Disputed
    } else if entry.kind == FeedKind::Delete {
        EventKind::Deleted
    } else if base.is_none() && entry.version == 1 {
        EventKind::Created
    } else {
        EventKind::Changed
    };
    let is_quiet = match kind {
        // An attachment has arrived, or a conflict was told anew.
        EventKind::Changed => changes.is_empty(),
        // Rows that come by the thousand when an area is fetched have not happened now.
        EventKind::Created => entry.by.is_none(),
        EventKind::Deleted | EventKind::Disputed | EventKind::Decided => false,
    };
    if is_quiet {
        return Ok(());
    }
    let author = entry.by.as_ref().map(serde_json::to_string).transpose();
    let author = author.map_err(|error| bad_column("history.author", error))?;
    let changes =
        serde_json::to_string(&changes).map_err(|error| bad_column("history.changes", error))?;
    let id = &entry.feature.as_bytes()[..];
    tx.prepare_cached(
        "INSERT INTO history(feature, seq, op, author, kind, changes) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO NOTHING",
    )?
    .execute((id, entry.seq, &entry.op.as_bytes()[..], author, kind.as_str(), changes))?;
    tx.prepare_cached(
        "DELETE FROM history WHERE feature = ?1 AND seq <=
            (SELECT seq FROM history WHERE feature = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
    )?
    .execute((id, N_KEPT))?;
    Ok(())
}

/// The values that an entry brings and the base did not have. Without a base nothing can be compared.
fn changes(entry: &FeedEntry, base: Option<&StoredFeature>) -> Properties {
    let (Some(row), Some(base)) = (&entry.row, base) else { return Properties::new() };
    let mut changes = Properties::new();
    let fields: BTreeSet<&FieldId> =
        row.properties.keys().chain(base.feature.properties.keys()).collect();
    for field in fields {
        let new = row.properties.get(field).unwrap_or(&Value::Null);
        if new != base.feature.value(field.as_str()) {
            changes.insert(field.clone(), new.clone());
        }
    }
    let old = base.feature.geometry.as_ref().map(Geometry::wkb);
    let new = match &row.geometry {
        Value::Geometry(geometry) => Some(geometry.wkb()),
        _ => None,
    };
    if old != new
        && let Ok(field) = FieldId::parse(GEOMETRY_FIELD)
    {
        changes.insert(field, row.geometry.clone());
    }
    changes
}
