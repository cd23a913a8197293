//! The `tile:` scheme: base map, live layers and photos, answered on threads that may wait.

use std::panic::{AssertUnwindSafe, catch_unwind};

use faltkarta_ipc::{ApiError, TileAnswer};
use tauri::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use tauri::http::{HeaderValue, Response, StatusCode};

/// What stands at an address does not change: a live tile's address holds its version, a photo's its content.
const KEEP: HeaderValue = HeaderValue::from_static("private, max-age=31536000, immutable");
/// The base map is exchanged under the same address when a package is installed.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-store");
/// The map's worker has the origin of the page, which is not the origin of this scheme.
const ANY_ORIGIN: HeaderValue = HeaderValue::from_static("*");

/// Answers one address, `/base/14/8900/4700`. A fault while answering becomes 500: left to itself it would keep the
/// map waiting for ever.
pub(crate) fn respond(
    path: &str,
    tile: impl FnOnce(&str) -> Result<Option<TileAnswer>, ApiError>,
) -> Response<Vec<u8>> {
    let path = path.trim_start_matches('/');
    let (status, media_type, bytes) = match catch_unwind(AssertUnwindSafe(|| tile(path))) {
        Ok(Ok(Some(answer))) if answer.bytes.is_empty() => {
            (StatusCode::NO_CONTENT, answer.media_type, Vec::new())
        }
        Ok(Ok(Some(answer))) => (StatusCode::OK, answer.media_type, answer.bytes),
        Ok(Ok(None)) => (StatusCode::NOT_FOUND, String::new(), Vec::new()),
        Ok(Err(_)) => (StatusCode::SERVICE_UNAVAILABLE, String::new(), Vec::new()),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, String::new(), Vec::new()),
    };
    let is_lasting = status.is_success() && !path.starts_with("base/");
    let mut response = Response::new(bytes);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY_ORIGIN);
    headers.insert(CACHE_CONTROL, if is_lasting { KEEP } else { ASK_AGAIN });
    if let Ok(media_type) = HeaderValue::from_str(&media_type)
        && !media_type.is_empty()
    {
        headers.insert(CONTENT_TYPE, media_type);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jpeg(bytes: &[u8]) -> TileAnswer {
        TileAnswer { media_type: "image/jpeg".to_owned(), bytes: bytes.to_vec() }
    }

    #[test]
    fn a_tile_is_handed_over_without_the_leading_slash_and_may_be_read_by_the_worker() {
        let response = respond("/live/7/14/1/2", |path| {
            assert_eq!(path, "live/7/14/1/2");
            Ok(Some(jpeg(b"tile")))
        });
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.body(), b"tile");
        assert_eq!(response.headers()[CONTENT_TYPE], "image/jpeg");
        assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(response.headers()[CACHE_CONTROL], KEEP);
    }

    #[test]
    fn the_base_map_is_asked_for_again_because_a_package_may_exchange_it() {
        let response = respond("/base/5/1/2", |_| Ok(Some(jpeg(b"tile"))));
        assert_eq!(response.headers()[CACHE_CONTROL], ASK_AGAIN);
    }

    #[test]
    fn an_empty_tile_has_no_content_and_an_unknown_address_is_not_found() {
        assert_eq!(
            respond("/base/5/1/2", |_| Ok(Some(jpeg(b"")))).status(),
            StatusCode::NO_CONTENT
        );
        assert_eq!(respond("/else", |_| Ok(None)).status(), StatusCode::NOT_FOUND);
    }

    #[test]
    fn a_fault_while_drawing_is_answered_and_does_not_leave_the_map_waiting() {
        let response = respond("/live/1/14/1/2", |_| panic!("drawing failed"));
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    }

    #[test]
    fn without_a_desk_the_scheme_says_so() {
        let response = respond("/base/5/1/2", |_| Err(ApiError::FolderInUse));
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}
