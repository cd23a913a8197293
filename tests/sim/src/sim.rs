//! One history: laptops, a store, the wire between them, and the clock that all of it follows.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use faltkarta_app::sync_round;
use faltkarta_disk::{Image, Loss, Trouble};
use faltkarta_model::Timestamp;
use faltkarta_server::Rim as _;

use crate::chance::{Chance, Ids, StoreRim};
use crate::host::Host;
use crate::laptop::Laptop;
use crate::plan::Plan;
use crate::template::Template;
use crate::trace::Trace;
use crate::truth::Truth;
use crate::wire::{Answered, Exchange, Reply, Sent, set_exchange};
use crate::{acts, check, tap};

/// What a history found that must not be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{invariant}: {text}")]
pub struct Violation {
    /// `I1` … `I15`, or `run` for a fault of the harness.
    pub invariant: &'static str,
    /// What was found.
    pub text: String,
}

/// Shorthand of checks.
pub type Checked<T = ()> = Result<T, Violation>;

/// Says what was found.
pub(crate) fn broken<T>(invariant: &'static str, text: impl Into<String>) -> Checked<T> {
    Err(Violation { invariant, text: text.into() })
}

/// A fault that is the harness's own.
pub(crate) fn harness(what: impl std::fmt::Display) -> Violation {
    Violation { invariant: "run", text: what.to_string() }
}

/// A request that lies on the way.
#[derive(Debug)]
struct Delayed {
    no: usize,
    sent: Sent,
}

/// One history.
#[derive(Debug)]
pub(crate) struct Sim {
    /// What this history is like.
    pub(crate) plan: Plan,
    /// Its chance.
    pub(crate) chance: Chance,
    /// The store's clock.
    pub(crate) rim: Arc<StoreRim>,
    /// The store.
    pub(crate) host: RefCell<Host>,
    /// The laptops.
    pub(crate) laptops: RefCell<Vec<Rc<Laptop>>>,
    /// What people did.
    pub(crate) truth: RefCell<Truth>,
    /// What happened.
    pub(crate) trace: Trace,
    /// Whether network and machines fail.
    pub(crate) is_faulty: Cell<bool>,
    /// Bytes of requests and answers by laptop, for figures.
    pub(crate) n_wire_bytes: Cell<u64>,
    /// Images of the store to go back to, with the number of deeds at that time.
    backups: RefCell<Vec<Image>>,
    delayed: RefCell<VecDeque<Delayed>>,
    depth: Cell<u32>,
    violation: RefCell<Option<Violation>>,
    root: PathBuf,
    seed: u64,
    n_machines: Cell<usize>,
    n_words: Cell<u64>,
}

impl Sim {
    /// A history of a seed, begun from a template.
    pub(crate) fn new(
        seed: u64,
        plan: Plan,
        template: &Template,
        root: &Path,
    ) -> Checked<Rc<Self>> {
        let rim = Arc::new(StoreRim::new(seed));
        // Templates were made by the same clock.
        rim.pass(3_600_000);
        // What an earlier history left.
        let _ = std::fs::remove_dir_all(root);
        let host = Host::new(
            &root.join("store"),
            Some((&template.store, &template.store_files)),
            rim.clone(),
        )
        .map_err(harness)?;
        let sim = Rc::new(Self {
            chance: Chance::new(seed),
            rim,
            host: RefCell::new(host),
            laptops: RefCell::default(),
            truth: RefCell::default(),
            trace: Trace::new(plan.is_traced),
            is_faulty: Cell::new(false),
            n_wire_bytes: Cell::new(0),
            backups: RefCell::default(),
            delayed: RefCell::default(),
            depth: Cell::new(0),
            violation: RefCell::default(),
            root: root.to_owned(),
            seed,
            n_machines: Cell::new(0),
            n_words: Cell::new(0),
            plan,
        });
        sim.host.borrow_mut().open().map_err(harness)?;
        for no in 0..sim.plan.n_laptops {
            let (image, files) = &template.laptops[no];
            let laptop = sim.add_laptop(Some((image, files)))?;
            acts::adopt(&sim, &laptop)?;
        }
        set_exchange(Some(Rc::new(Live(sim.clone()))));
        Ok(sim)
    }

