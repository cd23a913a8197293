//! What field staff can do on a laptop that has the town, with no network at all.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use faltkarta_app::{AppError, DraftAnswers, Edit, Field, Phase, Submission};
use faltkarta_geo::Geometry;
use faltkarta_model::{FeatureId, Timestamp, Value};
use faltkarta_store::EditState;
use support::{Counting, at, bundled, dataset, field, id_of, jpeg, kill, now, text};

fn ids() -> Counting {
    Counting::default()
}

fn labels(laptop: &Field, typed: &str) -> Vec<String> {
    laptop.search(typed, None).hits.into_iter().map(|it| it.label).collect()
}

fn start(laptop: &mut Field, ids: &mut Counting) -> FeatureId {
    let subject = Some((dataset("valve"), id_of("valve", "AV-118")));
    laptop.start_draft("ventilmotionering", subject, None, now(), ids).unwrap().draft.id
}

fn answers(xml: &str) -> DraftAnswers {
    DraftAnswers {
        instance_xml: xml.to_owned(),
        hidden_json: String::new(),
        n_answered: 2,
        n_questions: 9,
    }
}

const ANSWERED: &str = r#"{"nummer":"AV-118","resultat":"ej_stangbar","funktion":"ej stängbar","motionerad":"2026-05-19","antal_varv_efter":12,"remark":null}"#;
const INSTANCE: &str =
    "<data id=\"ventilmotionering\"><nummer>AV-118</nummer><resultat>ej_stangbar</resultat></data>";

fn submission(blobs: Vec<faltkarta_model::BlobId>) -> Submission {
    Submission { instance_xml: INSTANCE.into(), answers_json: ANSWERED.into(), blobs }
}

#[test]
fn a_laptop_without_a_package_says_so_and_answers_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let laptop = support::open(dir.path());
    assert_eq!(laptop.session().unwrap().phase, Phase::Empty);
    assert!(laptop.search("Kungsgatan", None).hits.is_empty());
    assert!(laptop.identify(at(162_050.0, 6_608_050.0), 5.0, None, now()).unwrap().hits.is_empty());
}

#[test]
fn the_bundle_answers_search_identify_and_card_at_once() {
    let (laptop, _dir) = bundled();
    assert_eq!(laptop.session().unwrap().phase, Phase::Bundle);
    assert_eq!(labels(&laptop, "kungsgatan 12"), ["Kungsgatan 12"]);
    let answer = laptop.identify(at(162_051.0, 6_608_050.0), 5.0, None, now()).unwrap();
    let found: Vec<&str> = answer.hits.iter().map(|it| it.label.as_str()).collect();
    assert_eq!(found, ["Ventil AV-118", "Lindesberg RYA 1:5"]);
    assert_eq!(answer.hits[1].distance_m, 0.0);
    let card = laptop.card(&dataset("valve"), id_of("valve", "AV-118"), now()).unwrap();
    assert_eq!(card.forms, ["ventilmotionering"]);
    assert_eq!(card.municipality, "Lindesberg");
    let lage = card.facts.iter().find(|it| it.field == "lage").unwrap();
    assert_eq!((lage.value.sv.as_str(), lage.value.en.as_str()), ("Öppen", "Open"));
    assert_eq!(card.also_here[0].label, "Lindesberg RYA 1:5");
}

#[test]
fn a_dataset_that_is_not_shown_answers_only_inside_its_areas() {
    let (laptop, _dir) = bundled();
    let shown = BTreeSet::from([dataset("address")]);
    let answer = laptop.identify(at(162_051.0, 6_608_050.0), 5.0, Some(&shown), now()).unwrap();
    let found: Vec<&str> = answer.hits.iter().map(|it| it.label.as_str()).collect();
    assert_eq!(found, ["Lindesberg RYA 1:5"]);
    let outside = laptop.identify(at(162_103.0, 6_608_050.0), 5.0, Some(&shown), now()).unwrap();
    assert!(outside.hits.is_empty());
}

