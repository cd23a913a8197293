use crate::ogc::negotiate::Format;

/// What kind a body is of.
pub(crate) const JSON: &str = "application/json";
pub(crate) const GEO_JSON: &str = "application/geo+json";
pub(crate) const SCHEMA_JSON: &str = "application/schema+json";
pub(crate) const OPENAPI_JSON: &str = "application/vnd.oai.openapi+json;version=3.0";
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";
pub(crate) const HTML: &str = "text/html; charset=utf-8";

/// An answer, before it goes over the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in small letters.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// A body of a kind.
    pub(crate) fn of(media_type: &str, body: impl Into<String>) -> Self {
        Self {
            status: 200,
            headers: vec![("content-type", media_type.to_owned())],
            body: body.into(),
        }
    }

    /// No body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: vec![], body: String::new() }
    }

    /// With a header.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With another status.
    #[must_use]
    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

/// A link of a document.
pub(crate) fn link(href: &str, rel: &str, media_type: &str, title: &str) -> serde_json::Value {
    serde_json::json!({"href": href, "rel": rel, "type": media_type, "title": title})
}

/// The links of a document to itself and to its other format.
pub(crate) fn self_links(
    address: &str,
    query: &str,
    format: Format,
    media_type: &str,
) -> Vec<serde_json::Value> {
    let with = |f: &str| {
        let rest = if query.is_empty() { String::new() } else { format!("{query}&") };
        format!("{address}?{rest}f={f}")
    };
    let (json, html) = match format {
        Format::Json => ("self", "alternate"),
        Format::Html => ("alternate", "self"),
    };
    vec![
        link(&with("json"), json, media_type, "This document as JSON"),
        link(&with("html"), html, "text/html", "This document as a page for people, in Swedish"),
    ]
}
