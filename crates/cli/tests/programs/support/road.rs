//! The road between a laptop and a store, with everything that happens to messages on mobile networks.
//!
//! It reads whole HTTP messages, so that a fault strikes one request that is named beforehand; every request
//! goes to the store on a connection of its own.

use std::collections::VecDeque;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::Chance;

/// What happens to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It never arrives.
    LoseRequest,
    /// The store does it, and the answer never arrives.
    LoseAnswer,
    /// It arrives twice at once.
    Twice,
    /// It is held back, and arrives when the test says so; the laptop has long given up.
    Late,
    /// The connection ends after so many bytes of the request.
    CutUp(usize),
    /// The connection ends after so many bytes of the answer.
    CutDown(usize),
    /// The connection stays open, and nothing comes after so many bytes of the answer.
    Stall(usize),
    /// The connection is reset.
    Reset,
    /// Both directions carry so many bytes in a second.
    Slow(u32),
    /// So many of a hundred pieces of 256 bytes end the connection, at so many bytes in a second.
    Lossy { per_cent: u64, bytes_per_s: u32, seed: u64 },
    /// A page to sign in to the network, with status 200.
    Portal,
    /// The portal's redirect.
    Redirect,
    /// Something on the way answers with this status and a page.
    Status(u16),
    /// The answer says gzip and is not.
    WrongGzip,
    /// The answer is half of a gzip stream.
    TruncatedGzip,
    /// `100 Continue` and `103 Early Hints` come before the answer, unasked.
    Interim,
}

/// A request that went through, with its size and that of its answer in bytes.
#[derive(Debug, Clone)]
pub(crate) struct Passed {
    pub(crate) line: String,
    pub(crate) n_up: usize,
    pub(crate) n_down: usize,
}

#[derive(Default)]
struct Plan {
    server: Mutex<Option<SocketAddr>>,
    next: Mutex<VecDeque<(String, Fault)>>,
    all: Mutex<Option<Fault>>,
    late: Mutex<Vec<Vec<u8>>>,
    passed: Mutex<Vec<Passed>>,
}

pub(crate) struct Road {
    pub(crate) at: SocketAddr,
    plan: Arc<Plan>,
}

impl Road {
    pub(crate) fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        let plan = Arc::new(Plan { server: Mutex::new(Some(server)), ..Plan::default() });
        let shared = Arc::clone(&plan);
        thread::spawn(move || {
            for from in listener.incoming().flatten() {
                let plan = Arc::clone(&shared);
                thread::spawn(move || carry(from, &plan));
            }
        });
        Self { at, plan }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.at)
    }

    /// The store has another address from now on.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        *self.plan.server.lock().unwrap() = Some(server);
    }

    /// Strikes the next request whose first line holds `part`.
    pub(crate) fn strike(&self, part: &str, fault: Fault) {
        self.plan.next.lock().unwrap().push_back((part.to_owned(), fault));
    }

    /// Strikes every request, until told otherwise.
    pub(crate) fn strike_all(&self, fault: Option<Fault>) {
        *self.plan.all.lock().unwrap() = fault;
    }

    /// Whether every fault that was asked for has struck.
    pub(crate) fn has_struck(&self) -> bool {
        self.plan.next.lock().unwrap().is_empty()
    }

    /// What was held back arrives now; gives the status lines of the answers that nobody hears.
    pub(crate) fn deliver_late(&self) -> Vec<String> {
        let late = std::mem::take(&mut *self.plan.late.lock().unwrap());
        let answers = late.iter().map(|request| ask(&self.plan, request).unwrap_or_default());
        answers.map(|it| first_line(&it)).collect()
    }

    /// The requests so far whose first line holds `part`.
    pub(crate) fn passed(&self, part: &str) -> Vec<Passed> {
        let passed = self.plan.passed.lock().unwrap();
        passed.iter().filter(|it| it.line.contains(part)).cloned().collect()
    }
}

fn carry(mut from: TcpStream, plan: &Plan) {
    let mut first = [0; 1024];
    let Ok(n) = from.peek(&mut first) else { return };
    let line = first_line(&first[..n]);
    let fault = {
        let mut next = plan.next.lock().unwrap();
        match next.front() {
            Some((part, fault)) if line.contains(part.as_str()) => {
                let fault = *fault;
                next.pop_front();
                Some(fault)
            }
            _ => *plan.all.lock().unwrap(),
        }
    };
    if fault == Some(Fault::Reset) {
        // A socket that is closed with bytes unread answers with a reset.
        return;
    }
    let Some(request) = read_request(&mut from) else { return };
    match fault {
        None => {
            let answer = ask(plan, &request).unwrap_or_default();
            let passed = Passed { line, n_up: request.len(), n_down: answer.len() };
            plan.passed.lock().unwrap().push(passed);
            let _ = from.write_all(&answer);
        }
        Some(fault) => strike(from, plan, &request, fault),
    }
}

