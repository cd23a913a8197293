//! Polygons that ought to tile the ground: where two of them overlap, and where they leave a sliver between them.
//!
//! Neighbours of a sound tiling share their edges, vertex by vertex. Only where an edge is nobody else's, or where a point
//! inside one polygon lies inside another, is there something to look at; that is little of a sound delivery.

use std::collections::{BTreeSet, HashMap};

use faltkarta_geo::{Bounds, Geometry};

use crate::edge::{Edge, Place, Seen, for_each_piece};
use crate::outline::Outline;
use crate::packed::PackedIndex;
use crate::relate::Subject;

/// What is told of a tiling, in metres on the grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoverageRules {
    /// Overlaps that are wider than this somewhere, on average along them; `None` tells none.
    pub overlap_wider_than_m: Option<f64>,
    /// Gaps from 2 mm up to this wide; `None` tells none.
    pub gap_up_to_m: Option<f64>,
}

/// What is wrong between two polygons.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CoverageFault {
    /// They share so many square metres.
    Overlap {
        /// Area that both claim.
        area_m2: f64,
    },
    /// So many metres lie between them along an edge.
    Gap {
        /// Distance in metres.
        width_m: f64,
    },
}

/// One fault between two polygons, the lower position first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoverageProblem {
    /// Positions in what was given.
    pub between: (usize, usize),
    /// What it is.
    pub fault: CoverageFault,
    /// A place of it, easting and northing in metres on the grid.
    pub at_m: (f64, f64),
}

/// Below this two edges are one that was rounded and projected apart.
const SAME_EDGE_M: f64 = 0.002;

/// Every fault between two of the geometries, in the order of their positions, one of each kind for two neighbours.
/// Geometries without area are passed over.
pub fn coverage_problems(geometries: &[&Geometry], rules: CoverageRules) -> Vec<CoverageProblem> {
    let bounds: Vec<Bounds> =
        geometries.iter().map(|it| it.bounds().unwrap_or(Bounds::at(f64::MAX, f64::MAX))).collect();
    let boxes = PackedIndex::build(&bounds);
    let lone = lone_edges(geometries);
    let mut suspects = BTreeSet::new();
    for edge in &lone {
        // A neighbour that is only touched lies on the edge's own side too; the overlay decides.
        boxes.search(edge.bounds(), &mut |it| suspect(&mut suspects, edge.owner, it as usize));
    }
    stacked(geometries, &bounds, &boxes, &mut suspects);
    let mut problems = vec![];
    let mut overlapping = BTreeSet::new();
    for pair in suspects {
        let Some((area_m2, width_m, at_m)) = shared(geometries, &bounds, pair) else { continue };
        if width_m <= rules.overlap_wider_than_m.unwrap_or(SAME_EDGE_M) {
            continue;
        }
        overlapping.insert(pair);
        if rules.overlap_wider_than_m.is_some() {
            let fault = CoverageFault::Overlap { area_m2 };
            problems.push(CoverageProblem { between: pair, fault, at_m });
        }
    }
    if let Some(up_to_m) = rules.gap_up_to_m {
        problems.extend(
            gaps(&lone, up_to_m).into_iter().filter(|it| !overlapping.contains(&it.between)),
        );
    }
    problems.sort_by_key(|it| (it.between, matches!(it.fault, CoverageFault::Gap { .. })));
    problems
}

fn suspect(suspects: &mut BTreeSet<(usize, usize)>, one: usize, other: usize) {
    if one != other {
        suspects.insert((one.min(other), one.max(other)));
    }
}

/// Edges of polygons that occur once.
fn lone_edges(geometries: &[&Geometry]) -> Vec<Edge> {
    type Key = [u64; 4];
    let key = |from: Place, to: Place| -> Key {
        let ends = [[from.0.to_bits(), from.1.to_bits()], [to.0.to_bits(), to.1.to_bits()]];
        let [a, b] = if ends[0] <= ends[1] { ends } else { [ends[1], ends[0]] };
        [a[0], a[1], b[0], b[1]]
    };
    let mut edges: HashMap<Key, Option<Edge>> = HashMap::new();
    for (owner, geometry) in geometries.iter().enumerate() {
        for_each_piece(owner, geometry, 3, &mut |seen| {
            if let Seen::Edge(it) = seen {
                edges.entry(key(it.from, it.to)).and_modify(|it| *it = None).or_insert(Some(it));
            }
        });
    }
    let mut lone: Vec<Edge> = edges.into_values().flatten().collect();
    // The table has no order, and what is told must have one.
    lone.sort_by(|a, b| {
        let places = |it: &Edge| [it.from.0, it.from.1, it.to.0, it.to.1];
        let order =
            places(a).iter().zip(places(b)).map(|(x, y)| x.total_cmp(&y)).find(|it| it.is_ne());
        a.owner.cmp(&b.owner).then(order.unwrap_or(std::cmp::Ordering::Equal))
    });
    lone
}

