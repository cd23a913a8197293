//! Operations, the pure three-way merge, conflicts as values; no I/O.
//!
//! One operation is one journalled edit of one feature. It is written with the edit in one transaction and never
//! changed after; whoever receives it judges it by its old values with the merge of this room.

mod conflict;
mod equal;
mod merge;
mod operation;

pub use conflict::{Clash, Conflict, ConflictKind, WHOLE_ROW, conflict_id};
pub use equal::{canonical_wkb, is_same_value};
pub use merge::{
    Current, CurrentRow, Effect, FieldOutcome, Merge, MergeSchema, RowValues, Verdict, merge,
};
pub use operation::{Change, Operation, OperationKind};
