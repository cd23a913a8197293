use faltkarta_changes::{ConflictKind, Operation};
use faltkarta_model::{OpId, Timestamp};
use faltkarta_protocol::{OpOutcome, Outcome};
use uuid::Uuid;

use crate::backend::{SeenFeature, Task};
use crate::error::StoreError;
use crate::judging::catalogue::Catalogue;
use crate::judging::dispute::ConflictState;
use crate::judging::hold::{Arrived, HeldOp};
use crate::judging::judge::{Judge, Judged};
use crate::judging::rows::{Held, Rows};
use crate::judging::sheet::Cause;

/// Does what is asked of the store beside pushes, in one transaction of the caller, who commits when it succeeds.
///
/// # Errors
///
/// [`StoreError::NotAcceptable`] for an operation that cannot be let in, [`StoreError::NotFound`] for one that does not
/// wait; [`StoreError::Contended`] asks to try the transaction again.
pub(crate) fn carry_out(
    rows: &mut dyn Rows,
    catalogue: &Catalogue,
    task: &Task<'_>,
    now: Timestamp,
) -> Result<Vec<OpOutcome>, StoreError> {
    let mut judge = match task {
        Task::Relay { device, role, .. } => Judge::new(rows, catalogue, (*role, device), now),
        Task::Edit { device, role, .. } => Judge::new(rows, catalogue, (Some(*role), device), now),
        Task::Accept { .. } | Task::Retry { .. } => Judge::new(rows, catalogue, (None, ""), now),
    };
    let outcomes = match task {
        Task::Relay { ops, .. } => judge.judge_all(ops)?,
        Task::Accept { op, by } => {
            judge.accepted_by = Some((*by).to_owned());
            judge.accept(*op)?
        }
        Task::Retry { why } => judge.retry(why)?,
        Task::Edit { op, seen, .. } => judge.edit(op, *seen)?,
    };
    judge.spread()?;
    let settled = judge.sheet.rows.settle(&judge.sheet.batch)?;
    Ok(outcomes.into_iter().map(|it| it.numbered(settled.last_seq)).collect())
}

impl Judge<'_> {
    /// Judges an edit of what somebody saw. It holds as a whole or waits for the coordinator; anything else is an
    /// error, with which the caller undoes the transaction.
    fn edit(
        &mut self,
        op: &Operation,
        seen: Option<&SeenFeature>,
    ) -> Result<Vec<Judged>, StoreError> {
        // Reading the row locks it until the transaction ends.
        let row = self.sheet.row(op.feature)?;
        let is_as_seen = match (&row, seen) {
            (None, None) => true,
            (Some(row), Some(seen)) => {
                !row.is_deleted
                    && row.version == seen.version
                    && row.content.fingerprint() == seen.fingerprint
            }
            (None, Some(_)) | (Some(_), None) => false,
        };
        if !is_as_seen {
            return Err(StoreError::NotAsSeen);
        }
        let judged = self.judge_all(&[Ok(op.clone())])?;
        match judged.first().map(Judged::outcome) {
            Some(Outcome::Conflict { .. }) => {
                let fields =
                    self.sheet.batch.conflicts.values().filter(|it| it.conflict.op == op.id);
                let fields = fields.flat_map(|it| it.conflict.fields.keys().cloned()).collect();
                Err(StoreError::WouldConflict { fields })
            }
            Some(Outcome::Parked { why }) => Err(StoreError::WouldWait { why: why.clone() }),
            Some(Outcome::Quarantined { why }) if why != "proposal" => Err(match why.as_str() {
                "unpermitted" => StoreError::Unpermitted,
                _ => StoreError::WouldWait { why: why.clone() },
            }),
            _ => Ok(judged),
        }
    }

    /// Judges operations again that wait for a reason.
    fn retry(&mut self, why: &str) -> Result<Vec<Judged>, StoreError> {
        let mut held = self.sheet.rows.held(Held::Parked(why))?;
        let mut outcomes = vec![];
        while !held.is_empty() {
            let group = held[0].group;
            let unit: Vec<HeldOp> = match group {
                Some(_) => held.extract_if(.., |it| it.group == group).collect(),
                None => vec![held.remove(0)],
            };
            for it in &unit {
                self.sheet.release(it);
            }
            let unit: Vec<Arrived> = unit.iter().map(HeldOp::arrived).collect::<Result<_, _>>()?;
            outcomes.extend(self.judge_released(&unit)?);
        }
        Ok(outcomes)
    }

    /// Lets an operation in that waits for the coordinator. An atomic group that does not fit as a whole is let in
    /// operation by operation: what fits holds, the rest has conflicts of its own.
    fn accept(&mut self, op: OpId) -> Result<Vec<Judged>, StoreError> {
        let mut held = self.sheet.rows.held(Held::Op(op))?;
        // Of two contents under one id the one that the log does not tell of comes last.
        held.sort_by_key(|it| it.why == "hash_mismatch");
        let Some(first) = held.into_iter().next() else { return Err(StoreError::NotFound) };
        if first.is_parked && first.why != "group" {
            return Err(StoreError::NotAcceptable { why: first.why });
        }
        let held = match first.group.filter(|_| first.is_parked) {
            Some(group) => self.sheet.rows.held(Held::Group(group))?,
            None => vec![first],
        };
        let unit: Vec<Arrived> = held.iter().map(readable).collect::<Result<_, _>>()?;
        for it in &held {
            self.sheet.release(it);
        }
        let claims = unit.iter().map(|it| (it.op.id, it.hash)).collect();
        let features = unit.iter().map(|it| it.op.feature).collect();
        self.sheet.prepare(&claims, &features)?;
        self.close_group_conflict(&unit)?;
        let mut outcomes = vec![];
        for (arrived, held) in unit.iter().zip(&held) {
            // What came under the id of another operation may have been let in before, under an id of its own.
            match self.known(arrived.op.id) {
                Some((_, judged)) if arrived.op.id != held.op => outcomes.push(judged),
                _ => outcomes.extend(self.judge_released(std::slice::from_ref(arrived))?),
            }
        }
        Ok(outcomes)
    }

    /// The conflict of a group is decided when its operations are let in one by one.
    fn close_group_conflict(&mut self, unit: &[Arrived]) -> Result<(), StoreError> {
        for arrived in unit {
            let open = self.sheet.open_conflicts(arrived.op.feature)?;
            let of_group = open.into_iter().find(|it| {
                it.conflict.kind == ConflictKind::Group
                    && unit.iter().any(|member| member.op.id == it.conflict.op)
            });
            if let Some(mut row) = of_group {
                row.state = ConflictState::Resolved;
                row.closed_by = Some(arrived.op.id);
                let feature = row.feature;
                self.sheet.batch.conflicts.insert(row.conflict.id, row);
                self.sheet.retell(Cause::of(&arrived.op), feature)?;
            }
        }
        Ok(())
    }
}

/// A waiting operation as it can be judged. Other content under a known id gets an id made of both, so that letting it
/// in twice has one effect.
fn readable(held: &HeldOp) -> Result<Arrived, StoreError> {
    let unreadable = || StoreError::NotAcceptable { why: held.why.clone() };
    let op: Operation = serde_json::from_str(&held.payload).map_err(|_| unreadable())?;
    let mut arrived =
        Arrived { op, hash: held.hash, at: held.at, device: held.device.clone(), former_seq: None };
    if held.why == "hash_mismatch" {
        arrived.op.id = OpId::from_uuid(Uuid::new_v5(&held.op.uuid(), &held.hash));
        arrived.hash = arrived.op.hash();
    }
    Ok(arrived)
}
