use std::marker::PhantomData;

/// A coordinate reference system as a type.
pub trait Crs: Copy {
    /// Its name in messages.
    const NAME: &'static str;
}

/// The municipal grid of one store: a SWEREF 99 projection, metres, easting and northing.
///
/// Which of the family is a setting of the store, see [`crate::GridSystem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {}

/// Longitude and latitude in degrees on WGS 84, EPSG:4326. SWEREF 99 is taken as equal (null transform).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wgs84 {}

/// Spherical Mercator, EPSG:3857. For drawing only, never for measuring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebMercator {}

impl Crs for Grid {
    const NAME: &'static str = "municipal grid";
}
impl Crs for Wgs84 {
    const NAME: &'static str = "WGS 84";
}
impl Crs for WebMercator {
    const NAME: &'static str = "Web Mercator";
}

/// A position whose reference system is part of its type.
///
/// Invariant: both ordinates are finite and inside the area the system is defined for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position<C: Crs> {
    // First axis in drawing order: longitude or easting.
    across: f64,
    // Second axis in drawing order: latitude or northing.
    up: f64,
    crs: PhantomData<C>,
}

/// A longitude and a latitude in degrees, as they came, not yet checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LonLatDeg {
    /// Longitude in degrees, east positive.
    pub lon_deg: f64,
    /// Latitude in degrees, north positive.
    pub lat_deg: f64,
}

/// An easting and a northing in metres, as they came, not yet checked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EastNorthM {
    /// Easting in metres.
    pub e_m: f64,
    /// Northing in metres.
    pub n_m: f64,
}

/// Why two numbers are not a position.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum PositionError {
    /// The longitude is not a number from -180 to 180.
    #[error("longitude is out of range")]
    LongitudeOutOfRange,
    /// The latitude is not a number from -90 to 90.
    #[error("latitude is out of range")]
    LatitudeOutOfRange,
    /// The easting is not finite or lies outside any SWEREF 99 projection.
    #[error("easting is out of range")]
    EastingOutOfRange,
    /// The northing is not finite or lies outside any SWEREF 99 projection.
    #[error("northing is out of range")]
    NorthingOutOfRange,
}

impl Position<Wgs84> {
    /// Parses a longitude and a latitude in degrees.
    ///
    /// # Errors
    ///
    /// [`PositionError`] names the ordinate that is out of range. A value that is not a number is
    /// out of range.
    pub fn parse(LonLatDeg { lon_deg, lat_deg }: LonLatDeg) -> Result<Self, PositionError> {
        if !(-180.0..=180.0).contains(&lon_deg) {
            return Err(PositionError::LongitudeOutOfRange);
        }
        if !(-90.0..=90.0).contains(&lat_deg) {
            return Err(PositionError::LatitudeOutOfRange);
        }
        Ok(Self { across: lon_deg, up: lat_deg, crs: PhantomData })
    }

    /// Longitude in degrees, east positive.
    pub fn lon_deg(self) -> f64 {
        self.across
    }

    /// Latitude in degrees, north positive.
    pub fn lat_deg(self) -> f64 {
        self.up
    }
}

impl Position<Grid> {
    /// Parses an easting and a northing in metres.
    ///
    /// The range is wide: a local zone reaches E -100 000…600 000 and N 5 900 000…7 900 000 over Sweden.
    ///
    /// # Errors
    ///
    /// [`PositionError`] names the ordinate that is out of range.
    pub fn parse(EastNorthM { e_m, n_m }: EastNorthM) -> Result<Self, PositionError> {
        if !(-500_000.0..=1_500_000.0).contains(&e_m) {
            return Err(PositionError::EastingOutOfRange);
        }
        if !(5_500_000.0..=8_500_000.0).contains(&n_m) {
            return Err(PositionError::NorthingOutOfRange);
        }
        Ok(Self { across: e_m, up: n_m, crs: PhantomData })
    }

    /// Easting in metres.
    pub fn e_m(self) -> f64 {
        self.across
    }

    /// Northing in metres.
    pub fn n_m(self) -> f64 {
        self.up
    }
}

impl Position<WebMercator> {
    /// Projects longitude and latitude to spherical Mercator.
    ///
    /// Latitudes beyond the projection's square (±85.051 129°) are held at its edge.
    /// Source: EPSG method 1024, Popular Visualisation Pseudo Mercator.
    pub fn from_wgs84(at: Position<Wgs84>) -> Self {
        let lat_rad = at.lat_deg().clamp(-85.051_129, 85.051_129).to_radians();
        Self {
            across: EARTH_RADIUS_M * at.lon_deg().to_radians(),
            up: EARTH_RADIUS_M * lat_rad.tan().asinh(),
            crs: PhantomData,
        }
    }

    /// Back to longitude and latitude in degrees.
    pub fn to_wgs84(self) -> Position<Wgs84> {
        Position {
            across: (self.across / EARTH_RADIUS_M).to_degrees(),
            up: (self.up / EARTH_RADIUS_M).sinh().atan().to_degrees(),
            crs: PhantomData,
        }
    }

    /// Metres on the Mercator plane, from the meridian of Greenwich; not a distance on the ground.
    pub fn x_m(self) -> f64 {
        self.across
    }

    /// Metres on the Mercator plane, from the equator; not a distance on the ground.
    pub fn y_m(self) -> f64 {
        self.up
    }
}

/// Semi-major axis of WGS 84, used as the sphere of Web Mercator. Source: EPSG method 1024.
const EARTH_RADIUS_M: f64 = 6_378_137.0;

/// Makes a position from ordinates that a projection has just computed.
pub(crate) fn computed<C: Crs>(across: f64, up: f64) -> Position<C> {
    Position { across, up, crs: PhantomData }
}
