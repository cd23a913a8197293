use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use uuid::Uuid;

use crate::check::{Row, base, store};
use crate::laptop::Laptop;
use crate::sim::{Checked, Sim, broken, harness};
use crate::truth::{DeedKind, Outcome};

struct Shown {
    row: Option<Row>,
}

/// I14, I10 and I15: the journal holds every deed, own deeds are seen until the base shows what became of them, and
/// nothing is shown that the journal does not hold.
pub(crate) fn check(sim: &Sim, laptop: &Laptop) -> Checked {
    let base = base::read(laptop)?;
    let (journal, overlay) = read(laptop)?;
    keep_released(sim, &base)?;
    let truth = sim.truth.borrow();
    let there: BTreeSet<Uuid> = journal.iter().map(|it| it.0).collect();
    let own = truth.ops_of_laptop.get(&laptop.no).map_or(&[][..], Vec::as_slice);
    if let Some(lost) = own.iter().find(|op| !there.contains(op)) {
        return broken("I14", format!("laptop {} lost operation {lost}", laptop.no));
    }
    // What must be seen, by feature and field; `None` for a feature that must be gone.
    let mut wanted: BTreeMap<(Uuid, String), Json> = BTreeMap::new();
    let mut is_gone: BTreeMap<Uuid, bool> = BTreeMap::new();
    let mut made_here: BTreeSet<Uuid> = BTreeSet::new();
    for (op, _, _) in &journal {
        let Some(deed) = truth.deed_of_op.get(op).map(|it| &truth.deeds[*it]) else { continue };
        // Its answer may have been lost: the entry in the feed tells as well what became of it.
        let heard = truth.heard.get(&(laptop.no, *op)).into_iter();
        let is_settled = heard.chain(truth.told.get(op).into_iter().flatten()).any(|it| {
            it.epoch == base.epoch
                && it.word != "parked"
                && it.word != "quarantined"
                && it.until_seq <= base.cursor_seq
        });
        if is_settled {
            // A later one of the same field may show, or what others made of it.
            for field in deed.fields.keys() {
                wanted.remove(&(deed.feature, field.clone()));
            }
            is_gone.remove(&deed.feature);
            continue;
        }
        match deed.kind {
            DeedKind::Create | DeedKind::Inspect => {
                made_here.insert(deed.feature);
                is_gone.insert(deed.feature, false);
            }
            // "As the store has it" may well be deleted.
            DeedKind::Resolve => {}
            DeedKind::Delete => {
                is_gone.insert(deed.feature, true);
            }
            DeedKind::Update | DeedKind::Restore => {
                is_gone.insert(deed.feature, false);
            }
        }
        for (field, seen) in &deed.fields {
            let place = (deed.feature, field.clone());
            // A deletion sets nothing, and "as the store has it" leaves the choice to the store.
            if deed.kind == DeedKind::Delete || seen.old == seen.new {
                wanted.remove(&place);
            } else {
                wanted.insert(place, seen.new.clone());
            }
        }
    }
    let shown = |feature: &Uuid| match overlay.get(feature) {
        Some(shown) => shown.row.clone(),
        None => base.rows.get(feature).cloned(),
    };
    for (feature, is_gone) in &is_gone {
        match (shown(feature), is_gone) {
            (Some(_), true) => {
                return broken(
                    "I10",
                    format!("laptop {} still shows {feature}, which was deleted there", laptop.no),
                );
            }
            // Gone by another's hand, or by a restore of the store: the edit waits in the list of changes.
            (None, false) if !made_here.contains(feature) && !base.rows.contains_key(feature) => {}
            (None, false) => {
                return broken(
                    "I10",
                    format!("laptop {} does not show {feature}, which was edited there", laptop.no),
                );
            }
            _ => {}
        }
    }
    for ((feature, field), new) in &wanted {
        let Some(row) = shown(feature) else { continue };
        if row.value(field) != *new {
            return broken(
                "I10",
                format!(
                    "laptop {} shows {} as {field} of {feature}, not the own {new}",
                    laptop.no,
                    row.value(field)
                ),
            );
        }
    }
    no_stranger(laptop, &journal, &overlay, &base)
}

