use std::cmp::Reverse;
use std::collections::BinaryHeap;

use faltkarta_geo::Bounds;
use geo_index::rtree::sort::HilbertSort;
use geo_index::rtree::{RTreeBuilder, RTreeIndex as _};

use crate::packed::nearest::Near;

/// Why bytes are not an index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpatialError {
    /// The header is not that of a packed tree of 64-bit boxes.
    #[error("bytes are not a packed spatial index")]
    NotAnIndex,
    /// The bytes are fewer or more than the number of items asks for.
    #[error("spatial index has {found} bytes where {expected} were expected")]
    WrongLength {
        /// Bytes that the header asks for.
        expected: usize,
        /// Bytes there are.
        found: usize,
    },
    /// An entry points outside the tree.
    #[error("spatial index is damaged")]
    Damaged,
    /// The list of rows has another length than the tree.
    #[error("spatial index has {items} boxes for {rows} rows")]
    RowsMismatch {
        /// Boxes in the tree.
        items: usize,
        /// Rows in the list.
        rows: usize,
    },
}

/// Children of one node. The figure that measured best for boxes of a municipality.
const NODE_SIZE: usize = 16;
const MAGIC: u8 = 0xfb;
/// Version 3 of the layout, type 8 (64-bit floats).
const VERSION_AND_TYPE: u8 = 0x38;
/// Below so many nodes positions are stored in two bytes.
const WIDE_FROM_NODES: usize = 16_384;
const HEADER_LEN: usize = 8;

/// An R-tree packed along the Hilbert curve: made once, read often, never changed.
///
/// Bytes are the layout of flatbush 3 (little endian, 64-bit boxes, node size 16), so that JavaScript can read it too.
/// Boxes are in metres on the store's grid.
#[derive(Debug, Clone, PartialEq)]
pub struct PackedIndex {
    /// Leaves first, then each level upwards, the root last. Minimum e, n, maximum e, n.
    boxes: Vec<[f64; 4]>,
    /// Which box of the input stands at a leaf.
    items: Vec<u32>,
    /// Where each level begins in `boxes`, with one entry more for the end.
    levels: Vec<usize>,
}

/// The order along the Hilbert curve: the first entry is the position in `boxes` that comes first.
///
/// Writers store rows in this order, so that what lies together on the map lies together in the file.
pub fn hilbert_order(boxes: &[Bounds]) -> Vec<u32> {
    PackedIndex::build(boxes).items
}

impl PackedIndex {
    /// Packs boxes. A hit is told as the position of its box in this slice.
    ///
    /// At most `u32::MAX` boxes; more are left out.
    pub fn build(boxes: &[Bounds]) -> Self {
        let n_items = boxes.len().min(u32::MAX as usize);
        let levels = levels_of(n_items);
        if n_items == 0 {
            return Self { boxes: vec![], items: vec![], levels };
        }
        let mut builder = RTreeBuilder::<f64>::new_with_node_size(n_items as u32, NODE_SIZE as u16);
        for it in &boxes[..n_items] {
            builder.add(it.min_e_m, it.min_n_m, it.max_e_m, it.max_n_m);
        }
        let tree = builder.finish::<HilbertSort>();
        let (packed, _) = tree.boxes().as_chunks::<4>();
        let positions = tree.indices();
        let items = (0..n_items).map(|leaf| positions.get(leaf) as u32).collect();
        Self { boxes: packed.to_vec(), items, levels }
    }

    /// How many boxes were packed.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The rectangle around everything; `None` when empty.
    pub fn bounds(&self) -> Option<Bounds> {
        self.boxes.last().map(|it| Bounds {
            min_e_m: it[0],
            min_n_m: it[1],
            max_e_m: it[2],
            max_n_m: it[3],
        })
    }

    /// Shows the position of every box that shares at least a point with `query`, in no promised order.
    pub fn search(&self, query: Bounds, see: &mut impl FnMut(u32)) {
        let top = self.levels.len().saturating_sub(2);
        if self.is_empty() {
            return;
        }
        // Depth first with a stack of sibling ranges; 16 children on at most 8 levels stay small.
        let mut open: Vec<(usize, usize, usize)> = Vec::with_capacity(64);
        open.push((top, self.levels[top], self.levels[top + 1]));
        while let Some((level, from, to)) = open.pop() {
            if level == 0 {
                for (it, item) in self.boxes[from..to].iter().zip(&self.items[from..to]) {
                    if meets(it, query) {
                        see(*item);
                    }
                }
                continue;
            }
            for (offset, it) in self.boxes[from..to].iter().enumerate() {
                if !meets(it, query) {
                    continue;
                }
                let nth = from + offset - self.levels[level];
                if holds(query, it) {
                    let (first, last) = self.leaves_below(level, nth);
                    self.items[first..last].iter().for_each(|item| see(*item));
                } else {
                    let (first, last) = self.children_of(level, nth);
                    open.push((level - 1, first, last));
                }
            }
        }
    }

