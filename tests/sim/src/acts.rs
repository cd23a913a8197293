//! What people do at a laptop, and what is written down of it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use faltkarta_app::{AppError, Choice, Edit, Field, FieldAccess as _, Submission, fetch_photo};
use faltkarta_changes::ConflictKind;
use faltkarta_geo::Geometry;
use faltkarta_model::{BlobId, DatasetId, FeatureId, FieldId, Timestamp, Value};
use faltkarta_protocol::SubscriptionPart;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::chance::Ids;
use crate::check;
use crate::laptop::Laptop;
use crate::sim::{Checked, Sim, broken, harness};
use crate::truth::{Deed, DeedKind, Outcome, Seen};

/// Side of the squares by which areas are judged, in metres, and those that the town lies in.
pub(crate) const CELL_M: f64 = 1_024.0;
const FIRST_CELL: u32 = 156;
const CELL_ROW: u32 = 6_453;

/// Fields that a person writes words into. Each deed writes a word that was never written before.
const WORDS: [&str; 5] = ["fabrikat", "betackning", "ledning", "normallage", "senast_motionerad"];

/// A picture of one grey point; what follows on its end counts for its name only.
pub(crate) const PICTURE: [u8; 67] = [
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0x00, 0x00, 0x3a, 0x7e, 0x9b,
    0x55, 0x00, 0x00, 0x00, 0x0a, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x68, 0x00, 0x00, 0x00,
    0x82, 0x00, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae,
    0x42, 0x60, 0x82,
];

/// A deed that may or may not be durable, until the laptop is open again.
#[derive(Debug)]
pub(crate) struct Pending {
    /// A decision: its operations say themselves what they set.
    decides: Option<Uuid>,
    deeds: Vec<Deed>,
    was_promised: bool,
}

/// A valve that somebody at a laptop may choose; `None` when it shows none, or has stopped.
fn choose(sim: &Sim, laptop: &Laptop) -> Checked<Option<FeatureId>> {
    let now = laptop.now(sim.now());
    match laptop.with(|it| visible(sim, it, laptop, now)) {
        Ok(valves) => Ok(sim.chance.pick(&valves).copied()),
        Err(_) if laptop.machine.is_stopped() => Ok(None),
        Err(error) => broken("I10", format!("laptop {} cannot be read: {error}", laptop.no)),
    }
}

/// Two changes of one valve, one after the other.
pub(crate) fn change_twice(sim: &Rc<Sim>, laptop: &Rc<Laptop>) -> Checked {
    let Some(id) = choose(sim, laptop)? else { return Ok(()) };
    for _ in 0..2 {
        if laptop.machine.is_stopped() {
            return Ok(());
        }
        let (no, now) = (sim.next_word(), laptop.now(sim.now()));
        let (deeds, done) = update(sim, laptop, id, no, now, &mut laptop.ids());
        done_at(sim, laptop, no, deeds, &done)?;
    }
    Ok(())
}

/// One deed at a laptop.
pub(crate) fn act(sim: &Rc<Sim>, laptop: &Rc<Laptop>) -> Checked {
    if laptop.machine.is_stopped() {
        return Ok(());
    }
    let no = sim.next_word();
    let now = laptop.now(sim.now());
    let mut ids = laptop.ids();
    let chosen = choose(sim, laptop)?;
    if laptop.machine.is_stopped() {
        return Ok(());
    }
    let is_inspection = sim.plan.inspections > 0 && sim.chance.permille(sim.plan.inspections);
    let roll = if is_inspection { 70 } else { sim.chance.below(100) };
    let (deeds, done) = match (chosen, roll) {
        (Some(id), 0..60) => update(sim, laptop, id, no, now, &mut ids),
        (Some(id), 60..68) => delete(laptop, id, now, &mut ids),
        (_, 82..92) if sim.plan.decisions > 0 => decide(sim, laptop, no, now, &mut ids),
        (Some(id), 68..82) => inspect(sim, laptop, id, no, now, &mut ids),
        _ => create(sim, laptop, no, now, &mut ids),
    };
    done_at(sim, laptop, no, deeds, &done)
}