#[test]
fn a_property_has_the_addresses_of_all_its_areas() {
    let (laptop, _dir) = bundled();
    let card = laptop.card(&dataset("parcel"), id_of("parcel", "p2"), now()).unwrap();
    assert_eq!(card.addresses, ["Kungsgatan 12"]);
    assert_eq!(card.area_m2, Some(10_000.0));
}

#[test]
fn data_whose_lease_has_ended_are_silent_and_told_as_missing() {
    let (laptop, _dir) = bundled();
    let later = Timestamp::parse("2026-06-02T00:00:00Z").unwrap();
    let answer = laptop.identify(at(162_050.0, 6_608_050.0), 5.0, None, later).unwrap();
    assert!(answer.hits.iter().all(|it| it.feature.dataset != dataset("valve")));
    assert!(answer.missing_or_old.contains(&dataset("valve")));
    let card = laptop.card(&dataset("valve"), id_of("valve", "AV-118"), later);
    assert!(matches!(card, Err(AppError::FeatureNotFound { .. })));
}

#[test]
fn old_data_are_told_as_old() {
    let (laptop, _dir) = bundled();
    let later = Timestamp::parse("2026-06-20T00:00:00Z").unwrap();
    let card = laptop.card(&dataset("parcel"), id_of("parcel", "p1"), later).unwrap();
    assert!(card.is_old);
    assert_eq!(card.age_days, Some(39));
    let today = laptop.card(&dataset("parcel"), id_of("parcel", "p1"), now()).unwrap();
    assert!(!today.is_old);
}

#[test]
fn a_started_form_knows_its_subject() {
    let (mut laptop, _dir) = bundled();
    let subject = Some((dataset("valve"), id_of("valve", "AV-118")));
    let opened = laptop.start_draft("ventilmotionering", subject, None, now(), &mut ids()).unwrap();
    assert_eq!(opened.draft.subject_label, "Ventil AV-118");
    assert_eq!(opened.draft.position_m, Some((162_050.0, 6_608_050.0)));
    let known = |question: &str| {
        opened.draft.prefill.iter().find(|it| it.0 == question).map(|it| it.1.as_str())
    };
    assert_eq!(known("nummer"), Some("AV-118"));
    assert_eq!(known("datum"), Some("2026-05-19"));
    assert!(opened.form_xml.contains("ventilmotionering"));
}

#[test]
fn a_form_is_not_filled_on_what_it_is_not_for() {
    let (mut laptop, _dir) = bundled();
    let parcel = Some((dataset("parcel"), id_of("parcel", "p1")));
    let refused = laptop.start_draft("ventilmotionering", parcel, None, now(), &mut ids());
    assert_eq!(refused.unwrap_err().code(), "invalid_input");
    let unknown = laptop.start_draft("finns_inte", None, None, now(), &mut ids());
    assert_eq!(unknown.unwrap_err().code(), "form_not_found");
}

#[test]
fn numbers_of_records_count_up_and_never_go_back() {
    let (mut laptop, dir) = bundled();
    let mut ids = ids();
    let first = start(&mut laptop, &mut ids);
    laptop.discard_draft(first).unwrap();
    let (mut laptop, _dir) = kill(laptop, &dir);
    start(&mut laptop, &mut ids);
    let number = laptop.drafts().unwrap()[0].draft.local_number.clone();
    assert!(number.ends_with("-002"), "{number}");
}

#[test]
fn a_draft_survives_a_kill_after_every_save_and_is_offered_again() {
    let (mut laptop, dir) = bundled();
    let id = start(&mut laptop, &mut ids());
    laptop.save_draft(id, &answers(INSTANCE), now()).unwrap();
    let more = INSTANCE.replace("ej_stangbar", "fungerar");
    laptop.save_draft(id, &answers(&more), now()).unwrap();
    let (mut laptop, dir) = kill(laptop, &dir);
    assert!(laptop.drafts().unwrap()[0].was_interrupted);
    let opened = laptop.open_draft(id).unwrap();
    assert_eq!(opened.draft.instance_xml.as_deref(), Some(more.as_str()));
    assert!(opened.was_interrupted);
    let log = laptop.answer_log(id).unwrap();
    let last = log.last().unwrap();
    assert_eq!(
        (last.user.as_str(), last.change.question.as_str(), last.change.old.as_str()),
        ("Klara Ekdal", "resultat", "ej_stangbar")
    );
    laptop.close_draft(id).unwrap();
    let (laptop, _dir) = kill(laptop, &dir);
    assert!(!laptop.drafts().unwrap()[0].was_interrupted);
}