    fn add_laptop(&self, from: Option<(&Image, &Path)>) -> Checked<Rc<Laptop>> {
        let no = self.n_machines.get();
        self.n_machines.set(no + 1);
        let root = self.root.join(format!("laptop-{no}"));
        let ids = Ids::new(self.seed.wrapping_mul(1_000).wrapping_add(no as u64));
        let laptop = Laptop::new(no, &root, from, ids).map_err(harness)?;
        laptop.open().map_err(harness)?;
        let laptop = Rc::new(laptop);
        self.laptops.borrow_mut().push(laptop.clone());
        Ok(laptop)
    }

    /// A number that makes a word nobody ever wrote.
    pub(crate) fn next_word(&self) -> u64 {
        self.n_words.set(self.n_words.get() + 1);
        self.n_words.get()
    }

    /// The store's moment.
    pub(crate) fn now(&self) -> Timestamp {
        self.rim.now()
    }

    /// A laptop that is not lost.
    pub(crate) fn laptop(&self, no: usize) -> Option<Rc<Laptop>> {
        self.laptops.borrow().get(no).filter(|it| !it.is_lost.get()).cloned()
    }

    /// The laptops that are not lost.
    pub(crate) fn living(&self) -> Vec<Rc<Laptop>> {
        self.laptops.borrow().iter().filter(|it| !it.is_lost.get()).cloned().collect()
    }

    /// Keeps the first thing that must not be.
    pub(crate) fn note(&self, checked: Checked) {
        if let Err(violation) = checked {
            self.trace.say(|| format!("VIOLATION {violation}"));
            self.violation.borrow_mut().get_or_insert(violation);
        }
    }

    /// The first thing that must not be.
    pub(crate) fn first_violation(&self) -> Checked {
        self.violation.borrow().clone().map_or(Ok(()), Err)
    }

    fn is_broken(&self) -> bool {
        self.violation.borrow().is_some()
    }

    /// Runs the history to its end.
    ///
    /// # Errors
    ///
    /// The first invariant that did not hold.
    pub(crate) fn run(self: &Rc<Self>) -> Checked {
        self.is_faulty.set(true);
        for step in 0..self.plan.n_steps {
            self.trace.at(step);
            self.rim.pass(1_000 + self.chance.below(120_000) as i64);
            self.step();
            if self.is_broken() {
                break;
            }
        }
        if !self.is_broken() {
            self.heal();
        }
        match self.violation.borrow_mut().take() {
            Some(violation) => Err(violation),
            None => Ok(()),
        }
    }

    /// Ends it: closes files and frees the machines.
    pub(crate) fn end(self: Rc<Self>) {
        set_exchange(None);
        self.host.borrow_mut().close();
        self.host.borrow().machine.clone().remove();
        for laptop in self.laptops.borrow().iter() {
            laptop.close();
            laptop.machine.clone().remove();
        }
    }

    fn step(self: &Rc<Self>) {
        let living = self.living();
        let Some(laptop) = self.chance.pick(&living).cloned() else { return };
        let weights = [
            ("act", 500),
            ("round", 330),
            ("delayed", 60),
            ("crash laptop", self.plan.crashes / 2),
            ("crash store", self.plan.crashes / 3),
            ("back up", self.plan.restores * 3),
            ("restore", self.plan.restores),
            ("clone", self.plan.clones),
            ("roll back laptop", self.plan.clones),
            ("subscribe", self.plan.areas),
            ("clock", 10),
        ];
        let all: u32 = weights.iter().map(|it| it.1).sum();
        let mut left = self.chance.below(u64::from(all)) as u32;
        let mut chosen = "act";
        for (name, weight) in weights {
            if left < weight {
                chosen = name;
                break;
            }
            left -= weight;
        }
        match chosen {
            "act" => self.act(&laptop),
            "round" => self.round(&laptop),
            "delayed" => self.deliver_delayed(),
            "crash laptop" => {
                self.crash_laptop(&laptop);
            }
            "crash store" => self.crash_store(),
            "back up" => self.back_up(),
            "restore" => self.restore(),
            "subscribe" => self.note(acts::subscribe(self, &laptop)),
            "clone" => self.clone_laptop(&laptop),
            "roll back laptop" => self.clone_laptop(&laptop),
            _ => {
                let years = self.chance.below(5) as i64 - 2;
                laptop.skew_ms.set(years * 365 * 86_400_000 + self.chance.below(86_400_000) as i64);
                self.trace.say(|| format!("clock of laptop {} is off by {years} years", laptop.no));
            }
        }
    }

