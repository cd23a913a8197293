//! Everything a laptop does, without a window.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use faltkarta_app::{Edit, EnrolStep, Enrolment, Field, enrol, sync_round};
use faltkarta_geo::{EastNorthM, Geometry, Grid, Position};
use faltkarta_machine::{MachineIds, key_store, now};
use faltkarta_model::{BlobId, DatasetId, FeatureId, FieldId, FieldType, Value};
use faltkarta_protocol::PackageManifest;
use faltkarta_store::OpenOptions;
use faltkarta_sync_http::HttpLink;
use serde_json::json;

use crate::arguments::{EditVerb, FieldVerb, InspectArguments};
use crate::asking;
use crate::conflicts;
use crate::coordinator::dataset_id;
use crate::failure::Failure;
use crate::network;
use crate::say::Voice;
use crate::selecting;
use crate::upkeep;

pub(crate) fn run(dir: &Path, verb: FieldVerb, voice: Voice) -> Result<(), Failure> {
    match verb {
        FieldVerb::Install { package } => install(&mut open(dir, true)?, &package, voice),
        FieldVerb::Join { url, code, name, user } => {
            let wanted = Enrolment {
                url: url.trim_end_matches('/').to_owned(),
                code,
                device_name: name.unwrap_or_else(machine_name),
                user_name: user.unwrap_or_else(user_name),
            };
            join(open(dir, true)?, &wanted, voice)
        }
        FieldVerb::Sync => sync(open(dir, false)?, voice),
        FieldVerb::Status => status(&open(dir, false)?, voice),
        FieldVerb::Search { text, near } => {
            search(&open(dir, false)?, &text, near, voice);
            Ok(())
        }
        FieldVerb::Identify { at, radius } => identify(&open(dir, false)?, at, radius, voice),
        FieldVerb::Applies { at, parcel } => {
            asking::applies(&open(dir, false)?, at, parcel.as_deref(), voice)
        }
        FieldVerb::Responsible { at } => asking::responsible(&open(dir, false)?, at, voice),
        FieldVerb::Isolate { at, feature, inoperable, trust_unknown } => {
            let wanted = network::Wanted { at, features: feature, inoperable, trust_unknown };
            network::isolate(&open(dir, false)?, &wanted, voice)
        }
        FieldVerb::Segments => network::segments(&open(dir, false)?),
        FieldVerb::Trace { direction, at, feature } => {
            network::trace(&open(dir, false)?, direction, at, feature.as_deref(), voice)
        }
        FieldVerb::Valves { by, most } => network::valves(&open(dir, false)?, by, most, voice),
        FieldVerb::Select(wanted) => selecting::select(&open(dir, false)?, &wanted, voice),
        FieldVerb::Edit { verb } => edit(&mut open(dir, false)?, verb, voice),
        FieldVerb::Inspect(wanted) => inspect(&mut open(dir, false)?, &wanted, voice),
        FieldVerb::Photos { verb } => crate::photos::run(open(dir, false)?, verb, voice),
        FieldVerb::ExportOutbox { file, key_file } => {
            upkeep::export_outbox(dir, &file, key_file, voice)
        }
        FieldVerb::Conflicts { verb } => conflicts::run(&mut open(dir, false)?, verb, voice),
        FieldVerb::Areas { verb } => upkeep::areas(&mut open(dir, false)?, verb, voice),
        FieldVerb::Number { dataset, field } => {
            upkeep::number(&mut open(dir, false)?, &dataset, &field, voice)
        }
    }
}

pub(crate) fn open(dir: &Path, create: bool) -> Result<Field, Failure> {
    let options = OpenOptions { create, ..OpenOptions::default() };
    Ok(Field::open(dir, &*key_store(dir), &mut MachineIds, &options)?)
}

fn machine_name() -> String {
    std::fs::read_to_string("/etc/hostname")
        .ok()
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .map(|it| it.trim().to_owned())
        .filter(|it| !it.is_empty())
        .unwrap_or_else(|| "dator".to_owned())
}

