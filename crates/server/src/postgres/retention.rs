use faltkarta_model::Timestamp;

use crate::backend::CutReport;
use crate::error::StoreError;
use crate::postgres::feed;
use crate::postgres::rows::moment;
use crate::postgres::tx::{Tx, later_params};

/// Notes that the feed had reached a number at a moment; entries carry no time of their own.
pub(super) fn mark(tx: &mut Tx<'_>, seq: u64, at: Timestamp) {
    tx.later(
        "INSERT INTO feed_mark(seq, at) VALUES ($1, $2) ON CONFLICT (seq) DO NOTHING",
        later_params![seq as i64, at.to_string()],
    );
}

/// Cuts off, whole, what the feed had reached at a mark that is old enough. History, tombstones and the log of
/// operations stay.
pub(super) fn cut(
    tx: &mut Tx<'_>,
    until: Timestamp,
    now: Timestamp,
) -> Result<CutReport, StoreError> {
    let head = feed::head(tx)?;
    mark(tx, head.seq, now);
    let mut last = 0;
    for row in tx.rows("SELECT seq, at FROM feed_mark ORDER BY seq", &[])? {
        if moment(row.get(1))? <= until {
            last = row.get::<_, i64>(0);
        }
    }
    if (last as u64) < head.min_seq {
        return Ok(CutReport { min_seq: head.min_seq, n_cut: 0 });
    }
    tx.later(
        "INSERT INTO meta(key, value) SELECT 'cut_chain', encode(chain, 'hex') FROM feed WHERE seq = $1
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        later_params![last],
    );
    tx.later("DELETE FROM feed WHERE seq <= $1", later_params![last]);
    tx.later("DELETE FROM feed_mark WHERE seq < $1", later_params![last]);
    tx.later("UPDATE feed_head SET min_seq = $1 + 1", later_params![last]);
    Ok(CutReport { min_seq: last as u64 + 1, n_cut: last as u64 + 1 - head.min_seq })
}
