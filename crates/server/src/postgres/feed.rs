use std::collections::{BTreeMap, BTreeSet};

use faltkarta_model::{BlobId, DatasetId, FeatureId, OpId, Value};
use faltkarta_protocol::{Author, FeedBlob, FeedConflict, FeedEntry, FeedKind, FeedRow};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::areas::{Reader, Telling, moved, telling_kind};
use crate::backend::{FeedPage, StoreHead};
use crate::cursor::{Cursor, CursorIs};
use crate::error::StoreError;
use crate::judging::{Catalogue, Content, Declared, Hash16, first_chain, next_chain};
use crate::postgres::rows::{AUTHORS, OPEN_CONFLICTS, author, conflict_row, hash16};
use crate::postgres::told::PastOf;
use crate::postgres::tx::Tx;

/// The head of the feed and the history, and what a cursor is to it, in one question.
const HEAD: &str = "
SELECT h.seq, h.chain, h.safe_seq, e.value, b.value, h.min_seq,
       (SELECT value FROM meta WHERE key = 'cut_chain')
FROM feed_head h, meta e, meta b WHERE e.key = 'epoch' AND b.key = 'first_epoch'";

/// Where the feed ends, as this snapshot has it.
pub(super) fn head(tx: &mut Tx<'_>) -> Result<StoreHead, StoreError> {
    Ok(head_and_beginning(tx)?.0)
}

fn head_and_beginning(tx: &mut Tx<'_>) -> Result<(StoreHead, Hash16), StoreError> {
    let row = tx.row(HEAD, &[])?.ok_or_else(|| StoreError::damaged("the feed has no head"))?;
    let head = StoreHead {
        seq: row.get::<_, i64>(0) as u64,
        chain: hex::encode(hash16(&row, 1)?),
        epoch: row.get(3),
        safe_seq: row.get::<_, i64>(2) as u64,
        min_seq: row.get::<_, i64>(5) as u64,
    };
    let beginning = match row.get::<_, Option<&str>>(6) {
        Some(cut) => {
            let mut chain = Hash16::default();
            hex::decode_to_slice(cut, &mut chain).map_err(StoreError::damaged)?;
            chain
        }
        None => first_chain(row.get(4)),
    };
    Ok((head, beginning))
}

pub(super) fn read_cursor(tx: &mut Tx<'_>, cursor: &str) -> Result<CursorIs, StoreError> {
    if cursor.is_empty() {
        let first = head(tx)?.min_seq;
        return Ok(if first > 1 { CursorIs::BeforeTheFeed } else { CursorIs::At(0) });
    }
    let Cursor { epoch, seq, chain } = Cursor::parse(cursor)?;
    let row = tx.row(
        "SELECT (SELECT value FROM meta WHERE key = 'epoch') = $1::text,
             $2::bigint = 0 OR EXISTS (SELECT FROM feed WHERE seq = $2 AND encode(chain, 'hex') = $3::text)
                 OR EXISTS (SELECT FROM meta m, feed_head h
                     WHERE m.key = 'cut_chain' AND h.min_seq = $2 + 1 AND m.value = $3),
             $2 + 1 < (SELECT min_seq FROM feed_head)",
        &[&epoch, &(seq as i64), &chain],
    )?;
    let row = row.ok_or_else(|| StoreError::damaged("no epoch"))?;
    Ok(match (row.get(0), row.get(1), row.get(2)) {
        (false, _, _) => CursorIs::OfAnotherEpoch,
        (true, _, true) => CursorIs::BeforeTheFeed,
        (true, true, false) => CursorIs::At(seq),
        (true, false, false) => CursorIs::Unknown,
    })
}

/// Looks at the newest entry that a laptop has heard of, when it says so.
pub(super) fn check_seen(tx: &mut Tx<'_>, seen: &str) -> Result<(), StoreError> {
    if seen.is_empty() {
        return Ok(());
    }
    read_cursor(tx, seen)?.check_seen()
}

struct RawEntry {
    seq: u64,
    op: OpId,
    dataset_no: u16,
    feature: FeatureId,
    version: u32,
    is_deleted: bool,
    group: Option<Uuid>,
    chain: Hash16,
    content: Option<(Content, Hash16)>,
    moved: (Option<String>, Option<String>),
}

// The row after an entry is the current one while its version stands, else the one in history.
const ENTRIES: &str = "
SELECT f.seq, f.op, f.dataset, f.feature, f.version, f.kind <> 0, f.grp, f.chain,
       CASE WHEN c.version = f.version THEN bytes(c.geom, c.wkb) ELSE bytes(h.geom, h.wkb) END,
       CASE WHEN c.version = f.version THEN c.properties ELSE h.properties END,
       CASE WHEN c.version = f.version THEN c.blobs ELSE h.blobs END,
       CASE WHEN c.version = f.version THEN c.hash ELSE h.hash END, f.area_before, f.area_after
FROM (SELECT * FROM feed WHERE seq > $1 ORDER BY seq LIMIT $2) AS f
LEFT JOIN feature c ON c.id = f.feature
LEFT JOIN history h ON h.feature = f.feature AND h.version = f.version AND c.version <> f.version
ORDER BY f.seq";

