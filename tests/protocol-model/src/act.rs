use crate::op::Val;

/// What a person does to a feature that he sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Deed {
    Create {
        area: Val,
    },
    /// One or two attributes get a value that nobody wrote before.
    Set {
        fields: u8,
    },
    Move {
        area: Val,
    },
    Delete,
    /// The first open conflict is decided for its candidate, or for what the store holds.
    Decide {
        is_mine: bool,
    },
}

/// What the network does to a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Fate {
    Arrives,
    /// It arrives, and the answer does not; or the laptop stops before it has written it down.
    AnswerLost,
    /// It arrives now and once more later.
    Twice,
    /// It arrives later only.
    Late,
}

/// One step of the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Act {
    /// `is_cut`: the laptop stops in the middle; only a bug makes that more or less than nothing.
    Edit {
        client: u8,
        feature: u8,
        deed: Deed,
        is_cut: bool,
    },
    Push {
        client: u8,
        fate: Fate,
    },
    Pull {
        client: u8,
        n: u8,
        is_cut: bool,
    },
    Arrive {
        request: u8,
    },
    Backup,
    Restore {
        backup: u8,
        is_announced: bool,
    },
    Copy {
        client: u8,
    },
    AddArea {
        client: u8,
        area: Val,
    },
    /// What a bug hid is seen.
    Surface,
}
