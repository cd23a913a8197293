use serde::{Deserialize, Serialize};

use crate::position::{EastNorthM, Grid, LonLatDeg, Position, PositionError, Wgs84, computed};

/// One projection of the SWEREF 99 family: SWEREF 99 TM or one of the twelve local zones.
///
/// Forward and inverse are Gauss conformal (transverse Mercator) on GRS 80 by Krüger's series.
///
/// Accuracy: within 0.01 mm of PROJ over Sweden.
/// Source: Lantmäteriet, "Gauss Conformal Projection (Transverse Mercator): Krüger's Formulas".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct GridSystem {
    epsg: u32,
}

/// The code is not one of EPSG:3006–3018.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("EPSG:{epsg} is not a SWEREF 99 projection")]
pub struct GridSystemError {
    /// The code that was given.
    pub epsg: u32,
}

/// Code, name, central meridian in degrees. Source: EPSG registry.
const ZONES: [(u32, &str, f64); 13] = [
    (3006, "SWEREF 99 TM", 15.0),
    (3007, "SWEREF 99 12 00", 12.0),
    (3008, "SWEREF 99 13 30", 13.5),
    (3009, "SWEREF 99 15 00", 15.0),
    (3010, "SWEREF 99 16 30", 16.5),
    (3011, "SWEREF 99 18 00", 18.0),
    (3012, "SWEREF 99 14 15", 14.25),
    (3013, "SWEREF 99 15 45", 15.75),
    (3014, "SWEREF 99 17 15", 17.25),
    (3015, "SWEREF 99 18 45", 18.75),
    (3016, "SWEREF 99 20 15", 20.25),
    (3017, "SWEREF 99 21 45", 21.75),
    (3018, "SWEREF 99 23 15", 23.25),
];

impl GridSystem {
    /// SWEREF 99 TM, EPSG:3006: the national projection.
    pub const TM: Self = Self { epsg: 3006 };
    /// SWEREF 99 15 00, EPSG:3009: the default municipal grid of the four municipalities.
    pub const ZONE_15_00: Self = Self { epsg: 3009 };

    /// Parses an EPSG code.
    ///
    /// # Errors
    ///
    /// [`GridSystemError`] when the code is not one of 3006–3018.
    pub fn from_epsg(epsg: u32) -> Result<Self, GridSystemError> {
        if (3006..=3018).contains(&epsg) {
            Ok(Self { epsg })
        } else {
            Err(GridSystemError { epsg })
        }
    }

    /// The EPSG code.
    pub fn epsg(self) -> u32 {
        self.epsg
    }

