//! Rebuilding how one feature looks: base, then every own operation that the base does not show yet, in order.

use faltkarta_changes::{Operation, OperationKind};
use faltkarta_model::{DatasetId, Feature, FeatureId, GEOMETRY_FIELD, Properties, Value};
use rusqlite::Connection;

use crate::difference::previous_of;
use crate::error::{StoreError, bad_column};
use crate::feature::{RowChange, base_of, overlay_of};
use crate::store::{read_meta, write_meta};

/// Own operations that show until the cursor has passed them; parked and quarantined ones until they are settled. A
/// pending one whose entry has come is shown by the base.
pub(crate) const LIVE: &str = "(state = 'pending' AND coalesce(seq, ?2 + 1) > ?2)
     OR state IN ('parked', 'quarantined') OR until_seq > ?2";

/// Writes the overlay row of a feature anew and says how it looks now.
pub(crate) fn rebuild(
    conn: &Connection,
    id: FeatureId,
    cursor_seq: u64,
) -> Result<Option<RowChange>, StoreError> {
    let base = base_of(conn, id)?;
    let before = overlay_of(conn, id)?;
    let ops = live_operations(conn, id, cursor_seq)?;
    let Some(dataset) = ops
        .first()
        .map(|op| op.dataset.clone())
        .or_else(|| base.as_ref().map(|it| it.feature.dataset.clone()))
        .or_else(|| before.as_ref().map(|it| it.stored.feature.dataset.clone()))
    else {
        return Ok(None);
    };
    let known_row = base.as_ref().map(|it| it.row).or(before.as_ref().map(|it| it.stored.row));
    if ops.is_empty() {
        conn.prepare_cached("DELETE FROM overlay WHERE id = ?1")?.execute([&id.as_bytes()[..]])?;
        let Some(row) = known_row else { return Ok(None) };
        return Ok(Some(RowChange { row, id, dataset, now: base.map(|it| it.feature) }));
    }
    let row = match known_row {
        Some(row) => row,
        None => next_row(conn)?,
    };
    let seq = base.as_ref().map_or(0, |it| it.seq);
    let ground = match base {
        Some(base) => Some(base.feature),
        // The new base may lack what another laptop has still to give back: own edits show on what was seen.
        None if !is_gone(conn, id)? => previous_of(conn, id)?,
        None => None,
    };
    let mut is_deleted = ground.is_none();
    let mut was_there = !is_deleted;
    let mut feature = ground.unwrap_or_else(|| blank(id, &dataset));
    for op in &ops {
        put(&mut feature, &mut is_deleted, op);
        // Who edits what he deleted before has had it back meanwhile: the store had kept it.
        is_deleted &= !(was_there && is_edit(op.kind));
        was_there |= !is_deleted;
    }
    write(conn, &feature, row, seq, is_deleted)?;
    Ok(Some(RowChange { row, id, dataset, now: (!is_deleted).then_some(feature) }))
}

/// A row number that was never used in this file's base.
pub(crate) fn next_row(conn: &Connection) -> Result<u32, StoreError> {
    let next: u32 = read_meta(conn, "next_row")?.and_then(|it| it.parse().ok()).unwrap_or(1);
    write_meta(conn, "next_row", &(next + 1).to_string())?;
    Ok(next)
}

fn is_gone(conn: &Connection, id: FeatureId) -> Result<bool, StoreError> {
    let mut statement = conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM gone WHERE id = ?1)")?;
    Ok(statement.query_row([&id.as_bytes()[..]], |row| row.get(0))?)
}

fn blank(id: FeatureId, dataset: &DatasetId) -> Feature {
    Feature {
        id,
        dataset: dataset.clone(),
        version: 0,
        geometry: None,
        properties: Properties::new(),
    }
}

fn is_edit(kind: OperationKind) -> bool {
    matches!(kind, OperationKind::Update | OperationKind::Attach | OperationKind::Detach)
}

fn put(feature: &mut Feature, is_deleted: &mut bool, op: &Operation) {
    match op.kind {
        OperationKind::Delete => *is_deleted = true,
        OperationKind::Create | OperationKind::Restore => *is_deleted = false,
        OperationKind::Update
        | OperationKind::Resolve
        | OperationKind::Attach
        | OperationKind::Detach => {}
    }
    if op.kind == OperationKind::Delete {
        return;
    }
    for (field, change) in &op.changes {
        match (&change.new, field.as_str()) {
            (Value::Geometry(geometry), GEOMETRY_FIELD) => {
                feature.geometry = Some(geometry.clone());
            }
            (_, GEOMETRY_FIELD) => feature.geometry = None,
            (Value::Null, _) => {
                feature.properties.remove(field);
            }
            (value, _) => {
                feature.properties.insert(field.clone(), value.clone());
            }
        }
    }
}

fn write(
    conn: &Connection,
    feature: &Feature,
    row: u32,
    seq: u64,
    is_deleted: bool,
) -> Result<(), StoreError> {
    let properties = serde_json::to_string(&feature.properties)
        .map_err(|error| bad_column("properties", error))?;
    conn.prepare_cached(
        "INSERT INTO overlay(id, row, dataset, version, seq, is_deleted, geometry, properties)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT(id) DO UPDATE SET row = ?2, version = ?4, seq = ?5, is_deleted = ?6, geometry = ?7, properties = ?8",
    )?
    .execute((
        &feature.id.as_bytes()[..],
        row,
        feature.dataset.as_str(),
        feature.version,
        seq,
        is_deleted,
        feature.geometry.as_ref().map(faltkarta_geo::Geometry::wkb),
        properties,
    ))?;
    Ok(())
}

fn live_operations(
    conn: &Connection,
    id: FeatureId,
    cursor_seq: u64,
) -> Result<Vec<Operation>, StoreError> {
    let mut statement = conn.prepare_cached(&format!(
        "SELECT operation FROM journal WHERE feature = ?1 AND ({LIVE}) ORDER BY op_no"
    ))?;
    let rows =
        statement.query_map((&id.as_bytes()[..], cursor_seq), |row| row.get::<_, String>(0))?;
    rows.map(|text| {
        serde_json::from_str(&text?).map_err(|error| bad_column("journal.operation", error))
    })
    .collect()
}
