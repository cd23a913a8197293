use faltkarta_model::Theme;

/// The themes that the program carries: `data/themes`.
const DECLARED: [&str; 4] = [
    include_str!("../../../data/themes/all.toml"),
    include_str!("../../../data/themes/building.toml"),
    include_str!("../../../data/themes/leak.toml"),
    include_str!("../../../data/themes/shore.toml"),
];

/// The declared themes, in their order.
pub fn themes() -> Vec<Theme> {
    // A test reads each of them.
    let mut themes: Vec<Theme> = DECLARED.iter().filter_map(|it| Theme::parse(it).ok()).collect();
    themes.sort_by_key(|it| it.order);
    themes
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use faltkarta_model::Dataset;

    fn folder(name: &str) -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data").join(name);
        let files = fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
        files.map(|it| fs::read_to_string(it).unwrap()).collect()
    }

    #[test]
    fn every_declared_theme_is_carried_and_can_be_read() {
        let declared = folder("themes");
        assert_eq!(declared.len(), DECLARED.len());
        for text in &declared {
            let theme = Theme::parse(text).unwrap();
            assert!(themes().contains(&theme), "{}", theme.id);
        }
    }

    #[test]
    fn the_theme_for_a_leak_shows_pipes_and_parcels_and_leaves_out_contours_and_plans() {
        let theme = themes().into_iter().find(|it| it.id == "leak").unwrap();
        let datasets: Vec<Dataset> =
            folder("datasets").iter().map(|it| Dataset::parse(it).unwrap()).collect();
        let shows = |id: &str| {
            let dataset = datasets.iter().find(|it| it.id.as_str() == id).unwrap();
            theme.shows(dataset)
        };
        assert!(theme.network_first && shows("water_pipe") && shows("valve") && shows("parcel"));
        assert!(!shows("contour") && !shows("plan") && !shows("contact"));
    }

    #[test]
    fn the_accuracy_of_every_dataset_is_the_figure_that_its_words_name() {
        for text in folder("datasets") {
            let dataset = Dataset::parse(&text).unwrap();
            let named = dataset.accuracy.split("± ").nth(1).map(|it| {
                let figure = it.split(' ').next().unwrap_or_default();
                figure.replace(',', ".").parse::<f64>().unwrap()
            });
            assert_eq!(dataset.accuracy_m, named, "{}", dataset.id);
        }
    }
}
