use serde::Deserialize;

use crate::dataset::{Dataset, Title};
use crate::id::DatasetId;

/// A ready choice of layers for a kind of work, as `data/themes/ID.toml` declares it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    /// Names the theme.
    pub id: String,
    /// What it is called: "Läcka".
    pub title: Title,
    /// Place among the themes, low first.
    pub order: i32,
    /// The pipes are what the map is looked at for: the ground gives way.
    #[serde(default)]
    pub network_first: bool,
    /// Groups of the layer list that it shows, all of their datasets.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Datasets that it shows besides.
    #[serde(default)]
    pub datasets: Vec<DatasetId>,
    /// Datasets that it leaves out.
    #[serde(default)]
    pub without: Vec<DatasetId>,
}

/// A declaration of a theme that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("theme declaration: {text}")]
pub struct ThemeError {
    /// What the reader said, with line and column.
    pub text: String,
}

impl Theme {
    /// Parses the TOML of a declaration.
    ///
    /// # Errors
    ///
    /// [`ThemeError`] names the place.
    pub fn parse(toml_text: &str) -> Result<Self, ThemeError> {
        toml::from_str(toml_text).map_err(|error| ThemeError { text: error.to_string() })
    }

    /// Whether it shows a dataset. What no list can switch is not its business.
    pub fn shows(&self, dataset: &Dataset) -> bool {
        let group = &dataset.map.group;
        !group.is_empty()
            && !self.without.contains(&dataset.id)
            && (self.groups.contains(group) || self.datasets.contains(&dataset.id))
    }
}
