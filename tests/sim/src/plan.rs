//! What kinds of trouble a history has.

use crate::chance::Chance;

/// What a history is like. Frequencies are so many of 1 000.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Laptops at the beginning.
    pub n_laptops: usize,
    /// Steps: deeds, rounds, accidents.
    pub n_steps: u32,
    /// Requests that meet a fault.
    pub network: u32,
    /// Deeds, rounds and requests in which a machine stops.
    pub crashes: u32,
    /// Requests during which something else happens.
    pub meanwhile: u32,
    /// Weight of a restore of the store among steps.
    pub restores: u32,
    /// Weight of a copied laptop among steps.
    pub clones: u32,
    /// Whether people decide conflicts.
    pub decisions: u32,
    /// Weight of a change of what a laptop follows among steps.
    pub areas: u32,
    /// Weight of a cut of the feed among steps.
    pub cuts: u32,
    /// Weight of a new field in the declaration of valves among steps.
    pub fields: u32,
    /// Most entries of a page of the feed; 0 for as many as the laptop asks for.
    pub page_entries: u32,
    /// Deeds that are inspections, beside those that chance makes some.
    pub inspections: u32,
    /// Photos among inspections.
    pub photos: u32,
    /// Rounds of everybody after faults have ended, within which all must be quiet.
    pub n_healing_rounds: u32,
    /// Whether laptops are looked at after each step; a season looks at its end only.
    pub is_watched: bool,
    /// Whether lines of the trace are kept.
    pub is_traced: bool,
}

impl Plan {
    /// The plan of a seed: each kind of trouble is frequent in some histories and absent from others, so that rare
    /// combinations come up.
    pub fn of_seed(seed: u64) -> Self {
        let chance = Chance::new(seed ^ 0x9_1a9);
        let some = |often: u32| match chance.below(4) {
            0 => 0,
            1 => often / 4,
            2 => often,
            _ => often * 2,
        };
        Self {
            n_laptops: 3 + chance.at(3),
            n_steps: 50 + chance.below(120) as u32,
            network: some(150),
            crashes: some(60),
            meanwhile: some(120),
            restores: if chance.below(3) == 0 { 8 } else { 0 },
            clones: if chance.below(4) == 0 { 10 } else { 0 },
            decisions: u32::from(chance.below(3) != 0),
            areas: if chance.below(2) == 0 { 40 } else { 0 },
            page_entries: [0, 1, 3, 10][chance.at(4)],
            inspections: 0,
            photos: some(200),
            n_healing_rounds: 12,
            is_watched: true,
            is_traced: false,
            cuts: if chance.below(4) == 0 { 15 } else { 0 },
            fields: if chance.below(4) == 0 { 8 } else { 0 },
        }
    }
}
