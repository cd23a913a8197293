//! The water network: topology from geometry, segments, what a shut-off takes along, and where sewage flows.
//!
//! Plain values in, plain values out: no file, no clock. Pipes and fittings carry handles of the caller's; positions are
//! on the store's grid. What the data leave open is told as a [`Problem`] with its place, and never guessed.

mod approach;
mod extent;
mod graph;
mod groups;
mod hash;
mod input;
mod isolate;
mod joins;
mod network;
mod pipes;
mod problem;
mod reopen;
mod segments;
mod spot;
mod supply;
mod trace;
mod union_find;
mod walk;

pub use extent::{Extent, PartOfPipe};
pub use input::{Fitting, FittingKind, Flow, Function, Pipe, PipeKind, Reach, Valve};
pub use isolate::{Isolation, NoIsolation, PassedOver, Shutoff, ToClose, WhyNot};
pub use network::{Change, Network, Place};
pub use problem::{Problem, ProblemKind};
pub use reopen::Reopen;
pub use segments::{Criticality, Segment, Unknown};
pub use spot::Spot;
pub use trace::{Direction, Trace, TracedPipe};
