use faltkarta_geo::{EastNorthM, Grid, Position};

/// Northing of the origin of [`Spot`] in metres: the middle of what [`Position::<Grid>::parse`] takes.
const ORIGIN_N_M: f64 = 7_000_000.0;

/// A point on the store's grid in whole millimetres: what deliveries are kept to. Two spots are equal or they are not,
/// and half the memory of metres as decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Spot {
    pub(crate) e_mm: i32,
    /// North of the origin.
    pub(crate) n_mm: i32,
}

impl From<Position<Grid>> for Spot {
    fn from(at: Position<Grid>) -> Self {
        // The grid's own limits lie within the range of the whole numbers.
        Self {
            e_mm: (at.e_m() * 1_000.0).round() as i32,
            n_mm: ((at.n_m() - ORIGIN_N_M) * 1_000.0).round() as i32,
        }
    }
}

impl Spot {
    /// Parses an easting and a northing in metres; `None` outside the grid's range.
    pub fn parse(at: EastNorthM) -> Option<Self> {
        Position::<Grid>::parse(at).ok().map(Self::from)
    }

    /// Easting in metres.
    pub fn e_m(self) -> f64 {
        f64::from(self.e_mm) / 1_000.0
    }

    /// Northing in metres.
    pub fn n_m(self) -> f64 {
        ORIGIN_N_M + f64::from(self.n_mm) / 1_000.0
    }

    /// Straight distance on the grid in metres.
    pub fn distance_on_grid_m(self, other: Self) -> f64 {
        self.apart_mm(other) / 1_000.0
    }

    pub(crate) fn apart_mm(self, other: Self) -> f64 {
        let (e, n) = self.to(other);
        e.hypot(n)
    }

    /// The way to another spot, in millimetres east and north.
    pub(crate) fn to(self, other: Self) -> (f64, f64) {
        (f64::from(other.e_mm) - f64::from(self.e_mm), f64::from(other.n_mm) - f64::from(self.n_mm))
    }

    /// The spot a share of the way to another.
    pub(crate) fn towards(self, other: Self, share: f64) -> Self {
        let (e, n) = self.to(other);
        Self {
            e_mm: (f64::from(self.e_mm) + e * share).round() as i32,
            n_mm: (f64::from(self.n_mm) + n * share).round() as i32,
        }
    }
}
