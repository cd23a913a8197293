//! The wire against broken and hostile requests: each gets its stable code, and nobody's data suffer.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod harness;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use faltkarta_server::{GeodataStore as _, Serving, SqliteStore};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use harness::{Bench, Laptop, join_body, kinds, request_bytes};

struct Town {
    _bench: Bench,
    store: Arc<SqliteStore>,
    serving: Serving,
}

impl Town {
    fn new() -> Self {
        let bench = Bench::new();
        let store = Arc::new(bench.open());
        let serving = bench.serve(store.clone());
        Self { _bench: bench, store, serving }
    }

    fn laptop(&self) -> Laptop {
        Laptop::join(self.serving.address(), 1)
    }

    /// What comes back for bytes that are no whole request perhaps.
    fn say(&self, bytes: &[u8]) -> String {
        self.say_and(bytes, |_| {})
    }

    /// Sends bytes, does something more with the connection, and reads what comes.
    fn say_and(&self, bytes: &[u8], more: impl FnOnce(&TcpStream)) -> String {
        let mut stream = TcpStream::connect(self.serving.address()).unwrap();
        let _ = stream.write_all(bytes);
        more(&stream);
        let mut told = vec![];
        let _ = stream.read_to_end(&mut told);
        String::from_utf8_lossy(&told).into_owned()
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

const GZIP: (&str, &str) = ("Content-Encoding", "gzip");

#[test]
fn a_push_in_gzip_is_taken_and_its_answer_comes_packed_to_those_who_want_it() {
    let town = Town::new();
    let mut laptop = town.laptop();
    let ops: Vec<_> =
        (0..40).map(|n| laptop.hand.create_valve(100 + n, &format!("AV-{n}"))).collect();
    let body = laptop.push_body(&ops);
    let packed = gzip(&body);
    assert!(packed.len() * 4 < body.len());
    let headers = [GZIP, ("Accept-Encoding", "br, gzip"), ("Content-Type", "application/json")];
    let answer = laptop.send("POST", "/push", &headers, &packed);
    assert_eq!((answer.status, &answer.headers["content-encoding"][..]), (200, "gzip"));
    let mut whole = vec![];
    GzDecoder::new(&answer.body[..]).read_to_end(&mut whole).unwrap();
    let reply: faltkarta_protocol::PushReply = serde_json::from_slice(&whole).unwrap();
    assert!(kinds(&reply.outcomes).iter().all(|it| *it == "applied"));
    // The same plain, to one who does not know gzip: the same answer.
    let plain = laptop.send("POST", "/push", &[], &body);
    assert!(!plain.headers.contains_key("content-encoding"));
    let again: faltkarta_protocol::PushReply = plain.json();
    assert_eq!(again.outcomes, reply.outcomes);
}

#[test]
fn a_body_that_is_not_the_gzip_it_says_to_be_has_a_code_and_no_effect() {
    let town = Town::new();
    let mut laptop = town.laptop();
    let op = laptop.hand.create_valve(100, "AV-1");
    let packed = gzip(&laptop.push_body(std::slice::from_ref(&op)));
    let push = |body: &[u8], encoding: &str| {
        let answer = laptop.send("POST", "/push", &[("Content-Encoding", encoding)], body);
        (answer.status, answer.code())
    };
    let bad = (400, "bad_encoding".to_owned());
    for cut in (0..packed.len()).step_by(9) {
        assert_eq!(push(&packed[..cut], "gzip"), bad, "{cut}");
    }
    let mut torn = packed.clone();
    let at = torn.len() - 5;
    torn[at] ^= 0x40;
    assert_eq!(push(&torn, "gzip"), bad);
    assert_eq!(push(b"{\"protocol\":1}", "gzip"), bad);
    assert_eq!(push(&packed, "identity"), (400, "malformed".into()));
    // Eight kilobytes that unfold to eight megabytes and more.
    let bomb = gzip(&vec![b' '; 40 * 1024 * 1024]);
    assert!(bomb.len() < 60_000);
    assert_eq!(push(&bomb, "gzip"), (413, "too_large".into()));
    let unknown = laptop.send("POST", "/push", &[("Content-Encoding", "br")], &packed);
    assert_eq!((unknown.status, unknown.code().as_str()), (415, "unknown_encoding"));
    assert_eq!(unknown.headers["accept-encoding"], "gzip");
    assert_eq!(town.store.head().unwrap().seq, 0);
    assert_eq!(laptop.send("POST", "/push", &[GZIP], &packed).status, 200);
}

#[test]
fn a_body_of_another_kind_or_length_is_refused_before_it_is_read() {
    let town = Town::new();
    let laptop = town.laptop();
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let answer = laptop.send("POST", "/push", &form, b"a=b");
    assert_eq!((answer.status, answer.code().as_str()), (415, "unknown_media_type"));
    // Nine megabytes are announced and none is sent: the answer does not wait for them.
    let bearer = laptop.bearer();
    let head = |path: &str, length: usize, more: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: store\r\nAuthorization: {bearer}\r\n{more}\
             Connection: close\r\nContent-Length: {length}\r\n\r\n"
        )
    };
    let told = town.say(head("/sync/v1/main/push", 9 << 20, "").as_bytes());
    assert!(told.starts_with("HTTP/1.1 413") && told.contains("too_large"), "{told}");
    // Strangers may send less.
    let told = town.say(head("/sync/v1/join", 100_000, "").as_bytes());
    assert!(told.starts_with("HTTP/1.1 413"), "{told}");
    let bomb = gzip(&vec![b' '; 1 << 20]);
    let mut request = request_bytes("POST", "/sync/v1/join", &[GZIP], &bomb);
    let told = town.say(&request);
    assert!(told.starts_with("HTTP/1.1 413"), "{told}");
    // A packed body that ends early, in a request that is whole.
    request = request_bytes("POST", "/sync/v1/join", &[GZIP], &bomb[..bomb.len() - 3]);
    let told = town.say(&request);
    assert!(told.starts_with("HTTP/1.1 4"), "{told}");
}

