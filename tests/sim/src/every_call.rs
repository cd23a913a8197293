//! Each of some scripts stopped at every call that writes, syncs, cuts or removes, under every model of what a power
//! cut takes; afterwards the machine starts again and everybody goes on.
//!
//! A script is one act of a person or one request. Whatever call it is stopped at, the act is there whole or not at
//! all, what was promised is there, both files are sound, and laptops and store come to agree.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use faltkarta_app::{AppError, Choice, Edit, FieldAccess as _, Submission, sync_round};
use faltkarta_disk::{Loss, Trouble};
use faltkarta_geo::Geometry;
use faltkarta_model::{DatasetId, FeatureId, FieldId, Value};
use faltkarta_server::{GeodataStore as _, Rim as _};
use rusqlite::Connection;
use uuid::Uuid;

use crate::acts::PICTURE;
use crate::chance::{Chance, Ids, StoreRim};
use crate::host::Host;
use crate::laptop::Laptop;
use crate::sim::{Checked, Violation, broken, harness};
use crate::template::Template;
use crate::wire::{Exchange, Reply, Sent, set_exchange};

/// Which machine is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// The laptop that acts.
    Laptop,
    /// The store.
    Store,
}

/// One act.
#[derive(Debug, Clone, Copy)]
pub struct Script {
    /// What it is called.
    pub name: &'static str,
    /// Which machine is stopped.
    pub at: At,
    /// Operations that the act adds to the laptop's journal.
    n_ops: usize,
    prepare: fn(&Bench) -> Checked,
    act: fn(&Bench) -> Result<(), String>,
}

/// What the stops of one script came to.
#[derive(Debug, Default, Clone, Copy)]
pub struct Stops {
    /// Calls of the script when it is left alone.
    pub n_calls: u64,
    /// Stops that were played: calls, and the end, times models.
    pub n_played: u64,
    /// Those after which the act was there.
    pub n_kept: u64,
}

impl std::fmt::Display for Stops {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { n_calls, n_played, n_kept } = self;
        write!(f, "{n_calls:>4} calls, {n_played:>5} stops, {n_kept:>5} kept")
    }
}

/// The models of what a power cut takes.
const MODELS: [Loss; 3] = [Loss::All, Loss::Some, Loss::Torn];

/// Two laptops and a store, as a script finds them.
#[derive(Debug)]
pub struct Bench {
    laptops: [Rc<Laptop>; 2],
    host: Rc<OneHost>,
    rim: Arc<StoreRim>,
}

#[derive(Debug)]
struct OneHost(RefCell<Host>);

impl Exchange for OneHost {
    fn exchange(&self, _: usize, sent: Sent) -> Reply {
        let answered = self.0.borrow_mut().serve(&sent);
        answered.map_or(Reply::Reset, |it| Reply::Bytes(it.to_bytes()))
    }
}

