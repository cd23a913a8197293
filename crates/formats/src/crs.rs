//! What a file says of its coordinate reference system: codes, URNs and the well-known text of `.prj` files.

use faltkarta_geo::GridSystem;

/// What a layer says of its reference system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeclaredCrs {
    /// Nothing, or "undefined".
    None,
    /// A code of the EPSG registry. Compound systems with heights in RH 2000 are given by their plane part.
    Epsg(u32),
    /// Something that is not an EPSG code.
    Unknown {
        /// As it stands in the file, shortened.
        text: String,
    },
}

impl DeclaredCrs {
    /// From an EPSG code. 5845–5857 (SWEREF 99 with RH 2000 heights) become 3006–3018.
    pub fn from_epsg(epsg: u32) -> Self {
        match epsg {
            0 => Self::None,
            5845..=5857 => Self::Epsg(epsg - 5845 + 3006),
            // SWEREF 99 in degrees; equal to WGS 84 within this product.
            4619 | 4977 | 4976 => Self::Epsg(4258),
            _ => Self::Epsg(epsg),
        }
    }

    /// From a name such as `EPSG:3006`, `urn:ogc:def:crs:EPSG::3006` or `urn:ogc:def:crs:OGC:1.3:CRS84`.
    pub fn from_name(name: &str) -> Self {
        let upper = name.trim().to_uppercase();
        if upper.ends_with("CRS84") || upper.ends_with("CRS84H") {
            return Self::Epsg(4326);
        }
        let digits = upper.rsplit([':', '/', '#']).next().unwrap_or_default();
        match digits.parse() {
            Ok(epsg) if upper.contains("EPSG") || digits.len() == upper.len() => {
                Self::from_epsg(epsg)
            }
            _ if upper.is_empty() => Self::None,
            _ => Self::unknown(name),
        }
    }

    /// From the well-known text of a `.prj` file, by authority or by the parameters of the SWEREF 99 family.
    pub fn from_wkt(wkt: &str) -> Self {
        let text = wkt.trim();
        if text.is_empty() {
            return Self::None;
        }
        let upper = text.to_uppercase();
        if let Some(epsg) = outer_authority(&upper) {
            return Self::from_epsg(epsg);
        }
        let squeezed: String = upper
            .chars()
            .filter(|it| !matches!(it, ' ' | '_' | '-' | '\r' | '\n' | '\t'))
            .collect();
        let datum = if squeezed.contains("RT90") || squeezed.contains("RT1990") {
            Datum::Rt90
        } else if squeezed.contains("SWEREF99") {
            Datum::Sweref
        } else if squeezed.contains("ETRS") {
            Datum::Etrs
        } else if squeezed.contains("WGS84") || squeezed.contains("WGS1984") {
            Datum::Wgs
        } else {
            return Self::unknown(text);
        };
        if upper.starts_with("GEOG") && !matches!(datum, Datum::Rt90) {
            return Self::Epsg(if matches!(datum, Datum::Wgs) { 4326 } else { 4258 });
        }
        if squeezed.contains("PSEUDOMERCATOR") || squeezed.contains("MERCATORAUXILIARYSPHERE") {
            return Self::Epsg(3857);
        }
        let parameters = [
            parameter(&upper, &["CENTRAL_MERIDIAN", "LONGITUDE OF NATURAL ORIGIN"]),
            parameter(&upper, &["FALSE_EASTING", "FALSE EASTING"]),
            parameter(&upper, &["SCALE_FACTOR", "SCALE FACTOR AT NATURAL ORIGIN"]),
        ];
        if let (true, [Some(meridian), Some(false_easting), Some(scale)]) =
            (squeezed.contains("TRANSVERSEMERCATOR"), parameters)
            && let Some(epsg) = match datum {
                Datum::Rt90 => rt90_by_parameters(meridian, false_easting, scale),
                _ => sweref_by_parameters(meridian, false_easting, scale),
            }
        {
            return Self::Epsg(epsg);
        }
        Self::unknown(text)
    }

    fn unknown(text: &str) -> Self {
        Self::Unknown { text: text.chars().take(crate::limits::MAX_QUOTED_CHARS).collect() }
    }
}

#[derive(Clone, Copy)]
enum Datum {
    Sweref,
    Etrs,
    Wgs,
    Rt90,
}

