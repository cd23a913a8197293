use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use faltkarta_formats::{
    Delivery, FormatError, Mapping, Problem, Read, Recognised, is_archive, open, read_features,
    recognise,
};
use faltkarta_geo::{Bounds, Geometry};
use faltkarta_model::{Dataset, DatasetId, Feature, FeatureId, FieldId, Properties, SourceField};
use serde::{Deserialize, Serialize};

use crate::backend::{Delivered, DeliveryCounts, GeodataStore};
use crate::error::StoreError;
use crate::finding::{delivery_error, find_deliveries, name_of, unpacked};
use crate::quality::{Checker, Named, held_values, named_by};
use crate::rim::Rim;

/// The format of an import's report.
pub const IMPORT_FORMAT: &str = "faltkarta.import/1";

/// How many problems of one dataset of one file a report carries; it counts all of them.
const MAX_TOLD_PROBLEMS: usize = 1_000;

/// Larger shapes stand on the map of problems by their middle only.
const MAX_SHAPE_BYTES: usize = 1 << 16;

/// What an import is told beside its files.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// Only this dataset.
    pub dataset: Option<DatasetId>,
    /// Ties a foreign file to a dataset.
    pub mapping: Option<Mapping>,
    /// Say what would happen, change nothing.
    pub dry_run: bool,
    /// EPSG code that the caller takes responsibility for, whatever the files say.
    pub force_epsg: Option<u32>,
}

/// What an import did, as `--json` prints it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportReport {
    /// [`IMPORT_FORMAT`].
    pub format: String,
    /// Whether nothing was changed, because that was asked.
    pub dry_run: bool,
    /// One for each dataset of each file.
    pub datasets: Vec<DatasetImport>,
    /// Layers that no declared dataset knows.
    pub unknown_layers: Vec<UnknownLayerRow>,
    /// Files of a folder that were passed over: unknown ones, and twins of a file in a better format.
    pub passed_over: Vec<String>,
}

/// A layer that no declared dataset knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownLayerRow {
    /// The file.
    pub file: String,
    /// The layer.
    pub layer: String,
    /// Its columns.
    pub columns: Vec<String>,
}

/// What became of one dataset of one file. `read == new + changed + unchanged + refused`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetImport {
    /// The dataset.
    pub dataset: DatasetId,
    /// The file's name.
    pub file: String,
    /// Rows that were this dataset's.
    pub read: u64,
    /// Features that were not there.
    pub new: u64,
    /// Features with other values than last delivered.
    pub changed: u64,
    /// Features as last delivered.
    pub unchanged: u64,
    /// Features that the same supplier's file held before.
    pub gone: u64,
    /// Features with a problem.
    pub flagged: u64,
    /// Rows that did not become features.
    pub refused: u64,
    /// Fields and rows that wait for a person, because the field has edited them.
    pub conflicts: u64,
    /// Date of the data.
    pub data_date: String,
    /// EPSG code that the coordinates were read in; 0 when there were no rows.
    #[serde(default)]
    pub epsg: u32,
    /// All problems, told or not.
    pub n_problems: u64,
    /// How many there are of each code.
    #[serde(default)]
    pub problem_counts: BTreeMap<String, u64>,
    /// The first of them.
    pub problems: Vec<ImportProblem>,
}

/// One problem of one row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImportProblem {
    /// The row in the order of the file, from 1; 0 for the layer.
    pub row: u64,
    /// Stable code.
    pub code: String,
    /// The facts.
    pub text: String,
    /// Whether no feature came of the row.
    #[serde(default)]
    pub refused: bool,
    /// How the feature is called; empty when none came of the row.
    #[serde(default)]
    pub label: String,
    /// Easting and northing of its middle in metres on the store's grid, when it has a place.
    #[serde(default)]
    pub position_m: Option<[f64; 2]>,
    /// Its shape, for the map of the problems. Not part of the report.
    #[serde(skip)]
    pub shape: Option<Geometry>,
}

