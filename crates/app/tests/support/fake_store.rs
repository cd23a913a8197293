//! A geodata store in memory that may be cut off at any point.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use faltkarta_app::{BlobState, Link, LinkError, RowLink};
use faltkarta_changes::{
    Conflict, ConflictKind, Current, CurrentRow, Effect, Operation, OperationKind, Verdict,
    conflict_id, merge,
};
use faltkarta_model::{BlobId, Dataset, DatasetId, FeatureId, GEOMETRY_FIELD, OpId, Value};
use faltkarta_protocol::{
    Author, Declaration, DeviceReport, DigestReply, FeedBlob, FeedConflict, FeedEntry, FeedKind,
    FeedRow, Head, JoinReply, JoinRequest, NumberBlock, NumberRequest, OpOutcome, Outcome,
    PackageManifest, PullReply, PushReply, PushRequest, RowSum, RowsReply, SchemaRevision,
    Subscription, row_hash,
};

use super::fake_maps::FakeMaps;
use super::{DATASETS, Package, TOKEN, field, now, package, text, town};

/// A row of the store in memory.
pub(crate) struct Row {
    pub(crate) dataset: DatasetId,
    pub(crate) current: CurrentRow,
    pub(crate) is_deleted: bool,
}

/// When the way to the store breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Cut {
    /// Never.
    #[default]
    None,
    /// Before the request arrives.
    Request,
    /// After the store has done it.
    Answer,
}

/// A geodata store in memory: rows, an operation log by id, a feed. It merges by old values, as the real one does.
pub(crate) struct FakeStore {
    pub(crate) rows: HashMap<FeatureId, Row>,
    /// Open conflicts with the feature of each.
    pub(crate) conflicts: BTreeMap<uuid::Uuid, (FeatureId, FeedConflict)>,
    pub(crate) log: BTreeMap<OpId, (Operation, OpOutcome)>,
    pub(crate) feed: Vec<FeedEntry>,
    pub(crate) base_seq: u64,
    pub(crate) blobs: HashMap<BlobId, (u64, Vec<u8>)>,
    pub(crate) previews: HashMap<BlobId, Vec<u8>>,
    pub(crate) package: Package,
    pub(crate) safe_seq: u64,
    pub(crate) epoch: String,
    pub(crate) lineage: u32,
    pub(crate) known_replicas: Vec<String>,
    /// Which call breaks how: counts down over all calls.
    pub(crate) cut_at: Option<(u32, Cut)>,
    pub(crate) n_calls: u32,
    pub(crate) calls: Vec<String>,
    /// Bytes of a package file after which the fetch breaks, once.
    pub(crate) fetch_cut: Option<usize>,
    pub(crate) n_fetched: u64,
    /// Refusal of every push or pull.
    pub(crate) refusal: RefCell<Option<(&'static str, LinkError)>>,
    pub(crate) page_entries: usize,
    /// Whether rows are handed out by dataset, and what goes with it.
    pub(crate) offers_rows: bool,
    pub(crate) subscription: Subscription,
    /// Features outside the laptop's area.
    pub(crate) outside: BTreeSet<FeatureId>,
    pub(crate) declarations: BTreeMap<(DatasetId, u32), String>,
    pub(crate) numbers: BTreeMap<String, u64>,
    pub(crate) leased: BTreeMap<uuid::Uuid, NumberBlock>,
    pub(crate) reports: Vec<DeviceReport>,
    pub(crate) former_seqs: BTreeMap<OpId, u64>,
    /// The feed is cut off up to this entry.
    pub(crate) min_seq: u64,
    /// Names of the calls of the row link, with what they asked.
    pub(crate) asked: Vec<String>,
    pub(crate) maps: FakeMaps,
}

impl FakeStore {
    pub(crate) fn new() -> Self {
        let rows = town().into_iter().map(|it| {
            let mut values = it.properties;
            values.extend(it.geometry.map(|it| (field(GEOMETRY_FIELD), Value::Geometry(it))));
            let current = CurrentRow { version: 1, values, ..CurrentRow::default() };
            (it.id, Row { dataset: it.dataset, current, is_deleted: false })
        });
        Self {
            rows: rows.collect(),
            conflicts: BTreeMap::new(),
            log: BTreeMap::new(),
            feed: vec![],
            base_seq: 1,
            blobs: HashMap::new(),
            previews: HashMap::new(),
            package: package(1, &town()),
            safe_seq: 0,
            epoch: "one".into(),
            lineage: 0,
            known_replicas: vec![],
            cut_at: None,
            n_calls: 0,
            calls: vec![],
            fetch_cut: None,
            n_fetched: 0,
            refusal: RefCell::new(None),
            page_entries: 3,
            offers_rows: true,
            subscription: Subscription { revision: 0, parts: vec![] },
            outside: BTreeSet::new(),
            declarations: BTreeMap::new(),
            numbers: BTreeMap::new(),
            leased: BTreeMap::new(),
            reports: vec![],
            former_seqs: BTreeMap::new(),
            min_seq: 0,
            asked: vec![],
            maps: FakeMaps::default(),
        }
    }

