//! The four municipalities, their towns, and which part of them a scale covers.

use crate::chance::Chance;
use crate::names;
use crate::plane::{Point, distance, inside};

/// A municipality as an index into [`MUNICIPALITIES`].
pub(crate) type Home = usize;

/// What the deliveries say of a municipality.
#[derive(Debug)]
pub(crate) struct Municipality {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) capitals: &'static str,
    /// Least and greatest easting, least and greatest northing on EPSG:3009.
    /// Source: bounding boxes of SCB's generalised municipal boundaries.
    #[cfg(test)]
    bounds_m: [f64; 4],
    /// A coarse invented outline inside the bounds; neighbours share their corners.
    outline: &'static [Point],
}

impl Municipality {
    /// "Lindesbergs kommun", "Nora kommun".
    pub(crate) fn full_name(&self) -> String {
        let has_own_ending = self.name.ends_with(['a', 's']);
        format!("{}{} kommun", self.name, if has_own_ending { "" } else { "s" })
    }
}

pub(crate) const HALLEFORS: Home = 0;
pub(crate) const LJUSNARSBERG: Home = 1;
pub(crate) const NORA: Home = 2;
pub(crate) const LINDESBERG: Home = 3;

pub(crate) const MUNICIPALITIES: [Municipality; 4] = [
    Municipality {
        code: "1863",
        name: "Hällefors",
        capitals: "HÄLLEFORS",
        #[cfg(test)]
        bounds_m: [113299.0, 146768.0, 6596575.0, 6657070.0],
        outline: &[
            [145200.0, 6624500.0],
            [139500.0, 6619500.0],
            [134500.0, 6612500.0],
            [130500.0, 6604500.0],
            [128500.0, 6600500.0],
            [126500.0, 6597300.0],
            [120500.0, 6596700.0],
            [116000.0, 6601500.0],
            [113500.0, 6611000.0],
            [115500.0, 6622000.0],
            [114500.0, 6634000.0],
            [119000.0, 6645000.0],
            [122500.0, 6654500.0],
            [128500.0, 6656900.0],
            [134400.0, 6652500.0],
            [136500.0, 6645500.0],
            [139500.0, 6637500.0],
            [145500.0, 6630500.0],
        ],
    },
    Municipality {
        code: "1864",
        name: "Ljusnarsberg",
        capitals: "LJUSNARSBERG",
        #[cfg(test)]
        bounds_m: [134271.0, 162106.0, 6629243.0, 6667744.0],
        outline: &[
            [145500.0, 6630500.0],
            [139500.0, 6637500.0],
            [136500.0, 6645500.0],
            [134400.0, 6652500.0],
            [138500.0, 6660500.0],
            [145500.0, 6667600.0],
            [153000.0, 6666000.0],
            [158500.0, 6659500.0],
            [162000.0, 6652500.0],
            [158500.0, 6645500.0],
            [156500.0, 6638000.0],
            [151500.0, 6633500.0],
            [148000.0, 6629400.0],
        ],
    },
    Municipality {
        code: "1884",
        name: "Nora",
        capitals: "NORA",
        #[cfg(test)]
        bounds_m: [128438.0, 159084.0, 6583836.0, 6624878.0],
        outline: &[
            [145200.0, 6624500.0],
            [151500.0, 6620500.0],
            [155500.0, 6613500.0],
            [157500.0, 6605500.0],
            [159000.0, 6598500.0],
            [159050.0, 6592500.0],
            [156500.0, 6586500.0],
            [150500.0, 6583900.0],
            [143500.0, 6585500.0],
            [136500.0, 6588500.0],
            [131000.0, 6593500.0],
            [128500.0, 6600500.0],
            [130500.0, 6604500.0],
            [134500.0, 6612500.0],
            [139500.0, 6619500.0],
        ],
    },
    Municipality {
        code: "1885",
        name: "Lindesberg",
        capitals: "LINDESBERG",
        #[cfg(test)]
        bounds_m: [144857.0, 190162.0, 6590164.0, 6653113.0],
        outline: &[
            [145200.0, 6624500.0],
            [145500.0, 6630500.0],
            [148000.0, 6629400.0],
            [151500.0, 6633500.0],
            [156500.0, 6638000.0],
            [158500.0, 6645500.0],
            [162000.0, 6652500.0],
            [167500.0, 6653000.0],
            [172500.0, 6647000.0],
            [176500.0, 6639000.0],
            [178500.0, 6629500.0],
            [182500.0, 6621000.0],
            [186500.0, 6611500.0],
            [190000.0, 6602500.0],
            [189000.0, 6594500.0],
            [182500.0, 6590300.0],
            [175500.0, 6591500.0],
            [168500.0, 6590400.0],
            [163500.0, 6591200.0],
            [159050.0, 6592500.0],
            [159000.0, 6598500.0],
            [157500.0, 6605500.0],
            [155500.0, 6613500.0],
            [151500.0, 6620500.0],
        ],
    },
];

/// In whose coarse outline a point lies.
pub(crate) fn home_at(at: Point) -> Option<Home> {
    MUNICIPALITIES.iter().position(|it| inside(at, it.outline))
}

/// A town or village with a street plan.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// The key of its randomness.
    pub(crate) key: u64,
    pub(crate) name: String,
    pub(crate) home: Home,
    pub(crate) center: Point,
    pub(crate) houses: usize,
    /// How far its plan reaches at most, metres.
    pub(crate) reach_m: f64,
    pub(crate) postcode: i64,
    pub(crate) is_seat: bool,
}

