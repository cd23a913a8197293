//! A store that lost something, announced or not: every surviving laptop gives back what it holds, photos too.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{
    Laptop, Place, Server, answer, marks, refusal, store_of_a_small_network, text,
};

/// Bytes that no other picture has; the store does not look inside.
fn picture(place: &Place, no: u8) -> std::path::PathBuf {
    let path = place.path(&format!("foto-{no}.jpg"));
    let mut bytes = include_bytes!("fixtures/pixel.jpg").to_vec();
    bytes.extend_from_slice(&[no; 64]);
    fs::write(&path, bytes).unwrap();
    path
}

fn inspect(place: &Place, laptop: &Laptop, subject: &str, no: u8) {
    let answers = place.path("answers.json");
    let given = json!({ "resultat": "ej_stangbar", "motionerad": "2026-05-19" });
    fs::write(&answers, given.to_string()).unwrap();
    let photo = picture(place, no);
    let mut arguments = vec!["field", text(&laptop.dir), "inspect", "ventilmotionering"];
    arguments.extend(["--subject", subject, "--answers", text(&answers)]);
    arguments.extend(["--photo", text(&photo), "--complete"]);
    answer(&arguments);
}

/// A valve of its own, to be inspected.
fn valve(laptop: &Laptop, number: &str) -> String {
    let number = format!("nummer={number}");
    let made = answer(&[
        "field",
        text(&laptop.dir),
        "edit",
        "create",
        "--dataset",
        "valve",
        "--set",
        &number,
        "--at",
        "150010,6600000",
    ]);
    made["id"].as_str().unwrap().to_owned()
}

/// Rounds until nothing waits; a store that follows another history asks for a few.
#[track_caller]
fn settle(laptop: &Laptop) {
    let mut last = Ok(Value::Null);
    for _ in 0..6 {
        last = laptop.try_sync();
        let status = laptop.status();
        let photos = &status["photos"];
        let is_done = status["edits"]["saved_here"] == 0 && photos["taken"] == photos["received"];
        if last.is_ok() && is_done {
            return;
        }
    }
    panic!("something waits after six rounds: {last:?} {}", laptop.status());
}

fn sorted_marks(place: &Place, store: &Path) -> Vec<String> {
    let mut marks = marks(place, store);
    marks.sort();
    marks
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_tree(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// What two laptops do after the moment that the store goes back to: an edit each, one with a photo.
fn work_on(place: &Place, (a, b): (&Laptop, &Laptop)) {
    a.mark("M-2");
    b.mark("M-3");
    inspect(place, b, &valve(b, "AV-9002"), 2);
    settle(a);
    settle(b);
}

#[test]
fn what_a_restored_backup_lacks_comes_back_from_the_laptops_with_its_photos() {
    let (place, store) = store_of_a_small_network();
    let server = Server::start(&store, "127.0.0.1:0");
    let a = Laptop::join(place.path("a"), &server.url());
    let b = Laptop::join(place.path("b"), &server.url());
    a.mark("M-1");
    inspect(&place, &a, &valve(&a, "AV-9001"), 1);
    settle(&a);
    let backups = place.path("backups");
    let made = answer(&["backup", text(&store), "--to", text(&backups)]);
    assert_eq!(made["backup"]["n_blobs"], 1, "{made}");
    work_on(&place, (&a, &b));
    let before = answer(&["verify", text(&store)]);
    assert_eq!(before["n_blobs"], 2, "{before}");
    let folder = made["folder"].as_str().unwrap();
    let restore = ["restore", text(&store), "--from", folder, "--window-minutes", "0"];
    assert_eq!(refusal(&restore), "store_in_use");
    let at = server.kill().to_string();
    let report = answer(&restore);
    assert!(report["seq_before"].as_u64().unwrap() > report["seq"].as_u64().unwrap(), "{report}");
    assert_eq!(sorted_marks(&place, &store), ["M-1"]);
    assert_eq!(answer(&["verify", text(&store)])["n_blobs"], 1);

    let _server = Server::start(&store, &at);
    for laptop in [&b, &a] {
        settle(laptop);
    }
    assert_eq!(sorted_marks(&place, &store), ["M-1", "M-2", "M-3"]);
    let after = answer(&["verify", text(&store)]);
    assert_eq!(after["n_blobs"], 2, "{after}");
    assert_eq!(answer(&["conflict", "list", text(&store)])["conflicts"], json!([]));
    assert_eq!(answer(&["held", "list", text(&store)])["held"], json!([]));
}

#[test]
fn a_store_whose_files_were_put_back_in_silence_is_found_out_and_gets_back_what_it_lost() {
    let (place, store) = store_of_a_small_network();
    let server = Server::start(&store, "127.0.0.1:0");
    let a = Laptop::join(place.path("a"), &server.url());
    let b = Laptop::join(place.path("b"), &server.url());
    a.mark("M-1");
    settle(&a);
    let at = server.kill().to_string();
    let copy = place.path("copy");
    copy_tree(&store, &copy);
    let epoch = answer(&["verify", text(&store)])["epoch"].clone();
    let server = Server::start(&store, &at);
    work_on(&place, (&a, &b));
    assert_eq!(sorted_marks(&place, &store), ["M-1", "M-2", "M-3"]);
    server.kill();
    fs::remove_dir_all(&store).unwrap();
    copy_tree(&copy, &store);

    let _server = Server::start(&store, &at);
    for laptop in [&b, &a] {
        settle(laptop);
    }
    assert_eq!(sorted_marks(&place, &store), ["M-1", "M-2", "M-3"]);
    let after = answer(&["verify", text(&store)]);
    assert_eq!(after["n_blobs"], 1, "{after}");
    assert_ne!(after["epoch"], epoch, "the store knows that it was put back");
}
