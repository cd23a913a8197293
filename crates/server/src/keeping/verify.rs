use std::path::Path;

use crate::blobs::Depot;
use crate::error::StoreError;
use crate::sqlite::Proof;

/// What was proved of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyReport {
    /// The history.
    pub epoch: String,
    /// The first number that the feed still holds.
    pub min_seq: u64,
    /// Number of the last entry.
    pub seq: u64,
    /// Chain hash there, 32 hexadecimal digits.
    pub chain: String,
    /// Highest number that is in every usable backup.
    pub safe_seq: u64,
    /// How many attachments are there whole.
    pub n_blobs: u64,
}

/// Proves a store in a folder, served or not: the database's own check, the feed from its first number on without a
/// hole and with every chain hash, every attachment there in its length.
///
/// # Errors
///
/// [`StoreError::NoStore`], [`StoreError::Damaged`], [`StoreError::FeedBroken`] and those of the file system.
pub fn verify(folder: &Path) -> Result<VerifyReport, StoreError> {
    let proof = Proof::open(folder)?;
    let head = proof.prove()?;
    let depot = Depot::of_store(folder)?;
    let mut n_blobs = 0;
    for (blob, n_bytes) in proof.blobs()? {
        if depot.size(&blob)? != Some(n_bytes) {
            return Err(StoreError::damaged(format!("{blob} is not there whole")));
        }
        n_blobs += 1;
    }
    Ok(VerifyReport {
        epoch: head.epoch,
        min_seq: head.min_seq,
        seq: head.seq,
        chain: head.chain,
        safe_seq: head.safe_seq,
        n_blobs,
    })
}
