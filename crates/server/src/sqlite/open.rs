use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use faltkarta_geo::GridSystem;
use faltkarta_model::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, TransactionBehavior};
use uuid::Uuid;

use crate::blobs::Depot;
use crate::catching_up::catch_up;
use crate::error::StoreError;
use crate::folder;
use crate::judging::first_chain;
use crate::rim::Rim;
use crate::sqlite::store::SqliteStore;
use crate::sqlite::{catalogue, schema};

/// Whether a store may be made where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenMode {
    /// It must be there, and nobody else may have it.
    Existing,
    /// It must be there; another process may serve it. For the coordinator's tools: every use case is a transaction
    /// of its own, and a writer waits for the other.
    Beside,
    /// It is made with the built-in declarations when the folder holds none.
    CreateIfMissing {
        /// EPSG code of its grid.
        grid_epsg: u32,
    },
}

/// The name of the database in the folder.
pub(crate) const DATABASE: &str = "store.sqlite";

/// Opens the store in a folder and holds it until the value is dropped; declarations in `datasets/` and `forms/` are
/// read anew.
///
/// # Errors
///
/// [`StoreError::NoStore`], [`StoreError::StoreInUse`], [`StoreError::Damaged`], [`StoreError::NewerStore`],
/// [`StoreError::BadDeclaration`], [`StoreError::SettingRefused`] and those of the file system.
pub fn open_store(folder: &Path, mode: OpenMode, rim: &dyn Rim) -> Result<SqliteStore, StoreError> {
    assert_safe_sqlite()?;
    let database = folder.join(DATABASE);
    let is_new = !database.exists();
    let grid_epsg = match (mode, is_new) {
        (OpenMode::Existing | OpenMode::Beside, true) => {
            return Err(StoreError::NoStore { folder: folder.to_owned() });
        }
        (OpenMode::CreateIfMissing { grid_epsg }, true) => {
            folder::make(folder)?;
            Some(grid_epsg)
        }
        (_, false) => None,
    };
    let lock = if mode == OpenMode::Beside { None } else { Some(hold_folder(folder)?) };
    let mut conn = connect(&database, true)?;
    if let Some(grid_epsg) = grid_epsg {
        create(&mut conn, grid_epsg, rim)?;
    } else {
        let found = check(&conn)?;
        upgrade(&mut conn, found)?;
        folder::make_inside(folder)?;
    }
    let grid = meta(&conn, "grid_epsg")?.parse().ok().and_then(|it| GridSystem::from_epsg(it).ok());
    let grid = grid.ok_or_else(|| StoreError::damaged("the store's grid is not known"))?;
    let workspace = meta(&conn, "workspace")?;
    let catalogue = catalogue::read(folder, &mut conn)?;
    let depot = Depot::of_store(folder)?;
    let store =
        SqliteStore::new((folder.to_owned(), lock), conn, grid, workspace, catalogue, depot);
    if mode != OpenMode::Beside {
        catch_up(&store, rim)?;
    }
    Ok(store)
}

