use std::fs::{self, File};
use std::path::Path;

use faltkarta_geo::{Bounds, Geometry};
use faltkarta_model::{DatasetId, Feature, FeatureId, Packaging, Timestamp};
use faltkarta_protocol::{PACKAGE_FORMAT, PackagedDataset};
use faltkarta_search::PlaceIndexBuilder;
use faltkarta_spatial::{PackedIndex, hilbert_order};
use rusqlite::{Connection, params};

use crate::backend::{DatasetRow, GeodataStore, PackageInputs};
use crate::error::StoreError;
use crate::packaging::home::Home;
use crate::packaging::packaged;
use crate::packaging::places::Places;

const TABLES: &str = "
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE dataset(no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL,
    declaration TEXT NOT NULL, data_date TEXT, lease_until TEXT, n_features INTEGER NOT NULL) STRICT;
CREATE TABLE feature(row INTEGER PRIMARY KEY, dataset INTEGER NOT NULL, id BLOB NOT NULL,
    version INTEGER NOT NULL, seq INTEGER NOT NULL, geometry BLOB, properties TEXT NOT NULL) STRICT;
CREATE TABLE spatial_index(dataset INTEGER PRIMARY KEY, rows BLOB NOT NULL, tree BLOB NOT NULL) STRICT;
CREATE TABLE search_index(part TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE form(id TEXT PRIMARY KEY, declaration TEXT NOT NULL, xml TEXT NOT NULL) STRICT;
CREATE TABLE feature_blob(feature BLOB NOT NULL, blob TEXT NOT NULL, complete INTEGER NOT NULL,
    has_preview INTEGER NOT NULL, PRIMARY KEY(feature, blob)) STRICT, WITHOUT ROWID;
";

const WRITING: &str = "writing a package";

/// What the manifest says of the features.
pub(super) struct Written {
    pub(super) datasets: Vec<PackagedDataset>,
    pub(super) area: Option<Bounds>,
    pub(super) home: Option<(f64, f64)>,
}

/// One row, held while its dataset is put in order.
struct Held {
    id: FeatureId,
    version: u32,
    seq: u64,
    wkb: Option<Vec<u8>>,
    bounds: Option<Bounds>,
    properties: String,
}

/// Writes `features.sqlite`: rows along the Hilbert curve, trees, search index, forms.
pub(super) fn write(
    store: &dyn GeodataStore,
    inputs: &dyn PackageInputs,
    datasets: &[&DatasetRow],
    (now, lease_until): (Timestamp, Timestamp),
    path: &Path,
) -> Result<Written, StoreError> {
    let failed = StoreError::database(WRITING);
    if path.exists() {
        fs::remove_file(path).map_err(StoreError::io("removing", path))?;
    }
    let mut conn = Connection::open(path).map_err(failed)?;
    // The file is thrown away when anything goes wrong, and made durable as a whole at the end.
    conn.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA page_size = 8192;",
    )
    .map_err(failed)?;
    let tx = conn.transaction().map_err(failed)?;
    tx.execute_batch(TABLES).map_err(failed)?;
    let mut writer = Writer {
        conn: &tx,
        next_row: 1,
        places: PlaceIndexBuilder::new(),
        written: Written { datasets: vec![], area: None, home: None },
        home: Home::default(),
        lease_until,
    };
    for row in datasets {
        writer.dataset(inputs, row)?;
    }
    let Writer { places, mut written, home, .. } = writer;
    written.home = home.place();
    let index = places.build().to_bytes();
    tx.execute("INSERT INTO search_index(part, bytes) VALUES ('places', ?1)", [index])
        .map_err(failed)?;
    for form in store.forms() {
        tx.execute(
            "INSERT INTO form(id, declaration, xml) VALUES (?1, ?2, ?3)",
            params![form.id, form.declaration, form.xml],
        )
        .map_err(failed)?;
    }
    let head = inputs.head();
    let id = format!("{}.{}", head.epoch, head.seq);
    for (key, value) in [
        ("format", PACKAGE_FORMAT),
        ("id", &id),
        ("seq", &head.seq.to_string()),
        ("epoch", &head.epoch),
        ("grid_epsg", &store.grid().epsg().to_string()),
        ("created_at", &now.to_string()),
    ] {
        tx.execute("INSERT INTO meta(key, value) VALUES (?1, ?2)", (key, value)).map_err(failed)?;
    }
    tx.execute_batch("CREATE UNIQUE INDEX feature_id ON feature(id);").map_err(failed)?;
    for row in datasets {
        write_blobs(&tx, inputs, &row.dataset.id)?;
    }
    tx.commit().map_err(failed)?;
    conn.close().map_err(|(_, error)| failed(error))?;
    File::open(path).and_then(|it| it.sync_all()).map_err(StoreError::io("writing", path))?;
    Ok(written)
}

