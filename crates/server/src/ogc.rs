//! The public face of a store: OGC API Features parts 1, 2 and 4, with queryables and filters in CQL2 text.
//!
//! Pure: a [`Request`] becomes an [`Answer`]; `http` carries both. Reading goes through the store's pages of features,
//! writing through its one apply function. Documented in `docs/formats/ogc-api.md`.

mod answer;
mod collections;
mod cql2;
mod crs;
mod edit;
mod extents;
mod geojson;
mod html;
mod item;
mod items;
mod matching;
mod near;
mod negotiate;
mod openapi;
mod problem;
mod query;
mod request;
mod route;
mod schema;
mod tag;

pub(crate) use answer::Answer;
pub(crate) use edit::BODY_BYTES_MAX;
pub(crate) use extents::Extents;
pub(crate) use problem::Problem;
pub(crate) use request::{Request, Verb, parameters, path_pieces};
pub(crate) use route::{Service, answer, refused};
