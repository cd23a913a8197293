use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::acts::CELL_M;
use crate::check::{Row, store};
use crate::laptop::Laptop;
use crate::sim::{Checked, Sim, broken, harness};

/// Rows of a laptop's base, with its cursor and history.
pub(crate) struct Base {
    pub(crate) epoch: String,
    pub(crate) cursor_seq: u64,
    /// What the laptop follows, when that is settled between it and the store; `None` while it is not.
    pub(crate) follows: Option<Follows>,
    /// Rows that left its area and stay because something hangs on them.
    pub(crate) moved_out: BTreeSet<Uuid>,
    /// Chain hash at the cursor, in hexadecimal.
    pub(crate) cursor_chain: String,
    pub(crate) rows: BTreeMap<Uuid, Row>,
}

/// The cells of a kilometre that a laptop follows, from west to east; `None` for all of them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Follows(Option<(i64, i64)>);

impl Follows {
    /// Whether a row lies there. One without a place lies where its subject lies; one without either is everywhere.
    pub(crate) fn takes(self, row: &Row, subject: impl Fn(&str) -> Option<Row>) -> bool {
        let Some((first, last)) = self.0 else { return true };
        let subject_row;
        let mut geometry = row.geometry.as_ref();
        if geometry.is_none()
            && let Some(id) = row.value("subject_id").as_str()
        {
            subject_row = subject(id);
            geometry = subject_row.as_ref().and_then(|it| it.geometry.as_ref());
        }
        // A point in little-endian well-known binary: its easting is in bytes 5 to 12.
        let easting =
            geometry.and_then(|it| Some(f64::from_le_bytes(it.get(5..13)?.try_into().ok()?)));
        easting.is_none_or(|it| {
            let cell = (it / CELL_M).floor() as i64;
            (first..=last).contains(&cell)
        })
    }
}

fn follows(
    conn: &Connection,
    meta: &dyn Fn(&str) -> rusqlite::Result<String>,
) -> rusqlite::Result<Option<Follows>> {
    let mut statement = conn.prepare_cached("SELECT count(*) FROM backfill")?;
    let n_missing: u64 = statement.query_row([], |row| row.get(0))?;
    let is_open = n_missing > 0
        || !meta("subscription_wanted")?.is_empty()
        || !meta("subscription_stale")?.is_empty()
        || !meta("needs_resync")?.is_empty();
    if is_open {
        return Ok(None);
    }
    let known: Json = serde_json::from_str(&meta("subscription")?).unwrap_or_default();
    let parts = known["parts"].as_array().cloned().unwrap_or_default();
    let Some(part) = parts.first() else { return Ok(Some(Follows(None))) };
    let eastings = part["area_m"].as_array().into_iter().flatten();
    let cells = eastings.filter_map(|it| it[0].as_f64()).map(|it| (it / CELL_M).floor() as i64);
    let cells: Vec<i64> = cells.collect();
    Ok(Some(Follows(cells.iter().min().copied().zip(cells.iter().max().copied()))))
}

pub(crate) fn read(laptop: &Laptop) -> Checked<Base> {
    laptop
        .look(|conn| {
            let meta = |key: &str| -> rusqlite::Result<String> {
                let mut statement = conn.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
                let mut rows = statement.query([key])?;
                rows.next()?.map_or(Ok(String::new()), |row| row.get(0))
            };
            let mut statement =
                conn.prepare_cached("SELECT id, version, seq, geometry, properties FROM base")?;
            let rows = statement.query_map([], |row| {
                let id = Uuid::from_bytes(row.get(0)?);
                let (version, seq) = (row.get(1)?, row.get(2)?);
                Ok((id, Row { version, seq, geometry: row.get(3)?, properties: row.get(4)? }))
            })?;
            Ok(Base {
                epoch: meta("epoch")?,
                cursor_seq: meta("cursor_seq")?.parse().unwrap_or(0),
                cursor_chain: meta("cursor_chain")?,
                follows: follows(conn, &meta)?,
                moved_out: {
                    let mut statement = conn.prepare_cached("SELECT id FROM moved_out")?;
                    let rows = statement.query_map([], |row| Ok(Uuid::from_bytes(row.get(0)?)))?;
                    rows.collect::<rusqlite::Result<_>>()?
                },
                rows: rows.collect::<rusqlite::Result<_>>()?,
            })
        })
        .map_err(harness)
}

