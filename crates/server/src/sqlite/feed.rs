use std::collections::BTreeSet;

use faltkarta_model::{BlobId, DatasetId, FeatureId, OpId, Timestamp, Value};
use faltkarta_protocol::{Author, FeedBlob, FeedEntry, FeedKind, FeedRow};
use rusqlite::{Connection, OptionalExtension as _};

use crate::areas::{Reader, Telling, moved, telling_kind};
use crate::backend::{FeedPage, StoreHead};
use crate::cursor::{Cursor, CursorIs};
use crate::error::StoreError;
use crate::judging::{Catalogue, ConflictRow, Content, Hash16, WitnessIs, first_chain, next_chain};
use crate::sqlite::open::meta;
use crate::sqlite::rows;
use crate::sqlite::told::PastOf;

/// Where the feed ends, as this connection's snapshot has it.
pub(super) fn head(conn: &Connection) -> Result<StoreHead, StoreError> {
    let (seq, chain, safe_seq, min_seq) = conn
        .query_row("SELECT seq, chain, safe_seq, min_seq FROM feed_head", [], |row| {
            let chain: Hash16 = row.get(1)?;
            Ok((row.get::<_, i64>(0)?, chain, row.get::<_, i64>(2)?, row.get::<_, i64>(3)?))
        })
        .map_err(StoreError::database("reading the head of the feed"))?;
    Ok(StoreHead {
        seq: seq as u64,
        chain: hex::encode(chain),
        epoch: meta(conn, "epoch")?,
        safe_seq: safe_seq as u64,
        min_seq: min_seq as u64,
    })
}

/// Whether an entry with this chain hash is in the feed. Number 0 is always known.
pub(super) fn knows(conn: &Connection, seq: u64, chain: &str) -> Result<WitnessIs, StoreError> {
    if seq == 0 {
        return Ok(WitnessIs::Known);
    }
    Ok(match chain_at(conn, seq)? {
        Some(found) if found == chain => WitnessIs::Known,
        None if seq < head(conn)?.min_seq => WitnessIs::Forgotten,
        _ => WitnessIs::Foreign,
    })
}

pub(super) fn read_cursor(conn: &Connection, cursor: &str) -> Result<CursorIs, StoreError> {
    let first = head(conn)?.min_seq;
    let at = |seq| if seq + 1 < first { CursorIs::BeforeTheFeed } else { CursorIs::At(seq) };
    if cursor.is_empty() {
        return Ok(at(0));
    }
    let Cursor { epoch, seq, chain } = Cursor::parse(cursor)?;
    if epoch != meta(conn, "epoch")? {
        return Ok(CursorIs::OfAnotherEpoch);
    }
    Ok(match knows(conn, seq, chain)? {
        WitnessIs::Known => at(seq),
        WitnessIs::Foreign => CursorIs::Unknown,
        WitnessIs::Forgotten => CursorIs::BeforeTheFeed,
    })
}

/// Looks at the newest entry that a laptop has heard of, when it says so.
pub(super) fn check_seen(conn: &Connection, seen: &str) -> Result<(), StoreError> {
    if seen.is_empty() {
        return Ok(());
    }
    read_cursor(conn, seen)?.check_seen()
}

/// Who made an operation; `None` when it did not come from a laptop.
pub(super) fn author(conn: &Connection, op: OpId) -> Result<Option<Author>, StoreError> {
    let found: Option<(String, String, String, String)> = conn
        .prepare_cached("SELECT user, device, device_time, at FROM op_log WHERE op = ?1")
        .and_then(|mut it| {
            it.query_row([op.as_bytes()], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
            })
            .optional()
        })
        .map_err(StoreError::database("looking for an author"))?;
    let Some((user, device, device_time, arrived)) = found else { return Ok(None) };
    // Operations from before the device's time was kept have only that of their arrival.
    let at = if device_time.is_empty() { arrived } else { device_time };
    let at = Timestamp::parse(&at).map_err(StoreError::damaged)?;
    Ok(Some(Author { user, device, at }))
}

