//! Which squares of a grid a shape touches: the coarse place by which areas are judged.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::geometry::{Geometry, GeometryPart};

/// The squares of [`CellCover::CELL_M`] metres that a shape touches, on the store's grid, or everywhere.
///
/// Store and laptop judge areas by it: two shapes belong together when their covers share a square. It is exact about
/// squares and says nothing finer, so that both ends always come to the same answer.
///
/// Invariant: a cover that is not everywhere holds at least one square and at most [`CellCover::MAX_CELLS`], sorted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CellCover {
    // `None` is everywhere.
    cells: Option<Vec<Cell>>,
}

/// A square by its row (northing) and column (easting); 0 begins at the grid's origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Cell {
    row: i32,
    column: i32,
}

/// Why text is not a cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CellCoverError {
    /// It is not written as covers are.
    #[error("not a cover of cells")]
    Malformed,
    /// More squares than [`CellCover::MAX_CELLS`].
    #[error("a cover of more than {} cells", CellCover::MAX_CELLS)]
    TooLarge,
}

impl CellCover {
    /// Side of a square in metres.
    pub const CELL_M: f64 = 1_024.0;
    /// The most squares of a cover; a shape that touches more is everywhere.
    pub const MAX_CELLS: usize = 65_536;

    /// The cover of what has no place.
    pub fn everywhere() -> Self {
        Self { cells: None }
    }

    /// The squares that a geometry touches, the inside of polygons among them; `None` when it has no vertex.
    pub fn of(geometry: &Geometry) -> Option<Self> {
        let mut tracer = Tracer::default();
        let mut open = vec![];
        geometry.visit(|part| match part {
            GeometryPart::Begin { base } => {
                open.push(base);
                tracer.begin_path();
            }
            GeometryPart::Path { .. } => tracer.begin_path(),
            GeometryPart::Vertex { e_m, n_m } => tracer.vertex(e_m, n_m, open.last() == Some(&3)),
            GeometryPart::End => {
                if open.pop() == Some(3) {
                    tracer.fill();
                }
            }
        });
        tracer.finish()
    }

    /// The squares that a ring with its inside touches: easting and northing in metres, closed or not; `None` when it
    /// has no vertex. Ordinates that are no numbers count as 0, since the caller has checked them.
    pub fn of_ring(ring_m: &[[f64; 2]]) -> Option<Self> {
        let mut tracer = Tracer::default();
        for [e_m, n_m] in ring_m.iter().chain(ring_m.first()) {
            tracer.vertex(*e_m, *n_m, true);
        }
        tracer.fill();
        tracer.finish()
    }

    /// Whether it is the cover of what has no place.
    pub fn is_everywhere(&self) -> bool {
        self.cells.is_none()
    }

    /// Whether the two share a square; everywhere meets anything.
    pub fn meets(&self, other: &Self) -> bool {
        let (Some(a), Some(b)) = (&self.cells, &other.cells) else { return true };
        let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
        few.iter().any(|it| many.binary_search(it).is_ok())
    }
}

fn place(ordinate_m: f64) -> i32 {
    // A cast keeps to the range of the type: what lies beyond the world's end is in its last square.
    (ordinate_m / CellCover::CELL_M).floor() as i32
}

/// Collects squares vertex by vertex.
#[derive(Default)]
struct Tracer {
    cells: BTreeSet<Cell>,
    is_too_large: bool,
    last: Option<(f64, f64)>,
    // Where the rings of the open polygon cross the middle of a row.
    crossings: BTreeMap<i32, Vec<f64>>,
}

impl Tracer {
    fn begin_path(&mut self) {
        self.last = None;
    }

    fn vertex(&mut self, e_m: f64, n_m: f64, is_ring: bool) {
        let to = (e_m, n_m);
        match self.last.replace(to) {
            Some(from) => self.segment(from, to, is_ring),
            None => self.add(place(n_m), place(e_m), place(e_m)),
        }
    }

    fn add(&mut self, row: i32, first_column: i32, last_column: i32) {
        for column in first_column..=last_column {
            if self.cells.len() >= CellCover::MAX_CELLS
                && !self.cells.contains(&Cell { row, column })
            {
                self.is_too_large = true;
                return;
            }
            self.cells.insert(Cell { row, column });
        }
    }

