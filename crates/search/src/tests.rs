//! The box as a person uses it: what is typed, and what must come first.

use faltkarta_geo::{Bounds, GridSystem};
use faltkarta_model::{DatasetId, FeatureId};

use crate::{Answer, Hit, Overlay, PlaceEntry, PlaceIndex, PlaceIndexBuilder, PlaceKind, Query};

const LINDESBERG: (f64, f64) = (162_914.0, 6_608_920.0);
const NORA: (f64, f64) = (152_264.0, 6_600_486.0);
const KOPPARBERG: (f64, f64) = (149_664.0, 6_640_369.0);
const AREA: Bounds =
    Bounds { min_e_m: 113_299.0, min_n_m: 6_583_836.0, max_e_m: 190_162.0, max_n_m: 6_667_744.0 };

fn id(identity: &str) -> FeatureId {
    FeatureId::of_delivered(&DatasetId::parse("test").unwrap(), identity)
}

fn entry(kind: PlaceKind, text: &str, municipality: &str, at: (f64, f64)) -> PlaceEntry {
    let (label, detail) = match kind {
        PlaceKind::Address => {
            (format!("{text}, {municipality}"), format!("711 30 {municipality}, {municipality}"))
        }
        PlaceKind::Parcel => (format!("{municipality} {text}"), municipality.to_owned()),
        PlaceKind::Asset => (format!("Brandpost {text}"), "Brandpost".to_owned()),
        _ => (text.to_owned(), "Tätort".to_owned()),
    };
    PlaceEntry {
        kind,
        dataset_no: kind as u16,
        feature: id(&format!("{kind:?}{text}{municipality}{at:?}")),
        texts: vec![text.to_owned()],
        label,
        detail,
        municipality: municipality.to_owned(),
        position: Some(at),
    }
}

/// A small region with what makes search hard: the same names in several towns, all ways of numbering, å, ä and ö.
fn region() -> Vec<PlaceEntry> {
    let mut entries = Vec::new();
    for (municipality, (e, n)) in
        [("Lindesberg", LINDESBERG), ("Nora", NORA), ("Ljusnarsberg", KOPPARBERG)]
    {
        for street in ["Storgatan", "Kungsgatan", "Skogsvägen", "Norra Järnvägsgatan", "Prästgatan"]
        {
            for number in 1..=20u32 {
                let at = (e + f64::from(number) * 10.0, n + street.len() as f64);
                entries.push(entry(
                    PlaceKind::Address,
                    &format!("{street} {number}"),
                    municipality,
                    at,
                ));
                if number == 12 {
                    for letter in ["A", "B"] {
                        entries.push(entry(
                            PlaceKind::Address,
                            &format!("{street} 12 {letter}"),
                            municipality,
                            at,
                        ));
                    }
                }
            }
        }
    }
    entries.push(entry(PlaceKind::Address, "Strandvägen 9", "Nora", NORA));
    for unit in 1..=12 {
        entries.push(entry(PlaceKind::Parcel, &format!("RYA 1:{unit}"), "Lindesberg", LINDESBERG));
    }
    // One property of two areas.
    entries.push(entry(
        PlaceKind::Parcel,
        "RYA 1:5",
        "Lindesberg",
        (LINDESBERG.0 + 500.0, LINDESBERG.1),
    ));
    for (text, municipality, at) in [
        ("RYA S:1", "Lindesberg", LINDESBERG),
        ("RYA GA:6", "Lindesberg", LINDESBERG),
        ("LINDESBY 1:13", "Lindesberg", LINDESBERG),
        ("ROSEN 1", "Lindesberg", LINDESBERG),
        ("ROSEN 2", "Lindesberg", LINDESBERG),
        ("ROSEN 11", "Nora", NORA),
        ("SKÅPSMEDEN 4", "Nora", NORA),
        ("ÄLVESTORP 4:1", "Nora", NORA),
        ("ALVESTORP 4:1", "Lindesberg", LINDESBERG),
        ("NORA 1:1", "Nora", NORA),
        ("ALNÖ-USLAND GA:6", "Nora", NORA),
        ("DALKARLSHYTTAN 1:1", "Lindesberg", LINDESBERG),
        ("STENSNÄS 1:1", "Nora", NORA),
        ("FIBBETORP 1:6", "Nora", NORA),
        ("SMARAGDEN 1", "Ljusnarsberg", KOPPARBERG),
        ("LINDESBERG 1:1", "Lindesberg", LINDESBERG),
    ] {
        entries.push(entry(PlaceKind::Parcel, text, municipality, at));
    }
    for (text, at) in [("BP 114", LINDESBERG), ("BP 11", NORA), ("AV-118", LINDESBERG)] {
        entries.push(entry(PlaceKind::Asset, text, "Lindesberg", at));
    }
    for (text, municipality, at) in [
        ("Lindesberg", "Lindesberg", LINDESBERG),
        ("Vedevåg", "Lindesberg", (166_241.0, 6_601_857.0)),
        ("Nora", "Nora", NORA),
        ("Rya", "Lindesberg", (163_004.0, 6_605_076.0)),
    ] {
        entries.push(entry(PlaceKind::Place, text, municipality, at));
    }
    let mut case = entry(PlaceKind::Case, "BYGG 2024-666", "Nora", NORA);
    case.texts.push("Ny altan".to_owned());
    entries.push(case);
    entries
}

