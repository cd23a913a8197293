//! The TypeScript of the interface is what this room says now.

#[test]
fn the_generated_typescript_is_not_stale() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/src/lib/core/bindings.ts");
    let written = std::fs::read_to_string(path).expect("the bindings are there");
    assert!(written == faltkarta_ipc::typescript(), "stale: run `make types`");
}
