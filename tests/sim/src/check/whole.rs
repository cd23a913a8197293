use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use uuid::Uuid;

use crate::check::{Row, base, feed, known_ops, store};
use crate::sim::{Checked, Sim, broken, harness};
use crate::truth::{Deed, DeedKind, Truth};

/// Whether nothing is left to exchange.
pub(crate) fn is_quiet(sim: &Sim) -> bool {
    let Ok(head) = store(sim, |conn| {
        conn.query_row("SELECT seq FROM feed_head", [], |row| row.get::<_, u64>(0))
    }) else {
        return false;
    };
    sim.living().iter().all(|laptop| {
        let n_pending = laptop.look(|conn| {
            conn.query_row("SELECT count(*) FROM journal WHERE state = 'pending'", [], |row| {
                row.get::<_, u64>(0)
            })
        });
        let n_unsent = laptop.look(|conn| {
            conn.query_row("SELECT count(*) FROM blob WHERE state = 'saved'", [], |row| {
                row.get::<_, u64>(0)
            })
        });
        let base = base::read(laptop);
        let is_settled = base.is_ok_and(|it| it.cursor_seq == head && it.follows.is_some());
        matches!((n_pending, n_unsent), (Ok(0), Ok(0))) && is_settled
    })
}

/// A feature of the store: its versions in order, the last one being what stands.
struct Story {
    versions: Vec<(bool, Row)>,
}

struct Clashed {
    feature: Uuid,
    op: Uuid,
    state: String,
    closed_by: Option<Uuid>,
    body: String,
}

/// Everything that must hold when faults have ended and everybody has exchanged.
pub(crate) fn whole(sim: &Sim) -> Checked {
    feed(sim)?;
    quiet(sim)?;
    let verified = sim.host.borrow().store().map(|it| {
        use faltkarta_server::GeodataStore as _;
        it.verify_feed()
    });
    if let Some(Err(error)) = verified {
        return broken("I6", format!("the chain does not hold: {error}"));
    }
    let stories = stories(sim)?;
    converged(sim, &stories)?;
    fates(sim, &stories)
}

/// I12: every outbox is empty or says why not.
fn quiet(sim: &Sim) -> Checked {
    for laptop in sim.living() {
        let waiting: Vec<(Vec<u8>, String)> = laptop
            .look(|conn| {
                let mut statement =
                    conn.prepare_cached("SELECT id, state FROM journal WHERE state = 'pending'")?;
                let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                rows.collect()
            })
            .map_err(harness)?;
        if !waiting.is_empty() {
            return broken(
                "I12",
                format!("laptop {} still holds {} unsent operations", laptop.no, waiting.len()),
            );
        }
        let n_unsent: u64 = laptop
            .look(|conn| {
                conn.query_row("SELECT count(*) FROM blob WHERE state = 'saved'", [], |row| {
                    row.get(0)
                })
            })
            .map_err(harness)?;
        if n_unsent > 0 {
            return broken(
                "I12",
                format!("laptop {} still holds {n_unsent} unsent photos", laptop.no),
            );
        }
    }
    Ok(())
}

fn stories(sim: &Sim) -> Checked<BTreeMap<Uuid, Story>> {
    store(sim, |conn| {
        let mut statement = conn.prepare_cached(
            "SELECT feature, version, is_deleted, geometry, properties, 0 FROM history
             UNION ALL SELECT id, version, is_deleted, geometry, properties, seq FROM feature ORDER BY 1, 2",
        )?;
        let mut rows = statement.query([])?;
        let mut stories: BTreeMap<Uuid, Story> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let shown = Row {
                version: row.get(1)?,
                seq: row.get(5)?,
                geometry: row.get(3)?,
                properties: row.get(4)?,
            };
            let story =
                stories.entry(Uuid::from_bytes(row.get(0)?)).or_insert(Story { versions: vec![] });
            story.versions.push((row.get(2)?, shown));
        }
        Ok(stories)
    })
}

