use faltkarta_changes::RowValues;
use faltkarta_geo::{Geometry, area_on_grid_m2, length_on_grid_m};
use faltkarta_model::{Dataset, FieldId, GEOMETRY_FIELD, Value};

/// Computes the fields that are declared as derived: by their unit the length or the area of the geometry, measured on
/// the store's grid and kept to the hundredth. Without a geometry there is no value. A derived field of another unit
/// is left to whoever delivers it.
pub(crate) fn derive(dataset: &Dataset, values: &mut RowValues) {
    let geometry = FieldId::parse(GEOMETRY_FIELD).ok().and_then(|it| values.get(&it).cloned());
    for field in dataset.fields.iter().filter(|it| it.derived) {
        let Some(measure) = measure(&field.unit) else { continue };
        match &geometry {
            Some(Value::Geometry(geometry)) => {
                let value = (measure(geometry) * 100.0).round() / 100.0;
                values.insert(field.id.clone(), Value::Real(value));
            }
            _ => {
                values.remove(&field.id);
            }
        }
    }
}

fn measure(unit: &str) -> Option<fn(&Geometry) -> f64> {
    match unit {
        "m" => Some(length_on_grid_m),
        "km" => Some(|it| length_on_grid_m(it) / 1_000.0),
        "m²" | "m2" => Some(area_on_grid_m2),
        "ha" => Some(|it| area_on_grid_m2(it) / 10_000.0),
        _ => None,
    }
}
