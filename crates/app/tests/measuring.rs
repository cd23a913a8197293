//! Measures and selections on a street of two parcels, with real declarations.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::collections::BTreeSet;

use faltkarta_app::{
    AppError, Field, Figure, Measure, MeasureAnswer, MeasureKind, NoAnswer, NoMeasure, PointedAt,
    SelectFrom, Selection, SnapKind,
};
use faltkarta_geo::Geometry;
use faltkarta_model::{ChosenFilter, DatasetId, Feature, Timestamp};
use geo_types::{LineString, Polygon};
use support::{at, dataset, field, id_of, now, open, package_of, text};
use tempfile::TempDir;

const E: f64 = 162_000.0;
const N: f64 = 6_608_000.0;

macro_rules! declared {
    ($name:literal, $date:expr) => {
        ($name, include_str!(concat!("../../../data/datasets/", $name, ".toml")), $date)
    };
}

/// Landslides were never delivered, sewers long ago.
const DECLARED: [(&str, &str, Option<&str>); 7] = [
    declared!("contour", Some("2026-01-01")),
    declared!("inspection", None),
    declared!("landslide_zone", None),
    declared!("parcel", Some("2026-05-12")),
    declared!("sewer_pipe", Some("2019-05-12")),
    declared!("valve", Some("2026-05-12")),
    declared!("water_pipe", Some("2026-05-12")),
];

fn area(path: &[(f64, f64)]) -> Geometry {
    let mut ring: LineString<f64> = path.iter().map(|it| (E + it.0, N + it.1)).collect();
    ring.close();
    Geometry::from_types(&Polygon::new(ring, vec![]).into())
}

fn square(e: f64, n: f64, side: f64) -> Geometry {
    area(&[(e, n), (e + side, n), (e + side, n + side), (e, n + side)])
}

fn line(path: &[(f64, f64)]) -> Geometry {
    let path: LineString<f64> = path.iter().map(|it| (E + it.0, N + it.1)).collect();
    Geometry::from_types(&path.into())
}

fn feature(name: &str, identity: &str, geometry: Geometry, values: &[(&str, &str)]) -> Feature {
    Feature {
        id: id_of(name, identity),
        dataset: dataset(name),
        version: 1,
        geometry: Some(geometry),
        properties: values.iter().map(|(it, value)| (field(it), text(value))).collect(),
    }
}

/// Two parcels of a hundred metres beside each other, a main along their southern side, and valves on it.
fn street() -> Vec<Feature> {
    let valve = |number: &str, e: f64, n: f64, exercised: &str| {
        let values = [("nummer", number), ("senast_motionerad", exercised)];
        feature("valve", number, Geometry::point(E + e, N + n), &values)
    };
    vec![
        feature("parcel", "p1", square(0.0, 0.0, 100.0), &[("designation", "RYA 1:5")]),
        feature("parcel", "p2", square(100.0, 0.0, 100.0), &[("designation", "RYA 1:6")]),
        feature("water_pipe", "w1", line(&[(-50.0, -5.0), (250.0, -5.0)]), &[]),
        valve("AV-1", 20.0, -5.0, "2015-03-01"),
        valve("AV-2", 150.0, -5.0, "2024-03-01"),
        valve("AV-3", 220.0, -5.0, "2016-03-01"),
    ]
}

fn laptop() -> (Field, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let mut laptop = open(dir.path());
    let source = package_of(1, &DECLARED, &street());
    laptop.install_package(source.dir.path(), source.manifest, &mut |_| {}).unwrap();
    (laptop, dir)
}

/// A place that nothing holds, a decimetre sure.
fn free(e: f64, n: f64) -> PointedAt {
    PointedAt { at: at(E + e, N + n), snap_m: 0.0, accuracy_m: 0.1 }
}

fn measure(kind: MeasureKind, places: &[PointedAt]) -> MeasureAnswer {
    laptop().0.measure(kind, places, None, now()).unwrap()
}

#[test]
fn a_way_is_as_long_as_its_legs_on_the_grid() {
    let found = measure(MeasureKind::Length, &[free(0.0, 0.0), free(30.0, 40.0), free(30.0, 60.0)]);
    let Measure::Length { length_m } = found.measure else { panic!("{found:?}") };
    assert!((length_m - 70.0).abs() < 1e-9);
    assert_eq!(found.legs_m.len(), 2);
    assert!((found.legs_m[0] - 50.0).abs() < 1e-9);
    assert_eq!(found.accuracy_m, 0.1);
}

