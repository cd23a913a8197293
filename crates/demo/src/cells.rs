//! The large parcels of the country, their trakter, and the municipalities that they make up.

use std::collections::{BTreeMap, BTreeSet};

use geo::{BooleanOps, MultiPolygon, unary_union};

use crate::chance::Chance;
use crate::error::DemoError;
use crate::farms::Farm;
use crate::files::{Files, id, text};
use crate::geopackage::Shape;
use crate::names;
use crate::plane::{
    Area, Point, Ring, extent, from_multi, middle, signed_area, to_multi, to_polygon,
};
use crate::region::{Home, MUNICIPALITIES, country_rank, home_at};
use crate::register::{Part, Unit, trakt};
use crate::world::World;

const ORIGIN: Point = [112_000.0, 6_582_500.0];
/// Squares in a trakt, along each side.
const TRAKT: i64 = 6;
/// Squares that share their owners, along each side.
const ESTATE: i64 = 3;
/// Owners in an estate.
const OWNERS: usize = 6;

/// A square of the country grid.
pub(crate) type Cell = (i64, i64);

/// The grid of country parcels: bent squares that share their corners.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cells {
    seed: u64,
    side_m: f64,
    n: Cell,
}

impl Cells {
    pub(crate) fn new(world: &World) -> Self {
        let side_m = 455.0 / world.scale.max(1.0).sqrt();
        let n = ((79_000.0 / side_m).ceil() as i64, (86_000.0 / side_m).ceil() as i64);
        Self { seed: world.seed, side_m, n }
    }

    fn corner(&self, (i, j): Cell) -> Point {
        let mut chance = Chance::keyed(self.seed, &[90, i as u64, j as u64]);
        let slack = 0.3 * self.side_m;
        [
            ORIGIN[0] + i as f64 * self.side_m + chance.range(-slack, slack),
            ORIGIN[1] + j as f64 * self.side_m + chance.range(-slack, slack),
        ]
    }

    /// The point where the boundary bends between two corners, the same from both sides.
    fn bend(&self, a: Cell, b: Cell) -> Point {
        let key = [91, a.0 as u64, a.1 as u64, b.0 as u64, b.1 as u64];
        let mut chance = Chance::keyed(self.seed, &key);
        let (p, q) = (self.corner(a), self.corner(b));
        let mid = crate::plane::between(p, q, chance.range(0.3, 0.7));
        let slack = 0.07 * self.side_m;
        crate::plane::add(mid, [chance.range(-slack, slack), chance.range(-slack, slack)])
    }

    fn center(&self, (i, j): Cell) -> Point {
        [ORIGIN[0] + (i as f64 + 0.5) * self.side_m, ORIGIN[1] + (j as f64 + 0.5) * self.side_m]
    }

    fn at(&self, point: Point) -> Cell {
        (
            ((point[0] - ORIGIN[0]) / self.side_m).floor() as i64,
            ((point[1] - ORIGIN[1]) / self.side_m).floor() as i64,
        )
    }

