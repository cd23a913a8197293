use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::file::Inode;

/// What a power cut takes of the bytes that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Nothing: the process died, the machine did not.
    Nothing,
    /// All of them.
    All,
    /// Each sector by chance.
    Some,
    /// Each sector by chance, and some of those that stay only in part.
    Torn,
}

/// What a machine does at a call instead of its duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Stops: this call and all later ones fail until [`Machine::power_cut`].
    Stop,
    /// Has no room for this write.
    Full,
    /// Fails this call, once.
    Fault,
}

/// The files of a machine at a moment. Cheap to keep: bytes are shared until one side writes.
#[derive(Debug, Clone, Default)]
pub struct Image(BTreeMap<PathBuf, Rc<Vec<u8>>>);

impl Image {
    /// Bytes in all.
    pub fn n_bytes(&self) -> usize {
        self.0.values().map(|it| it.len()).sum()
    }
}

/// One machine: a folder whose SQLite files live in memory.
#[derive(Debug, Clone)]
pub struct Machine(Rc<State>);

#[derive(Debug)]
pub(crate) struct State {
    root: PathBuf,
    inodes: RefCell<BTreeMap<PathBuf, Rc<Inode>>>,
    /// Counts power-ups; handles of an earlier one are dead.
    power: Cell<u64>,
    n_calls: Cell<u64>,
    trouble: Cell<Option<(u64, Trouble)>>,
    is_stopped: Cell<bool>,
}

thread_local! {
    static MACHINES: RefCell<BTreeMap<PathBuf, Rc<State>>> = const { RefCell::new(BTreeMap::new()) };
}

impl Machine {
    /// Makes a machine of a folder, with no files.
    pub fn new(root: &Path) -> Self {
        let state = Rc::new(State {
            root: root.to_owned(),
            inodes: RefCell::default(),
            power: Cell::new(0),
            n_calls: Cell::new(0),
            trouble: Cell::new(None),
            is_stopped: Cell::new(false),
        });
        MACHINES.with(|it| it.borrow_mut().insert(root.to_owned(), Rc::clone(&state)));
        Self(state)
    }

    /// Makes a machine of a folder, with the files of an image of another.
    pub fn from_image(root: &Path, image: &Image) -> Self {
        let machine = Self::new(root);
        machine.put(image);
        machine
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.0.root
    }

    /// Its files as readers see them now.
    pub fn image(&self) -> Image {
        let inodes = self.0.inodes.borrow();
        let files = inodes.iter().filter_map(|(path, inode)| {
            Some((path.strip_prefix(&self.0.root).ok()?.to_owned(), inode.content()))
        });
        Image(files.collect())
    }

    /// Replaces its files by those of an image. Whoever has one open holds a dead handle.
    pub fn put(&self, image: &Image) {
        self.restart();
        let mut inodes = self.0.inodes.borrow_mut();
        for path in inodes.keys() {
            // It may have been removed from the real disk by the program itself.
            let _ = std::fs::remove_file(path);
        }
        inodes.clear();
        for (name, bytes) in &image.0 {
            let path = self.0.root.join(name);
            mark(&path);
            inodes.insert(path, Rc::new(Inode::new(Rc::clone(bytes), true)));
        }
    }

    /// Calls that wrote, synced, cut or removed something.
    pub fn n_calls(&self) -> u64 {
        self.0.n_calls.get()
    }

    /// Orders trouble `after` so many more calls, 1 for the next.
    pub fn trouble_after(&self, after: u64, trouble: Trouble) {
        self.0.trouble.set(Some((self.0.n_calls.get() + after, trouble)));
    }

    /// Takes an order back.
    pub fn no_trouble(&self) {
        self.0.trouble.set(None);
    }

    /// Stops it now: every later call fails.
    pub fn stop(&self) {
        self.0.is_stopped.set(true);
    }

    /// Whether it stopped.
    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped.get()
    }

    /// Takes the power away and gives it back. Handles that are still open are dead. `chance(n)` gives 0 to n − 1.
    pub fn power_cut(&self, loss: Loss, chance: &mut dyn FnMut(u64) -> u64) {
        let before: Vec<(PathBuf, Rc<Inode>)> =
            self.0.inodes.borrow().iter().map(|(path, it)| (path.clone(), Rc::clone(it))).collect();
        self.restart();
        let mut inodes = self.0.inodes.borrow_mut();
        inodes.clear();
        for (path, inode) in before {
            match inode.after_cut(loss, chance) {
                Some(bytes) => {
                    mark(&path);
                    inodes.insert(path, Rc::new(Inode::new(bytes, true)));
                }
                None => {
                    // The marker of a file that is gone.
                    let _ = std::fs::remove_file(&path);
                }
            }
        }
    }

    fn restart(&self) {
        self.0.power.set(self.0.power.get() + 1);
        self.0.is_stopped.set(false);
        self.0.trouble.set(None);
    }

    /// Takes the machine away; its memory is freed when the last handle is closed.
    pub fn remove(self) {
        self.0.power.set(self.0.power.get() + 1);
        self.0.inodes.borrow_mut().clear();
        MACHINES.with(|it| it.borrow_mut().remove(&self.0.root));
    }
}

impl State {
    pub(crate) fn of(path: &Path) -> Option<Rc<Self>> {
        MACHINES.with(|it| {
            let machines = it.borrow();
            path.parent().and_then(|root| machines.get(root)).map(Rc::clone)
        })
    }

    pub(crate) fn power(&self) -> u64 {
        self.power.get()
    }

    /// Whether a handle of that power-up still works.
    pub(crate) fn is_alive(&self, power: u64) -> bool {
        self.power.get() == power && !self.is_stopped.get()
    }

    /// Counts a call that changes something; what happens instead of it.
    pub(crate) fn call(&self) -> Option<Trouble> {
        if self.is_stopped.get() {
            return Some(Trouble::Stop);
        }
        self.n_calls.set(self.n_calls.get() + 1);
        let (at, trouble) = self.trouble.get()?;
        if self.n_calls.get() < at {
            return None;
        }
        self.trouble.set(None);
        if trouble == Trouble::Stop {
            self.is_stopped.set(true);
        }
        Some(trouble)
    }

    pub(crate) fn find(&self, path: &Path) -> Option<Rc<Inode>> {
        self.inodes.borrow().get(path).map(Rc::clone)
    }

    pub(crate) fn create(&self, path: &Path) -> Rc<Inode> {
        mark(path);
        let inode = Rc::new(Inode::new(Rc::default(), false));
        self.inodes.borrow_mut().insert(path.to_owned(), Rc::clone(&inode));
        inode
    }

    pub(crate) fn delete(&self, path: &Path) -> bool {
        // The marker; SQLite is told what the memory says.
        let _ = std::fs::remove_file(path);
        self.inodes.borrow_mut().remove(path).is_some()
    }
}

/// Leaves an empty file on the real disk for code that asks whether a database exists.
fn mark(path: &Path) {
    // Only the main database is asked for by name.
    if path.extension().is_some_and(|it| it != "sqlite-wal") && !path.exists() {
        let _ = std::fs::File::create(path);
    }
}
