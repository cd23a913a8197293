use uuid::Uuid;

use crate::backend::StoreHead;
use crate::error::StoreError;
use crate::judging::{Batch, ConflictRow, Entry, FeatureRow, HeldOp, LogRow, Place, Settled};
use crate::postgres::rows::hash16;
use crate::postgres::session::Param;
use crate::postgres::tx::{Tx, later_params};

// A row that is there keeps its marks of deliveries. Its number comes with `append`.
const PUT_ROWS: &str = "
INSERT INTO feature(id, dataset, version, seq, is_deleted, geom, wkb, canonical, properties, blobs, hash, replica, op)
SELECT r.id, r.dataset, r.version, 0, r.is_deleted, s.geom, beside(s.geom, r.wkb), r.canonical, r.properties, r.blobs,
       r.hash, r.replica, r.op
FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::boolean[], $5::bytea[], $6::text[], $7::text[], $8::bytea[],
            $9::uuid[], $10::uuid[], $11::bytea[])
     AS r(id, dataset, version, is_deleted, wkb, properties, blobs, hash, replica, op, canonical)
     CROSS JOIN LATERAL (SELECT shape(r.wkb) AS geom OFFSET 0) AS s
ON CONFLICT (id) DO UPDATE SET version = excluded.version, is_deleted = excluded.is_deleted, geom = excluded.geom,
    wkb = excluded.wkb, canonical = excluded.canonical, properties = excluded.properties, blobs = excluded.blobs,
    hash = excluded.hash, replica = excluded.replica, op = excluded.op";

const PUT_HISTORY: &str = "
INSERT INTO history(feature, version, is_deleted, geom, wkb, properties, blobs, hash, replica, op)
SELECT r.id, r.version, r.is_deleted, s.geom, beside(s.geom, r.wkb), r.properties, r.blobs, r.hash, r.replica, r.op
FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::boolean[], $5::bytea[], $6::text[], $7::text[], $8::bytea[],
            $9::uuid[], $10::uuid[], $11::bytea[])
     AS r(id, dataset, version, is_deleted, wkb, properties, blobs, hash, replica, op, canonical)
     CROSS JOIN LATERAL (SELECT shape(r.wkb) AS geom OFFSET 0) AS s";

const PUT_CHILDREN: &str = "
INSERT INTO child(parent, child, op, replica) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[])
ON CONFLICT DO NOTHING";

const LOCK_BLOBS: &str =
    "SELECT pg_advisory_xact_lock_shared(blob_key(id)) FROM unnest($1::text[]) AS named(id)";

const PUT_BLOB_REFS: &str = "
INSERT INTO blob_ref(blob, feature) SELECT * FROM unnest($1::text[], $2::uuid[]) ON CONFLICT DO NOTHING";

