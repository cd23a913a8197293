use std::collections::{BTreeMap, BTreeSet};

use faltkarta_changes::{Operation, is_same_value};
use faltkarta_model::{FeatureId, FieldId, GroupId, OpId, ReplicaId, Value};
use faltkarta_protocol::Author;

use crate::areas::Moved;
use crate::error::StoreError;
use crate::judging::batch::{Batch, Entry};
use crate::judging::content::Content;
use crate::judging::dispute::{ConflictRow, ConflictState};
use crate::judging::hold::{Arrived, HeldOp, Hold};
use crate::judging::rows::{ChildRow, FeatureRow, Held, Logged, Place, Rows};

/// The store as it stands with what the batch will have written.
pub(super) struct Sheet<'r> {
    pub(super) rows: &'r mut dyn Rows,
    pub(super) batch: Batch,
    claimed: BTreeMap<OpId, Logged>,
    loaded: BTreeMap<FeatureId, Option<FeatureRow>>,
    disputed: BTreeMap<FeatureId, Vec<ConflictRow>>,
    children: BTreeMap<FeatureId, Vec<ChildRow>>,
}

/// Who caused an entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cause {
    pub(super) op: OpId,
    pub(super) replica: ReplicaId,
    pub(super) group: Option<GroupId>,
}

impl Cause {
    pub(super) fn of(op: &Operation) -> Self {
        Self { op: op.id, replica: op.replica, group: op.group }
    }
}

/// So many superseded rows are read at once when somebody is looked for in a history.
const HISTORY_PAGE: usize = 32;

impl<'r> Sheet<'r> {
    pub(super) fn new(rows: &'r mut dyn Rows) -> Self {
        Self {
            rows,
            batch: Batch::default(),
            claimed: BTreeMap::new(),
            loaded: BTreeMap::new(),
            disputed: BTreeMap::new(),
            children: BTreeMap::new(),
        }
    }

    /// Claims operations, then locks and reads features with their open conflicts, in a few questions.
    pub(super) fn prepare(
        &mut self,
        ops: &BTreeMap<OpId, [u8; 32]>,
        features: &BTreeSet<FeatureId>,
    ) -> Result<(), StoreError> {
        let ops: Vec<_> = ops.iter().map(|(op, hash)| (*op, *hash)).collect();
        self.claimed.extend(self.rows.claim(&ops)?);
        self.load(&features.iter().copied().collect::<Vec<_>>())
    }

    fn load(&mut self, features: &[FeatureId]) -> Result<(), StoreError> {
        self.loaded.extend(features.iter().map(|it| (*it, None)));
        for row in self.rows.lock(features)? {
            self.loaded.insert(row.feature, Some(row));
        }
        self.disputed.extend(features.iter().map(|it| (*it, vec![])));
        for conflict in self.rows.open_conflicts(features)? {
            self.disputed.entry(conflict.feature).or_default().push(conflict);
        }
        Ok(())
    }

    /// The log row of an operation that was known before this batch.
    pub(super) fn claimed(&self, op: OpId) -> Option<&Logged> {
        self.claimed.get(&op)
    }

    /// The row of a feature as it stands, deleted or not.
    pub(super) fn row(&mut self, id: FeatureId) -> Result<Option<FeatureRow>, StoreError> {
        if let Some(row) = self.batch.rows.get(&id) {
            return Ok(Some(row.clone()));
        }
        if !self.loaded.contains_key(&id) {
            self.load(&[id])?;
        }
        Ok(self.loaded.get(&id).cloned().flatten())
    }

    /// The conflicts of a feature that are open as it stands.
    pub(super) fn open_conflicts(
        &mut self,
        feature: FeatureId,
    ) -> Result<Vec<ConflictRow>, StoreError> {
        self.row(feature)?;
        let mut all: BTreeMap<_, _> = self
            .disputed
            .get(&feature)
            .into_iter()
            .flatten()
            .map(|it| (it.conflict.id, it.clone()))
            .collect();
        let newer = self.batch.conflicts.values().filter(|it| it.feature == feature);
        all.extend(newer.map(|it| (it.conflict.id, it.clone())));
        Ok(all.into_values().filter(|it| it.state == ConflictState::Open).collect())
    }

