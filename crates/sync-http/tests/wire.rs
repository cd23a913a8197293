//! What comes back over HTTP, hostile or broken, becomes a value that says what to do.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;

use faltkarta_app::{BlobState, Link, LinkError, MapLink as _};
use faltkarta_model::{BlobId, ReplicaId};
use faltkarta_protocol::{ErrorBody, PushRequest, Witness};
use faltkarta_sync_http::HttpLink;

/// A server on loopback that gives each connection the next of its answers, byte for byte, and then hangs up. It hands
/// back what it was sent.
fn serve(answers: Vec<Vec<u8>>) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = thread::spawn(move || {
        answers
            .into_iter()
            .map(|answer| {
                let (mut stream, _) = listener.accept().unwrap();
                let request = read_request(&mut stream);
                stream.write_all(&answer).unwrap();
                request
            })
            .collect()
    });
    (url, serving)
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = vec![];
    let mut block = [0; 4096];
    loop {
        let n = stream.read(&mut block).unwrap();
        bytes.extend_from_slice(&block[..n]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|it| {
                it.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok()
            })
            .unwrap_or(0);
        if n == 0 || body.len() >= length {
            return text;
        }
    }
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn refusal(status: &str, code: &str, headers: &str) -> Vec<u8> {
    let body = serde_json::to_string(&ErrorBody::new(code, "no")).unwrap();
    answer(status, &format!("Content-Type: application/json\r\n{headers}"), &body)
}

/// What a pull makes of an answer.
fn pulled(answer: Vec<u8>) -> LinkError {
    let (url, serving) = serve(vec![answer]);
    let mut link = HttpLink::new(&url, Some("secret".into())).unwrap();
    let error = link.pull("main", "a+b", "e.1.c").unwrap_err();
    let sent = serving.join().unwrap();
    assert!(
        sent[0]
            .starts_with("GET /sync/v1/main/changes?cursor=a%2Bb&seen=e.1.c&limit=1000 HTTP/1.1"),
        "{}",
        sent[0]
    );
    assert!(sent[0].to_ascii_lowercase().contains("authorization: bearer secret"));
    error
}

fn blob() -> BlobId {
    BlobId::from_digest([7; 32])
}

#[test]
fn a_web_page_is_no_geodata_store_whatever_its_status() {
    let page = "<html><body>Logga in på nätet</body></html>";
    let html = "Content-Type: text/html; charset=utf-8\r\n";
    for status in [
        "200 OK",
        "401 Unauthorized",
        "403 Forbidden",
        "404 Not Found",
        "511 Network Authentication Required",
    ] {
        assert_eq!(pulled(answer(status, html, page)), LinkError::NotAGeodataStore, "{status}");
    }
    let elsewhere = answer("302 Found", "Location: http://portal.example/\r\n", "");
    assert_eq!(pulled(elsewhere), LinkError::NotAGeodataStore);
}

#[test]
fn each_refusal_of_a_store_says_what_to_do() {
    let says = |status: &str, code: &str| pulled(refusal(status, code, ""));
    assert_eq!(says("401 Unauthorized", "signed_out"), LinkError::SignedOut);
    assert_eq!(says("403 Forbidden", "unpermitted"), LinkError::Unpermitted);
    assert_eq!(says("409 Conflict", "wrong_epoch"), LinkError::Resync);
    assert_eq!(says("409 Conflict", "witness_mismatch"), LinkError::Resync);
    assert_eq!(says("409 Conflict", "stale_lineage"), LinkError::StaleLineage);
    assert_eq!(says("410 Gone", "resync"), LinkError::Resync);
    assert_eq!(says("426 Upgrade Required", "version_mismatch"), LinkError::VersionMismatch);
    let full = LinkError::Refused { status: 507, code: "disk_full".into() };
    assert_eq!(says("507 Insufficient Storage", "disk_full"), full);
}

#[test]
fn a_gateway_without_a_store_behind_it_is_unreachable() {
    let error = pulled(answer("502 Bad Gateway", "Content-Type: text/html\r\n", "<html>"));
    assert_eq!(error.code(), "server_unreachable");
}

