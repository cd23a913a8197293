use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::pin::Pin;
use std::task::{self, Poll};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use tokio::sync::mpsc;

use crate::error::StoreError;

/// Bytes that never change under their tag.
pub(super) struct Served {
    /// SHA-256 of them in hexadecimal.
    pub(super) etag: String,
    pub(super) media_type: &'static str,
    pub(super) n_bytes: u64,
    /// Reads a part; may block.
    pub(super) read: Read,
}

/// Reads a part of what is served, all of it or an error.
pub(super) type Read = Box<dyn FnMut(std::ops::Range<u64>) -> std::io::Result<Bytes> + Send>;

const CHUNK_BYTES: u64 = 256 * 1024;

impl Served {
    /// A file of a known digest; blocks.
    pub(super) fn file(
        path: &Path,
        etag: String,
        media_type: &'static str,
    ) -> Result<Self, StoreError> {
        let mut file = File::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => StoreError::NotFound,
            _ => StoreError::io("reading", path)(error),
        })?;
        let n_bytes = file.metadata().map_err(StoreError::io("reading", path))?.len();
        let read: Read = Box::new(move |range| {
            file.seek(SeekFrom::Start(range.start))?;
            let mut chunk = vec![0; (range.end - range.start) as usize];
            file.read_exact(&mut chunk)?;
            Ok(Bytes::from(chunk))
        });
        Ok(Self { etag, media_type, n_bytes, read })
    }
}

/// Answers with all bytes or one range of them.
pub(super) fn serve(headers: &HeaderMap, served: Served) -> Response {
    let Served { etag, media_type, n_bytes, read } = served;
    let etag = format!("\"{etag}\"");
    let text = |name| headers.get(name).and_then(|it: &HeaderValue| it.to_str().ok());
    if text(header::IF_NONE_MATCH).is_some_and(|it| it == etag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    // A range of another file than the one that was begun would be spliced into nonsense.
    let is_same = text(header::IF_RANGE).is_none_or(|it| it == etag);
    let range = text(header::RANGE).filter(|_| is_same).and_then(|it| parse_range(it, n_bytes));
    let mut response = match range {
        None => stream(read, 0, n_bytes).into_response(),
        Some(Range::Outside) => {
            let whole = format!("bytes */{n_bytes}");
            return (StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, whole)])
                .into_response();
        }
        Some(Range::Of { from, to }) => {
            let content_range = format!("bytes {from}-{}/{n_bytes}", to - 1);
            (
                StatusCode::PARTIAL_CONTENT,
                [(header::CONTENT_RANGE, content_range)],
                stream(read, from, to),
            )
                .into_response()
        }
    };
    let length = match range {
        Some(Range::Of { from, to }) => to - from,
        _ => n_bytes,
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    response
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Range {
    /// From the first byte to before the last.
    Of {
        from: u64,
        to: u64,
    },
    Outside,
}

/// One range of bytes; anything else (several, other units) is passed over, which means the whole file.
fn parse_range(text: &str, n_bytes: u64) -> Option<Range> {
    let (from, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let (from, to) = match (from.trim(), last.trim()) {
        ("", suffix) => (n_bytes.saturating_sub(suffix.parse().ok()?), n_bytes),
        (from, "") => (from.parse().ok()?, n_bytes),
        (from, last) => (from.parse().ok()?, last.parse::<u64>().ok()?.saturating_add(1)),
    };
    let to = to.min(n_bytes);
    Some(if from < to { Range::Of { from, to } } else { Range::Outside })
}

/// The bytes from one place to another, read ahead by two chunks.
fn stream(mut read: Read, from: u64, to: u64) -> Body {
    let (sender, receiver) = mpsc::channel(2);
    tokio::task::spawn_blocking(move || {
        let mut at = from;
        while at < to {
            let next = (at + CHUNK_BYTES).min(to);
            let chunk = read(at..next);
            at = next;
            let is_over = chunk.is_err();
            // The other end is gone when the laptop is; nobody needs the rest then.
            if sender.blocking_send(chunk).is_err() || is_over {
                return;
            }
        }
    });
    Body::from_stream(Chunks { receiver })
}

struct Chunks {
    receiver: mpsc::Receiver<std::io::Result<Bytes>>,
}

impl Stream for Chunks {
    type Item = std::io::Result<Bytes>;

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut task::Context<'_>,
    ) -> Poll<Option<Self::Item>> {
        self.receiver.poll_recv(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let of = |from, to| Some(Range::Of { from, to });
        assert_eq!(parse_range("bytes=0-", 10), of(0, 10));
        assert_eq!(parse_range("bytes=3-5", 10), of(3, 6));
        assert_eq!(parse_range("bytes=3-99", 10), of(3, 10));
        assert_eq!(parse_range("bytes=-4", 10), of(6, 10));
        assert_eq!(parse_range("bytes=10-", 10), Some(Range::Outside));
        assert_eq!(parse_range("bytes=0-1,3-4", 10), None);
        assert_eq!(parse_range("lines=0-1", 10), None);
    }
}
