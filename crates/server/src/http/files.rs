use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{self, Poll};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_core::Stream;
use tokio::sync::mpsc;

use crate::error::StoreError;
use crate::http::answer::Refusal;

/// A file that never changes under its tag.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) file: PathBuf,
    /// SHA-256 of the file in hexadecimal.
    pub(super) etag: String,
    pub(super) media_type: &'static str,
}

const CHUNK_BYTES: usize = 256 * 1024;

/// Answers with a file or one range of it.
pub(super) async fn serve(headers: &HeaderMap, served: Served) -> Result<Response, Refusal> {
    let etag = format!("\"{}\"", served.etag);
    let text = |name| headers.get(name).and_then(|it: &HeaderValue| it.to_str().ok());
    if text(header::IF_NONE_MATCH).is_some_and(|it| it == etag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let path = served.file.clone();
    let opened = tokio::task::spawn_blocking(move || {
        let file = File::open(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => StoreError::NotFound,
            _ => StoreError::io("reading", &path)(error),
        })?;
        let n_bytes = file.metadata().map_err(StoreError::io("reading", &path))?.len();
        Ok::<_, StoreError>((file, n_bytes))
    });
    let (file, n_bytes) = opened.await.map_err(|_| StoreError::NotFound)??;
    // A range of another file than the one that was begun would be spliced into nonsense.
    let is_same = text(header::IF_RANGE).is_none_or(|it| it == etag);
    let range = text(header::RANGE).filter(|_| is_same).and_then(|it| parse_range(it, n_bytes));
    let mut response = match range {
        None => stream(file, 0, n_bytes).into_response(),
        Some(Range::Outside) => {
            let whole = format!("bytes */{n_bytes}");
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, whole)])
                .into_response());
        }
        Some(Range::Of { from, to }) => {
            let content_range = format!("bytes {from}-{}/{n_bytes}", to - 1);
            (
                StatusCode::PARTIAL_CONTENT,
                [(header::CONTENT_RANGE, content_range)],
                stream(file, from, to - from),
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
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(served.media_type));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    Ok(response)
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

/// The bytes of a file, read ahead by two chunks.
fn stream(mut file: File, from: u64, n_bytes: u64) -> Body {
    let (sender, receiver) = mpsc::channel(2);
    tokio::task::spawn_blocking(move || {
        let mut left = n_bytes;
        if let Err(error) = file.seek(SeekFrom::Start(from)) {
            let _ = sender.blocking_send(Err(error));
            return;
        }
        while left > 0 {
            let mut chunk = vec![0; CHUNK_BYTES.min(left as usize)];
            let read = file.read_exact(&mut chunk);
            left -= chunk.len() as u64;
            let is_over = read.is_err();
            // The other end is gone when the laptop is; nobody needs the rest then.
            if sender.blocking_send(read.map(|()| Bytes::from(chunk))).is_err() || is_over {
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
