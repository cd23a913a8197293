use faltkarta_geo::{Geometry, GeometryKind, GridSystem};
use fast_mvt::{MvtCoord, MvtGeomType, MvtLayerBuilder, MvtTileBuilder, MvtValueRef};

use crate::clip::{Lies, Vertex, clip_line, clip_ring, holds, lies, simplify};
use crate::error::TileError;
use crate::projector::Projector;
use crate::shape::{Path, Shape};
use crate::tile_id::TileId;

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
/// Geometry goes in on the store's grid in metres; it is projected, cut at the tile's sides with a buffer, thinned to
/// what the zoom can show, and rounded. The memory for that is used again from feature to feature.
#[derive(Debug)]
pub struct TileWriter {
    projector: Projector,
    tolerance: f64,
    area_min: f64,
    tile: Option<MvtTileBuilder>,
    layer: Option<MvtLayerBuilder>,
    shape: Shape,
    path: Vec<Vertex>,
    scratch: Vec<Vertex>,
    marks: Vec<bool>,
    rounded: Vec<MvtCoord>,
    /// What is drawn of the feature at hand, and the paths it is made of.
    coordinates: Vec<MvtCoord>,
    drawn: Vec<Path>,
}

/// Zoom at which live layers keep every vertex: a unit is then 8 cm on the ground or less.
const EXACT_ZOOM: u8 = 16;

impl TileWriter {
    /// Begins an empty tile.
    pub fn new(tile: TileId, grid: GridSystem) -> Self {
        // A unit is an eighth of a pixel of a 512 px tile; half a pixel off is not seen.
        let tolerance = match tile.z {
            z if z >= EXACT_ZOOM => 0.0,
            14 | 15 => 1.0,
            _ => 4.0,
        };
        Self {
            projector: Projector::new(tile, grid),
            tolerance,
            // Four square pixels below zoom 14; above it everything is drawn.
            area_min: if tile.z < 14 { 256.0 } else { 1.0 },
            tile: Some(MvtTileBuilder::new()),
            layer: None,
            shape: Shape::default(),
            path: vec![],
            scratch: vec![],
            marks: vec![],
            rounded: vec![],
            coordinates: vec![],
            drawn: vec![],
        }
    }

    /// Begins a layer; the one before it ends.
    ///
    /// # Errors
    ///
    /// [`TileError::Encode`] when the name is taken.
    pub fn begin_layer(&mut self, name: &str) -> Result<(), TileError> {
        self.end_layer();
        let tile = self.tile.take().unwrap_or_default();
        self.layer = Some(tile.layer(name)?);
        Ok(())
    }