#[test]
fn too_few_places_give_no_number() {
    for (kind, places) in [
        (MeasureKind::Length, vec![]),
        (MeasureKind::Length, vec![free(0.0, 0.0)]),
        (MeasureKind::Area, vec![free(0.0, 0.0), free(9.0, 0.0)]),
        (MeasureKind::Area, vec![free(0.0, 0.0), free(9.0, 0.0), free(9.0, 0.0)]),
        (MeasureKind::Boundary, vec![]),
    ] {
        assert_eq!(measure(kind, &places).measure, Measure::TooFew, "{kind:?} {places:?}");
    }
}

#[test]
fn an_area_is_measured_and_one_that_crosses_itself_is_not() {
    let corners = [free(0.0, 0.0), free(40.0, 0.0), free(40.0, 30.0), free(0.0, 30.0)];
    let found = measure(MeasureKind::Area, &corners);
    let Measure::Area { area_m2, around_m } = found.measure else { panic!("{found:?}") };
    assert!((area_m2 - 1200.0).abs() < 1e-6 && (around_m - 140.0).abs() < 1e-9);
    let crossed = [corners[0], corners[2], corners[1], corners[3]];
    assert_eq!(measure(MeasureKind::Area, &crossed).measure, Measure::Crosses);
}

#[test]
fn a_place_near_a_corner_is_held_to_it_and_is_as_sure_as_the_layer() {
    let near = PointedAt { snap_m: 5.0, accuracy_m: 1.5, ..free(2.0, 1.0) };
    let found = measure(MeasureKind::Length, &[near, free(100.0, 0.0)]);
    let held = found.places[0].held_to.as_ref().unwrap();
    assert_eq!((held.kind, held.dataset.as_str()), (SnapKind::Vertex, "parcel"));
    assert_eq!((found.places[0].at.e_m(), found.places[0].at.n_m()), (E, N));
    assert_eq!(found.places[0].accuracy_m, 0.1);
    let Measure::Length { length_m } = found.measure else { panic!() };
    assert_eq!(length_m, 100.0);
}

#[test]
fn only_what_is_shown_holds_a_place_and_free_ones_are_as_sure_as_they_were_pointed_at() {
    let near = PointedAt { snap_m: 5.0, accuracy_m: 1.5, ..free(2.0, 1.0) };
    let (field, _dir) = laptop();
    let shown: BTreeSet<DatasetId> = [dataset("valve")].into();
    let found = field.measure(MeasureKind::Length, &[near, near], Some(&shown), now()).unwrap();
    assert!(found.places[0].held_to.is_none());
    assert_eq!(found.accuracy_m, 1.5);
}

#[test]
fn the_nearest_boundary_is_found_from_inside_and_from_outside() {
    for (n, expected_m) in [(30.0, 30.0), (-7.0, 7.0)] {
        let found = measure(MeasureKind::Boundary, &[free(40.0, n)]);
        let Measure::Boundary { distance_m, nearest_m, source } = found.measure else { panic!() };
        assert!((distance_m - expected_m).abs() < 1e-9);
        assert!((nearest_m.0 - E - 40.0).abs() < 1e-6 && (nearest_m.1 - N).abs() < 1e-6);
        assert_eq!((source.label.as_str(), source.dataset.as_str()), ("RYA 1:5", "parcel"));
        assert!(source.accuracy.contains("inte den rättsliga gränsen"));
        assert_eq!(source.data_date.as_deref(), Some("2026-05-12"));
    }
}

#[test]
fn far_from_parcels_there_is_no_boundary_and_without_contours_no_height() {
    let nothing = |kind, e| measure(kind, &[free(e, 0.0)]).measure;
    assert_eq!(nothing(MeasureKind::Boundary, 20_000.0), Measure::Nothing(NoMeasure::NoBoundary));
    assert_eq!(nothing(MeasureKind::Height, 10.0), Measure::Nothing(NoMeasure::NoHeights));
    assert_eq!(nothing(MeasureKind::Height, 90_000.0), Measure::Nothing(NoMeasure::Outside));
}

#[test]
fn places_outside_the_work_area_are_told_and_measured_all_the_same() {
    let found = measure(MeasureKind::Length, &[free(90_000.0, 0.0), free(90_003.0, 4.0)]);
    assert!(found.places.iter().all(|it| it.is_outside));
    let Measure::Length { length_m } = found.measure else { panic!() };
    assert!((length_m - 5.0).abs() < 1e-9);
}

