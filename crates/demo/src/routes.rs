//! A coarse grid over the region on which roads, railways and streams find their way.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::chance::{Chance, noise};
use crate::plane::Point;
use crate::region::home_at;
use crate::terrain::Terrain;

/// Side of a grid square, metres.
pub(crate) const SQUARE_M: f64 = 250.0;
const ORIGIN: Point = [112_500.0, 6_583_000.0];
const COLUMNS: usize = 314;
const ROWS: usize = 342;

/// A square, counted row by row.
pub(crate) type Square = usize;

/// What may be passed, and at which cost.
#[derive(Debug)]
pub(crate) struct Grid {
    seed: u64,
    /// Cost of a metre; infinite on water and outside.
    cost: Vec<f64>,
    pub(crate) height_m: Vec<f64>,
}

impl Grid {
    pub(crate) fn new(seed: u64, terrain: &Terrain) -> Self {
        let mut grid = Self { seed, cost: vec![], height_m: vec![] };
        for square in 0..COLUMNS * ROWS {
            let at = Self::center(square);
            let reach = SQUARE_M * 0.3;
            let is_wet = [[0.0, 0.0], [reach, 0.0], [-reach, 0.0], [0.0, reach], [0.0, -reach]]
                .iter()
                .any(|d| terrain.is_wet([at[0] + d[0], at[1] + d[1]], 1.1));
            let cost = if is_wet || home_at(at).is_none() {
                f64::INFINITY
            } else {
                1.0 + 1.5 * (noise(seed.wrapping_add(91), at[0] / 700.0, at[1] / 700.0) + 1.0)
            };
            grid.cost.push(cost);
            grid.height_m.push(terrain.height_m(at));
        }
        grid
    }

    pub(crate) fn center(square: Square) -> Point {
        [
            ORIGIN[0] + ((square % COLUMNS) as f64 + 0.5) * SQUARE_M,
            ORIGIN[1] + ((square / COLUMNS) as f64 + 0.5) * SQUARE_M,
        ]
    }

    /// A point of the square that paths go through: off the middle, so that no path looks drawn on a grid.
    pub(crate) fn knot(&self, square: Square) -> Point {
        let mut chance = Chance::keyed(self.seed, &[70, square as u64]);
        let [e, n] = Self::center(square);
        [e + chance.range(-70.0, 70.0), n + chance.range(-70.0, 70.0)]
    }

    pub(crate) fn at(point: Point) -> Option<Square> {
        let x = ((point[0] - ORIGIN[0]) / SQUARE_M).floor();
        let y = ((point[1] - ORIGIN[1]) / SQUARE_M).floor();
        let is_in = x >= 0.0 && y >= 0.0 && x < COLUMNS as f64 && y < ROWS as f64;
        is_in.then(|| y as usize * COLUMNS + x as usize)
    }

    pub(crate) fn is_open(&self, square: Square) -> bool {
        self.cost[square].is_finite()
    }

    pub(crate) fn neighbors(square: Square) -> impl Iterator<Item = (Square, f64)> {
        let (x, y) = ((square % COLUMNS) as i64, (square / COLUMNS) as i64);
        (-1..=1).flat_map(move |dy| (-1..=1).map(move |dx| (dx, dy))).filter_map(move |(dx, dy)| {
            let (nx, ny) = (x + dx, y + dy);
            let is_in = (dx, dy) != (0, 0)
                && (0..COLUMNS as i64).contains(&nx)
                && (0..ROWS as i64).contains(&ny);
            let length = if dx != 0 && dy != 0 { std::f64::consts::SQRT_2 } else { 1.0 };
            is_in.then(|| (ny as usize * COLUMNS + nx as usize, length * SQUARE_M))
        })
    }

    /// Cheapest way from any start: for each reached square the square before it.
    ///
    /// `extra` answers the cost factor of a square, infinite where it must not go.
    pub(crate) fn spread(
        &self,
        starts: &BTreeSet<Square>,
        goal: Option<Square>,
        extra: impl Fn(Square) -> f64,
    ) -> BTreeMap<Square, Square> {
        let mut best: Vec<f64> = vec![f64::INFINITY; COLUMNS * ROWS];
        let mut before = BTreeMap::new();
        let mut heap = BinaryHeap::new();
        for start in starts {
            best[*start] = 0.0;
            heap.push(Reverse((0u64, *start)));
        }
        while let Some(Reverse((spent, square))) = heap.pop() {
            if Some(square) == goal {
                break;
            }
            // Costs are kept in millimetres so that their order is exact.
            if spent as f64 / 1000.0 > best[square] + 1e-6 {
                continue;
            }
            for (next, length_m) in Self::neighbors(square) {
                let climb = (self.height_m[next] - self.height_m[square]).abs() * 12.0;
                let cost = best[square] + (length_m * self.cost[next] + climb) * extra(next);
                if cost.is_finite() && cost + 0.002 < best[next] {
                    best[next] = cost;
                    before.insert(next, square);
                    heap.push(Reverse(((cost * 1000.0) as u64, next)));
                }
            }
        }
        before
    }

    /// The squares from a start to a goal, both included.
    pub(crate) fn way(
        &self,
        from: Square,
        to: Square,
        extra: impl Fn(Square) -> f64,
    ) -> Option<Vec<Square>> {
        let before = self.spread(&BTreeSet::from([from]), Some(to), extra);
        let mut way = vec![to];
        while way[way.len() - 1] != from {
            way.push(*before.get(&way[way.len() - 1])?);
        }
        way.reverse();
        Some(way)
    }
}
