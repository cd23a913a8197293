//! The TypeScript of the console is what this room says now.

#[test]
fn the_generated_typescript_is_not_stale() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/console/bindings.ts");
    let written = std::fs::read_to_string(path).expect("the bindings are there");
    assert!(written == faltkarta_server::console_typescript(), "stale: run `make types`");
}
