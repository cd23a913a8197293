//! What one laptop is told of an entry.

use faltkarta_model::FeatureId;
use faltkarta_protocol::FeedKind;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::areas::{Looked, Moved, Reader, see, told};
use crate::error::StoreError;
use crate::judging::{Catalogue, Content, Declared};
use crate::sqlite::row::load;

/// A row as entries tell it: what it holds after them, and the version that this is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Telling<'a> {
    pub(super) feature: [u8; 16],
    pub(super) version: u32,
    pub(super) is_deleted: bool,
    pub(super) content: &'a Content,
    /// For an entry that tells that a row moved with its parent.
    pub(super) moved: Option<&'a Moved>,
}

/// A parent as it stands.
pub(super) fn look(conn: &Connection, parent: FeatureId) -> Result<Looked, StoreError> {
    Ok(load(conn, parent)?.map(|row| (row.it.dataset_no, row.it.content)))
}

/// Whether a row, as it is after a version, is wanted.
pub(super) fn is_wanted(
    conn: &Connection,
    reader: &Reader,
    (catalogue, declared): (&Catalogue, &Declared),
    content: &Content,
) -> Result<bool, StoreError> {
    let wanted = &reader.wanted;
    if !wanted.may_take(&declared.dataset.id) {
        return Ok(false);
    }
    let seen = see(wanted, catalogue, declared, content, &mut |parent| look(conn, parent))?;
    Ok(wanted.takes(&declared.dataset.id, &seen))
}

/// What a laptop is told of an entry; nothing when the row neither was nor is among what it wants.
pub(super) fn kind(
    conn: &Connection,
    reader: &Reader,
    (catalogue, declared): (&Catalogue, &Declared),
    telling: &Telling<'_>,
) -> Result<Option<FeedKind>, StoreError> {
    let (wanted, dataset) = (&reader.wanted, &declared.dataset.id);
    if wanted.is_everything() {
        return Ok(told(true, true, telling.is_deleted));
    }
    if !wanted.may_take(dataset) {
        return Ok(None);
    }
    if let Some(Moved { before, after }) = telling.moved {
        let mut seen =
            see(wanted, catalogue, declared, telling.content, &mut |parent| look(conn, parent))?;
        seen.cover = before.clone();
        let was_wanted = wanted.takes(dataset, &seen);
        seen.cover = after.clone();
        return Ok(told(was_wanted, wanted.takes(dataset, &seen), telling.is_deleted));
    }
    let is_wanted = self::is_wanted(conn, reader, (catalogue, declared), telling.content)?;
    // What is wanted now is told whatever it was before.
    let was_wanted = !is_wanted
        && match superseded(conn, telling)? {
            Some(before) => self::is_wanted(conn, reader, (catalogue, declared), &before)?,
            None => false,
        };
    Ok(told(was_wanted, is_wanted, telling.is_deleted))
}

/// The row as it was one version before.
fn superseded(conn: &Connection, telling: &Telling<'_>) -> Result<Option<Content>, StoreError> {
    conn.prepare_cached(
        "SELECT geometry, properties, blobs FROM history WHERE feature = ?1 AND version = ?2",
    )
    .and_then(|mut it| {
        it.query_row(params![telling.feature, telling.version.saturating_sub(1)], |row| {
            Ok(Content { wkb: row.get(0)?, properties: row.get(1)?, blobs: row.get(2)? })
        })
        .optional()
    })
    .map_err(StoreError::database("reading the history of a feature"))
}

/// What the two columns of an entry say of where a row lay.
pub(super) fn moved(
    before: Option<String>,
    after: Option<String>,
) -> Result<Option<Moved>, StoreError> {
    let (Some(before), Some(after)) = (before, after) else { return Ok(None) };
    Ok(Some(Moved {
        before: before.parse().map_err(StoreError::damaged)?,
        after: after.parse().map_err(StoreError::damaged)?,
    }))
}
