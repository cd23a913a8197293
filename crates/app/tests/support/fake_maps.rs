//! Base maps as a store keeps them, and forests to draw on them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;

use faltkarta_app::{LinkError, MapLink};
use faltkarta_geo::{Geometry, GridSystem};
use faltkarta_model::Dataset;
use faltkarta_protocol::{
    BASE_MAP_FORMAT, BaseMapOffer, BaseMapPieces, PackageFile, PackageFileKind, read_pieces,
};
use faltkarta_tiles::{BaseMap, BaseMapBuilder};
use sha2::{Digest as _, Sha256};

use super::fake_store::{FakeStore, gone};
use super::{field, text};

/// The base maps of a store.
#[derive(Default)]
pub(crate) struct FakeMaps {
    /// Those that are kept, the newest last. None at all: the store is older than base maps by difference.
    pub(crate) kept: Vec<Vec<u8>>,
    /// Whether the pieces are told.
    pub(crate) hides_pieces: bool,
    /// What is done to the pieces before they are told.
    pub(crate) bend: Option<fn(&mut BaseMapPieces)>,
    /// Bytes after which every fetch breaks from now on.
    pub(crate) cut: Option<usize>,
    pub(crate) n_asked: u32,
    pub(crate) n_fetched: u64,
    pub(crate) n_requests: u32,
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A base map of 900 woods, of which one may be missing. Each is drawn once.
pub(crate) fn forest(without: Option<u32>) -> Vec<u8> {
    static DRAWN: Mutex<BTreeMap<Option<u32>, Vec<u8>>> = Mutex::new(BTreeMap::new());
    DRAWN.lock().unwrap().entry(without).or_insert_with(|| draw(without)).clone()
}

fn draw(without: Option<u32>) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("forest.pmtiles");
    let toml = include_str!("../../../../data/datasets/land_cover.toml");
    let mut builder = BaseMapBuilder::create(&path, GridSystem::ZONE_15_00).unwrap();
    builder.begin(&Dataset::parse(toml).unwrap());
    for n in (0..900_u32).filter(|it| Some(*it) != without) {
        let (e, n) = (120_000.0 + f64::from(n % 30) * 2e3, 6.58e6 + f64::from(n / 30) * 2e3);
        let ring = vec![(e, n), (e + 1e3, n), (e + 1e3, n + 1e3), (e, n + 1e3), (e, n)];
        let wood = geo_types::Polygon::new(ring.into(), vec![]).into();
        let kind = [(field("kind"), text("Lövskog"))].into();
        builder.add(&Geometry::from_types(&wood), &kind).unwrap();
    }
    builder.finish().unwrap();
    std::fs::read(path).unwrap()
}

/// A base map as a file of a package folder.
pub(crate) fn packaged(folder: &Path, bytes: &[u8]) -> PackageFile {
    std::fs::write(folder.join("basemap.pmtiles"), bytes).unwrap();
    PackageFile {
        name: "basemap.pmtiles".to_owned(),
        kind: PackageFileKind::BaseMap,
        n_bytes: bytes.len() as u64,
        sha256: sha256(bytes),
    }
}

impl FakeMaps {
    fn find(&self, wanted: &str) -> Result<&[u8], LinkError> {
        let found = self.kept.iter().find(|it| sha256(it) == wanted);
        found.map(Vec::as_slice).ok_or(LinkError::PackageChanged)
    }
}

impl MapLink for FakeStore {
    fn base_map(&mut self, _: &str) -> Result<BaseMapOffer, LinkError> {
        self.maps.n_asked += 1;
        let newest = self.maps.kept.last().ok_or(LinkError::NotOffered)?;
        Ok(BaseMapOffer {
            format: BASE_MAP_FORMAT.to_owned(),
            sha256: sha256(newest),
            n_bytes: newest.len() as u64,
        })
    }

    fn base_map_pieces(&mut self, _: &str, wanted: &str) -> Result<BaseMapPieces, LinkError> {
        if self.maps.kept.is_empty() || self.maps.hides_pieces {
            return Err(LinkError::NotOffered);
        }
        let bytes = self.maps.find(wanted)?;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pmtiles");
        std::fs::write(&path, bytes).unwrap();
        let lengths = BaseMap::open(&path).unwrap().piece_lengths().unwrap();
        let pieces = read_pieces(&mut &bytes[..], &lengths).unwrap();
        let mut told = BaseMapPieces::of(wanted, &pieces);
        if let Some(bend) = self.maps.bend {
            bend(&mut told);
        }
        Ok(told)
    }

    fn fetch_base_map(
        &mut self,
        _: &str,
        wanted: &str,
        range: Range<u64>,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), LinkError>,
    ) -> Result<(), LinkError> {
        self.maps.n_requests += 1;
        let bytes = self.maps.find(wanted)?[range.start as usize..range.end as usize].to_vec();
        for piece in bytes.chunks(700) {
            let n = self.maps.cut.unwrap_or(piece.len()).min(piece.len());
            self.maps.n_fetched += n as u64;
            self.maps.cut = self.maps.cut.map(|it| it - n);
            if n > 0 {
                sink(&piece[..n])?;
            }
            if n < piece.len() {
                return Err(gone());
            }
        }
        Ok(())
    }
}
