use serde_json::json;

use crate::error::StoreError;

/// Why a request was not answered as it was asked, in the words of RFC 9457.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The status of the answer.
    pub(crate) status: u16,
    /// Names the kind of problem for ever.
    pub(crate) code: &'static str,
    /// What was wrong in this request.
    pub(crate) detail: String,
    /// The field or parameter that it is about.
    pub(crate) field: Option<String>,
}

/// Code, status and title of every kind of problem, in the order of the format's document.
pub(crate) const KINDS: [(&str, u16, &str); 27] = [
    ("malformed", 400, "The request cannot be read"),
    ("bad_parameter", 400, "A parameter has a value that is not taken"),
    ("unknown_parameter", 400, "There is no such parameter here"),
    ("bad_filter", 400, "The filter cannot be read"),
    ("signed_out", 401, "A valid token is needed"),
    ("unpermitted", 403, "Your role may not do this"),
    ("read_only", 403, "This dataset is not edited here"),
    ("not_found", 404, "There is no such thing"),
    ("method_not_allowed", 405, "There is no such request here"),
    ("not_acceptable", 406, "It is not given in any of these formats"),
    ("conflict", 409, "The edit conflicts with what the store holds"),
    ("would_wait", 409, "The edit cannot be made now"),
    ("not_as_seen", 412, "The feature is not as it was seen"),
    ("too_large", 413, "It is too large"),
    ("unknown_media_type", 415, "The body is of a kind that is not taken"),
    ("not_a_feature", 422, "The body is no feature"),
    ("unknown_property", 422, "There is no such property"),
    ("wrong_type", 422, "A property has a value of another type"),
    ("required_missing", 422, "A required property has no value"),
    ("wrong_geometry", 422, "The geometry is not one that this dataset takes"),
    ("bad_coordinates", 422, "The coordinates lie nowhere near"),
    ("if_match_needed", 428, "If-Match is needed"),
    ("busy", 503, "Try again"),
    ("unreachable", 503, "The database does not answer"),
    ("disk_full", 507, "The disk is full"),
    ("timeout", 503, "It took too long"),
    ("internal", 500, "The store failed"),
];

impl Problem {
    /// A problem of a kind in [`KINDS`].
    pub(crate) fn new(code: &'static str, detail: impl Into<String>) -> Self {
        let status = KINDS.iter().find(|it| it.0 == code).map_or(500, |it| it.1);
        Self { status, code, detail: detail.into(), field: None }
    }

    /// About a field or a parameter.
    pub(crate) fn about(code: &'static str, field: &str, detail: impl Into<String>) -> Self {
        Self { field: Some(field.to_owned()), ..Self::new(code, detail) }
    }

    /// A parameter whose value is not taken.
    pub(crate) fn bad_parameter(name: &str, detail: &str) -> Self {
        Self::about("bad_parameter", name, format!("{name}: {detail}"))
    }

    pub(crate) fn not_found() -> Self {
        Self::new("not_found", "there is nothing at this address")
    }

    /// What the kind is called.
    pub(crate) fn title(&self) -> &'static str {
        KINDS.iter().find(|it| it.0 == self.code).map_or("The store failed", |it| it.2)
    }

    /// The body of the answer.
    pub(crate) fn json(&self) -> String {
        let mut json = json!({
            "type": format!("urn:faltkarta:problem:{}", self.code),
            "title": self.title(), "status": self.status, "detail": self.detail, "code": self.code,
        });
        if let Some(field) = &self.field {
            json["field"] = json!(field);
        }
        json.to_string()
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let text = error.to_string();
        match error {
            StoreError::SignedOut => Self::new("signed_out", "the token is unknown or revoked"),
            StoreError::Unpermitted => Self::new("unpermitted", text),
            StoreError::NotFound | StoreError::UnknownDataset { .. } => Self::not_found(),
            StoreError::NotAsSeen => Self::new(
                "not_as_seen",
                "somebody has changed the feature since; read it again and send its new ETag",
            ),
            StoreError::WouldConflict { fields } => match fields.first() {
                Some(field) => Self::about(
                    "conflict",
                    field.as_str(),
                    format!(
                        "{field}: another feature has this value, or somebody else has changed it"
                    ),
                ),
                None => Self::new("conflict", text),
            },
            StoreError::WouldWait { .. } => Self::new("would_wait", text),
            StoreError::Malformed { .. } | StoreError::BadEncoding { .. } => {
                Self::new("malformed", text)
            }
            StoreError::TooLarge { .. } => Self::new("too_large", text),
            StoreError::Contended { .. } => Self::new("busy", "somebody else is writing"),
            StoreError::Unreachable { .. } => {
                tracing::error!(code = error.code(), error = %error, "request failed");
                Self::new("unreachable", "the database server is not reached")
            }
            StoreError::DiskFull => Self::new("disk_full", "nothing was changed"),
            // What failed inside stays inside: paths and SQL are for the log.
            _ => {
                tracing::error!(code = error.code(), error = %error, "request failed");
                Self::new("internal", "the store failed; nothing was changed")
            }
        }
    }
}
