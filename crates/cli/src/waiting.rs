//! The coordinator's tools for what waits at a store: held operations, conflicts, emergency files.

use std::collections::BTreeMap;
use std::path::Path;

use faltkarta_model::{FieldId, OpId, Value};
use faltkarta_protocol::{OpOutcome, Outcome};
use faltkarta_server::{Decision, Task, decide, take_outbox};
use serde_json::json;
use uuid::Uuid;

use crate::arguments::Side;
use crate::failure::Failure;
use crate::place::StorePlace;
use crate::rim::MachineRim;
use crate::say::Voice;

pub(crate) fn held(place: &StorePlace, voice: Voice) -> Result<(), Failure> {
    let rows = place.beside()?.held_ops()?;
    let word = |outcome: &Outcome| match outcome {
        Outcome::Parked { why } => ("parked", why.clone()),
        Outcome::Quarantined { why } => ("quarantined", why.clone()),
        // Only what waits is listed.
        Outcome::Applied | Outcome::Merged | Outcome::Same | Outcome::Conflict { .. } => {
            ("judged", String::new())
        }
    };
    let documents: Vec<_> = rows
        .iter()
        .map(|it| {
            let (state, why) = word(&it.outcome.outcome);
            let payload = serde_json::from_str(&it.payload)
                .unwrap_or_else(|_| serde_json::Value::String(it.payload.clone()));
            json!({
                "op": it.op, "state": state, "why": why, "at": it.at.to_string(), "payload": payload,
            })
        })
        .collect();
    voice.answer(&json!({ "format": "faltkarta.held/1", "held": documents }), || {
        let line = |it: &faltkarta_server::HeldRow| {
            let (state, why) = word(&it.outcome.outcome);
            format!("{} {:<12} {:<16} {}", it.op, state, why, it.at)
        };
        rows.iter().map(line).collect()
    });
    Ok(())
}

pub(crate) fn conflicts(place: &StorePlace, voice: Voice) -> Result<(), Failure> {
    let rows = place.beside()?.open_conflicts()?;
    let documents: Vec<_> = rows
        .iter()
        .map(|it| {
            json!({
                "conflict": it.conflict.id, "kind": it.conflict.kind, "key": it.conflict.key,
                "dataset": it.dataset.as_str(), "feature": it.feature, "op": it.conflict.op,
                "fields": it.conflict.fields, "user": it.user, "at": it.at.to_string(),
            })
        })
        .collect();
    voice.answer(
        &json!({ "format": "faltkarta.store-conflicts/1", "conflicts": documents }),
        || {
            rows.iter()
                .map(|it| {
                    let key = &it.conflict.key;
                    format!(
                        "{} {:<16} {:<20} {} {}",
                        it.feature,
                        it.dataset.as_str(),
                        key,
                        it.user,
                        it.at
                    )
                })
                .collect()
        },
    );
    Ok(())
}

pub(crate) fn accept(place: &StorePlace, op: &str, by: &str, voice: Voice) -> Result<(), Failure> {
    let op: OpId =
        op.parse().map_err(|_| Failure::Input { what: format!("{op} is no operation") })?;
    let outcomes = place.beside()?.judge(&Task::Accept { op, by }, &MachineRim)?;
    tell(&outcomes, voice);
    Ok(())
}

/// What was chosen on the command line.
pub(crate) fn decision(
    choose: Option<Side>,
    set: &[(String, String)],
) -> Result<Decision, Failure> {
    match choose {
        Some(Side::Store) => return Ok(Decision::Store),
        Some(Side::Candidate) => return Ok(Decision::Candidate),
        None => {}
    }
    let mut values = BTreeMap::new();
    for (field, text) in set {
        let field =
            FieldId::parse(field).map_err(|error| Failure::Input { what: error.to_string() })?;
        let value = serde_json::from_str(text).unwrap_or_else(|_| Value::Text(text.clone()));
        values.insert(field, value);
    }
    Ok(Decision::Values(values))
}

pub(crate) fn resolve(
    place: &StorePlace,
    conflict: Uuid,
    decision: &Decision,
    by: (&str, Option<&str>),
    voice: Voice,
) -> Result<(), Failure> {
    let outcomes = decide(place.beside()?.as_ref(), conflict, decision, by, &MachineRim)?;
    tell(&outcomes, voice);
    Ok(())
}

fn tell(outcomes: &[OpOutcome], voice: Voice) {
    let document = json!({ "format": "faltkarta.judged/1", "outcomes": outcomes });
    voice.answer(&document, || {
        let word = |it: &OpOutcome| match &it.outcome {
            Outcome::Applied | Outcome::Merged | Outcome::Same => "infört".to_owned(),
            Outcome::Conflict { .. } => "med konflikt".to_owned(),
            Outcome::Parked { why } | Outcome::Quarantined { why } => format!("väntar: {why}"),
        };
        outcomes.iter().map(|it| format!("{} {}", it.op, word(it))).collect()
    });
}

pub(crate) fn outbox(place: &StorePlace, file: &Path, voice: Voice) -> Result<(), Failure> {
    let report = take_outbox(place.beside()?.as_ref(), file, &MachineRim)?;
    let document = json!({
        "format": "faltkarta.outbox-taken/1", "ops": report.n_ops, "merged": report.n_merged,
        "conflicts": report.n_conflicts, "held": report.n_held, "blobs": report.n_blobs,
        "blobs_new": report.n_blobs_new, "drafts": report.n_drafts,
    });
    voice.answer(&document, || {
        let mut lines = vec![
            format!(
                "{} ändringar: {} införda, {} med konflikt, {} väntar",
                report.n_ops, report.n_merged, report.n_conflicts, report.n_held
            ),
            format!("{} bilagor, {} nya", report.n_blobs, report.n_blobs_new),
        ];
        if report.n_drafts > 0 {
            lines.push(format!("{} utkast är kvar i filen", report.n_drafts));
        }
        lines
    });
    Ok(())
}
