//! Hands the list of commands to Tauri, so that each gets a permission of its own.
//!
//! The list is read from the capability that grants them, and a test holds it equal to `faltkarta_ipc::COMMANDS`.
//! Naming the crate here instead would compile it, and all it stands on, a second time for the build script.

use std::path::Path;

const CAPABILITY: &str = "capabilities/main.json";
const INTERFACE: &str = "../ui/dist";

fn main() {
    // The folder is embedded when it is built; checks and tests of the workspace need only that it exists.
    if !Path::new(INTERFACE).exists() {
        std::fs::create_dir_all(INTERFACE).expect("the interface's folder can be made");
    }
    let manifest = tauri_build::AppManifest::new().commands(granted_commands());
    let attributes = tauri_build::Attributes::new().app_manifest(manifest);
    tauri_build::try_build(attributes).expect("the Tauri configuration is valid");
    announce(&format!("cargo:rerun-if-changed={CAPABILITY}"));
    announce(&format!("cargo:rerun-if-changed={INTERFACE}"));
}

/// The commands that the window may use: `allow-load-session` grants `load_session`.
fn granted_commands() -> &'static [&'static str] {
    let text = std::fs::read_to_string(CAPABILITY).expect("the capability can be read");
    let capability: serde_json::Value =
        serde_json::from_str(&text).expect("the capability is JSON");
    let names = capability["permissions"]
        .as_array()
        .expect("the capability lists permissions")
        .iter()
        .filter_map(|permission| permission.as_str()?.strip_prefix("allow-"))
        .map(|name| &*Box::leak(name.replace('-', "_").into_boxed_str()))
        .collect::<Vec<&'static str>>();
    Box::leak(names.into_boxed_slice())
}

fn announce(line: &str) {
    println!("{line}");
}
