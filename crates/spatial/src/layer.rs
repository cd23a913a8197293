use std::collections::{HashMap, HashSet};

use faltkarta_geo::Bounds;
use faltkarta_model::FeatureId;
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use crate::packed::{PackedIndex, SpatialError, distance_m};

/// Where the feature of a hit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FeatureRow {
    /// In the base, at this row.
    Base(u32),
    /// Among the features edited since the base was made.
    Edited(FeatureId),
}

type Entry = GeomWithData<Rectangle<[f64; 2]>, FeatureId>;

/// The spatial index of one dataset: a packed base, and over it what was edited since.
///
/// An edited or deleted feature hides its row of the base. Boxes are in metres on the store's grid.
#[derive(Debug)]
pub struct LayerIndex {
    base: PackedIndex,
    /// Row of the base for each position of the packed tree.
    rows: Vec<u32>,
    hidden: HashSet<u32>,
    edited: RTree<Entry>,
    edited_bounds: HashMap<FeatureId, Bounds>,
}

impl LayerIndex {
    /// Makes the index of rows and their boxes.
    pub fn build(rows_and_boxes: &[(u32, Bounds)]) -> Self {
        let boxes: Vec<Bounds> = rows_and_boxes.iter().map(|it| it.1).collect();
        let rows = rows_and_boxes.iter().map(|it| it.0).collect();
        Self::over(PackedIndex::build(&boxes), rows)
    }

    /// An index with no base, for a dataset that begins empty.
    pub fn empty() -> Self {
        Self::build(&[])
    }

    /// Reads the two columns of a package's `spatial_index`: little-endian rows, and the packed tree.
    ///
    /// # Errors
    ///
    /// [`SpatialError`] when the bytes do not belong together or are damaged.
    pub fn from_parts(rows: &[u8], tree: &[u8]) -> Result<Self, SpatialError> {
        let base = PackedIndex::from_bytes(tree)?;
        let (words, rest) = rows.as_chunks::<4>();
        if !rest.is_empty() || words.len() != base.len() {
            return Err(SpatialError::RowsMismatch { items: base.len(), rows: words.len() });
        }
        let rows = words.iter().map(|it| u32::from_le_bytes(*it)).collect();
        Ok(Self::over(base, rows))
    }

    /// The two columns of a package's `spatial_index`, rows and tree. The overlay is not in them.
    pub fn to_parts(&self) -> (Vec<u8>, Vec<u8>) {
        (self.rows.iter().flat_map(|row| row.to_le_bytes()).collect(), self.base.to_bytes())
    }

    fn over(base: PackedIndex, rows: Vec<u32>) -> Self {
        Self {
            base,
            rows,
            hidden: HashSet::new(),
            edited: RTree::new(),
            edited_bounds: HashMap::new(),
        }
    }

    /// How many features have a place: of the base those that are not hidden, and those edited.
    pub fn len(&self) -> usize {
        let n_hidden = self.rows.iter().filter(|row| self.hidden.contains(row)).count();
        self.rows.len() - n_hidden + self.edited_bounds.len()
    }

    /// Whether no feature has a place.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many features lie in the overlay or are hidden; the index is worth making anew at 1 % of the base.
    pub fn n_changed(&self) -> usize {
        self.hidden.len() + self.edited_bounds.len()
    }

    /// The rectangle around everything that was ever in it; `None` when there was nothing.
    pub fn bounds(&self) -> Option<Bounds> {
        let edited = self.edited_bounds.values().copied().reduce(Bounds::union);
        match (self.base.bounds(), edited) {
            (Some(base), Some(edited)) => Some(base.union(edited)),
            (base, edited) => base.or(edited),
        }
    }

    /// Takes a created or changed feature: hides its row of the base, if it has one, and keeps the new box.
    ///
    /// `bounds` is `None` for a feature that lost its place.
    pub fn replace(&mut self, base_row: Option<u32>, id: FeatureId, bounds: Option<Bounds>) {
        self.remove(base_row, id);
        if let Some(bounds) = bounds {
            self.edited.insert(entry(bounds, id));
            self.edited_bounds.insert(id, bounds);
        }
    }

    /// Takes away a deleted feature, from base and overlay.
    pub fn remove(&mut self, base_row: Option<u32>, id: FeatureId) {
        self.hidden.extend(base_row);
        if let Some(bounds) = self.edited_bounds.remove(&id) {
            self.edited.remove(&entry(bounds, id));
        }
    }

    /// Undoes [`LayerIndex::replace`] and [`LayerIndex::remove`]: the row of the base shows again.
    pub fn restore(&mut self, base_row: Option<u32>, id: FeatureId) {
        self.remove(None, id);
        if let Some(row) = base_row {
            self.hidden.remove(&row);
        }
    }