    /// The nearest boxes by their true distance, nearest first, at most `n` and none beyond `max_m` metres.
    ///
    /// `exact_m` answers the distance in metres of the thing in a box (never less than that of the box), or `None` to
    /// pass it over. Boxes are opened only as far as needed.
    pub fn nearest(
        &self,
        e_m: f64,
        n_m: f64,
        max_m: f64,
        n: usize,
        exact_m: &mut impl FnMut(u32, Bounds) -> Option<f64>,
    ) -> Vec<(u32, f64)> {
        let mut found = Vec::new();
        if self.is_empty() || n == 0 {
            return found;
        }
        let top = self.levels.len() - 2;
        let mut open = BinaryHeap::new();
        for at in self.levels[top]..self.levels[top + 1] {
            open.push(Reverse(Near::node(distance_m(&self.boxes[at], e_m, n_m), top, at)));
        }
        while let Some(Reverse(near)) = open.pop() {
            if near.distance_m > max_m {
                break;
            }
            if near.is_exact {
                found.push((self.items[near.at], near.distance_m));
                if found.len() == n {
                    break;
                }
            } else if near.level == 0 {
                let it = self.boxes[near.at];
                let bounds =
                    Bounds { min_e_m: it[0], min_n_m: it[1], max_e_m: it[2], max_n_m: it[3] };
                if let Some(distance_m) = exact_m(self.items[near.at], bounds) {
                    open.push(Reverse(Near::exact(distance_m, near.at)));
                }
            } else {
                let nth = near.at - self.levels[near.level];
                let (first, last) = self.children_of(near.level, nth);
                for at in first..last {
                    let distance_m = distance_m(&self.boxes[at], e_m, n_m);
                    if distance_m <= max_m {
                        open.push(Reverse(Near::node(distance_m, near.level - 1, at)));
                    }
                }
            }
        }
        found
    }

    /// The bytes that [`PackedIndex::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let n_nodes = self.boxes.len();
        let mut bytes = Vec::with_capacity(byte_len(n_nodes));
        bytes.extend_from_slice(&[MAGIC, VERSION_AND_TYPE]);
        bytes.extend_from_slice(&(NODE_SIZE as u16).to_le_bytes());
        bytes.extend_from_slice(&(self.items.len() as u32).to_le_bytes());
        for ordinate in self.boxes.iter().flatten() {
            bytes.extend_from_slice(&ordinate.to_le_bytes());
        }
        let mut position = |at: usize| {
            if n_nodes < WIDE_FROM_NODES {
                bytes.extend_from_slice(&(at as u16).to_le_bytes());
            } else {
                bytes.extend_from_slice(&(at as u32).to_le_bytes());
            }
        };
        self.items.iter().for_each(|item| position(*item as usize));
        for level in 1..self.levels.len().saturating_sub(1) {
            for nth in 0..self.levels[level + 1] - self.levels[level] {
                // The layout counts in ordinates, four to a box.
                position(self.children_of(level, nth).0 * 4);
            }
        }
        bytes
    }

    /// Reads an index back. A megabyte takes about a millisecond.
    ///
    /// # Errors
    ///
    /// [`SpatialError`] when the bytes are foreign, cut off or point outside themselves; a search can then never fail.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SpatialError> {
        let Some((head, body)) = bytes.split_at_checked(HEADER_LEN) else {
            return Err(SpatialError::NotAnIndex);
        };
        let node_size = usize::from(u16::from_le_bytes([head[2], head[3]]));
        if head[0] != MAGIC || head[1] != VERSION_AND_TYPE || node_size != NODE_SIZE {
            return Err(SpatialError::NotAnIndex);
        }
        let n_items = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let levels = levels_of(n_items);
        let n_nodes = levels.last().copied().unwrap_or(0);
        let expected = byte_len(n_nodes);
        if bytes.len() != expected {
            return Err(SpatialError::WrongLength { expected, found: bytes.len() });
        }
        let (ordinates, positions) = body.split_at(n_nodes * 32);
        let (ordinates, _) = ordinates.as_chunks::<8>();
        let (ordinates, _) = ordinates.as_chunks::<4>();
        let boxes: Vec<[f64; 4]> = ordinates.iter().map(|it| it.map(f64::from_le_bytes)).collect();
        let items: Vec<u32> = if n_nodes < WIDE_FROM_NODES {
            let (narrow, _) = positions.as_chunks::<2>();
            narrow[..n_items].iter().map(|it| u32::from(u16::from_le_bytes(*it))).collect()
        } else {
            let (wide, _) = positions.as_chunks::<4>();
            wide[..n_items].iter().map(|it| u32::from_le_bytes(*it)).collect()
        };
        // Where inner nodes point follows from the number of items, so only leaves can point astray.
        if items.iter().any(|item| *item as usize >= n_items) {
            return Err(SpatialError::Damaged);
        }
        Ok(Self { boxes, items, levels })
    }

    fn children_of(&self, level: usize, nth: usize) -> (usize, usize) {
        let first = self.levels[level - 1] + nth * NODE_SIZE;
        (first, (first + NODE_SIZE).min(self.levels[level]))
    }

    fn leaves_below(&self, level: usize, nth: usize) -> (usize, usize) {
        let width = NODE_SIZE.pow(level as u32);
        (nth * width, ((nth + 1) * width).min(self.items.len()))
    }
}

