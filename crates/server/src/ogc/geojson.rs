use std::fmt::Write as _;

use faltkarta_geo::{Geometry, GridSystem};
use faltkarta_model::{Dataset, Feature, Field, Properties, Value};
use geo::geometry::{
    Coord, Geometry as Shape, GeometryCollection, LineString, MultiLineString, MultiPoint,
    MultiPolygon, Point, Polygon,
};
use serde_json::Value as Json;

use crate::judging::convert;
use crate::ogc::crs::PublicCrs;
use crate::ogc::problem::Problem;

/// The deepest nesting of collections that is taken.
const DEPTH_MAX: usize = 4;
/// The most vertices that a geometry may have that comes from outside.
const VERTICES_MAX: usize = 200_000;

/// How coordinates are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame {
    /// The grid that the store keeps them on.
    pub(crate) store: GridSystem,
    /// The system that is asked for.
    pub(crate) crs: PublicCrs,
}

/// The value of a field as it is shown: of its declared type. One that cannot be is shown as null and stays stored.
pub(crate) fn shown(field: &Field, properties: &Properties) -> Value {
    let value = properties.get(&field.id).unwrap_or(&Value::Null);
    convert(value, field.field_type).unwrap_or(Value::Null)
}

/// Writes a feature; `links` is a JSON array or empty.
pub(crate) fn write_feature(
    out: &mut String,
    (feature, dataset): (&Feature, &Dataset),
    frame: Frame,
    links: &str,
) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{{\"type\":\"Feature\",\"id\":\"{}\",\"geometry\":", feature.id);
    match &feature.geometry {
        Some(geometry) => {
            let begun = out.len();
            write_geometry(out, &geometry.to_types(), frame);
            // What was delivered at the end of the world has no place in most systems.
            if out[begun..].contains("NaN") || out[begun..].contains("inf") {
                out.truncate(begun);
                out.push_str("null");
            }
        }
        None => out.push_str("null"),
    }
    out.push_str(",\"properties\":{");
    for (n, field) in dataset.fields.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        let value = serde_json::to_string(&shown(field, &feature.properties)).unwrap_or_default();
        let _ = write!(out, "\"{}\":{value}", field.id);
    }
    out.push('}');
    if !links.is_empty() {
        let _ = write!(out, ",\"links\":{links}");
    }
    out.push('}');
}

/// Writes a shape that lies on the store's grid.
pub(crate) fn write_geometry(out: &mut String, shape: &Shape<f64>, frame: Frame) {
    if let Shape::GeometryCollection(parts) = shape {
        out.push_str("{\"type\":\"GeometryCollection\",\"geometries\":[");
        list(out, &parts.0, |out, part| write_geometry(out, part, frame));
        out.push_str("]}");
        return;
    }
    let name = match shape {
        Shape::Point(_) => "Point",
        Shape::LineString(_) | Shape::Line(_) => "LineString",
        Shape::MultiPoint(_) => "MultiPoint",
        Shape::MultiLineString(_) => "MultiLineString",
        Shape::MultiPolygon(_) => "MultiPolygon",
        _ => "Polygon",
    };
    let _ = write!(out, "{{\"type\":\"{name}\",\"coordinates\":");
    match shape {
        Shape::Point(at) => position(out, at.0, frame),
        Shape::LineString(line) => path(out, line, frame),
        Shape::Polygon(area) => rings(out, area, frame),
        Shape::MultiPoint(points) => {
            out.push('[');
            list(out, &points.0, |out, at| position(out, at.0, frame));
            out.push(']');
        }
        Shape::MultiLineString(lines) => {
            out.push('[');
            list(out, &lines.0, |out, line| path(out, line, frame));
            out.push(']');
        }
        Shape::MultiPolygon(areas) => {
            out.push('[');
            list(out, &areas.0, |out, area| rings(out, area, frame));
            out.push(']');
        }
        // The store keeps none of the other shapes.
        _ => out.push_str("[]"),
    }
    out.push('}');
}

