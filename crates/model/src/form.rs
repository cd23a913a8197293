use serde::Deserialize;

use crate::dataset::{Role, Title};
use crate::id::FieldId;

/// What `data/forms/ID.toml` says of a form beside its XForm: whose it is, on what it is filled, and which fields
/// of the subject follow from the answers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormDeclaration {
    /// Names the form for ever; the XForm is `ID.xml` beside the declaration.
    pub id: String,
    /// Counts up when the form changes.
    pub version: String,
    /// What it is called.
    pub title: Title,
    /// Verb on the button of a card: "Motionera".
    pub action: Title,
    /// BKT or BMB.
    pub body: String,
    /// The roles of the things that it is filled on.
    pub subject_roles: Vec<Role>,
    /// Fields of the subject that are set from answers when the form is completed.
    #[serde(default)]
    pub update: Vec<FormUpdate>,
    /// Template of the line in lists, with `{answer}` in braces.
    #[serde(default)]
    pub summary: String,
}

/// One field of the subject that follows from an answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FormUpdate {
    /// The field of the subject's dataset.
    pub field: FieldId,
    /// The name of the question.
    pub answer: String,
}

/// A declaration that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("form declaration: {text}")]
pub struct FormError {
    /// What the reader said, with line and column.
    pub text: String,
}

impl FormDeclaration {
    /// Parses the TOML of a declaration.
    ///
    /// # Errors
    ///
    /// [`FormError`] with line and column.
    pub fn parse(toml_text: &str) -> Result<Self, FormError> {
        toml::from_str(toml_text).map_err(|error| FormError { text: error.to_string() })
    }
}
