use std::fmt::Write as _;
use std::ops::ControlFlow;

use faltkarta_geo::{Bounds, Geometry};
use faltkarta_model::{Feature, FeatureId};
use tokio_postgres::types::ToSql;

use crate::backend::FeaturesAsk;
use crate::error::StoreError;
use crate::judging::Declared;
use crate::postgres::tx::Tx;

/// So many rows are in memory at once.
const ROWS_AT_ONCE: i64 = 1_000;

/// Shows features from a place on; see [`GeodataStore::features_after`](crate::GeodataStore::features_after).
pub(super) fn after(
    tx: &mut Tx<'_>,
    declared: &Declared,
    ask: &FeaturesAsk,
    see: &mut dyn FnMut(u64, Feature) -> Result<ControlFlow<()>, StoreError>,
) -> Result<(), StoreError> {
    let dataset = i32::from(declared.no);
    let corners = ask.bounds.map(|it| [it.min_e_m, it.min_n_m, it.max_e_m, it.max_n_m]);
    let mut limits = String::new();
    let mut wanted: Vec<&(dyn ToSql + Sync)> = vec![];
    if let Some(corners) = &corners {
        // A shape that PostGIS refuses has no rectangle in its index; it is looked at here.
        limits.push_str(
            "AND (geom && st_makeenvelope($4, $5, $6, $7, st_srid(geom)) OR geom IS NULL AND wkb IS NOT NULL) ",
        );
        wanted.extend(corners.iter().map(|it| it as &(dyn ToSql + Sync)));
    }
    // PostgreSQL has no NUL in text; `field_text` puts the same letter in its place.
    let unique = ask.unique.as_ref().map(|(field, it)| (field, it.replace('\0', "\u{fffd}")));
    if let Some((field, text)) = &unique {
        // The same expression as in the index that `catalogue` makes for the field.
        let n = 4 + wanted.len();
        let _ =
            write!(limits, "AND dataset = {dataset} AND field_text(properties, '{field}') = ${n} ");
        wanted.push(text);
    }
    let sql = format!(
        "SELECT id, version, bytes(geom, wkb), properties, \"row\" FROM feature
         WHERE dataset = $1 AND \"row\" > $2 {limits}AND NOT is_deleted ORDER BY \"row\" LIMIT $3"
    );
    let mut place = i64::try_from(ask.after).unwrap_or(i64::MAX);
    loop {
        let after = place;
        let mut params: Vec<&(dyn ToSql + Sync)> = vec![&dataset, &after, &ROWS_AT_ONCE];
        params.extend(&wanted);
        let rows = tx.rows(&sql, &params)?;
        for row in &rows {
            place = row.get(4);
            let wkb: Option<Vec<u8>> = row.get(2);
            let geometry = wkb.map(Geometry::from_wkb).transpose().map_err(StoreError::damaged)?;
            if let Some(wanted) = ask.bounds {
                let bounds = geometry.as_ref().and_then(Geometry::bounds);
                if !bounds.is_some_and(|it| it.meets(wanted)) {
                    continue;
                }
            }
            let feature = Feature {
                id: FeatureId::from_uuid(row.get(0)),
                dataset: ask.dataset.clone(),
                version: row.get::<_, i32>(1) as u32,
                geometry,
                properties: serde_json::from_str(row.get(3)).map_err(StoreError::damaged)?,
            };
            if see(place as u64, feature)?.is_break() {
                return Ok(());
            }
        }
        if (rows.len() as i64) < ROWS_AT_ONCE {
            return Ok(());
        }
    }
}

/// How many features of a dataset are not deleted.
pub(super) fn count(tx: &mut Tx<'_>, declared: &Declared) -> Result<u64, StoreError> {
    let no = i32::from(declared.no);
    let row =
        tx.row("SELECT count(*) FROM feature WHERE dataset = $1 AND NOT is_deleted", &[&no])?;
    Ok(row.map_or(0, |it| it.get::<_, i64>(0) as u64))
}

/// The least rectangle around a dataset's features. A shape that PostGIS refuses is not among them.
pub(super) fn extent(tx: &mut Tx<'_>, declared: &Declared) -> Result<Option<Bounds>, StoreError> {
    let no = i32::from(declared.no);
    let row = tx.row(
        "SELECT st_xmin(e), st_ymin(e), st_xmax(e), st_ymax(e)
         FROM (SELECT st_extent(geom) AS e FROM feature WHERE dataset = $1 AND NOT is_deleted) AS around",
        &[&no],
    )?;
    Ok(row.and_then(|it| {
        Some(Bounds {
            min_e_m: it.get::<_, Option<f64>>(0)?,
            min_n_m: it.get::<_, Option<f64>>(1)?,
            max_e_m: it.get::<_, Option<f64>>(2)?,
            max_n_m: it.get::<_, Option<f64>>(3)?,
        })
    }))
}
