//! The short way to write a push: one column for each part of an operation, and nothing that the store knows already.
//!
//! Most edits change a field or two of a feature that came with a package. In JSON such an edit is some 500 bytes, of
//! which the names, the ids and the old value are what the store could tell by itself. Here a feature is named by the
//! number of the feed entry that its row came from, an old value that stands in that row is left out, and ids of one
//! act follow each other. A hash over all operations proves that the store has read what the laptop wrote; when it does
//! not hold, or when the store does not know an entry any more, the laptop sends the same push as JSON.
//!
//! Layout: [`MAGIC`], then one zlib stream (RFC 1950) of sections, each with its length first. Numbers lie in byte planes, so that
//! the compressor meets like beside like. `docs/formats/push-columns.md` has the table.

use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;

use faltkarta_changes::{Change, Operation, OperationKind};
use faltkarta_model::{
    BlobId, DatasetId, FeatureId, FieldId, GroupId, OpId, ReplicaId, Timestamp, Value,
};
use flate2::Compression;
use flate2::bufread::{ZlibDecoder, ZlibEncoder};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::message::{PushRequest, Witness};

mod plane;

use plane::{Reader, Writer};

/// Media type of a push in columns.
pub const COLUMNS_TYPE: &str = "application/vnd.faltkarta.push-columns";

/// The first bytes; the last of them is the version of the layout.
pub(crate) const MAGIC: &[u8; 5] = b"FKPC\x02";

/// Most bytes that a body may unfold to.
const MOST_BYTES: u64 = 16 << 20;
/// Most operations in one body.
const MOST_OPS: u64 = 10_000;

/// A row of the feed as both ends hold it.
#[derive(Debug, Clone, PartialEq)]
pub struct Base {
    /// Number of the entry that the row came from.
    pub seq: u64,
    /// The dataset.
    pub dataset: DatasetId,
    /// The feature.
    pub feature: FeatureId,
    /// Version of the feature in that entry.
    pub version: u32,
    /// Its values, the geometry as the field `geometry`; those that are missing are null.
    pub values: BTreeMap<FieldId, Value>,
}

/// Why a push in columns cannot be read. The laptop then sends JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsError {
    /// It is no push in columns, or not a whole one.
    #[error("push in columns cannot be read: {0}")]
    Malformed(&'static str),
    /// It names an entry that the store cannot show any more.
    #[error("entry {seq} is not known")]
    UnknownBase {
        /// The entry.
        seq: u64,
    },
    /// What was read is not what was written.
    #[error("push in columns does not match its hash")]
    HashMismatch,
}

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    protocol: u32,
    epoch: String,
    replica: ReplicaId,
    lineage: String,
    witness: Witness,
    n: u64,
    users: Vec<String>,
    datasets: Vec<DatasetId>,
    shapes: Vec<Vec<FieldId>>,
    rare: Vec<Rare>,
    check: String,
}

