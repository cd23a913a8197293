//! The coordinator's tools for attachments.

use faltkarta_server::{Rim as _, collect_blobs};
use serde_json::json;

use crate::arguments::BlobsVerb;
use crate::failure::Failure;
use crate::place::StorePlace;
use crate::rim::MachineRim;
use crate::say::Voice;

pub(crate) fn run(place: &StorePlace, verb: BlobsVerb, voice: Voice) -> Result<(), Failure> {
    let store = place.beside()?;
    match verb {
        BlobsVerb::Status => {
            let counts = store.blob_counts()?;
            let place = store.depot().place().to_string();
            let document = json!({
                "format": "faltkarta.blobs/1", "place": place, "whole": counts.n_whole,
                "bytes": counts.n_bytes, "awaited": counts.n_awaited,
            });
            voice.answer(&document, || {
                vec![
                    format!(
                        "{} bilagor, {} MB, i {place}",
                        counts.n_whole,
                        counts.n_bytes / 1_000_000
                    ),
                    format!("{} är på väg från datorer i fält", counts.n_awaited),
                ]
            });
        }
        BlobsVerb::Collect => {
            let report = collect_blobs(store.as_ref(), MachineRim.now())?;
            let document = json!({
                "format": "faltkarta.collect/1", "idle": report.n_idle,
                "in_backups": report.n_in_backups, "removed": report.n_removed,
                "bytes_removed": report.n_bytes_removed,
            });
            voice.answer(&document, || {
                vec![
                    format!(
                        "{} bilagor borttagna, {} MB",
                        report.n_removed,
                        report.n_bytes_removed / 1_000_000
                    ),
                    format!("{} bilagor används inte just nu", report.n_idle - report.n_removed),
                ]
            });
        }
    }
    Ok(())
}
