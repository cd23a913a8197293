use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use faltkarta_geo::{Bounds, GridSystem};
use faltkarta_model::{DatasetId, FeatureId, FieldId, IdSource, Timestamp, Value};
use faltkarta_protocol::PackageManifest;
use faltkarta_search::{Overlay, PlaceIndex, PlaceIndexBuilder};
use faltkarta_spatial::{FeatureRow, LayerIndex};
use faltkarta_store::{
    Install, InstallProgress, KeyStore, OpenOptions, RowChange, Store, StoredFeature, TreeRow,
};
use faltkarta_tiles::BaseMap;
use uuid::Uuid;

use crate::catalog::{Catalog, LocalDataset, LocalForm};
use crate::error::AppError;
use crate::nets::Net;
use crate::tile_cache::TileCache;

/// One open laptop: its store with the indexes of its generation in memory. Every use case is a method.
///
/// Nothing here waits for a network: rounds of exchange take the value only between two requests, see
/// [`crate::sync_round`].
#[derive(Debug)]
pub struct Field {
    pub(crate) store: Store,
    pub(crate) catalog: Catalog,
    pub(crate) layers: Vec<LayerIndex>,
    pub(crate) places: PlaceIndex,
    pub(crate) edited_places: Overlay,
    pub(crate) base_map: Option<BaseMap>,
    pub(crate) grid: GridSystem,
    pub(crate) area: Bounds,
    pub(crate) drawn: RefCell<TileCache>,
    /// What the store held in each conflict when its card was last shown.
    pub(crate) shown: RefCell<HashMap<FeatureId, ShownConflicts>>,
    /// Networks of pipes that were asked about, by name.
    pub(crate) nets: RefCell<BTreeMap<String, Net>>,
    tile_version: u32,
    data_version: u32,
}

/// The store's values by conflict and field.
pub(crate) type ShownConflicts = BTreeMap<Uuid, BTreeMap<FieldId, Value>>;

/// What a laptop holds at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// No package, no geodata store.
    Empty,
    /// Only what the installer carried.
    Bundle,
    /// Enrolled with a geodata store.
    Enrolled,
}

impl Phase {
    /// The word on the wire to the interface.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Bundle => "bundle",
            Self::Enrolled => "enrolled",
        }
    }
}

/// Who works where.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// What the laptop holds.
    pub phase: Phase,
    /// The laptop's name, empty before enrolment.
    pub device_name: String,
    /// Who works here.
    pub user_name: String,
    /// `technician`, `inspector`, `coordinator`, `reader` or empty.
    pub role: String,
    /// Address of the geodata store, empty before enrolment.
    pub store_url: String,
    /// The store's grid.
    pub grid: GridSystem,
    /// The work area on the grid.
    pub area: Bounds,
    /// Where a first map looks: easting, northing in metres, zoom.
    pub home_m: [f64; 3],
    /// Whether there is a base map package.
    pub has_base_map: bool,
    /// When the package was made, RFC 3339.
    pub package_made_at: Option<String>,
    /// Where the key of the laptop's file lies: `os` or `file`.
    pub key_place: &'static str,
}

impl Field {
    /// Opens a laptop's folder, or makes it, and loads the indexes.
    ///
    /// # Errors
    ///
    /// [`AppError`]; see [`Store::open`].
    pub fn open(
        dir: &Path,
        keys: &dyn KeyStore,
        ids: &mut dyn IdSource,
        options: &OpenOptions,
    ) -> Result<Self, AppError> {
        let store = Store::open(dir, keys, ids, options)?;
        let mut field = Self {
            store,
            catalog: Catalog::default(),
            layers: vec![],
            places: PlaceIndexBuilder::new().build(),
            edited_places: Overlay::new(),
            base_map: None,
            grid: GridSystem::ZONE_15_00,
            area: Bounds {
                min_e_m: 0.0,
                min_n_m: 6_000_000.0,
                max_e_m: 300_000.0,
                max_n_m: 7_000_000.0,
            },
            drawn: RefCell::default(),
            shown: RefCell::default(),
            nets: RefCell::default(),
            tile_version: 1,
            data_version: 1,
        };
        field.reload()?;
        Ok(field)
    }

    /// The laptop's folder.
    pub fn folder(&self) -> &Path {
        self.store.folder()
    }

