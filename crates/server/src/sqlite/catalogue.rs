use std::collections::BTreeMap;
use std::path::Path;

use faltkarta_model::{Dataset, DatasetId};
use rusqlite::{Connection, OptionalExtension as _};

use crate::error::StoreError;
use crate::folder;
use crate::judging::{Catalogue, Declared, may_follow};

/// Reads `datasets/` and `forms/`; a declaration that has changed becomes a new revision.
pub(super) fn read(folder: &Path, conn: &mut Connection) -> Result<Catalogue, StoreError> {
    let failed = StoreError::database("keeping the declarations");
    let mut datasets = vec![];
    let tx = conn.transaction().map_err(failed)?;
    for (dataset, text) in folder::datasets(folder)? {
        let (no, revision) = keep(&tx, &dataset.id, &text).map_err(failed)?;
        let revisions = revisions(&tx, no).map_err(failed)?;
        for before in revisions.values().flatten() {
            may_follow(before, &dataset).map_err(|text| StoreError::BadDeclaration {
                path: folder.join("datasets"),
                text,
            })?;
        }
        datasets.push(Declared { no, revision, dataset, declaration: text, revisions });
    }
    index_unique_fields(&tx, &datasets).map_err(failed)?;
    tx.commit().map_err(failed)?;
    Ok(Catalogue::new(datasets, folder::forms(folder)?))
}

/// The TOML of one revision.
pub(super) fn declaration(conn: &Connection, no: u16, revision: u32) -> Result<String, StoreError> {
    let found = conn
        .query_row(
            "SELECT declaration FROM dataset_revision WHERE dataset = ?1 AND revision = ?2",
            (no, revision),
            |row| row.get(0),
        )
        .optional()
        .map_err(StoreError::database("reading a declaration"))?;
    found.ok_or(StoreError::NotFound)
}

fn revisions(conn: &Connection, no: u16) -> rusqlite::Result<BTreeMap<u32, Option<Dataset>>> {
    let mut statement = conn
        .prepare_cached("SELECT revision, declaration FROM dataset_revision WHERE dataset = ?1")?;
    let rows = statement
        .query_map([no], |row| Ok((row.get(0)?, Dataset::parse(&row.get::<_, String>(1)?).ok())))?;
    rows.collect()
}

/// An index over each field whose values should be unique, so that a second feature with one is found at once.
fn index_unique_fields(conn: &Connection, datasets: &[Declared]) -> rusqlite::Result<()> {
    for declared in datasets {
        for field in declared.dataset.fields.iter().filter(|it| it.unique) {
            let (no, field) = (declared.no, &field.id);
            conn.execute_batch(&format!(
                "CREATE INDEX IF NOT EXISTS unique_{no}_{field} ON feature(properties ->> '$.{field}')
                     WHERE dataset = {no} AND NOT is_deleted"
            ))?;
        }
    }
    Ok(())
}

fn keep(conn: &Connection, id: &DatasetId, text: &str) -> rusqlite::Result<(u16, u32)> {
    let stored: Option<(u16, u32, String)> = conn
        .query_row(
            "SELECT no, revision, declaration FROM dataset WHERE id = ?1",
            [id.as_str()],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let (no, revision) = match stored {
        Some((no, revision, declaration)) if declaration == text => return Ok((no, revision)),
        Some((no, revision, _)) => {
            conn.execute(
                "UPDATE dataset SET revision = ?2, declaration = ?3 WHERE no = ?1",
                (no, revision + 1, text),
            )?;
            (no, revision + 1)
        }
        None => {
            conn.execute(
                "INSERT INTO dataset(id, revision, declaration) VALUES (?1, 1, ?2)",
                (id.as_str(), text),
            )?;
            (conn.last_insert_rowid() as u16, 1)
        }
    };
    conn.execute(
        "INSERT INTO dataset_revision(dataset, revision, declaration) VALUES (?1, ?2, ?3)",
        (no, revision, text),
    )?;
    Ok((no, revision))
}
