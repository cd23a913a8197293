//! Deliveries as suppliers send them, and as they go wrong.

use std::collections::BTreeSet;

use crate::support::{Gpkg, datasets, gdal, id, read, read_forced};
use faltkarta_formats::{Mapping, Read, open, read_features, recognise};
use faltkarta_geo::{Geometry, GridSystem};
use faltkarta_model::{Inspection, Role, Value};
use geo_types::{Geometry as Types, LineString, Polygon};

// Lindesberg station, as Trafikverket gives it: E and N in EPSG:3006, E and N in EPSG:3009.
const TM: (f64, f64) = (512_909.0, 6_606_277.0);
const ZONE: (f64, f64) = (162_914.167, 6_608_920.569);

fn square(e_m: f64, n_m: f64, size_m: f64) -> Geometry {
    Geometry::from_types(&Types::Polygon(Polygon::new(
        LineString::from(vec![
            (e_m, n_m),
            (e_m + size_m, n_m),
            (e_m + size_m, n_m + size_m),
            (e_m, n_m + size_m),
            (e_m, n_m),
        ]),
        vec![],
    )))
}

#[track_caller]
fn assert_at(geometry: Option<&Geometry>, (e_m, n_m): (f64, f64)) {
    let bounds = geometry.unwrap().bounds().unwrap();
    // The two pairs are rounded each for itself.
    assert!((bounds.min_e_m - e_m).abs() < 0.002, "{bounds:?}");
    assert!((bounds.min_n_m - n_m).abs() < 0.002, "{bounds:?}");
}

const PARCEL: [&str; 12] = [
    "objektidentitet TEXT",
    "registerenhetsreferens TEXT",
    "objekttyp TEXT",
    "kommunkod TEXT",
    "kommunnamn TEXT",
    "trakt TEXT",
    "block TEXT",
    "enhet INTEGER",
    "omradesnummer INTEGER",
    "osakertlage BOOLEAN",
    "etikett TEXT",
    "senastandrad TEXT",
];

fn parcels(folder: &std::path::Path, epsg: i32) -> Gpkg {
    Gpkg::new(folder, "registerenhetsomradesyta", epsg, &PARCEL)
}

fn parcel(area: &str, unit: &str, trakt: &str, block: &str, enhet: u32, etikett: &str) -> String {
    format!(
        "'{area}', '{unit}', 'fastighet', '1885', 'LINDESBERG', '{trakt}', '{block}', {enhet}, 1, 0, '{etikett}', \
         '2025-03-04T05:06:07Z'"
    )
}

#[test]
fn every_declaration_is_whole() {
    let datasets = datasets();
    for dataset in &datasets {
        let is_delivered = dataset.role != Role::Inspection;
        assert_eq!(!dataset.sources.is_empty(), is_delivered, "{}", dataset.id);
        for source in &dataset.sources {
            assert!(!source.identity.is_empty() && source.crs.is_some(), "{}", source.id);
        }
        let templates = dataset.search.iter().flat_map(|it| it.texts.iter().chain([&it.detail]));
        let said =
            dataset.applies.iter().flat_map(|it| it.lines.iter().flat_map(|it| [&it.sv, &it.en]));
        let keys = dataset.duties.iter().map(|it| &it.key);
        for template in templates.chain([&dataset.label]).chain(said).chain(keys) {
            for name in faltkarta_model::template_names(template) {
                assert!(dataset.field(name).is_some(), "{}: {template}", dataset.id);
            }
        }
    }
    let inspection = datasets.iter().find(|it| it.role == Role::Inspection).unwrap();
    let declared: BTreeSet<_> = inspection.fields.iter().map(|it| it.id.clone()).collect();
    let written = Inspection {
        form: String::new(),
        form_version: String::new(),
        title: String::new(),
        body: String::new(),
        subject: None,
        subject_label: String::new(),
        local_number: String::new(),
        performed_by: String::new(),
        started_at: String::new(),
        completed_at: String::new(),
        answers_json: String::new(),
        instance_xml: String::new(),
        summary: String::new(),
        n_photos: 0,
    };
    assert_eq!(declared, written.properties().into_keys().collect());
}

