//! Chores that are too long for a recipe line: `cargo run -p faltkarta-xtask -- types [--check]`.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let chore = arguments.next().unwrap_or_default();
    let is_check = arguments.any(|it| it == "--check");
    let outcome = match chore.as_str() {
        "types" => write_types(is_check),
        _ => Err("usage: xtask types [--check]".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            report(&text);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "a chore speaks to the person who started it")]
fn report(text: &str) {
    eprintln!("{text}");
}

/// Writes the TypeScript of both wires, or says that it is stale.
fn write_types(is_check: bool) -> Result<(), String> {
    write_text("ui/src/lib/core/bindings.ts", &faltkarta_ipc::typescript(), is_check)?;
    write_text("ui/src/console/bindings.ts", &faltkarta_server::console_typescript(), is_check)
}

fn write_text(name: &str, text: &str, is_check: bool) -> Result<(), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    if written == text {
        return Ok(());
    }
    if is_check {
        return Err(format!("{name} is stale: run `make types`"));
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    }
    std::fs::write(&path, text).map_err(|error| error.to_string())
}
