//! Store, laptops, network and backups, and what one step does to them.

use std::sync::Arc;

use faltkarta_changes::{ConflictKind, OperationKind};

use crate::act::{Act, Deed, Fate};
use crate::bug::Bug;
use crate::client::{Client, Kept, Request};
use crate::op::{AREA, N_FIELDS, Op};
use crate::store::{Judged, Outcome, State, Store};

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) n_epochs: u8,
    pub(crate) backups: Vec<Arc<Store>>,
    pub(crate) clients: Vec<Client>,
    /// Requests that are still under way.
    pub(crate) late: Vec<Request>,
    /// Every edit that somebody was told is saved; edit 1 is the first.
    pub(crate) truth: Vec<Arc<Op>>,
    /// Features that were made, one bit each.
    pub(crate) made: u32,
    /// Edits that were answered without an entry of their own: the store had what they say. Their line in the log can be
    /// lost by a restore, and nothing of them with it.
    pub(crate) without_entry: Vec<u16>,
    /// What a step broke that cannot be seen in the state.
    pub(crate) fault: Option<&'static str>,
}

impl World {
    pub(crate) fn new(areas: &[u8], n_features: usize) -> Self {
        let store = Store::new(n_features);
        let clients = areas
            .iter()
            .enumerate()
            .map(|(replica, areas)| Client::new(replica as u8, *areas, &store))
            .collect();
        Self {
            store,
            n_epochs: 1,
            backups: vec![],
            clients,
            late: vec![],
            truth: vec![],
            made: 1,
            without_entry: vec![],
            fault: None,
        }
    }

    /// Does one step; `false` when there was nothing to do.
    pub(crate) fn step(&mut self, act: Act, bug: Option<Bug>) -> bool {
        match act {
            Act::Edit { client, feature, deed, is_cut } => {
                self.edit(client.into(), feature.into(), deed, is_cut, bug)
            }
            Act::Push { client, fate } => self.push(client.into(), fate, bug),
            Act::Pull { client, n, is_cut } => self.pull(client.into(), n.into(), is_cut, bug),
            Act::Arrive { request } => {
                if usize::from(request) >= self.late.len() {
                    return false;
                }
                let request = self.late.remove(request.into());
                self.receive(&request, bug);
                true
            }
            Act::Backup => {
                self.backups.push(Arc::new(self.store.clone()));
                if self.backups.len() > 2 {
                    self.backups.remove(0);
                }
                true
            }
            Act::Restore { backup, is_announced } => {
                let Some(backup) = self.backups.get(usize::from(backup)).cloned() else {
                    return false;
                };
                self.store = (*backup).clone();
                if is_announced && bug != Some(Bug::SameEpoch) {
                    self.new_epoch();
                }
                self.backups.retain(|it| it.head() <= backup.head());
                true
            }
            Act::Copy { client } => {
                let copy = self.clients[usize::from(client)].clone();
                self.clients.push(copy);
                true
            }
            Act::AddArea { client, area } => {
                let laptop = &self.clients[usize::from(client)];
                if laptop.must_resync || laptop.wants(area) {
                    return false;
                }
                let (epoch, witness) = (laptop.epoch, laptop.witness);
                // Rows are asked for like entries, with a witness; else they could hide a rollback.
                let follows = self.follows(epoch, witness, bug);
                let laptop = &mut self.clients[usize::from(client)];
                if follows {
                    laptop.add_area(area, &self.store, bug);
                } else {
                    laptop.refused();
                }
                true
            }
            Act::Surface => self.store.hidden.take().is_some(),
        }
    }

    fn new_epoch(&mut self) {
        self.n_epochs += 1;
        self.store.epoch = self.n_epochs;
    }

