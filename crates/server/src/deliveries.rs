//! Deliveries that a coordinator has sent in: kept as files beside the store, checked without changing anything, and
//! published when the coordinator says so.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use faltkarta_formats::{FormatError, IMPORT_ENDINGS, is_archive};
use faltkarta_model::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::backend::GeodataStore;
use crate::error::StoreError;
use crate::importing::{ImportOptions, ImportReport, import, set_key};
use crate::problem_map::write_problem_map;
use crate::rim::Rim;
use crate::stop_facts::stop_facts;

/// Largest file that is taken.
pub(crate) const MAX_DELIVERY_BYTES: u64 = 5_000_000_000;

const RECORD: &str = "delivery.json";
const PROBLEM_MAP: &str = "problem.gpkg";

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It is being read.
    Checking,
    /// It was read, and something in it should be looked at.
    Review,
    /// It was read without a problem.
    Ready,
    /// It cannot be read.
    Stopped,
    /// It is being taken into the store.
    Publishing,
    /// The store has it.
    Published,
    /// A later one of the same set was published.
    Replaced,
    /// The coordinator does not want it.
    Rejected,
    /// It was published, and the one before it was published again.
    Undone,
}

/// One delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DeliveryRecord {
    pub(crate) id: Uuid,
    /// Counts up; what people call it by.
    pub(crate) number: u32,
    /// The file's name.
    pub(crate) name: String,
    pub(crate) n_bytes: u64,
    pub(crate) received_at: Timestamp,
    /// Who sent it.
    pub(crate) by: String,
    pub(crate) state: State,
    /// Why it was stopped; empty otherwise.
    pub(crate) code: String,
    /// The facts of that.
    pub(crate) facts: BTreeMap<String, String>,
    pub(crate) published_at: Option<Timestamp>,
    /// The system that the coordinator takes responsibility for.
    pub(crate) force_epsg: Option<u32>,
    /// What the check, or the publication, found.
    pub(crate) report: Option<ImportReport>,
}

impl DeliveryRecord {
    /// The supplier's set that it belongs to: next month's file takes its place.
    fn set(&self) -> String {
        set_key(Path::new(&self.name))
    }
}

/// All deliveries of a store.
#[derive(Debug)]
pub(crate) struct Deliveries {
    folder: PathBuf,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    records: Vec<DeliveryRecord>,
    is_loaded: bool,
    /// Those that a thread of this process works on.
    running: HashSet<Uuid>,
}

/// A delivery whose bytes are arriving.
#[derive(Debug)]
pub(crate) struct Arriving {
    record: DeliveryRecord,
    pub(crate) file: File,
    path: PathBuf,
}

impl Deliveries {
    /// Those of a store; nothing is read before it is asked for.
    pub(crate) fn beside(packages: &Path) -> Self {
        let folder = packages.parent().unwrap_or(packages).join("deliveries");
        Self { folder, held: Mutex::default() }
    }

    /// All, newest first, and the ids of those that nobody checks: the process before this one was stopped.
    pub(crate) fn list(&self) -> Result<(Vec<DeliveryRecord>, Vec<Uuid>), StoreError> {
        let held = self.held()?;
        let mut records = held.records.clone();
        records.sort_by_key(|it| std::cmp::Reverse(it.number));
        let is_left =
            |it: &&DeliveryRecord| it.state == State::Checking && !held.running.contains(&it.id);
        let left = records.iter().filter(is_left).map(|it| it.id).collect();
        Ok((records, left))
    }

    pub(crate) fn find(&self, id: Uuid) -> Result<DeliveryRecord, StoreError> {
        let held = self.held()?;
        held.records.iter().find(|it| it.id == id).cloned().ok_or(StoreError::NotFound)
    }

    /// Where the file of a delivery lies.
    pub(crate) fn file(&self, record: &DeliveryRecord) -> PathBuf {
        self.place(record.id).join(&record.name)
    }