fn list<T>(out: &mut String, items: &[T], mut each: impl FnMut(&mut String, &T)) {
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        each(out, item);
    }
}

fn position(out: &mut String, at: Coord<f64>, frame: Frame) {
    let (first, second) = frame.crs.written(frame.store, at.x, at.y);
    let _ = write!(out, "[{first},{second}]");
}

fn path(out: &mut String, line: &LineString<f64>, frame: Frame) {
    out.push('[');
    list(out, &line.0, |out, at| position(out, *at, frame));
    out.push(']');
}

fn rings(out: &mut String, area: &Polygon<f64>, frame: Frame) {
    out.push('[');
    if !area.exterior().0.is_empty() {
        path(out, area.exterior(), frame);
        for hole in area.interiors() {
            out.push(',');
            path(out, hole, frame);
        }
    }
    out.push(']');
}

/// Reads a geometry into the store's grid.
pub(crate) fn read_geometry(json: &Json, frame: Frame) -> Result<Geometry, Problem> {
    let mut n_left = VERTICES_MAX;
    let shape = Reading { frame, n_left: &mut n_left }.shape(json, 0)?;
    Ok(Geometry::from_types(&shape))
}

struct Reading<'a> {
    frame: Frame,
    n_left: &'a mut usize,
}

impl Reading<'_> {
    fn shape(&mut self, json: &Json, depth: usize) -> Result<Shape<f64>, Problem> {
        let name = json.get("type").and_then(Json::as_str).unwrap_or_default();
        if name == "GeometryCollection" {
            let parts = json.get("geometries").and_then(Json::as_array);
            let Some(parts) = parts.filter(|_| depth < DEPTH_MAX) else {
                return Err(bent("a GeometryCollection has geometries, and not without end"));
            };
            let parts = parts.iter().map(|it| self.shape(it, depth + 1));
            return Ok(Shape::GeometryCollection(GeometryCollection(
                parts.collect::<Result<_, _>>()?,
            )));
        }
        let at = json.get("coordinates").ok_or_else(|| bent("it has no coordinates"))?;
        Ok(match name {
            "Point" => Shape::Point(Point(self.position(at)?)),
            "LineString" => Shape::LineString(self.line(at)?),
            "Polygon" => Shape::Polygon(self.area(at)?),
            "MultiPoint" => Shape::MultiPoint(MultiPoint(
                items(at)?.map(|it| self.position(it).map(Point)).collect::<Result<_, _>>()?,
            )),
            "MultiLineString" => Shape::MultiLineString(MultiLineString(
                items(at)?.map(|it| self.line(it)).collect::<Result<_, _>>()?,
            )),
            "MultiPolygon" => Shape::MultiPolygon(MultiPolygon(
                items(at)?.map(|it| self.area(it)).collect::<Result<_, _>>()?,
            )),
            _ => return Err(bent("its type is none of GeoJSON")),
        })
    }

    fn position(&mut self, json: &Json) -> Result<Coord<f64>, Problem> {
        let numbers: Option<Vec<f64>> = items(json)?.map(Json::as_f64).collect();
        let Some([first, second, ..]) = numbers.as_deref().filter(|it| it.len() <= 4) else {
            return Err(bent("a position is two to four numbers"));
        };
        *self.n_left = self
            .n_left
            .checked_sub(1)
            .ok_or_else(|| Problem::new("too_large", "the geometry has too many vertices"))?;
        let place = self.frame.crs.read(self.frame.store, (*first, *second));
        let (x, y) = place.ok_or_else(|| {
            let detail = "a position lies outside Sweden in its reference system; is the order of its ordinates right?";
            Problem::about("bad_coordinates", "geometry", detail)
        })?;
        Ok(Coord { x, y })
    }

    fn line(&mut self, json: &Json) -> Result<LineString<f64>, Problem> {
        let line: Vec<_> = items(json)?.map(|it| self.position(it)).collect::<Result<_, _>>()?;
        if line.len() < 2 {
            return Err(bent("a line has two positions or more"));
        }
        Ok(LineString(line))
    }

    fn area(&mut self, json: &Json) -> Result<Polygon<f64>, Problem> {
        let mut rings = items(json)?.map(|it| {
            let ring = self.line(it)?;
            if ring.0.len() < 4 || ring.0.first() != ring.0.last() {
                return Err(bent("a ring has four positions or more, and its last is its first"));
            }
            Ok(ring)
        });
        let outer = rings.next().ok_or_else(|| bent("a polygon has a ring"))??;
        Ok(Polygon::new(outer, rings.collect::<Result<_, _>>()?))
    }
}

