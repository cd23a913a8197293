use faltkarta_search::{Answer, Query};

use crate::error::AppError;
use crate::field::Field;

/// Most hits of one answer.
const N_HITS: usize = 10;

impl Field {
    /// Ranked hits for what was typed, own edits among them. `near_m` is the middle of the map, easting and northing
    /// in metres on the store's grid.
    pub fn search(&self, text: &str, near_m: Option<(f64, f64)>) -> Answer {
        let query = Query { text, near: near_m, grid: self.grid, area: self.area, limit: N_HITS };
        self.places.find(&query, &self.edited_places)
    }

    /// Remembers a picked hit; `key` names it, `hit_json` is given back as it is.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the write.
    pub fn remember_place(&mut self, key: &str, hit_json: &str) -> Result<(), AppError> {
        if key.len() > 300 || hit_json.len() > 20_000 {
            return Err(AppError::invalid("hit", "too long"));
        }
        Ok(self.store.remember_place(key, hit_json)?)
    }

    /// Picked hits as they were given, newest first, at most eight.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the read.
    pub fn recent_places(&self) -> Result<Vec<String>, AppError> {
        Ok(self.store.recent_places()?)
    }
}
