use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, Checksum};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Key;
use object_store::{
    ClientOptions, Error, ObjectStore, ObjectStoreExt as _, PutPayload, RetryConfig,
};
use tokio::runtime::Runtime;

use crate::blobs::{BlobPlace, BucketKeys};
use crate::error::StoreError;

/// Wait for a bucket's service in all, with its repetitions; the laptop tries again later.
const BUCKET_WAIT: Duration = Duration::from_secs(20);

/// Where whole objects lie: a folder, or a bucket.
pub(super) struct Shelf {
    objects: Arc<dyn ObjectStore>,
    prefix: String,
    /// The store's functions block and the library's wait; a runtime of its own carries one to the other, made when
    /// it is needed first.
    runtime: Mutex<Option<Runtime>>,
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shelf").field("objects", &self.objects.to_string()).finish_non_exhaustive()
    }
}

impl Shelf {
    pub(super) fn open(place: &BlobPlace, keys: Option<&BucketKeys>) -> Result<Self, StoreError> {
        let (objects, prefix): (Arc<dyn ObjectStore>, String) = match place {
            BlobPlace::Folder(path) => {
                let failed = StoreError::io("opening", path);
                std::fs::create_dir_all(path).map_err(&failed)?;
                // It syncs files and folders when it is told to, and only then.
                let objects = LocalFileSystem::new_with_prefix(path)
                    .map_err(|error| failed(std::io::Error::other(error)))?
                    .with_fsync(true);
                (Arc::new(objects), String::new())
            }
            BlobPlace::Bucket { bucket, prefix, endpoint, region } => {
                let objects = bucket_of(bucket, endpoint.as_deref(), region.as_deref(), keys)?;
                (Arc::new(objects), prefix.clone())
            }
        };
        Ok(Self { objects, prefix, runtime: Mutex::new(None) })
    }

    /// The key of a name below the prefix.
    fn key(&self, name: &str) -> Key {
        if self.prefix.is_empty() {
            Key::from(name)
        } else {
            Key::from(format!("{}/{name}", self.prefix))
        }
    }

    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<Result<T, Error>, StoreError> {
        let stopped = || StoreError::BlobsUnreachable { text: "the work stopped".to_owned() };
        let (sender, receiver) = mpsc::sync_channel(1);
        {
            let mut runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner);
            let runtime = match &*runtime {
                Some(it) => it,
                None => runtime.insert(
                    tokio::runtime::Builder::new_multi_thread()
                        .worker_threads(1)
                        .thread_name("blobs")
                        .enable_all()
                        .build()
                        .map_err(|_| stopped())?,
                ),
            };
            runtime.spawn(async move {
                // Whoever waits is there until the answer comes.
                let _ = sender.send(work.await);
            });
        }
        receiver.recv().map_err(|_| stopped())
    }

    /// Size of an object; `None` when there is none.
    pub(super) fn size(&self, name: &str) -> Result<Option<u64>, StoreError> {
        let (objects, key) = (Arc::clone(&self.objects), self.key(name));
        match self.wait(async move { objects.head(&key).await })? {
            Ok(it) => Ok(Some(it.size)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(&error)),
        }
    }

    /// Gives a durable object of the same folder its name, and makes the name durable.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), StoreError> {
        let (objects, from, to) = (Arc::clone(&self.objects), self.key(from), self.key(to));
        self.wait(async move { objects.rename(&from, &to).await })?.map_err(|it| failed(&it))
    }

    /// Puts an object; durable when this returns.
    pub(super) fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), StoreError> {
        let (objects, key) = (Arc::clone(&self.objects), self.key(name));
        self.wait(async move { objects.put(&key, PutPayload::from(bytes)).await })?
            .map(|_| ())
            .map_err(|it| failed(&it))
    }

    /// A part of an object.
    pub(super) fn get(
        &self,
        name: &str,
        range: Range<u64>,
    ) -> Result<axum::body::Bytes, StoreError> {
        if range.is_empty() {
            return Ok(axum::body::Bytes::new());
        }
        let (objects, key) = (Arc::clone(&self.objects), self.key(name));
        self.wait(async move { objects.get_range(&key, range).await })?.map_err(|it| failed(&it))
    }

    /// Takes an object away; one that is not there is away.
    pub(super) fn remove(&self, name: &str) -> Result<(), StoreError> {
        let (objects, key) = (Arc::clone(&self.objects), self.key(name));
        match self.wait(async move { objects.delete(&key).await })? {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        let runtime = self.runtime.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = runtime {
            // A shelf may be dropped by a task of another runtime, which must not wait.
            runtime.shutdown_background();
        }
    }
}

/// Who may speaks from the environment: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, the
/// machine's own role, `AWS_REGION`.
fn bucket_of(
    bucket: &str,
    endpoint: Option<&str>,
    region: Option<&str>,
    keys: Option<&BucketKeys>,
) -> Result<object_store::aws::AmazonS3, StoreError> {
    // A second call finds the first one's choice, which is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let is_plain = endpoint.is_some_and(|it| it.starts_with("http://"));
    let options = ClientOptions::new()
        .with_allow_http(is_plain)
        .with_timeout(BUCKET_WAIT)
        .with_connect_timeout(Duration::from_secs(5));
    let retry =
        RetryConfig { max_retries: 3, retry_timeout: BUCKET_WAIT, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(bucket)
        // The service proves what arrives, beside our own digest of what was sent.
        .with_checksum_algorithm(Checksum::SHA256)
        .with_client_options(options)
        .with_retry(retry);
    if let Some(endpoint) = endpoint {
        // Services in the own house have no name for each bucket.
        builder = builder.with_endpoint(endpoint).with_virtual_hosted_style_request(false);
    }
    if let Some(region) = region {
        builder = builder.with_region(region);
    }
    if let Some(keys) = keys {
        builder = builder.with_access_key_id(&keys.id).with_secret_access_key(&keys.secret);
    }
    builder.build().map_err(|error| failed(&error))
}

fn failed(error: &Error) -> StoreError {
    // A full disk comes wrapped in what the library says of it.
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(it) = cause {
        if let Some(io) = it.downcast_ref::<std::io::Error>()
            && matches!(
                io.kind(),
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
            )
        {
            return StoreError::DiskFull;
        }
        cause = it.source();
    }
    StoreError::BlobsUnreachable { text: error.to_string() }
}