    /// Shows every feature whose box shares at least a point with `query`, edited ones last.
    pub fn search(&self, query: Bounds, see: &mut impl FnMut(FeatureRow)) {
        if self.hidden.is_empty() {
            self.base.search(query, &mut |at| see(FeatureRow::Base(self.rows[at as usize])));
        } else {
            self.base.search(query, &mut |at| {
                let row = self.rows[at as usize];
                if !self.hidden.contains(&row) {
                    see(FeatureRow::Base(row));
                }
            });
        }
        if !self.edited_bounds.is_empty() {
            let window =
                AABB::from_corners([query.min_e_m, query.min_n_m], [query.max_e_m, query.max_n_m]);
            for hit in self.edited.locate_in_envelope_intersecting(window) {
                see(FeatureRow::Edited(hit.data));
            }
        }
    }

    /// The nearest features, nearest first, at most `n` and none beyond `max_m` metres.
    ///
    /// `exact_m` answers the distance of a feature in metres (see [`crate::measure`]), or `None` to pass it over; it is
    /// asked only for boxes near enough. For points the distance of the box is exact:
    /// [`LayerIndex::nearest_boxes`].
    pub fn nearest(
        &self,
        e_m: f64,
        n_m: f64,
        max_m: f64,
        n: usize,
        exact_m: &mut impl FnMut(FeatureRow, Bounds) -> Option<f64>,
    ) -> Vec<(FeatureRow, f64)> {
        let mut near: Vec<(FeatureRow, f64)> = self
            .base
            .nearest(e_m, n_m, max_m, n, &mut |at, bounds| {
                let row = self.rows[at as usize];
                if self.hidden.contains(&row) {
                    None
                } else {
                    exact_m(FeatureRow::Base(row), bounds)
                }
            })
            .into_iter()
            .map(|(at, distance_m)| (FeatureRow::Base(self.rows[at as usize]), distance_m))
            .collect();
        // The overlay is small; its boxes come in order of distance, so it stops as soon as it cannot help.
        let mut n_edited = 0;
        let max2 = max_m * max_m;
        for (hit, distance2) in self.edited.nearest_neighbor_iter_with_distance_2([e_m, n_m]) {
            let worst = if near.len() >= n { near[n - 1].1 } else { f64::INFINITY };
            if distance2 > max2 || (n_edited >= n && distance2.sqrt() > worst) {
                break;
            }
            let Some(bounds) = self.edited_bounds.get(&hit.data) else { continue };
            let row = FeatureRow::Edited(hit.data);
            if let Some(distance_m) = exact_m(row, *bounds).filter(|it| *it <= max_m) {
                n_edited += 1;
                let at = near.partition_point(|it| it.1 <= distance_m);
                near.insert(at, (row, distance_m));
            }
        }
        near.truncate(n);
        near
    }

    /// [`LayerIndex::nearest`] by the distance of boxes: exact for points, a lower limit for all else.
    pub fn nearest_boxes(
        &self,
        e_m: f64,
        n_m: f64,
        max_m: f64,
        n: usize,
    ) -> Vec<(FeatureRow, f64)> {
        self.nearest(e_m, n_m, max_m, n, &mut |_, it| {
            Some(distance_m(&[it.min_e_m, it.min_n_m, it.max_e_m, it.max_n_m], e_m, n_m))
        })
    }
}