#[test]
fn a_completed_form_is_a_record_a_visit_and_the_subject_s_new_state() {
    let (mut laptop, dir) = bundled();
    let mut ids = ids();
    let id = start(&mut laptop, &mut ids);
    let photo = laptop.add_photo(id, "IMG.jpg", &jpeg(1), now()).unwrap();
    laptop.complete_draft(id, &submission(vec![photo.blob]), now(), &mut ids).unwrap();
    let (laptop, _dir) = kill(laptop, &dir);
    assert!(laptop.drafts().unwrap().is_empty());
    let card = laptop.card(&dataset("valve"), id_of("valve", "AV-118"), now()).unwrap();
    let fact = |name: &str| card.facts.iter().find(|it| it.field == name).unwrap();
    assert_eq!(fact("funktion").value.sv, "Ej stängbar");
    assert_eq!(fact("funktion").own_edit, Some(EditState::SavedHere));
    assert_eq!(fact("antal_varv").raw, "12");
    assert_eq!(fact("lage").own_edit, None);
    assert_eq!(card.visits.len(), 1);
    assert_eq!(card.visits[0].detail, "Ej stängbar");
    assert_eq!(card.visits[0].state, EditState::SavedHere);
    let changes = laptop.changes().unwrap();
    assert_eq!(changes.counts.saved_here, 2);
    let kinds: Vec<&str> = changes.rows.iter().map(|it| it.row.kind.as_str()).collect();
    assert_eq!(kinds, ["edit", "inspection"]);
    assert_eq!(changes.rows[1].n_photos, 1);
    assert!(changes.rows[0].row.detail.contains("Funktion: Ej stängbar"));
    let number = card.visits[0].id;
    assert_eq!(number, id);
}

#[test]
fn a_kill_before_the_completion_leaves_the_draft_and_nothing_else() {
    let (mut laptop, dir) = bundled();
    let id = start(&mut laptop, &mut ids());
    laptop.save_draft(id, &answers(INSTANCE), now()).unwrap();
    let (laptop, _dir) = kill(laptop, &dir);
    assert_eq!(laptop.drafts().unwrap().len(), 1);
    assert_eq!(laptop.changes().unwrap().counts.saved_here, 0);
}

#[test]
fn an_empty_record_and_a_strange_photo_are_refused() {
    let (mut laptop, _dir) = bundled();
    let mut ids = ids();
    let id = start(&mut laptop, &mut ids);
    let mut empty = submission(vec![]);
    empty.answers_json = r#"{"resultat":null,"brister":[]}"#.into();
    let refused = laptop.complete_draft(id, &empty, now(), &mut ids).unwrap_err();
    assert_eq!(refused.code(), "answers_invalid");
    let strange = faltkarta_model::BlobId::from_digest([1; 32]);
    let refused = laptop.complete_draft(id, &submission(vec![strange]), now(), &mut ids);
    assert_eq!(refused.unwrap_err().code(), "answers_invalid");
    let mut broken = submission(vec![]);
    broken.answers_json = "{".into();
    let refused = laptop.complete_draft(id, &broken, now(), &mut ids).unwrap_err();
    assert_eq!(refused.code(), "invalid_input");
    assert_eq!(laptop.drafts().unwrap().len(), 1);
}

