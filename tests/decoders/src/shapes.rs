//! Geometries and values.

use faltkarta_changes::{canonical_wkb, is_same_value};
use faltkarta_geo::Geometry;
use faltkarta_model::Value;

pub(crate) fn value(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return };
    let written = serde_json::to_vec(&value).unwrap_or_default();
    let again: Option<Value> = serde_json::from_slice(&written).ok();
    assert!(again.is_some_and(|it| is_same_value(&it, &value)), "{value:?}");
}

pub(crate) fn wkb(bytes: &[u8]) {
    let Ok(geometry) = Geometry::from_wkb(bytes.to_vec()) else { return };
    assert_eq!(geometry.wkb(), bytes);
    let mut n = 0u64;
    geometry.for_each_xy(|_, _| n += 1);
    assert_eq!(geometry.bounds().is_some(), n > 0);
    geometry.visit(|_| {});
    geometry.for_each_path(|_, _| {});
    let _ = geometry.to_types();
    let _ = geometry.kind();
    assert_eq!(geometry.map_xy(|x, y| (x, y)).wkb().len(), bytes.len());
    // The canonical bytes are a geometry again, and their own canonical ones.
    let canonical = canonical_wkb(&geometry);
    let again = Geometry::from_wkb(canonical.clone());
    assert_eq!(again.map(|it| canonical_wkb(&it)), Ok(canonical));
}