    /// A deed at a laptop, with a crash in it perhaps.
    pub(crate) fn act(self: &Rc<Self>, laptop: &Rc<Laptop>) {
        self.arm(laptop, 30);
        self.note(acts::act(self, laptop));
        self.after(laptop);
    }

    /// Lets a machine stop somewhere in what it does next.
    fn arm(&self, laptop: &Laptop, most_calls: u64) {
        if self.is_faulty.get() && self.chance.permille(self.plan.crashes) {
            let trouble = match self.chance.below(10) {
                0 => Trouble::Full,
                1 => Trouble::Fault,
                _ => Trouble::Stop,
            };
            laptop.machine.trouble_after(1 + self.chance.below(most_calls), trouble);
        }
    }

    /// Opens a laptop again that stopped, and looks at it.
    fn after(self: &Rc<Self>, laptop: &Rc<Laptop>) {
        if laptop.is_in_round.get() {
            return;
        }
        laptop.machine.no_trouble();
        if laptop.machine.is_stopped() {
            self.crash_laptop(laptop);
        } else if self.plan.is_watched {
            self.note(check::laptop(self, laptop));
        }
    }

    fn loss(&self) -> Loss {
        [Loss::Nothing, Loss::All, Loss::Some, Loss::Torn][self.chance.at(4)]
    }

    fn crash_laptop(self: &Rc<Self>, laptop: &Rc<Laptop>) {
        if laptop.is_in_round.get() {
            laptop.machine.stop();
            return;
        }
        let loss = self.loss();
        self.trace.say(|| format!("laptop {} loses its power ({loss:?})", laptop.no));
        laptop.crash(loss, &mut |n| self.chance.below(n));
        match laptop.open() {
            Ok(()) => {
                self.note(acts::settle(self, laptop));
                if self.plan.is_watched {
                    self.note(check::laptop(self, laptop));
                }
            }
            Err(error) => {
                self.note(broken("I14", format!("laptop {} does not open: {error}", laptop.no)));
            }
        }
    }

    fn crash_store(self: &Rc<Self>) {
        let loss = self.loss();
        self.trace.say(|| format!("the store loses its power ({loss:?})"));
        let mut host = self.host.borrow_mut();
        host.crash(loss, &mut |n| self.chance.below(n));
        if let Err(error) = host.open() {
            drop(host);
            self.note(broken("I14", format!("the store does not open: {error}")));
            return;
        }
        drop(host);
        self.note(check::store_after_crash(self));
    }

    /// A round of exchange of a laptop.
    pub(crate) fn round(self: &Rc<Self>, laptop: &Rc<Laptop>) {
        if laptop.is_in_round.replace(true) {
            return;
        }
        self.trace.say(|| format!("laptop {} begins a round", laptop.no));
        self.arm(laptop, 60);
        let mut now = || laptop.now(self.now());
        let report =
            laptop.with_link(|link| sync_round(&**laptop, link, &mut now, &mut laptop.ids()));
        laptop.is_in_round.set(false);
        self.trace.say(|| match &report {
            Some(Ok(it)) => format!(
                "laptop {} sent {}, received {}, conflicts {}, parked {}, quarantined {}, cursor {}{}",
                laptop.no,
                it.n_sent,
                it.n_received,
                it.n_conflicts,
                it.n_parked,
                it.n_quarantined,
                it.cursor_seq,
                it.failure.as_ref().map(|it| format!(", failure {it}")).unwrap_or_default()
            ),
            Some(Err(error)) => format!("laptop {} could not begin: {error}", laptop.no),
            None => format!("laptop {} has no link", laptop.no),
        });
        self.after(laptop);
        if self.host.borrow().machine.is_stopped() {
            self.crash_store();
        }
    }

