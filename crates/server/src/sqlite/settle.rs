use faltkarta_faults::{Bug, is_seeded, point};
use faltkarta_model::{FeatureId, OpId};
use rusqlite::{Connection, params};

use crate::error::StoreError;
use crate::judging::{
    Batch, ConflictRow, Entry, FeatureRow, Hash16, HeldOp, LineageRow, LogRow, Settled,
};
use crate::sqlite::{devices, feed};

/// Writes a batch; the head of the feed is the last statement. Numbers are known beforehand, which is safe because
/// SQLite has one writer.
pub(super) fn settle(conn: &Connection, batch: &Batch) -> Result<Settled, StoreError> {
    let head = feed::head(conn)?;
    let last_seq = serial(head.seq, batch.entries.len());
    point("server.settle.before_write").map_err(StoreError::stopped)?;
    for row in &batch.history {
        write_history(conn, row)?;
    }
    for row in batch.rows.values() {
        write_row(conn, row, last_seq)?;
    }
    write_ties(conn, batch)?;
    for conflict in batch.conflicts.values() {
        write_conflict(conn, conflict)?;
    }
    for (op, hash) in &batch.released {
        conn.prepare_cached("DELETE FROM held WHERE op = ?1 AND hash = ?2")
            .and_then(|mut it| it.execute(params![op.as_bytes(), hash]))
            .map_err(StoreError::database("releasing an operation that waited"))?;
    }
    for held in batch.held.values() {
        write_held(conn, held)?;
    }
    for (op, log) in &batch.log {
        write_log(conn, *op, log, last_seq)?;
    }
    if batch.ends_recovery {
        conn.execute("DELETE FROM meta WHERE key = 'recovery_until'", [])
            .map_err(StoreError::database("closing the window after a restore"))?;
    }
    if let Some((device, now)) = batch.seen {
        devices::seen(conn, device, now)?;
    }
    if let Some(lineage) = &batch.lineage {
        write_lineage(conn, lineage)?;
    }
    write_entries(conn, &batch.entries, last_seq)?;
    point("server.settle.before_commit").map_err(StoreError::stopped)?;
    Ok(Settled { last_seq, head: feed::head(conn)? })
}

/// The number that the entries follow on. The seeded mistake is a counter that a failed transaction does not put
/// back.
fn serial(head: u64, n_entries: usize) -> u64 {
    if !is_seeded(Bug::NumberBeforeCommit) {
        return head;
    }
    let handed_out = faltkarta_faults::noted("serial").and_then(|it| it.parse().ok());
    let last = handed_out.unwrap_or(0).max(head);
    faltkarta_faults::note("serial", &(last + n_entries as u64).to_string());
    last
}

fn write_entries(conn: &Connection, entries: &[Entry], last_seq: u64) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let failed = StoreError::database("writing the feed");
    let mut chain: Hash16 =
        conn.query_row("SELECT chain FROM feed_head", [], |row| row.get(0)).map_err(failed)?;
    let mut seq = last_seq;
    let mut insert = conn
        .prepare_cached(
            "INSERT INTO feed(seq, op, dataset, feature, version, kind, grp, chain, area_before, area_after)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )
        .map_err(failed)?;
    for entry in entries {
        seq += 1;
        chain = entry.chain(chain);
        insert
            .execute(params![
                seq as i64,
                entry.op.as_bytes(),
                entry.dataset_no,
                entry.feature.as_bytes(),
                entry.version,
                entry.is_deleted,
                entry.group.map(|it| *it.as_bytes()),
                chain,
                entry.moved.as_ref().map(|it| it.before.to_string()),
                entry.moved.as_ref().map(|it| it.after.to_string()),
            ])
            .map_err(failed)?;
    }
    conn.execute("UPDATE feed_head SET seq = ?1, chain = ?2", params![seq as i64, chain])
        .map_err(StoreError::database("writing the head of the feed"))?;
    Ok(())
}

fn write_row(conn: &Connection, row: &FeatureRow, last_seq: u64) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO feature(id, dataset, version, seq, is_deleted, geometry, properties, blobs, hash, replica, op)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT(id) DO UPDATE SET version = ?3, seq = ?4, is_deleted = ?5, geometry = ?6, properties = ?7,
             blobs = ?8, hash = ?9, replica = ?10, op = ?11",
    )
    .and_then(|mut it| {
        it.execute(params![
            row.feature.as_bytes(),
            row.dataset_no,
            row.version,
            row.place.number(last_seq) as i64,
            row.is_deleted,
            row.content.wkb,
            row.content.properties,
            row.content.blobs,
            row.hash,
            row.replica.as_bytes(),
            row.op.as_bytes(),
        ])
    })
    .map_err(StoreError::database("writing a feature"))?;
    Ok(())
}

