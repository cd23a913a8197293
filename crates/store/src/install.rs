use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use faltkarta_faults::point;
use faltkarta_model::FeatureId;
use faltkarta_protocol::{
    FeedConflict, PACKAGE_FORMAT, PackageFile, PackageFileKind, PackageManifest, PackageScope,
};
use rusqlite::{OptionalExtension as _, Transaction};
use sha2::{Digest as _, Sha256};

use crate::difference::{REFUSED, has_previous};
use crate::error::{StoreError, bad_column};
use crate::folder::sync_folder_of;
use crate::overlay;
use crate::schema::{BASE_COLUMNS, base_fittings};
use crate::store::{Store, read_meta, write_meta};
use crate::{base_map, declaration};

/// Rows that one step copies. A draft that is saved between two steps waits for one at most.
const ROWS_PER_STEP: u32 = 20_000;

/// A package on its way into a laptop's file.
///
/// The new base is filled beside the old one, step by step; the last step swaps them in one transaction. Whatever
/// happens before leaves the old base as it was. Journal, drafts and photos are not touched.
#[derive(Debug)]
pub struct Install {
    manifest: PackageManifest,
    folder: PathBuf,
    takes_files: bool,
    generation: i64,
    n_rows: u32,
    n_copied: u32,
    is_fitted: bool,
}

/// How far an installation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstallProgress {
    /// Rows copied.
    pub n_copied: u32,
    /// Rows in all.
    pub n_rows: u32,
    /// Whether the new base is in use.
    pub is_done: bool,
}

/// Checks a file of a package against its manifest entry.
///
/// # Errors
///
/// [`StoreError::PackageDamaged`] when size or digest differ.
pub fn check_package_file(path: &Path, file: &PackageFile) -> Result<(), StoreError> {
    let failed = |error| StoreError::io(path, error);
    let mut input = File::open(path).map_err(failed)?;
    let mut hasher = Sha256::new();
    let mut n_bytes = 0;
    let mut block = vec![0; 1 << 18];
    loop {
        let n = input.read(&mut block).map_err(failed)?;
        if n == 0 {
            break;
        }
        n_bytes += n as u64;
        hasher.update(&block[..n]);
    }
    if n_bytes != file.n_bytes || hex::encode(hasher.finalize()) != file.sha256 {
        return Err(damaged(format!("{} is not what the manifest says", file.name)));
    }
    Ok(())
}

impl Install {
    /// Checks the files of a package folder and makes room for a new base.
    ///
    /// `takes_files` lets the base map be moved instead of copied, when the folder is the laptop's own.
    ///
    /// # Errors
    ///
    /// [`StoreError::PackageDamaged`] names what does not hold.
    pub fn begin(
        store: &mut Store,
        folder: &Path,
        manifest: PackageManifest,
        takes_files: bool,
    ) -> Result<Self, StoreError> {
        if manifest.format != PACKAGE_FORMAT {
            return Err(damaged(format!("format {}", manifest.format)));
        }
        for file in &manifest.files {
            if Path::new(&file.name).file_name().is_none_or(|it| it != file.name.as_str()) {
                return Err(damaged("a file name with a folder".to_owned()));
            }
            check_package_file(&folder.join(&file.name), file)?;
        }
        let mut install = Self {
            manifest,
            folder: folder.to_owned(),
            takes_files,
            generation: 0,
            n_rows: 0,
            n_copied: 0,
            is_fitted: false,
        };
        install.attach(store)?;
        let made = install.make_room(store);
        detach(store);
        made.map(|()| install)
    }

    fn attach(&self, store: &Store) -> Result<(), StoreError> {
        let features = self
            .manifest
            .files
            .iter()
            .find(|it| it.kind == PackageFileKind::Features)
            .ok_or_else(|| damaged("no features".to_owned()))?;
        let path = self.folder.join(&features.name);
        store
            .conn
            .execute("ATTACH DATABASE ?1 AS package KEY ''", [path.to_string_lossy()])
            .map_err(|error| damaged(error.to_string()))?;
        Ok(())
    }

    fn make_room(&mut self, store: &mut Store) -> Result<(), StoreError> {
        let format: Option<String> = store
            .conn
            .query_row("SELECT value FROM package.meta WHERE key = 'format'", [], |row| row.get(0))
            .optional()
            .map_err(|error| damaged(error.to_string()))?;
        if format.as_deref() != Some(PACKAGE_FORMAT) {
            return Err(damaged("features have another format".to_owned()));
        }
        self.n_rows = store
            .conn
            .query_row("SELECT coalesce(max(row), 0) FROM package.feature", [], |row| row.get(0))
            .map_err(|error| damaged(error.to_string()))?;
        self.generation = store.write(|tx| {
            let generation: i64 =
                read_meta(tx, "generation")?.and_then(|it| it.parse().ok()).unwrap_or(0) + 1;
            write_meta(tx, "generation", &generation.to_string())?;
            tx.execute_batch(&format!(
                "DROP TABLE IF EXISTS base_next; CREATE TABLE base_next({BASE_COLUMNS}) STRICT;"
            ))?;
            Ok(generation)
        })?;
        Ok(())
    }

