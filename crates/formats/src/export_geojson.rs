use std::io::{BufWriter, Write};
use std::path::Path;

use faltkarta_geo::{Geometry, GridSystem};
use faltkarta_model::{Dataset, Feature, Value};
use geo_types::{Coord, Geometry as Types, LineString, Polygon};
use serde_json::{Map, Value as Json, json};

use crate::error::FormatError;
use crate::export::{Features, begin, finish};

/// A tenth of a millimetre on the ground.
const DECIMALS: f64 = 1e9;

/// Writes `GeoJSON` as RFC 7946 has it: longitude and latitude on WGS 84 with nine decimals, outlines against the
/// clock, no heights (ours are RH 2000, the standard's are above the ellipsoid). Returns how many were written.
///
/// # Errors
///
/// [`FormatError`] when the file cannot be written; an old one is left as it was.
pub fn write_geojson(
    path: &Path,
    dataset: &Dataset,
    grid: GridSystem,
    features: Features<'_>,
) -> Result<u64, FormatError> {
    let doing = FormatError::io("writing the GeoJSON");
    let temporary = begin(path)?;
    let mut out = BufWriter::with_capacity(256 * 1024, temporary.as_file());
    write!(out, "{{\"type\":\"FeatureCollection\",\"name\":\"{}\",\"features\":[", dataset.id)
        .map_err(&doing)?;
    let mut n_written = 0;
    for feature in features {
        out.write_all(if n_written == 0 { b"\n" } else { b",\n" }).map_err(&doing)?;
        let line = to_json(&feature, dataset, grid);
        serde_json::to_writer(&mut out, &line).map_err(|error| doing(error.into()))?;
        n_written += 1;
    }
    out.write_all(b"\n]}\n").map_err(&doing)?;
    out.flush().map_err(&doing)?;
    drop(out);
    finish(temporary, path)?;
    Ok(n_written)
}

fn to_json(feature: &Feature, dataset: &Dataset, grid: GridSystem) -> Json {
    let properties: Map<String, Json> = dataset
        .fields
        .iter()
        .map(|field| {
            let value = match feature.value(field.id.as_str()) {
                Value::Geometry(geometry) => to_shape(geometry, grid),
                other => serde_json::to_value(other).unwrap_or(Json::Null),
            };
            (field.id.as_str().to_owned(), value)
        })
        .collect();
    json!({
        "type": "Feature",
        "id": feature.id.to_string(),
        "geometry": feature.geometry.as_ref().map_or(Json::Null, |it| to_shape(it, grid)),
        "properties": properties,
    })
}

fn to_shape(geometry: &Geometry, grid: GridSystem) -> Json {
    shape(&geometry.map_xy(|e_m, n_m| grid.inverse_deg(e_m, n_m)).to_types())
}

fn shape(of: &Types<f64>) -> Json {
    let typed = |kind: &str, coordinates: Json| json!({"type": kind, "coordinates": coordinates});
    match of {
        Types::Point(at) => typed("Point", position(at.0)),
        Types::MultiPoint(points) => {
            typed("MultiPoint", points.0.iter().map(|it| position(it.0)).collect())
        }
        Types::LineString(line) => typed("LineString", path(line)),
        Types::MultiLineString(lines) => {
            typed("MultiLineString", lines.0.iter().map(path).collect())
        }
        Types::Polygon(polygon) => typed("Polygon", rings(polygon)),
        Types::MultiPolygon(polygons) => {
            typed("MultiPolygon", polygons.0.iter().map(rings).collect())
        }
        Types::GeometryCollection(parts) => {
            json!({"type": "GeometryCollection", "geometries": parts.0.iter().map(shape).collect::<Vec<_>>()})
        }
        Types::Line(line) => typed("LineString", path(&LineString(vec![line.start, line.end]))),
        Types::Rect(rect) => typed("Polygon", rings(&rect.to_polygon())),
        Types::Triangle(triangle) => typed("Polygon", rings(&triangle.to_polygon())),
    }
}

fn position(at: Coord<f64>) -> Json {
    let rounded = |it: f64| (it * DECIMALS).round() / DECIMALS;
    json!([rounded(at.x), rounded(at.y)])
}

fn path(line: &LineString<f64>) -> Json {
    line.0.iter().map(|it| position(*it)).collect()
}

fn rings(polygon: &Polygon<f64>) -> Json {
    let outer = turned(polygon.exterior(), true);
    let holes = polygon.interiors().iter().map(|it| turned(it, false));
    std::iter::once(outer).filter(|it| !it.0.is_empty()).chain(holes).map(|it| path(&it)).collect()
}

/// The ring against the clock, or with it.
fn turned(ring: &LineString<f64>, against_clock: bool) -> LineString<f64> {
    let Some(origin) = ring.0.first() else { return ring.clone() };
    let twice_area: f64 = ring
        .lines()
        .map(|it| {
            (it.start.x - origin.x) * (it.end.y - origin.y)
                - (it.end.x - origin.x) * (it.start.y - origin.y)
        })
        .sum();
    let mut ring = ring.clone();
    if (twice_area > 0.0) != against_clock {
        ring.0.reverse();
    }
    ring
}
