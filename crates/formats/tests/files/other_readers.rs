//! FlatGeobuf, GML and features by line, made by GDAL and by hand.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use faltkarta_formats::{DeclaredCrs, FileKind, Layer, RawRow, open};
use faltkarta_geo::{Geometry, GeometryError, GeometryKind};
use faltkarta_model::Value;
use geo_types::Geometry as Types;

use crate::support::{Gpkg, gdal, read};

const TM: (f64, f64) = (512_909.0, 6_606_277.0);
const ZONE: (f64, f64) = (162_914.167, 6_608_920.569);

struct Table {
    layer: Layer,
    rows: Vec<RawRow>,
}

impl Table {
    fn value(&self, row: usize, column: &str) -> &Value {
        &self.rows[row].values[self.layer.column_idx(column).unwrap()]
    }

    fn geometry(&self, row: usize) -> &Geometry {
        self.rows[row].geometry.as_ref().unwrap().as_ref().unwrap()
    }
}

fn tables(path: &Path) -> Vec<Table> {
    let delivery = open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let layers = delivery.layers().iter().enumerate();
    layers
        .map(|(layer_idx, layer)| {
            let all: Vec<usize> = (0..layer.columns.len()).collect();
            let mut rows = vec![];
            delivery
                .for_each_row(layer_idx, &all, &mut |row| {
                    let number = row.row;
                    rows.push(std::mem::take(row));
                    row.row = number;
                    ControlFlow::Continue(())
                })
                .unwrap();
            assert_eq!(layer.n_rows, Some(rows.len() as u64));
            Table { layer: layer.clone(), rows }
        })
        .collect()
}

fn text(it: &str) -> Value {
    Value::Text(it.to_owned())
}

/// Shapes of every kind, as a table that GDAL reads.
const SHAPES: [(&str, GeometryKind); 9] = [
    ("POINT (512909 6606277)", GeometryKind::Point),
    ("POINT Z (512909 6606277 77.5)", GeometryKind::Point),
    ("LINESTRING (512909 6606277,512910 6606278)", GeometryKind::Line),
    ("LINESTRING Z (512909 6606277 1,512910 6606278 2)", GeometryKind::Line),
    ("POLYGON ((0 0,9 0,9 9,0 9,0 0),(1 1,1 2,2 2,2 1,1 1))", GeometryKind::Polygon),
    ("MULTIPOINT ((0 0),(1 1))", GeometryKind::Point),
    ("MULTILINESTRING ((0 0,1 1),(2 2,3 3))", GeometryKind::Line),
    (
        "MULTIPOLYGON (((0 0,9 0,9 9,0 0)),((20 0,29 0,29 9,20 0),(21 1,22 1,22 2,21 1)))",
        GeometryKind::Polygon,
    ),
    ("GEOMETRYCOLLECTION (POINT (0 0),LINESTRING (0 0,1 1))", GeometryKind::Collection),
];

fn shapes(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    let csv = folder.join("former.csv");
    let rows =
        SHAPES.iter().enumerate().map(|(idx, (wkt, _))| format!("\"{wkt}\",{idx},Råssvalen\n"));
    std::fs::write(&csv, format!("WKT,nr,namn\n{}", rows.collect::<String>())).unwrap();
    let gpkg = folder.join("former.gpkg");
    let (to, from) = (gpkg.to_str().unwrap(), csv.to_str().unwrap());
    gdal(
        "ogr2ogr",
        &[
            "-f",
            "GPKG",
            to,
            from,
            "-a_srs",
            "EPSG:3006",
            "-nlt",
            "GEOMETRY",
            "-oo",
            "AUTODETECT_TYPE=YES",
        ],
    )?;
    Some((csv, gpkg))
}

