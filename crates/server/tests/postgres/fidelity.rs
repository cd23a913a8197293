//! Bytes come back as they were, whatever PostGIS and JSON make of them.

use std::collections::BTreeMap;

use faltkarta_changes::OperationKind;
use faltkarta_geo::Geometry;
use faltkarta_model::{FeatureId, Value};
use faltkarta_server::GeodataStore as _;
use uuid::Uuid;

use crate::cluster::Cluster;
use crate::harness::{Laptop, kinds, text};
use crate::town::Town;

/// Well-known binary, little endian unless `is_big`.
fn wkb(code: u32, counts: &[u32], ordinates: &[f64], is_big: bool) -> Vec<u8> {
    let mut bytes = vec![u8::from(!is_big)];
    let mut add_u32 = |it: u32| {
        bytes.extend_from_slice(&if is_big { it.to_be_bytes() } else { it.to_le_bytes() });
    };
    add_u32(code);
    for it in counts {
        add_u32(*it);
    }
    for it in ordinates {
        bytes.extend_from_slice(&if is_big { it.to_be_bytes() } else { it.to_le_bytes() });
    }
    bytes
}

fn shapes() -> Vec<(&'static str, Vec<u8>)> {
    let ring = [0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 0.0, 0.0];
    let bow_tie = [0.0, 0.0, 4.0, 4.0, 4.0, 0.0, 0.0, 4.0, 0.0, 0.0];
    let mut collection = wkb(7, &[2], &[], false);
    collection.extend(wkb(1, &[], &[1.5, 2.5], false));
    collection.extend(wkb(2, &[2], &[0.0, 0.0, 1.0, 1.0], false));
    vec![
        ("point", wkb(1, &[], &[162_914.167_3, 6_608_920.000_000_1], false)),
        ("point with height", wkb(1001, &[], &[162_914.1, 6_608_920.2, 38.75], false)),
        ("point with height as EWKB", wkb(0x8000_0001, &[], &[1.0, 2.0, 3.0], false)),
        ("line with measure", wkb(2002, &[2], &[0.0, 0.0, 0.0, 1.0, 1.0, 1.4], false)),
        ("line with both", wkb(3002, &[2], &[0.0, 0.0, 5.0, 0.0, 1.0, 1.0, 5.5, 1.4], false)),
        ("big endian", wkb(1, &[], &[1.0, 2.0], true)),
        ("negative zero", wkb(1, &[], &[-0.0, 2.0], false)),
        ("empty point", wkb(1, &[], &[f64::NAN, f64::NAN], false)),
        ("empty line", wkb(2, &[0], &[], false)),
        ("polygon", wkb(3, &[1, 4], &ring, false)),
        ("polygon that crosses itself", wkb(3, &[1, 5], &bow_tie, false)),
        (
            "polygon that does not close",
            wkb(3, &[1, 4], &[0.0, 0.0, 4.0, 0.0, 4.0, 4.0, 1.0, 1.0], false),
        ),
        ("line of one vertex", wkb(2, &[1], &[7.0, 8.0], false)),
        ("collection", collection),
    ]
}

#[test]
fn a_geometry_comes_back_byte_for_byte_and_lies_in_its_column_when_postgis_takes_it() {
    let Some(town) = Town::new() else { return };
    let (store, serving) = town.with_valves();
    let mut laptop = Laptop::join(serving.address(), 1);
    let sql = town.sql();
    for (at, (what, bytes)) in shapes().into_iter().enumerate() {
        let feature = FeatureId::from_uuid(Uuid::from_u128(500 + at as u128));
        let shape = Value::Geometry(Geometry::from_wkb(bytes.clone()).unwrap());
        let number = text(&format!("F-{at}"));
        let changes = [("nummer", Value::Null, number), ("geometry", Value::Null, shape)];
        let op = laptop.hand.op(OperationKind::Create, feature, &changes);
        assert_eq!(kinds(&laptop.push(&[op])), ["applied"], "{what}");
        let back = store.feature(feature).unwrap().unwrap().geometry.unwrap();
        assert_eq!(back.wkb(), bytes, "{what}");
        // A second version, so that the first one is read out of the history.
        let op =
            laptop.hand.op(OperationKind::Update, feature, &[("typ", Value::Null, text("servis"))]);
        assert_eq!(kinds(&laptop.push(&[op])), ["applied"], "{what}");
        let is_in_column: bool = sql
            .rows("SELECT geom IS NOT NULL FROM karta.valve WHERE id = $1", &[&feature.uuid()])[0]
            .get(0);
        assert_eq!(
            is_in_column,
            !what.contains("not close") && !what.contains("one vertex"),
            "{what}"
        );
    }
    let told = laptop.pull(1000);
    for (at, (what, bytes)) in shapes().into_iter().enumerate() {
        let feature = FeatureId::from_uuid(Uuid::from_u128(500 + at as u128));
        let rows = told.entries.iter().filter(|it| it.feature == feature);
        for row in rows.map(|it| it.row.as_ref().unwrap()) {
            assert_eq!(
                row.geometry,
                Value::Geometry(Geometry::from_wkb(bytes.clone()).unwrap()),
                "{what}"
            );
        }
    }
    store.verify_feed().unwrap();
    // What SQL does beside a shape leaves its bytes alone.
    sql.run("UPDATE karta.valve SET fabrikat = 'AVK' WHERE nummer LIKE 'F-%'");
    for (at, (what, bytes)) in shapes().into_iter().enumerate() {
        let feature = FeatureId::from_uuid(Uuid::from_u128(500 + at as u128));
        assert_eq!(
            store.feature(feature).unwrap().unwrap().geometry.unwrap().wkb(),
            bytes,
            "{what}"
        );
    }
    store.verify_feed().unwrap();
}

