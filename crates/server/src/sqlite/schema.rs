use rusqlite::Connection;

use crate::error::StoreError;

/// Version of the tables, kept in `user_version`: the first one and its changes.
pub(super) const VERSION: i64 = 1 + CHANGES.len() as i64;
/// `FKST`, so that a foreign SQLite file is told apart.
pub(super) const APPLICATION_ID: i64 = 0x464b_5354;

/// Ids are 16 bytes, hashes of rows and chain 16 bytes, moments RFC 3339. `seq` counts the feed without holes.
const TABLES: &str = "
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE dataset(no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL,
    declaration TEXT NOT NULL) STRICT;
CREATE TABLE dataset_revision(dataset INTEGER NOT NULL REFERENCES dataset(no), revision INTEGER NOT NULL,
    declaration TEXT NOT NULL, PRIMARY KEY(dataset, revision)) STRICT;

-- One row for each feature that ever was. delivered_hash is that of the values as last delivered;
-- delivered_version is the version that holds exactly these values, 0 when none does.
CREATE TABLE feature(row INTEGER PRIMARY KEY, id BLOB NOT NULL, dataset INTEGER NOT NULL,
    version INTEGER NOT NULL, seq INTEGER NOT NULL, is_deleted INTEGER NOT NULL, geometry BLOB,
    properties TEXT NOT NULL, blobs TEXT NOT NULL, hash BLOB NOT NULL, replica BLOB NOT NULL,
    source INTEGER, delivered_hash BLOB, delivered_version INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE UNIQUE INDEX feature_id ON feature(id);
CREATE INDEX feature_dataset ON feature(dataset);
-- Superseded rows.
CREATE TABLE history(feature BLOB NOT NULL, version INTEGER NOT NULL, is_deleted INTEGER NOT NULL,
    geometry BLOB, properties TEXT NOT NULL, blobs TEXT NOT NULL, hash BLOB NOT NULL,
    replica BLOB NOT NULL, PRIMARY KEY(feature, version)) STRICT;
-- Values as last delivered of features that differ from them.
CREATE TABLE delivered(feature BLOB PRIMARY KEY, geometry BLOB, properties TEXT NOT NULL) STRICT;
-- An inspection and the like hangs on its parent.
CREATE TABLE child(parent BLOB NOT NULL, child BLOB NOT NULL, op BLOB NOT NULL, replica BLOB NOT NULL,
    PRIMARY KEY(parent, child)) STRICT, WITHOUT ROWID;

CREATE TABLE op_log(op BLOB PRIMARY KEY, hash BLOB NOT NULL, replica BLOB NOT NULL, op_no INTEGER NOT NULL,
    user TEXT NOT NULL, at TEXT NOT NULL, is_held INTEGER NOT NULL, outcome TEXT NOT NULL,
    seq INTEGER) STRICT, WITHOUT ROWID;
-- Operations that wait, whole. needs is the feature or operation that a parked one waits for.
CREATE TABLE held(op BLOB NOT NULL, hash BLOB NOT NULL, is_parked INTEGER NOT NULL, why TEXT NOT NULL,
    needs BLOB, grp BLOB, replica BLOB, op_no INTEGER NOT NULL, at TEXT NOT NULL, payload TEXT NOT NULL,
    PRIMARY KEY(op, hash)) STRICT;
CREATE INDEX held_needs ON held(needs) WHERE needs IS NOT NULL;
CREATE TABLE raw_push(no INTEGER PRIMARY KEY, device BLOB NOT NULL, at TEXT NOT NULL, body BLOB NOT NULL) STRICT;

-- kind: 0 upsert, 1 delete. The row after an entry is feature or history at its version.
CREATE TABLE feed(seq INTEGER PRIMARY KEY, op BLOB NOT NULL, dataset INTEGER NOT NULL, feature BLOB NOT NULL,
    version INTEGER NOT NULL, kind INTEGER NOT NULL, grp BLOB, area_before TEXT, area_after TEXT,
    chain BLOB NOT NULL) STRICT;
-- One row, written as the last statement of every transaction that made entries.
CREATE TABLE feed_head(one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, chain BLOB NOT NULL,
    min_seq INTEGER NOT NULL, safe_seq INTEGER NOT NULL) STRICT;

CREATE TABLE conflict(id BLOB PRIMARY KEY, feature BLOB NOT NULL, dataset INTEGER NOT NULL, key TEXT NOT NULL,
    op BLOB NOT NULL, replica BLOB NOT NULL, user TEXT NOT NULL, at TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'resolved', 'superseded')), closed_by BLOB,
    body TEXT NOT NULL) STRICT;
CREATE INDEX conflict_feature ON conflict(feature) WHERE state = 'open';

