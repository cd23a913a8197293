use sha2::{Digest as _, Sha256};

use crate::judging::content::{Hash16, first_half};

/// The chain before the first entry, from the epoch in which the store began.
pub(crate) fn first_chain(epoch: &str) -> Hash16 {
    first_half(&Sha256::digest(epoch.as_bytes()).into())
}

/// The chain after an entry, from the chain before it, the operation, the feature and the hash of the row after it.
pub(crate) fn next_chain(
    chain: Hash16,
    op: &[u8; 16],
    feature: &[u8; 16],
    row_hash: Hash16,
) -> Hash16 {
    let mut hasher = Sha256::new();
    hasher.update(chain);
    hasher.update(op);
    hasher.update(feature);
    hasher.update(row_hash);
    first_half(&hasher.finalize().into())
}
