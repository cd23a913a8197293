use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use faltkarta_model::{IdSource, Timestamp};
use faltkarta_server::Rim;
use uuid::Uuid;

/// The chance of one history: everything that happens follows from its seed.
#[derive(Debug)]
pub(crate) struct Chance(RefCell<u64>);

impl Chance {
    /// The chance of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(RefCell::new(mix(seed ^ 0x5eed_0f5e_a50f_f1e1)))
    }

    /// The next 64 bits.
    pub(crate) fn next(&self) -> u64 {
        let mut state = self.0.borrow_mut();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(*state)
    }

    /// A number below `n`; 0 when `n` is 0.
    pub(crate) fn below(&self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.next() % n }
    }

    /// A place in a list of `n`.
    pub(crate) fn at(&self, n: usize) -> usize {
        self.below(n as u64) as usize
    }

    /// True in so many of 1 000 cases.
    pub(crate) fn permille(&self, n: u32) -> bool {
        self.below(1_000) < u64::from(n)
    }

    /// One of a list.
    pub(crate) fn pick<'a, T>(&self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.at(list.len()))
    }
}

/// Spreads a number over all 64 bits.
pub(crate) fn mix(mut it: u64) -> u64 {
    it = (it ^ (it >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    it = (it ^ (it >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    it ^ (it >> 31)
}

/// Ids of one history: no two alike, and in no order that anybody could lean on.
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    seed: u64,
    next: Rc<Cell<u64>>,
}

impl Ids {
    /// The ids of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed: mix(seed), next: Rc::default() }
    }

    fn id(&self, n: u64) -> Uuid {
        let bits = u128::from(mix(self.seed ^ n)) << 64 | u128::from(mix(n ^ 0x1d) ^ self.seed);
        uuid::Builder::from_u128(bits).with_version(uuid::Version::SortRand).into_uuid()
    }

    /// The first id that was taken after this copy of the source was made.
    pub(crate) fn first_after(&self, n: u64) -> Uuid {
        self.id(n + 1)
    }

    /// How many ids were taken.
    pub(crate) fn n_taken(&self) -> u64 {
        self.next.get()
    }
}

impl IdSource for Ids {
    fn next_id(&mut self) -> Uuid {
        self.next.set(self.next.get() + 1);
        self.id(self.next.get())
    }
}

/// Clock, ids and secrets of the store's machine.
#[derive(Debug)]
pub(crate) struct StoreRim {
    seed: u64,
    next: AtomicU64,
    now_ms: AtomicI64,
}

/// When every history begins.
pub(crate) const BEGIN_MS: i64 = 1_779_180_000_000;

impl StoreRim {
    /// The rim of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, next: AtomicU64::new(1), now_ms: AtomicI64::new(BEGIN_MS) }
    }

    /// Lets time pass, in milliseconds.
    pub(crate) fn pass(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    fn bits(&self) -> u64 {
        mix(self.seed ^ mix(self.next.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Rim for StoreRim {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.now_ms.load(Ordering::Relaxed))
    }

    fn new_id(&self) -> Uuid {
        Uuid::from_u64_pair(self.bits(), self.bits())
    }

    fn secret(&self) -> [u8; 32] {
        let mut secret = [0; 32];
        for piece in secret.chunks_mut(8) {
            piece.copy_from_slice(&self.bits().to_le_bytes());
        }
        secret
    }
}
