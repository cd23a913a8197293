//! The shapes of one layer that may lie near enough, read without their values.

use faltkarta_geo::{Bounds, Geometry};
use faltkarta_spatial::{FeatureRow, LayerIndex};

use crate::error::AppError;
use crate::field::Field;

impl Field {
    /// Shows the shape of every feature of a layer whose box meets a rectangle. Most of them belong to features that lie
    /// elsewhere after all: only geometries are read here, [`Field::fetch`] reads the rest of those that are kept.
    pub(crate) fn for_each_shape(
        &self,
        layer: &LayerIndex,
        reach: Bounds,
        see: &mut impl FnMut(FeatureRow, Geometry),
    ) -> Result<(), AppError> {
        let (mut rows, mut edited) = (vec![], vec![]);
        layer.search(reach, &mut |row| match row {
            FeatureRow::Base(row) => rows.push(row),
            FeatureRow::Edited(id) => edited.push(id),
        });
        rows.sort_unstable();
        self.store.for_each_base_row(&rows, &mut |it| {
            let geometry = Geometry::from_wkb(it.wkb.to_vec()).map_err(AppError::damaged)?;
            see(FeatureRow::Base(it.row), geometry);
            Ok::<_, AppError>(())
        })?;
        for id in edited {
            if let Some(geometry) = self.store.feature(id)?.and_then(|it| it.feature.geometry) {
                see(FeatureRow::Edited(id), geometry);
            }
        }
        Ok(())
    }
}
