use std::path::Path;
use std::sync::Arc;

use axum::Router;
use faltkarta_disk::{Image, Loss, Machine};
use faltkarta_server::{OpenMode, Rim, SqliteStore, StoreError, inline_router, open_store};
use rusqlite::Connection;

use crate::chance::StoreRim;
use crate::files::link_folder;
use crate::wire::{Answered, Sent, call};

const DATABASE: &str = "store.sqlite";
/// SWEREF 99 15 00.
const GRID_EPSG: u32 = 3009;

/// The store's machine with the real store and its real router.
#[derive(Debug)]
pub(crate) struct Host {
    /// Its disk.
    pub(crate) machine: Machine,
    /// Its clock and chance.
    pub(crate) rim: Arc<StoreRim>,
    /// Counts how often it was opened.
    pub(crate) n_opened: u32,
    store: Option<Arc<SqliteStore>>,
    router: Option<Router>,
    eye: Option<Connection>,
    runtime: tokio::runtime::Runtime,
}

impl Host {
    /// A machine with the files of an image, or a new one.
    pub(crate) fn new(
        root: &Path,
        from: Option<(&Image, &Path)>,
        rim: Arc<StoreRim>,
    ) -> std::io::Result<Self> {
        std::fs::create_dir_all(root)?;
        let machine = Machine::new(root);
        if let Some((image, files)) = from {
            link_folder(files, root, &|name| !name.contains(".sqlite") && name != "lock")?;
            machine.put(image);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        Ok(Self { machine, rim, n_opened: 0, store: None, router: None, eye: None, runtime })
    }

    /// Starts the store.
    pub(crate) fn open(&mut self) -> Result<(), StoreError> {
        let mode = OpenMode::CreateIfMissing { grid_epsg: GRID_EPSG };
        let store = Arc::new(open_store(self.machine.root(), mode, self.rim.as_ref())?);
        let rim: Arc<dyn Rim> = self.rim.clone();
        self.router = Some(inline_router(store.clone(), rim));
        self.store = Some(store);
        self.n_opened += 1;
        Ok(())
    }

    /// Stops the store.
    pub(crate) fn close(&mut self) {
        self.eye = None;
        self.router = None;
        self.store = None;
    }

    /// Takes the power away.
    pub(crate) fn crash(&mut self, loss: Loss, chance: &mut dyn FnMut(u64) -> u64) {
        self.machine.power_cut(loss, chance);
        self.close();
    }

    /// The open store.
    pub(crate) fn store(&self) -> Option<&Arc<SqliteStore>> {
        self.store.as_ref()
    }

    /// Answers a request; `None` when the machine is down, or went down meanwhile.
    pub(crate) fn serve(&mut self, sent: &Sent) -> Option<Answered> {
        let router = self.router.as_mut()?;
        let answered = call(&self.runtime, router, sent);
        (!self.machine.is_stopped()).then_some(answered)
    }

    /// Looks into its file beside the program.
    pub(crate) fn look<R>(
        &mut self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<R>,
    ) -> rusqlite::Result<R> {
        let conn = match self.eye.take() {
            Some(conn) => conn,
            None => Connection::open(self.machine.root().join(DATABASE))?,
        };
        act(self.eye.insert(conn))
    }
}
