use faltkarta_model::{DatasetId, FeatureId};

use crate::error::{StoreError, bad_column};
use crate::feature::RowChange;
use crate::journal::number;
use crate::store::{Store, write_meta};

/// One dataset's packed tree as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeRow {
    /// Number of the dataset.
    pub dataset: u16,
    /// Little-endian 32-bit row numbers by place in the tree.
    pub rows: Vec<u8>,
    /// The tree.
    pub tree: Vec<u8>,
}

impl Store {
    /// The packed trees of this generation.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn trees(&self) -> Result<Vec<TreeRow>, StoreError> {
        let mut statement =
            self.conn.prepare("SELECT dataset, rows, tree FROM spatial_index ORDER BY dataset")?;
        let rows = statement.query_map([], |row| {
            Ok(TreeRow { dataset: row.get(0)?, rows: row.get(1)?, tree: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The packed search index of this generation, when there is one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn search_index(&self) -> Result<Option<Vec<u8>>, StoreError> {
        use rusqlite::OptionalExtension as _;
        let mut statement =
            self.conn.prepare("SELECT bytes FROM search_index WHERE part = 'places'")?;
        Ok(statement.query_row([], |row| row.get(0)).optional()?)
    }

    /// All rows that look different from what the packed indexes hold: changed by the feed, gone, or edited here.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn changes_since_index(&self) -> Result<Vec<RowChange>, StoreError> {
        let index_seq = number(&self.conn, "index_seq")?;
        let mut statement = self.conn.prepare(
            "SELECT b.row, b.id, d.id FROM base b JOIN dataset d ON d.no = b.dataset WHERE b.seq > ?1
             UNION SELECT g.row, g.id, d.id FROM gone g JOIN dataset d ON d.no = g.dataset WHERE g.seq > ?1
             UNION SELECT row, id, dataset FROM overlay",
        )?;
        let rows = statement.query_map([index_seq], |row| {
            Ok((row.get::<_, u32>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, String>(2)?))
        })?;
        rows.map(|row| {
            let (row, id, dataset) = row?;
            let id = FeatureId::from_slice(&id).map_err(|error| bad_column("id", error))?;
            let dataset =
                DatasetId::parse(&dataset).map_err(|error| bad_column("dataset", error))?;
            let now = self.feature(id)?.map(|it| it.feature);
            Ok(RowChange { row, id, dataset, now })
        })
        .collect()
    }

    /// Shows every base row of a dataset number with its geometry's bytes, in row order, without own edits.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn for_each_base_geometry(
        &self,
        dataset: u16,
        see: &mut dyn FnMut(u32, &[u8]),
    ) -> Result<(), StoreError> {
        let mut statement = self.conn.prepare(
            "SELECT row, geometry FROM base WHERE dataset = ?1 AND geometry IS NOT NULL ORDER BY row",
        )?;
        let mut rows = statement.query([dataset])?;
        while let Some(row) = rows.next()? {
            see(row.get(0)?, row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?);
        }
        Ok(())
    }

    /// Puts a new generation of indexes, made from the base as it is at the cursor now, in one transaction.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write; the old generation is in use then.
    pub fn put_indexes(&mut self, trees: &[TreeRow], places: &[u8]) -> Result<(), StoreError> {
        self.write(|tx| {
            tx.execute("DELETE FROM spatial_index", [])?;
            for tree in trees {
                tx.execute(
                    "INSERT INTO spatial_index VALUES (?1, ?2, ?3)",
                    (tree.dataset, &tree.rows, &tree.tree),
                )?;
            }
            tx.execute(
                "INSERT INTO search_index VALUES ('places', ?1) ON CONFLICT(part) DO UPDATE SET bytes = ?1",
                [places],
            )?;
            let cursor_seq = number(tx, "cursor_seq")?;
            write_meta(tx, "index_seq", &cursor_seq.to_string())
        })
    }
}
