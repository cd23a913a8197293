use faltkarta_model::{FeatureId, FieldId, Value};
use faltkarta_protocol::Base;
use rusqlite::{Connection, OptionalExtension as _};
use uuid::Uuid;

use crate::error::StoreError;
use crate::judging::{Catalogue, Content};
use crate::role::Role;

/// The row after an entry, while the store holds it: the current one as long as its version stands, else history's.
const ENTRY: &str = "
SELECT f.dataset, f.feature, f.version,
       CASE WHEN c.version = f.version THEN c.geometry ELSE h.geometry END,
       CASE WHEN c.version = f.version THEN c.properties ELSE h.properties END
FROM feed f
LEFT JOIN feature c ON c.id = f.feature
LEFT JOIN history h ON h.feature = f.feature AND h.version = f.version
WHERE f.seq = ?1 AND f.kind = 0";

/// The rows of entries that are still there and that the role may fetch.
pub(super) fn bases(
    conn: &Connection,
    seqs: &[u64],
    role: Role,
    catalogue: &Catalogue,
) -> Result<Vec<Base>, StoreError> {
    let failed = StoreError::database("reading entries");
    let mut statement = conn.prepare_cached(ENTRY).map_err(failed)?;
    let mut bases = vec![];
    for seq in seqs {
        let row = statement
            .query_row([*seq as i64], |row| {
                let place: (u16, [u8; 16], u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
                let values: (Option<Vec<u8>>, Option<String>) = (row.get(3)?, row.get(4)?);
                Ok((place, values))
            })
            .optional()
            .map_err(failed)?;
        let Some(((no, feature, version), (wkb, Some(properties)))) = row else { continue };
        let Some(declared) = catalogue.by_no(no) else { continue };
        if !role.may_fetch(&declared.dataset) {
            continue;
        }
        let content = Content { wkb, properties, blobs: "[]".to_owned() };
        let mut values = content.properties()?;
        if let Some(geometry) = content.geometry()? {
            let field = FieldId::parse("geometry").map_err(StoreError::damaged)?;
            values.insert(field, Value::Geometry(geometry));
        }
        bases.push(Base {
            seq: *seq,
            dataset: declared.dataset.id.clone(),
            feature: FeatureId::from_uuid(Uuid::from_bytes(feature)),
            version,
            values,
        });
    }
    Ok(bases)
}
