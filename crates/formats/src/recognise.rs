use std::collections::BTreeMap;

use faltkarta_model::{Dataset, DatasetId, Source, SourceField, template_names};

use crate::delivery::{Delivery, Layer};
use crate::error::FormatError;
use crate::mapping::Mapping;

/// One layer of a delivery that feeds one dataset.
#[derive(Debug)]
pub struct Recognised<'d> {
    pub(crate) delivery: &'d Delivery,
    pub(crate) layer_idx: usize,
    /// The dataset that is fed.
    pub dataset: DatasetId,
    /// The schema by which the layer was recognised.
    pub source: Source,
    /// EPSG code that the caller takes responsibility for (`--crs`), whatever the file says.
    pub forced_epsg: Option<u32>,
    /// What every dataset that the layer feeds claims of it. Only the first of them has it: that one reports the
    /// rows that nobody claims.
    pub(crate) claims: Vec<BTreeMap<String, Vec<String>>>,
}

impl Recognised<'_> {
    /// The layer.
    pub fn layer(&self) -> &Layer {
        &self.delivery.layers()[self.layer_idx]
    }
}

/// A layer that no declared dataset knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownLayer {
    /// Its name.
    pub name: String,
    /// Its columns, so that a mapping can be written.
    pub columns: Vec<String>,
    /// How many rows it has, where that is cheap to know.
    pub n_rows: Option<u64>,
}

/// What became of the layers of a delivery.
#[derive(Debug)]
pub struct Recognition<'d> {
    /// Layers with a dataset, in the order of the file; a layer can be here several times.
    pub found: Vec<Recognised<'d>>,
    /// Layers without one, to be told to whoever imports.
    pub unknown: Vec<UnknownLayer>,
}

/// Finds the datasets that a delivery feeds, by table and columns or by a mapping. With `only`, other datasets'
/// layers are left out of both lists.
///
/// # Errors
///
/// [`FormatError::OutgoingSchema`] when what is known of it is that its supplier has replaced it,
/// [`FormatError::UnknownDelivery`] when no layer is known; [`FormatError::UnknownDataset`],
/// [`FormatError::MissingLayer`] and [`FormatError::MissingColumn`] when `only` or the mapping names what is not there.
pub fn recognise<'d>(
    delivery: &'d Delivery,
    datasets: &[Dataset],
    only: Option<&DatasetId>,
    mapping: Option<&Mapping>,
) -> Result<Recognition<'d>, FormatError> {
    for named in only.into_iter().chain(mapping.map(|it| &it.dataset)) {
        if !datasets.iter().any(|it| it.id == *named) {
            return Err(FormatError::UnknownDataset { dataset: named.clone() });
        }
    }
    let recognition = match mapping {
        Some(mapping) => by_mapping(delivery, datasets, mapping)?,
        None => by_schema(delivery, datasets, only),
    };
    if recognition.found.is_empty() {
        if let Some(outgoing) = outgoing_schema(delivery, datasets) {
            return Err(outgoing);
        }
        let names: Vec<_> = delivery.layers().iter().map(|it| it.name.as_str()).collect();
        return Err(FormatError::UnknownDelivery { layers: names.join(", ") });
    }
    Ok(recognition)
}

fn outgoing_schema(delivery: &Delivery, datasets: &[Dataset]) -> Option<FormatError> {
    let schemas = || datasets.iter().flat_map(|it| &it.outgoing);
    delivery.layers().iter().find_map(|layer| {
        let is_table = |it: &String| it.to_lowercase() == layer.name.to_lowercase();
        let schema = schemas().find(|it| it.tables.iter().any(is_table))?;
        Some(FormatError::OutgoingSchema {
            layer: layer.name.clone(),
            edition: schema.edition.clone(),
            instead: schema.instead.clone(),
        })
    })
}