/// I8: every laptop has what the store has.
fn converged(sim: &Sim, stories: &BTreeMap<Uuid, Story>) -> Checked {
    let head: u64 =
        store(sim, |conn| conn.query_row("SELECT seq FROM feed_head", [], |row| row.get(0)))?;
    for laptop in sim.living() {
        let base = base::read(&laptop)?;
        if base.cursor_seq != head {
            return broken(
                "I12",
                format!("laptop {} stands at {}, the store at {head}", laptop.no, base.cursor_seq),
            );
        }
        for (feature, story) in stories {
            let Some((is_deleted, row)) = story.versions.last() else { continue };
            let subject = |id: &str| {
                let story = stories.get(&id.parse().ok()?)?;
                story.versions.last().map(|it| it.1.clone())
            };
            let Some(follows) = base.follows else {
                return broken(
                    "I12",
                    format!("laptop {} has not settled what it follows", laptop.no),
                );
            };
            match base.rows.get(feature) {
                Some(_) if base.moved_out.contains(feature) => {}
                None if *is_deleted || !follows.takes(row, subject) => {}
                Some(_) if !follows.takes(row, subject) => {
                    return broken(
                        "I8",
                        format!("laptop {} has {feature}, which lies outside", laptop.no),
                    );
                }
                Some(own) if !is_deleted && own.is_like(row) && own.version == row.version => {}
                own => {
                    return broken(
                        "I8",
                        format!(
                            "laptop {} has {own:?} of {feature}, the store has {row:?} (deleted: {is_deleted})",
                            laptop.no
                        ),
                    );
                }
            }
        }
        if let Some(stranger) = base.rows.keys().find(|it| !stories.contains_key(*it)) {
            return broken(
                "I8",
                format!("laptop {} has {stranger}, which the store does not know", laptop.no),
            );
        }
    }
    Ok(())
}

/// I1, I2, I3, I4, I5, I11, I13: what became of every deed.
fn fates(sim: &Sim, stories: &BTreeMap<Uuid, Story>) -> Checked {
    let known = known_ops(sim)?;
    let held: BTreeSet<Uuid> = store(sim, |conn| {
        let mut statement = conn.prepare_cached("SELECT op FROM held")?;
        let rows = statement.query_map([], |row| Ok(Uuid::from_bytes(row.get(0)?)))?;
        rows.collect()
    })?;
    let conflicts = conflicts(sim)?;
    let logged = logged_conflicts(sim)?;
    let truth = sim.truth.borrow();
    let mut of_feature: BTreeMap<Uuid, Vec<&Deed>> = BTreeMap::new();
    for deed in &truth.deeds {
        of_feature.entry(deed.feature).or_default().push(deed);
    }
    let mut clashes: BTreeMap<Uuid, Vec<&Clashed>> = BTreeMap::new();
    for clashed in conflicts.values() {
        clashes.entry(clashed.feature).or_default().push(clashed);
    }
    let told: BTreeSet<Uuid> =
        truth.conflicts.iter().filter(|it| conflicts.contains_key(&it.0)).map(|it| it.1).collect();
    for (op, number) in &truth.deed_of_op {
        let deed = &truth.deeds[*number];
        if !known.contains_key(op) && !held.contains(op) {
            let invariant = if truth.n_restores > 0 { "I13" } else { "I1" };
            return broken(
                invariant,
                format!(
                    "operation {op} of laptop {} has no fate at the store: {deed:?}",
                    deed.laptop
                ),
            );
        }
        if held.contains(op) {
            continue;
        }
        // The conflict may speak of a later deed of the same person by now, who saw this one all the time. One that
        // waited was judged without an answer; the log tells of its conflict.
        let is_disputed = told.contains(op)
            || logged.get(op).into_iter().flatten().any(|it| conflicts.contains_key(it));
        let others = Others {
            deeds: of_feature.get(&deed.feature).map_or(&[][..], Vec::as_slice),
            conflicts: clashes.get(&deed.feature).map_or(&[][..], Vec::as_slice),
            is_disputed,
        };
        is_kept(deed, *op, stories.get(&deed.feature), &others)?;
    }
    for (feature, story) in stories {
        let deeds = of_feature.get(feature).map_or(&[][..], Vec::as_slice);
        overwritten(*feature, story, deeds)?;
    }
    opened_and_closed(&truth, &conflicts)?;
    blobs(sim, &truth)
}

