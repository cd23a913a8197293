//! Broken and odd deliveries, and what must come of each. The tests of the store import them too.

use std::fs;
use std::path::{Path, PathBuf};

use faltkarta_formats::export;
use faltkarta_geo::{Geometry, GridSystem};
use faltkarta_model::Dataset;
use geo_types::{Geometry as Types, LineString, Polygon};

use crate::bad_text_files::{geojson, gmls, tables};
use crate::support::{Gpkg, dataset, feature, now};

/// What must come of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Must {
    /// Nothing is read, with this code.
    Refuse(&'static str),
    /// So many rows are this dataset's, with these codes, each at least once and no others.
    Tell(u64, &'static [&'static str]),
}

use Must::{Refuse, Tell};

#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) path: PathBuf,
    pub(crate) must: Must,
    pub(crate) mapping: &'static str,
}

/// Where cases are put.
pub(crate) struct Folder {
    path: PathBuf,
    cases: Vec<Case>,
}

const BY_ID: &str = "dataset = \"valve\"\nidentity = [\"id\"]\n[fields]\nnummer = \"id\"\n";
const IN_COLUMNS: &str =
    "dataset = \"valve\"\nidentity = [\"id\"]\ngeometry = \"e,n\"\n[fields]\nnummer = \"id\"\n";

pub(crate) const TM: (f64, f64) = (512_909.0, 6_606_277.0);
const ZONE: (f64, f64) = (162_914.167, 6_608_920.569);

impl Folder {
    pub(crate) fn add(&mut self, name: &str, bytes: impl AsRef<[u8]>, must: Must) {
        let path = self.path.join(name);
        fs::write(&path, bytes).unwrap();
        let is_table = path.extension().is_some_and(|it| it == "csv");
        let mapping = if is_table { IN_COLUMNS } else { BY_ID };
        self.cases.push(Case { path, must, mapping });
    }

    /// A GeoPackage with the column `id`, filled by the closure.
    fn gpkg(&mut self, name: &str, epsg: i32, fill: impl FnOnce(&Gpkg), must: Must) {
        let gpkg = Gpkg::new(&self.path, name, epsg, &["id TEXT"]);
        fill(&gpkg);
        let path = gpkg.close();
        self.cases.push(Case { path, must, mapping: BY_ID });
    }

    /// A GeoPackage with one row that has this blob as its geometry.
    fn blob(&mut self, name: &str, blob: &[u8], must: Must) {
        self.gpkg(
            name,
            3006,
            |it| {
                it.raw_row(Some(blob.to_vec()), "'a'");
            },
            must,
        );
    }
}

fn here() -> Geometry {
    Geometry::point(TM.0, TM.1)
}

fn wkb(code: u32, n: u32, ordinates: &[f64]) -> Vec<u8> {
    let mut wkb = b"GP\0\x01\0\0\0\0\x01".to_vec();
    wkb.extend(code.to_le_bytes());
    wkb.extend(n.to_le_bytes());
    wkb.extend(ordinates.iter().flat_map(|it| it.to_le_bytes()));
    wkb
}

fn point_blob(x: f64, y: f64) -> Vec<u8> {
    let mut blob = b"GP\0\x01\0\0\0\0\x01\x01\0\0\0".to_vec();
    blob.extend([x, y].iter().flat_map(|it| it.to_le_bytes()));
    blob
}

fn ring(corners: &[(f64, f64)]) -> Geometry {
    let corners = corners.iter().map(|(x, y)| (TM.0 + x, TM.1 + y)).collect::<Vec<_>>();
    Geometry::from_types(&Types::Polygon(Polygon::new(LineString::from(corners), vec![])))
}

/// A star-like ring of so many corners.
pub(crate) fn wheel(n: u32) -> Vec<(f64, f64)> {
    let corner = |it: u32| {
        let angle = std::f64::consts::TAU * f64::from(it % n) / f64::from(n);
        (100.0 * angle.cos(), 100.0 * angle.sin())
    };
    (0..=n).map(corner).collect()
}

