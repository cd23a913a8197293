use std::collections::{BTreeMap, BTreeSet};

use faltkarta_faults::{Bug, is_seeded};
use faltkarta_model::{FeatureId, FieldId, GroupId, OpId, ReplicaId, Timestamp, Value};
use faltkarta_protocol::{Author, Witness};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use uuid::Uuid;

use crate::error::StoreError;
use crate::judging::{
    Batch, ChildRow, ConflictRow, ConflictState, FeatureRow, Held, HeldOp, Lineage, Logged,
    Opening, Rows, Settled,
};
use crate::sqlite::row::{feature_row, load};
use crate::sqlite::{feed, open, settle};

/// A write transaction as the judge needs it. SQLite has one writer, so nothing needs a lock of its own.
pub(super) struct OpenRows<'c> {
    conn: &'c Connection,
}

impl<'c> OpenRows<'c> {
    pub(super) fn new(conn: &'c Connection) -> Self {
        Self { conn }
    }

    fn held_where(
        &self,
        condition: &str,
        key: impl rusqlite::Params,
    ) -> Result<Vec<HeldOp>, StoreError> {
        let failed = StoreError::database("looking for operations that wait");
        let sql = format!("{HELD} WHERE {condition}");
        let mut statement = self.conn.prepare_cached(&sql).map_err(failed)?;
        let mut rows = statement.query(key).map_err(failed)?;
        let mut held = vec![];
        while let Some(row) = rows.next().map_err(failed)? {
            held.push(held_op(row)?);
        }
        Ok(held)
    }
}

/// Hash, outcome and number of an operation as the log has them.
type StoredOutcome = ([u8; 32], String, Option<i64>);

impl OpenRows<'_> {
    /// The seeded mistake of knowing an operation by the laptop's count of it.
    fn of_counter(
        &self,
        op: OpId,
        arriving: &[u8; 32],
    ) -> Result<Option<StoredOutcome>, StoreError> {
        if !is_seeded(Bug::DedupeByCounter) {
            return Ok(None);
        }
        let Some(counter) = faltkarta_faults::noted(&op.to_string()) else { return Ok(None) };
        let (replica, op_no) = counter.split_once('/').unwrap_or_default();
        let replica = Uuid::parse_str(replica).unwrap_or_default();
        self.conn
            .query_row(
                "SELECT outcome, seq FROM op_log WHERE replica = ?1 AND op_no = ?2",
                params![replica.as_bytes(), op_no.parse::<u32>().unwrap_or_default()],
                |row| Ok((*arriving, row.get(0)?, row.get(1)?)),
            )
            .optional()
            .map_err(StoreError::database("looking for an operation"))
    }
}

const HISTORY: &str = "
SELECT h.feature, f.dataset, h.version, 0, h.is_deleted, h.geometry, h.properties, h.blobs, h.hash, h.replica, h.op
FROM history h JOIN feature f ON f.id = h.feature
WHERE h.feature = ?1 AND h.version < ?2 ORDER BY h.version DESC LIMIT ?3";

const CONFLICTS: &str = "
SELECT body, feature, dataset, replica, at, user, candidate_by, store_by, merged, state, closed_by
FROM conflict WHERE feature = ?1 AND state = 'open' ORDER BY id";

const HELD: &str = "
SELECT op, hash, is_parked, why, needs, grp, replica, op_no, at, device, payload FROM held";

