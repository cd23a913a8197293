use std::fmt;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use faltkarta_changes::Operation;
use faltkarta_faults::point;
use faltkarta_geo::{Bounds, GridSystem};
use faltkarta_model::{BlobId, DatasetId, Feature, FeatureId, Timestamp};
use faltkarta_protocol::{
    Base, DatasetDigest, Declaration, DeviceReport, FeedConflict, JoinReply, JoinRequest,
    NumberBlock, NumberRequest, OpOutcome, PushReply, Subscription, SubscriptionPart,
};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use uuid::Uuid;

use crate::areas::{Reader, digest};
use crate::backend::{
    BackupRow, BlobCounts, CutReport, DatasetRow, Delivered, DeviceRow, FeatureFilter, FeaturesAsk,
    FeedPage, GeodataStore, HeldRow, Malformed, OpenConflict, PackageInputs, Pusher, RawPush,
    RowsAsk, RowsPage, StoreHead, StoredBlob, StoredFeature, StoredForm, Task,
};
use crate::blobs::{Depot, IdleBlob};
use crate::cursor::unless_put_back;
use crate::error::StoreError;
use crate::judging::{Catalogue, ConflictRow, carry_out, finish_recovery, take_alone, take_push};
use crate::rim::Rim;
use crate::role::Role;
use crate::sqlite::deliver::Taking;
use crate::sqlite::feed;
use crate::sqlite::feed_writer::FeedWriter;
use crate::sqlite::package_rows::Snapshot;
use crate::sqlite::rows::OpenRows;
use crate::sqlite::{
    backups, bases, blobs, catalogue, devices, features, idle, keeping, open, rebirth, report,
    retention, row, rows, rows_page, subscriptions,
};

/// The store that lives in one folder. It holds the folder's lock until it is dropped, unless it was opened beside.
pub struct SqliteStore {
    folder: PathBuf,
    database: PathBuf,
    packages: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    grid: GridSystem,
    workspace: String,
    catalogue: Catalogue,
    depot: Depot,
    _lock: Option<File>,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("folder", &self.folder).finish_non_exhaustive()
    }
}

impl SqliteStore {
    pub(super) fn new(
        (folder, lock): (PathBuf, Option<File>),
        writer: Connection,
        grid: GridSystem,
        workspace: String,
        catalogue: Catalogue,
        depot: Depot,
    ) -> Self {
        Self {
            packages: folder.join("packages"),
            database: folder.join(open::DATABASE),
            folder,
            writer: Mutex::new(writer),
            readers: Mutex::new(vec![]),
            grid,
            workspace,
            catalogue,
            depot,
            _lock: lock,
        }
    }

    /// Where the store is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Copies the database as it is at one moment into another folder.
    pub(crate) fn copy_database(&self, to: &Path) -> Result<(), StoreError> {
        backups::copy(&self.database, &to.join(open::DATABASE))
    }

    /// The store with its attachments in another place.
    #[must_use]
    pub fn with_depot(mut self, depot: Depot) -> Self {
        self.depot = depot;
        self
    }

    /// Holds the database file to so many pages of 4 KiB, for a store on a quota.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`] when the setting is refused.
    pub fn limit_pages(&self, most: u32) -> Result<(), StoreError> {
        let conn = self.writer();
        conn.query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(()))
            .map_err(StoreError::database("limiting the size of the store"))
    }

    fn writer(&self) -> MutexGuard<'_, Connection> {
        // A panic in the middle of a transaction drops it, which rolls it back; the connection is sound.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a transaction that commits when it succeeds.
    fn write<T>(
        &self,
        doing: &'static str,
        run: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut conn = self.writer();
        let tx = conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::database(doing))?;
        let value = run(&tx)?;
        point("server.write.before_commit").map_err(StoreError::stopped)?;
        tx.commit().map_err(StoreError::database(doing))?;
        point("server.write.after_commit").map_err(StoreError::stopped)?;
        Ok(value)
    }

    /// Runs a reading in one snapshot.
    pub(super) fn read<T>(
        &self,
        run: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let failed = StoreError::database("reading");
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut conn = match idle {
            Some(conn) => conn,
            None => open::connect(&self.database, false)?,
        };
        let value = {
            let tx = conn.transaction().map_err(failed)?;
            run(&tx)?
        };
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        Ok(value)
    }

    /// Takes a new epoch, because this history is not the one that laptops have seen.
    fn take_new_epoch(&self, rim: &dyn Rim) -> Result<(), StoreError> {
        let epoch = self.write("taking a new epoch", |tx| rebirth::begin_history(tx, None, rim))?;
        point("server.epoch.after_commit").map_err(StoreError::stopped)?;
        tracing::error!(%epoch, "a laptop has seen entries that this store does not have: new epoch");
        Ok(())
    }
}

