//! The street plan of one town: a grid of streets, bent and turned, with lots on both sides.

use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::TAU;

use crate::chance::{Chance, noise};
use crate::names;
use crate::plane::{Point, Ring, add, distance, length, sub, to_path, to_segment, unit};
use crate::region::Site;
use crate::terrain::Terrain;

/// Width of street land between two rows of lots, metres.
pub(crate) const STREET_M: f64 = 11.0;
const HALF_M: f64 = STREET_M / 2.0;

/// Which side of its street a lot lies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// Beyond the street as rows count.
    Up,
    Down,
}

/// What stands on a lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    Villa,
    /// A house of the town centre, close to the street.
    Center,
    Flats,
    Row,
    Industry,
    Church,
    School,
    Sports,
    Park,
}

/// One lot, with its front on a street.
#[derive(Debug, Clone)]
pub(crate) struct Lot {
    pub(crate) row: usize,
    pub(crate) column: usize,
    pub(crate) side: Side,
    /// Along the street, in plan metres.
    pub(crate) from: f64,
    pub(crate) to: f64,
    /// Across the street: at the street, and at the back.
    pub(crate) front: f64,
    pub(crate) back: f64,
    pub(crate) purpose: Use,
    pub(crate) ring: Ring,
    /// Street number.
    pub(crate) number: i64,
    pub(crate) street: usize,
    /// Trakt or kvarter in capitals.
    pub(crate) trakt: String,
    /// `1`, or empty for a kvarter.
    pub(crate) block: String,
    pub(crate) unit: i64,
    /// Where in the town, 0 the centre and 1 the edge.
    pub(crate) outness: f64,
}

impl Lot {
    pub(crate) fn mid(&self) -> f64 {
        f64::midpoint(self.from, self.to)
    }

    /// +1 when the lot lies beyond its street, else −1.
    pub(crate) fn sign(&self) -> f64 {
        if self.side == Side::Up { 1.0 } else { -1.0 }
    }

    pub(crate) fn is_home(&self) -> bool {
        matches!(self.purpose, Use::Villa | Use::Center | Use::Flats | Use::Row)
    }
}

/// Turns plan metres into the working plane: shifted, turned and gently bent.
#[derive(Debug, Clone)]
pub(crate) struct Warp {
    center: Point,
    turn: f64,
    waves: [[f64; 4]; 4],
}

impl Warp {
    fn new(chance: &mut Chance, center: Point) -> Self {
        let mut wave = |size_from: f64, size_to: f64| {
            let length_m = chance.range(480.0, 1050.0);
            [
                chance.range(size_from, size_to) * length_m,
                TAU / length_m,
                chance.range(0.0, TAU),
                chance.range(-0.4, 0.4),
            ]
        };
        let waves = [wave(0.018, 0.034), wave(0.004, 0.008), wave(0.02, 0.038), wave(0.004, 0.008)];
        Self { center, turn: chance.range(-0.5, 0.5), waves }
    }

    pub(crate) fn at(&self, u: f64, v: f64) -> Point {
        let [a, b, c, d] = &self.waves;
        let x =
            u + a[0] * (v * a[1] + a[2] + u * a[1] * a[3]).sin() + b[0] * (u * b[1] + b[2]).sin();
        let y =
            v + c[0] * (u * c[1] + c[2] + v * c[1] * c[3]).sin() + d[0] * (v * d[1] + d[2]).sin();
        let (sin, cos) = self.turn.sin_cos();
        [self.center[0] + x * cos - y * sin, self.center[1] + x * sin + y * cos]
    }

    /// Direction along the rows at a place, length one.
    pub(crate) fn along(&self, u: f64, v: f64) -> Point {
        unit(sub(self.at(u + 1.0, v), self.at(u - 1.0, v)))
    }

    /// A path along a row, with a vertex at every asked place.
    pub(crate) fn row_path(&self, v: f64, us: &[f64]) -> Vec<Point> {
        us.iter().map(|u| self.at(*u, v)).collect()
    }
}

/// A node of the street plan: row line and column line.
pub(crate) type Node = (usize, usize);