fn index() -> PlaceIndex {
    let mut builder = PlaceIndexBuilder::new();
    for it in &region() {
        builder.add(it);
    }
    builder.build()
}

fn ask(index: &PlaceIndex, overlay: &Overlay, text: &str, near: Option<(f64, f64)>) -> Answer {
    let query = Query { text, near, grid: GridSystem::ZONE_15_00, area: AREA, limit: 10 };
    index.find(&query, overlay)
}

fn hits(text: &str, near: Option<(f64, f64)>) -> Vec<Hit> {
    ask(&index(), &Overlay::new(), text, near).hits
}

#[track_caller]
fn first(text: &str, expected: &str) {
    let index = index();
    let answer = ask(&index, &Overlay::new(), text, Some(LINDESBERG));
    let found = answer.hits.first().map(|it| it.label.as_str());
    assert_eq!(found, Some(expected), "{text}: {:?} {:?}", labels(&answer.hits), answer.suggestion);
}

fn labels(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|it| it.label.as_str()).collect()
}

#[test]
fn an_address_is_found_however_it_is_typed() {
    for text in [
        "storgatan 12",
        "Storgatan 12",
        "storg 12",
        "12 storgatan",
        "12 storg",
        "storgatan 12, 711 30 Lindesberg",
        "711 30 Lindesberg storgatan 12",
        "storgatan 12 lindesberg",
        "lindesberg storgatan 12",
        "stor g 12",
    ] {
        first(text, "Storgatan 12, Lindesberg");
    }
    for text in ["storg 12b", "storgatan 12 b", "12b storg", "STORGATAN 12B"] {
        first(text, "Storgatan 12 B, Lindesberg");
    }
    for text in ["kungsg 12", "kungs g 12", "kungsg. 12"] {
        first(text, "Kungsgatan 12, Lindesberg");
    }
    for text in ["skogsv 3", "skogs v 3", "skogsväg 3", "skogsvagen 3"] {
        first(text, "Skogsvägen 3, Lindesberg");
    }
    for text in ["n järnvägsg 7", "norra järnv 7", "järnvägsgatan 7", "jarnvagsg 7"] {
        first(text, "Norra Järnvägsgatan 7, Lindesberg");
    }
}

