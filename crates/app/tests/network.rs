//! Shut-offs, traces and rounds of valves with the real declarations, on a street with a few faults.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use faltkarta_app::{
    AppError, Asked, Direction, Edit, Field, NoAnswer, RoundBy, ShutoffAsked, ShutoffPlan, WhyNot,
};
use faltkarta_geo::Geometry;
use faltkarta_model::{Feature, FeatureId, Timestamp, Value};
use geo_types::{LineString, Polygon};
use support::{Counting, at, dataset, field, id_of, now, open, package_of, text};
use tempfile::TempDir;

const E: f64 = 162_000.0;
const N: f64 = 6_608_000.0;

macro_rules! declared {
    ($name:literal, $date:expr) => {
        ($name, include_str!(concat!("../../../data/datasets/", $name, ".toml")), $date)
    };
}

const DECLARED: [(&str, &str, Option<&str>); 12] = [
    declared!("address", Some("2026-05-12")),
    declared!("building", Some("2026-05-12")),
    declared!("hydrant", Some("2026-05-18")),
    declared!("manhole", Some("2026-05-18")),
    declared!("parcel", Some("2026-05-12")),
    declared!("service_connection", Some("2026-05-18")),
    declared!("service_pipe", Some("2026-05-18")),
    declared!("sewer_pipe", Some("2026-05-18")),
    declared!("storm_pipe", None),
    declared!("valve", Some("2026-05-18")),
    declared!("water_installation", Some("2026-05-18")),
    declared!("water_pipe", Some("2026-05-17")),
];

fn line(path: &[(f64, f64)]) -> Geometry {
    let path: LineString<f64> = path.iter().map(|it| (E + it.0, N + it.1)).collect();
    Geometry::from_types(&path.into())
}

fn point(e: f64, n: f64) -> Geometry {
    Geometry::point(E + e, N + n)
}

fn area(e: f64, n: f64, side: f64) -> Geometry {
    let ring: Vec<(f64, f64)> =
        [(e, n), (e + side, n), (e + side, n + side), (e, n + side), (e, n)]
            .into_iter()
            .map(|it| (E + it.0, N + it.1))
            .collect();
    Geometry::from_types(&Polygon::new(ring.into(), vec![]).into())
}

fn feature(name: &str, identity: &str, geometry: Geometry, values: &[(&str, Value)]) -> Feature {
    Feature {
        id: id_of(name, identity),
        dataset: dataset(name),
        version: 1,
        geometry: Some(geometry),
        properties: values.iter().map(|(it, value)| (field(it), value.clone())).collect(),
    }
}

fn main_pipe(name: &str, path: &[(f64, f64)], status: &str) -> Feature {
    let values = [
        ("ledning_id", text(name)),
        ("klass", text("V")),
        ("dimension", Value::Int(100)),
        ("status", text(status)),
    ];
    feature("water_pipe", name, line(path), &values)
}

fn valve(number: &str, e: f64, on: &str, function: &str, exercised: Option<&str>) -> Feature {
    let values = [
        ("nummer", text(number)),
        ("ventil_id", text(number)),
        ("lage", text("öppen")),
        ("funktion", text(function)),
        ("stangriktning", text("hö")),
        ("antal_varv", Value::Int(14)),
        ("ledning", text(on)),
        ("senast_motionerad", exercised.map_or(Value::Null, text)),
    ];
    feature("valve", number, point(e, 0.0), &values)
}

fn connection(name: &str, e: f64, property: &str) -> [Feature; 2] {
    let values = [
        ("servis_id", text(name)),
        ("klass", text("SV")),
        ("dimension", Value::Int(32)),
        ("status", text("i drift")),
    ];
    let property = if property.is_empty() { Value::Null } else { text(property) };
    [
        feature("service_pipe", name, line(&[(e, 0.0), (e, 9.0)]), &values),
        feature(
            "service_connection",
            name,
            point(e, 9.0),
            &[("fp_id", text(name)), ("property_ref", property)],
        ),
    ]
}

