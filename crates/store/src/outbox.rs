//! Everything that only this laptop has, as one file: from a store that works, or from what is left of one.
//!
//! The format is described in `docs/formats/outbox-1.md`.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use faltkarta_model::{BlobId, Timestamp};
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::{Value, json};

use crate::error::StoreError;
use crate::folder::{Folder, sync_folder_of};
use crate::key::KeyStore;
use crate::store::{Store, connect};
use crate::vault::Vault;

/// The format of the file; its first key.
pub const OUTBOX_FORMAT: &str = "faltkarta.outbox/1";

/// Bytes of a photo read at a time; a multiple of three, so that the pieces join as one base 64 text.
const PIECE_BYTES: usize = 3 << 18;
/// Numbers that are tried behind the last one that could be read, in a file that cannot say how many it has.
const BLIND_MAX: i64 = 500;

/// What an emergency file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OutboxFile {
    /// Operations.
    pub n_edits: u32,
    /// Drafts.
    pub n_drafts: u32,
    /// Photos.
    pub n_photos: u32,
    /// Rows and photos that could not be read: 0 unless the laptop's file is damaged.
    pub n_unreadable: u32,
}

impl Store {
    /// Writes every operation that is not secured, every draft with its log, and their photos to one file. It can be
    /// taken in at the geodata store any number of times.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the file at `path` is whole or not there.
    pub fn export_outbox(&self, path: &Path, now: Timestamp) -> Result<OutboxFile, StoreError> {
        let written = self.try_export(path, now);
        if matches!(written, Err(StoreError::DiskFull)) && self.folder.free_reserve() {
            return self.try_export(path, now);
        }
        written
    }

    fn try_export(&self, path: &Path, now: Timestamp) -> Result<OutboxFile, StoreError> {
        let photo = |blob: &BlobId, offset| self.photo_part(blob, offset, PIECE_BYTES);
        let mut source = Source {
            conn: &self.conn,
            is_whole: true,
            photo: &photo,
            reopen: None,
            beside: vec![],
        };
        write_file(path, &mut source, now)
    }
}

/// Writes what can still be read of a laptop's file that does not open any more, and of the photos beside it.
/// `database` is the file itself or its folder; the key comes from `keys`.
///
/// # Errors
///
/// [`StoreError::FolderInUse`] while a program has the folder, [`StoreError::KeyMissing`], or that of the file to be
/// written. That nothing could be read is no error: the count says so.
pub fn rescue_outbox(
    database: &Path,
    keys: &dyn KeyStore,
    path: &Path,
    now: Timestamp,
) -> Result<OutboxFile, StoreError> {
    let folder = if database.is_dir() { database } else { database.parent().unwrap_or(database) };
    let database =
        if database.is_dir() { folder.join("laptop.sqlite") } else { database.to_owned() };
    let held = Folder::open(folder, false);
    if let Err(error @ StoreError::FolderInUse { .. }) = held {
        return Err(error);
    }
    let key = keys.find()?.ok_or(StoreError::KeyMissing)?;
    let open = || connect(&database, &key);
    let vault = Vault::new(&key);
    let photo = |blob: &BlobId, offset: u64| {
        let digits = blob.digits();
        let shelf = digits.get(..2).unwrap_or("00");
        vault.part(&folder.join("photos").join(shelf).join(digits), offset, PIECE_BYTES)
    };
    let conn = open()?;
    let mut source = Source {
        conn: &conn,
        is_whole: false,
        photo: &photo,
        reopen: Some(&open),
        beside: photos_beside(folder),
    };
    write_file(path, &mut source, now)
}

/// Every photo in the folder: without the journal nobody knows which of them the geodata store has.
fn photos_beside(folder: &Path) -> Vec<BlobId> {
    let mut all = vec![];
    for shelf in fs::read_dir(folder.join("photos")).into_iter().flatten().flatten() {
        for file in fs::read_dir(shelf.path()).into_iter().flatten().flatten() {
            let name = file.file_name();
            all.extend(BlobId::parse(&format!("sha256:{}", name.to_string_lossy())));
        }
    }
    all
}

