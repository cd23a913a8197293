//! What applies, and who is responsible, at a place: with real declarations on a street of two blocks.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use faltkarta_app::{AppError, AppliesAnswer, Asked, Duty, Field, NoAnswer, Relation};
use faltkarta_geo::{Compass, Geometry};
use faltkarta_model::{Feature, FeatureId, Timestamp, Value};
use faltkarta_protocol::SubscriptionPart;
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

/// Landslides were never delivered, floods long ago, the shore before the rules changed.
const DECLARED: [(&str, &str, Option<&str>); 14] = [
    declared!("ancient_remains", Some("2026-03-30")),
    declared!("contact", Some("2026-05-01")),
    declared!("contaminated_site", Some("2026-04-02")),
    declared!("flood_zone", Some("2019-01-01")),
    declared!("landslide_zone", None),
    declared!("municipality", Some("2026-01-01")),
    declared!("parcel", Some("2026-05-12")),
    declared!("plan", Some("2026-05-12")),
    declared!("plan_provision", Some("2026-05-12")),
    declared!("protected_area", Some("2026-04-01")),
    declared!("road", Some("2026-05-11")),
    declared!("shore_protection", Some("2025-05-02")),
    declared!("water_pipe", Some("2026-05-18")),
    declared!("well", Some("2026-02-01")),
];

fn area(e: f64, n: f64, wide: f64, high: f64) -> Geometry {
    let ring: Vec<(f64, f64)> =
        [(e, n), (e + wide, n), (e + wide, n + high), (e, n + high), (e, n)]
            .into_iter()
            .map(|(x, y)| (E + x, N + y))
            .collect();
    Geometry::from_types(&Polygon::new(ring.into(), vec![]).into())
}

fn line(from: (f64, f64), to: (f64, f64)) -> Geometry {
    let path: LineString<f64> = vec![(E + from.0, N + from.1), (E + to.0, N + to.1)].into();
    Geometry::from_types(&path.into())
}

fn feature(
    name: &str,
    identity: &str,
    geometry: impl Into<Option<Geometry>>,
    values: &[(&str, &str)],
) -> Feature {
    Feature {
        id: id_of(name, identity),
        dataset: dataset(name),
        version: 1,
        geometry: geometry.into(),
        properties: values.iter().map(|(it, value)| (field(it), text(value))).collect(),
    }
}

/// One property of two areas of 100 m by 100 m, a hundred metres apart.
fn street() -> Vec<Feature> {
    let rya = [
        ("designation", "RYA 1:5"),
        ("municipality", "Lindesberg"),
        ("kommunkod", "1885"),
        ("property_ref", "rya"),
    ];
    let plan = |status: &'static str, reference: &'static str| {
        [
            ("name", "Hyttstranden"),
            ("designation", "DP-0417"),
            ("status", status),
            ("plan_ref", reference),
        ]
    };
    let provision = |code: &'static str, kind: &'static str| {
        [("code", code), ("text", "bostäder"), ("kind", kind), ("plan_ref", "dp")]
    };
    let contact =
        |duty: &'static str, key: &'static str, code: &'static str, name: &'static str| {
            vec![
                ("duty", duty),
                ("key", key),
                ("kommunkod", code),
                ("name", name),
                ("phone", "0980-319 200"),
            ]
        };
    let use_kind = "användningsbestämmelse";
    vec![
        feature("parcel", "p1", area(0.0, 0.0, 100.0, 100.0), &rya),
        feature("parcel", "p2", area(200.0, 0.0, 100.0, 100.0), &rya),
        feature("plan", "dp", area(-10.0, -10.0, 200.0, 200.0), &plan("laga kraft", "dp")),
        feature("plan", "old", area(-10.0, -10.0, 500.0, 200.0), &plan("upphävd", "old")),
        feature("plan_provision", "b", area(0.0, 0.0, 100.0, 100.0), &provision("B", use_kind)),
        feature(
            "plan_provision",
            "prick",
            area(0.0, 0.0, 100.0, 20.0),
            &provision("prick", "egenskapsbestämmelse"),
        ),
        feature(
            "plan_provision",
            "beside",
            area(120.0, 0.0, 50.0, 50.0),
            &provision("C", use_kind),
        ),
        feature(
            "shore_protection",
            "s",
            area(-500.0, 60.0, 1_000.0, 500.0),
            &[("name", "Råsvalen")],
        ),
        feature(
            "protected_area",
            "n",
            area(-400.0, 0.0, 330.0, 50.0),
            &[("name", "Holmen"), ("kind", "Naturreservat")],
        ),
        feature(
            "ancient_remains",
            "far",
            Geometry::point(E + 469.0, N + 50.0),
            &[("number", "L2025:1"), ("kind", "Hytta")],
        ),
        feature(
            "ancient_remains",
            "farther",
            Geometry::point(E + 560.0, N + 50.0),
            &[("number", "L2025:2"), ("kind", "Hytta")],
        ),
        feature(
            "well",
            "w",
            Geometry::point(E + 50.0, N - 25.0),
            &[("well_id", "911"), ("use", "Hushåll")],
        ),
        feature(
            "municipality",
            "1885",
            area(-5_000.0, -5_000.0, 10_000.0, 10_000.0),
            &[("name", "Lindesberg"), ("kommunkod", "1885")],
        ),
        feature(
            "road",
            "r1",
            line((-100.0, -20.0), (110.0, -20.0)),
            &[("kind", "Lokalgata liten"), ("name", "Storgatan"), ("keeper", "kommun")],
        ),
        feature(
            "road",
            "r2",
            line((110.0, -20.0), (300.0, -20.0)),
            &[("kind", "Lokalgata liten"), ("name", "Storgatan")],
        ),
        feature(
            "road",
            "r3",
            line((-100.0, -26.0), (110.0, -26.0)),
            &[("kind", "Småväg"), ("keeper", "enskild")],
        ),
        feature(
            "water_pipe",
            "v",
            line((-100.0, -21.0), (100.0, -21.0)),
            &[("ledning_id", "v"), ("klass", "V"), ("agare", "kommunal")],
        ),
        feature(
            "contact",
            "1",
            None,
            &contact("road", "kommun", "1885", "Lindesbergs kommun, gata"),
        ),
        feature("contact", "2", None, &contact("road", "kommun", "1884", "Nora kommun, gata")),
        feature("contact", "3", None, &contact("water", "kommunal", "1885", "BKT, vatten")),
        feature("contact", "4", None, &contact("waste", "*", "1885", "BKT, avfall")),
        feature("contact", "5", None, &contact("waste", "*", "1884", "Någon annan")),
    ]
}