#[test]
fn a_parcel_gets_its_designation_from_columns_and_not_from_its_label() {
    let folder = tempfile::tempdir().unwrap();
    let gpkg = parcels(folder.path(), 3006);
    let home = square(TM.0, TM.1, 30.0);
    gpkg.row(Some(&home), &parcel("a1", "u1", "RYA", "1", 5, "1:5>2"));
    gpkg.row(Some(&home), &parcel("a2", "u1", "RYA", "1", 5, "(1:5)"));
    gpkg.row(Some(&home), &parcel("a3", "u2", "ROSEN", "", 11, "11"));
    let got = read(&gpkg.close(), "parcel").unwrap();
    assert_eq!(got.problems, []);
    let labels: Vec<_> = {
        let declared = datasets();
        let parcel = declared.iter().find(|it| it.id.as_str() == "parcel").unwrap();
        got.features.iter().map(|it| parcel.label(it)).collect()
    };
    assert_eq!(labels, ["Lindesberg RYA 1:5", "Lindesberg RYA 1:5", "Lindesberg ROSEN 11"]);
    let [one, two, rosen] = &got.features[..] else { panic!("three areas") };
    assert_eq!(one.value("property_ref"), two.value("property_ref"), "two areas of one property");
    assert_ne!(one.id, two.id);
    assert_eq!(one.value("etikett"), &Value::Text("1:5>2".into()));
    assert_eq!(one.value("osakertlage"), &Value::Bool(false));
    assert_eq!(rosen.value("block"), &Value::Null);
    assert_eq!(rosen.value("kommunkod"), &Value::Text("1885".into()));
    assert_at(one.geometry.as_ref(), ZONE);
}

#[test]
fn the_same_file_gives_the_same_features_twice() {
    let folder = tempfile::tempdir().unwrap();
    let gpkg = parcels(folder.path(), 3006);
    gpkg.row(Some(&square(TM.0, TM.1, 30.0)), &parcel("a1", "u1", "RYA", "1", 5, "1:5"));
    let path = gpkg.close();
    assert_eq!(read(&path, "parcel").unwrap().features, read(&path, "parcel").unwrap().features);
}

#[test]
fn faults_of_rows_are_listed_and_only_a_row_without_its_own_identity_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let gpkg = parcels(folder.path(), 3006);
    let home = square(TM.0, TM.1, 30.0);
    let tie = Geometry::from_types(&Types::Polygon(Polygon::new(
        LineString::from(vec![
            TM,
            (TM.0 + 9.0, TM.1 + 9.0),
            (TM.0 + 9.0, TM.1),
            (TM.0, TM.1 + 9.0),
            TM,
        ]),
        vec![],
    )));
    let mut surface = b"GP\0\x01\0\0\0\0".to_vec();
    // A polyhedral surface.
    surface.extend_from_slice(&[1, 15, 0, 0, 0, 0, 0, 0, 0]);
    let row = |area: &str| parcel(area, "u1", "RYA", "1", 5, "1:5");
    gpkg.row(Some(&home), &row("good"));
    gpkg.row(None, &row("nowhere"));
    gpkg.row(Some(&tie), &row("tie"));
    gpkg.raw_row(Some(surface), &row("surface"));
    gpkg.raw_row(Some(b"GP\0\x01\0\0\0\0\x01\x03".to_vec()), &row("cut"));
    gpkg.raw_row(Some(b"GP\0\x11\0\0\0\0".to_vec()), &row("empty"));
    gpkg.row(Some(&square(TM.0 + 400_000.0, TM.1, 5.0)), &row("far"));
    gpkg.row(Some(&home), &row("good"));
    gpkg.row(Some(&home), &row(""));
    gpkg.row(Some(&home), &row("typ").replace("'fastighet'", "'fastighetsdel'"));
    gpkg.row(Some(&home), &row("date").replace("2025-03-04T05:06:07Z", "3/4 2025"));
    let got = read(&gpkg.close(), "parcel").unwrap();
    let told: Vec<_> = got.problems.iter().map(|it| (it.row, it.code, it.fatal_for_row)).collect();
    assert_eq!(
        told,
        [
            (2, "null_geometry", false),
            (3, "self_intersection", false),
            (4, "unsupported_geometry", false),
            (5, "invalid_geometry", false),
            (6, "null_geometry", false),
            (7, "outside_area", false),
            (8, "duplicate_identity", true),
            (9, "missing_identity", true),
            (10, "unknown_code", false),
            (11, "bad_date", false),
        ]
    );
    assert_eq!((got.report.read, got.report.features, got.report.refused), (11, 9, 2));
    assert_eq!(got.report.flagged, 8);
}

