//! What a round does when the work is done: numbers, comparison, report. None of it ever fails a round.

use faltkarta_model::{DatasetId, Timestamp};
use faltkarta_protocol::{DatasetDigest, DeviceReport, NumberRequest, PROTOCOL_VERSION, RowSum};

use crate::error::AppError;
use crate::numbers::LAPTOP_SERIES;
use crate::sync::engine::{FieldAccess, Round};
use crate::sync::link::LinkError;

/// Time between two comparisons with the store, in milliseconds.
const DIGEST_EVERY_MS: i64 = 7 * 86_400_000;
/// Rows that are summed while the laptop is held.
const SUM_ROWS: u32 = 5_000;

impl<A: FieldAccess> Round<'_, A> {
    /// Leases numbers before they run out. A request is durable before it is sent, so that a lost answer costs none.
    pub(super) fn lease_numbers(&mut self) -> Result<(), AppError> {
        let ids = &mut *self.ids;
        let requests = self.field.with(|it| it.plan_numbers(ids))?;
        for (series, request, n) in requests {
            let wanted =
                NumberRequest { protocol: PROTOCOL_VERSION, request, series: series.clone(), n };
            match self.link.lease_numbers(&self.workspace, &wanted) {
                Ok(block) if block.series == series && block.n > 0 => {
                    self.field.with(|it| it.store.take_number_block(&block))?;
                    if series == LAPTOP_SERIES {
                        self.field.with(super::super::field::Field::take_laptop_code)?;
                    }
                }
                Ok(_) => {
                    let text = "numbers that were not asked for".to_owned();
                    return Err(LinkError::Damaged { text }.into());
                }
                Err(LinkError::NotOffered | LinkError::Unpermitted) => return Ok(()),
                // One series that the store does not know must not hold up the others.
                Err(LinkError::Refused { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Compares what is here with what the store says must be here: weekly, and after rows were fetched by dataset.
    pub(super) fn compare(&mut self) -> Result<(), AppError> {
        let at = (self.now)();
        let due = self.field.with(|it| {
            let before = it.store.meta("digest_at")?.and_then(|it| Timestamp::parse(&it).ok());
            // A clock that was set back does not put it off for ever.
            let since_ms = before.map(|it| at.unix_ms() - it.unix_ms());
            let is_calm = it.store.backfills()?.is_empty();
            let is_due = since_ms.is_none_or(|it| !(0..DIGEST_EVERY_MS).contains(&it));
            Ok::<_, AppError>(is_calm && is_due)
        })?;
        if !due {
            return Ok(());
        }
        let told = match self.link.digest(&self.workspace) {
            Ok(told) => told,
            Err(LinkError::NotOffered) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if self.field.with(|it| it.store.cursor_seq())? != told.at.seq {
            // The store went on meanwhile: another round.
            return Ok(());
        }
        let mut wrong = vec![];
        for digest in &told.datasets {
            let is_here = self.field.with(|it| it.catalog.find(&digest.dataset).is_some());
            if is_here && self.sum_of(&digest.dataset)? != *digest {
                wrong.push(digest.dataset.clone());
            }
        }
        self.field.with(|it| {
            it.store.plan_backfill(&wrong, None)?;
            it.store.set_meta("digest_at", &at.to_string())
        })?;
        for dataset in &wrong {
            tracing::warn!(%dataset, "rows differ from the store's; they are fetched again");
            self.report.differing.push(dataset.clone());
        }
        self.backfill()
    }

    /// Only a round changes the base, so the laptop is free for others between two pieces.
    fn sum_of(&mut self, dataset: &DatasetId) -> Result<DatasetDigest, AppError> {
        let mut sum = RowSum::default();
        let mut after = Some(0);
        while let Some(row) = after {
            after = self.field.with(|it| it.store.add_to_sum(dataset, row, SUM_ROWS, &mut sum))?;
        }
        Ok(sum.digest(dataset.clone()))
    }

    /// Tells how things stand here.
    pub(super) fn tell(&mut self) -> Result<(), AppError> {
        let report = self.field.with(|it| {
            let (edits, photos) = it.counts()?;
            Ok::<_, AppError>(DeviceReport {
                protocol: PROTOCOL_VERSION,
                app_version: env!("CARGO_PKG_VERSION").to_owned(),
                saved_here: edits.saved_here,
                received: edits.received,
                secured: edits.secured,
                needs_attention: edits.needs_attention,
                drafts: it.store.drafts()?.len() as u32,
                photos_taken: photos.taken,
                photos_received: photos.received,
                cursor_seq: it.store.cursor_seq()?,
                oldest_unsent_at: it.store.oldest_unsent()?,
            })
        })?;
        Ok(self.link.report(&self.workspace, &report)?)
    }
}