/// What few operations have.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
struct Rare {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<OpId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<GroupId>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    atomic: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    blobs: Vec<BlobId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// One column of numbers for each part of an operation.
#[derive(Debug, Default)]
struct Columns {
    id_low: Vec<u64>,
    id_high: Vec<u64>,
    op_no: Vec<u64>,
    user: Vec<u64>,
    time: Vec<u64>,
    offset: Vec<u64>,
    dataset: Vec<u64>,
    schema_rev: Vec<u64>,
    kind: Vec<u64>,
    version: Vec<u64>,
    shape: Vec<u64>,
    base: Vec<u64>,
    rare: Vec<u64>,
    rests: Vec<u64>,
    /// As many as there are changes.
    old_is_base: Vec<u64>,
    /// As many as `rests` has ones.
    after_low: Vec<u64>,
    after_high: Vec<u64>,
}

/// How many of the columns have a number for each operation; they come first.
const N_OF_OPS: usize = 14;

impl Columns {
    fn all(&mut self) -> [&mut Vec<u64>; 17] {
        [
            &mut self.id_low,
            &mut self.id_high,
            &mut self.op_no,
            &mut self.user,
            &mut self.time,
            &mut self.offset,
            &mut self.dataset,
            &mut self.schema_rev,
            &mut self.kind,
            &mut self.version,
            &mut self.shape,
            &mut self.base,
            &mut self.rare,
            &mut self.rests,
            &mut self.old_is_base,
            &mut self.after_low,
            &mut self.after_high,
        ]
    }
}

/// Writes a push in columns. `bases` has for each operation the row that its author saw, where the laptop still holds
/// it; without it the feature and its old values are written out.
///
/// `None` when the push cannot be told exactly in columns; it then goes as JSON.
pub fn pack(request: &PushRequest, bases: &[Option<Base>]) -> Option<Vec<u8>> {
    let mut columns = Columns::default();
    let mut names = Names::default();
    let mut features = vec![];
    let mut texts: BTreeMap<(u64, u64, usize), Vec<&Value>> = BTreeMap::new();
    let mut olds: Vec<&Value> = vec![];
    let mut before = Before::default();
    for (op, base) in request.ops.iter().zip(bases) {
        let base = base.as_ref().filter(|it| it.feature == op.feature && it.dataset == op.dataset);
        before.write(op, base, &mut columns);
        let dataset = place_of(&mut names.datasets, &op.dataset);
        let fields: Vec<FieldId> = op.changes.keys().cloned().collect();
        let shape = place_of(&mut names.shapes, &fields);
        let rare = Rare {
            // An edit of what was edited before rests on that one edit, which has a column of its own.
            depends_on: if op.depends_on.len() == 1 { vec![] } else { op.depends_on.clone() },
            group: op.group,
            atomic: op.atomic,
            blobs: op.blobs.clone(),
            note: op.note.clone(),
        };
        columns.user.push(place_of(&mut names.users, &op.user));
        columns.dataset.push(dataset);
        columns.shape.push(shape);
        columns.rare.push(place_of(&mut names.rare, &rare));
        if base.is_none() {
            features.extend_from_slice(op.feature.as_bytes());
        }
        for (n, (field, change)) in op.changes.iter().enumerate() {
            let is_base = base.is_some_and(|it| value_in(it, field) == &change.old);
            columns.old_is_base.push(u64::from(is_base));
            if !is_base {
                olds.push(&change.old);
            }
            texts.entry((dataset, shape, n)).or_default().push(&change.new);
        }
    }
    let head = Head {
        protocol: request.protocol,
        epoch: request.epoch.clone(),
        replica: request.replica,
        lineage: request.lineage.clone(),
        witness: request.witness.clone(),
        n: request.ops.len() as u64,
        users: names.users,
        datasets: names.datasets,
        shapes: names.shapes,
        rare: names.rare,
        check: check(request),
    };
    let mut out = Writer::default();
    out.section(&serde_json::to_vec(&head).ok()?);
    for column in columns.all() {
        out.numbers(column);
    }
    out.section(&features);
    out.section(&lines(&olds)?);
    for values in texts.values() {
        out.section(&lines(values)?);
    }
    let body = [MAGIC.as_slice(), &deflate(&out.into_bytes())].concat();
    // Whatever a later field of an operation adds: what cannot be read back is not sent.
    let known = bases.iter().flatten().map(|it| (it.seq, it.clone())).collect();
    let is_whole =
        Columned::read(&body).and_then(|it| it.fill(&known)).is_ok_and(|it| it == *request);
    is_whole.then_some(body)
}

#[derive(Debug, Default)]
struct Names {
    users: Vec<String>,
    datasets: Vec<DatasetId>,
    shapes: Vec<Vec<FieldId>>,
    rare: Vec<Rare>,
}

fn place_of<T: PartialEq + Clone>(all: &mut Vec<T>, wanted: &T) -> u64 {
    let place = all.iter().position(|it| it == wanted).unwrap_or_else(|| {
        all.push(wanted.clone());
        all.len() - 1
    });
    place as u64
}

fn value_in<'a>(base: &'a Base, field: &FieldId) -> &'a Value {
    base.values.get(field).unwrap_or(&Value::Null)
}