type Photo<'a> = dyn Fn(&BlobId, u64) -> Result<Vec<u8>, StoreError> + 'a;
type Reopen<'a> = dyn Fn() -> Result<Connection, StoreError> + 'a;

struct Source<'a> {
    conn: &'a Connection,
    /// Whether a row that cannot be read is an error.
    is_whole: bool,
    photo: &'a Photo<'a>,
    reopen: Option<&'a Reopen<'a>>,
    /// Photos that go into the file whatever the rows say.
    beside: Vec<BlobId>,
}

impl Source<'_> {
    /// Shows the rows of a query by their number, one by one, so that a torn page costs its own rows only.
    fn rows(
        &self,
        table: &str,
        select: &str,
        n_unreadable: &mut u32,
        see: &mut dyn FnMut(Vec<rusqlite::types::Value>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        if !self.is_whole && self.conn.prepare(select).is_err() {
            // Not even the names of the tables can be read.
            *n_unreadable += 1;
            return Ok(());
        }
        let count = format!("SELECT max(rowid) FROM {table}");
        let max = match self.conn.query_row(&count, [], |row| row.get::<_, Option<i64>>(0)) {
            Ok(max) => Some(max.unwrap_or(0)),
            Err(error) if self.is_whole => return Err(error.into()),
            Err(_) => {
                // How many there were cannot be told, and not how many are missing: at least one.
                *n_unreadable += 1;
                None
            }
        };
        // After a page that does not hold, SQLCipher answers nothing more on the same connection.
        let mut fresh: Option<Connection> = None;
        let (mut at, mut n_blind) = (0, 0);
        while max.map_or(n_blind < BLIND_MAX, |max| at < max) {
            at += 1;
            let conn = fresh.as_ref().unwrap_or(self.conn);
            let read = conn.prepare_cached(&format!("{select} WHERE rowid = ?1")).and_then(
                |mut statement| {
                    let n = statement.column_count();
                    statement
                        .query_row([at], |row| {
                            (0..n).map(|it| row.get(it)).collect::<Result<Vec<_>, _>>()
                        })
                        .optional()
                },
            );
            match read {
                Ok(Some(row)) => {
                    n_blind = 0;
                    see(row)?;
                }
                Ok(None) => n_blind += 1,
                Err(error) if self.is_whole => return Err(error.into()),
                Err(_) => {
                    n_blind += 1;
                    *n_unreadable += u32::from(max.is_some());
                    fresh = self.reopen.and_then(|open| open().ok());
                }
            }
        }
        Ok(())
    }

    fn meta(&self, key: &str) -> Value {
        let read: Option<String> = self
            .conn
            .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
            .optional()
            .ok()
            .flatten();
        read.map_or(Value::Null, Value::String)
    }
}

fn write_file(
    path: &Path,
    source: &mut Source<'_>,
    now: Timestamp,
) -> Result<OutboxFile, StoreError> {
    let temporary = part_of(path);
    let failed = |error| StoreError::io(path, error);
    let file = File::create(&temporary).map_err(failed)?;
    let mut out = Out { to: BufWriter::new(file), path };
    let written = write_all(&mut out, source, now).and_then(|counted| {
        out.to.flush().map_err(failed)?;
        out.to.get_ref().sync_all().map_err(failed)?;
        Ok(counted)
    });
    drop(out);
    if written.is_err() {
        // Half a file helps nobody, and the disk may be full because of it.
        let _ = fs::remove_file(&temporary);
    }
    let counted = written?;
    if let Err(error) = fs::rename(&temporary, path) {
        let _ = fs::remove_file(&temporary);
        return Err(failed(error));
    }
    sync_folder_of(path)?;
    Ok(counted)
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    path.with_file_name(name)
}

