//! The invariants, in terms of the model.

use std::collections::BTreeMap;

use faltkarta_changes::OperationKind;

use crate::act::{Act, Fate};
use crate::bug::Bug;
use crate::op::{AREA, N_FIELDS};
use crate::store::{Outcome, State, What};
use crate::world::World;

impl World {
    /// What does not hold, now or after the world has healed from here.
    pub(crate) fn violation(&self, bug: Option<Bug>) -> Option<&'static str> {
        if let Some(why) = self.broken_now(bug) {
            return Some(why);
        }
        match self.healed(bug) {
            Err(why) => Some(why),
            Ok(healed) => healed.fault.or_else(|| healed.at_rest()),
        }
    }

    /// What does not hold in this very moment.
    pub(crate) fn broken_now(&self, bug: Option<Bug>) -> Option<&'static str> {
        self.fault.or_else(|| self.own_edits(bug))
    }

    /// I10: own edits are seen until their row has come.
    fn own_edits(&self, bug: Option<Bug>) -> Option<&'static str> {
        for laptop in &self.clients {
            for (feature, field, value) in laptop.wanted() {
                let view = laptop.view(feature, bug);
                let is_gone = view.is_none() && laptop.makes(feature);
                if is_gone || view.is_some_and(|row| row.values[usize::from(field)] != value) {
                    return Some("I10 an own edit vanished");
                }
            }
        }
        None
    }

    /// No more faults: everything under way arrives, and everybody pushes and pulls until nothing is left.
    pub(crate) fn healed(&self, bug: Option<Bug>) -> Result<Self, &'static str> {
        let mut world = self.clone();
        world.store.hidden = None;
        while !world.late.is_empty() {
            world.step(Act::Arrive { request: 0 }, bug);
            world.store.hidden = None;
        }
        for _ in 0..30 {
            let mut is_busy = false;
            for client in 0..world.clients.len() as u8 {
                let before = world.clients[usize::from(client)].clone();
                world.step(Act::Push { client, fate: Fate::Arrives }, bug);
                world.store.hidden = None;
                while world.fault.is_none()
                    && world.step(Act::Pull { client, n: 200, is_cut: false }, bug)
                {
                }
                let laptop = &world.clients[usize::from(client)];
                is_busy |= *laptop != before || laptop.must_resync;
            }
            if !is_busy {
                return Ok(world);
            }
        }
        Err("I12 the world does not come to rest")
    }

    /// What must hold when everything has arrived.
    fn at_rest(&self) -> Option<&'static str> {
        self.edits().or_else(|| self.feed()).or_else(|| self.laptops())
    }

    /// I1 to I5 and I13: every edit is told once, and nothing was overwritten unseen.
    fn edits(&self) -> Option<&'static str> {
        let store = &self.store;
        if !store.parked.is_empty() {
            return Some("I1 an operation waits for ever");
        }
        let mut told: BTreeMap<(u16, u8), u8> = BTreeMap::new();
        for done in &store.done {
            let n = told.entry((done.edit, done.field)).or_default();
            if done.what != What::Same {
                *n += 1;
                if *n > 1 {
                    return Some("I2 an edit took effect twice");
                }
            }
            if let What::Applied { cur, seen } = done.what
                && cur != seen
            {
                return Some("I4 a value was overwritten that its author had not seen");
            }
        }
        for op in self.truth.iter().filter(|it| !self.without_entry.contains(&it.edit)) {
            let is_row = op.kind == OperationKind::Delete || op.changes.is_empty();
            let mut fields: Vec<u8> = op.changes.iter().map(|it| it.0).collect();
            if is_row {
                fields = vec![N_FIELDS as u8];
            }
            if fields.iter().any(|field| !told.contains_key(&(op.edit, *field))) {
                return Some("I1 I3 I13 an edit is lost");
            }
        }
        let n_open = store.disputes.len() as u16;
        (store.n_opened != n_open + store.n_closed).then_some("I5 a conflict is lost")
    }

    /// I6: every number once, and the chain verifies from its beginning.
    fn feed(&self) -> Option<&'static str> {
        let store = &self.store;
        let is_linked = store.chain.len() == store.feed.len() + 1
            && store.feed.iter().enumerate().all(|(at, it)| it.row.seq == at as u16 + 1);
        (!is_linked).then_some("I6 the feed has a hole")
    }

    /// I7, I8 and I12: every laptop holds what the store holds of its areas, and waits with nothing.
    fn laptops(&self) -> Option<&'static str> {
        for laptop in &self.clients {
            let is_waiting = laptop.outbox.iter().any(|it| {
                let known = self.store.log.get(&(0, it.op.id));
                it.ack.is_none() && known.is_none_or(|it| it.outcome != Outcome::Parked)
            });
            if is_waiting {
                return Some("I12 an operation is never sent");
            }
            for (feature, row) in self.store.rows.iter().enumerate() {
                let is_here = row.state != State::Absent && laptop.wants(row.values[AREA]);
                let about =
                    self.store.disputes.iter().filter(|it| usize::from(it.feature) == feature);
                let is_same = match &laptop.base[feature] {
                    None => !is_here,
                    Some(held) => {
                        is_here
                            && (held.row.state, held.row.values) == (row.state, row.values)
                            && held.disputes.iter().eq(about)
                    }
                };
                if !is_same {
                    return Some("I7 I8 a laptop holds something else than the store");
                }
            }
        }
        None
    }
}