fn laptop() -> (Field, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let mut laptop = open(dir.path());
    let source = package_of(1, &DECLARED, &street());
    laptop.install_package(source.dir.path(), source.manifest, &mut |_| {}).unwrap();
    (laptop, dir)
}

fn about_parcel(laptop: &Field) -> AppliesAnswer {
    laptop.applies(Asked::Feature(id_of("parcel", "p1")), now()).unwrap()
}

fn subjects_without_answer(answer: &AppliesAnswer) -> Vec<(&str, NoAnswer)> {
    answer.no_answer.iter().map(|it| (it.subject.sv.as_str(), it.reason)).collect()
}

#[test]
fn a_property_is_asked_about_with_all_its_areas() {
    let (laptop, _dir) = laptop();
    let answer = about_parcel(&laptop);
    let place = answer.place.as_ref().unwrap();
    assert_eq!((place.label.as_str(), place.municipality.as_str()), ("RYA 1:5", "Lindesberg"));
    let told: Vec<(&str, Relation)> =
        answer.rows.iter().map(|it| (it.label.as_str(), it.related.relation)).collect();
    assert_eq!(
        told,
        [
            ("Hyttstranden", Relation::Partly),
            ("Strandskydd Råsvalen", Relation::Partly),
            ("Brunn 911", Relation::Within),
            ("Naturreservat Holmen", Relation::Within),
            ("L2025:1 Hytta", Relation::Within),
        ],
        "the repealed plan applies no more, and the remain beyond 200 m is not near"
    );
    let share = |row: usize| answer.rows[row].related.share.unwrap();
    assert!((share(0) - 0.5).abs() < 1e-6, "the second area lies outside the plan");
    assert!((share(1) - 0.4).abs() < 1e-6);
    let remain = &answer.rows[4].related;
    assert!((remain.distance_m - 169.0).abs() < 1e-6, "{remain:?}");
    assert_eq!(remain.direction, Some(Compass::East));
}

#[test]
fn provisions_stand_under_their_plan_with_their_shares() {
    let (laptop, _dir) = laptop();
    let answer = about_parcel(&laptop);
    let parts: Vec<(&str, i64)> = answer.rows[0]
        .parts
        .iter()
        .map(|it| (it.label.as_str(), (it.related.share.unwrap() * 100.0).round() as i64))
        .collect();
    assert_eq!(parts, [("B, bostäder", 50), ("prick, bostäder", 10)], "C lies beside the parcel");
}

#[test]
fn what_is_missing_old_or_before_the_rules_has_no_answer() {
    let (laptop, _dir) = laptop();
    let answer = about_parcel(&laptop);
    assert_eq!(
        subjects_without_answer(&answer),
        [("Översvämning", NoAnswer::Old), ("Skred och ras", NoAnswer::Missing)]
    );
    let no_hit: Vec<&str> = answer.no_hit.iter().map(|it| it.subject.sv.as_str()).collect();
    assert_eq!(no_hit, ["Förorenad mark", "Natura 2000", "Vattenskyddsområde"]);
    assert_eq!(answer.no_hit[0].data_date.as_deref(), Some("2026-04-02"));
    // The shore answers with a zone, and says that it is of older rules.
    let shore = &answer.rows[1];
    assert!(shore.is_old && shore.legal_version.sv.is_empty());
    // Far from any shore its silence is worth nothing.
    let dry = laptop.applies(Asked::Point(at(E + 50.0, N - 900.0)), now()).unwrap();
    let shore = dry.no_answer.iter().find(|it| it.subject.sv == "Strandskydd").unwrap();
    assert_eq!(shore.reason, NoAnswer::OutdatedRules);
    assert_eq!(shore.legal_from.as_deref(), Some("2025-07-01"));
}

