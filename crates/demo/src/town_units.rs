//! Kvarter and trakt names of a town, and the unit numbers inside them.

use std::collections::{BTreeMap, BTreeSet};

use crate::chance::Chance;
use crate::names;
use crate::region::{LINDESBERG, NORA};
use crate::town::{Node, Town, Use};
use crate::town_uses::gap_of;

/// Names every lot: kvarter in the middle of larger towns, trakt further out.
pub(crate) fn designate(seed: u64, town: &mut Town) {
    let mut blocks: BTreeMap<Node, (f64, Vec<usize>)> = BTreeMap::new();
    for (i, lot) in town.lots.iter().enumerate() {
        let entry = blocks.entry((gap_of(lot), lot.column)).or_insert((f64::INFINITY, vec![]));
        entry.0 = entry.0.min(lot.outness);
        entry.1.push(i);
    }
    let mut order: Vec<(f64, Node)> = blocks.iter().map(|(node, (out, _))| (*out, *node)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let size_of = |node: &Node| blocks[node].1.len();
    let is_plain = |node: &Node| {
        blocks[node].1.iter().all(|i| matches!(town.lots[*i].purpose, Use::Villa | Use::Center))
    };
    let mut given: BTreeMap<Node, (String, String)> = BTreeMap::new();
    let mut free: Vec<Node> = order.iter().map(|(_, node)| *node).collect();
    let mut give = |free: &mut Vec<Node>, least: usize, name: &str, block: &str| {
        let Some(at) = free
            .iter()
            .position(|node| size_of(node) >= least && is_plain(node))
            .or_else(|| free.iter().position(|node| size_of(node) >= least.min(3)))
        else {
            return;
        };
        given.insert(free.remove(at), (name.to_owned(), block.to_owned()));
    };
    match (town.site.home, town.site.key) {
        (LINDESBERG, 0) => {
            give(&mut free, 6, "RYA", "1");
            give(&mut free, 2, "ROSEN", "");
        }
        (NORA, 1) => {
            give(&mut free, 11, "ROSEN", "");
            give(&mut free, 4, "SKÅPSMEDEN", "");
            give(&mut free, 2, "ÄLVESTORP", "4");
        }
        _ => {}
    }
    // Kvarter names are dealt out so that no two towns of a municipality share one.
    let mut kvarter = kvarter_of(seed, town);
    let share = match town.site.houses {
        // Invented towns have trakter only: kvarter names would run out.
        _ if town.site.key >= 100 => 0.0,
        0..150 => 0.0,
        150..600 => 0.25,
        _ => 0.42,
    };
    let n_kvarter = (order.len() as f64 * share) as usize;
    for (_, node) in order.iter().take(n_kvarter) {
        if !given.contains_key(node) {
            match kvarter.pop() {
                Some(name) => given.insert(*node, (name, String::new())),
                None => break,
            };
        }
    }
    // The rest lies in trakter, one to each side of the town.
    let n_sides = (town.site.houses / 450).clamp(1, 7);
    let heart = town.site.center;
    let mut units: BTreeMap<(String, String), i64> = BTreeMap::new();
    for (_, node) in &order {
        let designation = given.get(node).cloned().unwrap_or_else(|| {
            let first = &town.lots[blocks[node].1[0]];
            let at = town.warp.at(first.mid(), first.front);
            let angle = (at[1] - heart[1]).atan2(at[0] - heart[0]) / std::f64::consts::TAU + 0.5;
            let side = ((angle * n_sides as f64) as usize).min(n_sides - 1);
            let key = town.site.key as usize;
            let first = if key < 100 { key * 8 } else { 60_000 + key * 8 };
            let name = names::place(seed, first + side);
            (name.to_uppercase(), "1".to_owned())
        });
        let mut members = blocks[node].1.clone();
        members.sort_by(|a, b| {
            let (a, b) = (&town.lots[*a], &town.lots[*b]);
            // Around the block: along the near street, back along the far one.
            (a.side as u8 == 0, a.side).cmp(&(b.side as u8 == 0, b.side)).then(
                if a.side == crate::town::Side::Up {
                    a.from.total_cmp(&b.from)
                } else {
                    b.from.total_cmp(&a.from)
                },
            )
        });
        for i in members {
            let unit = units.entry(designation.clone()).or_insert(0);
            *unit += 1;
            let lot = &mut town.lots[i];
            lot.trakt.clone_from(&designation.0);
            lot.block.clone_from(&designation.1);
            lot.unit = *unit;
        }
    }
}

/// The kvarter names that one town may use, the best last.
fn kvarter_of(seed: u64, town: &Town) -> Vec<String> {
    let home = town.site.home as u64;
    let mut all: Vec<String> = vec![];
    for side in ["", "NORRA ", "SÖDRA ", "ÖSTRA ", "VÄSTRA ", "LILLA ", "STORA ", "GAMLA "] {
        let mut round: Vec<String> =
            names::KVARTER.iter().map(|name| format!("{side}{name}")).collect();
        Chance::keyed(seed, &[36, home, side.len() as u64]).shuffle(&mut round);
        all.extend(round);
    }
    // Each town of a municipality takes its own share: every 8th name, the seat every second.
    let turn = town.site.key as usize;
    let mut seen = BTreeSet::new();
    let mut mine: Vec<String> = all
        .into_iter()
        .enumerate()
        .filter(|(i, _)| {
            if town.site.is_seat { i % 2 == 0 } else { i % 2 == 1 && (i / 2) % 16 == turn % 16 }
        })
        .map(|(_, name)| name)
        .filter(|name| seen.insert(name.clone()))
        .collect();
    mine.reverse();
    mine
}
