//! The complete search of a bounded world.

use stateright::{Checker as _, Model, Property};

use crate::act::{Act, Deed, Fate};
use crate::bug::Bug;
use crate::op::AREA;
use crate::world::World;

/// How much may happen in a world that is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Edits of all laptops together.
    pub n_edits: u8,
    /// Pushes whose answer is lost, by the network or because the laptop stops.
    pub n_lost: u8,
    /// Pushes that arrive twice, or late.
    pub n_repeated: u8,
    /// Times that a laptop stops in the middle of something.
    pub n_cuts: u8,
    /// Backups, and restores of one of them.
    pub n_backups: u8,
    /// Restores, each announced or not.
    pub n_restores: u8,
    /// Laptops that are copied.
    pub n_copies: u8,
    /// Whether the second laptop has one area of two, and may fetch the other.
    pub has_areas: bool,
}

/// What a search met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// How many different states were visited.
    pub n_states: usize,
    /// What does not hold, and the shortest way there, one step a line.
    pub violation: Option<(String, Vec<String>)>,
}

/// Searches all of a bounded world: every step in every order. With a bug, the first violation ends it.
pub fn search(bounds: Bounds, bug: Option<Bug>) -> Found {
    let builder = Search { bounds, bug }.checker().threads(1);
    // Breadth first finds the shortest way; depth first keeps few states at hand.
    if bug.is_some() {
        told(&builder.spawn_bfs().join(), bug)
    } else {
        told(&builder.spawn_dfs().join(), bug)
    }
}

fn told(checker: &impl stateright::Checker<Search>, bug: Option<Bug>) -> Found {
    let violation = checker.discovery(HOLDS).map(|path| {
        let why = path.last_state().world.violation(bug).unwrap_or_default();
        let steps = path.into_actions().iter().map(|act| format!("{act:?}")).collect();
        (why.to_owned(), steps)
    });
    Found { n_states: checker.unique_state_count(), violation }
}

const HOLDS: &str = "every invariant holds";

struct Search {
    bounds: Bounds,
    bug: Option<Bug>,
}

/// A world and what may still happen in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Searched {
    world: World,
    n_lost: u8,
    n_repeated: u8,
    n_cuts: u8,
    n_backups: u8,
    n_restores: u8,
    n_copies: u8,
}

impl Model for Search {
    type State = Searched;
    type Action = Act;

    fn init_states(&self) -> Vec<Searched> {
        let areas: &[u8] = if self.bounds.has_areas { &[0b11, 0b01] } else { &[0b11, 0b11] };
        let it = self.bounds;
        vec![Searched {
            world: World::new(areas, 2),
            n_lost: it.n_lost,
            n_repeated: it.n_repeated,
            n_cuts: it.n_cuts,
            n_backups: it.n_backups,
            n_restores: it.n_restores,
            n_copies: it.n_copies,
        }]
    }

    fn actions(&self, state: &Searched, acts: &mut Vec<Act>) {
        let world = &state.world;
        if world.fault.is_some() {
            return;
        }
        for client in 0..world.clients.len() as u8 {
            self.edits(state, client, acts);
            let mut push = |fate| acts.push(Act::Push { client, fate });
            push(Fate::Arrives);
            if state.n_lost > 0 {
                push(Fate::AnswerLost);
            }
            if state.n_repeated > 0 {
                push(Fate::Twice);
                push(Fate::Late);
            }
            acts.push(Act::Pull { client, n: 1, is_cut: false });
            if state.n_cuts > 0 {
                acts.push(Act::Pull { client, n: 1, is_cut: true });
            }
            if state.n_copies > 0 {
                acts.push(Act::Copy { client });
            }
            if self.bounds.has_areas {
                acts.push(Act::AddArea { client, area: 2 });
            }
        }
        acts.extend((0..world.late.len() as u8).map(|request| Act::Arrive { request }));
        if state.n_backups > 0 {
            acts.push(Act::Backup);
        }
        if state.n_restores > 0 {
            for backup in 0..world.backups.len() as u8 {
                acts.push(Act::Restore { backup, is_announced: true });
                acts.push(Act::Restore { backup, is_announced: false });
            }
        }
        acts.push(Act::Surface);
    }

    fn next_state(&self, last: &Searched, act: Act) -> Option<Searched> {
        let mut state = last.clone();
        match act {
            Act::Push { fate: Fate::AnswerLost, .. } => state.n_lost -= 1,
            Act::Push { fate: Fate::Twice | Fate::Late, .. } => state.n_repeated -= 1,
            Act::Edit { is_cut: true, .. } | Act::Pull { is_cut: true, .. } => state.n_cuts -= 1,
            Act::Backup => state.n_backups -= 1,
            Act::Restore { .. } => state.n_restores -= 1,
            Act::Copy { .. } => state.n_copies -= 1,
            _ => {}
        }
        state.world.step(act, self.bug).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::always(HOLDS, |search: &Search, state: &Searched| {
            state.world.violation(search.bug).is_none()
        })]
    }
}

impl Search {
    fn edits(&self, state: &Searched, client: u8, acts: &mut Vec<Act>) {
        let world = &state.world;
        if world.truth.len() >= usize::from(self.bounds.n_edits) {
            return;
        }
        let mut push = |feature, deed| {
            acts.push(Act::Edit { client, feature, deed, is_cut: false });
            if state.n_cuts > 0 {
                acts.push(Act::Edit { client, feature, deed, is_cut: true });
            }
        };
        // The first laptop makes the second feature; ids are never made twice.
        if client == 0 {
            push(1, Deed::Create { area: 1 });
        }
        for feature in 0..2 {
            push(feature, Deed::Set { fields: 1 });
            push(feature, Deed::Delete);
            push(feature, Deed::Decide { is_mine: true });
            push(feature, Deed::Decide { is_mine: false });
            if self.bounds.has_areas {
                let row = world.clients[usize::from(client)].view(feature.into(), self.bug);
                let area = if row.is_some_and(|it| it.values[AREA] == 1) { 2 } else { 1 };
                push(feature, Deed::Move { area });
            }
        }
    }
}