fn levels_of(n_items: usize) -> Vec<usize> {
    let mut levels = vec![0, n_items];
    let (mut width, mut end) = (n_items, n_items);
    while width > 1 {
        width = width.div_ceil(NODE_SIZE);
        end += width;
        levels.push(end);
    }
    levels
}

fn byte_len(n_nodes: usize) -> usize {
    HEADER_LEN + n_nodes * 32 + n_nodes * if n_nodes < WIDE_FROM_NODES { 2 } else { 4 }
}

fn meets(it: &[f64; 4], query: Bounds) -> bool {
    it[0] <= query.max_e_m
        && it[1] <= query.max_n_m
        && it[2] >= query.min_e_m
        && it[3] >= query.min_n_m
}

fn holds(query: Bounds, it: &[f64; 4]) -> bool {
    query.min_e_m <= it[0]
        && query.min_n_m <= it[1]
        && it[2] <= query.max_e_m
        && it[3] <= query.max_n_m
}

/// Distance in metres from a point to a box; 0 inside.
pub(crate) fn distance_m(it: &[f64; 4], e_m: f64, n_m: f64) -> f64 {
    let de = (it[0] - e_m).max(e_m - it[2]).max(0.0);
    let dn = (it[1] - n_m).max(n_m - it[3]).max(0.0);
    de.hypot(dn)
}

mod nearest {
    use std::cmp::Ordering;

    /// Something met on the way to the nearest, ordered by distance; at the same distance what is exact comes first.
    #[derive(Debug, PartialEq)]
    pub(super) struct Near {
        pub(super) distance_m: f64,
        pub(super) is_exact: bool,
        pub(super) level: usize,
        pub(super) at: usize,
    }

    impl Near {
        pub(super) fn node(distance_m: f64, level: usize, at: usize) -> Self {
            Self { distance_m, is_exact: false, level, at }
        }

        pub(super) fn exact(distance_m: f64, at: usize) -> Self {
            Self { distance_m, is_exact: true, level: 0, at }
        }
    }

    impl Eq for Near {}

    impl Ord for Near {
        fn cmp(&self, other: &Self) -> Ordering {
            self.distance_m
                .total_cmp(&other.distance_m)
                .then_with(|| other.is_exact.cmp(&self.is_exact))
                .then_with(|| self.at.cmp(&other.at))
        }
    }

    impl PartialOrd for Near {
        fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
            Some(self.cmp(other))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_index::rtree::RTreeRef;
    use proptest::prelude::*;

    pub(crate) fn a_box() -> impl Strategy<Value = Bounds> {
        (0.0..5_000.0f64, 0.0..5_000.0f64, 0.0..300.0f64, 0.0..300.0f64).prop_map(|(e, n, w, h)| {
            Bounds { min_e_m: e, min_n_m: n, max_e_m: e + w, max_n_m: n + h }
        })
    }

    fn found(index: &PackedIndex, query: Bounds) -> Vec<u32> {
        let mut hits = vec![];
        index.search(query, &mut |it| hits.push(it));
        hits.sort_unstable();
        hits
    }

