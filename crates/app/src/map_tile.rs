use faltkarta_geo::Geometry;
use faltkarta_model::{Properties, Timestamp, Value};
use faltkarta_spatial::FeatureRow;
use faltkarta_tiles::{TagValue, TileError, TileId, TileWriter};

use crate::error::AppError;
use crate::field::Field;
use crate::shape::point_on;

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
        let bounds = tile.bounds(self.grid);
        let mut writer = TileWriter::new(tile, self.grid);
        let mut edited: Vec<(u32, Geometry)> = vec![];
        for (local, layer) in self.open_layers(now) {
            let map = &local.dataset.map;
            // A tile is shown until the zoom after its own.
            if z < LIVE_ZOOM_MAX && f32::from(z) + 1.0 <= map.min_zoom {
                continue;
            }
            let mut rows: Vec<FeatureRow> = vec![];
            layer.search(bounds, &mut |row| rows.push(row));
            if rows.is_empty() {
                continue;
            }
            writer.begin_layer(local.dataset.id.as_str()).map_err(|it| of_tile(&it))?;
            let fields: Vec<_> = local.dataset.fields.iter().filter(|it| it.tile).collect();
            for row in rows {
                let Some(stored) = self.fetch(row)? else { continue };
                let Some(geometry) = &stored.feature.geometry else { continue };
                let properties = &stored.feature.properties;
                let tags = fields.iter().filter_map(|it| tag(properties, &it.id));
                writer.add(u64::from(stored.row), geometry, tags).map_err(|it| of_tile(&it))?;
                if let (true, Some((e_m, n_m))) = (stored.is_edited, point_on(geometry)) {
                    edited.push((stored.row, Geometry::point(e_m, n_m)));
                }
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

fn tag<'a>(
    properties: &'a Properties,
    field: &'a faltkarta_model::FieldId,
) -> Option<(&'a str, TagValue<'a>)> {
    let value = match properties.get(field)? {
        Value::Text(text) => TagValue::Text(text),
        Value::Int(number) => TagValue::Int(*number),
        Value::Real(number) => TagValue::Real(*number),
        Value::Bool(flag) => TagValue::Bool(*flag),
        Value::Null | Value::List(_) | Value::Geometry(_) => return None,
    };
    Some((field.as_str(), value))
}

fn of_tile(error: &TileError) -> AppError {
    AppError::Tile { text: error.to_string() }
}
