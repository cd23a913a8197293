use faltkarta_model::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::backend::CutReport;
use crate::error::StoreError;
use crate::judging::Hash16;
use crate::sqlite::feed;

const CUTTING: &str = "cutting the feed";

/// Notes that the feed had reached a number at a moment; entries carry no time of their own.
pub(super) fn mark(conn: &Connection, seq: u64, at: Timestamp) -> Result<(), StoreError> {
    conn.execute(
        "INSERT OR IGNORE INTO feed_mark(seq, at) VALUES (?1, ?2)",
        params![seq as i64, at.to_string()],
    )
    .map_err(StoreError::database("noting where the feed ends"))?;
    Ok(())
}

/// Cuts off, whole, what the feed had reached at a mark that is old enough. History, tombstones and the log of
/// operations stay.
pub(super) fn cut(
    conn: &Connection,
    until: Timestamp,
    now: Timestamp,
) -> Result<CutReport, StoreError> {
    let failed = StoreError::database(CUTTING);
    let head = feed::head(conn)?;
    mark(conn, head.seq, now)?;
    let min_seq = head.min_seq;
    let marks: Vec<(i64, String)> = conn
        .prepare("SELECT seq, at FROM feed_mark ORDER BY seq")
        .and_then(|mut it| it.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
        .map_err(failed)?;
    let mut last = None;
    for (seq, at) in marks {
        if Timestamp::parse(&at).map_err(StoreError::damaged)? <= until {
            last = Some(seq);
        }
    }
    let Some(last) = last.filter(|it| *it as u64 >= min_seq) else {
        return Ok(CutReport { min_seq, n_cut: 0 });
    };
    let chain: Option<Hash16> = conn
        .query_row("SELECT chain FROM feed WHERE seq = ?1", [last], |row| row.get(0))
        .optional()
        .map_err(failed)?;
    let chain = chain.ok_or(StoreError::FeedBroken { seq: last as u64 })?;
    conn.execute(
        "INSERT OR REPLACE INTO meta(key, value) VALUES ('cut_chain', ?1)",
        [hex::encode(chain)],
    )
    .map_err(failed)?;
    let n_cut = conn.execute("DELETE FROM feed WHERE seq <= ?1", [last]).map_err(failed)?;
    conn.execute("DELETE FROM feed_mark WHERE seq < ?1", [last]).map_err(failed)?;
    conn.execute("UPDATE feed_head SET min_seq = ?1", params![last + 1]).map_err(failed)?;
    Ok(CutReport { min_seq: last as u64 + 1, n_cut: n_cut as u64 })
}