#[test]
fn every_way_to_write_a_designation_finds_it() {
    for (text, expected) in [
        ("Lindesberg Rya 1:5", "Lindesberg RYA 1:5"),
        ("nora skåpsmeden 4", "Nora SKÅPSMEDEN 4"),
        ("Lindesbergs kommun Lindesby 1:13", "Lindesberg LINDESBY 1:13"),
        ("rosen 11", "Nora ROSEN 11"),
        ("kv. Rosen 1", "Lindesberg ROSEN 1"),
        ("fastigheten rosen 1", "Lindesberg ROSEN 1"),
        ("RYA S:1", "Lindesberg RYA S:1"),
        ("rya s:1", "Lindesberg RYA S:1"),
        ("rya ga:6", "Lindesberg RYA GA:6"),
        ("Älvestorp 4:1", "Nora ÄLVESTORP 4:1"),
        ("alvestorp 4:1", "Lindesberg ALVESTORP 4:1"),
        ("Rya 1:5>2", "Lindesberg RYA 1:5"),
        ("RYA (1:5)", "Lindesberg RYA 1:5"),
        ("Rya 1;5", "Lindesberg RYA 1:5"),
        ("Rya 1 : 5", "Lindesberg RYA 1:5"),
        ("Rya 1.5", "Lindesberg RYA 1:5"),
        ("Rya 1:", "Lindesberg RYA 1:1"),
        ("Nora 1:1", "Nora NORA 1:1"),
        ("Nora Nora 1:1", "Nora NORA 1:1"),
        ("ALNÖ-USLAND GA:6", "Nora ALNÖ-USLAND GA:6"),
        ("usland ga:6", "Nora ALNÖ-USLAND GA:6"),
        ("Dalkarlshyttan 1:1", "Lindesberg DALKARLSHYTTAN 1:1"),
        ("Stensnäs 1:1", "Nora STENSNÄS 1:1"),
        ("Fibbetorp 1:6", "Nora FIBBETORP 1:6"),
        ("Smaragden 1", "Ljusnarsberg SMARAGDEN 1"),
        ("lindesberg lindesberg 1:1", "Lindesberg LINDESBERG 1:1"),
    ] {
        first(text, expected);
    }
}

#[test]
fn a_folded_letter_is_found_in_the_second_look() {
    let mut builder = PlaceIndexBuilder::new();
    builder.add(&entry(PlaceKind::Parcel, "ÄLVESTORP 4:1", "Nora", NORA));
    let index = builder.build();
    let answer = ask(&index, &Overlay::new(), "alvestorp 4:1", None);
    assert_eq!(labels(&answer.hits), ["Nora ÄLVESTORP 4:1"]);
    assert_eq!(answer.suggestion, None);
}

#[test]
fn the_name_with_the_letters_as_typed_comes_before_the_one_that_folds_alike() {
    let both = hits("älvestorp 4:1", Some(LINDESBERG));
    assert_eq!(labels(&both), ["Nora ÄLVESTORP 4:1", "Lindesberg ALVESTORP 4:1"]);
}

#[test]
fn a_property_of_several_areas_is_one_hit() {
    assert_eq!(labels(&hits("rya 1:5", None)), ["Lindesberg RYA 1:5"]);
}

#[test]
fn units_come_in_numeric_order() {
    let labels: Vec<String> =
        hits("rya 1:", Some(LINDESBERG)).into_iter().map(|it| it.label).collect();
    let expected: Vec<String> = (1..=10).map(|it| format!("Lindesberg RYA 1:{it}")).collect();
    assert_eq!(labels, expected);
}

#[test]
fn a_half_typed_unit_gives_the_unit_itself_and_then_those_that_begin_so() {
    let found = hits("rya 1:1", Some(LINDESBERG));
    assert_eq!(
        labels(&found),
        ["Lindesberg RYA 1:1", "Lindesberg RYA 1:10", "Lindesberg RYA 1:11", "Lindesberg RYA 1:12"]
    );
}

#[test]
fn a_town_alone_is_the_place_first() {
    let found = hits("Lindesberg", Some(NORA));
    assert_eq!((found[0].kind, found[0].label.as_str()), (PlaceKind::Place, "Lindesberg"));
    assert_eq!(hits("vedev", None)[0].label, "Vedevåg");
    assert_eq!(hits("vedevag", None)[0].label, "Vedevåg");
}

