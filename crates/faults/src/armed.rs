//! What a test orders. Orders hold on the thread that gave them; a whole program takes its own from the environment:
//!
//! `FALTKARTA_FAULTS="store.journal.after_commit=abort@3;server.push.before_commit=delay:50"`: at the third passing
//! of the first point the process aborts, at each passing of the second it waits 50 ms.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::{Bug, Stopped};

/// What happens at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Go,
    /// The point fails.
    Error,
    /// The thread panics, as a broken promise in the code would.
    Panic,
    /// The process ends at once, with nothing flushed.
    Abort,
    /// The point takes so many milliseconds.
    Delay(u32),
}

type Observer = Box<dyn FnMut(&'static str) -> Action>;

#[derive(Default)]
struct Orders {
    observer: Option<Observer>,
    at: BTreeMap<String, (Action, Option<u64>)>,
    bugs: BTreeSet<Bug>,
    reached: BTreeMap<&'static str, u64>,
    notes: BTreeMap<String, String>,
}

thread_local! {
    static ORDERS: RefCell<Orders> = RefCell::new(Orders::default());
}

/// Forgets all orders and counts of this thread.
pub fn clear() {
    ORDERS.with(|it| *it.borrow_mut() = Orders::default());
}

/// Orders an action at a point, at its `passing`th passing from 1, or at every one.
pub fn arm(point: &str, action: Action, passing: Option<u64>) {
    ORDERS.with(|it| it.borrow_mut().at.insert(point.to_owned(), (action, passing)));
}

/// Lets a function decide at each point that [`arm`] does not name.
pub fn observe(observer: impl FnMut(&'static str) -> Action + 'static) {
    ORDERS.with(|it| it.borrow_mut().observer = Some(Box::new(observer)));
}

/// Lets the code make a known mistake.
pub fn seed(bug: Bug) {
    ORDERS.with(|it| it.borrow_mut().bugs.insert(bug));
}

/// How often each point was passed on this thread since [`clear`].
pub fn reached() -> BTreeMap<&'static str, u64> {
    ORDERS.with(|it| it.borrow().reached.clone())
}

/// Whether a known mistake is to be made here.
pub fn is_seeded(bug: Bug) -> bool {
    ORDERS.with(|it| it.borrow().bugs.contains(&bug))
}

/// Keeps something that a seeded bug needs to know later.
pub fn note(key: &str, value: &str) {
    ORDERS.with(|it| it.borrow_mut().notes.insert(key.to_owned(), value.to_owned()));
}

/// What a seeded bug kept.
pub fn noted(key: &str) -> Option<String> {
    ORDERS.with(|it| it.borrow().notes.get(key).cloned())
}

/// A place where a machine may stop.
///
/// # Errors
///
/// [`Stopped`] when the orders say so.
pub fn point(name: &'static str) -> Result<(), Stopped> {
    let (ordered, observer) = ORDERS.with(|it| {
        let orders = &mut *it.borrow_mut();
        let passing = orders.reached.entry(name).or_default();
        *passing += 1;
        let ordered = orders
            .at
            .get(name)
            .filter(|(_, at)| at.is_none_or(|at| at == *passing))
            .map(|(action, _)| *action);
        // Taken out, so that an observer may ask for the counts.
        (ordered, orders.observer.take())
    });
    let observed = observer.map(|mut observer| {
        let action = observer(name);
        ORDERS.with(|it| {
            it.borrow_mut().observer.get_or_insert(observer);
        });
        action
    });
    perform(name, ordered.or(observed).unwrap_or(Action::Go))?;
    perform(name, program_action(name))
}

#[expect(clippy::panic, reason = "an order of a test")]
fn perform(name: &'static str, action: Action) -> Result<(), Stopped> {
    match action {
        Action::Go => Ok(()),
        Action::Error => Err(Stopped { point: name }),
        Action::Panic => panic!("stopped at {name}"),
        Action::Abort => std::process::abort(),
        Action::Delay(ms) => {
            std::thread::sleep(Duration::from_millis(u64::from(ms)));
            Ok(())
        }
    }
}

/// Orders of the whole program, with how often each point was passed on any thread.
struct Program {
    at: BTreeMap<String, (Action, Option<u64>)>,
    reached: Mutex<BTreeMap<&'static str, u64>>,
}

fn program_action(name: &'static str) -> Action {
    static PROGRAM: OnceLock<Program> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| Program {
        at: parse(&std::env::var("FALTKARTA_FAULTS").unwrap_or_default()),
        reached: Mutex::default(),
    });
    let Some((action, at)) = program.at.get(name) else { return Action::Go };
    let mut reached = program.reached.lock().unwrap_or_else(PoisonError::into_inner);
    let passing = reached.entry(name).or_default();
    *passing += 1;
    if at.is_none_or(|at| at == *passing) { *action } else { Action::Go }
}

