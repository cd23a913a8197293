//! Churches, schools, parks, sports grounds and industry take whole blocks of a town.

use std::collections::{BTreeMap, BTreeSet};

use crate::chance::Chance;
use crate::town::{Lot, Node, Side, Town, Use};

/// Replaces the lots of chosen blocks by one lot each.
pub(crate) fn assign(seed: u64, town: &mut Town) {
    let mut blocks: BTreeMap<Node, (usize, usize, f64)> = BTreeMap::new();
    for lot in &town.lots {
        let gap = if lot.side == Side::Up { lot.row } else { lot.row - 1 };
        let entry = blocks.entry((gap, lot.column)).or_insert((0, 0, lot.outness));
        if lot.side == Side::Up { entry.0 += 1 } else { entry.1 += 1 }
    }
    // Only blocks that are built on both sides, away from the first two streets.
    let mut whole: Vec<(f64, Node)> = blocks
        .iter()
        .filter(|((row, column), (up, down, _))| {
            let is_wide = town.columns[column + 1] - town.columns[*column] < 190.0;
            *up >= 3 && *down >= 3 && is_wide && row + 1 < town.rows.len()
        })
        .filter(|((row, column), _)| {
            // The whole front must be there, or the block was cut by water.
            let sum: f64 = town
                .lots
                .iter()
                .filter(|lot| lot.column == *column && gap_of(lot) == *row)
                .map(|lot| lot.to - lot.from)
                .sum();
            let full = 2.0 * (town.columns[column + 1] - town.columns[*column]) - 30.0;
            sum > full
        })
        .map(|(node, (_, _, out))| (*out, *node))
        .collect();
    whole.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let n = whole.len();
    let houses = town.site.houses;
    let mut chance = Chance::keyed(seed, &[35, town.site.key]);
    let kungsgatan: BTreeSet<Node> =
        town.row_pieces.iter().filter(|(_, street)| **street == 0).map(|(node, _)| *node).collect();
    let mut chosen: BTreeMap<Node, Use> = BTreeMap::new();
    let take = |share: f64, purpose: Use, chosen: &mut BTreeMap<Node, Use>| {
        let from = (share * n as f64) as usize;
        for (_, node) in whole.iter().skip(from) {
            let touches = kungsgatan.contains(node) || kungsgatan.contains(&(node.0 + 1, node.1));
            let is_next =
                chosen.keys().any(|other| other.0.abs_diff(node.0) + other.1.abs_diff(node.1) < 2);
            if !touches && !is_next {
                chosen.insert(*node, purpose);
                return;
            }
        }
    };
    if n >= 4 {
        take(0.05, Use::Church, &mut chosen);
    }
    if n >= 6 {
        take(0.2, Use::Park, &mut chosen);
    }
    if n >= 10 {
        take(0.35, Use::School, &mut chosen);
        take(0.5, Use::Sports, &mut chosen);
    }
    for i in 0..houses / 450 {
        let at = (i as f64 + chance.range(0.2, 0.9)) / (houses as f64 / 450.0 + 0.5);
        take(at, if i % 3 == 2 { Use::School } else { Use::Park }, &mut chosen);
    }
    // Industry lies together at one end of the town.
    if houses >= 180 {
        let end: f64 = chance.range(0.0, std::f64::consts::TAU);
        let mut far: Vec<(f64, Node)> = whole
            .iter()
            .map(|(_, node)| {
                let u = f64::midpoint(town.columns[node.1], town.columns[node.1 + 1]);
                (-(u * end.cos() + town.rows[node.0] * end.sin()), *node)
            })
            .collect();
        far.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (_, node) in far.into_iter().take(1 + n / 22) {
            let touches = kungsgatan.contains(&node) || kungsgatan.contains(&(node.0 + 1, node.1));
            if !touches {
                chosen.entry(node).or_insert(Use::Industry);
            }
        }
    }
    let mut merged: Vec<Lot> = vec![];
    town.lots.retain(|lot| {
        let node = (gap_of(lot), lot.column);
        match chosen.get(&node) {
            None => true,
            Some(purpose) => {
                if lot.side == Side::Up && !merged.iter().any(|it| (it.row, it.column) == node) {
                    merged.push(Lot { purpose: *purpose, ..lot.clone() });
                }
                false
            }
        }
    });
    for mut lot in merged {
        lot.from = town.columns[lot.column] + crate::town::STREET_M / 2.0;
        lot.to = town.columns[lot.column + 1] - crate::town::STREET_M / 2.0;
        lot.back = town.rows[lot.row + 1] - crate::town::STREET_M / 2.0;
        town.lots.push(lot);
    }
}

/// The gap between two row streets that a lot lies in.
pub(crate) fn gap_of(lot: &Lot) -> usize {
    if lot.side == Side::Up { lot.row } else { lot.row - 1 }
}