impl GeodataStore for SqliteStore {
    fn grid(&self) -> GridSystem {
        self.grid
    }

    fn datasets(&self) -> Vec<DatasetRow> {
        let dates = self.read(|conn| {
            let mut statement = conn
                .prepare_cached(
                    "SELECT dataset, min(data_date) FROM source_set WHERE data_date <> '' GROUP BY dataset",
                )
                .map_err(StoreError::database("reading dates"))?;
            let rows = statement
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
                .and_then(Iterator::collect::<Result<std::collections::HashMap<u16, String>, _>>);
            rows.map_err(StoreError::database("reading dates"))
        });
        // A date that cannot be read is shown as unknown.
        let dates = dates.unwrap_or_default();
        let datasets = self.catalogue.datasets.iter().map(|it| DatasetRow {
            no: it.no,
            dataset: it.dataset.clone(),
            revision: it.revision,
            declaration: it.declaration.clone(),
            data_date: dates.get(&it.no).cloned(),
        });
        datasets.collect()
    }

    fn forms(&self) -> Vec<StoredForm> {
        self.catalogue.forms.clone()
    }

    fn workspace(&self) -> &str {
        &self.workspace
    }

    fn head(&self) -> Result<StoreHead, StoreError> {
        self.read(feed::head)
    }

    fn join(
        &self,
        request: &JoinRequest,
        is_local: bool,
        rim: &dyn Rim,
    ) -> Result<JoinReply, StoreError> {
        self.write("enrolling a laptop", |tx| {
            let epoch = open::meta(tx, "epoch")?;
            devices::join(tx, request, is_local, rim).map(|joined| JoinReply {
                protocol: faltkarta_protocol::PROTOCOL_VERSION,
                token: joined.token,
                workspace: self.workspace.clone(),
                epoch,
                lineage: joined.lineage,
                device_name: joined.name,
                role: joined.role.to_string(),
                server_time: rim.now(),
            })
        })
    }

    fn create_enrol_code(
        &self,
        role: Role,
        until: Timestamp,
        rim: &dyn Rim,
    ) -> Result<String, StoreError> {
        self.write("making a code", |tx| devices::create_code(tx, role, until, rim))
    }

    fn device_of_token(&self, token: &str, now: Timestamp) -> Result<DeviceRow, StoreError> {
        let device = self.read(|conn| devices::of_token(conn, token))?;
        // Not every request is worth a durable write.
        if now.unix_ms() - device.last_seen_at.unix_ms() > 60_000 {
            self.write("noting a laptop", |tx| devices::seen(tx, device.id, now))?;
        }
        Ok(device)
    }

    fn devices(&self) -> Result<Vec<DeviceRow>, StoreError> {
        self.read(devices::all)
    }

    fn take_report(
        &self,
        device: Uuid,
        report: &DeviceReport,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write("keeping a report", |tx| report::keep(tx, device, report, now))
    }

    fn revoke_device(&self, device: Uuid) -> Result<(), StoreError> {
        self.write("revoking a laptop", |tx| devices::revoke(tx, device))
    }

    fn apply_ops(
        &self,
        pusher: &Pusher<'_>,
        ops: &[Result<Operation, Malformed>],
        rim: &dyn Rim,
    ) -> Result<PushReply, StoreError> {
        let (now, lineage) = (rim.now(), rim.new_id().to_string());
        let taken = self.write("taking a push", |tx| {
            let mut rows = OpenRows::new(tx);
            take_push(&mut rows, &self.catalogue, pusher, ops, (now, &lineage))
        });
        if matches!(taken, Err(StoreError::WitnessMismatch)) {
            self.take_new_epoch(rim)?;
        }
        taken
    }

    fn keep_raw_push(
        &self,
        device: &DeviceRow,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.write("keeping a push of another version", |tx| {
            keeping::keep_raw_push(tx, device.id, body, now)
        })
    }