#[test]
fn pipes_go_to_their_datasets_by_class_and_a_class_of_nobody_is_told_once() {
    let folder = tempfile::tempdir().unwrap();
    let gpkg = Gpkg::new(
        folder.path(),
        "va_ledning",
        3009,
        &["ledning_id TEXT", "klass TEXT", "dimension INTEGER", "fran_nod TEXT", "till_nod TEXT"],
    );
    let mut wkb = vec![1];
    wkb.extend_from_slice(&1002u32.to_le_bytes());
    wkb.extend_from_slice(&2u32.to_le_bytes());
    for ordinate in [ZONE.0, ZONE.1, 77.5, ZONE.0 + 5.0, ZONE.1, 77.25] {
        wkb.extend_from_slice(&ordinate.to_le_bytes());
    }
    let line = Geometry::from_wkb(wkb.clone()).unwrap();
    for (idx, class) in ["V", "RV", "S", "TS", "K", "D", "FJV"].iter().enumerate() {
        gpkg.row(Some(&line), &format!("'L{idx}', '{class}', 110, 'N1', 'N2'"));
    }
    let path = gpkg.close();
    let delivery = open(&path).unwrap();
    let all = datasets();
    let recognition = recognise(&delivery, &all, None, None).unwrap();
    let (mut counts, mut unclaimed) = (vec![], vec![]);
    for recognised in &recognition.found {
        let dataset = all.iter().find(|it| it.id == recognised.dataset).unwrap();
        let report =
            read_features(recognised, dataset, GridSystem::ZONE_15_00, &mut |it| match it {
                Read::Feature(feature, _) => {
                    assert_eq!(
                        feature.geometry.unwrap().wkb(),
                        wkb,
                        "heights are kept to the byte"
                    );
                }
                Read::Problem(problem) if problem.code != "missing_column" => {
                    unclaimed.push((problem.row, problem.code, problem.fatal_for_row));
                }
                Read::Problem(_) => {}
            });
        counts.push((dataset.id.as_str(), report.unwrap().features));
    }
    assert_eq!(counts, [("sewer_pipe", 3), ("storm_pipe", 1), ("water_pipe", 2)]);
    assert_eq!(unclaimed, [(7, "unclaimed_row", true)]);
}

#[test]
fn the_parts_of_a_building_are_features_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let columns =
        ["objektidentitet TEXT", "objekttyp TEXT", "husnummer INTEGER", "huvudbyggnad TEXT"];
    let gpkg = Gpkg::new(folder.path(), "byggnad", 3006, &columns);
    let home = square(TM.0, TM.1, 10.0);
    gpkg.row(Some(&home), "'b', 'Bostad', 1, 'Ja'");
    gpkg.row(Some(&home), "'b', 'Bostad', 2, NULL");
    gpkg.row(Some(&home), "'c', 'Bostad', NULL, NULL");
    let got = read(&gpkg.close(), "building").unwrap();
    assert_eq!((got.report.features, got.report.refused), (3, 0));
    assert_eq!(got.features[0].value("main"), &Value::Bool(true));
}

const ADDRESS: &str = "belagenhetsadress_objektidentitet;adressplatstyp;adressomrade_faststalltnamn;\
    gardsadressomrade_faststalltnamn;adressplatsnummer;bokstavstillagg;lagestillagg;lagestillaggsnummer;\
    avvikerfranstandarden;avvikandeadressplatsbeteckning;kommunkod;kommunnamn;postnummer;postort;n;e\n";