    /// Does the next part of the work.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the old base is still in use then.
    pub fn step(&mut self, store: &mut Store) -> Result<InstallProgress, StoreError> {
        self.attach(store)?;
        let done = self.step_attached(store);
        detach(store);
        let is_done = done?;
        Ok(InstallProgress { n_copied: self.n_copied, n_rows: self.n_rows, is_done })
    }

    fn step_attached(&mut self, store: &mut Store) -> Result<bool, StoreError> {
        if self.n_copied < self.n_rows {
            let from = self.n_copied;
            let to = (from + ROWS_PER_STEP).min(self.n_rows);
            store.write(|tx| {
                tx.execute(
                    "INSERT INTO base_next(row, dataset, id, version, seq, geometry, properties)
                     SELECT row, dataset, id, version, seq, geometry, properties FROM package.feature
                     WHERE row > ?1 AND row <= ?2 ORDER BY row",
                    (from, to),
                )?;
                Ok(())
            })?;
            self.n_copied = to;
            point("store.install.after_rows")?;
            return Ok(false);
        }
        if !self.is_fitted {
            let sql = base_fittings("base_next", self.generation);
            store.write(|tx| Ok(tx.execute_batch(&sql)?))?;
            self.is_fitted = true;
            point("store.install.after_fitting")?;
            return Ok(false);
        }
        let base_map = self.place_base_map(store)?;
        point("store.install.before_swap")?;
        store.apply(|tx| self.swap(tx, base_map.as_deref()))?;
        point("store.install.after_swap")?;
        base_map::remove_others(store, base_map.as_deref());
        Ok(true)
    }

    fn place_base_map(&self, store: &Store) -> Result<Option<String>, StoreError> {
        let Some(file) = self.manifest.files.iter().find(|it| it.kind == PackageFileKind::BaseMap)
        else {
            return Ok(None);
        };
        // Named by its content: the same map of a newer package is not copied again.
        let name = base_map::file_name(&file.sha256);
        let (from, to) = (self.folder.join(&file.name), store.folder().join(&name));
        if fs::metadata(&to).is_ok_and(|it| it.len() == file.n_bytes) {
            return Ok(Some(name));
        }
        if !(self.takes_files && fs::rename(&from, &to).is_ok()) {
            let temporary = to.with_extension("part");
            let failed = |error| StoreError::io(&temporary, error);
            fs::copy(&from, &temporary).map_err(failed)?;
            // A copy of an installer's file may carry its read-only mode; syncing needs no more than reading.
            File::open(&temporary).and_then(|it| it.sync_all()).map_err(failed)?;
            fs::rename(&temporary, &to).map_err(|error| StoreError::io(&to, error))?;
        }
        sync_folder_of(&to)?;
        Ok(Some(name))
    }

