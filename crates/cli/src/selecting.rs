//! What lies inside a polygon or along a corridor.

use std::ops::ControlFlow;
use std::path::Path;

use faltkarta_app::{
    AppError, FIGURE_VERTICES_MAX, Field, Figure, NoAnswer, Relation, SelectFrom, SelectedRow,
    Selection,
};
use faltkarta_formats::{DeclaredCrs, Delivery, FormatError, Placement};
use faltkarta_geo::{Geometry, GeometryKind, GridSystem};
use faltkarta_machine::now;
use geo_types::{Geometry as Types, MultiPolygon};
use serde_json::json;

use crate::arguments::SelectArguments;
use crate::coordinator::dataset_id;
use crate::failure::Failure;
use crate::say::Voice;

/// Beyond this a file holds more vertices than a selection may have, and is not read.
const FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;

pub(crate) fn select(field: &Field, wanted: &SelectArguments, voice: Voice) -> Result<(), Failure> {
    let figure = match (&wanted.polygon, &wanted.corridor) {
        (Some(polygon), _) => {
            Figure::Polygon { area: polygon_of(polygon, field.grid())?, within_m: wanted.within }
        }
        (None, Some(path)) => Figure::Corridor {
            line: corridor_of(path)?,
            reach_m: wanted.width.unwrap_or_default() / 2.0,
        },
        (None, None) => return Err(input("a polygon or a corridor")),
    };
    let datasets = wanted.dataset.iter().map(|it| dataset_id(it)).collect::<Result<_, _>>()?;
    let selection = field.select(&figure, &SelectFrom { datasets, filters: vec![] }, now())?;
    voice.answer(&document(&selection), || in_words(&selection));
    Ok(())
}

fn document(selection: &Selection) -> serde_json::Value {
    json!({
        "format": "faltkarta.select/1",
        "features": selection.rows.iter().map(row).collect::<Vec<_>>(),
        "missing_or_old": selection.missing_or_old.iter().map(|it| json!({
            "dataset": it.dataset.as_str(), "reason": it.reason.as_str(),
            "data_date": it.data_date,
        })).collect::<Vec<_>>(),
    })
}

fn row(row: &SelectedRow) -> serde_json::Value {
    json!({
        "dataset": row.feature.dataset.as_str(), "id": row.feature.id, "label": row.label,
        "relation": row.relation.as_str(), "share": row.share, "distance_m": row.distance_m,
        "source": row.publisher, "data_date": row.data_date, "old": row.is_old,
    })
}

fn in_words(selection: &Selection) -> Vec<String> {
    let mut lines: Vec<String> = selection
        .rows
        .iter()
        .map(|it| {
            let date = it.data_date.as_deref().unwrap_or("–");
            let lies = match (it.relation, it.share) {
                (Relation::Inside, _) => "hela".to_owned(),
                (Relation::Partly, Some(share)) if share < 0.01 => "delvis, < 1 %".to_owned(),
                (Relation::Partly, Some(share)) => format!("delvis, {:.0} %", share * 100.0),
                (Relation::Partly, None) => "delvis".to_owned(),
                (Relation::Within, _) => "nära".to_owned(),
            };
            format!(
                "{:<20} {:<40} {lies:<14} {:>8.2} m  {} · data {date}",
                it.kind.sv, it.label, it.distance_m, it.publisher
            )
        })
        .collect();
    if lines.is_empty() {
        lines.push("Ingen träff i lagrade lager.".to_owned());
    }
    for it in &selection.missing_or_old {
        let why = match it.reason {
            NoAnswer::Missing => "lagret saknas här",
            NoAnswer::Locked => "nyckeln har gått ut",
            NoAnswer::Outside => "platsen ligger utanför arbetsområdet",
            NoAnswer::Old | NoAnswer::OutdatedRules => "lagret är gammalt",
        };
        lines.push(format!("Utan säkert svar: {}: {why}", it.title.sv));
    }
    lines
}

/// A polygon from a file, or from `E,N E,N …` on the store's grid.
fn polygon_of(text: &str, grid: GridSystem) -> Result<Geometry, Failure> {
    let path = Path::new(text);
    if path.extension().is_some() && !text.contains(' ') {
        return polygon_in(path, grid);
    }
    Ok(Geometry::polygon_of(&places(text)?))
}

fn corridor_of(text: &str) -> Result<Geometry, Failure> {
    let path = places(text)?;
    Ok(match path[..] {
        [(e_m, n_m)] => Geometry::point(e_m, n_m),
        _ => Geometry::line_of(&path),
    })
}

fn places(text: &str) -> Result<Vec<(f64, f64)>, Failure> {
    if text.split_whitespace().count() > FIGURE_VERTICES_MAX {
        return Err(AppError::SelectionTooLarge { what: "vertices" }.into());
    }
    let place = |it: &str| {
        let (e_m, n_m) = it.split_once(',')?;
        Some((e_m.parse().ok()?, n_m.parse().ok()?))
    };
    let path: Option<Vec<(f64, f64)>> = text.split_whitespace().map(place).collect();
    path.filter(|it| !it.is_empty())
        .ok_or_else(|| input("places as easting,northing with spaces between: \"E,N E,N …\""))
}

/// All polygons of a file, in whatever system it is.
fn polygon_in(path: &Path, grid: GridSystem) -> Result<Geometry, Failure> {
    let file = std::fs::metadata(path)
        .map_err(|source| Failure::File { path: path.to_owned(), source })?;
    if file.len() > FILE_BYTES_MAX {
        return Err(AppError::SelectionTooLarge { what: "vertices" }.into());
    }
    let refused = |error: FormatError| input(&error.to_string());
    let delivery: Delivery = faltkarta_formats::open(path).map_err(refused)?;
    let mut polygons: Vec<(usize, Geometry)> = vec![];
    for layer in 0..delivery.layers().len() {
        let keep = &mut |row: &mut faltkarta_formats::RawRow| {
            if let Ok(Some(shape)) = &row.geometry {
                polygons.push((layer, shape.clone()));
            }
            ControlFlow::Continue(())
        };
        delivery.for_each_row(layer, &[], keep).map_err(refused)?;
    }
    let mut all = vec![];
    for (layer, shape) in polygons {
        if shape.kind() != GeometryKind::Polygon {
            return Err(input("the file holds something else than polygons"));
        }
        let declared = match &delivery.layers()[layer].crs {
            DeclaredCrs::Epsg(epsg) => Some(*epsg),
            DeclaredCrs::None => None,
            DeclaredCrs::Unknown { text } => return Err(input(text)),
        };
        let mut sample = vec![];
        shape.for_each_xy(|x, y| sample.push((x, y)));
        let placement =
            Placement::detect(declared, &sample).map_err(|it| input(&it.to_string()))?;
        match shape.map_xy(|x, y| placement.to_grid(grid, x, y)).to_types() {
            Types::Polygon(one) => all.push(one),
            Types::MultiPolygon(several) => all.extend(several.0),
            _ => {}
        }
    }
    Ok(Geometry::from_types(&MultiPolygon(all).into()))
}

fn input(what: &str) -> Failure {
    Failure::Input { what: what.to_owned() }
}
