//! What a coordinator writes by hand: datasets, forms, mappings, and the XForm of a form.

use faltkarta_formats::Mapping;
use faltkarta_model::{Dataset, FormDeclaration, fill_template};

pub(crate) fn dataset(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(dataset) = Dataset::parse(text)
    {
        let _ = fill_template(&dataset.label, std::borrow::ToOwned::to_owned);
    }
}

pub(crate) fn form(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = FormDeclaration::parse(text);
    }
}

pub(crate) fn mapping(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = Mapping::parse(text);
    }
}

pub(crate) fn xform(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        let outline = faltkarta_app::Outline::read(text);
        for (question, choices) in &outline.questions {
            for code in choices.keys() {
                assert!(outline.takes(question, code));
            }
        }
    }
}
