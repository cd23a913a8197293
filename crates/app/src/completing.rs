use std::collections::{BTreeMap, BTreeSet};

use faltkarta_changes::{Change, OperationKind};
use faltkarta_geo::Geometry;
use faltkarta_model::{
    BlobId, DatasetId, FeatureId, FieldId, FieldType, FormDeclaration, GroupId, INSPECTION_DATASET,
    IdSource, Inspection, Timestamp, Value, fill_template,
};
use faltkarta_store::{Draft, LocalEdit};

use crate::editing::{Draughted, changes_of, geometry_field};
use crate::error::AppError;
use crate::field::Field;
use crate::xform::Outline;
use crate::xml::leaves;

/// What the interface sends when a form is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The submission instance: relevant answers only.
    pub instance_xml: String,
    /// The answers as flat JSON.
    pub answers_json: String,
    /// Photos that the submission names.
    pub blobs: Vec<BlobId>,
}

type Answers = serde_json::Map<String, serde_json::Value>;

impl Field {
    /// Completes a draft: it becomes an inspection of the same id, with its photos, and the subject's fields follow
    /// from the answers. All of it is one act and one transaction.
    ///
    /// # Errors
    ///
    /// Code `draft_not_found`, `answers_invalid` when nothing was answered or a photo is not the draft's,
    /// `invalid_input` when the answers are not JSON, `disk_full`. The draft is as before then.
    pub fn complete_draft(
        &mut self,
        id: FeatureId,
        submission: &Submission,
        now: Timestamp,
        ids: &mut dyn IdSource,
    ) -> Result<(), AppError> {
        let draft = self.store.draft(id)?;
        let form = self.catalog.form(&draft.form)?.clone();
        let answers: Answers = serde_json::from_str(&submission.answers_json)
            .map_err(|error| AppError::invalid("answers_json", error))?;
        self.check(&draft, submission, &answers)?;
        let outline = Outline::read(&form.xml);
        let known = Known { answers: &answers, instance: leaves(&submission.instance_xml) };
        let summary = fill_template(&form.declaration.summary, |name| {
            outline.shown(name, &known.text(name).unwrap_or_default())
        });
        let group = Some(GroupId::from_uuid(ids.next_id()));
        let record = record(&draft, &form.declaration, submission, summary, now)?;
        let mut acts = vec![Draughted { group, ..record }];
        acts.extend(self.update_of_subject(&draft, &form.declaration, &known, now, group)?);
        let ops = self.operations(acts, now, ids)?;
        self.journal(&LocalEdit { ops, completes_draft: Some(id), attached: vec![] })
    }

    fn check(
        &self,
        draft: &Draft,
        submission: &Submission,
        answers: &Answers,
    ) -> Result<(), AppError> {
        let invalid =
            |question: &str| AppError::AnswersInvalid { questions: vec![question.to_owned()] };
        let is_answered = answers.values().any(|it| match it {
            serde_json::Value::Null => false,
            serde_json::Value::String(text) => !text.is_empty(),
            serde_json::Value::Array(items) => !items.is_empty(),
            _ => true,
        });
        if !is_answered || leaves(&submission.instance_xml).is_empty() {
            return Err(invalid("*"));
        }
        let photos: BTreeSet<BlobId> =
            self.store.photos(draft.id)?.into_iter().map(|it| it.blob).collect();
        if let Some(stranger) = submission.blobs.iter().find(|it| !photos.contains(it)) {
            return Err(invalid(stranger.as_str()));
        }
        Ok(())
    }

