//! Operations, the pure three-way merge, conflicts as values; no I/O.
//!
//! One operation is one journalled edit of one feature. It is written with the edit in one transaction and never
//! changed after; whoever receives it judges it by its old values with the merge of this room.

mod operation;

pub use operation::{Change, Operation, OperationKind};