#[test]
fn an_address_of_a_table_is_the_same_feature_as_that_of_the_geopackage() {
    let folder = tempfile::tempdir().unwrap();
    let names: Vec<&str> = ADDRESS.trim().split(';').collect();
    let columns: Vec<String> = names[..14].iter().map(|it| format!("{it} TEXT")).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let gpkg = Gpkg::new(folder.path(), "belagenhetsadress", 3006, &columns);
    let (e_m, n_m) = (502_263.25, 6_597_846.5);
    gpkg.row(
        Some(&Geometry::point(e_m, n_m)),
        "'x1', 'Gatuadressplats', 'Åsvägen', '', '12', 'B', 'UH', 1, 0, NULL, '1884', 'NORA', 0, 'NORA'",
    );
    let csv = folder.path().join("adresser.csv");
    let text = format!(
        "{ADDRESS}x1;Gatuadressplats;Åsvägen;;12;B;UH;1;false;;1884;NORA;0;NORA;6597846,5;502263,25\n\
         x2;Gatuadressplats;Åsvägen;;14;;;;true;Gamla skolan;1884;NORA;71380;NORA;6597850;502270\n"
    );
    std::fs::write(&csv, encoding_rs::WINDOWS_1252.encode(&text).0).unwrap();
    let from_table = read(&csv, "address").unwrap();
    let from_gpkg = read(&gpkg.close(), "address").unwrap();
    assert_eq!(from_table.features[0], from_gpkg.features[0]);
    let [one, two] = &from_table.features[..] else { panic!("two addresses") };
    assert_eq!(one.value("house_number"), &Value::Text("12 B UH1".into()));
    assert_eq!(one.value("postal_code"), &Value::Null, "0 is no postal code");
    assert_eq!(one.value("post_town"), &Value::Text("Nora".into()));
    assert_eq!(two.value("house_number"), &Value::Text("Gamla skolan".into()));
    assert_eq!(two.value("postal_code"), &Value::Text("713 80".into()));
}

#[test]
fn a_plan_and_its_provisions_come_out_of_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("detaljplaner_1885.geojson");
    let (e, n) = TM;
    let ring = format!("[[[{e},{n}],[{},{n}],[{e},{}],[{e},{n}]]]", e + 50.0, n + 50.0);
    let part = format!(
        r#"[{{"geometri":{{"typ":"yta","position":{{"type":"Polygon","coordinates":{ring}}}}}}}]"#
    );
    let text = format!(
        r#"{{"type":"FeatureCollection","crs":{{"type":"name","properties":{{"name":"urn:ogc:def:crs:EPSG::3006"}}}},
        "features":[
        {{"type":"Feature","geometry":null,"properties":{{"feature:typ":"detaljplan","objektidentitet":"p1","beteckning":"S-1",
          "namn":"Kv Provet","status":"laga kraft","typ":"detaljplan","kommun":"1885","plangeometri":{part},
          "beslutsinformation":[{{"diarienummerKommun":"D 1","datumAntagande":"2001-02-03","datumLagakraft":["2001-03-04"]}}]}}}},
        {{"type":"Feature","geometry":null,"properties":{{"feature:typ":"användningsbestämmelse","objektidentitet":"b1",
          "planreferens":"p1","beteckning":"B","anvandningsform":"Bostäder","farg":"Gul","bestammelseformulering":"Bostäder",
          "bestammelsegeometri":{part}}}}}]}}"#
    );
    std::fs::write(&path, text).unwrap();
    let plans = read(&path, "plan").unwrap();
    assert_eq!(plans.codes(), [""; 0]);
    assert_eq!(plans.features[0].value("legal_date"), &Value::Text("2001-03-04".into()));
    assert_eq!(plans.features[0].value("case_number"), &Value::Text("D 1".into()));
    assert_at(plans.features[0].geometry.as_ref(), ZONE);
    let provisions = read(&path, "plan_provision").unwrap();
    assert_eq!(provisions.features[0].value("code"), &Value::Text("B".into()));
    assert_eq!((plans.report.read, provisions.report.read), (1, 1));
}

#[test]
fn geojson_without_crs_is_placed_by_its_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("planer.geojson");
    let text = r#"{"features":[{"properties":{"feature:typ":"detaljplan","objektidentitet":"p","beteckning":"S","namn":"N","status":"antagen","typ":"detaljplan"},
        "geometry":{"type":"Polygon","coordinates":[[[15.228644834,59.594516220],[15.24,59.594516220],[15.23,59.6],[15.228644834,59.594516220]]]}}]}"#;
    std::fs::write(&path, text).unwrap();
    let got = read(&path, "plan").unwrap();
    assert_eq!((got.report.placement.epsg(), got.codes()), (4326, vec!["crs_assumed"]));
    assert_at(got.features[0].geometry.as_ref(), ZONE);
}