#[test]
fn a_reach_or_an_accuracy_that_is_no_number_is_refused() {
    let (field, _dir) = laptop();
    for odd in [
        PointedAt { snap_m: f64::NAN, ..free(0.0, 0.0) },
        PointedAt { snap_m: -1.0, ..free(0.0, 0.0) },
        PointedAt { accuracy_m: f64::INFINITY, ..free(0.0, 0.0) },
        PointedAt { accuracy_m: f64::NAN, ..free(0.0, 0.0) },
    ] {
        let refused = field.measure(MeasureKind::Length, &[odd], None, now());
        assert!(matches!(refused, Err(AppError::InvalidInput { .. })), "{odd:?}");
    }
    let many = vec![free(0.0, 0.0); 1_001];
    assert!(field.measure(MeasureKind::Area, &many, None, now()).is_err());
}

fn select(figure: &Figure) -> Selection {
    laptop().0.select(figure, &SelectFrom::default(), now()).unwrap()
}

fn rows(selection: &Selection) -> Vec<(String, &'static str, f64)> {
    let row = |it: &faltkarta_app::SelectedRow| {
        let distance = (it.distance_m * 1000.0).round() / 1000.0;
        (format!("{} {}", it.feature.dataset, it.label), it.relation.as_str(), distance)
    };
    selection.rows.iter().map(row).collect()
}

fn row(label: &str, relation: &'static str, distance_m: f64) -> (String, &'static str, f64) {
    (label.to_owned(), relation, distance_m)
}

#[test]
fn a_polygon_selects_what_lies_in_it_wholly_and_partly_and_no_neighbour() {
    // Around the western parcel and the street before it.
    let polygon = area(&[(-1.0, -10.0), (100.0, -10.0), (100.0, 101.0), (-1.0, 101.0)]);
    let found = select(&Figure::Polygon { area: polygon, within_m: 0.0 });
    assert_eq!(
        rows(&found),
        [
            row("valve Ventil AV-1", "inside", 0.0),
            row(&format!("water_pipe {}", label_of(&found, "water_pipe")), "partly", 0.0),
            row("parcel RYA 1:5", "inside", 0.0),
        ]
    );
    let share = found.rows[1].share.unwrap();
    assert!((share - 101.0 / 300.0).abs() < 1e-9, "{share}");
}

fn label_of(selection: &Selection, dataset: &str) -> String {
    let row = selection.rows.iter().find(|it| it.feature.dataset.as_str() == dataset);
    row.unwrap().label.clone()
}

#[test]
fn outside_a_polygon_what_is_near_enough_comes_after_with_its_distance() {
    let found = select(&Figure::Polygon { area: square(10.0, 10.0, 20.0), within_m: 75.0 });
    let parcels: Vec<_> =
        rows(&found).into_iter().filter(|it| it.0.starts_with("parcel")).collect();
    assert_eq!(
        parcels,
        [row("parcel RYA 1:5", "partly", 0.0), row("parcel RYA 1:6", "within", 70.0)]
    );
    assert!(rows(&found).contains(&row("valve Ventil AV-1", "within", 15.0)));
}

#[test]
fn a_corridor_selects_by_the_distance_from_its_line() {
    let found = select(&Figure::Corridor { line: line(&[(0.0, 0.0), (160.0, 0.0)]), reach_m: 5.5 });
    let valves: Vec<_> = rows(&found).into_iter().filter(|it| it.0.starts_with("valve")).collect();
    assert_eq!(
        valves,
        [row("valve Ventil AV-1", "inside", 5.0), row("valve Ventil AV-2", "inside", 5.0)]
    );
    let found = select(&Figure::Corridor { line: line(&[(0.0, 0.0), (160.0, 0.0)]), reach_m: 4.5 });
    assert_eq!(
        rows(&found),
        [row("parcel RYA 1:5", "partly", 0.0), row("parcel RYA 1:6", "partly", 0.0)]
    );
}

#[test]
fn the_round_end_of_a_wide_corridor_is_round() {
    // The valve AV-3 lies 200 m to the east of the place: a millimetre within or without.
    let figure = |reach_m| Figure::Corridor { line: Geometry::point(E + 20.0, N - 5.0), reach_m };
    let has = |found: &Selection| found.rows.iter().any(|it| it.label == "Ventil AV-3");
    assert!(has(&select(&figure(200.02))));
    assert!(!has(&select(&figure(199.98))));
}

