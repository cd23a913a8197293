use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use faltkarta_model::FeatureId;

use crate::build::PlaceIndexBuilder;
use crate::index::PlaceIndex;
use crate::place::PlaceEntry;

/// What was edited since the index was made: entries that take the place of those in it, and entries that are gone.
///
/// Meant for the unsynced edits of one laptop, thousands at most: it is sorted anew at the first question after a change.
#[derive(Debug, Default)]
pub struct Overlay {
    entries: HashMap<FeatureId, PlaceEntry>,
    hidden: HashSet<FeatureId>,
    index: OnceLock<PlaceIndex>,
}

impl Overlay {
    /// Nothing edited.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a created or changed entry.
    pub fn put(&mut self, entry: PlaceEntry) {
        self.hidden.insert(entry.feature);
        self.entries.insert(entry.feature, entry);
        self.index.take();
    }

    /// Takes away a deleted feature.
    pub fn remove(&mut self, feature: FeatureId) {
        self.hidden.insert(feature);
        if self.entries.remove(&feature).is_some() {
            self.index.take();
        }
    }

    /// Undoes [`Overlay::put`] and [`Overlay::remove`]: the entry of the index counts again.
    pub fn restore(&mut self, feature: FeatureId) {
        self.hidden.remove(&feature);
        if self.entries.remove(&feature).is_some() {
            self.index.take();
        }
    }

    /// Whether the index's entry of this feature no longer counts.
    pub(crate) fn hides(&self, feature: FeatureId) -> bool {
        self.hidden.contains(&feature)
    }

    pub(crate) fn hides_nothing(&self) -> bool {
        self.hidden.is_empty()
    }

    /// The entries as an index of their own.
    pub(crate) fn index(&self) -> &PlaceIndex {
        self.index.get_or_init(|| {
            let mut builder = PlaceIndexBuilder::new();
            let mut entries: Vec<&PlaceEntry> = self.entries.values().collect();
            entries.sort_by_key(|it| it.feature);
            for it in entries {
                builder.add(it);
            }
            builder.build()
        })
    }
}
