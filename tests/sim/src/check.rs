//! The invariants, judged from the files of laptops and store, from the wire, and from what people did. Nothing of
//! the product's own logic is used.

mod base;
mod journal;
mod whole;

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::laptop::Laptop;
use crate::sim::{Checked, Sim, broken, harness};
use crate::truth::Told;

pub(crate) use base::{check_forward, read as base_of};
pub(crate) use whole::{is_quiet, whole};

/// A row as its owner's file says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    pub(crate) version: i64,
    pub(crate) seq: u64,
    pub(crate) geometry: Option<Vec<u8>>,
    pub(crate) properties: String,
}

impl Row {
    /// The value of a field, as operations carry it.
    pub(crate) fn value(&self, field: &str) -> Json {
        if field == "geometry" {
            return self
                .geometry
                .as_ref()
                .map_or(Json::Null, |it| serde_json::json!({ "wkb": hex::encode(it) }));
        }
        let properties: Json = serde_json::from_str(&self.properties).unwrap_or_default();
        properties[field].clone()
    }

    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let parse = |it: &str| serde_json::from_str::<Json>(it).ok();
        self.geometry == other.geometry
            && (self.properties == other.properties
                || parse(&self.properties) == parse(&other.properties))
    }
}

/// A laptop between two steps: I7, I9, I10, I14, I15.
pub(crate) fn laptop(sim: &Sim, laptop: &Laptop) -> Checked {
    journal::check(sim, laptop)?;
    base::check(sim, laptop)
}

/// The store after a crash: what it acknowledged is there (I14), and its feed holds (I6).
pub(crate) fn store_after_crash(sim: &Sim) -> Checked {
    let known = known_ops(sim)?;
    for op in sim.truth.borrow().answered.keys() {
        if !known.contains_key(op) {
            return broken(
                "I14",
                format!("the store lost operation {op}, which it had acknowledged"),
            );
        }
    }
    feed(sim)
}

/// The store after it was put back: what it does not know any more is no longer acknowledged.
pub(crate) fn store_after_restore(sim: &Sim) -> Checked {
    let known = known_ops(sim)?;
    let mut truth = sim.truth.borrow_mut();
    truth.n_restores += 1;
    truth.answered.retain(|op, _| known.contains_key(op));
    Ok(())
}

/// Operations that the store has answered for: whether each waits.
pub(crate) fn known_ops(sim: &Sim) -> Checked<BTreeMap<Uuid, bool>> {
    store(sim, |conn| {
        let mut statement = conn.prepare_cached("SELECT op, is_held FROM op_log")?;
        let rows =
            statement.query_map([], |row| Ok((Uuid::from_bytes(row.get(0)?), row.get(1)?)))?;
        rows.collect()
    })
}

/// I6: numbers follow on each other.
pub(crate) fn feed(sim: &Sim) -> Checked {
    let (n, first, last, head): (u64, u64, u64, u64) = store(sim, |conn| {
        conn.query_row(
            "SELECT count(f.seq), coalesce(min(f.seq), h.min_seq), coalesce(max(f.seq), h.min_seq - 1), h.seq
             FROM feed_head h LEFT JOIN feed f ON true",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
    })?;
    if n != (last + 1).saturating_sub(first) || head != last {
        return broken(
            "I6",
            format!("the feed has {n} entries from {first} to {last}, its head is {head}"),
        );
    }
    Ok(())
}

/// Number of the store's last entry.
pub(crate) fn head(sim: &Sim) -> Checked<u64> {
    store(sim, |conn| conn.query_row("SELECT seq FROM feed_head", [], |row| row.get(0)))
}

/// What the store's feed tells, by number.
pub(crate) fn told(sim: &Sim) -> Checked<BTreeMap<u64, Told>> {
    store(sim, |conn| {
        let mut statement =
            conn.prepare_cached("SELECT seq, feature, version, kind = 1 FROM feed")?;
        let rows = statement.query_map([], |row| {
            let feature = Uuid::from_bytes(row.get(1)?);
            Ok((row.get(0)?, Told { feature, version: row.get(2)?, is_deleted: row.get(3)? }))
        })?;
        rows.collect()
    })
}

/// Keeps what the feed tells before a part of it is cut off.
pub(crate) fn keep_cut(sim: &Sim) -> Checked {
    let told = told(sim)?;
    sim.truth.borrow_mut().cut.extend(told);
    Ok(())
}

/// Reads the store's file.
pub(crate) fn store<R>(
    sim: &Sim,
    act: impl FnOnce(&Connection) -> rusqlite::Result<R>,
) -> Checked<R> {
    sim.host.borrow_mut().look(act).map_err(harness)
}
