//! Packed R-tree and rstar overlay: bbox, identify, nearest, what applies here.
//!
//! A layer is a [`PackedIndex`] made once per dataset generation, and beside it a small tree of the features that were
//! edited since: see [`LayerIndex`]. Exact answers about shapes come from [`identify()`] and [`Subject`]. All boxes are in metres on the store's grid.

mod around;
mod coverage;
mod edge;
mod ends;
mod identify;
mod layer;
mod outline;
mod packed;
mod relate;
#[cfg(test)]
mod relate_tests;
mod snap;

pub use around::around;
pub use coverage::{CoverageFault, CoverageProblem, CoverageRules, coverage_problems};
pub use ends::{LooseEnd, loose_ends};
pub use identify::{Identified, Measured, identify, measure};
pub use layer::{FeatureRow, LayerIndex};
pub use packed::{PackedIndex, SpatialError, hilbert_order};
pub use relate::{Related, Relation, Subject, met_on_the_way};
pub use snap::{Snap, SnapKind, nearest_on_outline, snap};
