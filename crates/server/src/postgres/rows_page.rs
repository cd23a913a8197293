use faltkarta_protocol::{FeedEntry, FeedKind};

use crate::areas::{Reader, is_wanted};
use crate::backend::{RowsAsk, RowsPage};
use crate::cursor::Cursor;
use crate::error::StoreError;
use crate::judging::{Catalogue, FeatureRow};
use crate::postgres::feed::{self, Beside};
use crate::postgres::rows::feature_row;
use crate::postgres::told::PastOf;
use crate::postgres::tx::Tx;

/// So many rows are looked at for one piece, however few of them are wanted.
const MAX_LOOKED_AT: usize = 20_000;

/// So many rows are in memory at once.
const ROWS_AT_ONCE: usize = 1_000;

const ROWS: &str = "
SELECT id, dataset, version, seq, is_deleted, bytes(geom, wkb), properties, blobs, hash, replica, op, \"row\"
FROM feature WHERE dataset = $1 AND \"row\" > $2 AND seq > $3 AND (NOT is_deleted OR $4) ORDER BY \"row\" LIMIT $5";

/// Rows of a dataset as they stand, in the order in which they came to the store.
pub(super) fn page(
    tx: &mut Tx<'_>,
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
    let head = feed::head(tx)?;
    let cursor = Cursor::write(&head.epoch, head.seq, &head.chain, reader.revision);
    let since = ask.since.map_or(-1, |it| it.min(i64::MAX as u64) as i64);
    let mut told: Vec<(FeatureRow, FeedKind)> = vec![];
    let (mut n_looked_at, mut last) = (0, after);
    let next = loop {
        let rows = tx.rows(
            ROWS,
            &[&i32::from(declared.no), &last, &since, &ask.since.is_some(), &(ROWS_AT_ONCE as i64)],
        )?;
        let mut past = PastOf::read(tx, &[])?;
        let mut is_full = false;
        for row in &rows {
            if told.len() >= ask.limit || n_looked_at >= MAX_LOOKED_AT {
                is_full = true;
                break;
            }
            n_looked_at += 1;
            last = row.get(11);
            let it = feature_row(row)?;
            let is_wanted = is_wanted(&mut past, reader, (catalogue, declared), &it.content)?;
            let kind = match (is_wanted, it.is_deleted) {
                (true, false) => FeedKind::Upsert,
                // A difference tells what to take away, too; what the laptop never had it passes over.
                (_, true) => FeedKind::Delete,
                (false, false) if ask.since.is_some() => FeedKind::Leave,
                (false, false) => continue,
            };
            told.push((it, kind));
        }
        if is_full {
            break Some(last.to_string());
        }
        if rows.len() < ROWS_AT_ONCE {
            break None;
        }
    };
    let whose = told.iter().map(|(it, _)| (it.op, it.feature, &it.content));
    let beside = Beside::of(tx, &whose.collect::<Vec<_>>())?;
    let entries: Result<Vec<_>, StoreError> = told
        .into_iter()
        .map(|(it, kind)| {
            let row = (kind == FeedKind::Upsert).then(|| beside.row(&it.content)).transpose()?;
            Ok(FeedEntry {
                seq: it.place.number(0),
                op: it.op,
                dataset: declared.dataset.id.clone(),
                feature: it.feature,
                version: it.version,
                kind,
                row,
                by: beside.author(it.op),
                conflicts: beside.conflicts(it.feature),
            })
        })
        .collect();
    Ok(RowsPage { entries: entries?, next, at: head, cursor })
}
