//! How a store judges operations: claim, merge, hold, conflict, number. One way for every backend; a backend gives
//! [`Rows`], one open transaction, and nothing here knows what lies behind it.
//!
//! The judge reads through a [`sheet::Sheet`] and writes into a [`Batch`] in memory. Going back is forgetting a part
//! of the batch, so no savepoints are needed, and everything is written in one last step, in which the feed's counter
//! comes last of all that somebody else could wait for.

mod aftermath;
mod apply;
mod batch;
mod catalogue;
mod chain;
mod content;
mod delivery;
mod derive;
mod dispute;
mod hold;
mod judge;
mod push;
mod recovery;
mod rows;
mod sheet;
mod spread;
mod task;
mod translate;

pub(crate) use aftermath::look_again;
pub(crate) use apply::{Circumstances, merge_row, set_by};
pub(crate) use batch::{Batch, Entry, LineageRow, LogRow};
pub(crate) use catalogue::{Catalogue, Declared};
pub(crate) use chain::{first_chain, next_chain};
pub(crate) use content::{Content, Hash16, properties_json};
pub(crate) use delivery::{delivered_cause, delivered_content, delivered_op};
pub(crate) use dispute::{ConflictRow, ConflictState};
pub(crate) use hold::HeldOp;
pub(crate) use push::{take_alone, take_push};
pub(crate) use recovery::finish_recovery;
pub(crate) use rows::{
    ChildRow, FeatureRow, Held, Lineage, Logged, Opening, Place, Rows, Settled, WitnessIs,
};
pub(crate) use spread::moves_along;
pub(crate) use task::carry_out;
pub(crate) use translate::{convert, may_follow};