    /// Whether the one before it is still here to be published again.
    pub(crate) fn before(
        &self,
        record: &DeliveryRecord,
    ) -> Result<Option<DeliveryRecord>, StoreError> {
        if record.state != State::Published {
            return Ok(None);
        }
        let set = record.set();
        let held = self.held()?;
        Ok(held
            .records
            .iter()
            .filter(|it| it.state == State::Replaced && it.set() == set)
            .filter(|it| self.file(it).exists())
            .max_by_key(|it| it.published_at.map(Timestamp::unix_ms))
            .cloned())
    }

    /// Makes room for a delivery whose bytes follow.
    pub(crate) fn begin(
        &self,
        name: &str,
        by: &str,
        id: Uuid,
        now: Timestamp,
    ) -> Result<Arriving, StoreError> {
        let name = file_name(name)?;
        let number = self.held()?.records.iter().map(|it| it.number).max().unwrap_or(0) + 1;
        let folder = self.place(id);
        fs::create_dir_all(&folder).map_err(StoreError::io("making the folder", &folder))?;
        let path = folder.join(&name);
        let file = File::create(&path).map_err(StoreError::io("writing", &path))?;
        let record = DeliveryRecord {
            id,
            number,
            name,
            n_bytes: 0,
            received_at: now,
            by: by.to_owned(),
            state: State::Checking,
            code: String::new(),
            facts: BTreeMap::new(),
            published_at: None,
            force_epsg: None,
            report: None,
        };
        Ok(Arriving { record, file, path })
    }

    /// Keeps a delivery that arrived whole.
    pub(crate) fn keep(&self, arriving: &Arriving) -> Result<DeliveryRecord, StoreError> {
        let kept = self.try_keep(arriving);
        if kept.is_err() {
            self.give_up(arriving);
        }
        kept
    }

    fn try_keep(&self, arriving: &Arriving) -> Result<DeliveryRecord, StoreError> {
        let Arriving { record, file, path } = arriving;
        let mut record = record.clone();
        let failed = StoreError::io("writing", path);
        file.sync_all().map_err(&failed)?;
        record.n_bytes = file.metadata().map_err(&failed)?.len();
        let mut held = self.held()?;
        // Another may have arrived meanwhile.
        let taken = held.records.iter().map(|it| it.number).max().unwrap_or(0);
        record.number = record.number.max(taken + 1);
        self.write(&record)?;
        held.records.push(record.clone());
        Ok(record)
    }

    /// Forgets one that did not arrive whole.
    pub(crate) fn give_up(&self, arriving: &Arriving) {
        // What is left behind is found by nobody, and is no harm.
        let _ = fs::remove_dir_all(self.place(arriving.record.id));
    }

    /// Reads a delivery without changing anything, and says what it would do.
    pub(crate) fn check(
        &self,
        id: Uuid,
        store: &dyn GeodataStore,
        rim: &dyn Rim,
    ) -> Result<(), StoreError> {
        let Some(record) = self.run(id, &[State::Checking], State::Checking)? else {
            return Ok(());
        };
        let read = self.read(&record, true, store, rim);
        self.change(id, |it| match read {
            Ok(report) => {
                let has_problems = report.datasets.iter().any(|it| it.n_problems > 0);
                it.state = if has_problems { State::Review } else { State::Ready };
                it.code = String::new();
                it.facts = BTreeMap::new();
                it.report = Some(report);
            }
            Err(error) => stop(it, &error),
        })
    }

    /// Takes a checked delivery into the store.
    pub(crate) fn publish(
        &self,
        id: Uuid,
        store: &dyn GeodataStore,
        rim: &dyn Rim,
    ) -> Result<(), StoreError> {
        let from = [State::Review, State::Ready];
        let Some(record) = self.run(id, &from, State::Publishing)? else {
            return Err(StoreError::NotAcceptable { why: "its state".to_owned() });
        };
        let taken = self.read(&record, false, store, rim);
        let now = rim.now();
        let is_taken = taken.is_ok();
        self.change(id, |it| match taken {
            Ok(report) => {
                it.state = State::Published;
                it.published_at = Some(now);
                it.report = Some(report);
            }
            Err(error) => stop(it, &error),
        })?;
        if is_taken { self.replace_others(&record) } else { Ok(()) }
    }