/// The code in the last `AUTHORITY["EPSG","3006"]` or `ID["EPSG",3006]`, when it closes the whole text.
fn outer_authority(upper: &str) -> Option<u32> {
    let at = upper.rfind("AUTHORITY[").or_else(|| upper.rfind("ID[\"EPSG\""))?;
    let rest = &upper[at..];
    let inner = &rest[rest.find('[')? + 1..rest.find(']')?];
    let behind = rest[rest.find(']')? + 1..].trim();
    let (authority, code) = inner.split_once(',')?;
    let is_outer = behind == "]";
    (is_outer && authority.trim_matches(['"', ' ']) == "EPSG")
        .then(|| code.trim_matches(['"', ' ']).parse().ok())
        .flatten()
}

fn parameter(upper: &str, names: &[&str]) -> Option<f64> {
    names.iter().find_map(|name| {
        let quoted = format!("\"{name}\"");
        let rest = &upper[upper.find(&quoted)? + quoted.len()..];
        let rest = rest.trim_start_matches([',', ' ']);
        let end = rest.find([',', ']'])?;
        rest[..end].trim().parse().ok()
    })
}

/// Central meridians of EPSG:3007–3018 in degrees. Source: EPSG registry.
const MERIDIANS_DEG: [f64; 12] =
    [12.0, 13.5, 15.0, 16.5, 18.0, 14.25, 15.75, 17.25, 18.75, 20.25, 21.75, 23.25];

fn sweref_by_parameters(meridian_deg: f64, false_easting_m: f64, scale: f64) -> Option<u32> {
    let is = |a: f64, b: f64| (a - b).abs() < 1e-6;
    if is(meridian_deg, 15.0) && is(false_easting_m, 500_000.0) && is(scale, 0.9996) {
        return Some(3006);
    }
    let zone = MERIDIANS_DEG.iter().position(|it| is(*it, meridian_deg))?;
    (is(false_easting_m, 150_000.0) && is(scale, 1.0)).then_some(3007 + zone as u32)
}

/// The grid as well-known text. Parameters: EPSG registry.
pub(crate) fn grid_wkt(grid: GridSystem) -> String {
    let (meridian_deg, scale, false_easting_m) = parameters_of(grid);
    format!(
        "PROJCS[\"{}\",GEOGCS[\"SWEREF99\",DATUM[\"SWEREF99\",SPHEROID[\"GRS 1980\",6378137,298.257222101,\
         AUTHORITY[\"EPSG\",\"7019\"]],AUTHORITY[\"EPSG\",\"6619\"]],PRIMEM[\"Greenwich\",0,\
         AUTHORITY[\"EPSG\",\"8901\"]],UNIT[\"degree\",0.0174532925199433,AUTHORITY[\"EPSG\",\"9122\"]],\
         AUTHORITY[\"EPSG\",\"4619\"]],PROJECTION[\"Transverse_Mercator\"],PARAMETER[\"latitude_of_origin\",0],\
         PARAMETER[\"central_meridian\",{meridian_deg}],PARAMETER[\"scale_factor\",{scale}],\
         PARAMETER[\"false_easting\",{false_easting_m}],PARAMETER[\"false_northing\",0],UNIT[\"metre\",1,\
         AUTHORITY[\"EPSG\",\"9001\"]],AUTHORITY[\"EPSG\",\"{}\"]]",
        grid.name().replace("SWEREF 99", "SWEREF99"),
        grid.epsg()
    )
}

/// The grid as the `.prj` of a Shapefile has it: well-known text as ESRI writes it, without authorities.
pub(crate) fn grid_wkt_esri(grid: GridSystem) -> String {
    let (meridian_deg, scale, false_easting_m) = parameters_of(grid);
    format!(
        "PROJCS[\"{}\",GEOGCS[\"GCS_SWEREF99\",DATUM[\"D_SWEREF99\",SPHEROID[\"GRS_1980\",6378137.0,298.257222101]],\
         PRIMEM[\"Greenwich\",0.0],UNIT[\"Degree\",0.0174532925199433]],PROJECTION[\"Transverse_Mercator\"],\
         PARAMETER[\"False_Easting\",{false_easting_m:.1}],PARAMETER[\"False_Northing\",0.0],\
         PARAMETER[\"Central_Meridian\",{meridian_deg:?}],PARAMETER[\"Scale_Factor\",{scale:?}],\
         PARAMETER[\"Latitude_Of_Origin\",0.0],UNIT[\"Meter\",1.0]]",
        grid.name().replace("SWEREF 99", "SWEREF99").replace(' ', "_")
    )
}

