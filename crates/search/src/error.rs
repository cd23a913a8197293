/// Why bytes are not a search index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    /// The bytes begin otherwise, or were written by another version.
    #[error("bytes are not a search index of this version")]
    NotAnIndex,
    /// The bytes end too early.
    #[error("search index is cut off")]
    Truncated,
    /// A number points outside the table it belongs to.
    #[error("search index is damaged in its table of {table}")]
    Damaged {
        /// Which table.
        table: &'static str,
    },
}