/// Every script.
pub const SCRIPTS: [Script; 20] = [
    Script { name: "a valve is made", at: At::Laptop, n_ops: 1, prepare: nothing, act: make },
    Script { name: "a value is changed", at: At::Laptop, n_ops: 1, prepare: nothing, act: change },
    Script { name: "a valve is moved", at: At::Laptop, n_ops: 1, prepare: nothing, act: move_it },
    Script { name: "a valve is deleted", at: At::Laptop, n_ops: 1, prepare: nothing, act: delete },
    Script {
        name: "a change of an own change",
        at: At::Laptop,
        n_ops: 1,
        prepare: changed,
        act: change_again,
    },
    Script { name: "one act of five edits", at: At::Laptop, n_ops: 5, prepare: nothing, act: many },
    Script {
        name: "a choice of the person is kept",
        at: At::Laptop,
        n_ops: 0,
        prepare: nothing,
        act: settings,
    },
    Script {
        name: "a conflict is decided",
        at: At::Laptop,
        n_ops: 1,
        prepare: in_conflict,
        act: decide,
    },
    Script { name: "a round that pushes", at: At::Laptop, n_ops: 0, prepare: changed, act: round },
    Script {
        name: "a round that pushes many",
        at: At::Laptop,
        n_ops: 0,
        prepare: many_changed,
        act: round,
    },
    Script {
        name: "a round that pulls",
        at: At::Laptop,
        n_ops: 0,
        prepare: changed_elsewhere,
        act: round,
    },
    Script {
        name: "a round that meets a deletion",
        at: At::Laptop,
        n_ops: 0,
        prepare: deleted_elsewhere,
        act: round,
    },
    Script {
        name: "a round that brings a conflict",
        at: At::Laptop,
        n_ops: 0,
        prepare: about_to_clash,
        act: round,
    },
    Script {
        name: "an inspection with a photo",
        at: At::Laptop,
        n_ops: 2,
        prepare: nothing,
        act: inspect,
    },
    Script {
        name: "the store takes a push",
        at: At::Store,
        n_ops: 0,
        prepare: changed,
        act: round,
    },
    Script {
        name: "the store takes many",
        at: At::Store,
        n_ops: 0,
        prepare: many_changed,
        act: round,
    },
    Script {
        name: "the store finds a conflict",
        at: At::Store,
        n_ops: 0,
        prepare: about_to_clash,
        act: round,
    },
    Script {
        name: "the store takes a decision",
        at: At::Store,
        n_ops: 0,
        prepare: decided,
        act: round,
    },
    Script {
        name: "the store takes a deletion",
        at: At::Store,
        n_ops: 0,
        prepare: deleted,
        act: round,
    },
    Script {
        name: "the store is asked for news",
        at: At::Store,
        n_ops: 0,
        prepare: changed_elsewhere,
        act: round,
    },
];

/// How often a model is played: one that takes everything leaves nothing to chance.
fn variants_of(model: Loss, n_variants: u64) -> u64 {
    if model == Loss::All { 1 } else { n_variants.max(1) }
}

/// One stop.
struct Stop {
    /// Whether the act was there afterwards.
    is_kept: bool,
    /// Whether it came when the script had ended.
    is_after: bool,
}

/// Plays a script stopped at each call in turn and after its end, under each model; `step` passes calls over. Models
/// that leave something to chance are played `n_variants` times.
///
/// # Errors
///
/// The first thing that must not be, with the call and the model it was found at.
pub fn play(script: &Script, template: &Template, step: u64, n_variants: u64) -> Checked<Stops> {
    let mut stops = Stops::default();
    let root = template.scratch.join("script");
    for (model, variant) in
        MODELS.into_iter().flat_map(|it| (0..variants_of(it, n_variants)).map(move |no| (it, no)))
    {
        let mut call = 1;
        loop {
            let chance = Chance::new(variant << 32 | call << 3 | model as u64);
            let bench = Bench::new(template, &root)?;
            (script.prepare)(&bench)?;
            let found = stopped(script, &bench, call, model, &chance);
            bench.end(&root);
            let stop = found.map_err(|violation| Violation {
                text: format!(
                    "{}, call {call}, {model:?} {variant}: {}",
                    script.name, violation.text
                ),
                ..violation
            })?;
            stops.n_played += 1;
            stops.n_kept += u64::from(stop.is_kept);
            if stop.is_after {
                stops.n_calls = stops.n_calls.max(call - 1);
                break;
            }
            call += step;
        }
    }
    Ok(stops)
}

/// One stop. A script that ends before the call is stopped after its end: what it promised must be there then.
fn stopped(
    script: &Script,
    bench: &Bench,
    call: u64,
    model: Loss,
    chance: &Chance,
) -> Checked<Stop> {
    let acting = &bench.laptops[0];
    let before = journal(acting)?;
    let settings = bench.settings();
    let machine = match script.at {
        At::Laptop => acting.machine.clone(),
        At::Store => bench.host.0.borrow().machine.clone(),
    };
    machine.trouble_after(call, Trouble::Stop);
    let promised = (script.act)(bench);
    let is_after = !machine.is_stopped();
    if let (true, Err(error)) = (is_after, &promised) {
        return Err(harness(format!("{} fails by itself: {error}", script.name)));
    }
    machine.no_trouble();
    let mut roll = |n: u64| chance.below(n);
    match script.at {
        At::Laptop => {
            acting.crash(model, &mut roll);
            acting.open().map_err(|error| harness(format!("does not open: {error}")))?;
        }
        At::Store => {
            let mut host = bench.host.0.borrow_mut();
            host.crash(model, &mut roll);
            host.open().map_err(|error| harness(format!("does not open: {error}")))?;
        }
    }
    bench.sound()?;
    let after = journal(acting)?;
    if !before.is_subset(&after) {
        return broken("I14", "an operation is gone");
    }
    let n_new = after.difference(&before).count();
    if n_new != 0 && n_new != script.n_ops {
        let text = format!("{n_new} of {} operations of one act are there", script.n_ops);
        return broken("I14", text);
    }
    if promised.is_ok() && n_new != script.n_ops {
        return broken("I14", "what was promised is gone");
    }
    let is_kept = n_new > 0 || bench.settings() != settings;
    bench.heal()?;
    Ok(Stop { is_kept, is_after })
}