/// From a reservoir at 0 three mains of 100 m, with valves at 100 m, 200 m and 250 m. On each a service; on the second
/// a school, on the third a property without an address of its own. Beside them lies a main that was given up.
fn street() -> Vec<Feature> {
    let address = |number: &str, e: f64, property: &str| {
        let property = if property.is_empty() { Value::Null } else { text(property) };
        feature(
            "address",
            number,
            point(e, 20.0),
            &[
                ("street", text("Kungsgatan")),
                ("house_number", text(number)),
                ("kommunkod", text("1885")),
                ("property_ref", property),
            ],
        )
    };
    let parcel = |name: &str, e: f64| {
        feature(
            "parcel",
            name,
            area(e, 10.0, 40.0),
            &[
                ("designation", text(name)),
                ("municipality", text("Lindesberg")),
                ("kommunkod", text("1885")),
                ("property_ref", text(name)),
            ],
        )
    };
    let school = [
        ("kind", text("Samhällsfunktion")),
        ("purpose", text("Samhällsfunktion;Skola")),
        ("name", text("Granåsskolan")),
    ];
    let mut features = vec![
        main_pipe("V1", &[(0.0, 0.0), (100.0, 0.0)], "i drift"),
        main_pipe("V2", &[(100.0, 0.0), (200.0, 0.0)], "i drift"),
        main_pipe("V3", &[(200.0, 0.0), (300.0, 0.0)], "i drift"),
        main_pipe("V9", &[(0.0, -2.0), (300.0, -2.0)], "slopad"),
        valve("AV-1", 100.0, "V1", "fungerar", Some("2025-05-19")),
        valve("AV-2", 200.0, "V2", "fungerar", Some("2024-05-19")),
        valve("AV-3", 250.0, "V3", "okänd", None),
        feature(
            "hydrant",
            "BP-1",
            point(150.0, 0.0),
            &[
                ("nummer", text("BP 1")),
                ("brandpost_id", text("BP-1")),
                ("status", text("i drift")),
                ("ledning", text("V2")),
            ],
        ),
        feature(
            "water_installation",
            "A1",
            point(0.0, 0.0),
            &[("namn", text("Högåsen")), ("anlaggning_id", text("A1")), ("typ", text("Reservoar"))],
        ),
        address("2", 40.0, "RYA 1:1"),
        address("10", 140.0, "RYA 1:2"),
        address("9", 145.0, "RYA 1:2"),
        address("14", 270.0, ""),
        parcel("RYA 1:1", 20.0),
        parcel("RYA 1:2", 120.0),
        feature("building", "b1", area(125.0, 15.0, 20.0), &school),
        feature(
            "sewer_pipe",
            "S1",
            line(&[(0.0, -4.0), (100.0, -4.0)]),
            &[
                ("ledning_id", text("S1")),
                ("klass", text("S")),
                ("vg_in", Value::Real(50.0)),
                ("vg_ut", Value::Real(50.4)),
            ],
        ),
        feature(
            "sewer_pipe",
            "S2",
            line(&[(100.0, -4.0), (180.0, -4.0)]),
            &[("ledning_id", text("S2")), ("klass", text("S"))],
        ),
        feature(
            "manhole",
            "SNB-1",
            point(100.0, -4.0),
            &[("nummer", text("SNB-1")), ("brunn_id", text("SNB-1")), ("typ", text("SNB"))],
        ),
    ];
    features.extend(connection("FP1", 40.0, "RYA 1:1"));
    features.extend(connection("FP2", 140.0, "RYA 1:2"));
    features.extend(connection("FP3", 270.0, ""));
    features
}

struct Laptop {
    _dir: TempDir,
    field: Field,
}

impl Laptop {
    fn new(features: &[Feature]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let made = package_of(1, &DECLARED, features);
        let mut field = open(dir.path());
        field.install_package(made.dir.path(), made.manifest, &mut |_| {}).unwrap();
        Self { _dir: dir, field }
    }

    fn isolate(&self, place: Asked) -> ShutoffPlan {
        self.field.isolate(&asked(place), now()).unwrap()
    }
}

fn asked(place: Asked) -> ShutoffAsked {
    ShutoffAsked { places: vec![place], inoperable: vec![], trusts_unknown: false }
}

fn on(name: &str) -> Asked {
    Asked::Feature(id_of("water_pipe", name))
}

fn valves(plan: &ShutoffPlan) -> Vec<&str> {
    plan.valves.iter().map(|it| it.valve.label.as_str()).collect()
}

fn addresses(plan: &ShutoffPlan) -> Vec<(&str, bool, bool)> {
    let row = |it: &faltkarta_app::AffectedAddress| (it.is_cut_off, it.nearest_m.is_some());
    let rows = plan.customers.addresses.iter();
    rows.map(|it| (it.address.label.as_str(), row(it).0, row(it).1)).collect()
}

