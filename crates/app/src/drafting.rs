use std::collections::BTreeMap;

use faltkarta_geo::{Grid, Position};
use faltkarta_model::{BlobId, DatasetId, Feature, FeatureId, IdSource, Timestamp, Title, Value};
use faltkarta_store::{AnswerChange, AnswerLogRow, Attachment, Draft, DraftSave};

use crate::catalog::plain_title;
use crate::error::AppError;
use crate::field::Field;
use crate::shape::point_on;
use crate::swedish_time::swedish_date;
use crate::xform::Outline;
use crate::xml::leaves;

/// Most bytes of one instance. A form of 200 questions with full remarks has a tenth of it.
const INSTANCE_BYTES_MAX: usize = 4 << 20;

/// A draft with all that is needed to open its form.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenDraft {
    /// The draft as stored.
    pub draft: Draft,
    /// Title of the form.
    pub title: Title,
    /// The XForm.
    pub form_xml: String,
    /// Photos so far.
    pub photos: Vec<Attachment>,
    /// Whether the program ended without putting it away.
    pub was_interrupted: bool,
}

/// A draft in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftSummary {
    /// The draft as stored.
    pub draft: Draft,
    /// Title of the form.
    pub title: Title,
    /// How many photos it has.
    pub n_photos: u32,
    /// Whether the program ended without putting it away.
    pub was_interrupted: bool,
}

/// What the interface sends to be saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftAnswers {
    /// The whole instance.
    pub instance_xml: String,
    /// Answers of questions that are hidden now, in the session wrapper's own words.
    pub hidden_json: String,
    /// Answered questions.
    pub n_answered: u32,
    /// Questions that apply.
    pub n_questions: u32,
}

impl Field {
    /// Begins a form on a subject or at a place. The draft is durable when this returns.
    ///
    /// # Errors
    ///
    /// [`AppError::FormNotFound`], [`AppError::FeatureNotFound`], [`AppError::InvalidInput`] when the form is not for
    /// such a thing.
    pub fn start_draft(
        &mut self,
        form: &str,
        subject: Option<(DatasetId, FeatureId)>,
        at: Option<Position<Grid>>,
        now: Timestamp,
        ids: &mut dyn IdSource,
    ) -> Result<OpenDraft, AppError> {
        let feature = match &subject {
            Some((dataset, id)) => {
                let feature = self.feature(*id, now)?;
                if feature.dataset != *dataset {
                    return Err(AppError::FeatureNotFound { id: *id });
                }
                Some(feature)
            }
            None => None,
        };
        let form = self.catalog.form(form)?;
        if let Some(feature) = &feature {
            let role = self.catalog.dataset(&feature.dataset)?.dataset.role;
            if !form.declaration.subject_roles.contains(&role) {
                return Err(AppError::invalid("form", "not for such a thing"));
            }
        }
        let outline = Outline::read(&form.xml);
        let user = self.store.meta("user_name")?.unwrap_or_default();
        let label = feature.as_ref().map(|it| self.catalog.label(it)).unwrap_or_default();
        let prefill = prefill(&outline, feature.as_ref(), &label, &user, now);
        let place = feature.as_ref().and_then(|it| it.geometry.as_ref()).and_then(point_on);
        let (form_id, form_version) =
            (form.declaration.id.clone(), form.declaration.version.clone());
        let id = FeatureId::new(ids);
        let draft = Draft {
            id,
            form: form_id,
            form_version,
            subject,
            subject_label: label,
            local_number: self.next_local_number()?,
            user,
            prefill,
            position_m: place.or(at.map(|it| (it.e_m(), it.n_m()))),
            started_at: now.to_string(),
            saved_at: now.to_string(),
            instance_xml: None,
            hidden_json: String::new(),
            n_answered: 0,
            n_questions: 0,
            is_open: true,
        };
        self.store.insert_draft(&draft)?;
        self.touch();
        self.opened(draft, false)
    }

    /// Unfinished work, last saved first.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the read.
    pub fn drafts(&self) -> Result<Vec<DraftSummary>, AppError> {
        let drafts = self.store.drafts()?;
        drafts
            .into_iter()
            .map(|draft| {
                Ok(DraftSummary {
                    title: self.form_title(&draft.form),
                    n_photos: self.store.photos(draft.id)?.len() as u32,
                    was_interrupted: draft.is_open,
                    draft,
                })
            })
            .collect()
    }

    /// Opens unfinished work and marks it as worked on.
    ///
    /// # Errors
    ///
    /// Code `draft_not_found` or `form_not_found`.
    pub fn open_draft(&mut self, id: FeatureId) -> Result<OpenDraft, AppError> {
        let draft = self.store.draft(id)?;
        let was_interrupted = draft.is_open;
        let opened = self.opened(draft, was_interrupted)?;
        self.store.set_draft_open(id, true)?;
        Ok(opened)
    }

    /// Makes answers durable; when this returns they survive a power cut. What changed is written to the log.
    ///
    /// # Errors
    ///
    /// Code `draft_not_found`, `invalid_input` for more than 4 MiB, `disk_full`.
    pub fn save_draft(
        &mut self,
        id: FeatureId,
        answers: &DraftAnswers,
        now: Timestamp,
    ) -> Result<(), AppError> {
        if answers.instance_xml.len() + answers.hidden_json.len() > INSTANCE_BYTES_MAX {
            return Err(AppError::invalid("instance_xml", "too large"));
        }
        let before = self.store.draft(id)?;
        let user = self.store.meta("user_name")?.unwrap_or_default();
        let save = DraftSave {
            instance_xml: answers.instance_xml.clone(),
            hidden_json: answers.hidden_json.clone(),
            n_answered: answers.n_answered,
            n_questions: answers.n_questions,
            changes: difference(
                before.instance_xml.as_deref().unwrap_or_default(),
                &answers.instance_xml,
            ),
        };
        self.store.save_draft(id, &save, &user, now)?;
        self.touch();
        Ok(())
    }

