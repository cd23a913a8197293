use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use faltkarta_geo::{Bounds, Geometry, GridSystem};
use faltkarta_model::DatasetId;

use crate::backend::GeodataStore;
use crate::error::StoreError;

/// So many entries of the feed later an extent is read again. Finding it takes a look at every row.
const STALE_AFTER: u64 = 100;

/// The rectangles around datasets, remembered. A few edits later one may still be the one before them.
#[derive(Debug, Default)]
pub(crate) struct Extents {
    known: Mutex<HashMap<DatasetId, (u64, Option<Bounds>)>>,
}

impl Extents {
    /// The rectangle around a dataset on the store's grid; `None` when nothing in it has a place.
    pub(crate) fn of(
        &self,
        store: &dyn GeodataStore,
        dataset: &DatasetId,
    ) -> Result<Option<Bounds>, StoreError> {
        let head = store.head()?.seq;
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((seq, extent)) = known().get(dataset)
            && head.abs_diff(*seq) < STALE_AFTER
            && (extent.is_some() || head == *seq)
        {
            return Ok(*extent);
        }
        let extent = store.extent(dataset)?;
        known().insert(dataset.clone(), (head, extent));
        Ok(extent)
    }
}

/// West, south, east and north in degrees of a rectangle that holds one of the grid.
pub(crate) fn in_degrees(bounds: Bounds, store: GridSystem) -> [f64; 4] {
    let (east_m, north_m) = bounds.middle();
    let (min_e, min_n) = (bounds.min_e_m, bounds.min_n_m);
    let (max_e, max_n) = (bounds.max_e_m, bounds.max_n_m);
    // Sides bend, at most in their middle.
    let around = [
        (min_e, min_n),
        (min_e, max_n),
        (max_e, min_n),
        (max_e, max_n),
        (east_m, min_n),
        (east_m, max_n),
        (min_e, north_m),
        (max_e, north_m),
    ];
    let mut degrees: Option<Bounds> = None;
    for (e_m, n_m) in around {
        let (lon_deg, lat_deg) = store.inverse_deg(e_m, n_m);
        degrees.get_or_insert_with(|| Bounds::at(lon_deg, lat_deg)).include(lon_deg, lat_deg);
    }
    let round = |it: f64, up: f64| ((it * 1e6 + up).round() / 1e6).clamp(-180.0, 180.0);
    degrees.map_or([0.0; 4], |it| {
        [
            round(it.min_e_m, -1.0),
            round(it.min_n_m, -1.0),
            round(it.max_e_m, 1.0),
            round(it.max_n_m, 1.0),
        ]
    })
}

/// The rectangle around some geometries.
pub(crate) fn around<'a>(geometries: impl Iterator<Item = &'a Geometry>) -> Option<Bounds> {
    geometries.filter_map(Geometry::bounds).reduce(Bounds::union)
}
