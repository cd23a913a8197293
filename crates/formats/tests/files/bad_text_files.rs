//! The part of the folder of bad deliveries that is text: GeoJSON, tables, GML.

use std::fmt::Write as _;

use crate::bad_cases::Must::{Refuse, Tell};
use crate::bad_cases::{Folder, TM, wheel};

fn json(features: &[String]) -> String {
    format!(
        r#"{{"type":"FeatureCollection","crs":{{"type":"name","properties":{{"name":"EPSG:3006"}}}},"features":[{}]}}"#,
        features.join(",\n")
    )
}

fn json_feature(id: &str, geometry: &str) -> String {
    format!(r#"{{"type":"Feature","properties":{{"id":{id}}},"geometry":{geometry}}}"#)
}

fn json_point(x: &str, y: &str) -> String {
    format!(r#"{{"type":"Point","coordinates":[{x},{y}]}}"#)
}

pub(crate) fn geojson(folder: &mut Folder) {
    let point = json_point("512909", "6606277");
    let good = json_feature("\"a\"", &point);
    let whole = json(std::slice::from_ref(&good));
    folder.add("god.geojson", &whole, Tell(1, &[]));
    folder.add("tom.geojson", "", Refuse("truncated_file"));
    folder.add("halv.geojson", &whole[..whole.len() / 2], Refuse("truncated_file"));
    folder.add("webbsida.geojson", "<html>404</html>", Refuse("foreign_file"));
    folder.add("lista.geojson", "[1,2]", Refuse("foreign_file"));
    folder.add("utan_objekt.geojson", "{\"a\":1}", Refuse("foreign_file"));
    folder.add("bara_svans.geojson", format!("{whole}}}}}"), Refuse("malformed_file"));
    for (name, x) in
        [("nan", "NaN"), ("oandlig", "Infinity"), ("for_stort", "1e999"), ("text", "\"5\"")]
    {
        let text = json(&[json_feature("\"a\"", &json_point(x, "6606277"))]);
        folder.add(&format!("{name}.geojson"), text, Refuse("malformed_file"));
    }
    let deep = json(&[json_feature("\"a\"", &"[".repeat(100_000))]);
    folder.add("djup.geojson", deep, Refuse("malformed_file"));
    let mut wide = String::from("{\"id\":\"a\"");
    for idx in 0..1_000_000 {
        write!(wide, ",\"k{idx}\":1").unwrap();
    }
    let wide = format!("{{\"type\":\"Feature\",\"properties\":{wide}}},\"geometry\":null}}");
    folder.add("en_miljon_kolumner.geojson", json(&[wide]), Refuse("over_limit"));
    let mut bytes = whole.clone().into_bytes();
    let at = whole.find("\"a\"").unwrap() + 1;
    bytes[at] = 0xc5;
    folder.add("ogiltig_utf8.geojson", bytes, Refuse("malformed_file"));
    let corners: Vec<String> = wheel(1_000_000)
        .iter()
        .map(|(x, y)| format!("[{:.3},{:.3}]", TM.0 + x, TM.1 + y))
        .collect();
    let polygon = format!(r#"{{"type":"Polygon","coordinates":[[{}]]}}"#, corners.join(","));
    let text = json(&[json_feature("\"a\"", &polygon)]);
    folder.add("en_miljon_horn.geojson", text, Tell(1, &["wrong_geometry_type"]));
    let many =
        format!(r#"{{"type":"MultiPoint","coordinates":[[0,0]{}]}}"#, ",[0,0]".repeat(5_000_000));
    folder.add(
        "fem_miljoner_punkter.geojson",
        json(&[json_feature("1", &many)]),
        Refuse("malformed_file"),
    );
    for (name, id, geometry, must) in [
        (
            "djupet_fel",
            "\"a\"",
            r#"{"type":"Polygon","coordinates":[[1,2],[3,4]]}"#,
            Tell(2, &["invalid_geometry"]),
        ),
        (
            "okand_form",
            "\"a\"",
            r#"{"type":"Circle","coordinates":[1,2]}"#,
            Tell(2, &["unsupported_geometry"]),
        ),
        ("utan_form", "\"a\"", "null", Tell(2, &["null_geometry"])),
        ("tom_form", "\"a\"", r#"{"type":"Point","coordinates":[]}"#, Tell(2, &["null_geometry"])),
        ("utan_id", "null", &point, Tell(2, &["missing_identity"])),
        ("samma_id", "\"z\"", &point, Tell(2, &["duplicate_identity"])),
    ] {
        let other = json_feature("\"z\"", &point);
        let text = json(&[other, json_feature(id, geometry)]);
        folder.add(&format!("{name}.geojson"), text, must);
    }
    let local = whole.replace("EPSG:3006", "kommunens eget");
    folder.add("okant_system.geojson", local, Refuse("unknown_crs"));
    let zone = whole.replace("EPSG:3006", "urn:ogc:def:crs:EPSG::3009");
    folder.add("3006_kallad_3009.geojson", zone, Refuse("wrong_zone"));
    let turned = json(&[json_feature("\"a\"", &json_point("59.5945", "15.2286"))]);
    let turned = turned.replace("EPSG:3006", "EPSG:4326");
    folder.add("lat_forst.geojson", turned, Tell(1, &["axis_order"]));
    folder.add(
        "rad_tva_bruten.geojsonl",
        format!("{good}\n{{\"type\":\n{good}\n"),
        Refuse("malformed_file"),
    );
    folder.add(
        "sista_raden_kapad.geojsonl",
        format!("{good}\n{}", &good[..40]),
        Refuse("truncated_file"),
    );
}

pub(crate) fn tables(folder: &mut Folder) {
    let good = "id;e;n\na;512909;6606277\n";
    folder.add("god.csv", good, Tell(1, &["crs_assumed"]));
    folder.add("tom.csv", "", Refuse("truncated_file"));
    folder.add("bara_rubriker.csv", "id;e;n\n", Tell(0, &["crs_assumed"]));
    let wide: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    folder.add("utf16.csv", [b"\xff\xfe", &wide[..]].concat(), Refuse("foreign_file"));
    folder.add("nollor.csv", [good.as_bytes(), b"\0\0"].concat(), Refuse("foreign_file"));
    folder.add("kort_rad.csv", format!("{good}b;1\n"), Tell(2, &["crs_assumed", "bad_row"]));
    folder.add(
        "oppet_citat.csv",
        format!("{good}\"b;1;2\nc;1;2\n"),
        Tell(2, &["crs_assumed", "bad_row"]),
    );
    for (name, e) in [("nan", "NaN"), ("oandlig", "inf"), ("text", "öster")] {
        let text = format!("{good}b;{e};6606277\n");
        folder.add(&format!("{name}.csv"), text, Tell(2, &["crs_assumed", "invalid_geometry"]));
    }
    folder.add(
        "halv_plats.csv",
        format!("{good}b;512909;\n"),
        Tell(2, &["crs_assumed", "invalid_geometry"]),
    );
    folder.add(
        "utan_plats.csv",
        format!("{good}b;;\n"),
        Tell(2, &["crs_assumed", "null_geometry"]),
    );
    folder.add(
        "en_miljon_kolumner.csv",
        format!("id;e;n{}\n", ";k".repeat(1_000_000)),
        Refuse("over_limit"),
    );
    folder.add("andra_kolumner.csv", "nr;x;y\n1;2;3\n", Refuse("unknown_delivery"));
    folder.add("registerenhet_yta.csv", "nr;x;y\n1;2;3\n", Refuse("outgoing_schema"));
    folder.add("ingenstans.csv", "id;e;n\na;1;2\n", Refuse("unknown_crs"));
    folder.add(
        "bytt_ordning.csv",
        "id;e;n\na;6606277;512909\n",
        Tell(1, &["axis_order", "crs_assumed"]),
    );
}

pub(crate) fn gmls(folder: &mut Folder) {
    let urn = "urn:ogc:def:crs:EPSG::3006";
    let feature = |id: &str, srs: &str, pos: &str| {
        format!(
            "<member><V><id>{id}</id><g><Point srsName=\"{srs}\"><pos>{pos}</pos></Point></g></V></member>"
        )
    };
    let of = |features: &str| format!("<C>{features}</C>");
    let good = feature("a", urn, "6606277 512909");
    let whole = of(&good);
    folder.add("god.gml", &whole, Tell(1, &[]));
    folder.add("tom.gml", "", Refuse("truncated_file"));
    folder.add("kapad.gml", &whole[..whole.len() - 1], Refuse("truncated_file"));
    folder.add("inte_xml.gml", "id;e;n", Refuse("foreign_file"));
    folder.add("utan_objekt.gml", "<C><a/></C>", Refuse("foreign_file"));
    folder.add(
        "taggar_i_oordning.gml",
        "<C><member><V></member></V></C>",
        Refuse("malformed_file"),
    );
    let laughs = "<!DOCTYPE C [<!ENTITY a \"haha\"><!ENTITY b \"&a;&a;&a;&a;\">]>";
    folder.add("en_miljard_skratt.gml", format!("{laughs}{whole}"), Refuse("malformed_file"));
    let deep =
        of(&format!("<member><V>{}{}</V></member>", "<a>".repeat(10_000), "</a>".repeat(10_000)));
    folder.add("djup.gml", deep, Refuse("over_limit"));
    let mut wide = String::new();
    for idx in 0..1_000_000 {
        write!(wide, "<k{idx}/>").unwrap();
    }
    folder.add(
        "en_miljon_kolumner.gml",
        of(&format!("<member><V>{wide}</V></member>")),
        Refuse("over_limit"),
    );
    let mut bytes = whole.clone().into_bytes();
    bytes[whole.find(">a<").unwrap() + 1] = 0xc5;
    folder.add("ogiltig_utf8.gml", bytes, Refuse("malformed_file"));
    folder.add(
        "okand_kodning.gml",
        format!("<?xml version='1.0' encoding='EBCDIC-X'?>{whole}"),
        Refuse("foreign_file"),
    );
    let two = |other: &str| of(&format!("{good}{other}"));
    folder.add(
        "halv_plats.gml",
        two(&feature("b", urn, "6606277")),
        Tell(2, &["invalid_geometry"]),
    );
    folder.add("nan.gml", two(&feature("b", urn, "NaN 512909")), Tell(2, &["invalid_geometry"]));
    folder.add(
        "tva_system.gml",
        two(&feature("b", "EPSG:3009", "162914 6608920")),
        Tell(2, &["bad_row"]),
    );
    folder.add("samma_id.gml", two(&good), Tell(2, &["duplicate_identity"]));
    folder.add("ost_forst.gml", of(&feature("a", urn, "512909 6606277")), Tell(1, &["axis_order"]));
    folder.add(
        "okant_system.gml",
        of(&feature("a", "urn:ogc:def:crs:EPSG::31467", "1 2")),
        Refuse("unknown_crs"),
    );
}