struct Out<'a, W: Write> {
    to: W,
    path: &'a Path,
}

impl<W: Write> Out<'_, W> {
    fn put(&mut self, text: &str) -> Result<(), StoreError> {
        self.to.write_all(text.as_bytes()).map_err(|error| StoreError::io(self.path, error))
    }

    fn item(&mut self, n_before: u32, text: &str) -> Result<(), StoreError> {
        self.put(if n_before > 0 { ",\n" } else { "\n" })?;
        self.put(text)
    }
}

fn write_all<W: Write>(
    out: &mut Out<'_, W>,
    source: &Source<'_>,
    now: Timestamp,
) -> Result<OutboxFile, StoreError> {
    let mut counted = OutboxFile::default();
    out.put(&format!(
        "{{\"format\":\"{OUTBOX_FORMAT}\",\"replica\":{},\"workspace\":{},\"epoch\":{},\"device\":{},\"user\":{},\
         \"made_at\":\"{now}\",\"is_whole\":{},\"ops\":[",
        source.meta("replica"),
        source.meta("store_workspace"),
        source.meta("epoch"),
        source.meta("device_name"),
        source.meta("user_name"),
        source.is_whole,
    ))?;
    let safe_seq = source.meta("safe_seq").as_str().and_then(|it| it.parse().ok()).unwrap_or(0_i64);
    let mut n_unreadable = 0;
    let mut blobs: Vec<BlobId> = source.beside.clone();
    let mut former: Vec<(String, i64)> = vec![];
    source.rows(
        "journal",
        "SELECT operation, state, coalesce(seq, until_seq), coalesce(seq, former_seq) FROM journal",
        &mut n_unreadable,
        &mut |row| {
            let [operation, state, seq, former_seq] = &row[..] else { return Ok(()) };
            let is_secured = text(state) == "received" && int(seq).is_some_and(|it| it <= safe_seq);
            if is_secured {
                return Ok(());
            }
            let operation = text(operation);
            if let Ok(op) = serde_json::from_str::<faltkarta_changes::Operation>(operation) {
                former.extend(int(former_seq).map(|it| (op.id.to_string(), it)));
                blobs.extend(op.blobs);
            }
            out.item(counted.n_edits, operation)?;
            counted.n_edits += 1;
            Ok(())
        },
    )?;
    let former: serde_json::Map<String, Value> =
        former.into_iter().map(|(op, seq)| (op, seq.into())).collect();
    out.put(&format!("],\n\"former_seqs\":{},\n\"drafts\":[", Value::Object(former)))?;
    let mut drafts: Vec<Value> = vec![];
    source.rows("draft", DRAFT, &mut n_unreadable, &mut |row| {
        if text(&row[1]) == "active" {
            drafts.push(draft(&row));
        }
        Ok(())
    })?;
    source.rows(
        "draft_log",
        "SELECT lower(hex(draft)), at, user, question, old, new FROM draft_log",
        &mut n_unreadable,
        &mut |row| {
            let line = json!({
                "at": text(&row[1]), "user": text(&row[2]), "question": text(&row[3]),
                "old": text(&row[4]), "new": text(&row[5]),
            });
            let of = uuid_text(text(&row[0]));
            let owner = drafts.iter_mut().find(|it| it["id"] == of.as_str());
            if let Some(Value::Array(log)) = owner.map(|it| &mut it["log"]) {
                log.push(line);
            }
            Ok(())
        },
    )?;
    source.rows(
        "attachment",
        "SELECT lower(hex(owner)), blob, name, picked_name, is_removed FROM attachment",
        &mut n_unreadable,
        &mut |row| {
            let of = uuid_text(text(&row[0]));
            let owner = drafts.iter_mut().find(|it| it["id"] == of.as_str());
            if let Some(Value::Array(photos)) = owner.map(|it| &mut it["photos"])
                && int(&row[4]) == Some(0)
            {
                photos.push(json!({
                    "id": text(&row[1]), "name": text(&row[2]), "picked_name": text(&row[3]),
                }));
                blobs.extend(BlobId::parse(text(&row[1])));
            }
            Ok(())
        },
    )?;
    for draft in &drafts {
        out.item(counted.n_drafts, &draft.to_string())?;
        counted.n_drafts += 1;
    }
    out.put("],\n\"blobs\":[")?;
    blobs.sort();
    blobs.dedup();
    for blob in &blobs {
        write_blob(out, source, blob, &mut counted, &mut n_unreadable)?;
    }
    counted.n_unreadable = n_unreadable;
    out.put(&format!("],\n\"n_unreadable\":{n_unreadable}}}\n"))?;
    Ok(counted)
}

