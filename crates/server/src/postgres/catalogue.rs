use std::collections::BTreeMap;
use std::path::Path;

use faltkarta_model::{Dataset, DatasetId};
use sha2::{Digest as _, Sha256};

use crate::error::StoreError;
use crate::folder;
use crate::judging::{Catalogue, Declared, may_follow};
use crate::postgres::session::Session;
use crate::postgres::views;

const KEEPING: &str = "keeping the declarations";

/// Reads `datasets/` and `forms/`; a declaration that has changed becomes a new revision, and its view is made anew.
pub(super) fn read(folder: &Path, session: &mut Session) -> Result<Catalogue, StoreError> {
    session.batch(KEEPING, "BEGIN")?;
    let mut datasets = vec![];
    let mut all_views = String::new();
    for (dataset, declaration) in folder::datasets(folder)? {
        let (no, revision) = keep(session, &dataset.id, &declaration)?;
        all_views += &views::statements(&dataset, no);
        // An index over each field whose values should be unique, so that a second feature with one is found at once.
        for field in dataset.fields.iter().filter(|it| it.unique) {
            let id = &field.id;
            let index = format!(
                "CREATE INDEX IF NOT EXISTS unique_{no}_{id} ON feature
                     USING hash (field_text(properties, '{id}'))
                     WHERE dataset = {no} AND NOT is_deleted;\n"
            );
            all_views += &index;
        }
        let revisions = revisions(session, no)?;
        for before in revisions.values().flatten() {
            may_follow(before, &dataset).map_err(|text| StoreError::BadDeclaration {
                path: folder.join("datasets"),
                text,
            })?;
        }
        datasets.push(Declared { no, revision, dataset, declaration, revisions });
    }
    // Views that somebody has open are not taken away for nothing.
    let wanted = hex::encode(Sha256::digest(&all_views));
    let made = session.ask(
        KEEPING,
        "SELECT 1 FROM meta WHERE key = 'views' AND value = $1",
        &[&wanted],
    )?;
    if made.is_empty() {
        session.batch("making the views", &all_views)?;
        session.ask(
            KEEPING,
            "INSERT INTO meta(key, value) VALUES ('views', $1) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            &[&wanted],
        )?;
    }
    session.batch(KEEPING, "COMMIT")?;
    Ok(Catalogue::new(datasets, folder::forms(folder)?))
}

fn revisions(session: &mut Session, no: u16) -> Result<BTreeMap<u32, Option<Dataset>>, StoreError> {
    let rows = session.ask(
        KEEPING,
        "SELECT revision, declaration FROM dataset_revision WHERE dataset = $1",
        &[&i32::from(no)],
    )?;
    let read = rows.iter().map(|it| (it.get::<_, i32>(0) as u32, Dataset::parse(it.get(1)).ok()));
    Ok(read.collect())
}

fn keep(session: &mut Session, id: &DatasetId, text: &str) -> Result<(u16, u32), StoreError> {
    let rows = session.ask(
        KEEPING,
        "SELECT no, revision, declaration = $2 FROM dataset WHERE id = $1",
        &[&id.as_str(), &text],
    )?;
    let stored =
        rows.first().map(|it| (it.get::<_, i32>(0), it.get::<_, i32>(1), it.get::<_, bool>(2)));
    let rows = match stored {
        Some((no, revision, true)) => return Ok((no as u16, revision as u32)),
        Some((no, _, false)) => session.ask(
            KEEPING,
            "UPDATE dataset SET revision = revision + 1, declaration = $2 WHERE no = $1 RETURNING no, revision",
            &[&no, &text],
        )?,
        None => session.ask(
            KEEPING,
            "INSERT INTO dataset(id, revision, declaration) VALUES ($1, 1, $2) RETURNING no, revision",
            &[&id.as_str(), &text],
        )?,
    };
    let row = rows.first().ok_or_else(|| StoreError::damaged("a dataset without a number"))?;
    let (no, revision): (i32, i32) = (row.get(0), row.get(1));
    session.ask(
        KEEPING,
        "INSERT INTO dataset_revision(dataset, revision, declaration) VALUES ($1, $2, $3)",
        &[&no, &revision, &text],
    )?;
    Ok((no as u16, revision as u32))
}