fn geopackages(folder: &mut Folder) {
    let one = |it: &Gpkg| {
        it.row(Some(&here()), "'a'");
    };
    folder.gpkg("god", 3006, one, Tell(1, &[]));
    let whole = fs::read(folder.path.join("god.gpkg")).unwrap();
    folder.add("tom.gpkg", b"", Refuse("truncated_file"));
    folder.add("kapad_i_huvudet.gpkg", &whole[..50], Refuse("truncated_file"));
    folder.add("kapad_mitt_i.gpkg", &whole[..whole.len() / 2], Refuse("truncated_file"));
    folder.add("en_byte_kort.gpkg", &whole[..whole.len() - 1], Refuse("truncated_file"));
    folder.add("zip_som_gpkg.gpkg", b"PK\x03\x04 zip", Refuse("foreign_file"));
    let mut torn = whole.clone();
    torn[4096..8192].fill(0xee);
    folder.add("sida_overskriven.gpkg", torn, Refuse("malformed_file"));
    let sqlite = folder.path.join("bara_sqlite.gpkg");
    let plain = rusqlite::Connection::open(&sqlite).unwrap();
    plain.execute_batch("CREATE TABLE a (id TEXT)").unwrap();
    plain.close().unwrap();
    let must = Refuse("foreign_file");
    folder.cases.push(Case { path: sqlite, must, mapping: BY_ID });
    for (name, sql, must) in [
        (
            "vyer_i_ring",
            "CREATE VIEW v AS SELECT 1 AS fid, NULL AS geom, 'a' AS id;
             CREATE VIEW w AS SELECT * FROM v; DROP VIEW v; CREATE VIEW v AS SELECT * FROM w;",
            Refuse("malformed_file"),
        ),
        ("vy_utan_tabell", "CREATE VIEW v AS SELECT * FROM borta;", Refuse("malformed_file")),
        (
            "vy_utan_slut",
            "CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
             SELECT i AS fid, NULL AS geom, 'a' AS id FROM n WHERE i < 0;",
            Refuse("over_limit"),
        ),
        (
            "vy_som_multiplicerar",
            "CREATE TABLE m (i); INSERT INTO m WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
             WHERE i < 100) SELECT i FROM n;
             CREATE VIEW v AS SELECT 1 AS fid, NULL AS geom, a.i AS id FROM m a, m b, m c, m d, m e, m f
             WHERE a.i + b.i + c.i + d.i + e.i + f.i = 0;",
            Refuse("over_limit"),
        ),
        (
            "vy_med_frammande_funktion",
            "CREATE VIEW v AS SELECT 1 AS fid, NULL AS geom, load_extension('x') AS id;",
            Refuse("malformed_file"),
        ),
        ("tabellen_finns_inte", "", Refuse("malformed_file")),
        (
            "geometrikolumnen_finns_inte",
            "CREATE TABLE v (fid INTEGER PRIMARY KEY, geometri BLOB, id TEXT);",
            Refuse("malformed_file"),
        ),
        (
            "en_miljon_kolumner",
            "CREATE TABLE v (fid INTEGER PRIMARY KEY, geom BLOB, id TEXT); PRAGMA writable_schema=ON;
             UPDATE sqlite_schema SET sql = 'CREATE TABLE v (fid INTEGER PRIMARY KEY, geom BLOB, id TEXT'
                 || replace(hex(zeroblob(500000)), '00', ',a,b') || ')' WHERE name = 'v';",
            Refuse("malformed_file"),
        ),
    ] {
        let fill = |it: &Gpkg| {
            let name = "INSERT INTO gpkg_contents (table_name, data_type) VALUES ('v', 'features');
                INSERT INTO gpkg_geometry_columns VALUES ('v', 'geom', 'POINT', 3006, 0, 0);";
            it.connection.execute_batch(&format!("{sql} {name}")).unwrap();
        };
        folder.gpkg(name, 3006, fill, must);
    }
    let sql_name = |it: &Gpkg| {
        let column = "\"x\"\"; DROP TABLE sql_i_kolumnnamn; --\"";
        it.connection
            .execute_batch(&format!("ALTER TABLE sql_i_kolumnnamn ADD COLUMN {column} TEXT"))
            .unwrap();
        it.row(Some(&here()), "'a', 'b'");
    };
    folder.gpkg("sql_i_kolumnnamn", 3006, sql_name, Tell(1, &[]));
    let bad_letters = |it: &Gpkg| {
        it.row(Some(&here()), "CAST(x'41c528' AS TEXT)");
    };
    folder.gpkg("ogiltig_utf8", 3006, bad_letters, Tell(1, &["bad_text"]));
    let twins = |it: &Gpkg| {
        it.row(Some(&here()), "'a'").row(Some(&here()), "'a'");
    };
    folder.gpkg("samma_id_tva_ganger", 3006, twins, Tell(2, &["duplicate_identity"]));
    let nameless = |it: &Gpkg| {
        it.row(Some(&here()), "NULL").row(Some(&here()), "'  '");
    };
    folder.gpkg("utan_id", 3006, nameless, Tell(2, &["missing_identity"]));
}

