//! Deliveries and datasets in the console's words.

use std::collections::BTreeMap;

use faltkarta_geo::GridSystem;
use faltkarta_model::{Class, DatasetId, Packaging, Policy, Timestamp};

use crate::backend::{DatasetRow, DeviceRow, GeodataStore};
use crate::console::dto::{
    ConsoleDatasetDto, ConsoleDatasetImportDto, ConsoleDeliveryDto, ConsoleProblemDto,
    ConsoleProblemExampleDto,
};
use crate::console::facts::{plain, title};
use crate::deliveries::{Deliveries, DeliveryRecord};
use crate::error::StoreError;
use crate::importing::DatasetImport;

/// How many problems of a kind are shown.
const N_EXAMPLES: usize = 20;

/// Deliveries as the page lists them.
pub(crate) fn delivery_list(
    store: &dyn GeodataStore,
    deliveries: &Deliveries,
    records: Vec<DeliveryRecord>,
) -> Result<Vec<ConsoleDeliveryDto>, StoreError> {
    let datasets = store.datasets();
    let laptops = laptops(store)?;
    let told = records.into_iter().map(|it| delivery(store, deliveries, &datasets, &laptops, it));
    told.collect()
}

fn delivery(
    store: &dyn GeodataStore,
    deliveries: &Deliveries,
    datasets: &[DatasetRow],
    laptops: &[DeviceRow],
    record: DeliveryRecord,
) -> Result<ConsoleDeliveryDto, StoreError> {
    let can_undo = deliveries.before(&record)?.is_some();
    let sets = record.report.as_ref().map(|it| it.datasets.as_slice()).unwrap_or_default();
    let concerned = |it: &&DeviceRow| {
        sets.iter().any(|set| {
            datasets
                .iter()
                .any(|row| row.dataset.id == set.dataset && it.role.may_fetch(&row.dataset))
        })
    };
    let format = record.name.rsplit_once('.').map_or("", |it| it.1).to_lowercase();
    let mut systems: Vec<u32> = sets.iter().map(|it| it.epsg).filter(|it| *it != 0).collect();
    systems.dedup();
    Ok(ConsoleDeliveryDto {
        n_laptops: count(laptops.iter().filter(concerned).count() as u64),
        n_bytes_each: None,
        n_open_cases: count(sets.iter().map(|it| it.conflicts).sum()),
        found_crs: systems.iter().map(|it| crs_name(*it)).collect::<Vec<_>>().join(", "),
        store_crs: store.grid().name().to_owned(),
        datasets: sets.iter().map(|it| dataset_import(datasets, it)).collect(),
        id: record.id.to_string(),
        number: record.number,
        format,
        n_bytes: record.n_bytes as f64,
        received_at: record.received_at.to_string(),
        by: record.by.clone(),
        state: word(&record.state),
        progress_pct: 0,
        code: record.code.clone(),
        facts: record.facts.clone(),
        published_at: record.published_at.map(|it| it.to_string()),
        can_undo,
        name: record.name,
    })
}

fn dataset_import(datasets: &[DatasetRow], set: &DatasetImport) -> ConsoleDatasetImportDto {
    let declared = datasets.iter().find(|it| it.dataset.id == set.dataset);
    let mut examples: BTreeMap<&str, Vec<ConsoleProblemExampleDto>> = BTreeMap::new();
    for problem in &set.problems {
        let of_code = examples.entry(&problem.code).or_default();
        if of_code.len() < N_EXAMPLES {
            of_code.push(ConsoleProblemExampleDto {
                row: count(problem.row),
                text: problem.text.clone(),
                label: problem.label.clone(),
                easting_m: problem.position_m.map(|it| it[0]),
                northing_m: problem.position_m.map(|it| it[1]),
            });
        }
    }
    let mut problems: Vec<ConsoleProblemDto> = set
        .problem_counts
        .iter()
        .map(|(code, n)| ConsoleProblemDto {
            count: count(*n),
            // What stops a delivery stops it before any row is read.
            is_blocking: false,
            examples: examples.remove(code.as_str()).unwrap_or_default(),
            code: code.clone(),
        })
        .collect();
    problems.sort_by_key(|it| std::cmp::Reverse(it.count));
    ConsoleDatasetImportDto {
        dataset: set.dataset.to_string(),
        title: declared.map_or_else(|| plain(set.dataset.as_str()), |it| title(&it.dataset.title)),
        n_read: count(set.read),
        n_new: count(set.new),
        n_changed: count(set.changed),
        n_unchanged: count(set.unchanged),
        n_gone: count(set.gone),
        n_flagged: count(set.flagged),
        n_refused: count(set.refused),
        n_conflicts: count(set.conflicts),
        data_date: set.data_date.clone(),
        problems,
    }
}

/// Declared datasets, with what the store holds of each.
pub(crate) fn dataset_list(
    store: &dyn GeodataStore,
    now: Timestamp,
) -> Result<Vec<ConsoleDatasetDto>, StoreError> {
    let laptops = laptops(store)?;
    let told = store.datasets().into_iter().map(|row| {
        let n_features = store.count_features(&row.dataset.id)?;
        let age_days = row.data_date.as_deref().and_then(|it| age_days(it, now));
        let dataset = row.dataset;
        let fetches = |it: &&DeviceRow| it.role.may_fetch(&dataset);
        Ok(ConsoleDatasetDto {
            n_laptops: count(laptops.iter().filter(fetches).count() as u64),
            n_features: count(n_features),
            data_date: row.data_date.filter(|_| n_features > 0 || age_days.is_some()),
            age_days,
            title: title(&dataset.title),
            group: dataset.map.group.clone(),
            role: word(&dataset.role),
            class: word::<Class>(&dataset.class),
            policy: word::<Policy>(&dataset.policy),
            max_age_days: dataset.max_age_days.filter(|_| dataset.packaging != Packaging::BaseMap),
            owner_body: dataset.owner.body,
            owner_contact: dataset.owner.contact,
            publisher: dataset.publisher,
            licence: dataset.licence,
            id: DatasetId::to_string(&dataset.id),
        })
    });
    told.collect()
}

fn laptops(store: &dyn GeodataStore) -> Result<Vec<DeviceRow>, StoreError> {
    let mut laptops = store.devices()?;
    laptops.retain(|it| !it.is_revoked && !it.is_console());
    Ok(laptops)
}

fn age_days(date: &str, now: Timestamp) -> Option<u32> {
    let since = Timestamp::parse(&format!("{}T00:00:00Z", date.get(..10)?)).ok()?;
    u32::try_from((now.unix_ms() - since.unix_ms()) / 86_400_000).ok()
}

fn crs_name(epsg: u32) -> String {
    GridSystem::from_epsg(epsg).map_or_else(|_| format!("EPSG:{epsg}"), |it| it.name().to_owned())
}

/// The word that serde writes for a value of a closed list.
fn word<T: serde::Serialize>(value: &T) -> String {
    let text = serde_json::to_value(value).ok();
    text.and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
}

fn count(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
