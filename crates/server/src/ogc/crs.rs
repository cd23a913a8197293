use faltkarta_geo::{Bounds, GridSystem, LonLatDeg, Position, WebMercator, Wgs84};

use crate::ogc::problem::Problem;

/// The equator's radius of Web Mercator. Source: EPSG method 1024.
const MERCATOR_RADIUS_M: f64 = 6_378_137.0;
/// Vertices that a side of a rectangle gets before it is projected.
const STEPS: u32 = 32;
/// Between these degrees the grid's formulas are exact enough for a rectangle around a rectangle.
const WEST_EAST_DEG: (f64, f64) = (4.0, 32.0);
const SOUTH_NORTH_DEG: (f64, f64) = (53.0, 71.0);
/// So far a place may lie from the meridian of zero and the equator to be taken from outside: Sweden with its waters.
const TAKEN_LON_DEG: (f64, f64) = (5.0, 30.0);
const TAKEN_LAT_DEG: (f64, f64) = (54.0, 70.5);

/// A reference system that coordinates are given and taken in.
///
/// Ordinates go out and come in in the order that the system's definition says; inside, easting or longitude is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PublicCrs {
    /// Longitude and latitude in degrees: what GeoJSON has when nothing is said.
    Crs84,
    /// Latitude and longitude in degrees.
    Epsg4326,
    /// Northing and easting in metres on a projection of the SWEREF 99 family.
    Grid(GridSystem),
    /// Easting and northing in metres of Web Mercator.
    Epsg3857,
}

impl PublicCrs {
    /// The systems of a store, the default one first.
    pub(crate) fn all(store: GridSystem) -> Vec<Self> {
        let mut all = vec![Self::Crs84, Self::Grid(store)];
        if store != GridSystem::TM {
            all.push(Self::Grid(GridSystem::TM));
        }
        all.extend([Self::Epsg4326, Self::Epsg3857]);
        all
    }

    /// The system that an address names.
    pub(crate) fn parse(uri: &str, parameter: &str, store: GridSystem) -> Result<Self, Problem> {
        let found = Self::all(store).into_iter().find(|it| it.uri() == uri);
        found.ok_or_else(|| {
            Problem::bad_parameter(parameter, "it names no reference system of this service")
        })
    }

    /// Its address.
    pub(crate) fn uri(self) -> String {
        match self {
            Self::Crs84 => "http://www.opengis.net/def/crs/OGC/1.3/CRS84".to_owned(),
            _ => format!("http://www.opengis.net/def/crs/EPSG/0/{}", self.short()),
        }
    }

    /// Its code, as tags of versions carry it.
    pub(crate) fn short(self) -> String {
        match self {
            Self::Crs84 => "CRS84".to_owned(),
            Self::Epsg4326 => "4326".to_owned(),
            Self::Grid(grid) => grid.epsg().to_string(),
            Self::Epsg3857 => "3857".to_owned(),
        }
    }

    fn is_upright(self) -> bool {
        matches!(self, Self::Epsg4326 | Self::Grid(_))
    }

    /// Decimals that ordinates are written with: a tenth of a millimetre.
    fn decimals(self) -> i32 {
        match self {
            Self::Crs84 | Self::Epsg4326 => 9,
            Self::Grid(_) | Self::Epsg3857 => 4,
        }
    }

    /// A pair of ordinates between the order of the definition and easting before northing; its own inverse.
    pub(crate) fn turned(self, (first, second): (f64, f64)) -> (f64, f64) {
        if self.is_upright() { (second, first) } else { (first, second) }
    }

    /// From the store's grid to this system, easting or longitude first, not rounded.
    pub(crate) fn of_grid(self, store: GridSystem, e_m: f64, n_m: f64) -> (f64, f64) {
        match self {
            Self::Grid(grid) => store.to_grid(grid, e_m, n_m),
            Self::Crs84 | Self::Epsg4326 => store.inverse_deg(e_m, n_m),
            Self::Epsg3857 => {
                let (lon_deg, lat_deg) = store.inverse_deg(e_m, n_m);
                let at = LonLatDeg { lon_deg, lat_deg };
                Position::<Wgs84>::parse(at).map_or((f64::NAN, f64::NAN), |it| {
                    let at = Position::<WebMercator>::from_wgs84(it);
                    (at.x_m(), at.y_m())
                })
            }
        }
    }