#[test]
fn swapped_axes_are_turned_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let gpkg = parcels(folder.path(), 3006);
    let home = square(TM.1, TM.0, 30.0);
    gpkg.row(Some(&home), &parcel("a1", "u1", "RYA", "1", 5, "1:5"));
    let got = read(&gpkg.close(), "parcel").unwrap();
    assert_eq!(got.codes(), ["axis_order"]);
    assert_eq!(got.problems[0].row, 0);
    assert_at(got.features[0].geometry.as_ref(), ZONE);
}

#[test]
fn a_county_file_that_begins_far_away_is_placed_by_its_later_rows() {
    let folder = tempfile::tempdir().unwrap();
    let gpkg = Gpkg::new(
        folder.path(),
        "ortnamn",
        3006,
        &["ortnamn TEXT", "detaljtyp TEXT", "lopnummer INTEGER"],
    );
    gpkg.connection.execute_batch("BEGIN").unwrap();
    for idx in 0..4_000 {
        let n_m = if idx < 2_500 { TM.1 - 100_000.0 } else { TM.1 };
        gpkg.row(Some(&Geometry::point(TM.0, n_m)), &format!("'Prov', 'BEBTX', {idx}"));
    }
    gpkg.connection.execute_batch("COMMIT").unwrap();
    let got = read(&gpkg.close(), "place").unwrap();
    assert_eq!((got.report.features, got.report.flagged), (4_000, 2_500));
}

#[test]
fn a_wrong_zone_imports_nothing_unless_the_caller_takes_the_word() {
    let folder = tempfile::tempdir().unwrap();
    let gpkg = parcels(folder.path(), 3009);
    gpkg.row(Some(&square(TM.0, TM.1, 30.0)), &parcel("a1", "u1", "RYA", "1", 5, "1:5"));
    let path = gpkg.close();
    let error = read(&path, "parcel").unwrap_err();
    assert_eq!(error.code(), "wrong_zone");
    assert!(error.to_string().contains("3006"), "{error}");
    let forced = read_forced(&path, "parcel", Some(3006)).unwrap();
    assert_at(forced.features[0].geometry.as_ref(), ZONE);
}

#[test]
fn a_system_that_is_not_read_imports_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let gpkg = parcels(folder.path(), 31467);
    gpkg.row(
        Some(&square(1_465_000.0, 6_608_000.0, 30.0)),
        &parcel("a1", "u1", "RYA", "1", 5, "1:5"),
    );
    assert_eq!(read(&gpkg.close(), "parcel").unwrap_err().code(), "unknown_crs");
}

#[test]
fn a_file_that_another_program_writes_is_locked() {
    let folder = tempfile::tempdir().unwrap();
    let gpkg = parcels(folder.path(), 3006);
    gpkg.row(Some(&square(TM.0, TM.1, 30.0)), &parcel("a1", "u1", "RYA", "1", 5, "1:5"));
    gpkg.connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert_eq!(open(&gpkg.path).unwrap_err().code(), "file_locked");
    gpkg.connection.execute_batch("COMMIT").unwrap();
    assert_eq!(read(&gpkg.path, "parcel").unwrap().report.features, 1);
}

#[test]
fn a_file_open_in_wal_mode_is_read_with_its_newest_rows_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let gpkg = parcels(folder.path(), 3006);
    gpkg.connection.execute_batch("PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0").unwrap();
    gpkg.row(Some(&square(TM.0, TM.1, 30.0)), &parcel("a1", "u1", "RYA", "1", 5, "1:5"));
    let before = std::fs::read(&gpkg.path).unwrap();
    assert_eq!(read(&gpkg.path, "parcel").unwrap().report.features, 1);
    assert!(before == std::fs::read(&gpkg.path).unwrap());
    let names = || {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        entries.map(|it| it.unwrap().file_name()).collect::<BTreeSet<_>>()
    };
    let path = gpkg.close();
    let alone = names();
    assert_eq!(read(&path, "parcel").unwrap().report.features, 1);
    assert_eq!(names(), alone, "nothing is put beside the delivery");
}

