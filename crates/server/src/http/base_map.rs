//! The base map by itself, so that a laptop renews it without a new package.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use faltkarta_protocol::{BASE_MAP_FORMAT, BaseMapOffer, BaseMapPieces};

use crate::error::StoreError;
use crate::http::answer::Refusal;
use crate::http::context::{Asker, Context};
use crate::http::files::{self, Served};
use crate::http::package;
use crate::packaging::{DrawnMap, kept_base_map, pieces_of};
use crate::role::Role;

/// `GET /sync/v1/{workspace}/basemap`
pub(super) async fn offer(
    State(context): State<Context>,
    Asker(_): Asker,
) -> Result<Json<BaseMapOffer>, Refusal> {
    let offer = context.run(|it| {
        let DrawnMap { path, sha256 } = it.prepared.base_map(it.store.as_ref())?;
        let n_bytes = path.metadata().map_err(StoreError::io("reading", &path))?.len();
        Ok(BaseMapOffer { format: BASE_MAP_FORMAT.to_owned(), sha256, n_bytes })
    });
    Ok(Json(offer.await?))
}

/// `GET /sync/v1/{workspace}/basemap/{sha256}/pieces`
pub(super) async fn pieces(
    State(context): State<Context>,
    Asker(device): Asker,
    Path((_, sha256)): Path<(String, String)>,
) -> Result<Json<BaseMapPieces>, Refusal> {
    let told = context.run(move |it| {
        let map = find(it, device.role, &sha256)?;
        pieces_of(&map.path, &map.sha256)
    });
    Ok(Json(told.await?))
}

/// `GET /sync/v1/{workspace}/basemap/{sha256}`
pub(super) async fn file(
    State(context): State<Context>,
    Asker(device): Asker,
    Path((_, sha256)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let served = context.run(move |it| {
        let map = find(it, device.role, &sha256)?;
        Served::file(&map.path, map.sha256, "application/octet-stream")
    });
    Ok(files::serve(&headers, served.await?))
}

/// A base map of the store or of a prepared package. Paths come from names that were found, never from a request.
fn find(context: &Context, role: Role, sha256: &str) -> Result<DrawnMap, StoreError> {
    kept_base_map(context.store.as_ref(), sha256)
        .or_else(|| package::base_map_of(context, role, sha256))
        .ok_or(StoreError::PackageChanged)
}