/// Everything about the plan of one town.
#[derive(Debug)]
pub(crate) struct Town {
    pub(crate) site: Site,
    pub(crate) warp: Warp,
    /// Where the row streets lie across, plan metres.
    pub(crate) rows: Vec<f64>,
    /// Where the column streets lie along, plan metres.
    pub(crate) columns: Vec<f64>,
    pub(crate) lots: Vec<Lot>,
    /// Row street pieces by (row, column): from that column line to the next.
    pub(crate) row_pieces: BTreeMap<Node, usize>,
    /// Column street pieces by (row, column): from that row line to the next.
    pub(crate) column_pieces: BTreeMap<Node, usize>,
    /// Column pieces that are walkways only.
    pub(crate) walks: BTreeSet<Node>,
    pub(crate) streets: Vec<String>,
    /// The middle of the plan.
    pub(crate) heart: Node,
}

/// What a plan must keep clear of: half width in metres, path.
pub(crate) type Barrier = (f64, Vec<Point>);

struct Half {
    row: usize,
    column: usize,
    side: Side,
    rank: f64,
    lots: Vec<Lot>,
}

impl Town {
    pub(crate) fn new(seed: u64, site: &Site, terrain: &Terrain, barriers: &[Barrier]) -> Self {
        let mut chance = Chance::keyed(seed, &[30, site.key]);
        let warp = Warp::new(&mut chance, site.center);
        let depth = chance.range(36.0, 42.0);
        let pitch = STREET_M + 2.0 * depth;
        let reach = site.reach_m * 1.7 + 90.0;
        let n_side = (reach / pitch).ceil() as usize;
        let rows: Vec<f64> = (0..=2 * n_side).map(|r| (r as f64 - n_side as f64) * pitch).collect();
        let mut columns = vec![chance.range(-40.0, 40.0)];
        while columns[columns.len() - 1] < reach {
            columns.push(columns[columns.len() - 1] + chance.range(105.0, 205.0));
        }
        while columns[0] > -reach {
            columns.insert(0, columns[0] - chance.range(105.0, 205.0));
        }
        let near: Vec<Barrier> = barriers
            .iter()
            .filter(|(_, path)| to_path(site.center, path) < site.reach_m * 1.5 + 200.0)
            .cloned()
            .collect();
        let mut halves = vec![];
        for row in 1..rows.len() - 1 {
            for column in 0..columns.len() - 1 {
                for side in [Side::Down, Side::Up] {
                    let grid = Grid { site, warp: &warp, rows: &rows, columns: &columns, depth };
                    halves.push(grid.half(seed, (row, column), side, terrain, &near));
                }
            }
        }
        // Innermost first, until the town has its houses.
        halves.sort_by(|a, b| a.rank.total_cmp(&b.rank));
        let mut n_lots = 0;
        let mut n_kept = 0;
        for half in &halves {
            if n_lots >= site.houses {
                break;
            }
            n_lots += half.lots.len();
            n_kept += 1;
        }
        halves.truncate(n_kept);
        let edge = halves.last().map_or(1.0, |half| half.rank).max(1.0);
        let heart = (n_side, nearest_column(&columns));
        let mut town = Self {
            site: site.clone(),
            warp,
            rows,
            columns,
            lots: vec![],
            row_pieces: BTreeMap::new(),
            column_pieces: BTreeMap::new(),
            walks: BTreeSet::new(),
            streets: vec![],
            heart,
        };
        town.lay_streets(seed, &halves, terrain, &near);
        for mut half in halves {
            if town.row_pieces.contains_key(&(half.row, half.column)) {
                for lot in &mut half.lots {
                    lot.outness = half.rank / edge;
                }
                town.lots.append(&mut half.lots);
            }
        }
        town.name_streets(seed);
        crate::town_uses::assign(seed, &mut town);
        town.number();
        crate::town_units::designate(seed, &mut town);
        town.draw_lots();
        town
    }

    pub(crate) fn node_at(&self, (row, column): Node) -> Point {
        self.warp.at(self.columns[column], self.rows[row])
    }

    /// Pieces of street that meet at a node.
    pub(crate) fn degree(&self, (row, column): Node) -> usize {
        let mut n = 0;
        n += usize::from(self.row_pieces.contains_key(&(row, column)));
        n += usize::from(column > 0 && self.row_pieces.contains_key(&(row, column - 1)));
        n += usize::from(self.column_pieces.contains_key(&(row, column)));
        n += usize::from(row > 0 && self.column_pieces.contains_key(&(row - 1, column)));
        n
    }

    /// Every node a street touches.
    pub(crate) fn nodes(&self) -> BTreeSet<Node> {
        let mut nodes = BTreeSet::new();
        for &(row, column) in self.row_pieces.keys() {
            nodes.extend([(row, column), (row, column + 1)]);
        }
        for &(row, column) in self.column_pieces.keys() {
            nodes.extend([(row, column), (row + 1, column)]);
        }
        nodes
    }