    /// Publishes the one before it again.
    pub(crate) fn undo(
        &self,
        id: Uuid,
        store: &dyn GeodataStore,
        rim: &dyn Rim,
    ) -> Result<(), StoreError> {
        let record = self.find(id)?;
        let none = || StoreError::NotAcceptable { why: "there is none before it".to_owned() };
        let before = self.before(&record)?.ok_or_else(none)?;
        let report = self.read(&before, false, store, rim)?;
        let now = rim.now();
        self.change(before.id, |it| {
            it.state = State::Published;
            it.published_at = Some(now);
            it.report = Some(report);
        })?;
        self.change(id, |it| it.state = State::Undone)
    }

    /// Marks one as not wanted; its file goes away.
    pub(crate) fn reject(&self, id: Uuid) -> Result<(), StoreError> {
        let from = [State::Review, State::Ready, State::Stopped, State::Undone];
        let record = self.find(id)?;
        if !from.contains(&record.state) {
            return Err(StoreError::NotAcceptable { why: "its state".to_owned() });
        }
        self.change(id, |it| it.state = State::Rejected)?;
        remove(&self.file(&record))
    }

    /// Has it read again, in the system that the coordinator names.
    pub(crate) fn read_as(&self, id: Uuid, epsg: u32) -> Result<(), StoreError> {
        let record = self.find(id)?;
        if ![State::Review, State::Ready, State::Stopped].contains(&record.state) {
            return Err(StoreError::NotAcceptable { why: "its state".to_owned() });
        }
        self.change(id, |it| {
            it.force_epsg = Some(epsg);
            it.state = State::Checking;
        })
    }

    fn read(
        &self,
        record: &DeliveryRecord,
        dry_run: bool,
        store: &dyn GeodataStore,
        rim: &dyn Rim,
    ) -> Result<ImportReport, StoreError> {
        let options =
            ImportOptions { dry_run, force_epsg: record.force_epsg, ..ImportOptions::default() };
        let mut report = import(store, &[self.file(record)], &options, rim)?;
        write_problem_map(&report, store.grid(), rim.now(), &self.problem_map(record.id))?;
        // They are in the file now, and would fill the memory.
        for problem in report.datasets.iter_mut().flat_map(|it| &mut it.problems) {
            problem.shape = None;
        }
        Ok(report)
    }

    /// Where the map layer of a delivery's problems lies, once it was read.
    pub(crate) fn problem_map(&self, id: Uuid) -> PathBuf {
        self.place(id).join(PROBLEM_MAP)
    }

