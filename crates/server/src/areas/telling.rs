use faltkarta_model::FeatureId;
use faltkarta_protocol::FeedKind;

use crate::areas::cover::{Looked, Moved, see};
use crate::areas::wanted::{Reader, told};
use crate::error::StoreError;
use crate::judging::{Catalogue, Content, Declared};

/// What a backend can be asked beside the row that an entry tells.
pub(crate) trait Past {
    /// A parent as it stands.
    fn look(&mut self, parent: FeatureId) -> Result<Looked, StoreError>;

    /// A superseded version of a feature.
    fn superseded(
        &mut self,
        feature: FeatureId,
        version: u32,
    ) -> Result<Option<Content>, StoreError>;
}

/// A row as an entry tells it: what it holds after it, and the version that this is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Telling<'a> {
    pub(crate) feature: FeatureId,
    pub(crate) version: u32,
    pub(crate) is_deleted: bool,
    pub(crate) content: &'a Content,
    /// For an entry that tells that a row moved with its parent.
    pub(crate) moved: Option<&'a Moved>,
}

/// Whether a row, as it is after a version, is wanted.
pub(crate) fn is_wanted(
    past: &mut dyn Past,
    reader: &Reader,
    (catalogue, declared): (&Catalogue, &Declared),
    content: &Content,
) -> Result<bool, StoreError> {
    let wanted = &reader.wanted;
    if !wanted.may_take(&declared.dataset.id) {
        return Ok(false);
    }
    let seen = see(wanted, catalogue, declared, content, &mut |parent| past.look(parent))?;
    Ok(wanted.takes(&declared.dataset.id, &seen))
}

/// What a laptop is told of an entry; nothing when the row neither was nor is among what it wants.
pub(crate) fn telling_kind(
    past: &mut dyn Past,
    reader: &Reader,
    (catalogue, declared): (&Catalogue, &Declared),
    telling: &Telling<'_>,
) -> Result<Option<FeedKind>, StoreError> {
    let (wanted, dataset) = (&reader.wanted, &declared.dataset.id);
    if wanted.is_everything() {
        return Ok(told(true, true, telling.is_deleted));
    }
    if !wanted.may_take(dataset) {
        return Ok(None);
    }
    if let Some(Moved { before, after }) = telling.moved {
        let mut seen =
            see(wanted, catalogue, declared, telling.content, &mut |parent| past.look(parent))?;
        seen.cover = before.clone();
        let was_wanted = wanted.takes(dataset, &seen);
        seen.cover = after.clone();
        return Ok(told(was_wanted, wanted.takes(dataset, &seen), telling.is_deleted));
    }
    let is_wanted = self::is_wanted(past, reader, (catalogue, declared), telling.content)?;
    // What is wanted now is told whatever it was before.
    let was_wanted = !is_wanted
        && match past.superseded(telling.feature, telling.version.saturating_sub(1))? {
            Some(before) => self::is_wanted(past, reader, (catalogue, declared), &before)?,
            None => false,
        };
    Ok(told(was_wanted, is_wanted, telling.is_deleted))
}

/// What the two columns of an entry say of where a row lay.
pub(crate) fn moved(
    before: Option<String>,
    after: Option<String>,
) -> Result<Option<Moved>, StoreError> {
    let (Some(before), Some(after)) = (before, after) else { return Ok(None) };
    Ok(Some(Moved {
        before: before.parse().map_err(StoreError::damaged)?,
        after: after.parse().map_err(StoreError::damaged)?,
    }))
}
