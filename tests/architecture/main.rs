//! The rooms and who may know whom, read from the manifests themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which crates of the workspace each may name. Nothing else is allowed; a new crate must say so here first.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("geo", &[]),
    ("model", &["geo"]),
    ("faults", &[]),
    ("machine", &["model", "store"]),
    ("changes", &["geo", "model"]),
    ("protocol", &["geo", "model", "changes"]),
    ("formats", &["geo", "model"]),
    ("tiles", &["geo", "model"]),
    ("spatial", &["geo", "model"]),
    ("search", &["geo", "model"]),
    ("network", &["geo"]),
    ("store", &["geo", "model", "changes", "protocol", "spatial", "search", "faults"]),
    (
        "app",
        &[
            "geo", "model", "changes", "protocol", "spatial", "search", "tiles", "network",
            "store", "faults",
        ],
    ),
    ("ipc", &["geo", "model", "protocol", "search", "tiles", "store", "app"]),
    ("sync-http", &["model", "protocol", "app", "faults"]),
    (
        "server",
        &["geo", "model", "changes", "protocol", "formats", "spatial", "search", "tiles", "faults"],
    ),
    ("demo", &["geo"]),
    (
        "cli",
        &[
            "geo",
            "model",
            "changes",
            "protocol",
            "formats",
            "app",
            "store",
            "server",
            "sync-http",
            "demo",
            "machine",
        ],
    ),
    ("desktop", &["app", "ipc", "machine", "model", "store", "sync-http"]),
    ("xtask", &["ipc", "model", "server"]),
];

/// Crates that look at everything from outside.
const OUTSIDE: &[&str] = &["tests", "bench", "decoders", "disk", "protocol-model", "sim"];

/// Outside crates that only some rooms may name.
const ONLY_IN: &[(&str, &[&str])] = &[
    ("tauri", &["desktop"]),
    ("axum", &["server"]),
    ("tokio", &["server", "cli", "desktop"]),
    ("ureq", &["sync-http"]),
    ("tokio-postgres", &["server"]),
    ("rusqlite", &["formats", "store", "server", "demo"]),
    ("ts-rs", &["ipc", "server"]),
    ("clap", &["cli"]),
    ("object_store", &["server"]),
    ("chacha20poly1305", &["store"]),
    ("image", &["app"]),
];

struct Package {
    name: String,
    description: String,
    folder: PathBuf,
    dependencies: BTreeSet<String>,
}

fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let json: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("cargo metadata answers JSON");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    json["packages"]
        .as_array()
        .expect("there are packages")
        .iter()
        .map(|package| Package {
            name: text(&package["name"]).replace("faltkarta-", ""),
            description: text(&package["description"]),
            folder: Path::new(&text(&package["manifest_path"]))
                .parent()
                .map(Path::to_path_buf)
                .unwrap_or_default(),
            dependencies: package["dependencies"]
                .as_array()
                .expect("a list")
                .iter()
                // What a test needs is not what a room knows.
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| text(&dependency["name"]))
                .collect(),
        })
        .collect()
}

#[test]
fn every_crate_knows_only_the_rooms_below_it() {
    let allowed: BTreeMap<&str, &[&str]> = MAY_DEPEND_ON.iter().copied().collect();
    let mut faults = Vec::new();
    for package in packages() {
        if OUTSIDE.contains(&package.name.as_str()) {
            continue;
        }
        let Some(may) = allowed.get(package.name.as_str()) else {
            faults.push(format!("{} must say in this test what it may know", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            if let Some(room) = dependency.strip_prefix("faltkarta-")
                && !may.contains(&room)
            {
                faults.push(format!("{} must not know {room}", package.name));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn transports_runtimes_and_databases_stay_in_their_rooms() {
    let mut faults = Vec::new();
    for package in packages() {
        if OUTSIDE.contains(&package.name.as_str()) {
            continue;
        }
        for (library, rooms) in ONLY_IN {
            if package.dependencies.contains(*library) && !rooms.contains(&package.name.as_str()) {
                faults.push(format!("{} must not know {library}", package.name));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Crash points and seeded bugs are switched on by one feature; nothing that is shipped may reach it.
#[test]
fn shipped_programs_are_built_without_crash_points() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "-p", "faltkarta-cli", "-p", "faltkarta-desktop"])
        .args(["--edges", "normal,build", "--prefix", "none", "--format", "{p} [{f}]"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let tree = String::from_utf8(output.stdout).expect("cargo writes text");
    let faults: BTreeSet<&str> =
        tree.lines().filter(|line| line.starts_with("faltkarta-faults ")).collect();
    assert!(!faults.is_empty(), "the tree does not show faltkarta-faults:\n{tree}");
    for line in faults {
        assert!(line.contains("[]"), "a shipped program has crash points: {line}");
    }
}

#[test]
fn every_crate_says_its_purpose_and_stands_in_its_own_folder() {
    for package in packages() {
        assert!(package.description.ends_with('.'), "{} has no purpose", package.name);
        let folder = package.folder.file_name().and_then(|it| it.to_str()).unwrap_or_default();
        let expected = if package.name == "desktop" { "src-tauri" } else { &package.name };
        assert_eq!(folder, expected, "folder name is crate name");
    }
}

#[test]
fn every_room_is_on_the_map() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let map = std::fs::read_to_string(root.join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    for package in packages() {
        let place =
            package.folder.strip_prefix(root.canonicalize().expect("root")).expect("inside");
        let row = format!("`{}`", place.display());
        assert!(map.contains(&row), "ARCHITECTURE.md has no row for {row}");
    }
    for row in map.lines().filter_map(|line| line.strip_prefix("| `")) {
        let place = row.split('`').next().unwrap_or_default();
        assert!(root.join(place).exists(), "ARCHITECTURE.md maps {place}, which is not there");
    }
}
