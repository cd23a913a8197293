use std::collections::BTreeSet;

use faltkarta_changes::{RowValues, canonical_wkb};
use faltkarta_geo::Geometry;
use faltkarta_model::{BlobId, FeatureId, FieldId, GEOMETRY_FIELD, Properties, Value};
use rusqlite::{Connection, OptionalExtension as _};
use sha2::{Digest as _, Sha256};

use crate::error::StoreError;

/// First half of a SHA-256: of a row, or of the chain.
pub(super) type Hash16 = [u8; 16];

/// A row of `feature`, with values as they are stored.
#[derive(Debug, Clone)]
pub(super) struct StoredRow {
    pub(super) row: i64,
    pub(super) dataset_no: u16,
    pub(super) version: u32,
    pub(super) seq: u64,
    pub(super) is_deleted: bool,
    pub(super) content: Content,
    pub(super) hash: Hash16,
    pub(super) replica: [u8; 16],
    pub(super) delivered_version: u32,
}

/// The values of a row as columns hold them: geometry apart, the rest as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Content {
    pub(super) wkb: Option<Vec<u8>>,
    pub(super) properties: String,
    pub(super) blobs: String,
}

impl Content {
    /// From values by field, the geometry among them. A value under `geometry` that is none is dropped.
    pub(super) fn of(values: &RowValues, blobs: &BTreeSet<BlobId>) -> Self {
        let mut properties = values.clone();
        let geometry = FieldId::parse(GEOMETRY_FIELD).ok().and_then(|it| properties.remove(&it));
        let wkb = match geometry {
            Some(Value::Geometry(geometry)) => Some(geometry.into_wkb()),
            _ => None,
        };
        Self { wkb, properties: properties_json(&properties), blobs: blobs_json(blobs) }
    }

    /// Hash of the row as the feed's chain takes it.
    pub(super) fn hash(&self, is_deleted: bool) -> Hash16 {
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

    pub(super) fn geometry(&self) -> Result<Option<Geometry>, StoreError> {
        self.wkb.clone().map(Geometry::from_wkb).transpose().map_err(StoreError::damaged)
    }

    pub(super) fn properties(&self) -> Result<Properties, StoreError> {
        serde_json::from_str(&self.properties).map_err(StoreError::damaged)
    }

    pub(super) fn blobs(&self) -> Result<BTreeSet<BlobId>, StoreError> {
        serde_json::from_str(&self.blobs).map_err(StoreError::damaged)
    }

    /// All values by field, the geometry among them.
    pub(super) fn values(&self) -> Result<RowValues, StoreError> {
        let mut values = self.properties()?;
        if let (Some(geometry), Ok(field)) = (self.geometry()?, FieldId::parse(GEOMETRY_FIELD)) {
            values.insert(field, Value::Geometry(geometry));
        }
        Ok(values)
    }
}

/// The JSON of properties, nulls left out.
pub(super) fn properties_json(properties: &Properties) -> String {
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

pub(super) fn blobs_json(blobs: &BTreeSet<BlobId>) -> String {
    serde_json::to_string(blobs).unwrap_or_else(|_| "[]".to_owned())
}

pub(super) fn first_half(digest: &[u8; 32]) -> Hash16 {
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    half
}

const LOAD: &str = "SELECT row, dataset, version, seq, is_deleted, geometry, properties, blobs, hash, replica, \
                    delivered_version FROM feature WHERE id = ?1";

/// The row of a feature, deleted or not.
pub(super) fn load(conn: &Connection, id: FeatureId) -> Result<Option<StoredRow>, StoreError> {
    let failed = StoreError::database("reading a feature");
    let mut statement = conn.prepare_cached(LOAD).map_err(failed)?;
    statement
        .query_row([id.as_bytes()], |row| {
            Ok(StoredRow {
                row: row.get(0)?,
                dataset_no: row.get(1)?,
                version: row.get(2)?,
                seq: row.get::<_, i64>(3)? as u64,
                is_deleted: row.get(4)?,
                content: Content { wkb: row.get(5)?, properties: row.get(6)?, blobs: row.get(7)? },
                hash: row.get(8)?,
                replica: row.get(9)?,
                delivered_version: row.get(10)?,
            })
        })
        .optional()
        .map_err(failed)
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
