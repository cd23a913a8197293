use std::fs;
use std::path::{Path, PathBuf};

use faltkarta_geo::Geometry;
use faltkarta_model::{Packaging, Properties};
use faltkarta_tiles::{BaseMapBuilder, TileError};
use sha2::{Digest as _, Sha256};

use crate::backend::{DatasetRow, GeodataStore, PackageInputs};
use crate::error::StoreError;

/// The newest base map, drawn when a change has touched it since the last one.
pub(super) fn newest(
    store: &dyn GeodataStore,
    inputs: &dyn PackageInputs,
    datasets: &[DatasetRow],
) -> Result<PathBuf, StoreError> {
    let drawn: Vec<&DatasetRow> =
        datasets.iter().filter(|it| it.dataset.packaging != Packaging::Features).collect();
    let mut key = Sha256::new();
    key.update(&inputs.head().epoch);
    for row in &drawn {
        key.update(&row.declaration);
        key.update(inputs.last_seq(&row.dataset.id)?.to_le_bytes());
    }
    let name = format!("basemap-{}.pmtiles", hex::encode(&key.finalize()[..8]));
    let path = store.packages_folder().join(&name);
    if !path.exists() {
        draw(store, inputs, &drawn, &path)?;
        forget_others(store.packages_folder(), &name);
    }
    Ok(path)
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

/// Base maps of earlier states; one that cannot be removed only takes room.
fn forget_others(folder: &Path, kept: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("basemap-") && name != kept {
            let _ = fs::remove_file(entry.path());
        }
    }
}
