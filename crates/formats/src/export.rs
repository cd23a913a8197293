use std::path::Path;

use faltkarta_geo::GridSystem;
use faltkarta_model::{Dataset, Feature, Timestamp};
use tempfile::NamedTempFile;

use crate::error::FormatError;
use crate::export_csv::write_csv;
use crate::export_geojson::write_geojson;
use crate::export_gpkg::write_gpkg;

/// The features to write, one at a time.
pub type Features<'a> = &'a mut dyn Iterator<Item = Feature>;

/// Writes the features of one dataset as the ending of the file says: `.gpkg`, `.geojson`, `.json` or `.csv`.
/// Returns how many were written. The file appears whole or not at all; one of the same name is replaced.
///
/// # Errors
///
/// [`FormatError::UnsupportedExport`] for any other ending, before anything is read from the iterator;
/// [`FormatError::DiskFull`] and [`FormatError::Io`] leave the old file as it was.
pub fn export(
    path: &Path,
    dataset: &Dataset,
    grid: GridSystem,
    now: Timestamp,
    features: Features<'_>,
) -> Result<u64, FormatError> {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match ending.as_str() {
        "gpkg" => write_gpkg(path, dataset, grid, now, features),
        "geojson" | "json" => write_geojson(path, dataset, grid, features),
        "csv" => write_csv(path, dataset, features),
        _ => Err(FormatError::UnsupportedExport { ending }),
    }
}

/// A file beside the goal that becomes it with [`finish`], and is gone when it never does.
pub(crate) fn begin(path: &Path) -> Result<NamedTempFile, FormatError> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    tempfile::Builder::new()
        .prefix(".export-")
        .suffix(".tmp")
        .tempfile_in(folder)
        .map_err(FormatError::io("making the file"))
}

/// Puts a written file in its place, after its bytes are on the disk.
pub(crate) fn finish(file: NamedTempFile, path: &Path) -> Result<(), FormatError> {
    let doing = FormatError::io("putting the file in its place");
    // SQLite may have opened the file by its name; the handle here is the same file.
    file.as_file().sync_all().map_err(&doing)?;
    let kept = file.persist(path).map_err(|error| doing(error.error))?;
    open_for_all(&kept).map_err(doing)
}

/// A temporary file is for its owner only; an export is an ordinary file.
#[cfg(unix)]
fn open_for_all(file: &std::fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_for_all(_file: &std::fs::File) -> std::io::Result<()> {
    Ok(())
}