fn journal(laptop: &Laptop) -> Checked<BTreeSet<Uuid>> {
    let ids = laptop.look(|conn| {
        let mut statement = conn.prepare_cached("SELECT id FROM journal")?;
        let rows = statement.query_map([], |row| row.get::<_, [u8; 16]>(0))?;
        rows.map(|it| it.map(Uuid::from_bytes)).collect::<rusqlite::Result<BTreeSet<Uuid>>>()
    });
    ids.map_err(harness)
}

fn is_sound(conn: &Connection) -> rusqlite::Result<bool> {
    let said: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    Ok(said == "ok")
}

impl Bench {
    fn new(template: &Template, root: &Path) -> Checked<Self> {
        // What an earlier stop left.
        let _ = std::fs::remove_dir_all(root);
        let rim = Arc::new(StoreRim::new(1));
        let from = Some((&template.store, template.store_files.as_path()));
        let mut host = Host::new(&root.join("store"), from, rim.clone()).map_err(harness)?;
        host.open().map_err(harness)?;
        let laptop = |no: usize| {
            let (image, files) = &template.laptops[no];
            let ids = Ids::new(0xca11_0000 + no as u64);
            let root = root.join(format!("laptop-{no}"));
            let laptop = Laptop::new(no, &root, Some((image, files)), ids).map_err(harness)?;
            laptop.open().map_err(harness)?;
            Ok(Rc::new(laptop))
        };
        let laptops = [laptop(0)?, laptop(1)?];
        let host = Rc::new(OneHost(RefCell::new(host)));
        set_exchange(Some(host.clone()));
        Ok(Self { laptops, host, rim })
    }

    fn end(self, root: &Path) {
        set_exchange(None);
        for laptop in &self.laptops {
            laptop.close();
            laptop.machine.clone().remove();
        }
        let mut host = self.host.0.borrow_mut();
        host.close();
        host.machine.clone().remove();
        // Only room in memory is at stake.
        let _ = std::fs::remove_dir_all(root);
    }

    fn round_of(&self, no: usize) -> Result<(), String> {
        let laptop = &self.laptops[no];
        let report = laptop
            .with_link(|link| {
                sync_round(laptop.as_ref(), link, &mut || self.rim.now(), &mut laptop.ids())
            })
            .ok_or("no link")?
            .map_err(|error| error.to_string())?;
        report.failure.map_or(Ok(()), |error| Err(error.to_string()))
    }

    fn settings(&self) -> Option<String> {
        self.laptops[0].with(|it| it.settings()).ok().flatten()
    }

    /// SQLite's own check of both files, and the store's of its feed.
    fn sound(&self) -> Checked {
        for laptop in &self.laptops {
            if !laptop.look(is_sound).map_err(harness)? {
                return broken("I14", format!("the file of laptop {} is damaged", laptop.no));
            }
        }
        let mut host = self.host.0.borrow_mut();
        if !host.look(is_sound).map_err(harness)? {
            return broken("I14", "the file of the store is damaged");
        }
        let store = host.store().ok_or_else(|| harness("no store"))?;
        store.verify_feed().map(|_| ()).or_else(|error| broken("I6", error.to_string()))
    }