    /// The laptop's store, for what has no use case of its own.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Loads the generation that the store holds now.
    pub(crate) fn reload(&mut self) -> Result<(), AppError> {
        let catalog = Catalog::parse(self.store.datasets()?, self.store.forms()?)?;
        let mut layers: Vec<LayerIndex> =
            catalog.datasets.iter().map(|_| LayerIndex::empty()).collect();
        for TreeRow { dataset, rows, tree } in self.store.trees()? {
            let at = catalog.datasets.iter().position(|it| it.no == dataset);
            if let Some(at) = at {
                layers[at] = LayerIndex::from_parts(&rows, &tree).map_err(AppError::damaged)?;
            }
        }
        self.places = match self.store.search_index()? {
            Some(bytes) => PlaceIndex::from_bytes(&bytes).map_err(AppError::damaged)?,
            None => PlaceIndexBuilder::new().build(),
        };
        self.edited_places = Overlay::new();
        self.nets.get_mut().clear();
        self.catalog = catalog;
        self.layers = layers;
        if let Some(epsg) = self.store.meta("grid_epsg")?.and_then(|it| it.parse().ok()) {
            self.grid = GridSystem::from_epsg(epsg).map_err(AppError::damaged)?;
        }
        if let Some([min_e_m, min_n_m, max_e_m, max_n_m]) = self.numbers("area_m")? {
            self.area = Bounds { min_e_m, min_n_m, max_e_m, max_n_m };
        }
        self.open_base_map()?;
        let changes = self.store.changes_since_index()?;
        self.take(&changes);
        Ok(())
    }

    fn numbers<const N: usize>(&self, key: &str) -> Result<Option<[f64; N]>, AppError> {
        let text = self.store.meta(key)?;
        text.map(|it| serde_json::from_str::<Vec<f64>>(&it).map_err(AppError::damaged))
            .transpose()?
            .map(|it| it.try_into().map_err(|_| AppError::damaged(key)))
            .transpose()
    }

    /// Brings the indexes in memory up to what the store says of some rows.
    pub(crate) fn take(&mut self, changes: &[RowChange]) {
        for change in changes {
            self.data_version += 1;
            let Some(at) = self.catalog.place_of(&change.dataset) else { continue };
            self.tile_version += 1;
            let bounds = change
                .now
                .as_ref()
                .and_then(|it| it.geometry.as_ref())
                .and_then(faltkarta_geo::Geometry::bounds);
            self.layers[at].replace(Some(change.row), change.id, bounds);
            let entry =
                change.now.as_ref().and_then(|it| self.catalog.datasets[at].place_entry(it));
            match entry {
                Some(entry) => self.edited_places.put(entry),
                None => self.edited_places.remove(change.id),
            }
        }
        self.take_into_nets(changes);
    }

    /// Marks that lists changed without a change of rows.
    pub(crate) fn touch(&mut self) {
        self.data_version += 1;
    }

    /// Marks that everything may look different.
    pub(crate) fn redraw(&mut self) {
        self.tile_version += 1;
        self.data_version += 1;
    }

    /// Counts up when live tiles change; part of their address.
    pub fn tile_version(&self) -> u32 {
        self.tile_version
    }

    /// Counts up when lists (changes, drafts, cards) should be asked for again.
    pub fn data_version(&self) -> u32 {
        self.data_version
    }

    /// Who works where.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the read.
    pub fn session(&self) -> Result<Session, AppError> {
        let text = |key: &str| -> Result<String, AppError> {
            Ok(self.store.meta(key)?.unwrap_or_default())
        };
        let (middle_e_m, middle_n_m) = self.area.middle();
        let phase = match (self.store.meta("token")?, self.store.meta("package")?) {
            (Some(_), _) => Phase::Enrolled,
            (None, Some(_)) => Phase::Bundle,
            (None, None) => Phase::Empty,
        };
        Ok(Session {
            phase,
            device_name: text("device_name")?,
            user_name: text("user_name")?,
            role: text("role")?,
            store_url: text("store_url")?,
            grid: self.grid,
            area: self.area,
            home_m: self.numbers("home_m")?.unwrap_or([middle_e_m, middle_n_m, 9.0]),
            has_base_map: self.base_map.is_some(),
            package_made_at: self.store.meta("package_made_at")?,
            key_place: self.store.key_place().as_str(),
        })
    }

    /// The store's grid.
    pub fn grid(&self) -> GridSystem {
        self.grid
    }

    /// The datasets on this laptop, in the order of the package.
    pub fn datasets(&self) -> &[LocalDataset] {
        &self.catalog.datasets
    }

    /// The dataset of a number that search hits carry; `None` for a coordinate.
    pub fn dataset_by_no(&self, no: u16) -> Option<&LocalDataset> {
        self.catalog.datasets.iter().find(|it| it.no == no)
    }

