use std::ops::ControlFlow;

use faltkarta_geo::{Bounds, Geometry};
use faltkarta_model::{Feature, FeatureId};
use rusqlite::Connection;
use rusqlite::types::ToSql;
use uuid::Uuid;

use crate::backend::FeaturesAsk;
use crate::error::StoreError;
use crate::judging::Declared;

/// Shows features from a place on; see [`GeodataStore::features_after`](crate::GeodataStore::features_after).
pub(super) fn after(
    conn: &Connection,
    declared: &Declared,
    ask: &FeaturesAsk,
    see: &mut dyn FnMut(u64, Feature) -> Result<ControlFlow<()>, StoreError>,
) -> Result<(), StoreError> {
    let failed = StoreError::database("reading features");
    let after = i64::try_from(ask.after).unwrap_or(i64::MAX);
    // The same expression as in the index that `catalogue` makes for the field.
    let unique = ask.unique.as_ref().map_or_else(String::new, |(field, _)| {
        format!("AND dataset = {} AND properties ->> '$.{field}' = ?3", declared.no)
    });
    let sql = format!(
        "SELECT id, version, geometry, properties, row FROM feature
         WHERE dataset = ?1 AND row > ?2 {unique} AND NOT is_deleted ORDER BY row"
    );
    let mut params: Vec<&dyn ToSql> = vec![&declared.no, &after];
    params.extend(ask.unique.as_ref().map(|(_, text)| text as &dyn ToSql));
    let mut statement = conn.prepare_cached(&sql).map_err(failed)?;
    let mut rows = statement.query(params.as_slice()).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let wkb: Option<Vec<u8>> = row.get(2).map_err(failed)?;
        let geometry = wkb.map(Geometry::from_wkb).transpose().map_err(StoreError::damaged)?;
        if !meets(geometry.as_ref(), ask.bounds) {
            continue;
        }
        let properties = row.get_ref(3).map_err(failed)?;
        let properties = properties.as_str().map_err(StoreError::damaged)?;
        let feature = Feature {
            id: FeatureId::from_uuid(Uuid::from_bytes(row.get(0).map_err(failed)?)),
            dataset: ask.dataset.clone(),
            version: row.get(1).map_err(failed)?,
            geometry,
            properties: serde_json::from_str(properties).map_err(StoreError::damaged)?,
        };
        let place: i64 = row.get(4).map_err(failed)?;
        if see(place as u64, feature)?.is_break() {
            break;
        }
    }
    Ok(())
}

fn meets(geometry: Option<&Geometry>, wanted: Option<Bounds>) -> bool {
    wanted
        .is_none_or(|wanted| geometry.and_then(Geometry::bounds).is_some_and(|it| it.meets(wanted)))
}

/// How many features of a dataset are not deleted.
pub(super) fn count(conn: &Connection, declared: &Declared) -> Result<u64, StoreError> {
    conn.query_row(
        "SELECT count(*) FROM feature WHERE dataset = ?1 AND NOT is_deleted",
        [declared.no],
        |row| row.get::<_, i64>(0),
    )
    .map(|it| it as u64)
    .map_err(StoreError::database("counting features"))
}

/// The least rectangle around a dataset's features.
pub(super) fn extent(conn: &Connection, declared: &Declared) -> Result<Option<Bounds>, StoreError> {
    let failed = StoreError::database("reading features");
    let mut statement = conn
        .prepare_cached("SELECT geometry FROM feature WHERE dataset = ?1 AND NOT is_deleted AND geometry IS NOT NULL")
        .map_err(failed)?;
    let mut rows = statement.query([declared.no]).map_err(failed)?;
    let mut extent: Option<Bounds> = None;
    while let Some(row) = rows.next().map_err(failed)? {
        let geometry = Geometry::from_wkb(row.get(0).map_err(failed)?);
        if let Some(bounds) = geometry.map_err(StoreError::damaged)?.bounds() {
            extent = Some(extent.map_or(bounds, |it| it.union(bounds)));
        }
    }
    Ok(extent)
}