    /// Everybody goes on until nothing waits; then nothing may be missing, and laptops and store must agree.
    fn heal(&self) -> Checked {
        for _ in 0..4 {
            for no in 0..self.laptops.len() {
                self.round_of(no).map_err(harness)?;
            }
        }
        self.sound()?;
        let known: BTreeSet<Uuid> = self
            .host
            .0
            .borrow_mut()
            .look(|conn| {
                let mut statement = conn.prepare_cached("SELECT op FROM op_log")?;
                let rows = statement.query_map([], |row| row.get::<_, [u8; 16]>(0))?;
                rows.map(|it| it.map(Uuid::from_bytes)).collect()
            })
            .map_err(harness)?;
        let there = self.valves_of_store()?;
        for laptop in &self.laptops {
            if let Some(op) = journal(laptop)?.difference(&known).next() {
                return broken("I1", format!("operation {op} never came to the store"));
            }
            let counts = laptop.with(|it| it.counts()).map_err(harness)?;
            if counts.0.saved_here != 0 {
                return broken("I12", format!("laptop {} still waits", laptop.no));
            }
            if Self::valves_of(laptop)? != there {
                return broken(
                    "I8",
                    format!("laptop {} holds other rows than the store", laptop.no),
                );
            }
        }
        Ok(())
    }

    fn valves_of(laptop: &Laptop) -> Checked<BTreeMap<Uuid, i64>> {
        let rows = laptop.look(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT b.id, b.version FROM base b JOIN dataset d ON d.no = b.dataset WHERE d.id = 'valve'",
            )?;
            let rows = statement.query_map([], |row| Ok((row.get::<_, [u8; 16]>(0)?, row.get(1)?)))?;
            rows.map(|it| it.map(|(id, version)| (Uuid::from_bytes(id), version))).collect()
        });
        rows.map_err(harness)
    }

    fn valves_of_store(&self) -> Checked<BTreeMap<Uuid, i64>> {
        let rows = self.host.0.borrow_mut().look(|conn| {
            let mut statement = conn.prepare_cached(
                "SELECT f.id, f.version FROM feature f JOIN dataset d ON d.no = f.dataset
                 WHERE d.id = 'valve' AND NOT f.is_deleted",
            )?;
            let rows =
                statement.query_map([], |row| Ok((row.get::<_, [u8; 16]>(0)?, row.get(1)?)))?;
            rows.map(|it| it.map(|(id, version)| (Uuid::from_bytes(id), version))).collect()
        });
        rows.map_err(harness)
    }

    /// The valve with a place in the row of valves; the same on every laptop.
    fn valve(&self, no: usize) -> Result<FeatureId, String> {
        let all = self.valves_of_store().map_err(|it| it.text)?;
        let id = all.keys().nth(no).ok_or("too few valves")?;
        Ok(FeatureId::from_uuid(*id))
    }

    fn edit(&self, no: usize, edit: Edit) -> Result<(), String> {
        let laptop = &self.laptops[no];
        let dataset = dataset()?;
        let done = laptop.with(|it| it.edit(&dataset, edit, self.rim.now(), &mut laptop.ids()));
        done.map(|_| ()).map_err(|error| error.to_string())
    }

    fn write(&self, no: usize, valve: usize, word: &str) -> Result<(), String> {
        let values = words(word)?;
        self.edit(no, Edit::Update { id: self.valve(valve)?, geometry: None, values })
    }
}

fn dataset() -> Result<DatasetId, String> {
    DatasetId::parse("valve").map_err(|error| error.to_string())
}

fn words(word: &str) -> Result<BTreeMap<FieldId, Value>, String> {
    let field = FieldId::parse("fabrikat").map_err(|error| error.to_string())?;
    Ok([(field, Value::Text(word.to_owned()))].into())
}

#[expect(clippy::unnecessary_wraps, reason = "stands where a script may prepare something")]
fn nothing(_: &Bench) -> Checked {
    Ok(())
}

fn make(bench: &Bench) -> Result<(), String> {
    let geometry = Some(Geometry::point(160_500.0, 6_608_000.0));
    bench.edit(0, Edit::Create { geometry, values: words("ny")? })
}

fn change(bench: &Bench) -> Result<(), String> {
    bench.write(0, 0, "mitt")
}

fn change_again(bench: &Bench) -> Result<(), String> {
    bench.write(0, 0, "mitt igen")
}

