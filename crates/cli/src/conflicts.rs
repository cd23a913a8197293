//! What waits for a decision on a laptop, shown and decided without a window.

use std::collections::BTreeMap;

use faltkarta_app::{Choice, ConflictCard, ConflictRow, Field};
use faltkarta_machine::{MachineIds, now};
use faltkarta_model::{FeatureId, FieldId, Value};
use faltkarta_protocol::Author;
use serde_json::json;

use crate::arguments::ConflictVerb;
use crate::failure::Failure;
use crate::laptop::feature_id;
use crate::say::Voice;

pub(crate) fn run(
    field: &mut Field,
    verb: Option<ConflictVerb>,
    voice: Voice,
) -> Result<(), Failure> {
    match verb {
        None => list(field, voice),
        Some(ConflictVerb::Show { feature }) => show(field, feature_id(&feature)?, voice),
        Some(ConflictVerb::Resolve { feature, choose, note }) => {
            resolve(field, feature_id(&feature)?, &choose, note.as_deref(), voice)
        }
        Some(ConflictVerb::Defer { feature }) => {
            let id = feature_id(&feature)?;
            field.defer_conflict(id)?;
            let document = json!({ "format": "faltkarta.conflict-deferred/1", "feature": id });
            voice.answer(&document, || vec![format!("Lämnad till samordnaren: {id}")]);
            Ok(())
        }
    }
}

fn list(field: &Field, voice: Voice) -> Result<(), Failure> {
    let all = field.conflicts()?;
    let rows: Vec<_> = all
        .iter()
        .map(|it| {
            json!({
                "feature": it.feature, "dataset": it.dataset.as_str(), "title": it.title,
                "kind": it.kind, "fields": it.fields.len(), "at": it.at.to_string(), "mine": it.is_mine,
                "deferred": it.is_deferred, "expected": it.is_expected,
            })
        })
        .collect();
    voice.answer(&json!({ "format": "faltkarta.conflicts/1", "conflicts": rows }), || {
        if all.is_empty() {
            return vec!["Inget väntar på beslut.".to_owned()];
        }
        all.iter()
            .map(|it| {
                let whose = if it.is_mine { "din ändring" } else { "andras ändringar" };
                let state = match (it.is_deferred, it.is_expected) {
                    (true, _) => ", lämnad till samordnaren",
                    (false, true) => ", visar sig när ändringen skickas",
                    (false, false) => "",
                };
                format!("{}  {} ({} fält, {whose}{state})", it.feature, it.title, it.fields.len())
            })
            .collect()
    });
    Ok(())
}

fn author(author: &Author) -> serde_json::Value {
    json!({ "user": author.user, "device": author.device, "at": author.at.to_string() })
}

fn show(field: &Field, id: FeatureId, voice: Voice) -> Result<(), Failure> {
    let card = field.conflict_card(id)?;
    voice.answer(&document(&card), || {
        let store_by =
            card.store_by.as_ref().map_or("en leverans".to_owned(), |it| it.user.clone());
        let mut lines = vec![
            card.title.clone(),
            format!("lagret: {store_by}   kandidat: {}", card.candidate_by.user),
        ];
        for row in &card.rows {
            lines.push(row.key.clone());
            lines.extend(row.fields.iter().map(|(name, clash)| {
                format!(
                    "  {name}: förr {}, lagret {}, kandidat {}",
                    clash.base, clash.store, clash.candidate
                )
            }));
        }
        lines
    });
    Ok(())
}

fn document(card: &ConflictCard) -> serde_json::Value {
    let rows: Vec<_> = card
        .rows
        .iter()
        .map(|row| {
            let fields: serde_json::Map<_, _> = row
                .fields
                .iter()
                .map(|(name, clash)| {
                    let values = json!({
                        "base": clash.base, "store": clash.store, "candidate": clash.candidate,
                    });
                    (name.to_string(), values)
                })
                .collect();
            json!({
                "conflict": row.conflict, "key": row.key, "kind": row.kind, "fields": fields,
                "candidate_by": author(&row.candidate_by), "mine": row.is_mine,
            })
        })
        .collect();
    json!({
        "format": "faltkarta.conflict/1", "feature": card.feature,
        "dataset": card.dataset.as_str(), "title": card.title, "kind": card.kind,
        "fetched_at": card.fetched_at.map(|it| it.to_string()), "rows": rows,
        "merged": card.merged.iter().map(FieldId::as_str).collect::<Vec<_>>(),
        "store_by": card.store_by.as_ref().map(author), "candidate_by": author(&card.candidate_by),
        "mine": card.is_mine, "other": card.other, "expected": card.is_expected,
        "note": card.note,
    })
}

fn resolve(
    field: &mut Field,
    id: FeatureId,
    choose: &[(String, String)],
    note: Option<&str>,
    voice: Voice,
) -> Result<(), Failure> {
    let card = field.conflict_card(id)?;
    let mut choices = vec![];
    for row in &card.rows {
        choices.extend(choice_in(row, choose)?.map(|choice| (row.conflict, choice)));
    }
    let is_known = |name: &str| {
        let names = |row: &ConflictRow| {
            row.key == name || row.fields.iter().any(|it| it.0.as_str() == name)
        };
        card.rows.iter().any(names)
    };
    if let Some((name, _)) = choose.iter().find(|it| !is_known(&it.0)) {
        return Err(Failure::Input { what: format!("nothing about {name} waits for a decision") });
    }
    let decision = field.resolve(id, &choices, note, now(), &mut MachineIds)?;
    let document = json!({
        "format": "faltkarta.resolve/1", "feature": id, "ops": decision.ops, "state": "saved_here",
        "left": card.rows.len() - choices.len(),
    });
    voice.answer(&document, || vec![format!("Beslutat, sparat här: {}", card.title)]);
    Ok(())
}

/// What was chosen in one conflict; `None` when nothing of it was named.
fn choice_in(row: &ConflictRow, choose: &[(String, String)]) -> Result<Option<Choice>, Failure> {
    let of = |name: &str| choose.iter().find(|it| it.0 == name).map(|it| it.1.as_str());
    match of(&row.key) {
        Some("theirs") => return Ok(Some(Choice::Theirs)),
        Some("mine") => return Ok(Some(Choice::Mine)),
        _ => {}
    }
    let mut values: BTreeMap<FieldId, Value> = BTreeMap::new();
    let (mut n_theirs, mut n_mine, mut n_named) = (0, 0, 0);
    for (name, clash) in &row.fields {
        let Some(word) = of(name.as_str()) else { continue };
        n_named += 1;
        let value = match word {
            "theirs" => {
                n_theirs += 1;
                clash.store.clone()
            }
            "mine" => {
                n_mine += 1;
                clash.candidate.clone()
            }
            text => serde_json::from_str(text).map_err(|error| Failure::Input {
                what: format!("{name}: neither theirs, mine nor JSON: {error}"),
            })?,
        };
        values.insert(name.clone(), value);
    }
    Ok(match n_named {
        0 => None,
        n if n == n_theirs && n == row.fields.len() => Some(Choice::Theirs),
        n if n == n_mine && n == row.fields.len() => Some(Choice::Mine),
        _ => Some(Choice::Values(values)),
    })
}