    fn lay_streets(&mut self, seed: u64, halves: &[Half], terrain: &Terrain, near: &[Barrier]) {
        let present: BTreeSet<(usize, usize, Side)> = halves
            .iter()
            .filter(|it| !it.lots.is_empty())
            .map(|it| (it.row, it.column, it.side))
            .collect();
        let is_dry = |a: Point, b: Point| {
            (0..=6).all(|i| !terrain.is_wet(crate::plane::between(a, b, f64::from(i) / 6.0), 1.04))
        };
        let crosses = |a: Point, b: Point| {
            near.iter()
                .any(|(half, path)| *half > 7.0 && path.windows(2).any(|w| meet(a, b, w[0], w[1])))
        };
        let mut row_pieces = BTreeSet::new();
        for &(row, column, _) in &present {
            let (a, b) = (self.node_at((row, column)), self.node_at((row, column + 1)));
            // Few streets bridge the river or cross the railway.
            if is_dry(a, b) && (row.abs_diff(self.heart.0) % 4 == 0 || !crosses(a, b)) {
                row_pieces.insert((row, column));
            }
        }
        let on_row = |node: Node, pieces: &BTreeSet<Node>| {
            pieces.contains(&node) || (node.1 > 0 && pieces.contains(&(node.0, node.1 - 1)))
        };
        let mut column_pieces = BTreeSet::new();
        let mut walks = BTreeSet::new();
        for row in 0..self.rows.len() - 1 {
            for column in 0..self.columns.len() {
                let ends = [(row, column), (row + 1, column)];
                if !ends.iter().all(|node| on_row(*node, &row_pieces)) {
                    continue;
                }
                let is_full = |column: usize| {
                    present.contains(&(row, column, Side::Up))
                        && present.contains(&(row + 1, column, Side::Down))
                };
                if !(is_full(column) || (column > 0 && is_full(column - 1))) {
                    continue;
                }
                let (a, b) = (self.node_at(ends[0]), self.node_at(ends[1]));
                if !is_dry(a, b) || crosses(a, b) {
                    continue;
                }
                let mut chance =
                    Chance::keyed(seed, &[31, self.site.key, row as u64, column as u64]);
                let is_walk = column != self.heart.1 && chance.hits(0.2);
                if is_walk {
                    walks.insert((row, column));
                } else {
                    column_pieces.insert((row, column));
                }
            }
        }
        // Keep what hangs together with the heart.
        let mut seen = BTreeSet::new();
        let start = row_pieces
            .iter()
            .min_by_key(|node| node.0.abs_diff(self.heart.0) * 2 + node.1.abs_diff(self.heart.1))
            .copied();
        let mut open: Vec<Node> = start.into_iter().collect();
        while let Some(node) = open.pop() {
            if !seen.insert(node) {
                continue;
            }
            let (row, column) = node;
            if row_pieces.contains(&node) {
                open.push((row, column + 1));
            }
            if column > 0 && row_pieces.contains(&(row, column - 1)) {
                open.push((row, column - 1));
            }
            if column_pieces.contains(&node) {
                open.push((row + 1, column));
            }
            if row > 0 && column_pieces.contains(&(row - 1, column)) {
                open.push((row - 1, column));
            }
        }
        if let Some(start) = start {
            self.heart = start;
        }
        self.row_pieces =
            row_pieces.into_iter().filter(|it| seen.contains(it)).map(|it| (it, 0)).collect();
        self.column_pieces =
            column_pieces.into_iter().filter(|it| seen.contains(it)).map(|it| (it, 0)).collect();
        self.walks = walks.into_iter().filter(|it| seen.contains(it)).collect();
    }

