use faltkarta_model::{Class, DatasetId, Timestamp};
use serde::{Deserialize, Serialize};

/// The format of a package; the first key of its manifest.
pub const PACKAGE_FORMAT: &str = "faltkarta.package/1";

/// `package.json` of a package, and the answer of `GET /sync/v1/{workspace}/package`.
///
/// A package is a prepared snapshot at one number of the feed. The same files are carried by an installer, cut to
/// open datasets. Files are fetched from `…/package/{name}` with `Range`, and checked by their SHA-256.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PackageManifest {
    /// [`PACKAGE_FORMAT`].
    pub format: String,
    /// Name of the snapshot; changes whenever its files do.
    pub id: String,
    /// The feed it was cut from.
    pub workspace: String,
    /// The history it was cut from.
    pub epoch: String,
    /// The entry after which it was cut.
    pub seq: u64,
    /// Chain hash at that entry, 32 hexadecimal digits.
    pub chain: String,
    /// Cursor to pull from after it is installed.
    pub cursor: String,
    /// EPSG code of the store's grid.
    pub grid_epsg: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// What is in it.
    pub scope: PackageScope,
    /// Rectangle of the work area on the store's grid in metres: min E, min N, max E, max N.
    pub area_m: [f64; 4],
    /// Where a first map looks: easting, northing in metres, and zoom.
    pub home_m: [f64; 3],
    /// The files.
    pub files: Vec<PackageFile>,
    /// The datasets.
    pub datasets: Vec<PackagedDataset>,
}

/// What a package holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageScope {
    /// Open datasets only: fit for an installer.
    Open,
    /// All that the laptop's role and area allow.
    Enrolled,
}

/// One file of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageFile {
    /// Name inside the package, without folders.
    pub name: String,
    /// What it is.
    pub kind: PackageFileKind,
    /// Size.
    pub n_bytes: u64,
    /// SHA-256, 64 hexadecimal digits.
    pub sha256: String,
}

/// The kinds of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackageFileKind {
    /// SQLite: datasets, features, indexes, forms.
    Features,
    /// PMTiles: the base map.
    BaseMap,
}

/// One dataset of a package.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PackagedDataset {
    /// Its id.
    pub id: DatasetId,
    /// Who may have it.
    pub class: Class,
    /// How many features.
    pub n_features: u32,
    /// Date of the data.
    pub data_date: Option<String>,
    /// When a laptop must have renewed it.
    pub lease_until: Option<Timestamp>,
}