/// Polygons that hold the inner point of another: all edges of two whole layers on top of each other are shared.
fn stacked(
    geometries: &[&Geometry],
    bounds: &[Bounds],
    boxes: &PackedIndex,
    suspects: &mut BTreeSet<(usize, usize)>,
) {
    for (one, geometry) in geometries.iter().enumerate() {
        let origin = bounds[one].middle();
        let outline = Outline::of([*geometry], origin);
        let Some([x, y]) = outline.inner_point() else { continue };
        let at = (x + origin.0, y + origin.1);
        boxes.search(Bounds::at(at.0, at.1), &mut |other| {
            let other = other as usize;
            if other != one && Outline::of([geometries[other]], at).holds([0.0, 0.0]) {
                suspect(suspects, one, other);
            }
        });
    }
}

/// Area that two share, the mean width of its widest piece, and a place in that.
fn shared(
    geometries: &[&Geometry],
    bounds: &[Bounds],
    (one, other): (usize, usize),
) -> Option<(f64, f64, (f64, f64))> {
    // The smaller one is prepared, and the other cut down to it.
    let is_smaller = geometries[one].wkb().len() <= geometries[other].wkb().len();
    let (small, large) = if is_smaller { (one, other) } else { (other, one) };
    if !bounds[small].meets(bounds[large]) {
        return None;
    }
    Subject::of([geometries[small]])?.overlap(geometries[large])
}

