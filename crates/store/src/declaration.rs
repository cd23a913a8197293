use faltkarta_protocol::{Declaration, SchemaRevision};
use rusqlite::{Connection, OptionalExtension as _};

use crate::error::StoreError;
use crate::rows;
use crate::store::{Store, read_meta, write_meta};

impl Store {
    /// Whether a revision of a declaration is newer than what is here, and was not passed over.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn lacks_declaration(&self, wanted: &SchemaRevision) -> Result<bool, StoreError> {
        let here = revision(&self.conn, wanted.dataset.as_str())?.unwrap_or(0);
        let passed = read_meta(&self.conn, &passed_key(wanted.dataset.as_str()))?
            .and_then(|it| it.parse().ok())
            .unwrap_or(0_u32);
        Ok(wanted.revision > here.max(passed))
    }

    /// Passes a revision over: this laptop may not have it, does not draw from it, or cannot read it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn ignore_declaration(&mut self, passed: &SchemaRevision) -> Result<(), StoreError> {
        self.set_meta(&passed_key(passed.dataset.as_str()), &passed.revision.to_string())
    }

    /// Puts a revision of a declaration into force, in one transaction. Values of fields that it no longer names stay
    /// in their rows, and operations and drafts hold what they held. A dataset that is new here is planned to be
    /// fetched.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn apply_declaration(&mut self, declaration: &Declaration) -> Result<(), StoreError> {
        let dataset = declaration.dataset.as_str();
        self.write(|tx| {
            match revision(tx, dataset)? {
                Some(here) if here >= declaration.revision => {}
                Some(_) => {
                    tx.execute(
                        "UPDATE dataset SET revision = ?2, declaration = ?3 WHERE id = ?1",
                        (dataset, declaration.revision, &declaration.toml),
                    )?;
                }
                None => {
                    tx.execute(
                        "INSERT INTO dataset(no, id, revision, declaration)
                         SELECT coalesce(max(no), 0) + 1, ?1, ?2, ?3 FROM dataset",
                        (dataset, declaration.revision, &declaration.toml),
                    )?;
                    rows::plan(tx, &declaration.dataset, None)?;
                }
            }
            Ok(())
        })
    }
}

fn passed_key(dataset: &str) -> String {
    format!("declaration_passed.{dataset}")
}

fn revision(conn: &Connection, dataset: &str) -> Result<Option<u32>, StoreError> {
    let mut statement = conn.prepare_cached("SELECT revision FROM dataset WHERE id = ?1")?;
    Ok(statement.query_row([dataset], |row| row.get(0)).optional()?)
}

/// What a package brings is declared by it, whatever was passed over before.
pub(crate) fn forget_passed(conn: &Connection) -> Result<(), StoreError> {
    conn.execute("DELETE FROM meta WHERE key LIKE 'declaration_passed.%'", [])?;
    write_meta(conn, "subscription_stale", "1")
}
