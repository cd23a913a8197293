//! The built interface in a browser, on the real core: the shell's commands and tiles over loopback HTTP.
//!
//! `cargo run -p faltkarta-tests --bin bridge -- --dir DIR [--bundle PACKAGE] [--ui ui/dist] [--port 8760]`

use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use faltkarta_ipc::{ApiError, Desk, DeskOptions};
use faltkarta_machine::{MachineIds, chance, key_store, now};
use faltkarta_sync_http::HttpLink;
use tiny_http::{Header, Method, Request, Response, Server};

/// The largest request: a photo of 40 MB in base 64, and room around it.
const REQUEST_BYTES_MAX: u64 = 64 * 1024 * 1024;

#[expect(clippy::panic, reason = "a wrong argument ends the program with its name")]
fn main() {
    let mut options = Options {
        dir: PathBuf::from("laptop"),
        bundle: None,
        ui: Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/dist"),
        port: 8760,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().unwrap_or_default();
        match name.as_str() {
            "--dir" => options.dir = value.into(),
            "--bundle" => options.bundle = Some(value.into()),
            "--ui" => options.ui = value.into(),
            "--port" => options.port = value.parse().expect("--port takes a number"),
            _ => panic!("unknown argument {name}"),
        }
    }
    serve(&options);
}

struct Options {
    dir: PathBuf,
    bundle: Option<PathBuf>,
    ui: PathBuf,
    port: u16,
}

#[expect(clippy::print_stdout, reason = "the person who started it needs the address")]
fn serve(options: &Options) {
    let desk = Desk::open(DeskOptions {
        dir: options.dir.clone(),
        bundle: options.bundle.clone(),
        keys: key_store(&options.dir),
        now,
        ids: || Box::new(MachineIds),
        chance,
        link: Arc::new(|url, token| Ok(Box::new(HttpLink::new(url, token.map(str::to_owned))?))),
        version: env!("CARGO_PKG_VERSION"),
    })
    .expect("the laptop folder opens");
    let desk = Arc::new(desk);
    let server = Arc::new(Server::http(("127.0.0.1", options.port)).expect("the port is free"));
    println!("http://{}", server.server_addr());
    let ui: Arc<Path> = options.ui.clone().into();
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let (desk, server, ui) = (Arc::clone(&desk), Arc::clone(&server), Arc::clone(&ui));
            std::thread::spawn(move || {
                for request in server.incoming_requests() {
                    answer(&desk, &ui, request);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("a worker does not panic");
    }
}

fn answer(desk: &Desk, ui: &Path, mut request: Request) {
    let path = request.url().split('?').next().unwrap_or_default().to_owned();
    let (status, media_type, bytes) = if let Some(name) = path.strip_prefix("/ipc/") {
        let mut body = String::new();
        let read = request.as_reader().take(REQUEST_BYTES_MAX).read_to_string(&mut body);
        let outcome = match (read, request.method()) {
            (Ok(_), Method::Post) => serde_json::from_str(&body)
                .map_err(|_| ApiError::InvalidInput { field: "body".to_owned() })
                .and_then(|input| desk.call(name, input)),
            _ => Err(ApiError::InvalidInput { field: "body".to_owned() }),
        };
        let json = match outcome {
            Ok(value) => serde_json::json!({ "ok": true, "value": value }),
            Err(error) => serde_json::json!({ "ok": false, "error": error }),
        };
        (200, "application/json".to_owned(), json.to_string().into_bytes())
    } else if let Some(tile) = path.strip_prefix("/tile/") {
        match desk.tile(tile) {
            Some(found) => (200, found.media_type, found.bytes),
            None => (204, "text/plain".to_owned(), vec![]),
        }
    } else {
        file(ui, &path)
    };
    let header = Header::from_bytes("Content-Type", media_type).expect("media types are ASCII");
    let response = Response::from_data(bytes).with_status_code(status).with_header(header);
    // The browser may have gone away; there is nobody left to tell.
    let _ = request.respond(response);
}

fn file(ui: &Path, path: &str) -> (u16, String, Vec<u8>) {
    let wanted = Path::new(if path == "/" { "index.html" } else { path.trim_start_matches('/') });
    let stays_inside = wanted.components().all(|it| matches!(it, Component::Normal(_)));
    let media_type = match wanted.extension().and_then(|it| it.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript",
        Some("css") => "text/css",
        Some("woff2") => "font/woff2",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    };
    match std::fs::read(ui.join(wanted)) {
        Ok(bytes) if stays_inside => (200, media_type.to_owned(), bytes),
        _ => (404, "text/plain".to_owned(), b"not here".to_vec()),
    }
}
