//! Packages: cut, described, and fetched in pieces.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod harness;

use std::fmt::Write as _;
use std::sync::Arc;

use faltkarta_formats::Mapping;
use faltkarta_geo::Bounds;
use faltkarta_protocol::{
    BASE_MAP_FORMAT, BaseMapOffer, BaseMapPieces, PackageFileKind, PackageManifest, PackageScope,
    Piece, read_pieces,
};
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

const PLACE_MAPPING: &str = r#"
dataset = "place"
identity = ["id"]
geometry = "e,n"
crs = 3009
[fields]
name = "namn"
kind = "typ"
"#;

/// The places of a store are these, named by their eastings.
fn give_places(bench: &Bench, store: &SqliteStore, eastings_m: &[u32]) {
    let mut text = String::from("id;namn;typ;e;n\n");
    for e_m in eastings_m {
        writeln!(text, "p{e_m};By {e_m};BYTX;{e_m};6606000").unwrap();
    }
    let file = bench.write("orter.csv", &text);
    let mapping = Some(Mapping::parse(PLACE_MAPPING).unwrap());
    let options = ImportOptions { mapping, ..ImportOptions::default() };
    import(store, &[file], &options, bench.rim.as_ref()).unwrap();
}

#[test]
fn a_base_map_is_offered_by_itself_in_pieces_and_the_one_before_is_kept_for_who_is_at_it() {
    let bench = Bench::new();
    let store = Arc::new(filled(&bench));
    give_places(&bench, &store, &[150_000, 160_000]);
    let serving = bench.serve(store.clone());
    let laptop = Laptop::join(serving.address(), 1);
    let offer = || -> BaseMapOffer { laptop.send("GET", "/basemap", &[], &[]).json() };
    let first = offer();
    assert_eq!((first.format.as_str(), offer()), (BASE_MAP_FORMAT, first.clone()));
    let manifest: PackageManifest = laptop.send("GET", "/package", &[], &[]).json();
    let packaged = manifest.files.iter().find(|it| it.kind == PackageFileKind::BaseMap).unwrap();
    assert_eq!(packaged.sha256, first.sha256, "the package has the same");

    let fetch = |sha256: &str, range: &str| {
        laptop.send("GET", &format!("/basemap/{sha256}"), &[("Range", range)], &[])
    };
    let whole = |offer: &BaseMapOffer| {
        let answer = fetch(&offer.sha256, "bytes=0-");
        assert_eq!(answer.status, 206);
        assert_eq!(hex::encode(Sha256::digest(&answer.body)), offer.sha256);
        answer.body
    };
    let pieces = |offer: &BaseMapOffer| -> Vec<Piece> {
        let path = format!("/basemap/{}/pieces", offer.sha256);
        let told: BaseMapPieces = laptop.send("GET", &path, &[], &[]).json();
        let told_bytes: u64 = told.lengths.iter().copied().map(u64::from).sum();
        assert_eq!((told.sha256.as_str(), told_bytes), (&offer.sha256[..], offer.n_bytes));
        let pieces = told.pieces().unwrap();
        assert_eq!(read_pieces(&mut &whole(offer)[..], &told.lengths).unwrap(), pieces);
        pieces
    };
    let before = pieces(&first);
    assert_eq!(fetch(&first.sha256, "bytes=100-299").body, whole(&first)[100..300]);

    // What is not drawn leaves the map alone; a place more is a new map that shares most of the old one.
    filled_again(&bench, &store);
    assert_eq!(offer(), first);
    give_places(&bench, &store, &[150_000, 160_000, 170_000]);
    let second = offer();
    assert_ne!(second.sha256, first.sha256);
    let after = pieces(&second);
    assert!(before.iter().filter(|it| after.contains(it)).count() * 2 > before.len());
    assert_eq!(pieces(&first), before, "still there for who is at it");
    give_places(&bench, &store, &[150_000]);
    let third = offer();
    assert_eq!(pieces(&second), after);
    // A package that is kept keeps its own.
    assert_eq!(pieces(&first), before);
    give_places(&bench, &store, &[150_000, 160_000, 170_000]);
    assert_eq!(offer().sha256, second.sha256, "the same places are the same file");
    pieces(&third);

    for unknown in ["0".repeat(64), "..%2F..%2Fstore.sqlite".into(), "x".into()] {
        for path in [format!("/basemap/{unknown}"), format!("/basemap/{unknown}/pieces")] {
            let answer = laptop.send("GET", &path, &[], &[]);
            assert_eq!((answer.status, answer.code().as_str()), (409, "package_changed"), "{path}");
        }
    }
    let address = serving.address();
    for path in ["", "/x", "/x/pieces"] {
        let path = format!("/sync/v1/main/basemap{path}");
        assert_eq!(harness::send(address, "GET", &path, &[], &[]).status, 401);
    }
}

/// An import that touches nothing of the base map.
fn filled_again(bench: &Bench, store: &SqliteStore) {
    let file = bench.write("ventiler.csv", &valves(&[("v1", "AV-118", "stängd", 12)]));
    let mapping = Some(Mapping::parse(VALVE_MAPPING).unwrap());
    let options = ImportOptions { mapping, ..ImportOptions::default() };
    import(store, &[file], &options, bench.rim.as_ref()).unwrap();
}