    fn pull(
        &self,
        cursor: &str,
        limit: usize,
        reader: &Reader,
        rim: &dyn Rim,
    ) -> Result<FeedPage, StoreError> {
        let until = self.read(open::recovery_until)?;
        if until.is_some_and(|it| it <= rim.now()) {
            self.finish_recovery(rim.now())?;
        }
        let page = self.read(|conn| {
            feed::check_seen(conn, &reader.seen)?;
            let at = feed::read_cursor(conn, cursor)?.place()?;
            feed::page(conn, at, limit, reader, &self.catalogue)
        });
        unless_put_back(page, || self.take_new_epoch(rim))
    }

    fn subscription(&self, device: Uuid) -> Result<Subscription, StoreError> {
        self.read(|conn| subscriptions::of(conn, device))
    }

    fn set_subscription(
        &self,
        device: Uuid,
        parts: &[SubscriptionPart],
    ) -> Result<Subscription, StoreError> {
        self.write("keeping a subscription", |tx| subscriptions::set(tx, device, parts))
    }

    fn rows(&self, ask: &RowsAsk, reader: &Reader, rim: &dyn Rim) -> Result<RowsPage, StoreError> {
        let page = self.read(|conn| {
            feed::check_seen(conn, &reader.seen)?;
            rows_page::page(conn, ask, reader, &self.catalogue)
        });
        unless_put_back(page, || self.take_new_epoch(rim))
    }

    fn digest(&self, reader: &Reader) -> Result<(StoreHead, Vec<DatasetDigest>), StoreError> {
        digest(self.package_inputs()?.as_ref(), &self.catalogue, reader)
    }

    fn bases(&self, seqs: &[u64], role: Role) -> Result<Vec<Base>, StoreError> {
        self.read(|conn| bases::bases(conn, seqs, role, &self.catalogue))
    }

    fn raw_pushes(&self) -> Result<Vec<RawPush>, StoreError> {
        self.read(keeping::raw_pushes)
    }

    fn drop_raw_push(&self, no: u64) -> Result<(), StoreError> {
        self.write("forgetting a kept push", |tx| keeping::drop_raw_push(tx, no))
    }

    fn judge(&self, task: &Task<'_>, rim: &dyn Rim) -> Result<Vec<OpOutcome>, StoreError> {
        self.write("judging operations", |tx| {
            carry_out(&mut OpenRows::new(tx), &self.catalogue, task, rim.now())
        })
    }

    fn declaration(&self, dataset: &DatasetId, revision: u32) -> Result<Declaration, StoreError> {
        let no = self.catalogue.get(dataset)?.no;
        let toml = self.read(|conn| catalogue::declaration(conn, no, revision))?;
        Ok(Declaration { dataset: dataset.clone(), revision, toml })
    }

    fn lease_numbers(
        &self,
        device: Uuid,
        request: &NumberRequest,
        least: u64,
        now: Timestamp,
    ) -> Result<NumberBlock, StoreError> {
        self.write("leasing numbers", |tx| keeping::lease(tx, device, request, least, now))
    }

    fn stored_feature(&self, id: FeatureId) -> Result<Option<StoredFeature>, StoreError> {
        self.read(|conn| keeping::stored_feature(conn, &self.catalogue, id))
    }

    fn conflicts_of(&self, feature: FeatureId) -> Result<Vec<FeedConflict>, StoreError> {
        let rows = self.read(|conn| rows::open_conflicts(conn, &[feature]))?;
        Ok(rows.into_iter().map(ConflictRow::told).collect())
    }

    fn verify_feed(&self) -> Result<StoreHead, StoreError> {
        self.read(feed::verify)
    }

    fn feature(&self, id: FeatureId) -> Result<Option<Feature>, StoreError> {
        self.read(|conn| {
            let Some(stored) = row::load(conn, id)?.map(|it| it.it).filter(|it| !it.is_deleted)
            else {
                return Ok(None);
            };
            let Some(declared) = self.catalogue.by_no(stored.dataset_no) else { return Ok(None) };
            Ok(Some(Feature {
                id,
                dataset: declared.dataset.id.clone(),
                version: stored.version,
                geometry: stored.content.geometry()?,
                properties: stored.content.properties()?,
            }))
        })
    }

    fn for_each_feature(
        &self,
        filter: &FeatureFilter,
        see: &mut dyn FnMut(Feature) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let inputs = self.package_inputs()?;
        inputs.for_each_row(&filter.dataset, &mut |row| {
            let geometry = row
                .wkb
                .map(|it| faltkarta_geo::Geometry::from_wkb(it.to_vec()))
                .transpose()
                .map_err(StoreError::damaged)?;
            if let Some(wanted) = filter.bounds {
                let bounds = geometry.as_ref().and_then(faltkarta_geo::Geometry::bounds);
                if !bounds.is_some_and(|it| it.meets(wanted)) {
                    return Ok(());
                }
            }
            see(Feature {
                id: row.id,
                dataset: filter.dataset.clone(),
                version: row.version,
                geometry,
                properties: serde_json::from_str(row.properties).map_err(StoreError::damaged)?,
            })
        })
    }

