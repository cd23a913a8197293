use faltkarta_changes::Operation;
use faltkarta_model::{FeatureId, GroupId, OpId, Timestamp};
use rusqlite::{Connection, params};

use crate::error::StoreError;

/// Why an operation waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hold {
    /// For a feature or an operation by its id, or for a person or a newer declaration.
    Parked { why: &'static str, needs: Option<[u8; 16]> },
    /// For the coordinator.
    Quarantined { why: &'static str },
}

/// An operation with what is known only where it arrived.
#[derive(Debug, Clone)]
pub(super) struct Arrived {
    pub(super) op: Operation,
    pub(super) hash: [u8; 32],
    pub(super) at: Timestamp,
}

impl Arrived {
    pub(super) fn new(op: Operation, at: Timestamp) -> Self {
        let hash = op.hash();
        Self { op, hash, at }
    }
}

const HOLDING: &str = "keeping an operation that waits";

/// Keeps an operation whole.
pub(super) fn hold(conn: &Connection, arrived: &Arrived, hold: &Hold) -> Result<(), StoreError> {
    let (is_parked, why, needs) = match hold {
        Hold::Parked { why, needs } => (true, *why, *needs),
        Hold::Quarantined { why } => (false, *why, None),
    };
    // Every part of an operation serializes.
    let payload = serde_json::to_string(&arrived.op).unwrap_or_default();
    conn.execute(
        "INSERT OR REPLACE INTO held(op, hash, is_parked, why, needs, grp, replica, op_no, at, payload)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![
            arrived.op.id.as_bytes(),
            arrived.hash,
            is_parked,
            why,
            needs,
            arrived.op.group.filter(|_| arrived.op.atomic).map(|it| *it.as_bytes()),
            arrived.op.replica.as_bytes(),
            arrived.op.op_no,
            arrived.at.to_string(),
            payload,
        ],
    )
    .map_err(StoreError::database(HOLDING))?;
    Ok(())
}

/// Keeps an operation that could not be read.
pub(super) fn hold_unread(
    conn: &Connection,
    op: OpId,
    hash: [u8; 32],
    payload: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    conn.execute(
        "INSERT OR REPLACE INTO held(op, hash, is_parked, why, op_no, at, payload)
         VALUES (?1, ?2, 0, 'malformed', 0, ?3, ?4)",
        params![op.as_bytes(), hash, at.to_string(), payload],
    )
    .map_err(StoreError::database(HOLDING))?;
    Ok(())
}

/// Takes out the parked operations that waited for this feature or operation, in the order of their numbers;
/// operations of one atomic group stand together.
pub(super) fn take_waiting(
    conn: &Connection,
    feature: FeatureId,
    op: OpId,
) -> Result<Vec<Vec<Arrived>>, StoreError> {
    let failed = StoreError::database("looking for operations that wait");
    let mut found = conn
        .prepare_cached(
            "SELECT payload, at, grp FROM held WHERE needs IN (?1, ?2) AND is_parked
             ORDER BY replica, op_no",
        )
        .map_err(failed)?;
    let rows: Vec<(String, String, Option<[u8; 16]>)> = found
        .query_map(params![feature.as_bytes(), op.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .and_then(Iterator::collect)
        .map_err(failed)?;
    let mut units: Vec<Vec<Arrived>> = vec![];
    for (payload, at, group) in rows {
        let arrived = read_back(&payload, &at)?;
        let unit = match group {
            Some(group) => members(conn, GroupId::from_uuid(uuid::Uuid::from_bytes(group)))?,
            None => vec![arrived],
        };
        let first = unit[0].op.id;
        if units.iter().all(|it| it[0].op.id != first) {
            units.push(unit);
        }
    }
    for arrived in units.iter().flatten() {
        conn.execute(
            "DELETE FROM held WHERE op = ?1 AND hash = ?2",
            params![arrived.op.id.as_bytes(), arrived.hash],
        )
        .map_err(failed)?;
        conn.execute("DELETE FROM op_log WHERE op = ?1", [arrived.op.id.as_bytes()])
            .map_err(failed)?;
    }
    Ok(units)
}

fn members(conn: &Connection, group: GroupId) -> Result<Vec<Arrived>, StoreError> {
    let failed = StoreError::database("looking for a group that waits");
    let mut statement = conn
        .prepare_cached("SELECT payload, at FROM held WHERE grp = ?1 AND is_parked ORDER BY op_no")
        .map_err(failed)?;
    let rows: Vec<(String, String)> = statement
        .query_map([group.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?)))
        .and_then(Iterator::collect)
        .map_err(failed)?;
    rows.iter().map(|(payload, at)| read_back(payload, at)).collect()
}

fn read_back(payload: &str, at: &str) -> Result<Arrived, StoreError> {
    let op: Operation = serde_json::from_str(payload).map_err(StoreError::damaged)?;
    let at = Timestamp::parse(at).map_err(StoreError::damaged)?;
    Ok(Arrived::new(op, at))
}
