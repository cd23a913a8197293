//! Everything that is decided before the first row is written.

use std::collections::BTreeMap;

use crate::plane::{Area, Point, add, beside, distance, rounded, scaled, sub};
use crate::region::{Site, country_rank, home_at, sites};
use crate::roads::{Roads, TownRoom};
use crate::routes::Grid;
use crate::terrain::{Terrain, is_lindesberg, town_core_m};
use crate::town::{Barrier, Town};
use crate::town_houses::footprint;

/// The plan of the whole region, without the towns' lots.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) scale: f64,
    pub(crate) sites: Vec<Site>,
    pub(crate) terrain: Terrain,
    pub(crate) grid: Grid,
    pub(crate) roads: Roads,
    pub(crate) railway: Vec<Vec<Point>>,
    /// The river of Lindesberg, its middle line.
    pub(crate) river: Vec<Point>,
    /// Ground of every town: lots and streets.
    pub(crate) footprints: Vec<Vec<Area>>,
    barriers: Vec<Barrier>,
    /// Country is written where [`country_rank`] stays below this.
    pub(crate) country_reach: f64,
}

/// Half the width of the river, metres.
pub(crate) const RIVER_HALF_M: f64 = 8.0;

impl World {
    pub(crate) fn new(seed: u64, scale: f64) -> Self {
        let sites = sites(seed, scale);
        let terrain = Terrain::new(seed, &sites);
        let grid = Grid::new(seed, &terrain);
        let country_reach = reach_of(scale);
        let railway = railway(&grid, &sites, country_reach);
        let river = river(&terrain, &sites);
        let mut barriers: Vec<Barrier> = railway.iter().map(|path| (13.0, path.clone())).collect();
        if !river.is_empty() {
            barriers.push((RIVER_HALF_M + 12.0, river.clone()));
        }
        let rooms: Vec<(u64, TownRoom)> = sites
            .iter()
            .map(|site| (site.key, TownRoom::of(&Town::new(seed, site, &terrain, &barriers))))
            .collect();
        let roads = Roads::new(seed, scale, &grid, &terrain, &rooms, country_reach);
        let mut world = Self {
            seed,
            scale,
            sites,
            terrain,
            grid,
            roads,
            railway,
            river,
            footprints: vec![],
            barriers,
            country_reach,
        };
        world.footprints = (0..world.sites.len()).map(|i| footprint(&world.town(i))).collect();
        world
    }

    /// The plan of one town, its lots clear of the roads that enter it. The same each time.
    pub(crate) fn town(&self, index: usize) -> Town {
        let gates = self.roads.gates.iter().filter(|(town, _)| *town == index);
        let mut barriers: Vec<Barrier> = self.barriers.clone();
        // Streets may meet the road, so it is no wider than what streets are let across.
        barriers.extend(gates.map(|(_, path)| (6.0, path.clone())));
        Town::new(self.seed, &self.sites[index], &self.terrain, &barriers)
    }
}

/// The rank below which the wanted share of the country lies.
fn reach_of(scale: f64) -> f64 {
    if scale >= 1.0 {
        return f64::INFINITY;
    }
    let mut ranks = vec![];
    for x in 0..78 {
        for y in 0..85 {
            let at = [113_000.0 + f64::from(x) * 1000.0, 6_583_500.0 + f64::from(y) * 1000.0];
            if home_at(at).is_some() {
                ranks.push(country_rank(at));
            }
        }
    }
    ranks.sort_by(f64::total_cmp);
    ranks[((ranks.len() as f64 * scale) as usize).min(ranks.len() - 1)].max(1900.0)
}

/// The line from Frövi to Ställdalen through Lindesberg, in the stretches that are written.
fn railway(grid: &Grid, sites: &[Site], reach: f64) -> Vec<Vec<Point>> {
    let by_key: BTreeMap<u64, &Site> = sites.iter().map(|site| (site.key, site)).collect();
    let stops: Vec<Point> = [4u64, 10, 0, 13, 6, 3, 12, 11]
        .iter()
        .filter_map(|key| by_key.get(key))
        .map(|site| {
            let aside = town_core_m(site) * 0.36;
            [site.center[0] + aside, site.center[1] - aside * 0.2]
        })
        .collect();
    // The line goes on beyond the town even when no other town is left.
    let stops = if stops.len() < 2 || reach.is_finite() {
        sites
            .iter()
            .take(1)
            .flat_map(|site| {
                let aside = town_core_m(site) * 0.36;
                [[aside + 700.0, -2600.0], [aside, 0.0], [aside - 500.0, 2600.0]]
                    .map(|d| [site.center[0] + d[0], site.center[1] + d[1]])
            })
            .collect()
    } else {
        stops
    };
    let mut knots: Vec<Point> = vec![];
    for pair in stops.windows(2) {
        let (Some(a), Some(b)) = (Grid::at(pair[0]), Grid::at(pair[1])) else { continue };
        knots.push(pair[0]);
        if let Some(way) = grid.way(a, b, |_| 1.0) {
            let inner = &way[1..way.len().saturating_sub(1).max(1)];
            knots.extend(inner.iter().step_by(3).skip(1).map(|square| grid.knot(*square)));
        }
    }
    knots.extend(stops.last());
    let path = rounded(&knots, 4);
    if path.len() < 2 { vec![] } else { vec![path] }
}

/// From the greater lake through the town to the smaller one.
fn river(terrain: &Terrain, sites: &[Site]) -> Vec<Point> {
    let Some(site) = sites.iter().find(|site| is_lindesberg(site)) else { return vec![] };
    let find = |key: u64| terrain.lakes.iter().find(|lake| lake.key == key);
    let (Some(from), Some(to)) = (find(0), find(1)) else { return vec![] };
    let core = town_core_m(site);
    let bend = |x: f64, y: f64| [site.center[0] + core * x, site.center[1] + core * y];
    let inwards = |center: Point, toward: Point| crate::plane::between(center, toward, 0.25);
    let (a, b) = (bend(0.35, -0.32), bend(-0.3, -0.42));
    let course =
        rounded(&[inwards(from.center, a), a, bend(0.02, -0.46), b, inwards(to.center, b)], 5);
    let sides = beside(&course, 1.0);
    let mut run = 0.0;
    (0..course.len())
        .map(|i| {
            run += if i > 0 { distance(course[i - 1], course[i]) } else { 0.0 };
            let aside = 17.0 * (run / 62.0).sin() + 9.0 * (run / 29.0).cos();
            add(course[i], scaled(sub(sides[i], course[i]), aside))
        })
        .collect()
}
