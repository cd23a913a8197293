use faltkarta_model::Feature;

use crate::backend::{DatasetRow, SeenFeature};
use crate::judging::Content;
use crate::ogc::crs::PublicCrs;

/// What a feature is in one of its versions; the part of a tag that does not depend on how it is written.
pub(crate) fn seen(feature: &Feature) -> SeenFeature {
    let content = Content {
        wkb: feature.geometry.as_ref().map(|it| it.wkb().to_vec()),
        properties: crate::judging::properties_json(&feature.properties),
        blobs: String::new(),
    };
    SeenFeature { version: feature.version, fingerprint: content.fingerprint() }
}

/// The version of a feature in a tag: its number, what it holds, and the declaration by which its fields are shown.
fn stem(feature: &Feature, row: &DatasetRow) -> String {
    let seen = seen(feature);
    format!("{}.{}.{}", seen.version, row.revision, hex::encode(seen.fingerprint))
}

/// The strong entity tag of a feature in a reference system.
pub(crate) fn tag(feature: &Feature, row: &DatasetRow, crs: PublicCrs) -> String {
    format!("\"{}.{}\"", stem(feature, row), crs.short())
}

/// Whether `If-Match` names this version of a feature, in whatever reference system it was read.
pub(crate) fn is_matched(if_match: &str, feature: &Feature, row: &DatasetRow) -> bool {
    let stem = stem(feature, row);
    tags(if_match).any(|it| {
        it == "*"
            || it
                .strip_prefix('"')
                .and_then(|it| it.strip_suffix('"'))
                .is_some_and(|it| it.rsplit_once('.').is_some_and(|(version, _)| version == stem))
    })
}

/// Whether `If-None-Match` names this very representation.
pub(crate) fn is_known(if_none_match: &str, tag: &str) -> bool {
    // The comparison is weak here (RFC 9110, 13.1.2).
    tags(if_none_match).any(|it| it == "*" || it.strip_prefix("W/").unwrap_or(it) == tag)
}

fn tags(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim)
}