    fn swap(&self, tx: &Transaction<'_>, base_map: Option<&str>) -> Result<(), StoreError> {
        let manifest = &self.manifest;
        let old_epoch = read_meta(tx, "epoch")?;
        let old_seq = crate::journal::cursor_seq(tx)?;
        // What the person saw is kept until all that waits was sent; the oldest of several, because it is the one.
        let waits = "SELECT EXISTS (SELECT 1 FROM journal WHERE state = 'pending')";
        let has_waiting: bool = tx.query_row(waits, [], |row| row.get(0))?;
        tx.execute_batch(if has_waiting && !has_previous(tx)? {
            "CREATE TABLE dataset_previous AS SELECT no, id FROM dataset;
             ALTER TABLE base RENAME TO base_previous;"
        } else {
            "DROP TABLE base;"
        })?;
        tx.execute_batch(
            "ALTER TABLE base_next RENAME TO base;
             DELETE FROM dataset; DELETE FROM spatial_index; DELETE FROM search_index; DELETE FROM form;
             DELETE FROM gone; DELETE FROM feature_blob; DELETE FROM overlay; DELETE FROM moved_out;
             INSERT INTO dataset SELECT no, id, revision, declaration, data_date, lease_until FROM package.dataset;
             INSERT INTO spatial_index SELECT dataset, rows, tree FROM package.spatial_index;
             INSERT INTO search_index SELECT part, bytes FROM package.search_index;
             INSERT INTO form SELECT id, declaration, xml FROM package.form;",
        )?;
        // Packages of older stores do not tell of attachments; the feed does.
        let tells_blobs: bool = tx.query_row(
            "SELECT EXISTS(SELECT 1 FROM package.sqlite_schema WHERE name = 'feature_blob')",
            [],
            |row| row.get(0),
        )?;
        if tells_blobs {
            tx.execute_batch(
                "INSERT INTO feature_blob SELECT feature, blob, complete, has_preview FROM package.feature_blob",
            )?;
        }
        let area = serde_json::to_string(&manifest.area_m).map_err(|it| bad_column("area", it))?;
        let home = serde_json::to_string(&manifest.home_m).map_err(|it| bad_column("home", it))?;
        let scope = match manifest.scope {
            PackageScope::Open => "open",
            PackageScope::Enrolled => "enrolled",
        };
        let seq = manifest.seq.to_string();
        for (key, value) in [
            ("package", manifest.id.as_str()),
            ("package_made_at", &manifest.created_at.to_string()),
            ("package_scope", scope),
            ("workspace", &manifest.workspace),
            ("epoch", &manifest.epoch),
            ("grid_epsg", &manifest.grid_epsg.to_string()),
            ("area_m", &area),
            ("home_m", &home),
            ("index_seq", &seq),
            ("cursor", &manifest.cursor),
            ("cursor_seq", &seq),
            ("cursor_chain", &manifest.chain),
            ("next_row", &(self.n_rows + 1).to_string()),
        ] {
            write_meta(tx, key, value)?;
        }
        // The package may be older than the store's newest base map: that is asked for at once.
        for key in ["base_map", "needs_resync"].into_iter().chain(base_map::RENEWAL) {
            tx.execute("DELETE FROM meta WHERE key = ?1", [key])?;
        }
        if old_epoch.as_ref() != Some(&manifest.epoch) {
            tx.execute("DELETE FROM meta WHERE key IN ('heard_seq', 'heard_chain')", [])?;
        }
        if let Some(name) = base_map {
            write_meta(tx, "base_map", name)?;
        }
        declaration::forget_passed(tx)?;
        take_conflicts(tx)?;
        // Also when the store was put back to our own history meanwhile, or hands out less than we have seen.
        let was_refused = read_meta(tx, REFUSED)?.is_some();
        let is_other = old_epoch.is_some_and(|it| it != manifest.epoch);
        if is_other || was_refused || manifest.seq < old_seq {
            crate::journal::offer_all_again(tx)?;
        }
        tx.execute("DELETE FROM meta WHERE key = ?1", [REFUSED])?;
        rebuild_overlay(tx, manifest.seq)
    }
}

/// The store's open conflicts, when the package carries them; else those that are known stay until the feed speaks.
fn take_conflicts(tx: &Transaction<'_>) -> Result<(), StoreError> {
    if !tx.table_exists(Some("package"), "conflict")? {
        return Ok(());
    }
    let rows: Vec<(Vec<u8>, Vec<u8>, String, String)> = tx
        .prepare("SELECT id, feature, dataset, body FROM package.conflict")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<Result<_, _>>()?;
    tx.execute("DELETE FROM conflict", [])?;
    for (id, feature, dataset, body) in rows {
        let conflict: FeedConflict =
            serde_json::from_str(&body).map_err(|error| damaged(error.to_string()))?;
        tx.prepare_cached(
            "INSERT INTO conflict(id, feature, dataset, op, body) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((id, feature, dataset, &conflict.op.as_bytes()[..], body))?;
    }
    tx.execute(
        "UPDATE journal SET state = 'received', why = 'resolved'
         WHERE state = 'conflict' AND NOT EXISTS (SELECT 1 FROM conflict c WHERE c.op = journal.id)",
        [],
    )?;
    Ok(())
}

impl Store {
    /// Installs a package in one go; `progress` is told after each step.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the old base is still in use then.
    pub fn install_package(
        &mut self,
        folder: &Path,
        manifest: PackageManifest,
        takes_files: bool,
        progress: &mut dyn FnMut(InstallProgress),
    ) -> Result<(), StoreError> {
        let mut install = Install::begin(self, folder, manifest, takes_files)?;
        loop {
            let at = install.step(self)?;
            progress(at);
            if at.is_done {
                return Ok(());
            }
        }
    }
}

/// All features with own operations, rebuilt on the new base.
fn rebuild_overlay(tx: &Transaction<'_>, cursor_seq: u64) -> Result<(), StoreError> {
    let ids: Vec<Vec<u8>> = tx
        .prepare(
            "SELECT DISTINCT feature FROM journal WHERE state <> 'received' OR until_seq > ?1",
        )?
        .query_map([cursor_seq], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in ids {
        let id =
            FeatureId::from_slice(&id).map_err(|error| bad_column("journal.feature", error))?;
        overlay::rebuild(tx, id, cursor_seq)?;
    }
    Ok(())
}

fn detach(store: &Store) {
    // A failed step may have rolled back with the package still attached; a second attempt attaches anew.
    if let Err(error) = store.conn.execute_batch("DETACH DATABASE package") {
        tracing::warn!(%error, "package stays attached");
    }
    store.applying.store(false, Ordering::Relaxed);
}

fn damaged(text: String) -> StoreError {
    StoreError::PackageDamaged { text }
}
