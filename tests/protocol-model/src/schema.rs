use faltkarta_changes::MergeSchema;
use faltkarta_model::FieldId;

/// Every field stands alone.
pub(crate) struct Plain;

impl MergeSchema for Plain {
    fn group(&self, _: &FieldId) -> Option<&str> {
        None
    }

    fn members(&self, _: &str) -> Vec<FieldId> {
        vec![]
    }

    fn is_derived(&self, _: &FieldId) -> bool {
        false
    }

    fn is_set(&self, _: &FieldId) -> bool {
        false
    }

    fn is_unique(&self, _: &FieldId) -> bool {
        false
    }

    fn tolerance_m(&self) -> f64 {
        0.0
    }
}