    /// As the store does with what a laptop has heard of and it lacks.
    fn check_seen(&self, seen: &str) -> Result<(), LinkError> {
        let mut parts = seen.split('.');
        let (epoch, seq) = (parts.next().unwrap(), parts.next().unwrap());
        let is_known = epoch == self.epoch && seq.parse::<u64>().unwrap() <= self.head();
        if is_known { Ok(()) } else { Err(LinkError::Resync) }
    }

    fn head(&self) -> u64 {
        self.base_seq + self.feed.len() as u64
    }

    /// Asks the plan of faults; `true` when the answer of this call is lost.
    fn call(&mut self, name: &str) -> Result<bool, LinkError> {
        self.n_calls += 1;
        self.calls.push(name.to_owned());
        if let Some((which, refusal)) = &*self.refusal.borrow()
            && *which == name
        {
            return Err(refusal.clone());
        }
        match self.cut_at {
            Some((n, Cut::Request)) if n == self.n_calls => Err(gone()),
            Some((n, Cut::Answer)) if n == self.n_calls => Ok(true),
            _ => Ok(false),
        }
    }

    /// An edit by somebody else.
    pub(crate) fn edit(&mut self, id: FeatureId, name: &str, value: &str) {
        let op = OpId::from_uuid(uuid::Uuid::from_u128(0x0bed << 96 | u128::from(self.head())));
        let row = self.rows.get_mut(&id).unwrap();
        row.current.version += 1;
        row.current.values.insert(field(name), text(value));
        self.enter(op, id, "Per Lund");
    }

    /// A deletion by somebody else.
    pub(crate) fn delete(&mut self, id: FeatureId) {
        let op = OpId::from_uuid(uuid::Uuid::from_u128(0x0de1 << 96 | u128::from(self.head())));
        let row = self.rows.get_mut(&id).unwrap();
        row.current.version += 1;
        row.is_deleted = true;
        self.enter(op, id, "Per Lund");
    }

    pub(crate) fn value(&self, id: FeatureId, name: &str) -> Value {
        self.rows[&id].current.values.get(&field(name)).cloned().unwrap_or(Value::Null)
    }

    pub(crate) fn enter(&mut self, op: OpId, feature: FeatureId, user: &str) -> u64 {
        let seq = self.head() + 1;
        let row = &self.rows[&feature];
        let mut properties = row.current.values.clone();
        let geometry = properties.remove(&field(GEOMETRY_FIELD)).unwrap_or(Value::Null);
        let blobs = row.current.blobs.iter().cloned();
        let blobs = blobs.map(|id| FeedBlob { id, complete: false, has_preview: false }).collect();
        let kind = if row.is_deleted { FeedKind::Delete } else { FeedKind::Upsert };
        self.feed.push(FeedEntry {
            seq,
            op,
            dataset: row.dataset.clone(),
            feature,
            version: row.current.version,
            kind,
            row: (!row.is_deleted).then_some(FeedRow { geometry, properties, blobs }),
            by: Some(author(user)),
            conflicts: vec![],
        });
        seq
    }