/// Reads deliveries into a store, each file as one transaction.
///
/// All files are opened and recognised before anything is changed. Every real change becomes one entry of the feed;
/// the same file a second time makes none.
///
/// # Errors
///
/// [`StoreError::Delivery`] with the file's name: files before it have been taken in, it and those after it have not.
/// [`StoreError::DiskFull`] and the like leave the file's transaction undone.
pub fn import(
    store: &dyn GeodataStore,
    paths: &[PathBuf],
    options: &ImportOptions,
    rim: &dyn Rim,
) -> Result<ImportReport, StoreError> {
    let datasets: Vec<Dataset> = store.datasets().into_iter().map(|it| it.dataset).collect();
    let (named, mut passed_over) = find_deliveries(paths)?;
    // Lives as long as the files in it are read.
    let mut room = None;
    let (mut files, mut archives) = (vec![], vec![]);
    for file in named {
        if !is_archive(&file) {
            files.push(file);
            continue;
        }
        let (inner, passed) = unpacked(&file, store, &mut room)?;
        passed_over.extend(passed);
        archives.push((file, inner.clone()));
        files.extend(inner);
    }
    let mut report = ImportReport {
        format: IMPORT_FORMAT.to_owned(),
        dry_run: options.dry_run,
        datasets: vec![],
        unknown_layers: vec![],
        passed_over: passed_over.iter().map(|it| name_of(it)).collect(),
    };
    let mut deliveries = vec![];
    for file in files {
        let refused = delivery_error(&file);
        let delivery = open(&file).map_err(&refused)?;
        let known =
            recognise(&delivery, &datasets, options.dataset.as_ref(), options.mapping.as_ref());
        // A folder may hold strangers; a file that was named must be known.
        let is_named = paths.contains(&file);
        match known {
            Ok(_) => deliveries.push((file, delivery)),
            Err(FormatError::UnknownDelivery { .. }) if !is_named => {
                report.passed_over.push(name_of(&file));
            }
            Err(error) => return Err(refused(error)),
        }
    }
    let is_known = |it: &PathBuf| deliveries.iter().any(|(file, _)| file == it);
    if let Some((archive, _)) = archives.iter().find(|(_, inner)| !inner.iter().any(is_known)) {
        return Err(StoreError::NoDelivery { path: archive.clone() });
    }
    for (file, delivery) in &deliveries {
        import_one(store, (file, delivery), &datasets, options, rim, &mut report)?;
    }
    Ok(report)
}

fn import_one(
    store: &dyn GeodataStore,
    (file, delivery): (&Path, &Delivery),
    datasets: &[Dataset],
    options: &ImportOptions,
    rim: &dyn Rim,
    report: &mut ImportReport,
) -> Result<(), StoreError> {
    let refused = delivery_error(file);
    let recognition =
        recognise(delivery, datasets, options.dataset.as_ref(), options.mapping.as_ref())
            .map_err(&refused)?;
    report.unknown_layers.extend(recognition.unknown.iter().map(|it| UnknownLayerRow {
        file: name_of(file),
        layer: it.name.clone(),
        columns: it.columns.clone(),
    }));
    // All layers of one dataset in one file are one set: a property moves between areas, lines and points.
    let mut by_dataset: Vec<(&Dataset, Vec<Recognised<'_>>)> = vec![];
    for mut layer in recognition.found {
        layer.forced_epsg = options.force_epsg;
        if let Some((_, layers)) = by_dataset.iter_mut().find(|(it, _)| it.id == layer.dataset) {
            layers.push(layer);
        } else if let Some(dataset) = datasets.iter().find(|it| it.id == layer.dataset) {
            by_dataset.push((dataset, vec![layer]));
        }
    }
    let mut named = Named::new();
    for (dataset, field) in named_by(by_dataset.iter().map(|it| it.0)) {
        if !named.contains_key(&(dataset.clone(), field.clone())) {
            let values = held_values(store, &dataset, &field)?;
            named.insert((dataset, field), values);
        }
    }
    // What others name comes first, so that a new pipe is known when its valves are read.
    by_dataset.sort_by_key(|(it, _)| !named.keys().any(|(dataset, _)| *dataset == it.id));
    let key = set_key(file);
    let now = rim.now();
    let mut done = vec![];
    store.import_file(rim.new_id(), now, options.dry_run, &mut |taking| {
        for (dataset, layers) in &by_dataset {
            taking.begin(&dataset.id, &key)?;
            let mut intake = Intake::new(dataset, layers, &now.date_utc(), &written_on(file));
            for layer in layers {
                intake.read(layer, store, taking, &mut named).map_err(|error| match error {
                    IntakeError::Format(source) => refused(source),
                    IntakeError::Store(error) => error,
                })?;
            }
            intake.look_between(taking)?;
            let data_date = intake.data_date();
            let counts = taking.end(&data_date)?;
            done.push(intake.told(name_of(file), counts, data_date));
        }
        Ok(())
    })?;
    report.datasets.append(&mut done);
    Ok(())
}

/// The name of a supplier's set: the file's stem without parts that are dates, so that next month's file takes the
/// place of this month's.
pub(crate) fn set_key(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let is_date = |part: &str| {
        (part.len() == 6 || part.len() == 8)
            && part.starts_with("20")
            && part.bytes().all(|it| it.is_ascii_digit())
    };
    let parts: Vec<&str> =
        stem.split(['_', '-', ' ']).filter(|it| !it.is_empty() && !is_date(it)).collect();
    if parts.is_empty() { stem } else { parts.join("_") }
}

enum IntakeError {
    Format(FormatError),
    Store(StoreError),
}

/// What is gathered while one dataset of one file is read.
struct Intake<'a> {
    dataset: &'a Dataset,
    date_fields: Vec<FieldId>,
    today: String,
    newest: String,
    /// The feature that was read last: its problems come behind it.
    last: Option<Feature>,
    checker: Checker<'a>,
    flagged: HashSet<FeatureId>,
    told: DatasetImport,
}

