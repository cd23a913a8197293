use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use faltkarta_model::Timestamp;

use crate::error::AppError;
use crate::field::Field;

/// What an emergency export holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxFile {
    /// Operations in it.
    pub n_edits: u32,
    /// Photos in it.
    pub n_photos: u32,
}

/// Bytes read at a time; a multiple of three, so that the pieces join as one base 64 text.
const PIECE_BYTES: usize = 3 << 18;

impl Field {
    /// Writes every operation that is not secured, and every photo that the store does not hold, to one JSON file:
    /// `{"format":"faltkarta.outbox/1", "replica", "made_at", "ops":[…], "drafts":[…], "blobs":[{"id","base64"}]}`. Operations carry their ids, so the
    /// file can be taken in any number of times.
    ///
    /// # Errors
    ///
    /// [`AppError::File`]; the file at `path` is whole or not there.
    pub fn export_outbox(&self, path: &Path, now: Timestamp) -> Result<OutboxFile, AppError> {
        let failed = |source| AppError::File { path: path.to_owned(), source };
        let temporary = path.with_extension("part");
        let file = File::create(&temporary).map_err(failed)?;
        let mut out = BufWriter::new(file);
        let counted = self.write_outbox(&mut out, now)?;
        out.flush().map_err(failed)?;
        let file = out.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        fs::rename(&temporary, path).map_err(failed)?;
        Ok(counted)
    }

    fn write_outbox(&self, out: &mut impl Write, now: Timestamp) -> Result<OutboxFile, AppError> {
        let failed = |source| AppError::File { path: self.folder().to_owned(), source };
        let json = |it: &serde_json::Value| it.to_string();
        let mut rows = self.store.journal(0)?;
        rows.reverse();
        let head = serde_json::json!(self.store.replica().to_string());
        write!(
            out,
            "{{\"format\":\"faltkarta.outbox/1\",\"replica\":{},\"made_at\":\"{now}\",\"ops\":[",
            json(&head)
        )
        .map_err(failed)?;
        for (n, row) in rows.iter().enumerate() {
            let op = serde_json::to_string(&row.op).map_err(|it| AppError::invalid("op", it))?;
            let comma = if n > 0 { "," } else { "" };
            write!(out, "{comma}\n{op}").map_err(failed)?;
        }
        write!(out, "],\"drafts\":[").map_err(failed)?;
        for (n, draft) in self.store.drafts()?.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            let text = serde_json::json!({
                "id": draft.id,
                "form": draft.form,
                "subject_label": draft.subject_label,
                "local_number": draft.local_number,
                "saved_at": draft.saved_at,
                "instance_xml": draft.instance_xml,
            });
            write!(out, "{comma}\n{text}").map_err(failed)?;
        }
        write!(out, "],\"blobs\":[").map_err(failed)?;
        let uploads = self.store.uploads()?;
        for (n, upload) in uploads.iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            write!(out, "{comma}\n{{\"id\":\"{}\",\"base64\":\"", upload.blob).map_err(failed)?;
            let mut offset = 0;
            loop {
                let piece = self.store.photo_part(&upload.blob, offset, PIECE_BYTES)?;
                if piece.is_empty() {
                    break;
                }
                offset += piece.len() as u64;
                out.write_all(STANDARD.encode(&piece).as_bytes()).map_err(failed)?;
            }
            write!(out, "\"}}").map_err(failed)?;
        }
        writeln!(out, "]}}").map_err(failed)?;
        Ok(OutboxFile { n_edits: rows.len() as u32, n_photos: uploads.len() as u32 })
    }
}