#[test]
fn an_answer_that_is_cut_or_torn_is_never_taken_for_whole() {
    let json = "Content-Type: application/json\r\n";
    let torn = pulled(answer("200 OK", json, "{\"entries\":[{\"seq\":1,"));
    assert!(matches!(torn, LinkError::Damaged { .. }), "{torn:?}");
    let other = pulled(answer("200 OK", json, "[1,2,3]"));
    assert!(matches!(other, LinkError::Damaged { .. }), "{other:?}");
    let cut =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"ent"
            .to_vec();
    assert!(matches!(pulled(cut), LinkError::Unreachable { .. } | LinkError::Damaged { .. }));
    for n in [0, 1, 12, 20] {
        let error = pulled(b"HTTP/1.1 200 OK\r\nContent-Ty"[..n].to_vec());
        assert!(
            matches!(error, LinkError::Unreachable { .. } | LinkError::Damaged { .. }),
            "{n} {error:?}"
        );
    }
    for garbage in [
        &b"\0\xff\xfe\x01\r\n\r\n"[..],
        b"HTTP/9.9 999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    ] {
        pulled(garbage.to_vec());
    }
}

#[test]
fn nobody_at_the_address_is_unreachable() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut link = HttpLink::new(&format!("http://127.0.0.1:{port}"), Some("s".into())).unwrap();
    assert_eq!(link.pull("main", "", "").unwrap_err().code(), "server_unreachable");
}

#[test]
fn without_a_token_nothing_is_sent() {
    let mut link = HttpLink::new("http://127.0.0.1:9", None).unwrap();
    assert_eq!(link.pull("main", "", "").unwrap_err(), LinkError::SignedOut);
}

#[test]
fn an_address_that_is_none_is_refused_before_anything_is_sent() {
    assert_eq!(HttpLink::new("geo.example", None).unwrap_err(), LinkError::NotAGeodataStore);
}

#[test]
fn a_file_goes_on_from_its_offset_also_when_the_range_is_not_heeded() {
    let fetched = |response: Vec<u8>| {
        let (url, serving) = serve(vec![response]);
        let mut link = HttpLink::new(&url, Some("s".into())).unwrap();
        let mut bytes = vec![];
        let done = link.fetch("main", "p 1", "features.sqlite", 4, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        });
        let sent = serving.join().unwrap();
        assert!(sent[0].starts_with("GET /sync/v1/main/package/p%201/features.sqlite HTTP/1.1"));
        assert!(sent[0].to_ascii_lowercase().contains("range: bytes=4-"));
        (done, String::from_utf8(bytes).unwrap())
    };
    let part = answer("206 Partial Content", "Content-Range: bytes 4-9/10\r\n", "456789");
    assert_eq!(fetched(part), (Ok(()), "456789".into()));
    assert_eq!(fetched(answer("200 OK", "", "0123456789")), (Ok(()), "456789".into()));
    let (wrong, bytes) =
        fetched(answer("206 Partial Content", "Content-Range: bytes 2-9/10\r\n", "23456789"));
    assert!(matches!(wrong, Err(LinkError::Damaged { .. })) && bytes.is_empty());
    let cut = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 4-9/10\r\nContent-Length: 6\r\n\r\n456";
    let (done, bytes) = fetched(cut.to_vec());
    assert!(matches!(done, Err(LinkError::Unreachable { .. })));
    assert_eq!(bytes, "456");
    let (page, bytes) = fetched(answer("200 OK", "Content-Type: text/html\r\n", "<html>"));
    assert_eq!((page, bytes.as_str()), (Err(LinkError::NotAGeodataStore), ""));
}

#[test]
fn a_range_of_a_base_map_is_no_more_than_was_asked_whatever_comes() {
    let fetched = |response: Vec<u8>| {
        let (url, serving) = serve(vec![response]);
        let mut link = HttpLink::new(&url, Some("s".into())).unwrap();
        let mut bytes = vec![];
        let done = link.fetch_base_map("main", "ab12", 4..7, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        });
        let sent = serving.join().unwrap();
        assert!(sent[0].starts_with("GET /sync/v1/main/basemap/ab12 HTTP/1.1"), "{}", sent[0]);
        assert!(sent[0].to_ascii_lowercase().contains("range: bytes=4-6\r\n"), "{}", sent[0]);
        (done, String::from_utf8(bytes).unwrap())
    };
    let part = |range: &str, body: &str| {
        answer("206 Partial Content", &format!("Content-Range: bytes {range}/10\r\n"), body)
    };
    assert_eq!(fetched(part("4-6", "456")), (Ok(()), "456".into()));
    assert_eq!(fetched(part("4-9", "456789")), (Ok(()), "456".into()));
    assert_eq!(fetched(answer("200 OK", "", "0123456789")), (Ok(()), "456".into()));
    assert_eq!(fetched(part("4-4", "4")), (Ok(()), "4".into()));
    let (wrong, bytes) = fetched(part("3-6", "3456"));
    assert!(matches!(wrong, Err(LinkError::Damaged { .. })) && bytes.is_empty());
    let gone = fetched(refusal("409 Conflict", "package_changed", ""));
    assert_eq!(gone.0, Err(LinkError::PackageChanged));
    let older = fetched(refusal("404 Not Found", "not_found", ""));
    assert_eq!(older.0, Err(LinkError::NotOffered));
}