#[test]
fn a_shut_off_names_valves_addresses_and_the_school_that_must_be_told() {
    let plan = Laptop::new(&street()).isolate(on("V2"));
    assert_eq!(valves(&plan), ["Ventil AV-1", "Ventil AV-2"]);
    assert_eq!(plan.valves[0].how, "stänger Höger, 14 varv");
    assert_eq!(plan.valves[0].exercised.as_deref(), Some("2025-05-19"));
    assert_eq!((plan.valves[0].distance_m, plan.valves[0].is_needed), (50.0, true));
    assert!(!plan.valves[1].is_needed, "behind it is nothing but what is cut off");
    // The property names two addresses; the third connection names none, and the nearest is said to be only that.
    assert_eq!(
        addresses(&plan),
        [
            ("Kungsgatan 9", false, false),
            ("Kungsgatan 10", false, false),
            ("Kungsgatan 14", true, true),
        ]
    );
    let sensitive: Vec<(&str, &str)> = plan
        .customers
        .sensitive
        .iter()
        .map(|it| (it.class.class.as_str(), it.place.as_str()))
        .collect();
    assert_eq!(sensitive.len(), 1);
    assert_eq!(sensitive[0].0, "school");
    assert!(!sensitive[0].1.contains("Granås"), "a class and a place, never a name: {sensitive:?}");
    assert_eq!(plan.dry.hydrants[0].label, "Brandpost BP 1");
    assert_eq!((plan.dry.mains_m, plan.cut_off.mains_m), (100.0, 100.0));
    assert_eq!(plan.dry.pipes.len(), 2);
    assert_eq!(plan.data_date.as_deref(), Some("2026-05-17"));
    assert!(
        plan.warnings.is_empty() && plan.silent.is_empty(),
        "{:?} {:?}",
        plan.warnings,
        plan.silent
    );
}

#[test]
fn a_point_asks_about_the_pipe_in_use_near_it() {
    let laptop = Laptop::new(&street());
    // Nearer is the main that was given up.
    let plan = laptop.isolate(Asked::Point(at(E + 230.0, N - 1.9)));
    assert_eq!(valves(&plan), ["Ventil AV-2"]);
    let far = laptop.field.isolate(&asked(Asked::Point(at(E + 100.0, N + 500.0))), now());
    assert!(
        matches!(far, Err(AppError::NoPipeNear { distance_m: Some(it), .. }) if it > 400.0),
        "{far:?}"
    );
    let given_up = laptop.field.isolate(&asked(on("V9")), now()).unwrap_err();
    assert_eq!(given_up.code(), "not_on_network");
    let parcel = Asked::Feature(id_of("parcel", "RYA 1:1"));
    assert_eq!(laptop.field.isolate(&asked(parcel), now()).unwrap_err().code(), "not_on_network");
}

#[test]
fn unknown_and_inoperable_valves_are_passed_over() {
    let laptop = Laptop::new(&street());
    let plan = laptop.isolate(on("V3"));
    assert_eq!(plan.passed_over.len(), 1);
    assert_eq!(
        (plan.passed_over[0].0.label.as_str(), plan.passed_over[0].1),
        ("Ventil AV-3", WhyNot::Unknown)
    );
    let place = Asked::Point(at(E + 290.0, N));
    let trusting = ShutoffAsked { trusts_unknown: true, ..asked(place) };
    assert_eq!(valves(&laptop.field.isolate(&trusting, now()).unwrap()), ["Ventil AV-3"]);
    let inoperable = vec![id_of("valve", "AV-2")];
    let told = ShutoffAsked { inoperable, ..asked(on("V2")) };
    let plan = laptop.field.isolate(&told, now()).unwrap();
    assert_eq!(valves(&plan), ["Ventil AV-1"]);
    let pipe = ShutoffAsked { inoperable: vec![id_of("water_pipe", "V1")], ..asked(on("V2")) };
    assert_eq!(laptop.field.isolate(&pipe, now()).unwrap_err().code(), "not_on_network");
}

#[test]
fn edits_that_wait_to_be_sent_count_at_once() {
    let mut laptop = Laptop::new(&street());
    assert_eq!(valves(&laptop.isolate(on("V1"))), ["Ventil AV-1"]);
    let id = id_of("valve", "AV-1");
    let mut ids = Counting(7);
    let mut edit = |edit: Edit| {
        laptop.field.edit(&dataset("valve"), edit, now(), &mut ids).unwrap();
        laptop.field.isolate(&asked(on("V1")), now()).unwrap()
    };
    let values = [(field("funktion"), text("ej stängbar"))].into();
    let stuck = edit(Edit::Update { id, geometry: None, values });
    assert_eq!((valves(&stuck), stuck.passed_over[0].1), (vec!["Ventil AV-2"], WhyNot::Stuck));
    let gone = edit(Edit::Delete { id: id_of("valve", "AV-2") });
    assert_eq!(valves(&gone), [] as [&str; 0]);
    let values = [
        (field("nummer"), text("AV-77")),
        (field("ventil_id"), text("AV-77")),
        (field("funktion"), text("fungerar")),
    ];
    edit(Edit::Create { geometry: Some(point(60.0, 0.0)), values: values.into() });
    let beyond = laptop.isolate(Asked::Point(at(E + 90.0, N)));
    assert_eq!(valves(&beyond), ["Ventil AV-77"], "it divides the pipe where it was put");
}

