use faltkarta_model::{Dataset, Field, FieldId, FieldType, GEOMETRY_FIELD};

/// What a merge must know of a dataset's declaration.
pub trait MergeSchema {
    /// The group of fields that are judged together with this one; `None` when it stands alone.
    fn group(&self, field: &FieldId) -> Option<&str>;
    /// The fields of a group.
    fn members(&self, group: &str) -> Vec<FieldId>;
    /// Whether the store computes the field itself.
    fn is_derived(&self, field: &FieldId) -> bool;
    /// Whether a list is merged code by code.
    fn is_set(&self, field: &FieldId) -> bool;
    /// Whether no two features should have the same value in the field.
    fn is_unique(&self, field: &FieldId) -> bool;
    /// Ordinates that differ by no more than this many metres are the same.
    fn tolerance_m(&self) -> f64;
}

impl MergeSchema for Dataset {
    fn group(&self, field: &FieldId) -> Option<&str> {
        if field.as_str() != GEOMETRY_FIELD {
            return self.field(field.as_str()).and_then(|it| it.group.as_deref());
        }
        // The geometry is declared nowhere; fields join it by naming it as their group.
        let is_joined = self.fields.iter().any(|it| it.group.as_deref() == Some(GEOMETRY_FIELD));
        is_joined.then_some(GEOMETRY_FIELD)
    }

    fn members(&self, group: &str) -> Vec<FieldId> {
        let of_group = |it: &&Field| it.group.as_deref() == Some(group);
        let declared = self.fields.iter().filter(of_group).map(|it| it.id.clone());
        let geometry = (group == GEOMETRY_FIELD).then(|| FieldId::parse(GEOMETRY_FIELD).ok());
        declared.chain(geometry.flatten()).collect()
    }

    fn is_derived(&self, field: &FieldId) -> bool {
        self.field(field.as_str()).is_some_and(|it| it.derived)
    }

    fn is_set(&self, field: &FieldId) -> bool {
        self.field(field.as_str())
            .is_some_and(|it| it.merge_as_set && it.field_type == FieldType::List)
    }

    fn is_unique(&self, field: &FieldId) -> bool {
        self.field(field.as_str()).is_some_and(|it| it.unique)
    }

    fn tolerance_m(&self) -> f64 {
        self.tolerance_m
    }
}
