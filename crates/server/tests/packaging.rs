//! Packages: cut, described, and fetched in pieces.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

mod harness;

use std::sync::Arc;

use faltkarta_formats::Mapping;
use faltkarta_geo::Bounds;
use faltkarta_protocol::{PackageFileKind, PackageManifest, PackageScope};
use faltkarta_search::{Overlay, PlaceIndex, Query};
use faltkarta_server::{
    GeodataStore as _, ImportOptions, Rim as _, Role, SqliteStore, build_package, import,
};
use faltkarta_spatial::PackedIndex;
use harness::{Bench, Laptop, VALVE_MAPPING, addresses, valves};
use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

fn filled(bench: &Bench) -> SqliteStore {
    let store = bench.open();
    let rows: Vec<(String, f64)> =
        (0..50).map(|it| (format!("a{it}"), 512_000.0 + f64::from(it) * 7.0)).collect();
    let rows: Vec<_> = rows
        .iter()
        .map(|(id, e_m)| (id.as_str(), "Kungsgatan", &id[1..], 6_606_000.0, *e_m))
        .collect();
    let file = bench.write("belagenhetsadresser_kn1885.csv", &addresses(&rows));
    import(&store, &[file], &ImportOptions::default(), bench.rim.as_ref()).unwrap();
    let file = bench.write("ventiler.csv", &valves(&[("v1", "AV-118", "öppen", 12)]));
    let mapping = Some(Mapping::parse(VALVE_MAPPING).unwrap());
    let options = ImportOptions { mapping, ..ImportOptions::default() };
    import(&store, &[file], &options, bench.rim.as_ref()).unwrap();
    store
}

#[test]
fn a_package_answers_from_its_own_indexes() {
    let bench = Bench::new();
    let store = filled(&bench);
    let out = bench.folder.path().join("package");
    let built =
        build_package(&store, PackageScope::Enrolled, Role::FIELD, &out, bench.rim.now()).unwrap();
    let conn = Connection::open(out.join("features.sqlite")).unwrap();
    let no: u16 =
        conn.query_row("SELECT no FROM dataset WHERE id = 'address'", [], |it| it.get(0)).unwrap();
    let (rows, tree): (Vec<u8>, Vec<u8>) = conn
        .query_row("SELECT rows, tree FROM spatial_index WHERE dataset = ?1", [no], |it| {
            Ok((it.get(0)?, it.get(1)?))
        })
        .unwrap();
    let tree = PackedIndex::from_bytes(&tree).unwrap();
    let mut found = vec![];
    let everywhere = tree.bounds().unwrap();
    tree.search(everywhere, &mut |at| found.push(at));
    assert_eq!(found.len(), 50);
    // Each position of the tree leads to the row whose geometry lies in that place.
    for at in found {
        let from = at as usize * 4;
        let row = u32::from_le_bytes(rows[from..from + 4].try_into().unwrap());
        let (dataset, wkb): (u16, Vec<u8>) = conn
            .query_row("SELECT dataset, geometry FROM feature WHERE row = ?1", [row], |it| {
                Ok((it.get(0)?, it.get(1)?))
            })
            .unwrap();
        assert_eq!(dataset, no);
        let bounds = faltkarta_geo::Geometry::from_wkb(wkb).unwrap().bounds().unwrap();
        let mut here = vec![];
        tree.search(bounds, &mut |it| here.push(it));
        assert!(here.contains(&at));
    }
    let bytes: Vec<u8> = conn
        .query_row("SELECT bytes FROM search_index WHERE part = 'places'", [], |it| it.get(0))
        .unwrap();
    let index = PlaceIndex::from_bytes(&bytes).unwrap();
    let area = Bounds { min_e_m: 0.0, min_n_m: 0.0, max_e_m: 1e6, max_n_m: 1e7 };
    for (text, label) in [("kungsg 12", "Kungsgatan 12, Lindesberg"), ("av118", "Ventil AV-118")] {
        let query = Query { text, near: None, grid: store.grid(), area, limit: 5 };
        assert_eq!(index.find(&query, &Overlay::default()).hits[0].label, label, "{text}");
    }
    let n_forms: u32 = conn.query_row("SELECT count(*) FROM form", [], |it| it.get(0)).unwrap();
    assert_eq!(n_forms as usize, store.forms().len());
    let head = store.head().unwrap();
    assert_eq!((built.manifest.seq, &built.manifest.chain), (head.seq, &head.chain));
    for file in &built.manifest.files {
        let bytes = std::fs::read(out.join(&file.name)).unwrap();
        assert_eq!(file.n_bytes, bytes.len() as u64);
        assert_eq!(file.sha256, hex::encode(Sha256::digest(&bytes)));
    }
    let text = std::fs::read(out.join("package.json")).unwrap();
    assert_eq!(serde_json::from_slice::<PackageManifest>(&text).unwrap(), built.manifest);
}

#[test]
fn an_open_package_holds_nothing_protected_or_internal() {
    let bench = Bench::new();
    let store = filled(&bench);
    let out = bench.folder.path().join("package");
    let built =
        build_package(&store, PackageScope::Open, Role::FIELD, &out, bench.rim.now()).unwrap();
    let names: Vec<_> = built.manifest.datasets.iter().map(|it| it.id.as_str()).collect();
    assert!(names.contains(&"address") && names.contains(&"parcel"), "{names:?}");
    assert!(!names.contains(&"valve") && !names.contains(&"inspection"), "{names:?}");
    let bytes = std::fs::read(out.join("features.sqlite")).unwrap();
    assert!(!bytes.windows(6).any(|it| it == b"AV-118"));
}

#[test]
fn a_laptop_fetches_the_package_in_pieces_and_pulls_on_from_it() {
    let bench = Bench::new();
    let store = Arc::new(filled(&bench));
    let serving = bench.serve(store.clone());
    let mut laptop = Laptop::join(serving.address(), 1);
    let manifest: PackageManifest = laptop.send("GET", "/package", &[], &[]).json();
    assert_eq!(manifest.scope, PackageScope::Enrolled);
    for file in &manifest.files {
        let path = format!("/package/{}/{}", manifest.id, file.name);
        let mut whole = vec![];
        // Three pieces, each after a cut.
        let step = file.n_bytes as usize / 3 + 1;
        while whole.len() < file.n_bytes as usize {
            let range = format!("bytes={}-", whole.len());
            let etag = format!("\"{}\"", file.sha256);
            let headers = [("Range", range.as_str()), ("If-Range", etag.as_str())];
            let answer = laptop.send("GET", &path, &headers, &[]);
            assert_eq!((answer.status, &answer.headers["etag"]), (206, &etag));
            whole.extend_from_slice(&answer.body[..step.min(answer.body.len())]);
        }
        assert_eq!(hex::encode(Sha256::digest(&whole)), file.sha256);
        if file.kind == PackageFileKind::Features {
            assert!(whole.starts_with(b"SQLite format 3"));
        }
    }
    let again: PackageManifest = laptop.send("GET", "/package", &[], &[]).json();
    assert_eq!(again, manifest, "it is prepared once");
    laptop.cursor.clone_from(&manifest.cursor);
    let pulled = laptop.pull(500);
    assert!(pulled.entries.is_empty() && pulled.up_to_date);
    for path in ["/package/p0/features.sqlite", "/package/..%2F..%2Fstore.sqlite"] {
        let answer = laptop.send("GET", path, &[], &[]);
        assert!(answer.status == 409 || answer.status == 404, "{path}: {}", answer.status);
    }
}