#[test]
fn truncated_and_foreign_files_have_their_codes() {
    let folder = tempfile::tempdir().unwrap();
    let gpkg = parcels(folder.path(), 3006);
    for idx in 0..200 {
        let home = square(TM.0, TM.1, 30.0);
        gpkg.row(Some(&home), &parcel(&format!("a{idx}"), "u1", "RYA", "1", 5, "1:5"));
    }
    let path = gpkg.close();
    let whole = std::fs::read(&path).unwrap();
    for n_bytes in [0, 10, 99, 100, 5_000, whole.len() - 1] {
        std::fs::write(&path, &whole[..n_bytes]).unwrap();
        assert_eq!(read(&path, "parcel").unwrap_err().code(), "truncated_file", "{n_bytes}");
    }
    std::fs::write(&path, "<html>Logga in</html>").unwrap();
    assert_eq!(open(&path).unwrap_err().code(), "foreign_file");
    let plain = folder.path().join("plain.gpkg");
    rusqlite::Connection::open(&plain).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
    assert_eq!(open(&plain).unwrap_err().code(), "foreign_file");
    for (name, code) in [("no.gpkg", "file_not_found"), ("Cargo.toml", "unknown_file_kind")] {
        if name == "Cargo.toml" {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        assert_eq!(open(&folder.path().join(name)).unwrap_err().code(), code);
    }
    let shp = folder.path().join("x.shp");
    std::fs::write(
        &shp,
        "not a shapefile at all, but long enough to hold one header of a hundred bytes".repeat(2),
    )
    .unwrap();
    assert_eq!(open(&shp).unwrap_err().code(), "foreign_file");
}

#[test]
fn damage_inside_a_geopackage_is_an_error_and_not_fewer_rows() {
    let folder = tempfile::tempdir().unwrap();
    let gpkg = parcels(folder.path(), 3006);
    for idx in 0..400 {
        let home = square(TM.0, TM.1, 30.0);
        gpkg.row(Some(&home), &parcel(&format!("a{idx}"), "u1", "RYA", "1", 5, "1:5"));
    }
    let path = gpkg.close();
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() * 3 / 4 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(read(&path, "parcel").unwrap_err().code(), "malformed_file");
}

#[test]
fn layers_that_nobody_knows_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let gpkg = Gpkg::new(folder.path(), "lekplatser", 3006, &["namn TEXT"]);
    gpkg.connection
        .execute_batch(
            "INSERT INTO gpkg_contents (table_name, data_type) VALUES ('ortnamn', 'attributes');
             CREATE TABLE ortnamn (ORTNAMN TEXT, Detaljtyp TEXT, lopnummer INTEGER);",
        )
        .unwrap();
    let delivery = open(&gpkg.close()).unwrap();
    let all = datasets();
    let recognition = recognise(&delivery, &all, None, None).unwrap();
    assert_eq!(recognition.unknown[0].name, "lekplatser");
    assert_eq!(recognition.found[0].dataset.as_str(), "place", "columns are compared without case");
    let only = recognise(&delivery, &all, Some(&id("valve")), None).unwrap_err();
    assert_eq!(only.code(), "unknown_delivery");
}

#[test]
fn a_mapping_ties_foreign_columns_to_fields() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ventiler.csv");
    std::fs::write(
        &path,
        "NR,DIM,\"Läge\",X,Y,Typ\nAV-1,110,Ö,162914.167,6608920.569,a\nAV-2,x,S,162915,6608921,b\n",
    )
    .unwrap();
    let mapping = |geometry: &str| {
        Mapping::parse(&format!(
            "dataset = \"valve\"\nlayer = \"ventiler\"\nidentity = [\"NR\"]\ncrs = 3009\ngeometry = \"{geometry}\"\n\
             [fields]\nnummer = \"NR\"\ndimension = \"DIM\"\n\
             lage = {{ column = \"läge\", replace = {{ \"Ö\" = \"öppen\", S = \"stängd\" }} }}\n"
        ))
        .unwrap()
    };
    let delivery = open(&path).unwrap();
    let all = datasets();
    let recognition = recognise(&delivery, &all, None, Some(&mapping("X,Y"))).unwrap();
    let valve = all.iter().find(|it| it.id.as_str() == "valve").unwrap();
    let (mut features, mut codes) = (vec![], vec![]);
    read_features(&recognition.found[0], valve, GridSystem::ZONE_15_00, &mut |it| match it {
        Read::Feature(feature, _) => features.push(feature),
        Read::Problem(problem) => codes.push((problem.row, problem.code)),
    })
    .unwrap();
    assert_eq!(codes, [(2, "bad_number")]);
    assert_eq!(features[0].value("lage"), &Value::Text("öppen".into()));
    assert_at(features[0].geometry.as_ref(), ZONE);
    let missing = recognise(&delivery, &all, None, Some(&mapping("X,Z"))).unwrap_err();
    assert_eq!(missing.code(), "missing_column");
}