    /// Every square of the region with its municipality, written or not.
    fn all(&self) -> impl Iterator<Item = (Cell, Home)> + '_ {
        (0..self.n.0)
            .flat_map(|i| (0..self.n.1).map(move |j| (i, j)))
            .filter_map(|cell| home_at(self.center(cell)).map(|home| (cell, home)))
    }

    /// The outline of a set of squares, as rings of shared boundary points.
    fn outline(&self, is_in: impl Fn(Cell) -> bool, cells: &[Cell]) -> Vec<Area> {
        let mut next: BTreeMap<Cell, Vec<Cell>> = BTreeMap::new();
        for &(i, j) in cells {
            for (a, b, other) in [
                ((i, j), (i + 1, j), (i, j - 1)),
                ((i + 1, j), (i + 1, j + 1), (i + 1, j)),
                ((i + 1, j + 1), (i, j + 1), (i, j + 1)),
                ((i, j + 1), (i, j), (i - 1, j)),
            ] {
                if !is_in(other) {
                    next.entry(a).or_default().push(b);
                }
            }
        }
        let mut rings: Vec<Ring> = vec![];
        while let Some((&start, _)) = next.iter().next() {
            let (mut at, mut before) = (start, None::<Cell>);
            let mut ring = vec![];
            while let Some(ways) = next.get_mut(&at) {
                // At a corner where two squares only touch, turn so that the ring stays simple.
                let pick = match (ways.len(), before) {
                    (2, Some(b)) => {
                        let d = (at.0 - b.0, at.1 - b.1);
                        let left = (at.0 - d.1, at.1 + d.0);
                        ways.iter().position(|it| *it == left).unwrap_or(0)
                    }
                    _ => 0,
                };
                let to = ways.remove(pick);
                if ways.is_empty() {
                    next.remove(&at);
                }
                ring.push(self.corner(at));
                ring.push(self.bend(at.min(to), at.max(to)));
                (before, at) = (Some(at), to);
                if at == start {
                    break;
                }
            }
            rings.push(ring);
        }
        let (outer, holes): (Vec<Ring>, Vec<Ring>) =
            rings.into_iter().partition(|ring| signed_area(ring) > 0.0);
        let mut areas: Vec<Area> = outer.into_iter().map(|ring| vec![ring]).collect();
        for hole in holes {
            let home = areas
                .iter_mut()
                .filter(|area| crate::plane::inside(hole[0], &area[0]))
                .min_by(|a, b| signed_area(&a[0]).total_cmp(&signed_area(&b[0])));
            if let Some(area) = home {
                area.push(hole);
            }
        }
        areas
    }
}

/// Which name and home a trakt has.
fn trakt_name(seed: u64, (i, j): Cell) -> String {
    // Place names below 200 belong to the towns.
    let n = 200 + (i.div_euclid(TRAKT) * 97 + j.div_euclid(TRAKT)) as usize;
    names::place(seed.wrapping_add(900), n).to_uppercase()
}

/// Writes the four municipalities.
pub(crate) fn municipalities(world: &World, files: &mut Files) -> Result<(), DemoError> {
    let cells = Cells::new(world);
    for (home, municipality) in MUNICIPALITIES.iter().enumerate() {
        let mine: Vec<Cell> =
            cells.all().filter(|(_, it)| *it == home).map(|(cell, _)| cell).collect();
        let areas = cells.outline(|cell| home_at(cells.center(cell)) == Some(home), &mine);
        let mut chance = Chance::keyed(world.seed, &[92, home as u64]);
        let values = vec![
            id(chance.uuid()),
            text(municipality.full_name()),
            text(municipality.name),
            text(municipality.code),
        ];
        files.kommun.insert(0, Some(Shape::Multi(&areas)), values)?;
    }
    Ok(())
}

/// The ground that is written, as areas.
pub(crate) fn written_ground(world: &World) -> MultiPolygon<f64> {
    let cells = Cells::new(world);
    let is_in = |cell: Cell| is_written(world, &cells, cell);
    let mine: Vec<Cell> = cells.all().map(|(cell, _)| cell).filter(|cell| is_in(*cell)).collect();
    to_multi(&cells.outline(is_in, &mine))
}

fn is_written(world: &World, cells: &Cells, cell: Cell) -> bool {
    let center = cells.center(cell);
    home_at(center).is_some() && country_rank(center) <= world.country_reach
}

