//! Photos of one laptop: what there is, fetching one, giving room back.

use std::cell::RefCell;
use std::path::Path;

use faltkarta_app::{Field, fetch_photo};
use faltkarta_machine::now;
use faltkarta_model::{BlobId, FeatureId};
use faltkarta_sync_http::HttpLink;
use serde_json::json;

use crate::arguments::PhotosVerb;
use crate::failure::Failure;
use crate::say::Voice;

pub(crate) fn run(field: Field, verb: PhotosVerb, voice: Voice) -> Result<(), Failure> {
    match verb {
        PhotosVerb::List { feature } => list(&field, &feature, voice),
        PhotosVerb::Fetch { photo, to } => fetch(field, &photo, &to, voice),
        PhotosVerb::Free => free(field, voice),
    }
}

fn unreadable(error: impl std::fmt::Display) -> Failure {
    Failure::Input { what: error.to_string() }
}

fn list(field: &Field, feature: &str, voice: Voice) -> Result<(), Failure> {
    let feature: FeatureId = feature.parse().map_err(unreadable)?;
    let found = field.photos_of(feature)?;
    let rows: Vec<_> = found
        .photos
        .iter()
        .map(|it| {
            json!({
                "id": it.blob.as_str(), "received": it.is_received, "preview": it.has_preview,
                "here": it.is_here, "preview_here": it.is_preview_here,
            })
        })
        .collect();
    let document =
        json!({ "format": "faltkarta.photos/1", "photos": rows, "awaited": found.n_awaited });
    voice.answer(&document, || {
        let lines = found.photos.iter().map(|it| {
            let place = match (it.is_here, it.is_received) {
                (true, _) => "på datorn",
                (false, true) => "i geodatalagret",
                (false, false) => "på väg från en annan dator",
            };
            format!("{} {place}", it.blob)
        });
        lines.collect()
    });
    Ok(())
}

fn fetch(field: Field, photo: &str, to: &Path, voice: Voice) -> Result<(), Failure> {
    let blob = BlobId::parse(photo).map_err(unreadable)?;
    let session = field.session()?;
    let token = field.store().meta("token").map_err(faltkarta_app::AppError::from)?;
    let field = RefCell::new(field);
    let mut link = HttpLink::new(&session.store_url, token)?;
    fetch_photo(&field, &mut link, &blob)?;
    let (media_type, bytes) = field.borrow().photo_bytes(&blob)?;
    std::fs::write(to, &bytes).map_err(|source| Failure::File { path: to.to_owned(), source })?;
    let document = json!({
        "format": "faltkarta.photo/1", "id": blob.as_str(), "media_type": media_type,
        "bytes": bytes.len(), "file": to,
    });
    voice.answer(&document, || vec![format!("{} byte i {}", bytes.len(), to.display())]);
    Ok(())
}

fn free(mut field: Field, voice: Voice) -> Result<(), Failure> {
    let room = field.free_photos(now())?;
    let document = json!({
        "format": "faltkarta.freed/1", "photos": room.n_photos, "bytes": room.n_bytes,
    });
    voice.answer(&document, || {
        vec![format!(
            "{} säkrade foton lämnade datorn, {} MB. De hämtas igen när någon öppnar dem.",
            room.n_photos,
            room.n_bytes / 1_000_000
        )]
    });
    Ok(())
}
