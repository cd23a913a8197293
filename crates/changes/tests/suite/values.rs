//! When two values are the same.

use faltkarta_changes::{canonical_wkb, is_same_in, is_same_value};
use faltkarta_geo::Geometry;
use faltkarta_model::{FieldId, GEOMETRY_FIELD, Value};

use crate::support::{PLAIN, SCHEMA, field, list, point, text};

/// A point or a line written by hand: byte order mark, type code, ordinates.
fn shape(little: bool, code: u32, n_vertices: Option<u32>, ordinates: &[f64]) -> Geometry {
    let mut wkb = vec![u8::from(little)];
    let mut number = |it: u32| {
        wkb.extend_from_slice(&if little { it.to_le_bytes() } else { it.to_be_bytes() });
    };
    number(code);
    if let Some(n) = n_vertices {
        number(n);
    }
    for it in ordinates {
        wkb.extend_from_slice(&if little { it.to_le_bytes() } else { it.to_be_bytes() });
    }
    Geometry::from_wkb(wkb).unwrap()
}

fn geometry() -> FieldId {
    field(GEOMETRY_FIELD)
}

#[track_caller]
fn check_within(a: Geometry, b: Geometry, is_same: bool) {
    let (a, b) = (Value::Geometry(a), Value::Geometry(b));
    assert_eq!(is_same_in(&*SCHEMA, &geometry(), &a, &b), is_same);
    assert_eq!(is_same_in(&*SCHEMA, &geometry(), &b, &a), is_same);
}

#[test]
fn byte_order_does_not_make_a_shape_another_one() {
    let little = Value::Geometry(shape(true, 1, None, &[1.5, 0.0]));
    let big = |y: f64| Value::Geometry(shape(false, 1, None, &[1.5, y]));
    assert!(is_same_value(&little, &big(-0.0)));
    assert!(!is_same_value(&little, &big(0.001)));
}

#[test]
fn marks_of_postgis_and_iso_codes_name_the_same_dimensions() {
    let canonical =
        |code: u32, ordinates: &[f64]| canonical_wkb(&shape(true, code, None, ordinates));
    let (three, four) = ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(canonical(0x8000_0001, &three), canonical(1001, &three));
    assert_eq!(canonical(0x4000_0001, &three), canonical(2001, &three));
    assert_eq!(canonical(0xc000_0001, &four), canonical(3001, &four));
    assert_ne!(canonical(1001, &three), canonical(2001, &three));
    // Where both stand, the ISO code counts, as it does when the geometry is checked.
    let (marked_m, marked_z) = (0x4000_0000 + 1001, 0x8000_0000 + 2001);
    assert_eq!(canonical(marked_m, &three), canonical(1001, &three));
    assert_eq!(canonical(marked_z, &three), canonical(2001, &three));
}