    fn take(&mut self, op: &Operation) -> OpOutcome {
        if let Some((known, outcome)) = self.log.get(&op.id) {
            assert_eq!(known.hash(), op.hash(), "an operation was changed after it was sent");
            return outcome.clone();
        }
        let declaration = DATASETS.iter().find(|it| it.0 == op.dataset.as_str()).unwrap().1;
        let schema = Dataset::parse(declaration).unwrap();
        let current = match self.rows.get(&op.feature) {
            None => Current::Absent,
            Some(row) if row.is_deleted => Current::Deleted(&row.current),
            Some(row) => Current::Live(&row.current),
        };
        let mut judged = merge(current, op, &schema);
        if judged.verdict == Verdict::MissingParent {
            let outcome = Outcome::Parked { why: "missing_parent".into() };
            let outcome = OpOutcome { op: op.id, outcome, seq: None };
            self.log.insert(op.id, (op.clone(), outcome.clone()));
            return outcome;
        }
        let row = self.rows.entry(op.feature).or_insert_with(|| Row {
            dataset: op.dataset.clone(),
            current: CurrentRow::default(),
            is_deleted: false,
        });
        let takes_effect = judged.effect != Effect::Nothing;
        match judged.effect {
            Effect::Nothing => {}
            Effect::Put { values, blobs } => {
                row.current.values = values;
                row.current.blobs = blobs;
                row.is_deleted = false;
            }
            Effect::Remove => row.is_deleted = true,
        }
        row.current.version += u32::from(takes_effect);
        if takes_effect && matches!(op.kind, OperationKind::Restore | OperationKind::Delete) {
            judged.closes.extend(op.depends_on.iter().map(|it| conflict_id(*it, "*")));
        }
        if op.kind == OperationKind::Resolve && op.changes.is_empty() {
            let named = |it: &&(FeatureId, FeedConflict)| op.depends_on.contains(&it.1.op);
            judged.closes.extend(self.conflicts.values().filter(named).map(|it| it.1.id));
        }
        self.conflicts.retain(|id, _| !judged.closes.contains(id));
        for conflict in &judged.conflicts {
            self.open(op, conflict);
        }
        let seq = self.enter(op.id, op.feature, &op.user);
        let outcome = if judged.conflicts.is_empty() {
            Outcome::Applied
        } else {
            Outcome::Conflict { conflicts: judged.conflicts.iter().map(|it| it.id).collect() }
        };
        let outcome = OpOutcome { op: op.id, outcome, seq: Some(seq) };
        self.log.insert(op.id, (op.clone(), outcome.clone()));
        outcome
    }

    fn open(&mut self, op: &Operation, conflict: &Conflict) {
        let told = FeedConflict {
            id: conflict.id,
            key: conflict.key.clone(),
            kind: conflict.kind,
            op: op.id,
            replica: op.replica,
            fields: conflict.fields.clone(),
            candidate_by: author(&op.user),
            store_by: Some(author("Per Lund")),
            merged: vec![],
            other: None,
        };
        self.conflicts.insert(conflict.id, (op.feature, told));
    }

    /// A conflict by the store's own judgement, on top of the newest entry of its feature.
    pub(crate) fn open_other(
        &mut self,
        feature: FeatureId,
        kind: ConflictKind,
        key: &str,
        op: OpId,
    ) {
        let id = conflict_id(op, key);
        let told = FeedConflict {
            id,
            key: key.into(),
            kind,
            op,
            replica: faltkarta_model::ReplicaId::from_uuid(uuid::Uuid::from_u128(7)),
            fields: BTreeMap::new(),
            candidate_by: author("Per Lund"),
            store_by: None,
            merged: vec![],
            other: None,
        };
        self.conflicts.insert(id, (feature, told));
        self.enter(op, feature, "Per Lund");
    }

    fn revisions(&self) -> Vec<SchemaRevision> {
        let newest: BTreeMap<&DatasetId, u32> =
            self.declarations.keys().map(|(dataset, revision)| (dataset, *revision)).collect();
        newest
            .into_iter()
            .map(|(dataset, revision)| SchemaRevision { dataset: dataset.clone(), revision })
            .collect()
    }