    fn edit(
        &mut self,
        client: usize,
        feature: usize,
        deed: Deed,
        is_cut: bool,
        bug: Option<Bug>,
    ) -> bool {
        let Some(op) = self.draught(client, feature, deed, bug) else { return false };
        if deed == (Deed::Create { area: op.changes.last().map_or(0, |it| it.2) }) {
            self.made |= 1 << feature;
        }
        let op = Arc::new(op);
        if is_cut && bug != Some(Bug::SplitTransaction) {
            return false; // Nothing of it is there, and nobody was told that it is.
        }
        self.truth.push(op.clone());
        let laptop = &mut self.clients[client];
        laptop.n_ops += 1;
        if !is_cut {
            laptop.outbox.push(Kept { op, ack: None, is_tried: false });
        }
        true
    }

    /// The operation that a deed becomes; `None` where it cannot be done.
    fn draught(&self, client: usize, feature: usize, deed: Deed, bug: Option<Bug>) -> Option<Op> {
        let laptop = &self.clients[client];
        if laptop.must_resync {
            return None;
        }
        let edit = self.truth.len() as u16 + 1;
        let mut op = Op {
            id: edit,
            edit,
            replica: laptop.replica,
            no: laptop.n_ops + 1,
            kind: OperationKind::Update,
            feature: feature as u8,
            changes: vec![],
            needs: vec![],
        };
        let before = laptop.outbox.iter().rev().find(|it| usize::from(it.op.feature) == feature);
        op.needs.extend(before.map(|it| it.op.id));
        if let Deed::Create { area } = deed {
            if self.made & (1 << feature) != 0 || !laptop.wants(area) {
                return None;
            }
            op.kind = OperationKind::Create;
            op.changes =
                vec![(0, 0, fresh(edit, 0)), (1, 0, fresh(edit, 1)), (AREA as u8, 0, area)];
            return Some(op);
        }
        let row = laptop.view(feature, bug)?;
        match deed {
            Deed::Decide { is_mine } => {
                self.decide(&mut op, client, is_mine, row.values)?;
            }
            _ if row.state != State::Live => return None,
            Deed::Set { fields } => {
                let named = (0..AREA as u8).filter(|it| fields & (1 << it) != 0);
                op.changes =
                    named.map(|it| (it, row.values[usize::from(it)], fresh(edit, it))).collect();
            }
            Deed::Move { area } => {
                if row.values[AREA] == area {
                    return None;
                }
                op.changes = vec![(AREA as u8, row.values[AREA], area)];
            }
            Deed::Delete => {
                op.kind = OperationKind::Delete;
                op.changes = seen(row.values);
            }
            Deed::Create { .. } => {}
        }
        Some(op)
    }

    fn decide(
        &self,
        op: &mut Op,
        client: usize,
        is_mine: bool,
        values: [u16; N_FIELDS],
    ) -> Option<()> {
        let laptop = &self.clients[client];
        if laptop.outbox.iter().any(|it| it.op.feature == op.feature && it.ack.is_none()) {
            return None;
        }
        let held = laptop.base[usize::from(op.feature)].as_ref()?;
        let dispute = held.disputes.first()?;
        op.needs.push(dispute.op);
        op.kind = OperationKind::Resolve;
        let chosen = |(field, _, _, candidate): &(u8, u16, u16, u16)| {
            let stored = held.row.values[usize::from(*field)];
            (*field, stored, if is_mine { *candidate } else { stored })
        };
        match (dispute.kind, is_mine) {
            (ConflictKind::Field | ConflictKind::IdClash, _) => {
                op.changes = dispute.fields.iter().map(chosen).collect();
            }
            (ConflictKind::EditedVsDeleted, true) => {
                op.kind = OperationKind::Restore;
                op.changes = dispute.fields.iter().map(chosen).collect();
            }
            (ConflictKind::DeletedVsEdited, true) => {
                op.kind = OperationKind::Delete;
                op.changes = seen(values);
            }
            _ => {}
        }
        Some(())
    }