/// Where the middle third of a lone edge runs beside a lone edge of another polygon.
fn gaps(lone: &[Edge], up_to_m: f64) -> Vec<CoverageProblem> {
    let bounds: Vec<Bounds> = lone.iter().map(Edge::bounds).collect();
    let index = PackedIndex::build(&bounds);
    let mut widest: HashMap<(usize, usize), (f64, (f64, f64))> = HashMap::new();
    for edge in lone {
        // Where two outer boundaries meet at a corner, short edges lie near each other and nothing is wrong.
        if edge.length_m() <= 2.0 * up_to_m {
            continue;
        }
        let places = [1.0 / 3.0, 0.5, 2.0 / 3.0].map(|it| edge.along(it));
        let beside = |at: (f64, f64)| {
            let mut nearest: Option<(f64, usize)> = None;
            index.search(Bounds::at(at.0, at.1).grown(up_to_m), &mut |it| {
                let other = lone[it as usize];
                let distance_m = other.distance_m(at);
                if other.owner != edge.owner && nearest.is_none_or(|(least, _)| distance_m < least)
                {
                    nearest = Some((distance_m, other.owner));
                }
            });
            nearest.filter(|(it, _)| *it <= up_to_m)
        };
        let [Some(first), Some(middle), Some(last)] = places.map(beside) else { continue };
        if middle.0 <= SAME_EDGE_M || first.0.max(last.0) <= SAME_EDGE_M {
            continue;
        }
        let pair = (edge.owner.min(middle.1), edge.owner.max(middle.1));
        let known = widest.entry(pair).or_insert((middle.0, places[1]));
        if middle.0 > known.0 {
            *known = (middle.0, places[1]);
        }
    }
    let told = |(between, (width_m, at_m))| CoverageProblem {
        between,
        fault: CoverageFault::Gap { width_m },
        at_m,
    };
    widest.into_iter().map(told).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo::{Area as _, BooleanOps as _};
    use geo_types::{Geometry as Types, LineString, Polygon};
    use proptest::prelude::*;

    const RULES: CoverageRules =
        CoverageRules { overlap_wider_than_m: Some(0.01), gap_up_to_m: Some(0.5) };

    /// The demo town's corner of the grid, so that figures are as long as in the field.
    const AT: (f64, f64) = (162_000.0, 6_608_000.0);

    fn polygon(corners: &[(f64, f64)]) -> Geometry {
        let mut ring: Vec<(f64, f64)> =
            corners.iter().map(|it| (it.0 + AT.0, it.1 + AT.1)).collect();
        ring.push(ring[0]);
        Geometry::from_types(&Types::Polygon(Polygon::new(LineString::from(ring), vec![])))
    }

    fn rectangle(w: f64, s: f64, e: f64, n: f64) -> Geometry {
        polygon(&[(w, s), (e, s), (e, n), (w, n)])
    }

    fn problems(geometries: &[Geometry]) -> Vec<CoverageProblem> {
        coverage_problems(&geometries.iter().collect::<Vec<_>>(), RULES)
    }

    fn found(geometries: &[Geometry]) -> Vec<(usize, usize, &'static str, i64)> {
        problems(geometries)
            .into_iter()
            .map(|it| match it.fault {
                CoverageFault::Overlap { area_m2 } => {
                    (it.between.0, it.between.1, "overlap", (area_m2 * 100.0).round() as i64)
                }
                CoverageFault::Gap { width_m } => {
                    (it.between.0, it.between.1, "gap", (width_m * 100.0).round() as i64)
                }
            })
            .collect()
    }

    #[test]
    fn a_sound_tiling_has_no_problem_with_and_without_the_same_vertices() {
        let same = [rectangle(0.0, 0.0, 50.0, 50.0), rectangle(50.0, 0.0, 100.0, 50.0)];
        assert_eq!(found(&same), []);
        // The one to the east has a vertex in the middle of the boundary, a millimetre off.
        let east =
            polygon(&[(50.0, 0.0), (100.0, 0.0), (100.0, 50.0), (50.0, 50.0), (50.001, 20.0)]);
        assert_eq!(found(&[same[0].clone(), east]), []);
        let corner = [rectangle(0.0, 0.0, 50.0, 50.0), rectangle(50.0, 50.0, 100.0, 100.0)];
        assert_eq!(found(&corner), []);
    }

    #[test]
    fn an_overlap_and_a_gap_are_told_with_their_size_and_place() {
        let west = rectangle(0.0, 0.0, 50.0, 50.0);
        assert_eq!(
            found(&[west.clone(), rectangle(49.5, 0.0, 100.0, 50.0)]),
            [(0, 1, "overlap", 2_500)]
        );
        assert_eq!(found(&[west.clone(), rectangle(50.12, 0.0, 100.0, 50.0)]), [(0, 1, "gap", 12)]);
        assert_eq!(found(&[west.clone(), rectangle(50.6, 0.0, 100.0, 50.0)]), []);
        let problem = problems(&[west, rectangle(49.0, 20.0, 100.0, 30.0)])[0];
        assert!((problem.at_m.0 - AT.0 - 49.5).abs() < 0.51, "{problem:?}");
        assert!((problem.at_m.1 - AT.1 - 25.0).abs() < 5.1, "{problem:?}");
    }

    #[test]
    fn twice_the_same_and_two_whole_layers_are_overlaps() {
        let one = rectangle(0.0, 0.0, 50.0, 50.0);
        assert_eq!(found(&[one.clone(), one.clone()]), [(0, 1, "overlap", 250_000)]);
        let below = [one.clone(), rectangle(50.0, 0.0, 100.0, 50.0)];
        let above = rectangle(0.0, 0.0, 100.0, 50.0);
        let told = found(&[below[0].clone(), below[1].clone(), above]);
        assert_eq!(told, [(0, 2, "overlap", 250_000), (1, 2, "overlap", 250_000)]);
    }

    #[test]
    fn a_parcel_in_the_hole_of_another_is_no_overlap() {
        let ring = |w: f64, e: f64| {
            let corners = [(w, w), (e, w), (e, e), (w, e), (w, w)];
            LineString::from(corners.map(|it| (it.0 + AT.0, it.1 + AT.1)).to_vec())
        };
        let around = Polygon::new(ring(0.0, 100.0), vec![ring(40.0, 60.0)]);
        let around = Geometry::from_types(&Types::Polygon(around));
        assert_eq!(found(&[around, rectangle(40.0, 40.0, 60.0, 60.0)]), []);
    }

    proptest! {
        /// Small random polygons, half of them from a tiling, against all pairs by another overlay.
        #[test]
        fn every_pair_that_overlaps_is_told(
            raw in prop::collection::vec((0..6i32, 0..6i32, 1..5i32, 1..5i32), 2..14),
        ) {
            let geometries: Vec<Geometry> = raw
                .iter()
                .map(|(w, s, width, height)| {
                    let it = [*w, *s, w + width, s + height].map(f64::from);
                    rectangle(it[0], it[1], it[2], it[3])
                })
                .collect();
            let told: BTreeSet<usize> = problems(&geometries)
                .into_iter()
                .filter(|it| matches!(it.fault, CoverageFault::Overlap { .. }))
                .flat_map(|it| [it.between.0, it.between.1])
                .collect();
            let types = |it: &Geometry| match it.to_types() {
                Types::Polygon(it) => it,
                _ => unreachable!("only polygons were made"),
            };
            let mut truth = BTreeSet::new();
            for (one, a) in geometries.iter().enumerate() {
                for (other, b) in geometries.iter().enumerate().skip(one + 1) {
                    if types(a).intersection(&types(b)).unsigned_area() > 0.01 {
                        truth.extend([one, other]);
                    }
                }
            }
            prop_assert_eq!(told, truth);
        }
    }
}