    /// A feature moves out of the laptop's area.
    pub(crate) fn move_out(&mut self, id: FeatureId) {
        let op = OpId::from_uuid(uuid::Uuid::from_u128(0x0de1 << 96 | u128::from(self.head())));
        self.rows.get_mut(&id).unwrap().current.version += 1;
        self.enter(op, id, "Per Lund");
        let entry = self.feed.last_mut().unwrap();
        (entry.kind, entry.row) = (FeedKind::Leave, None);
        self.outside.insert(id);
    }

    /// The newest entry of a feature, as if it had just been read.
    fn newest(&self, id: FeatureId) -> FeedEntry {
        let mut store = self.feed.iter().rev().filter(|it| it.feature == id).cloned();
        let row = &self.rows[&id];
        let mut properties = row.current.values.clone();
        let geometry = properties.remove(&field(GEOMETRY_FIELD)).unwrap_or(Value::Null);
        let entry = store.next().unwrap_or(FeedEntry {
            seq: self.base_seq,
            op: OpId::from_uuid(uuid::Uuid::nil()),
            dataset: row.dataset.clone(),
            feature: id,
            version: row.current.version,
            kind: FeedKind::Upsert,
            row: Some(FeedRow { geometry, properties, blobs: vec![] }),
            by: None,
            conflicts: vec![],
        });
        self.told(&entry)
    }

    fn offered(&mut self, call: &str, what: &str) -> Result<bool, LinkError> {
        self.asked.push(format!("{call} {what}").trim().to_owned());
        if !self.offers_rows {
            return Err(LinkError::NotOffered);
        }
        self.call(call)
    }

    /// The entry with the conflicts that are open now, as the store's values stand now.
    fn told(&self, entry: &FeedEntry) -> FeedEntry {
        let mut entry = entry.clone();
        for (_, conflict) in self.conflicts.values().filter(|it| it.0 == entry.feature) {
            let mut conflict = conflict.clone();
            for (name, clash) in &mut conflict.fields {
                let values = &self.rows[&entry.feature].current.values;
                clash.store = values.get(name).cloned().unwrap_or(Value::Null);
            }
            entry.conflicts.push(conflict);
        }
        entry
    }
}

pub(crate) fn author(user: &str) -> Author {
    Author { user: user.into(), device: "Bil 1".into(), at: now() }
}

pub(crate) fn gone() -> LinkError {
    LinkError::Unreachable { text: "cut".into() }
}

impl RowLink for FakeStore {
    fn subscription(&mut self, _: &str) -> Result<Subscription, LinkError> {
        let is_lost = self.offered("subscription", "")?;
        if is_lost { Err(gone()) } else { Ok(self.subscription.clone()) }
    }

    fn subscribe(&mut self, _: &str, wanted: &Subscription) -> Result<Subscription, LinkError> {
        let is_lost = self.offered("subscribe", "")?;
        let revision = self.subscription.revision + 1;
        self.subscription = Subscription { revision, parts: wanted.parts.clone() };
        if is_lost { Err(gone()) } else { Ok(self.subscription.clone()) }
    }

    fn rows(
        &mut self,
        _: &str,
        dataset: &DatasetId,
        after: &str,
        since: Option<u64>,
        seen: &str,
    ) -> Result<RowsReply, LinkError> {
        let is_lost = self.offered("rows", dataset.as_str())?;
        self.check_seen(seen)?;
        let after: Option<FeatureId> = after.parse().ok();
        let mut ids: Vec<FeatureId> = self.rows.keys().copied().collect();
        ids.sort();
        let mut entries: Vec<FeedEntry> = ids
            .into_iter()
            .filter(|id| after.is_none_or(|after| *id > after))
            .map(|id| self.newest(id))
            .filter(|it| it.dataset == *dataset)
            .filter(|it| match since {
                Some(since) => it.seq > since,
                None => it.kind == FeedKind::Upsert && !self.outside.contains(&it.feature),
            })
            .collect();
        let has_more = entries.len() > self.page_entries;
        entries.truncate(self.page_entries);
        let next = entries.last().filter(|_| has_more).map(|it| it.feature.to_string());
        let head = self.head();
        let reply = RowsReply {
            entries,
            next,
            at: Head { seq: head, chain: format!("{head:032x}") },
            epoch: self.epoch.clone(),
            cursor: head.to_string(),
        };
        if is_lost { Err(gone()) } else { Ok(reply) }
    }