    fn push(&mut self, client: usize, fate: Fate, bug: Option<Bug>) -> bool {
        let laptop = &mut self.clients[client];
        if laptop.must_resync {
            laptop.resync(&self.store);
            return true;
        }
        if !laptop.is_pending() {
            return false;
        }
        if bug == Some(Bug::NewIdOnRetry) {
            for it in laptop.outbox.iter_mut().filter(|it| it.ack.is_none() && it.is_tried) {
                it.op = Arc::new(Op { id: it.op.id + 1_000, ..(*it.op).clone() });
            }
        }
        laptop.outbox.iter_mut().filter(|it| it.ack.is_none()).for_each(|it| it.is_tried = true);
        let request = laptop.request();
        if fate == Fate::Late {
            self.late.push(request);
            return true;
        }
        let answer = self.receive(&request, bug);
        if fate == Fate::Twice {
            self.late.push(request);
        }
        if fate == Fate::AnswerLost {
            return true;
        }
        let head = (self.store.head(), self.store.chain[usize::from(self.store.head())]);
        let safe_seq = self.backups.first().map_or(0, |it| it.head());
        let laptop = &mut self.clients[client];
        match answer {
            None => laptop.refused(),
            Some(outcomes) => laptop.acked(&outcomes, head, safe_seq, bug),
        }
        true
    }

    /// Whether a request follows the store's history; a store that was rolled back finds out here.
    fn follows(&mut self, epoch: u8, witness: (u16, u32), bug: Option<Bug>) -> bool {
        if epoch != self.store.epoch {
            return false;
        }
        if bug != Some(Bug::SameEpoch) && !self.store.knows_entry(witness.0, witness.1) {
            self.new_epoch();
            return false;
        }
        true
    }

    fn receive(&mut self, request: &Request, bug: Option<Bug>) -> Option<Vec<(u16, Judged)>> {
        if !self.follows(request.epoch, request.witness, bug) {
            return None;
        }
        let before = self.store.head();
        let mut outcomes: Vec<_> =
            request.ops.iter().map(|op| (op.id, self.store.take(op, bug))).collect();
        // What waited may have been judged by what came behind it.
        if bug != Some(Bug::NoDedupe) {
            for (id, outcome) in &mut outcomes {
                *outcome = self.store.log.get(&(0, *id)).copied().unwrap_or(*outcome);
            }
        }
        let after = self.store.head();
        if bug == Some(Bug::SerialNumbers) && after > before && self.store.hidden.is_none() {
            self.store.hidden = Some((before + 1, after));
        }
        for ((_, judged), op) in outcomes.iter().zip(&request.ops) {
            let is_new = judged.outcome == Outcome::Holds && judged.secured_at != judged.seq;
            if is_new && !self.without_entry.contains(&op.edit) {
                self.without_entry.push(op.edit);
            }
        }
        Some(outcomes)
    }

    fn pull(&mut self, client: usize, n: usize, is_cut: bool, bug: Option<Bug>) -> bool {
        if self.clients[client].must_resync {
            self.clients[client].resync(&self.store);
            return true;
        }
        let (epoch, witness) = (self.clients[client].epoch, self.clients[client].witness);
        if !self.follows(epoch, witness, bug) {
            self.clients[client].refused();
            return true;
        }
        let from = self.clients[client].cursor;
        // A history without epochs can leave a cursor behind its end.
        let page: Vec<_> = (from + 1..=self.store.head())
            .filter(|seq| !self.store.is_hidden(*seq))
            .take(n)
            .map(|seq| (seq, self.store.feed[usize::from(seq - 1)].clone()))
            .collect();
        let Some((last, _)) = page.last() else { return false };
        if is_cut {
            if bug == Some(Bug::CursorFirst) {
                self.clients[client].cursor = *last;
                return true;
            }
            return false; // Rows and cursor are one transaction.
        }
        if self.clients[client].pulled(&page, &self.store, bug).is_err() {
            self.fault = Some("I9 a row went back in time");
        }
        true
    }
}

/// A value that nobody wrote before.
fn fresh(edit: u16, field: u8) -> u16 {
    100 + edit * 10 + u16::from(field)
}

fn seen(values: [u16; N_FIELDS]) -> Vec<(u8, u16, u16)> {
    let held = values.into_iter().enumerate().filter(|(_, it)| *it != 0);
    held.map(|(field, it)| (field as u8, it, 0)).collect()
}
