use faltkarta_geo::Geometry;
use faltkarta_model::{DatasetId, Feature, FeatureId, Properties};
use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::error::{StoreError, bad_column};
use crate::store::Store;

/// A feature as it looks on this laptop: base with the own edits on top.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredFeature {
    /// Its row number on this laptop; the packed trees and the tiles name it by this.
    pub row: u32,
    /// The feature.
    pub feature: Feature,
    /// Number of the feed entry that its base row came from; 0 when no store has it.
    pub seq: u64,
    /// Whether own edits show that the base does not have.
    pub is_edited: bool,
}

/// A row of the base with a place, its bytes as they stand in the file.
#[derive(Debug, Clone, Copy)]
pub struct BaseRow<'r> {
    /// Its row number.
    pub row: u32,
    /// The geometry, on the store's grid in metres; not checked yet.
    pub wkb: &'r [u8],
    /// Values by field as JSON, not parsed yet.
    pub properties: &'r str,
}

/// Rows that one statement may pass over between two that are wanted: reading on is cheaper than beginning anew.
const GAP_ROWS: u32 = 12;

/// What became of a row in the map's and the search box's eyes.
#[derive(Debug, Clone, PartialEq)]
pub struct RowChange {
    /// Its row number.
    pub row: u32,
    /// The feature's id.
    pub id: FeatureId,
    /// Its dataset.
    pub dataset: DatasetId,
    /// How it looks now; `None` when it is gone.
    pub now: Option<Feature>,
}

/// A dataset on this laptop.
#[derive(Debug, Clone, PartialEq)]
pub struct DatasetRow {
    /// Number in the package and in the search index.
    pub no: u16,
    /// Its id.
    pub id: DatasetId,
    /// Revision of the declaration.
    pub revision: u32,
    /// The declaration, TOML.
    pub declaration: String,
    /// Date of the data.
    pub data_date: Option<String>,
    /// When the laptop must have renewed it, RFC 3339.
    pub lease_until: Option<String>,
    /// How many features the base holds.
    pub n_features: u32,
}

/// A form on this laptop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormRow {
    /// Its id.
    pub id: String,
    /// The declaration, TOML.
    pub declaration: String,
    /// The XForm.
    pub xml: String,
}