#[test]
fn an_asset_is_found_by_its_number() {
    for text in ["bp 114", "BP-114", "bp114", "Bp 114"] {
        first(text, "Brandpost BP 114");
    }
    for text in ["av118", "av 118", "AV-118"] {
        first(text, "Brandpost AV-118");
    }
    assert_eq!(labels(&hits("bp 11", None)), ["Brandpost BP 11", "Brandpost BP 114"]);
}

#[test]
fn a_case_is_found_by_its_number_and_by_its_other_text() {
    first("bygg 2024-666", "BYGG 2024-666");
    first("altan", "BYGG 2024-666");
}

#[test]
fn the_nearer_of_two_streets_comes_first() {
    assert_eq!(hits("kungsgatan 5", Some(NORA))[0].municipality, "Nora");
    assert_eq!(hits("kungsgatan 5", Some(KOPPARBERG))[0].municipality, "Ljusnarsberg");
    let found = hits("kungsgatan 5", Some(NORA));
    let distances: Vec<f64> = found.iter().filter_map(|it| it.distance_m).collect();
    assert!(distances[0] < 60.0 && distances[1] > 5_000.0, "{distances:?}");
}

#[test]
fn the_number_as_typed_comes_before_what_has_more_behind_it() {
    let mut builder = PlaceIndexBuilder::new();
    let beside = (LINDESBERG.0 - 20.0, LINDESBERG.1);
    // The annex is nearest to where the map looks, and it comes first in the delivery.
    for (text, municipality, at) in [
        ("Kungsgatan 12 gårdshuset", "Lindesberg", LINDESBERG),
        ("Kungsgatan 12 B", "Lindesberg", LINDESBERG),
        ("Kungsgatan 12 A", "Lindesberg", beside),
        ("Kungsgatan 12", "Lindesberg", beside),
        ("Kungsgatan 120", "Lindesberg", LINDESBERG),
        ("Kungsgatan 12", "Nora", NORA),
    ] {
        builder.add(&entry(PlaceKind::Address, text, municipality, at));
    }
    let index = builder.build();
    let expected = [
        "Kungsgatan 12, Lindesberg",
        "Kungsgatan 12 gårdshuset, Lindesberg",
        "Kungsgatan 12 A, Lindesberg",
        "Kungsgatan 12 B, Lindesberg",
        "Kungsgatan 12, Nora",
        "Kungsgatan 120, Lindesberg",
    ];
    let answer = ask(&index, &Overlay::new(), "kungsg 12", Some(LINDESBERG));
    assert_eq!(labels(&answer.hits), expected);
    let from_nora = ask(&index, &Overlay::new(), "kungsg 12", Some(NORA));
    assert_eq!(labels(&from_nora.hits)[..2], [expected[4], expected[0]]);
    let lettered = ask(&index, &Overlay::new(), "kungsg 12 b", Some(LINDESBERG));
    assert_eq!(labels(&lettered.hits)[0], expected[3]);
}

#[test]
fn of_two_entrances_at_the_edge_of_the_town_the_plain_number_still_comes_first() {
    let mut builder = PlaceIndexBuilder::new();
    for (text, off_m) in [("Kungsgatan 12 gårdshuset", 1_990.0), ("Kungsgatan 12", 2_010.0)] {
        let at = (LINDESBERG.0 + off_m, LINDESBERG.1);
        builder.add(&entry(PlaceKind::Address, text, "Lindesberg", at));
    }
    let answer = ask(&builder.build(), &Overlay::new(), "kungsg 12", Some(LINDESBERG));
    assert_eq!(labels(&answer.hits)[0], "Kungsgatan 12, Lindesberg");
}

#[test]
fn matched_parts_are_counted_in_utf16_units_of_the_label() {
    let found = hits("lindesb rya 1:5", None);
    assert_eq!(found[0].matched, [(11, 3), (15, 3)]);
    let found = hits("järnv 12 b", Some(NORA));
    assert_eq!(found[0].label, "Norra Järnvägsgatan 12 B, Nora");
    assert_eq!(found[0].matched, [(6, 5), (20, 2), (23, 1)]);
}

