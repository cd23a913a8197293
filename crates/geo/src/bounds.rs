/// An axis-parallel rectangle in metres on a grid; degenerate for a point.
///
/// Invariant: `min_e_m <= max_e_m` and `min_n_m <= max_n_m`, all finite.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Least easting in metres.
    pub min_e_m: f64,
    /// Least northing in metres.
    pub min_n_m: f64,
    /// Greatest easting in metres.
    pub max_e_m: f64,
    /// Greatest northing in metres.
    pub max_n_m: f64,
}

impl Bounds {
    /// The rectangle that holds one point.
    pub fn at(e_m: f64, n_m: f64) -> Self {
        Self { min_e_m: e_m, min_n_m: n_m, max_e_m: e_m, max_n_m: n_m }
    }

    /// Grows to hold the point too.
    pub fn include(&mut self, e_m: f64, n_m: f64) {
        self.min_e_m = self.min_e_m.min(e_m);
        self.min_n_m = self.min_n_m.min(n_m);
        self.max_e_m = self.max_e_m.max(e_m);
        self.max_n_m = self.max_n_m.max(n_m);
    }

    /// The least rectangle that holds both.
    #[must_use]
    pub fn union(mut self, other: Self) -> Self {
        self.include(other.min_e_m, other.min_n_m);
        self.include(other.max_e_m, other.max_n_m);
        self
    }

    /// Grown by a margin in metres on all four sides.
    #[must_use]
    pub fn grown(self, margin_m: f64) -> Self {
        Self {
            min_e_m: self.min_e_m - margin_m,
            min_n_m: self.min_n_m - margin_m,
            max_e_m: self.max_e_m + margin_m,
            max_n_m: self.max_n_m + margin_m,
        }
    }

    /// Whether the two share at least a point.
    pub fn meets(self, other: Self) -> bool {
        self.min_e_m <= other.max_e_m
            && other.min_e_m <= self.max_e_m
            && self.min_n_m <= other.max_n_m
            && other.min_n_m <= self.max_n_m
    }

    /// Whether the other lies wholly inside, borders included.
    pub fn holds(self, other: Self) -> bool {
        self.min_e_m <= other.min_e_m
            && other.max_e_m <= self.max_e_m
            && self.min_n_m <= other.min_n_m
            && other.max_n_m <= self.max_n_m
    }

    /// Easting and northing of the middle, in metres.
    pub fn middle(self) -> (f64, f64) {
        (f64::midpoint(self.min_e_m, self.max_e_m), f64::midpoint(self.min_n_m, self.max_n_m))
    }
}