/// Name, municipality, easting and northing on EPSG:3009, houses at scale 1, postal code.
/// Positions: stations to the metre, other places within a kilometre. Postal codes outside the
/// four seats are plausible, not real.
const TOWNS: [(&str, Home, f64, f64, usize, i64); 20] = [
    ("Lindesberg", LINDESBERG, 162600.0, 6608920.0, 3350, 71130),
    ("Nora", NORA, 152264.0, 6600486.0, 2350, 71380),
    ("Hällefors", HALLEFORS, 123091.0, 6629214.0, 1700, 71230),
    ("Kopparberg", LJUSNARSBERG, 149664.0, 6640369.0, 1250, 71480),
    ("Frövi", LINDESBERG, 170619.0, 6594818.0, 1050, 71830),
    ("Fellingsbro", LINDESBERG, 183769.0, 6591620.0, 640, 71840),
    ("Storå", LINDESBERG, 157372.0, 6622663.0, 700, 71170),
    ("Grythyttan", HALLEFORS, 123710.0, 6621299.0, 430, 71294),
    ("Guldsmedshyttan", LINDESBERG, 156418.0, 6620990.0, 330, 71177),
    ("Gyttorp", NORA, 148097.0, 6599015.0, 320, 71373),
    ("Vedevåg", LINDESBERG, 166241.0, 6601857.0, 300, 71198),
    ("Ställdalen", LJUSNARSBERG, 146813.0, 6646610.0, 290, 71472),
    ("Bångbro", LJUSNARSBERG, 148880.0, 6641949.0, 240, 71434),
    ("Gusselby", LINDESBERG, 161676.0, 6614095.0, 210, 71191),
    ("Ramsberg", LINDESBERG, 167925.0, 6628157.0, 180, 71198),
    ("Striberg", NORA, 145927.0, 6603161.0, 190, 71393),
    ("Järle", NORA, 157906.0, 6594034.0, 120, 71394),
    ("Pershyttan", NORA, 150000.0, 6596921.0, 90, 71391),
    ("Hjulsjö", HALLEFORS, 139202.0, 6625122.0, 70, 71291),
    ("Löa", LINDESBERG, 153375.0, 6623994.0, 60, 71178),
];

/// Metres that a town of so many houses reaches from its centre.
fn reach_m(houses: usize) -> f64 {
    (houses as f64 * 1650.0 / std::f64::consts::PI).sqrt() * 1.25 + 90.0
}

/// The towns of a scale, Lindesberg first.
///
/// Below 1 the towns shrink and the least vanish; above 1 invented towns join.
pub(crate) fn sites(seed: u64, scale: f64) -> Vec<Site> {
    let mut sites = vec![];
    for (key, &(name, home, e_m, n_m, houses, postcode)) in TOWNS.iter().enumerate() {
        let is_seat = key < 4;
        let share = if scale >= 1.0 {
            1.0
        } else if key == 0 {
            (scale * 1.6).min(1.0)
        } else {
            scale
        };
        let floor = match key {
            0 => 260,
            1 => 130,
            2 | 3 => 40,
            _ => 0,
        };
        let houses = ((houses as f64 * share) as usize).max(floor.min(houses));
        if houses < 24 {
            continue;
        }
        sites.push(Site {
            key: key as u64,
            name: name.to_owned(),
            home,
            center: [e_m, n_m],
            houses,
            reach_m: reach_m(houses),
            postcode,
            is_seat,
        });
    }
    let mut wanted = 14_000.0 * (scale - 1.0);
    let mut chance = Chance::keyed(seed, &[10]);
    let mut tries = 0;
    while wanted > 0.0 && tries < 40_000 {
        tries += 1;
        let center = [chance.range(114e3, 189e3), chance.range(6_584e3, 6_667e3)];
        let houses = chance.whole(250, 1400) as usize;
        let reach = reach_m(houses);
        let is_free =
            sites.iter().all(|it: &Site| distance(it.center, center) > it.reach_m + reach + 350.0);
        let corners = (0..8).map(|i| {
            let turn = f64::from(i) * std::f64::consts::TAU / 8.0;
            home_at([center[0] + turn.cos() * reach * 1.1, center[1] + turn.sin() * reach * 1.1])
        });
        let Some(home) =
            home_at(center).filter(|home| corners.into_iter().all(|c| c == Some(*home)))
        else {
            continue;
        };
        if !is_free {
            continue;
        }
        let key = 100 + sites.len() as u64;
        sites.push(Site {
            key,
            name: names::place(seed.wrapping_add(77), sites.len()),
            home,
            center,
            houses,
            reach_m: reach,
            postcode: 71000 + chance.whole(200, 990),
            is_seat: false,
        });
        wanted -= houses as f64;
    }
    sites
}

/// How far from the seats country is written, as a share of everything: small scales keep the
/// surroundings of the four seats, most of all those of Lindesberg.
pub(crate) fn country_rank(at: Point) -> f64 {
    let weights = [1.0, 0.6, 0.45, 0.45];
    TOWNS
        .iter()
        .zip(weights)
        .map(|(town, weight)| distance(at, [town.2, town.3]) / weight)
        .fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_town_lies_in_its_own_municipality() {
        for site in sites(1, 1.0) {
            assert_eq!(home_at(site.center), Some(site.home), "{}", site.name);
        }
    }

    #[test]
    fn outlines_stay_inside_the_bounding_boxes() {
        for it in &MUNICIPALITIES {
            for [e, n] in it.outline {
                assert!(*e >= it.bounds_m[0] && *e <= it.bounds_m[1], "{} {e}", it.name);
                assert!(*n >= it.bounds_m[2] && *n <= it.bounds_m[3], "{} {n}", it.name);
            }
        }
    }

    #[test]
    fn lindesberg_is_kept_at_the_least_scale_and_towns_join_above_one() {
        assert_eq!(sites(1, 0.02)[0].name, "Lindesberg");
        assert!(sites(1, 3.0).len() > sites(1, 1.0).len() + 10);
    }
}
