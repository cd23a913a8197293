use faltkarta_model::{Dataset, Properties, Role};

/// The least zoom at which a feature is in the base map.
///
/// Source: the cartography table of the interface (base palette, roads, labels), one row a kind.
pub(crate) fn zoom_min(dataset: &Dataset, properties: &Properties, area_m2: f64) -> u8 {
    let text = |field: &str| {
        properties
            .iter()
            .find(|(id, _)| id.as_str() == field)
            .and_then(|(_, value)| value.as_text())
    };
    let kind = text("kind").unwrap_or_default();
    match (dataset.role, dataset.id.as_str()) {
        (Role::LandCover, _) => land_cover(kind, area_m2),
        (Role::Road, _) => match kind {
            "Motorväg" | "Motortrafikled" => 5,
            "Mötesfri väg" | "Landsväg" => 7,
            "Landsväg liten" => 9,
            "Huvudgata" => 10,
            "Lokalgata stor" | "Lokalgata liten" => 12,
            "Gångstig" | "Traktorväg" => 13,
            _ => 11,
        },
        (Role::Railway, _) => 8,
        (Role::Watercourse, _) => match (kind, text("size")) {
            ("Strandlinje", _) => 11,
            (_, Some("Klass 1")) => 8,
            (_, Some("Klass 2")) => 10,
            _ => 12,
        },
        (Role::Place, _) => match kind {
            "TATTX" => 5,
            "VATTTX" => 9,
            "BYTX" => 10,
            "BEBTX" => 11,
            _ => 12,
        },
        (_, "contour") => {
            let height = properties.iter().find(|(id, _)| id.as_str() == "height");
            let height = height.and_then(|(_, value)| value.as_f64()).unwrap_or_default() as i64;
            if height % 25 == 0 { 11 } else { 13 }
        }
        (_, "municipality") => 5,
        _ => dataset.map.min_zoom.clamp(5.0, 14.0) as u8,
    }
}

fn land_cover(kind: &str, area_m2: f64) -> u8 {
    let is_large = area_m2 > 2e6;
    match kind {
        "Sjö" | "Vattendragsyta" | "Anlagt vatten" if is_large => 5,
        "Sjö" | "Vattendragsyta" | "Anlagt vatten" => 8,
        "Barr- och blandskog" | "Lövskog" => 7,
        "Åker" | "Öppen mark" | "Industri- och handelsbebyggelse" => 9,
        "Låg bebyggelse" | "Hög bebyggelse" | "Sluten bebyggelse" => 8,
        "Sankmark, fast" | "Sankmark, våt" => 11,
        _ => 12,
    }
}
