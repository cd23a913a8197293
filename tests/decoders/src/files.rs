//! Files of suppliers, and the base map. The readers take paths, so each call writes its bytes to a file.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use faltkarta_tiles::{BaseMap, TileId};

/// One point as a Shapefile.
const SHP: &[u8] = include_bytes!("../../../fuzz/corpus/shp/point");
/// Its attributes.
const DBF: &[u8] = include_bytes!("../../../fuzz/corpus/dbf/two_columns");

fn with_files(files: &[(&str, &[u8])], use_them: impl FnOnce(&Path)) {
    let Ok(folder) = tempfile::tempdir() else { return };
    for (name, bytes) in files {
        if fs::write(folder.path().join(name), bytes).is_err() {
            return;
        }
    }
    use_them(folder.path());
}

/// Every row of every layer.
fn read_all(path: &Path) {
    let Ok(delivery) = faltkarta_formats::open(path) else { return };
    for (layer_idx, layer) in delivery.layers().iter().enumerate() {
        let columns: Vec<usize> = (0..layer.columns.len()).collect();
        let mut n_rows = 0u32;
        let _ = delivery.for_each_row(layer_idx, &columns, &mut |row| {
            assert_eq!(row.values.len(), columns.len());
            n_rows += 1;
            if n_rows < 10_000 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
    }
}

pub(crate) fn geojson(bytes: &[u8]) {
    with_files(&[("a.geojson", bytes)], |folder| read_all(&folder.join("a.geojson")));
    with_files(&[("a.geojsonl", bytes)], |folder| read_all(&folder.join("a.geojsonl")));
}

pub(crate) fn csv(bytes: &[u8]) {
    with_files(&[("a.csv", bytes)], |folder| read_all(&folder.join("a.csv")));
}

pub(crate) fn gpkg(bytes: &[u8]) {
    with_files(&[("a.gpkg", bytes)], |folder| read_all(&folder.join("a.gpkg")));
}

pub(crate) fn fgb(bytes: &[u8]) {
    with_files(&[("a.fgb", bytes)], |folder| read_all(&folder.join("a.fgb")));
}

pub(crate) fn gml(bytes: &[u8]) {
    with_files(&[("a.gml", bytes)], |folder| read_all(&folder.join("a.gml")));
}

pub(crate) fn shp(bytes: &[u8]) {
    with_files(&[("a.shp", bytes), ("a.dbf", DBF)], |folder| read_all(&folder.join("a.shp")));
}

pub(crate) fn dbf(bytes: &[u8]) {
    with_files(&[("a.shp", SHP), ("a.dbf", bytes)], |folder| read_all(&folder.join("a.shp")));
}

pub(crate) fn pmtiles(bytes: &[u8]) {
    with_files(&[("a.pmtiles", bytes)], |folder| {
        let Ok(map) = BaseMap::open(&folder.join("a.pmtiles")) else { return };
        if let Ok(lengths) = map.piece_lengths() {
            let n_bytes: u64 = lengths.into_iter().map(u64::from).sum();
            assert_eq!(n_bytes, bytes.len() as u64, "the pieces are the file");
        }
        for z in map.zooms().take(30) {
            if let Ok(tile) = TileId::new(z, 0, 0) {
                let _ = map.tile(tile);
            }
        }
    });
}
