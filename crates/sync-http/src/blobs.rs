use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use faltkarta_app::{BlobState, LinkError};
use faltkarta_model::BlobId;
use sha2::{Digest as _, Sha256};
use ureq::Body;
use ureq::http::{Response, header};

use crate::answer::{accepted, media_type, of_call, offset};
use crate::link::HttpLink;

/// Most bytes of a preview.
const PREVIEW_BYTES_MAX: u64 = 64 << 10;

/// `Content-Digest` of RFC 9530.
fn digest(bytes: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(bytes)))
}

impl HttpLink {
    fn blob_path(&self, workspace: &str, blob: &BlobId) -> String {
        self.path(workspace, &format!("blobs/{blob}"))
    }

    pub(crate) fn head_of_blob(
        &self,
        workspace: &str,
        blob: &BlobId,
    ) -> Result<BlobState, LinkError> {
        let called = self
            .agent
            .head(self.blob_path(workspace, blob))
            .header(header::AUTHORIZATION, self.bearer()?)
            .call();
        let response = called.map_err(|error| of_call(&error))?;
        match response.status().as_u16() {
            404 => Ok(BlobState::Partial(0)),
            // These answers have no body that could say more.
            401 => Err(LinkError::SignedOut),
            403 => Err(LinkError::Unpermitted),
            _ => upload_state(&accepted(response)?),
        }
    }

    pub(crate) fn patch_blob(
        &self,
        workspace: &str,
        blob: &BlobId,
        offset: u64,
        n_bytes_total: u64,
        bytes: &[u8],
    ) -> Result<BlobState, LinkError> {
        let called = self
            .agent
            .patch(self.blob_path(workspace, blob))
            .header(header::AUTHORIZATION, self.bearer()?)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header("Upload-Offset", offset.to_string())
            .header("Upload-Length", n_bytes_total.to_string())
            .header("Content-Digest", digest(bytes))
            .send(bytes);
        upload_state(&accepted(called.map_err(|error| of_call(&error))?)?)
    }

    pub(crate) fn put_preview(
        &self,
        workspace: &str,
        blob: &BlobId,
        jpeg: &[u8],
    ) -> Result<(), LinkError> {
        let called = self
            .agent
            .put(format!("{}/preview", self.blob_path(workspace, blob)))
            .header(header::AUTHORIZATION, self.bearer()?)
            .header(header::CONTENT_TYPE, "image/jpeg")
            .header("Content-Digest", digest(jpeg))
            .send(jpeg);
        let response = accepted(called.map_err(|error| of_call(&error))?)?;
        // A portal greets every request with a page.
        if response.status().as_u16() == 204 { Ok(()) } else { Err(LinkError::NotAGeodataStore) }
    }

    pub(crate) fn get_preview(&self, workspace: &str, blob: &BlobId) -> Result<Vec<u8>, LinkError> {
        let called = self
            .agent
            .get(format!("{}/preview", self.blob_path(workspace, blob)))
            .header(header::AUTHORIZATION, self.bearer()?)
            .call();
        let response = accepted(called.map_err(|error| of_call(&error))?)?;
        if !media_type(&response).is_some_and(|it| it.eq_ignore_ascii_case("image/jpeg")) {
            return Err(LinkError::NotAGeodataStore);
        }
        let body = response.into_body().into_with_config().limit(PREVIEW_BYTES_MAX);
        body.read_to_vec().map_err(|error| of_call(&error))
    }

    /// Fetches from an offset to the end, whatever a proxy makes of the range.
    pub(crate) fn fetch_from(
        &self,
        url: &str,
        offset: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), LinkError>,
    ) -> Result<(), LinkError> {
        self.fetch_range(url, offset, None, sink)
    }

    /// Fetches from an offset to before an end, of which `None` is that of the file.
    pub(crate) fn fetch_range(
        &self,
        url: &str,
        offset: u64,
        end: Option<u64>,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), LinkError>,
    ) -> Result<(), LinkError> {
        let last = end.map(|it| it.saturating_sub(1).to_string()).unwrap_or_default();
        let called = self
            .agent
            .get(url)
            .header(header::AUTHORIZATION, self.bearer()?)
            .header(header::RANGE, format!("bytes={offset}-{last}"))
            .call();
        let response = accepted(called.map_err(|error| of_call(&error))?)?;
        if media_type(&response).is_some_and(|it| it.eq_ignore_ascii_case("text/html")) {
            return Err(LinkError::NotAGeodataStore);
        }
        let n_skipped = first_byte(&response, offset)?;
        let mut body = response.into_body().into_reader();
        let mut n_to_skip = offset - n_skipped;
        let mut n_left = end.map_or(u64::MAX, |end| end.saturating_sub(n_skipped));
        let mut block = vec![0; 1 << 16];
        loop {
            // At the end one byte more is asked for: none is there, and the connection is good for the next range.
            let n_wanted = n_left.clamp(1, block.len() as u64) as usize;
            let n = body
                .read(&mut block[..n_wanted])
                .map_err(|error| LinkError::Unreachable { text: error.to_string() })?;
            if n == 0 || n_left == 0 {
                return Ok(());
            }
            n_left -= n as u64;
            // Some proxies drop the range and send the file from its beginning.
            let skip = n_to_skip.min(n as u64);
            n_to_skip -= skip;
            if skip < n as u64 {
                sink(&block[skip as usize..n])?;
            }
        }
    }

    pub(crate) fn get_blob(
        &self,
        workspace: &str,
        blob: &BlobId,
        offset: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), LinkError>,
    ) -> Result<(), LinkError> {
        self.fetch_from(&self.blob_path(workspace, blob), offset, sink)
    }
}

/// Where the bytes of an answer begin in the file: at the asked offset, or at 0 when the range was not heeded.
fn first_byte(response: &Response<Body>, offset: u64) -> Result<u64, LinkError> {
    if response.status().as_u16() != 206 {
        return Ok(0);
    }
    let range = response.headers().get(header::CONTENT_RANGE).and_then(|it| it.to_str().ok());
    let first = range
        .and_then(|it| it.strip_prefix("bytes "))
        .and_then(|it| it.split('-').next())
        .and_then(|it| it.parse::<u64>().ok());
    if first == Some(offset) {
        Ok(offset)
    } else {
        Err(LinkError::Damaged { text: "another part of the file than asked".into() })
    }
}

/// What an answer says of a blob. Without the header it does not come from a store.
fn upload_state(response: &Response<Body>) -> Result<BlobState, LinkError> {
    let complete = response.headers().get("upload-complete").and_then(|it| it.to_str().ok());
    match (complete.map(str::trim), offset(response, "upload-offset")) {
        (Some("?1"), _) => Ok(BlobState::Complete),
        (Some("?0"), Some(n_bytes)) => Ok(BlobState::Partial(n_bytes)),
        _ => Err(LinkError::NotAGeodataStore),
    }
}
