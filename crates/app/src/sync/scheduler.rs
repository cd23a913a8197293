use faltkarta_model::Timestamp;

/// First wait after a failure, in milliseconds.
const FIRST_MS: i64 = 2_000;
/// Longest wait after failures.
const CAP_MS: i64 = 300_000;
/// Wait between two successful rounds, for the edits of others.
const CALM_MS: i64 = 60_000;
/// Wait after an own edit, so that a burst of them goes together.
const EDIT_MS: i64 = 1_000;

/// When the next round is due. Knows no clock and no chance: both are told. There is no last try.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheduler {
    due: Timestamp,
    n_failures: u32,
}

impl Scheduler {
    /// The first round is due at once.
    pub fn new(now: Timestamp) -> Self {
        Self { due: now, n_failures: 0 }
    }

    /// An own edit was saved: due soon, unless failures say to wait and the wait is not over.
    pub fn on_new_op(&mut self, now: Timestamp) {
        if self.n_failures == 0 {
            self.due = self.due.min(later(now, EDIT_MS));
        }
    }

    /// The person asked, or the network came back: due at once.
    pub fn on_wish(&mut self, now: Timestamp) {
        self.due = now;
    }

    /// A round ended well.
    pub fn on_success(&mut self, now: Timestamp) {
        self.n_failures = 0;
        self.due = later(now, CALM_MS);
    }

    /// A round failed: the wait doubles up to five minutes. `chance` from 0 to 1 spreads the laptops of a depot that
    /// come back to the network together over half of the wait. Where the store said how many seconds to wait, that
    /// is the least, up to five minutes too.
    pub fn on_failure(&mut self, now: Timestamp, chance: f64, wait_s: Option<u32>) {
        let doublings = self.n_failures.min(12);
        self.n_failures = self.n_failures.saturating_add(1);
        let whole_ms = (FIRST_MS << doublings).min(CAP_MS);
        let half_ms = whole_ms / 2;
        let own_ms = half_ms + (half_ms as f64 * chance.clamp(0.0, 1.0)) as i64;
        let asked_ms = wait_s.map_or(0, |it| i64::from(it) * 1_000).min(CAP_MS);
        self.due = later(now, own_ms.max(asked_ms));
    }

    /// Milliseconds until the next round; 0 when it is due. A clock that was set back does not stop the exchange.
    pub fn next_try_ms(&mut self, now: Timestamp) -> u32 {
        let left_ms = self.due.unix_ms() - now.unix_ms();
        if left_ms > CAP_MS {
            self.due = later(now, CAP_MS);
        }
        left_ms.clamp(0, CAP_MS) as u32
    }

    /// Rounds that failed one after another.
    pub fn n_failures(&self) -> u32 {
        self.n_failures
    }
}

fn later(now: Timestamp, wait_ms: i64) -> Timestamp {
    Timestamp::from_unix_ms(now.unix_ms() + wait_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(1_779_180_000_000 + ms)
    }

    #[test]
    fn the_wait_doubles_up_to_five_minutes_and_never_ends() {
        let mut scheduler = Scheduler::new(at(0));
        let mut waits = vec![];
        for _ in 0..100 {
            scheduler.on_failure(at(0), 1.0, None);
            waits.push(scheduler.next_try_ms(at(0)));
        }
        assert_eq!(waits[..4], [2_000, 4_000, 8_000, 16_000]);
        assert_eq!(waits[99], 300_000);
        scheduler.on_success(at(0));
        scheduler.on_failure(at(0), 1.0, None);
        assert_eq!(scheduler.next_try_ms(at(0)), 2_000);
    }

    #[test]
    fn chance_spreads_a_wait_over_its_second_half() {
        let wait = |chance: f64| {
            let mut scheduler = Scheduler::new(at(0));
            scheduler.on_failure(at(0), chance, None);
            scheduler.next_try_ms(at(0))
        };
        assert_eq!([wait(0.0), wait(0.5), wait(1.0)], [1_000, 1_500, 2_000]);
    }

    #[test]
    fn a_store_that_asks_to_wait_is_left_alone_for_so_long_and_never_for_ever() {
        let wait = |wait_s: u32| {
            let mut scheduler = Scheduler::new(at(0));
            scheduler.on_failure(at(0), 1.0, Some(wait_s));
            scheduler.next_try_ms(at(0))
        };
        assert_eq!([wait(0), wait(1), wait(30), wait(86_400)], [2_000, 2_000, 30_000, 300_000]);
    }

    #[test]
    fn an_edit_goes_soon_but_does_not_hammer_a_dead_network() {
        let mut scheduler = Scheduler::new(at(0));
        scheduler.on_success(at(0));
        scheduler.on_new_op(at(10_000));
        assert_eq!(scheduler.next_try_ms(at(10_000)), 1_000);
        for _ in 0..9 {
            scheduler.on_failure(at(20_000), 1.0, None);
        }
        scheduler.on_new_op(at(21_000));
        assert_eq!(scheduler.next_try_ms(at(21_000)), 299_000);
        scheduler.on_wish(at(22_000));
        assert_eq!(scheduler.next_try_ms(at(22_000)), 0);
    }

    #[test]
    fn a_clock_set_back_by_a_year_delays_by_five_minutes_at_most() {
        let mut scheduler = Scheduler::new(at(0));
        scheduler.on_success(at(0));
        let year_ms = 365 * 86_400_000;
        assert_eq!(scheduler.next_try_ms(at(-year_ms)), 300_000);
        assert_eq!(scheduler.next_try_ms(at(-year_ms + 300_000)), 0);
    }
}
