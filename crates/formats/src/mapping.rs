use std::collections::BTreeMap;

use faltkarta_model::{DatasetId, FieldId, Source, SourceField};
use serde::Deserialize;

use crate::error::FormatError;

/// A coordinator's TOML that ties a foreign layer to a declared dataset.
///
/// ```toml
/// dataset = "valve"
/// layer = "ventiler"            # left out: every layer of the file that has the columns
/// identity = ["GlobalID"]
/// crs = 3009                    # used when the file does not say
/// geometry = "x,y"              # left out: the layer's own geometry
/// where = { STATUS = ["aktiv"] }
///
/// [fields]
/// nummer = "NR"
/// dimension = { column = "DIM", null = ["0"] }
/// ```
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The dataset that the rows become features of.
    pub dataset: DatasetId,
    /// The layer; `*` for any.
    #[serde(default = "any")]
    pub layer: String,
    /// Columns that together are the supplier's identity of a row.
    pub identity: Vec<String>,
    /// EPSG code that counts when the file does not say.
    #[serde(default)]
    pub crs: Option<u32>,
    /// Easting and northing columns as `E,N`; empty for the layer's own geometry.
    #[serde(default)]
    pub geometry: String,
    /// Only rows where each of these columns has one of the values.
    #[serde(default, rename = "where")]
    pub only: BTreeMap<String, Vec<String>>,
    /// Fields of the dataset by the column they come from.
    pub fields: BTreeMap<FieldId, SourceField>,
}

fn any() -> String {
    "*".to_owned()
}

impl Mapping {
    /// Parses the TOML of a mapping.
    ///
    /// # Errors
    ///
    /// [`FormatError::BadMapping`] with line and column.
    pub fn parse(toml_text: &str) -> Result<Self, FormatError> {
        let mapping: Self = toml::from_str(toml_text)
            .map_err(|error| FormatError::BadMapping { text: error.to_string() })?;
        if mapping.identity.is_empty() {
            return Err(FormatError::BadMapping { text: "identity names no column".to_owned() });
        }
        Ok(mapping)
    }

    /// The mapping as a source of its dataset.
    pub(crate) fn source(&self) -> Source {
        Source {
            id: "mapping".to_owned(),
            formats: vec![],
            table: self.layer.clone(),
            columns: vec![],
            only: self.only.clone(),
            identity: self.identity.clone(),
            crs: self.crs,
            geometry: self.geometry.clone(),
            fields: self.fields.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapping_without_identity_or_with_an_unknown_key_is_refused() {
        for text in [
            "dataset = \"valve\"\nidentity = []\n[fields]\n",
            "dataset = \"valve\"\nidentity = [\"a\"]\ncolour = 1\n[fields]\n",
            "dataset = \"Valve\"\nidentity = [\"a\"]\n[fields]\n",
        ] {
            assert_eq!(Mapping::parse(text).unwrap_err().code(), "bad_mapping", "{text}");
        }
    }
}
