use std::io::Read as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use faltkarta_app::{BlobState, Link, LinkError};
use faltkarta_model::BlobId;
use faltkarta_protocol::{
    JoinReply, JoinRequest, PackageManifest, PullReply, PushReply, PushRequest,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};
use ureq::Body;
use ureq::config::Config;
use ureq::http::{Response, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::Resolver;
use ureq::unversioned::transport::Connector;

use crate::address;
use crate::answer::{accepted, media_type, message, of_call, offset};

/// Wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Wait for the first byte of an answer: a store may prepare a package for half a minute.
const ANSWER: Duration = Duration::from_mins(2);
/// Wait for the next bytes; a slow network sends some all the time, a dead one does not.
const STALL: Duration = Duration::from_secs(30);
/// Entries of one page of the feed.
const PAGE_ENTRIES: u32 = 1_000;

/// The way to a geodata store over HTTP. TLS is used for `https` addresses, with the machine's own roots.
#[derive(Debug)]
pub struct HttpLink {
    agent: ureq::Agent,
    url: String,
    token: Option<String>,
}

impl HttpLink {
    /// A link to the store at an address. `token` is that of an earlier enrolment; [`Link::join`] sets it too.
    ///
    /// # Errors
    ///
    /// [`LinkError::NotAGeodataStore`] when the text is no `http` or `https` address.
    pub fn new(url: &str, token: Option<String>) -> Result<Self, LinkError> {
        Ok(Self { agent: config().into(), url: address::parse(url)?, token })
    }

    /// A link whose bytes go another way than over the machine's network; simulations pass in their own wire.
    ///
    /// # Errors
    ///
    /// As [`HttpLink::new`].
    pub fn over(
        url: &str,
        token: Option<String>,
        wire: impl Connector,
        resolver: impl Resolver,
    ) -> Result<Self, LinkError> {
        let agent = ureq::Agent::with_parts(config(), wire, resolver);
        Ok(Self { agent, url: address::parse(url)?, token })
    }

    /// The address.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn bearer(&self) -> Result<String, LinkError> {
        let token = self.token.as_deref().ok_or(LinkError::SignedOut)?;
        Ok(format!("Bearer {token}"))
    }

    pub(crate) fn path(&self, workspace: &str, rest: &str) -> String {
        format!("{}/sync/v1/{}/{rest}", self.url, address::escape(workspace))
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, LinkError> {
        let called = self.agent.get(url).header(header::AUTHORIZATION, self.bearer()?).call();
        message(called.map_err(|error| of_call(&error))?)
    }

    pub(crate) fn post<T: DeserializeOwned>(
        &self,
        url: &str,
        bearer: Option<&str>,
        body: &impl Serialize,
    ) -> Result<T, LinkError> {
        let bytes = serde_json::to_vec(body)
            .map_err(|error| LinkError::Damaged { text: error.to_string() })?;
        let mut request = self.agent.post(url).header(header::CONTENT_TYPE, "application/json");
        if let Some(bearer) = bearer {
            request = request.header(header::AUTHORIZATION, bearer);
        }
        message(request.send(bytes).map_err(|error| of_call(&error))?)
    }
}

fn config() -> Config {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(ANSWER))
        .timeout_per_read(Some(STALL))
        .timeout_per_write(Some(STALL))
        .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
        .user_agent(concat!("faltkarta/", env!("CARGO_PKG_VERSION")))
        .build()
}

impl HttpLink {
    /// Puts a message; the answer as it came.
    pub(crate) fn put(
        &self,
        url: &str,
        body: &impl Serialize,
    ) -> Result<Response<Body>, LinkError> {
        let bytes = serde_json::to_vec(body)
            .map_err(|error| LinkError::Damaged { text: error.to_string() })?;
        let request = self
            .agent
            .put(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, self.bearer()?);
        request.send(bytes).map_err(|error| of_call(&error))
    }
}

impl Link for HttpLink {
    fn join(&mut self, request: &JoinRequest) -> Result<JoinReply, LinkError> {
        let reply: JoinReply = self.post(&format!("{}/sync/v1/join", self.url), None, request)?;
        self.token = Some(reply.token.clone());
        Ok(reply)
    }

    fn package_manifest(&mut self, workspace: &str) -> Result<PackageManifest, LinkError> {
        self.get(&self.path(workspace, "package"))
    }

    fn fetch(
        &mut self,
        workspace: &str,
        package: &str,
        file: &str,
        offset: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), LinkError>,
    ) -> Result<(), LinkError> {
        let rest = format!("package/{}/{}", address::escape(package), address::escape(file));
        let called = self
            .agent
            .get(self.path(workspace, &rest))
            .header(header::AUTHORIZATION, self.bearer()?)
            .header(header::RANGE, format!("bytes={offset}-"))
            .call();
        let response = accepted(called.map_err(|error| of_call(&error))?)?;
        if media_type(&response).is_some_and(|it| it.eq_ignore_ascii_case("text/html")) {
            return Err(LinkError::NotAGeodataStore);
        }
        let n_skipped = first_byte(&response, offset)?;
        let mut body = response.into_body().into_reader();
        let mut n_to_skip = offset - n_skipped;
        let mut block = vec![0; 1 << 16];
        loop {
            let n = body
                .read(&mut block)
                .map_err(|error| LinkError::Unreachable { text: error.to_string() })?;
            if n == 0 {
                return Ok(());
            }
            // Some proxies drop the range and send the file from its beginning.
            let skip = n_to_skip.min(n as u64);
            n_to_skip -= skip;
            if skip < n as u64 {
                sink(&block[skip as usize..n])?;
            }
        }
    }

    fn push(&mut self, workspace: &str, request: &PushRequest) -> Result<PushReply, LinkError> {
        self.post(&self.path(workspace, "push"), Some(&self.bearer()?), request)
    }

    fn pull(&mut self, workspace: &str, cursor: &str) -> Result<PullReply, LinkError> {
        let query = format!("changes?cursor={}&limit={PAGE_ENTRIES}", address::escape(cursor));
        self.get(&self.path(workspace, &query))
    }

    fn blob_head(&mut self, workspace: &str, blob: &BlobId) -> Result<BlobState, LinkError> {
        let called = self
            .agent
            .head(self.path(workspace, &format!("blobs/{blob}")))
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

    fn blob_patch(
        &mut self,
        workspace: &str,
        blob: &BlobId,
        offset: u64,
        n_bytes_total: u64,
        bytes: &[u8],
    ) -> Result<BlobState, LinkError> {
        let digest = STANDARD.encode(Sha256::digest(bytes));
        let called = self
            .agent
            .patch(self.path(workspace, &format!("blobs/{blob}")))
            .header(header::AUTHORIZATION, self.bearer()?)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header("Upload-Offset", offset.to_string())
            .header("Upload-Length", n_bytes_total.to_string())
            .header("Content-Digest", format!("sha-256=:{digest}:"))
            .send(bytes);
        upload_state(&accepted(called.map_err(|error| of_call(&error))?)?)
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