/// Central meridian in degrees, scale, false easting in metres.
fn parameters_of(grid: GridSystem) -> (f64, f64, f64) {
    match grid.epsg() {
        3006 => (15.0, 0.9996, 500_000.0),
        epsg => (MERIDIANS_DEG[(epsg - 3007) as usize], 1.0, 150_000.0),
    }
}

/// Source: EPSG registry, 3019–3024 on Bessel 1841, one every 2.25°.
fn rt90_by_parameters(meridian_deg: f64, false_easting_m: f64, scale: f64) -> Option<u32> {
    let first_deg = 11.0 + 18.0 / 60.0 + 29.8 / 3600.0;
    let idx = (0..6).find(|it| (first_deg + 2.25 * f64::from(*it) - meridian_deg).abs() < 1e-5)?;
    let is_plain = (false_easting_m - 1_500_000.0).abs() < 1e-6 && (scale - 1.0).abs() < 1e-9;
    is_plain.then_some(3019 + idx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_habits_are_read() {
        for (name, epsg) in [
            ("EPSG:3006", 3006),
            ("urn:ogc:def:crs:EPSG::3009", 3009),
            ("urn:ogc:def:crs:OGC:1.3:CRS84", 4326),
            ("http://www.opengis.net/def/crs/EPSG/0/3006", 3006),
            ("3006", 3006),
            ("EPSG:5848", 3009),
        ] {
            assert_eq!(DeclaredCrs::from_name(name), DeclaredCrs::Epsg(epsg), "{name}");
        }
        assert!(matches!(DeclaredCrs::from_name("RT 90"), DeclaredCrs::Unknown { .. }));
        assert_eq!(DeclaredCrs::from_name(""), DeclaredCrs::None);
    }

    #[test]
    fn a_prj_of_esri_is_known_by_its_parameters() {
        let prj = "PROJCS[\"SWEREF99_TM\",GEOGCS[\"GCS_SWEREF99\",DATUM[\"D_SWEREF99\",\
            SPHEROID[\"GRS_1980\",6378137.0,298.257222101]],PRIMEM[\"Greenwich\",0.0],\
            UNIT[\"Degree\",0.0174532925199433]],PROJECTION[\"Transverse_Mercator\"],\
            PARAMETER[\"False_Easting\",500000.0],PARAMETER[\"False_Northing\",0.0],\
            PARAMETER[\"Central_Meridian\",15.0],PARAMETER[\"Scale_Factor\",0.9996],\
            PARAMETER[\"Latitude_Of_Origin\",0.0],UNIT[\"Meter\",1.0]]";
        assert_eq!(DeclaredCrs::from_wkt(prj), DeclaredCrs::Epsg(3006));
        let zone = prj.replace("500000.0", "150000.0").replace("0.9996", "1.0");
        assert_eq!(DeclaredCrs::from_wkt(&zone), DeclaredCrs::Epsg(3009));
        let rt90 = zone.replace("SWEREF99", "RT_1990").replace("150000.0", "1500000.0");
        assert!(matches!(DeclaredCrs::from_wkt(&rt90), DeclaredCrs::Unknown { .. }));
        let rt90 =
            rt90.replace("\"Central_Meridian\",15.0", "\"Central_Meridian\",15.8082777777778");
        assert_eq!(DeclaredCrs::from_wkt(&rt90), DeclaredCrs::Epsg(3021));
    }

    #[test]
    fn the_outermost_authority_counts_and_an_inner_one_does_not() {
        let wkt =
            "PROJCS[\"x\",GEOGCS[\"y\",AUTHORITY[\"EPSG\",\"4619\"]],AUTHORITY[\"EPSG\",\"3009\"]]";
        assert_eq!(DeclaredCrs::from_wkt(wkt), DeclaredCrs::Epsg(3009));
        let wkt = "PROJCS[\"x\",GEOGCS[\"y\",AUTHORITY[\"EPSG\",\"4619\"]],UNIT[\"m\",1]]";
        assert!(matches!(DeclaredCrs::from_wkt(wkt), DeclaredCrs::Unknown { .. }));
    }
}