    /// The two numbers of a vertex as they are written, in the order of the definition. What lies on the store's own
    /// grid is written as it is stored.
    pub(crate) fn written(self, store: GridSystem, e_m: f64, n_m: f64) -> (f64, f64) {
        if self == Self::Grid(store) {
            return self.turned((e_m, n_m));
        }
        let (x, y) = self.of_grid(store, e_m, n_m);
        let unit = 10f64.powi(self.decimals());
        self.turned(((x * unit).round() / unit, (y * unit).round() / unit))
    }

    /// From two numbers as they came to easting and northing on the store's grid; `None` when no such place is near
    /// Sweden.
    pub(crate) fn read(self, store: GridSystem, ordinates: (f64, f64)) -> Option<(f64, f64)> {
        let (x, y) = self.turned(ordinates);
        let (lon_deg, lat_deg) = match self {
            Self::Grid(grid) => {
                let is_near = (-400_000.0..=1_400_000.0).contains(&x)
                    && (5_900_000.0..=7_900_000.0).contains(&y);
                let is_near = is_near && {
                    let (lon_deg, lat_deg) = grid.inverse_deg(x, y);
                    is_taken(lon_deg, lat_deg)
                };
                return is_near.then(|| grid.to_grid(store, x, y));
            }
            Self::Crs84 | Self::Epsg4326 => (x, y),
            Self::Epsg3857 => (
                (x / MERCATOR_RADIUS_M).to_degrees(),
                (y / MERCATOR_RADIUS_M).sinh().atan().to_degrees(),
            ),
        };
        is_taken(lon_deg, lat_deg).then(|| store.forward_deg(lon_deg, lat_deg))
    }

    /// A rectangle on the store's grid that holds everything that lies in a rectangle of this system; `None` when it
    /// reaches so far that there is none.
    pub(crate) fn around(self, store: GridSystem, rectangle: &Rectangle) -> Option<Bounds> {
        let Rectangle { west, south, east, north } = *rectangle;
        if self == Self::Grid(store) {
            let bounds = Bounds { min_e_m: west, min_n_m: south, max_e_m: east, max_n_m: north };
            return (west <= east && south <= north).then_some(bounds);
        }
        if west > east || south > north {
            return None;
        }
        let mut around: Option<Bounds> = None;
        for step in 0..=STEPS {
            let part = f64::from(step) / f64::from(STEPS);
            let (x, y) = (west + (east - west) * part, south + (north - south) * part);
            for (x, y) in [(x, south), (x, north), (west, y), (east, y)] {
                let (lon_deg, lat_deg) = match self {
                    Self::Grid(grid) => {
                        let is_near = (-500_000.0..=1_500_000.0).contains(&x)
                            && (5_800_000.0..=8_000_000.0).contains(&y);
                        if !is_near {
                            return None;
                        }
                        grid.inverse_deg(x, y)
                    }
                    Self::Crs84 | Self::Epsg4326 => (x, y),
                    Self::Epsg3857 => (
                        (x / MERCATOR_RADIUS_M).to_degrees(),
                        (y / MERCATOR_RADIUS_M).sinh().atan().to_degrees(),
                    ),
                };
                let is_near = (WEST_EAST_DEG.0..=WEST_EAST_DEG.1).contains(&lon_deg)
                    && (SOUTH_NORTH_DEG.0..=SOUTH_NORTH_DEG.1).contains(&lat_deg);
                if !is_near {
                    return None;
                }
                let (e_m, n_m) = store.forward_deg(lon_deg, lat_deg);
                let bounds = around.get_or_insert_with(|| Bounds::at(e_m, n_m));
                bounds.include(e_m, n_m);
            }
        }
        // Between two of the vertices a side bends outwards by much less than a hundredth of its length.
        around.map(|it| {
            let side_m = (it.max_e_m - it.min_e_m).max(it.max_n_m - it.min_n_m);
            it.grown(side_m / 100.0 + 1.0)
        })
    }
}

