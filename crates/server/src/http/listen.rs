use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// What a listener bears with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Wait for the whole head of a request, and for the next one on the same connection.
    pub(super) head: Duration,
    /// Connections at once; further ones wait to be accepted.
    pub(super) n_connections: usize,
    /// Wait for running requests when the listener is stopped.
    pub(super) end: Duration,
}

impl Patience {
    pub(super) const ORDINARY: Self =
        Self { head: Duration::from_secs(30), n_connections: 1_024, end: Duration::from_secs(30) };
}

/// Most bytes that are read ahead of a connection; no head of a request may be longer.
const READ_BYTES_MAX: usize = 64 * 1024;

/// Answers connections until `stop` comes, then finishes the requests that run.
pub(super) async fn listen(
    listener: TcpListener,
    router: Router,
    patience: Patience,
    stop: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let seats = Arc::new(Semaphore::new(patience.n_connections));
    let mut stop = pin!(stop);
    loop {
        let Ok(seat) = Arc::clone(&seats).acquire_owned().await else { break };
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, peer) = match accepted {
            Ok(it) => it,
            Err(error) => {
                // Out of file handles, or the other end was quicker away than we: others may fare better soon.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let connection = graceful.watch(connection(stream, peer, &router, patience));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%peer, %error, "a connection ended");
            }
            drop(seat);
        });
    }
    drop(listener);
    if tokio::time::timeout(patience.end, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests that would not end were cut");
    }
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: &Router,
    patience: Patience,
) -> http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>> {
    // Small answers must not wait for more bytes to fill a packet with.
    let _ = stream.set_nodelay(true);
    let peered = router.clone().layer(Extension(ConnectInfo(peer)));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(READ_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(peered))
}