/// A photo that was freed after it was secured, or that cannot be read, is left out and counted.
fn write_blob<W: Write>(
    out: &mut Out<'_, W>,
    source: &Source<'_>,
    blob: &BlobId,
    counted: &mut OutboxFile,
    n_unreadable: &mut u32,
) -> Result<(), StoreError> {
    let first = match (source.photo)(blob, 0) {
        Ok(first) if !first.is_empty() => first,
        Ok(_) | Err(_) => {
            *n_unreadable += 1;
            return Ok(());
        }
    };
    out.item(counted.n_photos, &format!("{{\"id\":\"{blob}\",\"base64\":\""))?;
    let mut piece = first;
    let mut offset = 0;
    while !piece.is_empty() {
        offset += piece.len() as u64;
        out.put(&STANDARD.encode(&piece))?;
        // A torn rest makes a blob whose digest does not hold; who takes it in sees that.
        piece = (source.photo)(blob, offset).unwrap_or_default();
    }
    counted.n_photos += 1;
    out.put("\"}")
}

const DRAFT: &str = "SELECT lower(hex(id)), state, form, form_version, subject_dataset, lower(hex(subject_id)), \
     subject_label, local_number, user, prefill, e_m, n_m, started_at, saved_at, instance_xml, hidden_json, \
     n_answered, n_questions FROM draft";

fn draft(row: &[rusqlite::types::Value]) -> Value {
    let position = match (&row[10], &row[11]) {
        (rusqlite::types::Value::Real(e_m), rusqlite::types::Value::Real(n_m)) => {
            json!({ "e_m": e_m, "n_m": n_m })
        }
        _ => Value::Null,
    };
    let subject = match &row[4] {
        rusqlite::types::Value::Text(dataset) => {
            json!({ "dataset": dataset, "feature": uuid_text(text(&row[5])) })
        }
        _ => Value::Null,
    };
    json!({
        "id": uuid_text(text(&row[0])),
        "form": text(&row[2]),
        "form_version": text(&row[3]),
        "subject": subject,
        "subject_label": text(&row[6]),
        "local_number": text(&row[7]),
        "user": text(&row[8]),
        "prefill": serde_json::from_str::<Value>(text(&row[9])).unwrap_or(Value::Null),
        "position_m": position,
        "started_at": text(&row[12]),
        "saved_at": text(&row[13]),
        "instance_xml": match &row[14] {
            rusqlite::types::Value::Text(xml) => Value::String(xml.clone()),
            _ => Value::Null,
        },
        "hidden_json": text(&row[15]),
        "n_answered": int(&row[16]),
        "n_questions": int(&row[17]),
        "log": [],
        "photos": [],
    })
}

fn text(value: &rusqlite::types::Value) -> &str {
    match value {
        rusqlite::types::Value::Text(text) => text,
        _ => "",
    }
}

fn int(value: &rusqlite::types::Value) -> Option<i64> {
    match value {
        rusqlite::types::Value::Integer(number) => Some(*number),
        _ => None,
    }
}

/// Thirty-two digits as ids are written.
fn uuid_text(digits: &str) -> String {
    uuid::Uuid::try_parse(digits).map_or_else(|_| digits.to_owned(), |it| it.to_string())
}
