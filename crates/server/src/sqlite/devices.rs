use faltkarta_model::Timestamp;
use faltkarta_protocol::JoinRequest;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::backend::DeviceRow;
use crate::enrol;
use crate::error::StoreError;
use crate::rim::Rim;
use crate::role::Role;
use crate::sqlite::report;

/// A laptop that was just enrolled.
pub(super) struct Joined {
    pub(super) token: String,
    pub(super) lineage: String,
    pub(super) name: String,
    pub(super) role: Role,
}

const ENROLLING: &str = "enrolling a laptop";

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

pub(super) fn create_code(
    conn: &Connection,
    role: Role,
    until: Timestamp,
    rim: &dyn Rim,
) -> Result<String, StoreError> {
    let code = enrol::new_code(rim);
    conn.execute(
        "INSERT INTO enrol_code(hash, role, until) VALUES (?1, ?2, ?3)",
        params![hash(&code.plain), role.to_string(), until.to_string()],
    )
    .map_err(StoreError::database("making a code"))?;
    Ok(code.shown)
}

pub(super) fn join(
    conn: &Connection,
    request: &JoinRequest,
    is_local: bool,
    rim: &dyn Rim,
) -> Result<Joined, StoreError> {
    let failed = StoreError::database(ENROLLING);
    let id = rim.new_id();
    let role = match &request.code {
        Some(code) => use_code(conn, &enrol::plain(code), id, rim.now())?,
        None if is_local => Role::FIELD,
        None => return Err(StoreError::EnrolCodeNeeded),
    };
    let token = hex::encode(rim.secret());
    let lineage = rim.new_id().to_string();
    let now = rim.now().to_string();
    conn.execute(
        "INSERT INTO device(id, name, user, role, token_hash, joined_at, last_seen_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
        params![
            id.as_bytes(),
            request.device_name,
            request.user_name,
            role.to_string(),
            hash(&token),
            now
        ],
    )
    .map_err(failed)?;
    conn.execute(
        "INSERT INTO lineage(device, replica, current, before) VALUES (?1, ?2, ?3, '')",
        params![id.as_bytes(), request.replica.as_bytes(), lineage],
    )
    .map_err(failed)?;
    Ok(Joined { token, lineage, name: request.device_name.clone(), role })
}

fn use_code(
    conn: &Connection,
    code: &str,
    device: Uuid,
    now: Timestamp,
) -> Result<Role, StoreError> {
    let failed = StoreError::database(ENROLLING);
    let found: Option<(String, String)> = conn
        .query_row(
            "SELECT role, until FROM enrol_code WHERE hash = ?1 AND used_by IS NULL",
            [hash(code)],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()
        .map_err(failed)?;
    let (role, until) = found.ok_or(StoreError::EnrolCodeUnknown)?;
    if Timestamp::parse(&until).map_err(StoreError::damaged)? < now {
        return Err(StoreError::EnrolCodeUnknown);
    }
    conn.execute(
        "UPDATE enrol_code SET used_by = ?2 WHERE hash = ?1",
        params![hash(code), device.as_bytes()],
    )
    .map_err(failed)?;
    role.parse().map_err(StoreError::damaged)
}

const COLUMNS: &str =
    "SELECT id, name, user, role, joined_at, last_seen_at, pulled_seq, is_revoked FROM device";

type Raw = ([u8; 16], String, String, String, String, String, i64, bool);

fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
        row.get(7)?,
    ))
}

fn device(raw: Raw) -> Result<DeviceRow, StoreError> {
    let (id, name, user, role, joined_at, last_seen_at, pulled_seq, is_revoked) = raw;
    Ok(DeviceRow {
        id: Uuid::from_bytes(id),
        name,
        user,
        role: role.parse().map_err(StoreError::damaged)?,
        joined_at: Timestamp::parse(&joined_at).map_err(StoreError::damaged)?,
        last_seen_at: Timestamp::parse(&last_seen_at).map_err(StoreError::damaged)?,
        pulled_seq: pulled_seq as u64,
        is_revoked,
        report: None,
    })
}

pub(super) fn of_token(conn: &Connection, token: &str) -> Result<DeviceRow, StoreError> {
    let found = conn
        .prepare_cached(&format!("{COLUMNS} WHERE token_hash = ?1 AND NOT is_revoked"))
        .and_then(|mut it| it.query_row([hash(token)], raw).optional())
        .map_err(StoreError::database("looking for a laptop"))?;
    device(found.ok_or(StoreError::SignedOut)?)
}

pub(super) fn all(conn: &Connection) -> Result<Vec<DeviceRow>, StoreError> {
    let failed = StoreError::database("reading laptops");
    let mut statement =
        conn.prepare_cached(&format!("{COLUMNS} ORDER BY joined_at, id")).map_err(failed)?;
    let raws: Vec<Raw> =
        statement.query_map([], raw).and_then(Iterator::collect).map_err(failed)?;
    let mut reports = report::all(conn)?;
    let mut devices: Vec<DeviceRow> = raws.into_iter().map(device).collect::<Result<_, _>>()?;
    for device in &mut devices {
        device.report = reports.remove(&device.id);
    }
    Ok(devices)
}

pub(super) fn revoke(conn: &Connection, id: Uuid) -> Result<(), StoreError> {
    let n = conn
        .execute("UPDATE device SET is_revoked = 1 WHERE id = ?1", [id.as_bytes()])
        .map_err(StoreError::database("revoking a laptop"))?;
    if n == 0 { Err(StoreError::NotFound) } else { Ok(()) }
}

pub(super) fn seen(conn: &Connection, id: Uuid, now: Timestamp) -> Result<(), StoreError> {
    conn.prepare_cached("UPDATE device SET last_seen_at = ?2 WHERE id = ?1")
        .and_then(|mut it| it.execute(params![id.as_bytes(), now.to_string()]))
        .map_err(StoreError::database("noting a laptop"))?;
    Ok(())
}