#[test]
fn an_edit_is_seen_by_search_identify_and_card_at_once_and_after_a_kill() {
    let (mut laptop, dir) = bundled();
    let mut ids = ids();
    let tile_before = laptop.tile_version();
    let place = Geometry::point(162_400.0, 6_608_400.0);
    let values = [(field("nummer"), text("AV-999")), (field("lage"), text("öppen"))].into();
    let edit = Edit::Create { geometry: Some(place), values };
    let id = laptop.edit(&dataset("valve"), edit, now(), &mut ids).unwrap();
    assert!(laptop.tile_version() > tile_before);
    let (mut laptop, dir) = kill(laptop, &dir);
    assert_eq!(labels(&laptop, "av-999"), ["AV-999"]);
    let seen = |laptop: &Field| {
        let answer = laptop.identify(at(162_400.0, 6_608_400.0), 2.0, None, now()).unwrap();
        answer.hits.into_iter().map(|it| it.label).collect::<Vec<_>>()
    };
    assert_eq!(seen(&laptop), ["Ventil AV-999"]);
    let moved = Edit::Update {
        id,
        geometry: Some(Geometry::point(162_500.0, 6_608_400.0)),
        values: [(field("lage"), Value::Null)].into(),
    };
    laptop.edit(&dataset("valve"), moved, now(), &mut ids).unwrap();
    assert!(seen(&laptop).is_empty());
    laptop.edit(&dataset("valve"), Edit::Delete { id }, now(), &mut ids).unwrap();
    let (laptop, _dir) = kill(laptop, &dir);
    assert!(labels(&laptop, "av-999").is_empty());
    assert_eq!(laptop.changes().unwrap().rows.len(), 3);
}

#[test]
fn a_deleted_feature_of_the_base_is_gone_everywhere() {
    let (mut laptop, dir) = bundled();
    let id = id_of("valve", "AV-118");
    laptop.edit(&dataset("valve"), Edit::Delete { id }, now(), &mut ids()).unwrap();
    let (laptop, _dir) = kill(laptop, &dir);
    assert!(labels(&laptop, "av-118").is_empty());
    let answer = laptop.identify(at(162_050.0, 6_608_050.0), 1.0, None, now()).unwrap();
    assert_eq!(answer.hits.len(), 1);
}

#[test]
fn an_edit_that_cannot_be_right_is_refused() {
    let (mut laptop, _dir) = bundled();
    let mut ids = ids();
    let id = id_of("valve", "AV-118");
    let mut update = |name: &str, value: Value| {
        let edit = Edit::Update { id, geometry: None, values: [(field(name), value)].into() };
        laptop.edit(&dataset("valve"), edit, now(), &mut ids).unwrap_err().code()
    };
    assert_eq!(update("finns_inte", text("x")), "invalid_input");
    assert_eq!(update("antal_varv", text("tolv")), "invalid_input");
    let parcel = Edit::Delete { id: id_of("parcel", "p1") };
    let refused = laptop.edit(&dataset("parcel"), parcel, now(), &mut ids).unwrap_err();
    assert_eq!(refused.code(), "read_only");
    let line =
        Geometry::from_types(&geo_types::LineString::from(vec![(0.0, 0.0), (1.0, 1.0)]).into());
    let edit = Edit::Update { id, geometry: Some(line), values: BTreeMap::default() };
    let refused = laptop.edit(&dataset("valve"), edit, now(), &mut ids).unwrap_err();
    assert_eq!(refused.code(), "invalid_input");
}

#[test]
fn an_edit_that_changes_nothing_is_not_journalled() {
    let (mut laptop, _dir) = bundled();
    let id = id_of("valve", "AV-118");
    let edit =
        Edit::Update { id, geometry: None, values: [(field("lage"), text("öppen"))].into() };
    laptop.edit(&dataset("valve"), edit, now(), &mut ids()).unwrap();
    assert!(laptop.changes().unwrap().rows.is_empty());
}

#[test]
fn new_indexes_answer_as_the_old_ones_did() {
    let (mut laptop, dir) = bundled();
    let mut ids = ids();
    let id = id_of("valve", "AV-118");
    let edit =
        Edit::Update { id, geometry: None, values: [(field("nummer"), text("AV-500"))].into() };
    laptop.edit(&dataset("valve"), edit, now(), &mut ids).unwrap();
    laptop.rebuild_indexes().unwrap();
    let (laptop, _dir) = kill(laptop, &dir);
    assert_eq!(labels(&laptop, "av-500"), ["AV-500"]);
    assert!(labels(&laptop, "av-118").is_empty());
    assert_eq!(labels(&laptop, "kungsgatan 12"), ["Kungsgatan 12"]);
    let answer = laptop.identify(at(162_051.0, 6_608_050.0), 5.0, None, now()).unwrap();
    assert_eq!(answer.hits.len(), 2);
}