    pub(super) fn children(&mut self, parent: FeatureId) -> Result<Vec<ChildRow>, StoreError> {
        if !self.children.contains_key(&parent) {
            let stored = self.rows.children(parent)?;
            self.children.insert(parent, stored);
        }
        let stored = self.children.get(&parent).into_iter().flatten();
        let newer = self.batch.children.iter().filter(|it| it.parent == parent);
        Ok(stored.chain(newer).copied().collect())
    }

    /// Whether all these operations have been merged; the first that has not.
    pub(super) fn first_unjudged(&mut self, ops: &[OpId]) -> Result<Option<OpId>, StoreError> {
        let log = &self.batch.log;
        let is_merged = |op: &OpId| log.get(op).map(|it| !it.is_held);
        let asked: Vec<OpId> = ops.iter().filter(|it| is_merged(it).is_none()).copied().collect();
        let judged = if asked.is_empty() { BTreeSet::new() } else { self.rows.judged(&asked)? };
        let log = &self.batch.log;
        Ok(ops
            .iter()
            .find(|op| !log.get(op).map_or_else(|| judged.contains(op), |it| !it.is_held))
            .copied())
    }

    /// Whether anybody but a replica wrote a version of a feature above one.
    pub(super) fn is_changed_by_others(
        &mut self,
        row: &FeatureRow,
        above: u32,
        replica: ReplicaId,
    ) -> Result<bool, StoreError> {
        if row.version <= above {
            return Ok(false);
        }
        let newer = self.batch.history.iter();
        let is_in_batch = newer
            .filter(|it| it.feature == row.feature && it.version > above)
            .any(|it| it.replica != replica);
        if row.replica != replica || is_in_batch {
            return Ok(true);
        }
        let writers = self.rows.writers_since(row.feature, above)?;
        Ok(writers.iter().any(|it| *it != replica))
    }

    /// Who made an operation, when it came from a laptop.
    pub(super) fn author(&mut self, op: OpId) -> Result<Option<Author>, StoreError> {
        match self.batch.log.get(&op) {
            Some(log) => Ok(Some(log.by.clone())),
            None => Ok(self.rows.authors(&[op])?.remove(&op)),
        }
    }