/// The conflicts that the store's log names for each operation.
fn logged_conflicts(sim: &Sim) -> Checked<BTreeMap<Uuid, Vec<Uuid>>> {
    let rows: Vec<(Uuid, String)> = store(sim, |conn| {
        let mut statement = conn.prepare_cached(
            "SELECT op, outcome FROM op_log WHERE outcome LIKE '%\"conflicts\"%'",
        )?;
        let rows =
            statement.query_map([], |row| Ok((Uuid::from_bytes(row.get(0)?), row.get(1)?)))?;
        rows.collect()
    })?;
    let parsed = rows.into_iter().map(|(op, text)| {
        let outcome: Json = serde_json::from_str(&text).unwrap_or_default();
        let named = outcome["conflicts"].as_array().into_iter().flatten();
        (op, named.filter_map(|it| it.as_str()?.parse().ok()).collect())
    });
    Ok(parsed.collect())
}

fn conflicts(sim: &Sim) -> Checked<BTreeMap<Uuid, Clashed>> {
    store(sim, |conn| {
        let mut statement =
            conn.prepare_cached("SELECT id, feature, op, state, closed_by, body FROM conflict")?;
        let rows = statement.query_map([], |row| {
            let clashed = Clashed {
                feature: Uuid::from_bytes(row.get(1)?),
                op: Uuid::from_bytes(row.get(2)?),
                state: row.get(3)?,
                closed_by: row.get::<_, Option<[u8; 16]>>(4)?.map(Uuid::from_bytes),
                body: row.get(5)?,
            };
            Ok((Uuid::from_bytes(row.get(0)?), clashed))
        })?;
        rows.collect()
    })
}

/// What else there is about the feature of a deed.
struct Others<'a> {
    deeds: &'a [&'a Deed],
    conflicts: &'a [&'a Clashed],
    /// Whether a conflict that was opened for the deed is there.
    is_disputed: bool,
}

/// I3 and I2: each value that was set is in the story of the row or in a conflict, and not in both.
fn is_kept(deed: &Deed, op: Uuid, story: Option<&Story>, others: &Others<'_>) -> Checked {
    if deed.kind == DeedKind::Delete {
        let is_deleted =
            story.is_some_and(|it| it.versions.iter().any(|(is_deleted, _)| *is_deleted));
        if !is_deleted && !others.is_disputed {
            return broken("I3", format!("the deletion {op} of {} left no trace", deed.feature));
        }
        return Ok(());
    }
    for (field, seen) in &deed.fields {
        if seen.new == seen.old || (seen.new.is_null() && deed.kind.is_decision()) {
            continue;
        }
        let runs = story.map_or(0, |it| runs(it, field, &seen.new));
        let needle = seen.new.to_string();
        let is_candidate = others.conflicts.iter().any(|it| it.body.contains(&needle));
        // A value that somebody saw and replaced before anybody else had it is part of that later deed.
        let is_replaced = || {
            others
                .deeds
                .iter()
                .any(|it| it.fields.get(field).is_some_and(|later| later.old == seen.new))
        };
        if runs == 0 && !is_candidate && !is_replaced() {
            return broken(
                "I3",
                format!(
                    "{needle} as {field} of {} (operation {op} of laptop {}) is nowhere",
                    deed.feature, deed.laptop
                ),
            );
        }
        let n_decided = others
            .deeds
            .iter()
            .filter(|it| it.kind.is_decision())
            .filter(|it| it.fields.get(field).is_some_and(|it| it.new == seen.new))
            .count();
        if runs > 1 + n_decided {
            return broken(
                "I2",
                format!("{needle} as {field} of {} took effect {runs} times", deed.feature),
            );
        }
        let own = others.conflicts.iter().find(|it| {
            it.op == op
                && it.state == "open"
                && candidate(&it.body, field).as_ref() == Some(&seen.new)
        });
        let stands = story
            .and_then(|it| it.versions.last())
            .is_some_and(|(is_deleted, row)| !is_deleted && row.value(field) == seen.new);
        // A decision of the lost history may let it take effect beside a conflict that was opened in the new one.
        if runs > n_decided && own.is_some() && !stands && deed.kind == DeedKind::Update {
            return broken(
                "I2",
                format!("{needle} as {field} of {} took effect and is in conflict", deed.feature),
            );
        }
    }
    Ok(())
}