#[test]
fn a_laptop_without_the_network_says_so() {
    let laptop = Laptop::new(&street());
    let after_lease = Timestamp::parse("2026-06-02T00:00:00Z").unwrap();
    let locked = laptop.field.isolate(&asked(Asked::Point(at(E, N))), after_lease).unwrap_err();
    assert!(matches!(&locked, AppError::NetworkSilent { reason: "locked", .. }), "{locked}");
    let bare = package_of(1, &[declared!("parcel", Some("2026-05-12"))], &[]);
    let dir = tempfile::tempdir().unwrap();
    let mut field = open(dir.path());
    field.install_package(bare.dir.path(), bare.manifest, &mut |_| {}).unwrap();
    let none = field.isolate(&asked(Asked::Point(at(E, N))), now()).unwrap_err();
    assert_eq!(none.code(), "network_not_found");
    // Everything but the buildings: the plan holds, and says that it cannot name who must be told.
    let mut dates = DECLARED;
    dates[1].2 = None;
    let features: Vec<Feature> =
        street().into_iter().filter(|it| it.dataset != dataset("building")).collect();
    let made = package_of(1, &dates, &features);
    let dir = tempfile::tempdir().unwrap();
    let mut field = open(dir.path());
    field.install_package(made.dir.path(), made.manifest, &mut |_| {}).unwrap();
    let plan = field.isolate(&asked(on("V2")), now()).unwrap();
    let silent: Vec<(&str, NoAnswer)> =
        plan.silent.iter().map(|it| (it.dataset.as_str(), it.reason)).collect();
    assert_eq!(silent, [("building", NoAnswer::Missing)]);
    let storm = Asked::Feature(id_of("water_pipe", "V1"));
    assert_eq!(
        field.trace(storm, Direction::Upstream, now()).unwrap_err().code(),
        "network_silent"
    );
}

#[test]
fn a_gap_is_named_with_its_place() {
    let mut features = street();
    features[1] = main_pipe("V2", &[(100.3, 0.0), (200.0, 0.0)], "i drift");
    let plan = Laptop::new(&features).isolate(on("V1"));
    assert!(plan.is_at_least);
    let gap = &plan.warnings[0];
    assert_eq!((gap.kind.as_str(), gap.at_m), ("gap", Some((E + 100.0, N))));
    assert_eq!(gap.pipe.as_ref().unwrap().label, "Vatten 100");
}

#[test]
fn a_trace_follows_the_sewer_under_a_point_and_tells_of_a_pipe_drawn_uphill() {
    let laptop = Laptop::new(&street());
    let place = Asked::Point(at(E + 150.0, N - 4.5));
    let up = laptop.field.trace(place, Direction::Upstream, now()).unwrap();
    assert_eq!(up.network, "sewer");
    let pipes: Vec<FeatureId> = up.pipes.iter().map(|it| it.0).collect();
    assert_eq!(pipes, [id_of("sewer_pipe", "S2"), id_of("sewer_pipe", "S1")]);
    assert_eq!(
        up.fittings.iter().map(|it| (it.0.label.as_str(), it.1)).collect::<Vec<_>>(),
        [("Brunn SNB-1", 50.0)]
    );
    assert_eq!(up.warnings[0].kind.as_str(), "against_fall");
    let down = laptop.field.trace(place, Direction::Downstream, now()).unwrap();
    assert_eq!(down.ends_m, [(E + 180.0, N - 4.0)]);
}

#[test]
fn segments_and_rounds_name_features() {
    let laptop = Laptop::new(&street());
    let segments = laptop.field.segments(now()).unwrap();
    let told: Vec<(usize, usize, usize)> =
        segments.iter().map(|it| (it.pipes.len(), it.valves.len(), it.connections.len())).collect();
    assert_eq!(told, [(2, 1, 1), (2, 2, 1), (2, 1, 1)]);
    let round = |by| -> Vec<(String, Option<u32>, u32)> {
        let due = laptop.field.valve_round(by, now()).unwrap();
        due.into_iter().map(|it| (it.label, it.days, it.connections_lost)).collect()
    };
    assert_eq!(
        round(RoundBy::Days),
        [
            ("Ventil AV-3".to_owned(), None, 1),
            ("Ventil AV-2".to_owned(), Some(730), 2),
            ("Ventil AV-1".to_owned(), Some(365), 2),
        ]
    );
    assert_eq!(round(RoundBy::Critical)[2].0, "Ventil AV-3");
}
