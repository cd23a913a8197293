use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use serde_json::Value as Json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::acts::CELL_M;
use crate::check::{Row, store, told};
use crate::laptop::Laptop;
use crate::sim::{Checked, Sim, broken, harness};
use crate::truth::Told;

/// Rows of a laptop's base, with its cursor and history.
pub(crate) struct Base {
    pub(crate) epoch: String,
    pub(crate) cursor_seq: u64,
    /// What the laptop follows, when that is settled between it and the store; `None` while it is not.
    pub(crate) follows: Option<Follows>,
    /// Revision of the subscription that the laptop knows; 0 before there is one.
    pub(crate) revision: u32,
    token: String,
    /// Rows that left its area and stay because something hangs on them.
    pub(crate) moved_out: BTreeSet<Uuid>,
    /// Chain hash at the cursor, in hexadecimal.
    pub(crate) cursor_chain: String,
    pub(crate) rows: BTreeMap<Uuid, Row>,
    /// Rows as they were before the last new beginning, while the laptop keeps them.
    pub(crate) previous: BTreeMap<Uuid, Row>,
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

fn rows_of(conn: &Connection, table: &str) -> rusqlite::Result<BTreeMap<Uuid, Row>> {
    let sql = format!("SELECT id, version, seq, geometry, properties FROM {table}");
    let mut statement = conn.prepare_cached(&sql)?;
    let rows = statement.query_map([], |row| {
        let id = Uuid::from_bytes(row.get(0)?);
        let (version, seq) = (row.get(1)?, row.get(2)?);
        Ok((id, Row { version, seq, geometry: row.get(3)?, properties: row.get(4)? }))
    })?;
    rows.collect()
}

pub(crate) fn read(laptop: &Laptop) -> Checked<Base> {
    laptop
        .look(|conn| {
            let meta = |key: &str| -> rusqlite::Result<String> {
                let mut statement = conn.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
                let mut rows = statement.query([key])?;
                rows.next()?.map_or(Ok(String::new()), |row| row.get(0))
            };
            let has_previous = conn.query_row(
                "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'base_previous')",
                [],
                |row| row.get(0),
            )?;
            Ok(Base {
                epoch: meta("epoch")?,
                cursor_seq: meta("cursor_seq")?.parse().unwrap_or(0),
                cursor_chain: meta("cursor_chain")?,
                follows: follows(conn, &meta)?,
                revision: meta("subscription_revision")?.parse().unwrap_or(0),
                token: meta("token")?,
                moved_out: {
                    let mut statement = conn.prepare_cached("SELECT id FROM moved_out")?;
                    let rows = statement.query_map([], |row| Ok(Uuid::from_bytes(row.get(0)?)))?;
                    rows.collect::<rusqlite::Result<_>>()?
                },
                rows: rows_of(conn, "base")?,
                previous: if has_previous {
                    rows_of(conn, "base_previous")?
                } else {
                    BTreeMap::new()
                },
            })
        })
        .map_err(harness)
}

/// Revision of the subscription that the store holds for a laptop; 0 before there is one.
fn revision(sim: &Sim, base: &Base) -> Checked<u32> {
    let token: [u8; 32] = Sha256::digest(base.token.as_bytes()).into();
    store(sim, |conn| {
        let mut statement = conn.prepare_cached(
            "SELECT revision FROM subscription s JOIN device d ON d.id = s.device WHERE d.token_hash = ?1",
        )?;
        let mut rows = statement.query([token])?;
        rows.next()?.map_or(Ok(0), |row| row.get(0))
    })
}

/// I9 in the middle of a round, between two requests.
pub(crate) fn check_forward(sim: &Sim, laptop: &Laptop) -> Checked {
    match read(laptop) {
        Ok(base) => forward(sim, laptop, &base),
        Err(_) if laptop.machine.is_stopped() => Ok(()),
        Err(violation) => Err(violation),
    }
}

/// I9: rows never go back.
fn forward(sim: &Sim, laptop: &Laptop, base: &Base) -> Checked {
    let mut truth = sim.truth.borrow_mut();
    if truth.epoch.insert(laptop.no, base.epoch.clone()).as_ref() != Some(&base.epoch) {
        truth.row_seq.retain(|(no, _), _| *no != laptop.no);
    }
    for (id, row) in &base.rows {
        let seen = truth.row_seq.entry((laptop.no, *id)).or_default();
        if row.seq < *seen {
            let text =
                format!("row {id} of laptop {} went back from {seen} to {}", laptop.no, row.seq);
            return broken("I9", text);
        }
        *seen = row.seq;
    }
    Ok(())
}

/// I9 and I7: rows never go back, and the base is the store's state at the cursor.
pub(crate) fn check(sim: &Sim, laptop: &Laptop) -> Checked {
    let base = read(laptop)?;
    forward(sim, laptop, &base)?;
    let (chain, min_seq) = store(sim, |conn| {
        let mut statement =
            conn.prepare_cached("SELECT lower(hex(chain)) FROM feed WHERE seq = ?1")?;
        let mut rows = statement.query([base.cursor_seq])?;
        let chain: Option<String> = rows.next()?.map(|row| row.get(0)).transpose()?;
        let mut statement = conn.prepare_cached(
            "SELECT min_seq, (SELECT value FROM meta WHERE key = 'cut_chain') FROM feed_head",
        )?;
        let (min_seq, cut): (u64, Option<String>) =
            statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok((chain.or(cut.filter(|_| base.cursor_seq + 1 == min_seq)), min_seq))
    })?;
    // A store that was put back goes another way than the one that the laptop has seen.
    if chain.is_none_or(|it| it != base.cursor_chain) {
        return Ok(());
    }
    // Between two areas, what is missing comes with the next rounds.
    let Some(follows) = base.follows else { return Ok(()) };
    // A copy of the laptop, which shares its subscription, may have changed it since.
    if revision(sim, &base)? != base.revision {
        return Ok(());
    }
    let mut expected: BTreeMap<Uuid, (i64, bool)> = BTreeMap::new();
    let mut at_cursor: BTreeMap<Uuid, i64> = BTreeMap::new();
    // States of a feature behind the cursor that rows fetched by dataset may have shown.
    let rows_at = sim.truth.borrow().rows_at.get(&laptop.no).copied().unwrap_or(0);
    let mut ahead: BTreeMap<Uuid, Vec<(i64, bool)>> = BTreeMap::new();
    // What was cut off is remembered here; numbers from a lost history are covered by those of this one.
    let mut entries = sim.truth.borrow().cut.clone();
    entries.retain(|seq, _| *seq < min_seq);
    entries.extend(told(sim)?);
    for (seq, Told { feature, version, is_deleted }) in entries {
        if seq > base.cursor_seq && seq <= rows_at {
            ahead.entry(feature).or_default().push((version, is_deleted));
        }
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
    // Rows ahead of the cursor tell of one that is gone, or out of the area, by leaving it out.
    let may_be_gone = |feature: &Uuid| {
        ahead.get(feature).into_iter().flatten().any(|(version, is_deleted)| {
            let then = versions.get(&(*feature, *version));
            *is_deleted || then.is_some_and(|it| !follows.takes(it, subject))
        })
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
            None if !is_deleted && is_followed && !may_be_gone(feature) => "has no",
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
