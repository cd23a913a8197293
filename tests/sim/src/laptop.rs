use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

use faltkarta_app::{AppError, Field, FieldAccess};
use faltkarta_disk::{Image, Loss, Machine};
use faltkarta_model::Timestamp;
use faltkarta_store::{FixedKeyStore, Key, OpenOptions};
use faltkarta_sync_http::HttpLink;
use rusqlite::Connection;

use crate::acts::Pending;
use crate::chance::Ids;
use crate::files::link_folder;
use crate::wire::{OneStore, STORE, Wire};

/// The key of every simulated laptop's file.
const KEY: [u8; 32] = [42; 32];
const DATABASE: &str = "laptop.sqlite";

/// One laptop: its machine, its open file, its way to the store.
#[derive(Debug)]
pub(crate) struct Laptop {
    /// Its place in the history.
    pub(crate) no: usize,
    /// Its disk.
    pub(crate) machine: Machine,
    /// How far its clock is off, in milliseconds.
    pub(crate) skew_ms: Cell<i64>,
    /// Whether a round is under way.
    pub(crate) is_in_round: Cell<bool>,
    /// Whether it was lost for good.
    pub(crate) is_lost: Cell<bool>,
    /// Deeds whose end is not known yet.
    pub(crate) pending: RefCell<Vec<Pending>>,
    ids: Ids,
    field: RefCell<Option<Field>>,
    link: RefCell<Option<HttpLink>>,
    eye: RefCell<Option<Connection>>,
}

impl FieldAccess for Laptop {
    fn with<R>(&self, act: impl FnOnce(&mut Field) -> R) -> R {
        let mut field = self.field.borrow_mut();
        #[expect(clippy::expect_used, reason = "a laptop is open whenever a history uses it")]
        act(field.as_mut().expect("the laptop is open"))
    }
}

impl Laptop {
    /// A laptop with the files of an image, not open yet. Files beside the database are taken from `files`.
    pub(crate) fn new(
        no: usize,
        root: &Path,
        from: Option<(&Image, &Path)>,
        ids: Ids,
    ) -> std::io::Result<Self> {
        std::fs::create_dir_all(root)?;
        let machine = Machine::new(root);
        if let Some((image, files)) = from {
            link_folder(files, root, &|name| !name.contains(".sqlite") && name != "lock")?;
            machine.put(image);
        }
        Ok(Self {
            no,
            machine,
            skew_ms: Cell::new(0),
            is_in_round: Cell::new(false),
            is_lost: Cell::new(false),
            pending: RefCell::default(),
            ids,
            field: RefCell::default(),
            link: RefCell::default(),
            eye: RefCell::default(),
        })
    }

    /// Opens its file.
    pub(crate) fn open(&self) -> Result<(), AppError> {
        let options = OpenOptions { create: true, reserve_bytes: 0, max_pages: None };
        let keys = FixedKeyStore(Key::from_bytes(KEY));
        let field = Field::open(self.machine.root(), &keys, &mut self.ids(), &options)?;
        let token = field.store().meta("token")?;
        *self.link.borrow_mut() = Some(HttpLink::over(STORE, token, Wire(self.no), OneStore)?);
        *self.field.borrow_mut() = Some(field);
        Ok(())
    }

    /// Closes its file, as at the end of a day.
    pub(crate) fn close(&self) {
        *self.eye.borrow_mut() = None;
        *self.link.borrow_mut() = None;
        *self.field.borrow_mut() = None;
    }

    /// Takes the power away; the file is closed and what was not synced is lost.
    pub(crate) fn crash(&self, loss: Loss, chance: &mut dyn FnMut(u64) -> u64) {
        self.machine.power_cut(loss, chance);
        self.close();
    }

    /// Its source of ids.
    pub(crate) fn ids(&self) -> Ids {
        self.ids.clone()
    }

    /// Its clock at a moment of the store's.
    pub(crate) fn now(&self, store_now: Timestamp) -> Timestamp {
        Timestamp::from_unix_ms(store_now.unix_ms() + self.skew_ms.get())
    }

    /// Does something with its link; the link is taken for so long.
    pub(crate) fn with_link<R>(&self, act: impl FnOnce(&mut HttpLink) -> R) -> Option<R> {
        let mut link = self.link.borrow_mut().take()?;
        let done = act(&mut link);
        let mut slot = self.link.borrow_mut();
        if slot.is_none() {
            *slot = Some(link);
        }
        Some(done)
    }

    /// Looks into its file beside the program, through a connection of the checker's own.
    pub(crate) fn look<R>(
        &self,
        act: impl FnOnce(&Connection) -> rusqlite::Result<R>,
    ) -> rusqlite::Result<R> {
        let mut eye = self.eye.borrow_mut();
        let conn = match eye.take() {
            Some(conn) => conn,
            None => self.open_eye()?,
        };
        act(eye.insert(conn))
    }

    fn open_eye(&self) -> rusqlite::Result<Connection> {
        let conn = Connection::open(self.machine.root().join(DATABASE))?;
        conn.execute_batch("PRAGMA cipher_log_level = NONE;")?;
        conn.execute_batch(&format!("PRAGMA key = \"x'{}'\";", hex::encode(KEY)))?;
        Ok(conn)
    }

    /// Folder of its files.
    pub(crate) fn root(&self) -> PathBuf {
        self.machine.root().to_owned()
    }
}
