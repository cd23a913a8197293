//! A laptop: base, outbox, cursor, witness, areas.

use std::sync::Arc;

use faltkarta_changes::OperationKind;

use crate::bug::Bug;
use crate::op::{AREA, Dispute, Op, Val};
use crate::store::{Entry, Judged, Outcome, Row, State, Store};

/// A row as last received.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Held {
    pub(crate) seq: u16,
    pub(crate) row: Row,
    pub(crate) disputes: Vec<Dispute>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Kept {
    pub(crate) op: Arc<Op>,
    /// What became of it, once known.
    pub(crate) ack: Option<Judged>,
    pub(crate) is_tried: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Client {
    pub(crate) replica: u8,
    pub(crate) epoch: u8,
    pub(crate) cursor: u16,
    pub(crate) witness: (u16, u32),
    pub(crate) base: Vec<Option<Held>>,
    pub(crate) outbox: Vec<Kept>,
    /// One bit for each area, area 1 the lowest.
    pub(crate) areas: u8,
    pub(crate) n_ops: u16,
    pub(crate) must_resync: bool,
}

/// What a push carries.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Request {
    pub(crate) epoch: u8,
    pub(crate) witness: (u16, u32),
    pub(crate) ops: Vec<Arc<Op>>,
}

/// A row went back in time on a laptop.
pub(crate) struct WentBack;

impl Client {
    pub(crate) fn new(replica: u8, areas: u8, store: &Store) -> Self {
        let mut client = Self {
            replica,
            epoch: store.epoch,
            cursor: 0,
            witness: (0, store.chain[0]),
            base: vec![None; store.rows.len()],
            outbox: vec![],
            areas,
            n_ops: 0,
            must_resync: false,
        };
        client.resync(store);
        client
    }

    pub(crate) fn wants(&self, area: Val) -> bool {
        area > 0 && self.areas & (1 << (area - 1)) != 0
    }

    pub(crate) fn is_pending(&self) -> bool {
        self.outbox.iter().any(|it| it.ack.is_none())
    }

    /// A snapshot takes the place of base and cursor; what was kept is offered again when the history is another.
    pub(crate) fn resync(&mut self, store: &Store) {
        // A snapshot is cut where everything is seen.
        let head = store.hidden.map_or(store.head(), |(first, _)| first - 1);
        for feature in 0..store.rows.len() {
            self.base[feature] =
                held(store, feature, head).filter(|it| self.wants(it.row.values[AREA]));
        }
        if self.epoch != store.epoch || head < self.witness.0 {
            self.offer_all_again();
        }
        self.epoch = store.epoch;
        self.cursor = head;
        self.witness = (head, store.chain[usize::from(head)]);
        self.must_resync = false;
    }

    /// The store follows another history. What was kept is offered again whatever the snapshot will say: before it is
    /// fetched, another silent restore can bring back the very history that this laptop knows.
    pub(crate) fn refused(&mut self) {
        self.must_resync = true;
        self.offer_all_again();
    }

    fn offer_all_again(&mut self) {
        self.outbox.iter_mut().for_each(|it| it.ack = None);
    }

    /// Another area: its rows come with the number that they were read at, the cursor stays where it is.
    pub(crate) fn add_area(&mut self, area: Val, store: &Store, bug: Option<Bug>) {
        self.areas |= 1 << (area - 1);
        let head = store.hidden.map_or(store.head(), |(first, _)| first - 1);
        // The rows are a witness too: a store that is put back behind them must be found out.
        if head >= self.witness.0 {
            self.witness = (head, store.chain[usize::from(head)]);
        }
        for feature in 0..store.rows.len() {
            let Some(new) = held(store, feature, head).filter(|it| it.row.values[AREA] == area)
            else {
                continue;
            };
            let is_newer = self.base[feature].as_ref().is_none_or(|it| it.seq < head);
            if is_newer || bug == Some(Bug::NoRowGuard) {
                self.base[feature] = Some(new);
            }
        }
    }

    pub(crate) fn request(&self) -> Request {
        let pending = self.outbox.iter().filter(|it| it.ack.is_none());
        Request {
            epoch: self.epoch,
            witness: self.witness,
            ops: pending.map(|it| it.op.clone()).collect(),
        }
    }

    /// Takes the answer to a push.
    pub(crate) fn acked(
        &mut self,
        outcomes: &[(u16, Judged)],
        head: (u16, u32),
        safe_seq: u16,
        bug: Option<Bug>,
    ) {
        for (id, outcome) in outcomes {
            // What is parked is asked about again, until it is judged.
            let is_known = outcome.outcome != Outcome::Parked;
            for it in self.outbox.iter_mut().filter(|it| it.op.id == *id && is_known) {
                it.ack = Some(*outcome);
            }
        }
        // The chain does not cover an operation that made no entry. After a silent restore it can be missing in the
        // log while everything else was sent again; what waits for it tells.
        let parked = outcomes.iter().filter(|it| it.1.outcome == Outcome::Parked).map(|it| it.0);
        let parked: Vec<u16> = parked.collect();
        let waiting = self.outbox.iter().filter(|it| parked.contains(&it.op.id));
        let needed: Vec<u16> = waiting.flat_map(|it| it.op.needs.clone()).collect();
        for it in self.outbox.iter_mut().filter(|it| needed.contains(&it.op.id)) {
            it.ack = None;
        }
        if head.0 >= self.witness.0 {
            self.witness = head;
        }
        let cursor = self.cursor;
        self.outbox.retain(|it| {
            it.ack.is_none_or(|it| {
                let is_secured = bug == Some(Bug::PrunedAtOnce) || it.secured_at <= safe_seq;
                !(is_secured && it.seq <= cursor)
            })
        });
    }

