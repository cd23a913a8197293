//! A technician's work: find, exercise a valve, be cut off in the middle, go on, and have it received.

use std::path::Path;

use crate::driver::{Window, WindowError};
use crate::programs::{cut, free_port};
use crate::screen::Screen;
use crate::town::{Town, join};

const REMARK: &str = "Spindeln smord, luckan låg under grus.";

#[test]
fn a_valve_exercise_survives_a_power_cut_and_is_received_without_being_asked()
-> Result<(), WindowError> {
    let (town, screen) = (Town::shared(), Screen::start());
    let laptop = tempfile::tempdir().expect("a laptop's folder");
    let port = free_port();
    {
        let _server = town.serve(port);
        join(laptop.path(), port);
    }

    // The van is out of reach of any network from here.
    let mut window = Window::open(&screen, laptop.path(), None)?;
    window.wait_for_map()?;
    search(&window, "kungsg 12")?;
    window.shoot("technician-1-search")?;
    window.press("option", "Kungsgatan 12")?;
    window.see_in("[data-testid=panel-card]", "Kungsgatan 12")?;

    search(&window, "AV-118")?;
    window.press("option", "Ventil AV-118")?;
    window.see_in("[data-testid=panel-card]", "AV-118")?;
    window.wait_for_map()?;
    window.shoot("technician-2-valve")?;

    window.press("button", "Motionera")?;
    window.press("radio", "Fungerar")?;
    let remark = window.find("textbox", "Anmärkning")?;
    window.type_into(&remark, REMARK)?;
    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src-tauri/icons/icon.png");
    let picture = picture.canonicalize().expect("a picture");
    let files = window.select("[data-testid=panel-inspection] input[type=file]")?;
    window.type_into(&files, &picture.to_string_lossy())?;
    wait_for_photo(&window)?;
    window.see_in("[data-testid=panel-inspection]", "Sparat ")?;
    window.shoot("technician-3-form")?;

    cut(window.desktop_pid());
    drop(window);

    let window = Window::open(&screen, laptop.path(), None)?;
    window.wait_for_map()?;
    window.see("Inget du skrev saknas.")?;
    window.shoot("technician-4-draft-is-back")?;
    window.press_what("[data-testid=recovered-open]")?;
    window.wait_for(
        "the remark as it was written",
        "return [...document.querySelectorAll('textarea, input')].some((it) => it.value === arguments[0])",
        &[REMARK.into()],
    )?;
    wait_for_photo(&window)?;
    window.shoot("technician-5-form-again")?;
    window.press("button", "Spara")?;

    window.press_what("[data-testid=rail-changes]")?;
    window.see_in("[data-testid=change]", "Sparad här")?;
    window.shoot("technician-6-saved-here")?;

    // Back within reach: nobody presses anything.
    let _server = town.serve(port);
    window.see_in("[data-testid=change]", "Mottagen")?;
    window.shoot("technician-7-received")?;
    Ok(())
}

/// Types into the one box, in place of what stood there.
fn search(window: &Window<'_>, text: &str) -> Result<(), WindowError> {
    let field = window.select("[data-testid=search]")?;
    window.clear(&field)?;
    window.type_into(&field, text)
}

/// Waits until a photo of the form is drawn from the laptop's own copy.
fn wait_for_photo(window: &Window<'_>) -> Result<(), WindowError> {
    const DRAWN: &str =
        "return [...document.querySelectorAll('[data-testid=panel-inspection] img')]
        .some((it) => it.complete && it.naturalWidth > 0)";
    window.wait_for("the photo", DRAWN, &[]).map(|_| ())
}
