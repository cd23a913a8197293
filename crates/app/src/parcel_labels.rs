//! Where the designations of parcels stand on the map: one point for each parcel and one for each block, in one tile
//! only. A label made of a parcel's outline would stand once in every tile that the parcel reaches into.

use std::collections::BTreeMap;

use faltkarta_geo::{Bounds, Geometry, GridSystem, LonLatDeg, Position, Wgs84};
use faltkarta_model::FieldId;
use faltkarta_spatial::{FeatureRow, LayerIndex};
use faltkarta_store::BaseRow;
use faltkarta_tiles::{TagValue, TileId, TileWriter};

use crate::catalog::LocalDataset;
use crate::error::AppError;
use crate::field::Field;
use crate::map_tile::{LIVE_ZOOM_MAX, of_tile};
use crate::shape::point_on;
use crate::tile_tags::{Tag, read_tags};

/// Layer with a point for each parcel.
const PARCEL_LAYER: &str = "parcel_label";
/// Layer with a point for each block in town.
const BLOCK_LAYER: &str = "trakt_label";
/// The first zoom with names of blocks; before it they would cover the town.
const BLOCK_ZOOM_MIN: u8 = 15;
/// How far outside the tile parcels of a block are looked for, so that both sides of a tile's edge put its name at the
/// same place: no block in the towns is longer.
const BLOCK_REACH_M: f64 = 150.0;

struct Label {
    row: u32,
    at_m: (f64, f64),
    text: String,
    kind: String,
}

impl Field {
    /// Draws the labels of the parcels that lie in the tile. Parcels are read only, so their base rows are all there is.
    pub(crate) fn draw_parcel_labels(
        &self,
        tile: TileId,
        (local, layer): (&LocalDataset, &LayerIndex),
        writer: &mut TileWriter,
    ) -> Result<(), AppError> {
        if tile.z() < BLOCK_ZOOM_MIN {
            return Ok(());
        }
        let fields: Vec<&FieldId> = local
            .dataset
            .fields
            .iter()
            .map(|it| &it.id)
            .filter(|it| matches!(it.as_str(), "etikett" | "trakt" | "kind"))
            .collect();
        let mut rows: Vec<u32> = vec![];
        layer.search(tile.bounds(self.grid).grown(BLOCK_REACH_M), &mut |row| {
            if let FeatureRow::Base(row) = row {
                rows.push(row);
            }
        });
        rows.sort_unstable();
        let mut labels: Vec<Label> = vec![];
        let mut blocks: BTreeMap<String, Bounds> = BTreeMap::new();
        self.store.for_each_base_row(&rows, &mut |BaseRow { row, wkb, properties }| {
            let geometry = Geometry::from_wkb(wkb.to_vec()).map_err(AppError::damaged)?;
            let Some(at_m) = point_on(&geometry) else { return Ok(()) };
            let mut found = vec![];
            read_tags(properties, &fields, &mut found)?;
            let text = |field: &str| {
                found.iter().find_map(|(name, tag)| match tag {
                    Tag::Text(text) if *name == field => Some(text.as_ref()),
                    _ => None,
                })
            };
            let Some(label) = text("etikett") else { return Ok(()) };
            let kind = text("kind").unwrap_or_default();
            if let (Some(name), true) = (text("trakt"), is_in_block(label, kind)) {
                blocks
                    .entry(name.to_owned())
                    .and_modify(|it| it.include(at_m.0, at_m.1))
                    .or_insert_with(|| Bounds::at(at_m.0, at_m.1));
            }
            if tile.z() == LIVE_ZOOM_MAX && is_in(tile, self.grid, at_m) {
                labels.push(Label { row, at_m, text: label.to_owned(), kind: kind.to_owned() });
            }
            Ok::<_, AppError>(())
        })?;
        writer.begin_layer(PARCEL_LAYER).map_err(|it| of_tile(&it))?;
        for Label { row, at_m, text, kind } in labels {
            let point = Geometry::point(at_m.0, at_m.1);
            let tags = [("etikett", TagValue::Text(&text)), ("kind", TagValue::Text(&kind))];
            writer.add(u64::from(row), &point, tags).map_err(|it| of_tile(&it))?;
        }
        writer.begin_layer(BLOCK_LAYER).map_err(|it| of_tile(&it))?;
        for (name, around) in blocks {
            let at_m = (
                f64::midpoint(around.min_e_m, around.max_e_m),
                f64::midpoint(around.min_n_m, around.max_n_m),
            );
            if is_in(tile, self.grid, at_m) {
                let point = Geometry::point(at_m.0, at_m.1);
                writer
                    .add(0, &point, [("name", TagValue::Text(&name))])
                    .map_err(|it| of_tile(&it))?;
            }
        }
        Ok(())
    }
}

/// In a block parcels are told by their unit alone, in the country by block and unit (`1:5`).
fn is_in_block(label: &str, kind: &str) -> bool {
    kind == "fastighet" && label.starts_with(|it: char| it.is_ascii_digit()) && !label.contains(':')
}

fn is_in(tile: TileId, grid: GridSystem, (e_m, n_m): (f64, f64)) -> bool {
    let (lon_deg, lat_deg) = grid.inverse_deg(e_m, n_m);
    Position::<Wgs84>::parse(LonLatDeg { lon_deg, lat_deg })
        .is_ok_and(|at| TileId::at(tile.z(), at) == tile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_without_a_block_number_is_in_a_block() {
        assert!(is_in_block("7", "fastighet"));
        assert!(is_in_block("12>2", "fastighet"));
        assert!(!is_in_block("1:7", "fastighet"));
        assert!(!is_in_block("S:1", "samfällighet"));
        assert!(!is_in_block("(12)", "fastighet"));
    }

    #[test]
    fn a_point_lies_in_one_tile_of_its_zoom() {
        let grid = GridSystem::ZONE_15_00;
        let at_m = (162_914.167, 6_608_920.569);
        let (lon_deg, lat_deg) = grid.inverse_deg(at_m.0, at_m.1);
        let at = Position::<Wgs84>::parse(LonLatDeg { lon_deg, lat_deg }).unwrap();
        let tile = TileId::at(16, at);
        assert!(is_in(tile, grid, at_m));
        for (x, y) in [(1, 0), (0, 1)] {
            let beside = TileId::new(16, tile.x() + x, tile.y() + y).unwrap();
            assert!(!is_in(beside, grid, at_m));
        }
    }
}
