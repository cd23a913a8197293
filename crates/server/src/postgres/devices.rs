use std::collections::HashMap;

use faltkarta_model::Timestamp;
use faltkarta_protocol::{DeviceReport, JoinRequest};
use sha2::{Digest as _, Sha256};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::backend::{DeviceRow, ReportRow};
use crate::enrol;
use crate::error::StoreError;
use crate::postgres::rows::moment;
use crate::postgres::tx::{Tx, later_params};
use crate::rim::Rim;
use crate::role::Role;

/// A laptop that was just enrolled.
pub(super) struct Joined {
    pub(super) token: String,
    pub(super) lineage: String,
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) epoch: String,
}

fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// Keeps a code of which only the hash is known afterwards.
pub(super) fn keep_code(tx: &mut Tx<'_>, code: &str, role: Role, until: Timestamp) {
    tx.later(
        "INSERT INTO enrol_code(hash, role, until) VALUES ($1, $2, $3)",
        later_params![hash(code), role.to_string(), until.to_string()],
    );
}

pub(super) fn join(
    tx: &mut Tx<'_>,
    request: &JoinRequest,
    is_local: bool,
    rim: &dyn Rim,
) -> Result<Joined, StoreError> {
    let id = rim.new_id();
    let role = match &request.code {
        Some(code) => use_code(tx, &enrol::plain(code), id, rim.now())?,
        None if is_local => Role::FIELD,
        None => return Err(StoreError::EnrolCodeNeeded),
    };
    let token = hex::encode(rim.secret());
    let lineage = rim.new_id().to_string();
    let now = rim.now().to_string();
    tx.later(
        "INSERT INTO device(id, name, \"user\", role, token_hash, joined_at, last_seen_at)
         VALUES ($1, $2, $3, $4, $5, $6, $6)",
        later_params![
            id,
            request.device_name.clone(),
            request.user_name.clone(),
            role.to_string(),
            hash(&token),
            now
        ],
    );
    tx.later(
        "INSERT INTO lineage(device, replica, current, before) VALUES ($1, $2, $3, '')",
        later_params![id, request.replica.uuid(), lineage.clone()],
    );
    let epoch = tx.row("SELECT value FROM meta WHERE key = 'epoch'", &[])?;
    let epoch = epoch.ok_or_else(|| StoreError::damaged("no epoch"))?.get(0);
    Ok(Joined { token, lineage, name: request.device_name.clone(), role, epoch })
}

fn use_code(tx: &mut Tx<'_>, code: &str, device: Uuid, now: Timestamp) -> Result<Role, StoreError> {
    let row = tx.row(
        "UPDATE enrol_code SET used_by = $2 WHERE hash = $1 AND used_by IS NULL RETURNING role, until",
        &[&hash(code), &device],
    )?;
    let row = row.ok_or(StoreError::EnrolCodeUnknown)?;
    if moment(row.get(1))? < now {
        return Err(StoreError::EnrolCodeUnknown);
    }
    row.get::<_, &str>(0).parse().map_err(StoreError::damaged)
}

fn device(row: &Row) -> Result<DeviceRow, StoreError> {
    Ok(DeviceRow {
        id: row.get(0),
        name: row.get(1),
        user: row.get(2),
        role: row.get::<_, &str>(3).parse().map_err(StoreError::damaged)?,
        joined_at: moment(row.get(4))?,
        last_seen_at: moment(row.get(5))?,
        pulled_seq: row.get::<_, i64>(6) as u64,
        is_revoked: row.get(7),
        report: None,
    })
}

pub(super) fn of_token(tx: &mut Tx<'_>, token: &str) -> Result<DeviceRow, StoreError> {
    let row = tx.row(
        "SELECT id, name, \"user\", role, joined_at, last_seen_at, pulled_seq, is_revoked FROM device
         WHERE token_hash = $1 AND NOT is_revoked",
        &[&hash(token)],
    )?;
    device(&row.ok_or(StoreError::SignedOut)?)
}

pub(super) fn all(tx: &mut Tx<'_>) -> Result<Vec<DeviceRow>, StoreError> {
    let rows = tx.rows(
        "SELECT id, name, \"user\", role, joined_at, last_seen_at, pulled_seq, is_revoked FROM device
         ORDER BY joined_at, id",
        &[],
    )?;
    let mut devices: Vec<DeviceRow> = rows.iter().map(device).collect::<Result<_, _>>()?;
    let mut reports = HashMap::new();
    for row in tx.rows("SELECT device, at, body FROM device_report", &[])? {
        let report: DeviceReport = serde_json::from_str(row.get(2)).map_err(StoreError::damaged)?;
        reports.insert(row.get::<_, Uuid>(0), ReportRow { at: moment(row.get(1))?, report });
    }
    for device in &mut devices {
        device.report = reports.remove(&device.id);
    }
    Ok(devices)
}

/// Keeps the newest report of a laptop, and how far it has pulled by its own word.
pub(super) fn keep_report(
    tx: &mut Tx<'_>,
    device: Uuid,
    report: &DeviceReport,
    at: Timestamp,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(report).map_err(StoreError::damaged)?;
    tx.later(
        "INSERT INTO device_report(device, at, body) VALUES ($1, $2, $3)
         ON CONFLICT (device) DO UPDATE SET at = excluded.at, body = excluded.body",
        later_params![device, at.to_string(), body],
    );
    tx.later(
        "UPDATE device SET pulled_seq = $2, last_seen_at = $3 WHERE id = $1",
        later_params![device, report.cursor_seq as i64, at.to_string()],
    );
    Ok(())
}

pub(super) fn revoke(tx: &mut Tx<'_>, id: Uuid) -> Result<(), StoreError> {
    let found = tx.row("UPDATE device SET is_revoked = true WHERE id = $1 RETURNING 1", &[&id])?;
    found.map(drop).ok_or(StoreError::NotFound)
}

pub(super) fn seen(tx: &mut Tx<'_>, id: Uuid, now: Timestamp) {
    tx.later(
        "UPDATE device SET last_seen_at = $2 WHERE id = $1",
        later_params![id, now.to_string()],
    );
}