impl<'a> Intake<'a> {
    /// `written_on` is the day the supplier wrote the file. It is the date of the data, unless a row is newer: a
    /// municipality where nothing was changed for months is not old.
    fn new(dataset: &'a Dataset, layers: &[Recognised<'_>], today: &str, written_on: &str) -> Self {
        let told = DatasetImport {
            dataset: dataset.id.clone(),
            file: String::new(),
            read: 0,
            new: 0,
            changed: 0,
            unchanged: 0,
            gone: 0,
            flagged: 0,
            refused: 0,
            conflicts: 0,
            data_date: String::new(),
            epsg: 0,
            n_problems: 0,
            problem_counts: BTreeMap::new(),
            problems: vec![],
        };
        Self {
            dataset,
            date_fields: layers.iter().flat_map(date_fields).collect(),
            today: today.to_owned(),
            newest: if written_on <= today { written_on.to_owned() } else { String::new() },
            last: None,
            checker: Checker::new(dataset),
            flagged: HashSet::new(),
            told,
        }
    }

    fn read(
        &mut self,
        layer: &Recognised<'_>,
        store: &dyn GeodataStore,
        taking: &mut dyn Delivered,
        named: &mut Named,
    ) -> Result<(), IntakeError> {
        let mut failure = None;
        let report = read_features(layer, self.dataset, store.grid(), &mut |read| {
            if failure.is_some() {
                return;
            }
            let taken = match read {
                Read::Feature(feature, row) => {
                    self.see_date(&feature.properties);
                    self.checker.see(row, &feature, named);
                    self.name(&feature, named);
                    let taken = taking.take(&feature);
                    self.last = Some(feature);
                    taken
                }
                Read::Problem(problem) => self.see_problem(&problem, taking),
            };
            failure = taken.err();
        })
        .map_err(IntakeError::Format)?;
        if let Some(error) = failure {
            return Err(IntakeError::Store(error));
        }
        self.told.epsg = report.placement.epsg();
        self.told.read += report.read;
        self.told.refused += report.refused;
        Ok(())
    }

    fn see_problem(
        &mut self,
        problem: &Problem,
        taking: &mut dyn Delivered,
    ) -> Result<(), StoreError> {
        let about = self.last.take().filter(|it| problem.feature == Some(it.id));
        let shape = about.as_ref().and_then(|it| it.geometry.clone());
        let middle = shape.as_ref().and_then(Geometry::bounds).map(Bounds::middle);
        let told = ImportProblem {
            row: problem.row,
            code: problem.code.to_owned(),
            text: problem.text.clone(),
            refused: problem.fatal_for_row,
            label: about.as_ref().map(|it| self.dataset.label(it)).unwrap_or_default(),
            position_m: middle.map(|(e_m, n_m)| [e_m, n_m]),
            shape,
        };
        self.last = about;
        self.tell(told, problem.feature, taking)
    }

    /// Looks between the rows, now that all of them are read.
    fn look_between(&mut self, taking: &mut dyn Delivered) -> Result<(), StoreError> {
        let checker = std::mem::replace(&mut self.checker, Checker::new(self.dataset));
        let (found, is_too_much) = checker.finish();
        for it in found {
            let told = ImportProblem {
                row: it.row.no,
                code: it.code.to_owned(),
                text: it.text,
                refused: false,
                label: it.row.label,
                position_m: it.at_m.map(|(e_m, n_m)| [e_m, n_m]),
                shape: it.shape,
            };
            self.tell(told, Some(it.row.feature), taking)?;
        }
        if is_too_much {
            let told = ImportProblem {
                row: 0,
                code: "not_compared".to_owned(),
                text: String::new(),
                refused: false,
                label: String::new(),
                position_m: None,
                shape: None,
            };
            self.tell(told, None, taking)?;
        }
        Ok(())
    }

    fn tell(
        &mut self,
        mut problem: ImportProblem,
        feature: Option<FeatureId>,
        taking: &mut dyn Delivered,
    ) -> Result<(), StoreError> {
        if !problem.refused {
            self.flagged.extend(feature);
        }
        taking.note(problem.row, &problem.code, &problem.text, feature)?;
        self.told.n_problems += 1;
        *self.told.problem_counts.entry(problem.code.clone()).or_default() += 1;
        if self.told.problems.len() < MAX_TOLD_PROBLEMS {
            problem.shape = problem.shape.filter(|it| it.wkb().len() <= MAX_SHAPE_BYTES);
            self.told.problems.push(problem);
        }
        Ok(())
    }

    /// Adds a row's values of the fields that rows of other datasets name.
    fn name(&self, feature: &Feature, named: &mut Named) {
        for ((dataset, field), values) in named.iter_mut() {
            let value = feature.value(field.as_str());
            if *dataset == self.dataset.id && !value.is_null() {
                values.insert(value.to_string());
            }
        }
    }

    fn see_date(&mut self, properties: &Properties) {
        for field in &self.date_fields {
            let Some(text) = properties.get(field).and_then(|it| it.as_text()) else { continue };
            let is_date = text.len() >= 10 && text.is_char_boundary(10);
            if is_date && text[..10] > *self.newest && text[..10] <= *self.today {
                text[..10].clone_into(&mut self.newest);
            }
        }
    }

    fn data_date(&self) -> String {
        if self.newest.is_empty() { self.today.clone() } else { self.newest.clone() }
    }

    fn told(self, file: String, counts: DeliveryCounts, data_date: String) -> DatasetImport {
        DatasetImport {
            file,
            flagged: self.flagged.len() as u64,
            new: counts.new,
            changed: counts.changed,
            unchanged: counts.unchanged,
            gone: counts.gone,
            conflicts: counts.conflicts,
            data_date,
            ..self.told
        }
    }
}

