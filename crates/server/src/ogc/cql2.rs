//! The part of CQL2 text that is understood: comparisons, `AND`, `OR`, `NOT`, `LIKE`, `BETWEEN`, `IN`, `IS NULL`,
//! `CASEI` and `S_INTERSECTS` with a literal shape. Text in, a tree out; what the names mean is not asked here.

mod expression;
mod parser;
mod token;
mod wkt;

pub(crate) use expression::{Comparison, Expression, Literal, Operand};
pub(crate) use parser::{Limits, parse};
