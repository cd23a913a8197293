use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post, put};
use tokio::sync::oneshot;

use crate::backend::GeodataStore;
use crate::deliveries::Deliveries;
use crate::error::StoreError;
use crate::http::answer::{Refusal, coded};
use crate::http::context::Context;
use crate::http::listen::{Patience, listen};
use crate::http::package::Prepared;
use crate::http::sync::MAX_BODY_BYTES;
use crate::http::{base_map, blobs, console, encoding, ogc, package, report, subscription, sync};
use crate::rim::Rim;

/// How long a request may take before it is told to come again. Preparing a package is the longest.
const MAX_SECONDS: u64 = 300;

const PAGE: &str = "<!doctype html><html lang=\"sv\"><meta charset=\"utf-8\"><title>Fältkarta</title>\
<h1>Fältkarta: geodatalager</h1><p>Det här är ett geodatalager. Anslut en dator med \
<code>faltkarta field MAPP join ADRESS</code> eller i programmet.</p>\
<p>QGIS och andra program läser det under <a href=\"/ogc/\">/ogc</a>.</p></html>";

/// How a store is served.
#[derive(Debug, Clone, Default)]
pub struct ServeOptions {
    /// The folder of the console's built pages; without it the store serves laptops only.
    pub console_pages: Option<PathBuf>,
}

/// Serves a store on a listener until `stop` comes, then finishes the requests that run.
///
/// A listener on the machine itself takes joins from it without a code; any other needs one.
///
/// # Errors
///
/// [`std::io::Error`] when the listener fails.
pub async fn serve(
    store: Arc<dyn GeodataStore>,
    rim: Arc<dyn Rim>,
    listener: TcpListener,
    options: ServeOptions,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    listener.set_nonblocking(true)?;
    let is_local_listener = listener.local_addr()?.ip().is_loopback();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let context = Context {
        deliveries: Arc::new(Deliveries::beside(store.packages_folder())),
        store,
        rim,
        prepared: Arc::new(Prepared::default()),
        extents: Arc::default(),
        is_local_listener,
        runs_inline: false,
        console_pages: options.console_pages.map(Into::into),
    };
    listen(listener, router(context), Patience::ORDINARY, stop).await;
    Ok(())
}

/// The same requests without listener, threads or waiting: the store's work is done where a request is read. For
/// simulations, which decide on every step; a request must carry the `ConnectInfo` of its sender.
pub fn inline_router(store: Arc<dyn GeodataStore>, rim: Arc<dyn Rim>) -> Router {
    router(Context {
        deliveries: Arc::new(Deliveries::beside(store.packages_folder())),
        store,
        rim,
        prepared: Arc::new(Prepared::default()),
        extents: Arc::default(),
        is_local_listener: true,
        runs_inline: true,
        console_pages: None,
    })
}

fn router(context: Context) -> Router {
    Router::new()
        .route("/", get(|| async { Html(PAGE) }))
        .route(
            "/health",
            get(|| async { axum::Json(serde_json::json!({"status": "ok", "protocol": 1})) }),
        )
        .route("/sync/v1/join", post(sync::join))
        .route("/sync/v1/{workspace}/push", post(sync::push))
        .route("/sync/v1/{workspace}/changes", get(sync::changes))
        .route("/sync/v1/{workspace}/subscription", get(subscription::get).put(subscription::put))
        .route("/sync/v1/{workspace}/rows", get(subscription::rows))
        .route("/sync/v1/{workspace}/digest", get(subscription::digest))
        .route("/sync/v1/{workspace}/schema/{dataset}/{revision}", get(sync::declaration))
        .route("/sync/v1/{workspace}/numbers", post(sync::numbers))
        .route("/sync/v1/{workspace}/report", put(report::put))
        .route("/sync/v1/{workspace}/package", get(package::manifest))
        .route("/sync/v1/{workspace}/package/{name}", get(package::newest_file))
        .route("/sync/v1/{workspace}/package/{id}/{name}", get(package::file))
        .route("/sync/v1/{workspace}/basemap", get(base_map::offer))
        .route("/sync/v1/{workspace}/basemap/{sha256}", get(base_map::file))
        .route("/sync/v1/{workspace}/basemap/{sha256}/pieces", get(base_map::pieces))
        .route(
            "/sync/v1/{workspace}/blobs/{blob}",
            get(blobs::get).head(blobs::head).patch(blobs::patch),
        )
        .route(
            "/sync/v1/{workspace}/blobs/{blob}/preview",
            get(blobs::get_preview).put(blobs::put_preview),
        )
        .merge(console::routes())
        .merge(ogc::routes())
        .fallback(|| async { Refusal(StoreError::NotFound) })
        .method_not_allowed_fallback(|| async {
            coded(StatusCode::METHOD_NOT_ALLOWED, "not_found", "there is no such request")
        })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(context.clone(), encoding::pack))
        .layer(middleware::from_fn(in_time))
        .with_state(context)
}

async fn in_time(request: Request, next: Next) -> Response {
    // A delivery may be gigabytes over a slow line; it is cut when nothing comes, not when much does.
    let is_delivery =
        request.method() == Method::POST && request.uri().path() == "/console/api/deliveries";
    if is_delivery {
        return next.run(request).await;
    }
    match tokio::time::timeout(Duration::from_secs(MAX_SECONDS), next.run(request)).await {
        Ok(response) => response,
        Err(_) => coded(StatusCode::SERVICE_UNAVAILABLE, "timeout", "try again").into_response(),
    }
}

/// A server on a thread of its own, for programs that have no runtime and for tests. It stops when it is dropped.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Serving {
    /// Begins to serve on an address; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// [`std::io::Error`] when the address cannot be bound.
    pub fn start(
        store: Arc<dyn GeodataStore>,
        rim: Arc<dyn Rim>,
        address: SocketAddr,
    ) -> std::io::Result<Self> {
        Self::start_with(store, rim, address, ServeOptions::default())
    }

    /// Begins to serve on an address, as told.
    ///
    /// # Errors
    ///
    /// As [`Serving::start`].
    pub fn start_with(
        store: Arc<dyn GeodataStore>,
        rim: Arc<dyn Rim>,
        address: SocketAddr,
        options: ServeOptions,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (stop, stopped) = oneshot::channel();
        runtime.spawn(serve(store, rim, listener, options, async {
            // The sender sends or is dropped; both mean stop.
            let _ = stopped.await;
        }));
        Ok(Self { address, stop: Some(stop), runtime: Some(runtime) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Cuts every connection at once, as a crash would; work that has begun in the store comes to its end.
    pub fn kill(mut self) {
        self.stop = None;
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}
