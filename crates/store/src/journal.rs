use std::collections::BTreeMap;

use faltkarta_changes::Operation;
use faltkarta_faults::{Bug, is_seeded, point};
use faltkarta_model::{FeatureId, GroupId, OpId, Timestamp};
use faltkarta_protocol::{Outcome, PushReply};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction};

use crate::attachment::{self, Attachment};
use crate::conflict;
use crate::draft;
use crate::error::{StoreError, bad_column};
use crate::feature::RowChange;
use crate::feed::raise_witness;
use crate::overlay::{self, LIVE};
use crate::store::{Store, read_meta, write_meta};

/// One act of a person: operations that are durable together, with how they are called in lists.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalEdit {
    /// In the order of their numbers, which follow on the journal.
    pub ops: Vec<LocalOperation>,
    /// The draft that ends with it: its attachments now belong to the inspection of the same id.
    pub completes_draft: Option<FeatureId>,
    /// Photos that its operations attach, as [`Store::keep_photo`] gave them.
    pub attached: Vec<Attachment>,
}

/// One operation with the words for lists.
#[derive(Debug, Clone, PartialEq)]
pub struct LocalOperation {
    /// The operation.
    pub op: Operation,
    /// `edit` or `inspection`.
    pub kind: &'static str,
    /// What it is about: "Ventil AV-121".
    pub title: String,
    /// What was done, in plain words.
    pub detail: String,
}

/// Where an own edit stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditState {
    /// Durable in this file.
    SavedHere,
    /// Durable at the store.
    Received,
    /// In every usable backup of the store.
    Secured,
    /// The store kept another value; a person decides.
    Conflict,
    /// Waits at the store for something else.
    Parked,
    /// Waits at the store for the coordinator.
    Quarantined,
}

impl EditState {
    /// The word on the wire to the interface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SavedHere => "saved_here",
            Self::Received => "received",
            Self::Secured => "secured",
            Self::Conflict => "conflict",
            Self::Parked => "parked",
            Self::Quarantined => "quarantined",
        }
    }

    /// Whether somebody has to look at it.
    pub fn needs_attention(self) -> bool {
        matches!(self, Self::Conflict | Self::Parked | Self::Quarantined)
    }
}

/// An own edit in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalRow {
    /// Number in this file.
    pub op_no: u32,
    /// The operation.
    pub op: Operation,
    /// `edit` or `inspection`.
    pub kind: String,
    /// What it is about.
    pub title: String,
    /// What was done.
    pub detail: String,
    /// When, on the laptop's clock.
    pub made_at: String,
    /// Where it stands.
    pub state: EditState,
    /// Why it waits, as a code, or empty.
    pub why: String,
}

/// How many edits stand where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EditCounts {
    /// Durable here only.
    pub saved_here: u32,
    /// Durable at the store.
    pub received: u32,
    /// In every usable backup of the store.
    pub secured: u32,
    /// A person has to look.
    pub needs_attention: u32,
}

/// An own operation that the base does not show yet.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveOperation {
    /// The operation.
    pub op: Operation,
    /// Whether it may still meet a conflict that nothing has told of yet.
    pub is_pending: bool,
}

