//! The water network: shut-offs, segments, rounds of valves; and where sewage comes from and goes.

use std::io::Write as _;

use faltkarta_app::{
    Asked, Direction, Field, Named, NetWarning, ProblemKind, RoundBy, ShutoffAsked, ShutoffPlan,
    SilentDataset, Stretch, TraceAnswer, ValveDue,
};
use faltkarta_machine::now;
use faltkarta_model::{FeatureId, Role};
use serde_json::{Value, json};

use crate::arguments::{Round, Way};
use crate::failure::Failure;
use crate::laptop::{feature_id, position};
use crate::network_words as words;
use crate::say::Voice;

/// What is to be shut off, as it was written.
pub(crate) struct Wanted {
    pub(crate) at: Option<(f64, f64)>,
    pub(crate) features: Vec<String>,
    pub(crate) inoperable: Vec<String>,
    pub(crate) trust_unknown: bool,
}

pub(crate) fn isolate(field: &Field, wanted: &Wanted, voice: Voice) -> Result<(), Failure> {
    let mut places: Vec<Asked> = vec![];
    if let Some(at) = wanted.at {
        places.push(Asked::Point(position(at)?));
    }
    for id in &wanted.features {
        places.push(Asked::Feature(feature_id(id)?));
    }
    let inoperable: Result<Vec<FeatureId>, Failure> =
        wanted.inoperable.iter().map(|it| valve_id(field, it)).collect();
    let asked =
        ShutoffAsked { places, inoperable: inoperable?, trusts_unknown: wanted.trust_unknown };
    let plan = field.isolate(&asked, now())?;
    voice.answer(&document(&plan), || words::plan(&plan));
    Ok(())
}

/// A valve by its id, or by what it is called or its number: `AV-121`.
fn valve_id(field: &Field, text: &str) -> Result<FeatureId, Failure> {
    if let Ok(id) = text.parse() {
        return Ok(id);
    }
    let is_valve =
        |no: u16| field.dataset_by_no(no).is_some_and(|it| it.dataset.role == Role::Valve);
    let hits = field.search(text, None).hits;
    let named = |label: &str| {
        label.eq_ignore_ascii_case(text)
            || label.rsplit(' ').next().is_some_and(|it| it.eq_ignore_ascii_case(text))
    };
    let mut found = hits.iter().filter(|it| is_valve(it.dataset_no) && named(&it.label));
    match (found.next().and_then(|it| it.feature), found.next()) {
        (Some(id), None) => Ok(id),
        _ => Err(Failure::Input { what: format!("{text} is not the id or number of one valve") }),
    }
}

fn document(plan: &ShutoffPlan) -> Value {
    let all = || [(&plan.dry, false), (&plan.cut_off, true)];
    let pipes: Vec<Value> = all()
        .into_iter()
        .flat_map(|(part, cut_off)| part.pipes.iter().map(move |it| (it, cut_off)))
        .map(|((id, length_m), cut_off)| {
            json!({ "id": id, "length_m": metres(*length_m), "cut_off": cut_off })
        })
        .collect();
    let customers = &plan.customers;
    json!({
        "format": "faltkarta.isolate/1",
        "valves_to_close": plan.valves.iter().map(|it| json!({
            "id": it.valve.id, "label": it.valve.label, "distance_m": metres(it.distance_m),
            "position": { "e_m": it.at_m.0, "n_m": it.at_m.1 }, "needed": it.is_needed,
            "how": Some(&it.how).filter(|it| !it.is_empty()), "exercised": it.exercised,
        })).collect::<Vec<_>>(),
        "already_closed": plan.already_closed.iter().map(named).collect::<Vec<_>>(),
        "passed_over": plan.passed_over.iter().map(|(it, why)| json!({
            "id": it.id, "label": it.label, "reason": words::why_not_code(*why),
        })).collect::<Vec<_>>(),
        "pipes_without_water": pipes,
        "addresses_without_water": customers.addresses.iter().map(|it| json!({
            "id": it.address.id, "label": it.address.label, "municipality": it.municipality,
            "cut_off": it.is_cut_off, "nearest_m": it.nearest_m.map(metres),
        })).collect::<Vec<_>>(),
        "properties_without_water": customers.properties.iter().map(named).collect::<Vec<_>>(),
        "sensitive": customers.sensitive.iter().map(|it| json!({
            "class": it.class.class, "title": it.class.title.sv, "building": it.building,
            "place": it.place, "area_m2": it.area_m2.round(), "cut_off": it.is_cut_off,
        })).collect::<Vec<_>>(),
        "connections_without_address":
            customers.without_address.iter().map(named).collect::<Vec<_>>(),
        "connections_without_water": plan.dry.n_connections + plan.cut_off.n_connections,
        "hydrants_without_water": plan.dry.hydrants.iter().chain(&plan.cut_off.hydrants)
            .map(named).collect::<Vec<_>>(),
        "length_without_water_m": metres(all().iter().map(|it| length_m(it.0)).sum::<f64>()),
        "between_valves": stretch(&plan.dry),
        "cut_off": stretch(&plan.cut_off),
        "could_open": plan.reopen.iter().map(|(it, n)| json!({
            "id": it.id, "label": it.label, "connections": n,
        })).collect::<Vec<_>>(),
        "at_least": plan.is_at_least,
        "warnings": plan.warnings.iter().map(warning).collect::<Vec<_>>(),
        "missing_or_old": plan.silent.iter().map(silent).collect::<Vec<_>>(),
        "data_date": plan.data_date,
    })
}

