use serde::{Deserialize, Serialize};

use crate::gauss_kruger::GaussKruger;
use crate::position::{EastNorthM, Grid, LonLatDeg, Position, PositionError, Wgs84, computed};

/// One projection of the SWEREF 99 family: SWEREF 99 TM or one of the twelve local zones.
///
/// Forward and inverse are those of [`GaussKruger`].
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

    fn projection(self) -> GaussKruger {
        let meridian_deg = self.row().2;
        let (scale, false_easting_m) =
            if self.epsg == 3006 { (0.9996, 500_000.0) } else { (1.0, 150_000.0) };
        GaussKruger { meridian_deg, scale, false_easting_m, false_northing_m: 0.0 }
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
            let (from, to) = (self.projection(), other.projection());
            let ratio = to.scale / from.scale;
            return ((e_m - from.false_easting_m) * ratio + to.false_easting_m, n_m * ratio);
        }
        let (lon_deg, lat_deg) = self.inverse_deg(e_m, n_m);
        other.forward_deg(lon_deg, lat_deg)
    }

    /// Longitude and latitude in degrees to easting and northing in metres, in that order.
    pub fn forward_deg(self, lon_deg: f64, lat_deg: f64) -> (f64, f64) {
        self.projection().forward_deg(lon_deg, lat_deg)
    }

    /// Easting and northing in metres to longitude and latitude in degrees, in that order.
    pub fn inverse_deg(self, e_m: f64, n_m: f64) -> (f64, f64) {
        self.projection().inverse_deg(e_m, n_m)
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
            (59.5, 15.0, 6595729.460, 500000.000, 6598368.807, 150000.000),
            (59.5, 15.5, 6595835.888, 528308.416, 6598475.278, 178319.744),
            (60.0, 15.0, 6651411.190, 500000.000, 6654072.819, 150000.000),
            (59.4, 15.7, 6584802.628, 539748.714, 6587437.603, 189764.620),
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
    fn stations_lie_where_trafikverket_says() {
        for (lat, lon, e_tm, n_tm, e_15, n_15) in [
            (59.594516220, 15.228644834, 512909.0, 6606277.0, 162914.167, 6608920.569),
            (59.467619969, 15.363694374, 520611.0, 6592180.0, 170619.249, 6594817.928),
            (59.432826147, 15.595038110, 533756.0, 6588400.0, 183769.509, 6591036.415),
            (59.636447340, 14.469001657, 470058.0, 6611044.0, 120046.019, 6613689.476),
            (59.416983448, 15.247585921, 514052.0, 6586511.0, 164057.624, 6589146.659),
            (60.075037517, 15.003432100, 500191.0, 6659768.0, 150191.077, 6662432.974),
        ] {
            check(GridSystem::TM, lat, lon, n_tm, e_tm);
            check(GridSystem::ZONE_15_00, lat, lon, n_15, e_15);
        }
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