/// The operation before, from which the next is told by its difference.
#[derive(Debug, Default)]
struct Before {
    id: u128,
    after: u128,
    op_no: i64,
    time_ms: i64,
    base: i64,
}

impl Before {
    fn write(&mut self, op: &Operation, base: Option<&Base>, columns: &mut Columns) {
        step_to(op.id, &mut self.id, &mut columns.id_low, &mut columns.id_high);
        if let [after] = op.depends_on.as_slice() {
            step_to(*after, &mut self.after, &mut columns.after_low, &mut columns.after_high);
        }
        columns.rests.push(u64::from(op.depends_on.len() == 1));
        let op_no = i64::from(op.op_no);
        columns.op_no.push(zigzag(op_no - self.op_no - 1));
        self.op_no = op_no;
        let time_ms = op.device_time.unix_ms();
        columns.time.push(zigzag(time_ms.wrapping_sub(self.time_ms)));
        self.time_ms = time_ms;
        columns.offset.push(op.clock_offset_ms.map_or(0, |it| zigzag(i64::from(it)) + 1));
        columns.schema_rev.push(u64::from(op.schema_rev));
        columns.kind.push(KINDS.iter().position(|it| *it == op.kind).unwrap_or(KINDS.len()) as u64);
        let is_as_base = base.is_some_and(|it| it.version == op.base_version);
        columns.version.push(if is_as_base { 0 } else { u64::from(op.base_version) + 1 });
        columns.base.push(base.map_or(0, |it| zigzag(it.seq as i64 - self.base) + 1));
        if let Some(base) = base {
            self.base = base.seq as i64;
        }
    }
}

/// Writes an id as what it is farther than the one after the last.
fn step_to(id: OpId, last: &mut u128, low: &mut Vec<u64>, high: &mut Vec<u64>) {
    let id = id.uuid().as_u128();
    let step = id.wrapping_sub(*last).wrapping_sub(1);
    *last = id;
    low.push(step as u64);
    high.push((step >> 64) as u64);
}

/// Reads what [`step_to`] wrote.
fn stepped(last: &mut u128, low: u64, high: u64) -> OpId {
    let step = u128::from(low) | (u128::from(high) << 64);
    *last = last.wrapping_add(step).wrapping_add(1);
    OpId::from_uuid(Uuid::from_u128(*last))
}

/// In the order of the wire; new ones come last.
const KINDS: [OperationKind; 7] = [
    OperationKind::Create,
    OperationKind::Update,
    OperationKind::Delete,
    OperationKind::Restore,
    OperationKind::Resolve,
    OperationKind::Attach,
    OperationKind::Detach,
];

fn zigzag(it: i64) -> u64 {
    ((it << 1) ^ (it >> 63)) as u64
}

fn unzigzag(it: u64) -> i64 {
    ((it >> 1) as i64) ^ -((it & 1) as i64)
}

fn lines(values: &[&Value]) -> Option<Vec<u8>> {
    let mut text = vec![];
    for value in values {
        serde_json::to_writer(&mut text, value).ok()?;
        text.push(b'\n');
    }
    Some(text)
}

/// Half of the SHA-256 of the push as JSON: of every part, so that a turned bit anywhere is seen.
fn check(request: &PushRequest) -> String {
    // Every part of a push serializes: finite numbers, text keys.
    let digest: [u8; 32] = Sha256::digest(serde_json::to_vec(request).unwrap_or_default()).into();
    hex::encode(&digest[..16])
}

/// A push in columns that was read, before the store's own rows are filled in.
#[derive(Debug)]
pub struct Columned {
    head: Head,
    columns: Columns,
    features: Vec<FeatureId>,
    olds: Vec<Value>,
    news: BTreeMap<(u64, u64, usize), std::vec::IntoIter<Value>>,
    bases: Vec<Option<u64>>,
}

impl Columned {
    /// Reads the columns. Nothing of the body is trusted: lengths, counts and places are checked.
    ///
    /// # Errors
    ///
    /// [`ColumnsError::Malformed`].
    pub fn read(body: &[u8]) -> Result<Self, ColumnsError> {
        let packed = body.strip_prefix(MAGIC).ok_or(ColumnsError::Malformed("not columns"))?;
        Self::read_unfolded(&inflate(packed)?)
    }