#[test]
fn every_shape_that_gdal_writes_comes_out_of_each_format_as_out_of_a_geopackage() {
    let folder = tempfile::tempdir().unwrap();
    let Some((_, gpkg)) = shapes(folder.path()) else { return };
    let wanted = tables(&gpkg);
    for (format, ending, options) in [
        ("FlatGeobuf", "fgb", vec!["-lco", "SPATIAL_INDEX=NO"]),
        ("GML", "gml", vec!["-dsco", "FORMAT=GML3.2"]),
        ("GML", "gml", vec!["-dsco", "FORMAT=GML3"]),
        ("GML", "gml", vec!["-dsco", "FORMAT=GML2"]),
        ("GeoJSONSeq", "geojsonl", vec!["-t_srs", "EPSG:3006"]),
        ("GeoJSONSeq", "geojsons", vec!["-t_srs", "EPSG:3006", "-lco", "RS=YES"]),
    ] {
        let path = folder.path().join(format!("ut.{ending}"));
        let _ = std::fs::remove_file(&path);
        let arguments =
            [&["-f", format, path.to_str().unwrap(), gpkg.to_str().unwrap()][..], &options]
                .concat();
        if gdal("ogr2ogr", &arguments).is_none() {
            return;
        }
        let what = format!("{format} {options:?}");
        let got = tables(&path);
        assert_eq!(got.len(), 1, "{what}");
        assert_eq!(got[0].rows.len(), SHAPES.len(), "{what}");
        for (idx, (_, kind)) in SHAPES.iter().enumerate() {
            let (one, other) = (got[0].geometry(idx), wanted[0].geometry(idx));
            // GeoJSON in degrees has no place for millimetres, and GDAL 3.6 writes one part of a collection only.
            if format == "GeoJSONSeq" {
                let is_same = one.kind() == other.kind() || idx == 8;
                assert!(is_same, "{what} {idx}");
                continue;
            }
            assert_eq!(one.to_types(), other.to_types(), "{what} {idx}");
            if options.contains(&"FORMAT=GML3.2") {
                assert_eq!(one.wkb(), other.wkb(), "{what} {idx}");
            }
            assert_eq!(one.kind(), *kind, "{what} {idx}");
            assert_eq!(got[0].value(idx, "namn"), &text("Råssvalen"), "{what}");
            assert_eq!(got[0].value(idx, "nr").to_string(), idx.to_string(), "{what}");
        }
    }
}

#[test]
fn an_indexed_flatgeobuf_of_gdal_is_read_whole_with_its_types_and_its_system() {
    let folder = tempfile::tempdir().unwrap();
    let gpkg = Gpkg::new(
        folder.path(),
        "ventil",
        3009,
        &["nr TEXT", "dim INTEGER", "djup REAL", "stängd BOOLEAN", "nar DATETIME"],
    );
    for idx in 0..500u32 {
        let at = Geometry::point(ZONE.0 + f64::from(idx), ZONE.1);
        gpkg.row(Some(&at), &format!("'å{idx}', {idx}, 1.5, 1, '2026-05-19T10:00:00Z'"));
    }
    let path = gpkg.close();
    let fgb = folder.path().join("ventil.fgb");
    let arguments = ["-f", "FlatGeobuf", fgb.to_str().unwrap(), path.to_str().unwrap()];
    if gdal("ogr2ogr", &arguments).is_none() {
        return;
    }
    let delivery = open(&fgb).unwrap();
    assert_eq!(delivery.kind(), FileKind::FlatGeobuf);
    let table = tables(&fgb).remove(0);
    assert_eq!(table.layer.crs, DeclaredCrs::Epsg(3009));
    assert_eq!(table.layer.name, "ventil");
    assert_eq!(table.rows.len(), 500);
    let row = (0..500).find(|it| table.value(*it, "nr") == &text("å118")).unwrap();
    assert_eq!(table.value(row, "dim"), &Value::Int(118));
    assert_eq!(table.value(row, "djup"), &Value::Real(1.5));
    assert_eq!(table.value(row, "stängd"), &Value::Bool(true));
    assert!(table.value(row, "nar").to_string().starts_with("2026-05-19T10:00:00"));
    assert_eq!(table.geometry(row), &Geometry::point(ZONE.0 + 118.0, ZONE.1));
}