    /// The published ones of the same set are replaced by this one; of their files the newest is kept.
    fn replace_others(&self, by: &DeliveryRecord) -> Result<(), StoreError> {
        let set = by.set();
        let (all, _) = self.list()?;
        let of_set = |it: &&DeliveryRecord| it.id != by.id && it.set() == set;
        for record in all.iter().filter(of_set) {
            match record.state {
                State::Published => self.change(record.id, |it| it.state = State::Replaced)?,
                State::Replaced => remove(&self.file(record))?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes a delivery in one of some states for the work of this thread; `None` when it is in another, or worked on.
    fn run(
        &self,
        id: Uuid,
        from: &[State],
        to: State,
    ) -> Result<Option<DeliveryRecord>, StoreError> {
        let mut held = self.held()?;
        let is_free = !held.running.contains(&id);
        let record = held.records.iter_mut().find(|it| it.id == id).ok_or(StoreError::NotFound)?;
        if !from.contains(&record.state) || !is_free {
            return Ok(None);
        }
        record.state = to;
        let record = record.clone();
        held.running.insert(id);
        Ok(Some(record))
    }

    /// Changes a record, on disk before in memory.
    fn change(&self, id: Uuid, change: impl FnOnce(&mut DeliveryRecord)) -> Result<(), StoreError> {
        let mut held = self.held()?;
        held.running.remove(&id);
        let at = held.records.iter().position(|it| it.id == id).ok_or(StoreError::NotFound)?;
        let mut changed = held.records[at].clone();
        change(&mut changed);
        self.write(&changed)?;
        held.records[at] = changed;
        Ok(())
    }

    fn held(&self) -> Result<MutexGuard<'_, Held>, StoreError> {
        // A thread that panicked left records that are on the disk as they are here.
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if !held.is_loaded {
            held.records = self.load()?;
            held.is_loaded = true;
        }
        Ok(held)
    }

    fn load(&self) -> Result<Vec<DeliveryRecord>, StoreError> {
        let failed = StoreError::io("reading", &self.folder);
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
            Err(error) => return Err(failed(error)),
        };
        let mut records = vec![];
        for entry in entries {
            let place = entry.map_err(&failed)?.path();
            let text = match fs::read(place.join(RECORD)) {
                Ok(text) => text,
                // It never arrived whole: the process before this one was stopped.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    let _ = fs::remove_dir_all(&place);
                    continue;
                }
                Err(error) => return Err(failed(error)),
            };
            let mut record: DeliveryRecord =
                serde_json::from_slice(&text).map_err(StoreError::damaged)?;
            // Whether it was taken nobody knows; to take it twice changes nothing.
            if record.state == State::Publishing {
                record.state = State::Ready;
            }
            records.push(record);
        }
        Ok(records)
    }

    fn write(&self, record: &DeliveryRecord) -> Result<(), StoreError> {
        let folder = self.place(record.id);
        let failed = StoreError::io("writing", &folder);
        let text = serde_json::to_vec_pretty(record).map_err(StoreError::damaged)?;
        let mut file = tempfile::NamedTempFile::new_in(&folder).map_err(&failed)?;
        std::io::Write::write_all(&mut file, &text).map_err(&failed)?;
        file.as_file().sync_all().map_err(&failed)?;
        file.persist(folder.join(RECORD)).map_err(|error| failed(error.error))?;
        Ok(())
    }

    fn place(&self, id: Uuid) -> PathBuf {
        self.folder.join(id.to_string())
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::io("removing", path)(error))
        }
        _ => Ok(()),
    }
}

/// A name that is one file's in its folder, and of a kind that is read.
fn file_name(name: &str) -> Result<String, StoreError> {
    let path = Path::new(name);
    let is_plain = path.file_name().and_then(|it| it.to_str()) == Some(name)
        && name.len() <= 200
        && !name.starts_with('.')
        && ![RECORD, PROBLEM_MAP].contains(&name)
        && !name.chars().any(|it| it.is_control() || "/\\:*?\"<>|".contains(it));
    let ending = path.extension().and_then(|it| it.to_str()).unwrap_or_default().to_lowercase();
    if !is_plain {
        return Err(StoreError::Malformed { text: "not the name of a file".to_owned() });
    }
    if !IMPORT_ENDINGS.contains(&ending.as_str()) && !is_archive(path) {
        let source = FormatError::UnknownFileKind { ending };
        return Err(StoreError::Delivery { file: name.to_owned(), source });
    }
    Ok(name.to_owned())
}

fn stop(record: &mut DeliveryRecord, error: &StoreError) {
    record.state = State::Stopped;
    error.code().clone_into(&mut record.code);
    record.facts = stop_facts(error);
    record.report = None;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_plain_name_of_a_file_that_is_read_is_taken() {
        assert_eq!(file_name("Fastigheter 2026.gpkg").unwrap(), "Fastigheter 2026.gpkg");
        assert_eq!(file_name("strandskydd.ZIP").unwrap(), "strandskydd.ZIP");
        for bent in
            ["../a.gpkg", "a/b.gpkg", ".a.gpkg", "", "delivery.json", "a\n.gpkg", "c:\\a.csv"]
        {
            assert_eq!(file_name(bent).unwrap_err().code(), "malformed", "{bent}");
        }
        assert_eq!(file_name("a.exe").unwrap_err().code(), "unknown_file_kind");
    }
}
