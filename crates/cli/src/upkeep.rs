//! What keeps a laptop in order: its emergency file, its areas, its numbers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use faltkarta_app::{AppError, Field};
use faltkarta_machine::{key_store, now};
use faltkarta_model::{DatasetId, FieldId};
use faltkarta_protocol::SubscriptionPart;
use faltkarta_store::{FixedKeyStore, Key, KeyStore, StoreError, rescue_outbox};
use serde_json::json;

use crate::arguments::AreaVerb;
use crate::coordinator::dataset_id;
use crate::failure::Failure;
use crate::laptop::open;
use crate::say::Voice;

pub(crate) fn export_outbox(
    dir: &Path,
    file: &Path,
    key_file: Option<PathBuf>,
    voice: Voice,
) -> Result<(), Failure> {
    let written = if let (None, false) = (&key_file, dir.is_file()) {
        match open(dir, false) {
            Ok(field) => field.export_outbox(file, now())?,
            // What is left of it is worth more than a reason why not.
            Err(Failure::App(AppError::Store(
                StoreError::Damaged { .. } | StoreError::BadColumn { .. },
            ))) => rescue_outbox(dir, &*key_store(dir), file, now()).map_err(AppError::from)?,
            Err(error) => return Err(error),
        }
    } else {
        let folder = if dir.is_file() { dir.parent().unwrap_or(dir) } else { dir };
        let keys: Arc<dyn KeyStore + Send + Sync> = match key_file {
            Some(path) => {
                let text = std::fs::read(&path)
                    .map_err(|source| Failure::File { path: path.clone(), source })?;
                Arc::new(FixedKeyStore(Key::parse(&text).map_err(AppError::from)?))
            }
            None => key_store(folder),
        };
        rescue_outbox(dir, &*keys, file, now()).map_err(AppError::from)?
    };
    let document = json!({
        "format": "faltkarta.outbox-written/1", "file": file, "edits": written.n_edits,
        "drafts": written.n_drafts, "photos": written.n_photos, "unreadable": written.n_unreadable,
    });
    voice.answer(&document, || {
        let mut line = format!(
            "{} ändringar, {} utkast och {} foton i {}",
            written.n_edits,
            written.n_drafts,
            written.n_photos,
            file.display()
        );
        if written.n_unreadable > 0 {
            line += "; ";
            line += &written.n_unreadable.to_string();
            line += " delar gick inte att läsa";
        }
        vec![line]
    });
    Ok(())
}

pub(crate) fn areas(field: &mut Field, verb: AreaVerb, voice: Voice) -> Result<(), Failure> {
    let mut parts = field.wanted_parts()?;
    match verb {
        AreaVerb::Show => {}
        AreaVerb::All => {
            parts.clear();
            field.set_subscription(vec![])?;
        }
        AreaVerb::Add { datasets, corners } => {
            parts.push(SubscriptionPart {
                datasets: datasets.iter().map(|it| dataset_id(it)).collect::<Result<_, _>>()?,
                area_m: corners.into_iter().map(|(e_m, n_m)| [e_m, n_m]).collect(),
                filter: None,
            });
            field.set_subscription(parts.clone())?;
        }
        AreaVerb::Remove { part } => {
            if part == 0 || part > parts.len() {
                return Err(Failure::Input { what: format!("there is no part {part}") });
            }
            parts.remove(part - 1);
            field.set_subscription(parts.clone())?;
        }
    }
    let sent = field.subscription()?;
    let document = json!({
        "format": "faltkarta.areas/1", "wanted": parts,
        "revision": sent.as_ref().map(|it| it.revision),
    });
    voice.answer(&document, || {
        if parts.is_empty() {
            return vec!["Allt som rollen får ha".to_owned()];
        }
        let line = |part: &SubscriptionPart| {
            let names: Vec<&str> = part.datasets.iter().map(DatasetId::as_str).collect();
            let names = if names.is_empty() { "alla dataset".to_owned() } else { names.join(", ") };
            let place = match part.area_m.len() {
                0 => "överallt".to_owned(),
                n => format!("område med {n} hörn"),
            };
            format!("{names}, {place}")
        };
        parts.iter().map(line).collect()
    });
    Ok(())
}

pub(crate) fn number(
    field: &mut Field,
    dataset: &str,
    name: &str,
    voice: Voice,
) -> Result<(), Failure> {
    let dataset = dataset_id(dataset)?;
    let name = FieldId::parse(name).map_err(|error| Failure::Input { what: error.to_string() })?;
    let number = field.take_number(&dataset, &name)?;
    let document = json!({ "format": "faltkarta.number/1", "number": number });
    voice.answer(&document, || vec![number.clone()]);
    Ok(())
}