/// I9 and I7: rows never go back, and the base is the store's state at the cursor.
pub(crate) fn check(sim: &Sim, laptop: &Laptop) -> Checked {
    let base = read(laptop)?;
    {
        let mut truth = sim.truth.borrow_mut();
        if truth.epoch.insert(laptop.no, base.epoch.clone()).as_ref() != Some(&base.epoch) {
            truth.row_seq.retain(|(no, _), _| *no != laptop.no);
        }
        for (id, row) in &base.rows {
            let seen = truth.row_seq.entry((laptop.no, *id)).or_default();
            if row.seq < *seen {
                return broken(
                    "I9",
                    format!(
                        "row {id} of laptop {} went back from {seen} to {}",
                        laptop.no, row.seq
                    ),
                );
            }
            *seen = row.seq;
        }
    }
    let (chain, entries) = store(sim, |conn| {
        let mut statement = conn.prepare_cached("SELECT chain FROM feed WHERE seq = ?1")?;
        let mut rows = statement.query([base.cursor_seq])?;
        let chain: Option<Vec<u8>> = rows.next()?.map(|row| row.get(0)).transpose()?;
        let mut statement =
            conn.prepare_cached("SELECT seq, feature, version, kind = 1 FROM feed ORDER BY seq")?;
        let rows = statement.query_map([], |row| {
            let place: (u64, Uuid) = (row.get(0)?, Uuid::from_bytes(row.get(1)?));
            let state: (i64, bool) = (row.get(2)?, row.get(3)?);
            Ok((place, state))
        })?;
        Ok((chain, rows.collect::<rusqlite::Result<Vec<_>>>()?))
    })?;
    // A store that was put back goes another way than the one that the laptop has seen.
    if chain.is_none_or(|it| hex::encode(it) != base.cursor_chain) {
        return Ok(());
    }
    // Between two areas, what is missing comes with the next rounds.
    let Some(follows) = base.follows else { return Ok(()) };
    let mut expected: BTreeMap<Uuid, (i64, bool)> = BTreeMap::new();
    let mut at_cursor: BTreeMap<Uuid, i64> = BTreeMap::new();
    for ((seq, feature), (version, is_deleted)) in entries {
        let seen = base.rows.get(&feature).map_or(0, |it| it.seq).max(base.cursor_seq);
        if seq <= seen {
            expected.insert(feature, (version, is_deleted));
        }
        if seq <= base.cursor_seq {
            at_cursor.insert(feature, version);
        }
    }
    let versions = versions(sim)?;
    let subject = |id: &str| {
        let id: Uuid = id.parse().ok()?;
        versions.get(&(id, *at_cursor.get(&id)?)).cloned()
    };
    for (feature, (version, is_deleted)) in &expected {
        let story = versions.get(&(*feature, *version));
        let is_followed = story.is_none_or(|it| follows.takes(it, subject));
        let what = match base.rows.get(feature) {
            // Something hangs on it; it may be as it was when it left.
            Some(_) if base.moved_out.contains(feature) => continue,
            Some(_) if *is_deleted => "still has, which is deleted,",
            Some(_) if !is_followed => "still has, which left its area,",
            Some(row) if row.version != *version => "has another version of",
            None if !is_deleted && is_followed => "has no",
            _ => continue,
        };
        return broken(
            "I7",
            format!(
                "laptop {} at {} {what} {feature} (version {version})",
                laptop.no, base.cursor_seq
            ),
        );
    }
    let stranger = base.rows.keys().find(|it| !expected.contains_key(*it));
    match stranger {
        Some(stranger) => broken(
            "I7",
            format!(
                "laptop {} at {} has {stranger}, of which the feed tells nothing",
                laptop.no, base.cursor_seq
            ),
        ),
        None => Ok(()),
    }
}

/// Every version of every row of the store.
pub(crate) fn versions(sim: &Sim) -> Checked<BTreeMap<(Uuid, i64), Row>> {
    store(sim, |conn| {
        let mut statement = conn.prepare_cached(
            "SELECT feature, version, geometry, properties FROM history
             UNION ALL SELECT id, version, geometry, properties FROM feature",
        )?;
        let rows = statement.query_map([], |row| {
            let (id, version) = (Uuid::from_bytes(row.get(0)?), row.get(1)?);
            let (geometry, properties) = (row.get(2)?, row.get(3)?);
            Ok(((id, version), Row { version, seq: 0, geometry, properties }))
        })?;
        rows.collect()
    })
}
