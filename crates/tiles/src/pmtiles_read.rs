//! Reading PMTiles 3 from a file, synchronously. Source: PMTiles Version 3 Specification, sections 3 and 4.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::Mutex;

use flate2::read::GzDecoder;

use crate::error::TileError;
use crate::tile_id::TileId;

/// The largest directory or tile that is unpacked; ours are a hundredth of it.
const UNPACKED_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of the fixed header.
pub(crate) const HEADER_BYTES: usize = 127;
/// How deep directories may refer to each other.
pub(crate) const DEPTH_MAX: usize = 4;

/// A base map package, open for reading.
#[derive(Debug)]
pub struct BaseMap {
    file: Mutex<File>,
    pub(crate) header: Header,
    pub(crate) root: Vec<Entry>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) n_file_bytes: u64,
    /// Where root directory, metadata, leaf directories and tiles begin, and how many bytes each has.
    pub(crate) sections: [(u64, u64); 4],
    pub(crate) leaf_offset: u64,
    pub(crate) data_offset: u64,
    internal: u8,
    tiles: u8,
    zoom_min: u8,
    zoom_max: u8,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    tile_id: u64,
    pub(crate) offset: u64,
    pub(crate) length: u64,
    /// How many tiles it stands for; 0 for a leaf directory.
    pub(crate) run_length: u64,
}

impl BaseMap {
    /// Opens a package: reads its header and root directory, nothing else.
    ///
    /// # Errors
    ///
    /// [`TileError::Io`] when the file fails, [`TileError::Damaged`] when it is not PMTiles 3 with MVT tiles that are
    /// plain or compressed by gzip.
    pub fn open(path: &Path) -> Result<Self, TileError> {
        let mut file = File::open(path)?;
        let n_file_bytes = file.metadata()?.len();
        let mut head = [0; HEADER_BYTES];
        file.read_exact(&mut head).map_err(|_| TileError::Damaged { what: "no header" })?;
        if &head[..8] != b"PMTiles\x03" {
            return Err(TileError::Damaged { what: "not PMTiles 3" });
        }
        let u64_at = |at: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&head[at..at + 8]);
            u64::from_le_bytes(bytes)
        };
        let header = Header {
            n_file_bytes,
            sections: [8, 24, 40, 56].map(|at| (u64_at(at), u64_at(at + 8))),
            leaf_offset: u64_at(40),
            data_offset: u64_at(56),
            internal: head[97],
            tiles: head[98],
            zoom_min: head[100],
            zoom_max: head[101],
        };
        let is_known = |compression: u8| matches!(compression, 1 | 2);
        if !is_known(header.internal) || !is_known(header.tiles) || head[99] != 1 {
            return Err(TileError::Damaged { what: "another compression or tile type" });
        }
        let data_end = header.data_offset.checked_add(u64_at(64));
        if data_end.is_none_or(|end| end > n_file_bytes) {
            return Err(TileError::Damaged { what: "file is cut off" });
        }
        let root = directory(&read(&mut file, u64_at(8), u64_at(16), header.internal)?)?;
        Ok(Self { file: Mutex::new(file), header, root })
    }

    /// The zooms that it has tiles for.
    pub fn zooms(&self) -> std::ops::RangeInclusive<u8> {
        self.header.zoom_min..=self.header.zoom_max
    }

    /// A tile as plain MVT; `None` when it is empty or outside.
    ///
    /// # Errors
    ///
    /// [`TileError`] when the file fails or a directory is damaged.
    pub fn tile(&self, tile: TileId) -> Result<Option<Vec<u8>>, TileError> {
        let wanted = tile_number(tile);
        let mut entries = None::<Vec<Entry>>;
        for _ in 0..DEPTH_MAX {
            let Some(entry) = find(entries.as_ref().unwrap_or(&self.root), wanted) else {
                return Ok(None);
            };
            // A thread that failed while reading leaves nothing half done behind: every read seeks first.
            let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if entry.run_length > 0 {
                let at = self.header.data_offset.saturating_add(entry.offset);
                return read(&mut file, at, entry.length, self.header.tiles).map(Some);
            }
            drop(file);
            entries = Some(self.leaf(entry)?);
        }
        Err(TileError::Damaged { what: "directories are nested too deep" })
    }

    /// The leaf directory that an entry leads to.
    pub(crate) fn leaf(&self, entry: Entry) -> Result<Vec<Entry>, TileError> {
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let at = self.header.leaf_offset.saturating_add(entry.offset);
        directory(&read(&mut file, at, entry.length, self.header.internal)?)
    }
}