/// Writes a deed down, and finds it in the journal.
fn done_at(
    sim: &Rc<Sim>,
    laptop: &Rc<Laptop>,
    no: u64,
    deeds: Vec<Deed>,
    done: &Result<(), AppError>,
) -> Checked {
    sim.trace.say(|| {
        let what: Vec<String> = deeds
            .iter()
            .map(|it| {
                format!(
                    "{:?} {} {:?}",
                    it.kind,
                    it.feature,
                    it.fields.values().map(|it| it.new.to_string()).collect::<Vec<_>>()
                )
            })
            .collect();
        format!(
            "deed {no} at laptop {}: {}{}",
            laptop.no,
            what.join(" + "),
            done.as_ref().err().map(|it| format!(", refused: {it}")).unwrap_or_default()
        )
    });
    let decides = deeds.iter().find(|it| it.kind.is_decision()).map(|it| it.feature);
    laptop.pending.borrow_mut().push(Pending { decides, deeds, was_promised: done.is_ok() });
    if laptop.machine.is_stopped() {
        return Ok(());
    }
    settle(sim, laptop)
}

/// Takes over what a laptop's journal held before the history began.
pub(crate) fn adopt(sim: &Sim, laptop: &Laptop) -> Checked {
    let base = check::base_of(laptop)?;
    let mut truth = sim.truth.borrow_mut();
    for (op, feature, operation) in journal(laptop).map_err(harness)? {
        let parsed: Json = serde_json::from_str(&operation).map_err(harness)?;
        let changes = parsed["changes"].as_object().into_iter().flatten();
        let fields = changes.map(|(field, change)| {
            (field.clone(), Seen { old: change["old"].clone(), new: change["new"].clone() })
        });
        let number = truth.deeds.len();
        truth.deeds.push(Deed {
            laptop: laptop.no,
            feature,
            kind: DeedKind::Create,
            fields: fields.collect(),
            ops: vec![op],
            blobs: vec![],
        });
        truth.deed_of_op.insert(op, number);
        truth.ops_of_laptop.entry(laptop.no).or_default().push(op);
        let word = "applied".to_owned();
        let outcome = Outcome { word, until_seq: 0, epoch: base.epoch.clone() };
        truth.heard.insert((laptop.no, op), outcome);
    }
    Ok(())
}

/// Operation, feature and content of each row of a laptop's journal.
fn journal(laptop: &Laptop) -> rusqlite::Result<Vec<(Uuid, Uuid, String)>> {
    laptop.look(|conn| {
        let mut statement =
            conn.prepare_cached("SELECT id, feature, operation FROM journal ORDER BY op_no")?;
        let rows = statement.query_map([], |row| {
            Ok((Uuid::from_bytes(row.get(0)?), Uuid::from_bytes(row.get(1)?), row.get(2)?))
        })?;
        rows.collect()
    })
}

