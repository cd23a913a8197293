//! What people did, written down by the history itself: the other side of every comparison.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use uuid::Uuid;

/// One deed of a person at a laptop. Its number is the hidden id that no program knows.
#[derive(Debug, Clone)]
pub(crate) struct Deed {
    /// The laptop.
    pub(crate) laptop: usize,
    /// The feature.
    pub(crate) feature: Uuid,
    /// What was done.
    pub(crate) kind: DeedKind,
    /// What was seen and what was set, by field.
    pub(crate) fields: BTreeMap<String, Seen>,
    /// Operations that the laptop made of it.
    pub(crate) ops: Vec<Uuid>,
    /// Photos that it names.
    pub(crate) blobs: Vec<String>,
}

/// What kind of deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeedKind {
    /// A new feature.
    Create,
    /// New values.
    Update,
    /// The feature goes.
    Delete,
    /// A deleted feature comes back.
    Restore,
    /// A conflict is decided.
    Resolve,
    /// An inspection with its effects on the subject.
    Inspect,
}

impl DeedKind {
    /// Whether it decides a conflict.
    pub(crate) fn is_decision(self) -> bool {
        matches!(self, Self::Resolve | Self::Restore)
    }
}

/// One field as a person saw and set it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    /// What stood there.
    pub(crate) old: Json,
    /// What was set.
    pub(crate) new: Json,
}

/// What an entry of the feed tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) feature: Uuid,
    pub(crate) version: i64,
    pub(crate) is_deleted: bool,
}

/// What happened, as far as the store's promise goes.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    /// All deeds that are durable at the laptop they were done at.
    pub(crate) deeds: Vec<Deed>,
    /// Operations in each laptop's journal.
    pub(crate) ops_of_laptop: BTreeMap<usize, Vec<Uuid>>,
    /// The deed of each operation.
    pub(crate) deed_of_op: BTreeMap<Uuid, usize>,
    /// Content of each operation as it was first seen on a wire.
    pub(crate) on_wire: BTreeMap<Uuid, String>,
    /// Outcomes that a store gave, by operation: its sequence number or that of the head.
    pub(crate) answered: BTreeMap<Uuid, Outcome>,
    /// Every outcome that a store ever gave, also in a history that it lost.
    pub(crate) told: BTreeMap<Uuid, Vec<Outcome>>,
    /// Outcomes that a laptop received: laptop and operation.
    pub(crate) heard: BTreeMap<(usize, Uuid), Outcome>,
    /// Highest row number seen by each laptop for each feature, with the epoch.
    pub(crate) row_seq: BTreeMap<(usize, Uuid), u64>,
    /// Where the feed stood at the newest rows that a laptop fetched dataset by dataset.
    pub(crate) rows_at: BTreeMap<usize, u64>,
    /// Entries that were cut off the store's feed.
    pub(crate) cut: BTreeMap<u64, Told>,
    /// The epoch that [`Truth::row_seq`] of a laptop speaks of.
    pub(crate) epoch: BTreeMap<usize, String>,
    /// Conflicts that the store answered with, each with an operation that it answered for.
    pub(crate) conflicts: BTreeSet<(Uuid, Uuid)>,
    /// Operations that a restore of the store may have thrown back.
    pub(crate) n_restores: u32,
}

impl Truth {
    /// A deed is durable at a laptop.
    pub(crate) fn keep(&mut self, laptop: usize, deed: Deed) {
        let number = self.deeds.len();
        for op in &deed.ops {
            self.deed_of_op.insert(*op, number);
            self.ops_of_laptop.entry(laptop).or_default().push(*op);
        }
        self.deeds.push(deed);
    }

    /// A laptop was copied: its copy knows and has seen the same.
    pub(crate) fn copy_laptop(&mut self, from: usize, to: usize) {
        if let Some(ops) = self.ops_of_laptop.get(&from).cloned() {
            self.ops_of_laptop.insert(to, ops);
        }
        if let Some(at) = self.rows_at.get(&from).copied() {
            self.rows_at.insert(to, at);
        }
        let heard: Vec<(Uuid, Outcome)> = self
            .heard
            .iter()
            .filter(|((laptop, _), _)| *laptop == from)
            .map(|((_, op), outcome)| (*op, outcome.clone()))
            .collect();
        self.heard.extend(heard.into_iter().map(|(op, outcome)| ((to, op), outcome)));
    }
}

/// What a store said of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// `applied`, `merged`, `same`, `conflict`, `parked`, `quarantined`.
    pub(crate) word: String,
    /// When the laptop's cursor has reached this, its base shows the outcome.
    pub(crate) until_seq: u64,
    /// The history it belongs to.
    pub(crate) epoch: String,
}
