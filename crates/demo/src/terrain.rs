//! Lakes and the shape of the ground.

use std::f64::consts::TAU;

use crate::chance::{Chance, noise};
use crate::names;
use crate::plane::{Point, Ring, distance, sub};
use crate::region::{LINDESBERG, Site, home_at};

/// A lake whose shore is a smooth curve around its middle.
#[derive(Debug, Clone)]
pub(crate) struct Lake {
    pub(crate) key: u64,
    pub(crate) name: String,
    pub(crate) center: Point,
    /// Mean radius in metres before it is drawn out.
    radius_m: f64,
    turn: f64,
    draw: f64,
    waves: [(f64, f64); 8],
    /// Of its surface, metres above the sea.
    level_m: f64,
    n_vertices: usize,
}

impl Lake {
    fn new(seed: u64, key: u64, name: String, center: Point, radius_m: f64) -> Self {
        let mut chance = Chance::keyed(seed, &[20, key]);
        let waves = std::array::from_fn(|i| {
            let k = i as f64 + 2.0;
            (chance.range(0.1, 0.5) / k, chance.range(0.0, TAU))
        });
        let mut lake = Self {
            key,
            name,
            center,
            radius_m,
            turn: chance.range(0.9, 2.2),
            draw: chance.range(1.0, 1.75),
            waves,
            level_m: 0.0,
            n_vertices: ((radius_m * 0.55) as usize).clamp(36, 1800),
        };
        // Half-way between two contours, so that no contour runs on the water.
        lake.level_m = ((ground(seed, center) - 6.0) / 5.0).floor() * 5.0 + 2.5;
        lake
    }

    fn shore(&self, angle: f64) -> f64 {
        let wave: f64 = self
            .waves
            .iter()
            .enumerate()
            .map(|(i, (size, phase))| size * ((i as f64 + 2.0) * angle + phase).cos())
            .sum();
        self.radius_m * (1.0 + wave).max(0.35)
    }

    /// Below 1 on the water, 1 on the shore, growing outwards.
    pub(crate) fn ratio(&self, at: Point) -> f64 {
        let d = sub(at, self.center);
        let (sin, cos) = self.turn.sin_cos();
        let x = (d[0] * cos + d[1] * sin) / self.draw;
        let y = (d[1] * cos - d[0] * sin) * self.draw;
        x.hypot(y) / self.shore(y.atan2(x))
    }

    /// No part of it lies further from its middle, metres.
    pub(crate) fn reach_m(&self) -> f64 {
        self.radius_m * self.draw * 2.0
    }

    pub(crate) fn outline(&self) -> Ring {
        self.outline_of(self.n_vertices)
    }

    /// The shore with as many vertices as asked for.
    pub(crate) fn outline_of(&self, n_vertices: usize) -> Ring {
        let (sin, cos) = self.turn.sin_cos();
        (0..n_vertices)
            .map(|i| {
                let angle = i as f64 / n_vertices as f64 * TAU;
                let r = self.shore(angle);
                let (x, y) = (r * angle.cos() * self.draw, r * angle.sin() / self.draw);
                [self.center[0] + x * cos - y * sin, self.center[1] + x * sin + y * cos]
            })
            .collect()
    }

    pub(crate) fn radius_m(&self) -> f64 {
        self.radius_m
    }
}

/// Height of dry ground in metres above the sea, before lakes flatten it.
fn ground(seed: u64, at: Point) -> f64 {
    let n = |k: u64, wave_m: f64| {
        noise(seed.wrapping_mul(31).wrapping_add(k), at[0] / wave_m, at[1] / wave_m)
    };
    // The land rises to the north-west, as Bergslagen does.
    let slope = 150.0 + (at[1] - 6_590_000.0) / 900.0 - (at[0] - 150_000.0) / 1200.0;
    slope + 62.0 * n(1, 9_000.0) + 44.0 * n(2, 3_400.0) + 22.0 * n(3, 1_250.0) + 7.5 * n(4, 430.0)
}

/// Lakes of the whole region, findable by place.
#[derive(Debug)]
pub(crate) struct Terrain {
    seed: u64,
    pub(crate) lakes: Vec<Lake>,
    /// Lakes that reach into a square of [`SQUARE_M`].
    squares: std::collections::BTreeMap<(i64, i64), Vec<usize>>,
}

const SQUARE_M: f64 = 2000.0;

