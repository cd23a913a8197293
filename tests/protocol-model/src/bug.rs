/// A mistake in the protocol that the checks must find: the sixteen of the project's sync design.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Bug {
    /// An own operation leaves the overlay at its outcome, before the row that holds it has come.
    DroppedAtAck,
    /// Known operations are judged again.
    NoDedupe,
    /// A feed number is taken before the commit, so that a later one can be seen first.
    SerialNumbers,
    /// What leaves an area is not told.
    NoLeave,
    /// A pulled row throws a waiting edit of the same feature away.
    PullOverwrites,
    /// The newest value wins.
    LastWriteWins,
    /// A conflict is answered and not kept.
    ConflictNotStored,
    /// The journal is written in a second transaction.
    SplitTransaction,
    /// A repeated operation gets a new id.
    NewIdOnRetry,
    /// Operations are known by laptop and number.
    DedupeByNumber,
    /// A restored store says nothing, and nobody asks.
    SameEpoch,
    /// A delete is obeyed whatever it had not seen.
    DeleteWins,
    /// The cursor is stored before the rows.
    CursorFirst,
    /// Operations are forgotten at their outcome.
    PrunedAtOnce,
    /// An older entry overwrites a newer row.
    NoRowGuard,
    /// What comes before its feature is not kept.
    NotParked,
}

impl Bug {
    /// All of them, in the order of the design's table.
    pub const ALL: [Self; 16] = [
        Self::DroppedAtAck,
        Self::NoDedupe,
        Self::SerialNumbers,
        Self::NoLeave,
        Self::PullOverwrites,
        Self::LastWriteWins,
        Self::ConflictNotStored,
        Self::SplitTransaction,
        Self::NewIdOnRetry,
        Self::DedupeByNumber,
        Self::SameEpoch,
        Self::DeleteWins,
        Self::CursorFirst,
        Self::PrunedAtOnce,
        Self::NoRowGuard,
        Self::NotParked,
    ];

    /// What the project's executable Python model calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::DroppedAtAck => "ack_drop",
            Self::NoDedupe => "no_dedupe",
            Self::SerialNumbers => "seq_gap",
            Self::NoLeave => "no_leave",
            Self::PullOverwrites => "pull_clobbers",
            Self::LastWriteWins => "lww",
            Self::ConflictNotStored => "drop_conflict",
            Self::SplitTransaction => "split_txn",
            Self::NewIdOnRetry => "regen_id",
            Self::DedupeByNumber => "devseq_key",
            Self::SameEpoch => "no_epoch",
            Self::DeleteWins => "delete_wins",
            Self::CursorFirst => "cursor_first",
            Self::PrunedAtOnce => "prune_early",
            Self::NoRowGuard => "no_rowguard",
            Self::NotParked => "no_park",
        }
    }
}