/// Finds out which deeds are in the laptop's journal, and holds it to what it promised.
pub(crate) fn settle(sim: &Rc<Sim>, laptop: &Rc<Laptop>) -> Checked {
    let rows = match journal(laptop) {
        Ok(rows) => rows,
        Err(_) if laptop.machine.is_stopped() => return Ok(()),
        Err(error) => return Err(harness(error)),
    };
    let mut truth = sim.truth.borrow_mut();
    let mut unknown: Vec<&(Uuid, Uuid, String)> =
        rows.iter().filter(|it| !truth.deed_of_op.contains_key(&it.0)).collect();
    for pending in laptop.pending.borrow_mut().drain(..) {
        if let Some(feature) = pending.decides {
            let mut taken = vec![];
            unknown.retain(|row| {
                taken.extend(decision(laptop, row));
                decision(laptop, row).is_none()
            });
            if taken.is_empty() && pending.was_promised {
                return broken("I14", format!("laptop {} lost a decision on {feature}", laptop.no));
            }
            for deed in taken {
                sim.trace.say(|| format!("  decided {:?} {:?}", deed.kind, deed.ops));
                truth.keep(laptop.no, deed);
            }
            continue;
        }
        let wanted: Vec<Uuid> = pending.deeds.iter().map(|it| it.feature).collect();
        let n_found = pending
            .deeds
            .iter()
            .filter(|deed| unknown.iter().any(|it| it.1 == deed.feature && names(deed, &it.2)))
            .count();
        if n_found != 0 && n_found != wanted.len() {
            return broken(
                "I14",
                format!("laptop {} kept a part of one act: {wanted:?}", laptop.no),
            );
        }
        if n_found == 0 {
            if pending.was_promised && !wanted.is_empty() {
                return broken("I14", format!("laptop {} lost a saved act: {wanted:?}", laptop.no));
            }
            continue;
        }
        for mut deed in pending.deeds {
            let at = unknown.iter().position(|it| it.1 == deed.feature && names(&deed, &it.2));
            let Some(at) = at else { continue };
            let (op, _, _) = unknown.remove(at);
            sim.trace.say(|| format!("  journalled as {op}"));
            deed.ops.push(*op);
            truth.keep(laptop.no, deed);
        }
    }
    if let Some((op, feature, _)) = unknown.first() {
        return broken(
            "I2",
            format!("laptop {} has operation {op} on {feature} that nobody did", laptop.no),
        );
    }
    let there: BTreeSet<Uuid> = rows.iter().map(|it| it.0).collect();
    for op in truth.ops_of_laptop.get(&laptop.no).into_iter().flatten() {
        if !there.contains(op) {
            return broken("I14", format!("laptop {} lost operation {op}", laptop.no));
        }
    }
    Ok(())
}

/// Whether an operation carries what a deed set.
fn names(deed: &Deed, operation: &str) -> bool {
    let Ok(op) = serde_json::from_str::<Json>(operation) else { return false };
    deed.fields.iter().all(|(field, seen)| op["changes"][field]["new"] == seen.new)
}

/// The valves that this laptop shows.
fn visible(
    sim: &Sim,
    field: &mut Field,
    laptop: &Laptop,
    now: Timestamp,
) -> Result<Vec<FeatureId>, AppError> {
    let ids: Vec<[u8; 16]> = laptop
        .look(|conn| {
            let last: i64 =
                conn.query_row("SELECT coalesce(max(row), 0) FROM base", [], |row| row.get(0))?;
            // In a large town a few of them are as good as all.
            let from = if last > 500 { sim.chance.below(last as u64) as i64 } else { 0 };
            let mut statement = conn.prepare_cached(
                "SELECT id FROM (SELECT b.id FROM base b JOIN dataset d ON d.no = b.dataset
                                 WHERE d.id = 'valve' AND b.row >= ?1 ORDER BY b.row LIMIT ?2)
                 UNION SELECT id FROM overlay WHERE dataset = 'valve'",
            )?;
            let most = if last > 500 { 10 } else { 1_000 };
            let rows = statement.query_map([from, most], |row| row.get(0))?;
            rows.collect()
        })
        .map_err(faltkarta_store::StoreError::from)?;
    let ids = ids.into_iter().map(|it| FeatureId::from_uuid(Uuid::from_bytes(it)));
    Ok(ids.filter(|it| field.feature(*it, now).is_ok()).collect())
}

type Done = (Vec<Deed>, Result<(), AppError>);

fn valve() -> Option<DatasetId> {
    DatasetId::parse("valve").ok()
}

fn json(value: &Value) -> Json {
    serde_json::to_value(value).unwrap_or(Json::Null)
}

fn deed(laptop: &Laptop, feature: FeatureId, kind: DeedKind) -> Deed {
    Deed {
        laptop: laptop.no,
        feature: feature.uuid(),
        kind,
        fields: BTreeMap::new(),
        ops: vec![],
        blobs: vec![],
    }
}