#[test]
fn a_suppliers_table_is_known_as_flatgeobuf_and_as_gml_too() {
    let folder = tempfile::tempdir().unwrap();
    let columns =
        ["objektidentitet TEXT", "objekttyp TEXT", "husnummer INTEGER", "huvudbyggnad TEXT"];
    let gpkg = Gpkg::new(folder.path(), "byggnad", 3006, &columns);
    let wkt = "POLYGON ((512909 6606277,512919 6606277,512919 6606287,512909 6606277))";
    let ring = faltkarta_geo::Geometry::from_types(&wkt_polygon(wkt));
    gpkg.row(Some(&ring), "'b1', 'Bostad', 1, 'Ja'");
    let path = gpkg.close();
    let wanted = read(&path, "building").unwrap();
    for (format, ending, options) in [
        ("FlatGeobuf", "fgb", vec![]),
        // Northing first, as the registry has it.
        ("GML", "gml", vec!["-dsco", "FORMAT=GML3.2"]),
        ("GML", "gml", vec!["-dsco", "FORMAT=GML3.2", "-dsco", "SRSNAME_FORMAT=OGC_URL"]),
        ("GML", "gml", vec!["-dsco", "FORMAT=GML3", "-dsco", "SRSNAME_FORMAT=SHORT"]),
    ] {
        let to = folder.path().join(format!("byggnad.{ending}"));
        let _ = std::fs::remove_file(&to);
        let arguments =
            [&["-f", format, to.to_str().unwrap(), path.to_str().unwrap()][..], &options].concat();
        if gdal("ogr2ogr", &arguments).is_none() {
            return;
        }
        let got = read(&to, "building").unwrap();
        assert_eq!(got.features, wanted.features, "{format} {options:?}");
        assert_eq!(got.codes(), wanted.codes(), "{format} {options:?}: axes need no turning");
    }
}

fn wkt_polygon(wkt: &str) -> Types<f64> {
    let inner = wkt.trim_start_matches("POLYGON ((").trim_end_matches("))");
    let ring = inner.split(',').map(|pair| {
        let (x, y) = pair.trim().split_once(' ').unwrap();
        (x.parse::<f64>().unwrap(), y.parse::<f64>().unwrap())
    });
    Types::Polygon(geo_types::Polygon::new(ring.collect::<Vec<_>>().into(), vec![]))
}

fn gml(folder: &Path, features: &str) -> PathBuf {
    let path = folder.join("plan.gml");
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- handgjord -->\n\
         <wfs:FeatureCollection xmlns:wfs=\"http://www.opengis.net/wfs/2.0\" xmlns:gml=\"http://www.opengis.net/gml/3.2\" \
         xmlns:k=\"urn:k\" xmlns:xlink=\"http://www.w3.org/1999/xlink\">\n{features}\n</wfs:FeatureCollection>"
    );
    std::fs::write(&path, text).unwrap();
    path
}

const URN: &str = "urn:ogc:def:crs:EPSG::3006";

#[test]
fn features_of_two_kinds_are_two_layers_with_columns_by_their_paths() {
    let folder = tempfile::tempdir().unwrap();
    let path = gml(
        folder.path(),
        &format!(
            "<wfs:member><k:Ventil gml:id=\"v.1\"><gml:boundedBy><gml:Envelope srsName=\"{URN}\">\
             <gml:lowerCorner>0 0</gml:lowerCorner></gml:Envelope></gml:boundedBy>\
             <k:namn>A &amp; B &#229;</k:namn><k:adress><k:gata>Skolgatan</k:gata><k:nr/></k:adress>\
             <k:typ xlink:href=\"http://kod/7\"/><k:plan>1</k:plan><k:plan>2</k:plan>\
             <k:plats><gml:Point srsName=\"{URN}\"><gml:pos>6606277 512909</gml:pos></gml:Point></k:plats></k:Ventil></wfs:member>\n\
             <wfs:member><k:Brunn gml:id=\"b.1\"><k:djup><![CDATA[<3>]]></k:djup></k:Brunn></wfs:member>"
        ),
    );
    let tables = tables(&path);
    let names: Vec<_> = tables.iter().map(|it| it.layer.name.as_str()).collect();
    assert_eq!(names, ["Ventil", "Brunn"]);
    let valve = &tables[0];
    assert_eq!(valve.layer.columns, ["gml_id", "namn", "adress.gata", "adress.nr", "typ", "plan"]);
    assert_eq!(valve.layer.crs, DeclaredCrs::Epsg(3006));
    assert_eq!(valve.value(0, "gml_id"), &text("v.1"));
    assert_eq!(valve.value(0, "namn"), &text("A & B å"));
    assert_eq!(valve.value(0, "adress.nr"), &Value::Null);
    assert_eq!(valve.value(0, "typ"), &text("http://kod/7"));
    assert_eq!(valve.value(0, "plan"), &Value::List(vec!["1".into(), "2".into()]));
    assert_eq!(valve.geometry(0), &Geometry::point(TM.0, TM.1));
    assert_eq!((tables[1].layer.has_geometry, tables[1].value(0, "djup")), (false, &text("<3>")));
}