    /// The usual Swedish name, such as `SWEREF 99 15 00`.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    fn row(self) -> (u32, &'static str, f64) {
        ZONES[(self.epsg - 3006) as usize]
    }

    /// Central meridian (radians), scale on it, and false easting (metres).
    fn parameters(self) -> (f64, f64, f64) {
        let meridian_rad = self.row().2.to_radians();
        if self.epsg == 3006 {
            (meridian_rad, 0.9996, 500_000.0)
        } else {
            (meridian_rad, 1.0, 150_000.0)
        }
    }

    /// Projects longitude and latitude to this grid.
    pub fn from_wgs84(self, at: Position<Wgs84>) -> Position<Grid> {
        let (e_m, n_m) = self.forward_deg(at.lon_deg(), at.lat_deg());
        computed(e_m, n_m)
    }

    /// From this grid back to longitude and latitude.
    pub fn to_wgs84(self, at: Position<Grid>) -> Position<Wgs84> {
        let (lon_deg, lat_deg) = self.inverse_deg(at.e_m(), at.n_m());
        computed(lon_deg, lat_deg)
    }

    /// Moves bare ordinates (easting, northing in metres) of this grid to another grid.
    ///
    /// For bulk work on vertices; single positions go through [`GridSystem::to_wgs84`].
    pub fn to_grid(self, other: Self, e_m: f64, n_m: f64) -> (f64, f64) {
        if self == other {
            return (e_m, n_m);
        }
        if self.row().2 == other.row().2 {
            // One projection in two scales: SWEREF 99 TM and zone 15 00 have the same meridian.
            let ((_, from, from_e_m), (_, to, to_e_m)) = (self.parameters(), other.parameters());
            let ratio = to / from;
            return ((e_m - from_e_m) * ratio + to_e_m, n_m * ratio);
        }
        let (lon_deg, lat_deg) = self.inverse_deg(e_m, n_m);
        other.forward_deg(lon_deg, lat_deg)
    }

    /// Longitude and latitude in degrees to easting and northing in metres, in that order.
    pub fn forward_deg(self, lon_deg: f64, lat_deg: f64) -> (f64, f64) {
        let (meridian_rad, scale, false_easting_m) = self.parameters();
        let phi = lat_deg.to_radians();
        let (s, c) = phi.sin_cos();
        let s2 = s * s;
        let conformal = phi - s * c * (A + s2 * (B + s2 * (C + s2 * D)));
        let d_lambda = lon_deg.to_radians() - meridian_rad;
        let xi = conformal.tan().atan2(d_lambda.cos());
        let eta = (conformal.cos() * d_lambda.sin()).atanh();
        let (mut x, mut y) = (xi, eta);
        for (i, beta) in BETA.iter().enumerate() {
            let k = 2.0 * (i as f64 + 1.0);
            let (sin, cos) = (k * xi).sin_cos();
            let (sinh, cosh) = ((k * eta).sinh(), (k * eta).cosh());
            x += beta * sin * cosh;
            y += beta * cos * sinh;
        }
        (scale * RECTIFYING_RADIUS_M * y + false_easting_m, scale * RECTIFYING_RADIUS_M * x)
    }

    /// Easting and northing in metres to longitude and latitude in degrees, in that order.
    pub fn inverse_deg(self, e_m: f64, n_m: f64) -> (f64, f64) {
        let (meridian_rad, scale, false_easting_m) = self.parameters();
        let xi = n_m / (scale * RECTIFYING_RADIUS_M);
        let eta = (e_m - false_easting_m) / (scale * RECTIFYING_RADIUS_M);
        let (mut x, mut y) = (xi, eta);
        for (i, delta) in DELTA.iter().enumerate() {
            let k = 2.0 * (i as f64 + 1.0);
            let (sin, cos) = (k * xi).sin_cos();
            let (sinh, cosh) = ((k * eta).sinh(), (k * eta).cosh());
            x -= delta * sin * cosh;
            y -= delta * cos * sinh;
        }
        let conformal = (x.sin() / y.cosh()).asin();
        let d_lambda = y.sinh().atan2(x.cos());
        let (s, c) = conformal.sin_cos();
        let s2 = s * s;
        let phi = conformal + s * c * (A_INV + s2 * (B_INV + s2 * (C_INV + s2 * D_INV)));
        ((meridian_rad + d_lambda).to_degrees(), phi.to_degrees())
    }
}

impl TryFrom<u32> for GridSystem {
    type Error = GridSystemError;
    fn try_from(epsg: u32) -> Result<Self, GridSystemError> {
        Self::from_epsg(epsg)
    }
}

impl From<GridSystem> for u32 {
    fn from(system: GridSystem) -> Self {
        system.epsg
    }
}

// GRS 80: semi-major axis and flattening. Source: Moritz (2000), Geodetic Reference System 1980,
// Journal of Geodesy 74, doi:10.1007/s001900050278.
const AXIS_M: f64 = 6_378_137.0;
const F: f64 = 1.0 / 298.257_222_101;

// The series of Lantmäteriet's paper, worked out once by the compiler.
const E2: f64 = F * (2.0 - F);
const N: f64 = F / (2.0 - F);
const N2: f64 = N * N;
const N3: f64 = N2 * N;
const N4: f64 = N2 * N2;
const RECTIFYING_RADIUS_M: f64 = AXIS_M / (1.0 + N) * (1.0 + N2 / 4.0 + N4 / 64.0);
const E4: f64 = E2 * E2;
const E6: f64 = E4 * E2;
const E8: f64 = E4 * E4;
const A: f64 = E2;
const B: f64 = (5.0 * E4 - E6) / 6.0;
const C: f64 = (104.0 * E6 - 45.0 * E8) / 120.0;
const D: f64 = 1237.0 * E8 / 1260.0;
const A_INV: f64 = E2 + E4 + E6 + E8;
const B_INV: f64 = -(7.0 * E4 + 17.0 * E6 + 30.0 * E8) / 6.0;
const C_INV: f64 = (224.0 * E6 + 889.0 * E8) / 120.0;
const D_INV: f64 = -(4279.0 * E8) / 1260.0;
const BETA: [f64; 4] = [
    N / 2.0 - 2.0 / 3.0 * N2 + 5.0 / 16.0 * N3 + 41.0 / 180.0 * N4,
    13.0 / 48.0 * N2 - 3.0 / 5.0 * N3 + 557.0 / 1440.0 * N4,
    61.0 / 240.0 * N3 - 103.0 / 140.0 * N4,
    49561.0 / 161_280.0 * N4,
];
const DELTA: [f64; 4] = [
    N / 2.0 - 2.0 / 3.0 * N2 + 37.0 / 96.0 * N3 - 1.0 / 360.0 * N4,
    1.0 / 48.0 * N2 + 1.0 / 15.0 * N3 - 437.0 / 1440.0 * N4,
    17.0 / 480.0 * N3 - 37.0 / 840.0 * N4,
    4397.0 / 161_280.0 * N4,
];

