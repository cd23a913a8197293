use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use faltkarta_app::{AppError, Field, Link, LinkError, Phase};
use faltkarta_geo::GridSystem;
use faltkarta_model::{BlobId, IdSource, Timestamp};
use faltkarta_protocol::PackageManifest;
use faltkarta_store::{KeyStore, OpenOptions};
use serde_json::Value;

use crate::command::dispatch;
use crate::convert::failure;
use crate::dto::WrittenFileDto;
use crate::error::ApiError;
use crate::exchange::Exchange;

/// Makes the way to a geodata store: its address and the laptop's token, when it has one.
pub type LinkFactory = dyn Fn(&str, Option<&str>) -> Result<Box<dyn Link>, LinkError> + Send + Sync;

/// All that a desk needs from the world outside.
#[derive(Clone)]
pub struct DeskOptions {
    /// The laptop's folder; made when it is not there.
    pub dir: PathBuf,
    /// A package that the installer carried, for a laptop that holds nothing yet.
    pub bundle: Option<PathBuf>,
    /// Where the key of the laptop's file lies.
    pub keys: Arc<dyn KeyStore + Send + Sync>,
    /// The clock.
    pub now: fn() -> Timestamp,
    /// New ids.
    pub ids: fn() -> Box<dyn IdSource>,
    /// A number from 0 up to 1, for spreading retries.
    pub chance: fn() -> f64,
    /// The way to a geodata store.
    pub link: Arc<LinkFactory>,
    /// Version of the program.
    pub version: &'static str,
}

impl fmt::Debug for DeskOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeskOptions")
            .field("dir", &self.dir)
            .field("bundle", &self.bundle)
            .finish_non_exhaustive()
    }
}

/// Answers the interface: one laptop, and the exchange with its store in a thread of its own.
///
/// The window's shell and the browser bridge both own one; neither holds a rule.
#[derive(Debug)]
pub struct Desk {
    shared: Arc<Shared>,
    exchange: Option<JoinHandle<()>>,
}

/// What the desk and its threads share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) field: Mutex<Field>,
    pub(crate) options: DeskOptions,
    pub(crate) exchange: Exchange,
}

/// A tile, a photo, or another thing that the web view fetches by address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TileAnswer {
    /// Its media type.
    pub media_type: String,
    /// Its bytes, not compressed.
    pub bytes: Vec<u8>,
}

impl Desk {
    /// Opens a laptop, installs the bundle when there is nothing else, and begins to exchange with the store.
    ///
    /// # Errors
    ///
    /// [`ApiError::FolderInUse`], [`ApiError::StoreDamaged`], [`ApiError::KeyMissing`], [`ApiError::DiskFull`]; what
    /// lies in the folder is as it was then.
    pub fn open(options: DeskOptions) -> Result<Self, ApiError> {
        let mut ids = (options.ids)();
        let field = Field::open(&options.dir, &*options.keys, &mut *ids, &OpenOptions::default());
        let mut field = field.map_err(|error| logged("opening the laptop", &error))?;
        if let Some(bundle) = &options.bundle {
            install_bundle(&mut field, bundle)?;
        }
        let exchange = Exchange::new((options.now)());
        let shared = Arc::new(Shared { field: Mutex::new(field), options, exchange });
        let thread = Shared::start_exchange(&shared);
        Ok(Self { shared, exchange: Some(thread) })
    }

    /// Answers one command by its name.
    ///
    /// # Errors
    ///
    /// [`ApiError`]; a refused or failed command has changed nothing.
    pub fn call(&self, name: &str, input: Value) -> Result<Value, ApiError> {
        dispatch(self, name, input)
    }