    /// Takes a page of entries and the cursor behind them, in one transaction.
    pub(crate) fn pulled(
        &mut self,
        page: &[(u16, Arc<Entry>)],
        store: &Store,
        bug: Option<Bug>,
    ) -> Result<(), WentBack> {
        let Some((last, _)) = page.last() else { return Ok(()) };
        for (seq, entry) in page {
            let feature = usize::from(entry.feature);
            let is_here = self.wants(entry.row.values[AREA]);
            let was_here = self.wants(entry.area_before);
            if let Some(held) = &self.base[feature]
                && held.seq >= *seq
            {
                if bug != Some(Bug::NoRowGuard) {
                    continue;
                }
                if held.seq > *seq && is_here && held.row.values != entry.row.values {
                    return Err(WentBack);
                }
            }
            if is_here {
                let disputes = entry.disputes.clone();
                self.base[feature] = Some(Held { seq: *seq, row: entry.row, disputes });
            } else if was_here && bug != Some(Bug::NoLeave) {
                self.base[feature] = None;
            } else {
                continue;
            }
            if bug == Some(Bug::PullOverwrites) {
                self.outbox.retain(|it| it.ack.is_some() || it.op.feature != entry.feature);
            }
        }
        self.cursor = *last;
        if *last >= self.witness.0 {
            self.witness = (*last, store.chain[usize::from(*last)]);
        }
        Ok(())
    }

    /// Whether an own operation is still to be seen on top of the base.
    fn is_overlaid(&self, kept: &Kept, bug: Option<Bug>) -> bool {
        match kept.ack {
            None => true,
            Some(it) => {
                it.outcome == Outcome::Holds
                    && it.seq > self.cursor
                    && bug != Some(Bug::DroppedAtAck)
            }
        }
    }

    /// The feature as its user sees it.
    pub(crate) fn view(&self, feature: usize, bug: Option<Bug>) -> Option<Row> {
        let mut row = self.base[feature].as_ref().map(|it| it.row);
        for kept in &self.outbox {
            if usize::from(kept.op.feature) != feature || !self.is_overlaid(kept, bug) {
                continue;
            }
            let op = &kept.op;
            if op.kind == OperationKind::Create {
                row = Some(Row { state: State::Live, values: [0; 3], seq: 0 });
            }
            let Some(row) = &mut row else { continue };
            match op.kind {
                OperationKind::Delete => row.state = State::Deleted,
                OperationKind::Restore => row.state = State::Live,
                _ => {}
            }
            if op.kind != OperationKind::Delete {
                for (field, _, new) in &op.changes {
                    row.values[usize::from(*field)] = *new;
                }
            }
        }
        row
    }

    /// Whether the feature was made here and its row has not come yet.
    pub(crate) fn makes(&self, feature: usize) -> bool {
        self.outbox.iter().any(|it| {
            usize::from(it.op.feature) == feature
                && it.op.kind == OperationKind::Create
                && self.is_overlaid(it, None)
        })
    }

    /// What the newest own edit of each field wants, as long as it must be seen.
    pub(crate) fn wanted(&self) -> impl Iterator<Item = (usize, u8, Val)> {
        let newest = |feature: u8, field: u8| {
            self.outbox.iter().rev().find(|it| {
                let is_deleted = it.op.kind == OperationKind::Delete && it.op.feature == feature;
                let change = it.op.changes.iter().find(|change| change.0 == field);
                it.op.feature == feature && (is_deleted || change.is_some())
            })
        };
        self.outbox.iter().flat_map(move |it| {
            let must = it.op.kind != OperationKind::Delete && self.is_overlaid(it, None);
            let changes = it.op.changes.iter().filter(move |_| must);
            changes.filter_map(move |(field, _, new)| {
                let is_newest =
                    newest(it.op.feature, *field).is_some_and(|newest| newest.op.id == it.op.id);
                is_newest.then_some((usize::from(it.op.feature), *field, *new))
            })
        })
    }
}

fn held(store: &Store, feature: usize, seq: u16) -> Option<Held> {
    let row = store.rows[feature];
    let about = store.disputes.iter().filter(|it| usize::from(it.feature) == feature);
    (row.state != State::Absent).then(|| Held { seq, row, disputes: about.cloned().collect() })
}