#[test]
fn a_sink_that_is_full_stops_the_fetch_with_its_own_word() {
    let (url, serving) = serve(vec![answer("200 OK", "", "0123456789")]);
    let mut link = HttpLink::new(&url, Some("s".into())).unwrap();
    let full = LinkError::NotKept { code: "disk_full", text: String::new() };
    let told = link.fetch("main", "p", "f", 0, &mut |_| Err(full.clone()));
    serving.join().unwrap();
    assert_eq!(told, Err(full));
}

#[test]
fn a_blob_is_asked_for_and_sent_as_the_document_says() {
    let (url, serving) = serve(vec![
        answer("204 No Content", "Upload-Complete: ?0\r\nUpload-Offset: 12\r\n", ""),
        refusal("409 Conflict", "wrong_offset", "Upload-Offset: 3\r\n"),
        answer("204 No Content", "Upload-Complete: ?1\r\nUpload-Offset: 8\r\n", ""),
        answer("200 OK", "Content-Type: text/html\r\n", ""),
    ]);
    let mut link = HttpLink::new(&url, Some("s".into())).unwrap();
    assert_eq!(link.blob_head("main", &blob()), Ok(BlobState::Partial(12)));
    let wrong = link.blob_patch("main", &blob(), 0, 8, b"01234567");
    assert_eq!(wrong, Err(LinkError::WrongOffset { n_bytes: 3 }));
    assert_eq!(link.blob_patch("main", &blob(), 3, 8, b"34567"), Ok(BlobState::Complete));
    assert_eq!(link.blob_head("main", &blob()), Err(LinkError::NotAGeodataStore));
    let sent = serving.join().unwrap();
    let patch = sent[2].to_ascii_lowercase();
    assert!(
        patch.starts_with(&format!("patch /sync/v1/main/blobs/{} http/1.1", blob())),
        "{patch}"
    );
    assert!(patch.contains("upload-offset: 3") && patch.contains("upload-length: 8"), "{patch}");
    // SHA-256 of "34567" by another tool.
    assert!(
        sent[2].contains("sha-256=:gx1gbB/0zTt0UiiFGU/A3tX1vh4EOmpG5ZsIiW9FJlc=:"),
        "{}",
        sent[2]
    );
}