impl Store {
    /// The number of the next own operation.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn next_op_no(&self) -> Result<u32, StoreError> {
        next_op_no(&self.conn)
    }

    /// Writes an act to journal and overlay in one transaction. When this returns, it survives a power cut.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then nothing of the act was done.
    pub fn apply_local(&mut self, edit: &LocalEdit) -> Result<Vec<RowChange>, StoreError> {
        point("store.journal.before_write")?;
        let is_apart = is_seeded(Bug::JournalApart);
        if is_apart {
            self.write(|tx| edit.ops.iter().try_for_each(|local| insert(tx, local)))?;
        }
        let changes = self.apply(|tx| {
            let cursor_seq = cursor_seq(tx)?;
            let mut changes = vec![];
            for local in &edit.ops {
                if !is_apart {
                    insert(tx, local)?;
                }
                attachment::follow(tx, &local.op, &edit.attached)?;
                changes.extend(overlay::rebuild(tx, local.op.feature, cursor_seq)?);
            }
            if let Some(draft) = edit.completes_draft {
                draft::complete(tx, draft)?;
            }
            Ok(changes)
        })?;
        point("store.journal.after_commit")?;
        Ok(changes)
    }

    /// Operations that no store has answered for, in order: at most `n_max`, about `n_bytes_max` of JSON.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn pending(&self, n_max: usize, n_bytes_max: usize) -> Result<Vec<Operation>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT operation FROM journal WHERE state = 'pending' ORDER BY op_no",
        )?;
        let mut rows = statement.query([])?;
        let mut ops: Vec<Operation> = vec![];
        let mut n_bytes = 0;
        // Where the group of the last operation begins: the store wants a group in one piece.
        let mut group_start = 0;
        while let Some(row) = rows.next()? {
            let text = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            let op = parse(text)?;
            n_bytes += text.len();
            let is_same_group =
                op.group.is_some() && ops.last().is_some_and(|it| it.group == op.group);
            if !is_same_group {
                group_start = ops.len();
            }
            if ops.len() >= n_max || (n_bytes > n_bytes_max && !ops.is_empty()) {
                // One group always goes, however large it is.
                if group_start > 0 {
                    ops.truncate(group_start);
                }
                if !is_same_group || group_start > 0 {
                    break;
                }
            }
            ops.push(op);
        }
        Ok(ops)
    }

    /// The numbers that operations had in a history that the store has lost; those that never had one are left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn former_seqs(&self, ops: &[Operation]) -> Result<BTreeMap<OpId, u64>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT former_seq FROM journal WHERE id = ?1")?;
        let mut all = BTreeMap::new();
        for op in ops {
            let former: Option<u64> =
                statement.query_row([&op.id.as_bytes()[..]], |row| row.get(0))?;
            all.extend(former.map(|it| (op.id, it)));
        }
        Ok(all)
    }

    /// How many operations wait.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn n_pending(&self) -> Result<u32, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT count(*) FROM journal WHERE state = 'pending'")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }

    /// Keeps what a store answered for a push, with the lineage and the mark of its backups, in one transaction.
    ///
    /// An edit stays visible until the cursor has passed it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn record_outcomes(
        &mut self,
        reply: &PushReply,
        now: Timestamp,
    ) -> Result<Vec<RowChange>, StoreError> {
        point("store.outcomes.before_write")?;
        let changes = self.apply(|tx| {
            for outcome in &reply.outcomes {
                record(tx, outcome.op, &outcome.outcome, outcome.seq, reply.head.seq, now)?;
                if matches!(outcome.outcome, Outcome::Parked { .. }) {
                    offer_what_it_rests_on(tx, outcome.op)?;
                }
            }
            write_meta(tx, "lineage", &reply.lineage)?;
            raise_safe_seq(tx, reply.safe_seq)?;
            raise_witness(tx, &reply.head)?;
            let cursor_seq = cursor_seq(tx)?;
            let mut changes = vec![];
            for outcome in &reply.outcomes {
                let mut statement =
                    tx.prepare_cached("SELECT feature FROM journal WHERE id = ?1")?;
                let feature: Option<Vec<u8>> = statement
                    .query_row([&outcome.op.as_bytes()[..]], |row| row.get(0))
                    .optional()?;
                if let Some(id) = feature {
                    let id = FeatureId::from_slice(&id)
                        .map_err(|error| bad_column("journal.feature", error))?;
                    changes.extend(overlay::rebuild(tx, id, cursor_seq)?);
                }
            }
            Ok(changes)
        })?;
        point("store.outcomes.after_commit")?;
        Ok(changes)
    }

    /// Own edits, newest first. Those that are secured end the list.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn journal(&self, n_secured_max: u32) -> Result<Vec<JournalRow>, StoreError> {
        let safe_seq = number(&self.conn, "safe_seq")?;
        let mut statement = self.conn.prepare_cached(
            "SELECT op_no, operation, kind, title, detail, made_at, state, why, seq, until_seq FROM journal
             WHERE NOT (state = 'received' AND coalesce(seq, until_seq) <= ?1)
                OR op_no IN (SELECT op_no FROM journal WHERE state = 'received' AND coalesce(seq, until_seq) <= ?1
                             ORDER BY op_no DESC LIMIT ?2)
             ORDER BY op_no DESC",
        )?;
        let rows =
            statement.query_map((safe_seq, n_secured_max), |row| Ok(read_row(row, safe_seq)))?;
        rows.map(|row| row?).collect()
    }

    /// Own edits of one feature, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn journal_of(&self, feature: FeatureId) -> Result<Vec<JournalRow>, StoreError> {
        let safe_seq = number(&self.conn, "safe_seq")?;
        let mut statement = self.conn.prepare_cached(
            "SELECT op_no, operation, kind, title, detail, made_at, state, why, seq, until_seq FROM journal
             WHERE feature = ?1 ORDER BY op_no",
        )?;
        let rows =
            statement.query_map([&feature.as_bytes()[..]], |row| Ok(read_row(row, safe_seq)))?;
        rows.map(|row| row?).collect()
    }

    /// The newest own operation on a feature, whatever became of it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn last_operation_of(&self, feature: FeatureId) -> Result<Option<OpId>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id FROM journal WHERE feature = ?1 ORDER BY op_no DESC LIMIT 1",
        )?;
        let id: Option<Vec<u8>> =
            statement.query_row([&feature.as_bytes()[..]], |row| row.get(0)).optional()?;
        id.map(|it| OpId::from_slice(&it).map_err(|error| bad_column("journal.id", error)))
            .transpose()
    }

    /// How many own edits stand where.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn edit_counts(&self) -> Result<EditCounts, StoreError> {
        let safe_seq = number(&self.conn, "safe_seq")?;
        let mut statement = self.conn.prepare_cached(
            "SELECT count(*) FILTER (WHERE state = 'pending'),
                    count(*) FILTER (WHERE state = 'received' AND coalesce(seq, until_seq) > ?1),
                    count(*) FILTER (WHERE state = 'received' AND coalesce(seq, until_seq) <= ?1),
                    count(*) FILTER (WHERE state IN ('conflict', 'parked', 'quarantined')) FROM journal",
        )?;
        Ok(statement.query_row([safe_seq], |row| {
            Ok(EditCounts {
                saved_here: row.get(0)?,
                received: row.get(1)?,
                secured: row.get(2)?,
                needs_attention: row.get(3)?,
            })
        })?)
    }

    /// Own operations that the base does not show yet, oldest first: of one feature, or of all.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn live_operations(
        &self,
        feature: Option<FeatureId>,
    ) -> Result<Vec<LiveOperation>, StoreError> {
        let cursor_seq = cursor_seq(&self.conn)?;
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT operation, state FROM journal WHERE (?1 IS NULL OR feature = ?1) AND ({LIVE}) ORDER BY op_no"
        ))?;
        let id = feature.map(|it| it.as_bytes().to_vec());
        let rows = statement.query_map((id, cursor_seq), |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        rows.map(|row| {
            let (text, state) = row?;
            // One that was answered with a conflict is as undecided as before until the feed tells of it.
            let is_pending = state == "pending" || state == "conflict";
            Ok(LiveOperation { op: parse(&text)?, is_pending })
        })
        .collect()
    }

    /// The own operations of a group, in their order.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn group_operations(&self, group: GroupId) -> Result<Vec<Operation>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT operation FROM journal WHERE json_extract(operation, '$.group') = ?1 ORDER BY op_no",
        )?;
        let rows = statement.query_map([group.to_string()], |row| row.get::<_, String>(0))?;
        rows.map(|text| parse(&text?)).collect()
    }

    /// An own operation with its words for lists; `None` when it was not made here.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn journal_row(&self, op: OpId) -> Result<Option<JournalRow>, StoreError> {
        let safe_seq = number(&self.conn, "safe_seq")?;
        let mut statement = self.conn.prepare_cached(
            "SELECT op_no, operation, kind, title, detail, made_at, state, why, seq, until_seq FROM journal
             WHERE id = ?1",
        )?;
        statement
            .query_row([&op.as_bytes()[..]], |row| Ok(read_row(row, safe_seq)))
            .optional()?
            .transpose()
    }
}

