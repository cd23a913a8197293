use faltkarta_geo::CellCover;
use faltkarta_model::{FeatureId, FieldId, Properties, Role};

use crate::areas::wanted::{Seen, Wanted};
use crate::error::StoreError;
use crate::judging::{Catalogue, Content, Declared};

/// A parent's parent's parent is looked for no further than this.
const MAX_GENERATIONS: usize = 4;

/// A row as it is found by its feature: number of its dataset, and its values.
pub(crate) type Looked = Option<(u16, Content)>;

/// Where a row lay before its parent moved, and where it lies now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moved {
    /// The cells before.
    pub(crate) before: CellCover,
    /// The cells after.
    pub(crate) after: CellCover,
}

/// The feature that a row hangs on.
pub(crate) fn parent_in(
    declared: &Declared,
    content: &Content,
) -> Result<Option<FeatureId>, StoreError> {
    if declared.dataset.role != Role::Inspection {
        return Ok(None);
    }
    let properties = content.properties()?;
    let subject = FieldId::parse("subject_id").ok().and_then(|it| properties.get(&it).cloned());
    Ok(subject.as_ref().and_then(|it| it.as_text()).and_then(|it| it.parse().ok()))
}

/// The cells that a row lies in. `look` finds a parent as it stands.
pub(crate) fn cover_of(
    catalogue: &Catalogue,
    dataset_no: u16,
    content: &Content,
    look: &mut dyn FnMut(FeatureId) -> Result<Looked, StoreError>,
) -> Result<CellCover, StoreError> {
    let mut found;
    let mut at = (dataset_no, content);
    for _ in 0..MAX_GENERATIONS {
        if let Some(cover) = at.1.geometry()?.as_ref().and_then(CellCover::of) {
            return Ok(cover);
        }
        let parent = match catalogue.by_no(at.0) {
            Some(declared) => parent_in(declared, at.1)?,
            None => None,
        };
        found = match parent {
            Some(parent) => look(parent)?,
            None => None,
        };
        match &found {
            Some((no, content)) => at = (*no, content),
            None => break,
        }
    }
    Ok(CellCover::everywhere())
}

/// A row as a subscription judges it.
pub(crate) fn see(
    wanted: &Wanted,
    catalogue: &Catalogue,
    declared: &Declared,
    content: &Content,
    look: &mut dyn FnMut(FeatureId) -> Result<Looked, StoreError>,
) -> Result<Seen, StoreError> {
    let cover = if wanted.has_area(&declared.dataset.id) {
        cover_of(catalogue, declared.no, content, look)?
    } else {
        CellCover::everywhere()
    };
    let properties = if wanted.has_filter(&declared.dataset.id) {
        content.properties()?
    } else {
        Properties::new()
    };
    Ok(Seen { cover, properties })
}
