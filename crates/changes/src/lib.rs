//! Operations, the pure three-way merge, conflicts as values; no I/O.
//!
//! One operation is one journalled edit of one feature. It is written with the edit in one transaction and never
//! changed after; whoever receives it judges it by its old values with the merge of this room.

mod conflict;
mod equal;
mod merge;
mod open;
mod operation;
mod rule;
mod schema;
mod unique;

pub use conflict::{Clash, Conflict, ConflictKind, WHOLE_ROW, conflict_id};
pub use equal::{canonical_wkb, is_same_in, is_same_value};
pub use merge::{
    Current, CurrentRow, Effect, FieldOutcome, Merge, RowValues, Verdict, merge, merge_among,
};
pub use open::OpenConflict;
pub use operation::{Change, Operation, OperationKind};
pub use rule::with_group_members;
pub use schema::MergeSchema;
pub use unique::{claimed_keys, duplicate_key};
