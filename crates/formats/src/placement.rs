//! Where the numbers of a file lie: which system, which axis first.

use faltkarta_geo::{GaussKruger, GridSystem};

/// A rectangle in degrees that deliveries are expected to touch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WorkArea {
    /// Least longitude in degrees.
    pub min_lon_deg: f64,
    /// Least latitude in degrees.
    pub min_lat_deg: f64,
    /// Greatest longitude in degrees.
    pub max_lon_deg: f64,
    /// Greatest latitude in degrees.
    pub max_lat_deg: f64,
}

/// The four municipalities with a margin of about 10 km.
///
/// Source: union of SCB's generalised municipal boundaries, lon 14.3431–15.7094, lat 59.3693–60.1226.
pub const WORK_AREA: WorkArea =
    WorkArea { min_lon_deg: 14.166, min_lat_deg: 59.279, max_lon_deg: 15.886, max_lat_deg: 60.213 };

impl WorkArea {
    /// Whether a place in degrees lies inside.
    pub fn holds_deg(self, lon_deg: f64, lat_deg: f64) -> bool {
        (self.min_lon_deg..=self.max_lon_deg).contains(&lon_deg)
            && (self.min_lat_deg..=self.max_lat_deg).contains(&lat_deg)
    }
}

/// Why the numbers of a layer cannot be placed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrsProblem {
    /// The file names a system that is not read, or names none and the numbers fit none.
    #[error(
        "the reference system is not read: {declared}; deliver SWEREF 99, RT 90, UTM 32–34, WGS 84 or Web Mercator \
         (ogr2ogr -t_srs EPSG:3006 NEW OLD converts), or say with --crs what the coordinates are"
    )]
    UnknownCrs {
        /// What the file says; empty when it says nothing.
        declared: String,
    },
    /// The file says one system, the numbers are of another.
    #[error(
        "the file says EPSG:{declared} but the coordinates are EPSG:{found}; correct the file, or read it with --crs {found}"
    )]
    WrongZone {
        /// What the file says.
        declared: u32,
        /// What the numbers are.
        found: u32,
    },
    /// The numbers lie far from the area in every system that is tried.
    #[error(
        "the coordinates lie outside the area in EPSG:{declared} and in every other system; is it the right file? \
         --crs {declared} reads it all the same"
    )]
    OutsideArea {
        /// What the file says.
        declared: u32,
    },
}

impl CrsProblem {
    /// The stable code on wires and in tests.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownCrs { .. } => "unknown_crs",
            Self::WrongZone { .. } => "wrong_zone",
            Self::OutsideArea { .. } => "outside_area",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum System {
    Grid(GridSystem),
    /// Metres on another projection of the same kind.
    GaussKruger(GaussKruger),
    /// Degrees on WGS 84 or ETRS 89, longitude first.
    Degrees,
    WebMercator,
}

/// How the numbers of a layer become positions on the store's grid.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    epsg: u32,
    system: System,
    is_swapped: bool,
}

/// Share of a sample that must lie in the area for what the file says to be believed. County files hold much else.
const LEAST_SHARE_DECLARED: f64 = 0.1;
/// Share of a sample that must lie in the area for a system that the file does not name.
const LEAST_SHARE_FOUND: f64 = 0.8;
/// Semi-major axis of WGS 84, the sphere of Web Mercator. Source: EPSG method 1024.
const MERCATOR_RADIUS_M: f64 = 6_378_137.0;

impl Placement {
    /// Finds system and axis order from what the file says and some of its coordinates (first ordinate, second).
    ///
    /// # Errors
    ///
    /// [`CrsProblem`] when the two disagree or nothing fits. Swapped axes are no error: see [`Placement::is_swapped`].
    pub fn detect(declared_epsg: Option<u32>, sample: &[(f64, f64)]) -> Result<Self, CrsProblem> {
        if let Some(epsg) = declared_epsg {
            let Some(declared) = Self::of_epsg(epsg) else {
                return Err(CrsProblem::UnknownCrs { declared: format!("EPSG:{epsg}") });
            };
            if sample.is_empty() {
                return Ok(declared);
            }
            let both = [declared, declared.swapped()];
            if let Some(fits) = best(&both, sample, LEAST_SHARE_DECLARED) {
                return Ok(fits);
            }
            return Err(match best(&candidates(), sample, LEAST_SHARE_FOUND) {
                Some(found) => CrsProblem::WrongZone { declared: epsg, found: found.epsg },
                None => CrsProblem::OutsideArea { declared: epsg },
            });
        }
        if sample.is_empty() {
            return Ok(Self::grid(GridSystem::TM));
        }
        best(&candidates(), sample, LEAST_SHARE_FOUND)
            .ok_or(CrsProblem::UnknownCrs { declared: String::new() })
    }

