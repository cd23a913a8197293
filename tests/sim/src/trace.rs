use std::cell::{Cell, RefCell};

use crate::chance::mix;

/// What happened, line by line, and a digest of it by which two runs of a seed are compared.
#[derive(Debug)]
pub(crate) struct Trace {
    is_kept: bool,
    lines: RefCell<Vec<String>>,
    digest: Cell<u64>,
    step: Cell<u32>,
}

impl Trace {
    /// An empty trace; the lines are kept when asked for.
    pub(crate) fn new(is_kept: bool) -> Self {
        Self { is_kept, lines: RefCell::default(), digest: Cell::new(0), step: Cell::new(0) }
    }

    /// A new step begins.
    pub(crate) fn at(&self, step: u32) {
        self.step.set(step);
    }

    /// Adds a line.
    pub(crate) fn say(&self, line: impl FnOnce() -> String) {
        let line = line();
        let digest = line.bytes().fold(self.digest.get(), |sum, byte| mix(sum ^ u64::from(byte)));
        self.digest.set(digest);
        if self.is_kept {
            self.lines.borrow_mut().push(format!("{:>4} {line}", self.step.get()));
        }
    }

    /// The lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.borrow().clone()
    }

    /// The digest.
    pub(crate) fn digest(&self) -> u64 {
        self.digest.get()
    }
}
