use faltkarta_model::Timestamp;
use uuid::Uuid;

/// What a store needs from the world outside: the clock, ids and chance. The command line passes in the real ones,
/// tests pass in ones that count.
pub trait Rim: Send + Sync + 'static {
    /// The moment.
    fn now(&self) -> Timestamp;

    /// An id that was never given before.
    fn new_id(&self) -> Uuid;

    /// 32 bytes that nobody can guess; tokens and codes are made of them.
    fn secret(&self) -> [u8; 32];
}
