use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};

use faltkarta_changes::Operation;
use faltkarta_faults::{Bug, is_seeded, point};
use faltkarta_model::{DatasetId, IdSource, OpId, Timestamp, Value};
use faltkarta_protocol::{Base, Outcome, PROTOCOL_VERSION, PushReply, PushRequest, pack};

use crate::editing::geometry_field;
use crate::error::AppError;
use crate::field::Field;
use crate::sync::link::{Link, LinkError};

/// Most operations and bytes of one push. Source: the wire's document, `docs/formats/sync-1.md`.
const PUSH_OPS_MAX: usize = 200;
const COLUMNS_OPS_MAX: usize = 1_000;
const PUSH_BYTES_MAX: usize = 1 << 20;

/// A laptop that others work on while a round is under way: it is taken between two requests only.
pub trait FieldAccess {
    /// Does something with the laptop. Nothing inside may wait for a network.
    fn with<R>(&self, act: impl FnOnce(&mut Field) -> R) -> R;
}

impl FieldAccess for Mutex<Field> {
    fn with<R>(&self, act: impl FnOnce(&mut Field) -> R) -> R {
        // A fault elsewhere leaves the store whole, each of its functions being one transaction.
        act(&mut self.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl FieldAccess for RefCell<Field> {
    fn with<R>(&self, act: impl FnOnce(&mut Field) -> R) -> R {
        act(&mut self.borrow_mut())
    }
}

/// What one round did.
#[derive(Debug, Default)]
pub struct SyncReport {
    /// Operations that the store answered for.
    pub n_sent: u32,
    /// Entries of the feed that were taken.
    pub n_received: u32,
    /// Operations that hold beside changes of others, and entries that met own edits under way.
    pub n_merged: u32,
    /// Operations with a part that waits for a person.
    pub n_conflicts: u32,
    /// Operations that wait for something else.
    pub n_parked: u32,
    /// Operations that wait for the coordinator.
    pub n_quarantined: u32,
    /// Photos that the store holds now and did not before.
    pub n_photos: u32,
    /// Small pictures of colleagues' photos that were fetched.
    pub n_previews: u32,
    /// Datasets whose rows were not what the store holds; they were fetched again.
    pub differing: Vec<DatasetId>,
    /// Number of the last feed entry that is in the base.
    pub cursor_seq: u64,
    /// The first thing that went wrong; the rest of the round was done as far as it could be.
    pub failure: Option<AppError>,
}

/// One round: operations are pushed, the feed is pulled, photos are sent. A failed push never stops the pull.
///
/// # Errors
///
/// [`AppError::NotEnrolled`]; everything else stands in the report.
pub fn sync_round(
    field: &impl FieldAccess,
    link: &mut dyn Link,
    now: &mut dyn FnMut() -> Timestamp,
    ids: &mut dyn IdSource,
) -> Result<SyncReport, AppError> {
    let (workspace, needs_package) = field.with(|it| {
        let workspace = it.store.meta("store_workspace")?.ok_or(AppError::NotEnrolled)?;
        Ok::<_, AppError>((workspace, it.store.meta("needs_resync")?.is_some()))
    })?;
    let mut round = Round { field, link, now, ids, workspace, report: SyncReport::default() };
    let is_ready = !needs_package || round.note(Round::resync);
    if is_ready && round.push_and_pull() {
        round.settle();
    }
    if round.note(Round::send_photos) {
        round.note(Round::tend_photos);
    }
    if let Err(error) = round.tell() {
        tracing::info!(code = error.code(), "the store was not told how things stand");
    }
    let failure = round.report.failure.take();
    let at = (round.now)();
    let report = round.report;
    field.with(|it| remember(it, failure.as_ref(), at))?;
    let cursor_seq = field.with(|it| it.store.cursor_seq())?;
    Ok(SyncReport { cursor_seq, failure, ..report })
}

fn remember(field: &mut Field, failure: Option<&AppError>, at: Timestamp) -> Result<(), AppError> {
    match failure {
        None => {
            field.store.set_meta("last_received_at", &at.to_string())?;
            field.store.clear_metas(&["offline_since", "error_code"])?;
        }
        Some(error) => {
            if field.store.meta("offline_since")?.is_none() {
                field.store.set_meta("offline_since", &at.to_string())?;
            }
            field.store.set_meta("error_code", error.code())?;
        }
    }
    field.touch();
    Ok(())
}

/// Device clock minus store clock in milliseconds, as text for the store's columns.
pub(crate) fn clock_offset(device: Timestamp, store: Timestamp) -> String {
    let offset_ms = device.unix_ms().saturating_sub(store.unix_ms());
    offset_ms.clamp(i64::from(i32::MIN), i64::from(i32::MAX)).to_string()
}

/// A round under way.
pub(super) struct Round<'a, A: FieldAccess> {
    pub(super) field: &'a A,
    pub(super) link: &'a mut dyn Link,
    pub(super) now: &'a mut dyn FnMut() -> Timestamp,
    pub(super) ids: &'a mut dyn IdSource,
    pub(super) workspace: String,
    pub(super) report: SyncReport,
}

impl<A: FieldAccess> Round<'_, A> {
    /// Does a part of the round; keeps its failure and says whether it went well.
    fn note(&mut self, act: impl FnOnce(&mut Self) -> Result<(), AppError>) -> bool {
        match act(self) {
            Ok(()) => true,
            Err(error) => {
                tracing::info!(code = error.code(), "part of a round failed");
                self.report.failure.get_or_insert(error);
                false
            }
        }
    }

    /// Neither waits for the other; says whether the pull went well.
    fn push_and_pull(&mut self) -> bool {
        let pushed = self.push();
        let pulled = self.pull();
        let is_resync =
            |it: &Result<(), AppError>| matches!(it, Err(AppError::Link(LinkError::Resync)));
        if !is_resync(&pushed) && !is_resync(&pulled) {
            self.note(|_| pushed);
            return self.note(|_| pulled);
        }
        // Another history, or one that was cut behind our cursor: a new beginning, then all again.
        let is_marked = self.note(|it| it.field.with(|field| Ok(field.store.note_refusal()?)));
        if !is_marked || !self.note(Self::resync) {
            return false;
        }
        self.note(Self::push);
        self.note(Self::pull)
    }

    /// What follows a push and a pull; the first part is work, the rest may wait for another day.
    fn settle(&mut self) {
        self.note(Self::follow_areas);
        self.note(Self::backfill);
        self.note(Self::let_go);
        for (name, act) in [
            ("numbers", Self::lease_numbers as fn(&mut Self) -> Result<(), AppError>),
            ("comparison", Self::compare),
            ("base map", Self::renew_base_map),
        ] {
            if let Err(error) = act(self) {
                tracing::info!(name, code = error.code(), "put off");
            }
        }
    }

    /// What nothing hangs on any more goes.
    fn let_go(&mut self) -> Result<(), AppError> {
        self.field.with(|it| {
            let effect = it.store.release_moved_out()?;
            it.take_effect(&effect);
            it.store.drop_previous_base()?;
            Ok(it.store.refill_reserve()?)
        })
    }

    fn push(&mut self) -> Result<(), AppError> {
        let mut is_renewed = false;
        loop {
            let Some((request, sent)) = self.send()? else { return Ok(()) };
            match sent {
                Ok(reply) => {
                    point("app.push.after_answer")?;
                    self.take_outcomes(&request, &reply)?;
                }
                Err(LinkError::StaleLineage) if !is_renewed => {
                    is_renewed = true;
                    point("app.lineage.before_renewal")?;
                    let ids = &mut *self.ids;
                    self.field.with(|it| {
                        it.store.renew_replica(ids)?;
                        it.store.set_meta("lineage", "")
                    })?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The seeded mistake of new ids for operations that were sent before; the ids of the journal beside.
    fn renamed(&mut self, mut request: PushRequest) -> (PushRequest, Option<Vec<OpId>>) {
        if !is_seeded(Bug::NewIdOnRetry) {
            return (request, None);
        }
        let replica = request.replica.to_string();
        let journalled = request.ops.iter().map(|it| it.id).collect();
        for op in &mut request.ops {
            let key = format!("sent {replica} {}", op.id);
            if faltkarta_faults::noted(&key).is_some() {
                op.id = OpId::new(self.ids);
            }
            faltkarta_faults::note(&key, "");
        }
        (request, Some(journalled))
    }

    /// Sends what waits: packed where there are several operations and the store reads that, else as JSON.
    fn send(&mut self) -> Result<Option<Sent>, AppError> {
        let many = self.field.with(|it| push_request(it, COLUMNS_OPS_MAX))?;
        let Some(many) = many else { return Ok(None) };
        point("app.push.before_send")?;
        if many.ops.len() > 1 && !is_seeded(Bug::NewIdOnRetry) {
            let bases = self.field.with(|it| bases(it, &many))?;
            if let Some(body) = pack(&many, &bases) {
                match self.link.push_columns(&self.workspace, &body) {
                    Err(LinkError::NotOffered) => {}
                    sent => return Ok(Some((many, sent))),
                }
            }
        }
        let Some(request) = self.field.with(|it| push_request(it, PUSH_OPS_MAX))? else {
            return Ok(None);
        };
        let (mut request, journalled) = self.renamed(request);
        let mut sent = self.link.push(&self.workspace, &request);
        if let Some(ids) = journalled {
            for (op, id) in request.ops.iter_mut().zip(&ids) {
                op.id = *id;
            }
            for (outcome, id) in sent.iter_mut().flat_map(|it| &mut it.outcomes).zip(&ids) {
                outcome.op = *id;
            }
        }
        Ok(Some((request, sent)))
    }

    fn take_outcomes(&mut self, request: &PushRequest, reply: &PushReply) -> Result<(), AppError> {
        let is_whole = reply.outcomes.len() == request.ops.len()
            && reply.outcomes.iter().zip(&request.ops).all(|(outcome, op)| outcome.op == op.id);
        if !is_whole {
            let text = "outcomes that do not answer the operations".to_owned();
            return Err(LinkError::Damaged { text }.into());
        }
        let at = (self.now)();
        self.field.with(|it| {
            let changes = it.store.record_outcomes(reply, at)?;
            it.store.set_meta("clock_offset_ms", &clock_offset(at, reply.server_time))?;
            it.take(&changes);
            it.touch();
            Ok::<_, AppError>(())
        })?;
        for outcome in &reply.outcomes {
            self.report.n_sent += 1;
            match outcome.outcome {
                Outcome::Applied | Outcome::Same => {}
                Outcome::Merged => self.report.n_merged += 1,
                Outcome::Conflict { .. } => self.report.n_conflicts += 1,
                Outcome::Parked { .. } => self.report.n_parked += 1,
                Outcome::Quarantined { .. } => self.report.n_quarantined += 1,
            }
        }
        Ok(())
    }
}

/// A push, and what the store said of it, or why not.
type Sent = (PushRequest, Result<PushReply, LinkError>);

/// The rows of the base that the operations were made on, where they still stand there.
fn bases(field: &mut Field, request: &PushRequest) -> Result<Vec<Option<Base>>, AppError> {
    let base = |op: &Operation| {
        let Some(row) = field.store.base_feature(op.feature)? else { return Ok(None) };
        let mut values = row.feature.properties;
        if let Some(geometry) = row.feature.geometry {
            values.insert(geometry_field()?, Value::Geometry(geometry));
        }
        Ok((row.seq > 0).then_some(Base {
            seq: row.seq,
            dataset: row.feature.dataset,
            feature: op.feature,
            version: row.feature.version,
            values,
        }))
    };
    request.ops.iter().map(base).collect()
}

fn push_request(field: &mut Field, most: usize) -> Result<Option<PushRequest>, AppError> {
    let ops = field.store.pending(most, PUSH_BYTES_MAX)?;
    if ops.is_empty() {
        return Ok(None);
    }
    Ok(Some(PushRequest {
        protocol: PROTOCOL_VERSION,
        epoch: field.store.meta("epoch")?.unwrap_or_default(),
        replica: field.store.replica(),
        lineage: field.store.meta("lineage")?.unwrap_or_default(),
        witness: field.store.witness()?,
        former_seqs: field.store.former_seqs(&ops)?,
        ops,
    }))
}
