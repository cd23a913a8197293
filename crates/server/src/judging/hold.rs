use faltkarta_changes::Operation;
use faltkarta_model::{GroupId, OpId, ReplicaId, Timestamp};
use faltkarta_protocol::{Author, Outcome};

use crate::error::StoreError;

/// Why an operation waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hold {
    /// For a feature or an operation by its id, or for a person or a newer declaration.
    Parked { why: &'static str, needs: Option<[u8; 16]> },
    /// For the coordinator.
    Quarantined { why: &'static str },
}

impl Hold {
    /// What the laptop is told.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Parked { why, .. } => Outcome::Parked { why: (*why).to_owned() },
            Self::Quarantined { why } => Outcome::Quarantined { why: (*why).to_owned() },
        }
    }
}

/// An operation with what is known only where it arrived.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Arrived {
    /// The operation.
    pub(crate) op: Operation,
    /// Hash of its content.
    pub(crate) hash: [u8; 32],
    /// When it arrived.
    pub(crate) at: Timestamp,
    /// Name of the laptop it came from.
    pub(crate) device: String,
    /// The number that it had in a history that the store has lost.
    pub(crate) former_seq: Option<u64>,
}

/// Why operations are parked that laptops give back after a restore.
pub(crate) const GATHERED: &str = "recovery";

/// The key beside those of the operation under which its former number is kept while it waits; readers of operations
/// pass over keys that they do not know.
const FORMER_SEQ: &str = "former_seq";

impl Arrived {
    /// An operation that arrives now.
    pub(crate) fn new(op: Operation, at: Timestamp, device: String) -> Self {
        let hash = op.hash();
        Self { op, hash, at, device, former_seq: None }
    }

    /// Who made it, as people are told.
    pub(crate) fn by(&self) -> Author {
        Author { user: self.op.user.clone(), device: self.device.clone(), at: self.op.device_time }
    }

    /// The row that keeps it whole.
    pub(crate) fn held(&self, hold: &Hold) -> HeldOp {
        let (is_parked, why, needs) = match hold {
            Hold::Parked { why, needs } => (true, *why, *needs),
            Hold::Quarantined { why } => (false, *why, None),
        };
        HeldOp {
            op: self.op.id,
            hash: self.hash,
            is_parked,
            why: why.to_owned(),
            needs,
            group: self.op.group.filter(|_| self.op.atomic),
            replica: Some(self.op.replica),
            op_no: self.op.op_no,
            at: self.at,
            device: self.device.clone(),
            payload: self.payload(),
        }
    }

    fn payload(&self) -> String {
        // Every part of an operation serializes.
        let mut json = serde_json::to_value(&self.op).unwrap_or_default();
        match (self.former_seq, &mut json) {
            (Some(seq), serde_json::Value::Object(keys)) => {
                keys.insert(FORMER_SEQ.to_owned(), seq.into());
                json.to_string()
            }
            _ => serde_json::to_string(&self.op).unwrap_or_default(),
        }
    }
}

/// An operation that waits, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeldOp {
    /// Its id.
    pub(crate) op: OpId,
    /// Hash of its content, or of its text when it cannot be read.
    pub(crate) hash: [u8; 32],
    /// Whether it is parked, else quarantined.
    pub(crate) is_parked: bool,
    /// Why, as the outcome says it.
    pub(crate) why: String,
    /// The feature or operation that a parked one waits for.
    pub(crate) needs: Option<[u8; 16]>,
    /// Its atomic group.
    pub(crate) group: Option<GroupId>,
    /// Where it was made; unknown when it cannot be read.
    pub(crate) replica: Option<ReplicaId>,
    /// Its number there.
    pub(crate) op_no: u32,
    /// When it arrived.
    pub(crate) at: Timestamp,
    /// Name of the laptop it came from.
    pub(crate) device: String,
    /// Its JSON.
    pub(crate) payload: String,
}

impl HeldOp {
    /// The operation as it arrived.
    pub(crate) fn arrived(&self) -> Result<Arrived, StoreError> {
        let op: Operation = serde_json::from_str(&self.payload).map_err(StoreError::damaged)?;
        let json: serde_json::Value =
            serde_json::from_str(&self.payload).map_err(StoreError::damaged)?;
        let former_seq = json.get(FORMER_SEQ).and_then(serde_json::Value::as_u64);
        Ok(Arrived { op, hash: self.hash, at: self.at, device: self.device.clone(), former_seq })
    }
}
