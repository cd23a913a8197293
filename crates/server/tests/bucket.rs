//! Attachments in a bucket: the real server against a real S3 service on loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod harness;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use faltkarta_model::{BlobId, FeatureId};
use faltkarta_server::{BlobPlace, BucketKeys, Depot, Serving, SqliteStore};
use harness::{Answer, Bench, Laptop};
use hyper_util::rt::{TokioExecutor, TokioIo};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use sha2::{Digest as _, Sha256};

/// An S3 service over a folder; it ends when it is dropped, and may be started again on the same port.
struct Bucket {
    address: SocketAddr,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Bucket {
    fn start(root: &Path, address: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let service = {
            let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root).unwrap());
            builder.set_auth(SimpleAuth::from_single("nyckel", "hemlig"));
            builder.build()
        };
        // A port that was in use a moment ago may need a second try.
        let listener = (0..200)
            .find_map(|_| {
                runtime.block_on(tokio::net::TcpListener::bind(address)).ok().or_else(|| {
                    std::thread::yield_now();
                    None
                })
            })
            .expect("the port is free");
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
            while let Ok((stream, _)) = listener.accept().await {
                let connection = server.serve_connection(TokioIo::new(stream), service.clone());
                let connection = connection.into_owned();
                tokio::spawn(async move {
                    // A client that goes away is no fault of the service.
                    let _ = connection.await;
                });
            }
        });
        Self { address, runtime: Some(runtime) }
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn keys(secret: &str) -> BucketKeys {
    BucketKeys { id: "nyckel".to_owned(), secret: secret.to_owned() }
}

fn place(address: SocketAddr) -> BlobPlace {
    format!("s3://foton/nora?endpoint=http://{address}&region=eu-north-1").parse().unwrap()
}

struct Town {
    bench: Bench,
    root: PathBuf,
    bucket: Option<Bucket>,
    store: Arc<SqliteStore>,
    serving: Serving,
}

impl Town {
    fn new(secret: &str) -> Self {
        let bench = Bench::new();
        let root = bench.folder.path().join("s3");
        std::fs::create_dir_all(root.join("foton")).unwrap();
        let bucket = Bucket::start(&root, "127.0.0.1:0");
        let store = bench.open();
        let depot =
            Depot::open(store.folder(), place(bucket.address), Some(&keys(secret))).unwrap();
        let store = Arc::new(store.with_depot(depot));
        let serving = bench.serve(store.clone());
        Self { bench, root, bucket: Some(bucket), store, serving }
    }

    fn in_bucket(&self, blob: &BlobId) -> PathBuf {
        let digits = blob.digits();
        self.root.join("foton/nora").join(&digits[..2]).join(digits)
    }
}

fn photo(n: usize) -> Vec<u8> {
    let mut block = Sha256::digest([n as u8]);
    let mut bytes = Vec::with_capacity(n + 32);
    while bytes.len() < n {
        bytes.extend_from_slice(&block);
        block = Sha256::digest(block);
    }
    bytes.truncate(n);
    bytes
}

fn patch(laptop: &Laptop, blob: &BlobId, at: usize, total: usize, chunk: &[u8]) -> Answer {
    let (at, total) = (at.to_string(), total.to_string());
    let digest = format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(chunk)));
    let headers = [
        ("Upload-Offset", at.as_str()),
        ("Upload-Length", total.as_str()),
        ("Content-Digest", digest.as_str()),
    ];
    laptop.send("PATCH", &format!("/blobs/{blob}"), &headers, chunk)
}

fn inspect(laptop: &mut Laptop, blob: &BlobId) {
    let valve = laptop.hand.create_valve(0xaa, "AV-1");
    let subject = FeatureId::from_uuid(uuid::Uuid::from_u128(0xaa));
    let mut inspection = laptop.hand.inspection(92, subject);
    inspection.blobs = vec![blob.clone()];
    laptop.push(&[valve, inspection]);
}