    fn deliver_delayed(&self) {
        let Some(delayed) = self.delayed.borrow_mut().pop_front() else { return };
        self.trace.say(|| format!("a late request of laptop {} arrives", delayed.no));
        // Nobody waits for the answer any more.
        let _ = self.serve(delayed.no, &delayed.sent, false);
    }

    pub(crate) fn back_up(&self) {
        self.trace.say(|| "the store is backed up".to_owned());
        let image = self.host.borrow().machine.image();
        self.backups.borrow_mut().push(image);
    }

    /// The store goes back to a backup, and nobody says so.
    pub(crate) fn restore(self: &Rc<Self>) {
        let Some(image) = self.chance.pick(&self.backups.borrow()).cloned() else { return };
        self.trace.say(|| "the store is put back to a backup in silence".to_owned());
        {
            let mut host = self.host.borrow_mut();
            host.close();
            host.machine.put(&image);
            if let Err(error) = host.open() {
                drop(host);
                self.note(broken("I13", format!("the restored store does not open: {error}")));
                return;
            }
        }
        self.note(check::store_after_restore(self));
    }

    fn clone_laptop(self: &Rc<Self>, laptop: &Rc<Laptop>) {
        if self.laptops.borrow().len() >= 2 * self.plan.n_laptops || laptop.is_in_round.get() {
            return;
        }
        self.trace.say(|| format!("laptop {} is copied as {}", laptop.no, self.n_machines.get()));
        let image = laptop.machine.image();
        match self.add_laptop(Some((&image, &laptop.root()))) {
            Ok(copy) => {
                self.truth.borrow_mut().copy_laptop(laptop.no, copy.no);
                self.note(acts::settle(self, &copy));
            }
            Err(violation) => self.note(Err(violation)),
        }
    }

    /// Faults end, everybody exchanges until nothing is left, and everything is looked at.
    pub(crate) fn heal(self: &Rc<Self>) {
        self.trace.say(|| "faults end".to_owned());
        self.is_faulty.set(false);
        while !self.delayed.borrow().is_empty() {
            self.deliver_delayed();
        }
        for _ in 0..self.plan.n_healing_rounds {
            for laptop in self.living() {
                self.rim.pass(60_000);
                self.round(&laptop);
                if self.is_broken() {
                    return;
                }
            }
            if check::is_quiet(self) {
                break;
            }
        }
        self.note(check::whole(self));
    }

    /// Something else that happens while a laptop waits for an answer.
    fn meanwhile(self: &Rc<Self>, no: usize) {
        if !self.is_faulty.get()
            || self.depth.get() >= 2
            || !self.chance.permille(self.plan.meanwhile)
        {
            return;
        }
        self.depth.set(self.depth.get() + 1);
        let living = self.living();
        match self.chance.below(4) {
            // The person goes on working.
            0 | 1 => {
                if let Some(laptop) = self.laptop(no) {
                    self.note(acts::act(self, &laptop));
                }
            }
            2 => {
                if let Some(other) = self.chance.pick(&living)
                    && other.no != no
                {
                    self.round(other);
                }
            }
            _ => self.deliver_delayed(),
        }
        self.depth.set(self.depth.get() - 1);
    }

