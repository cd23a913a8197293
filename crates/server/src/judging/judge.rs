use std::collections::{BTreeMap, BTreeSet, VecDeque};

use faltkarta_changes::{Conflict, ConflictKind, Merge, Operation, conflict_id};
use faltkarta_faults::{Bug, is_seeded};
use faltkarta_model::{OpId, Timestamp};
use faltkarta_protocol::{OpOutcome, Outcome};
use sha2::{Digest as _, Sha256};

use crate::backend::Malformed;
use crate::error::StoreError;
use crate::judging::apply::{Applied, parent_of};
use crate::judging::catalogue::Catalogue;
use crate::judging::hold::{Arrived, GATHERED, HeldOp, Hold};
use crate::judging::rows::{Place, Rows};
use crate::judging::sheet::{Cause, Sheet};
use crate::role::Role;

/// Judges arriving operations inside one transaction.
pub(super) struct Judge<'r> {
    pub(super) sheet: Sheet<'r>,
    pub(super) catalogue: &'r Catalogue,
    role: Option<Role>,
    device: String,
    at: Timestamp,
    /// Who let the operations in, when the coordinator did.
    pub(super) accepted_by: Option<String>,
    former_seqs: BTreeMap<OpId, u64>,
    is_gathering: bool,
}

/// What became of one operation, its number still open.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Judged {
    op: OpId,
    outcome: Outcome,
    place: Option<Place>,
}

impl Judged {
    fn quarantined(op: OpId, why: &str) -> Self {
        Self { op, outcome: Outcome::Quarantined { why: why.to_owned() }, place: None }
    }

    pub(super) fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// With its number, when the feed ended at `last_seq` before the batch.
    pub(super) fn numbered(self, last_seq: u64) -> OpOutcome {
        let seq = self.place.map(|it| it.number(last_seq));
        OpOutcome { op: self.op, outcome: self.outcome, seq }
    }

    /// Whether other content under the same id came, or content that cannot be read: the log tells of another.
    fn is_beside_the_log(&self) -> bool {
        matches!(&self.outcome, Outcome::Quarantined { why }
            if ["hash_mismatch", "malformed", "foreign_workspace"].contains(&why.as_str()))
    }
}

impl<'r> Judge<'r> {
    pub(super) fn new(
        rows: &'r mut dyn Rows,
        catalogue: &'r Catalogue,
        (role, device): (Option<Role>, &str),
        at: Timestamp,
    ) -> Self {
        Self {
            sheet: Sheet::new(rows),
            catalogue,
            role,
            device: device.to_owned(),
            at,
            accepted_by: None,
            former_seqs: BTreeMap::new(),
            is_gathering: false,
        }
    }

    /// From now on what arrives is parked, each operation with the number that it had before.
    pub(super) fn gather(&mut self, former_seqs: &BTreeMap<OpId, u64>) {
        self.former_seqs.clone_from(former_seqs);
        self.is_gathering = true;
    }

    /// Judges a batch; one outcome for each, in its order.
    pub(super) fn judge_all(
        &mut self,
        ops: &[Result<Operation, Malformed>],
    ) -> Result<Vec<Judged>, StoreError> {
        let arrived: Vec<Result<Arrived, &Malformed>> = ops
            .iter()
            .map(|it| match it {
                Ok(op) => Ok(Arrived {
                    former_seq: self.former_seqs.get(&op.id).copied(),
                    ..Arrived::new(op.clone(), self.at, self.device.clone())
                }),
                Err(malformed) => Err(malformed),
            })
            .collect();
        self.prepare(&arrived)?;
        let mut outcomes = vec![];
        let mut rest = &arrived[..];
        while let [first, ..] = rest {
            let n = match first {
                Err(malformed) => {
                    outcomes.push(self.keep_malformed(malformed));
                    1
                }
                Ok(first) => {
                    let n = unit_len(&first.op, rest);
                    let unit: Vec<Arrived> = rest[..n].iter().flatten().cloned().collect();
                    outcomes.extend(self.judge_unit(&unit)?);
                    n
                }
            };
            rest = &rest[n..];
        }
        // What waited may have been decided by what came later in the batch.
        for outcome in &mut outcomes {
            if let Some(now) = self.known(outcome.op)
                && !outcome.is_beside_the_log()
            {
                *outcome = now.1;
            }
        }
        Ok(outcomes)
    }

    /// Claims the operations and reads what they are about, in as few questions as can be.
    fn prepare(&mut self, ops: &[Result<Arrived, &Malformed>]) -> Result<(), StoreError> {
        let mut claims = BTreeMap::new();
        let mut features = BTreeSet::new();
        for arrived in ops.iter().flatten() {
            let op = &arrived.op;
            claims.entry(op.id).or_insert(arrived.hash);
            if is_seeded(Bug::DedupeByCounter) {
                let counter = format!("{}/{}", op.replica, op.op_no);
                faltkarta_faults::note(&op.id.to_string(), &counter);
            }
            features.insert(op.feature);
            let declared = self.catalogue.by_id(&op.dataset);
            features.extend(declared.and_then(|it| parent_of(it, op)).map(|(_, parent)| parent));
        }
        self.sheet.prepare(&claims, &features)
    }