#[test]
fn who_asks_before_sending_is_told_to_go_on_or_why_not() {
    let town = Town::new();
    let laptop = town.laptop();
    let ask = |token: &str| {
        let body = laptop.push_body(&[]);
        let headers = [("Authorization", token), ("Expect", "100-continue")];
        let request = request_bytes("POST", "/sync/v1/main/push", &headers, &body);
        let mut stream = TcpStream::connect(town.serving.address()).unwrap();
        let head = request.len() - body.len();
        stream.write_all(&request[..head]).unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).unwrap();
        let is_asked = &first == b"HTTP/1.1 100";
        if is_asked {
            stream.write_all(&body).unwrap();
        }
        let mut rest = vec![];
        let _ = stream.read_to_end(&mut rest);
        (is_asked, String::from_utf8_lossy(&[&first[..], &rest].concat()).into_owned())
    };
    let (is_asked, told) = ask(&laptop.bearer());
    assert!(is_asked && told.contains("HTTP/1.1 200"), "{told}");
    let (is_asked, told) = ask("Bearer nobody");
    assert!(!is_asked && told.starts_with("HTTP/1.1 401"), "{told}");
}

#[test]
fn what_is_no_request_is_answered_or_hung_up_on_and_others_are_served() {
    let town = Town::new();
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(200_000));
    for garbage in [
        &b"\x16\x03\x01\x02\x00"[..],
        b"GET",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /sync/v1/join HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /sync/v1/join HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /sync/v1/join HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
        long.as_bytes(),
    ] {
        let told = town.say_and(garbage, |it| {
            let _ = it.shutdown(std::net::Shutdown::Write);
        });
        assert!(told.is_empty() || told.starts_with("HTTP/1.1 4"), "{told}");
    }
    let hand = harness::Hand::new(9);
    let body = join_body(None, hand.replica);
    assert_eq!(
        harness::send(town.serving.address(), "POST", "/sync/v1/join", &[], &body).status,
        200
    );
}
