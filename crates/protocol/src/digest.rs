use faltkarta_changes::canonical_wkb;
use faltkarta_geo::Geometry;
use faltkarta_model::{DatasetId, FeatureId, Properties};
use sha2::{Digest as _, Sha256};

use crate::subscription::DatasetDigest;

/// Hash of a row that is not deleted, as store and laptop both can make it: the first 16 bytes of SHA-256 over
///
/// 1. the feature's id, 16 bytes;
/// 2. the version, 4 bytes, least significant first;
/// 3. the length of the geometry's canonical well-known binary, 8 bytes, least significant first, and these bytes;
///    length 0 when there is no geometry;
/// 4. the JSON of the properties, keys sorted, nulls left out.
///
/// Attachments are left out: a change of them makes a new version.
pub fn row_hash(
    feature: FeatureId,
    version: u32,
    geometry: Option<&Geometry>,
    properties: &Properties,
) -> [u8; 16] {
    let wkb = geometry.map(canonical_wkb).unwrap_or_default();
    let mut hasher = Sha256::new();
    hasher.update(feature.as_bytes());
    hasher.update(version.to_le_bytes());
    hasher.update((wkb.len() as u64).to_le_bytes());
    hasher.update(&wkb);
    let held: std::collections::BTreeMap<_, _> =
        properties.iter().filter(|(_, it)| !it.is_null()).collect();
    // Text keys and finite numbers always serialize.
    hasher.update(serde_json::to_vec(&held).unwrap_or_default());
    let digest: [u8; 32] = hasher.finalize().into();
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    half
}

/// Count and XOR of the hashes of rows, in any order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowSum {
    n_rows: u64,
    xor: u128,
}

impl RowSum {
    /// Adds the hash of a row; see [`row_hash`].
    pub fn add(&mut self, hash: [u8; 16]) {
        self.n_rows += 1;
        self.xor ^= u128::from_be_bytes(hash);
    }

    /// The sum as the wire carries it.
    pub fn digest(&self, dataset: DatasetId) -> DatasetDigest {
        DatasetDigest { dataset, n_rows: self.n_rows, xor: format!("{:032x}", self.xor) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use faltkarta_model::{FieldId, Value};
    use std::collections::BTreeMap;

    fn properties() -> Properties {
        BTreeMap::from([
            (FieldId::parse("nummer").unwrap(), Value::Text("AV-118".into())),
            (FieldId::parse("djup").unwrap(), Value::Real(1.85)),
        ])
    }

    fn feature() -> FeatureId {
        FeatureId::from_uuid(uuid::Uuid::from_u128(3))
    }

    fn hex_of(hash: [u8; 16]) -> String {
        format!("{:032x}", u128::from_be_bytes(hash))
    }

    #[test]
    fn a_row_has_the_hash_that_it_always_had() {
        let place = Geometry::point(162_914.167, 6_608_920.569);
        let hash = row_hash(feature(), 4, Some(&place), &properties());
        assert_eq!(hex_of(hash), "fe9178dfe13829015fafc72ff590ba5c");
        assert_eq!(
            hex_of(row_hash(feature(), 1, None, &Properties::new())),
            "d6227b3d4f1b08abcd8def8e0a307531"
        );
    }

    #[test]
    fn a_null_is_the_same_as_no_value_and_everything_else_counts() {
        let place = Geometry::point(1.0, 2.0);
        let hash = row_hash(feature(), 4, Some(&place), &properties());
        let mut with_null = properties();
        with_null.insert(FieldId::parse("typ").unwrap(), Value::Null);
        assert_eq!(row_hash(feature(), 4, Some(&place), &with_null), hash);
        let other = FeatureId::from_uuid(uuid::Uuid::from_u128(4));
        assert_ne!(row_hash(other, 4, Some(&place), &properties()), hash);
        assert_ne!(row_hash(feature(), 5, Some(&place), &properties()), hash);
        assert_ne!(row_hash(feature(), 4, None, &properties()), hash);
        with_null.insert(FieldId::parse("typ").unwrap(), Value::Bool(false));
        assert_ne!(row_hash(feature(), 4, Some(&place), &with_null), hash);
    }

    #[test]
    fn a_sum_does_not_know_the_order_and_tells_a_missing_row() {
        let (mut a, mut b) = (RowSum::default(), RowSum::default());
        for hash in [[1; 16], [2; 16], [7; 16]] {
            a.add(hash);
        }
        for hash in [[7; 16], [1; 16], [2; 16]] {
            b.add(hash);
        }
        assert_eq!(a, b);
        b.add([9; 16]);
        let valve = DatasetId::parse("valve").unwrap();
        assert_ne!(a.digest(valve.clone()), b.digest(valve.clone()));
        assert_eq!(a.digest(valve).xor, "04".repeat(16));
    }
}
