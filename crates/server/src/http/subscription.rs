use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use faltkarta_model::DatasetId;
use faltkarta_protocol::{DigestReply, Head, RowsReply, Subscription};
use serde::Deserialize;

use crate::areas::{Reader, Wanted};
use crate::backend::{DeviceRow, GeodataStore, RowsAsk, StoreHead};
use crate::error::StoreError;
use crate::http::answer::Refusal;
use crate::http::context::{Asker, Context};
use crate::http::encoding::Message;
use crate::http::sync::parse;

/// A laptop as it reads the feed.
pub(super) fn reader(store: &dyn GeodataStore, device: &DeviceRow) -> Result<Reader, StoreError> {
    let subscription = store.subscription(device.id)?;
    Ok(Reader {
        role: device.role,
        wanted: Wanted::parse(&subscription.parts)?,
        revision: subscription.revision,
        seen: String::new(),
    })
}

/// `GET /sync/v1/{workspace}/subscription`
pub(super) async fn get(
    State(context): State<Context>,
    Asker(device): Asker,
) -> Result<Json<Subscription>, Refusal> {
    Ok(Json(context.run(move |it| it.store.subscription(device.id)).await?))
}

/// `PUT /sync/v1/{workspace}/subscription`
pub(super) async fn put(
    State(context): State<Context>,
    Asker(device): Asker,
    Message(bytes): Message,
) -> Result<Json<Subscription>, Refusal> {
    let kept = context.run(move |it| {
        let json = serde_json::from_slice(&bytes)
            .map_err(|error| StoreError::Malformed { text: error.to_string() })?;
        let wish: Subscription = parse(json)?;
        Wanted::parse(&wish.parts)?;
        let known = it.store.datasets();
        for dataset in wish.parts.iter().flat_map(|it| &it.datasets) {
            if !known.iter().any(|it| it.dataset.id == *dataset) {
                return Err(StoreError::UnknownDataset { dataset: dataset.clone() });
            }
        }
        it.store.set_subscription(device.id, &wish.parts)
    });
    Ok(Json(kept.await?))
}

/// Which rows, and how many.
#[derive(Debug, Deserialize)]
pub(super) struct Ask {
    dataset: DatasetId,
    #[serde(default)]
    after: String,
    since: Option<u64>,
    /// The newest entry that the laptop has heard of, as a cursor.
    #[serde(default)]
    seen: String,
    limit: Option<usize>,
}

/// `GET /sync/v1/{workspace}/rows`
pub(super) async fn rows(
    State(context): State<Context>,
    Asker(device): Asker,
    ask: Result<Query<Ask>, QueryRejection>,
) -> Result<Json<RowsReply>, Refusal> {
    let Ok(Query(ask)) = ask else {
        let text = "dataset, after, since, seen and limit cannot be read".to_owned();
        return Err(StoreError::Malformed { text }.into());
    };
    let limit = ask.limit.unwrap_or(1_000).clamp(1, 5_000);
    let seen = ask.seen;
    let ask = RowsAsk { dataset: ask.dataset, after: ask.after, since: ask.since, limit };
    let reply = context.run(move |it| {
        let reader = Reader { seen, ..reader(it.store.as_ref(), &device)? };
        let page = it.store.rows(&ask, &reader, it.rim.as_ref())?;
        Ok(RowsReply {
            entries: page.entries,
            next: page.next,
            epoch: page.at.epoch.clone(),
            cursor: page.cursor,
            at: head(page.at),
        })
    });
    Ok(Json(reply.await?))
}

/// `GET /sync/v1/{workspace}/digest`
pub(super) async fn digest(
    State(context): State<Context>,
    Asker(device): Asker,
) -> Result<Json<DigestReply>, Refusal> {
    let reply = context.run(move |it| {
        let (at, datasets) = it.store.digest(&reader(it.store.as_ref(), &device)?)?;
        Ok(DigestReply { at: head(at), datasets })
    });
    Ok(Json(reply.await?))
}

fn head(it: StoreHead) -> Head {
    Head { seq: it.seq, chain: it.chain }
}
