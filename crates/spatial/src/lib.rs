//! Packed R-tree and rstar overlay: bbox, identify, nearest, what applies here.
//!
//! A layer is a [`PackedIndex`] made once per dataset generation, and beside it a small tree of the features that were
//! edited since: see [`LayerIndex`]. All boxes are in metres on the store's grid.

mod identify;
mod layer;
mod packed;

pub use identify::{Identified, Measured, identify, measure};
pub use layer::{FeatureRow, LayerIndex};
pub use packed::{PackedIndex, SpatialError, hilbert_order};
