use std::io::{BufWriter, Write as _};
use std::path::Path;

use faltkarta_geo::{Geometry, GeometryKind};
use faltkarta_model::Dataset;

use crate::error::FormatError;
use crate::export::{Features, begin, finish};
use crate::wkt::to_wkt;

/// Writes separated values: UTF-8, semicolons, decimal points. Columns: `id`, one for each field, `e` and `n` (metres
/// on the store's grid, points only), `wkt` (easting before northing, in the plane). Returns how many were written.
///
/// # Errors
///
/// [`FormatError`] when the file cannot be written; an old one is left as it was.
pub fn write_csv(
    path: &Path,
    dataset: &Dataset,
    features: Features<'_>,
) -> Result<u64, FormatError> {
    let doing = FormatError::io("writing the table");
    let temporary = begin(path)?;
    let mut table =
        csv::WriterBuilder::new().delimiter(b';').from_writer(BufWriter::new(temporary.as_file()));
    let failed = |error: csv::Error| match error.into_kind() {
        csv::ErrorKind::Io(source) => FormatError::io("writing the table")(source),
        other => FormatError::MalformedFile {
            place: "a line of the table".to_owned(),
            text: format!("{other:?}"),
        },
    };
    let names = dataset.fields.iter().map(|it| it.id.as_str());
    table
        .write_record(std::iter::once("id").chain(names).chain(["e", "n", "wkt"]))
        .map_err(failed)?;
    let mut n_written = 0;
    for feature in features {
        let mut cells = vec![feature.id.to_string()];
        cells.extend(dataset.fields.iter().map(|it| feature.value(it.id.as_str()).to_string()));
        let point = feature.geometry.as_ref().and_then(lone_point);
        cells.push(point.map_or_else(String::new, |(e_m, _)| e_m.to_string()));
        cells.push(point.map_or_else(String::new, |(_, n_m)| n_m.to_string()));
        cells.push(feature.geometry.as_ref().map_or_else(String::new, to_wkt));
        table.write_record(&cells).map_err(failed)?;
        n_written += 1;
    }
    table.into_inner().map_err(|error| doing(error.into_error()))?.flush().map_err(&doing)?;
    finish(temporary, path)?;
    Ok(n_written)
}

fn lone_point(geometry: &Geometry) -> Option<(f64, f64)> {
    let (mut n_points, mut at) = (0, None);
    geometry.for_each_xy(|e_m, n_m| {
        n_points += 1;
        at = Some((e_m, n_m));
    });
    at.filter(|_| n_points == 1 && geometry.kind() == GeometryKind::Point)
}
