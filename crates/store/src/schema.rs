use rusqlite::Connection;

use crate::error::StoreError;

/// Format of the laptop's file, kept in `user_version`.
pub(crate) const FORMAT: i64 = 2;

const TABLES: &str = r"
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- What came with the package.
CREATE TABLE dataset(no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL,
                     declaration TEXT NOT NULL, data_date TEXT, lease_until TEXT) STRICT;
CREATE TABLE spatial_index(dataset INTEGER PRIMARY KEY, rows BLOB NOT NULL, tree BLOB NOT NULL) STRICT;
CREATE TABLE search_index(part TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE form(id TEXT PRIMARY KEY, declaration TEXT NOT NULL, xml TEXT NOT NULL) STRICT;

-- Rows that left the base by the feed: their number still stands in the packed trees, and an older entry must
-- not bring them back.
CREATE TABLE gone(id BLOB PRIMARY KEY, row INTEGER NOT NULL, dataset INTEGER NOT NULL, seq INTEGER NOT NULL,
                  has_left INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE feature_blob(feature BLOB NOT NULL, blob TEXT NOT NULL, complete INTEGER NOT NULL,
                          has_preview INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(feature, blob)) STRICT, WITHOUT ROWID;

-- Features as they look with the own edits that the base does not show yet.
CREATE TABLE overlay(id BLOB PRIMARY KEY, row INTEGER NOT NULL UNIQUE, dataset TEXT NOT NULL,
                     version INTEGER NOT NULL, seq INTEGER NOT NULL, is_deleted INTEGER NOT NULL,
                     geometry BLOB, properties TEXT NOT NULL) STRICT;
CREATE INDEX overlay_subject ON overlay(json_extract(properties, '$.subject_id'));
CREATE INDEX overlay_property ON overlay(json_extract(properties, '$.property_ref'));

-- One row for each own operation, for ever. `operation` is written once.
CREATE TABLE journal(op_no INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, feature BLOB NOT NULL, dataset TEXT NOT NULL,
                     operation TEXT NOT NULL, hash BLOB NOT NULL, made_at TEXT NOT NULL, title TEXT NOT NULL,
                     detail TEXT NOT NULL, kind TEXT NOT NULL,
                     state TEXT NOT NULL DEFAULT 'pending'
                           CHECK(state IN ('pending', 'received', 'conflict', 'parked', 'quarantined')),
                     why TEXT NOT NULL DEFAULT '', seq INTEGER, until_seq INTEGER, received_at TEXT,
                     former_seq INTEGER) STRICT;
CREATE INDEX journal_feature ON journal(feature);
CREATE INDEX journal_state ON journal(state);
CREATE TRIGGER journal_is_immutable BEFORE UPDATE OF op_no, id, feature, dataset, operation, hash, made_at ON journal
BEGIN SELECT RAISE(ABORT, 'journal rows are never changed'); END;
CREATE TRIGGER journal_is_kept BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'journal rows are never removed'); END;
CREATE TRIGGER overlay_guard_insert BEFORE INSERT ON overlay WHEN NOT faltkarta_applying()
BEGIN SELECT RAISE(ABORT, 'overlay is written by the journal only'); END;
CREATE TRIGGER overlay_guard_update BEFORE UPDATE ON overlay WHEN NOT faltkarta_applying()
BEGIN SELECT RAISE(ABORT, 'overlay is written by the journal only'); END;
CREATE TRIGGER overlay_guard_delete BEFORE DELETE ON overlay WHEN NOT faltkarta_applying()
BEGIN SELECT RAISE(ABORT, 'overlay is written by the journal only'); END;

CREATE TABLE draft(id BLOB PRIMARY KEY, form TEXT NOT NULL, form_version TEXT NOT NULL, subject_dataset TEXT,
                   subject_id BLOB, subject_label TEXT NOT NULL, local_number TEXT NOT NULL, user TEXT NOT NULL,
                   prefill TEXT NOT NULL, e_m REAL, n_m REAL, started_at TEXT NOT NULL, saved_at TEXT NOT NULL,
                   instance_xml TEXT, hidden_json TEXT NOT NULL DEFAULT '', n_answered INTEGER NOT NULL DEFAULT 0,
                   n_questions INTEGER NOT NULL DEFAULT 0, is_open INTEGER NOT NULL DEFAULT 1,
                   state TEXT NOT NULL DEFAULT 'active' CHECK(state IN ('active', 'discarded', 'completed'))) STRICT;
-- Each answer that was ever given: who, when, what stood there, what was set.
CREATE TABLE draft_log(no INTEGER PRIMARY KEY, draft BLOB NOT NULL REFERENCES draft(id), at TEXT NOT NULL,
                       user TEXT NOT NULL, question TEXT NOT NULL, old TEXT NOT NULL, new TEXT NOT NULL) STRICT;
CREATE TRIGGER draft_log_is_immutable BEFORE UPDATE ON draft_log
BEGIN SELECT RAISE(ABORT, 'the log of answers is never changed'); END;
CREATE TRIGGER draft_log_is_kept BEFORE DELETE ON draft_log
BEGIN SELECT RAISE(ABORT, 'the log of answers is never changed'); END;

-- Content that lies in photos/, once for each digest.
CREATE TABLE blob(id TEXT PRIMARY KEY, n_bytes INTEGER NOT NULL, media_type TEXT NOT NULL,
                  state TEXT NOT NULL CHECK(state IN ('taken', 'saved', 'received')),
                  upload_offset INTEGER NOT NULL DEFAULT 0, received_at TEXT) STRICT;
-- Who it belongs to: a draft, and the inspection of the same id later.
CREATE TABLE attachment(owner BLOB NOT NULL, blob TEXT NOT NULL REFERENCES blob(id), name TEXT NOT NULL,
                        picked_name TEXT NOT NULL, added_at TEXT NOT NULL, is_removed INTEGER NOT NULL DEFAULT 0,
                        PRIMARY KEY(owner, blob)) STRICT;

CREATE TABLE recent(no INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, hit TEXT NOT NULL) STRICT;
";

/// What format 2 brought: the rest of the exchange.
const TABLES_2: &str = r"
-- Open conflicts of the store, whole, as their feature's newest entry told them.
CREATE TABLE conflict(id BLOB PRIMARY KEY, feature BLOB NOT NULL, dataset TEXT NOT NULL, op BLOB NOT NULL,
                      body TEXT NOT NULL, fetched_at TEXT) STRICT;
CREATE INDEX conflict_feature ON conflict(feature);
-- Conflicts that the person left to the coordinator.
CREATE TABLE deferred(conflict BLOB PRIMARY KEY) STRICT;
-- What the feed has told of features since their package: who changed what.
CREATE TABLE history(feature BLOB NOT NULL, seq INTEGER NOT NULL, op BLOB NOT NULL, author TEXT, kind TEXT NOT NULL,
                     changes TEXT NOT NULL, PRIMARY KEY(feature, seq)) STRICT, WITHOUT ROWID;
-- Rows that left the laptop's area and stay while something here hangs on them.
CREATE TABLE moved_out(id BLOB PRIMARY KEY, seq INTEGER NOT NULL) STRICT;
-- Datasets to fetch row by row, and how far each is: the id of the last row that is in place.
CREATE TABLE backfill(dataset TEXT PRIMARY KEY, after TEXT NOT NULL DEFAULT '', since INTEGER) STRICT;
-- Leased numbers, and the request for more that is under way.
CREATE TABLE number_block(series TEXT NOT NULL, first INTEGER NOT NULL, n INTEGER NOT NULL, n_used INTEGER NOT NULL DEFAULT 0,
                          PRIMARY KEY(series, first)) STRICT;
-- Photos whose preview the store has taken, and own ones whose file was given up because the store's copy is safe.
CREATE TABLE preview_sent(blob TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE freed_photo(blob TEXT PRIMARY KEY REFERENCES blob(id), at TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE number_request(series TEXT PRIMARY KEY, request BLOB NOT NULL, n INTEGER NOT NULL) STRICT;
";

/// From format 1: conflicts were known by their id only, and come whole with the feed now.
const UPGRADE_2: &str = r"
DROP TABLE conflict;
ALTER TABLE gone ADD COLUMN has_left INTEGER NOT NULL DEFAULT 0;
ALTER TABLE journal ADD COLUMN former_seq INTEGER;
ALTER TABLE feature_blob ADD COLUMN has_preview INTEGER NOT NULL DEFAULT 0;
";

/// The base table and what guards it, under a name of its own: a new base is filled beside the old one.
pub(crate) const BASE_COLUMNS: &str = "row INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, id BLOB NOT NULL, \
     version INTEGER NOT NULL, seq INTEGER NOT NULL, geometry BLOB, properties TEXT NOT NULL";

/// Indexes and guards of a base table whose rows are in place.
pub(crate) fn base_fittings(table: &str, generation: i64) -> String {
    format!(
        "CREATE UNIQUE INDEX base_id_{generation} ON {table}(id);
         CREATE INDEX base_seq_{generation} ON {table}(seq);
         CREATE INDEX base_dataset_{generation} ON {table}(dataset);
         CREATE INDEX base_subject_{generation} ON {table}(json_extract(properties, '$.subject_id'))
                WHERE json_extract(properties, '$.subject_id') IS NOT NULL;
         CREATE INDEX base_property_{generation} ON {table}(json_extract(properties, '$.property_ref'))
                WHERE json_extract(properties, '$.property_ref') IS NOT NULL;
         CREATE TRIGGER base_guard_insert_{generation} BEFORE INSERT ON {table} WHEN NOT faltkarta_applying()
         BEGIN SELECT RAISE(ABORT, 'base is written by package and feed only'); END;
         CREATE TRIGGER base_guard_update_{generation} BEFORE UPDATE ON {table} WHEN NOT faltkarta_applying()
         BEGIN SELECT RAISE(ABORT, 'base is written by package and feed only'); END;
         CREATE TRIGGER base_guard_delete_{generation} BEFORE DELETE ON {table} WHEN NOT faltkarta_applying()
         BEGIN SELECT RAISE(ABORT, 'base is written by package and feed only'); END;"
    )
}

/// Makes the tables of an empty file; one transaction.
pub(crate) fn create(conn: &mut Connection, replica: &str) -> Result<(), StoreError> {
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    tx.execute_batch(TABLES)?;
    tx.execute_batch(TABLES_2)?;
    tx.execute_batch(&format!("CREATE TABLE base({BASE_COLUMNS}) STRICT;"))?;
    tx.execute_batch(&base_fittings("base", 0))?;
    tx.execute("INSERT INTO meta VALUES ('replica', ?1)", [replica])?;
    tx.pragma_update(None, "user_version", FORMAT)?;
    tx.commit()?;
    Ok(())
}

/// Brings a file of format 1 to this one; one transaction, so that a cut leaves the old format whole.
pub(crate) fn upgrade(conn: &mut Connection) -> Result<(), StoreError> {
    let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    tx.execute_batch(UPGRADE_2)?;
    tx.execute_batch(TABLES_2)?;
    // The conflicts themselves come with a package or with their features' next entries.
    tx.pragma_update(None, "user_version", FORMAT)?;
    tx.commit()?;
    Ok(())
}

/// Sets what durability rests on, and reads it back: SQLite refuses some settings in silence.
pub(crate) fn set_pragmas(conn: &Connection) -> Result<(), StoreError> {
    conn.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -65536;",
    )?;
    let mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(StoreError::PragmaRefused { name: "journal_mode", value: mode });
    }
    for (name, expected) in [("synchronous", 2), ("foreign_keys", 1), ("trusted_schema", 0)] {
        let value: i64 = conn.pragma_query_value(None, name, |row| row.get(0))?;
        if value != expected {
            return Err(StoreError::PragmaRefused { name, value: value.to_string() });
        }
    }
    Ok(())
}

/// SQLite 3.51.3 mended a race that lost acknowledged writes in WAL mode; 3.52.0 was withdrawn upstream.
pub(crate) fn check_version(version: i32) -> Result<(), StoreError> {
    if version < 3_051_003 || version == 3_052_000 {
        return Err(StoreError::SqliteUnfit { version });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_that_lose_writes_are_refused() {
        for version in [3_046_001, 3_051_002, 3_052_000] {
            assert!(check_version(version).is_err(), "{version}");
        }
        for version in [3_051_003, 3_052_001, 3_053_002] {
            assert!(check_version(version).is_ok(), "{version}");
        }
    }
}