/// Metres to the millimetre.
fn metres(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

pub(crate) fn length_m(part: &Stretch) -> f64 {
    part.mains_m + part.services_m
}

fn named(it: &Named) -> Value {
    json!({ "id": it.id, "label": it.label })
}

fn stretch(part: &Stretch) -> Value {
    json!({
        "mains_m": metres(part.mains_m), "services_m": metres(part.services_m),
        "volume_m3": metres(part.volume_m3), "diameter_unknown_m": metres(part.bore_unknown_m),
        "connections": part.n_connections,
        "sources": part.sources.iter().map(named).collect::<Vec<_>>(),
    })
}

fn warning(it: &NetWarning) -> Value {
    let measure = match it.kind {
        ProblemKind::Gap { width_m } => Some(width_m),
        ProblemKind::ValveOffPipe { away_m } | ProblemKind::FittingOffPipe { away_m } => away_m,
        ProblemKind::PartWithoutSource { length_m } | ProblemKind::PartUnfed { length_m } => {
            Some(length_m)
        }
        ProblemKind::AgainstFall { rise_m } => Some(rise_m),
        ProblemKind::ZeroLength
        | ProblemKind::ValveUnclear { .. }
        | ProblemKind::TwoValves { .. }
        | ProblemKind::NoSource => None,
    };
    json!({
        "kind": it.kind.as_str(), "text": words::warning(it), "metres": measure,
        "position": it.at_m.map(|(e_m, n_m)| json!({ "e_m": e_m, "n_m": n_m })),
        "pipe": it.pipe.as_ref().map(named), "fitting": it.fitting.as_ref().map(named),
    })
}

fn silent(it: &SilentDataset) -> Value {
    json!({
        "dataset": it.dataset.as_str(), "reason": it.reason.as_str(), "data_date": it.data_date,
    })
}

/// NDJSON whatever was asked for: the list has no end that a person would read.
pub(crate) fn segments(field: &Field) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for it in field.segments(now())? {
        let line = json!({
            "pipes": it.pipes, "valves": it.valves, "connections": it.connections.len(),
        });
        // A reader that has seen enough closes the pipe; that is no failure of ours.
        if writeln!(out, "{line}").is_err() {
            return Ok(());
        }
    }
    let _ = out.flush();
    Ok(())
}

pub(crate) fn trace(
    field: &Field,
    way: Way,
    at: Option<(f64, f64)>,
    feature: Option<&str>,
    voice: Voice,
) -> Result<(), Failure> {
    let asked = match (at, feature) {
        (Some(at), _) => Asked::Point(position(at)?),
        (None, Some(id)) => Asked::Feature(feature_id(id)?),
        (None, None) => return Err(Failure::Input { what: "a position or a feature".to_owned() }),
    };
    let direction = match way {
        Way::Upstream => Direction::Upstream,
        Way::Downstream => Direction::Downstream,
    };
    let answer = field.trace(asked, direction, now())?;
    voice.answer(&trace_document(&answer, way), || words::trace(&answer, way));
    Ok(())
}

fn trace_document(answer: &TraceAnswer, way: Way) -> Value {
    let extent = &answer.extent;
    json!({
        "format": "faltkarta.trace/1",
        "network": answer.network,
        "direction": match way { Way::Upstream => "upstream", Way::Downstream => "downstream" },
        "pipes": answer.pipes.iter().map(|(id, distance_m, length_m)| json!({
            "id": id, "distance_m": metres(*distance_m), "length_m": metres(*length_m),
        })).collect::<Vec<_>>(),
        "fittings": answer.fittings.iter().map(|(it, distance_m)| json!({
            "id": it.id, "label": it.label, "distance_m": metres(*distance_m),
        })).collect::<Vec<_>>(),
        "addresses": answer.customers.addresses.iter().map(|it| json!({
            "id": it.address.id, "label": it.address.label, "municipality": it.municipality,
        })).collect::<Vec<_>>(),
        "properties": answer.customers.properties.iter().map(named).collect::<Vec<_>>(),
        "connections": extent.n_connections,
        "length_m": metres(length_m(extent)),
        "ends": answer.ends_m.iter().map(|(e_m, n_m)| json!({ "e_m": e_m, "n_m": n_m }))
            .collect::<Vec<_>>(),
        "warnings": answer.warnings.iter().map(warning).collect::<Vec<_>>(),
        "missing_or_old": answer.silent.iter().map(silent).collect::<Vec<_>>(),
        "data_date": answer.data_date,
    })
}

pub(crate) fn valves(
    field: &Field,
    by: Round,
    most: Option<usize>,
    voice: Voice,
) -> Result<(), Failure> {
    let by = match by {
        Round::Days => RoundBy::Days,
        Round::Critical => RoundBy::Critical,
    };
    let mut due: Vec<ValveDue> = field.valve_round(by, now())?;
    let n_all = due.len();
    due.truncate(most.unwrap_or(n_all));
    let document = json!({
        "format": "faltkarta.valves/1",
        "valves": due.iter().map(|it| json!({
            "id": it.id, "label": it.label, "exercised": it.exercised, "days": it.days,
            "connections_lost": it.connections_lost, "connections_more": it.connections_more,
        })).collect::<Vec<_>>(),
        "more": n_all - due.len(),
    });
    voice.answer(&document, || words::round(&due, n_all));
    Ok(())
}