CREATE TABLE device(id BLOB PRIMARY KEY, name TEXT NOT NULL, user TEXT NOT NULL, role TEXT NOT NULL,
    token_hash BLOB NOT NULL UNIQUE, joined_at TEXT NOT NULL, last_seen_at TEXT NOT NULL,
    pulled_seq INTEGER NOT NULL DEFAULT 0, is_revoked INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE lineage(device BLOB NOT NULL REFERENCES device(id), replica BLOB NOT NULL, current TEXT NOT NULL,
    before TEXT NOT NULL, first_op BLOB, PRIMARY KEY(device, replica)) STRICT;
CREATE TABLE enrol_code(hash BLOB PRIMARY KEY, role TEXT NOT NULL, until TEXT NOT NULL,
    used_by BLOB) STRICT;

CREATE TABLE blob(id TEXT PRIMARY KEY, n_bytes INTEGER NOT NULL, at TEXT NOT NULL) STRICT;
CREATE TABLE blob_ref(blob TEXT NOT NULL, feature BLOB NOT NULL, PRIMARY KEY(blob, feature)) STRICT, WITHOUT ROWID;

-- One supplier's file for one dataset: rows that a new delivery of it does not hold are gone.
CREATE TABLE source_set(no INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, key TEXT NOT NULL, edition BLOB NOT NULL,
    at TEXT NOT NULL, data_date TEXT NOT NULL, UNIQUE(dataset, key)) STRICT;
CREATE TABLE problem(source INTEGER NOT NULL, row INTEGER NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL,
    feature BLOB) STRICT;
CREATE INDEX problem_source ON problem(source);
";

/// What made each version from the second on out of the one before. A change that was ever released stays as it is.
const CHANGES: &[&str] = &[
    // Who set a value and who wants another: operations on rows, authors on log and conflicts. Rows from before have
    // none. store_by and candidate_by are authors as JSON, merged is a list of fields.
    "
ALTER TABLE feature ADD COLUMN op BLOB;
ALTER TABLE history ADD COLUMN op BLOB;
ALTER TABLE op_log ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE op_log ADD COLUMN device_time TEXT NOT NULL DEFAULT '';
ALTER TABLE held ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE conflict ADD COLUMN candidate_by TEXT;
ALTER TABLE conflict ADD COLUMN store_by TEXT;
ALTER TABLE conflict ADD COLUMN merged TEXT NOT NULL DEFAULT '[]';
",
    // The newest report of each laptop, as JSON.
    "
CREATE TABLE device_report(device BLOB PRIMARY KEY, at TEXT NOT NULL, body TEXT NOT NULL) STRICT;
",
    // Backups that the store counts on; safe_seq of feed_head is the least seq of them.
    "
CREATE TABLE backup(folder TEXT PRIMARY KEY, at TEXT NOT NULL, seq INTEGER NOT NULL) STRICT;
",
    // What laptops want, as JSON; none wants everything. area_before and area_after of feed hold cells, and only where
    // a row moved with its parent: all others tell their place themselves.
    "
CREATE TABLE subscription(device BLOB PRIMARY KEY, revision INTEGER NOT NULL, parts TEXT NOT NULL) STRICT;
",
    // A preview may come before the bytes, and before the feature that names them. idle_blob: attachments that nothing
    // names, and since when; whatever names one again takes it out.
    "
CREATE TABLE blob_preview(blob TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE idle_blob(blob TEXT PRIMARY KEY, since TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TRIGGER blob_is_named AFTER INSERT ON feature WHEN NEW.blobs <> '[]'
BEGIN DELETE FROM idle_blob WHERE instr(NEW.blobs, blob); END;
CREATE TRIGGER blob_is_named_again AFTER UPDATE OF blobs ON feature WHEN NEW.blobs <> '[]'
BEGIN DELETE FROM idle_blob WHERE instr(NEW.blobs, blob); END;
CREATE TRIGGER blob_is_held AFTER INSERT ON held
BEGIN DELETE FROM idle_blob WHERE instr(NEW.payload, blob); END;
",
    // Who let an operation in that waited; the numbers that laptops have leased, a request answered once and for all.
    "
ALTER TABLE op_log ADD COLUMN accepted_by TEXT;
CREATE INDEX child_of ON child(child);
CREATE TABLE number_series(series TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT;
CREATE TABLE number_block(request BLOB PRIMARY KEY, series TEXT NOT NULL, first INTEGER NOT NULL, n INTEGER NOT NULL,
    device BLOB NOT NULL, at TEXT NOT NULL) STRICT;
",
    // Where the feed ended at some moments, so that it can be cut by age.
    "
CREATE TABLE feed_mark(seq INTEGER PRIMARY KEY, at TEXT NOT NULL) STRICT;
",
];

/// Makes the tables of a new store.
pub(super) fn create(conn: &Connection) -> Result<(), StoreError> {
    let failed = StoreError::database("making the tables");
    conn.execute_batch(TABLES).map_err(failed)?;
    conn.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
    change(conn, 1)
}

/// Brings the tables of a version to the present one, inside a transaction of the caller.
pub(super) fn change(conn: &Connection, version: i64) -> Result<(), StoreError> {
    let failed = StoreError::database("changing the tables");
    for change in CHANGES.iter().skip((version - 1).max(0) as usize) {
        conn.execute_batch(change).map_err(failed)?;
    }
    conn.pragma_update(None, "user_version", VERSION).map_err(failed)
}