    /// Marks a draft as put away by the person, so that it is not offered as interrupted.
    ///
    /// # Errors
    ///
    /// Code `draft_not_found`.
    pub fn close_draft(&mut self, id: FeatureId) -> Result<(), AppError> {
        self.store.set_draft_open(id, false)?;
        self.touch();
        Ok(())
    }

    /// Throws a draft away on the person's order. It stays in the file.
    ///
    /// # Errors
    ///
    /// Code `draft_not_found`.
    pub fn discard_draft(&mut self, id: FeatureId) -> Result<(), AppError> {
        self.store.set_draft_discarded(id, true)?;
        self.touch();
        Ok(())
    }

    /// Brings back a draft that was thrown away.
    ///
    /// # Errors
    ///
    /// Code `draft_not_found`.
    pub fn restore_draft(&mut self, id: FeatureId) -> Result<(), AppError> {
        self.store.set_draft_discarded(id, false)?;
        self.touch();
        Ok(())
    }

    /// Every answer that was ever given in a draft, oldest first.
    ///
    /// # Errors
    ///
    /// [`AppError`] of the read.
    pub fn answer_log(&self, id: FeatureId) -> Result<Vec<AnswerLogRow>, AppError> {
        Ok(self.store.answer_log(id)?)
    }

    /// Stores a photo of a draft by its content.
    ///
    /// # Errors
    ///
    /// Code `photo_empty`, `photo_too_large`, `photo_unreadable`, `draft_not_found` or `disk_full`.
    pub fn add_photo(
        &mut self,
        draft: FeatureId,
        picked_name: &str,
        bytes: &[u8],
        now: Timestamp,
    ) -> Result<Attachment, AppError> {
        let photo = self.store.add_photo(draft, picked_name, bytes, now)?;
        self.touch();
        Ok(photo)
    }

    /// Takes a photo out of a draft.
    ///
    /// # Errors
    ///
    /// Code `photo_not_found` or `draft_not_found`.
    pub fn remove_photo(&mut self, draft: FeatureId, blob: &BlobId) -> Result<(), AppError> {
        self.store.remove_photo(draft, blob)?;
        self.touch();
        Ok(())
    }

    /// The bytes of a photo on this laptop, with its media type.
    ///
    /// # Errors
    ///
    /// Code `photo_not_found`.
    pub fn photo_bytes(&self, blob: &BlobId) -> Result<(String, Vec<u8>), AppError> {
        Ok(self.store.photo_bytes(blob)?)
    }

    pub(crate) fn form_title(&self, form: &str) -> Title {
        self.catalog
            .form(form)
            .map_or_else(|_| plain_title(form), |it| it.declaration.title.clone())
    }

    fn opened(&self, draft: Draft, was_interrupted: bool) -> Result<OpenDraft, AppError> {
        let form = self.catalog.form(&draft.form)?;
        Ok(OpenDraft {
            title: form.declaration.title.clone(),
            form_xml: form.xml.clone(),
            photos: self.store.photos(draft.id)?,
            was_interrupted,
            draft,
        })
    }
}

/// What the core knows for questions: fields of the subject by the same name, and the common core.
fn prefill(
    outline: &Outline,
    feature: Option<&Feature>,
    label: &str,
    user: &str,
    now: Timestamp,
) -> Vec<(String, String)> {
    let mut known: BTreeMap<&str, String> = BTreeMap::new();
    let date = swedish_date(now);
    for question in ["datum", "besoksdatum"] {
        known.insert(question, date.clone());
    }
    for question in ["utford_av", "inspektor"] {
        known.insert(question, user.to_owned());
    }
    for question in ["objekt", "objekt_namn", "plats"] {
        known.insert(question, label.to_owned());
    }
    if let Some(feature) = feature {
        for (field, value) in &feature.properties {
            if !matches!(value, Value::Geometry(_) | Value::List(_)) {
                known.insert(field.as_str(), value.to_string());
            }
        }
    }
    known
        .into_iter()
        .filter(|(question, value)| !value.is_empty() && outline.takes(question, value))
        .map(|(question, value)| (question.to_owned(), value))
        .collect()
}

/// The leaves whose text differs between two instances.
fn difference(before: &str, after: &str) -> Vec<AnswerChange> {
    let mut old: BTreeMap<String, String> = leaves(before).into_iter().collect();
    let mut changes = vec![];
    for (question, new) in leaves(after) {
        let old = old.remove(&question).unwrap_or_default();
        if old != new {
            changes.push(AnswerChange { question, old, new });
        }
    }
    let gone = old.into_iter().filter(|it| !it.1.is_empty());
    changes.extend(gone.map(|(question, old)| AnswerChange { question, old, new: String::new() }));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_a_new_and_a_removed_answer_are_told() {
        let before = "<d><a>1</a><b>2</b><r><x>3</x></r></d>";
        let after = "<d><a>1</a><b>4</b><c>5</c></d>";
        let told = |question: &str, old: &str, new: &str| AnswerChange {
            question: question.into(),
            old: old.into(),
            new: new.into(),
        };
        assert_eq!(
            difference(before, after),
            [told("b", "2", "4"), told("c", "", "5"), told("r/x", "3", "")]
        );
    }
}
