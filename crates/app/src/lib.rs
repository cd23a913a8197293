//! What field staff can do, one function per use case; transactions begin and end here.
//!
//! [`Field`] is one open laptop. Nothing in this room reads a clock, makes an id or waits: moments, ids and the way to
//! a geodata store ([`Link`]) are arguments. A round of exchange ([`sync_round`]) takes the laptop only between two
//! requests, so that work goes on beside it.

mod answering;
mod applies;
mod area_rule;
mod areas;
mod candidates;
mod card;
mod catalog;
mod completing;
mod conflicts;
mod customers;
mod deciding;
mod drafting;
mod duties;
mod editing;
mod error;
mod field;
mod foreseeing;
mod heights;
mod history;
mod identify;
mod isolating;
mod map_tile;
mod measuring;
mod nets;
mod numbers;
mod outbox;
mod overview;
mod parcel_labels;
mod photos;
mod places;
mod segments;
mod selecting;
mod shape;
mod silence;
mod swedish_time;
mod sync;
mod themes;
mod tile_cache;
mod tile_tags;
mod tracing_sewer;
mod xform;
mod xml;

pub use applies::{
    AppliesAnswer, AppliesPart, AppliesRow, Asked, AskedPlace, NoAnswer, Searched, Unanswered,
};
pub use card::{Card, Fact, Visit};
pub use catalog::{LocalDataset, LocalForm};
pub use completing::Submission;
pub use conflicts::{ConflictCard, ConflictRow, ConflictSummary};
pub use customers::{AffectedAddress, Customers, SensitiveClass, SensitiveCustomer};
pub use deciding::{Choice, Decision};
pub use drafting::{DraftAnswers, DraftSummary, OpenDraft};
pub use duties::{Contact, DutiesAnswer, Duty};
pub use editing::Edit;
pub use error::AppError;
pub use field::{Field, Phase, Session};
pub use history::HistoryRow;
pub use identify::{Hit, IdentifyAnswer};
pub use isolating::{Named, NetWarning, ShutoffAsked, ShutoffPlan, Stretch, ValveStep};
pub use map_tile::LIVE_ZOOM_MAX;
pub use measuring::{
    HeldTo, MEASURE_POINTS_MAX, Measure, MeasureAnswer, MeasureKind, MeasureSource, MeasuredPlace,
    NoMeasure, PointedAt,
};
pub use overview::{ChangeRow, Changes, DatasetStatus, Status};
pub use photos::FeaturePhotos;
pub use segments::{NetSegment, RoundBy, ValveDue};
pub use selecting::{
    CORRIDOR_LENGTH_M_MAX, FIGURE_VERTICES_MAX, Figure, REACH_M_MAX, SelectFrom, SelectedRow,
    Selection,
};
pub use shape::{point_on, to_geojson};
pub use silence::SilentDataset;
pub use sync::{
    BlobState, EnrolStep, Enrolment, FieldAccess, Link, LinkError, MapLink, RowLink, Scheduler,
    SyncReport, enrol, fetch_photo, fetch_preview, install_next_package, sync_round,
};
pub use themes::themes;
pub use tracing_sewer::TraceAnswer;
pub use xform::Outline;

pub use faltkarta_network::{Direction, ProblemKind, WhyNot};
pub use faltkarta_spatial::{Related, Relation, SnapKind};