    fn keep_malformed(&mut self, malformed: &Malformed) -> Judged {
        let held = HeldOp {
            op: malformed.op,
            hash: Sha256::digest(malformed.payload.as_bytes()).into(),
            is_parked: false,
            why: malformed.why.to_owned(),
            needs: None,
            group: None,
            replica: None,
            op_no: 0,
            at: self.at,
            device: self.device.clone(),
            payload: malformed.payload.clone(),
        };
        self.sheet.batch.held.insert((held.op, held.hash), held);
        Judged::quarantined(malformed.op, malformed.why)
    }

    /// Hash and outcome of an operation that was judged before, in this batch or earlier.
    pub(super) fn known(&self, op: OpId) -> Option<([u8; 32], Judged)> {
        if let Some(log) = self.sheet.batch.log.get(&op) {
            return Some((log.hash, Judged { op, outcome: log.outcome.clone(), place: log.place }));
        }
        let logged = self.sheet.claimed(op).filter(|_| !is_seeded(Bug::NoDedupe))?;
        let place = logged.seq.map(Place::Stored);
        Some((logged.hash, Judged { op, outcome: logged.outcome.clone(), place }))
    }

    /// One operation, or an atomic group: it stands or falls by itself.
    fn judge_unit(&mut self, unit: &[Arrived]) -> Result<Vec<Judged>, StoreError> {
        let mut known = vec![];
        for arrived in unit {
            if let Some((hash, judged)) = self.known(arrived.op.id) {
                known.push(if hash == arrived.hash {
                    judged
                } else {
                    let why = "hash_mismatch";
                    self.sheet.hold(arrived, &Hold::Quarantined { why });
                    Judged::quarantined(arrived.op.id, why)
                });
            }
        }
        if known.len() == unit.len() {
            return Ok(known);
        }
        if !known.is_empty() {
            return Ok(self.park_torn_group(unit));
        }
        let outcomes = self.judge_new(unit, true)?;
        self.judge_waiting(unit, &outcomes)?;
        Ok(outcomes)
    }

    /// A unit of which nothing was merged before. Rights are asked for at arrival only, not when the wait is over.
    fn judge_new(
        &mut self,
        unit: &[Arrived],
        is_arriving: bool,
    ) -> Result<Vec<Judged>, StoreError> {
        let is_group = unit.len() > 1;
        let before = is_group.then(|| self.sheet.batch.clone());
        let mut outcomes = vec![];
        let mut stumble = None;
        for arrived in unit {
            let applied = match self.refusal(&arrived.op, is_arriving)? {
                Some(reason) => Err(reason),
                None => self.apply(arrived)?,
            };
            match applied {
                Ok(applied) if is_group && !applied.clashes.is_empty() => {
                    let hold = Hold::Parked { why: "group", needs: None };
                    stumble = Some((hold, Some((arrived, applied.clashes))));
                    break;
                }
                Ok(applied) => outcomes.push(self.merged(arrived, applied, is_arriving)?),
                Err(reason) => {
                    stumble = Some((reason, None));
                    break;
                }
            }
        }
        let Some((reason, clash)) = stumble else { return Ok(outcomes) };
        if let Some(before) = before {
            self.sheet.batch = before;
        }
        if let Some((arrived, conflicts)) = clash {
            self.open_group_conflict(unit, arrived, &conflicts)?;
        }
        Ok(unit.iter().map(|arrived| self.hold_op(arrived, &reason)).collect())
    }

    /// What became of an operation that was merged. One that waited is told to laptops by an entry, also when it
    /// changed nothing: nobody answers its push any more.
    fn merged(
        &mut self,
        arrived: &Arrived,
        applied: Applied,
        is_arriving: bool,
    ) -> Result<Judged, StoreError> {
        let op = &arrived.op;
        let Applied { outcome, mut place, .. } = applied;
        let is_told = self.sheet.batch.entries.iter().any(|it| it.op == op.id);
        if !is_arriving && !is_told {
            place = self.sheet.retell(Cause::of(op), op.feature)?;
            self.log(arrived, outcome.clone(), place, false);
        }
        Ok(Judged { op: op.id, outcome, place })
    }

    /// A unit that waited, already released, and what waited for it.
    pub(super) fn judge_released(&mut self, unit: &[Arrived]) -> Result<Vec<Judged>, StoreError> {
        let outcomes = self.judge_new(unit, false)?;
        self.judge_waiting(unit, &outcomes)?;
        Ok(outcomes)
    }

    /// An atomic group of which only a part is new cannot stand as a whole any more; a person looks at it.
    fn park_torn_group(&mut self, unit: &[Arrived]) -> Vec<Judged> {
        let mut outcomes = vec![];
        for arrived in unit {
            outcomes.push(match self.known(arrived.op.id) {
                Some((hash, judged)) if hash == arrived.hash => judged,
                Some(_) => Judged::quarantined(arrived.op.id, "hash_mismatch"),
                None => self.hold_op(arrived, &Hold::Parked { why: "group", needs: None }),
            });
        }
        outcomes
    }

