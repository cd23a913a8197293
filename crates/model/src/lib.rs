//! Datasets, fields, features, inspections, bodies, and the rules that keep them valid.
//!
//! Words used everywhere: a *dataset* is declared in TOML and holds *features*; a feature has an id, a geometry
//! on the store's grid and values by *field*; a *form* is filled on a *subject* and becomes an *inspection*, which is
//! a feature of the dataset with role [`Role::Inspection`]; a *body* (BKT, BMB) owns datasets and forms.

mod asking;
mod checking;
mod dataset;
mod feature;
mod filter;
mod form;
mod id;
mod network;
mod theme;
mod time;
mod value;

pub use asking::{AppliesRule, DistanceRule, DutyRule, PartOf};
pub use checking::CheckRule;
pub use dataset::{
    Class, Dataset, DatasetError, Field, FieldType, GeometryType, Instead, MapStyle,
    OutgoingSchema, Owner, Packaging, Policy, Role, SearchRule, Source, SourceField, TextRule,
    Title, fill_template, template_names,
};
pub use feature::{Feature, INSPECTION_DATASET, Inspection};
pub use filter::{ChosenFilter, FilterKind, FilterRule};
pub use form::{FormDeclaration, FormError, FormUpdate};
pub use id::{BlobId, DatasetId, FeatureId, FieldId, GroupId, IdError, IdSource, OpId, ReplicaId};
pub use network::{NetworkKind, NetworkRule, OneOf, PipeFlow, SensitiveRule};
pub use theme::{Theme, ThemeError};
pub use time::{Timestamp, TimestampError};
pub use value::{GEOMETRY_FIELD, Properties, Value};
