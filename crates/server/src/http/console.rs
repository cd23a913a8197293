//! The coordinator's console: its pages, who is signed in, and what it asks and does. Below `/console`.

use std::path::{Component, Path, PathBuf};

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequestParts, Path as PathPart, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use faltkarta_model::{FeatureId, OpId, ReplicaId};
use faltkarta_protocol::{JoinRequest, PROTOCOL_VERSION};
use uuid::Uuid;

use crate::backend::{CONSOLE_DEVICE, DeviceRow, Task};
use crate::console::{
    ConsoleCaseDto, ConsoleDecisionDto, ConsoleDeviceDto, ConsoleHeldDto, ConsoleOverviewDto,
    ConsoleSignInDto, cases, decide_case, devices, held, overview,
};
use crate::error::StoreError;
use crate::http::answer::Refusal;
use crate::http::context::{Context, Peer};
use crate::http::deliveries;
use crate::http::sync::body;

/// The cookie that holds the token of the browser. Scripts cannot read it, and other sites cannot send it.
const COOKIE: &str = "faltkarta_console";
/// A header that a page of another site cannot set.
const OWN_PAGE: &str = "x-faltkarta-console";

pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route("/console", get(|| async { Redirect::permanent("/console/") }))
        .route("/console/", get(pages))
        .route("/console/{*page}", get(pages))
        .route("/console/api/session", post(sign_in).delete(sign_out))
        .route("/console/api/overview", get(get_overview))
        .route("/console/api/devices", get(get_devices))
        .route("/console/api/devices/{id}/revoke", post(revoke))
        .route("/console/api/cases", get(get_cases))
        .route("/console/api/cases/{feature}/decide", post(post_decision))
        .route("/console/api/held", get(get_held))
        .route("/console/api/held/{op}/accept", post(accept))
        .merge(deliveries::routes())
        .layer(middleware::from_fn(guard))
}

/// Nothing of other origins runs in the console or shows it in a frame, and only its own pages change anything.
async fn guard(request: Request, next: Next) -> Response {
    let is_reading = request.method().is_safe();
    let mut response = if is_reading || request.headers().contains_key(OWN_PAGE) {
        next.run(request).await
    } else {
        Refusal(StoreError::Unpermitted).into_response()
    };
    let headers = response.headers_mut();
    let policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                  frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Who is signed in, and may coordinate.
pub(super) struct Coordinator(pub(super) DeviceRow);

impl FromRequestParts<Context> for Coordinator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Refusal> {
        let cookies = parts.headers.get_all(header::COOKIE).iter();
        let token = cookies
            .filter_map(|it| it.to_str().ok())
            .flat_map(|it| it.split(';'))
            .find_map(|it| it.trim().strip_prefix(COOKIE)?.strip_prefix('='))
            .map(str::to_owned)
            .ok_or(StoreError::SignedOut)?;
        let device = context.run(move |it| it.store.device_of_token(&token, it.rim.now())).await?;
        if !device.role.may_coordinate() {
            return Err(StoreError::Unpermitted.into());
        }
        Ok(Self(device))
    }
}

