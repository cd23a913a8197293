use faltkarta_model::{DatasetId, FeatureId, Timestamp};
use rusqlite::{OptionalExtension as _, Row, Transaction};

use crate::error::{StoreError, bad_column};
use crate::store::Store;

/// Unfinished work on one form.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Its id; the inspection that it becomes has the same.
    pub id: FeatureId,
    /// Form id.
    pub form: String,
    /// Version of the form that it was begun in.
    pub form_version: String,
    /// What is inspected.
    pub subject: Option<(DatasetId, FeatureId)>,
    /// How the subject is called.
    pub subject_label: String,
    /// Short number shown offline, such as `A3-017`.
    pub local_number: String,
    /// Who began it.
    pub user: String,
    /// Values for prefilled questions: question and text.
    pub prefill: Vec<(String, String)>,
    /// Where it lies: easting and northing in metres on the store's grid.
    pub position_m: Option<(f64, f64)>,
    /// First keystroke.
    pub started_at: String,
    /// Last saved.
    pub saved_at: String,
    /// The saved instance; `None` for a new one.
    pub instance_xml: Option<String>,
    /// Answers of questions that are hidden now, in the session wrapper's own words.
    pub hidden_json: String,
    /// Answered questions.
    pub n_answered: u32,
    /// Questions that apply.
    pub n_questions: u32,
    /// Whether it was never put away: true after a crash.
    pub is_open: bool,
}

/// What a save of a draft carries.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DraftSave {
    /// The whole instance.
    pub instance_xml: String,
    /// Answers of questions that are hidden now.
    pub hidden_json: String,
    /// Answered questions.
    pub n_answered: u32,
    /// Questions that apply.
    pub n_questions: u32,
    /// Answers that differ from those saved before.
    pub changes: Vec<AnswerChange>,
}

/// One answer that was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerChange {
    /// Path of the question inside the instance.
    pub question: String,
    /// What stood there; empty for nothing.
    pub old: String,
    /// What stands there now.
    pub new: String,
}

/// A line of the log of answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerLogRow {
    /// When, RFC 3339.
    pub at: String,
    /// Who.
    pub user: String,
    /// What was changed.
    pub change: AnswerChange,
}

const COLUMNS: &str = "id, form, form_version, subject_dataset, subject_id, subject_label, local_number, user, \
     prefill, e_m, n_m, started_at, saved_at, instance_xml, hidden_json, n_answered, n_questions, is_open";