#[test]
fn one_slip_is_forgiven_when_nothing_else_hits_and_told() {
    for text in [
        "strandvgen 9",
        "strnadvägen 9",
        "strandväggen 9",
        "stramdvägen 9",
        "trandvägen 9",
        "xstrandvägen 9",
    ] {
        let answer = ask(&index(), &Overlay::new(), text, None);
        assert_eq!(answer.suggestion.as_deref(), Some("Strandvägen 9"), "{text}");
        assert_eq!(labels(&answer.hits), ["Strandvägen 9, Nora"], "{text}");
    }
    assert_eq!(ask(&index(), &Overlay::new(), "kungsgatan 5", None).suggestion, None);
    let two = ask(&index(), &Overlay::new(), "strndvgen 9", None);
    assert_eq!((two.hits.len(), two.suggestion), (0, None));
}

#[test]
fn a_number_that_is_not_there_suggests_the_nearest_one() {
    let answer = ask(&index(), &Overlay::new(), "strandvgen 99", None);
    assert_eq!((answer.hits.len(), answer.suggestion.as_deref()), (0, Some("Strandvägen 9")));
    let answer = ask(&index(), &Overlay::new(), "Strandvägen 99", None);
    assert_eq!((answer.hits.len(), answer.suggestion.as_deref()), (0, Some("Strandvägen 9")));
}

#[test]
fn what_is_outside_the_package_has_no_hit() {
    let answer = ask(&index(), &Overlay::new(), "Saxhyttan 19:27", None);
    assert_eq!(answer, Answer::default());
    for text in ["", " ", ":", "12", "–", "0 0 0 0"] {
        assert_eq!(hits(text, None), vec![], "{text}");
    }
}

#[test]
fn a_coordinate_is_a_hit_with_its_system() {
    let found = hits("6606277 512909", Some(LINDESBERG));
    assert_eq!(
        (found[0].kind, found[0].system, found[0].is_outside),
        (PlaceKind::Coordinate, "SWEREF 99 TM", false)
    );
    assert!(found[0].distance_m.is_some_and(|it| it < 2.0));
}

#[test]
fn an_edit_counts_at_once_and_hides_what_it_replaces() {
    let index = index();
    let mut overlay = Overlay::new();
    let old = entry(PlaceKind::Address, "Strandvägen 9", "Nora", NORA);
    let moved = PlaceEntry {
        texts: vec!["Åstigen 4".into()],
        label: "Åstigen 4, Nora".into(),
        ..old.clone()
    };
    overlay.put(moved);
    assert_eq!(labels(&ask(&index, &overlay, "åstig", None).hits), ["Åstigen 4, Nora"]);
    assert_eq!(labels(&ask(&index, &overlay, "strandvägen 9", None).hits), Vec::<&str>::new());
    overlay.remove(old.feature);
    assert_eq!(labels(&ask(&index, &overlay, "åstig", None).hits), Vec::<&str>::new());
    overlay.restore(old.feature);
    assert_eq!(labels(&ask(&index, &overlay, "strandvägen 9", None).hits), ["Strandvägen 9, Nora"]);
}

#[test]
fn bytes_read_back_are_the_same_index_and_damage_is_refused() {
    let index = index();
    let bytes = index.to_bytes();
    assert_eq!(PlaceIndex::from_bytes(&bytes), Ok(index));
    for n in (0..bytes.len()).step_by(97) {
        assert!(PlaceIndex::from_bytes(&bytes[..n]).is_err(), "{n}");
    }
    // Whatever is damaged, either it is refused or every question is still answered.
    for at in (12..bytes.len()).step_by(61) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x81;
        if let Ok(index) = PlaceIndex::from_bytes(&damaged) {
            for text in ["storg 12b", "rya 1:", "s", "strandvgen 99"] {
                ask(&index, &Overlay::new(), text, Some(NORA));
            }
        }
    }
}
