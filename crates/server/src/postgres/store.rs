use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use faltkarta_changes::Operation;
use faltkarta_geo::{Bounds, Geometry, GridSystem};
use faltkarta_model::{BlobId, DatasetId, Feature, FeatureId, OpId, Timestamp};
use faltkarta_protocol::{
    DatasetDigest, Declaration, DeviceReport, FeedConflict, JoinReply, JoinRequest, NumberBlock,
    NumberRequest, OpOutcome, Outcome, PushReply, Subscription, SubscriptionPart,
};
use uuid::Uuid;

use crate::areas::{Reader, digest};
use crate::backend::{
    BackupRow, BlobCounts, CutReport, DatasetRow, Delivered, DeviceRow, FeatureFilter, FeaturesAsk,
    FeedPage, GeodataStore, HeldRow, Malformed, OpenConflict, PackageInputs, Pusher, RawPush,
    RowsAsk, RowsPage, StoreHead, StoredBlob, StoredFeature, StoredForm, Task,
};
use crate::blobs::Depot;
use crate::cursor::unless_put_back;
use crate::enrol;
use crate::error::StoreError;
use crate::judging::{
    Catalogue, ConflictRow, Rows as _, carry_out, finish_recovery, take_alone, take_push,
};
use crate::postgres::deliver::Taking;
use crate::postgres::feed;
use crate::postgres::package_rows::Snapshot;
use crate::postgres::pool::Pool;
use crate::postgres::rows::{LOAD, OpenRows, conflict_row, feature_row, held_op, moment};
use crate::postgres::tx::{Tx, later_params};
use crate::postgres::{
    aftermath, blobs, devices, features, keeping, retention, rows_page, subscriptions,
};
use crate::rim::Rim;
use crate::role::Role;

/// The store in a PostgreSQL database. Several programs may have it open at once, and people with SQL beside them.
pub struct PostgresStore {
    pool: Pool,
    packages: PathBuf,
    depot: Depot,
    grid: GridSystem,
    workspace: String,
    catalogue: Catalogue,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("packages", &self.packages).finish_non_exhaustive()
    }
}

impl PostgresStore {
    pub(super) fn new(
        pool: Pool,
        (folder, depot): (&Path, Depot),
        grid: GridSystem,
        workspace: String,
        catalogue: Catalogue,
    ) -> Self {
        Self { pool, packages: folder.join("packages"), depot, grid, workspace, catalogue }
    }

    /// The same store with attachments somewhere else than in its folder.
    #[must_use]
    pub fn with_depot(mut self, depot: Depot) -> Self {
        self.depot = depot;
        self
    }

    /// Takes a new epoch, because this history is not the one that laptops have seen.
    fn take_new_epoch(&self, rim: &dyn Rim) -> Result<(), StoreError> {
        let epoch = Uuid::from_slice(&rim.secret()[..16]).unwrap_or_default().to_string();
        tracing::error!(%epoch, "a laptop has seen entries that this store does not have: new epoch");
        let lineage = self.pool.follow()?;
        self.pool.write("taking a new epoch", |tx| {
            tx.later(
                "UPDATE meta SET value = CASE key WHEN 'epoch' THEN $1 WHEN 'cluster_system' THEN $2 ELSE $3 END
                 WHERE key IN ('epoch', 'cluster_system', 'cluster_timeline')",
                later_params![epoch.clone(), lineage.system.clone(), lineage.timeline.clone()],
            );
            Ok(())
        })
    }
}

impl GeodataStore for PostgresStore {
    fn grid(&self) -> GridSystem {
        self.grid
    }