const PUT_CONFLICT: &str = "
INSERT INTO conflict(id, feature, dataset, key, op, replica, at, candidate_by, store_by, merged, state, closed_by, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (id) DO UPDATE SET op = excluded.op, at = excluded.at, candidate_by = excluded.candidate_by,
    store_by = excluded.store_by, merged = excluded.merged, state = excluded.state,
    closed_by = excluded.closed_by, body = excluded.body";

const RELEASE: &str = "DELETE FROM held WHERE op = $1 AND hash = $2";

const PUT_HELD: &str = "
INSERT INTO held(op, hash, is_parked, why, needs, grp, replica, op_no, at, device, payload)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (op, hash) DO UPDATE SET is_parked = excluded.is_parked, why = excluded.why, needs = excluded.needs,
    grp = excluded.grp, at = excluded.at, device = excluded.device, payload = excluded.payload";

// Those of an entry of this batch get their number with `append`.
const PUT_LOG: &str = "
INSERT INTO op_log(op, hash, replica, op_no, \"user\", device, device_time, at, is_held, outcome, seq, accepted_by)
SELECT * FROM unnest($1::uuid[], $2::bytea[], $3::uuid[], $4::integer[], $5::text[], $6::text[], $7::text[],
    $8::text[], $9::boolean[], $10::text[], $11::bigint[], $12::text[])
ON CONFLICT (op) DO UPDATE SET hash = excluded.hash, replica = excluded.replica, op_no = excluded.op_no,
    \"user\" = excluded.\"user\", device = excluded.device, device_time = excluded.device_time, at = excluded.at,
    is_held = excluded.is_held, outcome = excluded.outcome, seq = excluded.seq, accepted_by = excluded.accepted_by";

const SEEN: &str = "UPDATE device SET last_seen_at = $2 WHERE id = $1";

const PUT_LINEAGE: &str = "
INSERT INTO lineage(device, replica, current, before, first_op) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (device, replica) DO UPDATE SET current = excluded.current, before = excluded.before,
    first_op = excluded.first_op";

const APPEND: &str = "
SELECT a.before, a.link, h.safe_seq, (SELECT value FROM meta WHERE key = 'epoch'), h.min_seq
FROM append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) AS a, feed_head AS h";

const HEAD: &str = "SELECT seq, chain, safe_seq, (SELECT value FROM meta WHERE key = 'epoch'), min_seq FROM feed_head";

/// Writes a batch and commits. Everything that needs no number is sent first; then, in one flight with the commit, the
/// counter is raised and the numbers are written, so that no round trip happens while others wait for the counter.
pub(super) fn settle(tx: &mut Tx<'_>, batch: &Batch) -> Result<Settled, StoreError> {
    if !batch.history.is_empty() {
        tx.later(PUT_HISTORY, row_params(&batch.history.iter()));
    }
    if !batch.rows.is_empty() {
        tx.later(PUT_ROWS, row_params(&batch.rows.values()));
    }
    write_ties(tx, batch);
    for conflict in batch.conflicts.values() {
        write_conflict(tx, conflict)?;
    }
    for (op, hash) in &batch.released {
        tx.later(RELEASE, later_params![op.uuid(), hash.to_vec()]);
    }
    for held in batch.held.values() {
        write_held(tx, held);
    }
    write_log(tx, batch)?;
    if batch.ends_recovery {
        tx.later("DELETE FROM meta WHERE key = 'recovery_until'", vec![]);
    }
    if let Some((device, now)) = batch.seen {
        tx.later(SEEN, later_params![device, now.to_string()]);
    }
    if let Some(lineage) = &batch.lineage {
        tx.later(
            PUT_LINEAGE,
            later_params![
                lineage.device,
                lineage.replica.uuid(),
                lineage.current.clone(),
                lineage.before.clone(),
                lineage.first_op.uuid()
            ],
        );
    }
    let n = batch.entries.len() as u64;
    let rows = if n == 0 {
        tx.rows_and_commit(HEAD, vec![])?
    } else {
        tx.rows_and_commit(APPEND, append_params(&batch.entries, batch))?
    };
    let row = rows.first().ok_or_else(|| StoreError::damaged("the feed has no head"))?;
    let last_seq = row.get::<_, i64>(0) as u64;
    let head = StoreHead {
        seq: last_seq + n,
        chain: hex::encode(hash16(row, 1)?),
        epoch: row.get(3),
        safe_seq: row.get::<_, i64>(2) as u64,
        min_seq: row.get::<_, i64>(4) as u64,
    };
    Ok(Settled { last_seq, head })
}

/// The rows as arrays, one for each column.
fn row_params<'a>(rows: &(impl Iterator<Item = &'a FeatureRow> + Clone)) -> Vec<Param> {
    macro_rules! column {
        ($of:expr) => {
            rows.clone().map($of).collect::<Vec<_>>()
        };
    }
    later_params![
        column!(|it| it.feature.uuid()),
        column!(|it| i32::from(it.dataset_no)),
        column!(|it| it.version as i32),
        column!(|it| it.is_deleted),
        column!(|it| it.content.wkb.clone()),
        column!(|it| it.content.properties.clone()),
        column!(|it| it.content.blobs.clone()),
        column!(|it| it.hash.to_vec()),
        column!(|it| it.replica.uuid()),
        column!(|it| it.op.uuid()),
        column!(|it| it.content.canonical()),
    ]
}

fn write_ties(tx: &mut Tx<'_>, batch: &Batch) {
    if !batch.children.is_empty() {
        let ties = &batch.children;
        let column = |of: fn(&crate::judging::ChildRow) -> Uuid| -> Vec<Uuid> {
            ties.iter().map(of).collect()
        };
        tx.later(
            PUT_CHILDREN,
            later_params![
                column(|it| it.parent.uuid()),
                column(|it| it.child.uuid()),
                column(|it| it.op.uuid()),
                column(|it| it.replica.uuid())
            ],
        );
    }
    if !batch.blob_refs.is_empty() {
        let blobs: Vec<String> =
            batch.blob_refs.iter().map(|it| it.0.as_str().to_owned()).collect();
        let features: Vec<Uuid> = batch.blob_refs.iter().map(|it| it.1.uuid()).collect();
        tx.later(LOCK_BLOBS, later_params![blobs.clone()]);
        tx.later(PUT_BLOB_REFS, later_params![blobs, features]);
    }
}

