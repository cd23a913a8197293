//! One history: laptops, a store, the wire between them, and the clock that all of it follows.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use faltkarta_app::sync_round;
use faltkarta_disk::{Image, Loss, Machine, Trouble};
use faltkarta_model::Timestamp;
use faltkarta_server::{BackupRow, GeodataStore as _, Rim as _};

use crate::chance::{Chance, Ids, StoreRim};
use crate::host::Host;
use crate::laptop::Laptop;
use crate::plan::Plan;
use crate::template::Template;
use crate::trace::Trace;
use crate::truth::{Told, Truth};
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

/// A store to go back to.
#[derive(Debug, Clone)]
struct Backup {
    image: Image,
    /// Its last entry.
    seq: u64,
    at: Timestamp,
    /// What had been cut off its feed.
    cut: BTreeMap<u64, Told>,
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
    backups: RefCell<Vec<Backup>>,
    delayed: RefCell<VecDeque<Delayed>>,
    depth: Cell<u32>,
    violation: RefCell<Option<Violation>>,
    root: PathBuf,
    seed: u64,
    n_machines: Cell<usize>,
    n_words: Cell<u64>,
    /// The store's machine while it answers a request, and does not start or do what its coordinator asks.
    serving: RefCell<Option<Machine>>,
    /// The laptops that do something, the one that does it now last.
    acting: RefCell<Vec<Rc<Laptop>>>,
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
            serving: RefCell::default(),
            acting: RefCell::default(),
            plan,
        });
        watch_points(&sim);
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

    /// Writes every file in plain SQLite into a folder, to be looked at.
    pub(crate) fn dump(&self, folder: &Path) -> Checked {
        std::fs::create_dir_all(folder).map_err(harness)?;
        let path = |name: &str| {
            let path = folder.join(name);
            // One of an earlier look.
            let _ = std::fs::remove_file(&path);
            path.to_string_lossy().into_owned()
        };
        let store = path("store.sqlite");
        self.host
            .borrow_mut()
            .look(|conn| conn.execute("VACUUM INTO ?1", [&store]))
            .map_err(harness)?;
        for laptop in self.living() {
            let file = path(&format!("laptop-{}.sqlite", laptop.no));
            laptop
                .look(|conn| {
                    conn.execute("ATTACH ?1 AS plain KEY ''", [&file])?;
                    conn.query_row("SELECT sqlcipher_export('plain')", [], |_| Ok(()))?;
                    conn.execute_batch("DETACH plain")
                })
                .map_err(harness)?;
        }
        Ok(())
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
            ("cut", self.plan.cuts),
            ("field", self.plan.fields),
            ("look at photos", self.plan.photos / 10),
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
            "cut" => self.cut_feed(),
            "field" => self.note(self.add_field()),
            "look at photos" => self.look_at_photos(&laptop),
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
        self.at(laptop, || self.note(acts::act(self, laptop)));
        self.after(laptop);
    }

    /// What is done meanwhile is done by this laptop.
    fn at<R>(&self, laptop: &Rc<Laptop>, act: impl FnOnce() -> R) -> R {
        self.acting.borrow_mut().push(laptop.clone());
        let done = act();
        self.acting.borrow_mut().pop();
        done
    }

    /// Whether a named point fails. After a boundary only a machine that stops can keep its program from going on;
    /// before one, the call itself may fail as well.
    #[cfg(feature = "armed")]
    fn fails_at(&self, point: &'static str) -> bool {
        if !self.is_faulty.get() || self.chance.below(20_000) >= u64::from(self.plan.crashes) {
            return false;
        }
        let machine = if point.starts_with("server.") {
            self.serving.borrow().clone()
        } else {
            self.acting.borrow().last().map(|it| it.machine.clone())
        };
        let Some(machine) = machine else { return false };
        let is_stop =
            self.chance.below(2) == 0 || (point.contains(".after_") && !point.starts_with("app."));
        self.trace.say(|| format!("  {point} {}", if is_stop { "is the last" } else { "fails" }));
        if is_stop {
            machine.stop();
        }
        true
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
        let report = self.at(laptop, || {
            laptop.with_link(|link| sync_round(&**laptop, link, &mut now, &mut laptop.ids()))
        });
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
        let at = self.now();
        let cut = self.truth.borrow().cut.clone();
        let mut backups = self.backups.borrow_mut();
        if let Ok(seq) = check::head(self) {
            backups.push(Backup { image, seq, at, cut });
        }
        // All of them may be gone back to, so what the first one holds is safe from now on.
        let rows: Vec<BackupRow> = backups
            .iter()
            .enumerate()
            .map(|(no, it)| BackupRow { folder: no.to_string().into(), at: it.at, seq: it.seq })
            .collect();
        if let Some(store) = self.host.borrow().store() {
            self.note(store.count_on_backups(&rows).map(|_| ()).map_err(harness));
        }
    }

    /// The feed is cut behind what it had reached some time ago; who has not come so far needs a new beginning.
    fn cut_feed(&self) {
        let ago_ms = self.chance.below(7_200_000) as i64;
        let until = Timestamp::from_unix_ms(self.now().unix_ms() - ago_ms);
        self.note(check::keep_cut(self));
        let done = self.host.borrow().store().map(|it| it.cut_feed(until, self.now()));
        self.trace.say(|| format!("the feed is cut: {done:?}"));
        if let Some(Err(error)) = done {
            self.note(broken("I6", format!("the feed cannot be cut: {error}")));
        }
    }

    /// The coordinator adds a field to the declaration of valves and starts the store anew.
    pub(crate) fn add_field(&self) -> Checked {
        let no = self.next_word();
        self.trace.say(|| format!("valves get the field sasong{no}"));
        let mut host = self.host.borrow_mut();
        host.close();
        let path = host.machine.root().join("datasets/valve.toml");
        let mut text = std::fs::read_to_string(&path).map_err(harness)?;
        let field = format!(
            "\n\n[[field]]\nid = \"sasong{no}\"\ntitle = {{ sv = \"Säsong\", en = \"Season\" }}\ntype = \"text\"\n"
        );
        text += &field;
        // The file is shared with the template; a new one takes its place.
        let part = path.with_extension("part");
        std::fs::write(&part, text).map_err(harness)?;
        std::fs::rename(&part, &path).map_err(harness)?;
        host.open().map_err(harness)
    }

    /// Somebody looks at colleagues' photos, and perhaps gives the room of those that are safe back.
    fn look_at_photos(self: &Rc<Self>, laptop: &Rc<Laptop>) {
        if laptop.is_in_round.replace(true) {
            return;
        }
        self.arm(laptop, 20);
        let looked = self.at(laptop, || acts::look_at_photos(self, laptop));
        laptop.is_in_round.set(false);
        self.note(looked);
        self.after(laptop);
        if self.host.borrow().machine.is_stopped() {
            self.crash_store();
        }
    }

    /// The store goes back to a backup, and nobody says so.
    pub(crate) fn restore(self: &Rc<Self>) {
        let Some(backup) = self.chance.pick(&self.backups.borrow()).cloned() else { return };
        self.trace.say(|| "the store is put back to a backup in silence".to_owned());
        {
            let mut host = self.host.borrow_mut();
            host.close();
            host.machine.put(&backup.image);
            if let Err(error) = host.open() {
                drop(host);
                self.note(broken("I13", format!("the restored store does not open: {error}")));
                return;
            }
        }
        self.truth.borrow_mut().cut = backup.cut;
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
                    self.at(&laptop, || self.note(acts::act(self, &laptop)));
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

    /// A row that goes back between two pages is there again after the round, so it is looked for here.
    fn look_between(&self, no: usize) {
        let is_tried = self.plan.is_watched && self.plan.areas > 0 && self.plan.page_entries > 0;
        if let (true, Some(laptop)) = (is_tried, self.laptop(no)) {
            self.note(check::check_forward(self, &laptop));
        }
    }

    /// While rows of a new area are under way, a colleague changes a valve twice and sends it: the rows are then ahead
    /// of the cursor by two entries of one valve.
    fn busy_neighbour(self: &Rc<Self>, no: usize) {
        if !self.is_faulty.get()
            || self.plan.areas == 0
            || self.depth.get() >= 1
            || !self.chance.permille(300)
        {
            return;
        }
        let others: Vec<_> = self
            .living()
            .into_iter()
            .filter(|it| it.no != no && !it.is_in_round.get() && !it.machine.is_stopped())
            .collect();
        let Some(other) = self.chance.pick(&others).cloned() else { return };
        self.depth.set(self.depth.get() + 1);
        self.at(&other, || self.note(acts::change_twice(self, &other)));
        self.round(&other);
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
        *self.serving.borrow_mut() = Some(self.host.borrow().machine.clone());
        let answered = self.host.borrow_mut().serve(sent);
        *self.serving.borrow_mut() = None;
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
        self.look_between(no);
        if sent.path.contains("/rows?dataset=valve") {
            self.busy_neighbour(no);
        }
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

/// Lets the history decide at each named point.
#[cfg(feature = "armed")]
fn watch_points(sim: &Rc<Sim>) {
    use faltkarta_faults::armed::{Action, observe};
    let sim = Rc::downgrade(sim);
    observe(move |point| match sim.upgrade() {
        Some(sim) if sim.fails_at(point) => Action::Error,
        _ => Action::Go,
    });
}

#[cfg(not(feature = "armed"))]
fn watch_points(_: &Rc<Sim>) {}

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