    fn datasets(&self) -> Vec<DatasetRow> {
        let dates = self.pool.read("reading dates", |tx| {
            let rows = tx.rows(
                "SELECT dataset, min(data_date) FROM source_set WHERE data_date <> '' GROUP BY dataset",
                &[],
            )?;
            let dates = rows.iter().map(|it| (it.get::<_, i32>(0) as u16, it.get(1)));
            Ok(dates.collect::<std::collections::HashMap<u16, String>>())
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
        self.pool.read("reading the head of the feed", feed::head)
    }

    fn join(
        &self,
        request: &JoinRequest,
        is_local: bool,
        rim: &dyn Rim,
    ) -> Result<JoinReply, StoreError> {
        let joined = self
            .pool
            .write("enrolling a laptop", |tx| devices::join(tx, request, is_local, rim))?;
        Ok(JoinReply {
            protocol: faltkarta_protocol::PROTOCOL_VERSION,
            token: joined.token,
            workspace: self.workspace.clone(),
            epoch: joined.epoch,
            lineage: joined.lineage,
            device_name: joined.name,
            role: joined.role.to_string(),
            server_time: rim.now(),
        })
    }

    fn create_enrol_code(
        &self,
        role: Role,
        until: Timestamp,
        rim: &dyn Rim,
    ) -> Result<String, StoreError> {
        let code = enrol::new_code(rim);
        self.pool.write("making a code", |tx| {
            devices::keep_code(tx, &code.plain, role, until);
            Ok(())
        })?;
        Ok(code.shown)
    }

    fn device_of_token(&self, token: &str, now: Timestamp) -> Result<DeviceRow, StoreError> {
        let device = self.pool.read("looking for a laptop", |tx| devices::of_token(tx, token))?;
        // Not every request is worth a durable write.
        if now.unix_ms() - device.last_seen_at.unix_ms() > 60_000 {
            self.pool.write("noting a laptop", |tx| {
                devices::seen(tx, device.id, now);
                Ok(())
            })?;
        }
        Ok(device)
    }

    fn devices(&self) -> Result<Vec<DeviceRow>, StoreError> {
        self.pool.read("reading laptops", devices::all)
    }

    fn take_report(
        &self,
        device: Uuid,
        report: &DeviceReport,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.pool.write("keeping a report", |tx| devices::keep_report(tx, device, report, now))
    }

    fn revoke_device(&self, device: Uuid) -> Result<(), StoreError> {
        self.pool.write("revoking a laptop", |tx| devices::revoke(tx, device))
    }

    fn apply_ops(
        &self,
        pusher: &Pusher<'_>,
        ops: &[Result<Operation, Malformed>],
        rim: &dyn Rim,
    ) -> Result<PushReply, StoreError> {
        let (now, lineage) = (rim.now(), rim.new_id().to_string());
        let taken = self.pool.write("taking a push", |tx| {
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
        self.pool.write("keeping a push of another version", |tx| {
            keeping::keep_raw_push(tx, device.id, body, now);
            Ok(())
        })
    }

    fn raw_pushes(&self) -> Result<Vec<RawPush>, StoreError> {
        self.pool.read("reading pushes of another version", keeping::raw_pushes)
    }

    fn drop_raw_push(&self, no: u64) -> Result<(), StoreError> {
        self.pool.write("forgetting a kept push", |tx| keeping::drop_raw_push(tx, no))
    }

    fn judge(&self, task: &Task<'_>, rim: &dyn Rim) -> Result<Vec<OpOutcome>, StoreError> {
        self.pool.write("judging operations", |tx| {
            carry_out(&mut OpenRows::new(tx), &self.catalogue, task, rim.now())
        })
    }

    fn declaration(&self, dataset: &DatasetId, revision: u32) -> Result<Declaration, StoreError> {
        let no = i32::from(self.catalogue.get(dataset)?.no);
        let revision_no = i32::try_from(revision).map_err(|_| StoreError::NotFound)?;
        let row = self.pool.read("reading a declaration", |tx| {
            tx.row(
                "SELECT declaration FROM dataset_revision WHERE dataset = $1 AND revision = $2",
                &[&no, &revision_no],
            )
        })?;
        let toml = row.ok_or(StoreError::NotFound)?.get(0);
        Ok(Declaration { dataset: dataset.clone(), revision, toml })
    }

    fn lease_numbers(
        &self,
        device: Uuid,
        request: &NumberRequest,
        least: u64,
        now: Timestamp,
    ) -> Result<NumberBlock, StoreError> {
        self.pool.write("leasing numbers", |tx| keeping::lease(tx, device, request, least, now))
    }

    fn stored_feature(&self, id: FeatureId) -> Result<Option<StoredFeature>, StoreError> {
        self.pool.read("reading a feature", |tx| keeping::stored_feature(tx, &self.catalogue, id))
    }

    fn conflicts_of(&self, feature: FeatureId) -> Result<Vec<FeedConflict>, StoreError> {
        let rows = self
            .pool
            .read("reading conflicts", |tx| OpenRows::new(tx).open_conflicts(&[feature]))?;
        Ok(rows.into_iter().map(ConflictRow::told).collect())
    }

    fn pull(
        &self,
        cursor: &str,
        limit: usize,
        reader: &Reader,
        rim: &dyn Rim,
    ) -> Result<FeedPage, StoreError> {
        aftermath::settle(&self.pool, &self.catalogue)?;
        let until = self.pool.read("looking at the window after a restore", |tx| {
            OpenRows::new(tx).recovery_until()
        })?;
        if until.is_some_and(|it| it <= rim.now()) {
            self.finish_recovery(rim.now())?;
        }
        let page = self.pool.read("reading the feed", |tx| {
            feed::check_seen(tx, &reader.seen)?;
            let at = feed::read_cursor(tx, cursor)?.place()?;
            feed::page(tx, at, limit, reader, &self.catalogue)
        });
        unless_put_back(page, || self.take_new_epoch(rim))
    }

    fn subscription(&self, device: Uuid) -> Result<Subscription, StoreError> {
        self.pool.read("reading a subscription", |tx| subscriptions::of(tx, device))
    }

    fn set_subscription(
        &self,
        device: Uuid,
        parts: &[SubscriptionPart],
    ) -> Result<Subscription, StoreError> {
        self.pool.write("keeping a subscription", |tx| subscriptions::set(tx, device, parts))
    }

    fn rows(&self, ask: &RowsAsk, reader: &Reader, rim: &dyn Rim) -> Result<RowsPage, StoreError> {
        aftermath::settle(&self.pool, &self.catalogue)?;
        let page = self.pool.read("reading rows", |tx| {
            feed::check_seen(tx, &reader.seen)?;
            rows_page::page(tx, ask, reader, &self.catalogue)
        });
        unless_put_back(page, || self.take_new_epoch(rim))
    }

    fn digest(&self, reader: &Reader) -> Result<(StoreHead, Vec<DatasetDigest>), StoreError> {
        digest(self.package_inputs()?.as_ref(), &self.catalogue, reader)
    }

    fn verify_feed(&self) -> Result<StoreHead, StoreError> {
        self.pool.read("proving the feed", feed::verify)
    }

    fn feature(&self, id: FeatureId) -> Result<Option<Feature>, StoreError> {
        let row = self.pool.read("reading a feature", |tx| tx.row(LOAD, &[&vec![id.uuid()]]))?;
        let Some(stored) = row.as_ref().map(feature_row).transpose()?.filter(|it| !it.is_deleted)
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
    }

    fn for_each_feature(
        &self,
        filter: &FeatureFilter,
        see: &mut dyn FnMut(Feature) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let inputs = self.package_inputs()?;
        inputs.for_each_row(&filter.dataset, &mut |row| {
            let geometry = row.wkb.map(|it| Geometry::from_wkb(it.to_vec())).transpose();
            let geometry = geometry.map_err(StoreError::damaged)?;
            if let Some(wanted) = filter.bounds {
                let bounds = geometry.as_ref().and_then(Geometry::bounds);
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
        self.pool.read("reading features", |tx| features::after(tx, declared, ask, see))
    }

    fn count_features(&self, dataset: &DatasetId) -> Result<u64, StoreError> {
        let declared = self.catalogue.get(dataset)?;
        self.pool.read("counting features", |tx| features::count(tx, declared))
    }

    fn extent(&self, dataset: &DatasetId) -> Result<Option<Bounds>, StoreError> {
        let declared = self.catalogue.get(dataset)?;
        self.pool.read("reading features", |tx| features::extent(tx, declared))
    }

    fn import_file(
        &self,
        edition: Uuid,
        now: Timestamp,
        dry_run: bool,
        fill: &mut dyn FnMut(&mut dyn Delivered) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        const DOING: &str = "taking a delivery in";
        let mut session = self.pool.own_session()?;
        // Between two statements lies the reading of the file.
        session.batch(
            DOING,
            "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = '2h'",
        )?;
        let mut tx = Tx::begin(&mut session, DOING, "BEGIN");
        let mut taking = Taking::new(&mut tx, &self.catalogue, edition, now);
        fill(&mut taking)?;
        if dry_run {
            // The end of the connection undoes it.
            return Ok(());
        }
        taking.finish();
        tx.commit()
    }

    fn take_ops(
        &self,
        whose: (Role, &str),
        ops: &[Result<Operation, Malformed>],
        now: Timestamp,
    ) -> Result<Vec<OpOutcome>, StoreError> {
        self.pool.write("taking operations in", |tx| {
            take_alone(&mut OpenRows::new(tx), &self.catalogue, whose, ops, now)
        })
    }

    fn finish_recovery(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.pool.write("merging what laptops gave back", |tx| {
            finish_recovery(&mut OpenRows::new(tx), &self.catalogue, now)
        })
    }

    fn cut_feed(&self, until: Timestamp, now: Timestamp) -> Result<CutReport, StoreError> {
        self.pool.write("cutting the feed", |tx| retention::cut(tx, until, now))
    }

    fn backups(&self) -> Result<Vec<BackupRow>, StoreError> {
        self.pool.read("reading what backups there are", |tx| {
            let rows = tx.rows("SELECT folder, at, seq FROM backup ORDER BY at, folder", &[])?;
            rows.iter()
                .map(|it| {
                    Ok(BackupRow {
                        folder: PathBuf::from(it.get::<_, String>(0)),
                        at: moment(it.get(1))?,
                        seq: it.get::<_, i64>(2) as u64,
                    })
                })
                .collect()
        })
    }

    fn count_on_backups(&self, backups: &[BackupRow]) -> Result<u64, StoreError> {
        let safe_seq = backups.iter().map(|it| it.seq).min().unwrap_or(0);
        self.pool.write("noting the backups", |tx| {
            tx.later("DELETE FROM backup", vec![]);
            for row in backups {
                tx.later(
                    "INSERT INTO backup(folder, at, seq) VALUES ($1, $2, $3)",
                    later_params![
                        row.folder.to_string_lossy().into_owned(),
                        row.at.to_string(),
                        row.seq as i64
                    ],
                );
            }
            if let Some(newest) = backups.iter().max_by_key(|it| it.at) {
                retention::mark(tx, newest.seq, newest.at);
            }
            tx.later("UPDATE feed_head SET safe_seq = $1", later_params![safe_seq as i64]);
            Ok(())
        })?;
        Ok(safe_seq)
    }

    fn open_conflicts(&self) -> Result<Vec<OpenConflict>, StoreError> {
        let rows = self.pool.read("reading conflicts", |tx| {
            tx.rows(
                "SELECT body, feature, dataset, replica, at, candidate_by, store_by, merged, state, closed_by
                 FROM conflict WHERE state = 'open' ORDER BY at, id",
                &[],
            )
        })?;
        let mut conflicts = vec![];
        for row in &rows {
            let row = conflict_row(row)?;
            let Some(declared) = self.catalogue.by_no(row.dataset_no) else { continue };
            conflicts.push(OpenConflict {
                conflict: row.conflict,
                dataset: declared.dataset.id.clone(),
                feature: row.feature,
                user: row.candidate_by.user,
                at: row.at,
            });
        }
        Ok(conflicts)
    }

    fn held_ops(&self) -> Result<Vec<HeldRow>, StoreError> {
        let rows = self.pool.read("reading operations that wait", |tx| {
            tx.rows(
                "SELECT op, hash, is_parked, why, needs, grp, replica, op_no, at, device, payload FROM held
                 ORDER BY at, op_no",
                &[],
            )
        })?;
        rows.iter()
            .map(|row| {
                let held = held_op(row)?;
                let why = held.why;
                let outcome = if held.is_parked {
                    Outcome::Parked { why }
                } else {
                    Outcome::Quarantined { why }
                };
                let op: OpId = held.op;
                let outcome = OpOutcome { op, outcome, seq: None };
                Ok(HeldRow { op, outcome, payload: held.payload, at: held.at })
            })
            .collect()
    }

    fn blob(&self, blob: &BlobId) -> Result<StoredBlob, StoreError> {
        self.pool.read("looking for an attachment", |tx| blobs::look(tx, &self.catalogue, blob))
    }

    fn blob_counts(&self) -> Result<BlobCounts, StoreError> {
        self.pool.read("counting attachments", blobs::counts)
    }

    fn keep_blob(&self, blob: &BlobId, n_bytes: u64, now: Timestamp) -> Result<(), StoreError> {
        self.pool.write("keeping an attachment", |tx| blobs::keep(tx, blob, n_bytes, now))
    }

    fn keep_preview(&self, blob: &BlobId, now: Timestamp) -> Result<(), StoreError> {
        self.pool.write("keeping a preview", |tx| blobs::keep_preview(tx, blob, now))
    }

    fn depot(&self) -> &Depot {
        &self.depot
    }

    fn package_inputs(&self) -> Result<Box<dyn PackageInputs + '_>, StoreError> {
        Ok(Box::new(Snapshot::take(self.pool.own_session()?, &self.catalogue)?))
    }

    fn packages_folder(&self) -> &Path {
        &self.packages
    }
}
