//! Shapes on their way to tiles: projected once, kept by area in files, so that memory stays bounded.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::draw::PathKind;
use crate::error::TileError;

/// A vertex in world units, and on which sides it lies on a cut of the delivery (see [`crate::projector`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vertex {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) cut: u8,
}

/// One feature as it lies in a bucket.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Record {
    pub(crate) dataset: u16,
    pub(crate) least_zoom: u8,
    /// Attributes, encoded by the builder.
    pub(crate) tags: Vec<u8>,
    /// Kind of each path, and how many vertices it has.
    pub(crate) paths: Vec<(PathKind, u32)>,
    pub(crate) vertices: Vec<Vertex>,
}

impl Record {
    /// Minimum x, y, maximum x, y in world units; `None` without vertices.
    pub(crate) fn around(&self) -> Option<[u32; 4]> {
        let mut vertices = self.vertices.iter();
        let first = vertices.next()?;
        let mut around = [first.x, first.y, first.x, first.y];
        for it in vertices {
            around[0] = around[0].min(it.x);
            around[1] = around[1].min(it.y);
            around[2] = around[2].max(it.x);
            around[3] = around[3].max(it.y);
        }
        Some(around)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.dataset.to_le_bytes());
        out.push(self.least_zoom);
        out.extend_from_slice(&(self.tags.len() as u32).to_le_bytes());
        out.extend_from_slice(&self.tags);
        out.extend_from_slice(&(self.paths.len() as u32).to_le_bytes());
        for (kind, n) in &self.paths {
            out.push(*kind as u8);
            out.extend_from_slice(&n.to_le_bytes());
        }
        for it in &self.vertices {
            out.extend_from_slice(&it.x.to_le_bytes());
            out.extend_from_slice(&it.y.to_le_bytes());
            out.push(it.cut);
        }
    }

    fn read(from: &mut &[u8]) -> Option<Self> {
        let dataset = u16::from_le_bytes(take(from)?);
        let [least_zoom] = take(from)?;
        let n_tags = u32::from_le_bytes(take(from)?) as usize;
        let (tags, rest) = from.split_at_checked(n_tags)?;
        *from = rest;
        let n_paths = u32::from_le_bytes(take(from)?) as usize;
        let mut paths = Vec::with_capacity(n_paths);
        let mut n_vertices = 0;
        for _ in 0..n_paths {
            let [kind] = take(from)?;
            let n = u32::from_le_bytes(take(from)?);
            n_vertices += n as usize;
            let kind = *[PathKind::Point, PathKind::Line, PathKind::Outer, PathKind::Hole]
                .get(usize::from(kind))?;
            paths.push((kind, n));
        }
        let (vertices, rest) = from.split_at_checked(n_vertices * 9)?;
        *from = rest;
        let (vertices, _) = vertices.as_chunks::<9>();
        let vertices = vertices
            .iter()
            .map(|it| Vertex {
                x: u32::from_le_bytes([it[0], it[1], it[2], it[3]]),
                y: u32::from_le_bytes([it[4], it[5], it[6], it[7]]),
                cut: it[8],
            })
            .collect();
        Some(Self { dataset, least_zoom, tags: tags.to_vec(), paths, vertices })
    }
}

fn take<const L: usize>(from: &mut &[u8]) -> Option<[u8; L]> {
    let (head, rest) = from.split_first_chunk::<L>()?;
    *from = rest;
    Some(*head)
}

/// Bytes of one bucket that wait in memory before they go to its file.
const WAITING: usize = 1 << 20;

/// Records by tile of one zoom, in files of a folder that is removed at the end.
#[derive(Debug)]
pub(crate) struct Buckets {
    folder: PathBuf,
    waiting: HashMap<(u32, u32), Vec<u8>>,
}

impl Buckets {
    pub(crate) fn create(folder: &Path) -> Result<Self, TileError> {
        // A folder that an interrupted run left behind holds nothing of use.
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        Ok(Self { folder: folder.to_owned(), waiting: HashMap::new() })
    }

    pub(crate) fn put(&mut self, tile: (u32, u32), record: &Record) -> Result<(), TileError> {
        let waiting = self.waiting.entry(tile).or_default();
        record.write(waiting);
        if waiting.len() > WAITING {
            append(&file_of(&self.folder, tile), waiting)?;
            waiting.clear();
        }
        Ok(())
    }

    /// Which tiles have records, in order.
    pub(crate) fn tiles(&self) -> Vec<(u32, u32)> {
        let mut tiles: Vec<(u32, u32)> = self.waiting.keys().copied().collect();
        tiles.sort_unstable();
        tiles
    }

    /// All records of one tile, in the order they were put.
    pub(crate) fn read(&self, tile: (u32, u32)) -> Result<Vec<Record>, TileError> {
        let mut bytes = Vec::new();
        let path = file_of(&self.folder, tile);
        if path.exists() {
            File::open(path)?.read_to_end(&mut bytes)?;
        }
        bytes.extend(self.waiting.get(&tile).into_iter().flatten());
        let mut rest = bytes.as_slice();
        let mut records = Vec::new();
        while !rest.is_empty() {
            let record =
                Record::read(&mut rest).ok_or(TileError::Damaged { what: "a working file" })?;
            records.push(record);
        }
        Ok(records)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Buckets {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next run.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn file_of(folder: &Path, (x, y): (u32, u32)) -> PathBuf {
    folder.join(format!("{x}-{y}.records"))
}

fn append(path: &Path, bytes: &[u8]) -> Result<(), TileError> {
    Ok(OpenOptions::new().create(true).append(true).open(path)?.write_all(bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_back_in_order_from_file_and_memory() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("parts");
        let mut buckets = Buckets::create(&folder).unwrap();
        let records: Vec<Record> = (0..40_000u32)
            .map(|it| Record {
                dataset: it as u16,
                least_zoom: 9,
                tags: vec![1; (it % 5) as usize],
                paths: vec![(PathKind::Outer, 2), (PathKind::Hole, 1)],
                vertices: (0..3).map(|n| Vertex { x: it, y: n, cut: 4 }).collect(),
            })
            .collect();
        for record in &records {
            buckets.put((1, 2), record).unwrap();
        }
        assert!(folder.join("1-2.records").exists());
        assert_eq!(buckets.read((1, 2)).unwrap(), records);
        assert_eq!(buckets.tiles(), [(1, 2)]);
        drop(buckets);
        assert!(!folder.exists());
    }
}