#[test]
fn a_push_carries_its_request_whole() {
    let (url, serving) = serve(vec![refusal("401 Unauthorized", "signed_out", "")]);
    let mut link = HttpLink::new(&url, Some("s".into())).unwrap();
    let request = PushRequest {
        protocol: 1,
        epoch: "one".into(),
        replica: ReplicaId::from_uuid(uuid::Uuid::from_u128(5)),
        lineage: "l".into(),
        witness: Witness { seq: 3, chain: "00".into() },
        ops: vec![],
        former_seqs: std::collections::BTreeMap::new(),
    };
    assert_eq!(link.push("main", &request), Err(LinkError::SignedOut));
    let sent = serving.join().unwrap();
    let body = sent[0].split_once("\r\n\r\n").unwrap().1;
    assert_eq!(serde_json::from_str::<PushRequest>(body).unwrap(), request);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(vec![], flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn packed_answer(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[test]
fn an_answer_in_gzip_is_read_and_one_that_is_torn_cut_or_endless_is_damaged() {
    let page = br#"{"entries":[],"cursor":"c","at":{"seq":1,"chain":"00"},"up_to_date":true,
        "safe_seq":0,"server_time":"2026-05-19T08:40:00Z"}"#;
    let (url, serving) = serve(vec![packed_answer(&gzip(page))]);
    let mut link = HttpLink::new(&url, Some("s".into())).unwrap();
    assert_eq!(link.pull("main", "", "").unwrap().cursor, "c");
    assert!(serving.join().unwrap()[0].to_ascii_lowercase().contains("accept-encoding: gzip"));
    let packed = gzip(page);
    let mut torn = packed.clone();
    let at = torn.len() - 6;
    torn[at] ^= 1;
    let endless = gzip(&vec![b' '; 70 << 20]);
    for body in [&packed[..packed.len() - 1], &packed[..9], &torn, page, &endless] {
        let damaged = pulled(packed_answer(body));
        assert!(matches!(damaged, LinkError::Damaged { .. }), "{damaged:?}");
    }
}

#[test]
fn a_store_that_takes_no_gzip_gets_the_same_push_plain_and_is_not_asked_again() {
    let refused =
        refusal("415 Unsupported Media Type", "unknown_encoding", "Accept-Encoding: identity\r\n");
    let no = refusal("401 Unauthorized", "signed_out", "");
    let (url, serving) = serve(vec![refused, no.clone(), no]);
    let mut link = HttpLink::new(&url, Some("s".into())).unwrap();
    let request = PushRequest {
        protocol: 1,
        epoch: "one".repeat(1_000),
        replica: ReplicaId::from_uuid(uuid::Uuid::from_u128(5)),
        lineage: "l".into(),
        witness: Witness { seq: 3, chain: "00".into() },
        ops: vec![],
        former_seqs: std::collections::BTreeMap::new(),
    };
    for _ in 0..2 {
        assert_eq!(link.push("main", &request), Err(LinkError::SignedOut));
    }
    let sent = serving.join().unwrap();
    let is_packed = |it: &String| it.to_ascii_lowercase().contains("content-encoding: gzip");
    assert_eq!(sent.iter().map(is_packed).collect::<Vec<_>>(), [true, false, false]);
    let body = sent[1].split_once("\r\n\r\n").unwrap().1;
    assert_eq!(serde_json::from_str::<PushRequest>(body).unwrap(), request);
}

#[test]
fn a_store_that_asks_for_patience_is_believed() {
    let busy = |wait_s| LinkError::Busy { wait_s };
    let wait = "Retry-After: 120\r\n";
    assert_eq!(pulled(refusal("429 Too Many Requests", "busy", wait)), busy(Some(120)));
    assert_eq!(pulled(refusal("503 Service Unavailable", "timeout", "")), busy(None));
    let html = "Content-Type: text/html\r\nRetry-After: Wed, 21 Oct 2099 07:28:00 GMT\r\n";
    assert_eq!(pulled(answer("503 Service Unavailable", html, "<html>")), busy(None));
    assert_eq!(busy(None).code(), "server_unreachable");
    for (status, code) in [
        ("408 Request Timeout", "timeout"),
        ("413 Payload Too Large", "too_large"),
        ("500 Internal Server Error", "internal"),
        ("503 Service Unavailable", "blobs_unreachable"),
    ] {
        let told = pulled(refusal(status, code, ""));
        let number = status[..3].parse().unwrap();
        assert_eq!(told, LinkError::Refused { status: number, code: code.into() });
    }
}

#[test]
fn a_preview_goes_and_comes_whole_and_a_portal_s_page_is_none() {
    let jpeg = "\u{7f}picture";
    let (url, serving) = serve(vec![
        answer("204 No Content", "", ""),
        answer("200 OK", "Content-Type: text/html\r\n", "<html>"),
        answer("200 OK", "Content-Type: image/jpeg\r\n", jpeg),
        answer("200 OK", "Content-Type: text/html\r\n", "<html>"),
        answer("200 OK", "Content-Type: image/jpeg\r\n", &"x".repeat(70_000)),
        refusal("404 Not Found", "not_found", ""),
    ]);
    let mut link = HttpLink::new(&url, Some("s".into())).unwrap();
    assert_eq!(link.preview_put("main", &blob(), jpeg.as_bytes()), Ok(()));
    let portal = link.preview_put("main", &blob(), jpeg.as_bytes());
    assert_eq!(portal, Err(LinkError::NotAGeodataStore));
    assert_eq!(link.preview_get("main", &blob()).unwrap(), jpeg.as_bytes());
    assert_eq!(link.preview_get("main", &blob()), Err(LinkError::NotAGeodataStore));
    assert!(matches!(link.preview_get("main", &blob()), Err(LinkError::Damaged { .. })));
    let gone = LinkError::Refused { status: 404, code: "not_found".into() };
    assert_eq!(link.preview_get("main", &blob()), Err(gone));
    let sent = serving.join().unwrap();
    let put = format!("PUT /sync/v1/main/blobs/{}/preview HTTP/1.1", blob());
    assert!(sent[0].starts_with(&put), "{}", sent[0]);
}