#[test]
fn axes_follow_the_form_of_the_systems_name() {
    for (srs_name, pos) in [
        ("urn:ogc:def:crs:EPSG::3006", "6606277 512909"),
        ("urn:ogc:def:crs:EPSG:9.5:3006", "6606277 512909"),
        ("http://www.opengis.net/def/crs/EPSG/0/3006", "6606277 512909"),
        ("https://www.opengis.net/def/crs/EPSG/0/3006", "6606277 512909"),
        ("EPSG:3006", "512909 6606277"),
        ("http://www.opengis.net/gml/srs/epsg.xml#3006", "512909 6606277"),
        // With heights in RH 2000.
        ("urn:ogc:def:crs:EPSG::5845", "6606277 512909 77.5"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let point =
            format!("<gml:Point srsName=\"{srs_name}\"><gml:pos>{pos}</gml:pos></gml:Point>");
        let path =
            gml(folder.path(), &format!("<wfs:member><k:V><k:g>{point}</k:g></k:V></wfs:member>"));
        let table = tables(&path).remove(0);
        assert_eq!(table.layer.crs, DeclaredCrs::Epsg(3006), "{srs_name}");
        let bounds = table.geometry(0).bounds().unwrap();
        assert_eq!((bounds.min_e_m, bounds.min_n_m), TM, "{srs_name}");
    }
}

#[test]
fn curves_of_gml_are_drawn_and_what_is_not_read_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let shapes = [
        "<gml:Curve><gml:segments><gml:LineStringSegment><gml:posList>0 0 5 5</gml:posList></gml:LineStringSegment>\
         <gml:Arc><gml:posList>5 5 10 10 20 0</gml:posList></gml:Arc></gml:segments></gml:Curve>",
        "<gml:Surface><gml:patches><gml:PolygonPatch><gml:exterior><gml:Ring><gml:curveMember><gml:Curve><gml:segments>\
         <gml:CircleByCenterPoint><gml:pos>10 0</gml:pos><gml:radius uom=\"m\">10</gml:radius></gml:CircleByCenterPoint>\
         </gml:segments></gml:Curve></gml:curveMember></gml:Ring></gml:exterior></gml:PolygonPatch></gml:patches></gml:Surface>",
        "<gml:OrientableCurve orientation=\"-\"><gml:baseCurve><gml:LineString><gml:posList>0 0 5 5</gml:posList>\
         </gml:LineString></gml:baseCurve></gml:OrientableCurve>",
        "<gml:Solid/>",
        "<gml:MultiCurve><gml:curveMember xlink:href=\"#elsewhere\"/></gml:MultiCurve>",
        "<gml:LineString><gml:posList>0 0 5</gml:posList></gml:LineString>",
        "<gml:LineString><gml:posList>0 0 5 x</gml:posList></gml:LineString>",
        "<gml:Point><gml:pos>NaN 0</gml:pos></gml:Point>",
        "<gml:Curve><gml:segments><gml:CubicSpline/></gml:segments></gml:Curve>",
        "<gml:LineString srsDimension=\"3\"><gml:posList>0 0 1 5 5 2</gml:posList></gml:LineString>",
    ];
    let features =
        shapes.map(|it| format!("<wfs:member><k:V><k:g>{it}</k:g></k:V></wfs:member>\n"));
    let table = tables(&gml(folder.path(), &features.concat())).remove(0);
    assert_eq!(table.rows.len(), shapes.len());
    assert!(table.rows[0].is_linearised && table.rows[1].is_linearised);
    assert_eq!(table.geometry(0).kind(), GeometryKind::Line);
    let area = faltkarta_geo::area_on_grid_m2(table.geometry(1));
    assert!((area - 314.159).abs() < 0.07, "{area}");
    let Types::LineString(turned) = table.geometry(2).to_types() else { panic!("not a line") };
    assert_eq!(turned.0[0].x, 5.0);
    let faults: Vec<_> =
        table.rows[3..9].iter().map(|it| it.geometry.clone().unwrap_err()).collect();
    let unsupported = GeometryError::UnsupportedType { code: 0 };
    assert_eq!(
        faults,
        [
            unsupported,
            unsupported,
            GeometryError::Truncated,
            GeometryError::NotFinite,
            GeometryError::NotFinite,
            unsupported,
        ]
    );
    assert_eq!(table.geometry(9).wkb()[1..5], 1002u32.to_le_bytes());
}