    proptest! {
        #[test]
        fn a_search_finds_what_a_scan_finds(
            boxes in prop::collection::vec(a_box(), 0..700),
            query in a_box(),
            margin_m in 0.0..1_500.0f64,
        ) {
            let query = query.grown(margin_m);
            let index = PackedIndex::build(&boxes);
            let scan: Vec<u32> =
                (0..boxes.len() as u32).filter(|it| boxes[*it as usize].meets(query)).collect();
            prop_assert_eq!(found(&index, query), scan);
        }

        #[test]
        fn bytes_read_back_are_the_same_index_and_the_library_reads_them_too(
            boxes in prop::collection::vec(a_box(), 1..400), query in a_box(),
        ) {
            let index = PackedIndex::build(&boxes);
            let bytes = index.to_bytes();
            prop_assert_eq!(&PackedIndex::from_bytes(&bytes).unwrap(), &index);
            // The library reads ordinates in place and wants them aligned.
            let aligned: Vec<u64> = vec![0; bytes.len().div_ceil(8) + 1];
            let mut room: Vec<u8> = bytemuck_bytes(aligned);
            room.clear();
            room.extend_from_slice(&bytes);
            let peer = RTreeRef::<f64>::try_new(&room).unwrap();
            let mut hits =
                peer.search(query.min_e_m, query.min_n_m, query.max_e_m, query.max_n_m);
            hits.sort_unstable();
            prop_assert_eq!(found(&index, query), hits);
        }

        #[test]
        fn the_nearest_are_those_of_a_scan(
            boxes in prop::collection::vec(a_box(), 0..300),
            e in 0.0..5_000.0f64, n in 0.0..5_000.0f64, max_m in 0.0..2_000.0f64,
        ) {
            let index = PackedIndex::build(&boxes);
            let to = |it: &Bounds| distance_m(&[it.min_e_m, it.min_n_m, it.max_e_m, it.max_n_m], e, n);
            let mut scan: Vec<f64> = boxes.iter().map(to).filter(|it| *it <= max_m).collect();
            scan.sort_by(f64::total_cmp);
            scan.truncate(7);
            let near = index.nearest(e, n, max_m, 7, &mut |_, it| Some(to(&it)));
            prop_assert_eq!(near.iter().map(|it| it.1).collect::<Vec<_>>(), scan);
            for (item, distance_m) in near {
                prop_assert_eq!(to(&boxes[item as usize]), distance_m);
            }
        }
    }

    /// Plain bytes; allocators hand out room for eight-byte alignment at these sizes.
    fn bytemuck_bytes(words: Vec<u64>) -> Vec<u8> {
        words.into_iter().flat_map(u64::to_le_bytes).collect()
    }

    #[test]
    fn the_curve_visits_every_box_once_and_neighbours_together() {
        let boxes: Vec<Bounds> = (0..4_096u32)
            .map(|it| {
                Bounds::at(
                    f64::from((it * 2_053) % 4_096 % 64),
                    f64::from((it * 2_053) % 4_096 / 64),
                )
            })
            .collect();
        let order = hilbert_order(&boxes);
        let mut seen = order.clone();
        seen.sort_unstable();
        assert_eq!(seen, (0..4_096).collect::<Vec<_>>());
        let step = |order: &[u32]| -> f64 {
            order
                .windows(2)
                .map(|pair| {
                    let (a, b) = (boxes[pair[0] as usize], boxes[pair[1] as usize]);
                    (a.min_e_m - b.min_e_m).hypot(a.min_n_m - b.min_n_m)
                })
                .sum()
        };
        let as_given: Vec<u32> = (0..4_096).collect();
        assert!(step(&order) * 5.0 < step(&as_given), "{} {}", step(&order), step(&as_given));
    }

    #[test]
    fn damaged_bytes_are_refused() {
        let boxes: Vec<Bounds> = (0..40).map(|it| Bounds::at(f64::from(it), 0.0)).collect();
        let bytes = PackedIndex::build(&boxes).to_bytes();
        for n in 0..bytes.len() {
            assert!(PackedIndex::from_bytes(&bytes[..n]).is_err(), "{n}");
        }
        let mut astray = bytes.clone();
        let first_leaf = bytes.len() - 2 * (40 + 3 + 1);
        astray[first_leaf] = 40;
        assert_eq!(PackedIndex::from_bytes(&astray), Err(SpatialError::Damaged));
        let mut foreign = bytes;
        foreign[0] = b'{';
        assert_eq!(PackedIndex::from_bytes(&foreign), Err(SpatialError::NotAnIndex));
    }
}
