//! Numbers that no other laptop gives out: leased from the store in advance, used offline.

use faltkarta_model::{DatasetId, FieldId, IdSource, Policy};
use uuid::Uuid;

use crate::error::AppError;
use crate::field::Field;

/// The series that laptops take their short codes from.
pub(crate) const LAPTOP_SERIES: &str = "laptop";
/// Numbers of one block, and how many may be left before another is leased.
const BLOCK: u32 = 20;
const LEFT_MIN: u32 = 10;
/// Letters that are not taken for digits on paper.
const LETTERS: &[u8; 23] = b"ABCDEFGHJKLMNPRSTUVWXYZ";

impl Field {
    /// The next number for a field that must be unique, out of this laptop's leased numbers. When they have run out it
    /// carries the laptop's own code, so that it still is no other laptop's.
    ///
    /// # Errors
    ///
    /// [`AppError::InvalidInput`] when the field is not declared unique, or that of the write.
    pub fn take_number(
        &mut self,
        dataset: &DatasetId,
        field: &FieldId,
    ) -> Result<String, AppError> {
        let declared = &self.catalog.dataset(dataset)?.dataset;
        if !declared.field(field.as_str()).is_some_and(|it| it.unique) {
            return Err(AppError::invalid(
                "field",
                format!("{field} is not a number of {dataset}"),
            ));
        }
        if let Some(number) = self.store.take_number(&format!("{dataset}.{field}"))? {
            return Ok(number.to_string());
        }
        let code = self.laptop_code()?;
        let n = self.store.count_up(&format!("count.{dataset}.{field}"))?;
        Ok(format!("{code}-{n:03}"))
    }

    /// `A3-017`: the laptop's code, and a count that never goes back.
    pub(crate) fn next_local_number(&mut self) -> Result<String, AppError> {
        let code = self.laptop_code()?;
        let n = self.store.count_up("local_number")?;
        Ok(format!("{code}-{n:03}"))
    }

    /// The code that the store gave this laptop. Before it has, one of four letters after the file's own random name.
    fn laptop_code(&self) -> Result<String, AppError> {
        if let Some(code) = self.store.meta("laptop_code")? {
            return Ok(code);
        }
        let bytes = *self.store.replica().as_bytes();
        let letters = bytes[8..12].iter().map(|it| LETTERS[usize::from(*it) % LETTERS.len()]);
        Ok(letters.map(char::from).collect())
    }

    /// Turns the leased number into a code.
    pub(crate) fn take_laptop_code(&mut self) -> Result<(), AppError> {
        if let Some(number) = self.store.take_number(LAPTOP_SERIES)? {
            self.store.set_meta("laptop_code", &code_of(number))?;
        }
        Ok(())
    }

    /// The requests that should be under way: series, name of the request, how many.
    pub(crate) fn plan_numbers(
        &mut self,
        ids: &mut dyn IdSource,
    ) -> Result<Vec<(String, Uuid, u32)>, AppError> {
        if self.store.meta("laptop_code")?.is_none() {
            self.store.request_numbers(LAPTOP_SERIES, 1, ids)?;
        }
        for local in &self.catalog.datasets {
            if local.dataset.policy == Policy::ReadOnly {
                continue;
            }
            for field in local.dataset.fields.iter().filter(|it| it.unique) {
                let series = format!("{}.{}", local.dataset.id, field.id);
                if self.store.n_numbers_left(&series)? < LEFT_MIN {
                    self.store.request_numbers(&series, BLOCK, ids)?;
                }
            }
        }
        Ok(self.store.number_requests()?)
    }
}

/// `A1`, `B1` … `Z1`, `A2` …: every number has one code.
fn code_of(number: u64) -> String {
    let n_letters = LETTERS.len() as u64;
    let at = number.saturating_sub(1);
    let letter = char::from(LETTERS[(at % n_letters) as usize]);
    format!("{letter}{}", at / n_letters + 1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_leased_number_makes_a_code_of_its_own() {
        let codes: BTreeSet<String> = (1..=2_000).map(code_of).collect();
        assert_eq!(codes.len(), 2_000);
        assert_eq!([code_of(1), code_of(23), code_of(24)], ["A1", "Z1", "A2"]);
    }
}