/// What the rows that are in tell of attachments.
fn write_blobs(
    conn: &Connection,
    inputs: &dyn PackageInputs,
    dataset: &DatasetId,
) -> Result<(), StoreError> {
    let failed = StoreError::database(WRITING);
    let mut insert = conn
        .prepare(
            "INSERT OR IGNORE INTO feature_blob SELECT id, ?2, ?3, ?4 FROM feature WHERE id = ?1",
        )
        .map_err(failed)?;
    inputs.for_each_blob(dataset, &mut |feature, blob| {
        let told = params![feature.as_bytes(), blob.id.as_str(), blob.complete, blob.has_preview];
        insert.execute(told).map_err(failed)?;
        Ok(())
    })
}

struct Writer<'c> {
    conn: &'c Connection,
    next_row: u32,
    places: PlaceIndexBuilder,
    written: Written,
    home: Home,
    lease_until: Timestamp,
}

impl Writer<'_> {
    fn dataset(&mut self, inputs: &dyn PackageInputs, row: &DatasetRow) -> Result<(), StoreError> {
        let failed = StoreError::database(WRITING);
        let is_drawn_only = row.dataset.packaging == Packaging::BaseMap;
        let held = if is_drawn_only { vec![] } else { self.hold(inputs, row)? };
        let boxes: Vec<Bounds> = held.iter().filter_map(|it| it.bounds).collect();
        let placed: Vec<usize> = (0..held.len()).filter(|at| held[*at].bounds.is_some()).collect();
        // Along the curve first, then what has no place.
        let mut order: Vec<usize> =
            hilbert_order(&boxes).into_iter().map(|it| placed[it as usize]).collect();
        order.extend((0..held.len()).filter(|at| held[*at].bounds.is_none()));
        let mut rows: Vec<u8> = Vec::with_capacity(placed.len() * 4);
        let mut ordered = Vec::with_capacity(placed.len());
        let mut insert = self
            .conn
            .prepare_cached(
                "INSERT INTO feature(row, dataset, id, version, seq, geometry, properties)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )
            .map_err(failed)?;
        for at in order {
            let it = &held[at];
            insert
                .execute(params![
                    self.next_row,
                    row.no,
                    it.id.as_bytes(),
                    it.version,
                    it.seq as i64,
                    it.wkb,
                    it.properties
                ])
                .map_err(failed)?;
            if let Some(bounds) = it.bounds {
                rows.extend_from_slice(&self.next_row.to_le_bytes());
                ordered.push(bounds);
            }
            self.next_row += 1;
        }
        let tree = PackedIndex::build(&ordered).to_bytes();
        self.conn
            .execute(
                "INSERT INTO spatial_index(dataset, rows, tree) VALUES (?1, ?2, ?3)",
                params![row.no, rows, tree],
            )
            .map_err(failed)?;
        let told = packaged(row, held.len() as u32, self.lease_until);
        self.conn
            .execute(
                "INSERT INTO dataset(no, id, revision, declaration, data_date, lease_until, n_features)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                params![
                    row.no,
                    row.dataset.id.as_str(),
                    row.revision,
                    row.declaration,
                    told.data_date,
                    told.lease_until.map(|it| it.to_string()),
                    told.n_features
                ],
            )
            .map_err(failed)?;
        for bounds in ordered {
            let area = &mut self.written.area;
            *area = Some(area.map_or(bounds, |it| it.union(bounds)));
        }
        self.written.datasets.push(told);
        Ok(())
    }

    fn hold(
        &mut self,
        inputs: &dyn PackageInputs,
        row: &DatasetRow,
    ) -> Result<Vec<Held>, StoreError> {
        let mut held = vec![];
        let mut places = Places::new(row);
        inputs.for_each_row(&row.dataset.id, &mut |it| {
            let wkb = it.wkb.map(<[u8]>::to_vec);
            let geometry = wkb.map(Geometry::from_wkb).transpose().map_err(StoreError::damaged)?;
            let bounds = geometry.as_ref().and_then(Geometry::bounds);
            if let Some(bounds) = bounds {
                self.home.see(row.dataset.role, bounds);
            }
            let geometry = if places.are_wanted() {
                let feature = Feature {
                    id: it.id,
                    dataset: row.dataset.id.clone(),
                    version: it.version,
                    geometry,
                    properties: serde_json::from_str(it.properties).map_err(StoreError::damaged)?,
                };
                places.see(&feature, bounds);
                feature.geometry
            } else {
                geometry
            };
            held.push(Held {
                id: it.id,
                version: it.version,
                seq: it.seq,
                wkb: geometry.map(Geometry::into_wkb),
                bounds,
                properties: it.properties.to_owned(),
            });
            Ok(())
        })?;
        places.add_to(&mut self.places);
        Ok(held)
    }
}
