//! The store: rows, feed, log of operations, what is parked, open conflicts, and what every edit has done so far.

use std::collections::BTreeMap;
use std::sync::Arc;

use faltkarta_changes::{
    Conflict, Current, CurrentRow, Effect, FieldOutcome, Merge, OpenConflict, OperationKind,
    Verdict, merge_among,
};
use faltkarta_model::FieldId;

use crate::bug::Bug;
use crate::op::{AREA, Dispute, N_FIELDS, Op, Val, Values, field_id, real_values, small_value};
use crate::schema::Plain;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum State {
    Absent,
    Live,
    Deleted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Row {
    pub(crate) state: State,
    pub(crate) values: Values,
    /// Number of the last entry about it.
    pub(crate) seq: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Entry {
    pub(crate) op: u16,
    pub(crate) feature: u8,
    pub(crate) area_before: Val,
    pub(crate) row: Row,
    pub(crate) disputes: Vec<Dispute>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    /// Applied, merged or nothing to do.
    Holds,
    Conflict,
    Parked,
}

/// What became of one field of one edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum What {
    /// It took the place of `cur`, when its author had seen `seen`.
    Applied { cur: Val, seen: Val },
    /// The store had the value.
    Same,
    /// It is the candidate of a conflict that was kept.
    Conflict,
}

/// Field `N_FIELDS` stands for the row as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Done {
    pub(crate) edit: u16,
    pub(crate) op: u16,
    pub(crate) field: u8,
    pub(crate) what: What,
    /// Whether a person chose it with the conflict before his eyes.
    pub(crate) is_choice: bool,
}

/// What became of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Judged {
    pub(crate) outcome: Outcome,
    /// The entry that carries the row as it stands.
    pub(crate) seq: u16,
    /// A backup that reaches so far has the operation in its log. One that made no entry is in none before the next
    /// entry is: the number of the row's older entry does not tell.
    pub(crate) secured_at: u16,
}

/// How operations are known again.
pub(crate) type LogKey = (u16, u16);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Store {
    pub(crate) epoch: u8,
    pub(crate) rows: Vec<Row>,
    pub(crate) feed: Vec<Arc<Entry>>,
    /// Chain hash after each entry; the first is that of the epoch.
    pub(crate) chain: Vec<u32>,
    pub(crate) log: BTreeMap<LogKey, Judged>,
    pub(crate) parked: Vec<Arc<Op>>,
    pub(crate) disputes: Vec<Dispute>,
    pub(crate) n_opened: u16,
    pub(crate) n_closed: u16,
    pub(crate) done: Vec<Done>,
    /// Entries that are not seen yet: first and last number. Only a bug makes any.
    pub(crate) hidden: Option<(u16, u16)>,
}

impl Store {
    /// One feature lies there from the beginning, made by operation 0; the others are to come.
    pub(crate) fn new(n_features: usize) -> Self {
        let absent = Row { state: State::Absent, values: [0; N_FIELDS], seq: 0 };
        let mut store = Self {
            epoch: 1,
            rows: vec![absent; n_features],
            feed: vec![],
            chain: vec![7],
            log: BTreeMap::from([(
                (0, 0),
                Judged { outcome: Outcome::Holds, seq: 1, secured_at: 1 },
            )]),
            parked: vec![],
            disputes: vec![],
            n_opened: 0,
            n_closed: 0,
            done: vec![],
            hidden: None,
        };
        store.rows[0] = Row { state: State::Live, values: [1, 1, 1], seq: 0 };
        store.emit(0, 0, 0);
        store
    }

    pub(crate) fn head(&self) -> u16 {
        self.feed.len() as u16
    }

    fn emit(&mut self, op: u16, feature: u8, area_before: Val) {
        let seq = self.head() + 1;
        self.rows[usize::from(feature)].seq = seq;
        let row = self.rows[usize::from(feature)];
        let disputes = self.disputes.iter().filter(|it| it.feature == feature).cloned().collect();
        self.feed.push(Arc::new(Entry { op, feature, area_before, row, disputes }));
        self.chain.push(link(self.chain[usize::from(seq - 1)], op, feature, row));
    }

    /// Which numbers a bug hides are taken by an operation that is still under way.
    pub(crate) fn is_hidden(&self, seq: u16) -> bool {
        self.hidden.is_some_and(|(first, last)| (first..=last).contains(&seq))
    }

