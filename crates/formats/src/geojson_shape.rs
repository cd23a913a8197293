//! Geometries of `GeoJSON` into well-known binary, wherever they lie in a feature.

use std::cell::Cell;
use std::fmt;

use faltkarta_geo::{Geometry, GeometryError};
use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

/// Nested lists of numbers, as `coordinates` holds them.
#[derive(Debug, Clone)]
enum Coordinates {
    Position { xyz: [f64; 3], n_ordinates: usize },
    List(Vec<Coordinates>),
}

/// The most positions that one geometry may have. A list of them takes some ten times the bytes of its text.
const MAX_POSITIONS: usize = 5_000_000;

/// Reads coordinates and counts their positions.
#[derive(Clone, Copy)]
struct CoordinatesSeed<'c> {
    n_met: &'c Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for CoordinatesSeed<'_> {
    type Value = Coordinates;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Coordinates, D::Error> {
        match from.deserialize_any(ItemVisitor { n_met: self.n_met })? {
            Item::Coordinates(it) => Ok(it),
            Item::Number(_) => Err(D::Error::custom("coordinates must be a list")),
        }
    }
}

enum Item {
    Number(f64),
    Coordinates(Coordinates),
}

impl<'de> DeserializeSeed<'de> for ItemVisitor<'_> {
    type Value = Item;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Item, D::Error> {
        from.deserialize_any(self)
    }
}

#[derive(Clone, Copy)]
struct ItemVisitor<'c> {
    n_met: &'c Cell<usize>,
}