/// Writes every country parcel and the plots cut out of them.
pub(crate) fn write(world: &World, farms: &[Farm], files: &mut Files) -> Result<(), DemoError> {
    let cells = Cells::new(world);
    let mut plots: BTreeMap<Cell, Vec<usize>> = BTreeMap::new();
    for (i, farm) in farms.iter().enumerate() {
        let (low, high) = extent(&farm.ring);
        let (a, b) = (cells.at(low), cells.at(high));
        // A boundary bends at most a third of a square away, so look one further.
        for x in a.0 - 1..=b.0 + 1 {
            for y in a.1 - 1..=b.1 + 1 {
                plots.entry((x, y)).or_default().push(i);
            }
        }
    }
    let towns: Vec<(Point, Point, MultiPolygon<f64>)> = world
        .footprints
        .iter()
        .filter(|areas| !areas.is_empty())
        .map(|areas| {
            let (low, high) = extent(areas.iter().flatten().flatten());
            (low, high, to_multi(areas))
        })
        .collect();
    let mut counts: BTreeMap<(Cell, usize, Home), i64> = BTreeMap::new();
    let owner_of = |cell: Cell| {
        let key = [93, cell.0 as u64, cell.1 as u64];
        Chance::keyed(world.seed, &key).below(OWNERS)
    };
    let estate_of = |(i, j): Cell| (i.div_euclid(ESTATE), j.div_euclid(ESTATE));
    let written: Vec<(Cell, Home)> =
        cells.all().filter(|(cell, _)| is_written(world, &cells, *cell)).collect();
    let homes: BTreeMap<Cell, Home> = written.iter().copied().collect();
    let lakes = large_lakes(world);
    for (cell, home) in &written {
        let is_second = partner(world.seed, *cell)
            .is_some_and(|other| other < *cell && homes.get(&other) == Some(home));
        if is_second {
            continue;
        }
        *counts.entry((estate_of(*cell), owner_of(*cell), *home)).or_default() += 1;
    }
    let mut used: BTreeMap<(Cell, usize, Home), i64> = BTreeMap::new();
    for (cell, home) in &written {
        let (owner, estate) = (owner_of(*cell), estate_of(*cell));
        let mut chance = Chance::keyed(world.seed, &[94, cell.0 as u64, cell.1 as u64]);
        // Some parcels are two squares long.
        let mut group = vec![*cell];
        match partner(world.seed, *cell) {
            Some(other) if homes.get(&other) == Some(home) => {
                if other < *cell {
                    continue;
                }
                group.push(other);
            }
            _ => {}
        }
        let outline = cells.outline(|it| group.contains(&it), &group);
        let (low, high) = extent(outline.iter().flatten().flatten());
        let mut shape = to_multi(&outline);
        for (lake_low, lake_high, lake) in &lakes {
            if meet((low, high), (*lake_low, *lake_high)) {
                shape = shape.difference(lake);
            }
        }
        for (town_low, town_high, town) in &towns {
            if meet((low, high), (*town_low, *town_high)) {
                shape = shape.difference(town);
            }
        }
        let cuts: Vec<_> = group
            .iter()
            .filter_map(|cell| plots.get(cell))
            .flatten()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|i| to_polygon(std::slice::from_ref(&farms[*i].ring)))
            .collect();
        if !cuts.is_empty() {
            shape = shape.difference(&unary_union(&cuts));
        }
        let key = (estate, owner, *home);
        let number = used.entry(key).or_default();
        *number += 1;
        let areas: Vec<Area> = from_multi(&shape)
            .into_iter()
            .filter(|area| signed_area(&area[0]).abs() > 60.0)
            .collect();
        if areas.is_empty() {
            continue;
        }
        let inner = (estate.0.rem_euclid(2) * 2 + estate.1.rem_euclid(2)) * OWNERS as i64;
        let unit = Unit {
            home: *home,
            property: Chance::keyed(
                world.seed,
                &[95, estate.0 as u64, estate.1 as u64, owner as u64, *home as u64],
            )
            .uuid(),
            kind: "fastighet",
            trakt: trakt_name(world.seed, *cell),
            block: "1".to_owned(),
            number: inner + owner as i64 + 1,
        };
        let part = Part {
            number: *number,
            n_parts: counts[&key],
            is_uncertain: chance.hits(0.03),
            is_outside: chance.hits(0.01),
        };
        unit.area(files, &mut chance, part, &areas)?;
    }
    trakter(world, &cells, &written, files)?;
    plots_of(world, &cells, farms, files)
}

/// Whether two rectangles, each a least and a greatest corner, share a point.
fn meet((a, b): (Point, Point), (c, d): (Point, Point)) -> bool {
    a[0] <= d[0] && c[0] <= b[0] && a[1] <= d[1] && c[1] <= b[1]
}

/// The lakes that parcels end at, with their least and greatest corners.
fn large_lakes(world: &World) -> Vec<(Point, Point, MultiPolygon<f64>)> {
    world
        .terrain
        .lakes
        .iter()
        .filter(|lake| lake.radius_m() > 150.0)
        .map(|lake| {
            let ring = lake.outline();
            let (low, high) = extent(&ring);
            (low, high, MultiPolygon(vec![to_polygon(&[ring])]))
        })
        .collect()
}