fn raw_entry(row: &Row) -> Result<RawEntry, StoreError> {
    let properties: Option<String> = row.get(9);
    let content = match properties {
        Some(properties) => {
            let content = Content { wkb: row.get(8), properties, blobs: row.get(10) };
            Some((content, hash16(row, 11)?))
        }
        None => None,
    };
    Ok(RawEntry {
        seq: row.get::<_, i64>(0) as u64,
        op: OpId::from_uuid(row.get(1)),
        dataset_no: row.get::<_, i32>(2) as u16,
        feature: FeatureId::from_uuid(row.get(3)),
        version: row.get::<_, i32>(4) as u32,
        is_deleted: row.get(5),
        group: row.get(6),
        chain: hash16(row, 7)?,
        content,
        moved: (row.get(12), row.get(13)),
    })
}

/// Shows entries after a number until `see` says that it has enough. So many are read at once.
fn walk(
    tx: &mut Tx<'_>,
    after: u64,
    n_at_once: usize,
    see: &mut dyn FnMut(RawEntry) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let mut after = after as i64;
    loop {
        let rows = tx.rows(ENTRIES, &[&after, &(n_at_once as i64)])?;
        for row in &rows {
            let raw = raw_entry(row)?;
            after = raw.seq as i64;
            if !see(raw)? {
                return Ok(());
            }
        }
        if rows.len() < n_at_once {
            return Ok(());
        }
    }
}

/// A page after a number, inside one snapshot.
pub(super) fn page(
    tx: &mut Tx<'_>,
    after: u64,
    limit: usize,
    reader: &Reader,
    catalogue: &Catalogue,
) -> Result<FeedPage, StoreError> {
    let (head, beginning) = head_and_beginning(tx)?;
    let mut at = (after, None::<Hash16>);
    let mut raws = vec![];
    let mut group = None;
    let mut n_read = 0;
    walk(tx, after, limit + 1, &mut |raw| {
        // A page is a consistent state, so it does not end in the middle of a group.
        if n_read >= limit && (raw.group.is_none() || raw.group != group) {
            return Ok(false);
        }
        if raw.seq != at.0 + 1 {
            return Err(StoreError::FeedBroken { seq: at.0 + 1 });
        }
        n_read += 1;
        at = (raw.seq, Some(raw.chain));
        group = raw.group;
        let declared = catalogue.by_no(raw.dataset_no);
        if declared.is_some_and(|it| reader.role.may_fetch(&it.dataset)) {
            raws.push(raw);
        }
        Ok(true)
    })?;
    if n_read == 0 && head.seq != after {
        return Err(StoreError::FeedBroken { seq: after + 1 });
    }
    let chain = match (at.1, after) {
        (Some(chain), _) => chain,
        (None, after) if after + 1 == head.min_seq => beginning,
        (None, _) => chain_at(tx, after)?,
    };
    let chain = hex::encode(chain);
    let told = judge(tx, raws, reader, catalogue)?;
    let whose = told.iter().map(|it| (it.raw.op, it.raw.feature, &it.content));
    let beside = Beside::of(tx, &whose.collect::<Vec<_>>())?;
    let entries: Result<_, _> = told.into_iter().map(|it| it.entry(&beside)).collect();
    Ok(FeedPage {
        entries: entries?,
        cursor: Cursor::write(&head.epoch, at.0, &chain, reader.revision),
        is_up_to_date: at.0 == head.seq,
        at: StoreHead { seq: at.0, chain, ..head },
    })
}

fn chain_at(tx: &mut Tx<'_>, seq: u64) -> Result<Hash16, StoreError> {
    let row = tx.row("SELECT chain FROM feed WHERE seq = $1", &[&(seq as i64)])?;
    hash16(&row.ok_or(StoreError::FeedBroken { seq })?, 0)
}

/// An entry that a laptop is told, and as what.
struct Told<'c> {
    raw: RawEntry,
    content: Content,
    kind: FeedKind,
    declared: &'c Declared,
}

/// The entries that are a laptop's concern.
fn judge<'c>(
    tx: &mut Tx<'_>,
    raws: Vec<RawEntry>,
    reader: &Reader,
    catalogue: &'c Catalogue,
) -> Result<Vec<Told<'c>>, StoreError> {
    // Who wants everything needs no past.
    let before = |it: &RawEntry| (it.feature, it.version.saturating_sub(1));
    let versions: Vec<_> =
        if reader.wanted.is_everything() { vec![] } else { raws.iter().map(before).collect() };
    let mut past = PastOf::read(tx, &versions)?;
    let mut all = vec![];
    for mut raw in raws {
        let broken = StoreError::FeedBroken { seq: raw.seq };
        let (Some((content, _)), Some(declared)) =
            (raw.content.take(), catalogue.by_no(raw.dataset_no))
        else {
            return Err(broken);
        };
        let moved = moved(raw.moved.0.take(), raw.moved.1.take())?;
        let telling = Telling {
            feature: raw.feature,
            version: raw.version,
            is_deleted: raw.is_deleted,
            content: &content,
            moved: moved.as_ref(),
        };
        if let Some(kind) = telling_kind(&mut past, reader, (catalogue, declared), &telling)? {
            all.push(Told { raw, content, kind, declared });
        }
    }
    Ok(all)
}

