//! Files with bytes changed at random: an error or fewer rows is fine, anything else is not.

use std::ops::ControlFlow;
use std::path::Path;

use faltkarta_formats::open;
use faltkarta_geo::Geometry;
use geo_types::{Geometry as Types, LineString};
use shapefile::{Point, Polyline, ShapeWriter};

use crate::support::Gpkg;

const N_MUTANTS: u64 = 400;

/// A generator that gives the same numbers in every run. Source: Marsaglia, "Xorshift RNGs".
struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

/// Changes the file in many ways and reads every row of every layer each time.
fn survive(path: &Path, damaged: &Path) {
    let whole = std::fs::read(damaged).unwrap();
    let (mut n_opened, mut n_rows) = (0, 0);
    for seed in 1..=N_MUTANTS {
        let mut chance = Xorshift(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut bytes = whole.clone();
        for _ in 0..=chance.below(6) {
            let at = chance.below(bytes.len());
            bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'{', b'*'][chance.below(8)];
        }
        if chance.below(8) == 0 {
            bytes.truncate(chance.below(bytes.len()));
        }
        std::fs::write(damaged, bytes).unwrap();
        let Ok(delivery) = open(path) else { continue };
        n_opened += 1;
        for (idx, layer) in delivery.layers().iter().enumerate() {
            let columns: Vec<usize> = (0..layer.columns.len()).collect();
            let _ = delivery.for_each_row(idx, &columns, &mut |row| {
                n_rows += 1;
                if let Ok(Some(geometry)) = &row.geometry {
                    geometry.to_types();
                }
                ControlFlow::Continue(())
            });
        }
    }
    assert!(n_opened > 0 && n_rows > 0, "the changes must leave something to read");
}

#[test]
fn a_geopackage_with_changed_bytes_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let gpkg = Gpkg::new(folder.path(), "ortnamn", 3006, &["ortnamn TEXT", "lopnummer INTEGER"]);
    let path = LineString::from(vec![(512_909.0, 6_606_277.0), (512_910.0, 6_606_278.0)]);
    let line = Geometry::from_types(&Types::LineString(path));
    for idx in 0..20 {
        gpkg.row(Some(&line), &format!("'Råssvalen', {idx}"));
    }
    let path = gpkg.close();
    survive(&path, &path);
}

#[test]
fn geojson_with_changed_bytes_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.geojson");
    let feature = r#"{"type":"Feature","properties":{"a":[1,{"b":"å"}],"plangeometri":[{"geometri":{"position":{"type":"Point","coordinates":[1,2]}}}]},
        "geometry":{"type":"Polygon","coordinates":[[[1,2,3],[4,5,6],[7,8,9],[1,2,3]]]}}"#;
    let text = format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, [feature; 5].join(","));
    std::fs::write(&path, text).unwrap();
    survive(&path, &path);
}

#[test]
fn a_table_with_changed_bytes_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, "namn;n;e\n\"Å \"\"x\"\"\";6606277,5;512909\n".repeat(8)).unwrap();
    survive(&path, &path);
}

#[test]
fn a_shapefile_with_changed_bytes_in_any_part_is_survived() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.shp");
    let line =
        Polyline::new(vec![Point::new(512_909.0, 6_606_277.0), Point::new(512_910.0, 6_606_278.0)]);
    let mut writer = ShapeWriter::from_path(&path).unwrap();
    for _ in 0..4 {
        writer.write_shape(&line).unwrap();
    }
    drop(writer);
    let mut table = vec![3, 125, 1, 1, 4, 0, 0, 0, 97, 0, 16, 0];
    table.resize(32, 0);
    for (name, kind, n_bytes) in [(b"namn", b'C', 10), (b"antl", b'N', 5)] {
        let mut field = name.to_vec();
        field.resize(32, 0);
        field[11] = kind;
        field[16] = n_bytes;
        table.extend(field);
    }
    table.push(0x0d);
    for _ in 0..4 {
        table.extend_from_slice(b" R\xe5ssvalen    12");
    }
    let dbf = folder.path().join("a.dbf");
    std::fs::write(&dbf, &table).unwrap();
    let delivery = open(&path).unwrap();
    assert_eq!(delivery.layers()[0].columns, ["namn", "antl"]);
    survive(&path, &dbf);
    std::fs::write(&dbf, &table).unwrap();
    survive(&path, &path);
}