/// A place that nobody ever gave: which square of a kilometre, and the number of the deed in millimetres.
fn place(sim: &Sim, no: u64) -> Geometry {
    let column = sim.chance.below(6) as f64;
    Geometry::point(160_000.0 + 1_024.0 * column + no as f64 / 1_000.0, 6_608_000.0)
}

fn create(sim: &Sim, laptop: &Laptop, no: u64, now: Timestamp, ids: &mut Ids) -> Done {
    let Some(valve) = valve() else { return (vec![], Ok(())) };
    let geometry = place(sim, no);
    let mut values = BTreeMap::new();
    for field in ["nummer", "fabrikat"] {
        if let Ok(id) = FieldId::parse(field) {
            values.insert(id, Value::Text(format!("w{no}")));
        }
    }
    let mut fields: BTreeMap<String, Seen> = values
        .iter()
        .map(|(field, value)| (field.to_string(), Seen { old: Json::Null, new: json(value) }))
        .collect();
    let at = Seen { old: Json::Null, new: json(&Value::Geometry(geometry.clone())) };
    fields.insert("geometry".to_owned(), at);
    let n_taken = ids.n_taken();
    let edit = Edit::Create { geometry: Some(geometry), values };
    let done = laptop.with(|it| it.edit(&valve, edit, now, ids));
    // One whose end was not seen may be in the journal all the same, under the first id that it took.
    let id = done.as_ref().ok().copied();
    let id = id.unwrap_or_else(|| FeatureId::from_uuid(ids.first_after(n_taken)));
    let deed = Deed { fields, ..deed(laptop, id, DeedKind::Create) };
    (vec![deed], done.map(|_| ()))
}

fn update(
    sim: &Sim,
    laptop: &Laptop,
    id: FeatureId,
    no: u64,
    now: Timestamp,
    ids: &mut Ids,
) -> Done {
    let Some(valve) = valve() else { return (vec![], Ok(())) };
    let Ok(seen) = laptop.with(|it| it.feature(id, now)) else { return (vec![], Ok(())) };
    let mut values = BTreeMap::new();
    let mut fields = BTreeMap::new();
    let n_fields = 1 + sim.chance.at(2);
    for at in 0..n_fields {
        let name = WORDS[sim.chance.at(WORDS.len())];
        let Ok(field) = FieldId::parse(name) else { continue };
        let new = Value::Text(format!("w{no}{}", ["", "b"][at % 2]));
        fields.insert(name.to_owned(), Seen { old: json(seen.value(name)), new: json(&new) });
        values.insert(field, new);
    }
    let geometry = (sim.chance.below(5) == 0).then(|| place(sim, no));
    if let Some(geometry) = &geometry {
        let old = seen.geometry.map_or(Json::Null, |it| json(&Value::Geometry(it)));
        let new = json(&Value::Geometry(geometry.clone()));
        fields.insert("geometry".to_owned(), Seen { old, new });
    }
    let edit = Edit::Update { id, geometry, values };
    let done = laptop.with(|it| it.edit(&valve, edit, now, ids)).map(|_| ());
    (vec![Deed { fields, ..deed(laptop, id, DeedKind::Update) }], done)
}

fn delete(laptop: &Laptop, id: FeatureId, now: Timestamp, ids: &mut Ids) -> Done {
    let Some(valve) = valve() else { return (vec![], Ok(())) };
    let Ok(seen) = laptop.with(|it| it.feature(id, now)) else { return (vec![], Ok(())) };
    let mut fields: BTreeMap<String, Seen> = seen
        .properties
        .iter()
        .map(|(field, value)| (field.to_string(), Seen { old: json(value), new: Json::Null }))
        .collect();
    if let Some(geometry) = seen.geometry {
        let old = json(&Value::Geometry(geometry));
        fields.insert("geometry".to_owned(), Seen { old, new: Json::Null });
    }
    let done = laptop.with(|it| it.edit(&valve, Edit::Delete { id }, now, ids)).map(|_| ());
    (vec![Deed { fields, ..deed(laptop, id, DeedKind::Delete) }], done)
}