    fn digest(&mut self, _: &str) -> Result<DigestReply, LinkError> {
        let is_lost = self.offered("digest", "")?;
        let mut sums: BTreeMap<DatasetId, RowSum> = BTreeMap::new();
        for (id, row) in &self.rows {
            if row.is_deleted || self.outside.contains(id) {
                continue;
            }
            let mut properties = row.current.values.clone();
            let geometry = match properties.remove(&field(GEOMETRY_FIELD)) {
                Some(Value::Geometry(geometry)) => Some(geometry),
                _ => None,
            };
            let hash = row_hash(*id, row.current.version, geometry.as_ref(), &properties);
            sums.entry(row.dataset.clone()).or_default().add(hash);
        }
        let head = self.head();
        let datasets = sums.into_iter().map(|(dataset, sum)| sum.digest(dataset)).collect();
        let reply = DigestReply { at: Head { seq: head, chain: format!("{head:032x}") }, datasets };
        if is_lost { Err(gone()) } else { Ok(reply) }
    }

    fn declaration(
        &mut self,
        _: &str,
        dataset: &DatasetId,
        revision: u32,
    ) -> Result<Declaration, LinkError> {
        let is_lost = self.offered("declaration", dataset.as_str())?;
        let toml = self.declarations[&(dataset.clone(), revision)].clone();
        let reply = Declaration { dataset: dataset.clone(), revision, toml };
        if is_lost { Err(gone()) } else { Ok(reply) }
    }

    fn lease_numbers(&mut self, _: &str, wanted: &NumberRequest) -> Result<NumberBlock, LinkError> {
        let is_lost = self.offered("numbers", &wanted.series)?;
        let next = self.numbers.entry(wanted.series.clone()).or_insert(1);
        let block = self.leased.entry(wanted.request).or_insert_with(|| {
            let first = *next;
            *next += u64::from(wanted.n);
            NumberBlock { series: wanted.series.clone(), first, n: wanted.n }
        });
        let block = block.clone();
        if is_lost { Err(gone()) } else { Ok(block) }
    }

    fn report(&mut self, _: &str, report: &DeviceReport) -> Result<(), LinkError> {
        let is_lost = self.offered("report", "")?;
        self.reports.push(report.clone());
        if is_lost { Err(gone()) } else { Ok(()) }
    }
}

impl Link for FakeStore {
    fn join(&mut self, request: &JoinRequest) -> Result<JoinReply, LinkError> {
        let is_lost = self.call("join")?;
        self.known_replicas.push(request.replica.to_string());
        let reply = JoinReply {
            protocol: 1,
            token: TOKEN.into(),
            workspace: "main".into(),
            epoch: self.epoch.clone(),
            lineage: self.lineage.to_string(),
            device_name: request.device_name.clone(),
            role: "technician".into(),
            server_time: now(),
        };
        if is_lost { Err(gone()) } else { Ok(reply) }
    }

    fn package_manifest(&mut self, _: &str) -> Result<PackageManifest, LinkError> {
        if self.call("manifest")? {
            return Err(gone());
        }
        Ok(self.package.manifest.clone())
    }

    fn fetch(
        &mut self,
        _: &str,
        package: &str,
        file: &str,
        offset: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), LinkError>,
    ) -> Result<(), LinkError> {
        if self.call("fetch")? {
            return Err(gone());
        }
        assert_eq!(package, self.package.manifest.id);
        let bytes = std::fs::read(self.package.dir.path().join(file)).unwrap();
        let rest = &bytes[offset as usize..];
        let n = self.fetch_cut.take().unwrap_or(rest.len()).min(rest.len());
        for piece in rest[..n].chunks(10_000) {
            self.n_fetched += piece.len() as u64;
            sink(piece)?;
        }
        if n < rest.len() { Err(gone()) } else { Ok(()) }
    }