#[test]
fn letters_of_latin_1_and_utf_16_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gml");
    let text = |encoding: &str| {
        format!(
            "<?xml version='1.0' encoding='{encoding}'?><a:C xmlns:a='a'><a:member><a:V><a:namn>Råssvalen</a:namn></a:V></a:member></a:C>"
        )
    };
    let latin: Vec<u8> = text("ISO-8859-1").chars().map(|it| it as u8).collect();
    let wide: Vec<u8> = std::iter::once(0xfeff)
        .chain(text("UTF-16").encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let cut = folder.path().join("cut.gml");
    for n in 0..latin.len() {
        std::fs::write(&cut, &latin[..n]).unwrap();
        assert!(open(&cut).is_err(), "{n}");
    }
    for bytes in [latin, wide, text("utf-8").into_bytes()] {
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(tables(&path)[0].value(0, "namn"), &Value::Text("Råssvalen".into()));
    }
}

#[test]
fn entities_are_refused_and_nothing_is_fetched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gml");
    for head in [
        "<!DOCTYPE a [<!ENTITY b \"cccccccccc\"><!ENTITY d \"&b;&b;&b;&b;\">]>",
        "<!DOCTYPE a SYSTEM \"file:///etc/passwd\">",
        "",
    ] {
        std::fs::write(&path, format!("{head}<a><member><V><n>&d;</n></V></member></a>")).unwrap();
        let refused = open(&path).unwrap_err();
        assert_eq!(refused.code(), "malformed_file", "{head} {refused}");
    }
}

#[test]
fn a_gml_cut_anywhere_is_refused_before_a_row_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let whole = gml(
        folder.path(),
        "<wfs:member><k:V a=\"1\"><k:n>å<![CDATA[b]]></k:n><k:g><gml:Point><gml:pos>1 2</gml:pos></gml:Point></k:g></k:V></wfs:member>",
    );
    let text = std::fs::read(&whole).unwrap();
    let path = folder.path().join("cut.gml");
    for n in 0..text.len() {
        std::fs::write(&path, &text[..n]).unwrap();
        let code = open(&path).map(|_| ()).unwrap_err().code();
        assert!(matches!(code, "truncated_file" | "malformed_file" | "foreign_file"), "{n} {code}");
    }
}

#[test]
fn a_flatgeobuf_cut_anywhere_is_refused_before_a_row_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let Some((_, gpkg)) = shapes(folder.path()) else { return };
    let whole = folder.path().join("hel.fgb");
    let arguments = [
        "-f",
        "FlatGeobuf",
        whole.to_str().unwrap(),
        gpkg.to_str().unwrap(),
        "-where",
        "nr < 3",
        "-lco",
        "SPATIAL_INDEX=YES",
    ];
    if gdal("ogr2ogr", &arguments).is_none() {
        return;
    }
    let bytes = std::fs::read(&whole).unwrap();
    assert_eq!(tables(&whole)[0].rows.len(), 3);
    let path = folder.path().join("cut.fgb");
    for n in 0..bytes.len() {
        std::fs::write(&path, &bytes[..n]).unwrap();
        let code = open(&path).map(|_| ()).unwrap_err().code();
        assert!(matches!(code, "truncated_file" | "foreign_file"), "{n} {code}");
    }
}
