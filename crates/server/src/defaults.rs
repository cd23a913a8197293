//! The declarations that a new store begins with: those of `data/` at the time of building.

/// File name and content of every dataset declaration.
pub(crate) const DATASETS: &[(&str, &str)] = &[
    ("address.toml", include_str!("../../../data/datasets/address.toml")),
    ("ancient_remains.toml", include_str!("../../../data/datasets/ancient_remains.toml")),
    ("building.toml", include_str!("../../../data/datasets/building.toml")),
    ("contact.toml", include_str!("../../../data/datasets/contact.toml")),
    ("contaminated_site.toml", include_str!("../../../data/datasets/contaminated_site.toml")),
    ("contour.toml", include_str!("../../../data/datasets/contour.toml")),
    ("flood_zone.toml", include_str!("../../../data/datasets/flood_zone.toml")),
    ("hydrant.toml", include_str!("../../../data/datasets/hydrant.toml")),
    ("inspection.toml", include_str!("../../../data/datasets/inspection.toml")),
    ("land_cover.toml", include_str!("../../../data/datasets/land_cover.toml")),
    ("landslide_zone.toml", include_str!("../../../data/datasets/landslide_zone.toml")),
    ("manhole.toml", include_str!("../../../data/datasets/manhole.toml")),
    ("municipality.toml", include_str!("../../../data/datasets/municipality.toml")),
    ("operating_area.toml", include_str!("../../../data/datasets/operating_area.toml")),
    ("parcel.toml", include_str!("../../../data/datasets/parcel.toml")),
    ("place.toml", include_str!("../../../data/datasets/place.toml")),
    ("plan.toml", include_str!("../../../data/datasets/plan.toml")),
    ("plan_provision.toml", include_str!("../../../data/datasets/plan_provision.toml")),
    ("protected_area.toml", include_str!("../../../data/datasets/protected_area.toml")),
    ("railway.toml", include_str!("../../../data/datasets/railway.toml")),
    ("road.toml", include_str!("../../../data/datasets/road.toml")),
    ("service_connection.toml", include_str!("../../../data/datasets/service_connection.toml")),
    ("service_pipe.toml", include_str!("../../../data/datasets/service_pipe.toml")),
    ("sewer_pipe.toml", include_str!("../../../data/datasets/sewer_pipe.toml")),
    ("shore_protection.toml", include_str!("../../../data/datasets/shore_protection.toml")),
    ("storm_pipe.toml", include_str!("../../../data/datasets/storm_pipe.toml")),
    ("trakt.toml", include_str!("../../../data/datasets/trakt.toml")),
    ("va_service_area.toml", include_str!("../../../data/datasets/va_service_area.toml")),
    ("valve.toml", include_str!("../../../data/datasets/valve.toml")),
    ("water_installation.toml", include_str!("../../../data/datasets/water_installation.toml")),
    ("water_pipe.toml", include_str!("../../../data/datasets/water_pipe.toml")),
    ("watercourse.toml", include_str!("../../../data/datasets/watercourse.toml")),
    ("well.toml", include_str!("../../../data/datasets/well.toml")),
];

/// File name and content of every form: declaration and XForm.
pub(crate) const FORMS: &[(&str, &str)] = &[
    ("arbetsplatsbesok.toml", include_str!("../../../data/forms/arbetsplatsbesok.toml")),
    ("arbetsplatsbesok.xml", include_str!("../../../data/forms/arbetsplatsbesok.xml")),
    ("ventilmotionering.toml", include_str!("../../../data/forms/ventilmotionering.toml")),
    ("ventilmotionering.xml", include_str!("../../../data/forms/ventilmotionering.xml")),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn names(folder: &str, endings: &[&str]) -> BTreeSet<String> {
        let folder =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").join(folder);
        let names = std::fs::read_dir(folder).unwrap();
        names
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .filter(|it| endings.iter().any(|ending| it.ends_with(ending)))
            .collect()
    }

    #[test]
    fn every_declaration_in_the_data_folder_is_carried() {
        let datasets = DATASETS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(names("datasets", &[".toml"]), datasets);
        let forms = FORMS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(names("forms", &[".toml", ".xml"]), forms);
    }

    #[test]
    fn every_declaration_that_is_carried_can_be_read() {
        for (name, text) in DATASETS {
            let dataset = faltkarta_model::Dataset::parse(text).unwrap();
            assert_eq!(format!("{}.toml", dataset.id), *name);
        }
        for (name, text) in FORMS.iter().filter(|(_, text)| !text.starts_with('<')) {
            let form = faltkarta_model::FormDeclaration::parse(text).unwrap();
            assert_eq!(format!("{}.toml", form.id), *name);
        }
    }
}