fn by_schema<'d>(
    delivery: &'d Delivery,
    datasets: &[Dataset],
    only: Option<&DatasetId>,
) -> Recognition<'d> {
    let mut recognition = Recognition { found: vec![], unknown: vec![] };
    for (layer_idx, layer) in delivery.layers().iter().enumerate() {
        let matching: Vec<(&Dataset, &Source)> = datasets
            .iter()
            .filter_map(|dataset| {
                let source = dataset.sources.iter().find(|it| fits(delivery, layer, it))?;
                Some((dataset, source))
            })
            .collect();
        if matching.is_empty() {
            recognition.unknown.push(UnknownLayer {
                name: layer.name.clone(),
                columns: layer.columns.clone(),
                n_rows: layer.n_rows,
            });
        }
        let mut claims = Some(matching.iter().map(|(_, source)| source.only.clone()).collect());
        for (dataset, source) in matching {
            if only.is_some_and(|it| *it != dataset.id) {
                continue;
            }
            recognition.found.push(Recognised {
                delivery,
                layer_idx,
                dataset: dataset.id.clone(),
                source: source.clone(),
                forced_epsg: None,
                claims: claims.take().unwrap_or_default(),
            });
        }
    }
    recognition
}

fn fits(delivery: &Delivery, layer: &Layer, source: &Source) -> bool {
    let is_table = source.table == "*" || source.table.to_lowercase() == layer.name.to_lowercase();
    is_table
        && source.formats.iter().any(|it| delivery.kind().is_read_as(it))
        && source.columns.iter().all(|it| layer.column_idx(it).is_some())
}

fn by_mapping<'d>(
    delivery: &'d Delivery,
    datasets: &[Dataset],
    mapping: &Mapping,
) -> Result<Recognition<'d>, FormatError> {
    let source = mapping.source();
    if let Some(dataset) = datasets.iter().find(|it| it.id == mapping.dataset)
        && let Some(field) = mapping.fields.keys().find(|it| dataset.field(it.as_str()).is_none())
    {
        let text = format!("dataset {} has no field {field}", dataset.id);
        return Err(FormatError::BadMapping { text });
    }
    let wanted = columns_of(&source);
    let mut recognition = Recognition { found: vec![], unknown: vec![] };
    for (layer_idx, layer) in delivery.layers().iter().enumerate() {
        let is_named = mapping.layer.to_lowercase() == layer.name.to_lowercase();
        let missing = wanted.iter().find(|it| layer.column_idx(it).is_none());
        match missing {
            Some(column) if is_named => {
                return Err(FormatError::MissingColumn {
                    layer: layer.name.clone(),
                    column: column.clone(),
                });
            }
            None if is_named || mapping.layer == "*" => recognition.found.push(Recognised {
                delivery,
                layer_idx,
                dataset: mapping.dataset.clone(),
                source: source.clone(),
                forced_epsg: None,
                claims: vec![],
            }),
            _ => recognition.unknown.push(UnknownLayer {
                name: layer.name.clone(),
                columns: layer.columns.clone(),
                n_rows: layer.n_rows,
            }),
        }
    }
    if recognition.found.is_empty() && mapping.layer != "*" {
        return Err(FormatError::MissingLayer { layer: mapping.layer.clone() });
    }
    Ok(recognition)
}

/// Every column that a source names.
fn columns_of(source: &Source) -> Vec<String> {
    let mut columns: Vec<String> = source.identity.clone();
    columns.extend(source.only.keys().cloned());
    if source.geometry.contains(',') {
        columns.extend(source.geometry.split(',').map(|it| it.trim().to_owned()));
    }
    for field in source.fields.values() {
        match field {
            SourceField::Column(column) => columns.push(column.clone()),
            SourceField::Rule { column, template, instead, .. } => {
                if !column.is_empty() {
                    columns.push(column.clone());
                }
                columns.extend(template_names(template).into_iter().map(str::to_owned));
                for exception in instead {
                    columns.extend(exception.when.keys().cloned());
                    columns
                        .extend(template_names(&exception.template).into_iter().map(str::to_owned));
                }
            }
        }
    }
    columns
}
