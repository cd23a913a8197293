//! One feature of a store with its open conflicts, moved on by what the merge says and by nothing else.

use std::collections::{BTreeMap, BTreeSet};

use faltkarta_changes::{
    Conflict, Current, CurrentRow, Effect, Merge, MergeSchema, OpenConflict, Operation, Verdict,
    merge_among,
};
use faltkarta_model::ReplicaId;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Absent,
    Live,
    Deleted,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sheet {
    pub(crate) state: State,
    pub(crate) row: CurrentRow,
    /// Open conflicts and whose candidates they hold.
    pub(crate) open: BTreeMap<Uuid, (Conflict, ReplicaId)>,
    /// Every conflict that was ever opened.
    pub(crate) opened: BTreeSet<Uuid>,
    pub(crate) resolved: BTreeSet<Uuid>,
    pub(crate) superseded: BTreeSet<Uuid>,
}

impl Sheet {
    pub(crate) fn new(state: State, row: CurrentRow) -> Self {
        Self {
            state,
            row,
            open: BTreeMap::new(),
            opened: BTreeSet::new(),
            resolved: BTreeSet::new(),
            superseded: BTreeSet::new(),
        }
    }

    pub(crate) fn current(&self) -> Current<'_> {
        match self.state {
            State::Absent => Current::Absent,
            State::Live => Current::Live(&self.row),
            State::Deleted => Current::Deleted(&self.row),
        }
    }

    pub(crate) fn judge(&self, op: &Operation, schema: &impl MergeSchema) -> Merge {
        let open = self
            .open
            .values()
            .map(|(conflict, replica)| OpenConflict { conflict, is_own: *replica == op.replica });
        merge_among(self.current(), op, schema, &open.collect::<Vec<_>>())
    }

    /// Judges and does what the merge says, as a store does.
    pub(crate) fn take(&mut self, op: &Operation, schema: &impl MergeSchema) -> Merge {
        let merge = self.judge(op, schema);
        match &merge.effect {
            Effect::Nothing => {}
            Effect::Remove => self.state = State::Deleted,
            Effect::Put { values, blobs } => {
                self.state = State::Live;
                self.row.values.clone_from(values);
                self.row.blobs.clone_from(blobs);
                self.row.version += 1;
            }
        }
        for conflict in &merge.replaces {
            self.open.insert(conflict.id, (conflict.clone(), op.replica));
        }
        for conflict in &merge.conflicts {
            // A repeated operation finds its own conflict there and leaves it as it is.
            if self.opened.insert(conflict.id) {
                self.open.insert(conflict.id, (conflict.clone(), op.replica));
            }
        }
        for id in &merge.supersedes {
            if self.open.remove(id).is_some() {
                self.superseded.insert(*id);
            }
        }
        for id in &merge.closes {
            if self.open.remove(id).is_some() {
                self.resolved.insert(*id);
            }
        }
        merge
    }

    /// Takes a line of operations; the verdicts.
    pub(crate) fn take_all(
        &mut self,
        ops: &[Operation],
        schema: &impl MergeSchema,
    ) -> Vec<Verdict> {
        ops.iter().map(|op| self.take(op, schema).verdict).collect()
    }

    /// The only conflict that is open.
    #[track_caller]
    pub(crate) fn only_conflict(&self) -> &Conflict {
        assert_eq!(self.open.len(), 1, "{:#?}", self.open);
        &self.open.values().next().unwrap().0
    }
}
