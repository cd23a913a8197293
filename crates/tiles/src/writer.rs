use faltkarta_geo::{Geometry, GridSystem};
use fast_mvt::{MvtFeatureBuilder, MvtLayerBuilder, MvtTileBuilder, MvtValueRef};

use crate::draw::{Detail, Pen};
use crate::error::TileError;
use crate::plane::TilePlane;
use crate::tile_id::{TileId, UNITS_PER_PIXEL};

/// An attribute of a feature in a tile.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TagValue<'a> {
    /// Text.
    Text(&'a str),
    /// A whole number.
    Int(i64),
    /// A decimal number.
    Real(f64),
    /// Yes or no.
    Bool(bool),
}

/// Makes one tile: layers one after another, in each the features that meet the tile.
///
/// Geometry goes in on the store's grid in metres; it is projected, cut at the tile's sides with a margin, thinned to
/// what the zoom can show, and rounded. The memory for that is used again from feature to feature. Ask the index for
/// [`TileId::bounds`].
#[derive(Debug)]
pub struct TileWriter {
    plane: TilePlane,
    detail: Detail,
    pen: Pen,
    tile: Option<MvtTileBuilder>,
    layer: Option<MvtLayerBuilder>,
    /// Name of the layer that begins with its first feature.
    name: String,
}

impl TileWriter {
    /// Begins an empty tile. Geometries that follow are on `grid`.
    pub fn new(tile: TileId, grid: GridSystem) -> Self {
        Self {
            plane: TilePlane::new(tile, grid),
            detail: detail_at(tile.z()),
            pen: Pen::default(),
            tile: None,
            layer: None,
            name: String::new(),
        }
    }

    /// Begins a layer; the one before it ends. A layer without features is left out.
    ///
    /// # Errors
    ///
    /// [`TileError::Encode`] when the name is empty.
    pub fn begin_layer(&mut self, name: &str) -> Result<(), TileError> {
        self.end_layer();
        if name.is_empty() {
            return Err(TileError::Encode(fast_mvt::MvtError::MissingLayerName));
        }
        name.clone_into(&mut self.name);
        Ok(())
    }

    /// Adds a feature to the layer that was begun; `id` tells it in the map. Says whether any of it is in the tile.
    ///
    /// A collection of mixed shapes becomes one feature for each kind, all with the same id.
    ///
    /// # Errors
    ///
    /// [`TileError::Encode`] when no layer was begun or the encoder refuses the feature.
    pub fn add<'t>(
        &mut self,
        id: u64,
        geometry: &Geometry,
        tags: impl IntoIterator<Item = (&'t str, TagValue<'t>)>,
    ) -> Result<bool, TileError> {
        let plane = &self.plane;
        self.pen.load(geometry, |e_m, n_m| plane.place(e_m, n_m));
        if !self.pen.cut(self.detail) {
            return Ok(false);
        }
        let layer = match self.layer.take() {
            Some(layer) => layer,
            None => self.tile.take().unwrap_or_default().layer(self.name.as_str())?,
        };
        let tags: Vec<(&str, TagValue<'_>)> = tags.into_iter().collect();
        let written = self.pen.write(layer, Some(id), &|feature| write_tags(feature, &tags))?;
        self.layer = Some(written);
        Ok(true)
    }

    /// The tile as MVT, not compressed; empty when nothing was drawn.
    pub fn finish(mut self) -> Vec<u8> {
        self.end_layer();
        self.tile.map(MvtTileBuilder::encode).unwrap_or_default()
    }

    fn end_layer(&mut self) {
        if let Some(layer) = self.layer.take() {
            self.tile = Some(layer.end());
        }
    }
}

