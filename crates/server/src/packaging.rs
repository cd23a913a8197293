mod base_map;
mod features;
mod home;
mod places;

use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use faltkarta_geo::Bounds;
use faltkarta_model::{Class, Dataset, Packaging, Timestamp};
use faltkarta_protocol::{
    PACKAGE_FORMAT, PackageFile, PackageFileKind, PackageManifest, PackageScope, PackagedDataset,
};
use sha2::{Digest as _, Sha256};

use crate::backend::{DatasetRow, GeodataStore};
use crate::error::StoreError;
use crate::role::Role;

pub(crate) use base_map::{DrawnMap, kept_base_map, newest_base_map, pieces_of};

/// A package that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct BuiltPackage {
    /// Its manifest, as `package.json` holds it.
    pub manifest: PackageManifest,
    /// The folder with its files.
    pub folder: PathBuf,
}

/// How long a laptop may keep protected data without hearing from the store.
const LEASE_DAYS: i64 = 30;

/// Cuts a package out of a store: `features.sqlite`, `basemap.pmtiles` and, last, `package.json`, as
/// `docs/formats/package-1.md` says.
///
/// `role` counts for [`PackageScope::Enrolled`]; an open package holds open datasets whoever asks. The base map is
/// taken from the store's folder of packages when no change touched it since it was drawn.
///
/// # Errors
///
/// [`StoreError`]; a package that was in `out_dir` before is then still whole, or has no `package.json`.
pub fn build_package(
    store: &dyn GeodataStore,
    scope: PackageScope,
    role: Role,
    out_dir: &Path,
    now: Timestamp,
) -> Result<BuiltPackage, StoreError> {
    fs::create_dir_all(out_dir).map_err(StoreError::io("making the folder", out_dir))?;
    let inputs = store.package_inputs()?;
    let all = store.datasets();
    let chosen: Vec<&DatasetRow> =
        all.iter().filter(|it| is_in(&it.dataset, scope, role)).collect();
    let part = out_dir.join("features.sqlite.part");
    let written = features::write(store, inputs.as_ref(), &chosen, (now, lease_until(now)), &part)?;
    let base_map = newest_base_map(store, inputs.as_ref())?.path;
    let manifest_path = out_dir.join("package.json");
    // From here on the folder is no package until its manifest is there again.
    remove_if_there(&manifest_path)?;
    let features_path = out_dir.join("features.sqlite");
    rename(&part, &features_path)?;
    let base_map_path = out_dir.join("basemap.pmtiles");
    copy(&base_map, &base_map_path)?;
    let files = vec![
        describe(&features_path, PackageFileKind::Features)?,
        describe(&base_map_path, PackageFileKind::BaseMap)?,
    ];
    let head = inputs.head();
    // A store without any place yet still has a map to open: the middle of the work area.
    let area = written.area.unwrap_or(Bounds::at(150_000.0, 6_620_000.0));
    let (home_e_m, home_n_m) = written.home.unwrap_or_else(|| area.middle());
    let manifest = PackageManifest {
        format: PACKAGE_FORMAT.to_owned(),
        id: package_id(&files, &head.epoch, head.seq),
        workspace: store.workspace().to_owned(),
        epoch: head.epoch.clone(),
        seq: head.seq,
        chain: head.chain.clone(),
        cursor: inputs.cursor(),
        grid_epsg: store.grid().epsg(),
        created_at: now,
        scope,
        area_m: [area.min_e_m, area.min_n_m, area.max_e_m, area.max_n_m],
        home_m: [home_e_m, home_n_m, 14.0],
        files,
        datasets: written.datasets,
    };
    write_manifest(&manifest_path, &manifest)?;
    Ok(BuiltPackage { manifest, folder: out_dir.to_owned() })
}

fn is_in(dataset: &Dataset, scope: PackageScope, role: Role) -> bool {
    match scope {
        PackageScope::Open => dataset.class == Class::Open,
        // What is only drawn into the base map is listed too, without features: the map's legend names it.
        PackageScope::Enrolled => {
            role.may_fetch(dataset)
                || (dataset.packaging == Packaging::BaseMap && dataset.class == Class::Open)
        }
    }
}

fn lease_until(now: Timestamp) -> Timestamp {
    Timestamp::from_unix_ms(now.unix_ms() + LEASE_DAYS * 24 * 3_600_000)
}

fn describe(path: &Path, kind: PackageFileKind) -> Result<PackageFile, StoreError> {
    let failed = StoreError::io("reading", path);
    let mut file = File::open(path).map_err(&failed)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut n_bytes = 0;
    loop {
        let n = file.read(&mut buffer).map_err(&failed)?;
        if n == 0 {
            break;
        }
        hasher.update(&buffer[..n]);
        n_bytes += n as u64;
    }
    Ok(PackageFile {
        name: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        kind,
        n_bytes,
        sha256: hex::encode(hasher.finalize()),
    })
}

fn package_id(files: &[PackageFile], epoch: &str, seq: u64) -> String {
    let mut hasher = Sha256::new();
    hasher.update(epoch);
    hasher.update(seq.to_le_bytes());
    for file in files {
        hasher.update(&file.sha256);
    }
    format!("p{}", hex::encode(&hasher.finalize()[..8]))
}

fn write_manifest(path: &Path, manifest: &PackageManifest) -> Result<(), StoreError> {
    let part = path.with_extension("json.part");
    let failed = StoreError::io("writing", &part);
    let text = serde_json::to_vec_pretty(manifest).map_err(StoreError::damaged)?;
    fs::write(&part, text).map_err(&failed)?;
    File::open(&part).and_then(|it| it.sync_all()).map_err(&failed)?;
    rename(&part, path)
}

fn rename(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::rename(from, to).map_err(StoreError::io("renaming", from))
}

fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let part = to.with_extension("part");
    fs::copy(from, &part).map_err(StoreError::io("copying", from))?;
    File::open(&part).and_then(|it| it.sync_all()).map_err(StoreError::io("writing", &part))?;
    rename(&part, to)
}

fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::io("removing", path)(error))
        }
        _ => Ok(()),
    }
}

/// A dataset of a manifest.
fn packaged(row: &DatasetRow, n_features: u32, lease_until: Timestamp) -> PackagedDataset {
    let is_protected = row.dataset.class == Class::Protected;
    PackagedDataset {
        id: row.dataset.id.clone(),
        class: row.dataset.class,
        n_features,
        data_date: row.data_date.clone(),
        lease_until: is_protected.then_some(lease_until),
    }
}