fn bent(detail: &str) -> Problem {
    Problem::about("wrong_geometry", "geometry", format!("geometry: {detail}"))
}

fn items(json: &Json) -> Result<std::slice::Iter<'_, Json>, Problem> {
    json.as_array()
        .map(|it| it.iter())
        .ok_or_else(|| bent("its coordinates are not nested as its type asks"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FRAME: Frame =
        Frame { store: GridSystem::ZONE_15_00, crs: PublicCrs::Grid(GridSystem::ZONE_15_00) };

    #[test]
    fn every_shape_is_written_as_it_was_read() {
        let ring = json!([[6.6e6, 1.5e5], [6.6e6, 1.6e5], [6.61e6, 1.6e5], [6.6e6, 1.5e5]]);
        for shape in [
            json!({"type": "Point", "coordinates": [6608920.569, 162914.167]}),
            json!({"type": "LineString", "coordinates": [[6.6e6, 1.5e5], [6.61e6, 1.5e5]]}),
            json!({"type": "Polygon", "coordinates": [ring]}),
            json!({"type": "MultiPoint", "coordinates": [[6.6e6, 1.5e5]]}),
            json!({"type": "MultiLineString", "coordinates": [[[6.6e6, 1.5e5], [6.61e6, 1.5e5]]]}),
            json!({"type": "MultiPolygon", "coordinates": [[ring]]}),
            json!({"type": "GeometryCollection", "geometries": [
                {"type": "Point", "coordinates": [6.6e6, 1.5e5]}]}),
        ] {
            let mut text = String::new();
            write_geometry(&mut text, &read_geometry(&shape, FRAME).unwrap().to_types(), FRAME);
            let read: Json = serde_json::from_str(&text).unwrap();
            assert_eq!(numbers(&read), numbers(&shape));
            assert_eq!(read["type"], shape["type"]);
        }
    }

    fn numbers(json: &Json) -> Vec<f64> {
        match json {
            Json::Number(it) => it.as_f64().into_iter().collect(),
            Json::Array(it) => it.iter().flat_map(numbers).collect(),
            Json::Object(it) => it.values().flat_map(numbers).collect(),
            _ => vec![],
        }
    }

    #[test]
    fn a_bent_shape_is_refused_with_its_reason() {
        let deep = (0..9).fold(
            json!({"type": "Point", "coordinates": [6.6e6, 1.5e5]}),
            |it, _| json!({"type": "GeometryCollection", "geometries": [it]}),
        );
        for (shape, code) in [
            (json!({"type": "Point"}), "wrong_geometry"),
            (json!({"type": "Circle", "coordinates": []}), "wrong_geometry"),
            (json!({"type": "Point", "coordinates": []}), "wrong_geometry"),
            (json!({"type": "Point", "coordinates": ["a", "b"]}), "wrong_geometry"),
            (json!({"type": "Point", "coordinates": [[1, 2]]}), "wrong_geometry"),
            (json!({"type": "LineString", "coordinates": [[6.6e6, 1.5e5]]}), "wrong_geometry"),
            (json!({"type": "Polygon", "coordinates": []}), "wrong_geometry"),
            (json!({"type": "Point", "coordinates": [162914.0, 6608920.0]}), "bad_coordinates"),
            (deep, "wrong_geometry"),
            (json!(7), "wrong_geometry"),
        ] {
            assert_eq!(read_geometry(&shape, FRAME).unwrap_err().code, code, "{shape}");
        }
    }
}