fn inspect(
    sim: &Sim,
    laptop: &Laptop,
    id: FeatureId,
    no: u64,
    now: Timestamp,
    ids: &mut Ids,
) -> Done {
    let Some(valve) = valve() else { return (vec![], Ok(())) };
    let Ok(seen) = laptop.with(|it| it.feature(id, now)) else { return (vec![], Ok(())) };
    let word = format!("w{no}");
    let mut deeds = vec![];
    let is_pictured = sim.chance.permille(sim.plan.photos);
    // Now and then one that goes in several pieces.
    let n_padding =
        if is_pictured && sim.plan.is_watched && sim.chance.below(8) == 0 { 300_000 } else { 0 };
    let mut picture = PICTURE.to_vec();
    picture.extend_from_slice(word.as_bytes());
    picture.resize(picture.len() + n_padding, b' ');
    let done = laptop.with(|it| {
        let draft =
            it.start_draft("ventilmotionering", Some((valve, id)), None, now, ids)?.draft.id;
        let mut record = deed(laptop, draft, DeedKind::Inspect);
        let mut blobs = vec![];
        if is_pictured {
            let photo = it.add_photo(draft, "a.png", &picture, now)?;
            record.blobs.push(photo.blob.to_string());
            blobs.push(photo.blob);
        }
        deeds.push(record);
        let mut subject = deed(laptop, id, DeedKind::Update);
        let old = json(seen.value("funktion"));
        subject.fields.insert("funktion".to_owned(), Seen { old, new: Json::from(word.as_str()) });
        deeds.push(subject);
        let submission = Submission {
            instance_xml: format!(
                "<data><resultat>fungerar</resultat><funktion>{word}</funktion></data>"
            ),
            answers_json: format!(r#"{{"resultat":"fungerar","funktion":"{word}"}}"#),
            blobs,
        };
        it.complete_draft(draft, &submission, now, ids)
    });
    (deeds, done)
}

/// A decision on one of the conflicts that the laptop shows.
fn decide(sim: &Sim, laptop: &Laptop, no: u64, now: Timestamp, ids: &mut Ids) -> Done {
    let nothing = || (vec![], Ok(()));
    let Ok(conflicts) = laptop.with(|it| it.conflicts()) else { return nothing() };
    let Some(chosen) = sim.chance.pick(&conflicts).map(|it| it.feature) else { return nothing() };
    let Ok(card) = laptop.with(|it| it.conflict_card(chosen)) else { return nothing() };
    let choices: Vec<(Uuid, Choice)> = card
        .rows
        .iter()
        .map(|row| {
            let text = row.fields.iter().find(|it| WORDS.contains(&it.0.as_str()));
            let choice = match (sim.chance.below(3), text) {
                (0, _) => Choice::Theirs,
                (1, Some((field, _))) if row.kind == ConflictKind::Field => {
                    let word = Value::Text(format!("w{no}"));
                    Choice::Values([(field.clone(), word)].into())
                }
                _ => Choice::Mine,
            };
            (row.conflict, choice)
        })
        .collect();
    let done = laptop.with(|it| it.resolve(chosen, &choices, None, now, ids));
    let deed = deed(laptop, chosen, DeedKind::Resolve);
    match done {
        Ok(_) => (vec![deed], Ok(())),
        Err(error) => (vec![deed], Err(error)),
    }
}

/// Somebody fetches a photo of a colleague; in half of the cases the room of all that are safe is given back. What has
/// not reached the store stays readable here.
pub(crate) fn look_at_photos(sim: &Sim, laptop: &Laptop) -> Checked {
    if laptop.machine.is_stopped() {
        return Ok(());
    }
    let photos = |sql: &'static str| -> rusqlite::Result<Vec<String>> {
        laptop.look(|conn| {
            let mut statement = conn.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| row.get(0))?;
            rows.collect()
        })
    };
    let known = photos("SELECT DISTINCT blob FROM feature_blob WHERE complete ORDER BY blob");
    let known = known.map_err(harness)?;
    let chosen = sim.chance.pick(&known).and_then(|it| BlobId::parse(it).ok());
    if let Some(blob) = &chosen {
        let fetched = laptop.with_link(|link| fetch_photo(laptop, link, blob));
        let is_there = matches!(fetched, Some(Ok(())));
        sim.trace.say(|| format!("laptop {} looks at photo {blob}: {is_there}", laptop.no));
        if let Some(Err(error)) = fetched
            && error.code() == "photo_damaged"
        {
            return broken("I11", format!("photo {blob} came damaged to laptop {}", laptop.no));
        }
    }
    if sim.chance.below(2) == 0 && !laptop.machine.is_stopped() {
        let now = laptop.now(sim.now());
        let freed = laptop.with(|it| it.free_photos(now));
        sim.trace.say(|| format!("laptop {} gives room back: {:?}", laptop.no, freed.ok()));
    }
    if laptop.machine.is_stopped() {
        return Ok(());
    }
    for unsent in
        photos("SELECT id FROM blob WHERE state IN ('taken', 'saved')").map_err(harness)?
    {
        let Ok(blob) = BlobId::parse(&unsent) else { continue };
        if let Err(error) = laptop.with(|it| it.photo_bytes(&blob)) {
            let text =
                format!("laptop {} cannot read its unsent photo {unsent}: {error}", laptop.no);
            return broken("I14", text);
        }
    }
    Ok(())
}