    /// A dataset on this laptop.
    pub fn dataset(&self, id: &DatasetId) -> Option<&LocalDataset> {
        self.catalog.find(id)
    }

    /// The forms on this laptop.
    pub fn forms(&self) -> &[LocalForm] {
        &self.catalog.forms
    }

    /// Settings as they were kept, or `None` at first start. The text is the interface's own.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the read.
    pub fn settings(&self) -> Result<Option<String>, AppError> {
        Ok(self.store.meta("settings")?)
    }

    /// Keeps settings.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the write.
    pub fn save_settings(&mut self, json: &str) -> Result<(), AppError> {
        Ok(self.store.set_meta("settings", json)?)
    }

    /// Says who works here, for laptops that no store has enrolled yet.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the write.
    pub fn set_user_name(&mut self, name: &str) -> Result<(), AppError> {
        Ok(self.store.set_meta("user_name", name)?)
    }

    /// Installs a package folder in one go, as an installer carries it or as it was fetched.
    ///
    /// # Errors
    ///
    /// [`AppError`]; the old base answers on then.
    pub fn install_package(
        &mut self,
        folder: &Path,
        manifest: PackageManifest,
        progress: &mut dyn FnMut(InstallProgress),
    ) -> Result<(), AppError> {
        let mut install = self.begin_install(folder, manifest, false)?;
        loop {
            let at = self.step_install(&mut install)?;
            progress(at);
            if at.is_done {
                return Ok(());
            }
        }
    }

    /// Begins an installation whose steps may stand between other work.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the package is damaged.
    pub fn begin_install(
        &mut self,
        folder: &Path,
        manifest: PackageManifest,
        takes_files: bool,
    ) -> Result<Install, AppError> {
        Ok(Install::begin(&mut self.store, folder, manifest, takes_files)?)
    }

    /// Does one step of an installation; the last one puts the new base into use.
    ///
    /// # Errors
    ///
    /// [`AppError`]; the old base answers on then.
    pub fn step_install(&mut self, install: &mut Install) -> Result<InstallProgress, AppError> {
        let at = install.step(&mut self.store)?;
        if at.is_done {
            self.reload()?;
            self.tile_version += 1;
            self.touch();
        }
        Ok(at)
    }

    /// Whether so much was changed since the indexes were packed that they should be made anew: 1 % of a layer and
    /// at least 2 000 features.
    pub fn wants_new_indexes(&self) -> bool {
        self.layers.iter().any(|it| it.n_changed() > 2_000.max(it.len() / 100))
    }

    /// Packs the indexes anew from the base. Takes seconds at most; own edits stay on top.
    ///
    /// # Errors
    ///
    /// [`AppError`]; the old generation is in use then.
    pub fn rebuild_indexes(&mut self) -> Result<(), AppError> {
        let mut trees = vec![];
        for local in &self.catalog.datasets {
            let mut boxes = vec![];
            self.store.for_each_base_geometry(local.no, &mut |row, wkb| {
                let geometry = faltkarta_geo::Geometry::from_wkb(wkb.to_vec()).ok();
                boxes.extend(geometry.and_then(|it| it.bounds()).map(|it| (row, it)));
            })?;
            let (rows, tree) = LayerIndex::build(&boxes).to_parts();
            trees.push(TreeRow { dataset: local.no, rows, tree });
        }
        let mut builder = PlaceIndexBuilder::new();
        for local in &self.catalog.datasets {
            self.store.for_each_feature(&local.dataset.id, &mut |stored| {
                if let Some(entry) = local.place_entry(&stored.feature) {
                    builder.add(&entry);
                }
                true
            })?;
        }
        self.store.put_indexes(&trees, &builder.build().to_bytes())?;
        self.reload()
    }

    /// The feature of a hit of a layer.
    pub(crate) fn fetch(&self, row: FeatureRow) -> Result<Option<StoredFeature>, AppError> {
        Ok(match row {
            FeatureRow::Base(row) => self.store.feature_by_row(row)?,
            FeatureRow::Edited(id) => self.store.feature(id)?,
        })
    }

    /// The layers that may answer at a moment.
    pub(crate) fn open_layers(
        &self,
        now: Timestamp,
    ) -> impl Iterator<Item = (&LocalDataset, &LayerIndex)> {
        self.catalog.datasets.iter().zip(&self.layers).filter(move |(it, _)| !it.is_locked(now))
    }
}
