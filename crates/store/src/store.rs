use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use faltkarta_model::{IdSource, ReplicaId};
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use crate::error::{StoreError, bad_column};
use crate::folder::Folder;
use crate::key::{Key, KeyPlace, KeyStore};
use crate::schema;
use crate::vault::Vault;

/// How a laptop's folder is opened.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Make the laptop when the folder holds none.
    pub create: bool,
    /// Room kept back for the day when the disk is full, in bytes.
    pub reserve_bytes: u64,
    /// Most pages of 4 KiB that the file may grow to; `None` for what the disk holds.
    pub max_pages: Option<u32>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self { create: true, reserve_bytes: 64 << 20, max_pages: None }
    }
}

/// One laptop: its folder, held by this process, and its open file.
#[derive(Debug)]
pub struct Store {
    pub(crate) conn: Connection,
    pub(crate) folder: Folder,
    // Set while an apply function writes base or overlay; the guard triggers ask for it.
    pub(crate) applying: Arc<AtomicBool>,
    pub(crate) vault: Vault,
    key_place: KeyPlace,
    replica: ReplicaId,
    reserve_bytes: u64,
}

impl Store {
    /// Opens a laptop's folder, or makes it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] says which: in use, key missing, damaged, newer format, an unfit SQLite.
    pub fn open(
        dir: &Path,
        keys: &dyn KeyStore,
        ids: &mut dyn IdSource,
        options: &OpenOptions,
    ) -> Result<Self, StoreError> {
        schema::check_version(rusqlite::version_number())?;
        let folder = Folder::open(dir, options.create)?;
        let path = folder.database();
        // A file of no bytes is one whose making was cut short before its first page.
        let is_new = std::fs::metadata(&path).map_or(true, |it| it.len() == 0);
        let key = match keys.find()? {
            Some(key) => key,
            None if is_new => keys.create()?,
            None => return Err(StoreError::KeyMissing),
        };
        if is_new && !options.create {
            return Err(StoreError::NotALaptop { folder: dir.to_owned() });
        }
        let mut conn = connect(&path, &key)?;
        // The first read proves the key.
        conn.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        schema::set_pragmas(&conn)?;
        conn.set_prepared_statement_cache_capacity(64);
        let applying = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&applying);
        conn.create_scalar_function(
            "faltkarta_applying",
            0,
            FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS,
            move |_| Ok(flag.load(Ordering::Relaxed)),
        )?;
        let format: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
        match format {
            0 => schema::create(&mut conn, &ids.next_id().to_string())?,
            1 => {
                check_pages(&conn)?;
                schema::upgrade(&mut conn)?;
            }
            schema::FORMAT => check_pages(&conn)?,
            found => return Err(StoreError::NewerFormat { found, known: schema::FORMAT }),
        }
        let replica = read_meta(&conn, "replica")?
            .and_then(|it| it.parse().ok())
            .ok_or_else(|| bad_column("meta.replica", "missing"))?;
        folder.fill_reserve(options.reserve_bytes)?;
        if let Some(max_pages) = options.max_pages {
            conn.query_row(&format!("PRAGMA max_page_count = {max_pages}"), [], |_| Ok(()))?;
        }
        let vault = Vault::new(&key);
        let reserve_bytes = options.reserve_bytes;
        Ok(Self { conn, folder, applying, vault, key_place: keys.place(), replica, reserve_bytes })
    }

    /// Puts the reserve back that a full disk has taken, when there is room again.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the file; a disk that is still full is none.
    pub fn refill_reserve(&self) -> Result<(), StoreError> {
        self.folder.fill_reserve(self.reserve_bytes)
    }

    /// Whether the disk is so full that the reserve was taken, or never found room: what is saved now is saved from
    /// the last of it.
    pub fn is_disk_nearly_full(&self) -> bool {
        self.reserve_bytes > 0 && !self.folder.has_reserve()
    }

    /// The laptop's folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the key of the file lies.
    pub fn key_place(&self) -> KeyPlace {
        self.key_place
    }

    /// Names this file in operations.
    pub fn replica(&self) -> ReplicaId {
        self.replica
    }

    /// Takes a new name for this file: the store has seen an older copy of it. Operations keep their ids.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn renew_replica(&mut self, ids: &mut dyn IdSource) -> Result<(), StoreError> {
        let replica = ReplicaId::new(ids);
        self.write(|tx| {
            write_meta(tx, "replica", &replica.to_string())?;
            // The copy has the same leased numbers and the same code: neither may use them any more, and this one
            // is the one that knows.
            tx.execute_batch(
                "DELETE FROM number_block; DELETE FROM number_request;
                 DELETE FROM meta WHERE key = 'laptop_code';",
            )?;
            Ok(())
        })?;
        self.replica = replica;
        faltkarta_faults::point("store.replica.after_renewal")?;
        Ok(())
    }

    /// A value kept under a key.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn meta(&self, key: &str) -> Result<Option<String>, StoreError> {
        read_meta(&self.conn, key)
    }

    /// Keeps a value under a key; durable when this returns.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn set_meta(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        self.write(|tx| write_meta(tx, key, value))
    }

    /// Keeps several values in one transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn set_metas(&mut self, values: &[(&str, &str)]) -> Result<(), StoreError> {
        self.write(|tx| values.iter().try_for_each(|(key, value)| write_meta(tx, key, value)))
    }

    /// Forgets values; keys that are not there do no harm.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn clear_metas(&mut self, keys: &[&str]) -> Result<(), StoreError> {
        self.write(|tx| {
            for key in keys {
                tx.prepare_cached("DELETE FROM meta WHERE key = ?1")?.execute([key])?;
            }
            Ok(())
        })
    }

    /// Runs one write transaction; on a full disk the reserve is given back and the write tried once more.
    pub(crate) fn write<T>(
        &mut self,
        mut act: impl FnMut(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match write_once(&mut self.conn, &mut act) {
            Err(StoreError::DiskFull) if self.folder.free_reserve() => {
                write_once(&mut self.conn, &mut act)
            }
            other => other,
        }
    }

    /// Like [`Store::write`], allowed to write base and overlay.
    pub(crate) fn apply<T>(
        &mut self,
        act: impl FnMut(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let flag = Arc::clone(&self.applying);
        flag.store(true, Ordering::Relaxed);
        let done = self.write(act);
        flag.store(false, Ordering::Relaxed);
        done
    }
}

/// Opens a file with its key; nothing of it has been read when this returns.
pub(crate) fn connect(path: &Path, key: &Key) -> Result<Connection, StoreError> {
    let conn = Connection::open(path)?;
    // Its own lines on stderr would mix with ours; errors come back as values.
    conn.execute_batch("PRAGMA cipher_log_level = NONE;")?;
    let pragma = format!("PRAGMA key = \"x'{}'\";", hex::encode(key.bytes()));
    conn.execute_batch(&pragma)?;
    Ok(conn)
}

fn write_once<T>(
    conn: &mut Connection,
    act: &mut impl FnMut(&Transaction<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let tx = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = act(&tx)?;
    tx.commit()?;
    Ok(done)
}

pub(crate) fn read_meta(conn: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

pub(crate) fn write_meta(conn: &Connection, key: &str, value: &str) -> Result<(), StoreError> {
    conn.prepare_cached(
        "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT(key) DO UPDATE SET value = ?2",
    )?
    .execute([key, value])?;
    Ok(())
}

/// Reads the small tables that must never be wrong; the base can be fetched again.
fn check_pages(conn: &Connection) -> Result<(), StoreError> {
    for table in ["meta", "journal", "draft", "attachment", "overlay"] {
        let found: String =
            conn.query_row(&format!("PRAGMA quick_check('{table}')"), [], |row| row.get(0))?;
        if found != "ok" {
            return Err(StoreError::Damaged { text: found });
        }
    }
    Ok(())
}