impl Store {
    /// All datasets of the package.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn datasets(&self) -> Result<Vec<DatasetRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT d.no, d.id, d.revision, d.declaration, d.data_date, d.lease_until, coalesce(n.n, 0)
             FROM dataset d LEFT JOIN (SELECT dataset, count(*) AS n FROM base GROUP BY dataset) n ON n.dataset = d.no
             ORDER BY d.no",
        )?;
        let rows = statement.query_map([], |row| {
            Ok((
                row.get::<_, String>(1)?,
                DatasetRow {
                    no: row.get(0)?,
                    id: placeholder_dataset(),
                    revision: row.get(2)?,
                    declaration: row.get(3)?,
                    data_date: row.get(4)?,
                    lease_until: row.get(5)?,
                    n_features: row.get(6)?,
                },
            ))
        })?;
        rows.map(|row| {
            let (id, dataset) = row?;
            let id = DatasetId::parse(&id).map_err(|error| bad_column("dataset.id", error))?;
            Ok(DatasetRow { id, ..dataset })
        })
        .collect()
    }

    /// All forms of the package.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn forms(&self) -> Result<Vec<FormRow>, StoreError> {
        let mut statement =
            self.conn.prepare_cached("SELECT id, declaration, xml FROM form ORDER BY id")?;
        let rows = statement.query_map([], |row| {
            Ok(FormRow { id: row.get(0)?, declaration: row.get(1)?, xml: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// A feature by its id; `None` when it is not here or deleted.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn feature(&self, id: FeatureId) -> Result<Option<StoredFeature>, StoreError> {
        match overlay_of(&self.conn, id)? {
            Some(OverlayRow { is_deleted: true, .. }) => Ok(None),
            Some(own) => Ok(Some(own.stored)),
            None => base_of(&self.conn, id),
        }
    }

    /// A feature as last received from the geodata store, without own edits.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn base_feature(&self, id: FeatureId) -> Result<Option<StoredFeature>, StoreError> {
        base_of(&self.conn, id)
    }

    /// Whether the geodata store has told that a feature was deleted.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn is_deleted_there(&self, id: FeatureId) -> Result<bool, StoreError> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM gone WHERE id = ?1 AND NOT has_left)")?;
        Ok(statement.query_row([&id.as_bytes()[..]], |row| row.get(0))?)
    }

    /// How a feature looked last: as it is, or as it was before an own deletion that the base does not show yet.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn last_look(&self, id: FeatureId) -> Result<Option<StoredFeature>, StoreError> {
        match overlay_of(&self.conn, id)? {
            Some(own) => Ok(Some(own.stored)),
            None => base_of(&self.conn, id),
        }
    }

    /// A feature by its row number; `None` when it is not here or deleted.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn feature_by_row(&self, row: u32) -> Result<Option<StoredFeature>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id, row, dataset, version, seq, geometry, properties, is_deleted FROM overlay WHERE row = ?1",
        )?;
        if let Some(own) = statement.query_row([row], read_overlay).optional()? {
            let own = own?;
            return Ok((!own.is_deleted).then_some(own.stored));
        }
        let mut statement = self.conn.prepare_cached(
            "SELECT b.id, b.row, d.id, b.version, b.seq, b.geometry, b.properties
             FROM base b JOIN dataset d ON d.no = b.dataset WHERE b.row = ?1",
        )?;
        statement.query_row([row], read_base).optional()?.transpose()
    }

    /// Shows the wanted rows of the base that have a place, in row order and without own edits: those have hidden their
    /// rows in the packed indexes. `rows` must be sorted; neighbours along the curve are read in one go.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read, or what `see` says.
    pub fn for_each_base_row<E: From<StoreError>>(
        &self,
        rows: &[u32],
        see: &mut impl FnMut(BaseRow<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = |error: rusqlite::Error| E::from(StoreError::from(error));
        let mut statement = self
            .conn
            .prepare_cached(
                "SELECT row, geometry, properties FROM base
                 WHERE row BETWEEN ?1 AND ?2 AND geometry IS NOT NULL",
            )
            .map_err(failed)?;
        for run in rows.chunk_by(|a, b| b - a <= GAP_ROWS) {
            let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
            let mut wanted = run.iter().peekable();
            let mut found = statement.query([first, last]).map_err(failed)?;
            while let Some(row) = found.next().map_err(failed)? {
                let number: u32 = row.get(0).map_err(failed)?;
                while wanted.next_if(|it| **it < number).is_some() {}
                if wanted.next_if(|it| **it == number).is_none() {
                    continue;
                }
                let of_kind = |error| failed(rusqlite::Error::from(error));
                let wkb = row.get_ref(1).map_err(failed)?.as_blob().map_err(of_kind)?;
                let properties = row.get_ref(2).map_err(failed)?.as_str().map_err(of_kind)?;
                see(BaseRow { row: number, wkb, properties })?;
            }
        }
        Ok(())
    }

    /// Features whose field `property_ref` (`by_property`) or `subject_id` has the value, own edits included.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn related(
        &self,
        relation: Relation,
        value: &str,
    ) -> Result<Vec<StoredFeature>, StoreError> {
        let field = match relation {
            Relation::PropertyRef => "property_ref",
            Relation::SubjectId => "subject_id",
        };
        // The expression stands as in the partial index, else SQLite reads the whole table.
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT b.id, b.row, d.id, b.version, b.seq, b.geometry, b.properties
             FROM base b JOIN dataset d ON d.no = b.dataset
             WHERE json_extract(b.properties, '$.{field}') = ?1
               AND NOT EXISTS (SELECT 1 FROM overlay o WHERE o.id = b.id) LIMIT 500"
        ))?;
        let rows = statement.query_map([value], read_base)?;
        let mut found: Vec<StoredFeature> = rows.map(|row| row?).collect::<Result<_, _>>()?;
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT id, row, dataset, version, seq, geometry, properties, is_deleted FROM overlay
             WHERE json_extract(properties, '$.{field}') = ?1 AND NOT is_deleted LIMIT 500"
        ))?;
        let rows = statement.query_map([value], read_overlay)?;
        for row in rows {
            found.push(row??.stored);
        }
        Ok(found)
    }

    /// Shows every feature of a dataset as it looks now, in row order; stops when the visitor says `false`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn for_each_feature(
        &self,
        dataset: &DatasetId,
        see: &mut dyn FnMut(StoredFeature) -> bool,
    ) -> Result<(), StoreError> {
        let mut statement = self.conn.prepare(
            "SELECT b.id, b.row, d.id, b.version, b.seq, b.geometry, b.properties
             FROM base b JOIN dataset d ON d.no = b.dataset WHERE d.id = ?1
               AND NOT EXISTS (SELECT 1 FROM overlay o WHERE o.id = b.id)",
        )?;
        for row in statement.query_map([dataset.as_str()], read_base)? {
            if !see(row??) {
                return Ok(());
            }
        }
        let mut statement = self.conn.prepare(
            "SELECT id, row, dataset, version, seq, geometry, properties, is_deleted FROM overlay
             WHERE dataset = ?1 AND NOT is_deleted",
        )?;
        for row in statement.query_map([dataset.as_str()], read_overlay)? {
            if !see(row??.stored) {
                break;
            }
        }
        Ok(())
    }
}

