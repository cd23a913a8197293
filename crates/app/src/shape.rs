//! Shapes for the screen: GeoJSON in degrees, and a point that lies on the thing.

use std::fmt::Write as _;

use faltkarta_geo::{Geometry, GridSystem};
use geo_types::{Coord, Geometry as Types, LineString, Polygon};

/// A geometry on the grid as GeoJSON geometry text in WGS 84, eight decimals (a millimetre).
pub fn to_geojson(geometry: &Geometry, grid: GridSystem) -> String {
    let mut out = String::new();
    write(&geometry.to_types(), grid, &mut out);
    out
}

/// Easting and northing of a point on the thing: the point itself, the middle of a line, or a point inside the
/// first polygon.
pub fn point_on(geometry: &Geometry) -> Option<(f64, f64)> {
    on(&geometry.to_types())
}

fn on(shape: &Types<f64>) -> Option<(f64, f64)> {
    match shape {
        Types::Point(at) => Some((at.x(), at.y())),
        Types::MultiPoint(points) => points.0.first().map(|it| (it.x(), it.y())),
        Types::LineString(line) => middle_of(line),
        Types::MultiLineString(lines) => lines.0.iter().find_map(middle_of),
        Types::Polygon(polygon) => inside(polygon),
        Types::MultiPolygon(polygons) => polygons.0.iter().find_map(inside),
        Types::GeometryCollection(parts) => parts.0.iter().find_map(on),
        _ => None,
    }
}

fn middle_of(line: &LineString<f64>) -> Option<(f64, f64)> {
    let whole_m: f64 = line.lines().map(|it| it.dx().hypot(it.dy())).sum();
    let mut left_m = whole_m / 2.0;
    for piece in line.lines() {
        let piece_m = piece.dx().hypot(piece.dy());
        if piece_m >= left_m && piece_m > 0.0 {
            let t = left_m / piece_m;
            return Some((piece.start.x + t * piece.dx(), piece.start.y + t * piece.dy()));
        }
        left_m -= piece_m;
    }
    line.0.first().map(|it| (it.x, it.y))
}

/// The middle of the widest run inside, on the line halfway up.
fn inside(polygon: &Polygon<f64>) -> Option<(f64, f64)> {
    let ys = || polygon.exterior().0.iter().map(|it| it.y);
    let y =
        f64::midpoint(ys().fold(f64::INFINITY, f64::min), ys().fold(f64::NEG_INFINITY, f64::max));
    let mut crossings: Vec<f64> = vec![];
    for ring in std::iter::once(polygon.exterior()).chain(polygon.interiors()) {
        for line in ring.lines() {
            if (line.start.y > y) != (line.end.y > y) {
                crossings.push(line.start.x + (y - line.start.y) * line.dx() / line.dy());
            }
        }
    }
    crossings.sort_by(f64::total_cmp);
    let widest = crossings
        .chunks_exact(2)
        .max_by(|a, b| (a[1] - a[0]).total_cmp(&(b[1] - b[0])))
        .map(|it| (f64::midpoint(it[0], it[1]), y));
    widest.or_else(|| polygon.exterior().0.first().map(|it| (it.x, it.y)))
}

fn write(shape: &Types<f64>, grid: GridSystem, out: &mut String) {
    let kind = match shape {
        Types::Point(_) => "Point",
        Types::MultiPoint(_) => "MultiPoint",
        Types::LineString(_) => "LineString",
        Types::MultiLineString(_) => "MultiLineString",
        Types::Polygon(_) => "Polygon",
        Types::MultiPolygon(_) => "MultiPolygon",
        _ => "GeometryCollection",
    };
    let key = if kind == "GeometryCollection" { "geometries" } else { "coordinates" };
    // Writing to a string cannot fail, here and below.
    let _ = write!(out, "{{\"type\":\"{kind}\",\"{key}\":");
    match shape {
        Types::Point(at) => coord(at.0, grid, out),
        Types::MultiPoint(points) => list(&points.0, out, |it, out| coord(it.0, grid, out)),
        Types::LineString(line) => path(line, grid, out),
        Types::MultiLineString(lines) => list(&lines.0, out, |it, out| path(it, grid, out)),
        Types::Polygon(polygon) => rings(polygon, grid, out),
        Types::MultiPolygon(polygons) => list(&polygons.0, out, |it, out| rings(it, grid, out)),
        Types::GeometryCollection(parts) => list(&parts.0, out, |it, out| write(it, grid, out)),
        _ => out.push_str("[]"),
    }
    out.push('}');
}

fn list<T>(items: &[T], out: &mut String, mut see: impl FnMut(&T, &mut String)) {
    out.push('[');
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        see(item, out);
    }
    out.push(']');
}

fn coord(at: Coord<f64>, grid: GridSystem, out: &mut String) {
    let (lon_deg, lat_deg) = grid.inverse_deg(at.x, at.y);
    let _ = write!(out, "[{lon_deg:.8},{lat_deg:.8}]");
}

fn path(line: &LineString<f64>, grid: GridSystem, out: &mut String) {
    list(&line.0, out, |it, out| coord(*it, grid, out));
}

fn rings(polygon: &Polygon<f64>, grid: GridSystem, out: &mut String) {
    let all: Vec<&LineString<f64>> =
        std::iter::once(polygon.exterior()).chain(polygon.interiors()).collect();
    list(&all, out, |it, out| path(it, grid, out));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> GridSystem {
        GridSystem::from_epsg(3009).unwrap()
    }

    #[test]
    fn the_point_of_a_horseshoe_lies_on_it() {
        let shoe = Types::Polygon(Polygon::new(
            LineString::from(vec![
                (0.0, 0.0),
                (30.0, 0.0),
                (30.0, 30.0),
                (20.0, 30.0),
                (20.0, 10.0),
                (5.0, 10.0),
                (5.0, 30.0),
                (0.0, 30.0),
                (0.0, 0.0),
            ]),
            vec![],
        ));
        assert_eq!(point_on(&Geometry::from_types(&shoe)), Some((25.0, 15.0)));
    }

    #[test]
    fn the_point_of_a_line_is_half_way_along_it() {
        let line = Types::LineString(LineString::from(vec![(0.0, 0.0), (10.0, 0.0), (10.0, 30.0)]));
        assert_eq!(point_on(&Geometry::from_types(&line)), Some((10.0, 10.0)));
    }

    #[test]
    fn geojson_has_longitude_first() {
        let text = to_geojson(&Geometry::point(162_914.167, 6_608_920.569), grid());
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["type"], "Point");
        // Lindesberg station, the control point of the coordinate tests.
        assert!((read["coordinates"][0].as_f64().unwrap() - 15.23).abs() < 0.01);
        assert!((read["coordinates"][1].as_f64().unwrap() - 59.59).abs() < 0.01);
    }

    #[test]
    fn holes_and_parts_are_kept_in_geojson() {
        let ring = LineString::from(vec![(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 0.0)]);
        let polygon = Polygon::new(ring.clone(), vec![ring]);
        let shape = Types::MultiPolygon(geo_types::MultiPolygon(vec![polygon.clone(), polygon]));
        let read: serde_json::Value =
            serde_json::from_str(&to_geojson(&Geometry::from_types(&shape), grid())).unwrap();
        assert_eq!(read["coordinates"].as_array().unwrap().len(), 2);
        assert_eq!(read["coordinates"][0].as_array().unwrap().len(), 2);
    }
}