/// Reads orders; what cannot be read stops the program, because a crash test that crashes nothing proves nothing.
#[expect(clippy::panic, reason = "only in programs built to be crashed")]
fn parse(text: &str) -> BTreeMap<String, (Action, Option<u64>)> {
    let order = |part: &str| {
        let (point, what) = part.split_once('=')?;
        let (action, at) = match what.split_once('@') {
            Some((action, at)) => (action, Some(at.parse().ok()?)),
            None => (what, None),
        };
        let action = match action.split_once(':') {
            Some(("delay", ms)) => Action::Delay(ms.parse().ok()?),
            Some(_) => return None,
            None => match action {
                "error" => Action::Error,
                "panic" => Action::Panic,
                "abort" => Action::Abort,
                _ => return None,
            },
        };
        Some((point.trim().to_owned(), (action, at)))
    };
    text.split(';')
        .filter(|part| !part.trim().is_empty())
        .map(|part| {
            order(part.trim()).unwrap_or_else(|| panic!("FALTKARTA_FAULTS: cannot read {part:?}"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass() -> Result<(), Stopped> {
        point("faults.test.here")
    }

    #[test]
    fn an_order_holds_at_its_passing_only() {
        clear();
        arm("faults.test.here", Action::Error, Some(2));
        assert_eq!(pass(), Ok(()));
        assert_eq!(pass(), Err(Stopped { point: "faults.test.here" }));
        assert_eq!(pass(), Ok(()));
        assert_eq!(reached()["faults.test.here"], 3);
        clear();
        assert!(reached().is_empty());
    }

    #[test]
    fn an_observer_sees_each_point_and_decides() {
        clear();
        observe(|name| {
            if name.ends_with("there") && reached()["faults.test.there"] == 2 {
                Action::Error
            } else {
                Action::Go
            }
        });
        assert_eq!(pass(), Ok(()));
        assert_eq!(point("faults.test.there"), Ok(()));
        assert!(point("faults.test.there").is_err());
        clear();
    }

    #[test]
    fn a_panic_leaves_the_orders_in_force() {
        clear();
        arm("faults.test.here", Action::Panic, Some(1));
        assert!(std::panic::catch_unwind(pass).is_err());
        assert_eq!(pass(), Ok(()));
        clear();
    }

    #[test]
    fn a_bug_is_seeded_on_one_thread_only() {
        clear();
        seed(Bug::NoDedupe);
        assert!(is_seeded(Bug::NoDedupe) && !is_seeded(Bug::NoLeave));
        let elsewhere = std::thread::spawn(|| is_seeded(Bug::NoDedupe)).join();
        assert!(!elsewhere.unwrap());
        clear();
        assert!(!is_seeded(Bug::NoDedupe));
    }

    #[test]
    fn the_environment_says_point_action_and_passing() {
        let orders = parse("a.b.c=abort@3; d.e.f=delay:50;g.h.i=error");
        assert_eq!(orders["a.b.c"], (Action::Abort, Some(3)));
        assert_eq!(orders["d.e.f"], (Action::Delay(50), None));
        assert_eq!(orders["g.h.i"], (Action::Error, None));
        for bad in ["a.b.c", "a=explode", "a=abort@x", "a=delay:x"] {
            assert!(std::panic::catch_unwind(|| parse(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_bug_is_found_by_its_name() {
        for bug in Bug::ALL {
            assert_eq!(Bug::of_name(bug.name()), Some(bug));
        }
    }
}