fn candidate(body: &str, field: &str) -> Option<Json> {
    let body: Json = serde_json::from_str(body).ok()?;
    body["fields"].get(field)?.get("candidate").cloned()
}

/// How often a value came to stand in a field of a row.
fn runs(story: &Story, field: &str, value: &Json) -> usize {
    let mut n = 0;
    let mut stood = false;
    for (_, row) in &story.versions {
        let stands = row.value(field) == *value;
        n += usize::from(stands && !stood);
        stood = stands;
    }
    n
}

/// I4: no value is replaced and no row deleted that somebody had not seen.
fn overwritten(feature: Uuid, story: &Story, own: &[&Deed]) -> Checked {
    for pair in story.versions.windows(2) {
        let [(was_deleted, before), (is_deleted, after)] = pair else { continue };
        if !was_deleted && *is_deleted {
            let seen = |deed: &&&Deed| {
                deed.kind == DeedKind::Delete
                    && deed.fields.iter().all(|(field, seen)| before.value(field) == seen.old)
            };
            if !own.iter().any(|it| seen(&it)) {
                return broken(
                    "I4",
                    format!(
                        "{feature} was deleted with values that nobody who deleted it had seen: {before:?}"
                    ),
                );
            }
            continue;
        }
        let old: Json = serde_json::from_str(&before.properties).unwrap_or_default();
        let new: Json = serde_json::from_str(&after.properties).unwrap_or_default();
        let mut fields: BTreeSet<&str> = BTreeSet::new();
        for side in [&old, &new] {
            fields.extend(side.as_object().into_iter().flatten().map(|it| it.0.as_str()));
        }
        fields.insert("geometry");
        for field in fields {
            let (was, is) = (before.value(field), after.value(field));
            if was == is {
                continue;
            }
            let seen = |deed: &&&Deed| {
                deed.fields.get(field).is_some_and(|it| it.new == is && it.old == was)
            };
            if !own.iter().any(|it| seen(&it)) {
                return broken(
                    "I4",
                    format!(
                        "{field} of {feature} went from {was} to {is}, and nobody who wrote {is} had seen {was}"
                    ),
                );
            }
        }
    }
    Ok(())
}

/// I5: every conflict that was answered exists, and only people's decisions close one.
fn opened_and_closed(truth: &Truth, conflicts: &BTreeMap<Uuid, Clashed>) -> Checked {
    if truth.n_restores == 0
        && let Some(lost) = truth.conflicts.iter().find(|it| !conflicts.contains_key(&it.0))
    {
        return broken(
            "I5",
            format!("conflict {} of operation {} was answered and is not there", lost.0, lost.1),
        );
    }
    for (id, conflict) in conflicts {
        if conflict.state != "resolved" {
            continue;
        }
        let by = conflict
            .closed_by
            .and_then(|op| truth.deed_of_op.get(&op))
            .map(|it| truth.deeds[*it].kind);
        let is_decided =
            matches!(by, Some(DeedKind::Resolve | DeedKind::Restore | DeedKind::Delete));
        if !is_decided {
            return broken("I5", format!("conflict {id} was closed by {by:?}"));
        }
    }
    Ok(())
}

/// I11: every photo of an inspection that the store took is there.
fn blobs(sim: &Sim, truth: &Truth) -> Checked {
    use faltkarta_server::GeodataStore as _;
    let host = sim.host.borrow();
    let Some(store) = host.store() else { return Ok(()) };
    for deed in &truth.deeds {
        for blob in &deed.blobs {
            let Ok(id) = faltkarta_model::BlobId::parse(blob) else { continue };
            let is_there = store.blob(&id).is_ok_and(|it| it.n_bytes.is_some());
            if !is_there {
                return broken(
                    "I11",
                    format!("photo {blob} of {} is not at the store", deed.feature),
                );
            }
        }
    }
    Ok(())
}
