//! An inspector at an address, with no network: what applies here, and who is responsible.

use crate::driver::{Window, WindowError};
use crate::programs::free_port;
use crate::screen::Screen;
use crate::town::{Town, join};

#[test]
fn at_an_address_without_network_the_layers_say_what_applies_and_who_is_responsible()
-> Result<(), WindowError> {
    let (town, screen) = (Town::shared(), Screen::start());
    let laptop = tempfile::tempdir().expect("a laptop's folder");
    let port = free_port();
    {
        let _server = town.serve(port);
        join(laptop.path(), port);
    }
    let window = Window::open(&screen, laptop.path(), None)?;
    window.wait_for_map()?;
    let field = window.select("[data-testid=search]")?;
    window.type_into(&field, "kungsg 12")?;
    window.press("option", "Kungsgatan 12")?;
    window.see_in("[data-testid=panel-card]", "Kungsgatan 12")?;

    window.press("button", "Vad gäller här?")?;
    window.see("Underlag, inte besked.")?;
    window.see_in("[data-testid=applies-row]", "Detaljplan")?;
    window.see_in("[data-testid=applies-row]", "Här")?;
    window.see_in("[data-testid=applies-no-hit]", "vattenskyddsområde")?;
    window.see_in("[data-testid=applies-no-answer]", "Skred och ras")?;
    window.see_in("[data-testid=applies-no-answer]", "lagret saknas här")?;
    window.wait_for_map()?;
    window.shoot("asking-1-applies")?;

    window.press_what("[data-testid=applies-row] button")?;
    window.wait_for_map()?;
    window.shoot("asking-2-chosen")?;
    let field = window.select("[data-testid=search]")?;
    window.clear(&field)?;
    window.type_into(&field, "kungsg 12")?;
    window.press("option", "Kungsgatan 12")?;
    window.see_in("[data-testid=panel-card]", "Kungsgatan 12")?;
    window.press("button", "Vem ansvarar?")?;
    window.see_in("[data-testid=duty]", "Vatten- och spillvattenledning")?;
    window.see_in("[data-testid=duty]", "BKT, vatten och avlopp")?;
    window.see_in("[data-testid=duty]", "0980-319 2")?;
    window.wait_for_map()?;
    window.shoot("asking-3-responsible")?;
    Ok(())
}
