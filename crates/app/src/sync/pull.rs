//! The feed, page by page, and the declarations that its rows are written by.

use faltkarta_faults::point;
use faltkarta_model::{Dataset, Packaging};
use faltkarta_protocol::{PullReply, SchemaRevision};
use faltkarta_store::PageEffect;

use crate::error::AppError;
use crate::field::Field;
use crate::sync::engine::{FieldAccess, Round};
use crate::sync::link::LinkError;

impl<A: FieldAccess> Round<'_, A> {
    pub(super) fn pull(&mut self) -> Result<(), AppError> {
        loop {
            let (cursor, seq, seen) = self.field.with(|it| {
                let cursor = it.store.cursor()?.unwrap_or_default();
                Ok::<_, AppError>((cursor, it.store.cursor_seq()?, it.store.seen()?))
            })?;
            point("app.pull.before_ask")?;
            let page = self.link.pull(&self.workspace, &cursor, &seen)?;
            point("app.pull.after_answer")?;
            self.take_declarations(&page.schema)?;
            let at = (self.now)();
            let effect = self.field.with(|it| {
                let effect = it.store.apply_page(&page, at)?;
                it.take_effect(&effect);
                Ok::<_, AppError>(effect)
            })?;
            self.report.n_received += effect.n_entries;
            self.report.n_merged += effect.n_merged;
            self.note_subscription(&page)?;
            if page.up_to_date {
                return Ok(());
            }
            if page.at.seq <= seq {
                let text = "a page that leads nowhere".to_owned();
                return Err(LinkError::Damaged { text }.into());
            }
        }
    }

    /// Somebody else, the coordinator say, may have changed what this laptop gets.
    fn note_subscription(&mut self, page: &PullReply) -> Result<(), AppError> {
        self.field.with(|it| {
            let known = it.store.meta("subscription_revision")?.and_then(|it| it.parse().ok());
            if page.subscription != known.unwrap_or(0_u32) {
                it.store.set_meta("subscription_stale", "1")?;
            }
            Ok(())
        })
    }

    /// Fetches the declarations that the laptop lacks. One that this program cannot read stays away: its rows are kept
    /// as they come, and the older declaration shows them.
    fn take_declarations(&mut self, wanted: &[SchemaRevision]) -> Result<(), AppError> {
        for revision in wanted {
            let lacks = self.field.with(|it| it.store.lacks_declaration(revision))?;
            if !lacks {
                continue;
            }
            point("app.declaration.before_ask")?;
            let fetched =
                self.link.declaration(&self.workspace, &revision.dataset, revision.revision);
            let declaration = match fetched {
                Ok(declaration) => declaration,
                Err(LinkError::NotOffered | LinkError::Unpermitted) => {
                    self.field.with(|it| it.store.ignore_declaration(revision))?;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let is_asked = declaration.dataset == revision.dataset
                && declaration.revision == revision.revision;
            if !is_asked {
                let text = "another declaration than asked".to_owned();
                return Err(LinkError::Damaged { text }.into());
            }
            let is_for_laptops = match Dataset::parse(&declaration.toml) {
                Ok(dataset) => {
                    dataset.id == declaration.dataset && dataset.packaging != Packaging::BaseMap
                }
                Err(error) => {
                    tracing::warn!(dataset = %revision.dataset, %error, "declaration not read");
                    false
                }
            };
            self.field.with(|it| {
                if is_for_laptops {
                    it.store.apply_declaration(&declaration)?;
                    it.reload()?;
                    it.redraw();
                    Ok::<_, AppError>(())
                } else {
                    Ok(it.store.ignore_declaration(revision)?)
                }
            })?;
        }
        Ok(())
    }
}

impl Field {
    pub(crate) fn take_effect(&mut self, effect: &PageEffect) {
        self.take(&effect.changes);
        self.touch();
    }
}
