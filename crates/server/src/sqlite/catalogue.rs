use std::fs;
use std::path::{Path, PathBuf};

use faltkarta_model::{Dataset, DatasetId, FormDeclaration};
use rusqlite::{Connection, OptionalExtension as _};

use crate::backend::StoredForm;
use crate::error::StoreError;
use crate::judging::{Catalogue, Declared};

/// Reads `datasets/` and `forms/`; a declaration that has changed becomes a new revision.
pub(super) fn read(folder: &Path, conn: &mut Connection) -> Result<Catalogue, StoreError> {
    let failed = StoreError::database("keeping the declarations");
    let mut datasets = vec![];
    let tx = conn.transaction().map_err(failed)?;
    for path in files(&folder.join("datasets"))? {
        let text = fs::read_to_string(&path).map_err(StoreError::io("reading", &path))?;
        let dataset = Dataset::parse(&text).map_err(|error| StoreError::BadDeclaration {
            path: path.clone(),
            text: error.to_string(),
        })?;
        let (no, revision) = keep(&tx, &dataset.id, &text).map_err(failed)?;
        datasets.push(Declared { no, revision, dataset, declaration: text });
    }
    index_unique_fields(&tx, &datasets).map_err(failed)?;
    tx.commit().map_err(failed)?;
    Ok(Catalogue::new(datasets, forms(&folder.join("forms"))?))
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

fn files(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let failed = StoreError::io("reading", folder);
    let mut paths = vec![];
    for entry in fs::read_dir(folder).map_err(&failed)? {
        let path = entry.map_err(&failed)?.path();
        if path.extension().is_some_and(|it| it == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
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

fn forms(folder: &Path) -> Result<Vec<StoredForm>, StoreError> {
    let mut forms = vec![];
    for path in files(folder)? {
        let declaration = fs::read_to_string(&path).map_err(StoreError::io("reading", &path))?;
        let form = FormDeclaration::parse(&declaration).map_err(|error| {
            StoreError::BadDeclaration { path: path.clone(), text: error.to_string() }
        })?;
        let xml_path = path.with_extension("xml");
        let xml = fs::read_to_string(&xml_path).map_err(StoreError::io("reading", &xml_path))?;
        forms.push(StoredForm { id: form.id, declaration, xml });
    }
    Ok(forms)
}