    /// Who set the value that a row has in some fields: the author of the first version from which on all of them
    /// were as they are now.
    pub(super) fn setter(
        &mut self,
        row: &FeatureRow,
        is_as_now: impl Fn(&Content) -> Result<bool, StoreError>,
    ) -> Result<Option<Author>, StoreError> {
        let mut setter = row.op;
        let mut below = row.version;
        let mut newer: Vec<FeatureRow> =
            self.batch.history.iter().filter(|it| it.feature == row.feature).cloned().collect();
        newer.reverse();
        'walk: loop {
            let page = if newer.is_empty() {
                self.rows.history(row.feature, below, HISTORY_PAGE)?
            } else {
                std::mem::take(&mut newer)
            };
            let Some(last) = page.last() else { break };
            below = last.version;
            for earlier in &page {
                if !is_as_now(&earlier.content)? {
                    break 'walk;
                }
                setter = earlier.op;
            }
        }
        self.author(setter)
    }

    /// The first other live feature of a dataset that has a value in a field that should be unique.
    pub(super) fn twin(
        &mut self,
        row: &FeatureRow,
        (field, value): (&FieldId, &Value),
    ) -> Result<Option<FeatureId>, StoreError> {
        let has_it = |it: &FeatureRow| -> Result<bool, StoreError> {
            let is_same =
                it.content.properties()?.get(field).is_some_and(|it| is_same_value(it, value));
            Ok(is_same
                && !it.is_deleted
                && it.dataset_no == row.dataset_no
                && it.feature != row.feature)
        };
        for other in self.batch.rows.values() {
            if has_it(other)? {
                return Ok(Some(other.feature));
            }
        }
        // A row that the batch writes anew was looked at already.
        let stored = self.rows.twins(row.dataset_no, (field, value), row.feature)?;
        Ok(stored.into_iter().find(|it| !self.batch.rows.contains_key(it)))
    }

    /// Adds an entry.
    fn entry(&mut self, cause: Cause, row: &FeatureRow) -> Place {
        self.batch.entries.push(Entry {
            op: cause.op,
            dataset_no: row.dataset_no,
            feature: row.feature,
            version: row.version,
            is_deleted: row.is_deleted,
            row_hash: row.hash,
            group: cause.group,
            moved: None,
        });
        Place::New(self.batch.entries.len() - 1)
    }

    /// The next version of a feature, or its first.
    pub(super) fn put(
        &mut self,
        cause: Cause,
        (feature, dataset_no): (FeatureId, u16),
        before: Option<FeatureRow>,
        (content, is_deleted): (Content, bool),
    ) -> Place {
        let mut row = FeatureRow {
            feature,
            dataset_no,
            version: before.as_ref().map_or(1, |it| it.version + 1),
            place: Place::New(0),
            is_deleted,
            hash: content.hash(is_deleted),
            content,
            replica: cause.replica,
            op: cause.op,
        };
        row.place = self.entry(cause, &row);
        self.batch.history.extend(before);
        let place = row.place;
        self.batch.rows.insert(feature, row);
        place
    }

    /// An entry that tells a row once more, because what hangs on it has changed. `None` when there is no row.
    pub(super) fn retell(
        &mut self,
        cause: Cause,
        feature: FeatureId,
    ) -> Result<Option<Place>, StoreError> {
        let Some(mut row) = self.row(feature)? else { return Ok(None) };
        row.place = self.entry(cause, &row);
        let place = row.place;
        self.batch.rows.insert(feature, row);
        Ok(Some(place))
    }

    /// The same for a row that has moved with its parent.
    pub(super) fn retell_moved(
        &mut self,
        cause: Cause,
        feature: FeatureId,
        places: &Moved,
    ) -> Result<(), StoreError> {
        if self.retell(cause, feature)?.is_some()
            && let Some(entry) = self.batch.entries.last_mut()
        {
            entry.moved = Some(places.clone());
        }
        Ok(())
    }

    pub(super) fn hold(&mut self, arrived: &Arrived, hold: &Hold) {
        let held = arrived.held(hold);
        self.batch.held.insert((held.op, held.hash), held);
    }

    /// Takes out the parked operations that wait for this feature or operation, in the order of their numbers;
    /// operations of one atomic group stand together.
    pub(super) fn take_waiting(
        &mut self,
        feature: FeatureId,
        op: OpId,
    ) -> Result<Vec<Vec<Arrived>>, StoreError> {
        let needs = [*feature.as_bytes(), *op.as_bytes()];
        let stored = self.rows.held(Held::Needs(&needs))?;
        let is_waiting = |it: &HeldOp| it.needs.is_some_and(|id| needs.contains(&id));
        let waiting = self.still_held(stored, is_waiting);
        let mut units: Vec<Vec<HeldOp>> = vec![];
        for held in waiting {
            let unit = match held.group {
                Some(group) => {
                    let stored = self.rows.held(Held::Group(group))?;
                    self.still_held(stored, |it| it.group == Some(group))
                }
                None => vec![held],
            };
            if units.iter().all(|it| it[0].op != unit[0].op) {
                units.push(unit);
            }
        }
        for held in units.iter().flatten() {
            self.release(held);
        }
        units.iter().map(|unit| unit.iter().map(HeldOp::arrived).collect()).collect()
    }

    /// Forgets that an operation waits.
    pub(super) fn release(&mut self, held: &HeldOp) {
        self.batch.held.remove(&(held.op, held.hash));
        self.batch.released.insert((held.op, held.hash));
    }

    /// The parked ones among stored and new rows, in the order of replica and number.
    fn still_held(&self, stored: Vec<HeldOp>, is_wanted: impl Fn(&HeldOp) -> bool) -> Vec<HeldOp> {
        let is_there = |it: &HeldOp| {
            let key = (it.op, it.hash);
            !self.batch.released.contains(&key) && !self.batch.held.contains_key(&key)
        };
        let mut all: Vec<HeldOp> = stored.into_iter().filter(is_there).collect();
        all.extend(self.batch.held.values().filter(|it| is_wanted(it)).cloned());
        all.retain(|it| it.is_parked);
        all.sort_by_key(|it| (it.replica, it.op_no));
        all
    }
}
