use std::path::Path;

use faltkarta_geo::GridSystem;
use faltkarta_model::{Dataset, Feature, Timestamp};
use tempfile::NamedTempFile;

use crate::error::FormatError;
use crate::export_csv::write_csv;
use crate::export_fgb::write_fgb;
use crate::export_geojson::write_geojson;
use crate::export_gpkg::write_gpkg;
use crate::export_shp::write_shp;
use crate::spool::Sight;

/// The features to write, one at a time.
pub type Features<'a> = &'a mut dyn Iterator<Item = Feature>;

/// What came of an export.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exported {
    /// How many features were written.
    pub n_features: u64,
    /// What the format had no room for.
    pub notes: Vec<ExportNote>,
}

/// Something that another program will see otherwise than the store has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportNote {
    /// A stable code: `renamed_column` (`full name: name in the file`), `cut_text` (`column: how many values`),
    /// `missing_height` (how many geometries have none where others have; theirs is 0 in the file).
    pub code: &'static str,
    /// The facts.
    pub text: String,
}

impl Exported {
    pub(crate) fn whole(n_features: u64) -> Self {
        Self { n_features, notes: vec![] }
    }
}

impl Sight {
    /// Heights that a format cannot leave out.
    pub(crate) fn notes(&self) -> Vec<ExportNote> {
        let n_missing = self.n_with_geometry() - self.n_with_z;
        let is_mixed = self.n_with_z > 0 && n_missing > 0;
        let note = || ExportNote { code: "missing_height", text: n_missing.to_string() };
        is_mixed.then(note).into_iter().collect()
    }
}

/// The endings of files that are written.
pub const EXPORT_ENDINGS: [&str; 6] = ["gpkg", "fgb", "geojson", "json", "shp", "csv"];

/// Writes the features of one dataset as the ending of the file says, one of [`EXPORT_ENDINGS`]. The file appears
/// whole or not at all; one of the same name is replaced.
///
/// # Errors
///
/// [`FormatError::UnsupportedExport`] for any other ending, before anything is read from the iterator;
/// [`FormatError::MixedGeometry`] where a format holds one kind of geometry only;
/// [`FormatError::DiskFull`] and [`FormatError::Io`] leave the old file as it was.
pub fn export(
    path: &Path,
    dataset: &Dataset,
    grid: GridSystem,
    now: Timestamp,
    features: Features<'_>,
) -> Result<Exported, FormatError> {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match ending.as_str() {
        "gpkg" => write_gpkg(path, dataset, grid, now, features).map(Exported::whole),
        "geojson" | "json" => write_geojson(path, dataset, grid, features).map(Exported::whole),
        "csv" => write_csv(path, dataset, features).map(Exported::whole),
        "fgb" => write_fgb(path, dataset, grid, features),
        "shp" => write_shp(path, dataset, grid, now, features),
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
