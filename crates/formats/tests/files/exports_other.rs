//! Shapefile and FlatGeobuf, as GDAL and our own readers read them.

use std::ops::ControlFlow;
use std::path::Path;

use faltkarta_formats::{Delivery, RawRow, export, open};
use faltkarta_geo::{Geometry, GridSystem};
use faltkarta_model::{Feature, Value};
use geo_types::{Geometry as Types, LineString, MultiPolygon, Polygon};

use crate::exports::{polygons, valves};
use crate::support::gdal;
use crate::support::{dataset, feature, now};

const GRID: GridSystem = GridSystem::ZONE_15_00;

fn rows(delivery: &Delivery) -> Vec<(Option<Geometry>, Vec<Value>)> {
    let mut rows = vec![];
    let all: Vec<usize> = (0..delivery.layers()[0].columns.len()).collect();
    delivery
        .for_each_row(0, &all, &mut |row: &mut RawRow| {
            assert_eq!(row.fault, None);
            rows.push((row.geometry.clone().unwrap(), row.values.clone()));
            ControlFlow::Continue(())
        })
        .unwrap();
    rows
}

fn line_z(e_m: f64, heights: &[f64]) -> Geometry {
    let mut wkb = vec![1];
    wkb.extend_from_slice(&1002u32.to_le_bytes());
    wkb.extend_from_slice(&(heights.len() as u32).to_le_bytes());
    for (idx, height) in heights.iter().enumerate() {
        for ordinate in [e_m + idx as f64, 6_608_900.0, *height] {
            wkb.extend_from_slice(&ordinate.to_le_bytes());
        }
    }
    Geometry::from_wkb(wkb).unwrap()
}

fn written(folder: &Path, name: &str, of: &str, features: Vec<Feature>) -> (String, Vec<String>) {
    let path = folder.join(name);
    let n_features = features.len() as u64;
    let exported = export(&path, &dataset(of), GRID, now(), &mut features.into_iter()).unwrap();
    assert_eq!(exported.n_features, n_features);
    let notes = exported.notes.iter().map(|it| format!("{} {}", it.code, it.text)).collect();
    (path.to_str().unwrap().to_owned(), notes)
}

fn said_of(path: &str) -> Option<String> {
    let said = gdal("ogrinfo", &["-al", path])?;
    let lower = said.to_lowercase();
    assert!(!lower.contains("warning") && !lower.contains("error"), "{said}");
    Some(said)
}

#[test]
fn a_shapefile_opens_in_gdal_with_swedish_letters_its_grid_and_null_shapes() {
    let folder = tempfile::tempdir().unwrap();
    let (path, notes) = written(folder.path(), "ventiler.shp", "valve", valves());
    assert!(
        notes.contains(&"renamed_column senast_motionerad: senast_mot".to_owned()),
        "{notes:?}"
    );
    let mut endings: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|it| it.unwrap().path().extension().unwrap().to_owned())
        .collect();
    endings.sort();
    assert_eq!(endings, ["cpg", "dbf", "prj", "shp", "shx"]);
    let Some(said) = said_of(&path) else { return };
    for part in [
        "Geometry: Point",
        "Feature Count: 3",
        "SWEREF99 15 00",
        "lage (String) = öppen",
        "nummer (String) = Å;\"2\"",
        "antal_varv (Integer) = 22",
        "senast_mot (Date) = 2025/05/06",
        "POINT (162914.167 6608920.569)",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[test]
fn a_shapefile_is_read_back_as_it_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = written(folder.path(), "ventiler.shp", "valve", valves());
    let delivery = open(Path::new(&path)).unwrap();
    let layer = &delivery.layers()[0];
    assert_eq!(layer.crs, faltkarta_formats::DeclaredCrs::Epsg(3009));
    let slot = |name: &str| layer.column_idx(name).unwrap();
    let (number, turns) = (slot("nummer"), slot("antal_varv"));
    let rows = rows(&delivery);
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0].0, Some(Geometry::point(162_914.167, 6_608_920.569)));
    assert_eq!(rows[0].1[number], Value::Text("AV-118".into()));
    assert_eq!(rows[0].1[turns], Value::Int(22));
    assert_eq!(rows[1].1[turns], Value::Null);
    assert_eq!(rows[2].0, None);
}

fn holed() -> Geometry {
    let square = |at: f64, size: f64| {
        let (e, n) = (162_900.0 + at, 6_608_900.0 + at);
        LineString::from(vec![(e, n), (e + size, n), (e + size, n + size), (e, n + size), (e, n)])
    };
    Geometry::from_types(&Types::MultiPolygon(MultiPolygon(vec![
        Polygon::new(square(0.0, 10.0), vec![square(2.0, 3.0)]),
        Polygon::new(square(50.0, 10.0), vec![]),
    ])))
}

#[test]
fn polygons_with_holes_keep_their_area_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["shp", "fgb"] {
        let features = vec![feature("parcel", 1, Some(holed()), &[])];
        let (path, _) = written(folder.path(), &format!("ytor.{ending}"), "parcel", features);
        let layer = "SELECT OGR_GEOM_AREA FROM ytor";
        let layer = if ending == "fgb" { "SELECT OGR_GEOM_AREA FROM parcel" } else { layer };
        let Some(said) = gdal("ogrinfo", &[&path, "-sql", layer]) else { return };
        assert!(said.contains("(Real) = 191"), "{said}");
        let rows = rows(&open(Path::new(&path)).unwrap());
        let Some(Types::MultiPolygon(polygons)) = rows[0].0.as_ref().map(Geometry::to_types) else {
            panic!("{ending}: not a multipolygon")
        };
        assert_eq!(polygons.0[0].interiors().len(), 1, "{ending}");
    }
}