fn strike(mut from: TcpStream, plan: &Plan, request: &[u8], fault: Fault) {
    match fault {
        Fault::LoseRequest | Fault::Reset => {}
        Fault::LoseAnswer => {
            let _ = ask(plan, request);
        }
        Fault::Twice => {
            let answer = thread::scope(|scope| {
                let other = scope.spawn(|| ask(plan, request));
                let answer = ask(plan, request);
                let _ = other.join();
                answer
            });
            let _ = from.write_all(&answer.unwrap_or_default());
        }
        Fault::Late => plan.late.lock().unwrap().push(request.to_vec()),
        Fault::CutUp(n) => {
            let Some(mut to) = connect(plan) else { return };
            let _ = to.write_all(&request[..n.min(request.len())]);
            let _ = to.shutdown(Shutdown::Both);
        }
        Fault::CutDown(n) => {
            let answer = ask(plan, request).unwrap_or_default();
            let _ = from.write_all(&answer[..n.min(answer.len())]);
        }
        Fault::Stall(n) => {
            let answer = ask(plan, request).unwrap_or_default();
            let _ = from.write_all(&answer[..n.min(answer.len())]);
            // Until the laptop gives up.
            let _ = from.read(&mut [0; 1]);
        }
        Fault::Slow(bytes_per_s) => {
            pause(request.len(), bytes_per_s);
            let answer = ask(plan, request).unwrap_or_default();
            for piece in answer.chunks(128) {
                pause(piece.len(), bytes_per_s);
                if from.write_all(piece).is_err() {
                    return;
                }
            }
        }
        Fault::Lossy { per_cent, bytes_per_s, seed } => {
            let mut chance = Chance(seed ^ request.len() as u64 ^ passed_salt(plan));
            let mut survives = |bytes: &[u8]| {
                bytes.chunks(256).all(|piece| {
                    pause(piece.len(), bytes_per_s);
                    chance.below(100) >= per_cent
                })
            };
            if !survives(request) {
                return;
            }
            let answer = ask(plan, request).unwrap_or_default();
            for piece in answer.chunks(256) {
                if !survives(piece) || from.write_all(piece).is_err() {
                    return;
                }
            }
        }
        Fault::Portal => page(&mut from, "200 OK", ""),
        Fault::Redirect => page(&mut from, "302 Found", "Location: http://login.example/\r\n"),
        Fault::Status(code) => page(&mut from, &format!("{code} Nej"), ""),
        Fault::WrongGzip => {
            let _ = ask(plan, request);
            gzip(&mut from, b"this is no gzip stream");
        }
        Fault::TruncatedGzip => {
            let answer = ask(plan, request).unwrap_or_default();
            let mut encoder = GzEncoder::new(vec![], Compression::default());
            let _ = encoder.write_all(&answer);
            let whole = encoder.finish().unwrap_or_default();
            gzip(&mut from, &whole[..whole.len() / 2]);
        }
        Fault::Interim => {
            let hints =
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n";
            let _ = from.write_all(hints.as_bytes());
            let _ = from.write_all(&ask(plan, request).unwrap_or_default());
        }
    }
}

/// Differs from request to request, so that one that was lost is not lost for ever.
fn passed_salt(plan: &Plan) -> u64 {
    let mut passed = plan.passed.lock().unwrap();
    passed.push(Passed { line: "lossy".into(), n_up: 0, n_down: 0 });
    (passed.len() as u64) << 32
}

fn pause(n_bytes: usize, bytes_per_s: u32) {
    thread::sleep(Duration::from_secs_f64(n_bytes as f64 / f64::from(bytes_per_s)));
}

fn connect(plan: &Plan) -> Option<TcpStream> {
    let server = *plan.server.lock().unwrap();
    TcpStream::connect(server?).ok()
}

/// One request on a connection of its own; the whole answer.
fn ask(plan: &Plan, request: &[u8]) -> Option<Vec<u8>> {
    let mut to = connect(plan)?;
    to.write_all(request).ok()?;
    let mut answer = vec![];
    to.read_to_end(&mut answer).ok()?;
    Some(answer)
}

/// A whole request, told to close its connection afterwards.
fn read_request(from: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = vec![];
    let mut buffer = [0; 16 * 1024];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
            break end;
        }
        match from.read(&mut buffer) {
            Ok(n) if n > 0 => bytes.extend_from_slice(&buffer[..n]),
            _ => return None,
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let header = |name: &str| {
        let lines = head.lines().skip(1).filter_map(|it| it.split_once(':'));
        lines.filter(|it| it.0.eq_ignore_ascii_case(name)).map(|it| it.1.trim().to_owned()).next()
    };
    if header("expect").is_some() {
        from.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let length: usize = header("content-length").and_then(|it| it.parse().ok()).unwrap_or(0);
    while bytes.len() < end + 4 + length {
        match from.read(&mut buffer) {
            Ok(n) if n > 0 => bytes.extend_from_slice(&buffer[..n]),
            _ => return None,
        }
    }
    let kept = head.lines().filter(|it| {
        let name = it.split(':').next().unwrap_or_default();
        !name.eq_ignore_ascii_case("connection") && !name.eq_ignore_ascii_case("expect")
    });
    let mut request = kept.fold(String::new(), |head, it| head + it + "\r\n");
    request += "Connection: close\r\n\r\n";
    let mut request = request.into_bytes();
    request.extend_from_slice(&bytes[end + 4..]);
    Some(request)
}

fn first_line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().to_owned()
}

fn page(from: &mut TcpStream, status: &str, header: &str) {
    let text = "<html><body>Logga in</body></html>";
    let _ = write!(
        from,
        "HTTP/1.1 {status}\r\nContent-Type: text/html\r\n{header}Content-Length: {}\r\nConnection: close\r\n\r\n{text}",
        text.len()
    );
}

fn gzip(from: &mut TcpStream, bytes: &[u8]) {
    let _ = write!(
        from,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        bytes.len()
    );
    let _ = from.write_all(bytes);
}
