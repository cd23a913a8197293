use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use crate::limits::MAX_ROW_BYTES;

/// Passes bytes on and counts them. A quote that is never closed would else take the whole file into one row.
#[derive(Debug)]
pub(crate) struct Bounded<R> {
    inner: R,
    budget: Budget,
}

/// What is left for the row that is being read; shared between the bytes and whoever knows where rows begin.
#[derive(Debug, Clone)]
pub(crate) struct Budget {
    left: Rc<Cell<u64>>,
}

impl Budget {
    pub(crate) fn new() -> Self {
        Self { left: Rc::new(Cell::new(MAX_ROW_BYTES)) }
    }

    /// Begins a new row.
    pub(crate) fn renew(&self) {
        self.left.set(MAX_ROW_BYTES);
    }

    /// Whether a row took more than it may.
    pub(crate) fn is_spent(&self) -> bool {
        self.left.get() == 0
    }
}

impl<R: Read> Bounded<R> {
    pub(crate) fn new(inner: R, budget: Budget) -> Self {
        Self { inner, budget }
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.budget.is_spent() {
            return Err(io::Error::other("a row is too large"));
        }
        let n_read = self.inner.read(into)?;
        self.budget.left.set(self.budget.left.get().saturating_sub(n_read as u64));
        Ok(n_read)
    }
}
