use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::machine::Loss;
use crate::shared::Shared;

/// Smallest piece that a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

/// One file: what readers see, and what of it is not on the platter yet.
#[derive(Debug)]
pub(crate) struct Inode {
    bytes: RefCell<Rc<Vec<u8>>>,
    pending: RefCell<Vec<Pending>>,
    is_durable: Cell<bool>,
    n_shared: Cell<u32>,
    has_reserved: Cell<bool>,
    has_exclusive: Cell<bool>,
    pub(crate) shared: Shared,
}

/// A change since the last sync, with what stood there before.
#[derive(Debug)]
enum Pending {
    Write { offset: usize, old: Vec<u8>, old_len: usize, new: Vec<u8> },
    Truncate { old_tail: Vec<u8>, len: usize },
}

/// Strength of a lock as SQLite numbers it.
pub(crate) const LOCK_NONE: i32 = 0;
pub(crate) const LOCK_SHARED: i32 = 1;
pub(crate) const LOCK_RESERVED: i32 = 2;
pub(crate) const LOCK_EXCLUSIVE: i32 = 4;

impl Inode {
    pub(crate) fn new(bytes: Rc<Vec<u8>>, is_durable: bool) -> Self {
        Self {
            bytes: RefCell::new(bytes),
            pending: RefCell::default(),
            is_durable: Cell::new(is_durable),
            n_shared: Cell::new(0),
            has_reserved: Cell::new(false),
            has_exclusive: Cell::new(false),
            shared: Shared::default(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.borrow().len()
    }

    /// Fills `into` from an offset; says how many bytes were there, the rest is zero.
    pub(crate) fn read(&self, into: &mut [u8], offset: usize) -> usize {
        let bytes = self.bytes.borrow();
        let there = bytes.get(offset..).unwrap_or_default();
        let n = there.len().min(into.len());
        into[..n].copy_from_slice(&there[..n]);
        into[n..].fill(0);
        n
    }

    pub(crate) fn write(&self, new: &[u8], offset: usize) {
        let mut bytes = self.bytes.borrow_mut();
        let bytes = Rc::make_mut(&mut bytes);
        let old_len = bytes.len();
        let end = offset + new.len();
        let old = bytes.get(offset..end.min(old_len)).unwrap_or_default().to_vec();
        if end > old_len {
            bytes.resize(end, 0);
        }
        bytes[offset..end].copy_from_slice(new);
        let new = new.to_vec();
        self.pending.borrow_mut().push(Pending::Write { offset, old, old_len, new });
    }

    pub(crate) fn truncate(&self, len: usize) {
        let mut bytes = self.bytes.borrow_mut();
        if len >= bytes.len() {
            return;
        }
        let old_tail = Rc::make_mut(&mut bytes).split_off(len);
        self.pending.borrow_mut().push(Pending::Truncate { old_tail, len });
    }

    pub(crate) fn sync(&self) {
        self.pending.borrow_mut().clear();
        self.is_durable.set(true);
    }

    pub(crate) fn content(&self) -> Rc<Vec<u8>> {
        Rc::clone(&self.bytes.borrow())
    }

    /// What is on the platter after the power went; `None` when not even the name is.
    pub(crate) fn after_cut(
        &self,
        loss: Loss,
        chance: &mut dyn FnMut(u64) -> u64,
    ) -> Option<Rc<Vec<u8>>> {
        if !self.is_durable.get() && (loss == Loss::All || chance(2) == 0) {
            return None;
        }
        let mut bytes = self.content();
        let pending = self.pending.borrow();
        if pending.is_empty() || loss == Loss::Nothing {
            return Some(bytes);
        }
        let bytes_mut = Rc::make_mut(&mut bytes);
        for change in pending.iter().rev() {
            match change {
                Pending::Write { offset, old, old_len, .. } => {
                    bytes_mut[*offset..offset + old.len()].copy_from_slice(old);
                    bytes_mut.truncate(*old_len);
                }
                Pending::Truncate { old_tail, len } => {
                    bytes_mut.truncate(*len);
                    bytes_mut.extend_from_slice(old_tail);
                }
            }
        }
        if loss == Loss::All {
            return Some(bytes);
        }
        for change in pending.iter() {
            match change {
                Pending::Write { offset, new, .. } => {
                    for (at, sector) in new.chunks(SECTOR).enumerate() {
                        let is_kept = chance(2) == 0;
                        let n = match loss {
                            _ if !is_kept => continue,
                            Loss::Torn if chance(8) == 0 => chance(sector.len() as u64) as usize,
                            _ => sector.len(),
                        };
                        let from = offset + at * SECTOR;
                        if bytes_mut.len() < from + n {
                            bytes_mut.resize(from + n, 0);
                        }
                        bytes_mut[from..from + n].copy_from_slice(&sector[..n]);
                    }
                }
                Pending::Truncate { len, .. } => {
                    if chance(2) == 0 {
                        bytes_mut.truncate(*len);
                    }
                }
            }
        }
        Some(bytes)
    }

    /// Raises a connection's lock from `held`; `false` when somebody else is in the way.
    pub(crate) fn lock(&self, held: i32, wanted: i32) -> bool {
        if held < LOCK_SHARED && wanted >= LOCK_SHARED {
            if self.has_exclusive.get() {
                return false;
            }
            self.n_shared.set(self.n_shared.get() + 1);
        }
        if held < LOCK_RESERVED && wanted >= LOCK_RESERVED {
            if self.has_reserved.get() {
                return false;
            }
            self.has_reserved.set(true);
        }
        if held < LOCK_EXCLUSIVE && wanted >= LOCK_EXCLUSIVE {
            if self.n_shared.get() > 1 {
                return false;
            }
            self.has_exclusive.set(true);
        }
        true
    }

    /// Lowers a connection's lock from `held`.
    pub(crate) fn unlock(&self, held: i32, wanted: i32) {
        if held >= LOCK_EXCLUSIVE && wanted < LOCK_EXCLUSIVE {
            self.has_exclusive.set(false);
        }
        if held >= LOCK_RESERVED && wanted < LOCK_RESERVED {
            self.has_reserved.set(false);
        }
        if held >= LOCK_SHARED && wanted < LOCK_SHARED {
            self.n_shared.set(self.n_shared.get().saturating_sub(1));
        }
    }

    pub(crate) fn is_reserved(&self) -> bool {
        self.has_reserved.get()
    }
}
