use std::collections::{BTreeMap, HashMap};

use faltkarta_model::FeatureId;
use uuid::Uuid;

use crate::areas::{Looked, Past};
use crate::error::StoreError;
use crate::judging::Content;
use crate::postgres::rows::{LOAD, feature_row};
use crate::postgres::tx::Tx;

/// What entries are judged by beside their rows. Parents are asked for once each, superseded rows all at once.
pub(super) struct PastOf<'t, 's> {
    tx: &'t mut Tx<'s>,
    parents: HashMap<FeatureId, Looked>,
    superseded: BTreeMap<(FeatureId, u32), Content>,
}

impl<'t, 's> PastOf<'t, 's> {
    /// With the versions of features that may be asked for; others are not found.
    pub(super) fn read(
        tx: &'t mut Tx<'s>,
        versions: &[(FeatureId, u32)],
    ) -> Result<Self, StoreError> {
        let mut superseded = BTreeMap::new();
        if !versions.is_empty() {
            let features: Vec<Uuid> = versions.iter().map(|it| it.0.uuid()).collect();
            let numbers: Vec<i32> = versions.iter().map(|it| it.1 as i32).collect();
            let rows = tx.rows(
                "SELECT h.feature, h.version, bytes(h.geom, h.wkb), h.properties, h.blobs
                 FROM unnest($1::uuid[], $2::integer[]) AS asked(feature, version)
                 JOIN history h ON h.feature = asked.feature AND h.version = asked.version",
                &[&features, &numbers],
            )?;
            for row in &rows {
                let content =
                    Content { wkb: row.get(2), properties: row.get(3), blobs: row.get(4) };
                let version = row.get::<_, i32>(1) as u32;
                superseded.insert((FeatureId::from_uuid(row.get(0)), version), content);
            }
        }
        Ok(Self { tx, parents: HashMap::new(), superseded })
    }
}

/// A parent as it stands.
pub(super) fn look(tx: &mut Tx<'_>, parent: FeatureId) -> Result<Looked, StoreError> {
    let row = tx.row(LOAD, &[&vec![parent.uuid()]])?;
    let row = row.as_ref().map(feature_row).transpose()?;
    Ok(row.map(|it| (it.dataset_no, it.content)))
}

impl Past for PastOf<'_, '_> {
    fn look(&mut self, parent: FeatureId) -> Result<Looked, StoreError> {
        if let Some(known) = self.parents.get(&parent) {
            return Ok(known.clone());
        }
        let found = look(self.tx, parent)?;
        self.parents.insert(parent, found.clone());
        Ok(found)
    }

    fn superseded(
        &mut self,
        feature: FeatureId,
        version: u32,
    ) -> Result<Option<Content>, StoreError> {
        Ok(self.superseded.get(&(feature, version)).cloned())
    }
}