fn places_and_shapes(folder: &mut Folder) {
    let at = |x: f64, y: f64| {
        move |it: &Gpkg| {
            it.row(Some(&Geometry::point(x, y)), "'a'");
        }
    };
    folder.gpkg("axlarna_bytta", 3006, at(TM.1, TM.0), Tell(1, &["axis_order"]));
    folder.gpkg("3009_kallad_3006", 3006, at(ZONE.0, ZONE.1), Refuse("wrong_zone"));
    folder.gpkg("3006_kallad_3009", 3009, at(TM.0, TM.1), Refuse("wrong_zone"));
    folder.gpkg("grader_kallade_3006", 3006, at(15.2286, 59.5945), Refuse("wrong_zone"));
    folder.gpkg("tyskt_system", 31467, at(3_465_000.0, 5_608_000.0), Refuse("unknown_crs"));
    folder.gpkg("danmark", 3006, at(386_000.0, 6_170_000.0), Refuse("outside_area"));
    folder.gpkg("origo", 3006, at(0.0, 0.0), Refuse("outside_area"));
    folder.blob("nan", &point_blob(f64::NAN, TM.1), Tell(1, &["invalid_geometry"]));
    folder.blob("oandlig", &point_blob(f64::INFINITY, TM.1), Tell(1, &["invalid_geometry"]));
    folder.blob("tom_punkt", &point_blob(f64::NAN, f64::NAN), Tell(1, &["null_geometry"]));
    folder.gpkg(
        "null",
        3006,
        |it| {
            it.row(None, "'a'");
        },
        Tell(1, &["null_geometry"]),
    );
    folder.blob("tom_geometri", b"GP\0\x11\0\0\0\0", Tell(1, &["null_geometry"]));
    folder.blob("skrap_som_geometri", b"hej", Tell(1, &["invalid_geometry"]));
    folder.blob("utvidgad_geometri", b"GP\0\x21\0\0\0\0abc", Tell(1, &["unsupported_geometry"]));
    folder.blob("antalet_ljuger", &wkb(2, u32::MAX, &[]), Tell(1, &["invalid_geometry"]));
    folder.blob("bage_av_tva_punkter", &wkb(8, 2, &[0.0; 4]), Tell(1, &["invalid_geometry"]));
    folder.blob("tin", &wkb(16, 0, &[]), Tell(1, &["unsupported_geometry"]));
    let mut nested = b"GP\0\x01\0\0\0\0".to_vec();
    for _ in 0..10_000 {
        nested.extend([1, 7, 0, 0, 0, 1, 0, 0, 0]);
    }
    folder.blob("samling_i_samling", &nested, Tell(1, &["invalid_geometry"]));
    let arc = [TM.0, TM.1, TM.0 + 1.0, TM.1 + 1.0, TM.0 + 2.0, TM.1];
    folder.blob("bage", &wkb(8, 3, &arc), Tell(1, &["wrong_geometry_type", "curves_linearised"]));
    for (name, shape, must) in [
        (
            "rosett",
            ring(&[(0.0, 0.0), (9.0, 9.0), (9.0, 0.0), (0.0, 9.0), (0.0, 0.0)]),
            Tell(1, &["wrong_geometry_type", "self_intersection"]),
        ),
        (
            "ring_av_tva_horn",
            ring(&[(0.0, 0.0), (9.0, 9.0), (0.0, 0.0)]),
            Tell(1, &["wrong_geometry_type", "invalid_geometry"]),
        ),
        ("en_miljon_horn", ring(&wheel(1_000_000)), Tell(1, &["wrong_geometry_type"])),
    ] {
        folder.gpkg(
            name,
            3006,
            |it| {
                it.row(Some(&shape), "'a'");
            },
            must,
        );
    }
}

