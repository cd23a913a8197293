use faltkarta_geo::{Compass, EastNorthM, Geometry, Grid, Position};
use geo::{Area as _, BooleanOps as _, Distance as _, Euclidean};
use geo_types::{Geometry as Types, LineString, MultiPoint, MultiPolygon, Point, Polygon, coord};
use proptest::prelude::*;

use crate::relate::{Related, Relation, Subject, met_on_the_way};

const E: f64 = 152_000.0;
const N: f64 = 6_600_000.0;

fn ring(corners: &[(f64, f64)]) -> LineString<f64> {
    let mut ring: Vec<_> = corners.iter().map(|(x, y)| coord! { x: E + x, y: N + y }).collect();
    ring.push(ring[0]);
    LineString(ring)
}

fn square(e: f64, n: f64, side: f64) -> Polygon<f64> {
    Polygon::new(ring(&[(e, n), (e + side, n), (e + side, n + side), (e, n + side)]), vec![])
}

fn stored(shape: impl Into<Types<f64>>) -> Geometry {
    Geometry::from_types(&shape.into())
}

fn at(e: f64, n: f64) -> Subject {
    Subject::at(Position::<Grid>::parse(EastNorthM { e_m: E + e, n_m: N + n }).unwrap())
}

fn related(subject: &Geometry, zone: &Geometry) -> Related {
    Subject::of([subject]).unwrap().relate(zone).unwrap()
}

#[test]
fn a_parcel_lies_in_a_zone_wholly_partly_or_beside_it() {
    let parcel = stored(square(0.0, 0.0, 40.0));
    let whole = related(&parcel, &stored(square(-100.0, -100.0, 300.0)));
    assert_eq!((whole.relation, whole.share, whole.distance_m), (Relation::Inside, Some(1.0), 0.0));
    let part = related(&parcel, &stored(square(30.0, -100.0, 300.0)));
    assert_eq!(part.relation, Relation::Partly);
    assert!((part.share.unwrap() - 0.25).abs() < 1e-6, "{part:?}");
    let beside = related(&parcel, &stored(square(-104.0, 44.0, 50.0)));
    assert_eq!((beside.relation, beside.share), (Relation::Within, None));
    let diagonal = 54.0_f64.hypot(4.0);
    assert!((beside.distance_m - diagonal).abs() < 1e-6, "{beside:?}");
    assert_eq!(beside.direction, Some(Compass::West));
    assert!((beside.nearest_m.0 - (E - 54.0)).abs() < 1e-6, "{beside:?}");
}

#[test]
fn a_hole_of_the_zone_is_outside_it() {
    let lake = Polygon::new(
        square(-500.0, -500.0, 1_000.0).exterior().clone(),
        vec![square(-10.0, -10.0, 60.0).exterior().clone()],
    );
    let parcel = stored(square(0.0, 0.0, 40.0));
    let found = related(&parcel, &stored(lake.clone()));
    assert_eq!(found.relation, Relation::Within);
    assert!((found.distance_m - 10.0).abs() < 1e-6, "{found:?}");
    assert_eq!(at(20.0, 20.0).relate(&stored(lake.clone())).unwrap().relation, Relation::Within);
    assert_eq!(at(60.0, 20.0).relate(&stored(lake)).unwrap().relation, Relation::Inside);
}

#[test]
fn one_boundary_spelled_twice_is_touched_and_not_crossed() {
    let parcel = stored(square(0.0, 0.0, 40.0));
    // The plan ends where the parcel begins, four millimetres off and with a vertex more.
    let plan = stored(Polygon::new(
        ring(&[
            (40.0 - 0.004, -50.0),
            (200.0, -50.0),
            (200.0, 90.0),
            (39.997, 90.0),
            (40.003, 20.0),
        ]),
        vec![],
    ));
    let touched = related(&parcel, &plan);
    assert_eq!((touched.relation, touched.distance_m), (Relation::Within, 0.0));
    assert_eq!(touched.direction, None);
    // The other way round: a zone that misses four millimetres of the parcel holds all of it.
    let held = related(&parcel, &stored(square(0.004, -50.0, 140.0)));
    assert_eq!((held.relation, held.share), (Relation::Inside, Some(1.0)));
    // Two centimetres are a strip.
    let strip = related(&parcel, &stored(square(39.9, -50.0, 140.0)));
    assert_eq!(strip.relation, Relation::Partly);
}

#[test]
fn a_property_is_all_its_areas() {
    let areas = [stored(square(0.0, 0.0, 10.0)), stored(square(1_000.0, 0.0, 10.0))];
    let property = Subject::of(&areas).unwrap();
    assert!((property.area_m2() - 200.0).abs() < 1e-6);
    let half = property.relate(&stored(square(-50.0, -50.0, 100.0))).unwrap();
    assert_eq!(half.relation, Relation::Partly);
    assert!((half.share.unwrap() - 0.5).abs() < 1e-6);
    // An area that is delivered twice is one area.
    let twice = [areas[0].clone(), areas[0].clone()];
    assert!((Subject::of(&twice).unwrap().area_m2() - 100.0).abs() < 1e-6);
}

