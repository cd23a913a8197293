//! A base map put together from what the laptop has of it and what only the store has.
//!
//! The new file grows from its first byte to its last in a folder of its own, so that its length tells where to go on
//! after any cut. The old file is only read. Nothing is believed before the whole file hashes to its name.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use faltkarta_protocol::{
    BaseMapOffer, BaseMapPieces, PackageFile, PackageFileKind, Piece, read_pieces,
};
use faltkarta_store::check_package_file;
use faltkarta_tiles::BaseMap;

use crate::error::AppError;
use crate::sync::fetch::{file_error, not_kept, write_piece};
use crate::sync::link::{Link, LinkError};

/// Bytes that are fetched again rather than asked around: the heads of a request and its answer have as many.
const GAP_BYTES: u64 = 512;

/// A base map on its way into a laptop.
pub(crate) struct Assembly<'a> {
    pub(crate) workspace: &'a str,
    pub(crate) wanted: &'a BaseMapOffer,
    /// The base map that the laptop has.
    pub(crate) old: Option<&'a Path>,
    /// Where the new one grows.
    pub(crate) folder: &'a Path,
}

/// Some bytes of the new file, and where they come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    at: u64,
    n_bytes: u64,
    /// Their place in the old file; `None` when only the store has them.
    old_at: Option<u64>,
}

/// A name that stays in its folder, whatever a store says.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

