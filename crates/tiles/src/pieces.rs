//! A base map cut where its parts end. Tiles that did not change are the same bytes in the next base map, only at
//! another place, so that a file is renewed by its missing pieces.

use crate::error::TileError;
use crate::pmtiles_read::{BaseMap, DEPTH_MAX, Entry, HEADER_BYTES};

/// More entries than this are no base map; a country has a tenth of them.
const ENTRIES_MAX: usize = 4_000_000;

/// Before the metadata lies padding. Cut at multiples of this it is the same in each file, however long the root
/// directory before it.
const PADDING_BYTES: u64 = 1_024;
/// Longer padding is cut no further.
const PADDING_BYTES_MAX: u64 = 1 << 20;

impl BaseMap {
    /// How many bytes each piece of the file has, from its first byte to its last: header, directories, metadata, and
    /// each tile by itself; padding in between in blocks. Nothing is said of what the tiles hold.
    ///
    /// # Errors
    ///
    /// [`TileError`] when a directory cannot be read.
    pub fn piece_lengths(&self) -> Result<Vec<u32>, TileError> {
        let n_file_bytes = self.header.n_file_bytes;
        let mut cuts = vec![0, HEADER_BYTES as u64, n_file_bytes];
        let mut sections = self.header.sections;
        sections.sort_unstable();
        let mut end = HEADER_BYTES as u64;
        for (at, n_bytes) in sections {
            let is_near = at.checked_sub(end).is_some_and(|it| it < PADDING_BYTES_MAX);
            if let Some(first) = end.checked_next_multiple_of(PADDING_BYTES).filter(|_| is_near) {
                cuts.extend((first..at).step_by(PADDING_BYTES as usize));
            }
            cuts.extend([at, at.saturating_add(n_bytes)]);
            end = end.max(at.saturating_add(n_bytes));
        }
        self.cut(&self.root, DEPTH_MAX, &mut cuts)?;
        cuts.retain(|it| *it <= n_file_bytes);
        cuts.sort_unstable();
        cuts.dedup();
        let length = |pair: &[u64]| u32::try_from(pair[1] - pair[0]);
        let lengths: Result<_, _> = cuts.windows(2).map(length).collect();
        lengths.map_err(|_| TileError::Damaged { what: "an entry is too large" })
    }

    fn cut(&self, entries: &[Entry], depth: usize, cuts: &mut Vec<u64>) -> Result<(), TileError> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(TileError::Damaged { what: "directories are nested too deep" });
        };
        for entry in entries {
            let is_leaf = entry.run_length == 0;
            let begin = if is_leaf { self.header.leaf_offset } else { self.header.data_offset };
            let at = begin.saturating_add(entry.offset);
            cuts.extend([at, at.saturating_add(entry.length)]);
            if cuts.len() > 2 * ENTRIES_MAX {
                return Err(TileError::Damaged { what: "too many entries" });
            }
            if is_leaf {
                self.cut(&self.leaf(*entry)?, depth, cuts)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::path::Path;

    use faltkarta_geo::{Geometry, GridSystem};
    use faltkarta_model::{Dataset, FieldId, Value};

    use super::*;
    use crate::BaseMapBuilder;

    /// Forest in squares of 1 km, all over a region; one of them may be missing.
    fn forest(path: &Path, without: Option<usize>) -> Vec<Vec<u8>> {
        let dataset = Dataset::parse(include_str!("../../../data/datasets/land_cover.toml"));
        let mut builder = BaseMapBuilder::create(path, GridSystem::ZONE_15_00).unwrap();
        builder.begin(&dataset.unwrap());
        let kind = (FieldId::parse("kind").unwrap(), Value::Text("Lövskog".to_owned()));
        for n in (0..900).filter(|n| Some(*n) != without) {
            let (e, n) =
                (120_000.0 + f64::from(n as u32 % 30) * 2e3, 6.6e6 + (n / 30) as f64 * 2e3);
            let ring = vec![(e, n), (e + 1e3, n), (e + 1e3, n + 1e3), (e, n + 1e3), (e, n)];
            let square = geo_types::Polygon::new(ring.into(), vec![]);
            builder.add(&Geometry::from_types(&square.into()), &[kind.clone()].into()).unwrap();
        }
        builder.finish().unwrap();
        let bytes = std::fs::read(path).unwrap();
        let lengths = BaseMap::open(path).unwrap().piece_lengths().unwrap();
        let mut rest = &bytes[..];
        let mut pieces = vec![];
        for length in lengths {
            let (piece, behind) = rest.split_at(length as usize);
            pieces.push(piece.to_vec());
            rest = behind;
        }
        assert!(rest.is_empty(), "the pieces are the file");
        pieces
    }

    #[test]
    fn a_base_map_without_one_wood_shares_all_pieces_but_the_tiles_of_that_place() {
        let folder = tempfile::tempdir().unwrap();
        let before = forest(&folder.path().join("a.pmtiles"), None);
        let after = forest(&folder.path().join("b.pmtiles"), Some(450));
        assert!(before.len() > 1_000, "{}", before.len());
        let known: HashSet<&[u8]> = before.iter().map(Vec::as_slice).collect();
        let n_new = after.iter().filter(|it| !known.contains(it.as_slice())).count();
        // Header and root directory, and a column of tiles with its neighbours where they touch.
        assert!((3..40).contains(&n_new), "{n_new}");
        // What comes before the tiles costs its directories, not the 16 KiB of padding behind the root.
        let is_new = |it: &&Vec<u8>| !known.contains(it.as_slice());
        let n_bytes: usize = after.iter().take(20).filter(is_new).map(Vec::len).sum();
        let root = after[1].len();
        assert!(n_bytes < HEADER_BYTES + root + 4_096, "{n_bytes} with a root of {root}");
        assert_eq!(before, forest(&folder.path().join("c.pmtiles"), None), "drawn the same twice");
    }
}
