//! Why a delivery cannot be read, as facts that the console puts into words.

use std::collections::BTreeMap;

use faltkarta_formats::{CrsProblem, FormatError};
use faltkarta_geo::GridSystem;

use crate::error::StoreError;

/// What the words of a stop are filled with.
pub(crate) fn stop_facts(error: &StoreError) -> BTreeMap<String, String> {
    let mut facts = BTreeMap::from([("text".to_owned(), error.to_string())]);
    let mut tell = |name: &str, fact: &str| facts.insert(name.to_owned(), fact.to_owned());
    if let StoreError::Delivery { file, source } = error {
        tell("file", file);
        match source {
            FormatError::Crs(CrsProblem::WrongZone { declared, found }) => {
                tell("declared", &system_name(*declared));
                tell("fits", &system_name(*found));
                tell("fits_epsg", &found.to_string());
            }
            FormatError::Crs(CrsProblem::OutsideArea { declared }) => {
                tell("declared", &system_name(*declared));
            }
            FormatError::Crs(CrsProblem::UnknownCrs { declared }) => {
                tell("declared", declared);
            }
            FormatError::UnknownDelivery { layers } => {
                tell("layers", layers);
            }
            FormatError::OutgoingSchema { edition, instead, .. } => {
                tell("edition", edition);
                tell("instead", instead);
            }
            _ => {}
        }
    }
    facts
}

fn system_name(epsg: u32) -> String {
    GridSystem::from_epsg(epsg).map_or_else(|_| format!("EPSG:{epsg}"), |it| it.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_schema_is_told_with_the_one_to_ask_for_and_a_stranger_with_its_layers() {
        let stopped = |source| StoreError::Delivery { file: "a.gpkg".to_owned(), source };
        let facts = stop_facts(&stopped(FormatError::OutgoingSchema {
            layer: "registerenhet_yta".to_owned(),
            edition: "2021.10".to_owned(),
            instead: "2025.02".to_owned(),
        }));
        assert_eq!((facts["edition"].as_str(), facts["instead"].as_str()), ("2021.10", "2025.02"));
        let layers = "hus, vatten".to_owned();
        let facts = stop_facts(&stopped(FormatError::UnknownDelivery { layers }));
        assert_eq!((facts["layers"].as_str(), facts["file"].as_str()), ("hus, vatten", "a.gpkg"));
    }
}