impl Assembly<'_> {
    /// Goes on until the file is whole and proven, and says where it lies; `None` when `goes_on`, which is told the
    /// bytes so far, said to stop.
    ///
    /// # Errors
    ///
    /// [`AppError`]; what came is kept, except when the disk is full or the file is not what the store said.
    pub(crate) fn run(
        &self,
        link: &mut dyn Link,
        goes_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Option<PathBuf>, AppError> {
        fs::create_dir_all(self.folder).map_err(|source| file_error(self.folder, source))?;
        self.forget_others();
        let plan = self.plan(link)?;
        let is_by_pieces = !plan.lengths.is_empty();
        let steps = self.steps(&plan);
        if !self.grow(link, &steps, goes_on).map_err(|error| self.given_up(error))? {
            return Ok(None);
        }
        let Err(error) = self.prove() else { return Ok(Some(self.part())) };
        remove(&self.part())?;
        if !is_by_pieces {
            remove(&self.plan_path())?;
            return Err(error);
        }
        // The old file is damaged, or two pieces share a hash: the whole file, then.
        tracing::warn!(sha256 = self.wanted.sha256, "base map by difference did not hold");
        self.keep_plan(&BaseMapPieces::of(&self.wanted.sha256, &[]))?;
        self.run(link, goes_on)
    }

    fn part(&self) -> PathBuf {
        self.folder.join(format!("{}.part", self.wanted.sha256))
    }

    fn plan_path(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.wanted.sha256))
    }

    /// What is left of other base maps is of no more use.
    fn forget_others(&self) {
        for entry in fs::read_dir(self.folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.file_stem().is_none_or(|it| it != self.wanted.sha256.as_str()) {
                let _ = fs::remove_file(path);
            }
        }
    }

    /// The pieces of the new file, asked for once. None at all means the whole file: there is nothing to compare, the
    /// store does not tell, or the difference has failed before.
    fn plan(&self, link: &mut dyn Link) -> Result<BaseMapPieces, AppError> {
        let path = self.plan_path();
        let kept = fs::read(&path).ok().and_then(|it| serde_json::from_slice(&it).ok());
        if let Some(kept) = kept.filter(|it| self.is_plan(it)) {
            return Ok(kept);
        }
        let whole = BaseMapPieces::of(&self.wanted.sha256, &[]);
        let told = match self.old {
            None => whole,
            Some(_) => match link.base_map_pieces(self.workspace, &self.wanted.sha256) {
                Ok(told) if self.is_plan(&told) => told,
                Ok(_) | Err(LinkError::NotOffered | LinkError::Damaged { .. }) => whole,
                Err(error) => return Err(error.into()),
            },
        };
        self.keep_plan(&told)?;
        Ok(told)
    }

    fn is_plan(&self, told: &BaseMapPieces) -> bool {
        let n_bytes: u64 = told.lengths.iter().copied().map(u64::from).sum();
        told.sha256 == self.wanted.sha256
            && (told.lengths.is_empty() || n_bytes == self.wanted.n_bytes)
            && told.pieces().is_some()
    }

    fn keep_plan(&self, plan: &BaseMapPieces) -> Result<(), AppError> {
        let path = self.plan_path();
        let text = serde_json::to_vec(plan).map_err(AppError::damaged)?;
        fs::write(&path, text).map_err(|source| file_error(&path, source))
    }

    fn steps(&self, plan: &BaseMapPieces) -> Vec<Step> {
        let pieces = plan.pieces().unwrap_or_default();
        if pieces.is_empty() {
            return vec![Step { at: 0, n_bytes: self.wanted.n_bytes, old_at: None }];
        }
        steps_of(&pieces, &self.old.map(known_pieces).unwrap_or_default())
    }

    /// Adds to the file until it has all its bytes; `false` when it was told to stop.
    fn grow(
        &self,
        link: &mut dyn Link,
        steps: &[Step],
        goes_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<bool, AppError> {
        let path = self.part();
        let failed = |source| file_error(&path, source);
        let mut part = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        let mut at = part.metadata().map_err(failed)?.len();
        if at > self.wanted.n_bytes {
            part.set_len(0).map_err(failed)?;
            at = 0;
        }
        let mut old = self.old.map(File::open).and_then(Result::ok);
        while at < self.wanted.n_bytes {
            if !goes_on(at) {
                return Ok(false);
            }
            let nth = steps.partition_point(|it| it.at + it.n_bytes <= at);
            let Some(step) = steps.get(nth) else { return Err(AppError::damaged("base map")) };
            let (done, end) = (at - step.at, step.at + step.n_bytes);
            let copied = match (step.old_at, &mut old) {
                (Some(from), Some(old)) => copy(old, from + done, end - at, &mut part),
                _ => Ok(0),
            };
            let n_copied = copied.map_err(failed)?;
            at += n_copied;
            if n_copied == 0 && !self.fetch(link, &mut part, &mut at, end, goes_on)? {
                return Ok(false);
            }
        }
        part.sync_all().map_err(failed)?;
        Ok(true)
    }

    /// Fetches up to a place; what came counts, however it ends.
    fn fetch(
        &self,
        link: &mut dyn Link,
        part: &mut File,
        at: &mut u64,
        end: u64,
        goes_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<bool, AppError> {
        let (from, mut is_stopped) = (*at, false);
        let sha256 = &self.wanted.sha256;
        let fetched = link.fetch_base_map(self.workspace, sha256, from..end, &mut |bytes| {
            write_piece(part, bytes)?;
            *at += bytes.len() as u64;
            is_stopped = !goes_on(*at);
            // Nobody sees this word: it ends the answer.
            if is_stopped { Err(not_kept(&io::ErrorKind::Interrupted.into())) } else { Ok(()) }
        });
        match fetched {
            _ if is_stopped => Ok(false),
            Ok(()) if *at == from => {
                Err(LinkError::Damaged { text: "an empty answer".into() }.into())
            }
            Ok(()) => Ok(true),
            Err(LinkError::Unreachable { .. } | LinkError::Damaged { .. }) if *at > from => {
                Ok(true)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn prove(&self) -> Result<(), AppError> {
        let file = PackageFile {
            name: "the base map".to_owned(),
            kind: PackageFileKind::BaseMap,
            n_bytes: self.wanted.n_bytes,
            sha256: self.wanted.sha256.clone(),
        };
        Ok(check_package_file(&self.part(), &file)?)
    }

    /// On a full disk the room is worth more than what came.
    fn given_up(&self, error: AppError) -> AppError {
        if error.code() == "disk_full" {
            let _ = fs::remove_file(self.part());
        }
        error
    }
}

fn remove(path: &Path) -> Result<(), AppError> {
    fs::remove_file(path).map_err(|source| file_error(path, source))
}

/// The pieces of the laptop's own file with their places. One that cannot be read has none.
fn known_pieces(old: &Path) -> HashMap<Piece, u64> {
    let read = || -> Result<Vec<Piece>, AppError> {
        let lengths =
            BaseMap::open(old).and_then(|it| it.piece_lengths()).map_err(AppError::damaged)?;
        let file = File::open(old).map_err(|source| file_error(old, source))?;
        let mut file = io::BufReader::with_capacity(1 << 18, file);
        read_pieces(&mut file, &lengths).map_err(|source| file_error(old, source))
    };
    let pieces = read().unwrap_or_else(|error| {
        tracing::warn!(%error, "the base map in use cannot be compared");
        vec![]
    });
    let mut at = 0;
    let mut known = HashMap::with_capacity(pieces.len());
    for piece in pieces {
        known.insert(piece, at);
        at += u64::from(piece.n_bytes);
    }
    known
}

fn steps_of(pieces: &[Piece], known: &HashMap<Piece, u64>) -> Vec<Step> {
    let mut steps: Vec<Step> = vec![];
    let mut at = 0;
    for piece in pieces {
        let n_bytes = u64::from(piece.n_bytes);
        let step = Step { at, n_bytes, old_at: known.get(piece).copied() };
        at += n_bytes;
        match steps.last_mut() {
            Some(last) if goes_with(last, step) => last.n_bytes += n_bytes,
            _ => steps.push(step),
        }
    }
    // A short copy between two fetches costs more to ask around than to fetch.
    let is_fetch = |nth: usize| steps.get(nth).is_some_and(|it| it.old_at.is_none());
    let mut joined: Vec<Step> = vec![];
    for (nth, step) in steps.iter().enumerate() {
        let is_between = nth > 0 && is_fetch(nth - 1) && is_fetch(nth + 1);
        let is_fetched = is_between && step.n_bytes <= GAP_BYTES;
        let step = if is_fetched { Step { old_at: None, ..*step } } else { *step };
        match joined.last_mut() {
            Some(last) if last.old_at.is_none() && step.old_at.is_none() => {
                last.n_bytes += step.n_bytes;
            }
            _ => joined.push(step),
        }
    }
    joined
}

/// Whether a step is the continuation of the one before.
fn goes_with(last: &Step, next: Step) -> bool {
    match (last.old_at, next.old_at) {
        (None, None) => true,
        (Some(last_at), Some(next_at)) => last_at + last.n_bytes == next_at,
        _ => false,
    }
}

/// Copies bytes of the old file; fewer when it ends or cannot be read, which the store then makes good.
fn copy(old: &mut File, from: u64, n_bytes: u64, part: &mut File) -> io::Result<u64> {
    let mut n_left = n_bytes;
    let mut block = vec![0; n_bytes.min(1 << 18) as usize];
    if old.seek(SeekFrom::Start(from)).is_err() {
        return Ok(0);
    }
    while n_left > 0 {
        let wanted = n_left.min(block.len() as u64) as usize;
        let Ok(n @ 1..) = old.read(&mut block[..wanted]) else { break };
        io::Write::write_all(part, &block[..n])?;
        n_left -= n as u64;
    }
    Ok(n_bytes - n_left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(n: u8, n_bytes: u32) -> Piece {
        Piece { n_bytes, hash: [n; 4] }
    }

    #[test]
    fn neighbours_go_together_and_a_short_copy_is_fetched_with_what_is_around_it() {
        let known: HashMap<Piece, u64> =
            [(piece(1, 100), 0), (piece(2, 900), 100), (piece(3, 100), 5_000)].into();
        let new = [
            piece(1, 100),
            piece(2, 900),
            piece(7, 10),
            piece(3, 100),
            piece(8, 20),
            piece(9, 30),
            piece(3, 100),
        ];
        let steps = steps_of(&new, &known);
        let step = |at, n_bytes, old_at| Step { at, n_bytes, old_at };
        assert_eq!(
            steps,
            [step(0, 1_000, Some(0)), step(1_000, 160, None), step(1_160, 100, Some(5_000))]
        );
        assert_eq!(steps_of(&new[2..3], &known), [step(0, 10, None)]);
        // Between copies it stays one, however short.
        let moved = [piece(2, 900), piece(1, 100), piece(3, 100)];
        let all = [step(0, 900, Some(100)), step(900, 100, Some(0)), step(1_000, 100, Some(5_000))];
        assert_eq!(steps_of(&moved, &known), all);
    }

    #[test]
    fn a_name_with_a_folder_in_it_is_no_hash() {
        assert!(is_sha256(&"0a".repeat(32)));
        for other in ["", "..", &"0A".repeat(32), &"../".repeat(22)[..64], &"0".repeat(63)] {
            assert!(!is_sha256(other), "{other}");
        }
    }
}
