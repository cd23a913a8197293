use std::cell::{Cell, RefCell, UnsafeCell};
use std::ffi::c_void;

/// Number of locks of the shared memory of a write-ahead log.
const N_LOCKS: usize = 8;

/// The shared memory of a write-ahead log: regions that never move, and eight locks.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    regions: RefCell<Vec<Box<[UnsafeCell<u64>]>>>,
    /// Holders of each lock: −1 for one alone.
    locks: [Cell<i32>; N_LOCKS],
}

impl Shared {
    /// The address of a region; `None` when it is not there and shall not be made.
    pub(crate) fn region(&self, at: usize, n_bytes: usize, make: bool) -> Option<*mut c_void> {
        let mut regions = self.regions.borrow_mut();
        while make && regions.len() <= at {
            regions.push((0..n_bytes.div_ceil(8)).map(|_| UnsafeCell::new(0)).collect());
        }
        regions.get(at).map(|it| it[0].get().cast::<c_void>())
    }

    pub(crate) fn take_shared(&self, at: usize) -> bool {
        let holders = self.locks[at].get();
        let is_free = holders >= 0;
        if is_free {
            self.locks[at].set(holders + 1);
        }
        is_free
    }

    pub(crate) fn give_shared(&self, at: usize) {
        self.locks[at].set((self.locks[at].get() - 1).max(0));
    }

    /// Takes several locks alone, or none. Those that the asker shares himself are counted in `own`.
    pub(crate) fn take_alone(&self, at: usize, n: usize, own: impl Fn(usize) -> i32) -> bool {
        let is_free = (at..at + n).all(|lock| self.locks[lock].get() == own(lock));
        if is_free {
            (at..at + n).for_each(|lock| self.locks[lock].set(-1));
        }
        is_free
    }

    pub(crate) fn give_alone(&self, at: usize, n: usize) {
        (at..at + n).for_each(|lock| self.locks[lock].set(0));
    }
}