#[test]
fn canonical_bytes_of_every_shape_are_those_of_the_shape() {
    // A collection of a polygon with two rings and a line, all little endian ISO.
    let mut wkb = vec![1, 7, 0, 0, 0, 2, 0, 0, 0, 1, 3, 0, 0, 0, 2, 0, 0, 0];
    for _ in 0..2 {
        wkb.extend_from_slice(&4u32.to_le_bytes());
        for ordinate in [0.0f64, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0] {
            wkb.extend_from_slice(&ordinate.to_le_bytes());
        }
    }
    wkb.extend_from_slice(&[1, 2, 0, 0, 0, 2, 0, 0, 0]);
    for ordinate in [0.0f64, 0.0, 1.0, 0.0] {
        wkb.extend_from_slice(&ordinate.to_le_bytes());
    }
    let collection = Geometry::from_wkb(wkb).unwrap();
    assert_eq!(canonical_wkb(&collection), collection.wkb());
    let with_all = shape(true, 3002, Some(2), &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    assert_eq!(canonical_wkb(&with_all), with_all.wkb());
}

#[test]
fn an_empty_point_is_an_empty_point() {
    let odd = f64::from_bits(0x7ff8_0000_0000_0001);
    let empty = |nan: f64| Value::Geometry(shape(true, 1, None, &[nan, nan]));
    assert!(is_same_value(&empty(f64::NAN), &empty(odd)));
    assert!(is_same_in(&*SCHEMA, &geometry(), &empty(f64::NAN), &empty(odd)));
    assert!(!is_same_in(&*SCHEMA, &geometry(), &empty(odd), &point(0.0, 0.0)));
}

#[test]
fn a_whole_and_a_decimal_number_are_the_same_when_they_name_one_number() {
    assert!(is_same_value(&Value::Int(5), &Value::Real(5.0)));
    assert!(is_same_value(&Value::Real(-5.0), &Value::Int(-5)));
    assert!(!is_same_value(&Value::Int(5), &Value::Real(5.5)));
    assert!(!is_same_value(&Value::Int(5), &Value::Int(6)));
    assert!(!is_same_value(&Value::Int(5), &text("5")));
    // 2^53 + 1 has no decimal number of its own; its neighbour must not pass for it.
    let near = 9_007_199_254_740_992;
    assert!(is_same_value(&Value::Int(near), &Value::Real(9_007_199_254_740_992.0)));
    assert!(!is_same_value(&Value::Int(near + 1), &Value::Real(9_007_199_254_740_992.0)));
    assert!(!is_same_value(&Value::Int(i64::MAX), &Value::Real(9_223_372_036_854_775_808.0)));
}

#[test]
fn a_tolerance_widens_what_is_the_same_up_to_its_edge_in_every_ordinate_of_length() {
    let line = |x: f64, z: f64| shape(true, 1002, Some(2), &[0.0, 0.0, 0.0, x, 1.0, z]);
    check_within(line(0.0, 0.0), line(0.000_9, 0.000_9), true);
    check_within(line(0.0, 0.0), line(-0.001, 0.0), true);
    check_within(line(0.0, 0.0), line(0.001_1, 0.0), false);
    check_within(line(0.0, 0.0), line(0.0, 0.001_1), false);
    let infinite = line(0.0, f64::INFINITY);
    check_within(infinite.clone(), line(0.000_5, f64::INFINITY), true);
    check_within(infinite, line(0.0, 0.0), false);
}

#[test]
fn a_measure_is_not_a_length_and_has_no_tolerance() {
    let point = |x: f64, m: f64| shape(true, 2001, None, &[x, 0.0, m]);
    check_within(point(0.0, 7.0), point(0.000_5, 7.0), true);
    check_within(point(0.0, 7.0), point(0.0, 7.000_1), false);
    check_within(point(0.0, f64::NAN), point(0.000_5, f64::NAN), true);
}

#[test]
fn a_tolerance_never_makes_different_structures_the_same() {
    let line = shape(true, 2, Some(2), &[0.0, 0.0, 0.0, 0.0]);
    let longer = shape(true, 2, Some(3), &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    check_within(line.clone(), longer, false);
    check_within(Geometry::point(0.0, 0.0), shape(true, 1001, None, &[0.0, 0.0, 0.0]), false);
    // Two vertices as a line and as a multipoint of nothing: lengths differ, and types do.
    check_within(line, Geometry::from_wkb(vec![1, 4, 0, 0, 0, 0, 0, 0, 0]).unwrap(), false);
    let near = (Value::Geometry(Geometry::point(0.0, 0.0)), point(0.000_5, 0.0));
    assert!(!is_same_in(&*PLAIN, &geometry(), &near.0, &near.1));
}

#[test]
fn lists_that_are_merged_as_sets_are_the_same_in_any_order() {
    let tags = field("tags");
    assert!(is_same_in(&*SCHEMA, &tags, &list(&["a", "b"]), &list(&["b", "a"])));
    assert!(is_same_in(&*SCHEMA, &tags, &list(&[]), &Value::Null));
    assert!(!is_same_in(&*SCHEMA, &tags, &list(&["a", "b"]), &list(&["a"])));
    assert!(!is_same_in(&*SCHEMA, &tags, &list(&["a"]), &list(&["a", "b"])));
    assert!(!is_same_in(&*SCHEMA, &tags, &list(&["a"]), &text("a")));
    assert!(!is_same_in(&*SCHEMA, &field("codes"), &list(&["a", "b"]), &list(&["b", "a"])));
}
