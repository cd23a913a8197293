use faltkarta_machine::MachineIds;
use faltkarta_model::{IdSource as _, Timestamp};
use faltkarta_server::Rim;
use uuid::Uuid;

/// The store's rim on a real machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MachineRim;

impl Rim for MachineRim {
    fn now(&self) -> Timestamp {
        faltkarta_machine::now()
    }

    fn new_id(&self) -> Uuid {
        MachineIds.next_id()
    }

    fn secret(&self) -> [u8; 32] {
        faltkarta_machine::secret()
    }
}