    /// Takes the caller's word for the system, and finds only the axis order.
    ///
    /// # Errors
    ///
    /// [`CrsProblem::UnknownCrs`] for a code that is not read.
    pub fn forced(epsg: u32, sample: &[(f64, f64)]) -> Result<Self, CrsProblem> {
        let straight = Self::of_epsg(epsg)
            .ok_or_else(|| CrsProblem::UnknownCrs { declared: format!("EPSG:{epsg}") })?;
        let swapped = straight.swapped();
        let is_swapped = swapped.share(sample) > straight.share(sample);
        Ok(if is_swapped { swapped } else { straight })
    }

    /// The system of the numbers, by its EPSG code.
    pub fn epsg(self) -> u32 {
        self.epsg
    }

    /// Whether the file has northing before easting, or latitude before longitude.
    pub fn is_swapped(self) -> bool {
        self.is_swapped
    }

    /// Moves one vertex of the file to the store's grid: easting and northing in metres.
    pub fn to_grid(self, grid: GridSystem, x: f64, y: f64) -> (f64, f64) {
        let (x, y) = if self.is_swapped { (y, x) } else { (x, y) };
        match self.system {
            System::Grid(from) => from.to_grid(grid, x, y),
            System::GaussKruger(from) => {
                let (lon_deg, lat_deg) = from.inverse_deg(x, y);
                grid.forward_deg(lon_deg, lat_deg)
            }
            System::Degrees => grid.forward_deg(x, y),
            System::WebMercator => {
                let (lon_deg, lat_deg) = mercator_to_deg(x, y);
                grid.forward_deg(lon_deg, lat_deg)
            }
        }
    }

    /// Whether vertices keep their bytes on the way to a grid.
    pub(crate) fn is_identity(self, grid: GridSystem) -> bool {
        !self.is_swapped && self.system == System::Grid(grid)
    }

    fn of_epsg(epsg: u32) -> Option<Self> {
        let system = match epsg {
            3006..=3018 => System::Grid(GridSystem::from_epsg(epsg).ok()?),
            4326 | 4258 => System::Degrees,
            3857 => System::WebMercator,
            3019..=3024 => System::GaussKruger(rt90(epsg - 3019)),
            3845..=3850 => System::GaussKruger(rt90(epsg - 3845)),
            25832..=25834 => System::GaussKruger(utm(epsg - 25800)),
            32632..=32634 => System::GaussKruger(utm(epsg - 32600)),
            _ => return None,
        };
        Some(Self { epsg, system, is_swapped: false })
    }

    fn grid(grid: GridSystem) -> Self {
        Self { epsg: grid.epsg(), system: System::Grid(grid), is_swapped: false }
    }

    fn swapped(self) -> Self {
        Self { is_swapped: !self.is_swapped, ..self }
    }

    fn is_in_area(self, x: f64, y: f64) -> bool {
        let (x, y) = if self.is_swapped { (y, x) } else { (x, y) };
        let (lon_deg, lat_deg) = match self.system {
            // Far from its meridian the series leads anywhere, also into the area.
            System::GaussKruger(from) => {
                let is_near = (x - from.false_easting_m).abs() < 1_000_000.0;
                if !is_near || !(5_500_000.0..=8_500_000.0).contains(&y) {
                    return false;
                }
                from.inverse_deg(x, y)
            }
            System::Grid(_) if !(-500_000.0..=1_500_000.0).contains(&x) => return false,
            System::Grid(_) if !(5_500_000.0..=8_500_000.0).contains(&y) => return false,
            System::Grid(from) => from.inverse_deg(x, y),
            System::Degrees => (x, y),
            System::WebMercator => mercator_to_deg(x, y),
        };
        WORK_AREA.holds_deg(lon_deg, lat_deg)
    }

