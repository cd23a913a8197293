use faltkarta_changes::Operation;
use faltkarta_model::{OpId, Timestamp};
use faltkarta_protocol::{Head, OpOutcome, PushReply};

use crate::backend::{Malformed, Pusher};
use crate::error::StoreError;
use crate::judging::batch::LineageRow;
use crate::judging::catalogue::Catalogue;
use crate::judging::judge::Judge;
use crate::judging::rows::{Lineage, Opening, Rows, WitnessIs};
use crate::role::Role;

/// Takes a push in one transaction of the caller, who commits when it succeeds. `next` is the lineage that the laptop
/// gets when operations came.
///
/// # Errors
///
/// [`StoreError::WrongEpoch`], [`StoreError::WitnessMismatch`] and [`StoreError::StaleLineage`] refuse it as a whole;
/// [`StoreError::Contended`] asks to try the transaction again.
pub(crate) fn take_push(
    rows: &mut dyn Rows,
    catalogue: &Catalogue,
    pusher: &Pusher<'_>,
    ops: &[Result<Operation, Malformed>],
    (now, next): (Timestamp, &str),
) -> Result<PushReply, StoreError> {
    let opening = rows.opening(pusher.device.id, pusher.replica, pusher.witness)?;
    if pusher.epoch != opening.epoch {
        return Err(StoreError::WrongEpoch);
    }
    match opening.witness {
        WitnessIs::Known => {}
        WitnessIs::Foreign => return Err(StoreError::WitnessMismatch),
        WitnessIs::Forgotten => return Err(StoreError::Resync),
    }
    let first = ops.first().map(|it| match it {
        Ok(op) => op.id,
        Err(malformed) => malformed.op,
    });
    check_lineage(&opening, pusher.lineage, first)?;
    let whose = (Some(pusher.device.role), pusher.device.name.as_str());
    let recovery_until = rows.recovery_until()?;
    let mut judge = Judge::new(rows, catalogue, whose, now);
    match recovery_until {
        Some(until) if now < until => judge.gather(pusher.former_seqs),
        Some(_) => {
            judge.merge_gathered()?;
        }
        None => {}
    }
    let outcomes = judge.judge_all(ops)?;
    judge.spread()?;
    let batch = &mut judge.sheet.batch;
    batch.seen = Some((pusher.device.id, now));
    batch.lineage = first.map(|first_op| LineageRow {
        device: pusher.device.id,
        replica: pusher.replica,
        current: next.to_owned(),
        before: pusher.lineage.to_owned(),
        first_op,
    });
    let settled = judge.sheet.rows.settle(&judge.sheet.batch)?;
    let unchanged = || opening.lineage.map_or_else(String::new, |it| it.current);
    Ok(PushReply {
        lineage: first.map_or_else(unchanged, |_| next.to_owned()),
        outcomes: outcomes.into_iter().map(|it| it.numbered(settled.last_seq)).collect(),
        safe_seq: settled.head.safe_seq,
        head: Head { seq: settled.head.seq, chain: settled.head.chain },
        server_time: now,
    })
}

/// Takes operations that came another way than over the wire, in one transaction of the caller.
///
/// # Errors
///
/// As for [`Rows`].
pub(crate) fn take_alone(
    rows: &mut dyn Rows,
    catalogue: &Catalogue,
    whose: (Role, &str),
    ops: &[Result<Operation, Malformed>],
    now: Timestamp,
) -> Result<Vec<OpOutcome>, StoreError> {
    let mut judge = Judge::new(rows, catalogue, (Some(whose.0), whose.1), now);
    let outcomes = judge.judge_all(ops)?;
    judge.spread()?;
    let settled = judge.sheet.rows.settle(&judge.sheet.batch)?;
    Ok(outcomes.into_iter().map(|it| it.numbered(settled.last_seq)).collect())
}

/// The lineage before the current one is taken once more when the push begins with the same operation as the last
/// one: that is a laptop whose answer was lost. Anything else with an old lineage is a copy or was rolled back. A
/// file that never pushed begins a lineage of its own.
fn check_lineage(opening: &Opening, sent: &str, first: Option<OpId>) -> Result<(), StoreError> {
    let Some(Lineage { current, before, first_op }) = &opening.lineage else { return Ok(()) };
    let is_repeat = first.is_some() && first == *first_op && before == sent;
    if current == sent || is_repeat { Ok(()) } else { Err(StoreError::StaleLineage) }
}