/// The day a file was written last; empty where the file system does not say. Suppliers' archives keep it.
fn written_on(file: &Path) -> String {
    let since = std::fs::metadata(file)
        .and_then(|it| it.modified())
        .ok()
        .and_then(|it| it.duration_since(std::time::UNIX_EPOCH).ok());
    since
        .and_then(|it| i64::try_from(it.as_millis()).ok())
        .map(|ms| faltkarta_model::Timestamp::from_unix_ms(ms).date_utc())
        .unwrap_or_default()
}

/// The fields that a supplier fills with the moment of a row's last change. A file is as new as its newest row.
fn date_fields(layer: &Recognised<'_>) -> Vec<FieldId> {
    let is_change = |column: &str| {
        ["senastandrad", "versiongiltigfran"].contains(&column.to_lowercase().as_str())
    };
    let fields = layer.source.fields.iter().filter(|(_, from)| match from {
        SourceField::Column(column) | SourceField::Rule { column, .. } => is_change(column),
    });
    fields.map(|(field, _)| field.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn next_months_file_belongs_to_the_same_set() {
        let key = |name: &str| set_key(Path::new(name));
        assert_eq!(key("Fastighetsindelning_kn1885_20260519.gpkg"), "fastighetsindelning_kn1885");
        assert_eq!(key("fastighetsindelning_kn1885.gpkg"), "fastighetsindelning_kn1885");
        assert_ne!(key("fastighetsindelning_kn1884.gpkg"), key("fastighetsindelning_kn1885.gpkg"));
        assert_eq!(key("20260519.csv"), "20260519");
    }
}
