use std::collections::{BTreeMap, BTreeSet};

use faltkarta_model::{FeatureId, FieldId, GroupId, OpId, ReplicaId, Timestamp, Value};
use faltkarta_protocol::{Author, Witness};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::error::StoreError;
use crate::judging::{
    Batch, ChildRow, ConflictRow, ConflictState, Content, FeatureRow, Held, HeldOp, Lineage,
    Logged, Opening, Place, Rows, Settled, WitnessIs,
};
use crate::postgres::settle;
use crate::postgres::tx::{Tx, later_params};

/// A transaction as the judge needs it. Every write waits in the queue until the next question, so what looks like
/// many statements are few round trips.
pub(super) struct OpenRows<'t, 's> {
    tx: &'t mut Tx<'s>,
}

impl<'t, 's> OpenRows<'t, 's> {
    pub(super) fn new(tx: &'t mut Tx<'s>) -> Self {
        Self { tx }
    }
}

/// The columns of a row of `feature f`, as [`feature_row`] reads them.
macro_rules! feature_columns {
    () => {
        "f.id, f.dataset, f.version, f.seq, f.is_deleted, bytes(f.geom, f.wkb), f.properties, f.blobs, f.hash,
         f.replica, f.op"
    };
}

// The locks are taken one after the other in the order of ids, and by a statement of their own: the next one sees what
// was committed while this one waited.
const LOCK_IDS: &str = "
SELECT pg_advisory_xact_lock(feature_key(id)) FROM unnest($1::uuid[]) WITH ORDINALITY AS it(id, at) ORDER BY at";

const LOCK_ROWS: &str = concat!(
    "SELECT ",
    feature_columns!(),
    " FROM feature f WHERE f.id = ANY($1::uuid[]) ORDER BY f.id FOR UPDATE"
);

pub(super) const LOAD: &str =
    concat!("SELECT ", feature_columns!(), " FROM feature f WHERE f.id = ANY($1::uuid[])");

const HISTORY: &str = "
SELECT h.feature, f.dataset, h.version, 0::bigint, h.is_deleted, bytes(h.geom, h.wkb), h.properties, h.blobs, h.hash,
       h.replica, h.op
FROM history h JOIN feature f ON f.id = h.feature
WHERE h.feature = $1 AND h.version < $2 ORDER BY h.version DESC LIMIT $3";

pub(super) const OPEN_CONFLICTS: &str = "
SELECT body, feature, dataset, replica, at, candidate_by, store_by, merged, state, closed_by
FROM conflict WHERE feature = ANY($1::uuid[]) AND state = 'open' ORDER BY feature, id";

macro_rules! held_where {
    ($condition:literal) => {
        concat!(
            "SELECT op, hash, is_parked, why, needs, grp, replica, op_no, at, device, payload FROM held WHERE ",
            $condition,
            " ORDER BY replica, op_no"
        )
    };
}

const OPENING: &str = "
SELECT (SELECT value FROM meta WHERE key = 'epoch'),
       $1::bigint = 0 OR EXISTS (SELECT FROM feed WHERE seq = $1 AND encode(chain, 'hex') = $2::text)
           OR EXISTS (SELECT FROM meta m, feed_head h
               WHERE m.key = 'cut_chain' AND h.min_seq = $1 + 1 AND m.value = $2),
       $1 + 1 < (SELECT min_seq FROM feed_head)";

// A claim waits for the transaction that claims the same; the reading after it sees what came of it. The claims of this
// transaction itself have no outcome yet.
const CLAIM: &str = "
INSERT INTO op_log(op, hash, replica, op_no, \"user\", device, device_time, at, is_held, outcome)
SELECT op, hash, op, 0, '', '', '', '', true, '' FROM unnest($1::uuid[], $2::bytea[]) AS claimed(op, hash)
ON CONFLICT (op) DO NOTHING";

const CLAIMED: &str =
    "SELECT op, hash, outcome, seq FROM op_log WHERE op = ANY($1::uuid[]) AND outcome <> ''";

pub(super) const AUTHORS: &str = "SELECT op, \"user\", device, device_time FROM op_log WHERE op = ANY($1::uuid[]) AND outcome <> ''";

fn uuids<'a>(ids: impl IntoIterator<Item = &'a FeatureId>) -> Vec<Uuid> {
    ids.into_iter().map(|it| it.uuid()).collect()
}

fn op_uuids(ops: &[OpId]) -> Vec<Uuid> {
    ops.iter().map(|it| it.uuid()).collect()
}

