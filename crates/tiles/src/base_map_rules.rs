//! What the base map shows from which zoom on. Zooms are those of tiles drawn 512 pixels wide, which is how the map
//! library counts too.

use faltkarta_model::{Dataset, FieldId, Properties, Role, Value};

/// Least zoom of the base map: the four municipalities fit on a quarter of a screen.
pub(crate) const BASE_MAP_MIN_ZOOM: u8 = 5;
/// Deepest zoom; deeper views enlarge its tiles.
pub(crate) const BASE_MAP_MAX_ZOOM: u8 = 14;

/// The least zoom at which a feature is shown; `None` when the base map never shows it.
///
/// By role and kind where those are known, else the least zoom that the dataset declares.
pub(crate) fn least_zoom(dataset: &Dataset, properties: &Properties) -> Option<u8> {
    let text = |field: &str| {
        FieldId::parse(field).ok().and_then(|it| properties.get(&it)).and_then(Value::as_text)
    };
    let kind = text("kind").unwrap_or_default();
    let declared = dataset.map.min_zoom.ceil().clamp(0.0, 30.0) as u8;
    let zoom = match dataset.role {
        Role::LandCover => land_cover(kind).unwrap_or(declared),
        Role::Road => road(kind).unwrap_or(declared),
        Role::Watercourse => match (kind, text("size").unwrap_or_default()) {
            ("Strandlinje", _) => 8,
            (_, "Klass 3") => 8,
            (_, "Klass 2") => 10,
            (_, "Klass 1") => 12,
            _ => declared,
        },
        Role::Railway => 9,
        Role::Place => place(kind, text("name"), dataset, text("kommunkod")).unwrap_or(declared),
        _ => contour(properties).unwrap_or(declared),
    };
    (zoom <= BASE_MAP_MAX_ZOOM).then_some(zoom.max(BASE_MAP_MIN_ZOOM))
}

fn land_cover(kind: &str) -> Option<u8> {
    Some(match kind {
        "Sjö" => 5,
        "Barr- och blandskog" | "Lövskog" | "Vattendragsyta" => 7,
        "Åker" | "Öppen mark" | "Anlagt vatten" => 9,
        "Låg bebyggelse" | "Hög bebyggelse" | "Sluten bebyggelse" => 9,
        "Industri- och handelsbebyggelse" | "Industriområde" => 9,
        "Sankmark, fast" | "Sankmark, våt" => 11,
        "Rekreation" | "Idrottsplan" | "Samhällsfunktion" => 12,
        _ => return None,
    })
}

fn road(kind: &str) -> Option<u8> {
    Some(match kind {
        "Motorväg" | "Motortrafikled" => 5,
        "Landsväg" => 7,
        "Landsväg liten" => 9,
        "Huvudgata" => 10,
        "Lokalgata stor" => 11,
        "Lokalgata liten" | "Småväg" => 12,
        "Gångstig" | "Traktorväg" => 14,
        _ => return None,
    })
}

fn place(kind: &str, name: Option<&str>, dataset: &Dataset, code: Option<&str>) -> Option<u8> {
    // A municipality's seat bears its name.
    let municipality =
        code.and_then(|it| Some(dataset.field("kommunkod")?.values.get(it)?.sv.as_str()));
    Some(match kind {
        "TATTX" if name.is_some() && name == municipality => 5,
        "TATTX" | "VATTTX" => 8,
        "BYTX" => 11,
        "NATTX" => 12,
        "BEBTX" | "GARDTX" => 13,
        _ => return None,
    })
}

/// Every fifth contour early, the others where there is room.
fn contour(properties: &Properties) -> Option<u8> {
    let height = properties.get(&FieldId::parse("height").ok()?)?.as_f64()?;
    Some(if height.rem_euclid(25.0) == 0.0 { 11 } else { 13 })
}
