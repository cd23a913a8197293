use std::collections::{BTreeMap, HashMap};

use faltkarta_model::{Dataset, DatasetId};

use crate::backend::StoredForm;
use crate::error::StoreError;

/// The declarations of a store, read once when it is opened.
#[derive(Debug)]
pub(crate) struct Catalogue {
    pub(crate) datasets: Vec<Declared>,
    by_id: HashMap<DatasetId, usize>,
    by_no: HashMap<u16, usize>,
    pub(crate) forms: Vec<StoredForm>,
}

/// A dataset with its number in the tables.
#[derive(Debug)]
pub(crate) struct Declared {
    pub(crate) no: u16,
    pub(crate) revision: u32,
    pub(crate) dataset: Dataset,
    pub(crate) declaration: String,
    /// What each revision declares; `None` for one that this program cannot read any more.
    pub(crate) revisions: BTreeMap<u32, Option<Dataset>>,
}

impl Catalogue {
    /// From what was read.
    pub(crate) fn new(mut datasets: Vec<Declared>, forms: Vec<StoredForm>) -> Self {
        datasets.sort_by(|a, b| a.dataset.id.cmp(&b.dataset.id));
        let by_id =
            datasets.iter().enumerate().map(|(at, it)| (it.dataset.id.clone(), at)).collect();
        let by_no = datasets.iter().enumerate().map(|(at, it)| (it.no, at)).collect();
        Self { datasets, by_id, by_no, forms }
    }

    pub(crate) fn by_id(&self, id: &DatasetId) -> Option<&Declared> {
        self.by_id.get(id).map(|at| &self.datasets[*at])
    }

    pub(crate) fn by_no(&self, no: u16) -> Option<&Declared> {
        self.by_no.get(&no).map(|at| &self.datasets[*at])
    }

    /// The dataset or the error that it is not declared.
    pub(crate) fn get(&self, id: &DatasetId) -> Result<&Declared, StoreError> {
        self.by_id(id).ok_or_else(|| StoreError::UnknownDataset { dataset: id.clone() })
    }
}