fn is_taken(lon_deg: f64, lat_deg: f64) -> bool {
    (TAKEN_LON_DEG.0..=TAKEN_LON_DEG.1).contains(&lon_deg)
        && (TAKEN_LAT_DEG.0..=TAKEN_LAT_DEG.1).contains(&lat_deg)
}

/// A rectangle in some reference system, easting or longitude across. Its west may lie east of its east, when it goes
/// over the date line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rectangle {
    pub(crate) west: f64,
    pub(crate) south: f64,
    pub(crate) east: f64,
    pub(crate) north: f64,
}

impl Rectangle {
    /// From four numbers, or from six of which the third and the last are heights, in the order of a system.
    pub(crate) fn of(numbers: &[f64], crs: PublicCrs) -> Option<Self> {
        let corners = match *numbers {
            [a, b, c, d] | [a, b, _, c, d, _] => [crs.turned((a, b)), crs.turned((c, d))],
            _ => return None,
        };
        let [(west, south), (east, north)] = corners;
        Some(Self { west, south, east, north })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: GridSystem = GridSystem::ZONE_15_00;

    #[test]
    fn each_system_writes_its_ordinates_in_the_order_of_its_definition() {
        // Lindesberg's station: published in SWEREF 99 TM and zone 15 00.
        let (e_m, n_m) = (162_914.167, 6_608_920.569);
        let near = |crs: PublicCrs, first: f64, second: f64, by: f64| {
            let (a, b) = crs.written(STORE, e_m, n_m);
            assert!((a - first).abs() < by && (b - second).abs() < by, "{crs:?}: {a} {b}");
        };
        near(PublicCrs::Crs84, 15.228_644_834, 59.594_516_220, 2e-8);
        near(PublicCrs::Epsg4326, 59.594_516_220, 15.228_644_834, 2e-8);
        near(PublicCrs::Grid(STORE), 6_608_920.569, 162_914.167, 1e-9);
        near(PublicCrs::Grid(GridSystem::TM), 6_606_277.0, 512_909.0, 0.002);
        near(PublicCrs::Epsg3857, 1_695_244.988, 8_310_009.466, 0.01);
    }

    #[test]
    fn what_is_written_is_read_back_to_the_same_place() {
        for crs in PublicCrs::all(STORE) {
            let (e_m, n_m) =
                crs.read(STORE, crs.written(STORE, 162_914.167, 6_608_920.569)).unwrap();
            let off_m = (e_m - 162_914.167).hypot(n_m - 6_608_920.569);
            assert!(off_m < 0.000_2, "{crs:?}: {off_m}");
            assert_eq!(PublicCrs::parse(&crs.uri(), "crs", STORE).unwrap(), crs);
        }
    }

    #[test]
    fn a_place_with_its_ordinates_in_the_wrong_order_is_not_taken() {
        assert_eq!(PublicCrs::Crs84.read(STORE, (59.59, 15.22)), None);
        assert_eq!(PublicCrs::Epsg4326.read(STORE, (15.22, 59.59)), None);
        assert_eq!(PublicCrs::Grid(STORE).read(STORE, (162_914.0, 6_608_920.0)), None);
        assert_eq!(PublicCrs::Epsg3857.read(STORE, (f64::MAX, f64::MIN)), None);
    }

    #[test]
    fn the_rectangle_around_another_holds_every_place_in_it() {
        let deg = Rectangle { west: 14.0, south: 59.0, east: 16.0, north: 60.5 };
        let around = PublicCrs::Crs84.around(STORE, &deg).unwrap();
        for n in 0..=100 {
            for m in 0..=100 {
                let (lon, lat) = (14.0 + f64::from(n) * 0.02, 59.0 + f64::from(m) * 0.015);
                let (e_m, n_m) = STORE.forward_deg(lon, lat);
                assert!(around.holds(Bounds::at(e_m, n_m)), "{lon} {lat}");
            }
        }
        let world = Rectangle { west: -180.0, south: -90.0, east: 180.0, north: 90.0 };
        assert_eq!(PublicCrs::Crs84.around(STORE, &world), None);
    }
}
