//! Every decoder of the product as a function of bytes, for fuzzing and for replaying what fuzzing has met.
//!
//! A decoder may refuse anything; it must not panic, and what it takes must be read back as it was written.
//! `fuzz/` feeds these functions from libFuzzer, the tests of this crate from the committed corpus and its mutations.

mod declarations;
mod files;
mod messages;
mod shapes;

/// A decoder under its name; the name is also that of its folder in `fuzz/corpus`.
pub type Target = (&'static str, fn(&[u8]));

/// All decoders.
pub const TARGETS: &[Target] = &[
    ("operation", messages::operation),
    ("push_request", messages::push_request),
    ("push_columns", messages::push_columns),
    ("push_reply", messages::push_reply),
    ("pull_reply", messages::pull_reply),
    ("rows_reply", messages::rows_reply),
    ("subscription", messages::subscription),
    ("package", messages::package),
    ("other_messages", messages::other_messages),
    ("value", shapes::value),
    ("wkb", shapes::wkb),
    ("dataset", declarations::dataset),
    ("form", declarations::form),
    ("mapping", declarations::mapping),
    ("xform", declarations::xform),
    ("geojson", files::geojson),
    ("csv", files::csv),
    ("gpkg", files::gpkg),
    ("fgb", files::fgb),
    ("gml", files::gml),
    ("shp", files::shp),
    ("dbf", files::dbf),
    ("pmtiles", files::pmtiles),
];

/// Feeds bytes to a decoder by its name.
///
/// # Panics
///
/// When there is no such decoder, and when the decoder is broken.
pub fn feed(name: &str, bytes: &[u8]) {
    let target = TARGETS.iter().find(|it| it.0 == name);
    target.map_or_else(|| unreachable!("no decoder {name}"), |it| it.1(bytes));
}