fn shapefiles(folder: &mut Folder) {
    let valve: Dataset = dataset("valve");
    let make = |folder: &Folder, name: &str, n: u32| {
        let path = folder.path.join(name);
        let at = |it: u32| Some(Geometry::point(ZONE.0 + f64::from(it), ZONE.1));
        let mut features = (0..n).map(|it| feature("valve", it, at(it), &[]));
        export(&path, &valve, GridSystem::ZONE_15_00, now(), &mut features).unwrap();
        path
    };
    let mut add = |name: &str, damage: &dyn Fn(&Path), must: Must| {
        let path = make(folder, name, 3);
        damage(&path);
        folder.cases.push(Case { path, must, mapping: BY_ID });
    };
    let cut = |path: &Path, n: usize| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() - n]).unwrap();
    };
    let patch = |path: &Path, at: usize, with: &[u8]| {
        let mut bytes = fs::read(path).unwrap();
        bytes[at..at + with.len()].copy_from_slice(with);
        fs::write(path, bytes).unwrap();
    };
    let dbf = |path: &Path| path.with_extension("dbf");
    add("god.shp", &|_| {}, Tell(3, &[]));
    add("utan_tabell.shp", &|it| fs::remove_file(dbf(it)).unwrap(), Refuse("missing_part"));
    add("kapad.shp", &|it| cut(it, 1), Refuse("truncated_file"));
    add("tabellen_kapad.shp", &|it| cut(&dbf(it), 30), Refuse("truncated_file"));
    add("tabellen_tom.shp", &|it| fs::write(dbf(it), "").unwrap(), Refuse("truncated_file"));
    add("inte_en_shape.shp", &|it| fs::write(it, [7; 200]).unwrap(), Refuse("foreign_file"));
    add("fler_former_an_rader.shp", &|it| patch(&dbf(it), 4, &[1]), Refuse("malformed_file"));
    add("posten_for_stor.shp", &|it| patch(it, 104, &[0x7f, 0xff]), Refuse("over_limit"));
    add("posten_ljuger.shp", &|it| patch(it, 106, &[0x7f, 0xff]), Refuse("malformed_file"));
    add("okand_formtyp.shp", &|it| patch(it, 108, &[77]), Refuse("malformed_file"));
    let nan = f64::NAN.to_le_bytes();
    add("nan.shp", &|it| patch(it, 112, &nan), Tell(3, &["invalid_geometry"]));
    let local = "LOCAL_CS[\"kommunens eget\"]";
    let prj = |it: &Path| fs::write(it.with_extension("prj"), local).unwrap();
    add("okant_system.shp", &prj, Refuse("unknown_crs"));
    add(
        "utan_prj.shp",
        &|it| fs::remove_file(it.with_extension("prj")).unwrap(),
        Tell(3, &["crs_assumed"]),
    );
    let deleted = |it: &Path| {
        let bytes = fs::read(dbf(it)).unwrap();
        let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        patch(&dbf(it), header, b"*");
    };
    let bad_letter = |it: &Path| {
        let bytes = fs::read(dbf(it)).unwrap();
        let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
        patch(&dbf(it), header + 1, &[0xc5]);
    };
    add("ogiltig_utf8.shp", &bad_letter, Tell(3, &["bad_text"]));
    add("struken_rad.shp", &deleted, Tell(2, &[]));
}