fn move_it(bench: &Bench) -> Result<(), String> {
    let geometry = Some(Geometry::point(160_001.25, 6_608_002.5));
    bench.edit(0, Edit::Update { id: bench.valve(0)?, geometry, values: BTreeMap::new() })
}

fn delete(bench: &Bench) -> Result<(), String> {
    bench.edit(0, Edit::Delete { id: bench.valve(0)? })
}

fn many(bench: &Bench) -> Result<(), String> {
    let updates = (0..5).map(|no| Ok((bench.valve(no)?, words("fem")?)));
    let updates = updates.collect::<Result<Vec<_>, String>>()?;
    let laptop = &bench.laptops[0];
    let dataset = dataset()?;
    let done =
        laptop.with(|it| it.update_all(&dataset, updates, bench.rim.now(), &mut laptop.ids()));
    done.map_err(|error| error.to_string())
}

fn settings(bench: &Bench) -> Result<(), String> {
    let kept = bench.laptops[0].with(|it| it.save_settings("{\"mode\":\"natt\"}"));
    kept.map_err(|error| error.to_string())
}

fn decide(bench: &Bench) -> Result<(), String> {
    let laptop = &bench.laptops[0];
    let decided = laptop.with(|it| {
        let Some(open) = it.conflicts()?.into_iter().next() else { return Ok(false) };
        let card = it.conflict_card(open.feature)?;
        let choices: Vec<_> = card.rows.iter().map(|row| (row.conflict, Choice::Mine)).collect();
        it.resolve(open.feature, &choices, Some("var där"), bench.rim.now(), &mut laptop.ids())?;
        Ok::<_, faltkarta_app::AppError>(true)
    });
    match decided {
        Ok(true) => Ok(()),
        Ok(false) => Err("there is no conflict".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn round(bench: &Bench) -> Result<(), String> {
    bench.round_of(0)
}

fn inspect(bench: &Bench) -> Result<(), String> {
    let laptop = &bench.laptops[0];
    let subject = (dataset()?, bench.valve(0)?);
    let (now, mut ids) = (bench.rim.now(), laptop.ids());
    let done = laptop.with(|it| {
        let draft =
            it.start_draft("ventilmotionering", Some(subject), None, now, &mut ids)?.draft.id;
        let photo = it.add_photo(draft, "a.png", &PICTURE, now)?;
        let submission = Submission {
            instance_xml: "<data><resultat>fungerar</resultat><funktion>god</funktion></data>"
                .to_owned(),
            answers_json: r#"{"resultat":"fungerar","funktion":"god"}"#.to_owned(),
            blobs: vec![photo.blob],
        };
        it.complete_draft(draft, &submission, now, &mut ids)
    });
    done.map(drop).map_err(|error: AppError| error.to_string())
}

fn changed(bench: &Bench) -> Checked {
    bench.write(0, 0, "mitt").map_err(harness)
}

fn many_changed(bench: &Bench) -> Checked {
    make(bench).map_err(harness)?;
    many(bench).map_err(harness)
}

fn deleted(bench: &Bench) -> Checked {
    delete(bench).map_err(harness)
}

fn changed_elsewhere(bench: &Bench) -> Checked {
    bench.write(1, 0, "deras").map_err(harness)?;
    bench.write(1, 3, "deras").map_err(harness)?;
    bench.round_of(1).map_err(harness)
}

fn deleted_elsewhere(bench: &Bench) -> Checked {
    bench.write(0, 0, "mitt").map_err(harness)?;
    bench.edit(1, Edit::Delete { id: bench.valve(0).map_err(harness)? }).map_err(harness)?;
    bench.round_of(1).map_err(harness)
}

fn about_to_clash(bench: &Bench) -> Checked {
    bench.write(0, 0, "mitt").map_err(harness)?;
    bench.write(1, 0, "deras").map_err(harness)?;
    bench.round_of(1).map_err(harness)
}

fn in_conflict(bench: &Bench) -> Checked {
    about_to_clash(bench)?;
    bench.round_of(0).map_err(harness)
}

fn decided(bench: &Bench) -> Checked {
    in_conflict(bench)?;
    decide(bench).map_err(harness)
}