#[test]
fn files_of_gdal_are_read_with_every_letter_and_height() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let text = format!(
        r#"{{"type":"FeatureCollection","crs":{{"type":"name","properties":{{"name":"urn:ogc:def:crs:EPSG::3006"}}}},"features":[
        {{"type":"Feature","properties":{{"objektidentitet":"v1","objekttyp":"Lokalgata stor","objekttypnr":1810,"gatunamn":"Kyrkogårdsvägen",
          "vardvagnummer":"","alternativt_manér":"Å","vaghallare":"kommun"}},
          "geometry":{{"type":"LineString","coordinates":[[{e},{n},81.5],[{e2},{n},82.5]]}}}}]}}"#,
        e = TM.0,
        n = TM.1,
        e2 = TM.0 + 100.0
    );
    std::fs::write(at("vagar.geojson"), text).unwrap();
    let Some(_) =
        gdal("ogr2ogr", &[&at("vaglinje.gpkg"), &at("vagar.geojson"), "-nln", "vaglinje"])
    else {
        return;
    };
    let got = read(at("vaglinje.gpkg").as_ref(), "road").unwrap();
    assert_eq!(got.features[0].value("manner"), &Value::Text("Å".into()));
    assert_eq!(got.features[0].value("name"), &Value::Text("Kyrkogårdsvägen".into()));
    assert_eq!(got.features[0].geometry.as_ref().unwrap().wkb()[1..5], 1002u32.to_le_bytes());
    assert_at(got.features[0].geometry.as_ref(), ZONE);
}

#[test]
fn a_shapefile_of_gdal_is_read_in_both_code_pages_and_by_its_prj() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let ring = |e: f64, size: f64| {
        format!(
            "[[{e},{n}],[{f},{n}],[{f},{m}],[{e},{m}],[{e},{n}]]",
            n = TM.1,
            f = e + size,
            m = TM.1 + size
        )
    };
    let text = format!(
        r#"{{"type":"FeatureCollection","crs":{{"type":"name","properties":{{"name":"urn:ogc:def:crs:EPSG::3006"}}}},"features":[
        {{"type":"Feature","properties":{{"namn":"Råssvalen","dnr":"511-1","kommunkod":"1885","kommunnamn":"Lindesberg","utvidgat":"J"}},
          "geometry":{{"type":"MultiPolygon","coordinates":[[{}],[{}]]}}}},
        {{"type":"Feature","properties":{{"namn":"Noraån","dnr":"511-2","kommunkod":"1884","kommunnamn":"Nora","utvidgat":"N"}},"geometry":null}}]}}"#,
        ring(TM.0, 50.0),
        ring(TM.0 + 100.0, 50.0)
    );
    std::fs::write(at("in.geojson"), text).unwrap();
    for (name, page) in [("a.shp", "UTF-8"), ("b.shp", "CP1252")] {
        let encoding = format!("ENCODING={page}");
        let Some(_) = gdal("ogr2ogr", &[&at(name), &at("in.geojson"), "-lco", &encoding]) else {
            return;
        };
        let got = read(at(name).as_ref(), "shore_protection").unwrap();
        assert_eq!(got.features[0].value("name"), &Value::Text("Råssvalen".into()), "{page}");
        assert_eq!(got.features[0].value("extended"), &Value::Bool(true));
        assert_eq!(got.report.placement.epsg(), 3006);
        assert_eq!(got.codes(), ["null_geometry"]);
        assert_at(got.features[0].geometry.as_ref(), ZONE);
        let whole = std::fs::read(at(name)).unwrap();
        std::fs::write(at(name), &whole[..whole.len() - 20]).unwrap();
        assert_eq!(open(at(name).as_ref()).unwrap_err().code(), "truncated_file");
    }
}