    /// Reads the sections of a body that was unfolded already.
    ///
    /// # Errors
    ///
    /// [`ColumnsError::Malformed`].
    pub fn read_unfolded(bytes: &[u8]) -> Result<Self, ColumnsError> {
        let mut from = Reader::new(bytes);
        let head: Head = serde_json::from_slice(from.section()?)
            .map_err(|_| ColumnsError::Malformed("the head"))?;
        if head.n > MOST_OPS {
            return Err(ColumnsError::Malformed("too many operations"));
        }
        let mut columns = Columns::default();
        for column in columns.all() {
            *column = from.numbers()?;
        }
        let n = head.n as usize;
        let of_ops = columns.all().into_iter().take(N_OF_OPS).all(|it| it.len() == n);
        let n_rests = columns.rests.iter().filter(|it| **it == 1).count();
        let of_rests =
            [&columns.after_low, &columns.after_high].iter().all(|it| it.len() == n_rests);
        if !of_ops || !of_rests {
            return Err(ColumnsError::Malformed("columns of unequal length"));
        }
        let mut values: BTreeMap<(u64, u64, usize), usize> = BTreeMap::new();
        let mut n_changes = 0;
        for (dataset, shape) in columns.dataset.iter().zip(&columns.shape) {
            let fields = head.shapes.get(*shape as usize);
            for n in 0..fields.ok_or(ColumnsError::Malformed("a shape"))?.len() {
                *values.entry((*dataset, *shape, n)).or_default() += 1;
                n_changes += 1;
            }
        }
        if columns.old_is_base.len() != n_changes {
            return Err(ColumnsError::Malformed("columns of unequal length"));
        }
        let ids = from.section()?;
        let features: Result<Vec<FeatureId>, _> =
            ids.chunks(16).map(FeatureId::from_slice).collect();
        let features = features.map_err(|_| ColumnsError::Malformed("a feature"))?;
        let olds = read_lines(from.section()?)?;
        let mut news = BTreeMap::new();
        for (key, count) in values {
            let column = read_lines(from.section()?)?;
            if column.len() != count {
                return Err(ColumnsError::Malformed("columns of unequal length"));
            }
            news.insert(key, column.into_iter());
        }
        let mut last = 0_i64;
        let bases = columns.base.iter().map(|it| {
            let step = it.checked_sub(1)?;
            last = last.wrapping_add(unzigzag(step));
            Some(last as u64)
        });
        let bases = bases.collect();
        Ok(Self { head, columns, features, olds, news, bases })
    }

    /// The version of the wire that the laptop speaks.
    pub fn protocol(&self) -> u32 {
        self.head.protocol
    }

    /// The entries whose rows must be known to go on.
    pub fn base_seqs(&self) -> Vec<u64> {
        let mut seqs: Vec<u64> = self.bases.iter().flatten().copied().collect();
        seqs.sort_unstable();
        seqs.dedup();
        seqs
    }

