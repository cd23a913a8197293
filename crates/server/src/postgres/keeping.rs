//! What is kept beside rows and feed: a feature as a decision needs it, pushes of other versions of the wire, leased
//! numbers.

use faltkarta_model::{FeatureId, OpId, Timestamp};
use faltkarta_protocol::{NumberBlock, NumberRequest};
use uuid::Uuid;

use crate::backend::{RawPush, StoredFeature};
use crate::error::StoreError;
use crate::judging::{Catalogue, Rows as _};
use crate::postgres::rows::{LOAD, OpenRows, feature_row, moment};
use crate::postgres::tx::{Tx, later_params};

/// A feature with what a decision about it needs.
pub(super) fn stored_feature(
    tx: &mut Tx<'_>,
    catalogue: &Catalogue,
    id: FeatureId,
) -> Result<Option<StoredFeature>, StoreError> {
    let row = tx.row(LOAD, &[&vec![id.uuid()]])?;
    let Some(row) = row.as_ref().map(feature_row).transpose()? else { return Ok(None) };
    let Some(declared) = catalogue.by_no(row.dataset_no) else { return Ok(None) };
    let parent = tx.row("SELECT parent FROM child WHERE child = $1 LIMIT 1", &[&id.uuid()])?;
    let children = OpenRows::new(tx).children(id)?;
    Ok(Some(StoredFeature {
        dataset: declared.dataset.id.clone(),
        version: row.version,
        is_deleted: row.is_deleted,
        values: row.content.values()?,
        blobs: row.content.blobs()?,
        children: children.into_iter().map(|it| it.op).collect::<Vec<OpId>>(),
        parent: parent.map(|it| FeatureId::from_uuid(it.get(0))),
    }))
}

/// Keeps the bytes of a push; a laptop that is too old or too new repeats itself with every round.
pub(super) fn keep_raw_push(tx: &mut Tx<'_>, device: Uuid, body: &[u8], now: Timestamp) {
    tx.later(
        "INSERT INTO raw_push(device, at, body) SELECT $1, $2, $3
         WHERE NOT EXISTS (SELECT FROM raw_push WHERE device = $1 AND body = $3)",
        later_params![device, now.to_string(), body.to_vec()],
    );
}

pub(super) fn raw_pushes(tx: &mut Tx<'_>) -> Result<Vec<RawPush>, StoreError> {
    let rows = tx.rows("SELECT no, device, at, body FROM raw_push ORDER BY no", &[])?;
    rows.iter()
        .map(|it| {
            let no = it.get::<_, i64>(0) as u64;
            Ok(RawPush { no, device: it.get(1), at: moment(it.get(2))?, body: it.get(3) })
        })
        .collect()
}

pub(super) fn drop_raw_push(tx: &mut Tx<'_>, no: u64) -> Result<(), StoreError> {
    let gone = tx.row("DELETE FROM raw_push WHERE no = $1 RETURNING no", &[&(no as i64)])?;
    gone.map(drop).ok_or(StoreError::NotFound)
}

/// Leases numbers; a request that is known is answered as it was.
pub(super) fn lease(
    tx: &mut Tx<'_>,
    device: Uuid,
    request: &NumberRequest,
    least: u64,
    now: Timestamp,
) -> Result<NumberBlock, StoreError> {
    // The row of the series is the lock: whoever asks for the same series or repeats a request waits here.
    let n = i64::from(request.n);
    tx.later(
        "INSERT INTO number_series(series, next) VALUES ($1, $2) ON CONFLICT (series) DO NOTHING",
        later_params![request.series.clone(), least as i64],
    );
    let next =
        tx.row("SELECT next FROM number_series WHERE series = $1 FOR UPDATE", &[&request.series])?;
    let known = tx.row(
        "SELECT series, first, n, device FROM number_block WHERE request = $1",
        &[&request.request],
    )?;
    if let Some(known) = known {
        let (series, first): (String, i64) = (known.get(0), known.get(1));
        let is_same = series == request.series
            && known.get::<_, i32>(2) as u32 == request.n
            && known.get::<_, Uuid>(3) == device;
        return if is_same {
            Ok(NumberBlock { series, first: first as u64, n: request.n })
        } else {
            Err(StoreError::Malformed { text: "this request was another one before".to_owned() })
        };
    }
    let first = next.map_or(0, |it| it.get::<_, i64>(0)).max(least as i64);
    tx.later(
        "UPDATE number_series SET next = $2 WHERE series = $1",
        later_params![request.series.clone(), first + n],
    );
    tx.later(
        "INSERT INTO number_block(request, series, first, n, device, at) VALUES ($1, $2, $3, $4, $5, $6)",
        later_params![
            request.request,
            request.series.clone(),
            first,
            request.n as i32,
            device,
            now.to_string()
        ],
    );
    Ok(NumberBlock { series: request.series.clone(), first: first as u64, n: request.n })
}
