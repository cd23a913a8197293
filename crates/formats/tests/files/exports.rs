//! Exports, as other programs read them.

use crate::support::{dataset, feature, gdal, gdal_python, now};
use faltkarta_formats::export;
use faltkarta_geo::{Geometry, GridSystem};
use faltkarta_model::{Feature, Value};
use geo_types::{Geometry as Types, LineString, Polygon};
use rusqlite::Connection;

const GRID: GridSystem = GridSystem::ZONE_15_00;

pub(crate) fn valves() -> Vec<Feature> {
    let text = |it: &str| Value::Text(it.to_owned());
    let at = |e_m: f64| Some(Geometry::point(e_m, 6_608_920.569));
    vec![
        feature(
            "valve",
            1,
            at(162_914.167),
            &[
                ("nummer", text("AV-118")),
                ("lage", text("öppen")),
                ("antal_varv", Value::Int(22)),
                ("senast_motionerad", text("2025-05-06")),
            ],
        ),
        feature("valve", 2, at(162_920.0), &[("nummer", text("Å;\"2\""))]),
        feature("valve", 3, None, &[("nummer", text("AV-3"))]),
    ]
}

pub(crate) fn polygons() -> Vec<Feature> {
    // With the clock, which GeoJSON does not want.
    let ring = LineString::from(vec![
        (162_900.0, 6_608_900.0),
        (162_900.0, 6_608_930.0),
        (162_930.0, 6_608_930.0),
        (162_930.0, 6_608_900.0),
        (162_900.0, 6_608_900.0),
    ]);
    let area = Geometry::from_types(&Types::Polygon(Polygon::new(ring, vec![])));
    vec![feature(
        "parcel",
        1,
        Some(area),
        &[
            ("designation", Value::Text("RYA 1:5".into())),
            ("osakertlage", Value::Bool(true)),
            ("changed", Value::Text("2024-01-02T03:04:05".into())),
        ],
    )]
}

#[test]
fn a_geopackage_opens_in_gdal_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    for (name, features, shape) in
        [("valve", valves(), "Geometry: Point"), ("parcel", polygons(), "Geometry: Polygon")]
    {
        let path = folder.path().join(format!("{name}.gpkg"));
        let n_features = features.len() as u64;
        let written =
            export(&path, &dataset(name), GRID, now(), &mut features.into_iter()).unwrap();
        assert_eq!(written.n_features, n_features);
        let path = path.to_str().unwrap();
        let Some(said) = gdal("ogrinfo", &["-al", path]) else { return };
        let lower = said.to_lowercase();
        assert!(!lower.contains("warning") && !lower.contains("error"), "{said}");
        assert!(said.contains(shape), "{said}");
        assert!(said.contains(&format!("Feature Count: {n_features}")), "{said}");
        assert!(said.contains("SWEREF99 15 00"), "{said}");
        let Some(tree) =
            gdal("ogrinfo", &[path, "-sql", &format!("SELECT HasSpatialIndex('{name}', 'geom')")])
        else {
            return;
        };
        assert!(tree.contains("(Integer) = 1"), "{tree}");
    }
}

#[test]
fn a_geopackage_satisfies_every_rule_that_the_validator_of_gdal_knows() {
    let folder = tempfile::tempdir().unwrap();
    let inspections = vec![feature("inspection", 1, None, &[])];
    for (name, features) in
        [("valve", valves()), ("parcel", polygons()), ("road", vec![]), ("inspection", inspections)]
    {
        let path = folder.path().join(format!("{name}.gpkg"));
        export(&path, &dataset(name), GRID, now(), &mut features.into_iter()).unwrap();
        let arguments = ["-k", "--extra", "--warning-as-error", path.to_str().unwrap()];
        let Some(said) = gdal_python("osgeo_utils.samples.validate_gpkg", &arguments) else {
            return;
        };
        assert_eq!(said.trim(), "", "{name}");
    }
}

#[test]
fn a_geopackage_is_sound_and_holds_what_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ventiler.gpkg");
    export(&path, &dataset("valve"), GRID, now(), &mut valves().into_iter()).unwrap();
    let connection = Connection::open(&path).unwrap();
    let one = |sql: &str| {
        connection.query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0)).unwrap()
    };
    assert_eq!(one("PRAGMA integrity_check"), "ok".to_owned().into());
    assert_eq!(one("PRAGMA application_id"), 0x4750_4b47.into());
    assert_eq!(one("SELECT rtreecheck('rtree_valve_geom')"), "ok".to_owned().into());
    assert_eq!(one("SELECT count(*) FROM rtree_valve_geom"), 2.into());
    assert_eq!(one("SELECT min_x FROM gpkg_contents"), 162_914.167.into());
    assert_eq!(one("SELECT last_change FROM gpkg_contents"), now().to_string().into());
    assert_eq!(
        one("SELECT geometry_type_name FROM gpkg_geometry_columns"),
        "POINT".to_owned().into()
    );
    assert_eq!(
        one("SELECT type FROM pragma_table_info('valve') WHERE name = 'geom'"),
        "POINT".to_owned().into()
    );
    assert_eq!(one("SELECT antal_varv FROM valve WHERE nummer = 'AV-118'"), 22.into());
    assert_eq!(one("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'"), 6.into());
    assert_eq!(one("SELECT count(*) FROM pragma_foreign_key_check"), 0.into());
}

#[test]
fn geojson_is_in_degrees_against_the_clock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("omraden.geojson");
    export(&path, &dataset("parcel"), GRID, now(), &mut polygons().into_iter()).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let ring = json["features"][0]["geometry"]["coordinates"][0].as_array().unwrap();
    let corner = |idx: usize| (ring[idx][0].as_f64().unwrap(), ring[idx][1].as_f64().unwrap());
    let twice_area: f64 = (0..ring.len() - 1)
        .map(|idx| (corner(idx), corner(idx + 1)))
        .map(|(a, b)| (a.0 - 15.0) * (b.1 - 59.0) - (b.0 - 15.0) * (a.1 - 59.0))
        .sum();
    assert!(twice_area > 0.0);
    assert!((corner(0).0 - 15.2284).abs() < 0.0005 && (corner(0).1 - 59.5943).abs() < 0.0005);
    assert_eq!(json["features"][0]["properties"]["designation"], "RYA 1:5");
    assert!(json.get("crs").is_none());
}

#[test]
fn a_table_keeps_letters_quotes_and_positions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ventiler.csv");
    export(&path, &dataset("valve"), GRID, now(), &mut valves().into_iter()).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("id;nummer;"), "{text}");
    assert!(text.contains("162914.167;6608920.569;POINT (162914.167 6608920.569)"), "{text}");
    assert!(text.contains("\"Å;\"\"2\"\"\""), "{text}");
    assert_eq!(text.lines().count(), 4);
}

#[test]
fn an_export_that_fails_leaves_the_old_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ventiler.xlsx");
    std::fs::write(&path, "old").unwrap();
    let error =
        export(&path, &dataset("valve"), GRID, now(), &mut valves().into_iter()).unwrap_err();
    assert_eq!(error.code(), "unsupported_export");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    let nowhere = folder.path().join("no/such/folder/a.gpkg");
    let error =
        export(&nowhere, &dataset("valve"), GRID, now(), &mut valves().into_iter()).unwrap_err();
    assert_eq!(error.code(), "io");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