    fn share(self, sample: &[(f64, f64)]) -> f64 {
        let n_inside = sample.iter().filter(|(x, y)| self.is_in_area(*x, *y)).count();
        n_inside as f64 / sample.len().max(1) as f64
    }
}

/// RT 90, straight from SWEREF 99: central meridian as degrees and minutes, scale, false northing and easting, from
/// 7.5 gon V to 5 gon O. PROJ's way over Bessel's ellipsoid (EPSG:3019–3024) ends within a metre of it.
///
/// Source: Lantmäteriet, "Parametrar till approximativa transformationssamband för direktprojektion mellan SWEREF 99
/// och RT 90"; EPSG:3845–3850 are defined by them.
const RT90: [(f64, f64, f64, f64, f64); 6] = [
    (11.0, 18.375, 1.000_006, -667.282, 1_500_025.141),
    (13.0, 33.376, 1.000_005_8, -667.130, 1_500_044.695),
    (15.0, 48.0 + 22.624_306 / 60.0, 1.000_005_610_24, -667.711, 1_500_064.274),
    (18.0, 3.378, 1.000_005_4, -668.844, 1_500_083.521),
    (20.0, 18.379, 1.000_005_2, -670.706, 1_500_102.765),
    (22.0, 33.380, 1.000_004_9, -672.557, 1_500_121.846),
];

fn rt90(idx: u32) -> GaussKruger {
    let (degrees, minutes, scale, false_northing_m, false_easting_m) = RT90[idx as usize];
    GaussKruger { meridian_deg: degrees + minutes / 60.0, scale, false_easting_m, false_northing_m }
}

/// UTM on ETRS 89; on WGS 84 the same within a tenth of a millimetre.
fn utm(zone: u32) -> GaussKruger {
    GaussKruger {
        meridian_deg: f64::from(zone) * 6.0 - 183.0,
        scale: 0.9996,
        false_easting_m: 500_000.0,
        false_northing_m: 0.0,
    }
}

fn mercator_to_deg(x_m: f64, y_m: f64) -> (f64, f64) {
    ((x_m / MERCATOR_RADIUS_M).to_degrees(), (y_m / MERCATOR_RADIUS_M).sinh().atan().to_degrees())
}

/// What is tried when the file says nothing or the wrong thing, likeliest first: the national and the municipal
/// grid, degrees, the other zones, RT 90 as this part of the country had it, Web Mercator.
fn candidates() -> Vec<Placement> {
    let likely = [3006, 3009, 4326];
    let rest = (3007..=3018).filter(|it| *it != 3009).chain([3021, 3857]);
    let straight: Vec<_> = likely.into_iter().chain(rest).filter_map(Placement::of_epsg).collect();
    straight.into_iter().flat_map(|it| [it, it.swapped()]).collect()
}

