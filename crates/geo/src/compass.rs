use crate::position::{Grid, Position};

/// One of the eight points of the compass, by the grid's own north.
///
/// In the municipalities of this program grid north and true north differ by less than half a degree, far less than
/// the 45 degrees of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compass {
    /// North.
    North,
    /// North-east.
    NorthEast,
    /// East.
    East,
    /// South-east.
    SouthEast,
    /// South.
    South,
    /// South-west.
    SouthWest,
    /// West.
    West,
    /// North-west.
    NorthWest,
}

impl Compass {
    /// Clockwise from north.
    const ALL: [Self; 8] = [
        Self::North,
        Self::NorthEast,
        Self::East,
        Self::SouthEast,
        Self::South,
        Self::SouthWest,
        Self::West,
        Self::NorthWest,
    ];

    /// The stable word: `n`, `ne`, `e` …
    pub fn as_str(self) -> &'static str {
        match self {
            Self::North => "n",
            Self::NorthEast => "ne",
            Self::East => "e",
            Self::SouthEast => "se",
            Self::South => "s",
            Self::SouthWest => "sw",
            Self::West => "w",
            Self::NorthWest => "nw",
        }
    }
}

/// In which direction one position lies from another, on the grid; `None` when they are the same.
pub fn direction_on_grid(from: Position<Grid>, to: Position<Grid>) -> Option<Compass> {
    let (east_m, north_m) = (to.e_m() - from.e_m(), to.n_m() - from.n_m());
    if east_m == 0.0 && north_m == 0.0 {
        return None;
    }
    // Clockwise from north, as a bearing is counted.
    let bearing_deg = east_m.atan2(north_m).to_degrees().rem_euclid(360.0);
    let nearest = (bearing_deg / 45.0).round() as usize % 8;
    Some(Compass::ALL[nearest])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::position::EastNorthM;

    fn at(e_m: f64, n_m: f64) -> Position<Grid> {
        Position::<Grid>::parse(EastNorthM { e_m, n_m }).unwrap()
    }

    #[test]
    fn a_move_is_named_by_the_nearest_of_eight_points() {
        let from = at(152_165.0, 6_600_503.0);
        let told = |east_m: f64, north_m: f64| {
            direction_on_grid(from, at(from.e_m() + east_m, from.n_m() + north_m))
                .map(Compass::as_str)
        };
        let cases = [
            (0.0, 5.0, "n"),
            (5.0, 5.0, "ne"),
            (5.0, 0.0, "e"),
            (5.0, -5.0, "se"),
            (0.0, -5.0, "s"),
            (-5.0, -5.0, "sw"),
            (-5.0, 0.0, "w"),
            (-5.0, 5.0, "nw"),
            // 22 degrees west of north is still north, 23 is not.
            (-4.0, 10.0, "n"),
            (-4.3, 10.0, "nw"),
        ];
        for (east_m, north_m, word) in cases {
            assert_eq!(told(east_m, north_m), Some(word), "{east_m} {north_m}");
        }
        assert_eq!(told(0.0, 0.0), None, "what has not moved has no direction");
    }
}