/// Operations that the store has judged and that a laptop's cursor has passed, when both follow the same history. One
/// that waited is told of by the feed only; it stays told when the store forgets.
fn keep_released(sim: &Sim, base: &base::Base) -> Checked {
    let released: Vec<(Uuid, u64)> = store(sim, |conn| {
        let mut statement = conn.prepare_cached(
            "SELECT op, coalesce(seq, 0) FROM op_log WHERE NOT is_held AND coalesce(seq, 0) <= ?1
                 AND (SELECT value FROM meta WHERE key = 'epoch') = ?2",
        )?;
        let rows = statement.query_map((base.cursor_seq, &base.epoch), |row| {
            Ok((Uuid::from_bytes(row.get(0)?), row.get(1)?))
        })?;
        rows.collect()
    })?;
    let mut truth = sim.truth.borrow_mut();
    for (op, until_seq) in released {
        let told = truth.told.entry(op).or_default();
        let is_known = told.iter().any(|it| it.until_seq == until_seq && it.epoch == base.epoch);
        if !is_known {
            let (word, epoch) = ("judged".to_owned(), base.epoch.clone());
            told.push(Outcome { word, until_seq, epoch });
        }
    }
    Ok(())
}

type Journal = Vec<(Uuid, Uuid, String)>;

fn read(laptop: &Laptop) -> Checked<(Journal, BTreeMap<Uuid, Shown>)> {
    laptop
        .look(|conn| {
            let mut statement =
                conn.prepare_cached("SELECT id, feature, operation FROM journal ORDER BY op_no")?;
            let journal = statement.query_map([], |row| {
                Ok((Uuid::from_bytes(row.get(0)?), Uuid::from_bytes(row.get(1)?), row.get(2)?))
            })?;
            let journal = journal.collect::<rusqlite::Result<_>>()?;
            let mut statement = conn.prepare_cached(
                "SELECT id, is_deleted, version, seq, geometry, properties FROM overlay",
            )?;
            let overlay = statement.query_map([], |row| {
                let is_deleted: bool = row.get(1)?;
                let shown = Row {
                    version: row.get(2)?,
                    seq: row.get(3)?,
                    geometry: row.get(4)?,
                    properties: row.get(5)?,
                };
                let row_shown = Shown { row: (!is_deleted).then_some(shown) };
                Ok((Uuid::from_bytes(row.get(0)?), row_shown))
            })?;
            Ok((journal, overlay.collect::<rusqlite::Result<_>>()?))
        })
        .map_err(harness)
}

/// I15: a value that is shown over the base comes from an operation of the journal.
fn no_stranger(
    laptop: &Laptop,
    journal: &Journal,
    overlay: &BTreeMap<Uuid, Shown>,
    base: &base::Base,
) -> Checked {
    for (feature, shown) in overlay {
        let ops: Vec<Json> = journal
            .iter()
            .filter(|it| it.1 == *feature)
            .filter_map(|it| serde_json::from_str(&it.2).ok())
            .collect();
        if ops.is_empty() {
            return broken(
                "I15",
                format!(
                    "laptop {} shows an edit of {feature} that its journal does not hold",
                    laptop.no
                ),
            );
        }
        let Some(row) = &shown.row else { continue };
        let properties: Json = serde_json::from_str(&row.properties).unwrap_or_default();
        let fields = properties.as_object().into_iter().flatten();
        for (field, value) in fields {
            // While a new base lacks a row, own edits are shown on what was seen of it before.
            let ground = base.rows.get(feature).or_else(|| base.previous.get(feature));
            let is_base = ground.is_some_and(|it| it.value(field) == *value);
            if !is_base && !ops.iter().any(|op| op["changes"][field]["new"] == *value) {
                return broken(
                    "I15",
                    format!(
                        "laptop {} shows {value} as {field} of {feature} without an operation",
                        laptop.no
                    ),
                );
            }
        }
    }
    Ok(())
}
