//! The coordinator's tools that keep a store's history: backup, restore, proof.

use std::path::Path;

use faltkarta_model::Timestamp;
use faltkarta_server::{RestoreOptions, Rim as _, VerifyReport};
use serde_json::json;

use crate::coordinator::beside;
use crate::failure::Failure;
use crate::place::StorePlace;
use crate::rim::MachineRim;
use crate::say::Voice;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

pub(crate) fn backup(folder: &Path, to: &Path, keep: usize, voice: Voice) -> Result<(), Failure> {
    let made = faltkarta_server::back_up(&beside(folder)?, to, keep, &MachineRim)?;
    let document = json!({
        "format": "faltkarta.backup-report/1", "folder": made.folder, "backup": made.manifest,
        "n_blobs_copied": made.n_blobs_copied, "safe_seq": made.safe_seq, "removed": made.removed,
        "missing": made.missing,
    });
    voice.answer(&document, || {
        let mut lines = vec![
            format!(
                "Säkerhetskopia till och med {} i {}",
                made.manifest.seq,
                made.folder.display()
            ),
            format!("Kontrollerad. Säkrat till och med {}", made.safe_seq),
        ];
        lines.extend(made.removed.iter().map(|it| format!("Borttagen: {}", it.display())));
        lines.extend(made.missing.iter().map(|it| format!("Saknas: {}", it.display())));
        lines
    });
    Ok(())
}

pub(crate) fn restore(
    folder: &Path,
    from: &Path,
    options: RestoreOptions,
    voice: Voice,
) -> Result<(), Failure> {
    let report = faltkarta_server::restore(folder, from, options, &MachineRim)?;
    let document = json!({
        "format": "faltkarta.restore-report/1", "epoch": report.epoch, "seq": report.seq,
        "seq_before": report.seq_before, "set_aside": report.set_aside, "n_blobs": report.n_blobs,
        "n_devices_kept": report.n_devices_kept,
        "recovery_until": report.recovery_until.map(|it| it.to_string()),
    });
    voice.answer(&document, || {
        let mut lines = vec![format!("Återställt till och med {}", report.seq)];
        if let Some(before) = report.seq_before.filter(|it| *it > report.seq) {
            lines.push(format!(
                "Ändringarna {}–{before} saknas; datorerna lämnar tillbaka sina när de når lagret",
                report.seq + 1
            ));
        }
        if let Some(until) = report.recovery_until {
            lines.push(format!("De samlas till {until} och förs sedan in i sin ordning"));
        }
        if let Some(aside) = &report.set_aside {
            lines.push(format!("Den ersatta databasen ligger i {}", aside.display()));
        }
        lines
    });
    Ok(())
}

pub(crate) fn verify(folder: &Path, voice: Voice) -> Result<(), Failure> {
    let VerifyReport { epoch, min_seq, seq, chain, safe_seq, n_blobs } =
        faltkarta_server::verify(folder)?;
    let document = json!({
        "format": "faltkarta.verify/1", "epoch": epoch, "min_seq": min_seq, "seq": seq, "chain": chain,
        "safe_seq": safe_seq, "n_blobs": n_blobs,
    });
    voice.answer(&document, || {
        vec![format!(
            "Flödet är helt från {min_seq} till och med {seq}, säkrat till {safe_seq}, {n_blobs} bilagor"
        )]
    });
    Ok(())
}

pub(crate) fn recover(place: &StorePlace, voice: Voice) -> Result<(), Failure> {
    let n_ops = place.beside()?.finish_recovery(MachineRim.now())?;
    voice.answer(&json!({ "format": "faltkarta.recovered/1", "ops": n_ops }), || {
        vec![format!("{n_ops} återlämnade ändringar införda")]
    });
    Ok(())
}

pub(crate) fn retain(place: &StorePlace, days: u32, voice: Voice) -> Result<(), Failure> {
    let now = MachineRim.now();
    let until = Timestamp::from_unix_ms(now.unix_ms() - i64::from(days) * DAY_MS);
    let cut = place.beside()?.cut_feed(until, now)?;
    let document = json!({
        "format": "faltkarta.retained/1", "days": days, "min_seq": cut.min_seq, "n_cut": cut.n_cut,
    });
    voice.answer(&document, || {
        vec![format!("{} poster bortklippta, flödet börjar vid {}", cut.n_cut, cut.min_seq)]
    });
    Ok(())
}
