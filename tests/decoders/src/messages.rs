//! What travels between laptop and store.

use std::collections::BTreeMap;
use std::fmt::Debug;

use faltkarta_changes::{Conflict, Operation};
use faltkarta_model::{DatasetId, FeatureId};
use faltkarta_protocol::{
    Base, BaseMapOffer, BaseMapPieces, Columned, Declaration, DigestReply, ErrorBody, JoinReply,
    JoinRequest, NumberBlock, NumberRequest, PackageManifest, PullReply, PushReply, PushRequest,
    RowsReply, Subscription,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What is read is written and read again as the same.
fn round<T: DeserializeOwned + Serialize + PartialEq + Debug>(bytes: &[u8]) -> Option<T> {
    let read: T = serde_json::from_slice(bytes).ok()?;
    let written = serde_json::to_vec(&read).unwrap_or_default();
    assert_eq!(serde_json::from_slice::<T>(&written).ok().as_ref(), Some(&read));
    Some(read)
}

pub(crate) fn operation(bytes: &[u8]) {
    if let Some(op) = round::<Operation>(bytes) {
        let again = Operation::clone(&op);
        assert_eq!(op.hash(), again.hash());
    }
    round::<Conflict>(bytes);
}

pub(crate) fn push_request(bytes: &[u8]) {
    round::<PushRequest>(bytes);
}

/// Columns, and the push that they hold when every row that they name is the same: what is read is written again.
pub(crate) fn push_columns(bytes: &[u8]) {
    // Damage to what is folded seldom unfolds again, so the sections are fed as they are too.
    let Ok(columns) = Columned::read(bytes).or_else(|_| Columned::read_unfolded(bytes)) else {
        return;
    };
    let Ok(dataset) = DatasetId::parse("valve") else { return };
    let base = |seq: u64| Base {
        seq,
        dataset: dataset.clone(),
        feature: FeatureId::of_delivered(&dataset, &seq.to_string()),
        version: 1,
        values: BTreeMap::new(),
    };
    let known = columns.base_seqs().into_iter().map(|it| (it, base(it))).collect();
    if let Ok(request) = columns.fill(&known) {
        round::<PushRequest>(&serde_json::to_vec(&request).unwrap_or_default());
    }
}

pub(crate) fn push_reply(bytes: &[u8]) {
    round::<PushReply>(bytes);
}

pub(crate) fn pull_reply(bytes: &[u8]) {
    round::<PullReply>(bytes);
}

pub(crate) fn rows_reply(bytes: &[u8]) {
    round::<RowsReply>(bytes);
}

pub(crate) fn subscription(bytes: &[u8]) {
    round::<Subscription>(bytes);
}

pub(crate) fn package(bytes: &[u8]) {
    round::<PackageManifest>(bytes);
}

pub(crate) fn other_messages(bytes: &[u8]) {
    round::<JoinRequest>(bytes);
    round::<JoinReply>(bytes);
    round::<Declaration>(bytes);
    round::<DigestReply>(bytes);
    round::<NumberRequest>(bytes);
    round::<NumberBlock>(bytes);
    round::<ErrorBody>(bytes);
    round::<BaseMapOffer>(bytes);
    if let Some(told) = round::<BaseMapPieces>(bytes)
        && let Some(pieces) = told.pieces()
    {
        assert_eq!(BaseMapPieces::of(&told.sha256, &pieces).pieces(), Some(pieces));
    }
}