fn entry(bounds: Bounds, id: FeatureId) -> Entry {
    let rectangle =
        Rectangle::from_corners([bounds.min_e_m, bounds.min_n_m], [bounds.max_e_m, bounds.max_n_m]);
    GeomWithData::new(rectangle, id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use faltkarta_model::IdSource;
    use proptest::prelude::*;

    struct Counting(u128);
    impl IdSource for Counting {
        fn next_id(&mut self) -> uuid::Uuid {
            self.0 += 1;
            uuid::Uuid::from_u128(self.0)
        }
    }

    fn id(n: u32) -> FeatureId {
        FeatureId::new(&mut Counting(u128::from(n)))
    }

    fn a_box() -> impl Strategy<Value = Bounds> {
        (0.0..2_000.0f64, 0.0..2_000.0f64, 0.0..200.0f64, 0.0..200.0f64).prop_map(|(e, n, w, h)| {
            Bounds { min_e_m: e, min_n_m: n, max_e_m: e + w, max_n_m: n + h }
        })
    }

    #[derive(Debug, Clone)]
    enum Edit {
        Replace(u32, Bounds),
        LosePlace(u32),
        Remove(u32),
        Restore(u32),
    }

    fn an_edit() -> impl Strategy<Value = Edit> {
        prop_oneof![
            (0..80u32, a_box()).prop_map(|(it, bounds)| Edit::Replace(it, bounds)),
            (0..80u32).prop_map(Edit::LosePlace),
            (0..80u32).prop_map(Edit::Remove),
            (0..80u32).prop_map(Edit::Restore),
        ]
    }

    /// Features 0…n-1 are in the base at row number + 100; higher numbers are created.
    struct Plain {
        base: Vec<Bounds>,
        now: HashMap<u32, (FeatureRow, Bounds)>,
    }

    impl Plain {
        fn base_row(&self, it: u32) -> Option<u32> {
            ((it as usize) < self.base.len()).then_some(it + 100)
        }

        fn play(&mut self, index: &mut LayerIndex, edit: &Edit) {
            match edit {
                Edit::Replace(it, bounds) => {
                    index.replace(self.base_row(*it), id(*it), Some(*bounds));
                    self.now.insert(*it, (FeatureRow::Edited(id(*it)), *bounds));
                }
                Edit::LosePlace(it) => {
                    index.replace(self.base_row(*it), id(*it), None);
                    self.now.remove(it);
                }
                Edit::Remove(it) => {
                    index.remove(self.base_row(*it), id(*it));
                    self.now.remove(it);
                }
                Edit::Restore(it) => {
                    index.restore(self.base_row(*it), id(*it));
                    self.now.remove(it);
                    if let Some(row) = self.base_row(*it) {
                        self.now.insert(*it, (FeatureRow::Base(row), self.base[*it as usize]));
                    }
                }
            }
        }
    }

    fn played(base: Vec<Bounds>, edits: &[Edit]) -> (LayerIndex, Plain) {
        let rows: Vec<(u32, Bounds)> = base.iter().zip(100..).map(|(it, row)| (row, *it)).collect();
        let mut index = LayerIndex::build(&rows);
        let now =
            base.iter().zip(0..).map(|(it, n)| (n, (FeatureRow::Base(n + 100), *it))).collect();
        let mut plain = Plain { base, now };
        for edit in edits {
            plain.play(&mut index, edit);
        }
        (index, plain)
    }

    proptest! {
        #[test]
        fn after_any_edits_a_search_finds_what_a_scan_finds(
            base in prop::collection::vec(a_box(), 0..60),
            edits in prop::collection::vec(an_edit(), 0..60),
            query in a_box(),
        ) {
            let (index, plain) = played(base, &edits);
            let mut hits = vec![];
            index.search(query, &mut |it| hits.push(it));
            hits.sort_unstable();
            let mut scan: Vec<FeatureRow> =
                plain.now.values().filter(|it| it.1.meets(query)).map(|it| it.0).collect();
            scan.sort_unstable();
            prop_assert_eq!(hits, scan);
            prop_assert_eq!(index.len(), plain.now.len());
        }

        #[test]
        fn after_any_edits_the_nearest_are_those_of_a_scan(
            base in prop::collection::vec(a_box(), 0..60),
            edits in prop::collection::vec(an_edit(), 0..60),
            e in 0.0..2_000.0f64, n in 0.0..2_000.0f64,
        ) {
            let (index, plain) = played(base, &edits);
            let to = |it: &Bounds| {
                distance_m(&[it.min_e_m, it.min_n_m, it.max_e_m, it.max_n_m], e, n)
            };
            let mut scan: Vec<f64> = plain.now.values().map(|it| to(&it.1)).collect();
            scan.retain(|it| *it <= 600.0);
            scan.sort_by(f64::total_cmp);
            scan.truncate(5);
            let near: Vec<f64> =
                index.nearest_boxes(e, n, 600.0, 5).into_iter().map(|it| it.1).collect();
            prop_assert_eq!(near, scan);
        }
    }

    #[test]
    fn the_parts_of_a_package_are_read_back() {
        let rows: Vec<(u32, Bounds)> =
            (0..500u32).map(|it| (1_000 + it, Bounds::at(f64::from(it), 0.0))).collect();
        let (row_bytes, tree) = LayerIndex::build(&rows).to_parts();
        let index = LayerIndex::from_parts(&row_bytes, &tree).unwrap();
        let mut hits = vec![];
        index.search(Bounds::at(250.0, 0.0), &mut |it| hits.push(it));
        assert_eq!(hits, [FeatureRow::Base(1_250)]);
        assert_eq!(
            LayerIndex::from_parts(&row_bytes[4..], &tree).unwrap_err(),
            SpatialError::RowsMismatch { items: 500, rows: 499 }
        );
    }
}
