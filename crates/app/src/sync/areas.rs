//! What the laptop holds of the store: its areas, rows fetched by dataset, and a new beginning when the feed no longer
//! reaches back to it.

use faltkarta_faults::point;
use faltkarta_geo::CellCover;
use faltkarta_protocol::{RowsReply, Subscription};
use faltkarta_store::{Backfill, StoreError};

use crate::area_rule::AreaRule;
use crate::error::AppError;
use crate::sync::engine::{FieldAccess, Round};
use crate::sync::enrol::install_next_package;
use crate::sync::link::LinkError;

/// Whether a piece leads on, so that no store keeps a laptop going round. Stores name their pieces by numbers of rows or
/// by ids: of two, the longer one comes later, and of equally long ones the one that sorts behind.
fn is_further(next: &str, after: &str) -> bool {
    (next.len(), next) > (after.len(), after)
}

/// Whether a failure says nothing about the store's difference.
fn is_passing(error: &AppError) -> bool {
    match error {
        AppError::Link(error) => error.is_way_gone() || matches!(error, LinkError::NotKept { .. }),
        AppError::Store(error) => {
            matches!(error, StoreError::DiskFull | StoreError::DiskFailed { .. })
        }
        _ => false,
    }
}

impl<A: FieldAccess> Round<'_, A> {
    /// Begins anew: by the difference when the store still follows the same history, else by a whole package. Journal,
    /// drafts and photos are not touched by either.
    pub(super) fn resync(&mut self) -> Result<(), AppError> {
        match self.take_difference() {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            // The way is gone, or the disk: what was fetched stays, and the next round goes on. A package would cost
            // more, and may be older than what is here.
            Err(error) if is_passing(&error) => return Err(error),
            Err(error) => tracing::info!(code = error.code(), "no difference to be had"),
        }
        self.field.with(|it| it.store.drop_difference())?;
        install_next_package(self.field, self.link, &mut |_| {})
    }

    /// Fetches what changed since the cursor, dataset by dataset; `false` when the store does not offer it, or follows
    /// another history.
    fn take_difference(&mut self) -> Result<bool, AppError> {
        let why = self.field.with(|it| it.store.meta("needs_resync"))?;
        if why.as_deref() != Some("store") {
            return Ok(false);
        }
        self.field.with(|it| {
            let datasets = it.catalog.fetched();
            it.store.plan_difference(&datasets)
        })?;
        let epoch = self.field.with(|it| it.store.meta("epoch"))?.unwrap_or_default();
        for plan in self.field.with(|it| it.store.backfills())? {
            let mut after = plan.after.clone();
            loop {
                let piece = self.ask_rows(&plan, &after);
                let piece = match piece {
                    Ok(piece) => piece,
                    Err(LinkError::NotOffered | LinkError::Resync) => return Ok(false),
                    Err(LinkError::Unpermitted) => {
                        self.field.with(|it| it.store.drop_backfill(&plan.dataset))?;
                        break;
                    }
                    Err(error) => return Err(error.into()),
                };
                // A store that ends before what we have seen was put back: that is no difference.
                let is_behind = plan.since.is_some_and(|since| piece.at.seq < since);
                if piece.epoch != epoch || piece.cursor.is_empty() || is_behind {
                    return Ok(false);
                }
                // The first piece says from where the feed goes on: all that comes later is at least as new.
                self.field.with(|it| it.store.note_difference(&piece))?;
                let Some(next) = self.take_piece(&plan, &after, piece)? else { break };
                after = next;
            }
        }
        self.field.with(|it| {
            let effect = it.store.end_difference()?;
            it.take_effect(&effect);
            Ok::<_, AppError>(())
        })?;
        Ok(true)
    }

    fn ask_rows(&mut self, plan: &Backfill, after: &str) -> Result<RowsReply, LinkError> {
        let seen = self.field.with(|it| it.store.seen());
        let seen = seen
            .map_err(|error| LinkError::NotKept { code: error.code(), text: error.to_string() })?;
        point("app.rows.before_ask")?;
        let piece = self.link.rows(&self.workspace, &plan.dataset, after, plan.since, &seen)?;
        point("app.rows.after_answer")?;
        Ok(piece)
    }

    fn take_piece(
        &mut self,
        plan: &Backfill,
        after: &str,
        piece: RowsReply,
    ) -> Result<Option<String>, AppError> {
        let is_forward = piece.next.as_deref().is_none_or(|next| is_further(next, after));
        let is_whole = piece.entries.iter().all(|it| it.dataset == plan.dataset);
        if !is_forward || !is_whole {
            let text = "rows that were not asked for".to_owned();
            return Err(LinkError::Damaged { text }.into());
        }
        let at = (self.now)();
        self.report.n_received += piece.entries.len() as u32;
        self.field.with(|it| {
            let effect = it.store.apply_rows(&piece, &plan.dataset, at)?;
            it.take_effect(&effect);
            Ok::<_, AppError>(())
        })?;
        Ok(piece.next)
    }

    /// Brings what the laptop wants to the store, learns what it gets, and fetches what is new of it.
    pub(super) fn follow_areas(&mut self) -> Result<(), AppError> {
        let (wanted, is_stale) = self.field.with(|it| {
            let wanted = it.store.meta("subscription_wanted")?;
            Ok::<_, AppError>((wanted, it.store.meta("subscription_stale")?.is_some()))
        })?;
        if wanted.is_some() || is_stale {
            point("app.areas.before_ask")?;
        }
        let answer = match (&wanted, is_stale) {
            (Some(wanted), _) => {
                let wanted: Subscription =
                    serde_json::from_str(wanted).map_err(AppError::damaged)?;
                self.link.subscribe(&self.workspace, &wanted)
            }
            (None, true) => self.link.subscription(&self.workspace),
            (None, false) => return Ok(()),
        };
        match answer {
            Ok(now) => {
                point("app.areas.after_answer")?;
                self.take_subscription(&now, wanted.as_deref(), is_stale)
            }
            // An older store sends everything, as before.
            Err(LinkError::NotOffered) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn take_subscription(
        &mut self,
        now: &Subscription,
        sent: Option<&str>,
        is_stale: bool,
    ) -> Result<(), AppError> {
        self.field.with(|it| {
            // Before the store ever spoke of it, the laptop had all that its role may have.
            let all = Subscription { revision: 0, parts: vec![] };
            let known = it.subscription()?;
            // Between two looks the store may have held another area, and filtered pages by it. Revision 1 is the
            // store's word for a laptop of which nobody ever said anything.
            let is_uncertain = is_stale && (known.is_some() || now.revision > 1);
            let before = known.unwrap_or(all);
            let rule = AreaRule::new(now);
            let mut datasets = vec![];
            let mut gone = vec![];
            for id in it.catalog.fetched() {
                if is_uncertain || AreaRule::has_more(&before, now, &id) {
                    datasets.push(id);
                }
            }
            for local in &it.catalog.datasets {
                let mut seen = vec![];
                it.store.for_each_base_feature(&local.dataset.id, &mut |feature| {
                    seen.push(feature);
                })?;
                for feature in seen {
                    let cover = match &feature.geometry {
                        Some(geometry) => CellCover::of(geometry),
                        None => it.parent_cover(&feature)?,
                    };
                    if !rule.takes(&feature, cover.as_ref()) {
                        gone.push(feature.id);
                    }
                }
            }
            // What is new comes row by row and says itself what is no longer the laptop's; what is known to be gone
            // goes at once.
            let effect = it.store.let_go(&gone)?;
            it.take_effect(&effect);
            it.store.take_subscription(now, sent, &datasets)?;
            Ok(())
        })
    }

    /// Fetches planned datasets row by row, each from where an earlier try ended.
    pub(super) fn backfill(&mut self) -> Result<(), AppError> {
        let mut is_done = false;
        for plan in self.field.with(|it| it.store.backfills())? {
            let mut after = plan.after.clone();
            loop {
                let piece = match self.ask_rows(&plan, &after) {
                    Ok(piece) => piece,
                    Err(LinkError::NotOffered | LinkError::Unpermitted) => {
                        self.field.with(|it| it.store.drop_backfill(&plan.dataset))?;
                        break;
                    }
                    Err(error) => return Err(error.into()),
                };
                let Some(next) = self.take_piece(&plan, &after, piece)? else { break };
                after = next;
            }
            is_done = true;
        }
        if is_done {
            // Proof that nothing is missing comes with the next comparison.
            self.field.with(|it| it.store.clear_metas(&["digest_at"]))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_named_by_numbers_lead_on_past_each_power_of_ten() {
        assert!(
            is_further("1000", "") && is_further("10000", "9000") && is_further("100000", "99000")
        );
        assert!(!is_further("9000", "10000") && !is_further("9000", "9000"));
        let (first, second) =
            ("0195d7a0-0000-7000-8000-000000000001", "0195d7a0-0000-7000-8000-00000000000f");
        assert!(is_further(second, first) && !is_further(first, second));
    }
}
