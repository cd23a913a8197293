//! Random histories: one seed is one history, in words that another program can replay.

use crate::act::{Act, Deed, Fate};
use crate::bug::Bug;
use crate::op::N_FIELDS;
use crate::store::{Outcome, State};
use crate::world::World;

const N_FEATURES: usize = 6;
const N_STEPS: usize = 90;
const N_AREAS: u64 = 3;
const MAX_LAPTOPS: usize = 5;

/// A random history and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// One step a line, as `oracle.py` reads them.
    pub steps: Vec<String>,
    /// The healed world, one fact a line, sorted.
    pub end: Vec<String>,
    /// The first thing that did not hold.
    pub violation: Option<String>,
}

/// Plays the history of a seed.
pub fn play(seed: u64, bug: Option<Bug>) -> History {
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995);
    let areas: Vec<u8> = (0..3).map(|_| 0b111 & !(1 << chance.below(N_AREAS))).collect();
    let mut world = World::new(&areas, N_FEATURES);
    let mut steps = vec![format!("world {} {} {}", areas[0], areas[1], areas[2])];
    let mut violation = None;
    for _ in 0..N_STEPS {
        if bug == Some(Bug::SerialNumbers) && chance.below(12) == 0 {
            world.step(Act::Surface, bug);
        }
        let act = any_act(&world, &mut chance, bug);
        if world.step(act, bug) {
            steps.push(words(act));
        }
        // Healing after every step would be the complete search; here it comes at the end.
        violation = world.broken_now(bug);
        if violation.is_some() {
            break;
        }
    }
    let violation = violation.or_else(|| world.violation(bug)).map(str::to_owned);
    let end = world.healed(bug).map(|it| end_words(&it)).unwrap_or_default();
    History { steps, end, violation }
}

/// The histories of a range of seeds without any bug, as `oracle.py` reads them: steps, `end`, facts, an empty line.
pub fn play_words(seeds: std::ops::Range<u64>) -> String {
    let mut text = String::new();
    for seed in seeds {
        let history = play(seed, None);
        let lines = history.steps.iter().map(String::as_str);
        for line in lines.chain(["end"]).chain(history.end.iter().map(String::as_str)).chain([""]) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// `SplitMix64`: enough chance for histories, the same on every machine.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut it = self.0;
        it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (it ^ (it >> 31)) % n
    }
}

fn any_act(world: &World, chance: &mut Chance, bug: Option<Bug>) -> Act {
    let client = chance.below(world.clients.len() as u64) as u8;
    match chance.below(1000) {
        0..420 => any_edit(client, chance, bug),
        420..660 => {
            let fate = match chance.below(10) {
                0..6 => Fate::Arrives,
                6..8 => Fate::AnswerLost,
                8 => Fate::Twice,
                _ => Fate::Late,
            };
            Act::Push { client, fate }
        }
        660..880 => {
            let is_cut = bug == Some(Bug::CursorFirst) && chance.below(7) == 0;
            Act::Pull { client, n: 1 + chance.below(8) as u8, is_cut }
        }
        880..920 => Act::Arrive { request: chance.below(world.late.len().max(1) as u64) as u8 },
        920..940 => Act::Backup,
        940..955 => Act::Restore {
            backup: chance.below(world.backups.len().max(1) as u64) as u8,
            is_announced: chance.below(2) == 0,
        },
        955..970 if world.clients.len() < MAX_LAPTOPS => Act::Copy { client },
        _ => Act::AddArea { client, area: 1 + chance.below(N_AREAS) as u16 },
    }
}

fn any_edit(client: u8, chance: &mut Chance, bug: Option<Bug>) -> Act {
    let feature = chance.below(N_FEATURES as u64) as u8;
    let deed = match chance.below(20) {
        0..6 => Deed::Create { area: 1 + chance.below(N_AREAS) as u16 },
        6..13 => Deed::Set { fields: 1 + chance.below(3) as u8 },
        13..15 => Deed::Move { area: 1 + chance.below(N_AREAS) as u16 },
        15..17 => Deed::Delete,
        _ => Deed::Decide { is_mine: chance.below(2) == 0 },
    };
    let is_cut = bug == Some(Bug::SplitTransaction) && chance.below(10) == 0;
    Act::Edit { client, feature, deed, is_cut }
}

fn words(act: Act) -> String {
    match act {
        Act::Edit { client, feature, deed, .. } => {
            let deed = match deed {
                Deed::Create { area } => format!("create {area}"),
                Deed::Set { fields } => format!("set {fields}"),
                Deed::Move { area } => format!("move {area}"),
                Deed::Delete => "delete".to_owned(),
                Deed::Decide { is_mine: true } => "mine".to_owned(),
                Deed::Decide { is_mine: false } => "theirs".to_owned(),
            };
            format!("edit {client} {feature} {deed}")
        }
        Act::Push { client, fate } => {
            let fate = match fate {
                Fate::Arrives => "arrives",
                Fate::AnswerLost => "lost",
                Fate::Twice => "twice",
                Fate::Late => "late",
            };
            format!("push {client} {fate}")
        }
        Act::Pull { client, n, .. } => format!("pull {client} {n}"),
        Act::Arrive { request } => format!("arrive {request}"),
        Act::Backup => "backup".to_owned(),
        Act::Restore { backup, is_announced } => {
            format!("restore {backup} {}", if is_announced { "announced" } else { "silent" })
        }
        Act::Copy { client } => format!("copy {client}"),
        Act::AddArea { client, area } => format!("area {client} {area}"),
        Act::Surface => "surface".to_owned(),
    }
}

fn state(state: State) -> &'static str {
    match state {
        State::Absent => "absent",
        State::Live => "live",
        State::Deleted => "deleted",
    }
}

fn joined(values: [u16; N_FIELDS]) -> String {
    values.map(|it| it.to_string()).join(",")
}

fn end_words(world: &World) -> Vec<String> {
    let store = &world.store;
    let mut lines = vec![format!("store epoch {} head {}", store.epoch, store.head())];
    for (feature, row) in store.rows.iter().enumerate() {
        lines.push(format!("row {feature} {} {}", state(row.state), joined(row.values)));
    }
    for it in &store.disputes {
        let fields = it
            .fields
            .iter()
            .map(|(field, base, store, candidate)| format!("{field}:{base}:{store}:{candidate}"));
        let key = it.key.map_or("*".to_owned(), |it| it.to_string());
        let fields: Vec<String> = fields.collect();
        lines.push(format!("open {} {key} by {} {}", it.opened_by, it.op, fields.join(" ")));
    }
    for ((_, op), judged) in &store.log {
        let outcome = match judged.outcome {
            Outcome::Holds => "holds",
            Outcome::Conflict => "conflict",
            Outcome::Parked => "parked",
        };
        lines.push(format!("op {op} {outcome}"));
    }
    for (n, laptop) in world.clients.iter().enumerate() {
        lines.push(format!("laptop {n} epoch {} cursor {}", laptop.epoch, laptop.cursor));
        for (feature, held) in laptop.base.iter().enumerate() {
            if let Some(held) = held {
                let row = held.row;
                lines.push(format!(
                    "laptop {n} holds {feature} {} {}",
                    state(row.state),
                    joined(row.values)
                ));
            }
        }
    }
    lines.sort();
    lines
}