    /// One conflict tells that a group does not fit as a whole; it hangs on the feature where it stumbled.
    fn open_group_conflict(
        &mut self,
        unit: &[Arrived],
        stumbled: &Arrived,
        conflicts: &[Conflict],
    ) -> Result<(), StoreError> {
        let first = unit[0].op.id;
        let conflict = Conflict {
            id: conflict_id(first, "group"),
            key: "group".to_owned(),
            kind: ConflictKind::Group,
            op: first,
            fields: conflicts.iter().flat_map(|it| it.fields.clone()).collect(),
            blobs: conflicts.iter().flat_map(|it| it.blobs.clone()).collect(),
            other: None,
        };
        let nothing = Merge {
            verdict: faltkarta_changes::Verdict::Conflict,
            effect: faltkarta_changes::Effect::Nothing,
            fields: BTreeMap::new(),
            conflicts: vec![],
            replaces: vec![],
            supersedes: BTreeSet::new(),
            closes: BTreeSet::new(),
        };
        let declared = self.catalogue.get(&stumbled.op.dataset)?;
        self.open_conflict(stumbled, declared.no, &conflict, &nothing)?;
        self.sheet.retell(Cause::of(&stumbled.op), stumbled.op.feature)?;
        Ok(())
    }

    /// A unit whose wait is over, and what waited for it.
    pub(super) fn judge_waited(&mut self, unit: &[Arrived]) -> Result<(), StoreError> {
        let outcomes = self.judge_new(unit, false)?;
        self.judge_waiting(unit, &outcomes)
    }

    /// Operations that waited for what these brought, and those that waited for them in their turn.
    fn judge_waiting(&mut self, unit: &[Arrived], outcomes: &[Judged]) -> Result<(), StoreError> {
        let mut brought = VecDeque::from(merged_ones(unit, outcomes));
        while let Some((feature, op)) = brought.pop_front() {
            for unit in self.sheet.take_waiting(feature, op)? {
                let outcomes = self.judge_new(&unit, false)?;
                brought.extend(merged_ones(&unit, &outcomes));
            }
        }
        Ok(())
    }

    /// Why an operation cannot be judged now; `None` when it can.
    fn refusal(&mut self, op: &Operation, is_arriving: bool) -> Result<Option<Hold>, StoreError> {
        let Some(declared) = self.catalogue.by_id(&op.dataset) else {
            return Ok(Some(Hold::Quarantined { why: "unknown_dataset" }));
        };
        let role = self.role.filter(|_| is_arriving);
        if let Some(why) = role.and_then(|it| it.refusal(&declared.dataset)) {
            return Ok(Some(Hold::Quarantined { why }));
        }
        if is_arriving && self.is_gathering {
            return Ok(Some(Hold::Parked { why: GATHERED, needs: None }));
        }
        if op.schema_rev > declared.revision {
            return Ok(Some(Hold::Parked { why: "schema", needs: None }));
        }
        if let Some(needed) = self.sheet.first_unjudged(&op.depends_on)? {
            let needs = Some(*needed.as_bytes());
            return Ok(Some(Hold::Parked { why: "missing_parent", needs }));
        }
        if let Some((dataset, parent)) = parent_of(declared, op) {
            let is_known =
                self.catalogue.by_id(&dataset).is_none() || self.sheet.row(parent)?.is_some();
            if !is_known {
                let needs = Some(*parent.as_bytes());
                return Ok(Some(Hold::Parked { why: "missing_parent", needs }));
            }
        }
        Ok(None)
    }

    fn hold_op(&mut self, arrived: &Arrived, reason: &Hold) -> Judged {
        let is_dropped = is_seeded(Bug::ParentNotParked)
            && matches!(reason, Hold::Parked { why: "missing_parent", .. });
        if !is_dropped {
            self.sheet.hold(arrived, reason);
        }
        let outcome = reason.outcome();
        self.log(arrived, outcome.clone(), None, true);
        Judged { op: arrived.op.id, outcome, place: None }
    }
}

/// Feature and operation of those that were merged.
fn merged_ones(unit: &[Arrived], outcomes: &[Judged]) -> Vec<(faltkarta_model::FeatureId, OpId)> {
    let is_held =
        |it: &Judged| matches!(it.outcome, Outcome::Parked { .. } | Outcome::Quarantined { .. });
    let pairs = unit.iter().zip(outcomes);
    pairs.filter(|(_, it)| !is_held(it)).map(|(it, _)| (it.op.feature, it.op.id)).collect()
}

/// How many operations from the first on belong to its atomic group.
fn unit_len(first: &Operation, ops: &[Result<Arrived, &Malformed>]) -> usize {
    let Some(group) = first.group.filter(|_| first.atomic) else { return 1 };
    let same = ops
        .iter()
        .take_while(|it| it.as_ref().is_ok_and(|it| it.op.atomic && it.op.group == Some(group)));
    same.count()
}