impl Rows for OpenRows<'_, '_> {
    fn opening(
        &mut self,
        device: Uuid,
        replica: ReplicaId,
        witness: &Witness,
    ) -> Result<Opening, StoreError> {
        // The row of the lineage is locked first, so that the pushes of one file follow each other.
        let lineage = self.tx.row(
            "SELECT current, before, first_op FROM lineage WHERE device = $1 AND replica = $2 FOR UPDATE",
            &[&device, &replica.uuid()],
        )?;
        let row = self.tx.row(OPENING, &[&(witness.seq as i64), &witness.chain])?;
        let row = row.ok_or_else(|| StoreError::damaged("no epoch"))?;
        Ok(Opening {
            epoch: row.get(0),
            witness: match (row.get(1), row.get(2)) {
                (true, _) => WitnessIs::Known,
                (false, true) => WitnessIs::Forgotten,
                (false, false) => WitnessIs::Foreign,
            },
            lineage: lineage.map(|it| Lineage {
                current: it.get(0),
                before: it.get(1),
                first_op: it.get::<_, Option<Uuid>>(2).map(OpId::from_uuid),
            }),
        })
    }

    fn recovery_until(&mut self) -> Result<Option<Timestamp>, StoreError> {
        let row = self.tx.row("SELECT value FROM meta WHERE key = 'recovery_until'", &[])?;
        row.map(|it| moment(it.get(0))).transpose()
    }

    fn claim(&mut self, ops: &[(OpId, [u8; 32])]) -> Result<BTreeMap<OpId, Logged>, StoreError> {
        let ids: Vec<Uuid> = ops.iter().map(|it| it.0.uuid()).collect();
        let hashes: Vec<Vec<u8>> = ops.iter().map(|it| it.1.to_vec()).collect();
        self.tx.later(CLAIM, later_params![ids.clone(), hashes]);
        let mut known = BTreeMap::new();
        for row in self.tx.rows(CLAIMED, &[&ids])? {
            let outcome = serde_json::from_str(row.get(2)).map_err(StoreError::damaged)?;
            let logged = Logged { hash: hash32(&row, 1)?, outcome, seq: number(row.get(3)) };
            known.insert(OpId::from_uuid(row.get(0)), logged);
        }
        Ok(known)
    }

    fn judged(&mut self, ops: &[OpId]) -> Result<BTreeSet<OpId>, StoreError> {
        let rows = self.tx.rows(
            "SELECT op FROM op_log WHERE op = ANY($1::uuid[]) AND NOT is_held
             UNION SELECT op FROM conflict WHERE op = ANY($1::uuid[])",
            &[&op_uuids(ops)],
        )?;
        Ok(rows.iter().map(|it| OpId::from_uuid(it.get(0))).collect())
    }

    fn lock(&mut self, features: &[FeatureId]) -> Result<Vec<FeatureRow>, StoreError> {
        let ids = uuids(features);
        self.tx.later(LOCK_IDS, later_params![ids.clone()]);
        self.tx.rows(LOCK_ROWS, &[&ids])?.iter().map(feature_row).collect()
    }

    fn writers_since(
        &mut self,
        feature: FeatureId,
        version: u32,
    ) -> Result<BTreeSet<ReplicaId>, StoreError> {
        let rows = self.tx.rows(
            "SELECT DISTINCT replica FROM history WHERE feature = $1 AND version > $2",
            &[&feature.uuid(), &(version as i32)],
        )?;
        Ok(rows.iter().map(|it| ReplicaId::from_uuid(it.get(0))).collect())
    }

    fn history(
        &mut self,
        feature: FeatureId,
        below: u32,
        most: usize,
    ) -> Result<Vec<FeatureRow>, StoreError> {
        let rows = self.tx.rows(HISTORY, &[&feature.uuid(), &(below as i32), &(most as i64)])?;
        rows.iter().map(feature_row).collect()
    }

    fn authors(&mut self, ops: &[OpId]) -> Result<BTreeMap<OpId, Author>, StoreError> {
        let rows = self.tx.rows(AUTHORS, &[&op_uuids(ops)])?;
        rows.iter().map(|row| Ok((OpId::from_uuid(row.get(0)), author(row)?))).collect()
    }

    fn children(&mut self, parent: FeatureId) -> Result<Vec<ChildRow>, StoreError> {
        let rows = self.tx.rows(
            "SELECT child, op, replica FROM child WHERE parent = $1 ORDER BY child",
            &[&parent.uuid()],
        )?;
        Ok(rows
            .iter()
            .map(|row| ChildRow {
                parent,
                child: FeatureId::from_uuid(row.get(0)),
                op: OpId::from_uuid(row.get(1)),
                replica: ReplicaId::from_uuid(row.get(2)),
            })
            .collect())
    }

    fn open_conflicts(&mut self, features: &[FeatureId]) -> Result<Vec<ConflictRow>, StoreError> {
        self.tx.rows(OPEN_CONFLICTS, &[&uuids(features)])?.iter().map(conflict_row).collect()
    }

    fn held(&mut self, which: Held<'_>) -> Result<Vec<HeldOp>, StoreError> {
        let rows = match which {
            Held::Needs(ids) => {
                let ids: Vec<Uuid> = ids.iter().map(|it| Uuid::from_bytes(*it)).collect();
                self.tx.rows(held_where!("needs = ANY($1::uuid[]) AND is_parked"), &[&ids])
            }
            Held::Group(group) => {
                self.tx.rows(held_where!("grp = $1 AND is_parked"), &[&group.uuid()])
            }
            Held::Op(op) => self.tx.rows(held_where!("op = $1"), &[&op.uuid()]),
            Held::Parked(why) => self.tx.rows(held_where!("why = $1 AND is_parked"), &[&why]),
        };
        rows?.iter().map(held_op).collect()
    }

