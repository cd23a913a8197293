use faltkarta_protocol::{FeedEntry, FeedKind};
use rusqlite::{Connection, params};

use crate::areas::{Reader, is_wanted};
use crate::backend::{RowsAsk, RowsPage};
use crate::cursor::Cursor;
use crate::error::StoreError;
use crate::judging::{Catalogue, ConflictRow};
use crate::sqlite::row::feature_row;
use crate::sqlite::told::PastOf;
use crate::sqlite::{feed, rows};

/// So many rows are looked at for one piece, however few of them are wanted.
const MAX_LOOKED_AT: usize = 20_000;

const ROWS: &str = "
SELECT id, dataset, version, seq, is_deleted, geometry, properties, blobs, hash, replica, op, row
FROM feature WHERE dataset = ?1 AND row > ?2 AND seq > ?3 AND (NOT is_deleted OR ?4) ORDER BY row";

/// Rows of a dataset as they stand, in the order in which they came to the store.
pub(super) fn page(
    conn: &Connection,
    ask: &RowsAsk,
    reader: &Reader,
    catalogue: &Catalogue,
) -> Result<RowsPage, StoreError> {
    let declared = catalogue.get(&ask.dataset)?;
    if !reader.role.may_fetch(&declared.dataset) {
        return Err(StoreError::Unpermitted);
    }
    let after: i64 = if ask.after.is_empty() {
        0
    } else {
        let bad = || StoreError::Malformed { text: "not a place in the rows".to_owned() };
        ask.after.parse().ok().filter(|it| *it >= 0).ok_or_else(bad)?
    };
    let failed = StoreError::database("reading rows");
    let head = feed::head(conn)?;
    let cursor = Cursor::write(&head.epoch, head.seq, &head.chain, reader.revision);
    let mut statement = conn.prepare_cached(ROWS).map_err(failed)?;
    let since = ask.since.map_or(-1, |it| it.min(i64::MAX as u64) as i64);
    let mut found =
        statement.query(params![declared.no, after, since, ask.since.is_some()]).map_err(failed)?;
    let mut entries = vec![];
    let (mut n_looked_at, mut last) = (0, after);
    while let Some(row) = found.next().map_err(failed)? {
        if entries.len() >= ask.limit || n_looked_at >= MAX_LOOKED_AT {
            return Ok(RowsPage { entries, next: Some(last.to_string()), at: head, cursor });
        }
        n_looked_at += 1;
        last = row.get(11).map_err(failed)?;
        let it = feature_row(row).map_err(failed)?;
        let is_wanted = is_wanted(&mut PastOf(conn), reader, (catalogue, declared), &it.content)?;
        let kind = match (is_wanted, it.is_deleted) {
            (true, false) => FeedKind::Upsert,
            // A difference tells what to take away, too; what the laptop never had it passes over.
            (_, true) => FeedKind::Delete,
            (false, false) if ask.since.is_some() => FeedKind::Leave,
            (false, false) => continue,
        };
        let upsert = (kind == FeedKind::Upsert).then(|| feed::feed_row(conn, &it.content));
        let conflicts = rows::open_conflicts(conn, &[it.feature])?;
        entries.push(FeedEntry {
            seq: it.place.number(0),
            op: it.op,
            dataset: declared.dataset.id.clone(),
            feature: it.feature,
            version: it.version,
            kind,
            row: upsert.transpose()?,
            by: feed::author(conn, it.op)?,
            conflicts: conflicts.into_iter().map(ConflictRow::told).collect(),
        });
    }
    Ok(RowsPage { entries, next: None, at: head, cursor })
}