struct RawEntry {
    seq: u64,
    op: [u8; 16],
    dataset_no: u16,
    feature: [u8; 16],
    version: u32,
    is_deleted: bool,
    group: Option<[u8; 16]>,
    chain: Hash16,
    content: Option<(Content, Hash16)>,
    moved: (Option<String>, Option<String>),
}

// The row after an entry is the current one while its version stands, else the one in history.
const ENTRIES: &str = "
SELECT f.seq, f.op, f.dataset, f.feature, f.version, f.kind, f.grp, f.chain,
       CASE WHEN c.version = f.version THEN c.geometry ELSE h.geometry END,
       CASE WHEN c.version = f.version THEN c.properties ELSE h.properties END,
       CASE WHEN c.version = f.version THEN c.blobs ELSE h.blobs END,
       CASE WHEN c.version = f.version THEN c.hash ELSE h.hash END, f.area_before, f.area_after
FROM feed f
LEFT JOIN feature c ON c.id = f.feature
LEFT JOIN history h ON h.feature = f.feature AND h.version = f.version
WHERE f.seq > ?1 ORDER BY f.seq";

fn raw_entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<RawEntry> {
    let properties: Option<String> = row.get(9)?;
    let content = match properties {
        Some(properties) => {
            Some((Content { wkb: row.get(8)?, properties, blobs: row.get(10)? }, row.get(11)?))
        }
        None => None,
    };
    Ok(RawEntry {
        seq: row.get::<_, i64>(0)? as u64,
        op: row.get(1)?,
        dataset_no: row.get(2)?,
        feature: row.get(3)?,
        version: row.get(4)?,
        is_deleted: row.get(5)?,
        group: row.get(6)?,
        chain: row.get(7)?,
        content,
        moved: (row.get(12)?, row.get(13)?),
    })
}

/// A page after a number, inside the snapshot of the connection's read transaction.
pub(super) fn page(
    conn: &Connection,
    after: u64,
    limit: usize,
    reader: &Reader,
    catalogue: &Catalogue,
) -> Result<FeedPage, StoreError> {
    let failed = StoreError::database("reading the feed");
    let head = head(conn)?;
    let mut at = (after, None::<Hash16>);
    let mut entries = vec![];
    let mut group = None;
    let mut n_read = 0;
    let mut statement = conn.prepare_cached(ENTRIES).map_err(failed)?;
    let mut rows = statement.query([after as i64]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let raw = raw_entry(row).map_err(failed)?;
        // A page is a consistent state, so it does not end in the middle of a group.
        if n_read >= limit && (raw.group.is_none() || raw.group != group) {
            break;
        }
        if raw.seq != at.0 + 1 {
            return Err(StoreError::FeedBroken { seq: at.0 + 1 });
        }
        n_read += 1;
        at = (raw.seq, Some(raw.chain));
        group = raw.group;
        if let Some(entry) = pulled(conn, raw, reader, catalogue)? {
            entries.push(entry);
        }
    }
    if n_read == 0 && head.seq != after {
        return Err(StoreError::FeedBroken { seq: after + 1 });
    }
    let chain = match at.1 {
        Some(chain) => hex::encode(chain),
        None => chain_at(conn, after)?.ok_or(StoreError::FeedBroken { seq: after })?,
    };
    Ok(FeedPage {
        entries,
        cursor: Cursor::write(&head.epoch, at.0, &chain, reader.revision),
        is_up_to_date: at.0 == head.seq,
        at: StoreHead { seq: at.0, chain, ..head },
    })
}

/// The chain hash at an entry, or at the end of what was cut off; `None` when the feed does not hold it.
fn chain_at(conn: &Connection, seq: u64) -> Result<Option<String>, StoreError> {
    let (base_seq, base) = base(conn)?;
    if seq == base_seq {
        return Ok(Some(hex::encode(base)));
    }
    let chain: Option<Hash16> = conn
        .query_row("SELECT chain FROM feed WHERE seq = ?1", [seq as i64], |row| row.get(0))
        .optional()
        .map_err(StoreError::database("reading the chain"))?;
    Ok(chain.map(hex::encode))
}