    fn segment(&mut self, from: (f64, f64), to: (f64, f64), is_ring: bool) {
        let (low, high) = (from.1.min(to.1), from.1.max(to.1));
        let (west, east) = (from.0.min(to.0), from.0.max(to.0));
        // The ends are themselves, not what the slope makes of them.
        let e_at = |n_m: f64| {
            if n_m == from.1 {
                from.0
            } else if n_m == to.1 {
                to.0
            } else {
                let e_m = from.0 + (n_m - from.1) / (to.1 - from.1) * (to.0 - from.0);
                e_m.max(west).min(east)
            }
        };
        for row in place(low)..=place(high) {
            if self.is_too_large {
                return;
            }
            let south = f64::from(row) * CellCover::CELL_M;
            let (a, b) = if from.1 == to.1 {
                (west, east)
            } else {
                let (a, b) = (e_at(south.max(low)), e_at((south + CellCover::CELL_M).min(high)));
                (a.min(b), a.max(b))
            };
            self.add(row, place(a), place(b));
            let middle = south + CellCover::CELL_M / 2.0;
            if is_ring && (from.1 <= middle) != (to.1 <= middle) {
                self.crossings.entry(row).or_default().push(e_at(middle));
            }
        }
    }

    /// Adds the squares inside the polygon that ends: those that no ring touches lie wholly inside or wholly outside,
    /// so the middle of each tells.
    fn fill(&mut self) {
        for (row, mut crossings) in std::mem::take(&mut self.crossings) {
            crossings.sort_by(f64::total_cmp);
            for pair in crossings.chunks_exact(2) {
                if self.is_too_large {
                    return;
                }
                let first = (pair[0] / CellCover::CELL_M - 0.5).ceil() as i32;
                let last = (pair[1] / CellCover::CELL_M - 0.5).floor() as i32;
                self.add(row, first, last);
            }
        }
    }

    fn finish(self) -> Option<CellCover> {
        if self.is_too_large {
            return Some(CellCover::everywhere());
        }
        let cells: Vec<Cell> = self.cells.into_iter().collect();
        (!cells.is_empty()).then_some(CellCover { cells: Some(cells) })
    }
}

/// `*` for everywhere, else rows from south to north, each with its runs of columns: `6453:158-160,162;6454:158`.
impl fmt::Display for CellCover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(cells) = &self.cells else { return f.write_str("*") };
        let mut rest = cells.as_slice();
        let mut row = None;
        while let [first, ..] = rest {
            let n = (1..rest.len())
                .find(|at| {
                    rest[*at].row != first.row || rest[*at].column != rest[at - 1].column + 1
                })
                .unwrap_or(rest.len());
            match row {
                Some(row) if row == first.row => f.write_str(",")?,
                Some(_) => write!(f, ";{}:", first.row)?,
                None => write!(f, "{}:", first.row)?,
            }
            row = Some(first.row);
            write!(f, "{}", first.column)?;
            if n > 1 {
                write!(f, "-{}", rest[n - 1].column)?;
            }
            rest = &rest[n..];
        }
        Ok(())
    }
}

impl FromStr for CellCover {
    type Err = CellCoverError;