    /// Lets the store answer; `None` when it went down over it.
    fn serve(&self, no: usize, sent: &Sent, is_heard: bool) -> Option<Answered> {
        if self.is_faulty.get() && self.chance.permille(self.plan.crashes / 2) {
            let host = self.host.borrow();
            let trouble = if self.chance.permille(150) { Trouble::Fault } else { Trouble::Stop };
            host.machine.trouble_after(1 + self.chance.below(60), trouble);
        }
        self.note(tap::sent(self, no, sent));
        let answered = self.host.borrow_mut().serve(sent);
        self.host.borrow().machine.no_trouble();
        let bytes = sent.body.len() + answered.as_ref().map_or(0, |it| it.body.len());
        self.n_wire_bytes.set(self.n_wire_bytes.get() + bytes as u64);
        if let Some(answered) = &answered {
            self.trace.say(|| {
                format!("  {no}: {} {} → {}", sent.method, short(&sent.path), answered.status)
            });
            self.note(tap::answered(self, no, sent, answered, is_heard));
        } else {
            let loss = self.loss();
            self.trace.say(|| {
                format!(
                    "  {no}: {} {} → the store stops ({loss:?})",
                    sent.method,
                    short(&sent.path)
                )
            });
            let mut host = self.host.borrow_mut();
            host.crash(loss, &mut |n| self.chance.below(n));
            if let Err(error) = host.open() {
                drop(host);
                self.note(broken("I14", format!("the store does not open: {error}")));
            } else {
                drop(host);
                self.note(check::store_after_crash(self));
            }
        }
        answered
    }

    fn exchange_over(self: &Rc<Self>, no: usize, mut sent: Sent) -> Reply {
        // A store may give less than it is asked for.
        if self.plan.page_entries > 0 && sent.path.contains("/changes?") {
            let at = sent.path.find("&limit=").unwrap_or(sent.path.len());
            sent.path.truncate(at);
            sent.path += "&limit=";
            sent.path += &self.plan.page_entries.to_string();
        }
        self.rim.pass(200);
        self.meanwhile(no);
        if !self.is_faulty.get() || !self.chance.permille(self.plan.network) {
            let answered = self.serve(no, &sent, true);
            self.meanwhile(no);
            return answered.map_or(Reply::Reset, |it| Reply::Bytes(it.to_bytes()));
        }
        let fault = self.chance.below(10);
        self.trace
            .say(|| format!("  {no}: {} {} meets fault {fault}", sent.method, short(&sent.path)));
        match fault {
            // Lost on the way there.
            0 => Reply::Reset,
            // The answer is lost.
            1 | 2 => {
                let _ = self.serve(no, &sent, false);
                self.meanwhile(no);
                Reply::Reset
            }
            // Comes twice.
            3 => {
                let _ = self.serve(no, &sent, false);
                self.meanwhile(no);
                let answered = self.serve(no, &sent, true);
                answered.map_or(Reply::Reset, |it| Reply::Bytes(it.to_bytes()))
            }
            // Arrives when the laptop has long given up.
            4 | 5 => {
                let delayed = Delayed { no, sent };
                if self.chance.permille(500) {
                    self.delayed.borrow_mut().push_back(delayed);
                } else {
                    self.delayed.borrow_mut().push_front(delayed);
                }
                Reply::Reset
            }
            // The answer is cut.
            6 | 7 => {
                let answered = self.serve(no, &sent, false);
                let Some(bytes) = answered.map(|it| it.to_bytes()) else { return Reply::Reset };
                let n = self.chance.at(bytes.len());
                Reply::Bytes(bytes[..n].to_vec())
            }
            // A captive portal.
            8 => Reply::Bytes(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 13\r\n\r\n<html></html>".to_vec(),
            ),
            // A proxy that cannot reach the store.
            _ => Reply::Bytes(b"HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n".to_vec()),
        }
    }
}

fn short(path: &str) -> String {
    path.chars().take(60).collect()
}

/// The wires of a history that runs.
struct Live(Rc<Sim>);

impl Exchange for Live {
    fn exchange(&self, no: usize, sent: Sent) -> Reply {
        self.0.exchange_over(no, sent)
    }
}