/// Opens a connection with the store's settings, each read back.
pub(super) fn connect(database: &Path, may_write: bool) -> Result<Connection, StoreError> {
    let failed = StoreError::database("opening the store");
    let flags = if may_write {
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
    } else {
        OpenFlags::SQLITE_OPEN_READ_ONLY
    };
    let conn = Connection::open_with_flags(database, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .map_err(failed)?;
    conn.busy_timeout(std::time::Duration::from_secs(10)).map_err(failed)?;
    conn.set_prepared_statement_cache_capacity(64);
    if may_write {
        conn.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        conn.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        conn.pragma_update(None, "foreign_keys", true).map_err(failed)?;
        // The working set of an import of all deliveries: the index over ids and the ends of the tables.
        conn.pragma_update(None, "cache_size", -131_072).map_err(failed)?;
        // macOS tells a disk to write through its own cache only when asked in this way; elsewhere it is no-op.
        conn.pragma_update(None, "fullfsync", true).map_err(failed)?;
        conn.pragma_update(None, "checkpoint_fullfsync", true).map_err(failed)?;
        for (setting, wanted) in
            [("journal_mode", "wal"), ("synchronous", "2"), ("foreign_keys", "1")]
        {
            let found = pragma_text(&conn, setting)?;
            if found != wanted {
                return Err(StoreError::SettingRefused { setting, found });
            }
        }
    }
    Ok(conn)
}

fn pragma_text(conn: &Connection, setting: &str) -> Result<String, StoreError> {
    let value: rusqlite::types::Value = conn
        .pragma_query_value(None, setting, |row| row.get(0))
        .map_err(StoreError::database("reading a setting"))?;
    Ok(match value {
        rusqlite::types::Value::Integer(number) => number.to_string(),
        rusqlite::types::Value::Text(text) => text,
        other => format!("{other:?}"),
    })
}

/// The race that loses acknowledged writes is in every version before 3.51.3; 3.52.0 was withdrawn by its makers.
fn assert_safe_sqlite() -> Result<(), StoreError> {
    let number = rusqlite::version_number();
    if number >= 3_051_003 && number != 3_052_000 {
        Ok(())
    } else {
        Err(StoreError::UnsafeSqlite { version: rusqlite::version().to_owned() })
    }
}

/// The lock is held by the open file, so that it ends with the process however that ends.
pub(crate) fn hold_folder(folder: &Path) -> Result<File, StoreError> {
    let path: PathBuf = folder.join("lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(StoreError::io("opening", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::StoreInUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(StoreError::io("locking", &path)(source)),
    }
}

fn create(conn: &mut Connection, grid_epsg: u32, rim: &dyn Rim) -> Result<(), StoreError> {
    GridSystem::from_epsg(grid_epsg)
        .map_err(|error| StoreError::Malformed { text: error.to_string() })?;
    let failed = StoreError::database("making the store");
    let epoch = Uuid::from_slice(&rim.secret()[..16]).unwrap_or_default().to_string();
    let tx = conn.transaction().map_err(failed)?;
    schema::create(&tx)?;
    for (key, value) in [
        ("epoch", epoch.as_str()),
        ("first_epoch", epoch.as_str()),
        ("workspace", "main"),
        ("grid_epsg", &grid_epsg.to_string()),
        ("created_at", &rim.now().to_string()),
    ] {
        tx.execute("INSERT INTO meta(key, value) VALUES (?1, ?2)", (key, value)).map_err(failed)?;
    }
    tx.execute(
        "INSERT INTO feed_head(one, seq, chain, min_seq, safe_seq) VALUES (1, 0, ?1, 1, 0)",
        [first_chain(&epoch)],
    )
    .map_err(failed)?;
    tx.commit().map_err(failed)
}

/// Whether the tables are those of a store that this program knows; their version.
pub(super) fn check(conn: &Connection) -> Result<i64, StoreError> {
    let number = |setting: &str| -> Result<i64, StoreError> {
        pragma_text(conn, setting)?
            .parse()
            .map_err(|_| StoreError::damaged(format!("{setting} is not a number")))
    };
    if number("application_id")? != schema::APPLICATION_ID {
        return Err(StoreError::damaged("store.sqlite is not a geodata store"));
    }
    let found = number("user_version")?;
    if found > schema::VERSION {
        return Err(StoreError::NewerStore { found, known: schema::VERSION });
    }
    Ok(found)
}

/// Brings older tables to the present version.
fn upgrade(conn: &mut Connection, found: i64) -> Result<(), StoreError> {
    if found < schema::VERSION {
        let failed = StoreError::database("changing the tables");
        let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        schema::change(&tx, found)?;
        tx.commit().map_err(failed)?;
    }
    Ok(())
}

/// Until when what laptops give back after a restore is gathered.
pub(super) fn recovery_until(conn: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let until: Option<String> = conn
        .prepare_cached("SELECT value FROM meta WHERE key = 'recovery_until'")
        .and_then(|mut it| it.query_row([], |row| row.get(0)).optional())
        .map_err(StoreError::database("reading the store's settings"))?;
    until.map(|it| Timestamp::parse(&it)).transpose().map_err(StoreError::damaged)
}

/// A value of the table `meta`.
pub(super) fn meta(conn: &Connection, key: &str) -> Result<String, StoreError> {
    conn.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
        .map_err(StoreError::database("reading the store's settings"))
}