    /// Adds a feature to the layer that was begun; `id` tells it in the map. Says whether any of it is in the tile.
    ///
    /// # Errors
    ///
    /// [`TileError::Encode`] when the encoder refuses the feature; the tile stays usable.
    pub fn add<'t>(
        &mut self,
        id: u64,
        geometry: &Geometry,
        tags: impl IntoIterator<Item = (&'t str, TagValue<'t>)>,
    ) -> Result<bool, TileError> {
        let mut shape = std::mem::take(&mut self.shape);
        shape.read(geometry);
        let is_drawn = self.add_shape(id, &shape, tags);
        self.shape = shape;
        is_drawn
    }

    pub(crate) fn add_shape<'t>(
        &mut self,
        id: u64,
        shape: &Shape,
        tags: impl IntoIterator<Item = (&'t str, TagValue<'t>)>,
    ) -> Result<bool, TileError> {
        let geometry_type = match shape.kind {
            Some(GeometryKind::Point) => MvtGeomType::Point,
            Some(GeometryKind::Line) => MvtGeomType::LineString,
            Some(GeometryKind::Polygon) => MvtGeomType::Polygon,
            // A collection has no single form in a tile; its owner declares one shape per dataset.
            Some(GeometryKind::Collection) | None => return Ok(false),
        };
        self.draw(geometry_type, shape);
        if self.drawn.is_empty() {
            return Ok(false);
        }
        let Some(layer) = self.layer.take() else { return Ok(false) };
        let mut feature = layer.feature_of(geometry_type);
        feature.id(Some(id));
        for path in &self.drawn {
            let coordinates = self.coordinates[path.from..path.to].iter().copied();
            match geometry_type {
                MvtGeomType::Point => feature.points(coordinates)?,
                MvtGeomType::LineString => feature.line(coordinates)?,
                MvtGeomType::Polygon => feature.ring(coordinates, !path.is_hole)?,
            };
        }
        for (key, value) in tags {
            let value = match value {
                TagValue::Text(text) => MvtValueRef::String(text),
                TagValue::Int(number) => MvtValueRef::SInt(number),
                TagValue::Real(number) => MvtValueRef::Double(number),
                TagValue::Bool(flag) => MvtValueRef::Bool(flag),
            };
            feature.tag_ref(key, value)?;
        }
        self.layer = Some(feature.end());
        Ok(true)
    }

    /// Works out all that is drawn before the encoder is asked: it would write a feature without a path too.
    fn draw(&mut self, geometry_type: MvtGeomType, shape: &Shape) {
        self.drawn.clear();
        self.coordinates.clear();
        let mut skip_holes = false;
        for path in &shape.paths {
            if path.is_hole && skip_holes {
                continue;
            }
            self.path.clear();
            let projector = &self.projector;
            let vertices = &shape.vertices[path.from..path.to];
            self.path.extend(vertices.iter().map(|(e_m, n_m)| projector.units(*e_m, *n_m)));
            match geometry_type {
                MvtGeomType::Point => {
                    self.path.retain(|at| holds(*at));
                    let mut rounded = std::mem::take(&mut self.rounded);
                    round(&self.path, &mut rounded);
                    if !rounded.is_empty() {
                        put(&mut self.coordinates, &mut self.drawn, &rounded, false);
                    }
                    self.rounded = rounded;
                }
                MvtGeomType::LineString => self.draw_line(),
                MvtGeomType::Polygon => {
                    let is_drawn = self.draw_ring(path.is_hole);
                    if !path.is_hole {
                        skip_holes = !is_drawn;
                    }
                }
            }
        }
    }

    fn draw_line(&mut self) {
        simplify(&mut self.path, self.tolerance, &mut self.marks);
        let (rounded, coordinates, drawn) =
            (&mut self.rounded, &mut self.coordinates, &mut self.drawn);
        let mut keep = |part: &[Vertex]| {
            round(part, rounded);
            if rounded.len() > 1 {
                put(coordinates, drawn, rounded, false);
            }
        };
        match lies(&self.path) {
            Lies::Outside => {}
            Lies::Inside => keep(&self.path),
            Lies::Across => clip_line(&self.path, &mut keep),
        }
    }

    fn draw_ring(&mut self, is_hole: bool) -> bool {
        if self.path.first() == self.path.last() {
            self.path.pop();
        }
        match lies(&self.path) {
            Lies::Outside => return false,
            Lies::Inside => {}
            Lies::Across => clip_ring(&mut self.path, &mut self.scratch),
        }
        simplify(&mut self.path, self.tolerance, &mut self.marks);
        round(&self.path, &mut self.rounded);
        if self.rounded.len() > 1 && self.rounded.first() == self.rounded.last() {
            self.rounded.pop();
        }
        if self.rounded.len() < 3 || twice_area(&self.rounded).abs() < 2.0 * self.area_min {
            return false;
        }
        put(&mut self.coordinates, &mut self.drawn, &self.rounded, is_hole);
        true
    }

    fn end_layer(&mut self) {
        if let Some(layer) = self.layer.take() {
            self.tile = Some(layer.end());
        }
    }

    /// The bytes of the tile, not compressed; empty when nothing was drawn.
    pub fn finish(mut self) -> Vec<u8> {
        self.end_layer();
        self.tile.take().map(MvtTileBuilder::encode).unwrap_or_default()
    }
}

fn put(coordinates: &mut Vec<MvtCoord>, drawn: &mut Vec<Path>, path: &[MvtCoord], is_hole: bool) {
    let from = coordinates.len();
    coordinates.extend_from_slice(path);
    drawn.push(Path { from, to: coordinates.len(), is_hole });
}

fn round(path: &[Vertex], out: &mut Vec<MvtCoord>) {
    out.clear();
    for (x, y) in path {
        let at = MvtCoord { x: x.round() as i32, y: y.round() as i32 };
        if out.last() != Some(&at) {
            out.push(at);
        }
    }
}

fn twice_area(ring: &[MvtCoord]) -> f64 {
    let next = ring.iter().cycle().skip(1);
    ring.iter()
        .zip(next)
        .map(|(a, b)| f64::from(a.x) * f64::from(b.y) - f64::from(b.x) * f64::from(a.y))
        .sum()
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
        let n_tags = feature.properties().filter_map(Result::ok).count();
        assert_eq!(n_tags, 2);
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
