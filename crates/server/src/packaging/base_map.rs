use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use faltkarta_geo::Geometry;
use faltkarta_model::{Packaging, Properties};
use faltkarta_protocol::{BaseMapPieces, PackageFileKind, read_pieces};
use faltkarta_tiles::{BaseMap, BaseMapBuilder, TileError};
use sha2::{Digest as _, Sha256};

use crate::backend::{DatasetRow, GeodataStore, PackageInputs};
use crate::error::StoreError;
use crate::packaging::describe;

/// A base map that was drawn. Its file is named by what it was drawn of and by its content:
/// `basemap-KEY-SHA256.pmtiles`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DrawnMap {
    /// The file.
    pub(crate) path: PathBuf,
    /// SHA-256 of the file in hexadecimal.
    pub(crate) sha256: String,
}

/// The newest base map, drawn when a change has touched it since the last one.
pub(crate) fn newest_base_map(
    store: &dyn GeodataStore,
    inputs: &dyn PackageInputs,
) -> Result<DrawnMap, StoreError> {
    let datasets = store.datasets();
    let drawn: Vec<&DatasetRow> =
        datasets.iter().filter(|it| it.dataset.packaging != Packaging::Features).collect();
    let mut key = Sha256::new();
    key.update(&inputs.head().epoch);
    for row in &drawn {
        key.update(&row.declaration);
        key.update(inputs.last_seq(&row.dataset.id)?.to_le_bytes());
    }
    let key = hex::encode(&key.finalize()[..8]);
    let folder = store.packages_folder();
    let mut present = drawn_maps(folder);
    if let Some((_, map)) = present.find(|(it, _)| *it == key) {
        return Ok(map);
    }
    let fresh = folder.join(format!("basemap-{key}.new"));
    draw(store, inputs, &drawn, &fresh)?;
    let sha256 = describe(&fresh, PackageFileKind::BaseMap)?.sha256;
    let path = folder.join(format!("basemap-{key}-{sha256}.pmtiles"));
    fs::rename(&fresh, &path).map_err(StoreError::io("renaming", &fresh))?;
    forget_others(folder, &path);
    Ok(DrawnMap { path, sha256 })
}

/// A base map that is still kept, by its content.
pub(crate) fn kept_base_map(store: &dyn GeodataStore, sha256: &str) -> Option<DrawnMap> {
    drawn_maps(store.packages_folder()).map(|it| it.1).find(|it| it.sha256 == sha256)
}

/// What a laptop compares its own base map with.
pub(crate) fn pieces_of(path: &Path, sha256: &str) -> Result<BaseMapPieces, StoreError> {
    let lengths = BaseMap::open(path).and_then(|it| it.piece_lengths()).map_err(|error| {
        StoreError::Packaging { doing: "cutting the base map", text: error.to_string() }
    })?;
    let failed = StoreError::io("reading", path);
    let file = File::open(path).map_err(&failed)?;
    let mut file = BufReader::with_capacity(1 << 18, file);
    Ok(BaseMapPieces::of(sha256, &read_pieces(&mut file, &lengths).map_err(failed)?))
}

/// The base maps of a folder, each with its key.
fn drawn_maps(folder: &Path) -> impl Iterator<Item = (String, DrawnMap)> {
    fs::read_dir(folder).into_iter().flatten().flatten().filter_map(|entry| {
        let name = entry.file_name();
        let name = name.to_str()?.strip_prefix("basemap-")?.strip_suffix(".pmtiles")?;
        let (key, sha256) = name.split_once('-')?;
        Some((key.to_owned(), DrawnMap { path: entry.path(), sha256: sha256.to_owned() }))
    })
}

fn draw(
    store: &dyn GeodataStore,
    inputs: &dyn PackageInputs,
    drawn: &[&DatasetRow],
    path: &Path,
) -> Result<(), StoreError> {
    let failed = |error: TileError| StoreError::Packaging {
        doing: "drawing the base map",
        text: error.to_string(),
    };
    let mut builder = BaseMapBuilder::create(path, store.grid()).map_err(failed)?;
    for row in drawn {
        builder.begin(&row.dataset);
        inputs.for_each_row(&row.dataset.id, &mut |row| {
            let Some(wkb) = row.wkb else { return Ok(()) };
            let geometry = Geometry::from_wkb(wkb.to_vec()).map_err(StoreError::damaged)?;
            let properties: Properties =
                serde_json::from_str(row.properties).map_err(StoreError::damaged)?;
            builder.add(&geometry, &properties).map_err(failed)
        })?;
    }
    let report = builder.finish().map_err(failed)?;
    tracing::info!(n_features = report.n_features, n_tiles = report.n_tiles, "base map drawn");
    Ok(())
}

/// Base maps of earlier states, but for the last one: laptops may be in the middle of fetching it. One that cannot be
/// removed only takes room.
fn forget_others(folder: &Path, newest: &Path) {
    let drawn_at = |map: &DrawnMap| {
        fs::metadata(&map.path).and_then(|it| it.modified()).unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let earlier = drawn_maps(folder).map(|it| it.1).filter(|it| it.path != newest);
    let last = earlier.max_by_key(drawn_at).map(|it| it.path);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_kept = path == newest || Some(&path) == last.as_ref();
        if entry.file_name().to_string_lossy().starts_with("basemap-") && !is_kept {
            let _ = fs::remove_file(path);
        }
    }
}