impl Terrain {
    pub(crate) fn new(seed: u64, sites: &[Site]) -> Self {
        let mut lakes: Vec<Lake> = vec![];
        let beside = |name: &str, angle_deg: f64, gap: f64, radius_m: f64, named: &str| {
            sites.iter().find(|it| it.name == name).map(|site| {
                let away = town_core_m(site) * gap + radius_m;
                let (sin, cos) = angle_deg.to_radians().sin_cos();
                (
                    named.to_owned(),
                    [site.center[0] + away * cos, site.center[1] + away * sin],
                    radius_m,
                )
            })
        };
        let wanted = [
            beside("Lindesberg", 20.0, 0.62, 720.0, "Stora Lindesbergssjön"),
            beside("Lindesberg", 205.0, 0.62, 420.0, "Lilla Lindesbergssjön"),
            beside("Nora", 80.0, 0.6, 1150.0, "Norasjön"),
            beside("Hällefors", 150.0, 0.7, 900.0, "Hällsjön"),
            beside("Kopparberg", 330.0, 0.7, 620.0, "Ljusnarsjön"),
            beside("Frövi", 100.0, 0.75, 1300.0, "Väringsjön"),
            beside("Grythyttan", 20.0, 0.7, 900.0, "Torrvarsjön"),
            beside("Storå", 60.0, 0.9, 800.0, "Usksjön"),
        ];
        for (name, center, radius_m) in wanted.into_iter().flatten() {
            lakes.push(Lake::new(seed, lakes.len() as u64, name, center, radius_m));
        }
        let mut chance = Chance::keyed(seed, &[21]);
        for tried in 0..2600u64 {
            let center = [chance.range(113_500.0, 190_000.0), chance.range(6_584e3, 6_667.5e3)];
            let radius_m = 80.0 * (1.0 / (1.0 - chance.unit() * 0.99)).powf(0.72).min(19.0);
            let lake = Lake::new(seed, 100 + tried, names::lake(tried as usize), center, radius_m);
            let is_far = sites
                .iter()
                .all(|it| distance(it.center, center) > it.reach_m + lake.reach_m() + 60.0);
            let is_alone = lakes.iter().all(|it| {
                distance(it.center, center) > (it.reach_m() + lake.reach_m()) * 0.85 + 120.0
            });
            // The whole lake inside the outlines.
            let is_within = lake.outline().iter().step_by(4).all(|at| home_at(*at).is_some());
            if is_far && is_alone && is_within {
                lakes.push(lake);
            }
        }
        let mut squares = std::collections::BTreeMap::<_, Vec<usize>>::new();
        for (i, lake) in lakes.iter().enumerate() {
            let r = lake.reach_m() * 1.6 + 200.0;
            let square = |v: f64| (v / SQUARE_M).floor() as i64;
            for x in square(lake.center[0] - r)..=square(lake.center[0] + r) {
                for y in square(lake.center[1] - r)..=square(lake.center[1] + r) {
                    squares.entry((x, y)).or_default().push(i);
                }
            }
        }
        Self { seed, lakes, squares }
    }

    fn near(&self, at: Point) -> impl Iterator<Item = &Lake> {
        let key = ((at[0] / SQUARE_M).floor() as i64, (at[1] / SQUARE_M).floor() as i64);
        self.squares.get(&key).into_iter().flatten().map(|i| &self.lakes[*i])
    }

    /// Whether a point lies on water, or nearer to it than the ratio says (1 is the shore).
    pub(crate) fn is_wet(&self, at: Point, ratio: f64) -> bool {
        self.near(at).any(|lake| lake.ratio(at) < ratio)
    }

    /// Metres above the sea; flat on lakes.
    pub(crate) fn height_m(&self, at: Point) -> f64 {
        let mut height = ground(self.seed, at);
        for lake in self.near(at) {
            let away = ((lake.ratio(at) - 1.0) / 0.55).clamp(0.0, 1.0);
            let ease = away * away * (3.0 - 2.0 * away);
            height = lake.level_m + (height - lake.level_m) * ease;
        }
        height
    }
}

/// Radius of the built-up middle of a town in metres.
pub(crate) fn town_core_m(site: &Site) -> f64 {
    (site.houses as f64 * 1500.0 / std::f64::consts::PI).sqrt()
}

/// Whether a site is the town with water on both sides.
pub(crate) fn is_lindesberg(site: &Site) -> bool {
    site.home == LINDESBERG && site.key == 0
}
