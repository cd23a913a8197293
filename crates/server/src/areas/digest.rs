use faltkarta_model::FeatureId;
use faltkarta_protocol::{DatasetDigest, RowSum, row_hash};

use crate::areas::cover::{Looked, see};
use crate::areas::wanted::Reader;
use crate::backend::{PackageInputs, StoreHead};
use crate::error::StoreError;
use crate::judging::{Catalogue, Content};

/// What a laptop must hold that has pulled up to the head of a snapshot: count and sum of its rows, one for each dataset
/// that it may have and that its subscription is about.
pub(crate) fn digest(
    inputs: &dyn PackageInputs,
    catalogue: &Catalogue,
    reader: &Reader,
) -> Result<(StoreHead, Vec<DatasetDigest>), StoreError> {
    let mut digests = vec![];
    for declared in &catalogue.datasets {
        let id = &declared.dataset.id;
        if !reader.role.may_fetch(&declared.dataset) || !reader.wanted.may_take(id) {
            continue;
        }
        let mut sum = RowSum::default();
        inputs.for_each_row(id, &mut |row| {
            let content = Content {
                wkb: row.wkb.map(<[u8]>::to_vec),
                properties: row.properties.to_owned(),
                blobs: "[]".to_owned(),
            };
            let mut look = |parent: FeatureId| -> Result<Looked, StoreError> {
                let found = inputs.look(parent)?;
                Ok(found.map(|it| {
                    let content =
                        Content { wkb: it.wkb, properties: it.properties, blobs: "[]".to_owned() };
                    (it.dataset_no, content)
                }))
            };
            let seen = see(&reader.wanted, catalogue, declared, &content, &mut look)?;
            if reader.wanted.takes(id, &seen) {
                let geometry = content.geometry()?;
                sum.add(row_hash(row.id, row.version, geometry.as_ref(), &content.properties()?));
            }
            Ok(())
        })?;
        digests.push(sum.digest(id.clone()));
    }
    Ok((inputs.head().clone(), digests))
}