/// `POST /console/api/session`: a coordinator's one-time code becomes a session of this browser.
async fn sign_in(
    State(context): State<Context>,
    _peer: Peer,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let wish: ConsoleSignInDto = parse(&body(bytes)?)?;
    let user = wish.user.trim().to_owned();
    if user.is_empty() || user.chars().count() > 200 {
        let text = "a name must have 1–200 characters".to_owned();
        return Err(StoreError::Malformed { text }.into());
    }
    let joined = context.run(move |it| {
        let request = JoinRequest {
            protocol: PROTOCOL_VERSION,
            code: Some(wish.code),
            device_name: CONSOLE_DEVICE.to_owned(),
            user_name: user,
            replica: ReplicaId::from_uuid(it.rim.new_id()),
        };
        let joined = it.store.join(&request, false, it.rim.as_ref())?;
        if !joined.role.parse().is_ok_and(crate::role::Role::may_coordinate) {
            // Nothing of this browser stays behind; the code is spent, as any that somebody typed in.
            let device = it.store.device_of_token(&joined.token, it.rim.now())?;
            it.store.revoke_device(device.id)?;
            return Err(StoreError::Unpermitted);
        }
        Ok(joined)
    });
    let joined = joined.await?;
    let cookie = format!(
        "{COOKIE}={}; Path=/console; HttpOnly; SameSite=Strict; Max-Age=2592000",
        joined.token
    );
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

/// `DELETE /console/api/session`: the browser's token is worth nothing from now on.
async fn sign_out(
    State(context): State<Context>,
    Coordinator(device): Coordinator,
) -> Result<Response, Refusal> {
    context.run(move |it| it.store.revoke_device(device.id)).await?;
    let cookie = format!("{COOKIE}=; Path=/console; HttpOnly; SameSite=Strict; Max-Age=0");
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

async fn get_overview(
    State(context): State<Context>,
    Coordinator(device): Coordinator,
) -> Result<Json<ConsoleOverviewDto>, Refusal> {
    let seen = context.run(move |it| overview(it.store.as_ref(), &device, it.rim.now()));
    Ok(Json(seen.await?))
}

async fn get_devices(
    State(context): State<Context>,
    Coordinator(device): Coordinator,
) -> Result<Json<Vec<ConsoleDeviceDto>>, Refusal> {
    Ok(Json(context.run(move |it| devices(it.store.as_ref(), &device)).await?))
}

async fn revoke(
    State(context): State<Context>,
    Coordinator(_): Coordinator,
    PathPart(id): PathPart<Uuid>,
) -> Result<StatusCode, Refusal> {
    context.run(move |it| it.store.revoke_device(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn get_cases(
    State(context): State<Context>,
    Coordinator(_): Coordinator,
) -> Result<Json<Vec<ConsoleCaseDto>>, Refusal> {
    Ok(Json(context.run(move |it| cases(it.store.as_ref())).await?))
}

/// `POST /console/api/cases/{feature}/decide`
async fn post_decision(
    State(context): State<Context>,
    Coordinator(device): Coordinator,
    PathPart(feature): PathPart<FeatureId>,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Refusal> {
    let wish: ConsoleDecisionDto = parse(&body(bytes)?)?;
    let decided = context.run(move |it| {
        decide_case(it.store.as_ref(), feature, &wish, &device.user, it.rim.as_ref())
    });
    decided.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /console/api/held/{op}/accept`
async fn accept(
    State(context): State<Context>,
    Coordinator(device): Coordinator,
    PathPart(op): PathPart<OpId>,
) -> Result<StatusCode, Refusal> {
    let accepted = context
        .run(move |it| it.store.judge(&Task::Accept { op, by: &device.user }, it.rim.as_ref()));
    accepted.await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn get_held(
    State(context): State<Context>,
    Coordinator(_): Coordinator,
) -> Result<Json<Vec<ConsoleHeldDto>>, Refusal> {
    Ok(Json(context.run(move |it| held(it.store.as_ref())).await?))
}

fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Malformed { text: error.to_string() })
}

/// The built pages. The store serves without them too.
async fn pages(
    State(context): State<Context>,
    page: Option<PathPart<String>>,
    _headers: HeaderMap,
) -> Result<Response, Refusal> {
    let name = page.map_or_else(String::new, |PathPart(it)| it);
    let folder = context.console_pages.clone().ok_or(StoreError::NotFound)?;
    let file = page_file(&folder, &name).ok_or(StoreError::NotFound)?;
    let media_type = media_type(&file);
    let bytes = context.run(move |_| {
        std::fs::read(&file).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => StoreError::NotFound,
            _ => StoreError::io("reading", &file)(error),
        })
    });
    Ok(([(header::CONTENT_TYPE, media_type)], bytes.await?).into_response())
}

/// The file of a page, which never lies outside the folder.
fn page_file(folder: &Path, name: &str) -> Option<PathBuf> {
    let name = if name.is_empty() { "console.html" } else { name };
    let is_inside = Path::new(name).components().all(|it| matches!(it, Component::Normal(_)));
    is_inside.then(|| folder.join(name))
}

fn media_type(file: &Path) -> &'static str {
    match file.extension().and_then(|it| it.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("woff2") => "font/woff2",
        Some("woff") => "font/woff",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder_of_pages() {
        let folder = Path::new("pages");
        assert_eq!(page_file(folder, ""), Some(folder.join("console.html")));
        assert_eq!(page_file(folder, "assets/a.js"), Some(folder.join("assets/a.js")));
        for name in ["../store.sqlite", "/etc/passwd", "assets/../../store.sqlite", "./a"] {
            assert_eq!(page_file(folder, name), None, "{name}");
        }
    }
}
