use std::collections::BTreeSet;

use faltkarta_changes::{RowValues, canonical_wkb};
use faltkarta_geo::Geometry;
use faltkarta_model::{BlobId, FieldId, GEOMETRY_FIELD, Properties, Value};
use sha2::{Digest as _, Sha256};

use crate::error::StoreError;

/// First half of a SHA-256: of a row, or of the chain.
pub(crate) type Hash16 = [u8; 16];

/// The values of a row as columns hold them: geometry apart, the rest as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Content {
    pub(crate) wkb: Option<Vec<u8>>,
    pub(crate) properties: String,
    pub(crate) blobs: String,
}

impl Content {
    /// From values by field, the geometry among them. A value under `geometry` that is none is dropped.
    pub(crate) fn of(values: &RowValues, blobs: &BTreeSet<BlobId>) -> Self {
        let mut properties = values.clone();
        let geometry = FieldId::parse(GEOMETRY_FIELD).ok().and_then(|it| properties.remove(&it));
        let wkb = match geometry {
            Some(Value::Geometry(geometry)) => Some(geometry.into_wkb()),
            _ => None,
        };
        Self { wkb, properties: properties_json(&properties), blobs: blobs_json(blobs) }
    }

    /// Hash of the row as the feed's chain takes it.
    pub(crate) fn hash(&self, is_deleted: bool) -> Hash16 {
        let mut hasher = Sha256::new();
        hasher.update([u8::from(is_deleted), u8::from(self.wkb.is_some())]);
        if let Some(geometry) = self.wkb.as_ref().and_then(|it| Geometry::from_wkb(it.clone()).ok())
        {
            let canonical = canonical_wkb(&geometry);
            hasher.update((canonical.len() as u64).to_le_bytes());
            hasher.update(canonical);
        }
        hasher.update((self.properties.len() as u64).to_le_bytes());
        hasher.update(&self.properties);
        hasher.update(&self.blobs);
        first_half(&hasher.finalize().into())
    }

    /// The beginning of a hash over place and values, by which a reader knows a version again. Attachments do not count.
    pub(crate) fn fingerprint(&self) -> [u8; 8] {
        let mut hasher = Sha256::new();
        hasher.update((self.wkb.as_ref().map_or(u64::MAX, |it| it.len() as u64)).to_le_bytes());
        hasher.update(self.wkb.as_deref().unwrap_or_default());
        hasher.update(&self.properties);
        let mut fingerprint = [0; 8];
        fingerprint.copy_from_slice(&hasher.finalize()[..8]);
        fingerprint
    }

    /// The bytes of the geometry that the hash is made of, when they are others than it came with.
    pub(crate) fn canonical(&self) -> Option<Vec<u8>> {
        let geometry = Geometry::from_wkb(self.wkb.clone()?).ok()?;
        let canonical = canonical_wkb(&geometry);
        (canonical != geometry.wkb()).then_some(canonical)
    }

    pub(crate) fn geometry(&self) -> Result<Option<Geometry>, StoreError> {
        self.wkb.clone().map(Geometry::from_wkb).transpose().map_err(StoreError::damaged)
    }

    pub(crate) fn properties(&self) -> Result<Properties, StoreError> {
        serde_json::from_str(&self.properties).map_err(StoreError::damaged)
    }

    pub(crate) fn blobs(&self) -> Result<BTreeSet<BlobId>, StoreError> {
        serde_json::from_str(&self.blobs).map_err(StoreError::damaged)
    }

    /// All values by field, the geometry among them.
    pub(crate) fn values(&self) -> Result<RowValues, StoreError> {
        let mut values = self.properties()?;
        if let (Some(geometry), Ok(field)) = (self.geometry()?, FieldId::parse(GEOMETRY_FIELD)) {
            values.insert(field, Value::Geometry(geometry));
        }
        Ok(values)
    }
}

/// The JSON of properties, nulls left out.
pub(crate) fn properties_json(properties: &Properties) -> String {
    let json = if properties.values().any(Value::is_null) {
        let held: Vec<_> = properties.iter().filter(|(_, it)| !it.is_null()).collect();
        let held: std::collections::BTreeMap<_, _> = held.into_iter().collect();
        serde_json::to_string(&held)
    } else {
        serde_json::to_string(properties)
    };
    // Text keys and finite numbers always serialize.
    json.unwrap_or_else(|_| "{}".to_owned())
}

pub(crate) fn blobs_json(blobs: &BTreeSet<BlobId>) -> String {
    serde_json::to_string(blobs).unwrap_or_else(|_| "[]".to_owned())
}

pub(crate) fn first_half(digest: &[u8; 32]) -> Hash16 {
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    half
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_back_as_written_and_nulls_are_left_out() {
        let field = |it: &str| FieldId::parse(it).unwrap();
        let values = RowValues::from([
            (field("geometry"), Value::Geometry(Geometry::point(1.0, 2.0))),
            (field("nummer"), Value::Text("AV-118".into())),
        ]);
        let mut with_null = values.clone();
        with_null.insert(field("typ"), Value::Null);
        let blobs = BTreeSet::from([BlobId::from_digest([1; 32])]);
        let content = Content::of(&with_null, &blobs);
        assert_eq!(content.values().unwrap(), values);
        assert_eq!(content.blobs().unwrap(), blobs);
        assert_eq!(content.hash(false), Content::of(&values, &blobs).hash(false));
        assert_ne!(content.hash(false), content.hash(true));
    }
}