#[test]
fn datasets_and_filters_narrow_a_selection() {
    let (field, _dir) = laptop();
    let declared = field.dataset(&dataset("valve")).unwrap().dataset.clone();
    let rule = declared.filters.into_iter().find(|it| it.id == "exercised_before").unwrap();
    let chosen = ChosenFilter { rule, value: "2020".into(), user: String::new() };
    let from = SelectFrom {
        datasets: [dataset("valve")].into(),
        filters: vec![(dataset("valve"), chosen)],
    };
    let figure = Figure::Polygon { area: square(-100.0, -100.0, 500.0), within_m: 0.0 };
    let labels: Vec<String> =
        field.select(&figure, &from, now()).unwrap().rows.into_iter().map(|it| it.label).collect();
    assert_eq!(labels, ["Ventil AV-1", "Ventil AV-3"]);
}

#[test]
fn layers_that_cannot_say_so_are_told() {
    let found = select(&Figure::Polygon { area: square(0.0, 0.0, 10.0), within_m: 0.0 });
    let silent: Vec<(&str, NoAnswer)> =
        found.missing_or_old.iter().map(|it| (it.dataset.as_str(), it.reason)).collect();
    assert_eq!(silent, [("landslide_zone", NoAnswer::Missing), ("sewer_pipe", NoAnswer::Old)]);
    let late = Timestamp::parse("2026-06-02T00:00:00Z").unwrap();
    let (field, _dir) = laptop();
    let figure = Figure::Polygon { area: square(0.0, -10.0, 50.0), within_m: 0.0 };
    let locked = field.select(&figure, &SelectFrom::default(), late).unwrap();
    assert!(locked.rows.iter().all(|it| it.feature.dataset.as_str() == "parcel"));
    assert!(locked.missing_or_old.iter().any(|it| it.reason == NoAnswer::Locked));
    let outside = Figure::Polygon { area: square(90_000.0, 0.0, 10.0), within_m: 0.0 };
    let found = field.select(&outside, &SelectFrom::default(), now()).unwrap();
    assert!(found.missing_or_old.iter().any(|it| it.reason == NoAnswer::Outside));
}

#[test]
fn figures_that_are_too_large_are_refused_at_once() {
    let ring: Vec<(f64, f64)> = (0..1_000_000)
        .map(|it| f64::from(it) / 1_000_000.0 * std::f64::consts::TAU)
        .map(|turn| (50.0 * turn.cos(), 50.0 * turn.sin()))
        .collect();
    let large = [
        Figure::Polygon { area: area(&ring), within_m: 0.0 },
        Figure::Corridor { line: line(&[(0.0, 0.0), (0.0, 200_000.0)]), reach_m: 5.0 },
        Figure::Corridor { line: line(&[(0.0, 0.0), (9.0, 0.0)]), reach_m: 2_000.1 },
    ];
    let (field, _dir) = laptop();
    for figure in &large {
        let refused = field.select(figure, &SelectFrom::default(), now()).unwrap_err();
        assert_eq!(refused.code(), "selection_too_large");
    }
}

#[test]
fn figures_that_are_no_areas_are_refused() {
    let hourglass = area(&[(0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0)]);
    let odd = [
        Figure::Polygon { area: hourglass, within_m: 0.0 },
        Figure::Polygon { area: area(&[(0.0, 0.0), (10.0, 10.0)]), within_m: 0.0 },
        Figure::Polygon { area: line(&[(0.0, 0.0), (10.0, 10.0)]), within_m: 0.0 },
        Figure::Polygon { area: square(f64::NAN, 0.0, 10.0), within_m: 0.0 },
        Figure::Polygon { area: square(0.0, 0.0, 10.0), within_m: f64::NAN },
        Figure::Corridor { line: line(&[(0.0, 0.0), (9.0, 0.0)]), reach_m: 0.0 },
        Figure::Corridor { line: line(&[]), reach_m: 1.0 },
    ];
    let (field, _dir) = laptop();
    for figure in &odd {
        let refused = field.select(figure, &SelectFrom::default(), now()).unwrap_err();
        assert_eq!(refused.code(), "invalid_input", "{figure:?}");
    }
}