/// The number before the first that the feed holds, and the chain there.
fn base(conn: &Connection) -> Result<(u64, Hash16), StoreError> {
    let seq = head(conn)?.min_seq.saturating_sub(1);
    if seq == 0 {
        return Ok((0, first_chain(&meta(conn, "first_epoch")?)));
    }
    let mut chain = Hash16::default();
    hex::decode_to_slice(meta(conn, "cut_chain")?, &mut chain).map_err(StoreError::damaged)?;
    Ok((seq, chain))
}

/// The entry as a laptop is told it; `None` when it is none of its concern.
fn pulled(
    conn: &Connection,
    raw: RawEntry,
    reader: &Reader,
    catalogue: &Catalogue,
) -> Result<Option<FeedEntry>, StoreError> {
    let Some(declared) = catalogue.by_no(raw.dataset_no) else { return Ok(None) };
    if !reader.role.may_fetch(&declared.dataset) {
        return Ok(None);
    }
    let (content, _) = raw.content.ok_or(StoreError::FeedBroken { seq: raw.seq })?;
    let moved = moved(raw.moved.0, raw.moved.1)?;
    let feature = FeatureId::from_uuid(uuid::Uuid::from_bytes(raw.feature));
    let telling = Telling {
        feature,
        version: raw.version,
        is_deleted: raw.is_deleted,
        content: &content,
        moved: moved.as_ref(),
    };
    let judged = telling_kind(&mut PastOf(conn), reader, (catalogue, declared), &telling)?;
    let Some(kind) = judged else {
        return Ok(None);
    };
    let op = OpId::from_uuid(uuid::Uuid::from_bytes(raw.op));
    let conflicts = rows::open_conflicts(conn, &[feature])?;
    let upsert = (kind == FeedKind::Upsert).then(|| feed_row(conn, &content));
    Ok(Some(FeedEntry {
        seq: raw.seq,
        op,
        by: author(conn, op)?,
        dataset: DatasetId::clone(&declared.dataset.id),
        feature,
        conflicts: conflicts.into_iter().map(ConflictRow::told).collect(),
        version: raw.version,
        kind,
        row: upsert.transpose()?,
    }))
}

pub(super) fn feed_row(conn: &Connection, content: &Content) -> Result<FeedRow, StoreError> {
    let geometry = content.geometry()?.map_or(Value::Null, Value::Geometry);
    let blobs: BTreeSet<BlobId> =
        if content.blobs == "[]" { BTreeSet::new() } else { content.blobs()? };
    let blobs: Result<Vec<FeedBlob>, StoreError> = blobs
        .into_iter()
        .map(|id| {
            let (complete, has_preview) = conn
                .prepare_cached(
                    "SELECT EXISTS(SELECT 1 FROM blob WHERE id = ?1),
                            EXISTS(SELECT 1 FROM blob_preview WHERE blob = ?1)",
                )
                .and_then(|mut it| {
                    it.query_row([id.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
                })
                .map_err(StoreError::database("looking for an attachment"))?;
            Ok(FeedBlob { id, complete, has_preview })
        })
        .collect();
    Ok(FeedRow { geometry, properties: content.properties()?, blobs: blobs? })
}

/// Walks the feed from the first entry that it holds and proves it; the head is the proof's end.
pub(super) fn verify(conn: &Connection) -> Result<StoreHead, StoreError> {
    let failed = StoreError::database("reading the feed");
    let (mut seq, mut chain) = base(conn)?;
    let mut statement = conn.prepare_cached(ENTRIES).map_err(failed)?;
    let mut rows = statement.query([seq as i64]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let raw = raw_entry(row).map_err(failed)?;
        let broken = StoreError::FeedBroken { seq: seq + 1 };
        let Some((content, hash)) = &raw.content else { return Err(broken) };
        chain = next_chain(chain, &raw.op, &raw.feature, *hash);
        if raw.seq != seq + 1 || chain != raw.chain || content.hash(raw.is_deleted) != *hash {
            return Err(broken);
        }
        seq = raw.seq;
    }
    let head = head(conn)?;
    if head.seq != seq || head.chain != hex::encode(chain) {
        return Err(StoreError::FeedBroken { seq });
    }
    Ok(head)
}
