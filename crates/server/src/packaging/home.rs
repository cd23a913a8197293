use std::collections::HashMap;

use faltkarta_geo::Bounds;
use faltkarta_model::Role;

/// Finds where a first map should look: the square kilometre with most addresses.
#[derive(Debug, Default)]
pub(super) struct Home {
    n_in_cell: HashMap<(i64, i64), u32>,
}

const CELL_M: f64 = 1_000.0;

impl Home {
    pub(super) fn see(&mut self, role: Role, bounds: Bounds) {
        if role == Role::Address {
            let (e_m, n_m) = bounds.middle();
            let cell = ((e_m / CELL_M).floor() as i64, (n_m / CELL_M).floor() as i64);
            *self.n_in_cell.entry(cell).or_default() += 1;
        }
    }

    /// Easting and northing in metres; `None` without addresses.
    pub(super) fn place(&self) -> Option<(f64, f64)> {
        let (cell, _) = self.n_in_cell.iter().max_by_key(|(cell, n)| (**n, **cell))?;
        Some(((cell.0 as f64 + 0.5) * CELL_M, (cell.1 as f64 + 0.5) * CELL_M))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_map_looks_where_most_addresses_are() {
        let mut home = Home::default();
        assert_eq!(home.place(), None);
        for (e_m, n_m) in [(100.0, 100.0), (5_200.0, 7_300.0), (5_900.0, 7_900.0)] {
            home.see(Role::Address, Bounds::at(e_m, n_m));
        }
        for _ in 0..9 {
            home.see(Role::Parcel, Bounds::at(100.0, 100.0));
        }
        assert_eq!(home.place(), Some((5_500.0, 7_500.0)));
    }
}