    fn features_after(
        &self,
        ask: &FeaturesAsk,
        see: &mut dyn FnMut(u64, Feature) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let declared = self.catalogue.get(&ask.dataset)?;
        self.read(|conn| features::after(conn, declared, ask, see))
    }

    fn count_features(&self, dataset: &DatasetId) -> Result<u64, StoreError> {
        let declared = self.catalogue.get(dataset)?;
        self.read(|conn| features::count(conn, declared))
    }

    fn extent(&self, dataset: &DatasetId) -> Result<Option<Bounds>, StoreError> {
        let declared = self.catalogue.get(dataset)?;
        self.read(|conn| features::extent(conn, declared))
    }

    fn import_file(
        &self,
        edition: Uuid,
        now: Timestamp,
        dry_run: bool,
        fill: &mut dyn FnMut(&mut dyn Delivered) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        const DOING: &str = "taking a delivery in";
        let mut conn = self.writer();
        let tx = conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::database(DOING))?;
        let mut taking = Taking::new(FeedWriter::new(&tx)?, &self.catalogue, edition, now);
        fill(&mut taking)?;
        if dry_run {
            return tx.rollback().map_err(StoreError::database(DOING));
        }
        taking.writer.finish()?;
        tx.commit().map_err(StoreError::database(DOING))
    }

    fn take_ops(
        &self,
        whose: (Role, &str),
        ops: &[Result<Operation, Malformed>],
        now: Timestamp,
    ) -> Result<Vec<OpOutcome>, StoreError> {
        self.write("taking operations in", |tx| {
            take_alone(&mut OpenRows::new(tx), &self.catalogue, whose, ops, now)
        })
    }

    fn finish_recovery(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.write("merging what laptops gave back", |tx| {
            finish_recovery(&mut OpenRows::new(tx), &self.catalogue, now)
        })
    }

    fn cut_feed(&self, until: Timestamp, now: Timestamp) -> Result<CutReport, StoreError> {
        self.write("cutting the feed", |tx| retention::cut(tx, until, now))
    }

    fn backups(&self) -> Result<Vec<BackupRow>, StoreError> {
        self.read(backups::all)
    }

    fn count_on_backups(&self, backups: &[BackupRow]) -> Result<u64, StoreError> {
        self.write("noting the backups", |tx| backups::count_on(tx, backups))
    }

    fn open_conflicts(&self) -> Result<Vec<OpenConflict>, StoreError> {
        self.read(|conn| keeping::open_conflicts(conn, &self.catalogue))
    }

    fn held_ops(&self) -> Result<Vec<HeldRow>, StoreError> {
        self.read(keeping::held_ops)
    }

    fn blob(&self, blob: &BlobId) -> Result<StoredBlob, StoreError> {
        self.read(|conn| blobs::look(conn, &self.catalogue, blob))
    }

    fn keep_blob(&self, blob: &BlobId, n_bytes: u64, now: Timestamp) -> Result<(), StoreError> {
        self.write("keeping an attachment", |tx| blobs::keep(tx, blob, n_bytes, now))
    }

    fn keep_preview(&self, blob: &BlobId, now: Timestamp) -> Result<(), StoreError> {
        self.write("keeping a preview", |tx| blobs::keep_preview(tx, blob, now))
    }

    fn idle_blobs(&self, now: Timestamp) -> Result<Vec<IdleBlob>, StoreError> {
        self.write("looking for attachments that nothing names", |tx| idle::note(tx, now))
    }

    fn forget_blob(&self, blob: &BlobId, before: Timestamp) -> Result<bool, StoreError> {
        self.write("forgetting an attachment", |tx| idle::forget(tx, blob, before))
    }

    fn blob_counts(&self) -> Result<BlobCounts, StoreError> {
        self.read(blobs::counts)
    }

    fn depot(&self) -> &Depot {
        &self.depot
    }

    fn package_inputs(&self) -> Result<Box<dyn PackageInputs + '_>, StoreError> {
        let conn = open::connect(&self.database, false)?;
        Ok(Box::new(Snapshot::take(conn, &self.catalogue)?))
    }

    fn packages_folder(&self) -> &Path {
        &self.packages
    }
}