#[test]
fn the_emergency_export_holds_every_edit_and_every_photo_byte() {
    use base64::Engine as _;
    let (mut laptop, dir) = bundled();
    let mut ids = ids();
    let id = start(&mut laptop, &mut ids);
    let photo = laptop.add_photo(id, "IMG.jpg", &jpeg(9), now()).unwrap();
    laptop.complete_draft(id, &submission(vec![photo.blob.clone()]), now(), &mut ids).unwrap();
    start(&mut laptop, &mut ids);
    let path = dir.path().join("outbox.json");
    let told = laptop.export_outbox(&path, now()).unwrap();
    assert_eq!((told.n_edits, told.n_photos), (2, 1));
    let read: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(read["format"], "faltkarta.outbox/1");
    let ops: Vec<faltkarta_changes::Operation> =
        serde_json::from_value(read["ops"].clone()).unwrap();
    assert_eq!(ops[0].op_no, 1);
    assert_eq!(ops[0].blobs, [photo.blob]);
    let bytes = base64::engine::general_purpose::STANDARD
        .decode(read["blobs"][0]["base64"].as_str().unwrap())
        .unwrap();
    assert_eq!(bytes, jpeg(9));
    assert_eq!(read["drafts"].as_array().unwrap().len(), 1);
}

#[test]
fn a_live_tile_has_a_layer_per_dataset_and_one_for_own_edits() {
    let (mut laptop, _dir) = bundled();
    let (lon_deg, lat_deg) = laptop.grid().inverse_deg(162_050.0, 6_608_050.0);
    let n = f64::from(1 << 16);
    let x = ((lon_deg + 180.0) / 360.0 * n) as u32;
    let y = ((1.0 - lat_deg.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0 * n) as u32;
    let has = |tile: &[u8], name: &str| tile.windows(name.len()).any(|it| it == name.as_bytes());
    let tile = laptop.live_tile(16, x, y, now()).unwrap();
    assert!(has(&tile, "valve") && has(&tile, "AV-118") && !has(&tile, "own_edit"));
    let id = id_of("valve", "AV-118");
    let edit =
        Edit::Update { id, geometry: None, values: [(field("lage"), text("stängd"))].into() };
    laptop.edit(&dataset("valve"), edit, now(), &mut ids()).unwrap();
    let tile = laptop.live_tile(16, x, y, now()).unwrap();
    assert!(has(&tile, "own_edit") && has(&tile, "stängd"));
    assert_eq!(laptop.live_tile(40, 0, 0, now()).unwrap_err().code(), "internal");
}

#[test]
fn a_parcel_has_its_label_in_one_tile_and_its_block_from_zoom_15() {
    let (laptop, _dir) = bundled();
    let has = |tile: &[u8], name: &str| tile.windows(name.len()).any(|it| it == name.as_bytes());
    // The middle of the first parcel.
    let (lon_deg, lat_deg) = laptop.grid().inverse_deg(162_050.0, 6_608_050.0);
    let tile_at = |z: u8, right: u32| {
        let n = f64::from(1_u32 << z);
        let x = ((lon_deg + 180.0) / 360.0 * n) as u32;
        let y =
            ((1.0 - lat_deg.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0 * n) as u32;
        laptop.live_tile(z, x + right, y, now()).unwrap()
    };
    let near = tile_at(16, 0);
    assert!(has(&near, "parcel_label") && has(&near, "7>2"));
    assert!(!has(&tile_at(16, 3), "parcel_label"));
    let blocks: Vec<bool> =
        (14..=16).map(|z| (0..3).any(|right| has(&tile_at(z, right), "trakt_label"))).collect();
    assert_eq!(blocks, [false, true, true]);
}