#[test]
fn a_distance_rule_is_told_where_it_is_not_kept() {
    let (laptop, _dir) = laptop();
    let well = |answer: &AppliesAnswer| {
        answer.rows.iter().find(|it| it.dataset.as_str() == "well").cloned()
    };
    let near = well(&about_parcel(&laptop)).unwrap();
    assert!((near.related.distance_m - 25.0).abs() < 1e-6);
    assert_eq!(near.distances[0].text.sv, "Energibrunn: minst 30 m till dricksvattenbrunn");
    let far = laptop.applies(Asked::Point(at(E + 50.0, N + 6.0)), now()).unwrap();
    assert_eq!(well(&far).unwrap().distances, vec![], "31 m away the rule is kept");
    let farther = laptop.applies(Asked::Point(at(E + 50.0, N + 40.0)), now()).unwrap();
    assert_eq!(well(&farther), None);
}

#[test]
fn a_point_is_asked_about_alone_and_told_its_parcel() {
    let (laptop, _dir) = laptop();
    let answer = laptop.applies(Asked::Point(at(E + 250.0, N + 10.0)), now()).unwrap();
    assert_eq!(answer.place.as_ref().unwrap().id, id_of("parcel", "p2"));
    assert!(answer.rows.iter().all(|it| it.dataset.as_str() != "plan"), "{answer:?}");
    let nowhere =
        laptop.applies(Asked::Feature(FeatureId::of_delivered(&dataset("parcel"), "x")), now());
    assert!(matches!(nowhere, Err(AppError::FeatureNotFound { .. })));
}

#[test]
fn outside_what_the_laptop_holds_nothing_is_denied() {
    let (mut laptop, dir) = laptop();
    let beyond = laptop.applies(Asked::Point(at(210_000.0, N)), now()).unwrap();
    assert_eq!(beyond.no_hit, vec![]);
    assert!(subjects_without_answer(&beyond).contains(&("Vattenskyddsområde", NoAnswer::Outside)));
    // An area around the first block: the second lies outside it.
    let corners = [[-20.0, -20.0], [120.0, -20.0], [120.0, 120.0], [-20.0, 120.0]];
    let area_m = corners.map(|[e, n]| [E + e, N + n]).to_vec();
    let parts = vec![SubscriptionPart { datasets: vec![], area_m, filter: None }];
    laptop.set_subscription(parts).unwrap();
    let laptop = support::hold_what_is_wanted(laptop, &dir);
    let inside = laptop.applies(Asked::Point(at(E + 50.0, N + 50.0)), now()).unwrap();
    assert!(inside.no_hit.iter().any(|it| it.subject.sv == "Vattenskyddsområde"));
    let across = about_parcel(&laptop);
    assert_eq!(across.no_hit, vec![], "half of the property lies outside");
}

fn told(duties: &[Duty]) -> Vec<(&str, &str)> {
    duties.iter().map(|it| (it.duty.as_str(), it.who.as_str())).collect()
}

#[test]
fn who_answers_follows_from_what_lies_here_and_from_who_is_registered() {
    let (laptop, _dir) = laptop();
    let answer = laptop.duties(at(E + 10.0, N - 21.0), now()).unwrap();
    assert_eq!(answer.municipality, "Lindesberg");
    assert_eq!(
        told(&answer.duties),
        [
            ("road", "Lindesbergs kommun, gata"),
            ("road", "Enskild väghållare"),
            ("snow", "Kommunen"),
            ("water", "BKT, vatten"),
            ("waste", "BKT, avfall"),
        ]
    );
    let road = &answer.duties[0];
    assert_eq!(road.contact.as_ref().unwrap().phone, "0980-319 200");
    assert_eq!(road.data_date.as_deref(), Some("2026-05-11"));
    assert!(answer.duties[1].contact.is_none(), "nobody is registered for private roads");
    assert!(answer.duties[4].from.is_none(), "waste counts in all of the municipality");
}

#[test]
fn an_unknown_keeper_is_not_guessed_by_the_nearest() {
    let (laptop, _dir) = laptop();
    let answer = laptop.duties(at(E + 290.0, N - 20.0), now()).unwrap();
    let roads: Vec<&Duty> = answer.duties.iter().filter(|it| it.duty == "road").collect();
    assert_eq!(roads.len(), 1);
    assert_eq!((roads[0].who.as_str(), roads[0].contact.is_none()), ("", true));
}

#[test]
fn a_network_whose_lease_has_ended_names_nobody() {
    let (laptop, _dir) = laptop();
    let later = Timestamp::parse("2026-06-02T00:00:00Z").unwrap();
    let answer = laptop.duties(at(E + 10.0, N - 21.0), later).unwrap();
    assert!(answer.duties.iter().all(|it| it.duty != "water"), "{:?}", told(&answer.duties));
    assert_eq!(Value::Null.to_string(), "", "an unknown value is an empty key");
}
