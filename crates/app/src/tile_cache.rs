use std::collections::VecDeque;

/// Most bytes of drawn tiles that are kept; a screen with its surroundings is a tenth of it.
const BYTES_MAX: usize = 16 << 20;

/// What a drawn tile was drawn from: tile version, how many layers were open (a lease may end between two
/// questions), zoom, column, row.
pub(crate) type TileKey = (u32, usize, u8, u32, u32);

/// The tiles drawn last, so that panning back costs nothing.
#[derive(Debug, Default)]
pub(crate) struct TileCache {
    /// Oldest use first.
    tiles: VecDeque<(TileKey, Vec<u8>)>,
    n_bytes: usize,
}

impl TileCache {
    pub(crate) fn get(&mut self, key: TileKey) -> Option<Vec<u8>> {
        let at = self.tiles.iter().rposition(|it| it.0 == key)?;
        let tile = self.tiles.remove(at)?;
        let bytes = tile.1.clone();
        self.tiles.push_back(tile);
        Some(bytes)
    }

    pub(crate) fn put(&mut self, key: TileKey, bytes: Vec<u8>) {
        self.n_bytes += bytes.len() + size_of::<TileKey>();
        self.tiles.push_back((key, bytes));
        while self.n_bytes > BYTES_MAX {
            let Some((_, bytes)) = self.tiles.pop_front() else { return };
            self.n_bytes -= bytes.len() + size_of::<TileKey>();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tile_that_was_not_asked_for_longest_goes_first() {
        let mut cache = TileCache::default();
        let third = BYTES_MAX / 3 - 1_000;
        for x in 0..3 {
            cache.put((1, 5, 14, x, 0), vec![x as u8; third]);
        }
        assert_eq!(cache.get((1, 5, 14, 0, 0)).unwrap()[0], 0);
        cache.put((1, 5, 14, 3, 0), vec![3; third]);
        assert!(cache.get((1, 5, 14, 1, 0)).is_none());
        assert_eq!(cache.get((1, 5, 14, 0, 0)).unwrap().len(), third);
        assert_eq!(cache.get((1, 5, 14, 3, 0)).unwrap()[0], 3);
    }

    #[test]
    fn another_version_of_the_data_is_another_tile() {
        let mut cache = TileCache::default();
        cache.put((1, 5, 14, 0, 0), vec![1]);
        assert_eq!(cache.get((2, 5, 14, 0, 0)), None);
        assert_eq!(cache.get((1, 4, 14, 0, 0)), None);
    }
}
