use std::collections::HashMap;

use faltkarta_model::Timestamp;
use faltkarta_protocol::DeviceReport;
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::backend::ReportRow;
use crate::error::StoreError;

/// Keeps the newest report of a laptop, and how far it has pulled by its own word.
pub(super) fn keep(
    conn: &Connection,
    device: Uuid,
    report: &DeviceReport,
    at: Timestamp,
) -> Result<(), StoreError> {
    let failed = StoreError::database("keeping a report");
    let body = serde_json::to_string(report).map_err(StoreError::damaged)?;
    conn.execute(
        "INSERT INTO device_report(device, at, body) VALUES (?1, ?2, ?3)
         ON CONFLICT(device) DO UPDATE SET at = ?2, body = ?3",
        params![device.as_bytes(), at.to_string(), body],
    )
    .map_err(failed)?;
    conn.execute(
        "UPDATE device SET pulled_seq = ?2, last_seen_at = ?3 WHERE id = ?1",
        params![device.as_bytes(), report.cursor_seq as i64, at.to_string()],
    )
    .map_err(failed)?;
    Ok(())
}

/// The newest report of each laptop that has sent one.
pub(super) fn all(conn: &Connection) -> Result<HashMap<Uuid, ReportRow>, StoreError> {
    let failed = StoreError::database("reading reports");
    let rows: Vec<([u8; 16], String, String)> = conn
        .prepare_cached("SELECT device, at, body FROM device_report")
        .and_then(|mut it| {
            it.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
        })
        .map_err(failed)?;
    rows.into_iter()
        .map(|(device, at, body)| {
            let at = Timestamp::parse(&at).map_err(StoreError::damaged)?;
            let report = serde_json::from_str(&body).map_err(StoreError::damaged)?;
            Ok((Uuid::from_bytes(device), ReportRow { at, report }))
        })
        .collect()
}