    /// The fields of the subject that follow from answers; a question without an answer leaves its field as it was.
    fn update_of_subject(
        &self,
        draft: &Draft,
        form: &FormDeclaration,
        known: &Known<'_>,
        now: Timestamp,
        group: Option<GroupId>,
    ) -> Result<Option<Draughted>, AppError> {
        let Some((dataset, id)) = &draft.subject else { return Ok(None) };
        // The subject may have been deleted or locked while the form was open: the record stands by itself then.
        let Ok(feature) = self.feature(*id, now) else { return Ok(None) };
        let declared = &self.catalog.dataset(dataset)?.dataset;
        let mut wanted = BTreeMap::new();
        for update in &form.update {
            let Some(field) = declared.field(update.field.as_str()) else { continue };
            let Some(text) = known.text(&update.answer) else { continue };
            if let Some(value) = value_of(field.field_type, &text) {
                wanted.insert(update.field.clone(), value);
            }
        }
        let changes = changes_of(&feature, wanted);
        if changes.is_empty() {
            return Ok(None);
        }
        let version = feature.version;
        Ok(Some(Draughted {
            group,
            title: self.catalog.label(&feature),
            detail: self.in_words(dataset, &changes),
            changes: self.with_groups(changes, feature)?,
            ..Draughted::new(dataset.clone(), *id, OperationKind::Update, version)
        }))
    }
}

/// The record itself: a new feature with the id of the draft.
fn record(
    draft: &Draft,
    form: &FormDeclaration,
    submission: &Submission,
    summary: String,
    now: Timestamp,
) -> Result<Draughted, AppError> {
    let inspection = Inspection {
        form: form.id.clone(),
        form_version: draft.form_version.clone(),
        title: form.title.sv.clone(),
        body: form.body.clone(),
        subject: draft.subject.clone(),
        subject_label: draft.subject_label.clone(),
        local_number: draft.local_number.clone(),
        performed_by: draft.user.clone(),
        started_at: draft.started_at.clone(),
        completed_at: now.to_string(),
        answers_json: submission.answers_json.clone(),
        instance_xml: submission.instance_xml.clone(),
        summary: summary.clone(),
        n_photos: submission.blobs.len() as u32,
    };
    let new = |new: Value| Change { old: Value::Null, new };
    let mut changes: BTreeMap<FieldId, Change> = inspection
        .properties()
        .into_iter()
        .filter(|it| !it.1.is_null())
        .map(|(field, value)| (field, new(value)))
        .collect();
    if let Some((e_m, n_m)) = draft.position_m {
        let point = Value::Geometry(Geometry::point(e_m, n_m));
        changes.insert(geometry_field()?, new(point));
    }
    let subject = if draft.subject_label.is_empty() {
        String::new()
    } else {
        format!(", {}", draft.subject_label)
    };
    let dataset = DatasetId::parse(INSPECTION_DATASET).map_err(AppError::damaged)?;
    Ok(Draughted {
        changes,
        blobs: submission.blobs.clone(),
        list_kind: "inspection",
        title: format!("{}{subject}", form.title.sv),
        detail: summary,
        ..Draughted::new(dataset, draft.id, OperationKind::Create, 0)
    })
}

/// Answers by question name: the flat JSON, and the instance for calculated ones that are not in it.
struct Known<'a> {
    answers: &'a Answers,
    instance: Vec<(String, String)>,
}

impl Known<'_> {
    /// The answer as text; `None` when there is none.
    fn text(&self, question: &str) -> Option<String> {
        let text = match self.answers.get(question) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(serde_json::Value::Number(number)) => number.to_string(),
            Some(serde_json::Value::Bool(flag)) => flag.to_string(),
            Some(serde_json::Value::Array(items)) => {
                let texts: Option<Vec<&str>> = items.iter().map(|it| it.as_str()).collect();
                texts?.join(" ")
            }
            Some(_) => return None,
            None => {
                let is_it = |path: &str| path.rsplit('/').next() == Some(question);
                self.instance.iter().find(|it| is_it(&it.0))?.1.clone()
            }
        };
        Some(text).filter(|it| !it.is_empty())
    }
}

fn value_of(field_type: FieldType, text: &str) -> Option<Value> {
    match field_type {
        FieldType::Text | FieldType::Date | FieldType::DateTime => {
            Some(Value::Text(text.to_owned()))
        }
        FieldType::Int => text.parse().ok().map(Value::Int),
        FieldType::Real => text.parse().ok().filter(|it: &f64| it.is_finite()).map(Value::Real),
        FieldType::Bool => match text {
            "true" | "ja" | "1" => Some(Value::Bool(true)),
            "false" | "nej" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        FieldType::List => Some(Value::List(text.split(' ').map(str::to_owned).collect())),
    }
}