#[test]
fn a_photo_goes_to_the_bucket_in_pieces_and_a_colleague_sees_it() {
    let town = Town::new("hemlig");
    let (mut a, b) =
        (Laptop::join(town.serving.address(), 1), Laptop::join(town.serving.address(), 2));
    let bytes = photo(3_000_000);
    let blob = BlobId::from_digest(Sha256::digest(&bytes).into());
    inspect(&mut a, &blob);
    let path = format!("/blobs/{blob}");
    let preview = [&[0xff, 0xd8, 0xff, 0xe0][..], &photo(500)].concat();
    let digest = format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(&preview)));
    let headers = [("Content-Digest", digest.as_str())];
    let put = a.send("PUT", &format!("{path}/preview"), &headers, &preview);
    assert_eq!(put.status, 204, "{}", String::from_utf8_lossy(&put.body));
    assert_eq!(b.send("GET", &format!("{path}/preview"), &[], &[]).body, preview);
    for at in (0..bytes.len()).step_by(1_000_000) {
        assert!(!town.in_bucket(&blob).exists(), "only whole ones lie there");
        let head = a.send("HEAD", &path, &[], &[]);
        let offset = head.headers.get("upload-offset").map_or("0", String::as_str);
        assert_eq!(offset, at.to_string());
        let to = (at + 1_000_000).min(bytes.len());
        let answer = patch(&a, &blob, at, bytes.len(), &bytes[at..to]);
        assert_eq!(answer.status, 204, "{}", String::from_utf8_lossy(&answer.body));
    }
    assert!(std::fs::read(town.in_bucket(&blob)).unwrap() == bytes);
    assert_eq!(std::fs::read_dir(town.store.folder().join("blobs/part")).unwrap().count(), 0);
    assert!(b.send("GET", &path, &[], &[]).body == bytes);
    let part = b.send("GET", &path, &[("Range", "bytes=2999990-")], &[]);
    assert_eq!((part.status, part.body.as_slice()), (206, &bytes[2_999_990..]));
    // The same photo from another laptop is there already.
    assert_eq!(b.send("HEAD", &path, &[], &[]).headers["upload-complete"], "?1");
}

#[test]
fn a_bucket_that_is_away_costs_no_byte() {
    let mut town = Town::new("hemlig");
    let mut laptop = Laptop::join(town.serving.address(), 1);
    let bytes = photo(200_000);
    let blob = BlobId::from_digest(Sha256::digest(&bytes).into());
    inspect(&mut laptop, &blob);
    assert_eq!(patch(&laptop, &blob, 0, 200_000, &bytes[..150_000]).status, 204);
    let address = town.bucket.take().unwrap().address.to_string();
    let away = patch(&laptop, &blob, 150_000, 200_000, &bytes[150_000..]);
    assert_eq!((away.status, away.code().as_str()), (503, "blobs_unreachable"));
    town.bucket = Some(Bucket::start(&town.root, &address));
    let path = format!("/blobs/{blob}");
    let head = laptop.send("HEAD", &path, &[], &[]);
    assert_eq!((head.status, &head.headers["upload-offset"][..]), (204, "200000"));
    // Every byte is there; only the last word is missing.
    let last = patch(&laptop, &blob, 200_000, 200_000, &[]);
    assert_eq!((last.status, &last.headers["upload-complete"][..]), (204, "?1"));
    assert!(laptop.send("GET", &path, &[], &[]).body == bytes);
}

#[test]
fn a_wrong_key_is_a_fault_of_the_store_that_tells_no_secret() {
    let town = Town::new("falsk");
    let laptop = Laptop::join(town.serving.address(), 1);
    let bytes = photo(1_000);
    let blob = BlobId::from_digest(Sha256::digest(&bytes).into());
    let refused = patch(&laptop, &blob, 0, 1_000, &bytes);
    assert_eq!((refused.status, refused.code().as_str()), (503, "blobs_unreachable"));
    let told = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(!told.contains("falsk") && !told.contains("nyckel"), "{told}");
    let _ = &town.bench;
}