/// The first that reaches the share; the sample lies wholly in two systems only where zones overlap.
fn best(placements: &[Placement], sample: &[(f64, f64)], least: f64) -> Option<Placement> {
    let reaching =
        placements.iter().map(|it| (it.share(sample), *it)).filter(|(share, _)| *share >= least);
    reaching.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, it)| it)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Lindesberg station, as Trafikverket gives it: E 3006, N 3006, E 3009, N 3009.
    const TM: (f64, f64) = (512_909.0, 6_606_277.0);
    const ZONE: (f64, f64) = (162_914.167, 6_608_920.569);

    #[track_caller]
    fn check(declared: Option<u32>, sample: (f64, f64), epsg: u32, is_swapped: bool) {
        let placement = Placement::detect(declared, &[sample]).unwrap();
        assert_eq!((placement.epsg(), placement.is_swapped()), (epsg, is_swapped));
        let (e_m, n_m) = placement.to_grid(GridSystem::ZONE_15_00, sample.0, sample.1);
        assert!((e_m - ZONE.0).abs() < 0.05 && (n_m - ZONE.1).abs() < 0.05, "{e_m} {n_m}");
    }

    #[test]
    fn lindesberg_is_found_in_every_system_and_axis_order() {
        for declared in [true, false] {
            let said = |epsg| declared.then_some(epsg);
            check(said(3006), TM, 3006, false);
            check(said(3006), (TM.1, TM.0), 3006, true);
            check(said(3009), ZONE, 3009, false);
            check(said(3009), (ZONE.1, ZONE.0), 3009, true);
            check(said(4326), (15.228644834, 59.594516220), 4326, false);
            check(said(4326), (59.594516220, 15.228644834), 4326, true);
            check(said(3857), (1695244.99, 8310009.47), 3857, false);
        }
    }

    #[test]
    fn control_points_of_rt_90_agree_within_a_millimetre() {
        // Lantmäteriet's four points of 2006-05-03: N and E in RT 90 2.5 gon V, N and E in SWEREF 99 TM.
        for (n, e, n_tm, e_tm) in [
            (7_453_389.762, 1_727_060.905, 7_454_204.638, 761_811.242),
            (7_047_738.415, 1_522_128.637, 7_046_077.605, 562_140.337),
            (6_671_665.273, 1_441_843.186, 6_669_189.376, 486_557.055),
            (6_249_111.351, 1_380_573.079, 6_246_136.458, 430_374.835),
        ] {
            let rt90 = Placement::of_epsg(3021).unwrap();
            let (e_m, n_m) = rt90.to_grid(GridSystem::TM, e, n);
            assert!((e_m - e_tm).abs() < 0.001 && (n_m - n_tm).abs() < 0.001, "{e_m} {n_m}");
        }
    }

    #[test]
    fn rt_90_is_found_also_where_the_file_says_nothing() {
        // Lindesberg again, by EPSG:3847 in PROJ.
        let at = (1_467_438.454, 6_608_409.556);
        for declared in [None, Some(3021)] {
            for (sample, is_swapped) in [(at, false), ((at.1, at.0), true)] {
                let placement = Placement::detect(declared, &[sample]).unwrap();
                assert_eq!((placement.epsg(), placement.is_swapped()), (3021, is_swapped));
            }
        }
        assert_eq!(
            Placement::detect(Some(3006), &[at]),
            Err(CrsProblem::WrongZone { declared: 3006, found: 3021 })
        );
    }

    #[test]
    fn utm_33_is_sweref_99_tm_under_another_name() {
        let utm = Placement::detect(Some(25833), &[TM]).unwrap();
        let (e_m, n_m) = utm.to_grid(GridSystem::TM, TM.0, TM.1);
        assert!((e_m - TM.0).hypot(n_m - TM.1) < 1e-5, "{e_m} {n_m}");
    }

    #[test]
    fn numbers_of_another_zone_than_declared_are_refused_with_the_zone_found() {
        assert_eq!(
            Placement::detect(Some(3009), &[TM]),
            Err(CrsProblem::WrongZone { declared: 3009, found: 3006 })
        );
        assert_eq!(
            Placement::detect(Some(3006), &[ZONE]),
            Err(CrsProblem::WrongZone { declared: 3006, found: 3009 })
        );
        assert_eq!(
            Placement::detect(Some(4326), &[ZONE]),
            Err(CrsProblem::WrongZone { declared: 4326, found: 3009 })
        );
    }

    #[test]
    fn a_system_that_is_not_read_and_numbers_that_fit_nothing_are_refused() {
        let gauss = Placement::detect(Some(31467), &[(3_465_000.0, 5_608_000.0)]).unwrap_err();
        assert_eq!(gauss.code(), "unknown_crs");
        assert!(gauss.to_string().contains("ogr2ogr -t_srs EPSG:3006"), "{gauss}");
        let nowhere = Placement::detect(None, &[(1.0, 2.0)]).unwrap_err();
        assert_eq!(nowhere.code(), "unknown_crs");
        let south = Placement::detect(Some(3006), &[(386_000.0, 6_170_000.0)]).unwrap_err();
        assert_eq!(south, CrsProblem::OutsideArea { declared: 3006 });
    }

    #[test]
    fn a_county_file_is_believed_when_a_part_of_it_lies_in_the_area() {
        let mut sample = vec![(512_000.0, 6_500_000.0); 80];
        sample.extend([TM; 20]);
        assert_eq!(Placement::detect(Some(3006), &sample).unwrap().epsg(), 3006);
    }

    #[test]
    fn the_callers_word_goes_before_the_test_of_the_area() {
        let far = [(386_000.0, 6_170_000.0)];
        assert_eq!(Placement::forced(3006, &far).unwrap().epsg(), 3006);
        assert_eq!(Placement::forced(31467, &far).unwrap_err().code(), "unknown_crs");
        assert!(Placement::forced(3006, &[(TM.1, TM.0)]).unwrap().is_swapped());
    }
}
