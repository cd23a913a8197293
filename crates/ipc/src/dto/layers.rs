//! What the interface is told of layers: themes and filters.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::TitleDto;

dto! {
    /// A declared choice of layers for a kind of work.
    ThemeDto {
        /// Its id.
        id: String,
        /// What it is called.
        title: TitleDto,
        /// The pipes are what the map is looked at for.
        is_network_first: bool,
        /// The datasets of this laptop that it shows.
        datasets: Vec<String>,
    }
    /// A choice of layers that the person saved.
    SavedThemeDto {
        /// As the person called it.
        name: String,
        /// The datasets that it shows.
        datasets: Vec<String>,
    }
    /// A choice of rows that a person may make on the map.
    FilterDto {
        /// Its id within its dataset.
        id: String,
        /// What it is called.
        title: TitleDto,
        /// `before_year`, `one_of` or `mine_today`.
        kind: String,
        /// The field that it looks at.
        field: String,
        /// The field with the person's name, or empty.
        by: String,
        /// What is chosen at first: a year, a code, or empty.
        preset: String,
        /// What there is to choose, for `one_of`.
        values: Vec<FilterValueDto>,
        /// Rows without a value are shown, too.
        takes_missing: bool,
    }
    /// One value to choose.
    FilterValueDto {
        /// As it is stored.
        code: String,
        /// In words.
        title: TitleDto,
    }
    /// A filter that is put on.
    ChosenFilterDto {
        /// Its dataset.
        dataset: String,
        /// Its id there.
        filter: String,
        /// The year, the code, or the moment that today began, RFC 3339 in UTC.
        value: String,
    }
}