#[test]
fn sql_writes_properties_as_the_store_writes_them() {
    let Some(cluster) = Cluster::shared() else { return };
    let town = Town::in_cluster(cluster);
    let store = town.open();
    let sql = town.sql();
    sql.run("SET search_path = faltkarta, public");
    // A generator of its own, so that a failure is the same on every run.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut numbers: Vec<f64> = vec![
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.1,
        1e15,
        1e16,
        1.5e16,
        9_007_199_254_740_993.0,
        1e-5,
        9.9e-6,
        1e-7,
        1.25e-300,
        f64::MAX,
        f64::MIN_POSITIVE,
        123_456.789,
        1e21,
        1e22,
        5e-324,
        0.000_012_3,
    ];
    numbers.extend((0..3000).map(|_| f64::from_bits(next())).filter(|it| it.is_finite()));
    numbers.extend((0..3000).map(|_| (next() % 10_000_000) as f64 / 1000.0));
    let written = sql.rows(
        "SELECT real_json(it) FROM unnest($1::float8[]) WITH ORDINALITY AS n(it, at) ORDER BY at",
        &[&numbers],
    );
    for (number, row) in numbers.iter().zip(&written) {
        // Nobody measures a negative zero; it is written without its sign.
        assert_eq!(
            row.get::<_, &str>(0),
            serde_json::to_string(&(number + 0.0)).unwrap(),
            "{number:e}"
        );
    }
    let texts = [
        "",
        "å",
        "\"quoted\" \\ /",
        "\u{1}\u{8}\u{c}\n\r\t\u{1f}\u{7f}\u{2028}",
        "😀",
        "NULL",
        "{}",
    ];
    for (at, given) in texts.iter().enumerate() {
        let turns = at as i64;
        let id = sql.rows(
            "INSERT INTO karta.valve(fabrikat, nummer, antal_varv, typ) VALUES ($1, $2, $3, NULL) RETURNING id",
            &[given, &"AV-1", &turns],
        )[0].get::<_, Uuid>(0);
        let stored: String =
            sql.rows("SELECT properties FROM feature WHERE id = $1", &[&id])[0].get(0);
        let expected: BTreeMap<&str, Value> = BTreeMap::from([
            ("nummer", text("AV-1")),
            ("antal_varv", Value::Int(turns)),
            ("fabrikat", text(given)),
        ]);
        assert_eq!(stored, serde_json::to_string(&expected).unwrap());
        let shown: String =
            sql.rows("SELECT fabrikat FROM karta.valve WHERE id = $1", &[&id])[0].get(0);
        assert_eq!(&shown, given);
    }
    store.verify_feed().unwrap();
}

#[test]
fn a_value_of_another_type_than_declared_shows_as_null_and_stays() {
    let Some(town) = Town::new() else { return };
    let (store, serving) = town.with_valves();
    let mut laptop = Laptop::join(serving.address(), 1);
    let feature = FeatureId::from_uuid(Uuid::from_u128(900));
    let changes = [
        ("nummer", Value::Null, text("AV-7")),
        ("dimension", Value::Null, text("ungefär 100")),
        ("senast_motionerad", Value::Null, text("2026-02-31")),
        ("borttaget_falt", Value::Null, Value::Real(1.5)),
    ];
    let op = laptop.hand.op(OperationKind::Create, feature, &changes);
    assert_eq!(kinds(&laptop.push(&[op])), ["applied"]);
    let sql = town.sql();
    let row = sql.rows(
        "SELECT dimension, senast_motionerad::text FROM karta.valve WHERE nummer = 'AV-7'",
        &[],
    );
    assert_eq!(row[0].get::<_, Option<i64>>(0), None);
    assert_eq!(row[0].get::<_, Option<String>>(1), None);
    sql.run("UPDATE karta.valve SET antal_varv = 3 WHERE nummer = 'AV-7'");
    let stored: String = sql
        .rows("SELECT properties FROM faltkarta.feature WHERE id = $1", &[&feature.uuid()])[0]
        .get(0);
    assert_eq!(
        stored,
        r#"{"antal_varv":3,"borttaget_falt":1.5,"dimension":"ungefär 100","nummer":"AV-7","senast_motionerad":"2026-02-31"}"#
    );
    store.verify_feed().unwrap();
}