/// The square that a square makes one parcel with, if any.
///
/// Squares pair along one direction inside an estate only, so the pairing is the same from both.
fn partner(seed: u64, (i, j): Cell) -> Option<Cell> {
    let estate = (i.div_euclid(ESTATE), j.div_euclid(ESTATE));
    let is_upward = Chance::keyed(seed, &[98, estate.0 as u64, estate.1 as u64]).hits(0.5);
    let (run, at) = if is_upward { (i, j) } else { (j, i) };
    let place = at.rem_euclid(ESTATE);
    let key = [99, estate.0 as u64, estate.1 as u64, run as u64];
    // Which two of the three go together, if any.
    let first = Chance::keyed(seed, &key).below(4) as i64;
    let other = match first {
        0 | 1 if place == first => at + 1,
        0 | 1 if place == first + 1 => at - 1,
        _ => return None,
    };
    Some(if is_upward { (i, other) } else { (other, j) })
}

/// Outlines of the trakter, and the common land inside some of them.
fn trakter(
    world: &World,
    cells: &Cells,
    written: &[(Cell, Home)],
    files: &mut Files,
) -> Result<(), DemoError> {
    let mut members: BTreeMap<(i64, i64, Home), Vec<Cell>> = BTreeMap::new();
    for ((i, j), home) in written {
        let key = (i.div_euclid(TRAKT), j.div_euclid(TRAKT), *home);
        members.entry(key).or_default().push((*i, *j));
    }
    for ((i, j, home), mine) in &members {
        let is_in = |cell: Cell| mine.contains(&cell);
        let areas = cells.outline(is_in, mine);
        let mut chance = Chance::keyed(world.seed, &[96, *i as u64, *j as u64, *home as u64]);
        let name = trakt_name(world.seed, mine[0]);
        trakt(files, &mut chance, *home, &name, &areas)?;
        let common = |chance: &mut Chance, block: &str, unit: i64| Unit {
            home: *home,
            property: chance.uuid(),
            kind: "samfällighet",
            trakt: name.clone(),
            block: block.to_owned(),
            number: unit,
        };
        let first = cells.center(mine[0]);
        if chance.hits(0.3) {
            // A way to a lake, long and narrow, known as a line only.
            let unit = common(&mut chance, "S", 1);
            let path: Vec<Point> =
                mine.iter().step_by(2).take(4).map(|cell| cells.center(*cell)).collect();
            if path.len() >= 2 {
                unit.line(files, &mut chance, &path)?;
            }
        }
        if chance.hits(0.16) {
            let unit = common(&mut chance, "S", 2);
            unit.point(files, &mut chance, Some(crate::plane::add(first, [40.0, 25.0])))?;
        }
        if chance.hits(0.2) {
            let unit = common(&mut chance, "GA", 6);
            unit.point(files, &mut chance, Some(crate::plane::add(first, [-60.0, 15.0])))?;
        }
    }
    Ok(())
}

/// The plots themselves, numbered after the large parcels of their trakt.
fn plots_of(
    world: &World,
    cells: &Cells,
    farms: &[Farm],
    files: &mut Files,
) -> Result<(), DemoError> {
    let mut next: BTreeMap<(i64, i64, Home), i64> = BTreeMap::new();
    for (i, farm) in farms.iter().enumerate() {
        let cell = cells.at(middle(&farm.ring));
        let key = (cell.0.div_euclid(TRAKT), cell.1.div_euclid(TRAKT), farm.home);
        let number = next.entry(key).or_insert(4 * OWNERS as i64);
        *number += 1;
        let mut chance = Chance::keyed(world.seed, &[97, farm.key]);
        let unit = Unit {
            home: farm.home,
            property: chance.uuid(),
            kind: "fastighet",
            trakt: trakt_name(world.seed, cell),
            block: if chance.hits(0.06) { "2" } else { "1" }.to_owned(),
            number: *number,
        };
        let mut ring = farm.ring.clone();
        // A boundary drawn crosswise: deliveries hold some.
        if i % 1400 == 11 {
            ring.swap(1, 2);
        }
        let part = Part {
            number: 1,
            n_parts: 1,
            is_uncertain: chance.hits(0.02),
            is_outside: chance.hits(0.02),
        };
        unit.area(files, &mut chance, part, &[vec![ring]])?;
        crate::farms::write(world, farm, &unit, files)?;
    }
    Ok(())
}
