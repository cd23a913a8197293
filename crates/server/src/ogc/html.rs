//! The same documents as pages for people, in Swedish: no scripts, nothing from elsewhere.

mod frame;
mod map;
mod pages;

pub(crate) use pages::{
    api, collection, collections, conformance, fields, item, items, landing, problem,
};
