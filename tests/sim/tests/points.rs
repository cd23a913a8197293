//! The list of named points is what the rooms pass; `make sim` holds the histories to reaching all of it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Names of points in the sources below a folder.
fn named(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
        let path = entry.path();
        if path.is_dir() {
            named(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            let mut names = text.split("point(\"").skip(1).filter_map(|it| it.split_once('"'));
            found.extend(names.by_ref().map(|it| it.0.to_owned()));
        }
    }
}

#[test]
fn every_point_of_the_rooms_is_declared_and_every_declared_one_is_there() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates");
    let mut found = BTreeSet::new();
    for room in ["store", "app", "server", "sync-http"] {
        named(&crates.join(room).join("src"), &mut found);
    }
    let declared: BTreeSet<String> =
        faltkarta_faults::POINTS.iter().map(|it| (*it).to_owned()).collect();
    assert_eq!(found, declared);
    assert!(declared.len() >= 40, "boundaries that were worth a name have none any more");
}