    /// Answers an address below the tile scheme: `base/z/x/y`, `live/version/z/x/y`, `photo/digits`, `preview/digits`.
    /// `None` when there is nothing there.
    pub fn tile(&self, path: &str) -> Option<TileAnswer> {
        let parts: Vec<&str> = path.split('/').collect();
        let mvt = |bytes: Vec<u8>| TileAnswer {
            media_type: "application/vnd.mapbox-vector-tile".to_owned(),
            bytes,
        };
        let number = |text: &str| text.parse::<u32>().ok();
        let found = match parts[..] {
            ["base", z, x, y] => {
                let (z, x, y) = (z.parse().ok()?, number(x)?, number(y)?);
                self.read(|field| field.base_tile(z, x, y)).map(|it| it.map(mvt))
            }
            ["live", _, z, x, y] => {
                let (z, x, y) = (z.parse().ok()?, number(x)?, number(y)?);
                let now = self.now();
                self.read(|field| field.live_tile(z, x, y, now)).map(|it| Some(mvt(it)))
            }
            ["photo", digits] => {
                let blob = BlobId::parse(&format!("sha256:{digits}")).ok()?;
                self.read(|field| field.photo_bytes(&blob))
                    .map(|(media_type, bytes)| Some(TileAnswer { media_type, bytes }))
            }
            // Small pictures of colleagues' photos come by themselves.
            ["preview", digits] => {
                let blob = BlobId::parse(&format!("sha256:{digits}")).ok()?;
                let jpeg = |bytes| TileAnswer { media_type: "image/jpeg".to_owned(), bytes };
                self.read(|field| field.preview(&blob)).map(|it| it.map(jpeg))
            }
            _ => Ok(None),
        };
        found.unwrap_or(None).filter(|it| !it.bytes.is_empty())
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.shared.options.now)()
    }

    pub(crate) fn ids(&self) -> Box<dyn IdSource> {
        (self.shared.options.ids)()
    }

    pub(crate) fn version(&self) -> &'static str {
        self.shared.options.version
    }

    pub(crate) fn grid(&self) -> GridSystem {
        self.shared.lock().grid()
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    pub(crate) fn read<R>(
        &self,
        act: impl FnOnce(&Field) -> Result<R, AppError>,
    ) -> Result<R, ApiError> {
        act(&self.shared.lock()).map_err(|error| logged("a question", &error))
    }

    pub(crate) fn write<R>(
        &self,
        act: impl FnOnce(&mut Field) -> Result<R, AppError>,
    ) -> Result<R, ApiError> {
        act(&mut self.shared.lock()).map_err(|error| logged("a change", &error))
    }

    /// Writes everything unsent to a file of its own beside the laptop's folder.
    pub(crate) fn save_outbox(&self) -> Result<WrittenFileDto, ApiError> {
        let now = self.now();
        // A colon cannot stand in a file name everywhere.
        let moment: String = now.to_string().chars().take(19).collect::<String>().replace(':', "");
        let folder = self.shared.options.dir.join("nodkopior");
        fs::create_dir_all(&folder).map_err(|error| {
            tracing::warn!(%error, "making the folder of emergency copies");
            ApiError::Internal
        })?;
        let path = folder.join(format!("faltkarta-{moment}.json"));
        let written = self.read(|field| field.export_outbox(&path, now))?;
        Ok(WrittenFileDto {
            path: path.display().to_string(),
            n_edits: written.n_edits,
            n_photos: written.n_photos,
        })
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.shared.exchange.stop();
        if let Some(thread) = self.exchange.take()
            && thread.join().is_err()
        {
            tracing::warn!("the exchange ended by a fault");
        }
    }
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Field> {
        // A fault elsewhere leaves the laptop whole: each of its functions is one transaction.
        self.field.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts what the installer carried into a laptop that holds nothing. A damaged bundle is told and passed over: the
/// laptop can still be enrolled.
fn install_bundle(field: &mut Field, bundle: &Path) -> Result<(), ApiError> {
    let session = field.session().map_err(|error| logged("opening the laptop", &error))?;
    if session.phase != Phase::Empty {
        return Ok(());
    }
    let manifest = fs::read(bundle.join("package.json"))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<PackageManifest>(&bytes).ok());
    let Some(manifest) = manifest else {
        tracing::warn!("there is no package in the bundle");
        return Ok(());
    };
    match field.install_package(bundle, manifest, &mut |_| {}) {
        Ok(()) => Ok(()),
        Err(error) => match logged("installing the bundle", &error) {
            full @ ApiError::DiskFull => Err(full),
            _ => Ok(()),
        },
    }
}

/// Logs a failure once, at the rim, and gives what the interface is told of it.
pub(crate) fn logged(doing: &'static str, error: &AppError) -> ApiError {
    tracing::warn!(code = error.code(), %error, doing);
    failure(error)
}