fn write_tags(
    feature: &mut MvtFeatureBuilder,
    tags: &[(&str, TagValue<'_>)],
) -> Result<(), TileError> {
    for (key, value) in tags {
        let value = match value {
            TagValue::Text(text) => MvtValueRef::String(text),
            TagValue::Int(number) => MvtValueRef::Int(*number),
            TagValue::Real(number) => MvtValueRef::Double(*number),
            TagValue::Bool(flag) => MvtValueRef::Bool(*flag),
        };
        feature.tag_ref(key, value)?;
    }
    Ok(())
}

/// From zoom 16 on, the deepest that is asked for, every vertex stays: a unit is then 8 cm on the ground or less.
/// Below, an eighth of a pixel is given up, and below zoom 14 half of one and areas smaller than a pixel.
fn detail_at(z: u8) -> Detail {
    match z {
        16.. => Detail { tolerance: 0.0, least_twice_area: 1 },
        14 | 15 => Detail { tolerance: UNITS_PER_PIXEL / 8.0, least_twice_area: 1 },
        _ => Detail {
            tolerance: UNITS_PER_PIXEL / 2.0,
            least_twice_area: (2.0 * UNITS_PER_PIXEL * UNITS_PER_PIXEL) as i64,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fast_mvt::MvtReaderRef;
    use geo_types::{Geometry as Types, LineString, Polygon, polygon};

    fn lindesberg() -> TileId {
        TileId::new(14, 8885, 4794).unwrap()
    }

    fn count(bytes: &[u8]) -> Vec<(String, usize)> {
        let reader = MvtReaderRef::new(bytes).unwrap();
        reader.layers().map(|it| (it.name().to_owned(), it.features().count())).collect()
    }

    #[test]
    fn a_house_and_a_street_are_read_back_with_their_attributes() {
        let mut tile = TileWriter::new(lindesberg(), GridSystem::ZONE_15_00);
        let house = Types::Polygon(polygon![
            (x: 162914.0, y: 6608920.0), (x: 162926.0, y: 6608920.0),
            (x: 162926.0, y: 6608930.0), (x: 162914.0, y: 6608930.0),
        ]);
        tile.begin_layer("building").unwrap();
        let tags = [("kind", TagValue::Text("Bostad")), ("number", TagValue::Int(9))];
        assert!(tile.add(7, &Geometry::from_types(&house), tags).unwrap());
        tile.begin_layer("road").unwrap();
        let street =
            Types::LineString(LineString::from(vec![(162900.0, 6608900.0), (169000.0, 6608900.0)]));
        assert!(tile.add(8, &Geometry::from_types(&street), []).unwrap());
        let bytes = tile.finish();
        assert_eq!(count(&bytes), vec![("building".to_owned(), 1), ("road".to_owned(), 1)]);
        let reader = MvtReaderRef::new(&bytes).unwrap();
        let layer = reader.layers().next().unwrap();
        let feature = layer.features().next().unwrap();
        assert_eq!(feature.id(), Some(7));
        let tags: Vec<String> =
            feature.properties().map(|it| format!("{:?}", it.unwrap())).collect();
        assert_eq!(tags, [r#"("kind", "Bostad")"#, r#"("number", 9 (int))"#]);
    }

    #[test]
    fn what_lies_elsewhere_is_not_in_the_tile() {
        let mut tile = TileWriter::new(lindesberg(), GridSystem::ZONE_15_00);
        tile.begin_layer("valve").unwrap();
        assert!(!tile.add(1, &Geometry::point(150_000.0, 6_600_000.0), []).unwrap());
        assert!(tile.add(2, &Geometry::point(162_914.0, 6_608_920.0), []).unwrap());
        assert_eq!(count(&tile.finish()), vec![("valve".to_owned(), 1)]);
    }

    #[test]
    fn a_hole_goes_with_the_polygon_it_is_in() {
        let far = LineString::from(vec![
            (150_000.0, 6_600_000.0),
            (150_100.0, 6_600_000.0),
            (150_100.0, 6_600_100.0),
            (150_000.0, 6_600_000.0),
        ]);
        let hole = LineString::from(vec![
            (162_910.0, 6_608_910.0),
            (162_950.0, 6_608_910.0),
            (162_950.0, 6_608_950.0),
            (162_910.0, 6_608_910.0),
        ]);
        let mut tile = TileWriter::new(lindesberg(), GridSystem::ZONE_15_00);
        tile.begin_layer("parcel").unwrap();
        let wrong = Geometry::from_types(&Types::Polygon(Polygon::new(far, vec![hole])));
        assert!(!tile.add(1, &wrong, []).unwrap(), "a hole alone would be drawn as land");
    }
}
