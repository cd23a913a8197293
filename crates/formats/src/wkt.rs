//! Geometry as text, for tables. In the plane, first ordinate (easting) first.

use std::fmt::Write as _;

use faltkarta_geo::Geometry;
use geo_types::{Coord, Geometry as Types, LineString, Polygon};

/// Writes well-known text; numbers as short as they can be read back.
pub(crate) fn to_wkt(geometry: &Geometry) -> String {
    let mut text = String::new();
    write(&geometry.to_types(), &mut text);
    text
}

fn write(shape: &Types<f64>, text: &mut String) {
    match shape {
        Types::Point(at) => tagged("POINT", [at.0], text, coord),
        Types::LineString(path) => tagged("LINESTRING", &path.0, text, |it, text| coord(*it, text)),
        Types::Polygon(polygon) => tagged("POLYGON", rings(polygon), text, ring),
        Types::MultiPoint(points) => {
            tagged("MULTIPOINT", &points.0, text, |it, text| listed([it.0], text, coord));
        }
        Types::MultiLineString(paths) => tagged("MULTILINESTRING", &paths.0, text, ring),
        Types::MultiPolygon(polygons) => {
            tagged("MULTIPOLYGON", &polygons.0, text, |it, text| listed(rings(it), text, ring));
        }
        Types::GeometryCollection(parts) => tagged("GEOMETRYCOLLECTION", &parts.0, text, write),
        Types::Line(line) => tagged("LINESTRING", [line.start, line.end], text, coord),
        Types::Rect(rect) => write(&Types::Polygon(rect.to_polygon()), text),
        Types::Triangle(triangle) => write(&Types::Polygon(triangle.to_polygon()), text),
    }
}

fn rings(polygon: &Polygon<f64>) -> Vec<&LineString<f64>> {
    let is_empty = polygon.exterior().0.is_empty();
    let outer = (!is_empty).then(|| polygon.exterior());
    outer.into_iter().chain(polygon.interiors()).collect()
}

fn ring(path: &LineString<f64>, text: &mut String) {
    listed(&path.0, text, |it, text| coord(*it, text));
}

fn coord(at: Coord<f64>, text: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{} {}", at.x, at.y);
}

fn tagged<T>(
    tag: &str,
    items: impl IntoIterator<Item = T>,
    text: &mut String,
    each: impl Fn(T, &mut String),
) {
    text.push_str(tag);
    text.push(' ');
    let mut items = items.into_iter().peekable();
    if items.peek().is_none() {
        text.push_str("EMPTY");
    } else {
        listed(items, text, each);
    }
}

fn listed<T>(items: impl IntoIterator<Item = T>, text: &mut String, each: impl Fn(T, &mut String)) {
    text.push('(');
    for (idx, item) in items.into_iter().enumerate() {
        if idx > 0 {
            text.push(',');
        }
        each(item, text);
    }
    text.push(')');
}

#[cfg(test)]
mod tests {
    use super::*;
    use geo_types::{GeometryCollection, MultiPoint, MultiPolygon, Point};

    #[test]
    fn shapes_are_written_easting_first() {
        let triangle = Polygon::new(
            LineString::from(vec![(0.0, 0.0), (1.5, 0.0), (0.0, 1.0), (0.0, 0.0)]),
            vec![],
        );
        for (shape, text) in [
            (Types::Point(Point::new(162_914.167, 6_608_920.5)), "POINT (162914.167 6608920.5)"),
            (Types::MultiPoint(MultiPoint(vec![Point::new(1.0, 2.0)])), "MULTIPOINT ((1 2))"),
            (
                Types::MultiPolygon(MultiPolygon(vec![triangle])),
                "MULTIPOLYGON (((0 0,1.5 0,0 1,0 0)))",
            ),
            (Types::GeometryCollection(GeometryCollection(vec![])), "GEOMETRYCOLLECTION EMPTY"),
        ] {
            assert_eq!(to_wkt(&Geometry::from_types(&shape)), text);
        }
    }
}