    pub(crate) fn knows_entry(&self, seq: u16, chain: u32) -> bool {
        self.chain.get(usize::from(seq)) == Some(&chain)
    }

    fn key(op: &Op, bug: Option<Bug>) -> LogKey {
        if bug == Some(Bug::DedupeByNumber) {
            (1_000 + u16::from(op.replica), op.no)
        } else {
            (0, op.id)
        }
    }

    /// Takes one operation in: its stored outcome, or a new one. Each is one transaction.
    pub(crate) fn take(&mut self, op: &Arc<Op>, bug: Option<Bug>) -> Judged {
        let key = Self::key(op, bug);
        let known = self.log.get(&key).copied();
        if let Some(known) = known.filter(|_| bug != Some(Bug::NoDedupe)) {
            return known;
        }
        let outcome = self.judge(op, bug);
        self.log.insert(key, outcome);
        self.log.insert((0, op.id), outcome);
        if outcome.outcome != Outcome::Parked {
            self.judge_parked(bug);
        }
        outcome
    }

    fn judge_parked(&mut self, bug: Option<Bug>) {
        loop {
            self.parked.sort_by_key(|it| (it.replica, it.no, it.id));
            let Some(at) = self.parked.iter().position(|it| self.is_ready(it)) else { return };
            let op = self.parked.remove(at);
            let outcome = self.judge(&op, bug);
            self.log.insert(Self::key(&op, bug), outcome);
            self.log.insert((0, op.id), outcome);
        }
    }

    fn is_ready(&self, op: &Op) -> bool {
        let is_judged =
            |id: &u16| self.log.get(&(0, *id)).is_some_and(|it| it.outcome != Outcome::Parked);
        let is_there = self.rows[usize::from(op.feature)].state != State::Absent;
        op.needs.iter().all(is_judged) && (is_there || op.kind == OperationKind::Create)
    }

    fn judge(&mut self, op: &Arc<Op>, bug: Option<Bug>) -> Judged {
        if !self.is_ready(op) {
            if bug == Some(Bug::NotParked) {
                let seq = self.head();
                return Judged { outcome: Outcome::Holds, seq, secured_at: seq };
            }
            if !self.parked.iter().any(|it| it.id == op.id) {
                self.parked.push(op.clone());
            }
            return Judged { outcome: Outcome::Parked, seq: 0, secured_at: u16::MAX };
        }
        let feature = usize::from(op.feature);
        let before = self.rows[feature];
        let merge = self.merge(op);
        let mut is_conflict = merge.verdict == Verdict::Conflict;
        match &merge.effect {
            Effect::Nothing => {}
            Effect::Remove => self.rows[feature].state = State::Deleted,
            Effect::Put { values, .. } => {
                let row = &mut self.rows[feature];
                row.state = State::Live;
                for (field, value) in row.values.iter_mut().enumerate() {
                    *value = small_value(values.get(field_id(field)));
                }
            }
        }
        self.note(op, before, &merge, bug);
        let n_before = self.disputes.clone();
        match bug {
            Some(Bug::LastWriteWins) if is_conflict && before.state == State::Live => {
                is_conflict = false;
                for (field, _, new) in &op.changes {
                    if op.kind != OperationKind::Delete {
                        self.rows[feature].values[usize::from(*field)] = *new;
                    }
                }
            }
            Some(Bug::DeleteWins)
                if op.kind == OperationKind::Delete && before.state == State::Live =>
            {
                is_conflict = false;
                self.rows[feature].state = State::Deleted;
            }
            Some(Bug::ConflictNotStored) => {}
            _ => self.keep(op, &merge),
        }
        let row = self.rows[feature];
        let is_news =
            (row.state, row.values) != (before.state, before.values) || self.disputes != n_before;
        if is_news {
            let area = if before.state == State::Absent { 0 } else { before.values[AREA] };
            self.emit(op.id, op.feature, area);
        }
        let outcome = if is_conflict { Outcome::Conflict } else { Outcome::Holds };
        let seq = self.rows[feature].seq;
        Judged { outcome, seq, secured_at: if is_news { seq } else { self.head() + 1 } }
    }

