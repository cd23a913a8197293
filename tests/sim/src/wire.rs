//! The way between a laptop's real HTTP client and the store's real router, without a network: whole requests are
//! handed over on the caller's thread, and the history decides what becomes of them.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use tower_service::Service as _;
use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

/// A request as a laptop sent it.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// `GET`, `POST` …
    pub(crate) method: String,
    /// Path with query.
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// The store's answer.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    /// HTTP status.
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

/// What reaches the laptop.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// So many bytes of an answer, then the end.
    Bytes(Vec<u8>),
    /// The connection is reset.
    Reset,
}

/// Who decides over what a laptop sends.
pub(crate) trait Exchange {
    /// Takes a whole request of laptop `no`.
    fn exchange(&self, no: usize, sent: Sent) -> Reply;
}

thread_local! {
    static EXCHANGE: RefCell<Option<Rc<dyn Exchange>>> = const { RefCell::new(None) };
}

/// Sets who decides on this thread.
pub(crate) fn set_exchange(exchange: Option<Rc<dyn Exchange>>) {
    EXCHANGE.with(|it| *it.borrow_mut() = exchange);
}

/// The wire of one laptop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wire(pub usize);

impl Connector<()> for Wire {
    type Out = Connection;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Connection>, Error> {
        let buffers = LazyBuffers::new(64 << 10, 64 << 10);
        Ok(Some(Connection { no: self.0, buffers, sent: vec![], answer: None, at: 0 }))
    }
}

/// Every name is the store's.
#[derive(Debug)]
pub(crate) struct OneStore;

/// The address that laptops and store use.
pub(crate) const STORE: &str = "http://127.0.0.1:1";

impl Resolver for OneStore {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        addresses.push(SocketAddr::from(([127, 0, 0, 1], 1)));
        Ok(addresses)
    }
}

/// One request and its answer.
#[derive(Debug)]
pub(crate) struct Connection {
    no: usize,
    buffers: LazyBuffers,
    sent: Vec<u8>,
    answer: Option<Vec<u8>>,
    at: usize,
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        self.sent.extend_from_slice(&self.buffers.output()[..amount]);
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        if self.answer.is_none() {
            let reset = || Error::Io(std::io::ErrorKind::ConnectionReset.into());
            let sent = parse(&self.sent).ok_or_else(reset)?;
            let exchange = EXCHANGE.with(|it| it.borrow().clone()).ok_or_else(reset)?;
            match exchange.exchange(self.no, sent) {
                Reply::Bytes(bytes) => self.answer = Some(bytes),
                Reply::Reset => return Err(reset()),
            }
        }
        let answer = self.answer.as_deref().unwrap_or_default();
        let rest = answer.get(self.at..).unwrap_or_default();
        let room = self.buffers.input_append_buf();
        let n = room.len().min(rest.len());
        room[..n].copy_from_slice(&rest[..n]);
        self.buffers.input_appended(n);
        self.at += n;
        Ok(n > 0)
    }

    fn is_open(&mut self) -> bool {
        false
    }
}

/// A whole request; `None` when it is not all there.
fn parse(bytes: &[u8]) -> Option<Sent> {
    let split = bytes.windows(4).position(|it| it == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..split]).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|it| it.split_once(':'))
        .map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()))
        .collect();
    let rest = &bytes[split + 4..];
    let body = if headers.get("transfer-encoding").is_some_and(|it| it.contains("chunked")) {
        unchunk(rest)?
    } else {
        let n = headers.get("content-length").map_or(Some(0), |it| it.parse().ok())?;
        rest.get(..n)?.to_vec()
    };
    Some(Sent { method, path, headers, body })
}

fn unchunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut whole = vec![];
    loop {
        let at = bytes.windows(2).position(|it| it == b"\r\n")?;
        let n = usize::from_str_radix(std::str::from_utf8(&bytes[..at]).ok()?, 16).ok()?;
        if n == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(bytes.get(at + 2..at + 2 + n)?);
        bytes = bytes.get(at + 4 + n..)?;
    }
}

impl Answered {
    /// The bytes of the answer on a wire.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.1 {} X\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            if name != "content-length" && name != "transfer-encoding" && name != "connection" {
                bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            }
        }
        let length = format!("content-length: {}\r\nconnection: close\r\n\r\n", self.body.len());
        bytes.extend_from_slice(length.as_bytes());
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// Hands a request to the router and takes its whole answer.
pub(crate) fn call(
    runtime: &tokio::runtime::Runtime,
    router: &mut axum::Router,
    sent: &Sent,
) -> Answered {
    let mut request = Request::builder().method(sent.method.as_str()).uri(sent.path.as_str());
    for (name, value) in &sent.headers {
        request = request.header(name, value);
    }
    let peer = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 40_000)));
    let is_head = sent.method == "HEAD";
    let answered = runtime.block_on(async {
        let request = request.extension(peer).body(Body::from(sent.body.clone())).ok()?;
        let response = router.call(request).await.ok()?;
        let (parts, body) = response.into_parts();
        let headers = parts
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        let body = axum::body::to_bytes(body, usize::MAX).await.ok()?;
        let body = if is_head { vec![] } else { body.to_vec() };
        Some(Answered { status: parts.status.as_u16(), headers, body })
    });
    answered.unwrap_or_else(|| Answered {
        status: StatusCode::INTERNAL_SERVER_ERROR.as_u16(),
        headers: vec![],
        body: vec![],
    })
}