    fn from_str(text: &str) -> Result<Self, CellCoverError> {
        if text == "*" {
            return Ok(Self::everywhere());
        }
        let number = |it: &str| it.parse::<i32>().map_err(|_| CellCoverError::Malformed);
        let mut tracer = Tracer::default();
        for line in text.split(';') {
            let (row, runs) = line.split_once(':').ok_or(CellCoverError::Malformed)?;
            let row = number(row)?;
            for run in runs.split(',') {
                // A minus sign may stand before either number.
                let (first, last) = match run.get(1..).and_then(|it| it.split_once('-')) {
                    Some((head, last)) => (number(&run[..=head.len()])?, number(last)?),
                    None => (number(run)?, number(run)?),
                };
                if last < first {
                    return Err(CellCoverError::Malformed);
                }
                tracer.add(row, first, last);
                if tracer.is_too_large {
                    return Err(CellCoverError::TooLarge);
                }
            }
        }
        tracer.finish().ok_or(CellCoverError::Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_types::{LineString, MultiPolygon, Polygon};
    use proptest::prelude::*;

    fn line(points: &[(f64, f64)]) -> Geometry {
        Geometry::from_types(&LineString::from(points.to_vec()).into())
    }

    fn text(geometry: &Geometry) -> String {
        CellCover::of(geometry).unwrap().to_string()
    }

    #[test]
    fn a_point_lies_in_one_square_whose_south_and_west_sides_belong_to_it() {
        assert_eq!(text(&Geometry::point(162_914.0, 6_608_920.0)), "6454:159");
        assert_eq!(text(&Geometry::point(1_024.0, 2_048.0)), "2:1");
        assert_eq!(text(&Geometry::point(1_023.999, 2_047.999)), "1:0");
        assert_eq!(text(&Geometry::point(-0.001, -1_024.0)), "-1:-1");
    }

    #[test]
    fn a_line_touches_the_squares_between_its_ends() {
        assert_eq!(text(&line(&[(100.0, 100.0), (3_000.0, 100.0)])), "0:0-2");
        assert_eq!(text(&line(&[(100.0, 100.0), (100.0, 3_000.0)])), "0:0;1:0;2:0");
        assert_eq!(text(&line(&[(0.0, 0.0), (2_047.0, 1_023.0)])), "0:0-1");
        // From the lower left over the lower right to the upper right.
        assert_eq!(text(&line(&[(100.0, 100.0), (2_000.0, 1_500.0)])), "0:0-1;1:1");
    }

    #[test]
    fn a_polygon_covers_its_inside_and_not_its_hole() {
        let square = |low: f64, high: f64| {
            LineString::from(vec![(low, low), (high, low), (high, high), (low, high), (low, low)])
        };
        let whole = Polygon::new(square(100.0, 4_500.0), vec![]);
        let covered = CellCover::of(&Geometry::from_types(&whole.clone().into())).unwrap();
        assert_eq!(covered.to_string(), "0:0-4;1:0-4;2:0-4;3:0-4;4:0-4");
        let pierced = Polygon::new(square(100.0, 4_500.0), vec![square(1_900.0, 3_200.0)]);
        let pierced = CellCover::of(&Geometry::from_types(&pierced.into())).unwrap();
        assert!(!pierced.meets(&CellCover::of(&Geometry::point(2_500.0, 2_500.0)).unwrap()));
        assert!(pierced.meets(&CellCover::of(&Geometry::point(1_500.0, 2_500.0)).unwrap()));
        // Two polygons over one another are both full.
        let both = MultiPolygon(vec![whole.clone(), whole]);
        assert_eq!(CellCover::of(&Geometry::from_types(&both.into())), Some(covered));
    }

    #[test]
    fn a_ring_is_the_same_closed_and_open() {
        let open = [[100.0, 100.0], [4_500.0, 100.0], [4_500.0, 4_500.0], [100.0, 4_500.0]];
        let mut closed = open.to_vec();
        closed.push(open[0]);
        assert_eq!(CellCover::of_ring(&open), CellCover::of_ring(&closed));
        assert_eq!(CellCover::of_ring(&open).unwrap().to_string().len(), 29);
        assert_eq!(CellCover::of_ring(&[]), None);
    }

    #[test]
    fn what_has_no_vertex_has_no_cover_and_what_is_too_large_is_everywhere() {
        assert_eq!(CellCover::of(&line(&[])), None);
        for end in [(1e9, 0.0), (0.0, 1e9), (1e300, -1e300), (f64::MAX, f64::MIN)] {
            let cover = CellCover::of(&line(&[(f64::MIN, f64::MAX), end])).unwrap();
            assert!(cover.is_everywhere(), "{end:?}");
        }
        let large = [[0.0, 0.0], [400_000.0, 0.0], [400_000.0, 400_000.0], [0.0, 400_000.0]];
        assert_eq!(CellCover::of_ring(&large), Some(CellCover::everywhere()));
        assert!(CellCover::everywhere().meets(&"1:1".parse().unwrap()));
    }

    #[test]
    fn text_that_is_no_cover_is_refused() {
        for bad in ["", "1", "1:", ":1", "1:2-", "1:3-2", "1:a", "1:2;", "1:99999999999", "**"] {
            assert_eq!(bad.parse::<CellCover>(), Err(CellCoverError::Malformed), "{bad}");
        }
        assert_eq!("1:0-65536".parse::<CellCover>(), Err(CellCoverError::TooLarge));
        assert!("1:0-65535".parse::<CellCover>().is_ok());
    }

    fn spot() -> impl Strategy<Value = (f64, f64)> {
        (-20_000.0..20_000.0f64, -20_000.0..20_000.0f64)
    }

    /// Whether a point lies inside a ring: a ray to the east meets its edges an odd number of times.
    fn is_inside(ring: &[(f64, f64)], at: (f64, f64)) -> bool {
        let n = ring.len();
        let mut is_in = false;
        for edge in 0..n {
            let (a, b) = (ring[edge], ring[(edge + 1) % n]);
            if (a.1 > at.1) != (b.1 > at.1) && at.0 < (b.0 - a.0) * (at.1 - a.1) / (b.1 - a.1) + a.0
            {
                is_in = !is_in;
            }
        }
        is_in
    }

    proptest! {
        #[test]
        fn every_point_of_a_line_lies_in_its_cover(
            points in prop::collection::vec(spot(), 2..6), along in 0.0..1.0f64,
        ) {
            let cover = CellCover::of(&line(&points)).unwrap();
            for pair in points.windows(2) {
                let at = (
                    pair[0].0 + along * (pair[1].0 - pair[0].0),
                    pair[0].1 + along * (pair[1].1 - pair[0].1),
                );
                // Rounding may push a point over a border that it lies on, by less than a millimetre.
                let near = [(0.0, 0.0), (1e-3, 0.0), (-1e-3, 0.0), (0.0, 1e-3), (0.0, -1e-3)];
                let is_covered = near.iter().any(|(e, n)| {
                    cover.meets(&CellCover::of(&Geometry::point(at.0 + e, at.1 + n)).unwrap())
                });
                prop_assert!(is_covered);
            }
        }

        #[test]
        fn every_point_inside_a_ring_lies_in_its_cover(
            ring in prop::collection::vec(spot(), 3..8), at in spot(),
        ) {
            let mut closed = ring.clone();
            closed.push(ring[0]);
            let polygon = Polygon::new(LineString::from(closed), vec![]);
            let cover = CellCover::of(&Geometry::from_types(&polygon.into())).unwrap();
            let metres: Vec<[f64; 2]> = ring.iter().map(|(e, n)| [*e, *n]).collect();
            prop_assert_eq!(CellCover::of_ring(&metres), Some(cover.clone()));
            if is_inside(&ring, at) {
                prop_assert!(cover.meets(&CellCover::of(&Geometry::point(at.0, at.1)).unwrap()));
            }
        }

        #[test]
        fn a_cover_never_reaches_further_than_the_bounds(points in prop::collection::vec(spot(), 1..6)) {
            let shape = line(&points);
            let cells = CellCover::of(&shape).unwrap().cells.unwrap();
            let bounds = shape.bounds().unwrap();
            for cell in cells {
                prop_assert!((place(bounds.min_n_m)..=place(bounds.max_n_m)).contains(&cell.row));
                prop_assert!((place(bounds.min_e_m)..=place(bounds.max_e_m)).contains(&cell.column));
            }
        }

        #[test]
        fn a_cover_is_read_back_as_written(points in prop::collection::vec(spot(), 1..6)) {
            let cover = CellCover::of(&line(&points)).unwrap();
            prop_assert_eq!(cover.to_string().parse::<CellCover>(), Ok(cover));
        }

        #[test]
        fn meeting_is_the_same_both_ways(
            a in prop::collection::vec(spot(), 1..4), b in prop::collection::vec(spot(), 1..4),
        ) {
            let (a, b) = (CellCover::of(&line(&a)).unwrap(), CellCover::of(&line(&b)).unwrap());
            prop_assert_eq!(a.meets(&b), b.meets(&a));
            let (left, right) = (a.cells.clone().unwrap(), b.cells.clone().unwrap());
            prop_assert_eq!(a.meets(&b), left.iter().any(|it| right.contains(it)));
        }
    }
}