impl<'de> Visitor<'de> for ItemVisitor<'_> {
    type Value = Item;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("numbers or lists of numbers")
    }

    fn visit_f64<E>(self, number: f64) -> Result<Item, E> {
        Ok(Item::Number(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Item, E> {
        Ok(Item::Number(number as f64))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Item, E> {
        Ok(Item::Number(number as f64))
    }

    fn visit_unit<E>(self) -> Result<Item, E> {
        Ok(Item::Coordinates(Coordinates::List(vec![])))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Item, A::Error> {
        let (mut xyz, mut n_ordinates, mut parts) = ([0.0; 3], 0, vec![]);
        while let Some(item) = seq.next_element_seed(self)? {
            match item {
                Item::Number(number) => {
                    if let Some(ordinate) = xyz.get_mut(n_ordinates) {
                        *ordinate = number;
                    }
                    n_ordinates += 1;
                }
                Item::Coordinates(part) => parts.push(part),
            }
        }
        self.n_met.set(self.n_met.get() + 1);
        if self.n_met.get() > MAX_POSITIONS {
            return Err(A::Error::custom(format!("more than {MAX_POSITIONS} positions")));
        }
        match (n_ordinates, parts.is_empty()) {
            (0, _) => Ok(Item::Coordinates(Coordinates::List(parts))),
            (_, true) => Ok(Item::Coordinates(Coordinates::Position { xyz, n_ordinates })),
            _ => Err(A::Error::custom("numbers and lists are mixed in coordinates")),
        }
    }
}

/// Every geometry object found in a value, however deep: `geometry` itself, and the lists of
/// `{geometri: {position: {type, coordinates}}}` that NGP keeps in `plangeometri`.
#[derive(Debug, Default)]
pub(crate) struct Shapes(Vec<Shape>);

#[derive(Debug)]
struct Shape {
    kind: String,
    coordinates: Option<Coordinates>,
    parts: Vec<Shape>,
}

impl<'de> Deserialize<'de> for Shapes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(ShapesVisitor)
    }
}

struct ShapesVisitor;

impl<'de> Visitor<'de> for ShapesVisitor {
    type Value = Shapes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a geometry")
    }

    fn visit_unit<E>(self) -> Result<Shapes, E> {
        Ok(Shapes::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Shapes, E> {
        Ok(Shapes::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Shapes, E> {
        Ok(Shapes::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Shapes, E> {
        Ok(Shapes::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Shapes, E> {
        Ok(Shapes::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Shapes, E> {
        Ok(Shapes::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Shapes, A::Error> {
        let mut found = vec![];
        while let Some(Shapes(mut more)) = seq.next_element()? {
            found.append(&mut more);
        }
        Ok(Shapes(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shapes, A::Error> {
        let mut shape = Shape { kind: String::new(), coordinates: None, parts: vec![] };
        let mut found = vec![];
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "type" => shape.kind = map.next_value()?,
                "coordinates" => {
                    let n_met = Cell::new(0);
                    let seed = CoordinatesSeed { n_met: &n_met };
                    shape.coordinates = Some(map.next_value_seed(seed)?);
                }
                "geometries" => shape.parts = map.next_value::<Shapes>()?.0,
                "bbox" | "crs" => {
                    map.next_value::<IgnoredAny>()?;
                }
                _ => found.append(&mut map.next_value::<Shapes>()?.0),
            }
        }
        if shape.coordinates.is_some() || shape.kind == "GeometryCollection" {
            found.push(shape);
        }
        Ok(Shapes(found))
    }
}

impl Shapes {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One geometry of all that was found: itself when it is one, the multi form when all are alike.
    pub(crate) fn into_geometry(mut self) -> Result<Option<Geometry>, GeometryError> {
        let Some(first) = self.0.first() else { return Ok(None) };
        let kind = first.kind.clone();
        let shape = if self.0.len() == 1 {
            self.0.remove(0)
        } else if matches!(kind.as_str(), "Point" | "LineString" | "Polygon")
            && self.0.iter().all(|it| it.kind == kind)
        {
            let parts = self.0.into_iter().filter_map(|it| it.coordinates).collect();
            let coordinates = Some(Coordinates::List(parts));
            Shape { kind: format!("Multi{kind}"), coordinates, parts: vec![] }
        } else {
            Shape { kind: "GeometryCollection".to_owned(), coordinates: None, parts: self.0 }
        };
        if matches!(&shape.coordinates, Some(Coordinates::List(it)) if it.is_empty()) {
            return Ok(None);
        }
        let mut wkb = Vec::new();
        shape.write(shape.has_height(), &mut wkb)?;
        Geometry::from_wkb(wkb).map(Some)
    }
}

impl Shape {
    /// Whether every position has a third ordinate; a height that only some have is left out.
    fn has_height(&self) -> bool {
        let own = self.coordinates.as_ref().is_none_or(Coordinates::has_height);
        own && self.parts.iter().all(Self::has_height)
            && (self.coordinates.is_some() || !self.parts.is_empty())
    }

    fn write(&self, has_height: bool, wkb: &mut Vec<u8>) -> Result<(), GeometryError> {
        if self.kind == "GeometryCollection" {
            begin(7, has_height, wkb);
            count(self.parts.len(), wkb);
            return self.parts.iter().try_for_each(|it| it.write(has_height, wkb));
        }
        let Some(coordinates) = &self.coordinates else {
            return Err(GeometryError::Truncated);
        };
        let writer = Writer { has_height };
        match self.kind.as_str() {
            "Point" => writer.point(coordinates, wkb),
            "LineString" => writer.line(coordinates, wkb),
            "Polygon" => writer.polygon(coordinates, wkb),
            "MultiPoint" => writer.many(4, coordinates, wkb, Writer::point),
            "MultiLineString" => writer.many(5, coordinates, wkb, Writer::line),
            "MultiPolygon" => writer.many(6, coordinates, wkb, Writer::polygon),
            _ => Err(GeometryError::UnsupportedType { code: 0 }),
        }
    }
}

impl Coordinates {
    fn has_height(&self) -> bool {
        match self {
            Self::Position { n_ordinates, .. } => *n_ordinates >= 3,
            Self::List(parts) => parts.iter().all(Self::has_height),
        }
    }

    fn parts(&self) -> Result<&[Self], GeometryError> {
        match self {
            Self::List(parts) => Ok(parts),
            Self::Position { .. } => Err(GeometryError::Truncated),
        }
    }
}

fn begin(base: u32, has_height: bool, wkb: &mut Vec<u8>) {
    wkb.push(1);
    wkb.extend_from_slice(&(base + if has_height { 1000 } else { 0 }).to_le_bytes());
}

fn count(n: usize, wkb: &mut Vec<u8>) {
    wkb.extend_from_slice(&(n as u32).to_le_bytes());
}

#[derive(Clone, Copy)]
struct Writer {
    has_height: bool,
}

type Write = fn(Writer, &Coordinates, &mut Vec<u8>) -> Result<(), GeometryError>;

impl Writer {
    fn position(self, at: &Coordinates, wkb: &mut Vec<u8>) -> Result<(), GeometryError> {
        let Coordinates::Position { xyz, n_ordinates: 2.. } = at else {
            return Err(GeometryError::Truncated);
        };
        for ordinate in &xyz[..if self.has_height { 3 } else { 2 }] {
            wkb.extend_from_slice(&ordinate.to_le_bytes());
        }
        Ok(())
    }

    fn path(self, path: &Coordinates, wkb: &mut Vec<u8>) -> Result<(), GeometryError> {
        let positions = path.parts()?;
        count(positions.len(), wkb);
        positions.iter().try_for_each(|it| self.position(it, wkb))
    }

    fn point(self, at: &Coordinates, wkb: &mut Vec<u8>) -> Result<(), GeometryError> {
        begin(1, self.has_height, wkb);
        self.position(at, wkb)
    }

    fn line(self, path: &Coordinates, wkb: &mut Vec<u8>) -> Result<(), GeometryError> {
        begin(2, self.has_height, wkb);
        self.path(path, wkb)
    }

    fn polygon(self, rings: &Coordinates, wkb: &mut Vec<u8>) -> Result<(), GeometryError> {
        begin(3, self.has_height, wkb);
        let rings = rings.parts()?;
        count(rings.len(), wkb);
        rings.iter().try_for_each(|it| self.path(it, wkb))
    }

    fn many(
        self,
        base: u32,
        parts: &Coordinates,
        wkb: &mut Vec<u8>,
        write: Write,
    ) -> Result<(), GeometryError> {
        begin(base, self.has_height, wkb);
        let parts = parts.parts()?;
        count(parts.len(), wkb);
        parts.iter().try_for_each(|it| write(self, it, wkb))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use faltkarta_geo::GeometryKind;

    fn read(json: &str) -> Result<Option<Geometry>, GeometryError> {
        serde_json::from_str::<Shapes>(json).unwrap().into_geometry()
    }

    #[test]
    fn parts_of_a_plan_become_one_multipolygon() {
        let part = |e: u32| {
            format!(
                r#"{{"geometri":{{"typ":"yta","position":{{"coordinates":[[[{e},0],[{e},1],[9,9],[{e},0]]],"type":"Polygon"}}}}}}"#
            )
        };
        let plan = read(&format!("[{},{}]", part(1), part(2))).unwrap().unwrap();
        assert_eq!(plan.kind(), GeometryKind::Polygon);
        assert_eq!(plan.wkb()[1], 6);
        assert_eq!(read(&format!("[{}]", part(1))).unwrap().unwrap().wkb()[1], 3);
    }

    #[test]
    fn height_is_kept_when_all_positions_have_one() {
        let line =
            read(r#"{"type":"LineString","coordinates":[[1,2,3],[4,5,6]]}"#).unwrap().unwrap();
        assert_eq!(line.wkb()[1..5], 1002u32.to_le_bytes());
        let line = read(r#"{"type":"LineString","coordinates":[[1,2,3],[4,5]]}"#).unwrap().unwrap();
        assert_eq!(line.wkb()[1..5], 2u32.to_le_bytes());
    }

    #[test]
    fn lists_of_the_wrong_depth_and_unknown_types_are_told() {
        for json in [
            r#"{"type":"Polygon","coordinates":[[1,2],[3,4]]}"#,
            r#"{"type":"Point","coordinates":[1]}"#,
            r#"{"type":"Circle","coordinates":[1,2]}"#,
        ] {
            assert!(read(json).is_err(), "{json}");
        }
        assert_eq!(read(r#"{"type":"Polygon","coordinates":[]}"#), Ok(None));
        assert_eq!(read("null"), Ok(None));
    }
}
