use faltkarta_model::Timestamp;
use serde::{Deserialize, Serialize};

/// `PUT /sync/v1/{workspace}/report`: how things stand on a laptop, for the coordinator. It is sent at the end of each
/// round, and is never a reason for a round to fail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceReport {
    /// [`crate::PROTOCOL_VERSION`] of the laptop.
    pub protocol: u32,
    /// Version of the program, at most [`DeviceReport::MAX_VERSION_CHARS`] characters.
    pub app_version: String,
    /// Operations that are only on the laptop.
    pub saved_here: u32,
    /// Operations that the store has and that no usable backup holds yet.
    pub received: u32,
    /// Operations that every usable backup holds.
    pub secured: u32,
    /// Operations that wait for a person.
    pub needs_attention: u32,
    /// Forms that are not complete.
    pub drafts: u32,
    /// Photos of the operations that the laptop keeps.
    pub photos_taken: u32,
    /// Those of them that the store holds whole.
    pub photos_received: u32,
    /// Number up to which the laptop has pulled.
    pub cursor_seq: u64,
    /// Device time of the oldest operation that is only on the laptop; `None` when there is none.
    pub oldest_unsent_at: Option<Timestamp>,
}

impl DeviceReport {
    /// The most characters of [`DeviceReport::app_version`].
    pub const MAX_VERSION_CHARS: usize = 100;
}