fn write_history(conn: &Connection, row: &FeatureRow) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO history(feature, version, is_deleted, geometry, properties, blobs, hash, replica, op)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )
    .and_then(|mut it| {
        it.execute(params![
            row.feature.as_bytes(),
            row.version,
            row.is_deleted,
            row.content.wkb,
            row.content.properties,
            row.content.blobs,
            row.hash,
            row.replica.as_bytes(),
            row.op.as_bytes(),
        ])
    })
    .map_err(StoreError::database("writing the history of a feature"))?;
    Ok(())
}

/// Children on their parents, attachments on their features.
fn write_ties(conn: &Connection, batch: &Batch) -> Result<(), StoreError> {
    for tie in &batch.children {
        conn.prepare_cached(
            "INSERT OR IGNORE INTO child(parent, child, op, replica) VALUES (?1, ?2, ?3, ?4)",
        )
        .and_then(|mut it| {
            it.execute(params![
                tie.parent.as_bytes(),
                tie.child.as_bytes(),
                tie.op.as_bytes(),
                tie.replica.as_bytes()
            ])
        })
        .map_err(StoreError::database("tying an inspection to its subject"))?;
    }
    for (blob, feature) in &batch.blob_refs {
        let feature: &FeatureId = feature;
        conn.prepare_cached("INSERT OR IGNORE INTO blob_ref(blob, feature) VALUES (?1, ?2)")
            .and_then(|mut it| it.execute(params![blob.as_str(), feature.as_bytes()]))
            .map_err(StoreError::database("tying an attachment to its feature"))?;
    }
    Ok(())
}

/// Keeps a conflict as it stands now.
pub(super) fn write_conflict(conn: &Connection, row: &ConflictRow) -> Result<(), StoreError> {
    let json = (|| {
        let store_by = row.store_by.as_ref().map(serde_json::to_string).transpose()?;
        let body = serde_json::to_string(&row.conflict)?;
        let candidate_by = serde_json::to_string(&row.candidate_by)?;
        Ok((body, candidate_by, store_by, serde_json::to_string(&row.merged)?))
    })();
    let (body, candidate_by, store_by, merged) =
        json.map_err(|error: serde_json::Error| StoreError::damaged(error))?;
    conn.prepare_cached(
        "INSERT OR REPLACE INTO conflict(id, feature, dataset, key, op, replica, user, at, state, closed_by, body,
             candidate_by, store_by, merged)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )
    .and_then(|mut it| {
        it.execute(params![
            row.conflict.id.as_bytes(),
            row.feature.as_bytes(),
            row.dataset_no,
            row.conflict.key,
            row.conflict.op.as_bytes(),
            row.replica.as_bytes(),
            row.candidate_by.user,
            row.at.to_string(),
            row.state.word(),
            row.closed_by.map(|it| *it.as_bytes()),
            body,
            candidate_by,
            store_by,
            merged,
        ])
    })
    .map_err(StoreError::database("keeping a conflict"))?;
    Ok(())
}

fn write_held(conn: &Connection, held: &HeldOp) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO held(op, hash, is_parked, why, needs, grp, replica, op_no, at, device, payload)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )
    .and_then(|mut it| {
        it.execute(params![
            held.op.as_bytes(),
            held.hash,
            held.is_parked,
            held.why,
            held.needs,
            held.group.map(|it| *it.as_bytes()),
            held.replica.map(|it| *it.as_bytes()),
            held.op_no,
            held.at.to_string(),
            held.device,
            held.payload,
        ])
    })
    .map_err(StoreError::database("keeping an operation that waits"))?;
    Ok(())
}

fn write_log(conn: &Connection, op: OpId, log: &LogRow, last_seq: u64) -> Result<(), StoreError> {
    let outcome = serde_json::to_string(&log.outcome).map_err(StoreError::damaged)?;
    conn.prepare_cached(
        "INSERT OR REPLACE INTO op_log(op, hash, replica, op_no, user, device, device_time, at, is_held, outcome, seq,
             accepted_by)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )
    .and_then(|mut it| {
        it.execute(params![
            op.as_bytes(),
            log.hash,
            log.replica.as_bytes(),
            log.op_no,
            log.by.user,
            log.by.device,
            log.by.at.to_string(),
            log.at.to_string(),
            log.is_held,
            outcome,
            log.place.map(|it| it.number(last_seq) as i64),
            log.accepted_by,
        ])
    })
    .map_err(StoreError::database("writing the log of operations"))?;
    Ok(())
}

fn write_lineage(conn: &Connection, row: &LineageRow) -> Result<(), StoreError> {
    conn.execute(
        "INSERT INTO lineage(device, replica, current, before, first_op) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT(device, replica) DO UPDATE SET current = ?3, before = ?4, first_op = ?5",
        params![
            row.device.as_bytes(),
            row.replica.as_bytes(),
            row.current,
            row.before,
            row.first_op.as_bytes()
        ],
    )
    .map_err(StoreError::database("rotating the lineage"))?;
    Ok(())
}
