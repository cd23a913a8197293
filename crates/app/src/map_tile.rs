use faltkarta_geo::Geometry;
use faltkarta_model::{FeatureId, FieldId, Properties, Role, Timestamp, Value};
use faltkarta_spatial::{FeatureRow, LayerIndex};
use faltkarta_store::BaseRow;
use faltkarta_tiles::{TagValue, TileError, TileId, TileWriter};

use crate::catalog::LocalDataset;
use crate::error::AppError;
use crate::field::Field;
use crate::shape::point_on;
use crate::tile_tags::read_tags;

/// The deepest zoom of live tiles; the map draws them larger beyond, so everything must be in it.
pub const LIVE_ZOOM_MAX: u8 = 16;

/// Layer of a live tile with a point for each feature whose own edits the base does not show yet.
const OWN_EDIT_LAYER: &str = "own_edit";

impl Field {
    /// A live tile: one layer per dataset with the fields that the style asks for, and the own edits. Feature ids are
    /// row numbers of this laptop, good for this generation.
    ///
    /// # Errors
    ///
    /// [`AppError::Tile`] for numbers outside the pyramid.
    pub fn live_tile(&self, z: u8, x: u32, y: u32, now: Timestamp) -> Result<Vec<u8>, AppError> {
        let tile = TileId::new(z, x, y).map_err(|it| of_tile(&it))?;
        let key = (self.tile_version(), self.open_layers(now).count(), z, x, y);
        if let Some(bytes) = self.drawn.borrow_mut().get(key) {
            return Ok(bytes);
        }
        let bytes = self.draw_tile(tile, now)?;
        self.drawn.borrow_mut().put(key, bytes.clone());
        Ok(bytes)
    }

    fn draw_tile(&self, tile: TileId, now: Timestamp) -> Result<Vec<u8>, AppError> {
        let z = tile.z();
        let mut writer = TileWriter::new(tile, self.grid);
        let mut edited: Vec<(u32, Geometry)> = vec![];
        for layer in self.open_layers(now) {
            let map = &layer.0.dataset.map;
            // A tile is shown until the zoom after its own.
            if z < LIVE_ZOOM_MAX && f32::from(z) + 1.0 <= map.min_zoom {
                continue;
            }
            self.draw_layer(tile, layer, &mut writer, &mut edited)?;
            if layer.0.dataset.role == Role::Parcel {
                self.draw_parcel_labels(tile, layer, &mut writer)?;
            }
        }
        if !edited.is_empty() {
            writer.begin_layer(OWN_EDIT_LAYER).map_err(|it| of_tile(&it))?;
            for (row, point) in edited {
                writer.add(u64::from(row), &point, []).map_err(|it| of_tile(&it))?;
            }
        }
        Ok(writer.finish())
    }

    /// Rows of the base are read in runs and as bytes; edited features, few, one by one.
    fn draw_layer(
        &self,
        tile: TileId,
        (local, layer): (&LocalDataset, &LayerIndex),
        writer: &mut TileWriter,
        own_edits: &mut Vec<(u32, Geometry)>,
    ) -> Result<(), AppError> {
        let mut rows: Vec<u32> = vec![];
        let mut edited: Vec<FeatureId> = vec![];
        layer.search(tile.bounds(self.grid), &mut |row| match row {
            FeatureRow::Base(row) => rows.push(row),
            FeatureRow::Edited(id) => edited.push(id),
        });
        if rows.is_empty() && edited.is_empty() {
            return Ok(());
        }
        rows.sort_unstable();
        writer.begin_layer(local.dataset.id.as_str()).map_err(|it| of_tile(&it))?;
        let fields: Vec<&FieldId> =
            local.dataset.fields.iter().filter(|it| it.tile).map(|it| &it.id).collect();
        let mut wkb = vec![];
        self.store.for_each_base_row(&rows, &mut |BaseRow { row, wkb: bytes, properties }| {
            wkb.clear();
            wkb.extend_from_slice(bytes);
            let geometry =
                Geometry::from_wkb(std::mem::take(&mut wkb)).map_err(AppError::damaged)?;
            let mut tags = vec![];
            read_tags(properties, &fields, &mut tags)?;
            let tags = tags.iter().map(|(name, tag)| (*name, tag.value()));
            writer.add(u64::from(row), &geometry, tags).map_err(|it| of_tile(&it))?;
            wkb = geometry.into_wkb();
            Ok::<_, AppError>(())
        })?;
        for id in edited {
            let Some(stored) = self.store.feature(id)? else { continue };
            let Some(geometry) = &stored.feature.geometry else { continue };
            let properties = &stored.feature.properties;
            let tags = fields.iter().filter_map(|it| tag(properties, it));
            writer.add(u64::from(stored.row), geometry, tags).map_err(|it| of_tile(&it))?;
            if let (true, Some((e_m, n_m))) = (stored.is_edited, point_on(geometry)) {
                own_edits.push((stored.row, Geometry::point(e_m, n_m)));
            }
        }
        Ok(())
    }

    /// A tile of the base map package, not compressed; `None` when there is none there.
    ///
    /// # Errors
    ///
    /// [`AppError::Tile`] when the package cannot be read.
    pub fn base_tile(&self, z: u8, x: u32, y: u32) -> Result<Option<Vec<u8>>, AppError> {
        let Some(base_map) = &self.base_map else { return Ok(None) };
        let tile = TileId::new(z, x, y).map_err(|it| of_tile(&it))?;
        base_map.tile(tile).map_err(|it| of_tile(&it))
    }
}

fn tag<'a>(properties: &'a Properties, field: &'a FieldId) -> Option<(&'a str, TagValue<'a>)> {
    let value = match properties.get(field)? {
        Value::Text(text) => TagValue::Text(text),
        Value::Int(number) => TagValue::Int(*number),
        Value::Real(number) => TagValue::Real(*number),
        Value::Bool(flag) => TagValue::Bool(*flag),
        Value::Null | Value::List(_) | Value::Geometry(_) => return None,
    };
    Some((field.as_str(), value))
}

pub(crate) fn of_tile(error: &TileError) -> AppError {
    AppError::Tile { text: error.to_string() }
}
