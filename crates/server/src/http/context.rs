use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use crate::backend::{DeviceRow, GeodataStore};
use crate::deliveries::Deliveries;
use crate::error::StoreError;
use crate::http::answer::Refusal;
use crate::http::package::Prepared;
use crate::ogc::Extents;
use crate::rim::Rim;

/// What every request has at hand.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) store: Arc<dyn GeodataStore>,
    pub(super) rim: Arc<dyn Rim>,
    pub(super) prepared: Arc<Prepared>,
    pub(super) deliveries: Arc<Deliveries>,
    /// What is remembered of where datasets lie.
    pub(super) extents: Arc<Extents>,
    /// Whether the listener is bound to the machine itself only.
    pub(super) is_local_listener: bool,
    /// Whether the store's work is done where the request is read, so that a test decides on every step.
    pub(super) runs_inline: bool,
    /// The folder of the console's built pages.
    pub(super) console_pages: Option<Arc<Path>>,
}

impl Context {
    /// Runs blocking work of the store beside the tasks of the network.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, Refusal> {
        if self.runs_inline {
            return Ok(work(self)?);
        }
        let context = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&context)).await;
        let stopped = |_| StoreError::Packaging {
            doing: "answering a request",
            text: "the work stopped".to_owned(),
        };
        Ok(done.map_err(stopped)??)
    }

    /// Whether a request comes from the store's own machine. A proxy on that machine speaks for others.
    pub(super) fn is_local(&self, peer: SocketAddr, headers: &HeaderMap) -> bool {
        let is_forwarded =
            headers.contains_key("x-forwarded-for") || headers.contains_key(header::FORWARDED);
        self.is_local_listener && peer.ip().to_canonical().is_loopback() && !is_forwarded
    }
}

/// The laptop that asks: a valid token, and the workspace of the path is the store's.
#[derive(Debug)]
pub(super) struct Asker(pub(super) DeviceRow);

impl FromRequestParts<Context> for Asker {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, context: &Context) -> Result<Self, Refusal> {
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|it| it.to_str().ok())
            .and_then(|it| it.strip_prefix("Bearer "))
            .map(|it| it.trim().to_owned())
            .ok_or(StoreError::SignedOut)?;
        let device = context.run(move |it| it.store.device_of_token(&token, it.rim.now())).await?;
        let params = RawPathParams::from_request_parts(parts, context).await;
        let workspace = params.ok().and_then(|it| {
            it.iter().find(|(name, _)| *name == "workspace").map(|(_, value)| value.to_owned())
        });
        if workspace.is_some_and(|it| it != context.store.workspace()) {
            return Err(StoreError::UnknownWorkspace.into());
        }
        Ok(Self(device))
    }
}

/// Where a request comes from.
pub(super) type Peer = ConnectInfo<SocketAddr>;