    fn merge(&self, op: &Op) -> Merge {
        let row = self.rows[usize::from(op.feature)];
        let held = CurrentRow { values: real_values(row.values), ..CurrentRow::default() };
        let current = match row.state {
            State::Absent => Current::Absent,
            State::Live => Current::Live(&held),
            State::Deleted => Current::Deleted(&held),
        };
        let about: Vec<(Conflict, bool)> = self
            .disputes
            .iter()
            .filter(|it| it.feature == op.feature)
            .map(|it| (it.to_real(), it.replica == op.replica))
            .collect();
        let open: Vec<OpenConflict<'_>> = about
            .iter()
            .map(|(conflict, is_own)| OpenConflict { conflict, is_own: *is_own })
            .collect();
        merge_among(current, &op.to_real(), &Plain, &open)
    }

    /// Writes conflicts as the merge says.
    fn keep(&mut self, op: &Op, merge: &Merge) {
        for conflict in &merge.replaces {
            for it in &mut self.disputes {
                if it.feature == op.feature && it.id() == conflict.id {
                    *it = Dispute::from_real(conflict, it.opened_by, op);
                }
            }
        }
        for conflict in &merge.conflicts {
            if !self.disputes.iter().any(|it| it.id() == conflict.id) {
                self.disputes.push(Dispute::from_real(conflict, op.id, op));
                self.n_opened += 1;
            }
        }
        if !merge.closes.is_empty() || !merge.supersedes.is_empty() {
            let n = self.disputes.len();
            self.disputes.retain(|it| {
                let id = it.id();
                !merge.closes.contains(&id) && !merge.supersedes.contains(&id)
            });
            self.n_closed += (n - self.disputes.len()) as u16;
        }
        self.disputes.sort_by_key(|it| (it.opened_by, it.key));
    }

    /// Writes down what each field of an edit did, for the checks.
    fn note(&mut self, op: &Op, before: Row, merge: &Merge, bug: Option<Bug>) {
        let is_choice = op.kind == OperationKind::Resolve;
        let is_lost = |id: &FieldId| {
            // A candidate that no conflict keeps.
            let named = merge.conflicts.iter().chain(&merge.replaces);
            bug == Some(Bug::ConflictNotStored)
                || !named.into_iter().any(|it| it.fields.contains_key(id))
        };
        let mut note = |field: u8, what: What| {
            let done = Done { edit: op.edit, op: op.id, field, what, is_choice };
            self.done.push(done);
        };
        if op.kind == OperationKind::Delete {
            let unseen = op
                .changes
                .iter()
                .find(|(field, old, _)| before.values[usize::from(*field)] != *old);
            let what = match (&merge.effect, before.state) {
                (_, State::Deleted) => What::Same,
                (Effect::Remove, _) => What::Applied { cur: 0, seen: 0 },
                _ if bug == Some(Bug::DeleteWins) => {
                    let (field, old, _) = unseen.copied().unwrap_or_default();
                    What::Applied { cur: before.values[usize::from(field)], seen: old }
                }
                _ if bug == Some(Bug::ConflictNotStored) => return,
                _ => What::Conflict,
            };
            note(N_FIELDS as u8, what);
            return;
        }
        if op.changes.is_empty() {
            note(N_FIELDS as u8, What::Same);
        }
        for (field, old, _) in &op.changes {
            let id = field_id(usize::from(*field));
            let cur = before.values[usize::from(*field)];
            let is_new = before.state == State::Absent;
            match merge.fields.get(id) {
                Some(FieldOutcome::Applied) => {
                    note(
                        *field,
                        What::Applied { cur: if is_new { *old } else { cur }, seen: *old },
                    );
                }
                Some(FieldOutcome::Same) => note(*field, What::Same),
                Some(FieldOutcome::Conflict) if bug == Some(Bug::LastWriteWins) => {
                    note(*field, What::Applied { cur, seen: *old });
                }
                Some(FieldOutcome::Conflict) if !is_lost(id) => note(*field, What::Conflict),
                _ => {}
            }
        }
    }
}

/// The chain is a hash of the one before and of what the entry says.
fn link(before: u32, op: u16, feature: u8, row: Row) -> u32 {
    let mut hash = before ^ 0x9e37_79b9;
    let mut mix = |it: u32| hash = (hash ^ it).wrapping_mul(0x0100_0193).rotate_left(5);
    mix(op.into());
    mix(feature.into());
    mix(row.state as u32);
    row.values.iter().for_each(|it| mix((*it).into()));
    hash
}