    /// Gives every straight run of pieces a name; long runs get two.
    fn name_streets(&mut self, seed: u64) {
        const LONGEST_M: f64 = 1150.0;
        let mut runs: Vec<(f64, bool, Vec<Node>)> = vec![];
        let mut collect = |pieces: &BTreeMap<Node, usize>, is_row: bool, lines: &[f64]| {
            let mut keys: Vec<Node> = pieces.keys().copied().collect();
            if !is_row {
                keys.sort_by_key(|(row, column)| (*column, *row));
            }
            let mut run: Vec<Node> = vec![];
            for key in keys {
                let follows = run.last().is_some_and(|last| {
                    if is_row {
                        last.0 == key.0 && last.1 + 1 == key.1
                    } else {
                        last.1 == key.1 && last.0 + 1 == key.0
                    }
                });
                let start =
                    run.first().map_or(0.0, |first| lines[if is_row { first.1 } else { first.0 }]);
                let end = lines[if is_row { key.1 } else { key.0 } + 1];
                if !run.is_empty() && (!follows || end - start > LONGEST_M) {
                    runs.push((0.0, is_row, std::mem::take(&mut run)));
                }
                run.push(key);
            }
            if !run.is_empty() {
                runs.push((0.0, is_row, run));
            }
        };
        collect(&self.row_pieces, true, &self.columns);
        collect(&self.column_pieces, false, &self.rows);
        let heart = self.node_at(self.heart);
        for (rank, is_row, run) in &mut runs {
            let mid = self.node_at(run[run.len() / 2]);
            // Rows carry the houses, and long runs carry the old names.
            *rank = if *is_row {
                distance(mid, heart) - 40.0 * run.len() as f64
            } else {
                distance(mid, heart) + 900.0
            };
        }
        runs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut chance = Chance::keyed(seed, &[32, self.site.key]);
        self.streets = names::streets(&mut chance, runs.len());
        for (street, (_, is_row, run)) in runs.into_iter().enumerate() {
            for key in run {
                let pieces = if is_row { &mut self.row_pieces } else { &mut self.column_pieces };
                pieces.insert(key, street);
            }
        }
        for lot in &mut self.lots {
            lot.street = self.row_pieces.get(&(lot.row, lot.column)).copied().unwrap_or(0);
        }
    }

    /// Odd numbers on one side, even on the other, rising along each street.
    fn number(&mut self) {
        self.lots.sort_by(|a, b| {
            (a.row, a.street, a.side)
                .cmp(&(b.row, b.street, b.side))
                .then(a.from.total_cmp(&b.from))
        });
        let mut last: Option<(usize, Side)> = None;
        let mut number = 0;
        for lot in &mut self.lots {
            if last != Some((lot.street, lot.side)) {
                last = Some((lot.street, lot.side));
                number = if lot.side == Side::Up { 2 } else { 1 };
            }
            lot.number = number;
            number += 2;
        }
    }

    /// Corner points, so that neighbours share every vertex they have in common.
    fn draw_lots(&mut self) {
        let mut cuts: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
        for lot in &self.lots {
            let gap = if lot.side == Side::Up { lot.row } else { lot.row - 1 };
            cuts.entry((gap, lot.column)).or_default().extend([lot.from, lot.to]);
        }
        for lot in &mut self.lots {
            let gap = if lot.side == Side::Up { lot.row } else { lot.row - 1 };
            let mut back: Vec<f64> = cuts[&(gap, lot.column)]
                .iter()
                .copied()
                .filter(|u| *u > lot.from + 1e-6 && *u < lot.to - 1e-6)
                .collect();
            back.sort_by(f64::total_cmp);
            back.dedup();
            let is_whole = (lot.back - lot.front).abs() > 60.0;
            let mut ring = vec![self.warp.at(lot.from, lot.front)];
            let steps = ((lot.to - lot.from) / 40.0).ceil() as usize;
            for i in 1..steps {
                ring.push(
                    self.warp
                        .at(lot.from + (lot.to - lot.from) * i as f64 / steps as f64, lot.front),
                );
            }
            ring.push(self.warp.at(lot.to, lot.front));
            let inner: Vec<f64> = if is_whole {
                (1..steps)
                    .map(|i| lot.from + (lot.to - lot.from) * i as f64 / steps as f64)
                    .collect()
            } else {
                back
            };
            if is_whole {
                ring.push(self.warp.at(lot.to, f64::midpoint(lot.front, lot.back)));
            }
            ring.push(self.warp.at(lot.to, lot.back));
            ring.extend(inner.iter().rev().map(|u| self.warp.at(*u, lot.back)));
            ring.push(self.warp.at(lot.from, lot.back));
            if is_whole {
                ring.push(self.warp.at(lot.from, f64::midpoint(lot.front, lot.back)));
            }
            lot.ring = ring;
        }
    }
}

fn nearest_column(columns: &[f64]) -> usize {
    let mut best = 0;
    for (i, u) in columns.iter().enumerate() {
        if u.abs() < columns[best].abs() {
            best = i;
        }
    }
    best
}

fn meet(a: Point, b: Point, c: Point, d: Point) -> bool {
    let side = |p: Point, q: Point, r: Point| {
        (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])
    };
    (side(a, b, c) > 0.0) != (side(a, b, d) > 0.0) && (side(c, d, a) > 0.0) != (side(c, d, b) > 0.0)
}