/// How features name each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The property that an address, a parcel area or a connection belongs to.
    PropertyRef,
    /// The thing that an inspection was made on.
    SubjectId,
}

fn placeholder_dataset() -> DatasetId {
    // Replaced at once; a row mapper cannot fail with our error.
    DatasetId::parse("x").unwrap_or_else(|_| unreachable!("x is a name"))
}

/// A row of the overlay.
pub(crate) struct OverlayRow {
    pub(crate) stored: StoredFeature,
    pub(crate) is_deleted: bool,
}

pub(crate) fn overlay_of(
    conn: &Connection,
    id: FeatureId,
) -> Result<Option<OverlayRow>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT id, row, dataset, version, seq, geometry, properties, is_deleted FROM overlay WHERE id = ?1",
    )?;
    statement.query_row([&id.as_bytes()[..]], read_overlay).optional()?.transpose()
}

pub(crate) fn base_of(
    conn: &Connection,
    id: FeatureId,
) -> Result<Option<StoredFeature>, StoreError> {
    let mut statement = conn.prepare_cached(
        "SELECT b.id, b.row, d.id, b.version, b.seq, b.geometry, b.properties
         FROM base b JOIN dataset d ON d.no = b.dataset WHERE b.id = ?1",
    )?;
    statement.query_row([&id.as_bytes()[..]], read_base).optional()?.transpose()
}

fn read_overlay(row: &Row<'_>) -> rusqlite::Result<Result<OverlayRow, StoreError>> {
    let is_deleted = row.get(7)?;
    let stored = read_base(row)?;
    Ok(stored.map(|stored| OverlayRow {
        stored: StoredFeature { is_edited: true, ..stored },
        is_deleted,
    }))
}

pub(crate) fn read_base(row: &Row<'_>) -> rusqlite::Result<Result<StoredFeature, StoreError>> {
    let id: Vec<u8> = row.get(0)?;
    let number: u32 = row.get(1)?;
    let dataset: String = row.get(2)?;
    let version: u32 = row.get(3)?;
    let seq: u64 = row.get(4)?;
    let wkb: Option<Vec<u8>> = row.get(5)?;
    let properties = row.get_ref(6)?.as_str()?;
    Ok(decode(&id, &dataset, wkb, properties).map(|(id, dataset, geometry, properties)| {
        StoredFeature {
            row: number,
            feature: Feature { id, dataset, version, geometry, properties },
            seq,
            is_edited: false,
        }
    }))
}

type Decoded = (FeatureId, DatasetId, Option<Geometry>, Properties);

fn decode(
    id: &[u8],
    dataset: &str,
    wkb: Option<Vec<u8>>,
    properties: &str,
) -> Result<Decoded, StoreError> {
    let id = FeatureId::from_slice(id).map_err(|error| bad_column("id", error))?;
    let dataset = DatasetId::parse(dataset).map_err(|error| bad_column("dataset", error))?;
    let geometry =
        wkb.map(Geometry::from_wkb).transpose().map_err(|error| bad_column("geometry", error))?;
    let properties =
        serde_json::from_str(properties).map_err(|error| bad_column("properties", error))?;
    Ok((id, dataset, geometry, properties))
}