    fn twins(
        &mut self,
        dataset_no: u16,
        (field, value): (&FieldId, &Value),
        but: FeatureId,
    ) -> Result<Vec<FeatureId>, StoreError> {
        let value = match value {
            // PostgreSQL has no NUL in text; `field_text` puts the same letter in its place.
            Value::Text(text) => text.replace('\0', "\u{fffd}"),
            Value::Int(_) | Value::Real(_) => {
                serde_json::to_string(value).map_err(StoreError::damaged)?
            }
            Value::Null | Value::Bool(_) | Value::List(_) | Value::Geometry(_) => {
                return Ok(vec![]);
            }
        };
        // The same expression as in the index that `catalogue` makes for the field.
        let sql = format!(
            "SELECT id FROM feature WHERE dataset = {dataset_no} AND field_text(properties, '{field}') = $1
                 AND NOT is_deleted AND id <> $2 ORDER BY id LIMIT 2"
        );
        let rows = self.tx.rows(&sql, &[&value, &but.uuid()])?;
        Ok(rows.iter().map(|it| FeatureId::from_uuid(it.get(0))).collect())
    }

    fn settle(&mut self, batch: &Batch) -> Result<Settled, StoreError> {
        settle::settle(self.tx, batch)
    }
}

pub(super) fn number(seq: Option<i64>) -> Option<u64> {
    seq.map(|it| it as u64)
}

pub(super) fn hash32(row: &Row, at: usize) -> Result<[u8; 32], StoreError> {
    let bytes: &[u8] = row.get(at);
    bytes.try_into().map_err(|_| StoreError::damaged("a hash of another length"))
}

pub(super) fn hash16(row: &Row, at: usize) -> Result<[u8; 16], StoreError> {
    let bytes: &[u8] = row.get(at);
    bytes.try_into().map_err(|_| StoreError::damaged("a hash of another length"))
}

pub(super) fn moment(text: &str) -> Result<Timestamp, StoreError> {
    Timestamp::parse(text).map_err(StoreError::damaged)
}

/// A row of `feature` or `history`, in the order of columns of [`LOAD`].
pub(super) fn feature_row(row: &Row) -> Result<FeatureRow, StoreError> {
    Ok(FeatureRow {
        feature: FeatureId::from_uuid(row.get(0)),
        dataset_no: row.get::<_, i32>(1) as u16,
        version: row.get::<_, i32>(2) as u32,
        place: Place::Stored(row.get::<_, i64>(3) as u64),
        is_deleted: row.get(4),
        content: Content { wkb: row.get(5), properties: row.get(6), blobs: row.get(7) },
        hash: hash16(row, 8)?,
        replica: ReplicaId::from_uuid(row.get(9)),
        op: OpId::from_uuid(row.get(10)),
    })
}

/// An author out of a row of [`AUTHORS`].
pub(super) fn author(row: &Row) -> Result<Author, StoreError> {
    Ok(Author { user: row.get(1), device: row.get(2), at: moment(row.get(3))? })
}

/// A row of `held`, in the order of columns of `held_where`.
pub(super) fn held_op(row: &Row) -> Result<HeldOp, StoreError> {
    Ok(HeldOp {
        op: OpId::from_uuid(row.get(0)),
        hash: hash32(row, 1)?,
        is_parked: row.get(2),
        why: row.get(3),
        needs: row.get::<_, Option<Uuid>>(4).map(|it| *it.as_bytes()),
        group: row.get::<_, Option<Uuid>>(5).map(GroupId::from_uuid),
        replica: row.get::<_, Option<Uuid>>(6).map(ReplicaId::from_uuid),
        op_no: row.get::<_, i32>(7) as u32,
        at: moment(row.get(8))?,
        device: row.get(9),
        payload: row.get(10),
    })
}

/// A row of `conflict`, in the order of columns of [`OPEN_CONFLICTS`].
pub(super) fn conflict_row(row: &Row) -> Result<ConflictRow, StoreError> {
    let json = |error: serde_json::Error| StoreError::damaged(error);
    Ok(ConflictRow {
        conflict: serde_json::from_str(row.get(0)).map_err(json)?,
        feature: FeatureId::from_uuid(row.get(1)),
        dataset_no: row.get::<_, i32>(2) as u16,
        replica: ReplicaId::from_uuid(row.get(3)),
        at: moment(row.get(4))?,
        candidate_by: serde_json::from_str(row.get(5)).map_err(json)?,
        store_by: row
            .get::<_, Option<&str>>(6)
            .map(serde_json::from_str)
            .transpose()
            .map_err(json)?,
        merged: serde_json::from_str(row.get(7)).map_err(json)?,
        state: ConflictState::read(row.get(8))?,
        closed_by: row.get::<_, Option<Uuid>>(9).map(OpId::from_uuid),
    })
}