    fn push(&mut self, _: &str, request: &PushRequest) -> Result<PushReply, LinkError> {
        let is_lost = self.call("push")?;
        if request.epoch != self.epoch {
            return Err(LinkError::Resync);
        }
        self.former_seqs.extend(request.former_seqs.clone());
        let outcomes = request.ops.iter().map(|op| self.take(op)).collect();
        self.lineage += 1;
        let reply = PushReply {
            lineage: self.lineage.to_string(),
            outcomes,
            head: Head { seq: self.head(), chain: format!("{:032x}", self.head()) },
            safe_seq: self.safe_seq,
            server_time: now(),
        };
        if is_lost { Err(gone()) } else { Ok(reply) }
    }

    fn pull(&mut self, _: &str, cursor: &str, seen: &str) -> Result<PullReply, LinkError> {
        if self.call("pull")? {
            return Err(gone());
        }
        self.check_seen(seen)?;
        let from: u64 = cursor.parse().unwrap();
        if from < self.min_seq || from > self.head() {
            return Err(LinkError::Resync);
        }
        let rest = self.feed.iter().filter(|it| it.seq > from);
        let page: Vec<&FeedEntry> = rest.take(self.page_entries).collect();
        let seq = page.last().map_or(from, |it| it.seq);
        // What lies outside the area is passed over, and the cursor passes it too.
        let is_told =
            |it: &&FeedEntry| it.kind != FeedKind::Upsert || !self.outside.contains(&it.feature);
        let entries = page.into_iter().filter(is_told).map(|it| self.told(it)).collect();
        Ok(PullReply {
            entries,
            cursor: seq.to_string(),
            at: Head { seq, chain: format!("{seq:032x}") },
            up_to_date: seq == self.head(),
            safe_seq: self.safe_seq,
            min_seq: self.min_seq,
            subscription: self.subscription.revision,
            schema: self.revisions(),
            server_time: now(),
        })
    }

    fn blob_head(&mut self, _: &str, blob: &BlobId) -> Result<BlobState, LinkError> {
        if self.call("head")? {
            return Err(gone());
        }
        Ok(match self.blobs.get(blob) {
            Some((total, bytes)) if bytes.len() as u64 == *total => BlobState::Complete,
            Some((_, bytes)) => BlobState::Partial(bytes.len() as u64),
            None => BlobState::Partial(0),
        })
    }

    fn blob_patch(
        &mut self,
        _: &str,
        blob: &BlobId,
        offset: u64,
        n_bytes_total: u64,
        piece: &[u8],
    ) -> Result<BlobState, LinkError> {
        let is_lost = self.call("patch")?;
        let (_, bytes) = self.blobs.entry(blob.clone()).or_insert((n_bytes_total, vec![]));
        if offset != bytes.len() as u64 {
            return Err(LinkError::WrongOffset { n_bytes: bytes.len() as u64 });
        }
        bytes.extend_from_slice(piece);
        let n_bytes = bytes.len() as u64;
        if is_lost {
            return Err(gone());
        }
        Ok(if n_bytes == n_bytes_total { BlobState::Complete } else { BlobState::Partial(n_bytes) })
    }

    fn preview_put(&mut self, _: &str, blob: &BlobId, jpeg: &[u8]) -> Result<(), LinkError> {
        let is_lost = self.call("preview_put")?;
        self.previews.insert(blob.clone(), jpeg.to_vec());
        if is_lost { Err(gone()) } else { Ok(()) }
    }

    fn preview_get(&mut self, _: &str, blob: &BlobId) -> Result<Vec<u8>, LinkError> {
        if self.call("preview_get")? {
            return Err(gone());
        }
        let refused = LinkError::Refused { status: 404, code: "not_found".into() };
        self.previews.get(blob).cloned().ok_or(refused)
    }

    fn blob_get(
        &mut self,
        _: &str,
        blob: &BlobId,
        offset: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), LinkError>,
    ) -> Result<(), LinkError> {
        if self.call("blob_get")? {
            return Err(gone());
        }
        let Some((_, bytes)) = self.blobs.get(blob) else {
            return Err(LinkError::Refused { status: 404, code: "not_found".into() });
        };
        let rest = &bytes[offset as usize..];
        let n = self.fetch_cut.take().unwrap_or(rest.len()).min(rest.len());
        sink(&rest[..n])?;
        if n < rest.len() { Err(gone()) } else { Ok(()) }
    }
}