#[test]
fn lines_and_points_lie_on_a_parcel_or_beside_it() {
    let parcel = stored(square(0.0, 0.0, 40.0));
    let through =
        LineString(vec![coord! { x: E - 10.0, y: N + 5.0 }, coord! { x: E + 9.0, y: N + 5.0 }]);
    let crossing = related(&parcel, &stored(through.clone()));
    assert_eq!((crossing.relation, crossing.share), (Relation::Partly, None));
    let along =
        LineString(vec![coord! { x: E - 10.0, y: N - 2.0 }, coord! { x: E + 90.0, y: N - 2.0 }]);
    let beside = related(&parcel, &stored(along));
    assert!((beside.distance_m - 2.0).abs() < 1e-6, "{beside:?}");
    assert_eq!(beside.direction, Some(Compass::South));
    assert_eq!(related(&parcel, &stored(Point::new(E + 1.0, N + 1.0))).relation, Relation::Partly);
    let far = related(&parcel, &stored(Point::new(E + 43.0, N + 44.0)));
    assert!((far.distance_m - 5.0).abs() < 1e-6);
    assert_eq!(far.direction, Some(Compass::NorthEast));
    // The other way: a line that is asked about has a share of its length.
    let part = related(&stored(through), &parcel);
    assert_eq!(part.relation, Relation::Partly);
    assert!((part.share.unwrap() - 9.0 / 19.0).abs() < 1e-6);
}

#[test]
fn what_has_no_vertex_answers_nothing() {
    let empty = stored(MultiPoint::<f64>(vec![]));
    assert!(Subject::of([&empty]).is_none());
    assert!(at(0.0, 0.0).relate(&empty).is_none());
}

#[test]
fn a_zone_that_crosses_itself_still_answers() {
    let bow = stored(Polygon::new(
        ring(&[(0.0, 0.0), (100.0, 100.0), (100.0, 0.0), (0.0, 100.0)]),
        vec![],
    ));
    assert_eq!(at(10.0, 50.0).relate(&bow).unwrap().relation, Relation::Inside);
    assert_eq!(at(50.0, 10.0).relate(&bow).unwrap().relation, Relation::Within);
    let house = related(&stored(square(45.0, 0.0, 10.0)), &bow);
    assert_eq!(house.relation, Relation::Within);
}

#[test]
fn a_boundary_is_met_on_the_way() {
    let zone = stored(square(-50.0, -50.0, 100.0));
    let north = met_on_the_way((E, N), 0.0, 10.0, 200.0, &zone).unwrap();
    assert!((north.1 - (N + 50.0)).abs() < 1e-6 && (north.0 - E).abs() < 1e-6);
    assert!(met_on_the_way((E, N), 0.0, 60.0, 200.0, &zone).is_none());
}

fn a_polygon() -> impl Strategy<Value = Polygon<f64>> {
    // Star-shaped around its middle, so that it is valid.
    (prop::collection::vec(20.0..90.0f64, 3..24), -80.0..80.0f64, -80.0..80.0f64).prop_map(
        |(radii, e, n)| {
            let step = std::f64::consts::TAU / radii.len() as f64;
            let corners: Vec<(f64, f64)> = radii
                .iter()
                .enumerate()
                .map(|(i, r)| {
                    let angle = step * i as f64;
                    (e + r * angle.cos(), n + r * angle.sin())
                })
                .collect();
            Polygon::new(ring(&corners), vec![])
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The oracle is `geo` with its own overlay and its own distances.
    #[test]
    fn shares_and_distances_are_those_of_another_library(
        a in a_polygon(), b in a_polygon(), e in -300.0..300.0f64,
    ) {
        let moved = Polygon::new(
            LineString(b.exterior().0.iter().map(|it| coord! { x: it.x + e, y: it.y }).collect()),
            vec![],
        );
        let found = related(&stored(a.clone()), &stored(moved.clone()));
        let share = a.intersection(&moved).unsigned_area() / a.unsigned_area();
        let sliver = 0.01 * 2_000.0 / a.unsigned_area();
        prop_assert!((found.share.unwrap_or(0.0) - share).abs() < sliver, "{found:?} {share}");
        let least_m = Euclidean.distance(&a, &moved);
        let distance_m = if least_m <= 0.01 { 0.0 } else { least_m };
        prop_assert!((found.distance_m - distance_m).abs() < 1e-6, "{found:?} {distance_m}");
        match found.relation {
            Relation::Inside => prop_assert!(share > 1.0 - sliver),
            Relation::Partly => prop_assert!(share > 0.0),
            Relation::Within => prop_assert!(share < sliver),
        }
    }

    #[test]
    fn the_order_of_rings_and_the_start_of_a_ring_do_not_matter(
        a in a_polygon(), b in a_polygon(), shift in 0..20usize,
    ) {
        let turned = |it: &Polygon<f64>| {
            let mut corners = it.exterior().0.clone();
            corners.pop();
            let by = shift % corners.len();
            corners.rotate_left(by);
            corners.reverse();
            corners.push(corners[0]);
            Polygon::new(LineString(corners), vec![])
        };
        let one = related(&stored(a.clone()), &stored(b.clone()));
        let parts = MultiPolygon(vec![turned(&b), turned(&b)]);
        let other = related(&stored(turned(&a)), &stored(parts));
        prop_assert_eq!(one.relation, other.relation);
        prop_assert!((one.share.unwrap_or(0.0) - other.share.unwrap_or(0.0)).abs() < 1e-6);
        prop_assert!((one.distance_m - other.distance_m).abs() < 1e-6);
    }
}
