use std::collections::BTreeSet;

use faltkarta_geo::CellCover;
use faltkarta_model::FeatureId;

use crate::areas::{Moved, cover_of, parent_in};
use crate::error::StoreError;
use crate::judging::catalogue::Catalogue;
use crate::judging::content::Content;
use crate::judging::judge::Judge;
use crate::judging::rows::FeatureRow;
use crate::judging::sheet::Cause;

/// Whether a row has no place of its own and hangs on this parent.
pub(crate) fn moves_along(
    catalogue: &Catalogue,
    row: &FeatureRow,
    parent: FeatureId,
) -> Result<bool, StoreError> {
    if row.content.geometry()?.is_some_and(|it| it.bounds().is_some()) {
        return Ok(false);
    }
    let Some(declared) = catalogue.by_no(row.dataset_no) else { return Ok(false) };
    Ok(parent_in(declared, &row.content)? == Some(parent))
}

impl Judge<'_> {
    /// Tells the children of what moved: those without a place of their own have moved with it, so laptops whose area
    /// they enter get them and those whose area they leave take them away. Asked once for a batch, at its end.
    pub(super) fn spread(&mut self) -> Result<(), StoreError> {
        let batch = &self.sheet.batch;
        let mut moved: Vec<(FeatureRow, FeatureRow)> = vec![];
        for row in batch.rows.values() {
            // The oldest of those that the batch superseded is the row as it was before it.
            let before = batch.history.iter().find(|it| it.feature == row.feature);
            if let Some(before) = before.filter(|it| it.content.wkb != row.content.wkb) {
                moved.push((before.clone(), row.clone()));
            }
        }
        for (before, after) in moved {
            let cause = Cause { op: after.op, replica: after.replica, group: None };
            let places = Moved { before: self.cover(&before)?, after: self.cover(&after)? };
            if places.before != places.after {
                self.take_along(cause, after.feature, &places)?;
            }
        }
        Ok(())
    }

    pub(super) fn cover(&mut self, row: &FeatureRow) -> Result<CellCover, StoreError> {
        let (catalogue, sheet) = (self.catalogue, &mut self.sheet);
        let mut look = |parent: FeatureId| -> Result<Option<(u16, Content)>, StoreError> {
            Ok(sheet.row(parent)?.map(|it| (it.dataset_no, it.content)))
        };
        cover_of(catalogue, row.dataset_no, &row.content, &mut look)
    }

    pub(super) fn take_along(
        &mut self,
        cause: Cause,
        parent: FeatureId,
        places: &Moved,
    ) -> Result<(), StoreError> {
        let mut told = BTreeSet::from([parent]);
        let mut parents = vec![parent];
        while let Some(parent) = parents.pop() {
            for child in self.sheet.children(parent)?.into_iter().map(|it| it.child) {
                let Some(row) = self.sheet.row(child)? else { continue };
                if moves_along(self.catalogue, &row, parent)? && told.insert(child) {
                    self.sheet.retell_moved(cause, child, places)?;
                    parents.push(child);
                }
            }
        }
        Ok(())
    }
}