/// A laptop is to follow another part of the town, or all of it.
pub(crate) fn subscribe(sim: &Sim, laptop: &Laptop) -> Checked {
    if laptop.machine.is_stopped() {
        return Ok(());
    }
    let first = FIRST_CELL + sim.chance.below(6) as u32;
    let last = first + sim.chance.below(3) as u32;
    let (west, east) = (f64::from(first) * CELL_M + 100.0, f64::from(last) * CELL_M + 900.0);
    let (south, north) =
        (f64::from(CELL_ROW) * CELL_M + 50.0, f64::from(CELL_ROW) * CELL_M + 900.0);
    let area_m = vec![[west, south], [east, south], [east, north], [west, north], [west, south]];
    let part = SubscriptionPart { datasets: vec![], area_m, filter: None };
    let parts = if sim.chance.below(4) == 0 { vec![] } else { vec![part] };
    sim.trace.say(|| {
        format!("laptop {} is to follow {} areas, cells {first} to {last}", laptop.no, parts.len())
    });
    match laptop.with(|it| it.set_subscription(parts)) {
        Ok(()) => Ok(()),
        Err(_) if laptop.machine.is_stopped() => Ok(()),
        Err(error) => broken("I10", format!("laptop {} refuses an area: {error}", laptop.no)),
    }
}

/// The deed of an operation that a decision wrote.
fn decision(laptop: &Laptop, (op, feature, operation): &(Uuid, Uuid, String)) -> Option<Deed> {
    let parsed: Json = serde_json::from_str(operation).ok()?;
    let kind = match parsed["kind"].as_str()? {
        "resolve" => DeedKind::Resolve,
        "restore" => DeedKind::Restore,
        "delete" => DeedKind::Delete,
        "create" => DeedKind::Create,
        _ => DeedKind::Update,
    };
    let changes = parsed["changes"].as_object()?.iter();
    let fields = changes.map(|(field, change)| {
        (field.clone(), Seen { old: change["old"].clone(), new: change["new"].clone() })
    });
    Some(Deed {
        laptop: laptop.no,
        feature: *feature,
        kind,
        fields: fields.collect(),
        ops: vec![*op],
        blobs: vec![],
    })
}
