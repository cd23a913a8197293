//! What the tests of this crate share: declared datasets, GeoPackage files made row by row, files made by GDAL.

use std::path::{Path, PathBuf};
use std::process::Command;

use faltkarta_formats::{FormatError, Problem, Read, ReadReport, open, read_features, recognise};
use faltkarta_geo::{Geometry, GridSystem};
use faltkarta_model::{Dataset, DatasetId, Feature, FeatureId, FieldId, Timestamp, Value};
use rusqlite::Connection;

/// Every declaration of `data/datasets`, by file name.
pub(crate) fn datasets() -> Vec<Dataset> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/datasets");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect();
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let dataset = Dataset::parse(&std::fs::read_to_string(path).unwrap());
            let dataset = dataset.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert_eq!(Some(dataset.id.as_str()), path.file_stem().and_then(|it| it.to_str()));
            dataset
        })
        .collect()
}

pub(crate) fn id(text: &str) -> DatasetId {
    DatasetId::parse(text).unwrap()
}

pub(crate) fn now() -> Timestamp {
    Timestamp::from_unix_ms(1_779_180_000_123)
}

pub(crate) fn dataset(name: &str) -> Dataset {
    datasets().into_iter().find(|it| it.id.as_str() == name).unwrap()
}

pub(crate) fn feature(
    of: &str,
    number: u32,
    geometry: Option<Geometry>,
    values: &[(&str, Value)],
) -> Feature {
    let dataset = DatasetId::parse(of).unwrap();
    Feature {
        id: FeatureId::of_delivered(&dataset, &number.to_string()),
        dataset,
        version: 1,
        geometry,
        properties: values
            .iter()
            .map(|(field, value)| (FieldId::parse(field).unwrap(), value.clone()))
            .collect(),
    }
}

/// What one dataset got out of a file.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) features: Vec<Feature>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) report: ReadReport,
}

impl Got {
    pub(crate) fn codes(&self) -> Vec<&'static str> {
        self.problems.iter().map(|it| it.code).collect()
    }
}

/// Opens, recognises and reads one dataset, all sources of it together.
pub(crate) fn read(path: &Path, dataset: &str) -> Result<Got, FormatError> {
    read_forced(path, dataset, None)
}

pub(crate) fn read_forced(
    path: &Path,
    dataset: &str,
    epsg: Option<u32>,
) -> Result<Got, FormatError> {
    let datasets = datasets();
    let delivery = open(path)?;
    let mut recognition = recognise(&delivery, &datasets, Some(&id(dataset)), None)?;
    let declaration = datasets.iter().find(|it| it.id.as_str() == dataset).unwrap();
    let recognised = &mut recognition.found[0];
    recognised.forced_epsg = epsg;
    let (mut features, mut problems) = (vec![], vec![]);
    let report =
        read_features(recognised, declaration, GridSystem::ZONE_15_00, &mut |it| match it {
            Read::Feature(feature, _) => features.push(feature),
            Read::Problem(problem) => problems.push(problem),
        })?;
    assert_eq!(report.read, report.features + report.refused, "nothing is dropped silently");
    assert_eq!(report.features, features.len() as u64);
    Ok(Got { features, problems, report })
}

/// A GeoPackage with one feature table, made without any help of the code under test.
pub(crate) struct Gpkg {
    pub(crate) path: PathBuf,
    pub(crate) connection: Connection,
    table: String,
}

impl Gpkg {
    pub(crate) fn new(folder: &Path, table: &str, epsg: i32, columns: &[&str]) -> Self {
        let path = folder.join(format!("{table}.gpkg"));
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(&format!(
                "PRAGMA application_id=1196444487; PRAGMA user_version=10300;
                 CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT, srs_id INTEGER PRIMARY KEY, organization TEXT,
                     organization_coordsys_id INTEGER, definition TEXT, description TEXT);
                 INSERT INTO gpkg_spatial_ref_sys VALUES ('x', {epsg}, 'EPSG', {epsg}, 'x', NULL);
                 CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT, identifier TEXT,
                     description TEXT, last_change TEXT, min_x REAL, min_y REAL, max_x REAL, max_y REAL, srs_id INTEGER);
                 CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT,
                     srs_id INTEGER, z INTEGER, m INTEGER);
                 INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('{table}', 'features', {epsg});
                 INSERT INTO gpkg_geometry_columns VALUES ('{table}', 'geom', 'GEOMETRY', {epsg}, 2, 2);
                 CREATE TABLE \"{table}\" (fid INTEGER PRIMARY KEY, geom GEOMETRY, {});",
                columns.join(", ")
            ))
            .unwrap();
        Self { path, connection, table: table.to_owned() }
    }

    /// Adds a row; values as SQL literals.
    pub(crate) fn row(&self, geometry: Option<&Geometry>, values: &str) -> &Self {
        let blob = geometry.map(|it| {
            let mut blob = b"GP\0\x01\0\0\0\0".to_vec();
            blob.extend_from_slice(it.wkb());
            blob
        });
        self.raw_row(blob, values)
    }

    pub(crate) fn raw_row(&self, blob: Option<Vec<u8>>, values: &str) -> &Self {
        let sql = format!("INSERT INTO \"{}\" VALUES (NULL, ?1, {values})", self.table);
        self.connection.execute(&sql, [blob]).unwrap();
        self
    }

    pub(crate) fn close(self) -> PathBuf {
        self.connection.close().unwrap();
        self.path
    }
}

/// Runs a program of GDAL and returns what it said; `None`, with the reason printed, where GDAL is not installed.
/// On a build server it must be installed.
pub(crate) fn gdal(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output();
    match output {
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            assert!(output.status.success(), "{program} {arguments:?}: {said}");
            Some(said)
        }
        Err(error) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{program}: {error}");
            println!("skipped: {program} is not installed (gdal-bin)");
            None
        }
    }
}

/// Runs a module of GDAL's Python, the one of the system; `None`, with the reason printed, where it is not installed.
pub(crate) fn gdal_python(module: &str, arguments: &[&str]) -> Option<String> {
    let has_gdal =
        Command::new("/usr/bin/python3").args(["-c", "import osgeo_utils.samples"]).output();
    if !has_gdal.is_ok_and(|it| it.status.success()) {
        println!("skipped: {module} is not installed (python3-gdal)");
        return None;
    }
    let output =
        Command::new("/usr/bin/python3").args(["-m", module]).args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(output.status.success(), "{module} {arguments:?}: {said}");
    Some(said)
}
