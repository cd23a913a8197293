//! What is kept beside rows and feed: conflicts and waiting operations as the coordinator reads them, pushes of other
//! versions of the wire, leased numbers.

use faltkarta_changes::Conflict;
use faltkarta_model::{FeatureId, OpId, Timestamp};
use faltkarta_protocol::{NumberBlock, NumberRequest, OpOutcome, Outcome};
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use crate::backend::{HeldRow, OpenConflict, RawPush, StoredFeature};
use crate::error::StoreError;
use crate::judging::{Catalogue, Rows as _};
use crate::sqlite::row::load;
use crate::sqlite::rows::OpenRows;

/// Conflicts that nobody has decided, oldest first.
pub(super) fn open_conflicts(
    conn: &Connection,
    catalogue: &Catalogue,
) -> Result<Vec<OpenConflict>, StoreError> {
    let failed = StoreError::database("reading conflicts");
    let mut statement = conn
        .prepare_cached(
            "SELECT body, dataset, feature, user, at FROM conflict WHERE state = 'open' ORDER BY at, id",
        )
        .map_err(failed)?;
    let rows: Vec<(String, u16, [u8; 16], String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .and_then(Iterator::collect)
        .map_err(failed)?;
    let mut conflicts = vec![];
    for (body, no, feature, user, at) in rows {
        let Some(declared) = catalogue.by_no(no) else { continue };
        let conflict: Conflict = serde_json::from_str(&body).map_err(StoreError::damaged)?;
        conflicts.push(OpenConflict {
            conflict,
            dataset: declared.dataset.id.clone(),
            feature: FeatureId::from_uuid(Uuid::from_bytes(feature)),
            user,
            at: Timestamp::parse(&at).map_err(StoreError::damaged)?,
        });
    }
    Ok(conflicts)
}

/// Operations that wait, in the order of their arrival.
pub(super) fn held_ops(conn: &Connection) -> Result<Vec<HeldRow>, StoreError> {
    let failed = StoreError::database("reading operations that wait");
    let mut statement = conn
        .prepare_cached("SELECT op, is_parked, why, payload, at FROM held ORDER BY at, op_no")
        .map_err(failed)?;
    let rows: Vec<([u8; 16], bool, String, String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .and_then(Iterator::collect)
        .map_err(failed)?;
    rows.into_iter()
        .map(|(op, is_parked, why, payload, at)| {
            let op = OpId::from_uuid(Uuid::from_bytes(op));
            let outcome =
                if is_parked { Outcome::Parked { why } } else { Outcome::Quarantined { why } };
            let at = Timestamp::parse(&at).map_err(StoreError::damaged)?;
            Ok(HeldRow { op, outcome: OpOutcome { op, outcome, seq: None }, payload, at })
        })
        .collect()
}

/// A feature with what a decision about it needs.
pub(super) fn stored_feature(
    conn: &Connection,
    catalogue: &Catalogue,
    id: FeatureId,
) -> Result<Option<StoredFeature>, StoreError> {
    let Some(row) = load(conn, id)?.map(|it| it.it) else { return Ok(None) };
    let Some(declared) = catalogue.by_no(row.dataset_no) else { return Ok(None) };
    let parent: Option<[u8; 16]> = conn
        .query_row("SELECT parent FROM child WHERE child = ?1", [id.as_bytes()], |row| row.get(0))
        .optional()
        .map_err(StoreError::database("looking for a parent"))?;
    let children = OpenRows::new(conn).children(id)?;
    Ok(Some(StoredFeature {
        dataset: declared.dataset.id.clone(),
        version: row.version,
        is_deleted: row.is_deleted,
        values: row.content.values()?,
        blobs: row.content.blobs()?,
        children: children.into_iter().map(|it| it.op).collect(),
        parent: parent.map(|it| FeatureId::from_uuid(Uuid::from_bytes(it))),
    }))
}

const RAW: &str = "keeping a push of another version";

pub(super) fn keep_raw_push(
    conn: &Connection,
    device: Uuid,
    body: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    // A laptop that is too old or too new repeats itself with every round.
    conn.execute(
        "INSERT INTO raw_push(device, at, body) SELECT ?1, ?2, ?3
         WHERE NOT EXISTS (SELECT 1 FROM raw_push WHERE device = ?1 AND body = ?3)",
        params![device.as_bytes(), now.to_string(), body],
    )
    .map_err(StoreError::database(RAW))?;
    Ok(())
}

pub(super) fn raw_pushes(conn: &Connection) -> Result<Vec<RawPush>, StoreError> {
    let failed = StoreError::database("reading pushes of another version");
    let mut statement = conn
        .prepare_cached("SELECT no, device, at, body FROM raw_push ORDER BY no")
        .map_err(failed)?;
    let rows: Vec<(i64, [u8; 16], String, Vec<u8>)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .and_then(Iterator::collect)
        .map_err(failed)?;
    rows.into_iter()
        .map(|(no, device, at, body)| {
            let at = Timestamp::parse(&at).map_err(StoreError::damaged)?;
            Ok(RawPush { no: no as u64, device: Uuid::from_bytes(device), at, body })
        })
        .collect()
}

pub(super) fn drop_raw_push(conn: &Connection, no: u64) -> Result<(), StoreError> {
    let n = conn
        .execute("DELETE FROM raw_push WHERE no = ?1", [no as i64])
        .map_err(StoreError::database("forgetting a kept push"))?;
    if n == 0 { Err(StoreError::NotFound) } else { Ok(()) }
}

/// Leases numbers; a request that is known is answered as it was.
pub(super) fn lease(
    conn: &Connection,
    device: Uuid,
    request: &NumberRequest,
    least: u64,
    now: Timestamp,
) -> Result<NumberBlock, StoreError> {
    let failed = StoreError::database("leasing numbers");
    let known: Option<(String, i64, u32, [u8; 16])> = conn
        .query_row(
            "SELECT series, first, n, device FROM number_block WHERE request = ?1",
            [request.request.as_bytes()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()
        .map_err(failed)?;
    if let Some((series, first, n, holder)) = known {
        let is_same = series == request.series && n == request.n && holder == *device.as_bytes();
        return if is_same {
            Ok(NumberBlock { series, first: first as u64, n })
        } else {
            Err(StoreError::Malformed { text: "this request was another one before".to_owned() })
        };
    }
    let next: Option<i64> = conn
        .query_row("SELECT next FROM number_series WHERE series = ?1", [&request.series], |row| {
            row.get(0)
        })
        .optional()
        .map_err(failed)?;
    let first = next.map_or(least, |it| least.max(it as u64));
    let after = first + u64::from(request.n);
    conn.execute(
        "INSERT INTO number_series(series, next) VALUES (?1, ?2) ON CONFLICT(series) DO UPDATE SET next = ?2",
        params![request.series, after as i64],
    )
    .map_err(failed)?;
    conn.execute(
        "INSERT INTO number_block(request, series, first, n, device, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            request.request.as_bytes(),
            request.series,
            first as i64,
            request.n,
            device.as_bytes(),
            now.to_string()
        ],
    )
    .map_err(failed)?;
    Ok(NumberBlock { series: request.series.clone(), first, n: request.n })
}