/// Keeps a conflict as it stands now.
pub(super) fn write_conflict(tx: &mut Tx<'_>, row: &ConflictRow) -> Result<(), StoreError> {
    let json = |error: serde_json::Error| StoreError::damaged(error);
    let store_by = row.store_by.as_ref().map(serde_json::to_string).transpose().map_err(json)?;
    tx.later(
        PUT_CONFLICT,
        later_params![
            row.conflict.id,
            row.feature.uuid(),
            i32::from(row.dataset_no),
            row.conflict.key.clone(),
            row.conflict.op.uuid(),
            row.replica.uuid(),
            row.at.to_string(),
            serde_json::to_string(&row.candidate_by).map_err(json)?,
            store_by,
            serde_json::to_string(&row.merged).map_err(json)?,
            row.state.word(),
            row.closed_by.map(faltkarta_model::OpId::uuid),
            serde_json::to_string(&row.conflict).map_err(json)?,
        ],
    );
    Ok(())
}

fn write_held(tx: &mut Tx<'_>, held: &HeldOp) {
    tx.later(
        PUT_HELD,
        later_params![
            held.op.uuid(),
            held.hash.to_vec(),
            held.is_parked,
            held.why.clone(),
            held.needs.map(Uuid::from_bytes),
            held.group.map(faltkarta_model::GroupId::uuid),
            held.replica.map(faltkarta_model::ReplicaId::uuid),
            held.op_no as i32,
            held.at.to_string(),
            held.device.clone(),
            held.payload.clone(),
        ],
    );
}

fn write_log(tx: &mut Tx<'_>, batch: &Batch) -> Result<(), StoreError> {
    if batch.log.is_empty() {
        return Ok(());
    }
    let outcomes: Result<Vec<String>, _> =
        batch.log.values().map(|it| serde_json::to_string(&it.outcome)).collect();
    macro_rules! column {
        ($of:expr) => {
            batch.log.values().map($of).collect::<Vec<_>>()
        };
    }
    let stored = |it: &LogRow| match it.place {
        Some(Place::Stored(seq)) => Some(seq as i64),
        _ => None,
    };
    tx.later(
        PUT_LOG,
        later_params![
            batch.log.keys().map(|it| it.uuid()).collect::<Vec<_>>(),
            column!(|it| it.hash.to_vec()),
            column!(|it| it.replica.uuid()),
            column!(|it| it.op_no as i32),
            column!(|it| it.by.user.clone()),
            column!(|it| it.by.device.clone()),
            column!(|it| it.by.at.to_string()),
            column!(|it| it.at.to_string()),
            column!(|it| it.is_held),
            outcomes.map_err(StoreError::damaged)?,
            column!(stored),
            column!(|it| it.accepted_by.clone()),
        ],
    );
    Ok(())
}

fn append_params(entries: &[Entry], batch: &Batch) -> Vec<Param> {
    macro_rules! column {
        ($of:expr) => {
            entries.iter().map($of).collect::<Vec<_>>()
        };
    }
    let logged = batch.log.iter().filter_map(|(op, row)| match row.place {
        Some(Place::New(at)) => Some((op.uuid(), at as i32)),
        _ => None,
    });
    let (log_ops, log_places): (Vec<Uuid>, Vec<i32>) = logged.unzip();
    later_params![
        column!(|it| it.op.uuid()),
        column!(|it| i32::from(it.dataset_no)),
        column!(|it| it.feature.uuid()),
        column!(|it| it.version as i32),
        column!(|it| i16::from(it.is_deleted)),
        column!(|it| it.group.map(faltkarta_model::GroupId::uuid)),
        column!(|it| it.row_hash.to_vec()),
        column!(|it| it.moved.as_ref().map(|it| it.before.to_string())),
        column!(|it| it.moved.as_ref().map(|it| it.after.to_string())),
        log_ops,
        log_places,
    ]
}

/// Puts a row in the place of another one, which goes to history.
pub(super) fn replace_row(tx: &mut Tx<'_>, before: &FeatureRow, after: &FeatureRow) {
    tx.later(PUT_HISTORY, row_params(&std::iter::once(before)));
    tx.later(PUT_ROWS, row_params(&std::iter::once(after)));
}

/// So many entries are numbered by one statement.
const APPENDED_AT_ONCE: usize = 10_000;

/// Numbers entries, as the last thing before the commit.
pub(super) fn append_entries(tx: &mut Tx<'_>, entries: &[Entry]) {
    for some in entries.chunks(APPENDED_AT_ONCE) {
        tx.later(APPEND, append_params(some, &Batch::default()));
    }
}