fn read(file: &mut File, at: u64, length: u64, compression: u8) -> Result<Vec<u8>, TileError> {
    if length > UNPACKED_BYTES_MAX {
        return Err(TileError::Damaged { what: "an entry is too large" });
    }
    file.seek(SeekFrom::Start(at))?;
    let mut packed = vec![0; length as usize];
    file.read_exact(&mut packed).map_err(|_| TileError::Damaged { what: "file is cut off" })?;
    if compression == 1 {
        return Ok(packed);
    }
    let mut plain = Vec::new();
    GzDecoder::new(&packed[..])
        .take(UNPACKED_BYTES_MAX)
        .read_to_end(&mut plain)
        .map_err(|_| TileError::Damaged { what: "an entry cannot be unpacked" })?;
    Ok(plain)
}

fn find(entries: &[Entry], wanted: u64) -> Option<Entry> {
    let after = entries.partition_point(|entry| entry.tile_id <= wanted);
    let entry = *entries.get(after.checked_sub(1)?)?;
    let is_hit = entry.run_length == 0 || wanted - entry.tile_id < entry.run_length;
    is_hit.then_some(entry)
}

fn directory(bytes: &[u8]) -> Result<Vec<Entry>, TileError> {
    let mut rest = bytes;
    let n_entries = varint(&mut rest)?;
    // Each entry takes at least four bytes.
    if n_entries > bytes.len() as u64 {
        return Err(TileError::Damaged { what: "a directory claims too much" });
    }
    let mut entries =
        vec![Entry { tile_id: 0, offset: 0, length: 0, run_length: 0 }; n_entries as usize];
    let mut tile_id = 0u64;
    for entry in &mut entries {
        tile_id = tile_id.saturating_add(varint(&mut rest)?);
        entry.tile_id = tile_id;
    }
    for entry in &mut entries {
        entry.run_length = varint(&mut rest)?;
    }
    for entry in &mut entries {
        entry.length = varint(&mut rest)?;
    }
    let mut next = 0u64;
    for entry in &mut entries {
        let value = varint(&mut rest)?;
        entry.offset = if value == 0 { next } else { value - 1 };
        next = entry.offset.saturating_add(entry.length);
    }
    Ok(entries)
}

fn varint(rest: &mut &[u8]) -> Result<u64, TileError> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, behind) =
            rest.split_first().ok_or(TileError::Damaged { what: "a directory is cut off" })?;
        *rest = behind;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(TileError::Damaged { what: "a number in a directory is too long" })
}

/// Place of a tile along the Hilbert curves of all zooms, one after another.
pub(crate) fn tile_number(tile: TileId) -> u64 {
    let before: u64 = (0..tile.z).map(|z| 1u64 << (2 * u32::from(z))).sum();
    let (mut x, mut y) = (u64::from(tile.x), u64::from(tile.y));
    let mut along = 0;
    let mut side = (1u64 << tile.z) / 2;
    let last = (1u64 << tile.z).saturating_sub(1);
    while side > 0 {
        let right = u64::from(x & side > 0);
        let low = u64::from(y & side > 0);
        along += side * side * ((3 * right) ^ low);
        if low == 0 {
            if right == 1 {
                x = last - x;
                y = last - y;
            }
            std::mem::swap(&mut x, &mut y);
        }
        side /= 2;
    }
    before + along
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_agree_with_the_specification_and_the_writer() {
        for (z, x, y, number) in
            [(0, 0, 0, 0), (1, 0, 0, 1), (1, 0, 1, 2), (1, 1, 1, 3), (1, 1, 0, 4), (2, 0, 0, 5)]
        {
            assert_eq!(tile_number(TileId::new(z, x, y).unwrap()), number);
        }
        for (z, x, y) in [(5, 17, 9), (9, 277, 149), (14, 8885, 4794), (14, 8884, 4795)] {
            let theirs: pmtiles::TileId = pmtiles::TileCoord::new(z, x, y).unwrap().into();
            assert_eq!(tile_number(TileId::new(z, x, y).unwrap()), theirs.value());
        }
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.pmtiles");
        for bytes in [&b"PMTiles"[..], &[0; 200][..], &b"<html>"[..]] {
            std::fs::write(&path, bytes).unwrap();
            assert!(matches!(BaseMap::open(&path), Err(TileError::Damaged { .. })));
        }
    }

    #[test]
    fn a_directory_that_lies_about_its_size_is_refused() {
        assert!(directory(&[0xff, 0xff, 0xff, 0xff, 0x0f]).is_err());
        assert!(directory(&[]).is_err());
    }
}