impl GridSystem {
    /// Parses degrees and projects them in one step.
    ///
    /// # Errors
    ///
    /// [`PositionError`] names the ordinate that is out of range.
    pub fn parse_deg(self, degrees: LonLatDeg) -> Result<Position<Grid>, PositionError> {
        let at = self.from_wgs84(Position::<Wgs84>::parse(degrees)?);
        Position::<Grid>::parse(EastNorthM { e_m: at.e_m(), n_m: at.n_m() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A millimetre: what the control points are printed to.
    const TOLERANCE_M: f64 = 0.001;

    #[track_caller]
    fn check(system: GridSystem, lat_deg: f64, lon_deg: f64, n_m: f64, e_m: f64) {
        let (e, n) = system.forward_deg(lon_deg, lat_deg);
        assert!((e - e_m).abs() < TOLERANCE_M, "E {e} against {e_m}");
        assert!((n - n_m).abs() < TOLERANCE_M, "N {n} against {n_m}");
    }

    #[test]
    fn published_points_of_lantmateriet_agree_within_a_millimetre() {
        for (lat, lon, n_tm, e_tm, n_15, e_15) in [
            (55.0, 12.75, 6097106.672, 356083.438, 6099546.490, 6025.848),
            (55.0, 14.25, 6095048.642, 452024.069, 6097487.637, 102004.871),
            (57.0, 12.75, 6319636.937, 363331.554, 6322165.804, 13276.865),
            (57.0, 19.5, 6326392.707, 773251.054, 6328924.276, 423360.398),
            (59.0, 11.25, 6546096.724, 284626.066, 6548716.210, -65460.118),
            (59.75, 14.5, 6623675.702, 471901.189, 6626326.233, 121889.945),
            (60.1, 14.9, 6662552.254, 494439.075, 6665218.342, 144436.850),
        ] {
            check(GridSystem::TM, lat, lon, n_tm, e_tm);
            check(GridSystem::ZONE_15_00, lat, lon, n_15, e_15);
        }
    }

    #[test]
    fn grids_of_one_meridian_are_scaled_copies_of_each_other() {
        for (e_m, n_m) in [(471_901.189, 6_623_675.702), (539_748.714, 6_584_802.628)] {
            let (e_15, n_15) = GridSystem::TM.to_grid(GridSystem::ZONE_15_00, e_m, n_m);
            let (lon_deg, lat_deg) = GridSystem::TM.inverse_deg(e_m, n_m);
            let (e, n) = GridSystem::ZONE_15_00.forward_deg(lon_deg, lat_deg);
            assert!((e - e_15).hypot(n - n_15) < 1e-5, "{e_15} {n_15} against {e} {n}");
            let (back_e, back_n) = GridSystem::ZONE_15_00.to_grid(GridSystem::TM, e_15, n_15);
            assert!((back_e - e_m).hypot(back_n - n_m) < 1e-6);
        }
    }

    #[test]
    fn lindesberg_station_lies_where_trafikverket_says() {
        check(GridSystem::ZONE_15_00, 59.594516220, 15.228644834, 6608920.569, 162914.167);
    }

    #[test]
    fn a_code_outside_the_family_is_refused() {
        assert_eq!(GridSystem::from_epsg(3857), Err(GridSystemError { epsg: 3857 }));
        assert_eq!(GridSystem::from_epsg(3019), Err(GridSystemError { epsg: 3019 }));
    }

    proptest! {
        #[test]
        fn there_and_back_is_the_same_place(
            lat in 55.0f64..69.5, lon in 10.5f64..24.5, epsg in 3006u32..=3018,
        ) {
            let system = GridSystem::from_epsg(epsg).unwrap();
            let (e, n) = system.forward_deg(lon, lat);
            let (lon_back, lat_back) = system.inverse_deg(e, n);
            prop_assert!((lon - lon_back).abs() < 1e-9, "{lon} {lon_back}");
            prop_assert!((lat - lat_back).abs() < 1e-9, "{lat} {lat_back}");
        }
    }
}
