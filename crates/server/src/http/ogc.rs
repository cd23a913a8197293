//! OGC API Features over HTTP, below `/ogc`.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request as HttpRequest, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http::answer::Refusal;
use crate::http::context::Context;
use crate::ogc::{
    Answer, BODY_BYTES_MAX, Problem, Request, Service, Verb, answer, parameters, path_pieces,
    refused,
};

const PREFIX: &str = "/ogc";

pub(super) fn routes() -> Router<Context> {
    Router::new()
        .route(PREFIX, any(serve))
        .route("/ogc/", any(serve))
        .route("/ogc/{*path}", any(serve))
}

async fn serve(State(context): State<Context>, request: HttpRequest) -> Response {
    let (parts, body) = request.into_parts();
    let read = read(&parts.method, parts.uri.path(), parts.uri.query(), &parts.headers);
    let mut request = match read {
        Ok(request) => request,
        Err(problem) => return carried(refused(&problem, None)),
    };
    let token = match token(&parts.headers) {
        Ok(token) => token,
        Err(problem) => return carried(refused(&problem, Some(&request))),
    };
    if let Some(token) = token {
        let asker = context.run(move |it| it.store.device_of_token(&token, it.rim.now())).await;
        match asker {
            Ok(asker) => request.asker = Some(asker),
            Err(Refusal(error)) => return carried(refused(&error.into(), Some(&request))),
        }
    }
    // Nobody's bytes are taken before he is known.
    if request.asker.is_some() {
        match body_of(body).await {
            Ok(bytes) => request.body = bytes.to_vec(),
            Err(problem) => return carried(refused(&problem, Some(&request))),
        }
    }
    let answered = context.run(move |it| {
        let service =
            Service { store: it.store.as_ref(), rim: it.rim.as_ref(), extents: &it.extents };
        Ok(answer(&service, &request))
    });
    match answered.await {
        Ok(answer) => carried(answer),
        Err(Refusal(error)) => carried(refused(&error.into(), None)),
    }
}

fn read(
    method: &Method,
    path: &str,
    query: Option<&str>,
    headers: &HeaderMap,
) -> Result<Request, Problem> {
    let said = |name: HeaderName| -> Option<String> {
        let values: Vec<&str> =
            headers.get_all(name).iter().filter_map(|it| it.to_str().ok()).collect();
        (!values.is_empty()).then(|| values.join(", "))
    };
    let content_type = said(header::CONTENT_TYPE)
        .map(|it| it.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    Ok(Request {
        verb: match *method {
            Method::GET | Method::HEAD => Verb::Get,
            Method::OPTIONS => Verb::Options,
            Method::POST => Verb::Post,
            Method::PUT => Verb::Put,
            Method::PATCH => Verb::Patch,
            Method::DELETE => Verb::Delete,
            _ => Verb::Other,
        },
        path: path_pieces(path.strip_prefix(PREFIX).unwrap_or_default())?,
        query: parameters(query.unwrap_or_default())?,
        accept: said(header::ACCEPT),
        content_type,
        content_crs: said(HeaderName::from_static("content-crs")),
        if_match: said(header::IF_MATCH),
        if_none_match: said(header::IF_NONE_MATCH),
        base: base(headers),
        asker: None,
        body: vec![],
    })
}

/// The address of the service as the asker knows it. A proxy says whether it was reached over TLS.
fn base(headers: &HeaderMap) -> String {
    let said = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    let is_host = |it: &&str| {
        it.len() <= 255
            && it.bytes().all(|it| it.is_ascii_alphanumeric() || b".-:[]_".contains(&it))
    };
    let host = said("x-forwarded-host").or_else(|| said("host")).filter(is_host);
    let scheme = match said("x-forwarded-proto") {
        Some("https") => "https",
        _ => "http",
    };
    host.map_or_else(|| PREFIX.to_owned(), |it| format!("{scheme}://{it}{PREFIX}"))
}

/// The token of a request: a bearer's, or the password of any user's name, which programs for maps can send.
fn token(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(said) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let unread = || {
        Problem::new("signed_out", "Authorization is Bearer, or Basic with the token as password")
    };
    let said = said.to_str().map_err(|_| unread())?;
    let (scheme, rest) = said.split_once(' ').ok_or_else(unread)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Ok(Some(rest.trim().to_owned()));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(unread());
    }
    let pair = STANDARD.decode(rest.trim()).ok().and_then(|it| String::from_utf8(it).ok());
    let pair = pair.ok_or_else(unread)?;
    let (_, password) = pair.split_once(':').ok_or_else(unread)?;
    Ok(Some(password.to_owned()))
}

async fn body_of(body: Body) -> Result<Bytes, Problem> {
    to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| {
        Problem::new(
            "too_large",
            format!("the body has more than {BODY_BYTES_MAX} bytes, or broke off"),
        )
    })
}

fn carried(answer: Answer) -> Response {
    let status = axum::http::StatusCode::from_u16(answer.status);
    let status = status.unwrap_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, answer.body).into_response();
    response.headers_mut().remove(header::CONTENT_TYPE);
    for (name, value) in answer.headers {
        // What cannot be a header is left out; a dataset's title is in none.
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().append(HeaderName::from_static(name), value);
        }
    }
    let nosniff = HeaderValue::from_static("nosniff");
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}