pub(crate) fn next_op_no(conn: &Connection) -> Result<u32, StoreError> {
    let mut statement = conn.prepare_cached("SELECT coalesce(max(op_no), 0) + 1 FROM journal")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

pub(crate) fn number(conn: &Connection, key: &str) -> Result<u64, StoreError> {
    Ok(read_meta(conn, key)?.and_then(|it| it.parse().ok()).unwrap_or(0))
}

pub(crate) fn cursor_seq(conn: &Connection) -> Result<u64, StoreError> {
    number(conn, "cursor_seq")
}

/// Offers every kept operation again: the store has begun another history. Ids are kept, so what it still knows is
/// answered from its log.
pub(crate) fn offer_all_again(tx: &Transaction<'_>) -> Result<(), StoreError> {
    if is_seeded(Bug::PrunedAtAck) {
        return Ok(());
    }
    tx.execute_batch(
        "UPDATE journal SET state = 'pending', why = '', former_seq = coalesce(seq, former_seq), seq = NULL,
                            until_seq = NULL;
         UPDATE blob SET state = 'saved', upload_offset = 0 WHERE state = 'received';",
    )?;
    write_meta(tx, "safe_seq", "0")
}

/// Offers every kept operation again to a store that follows the same history: it refused us once, and may have been
/// rolled back and forth since. The base goes on to show what it shows.
pub(crate) fn offer_all_to_the_same(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute_batch(
        "UPDATE journal SET state = 'pending', why = '', former_seq = coalesce(seq, former_seq),
                            seq = coalesce(seq, until_seq)
         WHERE state IN ('received', 'conflict');
         UPDATE journal SET state = 'pending', why = '' WHERE state IN ('parked', 'quarantined');
         UPDATE blob SET state = 'saved', upload_offset = 0 WHERE state = 'received';",
    )?;
    Ok(())
}

pub(crate) fn raise_safe_seq(tx: &Transaction<'_>, safe_seq: u64) -> Result<(), StoreError> {
    if safe_seq > number(tx, "safe_seq")? {
        write_meta(tx, "safe_seq", &safe_seq.to_string())?;
    }
    Ok(())
}

/// Marks an own operation by what the store said of it. One that the store does not know here is ignored.
pub(crate) fn record(
    tx: &Transaction<'_>,
    op: OpId,
    outcome: &Outcome,
    seq: Option<u64>,
    head_seq: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (state, why) = match outcome {
        Outcome::Applied | Outcome::Same => ("received", ""),
        Outcome::Merged => ("received", "merged"),
        Outcome::Conflict { .. } => ("conflict", ""),
        Outcome::Parked { why } => ("parked", why.as_str()),
        Outcome::Quarantined { why } => ("quarantined", why.as_str()),
    };
    // An operation that made no entry of its own is shown by the base once the cursor reaches today's head.
    let until_seq = if is_seeded(Bug::OverlayDroppedAtAck) { 0 } else { seq.unwrap_or(head_seq) };
    // The answer may be an old one: what the feed has told since then is newer.
    let is_decided =
        state == "conflict" && until_seq <= cursor_seq(tx)? && !conflict::has_open(tx, op)?;
    let (state, why) = if is_decided { ("received", "resolved") } else { (state, why) };
    tx.prepare_cached(
        "UPDATE journal SET state = ?2, why = ?3, seq = ?4, until_seq = ?5, received_at = coalesce(received_at, ?6)
         WHERE id = ?1",
    )?
    .execute((&op.as_bytes()[..], state, why, seq, until_seq, now.to_string()))?;
    Ok(())
}

/// A store that was put back may have lost an operation that made no entry, and with it what a later one rests on:
/// those are offered again. Ids make that harmless everywhere else.
fn offer_what_it_rests_on(tx: &Transaction<'_>, op: OpId) -> Result<(), StoreError> {
    let text: Option<String> = tx
        .prepare_cached("SELECT operation FROM journal WHERE id = ?1")?
        .query_row([&op.as_bytes()[..]], |row| row.get(0))
        .optional()?;
    let Some(text) = text else { return Ok(()) };
    for needed in parse(&text)?.depends_on {
        tx.prepare_cached(
            "UPDATE journal SET state = 'pending', seq = coalesce(seq, until_seq)
             WHERE id = ?1 AND state = 'received'",
        )?
        .execute([&needed.as_bytes()[..]])?;
    }
    Ok(())
}

fn insert(tx: &Transaction<'_>, local: &LocalOperation) -> Result<(), StoreError> {
    let op = &local.op;
    let expected = next_op_no(tx)?;
    if op.op_no != expected {
        return Err(StoreError::OperationOutOfOrder { given: op.op_no, expected });
    }
    let text = serde_json::to_string(op).map_err(|error| bad_column("journal.operation", error))?;
    tx.prepare_cached(
        "INSERT INTO journal(op_no, id, feature, dataset, operation, hash, made_at, title, detail, kind)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute((
        op.op_no,
        &op.id.as_bytes()[..],
        &op.feature.as_bytes()[..],
        op.dataset.as_str(),
        text,
        &op.hash()[..],
        op.device_time.to_string(),
        &local.title,
        &local.detail,
        local.kind,
    ))?;
    Ok(())
}

fn parse(text: &str) -> Result<Operation, StoreError> {
    serde_json::from_str(text).map_err(|error| bad_column("journal.operation", error))
}

fn read_row(row: &Row<'_>, safe_seq: u64) -> Result<JournalRow, StoreError> {
    let seq: Option<u64> = row.get(8)?;
    let until_seq: Option<u64> = row.get(9)?;
    let state = match row.get::<_, String>(6)?.as_str() {
        "received" if seq.or(until_seq).is_some_and(|it| it <= safe_seq) => EditState::Secured,
        "received" => EditState::Received,
        "conflict" => EditState::Conflict,
        "parked" => EditState::Parked,
        "quarantined" => EditState::Quarantined,
        _ => EditState::SavedHere,
    };
    Ok(JournalRow {
        op_no: row.get(0)?,
        op: parse(&row.get::<_, String>(1)?)?,
        kind: row.get(2)?,
        title: row.get(3)?,
        detail: row.get(4)?,
        made_at: row.get(5)?,
        state,
        why: row.get(7)?,
    })
}