#[test]
fn heights_are_kept_and_a_missing_one_is_told() {
    let folder = tempfile::tempdir().unwrap();
    for ending in ["shp", "fgb"] {
        let flat =
            Types::LineString(LineString::from(vec![(162_900.0, 6.6e6), (162_901.0, 6.6e6)]));
        let features = vec![
            feature("water_pipe", 1, Some(line_z(162_900.0, &[77.5, 77.25])), &[]),
            feature("water_pipe", 2, Some(Geometry::from_types(&flat)), &[]),
        ];
        let (path, notes) =
            written(folder.path(), &format!("ledning.{ending}"), "water_pipe", features);
        assert!(notes.contains(&"missing_height 1".to_owned()), "{ending} {notes:?}");
        let rows = rows(&open(Path::new(&path)).unwrap());
        let whole = line_z(162_900.0, &[77.5, 77.25]);
        assert!(rows.iter().any(|it| it.0.as_ref() == Some(&whole)), "{ending} {rows:?}");
        let Some(said) = said_of(&path) else { return };
        assert!(said.contains("77.5") && said.contains("LINESTRING Z"), "{said}");
    }
}

#[test]
fn a_flatgeobuf_opens_in_gdal_with_its_index_types_and_grid() {
    let folder = tempfile::tempdir().unwrap();
    let (path, notes) = written(folder.path(), "ytor.fgb", "parcel", polygons());
    assert_eq!(notes, [""; 0]);
    let Some(said) = said_of(&path) else { return };
    for part in [
        "Geometry: Polygon",
        "Feature Count: 1",
        "SWEREF99 15 00",
        "designation (String) = RYA 1:5",
        "osakertlage (Integer(Boolean)) = 1",
        "changed (DateTime) = 2024/01/02 03:04:05",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let inside = ["-spat", "162905", "6608905", "162906", "6608906"];
    let outside = ["-spat", "162935", "6608905", "162936", "6608906"];
    for (window, n) in [(inside, 1), (outside, 0)] {
        let arguments = [&["-al", "-so", &path][..], &window].concat();
        let Some(said) = gdal("ogrinfo", &arguments) else { return };
        assert!(said.contains(&format!("Feature Count: {n}")), "{said}");
    }
}

#[test]
fn a_thousand_points_are_found_by_the_index_of_a_flatgeobuf() {
    let folder = tempfile::tempdir().unwrap();
    let features: Vec<_> = (0..1000u32)
        .map(|idx| {
            let at = (f64::from(idx % 40), f64::from(idx / 40));
            let at = Geometry::point(162_000.0 + 10.0 * at.0, 6_608_000.0 + 10.0 * at.1);
            feature("valve", idx, Some(at), &[("nummer", Value::Text(idx.to_string()))])
        })
        .collect();
    let (path, _) = written(folder.path(), "ventiler.fgb", "valve", features);
    let arguments = ["-al", &path, "-spat", "162015", "6608015", "162025", "6608025"];
    let Some(said) = gdal("ogrinfo", &arguments) else { return };
    assert!(said.contains("Feature Count: 1\n") && said.contains("= 82\n"), "{said}");
    assert_eq!(rows(&open(Path::new(&path)).unwrap()).len(), 1000);
}

#[test]
fn features_without_geometry_are_kept_in_a_flatgeobuf_without_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let (path, _) = written(folder.path(), "ventiler.fgb", "valve", valves());
    let rows = rows(&open(Path::new(&path)).unwrap());
    assert_eq!((rows.len(), rows.iter().filter(|it| it.0.is_none()).count()), (3, 1));
    let Some(said) = said_of(&path) else { return };
    assert!(said.contains("Feature Count: 3"), "{said}");
}

#[test]
fn a_shapefile_of_points_and_polygons_is_refused_and_the_old_one_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.shp");
    for ending in ["shp", "dbf"] {
        std::fs::write(path.with_extension(ending), "old").unwrap();
    }
    let features = vec![
        feature("valve", 1, Some(holed()), &[]),
        feature("valve", 2, Some(Geometry::point(162_900.0, 6_608_900.0)), &[]),
    ];
    let refused = export(&path, &dataset("valve"), GRID, now(), &mut features.into_iter());
    assert_eq!(refused.unwrap_err().code(), "mixed_geometry");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    assert_eq!(std::fs::read_to_string(path.with_extension("dbf")).unwrap(), "old");
}

#[test]
fn text_too_long_for_a_shapefile_is_cut_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let long = Value::Text("å".repeat(200));
    let at = Some(Geometry::point(162_900.0, 6_608_900.0));
    let features = vec![feature("valve", 1, at, &[("nummer", long)])];
    let (path, notes) = written(folder.path(), "v.shp", "valve", features);
    assert!(notes.contains(&"cut_text nummer: 1".to_owned()), "{notes:?}");
    let delivery = open(Path::new(&path)).unwrap();
    let slot = delivery.layers()[0].column_idx("nummer").unwrap();
    assert_eq!(rows(&delivery)[0].1[slot], Value::Text("å".repeat(127)));
}