fn flatgeobufs(folder: &mut Folder) {
    let path = folder.path.join("god.fgb");
    let at = |it: u32| Some(Geometry::point(ZONE.0 + f64::from(it), ZONE.1));
    let mut features = (0..3).map(|it| feature("valve", it, at(it), &[]));
    export(&path, &dataset("valve"), GridSystem::ZONE_15_00, now(), &mut features).unwrap();
    let whole = fs::read(&path).unwrap();
    folder.cases.push(Case { path, must: Tell(3, &[]), mapping: BY_ID });
    folder.add("tom.fgb", "", Refuse("foreign_file"));
    folder.add("skrap.fgb", [9; 500], Refuse("foreign_file"));
    folder.add("bara_namnet.fgb", &whole[..5], Refuse("truncated_file"));
    folder.add("kapad.fgb", &whole[..whole.len() - 1], Refuse("truncated_file"));
    let n_header = u32::from_le_bytes(whole[8..12].try_into().unwrap()) as usize;
    // Three leaves and a root.
    let first = 12 + n_header + 4 * 40;
    let n_first = u32::from_le_bytes(whole[first..first + 4].try_into().unwrap()) as usize;
    let patched = |at: usize, with: &[u8]| {
        let mut bytes = whole.clone();
        bytes[at..at + with.len()].copy_from_slice(with);
        bytes
    };
    folder.add("en_rad_borta.fgb", &whole[..first + 4 + n_first], Refuse("truncated_file"));
    folder.add("huvudet_for_stort.fgb", patched(8, &[0xff; 4]), Refuse("over_limit"));
    folder.add("huvudet_ar_skrap.fgb", patched(12, &[0xff; 64]), Refuse("malformed_file"));
    folder.add("raden_for_stor.fgb", patched(first, &[0xff; 4]), Refuse("over_limit"));
    folder.add("raden_for_liten.fgb", patched(first, &[1, 0, 0, 0]), Refuse("malformed_file"));
    folder.add("raden_ljuger.fgb", patched(first, &[0xff, 0xff, 0, 0]), Refuse("truncated_file"));
    let garbage = vec![0xff; n_first];
    folder.add("raden_ar_skrap.fgb", patched(first + 4, &garbage), Tell(3, &["bad_row"]));
    let doubled = [&whole[..], &whole[first..first + 4 + n_first]].concat();
    folder.add("en_rad_for_mycket.fgb", doubled, Refuse("malformed_file"));
}

fn others(folder: &mut Folder) {
    folder.add("bomb.zip", b"PK\x03\x04", Refuse("unknown_file_kind"));
    folder.add("bilder.kmz", b"PK\x03\x04", Refuse("unknown_file_kind"));
    folder.add("utan_andelse", b"abc", Refuse("unknown_file_kind"));
    let path = folder.path.join("en_mapp.gpkg");
    fs::create_dir(&path).unwrap();
    let must = Refuse("file_not_found");
    folder.cases.push(Case { path, must, mapping: BY_ID });
    let path = folder.path.join("finns_inte.gpkg");
    folder.cases.push(Case { path, must, mapping: BY_ID });
}

/// Writes all of them into a folder.
pub(crate) fn write_all(to: &Path) -> Vec<Case> {
    let mut folder = Folder { path: to.to_owned(), cases: vec![] };
    geopackages(&mut folder);
    places_and_shapes(&mut folder);
    geojson(&mut folder);
    tables(&mut folder);
    shapefiles(&mut folder);
    flatgeobufs(&mut folder);
    gmls(&mut folder);
    others(&mut folder);
    assert!(folder.cases.len() >= 60, "{}", folder.cases.len());
    folder.cases
}
