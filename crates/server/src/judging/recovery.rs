//! What laptops give back after a restore: gathered for a while, then merged in the order that it had before.
//!
//! Two laptops that had edited the same field one after the other would otherwise disagree, when the one that edited
//! later comes back first.

use faltkarta_model::Timestamp;

use crate::error::StoreError;
use crate::judging::catalogue::Catalogue;
use crate::judging::hold::{Arrived, GATHERED, HeldOp};
use crate::judging::judge::Judge;
use crate::judging::rows::{Held, Rows};
use crate::role::Role;

impl Judge<'_> {
    /// Merges what was gathered, by former number; what never had one comes after it, by file and number there.
    /// Returns how many operations these were.
    pub(super) fn merge_gathered(&mut self) -> Result<usize, StoreError> {
        let mut held: Vec<(HeldOp, Arrived)> = vec![];
        for it in self.sheet.rows.held(Held::Parked(GATHERED))? {
            let arrived = it.arrived()?;
            held.push((it, arrived));
        }
        held.sort_by_key(|(it, arrived)| {
            (arrived.former_seq.unwrap_or(u64::MAX), it.replica, it.op_no)
        });
        let n = held.len();
        let mut units: Vec<Vec<Arrived>> = vec![];
        for (held, arrived) in held {
            self.sheet.release(&held);
            let group = arrived.op.group.filter(|_| arrived.op.atomic);
            let unit = units
                .iter_mut()
                .find(|it| group.is_some() && it[0].op.atomic && it[0].op.group == group);
            match unit {
                Some(unit) => unit.push(arrived),
                None => units.push(vec![arrived]),
            }
        }
        for mut unit in units {
            unit.sort_by_key(|it| it.op.op_no);
            self.judge_waited(&unit)?;
        }
        self.sheet.batch.ends_recovery = true;
        Ok(n)
    }
}

/// Merges what was gathered, in one transaction of the caller; whether the window was open at all, it is closed now.
///
/// # Errors
///
/// As for [`Rows`].
pub(crate) fn finish_recovery(
    rows: &mut dyn Rows,
    catalogue: &Catalogue,
    now: Timestamp,
) -> Result<usize, StoreError> {
    let mut judge = Judge::new(rows, catalogue, (Some(Role::COORDINATOR), ""), now);
    let n = judge.merge_gathered()?;
    judge.spread()?;
    judge.sheet.rows.settle(&judge.sheet.batch)?;
    Ok(n)
}