    /// Fills in what the laptop left out, and proves the whole by its hash.
    ///
    /// # Errors
    ///
    /// [`ColumnsError`].
    pub fn fill(mut self, known: &HashMap<u64, Base>) -> Result<PushRequest, ColumnsError> {
        let bad = ColumnsError::Malformed;
        let mut features = std::mem::take(&mut self.features).into_iter();
        let mut olds = std::mem::take(&mut self.olds).into_iter();
        let mut old_is_base = std::mem::take(&mut self.columns.old_is_base).into_iter();
        let mut ops = Vec::with_capacity(self.bases.len());
        let after = std::mem::take(&mut self.columns.after_low);
        let mut after = after.into_iter().zip(std::mem::take(&mut self.columns.after_high));
        let (mut id, mut after_id, mut op_no, mut time_ms) = (0_u128, 0_u128, 0_i64, 0_i64);
        for n in 0..self.bases.len() {
            let it = &self.columns;
            let base = match self.bases[n] {
                None => None,
                Some(seq) => Some(known.get(&seq).ok_or(ColumnsError::UnknownBase { seq })?),
            };
            let op = stepped(&mut id, it.id_low[n], it.id_high[n]);
            let rests_on = if it.rests[n] == 1 {
                let (low, high) = after.next().ok_or(bad("what an operation rests on"))?;
                Some(stepped(&mut after_id, low, high))
            } else {
                None
            };
            op_no = op_no.wrapping_add(unzigzag(it.op_no[n])).wrapping_add(1);
            time_ms = time_ms.wrapping_add(unzigzag(it.time[n]));
            let dataset = self.head.datasets.get(it.dataset[n] as usize).ok_or(bad("a dataset"))?;
            let shape = self.head.shapes.get(it.shape[n] as usize).ok_or(bad("a shape"))?;
            let rare = self.head.rare.get(it.rare[n] as usize).ok_or(bad("a rare part"))?.clone();
            let mut changes = BTreeMap::new();
            for (place, field) in shape.iter().enumerate() {
                let old = if old_is_base.next().ok_or(bad("an old value"))? == 0 {
                    olds.next().ok_or(bad("an old value"))?
                } else {
                    value_in(base.ok_or(bad("an old value"))?, field).clone()
                };
                let key = (it.dataset[n], it.shape[n], place);
                let new = self.news.get_mut(&key).and_then(Iterator::next);
                changes.insert(field.clone(), Change { old, new: new.ok_or(bad("a value"))? });
            }
            let feature = match base {
                Some(base) if base.dataset == *dataset => base.feature,
                Some(_) => return Err(bad("a feature")),
                None => features.next().ok_or(bad("a feature"))?,
            };
            let base_version = match it.version[n].checked_sub(1) {
                Some(version) => u32::try_from(version).map_err(|_| bad("a version"))?,
                None => base.ok_or(bad("a version"))?.version,
            };
            let offset = it.offset[n].checked_sub(1).map(|it| i32::try_from(unzigzag(it)));
            ops.push(Operation {
                id: op,
                replica: self.head.replica,
                op_no: u32::try_from(op_no).map_err(|_| bad("a number"))?,
                user: self.head.users.get(it.user[n] as usize).ok_or(bad("a user"))?.clone(),
                device_time: Timestamp::from_unix_ms(time_ms),
                clock_offset_ms: offset.transpose().map_err(|_| bad("a clock"))?,
                dataset: dataset.clone(),
                schema_rev: u32::try_from(it.schema_rev[n]).map_err(|_| bad("a revision"))?,
                feature,
                kind: *KINDS.get(it.kind[n] as usize).ok_or(bad("a kind"))?,
                base_version,
                changes,
                depends_on: rests_on.map_or(rare.depends_on, |it| vec![it]),
                group: rare.group,
                atomic: rare.atomic,
                blobs: rare.blobs,
                note: rare.note,
            });
        }
        let wanted = std::mem::take(&mut self.head.check);
        let Head { protocol, epoch, replica, lineage, witness, .. } = self.head;
        let former_seqs = BTreeMap::new();
        let request = PushRequest { protocol, epoch, replica, lineage, witness, ops, former_seqs };
        if check(&request) == wanted { Ok(request) } else { Err(ColumnsError::HashMismatch) }
    }
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut packed = vec![];
    // Reading from memory cannot fail.
    let _ = ZlibEncoder::new(bytes, Compression::best()).read_to_end(&mut packed);
    packed
}

fn inflate(packed: &[u8]) -> Result<Vec<u8>, ColumnsError> {
    let mut bytes = vec![];
    let mut whole = ZlibDecoder::new(packed).take(MOST_BYTES + 1);
    whole.read_to_end(&mut bytes).map_err(|_| ColumnsError::Malformed("not compressed"))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(ColumnsError::Malformed("too much"));
    }
    Ok(bytes)
}

fn read_lines(text: &[u8]) -> Result<Vec<Value>, ColumnsError> {
    let lines = text.split(|byte| *byte == b'\n').filter(|it| !it.is_empty());
    lines
        .map(|it| serde_json::from_slice(it).map_err(|_| ColumnsError::Malformed("a value")))
        .collect()
}

#[cfg(test)]
mod tests;