impl Told<'_> {
    fn entry(self, beside: &Beside) -> Result<FeedEntry, StoreError> {
        let RawEntry { seq, op, feature, version, .. } = self.raw;
        let row = (self.kind == FeedKind::Upsert).then(|| beside.row(&self.content)).transpose()?;
        Ok(FeedEntry {
            seq,
            op,
            by: beside.author(op),
            dataset: DatasetId::clone(&self.declared.dataset.id),
            feature,
            version,
            kind: self.kind,
            row,
            conflicts: beside.conflicts(feature),
        })
    }
}

/// What entries tell beside their rows, read for all of them at once.
pub(super) struct Beside {
    blobs: BTreeMap<BlobId, FeedBlob>,
    authors: BTreeMap<OpId, Author>,
    conflicts: BTreeMap<FeatureId, Vec<FeedConflict>>,
}

impl Beside {
    pub(super) fn of(
        tx: &mut Tx<'_>,
        told: &[(OpId, FeatureId, &Content)],
    ) -> Result<Self, StoreError> {
        let ops: Vec<Uuid> = told.iter().map(|it| it.0.uuid()).collect();
        let features: BTreeSet<Uuid> = told.iter().map(|it| it.1.uuid()).collect();
        let features: Vec<Uuid> = features.into_iter().collect();
        let rows = tx.rows(AUTHORS, &[&ops])?;
        let authors = rows.iter().map(|row| Ok((OpId::from_uuid(row.get(0)), author(row)?)));
        let authors: Result<_, StoreError> = authors.collect();
        let mut conflicts: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in tx.rows(OPEN_CONFLICTS, &[&features])? {
            let row = conflict_row(&row)?;
            conflicts.entry(row.feature).or_default().push(row.told());
        }
        Ok(Self { blobs: blobs_of(tx, told)?, authors: authors?, conflicts })
    }

    pub(super) fn author(&self, op: OpId) -> Option<Author> {
        self.authors.get(&op).cloned()
    }

    pub(super) fn conflicts(&self, feature: FeatureId) -> Vec<FeedConflict> {
        self.conflicts.get(&feature).cloned().unwrap_or_default()
    }

    pub(super) fn row(&self, content: &Content) -> Result<FeedRow, StoreError> {
        let geometry = content.geometry()?.map_or(Value::Null, Value::Geometry);
        let blobs = if content.blobs == "[]" { BTreeSet::new() } else { content.blobs()? };
        let blobs = blobs.iter().filter_map(|it| self.blobs.get(it).cloned()).collect();
        Ok(FeedRow { geometry, properties: content.properties()?, blobs })
    }
}

/// Which attachments of some rows the store holds.
fn blobs_of(
    tx: &mut Tx<'_>,
    told: &[(OpId, FeatureId, &Content)],
) -> Result<BTreeMap<BlobId, FeedBlob>, StoreError> {
    let mut named: BTreeSet<BlobId> = BTreeSet::new();
    for (_, _, content) in told.iter().filter(|it| it.2.blobs != "[]") {
        named.extend(content.blobs()?);
    }
    if named.is_empty() {
        return Ok(BTreeMap::new());
    }
    let ids: Vec<&str> = named.iter().map(BlobId::as_str).collect();
    let rows = tx.rows(
        "SELECT id, EXISTS (SELECT FROM blob WHERE blob.id = asked.id),
             EXISTS (SELECT FROM blob_preview WHERE blob = asked.id) FROM unnest($1::text[]) AS asked(id)",
        &[&ids],
    )?;
    rows.iter()
        .map(|row| {
            let id = BlobId::parse(row.get(0)).map_err(StoreError::damaged)?;
            Ok((id.clone(), FeedBlob { id, complete: row.get(1), has_preview: row.get(2) }))
        })
        .collect()
}

/// So many entries are read at once when the whole feed is walked.
const WALKED_AT_ONCE: usize = 2_000;

/// Walks the feed from its first entry and proves it; the head is the proof's end.
pub(super) fn verify(tx: &mut Tx<'_>) -> Result<StoreHead, StoreError> {
    let (head, mut chain) = head_and_beginning(tx)?;
    let mut seq = head.min_seq.saturating_sub(1);
    walk(tx, seq, WALKED_AT_ONCE, &mut |raw| {
        let broken = StoreError::FeedBroken { seq: seq + 1 };
        let Some((content, hash)) = &raw.content else { return Err(broken) };
        chain = next_chain(chain, raw.op.as_bytes(), raw.feature.as_bytes(), *hash);
        if raw.seq != seq + 1 || chain != raw.chain || content.hash(raw.is_deleted) != *hash {
            return Err(broken);
        }
        seq = raw.seq;
        Ok(true)
    })?;
    if head.seq != seq || head.chain != hex::encode(chain) {
        return Err(StoreError::FeedBroken { seq });
    }
    Ok(head)
}
