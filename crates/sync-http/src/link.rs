use std::time::Duration;

use faltkarta_app::{BlobState, Link, LinkError};
use faltkarta_model::BlobId;
use faltkarta_protocol::{
    COLUMNS_TYPE, JoinReply, JoinRequest, PackageManifest, PullReply, PushReply, PushRequest,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::Body;
use ureq::config::Config;
use ureq::http::{Response, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::Resolver;
use ureq::unversioned::transport::Connector;

use crate::address;
use crate::answer::{message, of_call};
use crate::encoding;

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
    pub(crate) agent: ureq::Agent,
    url: String,
    token: Option<String>,
    /// Whether the store has said that it takes no packed requests.
    wants_plain: std::cell::Cell<bool>,
}

impl HttpLink {
    /// A link to the store at an address. `token` is that of an earlier enrolment; [`Link::join`] sets it too.
    ///
    /// # Errors
    ///
    /// [`LinkError::NotAGeodataStore`] when the text is no `http` or `https` address.
    pub fn new(url: &str, token: Option<String>) -> Result<Self, LinkError> {
        let url = address::parse(url)?;
        Ok(Self { agent: config().into(), url, token, wants_plain: false.into() })
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
        Ok(Self { agent, url: address::parse(url)?, token, wants_plain: false.into() })
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
        let called = self
            .agent
            .get(url)
            .header(header::AUTHORIZATION, self.bearer()?)
            .header(header::ACCEPT_ENCODING, "gzip")
            .call();
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
        let packed = if self.wants_plain.get() { None } else { encoding::pack(&bytes) };
        if let Some(packed) = packed {
            let response = self.send(url, bearer, &packed, Some("gzip"))?;
            // A store, or a proxy before it, that takes no such thing says 415 (RFC 7694).
            if response.status().as_u16() != 415 {
                return message(response);
            }
            self.wants_plain.set(true);
        }
        message(self.send(url, bearer, &bytes, None)?)
    }

    fn send(
        &self,
        url: &str,
        bearer: Option<&str>,
        body: &[u8],
        encoding: Option<&str>,
    ) -> Result<Response<Body>, LinkError> {
        let mut request = self
            .agent
            .post(url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT_ENCODING, "gzip");
        if let Some(encoding) = encoding {
            request = request.header(header::CONTENT_ENCODING, encoding);
        }
        if let Some(bearer) = bearer {
            request = request.header(header::AUTHORIZATION, bearer);
        }
        request.send(body).map_err(|error| of_call(&error))
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
        self.fetch_from(&self.path(workspace, &rest), offset, sink)
    }

    fn push(&mut self, workspace: &str, request: &PushRequest) -> Result<PushReply, LinkError> {
        self.post(&self.path(workspace, "push"), Some(&self.bearer()?), request)
    }

    fn push_columns(&mut self, workspace: &str, body: &[u8]) -> Result<PushReply, LinkError> {
        let called = self
            .agent
            .post(self.path(workspace, "push"))
            .header(header::CONTENT_TYPE, COLUMNS_TYPE)
            .header(header::AUTHORIZATION, self.bearer()?)
            .send(body);
        let response = called.map_err(|error| of_call(&error))?;
        // Older stores take the body for broken JSON, others say that it cannot be read so: both want JSON.
        if matches!(response.status().as_u16(), 400 | 413 | 415 | 422) {
            return Err(LinkError::NotOffered);
        }
        message(response)
    }

    fn pull(&mut self, workspace: &str, cursor: &str, seen: &str) -> Result<PullReply, LinkError> {
        let (cursor, seen) = (address::escape(cursor), address::escape(seen));
        let query = format!("changes?cursor={cursor}&seen={seen}&limit={PAGE_ENTRIES}");
        self.get(&self.path(workspace, &query))
    }

    fn blob_head(&mut self, workspace: &str, blob: &BlobId) -> Result<BlobState, LinkError> {
        self.head_of_blob(workspace, blob)
    }

    fn blob_patch(
        &mut self,
        workspace: &str,
        blob: &BlobId,
        offset: u64,
        n_bytes_total: u64,
        bytes: &[u8],
    ) -> Result<BlobState, LinkError> {
        self.patch_blob(workspace, blob, offset, n_bytes_total, bytes)
    }

    fn preview_put(
        &mut self,
        workspace: &str,
        blob: &BlobId,
        jpeg: &[u8],
    ) -> Result<(), LinkError> {
        self.put_preview(workspace, blob, jpeg)
    }

    fn preview_get(&mut self, workspace: &str, blob: &BlobId) -> Result<Vec<u8>, LinkError> {
        self.get_preview(workspace, blob)
    }

    fn blob_get(
        &mut self,
        workspace: &str,
        blob: &BlobId,
        offset: u64,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), LinkError>,
    ) -> Result<(), LinkError> {
        self.get_blob(workspace, blob, offset, sink)
    }
}