struct Grid<'a> {
    site: &'a Site,
    warp: &'a Warp,
    rows: &'a [f64],
    columns: &'a [f64],
    depth: f64,
}

impl Grid<'_> {
    /// The lots of one side of one street piece, those on dry and free ground.
    fn half(
        &self,
        seed: u64,
        (row, column): Node,
        side: Side,
        terrain: &Terrain,
        near: &[Barrier],
    ) -> Half {
        let key = [33, self.site.key, row as u64, column as u64, side as u64];
        let mut chance = Chance::keyed(seed, &key);
        let (from, to) = (self.columns[column] + HALF_M, self.columns[column + 1] - HALF_M);
        let sign = if side == Side::Up { 1.0 } else { -1.0 };
        let front = self.rows[row] + sign * HALF_M;
        let back = front + sign * self.depth;
        let mid = [f64::midpoint(from, to), f64::midpoint(front, back)];
        let angle = (mid[1] * 1.1).atan2(mid[0]);
        let lobes = 1.0
            + 0.2 * (2.0 * angle + (self.site.key as f64)).sin()
            + 0.16 * (3.0 * angle + 2.0 * (self.site.key as f64)).sin();
        let mut rank = length([mid[0], mid[1] * 1.1]) / lobes * chance.range(0.94, 1.08);
        // Blocks share their kind, so the key leaves the side out.
        let block = if side == Side::Up { row } else { row.wrapping_sub(1) };
        let mut kind = Chance::keyed(seed, &[34, self.site.key, block as u64, column as u64]);
        let core = (self.site.houses as f64 * 1500.0 / std::f64::consts::PI).sqrt();
        let out = rank / core;
        // Hills and hollows inside the town stay green.
        let green = noise(seed ^ self.site.key.wrapping_mul(977), mid[0] / 230.0, mid[1] / 190.0);
        if out > 0.3 && self.site.houses > 100 && green > 0.5 {
            rank *= 4.0;
        }
        let draw = kind.unit();
        let purpose = if self.site.houses >= 240 && out < 0.2 {
            Use::Center
        } else if self.site.houses >= 500 && out < 0.62 && draw < 0.1 {
            Use::Flats
        } else if self.site.houses >= 120 && out > 0.25 && draw > 0.93 {
            Use::Row
        } else {
            Use::Villa
        };
        let width = match purpose {
            Use::Flats => 52.0,
            Use::Row => 9.5,
            Use::Center => 25.0,
            _ => 22.5 + 7.0 * kind.unit(),
        };
        let n = ((to - from) / width).round().max(1.0) as usize;
        let step = (to - from) / n as f64;
        let jitter = if purpose == Use::Row { 0.0 } else { 0.13 };
        let cuts: Vec<f64> = (0..=n)
            .map(|i| {
                let moved = if i == 0 || i == n { 0.0 } else { chance.range(-jitter, jitter) };
                from + (i as f64 + moved) * step
            })
            .collect();
        let lots = cuts
            .windows(2)
            .filter(|cut| {
                let corners = [
                    self.warp.at(cut[0], front),
                    self.warp.at(cut[1], front),
                    self.warp.at(cut[1], back),
                    self.warp.at(cut[0], back),
                ];
                is_free(&corners, terrain, near)
            })
            .map(|cut| Lot {
                row,
                column,
                side,
                from: cut[0],
                to: cut[1],
                front,
                back,
                purpose,
                ring: vec![],
                number: 0,
                street: 0,
                trakt: String::new(),
                block: String::new(),
                unit: 0,
                outness: 0.0,
            })
            .collect();
        Half { row, column, side, rank, lots }
    }
}

fn is_free(corners: &[Point; 4], terrain: &Terrain, near: &[Barrier]) -> bool {
    if corners.iter().any(|at| terrain.is_wet(*at, 1.05)) {
        return false;
    }
    let mid = add(corners[0], crate::plane::scaled(sub(corners[2], corners[0]), 0.5));
    near.iter().all(|(half, path)| {
        path.windows(2).all(|w| {
            if to_segment(mid, w[0], w[1]).0 > half + 60.0 {
                return true;
            }
            let is_cut = (0..4).any(|i| meet(corners[i], corners[(i + 1) % 4], w[0], w[1]));
            !is_cut && corners.iter().all(|at| to_segment(*at, w[0], w[1]).0 > *half)
        })
    })
}
