/// The mistakes that the simulation must find, each at the place where it would really be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bug {
    /// The laptop stops showing an own edit as soon as the store has answered for it.
    OverlayDroppedAtAck,
    /// The store judges an operation that it has judged before.
    NoDedupe,
    /// The store takes the number of a feed entry outside the transaction that writes it.
    NumberBeforeCommit,
    /// A row that moves out of an area is not taken away from those who follow the area.
    NoLeave,
    /// A received row covers an own edit that is still under way.
    PullOverwritesPending,
    /// The merge lets the later arrival win.
    LastWriteWins,
    /// The store answers with a conflict and keeps nothing of it.
    ConflictNotStored,
    /// The laptop writes the edit and its journal row in two transactions.
    JournalApart,
    /// A repeated push carries new ids for the same operations.
    NewIdOnRetry,
    /// The store knows operations again by device and number, not by their id.
    DedupeByCounter,
    /// A restored store goes on under the name of its old history.
    EpochKept,
    /// A deletion holds although its author had not seen what the row says now.
    DeleteWinsUnseen,
    /// The laptop keeps the new cursor before the rows of the page.
    CursorFirst,
    /// The laptop forgets an operation as soon as the store has answered for it.
    PrunedAtAck,
    /// An older row may replace a newer one on the laptop.
    NoRowGuard,
    /// An operation whose parent is missing is dropped instead of kept waiting.
    ParentNotParked,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::OverlayDroppedAtAck,
        Self::NoDedupe,
        Self::NumberBeforeCommit,
        Self::NoLeave,
        Self::PullOverwritesPending,
        Self::LastWriteWins,
        Self::ConflictNotStored,
        Self::JournalApart,
        Self::NewIdOnRetry,
        Self::DedupeByCounter,
        Self::EpochKept,
        Self::DeleteWinsUnseen,
        Self::CursorFirst,
        Self::PrunedAtAck,
        Self::NoRowGuard,
        Self::ParentNotParked,
    ];

    /// Its name on command lines and in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OverlayDroppedAtAck => "overlay_dropped_at_ack",
            Self::NoDedupe => "no_dedupe",
            Self::NumberBeforeCommit => "number_before_commit",
            Self::NoLeave => "no_leave",
            Self::PullOverwritesPending => "pull_overwrites_pending",
            Self::LastWriteWins => "last_write_wins",
            Self::ConflictNotStored => "conflict_not_stored",
            Self::JournalApart => "journal_apart",
            Self::NewIdOnRetry => "new_id_on_retry",
            Self::DedupeByCounter => "dedupe_by_counter",
            Self::EpochKept => "epoch_kept",
            Self::DeleteWinsUnseen => "delete_wins_unseen",
            Self::CursorFirst => "cursor_first",
            Self::PrunedAtAck => "pruned_at_ack",
            Self::NoRowGuard => "no_row_guard",
            Self::ParentNotParked => "parent_not_parked",
        }
    }

    /// The bug of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }
}