fn user_name() -> String {
    let named = ["USER", "USERNAME", "LOGNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|it| !it.trim().is_empty()));
    named.unwrap_or_else(|| "fältpersonal".to_owned())
}

fn install(field: &mut Field, package: &Path, voice: Voice) -> Result<(), Failure> {
    let path = package.join("package.json");
    let bytes = std::fs::read(&path).map_err(|source| Failure::File { path, source })?;
    let manifest: PackageManifest = serde_json::from_slice(&bytes)
        .map_err(|error| Failure::Input { what: format!("package.json: {error}") })?;
    let id = manifest.id.clone();
    field.install_package(package, manifest, &mut |_| {})?;
    voice.answer(&json!({ "format": "faltkarta.install/1", "package": id }), || {
        vec![format!("Paketet {id} är installerat.")]
    });
    Ok(())
}

fn join(field: Field, wanted: &Enrolment, voice: Voice) -> Result<(), Failure> {
    let field = RefCell::new(field);
    let mut link = HttpLink::new(&wanted.url, None)?;
    let mut last = String::new();
    enrol(&field, &mut link, wanted, &mut now, &mut |step| {
        let line = match step {
            EnrolStep::Connecting => "Ansluter".to_owned(),
            EnrolStep::Fetching { file, n_bytes_done, n_bytes_total } => format!(
                "Hämtar {file}: {} av {} MB",
                n_bytes_done / 1_000_000,
                n_bytes_total / 1_000_000
            ),
            EnrolStep::Installing { .. } => "Installerar".to_owned(),
            EnrolStep::Done => "Klart".to_owned(),
        };
        if line != last {
            voice.progress(&line);
            last = line;
        }
    })?;
    let field = field.into_inner();
    let session = field.session()?;
    let n_features: u32 = field.datasets().iter().map(|it| it.n_features).sum();
    let document = json!({
        "format": "faltkarta.join/1", "device": session.device_name, "role": session.role,
        "datasets": field.datasets().len(), "features": n_features,
    });
    voice.answer(&document, || {
        vec![format!(
            "{} är ansluten som {}: {n_features} objekt i {} dataset.",
            session.device_name,
            session.role,
            field.datasets().len()
        )]
    });
    Ok(())
}

fn sync(field: Field, voice: Voice) -> Result<(), Failure> {
    let session = field.session()?;
    let token = field.store().meta("token").map_err(faltkarta_app::AppError::from)?;
    let field = RefCell::new(field);
    let mut link = HttpLink::new(&session.store_url, token)?;
    let report = sync_round(&field, &mut link, &mut now, &mut MachineIds)?;
    if let Some(error) = report.failure {
        return Err(error.into());
    }
    let document = json!({
        "format": "faltkarta.sync/1", "sent": report.n_sent, "received": report.n_received,
        "merged": report.n_merged, "conflicts": report.n_conflicts, "parked": report.n_parked,
        "quarantined": report.n_quarantined, "photos": report.n_photos,
        "cursor": report.cursor_seq,
    });
    voice.answer(&document, || {
        vec![format!(
            "{} skickade, {} hämtade, {} foton, {} konflikter",
            report.n_sent, report.n_received, report.n_photos, report.n_conflicts
        )]
    });
    Ok(())
}

fn status(field: &Field, voice: Voice) -> Result<(), Failure> {
    let status = field.status(now())?;
    let datasets: Vec<_> = status
        .datasets
        .iter()
        .map(|it| {
            json!({
                "dataset": it.dataset, "features": it.n_features, "data_date": it.data_date,
                "lease_until": it.lease_until, "old": it.is_old,
            })
        })
        .collect();
    let document = json!({
        "format": "faltkarta.status/1",
        "edits": {
            "saved_here": status.edits.saved_here, "received": status.edits.received,
            "secured": status.edits.secured, "needs_attention": status.edits.needs_attention,
        },
        "drafts": status.n_drafts,
        "photos": { "taken": status.photos.taken, "received": status.photos.received },
        "datasets": datasets,
        "key": status.key_place,
        "last_received_at": status.last_received_at,
        "offline_since": status.offline_since,
        "error_code": status.error_code,
        "warnings": status.warnings,
    });
    voice.answer(&document, || {
        let mut lines = vec![
            format!(
                "{} sparade här, {} mottagna, {} säkrade, {} behöver beslut",
                status.edits.saved_here,
                status.edits.received,
                status.edits.secured,
                status.edits.needs_attention
            ),
            format!(
                "{} utkast, {} foton tagna, {} mottagna",
                status.n_drafts, status.photos.taken, status.photos.received
            ),
        ];
        lines.extend(status.datasets.iter().map(|it| {
            let date = it.data_date.as_deref().unwrap_or("–");
            let old = if it.is_old { "  gammalt" } else { "" };
            format!("{:<20} {:>8}  {date}{old}", it.dataset, it.n_features)
        }));
        lines
    });
    Ok(())
}

fn search(field: &Field, text: &str, near: Option<(f64, f64)>, voice: Voice) {
    let answer = field.search(text, near);
    let epsg = field.grid().epsg();
    let dataset = |no: u16| {
        field.datasets().iter().find(|it| it.no == no).map(|it| it.dataset.id.to_string())
    };
    let hits: Vec<_> = answer
        .hits
        .iter()
        .map(|hit| {
            json!({
                "kind": hit.kind.as_str(),
                "id": hit.feature,
                "label": hit.label,
                "detail": hit.detail,
                "municipality": hit.municipality,
                "position": hit.position.map(|(e_m, n_m)| json!({ "epsg": epsg, "e_m": e_m, "n_m": n_m })),
                "dataset": hit.feature.and_then(|_| dataset(hit.dataset_no)),
                "distance_m": hit.distance_m,
                "system": hit.system,
                "outside": hit.is_outside,
            })
        })
        .collect();
    let document =
        json!({ "format": "faltkarta.search/1", "hits": hits, "suggestion": answer.suggestion });
    voice.answer(&document, || {
        if answer.hits.is_empty() {
            let hint = answer.suggestion.as_ref().map(|it| format!(" Menade du {it}?"));
            return vec![format!("Ingen träff på \"{text}\".{}", hint.unwrap_or_default())];
        }
        answer
            .hits
            .iter()
            .map(|hit| {
                let place =
                    hit.position.map(|(e, n)| format!("  E {e:.0} N {n:.0}")).unwrap_or_default();
                format!("{:<10} {:<32} {}{place}", hit.kind.as_str(), hit.label, hit.municipality)
            })
            .collect()
    });
}

pub(crate) fn position((e_m, n_m): (f64, f64)) -> Result<Position<Grid>, Failure> {
    Position::<Grid>::parse(EastNorthM { e_m, n_m })
        .map_err(|error| Failure::Input { what: error.to_string() })
}

fn identify(field: &Field, at: (f64, f64), radius_m: f64, voice: Voice) -> Result<(), Failure> {
    let answer = field.identify(position(at)?, radius_m, None, now())?;
    let features: Vec<_> = answer
        .hits
        .iter()
        .map(|hit| {
            let properties: serde_json::Map<String, serde_json::Value> = hit
                .feature
                .properties
                .iter()
                .filter_map(|(id, value)| Some((id.to_string(), serde_json::to_value(value).ok()?)))
                .collect();
            json!({
                "dataset": hit.feature.dataset.as_str(), "id": hit.feature.id, "label": hit.label,
                "distance_m": hit.distance_m, "properties": properties, "source": hit.publisher,
                "data_date": hit.data_date,
            })
        })
        .collect();
    let document = json!({
        "format": "faltkarta.identify/1", "features": features,
        "missing_or_old": answer.missing_or_old.iter().map(DatasetId::as_str).collect::<Vec<_>>(),
    });
    voice.answer(&document, || {
        let mut lines: Vec<String> = answer
            .hits
            .iter()
            .map(|hit| {
                let date = hit.data_date.as_deref().unwrap_or("–");
                format!(
                    "{:<20} {:<32} {:>6.1} m  {} · data {date}",
                    hit.kind.sv, hit.label, hit.distance_m, hit.publisher
                )
            })
            .collect();
        if lines.is_empty() {
            lines.push("Ingen träff i lagrade lager.".to_owned());
        }
        if !answer.missing_or_old.is_empty() {
            let names: Vec<&str> = answer.missing_or_old.iter().map(DatasetId::as_str).collect();
            lines.push(format!("Saknas eller gammalt: {}", names.join(", ")));
        }
        lines
    });
    Ok(())
}

fn edit(field: &mut Field, verb: EditVerb, voice: Voice) -> Result<(), Failure> {
    let (dataset, edit) = match verb {
        EditVerb::Create { dataset, set, at } => {
            let dataset = dataset_id(&dataset)?;
            let values = values(field, &dataset, &set)?;
            (dataset, Edit::Create { geometry: point(at)?, values })
        }
        EditVerb::Update { id, set, at } => {
            let id = feature_id(&id)?;
            let dataset = field.feature(id, now())?.dataset;
            let values = values(field, &dataset, &set)?;
            (dataset, Edit::Update { id, geometry: point(at)?, values })
        }
        EditVerb::Delete { id } => {
            let id = feature_id(&id)?;
            (field.feature(id, now())?.dataset, Edit::Delete { id })
        }
        EditVerb::Restore { dataset, id, set } => {
            let dataset = dataset_id(&dataset)?;
            let values = values(field, &dataset, &set)?;
            (dataset, Edit::Restore { id: feature_id(&id)?, values })
        }
        EditVerb::Attach { id, photo } => {
            let id = feature_id(&id)?;
            let dataset = field.feature(id, now())?.dataset;
            let mut photos = vec![];
            for path in &photo {
                let bytes = std::fs::read(path)
                    .map_err(|source| Failure::File { path: path.clone(), source })?;
                let name = path.file_name().map(|it| it.to_string_lossy().into_owned());
                photos.push(field.keep_photo(&name.unwrap_or_default(), &bytes, now())?);
            }
            (dataset, Edit::Attach { id, photos })
        }
        EditVerb::Detach { id, blob } => {
            let id = feature_id(&id)?;
            let blobs = blob
                .iter()
                .map(|it| BlobId::parse(it))
                .collect::<Result<_, _>>()
                .map_err(|error| Failure::Input { what: error.to_string() })?;
            (field.feature(id, now())?.dataset, Edit::Detach { id, blobs })
        }
    };
    let id = field.edit(&dataset, edit, now(), &mut MachineIds)?;
    let document = json!({
        "format": "faltkarta.edit/1", "dataset": dataset.as_str(), "id": id, "state": "saved_here",
    });
    voice.answer(&document, || vec![format!("Sparad här: {dataset} {id}")]);
    Ok(())
}

fn point(at: Option<(f64, f64)>) -> Result<Option<Geometry>, Failure> {
    let at = at.map(position).transpose()?;
    Ok(at.map(|it| Geometry::point(it.e_m(), it.n_m())))
}

pub(crate) fn feature_id(text: &str) -> Result<FeatureId, Failure> {
    text.parse().map_err(|_| Failure::Input { what: format!("{text} is not an id of a feature") })
}

/// Values as the declared type of each field reads them.
fn values(
    field: &Field,
    dataset: &DatasetId,
    set: &[(String, String)],
) -> Result<BTreeMap<FieldId, Value>, Failure> {
    let declared = field.datasets().iter().find(|it| it.dataset.id == *dataset);
    let declared = declared.ok_or_else(|| Failure::Input {
        what: format!("dataset {dataset} is not on this laptop"),
    })?;
    set.iter()
        .map(|(name, text)| {
            let known = declared.dataset.field(name).ok_or_else(|| Failure::Input {
                what: format!("dataset {dataset} has no field {name}"),
            })?;
            let value = parse_value(known.field_type, text)
                .ok_or_else(|| Failure::Input { what: format!("{text} does not fit {name}") })?;
            Ok((known.id.clone(), value))
        })
        .collect()
}

fn parse_value(field_type: FieldType, text: &str) -> Option<Value> {
    if text.is_empty() {
        return Some(Value::Null);
    }
    match field_type {
        FieldType::Int => text.parse().ok().map(Value::Int),
        FieldType::Real => {
            text.replace(',', ".").parse::<f64>().ok().filter(|it| it.is_finite()).map(Value::Real)
        }
        FieldType::Bool => match text {
            "true" | "ja" => Some(Value::Bool(true)),
            "false" | "nej" => Some(Value::Bool(false)),
            _ => None,
        },
        FieldType::List => {
            Some(Value::List(text.split(',').map(|it| it.trim().to_owned()).collect()))
        }
        FieldType::Text | FieldType::Date | FieldType::DateTime => {
            Some(Value::Text(text.to_owned()))
        }
    }
}

fn inspect(field: &mut Field, wanted: &InspectArguments, voice: Voice) -> Result<(), Failure> {
    let read = |path: &PathBuf| {
        std::fs::read(path).map_err(|source| Failure::File { path: path.clone(), source })
    };
    let answers: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&read(&wanted.answers)?)
            .map_err(|error| Failure::Input { what: format!("answers: {error}") })?;
    // Everything is read and judged before anything is begun.
    let mut submission = field.fill_in(&wanted.form, &answers)?;
    let photos = wanted.photo.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let subject = wanted
        .subject
        .as_deref()
        .map(|id| {
            let id = feature_id(id)?;
            Ok::<_, Failure>((field.feature(id, now())?.dataset, id))
        })
        .transpose()?;
    let draft = field.start_draft(&wanted.form, subject, None, now(), &mut MachineIds)?.draft;
    let filled = faltkarta_app::DraftAnswers {
        instance_xml: submission.instance_xml.clone(),
        hidden_json: String::new(),
        n_answered: answers.len() as u32,
        n_questions: answers.len() as u32,
    };
    field.save_draft(draft.id, &filled, now())?;
    for (path, bytes) in wanted.photo.iter().zip(&photos) {
        let name = path.file_name().map(|it| it.to_string_lossy().into_owned());
        let photo = field.add_photo(draft.id, &name.unwrap_or_default(), bytes, now())?;
        submission.blobs.push(photo.blob);
    }
    let state = if wanted.complete {
        field.complete_draft(draft.id, &submission, now(), &mut MachineIds)?;
        "saved_here"
    } else {
        field.close_draft(draft.id)?;
        "draft"
    };
    let document = json!({
        "format": "faltkarta.inspect/1", "id": draft.id, "number": draft.local_number,
        "state": state,
    });
    voice.answer(&document, || {
        let word = if wanted.complete { "Sparad här" } else { "Utkast" };
        vec![format!("{word}: {} {}", draft.local_number, draft.subject_label)]
    });
    Ok(())
}