impl Store {
    /// Keeps a new draft, marked as open. Durable when this returns.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the write.
    pub fn insert_draft(&mut self, draft: &Draft) -> Result<(), StoreError> {
        let prefill = serde_json::to_string(&draft.prefill)
            .map_err(|error| bad_column("draft.prefill", error))?;
        self.write(|tx| {
            tx.execute(
                "INSERT INTO draft(id, form, form_version, subject_dataset, subject_id, subject_label, local_number,
                                   user, prefill, e_m, n_m, started_at, saved_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12)",
                rusqlite::params![
                    &draft.id.as_bytes()[..],
                    draft.form,
                    draft.form_version,
                    draft.subject.as_ref().map(|it| it.0.as_str()),
                    draft.subject.as_ref().map(|it| it.1.as_bytes().to_vec()),
                    draft.subject_label,
                    draft.local_number,
                    draft.user,
                    prefill,
                    draft.position_m.map(|it| it.0),
                    draft.position_m.map(|it| it.1),
                    draft.started_at,
                ],
            )?;
            Ok(())
        })?;
        faltkarta_faults::point("store.draft.after_commit")?;
        Ok(())
    }

    /// Unfinished work, last saved first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn drafts(&self) -> Result<Vec<Draft>, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM draft WHERE state = 'active' ORDER BY saved_at DESC, rowid DESC"
        ))?;
        let rows = statement.query_map([], |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }

    /// One draft that is neither completed nor thrown away.
    ///
    /// # Errors
    ///
    /// [`StoreError::DraftNotFound`], or that of the read.
    pub fn draft(&self, id: FeatureId) -> Result<Draft, StoreError> {
        let mut statement = self.conn.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM draft WHERE id = ?1 AND state = 'active'"
        ))?;
        statement
            .query_row([&id.as_bytes()[..]], |row| Ok(read(row)))
            .optional()?
            .ok_or(StoreError::DraftNotFound { id })?
    }

    /// Keeps the answers and what changed in them. When this returns they survive a power cut.
    ///
    /// # Errors
    ///
    /// [`StoreError::DraftNotFound`], or that of the write.
    pub fn save_draft(
        &mut self,
        id: FeatureId,
        save: &DraftSave,
        user: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let at = now.to_string();
        self.write(|tx| {
            let n_changed = tx
                .prepare_cached(
                    "UPDATE draft SET instance_xml = ?2, hidden_json = ?3, n_answered = ?4, n_questions = ?5,
                                      saved_at = ?6, is_open = 1
                     WHERE id = ?1 AND state = 'active'",
                )?
                .execute((
                    &id.as_bytes()[..],
                    &save.instance_xml,
                    &save.hidden_json,
                    save.n_answered,
                    save.n_questions,
                    &at,
                ))?;
            if n_changed == 0 {
                return Err(StoreError::DraftNotFound { id });
            }
            for change in &save.changes {
                tx.prepare_cached(
                    "INSERT INTO draft_log(draft, at, user, question, old, new) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute((
                    &id.as_bytes()[..],
                    &at,
                    user,
                    &change.question,
                    &change.old,
                    &change.new,
                ))?;
            }
            Ok(())
        })
    }

    /// Marks a draft as worked on (`true`) or put away by the person (`false`).
    ///
    /// # Errors
    ///
    /// [`StoreError::DraftNotFound`], or that of the write.
    pub fn set_draft_open(&mut self, id: FeatureId, is_open: bool) -> Result<(), StoreError> {
        self.change_draft(
            id,
            "UPDATE draft SET is_open = ?2 WHERE id = ?1 AND state = 'active'",
            is_open,
        )
    }

    /// Throws a draft away (`true`) or brings it back (`false`). Its answers and photos stay in the file.
    ///
    /// # Errors
    ///
    /// [`StoreError::DraftNotFound`], or that of the write.
    pub fn set_draft_discarded(
        &mut self,
        id: FeatureId,
        is_discarded: bool,
    ) -> Result<(), StoreError> {
        self.change_draft(
            id,
            "UPDATE draft SET state = CASE WHEN ?2 THEN 'discarded' ELSE 'active' END, is_open = 0
             WHERE id = ?1 AND state <> 'completed'",
            is_discarded,
        )
    }

    fn change_draft(&mut self, id: FeatureId, sql: &str, flag: bool) -> Result<(), StoreError> {
        self.write(|tx| {
            let n_changed = tx.prepare_cached(sql)?.execute((&id.as_bytes()[..], flag))?;
            if n_changed == 0 { Err(StoreError::DraftNotFound { id }) } else { Ok(()) }
        })
    }

    /// Every answer that was ever given in a draft, oldest first; also of completed ones.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of the read.
    pub fn answer_log(&self, id: FeatureId) -> Result<Vec<AnswerLogRow>, StoreError> {
        let mut statement = self.conn.prepare_cached(
            "SELECT at, user, question, old, new FROM draft_log WHERE draft = ?1 ORDER BY no",
        )?;
        let rows = statement.query_map([&id.as_bytes()[..]], |row| {
            Ok(AnswerLogRow {
                at: row.get(0)?,
                user: row.get(1)?,
                change: AnswerChange { question: row.get(2)?, old: row.get(3)?, new: row.get(4)? },
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Ends a draft inside the transaction of its inspection; its photos are now to be sent.
pub(crate) fn complete(tx: &Transaction<'_>, id: FeatureId) -> Result<(), StoreError> {
    let n_changed = tx
        .prepare_cached(
            "UPDATE draft SET state = 'completed', is_open = 0 WHERE id = ?1 AND state = 'active'",
        )?
        .execute([&id.as_bytes()[..]])?;
    if n_changed == 0 {
        return Err(StoreError::DraftNotFound { id });
    }
    tx.prepare_cached(
        "UPDATE blob SET state = 'saved' WHERE state = 'taken'
         AND id IN (SELECT blob FROM attachment WHERE owner = ?1 AND NOT is_removed)",
    )?
    .execute([&id.as_bytes()[..]])?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Draft, StoreError> {
    let id: Vec<u8> = row.get(0)?;
    let dataset: Option<String> = row.get(3)?;
    let subject: Option<Vec<u8>> = row.get(4)?;
    let subject = match (dataset, subject) {
        (Some(dataset), Some(subject)) => Some((
            DatasetId::parse(&dataset)
                .map_err(|error| bad_column("draft.subject_dataset", error))?,
            FeatureId::from_slice(&subject)
                .map_err(|error| bad_column("draft.subject_id", error))?,
        )),
        _ => None,
    };
    let e_m: Option<f64> = row.get(9)?;
    let n_m: Option<f64> = row.get(10)?;
    Ok(Draft {
        id: FeatureId::from_slice(&id).map_err(|error| bad_column("draft.id", error))?,
        form: row.get(1)?,
        form_version: row.get(2)?,
        subject,
        subject_label: row.get(5)?,
        local_number: row.get(6)?,
        user: row.get(7)?,
        prefill: serde_json::from_str(&row.get::<_, String>(8)?)
            .map_err(|error| bad_column("draft.prefill", error))?,
        position_m: e_m.zip(n_m),
        started_at: row.get(11)?,
        saved_at: row.get(12)?,
        instance_xml: row.get(13)?,
        hidden_json: row.get(14)?,
        n_answered: row.get(15)?,
        n_questions: row.get(16)?,
        is_open: row.get(17)?,
    })
}