impl Rows for OpenRows<'_> {
    fn opening(
        &mut self,
        device: Uuid,
        replica: ReplicaId,
        witness: &Witness,
    ) -> Result<Opening, StoreError> {
        let lineage = self
            .conn
            .query_row(
                "SELECT current, before, first_op FROM lineage WHERE device = ?1 AND replica = ?2",
                params![device.as_bytes(), replica.as_bytes()],
                |row| {
                    let first_op: Option<[u8; 16]> = row.get(2)?;
                    Ok(Lineage {
                        current: row.get(0)?,
                        before: row.get(1)?,
                        first_op: first_op.map(|it| OpId::from_uuid(Uuid::from_bytes(it))),
                    })
                },
            )
            .optional()
            .map_err(StoreError::database("checking the lineage"))?;
        Ok(Opening {
            epoch: open::meta(self.conn, "epoch")?,
            witness: feed::knows(self.conn, witness.seq, &witness.chain)?,
            lineage,
        })
    }

    fn recovery_until(&mut self) -> Result<Option<Timestamp>, StoreError> {
        open::recovery_until(self.conn)
    }

    fn claim(&mut self, ops: &[(OpId, [u8; 32])]) -> Result<BTreeMap<OpId, Logged>, StoreError> {
        // The transaction is the only writer, so looking is as good as claiming.
        let mut known = BTreeMap::new();
        for (op, arriving) in ops {
            let stored: Option<StoredOutcome> = self
                .conn
                .prepare_cached("SELECT hash, outcome, seq FROM op_log WHERE op = ?1")
                .and_then(|mut it| {
                    it.query_row([op.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                        .optional()
                })
                .map_err(StoreError::database("looking for an operation"))?;
            let stored = stored.or(self.of_counter(*op, arriving)?);
            if let Some((hash, outcome, seq)) = stored {
                let outcome = serde_json::from_str(&outcome).map_err(StoreError::damaged)?;
                known.insert(*op, Logged { hash, outcome, seq: seq.map(|it| it as u64) });
            }
        }
        Ok(known)
    }

    fn judged(&mut self, ops: &[OpId]) -> Result<BTreeSet<OpId>, StoreError> {
        let mut judged = BTreeSet::new();
        for op in ops {
            let is_judged: bool = self
                .conn
                .prepare_cached(
                    "SELECT EXISTS(SELECT 1 FROM op_log WHERE op = ?1 AND NOT is_held)
                         OR EXISTS(SELECT 1 FROM conflict WHERE op = ?1)",
                )
                .and_then(|mut it| it.query_row([op.as_bytes()], |row| row.get(0)))
                .map_err(StoreError::database("looking for an operation"))?;
            if is_judged {
                judged.insert(*op);
            }
        }
        Ok(judged)
    }

    fn lock(&mut self, features: &[FeatureId]) -> Result<Vec<FeatureRow>, StoreError> {
        let mut rows = vec![];
        for feature in features {
            rows.extend(load(self.conn, *feature)?.map(|it| it.it));
        }
        Ok(rows)
    }

    fn writers_since(
        &mut self,
        feature: FeatureId,
        version: u32,
    ) -> Result<BTreeSet<ReplicaId>, StoreError> {
        let ids: Result<BTreeSet<[u8; 16]>, _> = self
            .conn
            .prepare_cached(
                "SELECT DISTINCT replica FROM history WHERE feature = ?1 AND version > ?2",
            )
            .and_then(|mut it| {
                it.query_map(params![feature.as_bytes(), version], |row| row.get(0))?.collect()
            });
        let ids = ids.map_err(StoreError::database("reading the history of a feature"))?;
        Ok(ids.into_iter().map(|it| ReplicaId::from_uuid(Uuid::from_bytes(it))).collect())
    }

    fn history(
        &mut self,
        feature: FeatureId,
        below: u32,
        most: usize,
    ) -> Result<Vec<FeatureRow>, StoreError> {
        self.conn
            .prepare_cached(HISTORY)
            .and_then(|mut it| {
                it.query_map(params![feature.as_bytes(), below, most as i64], feature_row)?
                    .collect()
            })
            .map_err(StoreError::database("reading the history of a feature"))
    }

    fn authors(&mut self, ops: &[OpId]) -> Result<BTreeMap<OpId, Author>, StoreError> {
        let mut authors = BTreeMap::new();
        for op in ops {
            if let Some(author) = feed::author(self.conn, *op)? {
                authors.insert(*op, author);
            }
        }
        Ok(authors)
    }

    fn children(&mut self, parent: FeatureId) -> Result<Vec<ChildRow>, StoreError> {
        self.conn
            .prepare_cached("SELECT child, op, replica FROM child WHERE parent = ?1 ORDER BY child")
            .and_then(|mut it| {
                it.query_map([parent.as_bytes()], |row| {
                    Ok(ChildRow {
                        parent,
                        child: FeatureId::from_uuid(Uuid::from_bytes(row.get(0)?)),
                        op: OpId::from_uuid(Uuid::from_bytes(row.get(1)?)),
                        replica: ReplicaId::from_uuid(Uuid::from_bytes(row.get(2)?)),
                    })
                })?
                .collect()
            })
            .map_err(StoreError::database("looking for children"))
    }

    fn open_conflicts(&mut self, features: &[FeatureId]) -> Result<Vec<ConflictRow>, StoreError> {
        open_conflicts(self.conn, features)
    }

    fn held(&mut self, which: Held<'_>) -> Result<Vec<HeldOp>, StoreError> {
        let mut held = vec![];
        match which {
            Held::Needs(ids) => {
                for id in ids {
                    held.extend(self.held_where("needs = ?1 AND is_parked", params![id])?);
                }
            }
            Held::Group(group) => {
                held = self.held_where("grp = ?1 AND is_parked", params![group.as_bytes()])?;
            }
            Held::Op(op) => held = self.held_where("op = ?1", params![op.as_bytes()])?,
            Held::Parked(why) => held = self.held_where("why = ?1 AND is_parked", params![why])?,
        }
        held.sort_by_key(|it| (it.replica, it.op_no));
        Ok(held)
    }

    fn twins(
        &mut self,
        dataset_no: u16,
        (field, value): (&FieldId, &Value),
        but: FeatureId,
    ) -> Result<Vec<FeatureId>, StoreError> {
        let Some(value) = unique_text(value) else { return Ok(vec![]) };
        // The same expression as in the index that `catalogue` makes for the field.
        let sql = format!(
            "SELECT id FROM feature WHERE dataset = {dataset_no} AND properties ->> '$.{field}' = ?1
                 AND NOT is_deleted AND id <> ?2 ORDER BY id LIMIT 2"
        );
        let ids: Result<Vec<[u8; 16]>, _> = self.conn.prepare_cached(&sql).and_then(|mut it| {
            it.query_map(params![value, but.as_bytes()], |row| row.get(0))?.collect()
        });
        let ids = ids.map_err(StoreError::database("looking for features with the same value"))?;
        Ok(ids.into_iter().map(|it| FeatureId::from_uuid(Uuid::from_bytes(it))).collect())
    }

    fn settle(&mut self, batch: &Batch) -> Result<Settled, StoreError> {
        settle::settle(self.conn, batch)
    }
}

/// The open conflicts of features.
pub(super) fn open_conflicts(
    conn: &Connection,
    features: &[FeatureId],
) -> Result<Vec<ConflictRow>, StoreError> {
    let failed = StoreError::database("reading conflicts");
    let mut statement = conn.prepare_cached(CONFLICTS).map_err(failed)?;
    let mut conflicts = vec![];
    for feature in features {
        let mut rows = statement.query([feature.as_bytes()]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            conflicts.push(conflict_row(row)?);
        }
    }
    Ok(conflicts)
}

/// A value as the operator `->>` gives it; `None` for those that cannot be unique.
fn unique_text(value: &Value) -> Option<rusqlite::types::Value> {
    match value {
        Value::Text(text) => Some(text.clone().into()),
        Value::Int(number) => Some((*number).into()),
        Value::Real(number) => Some((*number).into()),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Geometry(_) => None,
    }
}

/// A row of `held`, in the order of columns of [`HELD`].
pub(super) fn held_op(row: &Row<'_>) -> Result<HeldOp, StoreError> {
    type Ids = (Option<[u8; 16]>, Option<[u8; 16]>, Option<[u8; 16]>, String);
    let failed = StoreError::database("reading operations that wait");
    let ids =
        || -> rusqlite::Result<Ids> { Ok((row.get(4)?, row.get(5)?, row.get(6)?, row.get(8)?)) };
    let (needs, group, replica, at) = ids().map_err(failed)?;
    let at = Timestamp::parse(&at).map_err(StoreError::damaged)?;
    let rest = || {
        Ok(HeldOp {
            op: OpId::from_uuid(Uuid::from_bytes(row.get(0)?)),
            hash: row.get(1)?,
            is_parked: row.get(2)?,
            why: row.get(3)?,
            needs,
            group: group.map(|it| GroupId::from_uuid(Uuid::from_bytes(it))),
            replica: replica.map(|it| ReplicaId::from_uuid(Uuid::from_bytes(it))),
            op_no: row.get(7)?,
            at,
            device: row.get(9)?,
            payload: row.get(10)?,
        })
    };
    rest().map_err(failed)
}

/// A row of `conflict`, in the order of columns of [`CONFLICTS`].
pub(super) fn conflict_row(row: &Row<'_>) -> Result<ConflictRow, StoreError> {
    let failed = StoreError::database("reading conflicts");
    let text = |at: usize| row.get::<_, String>(at).map_err(failed);
    let id =
        |at: usize| Ok(row.get::<_, Option<[u8; 16]>>(at).map_err(failed)?.map(Uuid::from_bytes));
    let author = |at: usize| -> Result<Option<Author>, StoreError> {
        let json: Option<String> = row.get(at).map_err(failed)?;
        json.map(|it| serde_json::from_str(&it)).transpose().map_err(StoreError::damaged)
    };
    let missing = || StoreError::damaged("a conflict without feature or replica");
    let (feature, replica): (Option<Uuid>, Option<Uuid>) = (id(1)?, id(3)?);
    let at = Timestamp::parse(&text(4)?).map_err(StoreError::damaged)?;
    let merged: Vec<FieldId> = serde_json::from_str(&text(8)?).map_err(StoreError::damaged)?;
    let closed_by: Option<Uuid> = id(10)?;
    let candidate_by = match author(6)? {
        Some(author) => author,
        // From before authors were kept.
        None => Author { user: text(5)?, device: String::new(), at },
    };
    Ok(ConflictRow {
        conflict: serde_json::from_str(&text(0)?).map_err(StoreError::damaged)?,
        feature: FeatureId::from_uuid(feature.ok_or_else(missing)?),
        dataset_no: row.get(2).map_err(failed)?,
        replica: ReplicaId::from_uuid(replica.ok_or_else(missing)?),
        at,
        candidate_by,
        store_by: author(7)?,
        merged,
        state: ConflictState::read(&text(9)?)?,
        closed_by: closed_by.map(OpId::from_uuid),
    })
}
