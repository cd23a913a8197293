use faltkarta_model::{DatasetId, Policy, Timestamp, Value};
use faltkarta_protocol::{NumberBlock, NumberRequest};

use crate::backend::{DeviceRow, FeatureFilter, GeodataStore};
use crate::error::StoreError;

/// The series of the short codes of laptops, which stand in front of the numbers that they give out.
const LAPTOPS: &str = "laptop";

/// The most numbers in one block.
const MAX_NUMBERS: u32 = 1_000;

/// Leases a block of numbers to a laptop, so that it can give them out without a network and no other laptop gives out
/// the same. The series is `DATASET.FIELD`, whose block begins above every number that a feature of the dataset ends
/// with (`AV-118`), the id of a form, or `laptop`.
///
/// # Errors
///
/// [`StoreError::NotFound`] for a series that there is not, [`StoreError::Unpermitted`] for one that the laptop may not
/// write, [`StoreError::TooLarge`] and [`StoreError::Malformed`] for what cannot be a request.
pub fn lease_numbers(
    store: &dyn GeodataStore,
    device: &DeviceRow,
    request: &NumberRequest,
    now: Timestamp,
) -> Result<NumberBlock, StoreError> {
    if request.n == 0 {
        return Err(StoreError::Malformed { text: "a block has one number at least".to_owned() });
    }
    if request.n > MAX_NUMBERS {
        return Err(StoreError::TooLarge { most: u64::from(MAX_NUMBERS), unit: "numbers" });
    }
    let least = match request.series.split_once('.') {
        Some((dataset, field)) => 1 + highest(store, device, dataset, field)?,
        None if request.series == LAPTOPS => 1,
        None if store.forms().iter().any(|it| it.id == request.series) => 1,
        None => return Err(StoreError::NotFound),
    };
    store.lease_numbers(device.id, request, least, now)
}

/// The highest number that a stored value of a field ends with.
fn highest(
    store: &dyn GeodataStore,
    device: &DeviceRow,
    dataset: &str,
    field: &str,
) -> Result<u64, StoreError> {
    let id = DatasetId::parse(dataset).map_err(|_| StoreError::NotFound)?;
    let row = store.datasets().into_iter().find(|it| it.dataset.id == id);
    let row = row.ok_or(StoreError::NotFound)?;
    let declared = row.dataset.field(field).ok_or(StoreError::NotFound)?;
    if row.dataset.policy == Policy::ReadOnly || device.role.is_reader_only() {
        return Err(StoreError::Unpermitted);
    }
    let mut highest = 0;
    store.for_each_feature(&FeatureFilter { dataset: id, bounds: None }, &mut |feature| {
        if let Some(number) = feature.properties.get(&declared.id).and_then(ending_number) {
            highest = highest.max(number);
        }
        Ok(())
    })?;
    Ok(highest)
}

/// The number at the end of a value; those of more than twelve digits are not counted numbers.
fn ending_number(value: &Value) -> Option<u64> {
    let text = value.to_string();
    let n = text.chars().rev().take_while(char::is_ascii_digit).count();
    if n > 12 { None } else { text[text.len() - n..].parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_at_the_end_of_a_designation_is_found() {
        for (text, wanted) in [
            ("AV-118", Some(118)),
            ("BP 0114", Some(114)),
            ("118", Some(118)),
            ("å7", Some(7)),
            ("AV-118b", None),
            ("", None),
            ("1234567890123", None),
        ] {
            assert_eq!(ending_number(&Value::Text(text.to_owned())), wanted, "{text}");
        }
        assert_eq!(ending_number(&Value::Int(12)), Some(12));
    }
}
